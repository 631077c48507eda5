"""Looking at the view: names to entries, inodes to attributes, folders to listings.

Three kinds of things share the tree: *planned* files and folders, what already *exists* in the target and is shown live, and the
generated *control* folder; the number of an inode says which it is. Of two of one name the planned one is shown. The nudger, and
nobody else, is answered by the ghosts (`nudges`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ifmosfs.core.files import Attr, Kind
from ifmosfs.core.names import CONTROL_NAME, components, join, split
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode, FolderNode, Node
from ifmosfs.view.appearance import Appearance
from ifmosfs.view.control_folder import ControlFolder
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import CONTROL_BASE, EXISTING_BASE, is_control, is_existing, is_file, is_planned_folder
from ifmosfs.view.listing import FixedListing, FolderListing, Named
from ifmosfs.view.nudges import FOLDER_INODE, Ghosts, NameIn
from ifmosfs.view.protocol import Listing
from ifmosfs.view.target import NOTHING_FOUND, Target
from ifmosfs.view.values import ROOT_INODE, Caller, Entry

MOST_LOADED = 100_000  # files whose nodes are kept in memory although no edit has touched them


class Looking:
    """Answers who looks; changes nothing but which files are loaded."""

    def __init__(
        self,
        guarded: GuardedTree,
        disk: DiskReader,
        target: Target,
        appearance: Appearance,
        control: ControlFolder,
        owner: tuple[int, int],
    ) -> None:
        self._guarded = guarded
        self._disk = disk
        self._target = target
        self._appearance = appearance
        self._control = control
        self.ghosts = Ghosts(owner, self.lookup)

    def resolve(self, path: bytes) -> int:
        """See `View.resolve`."""
        names = components(path)
        if names[:1] != [CONTROL_NAME]:
            with self._guarded.lock:
                node = self._guarded.tree.find(path)
            if node is not None:
                return self._appearance.inode_of(node)
        inode = ROOT_INODE
        for name in names:
            inode = self.lookup(inode, name).attr.inode
        return inode

    def lookup(self, parent: int, name: bytes, caller: Caller | None = None) -> Entry:
        """See `View.lookup`."""
        nudge = self.ghosts.nudge_of(caller)
        if nudge is not None:
            return self.ghosts.lookup(nudge, NameIn(parent, name))
        if len(name) > 255:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        if parent == ROOT_INODE and name == CONTROL_NAME:
            return Entry(name, self._control.folder_attr())
        if parent == CONTROL_BASE:
            return Entry(name, self._control.attr(name))
        with self._guarded.lock:
            folder, path = self.where(parent)
            node = None if folder is None else self._guarded.tree.child(folder, name)
        if node is not None:
            return Entry(node.name, self._appearance.node_attr(node))
        if folder is None:
            self.require_folder(parent, path)
        return Entry(name, self._appearance.existing_attr(join(path, name)))

    def getattr(self, inode: int) -> Attr:
        """See `View.getattr`."""
        if is_file(inode):
            return self._appearance.node_attr(self._guarded.file(inode))
        if FOLDER_INODE <= inode < EXISTING_BASE:
            return self.ghosts.attr(inode)
        if is_control(inode):
            return self._control.attr_of(inode)
        if is_existing(inode):
            path = self._target.live_path(inode)
            with self._guarded.lock:
                node = self._guarded.tree.find(path)
            return self._appearance.existing_attr(path) if node is None else self._appearance.node_attr(node)
        with self._guarded.lock:
            folder = self._guarded.folder(inode)
            is_there = self._guarded.tree.holds(folder)
        if is_there:
            return self._appearance.node_attr(folder)
        return replace(self._appearance.folder_attr(folder, None), n_links=0)  # somebody has it open still

    def opendir(self, inode: int) -> Listing:
        """See `View.opendir`."""
        if inode == CONTROL_BASE:
            return FixedListing(self._control.entries())
        with self._guarded.lock:
            self._guarded.tree.forget(MOST_LOADED)
            if self._is_taken_out(inode):
                return FixedListing(())
            folder, path = self.where(inode)
            children: Mapping[bytes, Node] = {} if folder is None else folder.children
            nodes = list(children.values())
            names = [node.name for node in nodes]
        if folder is None:
            self.require_folder(inode, path)
        live = self._target.found_in(path, children) if self._guarded.is_live(path) else NOTHING_FOUND
        more = [Entry(name, attr) for name, attr in live.entries]
        if inode == ROOT_INODE:
            more.append(Entry(CONTROL_NAME, self._control.folder_attr()))
        live_folders = self._by_name(zip(names, nodes, strict=True), live.shared)
        return FolderListing(self._appearance, folder, names, nodes, more, live_folders)

    def _is_taken_out(self, inode: int) -> bool:
        """Whether it is a folder of the plan that was taken out, in which somebody may be still; under the lock."""
        return is_planned_folder(inode) and not self._guarded.tree.holds(self._guarded.folder(inode))

    def _by_name(self, named: Iterable[Named], live: Mapping[bytes, Attr]) -> Mapping[bytes, Attr]:
        """The folders that the target has where some nodes are folders, by the names that the nodes have."""
        if not live:
            return live
        keys = ((name, self._guarded.rules.key(name)) for name, node in named if isinstance(node, FolderNode))
        return {name: live[key] for name, key in keys if key in live and live[key].kind is Kind.FOLDER}

    def parent(self, inode: int) -> int:
        """See `View.parent`."""
        if inode in {ROOT_INODE, CONTROL_BASE}:
            return ROOT_INODE
        with self._guarded.lock:
            above = split(self.where(inode)[1])[0]
        return self.resolve(above)

    def readlink(self, inode: int) -> bytes:
        """See `View.readlink`."""
        if is_existing(inode):
            return self._target.asked(self._disk.read_link, self._guarded.place(self._target.live_path(inode)))
        if not is_file(inode):
            raise FsError(FsErrorKind.INVALID)
        node = self._guarded.file(inode)
        if node.leaf.entry_kind is not Kind.SYMLINK:
            raise FsError(FsErrorKind.INVALID, node.name)
        return self._appearance.link_text(node)

    # Paths of inodes

    def where(self, inode: int) -> tuple[FolderNode | None, bytes]:
        """The node and the path of a folder, under the lock. `None`: it exists in the target only, if it is a folder at all.
        NOT_A_FOLDER, NOT_FOUND for one that was taken out."""
        if is_existing(inode):
            path = self._target.path(inode)
            node = self._guarded.tree.find(path)
            if isinstance(node, FileNode):
                raise FsError(FsErrorKind.NOT_A_FOLDER, path)
            return node, path
        if is_file(inode) or is_control(inode):
            raise FsError(FsErrorKind.NOT_A_FOLDER)
        folder = self._guarded.folder(inode)
        if not self._guarded.tree.holds(folder):
            raise FsError(FsErrorKind.NOT_FOUND, folder.name)
        return folder, self._guarded.tree.path_of(folder)

    def folder_path(self, inode: int) -> bytes:
        """The path of a folder. NOT_A_FOLDER for anything else."""
        with self._guarded.lock:
            folder, path = self.where(inode)
        if folder is None:
            self.require_folder(inode, path)
        return path

    def require_folder(self, inode: int, path: bytes) -> None:
        """NOT_A_FOLDER, NOT_FOUND for something of the target that is no folder now."""
        if self.getattr(inode).kind is not Kind.FOLDER:
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)

    def standing(self, path: bytes) -> Attr | None:
        """What the disk has at a path of the layout, whatever the plan has there; `None` for nothing."""
        return self._target.attr_or_none(path)

    def is_taken(self, path: bytes) -> bool:
        """Whether tree or target have something at a path."""
        with self._guarded.lock:
            if self._guarded.tree.find(path) is not None:
                return True
        return self._guarded.is_live(path) and self._target.attr_or_none(path) is not None
