"""The scenario that the tests of commit, recovery and rollback share, and the oracle that they are held to.

`/in` and `/out` are one filesystem, `/usb` is another. The order has moves on one filesystem, moves between two (a file and a
symlink), a chain (`/out/old` goes away, then `/in/a` takes its name), folders to make in folders to make, and folders to remove
together with their parents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import count

from ifmosfs.core.execute import WorkOrder, execute
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.journal import Journal, OpKind, OpState, Run, RunKind, RunState
from ifmosfs.core.names import join
from ifmosfs.core.ports import Disk, DiskReader
from ifmosfs.core.recover import recover
from ifmosfs.core.reports import RunReport
from ifmosfs.core.rollback import plan_rollback
from ifmosfs.core.steps import Step
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.adapters.trees import Link, Tree

BOOT = "boot-1"
BEFORE: Tree = {
    b"in": {
        b"a": b"first",
        b"deep": {b"deeper": {b"b\xff\n": b"second"}},
        b"kept": {b"c": b"third", b"stays": b"stays"},
    },
    b"out": {b"old": b"was here", b"theirs": b"theirs"},
}
USB: Tree = {b"pictures": {b"d": b"fourth" * 1000, b"link": Link(b"/")}, b"e": b"fifth"}
AFTER: dict[bytes, object] = {
    b"in": {b"kept": {b"stays": b"stays"}},
    b"out": {
        b"made": {b"inner": {b"b\xff\n": b"second", b"d": b"fourth" * 1000}, b"link": Link(b"/")},
        b"c": b"third",
        b"e": b"fifth",
        b"old": b"first",
        b"older": b"was here",
        b"theirs": b"theirs",
    },
    b"usb": {},
}
MOVES: Sequence[tuple[tuple[bytes, bytes], tuple[bytes, bytes]]] = (
    ((b"/out", b"old"), (b"/out", b"older")),
    ((b"/in", b"a"), (b"/out", b"old")),
    ((b"/usb", b"pictures/d"), (b"/out", b"made/inner/d")),
    ((b"/in", b"deep/deeper/b\xff\n"), (b"/out", b"made/inner/b\xff\n")),
    ((b"/usb", b"pictures/link"), (b"/out", b"made/link")),
    ((b"/in", b"kept/c"), (b"/out", b"c")),
    ((b"/usb", b"e"), (b"/out", b"e")),
)
FOLDERS = ((Place(b"/out", b"made"), 0o755), (Place(b"/out", b"made/inner"), 0o750))
TIMES = ((Place(b"/out", b"made"), 111), (Place(b"/out", b""), 222))


def make_disk() -> MemoryDisk:
    """The disk before anything happened."""
    disk = MemoryDisk.from_tree(BEFORE)
    disk.add_filesystem(b"/usb", USB)
    return disk


def make_run(run_id: str = "r1", kind: RunKind = RunKind.COMMIT) -> Run:
    """A run of the plan `p` that is about to begin."""
    return Run(run_id, kind, "p", b"/out", RunState.RUNNING, 0, BOOT, 1)


def make_steps(disk: DiskReader, moves: Sequence[tuple[tuple[bytes, bytes], tuple[bytes, bytes]]]) -> tuple[Step, ...]:
    """Steps with the fingerprints that the disk has now, numbered from 1."""
    return tuple(
        Step(number, Place(*source), Place(*target), disk.lstat(Place(*source)).fingerprint)
        for number, (source, target) in enumerate(moves, 1)
    )


def make_order(disk: DiskReader, run_id: str = "r1") -> WorkOrder:
    """The whole order of the scenario."""
    return WorkOrder(make_run(run_id), FOLDERS, make_steps(disk, MOVES), TIMES, remove_emptied=True)


def clock() -> Iterator[int]:
    """Nanoseconds that go on by one with each look."""
    return count(1)


def run_order(order: WorkOrder, disk: Disk, journal: Journal, batch_size: int = 3) -> RunReport:
    """Execute with a small batch, so that there are several."""
    ticks = clock()
    return execute(order, disk, journal, now_ns=lambda: next(ticks), batch_size=batch_size)


def recover_all(disk: Disk, journal: Journal) -> None:
    """Recover every run that did not finish."""
    for run in list(journal.unfinished()):
        recover(run, disk, journal, now_ns=lambda: 1, boot_id=BOOT)


def remaining(order: WorkOrder, journal: MemoryJournal, run_id: str) -> WorkOrder:
    """What is left of an order after a stopped run: the actions that are not done."""
    rows = [row for run in journal.runs() for row in journal.recorded(run.run_id, [OpState.DONE])]
    moves = [row.operation for row in rows if row.operation.kind is OpKind.MOVE]
    done = {operation.action_id for operation in moves}
    left = dict.fromkeys(
        Place(operation.source.root, operation.source.path.rpartition(b"/")[0])
        for operation in moves
        if operation.source is not None
    )
    return WorkOrder(
        make_run(run_id),
        order.folders,
        tuple(step for step in order.steps if step.action_id not in done),
        order.folder_times,
        remove_emptied=True,
        emptied_before=tuple(left),
    )


def roll_back(
    disk: Disk,
    journal: MemoryJournal,
    run_id: str,
    undo: Sequence[str] | None = None,
    only: Collection[tuple[str, int]] | None = None,
    beside: bytes | None = None,
) -> RunReport:
    """Plan a rollback of all that holds (or of the named runs, or of some moves) and carry it out."""
    run = make_run(run_id, RunKind.ROLLBACK)
    plan = plan_rollback(run, journal.history(), disk, undo=undo, only=only, beside=beside)
    return run_order(plan.order, disk, journal)


TOP = Place(b"/", b"")


def everything(disk: DiskReader, folder: Place = TOP) -> dict[bytes, tuple[object, ...]]:
    """Every entry by absolute path: mode, owner, mtime, and the content of files. Without the top, whose time is nobody's."""
    found: dict[bytes, tuple[object, ...]] = {}
    for name, attr in disk.list_folder(folder):
        place = Place(folder.root, join(folder.path, name))
        content: object = None
        if attr.kind is Kind.FOLDER:
            found.update(everything(disk, place))
        else:
            content = disk.read_link(place) if attr.kind is Kind.SYMLINK else disk.digest(place)
        found[place.absolute] = (attr.mode, attr.uid, attr.gid, attr.mtime_ns, content)
    return found


def contents(disk: DiskReader) -> Counter[object]:
    """The multiset of file contents, whatever their names."""
    return Counter(entry[-1] for entry in everything(disk).values() if entry[-1] is not None)


def reserved_names(disk: DiskReader) -> list[bytes]:
    """The temporary and quarantine names that are left."""
    return [path for path in everything(disk) if b".ifmosfs-" in path]
