"""The run journal: durable before and after each effect, in the database and beside the data."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_values import YEAR_2400_NS, fingerprint, operations, outcomes

from ifmosfs.core.errors import DatabaseDamaged, DatabaseNewer, DiskFailed, DiskFull, Locked, NotFound
from ifmosfs.core.files import Place
from ifmosfs.core.journal import Operation, OpKind, OpState, Outcome, Recorded, Run, RunKind, RunState
from ifmosfs.store.journal import SqliteJournal, open_journal
from ifmosfs.store.records import Arrivals, Finished, from_line
from ifmosfs.store.sidecar import read_sidecar

counter = itertools.count()


def run_into(target: Path, run_id: str = "run1", plan_id: str = "p1") -> Run:
    return Run(run_id, RunKind.COMMIT, plan_id, os.fsencode(target), RunState.RUNNING, 5, "boot", 77)


def move(seq: int) -> Operation:
    source, target = Place(b"/in\xff", b"two\nlines%d" % seq), Place(b"/t", b"a/\xfe%d" % seq)
    return Operation(seq, OpKind.MOVE, source, target, replace(fingerprint(seq), mtime_ns=YEAR_2400_NS), seq)


def intended(*some: Operation) -> list[Recorded]:
    return [Recorded(one, Outcome(one.seq, OpState.INTENT)) for one in some]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with open_journal(tmp_path / "state") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteJournal]:
    with open_journal(tmp_path_factory.mktemp("journal")) as opened:
        yield opened


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(operations, outcomes), max_size=6))
def test_operations_and_outcomes_come_back_whole_from_the_database_and_from_the_sidecar(
    shared_journal: SqliteJournal, pairs: list[tuple[Operation, Outcome]]
) -> None:
    run = run_into(Path("/does/not/exist"), f"run{next(counter)}")
    recorded = [Recorded(replace(o, seq=at), replace(s, seq=at)) for at, (o, s) in enumerate(pairs, 1)]
    shared_journal.begin(run)
    shared_journal.intend(run.run_id, [one.operation for one in recorded])
    assert list(shared_journal.recorded(run.run_id)) == intended(*(one.operation for one in recorded))
    shared_journal.settle(run.run_id, [one.outcome for one in recorded])
    assert list(shared_journal.recorded(run.run_id)) == recorded
    shared_journal.finish(run.run_id, RunState.COMPLETE, 9, None)
    first, *beside, last = read_sidecar(shared_journal.sidecar_path(run.run_id))
    assert (first, last) == (run, Finished(RunState.COMPLETE, 9, None))
    assert beside[: len(recorded)] == [one.operation for one in recorded]
    told = [one for one in beside[len(recorded) :] if isinstance(one, Outcome)]
    assert sorted(told, key=lambda one: one.seq) == [one.outcome for one in recorded]


def test_what_arrived_as_expected_is_one_line_beside_the_data_and_whole_in_both_places(
    journal: SqliteJournal, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifmosfs.store.journal_rows.MOST_ARRIVALS", 3)
    moves = [move(seq) for seq in range(1, 10)]
    renamed = [replace(fingerprint(seq), mtime_ns=YEAR_2400_NS, ctime_ns=1000 + seq) for seq in range(1, 10)]
    outcomes = [Outcome(seq, OpState.DONE, print_) for seq, print_ in enumerate(renamed, 1)]
    outcomes[5] = Outcome(6, OpState.CONFLICT, error="name-taken")
    outcomes[7] = Outcome(8, OpState.DONE, replace(renamed[7], birth_ns=1))
    journal.begin(run_into(target))
    journal.intend("run1", moves)
    journal.settle("run1", outcomes)
    assert [one.outcome for one in journal.recorded("run1")] == outcomes
    path = Path(os.fsdecode(journal.sidecar_path("run1")))
    told = [one for one in read_sidecar(path) if isinstance(one, Outcome)]
    assert sorted(told, key=lambda one: one.seq) == outcomes
    lines = [from_line(line) for line in path.read_bytes().splitlines()]
    short = [Arrivals(1, (1001, 1002, 1003)), Arrivals(4, (1004, 1005)), Arrivals(7, (1007,)), Arrivals(9, (1009,))]
    assert lines[10:] == [*short, outcomes[5], outcomes[7]]


def test_connection_is_wal_exclusive_and_synchronous_full(journal: SqliteJournal, tmp_path: Path) -> None:
    names = ("journal_mode", "locking_mode", "synchronous", "foreign_keys", "busy_timeout")
    values = [journal._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert values == ["wal", "exclusive", 2, 1, 1000]
    assert not (tmp_path / "state" / "journal.db-shm").exists()


def test_journal_held_by_another_process_is_locked(journal: SqliteJournal, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom ifmosfs.core.errors import Locked\nfrom ifmosfs.store.journal import open_journal\n"
        "try:\n    open_journal(pathlib.Path(sys.argv[1]))\nexcept Locked as error:\n    print(error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "state"], capture_output=True, text=True, check=True)
    assert done.stdout == "wait until it has finished: ifmosfs status\n"
    journal.close()
    open_journal(tmp_path / "state").close()


def test_runs_are_listed_oldest_first_and_unfinished_ones_apart(journal: SqliteJournal, target: Path) -> None:
    runs = [run_into(target, "run1"), run_into(target, "run2", "p2"), run_into(target, "run3")]
    for run in runs:
        journal.begin(run)
    journal.finish("run1", RunState.COMPLETE, 9, None)
    journal.finish("run2", RunState.NEEDS_RECOVERY, 10, "the disk failed")
    done = replace(runs[0], state=RunState.COMPLETE, finished_ns=9)
    failed = replace(runs[1], state=RunState.NEEDS_RECOVERY, finished_ns=10, message="the disk failed")
    assert journal.runs() == [done, failed, runs[2]]
    assert journal.runs("p1") == [done, runs[2]]
    assert journal.unfinished() == [failed, runs[2]]


def test_recorded_gives_only_the_wanted_states_in_order_of_seq(
    journal: SqliteJournal, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifmosfs.store.journal.PAGE_ROWS", 3)
    journal.begin(run_into(target))
    journal.intend("run1", [move(seq) for seq in range(10, 0, -1)])
    journal.settle("run1", [Outcome(seq, OpState.DONE) for seq in range(1, 10, 2)])
    assert [one.operation.seq for one in journal.recorded("run1")] == list(range(1, 11))
    assert [one.operation.seq for one in journal.recorded("run1", [OpState.INTENT])] == [2, 4, 6, 8, 10]
    assert list(journal.recorded("run1", [])) == []


def test_operation_that_was_never_intended_cannot_be_settled(journal: SqliteJournal, target: Path) -> None:
    journal.begin(run_into(target))
    journal.intend("run1", [move(1)])
    with pytest.raises(ValueError, match="never intended"):
        journal.settle("run1", [Outcome(1, OpState.DONE), Outcome(2, OpState.DONE)])
    assert list(journal.recorded("run1")) == intended(move(1))


def test_run_that_is_begun_again_keeps_its_operations_and_its_sidecar(journal: SqliteJournal, target: Path) -> None:
    journal.begin(run_into(target))
    journal.intend("run1", [move(1)])
    journal.finish("run1", RunState.STOPPED, 9, "Ctrl-C")
    again = replace(run_into(target), pid=78, boot_id="next boot")
    journal.begin(again)
    assert (journal.runs(), list(journal.recorded("run1"))) == ([again], intended(move(1)))
    expected = [run_into(target), move(1), Finished(RunState.STOPPED, 9, "Ctrl-C"), again]
    assert list(read_sidecar(journal.sidecar_path("run1"))) == expected


def test_unknown_run_is_not_found(journal: SqliteJournal) -> None:
    for call in (
        lambda: journal.intend("nope", [move(1)]),
        lambda: journal.settle("nope", []),
        lambda: journal.finish("nope", RunState.COMPLETE, 1, None),
        lambda: list(journal.recorded("nope")),
        lambda: journal.sidecar_path("nope"),
    ):
        with pytest.raises(NotFound):
            call()


CHILD = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[3])
from ifmosfs.core.journal import Outcome, OpState
from ifmosfs.store.journal import open_journal
from test_store_journal import move, run_into
journal = open_journal(pathlib.Path(sys.argv[1]))
journal.begin(run_into(pathlib.Path(sys.argv[2])))
journal.intend("run1", [move(seq) for seq in range(1, 2001)])
journal.settle("run1", [Outcome(1, OpState.DONE)])
os.kill(os.getpid(), 9)
"""


def test_killed_process_leaves_its_intents_in_both_places_for_the_next_one(tmp_path: Path, target: Path) -> None:
    arguments = [sys.executable, "-c", CHILD, tmp_path / "state", target, Path(__file__).parent]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    moves = [move(seq) for seq in range(1, 2001)]
    with open_journal(tmp_path / "state") as journal:
        assert journal.unfinished() == [run_into(target)]
        done = Recorded(moves[0], Outcome(1, OpState.DONE))
        assert list(journal.recorded("run1")) == [done, *intended(*moves[1:])]
        journal.settle("run1", [Outcome(2, OpState.DONE)])
        journal.finish("run1", RunState.COMPLETE, 9, None)
        beside = list(read_sidecar(target / ".ifmosfs" / "journal-run1.jsonl"))
    ends = [Outcome(1, OpState.DONE), Outcome(2, OpState.DONE), Finished(RunState.COMPLETE, 9, None)]
    assert beside == [run_into(target), *moves, *ends]


def test_sidecar_moves_into_the_target_as_soon_as_that_exists(journal: SqliteJournal, tmp_path: Path) -> None:
    target = tmp_path / "new"
    journal.begin(run_into(target))
    journal.intend("run1", [move(1)])
    waiting = tmp_path / "state" / "journal" / "journal-run1.jsonl"
    assert journal.sidecar_path("run1") == os.fsencode(waiting)
    journal.adopt_target("run1")  # nothing to adopt yet
    assert waiting.exists()
    target.mkdir()
    journal.adopt_target("run1")
    journal.adopt_target("run1")
    journal.intend("run1", [move(2)])
    inside = target / ".ifmosfs" / "journal-run1.jsonl"
    assert (journal.sidecar_path("run1"), waiting.exists()) == (os.fsencode(inside), False)
    assert list(read_sidecar(inside)) == [run_into(target), move(1), move(2)]
    assert (inside.stat().st_mode & 0o777, inside.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_intend_moves_the_sidecar_by_itself_even_in_a_later_process(tmp_path: Path) -> None:
    target = tmp_path / "new"
    with open_journal(tmp_path / "state") as journal:
        journal.begin(run_into(target))
    target.mkdir()
    (target / ".ifmosfs").mkdir()
    (target / ".ifmosfs" / "journal-run1.jsonl.new").write_bytes(b"half-made by an earlier attempt")
    with open_journal(tmp_path / "state") as journal:
        journal.intend("run1", [move(1)])
        assert list(read_sidecar(journal.sidecar_path("run1"))) == [run_into(target), move(1)]
    assert os.listdir(target / ".ifmosfs") == ["journal-run1.jsonl"]


def test_sidecar_that_vanished_is_begun_again(tmp_path: Path, target: Path) -> None:
    with open_journal(tmp_path / "state") as journal:
        journal.begin(run_into(target))
        journal.intend("run1", [move(1)])
    (target / ".ifmosfs" / "journal-run1.jsonl").unlink()
    (target / ".ifmosfs").rmdir()
    target.rmdir()
    with open_journal(tmp_path / "state") as journal:
        journal.settle("run1", [Outcome(1, OpState.DONE)])
        assert journal.sidecar_path("run1") == os.fsencode(tmp_path / "state" / "journal" / "journal-run1.jsonl")
        assert list(read_sidecar(journal.sidecar_path("run1"))) == [run_into(target), Outcome(1, OpState.DONE)]


TRAPS = ["link to a folder", "link to a file", "link to nothing", "pipe", "file for a folder"]


@pytest.mark.parametrize("trap", TRAPS)
def test_trap_in_the_place_of_the_sidecar_stops_the_run_before_anything_is_recorded(
    journal: SqliteJournal, target: Path, tmp_path: Path, trap: str
) -> None:
    control, victims = target / ".ifmosfs", tmp_path / "victims"
    victims.mkdir()
    (victims / "letter").write_text("mine")
    _lay(trap, control, victims)
    with pytest.raises(DiskFailed) as caught:
        journal.begin(run_into(target))
    assert caught.value.path == os.fsencode(control / "journal-run1.jsonl")
    assert journal.runs() == []
    assert {path.name: path.read_text() for path in victims.iterdir()} == {"letter": "mine"}


def _lay(trap: str, control: Path, victims: Path) -> None:
    if trap == "link to a folder":
        control.symlink_to(victims)
        return
    if trap == "file for a folder":
        control.write_text("mine")
        return
    control.mkdir()
    place = control / "journal-run1.jsonl"
    if trap == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(victims / ("letter" if trap == "link to a file" else "nothing"))


def _mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small tmpfs cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # lazy: a failed test may still hold a file


@pytest.fixture
def small_target(tmp_path: Path) -> Iterator[Path]:
    yield from _mounted(tmp_path / "small", "size=64k")


@pytest.fixture
def small_state(tmp_path: Path) -> Iterator[Path]:
    yield from _mounted(tmp_path / "small", "size=400k")


def test_target_that_is_full_stops_before_the_intents_and_lets_the_run_end(
    journal: SqliteJournal, small_target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal.begin(run_into(small_target))
    journal.intend("run1", [move(1)])
    with pytest.raises(DiskFull):
        journal.intend("run1", [move(seq) for seq in range(2, 3000)])
    (small_target / "user's").write_bytes(b"x" * 59_000)
    assert list(journal.recorded("run1")) == intended(move(1))
    beside = [run_into(small_target), move(1)]
    assert list(read_sidecar(journal.sidecar_path("run1"))) == beside
    settled = [Outcome(1, OpState.FAILED, error="x" * 9000)]
    journal.settle("run1", settled)
    journal.finish("run1", RunState.STOPPED, 9, None)
    assert [one.outcome for one in journal.recorded("run1")] == settled
    assert (journal.runs()[0].state, "run1" in caplog.text) == (RunState.STOPPED, True)


def test_state_folder_that_is_full_is_disk_full_and_keeps_what_was_there(small_state: Path, target: Path) -> None:
    with open_journal(small_state) as journal:
        journal.begin(run_into(target))
        journal.intend("run1", [move(1)])
        with pytest.raises(DiskFull) as caught:
            journal.intend("run1", [move(seq) for seq in range(2, 20_000)])
        assert caught.value.path == os.fsencode(small_state / "journal.db")
        assert list(journal.recorded("run1")) == intended(move(1))
    with open_journal(small_state) as journal:
        assert list(journal.recorded("run1")) == intended(move(1))


def test_damaged_newer_and_foreign_journals_are_refused_and_kept(tmp_path: Path) -> None:
    database = tmp_path / "journal.db"
    database.write_bytes(b"x" * 5000)
    with pytest.raises(DatabaseDamaged) as damage:
        open_journal(tmp_path)
    assert str(database) in (damage.value.hint or "")
    assert database.read_bytes() == b"x" * 5000
    for statement, error in (("PRAGMA user_version = 99", DatabaseNewer), ("CREATE TABLE other (a)", DatabaseDamaged)):
        database.unlink()
        connection = sqlite3.connect(database)
        connection.execute(statement)
        connection.close()
        with pytest.raises(error):
            open_journal(tmp_path)


def test_unknown_state_in_a_row_is_reported_as_damage(journal: SqliteJournal, target: Path) -> None:
    journal.begin(run_into(target))
    journal.intend("run1", [move(1)])
    journal._connection.execute("UPDATE operations SET state = 'dreaming'")
    journal._connection.execute("UPDATE runs SET state = 'dreaming'")
    for call in (lambda: list(journal.recorded("run1")), journal.runs):
        with pytest.raises(DatabaseDamaged):
            call()


def test_run_id_with_a_slash_is_a_bug_and_makes_no_file(journal: SqliteJournal, target: Path) -> None:
    with pytest.raises(ValueError, match="not a run id"):
        journal.begin(run_into(target, "../run"))
    assert os.listdir(target) == []


def test_hundred_thousand_operations_are_recorded_and_settled(journal: SqliteJournal, target: Path) -> None:
    journal.begin(run_into(target))
    moves = [move(seq) for seq in range(1, 100_001)]
    for at in range(0, len(moves), 10_000):
        journal.intend("run1", moves[at : at + 10_000])
        journal.settle("run1", [Outcome(one.seq, OpState.DONE, one.expected) for one in moves[at : at + 10_000]])
    assert [one.operation for one in journal.recorded("run1", [OpState.DONE])] == moves


def test_second_journal_in_the_same_process_is_locked_too(journal: SqliteJournal, tmp_path: Path) -> None:
    with pytest.raises(Locked):
        open_journal(tmp_path / "state")


@pytest.fixture
def events(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What becomes durable, in order: folders and files with their size when they are synced, and transactions."""
    happened: list[str] = []
    really_sync = os.fsync

    def sync(descriptor: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        size = "" if place.is_dir() else f" {os.fstat(descriptor).st_size}"
        happened.append(f"sync {place.name}{size}")
        really_sync(descriptor)

    monkeypatch.setattr("os.fsync", sync)
    journal._connection.set_trace_callback(lambda sql: happened.append(sql) if sql in {"COMMIT", "ROLLBACK"} else None)
    return happened


def test_sidecar_is_synced_with_its_folders_before_the_database_commits(
    journal: SqliteJournal, target: Path, events: list[str]
) -> None:
    path = target / ".ifmosfs" / "journal-run1.jsonl"
    journal.begin(run_into(target))
    size = path.stat().st_size
    noted = "COMMIT"  # the target's own time: see `store.folder_times`
    assert events == [noted, "sync target", "sync .ifmosfs", f"sync {path.name} {size}", "COMMIT"]
    events.clear()
    journal.intend("run1", [move(1), move(2)])
    assert events == [f"sync {path.name} {path.stat().st_size}", "COMMIT"]
    events.clear()
    journal.settle("run1", [Outcome(1, OpState.DONE)])
    assert events == ["COMMIT"]
    events.clear()
    journal.finish("run1", RunState.COMPLETE, 9, None)
    assert events == ["COMMIT", f"sync {path.name} {path.stat().st_size}"]


def test_time_of_the_target_that_could_not_be_set_is_set_when_the_journal_is_opened_again(
    journal: SqliteJournal, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "the drive failed")

    os.utime(target, ns=(9, 9))
    with monkeypatch.context() as patch:
        patch.setattr("os.utime", refuse)
        with pytest.raises(DiskFailed):
            journal.begin(run_into(target))
    journal.close()
    assert target.stat().st_mtime_ns != 9
    with open_journal(tmp_path / "state"):
        assert (os.listdir(target), target.stat().st_mtime_ns) == ([], 9)


def test_what_a_run_that_could_not_begin_has_made_in_the_target_is_removed_when_the_journal_is_opened_again(
    journal: SqliteJournal, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(target, ns=(9, 9))
    with monkeypatch.context() as patch:
        patch.setattr("ifmosfs.store.journal.run_row", lambda *_: ())  # the row of the run cannot be written
        with pytest.raises(sqlite3.Error):
            journal.begin(run_into(target))
    journal.close()
    assert os.listdir(target / ".ifmosfs") == ["journal-run1.jsonl"]
    with open_journal(tmp_path / "state") as journal:
        assert (os.listdir(target), target.stat().st_mtime_ns) == ([], 9)
        journal.begin(run_into(target))
    with open_journal(tmp_path / "state"):
        assert os.listdir(target / ".ifmosfs") == ["journal-run1.jsonl"]


@pytest.mark.parametrize("is_there", [True, False])
def test_no_folder_stays_noted_when_a_run_has_begun(journal: SqliteJournal, target: Path, is_there: bool) -> None:
    journal.begin(run_into(target if is_there else target / "new"))
    assert journal._connection.execute("SELECT folder FROM folder_times").fetchall() == []


def test_what_cannot_be_removed_of_a_run_that_could_not_begin_stays(
    journal: SqliteJournal, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ifmosfs.store.journal.run_row", lambda *_: ())
        with pytest.raises(sqlite3.Error):
            journal.begin(run_into(target))
    journal.close()

    def refuse(folder: bytes) -> list[bytes]:
        raise PermissionError(errno.EACCES, "no reading here")

    with monkeypatch.context() as patch:
        patch.setattr("os.listdir", refuse)
        open_journal(tmp_path / "state").close()
    assert os.listdir(target / ".ifmosfs") == ["journal-run1.jsonl"]


def test_withdrawn_sidecars_leave_no_trace_in_the_target_and_can_be_returned(
    journal: SqliteJournal, target: Path
) -> None:
    journal.begin(run_into(target))
    journal.intend("run1", [move(1)])
    journal.finish("run1", RunState.COMPLETE, 9, None)
    records = list(read_sidecar(journal.sidecar_path("run1")))
    before = target.stat().st_mtime_ns
    for _ in range(2):
        journal.withdraw_sidecars("p1")
        assert (os.listdir(target), target.stat().st_mtime_ns) == ([], before)
        assert list(read_sidecar(journal.sidecar_path("run1"))) == records
    for _ in range(2):
        journal.return_sidecars("p1")
        assert list(read_sidecar(target / ".ifmosfs" / "journal-run1.jsonl")) == records
    assert target.stat().st_mtime_ns == before


def test_sidecar_of_a_rollback_stays_in_the_state_folder(journal: SqliteJournal, target: Path, tmp_path: Path) -> None:
    journal.begin(replace(run_into(target), kind=RunKind.ROLLBACK))
    journal.intend("run1", [move(1)])
    assert journal.sidecar_path("run1") == os.fsencode(tmp_path / "state" / "journal" / "journal-run1.jsonl")
    assert os.listdir(target) == []


def test_journal_of_the_first_format_is_upgraded_with_its_rows(tmp_path: Path, target: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.begin(run_into(target))
        journal.intend("run1", [move(1)])
    connection = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    connection.execute("ALTER TABLE operations DROP COLUMN unit")
    connection.execute("DROP TABLE folder_times")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with open_journal(tmp_path) as journal:
        journal.intend("run1", [replace(move(2), unit=7)])
        assert [row.operation for row in journal.recorded("run1")] == [move(1), replace(move(2), unit=7)]


def test_half_made_copy_of_a_sidecar_does_not_stay_in_the_target(journal: SqliteJournal, target: Path) -> None:
    journal.begin(run_into(target))
    journal.finish("run1", RunState.COMPLETE, 9, None)
    (target / ".ifmosfs" / "journal-run1.jsonl.new").write_bytes(b"cut off by a full disk")
    journal.withdraw_sidecars("p1")
    assert os.listdir(target) == []


def test_large_sidecar_is_moved_whole(journal: SqliteJournal, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifmosfs.store.sidecar._PIECE_BYTES", 7)
    journal.begin(run_into(target))
    journal.intend("run1", [move(1), move(2)])
    journal.finish("run1", RunState.COMPLETE, 9, None)
    content = (target / ".ifmosfs" / "journal-run1.jsonl").read_bytes()
    journal.withdraw_sidecars("p1")
    with open(journal.sidecar_path("run1"), "rb") as moved:
        assert moved.read() == content
