"""Python's garbage collector stands still while plans and runs of a million files are in memory.

There is next to nothing for it to find (only a tree, whose nodes know their folders, is a cycle, and a command has one), and
looking for it took a fifth of a commit's time. Everything else is given back by reference counts as always.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """The garbage collector stands still until the block, or the decorated function, is left; it may be nested."""
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()
