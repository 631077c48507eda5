"""Rollback: the three-way decision for each file, folders and their times, and rollbacks of rollbacks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ifmosfs.core.errors import RecoveryNeeded
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place, Root
from ifmosfs.core.history import standing
from ifmosfs.core.journal import RunKind, RunState
from ifmosfs.core.preflight import Setting
from ifmosfs.core.rollback import RollbackOrder, absent_disks, plan_rollback, to_undo
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core import committing
from tests.core.committing import (
    USB,
    contents,
    everything,
    make_disk,
    make_order,
    make_run,
    make_steps,
    roll_back,
    run_order,
)

ARRIVED = Place(b"/out", b"c")
OLD = Place(b"/in", b"kept/c")


@pytest.fixture
def committed() -> tuple[MemoryDisk, MemoryJournal]:
    """The scenario after its commit."""
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    return disk, journal


def plan(disk: MemoryDisk, journal: MemoryJournal) -> RollbackOrder:
    return plan_rollback(make_run("back", RunKind.ROLLBACK), journal.history(), disk)


def findings(order: RollbackOrder) -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
    return [(each.code, each.path) for each in order.modified], [(each.code, each.path) for each in order.problems]


def test_a_rollback_gives_the_start_exactly(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    report = roll_back(disk, journal, "back")
    assert (report.state, report.n_done, report.problems) == (RunState.COMPLETE, 7, ())
    assert everything(disk) == everything(make_disk())


def test_planning_a_rollback_changes_nothing(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    before = everything(disk)
    assert findings(plan(disk, journal)) == ([], [])
    assert everything(disk) == before


def test_an_order_is_whole_if_nothing_is_left_when_each_step_is_done(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    history = journal.history()
    every = [each.key for each in to_undo(history)]
    undoing = partial(plan_rollback, make_run("back", RunKind.ROLLBACK), history, disk)
    assert undoing().is_whole
    assert [undoing(only=every[:1]).is_whole, undoing(undo=["r1"]).is_whole] == [False, False]
    disk.remove(ARRIVED)
    assert not undoing().is_whole


def test_removed_folders_come_back_with_mode_owner_xattrs_and_time() -> None:
    disk, journal, folder = make_disk(), MemoryJournal(), Place(b"/in", b"deep/deeper")
    meta = replace(disk.folder_meta(folder), mode=0o2711, uid=7, gid=8, xattrs=(("user.x", b"\0"),))
    disk.restore_folder(folder, meta)
    run_order(make_order(disk), disk, journal)
    roll_back(disk, journal, "back")
    assert replace(disk.folder_meta(folder), atime_ns=meta.atime_ns) == meta


def test_a_modified_file_goes_back_as_it_is_now_and_is_named(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.write(ARRIVED, b"edited after the commit")
    assert findings(plan(disk, journal)) == ([("modified", b"/out/c")], [])
    roll_back(disk, journal, "back")
    assert disk.tree(b"/in/kept") == {b"c": b"edited after the commit", b"stays": b"stays"}


def test_a_file_that_was_saved_anew_goes_back_as_it_is_now_and_is_named(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    disk.remove(ARRIVED)
    disk.write(ARRIVED, b"saved anew")
    assert findings(plan(disk, journal)) == ([("replaced", b"/out/c")], [])
    roll_back(disk, journal, "back")
    assert disk.tree(b"/in/kept") == {b"c": b"saved anew", b"stays": b"stays"}


def test_an_occupied_old_place_is_a_conflict_and_keeps_both(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.write(OLD, b"a newer file")
    before = contents(disk)
    assert findings(plan(disk, journal)) == ([], [("name-taken", b"/in/kept/c")])
    report = roll_back(disk, journal, "back")
    assert (report.n_done, contents(disk)) == (6, before)
    assert (disk.tree(b"/in/kept")[b"c"], disk.tree(b"/out")[b"c"]) == (b"a newer file", b"third")


def test_an_old_place_that_is_taken_after_the_planning_is_a_conflict(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    order = plan(disk, journal)
    disk.write(OLD, b"a newer file")
    report = run_order(order.order, disk, journal)
    assert [(each.code, each.path) for each in report.problems] == [("name-taken", b"/in/kept/c")]
    assert disk.tree(b"/in/kept")[b"c"] == b"a newer file"


def test_a_file_that_is_gone_is_reported(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.remove(ARRIVED)
    assert findings(plan(disk, journal)) == ([], [("gone", b"/out/c")])
    assert roll_back(disk, journal, "back").n_done == 6


def test_a_folder_where_the_file_was_put_is_not_moved(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.remove(ARRIVED)
    disk.make_folder(ARRIVED, 0o755)
    assert findings(plan(disk, journal)) == ([], [("became-folder", b"/out/c")])


def test_a_made_folder_with_something_new_in_it_stays(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.write(Place(b"/out", b"made/mine"), b"mine")
    report = roll_back(disk, journal, "back")
    assert (report.problems, disk.tree(b"/out")[b"made"]) == ((), {b"mine": b"mine"})


def test_an_old_folder_that_someone_removed_is_made_plainly(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.remove(Place(b"/in", b"kept"))
    assert roll_back(disk, journal, "back").problems == ()
    assert disk.tree(b"/in/kept") == {b"c": b"third"}


def test_a_root_that_somebody_removed_is_made_again(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.remove(Place(b"/", b"usb"))
    assert (plan(disk, journal).remade_roots, findings(plan(disk, journal))) == ((b"/usb",), ([], []))
    report = roll_back(disk, journal, "back")
    assert (report.n_done, report.problems, disk.tree(b"/usb")) == (7, (), USB)


def test_where_a_root_cannot_be_made_again_each_of_its_files_is_a_problem_once() -> None:
    disk, journal = (
        MemoryDisk.from_tree({b"far": {b"in": {b"a": b"1", b"q": {b"b": b"2"}}}, b"out": {}}),
        MemoryJournal(),
    )
    moves = (((b"/far/in", b"a"), (b"/out", b"a")), ((b"/far/in", b"q/b"), (b"/out", b"b")))
    run_order(WorkOrder(make_run(), (), make_steps(disk, moves), (), remove_emptied=True), disk, journal)
    disk.remove(Place(b"/", b"far"))
    found = plan(disk, journal)
    assert [(each.code, each.path, each.action_id) for each in found.problems] == [
        ("target-folder-missing", b"/far/in/q/b", 2),
        ("target-folder-missing", b"/far/in/a", 1),
    ]
    assert (found.order.steps, found.order.folders, found.order.restore_folders) == ((), (), ())


def test_a_file_in_the_way_of_a_folder_is_a_problem_of_each_of_its_files(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    disk.write(Place(b"/in", b"deep"), b"in the way")
    found = plan(disk, journal)
    assert [(each.code, each.path, each.words, each.action_id) for each in found.problems] == [
        ("folder-name-taken", b"/in/deep/deeper/b\xff\n", "a folder is wanted where a file is (/in/deep)", 4)
    ]
    assert len(found.order.steps) == 6


def test_an_emptied_folder_is_not_made_again_for_files_that_do_not_come_back(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    disk.remove(Place(b"/out", b"made/inner/b\xff\n"))
    roll_back(disk, journal, "back")
    assert disk.tree(b"/in") == {b"a": b"first", b"kept": {b"c": b"third", b"stays": b"stays"}}


def test_a_restored_folder_may_lie_in_one_that_somebody_removed() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"p": {b"q": {b"a": b"1"}, b"stays": b"2"}}, b"out": {}})
    journal = MemoryJournal()
    steps = make_steps(disk, (((b"/in", b"p/q/a"), (b"/out", b"a")),))
    run_order(WorkOrder(make_run(), (), steps, (), remove_emptied=True), disk, journal)
    disk.remove(Place(b"/in", b"p"))
    report = roll_back(disk, journal, "back")
    assert (report.problems, disk.tree(b"/in")) == ((), {b"p": {b"q": {b"a": b"1"}}})


def test_plain_folders_that_an_earlier_rollback_made_are_left_alone(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    disk.remove(Place(b"/in", b"kept"))
    roll_back(disk, journal, "back")
    disk.remove(OLD)
    assert plan(disk, journal).order.remove_folders == ()
    assert disk.tree(b"/in/kept") == {}


def setting(disk: MemoryDisk) -> Setting:
    return Setting(
        b"/out",
        disk.filesystem(Place(b"/out", b"")),
        tuple(Root(path, disk.filesystem(Place(path, b""))) for path in (b"/in", b"/usb")),
    )


def absent(disk: MemoryDisk, journal: MemoryJournal, planned: Setting) -> frozenset[bytes]:
    return absent_disks(standing(journal.history()), planned, disk)


def test_nothing_is_moved_to_a_disk_that_is_not_there(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    planned = setting(disk)
    assert absent(disk, journal, planned) == frozenset()
    disk.remove(Place(b"/", b"usb"))
    assert absent(disk, journal, planned) == {b"/usb"}
    order = plan_rollback(make_run("back", RunKind.ROLLBACK), journal.history(), disk, absent={b"/usb"})
    assert findings(order) == (
        [],
        [
            ("filesystem-changed", b"/usb/e"),
            ("filesystem-changed", b"/usb/pictures/link"),
            ("filesystem-changed", b"/usb/pictures/d"),
        ],
    )
    assert {place.absolute for place, _ in order.order.folders} | {
        each.place.absolute for each in order.order.restore_folders
    } == {b"/in/deep", b"/in/deep/deeper"}


def test_another_disk_at_the_target_is_known_by_the_files_that_are_not_there() -> None:
    disk, journal = MemoryDisk.from_tree({b"in": {b"a": b"1"}}), MemoryJournal()
    disk.add_filesystem(b"/out", {})
    planned = Setting(b"/out", disk.filesystem(Place(b"/out", b"")), (Root(b"/in", "uuid:memory-1"),))
    run_order(WorkOrder(make_run(), (), make_steps(disk, (((b"/in", b"a"), (b"/out", b"a")),))), disk, journal)
    renamed = planned._replace(target_filesystem="fsid:of the last mount")
    assert absent(disk, journal, renamed) == frozenset()
    disk.remove(Place(b"/", b"out"))
    disk.add_filesystem(b"/out", {b"a": b"1"})
    assert absent(disk, journal, planned) == {b"/out"}


def test_folders_have_their_first_times_after_a_rollback_in_two_parts(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    occupied = [OLD, Place(b"/in", b"a"), Place(b"/usb", b"e")]
    for place in occupied:
        folder = Place(place.root, place.path.rpartition(b"/")[0])
        time = disk.lstat(folder).mtime_ns
        disk.write(place, b"in the way")
        disk.set_times(folder, None, time)
    assert roll_back(disk, journal, "back").n_done == 3
    for place in occupied:
        folder = Place(place.root, place.path.rpartition(b"/")[0])
        time = disk.lstat(folder).mtime_ns
        disk.remove(place)
        disk.set_times(folder, None, time)
    assert roll_back(disk, journal, "back again").problems == ()
    assert everything(disk) == everything(make_disk())


def test_a_folder_that_was_touched_since_keeps_its_new_time(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.write(Place(b"/in", b"kept/new"), b"")
    times = {place.absolute for place, _ in plan(disk, journal).order.folder_times}
    assert b"/in/kept" not in times
    assert b"/out" in times


def test_what_was_rolled_back_is_not_rolled_back_again(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    roll_back(disk, journal, "back")
    again = plan(disk, journal).order
    assert (again.steps, again.restore_folders, again.folders, again.remove_folders) == ((), (), (), ())


def test_a_rollback_of_a_rollback_gives_the_committed_tree_exactly(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    after_commit = everything(disk)
    roll_back(disk, journal, "back")
    report = roll_back(disk, journal, "forth", undo=["back"])
    assert (report.problems, everything(disk)) == ((), after_commit)


def test_there_and_back_as_often_as_one_likes(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    start, after_commit = everything(make_disk()), everything(disk)
    for number in range(3):
        roll_back(disk, journal, f"back {number}")
        assert everything(disk) == start
        report = roll_back(disk, journal, f"forth {number}", undo=[f"back {number}"])
        assert (report.problems, everything(disk)) == ((), after_commit)


def test_a_plan_committed_again_after_its_rollback_is_rolled_back_again(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    roll_back(disk, journal, "back")
    run_order(make_order(disk, "again"), disk, journal)
    assert disk.tree() == committing.AFTER
    report = roll_back(disk, journal, "back again")
    assert (report.problems, everything(disk)) == ((), everything(make_disk()))


def test_an_unfinished_run_must_be_recovered_first() -> None:
    journal = MemoryJournal()
    journal.begin(make_run())
    with pytest.raises(RecoveryNeeded):
        plan(make_disk(), journal)
