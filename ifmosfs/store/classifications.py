"""What classifiers said about the files of a session: one word per file, the latest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Select, or_, select

from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.proposal import Decider, Opinion, Proposal
from ifmosfs.core.wrapping import fingerprint_from
from ifmosfs.store.bulk import batches, delete_rows, insert_rows, update_rows
from ifmosfs.store.database import PAGE_ROWS, Database
from ifmosfs.store.encoding import legible, legible_or_none
from ifmosfs.store.schema import CLASSIFICATIONS, FILES, SESSION_ROOTS
from ifmosfs.store.sessions import require_session, session_roots
from ifmosfs.store.trouble import understood

_FILE_COLUMNS: Final = (
    FILES.c.file_id,
    FILES.c.path,
    FILES.c.kind,
    FILES.c.mode,
    FILES.c.inode,
    FILES.c.size_bytes,
    FILES.c.mtime_ns,
    FILES.c.ctime_ns,
    FILES.c.birth_ns,
    FILES.c.readable,
)
_WORD_COLUMNS: Final = (
    "label",
    "score",
    "reason",
    "runner_up",
    "runner_up_score",
    "document_date",
    "unreadable",
    "rule_label",
    "rule_score",
    "model_label",
    "model_score",
    "decided_by",
    "lesson",
    "sketch",
)
_WORDS: Final = tuple(CLASSIFICATIONS.c[name] for name in _WORD_COLUMNS)
_KINDS: Final = {kind.value: kind for kind in Kind}
_DECIDERS: Final = {decider.value: decider for decider in Decider}
_N_IDS: Final = 5_000  # bound parameters in one statement


class Classifications(Database):
    """Reading files to be classified, and writing and reading what was said about them."""

    def unclassified(self, session_id: str, classifier: str) -> Iterator[ScannedFile]:
        """The files on which this classifier (name and version) has not spoken, in the order of their ids.

        `save_proposals` may be called between two files. Raises: NotFound.
        """
        with self._reading() as connection:
            roots = dict(_require_roots(connection, session_id))
        query = (
            select(*_FILE_COLUMNS, FILES.c.root_id)
            .outerjoin_from(FILES, CLASSIFICATIONS, FILES.c.file_id == CLASSIFICATIONS.c.file_id)
            .where(FILES.c.root_id.in_(roots))
            .where(or_(CLASSIFICATIONS.c.file_id.is_(None), CLASSIFICATIONS.c.classifier != classifier))
        )

        def page_after(connection: Connection, last: Any) -> Sequence[Any]:
            rest = query if last is None else query.where(FILES.c.file_id > last.file_id)
            return connection.execute(rest.order_by(FILES.c.file_id).limit(PAGE_ROWS)).all()

        for page in self._pages(page_after):
            with understood(self._path):
                files = [_scanned(roots[row.root_id], row) for row in page]
            yield from files

    def save_proposals(self, classifier: str, proposals: Iterable[tuple[int, Proposal]]) -> int:
        """Store what the classifier said about files by their ids, replacing what was said before; returns how many.

        Stored in batches, each durable when the next one is asked for. Files that a scan has forgotten since are left out.
        """
        n_saved = 0
        for batch in batches(proposals):
            words = dict(batch)
            with self._writing() as connection:
                present = _present(connection, list(words))
                delete_rows(connection, CLASSIFICATIONS, "file_id", present)
                columns = ("file_id", "classifier", *_WORD_COLUMNS)
                rows = ((file_id, classifier, *_word_row(words[file_id])) for file_id in present)
                n_saved += insert_rows(connection, CLASSIFICATIONS, columns, rows)
                labels = ((legible_or_none(words[file_id].label), file_id) for file_id in present)
                update_rows(connection, FILES, ("classified_category",), ("file_id",), labels)
        return n_saved

    def classified(self, session_id: str) -> Iterator[tuple[ScannedFile, Proposal | None]]:
        """Every file of the session with the latest word on it, ordered by root and path. Raises: NotFound."""
        with self._reading() as connection:
            roots = _require_roots(connection, session_id)
        for root_id, root in roots:
            for page in self._pages(_PageOfRoot(root_id)):
                with understood(self._path):
                    pairs = [(_scanned(root, row), _proposal(row)) for row in page]
                yield from pairs

    def document_date(self, session_id: str, place: Place) -> date | None:
        """A file's own date, as the classifier found it; `None` where it has none, or is not known any more."""
        query = (
            select(CLASSIFICATIONS.c.document_date)
            .join_from(CLASSIFICATIONS, FILES, CLASSIFICATIONS.c.file_id == FILES.c.file_id)
            .join(SESSION_ROOTS, SESSION_ROOTS.c.root_id == FILES.c.root_id)
            .where(
                SESSION_ROOTS.c.session_id == session_id, SESSION_ROOTS.c.path == place.root, FILES.c.path == place.path
            )
        )
        with self._reading() as connection, understood(self._path):
            day = connection.execute(query).scalar()
            return None if day is None else date.fromisoformat(day)

    def classified_at(
        self, session_id: str, root: bytes, paths: Iterable[bytes]
    ) -> list[tuple[ScannedFile, Proposal | None]]:
        """Those of the paths that are files of the session, with the latest word on each, ordered by path. Raises: NotFound."""
        found: list[tuple[ScannedFile, Proposal | None]] = []
        with self._reading() as connection, understood(self._path):
            root_id = {path: number for number, path in _require_roots(connection, session_id)}.get(root, -1)
            for some in batches(sorted(paths), _N_IDS):
                rows = connection.execute(_words_in(root_id).where(FILES.c.path.in_(some))).all()
                found += [(_scanned(root, row), _proposal(row)) for row in rows]
        return found


def _words_in(root_id: int) -> Select[Any]:
    """A root's files with their classifications, in the order of their paths."""
    columns = (*_FILE_COLUMNS, *_WORDS, CLASSIFICATIONS.c.classifier)
    joined = select(*columns).outerjoin_from(FILES, CLASSIFICATIONS, FILES.c.file_id == CLASSIFICATIONS.c.file_id)
    return joined.where(FILES.c.root_id == root_id).order_by(FILES.c.path)


class _PageOfRoot:
    """Reads a root's files with their classifications, page by page."""

    def __init__(self, root_id: int) -> None:
        self._query = _words_in(root_id).limit(PAGE_ROWS)

    def __call__(self, connection: Connection, last: Any) -> Sequence[Any]:
        query = self._query if last is None else self._query.where(FILES.c.path > last.path)
        return connection.execute(query).all()


def _require_roots(connection: Connection, session_id: str) -> list[tuple[int, bytes]]:
    require_session(connection, session_id)
    return session_roots(connection, session_id)


def _present(connection: Connection, file_ids: Sequence[int]) -> list[int]:
    """Those of the ids that are still files."""
    present: list[int] = []
    for some in batches(file_ids, _N_IDS):
        present += connection.execute(select(FILES.c.file_id).where(FILES.c.file_id.in_(some))).scalars()
    return present


def _scanned(root: bytes, row: Any) -> ScannedFile:
    file_id, path, kind, mode, *print_, readable = row[:10]
    return ScannedFile(file_id, root, path, _KINDS[kind], mode, fingerprint_from(*print_), readable)


def _proposal(row: Any) -> Proposal | None:
    if row.classifier is None:
        return None
    label, score, reason, runner_up, runner_up_score, day, unreadable, *opinions, decided_by, lesson, sketch = row[
        10:24
    ]
    day = None if day is None else date.fromisoformat(day)
    rule, model = _opinion(*opinions[:2]), _opinion(*opinions[2:])
    decider = None if decided_by is None else _DECIDERS[decided_by]
    by = (rule, model, decider, lesson, sketch)
    return Proposal(label, score, reason, runner_up, runner_up_score, day, unreadable, *by)


def _opinion(label: str | None, score: float | None) -> Opinion | None:
    return None if score is None else Opinion(label, score)


def _opinion_row(opinion: Opinion | None) -> tuple[str | None, float | None]:
    return (None, None) if opinion is None else (legible_or_none(opinion.label), opinion.score)


def _word_row(word: Proposal) -> tuple[Any, ...]:
    return (
        legible_or_none(word.label),
        word.score,
        legible(word.reason),
        legible_or_none(word.runner_up),
        word.runner_up_score,
        None if word.document_date is None else word.document_date.isoformat(),
        legible_or_none(word.unreadable),
        *_opinion_row(word.rule),
        *_opinion_row(word.model),
        None if word.decided_by is None else word.decided_by.value,
        word.lesson,
        word.sketch,
    )
