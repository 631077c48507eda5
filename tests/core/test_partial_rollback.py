"""A rollback of some files, of a rollback, and of what people have moved or whose place is taken; with a crash at every effect."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ifmosfs.core.elsewhere import find_elsewhere
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place
from ifmosfs.core.history import Key, held_actions, taken_back
from ifmosfs.core.journal import RunKind
from ifmosfs.core.rollback import RollbackOrder, plan_rollback, to_undo
from ifmosfs.core.selection import close_over
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import (
    contents,
    everything,
    make_disk,
    make_order,
    make_run,
    make_steps,
    recover_all,
    reserved_names,
    roll_back,
    run_order,
)

MARK = b"rolled back 2026-01-31 1000"
ARRIVED, OLD = Place(b"/out", b"c"), Place(b"/in", b"kept/c")


def committed() -> tuple[MemoryDisk, MemoryJournal]:
    """The scenario after its commit."""
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    return disk, journal


def keys(journal: MemoryJournal, *action_ids: int) -> frozenset[Key]:
    """What is undone with these actions."""
    history = journal.history()
    undoable = to_undo(history)
    return close_over({each.key for each in undoable if each.operation.action_id in action_ids}, undoable, history)[0]


def plan(disk: MemoryDisk, journal: MemoryJournal, beside: bytes | None = MARK) -> RollbackOrder:
    search = (b"/out", b"/in", b"/usb")
    return plan_rollback(make_run("back", RunKind.ROLLBACK), journal.history(), disk, beside=beside, search=search)


def findings(order: RollbackOrder) -> list[tuple[str, bytes, str]]:
    return [(each.code, each.path, each.words) for each in (*order.beside, *order.problems)]


# Some files


def test_only_the_chosen_files_go_back_and_what_is_left_still_can() -> None:
    disk, journal = committed()
    report = roll_back(disk, journal, "some", only=keys(journal, 4, 6))
    assert (report.n_done, report.problems) == (2, ())
    assert disk.tree(b"/in") == {
        b"deep": {b"deeper": {b"b\xff\n": b"second"}},
        b"kept": {b"c": b"third", b"stays": b"stays"},
    }
    assert (held_actions(journal.history()), taken_back(journal.history())) == ({1, 2, 3, 5, 7}, {4, 6})
    assert roll_back(disk, journal, "rest").problems == ()
    assert everything(disk) == everything(make_disk())


def test_folders_that_hold_other_files_of_the_plan_stay_and_those_that_are_emptied_go() -> None:
    disk, journal = committed()
    roll_back(disk, journal, "some", only=keys(journal, 3, 4))
    assert disk.tree(b"/out/made").keys() == {b"link"}
    roll_back(disk, journal, "more", only=keys(journal, 5))
    assert b"made" not in disk.tree(b"/out")


def test_folders_that_a_partial_rollback_does_not_change_keep_their_times() -> None:
    disk, journal = committed()
    before = everything(disk)
    roll_back(disk, journal, "some", only=keys(journal, 6))
    changed = {path for path, entry in everything(disk).items() if before.get(path) != entry}
    assert changed == {b"/in/kept", b"/in/kept/c", b"/out"}


def test_one_file_after_the_other_is_the_same_as_all_at_once() -> None:
    disk, journal = committed()
    for number in (3, 7, 1, 6, 5, 4):
        assert roll_back(disk, journal, f"back {number}", only=keys(journal, number)).problems == ()
    assert everything(disk) == everything(make_disk())


# Rollbacks of rollbacks


def test_a_part_goes_forth_again_and_the_committed_tree_is_there_exactly() -> None:
    disk, journal = committed()
    after_commit = everything(disk)
    roll_back(disk, journal, "some", only=keys(journal, 1, 4))
    report = roll_back(disk, journal, "forth", undo=["some"])
    assert (report.n_done, report.problems, everything(disk)) == (3, (), after_commit)
    assert (held_actions(journal.history()), taken_back(journal.history())) == ({1, 2, 3, 4, 5, 6, 7}, frozenset())


def test_what_was_saved_anew_after_it_went_forth_again_goes_back_like_any_other() -> None:
    disk, journal = committed()
    roll_back(disk, journal, "back")
    roll_back(disk, journal, "forth", undo=["back"])
    disk.remove(ARRIVED)
    disk.write(ARRIVED, b"saved anew")
    roll_back(disk, journal, "back again")
    assert disk._find(OLD).content == b"saved anew"


def test_history_only_grows() -> None:
    disk, journal = committed()
    told = []
    for run_id, undo in (("back", None), ("forth", ["back"]), ("back again", ["forth"])):
        before = journal.history()
        roll_back(disk, journal, run_id, undo=undo)
        told.append(journal.history()[: len(before)] == before)
    assert (told, everything(disk)) == ([True] * 3, everything(make_disk()))


# Places that are taken


def test_where_the_old_place_is_taken_both_are_kept() -> None:
    disk, journal = committed()
    disk.write(OLD, b"a newer file")
    assert findings(plan(disk, journal)) == [
        (
            "comes-beside",
            b"/in/kept/c",
            "its old place is taken, so it comes back beside it (c (rolled back 2026-01-31 1000))",
        )
    ]
    assert roll_back(disk, journal, "back", beside=MARK).problems == ()
    found = {b"c": b"a newer file", b"c (rolled back 2026-01-31 1000)": b"third", b"stays": b"stays"}
    assert disk.tree(b"/in/kept") == found


def test_the_name_beside_is_numbered_where_it_is_taken_too_and_keeps_its_extension() -> None:
    disk, journal = MemoryDisk.from_tree({b"in": {b"a.tar.gz": b"1"}, b"out": {}}), MemoryJournal()

    steps = make_steps(disk, (((b"/in", b"a.tar.gz"), (b"/out", b"x")),))
    run_order(WorkOrder(make_run(), (), steps), disk, journal)
    for name in (b"a.tar.gz", b"a (back).tar.gz", b"a (back, 2).tar.gz"):
        disk.write(Place(b"/in", name), name)
    roll_back(disk, journal, "back", beside=b"back")
    assert disk.tree(b"/in")[b"a (back, 3).tar.gz"] == b"1"


def test_a_folder_at_the_old_place_is_an_occupant_as_well() -> None:
    disk, journal = committed()
    disk.make_folder(OLD, 0o755)
    assert roll_back(disk, journal, "back", beside=MARK).problems == ()
    assert disk.tree(b"/in/kept") == {b"c": {}, b"c (" + MARK + b")": b"third", b"stays": b"stays"}


def test_what_comes_back_beside_still_sets_its_name_free_for_the_file_that_had_it() -> None:
    disk, journal = committed()
    disk.write(Place(b"/in", b"a"), b"in the way")
    assert roll_back(disk, journal, "back", beside=MARK).problems == ()
    assert disk.tree(b"/in")[b"a (" + MARK + b")"] == b"first"
    assert disk.tree(b"/out") == {b"old": b"was here", b"theirs": b"theirs"}


def test_it_goes_forth_from_beside_and_back_to_its_old_place_when_that_is_free() -> None:
    disk, journal = committed()
    after_commit = contents(disk)
    disk.write(OLD, b"a newer file")
    roll_back(disk, journal, "back", beside=MARK)
    roll_back(disk, journal, "forth", undo=["back"], beside=MARK)
    assert disk.tree(b"/out")[b"c"] == b"third"
    disk.remove(OLD)
    roll_back(disk, journal, "back again", beside=MARK)
    assert (disk.tree(b"/in/kept")[b"c"], contents(disk)) == (b"third", after_commit)


def test_a_file_that_went_forth_beside_what_is_there_is_known_there_and_no_other_is_taken_for_it() -> None:
    disk, journal = committed()
    roll_back(disk, journal, "back", beside=MARK)
    disk.write(ARRIVED, b"mine")
    roll_back(disk, journal, "forth", undo=["back"], beside=MARK)
    assert disk.tree(b"/out")[b"c (" + MARK + b")"] == b"third"
    assert roll_back(disk, journal, "back again", beside=MARK).problems == ()
    assert (disk.tree(b"/in/kept")[b"c"], disk.tree(b"/out")[b"c"]) == (b"third", b"mine")


def test_a_file_that_came_back_to_the_place_of_a_missing_one_is_not_taken_for_it_later() -> None:
    disk, journal = committed()
    disk.remove(Place(b"/out", b"old"))  # where /in/a was put, when the file of this name had gone to /out/older
    roll_back(disk, journal, "back", beside=MARK)
    before = disk.tree()
    report = roll_back(disk, journal, "again", beside=MARK)
    assert (report.n_done, disk.tree(), disk.tree(b"/out")[b"old"]) == (0, before, b"was here")


def test_a_target_that_a_rollback_took_away_comes_back_as_it_was_when_that_is_undone() -> None:
    disk, journal = MemoryDisk.from_tree({b"in": {b"a": b"1"}}), MemoryJournal()
    steps = make_steps(disk, (((b"/in", b"a"), (b"/out", b"a")),))
    folders, times = ((Place(b"/", b"out"), 0o2711),), ((Place(b"/", b"out"), 111),)
    run_order(WorkOrder(make_run(), folders, steps, times), disk, journal)
    after_commit = everything(disk)
    roll_back(disk, journal, "back")
    assert disk.tree() == {b"in": {b"a": b"1"}}
    order = plan_rollback(make_run("forth", RunKind.ROLLBACK), journal.history(), disk, undo=["back"])
    run_order(order.order, disk, journal)
    assert (order.remade_roots, everything(disk)) == ((), after_commit)


# Files that are not at their place


def test_a_file_that_somebody_moved_is_told_of_where_it_is_and_stays_there() -> None:
    disk, journal = committed()
    disk.rename_noreplace(ARRIVED, Place(b"/in", b"kept/mine"))
    assert findings(plan(disk, journal)) == [
        (
            "moved-elsewhere",
            b"/in/kept/mine",
            "somebody has moved the file here since, and here it stays (it was /out/c)",
        )
    ]
    roll_back(disk, journal, "back")
    assert disk.tree(b"/in/kept") == {b"mine": b"third", b"stays": b"stays"}


def test_a_file_with_a_recycled_inode_number_is_not_taken_for_the_missing_one() -> None:
    disk, journal = committed()
    (moved,) = [each for each in to_undo(journal.history()) if each.operation.action_id == 6]
    disk.rename_noreplace(ARRIVED, Place(b"/out", b"elsewhere"))
    disk._find(Place(b"/out", b"elsewhere")).birth_ns += 1
    assert find_elsewhere([moved], (b"/out", b"/in"), disk) == {}


def test_the_search_ends_at_its_bound_and_does_not_enter_other_filesystems() -> None:
    disk, journal = committed()
    (moved,) = [each for each in to_undo(journal.history()) if each.operation.action_id == 6]
    disk.rename_noreplace(ARRIVED, Place(b"/in", b"kept/z"))
    assert find_elsewhere([moved], (b"/out", b"/in"), disk) == {moved.key: Place(b"/in", b"kept/z")}
    assert find_elsewhere([moved], (b"/out", b"/in"), disk, most_entries=2) == {}
    assert find_elsewhere([moved], (b"/usb", b"/gone"), disk) == {}


# A crash at every effect

Undo = Callable[[MemoryDisk, MemoryJournal, MemoryDisk | CrashAfter, str], object]


def some(disk: MemoryDisk, journal: MemoryJournal, through: MemoryDisk | CrashAfter, run_id: str) -> object:
    return roll_back(through, journal, run_id, only=keys(journal, 1, 4, 3), beside=MARK)


def forth(disk: MemoryDisk, journal: MemoryJournal, through: MemoryDisk | CrashAfter, run_id: str) -> object:
    rollbacks = [run.run_id for run in journal.runs() if run.kind is RunKind.ROLLBACK]
    return roll_back(through, journal, run_id, undo=rollbacks[:1], beside=MARK)


def beside(disk: MemoryDisk, journal: MemoryJournal, through: MemoryDisk | CrashAfter, run_id: str) -> object:
    return roll_back(through, journal, run_id, beside=MARK)


def before_forth(disk: MemoryDisk, journal: MemoryJournal) -> None:
    roll_back(disk, journal, "back")


def before_beside(disk: MemoryDisk, journal: MemoryJournal) -> None:
    for place in (OLD, Place(b"/in", b"a"), Place(b"/usb", b"e")):
        disk.write(place, b"in the way of " + place.absolute)


def untouched(disk: MemoryDisk, journal: MemoryJournal) -> None:
    """Nothing happens before."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("prepare", "undo"),
    [(untouched, some), (before_forth, forth), (before_beside, beside)],
    ids=["some files", "a rollback", "beside what is there"],
)
def test_a_crash_at_every_effect_is_recovered_and_the_same_command_ends_what_it_began(
    prepare: Callable[[MemoryDisk, MemoryJournal], None], undo: Undo, after: bool
) -> None:
    whole, journal = committed()
    prepare(whole, journal)
    before = contents(whole)
    undo(whole, journal, whole, "run")
    n = 0
    while True:
        disk, journal = committed()
        prepare(disk, journal)
        crashing = CrashAfter(disk, n, after=after)
        try:
            undo(disk, journal, crashing, "run")
        except Crash:
            recover_all(disk, journal)
            assert (contents(disk), reserved_names(disk)) == (before, []), n
            undo(disk, journal, disk, "again")
        assert (disk.tree(), contents(disk), journal.unfinished()) == (whole.tree(), before, []), n
        if crashing.n_effects <= n:
            break
        n += 1
    assert n > 10
