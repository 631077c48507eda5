"""One writer at a time: an flock on a file of the state folder. The kernel drops it with the process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ifmosfs.core.errors import DiskFull, IfmosfsError, Locked


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock. Raises `Locked`, naming the process that holds it, without waiting; `DiskFull`, or `IfmosfsError` where
    this user cannot make the file."""
    descriptor = _opened(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip() or "unknown"
            raise Locked(
                f"another run is moving files (process {holder})", hint="wait until it has finished, then try again"
            ) from error
        os.ftruncate(descriptor, 0)
        with suppress(OSError):  # the number is only for whoever meets the lock; a full disk holds it as well
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        name = os.fsencode(path)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            what = "no space is left"
            raise DiskFull(what, path=name, hint="make room, then run the same command again") from error
        hint = "set IFMOSFS_HOME to a folder that you can write to"
        raise IfmosfsError(f"the lock cannot be opened ({error.strerror})", path=name, hint=hint) from error
