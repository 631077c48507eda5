"""Committing: every move journaled and durable, against a loop of bare renames of the same files that syncs nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median

from benchmarks.measure import MIB, seconds_of
from benchmarks.rows import Row, Unit
from benchmarks.workplace import Scale, Workplace, make_files
from ifmosfs.app.committing import PreparedCommit, prepare_commit, run_commit
from ifmosfs.app.staging import load_tree
from ifmosfs.core.execute import never_stop
from ifmosfs.core.names import split
from ifmosfs.core.reports import RunReport

COMMIT_GOAL = "≤ 4× (25 % of its rate)"
RENAMES = "bare renames"


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """The moving alone, the whole commands, and the commands' peak memory. Each commit has a plan of its own: one that was
    committed and rolled back before has a history to read."""
    inbox, target = place.folder / "inbox", place.folder / "organized"
    make_files(inbox, scale.n_files)
    pairs = _pairs(place, place.plan_without_reading(inbox, target), os.fsencode(place.folder / "renamed"))
    seconds: dict[str, list[float]] = {RENAMES: []}
    peaks: dict[str, list[float]] = {}
    for _ in range(scale.n_rounds):
        os.sync()
        seconds[RENAMES].append(_rename_all(pairs))
        _rename_all([(target, source) for source, target in pairs])
        _commit_here(place, place.plan_without_reading(inbox, target), seconds)
        plan_id = place.plan_without_reading(inbox, target)
        for name in ("commit", "verify", "rollback"):
            ran = place.ifmosfs(name, "--plan", plan_id, *([] if name == "verify" else ["--yes"]))
            seconds.setdefault(f"`ifmosfs {name}`", []).append(ran.seconds)
            peaks.setdefault(f"`ifmosfs {name}`, peak memory", []).append(ran.peak_bytes / MIB)
    renames = {RENAMES: median(seconds.pop(RENAMES))}
    preparing, moving = median(seconds.pop("preparing")), median(seconds.pop("moving"))
    n_files = scale.n_files
    return [
        Row("moving, durable and journaled, with snapshot", n_files, moving, renames, goal=COMMIT_GOAL),
        Row("loading the plan and checking it", n_files, preparing),
        *(Row(what, n_files, median(taken), renames) for what, taken in seconds.items()),
        *(Row(what, n_files, max(peak), unit=Unit.MEBIBYTES) for what, peak in peaks.items()),
    ]


def _pairs(place: Workplace, plan_id: str, folder: bytes) -> list[tuple[bytes, bytes]]:
    """(source, target) of every move of the plan, with its layout in another folder, whose folders are made."""
    with place.app() as app:
        moves = [(move.source.absolute, folder + b"/" + move.target) for move in load_tree(app, plan_id).moves()]
    for made in {split(target)[0] for _, target in moves}:
        os.makedirs(made, exist_ok=True)
    return moves


def _rename_all(pairs: Sequence[tuple[bytes, bytes]]) -> float:
    def rename() -> None:
        for source, target in pairs:
            os.rename(source, target)

    return seconds_of(rename)


def _commit_here(place: Workplace, plan_id: str, seconds: dict[str, list[float]]) -> None:
    """Commit in this process, so that the moving is timed apart from all that is around it; and move everything back."""
    with place.app() as app, app.writing() as journal:
        info = app.catalogue.find_plan(plan_id, None)
        prepared: list[PreparedCommit] = []
        preparing = seconds_of(lambda: prepared.append(prepare_commit(app, journal, info)))
        reports: list[RunReport] = []
        moving = seconds_of(
            lambda: reports.append(run_commit(app, journal, prepared[0], snapshot=True, stop=never_stop))
        )
        assert reports[0].n_done == len(prepared[0].order.steps)
    place.ifmosfs("rollback", "--plan", plan_id, "--yes")
    seconds.setdefault("preparing", []).append(preparing)
    seconds.setdefault("moving", []).append(moving)
