"""Random plans, and at every call of the disk a crash or an error: files, folders, chains, swaps, taken names, other filesystems,
sources that changed. Whatever happens, and wherever: nothing is lost or replaced, recovery ends in the same state each time,
a second recovery does nothing, and a rollback leads back.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.effects import POLICY
from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place
from ifmosfs.core.journal import RunKind
from ifmosfs.core.recover import recover
from ifmosfs.core.rollback import plan_rollback
from ifmosfs.core.steps import Step
from tests.adapters.faults import Crash, CrashAfter, Delegating, FailAt
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.adapters.trees import Link, Tree
from tests.core.committing import (
    BOOT,
    contents,
    everything,
    make_disk,
    make_order,
    make_run,
    recover_all,
    reserved_names,
    roll_back,
    run_order,
)

IN: Tree = {b"a": b"1", b"b": b"2", b"deep": {b"c": b"3", b"deeper": {b"d": b"4"}}, b"link": Link(b"a")}
OUT: Tree = {b"a": b"5", b"full": {b"e": b"6"}}
USB: Tree = {b"a": b"7", b"far": {b"f": b"8", b"l": Link(b"f")}}
SOURCES = (
    Place(b"/in", b"a"),
    Place(b"/in", b"b"),
    Place(b"/in", b"deep/c"),
    Place(b"/in", b"deep/deeper/d"),
    Place(b"/in", b"link"),
    Place(b"/out", b"a"),
    Place(b"/out", b"full/e"),
    Place(b"/usb", b"a"),
    Place(b"/usb", b"far/f"),
    Place(b"/usb", b"far/l"),
)
FOLDERS = ((Place(b"/out", b"new"), 0o755), (Place(b"/out", b"new/newer"), 0o700))
TARGETS = [
    *(Place(b"/out", name) for name in (b"a", b"b", b"full/e", b"new/x", b"new/y", b"new/newer/x", b"full")),
    *(Place(b"/in", name) for name in (b"a", b"b", b"deep/c")),
    Place(b"/usb", b"a"),
    Place(b"/usb", b"far/g"),
]


@dataclass(frozen=True)
class Scenario:
    """What is to be moved where, and what somebody does before it is."""

    moves: tuple[tuple[Place, Place], ...]
    meddled: tuple[Place, ...]
    batch_size: int

    def prepared(self) -> tuple[MemoryDisk, WorkOrder]:
        """The disk and the order; the same each time."""
        disk = MemoryDisk.from_tree({b"in": IN, b"out": OUT})
        disk.add_filesystem(b"/usb", USB)
        steps = tuple(
            Step(number, source, target, disk.lstat(source).fingerprint)
            for number, (source, target) in enumerate(self.moves, 1)
        )
        for place in self.meddled:
            if disk.lstat(place).size_bytes and not disk.lstat(place).mode & 0o020000:
                disk.write(place, b"newer " + place.path)
        return disk, WorkOrder(make_run(), FOLDERS, steps, ((Place(b"/out", b"new"), 5),), remove_emptied=True)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Up to six moves of different files to different places, which may be taken, or left by an earlier move.

    No move wants a name that only a later one leaves: the planner never orders them so.
    """
    sources = draw(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=6, unique=True))
    targets = draw(st.lists(st.sampled_from(TARGETS), min_size=len(sources), max_size=len(sources), unique=True))
    moves = [
        (source, target)
        for number, (source, target) in enumerate(zip(sources, targets, strict=True))
        if target not in sources[number:]
    ]
    meddled = draw(st.lists(st.sampled_from(sources), max_size=1))
    return Scenario(tuple(moves), tuple(meddled), draw(st.integers(1, 7)))


class Counting(Delegating):
    """Counts the calls of each method."""

    def __init__(self, disk: MemoryDisk) -> None:
        super().__init__(disk)
        self.counts: dict[str, int] = {}

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], object]) -> object:  # type: ignore[override]
        self.counts[call] = self.counts.get(call, 0) + 1
        return go()

    _effect = _look  # type: ignore[assignment]


def assert_whole(disk: MemoryDisk, journal: MemoryJournal, before: MemoryDisk, when: object) -> None:
    """Nothing lost or replaced, nothing left over; the second recovery does nothing; and back to the start."""
    assert (contents(disk), reserved_names(disk), journal.unfinished()) == (contents(before), [], []), when
    found = everything(disk)
    for run in journal.runs():
        assert recover(run, disk, journal, now_ns=lambda: 9, boot_id=BOOT).lines == (), when
    assert everything(disk) == found, when
    back = roll_back(disk, journal, "back")
    assert (back.problems, everything(disk)) == ((), everything(before)), when


@given(scenario=scenarios())
@settings(max_examples=12, deadline=None)
def test_a_crash_at_every_effect_of_any_plan_ends_in_one_state(scenario: Scenario) -> None:
    ends = []
    for n, after in crash_points(scenario):
        (disk, order), journal = scenario.prepared(), MemoryJournal()
        try:
            run_order(order, CrashAfter(disk, n, after=after), journal, scenario.batch_size)
        except Crash:
            recover_all(disk, journal)
        ends.append(disk.tree())
        assert_whole(disk, journal, scenario.prepared()[0], (n, after))
    assert_grows(ends)


def crash_points(scenario: Scenario) -> Iterator[tuple[int, bool]]:
    """Before and after each effect of the undisturbed run."""
    disk, order = scenario.prepared()
    counting = CrashAfter(disk, 10_000)
    run_order(order, counting, MemoryJournal(), scenario.batch_size)
    for n in range(counting.n_effects):
        yield n, False
        yield n, True


def assert_grows(ends: list[dict[bytes, object]]) -> None:
    """Within one batch each crash is recovered to the same tree: there are no more states than stages of a run.

    A crash before the intents of a batch leaves what the batches before have done; any later one all of this batch, too.
    """
    changes = [index for index in range(1, len(ends)) if ends[index] != ends[index - 1]]
    seen: list[dict[bytes, object]] = []
    for index in (0, *changes):
        assert ends[index] not in seen, "a later crash leads back to an earlier state"
        seen.append(ends[index])


@given(scenario=scenarios(), data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_crash_in_the_recovery_of_any_plan_is_recovered_by_the_next(scenario: Scenario, data: st.DataObject) -> None:
    points = list(crash_points(scenario))
    n, after = data.draw(st.sampled_from(points))
    expected = None
    m = 0
    while True:
        (disk, order), journal = scenario.prepared(), MemoryJournal()
        with pytest.raises(Crash):
            run_order(order, CrashAfter(disk, n, after=after), journal, scenario.batch_size)
        crashing = CrashAfter(disk, m // 2, after=m % 2 == 1)
        try:
            recover_all(crashing, journal)
        except Crash:
            recover_all(disk, journal)
        expected = disk.tree() if expected is None else expected
        assert disk.tree() == expected, (n, after, m)
        assert_whole(disk, journal, scenario.prepared()[0], (n, after, m))
        if crashing.n_effects <= m // 2:
            return
        m += 1


@given(scenario=scenarios(), after=st.booleans())
@settings(max_examples=8, deadline=None)
def test_a_crash_at_every_effect_of_any_rollback_is_recovered_and_ends_at_the_start(
    scenario: Scenario, after: bool
) -> None:
    n = 0
    while True:
        (disk, order), journal = scenario.prepared(), MemoryJournal()
        run_order(order, disk, journal, scenario.batch_size)
        crashing = CrashAfter(disk, n, after=after)
        plan = plan_rollback(make_run("back", RunKind.ROLLBACK), journal.history(), disk)
        try:
            run_order(plan.order, crashing, journal)
        except Crash:
            recover_all(disk, journal)
            assert roll_back(disk, journal, "back again").problems == (), n
        start = scenario.prepared()[0]
        assert (everything(disk), reserved_names(disk)) == (everything(start), []), n
        if crashing.n_effects <= n:
            return
        n += 1


Entries = dict[bytes, tuple[object, ...]]


def files_of(disk: MemoryDisk) -> Entries:
    """Every file where it is, with all its attributes. Folders do not count where the disk would not be looked at just after
    one was made: it cannot be known as the run's, and stays, and its parent's time is not given back."""
    return {path: entry for path, entry in everything(disk).items() if entry[-1] is not None}


LIES = (errno.ENOENT, errno.ENOTDIR)
"""A disk that says that nothing is there: that must be believed, so that a copy may stay beside its source."""
ERRNOS = sorted({*POLICY, errno.ENOTRECOVERABLE, errno.ENOMEM, errno.EMFILE, errno.EINTR})


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
def test_any_error_at_any_call_of_a_commit_loses_nothing_and_goes_back(number: int) -> None:
    counting = Counting(make_disk())
    run_order(make_order(counting), counting, MemoryJournal())
    for call, n_calls in counting.counts.items():
        for n in range(1, n_calls + 1):
            disk, journal = make_disk(), MemoryJournal()
            order = make_order(disk)
            try:
                run_order(order, FailAt(disk, call, n, number), journal)
            except IfmosfsError:
                assert contents(disk) >= contents(make_disk()), (call, n)
                recover_all(disk, journal)
            assert_ended(disk, journal, number, (call, n))


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
def test_any_error_at_any_call_of_a_recovery_loses_nothing_and_the_next_one_ends_it(number: int) -> None:
    counting = CrashAfter(make_disk(), 10_000)
    run_order(make_order(counting), counting, MemoryJournal())
    for crash in range(3, counting.n_effects, 11):
        disk, journal = interrupted(crash)
        looks = Counting(disk)
        recover_all(looks, journal)
        for call, n_calls in looks.counts.items():
            for n in range(1, n_calls + 1, 3):
                disk, journal = interrupted(crash)
                try:
                    recover_all(FailAt(disk, call, n, number), journal)
                except IfmosfsError:
                    assert contents(disk) >= contents(make_disk()), (crash, call, n)
                    recover_all(disk, journal)
                assert_ended(disk, journal, number, (crash, call, n))


def assert_ended(disk: MemoryDisk, journal: MemoryJournal, number: int, when: object) -> None:
    """Every run has ended, nothing is lost, and what no problem was told of goes back."""
    assert journal.unfinished() == [], when
    if number in LIES:
        assert contents(disk) >= contents(make_disk()), when
        return
    assert contents(disk) == contents(make_disk()), when
    rescued = reserved_names(disk) != []
    back = roll_back(disk, journal, "back")
    if not rescued and back.problems == ():
        assert files_of(disk) == files_of(make_disk()), when


def interrupted(n: int) -> tuple[MemoryDisk, MemoryJournal]:
    """The scenario's commit, dead after so many effects."""
    disk, journal = make_disk(), MemoryJournal()
    with pytest.raises(Crash):
        run_order(make_order(disk), CrashAfter(disk, n, after=True), journal)
    return disk, journal
