"""What `ifmosfs rollback`, its lists and `history` say of disks that are away, of directions, and of what is undone already."""

from __future__ import annotations

import os

import pytest

from tests.cli.command_line import Desk
from tests.cli.test_cli_rollback import MOUNTED, another_disk


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
