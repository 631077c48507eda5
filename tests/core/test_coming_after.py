"""Steps that come after something: what loses its name is not put away before what has it is durably there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place
from ifmosfs.core.journal import OpState
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from tests.adapters.faults import Crash, CrashAfter, Delegating
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import make_run, make_steps, recover_all, run_order


def losing_order(disk: MemoryDisk) -> WorkOrder:
    """`a`, from another filesystem, gets the name; `b` and `c` lost it to `a`, `d` lost another one to a file of the target."""
    moves = [
        ((b"/usb", b"a"), (b"/out", b"x")),
        ((b"/in", b"e"), (b"/out", b"e")),
        ((b"/in", b"b"), (b"/out", b"vault/b")),
        ((b"/in", b"c"), (b"/out", b"vault/c")),
        ((b"/in", b"d"), (b"/out", b"vault/d")),
    ]
    names = {3: b"x", 4: b"x", 5: b"theirs"}
    steps = (replace(step, after=after(names.get(step.action_id))) for step in make_steps(disk, moves))
    return WorkOrder(make_run(), ((Place(b"/out", b"vault"), 0o700),), tuple(steps))


def after(name: bytes | None) -> tuple[Place, ...]:
    return () if name is None else (Place(b"/out", name),)


def losing_disk() -> MemoryDisk:
    inbox = {name: name for name in (b"b", b"c", b"d", b"e")}
    disk = MemoryDisk.from_tree({b"in": dict(inbox), b"out": {b"theirs": b"theirs"}})
    disk.add_filesystem(b"/usb", {b"a": b"a"})
    return disk


def test_what_comes_after_something_goes_once_that_is_there() -> None:
    disk = losing_disk()
    report = run_order(losing_order(disk), disk, MemoryJournal(), batch_size=100)
    assert (report.problems, disk.tree(b"/in"), disk.tree(b"/out")) == (
        (),
        {},
        {b"e": b"e", b"theirs": b"theirs", b"vault": {b"b": b"b", b"c": b"c", b"d": b"d"}, b"x": b"a"},
    )


@pytest.mark.parametrize(
    ("meddle", "refused", "vaulted"),
    [
        (lambda disk: disk.write(Place(b"/usb", b"a"), b"newer"), {b"/usb/a": "changed"}, {b"d"}),
        (lambda disk: disk.write(Place(b"/out", b"x"), b"a stranger's"), {b"/out/x": "name-taken"}, {b"d"}),
        (lambda disk: disk.remove(Place(b"/out", b"theirs")), {b"/in/d": "winner-stayed"}, {b"b", b"c"}),
    ],
    ids=["winner changed", "name taken by a stranger", "holder gone"],
)
def test_what_comes_after_something_that_is_not_there_stays_and_says_so(
    meddle: Callable[[MemoryDisk], None], refused: dict[bytes, str], vaulted: set[bytes]
) -> None:
    disk = losing_disk()
    order = losing_order(disk)
    meddle(disk)
    rehearsed = run_order(order, RehearsalDisk(disk), NullJournal(), batch_size=100)
    report = run_order(order, disk, MemoryJournal(), batch_size=100)
    if b"d" in vaulted:
        refused |= {b"/in/b": "winner-stayed", b"/in/c": "winner-stayed"}
    assert {each.path: each.code for each in report.problems} == refused
    assert {each.state for each in report.problems} == {OpState.CONFLICT}
    assert (set(disk.tree(b"/out/vault")), set(disk.tree(b"/in"))) == (vaulted, {b"b", b"c", b"d"} - vaulted)
    assert rehearsed == report


def test_what_comes_after_something_is_not_begun_before_that_is_durable() -> None:
    calls: list[tuple[str, bytes]] = []

    class Listening(Delegating):
        def _effect(self, call, places, go):  # type: ignore[no-untyped-def]
            calls.extend((call, place.absolute) for place in places)
            return go()

    disk = losing_disk()
    run_order(losing_order(disk), Listening(disk), MemoryJournal(), batch_size=100)
    begun = calls.index(("rename_noreplace", b"/in/b"))
    unlinked = next(each for each in calls if each[0] == "unlink_checked")
    for what in (("rename_noreplace", b"/in/e"), unlinked):
        assert ("sync", b"/out") in calls[calls.index(what) : begun]


def test_a_crash_anywhere_never_leaves_a_loser_put_away_without_its_winner() -> None:
    n_effects = 0
    for n in count():
        disk, journal = losing_disk(), MemoryJournal()
        order = losing_order(disk)
        crashing = CrashAfter(disk, n)
        with suppress(Crash):
            run_order(order, crashing, journal, batch_size=100)
            n_effects = n
        recover_all(disk, journal)
        out = disk.tree(b"/out")
        vault = out.get(b"vault", {})
        assert out.get(b"x") == b"a" or not {b"b", b"c"} & set(vault), n  # type: ignore[call-overload]
        if n_effects:
            break
    assert n_effects > 10
