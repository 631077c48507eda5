"""Telling the kernel that what it remembers is out of date.

The kernel may make the writer of a notification wait for requests that are under way in the same folder or file. So there is one
thread for it, which holds no lock; the view only adds to a queue. Notifications of content are given to a worker if the file
may block, because they wait for its reads.

A folder has one name only in the kernel's memory. One that is found at a new place while the old name is being told of can be
put there only if nobody holds the folder that it was in, as the notification does; else whoever looks is told ESTALE. So a lookup
that has found a folder which has come there lately lets the notifications pass first (`let_pass`).

A call that changes what the kernel did not see changing (a written category, a reload) is answered when what it told is passed on, so
that whoever made it finds no old name (`when_all_passed`).
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from ifmosfs.platform.kernel_threads import start_thread
from ifmosfs.platform.kernel_wire import (
    INVAL_ENTRY_OUT,
    INVAL_INODE_OUT,
    MINOR_INC_EPOCH,
    NOTIFY_INC_EPOCH,
    NOTIFY_INVAL_ENTRY,
    NOTIFY_INVAL_INODE,
    OUT_BYTES,
    OUT_HEADER,
)
from ifmosfs.platform.kernel_workers import Workers
from ifmosfs.view.protocol import ChangedNames, ViewOperations
from ifmosfs.view.values import ROOT_INODE, FsError

LOG: Final = logging.getLogger("ifmosfs")

_UNKNOWN_INODE: Final = (1 << 64) - 2  # no view numbers a node so
_ATTRIBUTES_ONLY: Final = -1
_ALL_CONTENT: Final = 0
_NO_FOLDER: Final = 0
LET_PASS_S: Final = 0.05  # two lookups may wait for notifications that wait for the other
ALL_PASS_S: Final = 0.5  # a deletion of the same file may hold its folder, and wait for the call that waits for this


class _Entry(NamedTuple):
    parent: int
    name: bytes


class _Node(NamedTuple):
    inode: int
    has_new_content: bool


class _All(NamedTuple):
    pass


class _Once:
    """What the first of two threads does that come to it."""

    def __init__(self, do: Callable[[], None]) -> None:
        self._do = do
        self._first = threading.Lock()

    def __call__(self) -> None:
        if self._first.acquire(blocking=False):
            self._do()


class _Passed(NamedTuple):
    do: _Once
    late: threading.Timer


class Notifier:
    """`Invalidations`, written to the device by one thread. Nothing is written before `start`.

    `nudge` is called by that thread, when all that was told before has been passed on. `on_bug` is called if the thread has met a
    bug and ended: then the kernel is told nothing any more, and must not be served on.
    """

    def __init__(
        self,
        device: int,
        minor: int,
        view: ViewOperations,
        workers: Workers,
        nudge: Callable[[ChangedNames], None],
        on_bug: Callable[[], None],
    ) -> None:
        self._device = device
        self._has_epochs = minor >= MINOR_INC_EPOCH
        self._view = view
        self._workers = workers
        self._nudge = nudge
        self._on_bug = on_bug
        self._queue: queue.SimpleQueue[_Entry | _Node | _All | _Passed | ChangedNames] = queue.SimpleQueue()
        # The nodes of new names that are not passed on yet, and the folder whose name is being written; guarded by the condition.
        self._coming: Counter[int] = Counter()
        self._at = _NO_FOLDER
        self._progress = threading.Condition()
        self._is_started = False

    def start(self) -> bool:
        """Find out whether the kernel takes notifications, and begin to write them; `False` if it does not.

        A kernel that understands them says that it does not know the node; another would call the message invalid.
        """
        entry = self._write(NOTIFY_INVAL_ENTRY, _entry_out(_UNKNOWN_INODE, b"x"))
        node = self._write(NOTIFY_INVAL_INODE, INVAL_INODE_OUT.pack(_UNKNOWN_INODE, _ATTRIBUTES_ONLY, 0))
        self._has_epochs = self._has_epochs and self._write(NOTIFY_INC_EPOCH, b"") == 0
        if (entry, node) != (errno.ENOENT, errno.ENOENT):
            LOG.warning("the kernel takes no notifications (errors %d and %d)", entry, node)
            return False
        self._is_started = True
        start_thread("view-notifier", self._run, self._on_bug)
        return True

    def entry_changed(self, parent: int, name: bytes) -> None:
        """See `Invalidations`."""
        self._queue.put(_Entry(parent, name))

    def node_changed(self, inode: int, *, content: bool) -> None:
        """See `Invalidations`."""
        self._queue.put(_Node(inode, content))

    def all_changed(self) -> None:
        """See `Invalidations`."""
        self._queue.put(_All())

    def names_changed(self, names: ChangedNames) -> None:
        """See `Invalidations`."""
        with self._progress:
            self._coming.update(names.inodes)
        self._queue.put(names)

    def let_pass(self, parent: int, inode: int) -> None:
        """Before a folder is given to somebody who looked for it in `parent`: wait, not for long, until the old name of one that
        has come there lately is told. Not while a name in `parent` is told of, which waits for that very lookup to end."""
        if inode in self._coming:  # read without the lock: each lookup of a folder comes here
            with self._progress:
                self._progress.wait_for(lambda: inode not in self._coming or self._at == parent, LET_PASS_S)

    def when_all_passed(self, do: Callable[[], None]) -> None:
        """Have something done, in another thread, when all that was told before is passed on, or after `ALL_PASS_S`."""
        if not self._is_started:
            do()
            return
        once = _Once(do)
        late = threading.Timer(ALL_PASS_S, once)
        late.daemon = True
        late.start()
        self._queue.put(_Passed(once, late))

    def _run(self) -> None:
        while True:
            self._pass_on(self._queue.get())

    def _pass_on(self, item: _Entry | _Node | _All | _Passed | ChangedNames) -> None:
        if isinstance(item, _Entry):
            self._entry(item.parent, item.name)
        elif isinstance(item, _Node):
            self._node(item)
        elif isinstance(item, ChangedNames):
            self._have_come(item)
            self._nudge(item)
        elif isinstance(item, _Passed):
            item.late.cancel()
            item.do()
        elif not self._has_epochs or self._write(NOTIFY_INC_EPOCH, b""):
            self._top()

    def _entry(self, parent: int, name: bytes) -> None:
        """The name; and the attributes of the folder, which the kernel drops by itself only if it remembers the name."""
        self._now_at(parent)
        if self._write(NOTIFY_INVAL_ENTRY, _entry_out(parent, name)) == errno.ENOENT:
            self._write(NOTIFY_INVAL_INODE, INVAL_INODE_OUT.pack(parent, _ATTRIBUTES_ONLY, 0))
        self._now_at(_NO_FOLDER)

    def _now_at(self, folder: int) -> None:
        with self._progress:
            self._at = folder
            self._progress.notify_all()

    def _have_come(self, names: ChangedNames) -> None:
        """All that was told before these new names is passed on."""
        with self._progress:
            self._coming.subtract(names.inodes)
            self._coming = +self._coming
            self._progress.notify_all()

    def _node(self, node: _Node) -> None:
        first = _ALL_CONTENT if node.has_new_content else _ATTRIBUTES_ONLY
        message = INVAL_INODE_OUT.pack(node.inode, first, 0)
        if node.has_new_content and self._may_block(node.inode):
            self._workers.do(partial(self._write, NOTIFY_INVAL_INODE, message))
        else:
            self._write(NOTIFY_INVAL_INODE, message)

    def _may_block(self, inode: int) -> bool:
        try:
            return self._view.may_block(inode)
        except FsError:
            return False

    def _top(self) -> None:
        """Before epochs: what is below a folder that is told of goes with it; the rest is out of date for a second at most."""
        try:
            listing = self._view.opendir(ROOT_INODE)
            names = [dirent.name for dirent in listing.names(0, len(listing))]
        except FsError as refusal:  # the target does not answer, so there is nothing new to be seen either
            LOG.warning("the kernel is not told that all has changed: %s", refusal.kind.name)
            return
        for name in names:
            self._entry(ROOT_INODE, name)

    def _write(self, code: int, payload: bytes) -> int:
        """0, or the errno: ENOENT says that the kernel remembers nothing of it. A notification's code takes the error's place,
        and 0 that of the request's number."""
        try:
            os.write(self._device, OUT_HEADER.pack(OUT_BYTES + len(payload), code, 0) + payload)
        except OSError as error:
            return error.errno or errno.EIO
        return 0


def _entry_out(parent: int, name: bytes) -> bytes:
    return INVAL_ENTRY_OUT.pack(parent, len(name), 0) + name + b"\0"
