"""What it takes to have the files of a version at the names of that version again. Pure, but for looks at the disk.

Three-way, as a rollback: what the version has recorded, what the file is now, and what is at its name. Newer bytes win: a file that
was modified since goes to its name as it is, and one that was saved anew under its name stays. A name that a later file has taken is
left to it, and the older one comes beside it. A file that is nowhere comes from the content that a snapshot holds, or is told of.
Files that came after the version are in nobody's way, and stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ifmosfs.core.effects import lstat_or_none
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.inheriting import NewFolderModes
from ifmosfs.core.journal import OpKind, OpState, Recorded
from ifmosfs.core.manifest import SnapshotEntry
from ifmosfs.core.names import ancestors, join, split, with_suffix_before_extension
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.reports import Problem, problem

NAME_MAX_BYTES = 255


class Seen(NamedTuple):
    """A file that is somewhere now."""

    place: Place
    fingerprint: Fingerprint


class Wanted(NamedTuple):
    """A file to bring to a name: from where it is, or, without a `source`, from the content that is held."""

    entry: SnapshotEntry
    source: Seen | None
    target: Place


@dataclass(slots=True)
class Restoration:
    """What is to be brought where. `n_there` files are at their names already, unchanged.

    `newer`: files whose present bytes are others than the version had; they are at their names, or go there, as they are.
    `beside`: those among the wanted whose name somebody has, so that both are kept. `gone`: files that are nowhere.
    """

    wanted: list[Wanted] = field(default_factory=list)
    folders: list[tuple[Place, int]] = field(default_factory=list)
    newer: list[Problem] = field(default_factory=list)
    beside: list[Wanted] = field(default_factory=list)
    gone: list[Problem] = field(default_factory=list)
    n_there: int = 0


class Whereabouts:
    """Where files are that are not at the names they had: by their inode, and by what runs have done since."""

    def __init__(self, seen: Iterable[Seen], later: Iterable[Recorded]) -> None:
        """`seen`: all files that may be meant. `later`: the operations since, the oldest first."""
        self._by_inode: dict[int, list[Seen]] = {}
        self._by_path: dict[bytes, Seen] = {}
        for each in seen:
            self._by_inode.setdefault(each.fingerprint.inode, []).append(each)
            self._by_path[each.place.absolute] = each
        self._copies: dict[int, list[tuple[Fingerprint, Fingerprint]]] = {}
        self._origin: dict[bytes, bytes] = {}
        for row in later:
            self._follow(row)
        self._now = {origin: path for path, origin in self._origin.items()}

    def _follow(self, row: Recorded) -> None:
        operation, arrived = row.operation, row.outcome.arrived
        if row.outcome.state is not OpState.DONE or operation.kind is not OpKind.MOVE:
            return
        if operation.source is None or operation.target is None:
            return
        source = operation.source.absolute
        self._origin[operation.target.absolute] = self._origin.pop(source, source)
        expected = operation.expected
        if expected is not None and arrived is not None and not arrived.same_inode(expected):
            self._copies.setdefault(expected.inode, []).append((expected, arrived))

    def of(self, entry: SnapshotEntry) -> Sequence[Seen]:
        """Where the file of an entry is: the same inode, or that of its copy on another filesystem."""
        print_, met = entry.fingerprint, set[int]()
        while True:
            found = [each for each in self._by_inode.get(print_.inode, ()) if is_one(print_, each.fingerprint)]
            if found or print_.inode in met:
                return found
            met.add(print_.inode)
            copies = [new for old, new in self._copies.get(print_.inode, ()) if is_one(print_, old)]
            if not copies:
                return ()
            print_ = copies[-1]

    def saved_anew(self, entry: SnapshotEntry) -> Seen | None:
        """What is now where runs have brought the file: another inode, so it was saved there anew."""
        path = self._now.get(entry.place.absolute)
        return None if path is None else self._by_path.get(path)


def is_one(recorded: Fingerprint, found: Fingerprint) -> bool:
    """Whether it is the same file, whatever was written to it since; without birth times, only unchanged."""
    if recorded.birth_ns is None or found.birth_ns is None:
        return recorded.same_file(found)
    return recorded.same_inode(found)


def absent_roots(
    entries: Iterable[SnapshotEntry], filesystems: Mapping[bytes, str], disk: DiskReader
) -> frozenset[bytes]:
    """The roots of entries at whose path another filesystem is than the one that was recorded.

    Some filesystems change their identity with each mount: where one of the first entries still is what it was, the disk is
    the right one, whatever it is called now.
    """
    called = {
        root: filesystem for root, filesystem in filesystems.items() if _is_called_otherwise(root, filesystem, disk)
    }
    looked_for = dict.fromkeys(called, 0)
    for entry in entries:
        if entry.root not in called or looked_for[entry.root] == N_LOOKED_FOR:
            continue
        looked_for[entry.root] += 1
        if _is_unchanged(entry, disk):
            del called[entry.root]
            if not called:
                break
    return frozenset(root for root in called if looked_for[root])


def _is_called_otherwise(root: bytes, filesystem: str, disk: DiskReader) -> bool:
    return disk.filesystem(Place(root, b"")) != filesystem


def _is_unchanged(entry: SnapshotEntry, disk: DiskReader) -> bool:
    try:
        attr = lstat_or_none(disk, entry.place)
    except OSError:
        return False
    return attr is not None and attr.fingerprint.same_file(entry.fingerprint)


@dataclass(slots=True)
class Restorer:
    """Plans one restore. `label` goes into the names of files that come beside others, such as `version 3`."""

    disk: DiskReader
    where: Callable[[], Whereabouts]
    has_content: Callable[[bytes], bool]
    label: str
    folder_mode: int
    _whereabouts: Whereabouts | None = None

    def plan(self, entries: Sequence[SnapshotEntry], every: Sequence[SnapshotEntry]) -> Restoration:
        """What brings `entries`, some or all of a version that has `every` one of these, to their names."""
        found = Restoration()
        there, missing = self._part(entries, found)
        taken = {each.place.absolute for each in there}
        leaving: set[bytes] = set()
        for entry in missing:
            source = self._source(entry, taken)
            if source is not None:
                taken.add(source.place.absolute)
                leaving.add(source.place.absolute)
                found.wanted.append(Wanted(entry, source, entry.place))
            elif entry.digest is not None and entry.level is not None and self.has_content(entry.digest):
                found.wanted.append(Wanted(entry, None, entry.place))
            else:
                found.gone.append(problem("gone", entry.place.absolute, words=GONE))
        self._choose_names(found, leaving)
        self._note_changes(found)
        self._plan_folders(found, entries, every)
        return found

    def _part(
        self, entries: Sequence[SnapshotEntry], found: Restoration
    ) -> tuple[list[SnapshotEntry], list[SnapshotEntry]]:
        """Those that are at their names, and those that are not."""
        there, missing, strange = [], [], []
        for entry in entries:
            if entry.kind is Kind.FOLDER:
                continue
            attr = self._look(entry.place)
            if attr is None or attr.kind is not entry.kind:
                missing.append(entry)
            elif is_one(entry.fingerprint, attr.fingerprint):
                there.append(entry)
                if attr.fingerprint.same_file(entry.fingerprint):
                    found.n_there += 1
                else:
                    found.newer.append(problem("modified", entry.place.absolute, words=STAYS_MODIFIED))
            else:
                strange.append((entry, attr))
        for entry, attr in strange:
            if self._where().of(entry) or self._belongs_elsewhere(attr, entries, entry):
                missing.append(entry)
            else:  # the recorded file is nowhere, and another has its name: it was saved anew
                there.append(entry)
                found.newer.append(problem("replaced", entry.place.absolute, words=STAYS_REPLACED))
        return there, missing

    def _belongs_elsewhere(self, attr: Attr, entries: Sequence[SnapshotEntry], at: SnapshotEntry) -> bool:
        """Whether what has the name is a file of the version that belongs to another name, and will leave."""
        return any(each is not at and is_one(each.fingerprint, attr.fingerprint) for each in entries)

    def _source(self, entry: SnapshotEntry, taken: set[bytes]) -> Seen | None:
        for each in self._where().of(entry):
            if each.place.absolute not in taken:
                return each
        anew = self._where().saved_anew(entry)
        return anew if anew is not None and anew.place.absolute not in taken else None

    def _choose_names(self, found: Restoration, leaving: set[bytes]) -> None:
        chosen: set[bytes] = set()
        for number, wanted in enumerate(found.wanted):
            place, beside = wanted.target, 0
            while place.absolute in chosen or (place.absolute not in leaving and self._look(place) is not None):
                beside += 1
                suffix = f" ({self.label})" if beside == 1 else f" ({self.label}, {beside})"
                folder, name = split(wanted.target.path)
                named = with_suffix_before_extension(name, suffix.encode(), NAME_MAX_BYTES)
                place = Place(place.root, join(folder, named))
            chosen.add(place.absolute)
            if beside:
                found.wanted[number] = wanted._replace(target=place)
                found.beside.append(found.wanted[number])

    def _note_changes(self, found: Restoration) -> None:
        for wanted in found.wanted:
            if wanted.source is None:
                continue
            recorded, now = wanted.entry.fingerprint, wanted.source.fingerprint
            if recorded.size_bytes != now.size_bytes or recorded.mtime_ns != now.mtime_ns:
                code = "modified" if is_one(recorded, now) else "replaced"
                found.newer.append(problem(code, wanted.source.place.absolute, words=GOES_AS_IT_IS))

    def _plan_folders(
        self, found: Restoration, entries: Sequence[SnapshotEntry], every: Sequence[SnapshotEntry]
    ) -> None:
        modes = {each.place: (each.mode or 0) & 0o7777 for each in every if each.kind is Kind.FOLDER}
        needed: Mapping[Place, None] = dict.fromkeys(
            [
                *(Place(one.target.root, path) for one in found.wanted for path in ancestors(one.target.path)),
                *(each.place for each in entries if each.kind is Kind.FOLDER),
            ]
        )
        missing = [place for place in needed if self._look(place) is None]
        missing.sort(key=lambda place: (place.absolute.count(b"/"), place.absolute))
        new = NewFolderModes(self.disk, self.folder_mode)
        found.folders = [(place, modes[place] if place in modes else new.of(place)) for place in missing]

    def _where(self) -> Whereabouts:
        if self._whereabouts is None:
            self._whereabouts = self.where()
        return self._whereabouts

    def _look(self, place: Place) -> Attr | None:
        try:
            return lstat_or_none(self.disk, place)
        except OSError:
            return None


N_LOOKED_FOR: Final = 1_000
GONE = "the file is in no folder that can be looked into now, and no snapshot holds its content"
STAYS_MODIFIED = "the file was modified since; its present content stays"
STAYS_REPLACED = "the file was saved anew since; the new one stays"
GOES_AS_IT_IS = "the file was changed since; its present content goes to the name it had"
