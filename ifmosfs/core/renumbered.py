"""Disks that do not keep the numbers of their files: FAT, exFAT and most FUSE drives number them anew when they are plugged in again,
after a restart, and some whenever they are looked at again after a while.

There a file of the same kind, size and time under the name that is known for it is taken for the same file, and a folder of the same
name for the same folder. What was recorded is told with today's numbers before anything is compared, what a run is about to move
once more right before that; from then on the numbers themselves count, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from ifmosfs.core.files import Attr, Fingerprint, Kind, Place, ScannedFile
from ifmosfs.core.history import MOVING, RunHistory
from ifmosfs.core.journal import OpKind, OpState, Recorded
from ifmosfs.core.plan import Action, Plan
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.steps import Step

_OF_FOLDERS: Final = frozenset({OpKind.MKDIR, OpKind.RMDIR, OpKind.TIMES})


def with_numbers_of_today(plan: Plan, disk: DiskReader) -> Plan:
    """The plan, with the numbers that its files have now."""
    numbers = Numbers(disk)
    if not any(numbers.are_lost(root.path) for root in plan.roots):
        return plan
    return replace(plan, actions=tuple(numbers.of_action(action) for action in plan.actions))


def retold(history: Sequence[RunHistory], disk: DiskReader) -> list[RunHistory]:
    """The runs of a plan, oldest first, with the numbers that their files and folders have now."""
    numbers = Numbers(disk)
    if not any(numbers.are_lost(place.root) for each in history for row in each.recorded for place in _places(row)):
        return list(history)
    newest_first = [
        RunHistory(each.run, tuple(reversed([numbers.of_row(row) for row in reversed(each.recorded)])))
        for each in reversed(history)
    ]
    return newest_first[::-1]


def rows_retold(rows: Sequence[Recorded], disk: DiskReader) -> list[Recorded]:
    """Operations of one run, in their order, with the numbers of today; of one that was intended, of the file at either end."""
    numbers = Numbers(disk)
    return list(reversed([numbers.of_row(row) for row in reversed(rows)]))


def _today(recorded: Fingerprint | None, found: Attr) -> Fingerprint | None:
    """What was recorded, with the number of what was found, if it is that."""
    if recorded is None or not (found.kind is Kind.FOLDER or recorded.same_but_number(found.fingerprint)):
        return recorded
    return replace(recorded, inode=found.inode, birth_ns=found.birth_ns)


def _places(row: Recorded) -> Iterable[Place]:
    return (place for place in (row.operation.source, row.operation.target) if place is not None)


class Numbers:
    """Looks at what the numbers are now. Runs are gone through from the newest operation to the oldest: `_then` is what was at a path
    at that moment, `None` where that is not known; what is at any other path now has been there since."""

    def __init__(self, disk: DiskReader) -> None:
        self._disk = disk
        self._lost: dict[bytes, bool] = {}
        self._then: dict[bytes, Attr | None] = {}

    def are_lost(self, root: bytes) -> bool:
        """Whether the disk that a root is on may have numbered its files anew."""
        if root not in self._lost:
            try:
                self._lost[root] = not self._disk.keeps_numbers(Place(root, b""))
            except OSError:
                self._lost[root] = False
        return self._lost[root]

    def of_steps(self, steps: Sequence[Step]) -> Sequence[Step]:
        """What is to be moved, with the numbers that it has at its sources."""
        if not any(self.are_lost(root) for root in {step.source.root for step in steps}):
            return steps
        return [self._of_step(step) for step in steps]

    def _of_step(self, step: Step) -> Step:
        found = self._now(step.source)
        if found is None or (found.kind is Kind.FOLDER) != step.is_folder:
            return step
        return replace(step, expected=_today(step.expected, found) or step.expected)

    def is_step(self, step: Step, found: Attr) -> bool:
        """Whether what was found at the source of a step is what was planned, but for its number."""
        return self.is_file(step.source, step.expected, found) or (step.is_folder and self.are_lost(step.source.root))

    def is_file(self, place: Place, recorded: Fingerprint, found: Attr) -> bool:
        """Whether what was found at a place is the file that was recorded, but for its number."""
        return recorded.same_but_number(found.fingerprint) and self.are_lost(place.root)

    def of_action(self, action: Action) -> Action:
        """The action with today's number of its file."""
        found = self._now(action.source_place)
        if found is None or found.kind is not action.entry_kind:
            return action
        return replace(action, expected=_today(action.expected, found) or action.expected)

    def of_found(self, action: Action, found: ScannedFile | None) -> Action:
        """The action with the number of the file that was found at its place, if it is the same."""
        if found is None or not action.expected.same_but_number(found.fingerprint) or not self.are_lost(action.root):
            return action
        return replace(action, expected=found.fingerprint)

    def of_row(self, row: Recorded) -> Recorded:
        """An operation that was done, or intended; of a copy that is half done the numbers are left alone."""
        if row.operation.kind in MOVING and row.outcome.state is OpState.INTENT:
            return self._of_intent(row)
        if row.outcome.state is not OpState.DONE:
            return row
        if row.operation.kind in MOVING:
            return self._of_move(row)
        return self._of_folder(row) if row.operation.kind in _OF_FOLDERS else row

    def _of_intent(self, row: Recorded) -> Recorded:
        expected, is_folder = row.operation.expected, row.operation.kind is OpKind.CARRY
        for place in _places(row):
            found = self._now(place)
            if found is None or expected is None or (found.kind is Kind.FOLDER) != is_folder:
                continue
            if is_folder or expected.same_but_number(found.fingerprint):
                return _retold(row, found)  # what is still at the source has not gone, whatever the target has
        return row

    def _of_move(self, row: Recorded) -> Recorded:
        source, target = row.operation.source, row.operation.target
        if source is None or target is None:
            return row
        is_known = target.absolute in self._then
        found = self._then.pop(target.absolute) if is_known else self._now(target)
        if found is not None and (found.kind is Kind.FOLDER) != (row.operation.kind is OpKind.CARRY):
            found = None
        self._then[source.absolute] = found
        return row if found is None else _retold(row, found)

    def _of_folder(self, row: Recorded) -> Recorded:
        place = row.operation.target or row.operation.source
        found = None if place is None else self._now(place)
        return row if found is None or found.kind is not Kind.FOLDER else _retold(row, found)

    def _now(self, place: Place) -> Attr | None:
        """What is at a place, if that is on a disk that may have numbered it anew."""
        if not self.are_lost(place.root):
            return None
        try:
            return self._disk.lstat(place)
        except OSError:
            return None


def _retold(row: Recorded, found: Attr) -> Recorded:
    operation, outcome = row.operation, row.outcome
    return Recorded(
        replace(operation, expected=_today(operation.expected, found)),
        replace(outcome, arrived=_today(outcome.arrived, found)),
    )
