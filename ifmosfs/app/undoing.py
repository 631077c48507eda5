"""Use cases: move a plan's files back, and prove that the disk is what the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ifmosfs.app.committing import Stop, done_actions, new_run, plan_history
from ifmosfs.app.context import App
from ifmosfs.core.errors import WrongState
from ifmosfs.core.execute import execute
from ifmosfs.core.files import Place
from ifmosfs.core.journal import Journal, Run, RunKind, RunState
from ifmosfs.core.manifest import PlanInfo, RollbackEntry
from ifmosfs.core.names import CONTROL_NAME, join
from ifmosfs.core.plan import PlanEvent, PlanState
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from ifmosfs.core.reports import RunReport, VerifyReport
from ifmosfs.core.rollback import RollbackOrder, plan_rollback
from ifmosfs.core.verify import verify
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.store.journal import SqliteJournal

UNDOABLE = (PlanState.COMMITTED, PlanState.COMMITTING)


@dataclass(frozen=True, slots=True)
class PreparedRollback:
    """A rollback that could begin."""

    info: PlanInfo
    planned: RollbackOrder


def prepare_rollback(app: App, journal: Journal, info: PlanInfo) -> PreparedRollback:
    """What a rollback of the plan would do. Changes nothing. Raises `WrongState` where there is nothing to move back."""
    history = plan_history(journal, info.plan_id)
    if not done_actions(history):
        raise WrongState(f"nothing of plan {info.plan_id} is to be moved back", hint="ifmosfs status shows the plans")
    run = new_run(RunKind.ROLLBACK, info.plan_id, info.target)
    app.progress("Checking", 0, None)
    return PreparedRollback(info, plan_rollback(run, history, app.disk))


def rehearse_rollback(app: App, journal: Journal, prepared: PreparedRollback) -> RunReport:
    """The report of the same rollback on a disk that keeps everything in memory."""
    disk = RehearsalDisk(app.disk)
    _withdraw_sidecars(disk, journal.runs(prepared.info.plan_id))
    report = execute(prepared.planned.order, disk, NullJournal(), now_ns=host.now_ns)
    return _with_refused(report, prepared)


def run_rollback(app: App, journal: SqliteJournal, prepared: PreparedRollback, stop: Stop) -> RunReport:
    """Move the files back. The plan is ROLLED_BACK when nothing of it is left at its target. Raises `DiskFailed`."""
    plan_id = prepared.info.plan_id
    journal.withdraw_sidecars(plan_id)
    report = execute(
        prepared.planned.order,
        app.disk,
        journal,
        now_ns=host.now_ns,
        stop=stop,
        progress=lambda n_done, n_total: app.progress("Moving back", n_done, n_total),
    )
    report = _with_refused(report, prepared)
    if report.state is RunState.COMPLETE and not report.n_conflicts and not report.n_failed:
        app.catalogue.advance(plan_id, PlanEvent.ROLL_BACK)
    else:
        journal.return_sidecars(plan_id)
    app.catalogue.log_rollback(
        RollbackEntry(
            run_id=report.run_id,
            plan_id=plan_id,
            at_ns=host.now_ns(),
            selection="plan",
            n_done=report.n_done,
            n_conflicts=report.n_conflicts,
            n_failed=report.n_failed,
        )
    )
    return report


def verify_plan(app: App, journal: Journal, info: PlanInfo) -> VerifyReport:
    """How the disk compares with what was done for a plan. Raises `WrongState` for a plan that was never committed."""
    history = plan_history(journal, info.plan_id)
    if not history:
        hint = f"ifmosfs stage validate {info.plan_id} checks a plan before its commit"
        raise WrongState(f"plan {info.plan_id} was never committed", hint=hint)
    return verify(history, app.disk, progress=lambda n_done, n_total: app.progress("Verifying", n_done, n_total))


def _withdraw_sidecars(disk: RehearsalDisk, runs: Sequence[Run]) -> None:
    """What `SqliteJournal.withdraw_sidecars` does to the real disk."""
    from ifmosfs.store.sidecar import sidecar_name

    for run in runs:
        folder = Place(run.target, CONTROL_NAME)
        sidecar = Place(run.target, join(CONTROL_NAME, sidecar_name(run.run_id)))
        with suppress(FileNotFoundError, NotADirectoryError):
            disk.unlink_checked(sidecar, disk.lstat(sidecar).fingerprint)
            if not disk.list_folder(folder):
                disk.remove_folder(folder)


def _with_refused(report: RunReport, prepared: PreparedRollback) -> RunReport:
    """Files that planning already found impossible to move back count as conflicts."""
    refused = prepared.planned.problems
    n_files = len({problem.action_id for problem in refused if problem.action_id})
    return replace(report, n_conflicts=report.n_conflicts + n_files, problems=(*refused, *report.problems))
