"""Validation and its fixes on a disk in memory: what counts, at which level, and what is done about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Attr, Place, Root
from ifmosfs.core.fixing import NameChoice, fix_findings
from ifmosfs.core.names import NameRules, windows_name, windows_trouble
from ifmosfs.core.plan import Action, ActionKind, Edit, EditKind, KeepReason, Plan, Policy, Unit, UnitKind
from ifmosfs.core.ports import Space
from ifmosfs.core.preflight import Credentials, preflight, setting_of
from ifmosfs.core.steps import Step
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.validation import (
    JUST_NOW_NS,
    Checked,
    Level,
    SourceWatch,
    Surroundings,
    ValidationReport,
    validate,
)
from tests.adapters.faults import Delegating
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.trees import Link
from tests.core.committing import make_run

OWNER = Credentials(1000, frozenset({1000}))
LATER = 10**18
STATE = Place(b"/state", b"")


def make_disk() -> MemoryDisk:
    """An inbox and a target on one filesystem, a stick, and the program's own."""
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2", b"sub": {b"c": b"3"}}, b"out": {}, b"state": {}})
    disk.add_filesystem(b"/usb", {b"d": b"4"})
    return disk


def make_tree(
    disk: MemoryDisk,
    moves: dict[tuple[bytes, bytes], bytes | KeepReason],
    *,
    units: tuple[Unit, ...] = (),
    in_unit: dict[bytes, int] | None = None,
) -> PlanTree:
    """A plan with an action per source, as the disk is now."""
    actions = []
    for number, ((root, source), fate) in enumerate(moves.items(), 1):
        attr = disk.lstat(Place(root, source))
        stays = isinstance(fate, KeepReason)
        kind = ActionKind.KEEP if stays else ActionKind.MOVE
        actions.append(
            Action(
                *(number, kind, root, source, None if isinstance(fate, KeepReason) else fate),
                *(attr.fingerprint, attr.mode, attr.kind, "paper", 0.7, "because"),
                keep_reason=fate if isinstance(fate, KeepReason) else None,
                unit=(in_unit or {}).get(source, 0),
            )
        )
    roots = tuple(Root(root, disk.filesystem(Place(root, b""))) for root in (b"/in", b"/usb"))
    filesystem = disk.filesystem(Place(b"/out", b""))
    return PlanTree(Plan("p", "s", b"/out", filesystem, roots, 0, Policy(), (), tuple(actions), units))


def surroundings(**more: object) -> Surroundings:
    usual = Surroundings(LATER, lambda _place, _attr: True, (b"/state",), STATE, lambda _category: 0.6)
    return usual._replace(**more)


def check(
    disk: MemoryDisk | Delegating,
    tree: PlanTree,
    level: Level = Level.STRICT,
    around: Surroundings | None = None,
    *,
    windows: bool = False,
    carried: frozenset[bytes] = frozenset(),
    after: dict[bytes, bytes] | None = None,
) -> ValidationReport:
    """Preflight and validation of all that the tree moves; `carried`: sources that go along with a folder, without a step;
    `after`: names in the target that sources come after."""
    waiting = {source: (Place(b"/out", name),) for source, name in (after or {}).items()}
    around = around or surroundings()
    folders = tuple((Place(b"/out", folder.path), 0o755) for folder in tree.folders())
    steps = tuple(
        Step(
            move.action.action_id,
            move.source,
            Place(b"/out", move.target),
            move.action.expected,
            after=waiting.get(move.source.path, ()),
        )
        for move in tree.moves()
        if move.source.path not in carried
    )
    order = WorkOrder(make_run(), folders=folders, steps=steps)
    watch = SourceWatch(around)
    done = preflight(order, setting_of(tree.plan), disk, OWNER, watch)
    return validate(Checked(tree, order, done, watch), disk, around, level, windows=windows)


def findings(report: ValidationReport) -> list[tuple[str, bytes, str]]:
    return [(each.code, each.problem.path, each.fix.words) for each in report.findings]


STAYS = "leave it where it is"
USUAL: dict[tuple[bytes, bytes], bytes | KeepReason] = {(b"/in", b"a"): b"x/a", (b"/usb", b"d"): b"x/d"}


def test_a_good_plan_has_no_findings_at_any_level() -> None:
    disk = make_disk()
    report = check(disk, make_tree(disk, USUAL), windows=True)
    assert (report.ready, report.n_files, report.n_copies) == (True, 2, 1)


def test_a_file_that_may_not_be_read_stops_its_copy_but_not_its_rename() -> None:
    disk = make_disk()
    around = surroundings(may_read=lambda _place, _attr: False)
    tree = make_tree(disk, USUAL)
    assert findings(check(disk, tree, Level.NORMAL, around)) == [("unreadable", b"/usb/d", STAYS)]
    assert findings(check(disk, tree, Level.STRICT, around)) == [
        ("unreadable-here", b"/in/a", STAYS),
        ("unreadable", b"/usb/d", STAYS),
    ]


def test_a_file_that_is_open_for_writing_or_was_changed_just_now_is_found() -> None:
    disk = make_disk()
    tree = make_tree(disk, USUAL)
    attr: Attr = disk.lstat(Place(b"/in", b"a"))
    writing = surroundings(open_for_writing=frozenset({(attr.device, attr.inode)}))
    assert findings(check(disk, tree, Level.NORMAL, writing)) == [("being-written", b"/in/a", STAYS)]
    found = findings(check(disk, tree, Level.NORMAL, writing, after={b"d": b"x/a"}))
    assert found == [("being-written", b"/in/a", STAYS), ("winner-stayed", b"/usb/d", STAYS)]
    fresh = surroundings(now_ns=attr.mtime_ns + JUST_NOW_NS - 1)
    assert ("changed-just-now", b"/in/a", STAYS) in findings(check(disk, tree, Level.STRICT, fresh))
    assert check(disk, tree, Level.NORMAL, fresh).ready


def test_names_that_the_targets_filesystem_does_not_take_any_more_are_found_with_a_legal_one() -> None:
    disk = make_disk()
    disk.add_filesystem(b"/out", {}, rules=NameRules(utf8_only=True, dos=True, ignores_case=True))
    tree = make_tree(disk, {(b"/in", b"a"): b"what?/a.", (b"/in", b"b"): b"ok/b\xff"})
    for path in (b"what?", b"ok"):
        tree.find(path).planned = True  # type: ignore[union-attr]
    found = check(disk, tree, Level.NORMAL)
    assert [(code, path, fix) for code, path, fix in findings(found)] == [
        ("illegal-name", b"/out/what?", "call it “what_”"),
        ("illegal-name", b"/out/what?/a.", "call it “a”"),
        ("illegal-name", b"/out/ok/b\xff", "call it “b~xff”"),
    ]


@pytest.mark.parametrize(
    ("own", "found"),
    [
        (b"/out/state", [("own-place", b"/out", "nothing")]),
        (b"/out", [("own-place", b"/out", "nothing")]),
        (b"/in/state", []),  # the scan has left it out
        (
            b"/",
            [("own-place", b"/out", "nothing"), ("own-place", b"/in", "nothing"), ("own-place", b"/usb", "nothing")],
        ),
    ],
    ids=str,
)
def test_the_programs_own_places_are_kept_apart(own: bytes, found: list[tuple[str, bytes, str]]) -> None:
    disk = make_disk()
    assert findings(check(disk, make_tree(disk, USUAL), Level.NORMAL, surroundings(own_places=(own,)))) == found


def test_an_empty_root_is_told_once_and_its_files_are_not_to_be_excluded() -> None:
    disk = make_disk()
    tree = make_tree(disk, {(b"/in", b"a"): b"a", (b"/usb", b"d"): b"d"})
    disk.remove(Place(b"/usb", b"d"))
    (only,) = check(disk, tree).findings
    assert (only.code, only.problem.path, only.is_fixable) == ("root-empty", b"/usb", False)


def test_units_that_a_hand_has_torn_and_their_fixes_are_told() -> None:
    disk = make_disk()
    units = (Unit(1, UnitKind.SIDECARS, b"/in"),)
    moves: dict[tuple[bytes, bytes], bytes | KeepReason] = {(b"/in", b"a"): b"x/a", (b"/in", b"b"): b"x/b"}
    tree = make_tree(disk, moves, units=units, in_unit={b"a": 1, b"b": 1})
    assert check(disk, tree).ready
    tree.apply(Edit(1, EditKind.MOVE, b"x/b", b"y", 0))
    assert findings(check(disk, tree)) == [("unit-torn", b"/in/a", "nothing")]
    assert check(disk, tree, Level.NORMAL).ready
    disk.write(Place(b"/in", b"a"), b"newer")
    assert findings(check(disk, tree, Level.NORMAL)) == [
        ("changed", b"/in/a", "leave it, and what belongs with it, where it is")
    ]


def test_a_web_page_and_its_folder_are_not_torn_by_being_in_two_folders() -> None:
    disk = make_disk()
    units = (Unit(1, UnitKind.PAGE, b"/in"),)
    moves: dict[tuple[bytes, bytes], bytes | KeepReason] = {(b"/in", b"a"): b"x/a", (b"/in", b"sub/c"): b"x/sub/c"}
    tree = make_tree(disk, moves, units=units, in_unit={b"a": 1, b"sub/c": 1})
    assert check(disk, tree).ready


@pytest.mark.parametrize(
    ("text", "link_goes_to", "code"),
    [
        (b"a", None, "link-dangling"),
        (b"/in/a", None, "link-dangling"),
        (b"/in/a", b"x/link", "link-dangling"),
        (b"a", b"x/link", "relative-link"),  # beside it again, but commit knows only of the link
        (b"a", b"y/link", "relative-link"),
        (b"b", b"x/link", "relative-link"),
        (b"b", None, None),
        (b"/in/b", b"x/link", None),
        (b".", None, "link-dangling"),  # to a folder that files leave
        (b"nowhere", b"x/link", "relative-link"),
        (b"nowhere", None, None),
    ],
)
def test_links_that_would_lead_elsewhere_are_found(text: bytes, link_goes_to: bytes | None, code: str | None) -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2", b"link": Link(text)}, b"out": {}, b"state": {}})
    disk.add_filesystem(b"/usb", {b"d": b""})
    moves: dict[tuple[bytes, bytes], bytes | KeepReason] = {(b"/in", b"a"): b"x/a"}
    moves[b"/in", b"link"] = link_goes_to or KeepReason.LINK
    assert [found for found, _, _ in findings(check(disk, make_tree(disk, moves)))] == ([code] if code else [])


def make_linked(text: bytes) -> tuple[MemoryDisk, PlanTree]:
    """A file and a link that move into one folder, a file that stays, and a link that the plan does not know."""
    inbox = {b"a": b"1", b"b": b"2", b"link": Link(text), b"other": Link(b"b")}
    disk = MemoryDisk.from_tree({b"in": inbox, b"out": {}, b"state": {}})
    disk.add_filesystem(b"/usb", {b"d": b""})
    return disk, make_tree(disk, {(b"/in", b"a"): b"x/a", (b"/in", b"link"): b"x/link"})


@pytest.mark.parametrize("level", Level)
def test_a_link_that_commit_would_leave_is_a_problem_at_each_level_and_fixed_by_leaving_it(level: Level) -> None:
    disk, tree = make_linked(b"b")
    report = check(disk, tree, level)
    assert (findings(report), report.n_staying, report.warnings) == ([("relative-link", b"/in/link", STAYS)], 1, ())
    fix_findings(tree, report.findings, NameChoice(NameRules(), False, lambda path: False), 1)
    assert check(disk, tree, level).ready


def test_a_link_that_has_changed_since_the_scan_is_told_as_that() -> None:
    disk, tree = make_linked(b"/in/b")
    disk.remove(Place(b"/in", b"link"))
    disk.rename_noreplace(Place(b"/in", b"other"), Place(b"/in", b"link"))
    assert findings(check(disk, tree, Level.NORMAL)) == [("changed", b"/in/link", STAYS)]


def test_a_link_in_a_carried_folder_that_would_lead_elsewhere_is_only_a_warning_at_the_normal_level() -> None:
    disk, tree = make_linked(b"b")
    normal, strict = (check(disk, tree, level, carried=frozenset({b"link"})) for level in Level)
    told = [("link-changes", b"/in/link", STAYS)]
    assert (normal.ready, findings(normal), findings(replace(normal, findings=normal.warnings))) == (True, [], told)
    assert (strict.ready, findings(strict), strict.warnings) == (False, told, ())


def test_a_link_that_loses_its_end_is_no_warning() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"link": Link(b"a")}, b"out": {}, b"state": {}})
    disk.add_filesystem(b"/usb", {b"d": b""})
    tree = make_tree(disk, {(b"/in", b"a"): b"x/a", (b"/in", b"link"): KeepReason.LINK})
    assert check(disk, tree, Level.NORMAL).warnings == ()


class Full(Delegating):
    """A disk whose filesystems have so many blocks of 4096 bytes left."""

    def __init__(self, disk: MemoryDisk, blocks: dict[bytes, int]) -> None:
        super().__init__(disk)
        self.blocks = blocks

    def space(self, place: Place) -> Space:
        n_blocks = self.blocks.get(place.root, 1000)
        return Space(4096, 1000, n_blocks, n_blocks, 1000, 1000, 255)


def test_room_is_told_for_each_filesystem_by_itself() -> None:
    disk = make_disk()
    disk.add_filesystem(b"/state", {})
    tree = make_tree(disk, {(b"/in", b"a"): b"x/a"})
    assert check(Full(disk, {b"/out": 3, b"/state": 1}), tree).ready
    assert findings(check(Full(disk, {b"/out": 1}), tree)) == [("no-room-for-folders", b"/out", "nothing")]
    assert findings(check(Full(disk, {b"/state": 0}), tree)) == [("no-room-for-journal", b"/state", "nothing")]


def test_room_for_copies_is_counted_where_they_come_to_and_not_for_renames() -> None:
    disk = make_disk()
    tree = make_tree(disk, USUAL)
    assert [code for code, _, _ in findings(check(Full(disk, {b"/out": 0}), tree))] == ["no-space"]
    disk.add_filesystem(b"/out/x", {})  # a mount below the target: now both are copies, to there
    tree = make_tree(disk, USUAL)
    report = check(Full(disk, {b"/out": 1000}), tree)
    assert (report.ready, report.n_copies) == (True, 2)


@pytest.mark.parametrize("windows", [False, True])
def test_a_second_look_after_the_fixes_finds_nothing_more_to_fix(windows: bool) -> None:
    disk = make_disk()
    moves: dict[tuple[bytes, bytes], bytes | KeepReason] = {
        (b"/in", b"a"): b"x/con.txt",
        (b"/in", b"b"): b"x/B. ",
        (b"/in", b"sub/c"): b"x/b",
        (b"/usb", b"d"): b"x/d",
    }
    tree = make_tree(disk, moves)
    disk.write(Place(b"/out", b"x"), b"in the way")
    disk.write(Place(b"/usb", b"d"), b"newer")
    tree.find(b"x").planned = True  # type: ignore[union-attr]
    for _ in range(3):
        found = check(disk, tree, windows=windows).fixable
        choice = NameChoice(NameRules(), windows, lambda path: path == b"x")
        fixed = fix_findings(tree, found, choice, 1)
        assert fixed.failed == ()
        tree.check_invariants()
    assert fixed.changes == ()
    assert {move.target for move in tree.moves()} == (
        {b"x (2)/_con.txt", b"x (2)/B", b"x (2)/b (2)"} if windows else {b"x (2)/con.txt", b"x (2)/B. ", b"x (2)/b"}
    )


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"/" not in name and b"\0" not in name))
def test_a_name_repaired_for_windows_is_one_that_windows_takes(name: bytes) -> None:
    repaired = windows_name(name)
    assert windows_trouble(repaired) is None
    assert (repaired == name) is (windows_trouble(name) is None)


@pytest.mark.parametrize(
    "name",
    ["con", "CON.txt", "com1", "LPT9.tar.gz", "com¹", "lpt³.txt", "nul .txt", "CONIN$", "a.", "a ", "a\tb", "a|b"],
)
def test_a_name_of_windows_itself_is_told(name: str) -> None:
    assert windows_trouble(name.encode()) is not None


@pytest.mark.parametrize("name", ["console", "com", "com0", "com10", ".con", "a.con", "lpt⁴"])
def test_a_name_that_only_looks_like_one_of_windows_itself_is_taken(name: str) -> None:
    assert windows_trouble(name.encode()) is None
