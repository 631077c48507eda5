"""The Linux system calls that Python's `os` does not have: statx, openat2, renameat2, syncfs, fstatfs and three ioctls.

Every function raises `OSError` with the kernel's errno and without a file name; callers that know the place add it. On a
system without a call it raises ENOSYS, and the caller takes its fallback. Nothing here knows what the calls are used for.
The ctypes functions are prepared once, because a commit calls them some hundred thousand times.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import os
import stat
import struct
import sys
from typing import Any, Final, NoReturn

from ifmosfs.core.files import Attr, Fingerprint

AT_SYMLINK_NOFOLLOW: Final = 0x100
AT_NO_AUTOMOUNT: Final = 0x800
AT_EMPTY_PATH: Final = 0x1000
RENAME_NOREPLACE: Final = 1
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08
FICLONE: Final = 0x40049409
FS_IOC_GETFLAGS: Final = 0x80086601
FS_IOC_GETFSUUID: Final = 0x80111500
BTRFS_IOC_FS_INFO: Final = 0x8400941F
BTRFS_MAGIC: Final = 0x9123683E
FS_CASEFOLD_FL: Final = 0x40000000

# O_PATH needs no permission on the folder itself and opens no device; other systems have to do with an ordinary descriptor.
O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
O_NOATIME: Final = getattr(os, "O_NOATIME", 0)

AT_FDCWD: Final = -100
_OPENAT2_NUMBER: Final = 437  # the same on every architecture since the tables were unified
_STATX_BASIC_AND_BIRTH: Final = 0x07FF | 0x0800
_STATX_BIRTH: Final = 0x0800
_STATX_IMMUTABLE: Final = 0x10
_STATX_APPEND_ONLY: Final = 0x20
_STATX_FLAGS: Final = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH
# struct statx up to the device numbers: mask, flags, n_links, uid, gid, mode, inode, size, blocks, four times, device
_STATX: Final = struct.Struct("=I4xQIIIH2xQQQ8xqI4xqI4xqI4xqI4x8xII")
_StatxBuffer = ctypes.c_char * 256
_StatfsBuffer = ctypes.c_char * 512
_IS_LINUX: Final = sys.platform.startswith("linux")


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def _absent(*_: object) -> int:
    ctypes.set_errno(errno.ENOSYS)
    return -1


_libc = ctypes.CDLL(None, use_errno=True)


def _function(name: str, *argument_types: Any) -> Any:
    function = getattr(_libc, name, None) if _IS_LINUX else None
    if function is None:
        return _absent
    function.argtypes = argument_types
    function.restype = ctypes.c_long if name == "syscall" else ctypes.c_int
    return function


_statx = _function("statx", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
_renameat2 = _function("renameat2", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
_openat2 = _function("syscall", ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_OpenHow), ctypes.c_size_t)
_syncfs = _function("syncfs", ctypes.c_int)
_fstatfs = _function("fstatfs", ctypes.c_int, ctypes.c_void_p)


def _fail() -> NoReturn:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def attr_at(folder: int, name: bytes) -> Attr:
    """The attributes of an entry itself, with its birth time where known; an empty name means the descriptor's own file."""
    buffer = _StatxBuffer()  # one per call: ctypes lets other threads run during the call
    if _statx(folder, name, _STATX_FLAGS, _STATX_BASIC_AND_BIRTH, buffer):
        if ctypes.get_errno() == errno.ENOSYS:
            return _attr_without_statx(folder, name)
        _fail()
    (mask, flags, n_links, uid, gid, mode, inode, size, n_blocks, atime, atime_ns, birth, birth_ns, ctime, ctime_ns,
     mtime, mtime_ns, major, minor) = _STATX.unpack_from(buffer)  # fmt: skip
    return Attr(
        mode,
        uid,
        gid,
        n_links,
        os.makedev(major, minor),
        inode,
        size,
        n_blocks,
        atime * 1_000_000_000 + atime_ns,
        mtime * 1_000_000_000 + mtime_ns,
        ctime * 1_000_000_000 + ctime_ns,
        birth * 1_000_000_000 + birth_ns if mask & _STATX_BIRTH else None,
        flags & _STATX_IMMUTABLE != 0,
        flags & _STATX_APPEND_ONLY != 0,
    )


def is_still(found: os.stat_result, expected: Fingerprint) -> bool:
    """Whether what was found is what was expected, whose birth time must be known, as far as Python's own call tells, which takes
    half as long as the one that knows birth times."""
    return (
        found.st_ino == expected.inode
        and found.st_size == expected.size_bytes
        and found.st_mtime_ns == expected.mtime_ns
        and expected.birth_ns is not None
    )


def arrived_as(expected: Fingerprint, found: os.stat_result) -> Fingerprint:
    """The fingerprint of what `is_still` what was expected."""
    return Fingerprint(expected.inode, expected.size_bytes, expected.mtime_ns, found.st_ctime_ns, expected.birth_ns)


def _attr_without_statx(folder: int, name: bytes) -> Attr:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False) if name else os.fstat(folder)
    return attr_of_stat(found)


def attr_of_stat(found: os.stat_result, shown_inode: int | None = None) -> Attr:
    """The same attributes from what `os.stat` found, which knows no birth time on Linux; under another inode number if one is
    given."""
    return Attr(
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_nlink,
        found.st_dev,
        found.st_ino if shown_inode is None else shown_inode,
        found.st_size,
        found.st_blocks,
        found.st_atime_ns,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


def rename_noreplace(source_folder: int, source: bytes, target_folder: int, target: bytes) -> None:
    """renameat2(RENAME_NOREPLACE). EINVAL: the filesystem does not know the flag (or a folder would go into itself)."""
    if _renameat2(source_folder, source, target_folder, target, RENAME_NOREPLACE):
        _fail()


@functools.cache
def _how(flags: int, resolve: int) -> _OpenHow:
    return _OpenHow(flags | os.O_CLOEXEC, 0, resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)


def open_beneath(folder: int, path: bytes, flags: int) -> int:
    """A descriptor of something below a folder, reached without any symlink (ELOOP) and without leaving it (EXDEV)."""
    how = _how(flags, RESOLVE_BENEATH)
    descriptor: int = _openat2(_OPENAT2_NUMBER, folder, path, how, ctypes.sizeof(_OpenHow))
    if descriptor >= 0:
        return descriptor
    # Some containers' filters answer EPERM to calls they have never heard of.
    if ctypes.get_errno() in (errno.ENOSYS, errno.EPERM):
        return walk_beneath(folder, path, flags)
    _fail()


def open_straight(path: bytes, flags: int) -> int:
    """A descriptor of what has an absolute, resolved path, reached without any symlink (ELOOP)."""
    descriptor: int = _openat2(_OPENAT2_NUMBER, AT_FDCWD, path, _how(flags, 0), ctypes.sizeof(_OpenHow))
    if descriptor >= 0:
        return descriptor
    if ctypes.get_errno() in (errno.ENOSYS, errno.EPERM):
        return walk_straight(path, flags)
    _fail()


def walk_straight(path: bytes, flags: int) -> int:
    """The same for kernels without openat2."""
    top = os.open(b"/", O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return walk_beneath(top, path.strip(b"/") or b".", flags)
    finally:
        os.close(top)


def walk_beneath(folder: int, path: bytes, flags: int) -> int:
    """The same for kernels without openat2 (before 5.6): one component after the other, none of them a symlink."""
    *parents, last = path.split(b"/")
    if b".." in parents or last == b".." or path.startswith(b"/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    here = os.dup(folder)
    try:
        for name in parents:
            below = _open_step(here, name, O_PATH | os.O_DIRECTORY)
            os.close(here)
            here = below
        return _open_step(here, last, flags)
    finally:
        os.close(here)


def _open_step(folder: int, name: bytes, flags: int) -> int:
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except NotADirectoryError:
        # With O_DIRECTORY the kernel reports a symlink as "not a directory"; openat2 says ELOOP, so does this.
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise


def syncfs(descriptor: int) -> None:
    """Write out everything of the filesystem the descriptor (not an O_PATH one) is on, and report its pending errors."""
    if _syncfs(descriptor):
        _fail()


def filesystem_magic(descriptor: int) -> int:
    """`f_type` of statfs(2); 0 where the system cannot tell."""
    buffer = _StatfsBuffer()
    if _fstatfs(descriptor, buffer):
        if ctypes.get_errno() == errno.ENOSYS:
            return 0
        _fail()
    magic: int = struct.unpack_from("l", buffer)[0]
    return magic & 0xFFFFFFFF


def filesystem_uuid(descriptor: int) -> bytes | None:
    """The 16 bytes of the filesystem's UUID (Linux 6.9), `None` where kernel or filesystem do not tell it."""
    answer = bytearray(17)  # a length, then the bytes
    is_told = _ask(descriptor, FS_IOC_GETFSUUID, answer) and answer[0] == 16
    told = bytes(answer[1:]) if is_told else _btrfs_uuid(descriptor)
    return told if any(told) else None  # an image made without a UUID has only zeros, as any other such image


def _btrfs_uuid(descriptor: int) -> bytes:
    answer = bytearray(1024)
    asked = filesystem_magic(descriptor) == BTRFS_MAGIC and _ask(descriptor, BTRFS_IOC_FS_INFO, answer)
    return bytes(answer[16:32]) if asked else b""


def folder_flags(descriptor: int) -> int:
    """The inode flags (FS_CASEFOLD_FL and others) of an open folder; 0 where the filesystem has none."""
    answer = bytearray(8)
    if not _ask(descriptor, FS_IOC_GETFLAGS, answer):
        return 0
    flags: int = struct.unpack_from("=I", answer)[0]
    return flags


def _ask(descriptor: int, request: int, answer: bytearray) -> bool:
    if not _IS_LINUX:
        return False
    try:
        fcntl.ioctl(descriptor, request, answer, True)
    except OSError:  # ENOTTY, EOPNOTSUPP, EINVAL, EPERM: all mean that the question has no answer here
        return False
    return True


def clone(source: int, target: int) -> None:
    """Let `target` share all of `source`'s blocks (FICLONE). EOPNOTSUPP, EXDEV or EINVAL where that is not possible."""
    if not _IS_LINUX:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    fcntl.ioctl(target, FICLONE, source)
