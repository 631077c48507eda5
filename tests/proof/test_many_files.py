"""A commit of 100,000 files, killed somewhere: recovered in seconds and within bounded memory, gone on with, and rolled back."""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.cli.command_line import Desk, ended
from tests.oracle import damage, temporary_names

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

N_FILES = 100_000
N_FOLDERS = 200
KILLS = 3
LARGEST_RSS_BYTES = 1 << 30
LONGEST_RECOVERY_S = 60


def make_files(inbox: Path) -> set[tuple[str, int]]:
    """Small tables in many folders; their names, which are unique, with their inodes."""
    made = set()
    for folder in range(N_FOLDERS):
        here = inbox / f"part {folder:03d}"
        here.mkdir(parents=True)
        for number in range(folder, N_FILES, N_FOLDERS):
            path = here / f"table {number:06d}.csv"
            path.write_bytes(b"a,b\n%d,1\n2,3\n4,5\n" % number)
            made.add((path.name, os.stat(path).st_ino))
    return made


def files_below(*folders: Path) -> list[tuple[str, int]]:
    """Every table below folders."""
    return [
        (entry.name, entry.inode())
        for folder in folders
        for here, _, _ in os.walk(folder)
        for entry in os.scandir(here)
        if entry.name.endswith(".csv")
    ]


def test_a_commit_of_100_000_files_killed_anywhere_is_recovered_in_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cli.command_line.TIMEOUT_S", 600)
    desk = Desk(tmp_path)
    desk.home.mkdir()
    desk.mount_point.mkdir()
    files = make_files(desk.inbox)
    plan = desk.staged()
    seed = random.randrange(1 << 32)
    chosen = random.Random(seed)
    arrived = desk.target / "Data/Datasets"
    for number in range(KILLS):
        process = desk.start("commit", plan, "--yes", "--json")
        goal = chosen.randrange(N_FILES * number // KILLS, N_FILES * (number + 1) // KILLS - 5000)
        kill_when(process.pid, lambda goal=goal: n_in(arrived) > goal)
        result = ended(process)
        assert result.status == -signal.SIGKILL, (seed, goal, result.err[-500:])
        there = files_below(desk.inbox, desk.target)
        assert (len(there), set(there)) == (N_FILES, files), (seed, goal)

        began = time.monotonic()
        recovery = desk.start("recover", "--json")
        out = ended(recovery)
        took_s = time.monotonic() - began
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        print(f"killed after {goal:,} of {N_FILES:,}: recovered in {took_s:.1f} s, largest process {largest >> 20} MiB")
        assert (out.status, out.json["recovered"][0]["problems"]) == (0, []), (seed, goal)
        assert took_s < LONGEST_RECOVERY_S
        assert largest < LARGEST_RSS_BYTES
        assert set(files_below(desk.inbox, desk.target)) == files
    result = desk.run("commit", plan, "--yes", "--json") if n_in(arrived) < N_FILES else None
    assert result is None or (result.status, result.json["moved"] + result.json["moved_before"]) == (0, N_FILES)
    assert desk.run("rollback", plan, "--yes").status == 0
    assert set(files_below(desk.inbox)) == files
    assert (desk.target.exists(), damage(desk.state), temporary_names(desk.inbox)) == (False, {}, [])


def n_in(folder: Path) -> int:
    """How many files have arrived, told quickly."""
    try:
        return sum(1 for _ in os.scandir(folder))
    except FileNotFoundError:
        return 0


def kill_when(pid: int, reached: object) -> None:
    """Kill a process as soon as something is so, and return at once."""
    assert callable(reached)

    def watch() -> None:
        deadline = time.monotonic() + 120
        while not reached() and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)

    threading.Thread(target=watch).start()
