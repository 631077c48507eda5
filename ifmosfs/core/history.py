"""Which of a plan's journaled operations hold now, after commits, rollbacks, and rollbacks of rollbacks; and what times folders
had before all of them.

The journal is never edited: an operation stops holding when a later one that is its inverse was done, and holds again when that
one is undone in turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ifmosfs.core.effects import parent
from ifmosfs.core.errors import RecoveryNeeded
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import (
    SETTLED,
    Journal,
    Operation,
    OpKind,
    OpState,
    Outcome,
    Recorded,
    Run,
    RunKind,
    RunState,
)
from ifmosfs.core.names import ancestors
from ifmosfs.core.ordering import is_third_name
from ifmosfs.core.plan import Action
from ifmosfs.core.values import quick

Key = tuple[str, int]
MOVING: Final = frozenset({OpKind.MOVE, OpKind.CARRY})


@dataclass(frozen=True, slots=True)
class RunHistory:
    """A run with all its operations in `seq` order."""

    run: Run
    recorded: tuple[Recorded, ...]


@quick
@dataclass(frozen=True, slots=True)
class Standing:
    """A done operation that holds now.

    `base` is the fingerprint of what it left at its target: after a rollback and its own rollback a copied file is another
    inode, so it is not always the operation's own `arrived`; nor is the target always the one that it had when it was done, for
    where that was taken the file came beside it. What has gone on from there and come back is what the way back has left.
    """

    run_id: str
    operation: Operation
    outcome: Outcome
    base: Fingerprint | None

    @property
    def key(self) -> Key:
        """(run id, seq): what an inverse operation names in `inverse_of`."""
        return self.run_id, self.operation.seq


def standing(history: Sequence[RunHistory]) -> tuple[Standing, ...]:
    """The done operations that hold now, newest first, from runs given oldest first.

    What was undone and done again may have been so several times, each time by naming the first operation or a later one. All that
    counts is the newest of them: it holds, and so does what it has brought back.
    Raises: RecoveryNeeded if a run has not been brought to an end, for then only the disk knows what was done.
    """
    return tuple(_standing(history))


def _standing(history: Sequence[RunHistory]) -> Iterator[Standing]:
    for each in history:
        _require_finished(each)
    undone = undone_by(history)
    newest = {way_of(key, undone)[-1]: key for key in undone}  # by the first operation
    holding = {key: last for last in newest.values() for key in way_of(last, undone)[::2]}
    last_ones = frozenset(newest.values())
    arrivals = {key: row for key, row in _done(history) if key in last_ones} if newest else {}
    returned, skipped = _returned(history, arrivals)
    for each in reversed(history):
        for row in reversed(each.recorded):
            if row.outcome.state is not OpState.DONE:
                continue
            key = each.run.run_id, row.operation.seq
            if skipped and row.operation.target in skipped:
                continue
            if key in holding:
                yield _as_returned(_left_by(arrivals[holding[key]], each.run.run_id, row), returned)
            elif key not in undone and key not in newest:
                found = Standing(each.run.run_id, row.operation, row.outcome, row.outcome.arrived)
                yield _as_returned(found, returned) if returned else found


class _Returned(NamedTuple):
    """What a way back has left at the place where it ends: the file that had left it as `gone`."""

    gone: Fingerprint
    arrived: Fingerprint


def _returned(
    history: Iterable[RunHistory], last: Mapping[Key, Recorded]
) -> tuple[dict[Place, _Returned], frozenset[Place]]:
    """By its place, each file that was moved on from there and came back, if that is the last that was done to it; and the places
    where a file only waited, and to which it has not come back: the move to there is undone with the one that went on from it."""
    back = {row.operation.inverse_of: row for row in last.values() if row.operation.kind in MOVING}
    found: dict[Place, _Returned] = {}
    skipped: list[Place] = []
    for key, row in _done(history) if back else ():
        came, place = back.get(key), row.operation.source
        if came is None or place is None:
            continue
        if came.operation.target != place:
            if is_third_name(place):
                skipped.append(place)
        elif came.outcome.arrived is not None and row.operation.expected is not None:
            found[place] = _Returned(row.operation.expected, came.outcome.arrived)
    return found, frozenset(skipped)


def _as_returned(found: Standing, returned: Mapping[Place, _Returned]) -> Standing:
    """An operation with what is at its target now, if that has gone on and come back since."""
    place = found.operation.target
    came = None if place is None else returned.get(place)
    if came is None or found.base is None or not came.gone.same_inode(found.base):
        return found
    return replace(found, base=came.arrived)


def _done(history: Iterable[RunHistory]) -> Iterator[tuple[Key, Recorded]]:
    for each in history:
        for row in each.recorded:
            if row.outcome.state is OpState.DONE:
                yield (each.run.run_id, row.operation.seq), row


def undone_by(history: Iterable[RunHistory]) -> dict[Key, Key]:
    """What each done operation that undid one has undone, oldest first as the runs are given."""
    return {
        (each.run.run_id, row.operation.seq): row.operation.inverse_of
        for each in history
        for row in each.recorded
        if row.operation.inverse_of is not None and row.outcome.state is OpState.DONE
    }


def way_of(key: Key, undone: Mapping[Key, Key]) -> list[Key]:
    """The operation, what it has undone, what that had undone, and so on to the first."""
    found = [key]
    while (before := undone.get(found[-1])) is not None:
        found.append(before)
    return found


def undone_last_by(history: Sequence[RunHistory], run_id: str) -> list[str]:
    """The runs, oldest first as the runs are given, that have undone what a run has moved, none of which was undone since."""
    undone = undone_by(history)
    newest = {way_of(key, undone)[-1]: key for key in undone}
    own = (row.operation for each in history if each.run.run_id == run_id for row in each.recorded)
    first = {way_of((run_id, each.seq), undone)[-1] for each in own if each.kind in MOVING}
    found = {newest[key][0] for key in first if key in newest}
    return [each.run.run_id for each in history if each.run.run_id in found - {run_id}]


def went_forth(journal: Journal, runs: Iterable[Run]) -> frozenset[str]:
    """Those of the runs, given oldest first, that bring files to where plans want them: commits, and what undoes the undoing of such
    a run. The others bring files back."""
    forth: set[str] = set()
    for run in runs:
        rows = () if run.kind is RunKind.COMMIT else journal.recorded(run.run_id)
        undone = next((row.operation.inverse_of for row in rows if row.operation.inverse_of is not None), None)
        if run.kind is RunKind.COMMIT or (undone is not None and undone[0] not in forth):
            forth.add(run.run_id)
    return frozenset(forth)


def _left_by(last: Recorded, run_id: str, row: Recorded) -> Standing:
    """An operation that holds with what the newest, itself or one that has brought it back, has left, and where."""
    operation, place = row.operation, last.operation.target
    if operation.kind in MOVING and place != operation.target:
        operation = replace(operation, target=place)
    return Standing(run_id, operation, row.outcome, last.outcome.arrived)


class Emptied(NamedTuple):
    """A file that was put into the vault and then removed from there for good, at this moment."""

    moved: Standing
    at_ns: int


def emptied(history: Sequence[RunHistory]) -> list[Emptied]:
    """The files of a plan that `vault empty` has removed, and nothing has brought back since; runs oldest first."""
    back = [each for each in history if each.run.kind is RunKind.ROLLBACK]
    if not any(row.operation.kind is OpKind.REMOVE for each in back for row in each.recorded):
        return []
    done = dict(_done(history))
    undone, ended = (
        undone_by(history),
        {each.run.run_id: each.run.finished_ns or each.run.started_ns for each in history},
    )
    newest = {way_of(key, undone)[-1]: key for key in undone}  # by the first operation
    return [
        Emptied(
            Standing(first[0], done[first].operation, done[first].outcome, done[first].outcome.arrived), ended[last[0]]
        )
        for first, last in newest.items()
        if done[last].operation.kind is OpKind.REMOVE and first in done
    ]


def _require_finished(history: RunHistory) -> None:
    _refuse_unfinished(history.run, unsettled=any(row.outcome.state not in SETTLED for row in history.recorded))


def _refuse_unfinished(run: Run, *, unsettled: bool) -> None:
    if unsettled or run.state in {RunState.RUNNING, RunState.NEEDS_RECOVERY}:
        raise RecoveryNeeded(f"run {run.run_id} did not finish", hint="run any command that recovers it first")


def holds_anything(history: Sequence[RunHistory]) -> bool:
    """Whether a commit has moved anything that no rollback has moved back, be it a file of the plan or one it displaced."""
    return any(each.operation.kind in MOVING and each.operation.inverse_of is None for each in _standing(history))


def held_actions(history: Sequence[RunHistory], actions: Iterable[Action] = ()) -> frozenset[int]:
    """The actions whose files are where a commit put them, nothing having been rolled back since; runs oldest first.

    Which files a carried folder holds is known only from the plan's `actions`; without them they are not among the answer.
    """
    held = [each.operation for each in standing(history) if each.operation.inverse_of is None]
    sources = [each.source for each in held if each.kind is OpKind.CARRY and each.source is not None]
    return _actions_of(held) | {action.action_id for action in actions_below(sources, actions)}


class Held(NamedTuple):
    """What a plan's runs have left: the actions as `held_actions` tells them, the folders that they took files of the plan from,
    and those that they have made."""

    actions: frozenset[int]
    left: tuple[Place, ...]
    made: frozenset[Place] = frozenset()


def held(history: Sequence[RunHistory], actions: Iterable[Action] = ()) -> Held:
    """What holds after these runs, oldest first; `actions` as in `held_actions`."""
    operations = [each.operation for each in standing(history)]
    left = {
        parent(operation.source)
        for operation in operations
        if operation.kind in MOVING
        and operation.source is not None
        and (operation.action_id or operation.kind is OpKind.CARRY)
    }
    made = {each.target for each in operations if each.kind is OpKind.MKDIR and each.target is not None}
    return Held(held_actions(history, actions), tuple(sorted(left)), frozenset(made))


def read_held(journal: Journal, plan_id: str, actions: Iterable[Action]) -> Held:
    """The same from the journal, whose rows are only held in memory where one run has undone what another did."""
    runs = journal.runs(plan_id)
    found = None if any(run.kind is RunKind.ROLLBACK for run in runs) else _read_commits(journal, runs, actions)
    if found is None:
        return held([RunHistory(run, tuple(journal.recorded(run.run_id))) for run in runs], actions)
    return found


def _read_commits(journal: Journal, runs: Iterable[Run], actions: Iterable[Action]) -> Held | None:
    """What holds where every done operation does; `None` where one is the inverse of another."""
    done: set[int] = set()
    carried: list[Place] = []
    left: set[Place] = set()
    made: set[Place] = set()
    for run in runs:
        _refuse_unfinished(run, unsettled=next(iter(journal.recorded(run.run_id, UNSETTLED)), None) is not None)
        for row in journal.recorded(run.run_id, (OpState.DONE,)):
            operation = row.operation
            if operation.inverse_of is not None:
                return None
            if operation.kind is OpKind.MKDIR and operation.target is not None:
                made.add(operation.target)
            if operation.kind not in MOVING or operation.source is None:
                continue
            if operation.kind is OpKind.CARRY:
                carried.append(operation.source)
            elif operation.action_id:
                done.add(operation.action_id)
            else:
                continue
            left.add(parent(operation.source))
    done.update(action.action_id for action in actions_below(carried, actions))
    return Held(frozenset(done), tuple(sorted(left)), frozenset(made))


UNSETTLED: Final = tuple(state for state in OpState if state not in SETTLED)


def _actions_of(operations: Iterable[Operation]) -> frozenset[int]:
    return frozenset(each.action_id for each in operations if each.kind is OpKind.MOVE and each.action_id)


def actions_below(folders: Collection[Place], actions: Iterable[Action]) -> Iterator[Action]:
    """The actions whose sources lie below one of the folders, which are given as places of the same roots."""
    if not folders:
        return
    wanted = set(folders)
    for action in actions:
        if any(Place(action.root, path) in wanted for path in ancestors(action.source)):
            yield action


def taken_back(history: Sequence[RunHistory], actions: Sequence[Action] = ()) -> frozenset[int]:
    """The actions that a commit had done and a later rollback has undone, since the last commit; runs oldest first.

    `actions` as in `held_actions`.
    """
    commits = [number for number, each in enumerate(history) if each.run.kind is RunKind.COMMIT]
    since = {each.run.run_id for each in history[commits[-1] if commits else 0 :]}
    back = [
        each.operation for each in standing(history) if each.operation.inverse_of is not None and each.run_id in since
    ]
    folders = [each.target for each in back if each.kind is OpKind.CARRY and each.target is not None]
    whole = _actions_of(back) | {action.action_id for action in actions_below(folders, actions)}
    return whole - held_actions(history, actions)


@dataclass(frozen=True, slots=True)
class FolderEvent:
    """What a run recorded about a folder: that it changed, came, or went."""

    place: Place
    key: Key
    operation: Operation
    outcome: Outcome
    reached_its_end: bool  # the run, so that the times were set which it wanted


def folder_events(history: Sequence[RunHistory], undo: Collection[str] | None = None) -> dict[bytes, list[FolderEvent]]:
    """All events by the folder's absolute path, newest first, of all runs or of those named in `undo`."""
    events: dict[bytes, list[FolderEvent]] = {}
    for each in reversed(history):
        if undo is not None and each.run.run_id not in undo:
            continue
        for row in reversed(each.recorded):
            place = row.operation.source or row.operation.target
            if place is None or not _is_folder_event(row):
                continue
            key, ended = (each.run.run_id, row.operation.seq), each.run.state is RunState.COMPLETE
            events.setdefault(place.absolute, []).append(FolderEvent(place, key, row.operation, row.outcome, ended))
    return events


def _is_folder_event(row: Recorded) -> bool:
    if row.operation.kind is OpKind.TIMES:
        return row.outcome.arrived is not None and row.operation.expected is not None
    return row.operation.kind in {OpKind.MKDIR, OpKind.RMDIR} and row.outcome.state is OpState.DONE


def time_before(events: Sequence[FolderEvent], inode: int, mtime_ns: int) -> int | None:
    """The time (ns) that a folder with this inode and time had before its events, given newest first.

    It is followed from run to run as far as each left what the next one found; where somebody else touched the folder, that
    is where it ends. `None`: it was touched after the last of them, so its time is not the runs'.
    """
    found: int | None = None
    for number, event in enumerate(events):
        operation, arrived = event.operation, event.outcome.arrived
        if operation.kind is OpKind.TIMES and arrived is not None and operation.expected is not None:
            if (arrived.inode, arrived.mtime_ns) != (inode, mtime_ns):
                return found
            found = mtime_ns = operation.expected.mtime_ns
            continue
        if operation.kind is OpKind.MKDIR and arrived is not None and arrived.inode == inode:
            wanted = _time_before_removal(events[number + 1 :])
            # A run that was stopped has not set the time, so any time may be the one that its moves left.
            return wanted if wanted is not None and (wanted == mtime_ns or not event.reached_its_end) else found
        return found
    return found


def _time_before_removal(events: Sequence[FolderEvent]) -> int | None:
    """The time of a folder that was removed and made again, from the events before it was made again."""
    for number, event in enumerate(events):
        if event.operation.kind is OpKind.RMDIR:
            return time_of_removed(events[number:])
    return None


def time_of_removed(events: Sequence[FolderEvent]) -> int | None:
    """The first time of a removed folder; the first of the events is its removal. `None` if that was not recorded."""
    removal = events[0].operation
    if removal.folder is None or removal.expected is None:
        return None
    before = time_before(events[1:], removal.expected.inode, removal.folder.mtime_ns)
    return removal.folder.mtime_ns if before is None else before
