"""Preflight: each problem is found, with its path, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place, Root
from ifmosfs.core.names import NameRules
from ifmosfs.core.ports import Space
from ifmosfs.core.preflight import Credentials, Setting, preflight, refusals, shuts_target
from ifmosfs.core.reports import PreflightReport
from ifmosfs.core.steps import Step
from tests.adapters.faults import Delegating
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.trees import Link
from tests.core.committing import everything, make_disk, make_order, make_run, make_steps

OWNER = Credentials(1000, frozenset({1000}))
STRANGER = Credentials(2000, frozenset({2000}))
ROOT = Credentials(0, frozenset({0}))
FOREIGN = [  # what must be copied, for who cannot give a copy its owner and group
    ("owner-not-kept", b"/usb/pictures/d", 3),
    ("owner-not-kept", b"/usb/pictures/link", 5),
    ("owner-not-kept", b"/usb/e", 7),
]
SETTING = Setting(b"/out", "uuid:memory-1", (Root(b"/in", "uuid:memory-1"), Root(b"/usb", "uuid:memory-2")))
ONE_DISK = Setting(b"/out", "uuid:memory-1", (Root(b"/in", "uuid:memory-1"),))


def findings(report: PreflightReport) -> list[tuple[str, bytes, int]]:
    return [(each.code, each.path, each.action_id) for each in report.problems]


def check(
    disk: MemoryDisk | Delegating, order: WorkOrder, who: Credentials = OWNER, setting: Setting = SETTING
) -> PreflightReport:
    return preflight(order, setting, disk, who)


def test_a_good_order_has_no_problems_and_nothing_is_touched() -> None:
    disk = make_disk()
    before = everything(disk)
    report = check(disk, make_order(disk))
    assert (report.ready, report.n_steps, report.n_copies, report.n_bytes) == (True, 7, 3, 6006)
    assert everything(disk) == before


@pytest.mark.parametrize(
    ("meddle", "found"),
    [
        (lambda disk: disk.write(Place(b"/in", b"a"), b"newer"), ("changed", b"/in/a", 2)),
        (lambda disk: disk.remove(Place(b"/in", b"a")), ("vanished", b"/in/a", 2)),
        (lambda disk: disk.write(Place(b"/out", b"c"), b""), ("name-taken", b"/out/c", 6)),
        (lambda disk: disk.write(Place(b"/out", b"made"), b""), ("folder-name-taken", b"/out/made", 0)),
        (lambda disk: disk.link(Place(b"/usb", b"e"), Place(b"/usb", b"f")), ("hard-linked", b"/usb/e", 7)),
    ],
    ids=["changed", "vanished", "name taken", "file for a folder", "hard link to another filesystem"],
)
def test_what_happened_since_the_planning_is_found(
    meddle: Callable[[MemoryDisk], None], found: tuple[str, bytes, int]
) -> None:
    disk = make_disk()
    order = make_order(disk)
    meddle(disk)
    assert findings(check(disk, order)) == [found]


def test_a_folder_in_the_place_of_a_file_is_found() -> None:
    disk = make_disk()
    order = make_order(disk)
    disk.remove(Place(b"/in", b"a"))
    disk.make_folder(Place(b"/in", b"a"), 0o755)
    assert findings(check(disk, order)) == [("became-folder", b"/in/a", 2)]


def test_two_files_for_one_name_are_found() -> None:
    disk = make_disk()
    steps = make_steps(disk, [((b"/in", b"a"), (b"/out", b"x")), ((b"/in", b"kept/c"), (b"/out", b"x"))])
    assert findings(check(disk, WorkOrder(make_run(), steps=steps))) == [("same-target", b"/out/x", 2)]


def test_names_that_only_the_target_holds_for_equal_are_found() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2", b"c": b"3"}})
    disk.add_filesystem(b"/out", {b"Report": b""}, rules=NameRules(ignores_case=True, ignores_form=True))
    moves = [
        ((b"/in", b"a"), (b"/out", b"REPORT")),
        ((b"/in", b"b"), (b"/out", "é".encode())),
        ((b"/in", b"c"), (b"/out", "e\u0301".encode())),
    ]
    setting = Setting(b"/out", "uuid:memory-2", (Root(b"/in", "uuid:memory-1"),))
    report = check(disk, WorkOrder(make_run(), steps=make_steps(disk, moves)), setting=setting)
    assert findings(report) == [("name-taken", b"/out/REPORT", 1), ("same-target", "/out/e\u0301".encode(), 3)]


def test_another_disk_than_the_planned_one_is_found() -> None:
    disk = make_disk()
    setting = replace_target(SETTING, "uuid:another")
    report = check(disk, make_order(disk), setting=setting)
    assert [each.code for each in refusals(report)] == ["filesystem-changed"]


def replace_target(setting: Setting, filesystem: str) -> Setting:
    return setting._replace(target_filesystem=filesystem)


@pytest.mark.parametrize(("root", "target"), [(b"/in", b"/in/kept"), (b"/in/kept", b"/in"), (b"/in", b"/in")])
def test_nested_places_are_found(root: bytes, target: bytes) -> None:
    setting = Setting(target, "uuid:memory-1", (Root(root, "uuid:memory-1"),))
    report = check(make_disk(), WorkOrder(make_run()), setting=setting)
    assert findings(report) == [("nested", root, 0)]


def test_folders_that_a_stranger_may_not_change_are_found_once_each() -> None:
    disk = make_disk()
    report = check(disk, make_order(disk), STRANGER)
    folders = sorted([b"/in", b"/in/deep/deeper", b"/in/kept", b"/out", b"/usb", b"/usb/pictures"])
    assert findings(report) == [*FOREIGN, *(("not-writable", folder, 0) for folder in folders)]
    assert check(disk, make_order(disk), ROOT).ready


def test_files_to_be_copied_whose_owner_this_user_cannot_give_are_found() -> None:
    disk = make_disk()
    report = check(disk, make_order(disk), Credentials(1000, frozenset({2000})))
    assert findings(report) == FOREIGN


def test_a_copy_gets_its_group_from_a_folder_that_gives_its_own_but_not_from_one_made_in_it() -> None:
    disk = MemoryDisk.from_tree({b"out": {}})
    disk.add_filesystem(b"/usb", {b"a": b"1", b"b": b"2"})
    out = Place(b"/out", b"")
    disk.restore_folder(out, replace(disk.folder_meta(out), mode=0o2777))
    moves = [((b"/usb", b"a"), (b"/out", b"a")), ((b"/usb", b"b"), (b"/out", b"made/b"))]
    order = WorkOrder(make_run(), ((Place(b"/out", b"made"), 0o755),), make_steps(disk, moves))
    report = check(disk, order, Credentials(1000, frozenset({2000})))
    assert findings(report) == [("owner-not-kept", b"/usb/b", 2)]


def test_files_to_be_copied_whose_attributes_the_target_cannot_hold_are_found() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2"}})
    disk.add_filesystem(b"/out", {b"c": b"3"}, bare=True)
    disk.add_filesystem(b"/usb", {b"d": b"4"})
    for place in (Place(b"/in", b"a"), Place(b"/usb", b"d")):
        disk.give_attribute(place, "user.note", b"n")
    moves = [
        ((b"/in", b"a"), (b"/out", b"made/a")),
        ((b"/in", b"b"), (b"/out", b"b")),
        ((b"/out", b"c"), (b"/out", b"c2")),
        ((b"/usb", b"d"), (b"/in", b"d")),
    ]
    setting = Setting(b"/out", "uuid:memory-2", (Root(b"/in", "uuid:memory-1"),))
    report = check(disk, WorkOrder(make_run(), steps=make_steps(disk, moves)), setting=setting)
    assert findings(report) == [("attributes-not-kept", b"/in/a", 1)]


@pytest.mark.parametrize(
    ("meddle", "found"),
    [
        (lambda disk: None, []),
        (
            lambda disk: disk.write(Place(b"/in", b"a"), b"newer"),
            [("changed", b"/in/a", 1), ("winner-stayed", b"/in/b", 2)],
        ),
        (
            lambda disk: disk.write(Place(b"/out", b"x"), b""),
            [("name-taken", b"/out/x", 1), ("winner-stayed", b"/in/b", 2)],
        ),
        (lambda disk: disk.remove(Place(b"/out", b"y")), [("winner-stayed", b"/in/c", 3)]),
        (
            lambda disk: (disk.write(Place(b"/in", b"a"), b"newer"), disk.remove(Place(b"/in", b"b"))),
            [("changed", b"/in/a", 1), ("vanished", b"/in/b", 2)],
        ),
    ],
    ids=["all well", "winner changed", "name taken", "holder gone", "loser gone as well"],
)
def test_what_would_be_put_away_without_its_winner_is_found(
    meddle: Callable[[MemoryDisk], None], found: list[tuple[str, bytes, int]]
) -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2", b"c": b"3"}, b"out": {b"y": b"theirs"}})
    moves = [
        ((b"/in", b"a"), (b"/out", b"x")),
        ((b"/in", b"b"), (b"/out", b"v/b")),
        ((b"/in", b"c"), (b"/out", b"v/c")),
    ]
    first, *losing = make_steps(disk, moves)
    after = [(Place(b"/out", b"x"),), (Place(b"/out", b"y"),)]
    steps = (first, *(replace(step, after=places) for step, places in zip(losing, after, strict=True)))
    meddle(disk)
    assert findings(check(disk, WorkOrder(make_run(), steps=steps), setting=ONE_DISK)) == found


def test_what_would_be_put_away_stays_with_a_winner_whose_folder_is_shut() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1"}, b"out": {}})
    disk.add_filesystem(b"/far", {b"b": b"2"})
    first, second = make_steps(disk, [((b"/far", b"b"), (b"/out", b"x")), ((b"/in", b"a"), (b"/out", b"v/a"))])
    disk.remount_read_only(Place(b"/far", b""))
    order = WorkOrder(make_run(), steps=(first, replace(second, after=(Place(b"/out", b"x"),))))
    found = findings(check(disk, order, setting=ONE_DISK))
    assert found == [("read-only", b"/far", 0), ("winner-stayed", b"/in/a", 2)]


def test_another_owners_file_in_a_sticky_folder_is_found() -> None:
    disk = make_disk()
    for folder in (b"in", b"out"):
        place = Place(b"/", folder)
        disk.restore_folder(place, replace(disk.folder_meta(place), mode=0o1777))
    steps = make_steps(disk, [((b"/in", b"a"), (b"/out", b"a"))])
    assert findings(check(disk, WorkOrder(make_run(), steps=steps), STRANGER)) == [("not-writable", b"/in/a", 1)]
    assert check(disk, WorkOrder(make_run(), steps=steps), OWNER).ready


@pytest.mark.parametrize("who", [OWNER, ROOT], ids=["owner", "root"])
@pytest.mark.parametrize("place", [b"/usb", b"/out"], ids=str)
def test_a_read_only_filesystem_is_found_once_for_everybody(place: bytes, who: Credentials) -> None:
    disk = MemoryDisk.from_tree({b"in": {b"deep": {b"a": b"1"}, b"b": b"2"}})
    disk.add_filesystem(b"/out", {})
    disk.add_filesystem(b"/usb", {b"pictures": {b"c": b"3"}, b"d": b"4"})
    moves = [
        ((b"/in", b"deep/a"), (b"/out", b"a")),
        ((b"/in", b"b"), (b"/out", b"made/b")),
        ((b"/usb", b"pictures/c"), (b"/out", b"made/c")),
        ((b"/usb", b"d"), (b"/out", b"d")),
    ]
    order = WorkOrder(make_run(), folders=((Place(b"/out", b"made"), 0o755),), steps=make_steps(disk, moves))
    setting = Setting(b"/out", "uuid:memory-2", (Root(b"/in", "uuid:memory-1"), Root(b"/usb", "uuid:memory-3")))
    assert check(disk, order, who, setting).ready
    disk.remount_read_only(Place(place, b""))
    report = check(disk, order, who, setting)
    assert findings(report) == [("read-only", place, 0)]
    assert shuts_target(report, b"/out") == (report.problems[0] if place == b"/out" else None)


def test_the_target_itself_must_be_writable_even_if_files_only_go_below_it() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1"}, b"out": {b"there": {}}})
    out = Place(b"/out", b"")
    disk.restore_folder(out, replace(disk.folder_meta(out), mode=0o555))
    steps = make_steps(disk, [((b"/in", b"a"), (b"/out", b"there/a"))])
    report = check(disk, WorkOrder(make_run(), steps=steps), setting=ONE_DISK)
    assert findings(report) == [("not-writable", b"/out", 0)]
    assert shuts_target(report, b"/out") == report.problems[0]


def test_a_folder_that_an_access_control_list_lets_this_user_change_is_no_problem() -> None:
    disk = make_disk()
    asked: set[bytes] = set()

    def granted(folder: bytes) -> bool:
        asked.add(folder)
        return folder != b"/in/kept"

    report = check(disk, make_order(disk), Credentials(2000, frozenset({2000}), granted))
    assert findings(report) == [*FOREIGN, ("not-writable", b"/in/kept", 0)]
    assert asked == {b"/in", b"/in/deep/deeper", b"/in/kept", b"/out", b"/usb", b"/usb/pictures"}


def test_a_vanished_source_folder_does_not_blame_the_one_above_it() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"deep": {b"a": b"1"}}, b"out": {}})
    steps = make_steps(disk, [((b"/in", b"deep/a"), (b"/out", b"a"))])
    disk.remove(Place(b"/in", b"deep"))
    top = Place(b"/in", b"")
    disk.restore_folder(top, replace(disk.folder_meta(top), mode=0o555))
    report = check(disk, WorkOrder(make_run(), steps=steps), setting=ONE_DISK)
    assert findings(report) == [("vanished", b"/in/deep/a", 1)]


class Small(Delegating):
    """A disk with little room."""

    def __init__(
        self, disk: MemoryDisk, n_blocks: int, n_inodes_free: int, n_inodes: int = 100, n_total: int = 100
    ) -> None:
        super().__init__(disk)
        self.room = Space(4096, n_total, n_blocks, n_blocks, n_inodes, n_inodes_free, 255)

    def space(self, place: Place) -> Space:
        return self.room


def test_room_is_needed_only_for_files_from_another_filesystem() -> None:
    disk = make_disk()
    order = make_order(disk)
    assert findings(check(Small(disk, 3, 5), order)) == [("no-space", b"/out", 0)]
    assert findings(check(Small(disk, 4, 4), order)) == [("no-inodes", b"/out", 0)]
    assert check(Small(disk, 4, 5), order).ready
    assert check(Small(disk, 4, 0, n_inodes=0), order).ready  # btrfs counts no inodes
    assert check(Small(disk, 0, 0, n_inodes=0, n_total=0), order).ready  # ramfs counts nothing
    near = replace(order, steps=tuple(step for step in order.steps if step.source.root != b"/usb"))
    assert findings(check(Small(disk, 0, 1), near)) == [("no-inodes", b"/out", 0)]  # two new folders
    assert check(Small(disk, 0, 0), replace(near, folders=())).ready


def test_a_copy_to_a_target_that_is_still_to_be_made_is_one() -> None:
    disk = MemoryDisk.from_tree({b"out": {}})
    disk.add_filesystem(b"/usb", {b"a": b"1", b"new": {}})
    disk.remove(Place(b"/usb", b"new"))
    moves = [((b"/usb", b"a"), (b"/out/new/deep", b"a"))]
    setting = Setting(b"/out/new/deep", "uuid:memory-1", (Root(b"/usb", "uuid:memory-2"),))
    report = check(disk, WorkOrder(make_run(), steps=make_steps(disk, moves)), setting=setting)
    assert (report.ready, report.n_copies) == (True, 1)
    near = WorkOrder(make_run(), steps=make_steps(disk, [((b"/usb", b"a"), (b"/usb/new", b"a"))]))
    assert check(disk, near, setting=Setting(b"/usb/new", "uuid:memory-2", ())).n_copies == 0


@pytest.mark.parametrize(("target", "found"), [(b"/out", []), (b"/usb", [("folder-elsewhere", b"/in/kept", 0)])])
def test_a_project_that_would_have_to_be_copied_is_found_and_not_counted_among_the_copies(
    target: bytes, found: list[tuple[str, bytes, int]]
) -> None:
    disk, project = make_disk(), Place(b"/in", b"kept")
    step = Step(0, project, Place(target, b"there"), disk.lstat(project).fingerprint, is_folder=True)
    report = check(disk, WorkOrder(make_run(), steps=(step,), carried={project: 1}))
    assert (findings(report), report.n_copies, report.n_bytes) == (found, 0, 0)


@pytest.mark.parametrize(
    ("text", "found"), [(b"b", [("relative-link", b"/in/link", 1)]), (b"/in/b", [])], ids=["relative", "absolute"]
)
def test_a_link_that_would_lead_elsewhere_is_found(text: bytes, found: list[tuple[str, bytes, int]]) -> None:
    disk = MemoryDisk.from_tree({b"in": {b"b": b"2", b"link": Link(text)}, b"out": {}})
    steps = make_steps(disk, [((b"/in", b"link"), (b"/out", b"x"))])
    assert findings(check(disk, WorkOrder(make_run(), steps=steps), setting=ONE_DISK)) == found
