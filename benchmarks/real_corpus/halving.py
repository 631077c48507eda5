"""Which half a package belongs to: settled once by a hash of its name, so that each category has packages in both halves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256

from benchmarks.real_corpus.fetching import Package
from benchmarks.real_corpus.tables import HALF_NAMES, Assignment, Half


def halved(
    counts: Mapping[Package, Counter[str]], settled: Mapping[Package, Assignment], upstreams: Mapping[Package, str]
) -> list[Assignment]:
    """The settled assignments, unchanged, and one for each further package.

    `counts` tells how many files of each category a package gives. Packages of one upstream go together. In the order of their
    hashes, those that have the scarcest categories first, each goes where its categories have fewer files so far.
    """
    placed = {half: Counter[str]() for half in HALF_NAMES}
    homes: dict[str, Half] = {}
    for package, assignment in settled.items():
        placed[assignment.half].update(counts.get(package, Counter()))
        homes[_home(package, {package: assignment.upstream})] = assignment.half
    totals = sum(counts.values(), Counter[str]())
    result = list(settled.values())
    for members in _groups([package for package in counts if package not in settled], upstreams, counts, totals):
        wanted = sum((counts[package] for package in members), Counter[str]())
        home = _home(members[0], upstreams)
        half = homes.get(home) or min(
            HALF_NAMES, key=lambda name: (_crowd(placed[name], wanted, totals), _tie(home, name))
        )
        homes[home] = half
        placed[half].update(wanted)
        result += [Assignment(package, upstreams.get(package, ""), half) for package in members]
    return result


def _groups(
    packages: Iterable[Package],
    upstreams: Mapping[Package, str],
    counts: Mapping[Package, Counter[str]],
    totals: Counter[str],
) -> list[list[Package]]:
    groups: dict[str, list[Package]] = {}
    for package in sorted(packages):
        groups.setdefault(_home(package, upstreams), []).append(package)

    def order(home: str) -> tuple[int, str]:
        return min(totals[label] for package in groups[home] for label in counts[package]), _hash(home)

    return [groups[home] for home in sorted(groups, key=order)]


def _home(package: Package, upstreams: Mapping[Package, str]) -> str:
    return upstreams.get(package) or str(package)


def _crowd(placed: Counter[str], wanted: Counter[str], totals: Counter[str]) -> float:
    """How full a half is of what a group brings: the share of each category that is there already, by what is brought."""
    return sum(placed[label] / totals[label] * n_files for label, n_files in wanted.items())


def _tie(home: str, half: str) -> str:
    return _hash(f"{home} {half}")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
