"""The executor: carries out a work order with the journal always ahead of the disk, and the disk ahead of what it reports.

Order of things: record the times of the folders that will change, make folders, sync; then batch by batch: intents durable,
renames, sync, outcomes durable; what lies on another filesystem goes through `core.transfer`; last the emptied folders and the
times. Steps of one unit are never split between batches, and are all done or none (`core.all_or_none`). What comes after
something (`Step.after`) is not begun before that is durable. A commit and a rollback are the same to it.

Invariants: no effect without a durable intent; no outcome settled before the sync after its effect; after an error that must
not be tried again nothing more is settled, and the run is left to `core.recover`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from ifmosfs.core.all_or_none import move_together, unit_end
from ifmosfs.core.effects import (
    NOBODY,
    Writers,
    blame,
    conflict,
    ends,
    failed,
    folders_of,
    lstat_or_none,
    move_by_rename,
    names_of,
    parent,
    skipped,
    sync_folders,
    touched_disk,
)
from ifmosfs.core.errors import DiskFull, IfmosfsError
from ifmosfs.core.files import Place
from ifmosfs.core.folders import DoomedFolder, FolderTimes, NewFolder, changing, make_folders, remove_emptied
from ifmosfs.core.journal import (
    SETTLED,
    FolderMeta,
    Journal,
    Operation,
    OpKind,
    OpState,
    Outcome,
    Run,
    RunKind,
    RunState,
)
from ifmosfs.core.moved_again import MovedAgain
from ifmosfs.core.names import SEPARATOR, components, display
from ifmosfs.core.ports import Disk
from ifmosfs.core.renumbered import Numbers
from ifmosfs.core.reports import RunReport, StopCause
from ifmosfs.core.runlog import RunLog, Settled
from ifmosfs.core.steps import Step, ends_of, n_files_among, waiting_among
from ifmosfs.core.transfer import transfer

FIRST_BATCH: Final = 256
LARGEST_BATCH: Final = 10_000
BATCH_GOAL_NS: Final = 1_000_000_000
LARGEST_TRANSFER_BYTES: Final = (
    256 << 20
)  # copied before the next sync and the next look for Ctrl-C, unless one file is larger
BUSY_EVERY_NS: Final = 2_000_000_000


class StopRequest(Enum):
    """What a person who interrupts wants."""

    FINISH_BATCH = "finish the batch"
    NOW = "stop after this file"


@dataclass(frozen=True, slots=True)
class FolderToRestore:
    """A folder that a run removed, to be made again as it was; `inverse_of` as in `Step`."""

    place: Place
    meta: FolderMeta
    inverse_of: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """All that a run is to do, in this order: restore_folders and folders, steps, removals, times.

    `folders`: (place, mode) to make; the target root itself and its missing parents are given below their nearest existing
    ancestor. All folders are made parents first, so a restored one may lie in a plain one.
    `carried`: how many files each folder holds that a step carries, by the step's source; for the counts of the report.
    `folder_times`: (place, mtime in ns) to set at the end.
    `remove_emptied`: remove the source folders that this run's moves emptied, and their emptied parents, never a root;
    `emptied_before` names further candidates, the source folders of an earlier, stopped run of the same plan.
    `remove_folders`: folders to remove if empty at the end, whoever emptied them (a rollback: those the commit made).
    """

    run: Run
    folders: tuple[tuple[Place, int], ...] = ()
    steps: Sequence[Step] = ()
    folder_times: tuple[tuple[Place, int], ...] = ()
    remove_emptied: bool = False
    restore_folders: tuple[FolderToRestore, ...] = ()
    remove_folders: tuple[DoomedFolder, ...] = ()
    emptied_before: tuple[Place, ...] = ()
    carried: Mapping[Place, int] = field(default_factory=dict)


Busy = Callable[[], Writers]
Progress = Callable[[int, int], None]


def never_stop() -> StopRequest | None:
    """The `stop` of a run that nobody interrupts."""
    return None


def nobody_writes() -> Writers:
    """The `busy` of a run that does not care who writes."""
    return NOBODY


def silent(n_done: int, n_total: int) -> None:
    """The `progress` of a run that nobody watches."""


def execute(
    order: WorkOrder,
    disk: Disk,
    journal: Journal,
    *,
    now_ns: Callable[[], int],
    batch_size: int = FIRST_BATCH,
    stop: Callable[[], StopRequest | None] = never_stop,
    progress: Progress = silent,
    busy: Busy = nobody_writes,
) -> RunReport:
    """Carry out the order; what was done, file by file. COMPLETE means that all was tried, not that all was done.

    `batch_size` is the first batch's; batches grow until one takes about a second. `stop` is asked before every file.
    `progress` is told (files settled or copied, files in all) after each batch, and after each copy.
    `busy` tells which files a program has open for writing, by device and inode; these stay. It is asked before a batch, at
    most every two seconds.

    Raises: DiskFailed, and DiskFull where the journal itself has no room: the run then NEEDS_RECOVERY. A full disk below
    the moved files stops the run at a consistent point instead, as the report says.
    """
    journal.begin(order.run)
    execution = _Execution(order, disk, journal, now_ns, batch_size, stop, progress, busy)
    try:
        return execution.run()
    except IfmosfsError as error:
        _mark_for_recovery(journal, order.run, now_ns(), error)
        raise


def _mark_for_recovery(journal: Journal, run: Run, at_ns: int, error: IfmosfsError) -> None:
    """A run that cannot even be marked stays RUNNING without a holder of the lock, which means the same."""
    try:
        journal.finish(run.run_id, RunState.NEEDS_RECOVERY, at_ns, run.message or str(error))
    except IfmosfsError as second:
        error.add_note(f"nor could the journal record it: {second}")


@dataclass(slots=True)
class _Batch:
    """What is to be settled together: renamed rows, then those to be copied (of their units `near` need no copy).

    `put_back`: operations that leave no trace in their outcome, though the disk was touched. `claimed`: the names of what waits
    to be copied.
    """

    renamed: list[Settled] = field(default_factory=list)
    distant: list[Settled] = field(default_factory=list)
    near: set[int] = field(default_factory=set)
    put_back: list[Operation] = field(default_factory=list)
    claimed: set[bytes] = field(default_factory=set)


class _Execution:
    """One run under way. `cause` is set as soon as no further file may be begun."""

    def __init__(
        self,
        order: WorkOrder,
        disk: Disk,
        journal: Journal,
        now_ns: Callable[[], int],
        batch_size: int,
        stop: Callable[[], StopRequest | None],
        progress: Progress,
        busy: Busy,
    ) -> None:
        self._order = order
        self._disk = disk
        self._journal = journal
        self._now_ns = now_ns
        self._batch_size = batch_size
        self._stop = stop
        self._progress = progress
        self._busy = busy
        self._writers: Writers = NOBODY
        self._asked_ns: int | None = None
        self._log = RunLog(journal, order.run.run_id, order.carried)
        # No commit moves a file twice, and its steps are made anew each time that they are gone through.
        self._again = MovedAgain(order.steps if order.run.kind is RunKind.ROLLBACK else ())
        self._times = FolderTimes()
        self._blocked: dict[bytes, Outcome] = {}
        self._n_unconditional = len(order.steps) - len(waiting_among(order.steps))
        self._numbers = Numbers(disk)
        self._after: dict[int, tuple[Place, ...]] = {}  # by the number of the operation, of this batch
        self._not_brought: set[Place] = set()  # to where a step of this run was to bring something, in vain
        self._cause: StopCause | None = None
        self._stops_after_batch = False

    def run(self) -> RunReport:
        """All phases, each only if nothing stopped the run before; the times are always accounted for."""
        self._record_times()
        self._make_folders()
        self._move_all()
        if self._cause is None:
            self._remove_folders()
        self._settle_times()
        return self._finish()

    def _record_times(self) -> None:
        order = self._order
        ends = ends_of(order.steps)
        made = [*(each.place for each in order.restore_folders), *(place for place, _ in order.folders)]
        entered = [*map(parent, made), *ends.entered, *(parent(each.place) for each in order.remove_folders)]
        places = changing(entered, [*ends.left, *order.emptied_before], upwards=order.remove_emptied)
        places += [each.place for each in order.remove_folders]
        places += [place for place, _ in order.folder_times]
        self._times.record(places, self._disk, self._log)

    def _make_folders(self) -> None:
        restored = [
            NewFolder(each.place, each.meta.mode, each.meta, each.inverse_of) for each in self._order.restore_folders
        ]
        made = [NewFolder(place, mode) for place, mode in self._order.folders]
        wanted = sorted([*restored, *made], key=lambda each: len(components(each.place.absolute)))
        times = list(self._times.operations.values())
        self._blocked, full = make_folders(wanted, times, self._disk, self._log)
        if full:
            self._cause = StopCause.DISK_FULL

    def _move_all(self) -> None:
        steps, begun = self._order.steps, 0
        while begun < len(steps) and self._cause is None:
            batch = steps[begun : self._batch_end(begun)]
            started_ns = self._now_ns()
            self._look_who_writes(started_ns)
            self._move_batch(batch)
            self._adapt(self._now_ns() - started_ns)
            begun += len(batch)
            self._progress(begun, len(steps))
            if self._stops_after_batch and begun < len(steps):
                self._cause = self._cause or StopCause.INTERRUPTED

    def _batch_end(self, begun: int) -> int:
        """Where the batch ends: a unit is never split, no file is moved twice in one batch, and none is in the batch of what it
        comes after: that must be durable, or a power cut could leave the one without the other."""
        steps, end = self._order.steps, begun + self._batch_size
        if begun < self._n_unconditional < end:
            end = self._n_unconditional
        while end < len(steps) and steps[end].unit and steps[end].unit == steps[end - 1].unit:
            end += 1
        return self._again.batch_end(begun, min(end, len(steps)))

    def _look_who_writes(self, now_ns: int) -> None:
        if self._asked_ns is None or now_ns - self._asked_ns >= BUSY_EVERY_NS:
            self._writers = self._busy()
            self._asked_ns = now_ns

    def _adapt(self, took_ns: int) -> None:
        if took_ns < BATCH_GOAL_NS // 2:
            self._batch_size = min(self._batch_size * 2, max(LARGEST_BATCH, self._batch_size))
        elif took_ns > BATCH_GOAL_NS * 2:
            self._batch_size = max(self._batch_size // 2, 1)

    def _move_batch(self, steps: Sequence[Step]) -> None:
        known = self._numbers.of_steps([self._again.as_arrived(step) for step in steps])
        operations = [self._operation(step) for step in known]
        self._after = {each.seq: step.after for each, step in zip(operations, steps, strict=True) if step.after}
        self._log.intend(operations)
        batch, position = _Batch(), 0
        while position < len(operations):
            operation = operations[position]
            end = unit_end(operations, position) if operation.unit else position + 1
            if batch.claimed and self._builds_on(operations[position:end], batch):
                self._settle_batch(batch)
                batch = _Batch()
            if operation.unit:
                self._try_unit(operations[position:end], batch)
            else:
                self._try_one(operation, batch)
            position = end
        self._settle_batch(batch)

    def _builds_on(self, operations: Sequence[Operation], batch: _Batch) -> bool:
        """Whether they are in a chain with something that waits to be copied, which must have happened then."""
        return any(names_of(each) & batch.claimed for each in operations)

    def _try_one(self, operation: Operation, batch: _Batch) -> None:
        outcome = self._try(operation)
        if outcome is None:
            batch.distant.append((operation, Outcome(operation.seq, OpState.INTENT)))
            batch.claimed |= names_of(operation)
        else:
            batch.renamed.append((operation, outcome))

    def _try_unit(self, operations: Sequence[Operation], batch: _Batch) -> None:
        if self._halted():
            batch.renamed += [(each, skipped(each)) for each in operations]
            return
        moved = move_together(operations, self._disk, busy=self._writers, refused=self._refused)
        rows = list(zip(operations, moved.outcomes, strict=True))
        batch.put_back += operations
        if moved.near is not None:
            batch.distant += rows
            batch.near |= moved.near
            for each in operations:
                batch.claimed |= names_of(each)
            return
        batch.renamed += rows
        if moved.is_full:
            self._cause = StopCause.DISK_FULL

    def _settle_batch(self, batch: _Batch) -> None:
        """Make renames durable and settle them, then carry the rest to its other filesystem."""
        touched = [each for each, outcome in batch.renamed if touched_disk(outcome)]
        sync_folders(self._disk, folders_of([*touched, *batch.put_back]))
        self._settle(batch.renamed)
        for number, rows in enumerate(_portions(batch.distant)):
            if number and self._stops_after_batch:
                self._cause = self._cause or StopCause.INTERRUPTED
            self._transfer(rows, batch.near)

    def _settle(self, rows: Sequence[Settled]) -> None:
        self._log.settle(rows)
        self._again.settled(rows)
        if self._n_unconditional < len(self._order.steps):
            vain = (each for each, outcome in rows if outcome.state in SETTLED and outcome.state is not OpState.DONE)
            self._not_brought.update(ends(each)[1] for each in vain)

    def _operation(self, step: Step) -> Operation:
        seq, kind = self._log.next_seq(), OpKind.CARRY if step.is_folder else OpKind.MOVE
        # By position, for keywords take as long again.
        return Operation(
            seq, kind, step.source, step.target, step.expected, step.action_id, None, step.inverse_of, step.unit
        )

    def _try(self, operation: Operation) -> Outcome | None:
        """The outcome of one rename, `None` if the file must be copied."""
        if self._halted():
            return skipped(operation)
        refused = self._refused(operation)
        if refused is not None:
            return refused
        try:
            return move_by_rename(operation, self._disk, self._writers)
        except DiskFull:
            self._cause = StopCause.DISK_FULL
            return skipped(operation, "disk-full")

    def _refused(self, operation: Operation) -> Outcome | None:
        """Why the operation cannot be done, if a folder that it needs could not be made, or what it comes after is not there."""
        for place in self._after.get(operation.seq, ()):
            lacking = self._lacking(operation, place)
            if lacking is not None:
                return lacking
        if not self._blocked:
            return None
        blocked = self._blocked_by(ends(operation)[1])
        if blocked is None:
            return None
        verdict = conflict if blocked.state is OpState.CONFLICT else failed
        return verdict(operation, "folder-name-taken" if verdict is conflict else "folder-refused")

    def _lacking(self, operation: Operation, place: Place) -> Outcome | None:
        try:
            if place not in self._not_brought and lstat_or_none(self._disk, place) is not None:
                return None
        except OSError as error:
            return blame(operation, error, place)
        return conflict(operation, "winner-stayed", display(place.absolute))

    def _halted(self) -> bool:
        """Whether no further file may be begun; asks whether someone wants to stop."""
        request = self._stop()
        if request is not None:
            self._stops_after_batch = True
        if request is StopRequest.NOW and self._cause is None:
            self._cause = StopCause.INTERRUPTED
        return self._cause is not None

    def _blocked_by(self, target: Place) -> Outcome | None:
        path = target.absolute
        while path:
            path = path.rpartition(SEPARATOR)[0]
            if path in self._blocked:
                return self._blocked[path]
        return None

    def _transfer(self, rows: Sequence[Settled], near: set[int]) -> None:
        n_total, n_done = len(self._order.steps), self._log.tally.n_settled

        def copied(n_copied: int) -> None:
            self._progress(min(n_done + n_copied, n_total), n_total)

        result = transfer(
            rows, self._disk, self._log.run_id, self._settle, halted=self._halted, copied=copied, near=near
        )
        if result.full is not None:
            self._cause = StopCause.DISK_FULL

    def _remove_folders(self) -> None:
        order = self._order
        doomed = list(order.remove_folders)
        if order.remove_emptied:
            left = [*self._log.tally.left, *order.emptied_before]
            doomed += [DoomedFolder(place) for place in dict.fromkeys(left) if place.path]
        allowed = order.remove_emptied
        remove_emptied(doomed, self._times, self._disk, self._log, upwards=lambda _: allowed)

    def _settle_times(self) -> None:
        wanted = self._order.folder_times if self._cause is None else ()
        self._times.settle(wanted, self._disk, self._log)

    def _finish(self) -> RunReport:
        state = RunState.COMPLETE if self._cause is None else RunState.STOPPED
        run = replace(self._order.run, state=state)
        message = run.message or (None if self._cause is None else self._cause.value)
        self._journal.finish(run.run_id, state, self._now_ns(), message)
        return self._log.tally.report(run.run_id, run.kind, state, self._cause, n_files_of(self._order))


def n_files_of(order: WorkOrder) -> int:
    """How many files of the plan an order is to move; a step of no action is none, unless it carries a folder."""
    return n_files_among(order.steps, order.carried)


def _portions(rows: Sequence[Settled]) -> Iterator[Sequence[Settled]]:
    """Rows to be copied, in portions of a bounded number of bytes, at least one file or unit each; units stay whole."""
    portion: list[Settled] = []
    n_bytes = 0
    for operation, outcome in rows:
        size_bytes = ends(operation)[2].size_bytes
        is_new = not operation.unit or not portion or portion[-1][0].unit != operation.unit
        if portion and is_new and n_bytes + size_bytes > LARGEST_TRANSFER_BYTES:
            yield portion
            portion, n_bytes = [], 0
        portion.append((operation, outcome))
        n_bytes += size_bytes
    if portion:
        yield portion
