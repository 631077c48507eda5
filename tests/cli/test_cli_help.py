"""What the commands say about themselves, and what happens to command lines that mean nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ifmosfs import __version__
from tests.cli.command_line import Desk, Result

MAIN = """\
Usage: ifmosfs [OPTIONS] COMMAND [ARGS]...

  The file organiser you can try on your only copy.

  It shows the organised layout as a mounted folder before anything has moved.
  Drag what is wrong to where it belongs, then commit; or unmount, and nothing
  ever happened.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Look:
  scan      Find out what is in some folders.
  classify  Say of each file what it is.
  stage     Make, show, resolve, preview, discard a plan.
  mount     Show the organised layout as a live folder.
  status    What is mounted, planned, unfinished.
  validate  Check a folder, a plan, a session.
  why       Why a file is taken for what it is.
  verify    Prove that the disk is what the plan says.

Change:
  commit   Really move the files, journaled.
  unmount  Take the view away: nothing ever happened.

Undo:
  rollback  Move the files back.
  history   What was done, run by run; or a file's whole way.
  versions  What was where after each commit, and getting it back.
  vault     List, restore and empty what lost a conflict.
  recover   Finish or undo what an interrupted run began.

Learn:
  teach   Say what files are; similar ones follow.
  review  Be asked about unsure files, the most telling first.
  model   Make and merge labelled files to learn from.

Set up:
  doctor  What is here, what is missing, and the remedy.

  First steps:
    ifmosfs mount ~/Downloads      scan, classify, plan; browse the result in ~/IFMOSFS
    ifmosfs commit ~/IFMOSFS       now the files really move
    ifmosfs rollback               ... and back

  Exit status: 0 done, 1 failed, 2 usage, 3 done in part, 4 conflicts open, 5 plan outdated,
  6 backend missing, 7 locked by another run, 8 recovery needed, 130 interrupted.
"""

FIRST_SENTENCES = {
    "scan": "Find out what is in some folders.",
    "classify": "Say of each file what it is.",
    "stage create": "Plan a session's files into a target folder.",
    "stage list": "All plans, the newest last.",
    "stage show": "A plan as a tree with counts, and what stays and why.",
    "stage preview": "Show a plan as a folder: mounted, or of links or copies.",
    "stage validate": "Check a plan against the disk as it is now: every problem at once, each with its remedy.",
    "stage resolve": "Answer the open conflicts of a plan: names that two files want, and files that are there already.",
    "stage undo": "Take the last edits of a plan back; no file is touched.",
    "stage redo": "Make edits of a plan again that `stage undo` took back, as long as nothing else was edited since.",
    "stage log": "What has been edited about a plan, step by step, the oldest first, with what was taken back.",
    "stage commit": "Really move the files, journaled.",
    "stage discard": "Forget a plan; nothing on the disk was changed by it.",
    "stage reopen": "Take a plan up again, with its edits, that was discarded or rolled back.",
    "mount": "Show the organised layout as a live folder.",
    "status": "What is mounted, planned, unfinished.",
    "stage fix": "Mend what `stage validate` finds, by editing the plan; no file is touched.",
    "validate": "Check a folder, a plan, a session; nothing is changed.",
    "validate path": "Is a folder good to scan, or to organise into?",
    "validate plan": "Check a plan against the disk as it is now: every problem at once, each with its remedy.",
    "validate session": "Are the scanned files still what was scanned?",
    "why": "Say why a file is taken for what it is: on the disk, scanned or not, or in a mounted view.",
    "teach": "Say what files are: on the disk, or in a mounted view.",
    "review": "Ask about the files that the program is not sure of, those first whose answers settle most.",
    "verify": "Prove that the disk is what the plan says.",
    "commit": "Really move the files, journaled.",
    "unmount": "Take the view away: nothing ever happened.",
    "rollback": "Move the files back.",
    "rollback execute": "Move a plan's files back to where they were.",
    "rollback preview": "Show what `rollback execute` with the same arguments would do, line by line; nothing is changed.",
    "rollback restore": "Move single files back to where they were.",
    "rollback list": "What can be undone: each plan that has moved files, its runs, and how many of its files have not been moved",
    "rollback files": "The files that a plan has moved: id, what is there now, old and new name.",
    "history": "What was done, run by run; or with FILE its whole way, found by its old, its present or any name between.",
    "vault empty": "Remove from the vault what is elsewhere, too; for good.",
    "vault list": "What commits have put into the vault: from where, by which plan, how large, since when, and if it is there.",
    "vault restore": "Bring files back out of the vault.",
    "recover": "Finish or undo what an interrupted run began.",
    "doctor": "What is here, what is missing, and the remedy.",
}
REPORTING = sorted(set(FIRST_SENTENCES) - {"rollback", "validate"})


def test_the_help_shows_the_commands_in_sections_the_first_steps_and_the_exit_statuses(desk: Desk) -> None:
    assert desk.here("--help") == (0, MAIN, "")


@pytest.mark.parametrize("command", FIRST_SENTENCES)
def test_each_command_explains_itself_in_one_sentence_under_its_usage(desk: Desk, command: str) -> None:
    result = desk.here(*command.split(), "--help")
    said = " ".join(result.out.split())
    assert result.status == 0
    assert said.startswith(f"Usage: ifmosfs {command} ")
    assert FIRST_SENTENCES[command] in said


@pytest.mark.parametrize("command", REPORTING)
def test_every_command_that_reports_can_do_so_as_json(desk: Desk, command: str) -> None:
    assert "  --json " in desk.here(*command.split(), "--help").out


@pytest.mark.parametrize("command", ["commit", "rollback execute", "rollback restore"])
def test_what_moves_files_can_be_rehearsed_and_answered_beforehand(desk: Desk, command: str) -> None:
    said = desk.here(*command.split(), "--help").out
    assert "-n, --dry-run " in said
    assert "-y, --yes " in said


@pytest.mark.parametrize(
    "command", ["scan", "stage validate", "stage undo", "stage redo", "verify", "commit", "rollback execute", "doctor"]
)
def test_a_command_whose_status_says_something_of_its_own_explains_it(desk: Desk, command: str) -> None:
    assert "  Exit status: 0" in desk.here(*command.split(), "--help").out


def test_the_command_that_mount_starts_is_not_shown(desk: Desk) -> None:
    assert "serve" not in desk.here("--help").out


def test_the_version_is_told(desk: Desk) -> None:
    assert desk.here("--version") == (0, f"ifmosfs, version {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["organise"],
        ["scan", "--recursive"],
        ["stage", "merge"],
        ["stage", "create", "--conflict", "overwrite"],
        ["stage", "preview", "--method", "magic"],
        ["stage", "show", "--depth", "deep"],
    ],
    ids=" ".join,
)
def test_an_unknown_word_is_a_usage_error_that_names_it(desk: Desk, arguments: list[str]) -> None:
    result = desk.here(*arguments)
    assert result.status == 2
    assert result.out == ""
    first, hint = result.err.splitlines()
    assert first.startswith("error[usage]: ")
    assert arguments[-1] in first
    assert hint.startswith("  hint: ifmosfs ")
    assert hint.endswith(" --help")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scan"], "error[usage]: no folder to scan was named\n  hint: ifmosfs scan FOLDER\n"),
        (
            ["verify", "abc", "--plan", "def"],
            "error[usage]: two plans were named: abc and def\n  hint: name one plan\n",
        ),
        (
            ["stage", "create", "abc", "--session", "def"],
            "error[usage]: two sessions were named: abc and def\n  hint: name one session\n",
        ),
        (
            ["mount", "--plan", "abc", "one", "two"],
            "error[usage]: more than one mount point was named\n  hint: ifmosfs mount --plan PLAN MOUNTPOINT\n",
        ),
        (
            ["mount", "--plan", "abc", "--roots", "inbox"],
            "error[usage]: both a plan and folders were named\n  hint: name one of the two\n",
        ),
        (
            ["mount", "--output", "elsewhere"],
            "error[usage]: --output and --exclude need a folder to scan\n  hint: ifmosfs mount FOLDER --output TARGET\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_arguments_that_contradict_each_other_are_refused_with_a_remedy(
    desk: Desk, arguments: list[str], said: str
) -> None:
    assert desk.here(*arguments) == (2, "", said)


@pytest.mark.parametrize("name", ["ifmosfs", "ifmos"])
def test_both_names_run_the_same_program(desk: Desk, name: str) -> None:
    (installed,) = entry_points(group="console_scripts", name=name)
    assert installed.value == "ifmosfs.cli.main:run"
    script = Path(sys.executable).with_name(name)
    done = subprocess.run([script, "--help"], env=desk.environment, capture_output=True, text=True, check=False)
    assert Result(done.returncode, done.stdout, done.stderr) == (0, MAIN, "")


def test_a_reader_that_has_seen_enough_is_no_error_with_a_traceback(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    process = desk.start("classify", "--json")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, b"")
