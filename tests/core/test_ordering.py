"""The order of steps: chains, cycles, units, and that every order given comes out as one that can be carried out."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.ordering import in_order, is_third_name
from ifmosfs.core.steps import Step
from ifmosfs.core.verify import verify
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import everything, make_run, reserved_names, roll_back, run_order
from tests.core.scenes import recovered

PRINT = Fingerprint(1, 1, 1, 1)
TOP = b"/t"


def step(number: int, source: str, target: str, unit: int = 0) -> Step:
    return Step(number, Place(TOP, source.encode()), Place(TOP, target.encode()), PRINT, None, unit=unit)


def shown(steps: tuple[Step, ...]) -> list[str]:
    return [f"{each.source.path.decode()}>{each.target.path.decode()}" for each in steps]


def test_steps_that_have_nothing_to_do_with_each_other_keep_their_order() -> None:
    steps = (step(1, "a", "x"), step(2, "b", "y"), step(3, "c", "z"))
    assert in_order(steps, "r") == steps


def test_who_leaves_a_name_goes_before_who_takes_it() -> None:
    assert shown(in_order((step(1, "a", "b"), step(2, "b", "c"), step(3, "c", "d")), "r")) == ["c>d", "b>c", "a>b"]


def test_two_that_swap_go_through_a_third_name_as_one_unit() -> None:
    ordered = in_order((step(1, "d/a", "d/b"), step(2, "d/b", "d/a")), "r")
    assert shown(ordered) == ["d/a>d/.ifmosfs-c-r-1", "d/b>d/a", "d/.ifmosfs-c-r-1>d/b"]
    assert [(each.action_id, each.unit) for each in ordered] == [(0, 1), (2, 1), (1, 1)]


def test_a_name_that_is_only_spelt_differently_goes_through_a_third_one() -> None:
    ordered = in_order((step(1, "Foo", "foo"),), "r", lambda place: place.absolute.lower())
    assert shown(ordered) == ["Foo>.ifmosfs-c-r-1", ".ifmosfs-c-r-1>foo"]
    assert [each.unit for each in ordered] == [1, 1]


def test_where_case_matters_it_is_a_plain_step() -> None:
    assert shown(in_order((step(1, "Foo", "foo"),), "r")) == ["Foo>foo"]


def test_a_unit_stays_together_and_keeps_its_number() -> None:
    steps = (step(1, "raw", "x/raw", 7), step(2, "a", "raw"), step(3, "xmp", "x/xmp", 7))
    ordered = in_order(steps, "r")
    assert shown(ordered) == ["raw>x/raw", "xmp>x/xmp", "a>raw"]
    assert [each.unit for each in ordered] == [7, 7, 0]


def test_units_in_a_cycle_become_one() -> None:
    steps = (step(1, "a", "b", 1), step(2, "m", "n", 1), step(3, "b", "a", 2), step(4, "p", "q", 2), step(5, "y", "z"))
    ordered = in_order(steps, "r")
    assert {each.unit for each in ordered if each.action_id != 5} == {2}
    assert len(ordered) == 6


def test_a_long_chain_needs_no_deep_recursion() -> None:
    n = 50_000
    steps = tuple(step(number, f"{number}", f"{number + 1}") for number in range(n))
    assert [each.action_id for each in in_order(steps, "r")] == list(range(n - 1, -1, -1))


names = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"])


@st.composite
def permutations(draw: st.DrawFn) -> list[tuple[bytes, bytes, int]]:
    """Distinct sources to distinct names, of which those that nobody leaves are free; some of them in units."""
    sources = draw(st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), unique=True, min_size=1))
    free = [b"v", b"w", b"x", b"y", b"z"]
    targets = draw(st.lists(st.sampled_from([*sources, *free]), unique=True, min_size=len(sources)))
    units = draw(st.lists(st.sampled_from([0, 0, 1, 2]), min_size=len(sources), max_size=len(sources)))
    return [each for each in zip(sources, targets, units, strict=False) if each[0] != each[1]]


def make(moves: list[tuple[bytes, bytes, int]]) -> tuple[MemoryDisk, WorkOrder]:
    disk = MemoryDisk.from_tree({b"t": {name: name * 3 for name in (b"a", b"b", b"c", b"d", b"e")}})
    steps = tuple(
        Step(
            number, Place(TOP, source), Place(TOP, target), disk.lstat(Place(TOP, source)).fingerprint, None, unit=unit
        )
        for number, (source, target, unit) in enumerate(moves, 1)
    )
    return disk, WorkOrder(replace(make_run(), target=TOP), (), in_order(steps, "r1"))


@settings(max_examples=60, deadline=None)
@given(permutations(), st.integers(0, 14), st.booleans())
def test_any_passing_on_of_names_is_done_recovered_verified_and_rolled_back(
    moves: list[tuple[bytes, bytes, int]], n: int, after: bool
) -> None:
    disk, order = make(moves)
    start = everything(disk)
    wanted = {name: name * 3 for name in (b"a", b"b", b"c", b"d", b"e") if name not in {move[0] for move in moves}}
    wanted |= {target: source * 3 for source, target, _ in moves}
    journal, crashed = MemoryJournal(), True
    try:
        report = run_order(order, CrashAfter(disk, n, after=after), journal, 2)
        crashed = False
        assert (report.n_done, report.problems) == (len(moves), ())
    except Crash:
        recovered(disk, journal)
    assert reserved_names(disk) == []
    if not crashed:
        assert disk.tree(TOP) == wanted
    assert verify(journal.history(), disk).holds
    assert roll_back(disk, journal, "back").problems == ()
    assert everything(disk) == start


def test_the_third_name_is_told_from_any_other() -> None:
    assert is_third_name(Place(TOP, b"d/.ifmosfs-c-r-1"))
    assert not is_third_name(Place(TOP, b".ifmosfs-c-r-1/d"))
