"""Small orders with units, displaced files, carried folders and cycles, and the oracle that all of them are held to.

A scene is one disk with one order whose steps are one unit, or one step, so that there are only two right ends: all or nothing.
`/in` and `/out` are one filesystem, `/usb` is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.journal import Journal, RunState
from ifmosfs.core.names import join
from ifmosfs.core.ordering import in_order
from ifmosfs.core.ports import Disk, DiskReader
from ifmosfs.core.recover import recover
from ifmosfs.core.steps import Step
from ifmosfs.core.vault import VAULT_MODE, replaced_place, vault_folders
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.adapters.trees import Tree
from tests.core.committing import BOOT, TOP, contents, everything, make_run, reserved_names, roll_back, run_order

Files = dict[bytes, object]
Pair = tuple[tuple[bytes, bytes], tuple[bytes, bytes]]

INBOX: Tree = {
    b"in": {
        b"raw": b"raw",
        b"xmp": b"xmp",
        b"more": b"more",
        b"project": {b".git": {b"HEAD": b"ref"}, b"src": b"code"},
    },
    b"out": {b"raw old": b"displaced", b"a": b"A", b"b": b"B", b"c": b"C"},
}
USB: Tree = {b"raw": b"far raw", b"xmp": b"far xmp", b"d": {b"more": b"far more"}}


@dataclass(frozen=True)
class Scene:
    """`moves`, in this order one unit; the files of the target that must leave first are named in `displaced`."""

    moves: Sequence[Pair]
    displaced: Sequence[bytes] = ()
    is_folder: bool = False
    is_cycle: bool = False

    def disk(self) -> MemoryDisk:
        """The disk before anything happened."""
        disk = MemoryDisk.from_tree(INBOX)
        disk.add_filesystem(b"/usb", USB)
        return disk

    def order(self, disk: DiskReader) -> WorkOrder:
        """The order, with the fingerprints that the disk has now."""
        steps = [
            Step(number, Place(*source), Place(*target), disk.lstat(Place(*source)).fingerprint, None, unit=1)
            for number, (source, target) in enumerate(self.moves, 1)
        ]
        away = [replaced_place(b"/out", "p", path) for path in self.displaced]
        leaving = [
            Step(0, Place(b"/out", path), place, disk.lstat(Place(b"/out", path)).fingerprint, None, unit=1)
            for path, place in zip(self.displaced, away, strict=True)
        ]
        if self.is_folder:
            steps = [replace(step, action_id=0, unit=0, is_folder=True) for step in steps]
        if self.is_cycle:
            steps = list(in_order([replace(step, unit=0) for step in steps], "r1"))
        folders = tuple((place, VAULT_MODE) for place in vault_folders(away))
        made = ((Place(b"/out", b"made"), 0o755),)
        return WorkOrder(make_run(), (*folders, *made), (*leaving, *steps), remove_emptied=True)


SCENES = {
    "two near": Scene([((b"/in", b"raw"), (b"/out", b"made/raw")), ((b"/in", b"xmp"), (b"/out", b"made/xmp"))]),
    "two far": Scene([((b"/usb", b"raw"), (b"/out", b"made/raw")), ((b"/usb", b"xmp"), (b"/out", b"made/xmp"))]),
    "near and far": Scene(
        [
            ((b"/in", b"raw"), (b"/out", b"made/raw")),
            ((b"/usb", b"d/more"), (b"/out", b"made/more")),
            ((b"/in", b"xmp"), (b"/out", b"made/xmp")),
        ]
    ),
    "near replaces": Scene([((b"/in", b"raw"), (b"/out", b"raw old"))], displaced=[b"raw old"]),
    "far replaces": Scene([((b"/usb", b"raw"), (b"/out", b"raw old"))], displaced=[b"raw old"]),
    "far replaces, with another": Scene(
        [((b"/usb", b"raw"), (b"/out", b"raw old")), ((b"/usb", b"xmp"), (b"/out", b"xmp"))], displaced=[b"raw old"]
    ),
    "carried": Scene([((b"/in", b"project"), (b"/out", b"made/project"))], is_folder=True),
    "swap": Scene([((b"/out", b"a"), (b"/out", b"b")), ((b"/out", b"b"), (b"/out", b"a"))], is_cycle=True),
    "cycle of three": Scene(
        [
            ((b"/out", b"a"), (b"/out", b"b")),
            ((b"/out", b"b"), (b"/out", b"c")),
            ((b"/out", b"c"), (b"/out", b"a")),
        ],
        is_cycle=True,
    ),
}


def files(disk: DiskReader, folder: Place = TOP) -> Files:
    """Content by absolute path, without the folders."""
    found: Files = {}
    for name, attr in disk.list_folder(folder):
        place = Place(folder.root, join(folder.path, name))
        if attr.kind is Kind.FOLDER:
            found |= files(disk, place)
        else:
            found[place.absolute] = disk.digest(place)
    return found


def ends_of(scene: Scene) -> tuple[Files, Files]:
    """(nothing, all): the files of the two right ends."""
    disk = scene.disk()
    before = files(disk)
    run_order(scene.order(disk), disk, MemoryJournal())
    after = files(disk)
    assert before != after
    return before, after


def recovered(disk: Disk, journal: Journal, boot: str = BOOT) -> None:
    """Recover what has not finished, as after a crash on the given boot."""
    for run in list(journal.unfinished()):
        recover(run, disk, journal, now_ns=lambda: 1, boot_id=boot)


def assert_all_or_none(scene: Scene, disk: MemoryDisk, journal: MemoryJournal, *, with_times: bool = True) -> Files:
    """Nothing lost or left over, all or none of the unit moved, a second recovery does nothing, a rollback gives the start.

    Returns the end that it came to."""
    before, after = ends_of(scene)
    assert contents(disk) == contents(scene.disk())
    assert reserved_names(disk) == []
    now = files(disk)
    assert now in (before, after)
    recovered(disk, journal)
    assert files(disk) == now
    assert all(run.state in {RunState.STOPPED, RunState.COMPLETE} for run in journal.runs())
    assert roll_back(disk, journal, "back").problems == ()
    assert files(disk) == before
    if with_times:
        assert everything(disk) == everything(scene.disk())
    return now


def crashes(scene: Scene, *, after: bool) -> Iterator[tuple[MemoryDisk, MemoryJournal]]:
    """The scene's disk and journal after a crash at each effect of its run in turn."""
    n = 0
    while True:
        disk, journal = scene.disk(), MemoryJournal()
        crashing = CrashAfter(disk, n, after=after)
        try:
            run_order(scene.order(disk), crashing, journal)
        except Crash:
            yield disk, journal
        if crashing.n_effects <= n:
            return
        n += 1
