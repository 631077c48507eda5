"""The threads beside the loop: what becomes of a bug in one of them.

Such a thread has no request to refuse, and whoever waits for it would wait for ever: a view whose changes nobody tells shows what is
not so. So a bug is logged and ends the serving of the view, as a bug in the loop does. What is expected to go wrong is handled
where it does, and never comes here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

LOG: Final = logging.getLogger("ifmosfs")


def start_thread(name: str, run: Callable[[], None], on_bug: Callable[[], None]) -> None:
    """Run something in a daemon thread of its own. If it raises anything, that is logged, and `on_bug` called by the thread."""
    threading.Thread(target=_run, args=(name, run, on_bug), name=name, daemon=True).start()


def _run(name: str, run: Callable[[], None], on_bug: Callable[[], None]) -> None:
    try:
        run()
    except BaseException:
        LOG.exception("bug in the thread %s", name)
        on_bug()
