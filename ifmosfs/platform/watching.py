"""Which paths below some folders have been touched: told by the kernel where it can, else found by looking again and again.

The kernel (inotify) does not tell of changes that other machines make on a network drive, nor of those behind most FUSE mounts,
and it watches a limited number of folders per user, of which at most half are taken here. Everywhere else the folders are polled.
A watcher never enters another mount, and nothing it is told to leave out. It is used by one thread; only `stop` may come from others.

The kernel watches folders, not paths: of one that is made anew, or whose disk is mounted again, it tells nothing. So whether the path
of a root still leads to the folder that is watched is looked at all the time, and one that is gone is waited for. A root whose path
leads through a symlink by now is gone, too: the roots that a watcher is given are resolved.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import select
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ifmosfs.core.names import is_within, join
from ifmosfs.core.ports import SHORT_OF_MEANS
from ifmosfs.platform import linux
from ifmosfs.platform.inotify import (
    IN_CREATE,
    IN_DELETE,
    IN_DELETE_SELF,
    IN_IGNORED,
    IN_ISDIR,
    IN_MOVE_SELF,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_Q_OVERFLOW,
    IN_UNMOUNT,
    Event,
    Inotify,
)
from ifmosfs.platform.mounts import mount_of

LOG: Final = logging.getLogger("ifmosfs")
LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_watches")
SILENT_TYPES: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "vboxsf", "virtiofs", "ncpfs"}
)
GATHER_S: Final = 0.2  # what is touched in such short intervals is told together …
GATHER_AT_MOST_S: Final = 1.0  # … but not later than this
REST_EVERY, REST_S = 32, 0.005  # folders, and seconds: who browses comes first while thousands of watches are set
ROOTS_EVERY_S: Final = 1.0  # whether they are there is looked at: a few system calls for each
IDLE_SHARE: Final = 10  # a poll that takes a second is not made more often than every ten

LeftOut = Callable[[bytes], bool]
"""Whether a folder, by its absolute path, is not to be entered."""


class Touched(NamedTuple):
    """Something at a path below a root may have changed: a file, or the entries of a folder; with `deep` everything below it."""

    root: bytes
    path: bytes
    deep: bool = False


def watch_limit() -> int | None:
    """How many folders this user may watch; `None` where the kernel does not tell of changes at all."""
    try:
        return int(LIMIT.read_text("ascii"))
    except (OSError, ValueError):
        return None


def tells_of_changes(root: bytes) -> bool:
    """Whether the filesystem of a folder tells of changes, whoever makes them."""
    mount = mount_of(root)
    return mount is None or not (mount.fstype in SILENT_TYPES or mount.fstype.startswith("fuse"))


class Watcher:
    """Watches roots, each in the way that works for it."""

    def __init__(
        self, roots: Sequence[bytes], left_out: LeftOut, poll_seconds: float, *, polls_only: bool = False
    ) -> None:
        """`polls_only`: as if no filesystem told of changes."""
        self._left_out = left_out
        self._poll_s = poll_seconds
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopped = False
        self._events = None if polls_only else _made_events(left_out)
        self._polled = {root: _Polled(root, left_out) for root in roots if not self._is_told(root)}
        self._told = [root for root in roots if root not in self._polled]
        self._next_poll = time.monotonic() + poll_seconds
        self._gone: set[bytes] = set()  # of those that the kernel tells of
        self._next_roots = 0.0

    def begin(self, since_ns: int) -> set[Touched]:
        """Start watching, which takes a while for many folders. Returns those that have changed since a moment (ns)."""
        touched: set[Touched] = set()
        for root in list(self._told):
            touched |= self._watch(root, since_ns)
        for polled in self._polled.values():
            touched |= polled.begin(since_ns)
        return touched

    def wait(self, seconds: float) -> set[Touched]:
        """What was touched, as soon as anything was; nothing after so many seconds, or when the watcher was stopped."""
        deadline = time.monotonic() + seconds
        touched: set[Touched] = set()
        while not touched and not self._stopped:
            now = time.monotonic()
            if self._polled and now >= self._next_poll:
                touched |= self._poll()
            elif self._told and now >= self._next_roots:
                touched |= self._roots()
            elif now >= deadline:
                break
            elif self._ready(min(deadline, self._next_look) - now):
                touched |= self._gathered()
        return touched

    @property
    def _next_look(self) -> float:
        """When something is to be looked at that nothing tells of."""
        next_poll = self._next_poll if self._polled else math.inf
        return min(next_poll, self._next_roots if self._told else math.inf)

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Let `wait` return, now and ever after; from any thread."""
        self._stopped = True
        os.write(self._wake_writer, b"x")

    def close(self) -> None:
        """Release the descriptors."""
        if self._events is not None:
            self._events.inotify.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _is_told(self, root: bytes) -> bool:
        if self._events is not None and tells_of_changes(root):
            return True
        LOG.info("%s is looked at every %g s: nothing tells of changes there", os.fsdecode(root), self._poll_s)
        return False

    def _watch(self, root: bytes, since_ns: int) -> set[Touched]:
        assert self._events is not None
        try:
            return self._events.watch(root, b"", since_ns)
        except OSError as error:
            return self._fall_back(root, error, since_ns)

    def _fall_back(self, root: bytes, error: OSError, since_ns: int) -> set[Touched]:
        """Poll a root that cannot be watched."""
        assert self._events is not None
        self._events.let_go(root, b"")
        why = "there are too many folders to watch" if error.errno == errno.ENOSPC else error.strerror
        LOG.info("%s is looked at every %g s: %s", os.fsdecode(root), self._poll_s, why)
        return self._poll_from_now_on(root, since_ns)

    def _poll_from_now_on(self, root: bytes, since_ns: int) -> set[Touched]:
        self._told.remove(root)
        self._polled[root] = _Polled(root, self._left_out)
        return self._polled[root].begin(since_ns)

    def _roots(self) -> set[Touched]:
        """Look whether the paths of the watched roots lead to the folders that are watched. One that has gone, come back or become
        another folder has changed with all that is in it."""
        assert self._events is not None
        touched: set[Touched] = set()
        for root in list(self._told):
            try:
                there = _folder_at(root, insists=True)
            except OSError:
                continue  # it cannot be looked at just now
            if there is None and root not in self._gone:
                LOG.info("%s is gone, or is no folder any more: it is waited for", os.fsdecode(root))
                self._events.let_go(root, b"")
                self._gone.add(root)
                touched.add(Touched(root, b"", deep=True))
            elif there is not None and _identity(there) != self._events.tops.get(root):
                LOG.info("%s is another folder, or there again: it is watched anew", os.fsdecode(root))
                self._events.let_go(root, b"")
                self._gone.discard(root)
                self._watch_anew(root)
                touched.add(Touched(root, b"", deep=True))
        self._next_roots = time.monotonic() + ROOTS_EVERY_S
        return touched

    def _watch_anew(self, root: bytes) -> None:
        """Watch a root that has come back, perhaps from another disk. That all in it may have changed is told already."""
        now_ns = time.time_ns()
        if self._is_told(root):
            self._watch(root, now_ns)
        else:
            self._poll_from_now_on(root, now_ns)

    def _ready(self, seconds: float) -> bool:
        descriptors = [self._wake_reader]
        if self._events is not None:
            descriptors.append(self._events.inotify.descriptor)
        readable, _, _ = select.select(descriptors, [], [], max(seconds, 0.0))
        return bool(readable) and readable != [self._wake_reader]

    def _gathered(self) -> set[Touched]:
        """All that follows in quick succession."""
        touched: set[Touched] = set()
        end = time.monotonic() + GATHER_AT_MOST_S
        while not self._stopped:
            touched |= self._events_read()
            if time.monotonic() >= end or not self._ready(GATHER_S):
                break
        return touched

    def _events_read(self) -> set[Touched]:
        assert self._events is not None
        touched = set()
        for event in list(self._events.inotify.read()):
            try:
                touched |= self._events.taken(event)
            except _TooMany as error:
                touched |= self._fall_back(error.root, error.error, 0)
                touched.add(Touched(error.root, b"", deep=True))
        return touched

    def _poll(self) -> set[Touched]:
        begun = time.monotonic()
        touched: set[Touched] = set()
        for polled in self._polled.values():
            touched |= polled.changes()
        took = time.monotonic() - begun
        self._next_poll = time.monotonic() + max(self._poll_s, IDLE_SHARE * took)
        return touched


def _made_events(left_out: LeftOut) -> _Events | None:
    limit = watch_limit()
    try:
        return None if limit is None else _Events(Inotify(), left_out, limit // 2)
    except OSError as error:
        LOG.info("the kernel tells of no changes (%s)", error.strerror)
        return None


class _TooMany(Exception):
    """No more folders of a root can be watched. `error` says why."""

    def __init__(self, root: bytes, error: OSError) -> None:
        super().__init__(root)
        self.root = root
        self.error = error


class _Events:
    """The watches on folders, and what their events mean."""

    def __init__(self, inotify: Inotify, left_out: LeftOut, most: int) -> None:
        self.inotify = inotify
        self._left_out = left_out
        self._most = most
        self._folders: dict[int, tuple[bytes, bytes]] = {}  # watch → root, path
        self.tops: dict[bytes, tuple[int, int]] = {}  # root → which folder is watched

    def watch(self, root: bytes, path: bytes, since_ns: int) -> set[Touched]:
        """Watch a folder and all below it; returns those that have changed since. Raises OSError ENOSPC for too many; what cannot
        be watched for any other reason is left out; whatever there was nothing left to look with."""
        touched: set[Touched] = set()
        top = None if path else _folder_at(root, insists=True)
        if top is not None:
            self.tops[root] = _identity(top)
        for n_seen, (folder, mtime_ns) in enumerate(_folders_below(root, path, self._left_out, is_near=True), 1):
            if n_seen % REST_EVERY == 0:
                time.sleep(REST_S)
            if len(self._folders) >= self._most:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            try:
                self._folders[self.inotify.add(_absolute(root, folder))] = (root, folder)
            except OSError as error:
                if error.errno in {errno.ENOSPC, errno.ENOMEM}:
                    raise
                continue
            if mtime_ns >= since_ns:
                touched.add(Touched(root, folder))
        return touched

    def let_go(self, root: bytes, path: bytes) -> None:
        """Watch a folder and what is below it no longer."""
        gone = [watch for watch, (its, folder) in self._folders.items() if its == root and is_within(folder, path)]
        for watch in gone:
            self.inotify.remove(watch)
            del self._folders[watch]
        if not path:
            self.tops.pop(root, None)

    def taken(self, event: Event) -> set[Touched]:
        """What an event says, after the watches were made to follow it. Raises `_TooMany`."""
        if event.mask & IN_Q_OVERFLOW:
            return {Touched(root, b"", deep=True) for root in {root for root, _ in self._folders.values()}}
        known = self._folders.get(event.watch)
        if known is None:
            return set()
        root, folder = known
        if not folder and event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED):
            self.tops.pop(root, None)  # there may be a new folder with the same number when its path is looked at
        if event.mask & IN_IGNORED:
            del self._folders[event.watch]
        if event.mask & (IN_IGNORED | IN_UNMOUNT):
            return set()  # that it has gone was told, or is seen when the roots are looked at
        if event.mask & (IN_DELETE_SELF | IN_MOVE_SELF):
            return {Touched(root, folder, deep=True)}
        path = join(folder, event.name)
        if event.mask & IN_ISDIR:
            return self._folder_event(root, path, event.mask)
        return {Touched(root, path)}

    def _folder_event(self, root: bytes, path: bytes, mask: int) -> set[Touched]:
        if mask & (IN_MOVED_FROM | IN_DELETE):
            self.let_go(root, path)
        elif mask & (IN_CREATE | IN_MOVED_TO):
            if self._left_out(_absolute(root, path)):
                return set()
            try:
                self.watch(root, path, time.time_ns())
            except OSError as error:
                raise _TooMany(root, error) from error
        else:
            return set()  # its mode or times, which the plan does not hold
        return {Touched(root, path, deep=True)}


class _Polled:
    """A root that is looked at again and again; of each folder only a number is kept that says what was in it."""

    def __init__(self, root: bytes, left_out: LeftOut) -> None:
        self._root = root
        self._left_out = left_out
        self._seen: dict[bytes, int] = {}

    def begin(self, since_ns: int) -> set[Touched]:
        """Look for the first time; returns the folders that have changed since."""
        changed = set()
        for folder, mtime_ns in _folders_below(self._root, b"", self._left_out):
            self._seen[folder] = self._sum(folder)
            if mtime_ns >= since_ns:
                changed.add(Touched(self._root, folder))
        return changed

    def changes(self) -> set[Touched]:
        """The folders that are not as they were at the last look."""
        touched: set[Touched] = set()
        now: dict[bytes, int] = {}
        for folder, _ in _folders_below(self._root, b"", self._left_out):
            now[folder] = self._sum(folder)
            before = self._seen.get(folder)
            if before != now[folder]:
                touched.add(Touched(self._root, folder, deep=before is None))
        touched.update(Touched(self._root, folder, deep=True) for folder in self._seen.keys() - now.keys())
        self._seen = now
        return touched

    def _sum(self, folder: bytes) -> int:
        """A number that differs when an entry of the folder does, but for a chance of one to 2**64."""
        total = 0
        for entry in _entries(_absolute(self._root, folder)):
            found = _looked_at(entry)
            if found is not None and not stat.S_ISDIR(found.st_mode):
                total ^= hash((entry.name, found.st_ino, found.st_size, found.st_mtime_ns))
        return total


def _folders_below(
    root: bytes, path: bytes, left_out: LeftOut, *, is_near: bool = False
) -> Iterator[tuple[bytes, int]]:
    """(path, modification time) of a folder and those below it on the same filesystem, links not followed, parents first.

    `is_near`: its filesystem always answers, so that what the listing says of kinds may be relied on, which spares most looks. OSError
    then where there is nothing left to look with.
    """
    top = _folder_at(_absolute(root, path), insists=is_near)
    if top is None:
        return
    pending = [(path, top)]
    while pending:
        folder, found = pending.pop()
        yield folder, found.st_mtime_ns
        for entry in _entries(_absolute(root, folder), insists=is_near):
            if left_out(entry.path) or (is_near and not entry.is_dir(follow_symlinks=False)):
                continue
            below = _looked_at(entry)
            if below is not None and stat.S_ISDIR(below.st_mode) and below.st_dev == top.st_dev:
                pending.append((join(folder, entry.name), below))


def _folder_at(path: bytes, *, insists: bool = False) -> os.stat_result | None:
    """What a folder is; `None` for an absolute path that leads to none, or through a symlink. With `insists`, OSError where there is
    nothing left to look with."""
    try:
        descriptor = linux.open_straight(path, linux.O_PATH | os.O_DIRECTORY)
    except OSError as error:
        if insists and error.errno in SHORT_OF_MEANS:
            raise
        return None
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _identity(folder: os.stat_result) -> tuple[int, int]:
    return folder.st_dev, folder.st_ino


def _entries(folder: bytes, *, insists: bool = False) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        if insists and error.errno in SHORT_OF_MEANS:
            raise
        return []


def _looked_at(entry: os.DirEntry[bytes]) -> os.stat_result | None:
    """What an entry is. Not by its own `stat` and `is_dir`: while these wait for a drive that does not answer no other thread of
    Python goes on, so the whole view would wait."""
    try:
        return os.lstat(entry.path)
    except OSError:
        return None


def _absolute(root: bytes, path: bytes) -> bytes:
    return root.rstrip(b"/") + b"/" + path if path else root
