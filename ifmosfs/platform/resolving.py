"""From places to folder descriptors: every path is resolved beneath its root, without following any symlink.

Outside a batch nothing is remembered: the descriptors of one operation are closed when it ends, so an idle view keeps no disk
from being unmounted. A *batch* begins with the first change and ends with `end_batch` (the sync), or it is a block of `looking`;
during it, folders stay open, because a commit makes thousands of moves among few folders. Three things keep a
remembered descriptor from answering for a folder that is no longer there: it lives at most `MAX_AGE_NS`; a rename or removal of a
folder through this object forgets everything at once; and what another program does within that age has the same outcome as if it
had come that much later, which no caller can tell apart (a removed folder takes no entries: the kernel answers ENOENT; a moved
one takes them along).

A root itself may be reached through links, unless it is one of the *straight* ones: their paths had none when they were told, so a
link in one of them now leads to a folder that nobody meant (ELOOP).
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Container, Iterator
from typing import Final

from ifmosfs.core.files import Place
from ifmosfs.platform import linux

MAX_AGE_NS: Final = 50_000_000
# A plan by category and year has some 300 folders, and a run goes back and forth among them. Most processes may open 1024 files.
MAX_OPEN: Final = min(512, max(64, os.sysconf("SC_OPEN_MAX") // 2))

# Without O_NOFOLLOW: together with O_PATH it would turn the ELOOP of a last component into ENOTDIR.
FOLDER_FLAGS: Final = linux.O_PATH | os.O_DIRECTORY

NONE_STRAIGHT: Final[frozenset[bytes]] = frozenset()


class Folders:
    """The folders that one thread has open. Not to be shared: another thread could close a descriptor in use."""

    __slots__ = (
        "_above",
        "_expires_ns",
        "_in_batch",
        "_latest",
        "_latest_key",
        "_latest_parent",
        "_n_looking",
        "_not_indexed",
        "_on_change",
        "_opened",
        "_straight",
        "changed",
    )

    def __init__(self, on_change: Callable[[int], None], straight: Container[bytes] = NONE_STRAIGHT) -> None:
        """`on_change` is told the descriptor of each folder that is about to be changed, before the first change in it; `straight` are
        the roots that no link may lead to."""
        self._opened: dict[tuple[bytes, bytes], int] = {}
        # Absolute paths of the open folders and of all above them; brought up to date only when a batch asks for it.
        self._above: set[bytes] = set()
        self._not_indexed: list[tuple[bytes, bytes]] = []
        # The place that was resolved last, the key of its folder, and the answer.
        self._latest: Place | None = None
        self._latest_key = b"", b""
        self._latest_parent = -1, b""
        self._expires_ns = 0
        self._in_batch = False
        self._n_looking = 0
        self._on_change = on_change
        self._straight = straight
        self.changed: set[tuple[bytes, bytes]] = set()  # (root, path) of the folders changed in this batch

    def begin(self) -> None:
        """Start an operation: forget what is too old. Descriptors stay valid until its `end`."""
        now = time.monotonic_ns()
        if now > self._expires_ns or len(self._opened) > MAX_OPEN or not (self._in_batch or self._n_looking):
            self.forget()
            self._expires_ns = now + MAX_AGE_NS

    def end(self) -> None:
        """End an operation: only a batch keeps its folders open."""
        if not (self._in_batch or self._n_looking):
            self.forget()

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """A batch without changes, or one that goes on after a sync; it may be nested."""
        self._n_looking += 1
        try:
            yield
        finally:
            self._n_looking -= 1
            self.end()

    def parent(self, place: Place) -> tuple[int, bytes]:
        """The open parent folder of a place, and the entry's name in it; of a root: its own descriptor and no name."""
        if place is not self._latest:
            self._resolve(place)
        return self._latest_parent

    def change(self, place: Place) -> tuple[int, bytes]:
        """The same for an entry that is about to be made, renamed or removed; a root is an entry of the folder above it."""
        if not place[1]:
            above, _, name = place[0].rpartition(b"/")
            place = Place(above or b"/", name)
        if place is not self._latest:
            self._resolve(place)
        if self._latest_key not in self.changed:
            self._changing(self._latest_key, self._latest_parent[0])
        return self._latest_parent

    def _resolve(self, place: Place) -> None:
        """Find the parent, and remember it: a file that is moved is asked for twice in turn at its old place and its new one."""
        root, path = place
        folder, _, name = path.rpartition(b"/")
        if name == b".." or b"\0" in path or (not folder and path[:1] == b"/"):
            raise _refusal(path)
        key = root, folder
        found = self._opened.get(key)
        self._latest_parent = self._open(root, folder) if found is None else found, name
        self._latest_key = key
        self._latest = place

    def folder(self, place: Place) -> int:
        """An O_PATH descriptor of the folder itself. ENOTDIR if it is none."""
        root, path = place
        if b"\0" in path:
            raise _refusal(path)
        found = self._opened.get((root, path))
        return self._open(root, path) if found is None else found

    def change_folder(self, place: Place) -> int:
        """The same for a folder whose own attributes are about to be changed."""
        descriptor = self.folder(place)
        key = place[0], place[1]
        if key not in self.changed:
            self._changing(key, descriptor)
        return descriptor

    def _changing(self, key: tuple[bytes, bytes], descriptor: int) -> None:
        self._on_change(descriptor)
        self.changed.add(key)
        self._in_batch = True

    def forget_if_open(self, place: Place) -> None:
        """Forget everything if the place is an open folder, or one on the way to an open one."""
        if self._not_indexed:
            self._index_all()
        if place.absolute in self._above:
            self.forget()

    def end_batch(self) -> None:
        """Forget everything, and which folders were changed."""
        self.forget()
        self.changed.clear()
        self._in_batch = False

    def forget(self) -> None:
        """Close all folders."""
        self._latest = None
        while self._opened:
            os.close(self._opened.popitem()[1])
        self._above.clear()
        self._not_indexed.clear()

    def _open(self, root: bytes, path: bytes) -> int:
        found = self._opened.get((root, b""))
        if found is None:
            found = open_root(root, self._straight)
            self._remember(root, b"", found)
        if path:
            found = linux.open_beneath(found, path, FOLDER_FLAGS)
            self._remember(root, path, found)
        return found

    def _remember(self, root: bytes, path: bytes, descriptor: int) -> None:
        self._opened[root, path] = descriptor
        self._not_indexed.append((root, path))

    def _index_all(self) -> None:
        while self._not_indexed:
            absolute = Place(*self._not_indexed.pop()).absolute
            while absolute and absolute not in self._above:
                self._above.add(absolute)
                absolute = absolute.rpartition(b"/")[0]

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            self.forget()


def _refusal(path: bytes) -> OSError:
    number = errno.EINVAL if b"\0" in path else errno.EXDEV
    return OSError(number, os.strerror(number))


def open_root(root: bytes, straight: Container[bytes]) -> int:
    """An O_PATH descriptor (the caller's to close) of a root; ELOOP for one that must be `straight` and is not."""
    if root in straight:
        return linux.open_straight(root, FOLDER_FLAGS)
    return os.open(root, FOLDER_FLAGS | os.O_CLOEXEC)


def open_exactly(place: Place, straight: Container[bytes] = NONE_STRAIGHT) -> int:
    """An O_PATH descriptor (the caller's to close) of a folder."""
    root = open_root(place.root, straight)
    if not place.path:
        return root
    try:
        return linux.open_beneath(root, place.path, FOLDER_FLAGS)
    finally:
        os.close(root)


def open_nearest(place: Place, straight: Container[bytes] = NONE_STRAIGHT) -> int:
    """An O_PATH descriptor (the caller's to close) of the place, or of the nearest existing folder above it.

    A place that is no folder, or a symlink, counts by the folder it is in. A root that does not exist is searched upwards as well; one
    that must be `straight` and is not raises ELOOP.
    """
    while True:
        try:
            return open_exactly(place, straight)
        except (FileNotFoundError, NotADirectoryError):
            if place.path:
                place = Place(place.root, place.path.rpartition(b"/")[0])
            elif place.root.strip(b"/"):
                place = Place(place.root.rstrip(b"/").rpartition(b"/")[0] or b"/", b"")
            else:
                raise
        except OSError as error:
            if error.errno != errno.ELOOP or not place.path:
                raise
            # If it is the place itself that is a symlink, it lies in the folder above; if not, this raises ELOOP again.
            return open_exactly(Place(place.root, place.path.rpartition(b"/")[0]), straight)
