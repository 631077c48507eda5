"""The walk over a scanned root: everything in it is found, skipped for a reason, or unreadable for a reason; nothing is opened.

Symlinks are entries of their own and never followed. The walk does not leave the root's filesystem: other mounts, special files,
the program's own state and views are named and skipped.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ifmosfs.core.files import Attr, Kind, Place, SkippedEntry, SkipReason, UnreadableEntry
from ifmosfs.core.manifest import FoundFile
from ifmosfs.core.names import CONTROL_NAME, SEPARATOR, ancestors, split, to_text
from ifmosfs.core.ports import SHORT_OF_MEANS, UNKNOWN_ATTR, DiskReader

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: user id and all group ids, for the guess whether a file is readable."""

    uid: int
    gids: frozenset[int]

    def may_read(self, attr: Attr) -> bool:
        """What mode and owner say; access lists and capabilities are left to the attempt to open."""
        if self.uid == 0:
            return True
        if attr.uid == self.uid:
            return bool(attr.mode & stat.S_IRUSR)
        bit = stat.S_IRGRP if attr.gid in self.gids else stat.S_IROTH
        return bool(attr.mode & bit)


@dataclass(frozen=True, slots=True)
class ScanRules:
    """What the walk leaves out.

    `own_state` and `views` are absolute folders of the program, `mount_points` those of all other mounts. A pattern of
    `excludes` with a slash inside is matched against the path below the root, any other against every single name.
    """

    reader: Reader
    own_state: frozenset[bytes] = frozenset()
    views: frozenset[bytes] = frozenset()
    mount_points: frozenset[bytes] = frozenset()
    excludes: tuple[str, ...] = ()

    def excluder(self) -> Callable[[bytes, bytes], bool]:
        """A function of (path, name): whether one of the patterns excludes it."""
        patterns = [pattern.rstrip("/") for pattern in self.excludes]
        paths = _compiled(pattern for pattern in patterns if "/" in pattern)
        names = _compiled(pattern for pattern in patterns if "/" not in pattern)
        if paths is None and names is None:
            return lambda _path, _name: False

        def is_excluded(path: bytes, name: bytes) -> bool:
            if names is not None and names.match(to_text(name)):
                return True
            return paths is not None and paths.match(to_text(path)) is not None

        return is_excluded


@dataclass(slots=True)
class ScanResult:
    """What one root holds, in no particular order."""

    found: list[FoundFile] = field(default_factory=list)
    skipped: list[SkippedEntry] = field(default_factory=list)
    unreadable: list[UnreadableEntry] = field(default_factory=list)
    n_folders: int = 0


def scan_root(root: bytes, disk: DiskReader, rules: ScanRules, progress: Progress) -> ScanResult:
    """Everything below a root. Raises `OSError` only for the root itself; `progress` is told the count now and then."""
    walk = _Walk(root, disk, rules)
    walk.folder(b"")
    while walk.pending:
        walk.try_folder(walk.pending.pop())
        progress(len(walk.result.found))
    return walk.result


@dataclass(frozen=True, slots=True)
class Look:
    """What is at a path below a root. `is_there`: anything at all. `subfolders` are those that were not looked into."""

    result: ScanResult
    is_there: bool
    subfolders: tuple[bytes, ...] = ()


def look_at(place: Place, disk: DiskReader, rules: ScanRules, *, deep: bool) -> Look | None:
    """What a scan of the root would find at a path: a file, or what is in a folder, with `deep` all below it. `None` for a path that
    a scan would not come to. Raises OSError for the root itself, and wherever there was nothing left to look with."""
    walk = _Walk(place.root, disk, rules, insists=True)
    try:
        for path in ancestors(place.path):
            above = disk.lstat(Place(place.root, path))
            if above.kind is not Kind.FOLDER:
                return Look(walk.result, is_there=False)
            if walk.reason_to_skip(path, above) is not None:
                return None
        attr = disk.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return Look(walk.result, is_there=False)
    except OSError as error:
        walk.unreadable(place.path, error)
        return Look(walk.result, is_there=True)
    if place.path:
        walk.entry(place.path, split(place.path)[1], attr)
    else:
        walk.pending.append(place.path)
    if walk.pending:
        walk.try_folder(walk.pending.pop())
    while deep and walk.pending:
        walk.try_folder(walk.pending.pop())
    return Look(walk.result, is_there=True, subfolders=tuple(walk.pending))


class _Walk:
    def __init__(self, root: bytes, disk: DiskReader, rules: ScanRules, *, insists: bool = False) -> None:
        """`insists`: what could not be looked at for want of descriptors or memory is no result, but an error."""
        self._insists = insists
        self._root = root
        self._disk = disk
        self._rules = rules
        self._is_excluded = rules.excluder()
        self._device = disk.lstat(Place(root, b"")).device
        self.pending: list[bytes] = []
        self.result = ScanResult()

    def try_folder(self, path: bytes) -> None:
        try:
            self.folder(path)
        except OSError as error:
            self.unreadable(path, error)

    def unreadable(self, path: bytes, error: OSError) -> None:
        if self._insists and error.errno in SHORT_OF_MEANS:
            raise error
        words = os.strerror(error.errno) if error.errno else str(error)
        self.result.unreadable.append(UnreadableEntry(self._root, path, words))

    def folder(self, path: bytes) -> None:
        entries = self._disk.list_folder(Place(self._root, path))
        self.result.n_folders += 1
        prefix = path and path + SEPARATOR
        for name, attr in entries:
            self.entry(prefix + name, name, attr)

    def entry(self, path: bytes, name: bytes, attr: Attr) -> None:
        kind = attr.kind
        reason = self._reason_to_skip(path, name, attr, kind)
        if reason is None and attr is UNKNOWN_ATTR:
            self.result.unreadable.append(UnreadableEntry(self._root, path, "cannot be looked at"))
        elif reason is not None:
            self.result.skipped.append(SkippedEntry(self._root, path, reason))
        elif kind is Kind.FOLDER:
            self.pending.append(path)
        else:
            readable = kind is Kind.SYMLINK or self._rules.reader.may_read(attr)
            self.result.found.append(FoundFile(path, kind, attr.mode, attr.fingerprint, readable))

    def reason_to_skip(self, path: bytes, attr: Attr) -> SkipReason | None:
        return self._reason_to_skip(path, split(path)[1], attr, attr.kind)

    def _reason_to_skip(self, path: bytes, name: bytes, attr: Attr, kind: Kind) -> SkipReason | None:
        if kind is Kind.FOLDER or attr is UNKNOWN_ATTR:
            absolute = Place(self._root, path).absolute
            if name == CONTROL_NAME or absolute in self._rules.own_state:
                return SkipReason.OWN_STATE
            if absolute in self._rules.views:
                return SkipReason.OWN_MOUNT
            if absolute in self._rules.mount_points or (kind is Kind.FOLDER and attr.device != self._device):
                return SkipReason.OTHER_MOUNT
        elif kind is Kind.OTHER:
            return SkipReason.SPECIAL
        return SkipReason.EXCLUDED if self._is_excluded(path, name) else None


def _compiled(patterns: Iterable[str]) -> re.Pattern[str] | None:
    translated: Sequence[str] = [fnmatch.translate(pattern) for pattern in patterns]
    return re.compile("|".join(translated)) if translated else None
