"""Having the kernel tell who watches a folder (inotify) of names that have come or gone without a call to it.

It tells of what is done through the mount only, and this process must never go into its own mount. So a short-lived process, the
nudger, makes the renames that the view grants it (`view.nudges`): they change nothing. One at a time, and what has come up meanwhile
together. It keeps nothing of the mount open, is killed when it is late, and nobody waits for it but the thread here.

A rename never goes over a name that is there: the kernel would take what it stands for to be removed.
"""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from ifmosfs.platform.kernel_threads import start_thread
from ifmosfs.view.protocol import ChangedNames, Nudging

LOG: Final = logging.getLogger("ifmosfs")

LIMIT_S: Final = 5.0
PAUSE_S: Final = 0.2  # a program that deletes a thousand files is not to start a hundred nudgers

# Reads what it may do only after it was started, so that by then the view knows its process id. AT_FDCWD, RENAME_NOREPLACE.
_PROGRAM: Final = r"""
import ctypes, sys
rename = ctypes.CDLL(None).renameat2
paths = iter(sys.stdin.buffer.read().split(b"\0"))
for old, new in zip(paths, paths):
    rename(-100, old, -100, new, 1)
"""
_COMMAND: Final = (sys.executable, "-I", "-S", "-c", _PROGRAM)


class NudgedView(Protocol):
    """What is needed of a view."""

    def nudging(self, names: Sequence[ChangedNames]) -> AbstractContextManager[Nudging]:
        """See `ViewOperations`."""
        ...


class Nudger:
    """Has who watches told of changed names in the view that is mounted at a place."""

    def __init__(
        self, mount_point: bytes, view: NudgedView, on_bug: Callable[[], None], limit_s: float = LIMIT_S
    ) -> None:
        """`on_bug` is called if the thread that does it has met a bug and ended."""
        self._mount_point = mount_point
        self._limit_s = limit_s
        self._on_bug = on_bug
        self._view = view
        self._queue: queue.SimpleQueue[ChangedNames] = queue.SimpleQueue()
        self._start = threading.Lock()
        self._is_started = False

    def nudge(self, names: ChangedNames) -> None:
        """Have it done soon."""
        self._queue.put(names)
        with self._start:
            if not self._is_started:
                start_thread("view-nudger", self._run, self._on_bug)
                self._is_started = True

    def _run(self) -> None:
        while True:
            names = [self._queue.get()]
            while not self._queue.empty():
                names.append(self._queue.get())
            with self._view.nudging(names) as nudging:
                if nudging.renames:
                    self._make(nudging)
            time.sleep(PAUSE_S)

    def _make(self, nudging: Nudging) -> None:
        paths = [os.path.join(self._mount_point, path) for pair in nudging.renames for path in pair]
        try:
            process = subprocess.Popen(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/"
            )
        except OSError as error:
            LOG.warning("who watches is not told of changes: no process can be started (%s)", error.strerror)
            return
        nudging.pid = process.pid
        with process:
            try:
                _, errors = process.communicate(b"\0".join(paths), self._limit_s)
            except subprocess.TimeoutExpired:
                process.kill()
                LOG.warning("who watches is not told of all changes: it took too long")
                return
        if process.returncode:
            LOG.warning("who watches is not told of changes: %s", errors.decode("utf-8", "replace").strip()[-200:])
