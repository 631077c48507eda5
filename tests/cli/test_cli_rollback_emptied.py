"""A rollback of a commit whose displaced files have been removed from the vault for good."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.adapters.trees import write_tree
from tests.cli.command_line import INVOICE, SCRIPT, TABLE, Desk

SCRIPT_AT = "Development/Source code/run.sh"
THEIRS = b"#!/bin/sh\necho theirs\n"
WORDS = r"it was put into the vault and removed from there, because another place had its content \(\d{4}-\d\d-\d\d \d\d:\d\d\)"


@pytest.fixture
def plan(desk: Desk) -> str:
    """A commit has displaced the target's script, of which the inbox has a copy; the vault was emptied."""
    write_tree(desk.target, {b"Development": {b"Source code": {b"run.sh": THEIRS}}})
    (desk.inbox / "tables/copy.xyz").write_bytes(THEIRS)
    plan = desk.staged("--conflict", "replace")
    assert desk.here("commit", plan, "--yes").status == 0
    assert desk.here("vault", "empty", "--yes").out.endswith("1 file removed.\n")
    return plan


def found(desk: Desk, plan: str) -> dict[str, str]:
    rows = desk.here("rollback", "files", plan, "--json").json["files"]
    return {os.path.relpath(row["old"], desk.folder): row["found"] for row in rows}


def told(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["code"], row["path"]) for row in rows]


def test_it_is_told_that_the_displaced_file_does_not_come_back_and_since_when(desk: Desk, plan: str) -> None:
    assert found(desk, plan)[f"Organized/{SCRIPT_AT}"] == "emptied"
    preview = desk.here("rollback", "preview", plan)
    result = desk.here("rollback", plan, "--yes")
    assert (preview.status, result.status) == (3, 3)
    lines = [line for line in result.out.splitlines() if line.startswith("  emptied: ")]
    assert [line for line in preview.out.splitlines() if line.startswith("  emptied: ")] == lines
    assert [bool(re.fullmatch(f"  emptied: {desk.target}/{SCRIPT_AT}: {WORDS}", line)) for line in lines] == [True]
    assert "  1 file cannot come back: removed from the vault for good" in result.out.splitlines()
    assert result.out.splitlines()[-1] == f"The plan can be taken up again: ifmosfs stage reopen {plan}"
    assert {name: (desk.inbox / name).read_bytes() for name in ("run.sh", "invoice-17.txt", "tables/sizes.csv")} == {
        "run.sh": SCRIPT,
        "invoice-17.txt": INVOICE,
        "tables/sizes.csv": TABLE,
    }
    assert desk.state_of(plan) == "rolled_back", "all that could be done is done"


def test_of_some_files_only_those_are_told_of_that_were_displaced_by_them(desk: Desk, plan: str) -> None:
    table = desk.here("rollback", plan, "--paths", "sizes.csv", "--yes", "--json")
    assert (table.status, told(table.json["problems"])) == (0, [])
    script = desk.here("rollback", plan, "--paths", str(desk.inbox / "run.sh"), "--yes", "--json")
    assert (script.status, told(script.json["problems"])) == (3, [("emptied", str(desk.target / SCRIPT_AT))])


def test_one_whose_content_a_snapshot_holds_comes_back_from_there(desk: Desk) -> None:
    write_tree(desk.target, {b"Development": {b"Source code": {b"run.sh": THEIRS}}})
    (desk.inbox / "tables/copy.xyz").write_bytes(THEIRS)
    plan = desk.staged("--conflict", "replace")
    assert desk.here("versions", "snapshot", "--name", "kept", "--content-max-size", "1k", desk.target).status == 0
    assert desk.here("commit", plan, "--yes").status == 0
    assert desk.here("vault", "empty", "--yes").status == 0
    assert found(desk, plan)[f"Organized/{SCRIPT_AT}"] == "restorable"
    result = desk.here("rollback", plan, "--yes", "--json")
    script = desk.target / SCRIPT_AT
    assert (result.status, told(result.json["from_contents"])) == (0, [("from-held", str(script))])
    assert (script.read_bytes(), (desk.inbox / "run.sh").read_bytes()) == (THEIRS, SCRIPT)
    assert found(desk, plan)[f"Organized/{SCRIPT_AT}"] == "back"
    assert desk.here("rollback", plan, "--redo", "--yes").status == 0
    assert script.read_bytes() == SCRIPT
    assert [path.read_bytes() for path in _vaulted(desk.target)] == [THEIRS]
    assert desk.here("rollback", plan, "--yes").status == 0
    assert script.read_bytes() == THEIRS


def _vaulted(target: Path) -> list[Path]:
    return [path for path in (target / ".ifmosfs/vault").rglob("*") if path.is_file()]


def test_a_file_that_a_later_plan_has_displaced_is_told_of_by_both_plans(desk: Desk) -> None:
    first = desk.committed()
    (desk.inbox / "run.sh").write_bytes(THEIRS)
    (desk.inbox / "copy.xyz").write_bytes(SCRIPT)
    second = desk.staged("--conflict", "replace")
    assert desk.here("commit", second, "--yes").status == 0
    assert desk.here("vault", "empty", "--yes").out.endswith("1 file removed.\n")
    before = {"inbox/invoice-17.txt": "there", "inbox/tables/sizes.csv": "there"}
    assert found(desk, first) == {"inbox/run.sh": "emptied", **before}
    assert found(desk, second)[f"Organized/{SCRIPT_AT}"] == "emptied"
    preview = desk.here("rollback", "preview", first, "--json")
    result = desk.here("rollback", first, "--yes", "--json")
    assert [(each.status, each.json["moved"], told(each.json["problems"])) for each in (preview, result)] == [
        (3, 2, [("emptied", str(desk.inbox / "run.sh"))])
    ] * 2
    assert re.fullmatch(WORDS, result.json["problems"][0]["words"])
    assert desk.state_of(first) == "rolled_back", "all that could be done is done"
    assert (desk.target / SCRIPT_AT).read_bytes() == THEIRS
    assert desk.here("rollback", first, "--redo", "--yes").status == 0
    assert found(desk, first) == {"inbox/run.sh": "emptied", **before}
