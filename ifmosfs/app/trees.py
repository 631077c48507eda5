"""Use cases: the tree of a plan for a view, read folder by folder from a file beside the catalogue.

The file only repeats what the catalogue says, so whatever is wrong with it is answered by making it again, and where it cannot be
made the tree is made in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ifmosfs.app.collector import without_collector
from ifmosfs.app.context import App
from ifmosfs.core.edit_log import effective, last_number
from ifmosfs.core.errors import DatabaseDamaged
from ifmosfs.core.nodes import TreeSource
from ifmosfs.core.plan import Action, Edit, Plan
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import PlanTree, added_by, gathered_by
from ifmosfs.core.tree_source import PlanSource

LOG: Final = logging.getLogger("ifmosfs")


def keep_tree(app: App, plan: Plan) -> None:
    """Make the file for a plan that was just stored. A full disk is no reason to refuse the plan: it is made at the mount."""
    from ifmosfs.store.tree_file import write_tree_file

    path = tree_path(app, plan.plan_id)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_tree_file(path, plan)
    except OSError as error:
        LOG.info("the tree of plan %s is not kept (%s)", plan.plan_id, error)


def forget_tree(app: App, plan_id: str) -> None:
    """Remove the file of a plan that is over."""
    with suppress(OSError):
        tree_path(app, plan_id).unlink(missing_ok=True)


def lazy_tree(app: App, plan_id: str) -> PlanTree:
    """The tree of a plan with the edits in force, of which a folder's files are read when they are needed. Raises: NotFound;
    DatabaseDamaged where an edit does not fit those before it."""
    log = app.catalogue.edit_log(plan_id)
    source = _source(app, plan_id, log)
    with fitting(plan_id):
        return PlanTree(source.plan, effective(log), last_number(log), source)


@contextmanager
def fitting(plan_id: str) -> Iterator[None]:
    """Where the edits of a plan are made again, say in words that one of them cannot be: no program of ours has written such a log."""
    try:
        yield
    except FsError as error:
        what = f"an edit of plan {plan_id} does not fit those before it ({error.kind.name.lower().replace('_', ' ')})"
        raise DatabaseDamaged(
            what, path=error.path, hint=f"make a new plan, and forget this one: ifmosfs stage discard {plan_id}"
        ) from error


def plan_source(app: App, plan_id: str, log: Sequence[Edit]) -> TreeSource:
    """Where the plan alone puts its files, and those that the log's edits have added. Raises: NotFound."""
    return _source(app, plan_id, log)


def tree_path(app: App, plan_id: str) -> Path:
    """Where the tree of a plan is kept."""
    return app.settings.state_folder / "trees" / f"{plan_id}.tree"


def _source(app: App, plan_id: str, log: Sequence[Edit]) -> TreeSource:
    from ifmosfs.store.tree_file import StoredSource, TreeFileDamaged

    path, head = tree_path(app, plan_id), app.catalogue.load_plan_head(plan_id)

    def action(action_id: int) -> Action:
        return app.catalogue.action(plan_id, action_id)

    def actions() -> Iterator[Action]:
        return app.catalogue.actions(plan_id)

    def several(action_ids: Collection[int]) -> Iterable[Action]:
        return app.catalogue.actions_numbered(plan_id, action_ids)

    def links() -> Iterable[tuple[int, int]]:
        return app.catalogue.linked_actions(plan_id)

    try:
        return StoredSource(path, head, action, actions, several, links)
    except (FileNotFoundError, TreeFileDamaged):
        return _made_again(app, plan_id, log, action) or StoredSource(path, head, action, actions, several, links)


@without_collector()
def _made_again(app: App, plan_id: str, log: Sequence[Edit], action: Callable[[int], Action]) -> TreeSource | None:
    """Make the file again; where that cannot be, the source in memory."""
    from ifmosfs.store.tree_file import write_tree_file

    path, plan = tree_path(app, plan_id), app.catalogue.load_plan(plan_id)
    added, gathered = added_by(log), gathered_by(log)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_tree_file(path, plan, added, gathered)
    except OSError as error:
        LOG.info("the tree of plan %s is not kept (%s)", plan_id, error)
        return PlanSource(plan, added, action, gathered)
    return None
