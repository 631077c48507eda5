"""What a driver may ask of the organised tree: the operations of an inode filesystem, without any binding in sight.

All methods raise `FsError` and nothing else; any other exception is a bug. All may be called from several threads at once,
and none of them may touch the mount that serves them. Folders and files are named by inode, names are bytes. Where a `Caller`
may be given, none means the owner of the view.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from ifmosfs.core.files import Attr
from ifmosfs.core.ports import Space
from ifmosfs.view.values import Caller, Dirent, Entry, Opened, RenameMode, Validity


class Listing(Protocol):
    """The entries of one folder, without `.` and `..`, as they were when it was opened: positions do not change.

    May be used by one thread at a time, and needs no closing.
    """

    def __len__(self) -> int:
        """How many entries there are."""
        ...

    def names(self, start: int, stop: int) -> Sequence[Dirent]:
        """The entries of these positions without attributes: cheap, no original is looked at."""
        ...

    def entries(self, start: int, stop: int) -> Sequence[Entry]:
        """The entries of these positions with the attributes that they have now; one that has gone since is left out."""
        ...


class ChangedNames(NamedTuple):
    """Names that have come or gone without the kernel's doing, with what stood for each: paths in the view, folders before what is in
    them. `inodes`: what the new ones stand for."""

    paths: dict[bytes, bool]  # whether it is, or was, a folder
    inodes: frozenset[int]


class Nudging(Protocol):
    """Renames in the mount that change nothing, and by which the kernel tells who watches. Only one process may make them."""

    renames: list[tuple[bytes, bytes]]
    pid: int | None


class Invalidations(Protocol):
    """What the view tells of changes that did not come through its own operations. Every method returns at once, may be called
    with the view's locks held, and is carried out later by somebody who holds none."""

    def entry_changed(self, parent: int, name: bytes) -> None:
        """What is remembered of a name in a folder, or of its absence, is out of date."""
        ...

    def node_changed(self, inode: int, *, content: bool) -> None:
        """The attributes of a node are out of date, with `content` also the bytes of the file that are remembered."""
        ...

    def all_changed(self) -> None:
        """Every name may be out of date."""
        ...

    def names_changed(self, names: ChangedNames) -> None:
        """Who watches the folders of these names shall be told of them, after all that was told before is out of date. Whoever
        does it goes through `ViewOperations.nudging`."""
        ...


class ViewOperations(Protocol):
    """The organised tree, as the kernel's verbs reach it."""

    def tell(self, invalidations: Invalidations) -> None:
        """From now on tell these of changes. A driver that cannot pass them on does not call it; until then (and without it)
        no `validity` is longer than a second."""
        ...

    def validity(self, inode: int) -> Validity:
        """How long what was just said of a node holds if nothing is told meanwhile."""
        ...

    def may_block(self, inode: int) -> bool:
        """Whether opening or reading a file may take long, because it lies on a network drive or the like."""
        ...

    def forget(self, inode: int) -> None:
        """The kernel remembers a node no longer; its number may be asked for again only after a new lookup."""
        ...

    def resolve(self, path: bytes) -> int:
        """The inode at a path such as ``a/b`` (``b""``: the root). NOT_FOUND, NOT_A_FOLDER, NAME_TOO_LONG."""
        ...

    def nudging(self, names: Sequence[ChangedNames]) -> AbstractContextManager[Nudging]:
        """While this lasts, the process whose id is put into what this gives may make those renames. To be used by one thread, which
        answers no requests."""
        ...

    def lookup(self, parent: int, name: bytes, caller: Caller | None = None) -> Entry:
        """The entry of that name in a folder. NOT_FOUND if there is none."""
        ...

    def getattr(self, inode: int) -> Attr:
        """The attributes; of an unlinked file until its last release, too."""
        ...

    def opendir(self, inode: int) -> Listing:
        """The entries of a folder. NOT_A_FOLDER, NOT_FOUND."""
        ...

    def parent(self, inode: int) -> int:
        """The inode of the folder that a folder is in; of the root, the root."""
        ...

    def readlink(self, inode: int) -> bytes:
        """The text of a symlink. INVALID if it is none."""
        ...

    def open(self, inode: int, flags: int, caller: Caller | None = None) -> Opened:
        """Open a file for reading. READ_ONLY if the open(2) flags ask for more, NO_ACCESS for a caller who may not reach the
        original. Each one ends with one `release`."""
        ...

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """`size` bytes of an open file from `offset` on; fewer than asked for only at its end."""
        ...

    def release(self, handle: int) -> None:
        """End an `open`: closes its descriptor."""
        ...

    def create(
        self, parent: int, name: bytes, flags: int, mode: int, caller: Caller | None = None
    ) -> tuple[Entry, Opened]:
        """Make a file and open it, as open(2) with these flags. READ_ONLY for all but what is kept in memory (`view.scratch`)."""
        ...

    def write(self, handle: int, content: bytes, offset: int) -> int:
        """Write into an open file; returns how many bytes. READ_ONLY, NO_SPACE."""
        ...

    def truncate(self, inode: int, size_bytes: int) -> None:
        """Set the length of a file. READ_ONLY, NO_SPACE."""
        ...

    def mkdir(self, parent: int, name: bytes, mode: int, caller: Caller | None = None) -> Entry:
        """Make a folder. EXISTS if the name is taken."""
        ...

    def rmdir(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """Remove an empty folder. NOT_EMPTY, NOT_A_FOLDER, NOT_FOUND."""
        ...

    def unlink(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        """Take a file out of the layout; what is open stays readable until its release. IS_A_FOLDER, NOT_FOUND."""
        ...

    def rename(
        self,
        parent: int,
        name: bytes,
        new_parent: int,
        new_name: bytes,
        mode: RenameMode,
        caller: Caller | None = None,
    ) -> None:
        """Move an entry, in one step. The kinds are those of rename(2)."""
        ...

    def chmod(self, inode: int, mode: int, caller: Caller | None = None) -> None:
        """Set the permissions of a folder. NOT_PERMITTED for a file."""
        ...

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None, caller: Caller | None = None) -> None:
        """Set the times of a folder, ns since the epoch; `None` leaves one as it is. NOT_PERMITTED for a file."""
        ...

    def getxattr(self, inode: int, name: bytes) -> bytes:
        """The value of an extended attribute. NO_ATTRIBUTE if there is none."""
        ...

    def listxattr(self, inode: int) -> Sequence[bytes]:
        """The names of the extended attributes."""
        ...

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        """Set an extended attribute; `flags` are those of Linux' setxattr(2): EXISTS, NO_ATTRIBUTE where they say so."""
        ...

    def removexattr(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        """Remove an extended attribute. NO_ATTRIBUTE if there is none."""
        ...

    def statfs(self) -> Space:
        """Space where the files would go."""
        ...

    def fsync_folder(self, inode: int) -> None:
        """Return when every edit made so far is durable."""
        ...
