"""Committing: every move journaled and durable, against a loop of bare renames of the same files that syncs nothing, GNU mv, and
organize."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.measure import MIB, cpu_seconds_of, seconds_of
from benchmarks.rivals import Pairs, move_with_mv, move_with_organize, organize_program, rename_all, take_back
from benchmarks.rows import Row, Unit
from benchmarks.workplace import Scale, Workplace, make_files
from ifmosfs.app.committing import PreparedCommit, prepare_commit, run_commit
from ifmosfs.app.staging import load_tree
from ifmosfs.core.execute import never_stop
from ifmosfs.core.names import split
from ifmosfs.core.reports import RunReport

COMMIT_GOAL = "≤ 4× (25 % of its rate)"
RENAMES = "bare renames"
RENAMES_CPU = "bare renames, processor"
MOVING_CPU = "moving, processor"
MV = "mv"
ORGANIZE = "organize, scaled up"
MOST_FOR_ORGANIZE: Final = 2_000  # some milliseconds for each

Taken = dict[str, list[float]]


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """The moving alone, the whole commands, and the commands' peak memory, each the best of its rounds.

    Every round runs all of them in turn. Each commit has a plan of its own: one that was committed and rolled back before has
    a history to read.
    """
    inbox, target = place.folder / "inbox", place.folder / "organized"
    make_files(inbox, scale.n_files)
    pairs = _pairs(place, place.plan_without_reading(inbox, target), os.fsencode(place.folder / "renamed"))
    organize = _Organize(place.folder, scale.n_files)
    seconds: Taken = {}
    peaks: Taken = {}
    for _ in range(scale.n_rounds):
        os.sync()
        cpu = seconds.setdefault(RENAMES_CPU, [])
        cpu.append(cpu_seconds_of(lambda: seconds.setdefault(RENAMES, []).append(rename_all(pairs))))
        _back(pairs)
        seconds.setdefault(MV, []).append(move_with_mv(pairs))
        _back(pairs)
        organize.measure(seconds)
        _commit_here(place, place.plan_without_reading(inbox, target), seconds)
        plan_id = place.plan_without_reading(inbox, target)
        for name in ("commit", "verify", "rollback"):
            ran = place.ifmosfs(name, "--plan", plan_id, *([] if name == "verify" else ["--yes"]))
            seconds.setdefault(f"`ifmosfs {name}`", []).append(ran.seconds)
            peaks.setdefault(f"`ifmosfs {name}`, peak memory", []).append(ran.peak_bytes / MIB)
    _show_all(seconds)
    return _rows(seconds, peaks, scale.n_files)


def _rows(seconds: Mapping[str, list[float]], peaks: Mapping[str, list[float]], n_files: int) -> list[Row]:
    best = {name: min(taken) for name, taken in seconds.items()}
    bare, bare_cpu = {RENAMES: best.pop(RENAMES)}, {RENAMES: best.pop(RENAMES_CPU)}
    rivals = {**bare, MV: best.pop(MV), ORGANIZE: best.pop(ORGANIZE, None)}
    preparing, moving, cpu = best.pop("preparing"), best.pop("moving"), best.pop(MOVING_CPU)
    return [
        Row("moving, durable and journaled, with snapshot", n_files, moving, rivals, goal=COMMIT_GOAL),
        Row("the same, time of the processor", n_files, cpu, bare_cpu),
        Row("loading the plan and checking it", n_files, preparing),
        *(Row(what, n_files, taken, rivals if what == "`ifmosfs commit`" else bare) for what, taken in best.items()),
        *(Row(what, n_files, max(peak), unit=Unit.MEBIBYTES) for what, peak in peaks.items()),
    ]


def _back(pairs: Pairs) -> None:
    rename_all([(target, source) for source, target in pairs])
    os.sync()


def _show_all(seconds: Mapping[str, list[float]]) -> None:
    """All rounds, for whoever wants to know how far they lie apart."""
    for name, taken in seconds.items():
        print(f"{name}: {', '.join(f'{each:.3f}' for each in taken)} s", file=sys.stderr)


def _pairs(place: Workplace, plan_id: str, folder: bytes) -> Pairs:
    """(source, target) of every move of the plan, with its layout in another folder, whose folders are made."""
    with place.app() as app:
        moves = [(move.source.absolute, folder + b"/" + move.target) for move in load_tree(app, plan_id).moves()]
    for made in {split(target)[0] for _, target in moves}:
        os.makedirs(made, exist_ok=True)
    return moves


class _Organize:
    """organize on a smaller inbox of its own, its time scaled up to the number of files of the others."""

    def __init__(self, folder: Path, n_files: int) -> None:
        self._program = organize_program()
        self._inbox, self._target = folder / "small inbox", folder / "small organized"
        self._settings = folder / "organize.yaml"
        self._n_files, self._n_wanted = min(n_files, MOST_FOR_ORGANIZE), n_files
        if self._program is not None:
            make_files(self._inbox, self._n_files)
            found = os.walk(os.fsencode(self._inbox))
            paths = [above + b"/" + name for above, _, names in found for name in names]
            self._by_inode = {os.lstat(path).st_ino: path for path in paths}

    def measure(self, seconds: Taken) -> None:
        """Add one round, if it is installed."""
        if self._program is None:
            return
        taken = move_with_organize(self._program, self._inbox, self._target, self._settings)
        assert take_back(self._target, self._by_inode) == self._n_files
        seconds.setdefault(ORGANIZE, []).append(taken * self._n_wanted / self._n_files)


def _commit_here(place: Workplace, plan_id: str, seconds: Taken) -> None:
    """Commit in this process, so that the moving is timed apart from all that is around it; and move everything back."""
    with place.app() as app, app.writing() as journal:
        info = app.catalogue.find_plan(plan_id, None)
        prepared: list[PreparedCommit] = []
        preparing = seconds_of(lambda: prepared.append(prepare_commit(app, journal, info)))
        reports: list[RunReport] = []
        moving = seconds.setdefault("moving", [])

        def move() -> None:
            reports.append(run_commit(app, journal, prepared[0], snapshot=True, stop=never_stop))

        seconds.setdefault(MOVING_CPU, []).append(cpu_seconds_of(lambda: moving.append(seconds_of(move))))
        assert reports[0].n_done == len(prepared[0].order.steps)
    place.ifmosfs("rollback", "--plan", plan_id, "--yes")
    seconds.setdefault("preparing", []).append(preparing)
