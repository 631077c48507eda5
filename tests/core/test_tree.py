"""The organised tree: what each edit does, what is refused, and that no file ever leaves the two parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ifmosfs.core.files import Place, Root
from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import Edit, EditKind, KeepReason, Plan
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FileNode, FolderNode, PlannedFolder, PlannedMove, PlanTree, root_labels
from tests.core.plans import CREATED_NS, edit, layout, numbers_of_folders, plan_of, review, shape

NO_CASE = NameRules(ignores_case=True, ignores_form=True)
MOVE, SWAP, EXCLUDE = EditKind.MOVE, EditKind.SWAP, EditKind.EXCLUDE
MKDIR, RMDIR, TOUCH = EditKind.MKDIR, EditKind.RMDIR, EditKind.TOUCH

ODD = b"odd\xff\nname"
LONG = b"x" * 255
PLAN = plan_of(
    (b"a.pdf", b"Docs/2024/a.pdf"),
    (b"deep/b.pdf", b"Docs/2024/b.pdf"),
    (ODD, b"Docs/" + ODD),
    (b"song", b"Audio/" + LONG),
    (b"who knows", KeepReason.UNSURE),
    (b"deep/taken", KeepReason.CONFLICT),
    folders=[b"Docs", b"Docs/2024", b"Empty"],
)
LAYOUT = {
    b"Docs": {b"2024": {b"a.pdf": b"a.pdf", b"b.pdf": b"deep/b.pdf"}, ODD: ODD},
    b"Empty": {},
    b"Audio": {LONG: b"song"},
}
REVIEW = {b"unsure": {b"who knows": b"who knows"}, b"conflicts": {b"deep": {b"taken": b"deep/taken"}}}
NAMES = [b"To review/unsure/who knows", b"To review/conflicts/deep/taken"]


def made(*edits: Edit, plan: Plan = PLAN) -> PlanTree:
    tree = PlanTree(plan, edits)
    tree.check_invariants()
    return tree


def test_a_plan_makes_the_layout_and_shows_what_stays_by_reason() -> None:
    tree = made()
    assert (layout(tree), review(tree)) == (LAYOUT, REVIEW)
    assert set(shape(tree.review)) == {b"vault", *(reason.value.encode() for reason in KeepReason)}


def test_moves_and_kept_are_read_from_the_places_in_the_tree() -> None:
    tree = made(edit(EXCLUDE, b"Docs/2024/a.pdf"), edit(MOVE, NAMES[0], b"Docs/known"))
    assert list(tree.moves()) == [
        PlannedMove(PLAN.actions[1], b"Docs/2024/b.pdf"),
        PlannedMove(PLAN.actions[2], b"Docs/" + ODD),
        PlannedMove(PLAN.actions[3], b"Audio/" + LONG),
        PlannedMove(PLAN.actions[4], b"Docs/known"),
    ]
    assert next(tree.moves()).source == Place(b"/in", b"deep/b.pdf")
    assert list(tree.kept()) == [
        (PLAN.actions[0], KeepReason.EXCLUDED),
        (PLAN.actions[5], KeepReason.CONFLICT),
    ]


def test_folders_are_those_of_the_layout_parents_first() -> None:
    tree = made(edit(MKDIR, b"Audio/New", mode=0o700))
    assert list(tree.folders()) == [
        PlannedFolder(b"Docs", 0o755, CREATED_NS, planned=True, gains_entries=True),
        PlannedFolder(b"Docs/2024", 0o755, CREATED_NS, planned=True, gains_entries=True),
        PlannedFolder(b"Empty", 0o755, CREATED_NS, planned=True, gains_entries=False),
        PlannedFolder(b"Audio", 0o755, 2_000, planned=False, gains_entries=True),
        PlannedFolder(b"Audio/New", 0o700, 2_000, planned=True, gains_entries=False),
    ]


@pytest.mark.parametrize(
    ("edits", "layout_after", "review_after"),
    [
        pytest.param(
            [edit(MOVE, b"Docs/" + ODD, b"Empty/" + ODD)],
            {**LAYOUT, b"Docs": {b"2024": LAYOUT[b"Docs"][b"2024"]}, b"Empty": {ODD: ODD}},  # type: ignore[index]
            REVIEW,
            id="file to another folder",
        ),
        pytest.param(
            [edit(MOVE, b"Docs", b"Empty/Papers")],
            {b"Empty": {b"Papers": LAYOUT[b"Docs"]}, b"Audio": LAYOUT[b"Audio"]},
            REVIEW,
            id="folder with all in it",
        ),
        pytest.param(
            [edit(MOVE, b"Docs/2024", b"Empty")],
            {b"Docs": {ODD: ODD}, b"Audio": LAYOUT[b"Audio"], b"Empty": LAYOUT[b"Docs"][b"2024"]},  # type: ignore[index]
            REVIEW,
            id="folder over an empty one",
        ),
        pytest.param(
            [edit(MOVE, b"Docs/2024/a.pdf", b"Docs/2024/b.pdf")],
            {**LAYOUT, b"Docs": {b"2024": {b"b.pdf": b"a.pdf"}, ODD: ODD}},
            {**REVIEW, b"excluded": {b"deep": {b"b.pdf": b"deep/b.pdf"}}},
            id="file over a file, which stays",
        ),
        pytest.param([edit(MOVE, b"Docs/2024/a.pdf", b"Docs/2024/a.pdf")], LAYOUT, REVIEW, id="file over itself"),
        pytest.param(
            [edit(MOVE, NAMES[0], b"Music/known")],
            {**LAYOUT, b"Music": {b"known": b"who knows"}},
            {b"conflicts": REVIEW[b"conflicts"]},
            id="out of review, into a folder of the target",
        ),
        pytest.param(
            [edit(MOVE, b"Docs/" + ODD, b"To review/unsure/" + ODD)],
            {**LAYOUT, b"Docs": {b"2024": LAYOUT[b"Docs"][b"2024"]}},  # type: ignore[index]
            {**REVIEW, b"unsure": {b"who knows": b"who knows", ODD: ODD}},
            id="file into review",
        ),
        pytest.param(
            [edit(MOVE, b"Docs", b"To review/excluded/Docs")],
            {b"Empty": {}, b"Audio": LAYOUT[b"Audio"]},
            {**REVIEW, b"excluded": {b"Docs": LAYOUT[b"Docs"]}},
            id="folder into review",
        ),
        pytest.param(
            [edit(SWAP, b"Docs/2024/a.pdf", b"Docs/2024/b.pdf")],
            {**LAYOUT, b"Docs": {b"2024": {b"a.pdf": b"deep/b.pdf", b"b.pdf": b"a.pdf"}, ODD: ODD}},
            REVIEW,
            id="swap of files",
        ),
        pytest.param(
            [edit(SWAP, b"Docs/2024", NAMES[0])],
            {**LAYOUT, b"Docs": {b"2024": b"who knows", ODD: ODD}},
            {**REVIEW, b"unsure": {b"who knows": LAYOUT[b"Docs"][b"2024"]}},  # type: ignore[index]
            id="swap of a folder and a file that stays",
        ),
        pytest.param([edit(SWAP, b"Docs", b"Docs")], LAYOUT, REVIEW, id="swap with itself"),
        pytest.param(
            [edit(EXCLUDE, b"Docs/2024/b.pdf")],
            {**LAYOUT, b"Docs": {b"2024": {b"a.pdf": b"a.pdf"}, ODD: ODD}},
            {**REVIEW, b"excluded": {b"deep": {b"b.pdf": b"deep/b.pdf"}}},
            id="exclude",
        ),
        pytest.param(
            [edit(MKDIR, b"To review/excluded/a.pdf"), edit(EXCLUDE, b"Docs/2024/a.pdf")],
            {**LAYOUT, b"Docs": {b"2024": {b"b.pdf": b"deep/b.pdf"}, ODD: ODD}},
            {**REVIEW, b"excluded": {b"a.pdf": {}, b"a (2).pdf": b"a.pdf"}},
            id="exclude beside something of that name",
        ),
        pytest.param(
            [edit(MOVE, b"Docs/2024/a.pdf", b"To review/excluded/deep"), edit(EXCLUDE, b"Docs/2024/b.pdf")],
            {**LAYOUT, b"Docs": {b"2024": {}, ODD: ODD}},
            {**REVIEW, b"excluded": {b"deep": b"a.pdf", b"b.pdf": b"deep/b.pdf"}},
            id="exclude where a file stands in for the folder",
        ),
        pytest.param([edit(RMDIR, b"Empty")], {k: v for k, v in LAYOUT.items() if k != b"Empty"}, REVIEW, id="rmdir"),
        pytest.param([edit(TOUCH, b"Docs", mode=0o700)], LAYOUT, REVIEW, id="touch"),
    ],
)
def test_an_edit_changes_what_it_says(edits: list[Edit], layout_after: object, review_after: object) -> None:
    tree = made(*edits)
    assert (layout(tree), review(tree)) == (layout_after, review_after)


def test_touch_and_mkdir_set_what_they_are_given() -> None:
    tree = made(edit(MKDIR, b"New", mode=0o711, at_ns=7), Edit(2, TOUCH, b"Docs", None, 9, 0o700, 8))
    new, docs = tree.find(b"New"), tree.find(b"Docs")
    assert isinstance(new, FolderNode)
    assert isinstance(docs, FolderNode)
    assert (new.mode, new.mtime_ns, new.planned) == (0o711, 7, True)
    assert (docs.mode, docs.mtime_ns, tree.root.mtime_ns) == (0o700, 8, 7)


REFUSALS = [
    (MOVE, b"none", b"Docs/x", FsErrorKind.NOT_FOUND),
    (MOVE, b"Docs/2024/a.pdf/x", b"Docs/x", FsErrorKind.NOT_FOUND),
    (MOVE, b"", b"Docs/x", FsErrorKind.BUSY),
    (MOVE, b"To review", b"Seen", FsErrorKind.BUSY),
    (MOVE, b"To review/unsure", b"Seen", FsErrorKind.BUSY),
    (MOVE, b"Docs", b"", FsErrorKind.INVALID),
    (MOVE, b"Docs", b"Empty/..", FsErrorKind.INVALID),
    (MOVE, b"Docs", b"Empty//x", FsErrorKind.INVALID),
    (MOVE, b"Docs", b"Docs/2024/Docs", FsErrorKind.INVALID),
    (MOVE, b"Docs", b"Docs/new/Docs", FsErrorKind.INVALID),
    (MOVE, b"Docs", b"Empty/" + b"x" * 256, FsErrorKind.NAME_TOO_LONG),
    (MOVE, b"Docs", b"Docs/2024/a.pdf/x", FsErrorKind.NOT_A_FOLDER),
    (MOVE, b"Docs", NAMES[0], FsErrorKind.NOT_A_FOLDER),
    (MOVE, b"Docs/2024/a.pdf", b"Empty", FsErrorKind.IS_A_FOLDER),
    (MOVE, b"Empty", b"Docs/2024/a.pdf", FsErrorKind.NOT_A_FOLDER),
    (MOVE, b"Empty", b"Docs", FsErrorKind.NOT_EMPTY),
    (MOVE, b"Empty", b"To review", FsErrorKind.NOT_EMPTY),
    (MOVE, b"Docs/2024", b"Docs", FsErrorKind.NOT_EMPTY),
    (MOVE, b"Docs/2024/a.pdf", NAMES[0], FsErrorKind.EXISTS),
    (MOVE, NAMES[1], NAMES[0], FsErrorKind.EXISTS),
    (MOVE, b"Docs", b"To review/Docs", FsErrorKind.NOT_PERMITTED),
    (MOVE, b"Empty", b"To review/links", FsErrorKind.NOT_PERMITTED),
    (MOVE, b"Docs", None, FsErrorKind.INVALID),
    (SWAP, b"none", b"Docs", FsErrorKind.NOT_FOUND),
    (SWAP, b"Docs", b"none", FsErrorKind.NOT_FOUND),
    (SWAP, b"Docs", b"Docs/2024/a.pdf", FsErrorKind.INVALID),
    (SWAP, b"Docs/2024", b"Docs", FsErrorKind.INVALID),
    (SWAP, b"Docs", b"To review", FsErrorKind.BUSY),
    (SWAP, b"To review/unsure", b"To review/links", FsErrorKind.BUSY),
    (SWAP, b"", b"Docs", FsErrorKind.BUSY),
    (SWAP, b"Docs", None, FsErrorKind.INVALID),
    (EXCLUDE, b"none", None, FsErrorKind.NOT_FOUND),
    (EXCLUDE, b"Docs", None, FsErrorKind.IS_A_FOLDER),
    (EXCLUDE, b"", None, FsErrorKind.IS_A_FOLDER),
    (MKDIR, b"Docs", None, FsErrorKind.EXISTS),
    (MKDIR, b"Docs/2024/a.pdf", None, FsErrorKind.EXISTS),
    (MKDIR, b"Docs/2024/a.pdf/x", None, FsErrorKind.NOT_A_FOLDER),
    (MKDIR, b"", None, FsErrorKind.INVALID),
    (MKDIR, b"Docs/.", None, FsErrorKind.INVALID),
    (MKDIR, b"x" * 256, None, FsErrorKind.NAME_TOO_LONG),
    (MKDIR, b"To review/mine", None, FsErrorKind.NOT_PERMITTED),
    (MKDIR, b"To review/mine/deeper", None, FsErrorKind.NOT_FOUND),
    (MOVE, b"Docs", b"To review/mine/Docs", FsErrorKind.NOT_FOUND),
    (RMDIR, b"none", None, FsErrorKind.NOT_FOUND),
    (RMDIR, b"Docs/2024/a.pdf", None, FsErrorKind.NOT_A_FOLDER),
    (RMDIR, b"Docs", None, FsErrorKind.NOT_EMPTY),
    (RMDIR, b"", None, FsErrorKind.BUSY),
    (RMDIR, b"To review/links", None, FsErrorKind.BUSY),
    (TOUCH, b"none", None, FsErrorKind.NOT_FOUND),
    (TOUCH, b"Docs/2024/a.pdf", None, FsErrorKind.NOT_A_FOLDER),
]


@pytest.mark.parametrize("call", [PlanTree.check, PlanTree.apply], ids=["check", "apply"])
@pytest.mark.parametrize(("kind", "path", "target", "refusal"), REFUSALS)
def test_what_cannot_be_is_refused_and_changes_nothing(
    call: Callable[[PlanTree, Edit], None], kind: EditKind, path: bytes, target: bytes | None, refusal: FsErrorKind
) -> None:
    tree = made()
    with pytest.raises(FsError) as refused:
        call(tree, edit(kind, path, target))
    assert refused.value.kind is refusal
    assert (shape(tree.root), numbers_of_folders(tree)) == (shape(made().root), numbers_of_folders(made()))
    assert list(tree.folders()) == list(made().folders())
    tree.check_invariants()


def test_what_is_excluded_already_is_not_excluded_again() -> None:
    tree = made(edit(EXCLUDE, b"Docs/2024/a.pdf"))
    with pytest.raises(FsError) as refused:
        tree.apply(edit(EXCLUDE, b"To review/excluded/a.pdf"))
    assert refused.value.kind is FsErrorKind.NOT_PERMITTED


@pytest.mark.parametrize(
    "allowed",
    [
        edit(MOVE, b"Docs", b"Empty/Docs"),
        edit(SWAP, b"Docs", NAMES[0]),
        edit(EXCLUDE, b"Docs/2024/a.pdf"),
        edit(MKDIR, b"new/new/new"),
        edit(RMDIR, b"Empty"),
        edit(TOUCH, b"Docs", mode=0),
    ],
    ids=lambda each: each.kind.value,
)
def test_check_changes_nothing_where_the_edit_is_allowed(allowed: Edit) -> None:
    tree = made()
    tree.check(allowed)
    assert (shape(tree.root), numbers_of_folders(tree)) == (shape(made().root), numbers_of_folders(made()))
    assert list(tree.folders()) == list(made().folders())


def test_replaying_the_edits_gives_the_same_tree_and_folder_numbers() -> None:
    edits = [
        edit(MKDIR, b"Docs/new"),
        edit(MOVE, b"Docs/2024/a.pdf", b"Theirs/deep/a.pdf"),
        edit(MOVE, b"Docs", b"Empty/Docs"),
        edit(RMDIR, b"Empty/Docs/new"),
        edit(EXCLUDE, b"Empty/Docs/2024/b.pdf"),
        edit(MKDIR, b"again"),
    ]
    live = made()
    for each in edits:
        live.apply(each)
    rebuilt = made(*edits)
    assert (shape(rebuilt.root), numbers_of_folders(rebuilt)) == (shape(live.root), numbers_of_folders(live))
    assert list(rebuilt.folders()) == list(live.folders())


def test_a_folder_moves_without_touching_what_is_in_it() -> None:
    tree = made()
    docs, inner, file = tree.find(b"Docs"), tree.find(b"Docs/2024"), tree.file(1)
    tree.apply(edit(MOVE, b"Docs", b"Empty/Papers"))
    assert (tree.find(b"Empty/Papers"), tree.find(b"Empty/Papers/2024")) == (docs, inner)
    assert (file.parent, tree.path_of(file)) == (inner, b"Empty/Papers/2024/a.pdf")


def test_there_and_back_again_a_file_is_planned_as_before() -> None:
    tree = made(edit(EXCLUDE, b"Docs/2024/b.pdf"), edit(MOVE, b"To review/excluded/deep/b.pdf", b"Docs/2024/b.pdf"))
    assert list(tree.moves()) == list(made().moves())
    assert review(tree) == {**REVIEW, b"excluded": {b"deep": {}}}


def test_a_conflict_that_was_dragged_out_and_deleted_is_excluded() -> None:
    tree = made(edit(MOVE, NAMES[1], b"Docs/taken"), edit(EXCLUDE, b"Docs/taken"))
    assert {action.source: reason for action, reason in tree.kept()} == {
        b"who knows": KeepReason.UNSURE,
        b"deep/taken": KeepReason.EXCLUDED,
    }


# Names that the target holds for equal

TWINS = plan_of(
    (b"Report.pdf", b"Docs/Report.pdf"),
    (b"REPORT.pdf", KeepReason.UNSURE),
    (b"report.pdf", KeepReason.UNSURE),
    folders=[b"Docs"],
    names=NO_CASE,
)


def test_on_an_insensitive_target_the_layout_is_found_by_any_spelling_and_the_review_by_its_own() -> None:
    tree = made(plan=TWINS)
    assert isinstance(tree.find(b"dOCS/rEPORT.PDF"), FileNode)
    assert tree.find(b"to review/unsure/REPORT.pdf") is tree.file(2)
    assert tree.find(b"To review/unsure/rEPORT.pdf") is None
    assert tree.find(b"To review/Unsure/REPORT.pdf") is None


def test_a_rename_in_case_only_keeps_the_file() -> None:
    tree = made(edit(MOVE, b"Docs/Report.pdf", b"docs/REPORT.PDF"), plan=TWINS)
    assert layout(tree) == {b"Docs": {b"REPORT.PDF": b"Report.pdf"}}


def test_twins_that_come_into_the_layout_in_a_folder_are_numbered() -> None:
    tree = made(
        edit(MKDIR, b"To review/unsure/both"),
        edit(MOVE, b"To review/unsure/REPORT.pdf", b"To review/unsure/both/REPORT.pdf"),
        edit(MOVE, b"To review/unsure/report.pdf", b"To review/unsure/both/report.pdf"),
        edit(MOVE, b"To review/unsure/both", b"Docs/both"),
        plan=TWINS,
    )
    both = {b"REPORT.pdf": b"REPORT.pdf", b"report (2).pdf": b"report.pdf"}
    assert layout(tree) == {b"Docs": {b"Report.pdf": b"Report.pdf", b"both": both}}


@pytest.mark.parametrize(
    ("refused_edit", "refusal"),
    [
        (edit(MKDIR, b"dOCS"), FsErrorKind.EXISTS),
        (edit(MKDIR, b"to review/mine"), FsErrorKind.NOT_PERMITTED),
        (edit(MOVE, b"Docs", b"TO REVIEW/Docs"), FsErrorKind.NOT_PERMITTED),
        (edit(MOVE, b"Docs", b"DOCS/deeper"), FsErrorKind.INVALID),
        (edit(SWAP, b"docs/Report.pdf", b"DOCS"), FsErrorKind.INVALID),
    ],
    ids=["mkdir", "mkdir in review", "move into review", "move into itself", "swap with its folder"],
)
def test_other_spellings_do_not_get_around_a_refusal(refused_edit: Edit, refusal: FsErrorKind) -> None:
    tree = made(plan=TWINS)
    with pytest.raises(FsError) as refused:
        tree.apply(refused_edit)
    assert refused.value.kind is refusal
    assert shape(tree.root) == shape(made(plan=TWINS).root)
    tree.check_invariants()


# Several roots


def test_several_roots_are_told_apart_in_the_review_folder() -> None:
    plan = plan_of(
        (b"/a/in/x", KeepReason.UNSURE),
        (b"/b/in/x", KeepReason.UNSURE),
        (b"/c/x", KeepReason.UNSURE),
        roots=[b"/a/in", b"/b/in", b"/c"],
    )
    assert review(made(plan=plan)) == {b"unsure": {b"in": {b"x": b"x"}, b"in (2)": {b"x": b"x"}, b"c": {b"x": b"x"}}}


@pytest.mark.parametrize(
    ("roots", "labels"),
    [
        ([b"/in"], [b""]),
        ([b"/", b"/in"], [b"root", b"in"]),
        ([b"/a/in", b"/in (2)", b"/b/in"], [b"in", b"in (2)", b"in (3)"]),
    ],
    ids=["one", "the whole disk", "a name that looks numbered"],
)
def test_labels_of_roots_differ(roots: list[bytes], labels: list[bytes]) -> None:
    plan = plan_of(roots=roots)
    assert plan.roots == tuple(Root(root, "uuid:memory-1") for root in roots)
    assert root_labels(plan) == dict(zip(roots, labels, strict=True))
