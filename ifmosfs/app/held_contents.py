"""Files that are gone, and their contents that snapshots hold: which there are, and copies of them that can be moved to names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final

from ifmosfs.app.snapshotting import held_places, remove_empty_folders
from ifmosfs.app.versioning import read_manifest
from ifmosfs.core.effects import ABSENT, Response, response_to
from ifmosfs.core.errors import DatabaseDamaged
from ifmosfs.core.files import Attr, Place
from ifmosfs.core.held import Lost, NoOffer, Offer, Offers, copy_place, fits, is_copy_place
from ifmosfs.core.history import Key, RunHistory
from ifmosfs.core.manifest import SnapshotEntry, SnapshotHead
from ifmosfs.core.reports import WORDS, Problem, problem
from ifmosfs.platform.contents import copy_out

if TYPE_CHECKING:
    from ifmosfs.app.context import App

PLAIN_MODE: Final = 0o100644


def offers_of(app: App, history: Sequence[RunHistory], id_: str) -> Offers:
    """What snapshots offer for the files of a plan with these runs that are gone; the copies are made for `id_`."""
    began = {each.run.run_id: each.run.started_ns for each in history}
    numbers = count(1)

    def offers(lost: Sequence[Lost]) -> Mapping[Key, Offer | NoOffer]:
        wanted = [each for each in lost if not is_copy_place(_old(each))]  # what came from there is in the store
        recorded, damaged = _recorded(app, wanted, began)
        held = held_places(app, {entry.digest for found in recorded.values() for _, entry in found if entry.digest})
        found: dict[Key, Offer | NoOffer] = {each.moved.key: damaged for each in wanted if damaged is not None}
        for key, entries in recorded.items():
            found[key] = _unreadable(entries[0][0])
            for head, entry in entries:
                place = None if entry.digest is None else held.get(entry.digest)
                if place is not None:
                    found[key] = offer_of(app, entry, place, id_, next(numbers), head.name)
                    break
        return found

    return offers


def _old(each: Lost) -> Place:
    source = each.moved.operation.source
    assert source is not None
    return source


def _unreadable(head: SnapshotHead) -> NoOffer:
    return NoOffer(
        f"the content that a snapshot holds of it ({_quoted(head)}) is damaged, or on a disk that is not there"
    )


def _damaged(head: SnapshotHead) -> NoOffer:
    return NoOffer(f"a snapshot that may hold its content is damaged ({_quoted(head)})")


def _quoted(head: SnapshotHead) -> str:
    return f"\N{LEFT DOUBLE QUOTATION MARK}{head.name}\N{RIGHT DOUBLE QUOTATION MARK}"


Entries = list[tuple[SnapshotHead, SnapshotEntry]]


def _recorded(app: App, lost: Sequence[Lost], began: Mapping[str, int]) -> tuple[dict[Key, Entries], NoOffer | None]:
    """The entries that have recorded the files with their contents, by the move, those of the newest snapshot first; and what is to
    be said of the newest whose manifest is not what was stored, for nothing of it is believed."""
    by_path: dict[bytes, list[Lost]] = {}
    for each in lost:
        for place in (each.moved.operation.source, each.moved.operation.target):
            if place is not None:
                by_path.setdefault(place.absolute, []).append(each)
    found: dict[Key, Entries] = {}
    damaged: NoOffer | None = None
    holding = [info for info in app.catalogue.snapshots() if info.n_held] if by_path else []
    for info in reversed(holding):
        head = info.head
        try:
            entries = read_manifest(app, info)
        except DatabaseDamaged:
            damaged = damaged or _damaged(head)
            continue
        for entry in entries:
            if entry.level is None or entry.digest is None:
                continue
            for each in by_path.get(entry.place.absolute, ()):
                if fits(entry, each, is_later=head.created_ns > began.get(each.moved.run_id, head.created_ns)):
                    found.setdefault(each.moved.key, []).append((head, entry))
    return found, damaged


def offer_of(app: App, entry: SnapshotEntry, held: Place, id_: str, number: int, snapshot: str = "") -> Offer:
    """What an entry can come back from: the content at `held`, by way of the copy of this number that is made for `id_`."""
    beside = os.path.dirname(held.root.rpartition(b"/")[0])
    return Offer(entry, held, copy_place(beside, id_, number), _attr_of_copy(app, entry, held), snapshot)


def _attr_of_copy(app: App, entry: SnapshotEntry, held: Place) -> Attr:
    found, owner = app.disk.lstat(held), entry.belongings
    found = found if owner is None else replace(found, uid=owner.uid, gid=owner.gid)
    return replace(found, mode=entry.mode or PLAIN_MODE, mtime_ns=entry.fingerprint.mtime_ns, n_links=1)


@dataclass(frozen=True, slots=True)
class Copied:
    """Copies that wait to be moved, by their places with what they are now, and those that could not be made, each with the reason.
    `lacking`: what the file of a copy had besides, and the copy has not."""

    made: dict[Place, Attr] = field(default_factory=dict)
    refused: dict[Place, Problem] = field(default_factory=dict)
    lacking: dict[Place, Problem] = field(default_factory=dict)


def make_copies(app: App, offers: Iterable[Offer]) -> Copied:
    """Make the copies, durably; one that cannot be made keeps no other away."""
    copied = Copied()
    for offer in offers:
        try:
            lacking = copy_of(offer.entry, offer.held, offer.copy)
            copied.made[offer.copy] = app.disk.lstat(offer.copy)
        except OSError as error:
            copied.refused[offer.copy] = _refusal(offer, error)
        else:
            if lacking is not None:
                copied.lacking[offer.copy] = lacking
    return copied


def copy_of(entry: SnapshotEntry, held: Place, copy: Place) -> Problem | None:
    """Make the copy of a held content that has all that the entry has recorded; what it lacks, if anything. Raises OSError."""
    lacking = copy_out(held.absolute, copy, entry.mode or PLAIN_MODE, entry.fingerprint.mtime_ns, entry.belongings)
    if not lacking:
        return None
    words = f"{WORDS['file-attributes']} ({', '.join(lacking)})"
    return problem("file-attributes", entry.place.absolute, words=words)


def _refusal(offer: Offer, error: OSError) -> Problem:
    path = offer.entry.place.absolute
    if response_to(error) is Response.FULL:
        return problem("disk-full", path)
    if error.errno in ABSENT:
        return problem("gone", path)
    return problem("refused", path, words=f"the content that is held cannot be copied: {error.strerror}")


def clear_copies(offers: Iterable[Offer]) -> None:
    """Remove the folders in which copies have waited, as far as all have left them. The one that these are in stays: what undoes a
    restore makes them anew in it."""
    for folder in dict.fromkeys(offer.copy.root for offer in offers):
        remove_empty_folders(folder)
