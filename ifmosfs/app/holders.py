"""Who else has a content: before anything that holds one is removed, another place must be proved to have it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from ifmosfs.core.files import Attr, Fingerprint, Kind, Place

if TYPE_CHECKING:
    from ifmosfs.app.context import App


class Holder(NamedTuple):
    """A place that had a content when it was read, and what the file was then."""

    place: Place
    fingerprint: Fingerprint


class Holders:
    """Looks for other places of contents: where scans, snapshots and the content store have them, and all over the targets."""

    def __init__(
        self, app: App, sizes: Collection[int], spared: Collection[bytes] = (), roots: Collection[bytes] = ()
    ) -> None:
        """`sizes`: of the contents that will be asked for. `spared`: absolute paths that are to be removed themselves. `roots`: more
        folders to look through."""
        self._app = app
        self._digests: dict[bytes, bytes | None] = {}
        self._places: dict[int, dict[bytes, Place]] = defaultdict(dict)
        self._spared = frozenset(spared)
        wanted = frozenset(sizes)
        for place, size in app.catalogue.places_of_size(wanted):
            self._places[size][place.absolute] = place
        for content in app.catalogue.contents():
            for path in (content.place, content.source) if content.size_bytes in wanted else ():
                folder, _, name = path.rpartition(b"/")
                self._places[content.size_bytes][path] = Place(folder, name)
        targets = [info.target for info in app.catalogue.plans()]
        for target in dict.fromkeys([*roots, *targets, *(version.target for version in app.catalogue.versions())]):
            self._add_all_below(target, wanted)

    def find(self, digest: bytes, removed: Fingerprint) -> Holder | None:
        """A place that has the content of a file that is to be removed, read to prove it; `None` if none is known.

        The same inode is no other place: it may be the very file, by a path through a symlink or another mount of its disk.
        """
        for place in self._places[removed.size_bytes].values():
            if place.absolute in self._spared:
                continue
            attr = self._look(place)
            if attr is None or attr.kind is not Kind.FILE or attr.size_bytes != removed.size_bytes:
                continue
            if attr.fingerprint.same_inode(removed):
                continue
            if self._digest(place) == digest:
                return Holder(place, attr.fingerprint)
        return None

    def still_holds(self, holder: Holder) -> bool:
        """Whether nothing has happened to it since it was read, a rename of another file to its name included."""
        attr = self._look(holder.place)
        return attr is not None and attr.fingerprint == holder.fingerprint

    def _digest(self, place: Place) -> bytes | None:
        if place.absolute not in self._digests:
            try:
                self._digests[place.absolute] = self._app.disk.digest(place)
            except OSError:
                self._digests[place.absolute] = None
        return self._digests[place.absolute]

    def _look(self, place: Place) -> Attr | None:
        try:
            return self._app.disk.lstat(place)
        except OSError:
            return None

    def _add_all_below(self, target: bytes, wanted: Collection[int]) -> None:
        for folder, _, names in os.walk(target):
            for name in names:
                path = folder + b"/" + name
                try:
                    size = os.lstat(path).st_size
                except OSError:
                    continue  # it went meanwhile
                if size in wanted:
                    self._places[size][path] = Place(target, path[len(target) :].strip(b"/"))
