"""The journal's tables, statements and rows: how runs, operations and outcomes lie in SQLite (`store.journal`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import Operation, OpKind, OpState, Outcome, Recorded, Run, RunKind, RunState
from ifmosfs.core.wrapping import FingerprintRow, fingerprint_from, fingerprint_row, wrapped
from ifmosfs.store.encoding import legible_or_none
from ifmosfs.store.folder_times import TABLE
from ifmosfs.store.records import Arrivals, folder_from_json, folder_to_json

FORMAT: Final = 4  # PRAGMA user_version
MOST_ARRIVALS: Final = 1_000  # on a line of the sidecar: what a damaged one costs

_PRINT: Final = "{0}_inode INTEGER, {0}_size INTEGER, {0}_mtime_ns INTEGER, {0}_ctime_ns INTEGER, {0}_birth_ns INTEGER"
SCHEMA: Final = (
    "CREATE TABLE places_roots (root_id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE)",
    """CREATE TABLE runs (
        run_number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, plan_id TEXT NOT NULL,
        target BLOB NOT NULL, state TEXT NOT NULL, started_ns INTEGER NOT NULL, boot_id TEXT NOT NULL, pid INTEGER NOT NULL,
        finished_ns INTEGER, message TEXT, sidecar BLOB NOT NULL)""",
    f"""CREATE TABLE operations (
        run_number INTEGER NOT NULL REFERENCES runs, seq INTEGER NOT NULL, kind TEXT NOT NULL,
        source_root_id INTEGER, source_path BLOB, target_root_id INTEGER, target_path BLOB, {_PRINT.format("expected")},
        action_id INTEGER NOT NULL, folder BLOB, inverse_run TEXT, inverse_seq INTEGER, state TEXT NOT NULL,
        {_PRINT.format("arrived")}, digest BLOB, error TEXT, unit INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (run_number, seq)) WITHOUT ROWID""",
    TABLE,
    f"PRAGMA user_version = {FORMAT}",
)
_TO_THIS: Final = (TABLE, f"PRAGMA user_version = {FORMAT}")
UPGRADES: Final = {
    1: ("ALTER TABLE operations ADD COLUMN unit INTEGER NOT NULL DEFAULT 0", *_TO_THIS),
    2: _TO_THIS,  # 3 had operations of a new kind, of which earlier programs know nothing
    3: _TO_THIS,
}
# sqlite3 asks each None and each bytes how it wants to be stored, which takes as long as storing it, and never asks a bytearray.
# So paths are bytearrays, and statements of their own leave out what most operations and outcomes do not have.
_INTENT_COLUMNS: Final = """run_number, seq, kind, source_root_id, source_path, target_root_id, target_path, expected_inode,
    expected_size, expected_mtime_ns, expected_ctime_ns, expected_birth_ns, action_id, state, unit"""
INTEND_MOST: Final = f"INSERT INTO operations ({_INTENT_COLUMNS}) VALUES ({', '.join('?' * 15)})"  # noqa: S608  constants only
INTEND: Final = f"""INSERT INTO operations ({_INTENT_COLUMNS}, folder, inverse_run, inverse_seq)
    VALUES ({", ".join("?" * 18)})"""  # noqa: S608  constants only
REINTEND: Final = INTEND.replace("INSERT", "INSERT OR REPLACE", 1)
ADOPT: Final = """INSERT INTO runs (run_id, kind, plan_id, target, state, started_ns, boot_id, pid, finished_ns, message,
    sidecar, run_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
BEGIN: Final = """INSERT INTO runs (run_id, kind, plan_id, target, state, started_ns, boot_id, pid, finished_ns, message,
    sidecar) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET state = excluded.state,
    boot_id = excluded.boot_id, pid = excluded.pid, finished_ns = excluded.finished_ns, message = excluded.message"""
SETTLE: Final = """UPDATE operations SET state = ?, arrived_inode = ?, arrived_size = ?, arrived_mtime_ns = ?,
    arrived_ctime_ns = ?, arrived_birth_ns = ?, digest = ?, error = ? WHERE run_number = ? AND seq = ?"""
SETTLE_ARRIVED: Final = """UPDATE operations SET state = 'done', arrived_inode = expected_inode,
    arrived_size = expected_size, arrived_mtime_ns = expected_mtime_ns, arrived_ctime_ns = ?,
    arrived_birth_ns = expected_birth_ns, digest = NULL, error = NULL WHERE run_number = ? AND seq = ?"""
OPERATIONS: Final = """SELECT seq, kind, source_root_id, source_path, target_root_id, target_path, action_id, folder,
    inverse_run, inverse_seq, state, digest, error, expected_inode, expected_size, expected_mtime_ns, expected_ctime_ns,
    expected_birth_ns, arrived_inode, arrived_size, arrived_mtime_ns, arrived_ctime_ns, arrived_birth_ns, unit
    FROM operations WHERE run_number = ? AND seq > ?"""
RUNS: Final = (
    """SELECT run_id, kind, plan_id, target, state, started_ns, boot_id, pid, finished_ns, message FROM runs"""
)
DONE_MOVES: Final = "FROM operations WHERE run_number = ? AND state = 'done' AND kind IN ('move', 'carry')"
_NO_PRINT: Final = (None, None, None, None, None)
_KIND_WORDS: Final = {
    kind: kind.value for kind in OpKind
}  # the property `value` takes longer than the rest of a column
_STATE_WORDS: Final = {state: state.value for state in OpState}
_INTENT: Final = OpState.INTENT.value
_OP_KINDS: Final = {kind.value: kind for kind in OpKind}
_OP_STATES: Final = {state.value: state for state in OpState}


def run_row(run: Run, sidecar: bytes) -> tuple[Any, ...]:
    head = (run.run_id, run.kind.value, run.plan_id, run.target, run.state.value, run.started_ns)
    return *head, run.boot_id, run.pid, run.finished_ns, legible_or_none(run.message), sidecar


def most_of_intent(number: int, one: Operation, root_ids: dict[bytes, int]) -> tuple[Any, ...]:
    source, target = one.source, one.target
    return (
        number,
        one.seq,
        _KIND_WORDS[one.kind],
        None if source is None else root_ids[source.root],
        None if source is None else bytearray(source.path),
        None if target is None else root_ids[target.root],
        None if target is None else bytearray(target.path),
        *_print_row(one.expected),
        one.action_id,
        _INTENT,
        one.unit,
    )


def intent_row(number: int, one: Operation, root_ids: dict[bytes, int]) -> tuple[Any, ...]:
    folder = None if one.folder is None else folder_to_json(one.folder)
    return *most_of_intent(number, one, root_ids), folder, *(one.inverse_of or (None, None))


def is_as_expected(one: Outcome, expected: Fingerprint | None) -> bool:
    arrived = one.arrived
    return (
        one.state is OpState.DONE
        and arrived is not None
        and expected is not None
        and one.digest is None
        and one.error is None
        and arrived.inode == expected.inode
        and arrived.mtime_ns == expected.mtime_ns
        and arrived.size_bytes == expected.size_bytes
        and arrived.birth_ns == expected.birth_ns
        and wrapped(arrived.ctime_ns) == arrived.ctime_ns
    )


def arrivals_of(outcomes: Sequence[Outcome]) -> Iterator[Arrivals]:
    """Outcomes with what was expected, those whose numbers follow one another together."""
    begun = 0
    for at in range(1, len(outcomes) + 1):
        if at == len(outcomes) or outcomes[at].seq != outcomes[at - 1].seq + 1 or at - begun == MOST_ARRIVALS:
            ctimes_ns = tuple(one.arrived.ctime_ns for one in outcomes[begun:at] if one.arrived is not None)
            yield Arrivals(outcomes[begun].seq, ctimes_ns)
            begun = at


def arrival_rows(number: int, arrivals: Sequence[Arrivals]) -> list[tuple[int, int, int]]:
    return [(ctime_ns, number, seq) for each in arrivals for seq, ctime_ns in enumerate(each.ctimes_ns, each.first)]


def outcome_row(number: int, one: Outcome) -> tuple[Any, ...]:
    state, arrived = _STATE_WORDS[one.state], _print_row(one.arrived)
    return state, *arrived, one.digest, legible_or_none(one.error), number, one.seq


def _print_row(print_: Fingerprint | None) -> FingerprintRow | tuple[None, ...]:
    return _NO_PRINT if print_ is None else fingerprint_row(print_)


def _print_from(numbers: Sequence[Any]) -> Fingerprint | None:
    inode, size, mtime, ctime, birth = numbers
    return None if inode is None else fingerprint_from(inode, size, mtime, ctime, birth)


def run_from(row: Sequence[Any]) -> Run:
    run_id, kind, plan_id, target, state, *rest = row
    return Run(run_id, RunKind(kind), plan_id, target, RunState(state), *rest)


def recorded_from(row: Sequence[Any], roots: dict[int, bytes]) -> Recorded:
    seq, kind, source_root, source, target_root, target, action_id, folder, inverse_run, inverse_seq = row[:10]
    state, digest, error = row[10:13]
    operation = Operation(
        seq,
        _OP_KINDS[kind],
        None if source_root is None else Place(roots[source_root], source),
        None if target_root is None else Place(roots[target_root], target),
        _print_from(row[13:18]),
        action_id,
        None if folder is None else folder_from_json(folder),
        None if inverse_run is None else (inverse_run, inverse_seq),
        row[23],
    )
    return Recorded(operation, Outcome(seq, _OP_STATES[state], _print_from(row[18:23]), digest, error))
