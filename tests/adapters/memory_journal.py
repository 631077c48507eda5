"""A journal in memory that survives the crash of whoever writes to it: what was acknowledged is there, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ifmosfs.core.history import RunHistory
from ifmosfs.core.journal import Operation, OpState, Outcome, Recorded, Run, RunState
from tests.adapters.faults import Crash


class MemoryJournal:
    """The rows of every run, by run id and seq. Writing a row that contradicts what is there is a mistake of the caller."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._rows: dict[str, dict[int, Recorded]] = {}

    def begin(self, run: Run) -> None:
        if run.run_id in self._runs:
            raise ValueError(f"run {run.run_id} has begun already")
        self._runs[run.run_id] = run
        self._rows[run.run_id] = {}

    def intend(self, run_id: str, operations: Sequence[Operation]) -> None:
        rows = self._rows[run_id]
        for operation in operations:
            if operation.seq in rows:
                raise ValueError(f"operation {operation.seq} is recorded already")
            rows[operation.seq] = Recorded(operation, Outcome(operation.seq, OpState.INTENT))

    def settle(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        rows = self._rows[run_id]
        for outcome in outcomes:
            rows[outcome.seq] = replace(rows[outcome.seq], outcome=outcome)

    def finish(self, run_id: str, state: RunState, at_ns: int, message: str | None) -> None:
        self._runs[run_id] = replace(self._runs[run_id], state=state, finished_ns=at_ns, message=message)

    def runs(self, plan_id: str | None = None) -> Sequence[Run]:
        return [run for run in self._runs.values() if plan_id in {None, run.plan_id}]

    def unfinished(self) -> Sequence[Run]:
        return [run for run in self._runs.values() if run.state in {RunState.RUNNING, RunState.NEEDS_RECOVERY}]

    def recorded(self, run_id: str, states: Iterable[OpState] | None = None) -> Iterator[Recorded]:
        wanted = set(OpState) if states is None else set(states)
        rows = [row for _, row in sorted(self._rows[run_id].items()) if row.outcome.state in wanted]
        return iter(rows)

    def history(self) -> list[RunHistory]:
        """All runs with their rows, oldest first."""
        return [RunHistory(run, tuple(self.recorded(run.run_id))) for run in self._runs.values()]


class TrippingJournal(MemoryJournal):
    """Calls `trip` before and after each write; a test raises there, or writes down the order of things.

    `trip(call, is_after)` is also given what was written, as a tuple.
    """

    def __init__(self, trip: Callable[[str, bool, tuple[object, ...]], None]) -> None:
        super().__init__()
        self._trip = trip

    def begin(self, run: Run) -> None:
        self._around("begin", (run,), lambda: super(TrippingJournal, self).begin(run))

    def intend(self, run_id: str, operations: Sequence[Operation]) -> None:
        self._around("intend", tuple(operations), lambda: super(TrippingJournal, self).intend(run_id, operations))

    def settle(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        self._around("settle", tuple(outcomes), lambda: super(TrippingJournal, self).settle(run_id, outcomes))

    def finish(self, run_id: str, state: RunState, at_ns: int, message: str | None) -> None:
        self._around("finish", (state,), lambda: super(TrippingJournal, self).finish(run_id, state, at_ns, message))

    def _around(self, call: str, values: tuple[object, ...], write: Callable[[], None]) -> None:
        self._trip(call, False, values)
        write()
        self._trip(call, True, values)


class CrashAtWrite:
    """A `trip` that dies at the n-th journal write (from 0), before it or after it, and then never again."""

    def __init__(self, n: int, *, after: bool) -> None:
        self.n, self.after = n, after
        self.n_writes = 0
        self._died = False

    def __call__(self, call: str, is_after: bool, values: tuple[object, ...]) -> None:
        if not self._died and self.n_writes == self.n and is_after is self.after:
            self._died = True
            raise Crash(call)
        self.n_writes += is_after
