"""Commit stops before anything when it is probably not meant, and names the option that allows it once."""

from __future__ import annotations

import pytest

from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import Desk, many_files, refusal


@pytest.fixture
def two_folders(desk: Desk) -> str:
    """A plan over two folders, one of which has lost all that was in it, as when its disk is not mounted."""
    disk = desk.folder / "disk"
    write_tree(disk, {b"letter.csv": b"a,b\n1,2\n3,4\n"})
    session = desk.here("scan", desk.inbox, disk, "--json").json["session"]
    plan = desk.here("stage", "create", "--session", session, "--output", desk.target, "--json").json["plan"]
    (disk / "letter.csv").unlink()
    return str(plan)


def test_a_folder_that_is_empty_now_stops_the_commit_until_it_is_allowed(desk: Desk, two_folders: str) -> None:
    before = read_tree(desk.inbox)
    lines = refusal(desk.here("commit", two_folders, "--yes"))
    assert lines[0].startswith("error[guard]: this folder is empty or missing, and 1 files were found in it: ")
    assert "--allow-empty-root" in lines[1]
    assert (read_tree(desk.inbox), desk.target.exists()) == (before, False)
    rehearsed = desk.here("commit", two_folders, "--dry-run")
    assert (rehearsed.status, "warning: this folder is empty" in rehearsed.err) == (5, True)
    assert desk.here("commit", two_folders, "--dry-run", "--allow-empty-root").status == 3
    assert desk.here("commit", two_folders, "--yes", "--allow-empty-root").status == 3
    assert read_tree(desk.inbox) != before


def test_validate_says_that_a_folder_that_is_empty_now_holds_the_commit_up(desk: Desk, two_folders: str) -> None:
    said = desk.here("stage", "validate", two_folders)
    assert (said.status, said.out.splitlines()[-1]) == (
        4,
        "1 problem; commit would not begin without --allow-empty-root.",
    )


def unusual(desk: Desk) -> str:
    """A plan of twelve files after a commit of three, which is more than may be."""
    desk.state.mkdir()
    (desk.state / "config.toml").write_text("[guard]\nfactor = 2\nat_least = 10\n")
    desk.committed()
    write_tree(desk.inbox, many_files(12))
    return desk.staged()


def test_validate_says_that_far_more_files_than_ever_hold_the_commit_up(desk: Desk) -> None:
    plan = unusual(desk)
    said = desk.here("stage", "validate", plan)
    assert (said.status, said.out.splitlines()[-1]) == (4, "1 problem; commit would not begin without --allow-many.")


@pytest.mark.parametrize(("options", "status"), [((), 5), (("--json",), 5), (("--allow-many",), 0)])
def test_a_rehearsal_of_what_the_guard_holds_up_is_shown_and_ends_as_the_commit_would(
    desk: Desk, options: tuple[str, ...], status: int
) -> None:
    plan = unusual(desk)
    rehearsed = desk.here("commit", plan, "--dry-run", *options)
    shown = rehearsed.json["moved"] == 12 if "--json" in options else "Would be: 12 moved" in rehearsed.out
    warned = rehearsed.err.startswith("warning: 12 files would be moved")
    assert (rehearsed.status, shown, warned) == (status, True, True)


def test_a_rehearsal_that_the_guard_holds_up_says_so_to_programs(desk: Desk) -> None:
    plan = unusual(desk)
    held_up = desk.here("commit", plan, "--dry-run", "--json").json
    allowed = desk.here("commit", plan, "--dry-run", "--json", "--allow-many").json
    (found,) = held_up["problems"]
    assert (found["code"], found["path"], "--allow-many" in found["remedy"]) == (
        "more-than-usual",
        str(desk.target),
        True,
    )
    assert (held_up["state"], held_up["run"]) == ("held_up", None)
    assert held_up == {**allowed, "state": "held_up", "problems": [found]}
    assert (allowed["state"], allowed["run"], allowed["problems"]) == ("complete", None, [])


def test_far_more_files_than_ever_stop_the_commit_until_that_is_allowed(desk: Desk) -> None:
    plan = unusual(desk)
    refused = desk.here("commit", plan, "--yes")
    assert (refused.status, "error[guard]: 12 files would be moved" in refused.err) == (5, True), refused
    assert "--allow-many" in refused.err
    assert desk.here("commit", plan, "--yes", "--allow-many").status == 0


def test_a_guard_that_means_nothing_is_refused(desk: Desk) -> None:
    desk.state.mkdir()
    (desk.state / "config.toml").write_text("[guard]\nshare = 2\n")
    assert "error[bad-config]" in desk.here("status").err
