"""The temporary folder that a benchmark works in: files, a state folder of its own, plans; and nothing of it left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import Action, Ran, drop_caches, run
from ifmosfs.app.context import App
from ifmosfs.app.scanning import scan
from ifmosfs.app.settings import load_settings
from ifmosfs.app.staging import create_plan, load_tree
from ifmosfs.core.names import is_within
from ifmosfs.core.proposal import Proposal
from ifmosfs.platform.mounts import mounts

FILES_PER_FOLDER: Final = 100
FIRST_YEAR: Final = 2015
N_YEARS: Final = 10
_YEAR_NS: Final = 31_557_600 * 1_000_000_000
_EXTENSIONS: Final = (b"pdf", b"jpg", b"txt", b"py", b"docx", b"mp3", b"html", b"csv", b"tar.gz", b"log")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: files in the trees, rounds of which the median counts, and the size of the one big file.

    `cool_down` makes the disk's caches cold before a cold run.
    """

    n_files: int
    n_rounds: int
    big_file_bytes: int
    cool_down: Action = drop_caches


class Workplace:
    """A folder for one benchmark, with a state folder (`home`), and commands that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.environment = {"IFMOSFS_HOME": str(self.home)}

    def command(self, *arguments: str) -> list[str]:
        """The command line of `ifmosfs` with these arguments."""
        return [sys.executable, "-m", "ifmosfs", *arguments]

    def ifmosfs(self, *arguments: str) -> Ran:
        """Run a command of the program to its end, keeping what it prints. Raises `CommandFailed`."""
        return run(self.command(*arguments), env=self.environment, keep=True)

    @contextmanager
    def app(self) -> Iterator[App]:
        """The program's parts in this process, on the state folder of this workplace."""
        with App(load_settings({**os.environ, **self.environment})) as app:
            yield app

    def plan_without_reading(self, inbox: Path, target: Path, labels: tuple[str, ...] = ()) -> str:
        """Scan an inbox and stage a plan of all its files; their categories are dealt out in turn, without a look inside.

        Without `labels`, all categories that the layout has a folder for. Returns the plan's id.
        """
        with self.app() as app:
            report = scan(app, [os.fsencode(inbox)])
            dealt = labels or tuple(label for label in app.taxonomy.names if label in app.layout.templates)
            files = app.catalogue.unclassified(report.session_id, app.classifier.name)
            proposals = [
                (file.file_id, Proposal(dealt[number // 7 % len(dealt)], 0.9, "dealt out in turn"))
                for number, file in enumerate(files)
            ]
            app.catalogue.save_proposals(app.classifier.name, proposals)
            return create_plan(app, app.catalogue.find_session(report.session_id), os.fsencode(target)).plan_id


@contextmanager
def workplace(parent: Path | None) -> Iterator[Workplace]:
    """A workplace in a new folder below `parent` (`None`: the system's temporary folder). When left, its mounts are taken
    away and then the folder; a folder that still has a mount in it is left alone."""
    folder = Path(tempfile.mkdtemp(prefix="ifmosfs-benchmark-", dir=parent)).resolve()
    try:
        yield Workplace(folder)
    finally:
        _unmount_below(folder)
        if not _mounts_below(folder):
            shutil.rmtree(folder)


def _mounts_below(folder: Path) -> list[bytes]:
    return [mount.point for mount in mounts() if is_within(mount.point, os.fsencode(folder))]


def _unmount_below(folder: Path) -> None:
    for point in reversed(_mounts_below(folder)):
        subprocess.run([b"fusermount3", b"-u", b"-z", b"--", point], check=False, capture_output=True)


def make_files(folder: Path, n_files: int) -> None:
    """Make `n_files` small files, a hundred to a folder, dated over ten years. One in each folder is called `report.pdf`;
    one in a thousand each has a name that is not UTF-8, that has a newline, that is 255 bytes long."""
    top = os.fsencode(folder)
    os.makedirs(top)
    content = bytes(range(256)) * 16
    for number in range(n_files):
        position = number % FILES_PER_FOLDER
        if position == 0:
            group = number // FILES_PER_FOLDER
            below = b"%s/group %03d/folder %05d" % (top, group // 30, group)
            os.makedirs(below)
        path = below + b"/" + _name(number, position)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, content[: 100 + number * 37 % 3900])
        os.close(descriptor)
        time_ns = file_time_ns(number)
        os.utime(path, ns=(time_ns, time_ns))
    for below, _, _ in os.walk(top):
        os.utime(
            below, ns=(time_ns, time_ns)
        )  # a view looks once more at folders that changed just before its plan was made


def _name(number: int, position: int) -> bytes:
    if position == 17:
        return b"report.pdf"
    if number % 1000 == 3:
        return b"not utf-8 \xff %d.txt" % number
    if number % 1000 == 4:
        return b"two\nlines %d.txt" % number
    if number % 1000 == 5:
        return (b"%d " % number).ljust(255, b"x")
    return b"document %06d.%s" % (number, _EXTENSIONS[number % len(_EXTENSIONS)])


def file_time_ns(number: int) -> int:
    """The modification time of the file with this number: every year of the ten gets its share."""
    return (FIRST_YEAR - 1970) * _YEAR_NS + number // 3 % N_YEARS * _YEAR_NS + number % 1000 * 86_400_000_000


def link_layout(workplace: Workplace, plan_id: str, folder: Path) -> list[tuple[bytes, bytes]]:
    """Build a plan's layout as an ordinary folder of hard links: the same names, sizes and inodes as the mounted one.

    Returns (source, path below the layout) of every file.
    """
    with workplace.app() as app:
        moves = [(move.source.absolute, move.target) for move in load_tree(app, plan_id).moves()]
    top = os.fsencode(folder)
    for made in {os.path.dirname(target) for _, target in moves}:
        os.makedirs(top + b"/" + made, exist_ok=True)
    for source, target in moves:
        os.link(source, top + b"/" + target)
    return moves
