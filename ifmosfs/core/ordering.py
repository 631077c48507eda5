"""The order of steps: who takes a name comes after who leaves it, and who take each other's names go through a third one.

Steps that form a cycle (two files that swap places, a name that is only spelt differently) become one unit: the first of them
leaves for a reserved name beside its target, the others follow, and last it takes its name. Linear in the number of steps, and
nearly free where no step brings anything to a root that another takes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

from ifmosfs.core.effects import sibling
from ifmosfs.core.files import Place
from ifmosfs.core.names import THIRD_PREFIX, is_within, split
from ifmosfs.core.steps import Step

Key = Callable[[Place], bytes]


def absolute(place: Place) -> bytes:
    """The `key` of a filesystem on which no two names are the same."""
    return place.absolute


def third_place(target: Place, run_id: str, number: int) -> Place:
    """Where a file waits until the name that it takes is free: beside it, under a name made of the run and a number."""
    return sibling(target, THIRD_PREFIX + f"{run_id}-{number}".encode())


def is_third_name(place: Place) -> bool:
    """Whether a place is one where a file only waits."""
    return split(place.absolute)[1].startswith(THIRD_PREFIX)


def in_order(steps: Sequence[Step], run_id: str, key: Key = absolute) -> Sequence[Step]:
    """The steps so that each name is free when its turn comes, as far as they free it themselves; units stay together.

    Where nothing is to be changed they come back as they are. `key` gives equal bytes for places that are one name on the disk.
    """
    if not _may_meet(steps):
        return steps
    by_source = {key(step.source): index for index, step in enumerate(steps)}
    blockers = [by_source.get(key(step.target)) for step in steps]
    if not any(each is not None for each in blockers):
        return steps
    return tuple(_Ordering(steps, blockers, run_id).steps())


def _may_meet(steps: Sequence[Step]) -> bool:
    left, entered = {step.source.root for step in steps}, {step.target.root for step in steps}
    return any(is_within(one, other) or is_within(other, one) for one in left for other in entered)


class _Ordering:
    """One ordering: steps as nodes, each blocked by at most one other; groups of them (units) as what is put in order."""

    def __init__(self, steps: Sequence[Step], blockers: Sequence[int | None], run_id: str) -> None:
        self._steps = steps
        self._blockers = blockers
        self._run_id = run_id
        self._groups: list[list[int]] = []
        self._group_of: list[int] = []
        numbers: dict[int, int] = {}
        for index, step in enumerate(steps):
            group = numbers.setdefault(step.unit, len(self._groups)) if step.unit else len(self._groups)
            if group == len(self._groups):
                self._groups.append([])
            self._groups[group].append(index)
            self._group_of.append(group)
        self._units = count(max(step.unit for step in steps) + 1)
        self._thirds = count(1)

    def steps(self) -> Iterator[Step]:
        """All steps in order."""
        for groups in self._components():
            members = sorted(index for group in groups for index in self._groups[group])
            ordered = list(self._within(members))
            if len(ordered) == 1:
                yield ordered[0]
                continue
            is_cycle = len(groups) > 1 or len(ordered) > len(members)
            unit = max(step.unit for step in ordered) or (next(self._units) if is_cycle else 0)
            for step in ordered:
                yield replace(step, unit=unit) if step.unit != unit else step

    def _components(self) -> Iterator[list[int]]:
        """The strongly connected groups, those that leave names before those that take them (Tarjan, without recursion)."""
        n_groups = len(self._groups)
        number: list[int] = [-1] * n_groups
        low: list[int] = [0] * n_groups
        on_path = [False] * n_groups
        path: list[int] = []
        numbers = count()
        for root in range(n_groups):
            if number[root] >= 0:
                continue
            work = [(root, self._blocking(root))]
            number[root] = low[root] = next(numbers)
            path.append(root)
            on_path[root] = True
            while work:
                group, rest = work[-1]
                for other in rest:
                    if number[other] < 0:
                        number[other] = low[other] = next(numbers)
                        path.append(other)
                        on_path[other] = True
                        work.append((other, self._blocking(other)))
                        break
                    if on_path[other]:
                        low[group] = min(low[group], number[other])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[group])
                    if low[group] == number[group]:
                        yield self._taken_from(path, group, on_path)

    def _taken_from(self, path: list[int], group: int, on_path: list[bool]) -> list[int]:
        component: list[int] = []
        while not component or component[-1] != group:
            component.append(path.pop())
            on_path[component[-1]] = False
        return component

    def _blocking(self, group: int) -> Iterator[int]:
        """The other groups that must come before a group."""
        for index in self._groups[group]:
            blocker = self._blockers[index]
            if blocker is not None and self._group_of[blocker] != group:
                yield self._group_of[blocker]

    def _within(self, members: Sequence[int]) -> Iterator[Step]:
        """Some steps in order among themselves, cycles through a third name."""
        inside = set(members)
        done: set[int] = set()
        for start in members:
            chain: list[int] = []
            place: dict[int, int] = {}
            index: int | None = start
            while index is not None and index in inside and index not in done and index not in place:
                place[index] = len(chain)
                chain.append(index)
                index = self._blockers[index]
            cycle_start = place.get(index, len(chain)) if index is not None else len(chain)
            yield from self._through_third(chain[cycle_start:])
            for each in reversed(chain[:cycle_start]):
                yield self._steps[each]
            done.update(chain)

    def _through_third(self, cycle: Sequence[int]) -> Iterator[Step]:
        """A cycle, each of which is blocked by the next one and the last by the first."""
        if not cycle:
            return
        first = self._steps[cycle[0]]
        third = third_place(first.target, self._run_id, next(self._thirds))
        yield replace(first, action_id=0, target=third)
        for index in reversed(cycle[1:]):
            yield self._steps[index]
        yield replace(first, source=third)
