"""What becomes of files that appear, change or are renamed while a plan is open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.amending import (
    Differences,
    Gathered,
    Renewed,
    Settled,
    Shown,
    amendment,
    differences,
    in_project,
    is_placed_anew,
    joining,
    joining_project,
    left_aside,
    merged,
    names_shown,
    project_followed,
    project_member,
    project_moved,
    renewed,
    rivals,
    without_crossings,
)
from ifmosfs.core.edit_log import effective, numbered, redoable, retracing, steps, undoable
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import (
    Action,
    ActionKind,
    Amendment,
    Edit,
    EditKind,
    EditOrigin,
    KeepReason,
    Plan,
    Unit,
    UnitKind,
)
from ifmosfs.core.planner import Candidate
from ifmosfs.core.proposal import Decider, Proposal
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.tree_source import PlanSource
from tests.core.plans import edit, fingerprint, layout, plan_of, proposed, review, scanned

NOW_NS = 9_000
ROWS = ((b"a.txt", b"Docs/a.txt"), (b"sub/b.txt", b"Docs/b.txt"), (b"sub/who", KeepReason.UNSURE))


def action_at(plan: Plan, source: bytes) -> Action:
    return next(action for action in plan.actions if action.source == source)


def new(source: bytes, fate: bytes | KeepReason, number: int = 50) -> Action:
    """The action of a file that has appeared; its number counts for nothing."""
    (action,) = plan_of((source, fate)).actions
    return replace(action, action_id=0, expected=fingerprint(number))


def amended(plan: Plan, change: Amendment) -> Plan:
    """The plan as it is loaded after the change was stored."""
    changed = {action.action_id: action for action in change.changed}
    kept = tuple(changed.get(action.action_id, action) for action in plan.actions)
    return replace(plan, actions=(*kept, *change.added))


def settled(*added: Action, folders: tuple[bytes, ...] = ()) -> Settled:
    return Settled(added, (), (), folders)


NOTHING = Settled((), (), (), ())


def follow(plan: Plan, tree: PlanTree, what: Settled, renewals: Renewed) -> tuple[Plan, Amendment]:
    change = amendment(tree, what, renewals, len(plan.actions) + 1, NOW_NS)
    return amended(plan, change), change


def tree_after(plan: Plan, *edits: Edit) -> PlanTree:
    tree = PlanTree(plan, edits)
    tree.check_invariants()
    return tree


# What is different


def test_files_that_are_as_they_were_planned_are_no_difference() -> None:
    plan = plan_of(*ROWS)
    found = [scanned(action.source, action.action_id) for action in plan.actions]
    assert differences(found, plan.actions, frozenset()) == Differences([], [], [], [])


def test_what_is_new_changed_renamed_and_gone_is_told_apart() -> None:
    plan = plan_of(*ROWS, (b"c", b"c"))
    one, two, three, gone = plan.actions
    appeared, changed, other = scanned(b"new", 9), scanned(b"a.txt", 8), scanned(b"elsewhere/b.txt", 2)
    places = {two.source_place, gone.source_place}
    told = differences([appeared, changed, other, scanned(b"sub/who", 3)], plan.actions, places)
    assert told == Differences([appeared], [(one, changed)], [(two, other)], [gone])
    assert three.source == b"sub/who"


@pytest.mark.parametrize(("planned", "now"), [(Kind.FILE, Kind.SYMLINK), (Kind.SYMLINK, Kind.FILE)])
def test_file_whose_name_a_thing_of_another_kind_has_is_told_to_be_gone(planned: Kind, now: Kind) -> None:
    (action,) = plan_of(ROWS[0]).actions
    action = replace(action, entry_kind=planned)
    told = differences([scanned(b"a.txt", 8, kind=now)], [action], frozenset())
    assert told == Differences([], [], [], [action])


def test_file_that_was_moved_and_has_left_a_link_behind_is_renamed_and_the_link_has_appeared() -> None:
    (action,) = plan_of(ROWS[0]).actions
    link, moved = scanned(b"a.txt", 8, kind=Kind.SYMLINK), scanned(b"archive/a.txt", 1)
    assert differences([link, moved], [action], frozenset()) == Differences([link], [], [(action, moved)], [])


def test_second_name_of_an_inode_is_a_file_that_appeared() -> None:
    plan = plan_of(*ROWS)
    told = differences([scanned(b"link", 1), scanned(b"a.txt", 1)], plan.actions, frozenset())
    assert told == Differences([scanned(b"link", 1)], [], [], [])


@pytest.mark.parametrize(("birth", "is_renamed"), [(400 + 1, True), (7, False), (None, False)])
def test_file_that_was_renamed_and_changed_is_known_by_its_birth(birth: int | None, is_renamed: bool) -> None:
    plan = plan_of(*ROWS)
    now = replace(scanned(b"z.txt"), fingerprint=replace(fingerprint(1), size_bytes=999, birth_ns=birth))
    told = differences([now], plan.actions, {action_at(plan, b"a.txt").source_place})
    assert bool(told.renamed) is is_renamed
    assert bool(told.appeared) is not is_renamed


# What the planner is to see


def test_planner_sees_names_of_the_tree_and_of_the_disk() -> None:
    tree = PlanTree(plan_of(*ROWS), [edit(EditKind.MOVE, b"Docs/b.txt", b"Docs/c.txt")])
    shown = names_shown(tree, [b"", b"Docs", b"None"])
    assert shown == {
        b"": {b"Docs": Shown(Kind.FOLDER), b"To review": Shown(Kind.FOLDER)},
        b"Docs": {b"a.txt": Shown(Kind.FILE, 1, True), b"c.txt": Shown(Kind.FILE, 2, False)},
    }
    assert merged({b"x": fingerprint(7)}, shown[b"Docs"], {1}) == {b"x": fingerprint(7), b"c.txt": Kind.FILE}
    assert merged(None, None, ()) is None


def test_file_of_the_tree_is_compared_only_where_its_name_is_wanted_and_only_its_own() -> None:
    tree = PlanTree(plan_of(*ROWS), [edit(EditKind.MOVE, b"Docs/b.txt", b"Docs/c.txt")])
    shown = names_shown(tree, [b"Docs"])
    wanted = [Candidate(scanned(name, 9), proposed("paper"), b"Docs", None, "") for name in (b"A.TXT", b"c.txt")]
    assert rivals(wanted, shown, {}, NameRules(ignores_case=True)) == {1: b"Docs"}
    assert rivals(wanted, shown, {b"Docs": {b"a.txt"}}, NameRules(ignores_case=True)) == {}
    assert rivals(wanted, shown, {}, NameRules()) == {}


# Amendments


def test_file_that_appears_is_shown_where_it_was_settled_with_the_folders_it_needs() -> None:
    plan = plan_of(*ROWS)
    what = settled(
        new(b"p.jpg", b"Photos/2024/p.jpg"), new(b"sub/hm", KeepReason.UNSURE, 51), folders=(b"Photos", b"Photos/2024")
    )
    now, change = follow(plan, PlanTree(plan), what, Renewed((), {}))
    tree = tree_after(now, *change.edits)
    assert layout(tree) == {
        b"Docs": {b"a.txt": b"a.txt", b"b.txt": b"sub/b.txt"},
        b"Photos": {b"2024": {b"p.jpg": b"p.jpg"}},
    }
    assert review(tree) == {b"unsure": {b"sub": {b"who": b"sub/who", b"hm": b"sub/hm"}}}
    assert [folder.path for folder in tree.folders() if folder.planned] == [b"Photos", b"Photos/2024"]
    assert {each.origin for each in change.edits} == {EditOrigin.WATCH}


def test_file_of_the_tree_that_lost_its_name_goes_to_the_vault() -> None:
    plan = plan_of(*ROWS)
    what = Settled([new(b"n/a.txt", b"Docs/a.txt")], (), [action_at(plan, b"a.txt")], ())
    now, change = follow(plan, PlanTree(plan), what, Renewed((), {}))
    tree = tree_after(now, *change.edits)
    assert layout(tree) == {b"Docs": {b"a.txt": b"n/a.txt", b"b.txt": b"sub/b.txt"}}
    assert review(tree)[b"vault"] == {b"a.txt": b"a.txt"}


def test_file_that_displaces_one_of_the_target_does_so_in_the_tree() -> None:
    plan = plan_of(*ROWS)
    takes = replace(new(b"n/t.txt", b"Docs/t.txt"), replaces=fingerprint(70))
    now, change = follow(plan, PlanTree(plan), settled(takes), Renewed((), {}))
    (move,) = [move for move in tree_after(now, *change.edits).moves() if move.replaces is not None]
    assert (move.target, move.replaces) == (b"Docs/t.txt", fingerprint(70))


def test_changed_file_keeps_its_place_and_is_expected_as_it_is_now() -> None:
    plan = plan_of(*ROWS)
    change_of = renewed(action_at(plan, b"a.txt"), scanned(b"a.txt", 8))
    moved = edit(EditKind.MOVE, b"Docs/a.txt", b"Mine/x.txt")
    now, change = follow(plan, PlanTree(plan, [moved]), NOTHING, Renewed([change_of], {}))
    tree = tree_after(now, moved, *change.edits)
    assert layout(tree) == {b"Docs": {b"b.txt": b"sub/b.txt"}, b"Mine": {b"x.txt": b"a.txt"}}
    assert tree.file(1).leaf.expected == fingerprint(8)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((), {b"Docs": {b"z.txt": b"other/z.txt", b"b.txt": b"sub/b.txt"}}),
        (
            [edit(EditKind.MOVE, b"Docs/a.txt", b"Docs/mine")],
            {b"Docs": {b"b.txt": b"sub/b.txt", b"mine": b"other/z.txt"}},
        ),
        (
            [edit(EditKind.MOVE, b"Docs/b.txt", b"Docs/z.txt")],
            {b"Docs": {b"a.txt": b"other/z.txt", b"z.txt": b"sub/b.txt"}},
        ),
    ],
    ids=["its own name", "named by a person", "the new name is taken"],
)
def test_renamed_file_takes_its_new_name_unless_a_person_named_it_or_it_is_taken(
    edits: list[Edit], expected: object
) -> None:
    plan = plan_of(*ROWS)
    before = action_at(plan, b"a.txt")
    after = renewed(before, scanned(b"other/z.txt", 1))
    now, change = follow(plan, PlanTree(plan, edits), NOTHING, Renewed([after], {1: before}))
    assert layout(tree_after(now, *edits, *change.edits)) == expected
    assert now.actions[0].planned_at == Place(b"/in", b"a.txt")


def test_name_that_the_target_has_is_not_taken_by_a_renamed_file() -> None:
    plan = plan_of(*ROWS)
    before = action_at(plan, b"a.txt")
    after = renewed(before, scanned(b"z.txt", 1))
    change = amendment(PlanTree(plan), NOTHING, Renewed([after], {1: before}), 9, NOW_NS, {b"Docs/z.txt"})
    assert [each.kind for each in change.edits] == [EditKind.REFRESH]


def test_renamed_file_that_stays_is_shown_as_it_lies_now_also_after_a_second_rename() -> None:
    plan = plan_of(*ROWS)
    first = action_at(plan, b"sub/who")
    second = renewed(first, scanned(b"deep/er/who", 3))
    once, change = follow(plan, PlanTree(plan), NOTHING, Renewed([second], {3: first}))
    tree = tree_after(once, *change.edits)
    assert review(tree) == {b"unsure": {b"deep": {b"er": {b"who": b"deep/er/who"}}, b"sub": {}}}
    third = renewed(second, scanned(b"you", 3))
    twice, more = follow(once, tree, NOTHING, Renewed([third], {3: second}))
    assert review(tree_after(twice, *change.edits, *more.edits)) == {
        b"unsure": {b"deep": {b"er": {}}, b"sub": {}, b"you": b"you"}
    }


def test_file_that_has_a_place_now_moves_there_even_if_it_was_renamed() -> None:
    plan = plan_of(*ROWS, (b"x.crdownload", KeepReason.BUSY))
    before = action_at(plan, b"x.crdownload")
    now_ = renewed(before, scanned(b"x.txt", 4), proposed("paper"))
    what = Settled((), [(now_, new(b"x.txt", b"Docs/x.txt"))], (), ())
    now, change = follow(plan, PlanTree(plan), what, Renewed([now_], {4: before}))
    tree = tree_after(now, *change.edits)
    assert layout(tree)[b"Docs"] == {b"a.txt": b"a.txt", b"b.txt": b"sub/b.txt", b"x.txt": b"x.txt"}
    assert [move.action.category for move in tree.moves() if move.target == b"Docs/x.txt"] == ["paper"]


# What is said of known files now


GUESS = Proposal("paper", 0.9, "r")
OTHER = Proposal("law", 0.9, "r")
NOT_SURE = Proposal("law", 0.2, "r")
ASIDE = b"To review/excluded/"
BY_PERSON = Proposal(None, 0.0, "you said so", decided_by=Decider.PERSON)


def put(path: bytes, target: bytes, number: int) -> Edit:
    """A move by the program itself."""
    return replace(edit(EditKind.MOVE, path, target), action_id=number, origin=EditOrigin.WATCH)


@pytest.mark.parametrize(
    ("source", "edits", "word", "wanted"),
    [
        (b"sub/who", [], GUESS, True),
        (b"sub/who", [put(b"To review/unsure/sub/who", b"Docs/who", 3)], NOT_SURE, True),
        (b"sub/who", [edit(EditKind.MOVE, b"To review/unsure/sub/who", b"Docs/who")], NOT_SURE, False),
        (b"a.txt", [], GUESS, False),
        (b"a.txt", [], OTHER, True),
        (b"a.txt", [], NOT_SURE, False),
        (b"a.txt", [], BY_PERSON, True),
        (b"a.txt", [edit(EditKind.MOVE, b"Docs/a.txt", b"Law/a.txt")], OTHER, False),
        (b"a.txt", [edit(EditKind.MOVE, b"Docs/a.txt", b"Law/a.txt")], BY_PERSON, False),
        (b"a.txt", [put(b"Docs/a.txt", b"Law/a.txt", 1)], OTHER, True),
        (b"a.txt", [put(b"Docs/a.txt", b"To review/excluded/a.txt", 1)], GUESS, True),
        (b"a.txt", [edit(EditKind.EXCLUDE, b"Docs/a.txt")], GUESS, False),
        (
            b"a.txt",
            [edit(EditKind.MOVE, b"Docs/a.txt", b"Law/a.txt"), put(b"Law/a.txt", b"Law/z.txt", 1)],
            OTHER,
            False,
        ),
        (b"a.txt", [edit(EditKind.EXCLUDE, b"Docs/a.txt"), put(ASIDE + b"a.txt", ASIDE + b"z.txt", 1)], OTHER, False),
        (b"a.txt", [put(b"Docs/a.txt", b"Docs/z.txt", 1), put(b"Docs/z.txt", b"Docs/y.txt", 1)], OTHER, True),
    ],
    ids=[
        "it stays, and may have a place",
        "the program had put it somewhere and is not sure any more",
        "a person had put it somewhere",
        "nothing else is said",
        "it is something else",
        "the program is less sure",
        "a person says that it is nothing",
        "a person had put it elsewhere",
        "a person had put it elsewhere and says that it is nothing",
        "the program had put it elsewhere",
        "the program had taken it out",
        "a person had taken it out",
        "a person had put it elsewhere, where it was called by its new name",
        "a person had taken it out, and it was called by its new name",
        "it was called by its new name twice",
    ],
)
def test_file_is_placed_anew_where_the_program_alone_has_put_it(
    source: bytes, edits: list[Edit], word: Proposal, wanted: bool
) -> None:
    plan = plan_of(*ROWS)
    assert is_placed_anew(PlanTree(plan, edits), action_at(plan, source), word) is wanted


def test_file_that_has_no_place_any_more_goes_back_and_the_folders_that_were_made_for_it_go() -> None:
    plan = plan_of(*ROWS)
    action = action_at(plan, b"sub/who")
    goes = replace(action, kind=ActionKind.MOVE, keep_reason=None, target=b"Law/2020/who")
    there = Settled((), [(action, goes)], (), (b"Law", b"Law/2020"))
    once, change = follow(plan, PlanTree(plan), there, Renewed([action], {}))
    tree = tree_after(once, *change.edits)
    assert layout(tree) == {**layout(PlanTree(plan)), b"Law": {b"2020": {b"who": b"sub/who"}}}
    twice, back = follow(once, tree, Settled((), [(action, action)], (), ()), Renewed([action], {}))
    again = tree_after(twice, *change.edits, *back.edits)
    assert (layout(again), review(again)) == (layout(PlanTree(plan)), review(PlanTree(plan)))


def test_folder_whose_making_was_undone_goes_with_the_file_that_the_program_takes_out_of_it() -> None:
    plan = plan_of(*ROWS)
    action = action_at(plan, b"sub/who")
    left = [
        put(b"To review/unsure/sub/who", b"Law/2020/who", 3)
    ]  # the folders were made by edits that do not hold any more
    now, back = follow(plan, PlanTree(plan, left), Settled((), [(action, action)], (), ()), Renewed([action], {}))
    assert layout(tree_after(now, *left, *back.edits)) == layout(PlanTree(plan))


def test_folder_that_a_person_has_made_stays_when_the_program_takes_its_file_out() -> None:
    plan = plan_of(*ROWS)
    action = action_at(plan, b"sub/who")
    made = [edit(EditKind.MKDIR, b"Law"), put(b"To review/unsure/sub/who", b"Law/who", 3)]
    now, back = follow(plan, PlanTree(plan, made), Settled((), [(action, action)], (), ()), Renewed([action], {}))
    assert layout(tree_after(now, *made, *back.edits)) == {**layout(PlanTree(plan)), b"Law": {}}


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


# Replay


def test_added_file_whose_place_is_gone_after_an_undo_is_shown_among_what_stays() -> None:
    plan = plan_of(*ROWS)
    aside = edit(EditKind.MOVE, b"Docs/a.txt", b"Docs/mine")
    now, change = follow(plan, PlanTree(plan, [aside]), settled(new(b"n/a.txt", b"Docs/a.txt")), Renewed((), {}))
    tree = tree_after(now, *change.edits)  # without the person's edit
    assert layout(tree) == {b"Docs": {b"a.txt": b"a.txt", b"b.txt": b"sub/b.txt"}}
    assert review(tree)[b"excluded"] == {b"n": {b"a.txt": b"n/a.txt"}}


def test_move_of_the_watch_does_not_take_another_file_after_an_undo() -> None:
    plan = plan_of(*ROWS)
    aside = edit(EditKind.SWAP, b"Docs/a.txt", b"Docs/b.txt")
    before = action_at(plan, b"sub/b.txt")
    move = replace(edit(EditKind.MOVE, b"Docs/a.txt", b"Docs/z.txt"), action_id=2, origin=EditOrigin.WATCH)
    assert before.action_id == 2
    assert layout(tree_after(plan, aside, move))[b"Docs"] == {b"b.txt": b"a.txt", b"z.txt": b"sub/b.txt"}
    assert layout(tree_after(plan, move))[b"Docs"] == {b"a.txt": b"a.txt", b"b.txt": b"sub/b.txt"}


@pytest.mark.parametrize("kind", [EditKind.EXCLUDE, EditKind.VAULT])
def test_file_that_was_put_aside_and_taken_out_again_before_its_original_was_renamed_is_where_it_was(
    kind: EditKind,
) -> None:
    plan = plan_of(*ROWS)
    part = b"excluded" if kind is EditKind.EXCLUDE else b"vault"
    log = [
        edit(kind, b"Docs/a.txt"),
        edit(EditKind.MOVE, b"To review/" + part + b"/a.txt", b"Mine/a.txt"),
    ]
    before = action_at(plan, b"a.txt")
    after = renewed(before, scanned(b"other/z.txt", 1))
    now, change = follow(plan, PlanTree(plan, log), NOTHING, Renewed([after], {1: before}))
    assert layout(tree_after(now, *log, *change.edits))[b"Mine"] == {b"z.txt": b"other/z.txt"}


def test_file_is_put_aside_where_it_was_planned_also_after_its_original_was_renamed_and_renamed_again() -> None:
    plan = plan_of(*ROWS)
    before = action_at(plan, b"a.txt")
    once, first = follow(plan, PlanTree(plan), NOTHING, Renewed([renewed(before, scanned(b"y.txt", 1))], {1: before}))
    log = [*first.edits, edit(EditKind.EXCLUDE, b"Docs/y.txt")]
    tree = tree_after(once, *log)
    assert review(tree)[b"excluded"] == {b"a.txt": b"y.txt"}
    log.append(edit(EditKind.MOVE, b"To review/excluded/a.txt", b"Mine/a.txt"))
    middle = action_at(once, b"y.txt")
    twice, _ = follow(once, tree, NOTHING, Renewed([renewed(middle, scanned(b"z.txt", 1))], {1: middle}))
    assert layout(tree_after(twice, *log))[b"Mine"] == {b"a.txt": b"z.txt"}


def test_edit_of_a_person_that_cannot_be_replayed_is_an_error() -> None:
    with pytest.raises(FsError):
        PlanTree(plan_of(*ROWS), [edit(EditKind.MOVE, b"nowhere", b"Docs/x")])


def test_what_no_person_did_is_no_step_and_ends_no_redoing() -> None:
    hand = Edit(0, EditKind.MOVE, b"a", b"b", 1)
    added = Edit(0, EditKind.ADD, b"c", None, 2, action_id=9, origin=EditOrigin.WATCH)
    log = list(numbered([hand, added], None))
    assert [(each.seq, each.step) for each in log] == [(1, 1), (2, 0)]
    log += numbered([retracing(EditKind.UNDO, undoable(log)[0], 3), added], log[-1])
    assert [step.number for step in steps(log)] == [1]
    assert [step.number for step in redoable(log)] == [1]
    assert [each.seq for each in effective(log)] == [2, 4]


PLACES = [
    b"Docs/a.txt",
    b"Docs/b.txt",
    b"Docs/n1",
    b"Docs/n2",
    b"Mine/x",
    b"Mine",
    b"Docs",
    b"To review/unsure/sub/who",
    b"To review/projects/new/in",
    b"To review/projects/new",
    b"To review/projects/sub",
]
PERSON = st.builds(
    lambda kind, path, target: Edit(0, kind, path, target if kind is EditKind.MOVE else None, 5),
    st.sampled_from([EditKind.MOVE, EditKind.MOVE, EditKind.EXCLUDE, EditKind.MKDIR]),
    st.sampled_from(PLACES),
    st.sampled_from(PLACES),
)
WHAT = st.one_of(
    PERSON,
    st.tuples(st.just("add"), st.sampled_from([b"Docs/n1", b"Docs/a.txt", b"Mine/x", KeepReason.UNSURE])),
    st.tuples(st.just("rename"), st.sampled_from([b"sub/who", b"a.txt", b"sub/b.txt"])),
    st.tuples(st.just("gather"), st.sampled_from([b"new/in", b"new", b"sub"])),
    st.just("undo"),
    st.just("redo"),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WHAT, max_size=14))
def test_every_file_is_in_the_tree_whatever_appears_and_is_undone(happenings: list[object]) -> None:
    """And a tree that has taken edit after edit in is the one that is made from all of them; what is of a project is in it."""
    plan, log = plan_of(*ROWS), list[Edit]()
    for number, what in enumerate(happenings):
        tree = PlanTree(plan, effective(log))
        drafts: list[Edit] = []
        if isinstance(what, Edit):
            try:
                tree.check(what)
            except FsError:
                continue
            drafts = [what]
        elif what == "undo":
            drafts = [retracing(EditKind.UNDO, step, 6) for step in undoable(log)[:1]]
        elif what == "redo":
            drafts = [retracing(EditKind.REDO, step, 6) for step in redoable(log)[:1]]
        elif isinstance(what, tuple):
            plan, change = happened(plan, tree, what, number)
            drafts = list(change.edits)
        log += numbered(drafts, log[-1] if log else None)
        after = tree_after(plan, *effective(log))
        of_projects = [action for action in plan.actions if action.unit]
        assert {action.unit for action in of_projects} == after.project_folders.keys()
        for action in of_projects:
            inside = action.source.removeprefix(after.project_places[action.unit].path)
            path = after.path_of(after.project_folders[action.unit]) + inside
            assert after.find(path) is after.file(action.action_id)


def happened(plan: Plan, tree: PlanTree, what: tuple[str, bytes | KeepReason], number: int) -> tuple[Plan, Amendment]:
    kind, which = what
    if kind == "gather":
        assert isinstance(which, bytes)
        return became_project(plan, tree, which, len(plan.actions) + 1)
    if kind == "rename":
        before = next(action for action in plan.actions if action.first_place.path == which)
        if before.unit:
            return plan, Amendment()
        now: ScannedFile = replace(scanned(b"r%d/name" % number), fingerprint=before.expected)
        return follow(plan, tree, NOTHING, Renewed([renewed(before, now)], {before.action_id: before}))
    is_free = isinstance(which, KeepReason) or tree.find(which) is None
    fate = which if is_free else KeepReason.CONFLICT
    source = b"new/in/%d" % number
    project = in_project(tree, Place(b"/in", source))
    if project is None:
        return follow(plan, tree, settled(new(source, fate, 50 + number)), Renewed((), {}))
    member = project_member(tree, project, scanned(source, 50 + number))
    return follow(plan, tree, settled(member), Renewed((), {}))


def became_project(plan: Plan, tree: PlanTree, path: bytes, number: int) -> tuple[Plan, Amendment]:
    """A `.git/HEAD` has appeared in a folder of the inbox, which is a project thereby, unless it is in one."""
    if in_project(tree, Place(b"/in", path)) is not None:
        return plan, Amendment()
    unit = Unit(number, UnitKind.PROJECT, b"/in", path)
    joined = [joining_project(one, unit) for one in plan.actions if one.source.startswith(path + b"/")]
    member = project_member(tree, unit, scanned(path + b"/.git/HEAD", 100 + number))
    now, change = follow(plan, tree, Settled([member], (), (), (), [unit], [Gathered(unit, joined)]), Renewed((), {}))
    return replace(now, units=(*plan.units, *change.units)), change


@pytest.mark.parametrize(
    ("units", "expected"),
    [((0, 0), 9), ((4, 4), 4), ((4, 0), None), ((4, 5), None), ((7, 7), None), ((), None)],
    ids=["none yet", "theirs", "only one has one", "of two", "of a project", "not in the plan"],
)
def test_what_appears_joins_the_unit_of_its_company_where_that_is_one(
    units: tuple[int, ...], expected: int | None
) -> None:
    known = [replace(action, unit=unit) for action, unit in zip(plan_of(*ROWS).actions, units, strict=False)]
    assert joining(known, 9, {7}) == expected


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


def watched(drafts: tuple[Edit, ...]) -> list[Edit]:
    return [replace(each, seq=number) for number, each in enumerate(drafts, 10)]


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


# Names of one inode


def with_links() -> tuple[Plan, list[Edit]]:
    """A plan whose first file is known by two more names since, and its edits."""
    plan = replace(plan_of(*ROWS), units=(Unit(1, UnitKind.LINKS, b"/in"),))
    first, *_ = plan.actions
    names = [replace(new(name, b"Docs/" + name, 1), unit=1) for name in (b"x.txt", b"y.txt")]
    joined = Renewed((replace(first, unit=1),), {})
    now, change = follow(plan, PlanTree(plan), settled(*names), joined)
    return now, watched(change.edits)


def numbers(tree: PlanTree) -> dict[bytes, int]:
    """The numbers of the names of the inode, each of which finds a file that has it."""
    found = {action.source: tree.file(action.action_id).number for action in tree.source.actions() if action.unit}
    assert all(tree.numbered(number).number == number for number in found.values())
    return found


def test_names_that_appear_of_a_file_that_is_shown_have_its_number() -> None:
    plan, edits = with_links()
    tree = tree_after(plan, *edits)
    assert numbers(tree) == {b"a.txt": 1, b"x.txt": 1, b"y.txt": 1}
    assert [node.name for node in tree.names_of(tree.file(5))] == [b"a.txt", b"x.txt", b"y.txt"]


def test_file_that_appears_in_the_unit_of_names_of_another_inode_has_a_number_of_its_own() -> None:
    plan, edits = with_links()
    tree = PlanTree(plan, edits)
    other = replace(new(b"z.txt", b"Docs/z.txt", 60), unit=1)
    plan, change = follow(plan, tree, settled(other), Renewed((), {}))
    assert numbers(tree_after(plan, *edits, *change.edits))[b"z.txt"] == 6


@pytest.mark.parametrize("replaced", [b"a.txt", b"x.txt", b"y.txt"])
def test_tree_that_is_planted_anew_keeps_the_numbers_that_were_shown_of_names_that_other_files_have_taken(
    replaced: bytes,
) -> None:
    plan, edits = with_links()
    shown = PlanTree(plan, edits)
    now = replace(action_at(plan, replaced), expected=fingerprint(60))
    later = Edit(len(edits) + 1, EditKind.REFRESH, b"", None, NOW_NS, action_id=now.action_id, origin=EditOrigin.WATCH)
    shown.refresh(now)
    known = numbers(shown)
    assert {name for name, number in known.items() if number == 1} == {b"a.txt", b"x.txt", b"y.txt"} - {replaced}
    anew = tree_after(amended(plan, Amendment(changed=(now,))), *edits, later)
    alone = {name: number for name, number in numbers(anew).items() if name == replaced}
    assert not set(alone.values()) & {number for name, number in numbers(anew).items() if name != replaced}
    anew.keep_numbers(shown)
    for _ in range(2):
        assert numbers(anew) == known
        anew.forget(0)


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
