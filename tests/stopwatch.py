"""Bounds on how long one thing may take, for inputs on which bad code takes minutes."""

from __future__ import annotations

import time
from collections.abc import Callable

TRIES = 3


def ends_within(seconds: float, work: Callable[[], object]) -> bool:
    """Whether the work takes this thread no more of the processor than that. A try that took longer is repeated: a collection of
    the garbage of all tests before may fall into one, not into each."""
    for _ in range(TRIES):
        started = time.thread_time()
        work()
        if time.thread_time() - started <= seconds:
            return True
    return False
