"""A plan is told again from its runs: what it moved, the folders it made, and how far it got."""

from __future__ import annotations

from ifmosfs.core.files import Place, Root
from ifmosfs.core.history import RunHistory
from ifmosfs.core.journal import RunState
from ifmosfs.core.plan import ActionKind, PlanEvent, Policy
from ifmosfs.core.restored import events_since_staged, restored_plan, source_roots
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import make_disk, make_order, roll_back, run_order


def history_of(journal: MemoryJournal) -> list[RunHistory]:
    return [RunHistory(run, tuple(journal.recorded(run.run_id))) for run in journal.runs()]


def committed() -> tuple[MemoryDisk, MemoryJournal]:
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    return disk, journal


def test_every_file_of_the_order_is_a_move_to_its_place() -> None:
    disk, journal = committed()
    steps = make_order(make_disk()).steps
    history = history_of(journal)
    roots = [Root(path, disk.filesystem(Place(path, b""))) for path in source_roots(history)]
    plan = restored_plan("p", "s", "fs", roots, history, Policy(), 7)
    assert [(each.action_id, each.kind, each.source_place, each.target) for each in plan.actions] == [
        (step.action_id, ActionKind.MOVE, step.source, step.target.path) for step in steps
    ]
    assert [each.expected for each in plan.actions] == [step.expected for step in steps]
    assert {root.path for root in plan.roots} == {step.source.root for step in steps} - {plan.target}


def test_its_state_follows_from_its_runs() -> None:
    disk, journal = committed()
    begun = [PlanEvent.BEGIN, PlanEvent.FINISH]
    assert events_since_staged(history_of(journal)) == begun
    assert roll_back(disk, journal, "back").state is RunState.COMPLETE
    assert events_since_staged(history_of(journal)) == [*begun, PlanEvent.ROLL_BACK]


def test_a_plan_whose_runs_did_nothing_is_staged() -> None:
    _, journal = committed()
    (run,) = history_of(journal)
    assert events_since_staged([RunHistory(run.run, ())]) == []
