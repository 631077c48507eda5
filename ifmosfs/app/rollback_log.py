"""The log of rollbacks: one line for each run that takes something back. The run writes it when it ends; for one that could not,
because it was killed or the disk failed, the next command that recovers writes it from the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ifmosfs.app.context import App
from ifmosfs.core.journal import Journal, OpKind, OpState, Recorded, Run, RunKind, RunState
from ifmosfs.core.manifest import RollbackEntry
from ifmosfs.core.reports import RunReport
from ifmosfs.platform import host

# What was chosen, where it is no selection of a plan's files.
OF_VAULT = "vault"
VAULT_EMPTIED = "vault empty"
NOTHING_COMMITTED = "commit that moved nothing"
NOTHING_REDONE = "redo that moved nothing"
NOT_RECORDED = "not recorded"  # of runs that were killed before the journal kept what was chosen

_OF_VAULT = {OF_VAULT: "vault restore", VAULT_EMPTIED: "vault empty"}
_UNFINISHED = frozenset({RunState.RUNNING, RunState.NEEDS_RECOVERY})


def commands_of(app: App, runs: Iterable[Run]) -> dict[str, str]:
    """What each of the runs was, by its id: commit, rollback, vault restore or vault empty. The latter two undo what a commit did, so
    the journal has them as rollbacks."""
    logged = {entry.run_id: entry.selection for entry in app.catalogue.rollbacks()}
    return {run.run_id: _OF_VAULT.get(logged.get(run.run_id) or run.message or "", run.kind.value) for run in runs}


def is_of_vault(run: Run) -> bool:
    """Whether it is, by what it says itself, no rollback but a command of the vault."""
    return run.message in _OF_VAULT


def log_report(app: App, plan_id: str, selection: str, report: RunReport) -> None:
    """Write the line of a run that ends now."""
    log_counts(app, plan_id, report.run_id, selection, report.n_done, report.n_conflicts, report.n_failed)


def log_counts(
    app: App, plan_id: str, run_id: str, selection: str, n_done: int, n_conflicts: int, n_failed: int = 0
) -> None:
    """Write the line of a run that ends now, for which so many files are counted."""
    app.catalogue.log_rollback(RollbackEntry(run_id, plan_id, host.now_ns(), selection, n_done, n_conflicts, n_failed))


def forgotten_runs(app: App, journal: Journal) -> list[Run]:
    """The runs that have ended without a line, so far as their plans are known. Call it when all is recovered."""
    runs = [run for run in journal.runs() if run.kind is RunKind.ROLLBACK and run.state not in _UNFINISHED]
    if not runs:
        return []
    logged = {entry.run_id for entry in app.catalogue.rollbacks()}
    forgotten = [run for run in runs if run.run_id not in logged]
    plans = {info.plan_id for info in app.catalogue.plans()} if forgotten else set()
    return [run for run in forgotten if run.plan_id in plans]


def log_forgotten(app: App, journal: Journal) -> None:
    """Write the lines of runs that have ended without one."""
    for run in forgotten_runs(app, journal):
        _log_from(app, journal, run)


def _log_from(app: App, journal: Journal, run: Run) -> None:
    selection = run.message or NOT_RECORDED
    ended = Counter(
        row.outcome.state for row in journal.recorded(run.run_id) if _is_of_a_file(row, selection=selection)
    )
    counts = ended[OpState.DONE], ended[OpState.CONFLICT], ended[OpState.FAILED]
    at_ns = run.finished_ns or run.started_ns
    app.catalogue.log_rollback(RollbackEntry(run.run_id, run.plan_id, at_ns, selection, *counts))


def _is_of_a_file(row: Recorded, *, selection: str) -> bool:
    """As a run counts itself; but a folder that was carried counts as one."""
    operation = row.operation
    if operation.kind in {OpKind.REMOVE, OpKind.CARRY}:
        return True
    return operation.kind is OpKind.MOVE and (operation.action_id != 0 or selection == OF_VAULT)
