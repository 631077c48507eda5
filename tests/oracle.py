"""The oracle of every proof on a real disk: what must hold after a kill, an error, a full disk or a power cut.

Nothing is lost and nothing was overwritten: the multiset of (content, size) before is part of the one after, and where nothing is
copied the inodes are the same. When all has been recovered there is not one copy too many, no temporary name is left, both
databases are whole, what was reported is what is there, and exit status 0 was given only when nothing stayed behind.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

CONTROL = b".ifmosfs"
DATABASES = ("journal.db", "catalogue.db")
Folder = os.PathLike[str] | bytes


class Item(NamedTuple):
    """A file or symlink, whatever its name: its content, size, and its inode where it must not be copied."""

    kind: str
    digest: str
    size_bytes: int
    inode: int | None = None


class Entry(NamedTuple):
    """All that must come back with an entry. Times of folders are part of it; a folder's size is nobody's business."""

    mode: int
    owner: tuple[int, int]
    mtime_ns: int
    content: str | None
    xattrs: tuple[tuple[str, bytes], ...]


Picture = dict[bytes, Entry]


def stock(*folders: Folder, inodes: bool = False) -> Counter[Item]:
    """The multiset of all files and symlinks below folders, the vault included, without the journals beside the data."""
    found: Counter[Item] = Counter()
    for path in _files(*folders):
        row = os.lstat(path)
        found[Item(_kind(row.st_mode), content_of(path, row.st_mode), row.st_size, row.st_ino if inodes else None)] += 1
    return found


def picture(folder: Folder) -> Picture:
    """Every entry below a folder by its relative path, the folder itself as ``b"."``; empty where there is no folder."""
    top = os.fsencode(folder)
    return {os.path.relpath(path, top): _entry(path) for path in _entries(top)} if os.path.lexists(top) else {}


def content_of(path: bytes, mode: int) -> str:
    """A digest of a file's bytes or of a symlink's text; holes read as zeros."""
    if stat.S_ISLNK(mode):
        return hashlib.sha256(os.readlink(path)).hexdigest()
    if not stat.S_ISREG(mode):
        return "special"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def temporary_names(*folders: Folder) -> list[bytes]:
    """The names that the program reserves for work in hand and that are left over."""
    return [
        path for folder in folders for path in _entries(os.fsencode(folder)) if b".ifmosfs-" in os.path.basename(path)
    ]


def damage(state: Path) -> dict[str, list[str]]:
    """What SQLite finds wrong with the databases in a state folder: nothing."""
    found = {}
    for name in DATABASES:
        if not (state / name).exists():
            continue
        connection = sqlite3.connect(state / name)
        try:
            rows = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        finally:
            connection.close()
        if rows != ["ok"]:
            found[name] = rows
    return found


class Oracle:
    """Made before anything happens; `folders` are the roots and the target, `state` the program's own folder."""

    def __init__(self, roots: Sequence[Path], target: Path, state: Path, near: Sequence[Path] = ()) -> None:
        """`near`: roots on the target's filesystem, whose files must keep their inodes."""
        self.roots, self.target, self.state, self.near = tuple(roots), target, state, tuple(near)
        self.folders = (*self.roots, target)
        self.before = stock(*self.folders)
        self.inodes_before = stock(*self.near, inodes=True)
        self.n_scanned = self.n_in_roots()
        self.pictures = {folder: picture(folder) for folder in self.folders}

    def assert_nothing_lost(self, when: object = "") -> None:
        """At any moment: every file is somewhere, with its bytes; those that are only renamed with their inode."""
        lost = self.before - stock(*self.folders)
        assert not lost, (when, "lost", lost)
        gone = self.inodes_before - stock(*self.folders, inodes=True)
        assert not gone, (when, "lost, or copied where it should be moved", gone)

    def assert_settled(self, when: object = "") -> None:
        """After a recovery: also no file twice, no temporary name, both databases whole."""
        self.assert_nothing_lost(when)
        too_many = stock(*self.folders) - self.before
        assert not too_many, (when, "twice", too_many)
        assert temporary_names(*self.folders) == [], when
        assert damage(self.state) == {}, when

    def assert_as_before(
        self,
        when: object = "",
        *,
        target_time_may_differ: bool = False,
        told: Collection[str] = (),
    ) -> None:
        """After a rollback: every tree with all its attributes is what it was.

        `target_time_may_differ`: the system did not let it be set, as it does in somebody else's folder.
        `told`: folders of which the run has said that their times could not be set.
        """
        self.assert_settled(when)
        for folder, before in self.pictures.items():
            found, wanted = picture(folder), before
            if target_time_may_differ and folder == self.target and b"." in found:
                wanted = before | {b".": before[b"."]._replace(mtime_ns=found[b"."].mtime_ns)}
            wanted = {
                path: entry._replace(mtime_ns=found[path].mtime_ns)
                if path in found and os.fsdecode(os.path.normpath(os.path.join(os.fsencode(folder), path))) in told
                else entry
                for path, entry in wanted.items()
            }
            assert found == wanted, (when, folder, _differences(found, wanted))

    def n_in_roots(self) -> int:
        """How many files are still, or again, in the roots."""
        return sum(1 for _ in _files(*self.roots))


def assert_true(fields: dict[str, Any], status: int, n_left_roots: int) -> None:
    """What a commit or rollback reports as JSON is what happened, and its exit status says whether all of it was done.

    `n_left_roots`: how many files went out of the roots (commit) or came back into them (rollback) meanwhile.
    """
    behind = fields["conflicts"] + fields["failed"] + fields["skipped"]
    assert fields["moved"] == n_left_roots, (fields, n_left_roots)
    assert (status == 0) == (behind == 0), (status, fields)
    assert behind == 0 or fields["problems"] or fields["skipped"], fields


def _kind(mode: int) -> str:
    return {stat.S_IFREG: "file", stat.S_IFLNK: "symlink"}.get(stat.S_IFMT(mode), "special")


def _entries(top: bytes) -> Iterator[bytes]:
    yield top
    for here, folders, names in os.walk(top):
        if os.path.basename(here) == CONTROL:
            folders[:] = [name for name in folders if name == b"vault"]
        for name in folders if os.path.basename(here) == CONTROL else (*folders, *names):
            yield os.path.join(here, name)


def _files(*folders: Folder) -> Iterator[bytes]:
    for folder in folders:
        if os.path.lexists(os.fsencode(folder)):
            yield from (path for path in _entries(os.fsencode(folder)) if not stat.S_ISDIR(os.lstat(path).st_mode))


def _entry(path: bytes) -> Entry:
    row = os.lstat(path)
    content = None if stat.S_ISDIR(row.st_mode) else content_of(path, row.st_mode)
    return Entry(row.st_mode, (row.st_uid, row.st_gid), row.st_mtime_ns, content, tuple(_xattrs(path)))


def _xattrs(path: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return
    for name in sorted(names):
        yield name, os.getxattr(path, name, follow_symlinks=False)


def _differences(found: Picture, wanted: Picture) -> dict[bytes, tuple[Entry | None, Entry | None]]:
    return {
        path: (found.get(path), wanted.get(path))
        for path in sorted({*found, *wanted})
        if found.get(path) != wanted.get(path)
    }
