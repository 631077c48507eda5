"""A plan as an ordinary folder of symlinks, hard links or copies: the preview where no mount is possible.

The farm lies in the program's own state folder and everything in it is the program's, so it may be removed whole. It is only
looked at: changes in it are no plan edits, and an in-place edit of a *hard link* changes the original.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable
from enum import Enum

from ifmosfs.core.errors import DiskFull, IfmosfsError
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.names import split
from ifmosfs.core.ports import Disk
from ifmosfs.core.tree import PlannedMove


class FarmMethod(Enum):
    """What stands for a planned file."""

    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    COPY = "copy"


def build_farm(
    folder: bytes,
    moves: Iterable[PlannedMove],
    folders: Iterable[bytes],
    method: FarmMethod,
    disk: Disk,
    progress: Callable[[int], None],
) -> int:
    """Make the folder anew with an entry for every planned file; returns how many. Raises `IfmosfsError`, `DiskFull`."""
    remove_farm(folder)
    _make_folder(folder, method, mode=0o700)
    for path in folders:
        _make_folder(os.path.join(folder, path), method)
    n_made = 0
    for move in moves:
        _make_folder(os.path.join(folder, split(move.target)[0]), method)
        try:
            _place(folder, move, method, disk)
        except OSError as error:
            raise _trouble(error, method, move.source.absolute) from error
        n_made += 1
        progress(n_made)
    return n_made


def remove_farm(folder: bytes) -> None:
    """Remove a farm; no farm is fine. Symlinks and hard links in it are removed, never followed."""
    if os.path.isdir(folder) and not os.path.islink(folder):
        shutil.rmtree(folder)


def _make_folder(path: bytes, method: FarmMethod, mode: int = 0o777) -> None:
    try:
        os.makedirs(path, mode=mode, exist_ok=True)
    except OSError as error:
        raise _trouble(error, method, path) from error


def _place(folder: bytes, move: PlannedMove, method: FarmMethod, disk: Disk) -> None:
    target = os.path.join(folder, move.target)
    if method is FarmMethod.SYMLINK:
        os.symlink(move.source.absolute, target)
    elif method is FarmMethod.HARDLINK and move.action.entry_kind is Kind.FILE:
        os.link(move.source.absolute, target, follow_symlinks=False)
    else:
        disk.copy(move.source, Place(folder, move.target), move.action.expected)


def _trouble(error: OSError, method: FarmMethod, path: bytes) -> IfmosfsError:
    if error.errno == errno.EXDEV and method is FarmMethod.HARDLINK:
        hint = "use --method symlink: hard links cannot cross to another filesystem"
        return IfmosfsError("the preview cannot be made of hard links", path=path, hint=hint)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = "make room, or use --method symlink, which needs next to none"
        return DiskFull("no space is left for the preview", path=path, hint=hint)
    return IfmosfsError(f"the preview cannot hold this ({error.strerror})", path=path, hint="scan again")
