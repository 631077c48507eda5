"""Which of a plan's journaled operations hold now, after commits, rollbacks, and rollbacks of rollbacks.

The journal is never edited: an operation stops holding when a later one that is its inverse was done, and holds again when that
one is undone in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ifmosfs.core.errors import RecoveryNeeded
from ifmosfs.core.files import Fingerprint
from ifmosfs.core.journal import SETTLED, Operation, OpState, Outcome, Recorded, Run, RunState

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RunHistory:
    """A run with all its operations in `seq` order."""

    run: Run
    recorded: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A done operation that holds now.

    `base` is the fingerprint of what it left at its target: after a rollback and its own rollback a copied file is another
    inode, so it is not always the operation's own `arrived`.
    """

    run_id: str
    operation: Operation
    outcome: Outcome
    base: Fingerprint | None

    @property
    def key(self) -> Key:
        """(run id, seq): what an inverse operation names in `inverse_of`."""
        return self.run_id, self.operation.seq


def standing(history: Sequence[RunHistory]) -> tuple[Standing, ...]:
    """The done operations that hold now, newest first, from runs given oldest first.

    Raises: RecoveryNeeded if a run has not been brought to an end, for then only the disk knows what was done.
    """
    undone_by: dict[Key, Fingerprint | None] = {}
    restored: dict[Key, Fingerprint | None] = {}
    found = []
    for each in reversed(history):
        _require_finished(each)
        for row in reversed(each.recorded):
            if row.outcome.state is not OpState.DONE:
                continue
            key = each.run.run_id, row.operation.seq
            base = restored.get(key, row.outcome.arrived)
            inverse_of = row.operation.inverse_of
            if key in undone_by:
                if inverse_of is not None:  # its undoing brought back what it had undone; the newest such word holds
                    restored.setdefault(inverse_of, undone_by[key])
                continue
            found.append(Standing(each.run.run_id, row.operation, row.outcome, base))
            if inverse_of is not None:
                undone_by[inverse_of] = base
    return tuple(found)


def _require_finished(history: RunHistory) -> None:
    unsettled = any(row.outcome.state not in SETTLED for row in history.recorded)
    if unsettled or history.run.state in {RunState.RUNNING, RunState.NEEDS_RECOVERY}:
        raise RecoveryNeeded(f"run {history.run.run_id} did not finish", hint="run any command that recovers it first")
