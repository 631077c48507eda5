"""A rehearsal: the same code on a disk that only remembers what would have happened, and a journal that keeps nothing.

`RehearsalDisk` answers as the disk would, later steps seeing earlier ones, and writes nothing. It knows names, kinds and
filesystems; what would be refused to this user it is told by `Refusals`, which are `core.preflight.Permissions`. It does not
read any content: a digest is made up from the identity.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final, Protocol

from blake3 import blake3

from ifmosfs.core.effects import ABSENT, parent
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.journal import FolderMeta, Journal, Operation, OpState, Outcome, Recorded, Run, RunState
from ifmosfs.core.names import SEPARATOR, NameRules, ancestors, join, split
from ifmosfs.core.ports import Copied, DiskReader, Space

FIRST_INODE: Final = 1 << 63  # beyond what filesystems give out
N_LATEST: Final = 16


class Refusals(Protocol):
    """What the system would not let this user do, as its errno; `None` for what it would."""

    def refusal(self, folder: Place, attr: Attr, entry: Attr | None = None) -> int | None:
        """Of making an entry in an existing folder with these attributes, or of taking `entry` away from it."""
        ...

    def copy_refusal(self, folder: Place, attr: Attr, entry: Attr) -> int | None:
        """Of giving a copy of `entry` in that folder what `entry` has."""
        ...

    def attributes_refusal(self, source: Place, folder: Place) -> int | None:
        """Of giving a copy in that folder the extended attributes of what the reader has at `source`."""
        ...

    def times_refusal(self, folder: Place, attr: Attr) -> int | None:
        """Of setting the folder's own times."""
        ...


class NoRefusals:
    """Everything is allowed."""

    def refusal(self, folder: Place, attr: Attr, entry: Attr | None = None) -> int | None:
        """Nothing is refused."""
        del folder, attr, entry
        return None

    def copy_refusal(self, folder: Place, attr: Attr, entry: Attr) -> int | None:
        """Nothing is refused."""
        del folder, attr, entry
        return None

    def attributes_refusal(self, source: Place, folder: Place) -> int | None:
        """Nothing is refused."""
        del source, folder
        return None

    def times_refusal(self, folder: Place, attr: Attr) -> int | None:
        """Nothing is refused."""
        del folder, attr
        return None


class RehearsalDisk:
    """A `Disk` over a `DiskReader`: what is changed is kept in memory, by absolute path (`None`: gone)."""

    def __init__(self, reader: DiskReader, refusals: Refusals | None = None) -> None:
        """Without `refusals` everything is allowed."""
        self._reader = reader
        self._refusals = refusals or NoRefusals()
        self._may_refuse = refusals is not None
        self._changed: dict[bytes, Attr | None] = {}
        self._names: dict[bytes, set[bytes]] = {}  # folder -> names in it that were changed
        self._unsorted: list[bytes] = []  # paths that were changed, but are not among these names yet
        self._origins: dict[bytes, Place] = {}  # moved entry -> where the reader has it
        self._carried: set[bytes] = set()  # those of them that are folders
        self._seen = _Seen(reader)
        # Folders that are there, as far as what was changed can tell, with all above them.
        self._sound: set[bytes] = set()
        # Over another rehearsal, whose made folders have entries, those made here are told by higher numbers.
        self._first_inode: int = reader.next_inode if isinstance(reader, RehearsalDisk) else FIRST_INODE
        self._next_inode: int = self._first_inode

    @property
    def next_inode(self) -> int:
        """The lowest number that it has not given out yet."""
        return self._next_inode + 1

    # Looking

    def looking(self) -> AbstractContextManager[None]:
        """See `DiskReader.looking`."""
        return self._reader.looking()

    def lstat(self, place: Place) -> Attr:
        """The attributes as they would be by now."""
        found = self._found(place)
        if isinstance(found, int):
            raise _error(found, place)
        return found

    def lstat_or_none(self, place: Place) -> Attr | None:
        """The same, `None` where nothing would be: without an error to be made and caught, which takes longer than the look."""
        found = self._found(place)
        return None if isinstance(found, int) else found

    def _found(self, place: Place) -> Attr | int:
        """The attributes, or the number of the error that says that nothing is there."""
        path = place.absolute
        if path in self._changed:
            return self._changed[path] or errno.ENOENT
        above = path.rpartition(SEPARATOR)[0]
        if above not in self._sound:
            lacking = self._lacking_above(place)
            if lacking is not None:
                return lacking
        folder = self._changed.get(above)
        if folder is not None and folder.inode >= self._first_inode:  # it is made here, so the disk has nothing in it
            return errno.ENOENT
        return self._seen.found(self._in_carried(place) if self._carried else place)

    def glance(self, place: Place, shown_inode: int) -> tuple[int, Attr]:
        """See `DiskReader.glance`."""
        attr = self.lstat(place)
        return attr.inode, replace(attr, inode=shown_inode)

    def trace(self, place: Place) -> tuple[int, int, int, int]:
        """See `DiskReader.trace`."""
        attr = self.lstat(place)
        return attr.mode, attr.device, attr.inode, attr.ctime_ns

    def arrival(self, place: Place, expected: Fingerprint) -> Fingerprint:
        """The fingerprint as it would be by now."""
        del expected
        return self.lstat(place).fingerprint

    def list_folder(self, place: Place) -> Sequence[tuple[bytes, Attr]]:
        """The entries as they would be by now."""
        folder = self.lstat(place)
        if folder.kind is not Kind.FOLDER:
            raise _error(errno.ENOTDIR, place)
        entries = {} if folder.inode >= self._first_inode else dict(self._reader.list_folder(self.origin(place)))
        for name in self._names_in(place.absolute):
            attr = self._changed[place.absolute.rstrip(b"/") + b"/" + name]
            if attr is None:
                entries.pop(name, None)
            else:
                entries[name] = attr
        return sorted(entries.items())

    def _names_in(self, path: bytes) -> Iterable[bytes]:
        """The names in a folder that were changed, which few ask for: they are sorted by their folders only then."""
        while self._unsorted:
            folder, name = split(self._unsorted.pop())
            self._names.setdefault(folder, set()).add(name)
        return self._names.get(path, ())

    def open_seen(self, place: Place) -> int:
        """See `DiskReader.open_seen`."""
        return self._reader.open_seen(self.origin(place))

    def open_read(self, place: Place) -> int:
        """A descriptor of the file where it really is now."""
        return self._reader.open_read(self.origin(place))

    def read_link(self, place: Place) -> bytes:
        """The text of the symlink where it really is now."""
        return self._reader.read_link(self.origin(place))

    def space(self, place: Place) -> Space:
        """Of the real filesystem; a rehearsal uses none."""
        return self._reader.space(place)

    def filesystem(self, place: Place) -> str:
        """Of the real filesystem."""
        return self._reader.filesystem(place)

    def name_rules(self, place: Place) -> NameRules:
        """Of the real filesystem."""
        return self._reader.name_rules(place)

    def keeps_numbers(self, place: Place) -> bool:
        """Whether the real filesystem does."""
        return self._reader.keeps_numbers(place)

    def unkept_attributes(self, source: Place, folder: Place) -> Sequence[str]:
        """Of the file where it really is now, in a folder of the real filesystem."""
        return self._reader.unkept_attributes(self.origin(source), folder)

    def digest(self, place: Place) -> bytes:
        """A value that is equal for an original and its rehearsed copy; no content is read."""
        origin = self._reader.lstat(self.origin(place))
        return f"rehearsed {origin.device} {origin.inode}".encode()

    def folder_meta(self, place: Place) -> FolderMeta:
        """Of the real folder, or of a made one what it was made with."""
        attr = self.lstat(place)
        if attr.inode < self._first_inode:
            return replace(self._reader.folder_meta(self.origin(place)), mtime_ns=attr.mtime_ns)
        return FolderMeta(stat.S_IMODE(attr.mode), attr.uid, attr.gid, attr.atime_ns, attr.mtime_ns)

    # Changing

    def make_folder(self, place: Place, mode: int) -> None:
        """Remember a new folder."""
        self._require_free(place)
        above = self._folder(parent(place))
        self._require_allowed(parent(place))
        inode = self._new_inode()
        self._set(place.absolute, replace(above, mode=stat.S_IFDIR | mode, inode=inode, birth_ns=None, n_links=2))

    def remove_folder(self, place: Place) -> None:
        """Remember that an empty folder is gone."""
        folder = self._folder(place)
        self._require_allowed(parent(place), folder)
        if self.list_folder(place):
            raise _error(errno.ENOTEMPTY, place)
        self._set(place.absolute, None)

    def restore_folder(self, place: Place, meta: FolderMeta) -> None:
        """Remember a folder's mode and owner."""
        folder = self._folder(place)
        self._set(place.absolute, replace(folder, mode=stat.S_IFDIR | meta.mode, uid=meta.uid, gid=meta.gid))

    def set_times(self, place: Place, atime_ns: int | None, mtime_ns: int) -> None:
        """Remember a folder's times."""
        folder = self._folder(place)
        if folder.inode < self._first_inode:
            _raise_if(self._refusals.times_refusal(place, folder), place)
        atime = folder.atime_ns if atime_ns is None else atime_ns
        self._set(place.absolute, replace(folder, atime_ns=atime, mtime_ns=mtime_ns))

    def rename_noreplace(self, source: Place, target: Place) -> None:
        """Remember a move within one filesystem; EXDEV between two."""
        if self._folder(parent(source)).device != self._folder(parent(target)).device:
            raise _error(errno.EXDEV, target)
        self.relocate(source, target)

    def relocate(self, source: Place, target: Place) -> None:
        """Remember a move, whatever filesystems the two ends are on."""
        attr, origin = self.lstat(source), self._origin(source)
        device = self._folder(parent(target)).device
        self._require_free(target)
        if self._may_refuse:  # else they were just seen to be folders
            self._require_allowed(parent(source), attr)
            self._require_allowed(parent(target))
        left, entered = source.absolute, target.absolute
        self._set(left, None)
        self._origins.pop(left, None)
        self._carried.discard(left)
        self._set(entered, attr if attr.device == device else replace(attr, device=device))
        self._origins[entered] = origin
        if attr.kind is Kind.FOLDER:
            self._carried.add(entered)

    def copy(self, source: Place, temporary: Place, expected: Fingerprint) -> Copied:
        """Remember a copy, without reading anything."""
        attr = self.lstat(source)
        if not attr.fingerprint.same_file(expected):
            raise _error(errno.ESTALE, source)
        folder = self._folder(parent(temporary))
        self._require_free(temporary)
        self._require_allowed(parent(temporary))
        _raise_if(self._refusals.copy_refusal(parent(temporary), folder, attr), temporary)
        _raise_if(self._refusals.attributes_refusal(self.origin(source), parent(temporary)), temporary)
        copied = replace(attr, device=folder.device, inode=self._new_inode(), n_links=1, birth_ns=None)
        self._set(temporary.absolute, copied)
        self._origins[temporary.absolute] = self.origin(source)
        return Copied(self._content_digest(temporary), copied)

    def add_copy(self, place: Place, attr: Attr, origin: Place) -> None:
        """Remember a file of which the reader has the content at `origin`, in a folder that is made for it."""
        above = self._reader.lstat(Place(origin.root, b""))
        if isinstance(self._found(Place(place.root, b"")), int):
            made = replace(above, mode=stat.S_IFDIR | 0o700, inode=self._new_inode(), birth_ns=None)
            self._set(place.root, made)
        self._set(place.absolute, replace(attr, device=above.device))
        self._origins[place.absolute] = origin

    def unlink_checked(self, place: Place, expected: Fingerprint) -> None:
        """Remember that a name is gone; the file stays, of course."""
        attr = self.lstat(place)
        if not attr.fingerprint.same_file(expected):
            raise _error(errno.ESTALE, place)
        self._require_allowed(parent(place), attr)
        self._set(place.absolute, None)

    def sync(self, folders: Iterable[Place]) -> None:
        """Nothing has been written, so nothing is waiting."""

    def _content_digest(self, place: Place) -> bytes:
        if self.lstat(place).kind is Kind.SYMLINK:
            return blake3(self.read_link(place)).digest()
        return self.digest(place)

    def origin(self, place: Place) -> Place:
        """Where the reader has what would be at the place by now."""
        self.lstat(place)
        return self._origin(place)

    def _origin(self, place: Place) -> Place:
        """The same of a place that has just been looked at."""
        return self._origins.get(place.absolute) or self._in_carried(place)

    def _in_carried(self, place: Place) -> Place:
        """Where the reader has what lies in a folder that was moved. What was changed in a folder before it was moved is not
        known there any more; nothing asks for it."""
        if not self._carried:
            return place
        inner, folder = b"", place.path
        while folder:
            above = Place(place.root, folder).absolute
            if above in self._carried:
                origin = self._origins[above]
                return Place(origin.root, join(origin.path, inner))
            folder, name = split(folder)
            inner = join(name, inner)
        return place

    def _folder(self, place: Place) -> Attr:
        attr = self.lstat(place)
        if attr.kind is not Kind.FOLDER:
            raise _error(errno.ENOTDIR, place)
        return attr

    def _lacking_above(self, place: Place) -> int | None:
        """The number of the error, where a folder on the way is gone, or is a file by now, of which the reader does not know."""
        for path in ancestors(place.path):
            above = Place(place.root, path).absolute
            if above in self._changed:
                changed = self._changed[above]
                if changed is None or changed.kind is not Kind.FOLDER:
                    return errno.ENOENT if changed is None else errno.ENOTDIR
        self._sound.update(Place(place.root, path).absolute for path in (b"", *ancestors(place.path)))
        return None

    def _require_free(self, place: Place) -> None:
        if not isinstance(self._found(place), int):
            raise _error(errno.EEXIST, place)

    def _require_allowed(self, folder: Place, entry: Attr | None = None) -> None:
        """A folder that the rehearsal has made is this user's own; any other may refuse to be changed."""
        attr = self._folder(folder)
        if attr.inode < self._first_inode:
            _raise_if(self._refusals.refusal(folder, attr, entry), folder)

    def _new_inode(self) -> int:
        self._next_inode += 1
        return self._next_inode

    def _set(self, path: bytes, attr: Attr | None) -> None:
        self._changed[path] = attr
        self._unsorted.append(path)
        if path in self._sound:
            self._sound.clear()


class _Seen:
    """What a reader has at places that nothing was done to, each folder asked for once, and anything else once while it is being
    dealt with: a step of a rehearsal looks at the same places several times."""

    def __init__(self, reader: DiskReader) -> None:
        self._reader = reader
        self._folders: dict[Place, Attr] = {}
        self._latest: dict[Place, Attr | int] = {}  # the attributes, or the number of the error

    def found(self, place: Place) -> Attr | int:
        """The attributes, or the number of the error that says that nothing is there."""
        return self._folders.get(place) or self._latest.get(place) or self._looked_at(place)

    def _looked_at(self, place: Place) -> Attr | int:
        found: Attr | int
        try:
            found = self._reader.lstat(place)
        except OSError as error:
            if error.errno not in ABSENT:
                raise
            found = error.errno or errno.ENOENT
        if isinstance(found, Attr) and found.kind is Kind.FOLDER:
            self._folders[place] = found
            return found
        if len(self._latest) >= N_LATEST:
            self._latest.clear()
        self._latest[place] = found
        return found


def _error(number: int, place: Place) -> OSError:
    return OSError(number, os.strerror(number), place.absolute)


def _raise_if(number: int | None, place: Place) -> None:
    if number is not None:
        raise _error(number, place)


class NullJournal:
    """A `Journal` that keeps nothing: a rehearsal has nothing to recover."""

    def begin(self, run: Run) -> None:
        """Keep nothing."""

    def intend(self, run_id: str, operations: Sequence[Operation]) -> None:
        """Keep nothing."""

    def settle(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Keep nothing."""

    def finish(self, run_id: str, state: RunState, at_ns: int, message: str | None) -> None:
        """Keep nothing."""

    def runs(self, plan_id: str | None = None) -> Sequence[Run]:
        """No runs."""
        return ()

    def unfinished(self) -> Sequence[Run]:
        """No runs."""
        return ()

    def recorded(self, run_id: str, states: Iterable[OpState] | None = None) -> Iterator[Recorded]:
        """No operations."""
        return iter(())


class RememberingJournal:
    """A `Journal` that shows what another one holds, and keeps what is added in memory: for several runs that are rehearsed one
    after the other, each of which must know what those before it did."""

    def __init__(self, journal: Journal) -> None:
        """Nothing is ever written to `journal`."""
        self._journal = journal
        self._runs: dict[str, Run] = {}
        self._rows: dict[str, dict[int, Recorded]] = {}

    def begin(self, run: Run) -> None:
        """Remember the run."""
        self._runs[run.run_id] = run
        self._rows[run.run_id] = {}

    def intend(self, run_id: str, operations: Sequence[Operation]) -> None:
        """Remember the operations."""
        for each in operations:
            self._rows[run_id][each.seq] = Recorded(each, Outcome(each.seq, OpState.INTENT))

    def settle(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Remember what became of them."""
        for each in outcomes:
            self._rows[run_id][each.seq] = replace(self._rows[run_id][each.seq], outcome=each)

    def finish(self, run_id: str, state: RunState, at_ns: int, message: str | None) -> None:
        """Remember the end."""
        self._runs[run_id] = replace(self._runs[run_id], state=state, finished_ns=at_ns, message=message)

    def runs(self, plan_id: str | None = None) -> Sequence[Run]:
        """All runs, the remembered ones last."""
        remembered = [run for run in self._runs.values() if plan_id in {None, run.plan_id}]
        return [*self._journal.runs(plan_id), *remembered]

    def unfinished(self) -> Sequence[Run]:
        """Those of the other journal; what is rehearsed comes to an end."""
        return self._journal.unfinished()

    def recorded(self, run_id: str, states: Iterable[OpState] | None = None) -> Iterator[Recorded]:
        """The operations of a run, remembered or not."""
        if run_id not in self._rows:
            yield from self._journal.recorded(run_id, states)
            return
        wanted = None if states is None else set(states)
        for _, row in sorted(self._rows[run_id].items()):
            if wanted is None or row.outcome.state in wanted:
                yield row
