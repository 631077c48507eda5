"""A drive that numbers its files anew when it is plugged in, as FAT and exFAT do: what was planned and done there is known again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import INVOICE, SCRIPT, TABLE, Desk
from tests.fuse_support import FUSE_MARKS, served
from tests.proof.tracing import needs_strace

pytestmark = [*FUSE_MARKS, needs_strace]

THEN_NS = 1_600_000_000_000_000_000
INBOX = {b"invoice-17.txt": INVOICE, b"deep": {b"run.sh": SCRIPT}, b"sizes.csv": TABLE, b"more.csv": TABLE + b"9,9\n"}


class Stick:
    """A drive without links, rename flags and numbers of its own, mounted in the desk's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mount = ExitStack()
        for name in ("behind", "stick"):
            (folder / name).mkdir()

    @property
    def top(self) -> Path:
        """Where it is mounted."""
        return self._folder / "stick"

    def plug_in(self) -> None:
        """Mount it; its files are looked at in another order than the last time, and so have other numbers."""
        command = [sys.executable, "-m", "tests.proof.bare_fuse", str(self._folder / "behind"), str(self.top)]
        self._mount.enter_context(served([*command, "no-links", "no-numbers"], self.top, self._folder / "log"))
        for here, _, names in os.walk(self.top, topdown=False):
            for name in sorted(names, reverse=True):
                os.lstat(os.path.join(here, name))

    def unplug(self) -> None:
        """Unmount it."""
        self._mount.close()

    def plug_in_again(self) -> None:
        """Both, with the numbers that its files have then."""
        self.unplug()
        self.plug_in()

    def numbers(self) -> dict[str, int]:
        """Of all files, by path."""
        return {
            os.path.join(here, name): os.lstat(os.path.join(here, name)).st_ino
            for here, _, names in os.walk(self.top)
            for name in names
        }


class StickDesk(Desk):
    """A desk whose inbox and target are on the stick; its state and its home are not."""

    @property
    def inbox(self) -> Path:
        """On the stick."""
        return self.folder / "stick" / "inbox"

    @property
    def target(self) -> Path:
        """On the stick."""
        return self.folder / "stick" / "Organized"


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Stick]:
    made = Stick(tmp_path)
    made.plug_in()
    yield made
    made.unplug()


@pytest.fixture
def desk(tmp_path: Path, stick: Stick) -> StickDesk:
    made = StickDesk(tmp_path)
    made.home.mkdir()
    made.mount_point.mkdir()
    write_tree(made.inbox, INBOX)
    for here, _, names in os.walk(made.inbox, topdown=False):
        for path in (*(os.path.join(here, name) for name in names), here):
            os.utime(path, ns=(THEN_NS, THEN_NS))
    return made


def planned(desk: Desk) -> str:
    assert desk.run("scan", desk.inbox).status == 0
    return str(desk.run("stage", "create", "--output", desk.target, "--json").json["plan"])


def times(folder: Path) -> dict[str, int]:
    return {here: os.lstat(here).st_mtime_ns for here, _, _ in os.walk(folder)}


def test_all_that_was_planned_and_committed_is_known_again_after_each_time_the_drive_was_away(
    desk: StickDesk, stick: Stick
) -> None:
    before, numbers = times(desk.inbox), stick.numbers()
    plan = planned(desk)
    stick.plug_in_again()
    assert stick.numbers() != numbers
    assert desk.run("stage", "validate", plan).status == 0
    assert desk.run("mount", "--plan", plan, desk.mount_point).status == 0
    try:
        (found,) = desk.mount_point.rglob("invoice-17.txt")
        assert (found.read_bytes(), os.getxattr(found, "user.ifmosfs.status")) == (INVOICE, b"planned")
    finally:
        assert desk.run("unmount", desk.mount_point, "--keep").status == 0
    assert desk.run("commit", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == {}

    stick.plug_in_again()
    proof = desk.run("verify", plan, "--json").json
    assert (proof["holds"], proof["changed"], proof["missing"]) == (True, [], [])
    files = desk.run("rollback", "files", plan, "--json").json["files"]
    assert [row["found"] for row in files] == ["there"] * len(INBOX)
    undone = desk.run("rollback", plan, "--yes", "--json")
    assert (undone.status, undone.json["moved"], undone.json["problems"]) == (0, len(INBOX), [])
    assert (read_tree(desk.inbox), times(desk.inbox), desk.target.exists()) == (INBOX, before, False)

    stick.plug_in_again()
    assert desk.run("rollback", "execute", plan, "--redo", "--yes").status == 0
    assert desk.run("verify", plan).status == 0


def test_a_file_that_was_changed_while_the_drive_was_away_is_told(desk: StickDesk, stick: Stick) -> None:
    plan = planned(desk)
    (desk.inbox / "sizes.csv").write_bytes(TABLE.replace(b"1", b"7"))
    stick.plug_in_again()
    told = desk.run("stage", "validate", plan, "--json").json["problems"]
    assert [(row["code"], row["path"]) for row in told] == [("changed", str(desk.inbox / "sizes.csv"))]


# The flag is tried, then a link, then the rename over a placeholder; the first plain rename is that of the journal's copy.
POINTS = [
    (call, n) for call, first in (("renameat2", 1), ("linkat", 1), ("renameat", 2)) for n in range(first, first + 4)
]


@pytest.mark.parametrize(
    ("call", "n"),
    [pytest.param(*point, marks=() if number % 5 == 0 else pytest.mark.slow) for number, point in enumerate(POINTS)],
)
def test_a_drive_that_was_pulled_out_in_the_middle_of_a_commit_is_recovered(
    desk: StickDesk, stick: Stick, call: str, n: int
) -> None:
    plan = planned(desk)
    command = [str(desk.python), "-m", "ifmosfs", "commit", plan, "--yes"]
    traced = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"]
    killed = subprocess.run(
        [*traced, "-e", f"inject={call}:signal=SIGKILL:when={n}", *command],
        env=desk.environment,
        cwd=desk.folder,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    stick.plug_in_again()
    recovered = desk.run("recover", "--json")
    assert (recovered.status, [run["problems"] for run in recovered.json["recovered"]]) == (0, [[]])
    assert desk.run("commit", plan, "--yes", "--json").status in {0, 2}  # there may be nothing left
    assert (read_tree(desk.inbox), desk.run("verify", plan).status) == ({}, 0)
    stick.plug_in_again()
    assert desk.run("rollback", plan, "--yes").status == 0
    assert (read_tree(desk.inbox), desk.target.exists()) == (INBOX, False)
