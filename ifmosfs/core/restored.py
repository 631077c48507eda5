"""A plan told again from its runs, when the catalogue that held it is lost. Pure.

The journal knows what was done and intended, not why: the categories, reasons and files that stayed are gone, and every file
of a run is a move. That is enough for `status`, `verify`, `rollback` and for a commit that goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ifmosfs.core.files import Fingerprint, Kind, Place, Root
from ifmosfs.core.history import RunHistory, held_actions, holds_anything
from ifmosfs.core.journal import Operation, OpKind, OpState, Recorded, Run, RunKind, RunState
from ifmosfs.core.names import CONTROL_NAME, components, is_within
from ifmosfs.core.plan import Action, ActionKind, KeepReason, Origin, Plan, PlanEvent, Policy

REASON = "restored from the journal"
FILE_MODE = 0o100644
CARRYING = frozenset({OpKind.MOVE, OpKind.CARRY})


def restored_plan(
    plan_id: str,
    session_id: str,
    filesystem: str,
    roots: Sequence[Root],
    history: Sequence[RunHistory],
    policy: Policy,
    created_ns: int,
) -> Plan:
    """The plan whose runs, oldest first, are given; all of them finished. `filesystem` is that of the target."""
    target = history[0].run.target
    return Plan(
        plan_id=plan_id,
        session_id=session_id,
        target=target,
        target_filesystem=filesystem,
        roots=tuple(roots),
        created_ns=created_ns,
        policy=policy,
        folders=_folders(target, history),
        actions=_actions(target, history),
    )


def source_roots(history: Sequence[RunHistory]) -> list[bytes]:
    """The folders that the plan's files, and the folders it carries, came from, each once, sorted."""
    recorded = [each.recorded for each in history if each.run.kind is RunKind.COMMIT]
    return sorted({root for rows in recorded for root in _sources(rows, history[0].run.target)})


def tells_of_a_plan(run: Run, recorded: Iterable[Recorded]) -> bool:
    """Whether a plan can be told again from a run; of a long one the first row that says so will do."""
    return run.kind is RunKind.COMMIT and next(_sources(recorded, run.target), None) is not None


def _sources(recorded: Iterable[Recorded], target: bytes) -> Iterator[bytes]:
    """The folders outside the target that a commit has taken from."""
    for row in recorded:
        source = row.operation.source
        if row.operation.kind in CARRYING and source is not None and source.root != target:
            yield source.root


def events_since_staged(history: Sequence[RunHistory]) -> list[PlanEvent]:
    """What happened to the plan since it was staged, as its finished runs, oldest first, tell it."""
    if not any(row.outcome.state is OpState.DONE for each in history for row in each.recorded):
        return []
    events = [PlanEvent.BEGIN]
    commits = [each.run for each in history if each.run.kind is RunKind.COMMIT]
    if commits and commits[-1].state is RunState.COMPLETE:
        events.append(PlanEvent.FINISH)
    last = history[-1].run
    if last.kind is RunKind.ROLLBACK and last.state is RunState.COMPLETE and not holds_anything(history):
        events.append(PlanEvent.ROLL_BACK)
    return events


def _file_moves(history: Sequence[RunHistory]) -> dict[int, Operation]:
    """The last operation of a commit for each action."""
    return {
        row.operation.action_id: row.operation
        for each in history
        if each.run.kind is RunKind.COMMIT
        for row in each.recorded
        if row.operation.kind is OpKind.MOVE and row.operation.action_id
    }


def _folders(target: bytes, history: Sequence[RunHistory]) -> tuple[bytes, ...]:
    """The folders below the target that commits made, parents first."""
    made = {
        row.operation.target.path
        for each in history
        if each.run.kind is RunKind.COMMIT
        for row in each.recorded
        if row.operation.kind is OpKind.MKDIR
        and row.operation.target is not None
        and row.operation.target.root == target
        and not is_within(row.operation.target.path or CONTROL_NAME, CONTROL_NAME)
    }
    return tuple(sorted(made, key=components))


def _actions(target: bytes, history: Sequence[RunHistory]) -> tuple[Action, ...]:
    moves = _file_moves(history)
    held = held_actions(history)
    taken = {moves[number].target for number in held if number in moves}
    found = []
    for number, operation in sorted(moves.items()):
        wanted = operation.target
        if operation.source is None or wanted is None or operation.expected is None:
            continue
        kind = ActionKind.MOVE
        if wanted.root != target or is_within(wanted.path, CONTROL_NAME):
            kind = ActionKind.VAULT
        elif number not in held and wanted in taken:
            kind = ActionKind.KEEP
        taken.add(wanted)
        found.append(_action(number, kind, operation.source, wanted, operation.expected))
    return tuple(found)


def _action(number: int, kind: ActionKind, source: Place, target: Place, expected: Fingerprint) -> Action:
    return Action(
        action_id=number,
        kind=kind,
        root=source.root,
        source=source.path,
        target=target.path if kind is ActionKind.MOVE else None,
        expected=expected,
        mode=FILE_MODE,
        entry_kind=Kind.FILE,
        category=None,
        score=0.0,
        reason=REASON,
        origin=Origin.RULE,
        keep_reason=KeepReason.CONFLICT if kind is ActionKind.KEEP else None,
    )
