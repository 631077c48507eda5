"""Contents that a snapshot holds, on their way to the names of files that are gone.

The store keeps its own: a copy waits in a folder of the program's own, `restored/ID/held-NUMBER`, and is moved from there like
everything else. Where a rollback brings one, it stands for the move of the file that is gone: `as_if_moved` tells it so, and what
undoes it brings the file to where the commit had put it. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ifmosfs.core.files import Attr, Place
from ifmosfs.core.history import Key, RunHistory, Standing
from ifmosfs.core.journal import Operation, Recorded
from ifmosfs.core.manifest import SnapshotEntry
from ifmosfs.core.names import join, split
from ifmosfs.core.restoring import is_one

RESTORED: Final = b"restored"
COPY_PREFIX: Final = b"held-"


class Lost(NamedTuple):
    """A move whose file is gone from where it was brought. `is_foreign`: others have brought another file there since."""

    moved: Standing
    is_foreign: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a file that is gone can come back from: the content at `held`, as the snapshot of this name has recorded it, by way of a
    `copy` that is still to be made and will have these attributes."""

    entry: SnapshotEntry
    held: Place
    copy: Place
    attr: Attr
    snapshot: str


class NoOffer(NamedTuple):
    """Why a file that is gone does not come back, though a snapshot holds its content, or may hold it."""

    words: str


Offers = Callable[[Sequence[Lost]], Mapping[Key, Offer | NoOffer]]


def no_offers(lost: Sequence[Lost]) -> Mapping[Key, Offer | NoOffer]:
    """The `Offers` where nothing is held."""
    del lost
    return {}


def copy_place(beside: bytes, id_: str, number: int) -> Place:
    """Where the copy of this number waits, in the folder that a content store is in; `id_` tells for whom."""
    return Place(join(beside, RESTORED, id_.encode()), COPY_PREFIX + b"%d" % number)


def is_copy_place(place: Place) -> bool:
    """Whether only a copy of a held content waits there."""
    return place.path.startswith(COPY_PREFIX) and split(split(place.root)[0])[1] == RESTORED


def fits(entry: SnapshotEntry, lost: Lost, *, is_later: bool) -> bool:
    """Whether an entry has recorded the file that a move has brought somewhere: by its identity before or after the move, or, in a
    snapshot that is later than the move, by its name, under which it was saved anew."""
    operation = lost.moved.operation
    known = (operation.expected, lost.moved.base)
    if any(each is not None and is_one(entry.fingerprint, each) for each in known):
        return True
    return (
        is_later
        and not lost.is_foreign
        and operation.target is not None
        and entry.place.absolute == operation.target.absolute
    )


def as_if_moved(history: Sequence[RunHistory]) -> Sequence[RunHistory]:
    """A plan's runs with what came back from a held content as if it had come from where the file was."""
    stands_for = {row.operation.inverse_of for each in history for row in each.recorded if _is_from_copy(row.operation)}
    if not stands_for:
        return history
    places = {
        key: row.operation.target
        for each in history
        for row in each.recorded
        if (key := (each.run.run_id, row.operation.seq)) in stands_for
    }
    return [replace(each, recorded=tuple(_as_if_moved(row, places) for row in each.recorded)) for each in history]


def _is_from_copy(operation: Operation) -> bool:
    undone, source = operation.inverse_of, operation.source
    return undone is not None and source is not None and is_copy_place(source)


def _as_if_moved(row: Recorded, places: Mapping[Key, Place | None]) -> Recorded:
    undone = row.operation.inverse_of
    place = None if undone is None or not _is_from_copy(row.operation) else places.get(undone)
    return row if place is None else replace(row, operation=replace(row.operation, source=place))
