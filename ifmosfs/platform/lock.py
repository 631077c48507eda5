"""One writer at a time: an flock on a file of the state folder. The kernel drops it with the process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ifmosfs.core.errors import DiskFull, IfmosfsError, Locked

PATIENCE_SECONDS: Final = 1.0  # commands that only look hold the lock for a moment, and are not worth a refusal
LOOK_AGAIN_SECONDS: Final = 0.02


@contextmanager
def exclusive(path: Path, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock. Raises `Locked`, naming the process that still holds it after that time; `DiskFull`, or `IfmosfsError`
    where this user cannot make the file."""
    descriptor = _opened(path)
    try:
        _take(descriptor, patience_seconds)
        with suppress(OSError):  # the number is only for whoever meets the lock; a full or bad disk holds it as well
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def undisturbed(path: Path, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock without leaving a trace; where there is no lock yet, nobody has ever held it. Raises `Locked`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    except OSError as error:
        raise _unusable(error, path) from error
    try:
        _take(descriptor, patience_seconds)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < deadline:
                time.sleep(LOOK_AGAIN_SECONDS)
                continue
            holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip() or "unknown"
            what = f"another run is moving files (process {holder})"
            raise Locked(what, hint="wait until it has finished, then try again") from error
        return


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(error, path) from error


def _unusable(error: OSError, path: Path) -> IfmosfsError:
    name = os.fsencode(path)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull("no space is left", path=name, hint="make room, then run the same command again")
    hint = "set IFMOSFS_HOME to a folder that you can write to"
    return IfmosfsError(f"the lock cannot be opened ({error.strerror})", path=name, hint=hint)
