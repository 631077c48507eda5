"""A small organised tree in memory, made from a real folder whose files it serves; and the process that mounts it.

`python -m tests.platform.fake_view ORIGINALS MOUNTPOINT` mounts, prints `ready`, and serves until unmounted. Four files are added at
the top: `generated.txt` has content that is in no file, `slow.bin` takes two seconds for each read, `hang.bin` for ever, `bug.txt`
raises what a view must not raise. In each folder a look for `slow-name` takes a fifth of a second, and finds nothing. With `--many`, a
folder `many` of N_MANY empty files is added too. `--driver=NAME` chooses the driver, and `--driver=reading` the kernel's without
passthrough.

Who makes a folder, and which nodes the kernel forgets, is logged. Setting the attribute `user.behind` of the top changes the tree
behind the kernel's back: its value is one of `move SOURCE TARGET`, `shuffle SOURCE TARGET` (the same, told as "all may have changed"),
`replace PATH TEXT` (other content in the same original), `swap PATH TEXT` (another original in its place) and `add NAME` (a generated
file at the top).
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from ifmosfs.core.files import Attr
from ifmosfs.core.names import components
from ifmosfs.core.ports import Space
from ifmosfs.platform.fuse import Driver, serve
from ifmosfs.platform.kernel_session import serve_kernel
from ifmosfs.view.nothing_written import NothingWritten
from ifmosfs.view.nudges import Nudge
from ifmosfs.view.protocol import ChangedNames, Invalidations
from ifmosfs.view.values import (
    BRIEF,
    ROOT_INODE,
    Caller,
    Dirent,
    Entry,
    FsError,
    FsErrorKind,
    Opened,
    RenameMode,
    Validity,
)

GENERATED = b"made up\n" * 50_000
SLOW_S = 2.0
SLOW_NAME, SLOW_NAME_S = "slow-name", 0.2
N_MANY = 20_000
SPACE = Space(4096, 1_000_000, 500_000, 400_000, 80_000, 70_000, 255)
SOURCE = b"user.ifmosfs.source"
BEHIND = b"user.behind"
N_LOOKUPS = b"user.lookups"  # of the root: how many names were asked for one by one
READING = "reading"
LONG = Validity(3600.0, 3600.0)
LOG = logging.getLogger("fake view")
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND


@dataclass(slots=True)
class Node:
    """A file, folder or symlink. `n_open` counts handles; an unlinked node lives on as long as there is one."""

    attr: Attr
    parent: int
    original: bytes | None = None
    content: bytes = b""
    text: bytes = b""
    children: dict[bytes, int] = field(default_factory=dict)
    xattrs: dict[bytes, bytes] = field(default_factory=dict)


def attr_of(path: bytes) -> Attr:
    """The attributes of a real entry."""
    status = os.lstat(path)
    return Attr(
        status.st_mode,
        status.st_uid,
        status.st_gid,
        1,
        0,
        0,
        status.st_size,
        status.st_blocks,
        status.st_atime_ns,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


class FakeListing:
    """`Listing` of what a folder held."""

    def __init__(self, nodes: dict[int, Node], children: dict[bytes, int]) -> None:
        self._nodes = nodes
        self._children = tuple(children.items())

    def __len__(self) -> int:
        return len(self._children)

    def names(self, start: int, stop: int) -> Sequence[Dirent]:
        nodes = self._nodes
        return [Dirent(name, inode, stat.S_IFMT(nodes[inode].attr.mode)) for name, inode in self._children[start:stop]]

    def entries(self, start: int, stop: int) -> Sequence[Entry]:
        nodes = self._nodes
        return [Entry(name, nodes[inode].attr) for name, inode in self._children[start:stop] if nodes[inode].parent]


class FakeView(NothingWritten):
    """`ViewOperations` on a dictionary of nodes. `_lock` guards `_nodes` and `_handles`."""

    def __init__(self, originals: bytes) -> None:
        self._told: Invalidations | None = None
        self._lock = threading.RLock()
        self._nodes: dict[int, Node] = {}
        self._handles: dict[int, tuple[int, int | None]] = {}
        self._next_handle = 1
        self._cached: set[int] = set()
        self._n_lookups = 0
        self._add(0, attr_of(originals))
        self._mirror(ROOT_INODE, originals)

    def _add(self, parent: int, attr: Attr, name: bytes = b"", **rest: object) -> int:
        inode = len(self._nodes) + 1
        self._nodes[inode] = Node(replace(attr, inode=inode), parent, **rest)  # type: ignore[arg-type]
        if parent:
            self._nodes[parent].children[name] = inode
        return inode

    def _mirror(self, parent: int, folder: bytes) -> None:
        for entry in os.scandir(folder):
            attr = attr_of(entry.path)
            if entry.is_dir(follow_symlinks=False):
                self._mirror(self._add(parent, attr, entry.name), entry.path)
            elif entry.is_symlink():
                self._add(parent, attr, entry.name, text=os.readlink(entry.path))
            else:
                xattrs = {SOURCE: entry.path}
                self._add(parent, attr, entry.name, original=entry.path, xattrs=xattrs)

    def add_generated(self, name: bytes, content: bytes) -> None:
        """A file at the top whose content is in no file."""
        attr = replace(self._nodes[ROOT_INODE].attr, mode=stat.S_IFREG | 0o444, size_bytes=len(content), n_links=1)
        self._add(ROOT_INODE, attr, name, content=content)

    def add_many(self, name: bytes, n_files: int) -> None:
        """A folder at the top with that many empty files."""
        folder = self._add(ROOT_INODE, self._nodes[ROOT_INODE].attr, name)
        attr = replace(self._nodes[ROOT_INODE].attr, mode=stat.S_IFREG | 0o444, size_bytes=0)
        for number in range(n_files):
            self._add(folder, attr, b"%06d" % number)

    def tell(self, invalidations: Invalidations) -> None:
        self._told = invalidations

    def validity(self, inode: int) -> Validity:
        return BRIEF if self._told is None else LONG

    def may_block(self, inode: int) -> bool:
        return self._nodes[inode].content in {b"slow", b"hang"}

    def forget(self, inode: int) -> None:
        LOG.info("forgotten: %d", inode)

    def _node(self, inode: int) -> Node:
        try:
            return self._nodes[inode]
        except KeyError:
            raise FsError(FsErrorKind.NOT_FOUND) from None

    def _folder(self, inode: int) -> Node:
        node = self._node(inode)
        if not stat.S_ISDIR(node.attr.mode):
            raise FsError(FsErrorKind.NOT_A_FOLDER)
        return node

    def _child(self, parent: int, name: bytes) -> int:
        try:
            return self._folder(parent).children[name]
        except KeyError:
            kind = FsErrorKind.NAME_TOO_LONG if len(name) > 255 else FsErrorKind.NOT_FOUND
            raise FsError(kind, name) from None

    def resolve(self, path: bytes) -> int:
        inode = ROOT_INODE
        for name in components(path):
            inode = self._child(inode, name)
        return inode

    @contextmanager
    def nudging(self, names: Sequence[ChangedNames]) -> Iterator[Nudge]:
        yield Nudge()

    def lookup(self, parent: int, name: bytes, caller: Caller | None = None) -> Entry:
        self._n_lookups += 1
        if name == SLOW_NAME.encode():
            time.sleep(SLOW_NAME_S)
        return Entry(name, self._node(self._child(parent, name)).attr)

    def getattr(self, inode: int) -> Attr:
        return self._node(inode).attr

    def opendir(self, inode: int) -> FakeListing:
        with self._lock:
            return FakeListing(self._nodes, self._folder(inode).children)

    def parent(self, inode: int) -> int:
        return self._folder(inode).parent or ROOT_INODE

    def readlink(self, inode: int) -> bytes:
        return self._node(inode).text

    def open(self, inode: int, flags: int, caller: Caller | None = None) -> Opened:
        if flags & WRITE_FLAGS:
            raise FsError(FsErrorKind.READ_ONLY)
        node = self._node(inode)
        descriptor = None if node.original is None else os.open(node.original, os.O_RDONLY)
        with self._lock:
            handle, self._next_handle = self._next_handle, self._next_handle + 1
            self._handles[handle] = inode, descriptor
            keep_cache = inode in self._cached
            self._cached.add(inode)
        return Opened(handle, descriptor, keep_cache)

    def read(self, handle: int, size: int, offset: int) -> bytes:
        content = self._node(self._handles[handle][0]).content
        if content == b"slow":
            time.sleep(SLOW_S)
        if content == b"hang":
            threading.Event().wait()
        if content == b"bug":
            raise LookupError("this is the bug that the test asked for")
        return content[offset : offset + size]

    def release(self, handle: int) -> None:
        with self._lock:
            inode, descriptor = self._handles.pop(handle)
            if descriptor is not None:
                os.close(descriptor)
            self._drop_if_unused(inode)

    def _drop_if_unused(self, inode: int) -> None:
        if self._nodes[inode].parent == 0 and all(held != inode for held, _ in self._handles.values()):
            self._nodes[inode] = Node(replace(self._nodes[inode].attr, n_links=0), 0)

    def mkdir(self, parent: int, name: bytes, mode: int, caller: Caller | None = None) -> Entry:
        LOG.info("%r is made by %s", name, caller)
        with self._lock:
            if name in self._folder(parent).children:
                raise FsError(FsErrorKind.EXISTS, name)
            attr = replace(self._nodes[ROOT_INODE].attr, mode=stat.S_IFDIR | mode)
            return Entry(name, self._nodes[self._add(parent, attr, name)].attr)

    def rmdir(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        with self._lock:
            if self._folder(self._child(parent, name)).children:
                raise FsError(FsErrorKind.NOT_EMPTY, name)
            del self._folder(parent).children[name]

    def unlink(self, parent: int, name: bytes, caller: Caller | None = None) -> None:
        with self._lock:
            inode = self._child(parent, name)
            if stat.S_ISDIR(self._nodes[inode].attr.mode):
                raise FsError(FsErrorKind.IS_A_FOLDER, name)
            del self._folder(parent).children[name]
            self._nodes[inode].parent = 0
            self._nodes[inode].attr = replace(self._nodes[inode].attr, n_links=0)

    def rename(
        self,
        parent: int,
        name: bytes,
        new_parent: int,
        new_name: bytes,
        mode: RenameMode,
        caller: Caller | None = None,
    ) -> None:
        with self._lock:
            inode = self._child(parent, name)
            other = self._folder(new_parent).children.get(new_name)
            if mode is RenameMode.NO_REPLACE and other is not None:
                raise FsError(FsErrorKind.EXISTS, new_name)
            if inode == other:
                return
            if mode is RenameMode.EXCHANGE:
                self._put(parent, name, self._child(new_parent, new_name))
            else:
                if other is not None:
                    self.unlink(new_parent, new_name)
                del self._folder(parent).children[name]
            self._put(new_parent, new_name, inode)

    def _put(self, parent: int, name: bytes, inode: int) -> None:
        self._nodes[parent].children[name] = inode
        self._nodes[inode].parent = parent

    def chmod(self, inode: int, mode: int, caller: Caller | None = None) -> None:
        node = self._editable(inode)
        node.attr = replace(node.attr, mode=stat.S_IFMT(node.attr.mode) | mode)

    def set_times(self, inode: int, atime_ns: int | None, mtime_ns: int | None, caller: Caller | None = None) -> None:
        node = self._editable(inode)
        atime_ns = node.attr.atime_ns if atime_ns is None else atime_ns
        mtime_ns = node.attr.mtime_ns if mtime_ns is None else mtime_ns
        node.attr = replace(node.attr, atime_ns=atime_ns, mtime_ns=mtime_ns)

    def _editable(self, inode: int) -> Node:
        if not stat.S_ISDIR(self._node(inode).attr.mode):
            raise FsError(FsErrorKind.NOT_PERMITTED)
        return self._node(inode)

    def getxattr(self, inode: int, name: bytes) -> bytes:
        if name == N_LOOKUPS:
            return b"%d" % self._n_lookups
        try:
            return self._node(inode).xattrs[name]
        except KeyError:
            raise FsError(FsErrorKind.NO_ATTRIBUTE, name) from None

    def listxattr(self, inode: int) -> Sequence[bytes]:
        return tuple(self._node(inode).xattrs)

    def setxattr(self, inode: int, name: bytes, value: bytes, flags: int, caller: Caller | None = None) -> None:
        if name == BEHIND:
            return self._change_behind(value)
        present = name in self._node(inode).xattrs
        if flags == os.XATTR_CREATE and present:
            raise FsError(FsErrorKind.EXISTS, name)
        if name == SOURCE:
            raise FsError(FsErrorKind.NOT_PERMITTED, name)
        self._node(inode).xattrs[name] = value
        return None

    def _change_behind(self, order: bytes) -> None:
        """Change the tree without an operation, and tell of it with the lock held, as a view may."""
        with self._lock:
            verb, *words = order.split(b" ", 2)
            if verb in {b"move", b"shuffle"}:
                self._move_behind(*words, is_told_whole=verb == b"shuffle")
            elif verb in {b"replace", b"swap"}:
                self._replace_behind(*words, is_swap=verb == b"swap")
            else:
                self.add_generated(words[0], b"new")
                if self._told is not None:
                    self._told.entry_changed(ROOT_INODE, words[0])

    def _move_behind(self, source: bytes, target: bytes, *, is_told_whole: bool) -> None:
        places = [(self.resolve(os.path.dirname(path)), os.path.basename(path)) for path in (source, target)]
        self.rename(*places[0], *places[1], RenameMode.REPLACE)
        if self._told is None:
            return
        if is_told_whole:
            self._told.all_changed()
        else:
            for parent, name in places:
                self._told.entry_changed(parent, name)

    def _replace_behind(self, path: bytes, text: bytes, *, is_swap: bool) -> None:
        inode = self.resolve(path)
        original = self._nodes[inode].original
        assert original is not None
        if is_swap:
            os.rename(original, original + b".old")
        with open(original, "wb") as file:
            file.write(text)
        self._nodes[inode].attr = replace(attr_of(original), inode=inode)
        self._cached.discard(inode)
        if self._told is not None:
            self._told.node_changed(inode, content=True)

    def removexattr(self, inode: int, name: bytes, caller: Caller | None = None) -> None:
        self.getxattr(inode, name)
        del self._nodes[inode].xattrs[name]

    def statfs(self) -> Space:
        return SPACE

    def fsync_folder(self, inode: int) -> None:
        self._folder(inode)


def main(originals: str, mount_point: str, *options: str) -> None:
    """Serve until unmounted."""
    logging.basicConfig(level=logging.INFO)
    view = FakeView(os.fsencode(originals))
    view.add_generated(b"generated.txt", GENERATED)
    view.add_generated(b"slow.bin", b"slow")
    view.add_generated(b"hang.bin", b"hang")
    view.add_generated(b"bug.txt", b"bug")
    if "--many" in options:
        view.add_many(b"many", N_MANY)
    chosen = next((option.partition("=")[2] for option in options if option.startswith("--driver=")), "kernel")
    serve_by = (
        partial(serve, driver=Driver(chosen)) if chosen != READING else partial(serve_kernel, wants_passthrough=False)
    )
    serve_by(
        view,
        os.fsencode(mount_point),
        name="fake,plan",
        on_ready=lambda: print("ready", flush=True),
        allow_other="--allow-other" in options,
    )
    print("unmounted", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
