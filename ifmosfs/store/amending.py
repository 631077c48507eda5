"""Plans amended while they are open: files that have appeared, changed or been renamed since the plan was made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select, update

from ifmosfs.core.files import Place
from ifmosfs.core.plan import Action, ActionKind, Amendment, PlanEvent, Unit
from ifmosfs.core.wrapping import wrapped
from ifmosfs.store.bulk import batches, insert_rows, update_rows
from ifmosfs.store.database import Database
from ifmosfs.store.edits import add_edits, last_row, number_of
from ifmosfs.store.plans import (
    ACTION_COLUMNS,
    PathNumbers,
    action_query,
    action_row,
    actions_from,
    advance_within,
    paths_within,
)
from ifmosfs.store.schema import PLAN_ROOTS, PLAN_UNITS, STAGING_ACTIONS, STAGING_FOLDERS, STAGING_PLANS
from ifmosfs.store.trouble import understood

_N_BOUND: Final = 5_000  # bound parameters in one statement


class Amending(Database):
    """Finding the actions of files, and amending plans."""

    def amend(self, plan_id: str, amendment: Amendment, after: int) -> bool:
        """Store new actions, actions as they are now, and the edits by which the tree follows, in one transaction.

        `False`, with nothing stored, if the plan's last edit is not the one numbered `after`. Raises: NotFound, WrongState for a
        plan that is over or whose commit has begun.
        """
        with self._writing() as connection:
            last = last_row(connection, plan_id)
            if number_of(last) != after:
                return False
            with understood(self._path):
                advance_within(connection, plan_id, PlanEvent.EDIT)
            _write_actions(connection, plan_id, amendment)
            _write_units(connection, plan_id, amendment.units)
            add_edits(connection, plan_id, amendment.edits, last)
            return True

    def reopen(self, plan_id: str, changed: Iterable[Action]) -> None:
        """Take a plan up again, with these of its actions as they are now, in one transaction. Raises: NotFound, WrongState."""
        with self._writing() as connection:
            advance_within(connection, plan_id, PlanEvent.REOPEN)
            _write_actions(connection, plan_id, Amendment(changed=tuple(changed)))

    def last_action(self, plan_id: str) -> int:
        """The highest id of the plan's actions, 0 for none."""
        query = select(func.coalesce(func.max(STAGING_ACTIONS.c.action_id), 0)).where(
            STAGING_ACTIONS.c.plan_id == plan_id
        )
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def last_unit(self, plan_id: str) -> int:
        """The highest number of the plan's units, 0 for none."""
        query = select(func.coalesce(func.max(PLAN_UNITS.c.number), 0)).where(PLAN_UNITS.c.plan_id == plan_id)
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def knows_below(self, plan_id: str, folder: Place) -> bool:
        """Whether the plan has an action for any file below a folder."""
        one = STAGING_ACTIONS.c
        with self._reading() as connection:
            below = (one.plan_id == plan_id) & _below(_root_number(connection, plan_id, folder.root), folder.path)
            return connection.execute(select(one.action_id).where(below).limit(1)).first() is not None

    def actions_at(self, plan_id: str, places: Iterable[Place]) -> list[Action]:
        """The actions of the files at these places."""
        by_root: dict[bytes, list[bytes]] = {}
        for place in places:
            by_root.setdefault(place.root, []).append(place.path)
        found: list[Action] = []
        with self._reading() as connection, understood(self._path):
            for root, paths in by_root.items():
                number = _root_number(connection, plan_id, root)
                for some in batches(paths, _N_BOUND):
                    its_files = (STAGING_ACTIONS.c.root == number) & STAGING_ACTIONS.c.source.in_(some)
                    found += _chosen(connection, plan_id, its_files)
        return found

    def actions_below(self, plan_id: str, folder: Place, *, deep: bool = True) -> list[Action]:
        """The actions of the files below a folder, without `deep` only of those that are in it itself."""
        n_prefix = len(folder.path) + 1 if folder.path else 0
        with self._reading() as connection, understood(self._path):
            below = _below(_root_number(connection, plan_id, folder.root), folder.path)
            if not deep:
                below &= func.instr(func.substr(STAGING_ACTIONS.c.source, n_prefix + 1), b"/") == 0
            return _chosen(connection, plan_id, below)

    def actions_numbered(self, plan_id: str, action_ids: Collection[int]) -> list[Action]:
        """The actions with these ids, those left out that the plan does not have."""
        with self._reading() as connection, understood(self._path):
            some = batches(sorted(action_ids), _N_BOUND)
            return [
                action
                for each in some
                for action in _chosen(connection, plan_id, STAGING_ACTIONS.c.action_id.in_(each))
            ]

    def actions_of_inodes(self, plan_id: str, inodes: Collection[int]) -> list[Action]:
        """The actions whose files have one of the inode numbers. Looks through all of the plan."""
        with self._reading() as connection, understood(self._path):
            some = batches((wrapped(inode) for inode in inodes), _N_BOUND)
            return [
                action for each in some for action in _chosen(connection, plan_id, STAGING_ACTIONS.c.inode.in_(each))
            ]


def _root_number(connection: Connection, plan_id: str, root: bytes) -> int:
    """The number by which actions name a root, one that none has where the plan does not know it."""
    query = select(PLAN_ROOTS.c.number).where(PLAN_ROOTS.c.plan_id == plan_id, PLAN_ROOTS.c.path == root)
    number = connection.execute(query).scalar()
    return -1 if number is None else int(number)


def _below(root: int, folder: bytes) -> ColumnElement[bool]:
    one = STAGING_ACTIONS.c
    below = one.root == root
    if folder:
        below &= (one.source >= folder + b"/") & (one.source < folder + b"0")  # the byte after the slash
    return below


def _chosen(connection: Connection, plan_id: str, condition: ColumnElement[bool]) -> list[Action]:
    query = action_query(plan_id).where(condition).order_by(STAGING_ACTIONS.c.action_id)
    rows: Sequence[Any] = connection.execute(query).all()
    return list(actions_from(rows, *paths_within(connection, plan_id))) if rows else []


def _write_actions(connection: Connection, plan_id: str, amendment: Amendment) -> None:
    roots, folders = _dictionaries(connection, plan_id)
    n_roots, n_folders = len(roots.paths), len(folders.paths)
    added = [action_row(plan_id, action, roots, folders) for action in amendment.added]
    changed = [action_row(plan_id, action, roots, folders) for action in amendment.changed]
    rows = ((plan_id, number, path, None) for number, path in enumerate(roots.paths[n_roots:], n_roots))
    insert_rows(connection, PLAN_ROOTS, ("plan_id", "number", "path", "filesystem"), rows)
    rows_of_folders = ((plan_id, at, path, False) for at, path in enumerate(folders.paths[n_folders:], n_folders))
    insert_rows(connection, STAGING_FOLDERS, ("plan_id", "number", "path", "planned"), rows_of_folders)
    insert_rows(connection, STAGING_ACTIONS, ("plan_id", *ACTION_COLUMNS, "state"), added)
    columns, keys = ACTION_COLUMNS[1:], ("plan_id", "action_id")  # the state stays: it is what a run made of it
    update_rows(connection, STAGING_ACTIONS, columns, keys, ((*row[2:-1], *row[:2]) for row in changed))
    _count(connection, plan_id, amendment.added)


def _write_units(connection: Connection, plan_id: str, units: Sequence[Unit]) -> None:
    """New units, of roots that the plan's actions have named before."""
    numbers = {path: number for number, path in paths_within(connection, plan_id)[0].items()}
    rows = [(plan_id, one.number, one.kind.value, numbers[one.root], one.folder) for one in units]
    insert_rows(connection, PLAN_UNITS, ("plan_id", "number", "kind", "root", "folder"), rows)


def _dictionaries(connection: Connection, plan_id: str) -> tuple[PathNumbers, PathNumbers]:
    """The plan's roots and folders, to which more may be added. A plan numbers them without gaps."""
    roots, folders = paths_within(connection, plan_id)
    return PathNumbers(roots[number] for number in sorted(roots)), PathNumbers(folders[n] for n in sorted(folders))


def _count(connection: Connection, plan_id: str, added: Iterable[Action]) -> None:
    kinds = [action.kind for action in added]
    n_moves, n_kept = kinds.count(ActionKind.MOVE), kinds.count(ActionKind.KEEP)
    if kinds:
        more = {"n_moves": STAGING_PLANS.c.n_moves + n_moves, "n_kept": STAGING_PLANS.c.n_kept + n_kept}
        connection.execute(update(STAGING_PLANS).where(STAGING_PLANS.c.plan_id == plan_id).values(more))
