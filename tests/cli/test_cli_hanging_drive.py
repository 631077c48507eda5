"""A drive that does not answer stops who reads from it, and never who browses: a real view of files on a FUSE filesystem whose process
is halted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import Desk
from tests.fuse_support import FUSE_MARKS, Daemon, force_unmount, served

pytestmark = FUSE_MARKS

POLLS_S = 6.0  # the roots of such a drive are polled meanwhile


@pytest.fixture
def drive(bare_desk: Desk, tmp_path: Path) -> Iterator[Daemon]:
    """The inbox of a desk, on a drive of its own."""
    behind = tmp_path / "behind"
    (behind / "deeper").mkdir(parents=True)
    for number in range(12):
        (behind / f"t{number}.csv").write_text(f"id,name,value\n1,a,{number}\n2,b,4\n3,c,5\n")
        (behind / "deeper" / f"d{number}.csv").write_text(f"id,name,value\n1,b,{number}\n2,b,4\n3,c,5\n")
    bare_desk.inbox.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.proof.bare_fuse", str(behind), str(bare_desk.inbox)]
    with served(command, bare_desk.inbox, tmp_path / "log") as daemon:
        yield daemon
        daemon.process.send_signal(signal.SIGCONT)
        force_unmount(bare_desk.mount_point)


def listed(point: Path) -> list[str]:
    """Names and sizes of all files, as `find` sees them within some seconds."""
    found = subprocess.run(
        ["find", point, "-type", "f", "-name", "*.csv", "-printf", "%f %s\n"],
        capture_output=True,
        text=True,
        timeout=15,
        check=True,
    )
    return sorted(found.stdout.splitlines())


def test_a_halted_drive_stops_nobody_who_only_browses(bare_desk: Desk, drive: Daemon, tmp_path: Path) -> None:
    plan = bare_desk.staged()
    bare_desk.mount_point.mkdir()
    assert bare_desk.run("mount", "--plan", plan, bare_desk.mount_point).status == 0
    time.sleep(2.0)  # what the kernel may have remembered of the drive is too old by then
    drive.process.send_signal(signal.SIGSTOP)
    time.sleep(POLLS_S)
    behind = [*(tmp_path / "behind").rglob("*.csv")]
    assert listed(bare_desk.mount_point) == sorted(f"{path.name} {path.stat().st_size}" for path in behind)
    drive.process.send_signal(signal.SIGCONT)
    (shown,) = bare_desk.mount_point.rglob("t7.csv")
    assert shown.read_bytes() == (tmp_path / "behind" / "t7.csv").read_bytes()
    assert os.listdir(bare_desk.mount_point)


def test_unmount_names_who_waits_for_a_file_of_a_halted_drive(bare_desk: Desk, drive: Daemon) -> None:
    plan = bare_desk.staged()
    bare_desk.mount_point.mkdir()
    assert bare_desk.run("mount", "--plan", plan, "--no-watch", bare_desk.mount_point).status == 0
    (shown,) = bare_desk.mount_point.rglob("t7.csv")
    drive.process.send_signal(signal.SIGSTOP)
    with subprocess.Popen(["cat", shown], stdout=subprocess.PIPE) as reader:
        time.sleep(2.0)
        refused = bare_desk.run("unmount", "--keep", bare_desk.mount_point)
        assert refused.status == 2, refused
        assert f"in use by cat (pid {reader.pid}) that waits for a file to be opened" in refused.err
        drive.process.send_signal(signal.SIGCONT)
        assert reader.communicate(timeout=20)[0].startswith(b"id,name,value")
    assert bare_desk.run("unmount", "--keep", bare_desk.mount_point).status == 0
