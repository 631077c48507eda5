"""Making changes durable: one syncfs per filesystem, or an fsync of each folder where that is known to be enough.

The kernel reports a write error once to each open file description that was there before. So one descriptor per filesystem is
opened *before* the first change on it and kept; a later open could miss the error. On btrfs and on filesystems that have not
been tried only syncfs is used: fsync of single folders there has been seen to leave a moved file under both names, or none.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Final

from ifmosfs.platform import linux

FEW_FOLDERS: Final = 64
EXT: Final = 0xEF53
XFS: Final = 0x58465342
FOLDER_SYNC_SUFFICES: Final = frozenset({EXT, XFS})


class Filesystems:
    """The filesystems that are being changed, each held by one descriptor. Not thread-safe: a commit has one writer."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}  # device number -> descriptor
        self._failure: OSError | None = None

    def hold(self, folder: int) -> None:
        """Hold the filesystem that a folder (an O_PATH descriptor) is on. Called before the first change in the folder."""
        device = linux.attr_at(folder, b"").device
        if device not in self._held:
            self._held[device] = open_for_sync(folder)

    def sync(self, folders: Iterable[int], *, everything: bool = False) -> None:
        """Return when the changes in these folders (O_PATH descriptors) are durable; or all on every filesystem held.

        After a failure each further call fails too: the kernel would say "fine" the second time, and it would not be true.
        """
        if self._failure is not None:
            raise OSError(
                errno.EIO, f"an earlier sync failed ({self._failure.strerror}), so nothing after it is certain"
            )
        try:
            self._sync(folders, everything)
        except OSError as error:
            self._failure = error
            raise

    def _sync(self, folders: Iterable[int], everything: bool) -> None:
        by_device: dict[int, list[int]] = {}
        for folder in folders:
            self.hold(folder)
            by_device.setdefault(linux.attr_at(folder, b"").device, []).append(folder)
        whole = set(self._held) if everything else set()
        for device, changed in by_device.items():
            if device not in whole and not self._sync_each(changed):
                whole.add(device)
        for device in whole:
            sync_filesystem(self._held[device])

    def _sync_each(self, folders: list[int]) -> bool:
        """Sync folder by folder; False, with nothing claimed, where the whole filesystem must be synced instead."""
        # Not asked of the folder that is held: it may be removed by now, and FUSE knows no more of one that is.
        if len(folders) > FEW_FOLDERS or linux.filesystem_magic(folders[0]) not in FOLDER_SYNC_SUFFICES:
            return False
        for folder in folders:
            try:
                descriptor = open_for_sync(folder)
            except PermissionError:  # a folder without read permission can be changed, but not opened for its sync
                return False
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return True

    def close(self) -> None:
        """Let go of all filesystems."""
        while self._held:
            os.close(self._held.popitem()[1])


def open_for_sync(folder: int) -> int:
    """A descriptor that can be synced (an O_PATH one cannot) of an open folder."""
    return os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)


def sync_filesystem(descriptor: int) -> None:
    """Sync the whole filesystem of an open folder; on systems without syncfs the folder, after asking for everything."""
    try:
        linux.syncfs(descriptor)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        os.sync()
        _sync_folder(descriptor)


def _sync_folder(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network filesystems cannot sync a folder, and need not
            raise
