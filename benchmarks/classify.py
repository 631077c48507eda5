"""Classifying by rules: files of this machine, taken evenly from /usr/share and from the installed Python packages."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from statistics import median

from benchmarks.measure import seconds_of
from benchmarks.rows import Row
from benchmarks.workplace import Scale, Workplace
from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.scan import ScanRules, scan_root
from ifmosfs.platform import host
from ifmosfs.platform.disk import PosixDisk

N_FILES_AT_MOST = 5_000
RATE_GOAL = "≥ 300 files/s"
MEDIAN_GOAL = "< 3 ms"


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """The whole sample with cold and warm caches, and the middle one of the times per file."""
    folders = [Path("/usr/share"), Path(sysconfig.get_path("purelib"))]
    wanted = min(scale.n_files, N_FILES_AT_MOST) // len(folders)
    files = [file for folder in folders for file in _sample(folder, wanted)]
    with place.app() as app:
        classifier = app.classifier
        classifier.propose(files[0])  # its rules are read at the first call
        scale.cool_down()
        cold = seconds_of(lambda: [classifier.propose(file) for file in files])
        each = [seconds_of(lambda file=file: classifier.propose(file)) for file in files]  # type: ignore[misc]
    return [
        Row("sample of this machine, cold caches", len(files), cold),
        Row("sample of this machine, warm caches", len(files), sum(each), goal=RATE_GOAL),
        Row("one file, median", 1, median(each), goal=MEDIAN_GOAL),
    ]


def _sample(folder: Path, n_files: int) -> list[ScannedFile]:
    """At most `n_files` regular files, taken at equal distances from all of the folder's in order of their paths."""
    root = os.fsencode(folder)
    with PosixDisk() as disk:
        found = scan_root(root, disk, ScanRules(host.reader()), lambda n_found: None).found
    regular = sorted(file for file in found if file.kind is Kind.FILE and file.readable)
    step = max(1, len(regular) // n_files)
    return [
        ScannedFile(number, root, file.path, file.kind, file.mode, file.fingerprint)
        for number, file in enumerate(regular[::step][:n_files], 1)
    ]
