"""Use cases: mount a version, or the tree as it would be after an undo. Read-only; the views of plans are in `mounting`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from ifmosfs.app.looking import ROLLBACK_PREFIX, VERSION_PREFIX
from ifmosfs.app.looking_again import LookedFor
from ifmosfs.app.mounting import check_mount_point, require_apart
from ifmosfs.app.restoring import whereabouts
from ifmosfs.app.snapshotting import held_place
from ifmosfs.app.undoing import Chosen, add_copies, prepare_rollback
from ifmosfs.app.versioning import find_version, read_manifest
from ifmosfs.core.errors import Locked, WrongState
from ifmosfs.core.execute import execute
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.journal import OpKind, Recorded
from ifmosfs.core.manifest import PlanInfo, SnapshotEntry, SnapshotInfo
from ifmosfs.core.names import CONTROL_NAME, join, split
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk, RememberingJournal
from ifmosfs.core.restoring import Seen, Whereabouts
from ifmosfs.platform import daemon, host
from ifmosfs.view.readonly import ReadOnlyView, Shown

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.store.journal import SqliteJournal

# How long a request waits for another look for what it misses. An attribute is asked for in a thread that serves everybody, and is
# true the next time it is asked for; opening a file has a thread for itself.
OPENING_S: Final = 60.0
ASKING_S: Final = 0.5
HELD: Final = b"held"
N_LOOKS: Final = 3  # for one request, while files go on being moved


@dataclass(frozen=True, slots=True)
class PastMount:
    """A read-only mount that came up; `name` is what the mount table calls it."""

    name: str
    mount_point: bytes
    pid: int


def mount_version(app: App, wanted: str, mount_point: bytes | None) -> PastMount:
    """Mount a version in a process of its own. Raises as `find_version` and `read_manifest`; MountProblem, BackendMissing."""
    _, info = find_version(app, wanted)
    roots = {entry.root for entry in read_manifest(app, info)}
    id_ = info.head.snapshot_id
    return _mount(app, VERSION_PREFIX + id_, sorted(roots), mount_point, ["--version", id_])


def mount_rollback(app: App, info: PlanInfo, mount_point: bytes | None) -> PastMount:
    """Mount the tree as it would be after the plan's rollback. Raises as `prepare_rollback`; MountProblem, BackendMissing."""
    roots = [info.target, *(root.path for root in app.catalogue.load_plan_head(info.plan_id).roots)]
    return _mount(app, ROLLBACK_PREFIX + info.plan_id, roots, mount_point, ["--rollback", info.plan_id])


def _mount(app: App, name: str, roots: Sequence[bytes], mount_point: bytes | None, what: Sequence[str]) -> PastMount:
    where, _ = check_mount_point(app, mount_point)
    require_apart(app, roots, where)
    logs = app.settings.state_folder / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    arguments: list[str | bytes] = [sys.executable, "-m", "ifmosfs", "serve", *what, "--mount-point", where]
    pid = daemon.start([*arguments, "--ready-fd"], logs / f"mount-{name}.log")
    return PastMount(name, where, pid)


def serve_version(app: App, snapshot_id: str, mount_point: bytes, on_ready: Callable[[], None]) -> None:
    """Serve a version until it is unmounted."""
    _, info = find_version(app, snapshot_id)
    entries = read_manifest(app, info)
    source = _VersionSource(app, entries, info)
    layout = _Layout(sorted({entry.root for entry in entries}))
    filesystems = app.catalogue.snapshot_filesystems(info.head.snapshot_id)
    shown = [
        Shown(
            layout.path(entry.place),
            entry.mode or 0o100644,
            entry.fingerprint.size_bytes,
            entry.fingerprint.mtime_ns,
            number,
            _file_of(entry, filesystems),
        )
        for number, entry in enumerate(entries)
    ]
    _serve(app, shown, source, VERSION_PREFIX + snapshot_id, mount_point, on_ready, info.head.created_ns)


def serve_rollback(app: App, plan_id: str, mount_point: bytes, on_ready: Callable[[], None]) -> None:
    """Serve what would be after a rollback until it is unmounted."""
    rehearsed = _rehearsed(app, app.catalogue.find_plan(plan_id, None))
    stage, roots = rehearsed.stage, rehearsed.roots
    found = [each for root in roots for each in _below(stage, root)]
    layout = _Layout([root for root in roots if _is_folder(stage, Place(root, b""))])
    shown = [
        Shown(layout.path(place), attr.mode, attr.size_bytes, attr.mtime_ns, number, _file_at(attr))
        for number, (place, attr) in enumerate(found)
    ]
    source = _RehearsedSource(app, plan_id, found, rehearsed)
    _serve(app, shown, source, ROLLBACK_PREFIX + plan_id, mount_point, on_ready, host.now_ns())


def _serve(
    app: App,
    shown: Sequence[Shown],
    source: _VersionSource | _RehearsedSource,
    name: str,
    mount_point: bytes,
    on_ready: Callable[[], None],
    at_ns: int,
) -> None:
    from ifmosfs.platform import fuse

    root = Place(os.fsencode(app.settings.state_folder), b"")
    view = ReadOnlyView(shown, source, owner=host.owner(), now_ns=at_ns, space=partial(app.disk.space, root))
    driver = fuse.Driver(app.settings.driver) if app.settings.driver else None
    fuse.serve(view, mount_point, name=name, on_ready=on_ready, driver=driver)


class _Layout:
    """Where the places of several folders are in one tree: directly where it is only one, else in a folder for each."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        self._prefixes: dict[bytes, bytes] = {}
        for root in roots:
            name = split(root)[1] or b"root"
            number = 1
            while (prefix := name if number == 1 else name + b" (%d)" % number) in self._prefixes.values():
                number += 1
            self._prefixes[root] = b"" if len(roots) == 1 else prefix

    def path(self, place: Place) -> bytes:
        """The path in the view."""
        prefix = self._prefixes.get(place.root, split(place.root)[1])
        return join(prefix, place.path) if prefix else place.path


# A version


def _file_of(entry: SnapshotEntry, filesystems: Mapping[bytes, str]) -> Hashable:
    """What the names of one file have in common. A manifest does not tell how many there are."""
    if entry.kind is Kind.FOLDER:
        return None
    print_ = entry.fingerprint
    return (
        filesystems.get(entry.root, entry.root),
        print_.inode,
        print_.birth_ns,
        print_.size_bytes,
        print_.mtime_ns,
        entry.kind,
    )


class _Moves:
    """What runs have moved since a version, as far as the journal could be asked."""

    def __init__(self, app: App, since_ns: int) -> None:
        self._app = app
        self._since_ns = since_ns
        self._trace: object = None
        self._rows: list[Recorded] = []

    def now(self) -> list[Recorded]:
        """All of them, the oldest first; those that were known before while another process moves files."""
        with suppress(Locked):
            if self._trace is None or self._trace != self._traced():
                self._read()
        return self._rows

    def _read(self) -> None:
        with self._app.writing() as journal:
            runs = [run for run in journal.runs() if (run.finished_ns or run.started_ns) > self._since_ns]
            rows = [row for run in runs for row in journal.recorded(run.run_id) if row.operation.kind is OpKind.MOVE]
            self._rows, self._trace = rows, self._traced()

    def _traced(self) -> tuple[tuple[int, int], ...]:
        """What tells that nothing was written to the journal: to read it keeps the others from moving files."""
        found = []
        for name in ("journal.db", "journal.db-wal"):
            with suppress(OSError):
                attr = os.stat(self._app.settings.state_folder / name)
                if attr.st_size:  # it is there, and empty, while the journal is only read
                    found.append((attr.st_size, attr.st_mtime_ns))
        return tuple(found)


class _VersionSource:
    """The files of a version: where they are unchanged, else where a snapshot holds their content."""

    def __init__(self, app: App, entries: Sequence[SnapshotEntry], info: SnapshotInfo) -> None:
        self._app = app
        self._entries = entries
        self._moves = _Moves(app, info.head.created_ns)
        self._where = LookedFor(self._places_now(), lambda _: self._places_now())

    def _places_now(self) -> Whereabouts:
        return whereabouts(self._app, self._entries, self._moves.now())

    def open_read(self, number: int) -> int:
        """See `view.readonly.Source`."""
        entry = self._entries[number]
        for place, expected in self._candidates(entry, OPENING_S):
            try:
                descriptor = self._app.disk.open_read(place)
            except OSError:
                continue
            if _is(os.fstat(descriptor), expected) and self._is_meant(place, expected):
                return descriptor
            os.close(descriptor)
        held = None if entry.digest is None else held_place(self._app, entry.digest)
        if held is None:
            raise FsError(FsErrorKind.NOT_HELD, entry.path)
        return self._app.disk.open_read(held)

    def read_link(self, number: int) -> bytes:
        """See `view.readonly.Source`."""
        entry = self._entries[number]
        for place, expected in self._candidates(entry, OPENING_S):
            if self._is_meant(place, expected):
                return self._app.disk.read_link(place)
        raise FsError(FsErrorKind.NOT_HELD, entry.path)

    def attributes(self, number: int) -> Mapping[bytes, bytes]:
        """`status`: `there`, `elsewhere` (then `place` says where), `held`, or `gone`; `protection`."""
        entry = self._entries[number]
        level = b"NAME" if entry.level is None else entry.level.value.encode()
        for place, expected in self._candidates(entry, ASKING_S):
            if self._is_meant(place, expected):
                status = b"there" if place == entry.place else b"elsewhere"
                return {b"status": status, b"place": place.absolute, b"protection": level}
        is_held = entry.digest is not None and held_place(self._app, entry.digest) is not None
        return {b"status": b"held" if is_held else b"gone", b"protection": level}

    def _candidates(self, entry: SnapshotEntry, patience_s: float) -> Iterator[Seen]:
        """Where the bytes that the version had may be: only what has the size and the time that were recorded. The caller who is
        content with none of them has them looked for again."""
        yield Seen(entry.place, entry.fingerprint)
        recorded = entry.fingerprint
        for _ in range(N_LOOKS):
            n_looks, where = self._where.found
            known = [
                each
                for each in where.of(entry)
                if (each.fingerprint.size_bytes, each.fingerprint.mtime_ns) == (recorded.size_bytes, recorded.mtime_ns)
            ]
            yield from known
            has_gone = any(not self._is_meant(*each) for each in known)
            if not self._where.again(n_looks, patience_s, is_news=has_gone):
                return

    def _is_meant(self, place: Place, expected: Fingerprint) -> bool:
        try:
            return self._app.disk.lstat(place).fingerprint.same_file(expected)
        except OSError:
            return False


def _is(found: os.stat_result, expected: Fingerprint) -> bool:
    now = (found.st_ino, found.st_size, found.st_mtime_ns)
    return now == (expected.inode, expected.size_bytes, expected.mtime_ns)


# After an undo


def _below(stage: RehearsalDisk, root: bytes) -> Iterator[tuple[Place, Attr]]:
    """Everything that would be below a root, on its filesystem, without the program's own folder."""
    if not _is_folder(stage, Place(root, b"")):
        return
    device = stage.lstat(Place(root, b"")).device
    pending = [b""]
    while pending:
        path = pending.pop()
        try:
            entries = stage.list_folder(Place(root, path))
        except OSError:
            continue  # it may not be looked into, and is shown empty
        for name, attr in entries:
            if name == CONTROL_NAME or attr.device != device or attr.kind is Kind.OTHER:
                continue
            place = Place(root, join(path, name))
            yield place, attr
            if attr.kind is Kind.FOLDER:
                pending.append(place.path)


def _is_folder(stage: RehearsalDisk, place: Place) -> bool:
    try:
        return stage.lstat(place).kind is Kind.FOLDER
    except OSError:
        return False


class _Rehearsed(NamedTuple):
    """The tree after an undo, on a disk that is only in memory. `held`: where contents are that snapshots hold; `strays`: where shown
    files are, by their numbers, that somebody has moved, so that the undo would not bring them to where they are shown."""

    stage: RehearsalDisk
    held: frozenset[Place]
    roots: Sequence[bytes]
    strays: Mapping[int, Place] = MappingProxyType({})


def _rehearsed(app: App, info: PlanInfo) -> _Rehearsed:
    """Raises as `prepare_rollback`; Locked while another process moves files."""
    with (
        app.writing() as journal
    ):  # no longer than to read it: a rehearsal of many files must not keep others from moving
        noted = _noted(journal, info.plan_id)
    stage = RehearsalDisk(app.disk)
    prepared = prepare_rollback(app, noted, Chosen(info))
    add_copies(stage, prepared)
    execute(prepared.planned.order, stage, NullJournal(), now_ns=host.now_ns)
    moved = {step.target.root for step in prepared.planned.order.steps}
    scanned = {root.path for root in app.catalogue.load_plan_head(info.plan_id).roots}
    held = frozenset(offer.held for offer in prepared.planned.copies)
    return _Rehearsed(stage, held, sorted(moved | {info.target} | scanned))


def _file_at(attr: Attr) -> Hashable:
    """What the names of one file have in common; each copy of a held content is a file of its own."""
    return None if attr.kind is Kind.FOLDER or attr.n_links == 1 else (attr.device, attr.inode)


def _noted(journal: SqliteJournal, plan_id: str) -> RememberingJournal:
    """What the journal says of a plan and of all that ran since its first run."""
    noted = RememberingJournal(NullJournal())
    since_ns = min((run.started_ns for run in journal.runs(plan_id)), default=0)
    for run in journal.runs():
        if run.started_ns < since_ns:
            continue
        noted.begin(run)
        rows = list(journal.recorded(run.run_id))
        noted.intend(run.run_id, [row.operation for row in rows])
        noted.settle(run.run_id, [row.outcome for row in rows])
    return noted


class _RehearsedSource:
    """Files where they are now, shown where the undo would bring them, or has brought them meanwhile."""

    def __init__(self, app: App, plan_id: str, found: Sequence[tuple[Place, Attr]], rehearsed: _Rehearsed) -> None:
        self._app = app
        self._plan_id = plan_id
        self._found = found
        self._moves = _Moves(app, host.now_ns())
        self._rehearsed = LookedFor(rehearsed, self._rehearsed_again)
        self._lock = threading.Lock()  # a rehearsal remembers what it has seen, and is for one thread at a time

    def _rehearsed_again(self, last: _Rehearsed) -> _Rehearsed:
        try:
            rehearsed = _rehearsed(self._app, self._app.catalogue.find_plan(self._plan_id, None))
        except WrongState:  # nothing is to be moved back any more
            rehearsed = _Rehearsed(RehearsalDisk(self._app.disk), frozenset(), last.roots)
        return rehearsed._replace(strays=self._strays(rehearsed))

    def _strays(self, rehearsed: _Rehearsed) -> dict[int, Place]:
        lost = [
            number
            for number, (_, attr) in enumerate(self._found)
            if attr.kind is not Kind.FOLDER and not self._is_found(rehearsed, number)
        ]
        entries = [_as_entry(*self._found[number]) for number in lost]
        where = whereabouts(self._app, entries, self._moves.now()) if lost else None
        found = {}
        for number, entry in zip(lost, entries, strict=True):
            for place, now in where.of(entry) if where else ():
                if (now.size_bytes, now.mtime_ns) == (entry.fingerprint.size_bytes, entry.fingerprint.mtime_ns):
                    found[number] = place
        return found

    def _is_found(self, rehearsed: _Rehearsed, number: int) -> bool:
        known = self._known(rehearsed, number)
        return any(self._is_there(number, now, is_held=status == HELD) for now, status in known)

    def open_read(self, number: int) -> int:
        """See `view.readonly.Source`. STALE for what is another file by now."""
        place, shown = self._found[number]
        is_there = False
        for now, status in self._candidates(number, OPENING_S):
            try:
                descriptor = self._app.disk.open_read(now)
            except OSError:
                continue
            found = os.fstat(descriptor)
            if found.st_size == shown.size_bytes and (status == HELD or found.st_mtime_ns == shown.mtime_ns):
                return descriptor
            is_there = True
            os.close(descriptor)
        raise FsError(FsErrorKind.STALE if is_there else FsErrorKind.NOT_HELD, place.path)

    def read_link(self, number: int) -> bytes:
        """See `view.readonly.Source`."""
        for now, status in self._candidates(number, OPENING_S):
            if self._is_there(number, now, is_held=status == HELD):
                return self._app.disk.read_link(now)
        raise FsError(FsErrorKind.NOT_HELD, self._found[number][0].path)

    def attributes(self, number: int) -> Mapping[bytes, bytes]:
        """`status`: `moves back`, `held` (it comes from a held content), `stays`, `elsewhere` (somebody has moved it, and the undo
        leaves it there) or `gone`; `place`: where it is now."""
        for now, status in self._candidates(number, ASKING_S):
            if self._is_there(number, now, is_held=status == HELD):
                return {b"status": status, b"place": now.absolute}
        return {b"status": b"gone"}

    def _candidates(self, number: int, patience_s: float) -> Iterator[tuple[Place, bytes]]:
        """Where the file may be, with its status if it is there. The caller who is content with none has it looked for again."""
        for _ in range(N_LOOKS):
            n_looks, rehearsed = self._rehearsed.found
            yield from self._known(rehearsed, number)
            if not self._rehearsed.again(n_looks, patience_s, is_news=self._has_gone(rehearsed, number)):
                return

    def _known(self, rehearsed: _Rehearsed, number: int) -> list[tuple[Place, bytes]]:
        """Where the undo would take it from, where it would bring it or has brought it, and where it was found else."""
        place, known = self._found[number][0], []
        with suppress(OSError), self._lock:
            now = rehearsed.stage.origin(place)
            if now in rehearsed.held:
                known.append((now, HELD))
            elif now.absolute != place.absolute:
                known.append((now, b"moves back"))
        known.append((place, b"stays"))
        if number in rehearsed.strays:
            known.append((rehearsed.strays[number], b"elsewhere"))
        return known

    def _has_gone(self, rehearsed: _Rehearsed, number: int) -> bool:
        """Whether the file was found as it is shown when it was looked for last, of one that is nowhere by now."""
        place, shown = self._found[number]
        found, is_held = rehearsed.strays.get(number), False
        with suppress(OSError), self._lock:
            origin = rehearsed.stage.origin(place)
            if _is_same(rehearsed.stage.lstat(place), shown, is_held=origin in rehearsed.held):
                found, is_held = origin, origin in rehearsed.held
        return found is not None and not self._is_there(number, found, is_held=is_held)

    def _is_there(self, number: int, now: Place, *, is_held: bool) -> bool:
        try:
            attr = self._app.disk.lstat(now)
        except OSError:
            return False
        return _is_same(attr, self._found[number][1], is_held=is_held)


def _as_entry(place: Place, attr: Attr) -> SnapshotEntry:
    return SnapshotEntry(place.root, place.path, attr.fingerprint, None, attr.mode)


def _is_same(attr: Attr, shown: Attr, *, is_held: bool) -> bool:
    """Whether it is what the view shows; the time of a held content is that of the snapshot's, and not the file's."""
    return attr.size_bytes == shown.size_bytes and (is_held or attr.mtime_ns == shown.mtime_ns)
