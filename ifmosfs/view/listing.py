"""What a folder held when it was opened: positions that stay, names at once, attributes only for who asks for them."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from ifmosfs.core.files import Attr, Kind
from ifmosfs.core.nodes import KINDS
from ifmosfs.core.tree import FileNode, FolderNode, Node
from ifmosfs.view.inodes import FILE_BASE
from ifmosfs.view.values import Dirent, Entry

_KIND_BITS: Final = {
    Kind.FILE: stat.S_IFREG,
    Kind.FOLDER: stat.S_IFDIR,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.OTHER: 0,
}
_BITS: Final = tuple(_KIND_BITS[kind] for kind in KINDS)  # by the number that a leaf has for its kind


class FixedListing:
    """Entries that are all known: of the control folder."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def names(self, start: int, stop: int) -> Sequence[Dirent]:
        """See `view.protocol.Listing`."""
        return [_dirent(entry) for entry in self._entries[start:stop]]

    def entries(self, start: int, stop: int) -> Sequence[Entry]:
        """See `view.protocol.Listing`."""
        return self._entries[start:stop]


Named = tuple[bytes, Node]
"""A node with the name it had when the folder was opened."""


class Shower(Protocol):
    """Who knows how nodes are shown: the view."""

    def file_attrs(self, nodes: Sequence[FileNode]) -> list[Attr]:
        """The attributes of many files, looked at together."""
        ...

    def folder_attr(self, node: FolderNode, live: Attr | None) -> Attr:
        """The attributes of a folder; `live` are those of the folder that the target was just seen to have there, if any."""
        ...

    def current(self, named: Iterable[Named], folder: FolderNode) -> list[Named]:
        """Those nodes that are still in a folder of the tree, under the names they had."""
        ...

    def inode_of_folder(self, node: FolderNode, live: Attr | None) -> int:
        """The inode of a folder; `live` as above."""
        ...


class FolderListing:
    """The nodes that the plan has in a folder, then the entries that only the disk has."""

    def __init__(
        self,
        view: Shower,
        folder: FolderNode | None,
        names: Sequence[bytes],
        nodes: Sequence[Node],
        others: Sequence[Entry],
        live: Mapping[bytes, Attr],
    ) -> None:
        """`names` are those of the nodes, in their order. `live`: the folders that the disk has where some of them are."""
        self._view = view
        self._folder = folder
        self._names = names
        self._nodes = nodes
        self._others = others
        self._live = live

    def __len__(self) -> int:
        return len(self._nodes) + len(self._others)

    def names(self, start: int, stop: int) -> Sequence[Dirent]:
        """See `view.protocol.Listing`."""
        found = [
            Dirent(name, FILE_BASE + node.leaf.number, _BITS[node.leaf.kind])
            if isinstance(node, FileNode)
            else Dirent(name, self._view.inode_of_folder(node, self._live.get(name)), stat.S_IFDIR)
            for name, node in self._named(start, stop)
        ]
        found.extend(_dirent(entry) for entry in self._rest(start, stop))
        return found

    def entries(self, start: int, stop: int) -> Sequence[Entry]:
        """See `view.protocol.Listing`."""
        nodes = [] if self._folder is None else self._view.current(self._named(start, stop), self._folder)
        files = iter(self._view.file_attrs([node for _, node in nodes if isinstance(node, FileNode)]))
        found = [
            Entry(
                name,
                next(files) if isinstance(node, FileNode) else self._view.folder_attr(node, self._live.get(name)),
            )
            for name, node in nodes
        ]
        found.extend(self._rest(start, stop))
        return found

    def _named(self, start: int, stop: int) -> Iterable[Named]:
        return zip(self._names[start:stop], self._nodes[start:stop], strict=True)

    def _rest(self, start: int, stop: int) -> Sequence[Entry]:
        n_nodes = len(self._nodes)
        return self._others[max(start - n_nodes, 0) : max(stop - n_nodes, 0)]


def _dirent(entry: Entry) -> Dirent:
    return Dirent(entry.name, entry.attr.inode, stat.S_IFMT(entry.attr.mode))
