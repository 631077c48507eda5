"""Use case: what making the databases again would come to. It works on copies of them, and with a disk and a journal in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ifmosfs.app.checks import permissions
from ifmosfs.app.committing import plan_history
from ifmosfs.app.context import App
from ifmosfs.app.lost_journals import unknown_plans
from ifmosfs.app.rebuilding import CATALOGUE_NAME, RebuildReport, gather
from ifmosfs.core.journal import Journal
from ifmosfs.core.plan import NEXT_STATE, PlanEvent, PlanState
from ifmosfs.core.rehearsed_recovery import OverlayJournal, recover_in_memory
from ifmosfs.core.restored import events_since_staged
from ifmosfs.platform import host
from ifmosfs.platform.lock import undisturbed
from ifmosfs.store.journal import JOURNAL_NAME, SIDECAR_FOLDER, SqliteJournal
from ifmosfs.store.rebuild import Moves, copy_catalogue, copy_files, set_aside


def rehearse_rebuild(app: App, places: Sequence[bytes], moves: Moves = ()) -> RebuildReport:
    """The report that `rebuild` with the same arguments would give; nothing is changed. Raises: as `rebuild`."""
    state = app.settings.state_folder
    with undisturbed(state / "lock"), TemporaryDirectory(prefix="ifmosfs-") as name:
        folder = Path(name)
        copy_files(state / JOURNAL_NAME, folder)  # nobody writes to it, for the lock is held
        copy_catalogue(state / CATALOGUE_NAME, folder)
        with App(replace(app.settings, state_folder=folder)) as copied:
            gathered = gather(copied, state, places, moves)
            damaged = ((JOURNAL_NAME, gathered.journal_damage), (CATALOGUE_NAME, gathered.catalogue_damage))
            aside = [set_aside(folder / name, host.now_ns()) for name, damage in damaged if damage is not None]
            with SqliteJournal(folder / JOURNAL_NAME, folder / SIDECAR_FOLDER) as journal:
                gathered.adopt_into(journal, moves)
                overlay = OverlayJournal(
                    journal
                )  # rows of known runs tell where their plain copies are: none is written to
                recovered = recover_in_memory(
                    app.disk, permissions(app), overlay, now_ns=host.now_ns, boot_id=host.boot_id()
                )
                plans = {run.plan_id: _state(overlay, run.plan_id) for run in unknown_plans(copied, overlay)}
        return gathered.report([path and state / path.name for path in aside], plans, recovered)


def _state(journal: Journal, plan_id: str) -> PlanState:
    """The state that a plan would be in when it is told again."""
    state = PlanState.DRAFT
    for event in (PlanEvent.STAGE, *events_since_staged(plan_history(journal, plan_id))):
        state = NEXT_STATE[state, event]
    return state
