"""The control folder `.ifmosfs/` as inodes: its generated files, for the tree as it is when they are asked for.

The files are made anew once the tree is another, or has taken in another edit; the folder has no time of its own.
"""

from __future__ import annotations

import stat

from ifmosfs.core.filed import CategoriesAt
from ifmosfs.core.files import Attr
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.attrs import made_attr
from ifmosfs.view.control import Control
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import CONTROL_BASE
from ifmosfs.view.values import Entry


class ControlFolder:
    """Shows the control folder of one view. `_made` is guarded by the lock of the tree."""

    def __init__(self, guarded: GuardedTree, owner: tuple[int, int], categories_at: CategoriesAt) -> None:
        self._guarded = guarded
        self._categories_at = categories_at
        self._owner = owner
        self._made: tuple[PlanTree, int, Control] | None = None

    def folder_attr(self) -> Attr:
        """The attributes of the folder."""
        return made_attr(
            stat.S_IFDIR | 0o555, CONTROL_BASE, 4096, self._guarded.tree.root.mtime_ns, self._owner, n_links=2
        )

    def entries(self) -> list[Entry]:
        """All that is in the folder."""
        return [Entry(name, self.attr(name)) for name in Control.NAMES]

    def attr(self, name: bytes) -> Attr:
        """The attributes of a file. NOT_FOUND."""
        if name not in Control.NAMES:
            raise FsError(FsErrorKind.NOT_FOUND, name)
        with self._guarded.lock:
            size_bytes = self._files().size_bytes(name)
        inode = CONTROL_BASE + 1 + Control.NAMES.index(name)
        return made_attr(
            stat.S_IFREG | 0o444, inode, size_bytes, self._guarded.tree.root.mtime_ns, self._owner, n_links=1
        )

    def attr_of(self, inode: int) -> Attr:
        """The attributes of the folder or of a file in it. NOT_FOUND."""
        return self.folder_attr() if inode == CONTROL_BASE else self.attr(self._name_of(inode))

    def content(self, inode: int) -> bytes:
        """The content of a file. IS_A_FOLDER, NOT_FOUND."""
        if inode == CONTROL_BASE:
            raise FsError(FsErrorKind.IS_A_FOLDER)
        name = self._name_of(inode)
        with self._guarded.lock:
            return self._files().content(name)

    def _name_of(self, inode: int) -> bytes:
        position = inode - CONTROL_BASE - 1
        if not 0 <= position < len(Control.NAMES):
            raise FsError(FsErrorKind.NOT_FOUND)
        return Control.NAMES[position]

    def _files(self) -> Control:
        """The generated files for the tree as it is; under the lock."""
        tree, made = self._guarded.tree, self._made
        if made is not None and made[0] is tree and made[1] == tree.last_edit:
            return made[2]
        control = Control(tree, self._categories_at)
        self._made = tree, tree.last_edit, control
        return control
