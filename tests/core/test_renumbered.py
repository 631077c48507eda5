"""Disks that number their files anew: what was recorded is told with today's numbers, and only of what is still the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Attr, Place, ScannedFile
from ifmosfs.core.journal import RunKind
from ifmosfs.core.plan import Plan
from ifmosfs.core.preflight import preflight
from ifmosfs.core.recover import is_reservation, recover
from ifmosfs.core.renumbered import Numbers, retold, with_numbers_of_today
from ifmosfs.core.rollback import RollbackOrder, plan_rollback
from ifmosfs.core.verify import verify
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal, TrippingJournal
from tests.core.committing import (
    AFTER,
    BOOT,
    contents,
    everything,
    make_disk,
    make_order,
    make_run,
    make_steps,
    run_order,
)
from tests.core.plans import plan_of
from tests.core.test_preflight import OWNER, SETTING
from tests.core.test_recover import N_EFFECTS

Committed = tuple[MemoryDisk, MemoryJournal]


@pytest.fixture
def committed() -> Committed:
    """The scenario after its commit."""
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    return disk, journal


def plugged_in_again(disk: MemoryDisk) -> None:
    disk.number_anew(b"/")
    disk.number_anew(b"/usb")


def undoing(disk: MemoryDisk, journal: MemoryJournal) -> RollbackOrder:
    return plan_rollback(make_run("back", RunKind.ROLLBACK), retold(journal.history(), disk), disk)


def test_a_rollback_gives_the_start_exactly(committed: Committed) -> None:
    disk, journal = committed
    plugged_in_again(disk)
    order = undoing(disk, journal)
    assert (order.modified, order.problems) == ((), ())
    report = run_order(order.order, disk, journal)
    assert (report.n_done, everything(disk)) == (7, everything(make_disk()))


def test_what_was_committed_is_proved(committed: Committed) -> None:
    disk, journal = committed
    plugged_in_again(disk)
    report = verify(retold(journal.history(), disk), disk)
    assert (report.holds, report.n_held) == (True, 7)


def test_a_file_that_has_moved_on_is_followed_over_several_commits_and_back(committed: Committed) -> None:
    disk, journal = committed
    plugged_in_again(disk)
    run_order(
        WorkOrder(make_run("onward"), (), make_steps(disk, [((b"/out", b"c"), (b"/out", b"made/c"))])), disk, journal
    )
    plugged_in_again(disk)
    back = undoing(disk, journal)
    assert (back.modified, back.problems, len(back.order.steps)) == ((), (), 8)
    run_order(back.order, disk, journal)
    plugged_in_again(disk)
    assert contents(disk) == contents(make_disk())
    assert verify(retold(journal.history(), disk), disk).problems == ()


def test_a_file_that_was_edited_or_exchanged_is_told(committed: Committed) -> None:
    disk, journal = committed
    disk.write(Place(b"/out", b"e"), b"edited")
    disk.remove(Place(b"/out", b"c"))
    disk.write(Place(b"/out", b"c"), b"third")  # of the same size, but later
    plugged_in_again(disk)
    told = {each.path: each.code for each in undoing(disk, journal).modified}
    assert set(told) == {b"/out/e", b"/out/c"}


def test_where_numbers_are_kept_another_file_of_the_same_size_and_time_is_another_file(committed: Committed) -> None:
    disk, journal = committed
    kept = disk._find(Place(b"/out", b"c"))
    kept.inode += 1_000
    assert retold(journal.history(), disk) == journal.history()
    assert [each.code for each in undoing(disk, journal).modified] == ["replaced"]


def planned(disk: MemoryDisk) -> Plan:
    plan = plan_of((b"a", b"A"), (b"kept/c", b"C"), (b"kept/stays", b"S"))
    actions = (replace(each, expected=disk.lstat(each.source_place).fingerprint) for each in plan.actions)
    return replace(plan, actions=tuple(actions))


def test_a_plan_has_the_numbers_of_today_but_not_of_what_has_changed() -> None:
    disk = make_disk()
    plan = planned(disk)
    disk.write(Place(b"/in", b"a"), b"edited")
    disk.remove(Place(b"/in", b"kept/stays"))
    assert with_numbers_of_today(plan, disk) is plan
    plugged_in_again(disk)
    edited, same, gone = with_numbers_of_today(plan, disk).actions
    assert (edited, gone) == (plan.actions[0], plan.actions[2])
    now = disk.lstat(Place(b"/in", b"kept/c")).fingerprint
    assert same.expected.same_file(now)
    assert not plan.actions[1].expected.same_file(now)


def test_a_file_that_is_found_with_another_number_is_the_planned_one_unless_it_has_changed() -> None:
    disk = make_disk()
    action = planned(disk).actions[1]
    found = ScannedFile(0, b"/in", b"kept/c", action.entry_kind, 0o644, replace(action.expected, inode=7_000))
    edited = replace(found, fingerprint=replace(found.fingerprint, mtime_ns=1))
    assert Numbers(disk).of_found(action, found) is action
    plugged_in_again(disk)
    numbers = Numbers(disk)
    assert numbers.of_found(action, found).expected == found.fingerprint
    assert [numbers.of_found(action, each) for each in (edited, None)] == [action, action]


def test_numbers_that_are_lost_between_the_look_and_the_move_hold_nothing_up() -> None:
    disk, journal = make_disk(), MemoryJournal()
    order = make_order(disk)
    plugged_in_again(disk)
    assert preflight(order, SETTING, disk, OWNER).problems == ()
    report = run_order(order, disk, journal)
    assert (report.problems, disk.tree()) == ((), AFTER)


def test_numbers_that_are_lost_within_a_batch_hold_no_rename_up() -> None:
    disk = make_disk()
    disk.number_anew(b"/")
    near = WorkOrder(
        make_run(), steps=make_steps(disk, [((b"/in", b"a"), (b"/out", b"a")), ((b"/in", b"kept/c"), (b"/out", b"c"))])
    )

    def forget(call: str, is_after: bool, values: tuple[object, ...]) -> None:
        if call == "intend" and is_after:
            disk.number_anew(b"/")

    report = run_order(near, disk, TrippingJournal(forget))
    assert (report.n_done, report.problems) == (2, ())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("n", range(N_EFFECTS))
def test_a_disk_that_is_plugged_in_again_after_a_crash_is_recovered_and_nothing_is_lost(n: int, after: bool) -> None:
    disk, journal = make_disk(), MemoryJournal()
    order = make_order(disk)
    with pytest.raises(Crash):
        run_order(order, CrashAfter(disk, n, after=after), journal)
    plugged_in_again(disk)
    for run in journal.unfinished():
        recover(run, disk, journal, now_ns=lambda: 1, boot_id="another boot")
    assert contents(make_disk()) <= contents(disk)
    settled = everything(disk)
    for run in journal.runs():
        assert recover(run, disk, journal, now_ns=lambda: 9, boot_id=BOOT).lines == ()
    assert everything(disk) == settled


FILE = Attr(0o100644, 0, 0, 1, 1, 10, 5, 1, 0, 77, 0)
FOLDER = replace(FILE, mode=0o040755)
EMPTY, MADE = replace(FILE, inode=11, size_bytes=0), replace(FOLDER, inode=11)


@pytest.mark.parametrize(
    ("found", "coming", "is_one"),
    [
        (EMPTY, FILE, True),
        (MADE, FOLDER, True),
        (replace(EMPTY, mtime_ns=78), FILE, False),
        (replace(EMPTY, size_bytes=1), FILE, False),
        (EMPTY, replace(FILE, size_bytes=0), False),
        (replace(EMPTY, mode=0o120777), FILE, False),
        (MADE, FILE, False),
        (FOLDER, FOLDER, False),
    ],
)
def test_a_placeholder_is_empty_and_has_the_time_of_what_is_to_come(found: Attr, coming: Attr, is_one: bool) -> None:
    assert is_reservation(found, coming) is is_one
