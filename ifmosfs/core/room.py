"""Whether there is room for what comes to each filesystem: files that are copied there, and new folders. Only looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ifmosfs.core.effects import look_at, parent
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Attr, Place
from ifmosfs.core.held import Offer
from ifmosfs.core.names import split
from ifmosfs.core.ports import DiskReader, Space
from ifmosfs.core.reports import Problem, problem
from ifmosfs.core.steps import Step

SECTOR_BYTES: Final = 512  # of which `Attr.n_blocks` counts


class Found(NamedTuple):
    """A folder that is there, with its attributes."""

    place: Place
    attr: Attr


class Folders:
    """Where entries come to be, each folder looked at once."""

    def __init__(self, disk: DiskReader) -> None:
        self._disk = disk
        self._seen: dict[bytes, Attr | None] = {}
        self._landings: dict[Place, Found | None] = {}

    def look(self, place: Place) -> Attr | None:
        """As `look_at`, not remembered."""
        return look_at(self._disk, place)

    def folder(self, folder: Place) -> Attr | None:
        """The same of a folder, remembered."""
        path = folder.absolute
        if path not in self._seen:
            self._seen[path] = self.look(folder)
        return self._seen[path]

    def nearest(self, folder: Place) -> Found | None:
        """The folder, or the nearest one above it that exists; `None` if even its root is not there."""
        while True:
            attr = self.folder(folder)
            if attr is not None:
                return Found(folder, attr)
            if not folder.path:
                return None
            folder = parent(folder)

    def landing(self, folder: Place) -> Found | None:
        """As `nearest`, but of a root that is still to be made, the folder that it is to be made in."""
        if folder not in self._landings:
            above, found = folder, self.nearest(folder)
            while found is None and above.root != b"/":
                above = Place(split(above.root)[0] or b"/", b"")
                found = self.nearest(above)
            self._landings[folder] = found
        return self._landings[folder]


class Room:
    """What files that come from another filesystem and new folders take, filesystem by filesystem; a file that is only renamed takes
    nothing."""

    def __init__(self, disk: DiskReader, folders: Folders, target: bytes) -> None:
        self._disk = disk
        self._folders = folders
        self._target = Place(target, b"")
        self._needs: dict[int, _Need] = {}  # by the device that files are copied to

    def add_copy(self, landing: Found, size_bytes: int, n_sectors: int = 0) -> None:
        """Count a file that is copied; of one with holes, which a copy keeps, only the sectors that it really takes."""
        self._need(landing).add_copy(size_bytes, n_sectors)

    def add_if_it_fits(self, landing: Found, size_bytes: int, n_sectors: int) -> bool:
        """Count a file if there is room for it beside all that was counted; whether there is."""
        need = self._need(landing)
        before = need.n_blocks, need.n_inodes
        need.add_copy(size_bytes, n_sectors)
        if not need.lacks():
            return True
        need.n_blocks, need.n_inodes = before
        return False

    def add_folders(self, places: Iterable[Place]) -> None:
        """Count new folders."""
        for place in places:
            landing = self._folders.landing(place)
            if landing is not None and landing.place != place:
                self._need(landing).n_inodes += 1

    def problems(self) -> Iterator[Problem]:
        """One for each filesystem without room, about the target or a folder that is there."""
        for need in self._needs.values():
            if need.free.lacks_blocks(need.n_blocks):
                yield problem("no-space", need.place.absolute)
            if need.free.lacks_inodes(need.n_inodes):
                yield problem("no-inodes", need.place.absolute)

    def _need(self, landing: Found) -> _Need:
        """What is needed on the filesystem of an existing folder."""
        need = self._needs.get(landing.attr.device)
        if need is None:
            # The target stands for its filesystem, so that messages name it and not some folder in it.
            target = self._folders.landing(self._target)
            is_targets = target is not None and target.attr.device == landing.attr.device
            place = self._target if is_targets else landing.place
            need = self._needs[landing.attr.device] = _Need(place, self._disk.space(place))
        return need


class _Need:
    """What the files and folders that come to one filesystem take there."""

    def __init__(self, place: Place, free: Space) -> None:
        self.place = place
        self.free = free
        self.n_blocks = 0
        self.n_inodes = 0

    def add_copy(self, size_bytes: int, n_sectors: int) -> None:
        taken = n_sectors * SECTOR_BYTES
        size = min(size_bytes, taken) if taken else size_bytes
        self.n_blocks += -(-size // self.free.block_bytes)
        self.n_inodes += 1

    def lacks(self) -> bool:
        return self.free.lacks_blocks(self.n_blocks) or self.free.lacks_inodes(self.n_inodes)


class Lacking(NamedTuple):
    """For what of a rollback there is no room: the run as a whole, if there are `problems`, and single `copies` of held contents, by
    where they were to wait, which keep nothing else away."""

    problems: tuple[Problem, ...] = ()
    copies: frozenset[Place] = frozenset()


def lacking_room(order: WorkOrder, offers: Sequence[Offer], disk: DiskReader, target: bytes) -> Lacking:
    """What a rollback has no room for that first makes the copies which were offered. Raises: DiskFailed on an I/O error."""
    folders = Folders(disk)
    room = Room(disk, folders, target)
    copies = {offer.copy: offer.attr for offer in offers}
    without = frozenset(place for place, attr in copies.items() if not _is_room_for_copy(place, attr, folders, room))
    for step in order.steps:
        if step.source not in without:
            _count(step, copies.get(step.source), folders, room)
    room.add_folders(place for place, _ in order.folders)
    room.add_folders(each.place for each in order.restore_folders)
    return Lacking(tuple(room.problems()), without)


def _is_room_for_copy(place: Place, attr: Attr, folders: Folders, room: Room) -> bool:
    landing = folders.landing(parent(place))
    return landing is None or room.add_if_it_fits(landing, attr.size_bytes, attr.n_blocks)


def _count(step: Step, copy: Attr | None, folders: Folders, room: Room) -> None:
    """Count what a step copies. What an earlier step is to bring to its source is not there yet, but its size is known."""
    leaves, landing = folders.landing(parent(step.source)), folders.landing(parent(step.target))
    if leaves is None or landing is None or leaves.attr.device == landing.attr.device or step.is_folder:
        return
    found = copy or folders.look(step.source)
    room.add_copy(landing, step.expected.size_bytes, 0 if found is None else found.n_blocks)
