"""A tree that is as it is: how a target looked in a version, or would look after an undo. Nothing in it can be changed.

The tree is whole when the view is made, and never another. What is behind a file is asked of a `Source` when the file is opened; one
whose content is nowhere is shown with what was recorded of it, and says so when it is opened, and in its status.
"""

from __future__ import annotations

import os
import stat
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, TypeVar

from ifmosfs.core.files import Attr
from ifmosfs.core.names import components
from ifmosfs.core.ports import Space
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view.attributes import PREFIX, WAITING
from ifmosfs.view.attrs import fs_error, made_attr, shown_as
from ifmosfs.view.listing import FixedListing
from ifmosfs.view.nothing_written import NothingWritten
from ifmosfs.view.open_files import WRITE_FLAGS
from ifmosfs.view.protocol import ChangedNames, Invalidations, Listing, Nudging
from ifmosfs.view.values import ROOT_INODE, Caller, Entry, Opened, RenameMode, Validity
from ifmosfs.view.waiting import Waiting

T = TypeVar("T")

UNCHANGING = Validity(60.0, 60.0)
FOLDER_BITS = stat.S_IFDIR | 0o755


class Shown(NamedTuple):
    """One entry of the tree; its folders need not be among the entries. `number` is what the source knows it by; `file` is equal for
    the names of one file, which are all answered as the first of them, and `None` for one that has no other."""

    path: bytes
    mode: int
    size_bytes: int
    mtime_ns: int
    number: int
    file: Hashable = None


class Source(Protocol):
    """What is behind the files."""

    def open_read(self, number: int) -> int:
        """A read-only descriptor of the content that is shown. Raises FsError: NOT_HELD where it is nowhere, or OSError."""
        ...

    def read_link(self, number: int) -> bytes:
        """The text of a symlink. Raises as `open_read`."""
        ...

    def attributes(self, number: int) -> Mapping[bytes, bytes]:
        """What the attributes `user.ifmosfs.*` say of a file, by their names without the prefix."""
        ...


class _Node:
    """A file, symlink or folder."""

    __slots__ = ("attr", "children", "name", "number", "parent")

    def __init__(self, name: bytes, parent: int, attr: Attr, number: int) -> None:
        self.name = name
        self.parent = parent
        self.attr = attr
        self.number = number
        self.children: dict[bytes, int] | None = {} if stat.S_ISDIR(attr.mode) else None


class ReadOnlyView(NothingWritten):
    """Implements `view.protocol.ViewOperations` for a tree that never changes. May be used from several threads."""

    def __init__(
        self,
        entries: Iterable[Shown],
        source: Source,
        *,
        owner: tuple[int, int],
        now_ns: int,
        space: Callable[[], Space],
    ) -> None:
        """`now_ns` is the time of folders that no entry tells of."""
        self._source = source
        self._owner = owner
        self._now_ns = now_ns
        self._space = space
        self._nodes: list[_Node] = []
        self._n_more_links: Counter[int] = (
            Counter()
        )  # than a file with one name, and a folder without folders, by the inode
        self._lock = threading.Lock()
        self._waiting = Waiting()
        self._descriptors: dict[int, int] = {}
        self._next_handle = 1
        self._add(b"", 0, FOLDER_BITS, 0, now_ns, -1)
        inodes: dict[Hashable, int] = {}
        for entry in entries:
            self._place(entry, inodes)
        for inode, n_more in self._n_more_links.items():
            node = self._node(inode)
            node.attr = shown_as(node.attr, inode, node.attr.n_links + n_more)

    def _place(self, entry: Shown, inodes: dict[Hashable, int]) -> None:
        """Put an entry into the tree; `inodes`: of the files that have been put there."""
        *above, name = components(entry.path)
        parent = ROOT_INODE
        for folder in above:
            children = self._node(parent).children
            if children is None:
                return  # a file where a folder should be: two entries that cannot both be
            parent = children.get(folder) or self._add(folder, parent, FOLDER_BITS, 0, self._now_ns, -1)
        node = self._node(parent)
        known = None if node.children is None else node.children.get(name)
        if known is not None:  # a folder that was made for what is in it
            found = self._node(known)
            if found.children is not None and stat.S_ISDIR(entry.mode):
                found.attr = self._attr(entry.mode, known, 0, entry.mtime_ns)
        elif node.children is not None:
            if entry.file is not None and entry.file in inodes:
                node.children[name] = inodes[entry.file]
                self._n_more_links[inodes[entry.file]] += 1
                return
            inode = self._add(name, parent, entry.mode, entry.size_bytes, entry.mtime_ns, entry.number)
            if entry.file is not None:
                inodes[entry.file] = inode

    def _add(self, name: bytes, parent: int, mode: int, size_bytes: int, mtime_ns: int, number: int) -> int:
        inode = len(self._nodes) + ROOT_INODE
        self._nodes.append(_Node(name, parent, self._attr(mode, inode, size_bytes, mtime_ns), number))
        above = self._node(parent).children if parent else None
        if above is not None:
            above[name] = inode
            self._n_more_links[parent] += stat.S_ISDIR(mode)
        return inode

    def _attr(self, mode: int, inode: int, size_bytes: int, mtime_ns: int) -> Attr:
        return made_attr(mode, inode, size_bytes, mtime_ns, self._owner, 2 if stat.S_ISDIR(mode) else 1)

    def _node(self, inode: int) -> _Node:
        if not ROOT_INODE <= inode < len(self._nodes) + ROOT_INODE:
            raise FsError(FsErrorKind.NOT_FOUND)
        return self._nodes[inode - ROOT_INODE]

    def _children(self, inode: int) -> dict[bytes, int]:
        children = self._node(inode).children
        if children is None:
            raise FsError(FsErrorKind.NOT_A_FOLDER)
        return children

    # What the kernel may remember

    def tell(self, invalidations: Invalidations) -> None:
        """Nothing will ever be told."""

    def validity(self, inode: int) -> Validity:
        """As long as is usual: nothing changes."""
        del inode
        return UNCHANGING

    def may_block(self, inode: int) -> bool:
        """Any file may lie on a slow disk."""
        return self._node(inode).children is None

    def forget(self, inode: int) -> None:
        """The tree stays whole."""

    def nudging(self, names: Sequence[ChangedNames]) -> AbstractContextManager[Nudging]:
        """Nothing was told, so nobody asks for this."""
        raise FsError(FsErrorKind.NOT_SUPPORTED)

    # Looking

    def resolve(self, path: bytes) -> int:
        """See `ViewOperations`."""
        inode = ROOT_INODE
        for name in components(path):
            inode = self.lookup(inode, name).attr.inode
        return inode

    def lookup(self, parent: int, name: bytes, caller: Caller | None = None) -> Entry:
        """See `ViewOperations`."""
        del caller
        if len(name) > 255:
            raise FsError(FsErrorKind.NAME_TOO_LONG, name)
        children = self._children(parent)
        if name not in children:
            raise FsError(FsErrorKind.NOT_FOUND, name)
        return Entry(name, self._node(children[name]).attr)

    def getattr(self, inode: int) -> Attr:
        """See `ViewOperations`."""
        return self._node(inode).attr

    def opendir(self, inode: int) -> Listing:
        """See `ViewOperations`."""
        return FixedListing([Entry(name, self._node(child).attr) for name, child in self._children(inode).items()])

    def parent(self, inode: int) -> int:
        """See `ViewOperations`."""
        return self._node(inode).parent or ROOT_INODE

    def readlink(self, inode: int) -> bytes:
        """See `ViewOperations`. NOT_HELD where the link is nowhere any more."""
        node = self._node(inode)
        if not stat.S_ISLNK(node.attr.mode):
            raise FsError(FsErrorKind.INVALID, node.name)
        return self._asked(self._source.read_link, node)

    def open(self, inode: int, flags: int, caller: Caller | None = None) -> Opened:
        """See `ViewOperations`. NOT_HELD where the content is nowhere any more."""
        if flags & WRITE_FLAGS:
            raise FsError(FsErrorKind.READ_ONLY)
        node = self._node(inode)
        if node.children is not None:
            raise FsError(FsErrorKind.IS_A_FOLDER, node.name)
        with self._waiting.noted(caller):
            descriptor = self._asked(self._source.open_read, node)
        with self._lock:
            handle, self._next_handle = self._next_handle, self._next_handle + 1
            self._descriptors[handle] = descriptor
        return Opened(handle, descriptor, keep_cache=False)

    def _asked(self, question: Callable[[int], T], node: _Node) -> T:
        try:
            return question(node.number)
        except OSError as error:
            raise fs_error(error, node.name) from error

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """See `ViewOperations`."""
        with self._lock:
            descriptor = self._descriptors.get(handle)
        if descriptor is None:
            raise FsError(FsErrorKind.INVALID)
        try:
            return os.pread(descriptor, size, offset)
        except OSError as error:
            raise fs_error(error) from error

    def release(self, handle: int) -> None:
        """See `ViewOperations`."""
        with self._lock:
            descriptor = self._descriptors.pop(handle, None)
        if descriptor is not None:
            os.close(descriptor)

    def statfs(self) -> Space:
        """See `ViewOperations`."""
        return self._space()

    def fsync_folder(self, inode: int) -> None:
        """Nothing waits to be written."""
        self._node(inode)

    def listxattr(self, inode: int) -> Sequence[bytes]:
        """See `ViewOperations`."""
        return list(self._attributes(inode))

    def getxattr(self, inode: int, name: bytes) -> bytes:
        """See `ViewOperations`; as `View.getxattr` of the root."""
        if name == WAITING and inode == ROOT_INODE:
            return self._waiting.told()
        try:
            return self._attributes(inode)[name]
        except KeyError:
            raise FsError(FsErrorKind.NO_ATTRIBUTE, name) from None

    def _attributes(self, inode: int) -> dict[bytes, bytes]:
        node = self._node(inode)
        if node.children is not None:
            return {}
        return {PREFIX + name: value for name, value in self._source.attributes(node.number).items()}

    # Changing, which cannot be

    def mkdir(self, parent: int, name: bytes, mode: int, caller: Caller | None = None) -> Entry:
        """READ_ONLY, or EXISTS."""
        del mode, caller
        if name in self._children(parent):
            raise FsError(FsErrorKind.EXISTS, name)
        raise FsError(FsErrorKind.READ_ONLY, name)

    def rmdir(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """READ_ONLY."""
        self._refuse(parent, name)

    def unlink(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """READ_ONLY."""
        self._refuse(parent, name)

    def rename(
        self,
        parent: int,
        name: bytes,
        new_parent: int,
        new_name: bytes,
        mode: RenameMode,
        caller: Caller | None = None,
    ) -> None:
        """READ_ONLY."""
        self._refuse(parent, name)

    def _refuse(self, parent: int, name: bytes) -> None:
        self.lookup(parent, name)
        raise FsError(FsErrorKind.READ_ONLY, name)

    def chmod(self, inode: int, mode: int, caller: Caller | None = None) -> None:
        """READ_ONLY."""
        raise FsError(FsErrorKind.READ_ONLY, self._node(inode).name)

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None, caller: Caller | None = None) -> None:
        """READ_ONLY."""
        raise FsError(FsErrorKind.READ_ONLY, self._node(inode).name)

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        """READ_ONLY."""
        raise FsError(FsErrorKind.READ_ONLY, self._node(inode).name)

    def removexattr(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        """READ_ONLY."""
        raise FsError(FsErrorKind.READ_ONLY, self._node(inode).name)
