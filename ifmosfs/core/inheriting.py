"""What a new folder has from the one that it is made in, as the system itself would give it: the setgid bit, by which what is in
a shared folder belongs to its group, and the mode that a default access control list allows.

View and commit ask here alike, of the disk as it is then, so that the view shows the mode that the commit makes.
"""

from __future__ import annotations

import struct
from typing import Final

from ifmosfs.core.effects import ABSENT, parent
from ifmosfs.core.files import Attr, Kind, Place
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.names import split
from ifmosfs.core.ports import DiskReader

GROUP_OF_FOLDER: Final = 0o2000  # what is made in such a folder gets its group
DEFAULT_ACL: Final = "system.posix_acl_default"
_HEADER: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")  # tag, permissions, id
_OWNER, _GROUP, _MASK, _OTHERS = 0x01, 0x04, 0x10, 0x20


def folder_above(folder: Place, disk: DiskReader) -> tuple[Place, Attr] | None:
    """The nearest folder above a place that exists, with its attributes; `None` where that cannot be told."""
    while folder.absolute != b"/":
        folder = parent(folder) if folder.path else Place(split(folder.root)[0] or b"/", b"")
        try:
            attr = disk.lstat(folder)
        except OSError as error:
            if error.errno not in ABSENT:
                return None
            continue
        return (folder, attr) if attr.kind is Kind.FOLDER else None
    return None


def meta_or_none(folder: Place, disk: DiskReader) -> FolderMeta | None:
    """What a folder has, `None` where that cannot be told."""
    try:
        return disk.folder_meta(folder)
    except OSError:
        return None


def new_folder_mode(above: FolderMeta | None, planned: int, usual: int) -> int:
    """The mode of a folder that is made in another one. A default list of that says it, as it does for `mkdir`, where nobody has
    said another one than is `usual`."""
    if above is None:
        return planned
    listed = dict(above.xattrs).get(DEFAULT_ACL)
    allowed = mode_of_list(listed) if listed is not None and planned == usual else None
    return (planned if allowed is None else allowed) | above.mode & GROUP_OF_FOLDER


def mode_of_list(value: bytes) -> int | None:
    """The permission bits that a folder gets by a default list, as the kernel keeps it; `None` for what is no such list."""
    if len(value) < _HEADER.size or (len(value) - _HEADER.size) % _ENTRY.size:
        return None
    found = {tag: bits for tag, bits, _ in _ENTRY.iter_unpack(value[_HEADER.size :])}
    group = found.get(_MASK, found.get(_GROUP))
    if group is None or not {_OWNER, _OTHERS} <= found.keys():
        return None
    allowed: int = found[_OWNER] << 6 | group << 3 | found[_OTHERS]
    return allowed


class NewFolderModes:
    """The modes of the folders that one run makes. The folders that they are made in are looked at once each."""

    def __init__(self, disk: DiskReader, usual: int) -> None:
        self._disk = disk
        self._usual = usual
        self._above: dict[Place, Place | None] = {}  # by the folder that one is made in
        self._metas: dict[Place, FolderMeta | None] = {}

    def of(self, folder: Place, planned: int | None = None) -> int:
        """The mode that a folder is made with; without a planned one the usual."""
        wanted = self._usual if planned is None else planned
        within = parent(folder) if folder.path else folder
        if within not in self._above:
            found = folder_above(folder, self._disk)
            self._above[within] = None if found is None else found[0]
        above = self._above[within]
        if above is None:
            return wanted
        if above not in self._metas:
            self._metas[above] = meta_or_none(above, self._disk)
        return new_folder_mode(self._metas[above], wanted, self._usual)
