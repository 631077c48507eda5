"""The organised tree as an inode filesystem, without any binding in sight.

What each operation owes the kernel is said at it; a driver only translates. Three kinds of things share the tree: *planned*
files and folders (`core.tree`), what already *exists* in the target and is shown live, and the generated *control* folder.

Invariants (of absence): the view holds a `DiskReader`, so it cannot change the disk; no descriptor is ever opened for writing;
an edit is durable in the edit log before its operation returns, and the tree in memory changes only after that.
`_lock` guards the tree and the tables of handles. It is never held while an original or the target is looked at, so a slow disk
stops only who asked for it. Nodes found under the lock may be looked at after it; what is decided about them is decided under it.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from ifmosfs.core.contest import CONTESTS, can_lose, wins
from ifmosfs.core.edit_log import RETRACING
from ifmosfs.core.errors import DiskFull, IfmosfsError, WrongState
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.names import CONTROL_NAME, ancestors, components, join, repair, split
from ifmosfs.core.plan import Action, Edit, EditKind
from ifmosfs.core.ports import DiskReader, Space
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode, FolderNode, Node, PlanTree
from ifmosfs.view.attributes import CATEGORY, RELOAD, attributes_of
from ifmosfs.view.attrs import made_attr
from ifmosfs.view.changes import Changed, NameChanges, depth
from ifmosfs.view.control import Control
from ifmosfs.view.edits import EditLog
from ifmosfs.view.gestures import Gestures
from ifmosfs.view.inodes import (
    CONTROL_BASE,
    EXISTING_BASE,
    FILE_BASE,
    FOLDER_BASE,
    inode_of_file,
    inode_of_folder,
    is_control,
    is_existing,
    is_file,
    is_planned_folder,
)
from ifmosfs.view.listing import FixedListing, FolderListing, Named
from ifmosfs.view.nudges import FOLDER_INODE, FOLDER_NAME, NOT_KEPT, Ghosts, NameIn, Nudge
from ifmosfs.view.originals import Look, Originals
from ifmosfs.view.protocol import ChangedNames, Invalidations, Listing
from ifmosfs.view.target import NOTHING_FOUND, Target
from ifmosfs.view.values import (
    BRIEF,
    ROOT_INODE,
    Caller,
    Entry,
    Opened,
    RenameMode,
    Validity,
)

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND | os.O_CREAT

# Desktops make their trash folders at the top of a volume; refused, they offer to delete instead, which here means "leave it".
TRASH_NAMES = (b".Trash", b".Trashes", b"$RECYCLE.BIN")

MOST_LOADED = 100_000  # files whose nodes are kept in memory although no edit has touched them

MOST_TOLD_SINGLY = (
    200  # changes by others that the kernel is told name by name; of more it is told that anything may have changed
)
MOST_NUDGED = 1000  # names that who watches is told of at one time; of more nobody is told any
_PUT_ASIDE = frozenset(
    {EditKind.EXCLUDE, EditKind.VAULT, EditKind.MOVE, EditKind.REPLACE}
)  # what they displace appears elsewhere

TOLD = Validity(60.0, 1.0)  # a planned name, where a driver is told of changes; an original may change at any time
FOLDER_TOLD = Validity(60.0, 60.0)
CHANGING = Validity(1.0, 0.0)  # the control files, whose size is that of their content now

T = TypeVar("T")
Refile = Callable[[Action, str], bytes | None]
MayReach = Callable[[Place, Caller], bool]


class View:
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
    ) -> None:
        """`refile` gives the folder for a category; `replant` a new tree of the plan with the edits that are in force; `process_of`
        the process of a thread; `look` is the disk's `lstat`, in time; `may_reach` says whether a caller could open an original;
        `is_slow` whether a root lies where looking may take long."""
        self._tree = tree
        self._plan = tree.plan
        self._rules = tree.plan.policy.names
        self._disk = disk
        self._log = log
        self._now_ns = now_ns
        self._refile = refile
        self._owner = owner
        self._replant = replant
        self._may_reach = may_reach
        self._is_slow = is_slow
        self._originals = Originals(disk, look or disk.lstat, is_slow, owner)
        self._target = Target(disk, self._plan.target, self._rules, self._place)
        self._gestures = Gestures(process_of)
        self._ghosts = Ghosts(owner, self.lookup)
        self._told: Invalidations | None = None
        self._unsettled: dict[int, ChangedNames] = {}  # what new names stand for that nobody who watches knows of yet
        self._lock = threading.RLock()
        self._handles: dict[int, Opened | bytes] = {}
        self._next_handle = 1
        self._control: Control | None = None

    # What the kernel may remember

    def tell(self, invalidations: Invalidations) -> None:
        """See `ViewOperations`."""
        self._told = invalidations

    def validity(self, inode: int) -> Validity:
        """See `ViewOperations`."""
        if is_control(inode):
            return CHANGING if inode < FOLDER_INODE else NOT_KEPT
        if inode in self._unsettled:
            return NOT_KEPT  # or the kernel would find a new name without asking for it, and could not be told of it
        if self._told is None or not FOLDER_BASE <= inode < CONTROL_BASE:
            return BRIEF
        return TOLD if inode >= FILE_BASE else FOLDER_TOLD

    def may_block(self, inode: int) -> bool:
        """See `ViewOperations`."""
        return is_file(inode) and self._is_slow(self._file(inode).leaf.root)

    def forget(self, inode: int) -> None:
        """See `ViewOperations`."""
        if is_existing(inode):
            self._target.forget(inode)

    # Looking

    def resolve(self, path: bytes) -> int:
        """The inode at a path from the root of the view. NOT_FOUND, NOT_A_FOLDER.

        A driver by paths asks this before almost everything, so what is planned is found without a look at the folders on the way.
        """
        names = components(path)
        if names[:1] != [CONTROL_NAME]:
            with self._lock:
                node = self._tree.find(path)
            if node is not None:
                return self._inode_of(node)
        inode = ROOT_INODE
        for name in names:
            inode = self.lookup(inode, name).attr.inode
        return inode

    def lookup(self, parent: int, name: bytes, caller: Caller | None = None) -> Entry:
        """The entry of that name. NOT_FOUND, NOT_A_FOLDER for a parent that is none, NAME_TOO_LONG."""
        nudge = self._ghosts.nudge_of(caller)
        if nudge is not None:
            return self._ghosts.lookup(nudge, NameIn(parent, name))
        if len(name) > 255:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        if parent == ROOT_INODE and name == CONTROL_NAME:
            return Entry(name, self._control_folder_attr())
        if parent == CONTROL_BASE:
            return Entry(name, self._control_attr(name))
        with self._lock:
            folder, path = self._where(parent)
            node = None if folder is None else self._tree.child(folder, name)
        if node is not None:
            return Entry(node.name, self._node_attr(node))
        if folder is None:
            self._require_folder(parent, path)
        return Entry(name, self._existing_attr(join(path, name)))

    def getattr(self, inode: int) -> Attr:
        """The attributes of a node; an original that is gone keeps those it was planned with."""
        if is_file(inode):
            return self._node_attr(self._file(inode))
        if inode == CONTROL_BASE:
            return self._control_folder_attr()
        if FOLDER_INODE <= inode < EXISTING_BASE:
            return self._ghosts.attr(inode)
        if is_control(inode):
            return self._control_attr(self._control_name(inode))
        if is_existing(inode):
            path = self._target.path(inode)
            with self._lock:
                node = self._tree.find(path)
            return self._existing_attr(path) if node is None else self._node_attr(node)
        with self._lock:
            node = self._folder(inode)
        return self._node_attr(node)

    def opendir(self, inode: int) -> Listing:
        """Every entry of a folder: the planned ones, then what else is in the target."""
        if inode == CONTROL_BASE:
            return FixedListing([Entry(name, self._control_attr(name)) for name in Control.NAMES])
        with self._lock:
            self._tree.forget(MOST_LOADED)
            folder, path = self._where(inode)
            children: Mapping[bytes, Node] = {} if folder is None else folder.children
            nodes = [(node.name, node) for node in children.values()]
        if folder is None:
            self._require_folder(inode, path)
        live = self._target.found_in(path, children) if self._is_live(path) else NOTHING_FOUND
        more = [Entry(name, attr) for name, attr in live.entries]
        if inode == ROOT_INODE:
            more.append(Entry(CONTROL_NAME, self._control_folder_attr()))
        return FolderListing(self, folder, nodes, more, self._by_name(nodes, live.shared))

    def _by_name(self, named: Sequence[Named], live: Mapping[bytes, Attr]) -> Mapping[bytes, Attr]:
        """What the target has of the folders among some nodes, by the names that the nodes have."""
        if not live:
            return live
        keys = ((name, self._rules.key(name)) for name, node in named if isinstance(node, FolderNode))
        return {name: live[key] for name, key in keys if key in live}

    def parent(self, inode: int) -> int:
        """The folder that a folder is in."""
        if inode in {ROOT_INODE, CONTROL_BASE}:
            return ROOT_INODE
        with self._lock:
            above = split(self._where(inode)[1])[0]
        return self.resolve(above)

    def readlink(self, inode: int) -> bytes:
        """The text of a symlink. In the layout it is what commit would leave there; in the review folder, where a relative
        link would mean something else, it is absolute. INVALID for anything but a symlink."""
        if is_existing(inode):
            return self._target.asked(self._disk.read_link, self._place(self._target.path(inode)))
        if not is_file(inode):
            raise FsError(FsErrorKind.INVALID)
        node = self._file(inode)
        if node.leaf.entry_kind is not Kind.SYMLINK:
            raise FsError(FsErrorKind.INVALID, node.name)
        return self._link_text(node)

    def _link_text(self, node: FileNode) -> bytes:
        text = self._originals.read_link(node.leaf, partial(self._commits_to, node))
        with self._lock:
            staying = self._tree.in_review(node)
        folder = split(node.leaf.source_place.absolute)[0]
        return folder + b"/" + text if staying and not text.startswith(b"/") else text

    def open(self, inode: int, flags: int, caller: Caller | None = None) -> Opened:
        """An open file, read-only. READ_ONLY for any flag that writes, IS_A_FOLDER, NOT_FOUND or STALE for an original that is gone
        or is another file now, NO_ACCESS for a caller who could not open it there. The caller releases it."""
        if flags & WRITE_FLAGS:
            raise FsError(FsErrorKind.READ_ONLY)
        if is_control(inode):
            return self._open_control(inode)
        if is_existing(inode):
            return self._open_existing(inode, caller)
        node = self._file(inode)
        self._refuse_stranger(node.leaf.source_place, caller)
        descriptor, keep_cache = self._originals.open(node.leaf, partial(self._commits_to, node))
        if not keep_cache and self._told is not None:
            self._told.node_changed(inode, content=False)  # its size may be another than was told
        return self._hold(Opened(0, descriptor, keep_cache))

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """Up to `size` bytes; fewer only at the end of the file."""
        with self._lock:
            held = self._handles.get(handle)
        if held is None:
            raise FsError(FsErrorKind.INVALID)
        if isinstance(held, bytes):
            return held[offset : offset + size]
        assert held.descriptor is not None
        return self._target.asked(os.pread, held.descriptor, size, offset)

    def release(self, handle: int) -> None:
        """Close an open file; an unknown handle is ignored, as release cannot fail."""
        with self._lock:
            held = self._handles.pop(handle, None)
        if isinstance(held, Opened) and held.descriptor is not None:
            os.close(held.descriptor)

    def statfs(self) -> Space:
        """Space of the target's filesystem, where the files will go."""
        return self._target.space()

    # Editing

    def mkdir(self, parent: int, name: bytes, mode: int, caller: Caller | None = None) -> Entry:
        """A new planned folder. EXISTS, NO_ACCESS for trash folders, READ_ONLY when the plan is closed."""
        path = self._new_path(parent, name)
        self._edit(Edit(0, EditKind.MKDIR, path, None, 0, mode=stat.S_IMODE(mode) & 0o777), caller)
        return self.lookup(parent, name)

    def rmdir(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """Take an empty planned folder out. NOT_EMPTY; READ_ONLY for a folder of the target itself."""
        path, node = self._editable(parent, name)
        if not isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)
        self._edit(Edit(0, EditKind.RMDIR, path, None, 0), caller)

    def unlink(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """Leave a file where it is: it goes to the review folder. IS_A_FOLDER; READ_ONLY for the target's own files."""
        path, node = self._editable(parent, name)
        if isinstance(node, FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        self._edit(Edit(0, EditKind.EXCLUDE, path, None, 0), caller)

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
        nudge = self._ghosts.nudge_of(caller)
        if nudge is not None and self._ghosts.is_rename(nudge, NameIn(parent, name), NameIn(new_parent, new_name)):
            return
        path, node = self._editable(parent, name)
        self._refuse_over_control(node, new_parent, new_name, mode)
        target = self._path_for(new_parent, new_name)
        with self._lock:
            standing = self._tree.find(target)
        if standing is None and self._is_review(new_parent) and not self._is_review(parent):
            self._leave_out(path, node, target, mode, caller)
            return
        replaces = self._displaced(node, standing, target, mode)
        if isinstance(node, FolderNode) and self._is_live(target) and not self._is_live(path):
            self._require_names(node)
        if mode is RenameMode.EXCHANGE:
            if standing is None:
                raise FsError(FsErrorKind.NOT_FOUND, target)
            self._editable(new_parent, new_name)
            self._edit(Edit(0, EditKind.SWAP, path, target, 0), caller)
            return
        if standing is not None and mode is RenameMode.NO_REPLACE:
            raise FsError(FsErrorKind.EXISTS, target)
        if standing is node and path == target:
            return
        if isinstance(standing, FolderNode) and standing is not node:
            if isinstance(node, FolderNode):
                self._require_empty(standing, target)
            self._editable(new_parent, new_name)
        kind = EditKind.MOVE if replaces is None else EditKind.REPLACE
        draft = Edit(0, kind, path, target, 0, replaces=replaces)
        self._edit(draft, caller, must_be_free=mode is RenameMode.NO_REPLACE)

    def _refuse_over_control(self, node: Node, parent: int, name: bytes, mode: RenameMode) -> None:
        """The control folder and its files stay what they are: nothing takes their place."""
        is_folder = parent == ROOT_INODE and name == CONTROL_NAME
        if not is_folder and (parent != CONTROL_BASE or name not in Control.NAMES):
            return
        if mode is RenameMode.EXCHANGE:
            raise FsError(FsErrorKind.READ_ONLY, name)
        if mode is RenameMode.REPLACE and is_folder and isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_EMPTY, name)

    def _require_empty(self, folder: FolderNode, path: bytes) -> None:
        """NOT_EMPTY if something is in a folder of the tree, or in that of the target that it stands for."""
        with self._lock:
            is_held = bool(folder.loaded) or folder.n_unloaded > 0
        is_targets_own = not is_held and self._is_live(path) and not folder.planned
        if is_held or (is_targets_own and self._target.holds_anything(path)):
            raise FsError(FsErrorKind.NOT_EMPTY, path)

    def _is_review(self, inode: int) -> bool:
        with self._lock:
            return inode == inode_of_folder(self._tree.review.number)

    def _leave_out(self, path: bytes, node: Node, target: bytes, mode: RenameMode, caller: Caller | None) -> None:
        """The kernel takes it for moved to `target`, and is told that there is nothing."""
        above, name = split(target)
        if mode is RenameMode.EXCHANGE:
            raise FsError(FsErrorKind.NOT_FOUND, target)
        if isinstance(node, FolderNode):
            aside = join(above, self._tree.excluded.name, name)
            self._edit(Edit(0, EditKind.MOVE, path, aside, 0), caller, must_be_free=True)
        else:
            self._edit(Edit(0, EditKind.EXCLUDE, path, None, 0), caller)
        with self._lock:
            self._tell_name(target)
            self._tell_name(join(above, self._tree.excluded.name, name))
            gone = Changed(target, isinstance(node, FolderNode), None)
            come = (
                [Changed(self._tree.path_of(node), True, node)] if gone.is_folder else []
            )  # of a file it is told already
            self._tell_watchers([gone, *come])

    def _displaced(self, node: Node, standing: Node | None, target: bytes, mode: RenameMode) -> Fingerprint | None:
        """The file of the target whose name a rename takes. `None`: the name is free there. EXISTS: it is not to be had."""
        if standing is not None:
            with self._lock:
                over = isinstance(node, FileNode) and isinstance(standing, FileNode)
                return self._tree.replaced_by(standing) if over and isinstance(standing, FileNode) else None
        has = self._target.attr_or_none(target) if self._is_live(target) else None
        if has is None:
            return None
        if mode is RenameMode.EXCHANGE:
            raise FsError(FsErrorKind.READ_ONLY, target)
        if mode is RenameMode.NO_REPLACE or (isinstance(node, FolderNode) and has.kind is not Kind.FOLDER):
            raise FsError(FsErrorKind.EXISTS, target)
        if isinstance(node, FolderNode):
            is_held = self._target.holds_anything(target)
            raise FsError(FsErrorKind.NOT_EMPTY if is_held else FsErrorKind.READ_ONLY, target)
        strategy = self._plan.policy.strategy_for(node.action.category)
        expected = node.leaf.expected
        is_contest = strategy in CONTESTS and can_lose(has, expected, node.leaf.entry_kind)
        if not is_contest or not wins(strategy, expected, has.fingerprint):
            raise FsError(FsErrorKind.EXISTS, target)
        return has.fingerprint

    def chmod(self, inode: int, mode: int, caller: Caller | None = None) -> None:
        """The mode a planned folder will be made with. NOT_PERMITTED for files: it would change the original."""
        path = self._planned_folder_path(inode)
        self._edit(Edit(0, EditKind.TOUCH, path, None, 0, mode=stat.S_IMODE(mode) & 0o777), caller)

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None, caller: Caller | None = None) -> None:
        """The time of a planned folder; its access time is not kept. NOT_PERMITTED for files."""
        del atime_ns
        path = self._planned_folder_path(inode)
        if mtime_ns is not None:
            self._edit(Edit(0, EditKind.TOUCH, path, None, 0, mtime_ns=mtime_ns), caller)

    def fsync_folder(self, inode: int) -> None:
        """Nothing is left to do: every edit was durable before its operation returned."""
        self.getattr(inode)

    # Extended attributes

    def listxattr(self, inode: int) -> Sequence[bytes]:
        """The names of a file's attributes; none for folders and for what already is in the target."""
        return list(self._attributes(inode))

    def getxattr(self, inode: int, name: bytes) -> bytes:
        """The value of one attribute. NO_ATTRIBUTE. Reading `user.ifmosfs.reload` of the root is `reload`, and gives nothing."""
        if name == RELOAD and inode == ROOT_INODE:
            self.reload()
            return b""
        try:
            return self._attributes(inode)[name]
        except KeyError:
            raise FsError(FsErrorKind.NO_ATTRIBUTE, name) from None

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        """Writing `user.ifmosfs.category` files the file under that category. INVALID for a category the layout has no folder
        for, NOT_SUPPORTED for every other attribute."""
        del flags
        if name != CATEGORY or not is_file(inode):
            raise FsError(FsErrorKind.NOT_SUPPORTED, name)
        self._file_under(self._file(inode), value.decode("utf-8", "replace").strip(), caller)

    def _file_under(self, node: FileNode, category: str, caller: Caller | None) -> None:
        folder = self._refile(node.action, category)
        if folder is None:
            raise FsError(FsErrorKind.INVALID, category.encode())
        with self._lock:
            path = self._tree.path_of(node)
            names = [*components(folder), split(node.leaf.source)[1]]
            target = join(*(repair(each, self._rules).name for each in names))
            if (
                self._tree.find(split(target)[0]) is node.parent
            ):  # perhaps under a number, or a name that a person gave it
                target = path
        if target == path and category == (node.category or node.action.category):
            return
        if target != path and self._is_taken(target):
            raise FsError(FsErrorKind.EXISTS, target)
        missing = [folder for folder in ancestors(target) if not self._is_taken(folder)]
        for folder in missing:
            self._edit(Edit(0, EditKind.MKDIR, folder, None, 0), caller)
        self._edit(Edit(0, EditKind.MOVE, path, target, 0, category=category), caller, must_be_free=target != path)
        with self._lock:
            changed = dict.fromkeys((path, *missing, target))
            for each in changed:
                self._tell_name(each)
            if path != target:
                self._tell_watchers([Changed(each, each in missing, self._tree.find(each)) for each in changed])

    def removexattr(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        """NOT_SUPPORTED: the attributes are the plan's. NO_ATTRIBUTE for one that is not there."""
        del caller
        self.getxattr(inode, name)
        raise FsError(FsErrorKind.NOT_SUPPORTED, name)

    def _attributes(self, inode: int) -> dict[bytes, bytes]:
        if not is_file(inode):
            self.getattr(inode)
            return {}
        node = self._file(inode)
        status = self._originals.status(node.leaf, partial(self._commits_to, node))
        with self._lock:
            if status == "staying" and self._tree.is_vaulted(node):
                status = "vault"
            replaces = self._tree.replaced_by(node)
        return attributes_of(node.action, node.category, status, replaces)

    # Changes by others

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        """What the tree answers, while nobody changes it. Must not look at a disk."""
        with self._lock:
            return ask(self._tree)

    def originals_changed(self, action_ids: Collection[int]) -> None:
        """The files of these actions are not what they were: what the kernel remembers of attributes and bytes is out of date."""
        if self._told is None or not action_ids:
            return
        with self._lock:
            nodes = [self._tree.file(action_id) for action_id in action_ids if self._tree.has_file(action_id)]
        for node in nodes:
            self._told.node_changed(inode_of_file(node), content=True)

    def reload(self) -> None:
        """Take in the edits that others have made since, in their order; inode numbers stay. IO where they cannot be read."""
        with self._lock:
            self._catch_up()

    def _catch_up(self) -> None:
        try:
            edits = self._log.since(self._tree.last_edit)
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO) from error
        if not edits:
            return
        self._gestures.interrupted()
        self._control = None
        made = self._made_by(edits)
        names = NameChanges(self._tree, made if len(made) <= MOST_TOLD_SINGLY else ())
        if any(edit.kind in RETRACING for edit in edits):
            self._plant_anew(edits)
        else:
            self._tree.replay(edits)
        self._tell_edits(made)
        self._tell_watchers(names.made(self._tree))

    def _plant_anew(self, edits: Sequence[Edit]) -> None:
        """Steps were taken back, or made again: the tree is another."""
        if self._replant is None:
            raise FsError(FsErrorKind.READ_ONLY, edits[0].path)
        try:
            self._tree = self._replant()
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO) from error

    def _made_by(self, edits: Sequence[Edit]) -> Sequence[Edit]:
        """These edits, and those that they take back or make again; nothing where nobody is to be told."""
        if self._told is None:
            return ()
        return [*edits, *self._retraced({edit.step for edit in edits if edit.kind in RETRACING})]

    def _tell_edits(self, changed: Sequence[Edit]) -> None:
        """These did not come through the kernel, so it must be told."""
        if self._told is None:
            return
        self.originals_changed({edit.action_id or 0 for edit in changed if edit.kind is EditKind.REFRESH})
        if len(changed) <= MOST_TOLD_SINGLY:
            for path in dict.fromkeys(path for edit in changed for path in (edit.path, edit.target) if path):
                self._tell_name(path)
        if len(changed) > MOST_TOLD_SINGLY or any(edit.kind in _PUT_ASIDE for edit in changed):
            self._told.all_changed()

    def _retraced(self, steps: set[int]) -> Sequence[Edit]:
        """The edits of steps that were taken back or made again."""
        if not steps:
            return ()
        try:
            return [edit for edit in self._log.since(0) if edit.step in steps]
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO) from error

    def _tell_name(self, path: bytes) -> None:
        """What is remembered of a name, and of its folder, is out of date."""
        if self._told is None:
            return
        above, name = split(path)
        folder = self._tree.find(above)
        if isinstance(folder, FolderNode) and (folder.planned or folder is self._tree.root):
            inode = inode_of_folder(folder.number)
            self._told.entry_changed(inode, name)
            self._told.node_changed(inode, content=False)

    def _tell_watchers(self, names: Sequence[Changed]) -> None:
        """Who watches shall be told of names that have come or gone."""
        if self._told is None or not 0 < len(names) <= MOST_NUDGED:
            return
        inodes = (self._number_of(each.node) for each in names if each.node is not None)
        changed = ChangedNames({each.path: each.is_folder for each in names}, frozenset(filter(None, inodes)))
        self._unsettled.update(dict.fromkeys(changed.inodes, changed))
        self._told.names_changed(changed)

    def _number_of(self, node: Node) -> int:
        """The inode of a planned node, 0 for a folder that the target has anyway."""
        if isinstance(node, FileNode):
            return inode_of_file(node)
        return inode_of_folder(node.number) if node.planned else 0

    @contextmanager
    def nudging(self, names: Sequence[ChangedNames]) -> Iterator[Nudge]:
        """See `ViewOperations`."""
        nudge = Nudge()
        try:
            paths = {path: is_folder for each in names for path, is_folder in each.paths.items()}
            for path in sorted(paths, key=depth) if len(paths) <= MOST_NUDGED else ():
                self._add_ghost(nudge, path, is_folder=paths[path])
            self._ghosts.begin(nudge)
            yield nudge
        finally:
            self._ghosts.end()
            self._settle(names)
            if self._told is not None:
                self._told.entry_changed(
                    CONTROL_BASE, FOLDER_NAME
                )  # the kernel would remember all that was moved there

    def _add_ghost(self, nudge: Nudge, path: bytes, *, is_folder: bool) -> None:
        above, name = split(path)
        try:
            self._ghosts.add(nudge, path, NameIn(self.resolve(above), name), is_folder=is_folder)
        except FsError:  # its folder has gone, too, and with it all who watched
            return

    def _settle(self, names: Sequence[ChangedNames]) -> None:
        with self._lock:
            for each in names:
                for inode in each.inodes:
                    if self._unsettled.get(inode) is each:  # and nobody has announced it anew
                        del self._unsettled[inode]

    # Nodes and inodes

    def _file(self, inode: int) -> FileNode:
        if not is_file(inode):
            raise FsError(FsErrorKind.IS_A_FOLDER)
        with self._lock:
            try:
                return self._tree.file(inode - FILE_BASE)
            except KeyError:
                raise FsError(FsErrorKind.NOT_FOUND) from None

    def _folder(self, inode: int) -> FolderNode:
        """The planned folder, or the root, with that number; under the lock."""
        if inode == ROOT_INODE:
            return self._tree.root
        if not is_planned_folder(inode):
            raise FsError(FsErrorKind.NOT_FOUND)
        try:
            return self._tree.folder(inode - FOLDER_BASE)
        except KeyError:
            raise FsError(FsErrorKind.NOT_FOUND) from None

    def _where(self, inode: int) -> tuple[FolderNode | None, bytes]:
        """The node and the path of a folder, under the lock. `None`: it exists in the target only, if it is a folder at all.
        NOT_A_FOLDER, NOT_FOUND for one that was taken out."""
        if is_existing(inode):
            path = self._target.path(inode)
            node = self._tree.find(path)
            if isinstance(node, FileNode):
                raise FsError(FsErrorKind.NOT_A_FOLDER, path)
            return node, path
        if is_file(inode) or is_control(inode):
            raise FsError(FsErrorKind.NOT_A_FOLDER)
        folder = self._folder(inode)
        if not self._tree.holds(folder):
            raise FsError(FsErrorKind.NOT_FOUND, folder.name)
        return folder, self._tree.path_of(folder)

    def _require_folder(self, inode: int, path: bytes) -> None:
        """NOT_A_FOLDER, NOT_FOUND for something of the target that is no folder now."""
        if self.getattr(inode).kind is not Kind.FOLDER:
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)

    def _commits_to(self, node: FileNode) -> Place | None:
        """Where commit puts the file, `None` while it stays."""
        with self._lock:
            return None if self._tree.in_review(node) else Place(self._plan.target, self._tree.path_of(node))

    def _inode_of(self, node: Node) -> int:
        """The inode that `_node_attr` gives."""
        if isinstance(node, FileNode):
            return inode_of_file(node)
        return inode_of_folder(node.number) if node.planned else self.folder_attr(node).inode

    # Attributes

    def _node_attr(self, node: Node) -> Attr:
        if isinstance(node, FolderNode):
            return self.folder_attr(node)
        attr = self._originals.attr(node.leaf, inode_of_file(node), partial(self._commits_to, node))
        return attr if stat.S_ISREG(attr.mode) else self._link_attr(node, attr)

    def file_attrs(self, nodes: Sequence[FileNode]) -> list[Attr]:
        """The attributes of many files at once, for a listing."""
        numbered = ((node, FILE_BASE + node.leaf.number) for node in nodes)
        looked = self._originals.attrs(numbered, self._commits_to)
        return [
            attr if stat.S_ISREG(attr.mode) else self._link_attr(node, attr)
            for node, attr in zip(nodes, looked, strict=True)
        ]

    def current(self, named: Sequence[Named], folder: FolderNode) -> list[Named]:
        """Those nodes that are still in a folder of the tree as it is now, under the names they had."""
        with self._lock:
            entries, key = folder.loaded if self._tree.has(folder) else {}, self._tree.keys_of(folder)
            return [each for each in named if entries.get(key(each[0])) is each[1]]

    def inode_in_listing(self, node: Node, live: Attr | None) -> int:
        """The inode of an entry of a folder, for a listing that needs no attributes."""
        if isinstance(node, FileNode):
            return FILE_BASE + node.leaf.number
        return inode_of_folder(node.number) if node.planned else self.folder_attr(node, live).inode

    def _link_attr(self, node: FileNode, attr: Attr) -> Attr:
        """The size of a link is the length of the text that is shown."""
        try:
            return replace(attr, size_bytes=len(self._link_text(node)))
        except FsError:  # the original is gone: it keeps what was recorded
            return attr

    def folder_attr(self, node: FolderNode, live: Attr | None = None) -> Attr:
        """The attributes of a folder; `live` are those that the target was just seen to have there."""
        carried = self._carried_attr(node)
        if carried is not None:
            return carried
        with self._lock:
            path = self._tree.path_of(node)
            n_planned = sum(child.planned for child in node.folders)
            gains = node.gains_entries()
        if live is None and not node.planned:
            live = self._target.folder_at(Place(self._plan.target, path))
        if live is None or node.planned:
            return self._planned_attr(node, n_planned)
        mtime_ns = node.mtime_ns if gains else live.mtime_ns
        inode = ROOT_INODE if node is self._tree.root else self._target.number(live, path)
        n_more = n_planned + (node is self._tree.root)  # the control folder
        return replace(live, inode=inode, mtime_ns=mtime_ns, n_links=live.n_links + n_more)

    def _carried_attr(self, node: FolderNode) -> Attr | None:
        """A folder of a project is moved and not made, so it has the attributes that it has."""
        if not self._tree.has_projects:
            return None
        with self._lock:
            source = self._tree.carried_source(node)
        live = None if source is None else self._target.folder_at(source)
        return None if live is None else replace(live, inode=inode_of_folder(node.number))

    def _planned_attr(self, node: FolderNode, n_subfolders: int) -> Attr:
        inode, n_links = inode_of_folder(node.number), 2 + n_subfolders + (node is self._tree.root)
        return made_attr(stat.S_IFDIR | node.mode, inode, 4096, node.mtime_ns, self._owner, n_links)

    def _existing_attr(self, path: bytes) -> Attr:
        if not self._is_live(path):
            raise FsError(FsErrorKind.NOT_FOUND, path)
        return self._target.attr(path)

    def _is_live(self, path: bytes) -> bool:
        """Whether the disk is asked about a path: the review and the control folder exist only here, but for projects."""
        top = path.partition(b"/")[0]
        if path and top == self._tree.review.name:
            return self._in_project(path) is not None
        return not path or top != CONTROL_NAME

    def _in_project(self, path: bytes) -> Place | None:
        """Where something in a project is, which the plan shows with all that is in it; `None` for every other path."""
        if not self._tree.has_projects:
            return None
        with self._lock:
            return self._tree.inside_project(path)

    def _place(self, path: bytes) -> Place:
        """Where on the disk something is that the plan does not move by itself."""
        return self._in_project(path) or Place(self._plan.target, path)

    def _is_taken(self, path: bytes) -> bool:
        with self._lock:
            if self._tree.find(path) is not None:
                return True
        return self._is_live(path) and self._target.attr_or_none(path) is not None

    # Control folder

    def _control_files(self) -> Control:
        """The generated files for the tree as it is; under the lock."""
        if self._control is None:
            self._control = Control(self._tree)
        return self._control

    def _control_name(self, inode: int) -> bytes:
        position = inode - CONTROL_BASE - 1
        if not 0 <= position < len(Control.NAMES):
            raise FsError(FsErrorKind.NOT_FOUND)
        return Control.NAMES[position]

    def _control_attr(self, name: bytes) -> Attr:
        if name not in Control.NAMES:
            raise FsError(FsErrorKind.NOT_FOUND, name)
        with self._lock:
            size_bytes = self._control_files().size_bytes(name)
        inode = CONTROL_BASE + 1 + Control.NAMES.index(name)
        return made_attr(stat.S_IFREG | 0o444, inode, size_bytes, self._tree.root.mtime_ns, self._owner, n_links=1)

    def _control_folder_attr(self) -> Attr:
        return made_attr(stat.S_IFDIR | 0o555, CONTROL_BASE, 4096, self._tree.root.mtime_ns, self._owner, n_links=2)

    # Handles

    def _hold(self, held: Opened | bytes) -> Opened:
        with self._lock:
            handle = self._next_handle
            self._next_handle += 1
            opened = Opened(handle, None, keep_cache=False) if isinstance(held, bytes) else held._replace(handle=handle)
            self._handles[handle] = held if isinstance(held, bytes) else opened
        return opened

    def _open_control(self, inode: int) -> Opened:
        if inode == CONTROL_BASE:
            raise FsError(FsErrorKind.IS_A_FOLDER)
        name = self._control_name(inode)
        with self._lock:
            content = self._control_files().content(name)
        return self._hold(content)

    def _open_existing(self, inode: int, caller: Caller | None) -> Opened:
        path = self._target.path(inode)
        place = self._place(path)
        if self._target.asked(self._disk.lstat, place).kind is Kind.FOLDER:
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        self._refuse_stranger(place, caller)
        descriptor = self._target.asked(self._disk.open_read, place)
        return self._hold(Opened(0, descriptor, self._originals.is_unchanged(inode, descriptor)))

    def _refuse_stranger(self, place: Place, caller: Caller | None) -> None:
        """Who may see the names need not be allowed to read the originals."""
        if caller is not None and caller.uid not in {0, self._owner[0]} and not self._may_reach(place, caller):
            raise FsError(FsErrorKind.NO_ACCESS, place.path)

    # Edits

    def _edit(self, draft: Edit, caller: Caller | None, *, must_be_free: bool = False) -> None:
        """Record the edit and make it. `must_be_free`: EXISTS if something has the target's name by then."""
        now_ns = self._now_ns()
        draft = replace(draft, at_ns=now_ns)
        with self._lock:
            edit: Edit | None = None
            while edit is None:
                if must_be_free and draft.target is not None and self._tree.find(draft.target) is not None:
                    raise FsError(FsErrorKind.EXISTS, draft.target)  # taken since the operation looked
                self._tree.check(draft)
                edit = self._append(replace(draft, step=self._gestures.step(caller, now_ns)))
            is_told = self._told is not None and edit.kind in _PUT_ASIDE
            names = NameChanges(self._tree, [edit] if is_told else ())
            self._tree.apply(edit)
            self._gestures.made(caller, edit)
            self._control = None
            self._tell_watchers([each for each in names.made(self._tree) if each.path not in {edit.path, edit.target}])

    def _append(self, draft: Edit) -> Edit | None:
        """The edit as recorded; `None` after others' edits were found and taken in, so that it must be looked at again."""
        try:
            edit = self._log.append(draft, self._tree.last_edit)
        except WrongState as error:
            raise FsError(FsErrorKind.READ_ONLY, draft.path) from error
        except DiskFull as error:
            raise FsError(FsErrorKind.NO_SPACE, draft.path) from error
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO, draft.path) from error
        if edit is None:
            self._catch_up()
        return edit

    def _path_for(self, parent: int, name: bytes) -> bytes:
        """The path a new or moved entry would have; refuses names that the view or the target cannot hold."""
        if len(name) > self._rules.name_max_bytes:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        if name.startswith(b".Trash-") or name in TRASH_NAMES or parent == CONTROL_BASE:
            raise FsError(FsErrorKind.NO_ACCESS, name)
        if parent == ROOT_INODE and name == CONTROL_NAME:
            raise FsError(FsErrorKind.EXISTS, name)
        if name in {b"", b".", b".."} or repair(name, self._rules).reason is not None:
            raise FsError(FsErrorKind.INVALID, name)
        return join(self._folder_path(parent), name)

    def _folder_path(self, inode: int) -> bytes:
        """The path of a folder. NOT_A_FOLDER for anything else."""
        with self._lock:
            folder, path = self._where(inode)
        if folder is None:
            self._require_folder(inode, path)
        return path

    def _require_names(self, folder: FolderNode) -> None:
        """INVALID if something in a folder has a name that the target cannot hold: what stays may have any name, but dragged
        into the layout it is to be made."""
        with self._lock:
            pending = [folder]
            while pending:
                for node in pending.pop().children.values():
                    if repair(node.name, self._rules).reason is not None:
                        raise FsError(FsErrorKind.INVALID, node.name)
                    if isinstance(node, FolderNode):
                        pending.append(node)

    def _new_path(self, parent: int, name: bytes) -> bytes:
        path = self._path_for(parent, name)
        if self._is_taken(path):
            raise FsError(FsErrorKind.EXISTS, path)
        return path

    def _editable(self, parent: int, name: bytes) -> tuple[bytes, Node]:
        """Path and node of something planned. READ_ONLY for what the target already has and for the control folder."""
        if parent == CONTROL_BASE or (parent == ROOT_INODE and name == CONTROL_NAME):
            self.lookup(parent, name)
            raise FsError(FsErrorKind.READ_ONLY, name)
        with self._lock:
            folder, above = self._where(parent)
            node = None if folder is None else self._tree.child(folder, name)
        path = join(above, name)
        if node is None:
            self.lookup(parent, name)
            raise FsError(FsErrorKind.READ_ONLY, path)
        if isinstance(node, FolderNode) and self._is_targets_own(node, path):
            raise FsError(FsErrorKind.READ_ONLY, path)
        return path, node

    def _is_targets_own(self, node: FolderNode, path: bytes) -> bool:
        if not self._is_live(path):
            return False
        return not node.planned or self._target.folder_at(Place(self._plan.target, path)) is not None

    def _planned_folder_path(self, inode: int) -> bytes:
        if is_file(inode) or is_control(inode) or self.getattr(inode).kind is not Kind.FOLDER:
            raise FsError(FsErrorKind.NOT_PERMITTED)
        with self._lock:
            node, path = self._where(inode)
        if node is None or self._is_targets_own(node, path):
            raise FsError(FsErrorKind.READ_ONLY, path)
        return path
