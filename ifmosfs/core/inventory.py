"""Everything below a folder, as snapshots tell it: files, symlinks and folders, in the order of their names, so that equal trees
have equal hashes. Unlike a scan it leaves nothing out for a person's patterns."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

from ifmosfs.core.files import Attr, Place, UnreadableEntry
from ifmosfs.core.manifest import FOLDER_BITS, KIND_BITS, SnapshotEntry
from ifmosfs.core.names import CONTROL_NAME, SEPARATOR
from ifmosfs.core.ports import UNKNOWN_ATTR, DiskReader
from ifmosfs.core.scan import ScanRules

RECORDED: Final = frozenset({stat.S_IFREG, stat.S_IFLNK})


def inventory(
    folder: Place, disk: DiskReader, rules: ScanRules, unreadable: list[UnreadableEntry]
) -> Iterator[SnapshotEntry]:
    """An entry for each file, symlink and folder below a folder, on its own filesystem; nothing for a folder that is not there.

    What cannot be read is added to `unreadable`. Sockets, pipes and devices, the program's own places and views are left out.
    """
    try:
        device = disk.lstat(folder).device
    except (FileNotFoundError, NotADirectoryError):
        return
    pending = [folder.path]
    while pending:
        path = pending.pop()
        try:
            entries = sorted(disk.list_folder(Place(folder.root, path)))
        except OSError as error:
            unreadable.append(UnreadableEntry(folder.root, path, error.strerror or str(error)))
            continue
        prefix = path and path + SEPARATOR
        inner = []
        for name, attr in entries:
            if attr is UNKNOWN_ATTR:
                unreadable.append(UnreadableEntry(folder.root, prefix + name, os.strerror(5)))
                continue
            below, bits = prefix + name, attr.mode & KIND_BITS  # which tell the kind in a third of the time
            if bits == FOLDER_BITS:
                if _is_apart(folder.root, below, attr, device, rules):
                    continue
                inner.append(below)
            elif bits not in RECORDED:
                continue
            yield SnapshotEntry(folder.root, below, attr.fingerprint, None, attr.mode)
        pending.extend(reversed(inner))


def _is_apart(root: bytes, path: bytes, attr: Attr, device: int, rules: ScanRules) -> bool:
    absolute = Place(root, path).absolute
    if path.rpartition(SEPARATOR)[2] == CONTROL_NAME or attr.device != device:
        return True
    return absolute in rules.own_state or absolute in rules.views or absolute in rules.mount_points
