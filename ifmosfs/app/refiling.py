"""Use case: have a mounted plan follow a new classification. Files whose category has changed, and that no person has moved, are
placed anew; whatever a person has decided stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from ifmosfs.app.amending import Amender, News
from ifmosfs.app.context import App
from ifmosfs.app.mounting import OPEN_STATES, tell_view, view_of
from ifmosfs.app.trees import lazy_tree
from ifmosfs.core.files import Place
from ifmosfs.core.tree import PlanTree

T = TypeVar("T")


class _StoredTree:
    """The tree of a plan as it is in the catalogue."""

    def __init__(self, app: App, plan_id: str) -> None:
        self._app = app
        self._plan_id = plan_id
        self.tree = lazy_tree(app, plan_id)

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        """See `amending.OpenTree`."""
        return ask(self.tree)

    def reload(self) -> None:
        """See `amending.OpenTree`."""
        self.tree = lazy_tree(self._app, self._plan_id)


def refile(app: App, session_id: str, fresh: Collection[Place]) -> int:
    """Re-file the files that were just classified in the mounted plans of the session; returns how many files."""
    if not fresh:
        return 0
    plans = [info for info in app.catalogue.plans() if info.session_id == session_id and info.state in OPEN_STATES]
    return sum(_refile_in(app, info.plan_id, session_id, fresh) for info in plans if view_of(info.plan_id) is not None)


def _refile_in(app: App, plan_id: str, session_id: str, fresh: Collection[Place]) -> int:
    known = {action.source_place: action for action in app.catalogue.actions_at(plan_id, fresh)}
    roots = {place.root for place in known}
    pairs = [
        (file, proposal)
        for root in roots
        for file, proposal in app.catalogue.classified_at(
            session_id, root, [place.path for place in known if place.root == root]
        )
        if proposal is not None and proposal.label != known[file.place].category
    ]
    if not pairs:
        return 0
    stored = _StoredTree(app, plan_id)
    n_placed = Amender(app, stored.tree.plan, stored).amend(News(pairs, known, {}))
    tell_view(plan_id)
    return n_placed or 0
