"""The tree of a plan before any edit, packed into one file that a mounted view reads folder by folder.

It says nothing that the catalogue does not say: it is made when a plan is stored, and made again where it is missing or damaged.
It is never changed, so a view reads it without waiting for whoever is writing to the catalogue.

Format: `_HEADER` (magic; offset, length and CRC-32 of the index); pages, each the msgpack array of leaves of one folder, at most
`_PAGE_LEAVES`; the folder of each action by its id, counted from 1, as 32-bit little-endian numbers; the index (`_Index`, msgpack).
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import zlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec

from ifmosfs.core.nodes import BaseFolder, Leaf, leaf_of
from ifmosfs.core.plan import Action, Plan
from ifmosfs.core.tree_source import NOWHERE, LinkNumbers, Placement

_MAGIC: Final = b"ifmosfs tree 2\n\0"
_HEADER: Final = struct.Struct("<16sQQI")
_PAGE_LEAVES: Final = 4096
_N_REMEMBERED: Final = 4096  # whole actions
_FAR: Final = 500  # how far from an action, by their numbers, others are read with it


class _Page(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where a part of a folder's leaves is in the file."""

    folder: int
    offset: int
    length: int
    crc: int


class _Index(msgspec.Struct, array_like=True, frozen=True):
    folders: list[BaseFolder]
    pages: list[_Page]
    positions: _Page  # `folder` is not used


class TreeFileDamaged(Exception):
    """The file is not what was written, or not of this version: it is to be made again."""


_read_index: Final = msgspec.msgpack.Decoder(_Index).decode
_read_leaves: Final = msgspec.msgpack.Decoder(list[Leaf]).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def write_tree_file(path: Path, plan: Plan, added: Collection[int] = (), gathered: Container[int] = ()) -> None:
    """Make the file for a plan (with its actions), durably, in the place of an earlier one. `added`: the ids of actions that edits
    place, not the plan; `gathered`: the numbers of units that edits make projects. Raises OSError."""
    placement = Placement(plan, added, gathered)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w+b", buffering=1 << 20) as file:
            _write(file, plan, placement)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def _write(file: BinaryIO, plan: Plan, placement: Placement) -> None:
    file.write(bytes(_HEADER.size))
    pages = [_append(file, folder, content) for folder, content in _pages(plan, placement)]
    positions = _append(file, 0, _positions(plan, placement.folder_of))
    index = _append(file, 0, _encode(_Index(placement.folders(), pages, positions)))
    file.seek(0)
    file.write(_HEADER.pack(_MAGIC, index.offset, index.length, index.crc))


def _append(file: BinaryIO, folder: int, content: bytes) -> _Page:
    page = _Page(folder, file.tell(), len(content), zlib.crc32(content))
    file.write(content)
    return page


def _pages(plan: Plan, placement: Placement) -> Iterator[tuple[int, bytes]]:
    links, actions = LinkNumbers(plan), plan.actions
    members: dict[int, array[int]] = defaultdict(lambda: array("I"))
    for position, folder in enumerate(placement.folder_of):
        members[folder].append(position)
    members.pop(NOWHERE, None)
    for folder in sorted(members):
        inside = members[folder]
        for start in range(0, len(inside), _PAGE_LEAVES):
            chosen = [actions[position] for position in inside[start : start + _PAGE_LEAVES]]
            yield folder, _encode([leaf_of(one, links.of(one), placement.name_of(one)) for one in chosen])


def _positions(plan: Plan, folder_of: Sequence[int]) -> bytes:
    n_ids = plan.actions[-1].action_id if plan.actions else 0
    found = array("I", [NOWHERE]) * n_ids
    for action, folder in zip(plan.actions, folder_of, strict=True):
        found[action.action_id - 1] = folder
    return _little_endian(found).tobytes()


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


class StoredSource:
    """A `core.nodes.TreeSource` on such a file; whole actions come from the catalogue. May be used from several threads."""

    def __init__(
        self,
        path: Path,
        plan: Plan,
        action: Callable[[int], Action],
        actions: Callable[[], Iterator[Action]],
        several: Callable[[Collection[int]], Iterable[Action]],
        links: Callable[[], Iterable[tuple[int, int]]],
    ) -> None:
        """`plan` need not have its actions; `action` raises KeyError for an unknown id, `several` leaves it out; `links` gives unit
        and action id of all files that are names of one inode with others, in plan order.

        Raises FileNotFoundError, TreeFileDamaged.
        """
        self.plan = plan
        self._path = path
        self._one, self._actions, self._several = action, actions, several
        self._links = links
        self._linked: dict[int, array[int]] | None = None  # by unit, once it was asked for
        self._read: dict[int, Action] = {}
        self._folder_read = NOWHERE
        self._new: dict[int, Action] = {}  # those that were renewed last, which are asked for one by one then
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            index = self._index()
            self._folders = index.folders
            self._pages: dict[int, list[_Page]] = defaultdict(list)
            for page in index.pages:
                self._pages[page.folder].append(page)
            self._folder_of = array("I")
            self._folder_of.frombytes(self._content(index.positions))
            _little_endian(self._folder_of)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        """A view that takes an undo in makes another tree, while somebody may still look at the one before."""
        if hasattr(self, "_descriptor"):
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def folders(self) -> Sequence[BaseFolder]:
        """See `TreeSource`."""
        return self._folders

    def files(self, folder: int) -> Iterator[Leaf]:
        """See `TreeSource`. Raises `TreeFileDamaged`."""
        for page in self._pages.get(folder, ()):
            yield from self._decoded(page)

    def _decoded(self, page: _Page) -> list[Leaf]:
        try:
            return _read_leaves(self._content(page))
        except msgspec.DecodeError as error:
            raise self._damaged() from error

    def folder_of(self, action_id: int) -> int:
        """See `TreeSource`."""
        if not 0 < action_id <= len(self._folder_of) or self._folder_of[action_id - 1] == NOWHERE:
            raise KeyError(action_id)
        return self._folder_of[action_id - 1]

    def action(self, action_id: int) -> Action:
        """See `TreeSource`."""
        return self._new.get(action_id) or self._read.get(action_id) or self._from_catalogue(action_id)

    def _from_catalogue(self, action_id: int) -> Action:
        """Who asks for a second action of a folder, as file managers do for the tags of what they list, gets those near it, too."""
        is_placed = 0 < action_id <= len(self._folder_of)
        folder = (
            self._folder_of[action_id - 1] if is_placed else NOWHERE
        )  # those that edits have added are nowhere in it
        found: dict[int, Action] = {}
        if folder == self._folder_read != NOWHERE:
            found = {action.action_id: action for action in self._several(self._near(action_id, folder))}
        if action_id not in found:
            found[action_id] = self._one(action_id)
        self._folder_read = folder
        if len(self._read) >= _N_REMEMBERED:
            self._read = {}
        self._read.update(found)
        return found[action_id]

    def _near(self, action_id: int, folder: int) -> list[int]:
        first, last = max(action_id - _FAR, 1), min(action_id + _FAR, len(self._folder_of))
        return [each for each in range(first, last + 1) if self._folder_of[each - 1] == folder]

    def actions(self) -> Iterator[Action]:
        """See `TreeSource`."""
        return self._actions()

    def linked(self, unit: int) -> Sequence[int]:
        """See `TreeSource`."""
        if self._linked is None:
            self._linked = {}
            for number, action_id in self._links():
                self._linked.setdefault(number, array("Q")).append(action_id)
        return self._linked.get(unit, ())

    def renew(self, action_ids: Collection[int]) -> None:
        """See `TreeSource`."""
        self._linked = None
        self._read = {}
        self._new = {action.action_id: action for action in self._several(action_ids)}

    def _index(self) -> _Index:
        header = os.pread(self._descriptor, _HEADER.size, 0)
        if len(header) != _HEADER.size:
            raise self._damaged()
        magic, offset, length, crc = _HEADER.unpack(header)
        if magic != _MAGIC:
            raise self._damaged()
        try:
            return _read_index(self._content(_Page(0, offset, length, crc)))
        except msgspec.DecodeError as error:
            raise self._damaged() from error

    def _content(self, page: _Page) -> bytes:
        content = os.pread(self._descriptor, page.length, page.offset)
        if len(content) != page.length or zlib.crc32(content) != page.crc:
            raise self._damaged()
        return content

    def _damaged(self) -> TreeFileDamaged:
        return TreeFileDamaged(os.fspath(self._path))
