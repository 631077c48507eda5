"""Threads for work that may take long: as many as there is such work at once, up to a few hundred."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final

from ifmosfs.platform.kernel_threads import start_thread

N_MOST: Final = 300
IDLE_SECONDS: Final = 30.0

Work = Callable[[], object]


class Workers:
    """A pool that grows while all its threads are busy, and shrinks when they have nothing to do.

    The threads are daemons: one that hangs in a dead network drive must not keep the process from ending. Work does not raise: it
    answers a request, whatever comes. If it does all the same, `on_bug` is called, and its thread ends.
    """

    def __init__(self, on_bug: Callable[[], None], n_most: int = N_MOST, idle_seconds: float = IDLE_SECONDS) -> None:
        self._on_bug = on_bug
        self._n_most = n_most
        self._idle_seconds = idle_seconds
        self._queue: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._n_threads = 0
        self._n_due = 0  # work that is queued or being done

    def do(self, work: Work) -> None:
        """Have something done soon, by a thread of its own if none is free."""
        with self._lock:
            self._n_due += 1
            must_grow = self._n_due > self._n_threads < self._n_most
            self._n_threads += must_grow
        self._queue.put(work)
        if must_grow:
            start_thread("view-worker", self._run, self._on_bug)

    def _run(self) -> None:
        while True:
            try:
                work = self._queue.get(timeout=self._idle_seconds)
            except queue.Empty:
                if self._may_end():
                    return
                continue
            work()
            with self._lock:
                self._n_due -= 1

    def _may_end(self) -> bool:
        """Whether this thread, which has waited in vain, is one too many."""
        with self._lock:
            if self._n_threads <= self._n_due:
                return False
            self._n_threads -= 1
            return True
