"""Use cases: take steps of a plan's edits back, make them again, and tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ifmosfs.app.context import App
from ifmosfs.app.mounting import tell_view
from ifmosfs.app.staging import refuse_begun
from ifmosfs.app.trees import plan_source
from ifmosfs.core.edit_log import UndoStep, effective, last_number, numbered, redoable, retracing, steps, undoable
from ifmosfs.core.errors import PlanOutdated, WrongState
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import PlanTree
from ifmosfs.platform import host
from ifmosfs.platform.mounts import Mount


@dataclass(frozen=True, slots=True)
class Retraced:
    """Steps that were taken back, or made again, in that order. `outdated_view`: where the plan is mounted, if the view there
    does not show it."""

    steps: tuple[UndoStep, ...]
    outdated_view: Mount | None


def undo(app: App, info: PlanInfo, n_steps: int) -> Retraced:
    """Take the newest `n_steps` steps in force back, or all, where there are fewer. Raises `WrongState` where there is none,
    and for a plan that is over or whose commit has begun."""
    return _retrace(app, info, EditKind.UNDO, n_steps, undoable)


def redo(app: App, info: PlanInfo, n_steps: int) -> Retraced:
    """Make steps again that were taken back since the last new edit, the last one first. As `undo`."""
    return _retrace(app, info, EditKind.REDO, n_steps, redoable)


def edit_steps(app: App, info: PlanInfo) -> list[UndoStep]:
    """All steps of a plan's edits, the oldest first, with those that are not in force."""
    return steps(app.catalogue.edit_log(info.plan_id))


def _retrace(
    app: App,
    info: PlanInfo,
    kind: EditKind,
    n_steps: int,
    candidates: Callable[[Sequence[Edit]], list[UndoStep]],
) -> Retraced:
    refuse_begun(info)
    while True:
        log = app.catalogue.edit_log(info.plan_id)
        chosen = tuple(candidates(log)[:n_steps])
        if not chosen:
            raise _nothing(info.plan_id, kind, log)
        drafts = [retracing(kind, step, host.now_ns()) for step in chosen]
        _refuse_unfitting(app, info.plan_id, log, drafts)
        with suppress(PlanOutdated):  # somebody has edited the plan since it was read: choose again
            app.catalogue.append_edits(info.plan_id, drafts, last_number(log))
            done = tuple(replace(step, in_force=kind is EditKind.REDO) for step in chosen)
            return Retraced(done, tell_view(info.plan_id))


def _refuse_unfitting(app: App, plan_id: str, log: Sequence[Edit], drafts: Sequence[Edit]) -> None:
    """Raise `WrongState`, before anything is written, where the edits that would be in force then do not fit each other: nobody could
    show or commit the plan any more."""
    then = (*log, *numbered(drafts, log[-1]))
    source = plan_source(app, plan_id, then)
    try:
        PlanTree(source.plan, effective(then), last_number(then), source)
    except FsError as error:
        hint = f"see what was edited: ifmosfs stage log {plan_id}"
        raise WrongState("another edit rests on this one: nothing was changed", path=error.path, hint=hint) from error


def _nothing(plan_id: str, kind: EditKind, log: Sequence[Edit]) -> WrongState:
    hint = f"see what was edited: ifmosfs stage log {plan_id}"
    if kind is EditKind.UNDO:
        if redoable(log):
            hint = f"make it again: ifmosfs stage redo {plan_id}"
        return WrongState(f"no edit of plan {plan_id} is left to take back", hint=hint)
    if all(step.in_force for step in steps(log)):
        return WrongState(f"no edit of plan {plan_id} has been taken back", hint=hint)
    return WrongState(f"plan {plan_id} was edited since, so that nothing can be made again", hint=hint)
