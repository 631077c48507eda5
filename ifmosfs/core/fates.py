"""What becomes of each file of a tree: moved, kept for a reason, or put into the vault; and the folders that commit makes.

A file's fate is decided by the part of the tree that its node is in, and by nothing else. Only looks, and loads no file that has no
node yet: such a file is where the plan alone puts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.names import join, split
from ifmosfs.core.node_tree import NodeTree
from ifmosfs.core.nodes import FileNode, FolderNode
from ifmosfs.core.plan import Action, ActionKind, KeepReason
from ifmosfs.core.together import still_together
from ifmosfs.core.tree_source import keep_reason
from ifmosfs.core.values import quick


@quick
@dataclass(frozen=True, slots=True)
class PlannedMove:
    """An action with the place that plan and edits together give it.

    `replaces`: the file that is at the target now and that commit first puts into the vault. `unit`: the number of the `Unit`
    it moves with, 0 where it has none or a person took it away from the others.
    """

    action: Action
    target: bytes
    replaces: Fingerprint | None = None
    unit: int = 0

    @property
    def source(self) -> Place:
        """Where the file is before the commit."""
        return self.action.source_place


@dataclass(frozen=True, slots=True)
class PlannedFolder:
    """A folder of the layout, with the mode it is made with and the time the view shows for it."""

    path: bytes
    mode: int
    mtime_ns: int
    planned: bool
    gains_entries: bool


class _Spot(NamedTuple):
    """Where the file of an action is: its path, the folder of the review that it lies in (`None`: the layout), what it displaces."""

    action: Action
    path: bytes
    part: FolderNode | None
    displaces: tuple[bytes, Fingerprint] | None


class Fates:
    """Tells the fates of the files of one tree, as they are when it is asked."""

    def __init__(self, nodes: NodeTree) -> None:
        self._nodes = nodes

    def moves(self) -> Iterator[PlannedMove]:
        """What commit moves, in plan order; neither what it puts into the vault nor what it displaces for that."""
        together = still_together(self._nodes.plan.units, self._placed_members()) if self._nodes.plan.units else {}
        for spot in self._spots():
            if spot.part is None:
                action, displaced = spot.action, spot.displaces
                replaces = displaced[1] if displaced is not None and displaced[0] == spot.path else None
                yield PlannedMove(action, spot.path, replaces, together.get(action.action_id, 0))

    def vaulted(self) -> Iterator[Action]:
        """What commit puts into the vault because it lost a conflict, in plan order."""
        return (spot.action for spot in self._spots() if spot.part is self._nodes.vault)

    def kept(self) -> Iterator[tuple[Action, KeepReason]]:
        """What stays, with the reason, in plan order. What a person excluded has the reason EXCLUDED."""
        for spot in self._spots():
            if spot.part is self._nodes.excluded:
                yield spot.action, KeepReason.EXCLUDED
            elif spot.part is not None and spot.part is not self._nodes.vault:
                yield spot.action, keep_reason(spot.action, self._nodes.projects)

    def staying_for(self, reason: KeepReason) -> Iterator[Action]:
        """The files that are in the review's folder for a reason."""
        folder = self._nodes.review_folder(reason)
        pending = [folder]
        while pending:
            here = pending.pop()
            yield from (node.action for node in here.children.values() if isinstance(node, FileNode))
            pending.extend(here.folders)

    def counts(self) -> dict[bytes | None, int]:
        """How many files are in the layout (`None`) and in each folder of the review, by its name. Loads nothing."""
        found: dict[bytes | None, int] = {}
        pending: list[tuple[FolderNode, bytes | None]] = [(self._nodes.root, None)]
        while pending:
            folder, part = pending.pop()
            found[part] = found.get(part, 0) + folder.n_files
            for below in folder.folders:
                if below is not self._nodes.review:
                    pending.append((below, below.name if folder is self._nodes.review else part))
                else:
                    pending.extend((reason, reason.name) for reason in below.folders)
        return found

    def folders(self) -> Iterator[PlannedFolder]:
        """The folders of the layout, parents before children, without the root and without what `carried` brings along."""
        yield from self._folders_below(self._nodes.root, b"")

    def _folders_below(self, folder: FolderNode, path: bytes) -> Iterator[PlannedFolder]:
        for node in folder.folders:
            if node is not self._nodes.review and not node.unit:
                child_path = join(path, node.name)
                yield PlannedFolder(child_path, node.mode, node.mtime_ns, node.planned, node.gains_entries())
                yield from self._folders_below(node, child_path)

    def _spots(self) -> Iterator[_Spot]:
        """Every action with the place of its file, in plan order. Loads nothing."""
        known: dict[FolderNode, tuple[bytes, FolderNode | None]] = {}
        nodes, files = self._nodes, self._nodes.made_files
        folder_of = nodes.source.folder_of
        for action in nodes.source.actions():
            node = files.get(action.action_id)
            if node is not None:
                folder, name, displaces = node.parent, node.name, node.displaces
            else:
                try:
                    number = folder_of(action.action_id)
                except KeyError:
                    continue  # added by an edit that this tree has not taken in yet
                folder, name, displaces = nodes.folder(number), _base_name(action), None
            where = known.get(folder)
            if where is None:
                where = known[folder] = nodes.path_of(folder), self._part_of(folder)
            path = join(where[0], name)
            if node is None and action.replaces is not None and action.kind is ActionKind.MOVE:
                displaces = join(nodes.base_path(folder.number), name), action.replaces
            yield _Spot(action, path, where[1], displaces)

    def _placed_members(self) -> Iterator[tuple[Action, bytes]]:
        for spot in self._spots():
            if spot.action.unit and spot.part is None:
                yield spot.action, spot.path

    def _part_of(self, folder: FolderNode) -> FolderNode | None:
        """The folder of the review that a folder is or lies in, `None` if it is in the layout."""
        above = folder.parent
        while above is not None and above is not self._nodes.review:
            folder, above = above, above.parent
        return None if above is None else folder


def _base_name(action: Action) -> bytes:
    """The name that the plan alone gives a file."""
    is_placed = action.kind is ActionKind.MOVE and action.target is not None
    return split(action.target if is_placed and action.target is not None else action.first_place.path)[1]
