"""Open folders: the buffers of directory entries that the kernel asks for, with and without attributes.

The offset of an entry is its position in the listing plus one, so that a listing can be gone on with anywhere; `.` and `..` come
first. A handle's listing is used by one thread at a time, because the kernel locks the position of an open folder.

Attributes cost a look at each original, and the kernel asks for them always (its own way of finding out who wants them makes
`find` twice as slow). So of a *huge* folder they are given only for as many entries as one reading of it takes in, and for the rest
to who is seen to look at entries (`kernel_interest`), here or in another folder before. Who only wants the names (`ls` into a pipe,
completion in a shell, `os.walk`) need not wait.
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Final

from ifmosfs.platform.kernel_interest import Interest
from ifmosfs.platform.kernel_nodes import Nodes
from ifmosfs.platform.kernel_replies import BLOCK_BYTES, NS, Timeouts
from ifmosfs.platform.kernel_wire import DIRENT, DIRENTBARE, DIRENTPLUS
from ifmosfs.view.protocol import Listing, ViewOperations
from ifmosfs.view.values import Dirent, Entry, FsError, FsErrorKind

_N_DOTS: Final = 2
_KIND_SHIFT: Final = 12  # DT_DIR and the like are the format bits of a mode, shifted
_FOLDER: Final = stat.S_IFDIR >> _KIND_SHIFT
_NO_ATTRIBUTES: Final = (0,) * 19  # a nodeid of 0 says that nothing is known of the node

HUGE: Final = 4_000  # entries; below, all attributes take less time than it would to be asked for them one by one
GIVEN_AT_FIRST: Final = 1_000  # entries: what libraries read at once (32 KiB) before they hand out the first


class OpenFolder:
    """What stands behind a handle. `is_begun`: something was read, so that reading from the start means listing anew."""

    __slots__ = ("inode", "is_begun", "listing")

    def __init__(self, inode: int, listing: Listing) -> None:
        self.inode = inode
        self.listing = listing
        self.is_begun = False


class Folders:
    """The open folders by handle. `held` tells how long what is said of a node may be kept; `interest` is to be told of each node
    that is looked at."""

    def __init__(self, view: ViewOperations, nodes: Nodes, held: Callable[[int], Timeouts]) -> None:
        self._view = view
        self._nodes = nodes
        self._held = held
        self.interest = Interest()
        self._handles = itertools.count(1)
        self._open: dict[int, OpenFolder] = {}

    def open(self, inode: int) -> int:
        """A handle for listing a folder."""
        listing = self._view.opendir(inode)
        handle = next(self._handles)
        self._open[handle] = OpenFolder(inode, listing)
        return handle

    def close(self, handle: int) -> None:
        """End an `open`."""
        self._open.pop(handle, None)

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def read(self, handle: int, offset: int, size: int) -> memoryview:
        """Entries from an offset on, as many as fit: names, inodes and kinds."""
        folder = self._at(handle, offset)
        buffer = bytearray(size)
        filled, offset = self._put_dots(folder, buffer, offset, DIRENT, ())
        start = offset - _N_DOTS
        for name, inode, kind_bits in folder.listing.names(start, start + size // DIRENT[1].size):
            packer = DIRENT[len(name)]
            if filled + packer.size > size:
                break
            offset += 1
            packer.pack_into(buffer, filled, inode, offset, len(name), kind_bits >> _KIND_SHIFT, name)
            filled += packer.size
        return memoryview(buffer)[:filled]

    def read_plus(self, handle: int, offset: int, size: int, process: int) -> memoryview:
        """The same with attributes for a process; the kernel remembers each node that it was told them of."""
        folder = self._at(handle, offset)
        listing = folder.listing
        buffer = bytearray(size)
        filled, offset = self._put_dots(folder, buffer, offset, DIRENTPLUS, _NO_ATTRIBUTES)
        start = offset - _N_DOTS
        is_huge = len(listing) > HUGE
        if (is_huge or start == 0) and not self.interest.is_in(folder.inode, process):
            if start >= GIVEN_AT_FIRST:
                return memoryview(buffer)[: self._put_bare(buffer, filled, listing, start)]
            if start == 0 and self._has_canary(listing, folder.inode, process):
                filled = self._put_bare(buffer, filled, listing, 0, n_most=1)
                start = 1
        begun = filled
        while filled == begun:
            names = _fitting(listing.names(start, start + size // DIRENTPLUS[1].size), size - filled)
            if not names:
                break
            with self._nodes:
                entries = listing.entries(start, start + len(names))
                filled = self._put_entries(buffer, filled, entries, _offsets(names, entries, start))
                self._nodes.give([entry.attr.inode for entry in entries])
            start += len(names)  # if all of these have gone: an empty answer would mean the end of the listing
        return memoryview(buffer)[:filled]

    def _has_canary(self, listing: Listing, folder: int, process: int) -> bool:
        """Watch who looks at the first entry. A folder is no canary unless it must be, for it is also looked at to list it."""
        for dirent in listing.names(0, 1):
            if len(listing) > HUGE or stat.S_IFMT(dirent.kind_bits) != stat.S_IFDIR:
                self.interest.watch(dirent.inode, folder, process)
                return True
        return False

    def _put_bare(self, buffer: bytearray, filled: int, listing: Listing, start: int, n_most: int | None = None) -> int:
        """Put entries from a position on without their attributes; returns how much is filled."""
        size = len(buffer)
        n_read = n_most or size // DIRENTPLUS[1].size
        offset = start + _N_DOTS
        for name, inode, kind_bits in listing.names(start, start + n_read):
            name_bytes = len(name)
            packer = DIRENTBARE[name_bytes]
            end = filled + packer.size
            if end > size:
                break
            offset += 1
            packer.pack_into(buffer, filled, inode, offset, name_bytes, kind_bits >> _KIND_SHIFT, name)
            filled = end
        return filled

    def _at(self, handle: int, offset: int) -> OpenFolder:
        try:
            folder = self._open[handle]
        except KeyError:
            raise FsError(FsErrorKind.STALE) from None
        if offset == 0 and folder.is_begun:
            folder.listing = self._view.opendir(folder.inode)
        folder.is_begun = True
        return folder

    def _put_dots(
        self, folder: OpenFolder, buffer: bytearray, offset: int, packers: Sequence[Struct], before: Sequence[int]
    ) -> tuple[int, int]:
        """Begin a buffer with those of `.` and `..` that are due; returns how much is filled, and the offset reached."""
        filled = 0
        while offset < _N_DOTS:
            name, inode = (b".", folder.inode) if offset == 0 else (b"..", self._parent(folder.inode))
            offset += 1
            packer = packers[len(name)]
            packer.pack_into(buffer, filled, *before, inode, offset, len(name), _FOLDER, name)
            filled += packer.size
        return filled, offset

    def _parent(self, inode: int) -> int:
        try:
            return self._view.parent(inode)
        except FsError:  # removed while open: it has no parent any more
            return inode

    def _put_entries(self, buffer: bytearray, filled: int, entries: Iterable[Entry], offsets: Iterable[int]) -> int:
        """Pack entries that are known to fit, each with the offset of what follows it. This is the loop that `ls -l` waits for."""
        held = self._held
        for (name, attr), offset in zip(entries, offsets, strict=True):
            inode, mode, name_bytes = attr.inode, attr.mode, len(name)
            entry_s, entry_ns, attr_s, attr_ns = held(inode)
            atime, atime_ns = divmod(attr.atime_ns, NS)
            mtime, mtime_ns = divmod(attr.mtime_ns, NS)
            ctime, ctime_ns = divmod(attr.ctime_ns, NS)
            packer = DIRENTPLUS[name_bytes]
            packer.pack_into(
                buffer, filled, inode, entry_s, attr_s, entry_ns, attr_ns,
                inode, attr.size_bytes, attr.n_blocks, atime, mtime, ctime, atime_ns, mtime_ns, ctime_ns,
                mode, attr.n_links, attr.uid, attr.gid, BLOCK_BYTES,
                inode, offset, name_bytes, mode >> _KIND_SHIFT, name,
            )  # fmt: skip
            filled += packer.size
        return filled


def _fitting(names: Sequence[Dirent], room_bytes: int) -> Sequence[Dirent]:
    """As many of the first as have room with their attributes, so that none is looked at in vain."""
    for index, dirent in enumerate(names):
        room_bytes -= DIRENTPLUS[len(dirent.name)].size
        if room_bytes < 0:
            return names[:index]
    return names


def _offsets(names: Sequence[Dirent], entries: Sequence[Entry], start: int) -> Iterable[int]:
    """The offset after each entry. Those that have gone since are left out of the entries, but not of the names."""
    first = start + _N_DOTS + 1
    if len(entries) == len(names):
        return range(first, first + len(names))
    left = {entry.name for entry in entries}
    return [first + index for index, dirent in enumerate(names) if dirent.name in left]
