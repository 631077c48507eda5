"""Use cases that only look: what is mounted, planned and unfinished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ifmosfs.app.context import App
from ifmosfs.app.mounting import own_views, plan_of
from ifmosfs.app.recovering import Unsettled, unsettled
from ifmosfs.app.staging import as_edited
from ifmosfs.app.undo_lists import rolled_back_in_part
from ifmosfs.app.vaulting import VaultUse, vault_use
from ifmosfs.core.errors import Locked
from ifmosfs.core.journal import Run
from ifmosfs.core.manifest import PlanInfo, SessionInfo
from ifmosfs.core.plan import PlanState
from ifmosfs.platform.mounts import is_stale

# What the mount table calls views of the past, before the id of what they show; those of plans are called by the plan's id alone.
VERSION_PREFIX = "version-"
ROLLBACK_PREFIX = "rollback-"


@dataclass(frozen=True, slots=True)
class MountedView:
    """A view in the mount table; `alive` is false when its process has died."""

    mount_point: bytes
    plan_id: str
    alive: bool


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What there is, now. `moved_back`: of plans that have been rolled back in part, by their ids, how many files are still where
    the plan put them, and how many are back."""

    views: tuple[MountedView, ...]
    sessions: tuple[SessionInfo, ...]
    plans: tuple[PlanInfo, ...]
    unfinished: tuple[Run, ...]
    busy: str | None  # the words on a run that is going on now
    lost: tuple[PlanInfo, ...] = ()  # committed plans of which the journal knows nothing
    unknown: tuple[Run, ...] = ()  # a run of each plan of which the catalogue knows nothing
    vaults: tuple[VaultUse, ...] = ()
    moved_back: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def status(app: App, *, every: bool) -> StatusReport:
    """What is mounted, planned and unfinished; discarded and rolled back plans only with `every`."""
    over = {PlanState.DISCARDED, PlanState.ROLLED_BACK}
    plans = tuple(as_edited(app, info) for info in app.catalogue.plans() if every or info.state not in over)
    busy: str | None = None
    moved_back: dict[str, tuple[int, int]] = {}
    found = Unsettled([], [], [])
    try:
        found = unsettled(app)
        moved_back = {} if found.runs else rolled_back_in_part(app, plans)
    except Locked as error:
        busy = error.what
    return StatusReport(
        mounted_views(app),
        tuple(app.catalogue.sessions()),
        plans,
        tuple(found.runs),
        busy,
        tuple(found.lost),
        tuple(found.unknown),
        tuple(vault_use(app)),
        moved_back,
    )


def mounted_views(app: App) -> tuple[MountedView, ...]:
    """The views of this catalogue's plans in the mount table."""
    return tuple(MountedView(view.point, plan_of(view), not is_stale(view)) for view in own_views(app))
