"""Plans, stored so that they load equal to what was saved, and their life."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Subquery, bindparam, case, func, insert, select, update

from ifmosfs.core.edit_log import RETRACING
from ifmosfs.core.errors import NotFound, PlanOutdated, WrongState
from ifmosfs.core.files import Kind, Place, Root
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.names import join, split
from ifmosfs.core.plan import (
    NEXT_STATE,
    Action,
    ActionKind,
    EditKind,
    KeepReason,
    Origin,
    Plan,
    PlanEvent,
    PlanState,
    Policy,
    Unit,
    UnitKind,
)
from ifmosfs.core.wrapping import fingerprint_from, fingerprint_row
from ifmosfs.store.bulk import insert_rows
from ifmosfs.store.choose import ambiguous, by_prefix, moment
from ifmosfs.store.database import PAGE_ROWS, Database
from ifmosfs.store.encoding import legible, legible_or_none, packed, unpacked
from ifmosfs.store.schema import PLAN_EDITS, PLAN_ROOTS, PLAN_UNITS, STAGING_ACTIONS, STAGING_FOLDERS, STAGING_PLANS
from ifmosfs.store.sessions import require_session
from ifmosfs.store.trouble import understood

PLANNED: Final = "planned"  # an action's state before any run
ACTION_COLUMNS: Final = (
    "action_id",
    "kind",
    "root",
    "source",
    "folder",
    "name",
    "inode",
    "size_bytes",
    "mtime_ns",
    "ctime_ns",
    "birth_ns",
    "mode",
    "entry_kind",
    "category",
    "score",
    "reason",
    "origin",
    "keep_reason",
    "note",
    "replaces",
    "unit",
    "planned_root",
    "planned_source",
)
_ACTION_KINDS: Final = {kind.value: kind for kind in ActionKind}
_ENTRY_KINDS: Final = {kind.value: kind for kind in Kind}
_ORIGINS: Final = {origin.value: origin for origin in Origin}
_KEEP_REASONS: Final = {reason.value: reason for reason in KeepReason}
_COMMANDS: Final = {  # what a person types for an event
    PlanEvent.VALIDATE: "stage validate",
    PlanEvent.BEGIN: "commit",
    PlanEvent.DISCARD: "stage discard",
    PlanEvent.REOPEN: "stage reopen",
    PlanEvent.ROLL_BACK: "rollback",
}
_EVENT_WORDS: Final = {
    PlanEvent.BEGIN: "commit it",
    PlanEvent.ROLL_BACK: "roll it back",
    PlanEvent.STOP_UNTOUCHED: "stop",
}
_FIRST_STEPS: Final = "make one: ifmosfs stage create"


class Plans(Database):
    """Saving, loading, listing, choosing and advancing plans."""

    def save_plan(self, plan: Plan, *events: PlanEvent) -> None:
        """Store a new plan in state DRAFT and let `events` happen to it, wholly or not at all. Raises: NotFound for its session.

        Raises ValueError if the action ids, or the numbers of the units, do not count up: that is the order they come back in.
        """
        if not _counts_up(action.action_id for action in plan.actions):
            raise ValueError("the ids of a plan's actions must count up")
        if not _counts_up(unit.number for unit in plan.units):
            raise ValueError("the numbers of a plan's units must count up")
        roots = PathNumbers(root.path for root in plan.roots)
        folders = PathNumbers(plan.folders)
        actions = [action_row(plan.plan_id, action, roots, folders) for action in plan.actions]
        units = [(plan.plan_id, one.number, one.kind.value, roots.number(one.root), one.folder) for one in plan.units]
        with self._writing() as connection:
            require_session(connection, plan.session_id)
            connection.execute(insert(STAGING_PLANS).values(_head(plan)))
            columns = ("plan_id", "number", "path", "filesystem")
            insert_rows(connection, PLAN_ROOTS, columns, _root_rows(plan, roots))
            columns = ("plan_id", "number", "path", "planned")
            insert_rows(connection, STAGING_FOLDERS, columns, _folder_rows(plan, folders))
            insert_rows(connection, PLAN_UNITS, ("plan_id", "number", "kind", "root", "folder"), units)
            insert_rows(connection, STAGING_ACTIONS, ("plan_id", *ACTION_COLUMNS, "state"), actions)
            for event in events:
                advance_within(connection, plan.plan_id, event)

    def load_plan(self, plan_id: str) -> Plan:
        """The plan with this whole id, equal to the one that was saved. Raises: NotFound, DatabaseDamaged."""
        with self._reading() as connection, understood(self._path):
            head, paths = _load_head(connection, plan_id)
            return replace(head, actions=actions_from(_rows_of_actions(connection, plan_id), *paths))

    def load_plan_head(self, plan_id: str) -> Plan:
        """The plan without its actions. Raises: NotFound, DatabaseDamaged."""
        with self._reading() as connection, understood(self._path):
            return _load_head(connection, plan_id)[0]

    def action(self, plan_id: str, action_id: int) -> Action:
        """One action of a plan. KeyError for none. Raises: DatabaseDamaged."""
        with self._reading() as connection, understood(self._path):
            paths = paths_within(connection, plan_id)
            rows = action_query(plan_id).where(STAGING_ACTIONS.c.action_id == action_id)
            for action in actions_from(connection.execute(rows), *paths):
                return action
        raise KeyError(action_id)

    def actions(self, plan_id: str) -> Iterator[Action]:
        """All actions of a plan in the order of their ids, a page of them in memory at a time. Raises: DatabaseDamaged."""
        with self._reading() as connection:
            paths = paths_within(connection, plan_id)
        query, one = action_query(plan_id).order_by(STAGING_ACTIONS.c.action_id).limit(PAGE_ROWS), STAGING_ACTIONS.c

        def page_after(connection: Connection, last: Any) -> Sequence[Any]:
            return connection.execute(query.where(one.action_id > (0 if last is None else last[0]))).all()

        for page in self._pages(page_after):
            with understood(self._path):
                actions = actions_from(page, *paths)
            yield from actions

    def linked_actions(self, plan_id: str) -> list[tuple[int, int]]:
        """Unit and id of each action of a plan whose file is a name of one inode with those of others, in the order of the ids. Looks
        through all of the plan, if there are such units."""
        units = select(PLAN_UNITS.c.number).where(
            PLAN_UNITS.c.plan_id == plan_id, PLAN_UNITS.c.kind == UnitKind.LINKS.value
        )
        one = STAGING_ACTIONS.c
        query = select(one.unit, one.action_id).where(one.plan_id == plan_id, one.unit.in_(units))
        with self._reading() as connection, understood(self._path):
            if connection.execute(units.limit(1)).first() is None:
                return []
            return [(row.unit, row.action_id) for row in connection.execute(query.order_by(one.action_id))]

    def n_actions(self, plan_id: str) -> int:
        """How many files a plan has an action for."""
        query = select(func.count()).select_from(STAGING_ACTIONS).where(STAGING_ACTIONS.c.plan_id == plan_id)
        with self._reading() as connection, understood(self._path):
            return int(connection.execute(query).scalar_one())

    def plans(self) -> list[PlanInfo]:
        """All plans, the oldest first."""
        with self._reading() as connection, understood(self._path):
            return _plan_infos(connection)

    def find_plan(self, prefix: str | None = None, states: Collection[PlanState] | None = None) -> PlanInfo:
        """The plan whose id begins so, in whatever state; without a prefix the only plan in one of the states.

        A plan that was named is not held against `states`: the step that needs a state says what is wrong with it.
        Raises: NotFound, Ambiguous.
        """
        infos = {info.plan_id: info for info in self.plans()}
        if prefix is not None:
            return infos[by_prefix("plan", prefix, infos, "list them: ifmosfs stage list")]
        fitting = [info for info in infos.values() if states is None or info.state in states]
        if not fitting:
            others = "; or name one of those that there are: ifmosfs stage list" if infos else ""
            raise NotFound(f"no plan{_in_states(states)}", hint=_FIRST_STEPS + others)
        if len(fitting) > 1:
            shown = [f"{info.plan_id} ({info.state.value}, {moment(info.created_ns)})" for info in reversed(fitting)]
            raise ambiguous(f"several plans{_in_states(states, 'are')}", shown)
        return fitting[0]

    def advance(self, plan_id: str, event: PlanEvent) -> PlanState:
        """Let something happen to a plan and return its new state, durably. Raises: NotFound, WrongState."""
        with self._writing() as connection:
            return advance_within(connection, plan_id, event)

    def begin_commit(self, plan_id: str, last_edit: int) -> PlanState:
        """Let a commit begin that was prepared when `last_edit` was the last row of the plan's log; from now on no edit is taken.

        Raises: PlanOutdated if the plan was edited since; NotFound, WrongState.
        """
        with self._writing() as connection:
            query = select(func.coalesce(func.max(PLAN_EDITS.c.seq), 0)).where(PLAN_EDITS.c.plan_id == plan_id)
            if connection.execute(query).scalar_one() != last_edit:
                hint = "look at it again, then commit again"
                raise PlanOutdated(f"the plan {plan_id} was edited while its commit was prepared", hint=hint)
            return advance_within(connection, plan_id, PlanEvent.BEGIN)

    def set_action_states(self, plan_id: str, states: Iterable[tuple[int, str]]) -> None:
        """Store what a run made of actions, by their ids."""
        one = STAGING_ACTIONS.c
        its_ids = one.action_id.between(bindparam("first"), bindparam("last"))
        statement = (
            update(STAGING_ACTIONS)
            .where(one.plan_id == bindparam("its_plan"), its_ids)
            .values(state=bindparam("new_state"))
        )
        given = dict(states)
        ranges = [
            {"its_plan": plan_id, "first": first, "last": last, "new_state": state}
            for first, last, state in _ranges((each, given[each]) for each in sorted(given))  # mostly one: all done
        ]
        with self._writing() as connection:
            if ranges:
                connection.execute(statement, ranges)

    def action_states(self, plan_id: str) -> dict[int, str]:
        """Action id → what the last run made of it, for actions that a run has reached."""
        query = select(STAGING_ACTIONS.c.action_id, STAGING_ACTIONS.c.state).where(STAGING_ACTIONS.c.plan_id == plan_id)
        with self._reading() as connection:
            rows = connection.execute(
                query.where(STAGING_ACTIONS.c.state != PLANNED).order_by(STAGING_ACTIONS.c.action_id)
            )
            return {row[0]: row[1] for row in rows}


def _ranges(states: Iterable[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """(first id, last id, state) of neighbours with the same state, from (id, state) in the order of the ids."""
    first = last = 0
    state: str | None = None
    for action_id, next_state in states:
        if action_id != last + 1 or next_state != state:
            if state is not None:
                yield first, last, state
            first, state = action_id, next_state
        last = action_id
    if state is not None:
        yield first, last, state


def advance_within(connection: Connection, plan_id: str, event: PlanEvent) -> PlanState:
    """As `Plans.advance`, inside a write transaction."""
    query = select(STAGING_PLANS.c.state).where(STAGING_PLANS.c.plan_id == plan_id)
    stored = connection.execute(query).scalar()
    if stored is None:
        raise _no_plan(plan_id)
    state = PlanState(stored)
    after = NEXT_STATE.get((state, event))
    if after is None:
        raise wrong_state(plan_id, state, event)
    if after is not state:
        connection.execute(update(STAGING_PLANS).where(STAGING_PLANS.c.plan_id == plan_id).values(state=after.value))
    return after


def wrong_state(plan_id: str, state: PlanState, event: PlanEvent) -> WrongState:
    """The error for a step that the state does not allow, with those that it allows."""
    possible = [_COMMANDS[allowed] for before, allowed in NEXT_STATE if before is state and allowed in _COMMANDS]
    what = (
        f"the plan {plan_id} is {_words(state)}: it is not possible to {_EVENT_WORDS.get(event, f'{event.value} it')}"
    )
    return WrongState(what, hint=f"possible now: {', '.join(f'ifmosfs {command} {plan_id}' for command in possible)}")


def _counts_up(numbers: Iterable[int]) -> bool:
    return all(one < next_one for one, next_one in pairwise(numbers))


class PathNumbers:
    """Paths by number; the first `n_given` are those it was made with, duplicates included."""

    def __init__(self, given: Iterable[bytes]) -> None:
        self.paths = list(given)
        self.n_given = len(self.paths)
        self._numbers = {path: number for number, path in reversed(list(enumerate(self.paths)))}

    def number(self, path: bytes) -> int:
        """The path's number, a new one for a new path."""
        number = self._numbers.setdefault(path, len(self.paths))
        if number == len(self.paths):
            self.paths.append(path)
        return number


def _head(plan: Plan) -> dict[str, object]:
    return {
        "plan_id": plan.plan_id,
        "session_id": plan.session_id,
        "state": PlanState.DRAFT.value,
        "target": plan.target,
        "target_filesystem": legible(plan.target_filesystem),
        "created_ns": plan.created_ns,
        "policy": msgspec.json.encode(plan.policy),
        "digest": plan.digest,
        "n_moves": sum(1 for _ in plan.moves()),
        "n_kept": sum(1 for _ in plan.kept()),
    }


def _root_rows(plan: Plan, roots: PathNumbers) -> Iterator[tuple[Any, ...]]:
    for number, path in enumerate(roots.paths):
        yield plan.plan_id, number, path, legible(plan.roots[number].filesystem) if number < roots.n_given else None


def _folder_rows(plan: Plan, folders: PathNumbers) -> Iterator[tuple[Any, ...]]:
    for number, path in enumerate(folders.paths):
        yield plan.plan_id, number, path, number < folders.n_given


def action_row(plan_id: str, action: Action, roots: PathNumbers, folders: PathNumbers) -> tuple[Any, ...]:
    """The action as a row: plan, `ACTION_COLUMNS`, state."""
    parent, name = (None, None) if action.target is None else split(action.target)
    return (
        plan_id,
        action.action_id,
        action.kind.value,
        roots.number(action.root),
        action.source,
        None if parent is None else folders.number(parent),
        name,
        *fingerprint_row(action.expected),
        action.mode,
        action.entry_kind.value,
        legible_or_none(action.category),
        action.score,
        legible(action.reason),
        action.origin.value,
        None if action.keep_reason is None else action.keep_reason.value,
        legible_or_none(action.note),
        None if action.replaces is None else packed(action.replaces),
        action.unit or None,
        None if action.planned_at is None else roots.number(action.planned_at.root),
        None if action.planned_at is None else action.planned_at.path,
        PLANNED,
    )


def actions_from(rows: Iterable[Any], roots: dict[int, bytes], folders: dict[int, bytes]) -> tuple[Action, ...]:
    """The actions of rows with `ACTION_COLUMNS`; `roots` and `folders` are those of `paths_within`."""
    words: dict[str | None, str | None] = {}  # a million equal reasons need not be a million strings
    numbers: dict[tuple[int, float], tuple[int, float]] = {}  # nor a million modes and scores as many numbers
    share, share_numbers = words.setdefault, numbers.setdefault
    return tuple(_action(row, roots, folders, share, share_numbers) for row in rows)


def _action(
    row: Any,
    roots: dict[int, bytes],
    folders: dict[int, bytes],
    share: Callable[..., Any],
    share_numbers: Callable[..., Any],
) -> Action:
    (action_id, kind, root, source, folder, name, inode, size, mtime, ctime, birth, *rest) = row
    mode, entry_kind, category, score, reason, origin, keep_reason, note, replaces, unit, first_root, first = rest
    mode, score = share_numbers((mode, score), (mode, score))
    return Action(
        action_id=action_id,
        kind=_ACTION_KINDS[kind],
        root=roots[root],
        source=source,
        target=None if folder is None else join(folders[folder], name),
        expected=fingerprint_from(inode, size, mtime, ctime, birth),
        mode=mode,
        entry_kind=_ENTRY_KINDS[entry_kind],
        category=share(category, category),
        score=score,
        reason=share(reason, reason),
        origin=_ORIGINS[origin],
        keep_reason=None if keep_reason is None else _KEEP_REASONS[keep_reason],
        note=share(note, note),
        replaces=None if replaces is None else unpacked(replaces),
        unit=unit or 0,
        planned_at=None if first is None else Place(roots[first_root], first),
    )


_Paths = tuple[dict[int, bytes], dict[int, bytes]]  # of the roots and of the folders, by number


def _load_head(connection: Connection, plan_id: str) -> tuple[Plan, _Paths]:
    """The plan without its actions, and the paths that these name by number."""
    head = _head_row(connection, plan_id)
    roots = _rows(connection, plan_id, PLAN_ROOTS.c.number, PLAN_ROOTS.c.path, PLAN_ROOTS.c.filesystem)
    folders = _rows(connection, plan_id, STAGING_FOLDERS.c.number, STAGING_FOLDERS.c.path, STAGING_FOLDERS.c.planned)
    units = _rows(connection, plan_id, PLAN_UNITS.c.number, PLAN_UNITS.c.kind, PLAN_UNITS.c.root, PLAN_UNITS.c.folder)
    paths = {number: path for number, path, _ in roots}, {number: path for number, path, _ in folders}
    plan = Plan(
        plan_id,
        head.session_id,
        head.target,
        head.target_filesystem,
        tuple(Root(path, filesystem) for _, path, filesystem in roots if filesystem is not None),
        head.created_ns,
        msgspec.json.decode(head.policy, type=Policy),
        tuple(path for _, path, planned in folders if planned),
        (),
        tuple(Unit(number, UnitKind(kind), paths[0][root], folder) for number, kind, root, folder in units),
    )
    return plan, paths


def paths_within(connection: Connection, plan_id: str) -> _Paths:
    """The plan's roots and folders by the numbers that actions name them by, inside a transaction."""
    roots = _rows(connection, plan_id, PLAN_ROOTS.c.number, PLAN_ROOTS.c.path)
    folders = _rows(connection, plan_id, STAGING_FOLDERS.c.number, STAGING_FOLDERS.c.path)
    return dict(map(tuple, roots)), dict(map(tuple, folders))


def _head_row(connection: Connection, plan_id: str) -> Any:
    query = select(
        STAGING_PLANS.c.session_id,
        STAGING_PLANS.c.target,
        STAGING_PLANS.c.target_filesystem,
        STAGING_PLANS.c.created_ns,
        STAGING_PLANS.c.policy,
    )
    row = connection.execute(query.where(STAGING_PLANS.c.plan_id == plan_id)).first()
    if row is None:
        raise _no_plan(plan_id)
    return row


def _rows(connection: Connection, plan_id: str, number: Any, *columns: Any) -> Sequence[Any]:
    """Rows of one of the plan's tables, in the order of their number."""
    query = select(number, *columns).where(number.table.c.plan_id == plan_id).order_by(number)
    return connection.execute(query).all()


def _rows_of_actions(connection: Connection, plan_id: str) -> Iterable[Any]:
    """The rows of the plan's actions in the order of their ids, some thousands at a time: a million would fill memory twice."""
    query = action_query(plan_id).order_by(STAGING_ACTIONS.c.action_id)
    return connection.execute(query.execution_options(yield_per=PAGE_ROWS))


def action_query(plan_id: str) -> Any:
    """The query for a plan's actions, to be narrowed."""
    columns = (STAGING_ACTIONS.c[name] for name in ACTION_COLUMNS)
    return select(*columns).where(STAGING_ACTIONS.c.plan_id == plan_id)


def _plan_infos(connection: Connection) -> list[PlanInfo]:
    n_edits = _n_edits()
    query = select(
        STAGING_PLANS.c.plan_id,
        STAGING_PLANS.c.session_id,
        STAGING_PLANS.c.state,
        STAGING_PLANS.c.target,
        STAGING_PLANS.c.created_ns,
        STAGING_PLANS.c.n_moves,
        STAGING_PLANS.c.n_kept,
        STAGING_PLANS.c.digest,
        func.coalesce(n_edits.c.n, 0),
    )
    query = query.outerjoin(n_edits, n_edits.c.plan_id == STAGING_PLANS.c.plan_id)
    query = query.order_by(STAGING_PLANS.c.created_ns, STAGING_PLANS.c.plan_id)
    rows: Sequence[Any] = connection.execute(query).all()
    return [PlanInfo(row[0], row[1], PlanState(row[2]), *row[3:]) for row in rows]


def _n_edits() -> Subquery:
    """How many edits of each plan are in force, as `core.edit_log.effective` has it: each undo of a step may have its redo."""
    one, retracing = PLAN_EDITS.c, PLAN_EDITS.c.kind.in_(sorted(kind.value for kind in RETRACING))
    balance = func.sum(case((one.kind == EditKind.UNDO.value, 1), else_=-1))
    undone = (
        select(one.plan_id, one.step).where(retracing).group_by(one.plan_id, one.step).having(balance > 0).subquery()
    )
    counted = select(one.plan_id, func.count().label("n"))
    counted = counted.outerjoin_from(
        PLAN_EDITS, undone, (undone.c.plan_id == one.plan_id) & (undone.c.step == one.step)
    )
    return counted.where(~retracing, undone.c.step.is_(None)).group_by(one.plan_id).subquery()


def _no_plan(plan_id: str) -> NotFound:
    return NotFound(f"no plan {plan_id!r}", hint="list them: ifmosfs stage list")


def _in_states(states: Collection[PlanState] | None, verb: str = "is") -> str:
    return "" if states is None else f" that {verb} {' or '.join(sorted(_words(state) for state in states))}"


def _words(state: PlanState) -> str:
    return str(state.value).replace("_", " ")
