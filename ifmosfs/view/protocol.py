"""What a driver may ask of the organised tree: the operations of an inode filesystem, without any binding in sight.

All methods raise `FsError` and nothing else; any other exception is a bug. All may be called from several threads at once,
and none of them may touch the mount that serves them. Folders and files are named by inode, names are bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ifmosfs.core.files import Attr
from ifmosfs.core.ports import Space
from ifmosfs.view.values import Entry, Opened, RenameMode


class ViewOperations(Protocol):
    """The organised tree, as the kernel's verbs reach it."""

    def resolve(self, path: bytes) -> int:
        """The inode at a path such as ``a/b`` (``b""``: the root). NOT_FOUND, NOT_A_FOLDER, NAME_TOO_LONG."""
        ...

    def lookup(self, parent: int, name: bytes) -> Entry:
        """The entry of that name in a folder. NOT_FOUND if there is none."""
        ...

    def getattr(self, inode: int) -> Attr:
        """The attributes; of an unlinked file until its last release, too."""
        ...

    def readdir(self, inode: int) -> Sequence[Entry]:
        """All entries of a folder at one moment, without `.` and `..`."""
        ...

    def readlink(self, inode: int) -> bytes:
        """The text of a symlink. INVALID if it is none."""
        ...

    def open(self, inode: int, flags: int) -> Opened:
        """Open a file for reading. READ_ONLY if the open(2) flags ask for more. Each one ends with one `release`."""
        ...

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """`size` bytes of an open file from `offset` on; fewer than asked for only at its end."""
        ...

    def release(self, handle: int) -> None:
        """End an `open`: closes its descriptor."""
        ...

    def mkdir(self, parent: int, name: bytes, mode: int) -> Entry:
        """Make a folder. EXISTS if the name is taken."""
        ...

    def rmdir(self, parent: int, name: bytes) -> None:
        """Remove an empty folder. NOT_EMPTY, NOT_A_FOLDER, NOT_FOUND."""
        ...

    def unlink(self, parent: int, name: bytes) -> None:
        """Take a file out of the layout; what is open stays readable until its release. IS_A_FOLDER, NOT_FOUND."""
        ...

    def rename(self, parent: int, name: bytes, new_parent: int, new_name: bytes, mode: RenameMode) -> None:
        """Move an entry, in one step. The kinds are those of rename(2)."""
        ...

    def chmod(self, inode: int, mode: int) -> None:
        """Set the permissions of a folder. NOT_PERMITTED for a file."""
        ...

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None) -> None:
        """Set the times of a folder, ns since the epoch; `None` leaves one as it is. NOT_PERMITTED for a file."""
        ...

    def getxattr(self, inode: int, name: bytes) -> bytes:
        """The value of an extended attribute. NO_ATTRIBUTE if there is none."""
        ...

    def listxattr(self, inode: int) -> Sequence[bytes]:
        """The names of the extended attributes."""
        ...

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int) -> None:
        """Set an extended attribute; `flags` are those of setxattr(2)."""
        ...

    def removexattr(self, inode: int, name: bytes) -> None:
        """Remove an extended attribute. NO_ATTRIBUTE if there is none."""
        ...

    def statfs(self) -> Space:
        """Space where the files would go."""
        ...

    def fsync_folder(self, inode: int) -> None:
        """Return when every edit made so far is durable."""
        ...
