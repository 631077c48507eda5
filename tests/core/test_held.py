"""What a plan's runs have left, read row by row: the same as from their whole history."""

from __future__ import annotations

from itertools import count

import pytest

from ifmosfs.core.errors import RecoveryNeeded
from ifmosfs.core.execute import StopRequest, WorkOrder, execute
from ifmosfs.core.files import Place
from ifmosfs.core.history import Held, held, read_held
from ifmosfs.core.journal import RunKind, RunState
from ifmosfs.core.ports import Disk
from ifmosfs.core.steps import Step
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import make_disk, make_order, make_run, remaining, roll_back, run_order
from tests.core.plans import plan_of

ACTIONS = plan_of((b"kept/c", b"c"), (b"deep/deeper/b\xff\n", b"b"), (b"elsewhere", b"e")).actions
KEPT = Place(b"/in", b"kept")


def run_until(n_asked: int, order: WorkOrder, disk: Disk, journal: MemoryJournal) -> None:
    """Run and stop before that file."""
    asked = count()
    execute(
        order,
        disk,
        journal,
        now_ns=count(1).__next__,
        batch_size=2,
        stop=lambda: StopRequest.NOW if next(asked) >= n_asked else None,
    )


def read(journal: MemoryJournal) -> Held:
    """What is read row by row, which must be what the whole history says."""
    found = read_held(journal, "p", ACTIONS)
    assert found == held(journal.history(), ACTIONS)
    return found


@pytest.mark.parametrize("n_asked", range(8))
def test_it_is_the_same_after_every_run(n_asked: int) -> None:
    disk, journal = make_disk(), MemoryJournal()
    assert read(journal) == Held(frozenset(), ())
    order = make_order(disk)
    run_until(n_asked, order, disk, journal)
    assert len(read(journal).actions) <= n_asked
    run_order(remaining(order, journal, "r2"), disk, journal)
    assert read(journal).actions == frozenset(range(1, 8))
    assert KEPT in read(journal).left
    roll_back(disk, journal, "back")
    assert read(journal).actions == frozenset()
    run_order(make_order(disk, "r4"), disk, journal)
    assert read(journal).actions == frozenset(range(1, 8))


def test_a_carried_folder_counts_for_its_files_and_a_displaced_file_for_none() -> None:
    disk, journal = make_disk(), MemoryJournal()
    away = Place(b"/out", b"old")
    steps = (
        Step(0, away, Place(b"/out", b"away"), disk.lstat(away).fingerprint),
        Step(0, KEPT, Place(b"/out", b"kept"), disk.lstat(KEPT).fingerprint, is_folder=True),
    )
    run_order(WorkOrder(make_run(), steps=steps), disk, journal)
    assert read(journal) == Held(frozenset({1}), (Place(b"/in", b""),))


def test_an_inverse_in_a_commit_is_not_passed_over() -> None:
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    (back,) = [row.operation for row in journal.recorded("r1") if row.operation.action_id == 6]
    assert back.source is not None
    assert back.target is not None
    found = disk.lstat(back.target).fingerprint
    step = Step(6, back.target, back.source, found, inverse_of=("r1", back.seq))
    run_order(WorkOrder(make_run("r2"), steps=(step,), folders=((KEPT, 0o755),)), disk, journal)
    assert read(journal).actions == frozenset({1, 2, 3, 4, 5, 7})


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.NEEDS_RECOVERY])
def test_an_unfinished_run_must_be_recovered_first(state: RunState) -> None:
    journal = MemoryJournal()
    journal.begin(make_run("r1"))
    journal.finish("r1", state, 1, None)
    with pytest.raises(RecoveryNeeded):
        read_held(journal, "p", ())
    journal.begin(make_run("back", RunKind.ROLLBACK))
    with pytest.raises(RecoveryNeeded):
        read_held(journal, "p", ())


def test_an_unsettled_operation_must_be_recovered_first() -> None:
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    (row, *_) = journal.recorded("r1")
    journal.begin(make_run("r2"))
    journal.intend("r2", [row.operation])
    journal.finish("r2", RunState.STOPPED, 1, None)
    with pytest.raises(RecoveryNeeded):
        read_held(journal, "p", ())
