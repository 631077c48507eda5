"""Versions: a snapshot of names, and the difference between two versions, as commands from start to end."""

from __future__ import annotations

import os
from itertools import count
from statistics import median

from benchmarks.measure import seconds_of
from benchmarks.rows import Row
from benchmarks.workplace import Scale, Workplace, make_files

SNAPSHOT_GOAL = "100,000 in < 2 s"
DIFF_GOAL = "100,000 in < 2 s"


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """One file in ten is moved, one in fifty edited, between the two versions."""
    tree = place.folder / "tree"
    make_files(tree, scale.n_files)
    place.ifmosfs("versions", "list")  # makes the state folder, which is no part of it
    numbers = count()

    def snapshot() -> None:
        place.ifmosfs("versions", "snapshot", "--name", f"s-{next(numbers)}", str(tree))

    taken = [seconds_of(snapshot) for _ in range(scale.n_rounds)]
    _change(os.fsencode(tree))
    place.ifmosfs("versions", "snapshot", "--name", "after", str(tree))

    def compare() -> None:
        place.ifmosfs("versions", "diff", "--from", "s-0", "--to", "after", "--json")

    compared = [seconds_of(compare) for _ in range(scale.n_rounds)]
    return [
        Row("versions snapshot, names only", scale.n_files, median(taken), goal=SNAPSHOT_GOAL),
        Row("versions diff of two versions", scale.n_files, median(compared), goal=DIFF_GOAL),
    ]


def _change(tree: bytes) -> None:
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(tree) for name in names)
    for number, path in enumerate(paths[::10]):
        os.rename(path, os.path.join(os.path.dirname(path), b"moved %d" % number))
    for path in paths[1::50]:
        with open(path, "ab") as file:
            file.write(b"edited")
