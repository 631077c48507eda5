"""Use case: bring the disk into order after a run that did not finish. Runs by itself before commands that need it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ifmosfs.app.checks import permissions
from ifmosfs.app.collector import without_collector
from ifmosfs.app.committing import plan_history
from ifmosfs.app.context import App
from ifmosfs.app.lost_journals import is_lost, lost_catalogue, lost_journal, unknown_plans
from ifmosfs.app.rollback_log import forgotten_runs, is_of_vault, log_forgotten
from ifmosfs.app.undoing import UNDOABLE, settle_ended, settle_rolled_back
from ifmosfs.core import rehearsed_recovery
from ifmosfs.core.errors import DiskFull, Locked
from ifmosfs.core.history import standing
from ifmosfs.core.journal import OpKind, OpState, Run, RunKind, RunState
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.plan import Origin, PlanEvent, PlanState
from ifmosfs.core.recover import recover
from ifmosfs.core.reports import RecoveryReport
from ifmosfs.platform import host
from ifmosfs.platform.lock import undisturbed
from ifmosfs.platform.reserve import release_if_scarce, release_reserve

if TYPE_CHECKING:
    from ifmosfs.store.journal import SqliteJournal


class Settled(NamedTuple):
    """What was recovered before a command begins, and the plans (a run of each) that the catalogue does not know and should."""

    reports: list[RecoveryReport]
    unknown: list[Run]


class Unsettled(NamedTuple):
    """The runs that would be recovered, the plans whose journal is lost, and those (a run of each) that the catalogue has lost."""

    runs: list[Run]
    lost: list[PlanInfo]
    unknown: list[Run]


def recover_if_needed(app: App) -> Settled:
    """Recover every interrupted run; nothing to do where there is none, or while another process is moving files."""
    if not app.has_journal:
        return Settled([], [])
    try:
        with app.writing() as journal:
            return Settled(recover_runs(app, journal), unknown_plans(app, journal))
    except Locked:
        return Settled([], [])  # a run is alive: whoever wants to write will meet its lock


def recover_runs(app: App, journal: SqliteJournal) -> list[RecoveryReport]:
    """Recover every interrupted run of an open journal. Raises `DiskFailed` where the disk does not answer."""
    reports = [_recover_one(app, journal, run) for run in journal.unfinished()]
    _release_unbegun(app, journal)
    _end_rollbacks(app, journal)
    return reports


def rehearse_recovery(app: App) -> list[RecoveryReport]:
    """What `recover_runs` would report. Changes nothing: it reads a copy of the journal, for opening one writes to it.

    Raises: Locked, RecoveryNeeded, DiskFailed, DatabaseDamaged.
    """
    path = app.settings.state_folder / "journal.db"
    if not path.exists():
        return []
    with (
        undisturbed(app.settings.state_folder / "lock"),
        TemporaryDirectory(prefix="ifmosfs-") as folder,
        _copied_journal(path, Path(folder)) as journal,
    ):
        return rehearsed_recovery.rehearse_recovery(
            app.disk, permissions(app), journal, now_ns=host.now_ns, boot_id=host.boot_id()
        )


def _copied_journal(path: Path, folder: Path) -> SqliteJournal:
    from ifmosfs.store.journal import SqliteJournal
    from ifmosfs.store.trouble import translated

    with translated(path):
        for name in (path.name, f"{path.name}-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(name), folder / name)
    return SqliteJournal(folder / path.name, folder)


def lost_plans(app: App, journal: SqliteJournal | None) -> list[PlanInfo]:
    """The plans that have been committed, wholly or in part, of which the journal (`None`: there is none) knows nothing."""
    return [info for info in app.catalogue.plans() if info.state in UNDOABLE and is_lost(app, journal, info)]


def refuse_lost(app: App, journal: SqliteJournal) -> None:
    """Raise `DatabaseDamaged` where a plan has been committed of which the journal knows nothing, `RecoveryNeeded` where it is the
    catalogue that knows nothing of one."""
    for info in lost_plans(app, journal):
        raise lost_journal(app, info)
    unknown = unknown_plans(app, journal)
    if unknown:
        raise lost_catalogue(app, unknown)


def unsettled(app: App) -> Unsettled:
    """What has to be recovered, or made again, without touching it. Raises `Locked` while another process is moving files."""
    if not app.has_journal:
        return Unsettled([], lost_plans(app, None), [])
    with app.writing() as journal:
        return Unsettled(list(journal.unfinished()), lost_plans(app, journal), unknown_plans(app, journal))


def _recover_one(app: App, journal: SqliteJournal, run: Run) -> RecoveryReport:
    app.progress(f"Recovering run {run.run_id}", 0, None)
    release_if_scarce(app.settings.state_folder)
    with app.disk.looking(), without_collector():
        try:
            report = recover(run, app.disk, journal, now_ns=host.now_ns, boot_id=host.boot_id())
        except DiskFull:
            if not release_reserve(app.settings.state_folder):
                raise
            report = recover(run, app.disk, journal, now_ns=host.now_ns, boot_id=host.boot_id())
    for info in app.catalogue.plans():
        if info.plan_id == run.plan_id and info.state in UNDOABLE:
            _settle_plan(app, journal, info, run.kind)
    app.record_versions(journal)
    return report


def _settle_plan(app: App, journal: SqliteJournal, info: PlanInfo, kind: RunKind) -> None:
    """A commit that did nothing leaves its plan as it was before, and a rollback that did all has rolled it back; otherwise
    either can be taken up again."""
    if kind is RunKind.ROLLBACK:
        settle_rolled_back(app, journal, info)
        return
    if info.state is PlanState.COMMITTING and not _has_done_anything(journal, info.plan_id):
        with suppress(DiskFull):  # then its record stays beside the data
            journal.withdraw_sidecars(info.plan_id)
        _leave_untouched(app, info)


def _has_done_anything(journal: SqliteJournal, plan_id: str) -> bool:
    """Whether something that a run of the plan did holds now, besides folders' times."""
    runs = journal.runs(plan_id)
    if any(run.kind is RunKind.ROLLBACK for run in runs):
        return any(each.operation.kind is not OpKind.TIMES for each in standing(plan_history(journal, plan_id)))
    # Nothing has been undone, so the first row will do: there may be a million.
    done = (row for run in runs for row in journal.recorded(run.run_id, [OpState.DONE]))
    return any(row.operation.kind is not OpKind.TIMES for row in done)


def _end_rollbacks(app: App, journal: SqliteJournal) -> None:
    """Do what is left of rollbacks that came to their end, and were killed before their line in the log."""
    forgotten = forgotten_runs(app, journal)
    if not forgotten:
        return
    ended = {run.plan_id for run in forgotten if run.state is RunState.COMPLETE and not is_of_vault(run)}
    for info in app.catalogue.plans():
        if info.plan_id in ended and info.state in UNDOABLE:
            settle_ended(app, journal, info)
    log_forgotten(app, journal)


def _release_unbegun(app: App, journal: SqliteJournal) -> None:
    """A commit that was interrupted before its run was recorded has done nothing, and leaves its plan as it was before."""
    recorded = {run.plan_id for run in journal.runs()}
    for info in app.catalogue.plans():
        is_unbegun = info.state is PlanState.COMMITTING and info.plan_id not in recorded
        if is_unbegun and not is_lost(app, journal, info):  # a lost journal concerns only those who ask for this plan
            _leave_untouched(app, info)


def _leave_untouched(app: App, info: PlanInfo) -> None:
    """The plan is as it was before its commit; that of a restore was none that a person could have committed, and goes."""
    app.catalogue.advance(info.plan_id, PlanEvent.STOP_UNTOUCHED)
    first = next(iter(app.catalogue.actions(info.plan_id)), None)
    if first is None or first.origin is Origin.USER:
        app.catalogue.advance(info.plan_id, PlanEvent.DISCARD)
