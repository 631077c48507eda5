"""How nodes of the tree look: their attributes and link texts, from the originals, the target, or the plan.

A file looks as its original does now, under the view's number. A folder that commit makes looks as the plan says; one that the
target has looks as it is there, with what the plan adds to it. The disk is looked at without the lock.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from ifmosfs.core.files import Attr, Place
from ifmosfs.core.inheriting import GROUP_OF_FOLDER, new_folder_mode
from ifmosfs.core.names import CONTROL_NAME, split
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode, FolderNode, Node
from ifmosfs.view.attrs import made_attr
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import FILE_BASE, inode_of_file, inode_of_folder
from ifmosfs.view.listing import Named
from ifmosfs.view.originals import Originals
from ifmosfs.view.target import Target


class Appearance:
    """Tells how the nodes of a tree look. It is the `listing.Shower` of its folders."""

    def __init__(self, guarded: GuardedTree, originals: Originals, target: Target, owner: tuple[int, int]) -> None:
        self._guarded = guarded
        self._originals = originals
        self._target = target
        self._owner = owner

    def node_attr(self, node: Node) -> Attr:
        """The attributes of a node, its inode among them."""
        if isinstance(node, FolderNode):
            return self._carried_attr(node) or self._layout_attr(node, self._seen(node))
        attr = self._originals.attr(node.leaf, inode_of_file(node), partial(self._guarded.commits_to, node))
        return attr if stat.S_ISREG(attr.mode) else self._link_attr(node, attr)

    def inode_of(self, node: Node) -> int:
        """The inode that `node_attr` gives."""
        if isinstance(node, FileNode):
            return inode_of_file(node)
        return inode_of_folder(node.number) if node.planned else self.inode_of_folder(node, self._seen(node))

    # Files

    def file_attrs(self, nodes: Sequence[FileNode]) -> list[Attr]:
        """The attributes of many files at once, for a listing."""
        numbered = ((node, FILE_BASE + node.leaf.number) for node in nodes)
        looked = self._originals.attrs(numbered, self._guarded.commits_to)
        return [
            attr if stat.S_ISREG(attr.mode) else self._link_attr(node, attr)
            for node, attr in zip(nodes, looked, strict=True)
        ]

    def _link_attr(self, node: FileNode, attr: Attr) -> Attr:
        """The size of a link is the length of the text that is shown."""
        try:
            return replace(attr, size_bytes=len(self.link_text(node)))
        except FsError:  # the original is gone: it keeps what was recorded
            return attr

    def link_text(self, node: FileNode) -> bytes:
        """The text of a symlink: what commit would leave there, absolute while the link stays."""
        text = self._originals.read_link(node.leaf, partial(self._guarded.commits_to, node))
        with self._guarded.lock:
            staying = self._guarded.tree.in_review(node)
        folder = split(node.leaf.source_place.absolute)[0]
        return folder + b"/" + text if staying and not text.startswith(b"/") else text

    # Folders

    def folder_attr(self, node: FolderNode, live: Attr | None) -> Attr:
        """See `listing.Shower`."""
        return self._carried_attr(node) or self._layout_attr(node, live)

    def inode_of_folder(self, node: FolderNode, live: Attr | None) -> int:
        """See `listing.Shower`. A folder that the plan makes keeps its number also where somebody else has made it by now."""
        if node.planned or live is None or self._carried_attr(node) is not None:
            return inode_of_folder(node.number)
        with self._guarded.lock:
            path = self._guarded.tree.path_of(node)
        return self._number(node, live, path)

    def _seen(self, node: FolderNode) -> Attr | None:
        """The folder that the target has now where a folder of the layout is."""
        with self._guarded.lock:
            staying, path = self._guarded.tree.in_review(node), self._guarded.tree.path_of(node)
        return None if staying else self._target.folder_at(Place(self._guarded.plan.target, path))

    def _carried_attr(self, node: FolderNode) -> Attr | None:
        """A folder of a project is moved and not made, so it has the attributes that it has."""
        if not self._guarded.tree.has_projects:
            return None
        with self._guarded.lock:
            source = self._guarded.tree.carried_source(node)
        live = None if source is None else self._target.folder_at(source)
        return None if live is None else replace(live, inode=inode_of_folder(node.number))

    def _layout_attr(self, node: FolderNode, live: Attr | None) -> Attr:
        """A folder that no project brings along, as commit leaves it: `live` with what it adds to that, or as the plan says."""
        with self._guarded.lock:
            tree = self._guarded.tree
            path, staying, is_root = tree.path_of(node), tree.in_review(node), node is tree.root
            below = [*(child.name for child in node.folders), *([CONTROL_NAME] if is_root else ())]
            existed = {child.name for child in node.folders if not child.planned}
            gains = node.gains_entries()
        if live is None or staying:  # the target may have a folder that is called like that of the review
            return self._planned_attr(node, path, len(below), staying=staying)
        missing = self._target.missing(path, live, below)
        mtime_ns = node.mtime_ns if gains or missing & existed else live.mtime_ns
        inode, n_links = self._number(node, live, path), live.n_links + len(missing)
        return replace(live, inode=inode, mtime_ns=mtime_ns, n_links=n_links)

    def _number(self, node: FolderNode, live: Attr, path: bytes) -> int:
        """The inode of a folder that the target has."""
        is_own = node.planned or node is self._guarded.tree.root
        return inode_of_folder(node.number) if is_own else self._target.number(live, path)

    def _planned_attr(self, node: FolderNode, path: bytes, n_subfolders: int, *, staying: bool) -> Attr:
        """A folder that commit makes; what stays is in folders that it does not make."""
        above = None if staying else self._target.above(path)
        mode = new_folder_mode(above, node.mode, self._guarded.plan.policy.folder_mode)
        # Its group; a bit that only the plan gives does not.
        hands_down = above is not None and above.mode & GROUP_OF_FOLDER
        owner = (self._owner[0], above.gid) if above is not None and hands_down else self._owner
        inode = inode_of_folder(node.number)
        attr = made_attr(stat.S_IFDIR | mode, inode, 4096, node.mtime_ns, owner, 2 + n_subfolders)
        return replace(attr, ctime_ns=node.ctime_ns)

    # Listings

    def current(self, named: Iterable[Named], folder: FolderNode) -> list[Named]:
        """The nodes that are still in a folder of the tree as it is now, under the names they had. The nodes of files that were
        forgotten meanwhile, and all nodes of a tree that was planted anew, have others in their place."""
        with self._guarded.lock:
            tree = self._guarded.tree
            try:
                now = tree.folder(folder.number)
            except KeyError:  # the edit that made it was taken back
                return []
            entries, key = now.children, tree.keys_of(now)
            found = ((name, node, entries.get(key(name))) for name, node in named)
            return [(name, other) for name, node, other in found if other is not None and _is_same(node, other)]

    # What only the target has

    def existing_attr(self, path: bytes) -> Attr:
        """The attributes of what the target has at a path. NOT_FOUND."""
        if not self._guarded.is_live(path):
            raise FsError(FsErrorKind.NOT_FOUND, path)
        return self._target.attr(path)


def _is_same(node: Node, other: Node) -> bool:
    """Whether two nodes, maybe of two trees of one plan, are the same file or folder."""
    if node is other:
        return True
    if isinstance(node, FileNode):
        return isinstance(other, FileNode) and node.leaf.action_id == other.leaf.action_id
    return isinstance(other, FolderNode) and node.number == other.number
