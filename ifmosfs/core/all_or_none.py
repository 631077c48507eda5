"""Operations of one unit: all are done, or none of them is. What has been renamed goes back when another one cannot be moved.

As in `core.effects` nothing here writes to the journal. Putting back never replaces anything and is itself looked at: a file
that cannot be put back stays where it has arrived, is settled as done, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ifmosfs.core.effects import (
    NOBODY,
    Response,
    Writers,
    check_source,
    conflict,
    disk_failed,
    ends,
    lstat_or_none,
    move_by_rename,
    parent,
    response_to,
    skipped,
)
from ifmosfs.core.errors import DiskFull
from ifmosfs.core.files import Place
from ifmosfs.core.journal import Operation, OpState, Outcome
from ifmosfs.core.names import display
from ifmosfs.core.ports import Disk
from ifmosfs.core.reports import error_line, problem_of
from ifmosfs.core.vault import Section, origin_of


class UnitMoved(NamedTuple):
    """What came of a unit. `near` is given where some of it must be copied: the numbers of those that need not be.

    Then nothing of it has been moved, and `outcomes` are all INTENT. `is_full`: it went back because the disk is full.
    """

    outcomes: tuple[Outcome, ...]
    near: frozenset[int] | None = None
    is_full: bool = False


Refusal = Callable[[Operation], Outcome | None]


def nothing_refused(operation: Operation) -> Outcome | None:
    """The `refused` of a unit against which nothing is known."""
    del operation
    return None


def unit_end(operations: Sequence[Operation], start: int) -> int:
    """The index after the last operation of the unit that begins at `start`; an operation without unit stands alone."""
    unit, end = operations[start].unit, start + 1
    while unit and end < len(operations) and operations[end].unit == unit:
        end += 1
    return end


def move_together(
    operations: Sequence[Operation], disk: Disk, *, busy: Writers = NOBODY, refused: Refusal = nothing_refused
) -> UnitMoved:
    """Rename all of a unit in their order, having looked at all sources first, or leave all where they are.

    Raises: DiskFailed.
    """
    done: list[Outcome] = []
    guilty = _stands_against(operations, disk, busy, refused)
    for operation in operations if guilty is None else ():
        try:
            outcome = move_by_rename(operation, disk, busy)
        except DiskFull:
            outcome = skipped(operation, "disk-full")
        if outcome is None:
            return _to_be_copied(operations, operation, done, disk)
        if outcome.state is not OpState.DONE:
            guilty = operation, outcome
            break
        done.append(outcome)
    if guilty is None:
        return UnitMoved(tuple(done))
    is_full = guilty[1].state is OpState.SKIPPED
    return UnitMoved(tuple(_all_back(operations, guilty, done, disk)), is_full=is_full)


def _stands_against(
    operations: Sequence[Operation], disk: Disk, busy: Writers, refused: Refusal
) -> tuple[Operation, Outcome] | None:
    """The first operation that cannot be done, as far as can be seen before any of them is."""
    to_come: set[bytes] = set()
    for operation in operations:
        source, target, _ = ends(operation)
        outcome = refused(operation)
        if outcome is None and source.absolute not in to_come:
            checked = check_source(operation, disk, busy)
            outcome = checked if isinstance(checked, Outcome) else None
        if outcome is not None:
            return operation, outcome
        to_come.add(target.absolute)
    return None


def _all_back(
    operations: Sequence[Operation], guilty: tuple[Operation, Outcome], done: Sequence[Outcome], disk: Disk
) -> Iterator[Outcome]:
    """The outcomes of all operations in order, after the first of them, which are done, went back in reverse order."""
    back = {}
    for operation, outcome in reversed(list(zip(operations, done, strict=False))):
        back[operation.seq] = put_back(operation, outcome, disk, stays(operation, *guilty))
    for operation in operations:
        if operation is guilty[0]:
            yield guilty[1]
        else:
            yield back.get(operation.seq) or stays(operation, *guilty)


def stays(operation: Operation, guilty: Operation, outcome: Outcome) -> Outcome:
    """The outcome of a member that stays because another could not be moved: it waits, too, or is in conflict."""
    if outcome.state is OpState.SKIPPED:
        return skipped(operation, (outcome.error or "not-reached").partition(":")[0])
    code = "keeps-its-name" if _is_displaced(operation) else "unit-kept-together"
    return conflict(operation, code, display(problem_of(guilty, outcome).path))


def _is_displaced(operation: Operation) -> bool:
    """Whether it puts away a file of the target, for another one that takes its name."""
    if operation.action_id or operation.target is None:
        return False
    origin = origin_of(operation.target.path)
    return origin is not None and origin.section is Section.REPLACED


def put_back(operation: Operation, outcome: Outcome, disk: Disk, verdict: Outcome) -> Outcome:
    """Give a renamed file its old name again: `verdict`, or where that is not possible DONE, with its error line.

    Raises: DiskFailed.
    """
    source, target, expected = ends(operation)
    why = "it is no longer there"
    try:
        found = lstat_or_none(disk, target)
        if found is not None and found.fingerprint.same_inode(outcome.arrived or expected):
            disk.rename_noreplace(target, source)
            return verdict
    except OSError as error:
        if response_to(error) is Response.FATAL:
            raise disk_failed(error, target) from error
        why = error.strerror or str(error)
    return Outcome(operation.seq, OpState.DONE, outcome.arrived, outcome.digest, error_line("unit-split", why))


def _to_be_copied(operations: Sequence[Operation], first: Operation, done: Sequence[Outcome], disk: Disk) -> UnitMoved:
    """Put back what was renamed, if the first that cannot be shows that the unit is to be copied, wholly or in part."""
    untouched = [Outcome(operation.seq, OpState.INTENT) for operation in operations]
    for index, outcome in reversed(list(enumerate(done))):
        untouched[index] = put_back(operations[index], outcome, disk, untouched[index])
    return UnitMoved(tuple(untouched), near_members(operations, first, disk))


def near_members(operations: Sequence[Operation], distant: Operation, disk: Disk) -> frozenset[int]:
    """The numbers of those operations that a rename can do, as far as device numbers tell; `distant` is known not to be.

    They only tell what is worth trying: two mounts of one filesystem have one number. A wrong guess fails and goes back.
    """
    known: dict[Place, int | None] = {}

    def device(folder: Place) -> int | None:
        if folder not in known:
            known[folder] = _device(folder, disk)
        return known[folder]

    distant_way = _way(distant)
    near = set()
    for operation in operations:
        left, entered = _way(operation)
        if (left, entered) != distant_way and device(left) == device(entered):
            near.add(operation.seq)
    return frozenset(near)


def _way(operation: Operation) -> tuple[Place, Place]:
    source, target, _ = ends(operation)
    return parent(source), parent(target)


def _device(folder: Place, disk: Disk) -> int | None:
    try:
        found = lstat_or_none(disk, folder)
    except OSError as error:
        if response_to(error) is Response.FATAL:
            raise disk_failed(error, folder) from error
        return None
    return None if found is None else found.device
