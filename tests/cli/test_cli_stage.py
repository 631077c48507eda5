"""`ifmosfs stage …`, `status`, `doctor`: plans are made, shown, previewed, checked, discarded and taken up again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.store.catalogue import open_catalogue
from tests.adapters.trees import Link, Tree, read_tree, write_tree
from tests.cli.command_line import INBOX, INVOICE, LEFT, ORGANISED, SCRIPT, TABLE, Desk, attributes, refusal


def test_a_new_plan_accounts_for_every_file_and_says_what_to_type_next(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    result = desk.here("stage", "create", "--output", desk.target)
    plan = desk.here("stage", "list", "--json").json["plans"][0]["plan"]
    assert result == (
        0,
        (
            f"Plan {plan}: 3 files to {desk.target}\n"
            "        1  Data/\n"
            "        1  Development/\n"
            "        1  Financial/\n"
            "4 scanned = 3 planned + 1 unsure what they are\n"
            f"Look: ifmosfs mount --plan {plan} · Apply: ifmosfs commit {plan}\n"
        ),
        "",
    )


def test_a_new_plan_as_json(desk: Desk) -> None:
    session = desk.here("scan", desk.inbox, "--json").json["session"]
    fields = desk.here("stage", "create", "--output", desk.target, "--json").json
    assert len(fields.pop("plan")) == 10
    assert fields == {
        "session": session,
        "target": str(desk.target),
        "planned": 3,
        "new_folders": 7,
        "vault": 0,
        "conflicts": {},
        "staying": {"unsure": 1},
        "skipped": 0,
        "unreadable": 0,
        "scanned": 4,
    }


def test_planning_makes_nothing_on_the_disk(desk: Desk) -> None:
    before = attributes(desk.inbox)
    desk.staged()
    assert (attributes(desk.inbox), desk.target.exists()) == (before, False)


def test_a_plan_without_a_target_goes_to_the_default_one(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    assert desk.here("stage", "create", "--json").json["target"] == str(desk.home / "Organized")


def test_the_list_tells_each_plans_state(desk: Desk) -> None:
    first, second = desk.staged(), desk.staged()
    desk.here("stage", "discard", first)
    rows = desk.here("stage", "list", "--json").json["plans"]
    assert [(row["plan"], row["state"], row["moves"], row["staying"], row["edits"]) for row in rows] == [
        (first, "discarded", 3, 1, 0),
        (second, "staged", 3, 1, 0),
    ]


def test_the_list_of_no_plans_says_how_to_make_one(desk: Desk) -> None:
    assert desk.here("stage", "list") == (0, "No plans. Make one: ifmosfs mount FOLDER\n", "")


def test_show_prints_the_tree_with_counts_and_what_stays(desk: Desk) -> None:
    plan = desk.staged()
    result = desk.here("stage", "show", plan, "--depth", "4", "--names", "2")
    lines = result.out.splitlines()
    assert (result.status, result.err) == (0, "")
    assert lines[:13] == [
        f"{desk.target}/",
        "  Data/  1",
        "    Datasets/  1",
        "      sizes.csv",
        "  Development/  1",
        "    Source code/  1",
        "      run.sh",
        "  Financial/  1",
        "    Documents/  1",
        "      2021/  1",
        "        invoice-17.txt",
        "Staying, unsure what they are: 1",
        lines[12],
    ]
    assert lines[12].startswith(f"  {desk.inbox}/tables/what.xyz  (")
    assert lines[-2:] == ["4 scanned = 3 planned + 1 unsure what they are", "State: staged"]


def test_show_as_json_names_every_file(desk: Desk) -> None:
    fields = desk.here("stage", "show", desk.staged(), "--json").json
    moves = sorted((row["source"], row["target"], row["category"]) for row in fields["moves"])
    assert moves == [
        (f"{desk.inbox}/invoice-17.txt", "Financial/Documents/2021/invoice-17.txt", "financial_document"),
        (f"{desk.inbox}/run.sh", "Development/Source code/run.sh", "technical_script"),
        (f"{desk.inbox}/tables/sizes.csv", "Data/Datasets/sizes.csv", "technical_dataset"),
    ]
    assert [(row["source"], row["why"]) for row in fields["kept"]] == [(f"{desk.inbox}/tables/what.xyz", "unsure")]
    assert all(row["reason"] and 0.6 <= row["confidence"] <= 1 for row in fields["moves"])


def test_a_name_that_the_target_has_already_is_numbered_when_planned(desk: Desk) -> None:
    write_tree(desk.target, {b"Data": {b"Datasets": {b"sizes.csv": b"another one"}}})
    desk.committed()
    assert read_tree(desk.target / "Data") == {
        b"Datasets": {b"sizes.csv": b"another one", b"sizes (2).csv": TABLE},
    }


def test_with_skip_a_file_whose_name_is_taken_stays(desk: Desk) -> None:
    write_tree(desk.target, {b"Data": {b"Datasets": {b"sizes.csv": b"another one"}}})
    plan = desk.staged("--conflict", "skip")
    shown = desk.here("stage", "show", plan, "--json").json
    assert (shown["planned"], shown["staying"]) == (2, {"unsure": 1, "conflicts": 1})
    desk.here("commit", plan, "--yes")
    assert read_tree(desk.inbox) == {b"tables": INBOX[b"tables"]}


PREVIEWED: dict[str, Callable[[Path], Tree]] = {
    "symlink": lambda inbox: {
        b"Data": {b"Datasets": {b"sizes.csv": Link(os.fsencode(inbox) + b"/tables/sizes.csv")}},
        b"Development": {b"Source code": {b"run.sh": Link(os.fsencode(inbox) + b"/run.sh")}},
        b"Financial": {b"Documents": {b"2021": {b"invoice-17.txt": Link(os.fsencode(inbox) + b"/invoice-17.txt")}}},
    },
    "hardlink": lambda _: ORGANISED,
    "copy": lambda _: ORGANISED,
}


@pytest.mark.parametrize("method", PREVIEWED)
def test_a_plan_can_be_previewed_without_a_mount(desk: Desk, method: str) -> None:
    before = attributes(desk.inbox)
    plan = desk.staged()
    fields = desk.here("stage", "preview", "--plan", plan, "--method", method, "--json").json
    folder = fields.pop("folder")
    assert fields == {"plan": plan, "method": method, "files": 3, "opened": None, "not_shown": []}
    assert read_tree(folder) == PREVIEWED[method](desk.inbox)
    assert attributes(desk.inbox) == before


@pytest.mark.parametrize("method", PREVIEWED)
def test_a_preview_names_the_originals_that_are_gone_and_shows_the_others(desk: Desk, method: str) -> None:
    plan = desk.staged()
    gone = desk.inbox / "invoice-17.txt"
    gone.unlink()
    result = desk.here("stage", "preview", plan, "--method", method, "--json")
    assert (result.status, result.json["files"]) == (3, 2)
    assert result.json["not_shown"] == [{"path": str(gone), "why": "it is gone"}]
    told = desk.here("stage", "preview", plan, "--method", method)
    assert (told.status, f"  not shown: {gone}: it is gone\n" in told.out) == (3, True)


@pytest.mark.parametrize("method", PREVIEWED)
def test_a_preview_goes_with_its_plan_and_takes_no_original_along(desk: Desk, method: str) -> None:
    plan = desk.staged()
    folder = desk.here("stage", "preview", plan, "--method", method, "--json").json["folder"]
    assert desk.here("stage", "discard", plan).status == 0
    assert (os.path.exists(folder), read_tree(desk.inbox)) == (False, INBOX)


def test_a_plan_that_nothing_stands_against_is_validated(desk: Desk) -> None:
    plan = desk.staged()
    result = desk.here("stage", "validate", plan, "--json")
    assert (result.status, result.json) == (
        0,
        {
            "plan": plan,
            "level": "normal",
            "ready": True,
            "problems": [],
            "warnings": [],
            "files": 3,
            "copies": 0,
            "copy_bytes": 0,
        },
    )
    assert desk.here("stage", "validate", plan).out == (
        f"Plan {plan}: 3 files checked\nNothing stands against it. Apply: ifmosfs commit {plan}\n"
    )
    assert desk.state_of(plan) == "validated"


def test_validation_shows_every_problem_at_once_and_changes_nothing(desk: Desk) -> None:
    plan = desk.staged()
    (desk.inbox / "run.sh").write_bytes(b"#!/bin/sh\necho something else\n")
    (desk.inbox / "invoice-17.txt").unlink()
    write_tree(desk.target, {b"Data": {b"Datasets": {b"sizes.csv": b"in the way"}}})
    result = desk.here("stage", "validate", plan, "--json")
    problems = sorted((row["code"], row["path"]) for row in result.json["problems"])
    assert (result.status, result.json["ready"], problems) == (
        4,
        False,
        [
            ("changed", f"{desk.inbox}/run.sh"),
            ("name-taken", f"{desk.target}/Data/Datasets/sizes.csv"),
            ("vanished", f"{desk.inbox}/invoice-17.txt"),
        ],
    )
    assert desk.state_of(plan) == "staged"


def test_a_discarded_plan_is_taken_up_again(desk: Desk) -> None:
    plan = desk.staged()
    desk.here("stage", "discard", plan)
    assert desk.here("stage", "reopen", plan) == (
        0,
        f"Plan {plan} is staged again. Look: ifmosfs mount --plan {plan}\n",
        "",
    )
    assert desk.here("commit", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == LEFT


def test_a_step_that_the_plans_state_does_not_allow_is_refused(desk: Desk) -> None:
    plan = desk.committed()
    for command in ("discard", "reopen"):
        refused = desk.here("stage", command, plan)
        assert (refused.status, refused.out, refused.err.split(":")[0]) == (2, "", "error[wrong-state]"), command
    assert desk.state_of(plan) == "committed"


def test_the_status_of_a_fresh_program_is_empty(desk: Desk) -> None:
    assert desk.here("status", "--json").json == {
        "mounts": [],
        "sessions": [],
        "plans": [],
        "unfinished": [],
        "busy": None,
        "lost_journals": [],
        "unknown_plans": [],
        "vaults": [],
    }


def test_the_status_lists_sessions_and_plans_the_finished_ones_only_when_asked(desk: Desk) -> None:
    plan = desk.staged()
    desk.here("stage", "discard", plan)
    brief, full = desk.here("status", "--json").json, desk.here("status", "--all", "--json").json
    assert [(row["roots"], row["files"], row["tag"]) for row in brief["sessions"]] == [([str(desk.inbox)], 4, None)]
    assert (brief["plans"], [row["plan"] for row in full["plans"]]) == ([], [plan])


def test_the_doctor_finds_everything_with_its_level_and_a_remedy_for_each_problem(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    result = desk.here("doctor", "--json")
    findings = {row["what"]: row for row in result.json["findings"]}
    assert {"Python", "ifmosfs", "mfusepy", "FUSE library", "/dev/fuse", "FUSE helper", "state folder"} <= set(findings)
    assert findings[f"scanned folder {desk.inbox}"]["level"] == "ok"
    assert {row["level"] for row in findings.values()} <= {"ok", "warning", "problem"}
    has_problem = any(row["level"] == "problem" for row in findings.values())
    assert result.status == (6 if has_problem else 0)


def test_the_doctor_names_a_scanned_folder_that_has_gone(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    desk.inbox.rename(desk.folder / "elsewhere")
    findings = {row["what"]: row for row in desk.here("doctor", "--json").json["findings"]}
    assert findings[f"scanned folder {desk.inbox}"] == {
        "level": "warning",
        "what": f"scanned folder {desk.inbox}",
        "found": "not there (No such file or directory)",
        "remedy": "mount its disk, or forget it",
    }


def test_the_names_of_an_organised_tree_are_those_of_the_inbox(desk: Desk) -> None:
    desk.committed()
    organised = read_tree(desk.target)
    del organised[b".ifmosfs"]
    assert organised == {
        b"Data": {b"Datasets": {b"sizes.csv": TABLE}},
        b"Development": {b"Source code": {b"run.sh": SCRIPT}},
        b"Financial": {b"Documents": {b"2021": {b"invoice-17.txt": INVOICE}}},
    }


def test_show_means_the_plan_that_waits_rather_than_a_committed_one(desk: Desk) -> None:
    committed = desk.committed()
    assert desk.here("stage", "show", "--json").json["plan"] == committed
    (desk.inbox / "more.csv").write_bytes(b"a,b\n1,2\n3,4\n")
    waiting = desk.staged()
    assert desk.here("stage", "show", "--json").json["plan"] == waiting


def test_a_plan_whose_edits_do_not_fit_is_told_of_in_words_and_can_be_discarded(desk: Desk) -> None:
    plan = desk.staged()
    from_nowhere = Edit(0, EditKind.MOVE, b"Data/Datasets/nowhere.csv", b"Data/there.csv", 1)
    with open_catalogue(desk.state) as catalogue:
        catalogue.append_edits(plan, [from_nowhere], 0)
    what = f"an edit of plan {plan} does not fit those before it (not found)"
    hint = f"make a new plan, and forget this one: ifmosfs stage discard {plan}"
    for command in (["commit", plan, "--yes"], ["stage", "show", plan], ["stage", "validate", plan]):
        assert refusal(desk.here(*command))[-2:] == [
            f"error[database-damaged]: {what}: Data/Datasets/nowhere.csv",
            f"  hint: {hint}",
        ]
    for command in (["status"], ["stage", "list"]):
        listed = desk.here(*command)
        assert (listed.status, listed.err, plan in listed.out) == (0, f"{what}: {hint}\n", True)
    assert (desk.here("classify").status, desk.here("scan", desk.inbox).status) == (0, 0)
    assert desk.here("stage", "discard", plan).status == 0
    assert desk.here("status").err == ""
