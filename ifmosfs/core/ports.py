"""The disk, as the core and the view see it.

`DiskReader` cannot change anything, which is why the view is given only that. Errors are `OSError` with its errno, as the kernel
gave it; **a method that raises has changed nothing** (`copy` may leave its temporary file, whose name the journal holds).
No method follows a symlink in any component below a root: such a path raises ELOOP, a path that leaves its root EXDEV.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from ifmosfs.core.files import Attr, Fingerprint, Place
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.names import NameRules


@dataclass(frozen=True, slots=True)
class Space:
    """Free and total space of a filesystem, as `statvfs` gives it to an ordinary user; sizes in bytes.

    `read_only`: it is mounted so that nobody, not even root, can change anything through this mount. A total of 0 means that the
    filesystem does not count: btrfs has no number of inodes, ramfs and some FUSE drives tell no blocks either.
    """

    block_bytes: int
    n_blocks: int
    n_blocks_free: int
    n_blocks_available: int
    n_inodes: int
    n_inodes_free: int
    name_max_bytes: int
    read_only: bool = False

    def lacks_blocks(self, n_wanted: int) -> bool:
        """Whether fewer blocks are left, as far as the filesystem tells."""
        return self.n_blocks > 0 and n_wanted > self.n_blocks_available

    def lacks_bytes(self, n_wanted: int) -> bool:
        """The same in bytes."""
        return self.n_blocks > 0 and n_wanted > self.n_blocks_available * self.block_bytes

    def lacks_inodes(self, n_wanted: int) -> bool:
        """Whether fewer inodes are left, as far as the filesystem tells."""
        return self.n_inodes > 0 and n_wanted > self.n_inodes_free


SHORT_OF_MEANS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors that say nothing of what was looked at: this process, or the system, has no descriptor or memory left for it just now."""

# What `list_folder` gives for an entry that is there and does not let itself be looked at, such as a dead mount.
UNKNOWN_ATTR: Final = Attr(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Copied:
    """A finished temporary copy: BLAKE3 of its bytes, read back from the disk, and its attributes."""

    digest: bytes
    attr: Attr


class DiskReader(Protocol):
    """Looking at the disk."""

    def looking(self) -> AbstractContextManager[None]:
        """A moment in which this thread looks at many places: what was just found of their folders may be remembered."""
        ...

    def lstat(self, place: Place) -> Attr:
        """The attributes of the entry itself."""
        ...

    def glance(self, place: Place, shown_inode: int) -> tuple[int, Attr]:
        """The inode of an entry, and its attributes under another inode number: as `lstat`, and a quarter of the work, without the
        birth time, and links on the way to the entry are followed. Only for who can tell from inode and change time that it is
        the entry that was meant."""
        ...

    def trace(self, place: Place) -> tuple[int, int, int, int]:
        """Mode, device, inode and change time (ns) of an entry: what `glance` finds, in half its time, and with the same care."""
        ...

    def arrival(self, place: Place, expected: Fingerprint) -> Fingerprint:
        """As `lstat(place).fingerprint`, for who has just brought there what had the expected one a moment ago: in half the time,
        because what still has its inode number, size and time of modification is not asked for its birth time again."""
        ...

    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        """(name, attributes) of every entry in a folder, without `.` and `..`. Entries that vanish meanwhile are left out;
        one that cannot be looked at has `UNKNOWN_ATTR`."""
        ...

    def open_seen(self, place: Place) -> int:
        """As `open_read`, for who has just seen a regular file there and will see whether it is the one that was opened: in a third
        of the time, because nothing is looked at before. Any refusal means no more than that `open_read` is to be asked."""
        ...

    def open_read(self, place: Place) -> int:
        """A read-only descriptor of a *regular file* (else EINVAL), never blocking, without touching the access time where allowed."""
        ...

    def read_link(self, place: Place) -> bytes:
        """The text of a symlink."""
        ...

    def space(self, place: Place) -> Space:
        """Space on the filesystem that holds the place; a place that does not exist yet: of its nearest existing parent."""
        ...

    def filesystem(self, place: Place) -> str:
        """Identity of that filesystem, stable over a remount: `uuid:…` where the system tells it, else `fsid:…`."""
        ...

    def name_rules(self, place: Place) -> NameRules:
        """What that filesystem takes for names, and which it holds for equal; found out without writing."""
        ...

    def keeps_numbers(self, place: Place) -> bool:
        """Whether files on that filesystem have the same inode numbers after a remount, and for as long as they are there."""
        ...

    def unkept_attributes(self, source: Place, folder: Place) -> Sequence[str]:
        """The names of the extended attributes (ACLs are among them) of a file or symlink that a copy in the folder could not have,
        as far as the filesystem tells; found out without writing. Of a folder that does not exist yet: in its nearest existing
        parent."""
        ...

    def digest(self, place: Place) -> bytes:
        """BLAKE3 (32 bytes) of a regular file's content."""
        ...

    def folder_meta(self, place: Place) -> FolderMeta:
        """Mode, owner, times and extended attributes of a folder."""
        ...


class Disk(DiskReader, Protocol):
    """Looking at and changing the disk; only commit, recovery and rollback hold one."""

    def make_folder(self, place: Place, mode: int) -> None:
        """Make one folder with exactly this mode. EEXIST if the name is taken."""
        ...

    def remove_folder(self, place: Place) -> None:
        """Remove an empty folder. ENOTEMPTY if it is not."""
        ...

    def restore_folder(self, place: Place, meta: FolderMeta) -> None:
        """Give an existing folder the mode, owner and extended attributes (not the times) recorded in `meta`."""
        ...

    def set_times(self, place: Place, atime_ns: int | None, mtime_ns: int) -> None:
        """Set the times of a folder; `None` leaves the access time alone."""
        ...

    def rename_noreplace(self, source: Place, target: Place) -> None:
        """Move an entry atomically. EEXIST if the target name is taken, EXDEV if it is on another filesystem."""
        ...

    def copy(self, source: Place, temporary: Place, expected: Fingerprint) -> Copied:
        """Copy a file or symlink with all it has (content, holes, owner, mode, ACLs, xattrs, times) to a new name, sync it,
        read it back and compare. ESTALE if the source is not, or does not stay, the expected one; ETXTBSY if a program has
        it open for writing; EOPNOTSUPP if the filesystem cannot hold one of its attributes; EIO if the copy reads back
        differently; EEXIST if the temporary name is taken."""
        ...

    def unlink_checked(self, place: Place, expected: Fingerprint) -> None:
        """Remove one name. ESTALE if it no longer is the expected file. The only method that ever removes a file."""
        ...

    def sync(self, folders: Iterable[Place]) -> None:
        """Return when every change made so far in these folders (and their filesystems' pending ones) is durable.

        Any error is final: it must never be tried again as if the first try had not failed.
        """
        ...
