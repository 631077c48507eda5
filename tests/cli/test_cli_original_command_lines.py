"""The command lines that people know from the system before this one work as they were written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, LEFT, ORGANISED, Desk, Result, attributes, make_inbox
from tests.fuse_support import force_unmount, needs_fuse


class Typed:
    """Types command lines into a shell, on a desk with a folder `test_inbox`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.inbox = desk.folder / "test_inbox"

    def __call__(self, line: str) -> Result:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.desk.folder,
            env={**self.desk.environment, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def id_after(self, line: str, word: str) -> str:
        """The id that a command printed after a word, as a person would copy it."""
        result = self(line)
        assert result.status == 0, result
        return result.out.split(f"{word} ")[1].split()[0].rstrip(".:")


@pytest.fixture
def typed(bare_desk: Desk) -> Iterator[Typed]:
    bare_desk.set_up({})
    bare_desk.inbox.rmdir()
    shell = Typed(bare_desk)
    make_inbox(shell.inbox)
    yield shell
    force_unmount(bare_desk.home / "IFMOSFS")


@pytest.mark.parametrize("program", ["ifmosfs", "ifmos"])
def test_from_scan_to_rollback(typed: Typed, program: str) -> None:
    before = attributes(typed.inbox)
    session = typed.id_after(f"{program} scan --roots test_inbox/ --tag inbox", "Session")
    plan = typed.id_after(f"{program} stage create --session {session} --output ~/Organized", "Plan")
    assert typed(f"{program} stage validate --plan {plan}").status == 0
    assert typed(f"{program} stage commit --plan {plan} --snapshot --yes").status == 0
    organised = read_tree(typed.desk.home / "Organized")
    del organised[b".ifmosfs"]
    assert (organised, read_tree(typed.inbox)) == (ORGANISED, LEFT)
    assert typed(f"{program} rollback execute --plan {plan} --yes").status == 0
    assert attributes(typed.inbox) == before
    assert not (typed.desk.home / "Organized").exists()


def test_the_tag_is_shown_with_the_session(typed: Typed) -> None:
    session = typed.id_after("ifmosfs scan --roots test_inbox/ --tag inbox", "Session")
    assert f"  {session} [inbox]  4 files in {typed.inbox}\n" in typed("ifmosfs status").out


def test_a_commit_that_nobody_can_be_asked_about_needs_yes_and_moves_nothing(typed: Typed) -> None:
    typed("ifmosfs scan --roots test_inbox/")
    plan = typed.id_after("ifmosfs stage create --output T", "Plan")
    refused = typed(f"ifmosfs stage commit --plan {plan} --snapshot")
    assert (refused.status, refused.err) == (
        2,
        "error[usage]: this has to be confirmed, and there is no terminal to ask on\n  hint: add --yes\n",
    )
    assert read_tree(typed.inbox) == INBOX


def test_a_discarded_plan_moved_nothing(typed: Typed) -> None:
    typed("ifmosfs scan --roots test_inbox/")
    plan = typed.id_after("ifmosfs stage create --output T", "Plan")
    assert typed(f"ifmosfs stage discard --plan {plan}") == (
        0,
        f"Plan {plan} discarded; no file was moved. Take it up again: ifmosfs stage reopen {plan}\n",
        "",
    )
    assert read_tree(typed.inbox) == INBOX


@needs_fuse
def test_a_preview_is_mounted_and_opened_where_there_is_a_screen(typed: Typed) -> None:
    typed("ifmosfs scan --roots test_inbox/")
    plan = typed.id_after("ifmosfs stage create --output T", "Plan")
    result = typed(f"ifmosfs stage preview --plan {plan} --open")
    assert result == (
        0,
        (
            f"Preview of plan {plan}, 3 files: ~/IFMOSFS\n"
            f"Apply: ifmosfs commit {plan} · Forget: ifmosfs stage discard {plan}\n"
        ),
        "No file manager could be started (xdg-open is missing, or there is no screen).\n",
    )
    view = typed.desk.home / "IFMOSFS"
    assert {name: read_tree(view / os.fsdecode(name)) for name in ORGANISED} == ORGANISED
