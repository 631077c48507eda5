"""`ifmosfs commit`, `verify`, `rollback` on a quiet disk: what moves, what is said, what comes back."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import time
from pathlib import Path

import pytest

from tests.adapters.trees import Tree, read_tree, write_tree
from tests.cli.command_line import INBOX, LEFT, ORGANISED, TABLE, THEN_NS, Desk, attributes, make_inbox


def organised(desk: Desk) -> dict[bytes, object]:
    """The target without the journal."""
    tree = read_tree(desk.target)
    tree.pop(b".ifmosfs", None)
    return tree


def test_a_commit_shows_the_plan_moves_the_files_and_prints_its_undo_line(desk: Desk) -> None:
    plan = desk.staged()
    assert desk.here("commit", plan, "--yes") == (
        0,
        (
            f"Plan {plan}: 3 files to {desk.target}\n"
            f"  {desk.inbox}/invoice-17.txt -> {desk.target}/Financial/Documents/2021/invoice-17.txt\n"
            f"  {desk.inbox}/run.sh -> {desk.target}/Development/Source code/run.sh\n"
            f"  {desk.inbox}/tables/sizes.csv -> {desk.target}/Data/Datasets/sizes.csv\n"
            "3 moved, 8 folders made\n"
            "4 files of the plan = 3 moved + 1 not moved\n"
            f"Undo: ifmosfs rollback {plan} · Prove: ifmosfs verify {plan}\n"
        ),
        "",
    )
    assert (organised(desk), read_tree(desk.inbox)) == (ORGANISED, LEFT)


def test_a_commit_as_json(desk: Desk) -> None:
    plan = desk.staged()
    fields = desk.here("commit", plan, "--yes", "--json").json
    assert len(fields.pop("run")) == 10
    assert fields == {
        "plan": plan,
        "dry_run": False,
        "files": 4,
        "moved_before": 0,
        "staying": 1,
        "state": "complete",
        "moved": 3,
        "vaulted": 0,
        "conflicts": 0,
        "failed": 0,
        "skipped": 0,
        "folders_made": 8,
        "folders_removed": 0,
        "problems": [],
    }


def test_a_moved_file_keeps_its_bytes_mode_times_and_inode(desk: Desk) -> None:
    os.chmod(desk.inbox / "run.sh", 0o751)
    before = os.lstat(desk.inbox / "run.sh")
    desk.committed()
    after = os.lstat(desk.target / "Development/Source code/run.sh")
    assert (after.st_ino, after.st_mode, after.st_mtime_ns, after.st_size) == (
        before.st_ino,
        before.st_mode,
        before.st_mtime_ns,
        before.st_size,
    )


def test_a_source_folder_that_was_emptied_goes_and_comes_back_as_it_was(desk: Desk) -> None:
    make_inbox(desk.inbox / "more", {b"deep": {b"only.csv": b"a,b\n1,2\n"}})
    os.chmod(desk.inbox / "more" / "deep", 0o750)
    os.utime(desk.inbox, ns=(THEN_NS, THEN_NS))
    before = attributes(desk.inbox)
    plan = desk.committed()
    assert read_tree(desk.inbox) == LEFT
    assert desk.here("rollback", plan, "--yes").status == 0
    assert attributes(desk.inbox) == before


def test_a_dry_run_prints_what_the_commit_would_and_touches_nothing(desk: Desk) -> None:
    plan = desk.staged()
    before = attributes(desk.inbox)
    rehearsed = desk.here("commit", plan, "--dry-run")
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "staged")
    committed = desk.here("commit", plan, "--yes")
    assert rehearsed.status == committed.status == 0
    assert rehearsed.out.splitlines()[:-2] == committed.out.splitlines()[:-3]
    assert rehearsed.out.splitlines()[-2] == f"Would be: {committed.out.splitlines()[-3]}"
    assert rehearsed.out.splitlines()[-1] == committed.out.splitlines()[-2]


def test_a_dry_run_counts_the_folders_of_the_vault_as_the_commit_does(bare_desk: Desk) -> None:
    bare_desk.set_up({b"a": {b"t.csv": TABLE}, b"b": {b"t.csv": TABLE + b"and,more\n"}})
    bare_desk.target.mkdir()
    plan = bare_desk.staged("--conflict", "largest")
    rehearsed = bare_desk.here("commit", plan, "--dry-run", "--json").json
    committed = bare_desk.here("commit", plan, "--yes", "--json").json
    assert committed["vaulted"] == 1
    assert rehearsed["folders_made"] == committed["folders_made"]


def test_a_dry_rollback_prints_what_the_rollback_would_and_touches_nothing(desk: Desk) -> None:
    plan = desk.committed()
    before, left = attributes(desk.target), attributes(desk.inbox)
    rehearsed = desk.here("rollback", plan, "--dry-run")
    assert (attributes(desk.target), attributes(desk.inbox), desk.state_of(plan)) == (before, left, "committed")
    rolled_back = desk.here("rollback", plan, "--yes")
    assert rehearsed.status == rolled_back.status == 0
    assert rehearsed.out.splitlines()[:-1] == rolled_back.out.splitlines()[:-2]
    assert rehearsed.out.splitlines()[-1] == f"Would be: {rolled_back.out.splitlines()[-2]}"


def test_after_a_rollback_nothing_is_left_of_the_commit_and_the_inbox_is_identical(desk: Desk) -> None:
    before = attributes(desk.inbox)
    plan = desk.committed()
    result = desk.here("rollback", "--plan", plan, "--yes", "--json")
    fields = result.json
    fields.pop("run")
    assert (result.status, fields) == (
        0,
        {
            "plan": plan,
            "dry_run": False,
            "state": "complete",
            "moved": 3,
            "vaulted": 0,
            "conflicts": 0,
            "failed": 0,
            "skipped": 0,
            "folders_made": 0,
            "folders_removed": 8,
            "problems": [],
            "added": [],
            "modified": [],
            "beside": [],
            "from_contents": [],
        },
    )
    assert (attributes(desk.inbox), desk.target.exists()) == (before, False)
    assert desk.state_of(plan) == "rolled_back"


def test_a_target_that_was_there_before_is_after_a_rollback_as_it_was(desk: Desk) -> None:
    theirs: Tree = {b"Data": {b"Datasets": {b"old.csv": b"x,y\n"}}, b"note": b"mine"}
    make_inbox(desk.target, theirs)
    os.chmod(desk.target / "Data", 0o2755)
    before = attributes(desk.target)
    plan = desk.committed()
    assert desk.here("rollback", plan, "--yes").status == 0
    assert attributes(desk.target) == before


def test_commit_and_rollback_can_take_turns(desk: Desk) -> None:
    before = attributes(desk.inbox)
    plan = desk.committed()
    for _ in range(2):
        assert desk.here("rollback", plan, "--yes").status == 0
        assert attributes(desk.inbox) == before
        assert desk.here("stage", "reopen", plan).status == 0
        assert desk.here("commit", plan, "--yes").status == 0
        assert (organised(desk), read_tree(desk.inbox)) == (ORGANISED, LEFT)
    assert desk.here("verify", plan).status == 0


def test_verify_says_that_everything_is_where_the_plan_put_it(desk: Desk) -> None:
    plan = desk.committed()
    result = desk.here("verify", plan, "--json")
    assert (result.status, result.json) == (
        0,
        {
            "plan": plan,
            "holds": True,
            "checked": 11,
            "moved_back": 0,
            "not_moved": 0,
            "outdated": 0,
            "missing": [],
            "changed": [],
            "extra": [],
        },
    )
    assert desk.here("verify", plan) == (
        0,
        f"Plan {plan}: 11 entries looked at\nEverything is where the plan put it, unchanged.\n",
        "",
    )


def test_verify_finds_what_is_missing_and_what_was_changed(desk: Desk) -> None:
    plan = desk.committed()
    (desk.target / "Data/Datasets/sizes.csv").unlink()
    (desk.target / "Development/Source code/run.sh").write_bytes(b"#!/bin/sh\necho an edit\n")
    result = desk.here("verify", plan, "--json")
    assert (result.status, result.json["holds"]) == (1, False)
    assert [row["path"] for row in result.json["missing"]] == [f"{desk.target}/Data/Datasets/sizes.csv"]
    assert [row["path"] for row in result.json["changed"]] == [f"{desk.target}/Development/Source code/run.sh"]


def test_verifying_a_plan_that_was_never_committed_says_what_checks_it(desk: Desk) -> None:
    plan = desk.staged()
    assert desk.here("verify", plan) == (
        2,
        "",
        (
            f"error[wrong-state]: plan {plan} was never committed\n"
            f"  hint: ifmosfs stage validate {plan} checks a plan before its commit\n"
        ),
    )


def test_committing_twice_says_so_and_moves_nothing(desk: Desk) -> None:
    plan = desk.committed()
    before = attributes(desk.target)
    refused = desk.here("commit", plan, "--yes")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.splitlines()[0] == f"error[wrong-state]: plan {plan} is committed already"
    assert attributes(desk.target) == before


def test_committing_a_discarded_plan_is_refused_with_the_way_back(desk: Desk) -> None:
    plan = desk.staged()
    desk.here("stage", "discard", plan)
    refused = desk.here("commit", plan, "--yes")
    assert (refused.status, refused.out, refused.err) == (
        2,
        "",
        f"error[wrong-state]: plan {plan} is discarded\n  hint: take it up again: ifmosfs stage reopen {plan}\n",
    )
    assert read_tree(desk.inbox) == INBOX


def test_rolling_back_what_was_never_committed_is_refused(desk: Desk) -> None:
    plan = desk.staged()
    assert desk.here("rollback", plan, "--yes") == (
        2,
        "",
        f"error[wrong-state]: nothing of plan {plan} is to be moved back\n  hint: ifmosfs rollback list shows what can be undone\n",
    )


def test_rolling_back_twice_says_so_and_moves_nothing(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", plan, "--yes")
    before = attributes(desk.inbox)
    refused = desk.here("rollback", plan, "--yes")
    assert (refused.status, refused.out, refused.err.split(":")[0]) == (2, "", "error[wrong-state]")
    assert attributes(desk.inbox) == before


@pytest.mark.parametrize("command", ["commit", "rollback"])
def test_without_a_terminal_to_ask_on_nothing_moves_unless_yes_is_said(desk: Desk, command: str) -> None:
    plan = desk.staged() if command == "commit" else desk.committed()
    before, target = attributes(desk.inbox), desk.target.exists()
    refused = desk.run(command, plan, typed="y\n")
    assert (refused.status, refused.err) == (
        2,
        "error[usage]: this has to be confirmed, and there is no terminal to ask on\n  hint: add --yes\n",
    )
    assert (attributes(desk.inbox), desk.target.exists()) == (before, target)


def waits(pid: int) -> bool:
    """Whether a process sleeps, here: until somebody types."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].startswith(b"S")


def answered(desk: Desk, plan: str, answer: bytes | signal.Signals) -> tuple[int, str]:
    """A commit on a terminal, where somebody answers; its status and what was on the screen."""
    ours, theirs = pty.openpty()
    try:
        process = desk.start("commit", plan, stdin=theirs, terminal=theirs)
        os.close(theirs)
        seen = b""
        while b"[y/N]: " not in seen:
            seen += os.read(ours, 4096)
        if isinstance(answer, signal.Signals):
            # A signal between the prompt and the read is only noticed at the next key; nobody types that fast.
            while not waits(process.pid):
                time.sleep(0.001)
            process.send_signal(answer)
        else:
            os.write(ours, answer)
        with contextlib.suppress(OSError):  # how Linux tells that nobody has the terminal open any more
            while chunk := os.read(ours, 4096):
                seen += chunk
        return process.wait(30), seen.decode()
    finally:
        os.close(ours)


def test_on_a_terminal_the_plan_is_shown_and_yes_moves_the_files(desk: Desk) -> None:
    plan = desk.staged()
    status, screen = answered(desk, plan, b"y\n")
    assert (status, read_tree(desk.inbox)) == (0, LEFT)
    assert screen.index(f"Plan {plan}: 3 files to ") < screen.index("Move them? [y/N]: ")


@pytest.mark.parametrize(
    "answer", [b"n\n", b"\n", b"\x04", signal.SIGINT], ids=["no", "nothing", "end of input", "Ctrl-C"]
)
def test_on_a_terminal_any_other_answer_moves_nothing(desk: Desk, answer: bytes | signal.Signals) -> None:
    plan = desk.staged()
    before = attributes(desk.inbox)
    status, screen = answered(desk, plan, answer)
    assert (status, "Traceback" in screen) == (130, False)
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "staged")


def test_a_snapshot_can_be_left_out(desk: Desk) -> None:
    plan = desk.staged()
    assert desk.here("stage", "commit", "--plan", plan, "--no-snapshot", "--yes").status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX


def test_the_journal_beside_the_data_tells_what_went_where(desk: Desk) -> None:
    desk.committed()
    (journal,) = (desk.target / ".ifmosfs").iterdir()
    records = [json.loads(line.partition(" ")[2]) for line in journal.read_text().splitlines()]
    moves = [(row["source"][1], row["target"][1]) for row in records if row.get("kind") == "move"]
    assert moves == [
        ("invoice-17.txt", "Financial/Documents/2021/invoice-17.txt"),
        ("run.sh", "Development/Source code/run.sh"),
        ("tables/sizes.csv", "Data/Datasets/sizes.csv"),
    ]


def test_a_file_edited_since_the_commit_comes_back_as_it_is_now(desk: Desk) -> None:
    plan = desk.committed()
    with (desk.target / "Data/Datasets/sizes.csv").open("ab") as file:
        file.write(b"d,4\n")
    assert desk.here("rollback", plan, "--yes").status == 0
    assert (desk.inbox / "tables/sizes.csv").read_bytes().endswith(b"d,4\n")


def test_a_rollback_that_is_to_leave_what_is_occupied_never_overwrites_what_took_the_old_name(desk: Desk) -> None:
    plan = desk.committed()
    write_tree(desk.inbox, {b"run.sh": b"a newer one"})
    result = desk.here("rollback", plan, "--occupied", "leave", "--yes")
    assert result.status == 3
    assert f"name-taken: {desk.inbox}/run.sh" in result.out
    assert (desk.inbox / "run.sh").read_bytes() == b"a newer one"
    assert organised(desk) == {b"Development": ORGANISED[b"Development"]}


def test_verify_sends_nobody_to_a_commit_for_files_that_are_not_as_planned(desk: Desk) -> None:
    plan = desk.staged()
    write_tree(desk.target, {b"Development": {b"Source code": {b"run.sh": b"somebody else's"}}})
    (desk.inbox / "tables" / "sizes.csv").write_bytes(b"a,b\n")
    assert desk.here("commit", plan, "--yes").status == 3
    outdated = "1 file of the plan never moved, gone or changed since the scan: scan again, then look at the new plan."
    waiting = f"1 file of the plan never moved: ifmosfs commit {plan} tries again."
    assert desk.here("verify", plan).out.splitlines()[-2:] == [waiting, outdated]
    (desk.inbox / "run.sh").unlink()
    told = desk.here("verify", plan)
    assert (told.status, told.out.splitlines()[-1]) == (3, outdated.replace("1 file", "2 files"))
    fields = desk.here("verify", plan, "--json").json
    assert (fields["not_moved"], fields["outdated"]) == (2, 2)
    assert desk.here("commit", plan, "--yes").status == 5, "as verify has said"


def test_verify_tells_the_files_that_never_moved(desk: Desk) -> None:
    plan = desk.staged()
    write_tree(desk.target, {b"Development": {b"Source code": {b"run.sh": b"somebody else's"}}})
    assert desk.here("commit", plan, "--yes").status == 3
    result = desk.here("verify", plan)
    assert (result.status, result.out.splitlines()[-2:]) == (
        3,
        [
            "What was moved is where the plan put it, unchanged.",
            f"1 file of the plan never moved: ifmosfs commit {plan} tries again.",
        ],
    )
