"""One move by rename, and the one table that says what each error of the operating system means for a run.

Nothing here writes to the journal: the caller has made the intent durable before, and settles what is returned after a sync.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from ifmosfs.core.errors import DiskFailed, DiskFull
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.journal import Operation, OpKind, OpState, Outcome
from ifmosfs.core.names import SEPARATOR, components, display, split
from ifmosfs.core.ports import SHORT_OF_MEANS, Disk, DiskReader
from ifmosfs.core.reports import error_line
from ifmosfs.core.vault import origin_of


class Response(Enum):
    """What the run does about an error."""

    CONFLICT = auto()  # the name is taken: nothing is done, the others go on
    VANISHED = auto()
    COPY = auto()  # the only errno that means "another filesystem"
    REFUSED = auto()  # this file fails, the others go on
    FULL = auto()  # the run stops at a consistent point
    FATAL = auto()  # the run ends at once and is recovered from the disk; never tried again


POLICY: Final[Mapping[int, Response]] = {
    errno.EEXIST: Response.CONFLICT,
    errno.ENOTEMPTY: Response.CONFLICT,
    errno.EISDIR: Response.CONFLICT,
    errno.ENOENT: Response.VANISHED,
    errno.EXDEV: Response.COPY,
    **dict.fromkeys(
        (
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.EBUSY,
            errno.ETXTBSY,
            errno.ENAMETOOLONG,
            errno.ELOOP,
            errno.ENOTDIR,
            errno.EINVAL,
            errno.EILSEQ,
            errno.EMLINK,
            errno.EFBIG,
            errno.ENOSYS,
            errno.EOPNOTSUPP,
        ),
        Response.REFUSED,
    ),
    errno.ENOSPC: Response.FULL,
    errno.EDQUOT: Response.FULL,
    errno.EIO: Response.FATAL,
    errno.ESTALE: Response.FATAL,
    errno.ENOTCONN: Response.FATAL,
}


RELATIVE_LINK: Final = "relative-link"
ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR})


def response_to(error: OSError) -> Response:
    """What to do about an error; one that is not in the table is as bad as the worst."""
    return POLICY.get(error.errno or 0, Response.FATAL)


def settled(operation: Operation, state: OpState, code: str, detail: str | None = None) -> Outcome:
    """An outcome with nothing at the target, and its reason."""
    return Outcome(operation.seq, state, error=error_line(code, detail))


def conflict(operation: Operation, code: str, detail: str | None = None) -> Outcome:
    """Nothing was done because the disk is not what was planned on."""
    return settled(operation, OpState.CONFLICT, code, detail)


def failed(operation: Operation, code: str, detail: str | None = None) -> Outcome:
    """Nothing was done because it was refused, or something needs a person's eye."""
    return settled(operation, OpState.FAILED, code, detail)


def skipped(operation: Operation, code: str = "not-reached") -> Outcome:
    """Not tried; its turn comes when the run is taken up again."""
    return settled(operation, OpState.SKIPPED, code)


def raise_if_final(error: OSError, place: Place) -> None:
    """Raise DiskFull or DiskFailed where the error means the end of the whole run; else return."""
    response = response_to(error)
    if response is Response.FULL:
        raise DiskFull("no space is left", path=place.absolute, hint="free some space, then go on") from error
    if response is Response.FATAL:
        raise disk_failed(error, place) from error


def disk_failed(error: OSError, place: Place) -> DiskFailed:
    """The exception for an error after which only a look at the disk tells what holds."""
    said = error.strerror or error
    if error.errno in SHORT_OF_MEANS:  # no fault of the disk, but it stops a run as one does
        hint = "raise the limit (ulimit -n) or close other programs, then run the command again: it recovers first"
        return DiskFailed(f"the system has no more of it ({said})", path=place.absolute, hint=hint)
    hint = "check the disk, then run the command again: it recovers first"
    return DiskFailed(f"the disk failed ({said})", path=place.absolute, hint=hint)


def blame(operation: Operation, error: OSError, place: Place) -> Outcome:
    """What an error at `place` means for one operation.

    Raises: DiskFull, DiskFailed where it means the end of the whole run.
    """
    raise_if_final(error, place)
    response = response_to(error)
    if response is Response.CONFLICT:
        return conflict(operation, "name-taken")
    if response is Response.VANISHED:
        return conflict(operation, "vanished")
    return failed(operation, "refused", error.strerror)


def parent(place: Place) -> Place:
    """The folder that a place is in."""
    return Place(place.root, split(place.path)[0])


def sibling(place: Place, name: bytes) -> Place:
    """Another name in the same folder."""
    folder = split(place.path)[0]
    return Place(place.root, folder + b"/" + name if folder else name)


def ends(operation: Operation) -> tuple[Place, Place, Fingerprint]:
    """Source, target and expected fingerprint of a move, which always has all three."""
    if operation.source is None or operation.target is None or operation.expected is None:
        raise ValueError(f"not a move: {operation}")
    return operation.source, operation.target, operation.expected


def folders_of(operations: Iterable[Operation]) -> list[Place]:
    """The folders that moves take from and bring to, each once."""
    folders: dict[tuple[bytes, bytes], None] = {}
    for each in operations:
        for place in (each.source, each.target):
            if place is not None:
                folders[place.root, place.path.rpartition(SEPARATOR)[0]] = None
    return [Place(root, path) for root, path in folders]


def names_of(operation: Operation) -> set[bytes]:
    """The absolute paths of both ends of a move."""
    source, target, _ = ends(operation)
    return {source.absolute, target.absolute}


def sync_folders(disk: Disk, folders: Iterable[Place]) -> None:
    """Return when the changes in these folders are durable.

    Raises: DiskFailed on any error: the pages may be marked clean by now, so a second try would prove nothing.
    """
    listed = list(folders)
    if not listed:
        return
    try:
        disk.sync(listed)
    except OSError as error:
        raise disk_failed(error, listed[0]) from error


def lstat_or_none(disk: DiskReader, place: Place) -> Attr | None:
    """The attributes, or `None` where nothing is. Other errors are raised as they are."""
    try:
        return disk.lstat(place)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def look_at(disk: DiskReader, place: Place) -> Attr | None:
    """What is at a place now; `None` also for what cannot be looked at. Raises: DiskFailed on an I/O error."""
    try:
        return lstat_or_none(disk, place)
    except OSError as error:
        if response_to(error) is Response.FATAL:
            raise disk_failed(error, place) from error
        return None


Writers = Container[tuple[int, int]]  # (device, inode) of files that a program has open for writing
NOBODY: Final[Writers] = frozenset()


def check_source(operation: Operation, disk: Disk, busy: Writers = NOBODY) -> Attr | Outcome:
    """The attributes of the source if it is still what was planned, and may be moved now, else the conflict."""
    source, _, expected = ends(operation)
    try:
        attr = lstat_or_none(disk, source)
    except OSError as error:
        return blame(operation, error, source)
    if attr is None:
        return conflict(operation, "vanished")
    kind = attr.kind
    if kind is Kind.FOLDER or not (attr.is_file(expected) or _is_renumbered(attr, operation, disk)):
        return conflict(operation, "became-folder" if kind is Kind.FOLDER else "changed")
    if busy is not NOBODY and (attr.device, attr.inode) in busy:
        return conflict(operation, "being-written")
    return attr if kind is not Kind.SYMLINK or operation.inverse_of is not None else _check_link(operation, attr, disk)


def _is_renumbered(found: Attr, operation: Operation, disk: Disk) -> bool:
    """Whether what is at the source is what was planned, and has got another number since, on a disk that keeps none."""
    source, _, expected = ends(operation)
    try:
        return expected.same_but_number(found.fingerprint) and not disk.keeps_numbers(source)
    except OSError:
        return False


def _check_link(operation: Operation, attr: Attr, disk: Disk) -> Attr | Outcome:
    """A relative link must mean the same from its new place."""
    source, target, _ = ends(operation)
    try:
        text = estranged_text(source, target, disk)
    except OSError as error:
        return blame(operation, error, source)
    return attr if text is None else conflict(operation, RELATIVE_LINK, display(text))


def estranged_text(source: Place, target: Place, disk: DiskReader) -> bytes | None:
    """The text of a symlink that is not moved because it would mean something else at its target; `None` where it may be.

    In the vault no link is followed, so there it may lie. Raises: OSError where the link cannot be read.
    """
    if origin_of(source.path) is not None or origin_of(target.path) is not None:
        return None
    text = disk.read_link(source)
    return None if points_alike(text, source, target) else text


def points_alike(text: bytes, source: Place, target: Place) -> bool:
    """Whether a symlink's text means the same at both places, whatever it points to.

    Only the leading dots are resolved by name; that is exact, for no folder above a file that is moved is itself a symlink.
    """
    if text.startswith(b"/"):
        return True
    return _start_of(text, source) == _start_of(text, target)


def _start_of(text: bytes, link: Place) -> list[bytes]:
    """The folder that the text leads on from, after its leading dots."""
    folder = components(split(link.absolute.strip(b"/"))[0])
    for name in text.split(b"/"):
        if name == b"..":
            folder = folder[:-1]
        elif name not in {b"", b"."}:
            break
    return folder


def move_by_rename(operation: Operation, disk: Disk, busy: Writers = NOBODY) -> Outcome | None:
    """Move one file without ever replacing another; `None` if it must be copied, being on another filesystem.

    A CARRY moves its folder in the same way, and is never `None`. Raises: DiskFull, DiskFailed.
    """
    if operation.kind is OpKind.CARRY:
        return _carry(operation, disk)
    source, target, expected = ends(operation)
    if not _is_untouched(source, expected, disk, busy):
        checked = check_source(operation, disk, busy)
        if isinstance(checked, Outcome):
            return checked
        if checked.inode != expected.inode:
            operation = replace(operation, expected=checked.fingerprint)
    try:
        disk.rename_noreplace(source, target)
    except OSError as error:
        return _rename_refused(operation, error, disk)
    return _check_arrival(operation, disk)


def _is_untouched(place: Place, expected: Fingerprint, disk: Disk, busy: Writers) -> bool:
    """Whether there is a regular file that nothing has happened to since it was planned (no other has both its inode and its time of
    change), and that nobody writes to. The commonest look of a commit; what is anything else takes `check_source`."""
    try:
        mode, device, inode, ctime_ns = disk.trace(place)
    except OSError:
        return False
    is_it = inode == expected.inode and ctime_ns == expected.ctime_ns and stat.S_ISREG(mode)
    return is_it and (busy is NOBODY or (device, inode) not in busy)


def _carry(operation: Operation, disk: Disk) -> Outcome:
    """Move a folder with all that is in it. Only its inode must be the planned one: what it holds may have changed."""
    source, target, expected = ends(operation)
    try:
        found = lstat_or_none(disk, source)
    except OSError as error:
        return blame(operation, error, source)
    if found is None:
        return conflict(operation, "vanished")
    if not _is_folder(found, expected):
        return conflict(operation, "changed")
    try:
        disk.rename_noreplace(source, target)
    except OSError as error:
        refused = _rename_refused(operation, error, disk)
        return failed(operation, "folder-elsewhere") if refused is None else refused
    return _check_carried(operation, disk)


def _is_folder(attr: Attr, expected: Fingerprint) -> bool:
    return attr.kind is Kind.FOLDER and attr.fingerprint.same_inode(expected)


def _rename_refused(operation: Operation, error: OSError, disk: Disk) -> Outcome | None:
    source, target, _ = ends(operation)
    response = response_to(error)
    if response is Response.COPY:
        return None
    if response is Response.VANISHED:
        return vanished_from(operation, disk)
    return blame(operation, error, target if response is Response.CONFLICT else source)


def vanished_from(operation: Operation, disk: Disk) -> Outcome:
    """ENOENT may mean either end: tell a vanished source from a target folder that is not there."""
    try:
        there = lstat_or_none(disk, ends(operation)[0]) is not None
    except OSError as error:
        return blame(operation, error, ends(operation)[0])
    return failed(operation, "target-folder-missing") if there else conflict(operation, "vanished")


def _check_arrival(operation: Operation, disk: Disk) -> Outcome:
    """A program may have saved over the source between the look and the rename: then the newer file goes back."""
    _, target, expected = ends(operation)
    try:
        arrived = disk.arrival(target, expected)
    except OSError as error:
        if error.errno in ABSENT:
            return conflict(operation, "vanished")
        raise disk_failed(error, target) from error
    if arrived.same_file(expected):
        return Outcome(operation.seq, OpState.DONE, arrived)
    return _put_back(operation, disk)


def _check_carried(operation: Operation, disk: Disk) -> Outcome:
    """The same for a folder, in which anything may have changed."""
    _, target, expected = ends(operation)
    try:
        arrived = lstat_or_none(disk, target)
    except OSError as error:
        raise disk_failed(error, target) from error
    if arrived is None:
        return conflict(operation, "vanished")
    if _is_folder(arrived, expected):
        return Outcome(operation.seq, OpState.DONE, arrived.fingerprint)
    return _put_back(operation, disk)


def _put_back(operation: Operation, disk: Disk) -> Outcome:
    source, target, _ = ends(operation)
    try:
        disk.rename_noreplace(target, source)
    except OSError as error:
        if response_to(error) is Response.FATAL:
            raise disk_failed(error, target) from error
        return failed(operation, "misplaced", display(target.absolute))
    return conflict(operation, "changed-while-moving")


def touched_disk(outcome: Outcome) -> bool:
    """Whether an outcome of `move_by_rename` had an effect that must be synced before it is settled."""
    if outcome.state is OpState.DONE:
        return True
    return (outcome.error or "").partition(":")[0] in {"misplaced", "changed-while-moving"}
