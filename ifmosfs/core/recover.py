"""Recovery: finishes an interrupted run by looking at the disk, row by row. The journal's states are only hints.

For each row that is not settled it looks for the file's identity at the source, the target, and under the row's two reserved
names, and takes the step that the table below gives; the steps are those of `effects` and `transfer`. S: the source name holds
the planned file; s: something else; D, d: likewise at the target; Q, T: the quarantined source and the temporary copy.

    source target
    S      -      not done, or not durable: move it now
    -      D      done
    S      D      both names, one inode: take the old name away;  a published copy: go on with it
    S      d      the name is taken: conflict, the source stays
    S      r      r, the placeholder of a move that was killed, is removed, and it is as S -; so is one at any of the other names
    s      -      replaced before the move: conflict; look for the planned inode in both folders
    s      D      done; what has the old name is a new file
    -      d, -   look for the inode in both folders, report
    Q      D      remove Q, once D is proved
    Q      other  give Q its name back; if that is taken, keep Q and say where it is
    T      any    complete and proved: publish it; else remove it while S holds, and begin again

The rows of a unit are decided together, for all or none of it are to be done: it is gone on with in order, and where one of it
cannot be, those that are at their target go back. Of steps through one another's names the later tell what became of the earlier.
A carried folder is told by its inode alone; for it only the first five lines hold.

Nothing is removed but by `unlink_checked`, and the last name of a file never, unless it is such a placeholder. Every step can be
repeated, so an interrupted recovery is recovered in the same way. Afterwards the run is STOPPED: it can be taken up again, or
rolled back.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from ifmosfs.core.all_or_none import stays, unit_end
from ifmosfs.core.effects import (
    blame,
    conflict,
    disk_failed,
    ends,
    failed,
    folders_of,
    lstat_or_none,
    move_by_rename,
    names_of,
    parent,
    sibling,
    skipped,
    sync_folders,
)
from ifmosfs.core.emptying import settled_by_sight
from ifmosfs.core.errors import DiskFull, IfmosfsError, RecoveryNeeded
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.folders import folder_or_none, made
from ifmosfs.core.history import went_forth
from ifmosfs.core.journal import SETTLED, Journal, Operation, OpKind, OpState, Outcome, Recorded, Run, RunState
from ifmosfs.core.names import display, join
from ifmosfs.core.ports import Disk
from ifmosfs.core.renumbered import Numbers, rows_retold
from ifmosfs.core.reports import Problem, RecoveredLine, RecoveryReport, error_line, problem_of
from ifmosfs.core.runlog import Settled
from ifmosfs.core.transfer import content_digest, quarantine_place, retreat, temporary_place, transfer
from ifmosfs.core.values import quick

MOVING: Final = frozenset({OpKind.MOVE, OpKind.CARRY})
LARGEST_REVERIFIED: Final = 10_000  # as many as the largest batch has
UNSETTLED: Final = tuple(state for state in OpState if state not in SETTLED)


def recover(run: Run, disk: Disk, journal: Journal, *, now_ns: Callable[[], int], boot_id: str) -> RecoveryReport:
    """Settle every open row of the run from what the disk shows, finish its last batch, and mark it STOPPED.

    `boot_id` is the present boot's: if it is another than the run's, the last rows that were settled as done are looked at
    again, because drives have been known to lie. A run that is finished already is left alone.

    Raises: DiskFailed, DiskFull (of the journal) and RecoveryNeeded where a place cannot be looked at; it can then be
    called again.
    """
    current = next((each for each in journal.runs() if each.run_id == run.run_id), run)
    if current.state not in {RunState.RUNNING, RunState.NEEDS_RECOVERY}:
        return RecoveryReport(run.run_id, (), (), run.kind, is_forth=_is_forth(run, journal))
    recovery = _Recovery(current, disk, journal)
    recovery.settle_made_folders()
    recovery.settle_moves(reverify=current.boot_id != boot_id)
    recovery.settle_removals()
    recovery.settle_other_folders()
    journal.finish(run.run_id, RunState.STOPPED, now_ns(), current.message or "recovered")
    return recovery.report()


def _is_forth(run: Run, journal: Journal) -> bool:
    return run.run_id in went_forth(journal, journal.runs(run.plan_id))


def is_reservation(found: Attr, coming: Attr) -> bool:
    """Whether something is the placeholder by which a name was reserved for what was to come there, on filesystems that know no better
    way. There is nothing in it; of what is empty itself nobody can tell."""
    if found.kind is not coming.kind or found.mtime_ns != coming.mtime_ns or found.inode == coming.inode:
        return False
    return found.kind is Kind.FOLDER or (found.kind is Kind.FILE and found.size_bytes == 0 < coming.size_bytes)


@quick
@dataclass(frozen=True, slots=True)
class Sighting:
    """What is at the four places of a move. The temporary and the quarantine name are None where nothing is."""

    source: Attr | None
    target: Attr | None
    temporary: Attr | None
    quarantine: Attr | None
    quarantine_at: Place
    expected: Fingerprint

    @property
    def source_holds(self) -> bool:
        """Whether the source name holds the planned file unchanged (S)."""
        return self.source is not None and self.source.fingerprint.same_file(self.expected)

    def arrived(self, meant: Fingerprint | None) -> bool:
        """Whether the target holds the inode that is meant (D), whatever was written to it since."""
        return self.target is not None and self.target.fingerprint.same_inode(meant or self.expected)

    def describe(self) -> str:
        """What was found, in words."""
        parts = [
            "source there" if self.source_holds else "source replaced" if self.source else "source gone",
            "something at the target" if self.target else "nothing at the target",
        ]
        parts += ["unfinished copy"] if self.temporary else []
        parts += ["quarantined source"] if self.quarantine else []
        return ", ".join(parts)


class _Recovery:
    """One recovery under way."""

    def __init__(self, run: Run, disk: Disk, journal: Journal) -> None:
        self._run = run
        self._disk = disk
        self._journal = journal
        self._numbers = Numbers(disk)
        self._lines: list[RecoveredLine] = []
        self._problems: list[Problem] = []
        self._found: dict[int, str] = {}
        self._moved: set[int] = set()  # the rows whose file, or folder, recovery itself was to bring to its target
        self._names: dict[Place, dict[int, bytes]] = {}

    def report(self) -> RecoveryReport:
        """All that was decided so far."""
        is_forth = _is_forth(self._run, self._journal)
        return RecoveryReport(
            self._run.run_id, tuple(self._lines), tuple(self._problems), self._run.kind, is_forth=is_forth
        )

    # Moves

    def settle_moves(self, *, reverify: bool) -> None:
        """Decide every open move, carry on what must be carried on, sync, settle."""
        rows = [row for row in self._open_rows() if row.operation.kind in MOVING]
        if reverify:
            rows = [*self._done_but_not_there(), *rows]
        operations = [row.operation for row in rows]
        decided: list[Settled] = []
        going_on: list[Settled] = []
        claimed: set[bytes] = set()
        start = 0
        while start < len(rows):
            end = unit_end(operations, start)
            if claimed and any(names_of(each) & claimed for each in operations[start:end]):
                self._finish_moves(decided, going_on)  # a chain: what it builds on must have happened
                decided, going_on, claimed = [], [], set()
            settled = self._decide_unit(rows[start:end]) if operations[start].unit else [self._decide_one(rows[start])]
            if all(outcome.state in SETTLED for _, outcome in settled):
                decided += settled
            else:
                going_on += settled
                for operation, _ in settled:
                    claimed |= names_of(operation)
            start = end
        self._finish_moves(decided, going_on)

    def _finish_moves(self, decided: Sequence[Settled], going_on: Sequence[Settled]) -> None:
        there = [each for each, outcome in decided if each.unit or outcome.state is not OpState.SKIPPED]
        there += [each for each, outcome in going_on if outcome.state is OpState.DONE]
        sync_folders(self._disk, self._existing(folders_of(there)))
        self._settle(decided)
        transfer(going_on, self._disk, self._run.run_id, self._settle, halted=lambda: False)

    def _open_rows(self) -> list[Recorded]:
        return rows_retold(list(self._journal.recorded(self._run.run_id, UNSETTLED)), self._disk)

    def _done_but_not_there(self) -> list[Recorded]:
        """The last done moves that the disk does not show so, as rows to decide anew; unclear ones become problems.

        Of a unit all rows are decided anew if one is.
        """
        last: deque[Recorded] = deque(maxlen=LARGEST_REVERIFIED)
        last.extend(
            row for row in self._journal.recorded(self._run.run_id, [OpState.DONE]) if row.operation.kind in MOVING
        )
        last = deque(rows_retold(list(last), self._disk))
        undone = {row.operation.seq: row for row in self._undone(last)}
        units = {row.operation.unit for row in undone.values()} - {0}
        return [
            undone.get(row.operation.seq, row)
            for row in last
            if row.operation.seq in undone or row.operation.unit in units
        ]

    def _undone(self, last: Sequence[Recorded]) -> list[Recorded]:
        left_by = {ends(row.operation)[0].absolute: row.operation.seq for row in last}
        undone = []
        for row in last:
            if left_by.get(ends(row.operation)[1].absolute, 0) > row.operation.seq:
                continue  # what arrived there has gone on since
            seen = self._look(row.operation)
            at_source = seen.source is not None and seen.source.fingerprint.same_inode(seen.expected)
            if at_source and row.outcome.digest is not None and seen.arrived(row.outcome.arrived):
                undone.append(replace(row, outcome=replace(row.outcome, state=OpState.PUBLISHED)))
            elif at_source and (seen.target is None or seen.arrived(seen.expected)):
                undone.append(replace(row, outcome=Outcome(row.operation.seq, OpState.INTENT)))
            elif not seen.arrived(row.outcome.arrived):
                outcome = Outcome(row.operation.seq, OpState.DONE, error=error_line("not-as-committed"))
                self._problems.append(problem_of(row.operation, outcome))
        return undone

    def _look(self, operation: Operation) -> Sighting:
        source, target, expected = ends(operation)
        at_source = self._lstat(source)
        reserved = quarantine_place(self._run.run_id, operation)
        quarantined = self._lstat(reserved)
        if quarantined is None and at_source is None:
            aside = aside_place(operation)
            quarantined = self._lstat(aside)
            reserved = reserved if quarantined is None else aside
        return Sighting(
            source=at_source,
            target=self._lstat(target),
            temporary=self._lstat(temporary_place(self._run.run_id, operation)),
            quarantine=quarantined,
            quarantine_at=reserved,
            expected=expected,
        )

    def _clear_reservations(self, operation: Operation) -> None:
        """Remove the placeholder that a kill has left at one of the names, with what was to come there still at another."""
        source, target, _ = ends(operation)
        reserved, temporary = (way(self._run.run_id, operation) for way in (quarantine_place, temporary_place))
        found = {place: self._lstat(place) for place in (source, target, reserved, temporary)}
        seen = {place: attr for place, attr in found.items() if attr is not None}
        for place, attr in seen.items():
            if attr.kind is Kind.FILE and any(self._is_reservation(place, attr, other) for other in seen.values()):
                self._unlink(place, attr)

    def _is_reservation(self, place: Place, found: Attr, coming: Attr) -> bool:
        """Only drives that keep no numbers either need placeholders; anywhere else an empty file is somebody's, whatever its time."""
        return is_reservation(found, coming) and self._numbers.are_lost(place.root)

    def _lstat(self, place: Place) -> Attr | None:
        try:
            return lstat_or_none(self._disk, place)
        except OSError as error:
            raise cannot_look(error, place) from error

    def _decide_one(self, row: Recorded) -> Settled:
        return row.operation, self._decide(row)

    def _decide_unit(self, rows: Sequence[Recorded]) -> list[Settled]:
        """The outcomes of all rows of a unit: none of them settled as anything but done, or none left at its target."""
        gone_on = self._gone_on(rows)
        settled: list[Settled] = []
        guilty: Settled | None = None
        for row in rows:
            operation = row.operation
            if guilty is not None:
                outcome = self._as_it_stands(row)
            elif row.outcome.state is OpState.DONE:
                outcome = row.outcome
            elif operation.seq in gone_on:
                outcome = Outcome(operation.seq, OpState.DONE, operation.expected)
            else:
                outcome = self._decide(row)
            settled.append((operation, outcome))
            if guilty is None and outcome.state in SETTLED and outcome.state is not OpState.DONE:
                guilty = settled[-1]
        return settled if guilty is None else self._all_back(settled, guilty)

    def _gone_on(self, rows: Sequence[Recorded]) -> set[int]:
        """The numbers of rows whose file has gone on from their target by a later row."""
        gone_on: set[int] = set()
        by_source: dict[bytes, Recorded] = {}
        for row in reversed(rows):
            source, target, expected = ends(row.operation)
            later = by_source.get(target.absolute)
            if later is not None and later.operation.expected is not None:
                same = later.operation.expected.same_inode(expected)
                if same and (later.operation.seq in gone_on or self._has_arrived(later)):
                    gone_on.add(row.operation.seq)
            by_source[source.absolute] = row
        return gone_on

    def _has_arrived(self, row: Recorded) -> bool:
        found = self._lstat(ends(row.operation)[1])
        return found is not None and found.fingerprint.same_inode(row.outcome.arrived or ends(row.operation)[2])

    def _as_it_stands(self, row: Recorded) -> Outcome:
        """The state of a row that is only to be undone, as the disk shows it; what it left unfinished is cleared away."""
        self._clear_reservations(row.operation)
        seen = self._look(row.operation)
        self._found.setdefault(row.operation.seq, seen.describe())
        if seen.quarantine is not None or seen.temporary is not None or row.outcome.digest is not None:
            return self._decide(row)
        if not seen.source_holds and seen.arrived(None) and seen.target is not None:
            return Outcome(row.operation.seq, OpState.DONE, seen.target.fingerprint)
        return Outcome(row.operation.seq, OpState.INTENT)

    def _all_back(self, settled: list[Settled], guilty: Settled) -> list[Settled]:
        for index in range(len(settled) - 1, -1, -1):
            operation, outcome = settled[index]
            if settled[index] is not guilty and outcome.state not in {OpState.CONFLICT, OpState.FAILED}:
                verdict = stays(operation, *guilty)
                settled[index] = operation, retreat(operation, outcome, self._disk, self._run.run_id, verdict)
        return settled

    def _decide(self, row: Recorded) -> Outcome:
        """The settled outcome of a row, or the state from which `transfer` goes on with it."""
        if row.operation.kind is OpKind.CARRY:
            return self._decide_carry(row.operation)
        self._clear_reservations(row.operation)
        seen = self._look(row.operation)
        self._found.setdefault(row.operation.seq, seen.describe())
        if seen.quarantine is not None:
            return self._decide_quarantined(row, seen, seen.quarantine)
        if seen.temporary is not None:
            return self._decide_temporary(row, seen, seen.temporary)
        if row.outcome.state in {OpState.PUBLISHED, OpState.QUARANTINED}:
            return self._decide_published(row, seen)
        if row.outcome.state is OpState.COPIED and seen.arrived(row.outcome.arrived) and row.outcome.arrived:
            published = replace(row.outcome, state=OpState.PUBLISHED, arrived=_now_at(seen.target))
            return self._decide_published(replace(row, outcome=published), seen)
        return self._decide_rename(row.operation, seen)

    def _decide_carry(self, operation: Operation) -> Outcome:
        source, target, expected = ends(operation)
        at_source, at_target = self._lstat(source), self._lstat(target)
        if at_source is not None and at_target is not None and self._is_reservation(target, at_target, at_source):
            with suppress(OSError):  # there is something in it: it is somebody's
                self._disk.remove_folder(target)
            at_target = self._lstat(target)
        is_there = at_source is not None and at_source.fingerprint.same_inode(expected)
        self._found.setdefault(
            operation.seq,
            ("folder there" if is_there else "folder not there")
            + (", something at the target" if at_target else ", nothing at the target"),
        )
        if at_target is not None and at_target.fingerprint.same_inode(expected):
            return Outcome(operation.seq, OpState.DONE, at_target.fingerprint)
        if is_there:
            return conflict(operation, "name-taken") if at_target is not None else self._move(operation)
        code = "changed" if at_source is not None else "vanished"
        return conflict(operation, code, self._search(operation))

    def _decide_rename(self, operation: Operation, seen: Sighting) -> Outcome:
        source, target, _ = ends(operation)
        if source.absolute == target.absolute:
            return conflict(operation, "name-taken")
        if seen.arrived(seen.expected) and seen.target is not None:
            same_inode = seen.source is not None and seen.source.fingerprint.same_inode(seen.target.fingerprint)
            if same_inode:
                return self._take_old_name_away(operation, seen)
            return Outcome(operation.seq, OpState.DONE, seen.target.fingerprint)
        if seen.source_holds:
            if seen.target is not None:
                return conflict(operation, "name-taken")
            return self._move(operation)
        code = "changed" if seen.source is not None else "vanished"
        return conflict(operation, code, self._search(operation))

    def _move(self, operation: Operation) -> Outcome:
        self._moved.add(operation.seq)
        try:
            return move_by_rename(operation, self._disk) or Outcome(operation.seq, OpState.INTENT)
        except DiskFull:  # the file is where it was, which is a consistent end, too
            return skipped(operation, "disk-full")

    def _take_old_name_away(self, operation: Operation, seen: Sighting) -> Outcome:
        """Both names are one inode: the old one goes through the quarantine name, so that nothing newer is ever removed."""
        source, _, _ = ends(operation)
        quarantine = quarantine_place(self._run.run_id, operation)
        try:
            self._disk.rename_noreplace(source, quarantine)
        except OSError as error:
            return blame(operation, error, source)
        again = self._look(operation)
        if again.quarantine is None:
            return conflict(operation, "vanished", self._search(operation))
        if again.target is None:  # the two names were one entry, spelt differently (a filesystem that ignores case)
            return self._finish_respelling(operation, quarantine)
        row = Recorded(operation, Outcome(operation.seq, OpState.INTENT))
        return self._decide_quarantined(row, again, again.quarantine)

    def _finish_respelling(self, operation: Operation, quarantine: Place) -> Outcome:
        target = ends(operation)[1]
        try:
            self._disk.rename_noreplace(quarantine, target)
        except OSError as error:
            blame(operation, error, quarantine)
            return failed(operation, "rescued", display(quarantine.absolute))
        return Outcome(operation.seq, OpState.DONE, _now_at(self._lstat(target)))

    def _decide_quarantined(self, row: Recorded, seen: Sighting, quarantined: Attr) -> Outcome:
        operation, outcome = row.operation, row.outcome
        if outcome.digest is None:
            if seen.target is not None and seen.target.fingerprint.same_inode(quarantined.fingerprint):
                sync_folders(self._disk, [parent(ends(operation)[1])])
                self._unlink(seen.quarantine_at, quarantined)
                return Outcome(operation.seq, OpState.DONE, seen.target.fingerprint)
        elif quarantined.fingerprint.same_file(seen.expected) and self._copy_is_proved(row, seen):
            return replace(outcome, state=OpState.QUARANTINED, arrived=_now_at(seen.target))
        return self._give_name_back(row, seen.quarantine_at)

    def _give_name_back(self, row: Recorded, quarantine: Place) -> Outcome:
        try:
            self._disk.rename_noreplace(quarantine, ends(row.operation)[0])
        except OSError as error:
            outcome = blame(row.operation, error, quarantine)
            if outcome.state is OpState.CONFLICT and error.errno != errno.EEXIST:
                return outcome
            return failed(row.operation, "rescued", display(quarantine.absolute))
        return self._decide(row)

    def _decide_temporary(self, row: Recorded, seen: Sighting, temporary: Attr) -> Outcome:
        operation, outcome = row.operation, row.outcome
        place = temporary_place(self._run.run_id, operation)
        if seen.target is not None and seen.target.fingerprint.same_inode(temporary.fingerprint):
            self._unlink(place, temporary)  # one inode under both names, so nothing of it is lost
            return self._decide(row)
        if outcome.state is OpState.COPIED and self._is_proved(place, temporary, outcome):
            return outcome if seen.source_holds else self._publish_the_only_copy(row)
        if not seen.source_holds:
            return failed(operation, "rescued", display(place.absolute))
        self._unlink(place, temporary)
        return self._decide(replace(row, outcome=Outcome(operation.seq, OpState.INTENT)))

    def _publish_the_only_copy(self, row: Recorded) -> Outcome:
        """The source is no longer what was copied, so the copy is not given up but brought to where it should go."""
        temporary = temporary_place(self._run.run_id, row.operation)
        try:
            self._disk.rename_noreplace(temporary, ends(row.operation)[1])
        except OSError as error:
            blame(row.operation, error, temporary)
            return failed(row.operation, "rescued", display(temporary.absolute))
        return self._decide(row)

    def _decide_published(self, row: Recorded, seen: Sighting) -> Outcome:
        operation, outcome = row.operation, row.outcome
        if seen.target is not None and seen.arrived(outcome.arrived):
            if not seen.source_holds:
                error = error_line("both-kept") if seen.source is not None else None
                return replace(outcome, state=OpState.DONE, arrived=seen.target.fingerprint, error=error)
            if self._copy_is_proved(row, seen):
                return replace(outcome, state=OpState.PUBLISHED, arrived=seen.target.fingerprint)
            return conflict(operation, "copy-gone")
        if seen.source_holds:
            return conflict(operation, "copy-gone")
        return conflict(operation, "changed" if seen.source is not None else "vanished", self._search(operation))

    def _copy_is_proved(self, row: Recorded, seen: Sighting) -> bool:
        return seen.target is not None and self._is_proved(ends(row.operation)[1], seen.target, row.outcome)

    def _is_proved(self, place: Place, attr: Attr, outcome: Outcome) -> bool:
        """Whether a copy is the recorded one and still reads back as it was written."""
        if outcome.arrived is None or not attr.fingerprint.same_file(outcome.arrived):
            return False
        try:
            return content_digest(self._disk, place) == outcome.digest
        except OSError as error:
            raise cannot_look(error, place) from error

    def _unlink(self, place: Place, attr: Attr) -> None:
        try:
            self._disk.unlink_checked(place, attr.fingerprint)
        except OSError as error:
            raise disk_failed(error, place) from error

    def _search(self, operation: Operation) -> str:
        """Where the planned inode is now, if in one of the two folders; a sentence for the report."""
        _, _, expected = ends(operation)
        for folder in folders_of([operation]):
            if folder not in self._names:
                self._names[folder] = self._list(folder)
            name = self._names[folder].get(expected.inode)
            place = Place(folder.root, join(folder.path, name or b""))
            if name is not None and self._holds(place, expected):
                return f"the planned file is now {display(place.absolute)}"
        return "the planned file is in neither folder"

    def _list(self, folder: Place) -> dict[int, bytes]:
        """The names in a folder by inode, as they were when first asked for; recovery looks for many files in few folders."""
        if folder_or_none(self._disk, folder) is None:
            return {}
        try:
            return {attr.inode: name for name, attr in self._disk.list_folder(folder)}
        except OSError as error:
            raise cannot_look(error, folder) from error

    def _holds(self, place: Place, expected: Fingerprint) -> bool:
        found = self._lstat(place)
        return found is not None and found.fingerprint.same_inode(expected)

    # Folders

    def settle_made_folders(self) -> None:
        """A folder that was to be made and is there is the run's; its attributes are given back once more."""
        rows = []
        for row in self._open_rows():
            place = row.operation.target
            if row.operation.kind is not OpKind.MKDIR or place is None:
                continue
            found = folder_or_none(self._disk, place)
            self._found[row.operation.seq] = "folder there" if found else "folder not there"
            outcome = made(row.operation, place, row.operation.folder, self._disk) if found else skipped(row.operation)
            rows.append((row.operation, outcome))
        there = [each.target for each, outcome in rows if outcome.state is OpState.DONE and each.target is not None]
        sync_folders(self._disk, {place: None for each in there for place in (parent(each), each)})
        self._settle(rows)

    def settle_removals(self) -> None:
        """A file that was to be removed and is gone was; one that is there stays."""
        rows = []
        for row in self._open_rows():
            if row.operation.kind is not OpKind.REMOVE or row.operation.source is None:
                continue
            found = _now_at(self._lstat(row.operation.source))
            self._found[row.operation.seq] = "file there" if found else "file not there"
            rows.append((row.operation, settled_by_sight(row.operation, found)))
        gone = [parent(each.source) for each, outcome in rows if outcome.state is OpState.DONE and each.source]
        sync_folders(self._disk, self._existing(gone))
        self._settle(rows)

    def settle_other_folders(self) -> None:
        """A folder that was to be removed and is gone is removed; the times are accounted for as they are now."""
        rows = []
        for row in self._open_rows():
            operation = row.operation
            place = operation.source if operation.kind is OpKind.RMDIR else operation.target
            if operation.kind not in {OpKind.RMDIR, OpKind.TIMES} or place is None:
                continue
            found = folder_or_none(self._disk, place)
            self._found[operation.seq] = "folder there" if found else "folder not there"
            rows.append((operation, _folder_outcome(operation, found)))
        touched = [
            parent(each.source) if each.source else each.target
            for each, outcome in rows
            if outcome.state is OpState.DONE and each.kind is not OpKind.MKDIR
        ]
        sync_folders(self._disk, self._existing([place for place in touched if place is not None]))
        self._settle(rows)

    def _existing(self, places: Sequence[Place]) -> list[Place]:
        return [place for place in dict.fromkeys(places) if folder_or_none(self._disk, place) is not None]

    # Writing down

    def _settle(self, rows: Sequence[Settled]) -> None:
        if not rows:
            return
        self._journal.settle(self._run.run_id, [outcome for _, outcome in rows])
        for operation, outcome in rows:
            if outcome.state not in SETTLED:
                continue
            found, did = (
                self._found.get(operation.seq, ""),
                _did(operation, outcome, is_moved_now=operation.seq in self._moved),
            )
            self._lines.append(
                RecoveredLine(operation.kind, operation.source, operation.target, found, did, outcome.state)
            )
            if outcome.error is not None and outcome.state is not OpState.SKIPPED:
                self._problems.append(problem_of(operation, outcome))


def aside_place(operation: Operation) -> Place:
    """Where a source waits on filesystems without RENAME_NOREPLACE, if a move by link was cut short (`platform.moving`)."""
    source, _, expected = ends(operation)
    return sibling(source, b".ifmosfs-q-%x" % expected.inode)


def _now_at(attr: Attr | None) -> Fingerprint | None:
    return None if attr is None else attr.fingerprint


def _folder_outcome(operation: Operation, found: Attr | None) -> Outcome:
    if operation.kind is OpKind.RMDIR:
        return Outcome(operation.seq, OpState.DONE) if found is None else skipped(operation)
    if found is None:
        return skipped(operation, "vanished")
    return Outcome(operation.seq, OpState.DONE, found.fingerprint)


def _did(operation: Operation, outcome: Outcome, *, is_moved_now: bool) -> str:
    """What recovery did about an operation, in words."""
    if outcome.error is not None:
        return outcome.error.partition(": ")[2]
    if is_moved_now:
        return "moved to its target now" if operation.inverse_of is None else "moved back to where it was now"
    if operation.inverse_of is not None and operation.kind is OpKind.MOVE:
        return "the file is back where it was"
    words = {
        OpKind.MOVE: "the file is at its target",
        OpKind.CARRY: "the folder is at its target",
        OpKind.MKDIR: "the folder was made by the run",
        OpKind.RMDIR: "the folder was removed by the run",
        OpKind.TIMES: "the folder's times were recorded",
        OpKind.REMOVE: "the file was removed; its content is elsewhere",
    }
    return words[operation.kind]


def cannot_look(error: OSError, place: Place) -> IfmosfsError:
    """The exception for a place that recovery cannot look at; the run stays as it is."""
    return RecoveryNeeded(
        f"cannot look at it ({error.strerror or error})",
        path=place.absolute,
        hint="make it accessible again (mount, permissions), then run the command again",
    )
