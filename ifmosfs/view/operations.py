"""The organised tree as an inode filesystem, without any binding in sight.

What each operation owes the kernel is said at it; a driver only translates. Three kinds of things share the tree: *planned*
files and folders (`core.tree`), what already *exists* in the target and is shown live, and the generated *control* folder.

Invariants (of absence): the view holds a `DiskReader`, so it cannot change the disk; no descriptor is ever opened for writing;
an edit is durable in the edit log before its operation returns, and the tree in memory changes only after that.
`_lock` guards the tree and the tables of inodes and handles. It is never held while an original or the target is looked at, so a
slow disk stops only who asked for it.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ParamSpec, TypeVar

from ifmosfs.core.contest import CONTESTS, can_lose, wins
from ifmosfs.core.errors import DiskFull, IfmosfsError, WrongState
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.names import CONTROL_NAME, components, join, repair, split
from ifmosfs.core.plan import Action, Edit, EditKind
from ifmosfs.core.ports import UNKNOWN_ATTR, DiskReader, Space
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode, FolderNode, PlanTree
from ifmosfs.view.attributes import CATEGORY, RELOAD, attributes_of
from ifmosfs.view.attrs import NO_FOLDER, fs_error, made_attr, shown_as
from ifmosfs.view.control import control_files
from ifmosfs.view.edits import EditLog
from ifmosfs.view.originals import Originals
from ifmosfs.view.values import ROOT_INODE, Entry, Opened, RenameMode

# Inode numbers say what they stand for. Numbers of plan nodes come from the plan, so they are the same after a remount;
# those of existing entries come from the disk's own number, with the device mixed in.
FOLDER_BASE = 1 << 40
FILE_BASE = 1 << 41
CONTROL_BASE = 1 << 42
EXISTING_BASE = 1 << 62

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND | os.O_CREAT

# Desktops make their trash folders at the top of a volume; refused, they offer to delete instead, which here means "leave it".
TRASH_NAMES = (b".Trash", b".Trashes", b"$RECYCLE.BIN")

P = ParamSpec("P")
T = TypeVar("T")

Refile = Callable[[Action, str], bytes | None]


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
    ) -> None:
        self._tree = tree
        self._target = tree.plan.target
        self._disk = disk
        self._log = log
        self._now_ns = now_ns
        self._refile = refile
        self._owner = owner
        self._originals = Originals(disk, tree.plan)
        self._lock = threading.RLock()
        self._folders: dict[int, FolderNode] = {}
        self._existing: dict[int, bytes] = {}
        self._handles: dict[int, Opened | bytes] = {}
        self._next_handle = 1
        self._version = 0
        self._control: tuple[int, dict[bytes, bytes]] = (-1, {})

    # Looking

    def resolve(self, path: bytes) -> int:
        """The inode at a path from the root of the view. NOT_FOUND, NOT_A_FOLDER.

        Libfuse asks this before almost everything, so what is planned is found without a look at the folders on the way.
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

    def lookup(self, parent: int, name: bytes) -> Entry:
        """The entry of that name. NOT_FOUND, NOT_A_FOLDER for a parent that is none, NAME_TOO_LONG."""
        if len(name) > 255:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        if parent == ROOT_INODE and name == CONTROL_NAME:
            return Entry(name, self._control_folder_attr())
        if parent == CONTROL_BASE:
            return Entry(name, self._control_attr(name))
        path = self._folder_path(parent)
        with self._lock:
            folder = self._tree.find(path)
            node = self._tree.child(folder, name) if isinstance(folder, FolderNode) else None
        if node is not None:
            return Entry(node.name, self._node_attr(node))
        return Entry(name, self._existing_attr(join(path, name)))

    def getattr(self, inode: int) -> Attr:
        """The attributes of a node; an original that is gone keeps those it was planned with."""
        if inode >= FILE_BASE and inode < CONTROL_BASE:
            return self._node_attr(self._file(inode))
        if inode == CONTROL_BASE:
            return self._control_folder_attr()
        if CONTROL_BASE < inode < EXISTING_BASE:
            return self._control_attr(self._control_name(inode))
        if inode >= EXISTING_BASE:
            path = self._existing_path(inode)
            with self._lock:
                node = self._tree.find(path)
            return self._existing_attr(path) if node is None else self._node_attr(node)
        return self._node_attr(self._folder(inode))

    def readdir(self, inode: int) -> Sequence[Entry]:
        """Every entry of a folder, without `.` and `..`: the planned ones, then what else is in the target."""
        if inode == CONTROL_BASE:
            return [Entry(name, self._control_attr(name)) for name in self._control_content()]
        path = self._folder_path(inode)
        with self._lock:
            folder = self._tree.find(path)
            nodes = list(folder.children.values()) if isinstance(folder, FolderNode) else []
            keys = set(folder.children) if isinstance(folder, FolderNode) else set()
        entries = [Entry(node.name, self._node_attr(node)) for node in nodes]
        if self._is_live(path):
            entries.extend(self._existing_entries(path, keys))
        if inode == ROOT_INODE:
            entries.append(Entry(CONTROL_NAME, self._control_folder_attr()))
        return entries

    def readlink(self, inode: int) -> bytes:
        """The text of a symlink. In the layout it is what commit would leave there; in the review folder, where a relative
        link would mean something else, it is absolute. INVALID for anything but a symlink."""
        if inode >= EXISTING_BASE:
            return self._asked(self._disk.read_link, self._place(self._existing_path(inode)))
        if not FILE_BASE <= inode < CONTROL_BASE:
            raise FsError(FsErrorKind.INVALID)
        node = self._file(inode)
        if node.action.entry_kind is not Kind.SYMLINK:
            raise FsError(FsErrorKind.INVALID, node.name)
        return self._link_text(node)

    def _link_text(self, node: FileNode) -> bytes:
        text = self._originals.read_link(node.action, self._target_path(node))
        with self._lock:
            staying = self._tree.in_review(node)
        folder = split(node.action.source_place.absolute)[0]
        return folder + b"/" + text if staying and not text.startswith(b"/") else text

    def open(self, inode: int, flags: int) -> Opened:
        """An open file, read-only. READ_ONLY for any flag that writes, IS_A_FOLDER, NOT_FOUND or STALE for an original
        that is gone or is another file now. The caller releases it."""
        if flags & WRITE_FLAGS:
            raise FsError(FsErrorKind.READ_ONLY)
        if CONTROL_BASE < inode < EXISTING_BASE:
            return self._hold(self._control_content()[self._control_name(inode)])
        if inode >= EXISTING_BASE:
            return self._open_existing(self._existing_path(inode))
        node = self._file(inode)
        descriptor, keep_cache = self._originals.open(node.action, self._target_path(node))
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
        return self._asked(os.pread, held.descriptor, size, offset)

    def release(self, handle: int) -> None:
        """Close an open file; an unknown handle is ignored, as release cannot fail."""
        with self._lock:
            held = self._handles.pop(handle, None)
        if isinstance(held, Opened) and held.descriptor is not None:
            os.close(held.descriptor)

    def statfs(self) -> Space:
        """Space of the target's filesystem, where the files will go."""
        return self._asked(self._disk.space, Place(self._target, b""))

    # Editing

    def mkdir(self, parent: int, name: bytes, mode: int) -> Entry:
        """A new planned folder. EXISTS, NO_ACCESS for trash folders, READ_ONLY when the plan is closed."""
        path = self._new_path(parent, name)
        self._edit(EditKind.MKDIR, path, mode=stat.S_IMODE(mode) & 0o777)
        return self.lookup(parent, name)

    def rmdir(self, parent: int, name: bytes) -> None:
        """Take an empty planned folder out. NOT_EMPTY; READ_ONLY for a folder of the target itself."""
        path, node = self._editable(parent, name)
        if not isinstance(node, FolderNode):
            raise FsError(FsErrorKind.NOT_A_FOLDER, path)
        self._edit(EditKind.RMDIR, path)

    def unlink(self, parent: int, name: bytes) -> None:
        """Leave a file where it is: it goes to the review folder. IS_A_FOLDER; READ_ONLY for the target's own files."""
        path, node = self._editable(parent, name)
        if isinstance(node, FolderNode):
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        self._edit(EditKind.EXCLUDE, path)

    def rename(self, parent: int, name: bytes, new_parent: int, new_name: bytes, mode: RenameMode) -> None:
        """Move a planned file or folder: one atomic edit of the plan. A planned file at the target is left out, never lost;
        one that exists on the disk refuses with EXISTS, unless the plan's conflict strategy gives the name to the file that
        comes: commit then puts the other into the vault. Over itself it does nothing."""
        path, node = self._editable(parent, name)
        target = self._path_for(new_parent, new_name)
        with self._lock:
            standing = self._tree.find(target)
        replaces = self._displaced(node, standing, target, mode)
        if isinstance(node, FolderNode) and self._is_live(target):
            self._require_names(node)
        if mode is RenameMode.EXCHANGE:
            if standing is None:
                raise FsError(FsErrorKind.NOT_FOUND, target)
            self._editable(new_parent, new_name)
            self._edit(EditKind.SWAP, path, target)
            return
        if standing is not None and mode is RenameMode.NO_REPLACE:
            raise FsError(FsErrorKind.EXISTS, target)
        if standing is node and path == target:
            return
        if isinstance(standing, FolderNode) and standing is not node:
            self._editable(new_parent, new_name)
        kind = EditKind.MOVE if replaces is None else EditKind.REPLACE
        self._edit(kind, path, target, replaces=replaces, must_be_free=mode is RenameMode.NO_REPLACE)

    def _displaced(
        self, node: FileNode | FolderNode, standing: FileNode | FolderNode | None, target: bytes, mode: RenameMode
    ) -> Fingerprint | None:
        """The file of the target whose name a rename takes. `None`: the name is free there. EXISTS: it is not to be had."""
        if standing is not None:
            with self._lock:
                over = isinstance(node, FileNode) and isinstance(standing, FileNode)
                return self._tree.replaced_by(standing) if over and isinstance(standing, FileNode) else None
        has = self._disk_attr(target)
        if has is None:
            return None
        if mode is not RenameMode.REPLACE or isinstance(node, FolderNode):
            raise FsError(FsErrorKind.EXISTS, target)
        action = node.action
        strategy = self._tree.plan.policy.strategy_for(action.category)
        is_contest = strategy in CONTESTS and can_lose(has, action.expected, action.entry_kind)
        if not is_contest or not wins(strategy, action.expected, has.fingerprint):
            raise FsError(FsErrorKind.EXISTS, target)
        return has.fingerprint

    def chmod(self, inode: int, mode: int) -> None:
        """The mode a planned folder will be made with. NOT_PERMITTED for files: it would change the original."""
        self._edit(EditKind.TOUCH, self._planned_folder_path(inode), mode=stat.S_IMODE(mode) & 0o777)

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None) -> None:
        """The time of a planned folder; its access time is not kept. NOT_PERMITTED for files."""
        del atime_ns
        path = self._planned_folder_path(inode)
        if mtime_ns is not None:
            self._edit(EditKind.TOUCH, path, mtime_ns=mtime_ns)

    def fsync_folder(self, inode: int) -> None:
        """Nothing is left to do: every edit was durable before its operation returned."""
        self.getattr(inode)

    # Extended attributes

    def listxattr(self, inode: int) -> Sequence[bytes]:
        """The names of a file's attributes; none for folders and for what already is in the target."""
        return list(self._attributes(inode))

    def getxattr(self, inode: int, name: bytes) -> bytes:
        """The value of one attribute. NO_ATTRIBUTE."""
        try:
            return self._attributes(inode)[name]
        except KeyError:
            raise FsError(FsErrorKind.NO_ATTRIBUTE, name) from None

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int) -> None:
        """Writing `user.ifmosfs.category` files the file under that category. INVALID for a category the layout has no folder
        for, NOT_SUPPORTED for every other attribute. Writing `user.ifmosfs.reload` at the root is `reload`."""
        del flags
        if name == RELOAD and inode == ROOT_INODE:
            self.reload()
            return
        if name != CATEGORY or not FILE_BASE <= inode < CONTROL_BASE:
            raise FsError(FsErrorKind.NOT_SUPPORTED, name)
        node = self._file(inode)
        folder = self._refile(node.action, value.decode("utf-8", "replace").strip())
        if folder is None:
            raise FsError(FsErrorKind.INVALID, value)
        with self._lock:
            path = self._tree.path_of(node)
        names = [*components(folder), split(node.action.source)[1]]
        target = join(*(repair(each, self._tree.plan.policy.names).name for each in names))
        with self._lock:
            is_there = self._tree.find(split(target)[0]) is node.parent
        if is_there:  # perhaps under a number, or a name that a person gave it
            return
        if self._is_taken(target):
            raise FsError(FsErrorKind.EXISTS, target)
        self._edit(EditKind.MOVE, path, target, must_be_free=True)

    def removexattr(self, inode: int, name: bytes) -> None:
        """NOT_SUPPORTED: the attributes are the plan's."""
        raise FsError(FsErrorKind.NOT_SUPPORTED, name)

    def reload(self) -> None:
        """Take in the edits that others have made since, in their order; inode numbers stay. IO where they cannot be read."""
        with self._lock:
            self._catch_up()

    # Nodes and inodes

    def _file(self, inode: int) -> FileNode:
        if not FILE_BASE <= inode < CONTROL_BASE:
            raise FsError(FsErrorKind.IS_A_FOLDER)
        with self._lock:
            if not self._tree.has_file(inode - FILE_BASE):
                raise FsError(FsErrorKind.NOT_FOUND)
            return self._tree.file(inode - FILE_BASE)

    def _folder(self, inode: int) -> FolderNode:
        if inode == ROOT_INODE:
            return self._tree.root
        with self._lock:
            folder = self._folders.get(inode)
        if folder is None:
            raise FsError(FsErrorKind.NOT_FOUND)
        return folder

    def _existing_path(self, inode: int) -> bytes:
        with self._lock:
            path = self._existing.get(inode)
        if path is None:
            raise FsError(FsErrorKind.NOT_FOUND)
        return path

    def _folder_path(self, inode: int) -> bytes:
        """The view path of a folder; NOT_A_FOLDER for anything else, NOT_FOUND for one that was taken out."""
        if inode >= EXISTING_BASE:
            path = self._existing_path(inode)
            if self.getattr(inode).kind is not Kind.FOLDER:
                raise FsError(FsErrorKind.NOT_A_FOLDER, path)
            return path
        if inode >= FILE_BASE:
            raise FsError(FsErrorKind.NOT_A_FOLDER)
        folder = self._folder(inode)
        with self._lock:
            path = self._tree.path_of(folder)
            if self._tree.find(path) is not folder:
                raise FsError(FsErrorKind.NOT_FOUND, path)
        return path

    def _target_path(self, node: FileNode) -> bytes | None:
        """Where commit puts the file, `None` while it stays."""
        with self._lock:
            return None if self._tree.in_review(node) else self._tree.path_of(node)

    def _inode_of(self, node: FileNode | FolderNode) -> int:
        """The inode that `_node_attr` gives."""
        if isinstance(node, FileNode):
            return FILE_BASE + node.action.action_id
        return self._register_planned(node) if node.planned else self._folder_attr(node).inode

    # Attributes

    def _node_attr(self, node: FileNode | FolderNode) -> Attr:
        if isinstance(node, FileNode):
            attr = self._originals.attr(node.action, self._target_path(node), self._owner)
            shown = shown_as(attr, FILE_BASE + node.action.action_id, n_links=1)
            return shown if node.action.entry_kind is not Kind.SYMLINK else self._link_attr(node, shown)
        return self._folder_attr(node)

    def _link_attr(self, node: FileNode, attr: Attr) -> Attr:
        """The size of a link is the length of the text that is shown."""
        try:
            return replace(attr, size_bytes=len(self._link_text(node)))
        except FsError:  # the original is gone: it keeps what was recorded
            return attr

    def _folder_attr(self, node: FolderNode) -> Attr:
        carried = self._carried_attr(node)
        if carried is not None:
            return carried
        with self._lock:
            path = self._tree.path_of(node)
            n_planned = sum(isinstance(child, FolderNode) and child.planned for child in node.children.values())
            gains = node.gains_entries()
        live = None if node.planned else self._live_attr(path)
        if live is None:
            return self._planned_attr(node, n_planned)
        mtime_ns = node.mtime_ns if gains else live.mtime_ns
        inode = ROOT_INODE if node is self._tree.root else self._register_existing(live, path)
        return replace(live, inode=inode, mtime_ns=mtime_ns, n_links=live.n_links + n_planned)

    def _carried_attr(self, node: FolderNode) -> Attr | None:
        """A folder of a project is moved and not made, so it has the attributes that it has."""
        if not self._tree.has_projects:
            return None
        with self._lock:
            source = self._tree.carried_source(node)
        live = None if source is None else self._folder_at(source)
        return None if live is None else replace(live, inode=self._register_planned(node))

    def _planned_attr(self, node: FolderNode, n_subfolders: int) -> Attr:
        inode = self._register_planned(node)
        return made_attr(stat.S_IFDIR | node.mode, inode, 4096, node.mtime_ns, self._owner, 2 + n_subfolders)

    def _register_planned(self, node: FolderNode) -> int:
        inode = ROOT_INODE if node is self._tree.root else FOLDER_BASE + node.number
        with self._lock:
            self._folders[inode] = node
        return inode

    def _live_attr(self, path: bytes) -> Attr | None:
        """The attributes of a folder of the target, `None` where there is none any more."""
        return self._folder_at(Place(self._target, path))

    def _folder_at(self, place: Place) -> Attr | None:
        try:
            attr = self._disk.lstat(place)
        except OSError:
            return None
        return attr if attr.kind is Kind.FOLDER else None

    def _existing_attr(self, path: bytes) -> Attr:
        if not self._is_live(path):
            raise FsError(FsErrorKind.NOT_FOUND, path)
        attr = self._asked(self._disk.lstat, self._place(path))
        return shown_as(attr, self._register_existing(attr, path), attr.n_links)

    def _existing_entries(self, path: bytes, taken: set[bytes]) -> list[Entry]:
        rules = self._tree.plan.policy.names
        try:
            found = self._disk.list_folder(self._place(path))
        except OSError as error:
            if error.errno in NO_FOLDER:
                return []
            raise fs_error(error, path) from error
        return [
            Entry(name, shown_as(attr, self._register_existing(attr, join(path, name)), attr.n_links))
            for name, attr in found
            if attr is not UNKNOWN_ATTR and rules.key(name) not in taken and not (not path and name == CONTROL_NAME)
        ]

    def _register_existing(self, attr: Attr, path: bytes) -> int:
        inode = EXISTING_BASE | (attr.inode ^ (attr.device & 0xFFFF) << 44) & (EXISTING_BASE - 1)
        with self._lock:
            self._existing[inode] = path
        return inode

    def _is_live(self, path: bytes) -> bool:
        """Whether the disk is asked about a path: the review and the control folder exist only here, but for projects."""
        top = components(path)[:1]
        if top == [self._tree.review.name]:
            return self._in_project(path) is not None
        return top != [CONTROL_NAME]

    def _in_project(self, path: bytes) -> Place | None:
        """Where something in a project is, which the plan shows with all that is in it; `None` for every other path."""
        if not self._tree.has_projects:
            return None
        with self._lock:
            return self._tree.inside_project(path)

    def _place(self, path: bytes) -> Place:
        """Where on the disk something is that the plan does not move by itself."""
        return self._in_project(path) or Place(self._target, path)

    def _on_disk(self, path: bytes) -> bool:
        return self._disk_attr(path) is not None

    def _disk_attr(self, path: bytes) -> Attr | None:
        """What is on the disk at a path of the view that has no node, `None` for nothing."""
        if not self._is_live(path):
            return None
        try:
            return self._disk.lstat(self._place(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise fs_error(error, path) from error

    def _is_taken(self, path: bytes) -> bool:
        with self._lock:
            if self._tree.find(path) is not None:
                return True
        return self._on_disk(path)

    # Control folder

    def _control_content(self) -> dict[bytes, bytes]:
        with self._lock:
            if self._control[0] != self._version:
                self._control = (self._version, control_files(self._tree))
            return self._control[1]

    def _control_name(self, inode: int) -> bytes:
        names = list(self._control_content())
        position = inode - CONTROL_BASE - 1
        if position >= len(names):
            raise FsError(FsErrorKind.NOT_FOUND)
        return names[position]

    def _control_attr(self, name: bytes) -> Attr:
        content = self._control_content()
        if name not in content:
            raise FsError(FsErrorKind.NOT_FOUND, name)
        inode = CONTROL_BASE + 1 + list(content).index(name)
        return made_attr(
            stat.S_IFREG | 0o444, inode, len(content[name]), self._tree.root.mtime_ns, self._owner, n_links=1
        )

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

    def _open_existing(self, path: bytes) -> Opened:
        place = self._place(path)
        if self._asked(self._disk.lstat, place).kind is Kind.FOLDER:
            raise FsError(FsErrorKind.IS_A_FOLDER, path)
        descriptor = self._asked(self._disk.open_read, place)
        return self._hold(Opened(0, descriptor, keep_cache=False))

    # Edits

    def _edit(
        self,
        kind: EditKind,
        path: bytes,
        target: bytes | None = None,
        *,
        mode: int | None = None,
        mtime_ns: int | None = None,
        replaces: Fingerprint | None = None,
        must_be_free: bool = False,
    ) -> None:
        draft = Edit(0, kind, path, target, self._now_ns(), mode, mtime_ns, replaces)
        with self._lock:
            edit: Edit | None = None
            while edit is None:
                if must_be_free and target is not None and self._tree.find(target) is not None:
                    raise FsError(FsErrorKind.EXISTS, target)  # taken since the operation looked
                self._tree.check(draft)
                edit = self._append(draft)
            self._tree.apply(edit)
            self._version += 1

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

    def _catch_up(self) -> None:
        try:
            edits = self._log.since(self._tree.last_edit)
        except IfmosfsError as error:
            raise FsError(FsErrorKind.IO) from error
        for edit in edits:
            self._tree.apply(edit)
            self._version += 1

    def _path_for(self, parent: int, name: bytes) -> bytes:
        """The path a new or moved entry would have; refuses names that the view or the target cannot hold."""
        if len(name) > self._tree.plan.policy.names.name_max_bytes:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        if name.startswith(b".Trash-") or name in TRASH_NAMES or parent == CONTROL_BASE:
            raise FsError(FsErrorKind.NO_ACCESS, name)
        if parent == ROOT_INODE and name == CONTROL_NAME:
            raise FsError(FsErrorKind.EXISTS, name)
        if name in {b"", b".", b".."} or repair(name, self._tree.plan.policy.names).reason is not None:
            raise FsError(FsErrorKind.INVALID, name)
        return join(self._folder_path(parent), name)

    def _require_names(self, folder: FolderNode) -> None:
        """INVALID if something in a folder has a name that the target cannot hold: what stays may have any name, but dragged
        into the layout it is to be made."""
        rules = self._tree.plan.policy.names
        with self._lock:
            pending = [folder]
            while pending:
                for node in pending.pop().children.values():
                    if repair(node.name, rules).reason is not None:
                        raise FsError(FsErrorKind.INVALID, node.name)
                    if isinstance(node, FolderNode):
                        pending.append(node)

    def _new_path(self, parent: int, name: bytes) -> bytes:
        path = self._path_for(parent, name)
        if self._is_taken(path):
            raise FsError(FsErrorKind.EXISTS, path)
        return path

    def _editable(self, parent: int, name: bytes) -> tuple[bytes, FileNode | FolderNode]:
        """Path and node of something planned. READ_ONLY for what the target already has and for the control folder."""
        self.lookup(parent, name)
        if parent == CONTROL_BASE or (parent == ROOT_INODE and name == CONTROL_NAME):
            raise FsError(FsErrorKind.READ_ONLY, name)
        path = join(self._folder_path(parent), name)
        with self._lock:
            node = self._tree.find(path)
        if node is None or (isinstance(node, FolderNode) and self._is_targets_own(node, path)):
            raise FsError(FsErrorKind.READ_ONLY, path)
        return path, node

    def _is_targets_own(self, node: FolderNode, path: bytes) -> bool:
        return self._is_live(path) and (not node.planned or self._live_attr(path) is not None)

    def _planned_folder_path(self, inode: int) -> bytes:
        if FILE_BASE <= inode < EXISTING_BASE or self.getattr(inode).kind is not Kind.FOLDER:
            raise FsError(FsErrorKind.NOT_PERMITTED)
        path = self._folder_path(inode)
        with self._lock:
            node = self._tree.find(path)
        if not isinstance(node, FolderNode) or self._is_targets_own(node, path):
            raise FsError(FsErrorKind.READ_ONLY, path)
        return path

    def _attributes(self, inode: int) -> dict[bytes, bytes]:
        if not FILE_BASE <= inode < CONTROL_BASE:
            self.getattr(inode)
            return {}
        node = self._file(inode)
        target = self._target_path(node)
        status = self._originals.status(node.action, target)
        with self._lock:
            if status == "staying" and self._tree.is_vaulted(node):
                status = "vault"
            replaces = self._tree.replaced_by(node)
        return attributes_of(node.action, status, replaces)

    def _asked(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return ask(*args, **kwargs)
        except OSError as error:
            raise fs_error(error) from error
