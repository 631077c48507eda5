"""Plans that must have moved something, while one of the databases knows nothing of them: not touched until it is made again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ifmosfs.app.context import App
from ifmosfs.core.errors import DatabaseDamaged, RecoveryNeeded
from ifmosfs.core.journal import Journal, Operation, Run
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.names import CONTROL_NAME, join, shell_word
from ifmosfs.core.plan import PlanState
from ifmosfs.core.restored import tells_of_a_plan


def is_lost(app: App, journal: Journal | None, info: PlanInfo) -> bool:
    """Whether runs of the plan must have been, of which the journal (`None`: there is none) knows nothing."""
    if journal is not None and journal.runs(info.plan_id):
        return False
    return info.state is PlanState.COMMITTED or _has_begun(app, info)


def lost_journal(app: App, info: PlanInfo) -> DatabaseDamaged:
    """The error for a plan whose journal is lost."""
    return DatabaseDamaged(
        f"the journal knows nothing of plan {info.plan_id}, which was committed",
        path=os.fsencode(app.settings.state_folder / "journal.db"),
        hint=f"make it again from the journal beside the data: {remaking([info.target])}",
    )


def unknown_plans(app: App, journal: Journal) -> list[Run]:
    """The first commit of each plan that has moved files and of which the catalogue, having been lost, knows nothing."""
    known = {info.plan_id for info in app.catalogue.plans()}
    found: dict[str, Run] = {}
    for run in journal.runs():
        if run.plan_id not in known and run.plan_id not in found and tells_of_a_plan(run, journal.recorded(run.run_id)):
            found[run.plan_id] = run
    return list(found.values())


def lost_catalogue(app: App, unknown: Sequence[Run]) -> RecoveryNeeded:
    """The error for plans that the catalogue does not know."""
    more = f" and of {len(unknown) - 1} more" if len(unknown) > 1 else ""
    return RecoveryNeeded(
        f"the catalogue knows nothing of plan {unknown[0].plan_id}{more}, which the journal tells of",
        path=os.fsencode(app.settings.state_folder / "catalogue.db"),
        hint=f"make it again from the journal: {remaking(run.target for run in unknown)}",
    )


def remaking(targets: Iterable[bytes]) -> str:
    """The command that makes databases again from the journals of these targets."""
    return " ".join(["ifmosfs recover --from-journal", *(shell_word(target) for target in dict.fromkeys(targets))])


def _has_begun(app: App, info: PlanInfo) -> bool:
    """Whether a plan that is COMMITTING has a journal beside the data, or in the state folder, that tells of its moves.

    Without one it has been interrupted before its run was recorded, so that nothing has happened yet.
    """
    if info.state is not PlanState.COMMITTING:
        return False
    folders = (Path(os.fsdecode(join(info.target, CONTROL_NAME))), app.settings.state_folder / "journal")
    return any(_tells_of_moves(path, info.plan_id) for folder in folders for path in folder.glob("journal-*.jsonl"))


def _tells_of_moves(sidecar: Path, plan_id: str) -> bool:
    """Whether it is of a run of the plan with operations; one that cannot be read may be."""
    from ifmosfs.store.sidecar import read_sidecar

    try:
        records = list(read_sidecar(sidecar))
    except OSError:
        return True
    of_plan = any(isinstance(each, Run) and each.plan_id == plan_id for each in records)
    return of_plan and any(isinstance(each, Operation) for each in records)
