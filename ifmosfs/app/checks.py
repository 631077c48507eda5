"""What can be known about a place before anything is planned for it or moved to it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ifmosfs.app.context import App
from ifmosfs.app.staging import nearest_folder
from ifmosfs.core.errors import PlanOutdated, TargetProblem
from ifmosfs.core.files import Place
from ifmosfs.core.plan import Plan
from ifmosfs.core.preflight import Credentials, Permissions
from ifmosfs.core.reports import WORDS, Problem
from ifmosfs.platform import host


def permissions(app: App) -> Permissions:
    """What this user may change on the disk as it is now."""
    return Permissions(app.disk, credentials())


def credentials() -> Credentials:
    """Who this process is."""
    reader = host.reader()
    return Credentials(reader.uid, reader.gids, _is_granted)


def target_problem(app: App, target: bytes) -> Problem | None:
    """What stands against writing to a target now, or to the nearest folder above one that is still to be made."""
    where = Place(nearest_folder(target), b"")
    return permissions(app).problem(where, app.disk.lstat(where))


def refuse_read_only(app: App, roots: Iterable[bytes]) -> None:
    """Raise `TargetProblem` for a disk that is mounted read-only: nothing can leave it, nor come to it."""
    for root in dict.fromkeys(roots):
        if app.disk.space(Place(root, b"")).read_only:
            raise TargetProblem(WORDS["read-only"], path=root, hint="mount it for writing, then run the command again")


def refuse_moved_places(plan: Plan) -> None:
    """Raise `PlanOutdated` where a path of the plan, all of which were resolved when it was made, leads elsewhere now, and
    where the target has become something else than a folder."""
    for path in (plan.target, *(root.path for root in plan.roots)):
        if os.path.realpath(path) != path:
            what = "a symlink leads elsewhere from here than when the plan was made"
            raise PlanOutdated(what, path=path, hint="put the folder back in its place, or plan again")
    where = nearest_folder(plan.target)
    if not os.path.isdir(where):
        what = "there is no folder any more where files are to go"
        raise PlanOutdated(what, path=where, hint="move away what is there, or plan again")


def _is_granted(folder: bytes) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
