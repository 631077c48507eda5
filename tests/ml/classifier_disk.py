"""A disk for the classifier's tests: real files below a folder, opened as the port promises."""

import os

from ifmosfs.core.files import Fingerprint, Kind, Place, ScannedFile

NOWHEN = Fingerprint(inode=1, size_bytes=1, mtime_ns=1, ctime_ns=1)


class OpenOnly:
    """The one method of `DiskReader` that a classifier needs; counts what it opened."""

    def __init__(self) -> None:
        self.n_opened = 0

    def open_read(self, place: Place) -> int:
        self.n_opened += 1
        return os.open(place.absolute, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


def scanned(root: bytes, path: bytes, kind: Kind = Kind.FILE) -> ScannedFile:
    return ScannedFile(1, root, path, kind, 0o100644, NOWHEN)


def written(root: bytes, path: bytes, content: bytes) -> ScannedFile:
    """A file made below the root, as the scan would give it."""
    absolute = os.path.join(root, path)
    os.makedirs(os.path.dirname(absolute), exist_ok=True)
    with open(absolute, "wb") as file:
        file.write(content)
    return scanned(root, path)
