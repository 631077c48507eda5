"""The log of lessons, and finding the files that lessons may bear on."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from ifmosfs.core.errors import NotFound
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.lessons import EditedFile, FeatureRow, Lesson, LessonKind, LessonOrigin, Said, said
from ifmosfs.core.proposal import Decider, Opinion
from ifmosfs.store.bulk import batches, insert_rows
from ifmosfs.store.database import PAGE_ROWS, Database
from ifmosfs.store.encoding import legible_or_none
from ifmosfs.store.schema import CLASSIFICATIONS, FILES, LESSON_MARKS, LESSONS, PLAN_EDITS, SESSION_ROOTS, STAGING_PLANS
from ifmosfs.store.trouble import understood

_HEAD: Final = (
    "kind",
    "content_key",
    "size_bytes",
    "category",
    "root",
    "path",
    "at_ns",
    "origin",
    "before_label",
    "before_score",
    "sketch",
    "plan_id",
    "edit",
    "action_id",
    "undoes",
)
_COLUMNS: Final = tuple(LESSONS.c[name] for name in ("number", *_HEAD))
_KINDS: Final = {kind.value: kind for kind in LessonKind}
_ORIGINS: Final = {origin.value: origin for origin in LessonOrigin}
_FOLLOWED: Final = "followed"
_N_KEYS: Final = 5_000  # bound parameters in one statement


class Alike(NamedTuple):
    """A file that a lesson may bear on, with as much of it as tells how near it is. `lesson`: the one that bears on it now."""

    session_id: str
    place: Place
    sketch: bytes | None
    lesson: int | None


class Lessons(Database):
    """Adding and reading lessons. Rows are only ever added; the database itself refuses anything else."""

    def add_lessons(self, drafts: Sequence[Lesson]) -> tuple[Lesson, ...]:
        """Add lessons, all or none, durable on return; returns them with their numbers."""
        with self._writing() as connection, understood(self._path):
            return _added(connection, drafts)

    def add_lessons_of_edits(
        self, plan_id: str, drafts: Sequence[Lesson], learnt_edit: int, after: int
    ) -> tuple[Lesson, ...] | None:
        """Add the lessons that a plan's edits up to `learnt_edit` come to, when those up to `after` were seen to before.

        `None`, with nothing added, if somebody else has seen to some of them meanwhile. Raises: NotFound.
        """
        with self._writing() as connection, understood(self._path):
            if _learnt_edit(connection, plan_id) != after:
                return None
            its_row = STAGING_PLANS.c.plan_id == plan_id
            connection.execute(update(STAGING_PLANS).where(its_row).values(learnt_edit=learnt_edit))
            return _added(connection, drafts)

    def learnt_edit(self, plan_id: str) -> int:
        """The number of the last edit of a plan of which lessons were made. Raises: NotFound."""
        with self._reading() as connection:
            return _learnt_edit(connection, plan_id)

    def unlearnt_plans(self) -> list[str]:
        """The ids of the plans that were edited since lessons were made of their edits, the oldest first."""
        last = (
            select(PLAN_EDITS.c.plan_id, func.max(PLAN_EDITS.c.seq).label("seq"))
            .group_by(PLAN_EDITS.c.plan_id)
            .subquery()
        )
        query = select(STAGING_PLANS.c.plan_id).join(last, last.c.plan_id == STAGING_PLANS.c.plan_id)
        query = query.where(last.c.seq > STAGING_PLANS.c.learnt_edit)
        with self._reading() as connection:
            return list(
                connection.execute(query.order_by(STAGING_PLANS.c.created_ns, STAGING_PLANS.c.plan_id)).scalars()
            )

    def followed_lesson(self) -> int:
        """The number of the last lesson whose consequences have been drawn, 0 for none."""
        with self._reading() as connection:
            return _followed(connection)

    def note_followed(self, number: int) -> None:
        """The consequences of all lessons up to this one have been drawn."""
        with self._writing() as connection:
            if number > _followed(connection):
                connection.execute(delete(LESSON_MARKS).where(LESSON_MARKS.c.name == _FOLLOWED))
                connection.execute(insert(LESSON_MARKS).values(name=_FOLLOWED, number=number))

    def last_lesson(self) -> int:
        """The number of the log's last row, 0 for an empty log: while it is the same, nothing was said."""
        with self._reading() as connection:
            return int(connection.execute(select(func.coalesce(func.max(LESSONS.c.number), 0))).scalar_one())

    def lessons(self, plan_id: str | None = None, *, with_features: bool = False) -> list[Lesson]:
        """All rows of the log, or those made of a plan's edits, in the order of their numbers; the features only on request."""
        columns = (*_COLUMNS, *((LESSONS.c.feature_version, LESSONS.c.features) if with_features else ()))
        query = select(*columns).order_by(LESSONS.c.number)
        if plan_id is not None:
            query = query.where(LESSONS.c.plan_id == plan_id)
        with self._reading() as connection, understood(self._path):
            return [_lesson(*row) for row in connection.execute(query)]

    def lesson(self, number: int) -> Lesson | None:
        """One row of the log with its features, `None` for none."""
        columns = (*_COLUMNS, LESSONS.c.feature_version, LESSONS.c.features)
        with self._reading() as connection, understood(self._path):
            row: Any = connection.execute(select(*columns).where(LESSONS.c.number == number)).first()
            return None if row is None else _lesson(*row)

    def effective_lessons(self, *, with_features: bool = False) -> dict[bytes, Said]:
        """What holds about each content, by the contents' keys."""
        return said(self.lessons(with_features=with_features))

    def said_about(self, keys: Iterable[bytes]) -> dict[bytes, Said]:
        """What holds about these contents; nothing for those that nobody has spoken about."""
        rows: list[Lesson] = []
        with self._reading() as connection, understood(self._path):
            for some in batches(keys, _N_KEYS):
                query = select(*_COLUMNS).where(LESSONS.c.content_key.in_(some)).order_by(LESSONS.c.number)
                rows += [_lesson(*row) for row in connection.execute(query)]
        return said(rows)

    def questionable(self, below: float) -> Iterator[Alike]:
        """The files whose last classification has a score below this, or was decided by their likeness to another one."""
        query = (
            _alike_query()
            .where(FILES.c.kind == Kind.FILE.value, FILES.c.size_bytes > 0, CLASSIFICATIONS.c.unreadable.is_(None))
            .where(or_(CLASSIFICATIONS.c.decided_by.is_(None), CLASSIFICATIONS.c.decided_by != Decider.PERSON.value))
            .where(or_(CLASSIFICATIONS.c.score < below, CLASSIFICATIONS.c.decided_by == Decider.LIKENESS.value))
        )
        return self._alike(query)

    def touched_by_lessons(self, sizes: Iterable[int], numbers: Iterable[int]) -> Iterator[Alike]:
        """The files of these sizes in bytes, and those whose classification names one of these lessons."""
        of_a_size = and_(FILES.c.kind == Kind.FILE.value, FILES.c.size_bytes.in_(sorted(set(sizes))[:_N_KEYS]))
        named = CLASSIFICATIONS.c.lesson.in_(sorted(set(numbers))[:_N_KEYS])
        return self._alike(_alike_query().where(or_(of_a_size, named)))

    def _alike(self, query: Any) -> Iterator[Alike]:
        def page_after(connection: Connection, last: Any) -> Sequence[Any]:
            rest = query if last is None else query.where(FILES.c.file_id > last[0])
            return connection.execute(rest.order_by(FILES.c.file_id).limit(PAGE_ROWS)).all()

        for page in self._pages(page_after):
            for _, session_id, root, path, sketch, lesson in page:
                yield Alike(session_id, Place(root, path), sketch, lesson)


def _followed(connection: Connection) -> int:
    return int(connection.execute(select(LESSON_MARKS.c.number).where(LESSON_MARKS.c.name == _FOLLOWED)).scalar() or 0)


def _alike_query() -> Any:
    one, root = CLASSIFICATIONS.c, SESSION_ROOTS.c
    columns = (FILES.c.file_id, root.session_id, root.path, FILES.c.path, one.sketch, one.lesson)
    joined = select(*columns).join_from(CLASSIFICATIONS, FILES, one.file_id == FILES.c.file_id)
    return joined.join(SESSION_ROOTS, root.root_id == FILES.c.root_id)


def pack_features(row: FeatureRow) -> bytes:
    """Columns and values as little-endian numbers of 32 bits, compressed."""
    n = len(row.columns)
    return zlib.compress(struct.pack(f"<{n}I{n}f", *row.columns, *row.values))


def unpack_features(version: int, packed: bytes) -> FeatureRow:
    """The inverse of `pack_features`. Raises ValueError for what that cannot have made."""
    try:
        data = zlib.decompress(packed)
        n = len(data) // 8
        numbers = struct.unpack(f"<{n}I{n}f", data)
    except (zlib.error, struct.error) as error:
        raise ValueError("the features of a lesson cannot be read") from error
    return FeatureRow(version, numbers[:n], numbers[n:])


def _learnt_edit(connection: Connection, plan_id: str) -> int:
    found = connection.execute(select(STAGING_PLANS.c.learnt_edit).where(STAGING_PLANS.c.plan_id == plan_id)).scalar()
    if found is None:
        raise NotFound(f"no plan {plan_id!r}", hint="list them: ifmosfs stage list")
    return int(found)


def _added(connection: Connection, drafts: Sequence[Lesson]) -> tuple[Lesson, ...]:
    last = int(connection.execute(select(func.coalesce(func.max(LESSONS.c.number), 0))).scalar_one())
    added = tuple(replace(draft, number=number) for number, draft in enumerate(drafts, last + 1))
    insert_rows(
        connection, LESSONS, ("number", *_HEAD, "feature_version", "features"), (_row(lesson) for lesson in added)
    )
    return added


def _row(lesson: Lesson) -> tuple[Any, ...]:
    before, edited, row = lesson.before, lesson.edited, lesson.features
    return (
        lesson.number,
        lesson.kind.value,
        lesson.content_key,
        lesson.size_bytes,
        legible_or_none(lesson.category),
        lesson.place.root,
        lesson.place.path,
        lesson.at_ns,
        lesson.origin.value,
        None if before is None else legible_or_none(before.label),
        None if before is None else before.score,
        lesson.sketch,
        *((None, None, None) if edited is None else (edited.plan_id, edited.edit, edited.action_id)),
        lesson.undoes,
        None if row is None else row.version,
        None if row is None else pack_features(row),
    )


def _lesson(
    number: int,
    kind: str,
    content_key: bytes,
    size_bytes: int,
    category: str | None,
    root: bytes,
    path: bytes,
    at_ns: int,
    origin: str,
    before_label: str | None,
    before_score: float | None,
    sketch: bytes | None,
    plan_id: str | None,
    edit: int | None,
    action_id: int | None,
    undoes: int | None,
    feature_version: int | None = None,
    features: bytes | None = None,
) -> Lesson:
    return Lesson(
        number,
        _KINDS[kind],
        content_key,
        size_bytes,
        category,
        Place(root, path),
        at_ns,
        _ORIGINS[origin],
        None if before_score is None else Opinion(before_label, before_score),
        None if feature_version is None or features is None else unpack_features(feature_version, features),
        sketch,
        None if plan_id is None else EditedFile(plan_id, edit or 0, action_id or 0),
        undoes,
    )
