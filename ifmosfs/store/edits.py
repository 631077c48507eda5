"""What people change about plans: the log of edits, which only grows, and corrections, kept to learn from."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from ifmosfs.core.edit_log import RETRACING, effective, numbered
from ifmosfs.core.errors import PlanOutdated
from ifmosfs.core.files import Place
from ifmosfs.core.manifest import Correction
from ifmosfs.core.plan import Edit, EditKind, EditOrigin, PlanEvent
from ifmosfs.core.wrapping import time_ns, wrapped
from ifmosfs.store.bulk import delete_rows, insert_rows
from ifmosfs.store.database import Database
from ifmosfs.store.encoding import legible_or_none, packed, unpacked
from ifmosfs.store.plans import advance_within
from ifmosfs.store.schema import CORRECTIONS, PLAN_EDITS
from ifmosfs.store.trouble import understood

_NAMES: Final = (
    "seq",
    "kind",
    "path",
    "target",
    "at_ns",
    "mode",
    "mtime_ns",
    "replaces",
    "step",
    "origin",
    "action_id",
    "category",
)
_KINDS: Final = {kind.value: kind for kind in EditKind}
_ORIGINS: Final = {origin.value: origin for origin in EditOrigin}
_COLUMNS: Final = tuple(PLAN_EDITS.c[name] for name in _NAMES)
_RETRACING: Final = PLAN_EDITS.c.kind.in_(sorted(kind.value for kind in RETRACING))


class Edits(Database):
    """Appending to and reading the edits of a plan.

    The number of the log's last row, whatever it is, stands for all that happened to the plan: what was made on an earlier
    one is outdated.
    """

    def append_edit(self, plan_id: str, draft: Edit) -> Edit:
        """Add an edit to a plan that is staged (or validated, which it then no longer is), with the next number as its `seq`,
        and its step as `core.edit_log.numbered` has it; durable when it returns.

        Edits by several processes get different numbers. Raises: NotFound, WrongState.
        """
        with self._writing() as connection, understood(self._path):
            advance_within(connection, plan_id, PlanEvent.EDIT)
            return add_edits(connection, plan_id, [draft], last_row(connection, plan_id))[0]

    def append_edit_after(self, plan_id: str, draft: Edit, after: int) -> Edit | None:
        """As `append_edit`, unless the last row of the plan's log is another than the one numbered `after` (0: there is none):
        then nothing is added, and `None` returned. It goes on with the step that it names, also where rows of others came between,
        unless anything was taken back or made again since that began (`core.edit_log.open_steps`)."""
        with self._writing() as connection, understood(self._path):
            last = last_row(connection, plan_id)
            if number_of(last) != after:
                return None
            advance_within(connection, plan_id, PlanEvent.EDIT)
            going_on = {draft.step} if _is_open(connection, plan_id, draft.step, last) else set[int]()
            return add_edits(connection, plan_id, [draft], last, going_on)[0]

    def append_edits(self, plan_id: str, drafts: Sequence[Edit], after: int) -> tuple[Edit, ...]:
        """Add edits that were made when the last row of the plan's log was the one numbered `after`, all or none, in one
        transaction, as one step unless they name others; returns them as they were added.

        Raises: PlanOutdated if somebody has edited the plan since; NotFound, WrongState.
        """
        with self._writing() as connection, understood(self._path):
            advance_within(connection, plan_id, PlanEvent.EDIT)
            last = last_row(connection, plan_id)
            if number_of(last) != after:
                raise PlanOutdated(f"the plan {plan_id} was edited meanwhile by somebody else", hint="try again")
            return add_edits(connection, plan_id, drafts, last)

    def edits(self, plan_id: str) -> tuple[Edit, ...]:
        """The edits of a plan that are in force, in the order they were made; none for an unknown plan."""
        return effective(self.edit_log(plan_id))

    def edit_log(self, plan_id: str, after: int = 0) -> tuple[Edit, ...]:
        """All rows of a plan's log with a number above `after`, those that take steps back or make them again, too."""
        with self._reading() as connection, understood(self._path):
            query = select(*_COLUMNS).where(PLAN_EDITS.c.plan_id == plan_id, PLAN_EDITS.c.seq > after)
            rows: Sequence[Any] = connection.execute(query.order_by(PLAN_EDITS.c.seq)).all()
            return tuple(_edit(*row) for row in rows)

    def edited_since(self, plan_id: str, after: int) -> int | None:
        """When a person, or a command, has made the last edit with a number above `after`, in ns; 0 if all of them were made by the
        program that follows the originals, and `None` if there are none. Quick, however many there are."""
        new = select(PLAN_EDITS.c.at_ns).where(PLAN_EDITS.c.plan_id == plan_id, PLAN_EDITS.c.seq > after)
        meant = new.where(PLAN_EDITS.c.origin != EditOrigin.WATCH.value)
        with self._reading() as connection, understood(self._path):
            latest: int | None = connection.execute(meant.order_by(PLAN_EDITS.c.seq.desc()).limit(1)).scalar()
            if latest is None and connection.execute(new.limit(1)).first() is not None:
                return 0
            return latest

    def save_corrections(self, plan_id: str, corrections: Iterable[Correction]) -> int:
        """Store what a person changed about files of the plan, in the place of what was stored before; returns how many."""
        rows = [
            (plan_id, *one.place, legible_or_none(one.from_category), one.from_target, one.to_target, one.at_ns)
            for one in corrections
        ]
        columns = ("plan_id", "root", "path", "from_category", "from_target", "to_target", "at_ns")
        with self._writing() as connection:
            delete_rows(connection, CORRECTIONS, "plan_id", [plan_id])
            return insert_rows(connection, CORRECTIONS, columns, rows)

    def corrections(self, plan_id: str | None = None) -> list[Correction]:
        """The corrections of a plan, or of all, in the order they were stored."""
        one = CORRECTIONS.c
        query = select(one.root, one.path, one.from_category, one.from_target, one.to_target, one.at_ns)
        if plan_id is not None:
            query = query.where(one.plan_id == plan_id)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query.order_by(one.correction_id)).all()
        return [Correction(Place(root, path), *rest) for root, path, *rest in rows]


def add_edits(
    connection: Connection, plan_id: str, drafts: Iterable[Edit], last: Edit | None, going_on: Container[int] = ()
) -> tuple[Edit, ...]:
    """Insert the drafts after the log's `last` row, and return them numbered (`core.edit_log.numbered`); inside a transaction."""
    added = tuple(numbered(drafts, last, going_on))
    insert_rows(connection, PLAN_EDITS, ("plan_id", *_NAMES), (_row(plan_id, edit) for edit in added))
    return added


def last_row(connection: Connection, plan_id: str) -> Edit | None:
    """The last row of the plan's log; inside a transaction."""
    query = select(*_COLUMNS).where(PLAN_EDITS.c.plan_id == plan_id).order_by(PLAN_EDITS.c.seq.desc()).limit(1)
    row: Any = connection.execute(query).first()
    return None if row is None else _edit(*row)


def number_of(row: Edit | None) -> int:
    """The number of a row, 0 where there is none."""
    return 0 if row is None else row.seq


def _is_open(connection: Connection, plan_id: str, step: int, last: Edit | None) -> bool:
    """Whether a step that does not end with the log's last row is one of `core.edit_log.open_steps`."""
    if last is None or step in {0, last.step}:
        return False  # nobody reads the rows of a step that just goes on
    one = PLAN_EDITS.c
    begun = select(one.seq).where(one.plan_id == plan_id, one.seq == step, one.step == step, ~_RETRACING)
    since = select(one.seq).where(one.plan_id == plan_id, one.seq > step, _RETRACING).limit(1)
    return connection.execute(begun).first() is not None and connection.execute(since).first() is None


def _row(plan_id: str, edit: Edit) -> tuple[Any, ...]:
    mtime_ns = None if edit.mtime_ns is None else wrapped(edit.mtime_ns)
    return (
        plan_id,
        edit.seq,
        edit.kind.value,
        edit.path,
        edit.target,
        edit.at_ns,
        edit.mode,
        mtime_ns,
        packed(edit.replaces),
        edit.step,
        edit.origin.value,
        edit.action_id,
        legible_or_none(edit.category),
    )


def _edit(
    seq: int,
    kind: str,
    path: bytes,
    target: bytes | None,
    at_ns: int,
    mode: int | None,
    mtime_ns: int | None,
    replaces: bytes | None,
    step: int,
    origin: str,
    action_id: int | None,
    category: str | None,
) -> Edit:
    mtime_ns = None if mtime_ns is None else time_ns(mtime_ns)
    return Edit(
        seq,
        _KINDS[kind],
        path,
        target,
        at_ns,
        mode,
        mtime_ns,
        unpacked(replaces),
        action_id=action_id,
        category=category,
        step=step,
        origin=_ORIGINS[origin],
    )
