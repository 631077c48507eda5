"""Use case: bring the disk into order after a run that did not finish. Runs by itself before commands that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ifmosfs.app.context import App
from ifmosfs.core.errors import Locked
from ifmosfs.core.journal import OpKind, OpState, Run, RunKind
from ifmosfs.core.plan import PlanEvent, PlanState
from ifmosfs.core.recover import recover
from ifmosfs.core.reports import RecoveryReport
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.core.journal import Journal


def recover_if_needed(app: App) -> list[RecoveryReport]:
    """Recover every interrupted run; nothing to do where there is none, or while another process is moving files."""
    if not (app.settings.state_folder / "journal.db").exists():
        return []
    try:
        with app.writing() as journal:
            return recover_runs(app, journal)
    except Locked:
        return []  # a run is alive: whoever wants to write will meet its lock


def recover_runs(app: App, journal: Journal) -> list[RecoveryReport]:
    """Recover every interrupted run of an open journal. Raises `DiskFailed` where the disk does not answer."""
    return [_recover_one(app, journal, run) for run in journal.unfinished()]


def unfinished_runs(app: App) -> list[Run]:
    """The runs that would be recovered, without touching them. Raises `Locked` while another process is moving files."""
    if not (app.settings.state_folder / "journal.db").exists():
        return []
    with app.writing() as journal:
        return list(journal.unfinished())


def _recover_one(app: App, journal: Journal, run: Run) -> RecoveryReport:
    app.progress(f"Recovering run {run.run_id}", 0, None)
    report = recover(run, app.disk, journal, now_ns=host.now_ns, boot_id=host.boot_id())
    if run.kind is RunKind.COMMIT:
        _settle_plan(app, journal, run.plan_id)
    return report


def _settle_plan(app: App, journal: Journal, plan_id: str) -> None:
    """A commit that moved nothing leaves its plan as it was before; otherwise it can be taken up again or rolled back."""
    if any_move_done(journal, plan_id):
        return
    if any(info.plan_id == plan_id and info.state is PlanState.COMMITTING for info in app.catalogue.plans()):
        app.catalogue.advance(plan_id, PlanEvent.STOP_UNTOUCHED)


def any_move_done(journal: Journal, plan_id: str) -> bool:
    """Whether any file was moved for a plan."""
    return any(
        recorded.operation.kind is OpKind.MOVE
        for run in journal.runs(plan_id)
        if run.kind is RunKind.COMMIT
        for recorded in journal.recorded(run.run_id, [OpState.DONE])
    )
