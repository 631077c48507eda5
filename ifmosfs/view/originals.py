"""The originals behind the planned files: their attributes and bytes, checked against what was planned.

A name that now holds another file than the planned one never shows that other file's bytes. The one exception is the place that
commit moves the original to: while a commit runs, the view finds it there.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from dataclasses import replace

from ifmosfs.core.files import Attr, Fingerprint, Place
from ifmosfs.core.plan import Action, Plan
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view.attrs import fs_error, made_attr


class Originals:
    """Looks at the originals of one plan. `_lock` guards the fingerprints of the last opens."""

    def __init__(self, disk: DiskReader, plan: Plan) -> None:
        self._disk = disk
        self._target = plan.target
        self._lock = threading.Lock()
        self._last_opened: dict[int, Fingerprint] = {}

    def attr(self, action: Action, target: bytes | None, owner: tuple[int, int]) -> Attr:
        """The live attributes of the original; those it was planned with when it is gone, is another file now, or cannot be
        looked at: one such file must not spoil the listing of a folder."""
        try:
            return self._find(action, target)[1]
        except FsError:
            return _recorded_attr(action, owner)

    def status(self, action: Action, target: bytes | None) -> str:
        """`planned` or `staying`; `changed` or `missing` when the original is not what was planned."""
        try:
            attr = self._find(action, target)[1]
        except FsError as error:
            return "changed" if error.kind is FsErrorKind.STALE else "missing"
        if not attr.fingerprint.same_file(action.expected):
            return "changed"
        return "staying" if target is None else "planned"

    def open(self, action: Action, target: bytes | None) -> tuple[int, bool]:
        """(read-only descriptor, whether the pages of the last open are still good). NOT_FOUND for a vanished original, STALE
        when another file has its name."""
        place, _ = self._find(action, target)
        try:
            descriptor = self._disk.open_read(place)
        except OSError as error:
            raise fs_error(error, action.source) from error
        now = _fingerprint(os.fstat(descriptor))
        if not now.same_inode(action.expected):
            os.close(descriptor)
            raise FsError(FsErrorKind.STALE, action.source)
        with self._lock:
            keep_cache = self._last_opened.get(action.action_id) == now
            self._last_opened[action.action_id] = now
        return descriptor, keep_cache

    def read_link(self, action: Action, target: bytes | None) -> bytes:
        """The text of an original that is a symlink."""
        place, _ = self._find(action, target)
        try:
            return self._disk.read_link(place)
        except OSError as error:
            raise fs_error(error, action.source) from error

    def _find(self, action: Action, target: bytes | None) -> tuple[Place, Attr]:
        """Where the planned inode is now, and its attributes: at its source, else where commit moves it. NOT_FOUND, or STALE
        when something else has the source's name, or what the disk says of the source."""
        try:
            return self._meant(action, action.source_place)
        except FsError as refusal:
            if target is not None:
                with suppress(FsError):
                    return self._meant(action, Place(self._target, target))
            raise refusal from None

    def _meant(self, action: Action, place: Place) -> tuple[Place, Attr]:
        try:
            attr = self._disk.lstat(place)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FsError(FsErrorKind.NOT_FOUND, action.source) from error
        except OSError as error:
            raise fs_error(error, action.source) from error
        if attr.kind is action.entry_kind and attr.fingerprint.same_inode(action.expected):
            return place, attr
        raise FsError(FsErrorKind.STALE, action.source)


def _recorded_attr(action: Action, owner: tuple[int, int]) -> Attr:
    expected = action.expected
    made = made_attr(action.mode, expected.inode, expected.size_bytes, expected.mtime_ns, owner, n_links=1)
    return replace(made, ctime_ns=expected.ctime_ns)


def _fingerprint(found: os.stat_result) -> Fingerprint:
    assert stat.S_ISREG(found.st_mode)
    return Fingerprint(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
