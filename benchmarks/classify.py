"""Classifying: files of this machine, taken evenly from /usr/share and the installed Python packages, and a mixed home folder."""

from __future__ import annotations

import os
import sysconfig
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measure import seconds_of
from benchmarks.mixed_home import make_mixed_home
from benchmarks.rows import Row
from benchmarks.workplace import Scale, Workplace
from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.scan import ScanRules, scan_root
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.extract.extractor import Extractor
from ifmosfs.ml.extract.pool import Pool
from ifmosfs.platform import host
from ifmosfs.platform.disk import PosixDisk

N_FILES_AT_MOST = 5_000
N_MIXED: Final = 2_000
N_HANDED_OVER: Final = 2_000
RATE_GOAL = "≥ 300 files/s"
MEDIAN_GOAL = "< 3 ms"


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """The sample of this machine with cold and warm caches, the mixed folder with and without a memory of its contents, the middle
    one of the times per file, and what it costs to have a worker look at a file in which there is next to nothing."""
    with tempfile.TemporaryDirectory(prefix="ifmosfs-mixed-") as folder:
        make_mixed_home(Path(folder), min(scale.n_files, N_MIXED))
        return [*_machine(scale, place), *_mixed(Path(folder), scale, place), _hand_over(Path(folder))]


def _machine(scale: Scale, place: Workplace) -> list[Row]:
    folders = [Path("/usr/share"), Path(sysconfig.get_path("purelib"))]
    wanted = min(scale.n_files, N_FILES_AT_MOST) // len(folders)
    files = [file for folder in folders for file in _sample(folder, wanted)]
    with place.app() as app:
        classifier = app.classifier
        classifier.propose(files[0])  # its rules are read at the first call
        scale.cool_down()
        first = seconds_of(lambda: list(classifier.propose_all(files)))
        again = seconds_of(lambda: list(classifier.propose_all(files)))
    return [
        Row("sample of this machine, cold caches, nothing remembered", len(files), first, goal=RATE_GOAL),
        Row("sample of this machine, warm caches, extracts remembered", len(files), again, goal=RATE_GOAL),
    ]


def _mixed(folder: Path, scale: Scale, place: Workplace) -> list[Row]:
    files = _sample(folder, N_MIXED)
    with place.app() as app:
        classifier = app.classifier
        classifier.propose(files[0])
        scale.cool_down()
        first = seconds_of(lambda: list(classifier.propose_all(files)))
        again = seconds_of(lambda: list(classifier.propose_all(files)))
    with PosixDisk() as disk:
        single = RulesClassifier(disk, extractor=Extractor())
        single.propose(files[0])
        each = [seconds_of(lambda file=file: single.propose(file)) for file in files]  # type: ignore[misc]
        single.close()
    return [
        Row("mixed home folder, cold caches, nothing remembered", len(files), first, goal=RATE_GOAL),
        Row("mixed home folder, warm caches, extracts remembered", len(files), again, goal=RATE_GOAL),
        Row("one file of it, one by one, nothing remembered, median", 1, median(each), goal=MEDIAN_GOAL),
    ]


def _hand_over(folder: Path) -> Row:
    path = next(path for path in sorted(folder.rglob("*.eml")))
    size_bytes = path.stat().st_size
    pool = Pool(1)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        pool.wait(
            pool.ask(descriptor, size_bytes, "7z")
        )  # starts the worker; a 7z file it is not, which is seen at once
        seconds = seconds_of(lambda: [pool.wait(pool.ask(descriptor, size_bytes, "7z")) for _ in range(N_HANDED_OVER)])
    finally:
        os.close(descriptor)
        pool.close()
    return Row("a file handed to a worker and back", N_HANDED_OVER, seconds)


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
