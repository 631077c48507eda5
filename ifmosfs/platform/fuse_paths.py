"""The view, reached by path as libfuse's high-level interface does it. Knows no binding: bytes and values in, values out.

Two things are kept here that the view need not know: which handle stands for which inode, and the hidden names. libfuse turns
the unlinking of an *open* file into a rename to `.fuse_hidden…` in the same folder, and unlinks that name at the last release.
Here such a rename is the unlink it stands for, and the hidden name lives on as an alias of the inode. It never reaches the view.

Invariants: `_opened` and `_folders` hold exactly the handles between open and release; a name in `_hidden` is in no
folder of the view.
"""

from __future__ import annotations

import itertools
import re
import stat
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ifmosfs.core.files import Attr
from ifmosfs.core.names import split
from ifmosfs.core.ports import Space
from ifmosfs.view.protocol import Listing, ViewOperations
from ifmosfs.view.values import Caller, FsError, FsErrorKind, Opened, RenameMode

# libfuse's own pattern (lib/fuse.c, hidden_name): node id and a counter, eight hexadecimal digits each.
_HIDDEN: Final = re.compile(rb"\.fuse_hidden[0-9a-f]{16}")

# <linux/fs.h>. RENAME_WHITEOUT (4) and the combinations are refused: a flag that is not honoured loses files.
_RENAME_MODES: Final = {0: RenameMode.REPLACE, 1: RenameMode.NO_REPLACE, 2: RenameMode.EXCHANGE}

# <linux/stat.h>, in the nanoseconds of a timespec.
_UTIME_NOW: Final = (1 << 30) - 1
_UTIME_OMIT: Final = (1 << 30) - 2


class Timespec(NamedTuple):
    """A `struct timespec` as utimensat(2) takes it, UTIME_NOW and UTIME_OMIT included."""

    seconds: int
    nanoseconds: int

    def resolved(self, now_ns: int) -> int | None:
        """Nanoseconds since the epoch, `None` for "leave it alone"."""
        if self.nanoseconds == _UTIME_OMIT:
            return None
        return now_ns if self.nanoseconds == _UTIME_NOW else self.seconds * 1_000_000_000 + self.nanoseconds


class _OpenFile(NamedTuple):
    inode: int
    descriptor: int | None


class _OpenFolder(NamedTuple):
    inode: int
    listing: Listing


def _nobody() -> None:
    """No caller is known."""


class PathOperations:
    """One method per callback. Paths are absolute within the mount (``/a/b``), as libfuse hands them over.

    A path may be `None` where libfuse knows the handle only; `caller` tells who asks, in the thread that is asked. All methods
    raise `FsError` and may run in any thread: dictionary reads, stores and deletions of one key are atomic, and no method relies
    on two of them together.
    """

    def __init__(self, view: ViewOperations, caller: Callable[[], Caller | None] = _nobody) -> None:
        self._view = view
        self._caller = caller
        self._opened: dict[int, _OpenFile] = {}
        self._folders: dict[int, _OpenFolder] = {}
        self._folder_handles = itertools.count(1)
        self._hidden: dict[bytes, int] = {}

    def inode(self, path: bytes) -> int:
        """The inode at a path, hidden names included."""
        if self._hidden:
            alias = self._hidden.get(split(path)[1])
            if alias is not None:
                return alias
        return self._view.resolve(path[1:])

    def attr(self, path: bytes | None, handle: int | None) -> Attr:
        """The attributes of what is at a path, or of what a handle has open."""
        return self._view.getattr(self._inode_of(path, handle))

    def _inode_of(self, path: bytes | None, handle: int | None) -> int:
        opened = self._opened.get(handle) if handle is not None else None
        if opened is not None:
            return opened.inode
        if path is None:
            raise FsError(FsErrorKind.STALE)
        return self.inode(path)

    def _place(self, path: bytes) -> tuple[int, bytes]:
        """(inode of the folder, name). The root has no folder: BUSY, as for any mount point."""
        if path == b"/":
            raise FsError(FsErrorKind.BUSY, path)
        parent, name = split(path[1:])
        return self._view.resolve(parent), name

    def open_folder(self, path: bytes) -> int:
        """A handle for listing a folder."""
        inode = self.inode(path)
        listing = self._view.opendir(inode)
        handle = next(self._folder_handles)
        self._folders[handle] = _OpenFolder(inode, listing)
        return handle

    def listing(self, handle: int, *, anew: bool) -> Listing:
        """What was in the folder when it was opened, or rewound (`anew`): the same for all parts of one listing."""
        folder = self._folder(handle)
        if anew:
            folder = _OpenFolder(folder.inode, self._view.opendir(folder.inode))
            self._folders[handle] = folder
        return folder.listing

    def close_folder(self, handle: int) -> None:
        """End an `open_folder`."""
        self._folders.pop(handle, None)

    def _folder(self, handle: int) -> _OpenFolder:
        try:
            return self._folders[handle]
        except KeyError:
            raise FsError(FsErrorKind.STALE) from None

    def link_text(self, path: bytes) -> bytes:
        """The text of a symlink."""
        return self._view.readlink(self.inode(path))

    def open(self, path: bytes, flags: int) -> Opened:
        """Open a file for reading."""
        inode = self.inode(path)
        opened = self._view.open(inode, flags, self._caller())
        self._opened[opened.handle] = _OpenFile(inode, opened.descriptor)
        return opened

    def create(self, path: bytes, flags: int, mode: int) -> Opened:
        """Make a file and open it."""
        entry, opened = self._view.create(*self._place(path), flags, stat.S_IMODE(mode), self._caller())
        self._opened[opened.handle] = _OpenFile(entry.attr.inode, opened.descriptor)
        return opened

    def write(self, handle: int, content: bytes, offset: int) -> int:
        """Write into an open file; returns how many bytes."""
        return self._view.write(handle, content, offset)

    def truncate(self, path: bytes | None, handle: int | None, size_bytes: int) -> None:
        """Set the length of a file."""
        self._view.truncate(self._inode_of(path, handle), size_bytes)

    def descriptor(self, handle: int) -> int | None:
        """The descriptor behind a handle, `None` if its content is generated."""
        try:
            return self._opened[handle].descriptor
        except KeyError:
            raise FsError(FsErrorKind.STALE) from None

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """At most `size` bytes of an open file, from `offset` on."""
        return self._view.read(handle, size, offset)

    def release(self, handle: int) -> None:
        """End an `open`."""
        if self._opened.pop(handle, None) is not None:
            self._view.release(handle)

    def mkdir(self, path: bytes, mode: int) -> None:
        """Make a folder."""
        parent, name = self._place(path)
        if _HIDDEN.fullmatch(name):
            raise FsError(FsErrorKind.NO_ACCESS, path)
        self._view.mkdir(parent, name, stat.S_IMODE(mode), self._caller())

    def rmdir(self, path: bytes) -> None:
        """Remove an empty folder."""
        self._view.rmdir(*self._place(path), self._caller())

    def unlink(self, path: bytes) -> None:
        """Take a file out of the layout; of a hidden name, whose file left it long ago, only the alias goes."""
        if self._hidden.pop(split(path)[1], None) is None:
            self._view.unlink(*self._place(path), self._caller())

    def rename(self, source: bytes, target: bytes, flags: int) -> None:
        """Move an entry. INVALID for every flag but NOREPLACE and EXCHANGE."""
        mode = _RENAME_MODES.get(flags)
        if mode is None:
            raise FsError(FsErrorKind.INVALID, source)
        parent, name = self._place(source)
        hidden_name = split(target)[1]
        if _HIDDEN.fullmatch(hidden_name):
            self._hide(parent, name, hidden_name)
        else:
            self._view.rename(parent, name, *self._place(target), mode, self._caller())

    def _hide(self, parent: int, name: bytes, hidden_name: bytes) -> None:
        inode = self._view.lookup(parent, name).attr.inode
        self._view.unlink(parent, name, self._caller())
        self._hidden[hidden_name] = inode

    def chmod(self, path: bytes | None, handle: int | None, mode: int) -> None:
        """Set permissions."""
        self._view.chmod(self._inode_of(path, handle), stat.S_IMODE(mode), self._caller())

    def check_owner(self, path: bytes | None, handle: int | None, uid: int | None, gid: int | None) -> None:
        """NOT_PERMITTED unless both are the present ones, or `None`."""
        attr = self.attr(path, handle)
        if uid not in {None, attr.uid} or gid not in {None, attr.gid}:
            raise FsError(FsErrorKind.NOT_PERMITTED)

    def set_times(self, path: bytes | None, handle: int | None, atime: Timespec, mtime: Timespec) -> None:
        """Set times, as utimensat(2)."""
        now_ns = time.time_ns()
        inode = self._inode_of(path, handle)
        self._view.set_times(inode, atime.resolved(now_ns), mtime.resolved(now_ns), self._caller())

    def xattr(self, path: bytes, name: bytes) -> bytes:
        """The value of an extended attribute."""
        return self._view.getxattr(self.inode(path), name)

    def xattr_names(self, path: bytes) -> Sequence[bytes]:
        """The names of the extended attributes."""
        return self._view.listxattr(self.inode(path))

    def set_xattr(self, path: bytes, name: bytes, value: bytes, flags: int) -> None:
        """Set an extended attribute; `flags` are this system's."""
        if sys.platform == "darwin":
            flags = flags >> 1 & 3  # XATTR_CREATE and XATTR_REPLACE are 2 and 4 there, and 1 is of no meaning here
        self._view.setxattr(self.inode(path), name, value, flags, self._caller())

    def remove_xattr(self, path: bytes, name: bytes) -> None:
        """Remove an extended attribute."""
        self._view.removexattr(self.inode(path), name, self._caller())

    def space(self) -> Space:
        """Space where the files would go."""
        return self._view.statfs()

    def sync_folder(self, handle: int) -> None:
        """Return when every edit made so far is durable."""
        self._view.fsync_folder(self._folder(handle).inode)
