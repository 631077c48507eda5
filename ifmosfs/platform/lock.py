"""One writer at a time: an flock on a file of the state folder. The kernel drops it with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ifmosfs.core.errors import Locked


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock. Raises `Locked`, naming the process that holds it, without waiting."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip() or "unknown"
            raise Locked(
                f"another run is moving files (process {holder})", hint="wait until it has finished, then try again"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
