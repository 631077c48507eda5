"""Other programs that move the same files: GNU mv, and organize (from PyPI, MIT licence), where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.measure import run, seconds_of
from ifmosfs.core.names import split

Pairs = Sequence[tuple[bytes, bytes]]  # (source, target) of each file

_RULE: Final = """
rules:
  - name: sorted by extension and year
    locations:
      - path: {inbox}
        max_depth: null
        system_exclude_files: []
        system_exclude_dirs: []
    subfolders: true
    filters:
      - extension
      - lastmodified
    actions:
      - move:
          dest: "{target}/{{extension}}/{{lastmodified.year}}/"
          on_conflict: rename_new
"""


def rename_all(pairs: Pairs) -> float:
    """Seconds of a loop of `os.rename`, which syncs nothing and checks nothing."""

    def rename() -> None:
        for source, target in pairs:
            os.rename(source, target)

    return seconds_of(rename)


def move_with_mv(pairs: Pairs) -> float:
    """Seconds of GNU mv, called once for each target folder with all its files, and once for each file that gets a new name."""
    together: dict[bytes, list[bytes]] = {}
    renamed = []
    for source, target in pairs:
        folder, name = split(target)
        if split(source)[1] == name:
            together.setdefault(folder, []).append(source)
        else:
            renamed.append((source, target))

    def move() -> None:
        for folder, sources in together.items():
            for begin in range(0, len(sources), 2000):  # an argument list may not be longer than a megabyte or two
                subprocess.run([b"mv", b"-n", b"-t", folder, b"--", *sources[begin : begin + 2000]], check=True)
        for source, target in renamed:
            subprocess.run([b"mv", b"-n", b"-T", b"--", source, target], check=True)

    return seconds_of(move)


def organize_program() -> str | None:
    """The program `organize`, if it is installed or named in ORGANIZE."""
    return os.environ.get("ORGANIZE") or shutil.which("organize")


def move_with_organize(program: str, inbox: Path, target: Path, settings: Path) -> float:
    """Seconds of organize with a rule of its own: by extension and year, into about as many folders as the plan has."""
    settings.write_text(_RULE.format(inbox=inbox, target=target), "utf-8")
    return run([program, "run", str(settings)], env={"PYTHONUTF8": "1"}).seconds


def take_back(moved_to: Path, by_inode: Mapping[int, bytes]) -> int:
    """Bring every file of a tree back to where it was; returns how many there were."""
    n_found = 0
    for folder, _, names in os.walk(os.fsencode(moved_to)):
        for name in names:
            path = folder + b"/" + name
            os.rename(path, by_inode[os.lstat(path).st_ino])
            n_found += 1
    return n_found
