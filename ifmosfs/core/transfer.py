"""A move to another filesystem: copy, publish, quarantine, remove; each phase durable before the next begins.

The phases take an operation with the outcome it has so far and return the next one. A run starts them all at INTENT; recovery
starts each where the disk says that it stands. A file is removed here only in three cases, always through `unlink_checked`:
the run's own unfinished copy, the run's own published copy when its source turned out to have changed, and the quarantined
source once its published copy has been looked at again.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from blake3 import blake3

from ifmosfs.core.effects import (
    Response,
    blame,
    check_source,
    conflict,
    disk_failed,
    ends,
    failed,
    folders_of,
    lstat_or_none,
    raise_if_final,
    response_to,
    sibling,
    skipped,
    sync_folders,
    vanished_from,
)
from ifmosfs.core.errors import DiskFull
from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.journal import Operation, OpState, Outcome
from ifmosfs.core.names import display
from ifmosfs.core.ports import Disk, DiskReader
from ifmosfs.core.runlog import Settled


def temporary_place(run_id: str, operation: Operation) -> Place:
    """Where an operation's unfinished copy lies: beside its target, under a name made of run and number."""
    return sibling(ends(operation)[1], f".ifmosfs-t-{run_id}-{operation.seq}".encode())


def quarantine_place(run_id: str, operation: Operation) -> Place:
    """Where an operation's source waits to be removed: beside where it was."""
    return sibling(ends(operation)[0], f".ifmosfs-q-{run_id}-{operation.seq}".encode())


def content_digest(disk: DiskReader, place: Place) -> bytes:
    """BLAKE3 of a file's bytes or of a symlink's text."""
    if stat.S_ISLNK(disk.lstat(place).mode):
        return blake3(disk.read_link(place)).digest()
    return disk.digest(place)


def copy_to_temporary(operation: Operation, outcome: Outcome, disk: Disk, run_id: str) -> Outcome:
    """COPIED, or why not; then nothing is left behind."""
    checked = check_source(operation, disk)
    if isinstance(checked, Outcome):
        return checked
    if checked.kind is Kind.OTHER:
        return failed(operation, "special-file")
    if checked.n_links > 1:
        return failed(operation, "hard-linked")
    source, _, expected = ends(operation)
    temporary = temporary_place(run_id, operation)
    try:
        copied = disk.copy(source, temporary, expected)
    except OSError as error:
        return _copy_refused(operation, error, disk, temporary)
    return Outcome(operation.seq, OpState.COPIED, copied.attr.fingerprint, copied.digest)


def _copy_refused(operation: Operation, error: OSError, disk: Disk, temporary: Place) -> Outcome:
    if error.errno == errno.EEXIST:
        return failed(operation, "temporary-name-taken", display(temporary.absolute))
    if error.errno == errno.ESTALE:  # of copy, this is about the source and not about the filesystem
        _discard(disk, temporary, None)
        return conflict(operation, "changed")
    if error.errno == errno.ETXTBSY:
        _discard(disk, temporary, None)
        return conflict(operation, "being-written")
    if response_to(error) is not Response.FATAL:
        _discard(disk, temporary, None)
    if response_to(error) is Response.VANISHED:
        return vanished_from(operation, disk)
    return blame(operation, error, ends(operation)[0])


def _discard(disk: Disk, temporary: Place, expected: Fingerprint | None) -> None:
    """Remove the run's own copy; without a fingerprint, the unfinished one that the reserved name holds."""
    try:
        attr = lstat_or_none(disk, temporary)
        if attr is not None:
            disk.unlink_checked(temporary, expected or attr.fingerprint)
    except OSError as error:
        raise disk_failed(error, temporary) from error


def publish(operation: Operation, outcome: Outcome, disk: Disk, run_id: str) -> Outcome:
    """PUBLISHED: the verified copy has its final name; or why not, with the copy removed."""
    temporary, target = temporary_place(run_id, operation), ends(operation)[1]
    try:
        disk.rename_noreplace(temporary, target)
    except OSError as error:
        if response_to(error) is not Response.FATAL:
            _discard(disk, temporary, outcome.arrived)
        return blame(operation, error, target)
    arrived = _look(disk, target)
    if arrived is None or outcome.arrived is None or not arrived.same_file(outcome.arrived):
        return conflict(operation, "copy-gone")
    return Outcome(operation.seq, OpState.PUBLISHED, arrived, outcome.digest)


def quarantine(operation: Operation, outcome: Outcome, disk: Disk, run_id: str) -> Outcome:
    """QUARANTINED: the source, proved to be what was copied, has its reserved name; or the copy is withdrawn."""
    source, _, expected = ends(operation)
    found = _look(disk, source)
    if found is None:  # removed by someone meanwhile: what arrived is the file
        return Outcome(operation.seq, OpState.DONE, outcome.arrived, outcome.digest)
    reserved = quarantine_place(run_id, operation)
    try:
        if not found.same_file(expected) or content_digest(disk, source) != outcome.digest:
            return _withdraw(operation, outcome, disk, conflict(operation, "changed-while-copying"))
        disk.rename_noreplace(source, reserved)
    except OSError as error:
        return _quarantine_refused(operation, outcome, error, disk)
    if (moved := _look(disk, reserved)) is None or not moved.same_file(expected):
        return _return_source(operation, outcome, disk, run_id)
    return Outcome(operation.seq, OpState.QUARANTINED, outcome.arrived, outcome.digest)


def _quarantine_refused(operation: Operation, outcome: Outcome, error: OSError, disk: Disk) -> Outcome:
    source, _, _ = ends(operation)
    response = response_to(error)
    if response is Response.FATAL:
        raise disk_failed(error, source) from error
    if response is Response.FULL:
        _withdraw(operation, outcome, disk, skipped(operation, "disk-full"))
        raise_if_final(error, source)
    if response is Response.VANISHED:
        return Outcome(operation.seq, OpState.DONE, outcome.arrived, outcome.digest)
    return _withdraw(operation, outcome, disk, failed(operation, "refused", error.strerror))


def _withdraw(operation: Operation, outcome: Outcome, disk: Disk, verdict: Outcome) -> Outcome:
    """Take the published copy away again, unless it is no longer exactly what was put there."""
    target = ends(operation)[1]
    if outcome.arrived is None:
        raise ValueError(f"published without a fingerprint: {operation}")
    try:
        disk.unlink_checked(target, outcome.arrived)
    except OSError as error:
        if error.errno == errno.ESTALE:
            return conflict(operation, "both-kept")
        if error.errno != errno.ENOENT:
            raise disk_failed(error, target) from error
    return verdict


def _return_source(operation: Operation, outcome: Outcome, disk: Disk, run_id: str) -> Outcome:
    """What was quarantined is not what was copied: it gets its name back, and the copy is withdrawn."""
    if not give_name_back(operation, disk, run_id):
        return failed(operation, "rescued", display(quarantine_place(run_id, operation).absolute))
    return _withdraw(operation, outcome, disk, conflict(operation, "changed-while-copying"))


def give_name_back(operation: Operation, disk: Disk, run_id: str) -> bool:
    """Rename the quarantined entry to its old name; False if that name is taken or refused, and it stays where it is."""
    reserved = quarantine_place(run_id, operation)
    try:
        disk.rename_noreplace(reserved, ends(operation)[0])
    except OSError as error:
        if response_to(error) is Response.FATAL:
            raise disk_failed(error, reserved) from error
        return error.errno == errno.ENOENT and _look(disk, ends(operation)[0]) is not None
    return True


def remove_quarantined(operation: Operation, outcome: Outcome, disk: Disk, run_id: str) -> Outcome:
    """DONE: the source's last name is gone, after one more look at what arrived; or the source has its name back."""
    _, target, expected = ends(operation)
    arrived = _look(disk, target)
    if arrived is None or outcome.arrived is None or not arrived.same_file(outcome.arrived):
        if give_name_back(operation, disk, run_id):
            return conflict(operation, "copy-gone")
        return failed(operation, "rescued", display(quarantine_place(run_id, operation).absolute))
    reserved = quarantine_place(run_id, operation)
    try:
        disk.unlink_checked(reserved, expected)
    except OSError as error:
        if error.errno == errno.ESTALE:  # a program that had it open wrote to it
            return _return_source(operation, outcome, disk, run_id)
        if error.errno != errno.ENOENT:
            raise disk_failed(error, reserved) from error
    return Outcome(operation.seq, OpState.DONE, arrived, outcome.digest)


def _look(disk: Disk, place: Place) -> Fingerprint | None:
    """The fingerprint of what is there. In the middle of a transfer, not being able to look ends the run."""
    try:
        attr = lstat_or_none(disk, place)
    except OSError as error:
        raise disk_failed(error, place) from error
    return None if attr is None else attr.fingerprint


PhaseEffect = Callable[[Operation, Outcome, Disk, str], Outcome]


class Phase(NamedTuple):
    """From which state an effect leads on."""

    before: OpState
    effect: PhaseEffect


PHASES: Final = (
    Phase(OpState.INTENT, copy_to_temporary),
    Phase(OpState.COPIED, publish),
    Phase(OpState.PUBLISHED, quarantine),
    Phase(OpState.QUARANTINED, remove_quarantined),
)


class Transfer(NamedTuple):
    """What a transfer of several files came to: the rows as they are settled now, and the full disk that stopped it."""

    rows: tuple[Settled, ...]
    full: DiskFull | None


def transfer(
    rows: Iterable[Settled],
    disk: Disk,
    run_id: str,
    settle: Callable[[Sequence[Settled]], None],
    *,
    halted: Callable[[], bool],
    copied: Callable[[int], None] = lambda n_copied: None,
) -> Transfer:
    """Carry rows through the remaining phases. `settle` makes one phase's outcomes durable, after their sync.

    When `halted` says so no further file is begun; those already copied are brought to their end.
    `copied` is told the number of files after each copy, which is the part that takes long.
    Raises: DiskFailed.
    """
    current = list(rows)
    full: DiskFull | None = None
    for phase in PHASES:
        advanced = []
        for index, (operation, outcome) in enumerate(current):
            if outcome.state is not phase.before:
                continue
            if phase.before is OpState.INTENT and (full is not None or halted()):
                next_outcome = skipped(operation)
            else:
                next_outcome, full = _advance(phase, operation, outcome, disk, run_id, full)
            current[index] = (operation, next_outcome)
            advanced.append((operation, outcome, next_outcome))
            if phase.before is OpState.INTENT:
                copied(len(advanced))
        sync_folders(disk, folders_of(each for each, before, after in advanced if _left_trace(before, after)))
        settle([(each, after) for each, _, after in advanced])
    return Transfer(tuple(current), full)


def _advance(
    phase: Phase, operation: Operation, outcome: Outcome, disk: Disk, run_id: str, full: DiskFull | None
) -> tuple[Outcome, DiskFull | None]:
    try:
        return phase.effect(operation, outcome, disk, run_id), full
    except DiskFull as error:
        return skipped(operation, "disk-full"), error


def _left_trace(before: Outcome, after: Outcome) -> bool:
    """Whether a phase may have changed a folder; a file that was not even copied has not."""
    return before.state is not OpState.INTENT or after.state is OpState.COPIED
