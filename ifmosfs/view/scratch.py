"""Scratch files: what a system insists on writing beside files, `.DS_Store` and `._NAME`, in memory for as long as the view lasts.

A `ScratchView` is put before another view where the system is one of those (macOS). Such files are found by their names and are in
no listing: a folder that holds nothing else is empty, and who compares the view with what commit makes sees no difference. No plan, no
log and no commit knows of them. What the view itself has of such a name comes first, and is never written.

Invariants: `_files` holds those that have a name, `_open` those that are open; `_n_bytes` is what both hold together. `_lock` guards
them, and is never held while the other view is asked. Files are kept by the number of their folder, so they follow its renames.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Sequence
from typing import Final

from ifmosfs.core.files import Attr, Kind
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view.attrs import made_attr
from ifmosfs.view.inodes import SCRATCH_BASE, is_control, is_scratch
from ifmosfs.view.protocol import ViewOperations
from ifmosfs.view.values import BRIEF, Caller, Entry, Opened, RenameMode, Validity

MOST_BYTES: Final = 1 << 20  # in one file
MOST_BYTES_IN_ALL: Final = 64 << 20
MOST_FILES: Final = 10_000

Key = tuple[int, bytes]
"""The folder of a scratch file, and its name."""


def is_scratch_name(name: bytes) -> bool:
    """Whether a system writes files of that name beside others: the look of a folder, and attributes of a file."""
    return name.startswith(b"._") or name == b".DS_Store"


def _scratch_mode(mode: int) -> int:
    """The mode of a scratch file for which somebody has asked for that one: nobody but its owner may write it."""
    return stat.S_IFREG | stat.S_IMODE(mode) & ~0o022


class _File:
    """A scratch file. `key` is `None` once it has no name any more."""

    __slots__ = ("content", "inode", "key", "mode", "mtime_ns", "n_handles")

    def __init__(self, inode: int, key: Key, mode: int, mtime_ns: int) -> None:
        self.inode = inode
        self.key: Key | None = key
        self.mode = _scratch_mode(mode)
        self.mtime_ns = mtime_ns
        self.content = bytearray()
        self.n_handles = 0


class ScratchView:
    """Implements `view.protocol.ViewOperations` by another view, with scratch files in its folders."""

    def __init__(self, view: ViewOperations, *, owner: tuple[int, int], now_ns: Callable[[], int]) -> None:
        self._view = view
        self._owner = owner
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._files: dict[Key, _File] = {}
        self._by_inode: dict[int, _File] = {}
        self._open: dict[int, _File] = {}
        self._n_bytes = 0
        self._next = SCRATCH_BASE  # for inodes and handles alike
        # These are about folders alone, or about none, and cost nothing more than without scratch files.
        self.tell, self.nudging = view.tell, view.nudging
        self.opendir, self.parent, self.mkdir = view.opendir, view.parent, view.mkdir
        self.statfs, self.fsync_folder = view.statfs, view.fsync_folder

    # What the kernel may remember

    def validity(self, inode: int) -> Validity:
        """See `ViewOperations`."""
        return BRIEF if is_scratch(inode) else self._view.validity(inode)

    def may_block(self, inode: int) -> bool:
        """See `ViewOperations`."""
        return not is_scratch(inode) and self._view.may_block(inode)

    def forget(self, inode: int) -> None:
        """See `ViewOperations`."""
        if not is_scratch(inode):
            self._view.forget(inode)

    # Looking

    def resolve(self, path: bytes) -> int:
        """See `ViewOperations`."""
        above, _, name = path.rpartition(b"/")
        if not is_scratch_name(name):
            return self._view.resolve(path)
        return self.lookup(self._view.resolve(above), name).attr.inode

    def lookup(self, parent: int, name: bytes, caller: Caller | None = None) -> Entry:
        """See `ViewOperations`."""
        try:
            return self._view.lookup(parent, name, caller)
        except FsError as error:
            file = self._files.get((parent, name)) if error.kind is FsErrorKind.NOT_FOUND else None
            if file is None:
                raise
            return Entry(name, self._attr(file))

    def getattr(self, inode: int) -> Attr:
        """See `ViewOperations`."""
        return self._attr(self._file(inode)) if is_scratch(inode) else self._view.getattr(inode)

    def readlink(self, inode: int) -> bytes:
        """See `ViewOperations`."""
        self._refuse(inode, FsErrorKind.INVALID)
        return self._view.readlink(inode)

    # Open files

    def create(
        self, parent: int, name: bytes, flags: int, mode: int, caller: Caller | None = None
    ) -> tuple[Entry, Opened]:
        """Make a scratch file and open it. READ_ONLY for any other name, NO_SPACE."""
        if not is_scratch_name(name) or is_control(parent) or self._has(parent, name, caller):
            raise FsError(FsErrorKind.READ_ONLY, name)
        self._refuse_others(caller, name)
        if self._view.getattr(parent).kind is not Kind.FOLDER:
            raise FsError(FsErrorKind.NOT_A_FOLDER, name)
        with self._lock:
            file = self._files.get((parent, name))
            if file is None:
                file = self._made((parent, name), mode)
            elif flags & os.O_EXCL:
                raise FsError(FsErrorKind.EXISTS, name)
            opened = self._opened(file, flags)
        return Entry(name, self._attr(file)), opened

    def open(self, inode: int, flags: int, caller: Caller | None = None) -> Opened:
        """See `ViewOperations`; a scratch file may be opened for writing."""
        if not is_scratch(inode):
            return self._view.open(inode, flags, caller)
        with self._lock:
            return self._opened(self._file(inode), flags)

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """See `ViewOperations`."""
        if not is_scratch(handle):
            return self._view.read(handle, size, offset)
        with self._lock:
            return bytes(self._of_handle(handle).content[offset : offset + size])

    def write(self, handle: int, content: bytes, offset: int) -> int:
        """Write into an open scratch file, whole or not at all. NO_SPACE, READ_ONLY for any other file."""
        if not is_scratch(handle):
            return self._view.write(handle, content, offset)
        with self._lock:
            file = self._of_handle(handle)
            if len(file.content) < offset + len(content):
                self._resize(file, offset + len(content))
            file.content[offset : offset + len(content)] = content
            file.mtime_ns = self._now_ns()
        return len(content)

    def truncate(self, inode: int, size_bytes: int) -> None:
        """Set the length of a scratch file. NO_SPACE, READ_ONLY for any other file."""
        if not is_scratch(inode):
            return self._view.truncate(inode, size_bytes)
        with self._lock:
            self._resize(self._file(inode), size_bytes)
        return None

    def release(self, handle: int) -> None:
        """See `ViewOperations`."""
        if not is_scratch(handle):
            return self._view.release(handle)
        with self._lock:
            file = self._open.pop(handle, None)
            if file is not None:
                file.n_handles -= 1
                self._let_go(file)
        return None

    # Names

    def unlink(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """See `ViewOperations`."""
        if self._is_scratch_file(parent, name, caller):
            self._refuse_others(caller, name)
            self._drop([(parent, name)])
        else:
            self._view.unlink(parent, name, caller)

    def rmdir(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """See `ViewOperations`; the scratch files of the folder go with it."""
        inode = self._view.lookup(parent, name, caller).attr.inode if self._files else 0
        self._view.rmdir(parent, name, caller)
        self._drop([key for key in list(self._files) if key[0] == inode])

    def rename(
        self,
        parent: int,
        name: bytes,
        new_parent: int,
        new_name: bytes,
        mode: RenameMode,
        caller: Caller | None = None,
    ) -> None:
        """See `ViewOperations`. A scratch file becomes another one, and nothing else: READ_ONLY."""
        if not self._is_scratch_file(parent, name, caller):
            self._view.rename(parent, name, new_parent, new_name, mode, caller)
            self._drop([(new_parent, new_name)])
            return
        self._refuse_others(caller, name)
        may_be = is_scratch_name(new_name) and not is_control(new_parent) and mode is not RenameMode.EXCHANGE
        if not may_be or self._has(new_parent, new_name, caller):
            raise FsError(FsErrorKind.READ_ONLY, new_name)
        with self._lock:
            file, standing = self._files.get((parent, name)), self._files.get((new_parent, new_name))
            if file is None:
                raise FsError(FsErrorKind.NOT_FOUND, name)
            if standing is not None and mode is RenameMode.NO_REPLACE:
                raise FsError(FsErrorKind.EXISTS, new_name)
            if standing is not file:
                self._unname(standing)
                del self._files[(parent, name)]
                file.key = (new_parent, new_name)
                self._files[file.key] = file

    # Attributes

    def chmod(self, inode: int, mode: int, caller: Caller | None = None) -> None:
        """See `ViewOperations`; of a scratch file, too."""
        if not is_scratch(inode):
            return self._view.chmod(inode, mode, caller)
        self._file(inode).mode = _scratch_mode(mode)
        return None

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None, caller: Caller | None = None) -> None:
        """See `ViewOperations`; of a scratch file, too."""
        if not is_scratch(inode):
            return self._view.set_times(inode, atime_ns, mtime_ns, caller)
        if mtime_ns is not None:
            self._file(inode).mtime_ns = mtime_ns
        return None

    def getxattr(self, inode: int, name: bytes) -> bytes:
        """See `ViewOperations`; a scratch file has none."""
        self._refuse(inode, FsErrorKind.NO_ATTRIBUTE)
        return self._view.getxattr(inode, name)

    def listxattr(self, inode: int) -> Sequence[bytes]:
        """See `ViewOperations`."""
        return () if is_scratch(inode) else self._view.listxattr(inode)

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        """See `ViewOperations`."""
        self._refuse(inode, FsErrorKind.NOT_SUPPORTED)
        self._view.setxattr(inode, name, value, flags, caller)

    def removexattr(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        """See `ViewOperations`."""
        self._refuse(inode, FsErrorKind.NO_ATTRIBUTE)
        self._view.removexattr(inode, name, caller)

    # The files

    def _refuse(self, inode: int, kind: FsErrorKind) -> None:
        if is_scratch(inode):
            raise FsError(kind)

    def _refuse_others(self, caller: Caller | None, name: bytes) -> None:
        if caller is not None and not caller.may_change(self._owner):
            raise FsError(FsErrorKind.NO_ACCESS, name)

    def _has(self, parent: int, name: bytes, caller: Caller | None) -> bool:
        """Whether the view itself has something of that name."""
        try:
            self._view.lookup(parent, name, caller)
        except FsError as error:
            if error.kind is not FsErrorKind.NOT_FOUND:
                raise
            return False
        return True

    def _is_scratch_file(self, parent: int, name: bytes, caller: Caller | None) -> bool:
        return (parent, name) in self._files and not self._has(parent, name, caller)

    def _file(self, inode: int) -> _File:
        try:
            return self._by_inode[inode]
        except KeyError:
            raise FsError(FsErrorKind.NOT_FOUND) from None

    def _of_handle(self, handle: int) -> _File:
        try:
            return self._open[handle]
        except KeyError:
            raise FsError(FsErrorKind.INVALID) from None

    def _attr(self, file: _File) -> Attr:
        n_links = 0 if file.key is None else 1
        return made_attr(file.mode, file.inode, len(file.content), file.mtime_ns, self._owner, n_links)

    # Under the lock

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _made(self, key: Key, mode: int) -> _File:
        if len(self._files) >= MOST_FILES:
            raise FsError(FsErrorKind.NO_SPACE, key[1])
        file = _File(self._number(), key, mode, self._now_ns())
        self._files[key] = self._by_inode[file.inode] = file
        return file

    def _opened(self, file: _File, flags: int) -> Opened:
        if flags & os.O_TRUNC:
            self._resize(file, 0)
        handle = self._number()
        self._open[handle] = file
        file.n_handles += 1
        return Opened(handle, None, keep_cache=False)

    def _resize(self, file: _File, size_bytes: int) -> None:
        more = size_bytes - len(file.content)
        if size_bytes > MOST_BYTES or self._n_bytes + more > MOST_BYTES_IN_ALL:
            raise FsError(FsErrorKind.NO_SPACE)
        if more < 0:
            del file.content[size_bytes:]
        else:
            file.content.extend(bytes(more))
        self._n_bytes += more
        file.mtime_ns = self._now_ns()

    def _unname(self, file: _File | None) -> None:
        if file is not None and file.key is not None:
            del self._files[file.key]
            file.key = None
            self._let_go(file)

    def _let_go(self, file: _File) -> None:
        """Forget a file that has neither a name nor a handle."""
        if file.key is None and not file.n_handles:
            self._n_bytes -= len(file.content)
            del self._by_inode[file.inode]

    # Taking it

    def _drop(self, keys: Sequence[Key]) -> None:
        with self._lock:
            for key in keys:
                self._unname(self._files.get(key))
