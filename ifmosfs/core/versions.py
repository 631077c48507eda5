"""How two versions differ, from their manifests alone. Pure.

A file is known again by its inode and birth time, where both roots were on one filesystem; or, where the birth time is not known or
the file came to another filesystem, by size and time of modification, if only one on each side has them. What has another inode under
its old name, while the old inode is nowhere, was saved anew: changed, not removed and added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ifmosfs.core.manifest import SnapshotEntry


class Pair(NamedTuple):
    """One file in the one version and in the other."""

    before: SnapshotEntry
    after: SnapshotEntry


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """What is different in `after`. A file that was moved and changed is among the moved, `changed_too`.

    Folders are told only where they came or went; each file is in one of the lists or is the same, in the order of the places.
    """

    added: tuple[SnapshotEntry, ...]
    removed: tuple[SnapshotEntry, ...]
    moved: tuple[Pair, ...]
    changed: tuple[Pair, ...]
    n_same: int
    folders_added: tuple[SnapshotEntry, ...] = ()
    folders_removed: tuple[SnapshotEntry, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both are the same."""
        return not (
            self.added or self.removed or self.moved or self.changed or self.folders_added or self.folders_removed
        )


def changed_too(pair: Pair) -> bool:
    """Whether the content of a pair is another, as far as size, time and hash can tell."""
    before, after = pair.before, pair.after
    if before.digest is not None and after.digest is not None:
        return before.digest != after.digest
    one, other = before.fingerprint, after.fingerprint
    return one.size_bytes != other.size_bytes or one.mtime_ns != other.mtime_ns


def diff(
    before: Sequence[SnapshotEntry],
    after: Sequence[SnapshotEntry],
    disks_before: Mapping[bytes, str] | None = None,
    disks_after: Mapping[bytes, str] | None = None,
) -> VersionDiff:
    """What is in `after` and how it was in `before`; linear in their entries. `disks_…`: which filesystem each root was on
    then, so far as that was recorded."""
    old = {(each.root, each.path): each for each in before}
    new = {(each.root, each.path): each for each in after}
    same = 0
    pairs: list[Pair] = []
    left: list[SnapshotEntry] = []
    replaced: list[Pair] = []
    folders_removed: list[SnapshotEntry] = []
    for key, each in old.items():
        found, is_folder = new.get(key), each.is_folder
        if found is None or (found.mode != each.mode and found.is_folder != is_folder):
            (folders_removed if is_folder else left).append(each)
        elif is_folder:
            continue
        elif each.fingerprint.same_file(found.fingerprint):
            same += 1
        elif each.fingerprint.same_inode(found.fingerprint):
            pairs.append(Pair(each, found))
        else:
            replaced.append(Pair(each, found))
    come: list[SnapshotEntry] = []
    folders_added: list[SnapshotEntry] = []
    for key, each in new.items():
        before_it = old.get(key)
        if before_it is None or (before_it.mode != each.mode and before_it.is_folder != each.is_folder):
            (folders_added if each.is_folder else come).append(each)
    met = _Meeting(
        [*left, *(pair.before for pair in replaced)],
        [*come, *(pair.after for pair in replaced)],
        _Disks(disks_before or {}, disks_after or {}),
    )
    for pair in replaced:
        if not met.is_met(pair.before) and not met.is_met(pair.after):
            pairs.append(pair)  # saved anew under the same name
            met.settle(pair)
    return VersionDiff(
        added=tuple(sorted(met.come(), key=_order)),
        removed=tuple(sorted(met.left(), key=_order)),
        moved=tuple(sorted(met.pairs, key=lambda pair: _order(pair.after))),
        changed=tuple(sorted(pairs, key=lambda pair: _order(pair.after))),
        n_same=same,
        folders_added=tuple(sorted(folders_added, key=_order)),
        folders_removed=tuple(sorted(folders_removed, key=_order)),
    )


class _Disks(NamedTuple):
    """Which filesystem each root was on."""

    before: Mapping[bytes, str]
    after: Mapping[bytes, str]

    def are_one(self, one: bytes, other: bytes) -> bool:
        """Whether two roots, of before and of after, were on one filesystem. Of which that was not recorded is on one with itself."""
        disk = self.before.get(one)
        return one == other or (disk is not None and disk == self.after.get(other))


class _Meeting:
    """Finds those that left among those that came."""

    def __init__(self, left: Iterable[SnapshotEntry], come: Iterable[SnapshotEntry], disks: _Disks) -> None:
        self._disks = disks
        self._left = {(each.root, each.path): each for each in left}
        self._come = {(each.root, each.path): each for each in come}
        self.pairs: list[Pair] = []
        self._meet_by_inode()
        self._meet_by_content()

    def is_met(self, entry: SnapshotEntry) -> bool:
        key = (entry.root, entry.path)
        return self._left.get(key) is not entry and self._come.get(key) is not entry

    def settle(self, pair: Pair) -> None:
        del self._left[pair.before.root, pair.before.path]
        del self._come[pair.after.root, pair.after.path]

    def left(self) -> Iterable[SnapshotEntry]:
        return self._left.values()

    def come(self) -> Iterable[SnapshotEntry]:
        return self._come.values()

    def _meet_by_inode(self) -> None:
        by_inode: dict[int, list[SnapshotEntry]] = defaultdict(list)
        for each in self._come.values():
            by_inode[each.fingerprint.inode].append(each)
        for each in list(self._left.values()):
            for found in by_inode.get(each.fingerprint.inode, ()):
                if self._is_one(each, found):
                    by_inode[each.fingerprint.inode].remove(found)
                    self._take(Pair(each, found))
                    break

    def _is_one(self, one: SnapshotEntry, other: SnapshotEntry) -> bool:
        births = (one.fingerprint.birth_ns, other.fingerprint.birth_ns)
        if None in births or not self._disks.are_one(
            one.root, other.root
        ):  # inode numbers count within a filesystem only
            return one.fingerprint.same_file(other.fingerprint)
        return one.fingerprint.same_inode(other.fingerprint)

    def _meet_by_content(self) -> None:
        """A copy to another filesystem keeps size and time. Of several equal ones nobody knows which is which."""
        left, come = _by_content(self._left.values()), _by_content(self._come.values())
        for key, entries in left.items():
            found = come.get(key, [])
            if len(entries) == 1 and len(found) == 1 and entries[0].place != found[0].place:
                self._take(Pair(entries[0], found[0]))

    def _take(self, pair: Pair) -> None:
        self.pairs.append(pair)
        self.settle(pair)


def _by_content(entries: Iterable[SnapshotEntry]) -> dict[tuple[int, int], list[SnapshotEntry]]:
    found: dict[tuple[int, int], list[SnapshotEntry]] = defaultdict(list)
    for each in entries:
        if each.fingerprint.size_bytes:  # empty files are all alike
            found[each.fingerprint.size_bytes, each.fingerprint.mtime_ns].append(each)
    return found


def _order(entry: SnapshotEntry) -> tuple[bytes, bytes]:
    return entry.root, entry.path
