"""What already exists in the target, shown live beside the plan, and what is in projects, which the plan moves whole.

`_paths` tells where the numbers that the kernel knows are, of files with several names by each name that was told, the last first; its
lock is never held while the disk is looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, ParamSpec, TypeVar

from ifmosfs.core.files import Attr, Kind, Place
from ifmosfs.core.inheriting import folder_above, meta_or_none
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.names import CONTROL_NAME, NameRules, is_unfinished, join, split
from ifmosfs.core.ports import UNKNOWN_ATTR, DiskReader, Space
from ifmosfs.view.attrs import NO_FOLDER, fs_error, shown_as
from ifmosfs.view.inodes import inode_of_existing
from ifmosfs.view.values import FsError, FsErrorKind

P = ParamSpec("P")
T = TypeVar("T")


class Found(NamedTuple):
    """What a folder of the disk holds: entries that the plan does not have, and by key the attributes of those that it has."""

    entries: Sequence[tuple[bytes, Attr]]
    shared: Mapping[bytes, Attr]


NOTHING_FOUND: Final = Found((), {})
MOST_FOLDERS: Final = 1000  # of which it is remembered which names in them are folders
GRAIN_NS: Final = 4 * 10**9  # two changes so near to each other may have the same time: FAT counts in two seconds
MOST_NAMES: Final = 16  # of one inode that are remembered; what is told anew takes the place of what was told first


class Target:
    """Looks at the target of one plan. `place_of` tells where on the disk something is that has a path in the view."""

    def __init__(
        self,
        disk: DiskReader,
        target: bytes,
        rules: NameRules,
        place_of: Callable[[bytes], Place],
        now_ns: Callable[[], int],
    ) -> None:
        self._disk = disk
        self._target = target
        self._rules = rules
        self._place_of = place_of
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._paths: dict[int, bytes | tuple[bytes, ...]] = {}  # nearly all have one
        self._folders: dict[bytes, tuple[int, dict[bytes, bool]]] = {}  # by path: change time, which names are folders
        self._metas: dict[Place, tuple[int, FolderMeta | None]] = {}  # by folder, with its change time

    def path(self, inode: int) -> bytes:
        """The path behind a number, the last told one of several; looks at no disk. NOT_FOUND if it was never told, or forgotten."""
        return self._told(inode)[0]

    def live_path(self, inode: int) -> bytes:
        """As `path`, but of several the first that leads to the file still: others may have been removed or replaced meanwhile, and
        the kernel may mean any of them."""
        paths = self._told(inode)
        if len(paths) == 1:
            return paths[0]
        return next((path for path in paths if self._leads_to(inode, path)), paths[0])

    def _told(self, inode: int) -> tuple[bytes, ...]:
        with self._lock:
            paths = self._paths.get(inode)
        if paths is None:
            raise FsError(FsErrorKind.NOT_FOUND)
        return paths if isinstance(paths, tuple) else (paths,)

    def _leads_to(self, inode: int, path: bytes) -> bool:
        try:
            attr = self.attr_or_none(path)
        except FsError:  # one name that cannot be looked at does not hide the others
            return False
        return attr is not None and inode_of_existing(attr) == inode

    def forget(self, inode: int) -> None:
        """The kernel does not know the number any more."""
        with self._lock:
            self._paths.pop(inode, None)

    def number(self, attr: Attr, path: bytes) -> int:
        """The number of what is at a path."""
        inode = inode_of_existing(attr)
        may_have_others = attr.n_links > 1 and attr.kind is not Kind.FOLDER
        with self._lock:
            before = self._paths.get(inode) if may_have_others else None
            self._paths[inode] = path if before is None else _with_another(before, path)
        return inode

    def numbered(self, attr: Attr, path: bytes) -> Attr:
        """The attributes under the view's number."""
        return shown_as(attr, self.number(attr, path), attr.n_links)

    def attr(self, path: bytes) -> Attr:
        """The attributes, under the view's number, of what is at a path. NOT_FOUND, also where the folder that the plan has is
        something else on the disk by now."""
        attr = self.attr_or_none(path)
        if attr is None:
            raise FsError(FsErrorKind.NOT_FOUND, path)
        return self.numbered(attr, path)

    def attr_or_none(self, path: bytes) -> Attr | None:
        """What is on the disk at a path, under its own number; `None` for nothing, and for what a run is copying."""
        if is_unfinished(split(path)[1]):
            return None
        try:
            return self._disk.lstat(self._place_of(path))
        except OSError as error:
            if error.errno in NO_FOLDER:
                return None
            raise fs_error(error, path) from error

    def holds_anything(self, path: bytes) -> bool:
        """Whether a folder of the disk has entries."""
        return bool(self.asked(self._disk.list_folder, self._place_of(path)))

    def folder_at(self, place: Place) -> Attr | None:
        """The attributes of a folder, `None` where there is none."""
        try:
            attr = self._disk.lstat(place)
        except OSError:
            return None
        return attr if attr.kind is Kind.FOLDER else None

    def missing(self, path: bytes, live: Attr, names: Iterable[bytes]) -> frozenset[bytes]:
        """Those of the names that are no folder in a folder of the target, which was just seen to be `live`. They are looked at once,
        as long as the folder has not changed: its attributes are asked for again and again, and each look may take a drive's time. One
        that cannot be looked at now counts as none, and is looked at again."""
        known = self._folders.get(path)
        if known is None or known[0] != live.ctime_ns:
            known = live.ctime_ns, {}
        for name in names:
            if name not in known[1]:
                with suppress(OSError):
                    known[1][name] = self._is_folder(Place(self._target, join(path, name)))
        if abs(self._now_ns() - live.ctime_ns) > GRAIN_NS:  # or it may change once more without a sign
            if len(self._folders) >= MOST_FOLDERS:
                self._folders.clear()
            self._folders[path] = known
        return frozenset(name for name in names if not known[1].get(name))

    def _is_folder(self, place: Place) -> bool:
        try:
            return self._disk.lstat(place).kind is Kind.FOLDER
        except OSError as error:
            if error.errno in NO_FOLDER:
                return False
            raise

    def above(self, path: bytes) -> FolderMeta | None:
        """What the nearest folder above a path has that exists, in the target or above it; `None` where that cannot be told."""
        found = folder_above(Place(self._target, path), self._disk)
        if found is None:
            return None
        place, attr = found
        known = self._metas.get(place)
        if known is None or known[0] != attr.ctime_ns:
            known = self._metas[place] = attr.ctime_ns, meta_or_none(place, self._disk)
        return known[1]

    def found_in(self, path: bytes, taken: Container[bytes]) -> Found:
        """What a folder holds; `taken` are the keys of the names that the plan has there."""
        try:
            listed = self._disk.list_folder(self._place_of(path))
        except OSError as error:
            if error.errno in NO_FOLDER:
                return NOTHING_FOUND
            raise fs_error(error, path) from error
        entries: list[tuple[bytes, Attr]] = []
        shared: dict[bytes, Attr] = {}
        for name, attr in listed:
            if attr is UNKNOWN_ATTR or (not path and name == CONTROL_NAME) or is_unfinished(name):
                continue
            key = self._rules.key(name)
            if key in taken:
                shared[key] = attr
            else:
                entries.append((name, self.numbered(attr, join(path, name))))
        return Found(entries, shared)

    def space(self) -> Space:
        """Space of the target's filesystem, where the files will go."""
        return self.asked(self._disk.space, Place(self._target, b""))

    def asked(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the disk answers, its errors as refusals."""
        try:
            return ask(*args, **kwargs)
        except OSError as error:
            raise fs_error(error) from error


def _with_another(told: bytes | tuple[bytes, ...], path: bytes) -> bytes | tuple[bytes, ...]:
    """The names of one file when it is told under one of them (again)."""
    if told == path:
        return path
    names = told if isinstance(told, tuple) else (told,)
    return path, *[each for each in names if each != path][: MOST_NAMES - 1]
