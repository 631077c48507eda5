"""Taking back a commit in which two files swapped their names, after one of them was taken away."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place
from ifmosfs.core.held import Lost, Offer, as_if_moved, copy_place
from ifmosfs.core.history import Key
from ifmosfs.core.journal import RunKind
from ifmosfs.core.manifest import SnapshotEntry
from ifmosfs.core.ordering import in_order
from ifmosfs.core.rollback import RollbackOrder, plan_rollback
from ifmosfs.core.steps import Step
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.adapters.trees import Tree
from tests.core.committing import make_run, reserved_names, run_order

ONE, OTHER = Place(b"/in", b"one"), Place(b"/in", b"other")
HELD = Place(b"/state/contents/ab", b"abcd")
STATE: Tree = {b"contents": {b"ab": {}}, b"restored": {b"back": {}}}
WAYS = ((ONE, OTHER), (OTHER, ONE))


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def disk(journal: MemoryJournal) -> MemoryDisk:
    """`one` and `other` have swapped their names."""
    made = MemoryDisk.from_tree({b"in": {b"one": b"1", b"other": b"2"}, b"out": {}, b"state": STATE})
    steps = [
        Step(number, source, target, made.lstat(source).fingerprint) for number, (source, target) in enumerate(WAYS, 1)
    ]
    report = run_order(WorkOrder(make_run("r1"), steps=in_order(steps, "r1")), made, journal)
    assert (report.n_done, made.tree(b"/in")) == (2, {b"one": b"2", b"other": b"1"})
    assert set(report.moved) == {(ONE, OTHER), (OTHER, ONE)}
    return made


def planned(disk: MemoryDisk, journal: MemoryJournal, run_id: str, undo: list[str] | None = None) -> RollbackOrder:
    return plan_rollback(make_run(run_id, RunKind.ROLLBACK), journal.history(), disk, undo=undo)


def ways(order: RollbackOrder) -> list[tuple[Place, Place]]:
    return [(step.source, step.target) for step in order.order.steps]


def gone(order: RollbackOrder) -> list[tuple[str, bytes]]:
    return [(each.code, each.path) for each in order.problems]


@pytest.mark.parametrize("taken", [ONE, OTHER], ids=["one", "other"])
def test_the_file_that_is_left_goes_back_directly_and_no_third_name_is_asked_for_any_more(
    disk: MemoryDisk, journal: MemoryJournal, taken: Place
) -> None:
    left = OTHER if taken is ONE else ONE
    content = disk.tree(b"/in")[left.path]
    disk.remove(taken)
    back = planned(disk, journal, "back")
    assert (ways(back), gone(back)) == ([(left, taken)], [("gone", taken.absolute)])
    assert run_order(back.order, disk, journal).n_done == 1
    assert (disk.tree(b"/in"), reserved_names(disk)) == ({taken.path: content}, [])

    again = planned(disk, journal, "again")
    assert ways(again) == []
    assert [each.action_id for each in again.problems] == [each.action_id for each in back.problems]

    forth = planned(disk, journal, "forth", ["back"])
    assert ways(forth) == [(taken, left)]
    run_order(forth.order, disk, journal)
    assert disk.tree(b"/in") == {left.path: content}
    assert ways(planned(disk, journal, "once more")) == [(left, taken)]


@pytest.mark.parametrize("taken", [ONE, OTHER], ids=["one", "other"])
def test_the_file_that_is_gone_comes_from_a_held_content_to_its_own_old_name(
    disk: MemoryDisk, journal: MemoryJournal, taken: Place
) -> None:
    left = OTHER if taken is ONE else ONE
    content = disk.tree(b"/in")[taken.path]
    assert isinstance(content, bytes)
    attr = disk.lstat(taken)
    disk.remove(taken)
    copy = copy_place(b"/state", "back", 1)
    for place in (HELD, copy):
        disk.write(place, content)
    entry = SnapshotEntry(taken.root, taken.path, attr.fingerprint, b"digest", attr.mode)

    def offers(lost: Sequence[Lost]) -> dict[Key, Offer]:
        return {each.moved.key: Offer(entry, HELD, copy, disk.lstat(copy), "kept") for each in lost}

    run = make_run("back", RunKind.ROLLBACK)
    back = plan_rollback(run, journal.history(), disk, offers=offers)
    assert (ways(back), gone(back), back.n_kept) == ([(left, taken), (copy, left)], [], 0)
    assert [(each.code, each.path) for each in back.from_held] == [("from-held", left.absolute)]
    assert run_order(back.order, disk, journal).n_done == 2
    assert (disk.tree(b"/in"), reserved_names(disk)) == ({b"one": b"1", b"other": b"2"}, [])

    history = as_if_moved(journal.history())
    again = plan_rollback(make_run("again", RunKind.ROLLBACK), history, disk)
    assert (ways(again), gone(again)) == ([], [])
    forth = plan_rollback(make_run("forth", RunKind.ROLLBACK), history, disk, undo=["back"])
    assert (ways(forth), sorted(gone(forth))) == (
        [],
        [("name-taken", ONE.absolute), ("name-taken", OTHER.absolute)],
    ), "each has the name that the other is to take, and the way through a third one was not that of this rollback"


def test_both_files_go_back_through_a_third_name_as_one_unit(disk: MemoryDisk, journal: MemoryJournal) -> None:
    order = planned(disk, journal, "back")
    assert {step.unit for step in order.order.steps} == {1}
    report = run_order(order.order, disk, journal)
    assert (report.n_moved, set(report.moved)) == (2, {(OTHER, ONE), (ONE, OTHER)}), "no third name is told of"
    assert (disk.tree(b"/in"), reserved_names(disk)) == ({b"one": b"1", b"other": b"2"}, [])
    assert planned(disk, journal, "again").is_empty
