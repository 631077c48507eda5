"""Putting nodes of a tree elsewhere: but for loading, the only way in which folders are made and entries come and go.

Keeps the invariants of `node_tree`, and these: a folder's `mtime_ns` is the time of the last edit that changed its entries; a folder
whose files an edit has changed is `is_touched`, so that they are not forgotten. Nothing is refused here but a path through a
file: `edit_checks` has looked before.
"""

from __future__ import annotations

from ifmosfs.core.names import components, join, split, with_suffix_before_extension
from ifmosfs.core.node_tree import EDITED, PER_EDIT, NodeTree
from ifmosfs.core.nodes import FileNode, FolderNode, Node
from ifmosfs.core.plan import Edit, EditOrigin
from ifmosfs.core.refusals import FsError, FsErrorKind

NAME_MAX_BYTES = 255


class Placing:
    """Changes the nodes of one tree, for one edit after the other."""

    def __init__(self, nodes: NodeTree) -> None:
        self._nodes = nodes
        self._made: tuple[int, int] = (0, 0)  # the edit that is being made, and how many folders it has made
        self._by_itself = False

    def begin(self, edit: Edit) -> None:
        """What comes now is done by this edit."""
        if edit.seq != self._made[0]:
            self._made = edit.seq, 0
        self._by_itself = edit.origin is EditOrigin.WATCH

    def add_folder(
        self, parent: FolderNode, name: bytes, *, planned: bool, at_ns: int, mode: int | None = None
    ) -> FolderNode:
        """A new folder, or in a project the one that was there before. Its number is the same whenever the same edit is made after the
        same ones."""
        spot = self._nodes.spot_in_project(parent, name)
        left = None if spot is None else self._nodes.left_inside.pop(spot, None)
        if left is not None:
            left.parent = parent
            parent.loaded[self._nodes.key(parent, name)] = left
            return left
        wanted = self._nodes.plan.policy.folder_mode if mode is None else mode
        seq, n_made = self._made
        self._made = seq, n_made + 1
        number = EDITED + seq * PER_EDIT + n_made if spot is None else self._nodes.number_in_project(spot)
        node = FolderNode(number, name, parent, self._nodes, planned=planned, mode=wanted, mtime_ns=at_ns)
        self._nodes.note_folder(node, seq, by_itself=self._by_itself)
        parent.loaded[self._nodes.key(parent, name)] = node
        return node

    def ensure_parent(self, path: bytes) -> tuple[FolderNode, bytes]:
        """The folder for a path, made where it is missing, and the name in it. NOT_A_FOLDER."""
        parent, name = split(path)
        return self._ensure_folder(parent), name

    def _ensure_folder(self, path: bytes) -> FolderNode:
        """The folder at a path. What is missing on the way is a folder that the target already has."""
        folder = self._nodes.root
        for name in components(path):
            node = self._nodes.child(folder, name)
            if isinstance(node, FileNode):
                raise FsError(FsErrorKind.NOT_A_FOLDER, path)
            if node is None:
                inside_review = self._nodes.in_review(folder)
                node = self.add_folder(folder, name, planned=inside_review, at_ns=self._nodes.plan.created_ns)
            folder = node
        return folder

    def free_spot(self, wanted: bytes) -> tuple[FolderNode, bytes]:
        """The wanted place, or a numbered one beside it where a person has put something else there."""
        try:
            parent, name = self.ensure_parent(wanted)
        except FsError:  # a file of that name stands where a folder is needed
            parent, name = self.ensure_parent(join(*components(wanted)[:2], components(wanted)[-1]))
        free, n = name, 2
        while self._nodes.child(parent, free) is not None:
            free, n = with_suffix_before_extension(name, b" (%d)" % n, NAME_MAX_BYTES), n + 1
        return parent, free

    def spot(self, node: Node) -> tuple[FolderNode, bytes]:
        """Where a node is."""
        assert node.parent is not None
        return node.parent, node.name

    def detach(self, node: Node, at_ns: int) -> None:
        """Take a node out of its folder."""
        parent, name = self.spot(node)
        parent.is_touched = parent.is_touched or isinstance(node, FileNode)
        del parent.children[self._nodes.key(parent, name)]
        parent.note_change(at_ns)

    def attach(self, node: Node, parent: FolderNode, name: bytes, at_ns: int) -> None:
        """Put a node that is nowhere into a folder, under a name that is free there."""
        if isinstance(node, FolderNode) and not self._nodes.rules_are_exact:
            pending = [node]  # loaded where they are: where they go, twins could be one name
            while pending:
                pending.extend(child for child in pending.pop().children.values() if isinstance(child, FolderNode))
        node.parent, node.name = parent, name
        if isinstance(node, FolderNode):
            node.note_change(at_ns, of_entries=False)
            self._rekey(node)
        else:
            self._nodes.load(parent)
            parent.is_touched = True
        parent.loaded[self._nodes.key(parent, name)] = node
        parent.note_change(at_ns)

    def _rekey(self, folder: FolderNode) -> None:
        """Between layout and review the idea of equal names changes; a folder of twins keeps all of them."""
        if self._nodes.rules_are_exact:
            return
        nodes = sorted(folder.children.values(), key=_age)  # whoever was loaded when, the same twin gets the number
        folder.is_touched = True
        folder.children.clear()
        for node in nodes:
            name, n = node.name, 2
            while self._nodes.key(folder, name) in folder.children:
                name, n = with_suffix_before_extension(node.name, b" (%d)" % n, NAME_MAX_BYTES), n + 1
            node.name = name
            folder.children[self._nodes.key(folder, name)] = node
            if isinstance(node, FolderNode):
                self._rekey(node)


def _age(node: Node) -> tuple[bool, int]:
    """An order of nodes that does not depend on when they were loaded."""
    return (True, node.leaf.action_id) if isinstance(node, FileNode) else (False, node.number)
