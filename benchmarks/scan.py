"""Scanning: the walk alone and the whole command, against `find` printing size, time and path of everything."""

from __future__ import annotations

import os
import shutil

from benchmarks.measure import medians, run
from benchmarks.rows import Row
from benchmarks.workplace import Scale, Workplace, make_files
from ifmosfs.core.scan import ScanRules, scan_root
from ifmosfs.platform import host
from ifmosfs.platform.disk import PosixDisk

WALK_GOAL = "≤ 3× find"
RESCAN_GOAL = "faster than the first"


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """The walk with cold and warm caches, and the command's first and second scan with warm ones."""
    inbox = place.folder / "inbox"
    make_files(inbox, scale.n_files)
    find = ["find", str(inbox), "-printf", r"%s %T@ %p\n"]

    def walk() -> None:
        with PosixDisk() as disk:
            scan_root(os.fsencode(inbox), disk, ScanRules(host.reader()), lambda n_found: None)

    def forget() -> None:
        shutil.rmtree(place.home, ignore_errors=True)

    def scan() -> None:
        place.ifmosfs("scan", str(inbox))

    actions = {"ifmosfs": walk, "find": lambda: run(find)}
    cold = medians(scale.n_rounds, actions, before=scale.cool_down)
    warm = medians(scale.n_rounds, actions)
    first = medians(scale.n_rounds, {"ifmosfs": scan}, before=forget)["ifmosfs"]
    again = medians(scale.n_rounds, {"ifmosfs": scan})["ifmosfs"]
    n_files = scale.n_files
    return [
        Row("walk alone, cold caches", n_files, cold["ifmosfs"], {"find": cold["find"]}, goal=WALK_GOAL),
        Row("walk alone, warm caches", n_files, warm["ifmosfs"], {"find": warm["find"]}, goal=WALK_GOAL),
        Row("`ifmosfs scan`, first", n_files, first, {"find": warm["find"]}),
        Row("`ifmosfs scan`, again", n_files, again, {"find": warm["find"], "first scan": first}, goal=RESCAN_GOAL),
    ]
