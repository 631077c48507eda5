"""Ctrl-C heard between two steps of long work, and nothing cut off in between.

While files move, once finishes the batch, and twice stops after the file in hand.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from ifmosfs.core.execute import StopRequest

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def asked_to_stop(say: Callable[[StopRequest], None]) -> Iterator[Callable[[], StopRequest | None]]:
    """A function that tells what was asked for so far; SIGINT, SIGTERM and SIGHUP (a closed terminal) count.

    `say` is called at each signal.
    """
    asked: list[StopRequest] = []

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        asked.append(StopRequest.NOW if asked else StopRequest.FINISH_BATCH)
        say(asked[-1])

    previous = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield lambda: asked[-1] if asked else None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
