"""Which planned files of a unit still belong together, after a person has moved some of them in the view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ifmosfs.core.names import components, join, split
from ifmosfs.core.plan import Action, Unit, UnitKind


def still_together(units: Iterable[Unit], placed: Iterable[tuple[Action, bytes]]) -> Mapping[int, int]:
    """Action id → number of its unit, for planned files that commit moves together or not at all.

    `placed` are members with their targets. A member that was moved away from the others leaves its unit: those stay in it that
    lie to one another as they do at their sources (or, for hard links, in one folder), the largest such group, at least two.
    The files of a project never part: the view does not let them.
    """
    kinds = {unit.number: unit.kind for unit in units}
    groups: dict[int, dict[bytes, list[int]]] = defaultdict(lambda: defaultdict(list))
    for action, target in placed:
        if action.unit not in kinds:  # of files that have appeared since this tree was made: the next one knows it
            continue
        groups[action.unit][_bearing(kinds[action.unit], action.source, target)].append(action.action_id)
    found: dict[int, int] = {}
    for number, by_bearing in groups.items():
        largest = max(by_bearing.values(), key=len)  # the first of equals, which has the first file
        if len(largest) > 1 or kinds[number] is UnitKind.PROJECT:
            found.update(dict.fromkeys(largest, number))
    return found


def _bearing(kind: UnitKind, source: bytes, target: bytes) -> bytes:
    """Equal for files that have come from their folders to the target in the same way: `page.html` and `page_files/a.png`."""
    folder = split(target)[0]
    if kind is UnitKind.LINKS:
        return folder
    above, target_above = components(split(source)[0]), components(folder)
    while above and target_above and above[-1] == target_above[-1]:
        above, target_above = above[:-1], target_above[:-1]
    return join(*target_above)
