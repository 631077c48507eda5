"""What the kernel is told of the entries of a huge folder: names at once, attributes to who looks at them."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from typing import NamedTuple, cast

import pytest

from ifmosfs.core.files import Attr
from ifmosfs.platform.kernel_listings import GIVEN_AT_FIRST, HUGE, MOST_CANARIES, REMEMBERED_S, Folders, Interest
from ifmosfs.platform.kernel_nodes import Nodes
from ifmosfs.platform.kernel_replies import timeouts
from ifmosfs.platform.kernel_wire import DIRENTPLUS, ENTRY_OUT
from ifmosfs.view.attrs import made_attr
from ifmosfs.view.listing import FixedListing
from ifmosfs.view.protocol import Listing, ViewOperations
from ifmosfs.view.values import BRIEF, Entry

BUFFER_BYTES = 32 * 1024
FOLDER = 7
FIRST_INODE = 1000


class Told(NamedTuple):
    """An entry as the kernel reads it: `node` is 0 where nothing is said of its attributes."""

    name: bytes
    inode: int
    node: int
    size_bytes: int


class _OneFolder:
    """A view with one folder of so many files."""

    def __init__(self, n_files: int) -> None:
        self._entries = [Entry(b"file %d" % n, _attr(FIRST_INODE + n, n)) for n in range(n_files)]

    def opendir(self, inode: int) -> Listing:
        assert inode == FOLDER
        return FixedListing(self._entries)

    def parent(self, inode: int) -> int:
        return 1


class _Kernel:
    """Lists a folder as the kernel does: buffer after buffer, from where the last one ended."""

    def __init__(self, n_files: int) -> None:
        self.nodes = Nodes(lambda inode: None)
        self.folders = Folders(
            cast("ViewOperations", _OneFolder(n_files)), self.nodes, lambda inode: timeouts(BRIEF, 1.0)
        )
        self._handle, self._offset = self.folders.open(FOLDER), 0

    def read(self) -> list[Told]:
        """The next buffer's entries, without the dots."""
        told = _entries(bytes(self.folders.read_plus(self._handle, self._offset, BUFFER_BYTES)))
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


def test_all_entries_of_a_folder_that_is_not_huge_come_with_their_attributes() -> None:
    assert _Kernel(HUGE).read_all() == [_with_attributes(n) for n in range(HUGE)]


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
    kernel.folders.interest.looked_at(begun[0].inode)
    assert kernel.read_all() == [_with_attributes(n) for n in range(len(begun), HUGE + 1)]


def test_the_next_listing_of_a_folder_that_somebody_looks_into_has_all_attributes() -> None:
    kernel = _Kernel(HUGE + 1)
    kernel.read_all()
    kernel.folders.interest.looked_at(FIRST_INODE)
    kernel._offset = 0
    assert kernel.read_all() == [_with_attributes(n) for n in range(HUGE + 1)]


def test_interest_is_forgotten_after_a_while() -> None:
    clock = [0.0]
    interest = Interest(now=lambda: clock[0])
    interest.watch(canary=5, folder=FOLDER)
    interest.looked_at(5)
    clock[0] = REMEMBERED_S
    assert interest.is_in(FOLDER)
    clock[0] = REMEMBERED_S + 0.1
    assert not interest.is_in(FOLDER)


@pytest.mark.parametrize("looked_at", [4, 6])
def test_a_look_at_anything_else_is_no_interest(looked_at: int) -> None:
    interest = Interest()
    interest.watch(canary=5, folder=FOLDER)
    interest.looked_at(looked_at)
    assert not interest.is_in(FOLDER)


def test_no_more_canaries_are_kept_than_that() -> None:
    interest = Interest()
    for folder in range(MOST_CANARIES + 1):
        interest.watch(canary=1000 + folder, folder=folder)
    interest.looked_at(1000)
    interest.looked_at(1001)
    assert (interest.is_in(0), interest.is_in(1)) == (False, True)
