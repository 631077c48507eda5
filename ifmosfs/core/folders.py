"""What a run does to folders: make them first, remove emptied ones last, and keep account of their times.

A folder's times are recorded before the run changes anything in it, so that a rollback can give them back. The time recorded
with a removed folder is the one from before the run, too, and not the one its last file left behind.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ifmosfs.core.effects import (
    Response,
    conflict,
    disk_failed,
    failed,
    lstat_or_none,
    parent,
    raise_if_final,
    response_to,
    settled,
    skipped,
    sync_folders,
)
from ifmosfs.core.errors import DiskFull
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.journal import FolderMeta, Operation, OpKind, OpState, Outcome
from ifmosfs.core.names import ancestors, components
from ifmosfs.core.ports import Disk
from ifmosfs.core.reports import WORDS, error_line, problem
from ifmosfs.core.runlog import RunLog, Settled


@dataclass(frozen=True, slots=True)
class NewFolder:
    """A folder to make with exactly this mode, or, where `meta` is given, as it was before it was removed."""

    place: Place
    mode: int
    meta: FolderMeta | None = None
    inverse_of: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class DoomedFolder:
    """A folder to remove if it is empty by then."""

    place: Place
    inverse_of: tuple[str, int] | None = None


class FoldersMade(NamedTuple):
    """The folders that could not be made, by absolute path, with the reason; and whether the disk got full."""

    blocked: dict[bytes, Outcome]
    full: bool


def make_folders(wanted: Sequence[NewFolder], times: Sequence[Operation], disk: Disk, log: RunLog) -> FoldersMade:
    """Make the folders that are missing, parents first, and write the intents of the times with theirs.

    Raises: DiskFailed.
    """
    blocked: dict[bytes, Outcome] = {}
    missing: list[tuple[Operation, NewFolder]] = []
    for each in wanted:
        operation = Operation(
            log.next_seq(), OpKind.MKDIR, None, each.place, folder=each.meta, inverse_of=each.inverse_of
        )
        verdict = blocked.get(parent(each.place).absolute) or _look_before(each, operation, disk)
        if verdict is None:
            missing.append((operation, each))
        elif verdict.state is not OpState.SKIPPED:
            blocked[each.place.absolute] = verdict
    log.intend([*times, *(operation for operation, _ in missing)])
    rows, full = _make_all(missing, disk)
    made = [operation.target for operation, outcome in rows if outcome.state is OpState.DONE and operation.target]
    sync_folders(disk, {place: None for each in made for place in (parent(each), each)})
    log.settle(rows)
    for operation, outcome in rows:
        if outcome.state in {OpState.CONFLICT, OpState.FAILED} and operation.target is not None:
            blocked[operation.target.absolute] = outcome
    return FoldersMade(blocked, full)


def _look_before(wanted: NewFolder, operation: Operation, disk: Disk) -> Outcome | None:
    """`None` if the folder is to be made; it is nobody's business of this run if it is there already."""
    try:
        found = lstat_or_none(disk, wanted.place)
    except OSError as error:
        _raise_if_fatal(error, wanted.place)
        return failed(operation, "folder-refused", error.strerror)
    if found is None:
        return None
    return skipped(operation) if found.kind is Kind.FOLDER else conflict(operation, "folder-name-taken")


def _make_all(missing: Sequence[tuple[Operation, NewFolder]], disk: Disk) -> tuple[list[Settled], bool]:
    """What became of each, and whether the disk got full; then the remaining ones are not tried."""
    rows: list[Settled] = []
    full = False
    for operation, wanted in missing:
        try:
            outcome = skipped(operation) if full else _make(operation, wanted, disk)
        except DiskFull:
            outcome, full = skipped(operation, "disk-full"), True
        rows.append((operation, outcome))
    return rows, full


def _make(operation: Operation, wanted: NewFolder, disk: Disk) -> Outcome:
    try:
        disk.make_folder(wanted.place, wanted.mode)
    except OSError as error:
        if error.errno == errno.EEXIST:
            return _made_by_another(operation, wanted, disk)
        raise_if_final(error, wanted.place)
        return failed(operation, "folder-refused", error.strerror)
    return made(operation, wanted.place, wanted.meta, disk)


def made(operation: Operation, place: Place, meta: FolderMeta | None, disk: Disk) -> Outcome:
    """DONE for a folder that is there now, after giving it back what it had before it was removed."""
    error_text = None
    try:
        if meta is not None:
            disk.restore_folder(place, meta)
    except OSError as error:
        _raise_if_fatal(error, place)
        error_text = error_line("folder-attributes", error.strerror)
    return Outcome(operation.seq, OpState.DONE, _fingerprint(disk, place), error=error_text)


def _fingerprint(disk: Disk, place: Place) -> Fingerprint | None:
    found = folder_or_none(disk, place)
    return None if found is None else found.fingerprint


def _made_by_another(operation: Operation, wanted: NewFolder, disk: Disk) -> Outcome:
    found = folder_or_none(disk, wanted.place)
    return skipped(operation) if found is not None else conflict(operation, "folder-name-taken")


class FolderTimes:
    """The folders that a run will change, as they were before it, each with its TIMES operation."""

    def __init__(self) -> None:
        self.operations: dict[bytes, Operation] = {}

    def record(self, places: Iterable[Place], disk: Disk, log: RunLog) -> None:
        """Look at each existing folder once, under whichever of its places comes first."""
        for place in places:
            if place.absolute in self.operations:
                continue
            found = folder_or_none(disk, place)
            if found is not None:
                operation = Operation(log.next_seq(), OpKind.TIMES, None, place, expected=found.fingerprint)
                self.operations[place.absolute] = operation

    def before(self, place: Place) -> Fingerprint | None:
        """What a folder was before the run, `None` if it was not there or was not to be changed."""
        operation = self.operations.get(place.absolute)
        return None if operation is None else operation.expected

    def settle(self, wanted: Sequence[tuple[Place, int]], disk: Disk, log: RunLog) -> None:
        """Set the wanted times (ns since the epoch), then record for every folder what it is like now. A refusal is told in the
        folder's outcome; of a folder that the run itself has made, which has none here, beside the outcomes.

        Raises: DiskFailed.
        """
        refused = _set_all(wanted, disk)
        for path in refused.keys() - self.operations.keys():
            log.tally.problems.append(problem("folder-times", path, words=f"{WORDS['folder-times']} ({refused[path]})"))
        rows = [self._row(key, operation, refused, disk) for key, operation in self.operations.items()]
        there = [each.target for each, outcome in rows if outcome.arrived is not None and each.target is not None]
        sync_folders(disk, {place.absolute: place for place in [*there, *_existing(wanted, disk)]}.values())
        log.settle(rows)

    def _row(self, key: bytes, operation: Operation, refused: Mapping[bytes, str], disk: Disk) -> Settled:
        if operation.target is None:
            raise ValueError(f"times of no folder: {operation}")
        now = folder_or_none(disk, operation.target)
        if now is None:
            return operation, skipped(operation, "vanished")
        if key in refused:
            return operation, replace(failed(operation, "folder-times", refused[key]), arrived=now.fingerprint)
        return operation, Outcome(operation.seq, OpState.DONE, now.fingerprint)


def _existing(wanted: Sequence[tuple[Place, int]], disk: Disk) -> list[Place]:
    return [place for place, _ in wanted if folder_or_none(disk, place) is not None]


def _set_all(wanted: Sequence[tuple[Place, int]], disk: Disk) -> dict[bytes, str]:
    """Set the times; the folders where that was refused, with the operating system's word."""
    refused = {}
    for place, mtime_ns in wanted:
        try:
            found = folder_or_none(disk, place)
            if found is not None and found.mtime_ns != mtime_ns:
                disk.set_times(place, None, mtime_ns)
        except OSError as error:
            _raise_if_fatal(error, place)
            if response_to(error) is not Response.VANISHED:
                refused[place.absolute] = error.strerror or str(error)
    return refused


def folder_or_none(disk: Disk, place: Place) -> Attr | None:
    try:
        found = lstat_or_none(disk, place)
    except OSError as error:
        _raise_if_fatal(error, place)
        return None  # not to be looked at: it will refuse the moves, too, and they say why
    return found if found is not None and found.kind is Kind.FOLDER else None


def remove_emptied(
    doomed: Sequence[DoomedFolder],
    times: FolderTimes,
    disk: Disk,
    log: RunLog,
    *,
    upwards: Callable[[Place], bool],
) -> None:
    """Remove those of the folders that are empty, deepest first; then their parents where `upwards` allows.

    Only rmdir is ever used, so a folder that has anything in it stays. Raises: DiskFailed.
    """
    by_depth: dict[int, dict[bytes, DoomedFolder]] = {}
    for each in doomed:
        _add(by_depth, each)
    rows: list[Settled] = []
    while by_depth:
        level = list(by_depth.pop(max(by_depth)).values())
        here = {each.place.absolute: _removal(each, times, disk, log) for each in level if _is_there(each, disk)}
        operations = [operation for operation in here.values() if operation is not None]
        log.intend(operations)
        outcomes = {operation.seq: _remove(operation, disk) for operation in operations}
        rows += [(operation, outcomes[operation.seq]) for operation in operations]
        for each in level:
            operation = here.get(each.place.absolute)
            stays = each.place.absolute in here and (
                operation is None or outcomes[operation.seq].state is not OpState.DONE
            )
            above = parent(each.place)
            if not stays and above.path and upwards(above):  # gone: by us now, or by an earlier, interrupted run
                _add(by_depth, DoomedFolder(above))
    removed = [each.source for each, outcome in rows if outcome.state is OpState.DONE and each.source is not None]
    gone = {place.absolute for place in removed}
    sync_folders(disk, {parent(place): None for place in removed if parent(place).absolute not in gone})
    log.settle(rows)


def _add(by_depth: dict[int, dict[bytes, DoomedFolder]], each: DoomedFolder) -> None:
    depth = len(components(each.place.absolute))
    by_depth.setdefault(depth, {}).setdefault(each.place.absolute, each)


def _is_there(doomed: DoomedFolder, disk: Disk) -> bool:
    return folder_or_none(disk, doomed.place) is not None


def _removal(doomed: DoomedFolder, times: FolderTimes, disk: Disk, log: RunLog) -> Operation | None:
    """The intent, with all that is needed to make the folder again; `None` if it is not there or has anything in it."""
    place = doomed.place
    try:
        found = folder_or_none(disk, place)
        if found is None or disk.list_folder(place):
            return None
        meta = disk.folder_meta(place)
    except OSError as error:
        _raise_if_fatal(error, place)
        return None
    before = times.before(place)
    if before is not None:
        meta = replace(meta, mtime_ns=before.mtime_ns)
    return Operation(
        log.next_seq(),
        OpKind.RMDIR,
        place,
        None,
        expected=found.fingerprint,
        folder=meta,
        inverse_of=doomed.inverse_of,
    )


def _remove(operation: Operation, disk: Disk) -> Outcome:
    if operation.source is None:
        raise ValueError(f"no folder to remove: {operation}")
    try:
        disk.remove_folder(operation.source)
    except OSError as error:
        _raise_if_fatal(error, operation.source)
        if response_to(error) in {Response.CONFLICT, Response.VANISHED}:
            return skipped(operation, "folder-not-empty")
        return settled(operation, OpState.FAILED, "refused", error.strerror)
    return Outcome(operation.seq, OpState.DONE)


def _raise_if_fatal(error: OSError, place: Place) -> None:
    """Folders at the end of a run are a matter of order, not of content: only a failing disk stops for them."""
    if response_to(error) is Response.FATAL:
        raise disk_failed(error, place) from error


def changing(entered: Iterable[Place], left: Iterable[Place], *, upwards: bool) -> list[Place]:
    """The folders that a run may change: those in which it makes something or to which it brings it, and those that it takes
    files from.

    `upwards`: emptied folders are removed, so that the folders above them may change, too, up to their root.
    """
    found = dict.fromkeys(entered)
    for folder in left:
        if folder in found and not upwards:
            continue
        found[folder] = None
        if upwards and folder.path:
            found.update(dict.fromkeys(Place(folder.root, path) for path in ancestors(folder.path)))
            found[Place(folder.root, b"")] = None
    return list(found)
