"""The run journal in SQLite: the truth that recovery starts from, with its plain copy beside the data (`store.sidecar`).

`journal.db` runs in WAL mode with synchronous=FULL (NORMAL loses acknowledged rows at a power cut) and is held exclusively
by one process (which also keeps WAL from mapping memory: a full disk is then an error and not a signal).

Intents are written to the sidecar first and to the database second. If the sidecar cannot be written, the database does not
know of the batch, so there is nothing to recover; if the database cannot, the sidecar names intents that never took effect,
which whoever reads it sees on the disk. The other way round, a recovery would carry out moves that their run had given up.
Outcomes go to the database first: it must never know less than the sidecar of what has been done.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from ifmosfs.core.errors import DiskFull, IfmosfsError, NotFound
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import Operation, OpState, Outcome, Recorded, Run, RunKind, RunState
from ifmosfs.core.names import CONTROL_NAME
from ifmosfs.store.encoding import legible_or_none
from ifmosfs.store.folder_times import FolderTimes
from ifmosfs.store.journal_rows import (
    ADOPT,
    BEGIN,
    DONE_MOVES,
    FORMAT,
    INTEND,
    INTEND_MOST,
    OPERATIONS,
    REINTEND,
    RUNS,
    SCHEMA,
    SETTLE,
    SETTLE_ARRIVED,
    UPGRADES,
    arrival_rows,
    arrivals_of,
    intent_row,
    is_as_expected,
    most_of_intent,
    outcome_row,
    recorded_from,
    run_from,
    run_row,
)
from ifmosfs.store.records import Arrivals, Finished, PlanHead
from ifmosfs.store.sidecar import (
    Damage,
    Sidecar,
    is_sidecar_name,
    move_sidecar,
    read_sidecar,
    remove_draft,
    remove_folder,
    sidecar_name,
    target_exists,
    trouble,
)
from ifmosfs.store.state_folder import make_state_folder, sync_folder
from ifmosfs.store.trouble import damaged, newer, translated, understood

T = TypeVar("T")

logger = logging.getLogger(__name__)

JOURNAL_NAME: Final = "journal.db"
SIDECAR_FOLDER: Final = "journal"
WAIT_SECONDS: Final = 1.0
PAGE_ROWS: Final = 10_000


def open_journal(folder: Path, make_room: Callable[[], object] = bool) -> SqliteJournal:
    """The journal in a state folder, both made where missing. Raises as `SqliteJournal` does.

    `make_room` is called before a rollback begins: where its disk is nearly full, it is to come to its end all the same.
    """
    with translated(folder / JOURNAL_NAME):
        make_state_folder(folder)
    return SqliteJournal(folder / JOURNAL_NAME, folder / SIDECAR_FOLDER, make_room)


class SqliteJournal:
    """A `core.journal.Journal`, held by one process at a time; its methods may be called from several threads."""

    def __init__(self, path: Path, sidecar_folder: Path, make_room: Callable[[], object] = bool) -> None:
        """Open the database, which is made where missing; `sidecar_folder` is for runs whose target does not exist yet.

        Raises: Locked within about a second if another process holds it; DatabaseNewer, DatabaseDamaged, DiskFull,
        DiskFailed.
        """
        self._path = path
        self._make_room = make_room
        self._sidecar_folder = os.fsencode(sidecar_folder)
        self._lock = threading.RLock()
        self._sidecars: dict[str, Sidecar] = {}
        self._heads: dict[str, PlanHead] = {}
        self._intended: tuple[str, dict[int, Fingerprint | None]] = "", {}  # the latest operations of a run
        self._times = FolderTimes(self._writing)
        with translated(path):
            self._connection = _opened(path)
            try:
                sync_folder(path.parent)  # the names of the database and of its log, whose first transactions follow
                self._root_ids = _load_roots(self._connection)
                self._remove_what_never_began()
            except BaseException:
                self._connection.close()
                raise

    def accompany(self, head: PlanHead) -> None:
        """From now on, let the sidecars of the plan's runs say this of it."""
        self._heads[head.plan_id] = head

    def begin(self, run: Run) -> None:
        """Record that the run has started; its sidecar is made first, in the target if that is a folder already.

        A run that was begun before is taken up again under its id, with its operations.
        Raises: DiskFull, DiskFailed, before anything is recorded.
        """
        with self._lock:
            if run.kind is RunKind.ROLLBACK:
                self._make_room()
            if run.run_id not in self._sidecars:
                self._sidecars[run.run_id] = self._sidecar_to_begin(run)
            sidecar = self._sidecars[run.run_id]
            sidecar.append(self._first_lines(run), durable=True)
            with self._writing() as connection:
                connection.execute(BEGIN, run_row(run, sidecar.path))
                self._times.forget(connection, os.path.dirname(os.path.dirname(sidecar.path)))

    def intend(self, run_id: str, operations: Sequence[Operation]) -> None:
        """Record operations with state INTENT, durably, in the sidecar and then here."""
        with self._lock:
            number, _ = self._known(run_id)
            if not operations:
                return
            self.adopt_target(run_id)
            self._sidecar(run_id).append(operations, durable=True)
            with self._writing() as connection:
                root_ids = self._with_roots(connection, operations)
                most, others = _parted(operations, lambda one: one.folder is None and one.inverse_of is None)
                connection.executemany(INTEND_MOST, [most_of_intent(number, one, root_ids) for one in most])
                connection.executemany(INTEND, [intent_row(number, one, root_ids) for one in others])
            self._root_ids = root_ids
            self._intended = run_id, {one.seq: one.expected for one in operations}

    def settle(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Record what became of operations, durably here and then, left to the system to write, in the sidecar.

        An outcome without digest or arrived fingerprint clears an earlier one's. Raises ValueError, having changed nothing,
        for an operation that was never intended.
        """
        with self._lock:
            number, _ = self._known(run_id)
            with self._writing() as connection:
                arrivals, others = self._arrivals(run_id, outcomes)
                n_settled = _changed(connection, SETTLE_ARRIVED, arrival_rows(number, arrivals))
                n_settled += _changed(connection, SETTLE, [outcome_row(number, one) for one in others])
                if n_settled != len(outcomes):
                    raise ValueError(f"the run {run_id} settles an operation that it never intended")
            self._note(run_id, [*arrivals, *others], durable=False)

    def _arrivals(self, run_id: str, outcomes: Sequence[Outcome]) -> tuple[list[Arrivals], list[Outcome]]:
        """The outcomes of this process's latest operations that are as expected, in the order of their numbers, and the others."""
        of_run, expected = self._intended
        if of_run != run_id:
            return [], list(outcomes)
        as_expected, others = _parted(outcomes, lambda one: is_as_expected(one, expected.get(one.seq)))
        return list(arrivals_of(as_expected)), others

    def finish(self, run_id: str, state: RunState, at_ns: int, message: str | None) -> None:
        """Record the end of the run, durably here and then in the sidecar, which is closed."""
        with self._lock:
            number, _ = self._known(run_id)
            with self._writing() as connection:
                row = (state.value, at_ns, legible_or_none(message), number)
                connection.execute("UPDATE runs SET state = ?, finished_ns = ?, message = ? WHERE run_number = ?", row)
            self._note(run_id, [Finished(state, at_ns, message)], durable=True)
            self._sidecars.pop(run_id).close()

    def adopt_target(self, run_id: str) -> None:
        """Move the run's sidecar from the state folder into the target if that exists by now.

        `intend` does this by itself; call it as soon as the run has made its target folder, so that the journal lies with
        the data from then on. Safe to call at any time and to repeat.
        """
        with self._lock:
            sidecar, folder = self._sidecar(run_id), self._folder_for(*self._home(run_id))
            if os.path.dirname(sidecar.path) != folder:
                self._sidecars[run_id] = self._moved(sidecar, folder, run_id)

    def adopt(
        self, run: Run, records: Iterable[Operation | Outcome], sidecar: bytes, *, before_others: bool = False
    ) -> None:
        """Take over a run that is told of elsewhere, wholly or not at all, as the newest or the oldest of all runs.

        `sidecar` is where its plain copy lies, which is not touched. Outcomes of operations that are not among the records
        are passed over. Raises: DiskFull, DiskFailed.
        """
        with self._lock:
            known_roots = self._root_ids
            try:
                with self._writing() as connection:
                    number = _free_number(connection, before_others=before_others)
                    connection.execute(ADOPT, (*run_row(run, sidecar), number))
                    for some in _batches(records):
                        self._write_adopted(connection, number, some)
            except BaseException:
                self._root_ids = known_roots
                raise

    def keep_copy(self, run_id: str, path: bytes) -> bytes:
        """Where a sidecar that lies anywhere (a backup, perhaps) is kept from now on: among those of the state folder.

        Only its whole lines are taken. Raises: DiskFull, DiskFailed; OSError if it cannot be read.
        """
        kept = Sidecar(self._sidecar_folder, run_id, self._times.keeping)
        try:
            if kept.is_empty:
                kept.append((one for one in read_sidecar(path) if not isinstance(one, Damage)), durable=True)
            return kept.path
        finally:
            kept.close()

    def _write_adopted(
        self, connection: sqlite3.Connection, number: int, records: Sequence[Operation | Outcome]
    ) -> None:
        operations = [one for one in records if isinstance(one, Operation)]
        outcomes = [one for one in records if isinstance(one, Outcome)]
        self._root_ids = self._with_roots(connection, operations)
        connection.executemany(REINTEND, [intent_row(number, one, self._root_ids) for one in operations])
        connection.executemany(SETTLE, [outcome_row(number, one) for one in outcomes])

    def withdraw_sidecars(self, plan_id: str) -> None:
        """Take the sidecars of a plan's finished runs out of its target into the state folder, and with the last one the
        folder they lay in: before a rollback that leaves nothing there. Safe to repeat."""
        self._make_room()
        for run in self.runs(plan_id):
            self._move_finished(run, self._sidecar_folder)
            self._remove_left_over(run)
            self._remove_unbegun(_control_folder(run.target))

    def return_sidecars(self, plan_id: str) -> None:
        """Put them beside the data again, when the rollback did leave something there; its own as well, for without it the
        others tell of moves that hold no more. Safe to repeat."""
        for run in self.runs(plan_id):
            self._move_finished(run, self._folder_for(run.target, RunKind.COMMIT))

    def runs(self, plan_id: str | None = None) -> Sequence[Run]:
        """All runs, oldest first, of one plan or of all."""
        condition, values = ("", ()) if plan_id is None else (" WHERE plan_id = ?", (plan_id,))
        return self._runs(condition, values)

    def unfinished(self) -> Sequence[Run]:
        """Runs in state RUNNING or NEEDS_RECOVERY, oldest first."""
        states = (RunState.RUNNING.value, RunState.NEEDS_RECOVERY.value)
        return self._runs(" WHERE state IN (?, ?)", states)

    def recorded(self, run_id: str, states: Iterable[OpState] | None = None) -> Iterator[Recorded]:
        """The operations of a run in `seq` order, only those in the given states where given.

        Read in pages, so operations may be settled meanwhile; those of later pages then show their new state.
        """
        wanted = None if states is None else [state.value for state in states]
        condition = "" if wanted is None else f" AND state IN ({', '.join('?' * len(wanted))})"
        query = f"{OPERATIONS}{condition} ORDER BY seq LIMIT {PAGE_ROWS}"
        with self._lock:
            number, _ = self._known(run_id)
        last_seq = -1
        while page := self._page(query, (number, last_seq, *(wanted or ()))):
            yield from page
            last_seq = page[-1].operation.seq

    def n_moved(self, run_id: str) -> int:
        """How many moves of a run are done; a carried folder counts as one. Raises: NotFound."""
        with self._lock, translated(self._path):
            number, _ = self._known(run_id)
            (n_moved,) = self._connection.execute(f"SELECT count(*) {DONE_MOVES}", (number,)).fetchone()
            return int(n_moved)

    def arrived_outside(self, run_id: str) -> list[Place]:
        """Where a run has brought what is not in the layout of its target: old places, and the vault. Raises: NotFound."""
        with self._lock, translated(self._path):
            number, target = self._known(run_id)
            roots = {root_id: path for path, root_id in self._root_ids.items()}
            query = f"""SELECT target_root_id, target_path {DONE_MOVES}
                AND (target_root_id IS NOT ? OR substr(target_path, 1, ?) = ?) ORDER BY seq"""
            values = (number, self._root_ids.get(target), len(CONTROL_NAME), CONTROL_NAME)
            return [Place(roots[root], path) for root, path in self._connection.execute(query, values)]

    def sidecar_path(self, run_id: str) -> bytes:
        """Where the run's plain copy lies now. Raises: NotFound."""
        with self._lock, translated(self._path):
            self._known(run_id)
            (path,) = self._connection.execute("SELECT sidecar FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            return bytes(path)

    def close(self) -> None:
        """Close the database, which lets other processes in, and all sidecars."""
        with self._lock:
            for sidecar in self._sidecars.values():
                sidecar.close()
            self._sidecars.clear()
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All of the block, synced, or nothing of it."""
        with translated(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _note(self, run_id: str, records: Sequence[Arrivals | Outcome | Finished], *, durable: bool) -> None:
        """Add to the sidecar what this database already holds. A full disk does not undo that, so it is only logged:
        a run that was stopped *because* the disk is full must still be able to end."""
        try:
            self._sidecar(run_id).append(records, durable=durable)
        except DiskFull as error:
            logger.warning("not all outcomes of run %s stand beside the data: %s", run_id, error)

    def _first_lines(self, run: Run) -> list[Run | PlanHead]:
        head = self._heads.get(run.plan_id)
        return [run] if head is None else [run, head]

    def _sidecar_to_begin(self, run: Run) -> Sidecar:
        if any(known.run_id == run.run_id for known in self.runs()):
            return self._sidecar(run.run_id)
        return Sidecar(self._folder_for(run.target, run.kind), run.run_id, self._times.noting)

    def _folder_for(self, target: bytes, kind: RunKind) -> bytes:
        """Beside the data; in the state folder while there is no target, and for a rollback, which may remove it."""
        beside_data = kind is RunKind.COMMIT and target_exists(target)
        return _control_folder(target) if beside_data else self._sidecar_folder

    def _home(self, run_id: str) -> tuple[bytes, RunKind]:
        """(target, kind) of a run. Raises: NotFound."""
        run = next((each for each in self.runs() if each.run_id == run_id), None)
        if run is None:
            raise NotFound(f"no run {run_id!r}", hint="list them: ifmosfs status")
        return run.target, run.kind

    def _move_finished(self, run: Run, folder: bytes) -> None:
        with self._lock:
            path = self.sidecar_path(run.run_id)
            if run.run_id not in self._sidecars and os.path.dirname(path) != folder and os.path.lexists(path):
                old = Sidecar(os.path.dirname(path), run.run_id, self._times.keeping)
                self._moved(old, folder, run.run_id).close()

    def _remove_left_over(self, run: Run) -> None:
        """A kill after a sidecar's new place was recorded leaves the old file, one before it a half-made copy; the recorded
        one is complete."""
        remove_draft(_control_folder(run.target), run.run_id)
        recorded = self.sidecar_path(run.run_id)
        left = _control_folder(run.target) + b"/" + sidecar_name(run.run_id)
        if recorded != left and os.path.lexists(recorded):
            with trouble(left), suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(left)

    def _remove_what_never_began(self) -> None:
        """What a run that could not begin, or was killed before, has left in its target; what cannot be removed stays there."""
        for target in self._times.settle():
            try:
                self._remove_unbegun(_control_folder(target))
            except IfmosfsError as error:
                logger.warning("what an interrupted run has left cannot be removed: %s", error)

    def _remove_unbegun(self, folder: bytes) -> None:
        """Remove the sidecars of runs that were killed before this database knew of them: they tell of no operation; and the
        folder, if nothing else is in it."""
        known = {sidecar_name(run.run_id) for run in self.runs()}
        with trouble(folder), suppress(FileNotFoundError, NotADirectoryError):
            for name in os.listdir(folder):
                path = folder + b"/" + name
                if (
                    name not in known
                    and is_sidecar_name(name)
                    and all(isinstance(one, Run | PlanHead) for one in read_sidecar(path))
                ):
                    os.unlink(path)
        remove_folder(folder, self._times.keeping)

    def _moved(self, sidecar: Sidecar, folder: bytes, run_id: str) -> Sidecar:
        """The sidecar in another folder; the old one is removed when the new one is durable and recorded."""
        moved = move_sidecar(sidecar, folder, run_id, self._times.keeping)
        with self._writing() as connection:
            connection.execute("UPDATE runs SET sidecar = ? WHERE run_id = ?", (moved.path, run_id))
        sidecar.close()
        with trouble(sidecar.path):
            os.unlink(sidecar.path)
        return moved

    def _sidecar(self, run_id: str) -> Sidecar:
        """The run's open sidecar. One that vanished (a removed disk, a deleted folder) is begun again where it belongs now."""
        if run_id not in self._sidecars:
            number, _ = self._known(run_id)
            folder = os.path.dirname(self.sidecar_path(run_id))
            if not os.path.isdir(folder):
                folder = self._folder_for(*self._home(run_id))
            sidecar = self._sidecars[run_id] = Sidecar(folder, run_id, self._times.keeping)
            if sidecar.is_empty:
                first = next(run for run in self.runs() if run.run_id == run_id)
                sidecar.append(self._first_lines(first), durable=True)
                with self._writing() as connection:
                    connection.execute("UPDATE runs SET sidecar = ? WHERE run_number = ?", (sidecar.path, number))
        return self._sidecars[run_id]

    def _known(self, run_id: str) -> tuple[int, bytes]:
        """(run number, target). Raises: NotFound."""
        with translated(self._path):
            query = "SELECT run_number, target FROM runs WHERE run_id = ?"
            row = self._connection.execute(query, (run_id,)).fetchone()
        if row is None:
            raise NotFound(f"no run {run_id!r}", hint="list them: ifmosfs status")
        return row[0], row[1]

    def _with_roots(self, connection: sqlite3.Connection, operations: Sequence[Operation]) -> dict[bytes, int]:
        """The ids of all roots, with those that the operations are the first to name."""
        roots = {one.source.root for one in operations if one.source is not None}
        roots |= {one.target.root for one in operations if one.target is not None}
        known = dict(self._root_ids)
        for root in sorted(roots - known.keys()):
            row_id = connection.execute("INSERT INTO places_roots (path) VALUES (?)", (root,)).lastrowid
            assert row_id is not None
            known[root] = row_id
        return known

    def _runs(self, condition: str, values: Sequence[str]) -> list[Run]:
        with self._lock, translated(self._path), understood(self._path):
            rows = self._connection.execute(f"{RUNS}{condition} ORDER BY run_number", values).fetchall()
            return [run_from(row) for row in rows]

    def _page(self, query: str, values: Sequence[Any]) -> list[Recorded]:
        with self._lock, translated(self._path), understood(self._path):
            roots = {root_id: path for path, root_id in self._root_ids.items()}
            return [recorded_from(row, roots) for row in self._connection.execute(query, values)]


def _control_folder(target: bytes) -> bytes:
    return target.rstrip(b"/") + b"/" + CONTROL_NAME


def _opened(path: Path) -> sqlite3.Connection:
    """A connection that holds the database alone, with its tables made and its format checked."""
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        # The order matters: exclusive before WAL, or WAL maps shared memory.
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("BEGIN IMMEDIATE")
        _make_or_check(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_or_check(connection: sqlite3.Connection, path: Path) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found == 0 and n_tables == 0:
        for statement in SCHEMA:
            connection.execute(statement)
    elif found == 0:
        raise damaged(path, "it is not a journal of ifmosfs")
    elif found > FORMAT:
        raise newer(path, str(found))
    for statement in UPGRADES.get(found, ()):
        connection.execute(statement)


def _free_number(connection: sqlite3.Connection, *, before_others: bool) -> int:
    lowest, highest = connection.execute("SELECT min(run_number), max(run_number) FROM runs").fetchone()
    if highest is None:
        return 1
    return int(lowest - 1 if before_others else highest + 1)


def _batches(records: Iterable[Operation | Outcome]) -> Iterator[list[Operation | Outcome]]:
    """The records in lists, each with at most a page of them; no outcome comes before its operation."""
    left = iter(records)
    while some := list(islice(left, PAGE_ROWS)):
        yield some


def _load_roots(connection: sqlite3.Connection) -> dict[bytes, int]:
    return {path: root_id for root_id, path in connection.execute("SELECT root_id, path FROM places_roots")}


def _parted(items: Iterable[T], condition: Callable[[T], bool]) -> tuple[list[T], list[T]]:
    """Those that meet the condition, and the others, both in their order."""
    meeting: list[T] = []
    others: list[T] = []
    for item in items:
        (meeting if condition(item) else others).append(item)
    return meeting, others


def _changed(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> int:
    """The number of rows that the statement, run with each of these values, has changed."""
    return connection.executemany(statement, rows).rowcount if rows else 0
