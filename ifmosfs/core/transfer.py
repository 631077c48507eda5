"""A move to another filesystem: copy, publish, quarantine, remove; each phase durable before the next begins.

The phases take an operation with the outcome it has so far and return the next one. A run starts them all at INTENT; recovery
starts each where the disk says that it stands. A file is removed here only in three cases, always through `unlink_checked`:
the run's own unfinished copy, the run's own published copy when its source stays where it is, and the quarantined source once
its published copy has been looked at again.

Of a unit (`core.all_or_none`) all members are done or none. When one fails, the others retreat from the state that they are in,
which is possible until the first source is removed; before that all of the unit are looked at once more. Members that need no
copy are renamed when the copies of the others are published. No member is settled as done before all of the unit are.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from blake3 import blake3

from ifmosfs.core.all_or_none import put_back, stays
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
    move_by_rename,
    raise_if_final,
    response_to,
    sibling,
    skipped,
    sync_folders,
    vanished_from,
)
from ifmosfs.core.errors import DiskFull
from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.journal import SETTLED, Operation, OpState, Outcome
from ifmosfs.core.names import display, unfinished_name
from ifmosfs.core.ports import Disk, DiskReader
from ifmosfs.core.reports import error_line
from ifmosfs.core.runlog import Settled


def temporary_place(run_id: str, operation: Operation) -> Place:
    """Where an operation's unfinished copy lies: beside its target, under a name made of run and number."""
    return sibling(ends(operation)[1], unfinished_name("t", run_id, operation.seq))


def quarantine_place(run_id: str, operation: Operation) -> Place:
    """Where an operation's source waits to be removed: beside where it was."""
    return sibling(ends(operation)[0], unfinished_name("q", run_id, operation.seq))


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
    if error.errno == errno.EOPNOTSUPP:
        return failed(operation, "attributes-not-kept")
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


def retreat(operation: Operation, outcome: Outcome, disk: Disk, run_id: str, verdict: Outcome) -> Outcome:
    """Undo what has been done for an operation that is not finished, because its unit stays: `verdict`, or what it came to.

    Raises: DiskFailed.
    """
    match outcome.state:
        case OpState.COPIED:
            return _give_up_copy(operation, outcome, disk, run_id, verdict)
        case OpState.PUBLISHED:
            return _give_up_published(operation, outcome, disk, verdict)
        case OpState.QUARANTINED:
            if not give_name_back(operation, disk, run_id):
                return failed(operation, "rescued", display(quarantine_place(run_id, operation).absolute))
            return _give_up_published(operation, outcome, disk, verdict)
        case OpState.DONE:
            return put_back(operation, outcome, disk, verdict)
        case _:
            return verdict


def _give_up_copy(operation: Operation, outcome: Outcome, disk: Disk, run_id: str, verdict: Outcome) -> Outcome:
    temporary = temporary_place(run_id, operation)
    if _look(disk, ends(operation)[0]) is None:  # somebody removed the source: this is the only copy left
        return failed(operation, "rescued", display(temporary.absolute))
    _discard(disk, temporary, outcome.arrived)
    return verdict


def _give_up_published(operation: Operation, outcome: Outcome, disk: Disk, verdict: Outcome) -> Outcome:
    if _look(disk, ends(operation)[0]) is None:
        return replace(outcome, state=OpState.DONE, error=error_line("unit-split", "its old name is gone"))
    return _withdraw(operation, outcome, disk, verdict)


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
    near: Collection[int] = frozenset(),
) -> Transfer:
    """Carry rows through the remaining phases. `settle` makes one phase's outcomes durable, after their sync.

    When `halted` says so no further file or unit is begun; those already copied are brought to their end.
    `copied` is told the number of files after each copy, which is the part that takes long.
    `near`: the numbers of those members of units that a rename can do.
    Raises: DiskFailed.
    """
    under_way = _Transfer(rows, disk, run_id, near)
    for phase in PHASES:
        changed, touched = under_way.carry(phase, halted, copied)
        sync_folders(disk, folders_of(touched))
        settle(changed)
    return Transfer(tuple(under_way.rows), under_way.full)


class _Transfer:
    """One transfer under way. `rows` are as they stand; members of units among them may be ahead of the journal."""

    def __init__(self, rows: Iterable[Settled], disk: Disk, run_id: str, near: Collection[int]) -> None:
        self.rows = list(rows)
        self.full: DiskFull | None = None
        self._disk = disk
        self._run_id = run_id
        self._near = near
        self._units: dict[int, list[int]] = {}
        for index, (operation, _) in enumerate(self.rows):
            if operation.unit:
                self._units.setdefault(operation.unit, []).append(index)
        self._begun: set[int] = set()
        self._over: set[int] = set()  # units that stay
        self._looked_at: set[int] = set()
        self._targets: dict[int, set[bytes]] = {}
        self._changed: dict[int, None] = {}
        self._touched: list[Operation] = []

    def carry(
        self, phase: Phase, halted: Callable[[], bool], copied: Callable[[int], None]
    ) -> tuple[list[Settled], list[Operation]]:
        """Take every row that stands before the phase through it: what is to be settled, and what is to be synced first."""
        self._changed, self._touched = {}, []
        n_copied = 0
        for index, (operation, outcome) in enumerate(self.rows):
            effect = self._effect(phase, operation, outcome)
            if effect is None:
                continue
            if phase.before is OpState.INTENT and self._may_not_begin(operation, halted):
                after = skipped(operation)
            else:
                after = self._advance(effect, operation, outcome)
            if phase.before is not OpState.INTENT or after.state is OpState.COPIED:
                self._touched.append(operation)
            self.rows[index] = operation, after
            self._changed[index] = None
            if phase.before is OpState.INTENT:
                n_copied += 1
                copied(n_copied)
            if operation.unit and after.state in SETTLED and after.state is not OpState.DONE:
                self._retreat(index)
        return self._to_settle(), self._touched

    def _effect(self, phase: Phase, operation: Operation, outcome: Outcome) -> PhaseEffect | None:
        """What the phase does with a row, `None` if nothing."""
        if operation.unit in self._over:
            return None
        if outcome.state is OpState.INTENT and operation.seq in self._near:
            return _rename if phase.before is OpState.COPIED else None
        if outcome.state is not phase.before:
            return None
        if operation.unit and phase.before is OpState.INTENT and self._is_tangled(operation):
            return _refuse_tangled
        if operation.unit and phase.before is OpState.QUARANTINED:
            self._look_at_all(operation.unit)
            return None if operation.unit in self._over else phase.effect
        return phase.effect

    def _may_not_begin(self, operation: Operation, halted: Callable[[], bool]) -> bool:
        if operation.unit in self._begun:
            return self.full is not None
        if self.full is not None or halted():
            return True
        if operation.unit:
            self._begun.add(operation.unit)
        return False

    def _advance(self, effect: PhaseEffect, operation: Operation, outcome: Outcome) -> Outcome:
        try:
            return effect(operation, outcome, self._disk, self._run_id)
        except DiskFull as error:
            self.full = error
            return skipped(operation, "disk-full")

    def _is_tangled(self, operation: Operation) -> bool:
        """Whether the name that a copied file leaves is taken by another of its unit: it is not free until all are done."""
        if operation.unit not in self._targets:
            members = (self.rows[index][0] for index in self._units[operation.unit])
            self._targets[operation.unit] = {ends(each)[1].absolute for each in members}
        return ends(operation)[0].absolute in self._targets[operation.unit]

    def _look_at_all(self, unit: int) -> None:
        """Once more before the first source of a unit is removed, for then there is no way back."""
        if unit in self._looked_at:
            return
        self._looked_at.add(unit)
        for index in self._units[unit]:
            operation, outcome = self.rows[index]
            if outcome.state is OpState.QUARANTINED and not self._still_holds(operation, outcome):
                self.rows[index] = operation, self._advance(remove_quarantined, operation, outcome)
                self._touched.append(operation)
                self._retreat(index)
                return

    def _still_holds(self, operation: Operation, outcome: Outcome) -> bool:
        _, target, expected = ends(operation)
        arrived, reserved = _look(self._disk, target), _look(self._disk, quarantine_place(self._run_id, operation))
        if arrived is None or outcome.arrived is None or not arrived.same_file(outcome.arrived):
            return False
        return reserved is None or reserved.same_file(expected)

    def _retreat(self, guilty: int) -> None:
        """One member cannot be moved, so the others go back from where they are, the last one first."""
        operation, outcome = self.rows[guilty]
        self._over.add(operation.unit)
        self._changed[guilty] = None
        for index in reversed(self._units[operation.unit]):
            member, so_far = self.rows[index]
            if index == guilty or so_far.state in {OpState.CONFLICT, OpState.FAILED, OpState.SKIPPED}:
                continue
            verdict = stays(member, operation, outcome)
            self.rows[index] = member, retreat(member, so_far, self._disk, self._run_id, verdict)
            self._touched.append(member)

    def _to_settle(self) -> list[Settled]:
        """The rows that the journal may learn of now: a unit's when all of it are settled, and before that its progress."""
        seen: dict[int, None] = {}
        for index in self._changed:
            operation, outcome = self.rows[index]
            if not operation.unit:
                seen[index] = None
            elif operation.unit in self._over or self._is_whole(operation.unit):
                seen.update(dict.fromkeys(self._units[operation.unit]))
            elif outcome.state not in SETTLED:
                seen[index] = None
        return [self.rows[index] for index in sorted(seen)]

    def _is_whole(self, unit: int) -> bool:
        return all(self.rows[index][1].state is OpState.DONE for index in self._units[unit])


def _rename(operation: Operation, outcome: Outcome, disk: Disk, run_id: str) -> Outcome:
    """DONE for a member of a unit that needs no copy; or why not."""
    del outcome, run_id
    moved = move_by_rename(operation, disk)
    return failed(operation, "refused", "another mount of the same filesystem") if moved is None else moved


def _refuse_tangled(operation: Operation, outcome: Outcome, disk: Disk, run_id: str) -> Outcome:
    del outcome, disk, run_id
    return failed(operation, "unit-elsewhere")
