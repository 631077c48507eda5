"""Removing what another place holds: journaled, never the last copy, and decided by sight after any crash."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ifmosfs.core.emptying import Removal, RemovalReport, remove_held_elsewhere
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place
from ifmosfs.core.history import standing
from ifmosfs.core.journal import OpState, RunKind, RunState
from ifmosfs.core.ports import Disk
from ifmosfs.core.steps import Step
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import make_run, recover_all, run_order

NAMES = (b"a", b"b", b"c")


def scene() -> tuple[MemoryDisk, MemoryJournal, list[Removal]]:
    """Three files that a commit has put into a vault, and what would remove them."""
    disk = MemoryDisk.from_tree({b"out": {name: b"content " + name for name in NAMES}, b"vault": {}})
    journal = MemoryJournal()
    steps = tuple(
        Step(number, Place(b"/out", name), Place(b"/vault", name), disk.lstat(Place(b"/out", name)).fingerprint)
        for number, name in enumerate(NAMES, 1)
    )
    run_order(WorkOrder(make_run(), steps=steps), disk, journal)
    removals = [
        Removal(each.operation.target, each.base, each.operation.action_id, each.key)
        for each in reversed(standing(journal.history()))
        if each.operation.target is not None and each.base is not None and each.operation.action_id
    ]
    return disk, journal, removals


def empty(
    disk: Disk, journal: MemoryJournal, removals: list[Removal], held: Callable[[Removal], bool] = lambda _: True
) -> RemovalReport:
    run = make_run("r2", RunKind.ROLLBACK)
    return remove_held_elsewhere(run, removals, disk, journal, still_held=held, now_ns=lambda: 1)


def test_what_is_held_elsewhere_goes_and_its_move_into_the_vault_holds_no_more() -> None:
    disk, journal, removals = scene()
    report = empty(disk, journal, removals)
    assert report == RemovalReport("r2", RunState.COMPLETE, tuple(Place(b"/vault", name) for name in NAMES), ())
    assert disk.tree() == {b"out": {}, b"vault": {}}
    assert [each for each in standing(journal.history()) if each.run_id == "r1" and each.operation.action_id] == []


def test_what_is_held_nowhere_else_any_more_or_is_another_file_by_now_stays_and_is_told() -> None:
    disk, journal, removals = scene()
    disk.write(Place(b"/vault", b"b"), b"edited since")
    report = empty(disk, journal, removals, lambda removal: removal.place.path != b"a")
    assert report.removed == (Place(b"/vault", b"c"),)
    assert [(each.code, each.path) for each in report.problems] == [
        ("last-copy", b"/vault/a"),
        ("changed", b"/vault/b"),
    ]
    assert disk.tree() == {b"out": {}, b"vault": {b"a": b"content a", b"b": b"edited since"}}


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_step_leaves_a_journal_that_says_what_is_gone(after: bool) -> None:
    n = 0
    while True:
        disk, journal, removals = scene()
        crashing = CrashAfter(disk, n, after=after)
        try:
            empty(crashing, journal, removals)
        except Crash:
            pass
        else:
            break
        recover_all(disk, journal)
        recover_all(disk, journal)  # and once more, for that may be cut short, too
        states = {
            row.operation.source.path: row.outcome.state
            for row in journal.recorded("r2")
            if row.operation.source is not None
        }
        vault = disk.tree()[b"vault"]
        assert isinstance(vault, dict)
        assert states == {name: OpState.SKIPPED if name in vault else OpState.DONE for name in NAMES}, n
        n += 1
    assert n == crashing.n_effects == 4
