"""The vault: where a commit puts the files that lose a conflict, below the control folder of the target.

`.ifmosfs/vault/PLAN/replaced/PATH` is a file of the target that was displaced, under its path in the target;
`.ifmosfs/vault/PLAN/lost/ROOT/PATH` an incoming one, under its path in the inbox, ROOT being the number of its root in the plan,
from 1. Where such a place is taken already, the whole path moves to `replaced-2/` and so on: what follows the section is always
exactly the path that the file had, so `origin_of` can tell it. Files come here and leave by ordinary moves of a run.

Everything here is about names; nothing looks at a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Final

from ifmosfs.core.files import Place
from ifmosfs.core.names import CONTROL_NAME, SEPARATOR, ancestors, components, is_within, join

VAULT_PATH: Final = join(CONTROL_NAME, b"vault")
VAULT_MODE: Final = 0o700  # displaced files may have been readable by fewer people than the target is


class Section(Enum):
    """Why a file is in the vault; the name of the folder it is in."""

    REPLACED = b"replaced"  # it was in the target, and another file took its name
    LOST = b"lost"  # it came from an inbox, and the one that was there kept its name


@dataclass(frozen=True, slots=True)
class Origin:
    """What a place in the vault tells: the plan, why, and the path that the file had.

    `path` is relative to the target for REPLACED, and to the plan's root number `root_number` (from 1) for LOST.
    """

    plan_id: str
    section: Section
    root_number: int | None
    path: bytes


Taken = Callable[[Place], bool]


def nothing_taken(place: Place) -> bool:
    """The `taken` of an empty vault."""
    del place
    return False


def replaced_place(target: bytes, plan_id: str, path: bytes, taken: Taken = nothing_taken) -> Place:
    """Where the target's file at `path` goes when another takes its name.

    `taken` says whether a place cannot be used: something is there, or a file is where one of its folders should be.
    """
    return _free(target, plan_id, Section.REPLACED, path, taken)


def lost_place(target: bytes, plan_id: str, root_number: int, path: bytes, taken: Taken = nothing_taken) -> Place:
    """Where an incoming file goes that lost; `path` is the one below its root, whose number in the plan counts from 1."""
    return _free(target, plan_id, Section.LOST, join(b"%d" % root_number, path), taken)


def _free(target: bytes, plan_id: str, section: Section, path: bytes, taken: Taken) -> Place:
    for number in count(1):
        folder = section.value if number == 1 else section.value + b"-%d" % number
        place = Place(target, join(VAULT_PATH, plan_id.encode(), folder, path))
        if not taken(place):
            return place
    raise AssertionError("count ends")


def in_vault(place: Place, target: bytes) -> bool:
    """Whether a place is the vault of a target, or in it."""
    return is_within(place.absolute, Place(target, VAULT_PATH).absolute)


def vault_folders(places: Iterable[Place]) -> list[Place]:
    """The folders from `.ifmosfs` down that hold these places of one vault, parents first, each once."""
    folders = {Place(place.root, path): None for place in places for path in ancestors(place.path)}
    return sorted(folders, key=lambda place: (len(components(place.path)), place.path))


def origin_of(path: bytes) -> Origin | None:
    """What a target-relative path in the vault tells about the file; `None` for what no commit has put there."""
    if not is_within(path, VAULT_PATH):
        return None
    plan_id, _, inner = path[len(VAULT_PATH) + 1 :].partition(SEPARATOR)
    folder, _, rest = inner.partition(SEPARATOR)
    section = _section_of(folder)
    if section is None or not rest or not plan_id.isascii():
        return None
    if section is Section.REPLACED:
        return Origin(plan_id.decode("ascii"), section, None, rest)
    number, _, below = rest.partition(SEPARATOR)
    if not number.isdigit() or not below:
        return None
    return Origin(plan_id.decode("ascii"), section, int(number), below)


def _section_of(folder: bytes) -> Section | None:
    for section in Section:
        name, dash, number = folder.partition(b"-")
        if name == section.value and (not dash or number.isdigit()):
            return section
    return None
