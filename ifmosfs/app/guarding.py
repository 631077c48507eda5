"""Use case: hold a commit up that is probably not meant, until a person says that it is."""

from __future__ import annotations

import errno
from collections import Counter, defaultdict
from collections.abc import Sequence

from ifmosfs.app.committing import PreparedCommit
from ifmosfs.app.context import App
from ifmosfs.core.errors import Guarded
from ifmosfs.core.files import Place
from ifmosfs.core.guard import MORE_THAN_USUAL, ROOT_EMPTY, Extent, RootSight, against_habit, empty_roots
from ifmosfs.core.manifest import PlanInfo, VersionKind
from ifmosfs.core.plan import PlanState
from ifmosfs.core.reports import Problem


def guard(app: App, prepared: PreparedCommit) -> list[Problem]:
    """What speaks against beginning this commit, each with the option that overrides it once. Changes nothing.

    A plan that a commit has begun already is not held against habit any more: stopping half-way helps nobody.
    """
    found = empty_roots(_roots(app, prepared))
    if prepared.info.state in {PlanState.STAGED, PlanState.VALIDATED} and not prepared.n_before:
        now = Extent(len(prepared.order.steps), len(prepared.tree.plan.actions))
        earlier = earlier_extents(app, prepared.info)
        found += against_habit(now, earlier, app.settings.guard, prepared.info.target)
    return found


def not_allowed(problems: Sequence[Problem], *, allow_empty_root: bool, allow_many: bool) -> list[Problem]:
    """The problems that no option of this commit overrides: it will not begin."""
    allowed = {ROOT_EMPTY: allow_empty_root, MORE_THAN_USUAL: allow_many}
    return [problem for problem in problems if not allowed[problem.code]]


def refuse_guarded(forbidding: Sequence[Problem]) -> None:
    """Raise `Guarded` for the first of the problems that were not allowed."""
    for problem in forbidding:
        raise Guarded(problem.words, path=problem.path, hint=problem.remedy)


def earlier_extents(app: App, info: PlanInfo) -> list[Extent]:
    """How far the commits of other plans reached that share a scanned folder with this one."""
    roots = {session.session_id: {root.path for root in session.roots} for session in app.catalogue.sessions()}
    own = roots.get(info.session_id, set())
    moved: dict[str, int] = defaultdict(int)
    for version in app.catalogue.versions():
        if version.kind is VersionKind.COMMIT and version.plan_id is not None:
            moved[version.plan_id] += version.n_moved
    return [
        Extent(moved[plan.plan_id], plan.n_moves + plan.n_kept)
        for plan in app.catalogue.plans()
        if plan.plan_id != info.plan_id and plan.plan_id in moved and own & roots.get(plan.session_id, set())
    ]


def _roots(app: App, prepared: PreparedCommit) -> list[RootSight]:
    plan = prepared.tree.plan
    scanned = Counter(action.root for action in plan.actions)
    steps = Counter(step.source.root for step in prepared.order.steps)
    return [
        RootSight(root.path, scanned[root.path], steps[root.path], _is_empty(app, Place(root.path, b"")))
        for root in plan.roots
        if steps[root.path]
    ]


def _is_empty(app: App, root: Place) -> bool:
    """Whether nothing is there; a folder that cannot be looked into is another trouble, told elsewhere."""
    try:
        return not app.disk.list_folder(root)
    except OSError as error:
        return error.errno in {errno.ENOENT, errno.ENOTDIR}
