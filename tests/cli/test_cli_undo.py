"""Edits taken back and made again on the command line, step by step, and the list of them."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from ifmosfs.core.plan import Edit, EditKind, EditOrigin
from ifmosfs.store.catalogue import Catalogue, open_catalogue
from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import ORGANISED, THEN_NS, Desk, refusal
from tests.cli.command_line import TABLE as TABLE_BYTES

SCRIPT, TABLE, PAPER = (
    "Development/Source code/run.sh",
    "Data/Datasets/sizes.csv",
    "Financial/Documents/2021/invoice-17.txt",
)
MOMENT_NS = 1_700_000_000 * 10**9  # 2023-11-14 22:13:20 UTC


@pytest.fixture
def plan(desk: Desk) -> str:
    return desk.staged()


def moved(path: str, target: str) -> Edit:
    return Edit(0, EditKind.MOVE, path.encode(), target.encode(), MOMENT_NS)


def left_out(path: str) -> Edit:
    return Edit(0, EditKind.EXCLUDE, path.encode(), None, MOMENT_NS)


def gesture(desk: Desk, plan: str, *drafts: Edit) -> None:
    """What the view makes of one gesture of a file manager."""
    with open_catalogue(desk.state) as catalogue:
        log = catalogue.edit_log(plan)
        catalogue.append_edits(plan, drafts, log[-1].seq if log else 0)


def planned(desk: Desk, plan: str) -> list[str]:
    return sorted(row["target"] for row in desk.here("stage", "show", plan, "--json").json["moves"])


def test_a_drag_of_many_files_is_taken_back_and_made_again_as_one_step(desk: Desk, plan: str) -> None:
    before = planned(desk, plan)
    gesture(desk, plan, moved(SCRIPT, "Data/run.sh"), moved(TABLE, "Data/sizes.csv"))
    dragged = planned(desk, plan)
    assert dragged == ["Data/run.sh", "Data/sizes.csv", PAPER]
    assert desk.here("stage", "undo", plan) == (
        0,
        f"""\
Taken back: 2 items dragged to Data
Make it again: ifmosfs stage redo {plan}    Apply the rest: ifmosfs commit {plan}
""",
        "",
    )
    assert planned(desk, plan) == before
    assert desk.here("stage", "list", "--json").json["plans"][0]["edits"] == 0
    assert desk.here("stage", "redo", plan) == (
        0,
        f"""\
Made again: 2 items dragged to Data
Take it back: ifmosfs stage undo {plan}    Apply: ifmosfs commit {plan}
""",
        "",
    )
    assert planned(desk, plan) == dragged


def test_the_log_lists_the_steps_in_words_with_what_was_taken_back(desk: Desk, plan: str) -> None:
    gesture(desk, plan, left_out(SCRIPT), Edit(0, EditKind.RMDIR, b"Development/Source code", None, MOMENT_NS))
    gesture(desk, plan, moved(TABLE, "Data/Datasets/all.csv"))
    desk.here("stage", "undo")
    assert desk.here("stage", "log", plan).out == (
        f"Plan {plan}: 2 steps of edits, 1 of them taken back\n"
        f"     1  2023-11-14 22:13:20  {SCRIPT} left out, folder Development/Source code removed\n"
        f"     3  2023-11-14 22:13:20  {TABLE} renamed to all.csv  (taken back)\n"
        f"Take the last one back: ifmosfs stage undo {plan}\n"
    )
    first, second = desk.here("stage", "log", plan, "--json").json["steps"]
    assert second == {
        "step": 3,
        "at_ns": MOMENT_NS,
        "origin": "view",
        "in_force": False,
        "what": f"{TABLE} renamed to all.csv",
        "edits": [{"seq": 3, "kind": "move", "from": TABLE, "to": "Data/Datasets/all.csv"}],
    }
    assert (first["in_force"], [row["kind"] for row in first["edits"]]) == (True, ["exclude", "rmdir"])


def test_a_plan_that_nobody_edited_has_an_empty_log(desk: Desk, plan: str) -> None:
    assert desk.here("stage", "log") == (0, f"Plan {plan}: 0 steps of edits\n", "")


def test_several_steps_are_taken_back_the_newest_first_and_too_few_are_told_by_the_status(
    desk: Desk, plan: str
) -> None:
    for at in range(3):
        gesture(desk, plan, Edit(0, EditKind.MKDIR, b"%d" % at, None, MOMENT_NS))
    told = desk.here("stage", "undo", plan, "--steps", "2", "--json")
    undone = [(row["what"], row["in_force"]) for row in told.json["undone"]]
    assert (told.status, undone) == (0, [("folder 2 made", False), ("folder 1 made", False)])
    again = desk.here("stage", "redo", plan, "--steps", "9")
    assert (again.status, again.out.splitlines()[:3]) == (
        3,
        ["Made again: folder 1 made", "Made again: folder 2 made", "No more than 2 steps could be."],
    )
    all_back = desk.here("stage", "undo", plan, "--steps", "9", "--json")
    assert (all_back.status, len(all_back.json["undone"]), all_back.json["outdated_view"]) == (3, 3, None)


def test_where_nothing_can_be_taken_back_or_made_again_the_reason_is_told(desk: Desk, plan: str) -> None:
    look = f"  hint: see what was edited: ifmosfs stage log {plan}"
    assert refusal(desk.here("stage", "undo")) == [
        f"error[wrong-state]: no edit of plan {plan} is left to take back",
        look,
    ]
    assert refusal(desk.here("stage", "redo")) == [
        f"error[wrong-state]: no edit of plan {plan} has been taken back",
        look,
    ]
    gesture(desk, plan, left_out(SCRIPT))
    assert desk.here("stage", "undo").status == 0
    assert refusal(desk.here("stage", "undo", plan)) == [
        f"error[wrong-state]: no edit of plan {plan} is left to take back",
        f"  hint: make it again: ifmosfs stage redo {plan}",
    ]
    gesture(desk, plan, left_out(TABLE))
    assert refusal(desk.here("stage", "redo")) == [
        f"error[wrong-state]: plan {plan} was edited since, so that nothing can be made again",
        look,
    ]
    assert desk.here("stage", "undo", "--steps", "0").status == 2


@pytest.mark.parametrize("command", ["undo", "redo"])
def test_a_plan_that_is_over_is_refused_with_the_way_on(desk: Desk, plan: str, command: str) -> None:
    gesture(desk, plan, left_out(SCRIPT))
    desk.here("stage", "discard", plan)
    assert refusal(desk.here("stage", command, plan)) == [
        f"error[wrong-state]: plan {plan} is discarded",
        f"  hint: take it up again: ifmosfs stage reopen {plan}",
    ]
    desk.here("stage", "reopen", plan)
    assert desk.here("stage", "undo", plan).status == 0
    assert desk.here("commit", plan, "--yes").status == 0
    assert refusal(desk.here("stage", command, plan))[0] == f"error[wrong-state]: plan {plan} is committed already"
    assert desk.here("stage", "log").out.endswith(f"{SCRIPT} left out  (taken back)\n")


@pytest.mark.parametrize("command", ["undo", "redo"])
def test_a_plan_whose_commit_has_begun_is_refused_with_the_way_on(desk: Desk, plan: str, command: str) -> None:
    gesture(desk, plan, left_out(SCRIPT))
    with open_catalogue(desk.state) as catalogue:
        catalogue.begin_commit(plan, 1)
    assert refusal(desk.here("stage", command, plan)) == [
        f"error[wrong-state]: the commit of plan {plan} has begun",
        f"  hint: go on: ifmosfs commit {plan}; or move back: ifmosfs rollback {plan}",
    ]


def test_a_commit_makes_what_is_in_force_and_learns_from_nothing_else(desk: Desk, plan: str) -> None:
    gesture(desk, plan, moved(TABLE, "all.csv"))
    gesture(desk, plan, left_out(SCRIPT), moved(PAPER, "paper.txt"))
    desk.here("stage", "undo", plan)
    assert desk.here("commit", plan, "--yes").status == 0
    left = {b".ifmosfs": None, b"Data": {b"Datasets": {}}}  # the folder that the plan makes for the table
    assert {**read_tree(desk.target), b".ifmosfs": None} == {**ORGANISED, **left, b"all.csv": TABLE_BYTES}
    with open_catalogue(desk.state) as catalogue:
        assert [(one.place.path, one.to_target) for one in catalogue.corrections(plan)] == [
            (b"tables/sizes.csv", b"all.csv")
        ]


def test_a_commit_of_a_plan_whose_edits_are_all_taken_back_makes_the_plan(desk: Desk, plan: str) -> None:
    before = planned(desk, plan)
    gesture(desk, plan, left_out(SCRIPT), moved(PAPER, "paper.txt"))
    desk.here("stage", "undo", plan)
    assert desk.here("commit", plan, "--yes").status == 0
    assert all((desk.target / path).is_file() for path in before)
    with open_catalogue(desk.state) as catalogue:
        assert catalogue.corrections(plan) == []


def test_an_edit_that_comes_in_between_is_what_undo_takes_back(
    desk: Desk, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gesture(desk, plan, left_out(SCRIPT))
    really_append, others = Catalogue.append_edits, [moved(TABLE, "all.csv")]

    def append_late(self: Catalogue, plan_id: str, drafts: Sequence[Edit], after: int) -> tuple[Edit, ...]:
        if others:
            self.append_edit(plan_id, others.pop())
        return really_append(self, plan_id, drafts, after)

    monkeypatch.setattr(Catalogue, "append_edits", append_late)
    assert desk.here("stage", "undo", plan).out.startswith(f"Taken back: {TABLE} dragged to all.csv\n")
    assert [step["in_force"] for step in desk.here("stage", "log", "--json").json["steps"]] == [True, False]


# Answers and mending are steps, too


@pytest.fixture
def contested(desk: Desk) -> str:
    """A plan with two conflicts about one name that the target has already."""
    write_tree(desk.target / "Financial/Documents/2021", {b"invoice-17.txt": b"theirs"})
    write_tree(desk.inbox / "later", {b"invoice-17.txt": (desk.inbox / "invoice-17.txt").read_bytes() + b"Thanks\n"})
    os.utime(desk.inbox / "later" / "invoice-17.txt", ns=(THEN_NS, THEN_NS + 10**9))
    return desk.staged("--conflict", "ask")


def test_all_answers_of_one_command_are_one_step_that_stands_no_more_when_it_is_taken_back(
    desk: Desk, contested: str
) -> None:
    assert desk.here("stage", "resolve", contested, "-s", "rename").status == 0
    assert desk.here("stage", "undo", contested).out.startswith(
        "Taken back: by stage resolve: 2 items placed in Financial/Documents/2021\n"
    )
    assert len(desk.here("stage", "resolve", contested, "--json").json["open"]) == 2
    assert desk.here("stage", "resolve", contested, "--undo").out == f"0 answers of plan {contested} taken back.\n"
    assert desk.here("stage", "redo", contested).status == 0
    assert desk.here("stage", "resolve", contested, "--json").json["open"] == []
    assert desk.here("stage", "resolve", contested, "--undo").out == f"2 answers of plan {contested} taken back.\n"


def test_taking_answers_back_can_be_taken_back_itself(desk: Desk, contested: str) -> None:
    desk.here("stage", "resolve", contested, "-s", "rename")
    answered = planned(desk, contested)
    desk.here("stage", "resolve", contested, "--undo")
    assert planned(desk, contested) != answered
    desk.here("stage", "undo", contested)
    assert planned(desk, contested) == answered
    assert desk.here("stage", "resolve", contested, "--undo").out == f"2 answers of plan {contested} taken back.\n"


def test_a_new_answer_after_one_was_taken_back_is_made_and_stands(desk: Desk, contested: str) -> None:
    desk.here("stage", "resolve", contested, "-s", "skip")
    desk.here("stage", "undo", contested)
    assert desk.here("stage", "resolve", contested, "-s", "rename").status == 0
    origins = [(step["origin"], step["in_force"]) for step in desk.here("stage", "log", "--json").json["steps"]]
    assert origins == [("resolve", False), ("resolve", True)]
    assert len(desk.here("stage", "resolve", contested, "--undo", "--json").json["undone"]) == 2


def test_what_fix_does_is_one_step(desk: Desk, plan: str) -> None:
    for path in ("run.sh", "invoice-17.txt"):
        os.remove(desk.inbox / path)
    assert desk.here("stage", "fix", plan, "--auto").status == 0
    assert planned(desk, plan) == [TABLE]
    assert desk.here("stage", "undo", plan).out.startswith("Taken back: by stage fix: 2 files left out\n")
    assert planned(desk, plan) == [TABLE, SCRIPT, PAPER]


# In words


@pytest.mark.parametrize(
    ("drafts", "words"),
    [
        ([(EditKind.MOVE, b"Docs/a", b"Docs/b")], "Docs/a renamed to b"),
        ([(EditKind.MOVE, b"Docs/a", b"a")], "Docs/a dragged to the top folder"),
        ([(EditKind.MOVE, b"Docs/a", b"Else/b")], "Docs/a dragged to Else/b"),
        ([(EditKind.MOVE, b"Docs/a", b"Docs/x"), (EditKind.MOVE, b"Docs/b", b"Docs/y")], "2 items renamed"),
        ([(EditKind.MOVE, b"Docs/a", b"X/a"), (EditKind.MOVE, b"Docs/b", b"Y/b")], "2 items dragged to 2 folders"),
        ([(EditKind.SWAP, b"a", b"b")], "a and b swapped"),
        ([(EditKind.REPLACE, b"a", b"Docs/a")], "a put in the place of Docs/a"),
        ([(EditKind.VAULT, b"a\xff\n", None)], "a\\xff\\x0a put into the vault"),
        ([(EditKind.TOUCH, b"Docs", None)], "mode or time of folder Docs set"),
        ([(EditKind.EXCLUDE, b"%d" % at, None) for at in range(1200)], "1,200 files left out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_gesture_is_told_in_words(
    desk: Desk, plan: str, drafts: list[tuple[EditKind, bytes, bytes | None]], words: str
) -> None:
    edits = [Edit(0, kind, path, target, MOMENT_NS, origin=EditOrigin.VIEW) for kind, path, target in drafts]
    gesture(desk, plan, *edits)
    (step,) = desk.here("stage", "log", plan, "--json").json["steps"]
    assert step["what"] == words
