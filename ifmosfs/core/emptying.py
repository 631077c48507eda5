"""Removing files whose content is proved to be elsewhere: journaled, and by `Disk.unlink_checked` alone.

As with every effect, the intent is durable first, and the outcome after the sync. Right before each removal it is asked once more
whether the other holder still has the content; where it has not, the file stays. Recovery removes nothing: what is still there
stays, what is gone was removed.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.effects import conflict, failed, folders_of, raise_if_final, skipped, sync_folders
from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.execute import StopRequest, never_stop
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import Journal, Operation, OpKind, OpState, Outcome, Run, RunState
from ifmosfs.core.ports import Disk
from ifmosfs.core.reports import Problem, problem_of
from ifmosfs.core.runlog import Settled

BATCH: Final = 256


@dataclass(frozen=True, slots=True)
class Removal:
    """A file to remove. `inverse_of` is the (run id, seq) of the move that brought it there, which holds no more then."""

    place: Place
    expected: Fingerprint
    action_id: int
    inverse_of: tuple[str, int]


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """What was removed, and what stays though it was to go, each with its reason; the rest was not reached."""

    run_id: str
    state: RunState
    removed: tuple[Place, ...]
    problems: tuple[Problem, ...]


def remove_held_elsewhere(
    run: Run,
    removals: Sequence[Removal],
    disk: Disk,
    journal: Journal,
    *,
    still_held: Callable[[Removal], bool],
    now_ns: Callable[[], int],
    stop: Callable[[], StopRequest | None] = never_stop,
) -> RemovalReport:
    """Remove the files for which `still_held` says, right before, that another place has the content.

    Raises: DiskFailed, DiskFull; the run then NEEDS_RECOVERY.
    """
    journal.begin(run)
    rows: list[Settled] = []
    try:
        for start in range(0, len(removals), BATCH):
            if stop() is not None:
                break
            rows += _remove(run, removals[start : start + BATCH], start, disk, journal, still_held)
        state = RunState.COMPLETE if len(rows) == len(removals) else RunState.STOPPED
        journal.finish(run.run_id, state, now_ns(), run.message)
    except IfmosfsError as error:
        try:
            journal.finish(run.run_id, RunState.NEEDS_RECOVERY, now_ns(), run.message or str(error))
        except IfmosfsError as second:
            error.add_note(f"nor could the journal record it: {second}")
        raise
    removed = tuple(each.source for each, outcome in rows if outcome.state is OpState.DONE and each.source is not None)
    problems = tuple(problem_of(each, outcome) for each, outcome in rows if outcome.error is not None)
    return RemovalReport(run.run_id, state, removed, problems)


def _remove(
    run: Run,
    removals: Sequence[Removal],
    n_before: int,
    disk: Disk,
    journal: Journal,
    still_held: Callable[[Removal], bool],
) -> list[Settled]:
    operations = [
        Operation(
            n_before + number,
            OpKind.REMOVE,
            each.place,
            None,
            each.expected,
            each.action_id,
            inverse_of=each.inverse_of,
        )
        for number, each in enumerate(removals, 1)
    ]
    journal.intend(run.run_id, operations)
    rows = [
        (operation, _remove_one(operation, each, disk, still_held))
        for operation, each in zip(operations, removals, strict=True)
    ]
    sync_folders(disk, folders_of([each for each, outcome in rows if outcome.state is OpState.DONE]))
    journal.settle(run.run_id, [outcome for _, outcome in rows])
    return rows


def _remove_one(operation: Operation, removal: Removal, disk: Disk, still_held: Callable[[Removal], bool]) -> Outcome:
    if not still_held(removal):
        return conflict(operation, "last-copy")
    try:
        disk.unlink_checked(removal.place, removal.expected)
    except OSError as error:
        if error.errno == errno.ESTALE:
            return conflict(operation, "changed")
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            return conflict(operation, "vanished")
        raise_if_final(error, removal.place)
        return failed(operation, "refused", error.strerror)
    return Outcome(operation.seq, OpState.DONE)


def settled_by_sight(operation: Operation, found: Fingerprint | None) -> Outcome:
    """What became of a removal that a crash has cut short, from what is at its place."""
    if found is None:
        return Outcome(operation.seq, OpState.DONE)
    if operation.expected is not None and found.same_file(operation.expected):
        return skipped(operation)
    return conflict(operation, "changed")
