"""The organised tree of a plan without edits in force, as far as a commit reads it: the plan itself, without a node for each file.

A million nodes take a quarter of a gigabyte, and tell no more than the plan's own actions as long as no edit moves them.
`tests/core/test_unedited.py` holds it against `core.tree.PlanTree`, which is what the view shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ifmosfs.core.names import SEPARATOR, components, join
from ifmosfs.core.plan import Action, ActionKind, Edit, KeepReason, Plan
from ifmosfs.core.tree import CarriedFolder, FolderNode, PlannedFolder, PlannedMove, PlanTree


class UneditedTree:
    """A `PlanTree` of which only what is asked of all files and of the folders is there."""

    def __init__(self, plan: Plan, first_in_folder: Sequence[Action], last_edit: int = 0) -> None:
        """`first_in_folder`: of each folder of the layout that files go to, the first action that brings one. `last_edit`: the
        number of the last row of the edit log, in which all edits are taken back."""
        self.plan = plan
        self.last_edit = last_edit
        self.put_aside: set[int] = set()
        self._folders = PlanTree(replace(plan, actions=tuple(first_in_folder)))

    @property
    def root(self) -> FolderNode:
        """The root of the tree, with all folders of the layout and few of its files."""
        return self._folders.root

    @property
    def review(self) -> FolderNode:
        """The folder of the root that is not part of the layout; of what stays, nothing is in it."""
        return self._folders.review

    def moves(self) -> Iterator[PlannedMove]:
        """As `PlanTree.moves`."""
        return (
            PlannedMove(action, action.target, action.replaces)
            for action in self.plan.moves()
            if action.target is not None
        )

    def vaulted(self) -> Iterator[Action]:
        """As `PlanTree.vaulted`."""
        return self.plan.vaulted()

    def kept(self) -> Iterator[tuple[Action, KeepReason]]:
        """As `PlanTree.kept`."""
        return ((action, action.keep_reason or KeepReason.EXCLUDED) for action in self.plan.kept())

    def carried(self) -> Iterator[CarriedFolder]:
        """As `PlanTree.carried`: a plan with projects has a tree of its own."""
        return iter(())

    def folders(self) -> Iterator[PlannedFolder]:
        """As `PlanTree.folders`."""
        return self._folders.folders()


AnyTree = PlanTree | UneditedTree


def tree_to_commit(plan: Plan, edits: Sequence[Edit], last_edit: int = 0) -> AnyTree:
    """The smallest tree that tells a commit all of a plan with its edits in force; `last_edit` as `PlanTree` takes it."""
    found = None if edits or plan.units else _first_in_folder(plan)
    return PlanTree(plan, edits, last_edit) if found is None else UneditedTree(plan, found, last_edit)


def _first_in_folder(plan: Plan) -> list[Action] | None:
    """The first action of each folder; `None` where a place may not be spelt as the plan spells it, or is no place for a file."""
    rules = plan.policy.names
    if rules.ignores_case or rules.ignores_form:
        return None
    first: dict[bytes, Action] = {}
    for action in plan.actions:
        if action.kind is ActionKind.MOVE and action.target is not None:
            first.setdefault(action.target.rpartition(SEPARATOR)[0], action)
    above = {join(*names[:depth]) for names in map(components, first) for depth in range(1, len(names) + 1)}
    above.update(plan.folders)
    spelt_alike = all(folder == join(*components(folder)) for folder in first)
    in_review = any(components(folder)[:1] == [plan.policy.review_name] for folder in first)
    if not spelt_alike or in_review or b"" in above or plan.policy.review_name in above:
        return None
    if any(action.target in above or action.target == plan.policy.review_name for action in plan.moves()):
        return None
    return list(first.values())
