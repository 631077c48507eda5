"""`python -m benchmarks`: runs the chosen benchmarks at each number of files and prints their tables as Markdown."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import classify, commit, plan, recover, scan, start, versions, view
from benchmarks.loop import KINDS, loop_filesystem
from benchmarks.machine import facts
from benchmarks.measure import MIB
from benchmarks.rows import Row, table
from benchmarks.workplace import Scale, Workplace, workplace
from ifmosfs.platform.fuse_probe import probe

Benchmark = Callable[[Scale, Workplace], list[Row]]

BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "start": start.rows,
    "classify": classify.rows,
    "scan": scan.rows,
    "plan": plan.rows,
    "view": view.rows,
    "commit": commit.rows,
    "recover": recover.rows,
    "versions": versions.rows,
}
AT_ONE_SCALE: Final = frozenset({"start", "classify"})  # their work does not grow with the number of files
BEST: Final = frozenset({"commit"})  # the best of the rounds instead of their median


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, print; returns the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is cleaned up then, too
    chosen = list(BENCHMARKS) if options.what == "all" else [options.what]
    if not options.on:
        _run(chosen, options, options.folder, "")
    for kind in options.on:
        with loop_filesystem(kind, max(options.files), options.folder) as folder:
            _run(chosen, options, folder, f" on {kind}")
    return 0


def _run(chosen: Sequence[str], options: argparse.Namespace, folder: Path | None, where: str) -> None:
    """Run the benchmarks in a folder and print the facts and their tables."""
    print(facts(folder or Path(tempfile.gettempdir())))
    for name in chosen:
        if name == "view" and not probe().usable:
            print(f"### view\n\nnot measured: {probe().troubles[0].what}\n")
            continue
        for n_files in options.files[-1:] if name in AT_ONE_SCALE else options.files:
            scale = Scale(n_files, options.rounds, options.big_mib * MIB)
            print(f"{name}{where}, {n_files:,} files …", file=sys.stderr)
            with workplace(folder) as place:
                found = BENCHMARKS[name](scale, place)
            print(table(f"{name}{where}, {_counted(name)}{scale.n_rounds}", found), flush=True)


def _counted(name: str) -> str:
    return "best of " if name in BEST else "median of "


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="?", choices=[*BENCHMARKS, "all"], default="all", help="default: all")
    parser.add_argument(
        "--files", type=_numbers, default=[10_000, 100_000], metavar="N,N", help="default: 10000,100000"
    )
    parser.add_argument("--folder", type=Path, help="where to work, which decides the filesystem; default: $TMPDIR")
    parser.add_argument(
        "--on",
        type=_kinds,
        default=[],
        metavar="KIND,KIND",
        help=f"work on new filesystems in image files (root only): {', '.join(KINDS)}",
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the median of so many counts; default: 3")
    parser.add_argument("--big-mib", type=int, default=1024, metavar="N", help="size of the big file; default: 1024")
    return parser


def _kinds(text: str) -> list[str]:
    kinds = text.split(",")
    if not set(kinds) <= set(KINDS):
        raise argparse.ArgumentTypeError(f"choose from {', '.join(KINDS)}")
    return kinds


def _numbers(text: str) -> list[int]:
    return [int(part.replace("_", "")) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
