"""What was found by a long look, and is looked for again by somebody who misses something: for views that live longer than what they
were made of is true."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ifmosfs.core.errors import IfmosfsError

T = TypeVar("T")

LOG = logging.getLogger(__name__)

REST_SECONDS: Final = 1.0
REST_FACTOR: Final = 4.0  # whoever misses for good what he asks for has it looked for in a fifth of the time at most


class LookedFor(Generic[T]):
    """Something found, with the look that finds it anew, in a thread of its own: a request that has waited enough goes on without.
    May be used from several threads."""

    def __init__(self, found: T, look: Callable[[T], T], *, clock: Callable[[], float] = time.monotonic) -> None:
        """`look` gets what was found last and returns what is found now; where it raises IfmosfsError or OSError, the last stays."""
        self._found = found
        self._look = look
        self._clock = clock
        self._change = threading.Condition()
        self._n_looks = 0  # that are over
        self._began_s: float | None = None  # the look that goes on now
        self._rested_s = clock()

    @property
    def found(self) -> tuple[int, T]:
        """What the last look has found, and its number."""
        with self._change:
            return self._n_looks, self._found

    def again(self, n_looks: int, patience_s: float, *, is_news: bool) -> bool:
        """Whether another look than that with the number is over, by now or before a look has taken longer than the patience.

        Where the last one was a moment ago, none is begun, unless it `is_news` that it was wrong: what it has found has gone since.
        """
        with self._change:
            if self._n_looks != n_looks:
                return True
            now_s = self._clock()
            if self._began_s is None:
                if now_s < self._rested_s and not is_news:
                    return False
                self._began_s = now_s
                threading.Thread(target=self._run, name="looking-again", daemon=True).start()
            left_s = self._began_s + patience_s - now_s
            return self._change.wait_for(lambda: self._n_looks != n_looks, max(left_s, 0.0))

    def _run(self) -> None:
        began_s, found = self._clock(), self._found
        try:
            found = self._look(found)
        except (IfmosfsError, OSError) as error:
            LOG.info("what was found before stays: %s", error)
        finally:
            with self._change:
                self._found = found
                self._n_looks += 1
                self._began_s = None
                now_s = self._clock()
                self._rested_s = now_s + max(REST_SECONDS, REST_FACTOR * (now_s - began_s))
                self._change.notify_all()
