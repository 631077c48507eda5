"""A rival: the folder behind, read-only, as mfusepy's documentation shows how to do it. Run as `plain_fuse FOLDER MOUNT_POINT`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import mfusepy

_FIELDS = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks")
_TIMES = ("st_atime", "st_mtime", "st_ctime")


class PlainFuse(mfusepy.Operations):  # type: ignore[misc]  # mfusepy has no types
    """Every call leads to the same call on the folder behind."""

    use_ns = True

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def _behind(self, path: str) -> str:
        return self._folder + path

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """The attributes of what is behind."""
        found = os.lstat(self._behind(path))
        attributes = {name: getattr(found, name) for name in _FIELDS}
        return attributes | {name: getattr(found, f"{name}_ns") for name in _TIMES}

    def readdir(self, path: str, fh: int) -> Iterator[str]:
        """The names behind."""
        yield from (".", "..", *os.listdir(self._behind(path)))

    def open(self, path: str, flags: int) -> int:
        """A descriptor of the file behind."""
        return os.open(self._behind(path), flags)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Bytes of it."""
        return os.pread(fh, size, offset)

    def release(self, path: str, fh: int) -> int:
        """Close it."""
        os.close(fh)
        return 0


if __name__ == "__main__":
    mfusepy.FUSE(PlainFuse(sys.argv[1]), sys.argv[2], foreground=True, ro=True, fsname="plain")
