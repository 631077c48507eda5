"""Disks that fail at a chosen moment, as wrappers of any other disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from ifmosfs.core.files import Attr, Fingerprint, Place
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.names import NameRules
from ifmosfs.core.ports import Copied, Disk, Space

Answer = TypeVar("Answer")


class Crash(BaseException):
    """The process dies here; not an `Exception`, so that no handler can swallow it."""


class Delegating:
    """A disk that passes every call on. Subclasses override `_effect` (calls that change), `_look` (calls that do not)."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        return go()

    def _effect(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        return go()

    def looking(self) -> AbstractContextManager[None]:
        return self.disk.looking()

    def lstat(self, place: Place) -> Attr:
        return self._look("lstat", (place,), lambda: self.disk.lstat(place))

    def glance(self, place: Place, shown_inode: int) -> tuple[int, Attr]:
        return self._look("glance", (place,), lambda: self.disk.glance(place, shown_inode))

    def trace(self, place: Place) -> tuple[int, int, int, int]:
        return self._look("trace", (place,), lambda: self.disk.trace(place))

    def arrival(self, place: Place, expected: Fingerprint) -> Fingerprint:
        return self._look("arrival", (place,), lambda: self.disk.arrival(place, expected))

    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        return self._look("list_folder", (place,), lambda: self.disk.list_folder(place))

    def open_seen(self, place: Place) -> int:
        return self._look("open_seen", (place,), lambda: self.disk.open_seen(place))

    def open_read(self, place: Place) -> int:
        return self._look("open_read", (place,), lambda: self.disk.open_read(place))

    def read_link(self, place: Place) -> bytes:
        return self._look("read_link", (place,), lambda: self.disk.read_link(place))

    def space(self, place: Place) -> Space:
        return self._look("space", (place,), lambda: self.disk.space(place))

    def filesystem(self, place: Place) -> str:
        return self._look("filesystem", (place,), lambda: self.disk.filesystem(place))

    def name_rules(self, place: Place) -> NameRules:
        return self._look("name_rules", (place,), lambda: self.disk.name_rules(place))

    def keeps_numbers(self, place: Place) -> bool:
        return self._look("keeps_numbers", (place,), lambda: self.disk.keeps_numbers(place))

    def unkept_attributes(self, source: Place, folder: Place) -> Sequence[str]:
        return self._look("unkept_attributes", (source, folder), lambda: self.disk.unkept_attributes(source, folder))

    def digest(self, place: Place) -> bytes:
        return self._look("digest", (place,), lambda: self.disk.digest(place))

    def folder_meta(self, place: Place) -> FolderMeta:
        return self._look("folder_meta", (place,), lambda: self.disk.folder_meta(place))

    def make_folder(self, place: Place, mode: int) -> None:
        self._effect("make_folder", (place,), lambda: self.disk.make_folder(place, mode))

    def remove_folder(self, place: Place) -> None:
        self._effect("remove_folder", (place,), lambda: self.disk.remove_folder(place))

    def restore_folder(self, place: Place, meta: FolderMeta) -> None:
        self._effect("restore_folder", (place,), lambda: self.disk.restore_folder(place, meta))

    def set_times(self, place: Place, atime_ns: int | None, mtime_ns: int) -> None:
        self._effect("set_times", (place,), lambda: self.disk.set_times(place, atime_ns, mtime_ns))

    def rename_noreplace(self, source: Place, target: Place) -> None:
        self._effect("rename_noreplace", (source, target), lambda: self.disk.rename_noreplace(source, target))

    def copy(self, source: Place, temporary: Place, expected: Fingerprint) -> Copied:
        return self._effect("copy", (source, temporary), lambda: self.disk.copy(source, temporary, expected))

    def unlink_checked(self, place: Place, expected: Fingerprint) -> None:
        self._effect("unlink_checked", (place,), lambda: self.disk.unlink_checked(place, expected))

    def sync(self, folders: Iterable[Place]) -> None:
        given = tuple(folders)
        self._effect("sync", given, lambda: self.disk.sync(given))


class CrashAfter(Delegating):
    """Raises `Crash` instead of the effect that follows `n` others; with `after=True` when that effect is done.

    A sync counts as an effect. `n_effects` tells how many were asked for, so that a test can walk all of them.
    """

    def __init__(self, disk: Disk, n: int, *, after: bool = False) -> None:
        super().__init__(disk)
        self.n = n
        self.after = after
        self.n_effects = 0

    def _effect(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        self.n_effects += 1
        dies = self.n_effects > self.n
        if dies and (not self.after or self.n_effects > self.n + 1):
            raise Crash(call)
        answer = go()
        if dies:
            raise Crash(call)
        return answer


class FailAt(Delegating):
    """Answers the n-th call (from 1) of a method with an errno, and passes on all others."""

    def __init__(self, disk: Disk, call: str, n: int, number: int) -> None:
        super().__init__(disk)
        self.call, self.n, self.number = call, n, number
        self.n_calls = 0

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        if call == self.call:
            self.n_calls += 1
            if self.n_calls == self.n:
                raise OSError(self.number, os.strerror(self.number), places[0].absolute if places else None)
        return go()

    _effect = _look


class Recording(Delegating):
    """Remembers the changes (and syncs) that succeeded, in order: `(call, absolute path, …)`."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.changes: list[tuple[str | bytes, ...]] = []

    def _effect(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        answer = go()
        self.changes.append((call, *(place.absolute for place in places)))
        return answer
