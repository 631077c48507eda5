"""What labelling a file takes, stage by stage: measured where it happens, and only when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final

NAMES: Final = "names"  # name, place, dates in the name
CONTENT: Final = "content"  # opening, first bytes, structure, words
EXTRACT: Final = "extract"  # asking for and waiting for what a worker finds; it works while others are looked at
JUDGING: Final = "judging"  # making one label of all findings, by rules
MODEL: Final = "model"  # the same by a model
STAGES: Final = (NAMES, CONTENT, EXTRACT, JUDGING, MODEL)


class Lap:
    """The times of one file. This one takes none: it is what files have with them in ordinary runs."""

    __slots__ = ()

    def begin(self) -> None:
        """From now on this file is worked on."""

    def end(self, stage: str) -> None:
        """What was done since the beginning, or the end of the last stage, was this stage's work; a stage may come again."""

    def add(self, stage: str, seconds: float) -> None:
        """This file's share of what was done for several at once."""


NO_LAP: Final = Lap()


class TimedLap(Lap):
    """The seconds that one file took, by stage."""

    __slots__ = ("_clock", "_since", "seconds")

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._since = clock()

    def begin(self) -> None:
        """See `Lap`."""
        self._since = self._clock()

    def end(self, stage: str) -> None:
        """See `Lap`."""
        now = self._clock()
        self.add(stage, now - self._since)
        self._since = now

    def add(self, stage: str, seconds: float) -> None:
        """See `Lap`."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


class Stopwatch:
    """The laps of files, in the order in which they were begun, which is that of their proposals."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.laps: list[TimedLap] = []
        self._clock = clock

    def lap(self) -> Lap:
        """A lap for the next file."""
        lap = TimedLap(self._clock)
        self.laps.append(lap)
        return lap
