"""A disk in memory with the promises of `core.ports.Disk`: one tree from `/`, several filesystems in it, a logical clock.

Nothing is ever lost by `sync` or gained by its absence: this is the disk of a machine whose power does not fail.
Every change moves the clock by one second, so that all times and inode numbers are the same in each run.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import NoReturn

from blake3 import blake3

from ifmosfs.core.files import Attr, Fingerprint, Place
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.names import NameRules
from ifmosfs.core.ports import Copied, Space
from tests.adapters.trees import Link, Special, Tree

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


@dataclass(slots=True, eq=False)
class Node:
    """An inode: a file, a symlink (its text is the content), a folder (it has entries) or something special."""

    mode: int
    device: int
    inode: int
    birth_ns: int
    atime_ns: int
    mtime_ns: int
    ctime_ns: int
    uid: int = 1000
    gid: int = 1000
    n_links: int = 1
    content: bytes = b""
    entries: dict[bytes, Node] = field(default_factory=dict)
    xattrs: dict[str, bytes] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def attr(self) -> Attr:
        size_bytes = 4096 if self.is_folder else len(self.content)
        n_links = self.n_links
        if self.is_folder:
            n_links = 2 + sum(node.is_folder for node in self.entries.values())
        return Attr(
            self.mode,
            self.uid,
            self.gid,
            n_links,
            self.device,
            self.inode,
            size_bytes,
            -(-size_bytes // 512),
            self.atime_ns,
            self.mtime_ns,
            self.ctime_ns,
            self.birth_ns,
        )


def _refuse(number: int, place: Place) -> NoReturn:
    raise OSError(number, os.strerror(number), place.absolute)


class MemoryDisk:
    """The disk; see `from_tree` and `add_filesystem` for making one, `tree` for looking at it as a literal."""

    def __init__(self) -> None:
        self._now_ns = START_NS
        self._last_inode = 0
        self._filesystems: dict[int, tuple[str, NameRules]] = {}
        self._read_only: set[int] = set()
        self._bare: set[int] = set()  # filesystems that hold no extended attributes
        self._numbered_anew: set[int] = set()  # filesystems that keep no inode numbers
        self._top = self._make_filesystem("uuid:memory-1", NameRules())
        self.n_syncs = 0

    @classmethod
    def from_tree(cls, tree: Tree) -> MemoryDisk:
        """A disk with one filesystem whose top, `/`, holds what the literal says."""
        disk = cls()
        disk._fill(disk._top, tree)
        return disk

    def add_filesystem(
        self,
        point: bytes,
        tree: Tree,
        *,
        identity: str | None = None,
        rules: NameRules | None = None,
        bare: bool = False,
    ) -> None:
        """Mount another filesystem at an absolute path; folders on the way there are made. A `bare` one holds no attributes."""
        top = self._make_filesystem(identity or f"uuid:memory-{len(self._filesystems) + 1}", rules or NameRules())
        *above, name = point.strip(b"/").split(b"/")
        here = self._top
        for component in above:
            here = here.entries.setdefault(component, self._node(stat.S_IFDIR | 0o755, here.device))
        here.entries[name] = top
        self._fill(top, tree)
        if bare:
            self._bare.add(top.device)

    def remount_read_only(self, place: Place) -> None:
        """The filesystem that holds the place takes no changes any more."""
        self._read_only.add(self._nearest(place).device)

    def tree(self, path: bytes = b"") -> dict[bytes, object]:
        """The literal of a folder, by its absolute path."""
        return _literal(self._find(Place(b"/", path.strip(b"/"))))

    def write(self, place: Place, content: bytes) -> None:
        """Another program writes a file in place, or makes it."""
        parent, name = self._parent(place)
        node = parent.entries.get(name)
        if node is None:
            self._put(parent, name, self._node(stat.S_IFREG | 0o644, parent.device, content))
            return
        node.content = content
        node.mtime_ns = node.ctime_ns = self._tick()

    def give_attribute(self, place: Place, name: str, value: bytes) -> None:
        """Another program gives an entry an extended attribute."""
        self._find(place).xattrs[name] = value

    def remove(self, place: Place) -> None:
        """Another program removes an entry, whatever it is."""
        parent, name = self._parent(place)
        self._take(parent, name)

    def link(self, source: Place, target: Place) -> None:
        """Another program makes a hard link."""
        node = self._find(source)
        parent, name = self._parent(target)
        node.n_links += 1
        self._put(parent, name, node)

    # Looking

    def looking(self) -> AbstractContextManager[None]:
        return nullcontext()

    def lstat(self, place: Place) -> Attr:
        return self._find(place).attr

    def glance(self, place: Place, shown_inode: int) -> tuple[int, Attr]:
        attr = self.lstat(place)
        return attr.inode, replace(attr, inode=shown_inode, birth_ns=None)

    def trace(self, place: Place) -> tuple[int, int, int, int]:
        attr = self.lstat(place)
        return attr.mode, attr.device, attr.inode, attr.ctime_ns

    def arrival(self, place: Place, expected: Fingerprint) -> Fingerprint:
        return self._find(place).attr.fingerprint

    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        return [(name, node.attr) for name, node in sorted(self._folder(place).entries.items())]

    def open_seen(self, place: Place) -> int:
        return self.open_read(place)

    def open_read(self, place: Place) -> int:
        """A descriptor of a copy of the content, in anonymous memory."""
        node = self._regular(place)
        writable = os.memfd_create("memory-disk")
        try:
            os.write(writable, node.content)
            return os.open(f"/proc/self/fd/{writable}", os.O_RDONLY)
        finally:
            os.close(writable)

    def read_link(self, place: Place) -> bytes:
        node = self._find(place)
        if not stat.S_ISLNK(node.mode):
            _refuse(errno.EINVAL, place)
        return node.content

    def space(self, place: Place) -> Space:
        read_only = self._nearest(place).device in self._read_only
        return Space(4096, 1_000_000, 900_000, 800_000, 100_000, 90_000, 255, read_only)

    def filesystem(self, place: Place) -> str:
        return self._filesystems[self._nearest(place).device][0]

    def name_rules(self, place: Place) -> NameRules:
        return self._filesystems[self._nearest(place).device][1]

    def keeps_numbers(self, place: Place) -> bool:
        return self._nearest(place).device not in self._numbered_anew

    def number_anew(self, point: bytes) -> None:
        """Give all files of the filesystem at a path other numbers, each that of another one, as if it had been plugged in again."""
        waiting = [self._nearest(Place(point, b""))]
        self._numbered_anew.add(waiting[0].device)
        met: dict[int, Node] = {}
        while waiting:
            node = waiting.pop()
            if id(node) not in met:
                met[id(node)] = node
                waiting += [each for each in node.entries.values() if each.device == node.device]
        nodes = sorted(met.values(), key=lambda node: node.inode)
        for node, number in zip(nodes, [node.inode for node in (*nodes[1:], nodes[0])], strict=True):
            node.inode = number

    def unkept_attributes(self, source: Place, folder: Place) -> Sequence[str]:
        names = self._find(source).xattrs
        return tuple(names) if self._nearest(folder).device in self._bare else ()

    def digest(self, place: Place) -> bytes:
        return blake3(self._regular(place).content).digest()

    def folder_meta(self, place: Place) -> FolderMeta:
        node = self._folder(place)
        xattrs = tuple(sorted(node.xattrs.items()))
        return FolderMeta(stat.S_IMODE(node.mode), node.uid, node.gid, node.atime_ns, node.mtime_ns, xattrs)

    # Changing

    def make_folder(self, place: Place, mode: int) -> None:
        parent, name = self._parent(place)
        if name in parent.entries:
            _refuse(errno.EEXIST, place)
        self._require_writable(parent, place)
        self._put(parent, name, self._node(stat.S_IFDIR | mode, parent.device))

    def remove_folder(self, place: Place) -> None:
        node = self._folder(place)
        self._require_writable(node, place)
        if node.entries:
            _refuse(errno.ENOTEMPTY, place)
        self._take(*self._parent(place))

    def restore_folder(self, place: Place, meta: FolderMeta) -> None:
        node = self._folder(place)
        self._require_writable(node, place)
        node.mode, node.uid, node.gid = stat.S_IFDIR | meta.mode, meta.uid, meta.gid
        node.xattrs = dict(meta.xattrs)
        node.ctime_ns = self._tick()

    def set_times(self, place: Place, atime_ns: int | None, mtime_ns: int) -> None:
        node = self._folder(place)
        self._require_writable(node, place)
        node.atime_ns = node.atime_ns if atime_ns is None else atime_ns
        node.mtime_ns = mtime_ns
        node.ctime_ns = self._tick()

    def rename_noreplace(self, source: Place, target: Place) -> None:
        source_parent, source_name = self._parent(source)
        target_parent, target_name = self._parent(target)
        node = source_parent.entries.get(source_name)
        if source_parent.device != target_parent.device:
            _refuse(errno.EXDEV, source)
        if node is None:
            _refuse(errno.ENOENT, source)
        if target_name in target_parent.entries:
            _refuse(errno.EEXIST, source)
        if _holds(node, target_parent):
            _refuse(errno.EINVAL, source)
        self._require_writable(node, source)
        del source_parent.entries[source_name]
        target_parent.entries[target_name] = node
        node.ctime_ns = source_parent.mtime_ns = target_parent.mtime_ns = self._tick()
        source_parent.ctime_ns = target_parent.ctime_ns = self._now_ns

    def copy(self, source: Place, temporary: Place, expected: Fingerprint) -> Copied:
        node = self._find(source)
        if not node.attr.fingerprint.same_file(expected):
            _refuse(errno.ESTALE, source)
        if not (stat.S_ISREG(node.mode) or stat.S_ISLNK(node.mode)):
            _refuse(errno.EINVAL, source)
        parent, name = self._parent(temporary)
        if name in parent.entries:
            _refuse(errno.EEXIST, temporary)
        self._require_writable(parent, temporary)
        if self.unkept_attributes(source, temporary):
            _refuse(errno.EOPNOTSUPP, temporary)
        made = self._node(node.mode, parent.device, node.content)
        made = replace(
            made, uid=node.uid, gid=node.gid, atime_ns=node.atime_ns, mtime_ns=node.mtime_ns, xattrs=dict(node.xattrs)
        )
        self._put(parent, name, made)
        return Copied(blake3(node.content).digest(), made.attr)

    def unlink_checked(self, place: Place, expected: Fingerprint) -> None:
        node = self._find(place)
        if node.is_folder:
            _refuse(errno.EISDIR, place)
        if not node.attr.fingerprint.same_file(expected):
            _refuse(errno.ESTALE, place)
        self._require_writable(node, place)
        self._take(*self._parent(place))

    def sync(self, folders: Iterable[Place]) -> None:
        list(folders)
        self.n_syncs += 1

    # The tree

    def _find(self, place: Place) -> Node:
        here = self._top
        below_root = place.path.split(b"/") if place.path else []
        names = [name for name in place.root.split(b"/") if name] + below_root
        if place.path.startswith(b"/") or b".." in below_root:
            _refuse(errno.EXDEV, place)
        for name in names:
            if stat.S_ISLNK(here.mode):
                _refuse(errno.ELOOP, place)
            if not here.is_folder:
                _refuse(errno.ENOTDIR, place)
            _require_name(name, place)
            if name not in here.entries:
                _refuse(errno.ENOENT, place)
            here = here.entries[name]
        return here

    def _folder(self, place: Place) -> Node:
        node = self._find(place)
        if stat.S_ISLNK(node.mode):
            _refuse(errno.ELOOP, place)
        if not node.is_folder:
            _refuse(errno.ENOTDIR, place)
        return node

    def _regular(self, place: Place) -> Node:
        node = self._find(place)
        if stat.S_ISLNK(node.mode):
            _refuse(errno.ELOOP, place)
        if not stat.S_ISREG(node.mode):
            _refuse(errno.EINVAL, place)
        return node

    def _parent(self, place: Place) -> tuple[Node, bytes]:
        parent, _, name = place.path.rpartition(b"/")
        above = Place(place.root, parent)
        if not place.path:
            root_above, _, name = place.root.rpartition(b"/")
            above = Place(root_above or b"/", b"")
        if name == b".." or place.path.startswith(b"/"):
            _refuse(errno.EXDEV, place)
        node = self._folder(above)
        _require_name(name, place)
        return node, name

    def _require_writable(self, node: Node, place: Place) -> None:
        if node.device in self._read_only:
            _refuse(errno.EROFS, place)

    def _nearest(self, place: Place) -> Node:
        try:
            return self._folder(place)
        except (FileNotFoundError, NotADirectoryError):
            whole = Place(b"/", place.absolute.strip(b"/"))
            return self._nearest(Place(b"/", whole.path.rpartition(b"/")[0]))

    def _put(self, parent: Node, name: bytes, node: Node) -> None:
        parent.entries[name] = node
        parent.mtime_ns = parent.ctime_ns = self._tick()

    def _take(self, parent: Node, name: bytes) -> None:
        node = parent.entries.pop(name)
        node.n_links -= 1
        node.ctime_ns = parent.mtime_ns = parent.ctime_ns = self._tick()

    def _fill(self, folder: Node, tree: Tree) -> None:
        for name, given in tree.items():
            if isinstance(given, bytes):
                folder.entries[name] = self._node(stat.S_IFREG | 0o644, folder.device, given)
            elif isinstance(given, Link):
                folder.entries[name] = self._node(stat.S_IFLNK | 0o777, folder.device, given.text)
            elif isinstance(given, Special):
                folder.entries[name] = self._node(stat.S_IFIFO | 0o644, folder.device)
            else:
                folder.entries[name] = self._node(stat.S_IFDIR | 0o755, folder.device)
                self._fill(folder.entries[name], given)

    def _node(self, mode: int, device: int, content: bytes = b"") -> Node:
        now = self._tick()
        self._last_inode += 1
        return Node(mode, device, self._last_inode, now, now, now, now, content=content)

    def _make_filesystem(self, identity: str, rules: NameRules) -> Node:
        device = len(self._filesystems) + 1
        self._filesystems[device] = (identity, rules)
        return self._node(stat.S_IFDIR | 0o755, device)

    def _tick(self) -> int:
        self._now_ns += SECOND_NS
        return self._now_ns


def _require_name(name: bytes, place: Place) -> None:
    if len(name) > 255:
        _refuse(errno.ENAMETOOLONG, place)
    if b"\0" in name:
        _refuse(errno.EINVAL, place)


def _holds(node: Node, other: Node) -> bool:
    return node is other or any(_holds(child, other) for child in node.entries.values())


def _literal(folder: Node) -> dict[bytes, object]:
    return {name: _literal_node(node) for name, node in sorted(folder.entries.items())}


def _literal_node(node: Node) -> object:
    if node.is_folder:
        return _literal(node)
    if stat.S_ISLNK(node.mode):
        return Link(node.content)
    return node.content if stat.S_ISREG(node.mode) else Special()
