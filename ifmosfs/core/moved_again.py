"""Steps that move a file once more, from where an earlier step of the same run has brought it.

A rollback takes the moves of a file back one after the other. Where the first of them is a copy, what arrives is another inode than
the one that was planned with. So a step that goes on from there begins a new batch, and expects what has arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import OpState
from ifmosfs.core.runlog import Settled
from ifmosfs.core.steps import Step


class MovedAgain:
    """Which steps of a run go on from where others have ended, and what has arrived there."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._earlier = dict(_earlier(steps))
        self._places = frozenset(steps[index].source for index in self._earlier)
        self._arrived: dict[Place, Fingerprint] = {}

    def batch_end(self, begun: int, end: int) -> int:
        """Where a batch from `begun` on, that may reach to `end`, ends before the first step, or unit, that goes on from one in it."""
        start = begun
        for index in range(begun + 1, end) if self._earlier else ():
            unit = self._steps[index].unit
            if not unit or unit != self._steps[index - 1].unit:
                start = index
            if begun <= self._earlier.get(index, -1) < start:
                return start
        return end

    def settled(self, rows: Sequence[Settled]) -> None:
        """These have come to their end."""
        for operation, outcome in rows if self._places else ():
            if operation.target in self._places and outcome.state is OpState.DONE and outcome.arrived is not None:
                self._arrived[operation.target] = outcome.arrived

    def as_arrived(self, step: Step) -> Step:
        """The step, expecting what an earlier one has brought to where it begins."""
        arrived = self._arrived.get(step.source) if self._arrived else None
        return step if arrived is None else replace(step, expected=arrived)


def _earlier(steps: Sequence[Step]) -> Iterator[tuple[int, int]]:
    """The steps that begin where an earlier one ends, each with the last such one, by their numbers."""
    brought: dict[Place, int] = {}
    for index, step in enumerate(steps):
        before = brought.pop(step.source, None)
        if before is not None:
            yield index, before
        brought[step.target] = index
