"""Use cases: mount a version, or the tree as it would be after an undo. Read-only; the views of plans are in `mounting`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ifmosfs.app.looking import ROLLBACK_PREFIX, VERSION_PREFIX
from ifmosfs.app.mounting import check_mount_point, require_apart
from ifmosfs.app.restoring import whereabouts
from ifmosfs.app.snapshotting import held_place
from ifmosfs.app.undoing import Chosen, add_copies, prepare_rollback
from ifmosfs.app.versioning import find_version, read_manifest
from ifmosfs.core.errors import Locked
from ifmosfs.core.execute import execute
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.journal import OpKind
from ifmosfs.core.manifest import PlanInfo, SnapshotEntry, SnapshotInfo
from ifmosfs.core.names import CONTROL_NAME, join, split
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from ifmosfs.core.restoring import Seen, Whereabouts
from ifmosfs.platform import daemon, host
from ifmosfs.view.readonly import ReadOnlyView, Shown

if TYPE_CHECKING:
    from ifmosfs.app.context import App


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
    source = _VersionSource(app, entries, _places_now(app, entries, info))
    layout = _Layout(sorted({entry.root for entry in entries}))
    shown = [
        Shown(
            layout.path(entry.place),
            entry.mode or 0o100644,
            entry.fingerprint.size_bytes,
            entry.fingerprint.mtime_ns,
            number,
        )
        for number, entry in enumerate(entries)
    ]
    _serve(app, shown, source, VERSION_PREFIX + snapshot_id, mount_point, on_ready, info.head.created_ns)


def serve_rollback(app: App, plan_id: str, mount_point: bytes, on_ready: Callable[[], None]) -> None:
    """Serve what would be after a rollback until it is unmounted."""
    info = app.catalogue.find_plan(plan_id, None)
    stage = RehearsalDisk(app.disk)
    with app.writing() as journal:
        prepared = prepare_rollback(app, journal, Chosen(info))
    add_copies(stage, prepared)
    execute(prepared.planned.order, stage, NullJournal(), now_ns=host.now_ns)
    moved = {step.target.root for step in prepared.planned.order.steps}
    roots = sorted(moved | {info.target} | {root.path for root in app.catalogue.load_plan_head(plan_id).roots})
    found = [each for root in roots for each in _below(stage, root)]
    layout = _Layout([root for root in roots if _is_folder(stage, Place(root, b""))])
    shown = [
        Shown(layout.path(place), attr.mode, attr.size_bytes, attr.mtime_ns, number)
        for number, (place, attr) in enumerate(found)
    ]
    source = _RehearsedSource(stage, found, frozenset(offer.held for offer in prepared.planned.copies))
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


def _places_now(app: App, entries: Sequence[SnapshotEntry], info: SnapshotInfo) -> Whereabouts:
    """Where the files are; while another process moves files it is not asked what runs have done, only looked."""
    try:
        with app.writing() as journal:
            runs = [run for run in journal.runs() if (run.finished_ns or run.started_ns) > info.head.created_ns]
            later = [row for run in runs for row in journal.recorded(run.run_id) if row.operation.kind is OpKind.MOVE]
    except Locked:
        later = []
    return whereabouts(app, entries, later)


class _VersionSource:
    """The files of a version: where they are unchanged, else where a snapshot holds their content."""

    def __init__(self, app: App, entries: Sequence[SnapshotEntry], where: Whereabouts) -> None:
        self._app = app
        self._entries = entries
        self._where = where

    def open_read(self, number: int) -> int:
        """See `view.readonly.Source`."""
        entry = self._entries[number]
        for place, expected in self._candidates(entry):
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
        for place, expected in self._candidates(entry):
            if self._is_meant(place, expected):
                return self._app.disk.read_link(place)
        raise FsError(FsErrorKind.NOT_HELD, entry.path)

    def attributes(self, number: int) -> Mapping[bytes, bytes]:
        """`status`: `there`, `elsewhere` (then `place` says where), `held`, or `gone`; `protection`."""
        entry = self._entries[number]
        level = b"NAME" if entry.level is None else entry.level.value.encode()
        for place, expected in self._candidates(entry):
            if self._is_meant(place, expected):
                status = b"there" if place == entry.place else b"elsewhere"
                return {b"status": status, b"place": place.absolute, b"protection": level}
        is_held = entry.digest is not None and held_place(self._app, entry.digest) is not None
        return {b"status": b"held" if is_held else b"gone", b"protection": level}

    def _candidates(self, entry: SnapshotEntry) -> Iterator[Seen]:
        """Where the bytes that the version had may be: only what has the size and the time that were recorded."""
        yield Seen(entry.place, entry.fingerprint)
        recorded = entry.fingerprint
        for each in self._where.of(entry):
            now = each.fingerprint
            if now.size_bytes == recorded.size_bytes and now.mtime_ns == recorded.mtime_ns:
                yield each

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


class _RehearsedSource:
    """Files where they are now, shown where the undo would bring them."""

    def __init__(self, stage: RehearsalDisk, found: Sequence[tuple[Place, Attr]], held: Collection[Place]) -> None:
        self._stage = stage
        self._found = found
        self._held = held

    def open_read(self, number: int) -> int:
        """See `view.readonly.Source`. STALE for what is another file by now."""
        place, attr = self._found[number]
        descriptor = self._stage.open_read(place)
        now = os.fstat(descriptor)
        is_held = self._stage.origin(place) in self._held  # its time is that of the snapshot's, and not the file's
        if now.st_size != attr.size_bytes or (now.st_mtime_ns != attr.mtime_ns and not is_held):
            os.close(descriptor)
            raise FsError(FsErrorKind.STALE, place.path)
        return descriptor

    def read_link(self, number: int) -> bytes:
        """See `view.readonly.Source`."""
        return self._stage.read_link(self._found[number][0])

    def attributes(self, number: int) -> Mapping[bytes, bytes]:
        """`status`: `moves back`, `held` (it comes from a held content) or `stays`; `place`: where it is now."""
        place, _ = self._found[number]
        now = self._stage.origin(place)
        status = b"stays" if now.absolute == place.absolute else b"moves back"
        if now in self._held:
            status = b"held"
        return {b"status": status, b"place": now.absolute}
