"""The mounted view against bindfs, against mfusepy as its documentation shows it, and against the bare disk: a tree of hard links
with the layout's names, sizes and inodes.

Each figure is from a fresh mount, so that nothing is in the kernel's caches of the mount itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.measure import MIB, Action, memory_bytes, nothing, run
from benchmarks.rows import Row, Unit
from benchmarks.workplace import Scale, Workplace, link_layout, make_files

N_READ = 10_000
N_WIDE = 22_000
WIDE_LABEL = "contact_vcard"  # one folder, whatever the year
BIG_NAME = "big file.bin"
N_RANDOM = 20_000
BINDFS = "bindfs"
PLAIN = "mfusepy as documented"
READY_SECONDS = 30.0

BINDFS_GOAL = "≥ speed of bindfs"


class Mounted(NamedTuple):
    """A mount that answers: where, the process that serves it (0: the kernel alone), and how long it took to come up."""

    path: Path
    pid: int
    seconds: float


Mounting = Callable[[], AbstractContextManager[Mounted]]
Subject = tuple[str, Mounting]
Command = Callable[[Path], Sequence[str | bytes]]


@dataclass(frozen=True, slots=True)
class Series:
    """What commands took, one after the other in the same fresh mount of each subject: medians over all rounds, by subject.

    `seconds` has one entry for each command, `ready` the seconds until the mount answered, `held` the MiB that its
    daemon held at the end. The bare tree has neither of the last two.
    """

    seconds: tuple[Mapping[str, float], ...]
    ready: Mapping[str, float]
    held: Mapping[str, float]


class Subjects:
    """The view of a plan, bindfs and a plain Python filesystem over the same layout, and the layout itself."""

    def __init__(self, place: Workplace, plan_id: str, bare: Path, n_rounds: int) -> None:
        self._n_rounds = n_rounds
        self._mountings: dict[str, Mounting] = {"ifmosfs": lambda: _view(place, plan_id)}
        if shutil.which("bindfs"):
            self._mountings[BINDFS] = lambda: _bindfs(place, bare)
        self._mountings[PLAIN] = lambda: _plain(place, bare)
        self._mountings["bare tree"] = lambda: _bare(bare)

    def series(self, *commands: Command, before: Action = nothing) -> Series:
        """Run the commands in every subject in turn, round by round; `before` comes between mounting and the first one.

        Each round begins with another subject: the disk itself, or what it is a part of, may keep what the first has read.
        """
        seconds: list[dict[str, list[float]]] = [{} for _ in commands]
        ready: dict[str, list[float]] = {}
        held: dict[str, list[float]] = {}
        for number in range(self._n_rounds):
            for name, mounting in _rotated(list(self._mountings.items()), number):
                with mounting() as mounted:
                    before()
                    for command, taken in zip(commands, seconds, strict=True):
                        ran = run(command(mounted.path), cwd=mounted.path)
                        taken.setdefault(name, []).append(ran.seconds)
                    if mounted.pid:
                        ready.setdefault(name, []).append(mounted.seconds)
                        held.setdefault(name, []).append(memory_bytes(mounted.pid, "VmRSS") / MIB)
        return Series(tuple(_medians(taken) for taken in seconds), _medians(ready), _medians(held))


def _rotated(subjects: Sequence[Subject], number: int) -> Sequence[Subject]:
    begin = number % len(subjects)
    return [*subjects[begin:], *subjects[:begin]]


def _medians(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: median(several) for name, several in values.items()}


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """Coming up, listing, reading, memory; and one folder with very many entries."""
    inbox, bare = place.folder / "inbox", place.folder / "bare"
    make_files(inbox, scale.n_files)
    _make_big_file(inbox / BIG_NAME, scale.big_file_bytes)
    plan_id = place.plan_without_reading(inbox, place.folder / "organized")
    moves = link_layout(place, plan_id, bare)
    plan_id = place.plan_without_reading(
        inbox, place.folder / "organized"
    )  # the links have changed the files' times of change
    subjects = Subjects(place, plan_id, bare, scale.n_rounds)
    found = _listing_rows(scale, subjects)
    found += _reading_rows(scale, place, subjects, moves)
    return found + _wide_rows(scale, place)


def _listing_rows(scale: Scale, subjects: Subjects) -> list[Row]:
    n_files = scale.n_files
    found = subjects.series(_find, _find)
    (in_detail,) = subjects.series(_list_all).seconds
    (in_detail_cold,) = subjects.series(_list_all, before=scale.cool_down).seconds
    return [
        _row("`ifmosfs mount` of a stored plan until it answers", n_files, found.ready, goal="< 3 s"),
        _row("`find -size` in a fresh mount", n_files, found.seconds[0], goal=BINDFS_GOAL),
        _row("the same again", n_files, found.seconds[1], goal=BINDFS_GOAL),
        _row("memory after both", n_files, found.held, unit=Unit.MEBIBYTES, goal="< 500 MiB"),
        _row("`ls -lR` in a fresh mount", n_files, in_detail, goal=BINDFS_GOAL),
        _row("`ls -lR` in a fresh mount, cold disk", n_files, in_detail_cold, goal=BINDFS_GOAL),
    ]


def _reading_rows(
    scale: Scale, place: Workplace, subjects: Subjects, moves: Sequence[tuple[bytes, bytes]]
) -> list[Row]:
    small = [target for source, target in moves if not source.endswith(BIG_NAME.encode())]
    big = next(target for source, target in moves if source.endswith(BIG_NAME.encode()))
    chosen = small[:: max(1, len(small) // N_READ)][:N_READ]
    names = place.folder / "names"
    names.write_bytes(b"".join(name + b"\0" for name in chosen))

    def read_small(path: Path) -> Sequence[str]:
        # tar looks whether it writes to /dev/null, and does not read anything then.
        return ["sh", "-c", 'tar --create --null --files-from="$1" --file=- | cat >/dev/null', "sh", str(names)]

    def read_big(path: Path) -> Sequence[str | bytes]:
        return ["dd", b"if=" + big, "of=/dev/null", "bs=1M"]

    def read_at_random(path: Path) -> Sequence[str | bytes]:
        return [sys.executable, str(Path(__file__).with_name("read_at_random.py")), big, str(N_RANDOM)]

    size = f"{scale.big_file_bytes // MIB} MiB"
    (cold,) = subjects.series(read_small, before=scale.cool_down).seconds
    warm, again = subjects.series(read_small, read_small).seconds
    big_cold, big_again, at_random = subjects.series(read_big, read_big, read_at_random, before=scale.cool_down).seconds
    return [
        _row("tar of small files, cold disk", len(chosen), cold),
        _row("tar of small files, warm disk, fresh mount", len(chosen), warm),
        _row("tar of small files, again", len(chosen), again),
        _row(f"reading {size} in sequence, cold disk", 1, big_cold, goal=BINDFS_GOAL),
        _row(f"reading {size} in sequence, again", 1, big_again, goal="= the page cache"),
        _row(f"reading 4 KiB at {N_RANDOM:,} places of it", N_RANDOM, at_random),
    ]


def _wide_rows(scale: Scale, place: Workplace) -> list[Row]:
    n_wide = min(N_WIDE, scale.n_files)
    inbox, bare = place.folder / "wide inbox", place.folder / "wide bare"
    make_files(inbox, n_wide)
    plan_id = place.plan_without_reading(inbox, place.folder / "wide organized", (WIDE_LABEL,))
    link_layout(place, plan_id, bare)
    plan_id = place.plan_without_reading(inbox, place.folder / "wide organized", (WIDE_LABEL,))
    subjects = Subjects(place, plan_id, bare, scale.n_rounds)
    (folder,) = os.listdir(bare)
    (listed,) = subjects.series(lambda path: ["ls", folder]).seconds
    (in_detail,) = subjects.series(lambda path: ["ls", "-l", folder]).seconds
    (found,) = subjects.series(lambda path: ["find", folder, "-size", "+1000000"]).seconds
    return [
        _row(f"one folder of {n_wide:,}: first `ls`", n_wide, listed, goal="< 100 ms"),
        _row(f"one folder of {n_wide:,}: first `ls -l`", n_wide, in_detail),
        _row(f"one folder of {n_wide:,}: first `find -size`", n_wide, found),
    ]


def _row(what: str, n_files: int, values: Mapping[str, float], unit: Unit = Unit.SECONDS, goal: str = "") -> Row:
    rivals: dict[str, float | None] = {BINDFS: values.get(BINDFS)}
    rivals |= {name: value for name, value in values.items() if name not in {"ifmosfs", BINDFS}}
    return Row(what, n_files, values["ifmosfs"], rivals, unit, goal)


def _find(path: Path) -> Sequence[str]:
    return ["find", ".", "-size", "+1000000"]


def _list_all(path: Path) -> Sequence[str]:
    return ["ls", "-lR"]


def _make_big_file(path: Path, size_bytes: int) -> None:
    block = os.urandom(MIB)
    with path.open("xb") as file:
        for _ in range(size_bytes // MIB):
            file.write(block)
        os.fsync(file.fileno())


@contextmanager
def _view(place: Workplace, plan_id: str) -> Iterator[Mounted]:
    point = place.folder / "view"
    point.mkdir(exist_ok=True)
    ran = place.ifmosfs("mount", "--plan", plan_id, str(point), "--json")
    pid: int = json.loads(ran.output)["pid"]
    try:
        yield Mounted(point, pid, ran.seconds)
    finally:
        place.ifmosfs("unmount", str(point), "--keep")
        _wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the view's process goes on after its mount has gone")


@contextmanager
def _bindfs(place: Workplace, source: Path) -> Iterator[Mounted]:
    point = place.folder / "bindfs"
    point.mkdir(exist_ok=True)
    began = time.perf_counter()
    process = subprocess.Popen(["bindfs", "-f", "-r", "--no-allow-other", str(source), str(point)])
    try:
        _wait_until(lambda: os.path.ismount(point) or process.poll() is not None, "bindfs does not mount")
        yield Mounted(point, process.pid, time.perf_counter() - began)
    finally:
        run(["fusermount3", "-u", str(point)])
        process.wait(READY_SECONDS)


@contextmanager
def _plain(place: Workplace, source: Path) -> Iterator[Mounted]:
    point = place.folder / "plain"
    point.mkdir(exist_ok=True)
    began = time.perf_counter()
    program = Path(__file__).with_name("plain_fuse.py")
    process = subprocess.Popen([sys.executable, str(program), str(source), str(point)], stderr=subprocess.DEVNULL)
    try:
        _wait_until(lambda: os.path.ismount(point) or process.poll() is not None, "mfusepy does not mount")
        yield Mounted(point, process.pid, time.perf_counter() - began)
    finally:
        run(["fusermount3", "-u", str(point)])
        process.wait(READY_SECONDS)


@contextmanager
def _bare(path: Path) -> Iterator[Mounted]:
    yield Mounted(path, 0, 0.0)


def _wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.002)
