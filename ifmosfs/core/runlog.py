"""The journal of one run as its executor uses it: numbers operations, and counts what is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ifmosfs.core.files import Place
from ifmosfs.core.journal import Journal, Operation, Outcome
from ifmosfs.core.reports import Tally

Settled = tuple[Operation, Outcome]


class RunLog:
    """One run's rows. An outcome is counted only once it is durable."""

    def __init__(self, journal: Journal, run_id: str, carried: Mapping[Place, int]) -> None:
        """`carried` as in `WorkOrder`."""
        self.run_id = run_id
        self.tally = Tally(carried)
        self._journal = journal
        self._last_seq = 0

    def next_seq(self) -> int:
        """The number of the next operation, from 1."""
        self._last_seq += 1
        return self._last_seq

    def intend(self, operations: Sequence[Operation]) -> None:
        """Make intents durable, before any of their effects."""
        if operations:
            self._journal.intend(self.run_id, operations)

    def settle(self, rows: Sequence[Settled]) -> None:
        """Make outcomes durable, after their effects have been synced, and count them."""
        if not rows:
            return
        self._journal.settle(self.run_id, [outcome for _, outcome in rows])
        for operation, outcome in rows:
            self.tally.add(operation, outcome)
