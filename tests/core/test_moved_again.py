"""A file that one run moves twice, as a rollback does that takes back two moves of it, and of which the first is a copy."""

from __future__ import annotations

from itertools import count

import pytest

from ifmosfs.core.effects import lstat_or_none
from ifmosfs.core.execute import WorkOrder, execute
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import OpState, RunKind
from ifmosfs.core.moved_again import MovedAgain
from ifmosfs.core.steps import Step
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import make_run, recover_all, reserved_names, run_order

FAR, BETWEEN, HOME = Place(b"/usb", b"a"), Place(b"/in", b"between"), Place(b"/in", b"deep/a")
OTHER, OTHERS_HOME = Place(b"/in", b"other"), Place(b"/in", b"deep/other")


@pytest.fixture
def disk() -> MemoryDisk:
    made = MemoryDisk.from_tree({b"in": {b"deep": {}, b"other": b"theirs"}, b"out": {}})
    made.add_filesystem(b"/usb", {b"a": b"mine"})
    return made


def back(disk: MemoryDisk, *ways: tuple[Place, Place], units: tuple[int, ...] = ()) -> WorkOrder:
    """An order that moves files these ways; each step expects what is at the beginning of its file's way now."""
    began: dict[Place, Fingerprint] = {}
    steps = []
    for number, (source, target) in enumerate(ways):
        print_ = began.pop(source, None) or disk.lstat(source).fingerprint
        began[target] = print_
        unit = units[number] if units else 0
        steps.append(Step(number + 1, source, target, print_, ("r1", number + 1), unit))
    return WorkOrder(make_run("back", RunKind.ROLLBACK), steps=tuple(steps))


def states(journal: MemoryJournal) -> list[OpState]:
    return [row.outcome.state for row in journal.recorded("back") if row.operation.inverse_of is not None]


@pytest.mark.parametrize("batch_size", [1, 2, 256])
def test_a_copy_goes_on_to_where_it_belongs(disk: MemoryDisk, batch_size: int) -> None:
    journal = MemoryJournal()
    order = back(disk, (FAR, BETWEEN), (OTHER, OTHERS_HOME), (BETWEEN, HOME))
    report = run_order(order, disk, journal, batch_size=batch_size)
    assert (report.n_done, report.problems) == (3, ())
    assert disk.tree(b"/in") == {b"deep": {b"a": b"mine", b"other": b"theirs"}}


def test_a_unit_goes_on_from_a_copy(disk: MemoryDisk) -> None:
    order = back(disk, (FAR, BETWEEN), (OTHER, OTHERS_HOME), (BETWEEN, HOME), units=(0, 1, 1))
    report = run_order(order, disk, MemoryJournal())
    assert (report.n_done, report.problems) == (3, ())
    assert disk.tree(b"/in") == {b"deep": {b"a": b"mine", b"other": b"theirs"}}


def test_what_was_put_there_instead_of_the_copy_stays(disk: MemoryDisk) -> None:
    """Between the two batches somebody saves another file under the name that the copy has."""
    journal = MemoryJournal()

    def swap(_n_done: int, _n_total: int) -> None:
        if lstat_or_none(disk, BETWEEN) is not None and disk.tree(b"/in")[b"between"] == b"mine":
            disk.remove(BETWEEN)
            disk.write(BETWEEN, b"new")

    ticks = count()
    order = back(disk, (FAR, BETWEEN), (BETWEEN, HOME))
    report = execute(order, disk, journal, now_ns=lambda: next(ticks), progress=swap)
    assert (states(journal), [each.code for each in report.problems]) == ([OpState.DONE, OpState.CONFLICT], ["changed"])
    assert disk.tree(b"/in") == {b"between": b"new", b"deep": {}, b"other": b"theirs"}


def test_a_copy_that_fails_is_not_gone_on_with(disk: MemoryDisk) -> None:
    order = back(disk, (FAR, BETWEEN), (BETWEEN, HOME))
    disk.write(FAR, b"edited since")
    journal = MemoryJournal()
    run_order(order, disk, journal)
    assert states(journal) == [OpState.CONFLICT, OpState.CONFLICT]
    assert (disk.tree(b"/usb"), disk.tree(b"/in")) == ({b"a": b"edited since"}, {b"deep": {}, b"other": b"theirs"})


def test_a_crash_at_any_step_leaves_the_file_at_one_of_its_places(disk: MemoryDisk) -> None:
    for moment in range(200):
        fresh = MemoryDisk.from_tree({b"in": {b"deep": {}, b"other": b"theirs"}, b"out": {}})
        fresh.add_filesystem(b"/usb", {b"a": b"mine"})
        journal = MemoryJournal()
        try:
            run_order(
                back(fresh, (FAR, BETWEEN), (BETWEEN, HOME)),
                CrashAfter(fresh, moment // 2, after=moment % 2 == 1),
                journal,
            )
        except Crash:
            recover_all(fresh, journal)
        else:
            break
        there = [place for place in (FAR, BETWEEN, HOME) if lstat_or_none(fresh, place) is not None]
        assert (len(there), reserved_names(fresh)) == (1, []), moment
    assert moment > 10


# Where batches end


def steps(*ways: tuple[bytes, bytes], units: str = "") -> tuple[Step, ...]:
    places = [(Place(b"/r", source), Place(b"/r", target)) for source, target in ways]
    numbers = [int(unit) for unit in units] or [0] * len(ways)
    return tuple(
        Step(1, source, target, Fingerprint(1, 1, 1, 1, None), None, unit)
        for (source, target), unit in zip(places, numbers, strict=True)
    )


@pytest.mark.parametrize(
    ("ways", "units", "ends"),
    [
        pytest.param([(b"a", b"b"), (b"c", b"d"), (b"e", b"f")], "", [3], id="none"),
        pytest.param([(b"a", b"b"), (b"c", b"d"), (b"b", b"f")], "", [2, 3], id="one"),
        pytest.param([(b"a", b"b"), (b"b", b"c"), (b"c", b"d")], "", [1, 2, 3], id="a chain"),
        pytest.param([(b"a", b"b"), (b"c", b"d"), (b"b", b"f"), (b"d", b"g")], "", [2, 4], id="two"),
        pytest.param([(b"a", b"b"), (b"b", b"c")], "11", [2], id="within a unit"),
        pytest.param([(b"a", b"b"), (b"x", b"y"), (b"b", b"c")], "011", [1, 3], id="in the middle of a unit"),
        pytest.param([(b"a", b"b"), (b"x", b"y"), (b"b", b"c")], "012", [2, 3], id="in another unit"),
    ],
)
def test_a_batch_ends_before_what_goes_on_from_a_step_in_it(
    ways: list[tuple[bytes, bytes]], units: str, ends: list[int]
) -> None:
    listed = steps(*ways, units=units)
    again, found = MovedAgain(listed), [0]
    while found[-1] < len(listed):
        found.append(again.batch_end(found[-1], len(listed)))
    assert found[1:] == ends


def test_a_step_that_begins_where_none_has_ended_is_as_it_was() -> None:
    (step,) = steps((b"a", b"b"))
    assert MovedAgain((step,)).as_arrived(step) is step
