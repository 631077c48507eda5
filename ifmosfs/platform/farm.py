"""A plan as an ordinary folder of symlinks, hard links or copies: the preview where no mount is possible.

It is only looked at: changes in it are no plan edits, and an in-place edit of a *hard link* changes the original. People put
things into folders all the same, so a farm is never removed whole: a list beside it (`FOLDER.entries`) says what was made, and
only what still is exactly that goes, a hard link only while the file has another name. The rest stays and is named.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import IO, Final

from ifmosfs.core.errors import DiskFull, IfmosfsError
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.names import from_text, split, to_text
from ifmosfs.core.ports import Disk
from ifmosfs.core.tree import PlannedMove

LIST_SUFFIX = b".entries"


OF_ORIGINALS: Final = {
    errno.ENOENT: "it is gone",
    errno.ENOTDIR: "it is gone",
    errno.ESTALE: "it is not what was planned any more",
    errno.EACCES: "it may not be read",
}
"""What is wrong with one original and no reason to show none of the others."""


class FarmMethod(Enum):
    """What stands for a planned file."""

    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class FarmReport:
    """How many planned files a farm shows, and the originals that it cannot show, each with the reason in a few words."""

    n_shown: int
    not_shown: tuple[tuple[Place, str], ...] = ()


def build_farm(
    folder: bytes,
    moves: Iterable[PlannedMove],
    folders: Iterable[bytes],
    method: FarmMethod,
    disk: Disk,
    progress: Callable[[int], None],
) -> FarmReport:
    """Make the folder anew with an entry for every planned file whose original is there and may be read.

    Raises: IfmosfsError, DiskFull; also where an earlier farm holds things that are not its own.
    """
    kept = remove_farm(folder)
    if kept:
        what = f"the earlier preview holds {len(kept)} things that are not its own; the first"
        raise IfmosfsError(what, path=kept[0], hint="move them to where they belong, then try again")
    _make_folder(folder, method, mode=0o700)
    for path in folders:
        _make_folder(os.path.join(folder, path), method)
    n_shown = 0
    not_shown: list[tuple[Place, str]] = []
    with _opened_list(folder, method) as entries:
        for n_done, move in enumerate(moves, 1):
            _make_folder(os.path.join(folder, split(move.target)[0]), method)
            why = _shown(entries, folder, move, method, disk)
            if why is None:
                n_shown += 1
            else:
                not_shown.append((move.source, why))
            progress(n_done)
    return FarmReport(n_shown, tuple(not_shown))


def _shown(entries: IO[str], folder: bytes, move: PlannedMove, method: FarmMethod, disk: Disk) -> str | None:
    """Place a file and note it; `None`, or what is wrong with its original. Raises what is wrong with the farm."""
    try:
        _place(folder, move, method, disk)
    except OSError as error:
        why = OF_ORIGINALS.get(error.errno or 0)
        if why is None:
            raise _trouble(error, method, move.source.absolute) from error
        return why
    try:
        _note(entries, folder, move.target)
    except OSError as error:
        raise _trouble(error, method, move.source.absolute) from error
    return None


def remove_farm(folder: bytes) -> list[bytes]:
    """Remove what is the farm's own; returns the absolute paths of what is not and stays. No farm is fine."""
    if os.path.isdir(folder) and not os.path.islink(folder):
        for path, made in _listed(folder):
            _remove_own(os.path.join(folder, path), made)
    kept = list(_remaining(folder))
    if not kept:
        _remove_list(folder)
    return kept


def _opened_list(folder: bytes, method: FarmMethod) -> IO[str]:
    try:
        return open(folder + LIST_SUFFIX, "w", encoding="ascii", buffering=1)
    except OSError as error:
        raise _trouble(error, method, folder) from error


def _note(entries: IO[str], folder: bytes, path: bytes) -> None:
    found = os.lstat(os.path.join(folder, path))
    made = [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_nlink]
    entries.write(json.dumps([to_text(path), *made]) + "\n")


def _listed(folder: bytes) -> Iterator[tuple[bytes, list[int]]]:
    """What was made; a last line that was cut off by a kill is left out, and what it meant stays."""
    try:
        with open(folder + LIST_SUFFIX, encoding="ascii") as entries:
            lines = entries.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            path, *made = json.loads(line)
        except ValueError:
            continue
        yield from_text(path), made


def _remove_own(path: bytes, made: list[int]) -> None:
    try:
        found = os.lstat(path)
    except OSError:
        return
    inode, size_bytes, mtime_ns, ctime_ns, n_links = made
    if found.st_ino != inode:
        return
    unchanged = (found.st_size, found.st_mtime_ns, found.st_ctime_ns) == (size_bytes, mtime_ns, ctime_ns)
    spare = n_links > 1 and found.st_nlink > 1  # a hard link: its original still has the file
    if stat.S_ISLNK(found.st_mode) or spare or (n_links == 1 and unchanged):
        os.unlink(path)


def _remaining(folder: bytes) -> Iterator[bytes]:
    """Remove the empty folders, deepest first; what is no folder is in somebody's way and is named."""
    for here, _folders, names in os.walk(folder, topdown=False, followlinks=False):
        for name in names:
            yield os.path.join(here, name)
        for name in _folders:
            if os.path.islink(os.path.join(here, name)):
                yield os.path.join(here, name)
        try:
            os.rmdir(here)
        except OSError:
            continue  # not empty: what is in it was named


def _remove_list(folder: bytes) -> None:
    """A list that cannot be removed names nothing that is there any more; the next removal tries again."""
    with suppress(OSError):
        os.unlink(folder + LIST_SUFFIX)


def _make_folder(path: bytes, method: FarmMethod, mode: int = 0o777) -> None:
    try:
        os.makedirs(path, mode=mode, exist_ok=True)
    except OSError as error:
        raise _trouble(error, method, path) from error


def _place(folder: bytes, move: PlannedMove, method: FarmMethod, disk: Disk) -> None:
    target = os.path.join(folder, move.target)
    if method is FarmMethod.SYMLINK:
        os.lstat(move.source.absolute)  # a link to nothing would show nothing
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
