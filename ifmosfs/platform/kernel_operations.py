"""The kernel's requests, one method for each: unpacked, put to the view, the answer packed. Nothing about the tree is decided here.

A method is given the node, the buffer that holds the request and its length. It returns the payload of the answer, or an errno, or
`None` if nothing is answered; `FsError` is answered, too. Requests that are always refused have only a number. All others are
refused with ENOSYS, at which the kernel stops asking or does it itself: access (default_permissions), flush, locks, poll, lseek,
copy_file_range, bmap, and whatever comes later.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from typing import Final

from ifmosfs.core.files import Kind
from ifmosfs.platform import kernel_wire as wire
from ifmosfs.platform.kernel_files import Files
from ifmosfs.platform.kernel_listings import Folders
from ifmosfs.platform.kernel_nodes import Nodes
from ifmosfs.platform.kernel_replies import NS, Timeouts, attr_out, entry_out, statfs_out, timeouts
from ifmosfs.platform.kernel_wire import IN_BYTES
from ifmosfs.view.protocol import ViewOperations
from ifmosfs.view.values import BRIEF, Caller, FsError, FsErrorKind, RenameMode

Payload = bytes | memoryview
Result = Payload | int | None
Handler = Callable[[int, bytearray, int], Result]

# <linux/fs.h>. RENAME_WHITEOUT (4) and the combinations are refused: a flag that is not honoured loses files.
RENAME_MODES: Final = {0: RenameMode.REPLACE, 1: RenameMode.NO_REPLACE, 2: RenameMode.EXCHANGE}

_EMPTY: Final = b""
_OWNER: Final = wire.FATTR_UID | wire.FATTR_GID
_TIMES: Final = wire.FATTR_ATIME | wire.FATTR_MTIME


REFUSALS: Final = {
    wire.SYMLINK: errno.EPERM,  # the layout holds what the scan found
    wire.LINK: errno.EPERM,  # a file is in one place of the layout only
    wire.TMPFILE: errno.EROFS,
    wire.FALLOCATE: errno.EROFS,
    wire.IOCTL: errno.ENOTTY,
}


class Operations:
    """The view as the kernel asks for it. `longest_s`: what is said may be kept no longer. `let_pass` is called with a folder
    that was found in another, before the kernel is given it (`Notifier.let_pass`)."""

    def __init__(
        self,
        view: ViewOperations,
        device: int,
        let_pass: Callable[[int, int], None],
        *,
        longest_s: float,
        may_pass_through: bool,
    ) -> None:
        self._view = view
        self._let_pass = let_pass
        self._longest_s = longest_s
        self._known = BRIEF, timeouts(BRIEF, longest_s)
        self.nodes = Nodes(view.forget)
        self.files = Files(device, may_pass_through=may_pass_through)
        self.folders = Folders(view, self.nodes, self._held)

    def handlers(self) -> dict[int, Handler]:
        """The method for each request that has one."""
        return {
            wire.LOOKUP: self.lookup,
            wire.FORGET: self.forget,
            wire.BATCH_FORGET: self.batch_forget,
            wire.GETATTR: self.getattr,
            wire.SETATTR: self.setattr,
            wire.READLINK: self.readlink,
            wire.MKNOD: self.mknod,
            wire.MKDIR: self.mkdir,
            wire.UNLINK: self.unlink,
            wire.RMDIR: self.rmdir,
            wire.RENAME: self.rename,
            wire.RENAME2: self.rename2,
            wire.OPEN: self.open,
            wire.CREATE: self.create,
            wire.WRITE: self.write,
            wire.READ: self.read,
            wire.RELEASE: self.release,
            wire.FSYNC: self.fsync,
            wire.OPENDIR: self.opendir,
            wire.READDIR: self.readdir,
            wire.READDIRPLUS: self.readdirplus,
            wire.RELEASEDIR: self.releasedir,
            wire.FSYNCDIR: self.fsyncdir,
            wire.STATFS: self.statfs,
            wire.GETXATTR: self.getxattr,
            wire.LISTXATTR: self.listxattr,
            wire.SETXATTR: self.setxattr,
            wire.REMOVEXATTR: self.removexattr,
            wire.DESTROY: self.destroy,
        }

    def _held(self, inode: int) -> Timeouts:
        validity = self._view.validity(inode)
        known, held = self._known
        if validity is not known:  # nearly always the same value as for the node before
            held = timeouts(validity, self._longest_s)
            self._known = validity, held
        return held

    def lookup(self, parent: int, request: bytearray, end: int) -> bytes:
        """The entry of a name; the kernel remembers its node."""
        with self.nodes:
            entry = self._view.lookup(parent, bytes(request[IN_BYTES : end - 1]), _caller(request))
            inode = entry.attr.inode
            self.nodes.give((inode,))
        self._note_look(inode, request)
        if entry.attr.kind is Kind.FOLDER:
            self._let_pass(parent, inode)
        return entry_out(entry, self._held(inode))

    def _note_look(self, inode: int, request: bytearray) -> None:
        if self.folders.interest.watches(inode):
            self.folders.interest.looked_at(inode, _caller(request).pid)

    def forget(self, inode: int, request: bytearray, end: int) -> None:
        """The kernel gives a node back. Nothing is answered."""
        (n_times,) = wire.FORGET_IN.unpack_from(request, IN_BYTES)
        self.nodes.take_back(inode, n_times)

    def batch_forget(self, _: int, request: bytearray, end: int) -> None:
        """The kernel gives many back. Nothing is answered."""
        for inode, n_times in wire.FORGET_ONE.iter_unpack(bytes(request[IN_BYTES + wire.BATCH_FORGET_IN.size : end])):
            self.nodes.take_back(inode, n_times)

    def getattr(self, inode: int, request: bytearray, end: int) -> bytes:
        """The attributes of a node, of one that was unlinked while open, too."""
        self._note_look(inode, request)
        return attr_out(self._view.getattr(inode), self._held(inode))

    def setattr(self, inode: int, request: bytearray, end: int) -> bytes:
        """Set length, permissions and times; owners stay as they are."""
        valid, atime, mtime, atime_ns, mtime_ns, mode, uid, gid = wire.SETATTR_IN.unpack_from(request, IN_BYTES)
        if valid & wire.FATTR_SIZE:
            self._view.truncate(inode, *wire.SETATTR_SIZE_IN.unpack_from(request, IN_BYTES))
        if valid & _OWNER:
            self._check_owner(inode, uid if valid & wire.FATTR_UID else None, gid if valid & wire.FATTR_GID else None)
        if valid & wire.FATTR_MODE:
            self._view.chmod(inode, stat.S_IMODE(mode), _caller(request))
        if valid & _TIMES:
            now_ns = time.time_ns()
            new_atime = now_ns if valid & wire.FATTR_ATIME_NOW else atime * NS + atime_ns
            new_mtime = now_ns if valid & wire.FATTR_MTIME_NOW else mtime * NS + mtime_ns
            self._view.set_times(
                inode,
                new_atime if valid & wire.FATTR_ATIME else None,
                new_mtime if valid & wire.FATTR_MTIME else None,
                _caller(request),
            )
        return self.getattr(inode, request, end)

    def _check_owner(self, inode: int, uid: int | None, gid: int | None) -> None:
        attr = self._view.getattr(inode)
        if uid not in {None, attr.uid} or gid not in {None, attr.gid}:
            raise FsError(FsErrorKind.NOT_PERMITTED)

    def readlink(self, inode: int, request: bytearray, end: int) -> bytes:
        """The text of a symlink."""
        return self._view.readlink(inode)

    def mknod(self, parent: int, request: bytearray, end: int) -> bytes | int:
        """No file is ever made in this way, and no device, pipe or socket can be."""
        (mode,) = wire.MKNOD_IN.unpack_from(request, IN_BYTES)
        return errno.EROFS if stat.S_IFMT(mode) in {0, stat.S_IFREG} else errno.EPERM

    def mkdir(self, parent: int, request: bytearray, end: int) -> bytes:
        """Make a folder; the kernel has applied the umask, and remembers the node."""
        mode, _ = wire.MKDIR_IN.unpack_from(request, IN_BYTES)
        name = bytes(request[IN_BYTES + wire.MKDIR_IN.size : end - 1])
        with self.nodes:
            entry = self._view.mkdir(parent, name, stat.S_IMODE(mode), _caller(request))
            inode = entry.attr.inode
            self.nodes.give((inode,))
        return entry_out(entry, self._held(inode))

    def unlink(self, parent: int, request: bytearray, end: int) -> bytes:
        """Take a file out of the layout."""
        self._view.unlink(parent, bytes(request[IN_BYTES : end - 1]), _caller(request))
        return _EMPTY

    def rmdir(self, parent: int, request: bytearray, end: int) -> bytes:
        """Remove an empty folder."""
        self._view.rmdir(parent, bytes(request[IN_BYTES : end - 1]), _caller(request))
        return _EMPTY

    def rename(self, parent: int, request: bytearray, end: int) -> bytes:
        """Move an entry."""
        (new_parent,) = wire.RENAME_IN.unpack_from(request, IN_BYTES)
        return self._rename(parent, new_parent, 0, request, IN_BYTES + wire.RENAME_IN.size, end)

    def rename2(self, parent: int, request: bytearray, end: int) -> bytes:
        """Move an entry, with the flags of renameat2(2)."""
        new_parent, flags, _ = wire.RENAME2_IN.unpack_from(request, IN_BYTES)
        return self._rename(parent, new_parent, flags, request, IN_BYTES + wire.RENAME2_IN.size, end)

    def _rename(self, parent: int, new_parent: int, flags: int, request: bytearray, start: int, end: int) -> bytes:
        mode = RENAME_MODES.get(flags)
        if mode is None:
            raise FsError(FsErrorKind.INVALID)
        name, new_name = bytes(request[start : end - 1]).split(b"\0")
        self._view.rename(parent, name, new_parent, new_name, mode, _caller(request))
        return _EMPTY

    def open(self, inode: int, request: bytearray, end: int) -> bytes:
        """Open a file for reading; tell the kernel whether the pages it has are still good."""
        (flags,) = wire.OPEN_IN.unpack_from(request, IN_BYTES)
        is_slow = self._view.may_block(inode)
        opened = self._view.open(inode, flags, _caller(request))
        return self.files.add(inode, opened, is_slow=is_slow)

    def create(self, parent: int, request: bytearray, end: int) -> bytes:
        """Make a file and open it; the kernel remembers the node."""
        flags, mode, _ = wire.CREATE_IN.unpack_from(request, IN_BYTES)
        name = bytes(request[IN_BYTES + wire.CREATE_IN.size : end - 1])
        with self.nodes:
            entry, opened = self._view.create(parent, name, flags, stat.S_IMODE(mode), _caller(request))
            inode = entry.attr.inode
            self.nodes.give((inode,))
        return entry_out(entry, self._held(inode)) + self.files.add(inode, opened, is_slow=False)

    def write(self, inode: int, request: bytearray, end: int) -> bytes:
        """Write into an open file."""
        handle, offset, size = wire.WRITE_IN.unpack_from(request, IN_BYTES)
        return wire.WRITE_OUT.pack(self._view.write(handle, bytes(request[end - size : end]), offset))

    def undo_open(self, answer: Payload) -> None:
        """Nobody got the answer to an open, or to a create, so nobody will release it."""
        handle, _, _ = wire.OPEN_OUT.unpack(answer[-wire.OPEN_OUT.size :])
        self._release(handle)

    def read(self, inode: int, request: bytearray, end: int) -> Payload | int:
        """Bytes of an open file; fewer than asked for only at its end. May take as long as a disk does."""
        handle, offset, size = wire.READ_IN.unpack_from(request, IN_BYTES)
        descriptor = self.files.at(handle).descriptor
        if descriptor is None:
            return self._view.read(handle, size, offset)
        try:
            return os.pread(descriptor, size, offset)
        except OSError as error:
            return error.errno or errno.EIO

    def read_at_once(self, request: bytearray, scratch: memoryview) -> Payload | None:
        """The same if it is in memory, `None` if it would have to be waited for. The answer may be a part of `scratch`."""
        handle, offset, size = wire.READ_IN.unpack_from(request, IN_BYTES)
        file = self.files.at(handle)
        if file.is_slow:
            return None
        if file.descriptor is None:
            return self._view.read(handle, size, offset)
        try:
            n_read = os.preadv(file.descriptor, (scratch[:size],), offset, os.RWF_NOWAIT)
        except OSError:
            return None  # not in memory, or a filesystem that cannot tell
        is_whole = n_read == size or offset + n_read >= os.fstat(file.descriptor).st_size
        return scratch[:n_read] if is_whole else None

    def release(self, inode: int, request: bytearray, end: int) -> bytes:
        """End an open."""
        (handle,) = wire.RELEASE_IN.unpack_from(request, IN_BYTES)
        self._release(handle)
        return _EMPTY

    def _release(self, handle: int) -> None:
        self.files.remove(handle)
        self._view.release(handle)

    def fsync(self, inode: int, request: bytearray, end: int) -> bytes:
        """Nothing is ever written to a disk."""
        return _EMPTY

    def opendir(self, inode: int, request: bytearray, end: int) -> bytes:
        """Begin a listing."""
        return wire.OPEN_OUT.pack(self.folders.open(inode), 0, 0)

    def readdir(self, inode: int, request: bytearray, end: int) -> Payload:
        """A buffer of names."""
        return self.folders.read(*wire.READ_IN.unpack_from(request, IN_BYTES))

    def readdirplus(self, inode: int, request: bytearray, end: int) -> Payload:
        """A buffer of names and attributes; the kernel remembers the nodes."""
        handle, offset, size = wire.READ_IN.unpack_from(request, IN_BYTES)
        return self.folders.read_plus(handle, offset, size, _caller(request).pid)

    def releasedir(self, inode: int, request: bytearray, end: int) -> bytes:
        """End a listing."""
        (handle,) = wire.RELEASE_IN.unpack_from(request, IN_BYTES)
        self.folders.close(handle)
        return _EMPTY

    def fsyncdir(self, inode: int, request: bytearray, end: int) -> bytes:
        """Make the edits durable."""
        self._view.fsync_folder(inode)
        return _EMPTY

    def statfs(self, inode: int, request: bytearray, end: int) -> bytes:
        """Space where the files would go."""
        return statfs_out(self._view.statfs())

    def getxattr(self, inode: int, request: bytearray, end: int) -> bytes | int:
        """The value of an extended attribute.

        `ls -l` asks for two labels of every file. The kernel cannot be told that no view has any without losing all attributes;
        but after "not supported", unlike "there is none", `ls` itself asks no more of the same filesystem.
        """
        (size,) = wire.GETXATTR_IN.unpack_from(request, IN_BYTES)
        name = bytes(request[IN_BYTES + wire.GETXATTR_IN.size : end - 1])
        if name.startswith((b"security.", b"system.")):
            return errno.EOPNOTSUPP
        return _sized(self._view.getxattr(inode, name), size)

    def listxattr(self, inode: int, request: bytearray, end: int) -> bytes | int:
        """The names of the extended attributes, each with its final NUL."""
        (size,) = wire.GETXATTR_IN.unpack_from(request, IN_BYTES)
        return _sized(b"".join(name + b"\0" for name in self._view.listxattr(inode)), size)

    def setxattr(self, inode: int, request: bytearray, end: int) -> bytes:
        """Set an extended attribute."""
        size, flags = wire.SETXATTR_IN.unpack_from(request, IN_BYTES)
        name = bytes(request[IN_BYTES + wire.SETXATTR_IN.size : end - size - 1])
        self._view.setxattr(inode, name, bytes(request[end - size : end]), flags, _caller(request))
        return _EMPTY

    def removexattr(self, inode: int, request: bytearray, end: int) -> bytes:
        """Remove an extended attribute."""
        self._view.removexattr(inode, bytes(request[IN_BYTES : end - 1]), _caller(request))
        return _EMPTY

    def destroy(self, inode: int, request: bytearray, end: int) -> bytes:
        """The mount ends; the device says so next."""
        return _EMPTY


def _caller(request: bytearray) -> Caller:
    return Caller(*wire.IN_CALLER.unpack_from(request))


def _sized(content: bytes, room_bytes: int) -> bytes | int:
    """The content, or its size if no room is given. ERANGE if there is too little."""
    if not room_bytes:
        return wire.GETXATTR_OUT.pack(len(content), 0)
    if len(content) > room_bytes:
        return errno.ERANGE
    return content
