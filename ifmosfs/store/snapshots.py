"""Snapshots (immutable manifests), the versions that commits made, and the log of rollbacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ifmosfs.core.errors import NotFound
from ifmosfs.core.manifest import RollbackEntry, SnapshotEntry, SnapshotHead, SnapshotInfo, VersionInfo
from ifmosfs.core.snapshot import MerkleTree
from ifmosfs.store.bulk import insert_rows, update_rows
from ifmosfs.store.database import PAGE_ROWS, Database
from ifmosfs.store.encoding import fingerprint_from, fingerprint_row, legible
from ifmosfs.store.schema import RollbackLog, Snapshot, SnapshotFile, SnapshotRoot, Version
from ifmosfs.store.trouble import understood


class Snapshots(Database):
    """Writing snapshots wholly or not at all; versions and rollbacks as one row each."""

    def save_snapshot(self, head: SnapshotHead, entries: Iterable[SnapshotEntry]) -> SnapshotInfo:
        """Store a snapshot with all its entries, which are asked for once, wholly or not at all."""
        tree = MerkleTree()
        with self._writing() as connection:
            connection.execute(insert(Snapshot).values(_incomplete_row(head)))
            n_entries = _write_entries(connection, head.snapshot_id, tree.adding(entries))
            complete = {"merkle": tree.root, "n_entries": n_entries, "final": True}
            connection.execute(update(Snapshot).where(Snapshot.snapshot_id == head.snapshot_id).values(complete))
        return SnapshotInfo(head, tree.root, n_entries)

    def snapshots(self) -> list[SnapshotInfo]:
        """All complete snapshots, the oldest first."""
        one = Snapshot
        head = (one.snapshot_id, one.plan_id, one.run_id, one.created_ns, one.name, one.level)
        query = select(one.merkle, one.n_entries, *head).where(one.final).order_by(one.created_ns, one.snapshot_id)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        return [SnapshotInfo(SnapshotHead(*head), merkle, n_entries) for merkle, n_entries, *head in rows]

    def snapshot_entries(self, snapshot_id: str) -> Iterator[SnapshotEntry]:
        """The entries of a snapshot in the order they were given. Raises: NotFound."""
        with self._reading() as connection:
            if connection.execute(select(Snapshot.name).where(Snapshot.snapshot_id == snapshot_id)).first() is None:
                raise NotFound(f"no snapshot {snapshot_id!r}")
            query = select(SnapshotRoot.number, SnapshotRoot.path).where(SnapshotRoot.snapshot_id == snapshot_id)
            roots = {row.number: row.path for row in connection.execute(query)}
        for page in self._pages(_EntriesAfter(snapshot_id)):
            with understood(self._path):
                entries = [_entry(row, roots) for row in page]
            yield from entries

    def add_version(
        self, plan_id: str, run_id: str, snapshot_id: str | None, target: bytes, created_ns: int, n_moved: int
    ) -> VersionInfo:
        """Record what a commit made of its target, as the next version. A run that has one already keeps it."""
        with self._writing() as connection:
            earlier = _versions(connection, Version.run_id == run_id)
            if earlier:
                return earlier[0]
            row = {"plan_id": plan_id, "run_id": run_id, "snapshot_id": snapshot_id, "target": target}
            connection.execute(insert(Version).values(row | {"created_ns": created_ns, "n_moved": n_moved}))
            return _versions(connection, Version.run_id == run_id)[0]

    def versions(self) -> list[VersionInfo]:
        """All versions, the first first."""
        with self._reading() as connection:
            return _versions(connection)

    def log_rollback(self, entry: RollbackEntry) -> None:
        """Record what a rollback run did. The log only grows: what is recorded of a run already stays."""
        row = (entry.plan_id, entry.at_ns, legible(entry.selection), entry.n_done, entry.n_conflicts, entry.n_failed)
        columns = ("plan_id", "at_ns", "selection", "n_done", "n_conflicts", "n_failed")
        with self._writing() as connection:
            known = select(RollbackLog.run_id).where(RollbackLog.run_id == entry.run_id)
            if connection.execute(known).first() is None:
                insert_rows(connection, RollbackLog, ("run_id", *columns), [(entry.run_id, *row)])

    def rollbacks(self, plan_id: str | None = None) -> list[RollbackEntry]:
        """The logged rollbacks of a plan, or all, the oldest first."""
        one = RollbackLog
        columns = (one.run_id, one.plan_id, one.at_ns, one.selection, one.n_done, one.n_conflicts, one.n_failed)
        query = select(*columns).order_by(one.at_ns, one.run_id)
        if plan_id is not None:
            query = query.where(one.plan_id == plan_id)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        return [RollbackEntry(*row) for row in rows]


class _EntriesAfter:
    """Reads the entries of a snapshot page by page."""

    def __init__(self, snapshot_id: str) -> None:
        one = SnapshotFile
        columns = (one.number, one.root, one.path, one.inode, one.size_bytes, one.mtime_ns, one.ctime_ns, one.birth_ns)
        query = select(*columns, one.digest).where(one.snapshot_id == snapshot_id)
        self._query = query.order_by(one.number).limit(PAGE_ROWS)

    def __call__(self, connection: Connection, last: Any) -> Sequence[Any]:
        query = self._query if last is None else self._query.where(SnapshotFile.number > last.number)
        return connection.execute(query).all()


def _incomplete_row(head: SnapshotHead) -> dict[str, object]:
    return {
        "snapshot_id": head.snapshot_id,
        "plan_id": head.plan_id,
        "run_id": head.run_id,
        "created_ns": head.created_ns,
        "name": legible(head.name),
        "level": head.level,
        "merkle": b"",
        "n_entries": 0,
        "final": False,
    }


def _write_entries(connection: Connection, snapshot_id: str, entries: Iterable[SnapshotEntry]) -> int:
    """Write the entries as they come, and their roots and digests, which most do not have, after them; returns their number."""
    numbers: dict[bytes, int] = {}
    digests: list[tuple[bytes, str, int]] = []

    def rows() -> Iterator[tuple[Any, ...]]:
        for at, (root, path, print_, digest) in enumerate(entries):
            if digest is not None:
                digests.append((digest, snapshot_id, at))
            number = numbers.setdefault(root, len(numbers))
            # A bytearray, for sqlite3 takes as long to ask a bytes how to store it as to store it.
            yield snapshot_id, at, number, bytearray(path), *fingerprint_row(print_)

    columns = ("snapshot_id", "number", "root", "path", "inode", "size_bytes", "mtime_ns", "ctime_ns", "birth_ns")
    n_entries = insert_rows(connection, SnapshotFile, columns, rows())
    update_rows(connection, SnapshotFile, ("digest",), ("snapshot_id", "number"), digests)
    roots = ((snapshot_id, number, root) for root, number in numbers.items())
    insert_rows(connection, SnapshotRoot, ("snapshot_id", "number", "path"), roots)
    return n_entries


def _entry(row: Any, roots: dict[int, bytes]) -> SnapshotEntry:
    _, root, path, *print_, digest = row
    return SnapshotEntry(roots[root], path, fingerprint_from(*print_), digest)


def _versions(connection: Connection, *conditions: Any) -> list[VersionInfo]:
    one = Version
    columns = (one.version, one.plan_id, one.run_id, one.snapshot_id, one.target, one.created_ns, one.n_moved)
    rows: Sequence[Any] = connection.execute(select(*columns).where(*conditions).order_by(one.version)).all()
    return [VersionInfo(*row) for row in rows]
