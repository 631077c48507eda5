"""The rehearsal answers as the disk would, says what the run would say, and changes nothing."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.journal import OpState
from ifmosfs.core.names import NameRules
from ifmosfs.core.ports import Disk
from ifmosfs.core.preflight import Credentials, Permissions
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from ifmosfs.core.reports import Problem
from ifmosfs.core.rollback import plan_rollback
from ifmosfs.core.steps import Step
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import everything, make_disk, make_order, make_run, make_steps, run_order


def test_a_rehearsed_commit_reports_the_same_and_writes_nothing() -> None:
    disk = make_disk()
    order, before = make_order(disk), everything(disk)
    rehearsed = run_order(order, RehearsalDisk(disk), NullJournal())
    assert everything(disk) == before
    assert rehearsed == run_order(order, disk, MemoryJournal())


def test_a_rehearsed_copy_of_what_the_target_cannot_hold_stays_as_it_will_and_says_what_to_do() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2"}})
    disk.add_filesystem(b"/out", {}, bare=True)
    disk.give_attribute(Place(b"/in", b"a"), "user.note", b"n")
    moves = [((b"/in", b"a"), (b"/out", b"a")), ((b"/in", b"b"), (b"/out", b"b"))]
    order = WorkOrder(make_run(), steps=make_steps(disk, moves))
    who = Credentials(0, frozenset({0}))
    rehearsed = run_order(order, RehearsalDisk(disk, Permissions(disk, who)), NullJournal())
    assert rehearsed == run_order(order, disk, MemoryJournal())
    assert rehearsed.problems == (
        Problem(
            "attributes-not-kept",
            b"/in/a",
            "it has an access control list or other attributes that the target's filesystem cannot keep",
            "choose a target that keeps them, or take them away (setfacl -b, setfattr -x)",
            1,
            OpState.FAILED,
        ),
    )
    assert (disk.tree(b"/in"), disk.tree(b"/out")) == ({b"a": b"1"}, {b"b": b"2"})


def test_a_rehearsed_rollback_reports_the_same_and_writes_nothing() -> None:
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    before = everything(disk)
    plan = plan_rollback(make_run("back"), journal.history(), disk)
    rehearsed = run_order(plan.order, RehearsalDisk(disk), NullJournal())
    assert everything(disk) == before
    assert rehearsed == run_order(plan.order, disk, journal)


@pytest.mark.parametrize("shut", [b"/in", b"/usb", b"/out"], ids=bytes.decode)
def test_a_rehearsed_commit_on_a_read_only_filesystem_reports_the_same(shut: bytes) -> None:
    disk = make_disk()
    order = make_order(disk)
    disk.remount_read_only(Place(shut, b""))
    who = Credentials(0, frozenset({0}))
    rehearsed = run_order(order, RehearsalDisk(disk, Permissions(disk, who)), NullJournal())
    assert rehearsed == run_order(order, disk, MemoryJournal())
    assert {problem.words for problem in rehearsed.problems if problem.code == "refused"} == {
        "the operating system refused (Read-only file system)"
    }


STRANGER = Credentials(2000, frozenset({2000}))
ALLOWED: Sequence[tuple[str, bytes, int, str | None]] = (
    ("make", b"/in", 0o755, "EACCES"),
    ("make", b"/in", 0o757, None),
    ("make", b"/in", 0o1757, None),
    ("take", b"/in", 0o755, "EACCES"),
    ("take", b"/in", 0o757, None),
    ("take", b"/in", 0o1757, "EPERM"),
    ("remove", b"/in", 0o755, "EACCES"),
    ("remove", b"/in", 0o1757, "EPERM"),
    ("remove", b"/in", 0o757, None),
    ("bring", b"/out", 0o755, "EACCES"),
    ("bring", b"/out", 0o757, None),
    ("copy", b"/out", 0o755, "EACCES"),
    ("copy", b"/out", 0o757, "EPERM"),
    ("unlink", b"/in", 0o755, "EACCES"),
    ("unlink", b"/in", 0o757, None),
    ("date", b"/in", 0o757, "EPERM"),
)


@pytest.mark.parametrize(("act", "folder", "mode", "refused"), ALLOWED)
def test_what_this_user_may_not_change_is_refused_with_the_kernels_error(
    act: str, folder: bytes, mode: int, refused: str | None
) -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"x": {}}, b"out": {}})
    for each in (b"/in", b"/out"):
        own = Place(each, b"")
        disk.restore_folder(own, replace(disk.folder_meta(own), mode=mode if each == folder else 0o777))
    stage = RehearsalDisk(disk, Permissions(disk, STRANGER))
    source, target = Place(b"/in", b"a"), Place(b"/out", b"a")
    expected = disk.lstat(source).fingerprint
    acts: dict[str, Callable[[], object]] = {
        "make": lambda: stage.make_folder(Place(b"/in", b"new"), 0o755),
        "take": lambda: stage.rename_noreplace(source, target),
        "remove": lambda: stage.remove_folder(Place(b"/in", b"x")),
        "bring": lambda: stage.rename_noreplace(source, target),
        "copy": lambda: stage.copy(source, target, expected) and None,
        "unlink": lambda: stage.unlink_checked(source, expected),
        "date": lambda: stage.set_times(Place(b"/in", b""), None, 1),
    }
    assert answer(acts[act]) == refused


COPIES: Sequence[tuple[Credentials, int, int, NameRules, str | None, str | None]] = (
    # who copies a file of user 1000 and group 1000, the group and mode of the folder it comes to, the names taken there, what
    # is refused in that folder, and in one that is made in it, which has not its setgid bit
    (Credentials(1000, frozenset({1000})), 7, 0o777, NameRules(), None, None),
    (Credentials(1000, frozenset({7, 1000})), 7, 0o777, NameRules(), None, None),
    (Credentials(1000, frozenset({7})), 7, 0o777, NameRules(), "EPERM", "EPERM"),
    (Credentials(2000, frozenset({1000})), 7, 0o777, NameRules(), "EPERM", "EPERM"),
    (Credentials(1000, frozenset({7})), 1000, 0o777, NameRules(), "EPERM", "EPERM"),
    (Credentials(1000, frozenset({7})), 1000, 0o2777, NameRules(), None, "EPERM"),
    (Credentials(2000, frozenset({7})), 1000, 0o2777, NameRules(), "EPERM", "EPERM"),
    (Credentials(2000, frozenset({7})), 7, 0o777, NameRules(dos=True), None, None),
    (Credentials(0, frozenset({0})), 7, 0o777, NameRules(), None, None),
)


@pytest.mark.parametrize(("who", "gid", "mode", "rules", "refused", "refused_in_made"), COPIES)
def test_a_copy_is_refused_to_who_cannot_give_it_its_owner_and_group(
    who: Credentials, gid: int, mode: int, rules: NameRules, refused: str | None, refused_in_made: str | None
) -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1"}})
    disk.add_filesystem(b"/out", {}, rules=rules)
    out, source = Place(b"/out", b""), Place(b"/in", b"a")
    disk.restore_folder(out, replace(disk.folder_meta(out), mode=mode, gid=gid))
    stage = RehearsalDisk(disk, Permissions(disk, who))
    stage.make_folder(Place(b"/out", b"made"), 0o755)
    expected = disk.lstat(source).fingerprint
    answers = [answer(partial(stage.copy, source, Place(b"/out", target), expected)) for target in (b"a", b"made/a")]
    assert [each if isinstance(each, str) else None for each in answers] == [refused, refused_in_made]


def test_a_folder_that_the_rehearsal_has_made_is_ones_own() -> None:
    disk = MemoryDisk.from_tree({b"in": {}})
    top = Place(b"/in", b"")
    disk.restore_folder(top, replace(disk.folder_meta(top), mode=0o777))
    stage = RehearsalDisk(disk, Permissions(disk, STRANGER))
    stage.make_folder(Place(b"/in", b"new"), 0o755)
    stage.make_folder(Place(b"/in", b"new/inner"), 0o755)
    stage.set_times(Place(b"/in", b"new"), None, 1)
    assert names(stage, Place(b"/in", b"new")) == [b"inner"]


@pytest.mark.parametrize("has_looked", [False, True])
def test_what_was_in_a_folder_that_was_carried_away_is_there_with_it_and_not_at_the_old_place(has_looked: bool) -> None:
    stage, old, new = RehearsalDisk(make_small_disk()), Place(b"/in", b"x/a"), Place(b"/out", b"y/x/a")
    if has_looked:
        assert (stage.lstat_or_none(old) is not None, stage.lstat_or_none(new)) == (True, None)
    stage.rename_noreplace(Place(b"/in", b"x"), Place(b"/out", b"y/x"))
    assert (stage.lstat_or_none(old), answer(lambda: stage.lstat(old))) == (None, "ENOENT")
    assert stage.origin(new) == old


PLACES = [Place(root, path) for root in (b"/in", b"/out", b"/usb") for path in (b"a", b"b", b"x", b"x/a", b"y")]


def make_small_disk() -> MemoryDisk:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2", b"x": {b"a": b"3"}}, b"out": {b"y": {}}})
    disk.add_filesystem(b"/usb", {b"a": b"4", b"x": {}})
    return disk


def answer(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def names(disk: Disk, place: Place) -> object:
    return answer(lambda: [name for name, _ in disk.list_folder(place)])


@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(["make", "remove", "rename", "list"]), st.sampled_from(PLACES), st.sampled_from(PLACES)
        ),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_the_rehearsal_agrees_with_the_disk_on_every_answer(calls: list[tuple[str, Place, Place]]) -> None:
    disk, stage = make_small_disk(), RehearsalDisk(make_small_disk())
    for call, one, other in calls:
        if call == "rename" and is_folder(disk, one):
            continue  # no run ever moves a folder
        acts: dict[str, Callable[[Disk], object]] = {
            "make": lambda which, one=one: which.make_folder(one, 0o755),  # type: ignore[misc]
            "remove": lambda which, one=one: which.remove_folder(one),  # type: ignore[misc]
            "rename": lambda which, one=one, other=other: which.rename_noreplace(one, other),  # type: ignore[misc]
            "list": lambda which, one=one: names(which, one),  # type: ignore[misc]
        }
        said = [answer(lambda which=which, act=acts[call]: act(which)) for which in (disk, stage)]  # type: ignore[misc]
        assert said[0] == said[1], (call, one, other)
    for place in [*PLACES, Place(b"/in", b""), Place(b"/out", b""), Place(b"/usb", b"")]:
        assert names(disk, place) == names(stage, place)
        found, expected = stage.lstat_or_none(place), answer(lambda place=place: disk.lstat(place).kind)  # type: ignore[misc]
        assert (None if found is None else found.kind) == (expected if isinstance(expected, Kind) else None)


def is_folder(disk: MemoryDisk, place: Place) -> bool:
    kind = answer(lambda: disk.lstat(place).kind.value)
    return kind == "folder"


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_rehearsed_plan_reports_what_the_run_reports(data: st.DataObject) -> None:
    disk = make_small_disk()
    sources = [Place(b"/in", b"a"), Place(b"/in", b"b"), Place(b"/in", b"x/a"), Place(b"/usb", b"a")]
    steps = tuple(
        Step(number, source, data.draw(st.sampled_from(PLACES)), disk.lstat(source).fingerprint)
        for number, source in enumerate(data.draw(st.permutations(sources)))
    )
    order = WorkOrder(make_run(), steps=steps, remove_emptied=True)
    rehearsed = run_order(order, RehearsalDisk(disk), NullJournal())
    assert rehearsed == run_order(order, disk, MemoryJournal())


@pytest.mark.parametrize("ask", ["open_read", "digest"])
def test_the_content_of_a_moved_file_is_found_where_it_still_is(ask: str) -> None:
    disk = make_small_disk()
    stage = RehearsalDisk(disk)
    before = stage.digest(Place(b"/in", b"a"))
    stage.rename_noreplace(Place(b"/in", b"a"), Place(b"/out", b"a"))
    if ask == "digest":
        assert stage.digest(Place(b"/out", b"a")) == before
        return
    with open(stage.open_read(Place(b"/out", b"a")), "rb") as file:
        assert file.read() == b"1"


def test_the_null_journal_knows_no_runs() -> None:
    journal = NullJournal()
    journal.begin(make_run())
    assert (journal.runs(), journal.unfinished(), list(journal.recorded("r1"))) == ((), (), [])
