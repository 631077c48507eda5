"""`python -m benchmarks.real_corpus --output DIR`: gather the set. `… score DIR`: measure today's rules on one half of it.

A run that was interrupted goes on where it stopped: what is in the cache is not downloaded again. New packages in `sources.csv` get
their half, for good, by `--settle`, or all go to the fresh part by `--settle fresh`, which writes `halves.csv`; without it they are
left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.real_corpus.gathering import (
    IN_HALVES,
    default_cache,
    gather,
    settle,
    summary,
    write_half,
    write_versions,
)
from benchmarks.real_corpus.scoring import METHODS, report, scored
from benchmarks.real_corpus.tables import FRESH, HALF_NAMES, PART_NAMES, read_halves, read_sources, write_halves


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and run; returns the exit status: 3 where a package could not be had."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["score"]:
        return _score(_score_parser().parse_args(words[1:]))
    return _gather(_gather_parser().parse_args(words))


def _gather(options: argparse.Namespace) -> int:
    options.output.mkdir(parents=True, exist_ok=True)
    halves = read_halves()
    gathered = gather(read_sources(), options.cache, options.jobs, _say, halves)
    if options.settle:
        write_halves(settle(gathered, halves, options.settle))
        halves = read_halves()
    unsettled = sorted(str(package) for package in gathered.counts() if package not in halves)
    for package in unsettled:
        _say(f"{package} has no part yet and is left out: run again with --settle")
    chosen = _CHOICES.get(options.half, (options.half,))
    written = {half: write_half(gathered, half, halves, options.output, options.blind) for half in chosen}
    write_versions(gathered, options.output)
    for line in summary(gathered, written):
        print(line)
    return 3 if gathered.missing or unsettled else 0


def _score(options: argparse.Namespace) -> int:
    results = [scored(method, options.folder) for method in options.methods]
    if options.json:
        print(json.dumps([result.as_json() for result in results], indent=1))
    else:
        print(report(results))
    return 0


_CHOICES: Final = {"both": HALF_NAMES, "all": PART_NAMES}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _gather_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_corpus", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the halves go")
    parser.add_argument(
        "--half",
        choices=[*PART_NAMES, *_CHOICES],
        default="both",
        help="both: dev and test, the default; all: fresh, too",
    )
    parser.add_argument(
        "--blind", action="store_true", help="write each half under meaningless names, too (HALF-blind)"
    )
    parser.add_argument(
        "--cache", type=Path, default=default_cache(), metavar="DIR", help="downloads, kept; default: %(default)s"
    )
    parser.add_argument("--jobs", type=int, default=3, metavar="N", help="packages fetched at once; default: 3")
    parser.add_argument(
        "--settle",
        nargs="?",
        const=IN_HALVES,
        choices=[IN_HALVES, FRESH],
        help="give new packages their part and write halves.csv",
    )
    return parser


def _score_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_corpus score")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder with labels.csv")
    parser.add_argument("--methods", nargs="+", choices=[*METHODS], default=[*METHODS], help="default: all")
    parser.add_argument("--json", action="store_true", help="all figures, every source package among them")
    return parser


if __name__ == "__main__":
    sys.exit(main())
