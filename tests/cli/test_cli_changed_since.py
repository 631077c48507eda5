"""The disk changed after the scan: that one file stays where it is, the others go on, and nothing is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

from tests.adapters.trees import Link, read_tree, write_tree
from tests.cli.command_line import INVOICE, SCRIPT, TABLE, Desk, attributes

Change = Callable[[Desk], None]


def vanish(desk: Desk) -> None:
    (desk.inbox / "run.sh").unlink()


def grow(desk: Desk) -> None:
    with (desk.inbox / "run.sh").open("ab") as file:
        file.write(b"echo more\n")


def be_saved_anew(desk: Desk) -> None:
    """What editors do: another file takes the name, with the size and the time of the old one."""
    path = desk.inbox / "run.sh"
    old = os.stat(path)
    new = desk.folder / "new"
    new.write_bytes(SCRIPT.replace(b"hello", b"hullo"))
    os.utime(new, ns=(old.st_atime_ns, old.st_mtime_ns))
    os.rename(new, path)


def become_a_folder(desk: Desk) -> None:
    vanish(desk)
    write_tree(desk.inbox / "run.sh", {b"inside": b"precious"})


def become_a_link(desk: Desk) -> None:
    vanish(desk)
    write_tree(desk.inbox, {b"run.sh": Link(b"invoice-17.txt")})


def name_taken(desk: Desk) -> None:
    write_tree(desk.target, {b"Development": {b"Source code": {b"run.sh": b"in the way"}}})


def folder_name_taken(desk: Desk) -> None:
    write_tree(desk.target, {b"Development": b"a file where a folder is wanted"})


GO_ON = "Files that stayed can be moved later. Go on: ifmosfs commit "

CHANGES: dict[str, tuple[Change, str]] = {
    "it vanished": (vanish, "vanished"),
    "it was written to": (grow, "changed"),
    "it was saved anew": (be_saved_anew, "changed"),
    "it became a folder": (become_a_folder, "became-folder"),
    "it became a link": (become_a_link, "changed"),
    "its name was taken": (name_taken, "name-taken"),
    "its folder's name was taken": (folder_name_taken, "folder-name-taken"),
}


def _others(desk: Desk) -> dict[str, bytes]:
    return {
        "invoice": (desk.target / "Financial/Documents/2021/invoice-17.txt").read_bytes(),
        "table": (desk.target / "Data/Datasets/sizes.csv").read_bytes(),
    }


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_not_as_planned_stays_and_the_others_go_on(desk: Desk, change: str) -> None:
    plan = desk.staged()
    happen, code = CHANGES[change]
    happen(desk)
    here = read_tree(desk.inbox).get(b"run.sh")
    there = read_tree(desk.target).get(b"Development") if desk.target.exists() else None
    result = desk.here("commit", plan, "--yes", "--json")
    fields = result.json
    assert (result.status, fields["moved"], fields["conflicts"], fields["state"]) == (3, 2, 1, "complete")
    assert code in {row["code"] for row in fields["problems"]}
    assert all(row["path"] and row["words"] for row in fields["problems"])
    assert read_tree(desk.inbox).get(b"run.sh") == here
    assert there is None or read_tree(desk.target)[b"Development"] == there
    assert _others(desk) == {"invoice": INVOICE, "table": TABLE}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_named_with_its_code_and_a_remedy_before_anyone_is_asked(desk: Desk, change: str) -> None:
    plan = desk.staged()
    happen, code = CHANGES[change]
    happen(desk)
    result = desk.here("commit", plan, "--dry-run")
    assert result.status == 3
    assert f"  {code}: " in result.out.partition("found before starting:")[2]
    assert desk.state_of(plan) == "staged"


@pytest.mark.parametrize("change", CHANGES)
def test_the_rest_rolls_back_and_what_changed_is_left_alone(desk: Desk, change: str) -> None:
    plan = desk.staged()
    CHANGES[change][0](desk)
    before = attributes(desk.inbox)
    target = attributes(desk.target) if desk.target.exists() else None
    desk.here("commit", plan, "--yes")
    assert desk.here("rollback", plan, "--yes").status == 0
    assert attributes(desk.inbox) == before
    assert (attributes(desk.target) if desk.target.exists() else None) == target


def test_what_stayed_for_its_name_goes_when_the_name_is_free_and_commit_is_typed_again(desk: Desk) -> None:
    plan = desk.staged()
    name_taken(desk)
    first = desk.here("commit", plan, "--yes")
    assert (first.status, GO_ON + plan in first.out.splitlines()) == (3, True)
    (desk.target / "Development/Source code/run.sh").rename(desk.folder / "moved away")
    shown = desk.here("commit", plan, "--dry-run").out.splitlines()
    assert shown[:2] == [f"Plan {plan}: 1 file to {desk.target}", "  2 were moved by an earlier commit"]
    again = desk.here("commit", plan, "--yes", "--json")
    assert (again.status, again.json["moved"]) == (0, 1)
    assert (desk.target / "Development/Source code/run.sh").read_bytes() == SCRIPT
    assert desk.state_of(plan) == "committed"
    assert desk.here("rollback", plan, "--yes").status == 0
    assert (desk.inbox / "run.sh").read_bytes() == SCRIPT


@pytest.mark.parametrize("change", CHANGES)
def test_a_commit_says_how_to_go_on_only_where_the_same_plan_can_move_what_stayed(desk: Desk, change: str) -> None:
    plan = desk.staged()
    CHANGES[change][0](desk)
    said = desk.here("commit", plan, "--yes").out
    assert (GO_ON + plan in said.splitlines()) is (CHANGES[change][1] in {"name-taken", "folder-name-taken"})


def test_a_plan_none_of_whose_files_is_there_is_outdated(desk: Desk) -> None:
    plan = desk.staged()
    for name in ("run.sh", "invoice-17.txt", "tables/sizes.csv"):
        (desk.inbox / name).unlink()
    before = attributes(desk.inbox)
    assert desk.here("commit", plan, "--yes") == (
        5,
        "",
        (
            "error[plan-outdated]: none of the 3 files can be moved as planned; the first: the file is no longer there: "
            f"{desk.inbox}/invoice-17.txt\n"
            "  hint: scan again, then look at the new plan\n"
        ),
    )
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "staged")


def test_a_plan_all_of_whose_files_have_changed_is_outdated(desk: Desk) -> None:
    plan = desk.staged()
    for name in ("run.sh", "invoice-17.txt", "tables/sizes.csv"):
        with (desk.inbox / name).open("ab") as file:
            file.write(b"more")
    refused = desk.here("commit", plan, "--yes")
    assert (refused.status, refused.out, refused.err.split(":")[0]) == (5, "", "error[plan-outdated]")
    assert desk.state_of(plan) == "staged"


def test_a_plan_all_of_whose_names_are_taken_has_open_conflicts(desk: Desk) -> None:
    plan = desk.staged()
    write_tree(
        desk.target,
        {
            b"Data": {b"Datasets": {b"sizes.csv": b"1"}},
            b"Development": {b"Source code": {b"run.sh": b"2"}},
            b"Financial": {b"Documents": {b"2021": {b"invoice-17.txt": b"3"}}},
        },
    )
    before = attributes(desk.target)
    assert desk.here("commit", plan, "--yes") == (
        4,
        "",
        (
            "error[conflicts-open]: none of the 3 files can be moved as planned; the first: something with this name is "
            f"already there: {desk.target}/Financial/Documents/2021/invoice-17.txt\n"
            "  hint: rename or move what is there, then commit again\n"
        ),
    )
    assert (attributes(desk.target), desk.state_of(plan)) == (before, "staged")


def test_a_root_that_has_gone_holds_the_commit_up_and_makes_the_plan_outdated(desk: Desk) -> None:
    plan = desk.staged()
    shutil.move(desk.inbox, desk.folder / "elsewhere")
    held_up = desk.here("commit", plan, "--yes")
    assert (held_up.status, held_up.out, held_up.err.split(":")[0]) == (5, "", "error[guard]")
    refused = desk.here("commit", plan, "--yes", "--allow-empty-root")
    assert (refused.status, refused.out, "\nerror[plan-outdated]: " in refused.err) == (5, "", True)
    assert desk.state_of(plan) == "staged"


def test_an_outdated_plan_is_replaced_by_scanning_again(desk: Desk) -> None:
    desk.staged()
    grow(desk)
    assert desk.here("commit", desk.staged(), "--yes").status == 0
    assert (desk.target / "Development/Source code/run.sh").read_bytes() == SCRIPT + b"echo more\n"


def test_a_file_that_vanished_since_the_scan_is_classified_without_an_error(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    vanish(desk)
    result = desk.here("classify", "--json")
    (row,) = [row for row in result.json["files"] if row["path"] == "run.sh"]
    assert (result.status, row["reason"] != "") == (0, True)


def test_a_target_that_became_a_file_stops_the_commit_before_it_begins(desk: Desk) -> None:
    plan = desk.staged()
    desk.target.write_bytes(b"mine")
    before = attributes(desk.inbox)
    refused = desk.here("commit", plan, "--yes")
    assert refused.status in {4, 5}
    assert "Traceback" not in refused.err
    assert (attributes(desk.inbox), desk.target.read_bytes()) == (before, b"mine")
