"""Where the files are that are not at their places: somebody may have moved them. They are looked for by inode, below some folders
of the same filesystem, and no further than a bound: it is a help to a person, and no proof that a file is nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ifmosfs.core.effects import Response, disk_failed, ends, look_at, response_to
from ifmosfs.core.files import Attr, Kind, Place
from ifmosfs.core.history import Key, Standing
from ifmosfs.core.journal import OpKind
from ifmosfs.core.names import join
from ifmosfs.core.ports import DiskReader

MOST_ENTRIES: Final = 500_000


def find_elsewhere(
    wanted: Sequence[Standing], folders: Iterable[bytes], disk: DiskReader, most_entries: int = MOST_ENTRIES
) -> dict[Key, Place]:
    """The places, below the folders, of what the operations brought somewhere, by the operation's key; each inode's first place.

    Folders that cannot be read, and other filesystems mounted in them, are passed over. Raises: DiskFailed.
    """
    return _Walk(wanted, disk, most_entries).find(dict.fromkeys(folders))


class _Walk:
    """One search under way."""

    def __init__(self, wanted: Sequence[Standing], disk: DiskReader, most_entries: int) -> None:
        self._disk = disk
        self._n_left = most_entries
        self._wanted: dict[tuple[int, int], list[Standing]] = {}
        for each in wanted:
            device = self._device(each)
            if each.base is not None and device is not None:
                self._wanted.setdefault((device, each.base.inode), []).append(each)
        self._seen: set[tuple[int, int]] = set()
        self.found: dict[Key, Place] = {}

    def find(self, folders: Iterable[bytes]) -> dict[Key, Place]:
        """Walk through the folders until all is found, or the bound is reached."""
        devices = {device for device, _ in self._wanted}
        for root in folders:
            top = self._look(Place(root, b""))
            if top is not None and top.kind is Kind.FOLDER and top.device in devices:
                self._walk(Place(root, b""), top)
        return self.found

    def _walk(self, top: Place, attr: Attr) -> None:
        todo = [(top, attr)]
        while todo and self._wanted and self._n_left > 0:
            folder, of_folder = todo.pop()
            if (of_folder.device, of_folder.inode) in self._seen:
                continue
            self._seen.add((of_folder.device, of_folder.inode))
            for name, entry in self._entries(folder):
                self._n_left -= 1
                place = Place(folder.root, join(folder.path, name))
                self._compare(place, entry)
                if entry.kind is Kind.FOLDER and entry.device == of_folder.device:
                    todo.append((place, entry))

    def _compare(self, place: Place, entry: Attr) -> None:
        for each in self._wanted.get((entry.device, entry.inode), ()):
            is_folder = each.operation.kind is OpKind.CARRY
            is_same = each.base is not None and entry.fingerprint.same_inode(each.base)
            if is_same and (entry.kind is Kind.FOLDER) is is_folder and place != each.operation.target:
                self.found[each.key] = place
        if any(each.key in self.found for each in self._wanted.get((entry.device, entry.inode), ())):
            del self._wanted[entry.device, entry.inode]

    def _device(self, each: Standing) -> int | None:
        """The device that the file had arrived on: that of the nearest folder above its place that is still there."""
        _, now, _ = ends(each.operation)
        path = now.absolute
        while path:
            path = path.rpartition(b"/")[0]
            found = self._look(Place(path or b"/", b""))
            if found is not None and found.kind is Kind.FOLDER:
                return found.device
        return None

    def _look(self, place: Place) -> Attr | None:
        return look_at(self._disk, place)

    def _entries(self, folder: Place) -> Sequence[tuple[bytes, Attr]]:
        try:
            return self._disk.list_folder(folder)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, folder) from error
            return ()
