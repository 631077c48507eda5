"""A file of nothing, kept so that a full disk does not keep a recovery or an undo from coming to its end.

It lies in the state folder, is made at a commit while there is plenty of room, and is removed when the room is needed: the
journal must be able to say what has been done.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

RESERVE_NAME: Final = "reserve"
RESERVE_BYTES: Final = 16 << 20
AMPLE_BYTES = 1 << 30  # less than this is not plenty
SCARCE_BYTES: Final = 8 << 20  # what a journal may need at the end of a large run


def make_reserve(state_folder: Path) -> bool:
    """Make the reserve where it is missing and there is plenty of room; whether it is there now. A disk that refuses has none."""
    path = state_folder / RESERVE_NAME
    if path.exists():
        return True
    if _free_bytes(state_folder) < AMPLE_BYTES:
        return False
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        os.fsync(descriptor)
    except OSError:
        path.unlink()
        return False
    finally:
        os.close(descriptor)
    return True


def release_reserve(state_folder: Path) -> bool:
    """Give the room back; whether there was any."""
    try:
        (state_folder / RESERVE_NAME).unlink()
    except OSError:
        return False
    with suppress(OSError):
        descriptor = os.open(state_folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return True


def release_if_scarce(state_folder: Path) -> bool:
    """Give the room back where there is next to none else; whether that was so."""
    return _free_bytes(state_folder) < SCARCE_BYTES and release_reserve(state_folder)


def _free_bytes(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
