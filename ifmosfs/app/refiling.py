"""Use case: have open plans follow a new classification. Files of which something else is said now, and that no person has moved, are
placed anew; whatever a person has decided stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from ifmosfs.app.amending import Amender, News
from ifmosfs.app.context import App
from ifmosfs.app.mounting import OPEN_STATES, tell_view, view_of
from ifmosfs.app.trees import lazy_tree
from ifmosfs.core.amending import is_placed_anew
from ifmosfs.core.files import Place, ScannedFile
from ifmosfs.core.plan import Action
from ifmosfs.core.proposal import Proposal
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


def refile(app: App, session_id: str, fresh: Collection[Place], *, every: bool = False) -> int:
    """Re-file the files that were just classified in the mounted plans of the session, or in `every` open one; returns how many files.

    Their views show it at once.
    """
    if not fresh:
        return 0
    plans = [info for info in app.catalogue.plans() if info.session_id == session_id and info.state in OPEN_STATES]
    chosen = [info for info in plans if every or view_of(info.plan_id) is not None]
    return sum(_refile_in(app, info.plan_id, session_id, fresh) for info in chosen)


def _refile_in(app: App, plan_id: str, session_id: str, fresh: Collection[Place]) -> int:
    known = {action.source_place: action for action in app.catalogue.actions_at(plan_id, fresh)}
    roots = {place.root for place in known}
    judged = [
        (file, proposal)
        for root in roots
        for file, proposal in app.catalogue.classified_at(
            session_id, root, [place.path for place in known if place.root == root]
        )
        if proposal is not None and _is_news(known[file.place], file, proposal)
    ]
    if not judged:
        return 0
    stored = _StoredTree(app, plan_id)
    pairs = [
        (file, proposal)
        for file, proposal in judged
        if is_placed_anew(stored.tree, known[file.place], proposal)
        or file.fingerprint != known[file.place].expected  # what a person has placed stays there, as it is now
    ]
    if not pairs:
        return 0
    amended = Amender(app, stored.tree.plan, stored).amend(News(pairs, known, {}))
    tell_view(plan_id)
    if amended is None:
        return 0
    again = _refile_in(app, plan_id, session_id, amended.overtaken) if amended.overtaken else 0
    return amended.n_placed + again


def _is_news(action: Action, file: ScannedFile, proposal: Proposal) -> bool:
    if file.kind is not action.entry_kind:
        return False  # it has the name of the action's file, and is a link now, or was one
    return (proposal.label, proposal.score) != (action.category, action.score)
