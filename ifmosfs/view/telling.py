"""What is told of changes that did not come through the kernel, to it and to those who watch; and how long it may remember.

Until a driver has said whom to tell (`tell`), nobody is told and everything holds for a second at most. Telling only adds to a
queue, so it may be done under the lock. A new name is told to who watches through a nudge (`nudges`); until that is over the kernel
may not keep what the name stands for: it is *unsettled*, which `_unsettled` knows, guarded by the lock of the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from ifmosfs.core.names import ancestors, split
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import RENEWING, FileNode, FolderNode, Node
from ifmosfs.view.changes import Changed, depth
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import CONTROL_BASE, FOLDER_BASE, inode_of_file, inode_of_folder, is_control
from ifmosfs.view.looking import Looking
from ifmosfs.view.nudges import FOLDER_INODE, FOLDER_NAME, NOT_KEPT, NameIn, Nudge
from ifmosfs.view.protocol import ChangedNames, Invalidations
from ifmosfs.view.values import BRIEF, Validity

# Changes by others that the kernel is told name by name; of more it is told that anything may have changed.
MOST_TOLD_SINGLY = 200
MOST_NUDGED = 1000  # names that who watches is told of at one time; of more nobody is told any
# What these displace appears elsewhere.
PUT_ASIDE = frozenset({EditKind.EXCLUDE, EditKind.VAULT, EditKind.MOVE, EditKind.REPLACE})
# What these name as a target is a place on the disk.
OF_THE_DISK = frozenset({EditKind.FOLLOW, EditKind.GATHER, EditKind.JOIN})

# A planned name, where a driver is told of changes; an original may change at any time, and the target may get the folder.
TOLD = Validity(60.0, 1.0)
CHANGING = Validity(1.0, 0.0)  # the control files, whose size is that of their content now


class Telling:
    """Tells a driver of changes, if there is one that can pass them on."""

    def __init__(self, guarded: GuardedTree, looking: Looking) -> None:
        self._guarded = guarded
        self._looking = looking
        self._told: Invalidations | None = None
        self._unsettled: dict[int, ChangedNames] = {}

    def tell(self, invalidations: Invalidations) -> None:
        """See `ViewOperations`."""
        self._told = invalidations

    @property
    def is_heard(self) -> bool:
        """Whether there is anybody to be told."""
        return self._told is not None

    def validity(self, inode: int) -> Validity:
        """See `ViewOperations`."""
        if is_control(inode):
            return CHANGING if inode < FOLDER_INODE else NOT_KEPT
        if inode in self._unsettled:
            return NOT_KEPT  # or the kernel would find a new name without asking for it, and could not be told of it
        return BRIEF if self._told is None or not FOLDER_BASE <= inode < CONTROL_BASE else TOLD

    # To the kernel

    def originals_changed(self, action_ids: Collection[int]) -> None:
        """The files of these actions are not what they were: what the kernel remembers of attributes and bytes is out of date."""
        if self._told is None or not action_ids:
            return
        with self._guarded.lock:
            nodes = [
                self._guarded.tree.file(action_id) for action_id in action_ids if self._guarded.tree.has_file(action_id)
            ]
        for node in nodes:
            self._told.node_changed(inode_of_file(node), content=True)

    def attributes_changed(self, inode: int) -> None:
        """The attributes of a node may be others than was told."""
        if self._told is not None:
            self._told.node_changed(inode, content=False)

    def edits_made(self, changed: Sequence[Edit]) -> None:
        """These did not come through the kernel, so it must be told."""
        if self._told is None:
            return
        self.originals_changed({edit.action_id or 0 for edit in changed if edit.kind is EditKind.REFRESH})
        if len(changed) <= MOST_TOLD_SINGLY:
            for path in dict.fromkeys(path for edit in changed for path in self._paths_of(edit) if path):
                self.name_changed(path)
        if len(changed) > MOST_TOLD_SINGLY or any(edit.kind in PUT_ASIDE for edit in changed):
            self._told.all_changed()

    def _paths_of(self, edit: Edit) -> tuple[bytes | None, ...]:
        """The paths that an edit is about. A file of a project that is new or was renamed in there may have another one, which the
        edit does not say."""
        tree, action_id = self._guarded.tree, edit.action_id or 0
        if edit.kind in RENEWING and tree.has_projects and tree.has_file(action_id):
            path = tree.path_of(tree.file(action_id))
            # One of those above may have been a file, or have gone with the last of what was in it.
            return edit.path, *ancestors(edit.path), path, *ancestors(path)
        return (edit.path,) if edit.kind in OF_THE_DISK else (edit.path, edit.target)

    def name_changed(self, path: bytes) -> None:
        """What is remembered of a name, and of its folder, is out of date."""
        if self._told is None:
            return
        above, name = split(path)
        folder = self._guarded.tree.find(above)
        if isinstance(folder, FolderNode):  # one that the target has is known by another number, and briefly
            inode = inode_of_folder(folder.number)
            self._told.entry_changed(inode, name)
            self._told.node_changed(inode, content=False)

    # To those who watch

    def names_changed(self, names: Sequence[Changed]) -> None:
        """Who watches shall be told of names that have come or gone."""
        if self._told is None or not 0 < len(names) <= MOST_NUDGED:
            return
        inodes = frozenset(_number_of(each.node) for each in names if each.node is not None)
        changed = ChangedNames({each.path: each.is_folder for each in names}, inodes)
        self._unsettled.update(dict.fromkeys(changed.inodes, changed))
        self._told.names_changed(changed)

    @contextmanager
    def nudging(self, names: Sequence[ChangedNames]) -> Iterator[Nudge]:
        """See `ViewOperations`."""
        nudge = Nudge()
        try:
            paths = {path: is_folder for each in names for path, is_folder in each.paths.items()}
            for path in sorted(paths, key=depth) if len(paths) <= MOST_NUDGED else ():
                self._add_ghost(nudge, path, is_folder=paths[path])
            self._looking.ghosts.begin(nudge)
            yield nudge
        finally:
            self._looking.ghosts.end()
            self._settle(names)
            if self._told is not None:
                self._told.entry_changed(
                    CONTROL_BASE, FOLDER_NAME
                )  # the kernel would remember all that was moved there

    def _add_ghost(self, nudge: Nudge, path: bytes, *, is_folder: bool) -> None:
        above, name = split(path)
        try:
            self._looking.ghosts.add(nudge, path, NameIn(self._looking.resolve(above), name), is_folder=is_folder)
        except FsError:  # its folder has gone, too, and with it all who watched
            return

    def _settle(self, names: Sequence[ChangedNames]) -> None:
        with self._guarded.lock:
            for each in names:
                for inode in each.inodes:
                    if self._unsettled.get(inode) is each:  # and nobody has announced it anew
                        del self._unsettled[inode]


def _number_of(node: Node) -> int:
    """The inode of a node of the plan; a folder that the target has anyway is known by another one."""
    return inode_of_file(node) if isinstance(node, FileNode) else inode_of_folder(node.number)
