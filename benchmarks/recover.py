"""Recovery: a commit is killed when half of its files have moved, recovered, and taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from benchmarks.measure import MIB, Ran
from benchmarks.rows import Row, Unit
from benchmarks.workplace import Scale, Workplace, make_files

RECOVERY_GOAL = "1,000,000 in < 60 s"
MEMORY_GOAL = "< 1,024 MiB"

# Stands in for a power cut in the middle of a batch: `stop` is asked before every file.
_KILLED = """
import os, signal, sys
from ifmosfs.app.committing import prepare_commit, run_commit
from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings

plan_id, left = sys.argv[1], int(sys.argv[2])

def stop():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

with App(load_settings(os.environ)) as app, app.writing() as journal:
    prepared = prepare_commit(app, journal, app.catalogue.find_plan(plan_id, None))
    run_commit(app, journal, prepared, snapshot=True, stop=stop)
"""


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """One commit, one kill, one recovery: no round of this size is like another, and none is cheap."""
    inbox, target = place.folder / "inbox", place.folder / "organized"
    make_files(inbox, scale.n_files)
    plan_id = place.plan_without_reading(inbox, target)
    _kill_halfway(place, plan_id, scale.n_files // 2)
    ran = {"recover": place.ifmosfs("recover")}
    ran["commit"] = place.ifmosfs("commit", "--plan", plan_id, "--yes")
    n_files = scale.n_files
    goals = {"recover": RECOVERY_GOAL}
    words = {"recover": "after SIGKILL half-way", "commit": "takes the other half up"}
    return [
        *(Row(_title(name, words), n_files, each.seconds, goal=goals.get(name, "")) for name, each in ran.items()),
        *(_memory(name, words, each) for name, each in ran.items()),
    ]


def _title(name: str, words: dict[str, str]) -> str:
    return f"`ifmosfs {name}` {words[name]}"


def _memory(name: str, words: dict[str, str], ran: Ran) -> Row:
    return Row(f"{_title(name, words)}, peak memory", 0, ran.peak_bytes / MIB, unit=Unit.MEBIBYTES, goal=MEMORY_GOAL)


def _kill_halfway(place: Workplace, plan_id: str, n_moved: int) -> None:
    command = [sys.executable, "-c", _KILLED, plan_id, str(n_moved)]
    ended = subprocess.run(command, env={**os.environ, **place.environment}, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode(errors="replace")
