"""The calls of an operating system that touch files, as one small protocol with two adapters, so that one list of tests says
what the view owes a program, whether it is reached through a mount or not.

Paths are bytes, relative to the root of the tree (``b""``), and names are never decoded. Every call raises `OSError`; `told`
makes a word of how a call ended, so that a table can name it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable
from typing import NamedTuple, Protocol

RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4
OK = "ok"

_AT_FDCWD = -100
_LIBC = ctypes.CDLL(None, use_errno=True)


class Status(NamedTuple):
    """What lstat(2) tells."""

    mode: int
    inode: int
    n_links: int
    uid: int
    gid: int
    size_bytes: int
    n_blocks: int
    atime_ns: int
    mtime_ns: int
    ctime_ns: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symlink."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)


class Os(Protocol):
    """What a program may ask the kernel about one tree."""

    def lstat(self, path: bytes) -> Status:
        """lstat(2)."""
        ...

    def stat(self, path: bytes) -> Status:
        """stat(2)."""
        ...

    def listdir(self, path: bytes) -> list[bytes]:
        """The names in a folder, sorted, without the dots; with the inode and the kind of each checked against nothing."""
        ...

    def readlink(self, path: bytes) -> bytes:
        """readlink(2)."""
        ...

    def open(self, path: bytes, flags: int = os.O_RDONLY) -> int:
        """open(2)."""
        ...

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        """pread(2)."""
        ...

    def fstat(self, descriptor: int) -> Status:
        """fstat(2)."""
        ...

    def fsync(self, descriptor: int) -> None:
        """fsync(2)."""
        ...

    def close(self, descriptor: int) -> None:
        """close(2)."""
        ...

    def mkdir(self, path: bytes, mode: int = 0o755) -> None:
        """mkdir(2); the umask takes nothing away."""
        ...

    def rmdir(self, path: bytes) -> None:
        """rmdir(2)."""
        ...

    def unlink(self, path: bytes) -> None:
        """unlink(2)."""
        ...

    def rename(self, path: bytes, target: bytes, flags: int = 0) -> None:
        """renameat2(2)."""
        ...

    def link(self, path: bytes, target: bytes) -> None:
        """link(2)."""
        ...

    def symlink(self, text: bytes, path: bytes) -> None:
        """symlink(2)."""
        ...

    def mknod(self, path: bytes, mode: int) -> None:
        """mknod(2)."""
        ...

    def chmod(self, path: bytes, mode: int) -> None:
        """chmod(2)."""
        ...

    def chown(self, path: bytes, uid: int, gid: int) -> None:
        """chown(2)."""
        ...

    def utime(self, path: bytes, atime_ns: int, mtime_ns: int) -> None:
        """utimensat(2)."""
        ...

    def truncate(self, path: bytes, size: int) -> None:
        """truncate(2)."""
        ...

    def getxattr(self, path: bytes, name: bytes) -> bytes:
        """getxattr(2)."""
        ...

    def listxattr(self, path: bytes) -> list[bytes]:
        """listxattr(2), sorted."""
        ...

    def setxattr(self, path: bytes, name: bytes, value: bytes, flags: int = 0) -> None:
        """setxattr(2)."""
        ...

    def removexattr(self, path: bytes, name: bytes) -> None:
        """removexattr(2)."""
        ...

    def statvfs(self, path: bytes) -> tuple[int, int, int, int, int]:
        """statvfs(2): bytes in a block, blocks, those free to all, inodes, bytes in a name."""
        ...


def told(call: Callable[[], object]) -> str:
    """How a call ended: `OK`, or the name of its errno."""
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return OK


def join(*parts: bytes) -> bytes:
    """The path made of the parts that are not empty."""
    return b"/".join(part for part in parts if part)


def content(system: Os, path: bytes) -> bytes:
    """All that a file holds, asked for in parts."""
    descriptor = system.open(path)
    try:
        parts: list[bytes] = []
        while part := system.pread(descriptor, 65536, sum(map(len, parts))):
            parts.append(part)
        return b"".join(parts)
    finally:
        system.close(descriptor)


def tree(system: Os, path: bytes = b"", *, without: tuple[bytes, ...] = ()) -> dict[bytes, object]:
    """A folder as a literal: a folder is a dict, a file its content, a symlink its text in a tuple."""
    found: dict[bytes, object] = {}
    for name in system.listdir(path):
        here = join(path, name)
        if here in without:
            continue
        status = system.lstat(here)
        if status.is_folder:
            found[name] = tree(system, here, without=without)
        elif status.is_link:
            found[name] = (system.readlink(here),)
        else:
            found[name] = content(system, here)
    return found


class SystemOs:
    """The real system calls on the tree below a folder: a mount, or any other folder to compare it with."""

    def __init__(self, root: bytes) -> None:
        self.root = root

    def _at(self, path: bytes) -> bytes:
        return self.root + b"/" + path if path else self.root

    def lstat(self, path: bytes) -> Status:
        return _status(os.lstat(self._at(path)))

    def stat(self, path: bytes) -> Status:
        return _status(os.stat(self._at(path)))

    def listdir(self, path: bytes) -> list[bytes]:
        return sorted(os.listdir(self._at(path)))

    def readlink(self, path: bytes) -> bytes:
        return os.readlink(self._at(path))

    def open(self, path: bytes, flags: int = os.O_RDONLY) -> int:
        return os.open(self._at(path), flags | os.O_CLOEXEC, 0o644)

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def fstat(self, descriptor: int) -> Status:
        return _status(os.fstat(descriptor))

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def mkdir(self, path: bytes, mode: int = 0o755) -> None:
        umask = os.umask(0)
        try:
            os.mkdir(self._at(path), mode)
        finally:
            os.umask(umask)

    def rmdir(self, path: bytes) -> None:
        os.rmdir(self._at(path))

    def unlink(self, path: bytes) -> None:
        os.unlink(self._at(path))

    def rename(self, path: bytes, target: bytes, flags: int = 0) -> None:
        ctypes.set_errno(0)
        source, to = self._at(path), self._at(target)
        if _LIBC.renameat2(_AT_FDCWD, source, _AT_FDCWD, to, ctypes.c_uint(flags)) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), source, None, to)

    def link(self, path: bytes, target: bytes) -> None:
        os.link(self._at(path), self._at(target), follow_symlinks=False)

    def symlink(self, text: bytes, path: bytes) -> None:
        os.symlink(text, self._at(path))

    def mknod(self, path: bytes, mode: int) -> None:
        os.mknod(self._at(path), mode)

    def chmod(self, path: bytes, mode: int) -> None:
        os.chmod(self._at(path), mode)

    def chown(self, path: bytes, uid: int, gid: int) -> None:
        os.chown(self._at(path), uid, gid, follow_symlinks=False)

    def utime(self, path: bytes, atime_ns: int, mtime_ns: int) -> None:
        os.utime(self._at(path), ns=(atime_ns, mtime_ns))

    def truncate(self, path: bytes, size: int) -> None:
        os.truncate(self._at(path), size)

    def getxattr(self, path: bytes, name: bytes) -> bytes:
        return os.getxattr(self._at(path), name, follow_symlinks=False)

    def listxattr(self, path: bytes) -> list[bytes]:
        return sorted(os.fsencode(name) for name in os.listxattr(self._at(path), follow_symlinks=False))

    def setxattr(self, path: bytes, name: bytes, value: bytes, flags: int = 0) -> None:
        os.setxattr(self._at(path), name, value, flags, follow_symlinks=False)

    def removexattr(self, path: bytes, name: bytes) -> None:
        os.removexattr(self._at(path), name, follow_symlinks=False)

    def statvfs(self, path: bytes) -> tuple[int, int, int, int, int]:
        found = os.statvfs(self._at(path))
        return found.f_frsize, found.f_blocks, found.f_bavail, found.f_files, found.f_namemax


def _status(found: os.stat_result) -> Status:
    return Status(
        found.st_mode,
        found.st_ino,
        found.st_nlink,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_blocks,
        found.st_atime_ns,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )
