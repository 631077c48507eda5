"""Ctrl-C and SIGKILL while the program works: everything is somewhere, once, and the next command brings it into order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.command_line import Attributes, Desk, attributes, ended, interrupt_when, many_files

N_FILES = 1500


@pytest.fixture
def big_desk(bare_desk: Desk) -> Desk:
    """A desk with enough files that a command can be met in the middle of its work."""
    bare_desk.set_up(many_files(N_FILES))
    return bare_desk


def reads(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Whether a command has something below a folder open."""
    descriptors = f"/proc/{process.pid}/fd"
    try:
        return any(os.readlink(f"{descriptors}/{number}").startswith(str(folder)) for number in os.listdir(descriptors))
    except OSError:  # the process, or the descriptor, has gone between the two looks
        return False


def moved_some(desk: Desk) -> bool:
    """Whether a commit has begun to move."""
    try:
        return bool(os.listdir(desk.target / "Data/Datasets"))
    except FileNotFoundError:
        return False


def moved_back_some(desk: Desk) -> bool:
    """Whether a rollback has begun to move."""
    return any(os.listdir(desk.inbox / name) for name in os.listdir(desk.inbox))


def files_of(*folders: Path) -> dict[bytes, Attributes]:
    """All tables by name, which are unique; that none is there twice is asserted."""
    rows = [
        (os.path.basename(path), row)
        for folder in folders
        if folder.exists()
        for path, row in attributes(folder, without=(b".ifmosfs",)).items()
        if row.content is not None
    ]
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_a_scan_that_is_interrupted_leaves_no_session_and_can_be_repeated(big_desk: Desk) -> None:
    process = big_desk.start("scan", big_desk.inbox)
    interrupt_when(process, lambda: reads(process, big_desk.inbox))
    assert ended(process) == (130, "", "\ninterrupted: nothing is half done\n")
    assert big_desk.here("status", "--json").json["sessions"] == []
    assert big_desk.here("scan", big_desk.inbox, "--json").json["files"] == N_FILES


def test_what_was_classified_before_the_interruption_is_kept(big_desk: Desk) -> None:
    big_desk.here("scan", big_desk.inbox)
    process = big_desk.start("classify")
    interrupt_when(process, lambda: reads(process, big_desk.inbox))
    assert ended(process).status == 130  # what it says: `test_cli_classify`
    fields = big_desk.here("classify", "--json").json
    assert 0 < fields["new"] <= N_FILES
    assert {row["label"] for row in fields["files"]} == {"technical_dataset"}


def test_an_interrupted_commit_finishes_its_batch_and_a_second_one_goes_on(big_desk: Desk) -> None:
    before, files = attributes(big_desk.inbox), files_of(big_desk.inbox)
    plan = big_desk.staged()
    process = big_desk.start("commit", plan, "--yes")
    interrupt_when(process, lambda: moved_some(big_desk))
    result = ended(process)
    assert (result.status, result.err) == (130, "Finishing the batch in hand; once more to stop at once.\n")
    assert f"Stopped before the end. Go on: ifmosfs commit {plan}\n" in result.out
    assert 0 < len(files_of(big_desk.target)) < N_FILES
    assert files_of(big_desk.inbox, big_desk.target) == files
    assert (big_desk.state_of(plan), big_desk.here("status").status) == ("committing", 0)

    again = big_desk.here("commit", plan, "--yes")
    assert again.status == 0
    assert "were moved before the interruption\n" in again.out
    assert (files_of(big_desk.target), files_of(big_desk.inbox)) == (files, {})
    assert big_desk.here("verify", plan).status == 0
    assert big_desk.here("rollback", plan, "--yes").status == 0
    assert (attributes(big_desk.inbox), big_desk.target.exists()) == (before, False)


def test_an_interrupted_commit_can_be_rolled_back_at_once(big_desk: Desk) -> None:
    before = attributes(big_desk.inbox)
    plan = big_desk.staged()
    process = big_desk.start("commit", plan, "--yes")
    interrupt_when(process, lambda: moved_some(big_desk))
    assert ended(process).status == 130
    assert big_desk.here("rollback", plan, "--yes").status == 0
    assert (attributes(big_desk.inbox), big_desk.target.exists()) == (before, False)
    assert big_desk.state_of(plan) == "rolled_back"


def test_an_interrupted_rollback_is_taken_up_again(big_desk: Desk) -> None:
    before = attributes(big_desk.inbox)
    plan = big_desk.committed()
    process = big_desk.start("rollback", plan, "--yes")
    interrupt_when(process, lambda: moved_back_some(big_desk))
    assert ended(process).status == 130
    assert big_desk.here("rollback", plan, "--yes").status == 0
    assert (attributes(big_desk.inbox), big_desk.target.exists()) == (before, False)


def kill_in_the_middle(desk: Desk, plan: str) -> None:
    process = desk.start("commit", plan, "--yes")
    interrupt_when(process, lambda: moved_some(desk), signal.SIGKILL)
    assert ended(process).status == -signal.SIGKILL


@pytest.mark.parametrize("command", ["scan", "commit", "rollback", "verify", "recover"])
def test_whatever_is_typed_after_a_kill_recovers_first(big_desk: Desk, command: str) -> None:
    files = files_of(big_desk.inbox)
    plan = big_desk.staged()
    kill_in_the_middle(big_desk, plan)
    assert files_of(big_desk.inbox, big_desk.target) == files
    status = big_desk.here("status", "--json")
    assert (status.status, [row["plan"] for row in status.json["unfinished"]]) == (8, [plan])

    special: dict[str, list[str | Path]] = {"scan": [big_desk.inbox], "recover": [], "verify": [plan]}
    arguments = special.get(command, [plan, "--yes"])
    result = big_desk.run(command, *arguments)
    assert result.status == (3 if command == "verify" else 0)  # what the commit has not reached has never moved
    said = result.out if command == "recover" else result.err
    assert said.startswith("An interrupted run (")
    assert big_desk.here("status").status == 0
    assert files_of(big_desk.inbox, big_desk.target) == files


def test_a_killed_commit_is_taken_up_again_and_verified_and_rolled_back_to_identical(big_desk: Desk) -> None:
    before, files = attributes(big_desk.inbox), files_of(big_desk.inbox)
    plan = big_desk.staged()
    kill_in_the_middle(big_desk, plan)
    assert big_desk.run("commit", plan, "--yes").status == 0
    assert (files_of(big_desk.target), files_of(big_desk.inbox)) == (files, {})
    assert big_desk.here("verify", plan).status == 0
    assert big_desk.here("rollback", plan, "--yes").status == 0
    assert (attributes(big_desk.inbox), big_desk.target.exists()) == (before, False)


def test_a_killed_commit_is_rolled_back_to_identical(big_desk: Desk) -> None:
    before = attributes(big_desk.inbox)
    plan = big_desk.staged()
    kill_in_the_middle(big_desk, plan)
    assert big_desk.run("rollback", plan, "--yes").status == 0
    assert (attributes(big_desk.inbox), big_desk.target.exists()) == (before, False)


def test_a_killed_rollback_is_taken_up_again(big_desk: Desk) -> None:
    before = attributes(big_desk.inbox)
    plan = big_desk.committed()
    process = big_desk.start("rollback", plan, "--yes")
    interrupt_when(process, lambda: moved_back_some(big_desk), signal.SIGKILL)
    assert ended(process).status == -signal.SIGKILL
    assert big_desk.run("rollback", plan, "--yes").status == 0
    assert (attributes(big_desk.inbox), big_desk.target.exists()) == (before, False)


def test_recovery_as_json_counts_every_file(big_desk: Desk) -> None:
    plan = big_desk.staged()
    kill_in_the_middle(big_desk, plan)
    (run,) = big_desk.run("recover", "--json").json["recovered"]
    assert (run["conflicts"], run["failed"], run["problems"]) == (0, 0, [])
    assert big_desk.run("recover", "--json").json == {"dry_run": False, "recovered": []}
    assert big_desk.run("recover").out == "Nothing to recover: every run has finished.\n"


def test_recover_with_dry_run_says_what_it_would_do_and_changes_nothing_at_all(big_desk: Desk) -> None:
    plan = big_desk.staged()
    kill_in_the_middle(big_desk, plan)
    before = attributes(big_desk.folder)
    foretold = big_desk.here("recover", "--dry-run", "--json").json
    told = big_desk.here("recover", "--dry-run")
    assert (told.status, told.out.startswith("Would be: An interrupted run (")) == (0, True)
    assert attributes(big_desk.folder) == before
    done = big_desk.here("recover", "--json").json
    assert (foretold.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert foretold == done
    assert len(done["recovered"][0]["lines"]) > 0
    assert big_desk.here("recover", "--dry-run").out == "Nothing to recover: every run has finished.\n"


def test_commands_that_only_look_do_not_take_one_another_for_a_run(big_desk: Desk) -> None:
    big_desk.committed()
    lookers = [big_desk.start("status", "--json") for _ in range(4)]
    assert [json.loads(ended(each).out)["busy"] for each in lookers] == [None] * 4
