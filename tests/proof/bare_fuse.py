"""A filesystem that only passes on what is in a folder, and lacks something: run as `bare_fuse FOLDER MOUNT_POINT [no-links]
[no-numbers]`.

It knows no rename flags (EINVAL, as ntfs-3g says it), and with `no-links` no hard links either (EPERM, as exFAT says it). With
`no-numbers` the files have no inode numbers of their own: libfuse counts them as they are looked at, anew with each mount.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from typing import Any

import mfusepy


class BareFuse(mfusepy.Operations):  # type: ignore[misc]
    """All calls lead to the folder behind."""

    use_ns = True

    def __init__(self, folder: str, *, has_links: bool) -> None:
        self.folder = os.fsencode(folder)
        self.has_links = has_links

    def _at(self, path: str) -> bytes:
        return self.folder + os.fsencode(path)

    def init(self, path: str) -> None:
        print("ready", flush=True)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        row = os.lstat(self._at(path))
        names = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks")
        times = {f"st_{name}": getattr(row, f"st_{name}_ns") for name in ("atime", "mtime", "ctime")}
        return {name: getattr(row, name) for name in names} | times

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, dict[str, Any], int]]:
        for name in (b".", b"..", *os.listdir(self._at(path))):
            row = os.lstat(os.path.join(self._at(path), name))
            yield os.fsdecode(name), {"st_mode": row.st_mode, "st_ino": row.st_ino}, 0

    def readlink(self, path: str) -> str:
        return os.fsdecode(os.readlink(self._at(path)))

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._at(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._at(path))
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._at(path))
        return 0

    def symlink(self, target: str, source: str) -> int:
        os.symlink(os.fsencode(source), self._at(target))
        return 0

    def rename(self, old: str, new: str, flags: int = 0) -> int:
        if flags:
            raise mfusepy.FuseOSError(errno.EINVAL)
        os.rename(self._at(old), self._at(new))
        return 0

    def link(self, target: str, source: str) -> int:
        if not self.has_links:
            raise mfusepy.FuseOSError(errno.EPERM)
        os.link(self._at(source), self._at(target))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._at(path), mode)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        os.chown(self._at(path), uid, gid, follow_symlinks=False)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self._at(path), ns=times, follow_symlinks=False)
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def open(self, path: str, flags: int) -> int:
        return os.open(self._at(path), flags & (os.O_ACCMODE | os.O_APPEND | os.O_TRUNC))

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._at(path), length)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        os.fsync(fh)
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        row = os.statvfs(self.folder)
        names = (
            "f_bsize",
            "f_frsize",
            "f_blocks",
            "f_bfree",
            "f_bavail",
            "f_files",
            "f_ffree",
            "f_favail",
            "f_namemax",
        )
        return {name: getattr(row, name) for name in names}


if __name__ == "__main__":
    lacking = sys.argv[3:]
    view = BareFuse(sys.argv[1], has_links="no-links" not in lacking)
    has_numbers = "no-numbers" not in lacking
    mfusepy.FUSE(view, sys.argv[2], foreground=True, nothreads=True, default_permissions=True, use_ino=has_numbers)
