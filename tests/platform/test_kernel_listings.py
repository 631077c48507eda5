"""What the kernel is told of the entries of a folder: of a huge one names at once, attributes to who looks at them."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from typing import NamedTuple, cast

from ifmosfs.core.files import Attr
from ifmosfs.platform.kernel_listings import GIVEN_AT_FIRST, HUGE, Folders
from ifmosfs.platform.kernel_nodes import Nodes
from ifmosfs.platform.kernel_replies import timeouts
from ifmosfs.platform.kernel_wire import DIRENTPLUS, ENTRY_OUT
from ifmosfs.view.attrs import made_attr
from ifmosfs.view.listing import FixedListing
from ifmosfs.view.protocol import Listing, ViewOperations
from ifmosfs.view.values import BRIEF, Entry

BUFFER_BYTES = 32 * 1024
FOLDER = 7
OTHER_FOLDER = 8
FIRST_INODE = 1000
LISTER, SOMEBODY = 501, 502  # processes


class Told(NamedTuple):
    """An entry as the kernel reads it: `node` is 0 where nothing is said of its attributes."""

    name: bytes
    inode: int
    node: int
    size_bytes: int


class _Folders:
    """A view with a folder of so many files, and another one with a folder and two files."""

    def __init__(self, n_files: int) -> None:
        files = [Entry(b"file %d" % n, _attr(FIRST_INODE + n, n)) for n in range(n_files)]
        self._entries = {FOLDER: files, OTHER_FOLDER: [Entry(b"folder", _FOLDER_ATTR), *files[:2]]}

    def opendir(self, inode: int) -> Listing:
        return FixedListing(self._entries[inode])

    def parent(self, inode: int) -> int:
        return 1


class _Kernel:
    """Lists a folder as the kernel does for a process: buffer after buffer, from where the last one ended."""

    def __init__(self, n_files: int) -> None:
        self.nodes = Nodes(lambda inode: None)
        self.folders = Folders(
            cast("ViewOperations", _Folders(n_files)), self.nodes, lambda inode: timeouts(BRIEF, 1.0)
        )
        self.open(FOLDER)

    def open(self, folder: int, process: int = LISTER) -> None:
        """Begin a listing."""
        self._handle, self._offset, self._process = self.folders.open(folder), 0, process

    def read(self) -> list[Told]:
        """The next buffer's entries, without the dots."""
        told = _entries(bytes(self.folders.read_plus(self._handle, self._offset, BUFFER_BYTES, self._process)))
        if told:
            self._offset = told[-1][1]
        return [each for each, _ in told if each.name not in {b".", b".."}]

    def read_all(self) -> list[Told]:
        """All entries that are left."""
        found: list[Told] = []
        while more := self.read():
            found.extend(more)
        return found


def _attr(inode: int, size_bytes: int) -> Attr:
    return made_attr(stat.S_IFREG | 0o644, inode, size_bytes, 0, (0, 0), n_links=1)


_FOLDER_ATTR = made_attr(stat.S_IFDIR | 0o755, 900, 0, 0, (0, 0), n_links=2)


def _entries(buffer: bytes) -> Sequence[tuple[Told, int]]:
    found, start = [], 0
    while start < len(buffer):
        n_bytes = DIRENTPLUS[0].unpack_from(buffer, start)[-3]  # inode, offset, length, kind, name
        fields = DIRENTPLUS[n_bytes].unpack_from(buffer, start)
        inode, offset, _, kind, name = fields[-5:]
        assert kind == (stat.S_IFREG if inode >= FIRST_INODE else stat.S_IFDIR) >> 12
        found.append((Told(name[:n_bytes], inode, fields[0], fields[6]), offset))
        start += DIRENTPLUS[n_bytes].size
    return found


def _with_attributes(n: int) -> Told:
    return Told(b"file %d" % n, FIRST_INODE + n, FIRST_INODE + n, n)


def _bare(n: int) -> Told:
    return Told(b"file %d" % n, FIRST_INODE + n, 0, 0)


def test_all_entries_but_the_first_of_a_folder_that_is_not_huge_come_with_their_attributes() -> None:
    assert _Kernel(HUGE).read_all() == [_bare(0), *map(_with_attributes, range(1, HUGE))]


def test_all_come_with_them_to_who_has_looked_at_the_first_entry_of_any_folder() -> None:
    kernel = _Kernel(HUGE + 1)
    kernel.folders.interest.watch(canary=5, folder=3, process=LISTER)
    kernel.folders.interest.looked_at(5, LISTER)
    assert kernel.read_all() == [_with_attributes(n) for n in range(HUGE + 1)]
    kernel.open(OTHER_FOLDER)
    assert kernel.read_all() == [Told(b"folder", 900, 900, 0), _with_attributes(0), _with_attributes(1)]


def test_a_look_into_a_small_folder_is_enough_for_the_next_huge_one() -> None:
    """As `find` does, which reads ten thousand names before it looks at the first one."""
    kernel = _Kernel(1)
    assert kernel.read_all() == [_bare(0)]
    kernel.folders.interest.looked_at(FIRST_INODE, LISTER)
    assert kernel.folders.interest.is_in(OTHER_FOLDER, LISTER)
    assert not kernel.folders.interest.is_in(OTHER_FOLDER, SOMEBODY)


def test_a_folder_that_comes_first_keeps_its_attributes_since_who_lists_it_too_looks_at_it() -> None:
    kernel = _Kernel(2)
    kernel.open(OTHER_FOLDER)
    assert kernel.read_all() == [Told(b"folder", 900, 900, 0), _with_attributes(0), _with_attributes(1)]


def test_an_empty_folder_has_no_first_entry() -> None:
    assert _Kernel(0).read_all() == []


def test_every_name_of_a_huge_folder_is_told_once_whether_or_not_somebody_looks() -> None:
    n_files = HUGE + 777
    assert [each.name for each in _Kernel(n_files).read_all()] == [b"file %d" % n for n in range(n_files)]


def test_who_only_wants_the_names_of_a_huge_folder_does_not_wait_for_attributes() -> None:
    kernel = _Kernel(HUGE + 1)
    told = kernel.read_all()
    n_with = sum(each.node != 0 for each in told)
    assert told == [_bare(0), *map(_with_attributes, range(1, n_with + 1)), *map(_bare, range(n_with + 1, HUGE + 1))]
    assert GIVEN_AT_FIRST - 1 <= n_with < GIVEN_AT_FIRST + BUFFER_BYTES // ENTRY_OUT.size
    assert len(kernel.nodes) == n_with  # the kernel gives back only those it was told of


def test_who_looks_at_the_first_entry_gets_the_attributes_of_all_that_follow() -> None:
    kernel = _Kernel(HUGE + 1)
    begun = kernel.read()
    kernel.folders.interest.looked_at(begun[0].inode, LISTER)
    assert kernel.read_all() == [_with_attributes(n) for n in range(len(begun), HUGE + 1)]


def test_the_next_listing_of_a_folder_that_somebody_looks_into_has_all_attributes() -> None:
    kernel = _Kernel(HUGE + 1)
    kernel.read_all()
    kernel.folders.interest.looked_at(FIRST_INODE, SOMEBODY)
    kernel.open(FOLDER)
    assert kernel.read_all() == [_with_attributes(n) for n in range(HUGE + 1)]
