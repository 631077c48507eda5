"""Open files: what the kernel is told at their opening, and the descriptors behind them.

The kernel has one page cache for each inode, so handles that use it must stand for the same bytes. If the original was replaced
while a handle is open, each new handle is therefore opened past the cache (FOPEN_DIRECT_IO), until all are closed.

Where the kernel lets us (root, Linux 6.9), it reads the original itself: *passthrough*. All handles of an inode must then use one
*backing id*, those past the cache, too, and none of them the page cache of the mount; so how the first handle was opened decides for
all that follow it. (Such a handle past the cache reads what it should, but a memory map of it shows the original of the first.)
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import threading
from typing import Final, NamedTuple

from ifmosfs.platform.kernel_wire import (
    BACKING_ID,
    BACKING_MAP,
    DEV_IOC_BACKING_CLOSE,
    DEV_IOC_BACKING_OPEN,
    FOPEN_DIRECT_IO,
    FOPEN_KEEP_CACHE,
    FOPEN_PASSTHROUGH,
    OPEN_OUT,
)
from ifmosfs.view.values import FsError, FsErrorKind, Opened

LOG: Final = logging.getLogger("ifmosfs")

_NOT_HERE: Final = frozenset({errno.EPERM, errno.EACCES, errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS})


class OpenFile(NamedTuple):
    """What stands behind a handle. `descriptor` is `None` for generated content; `is_slow`: reading it may block for long."""

    inode: int
    descriptor: int | None
    is_slow: bool


class _Shared:
    """The handles of an inode: how many, and which file the first one stood for, with its backing id (0: none)."""

    __slots__ = ("backing_id", "identity", "n_handles")

    def __init__(self, identity: tuple[int, int] | None, backing_id: int) -> None:
        self.identity = identity
        self.backing_id = backing_id
        self.n_handles = 0


class Files:
    """The open files by handle; handles are the view's own."""

    def __init__(self, device: int, *, may_pass_through: bool) -> None:
        self._device = device
        self._may_pass_through = may_pass_through
        self._lock = threading.Lock()
        self._open: dict[int, OpenFile] = {}
        self._shared: dict[int, _Shared] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def at(self, handle: int) -> OpenFile:
        """What stands behind a handle."""
        try:
            return self._open[handle]
        except KeyError:
            raise FsError(FsErrorKind.STALE) from None

    def add(self, inode: int, opened: Opened, *, is_slow: bool) -> bytes:
        """Take an open file in; returns the `struct fuse_open_out` that tells the kernel."""
        identity = _identity(opened.descriptor)
        with self._lock:
            shared = self._shared.get(inode)
            if shared is None:
                shared = self._shared[inode] = _Shared(identity, self._backing_id(opened.descriptor))
            shared.n_handles += 1
            self._open[opened.handle] = OpenFile(inode, opened.descriptor, is_slow)
        flags = FOPEN_PASSTHROUGH if shared.backing_id else FOPEN_KEEP_CACHE if opened.keep_cache else 0
        if shared.identity != identity or opened.descriptor is None:  # generated content may have another size by now
            flags = flags & FOPEN_PASSTHROUGH | FOPEN_DIRECT_IO
        return OPEN_OUT.pack(opened.handle, flags, shared.backing_id)

    def remove(self, handle: int) -> None:
        """Forget an open file, before the view closes its descriptor."""
        with self._lock:
            file = self._open.pop(handle, None)
            if file is None:
                raise FsError(FsErrorKind.STALE)
            shared = self._shared[file.inode]
            shared.n_handles -= 1
            if shared.n_handles:
                return
            del self._shared[file.inode]
            if shared.backing_id:
                fcntl.ioctl(self._device, DEV_IOC_BACKING_CLOSE, BACKING_ID.pack(shared.backing_id))

    def _backing_id(self, descriptor: int | None) -> int:
        """A backing id for a descriptor, 0 if the kernel does not take it. A refusal that is not about this file is the last."""
        if descriptor is None or not self._may_pass_through:
            return 0
        try:
            # The id is the ioctl's own return value, which Python gives only where the buffer is a mutable one.
            backing_map = bytearray(BACKING_MAP.pack(descriptor, 0, 0))
            backing_id: int = fcntl.ioctl(self._device, DEV_IOC_BACKING_OPEN, backing_map, True)
        except OSError as error:
            if error.errno in _NOT_HERE:
                LOG.info("the kernel does not read originals itself: %s", error.strerror)
                self._may_pass_through = False
            return 0
        return backing_id


def _identity(descriptor: int | None) -> tuple[int, int] | None:
    if descriptor is None:
        return None
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
