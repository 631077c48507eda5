"""What `ifmosfs rollback`, its lists and `history` say of disks that are away, of directions, and of what is undone already."""

from __future__ import annotations

import os

import pytest

from tests.cli.command_line import Desk, attributes, refusal
from tests.cli.test_cli_rollback import MOUNTED, another_disk, killed


def found(desk: Desk, plan: str) -> tuple[int, dict[str, tuple[str, bool]], list[str]]:
    """The status of `rollback files`, what it found by old name, with whether the old place is taken, and which folders are away."""
    result = desk.here("rollback", "files", plan, "--json")
    rows = {os.path.basename(row["old"]): (row["found"], row["old_is_taken"]) for row in result.json["files"]}
    return result.status, rows, result.json["away"]


@pytest.mark.root
def test_files_whose_disk_is_away_are_away_and_not_gone(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", "restore", "run.sh", "--yes")
    with another_disk(desk.target):
        away = {"run.sh": ("back", False), "sizes.csv": ("away", False), "invoice-17.txt": ("away", False)}
        assert found(desk, plan) == (5, away, [str(desk.target)])
        listed = desk.here("rollback", "files", plan)
        assert (listed.status, [line.split()[1] for line in listed.out.splitlines()[1:]]) == (
            5,
            ["away", "back", "away"],
        )
        assert listed.err.splitlines() == [
            f"error[plan-outdated]: {MOUNTED}: {desk.target}",
            "  hint: mount the right disk, then run the command again",
        ]
    there = {"run.sh": ("back", False), "sizes.csv": ("there", False), "invoice-17.txt": ("there", False)}
    assert found(desk, plan) == (0, there, [])


@pytest.mark.root
def test_what_lies_on_another_disk_in_the_old_places_stead_does_not_take_it(desk: Desk) -> None:
    plan = desk.committed()
    there = dict.fromkeys(("run.sh", "sizes.csv", "invoice-17.txt"), ("there", False))
    with another_disk(desk.inbox):
        (desk.inbox / "run.sh").write_text("another disk's")
        assert found(desk, plan) == (0, there, [])


# Directions


def undone(desk: Desk, *arguments: str) -> tuple[str, str]:
    """The first and the last line of a rollback, without its plan's id, and its run's id in the journal."""
    lines = desk.here("rollback", "execute", *arguments, "--yes").out.splitlines()
    return lines[0].split(": ")[1], lines[-1]


def runs(desk: Desk) -> list[str]:
    """The ids of all runs, the oldest first."""
    return [row["run"] for row in desk.here("history", "--json").json["runs"]]


def test_the_undo_of_a_redo_is_told_as_the_way_back_and_its_own_undo_as_the_way_forth(desk: Desk) -> None:
    plan = desk.committed()
    back, forth = (f"3 files back from {desk.target}", f"3 files forth again to {desk.target}")
    assert undone(desk, plan) == (back, f"The plan can be taken up again: ifmosfs stage reopen {plan}")
    assert undone(desk, plan, "--redo") == (forth, f"Back again: ifmosfs rollback {plan}")
    words, hint = undone(desk, "--run", runs(desk)[-1])
    assert (words, hint) == (back, f"Undo this: ifmosfs rollback execute --run {runs(desk)[-1]}")
    assert desk.state_of(plan) == "rolled_back"
    assert undone(desk, "--run", runs(desk)[-1]) == (forth, f"Back again: ifmosfs rollback {plan}")
    assert desk.state_of(plan) == "committed"


def test_the_history_tells_of_each_run_and_of_each_file_the_true_direction(desk: Desk) -> None:
    plan = desk.committed()
    undone(desk, plan)
    for _ in range(3):
        undone(desk, "--run", runs(desk)[-1])
    rows = desk.here("history", "--json").json["runs"]
    assert [row["direction"] for row in rows] == ["forth", "back", "forth", "back", "forth"]
    told = [line.partition("3 files ")[2].split("  (")[0] for line in desk.here("history").out.splitlines()]
    assert told == ["moved", "moved back", "moved forth", "moved back", "moved forth"]
    (way,) = desk.here("history", desk.inbox / "run.sh", "--json").json["files"]
    assert [each["what"] for each in way["events"] if each["run"]] == told


def test_a_killed_redo_is_recovered_with_words_for_its_own_direction(desk: Desk) -> None:
    plan = desk.committed()
    undone(desk, plan)
    killed(desk, "renameat2", 2, "rollback", "execute", plan, "--redo", "--yes")
    assert "3 files are at their target, 0 still wait" in desk.here("recover").out


# What is undone already


def test_a_run_that_was_undone_is_refused_with_the_run_that_did_it(desk: Desk) -> None:
    plan = desk.committed()
    undone(desk, plan)
    undone(desk, plan, "--redo")
    undone(desk, plan)
    commit, back, forth, again = runs(desk)
    for run, by in ((commit, again), (forth, again)):
        assert refusal(desk.here("rollback", "execute", "--run", run, "--yes")) == [
            f"error[wrong-state]: all that run {run} has moved was undone already, by run {by}",
            f"  hint: undo that one: ifmosfs rollback execute --run {by}",
        ]
    assert (runs(desk), desk.state_of(plan)) == ([commit, back, forth, again], "rolled_back")
    undone(desk, "--run", again)
    for run in (back, again):
        lines = refusal(desk.here("rollback", "preview", "--run", run))
        assert lines[0].endswith(f"all that run {run} has moved was undone already, by run {runs(desk)[-1]}")


def test_of_a_run_that_was_undone_by_several_all_are_named_and_of_one_that_was_undone_in_part_the_rest_goes(
    desk: Desk,
) -> None:
    desk.committed()
    undone(desk, "--paths", "run.sh")
    commit, first = runs(desk)
    undone(desk, "--run", commit, "--paths", "*.csv")
    undone(desk, "--run", commit)
    _, _, second, third = runs(desk)
    assert refusal(desk.here("rollback", "execute", "--run", commit, "--yes"))[0] == (
        f"error[wrong-state]: all that run {commit} has moved was undone already, by run {first} and {second} and {third}"
    )


def test_the_killed_undo_of_a_run_is_ended_by_the_same_command(desk: Desk) -> None:
    before = attributes(desk.inbox)
    plan = desk.committed()
    (commit,) = runs(desk)
    assert killed(desk, "rmdir,unlinkat", 3, "rollback", "execute", "--run", commit, "--yes").status != 0
    assert (desk.here("recover").status, desk.state_of(plan)) == (0, "committed")
    assert desk.here("rollback", "execute", "--run", commit, "--yes").status == 0
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "rolled_back")


# Files that are gone


def test_a_plan_whose_files_all_are_gone_stays_committed_and_what_comes_again_goes_back(desk: Desk) -> None:
    plan = desk.committed()
    places = {name: desk.target / name for name in ("Data/Datasets/sizes.csv", "Development/Source code/run.sh")}
    for path in places.values():
        path.rename(desk.folder / path.name)
    (desk.target / "Financial/Documents/2021/invoice-17.txt").unlink()
    result = desk.here("rollback", plan, "--yes")
    assert (result.status, desk.state_of(plan), result.out.splitlines()[-2:]) == (
        4,
        "committed",
        [
            "What is gone cannot be moved back; ifmosfs versions restore brings back what a version holds of it.",
            f"Once it is where the plan had put it: ifmosfs rollback {plan}",
        ],
    )
    assert refusal(desk.here("stage", "reopen", plan))[0].startswith("error[wrong-state]")
    for path in places.values():
        path.parent.mkdir(parents=True)
        (desk.folder / path.name).rename(path)
    again = desk.here("rollback", plan, "--yes", "--json")
    assert (again.status, again.json["moved"], [row["code"] for row in again.json["problems"]]) == (3, 2, ["gone"])
    assert sorted(path.name for path in desk.inbox.rglob("*.*")) == ["run.sh", "sizes.csv", "what.xyz"]
