"""What drags, deletions and written categories say about files, and what they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ifmosfs.core.edit_log import numbered
from ifmosfs.core.lessons import LessonKind, LessonOrigin
from ifmosfs.core.plan import NO_CATEGORY, Edit, EditKind, EditOrigin, KeepReason, Plan, Unit, UnitKind
from ifmosfs.core.sayings import MOST_DENIED, MOST_FILED, sayings
from ifmosfs.core.tree import PlanTree
from tests.core.plans import edit, plan_of

FOLDERS = {b"Docs": {"paper"}, b"Law": {"legal"}, b"Web": {"page", "bookmark"}}
MOVE, EXCLUDE = EditKind.MOVE, EditKind.EXCLUDE
PLAN = plan_of(
    (b"a.txt", b"Docs/a.txt"), (b"b.txt", b"Docs/b.txt"), (b"who", KeepReason.UNSURE), (b"in/c", b"Docs/in/c")
)
WHO = b"To review/unsure/who"


def categories_at(folder: bytes) -> frozenset[str]:
    return frozenset(FOLDERS.get(folder.partition(b"/")[0], ()))


def heard(*edits: Edit, plan: Plan = PLAN) -> list[tuple[int, str, str]]:
    """(number of the action, is or not, category)."""
    found = sayings(PlanTree(plan), list(numbered(edits, None)), categories_at)
    return [(one.action.action_id, one.kind.value, one.category) for one in found]


@pytest.mark.parametrize(
    ("edits", "wanted"),
    [
        ([edit(MOVE, b"Docs/a.txt", b"Law/a.txt")], [(1, "is", "legal")]),
        ([edit(MOVE, b"Docs/a.txt", b"Law/2020/deep/a.txt")], [(1, "is", "legal")]),
        ([edit(MOVE, WHO, b"Docs/who")], [(3, "is", "paper")]),
        ([edit(EditKind.REPLACE, WHO, b"Law/who", replaces=PLAN.actions[0].expected)], [(3, "is", "legal")]),
        ([edit(EXCLUDE, b"Docs/a.txt")], [(1, "not", "paper")]),
        ([edit(MOVE, b"Docs/a.txt", b"To review/unsure/a.txt")], [(1, "not", "paper")]),
        ([edit(MOVE, WHO, b"Law/who"), edit(EXCLUDE, b"Law/who")], [(3, "is", "legal"), (3, "not", "legal")]),
        ([edit(MOVE, b"Docs/in", b"Law/in")], [(4, "is", "legal")]),
        (
            [edit(MOVE, WHO, b"Law/who"), edit(EditKind.SWAP, b"Law/who", b"Docs/a.txt")],
            [(3, "is", "legal"), (3, "is", "paper"), (1, "is", "legal")],
        ),
    ],
    ids=[
        "dragged to another category",
        "dragged deep into it",
        "dragged out of the review",
        "put over a file of the target",
        "deleted",
        "dragged into the review",
        "deleted where a person had put it",
        "folder dragged",
        "swapped",
    ],
)
def test_place_says_what_a_file_is(edits: list[Edit], wanted: object) -> None:
    assert heard(*edits) == wanted


@pytest.mark.parametrize(
    "edits",
    [
        [edit(MOVE, b"Docs/a.txt", b"Docs/z.txt")],
        [edit(MOVE, b"Docs/a.txt", b"Docs/2020/a.txt")],
        [edit(MOVE, b"Docs/a.txt", b"Stuff/a.txt")],
        [edit(MOVE, b"Docs", b"Papers")],
        [edit(MOVE, WHO, b"Web/who")],
        [edit(MOVE, WHO, b"To review/excluded/who")],
        [edit(EXCLUDE, WHO)],
        [edit(EditKind.VAULT, b"Docs/a.txt")],
        [edit(MOVE, b"Docs/a.txt", b"To review/vault/a.txt")],
        [edit(MOVE, b"Docs/in", b"To review/excluded/in")],
        [edit(EditKind.MKDIR, b"Law")],
        [replace(edit(MOVE, b"Docs/a.txt", b"Law/a.txt", ), origin=EditOrigin.RESOLVE)],
        [replace(edit(MOVE, b"Docs/a.txt", b"Law/a.txt"), origin=EditOrigin.WATCH, action_id=1)],
    ],
    ids=[
        "renamed",
        "sorted within its category",
        "folder of no category",
        "folder of a category renamed",
        "folder of two categories",
        "it stayed before",
        "deleted where it stayed",
        "put into the vault",
        "dragged into the vault",
        "folder put into the review",
        "folder made",
        "by an answer to a conflict",
        "by the program",
    ],
)  # fmt: skip
def test_nothing_is_said_by(edits: list[Edit]) -> None:
    assert heard(*edits) == []


def test_written_category_says_what_a_file_is_wherever_it_goes() -> None:
    written = replace(edit(MOVE, b"Docs/a.txt", b"Docs/a.txt"), category="legal")
    (found,) = sayings(PlanTree(PLAN), list(numbered([written], None)), categories_at)
    assert (found.action.action_id, found.kind, found.category) == (1, LessonKind.IS, "legal")
    assert found.origin is LessonOrigin.XATTR


def test_written_none_says_that_a_file_is_of_no_category() -> None:
    written = replace(edit(EXCLUDE, b"Docs/a.txt"), category=NO_CATEGORY)
    (found,) = sayings(PlanTree(PLAN), list(numbered([written], None)), categories_at)
    assert (found.action.action_id, found.kind, found.category) == (1, LessonKind.IS, None)
    assert found.origin is LessonOrigin.XATTR


def test_folder_of_two_categories_means_the_one_that_the_program_thought_of() -> None:
    guessed = replace(PLAN.actions[2], category="bookmark", score=0.4)
    plan = replace(PLAN, actions=(*PLAN.actions[:2], guessed, PLAN.actions[3]))
    assert heard(edit(MOVE, WHO, b"Web/who"), plan=plan) == [(3, "is", "bookmark")]


def test_files_of_a_project_say_nothing() -> None:
    rows = [(b"p/setup.py", b"Docs/p/setup.py"), (b"p/x", b"Docs/p/x")]
    made = plan_of(*rows)
    actions = tuple(replace(action, unit=1) for action in made.actions)
    plan = replace(made, actions=actions, units=(Unit(1, UnitKind.PROJECT, b"/in", b"p"),))
    assert heard(edit(MOVE, b"Docs/p", b"Law/p"), plan=plan) == []


@pytest.mark.parametrize(("n_files", "n_heard"), [(MOST_FILED, MOST_FILED), (MOST_FILED + 1, 0)])
def test_very_large_folder_says_nothing_when_it_is_dragged(n_files: int, n_heard: int) -> None:
    plan = plan_of(*((b"%d" % number, b"Docs/in/%d" % number) for number in range(n_files)))
    assert len(heard(edit(MOVE, b"Docs/in", b"Law/in"), plan=plan)) == n_heard


@pytest.mark.parametrize(("n_files", "n_heard"), [(MOST_DENIED, MOST_DENIED), (MOST_DENIED + 1, 0)])
def test_files_that_are_deleted_by_the_dozen_are_only_left_where_they_are(n_files: int, n_heard: int) -> None:
    plan = plan_of(*((b"%d" % number, b"Docs/%d" % number) for number in range(n_files)))
    edits = [edit(EXCLUDE, b"Docs/%d" % number) for number in range(n_files)]
    assert len(heard(*edits, plan=plan)) == n_heard
