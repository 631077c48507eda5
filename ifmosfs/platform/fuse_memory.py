"""What is passed to C by address: `struct stat`, libfuse's buffers, and Python's own record of a C thread. Loads no libfuse."""

from __future__ import annotations

import ctypes
import errno
import struct
import threading
from typing import Any, Final

from ifmosfs.core.files import Attr

_NS: Final = 1_000_000_000

# enum fuse_buf_flags
_BUF_IS_FD: Final = 2
_BUF_FD_SEEK: Final = 4

# struct fuse_bufvec with its one buffer inline: count, idx, off; size, flags, mem, fd, pos; and zeros, for libfuse 3.17 added a
# field. (mfusepy declares a pointer where C has the buffer itself.)
_BUFFER_VECTOR: Final = struct.Struct("@NNNNiPiq4N")
_POINTER: Final = struct.Struct("@P")

# libfuse frees the vector and the memory in it with free(3), so they must come from the same allocator.
_LIBC: Final = ctypes.CDLL(None)
_LIBC.malloc.restype = ctypes.c_void_p
_LIBC.malloc.argtypes = (ctypes.c_size_t,)


class ThreadRecord(threading.local):
    """Makes Python keep its record of a C thread from the first callback on.

    Otherwise each callback makes and destroys one, which doubles the time of a listing. libfuse keeps its threads too (up to
    ten), so the records do not pile up. They make a pool of threads as fast as a single loop, which a slow read would block.
    """

    def __init__(self) -> None:
        ctypes.pythonapi.PyGILState_Ensure()  # never released: one count more than ctypes' own

    def keep(self) -> None:
        """Keep the record of the calling thread."""


def fill_stat(target: Any, attr: Attr) -> None:
    """Copy the attributes into a zeroed `struct stat`."""
    target.st_mode = attr.mode
    target.st_ino = attr.inode
    target.st_nlink = attr.n_links
    target.st_uid = attr.uid
    target.st_gid = attr.gid
    target.st_size = attr.size_bytes
    target.st_blocks = attr.n_blocks
    _fill_time(target.st_atimespec, attr.atime_ns)
    _fill_time(target.st_mtimespec, attr.mtime_ns)
    _fill_time(target.st_ctimespec, attr.ctime_ns)


def _fill_time(target: Any, time_ns: int) -> None:
    target.tv_sec, target.tv_nsec = divmod(time_ns, _NS)


def descriptor_vector(descriptor: int, size_bytes: int, offset: int) -> bytes:
    """A pointer to a `fuse_bufvec` that makes libfuse read from the descriptor itself."""
    return _vector(size_bytes, _BUF_IS_FD | _BUF_FD_SEEK, 0, descriptor, offset)


def content_vector(content: bytes) -> bytes:
    """A pointer to a `fuse_bufvec` that holds a copy of the content."""
    return _vector(len(content), 0, _copied(content), -1, 0)


def _vector(*buffer: int) -> bytes:
    return _POINTER.pack(_copied(_BUFFER_VECTOR.pack(1, 0, 0, *buffer, 0, 0, 0, 0)))


def _copied(content: bytes) -> int:
    """The address of a copy that libfuse may free."""
    address: int | None = _LIBC.malloc(max(len(content), 1))
    if address is None:
        raise MemoryError
    ctypes.memmove(address, content, len(content))
    return address


def copy_out(content: bytes, target: Any, size_bytes: int) -> int:
    """Copy to where there is room for `size_bytes`; returns the length, or -ERANGE. No room at all asks for the length."""
    if size_bytes:
        if len(content) > size_bytes:
            return -errno.ERANGE
        ctypes.memmove(target, content, len(content))
    return len(content)
