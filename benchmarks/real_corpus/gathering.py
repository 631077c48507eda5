"""The whole set: fetch what `sources.csv` names, pick, halve, and write each half with its `labels.csv`."""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from benchmarks.real_corpus.fetching import Fetched, Package, PackageMissing, downloaded_bytes, fetch
from benchmarks.real_corpus.halving import halved
from benchmarks.real_corpus.picking import Pick, blind_name, by_package, candidates, evenly, places, without_copies
from benchmarks.real_corpus.tables import FRESH, HALF_NAMES, NONE, Part, Source, read_rejected, read_upstreams

FEWEST_FILES: Final = 20  # of a category, in both halves together
IN_HALVES: Final = "halves"  # `settle` into either of them
LABELS: Final = "labels.csv"
COLUMNS: Final = ("path", "category", "also_ok", "source_package", "source_kind", "original_path", "sha256")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was fetched, what could not be had and why, and the files that the tables take of it."""

    fetched: Mapping[Package, Fetched]
    missing: Mapping[Package, str]
    picks: Sequence[Pick]

    def counts(self) -> dict[Package, Counter[str]]:
        """How many files of each category each package gives."""
        counts: dict[Package, Counter[str]] = {}
        for pick in self.picks:
            counts.setdefault(pick.package, Counter())[pick.category] += 1
        return counts


def gather(
    sources: Sequence[Source], cache: Path, n_jobs: int, say: Say, halves: Mapping[Package, Part] = MappingProxyType({})
) -> Gathered:
    """Fetch every package of the table (several at once), and pick. What cannot be had is told and left out.

    Of files with the same content the one in a half is kept: what is fresh takes nothing away from what was settled before."""
    packages = by_package(sources)
    fetched: dict[Package, Fetched] = {}
    missing: dict[Package, str] = {}

    def attempt(package: Package) -> tuple[Package, Fetched | str]:
        try:
            return package, fetch(package, cache)
        except PackageMissing as error:
            return package, str(error)

    with ThreadPoolExecutor(n_jobs) as pool:
        for number, (package, outcome) in enumerate(pool.map(attempt, sorted(packages)), 1):
            if isinstance(outcome, str):
                missing[package] = outcome
                say(f"{number}/{len(packages)} {package}: cannot be had ({outcome}), left out")
            else:
                fetched[package] = outcome
                say(f"{number}/{len(packages)} {package} {outcome.version}")
    rejected = read_rejected()
    picks = [
        pick
        for package, lines in packages.items()
        if package in fetched
        for pick in candidates(fetched[package], lines, rejected.get(package, []))
    ]
    return Gathered(
        fetched, missing, without_copies(picks, {each for each in packages if halves.get(each) not in HALF_NAMES})
    )


def settle(gathered: Gathered, settled: Mapping[Package, Part], into: str = IN_HALVES) -> dict[Package, Part]:
    """The parts of all packages: the settled ones as they are; each package that is new to the table gets a half, or is `FRESH`."""
    if into == FRESH:
        return {**dict.fromkeys(gathered.counts(), FRESH), **settled}
    return halved(gathered.counts(), settled, read_upstreams())


def write_half(gathered: Gathered, half: Part, halves: Mapping[Package, Part], output: Path, blind: bool) -> list[Pick]:
    """Write one half to `output/HALF` (and `output/HALF-blind`), in place of what was there; returns its files."""
    members = [pick for pick in gathered.picks if halves.get(pick.package) == half]
    placed = places(evenly(members, half))
    _write(output / half, placed)
    if blind:
        folders = [(path.split("/")[0], pick) for path, pick in placed]
        blinded = [
            (f"{folder}/{blind_name(number, pick.kept)}", pick) for number, (folder, pick) in enumerate(folders, 1)
        ]
        _write(output / f"{half}-blind", blinded)
    return [pick for _, pick in placed]


def _write(folder: Path, placed: Iterable[tuple[str, Pick]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = []
    for path, pick in placed:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(pick.file, place)
        place.chmod(0o644)
        rows.append(
            (
                path,
                pick.category,
                " ".join(pick.also_ok),
                pick.package.name,
                pick.package.kind,
                pick.original_path,
                pick.digest,
            )
        )
    with (folder / LABELS).open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted(rows))


def write_versions(gathered: Gathered, output: Path) -> None:
    """`versions.csv`: which version of each package was had, and what could not be had and why."""
    with (output / "versions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "package", "version", "missing_because"])
        rows = [(each.kind, each.name, got.version, "") for each, got in gathered.fetched.items()]
        rows += [(each.kind, each.name, "", why) for each, why in gathered.missing.items()]
        writer.writerows(sorted(rows))


def summary(gathered: Gathered, written: Mapping[Part, Sequence[Pick]]) -> list[str]:
    """What a person wants to know at the end, in lines: sizes, and which categories have too few files to say much of."""
    n_bytes = sum(map(downloaded_bytes, gathered.fetched.values()))
    lines = [
        f"{len(gathered.fetched)} packages ({n_bytes / 2**20:.0f} MiB of archives), {len(gathered.missing)} could not be had"
    ]
    total: Counter[str] = Counter()
    for half, picks in written.items():
        counts = Counter(pick.category for pick in picks)
        n_categories = len(counts.keys() - {NONE})
        lines.append(f"{half}: {len(picks)} files, {counts[NONE]} of them in none of {n_categories} categories")
        total += counts
    return lines + [
        f"only {n} files of {label}" for label, n in sorted(total.items()) if n < FEWEST_FILES * len(written) // 2
    ]


def default_cache() -> Path:
    """`real-corpus` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ifmosfs-real-corpus"
