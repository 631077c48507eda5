"""Parts a labelled set into what is learned from and what is tested on, without ever parting a group. Pure.

Files of one source are alike: whoever has learned from one knows the next by heart. So a group (a folder, a package) is in one part
as a whole, and as far as that allows each category has the wanted share of its files in the test part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

MOST_ROUNDS: Final = 20  # of changing sides; it has always settled much earlier
MISSING_COSTS: Final = 1.0  # that a category is in one part only, though it has groups for both
_ALL: Final = ""  # all files, balanced like a category


@dataclass(frozen=True, slots=True)
class Split:
    """The positions of the rows of either part, in order."""

    train: tuple[int, ...]
    test: tuple[int, ...]


def split_by_group(categories: Sequence[str], groups: Sequence[str], share: float, seed: int = 0) -> Split:
    """Part rows, of which each has a category and a group, so that about `share` of each category is in the test part.

    The same rows and the same seed give the same parts. A part is empty only where there are fewer than two groups.
    """
    members: defaultdict[str, list[int]] = defaultdict(list)
    for position, group in enumerate(groups):
        members[group].append(position)
    counts = {group: Counter(categories[position] for position in members[group]) for group in sorted(members)}
    chosen = _Choice(counts, share).settled(_order(counts, seed))
    test = sorted(position for group in chosen for position in members[group])
    train = sorted(position for group in counts if group not in chosen for position in members[group])
    return Split(tuple(train), tuple(test))


def _order(counts: Mapping[str, Counter[str]], seed: int) -> list[str]:
    """By chance, but large groups first: the small ones make up for them."""
    order = list(counts)
    Random(seed).shuffle(order)  # noqa: S311  nothing secret depends on it
    return sorted(order, key=lambda group: -counts[group].total())


class _Choice:
    """Which groups are in the test part, and how far that is from the wanted balance."""

    def __init__(self, counts: Mapping[str, Counter[str]], share: float) -> None:
        self._share = share
        self._counts = {group: counted + Counter({_ALL: counted.total()}) for group, counted in counts.items()}
        self._n_files = _sum(self._counts.values())
        self._n_groups = Counter(category for counted in self._counts.values() for category in counted)
        self._n_test = Counter[str]()
        self._test: set[str] = set()

    def settled(self, order: Iterable[str]) -> frozenset[str]:
        """The groups of the test part: dealt out in this order, and then moved to the other side for as long as that helps."""
        listed = list(order)
        seen = Counter[str]()
        for group in listed:
            seen += self._counts[group]
            if self._gain(group, seen, finished=False) > 0:
                self._change(group)
        for _ in range(MOST_ROUNDS):
            moved = [group for group in listed if self._improved(group)]
            if not moved:
                break
        return frozenset(self._test)

    def _improved(self, group: str) -> bool:
        if (
            self._gain(group, self._n_files, finished=True) <= 1e-12
        ):  # what is but a rounding error would go round in circles
            return False
        self._change(group)
        return True

    def _gain(self, group: str, seen: Mapping[str, int], *, finished: bool) -> float:
        """How much nearer to the balance all would be, were this group on the other side."""
        sign = -1 if group in self._test else 1
        return sum(
            self._cost(category, self._n_test[category], seen, finished=finished)
            - self._cost(category, self._n_test[category] + sign * n, seen, finished=finished)
            for category, n in self._counts[group].items()
        )

    def _cost(self, category: str, n_test: int, seen: Mapping[str, int], *, finished: bool) -> float:
        n_files = self._n_files[category]
        distance = ((n_test - self._share * seen[category]) / n_files) ** 2
        if not finished or self._n_groups[category] < 2 or 0 < n_test < n_files:
            return distance
        return distance + MISSING_COSTS * (len(self._n_files) if category == _ALL else 1)  # an empty part is the worst

    def _change(self, group: str) -> None:
        if group in self._test:
            self._test.remove(group)
            self._n_test.subtract(self._counts[group])
        else:
            self._test.add(group)
            self._n_test.update(self._counts[group])


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total = Counter[str]()
    for each in counts:
        total.update(each)
    return total
