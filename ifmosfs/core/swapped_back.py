"""Taking back units whose files took each other's names through a third one (`core.ordering`): wholly, or without that name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from ifmosfs.core.effects import ends
from ifmosfs.core.history import Key, Standing
from ifmosfs.core.ordering import is_third_name
from ifmosfs.core.steps import Step

_Unit = tuple[str, int]


def _respelt(undone: Sequence[Standing]) -> dict[Key, _Unit]:
    """The moves of units whose files took each other's names through a third one, each with its unit."""
    units = {each.key: (each.run_id, each.operation.unit) for each in undone if each.operation.unit}
    respelt = {units[each.key] for each in undone if each.key in units and is_third_name(ends(each.operation)[1])}
    return {key: unit for key, unit in units.items() if unit in respelt}


def units_in_part(steps: Sequence[Step], moves: Sequence[Standing]) -> frozenset[_Unit]:
    """Those units of these moves of which not all files go back."""
    units = _respelt(moves)
    going = Counter(units[step.inverse_of] for step in steps if step.inverse_of in units)
    return frozenset(unit for unit, n_wanted in Counter(units.values()).items() if going[unit] < n_wanted)


def without_thirds(moves: Sequence[Standing], broken: Collection[_Unit]) -> list[Standing]:
    """The moves, with one instead of the two through a third name, which nothing needs any more where a file of the unit stays: a
    run that is killed between the two would leave a file under it."""
    units = {each.key: unit for each in moves if (unit := (each.run_id, each.operation.unit)) in broken}
    began = {
        ends(each.operation)[1]: each for each in moves if each.key in units and is_third_name(ends(each.operation)[1])
    }
    ended = {ends(each.operation)[0] for each in moves if each.key in units}
    found = []
    for each in moves:
        old, now, _ = ends(each.operation)
        if each.key in units and now in began and now in ended:
            continue
        first = began.get(old) if each.key in units else None
        source = None if first is None else first.operation.source
        found.append(each if source is None else replace(each, operation=replace(each.operation, source=source)))
    return found


def in_units(steps: Sequence[Step], undone: Sequence[Standing]) -> tuple[Step, ...]:
    """The steps, those together that undo a unit through third names: half of it would leave a file under such a name.

    All other files go back each for itself, for one that cannot is no reason to keep the others away.
    """
    units = _respelt(undone)
    if not units:
        return tuple(steps)
    members: dict[_Unit, list[Step]] = {}
    for step in steps:
        if step.inverse_of in units:
            members.setdefault(units[step.inverse_of], []).append(step)
    n_units = Counter(units.values())
    numbers = {unit: number for number, unit in enumerate(members, 1) if len(members[unit]) == n_units[unit]}
    ordered: list[Step] = []
    for step in steps:
        unit = units.get(step.inverse_of or ("", 0), ("", 0))
        if unit not in numbers:
            ordered.append(step)
        elif step is members[unit][-1]:  # when the last of them can be done, all can
            ordered += [replace(each, unit=numbers[unit]) for each in members[unit]]
    return tuple(ordered)
