"""The organised tree as an inode filesystem, without any binding in sight: what a driver calls.

What each operation owes the kernel is said at it; a driver only translates. `View` does nothing itself: it builds its parts, hands
each operation to the one whose subject it is, and shows nothing of them. `looking` (by `appearance`, `target`, `originals`,
`control_folder`), `open_files`, `editing` and `xattrs` (by `edit_rules` and `recording`), `catching_up` with what others do, and
`telling` the kernel of it. They share one tree under one lock, whose rules stand at `guarded_tree`.

Invariants (of absence): the view holds a `DiskReader`, so it cannot change the disk; no descriptor is ever opened for writing;
an edit is durable in the edit log before its operation returns, and the tree in memory changes only after that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from ifmosfs.core.filed import CategoriesAt
from ifmosfs.core.files import Attr
from ifmosfs.core.ports import DiskReader, Space
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.appearance import Appearance
from ifmosfs.view.attributes import WAITING
from ifmosfs.view.catching_up import CatchingUp
from ifmosfs.view.control_folder import ControlFolder
from ifmosfs.view.edit_rules import EditRules
from ifmosfs.view.editing import Editing
from ifmosfs.view.edits import EditLog
from ifmosfs.view.gestures import Gestures
from ifmosfs.view.guarded_tree import GuardedTree
from ifmosfs.view.inodes import is_existing, is_file
from ifmosfs.view.looking import Looking
from ifmosfs.view.nothing_written import NothingWritten
from ifmosfs.view.nudges import Nudge
from ifmosfs.view.open_files import MayReach, OpenFiles
from ifmosfs.view.originals import Look, Originals
from ifmosfs.view.protocol import ChangedNames, Invalidations, Listing
from ifmosfs.view.recording import Recorder
from ifmosfs.view.target import Target
from ifmosfs.view.telling import Telling
from ifmosfs.view.values import ROOT_INODE, Caller, Entry, Opened, RenameMode, Validity
from ifmosfs.view.xattrs import ExtendedAttributes, Refile

T = TypeVar("T")


class View(NothingWritten):
    """One mounted plan. All operations may be called from several threads."""

    def __init__(
        self,
        tree: PlanTree,
        disk: DiskReader,
        log: EditLog,
        *,
        now_ns: Callable[[], int],
        refile: Refile,
        owner: tuple[int, int],
        replant: Callable[[], PlanTree] | None = None,
        process_of: Callable[[int], int] = lambda thread: thread,
        look: Look | None = None,
        may_reach: MayReach = lambda place, caller: True,
        is_slow: Callable[[bytes], bool] = lambda root: False,
        categories_at: CategoriesAt = lambda folder: frozenset(),
        has_begun: Callable[[], bool] = lambda: False,
    ) -> None:
        """`refile` gives the folder for a category, `categories_at` the categories that a folder stands for; `replant` a new tree of
        the plan with the edits that are in force; `process_of` the process of a thread; `look` is the disk's `lstat`, in time;
        `may_reach` says whether a caller could open an original; `is_slow` whether a root lies where looking may take long;
        `has_begun` whether the commit of the plan has begun."""
        self._guarded = GuardedTree(tree)
        self._is_slow = is_slow
        originals = Originals(disk, look or disk.lstat, is_slow, owner, tree.plan.created_ns, has_begun)
        self._target = Target(disk, tree.plan.target, tree.plan.policy.names, self._guarded.place, now_ns)
        appearance = Appearance(self._guarded, originals, self._target, owner)
        control = ControlFolder(self._guarded, owner, categories_at)
        self._looking = Looking(self._guarded, disk, self._target, appearance, control, owner)
        self._telling = Telling(self._guarded, self._looking)
        self._open_files = OpenFiles(
            self._guarded,
            disk,
            originals,
            self._target,
            control,
            self._telling,
            owner=owner,
            may_reach=may_reach,
        )
        gestures = Gestures(process_of, tree.plan.policy.review_name)
        self._catching_up = CatchingUp(self._guarded, log, replant, gestures, self._telling)
        recorder = Recorder(
            self._guarded, self._looking.where, log, gestures, self._telling, self._catching_up, now_ns, owner
        )
        rules = EditRules(self._guarded, self._looking, self._target, owner)
        self._editing = Editing(self._guarded, self._looking, rules, recorder, self._telling)
        self._xattrs = ExtendedAttributes(
            self._guarded, self._looking, originals, recorder, self._telling, self._catching_up, refile, categories_at
        )

    # What the kernel may remember

    def tell(self, invalidations: Invalidations) -> None:
        """See `ViewOperations`."""
        self._telling.tell(invalidations)

    def validity(self, inode: int) -> Validity:
        """See `ViewOperations`."""
        return self._telling.validity(inode)

    def may_block(self, inode: int) -> bool:
        """See `ViewOperations`."""
        return is_file(inode) and self._is_slow(self._guarded.file(inode).leaf.root)

    def forget(self, inode: int) -> None:
        """See `ViewOperations`."""
        if is_existing(inode):
            self._target.forget(inode)

    # Looking

    def resolve(self, path: bytes) -> int:
        """The inode at a path from the root of the view. NOT_FOUND, NOT_A_FOLDER.

        A driver by paths asks this before almost everything, so what is planned is found without a look at the folders on the way.
        """
        return self._looking.resolve(path)

    def lookup(self, parent: int, name: bytes, caller: Caller | None = None) -> Entry:
        """The entry of that name. NOT_FOUND, NOT_A_FOLDER for a parent that is none, NAME_TOO_LONG."""
        return self._looking.lookup(parent, name, caller)

    def getattr(self, inode: int) -> Attr:
        """The attributes of a node; an original that is gone keeps those it was planned with."""
        return self._looking.getattr(inode)

    def opendir(self, inode: int) -> Listing:
        """Every entry of a folder: the planned ones, then what else is in the target."""
        return self._looking.opendir(inode)

    def parent(self, inode: int) -> int:
        """The folder that a folder is in."""
        return self._looking.parent(inode)

    def readlink(self, inode: int) -> bytes:
        """The text of a symlink. In the layout it is what commit would leave there; in the review folder, where a relative
        link would mean something else, it is absolute. INVALID for anything but a symlink."""
        return self._looking.readlink(inode)

    def statfs(self) -> Space:
        """Space of the target's filesystem, where the files will go."""
        return self._target.space()

    # Open files

    def open(self, inode: int, flags: int, caller: Caller | None = None) -> Opened:
        """An open file, read-only. READ_ONLY for any flag that writes, IS_A_FOLDER, NOT_FOUND or STALE for an original that is gone
        or is another file now, NO_ACCESS for a caller who could not open it there. The caller releases it."""
        return self._open_files.open(inode, flags, caller)

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """Up to `size` bytes; fewer only at the end of the file."""
        return self._open_files.read(handle, size, offset)

    def release(self, handle: int) -> None:
        """Close an open file; an unknown handle is ignored, as release cannot fail."""
        self._open_files.release(handle)

    # Editing

    def mkdir(self, parent: int, name: bytes, mode: int, caller: Caller | None = None) -> Entry:
        """A new planned folder. EXISTS, NO_ACCESS for trash folders, READ_ONLY when the plan is closed."""
        return self._editing.mkdir(parent, name, mode, caller)

    def rmdir(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """Take an empty planned folder out. NOT_EMPTY; READ_ONLY for a folder of the target itself."""
        self._editing.rmdir(parent, name, caller)

    def unlink(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """Leave a file where it is: it goes to the review folder. IS_A_FOLDER; READ_ONLY for the target's own files."""
        self._editing.unlink(parent, name, caller)

    def rename(
        self,
        parent: int,
        name: bytes,
        new_parent: int,
        new_name: bytes,
        mode: RenameMode,
        caller: Caller | None = None,
    ) -> None:
        """Move a planned file or folder: one atomic edit of the plan. A planned file at the target is left out, never lost;
        one that exists on the disk refuses with EXISTS, unless the plan's conflict strategy gives the name to the file that
        comes: commit then puts the other into the vault. Over itself it does nothing. What is dropped on the review folder itself
        goes to its folder of what a person has left out."""
        self._editing.rename(parent, name, new_parent, new_name, mode, caller)

    def chmod(self, inode: int, mode: int, caller: Caller | None = None) -> None:
        """The mode a planned folder will be made with. NOT_PERMITTED for files: it would change the original; and for a mode with
        which commit could put nothing into the folder."""
        self._editing.chmod(inode, mode, caller)

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None, caller: Caller | None = None) -> None:
        """The time of a planned folder; its access time is not kept. NOT_PERMITTED for files."""
        self._editing.set_times(inode, atime_ns, mtime_ns, caller)

    def fsync_folder(self, inode: int) -> None:
        """Nothing is left to do: every edit was durable before its operation returned."""
        self.getattr(inode)

    # Extended attributes

    def listxattr(self, inode: int) -> Sequence[bytes]:
        """The names of a file's attributes; none for folders and for what already is in the target."""
        return self._xattrs.names(inode)

    def getxattr(self, inode: int, name: bytes) -> bytes:
        """The value of one attribute. NO_ATTRIBUTE. Reading `user.ifmosfs.reload` of the root is `reload`, and gives nothing;
        `user.ifmosfs.waiting` of it says who waits for a file to be opened."""
        if name == WAITING and inode == ROOT_INODE:
            return self._open_files.waiting.told()
        return self._xattrs.value(inode, name)

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        """Writing `user.ifmosfs.category` files the file under that category. INVALID for a category the layout has no folder
        for, NOT_SUPPORTED for every other attribute. EXISTS for XATTR_CREATE of one that is there,
        NO_ATTRIBUTE for XATTR_REPLACE of one that is not."""
        self._xattrs.write(inode, name, value, flags, caller)

    def removexattr(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        """NOT_SUPPORTED: the attributes are the plan's. NO_ATTRIBUTE for one that is not there."""
        self._xattrs.remove(inode, name, caller)

    # Changes by others

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        """What the tree answers, while nobody changes it. Must not look at a disk."""
        return self._guarded.consult(ask)

    def originals_changed(self, action_ids: Collection[int]) -> None:
        """The files of these actions are not what they were: what the kernel remembers of attributes and bytes is out of date."""
        self._telling.originals_changed(action_ids)

    def reload(self) -> None:
        """Take in the edits that others have made since, in their order; inode numbers stay. IO where they cannot be read."""
        self._catching_up.reload()

    def nudging(self, names: Sequence[ChangedNames]) -> AbstractContextManager[Nudge]:
        """See `ViewOperations`."""
        return self._telling.nudging(names)
