"""The organised tree: a plan with a person's edits applied, as folders and files in memory.

The view browses and edits this tree, and the commit reads its moves from it, so the two cannot disagree. Content that already is
in the target is not in here: the view and the planner look at the disk for it. Nothing in this module, and in those it is made of,
touches a disk or a clock.

Two parts hang below the root: the *layout*, which commit makes real, and the *review* folder with everything that stays where
it is. A file's fate is decided by the part it is in, so dragging a file between the two is all it takes to plan or to exclude it.
What lies below the review's `vault` is put away into the target's vault by commit.

A project is one folder: it moves as a whole, and nothing in it can be changed on its own.

`PlanTree` is a `NodeTree` that takes edits. What it is made of: `edit_checks` refuses, `edit_making` changes (by `placing`), `fates`
and `project_folders` tell what the tree means for the commit. The invariants stand at `node_tree`, and one here: `last_edit` is the
number of the last row of the edit log that the tree has taken in, whether it could be made or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ifmosfs.core.edit_checks import EditChecks, action_of, place_in, target_of
from ifmosfs.core.edit_making import EditMaker
from ifmosfs.core.fates import Fates, PlannedFolder, PlannedMove
from ifmosfs.core.files import Place
from ifmosfs.core.names import ancestors
from ifmosfs.core.node_tree import NodeTree
from ifmosfs.core.nodes import FileNode, FolderNode, Node, TreeSource
from ifmosfs.core.plan import Action, Edit, EditKind, EditOrigin, KeepReason, Plan, Unit
from ifmosfs.core.project_folders import CarriedFolder, ProjectFolders
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree_source import PlanSource, root_labels

__all__ = ["CarriedFolder", "FileNode", "FolderNode", "Node", "PlanTree", "PlannedFolder", "PlannedMove", "root_labels"]


RENEWING: Final = frozenset({EditKind.ADD, EditKind.REFRESH, EditKind.JOIN})


class PlanTree(NodeTree):
    """The tree of one plan. Not thread-safe: the view holds its lock around every call."""

    def __init__(
        self, plan: Plan, edits: Iterable[Edit] = (), last_edit: int = 0, source: TreeSource | None = None
    ) -> None:
        """`edits`: those in force. `last_edit`: the number of the last row of the edit log they were taken from, which may be
        one that took others back. `source` tells where the plan alone puts its files; without one they are taken from the plan
        itself."""
        edits = tuple(edits)
        gathered = gathered_by(edits)
        super().__init__(plan, source or PlanSource(plan, added_by(edits), gathered=gathered), gathered)
        self._checks = EditChecks(self)
        self._maker = EditMaker(self)
        self._fates = Fates(self)
        self._projects = ProjectFolders(self)
        self._promised: dict[bytes, Edit] = {}  # folders for what the program puts there by itself, if it still can
        self.last_edit = 0
        self.replay(edits)
        self.last_edit = max(self.last_edit, last_edit)

    # Editing

    def check(self, edit: Edit) -> None:
        """Raise `FsError` if the edit cannot be applied; changes nothing."""
        self._checks.check(edit)

    def apply(self, edit: Edit) -> None:
        """Make the edit. Raises `FsError` and changes nothing if it cannot be made."""
        self._checks.check(edit)
        self._maker.make(edit)
        self.last_edit = edit.seq

    def replay(self, edits: Iterable[Edit]) -> None:
        """Make edits that were accepted when they were recorded. What the program did by itself (origin WATCH) may not fit any
        more since a person has undone earlier edits: a file that was added is then shown among what stays, all else is left out.
        Raises `FsError` for an edit of a person that cannot be made."""
        edits = tuple(edits)
        new = {edit.action_id or 0 for edit in edits if edit.kind in RENEWING}
        if new:
            self.source.renew(new)
            self.note_first_places(new)
        for edit in edits:
            if edit.kind is EditKind.FOLLOW:
                with suppress(FsError):  # what is wrong with an edit is told when it is made
                    project = action_of(self.source, edit).unit
                    self.note_last_place(project, place_in(self.plan, target_of(edit)))
        for edit in edits:
            self._replay(edit)

    def _replay(self, edit: Edit) -> None:
        if edit.origin is not EditOrigin.WATCH:
            self._promised.clear()
        elif edit.kind is EditKind.MKDIR:
            self._promised[edit.path] = edit
            self.last_edit = edit.seq
            return
        kept: list[Edit] = []
        try:
            if edit.origin is EditOrigin.WATCH:
                self._checks.check_meant(edit)
                kept = self._keep_promises(edit)
            self.apply(edit)
        except FsError:
            if edit.origin is not EditOrigin.WATCH:
                raise
            for promised in reversed(kept):
                self._maker.make(replace(promised, kind=EditKind.RMDIR))
                self._promised[promised.path] = promised  # something else may still come into it
            if edit.kind is EditKind.ADD:
                self._maker.add_among_excluded(edit)
            self.last_edit = edit.seq

    def _keep_promises(self, edit: Edit) -> list[Edit]:
        """Make the folders that are wanted for what an edit puts somewhere; returns what has made them."""
        path = edit.path if edit.kind is EditKind.ADD else edit.target
        if path is None or edit.kind not in {EditKind.ADD, EditKind.MOVE}:
            return []
        kept = []
        for promised in [self._promised.pop(above) for above in ancestors(path) if above in self._promised]:
            with suppress(FsError):  # somebody has made it
                self.apply(promised)
                kept.append(promised)
        return kept

    # What commit does

    def moves(self) -> Iterator[PlannedMove]:
        """What commit moves, in plan order; neither what it puts into the vault nor what it displaces for that."""
        return self._fates.moves()

    def vaulted(self) -> Iterator[Action]:
        """What commit puts into the vault because it lost a conflict, in plan order."""
        return self._fates.vaulted()

    def kept(self) -> Iterator[tuple[Action, KeepReason]]:
        """What stays, with the reason, in plan order. What a person excluded has the reason EXCLUDED."""
        return self._fates.kept()

    def staying_for(self, reason: KeepReason) -> Iterator[Action]:
        """The files that are in the review's folder for a reason."""
        return self._fates.staying_for(reason)

    def counts(self) -> dict[bytes | None, int]:
        """How many files are in the layout (`None`) and in each folder of the review, by its name. Loads nothing."""
        return self._fates.counts()

    def folders(self) -> Iterator[PlannedFolder]:
        """The folders of the layout, parents before children, without the root and without what `carried` brings along."""
        return self._fates.folders()

    # Projects

    @property
    def has_projects(self) -> bool:
        """Whether any folder of the tree is a project."""
        return bool(self.project_folders)

    def carried(self) -> Iterator[CarriedFolder]:
        """The projects of the layout, in plan order."""
        return self._projects.carried()

    def carried_source(self, folder: FolderNode) -> Place | None:
        """Where a folder that is a project, or lies in one, is before the commit; `None` for every other folder."""
        return self._projects.source_of(folder)

    def inside_project(self, path: bytes) -> Place | None:
        """As `carried_source`, for any path below a project's folder, in the tree or not."""
        return self._projects.inside(path)

    def project(self, number: int) -> Unit:
        """A project with the folder that it has on the disk now."""
        return self._projects.unit(number)

    def project_path(self, number: int) -> bytes | None:
        """Where the folder of a project is in the tree; `None` where the project has no folder of its own."""
        return self._projects.path(number)


def added_by(edits: Iterable[Edit]) -> frozenset[int]:
    """The ids of the actions that edits have added to the plan."""
    return frozenset(edit.action_id or 0 for edit in edits if edit.kind is EditKind.ADD)


def gathered_by(edits: Iterable[Edit]) -> frozenset[int]:
    """The numbers of the units that edits make projects."""
    return frozenset(edit.action_id or 0 for edit in edits if edit.kind is EditKind.GATHER)
