"""The tree that is shown, under the one lock of the view. Its rules:

`lock` guards the tree, and with it everything that is decided from it: the table of open files, the generated control files, the
gestures, the names that nobody who watches knows of yet. It is never held while an original or the target is looked at, so a slow
disk stops only who asked for it. Nodes found under the lock may be looked at after it; what is decided about them is decided
under it. Another tree takes the place of this one only under the lock (`replant`), so who needs the tree twice for one decision
holds the lock over both.

No other lock of the view is ever held while this one is taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ifmosfs.core.files import Place
from ifmosfs.core.names import CONTROL_NAME
from ifmosfs.core.node_tree import ALONE
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode, FolderNode, PlanTree
from ifmosfs.view.inodes import FILE_BASE, FOLDER_BASE, inode_of_folder, is_file, is_planned_folder
from ifmosfs.view.values import ROOT_INODE

T = TypeVar("T")


class GuardedTree:
    """The tree of one plan as it is now. The methods take the lock themselves but where they say otherwise."""

    def __init__(self, tree: PlanTree) -> None:
        self.lock = threading.RLock()
        self.tree = tree
        self.plan = tree.plan
        self.rules = tree.plan.policy.names

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        """What the tree answers, while nobody changes it. Must not look at a disk."""
        with self.lock:
            return ask(self.tree)

    def replant(self, tree: PlanTree) -> None:
        """Show another tree of the same plan, with the numbers that the kernel knows; under the lock. The files of the one before are
        let go at once: a tree is a cycle, and the collector does not come for a long time."""
        tree.keep_numbers(self.tree)
        before, self.tree = self.tree, tree
        before.forget(0)

    # Nodes by inode

    def file(self, inode: int) -> FileNode:
        """The file with that number, of several names the first. IS_A_FOLDER for any other number, NOT_FOUND."""
        if not is_file(inode):
            raise FsError(FsErrorKind.IS_A_FOLDER)
        with self.lock:
            try:
                return self.tree.numbered(inode - FILE_BASE)
            except KeyError:
                raise FsError(FsErrorKind.NOT_FOUND) from None

    def require_file(self, inode: int) -> None:
        """NOT_FOUND if there is no file with that number. Loads nothing."""
        with self.lock:
            if not self.tree.has_file(inode - FILE_BASE & ~ALONE):
                raise FsError(FsErrorKind.NOT_FOUND)

    def folder(self, inode: int) -> FolderNode:
        """The planned folder, or the root, with that number; under the lock."""
        if inode == ROOT_INODE:
            return self.tree.root
        if not is_planned_folder(inode):
            raise FsError(FsErrorKind.NOT_FOUND)
        try:
            return self.tree.folder(inode - FOLDER_BASE)
        except KeyError:
            raise FsError(FsErrorKind.NOT_FOUND) from None

    def is_review(self, inode: int) -> bool:
        """Whether it is the review folder."""
        with self.lock:
            return inode == inode_of_folder(self.tree.review.number)

    # Where things are on the disk

    def commits_to(self, node: FileNode) -> Place | None:
        """Where commit puts the file, `None` while it stays."""
        with self.lock:
            return None if self.tree.in_review(node) else Place(self.plan.target, self.tree.path_of(node))

    def is_live(self, path: bytes) -> bool:
        """Whether the disk is asked about a path: the review and the control folder exist only here, but for projects."""
        top = path.partition(b"/")[0]
        if path and top == self.tree.review.name:
            return self.in_project(path) is not None
        return not path or top != CONTROL_NAME

    def in_project(self, path: bytes) -> Place | None:
        """Where something in a project is, which the plan shows with all that is in it; `None` for every other path."""
        if not self.tree.has_projects:
            return None
        with self.lock:
            return self.tree.inside_project(path)

    def place(self, path: bytes) -> Place:
        """Where on the disk something is that the plan does not move by itself."""
        return self.in_project(path) or Place(self.plan.target, path)
