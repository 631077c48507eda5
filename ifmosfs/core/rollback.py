"""Planning a rollback: what to do so that the old places hold again, decided from base, now and old.

*Base* is what the journal says arrived, *now* is what is at the target, *old* is what is at the original place. Newer bytes always
win: a file that was modified or saved anew is moved back as it is now, and said so. An occupied old place is a conflict, and the
file stays. The order that comes out is carried out by `core.execute`, so a rollback is journaled, recoverable, and can itself
be rolled back: give `undo` its run's id. Nothing is written here; the steps are tried on a rehearsal of the disk.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ifmosfs.core.effects import Response, disk_failed, ends, lstat_or_none, response_to
from ifmosfs.core.execute import FolderToRestore, Step, WorkOrder
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.folders import DoomedFolder
from ifmosfs.core.history import RunHistory, Standing, standing
from ifmosfs.core.journal import OpKind, Run, RunState
from ifmosfs.core.names import ancestors, components
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.rehearsal import RehearsalDisk
from ifmosfs.core.reports import Problem, problem

PLAIN_FOLDER_MODE = 0o755


@dataclass(frozen=True, slots=True)
class RollbackOrder:
    """What to execute, and what a person should know before: files that are moved back though they were changed since
    (`modified`), and files that cannot be moved back, each with its reason (`problems`)."""

    order: WorkOrder
    modified: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def plan_rollback(
    run: Run, history: Sequence[RunHistory], disk: DiskReader, *, undo: Collection[str] | None = None
) -> RollbackOrder:
    """The order for `run` that undoes what holds of a plan's runs, given oldest first with all their operations.

    `undo` names the runs to undo; by default all that the commits did, and what was undone already is left out.
    Raises: RecoveryNeeded if one of the runs did not finish; DiskFailed.
    """
    found = standing(history)
    chosen = [each for each in found if _is_wanted(each, undo)]
    planner = _Planner(disk)
    planner.restore_folders(each for each in chosen if each.operation.kind is OpKind.RMDIR)
    planner.move_back([each for each in chosen if each.operation.kind is OpKind.MOVE])
    planner.remove_folders(each for each in chosen if each.operation.kind is OpKind.MKDIR)
    order = WorkOrder(
        run=run,
        folders=tuple(planner.folders),
        steps=tuple(planner.steps),
        folder_times=_old_times(chosen, _restored_by_interrupted(history, found), planner),
        restore_folders=tuple(planner.restored),
        remove_folders=tuple(planner.removed),
    )
    return RollbackOrder(order, tuple(planner.modified), tuple(planner.problems))


def _is_wanted(each: Standing, undo: Collection[str] | None) -> bool:
    return each.operation.inverse_of is None if undo is None else each.run_id in undo


class _Planner:
    """Collects the order while trying each part of it on a rehearsal, where later steps see earlier ones."""

    def __init__(self, disk: DiskReader) -> None:
        self._stage = RehearsalDisk(disk)
        self.restored: list[FolderToRestore] = []
        self.folders: list[tuple[Place, int]] = []
        self.steps: list[Step] = []
        self.removed: list[DoomedFolder] = []
        self.modified: list[Problem] = []
        self.problems: list[Problem] = []

    def look(self, place: Place) -> Attr | None:
        """What would be at the place by now; a place that cannot be looked at counts as empty, and refuses the move later."""
        try:
            return lstat_or_none(self._stage, place)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, place) from error
            return None

    def restore_folders(self, removals: Iterable[Standing]) -> None:
        """Removed folders come back, parents first; one that is there again is left as it is."""
        by_depth = sorted(removals, key=lambda each: len(components(_place(each).path)))
        for each in by_depth:
            place, meta = _place(each), each.operation.folder
            found = self.look(place)
            if found is not None:
                if found.kind is not Kind.FOLDER:
                    self.problems.append(problem("folder-name-taken", place.absolute))
                continue
            if meta is not None and self._make_missing(place):
                self._stage.make_folder(place, meta.mode)
                self.restored.append(FolderToRestore(place, meta, each.key))

    def _make_missing(self, place: Place) -> bool:
        """Plan plain folders for the missing ones above a place; False if its root is gone or a file is in the way."""
        for path in (b"", *ancestors(place.path)):
            above = Place(place.root, path)
            found = self.look(above)
            if found is None and path:
                self._stage.make_folder(above, PLAIN_FOLDER_MODE)
                self.folders.append((above, PLAIN_FOLDER_MODE))
            elif found is None or found.kind is not Kind.FOLDER:
                code = "missing" if found is None else "folder-name-taken"
                self.problems.append(problem(code, above.absolute))
                return False
        return True

    def move_back(self, moves: Sequence[Standing]) -> None:
        """Steps back to the old places, newest first. A name that a later step sets free is tried again after that step:
        recovery may have done an operation after the ones that follow it in the journal."""
        waiting, n_before = list(moves), -1
        while len(waiting) != n_before:
            n_before = len(waiting)
            waiting = [each for each in waiting if not self._move_back(each)]
        for each in waiting:
            old, _, _ = ends(each.operation)
            self.problems.append(problem("name-taken", old.absolute, action_id=each.operation.action_id))

    def _move_back(self, each: Standing) -> bool:
        """Plan a step back, or note why there is none; False if the old name is taken now."""
        old, now, _ = ends(each.operation)
        action_id = each.operation.action_id
        found = self.look(now)
        if found is not None and found.kind is not Kind.FOLDER and self.look(old) is not None:
            return False
        if found is None:
            self.problems.append(problem("gone", now.absolute, action_id=action_id))
        elif found.kind is Kind.FOLDER:
            self.problems.append(problem("became-folder", now.absolute, action_id=action_id))
        elif self._make_missing(old) and self._relocate(now, old, action_id):
            self._note_changes(each, found, now)
            self.steps.append(Step(action_id, now, old, found.fingerprint, each.key))
        return True

    def _relocate(self, now: Place, old: Place, action_id: int) -> bool:
        try:
            self._stage.relocate(now, old)
        except OSError as error:
            code = "name-taken" if error.errno == errno.EEXIST else "refused"
            self.problems.append(problem(code, old.absolute, action_id=action_id))
            return False
        return True

    def _note_changes(self, each: Standing, found: Attr, now: Place) -> None:
        if each.base is None or not found.fingerprint.same_inode(each.base):
            self.modified.append(problem("replaced", now.absolute, action_id=each.operation.action_id))
        elif not found.fingerprint.same_file(each.base):
            self.modified.append(problem("modified", now.absolute, action_id=each.operation.action_id))

    def remove_folders(self, made: Iterable[Standing]) -> None:
        """The folders that the undone runs made go, deepest first, as far as they are the same and empty by then."""
        by_depth = sorted(made, key=lambda each: -len(components(_place(each).absolute)))
        for each in by_depth:
            found = self.look(_place(each))
            if found is not None and each.base is not None and found.fingerprint.same_inode(each.base):
                self.removed.append(DoomedFolder(_place(each), each.key))


def _place(each: Standing) -> Place:
    """The folder that a folder operation is about."""
    place = each.operation.source or each.operation.target
    if place is None:
        raise ValueError(f"an operation on nothing: {each.operation}")
    return place


@dataclass(slots=True)
class _FolderTime:
    """A folder's time on its way back through the runs that changed it."""

    place: Place
    inode: int
    mtime_ns: int
    start_ns: int | None  # `None`: the folder is made anew, so its time is set in any case


def _restored_by_interrupted(history: Sequence[RunHistory], found: Sequence[Standing]) -> list[Standing]:
    """The folders that rollbacks made again which were then interrupted, before they came to set the folders' times."""
    recent = {each.run.run_id for each in takewhile(lambda each: each.run.state is RunState.STOPPED, reversed(history))}
    return [
        each
        for each in found
        if each.run_id in recent and each.operation.kind is OpKind.MKDIR and each.operation.folder is not None
    ]


def _old_times(
    chosen: Sequence[Standing], half_restored: Sequence[Standing], planner: _Planner
) -> tuple[tuple[Place, int], ...]:
    """The times that folders had before, for those that nobody has touched since the runs that are undone."""
    restored = {each.place.absolute: each for each in planner.restored}
    times: dict[bytes, _FolderTime] = {}
    for each in half_restored:
        present = _present_time(_place(each), planner)
        if present is not None and each.base and each.operation.folder and present.inode == each.base.inode:
            times[present.place.absolute] = replace(present, mtime_ns=each.operation.folder.mtime_ns, start_ns=None)
    for each in chosen:
        operation, place = each.operation, _place(each)
        key = place.absolute
        if operation.kind is OpKind.RMDIR and key in restored and operation.folder and operation.expected:
            times[key] = _FolderTime(place, operation.expected.inode, operation.folder.mtime_ns, None)
        elif operation.kind is OpKind.TIMES and operation.expected and each.outcome.arrived:
            known = times.get(key) or _present_time(place, planner)
            if known is not None:
                times[key] = _step_back(known, each.outcome.arrived, operation.expected)
    return tuple((each.place, each.mtime_ns) for each in times.values() if each.mtime_ns != each.start_ns)


def _present_time(place: Place, planner: _Planner) -> _FolderTime | None:
    found = planner.look(place)
    if found is None or found.kind is not Kind.FOLDER:
        return None
    return _FolderTime(place, found.inode, found.mtime_ns, found.mtime_ns)


def _step_back(known: _FolderTime, arrived: Fingerprint, before: Fingerprint) -> _FolderTime:
    if known.inode == arrived.inode and known.mtime_ns == arrived.mtime_ns:
        known.mtime_ns = before.mtime_ns
    return known
