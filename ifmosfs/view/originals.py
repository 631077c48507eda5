"""The originals behind the planned files: their attributes and bytes, checked against what was planned.

A name that now holds another file than the planned one never shows that other file's bytes. The one exception is the place that
commit moves the original to: while a commit runs, the view finds it there, on another filesystem as a copy. Before it has begun, who
has moved a file there is somebody else, another plan say, and it is the target's.
"""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from ifmosfs.core.files import Attr, Place
from ifmosfs.core.nodes import FileNode, Leaf
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view.attrs import fs_error, made_attr, shown_as

N_REMEMBERED: Final = 50_000  # files of which it is known what they were at the last look with care, or the last open

Look = Callable[[Place], Attr]
Known = Callable[[Leaf, Place, Look], Attr]
Elsewhere = Callable[[], Place | None]
"""Where commit puts a file, `None` while it stays."""


# What filesystems cut times to: none, NTFS, XFS of old and others, exFAT, HFS+, FAT.
_GRAINS_NS: Final = (1, 100, 1_000, 10_000_000, 1_000_000_000, 2_000_000_000)

_WORDS: Final = {
    FsErrorKind.STALE: "changed",
    FsErrorKind.IO: "unreachable",
    FsErrorKind.NO_DESCRIPTOR: "unreachable",
}


class OpenOriginal(NamedTuple):
    """A read-only descriptor of an original; whether the pages of the last open are still good; whether nothing has happened to the
    file since it was planned, so that nothing that was told of it can be outdated."""

    descriptor: int
    keep_cache: bool
    is_as_planned: bool


class Originals:
    """Looks at the originals of one plan. `_lock` guards what is known of the last opens."""

    def __init__(
        self,
        disk: DiskReader,
        look: Look,
        is_slow: Callable[[bytes], bool],
        owner: tuple[int, int],
        planned_ns: int,
        has_begun: Callable[[], bool],
    ) -> None:
        """`look` is the disk's `lstat`, but for drives that may not answer, which `is_slow` tells by the root; what is opened is
        waited for. `planned_ns`: when the plan was made. `has_begun`: whether its commit has; asked only of files that are not at
        their sources."""
        self._disk = disk
        self._look = look
        self._is_slow = is_slow
        self._owner = owner
        self._planned_ns = planned_ns
        self._has_begun = has_begun
        self._lock = threading.Lock()
        self._last_opened: OrderedDict[int, tuple[int, int, int, int]] = OrderedDict()
        # The change times of originals that were looked at with care since something (a link, a chmod) has changed them.
        self._known_ctimes: dict[int, int] = {}
        self._kept_numbers: dict[bytes, bool] = {}  # by the root

    def attr(self, leaf: Leaf, inode: int, elsewhere: Elsewhere) -> Attr:
        """The live attributes of the original under the view's number; those it was planned with when it is gone, is another file
        now, or cannot be looked at: one such file must not spoil the listing of a folder."""
        if not self._is_slow(leaf.root):
            glanced = self._glanced(leaf, inode)
            if glanced is not None:
                return glanced
        return self._looked(leaf, inode, elsewhere)

    def attrs(
        self, files: Iterable[tuple[FileNode, int]], elsewhere: Callable[[FileNode], Place | None]
    ) -> Iterator[Attr]:
        """As `attr`, for many."""
        slow: dict[bytes, bool] = {}
        with self._disk.looking():
            for node, inode in files:
                leaf = node.leaf
                is_slow = slow.get(leaf.root)
                if is_slow is None:
                    is_slow = slow[leaf.root] = self._is_slow(leaf.root)
                glanced = None if is_slow else self._glanced(leaf, inode)
                yield glanced or self._looked(leaf, inode, partial(elsewhere, node))

    def _glanced(self, leaf: Leaf, inode: int) -> Attr | None:
        """The attributes of an original that nothing has happened to since it was scanned, or looked at with care: no file that came
        later has both its inode and its time of change. `None` where more than a glance is needed."""
        try:
            found, attr = self._disk.glance(Place(leaf.root, leaf.source), inode)
        except OSError:
            return None
        if found != leaf.inode:
            return None
        is_known = attr.ctime_ns == leaf.ctime_ns or self._known_ctimes.get(leaf.action_id) == attr.ctime_ns
        return attr if is_known else None

    def _looked(self, leaf: Leaf, inode: int, elsewhere: Elsewhere) -> Attr:
        try:
            attr = self._find(leaf, elsewhere)[1]
        except FsError:
            attr = self._recorded(leaf)
        else:
            if len(self._known_ctimes) >= N_REMEMBERED:
                self._known_ctimes.clear()
            self._known_ctimes[leaf.action_id] = attr.ctime_ns
        return shown_as(attr, inode, attr.n_links)

    def status(self, leaf: Leaf, elsewhere: Elsewhere) -> str:
        """`planned` or `staying`; `changed` or `missing` when the original is not what was planned, `unreachable` where its drive
        does not answer."""
        try:
            attr = self._find(leaf, elsewhere)[1]
        except FsError as error:
            return _WORDS.get(error.kind, "missing")
        if not (attr.is_file(leaf.expected) or self._is_copy(leaf, attr) or self._is_renumbered(leaf, attr)):
            return "changed"
        return "staying" if elsewhere() is None else "planned"

    def open(self, leaf: Leaf, elsewhere: Elsewhere) -> OpenOriginal:
        """Open an original. NOT_FOUND where it has vanished, STALE where another file has its name."""
        descriptor = self._opened_at_once(leaf)
        if descriptor is not None:
            return self._compared(leaf, descriptor)
        with self._disk.looking():
            try:
                descriptor = self._opened(leaf, leaf.source_place, self._meant)
            except FsError as refusal:
                place = elsewhere() if self._has_begun() else None
                if place is None:
                    raise
                try:
                    descriptor = self._opened(leaf, place, self._arrived)
                except FsError:
                    raise refusal from None
        return self._compared(leaf, descriptor)

    def _compared(self, leaf: Leaf, descriptor: int) -> OpenOriginal:
        found = os.fstat(descriptor)
        is_as_planned = (found.st_ino, found.st_ctime_ns) == (leaf.inode, leaf.ctime_ns)
        return OpenOriginal(descriptor, self._remember(leaf.number, found), is_as_planned)

    def is_unchanged(self, number: int, descriptor: int) -> bool:
        """Whether an open file is what it was when the file of that number was opened last; remembers what it is now."""
        return self._remember(number, os.fstat(descriptor))

    def _remember(self, number: int, found: os.stat_result) -> bool:
        now = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        with self._lock:
            before = self._last_opened.pop(number, None)
            self._last_opened[number] = now
            if len(self._last_opened) > N_REMEMBERED:
                self._last_opened.popitem(last=False)
        return before == now

    def read_link(self, leaf: Leaf, elsewhere: Elsewhere) -> bytes:
        """The text of an original that is a symlink."""
        place, _ = self._find(leaf, elsewhere)
        try:
            return self._disk.read_link(place)
        except OSError as error:
            raise fs_error(error, leaf.source) from error

    def place(self, leaf: Leaf, elsewhere: Elsewhere) -> Place:
        """Where the original is now. NOT_FOUND, STALE."""
        return self._find(leaf, elsewhere)[0]

    def _opened_at_once(self, leaf: Leaf) -> int | None:
        """A descriptor of an original that nothing has happened to, as `_glanced` has it; `None` where more than that is needed."""
        if self._is_slow(leaf.root):
            return None
        seen = self._glanced(leaf, leaf.inode)
        if seen is None or not stat.S_ISREG(seen.mode):
            return None
        try:
            descriptor = self._disk.open_seen(leaf.source_place)
        except OSError:
            return None
        found = os.fstat(descriptor)
        if found.st_ino == leaf.inode and found.st_ctime_ns == seen.ctime_ns and stat.S_ISREG(found.st_mode):
            return descriptor
        os.close(descriptor)
        return None

    def _opened(self, leaf: Leaf, place: Place, known: Known) -> int:
        """A descriptor of the original, if it is there. While it is open its inode number cannot be given to another file, so the
        look after it tells, birth time included, which file it is."""
        try:
            descriptor = self._disk.open_read(place)
        except OSError as error:
            known(leaf, place, self._disk.lstat)  # which says more than that what is there cannot be opened
            raise fs_error(error, leaf.source) from error
        found = os.fstat(descriptor)
        assert stat.S_ISREG(found.st_mode)
        try:
            named = known(leaf, place, self._disk.lstat).inode
        except BaseException:
            os.close(descriptor)
            raise
        if named != found.st_ino:
            os.close(descriptor)
            raise FsError(FsErrorKind.STALE, leaf.source)
        return descriptor

    def _find(self, leaf: Leaf, elsewhere: Elsewhere) -> tuple[Place, Attr]:
        """Where the planned inode is now, and its attributes: at its source, else where commit moves it. NOT_FOUND, or STALE
        when something else has the source's name, or what the disk says of the source."""
        source = leaf.source_place
        try:
            return source, self._meant(leaf, source, self._look)
        except FsError as refusal:
            place = elsewhere() if self._has_begun() else None
            if place is not None:
                with suppress(FsError):
                    return place, self._arrived(leaf, place, self._look)
            raise refusal from None

    def _meant(self, leaf: Leaf, place: Place, look: Look) -> Attr:
        """The attributes of the planned inode, if it is there. NOT_FOUND, STALE."""
        attr = self._seen(leaf, place, look)
        born, planned = attr.birth_ns, leaf.birth_ns
        if attr.inode == leaf.inode and attr.kind is leaf.entry_kind and (born == planned or None in {born, planned}):
            return attr
        if self._is_renumbered(leaf, attr):
            return attr
        raise FsError(FsErrorKind.STALE, leaf.source)

    def _arrived(self, leaf: Leaf, place: Place, look: Look) -> Attr:
        """The attributes of what commit has moved or copied to a place. NOT_FOUND, STALE."""
        attr = self._seen(leaf, place, look)
        return attr if self._is_copy(leaf, attr) else self._meant(leaf, place, look)

    def _is_copy(self, leaf: Leaf, attr: Attr) -> bool:
        """Whether it is what a commit makes of the original on another filesystem: made since the plan was, and alike in all that a
        copy keeps, its time as exactly as that filesystem can."""
        cut = (leaf.mtime_ns - leaf.mtime_ns % grain for grain in _GRAINS_NS)
        return (
            attr.kind is leaf.entry_kind
            and attr.size_bytes == leaf.size_bytes
            and attr.mtime_ns in cut
            and (attr.birth_ns or attr.ctime_ns) >= self._planned_ns
        )

    def _is_renumbered(self, leaf: Leaf, attr: Attr) -> bool:
        """Whether it is the planned file with another number, on a disk that keeps none."""
        if attr.kind is not leaf.entry_kind or not leaf.expected.same_but_number(attr.fingerprint):
            return False
        with self._lock:
            kept = self._kept_numbers.get(leaf.root)
        if kept is None:
            try:
                kept = self._disk.keeps_numbers(Place(leaf.root, b""))
            except OSError:
                return False
            with self._lock:
                self._kept_numbers[leaf.root] = kept
        return not kept

    def _seen(self, leaf: Leaf, place: Place, look: Look) -> Attr:
        try:
            return look(place)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FsError(FsErrorKind.NOT_FOUND, leaf.source) from error
        except OSError as error:
            raise fs_error(error, leaf.source) from error

    def _recorded(self, leaf: Leaf) -> Attr:
        made = made_attr(leaf.mode, leaf.inode, leaf.size_bytes, leaf.mtime_ns, self._owner, n_links=1)
        return replace(made, ctime_ns=leaf.ctime_ns)
