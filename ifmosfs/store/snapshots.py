"""Snapshots (immutable manifests), the versions that commits made, and the log of rollbacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from ifmosfs.core.errors import DatabaseDamaged, NotFound
from ifmosfs.core.files import Place
from ifmosfs.core.manifest import (
    HeldContent,
    Protection,
    RollbackEntry,
    SnapshotEntry,
    SnapshotHead,
    SnapshotInfo,
    VersionInfo,
    VersionKind,
)
from ifmosfs.core.snapshot import (
    PER_LEAF,
    TIME_BYTES,
    Leaf,
    MerkleTree,
    Row,
    entries_of,
    leaves,
    rows_of,
)
from ifmosfs.store.bulk import batches, delete_rows, insert_rows
from ifmosfs.store.database import PAGE_ROWS, Database
from ifmosfs.store.encoding import legible
from ifmosfs.store.schema import (
    CONTENTS,
    FILES,
    ROLLBACK_LOG,
    SESSION_ROOTS,
    SNAPSHOT_ENTRIES,
    SNAPSHOT_ROOTS,
    SNAPSHOTS,
    VERSIONS,
)
from ifmosfs.store.trouble import understood

LARGEST: Final = (1 << 63) - 1
LEAVES_AT_ONCE: Final = 64


class Needed(NamedTuple):
    """The digests of contents that snapshots need. Of manifests that cannot be read, given by their snapshots' ids, nobody knows which
    these are; where there are any, all contents are needed."""

    digests: frozenset[bytes]
    unreadable: tuple[str, ...] = ()


class Snapshots(Database):
    """Writing snapshots wholly or not at all; versions and rollbacks as one row each."""

    def save_snapshot(
        self,
        head: SnapshotHead,
        entries: Iterable[SnapshotEntry],
        contents: Callable[[], Iterable[HeldContent]] = tuple,
        filesystem: Callable[[bytes], str | None] = lambda _: None,
    ) -> SnapshotInfo:
        """Store a snapshot with all its entries, which are asked for once, wholly or not at all.

        `contents` is asked after the entries: what the content store holds for them, durably. A content that is known keeps
        its place. `filesystem` tells the identity of the filesystem that a root is on.
        """
        tally = _Tally(entries)
        with self._writing() as connection:
            connection.execute(insert(SNAPSHOTS).values(_incomplete_row(head)))
            merkle = _write_leaves(connection, head.snapshot_id, leaves(tally))
            _write_roots(connection, head.snapshot_id, [(root, filesystem(root)) for root in tally.roots])
            info = tally.info(head, merkle)
            complete = {"merkle": merkle, "n_entries": info.n_entries, "final": True, "level": info.head.level}
            complete |= {"n_held": info.n_held, "held_bytes": info.held_bytes}
            connection.execute(update(SNAPSHOTS).where(SNAPSHOTS.c.snapshot_id == head.snapshot_id).values(complete))
            _write_contents(connection, contents())
        return info

    def snapshots(self) -> list[SnapshotInfo]:
        """All complete snapshots, the oldest first."""
        one = SNAPSHOTS.c
        head = (one.snapshot_id, one.plan_id, one.run_id, one.created_ns, one.name, one.level)
        query = select(one.merkle, one.n_entries, one.n_held, one.held_bytes, *head)
        query = query.where(one.final).order_by(one.created_ns, one.snapshot_id)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        return [SnapshotInfo(SnapshotHead(*head), *numbers) for *numbers, head in _parted(rows)]

    def snapshot_entries(self, snapshot_id: str) -> Iterator[SnapshotEntry]:
        """The entries of a snapshot in the order they were given. Raises: NotFound; DatabaseDamaged."""
        for leaf in self._leaves(snapshot_id):
            with understood(self._path):
                entries = list(entries_of(leaf))
            yield from entries

    def compare_snapshots(self, before: str, after: str) -> Compared:
        """What is not the same in two snapshots, with the hashes over all of both. Leaves that both have are looked at once, and of
        the entries only those that differ are made.

        Raises: NotFound; DatabaseDamaged where one is not even of the kind that was stored.
        """
        one, other = list(self._leaves(before)), list(self._leaves(after))
        in_both = {leaf.entries for leaf in one} & {leaf.entries for leaf in other}
        with understood(self._path):
            n_entries = _n_entries(one), _n_entries(other)
            n_same = sum(not row.is_folder for leaf in one if leaf.entries in in_both for row in rows_of(leaf))
            left, come = (
                _by_place(leaf for leaf in leaves_ if leaf.entries not in in_both) for leaves_ in (one, other)
            )
            for key in [key for key, row in left.items() if come.get(key) == row]:
                n_same += not left[key].is_folder
                del left[key], come[key]
        were, are = ([row.entry() for row in rows.values()] for rows in (left, come))
        return Compared(n_same, were, are, (_root(one), _root(other)), n_entries)

    def _leaves(self, snapshot_id: str) -> Iterator[Leaf]:
        """The leaves of a manifest in their order. Raises: NotFound."""
        self._require(snapshot_id)
        for page in self._pages(_LeavesAfter(snapshot_id)):
            yield from (Leaf(row.entries, row.ctimes) for row in page)

    def _require(self, snapshot_id: str) -> None:
        with self._reading() as connection:
            if (
                connection.execute(select(SNAPSHOTS.c.name).where(SNAPSHOTS.c.snapshot_id == snapshot_id)).first()
                is None
            ):
                raise NotFound(f"no snapshot {snapshot_id!r}")

    def snapshot_filesystems(self, snapshot_id: str) -> dict[bytes, str]:
        """The identity of the filesystem that each root of a snapshot was on, where it was recorded."""
        one = SNAPSHOT_ROOTS.c
        query = select(one.path, one.filesystem).where(one.snapshot_id == snapshot_id, one.filesystem.is_not(None))
        with self._reading() as connection:
            return {path: str(filesystem) for path, filesystem in connection.execute(query)}

    def forget_snapshots(self, snapshot_ids: Iterable[str]) -> None:
        """Remove whole snapshots, all or none; versions that had one stay, without a manifest."""
        ids = list(snapshot_ids)
        with self._writing() as connection:
            connection.execute(update(VERSIONS).where(VERSIONS.c.snapshot_id.in_(ids)).values(snapshot_id=None))
            for table in (SNAPSHOT_ENTRIES, SNAPSHOT_ROOTS, SNAPSHOTS):
                delete_rows(connection, table, "snapshot_id", ids)

    def contents(self) -> list[HeldContent]:
        """What the content store holds, by digest."""
        one = CONTENTS.c
        columns = (one.digest, one.place, one.size_bytes, one.level, one.created_ns, one.source)
        query = select(*columns).order_by(one.digest)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        return [
            HeldContent(digest, place, size, Protection(level), at_ns, source)
            for digest, place, size, level, at_ns, source in rows
        ]

    def needed_contents(self, without: Collection[str] = ()) -> Needed:
        """The contents that snapshots, other than those `without`, count on finding in the content store."""
        digests: set[bytes] = set()
        unreadable: list[str] = []
        for info in self.snapshots():
            one = info.head.snapshot_id
            if not info.n_held or one in without:
                continue
            try:
                held = [row.digest for row in self._snapshot_rows(one) if row.level is not None]
            except DatabaseDamaged:
                unreadable.append(one)
            else:
                digests.update(digest for digest in held if digest is not None)
        if unreadable:
            digests.update(each.digest for each in self.contents())
        return Needed(frozenset(digests), tuple(unreadable))

    def forget_contents(self, digests: Iterable[bytes]) -> None:
        """Remove the rows of contents that are not held any more."""
        with self._writing() as connection:
            delete_rows(connection, CONTENTS, "digest", list(digests))

    def places_of_size(self, sizes: Collection[int]) -> Iterator[tuple[Place, int]]:
        """Where a scan or a snapshot has seen files of these sizes, with the size of each. A manifest that cannot be read has seen
        none, so that less is found, and more is kept."""
        wanted = set(sizes)
        of_scan = select(SESSION_ROOTS.c.path, FILES.c.path, FILES.c.size_bytes).join_from(SESSION_ROOTS, FILES)
        for some in batches(sorted(wanted), 500):
            with self._reading() as connection:
                rows = [*connection.execute(of_scan.where(FILES.c.size_bytes.in_(some)))]
            yield from ((Place(root, path), size) for root, path, size in rows)
        for info in self.snapshots():
            with suppress(DatabaseDamaged):
                seen = [row for row in self._snapshot_rows(info.head.snapshot_id) if row.size_bytes in wanted]
                yield from ((Place(row.root, row.path), row.size_bytes) for row in seen)

    def _snapshot_rows(self, snapshot_id: str) -> Iterator[Row]:
        for leaf in self._leaves(snapshot_id):
            with understood(self._path):
                rows = list(rows_of(leaf))
            yield from rows

    def add_version(
        self,
        plan_id: str | None,
        run_id: str | None,
        snapshot_id: str | None,
        target: bytes,
        created_ns: int,
        n_moved: int,
        kind: VersionKind = VersionKind.COMMIT,
    ) -> VersionInfo:
        """Record the next version. A run that has one already keeps it."""
        with self._writing() as connection:
            earlier = _versions(connection, VERSIONS.c.run_id == run_id) if run_id is not None else []
            if earlier:
                return earlier[0]
            row = {"plan_id": plan_id, "run_id": run_id, "snapshot_id": snapshot_id, "target": target}
            more = {"created_ns": created_ns, "n_moved": n_moved, "kind": kind.value}
            number = connection.execute(insert(VERSIONS).values(row | more)).inserted_primary_key
            assert number is not None
            return _versions(connection, VERSIONS.c.version == number[0])[0]

    def give_manifest(self, run_id: str, snapshot_id: str) -> None:
        """Let the version of a run have a complete snapshot as its manifest."""
        with self._writing() as connection:
            connection.execute(update(VERSIONS).where(VERSIONS.c.run_id == run_id).values(snapshot_id=snapshot_id))

    def versions(self) -> list[VersionInfo]:
        """All versions, the first first."""
        with self._reading() as connection:
            return _versions(connection)

    def log_rollback(self, entry: RollbackEntry) -> None:
        """Record what a rollback run did. The log only grows: what is recorded of a run already stays."""
        row = (entry.plan_id, entry.at_ns, legible(entry.selection), entry.n_done, entry.n_conflicts, entry.n_failed)
        columns = ("plan_id", "at_ns", "selection", "n_done", "n_conflicts", "n_failed")
        with self._writing() as connection:
            known = select(ROLLBACK_LOG.c.run_id).where(ROLLBACK_LOG.c.run_id == entry.run_id)
            if connection.execute(known).first() is None:
                insert_rows(connection, ROLLBACK_LOG, ("run_id", *columns), [(entry.run_id, *row)])

    def rollbacks(self, plan_id: str | None = None) -> list[RollbackEntry]:
        """The logged rollbacks of a plan, or all, the oldest first."""
        one = ROLLBACK_LOG.c
        columns = (one.run_id, one.plan_id, one.at_ns, one.selection, one.n_done, one.n_conflicts, one.n_failed)
        query = select(*columns).order_by(one.at_ns, one.run_id)
        if plan_id is not None:
            query = query.where(one.plan_id == plan_id)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        return [RollbackEntry(*row) for row in rows]


class Compared(NamedTuple):
    """Two snapshots: how many files are the same in both, the entries of each that are not the other's, and of each the hash over all
    its entries and their number, by which who asked sees whether it is whole."""

    n_same: int
    before: list[SnapshotEntry]
    after: list[SnapshotEntry]
    merkles: tuple[bytes, bytes]
    n_entries: tuple[int, int]


class _LeavesAfter:
    """Reads the leaves of a snapshot page by page."""

    def __init__(self, snapshot_id: str) -> None:
        one = SNAPSHOT_ENTRIES.c
        query = select(one.number, one.entries, one.ctimes).where(one.snapshot_id == snapshot_id)
        self._query = query.order_by(one.number).limit(PAGE_ROWS // PER_LEAF)

    def __call__(self, connection: Connection, last: Any) -> Sequence[Any]:
        query = self._query if last is None else self._query.where(SNAPSHOT_ENTRIES.c.number > last.number)
        return connection.execute(query).all()


class _Tally:
    """Hands entries on, and knows in the end what they come to."""

    def __init__(self, entries: Iterable[SnapshotEntry]) -> None:
        self._entries = entries
        self.roots: dict[bytes, None] = {}
        self._least: Protection | None = None
        self._n_entries = self._n_held = self._held_bytes = 0

    def __iter__(self) -> Iterator[SnapshotEntry]:
        for entry in self._entries:
            self.roots[entry.root] = None
            self._n_entries += 1
            if entry.level is not None and entry.level is not Protection.NAME:
                self._n_held += 1
                self._held_bytes += entry.fingerprint.size_bytes
                self._least = self._least or entry.level
                if entry.level is Protection.CONTENT_REFLINK and self._least is Protection.CONTENT_COPY:
                    self._least = entry.level
            elif self._least is not Protection.NAME and not entry.is_folder:
                self._least = Protection.NAME
            yield entry

    def info(self, head: SnapshotHead, merkle: bytes) -> SnapshotInfo:
        """What they came to."""
        level = (self._least or Protection.NAME).value
        held_bytes = min(self._held_bytes, LARGEST)  # sparse files may claim more than there is on any disk
        return SnapshotInfo(replace(head, level=level), merkle, self._n_entries, self._n_held, held_bytes)


def _parted(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    for row in rows:
        yield [*row[:4], row[4:]]


def _write_contents(connection: Connection, contents: Iterable[HeldContent]) -> None:
    known = frozenset(connection.execute(select(CONTENTS.c.digest)).scalars())
    columns = ("digest", "place", "size_bytes", "level", "created_ns", "source")
    fresh = {each.digest: each for each in contents if each.digest not in known}
    rows = (
        (each.digest, each.place, each.size_bytes, each.level.value, each.created_ns, each.source)
        for each in fresh.values()
    )
    insert_rows(connection, CONTENTS, columns, rows)


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
        "n_held": 0,
        "held_bytes": 0,
        "final": False,
    }


def _write_leaves(connection: Connection, snapshot_id: str, leaves_: Iterable[Leaf]) -> bytes:
    """Write the leaves as they come; the hash over all of them."""
    tree = MerkleTree()

    def rows() -> Iterator[tuple[Any, ...]]:
        for number, leaf in enumerate(leaves_):
            tree.add(leaf)
            yield snapshot_id, number, leaf.entries, leaf.ctimes

    for some in batches(rows(), LEAVES_AT_ONCE):
        insert_rows(connection, SNAPSHOT_ENTRIES, ("snapshot_id", "number", "entries", "ctimes"), some)
    return tree.root


def _write_roots(connection: Connection, snapshot_id: str, roots: Iterable[tuple[bytes, str | None]]) -> None:
    rows = ((snapshot_id, number, root, filesystem) for number, (root, filesystem) in enumerate(roots))
    insert_rows(connection, SNAPSHOT_ROOTS, ("snapshot_id", "number", "path", "filesystem"), rows)


def _by_place(leaves_: Iterable[Leaf]) -> dict[tuple[bytes, bytes], Row]:
    return {(row.root, row.path): row for leaf in leaves_ for row in rows_of(leaf)}


def _n_entries(leaves_: Sequence[Leaf]) -> int:
    """How many entries they hold: a full number on all but the last."""
    return sum(len(leaf.ctimes) for leaf in leaves_) // TIME_BYTES


def _root(leaves_: Iterable[Leaf]) -> bytes:
    tree = MerkleTree()
    for leaf in leaves_:
        tree.add(leaf)
    return tree.root


def _versions(connection: Connection, *conditions: Any) -> list[VersionInfo]:
    one = VERSIONS.c
    columns = (one.version, one.plan_id, one.run_id, one.snapshot_id, one.target, one.created_ns, one.n_moved)
    query = select(*columns, one.kind).where(*conditions).order_by(one.version)
    return [_version(row) for row in connection.execute(query)]


def _version(row: Any) -> VersionInfo:
    version, plan_id, run_id, snapshot_id, target, created_ns, n_moved, kind = row
    return VersionInfo(version, plan_id, run_id, snapshot_id, target, created_ns, n_moved, VersionKind(kind))
