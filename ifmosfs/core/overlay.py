"""The target tree as it is and as the plan makes it: answers come from the plan's own earlier actions first, then from the disk.

The disk part is a `TargetListing`, a value that was read beforehand, so everything here is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ifmosfs.core.files import Fingerprint, Kind
from ifmosfs.core.names import NameRules, ancestors, components, join, twin_key

# What a name in the target is: a regular file by its fingerprint, anything else by its kind. A bare `Kind.FILE` is a file
# that nothing is known of, which is never displaced.
Existing = Kind | Fingerprint

# Existing folders of the target, each with the names in it; a folder that does not exist is absent.
TargetListing = Mapping[bytes, Mapping[bytes, Existing]]


def read_listing(
    wanted: Iterable[bytes], rules: NameRules, list_folder: Callable[[bytes], Mapping[bytes, Existing] | None]
) -> TargetListing:
    """The listings of the root, of the wanted folders and of all between, as far as they exist.

    `list_folder` gives the names in a folder, or `None` where there is no such folder. Folders are found by the target's
    idea of equal names, so `Photos` finds an existing `photos` where that is the same.
    """
    found: dict[bytes, Mapping[bytes, Existing]] = {}
    spelled: dict[bytes, bytes | None] = {b"": b""}
    top = list_folder(b"")
    if top is None:
        return found
    found[b""] = top
    for path in _with_ancestors(wanted):
        parent, _, name = path.rpartition(b"/")
        actual_parent = spelled.get(parent)
        actual = None if actual_parent is None else _existing_folder(found[actual_parent], name, rules)
        spelled[path] = None
        if actual is None or actual_parent is None:
            continue
        actual_path = join(actual_parent, actual)
        names = list_folder(actual_path)
        if names is not None:
            found[actual_path] = names
            spelled[path] = actual_path
    return found


def _with_ancestors(wanted: Iterable[bytes]) -> list[bytes]:
    paths: set[bytes] = set()
    for path in wanted:
        paths.update(ancestors(path))
        paths.add(path)
    paths.discard(b"")
    return sorted(paths, key=lambda path: (path.count(b"/"), path))


def _existing_folder(names: Mapping[bytes, Existing], name: bytes, rules: NameRules) -> bytes | None:
    if names.get(name) is Kind.FOLDER:
        return name
    if not (rules.ignores_case or rules.ignores_form):
        return None
    key = rules.key(name)
    return next((other for other, kind in names.items() if kind is Kind.FOLDER and rules.key(other) == key), None)


class Standing(NamedTuple):
    """What holds a name: an entry of the target (with its fingerprint, if it is a file that is known), or the plan's own.

    `claimant`: the number of the planned file that has claimed the name; `None` for what is in the target, and for a planned
    folder. A claimant that displaces a file of the target carries that file's fingerprint.
    """

    name: bytes
    kind: Kind
    fingerprint: Fingerprint | None = None
    claimant: int | None = None


@dataclass(slots=True)
class OverlayFolder:
    """A folder of the overlay: its path as spelled on the disk, the names in it by key, and twins by their twin key."""

    path: bytes
    exists: bool
    names: dict[bytes, Standing] = field(default_factory=dict)
    twins: dict[bytes, bytes] = field(default_factory=dict)
    next_number: dict[bytes, int] = field(default_factory=dict)


class Overlay:
    """The growing picture of the target while a plan is made."""

    def __init__(self, listing: TargetListing, rules: NameRules) -> None:
        self._listing = listing
        self._rules = rules
        self._folders: dict[bytes, OverlayFolder | None] = {}
        self._wanted: dict[bytes, OverlayFolder | None] = {b"": self._open(b"")}
        self.new_folders: list[bytes] = []

    def folder(self, path: bytes) -> OverlayFolder | None:
        """The folder at a path, planned if it does not exist; `None` if something else stands on the way."""
        known = self._wanted.get(path, _UNKNOWN)
        if not isinstance(known, _Unknown):
            return known
        folder = self._wanted[b""]
        for name in components(path):
            folder = None if folder is None else self._step(folder, name)
        self._wanted[path] = folder
        return folder

    def claim(self, folder: OverlayFolder, name: bytes, claimant: int, displaced: Fingerprint | None = None) -> None:
        """Take a name for a planned file: a free one, or that of a file which goes to the vault.

        `displaced` is the file of the target that has to leave for it, if there is one.
        """
        self._enter(folder, Standing(name, Kind.FILE, displaced, claimant))

    def release(self, folder: OverlayFolder, name: bytes) -> None:
        """Give a claimed name up again: back to the file of the target that would have been displaced, or free."""
        key = self._rules.key(name)
        displaced = folder.names.pop(key).fingerprint
        if displaced is not None:
            folder.names[key] = Standing(name, Kind.FILE, displaced)

    def taken_by(self, folder: OverlayFolder, name: bytes) -> Standing | None:
        """The entry that holds this name, or an equal one; `None` if the name is free."""
        return folder.names.get(self._rules.key(name))

    def twin_of(self, folder: OverlayFolder, name: bytes) -> bytes | None:
        """A different name in the folder that differs at most in case or Unicode form, `None` if there is none."""
        twin = folder.twins.get(_twin(name))
        return None if twin == name else twin

    def _step(self, folder: OverlayFolder, name: bytes) -> OverlayFolder | None:
        standing = self.taken_by(folder, name)
        if standing is not None:
            return self._open(join(folder.path, standing.name)) if standing.kind is Kind.FOLDER else None
        path = join(folder.path, name)
        self._enter(folder, Standing(name, Kind.FOLDER))
        self.new_folders.append(path)
        return self._open(path)

    def _open(self, path: bytes) -> OverlayFolder:
        known = self._folders.get(path)
        if known is not None:
            return known
        folder = OverlayFolder(path, exists=path in self._listing)
        self._folders[path] = folder
        for name, existing in self._listing.get(path, {}).items():
            if isinstance(existing, Fingerprint):
                self._enter(folder, Standing(name, Kind.FILE, existing))
            else:
                self._enter(folder, Standing(name, existing))
        return folder

    def _enter(self, folder: OverlayFolder, standing: Standing) -> None:
        folder.names[self._rules.key(standing.name)] = standing
        folder.twins.setdefault(_twin(standing.name), standing.name)


class _Unknown:
    pass


_UNKNOWN = _Unknown()


def _twin(name: bytes) -> bytes:
    return name.lower() if name.isascii() else twin_key(name)
