"""What a scan found, written so that a re-scan doubles nothing and keeps what is still true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from ifmosfs.core.errors import NotFound
from ifmosfs.core.files import Fingerprint, SkippedEntry, SkipReason, UnreadableEntry
from ifmosfs.core.manifest import FoundFile, ScanDelta
from ifmosfs.core.names import ancestors
from ifmosfs.core.wrapping import fingerprint_from, fingerprint_row
from ifmosfs.store.bulk import batches, delete_rows, insert_rows, update_rows
from ifmosfs.store.database import Database
from ifmosfs.store.encoding import legible
from ifmosfs.store.schema import CLASSIFICATIONS, FILES, SCAN_ISSUES, SCAN_SESSIONS, SESSION_ROOTS
from ifmosfs.store.sessions import SKIPPED, UNREADABLE, require_session
from ifmosfs.store.trouble import understood

ATTRIBUTES: Final = ("kind", "mode", "inode", "size_bytes", "mtime_ns", "ctime_ns", "birth_ns", "readable")
_ISSUE_COLUMNS: Final = ("root_id", "path", "kind", "text")
_N_BOUND: Final = 5_000  # bound parameters in one statement
_PRINT_COLUMNS: Final = (FILES.c.inode, FILES.c.size_bytes, FILES.c.mtime_ns, FILES.c.ctime_ns, FILES.c.birth_ns)

# (kind, mode, inode, size_bytes, mtime_ns, ctime_ns, birth_ns, readable), as stored
Attributes = tuple[Any, ...]


@dataclass(slots=True)
class _Difference:
    """Rows to write: attributes before ids, as `update_rows` takes them."""

    new: list[tuple[Any, ...]] = field(default_factory=list)
    changed: list[tuple[Any, ...]] = field(default_factory=list)
    refreshed: list[tuple[Any, ...]] = field(
        default_factory=list
    )  # the same content, another mode, ctime or birth time
    n_unchanged: int = 0


class Scans(Database):
    """Writing what a walk found, and reading what it had to leave out."""

    def known_files(self, session_id: str, root: bytes) -> dict[bytes, tuple[int, Fingerprint]]:
        """path → (file id, fingerprint) as of the last scan of the root. Raises: NotFound."""
        with self._reading() as connection:
            root_id = _root_id(connection, session_id, root)
            query = select(FILES.c.path, FILES.c.file_id, *_PRINT_COLUMNS).where(FILES.c.root_id == root_id)
            return {row[0]: (row[1], fingerprint_from(*row[2:])) for row in connection.execute(query)}

    def record_scan(
        self,
        session_id: str,
        root: bytes,
        found: Iterable[FoundFile],
        skipped: Iterable[SkippedEntry],
        unreadable: Iterable[UnreadableEntry],
        now_ns: int,
        is_same: Callable[[Fingerprint, Fingerprint], bool] = Fingerprint.same_file,
    ) -> ScanDelta:
        """Make the catalogue say of a root what a scan found, wholly or not at all; returns what was different.

        An unchanged file, as `is_same` says, keeps its id and its classification, a changed one only its id. What was not found again
        is forgotten. The iterables are used up before anything is locked, so they may be slow. Raises: NotFound.
        """
        files, unread = list(found), list(unreadable)
        issues = [_issue_row(entry) for entry in skipped]
        issues += [_issue_row(entry) for entry in unread]
        with self._writing() as connection:
            root_id = _root_id(connection, session_id, root)
            known = _known_rows(connection, root_id)
            difference = _difference(root_id, files, known, is_same)
            _write_files(connection, difference, [file_id for file_id, _ in known.values()])
            connection.execute(delete(SCAN_ISSUES).where(SCAN_ISSUES.c.root_id == root_id))
            insert_rows(connection, SCAN_ISSUES, _ISSUE_COLUMNS, ((root_id, *issue) for issue in issues))
            when = update(SCAN_SESSIONS).where(SCAN_SESSIONS.c.session_id == session_id)
            connection.execute(when.values(scanned_ns=now_ns))
        n_gone = _n_gone(known, {entry.path for entry in unread})
        return ScanDelta(len(difference.new), len(difference.changed), difference.n_unchanged, n_gone)

    def record_some(
        self,
        session_id: str,
        root: bytes,
        looked_at: Collection[bytes],
        found: Sequence[FoundFile],
        issues: Iterable[SkippedEntry | UnreadableEntry] = (),
    ) -> None:
        """Make the catalogue say of some paths of a root what a look at just these has found; all others stay as they are.

        What was looked at and not found is forgotten; whatever was found counts as looked at. Raises: NotFound.
        """
        problems = list(issues)
        looked = {*looked_at, *(file.path for file in found), *(problem.path for problem in problems)}
        with self._writing() as connection:
            root_id = _root_id(connection, session_id, root)
            known = _known_among(connection, root_id, looked)
            difference = _difference(root_id, found, known)
            _write_files(connection, difference, [file_id for file_id, _ in known.values()])
            _write_issues(connection, root_id, looked, problems)

    def skipped(self, session_id: str) -> Iterator[SkippedEntry]:
        """What the last scan counted and left alone, ordered by root and path. Raises: NotFound."""
        for root, path, text in self._issues(session_id, SKIPPED):
            with understood(self._path):
                entry = SkippedEntry(root, path, SkipReason[text])
            yield entry

    def unreadable(self, session_id: str) -> Iterator[UnreadableEntry]:
        """What the last scan could not read, ordered by root and path. Raises: NotFound."""
        for root, path, text in self._issues(session_id, UNREADABLE):
            yield UnreadableEntry(root, path, text)

    def _issues(self, session_id: str, kind: str) -> Iterator[tuple[bytes, bytes, str]]:
        order = (SESSION_ROOTS.c.path, SCAN_ISSUES.c.path, SCAN_ISSUES.c.issue_id)
        query = (
            select(SESSION_ROOTS.c.path, SCAN_ISSUES.c.path, SCAN_ISSUES.c.text)
            .join_from(SCAN_ISSUES, SESSION_ROOTS, SCAN_ISSUES.c.root_id == SESSION_ROOTS.c.root_id)
            .where(SESSION_ROOTS.c.session_id == session_id, SCAN_ISSUES.c.kind == kind)
        )
        with self._reading() as connection:
            require_session(connection, session_id)
            rows = connection.execute(query.order_by(*order)).all()
        yield from ((root, path, text) for root, path, text in rows)


def _root_id(connection: Connection, session_id: str, root: bytes) -> int:
    require_session(connection, session_id)
    query = select(SESSION_ROOTS.c.root_id).where(
        SESSION_ROOTS.c.session_id == session_id, SESSION_ROOTS.c.path == root
    )
    root_id: int | None = connection.execute(query).scalar()
    if root_id is None:
        raise NotFound(f"the session {session_id} has no such folder", path=root, hint="list them: ifmosfs status")
    return root_id


def _known_rows(connection: Connection, root_id: int) -> dict[bytes, tuple[int, Attributes]]:
    columns = (FILES.c.path, FILES.c.file_id, *(FILES.c[name] for name in ATTRIBUTES))
    rows: Sequence[Any] = connection.execute(select(*columns).where(FILES.c.root_id == root_id)).all()
    return {row[0]: (row[1], tuple(row[2:])) for row in rows}


def _known_among(connection: Connection, root_id: int, paths: Iterable[bytes]) -> dict[bytes, tuple[int, Attributes]]:
    columns = (FILES.c.path, FILES.c.file_id, *(FILES.c[name] for name in ATTRIBUTES))
    known: dict[bytes, tuple[int, Attributes]] = {}
    for some in batches(paths, _N_BOUND):
        query = select(*columns).where(FILES.c.root_id == root_id, FILES.c.path.in_(some))
        rows: Sequence[Any] = connection.execute(query).all()
        known.update((row[0], (row[1], tuple(row[2:]))) for row in rows)
    return known


def _issue_row(entry: SkippedEntry | UnreadableEntry) -> tuple[bytes, str, str]:
    if isinstance(entry, SkippedEntry):
        return entry.path, SKIPPED, entry.reason.name
    return entry.path, UNREADABLE, legible(entry.error)


def _write_issues(
    connection: Connection, root_id: int, paths: Iterable[bytes], issues: Iterable[SkippedEntry | UnreadableEntry]
) -> None:
    """Put the issues of some paths in the place of those that they had."""
    for some in batches(paths, _N_BOUND):
        connection.execute(delete(SCAN_ISSUES).where(SCAN_ISSUES.c.root_id == root_id, SCAN_ISSUES.c.path.in_(some)))
    insert_rows(connection, SCAN_ISSUES, _ISSUE_COLUMNS, ((root_id, *_issue_row(issue)) for issue in issues))


def _difference(
    root_id: int,
    files: Iterable[FoundFile],
    known: dict[bytes, tuple[int, Attributes]],
    is_same: Callable[[Fingerprint, Fingerprint], bool] = Fingerprint.same_file,
) -> _Difference:
    """Sort the found files; `known` is left with those that were not found."""
    difference = _Difference()
    for file in files:
        now = (file.kind.value, file.mode, *fingerprint_row(file.fingerprint), file.readable)
        before = known.pop(file.path, None)
        if before is None:
            difference.new.append((root_id, file.path, *now))
            continue
        file_id, attributes = before
        if attributes == now:
            difference.n_unchanged += 1
        elif _same_reach(attributes, now) and is_same(fingerprint_from(*attributes[2:7]), file.fingerprint):
            difference.n_unchanged += 1
            difference.refreshed.append((*now, file_id))
        else:
            difference.changed.append((*now, file_id))
    return difference


def _same_reach(before: Attributes, now: Attributes) -> bool:
    """Whether it is the same kind of entry, no more and no less readable."""
    return (before[0], before[7]) == (now[0], now[7])


def _write_files(connection: Connection, difference: _Difference, gone_ids: Sequence[int]) -> None:
    changed_ids = [row[-1] for row in difference.changed]
    delete_rows(connection, FILES, "file_id", gone_ids)
    delete_rows(connection, CLASSIFICATIONS, "file_id", changed_ids)
    update_rows(connection, FILES, ("classified_category",), ("file_id",), ((None, file_id) for file_id in changed_ids))
    update_rows(connection, FILES, ATTRIBUTES, ("file_id",), [*difference.changed, *difference.refreshed])
    insert_rows(connection, FILES, ("root_id", "path", *ATTRIBUTES), difference.new)


def _n_gone(known: Iterable[bytes], unreadable: set[bytes]) -> int:
    """How many of the paths are not below a folder that could not be read."""
    if b"" in unreadable:
        return 0
    return sum(1 for path in known if unreadable.isdisjoint([path, *ancestors(path)]))
