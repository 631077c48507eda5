"""Moving an entry to a free name on filesystems that do not know RENAME_NOREPLACE (ntfs-3g, NFS, some FUSE drivers).

Two ways, tried in this order. *By link*: make the new name as a hard link, sync it, then take the old name away, but never by a
plain unlink: another program may have saved a new version under it in the meantime, so it is first renamed aside and looked at.
*By placeholder*: reserve the name with an empty file of ours and rename over that. What is left is the moment between the last
look at the placeholder and the rename, in which another program could put its own file there; no filesystem call closes it.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ifmosfs.core.files import Attr
from ifmosfs.platform import linux
from ifmosfs.platform.syncing import open_for_sync, sync_filesystem

Entry = tuple[int, bytes]  # an open folder and a name in it

FLAG_UNKNOWN: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})


def move_without_flag(source: Entry, target: Entry) -> None:
    """Move an entry where the kernel has refused RENAME_NOREPLACE. EEXIST if the target name is taken."""
    if not stat.S_ISDIR(linux.attr_at(*source).mode):
        try:
            move_by_link(source, target)
            return
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
    move_by_placeholder(source, target)


def move_by_link(source: Entry, target: Entry) -> None:
    """Link, sync, rename the old name aside, check, unlink. EPERM and its kin, with nothing done, where links are refused."""
    os.link(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0], follow_symlinks=False)
    try:
        linked = linux.attr_at(*target)
        aside = source[0], b".ifmosfs-q-%x" % linked.inode
        _sync(target[0])
        _require_free(aside)
        os.rename(source[1], aside[1], src_dir_fd=source[0], dst_dir_fd=source[0])
    except OSError:
        _take_back_link(source, target)
        raise
    settle_aside(aside, source, linked)


def settle_aside(aside: Entry, source: Entry, linked: Attr) -> None:
    """Remove what was renamed aside if it is the linked file; else it goes back under its old name."""
    if _remove_if_same(aside, linked):
        return
    # Somebody saved a newer file under the old name after the link was made: that one goes back, the older one has moved.
    # Should the name be taken yet again, the newer file keeps the name aside, and the error tells it.
    os.link(aside[1], source[1], src_dir_fd=source[0], dst_dir_fd=source[0], follow_symlinks=False)
    _remove_if_same(aside, linux.attr_at(*source))


def move_by_placeholder(source: Entry, target: Entry) -> None:
    """Reserve the target name with an empty file (for a folder: an empty folder), then rename over it.

    The placeholder has the time of what is to come there, by which a recovery knows it (`recover.is_reservation`).
    """
    coming = linux.attr_at(*source)
    reserved = _reserve_folder(target) if stat.S_ISDIR(coming.mode) else _reserve_file(target)
    with suppress(OSError):
        os.utime(target[1], ns=(coming.mtime_ns, coming.mtime_ns), dir_fd=target[0], follow_symlinks=False)
        reserved = replace(reserved, mtime_ns=coming.mtime_ns)
    try:
        _require_untouched(target, reserved)
        os.rename(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0])
    except OSError:
        _take_back_placeholder(target, reserved)
        raise


def _sync(folder: int) -> None:
    descriptor = open_for_sync(folder)
    try:
        sync_filesystem(descriptor)
    finally:
        os.close(descriptor)


def _require_free(entry: Entry) -> None:
    try:
        linux.attr_at(*entry)
    except FileNotFoundError:
        return
    raise OSError(errno.EBUSY, "an earlier move has left its file aside here", entry[1])


def _take_back_link(source: Entry, target: Entry) -> None:
    """Remove the new name, provided that the old one still holds the same file; else both stay, which loses nothing."""
    try:
        _remove_if_same(target, linux.attr_at(*source))
    except FileNotFoundError:
        return


def _remove_if_same(entry: Entry, other: Attr) -> bool:
    """Unlink a name if it is one more name of the same file."""
    found = linux.attr_at(*entry)
    if (found.device, found.inode) != (other.device, other.inode) or found.n_links < 2:
        return False
    os.unlink(entry[1], dir_fd=entry[0])
    return True


def _reserve_file(target: Entry) -> Attr:
    descriptor = os.open(target[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target[0])
    try:
        return linux.attr_at(descriptor, b"")
    finally:
        os.close(descriptor)


def _reserve_folder(target: Entry) -> Attr:
    os.mkdir(target[1], 0o700, dir_fd=target[0])
    return linux.attr_at(*target)


def _is_untouched(target: Entry, reserved: Attr) -> bool:
    """Whether the placeholder is still there, and nothing in it. Its number may be lost by now; then its time tells."""
    found = linux.attr_at(*target)
    same = found.inode == reserved.inode or found.mtime_ns == reserved.mtime_ns
    is_empty = stat.S_ISDIR(found.mode) or found.size_bytes == 0
    return (
        same and is_empty and (found.device, stat.S_IFMT(found.mode)) == (reserved.device, stat.S_IFMT(reserved.mode))
    )


def _require_untouched(target: Entry, reserved: Attr) -> None:
    if not _is_untouched(target, reserved):
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))


def _take_back_placeholder(target: Entry, reserved: Attr) -> None:
    try:
        if not _is_untouched(target, reserved):
            return
        if stat.S_ISDIR(reserved.mode):
            os.rmdir(target[1], dir_fd=target[0])  # removes nothing unless it is still empty
        else:
            os.unlink(target[1], dir_fd=target[0])
    except FileNotFoundError:
        return
