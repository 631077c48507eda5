"""What recovery would do: the same code on a disk and a journal that keep every change in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ifmosfs.core.files import Place
from ifmosfs.core.journal import Journal, Operation, OpState, Outcome, Recorded, Run, RunState
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.recover import recover
from ifmosfs.core.rehearsal import Refusals, RehearsalDisk
from ifmosfs.core.reports import RecoveryReport


def rehearse_recovery(
    disk: DiskReader, refusals: Refusals, journal: Journal, *, now_ns: Callable[[], int], boot_id: str
) -> list[RecoveryReport]:
    """The reports that recovering all unfinished runs would give; neither the disk nor the journal is changed.

    Raises as `recover` does.
    """
    return recover_in_memory(disk, refusals, OverlayJournal(journal), now_ns=now_ns, boot_id=boot_id)


def recover_in_memory(
    disk: DiskReader, refusals: Refusals, overlay: OverlayJournal, *, now_ns: Callable[[], int], boot_id: str
) -> list[RecoveryReport]:
    """The same, after which `overlay` reads as the journal would."""
    rehearsal = ReadingRehearsal(disk, refusals)
    return [recover(run, rehearsal, overlay, now_ns=now_ns, boot_id=boot_id) for run in overlay.unfinished()]


class ReadingRehearsal(RehearsalDisk):
    """A rehearsal that reads content where a digest is asked for: recovery compares copies with what the journal says."""

    def digest(self, place: Place) -> bytes:
        """BLAKE3 of the content of the real file."""
        return self._reader.digest(self.origin(place))


class OverlayJournal:
    """A `Journal` that reads another one and keeps in memory what is written to it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._runs: dict[str, Run] = {run.run_id: run for run in journal.runs()}
        self._begun: dict[str, list[Operation]] = {}
        self._outcomes: dict[tuple[str, int], Outcome] = {}

    def begin(self, run: Run) -> None:
        """Remember a run."""
        self._runs[run.run_id] = run

    def intend(self, run_id: str, operations: Sequence[Operation]) -> None:
        """Remember operations."""
        self._begun.setdefault(run_id, []).extend(operations)

    def settle(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Remember outcomes."""
        self._outcomes.update({(run_id, outcome.seq): outcome for outcome in outcomes})

    def finish(self, run_id: str, state: RunState, at_ns: int, message: str | None) -> None:
        """Remember the end of a run."""
        self._runs[run_id] = replace(self._runs[run_id], state=state, finished_ns=at_ns, message=message)

    def runs(self, plan_id: str | None = None) -> Sequence[Run]:
        """All runs, as they would be."""
        return [run for run in self._runs.values() if plan_id in {None, run.plan_id}]

    def unfinished(self) -> Sequence[Run]:
        """Runs that would not be finished."""
        return [run for run in self.runs() if run.state in {RunState.RUNNING, RunState.NEEDS_RECOVERY}]

    def recorded(self, run_id: str, states: Iterable[OpState] | None = None) -> Iterator[Recorded]:
        """The operations, as they would be."""
        wanted = None if states is None else frozenset(states)
        for row in self._all(run_id):
            outcome = self._outcomes.get((run_id, row.operation.seq), row.outcome)
            if wanted is None or outcome.state in wanted:
                yield replace(row, outcome=outcome)

    def _all(self, run_id: str) -> Iterator[Recorded]:
        if any(run.run_id == run_id for run in self._journal.runs()):
            yield from self._journal.recorded(run_id)
        for operation in self._begun.get(run_id, ()):
            yield Recorded(operation, Outcome(operation.seq, OpState.INTENT))
