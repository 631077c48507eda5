"""What becomes of the projects of a plan that change on the disk while it is open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ifmosfs.core.amending import (
    Differences,
    Renewed,
    differences,
    renewed,
)
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.plan import (
    ActionKind,
    Edit,
    EditKind,
    KeepReason,
    Plan,
    Unit,
    UnitKind,
)
from ifmosfs.core.project_changes import (
    left_aside,
    project_followed,
    project_member,
    project_moved,
    without_crossings,
)
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import FileNode, PlanTree
from ifmosfs.core.tree_source import PlanSource
from tests.core.amendments import NOTHING, NOW_NS, amended, became_project, follow, settled, tree_after, watched
from tests.core.plans import edit, layout, numbers_of_folders, plan_of, review, scanned

# Projects that are renamed and moved on the disk

PROJECT_ROWS = (
    (b"code/main.py", KeepReason.PROJECT),
    (b"code/lib/a.py", KeepReason.PROJECT),
    (b"notes", b"Docs/notes"),
)
STAYING = b"To review/projects/code"


def with_project() -> Plan:
    plan = plan_of(*PROJECT_ROWS)
    actions = [replace(one, unit=int(one.source.startswith(b"code/"))) for one in plan.actions]
    return replace(plan, units=(Unit(1, UnitKind.PROJECT, b"/in", b"code"),), actions=tuple(actions))


def followed(plan: Plan, *edits: Edit) -> tuple[Plan, list[Edit]]:
    """The folder `code` is `other/ren` now."""
    change = project_followed(PlanTree(plan, edits), 1, Place(b"/in", b"other/ren"), plan.actions[:2], NOW_NS)
    return amended(plan, change), watched(change.edits)


def carried(tree: PlanTree) -> list[tuple[Place, bytes]]:
    return [(folder.source, folder.target) for folder in tree.carried()]


def test_project_that_was_renamed_stays_one_at_the_place_that_a_person_has_given_it() -> None:
    drag = edit(EditKind.MOVE, STAYING, b"Mine/it")
    now, edits = followed(with_project(), drag)
    tree = tree_after(now, drag, *edits)
    assert layout(tree)[b"Mine"] == {
        b"it": {b"main.py": b"other/ren/main.py", b"lib": {b"a.py": b"other/ren/lib/a.py"}}
    }
    assert carried(tree) == [(Place(b"/in", b"other/ren"), b"Mine/it")]
    assert tree.inside_project(b"Mine/it/new") == Place(b"/in", b"other/ren/new")


def test_project_that_was_renamed_where_it_stays_takes_its_new_name_and_can_be_dragged_then() -> None:
    now, edits = followed(with_project())
    tree = tree_after(now, *edits)
    inside = {b"main.py": b"other/ren/main.py", b"lib": {b"a.py": b"other/ren/lib/a.py"}}
    assert review(tree)[b"projects"] == {b"other": {b"ren": inside}}
    tree.apply(edit(EditKind.MOVE, b"To review/projects/other/ren", b"ren"))
    assert carried(tree) == [(Place(b"/in", b"other/ren"), b"ren")]


def test_project_that_was_renamed_is_followed_also_when_the_drag_before_is_taken_back_and_made_again() -> None:
    drag = edit(EditKind.MOVE, STAYING, b"Mine/it")
    now, edits = followed(with_project(), drag)
    without = tree_after(now, *edits)
    stays = without.folder_at(b"To review/projects/other/ren")
    assert (carried(without), without.carried_source(stays)) == ([], Place(b"/in", b"other/ren"))
    assert without.find(STAYING) is None
    now, edits = followed(with_project())
    again = tree_after(now, drag, *edits)  # the move among what stays fits no more, and is left out
    assert carried(again) == [(Place(b"/in", b"other/ren"), b"Mine/it")]


@pytest.mark.parametrize("at", [STAYING, b"Mine/it"])
@pytest.mark.parametrize("inside", [b"z.py", b"new/deep/z.py"])
def test_file_that_was_renamed_in_its_project_is_one_file_at_its_new_name(at: bytes, inside: bytes) -> None:
    plan = with_project()
    drags = [] if at == STAYING else [edit(EditKind.MOVE, STAYING, at)]
    lib = plan.actions[1]
    now, change = follow(
        plan, PlanTree(plan, drags), NOTHING, Renewed([renewed(lib, scanned(b"code/" + inside, 2))], {2: lib})
    )
    tree = tree_after(now, *drags, *watched(change.edits))
    assert tree.path_of(tree.file(2)) == at + b"/" + inside
    assert tree.find(at + b"/lib") is None
    undone = tree_after(now, *watched(change.edits))
    assert undone.path_of(undone.file(2)) == STAYING + b"/" + inside


def test_files_of_a_project_that_take_each_others_names_are_each_where_the_disk_has_them() -> None:
    plan = with_project()
    main, lib = plan.actions[:2]
    others = [renewed(main, scanned(b"code/lib/a.py", 1)), renewed(lib, scanned(b"code/b.py", 2))]
    now, change = follow(plan, PlanTree(plan), NOTHING, Renewed(others, {1: main, 2: lib}))
    tree = tree_after(now, *watched(change.edits))
    assert review(tree)[b"projects"] == {b"code": {b"lib": {b"a.py": b"code/lib/a.py"}, b"b.py": b"code/b.py"}}


@pytest.mark.parametrize("renames", [[b"one", b"two"], [b"one", b"lib"], [b"one/deep", b"two", b"one/deep"]])
def test_folders_of_a_project_have_the_same_numbers_when_the_renames_of_what_is_in_them_are_replayed(
    renames: list[bytes],
) -> None:
    """A replay knows the last names only; the numbers are inodes, which stay over a mount and the next."""
    now = plan = with_project()
    drag = edit(EditKind.MOVE, STAYING, b"Mine/it")
    log = [drag]
    live = PlanTree(plan, log, source=PlanSource(plan, newer=lambda action_id: now.actions[action_id - 1]))
    for name in renames:
        before = now.actions[1]
        after = renewed(before, scanned(b"code/" + name + b"/a.py", 2))
        now, change = follow(now, live, NOTHING, Renewed([after], {2: before}))
        told = [replace(each, seq=10 * len(log)) for each in change.edits]
        live.replay(told)
        log += told
    assert numbers_of_folders(live) == numbers_of_folders(tree_after(now, *log))


@pytest.mark.parametrize("at", [STAYING, b"Mine/it"])
def test_file_that_took_the_name_of_one_that_was_renamed_is_there_after_the_project_was_renamed_too(at: bytes) -> None:
    """As an editor keeps a copy. A replay knows the last names only, and those are in a folder that the project had not then."""
    plan = with_project()
    log = [] if at == STAYING else [edit(EditKind.MOVE, STAYING, at)]
    main = plan.actions[0]
    renamed = Renewed([renewed(main, scanned(b"code/main.py~", 1))], {1: main})
    now, change = follow(plan, PlanTree(plan, log), NOTHING, renamed)
    log += watched(change.edits)
    unit = PlanTree(plan, log).project(1)
    again = project_member(PlanTree(now, log), unit, scanned(b"code/main.py", 60))
    now, change = follow(now, PlanTree(now, log), settled(again), Renewed((), {}))
    log += [replace(each, seq=20 + number) for number, each in enumerate(change.edits)]
    members = [action for action in now.actions if action.unit == 1]
    change = project_followed(PlanTree(now, log), 1, Place(b"/in", b"ren"), members, NOW_NS)
    log += [replace(each, seq=30 + number) for number, each in enumerate(change.edits)]
    tree = tree_after(amended(now, change), *log)
    folder = tree.folder_at(b"To review/projects/ren" if at == STAYING else at)
    assert {node.name: node.leaf.source for node in folder.children.values() if isinstance(node, FileNode)} == {
        b"main.py": b"ren/main.py",
        b"main.py~": b"ren/main.py~",
    }


def test_file_that_leaves_its_project_is_gone_from_it_and_another_one_that_appears() -> None:
    plan = with_project()
    main, lib, notes = plan.actions
    out, inside, elsewhere = scanned(b"main.py", 1), scanned(b"code/b.py", 2), scanned(b"n", 3)
    told = Differences([], [], [(main, out), (lib, inside), (notes, elsewhere)], [])
    expected = Differences([out], [], [(lib, inside), (notes, elsewhere)], [main])
    assert without_crossings(PlanTree(plan), told) == expected


def test_file_that_is_moved_into_a_project_is_gone_from_its_place_and_another_one_that_appears() -> None:
    plan = with_project()
    _, lib, notes = plan.actions
    joined, inside = scanned(b"code/lib/n", 3), scanned(b"code/b.py", 2)
    told = Differences([], [], [(notes, joined), (lib, inside)], [])
    assert without_crossings(PlanTree(plan), told) == Differences([joined], [], [(lib, inside)], [notes])


def test_where_a_project_has_gone_is_what_most_of_its_renamed_files_say() -> None:
    main, lib, _ = with_project().actions
    before = Place(b"/in", b"code")
    moved = [(main, scanned(b"x/ren/main.py")), (lib, scanned(b"x/ren/lib/a.py")), (lib, scanned(b"x/ren/z.py"))]
    assert project_moved(before, moved) == Place(b"/in", b"x/ren")
    assert project_moved(before, [(main, scanned(b"code/z.py"))]) is None
    assert project_moved(before, [(main, scanned(b"main.py"))]) is None  # out of it, into the root
    assert project_moved(before, []) is None


# What is another kind of thing in a project


def told_of(plan: Plan, tree: PlanTree, *files: ScannedFile) -> tuple[Plan, list[Edit]]:
    """The plan, and the edits, after these files were found in its project."""
    known = {action.source_place: action for action in plan.actions}
    news = [file for file in files if file.place not in known]
    changed = [renewed(known[file.place], file) for file in files if file.place in known]
    unit = tree.project(1)
    now, change = follow(
        plan, tree, settled(*(project_member(tree, unit, file) for file in news)), Renewed(changed, {})
    )
    return now, [replace(each, seq=number) for number, each in enumerate(change.edits, tree.last_edit + 10)]


def shown_in_project(tree: PlanTree, at: bytes) -> object:
    tree.check_invariants()
    part = review(tree)[b"projects"] if at == STAYING else layout(tree)[b"Mine"]
    return next(iter(part.values()))


@pytest.mark.parametrize("at", [STAYING, b"Mine/it"])
@pytest.mark.parametrize("kind", [Kind.FILE, Kind.SYMLINK])
def test_folder_of_a_project_that_has_become_a_file_is_one_and_is_a_folder_again_when_the_disk_has_it(
    at: bytes, kind: Kind
) -> None:
    plan = with_project()
    drags = [] if at == STAYING else [edit(EditKind.MOVE, STAYING, at)]
    plan, edits = told_of(plan, tree_after(plan, *drags), scanned(b"code/lib", 9, kind=kind))
    now = tree_after(plan, *drags, *edits)
    assert shown_in_project(now, at) == {b"main.py": b"code/main.py", b"lib": b"code/lib"}
    assert review(now)[b"excluded"] == {b"code": {b"lib": {b"a.py": b"code/lib/a.py"}}}
    plan, more = told_of(plan, now, scanned(b"code/lib/a.py", 10))
    again = tree_after(plan, *drags, *edits, *more)
    assert shown_in_project(again, at) == {b"main.py": b"code/main.py", b"lib": {b"a.py": b"code/lib/a.py"}}
    assert review(again)[b"excluded"] == {b"code": {b"lib (2)": b"code/lib"}}


@pytest.mark.parametrize("at", [STAYING, b"Mine/it"])
def test_file_of_a_project_that_has_become_a_folder_is_one_also_when_the_drag_is_taken_back(at: bytes) -> None:
    plan = with_project()
    drags = [] if at == STAYING else [edit(EditKind.MOVE, STAYING, at)]
    plan, edits = told_of(plan, tree_after(plan, *drags), scanned(b"code/main.py/in/x", 9))
    wanted = {b"main.py": {b"in": {b"x": b"code/main.py/in/x"}}, b"lib": {b"a.py": b"code/lib/a.py"}}
    assert shown_in_project(tree_after(plan, *drags, *edits), at) == wanted
    assert shown_in_project(tree_after(plan, *edits), STAYING) == wanted


def test_file_of_a_project_that_was_moved_into_a_folder_of_its_own_name_is_there() -> None:
    plan = with_project()
    main = plan.actions[0]
    moved = renewed(main, scanned(b"code/main.py/main.py", 1))
    now, change = follow(plan, PlanTree(plan), NOTHING, Renewed([moved], {1: main}))
    tree = tree_after(now, *watched(change.edits))
    assert shown_in_project(tree, STAYING) == {
        b"main.py": {b"main.py": b"code/main.py/main.py"},
        b"lib": {b"a.py": b"code/lib/a.py"},
    }
    assert b"excluded" not in review(tree)


def test_file_and_folder_of_a_project_that_change_names_are_each_where_the_disk_has_them() -> None:
    plan = with_project()
    main, lib = plan.actions[:2]
    swapped = [renewed(lib, scanned(b"code/main.py/a.py", 2)), renewed(main, scanned(b"code/lib", 1))]
    for order in (swapped, swapped[::-1]):
        now, change = follow(plan, PlanTree(plan), NOTHING, Renewed(order, {1: main, 2: lib}))
        assert shown_in_project(tree_after(now, *watched(change.edits)), STAYING) == {
            b"main.py": {b"a.py": b"code/main.py/a.py"},
            b"lib": b"code/lib",
        }


def test_what_was_put_aside_from_a_project_is_moved_nowhere_by_a_person() -> None:
    plan = with_project()
    plan, edits = told_of(plan, PlanTree(plan), scanned(b"code/lib", 9))
    tree = tree_after(plan, *edits)
    with pytest.raises(FsError):
        tree.apply(edit(EditKind.MOVE, b"To review/excluded/code/lib/a.py", b"Mine/a.py"))


def test_file_of_a_project_whose_name_an_empty_folder_has_is_put_aside_until_it_is_there_again() -> None:
    plan = with_project()
    tree = PlanTree(plan)
    edits = watched(left_aside(tree, [1], NOW_NS).edits)
    now = tree_after(plan, *edits)
    assert shown_in_project(now, STAYING) == {b"lib": {b"a.py": b"code/lib/a.py"}}
    assert review(now)[b"excluded"] == {b"code": {b"main.py": b"code/main.py"}}
    assert left_aside(now, [1], NOW_NS).edits == ()
    back = scanned(b"code/main.py", 1)
    told = differences([back], [plan.actions[0]], frozenset(), {1}, now.put_aside)
    assert told == Differences([], [(plan.actions[0], back)], [], [])
    plan, more = told_of(plan, now, back)
    again = tree_after(plan, *edits, *more)
    assert shown_in_project(again, STAYING) == shown_in_project(tree, STAYING)
    assert b"excluded" not in review(again)


def test_folder_of_a_project_that_has_become_a_pipe_is_left_to_the_disk() -> None:
    plan = with_project()
    edits = watched(left_aside(PlanTree(plan), [2], NOW_NS).edits)
    assert shown_in_project(tree_after(plan, *edits), STAYING) == {b"main.py": b"code/main.py"}


def test_file_of_a_project_whose_name_a_link_has_is_that_link() -> None:
    plan = with_project()
    link = scanned(b"code/main.py", 8, kind=Kind.SYMLINK)
    told = differences([link], [plan.actions[0]], frozenset(), projects={1})
    assert told == Differences([], [(plan.actions[0], link)], [], [])
    plan, edits = told_of(plan, PlanTree(plan), link)
    node = tree_after(plan, *edits).file(1)
    assert (node.leaf.entry_kind, node.leaf.inode) == (Kind.SYMLINK, link.fingerprint.inode)


def test_link_that_a_file_leaves_in_the_project_that_it_is_moved_out_of_is_in_its_place() -> None:
    plan = with_project()
    main = plan.actions[0]
    out, link = scanned(b"main.py", 1), scanned(b"code/main.py", 8, kind=Kind.SYMLINK)
    told = differences([out, link], [main], frozenset(), projects={1})
    assert told == Differences([link], [], [(main, out)], [])
    assert without_crossings(PlanTree(plan), told) == Differences([out], [(main, link)], [], [])


# Files that appear in one


def test_new_file_in_a_project_goes_with_it_wherever_a_person_has_put_it() -> None:
    plan = plan_of((b"code/main.py", b"Code/code/main.py"))
    unit = Unit(1, UnitKind.PROJECT, b"/in", b"code")
    plan = replace(plan, units=(unit,), actions=tuple(replace(one, unit=1) for one in plan.actions))
    drag = edit(EditKind.MOVE, b"Code/code", b"Mine/code")
    tree = PlanTree(plan, [drag])
    member = project_member(tree, unit, scanned(b"code/lib/new.py", 9))
    now, change = follow(plan, tree, settled(member), Renewed((), {}))
    after = tree_after(now, drag, *change.edits)
    assert layout(after) == {
        b"Code": {},
        b"Mine": {b"code": {b"main.py": b"code/main.py", b"lib": {b"new.py": b"code/lib/new.py"}}},
    }
    assert [(move.target, move.unit) for move in after.moves()] == [
        (b"Mine/code/main.py", 1),
        (b"Mine/code/lib/new.py", 1),
    ]


@pytest.mark.parametrize("renamed_first", [False, True])
def test_new_file_in_a_project_goes_back_with_it_when_the_drag_is_taken_back(renamed_first: bool) -> None:
    """It stayed where the project had been, and that could neither be dragged again nor be committed."""
    plan, drag = with_project(), edit(EditKind.MOVE, STAYING, b"Mine/it")
    plan, before = followed(plan, drag) if renamed_first else (plan, [])
    at = b"other/ren" if renamed_first else b"code"
    tree = PlanTree(plan, [drag, *before])
    member = project_member(tree, tree.project(1), scanned(at + b"/lib/new.py", 9))
    now, change = follow(plan, tree, settled(member), Renewed((), {}))
    undone = tree_after(now, *before, *watched(change.edits))
    lib = {b"a.py": at + b"/lib/a.py", b"new.py": at + b"/lib/new.py"}
    assert review(undone)[b"projects"] == nested(at, {b"main.py": at + b"/main.py", b"lib": lib})
    assert layout(undone) == layout(PlanTree(with_project()))
    undone.apply(edit(EditKind.MOVE, b"To review/projects/" + at, b"Again"))
    assert carried(undone) == [(Place(b"/in", at), b"Again")]


def nested(path: bytes, content: object) -> object:
    for name in reversed(path.split(b"/")):
        content = {name: content}
    return content


def test_new_file_in_a_project_that_stays_stays() -> None:
    plan = plan_of((b"code/main.py", KeepReason.PROJECT))
    unit = Unit(1, UnitKind.PROJECT, b"/in", b"code")
    plan = replace(plan, units=(unit,), actions=tuple(replace(one, unit=1) for one in plan.actions))
    member = project_member(PlanTree(plan), unit, scanned(b"code/new.py", 9))
    assert (member.kind, member.keep_reason, member.unit) == (ActionKind.KEEP, KeepReason.PROJECT, 1)


# Folders that become projects

LOOSE_ROWS = (
    (b"app/x.log", b"Logs/x.log"),
    (b"app/y.csv", b"Data/y.csv"),
    (b"app/who", KeepReason.UNSURE),
    (b"notes", b"Docs/notes"),
)
GATHERED = b"To review/projects/app"


def gathered(plan: Plan, edits: list[Edit], path: bytes = b"app", number: int = 1) -> tuple[Plan, list[Edit]]:
    """The plan once a folder has become a project, and the edits by which the tree follows."""
    now, change = became_project(plan, PlanTree(plan, edits), path, number)
    return now, [replace(each, seq=seq) for seq, each in enumerate(change.edits, 10 * number)]


APP = {
    b"x.log": b"app/x.log",
    b"y.csv": b"app/y.csv",
    b"who": b"app/who",
    b".git": {b"HEAD": b"app/.git/HEAD"},
}


@pytest.mark.parametrize(
    "person",
    [
        [],
        [edit(EditKind.MOVE, b"Logs/x.log", b"Mine/x")],
        [edit(EditKind.EXCLUDE, b"Data/y.csv"), edit(EditKind.VAULT, b"Logs/x.log")],
        [edit(EditKind.MOVE, b"To review/unsure/app", b"Mine/app")],
    ],
    ids=["as planned", "dragged", "left out and put away", "dragged as a folder"],
)
def test_folder_that_becomes_a_project_has_its_files_wherever_they_were_also_when_what_was_before_is_undone(
    person: list[Edit],
) -> None:
    now, edits = gathered(plan_of(*LOOSE_ROWS), person)
    live = PlanTree(plan_of(*LOOSE_ROWS), person)
    live.source = PlanSource(now)  # as it is told of what was stored
    live.replay(edits)
    for tree in (live, tree_after(now, *person, *edits), tree_after(now, *edits)):
        assert review(tree)[b"projects"] == {b"app": APP}
        with pytest.raises(FsError):
            tree.check(edit(EditKind.MOVE, GATHERED + b"/x.log", b"x.log"))
        tree.apply(edit(EditKind.MOVE, GATHERED, b"Kept"))
        assert carried(tree) == [(Place(b"/in", b"app"), b"Kept")]
        moves = {move.target: move.source.path for move in tree.moves()}
        assert moves.pop(b"Docs/notes") == b"notes"
        assert moves == {
            b"Kept/.git/HEAD": b"app/.git/HEAD",
            b"Kept/who": b"app/who",
            b"Kept/x.log": b"app/x.log",
            b"Kept/y.csv": b"app/y.csv",
        }


def test_project_of_later_is_followed_and_goes_back_whole_when_its_drag_is_taken_back() -> None:
    plan, edits = gathered(plan_of(*LOOSE_ROWS), [])
    drag = edit(EditKind.MOVE, GATHERED, b"Mine/it", at_ns=5)
    members = [action for action in plan.actions if action.unit == 1]
    change = project_followed(PlanTree(plan, [*edits, drag]), 1, Place(b"/in", b"ren"), members, NOW_NS)
    now, after = amended(plan, change), [replace(each, seq=30 + n) for n, each in enumerate(change.edits)]
    moved = {name: b"ren/" + name for name in (b"x.log", b"y.csv", b"who")} | {b".git": {b"HEAD": b"ren/.git/HEAD"}}
    assert layout(tree_after(now, *edits, drag, *after))[b"Mine"] == {b"it": moved}
    assert review(tree_after(now, *edits, *after))[b"projects"] == {b"ren": moved}


@pytest.mark.parametrize("dragged", [False, True])
def test_project_that_becomes_part_of_another_one_is_in_there_and_no_project_of_its_own(dragged: bool) -> None:
    plan = plan_of((b"app/lib/a.js", b"Code/a.js"), *LOOSE_ROWS)
    inner, edits = gathered(plan, [], b"app/lib")
    drag = [edit(EditKind.MOVE, b"To review/projects/app/lib", b"Mine/lib")] if dragged else []
    now, outer = gathered(inner, [*edits, *drag], b"app", 2)
    for tree in (tree_after(now, *edits, *drag, *outer), tree_after(now, *edits, *outer)):
        lib = {b"a.js": b"app/lib/a.js", b".git": {b"HEAD": b"app/lib/.git/HEAD"}}
        assert review(tree)[b"projects"] == {b"app": {**APP, b"lib": lib}}
        assert b"Mine" not in layout(tree) or layout(tree)[b"Mine"] == {}
        assert list(tree.project_folders) == [2]
        tree.apply(edit(EditKind.MOVE, GATHERED, b"Kept"))
        assert carried(tree) == [(Place(b"/in", b"app"), b"Kept")]


def test_project_of_the_scan_that_becomes_part_of_another_one_leaves_no_folder_where_it_was_dragged() -> None:
    """Its empty folders stayed there, and commit made them."""
    plan = plan_of(
        (b"app/code/main.py", KeepReason.PROJECT),
        (b"app/code/lib/a.py", KeepReason.PROJECT),
        (b"app/code/lib/link", KeepReason.LINK),
        (b"n", b"Docs/n"),
    )
    actions = tuple(replace(one, unit=int(one.source.startswith(b"app/"))) for one in plan.actions)
    plan = replace(plan, units=(Unit(1, UnitKind.PROJECT, b"/in", b"app/code"),), actions=actions)
    drag = edit(EditKind.MOVE, b"To review/projects/app/code", b"Mine/it")
    now, outer = gathered(plan, [drag], b"app", 2)
    tree = tree_after(now, drag, *outer)
    assert layout(tree) == {b"Docs": {b"n": b"n"}, b"Mine": {}}
    lib = {b"a.py": b"app/code/lib/a.py", b"link": b"app/code/lib/link"}
    code = {b"main.py": b"app/code/main.py", b"lib": lib}
    assert review(tree) == {b"projects": {b"app": {b"code": code, b".git": {b"HEAD": b"app/.git/HEAD"}}}}
    tree.apply(edit(EditKind.MOVE, GATHERED, b"Mine/it"))
    assert carried(tree) == [(Place(b"/in", b"app"), b"Mine/it")]


@pytest.mark.parametrize("taken_back", [False, True])
def test_edits_of_a_project_that_another_one_takes_in_later_are_replayed_as_they_were_made(taken_back: bool) -> None:
    """Its members say by then that they are of the other one."""
    inner, edits = gathered(plan_of((b"app/lib/a.js", b"Code/a.js"), *LOOSE_ROWS), [], b"app/lib")
    members = [action for action in inner.actions if action.unit == 1]
    before = [edit(EditKind.MOVE, b"To review/projects/app/lib", b"Mine/lib")] if taken_back else []
    change = project_followed(PlanTree(inner, [*edits, *before]), 1, Place(b"/in", b"app/new"), members, NOW_NS)
    inner, moved = amended(inner, change), [replace(each, seq=30 + n) for n, each in enumerate(change.edits)]
    drag = edit(EditKind.MOVE, b"To review/projects/app/new", b"Mine/new")
    so_far = [*edits, *moved, drag]
    now, outer = gathered(inner, so_far, b"app", 5)
    tree = tree_after(now, *so_far, *outer)
    new = {b"a.js": b"app/new/a.js", b".git": {b"HEAD": b"app/new/.git/HEAD"}}
    assert review(tree)[b"projects"] == {b"app": {**APP, b"new": new}}
