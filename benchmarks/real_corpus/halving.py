"""Which half a package belongs to: settled once by a hash of its name, so that each category has packages in both halves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256

from benchmarks.real_corpus.fetching import Package
from benchmarks.real_corpus.tables import HALF_NAMES, PART_NAMES, Part


def halved(
    counts: Mapping[Package, Counter[str]], settled: Mapping[Package, Part], upstreams: Mapping[Package, str]
) -> dict[Package, Part]:
    """The settled halves, unchanged, and one for each further package.

    `counts` tells how many files of each category a package gives. Packages of one upstream go together. Those that have the
    scarcest categories come first, of these the biggest, then in the order of hashes; each goes where its categories have fewer
    files so far.
    """
    placed = {part: Counter[str]() for part in PART_NAMES}
    homes: dict[str, Part] = {}
    for package, half in settled.items():
        placed[half].update(counts.get(package, Counter()))
        homes[_home(package, upstreams)] = half
    totals = sum(counts.values(), Counter[str]())
    result = dict(settled)
    for members in _groups([package for package in counts if package not in settled], upstreams, counts, totals):
        wanted = sum((counts[package] for package in members), Counter[str]())
        home = _home(members[0], upstreams)
        if home not in homes:
            homes[home] = min(HALF_NAMES, key=lambda name: (_crowd(placed[name], wanted, totals), _tie(home, name)))
        half = homes[home]
        placed[half].update(wanted)
        result.update(dict.fromkeys(members, half))
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

    def order(home: str) -> tuple[int, int, str]:
        brought = sum((counts[package] for package in groups[home]), Counter[str]())
        return min(totals[label] for label in brought), -brought.total(), _hash(home)

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
