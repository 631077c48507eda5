"""What becomes of files that appear, change or are renamed while a plan is open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.amending import (
    Differences,
    Renewed,
    Settled,
    Shown,
    amendment,
    differences,
    is_placed_anew,
    joining,
    merged,
    names_shown,
    renewed,
    rivals,
)
from ifmosfs.core.edit_log import effective, numbered, redoable, retracing, steps, undoable
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import (
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
from ifmosfs.core.project_changes import (
    in_project,
    project_member,
)
from ifmosfs.core.proposal import Decider, Proposal
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import PlanTree
from tests.core.amendments import (
    NOTHING,
    NOW_NS,
    ROWS,
    action_at,
    amended,
    became_project,
    follow,
    new,
    settled,
    tree_after,
    watched,
)
from tests.core.plans import edit, fingerprint, layout, plan_of, proposed, review, scanned

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


# Folders that the program makes for what it files elsewhere

BY_ITSELF = (
    Edit(1, EditKind.MKDIR, b"New", None, NOW_NS, origin=EditOrigin.WATCH),
    Edit(2, EditKind.MOVE, b"To review/unsure/sub/who", b"New/who", NOW_NS, action_id=3, origin=EditOrigin.WATCH),
)
BACK = (
    Edit(4, EditKind.MOVE, b"New/who", b"To review/unsure/sub/who", NOW_NS, action_id=3, origin=EditOrigin.WATCH),
    Edit(5, EditKind.RMDIR, b"New", None, NOW_NS, origin=EditOrigin.WATCH),
)
AGAIN = tuple(replace(each, seq=each.seq + 5) for each in BY_ITSELF)


def test_folder_that_the_program_makes_again_is_the_one_that_it_has_taken_out() -> None:
    """Lessons are taken back and made again with the drag that they come of; what a person did to the folder then holds again, too."""
    plan = plan_of(*ROWS)
    touch = Edit(3, EditKind.TOUCH, b"New", None, NOW_NS, mode=0o2770)
    first = tree_after(plan, *BY_ITSELF, touch).folder_at(b"New")
    assert tree_after(plan, *BY_ITSELF, touch, *BACK).find(b"New") is None
    again = tree_after(plan, *BY_ITSELF, touch, *BACK, *AGAIN).folder_at(b"New")
    assert (again.mode, again.number, list(again.children)) == (0o2770, first.number, [b"who"])


@pytest.mark.parametrize(
    ("persons", "expected"),
    [
        pytest.param([Edit(3, EditKind.MOVE, b"New", b"Mine", NOW_NS)], {b"Mine": {b"who": b"sub/who"}}, id="renamed"),
        pytest.param(
            [Edit(3, EditKind.EXCLUDE, b"New/who", None, NOW_NS), Edit(3, EditKind.RMDIR, b"New", None, NOW_NS)],
            {},
            id="removed",
        ),
    ],
)
def test_folder_is_not_made_for_what_a_person_has_put_elsewhere(
    persons: list[Edit], expected: dict[bytes, object]
) -> None:
    tree = tree_after(plan_of(*ROWS), *BY_ITSELF, *persons, *BACK, *AGAIN)
    shown = layout(tree)
    assert {name: shown[name] for name in shown if name != b"Docs"} == expected


def test_folder_is_made_for_the_next_file_where_the_first_one_cannot_be_put_into_it() -> None:
    too_long = replace(BY_ITSELF[1], target=b"New/" + b"n" * 256)
    second = Edit(3, EditKind.MOVE, b"Docs/a.txt", b"New/a.txt", NOW_NS, action_id=1, origin=EditOrigin.WATCH)
    plan = plan_of(*ROWS)
    alone = tree_after(plan, BY_ITSELF[0], second).folder_at(b"New")
    folder = tree_after(plan, BY_ITSELF[0], too_long, second).folder_at(b"New")
    assert (folder.number, folder.planned, list(folder.children)) == (alone.number, True, [b"a.txt"])


def test_folder_that_a_person_has_made_meanwhile_is_used_for_what_the_program_files() -> None:
    made = Edit(1, EditKind.MKDIR, b"New", None, NOW_NS, mode=0o700)
    tree = tree_after(plan_of(*ROWS), made, *AGAIN)
    assert (tree.folder_at(b"New").mode, layout(tree)[b"New"]) == (0o700, {b"who": b"sub/who"})
