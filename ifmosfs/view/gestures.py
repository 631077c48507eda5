"""Which edits are one gesture, and so one step to undo: those of one program that follow one another quickly.

A file manager that deletes a folder, or drops twenty files, makes one call after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.plan import Edit
from ifmosfs.view.values import Caller

PAUSE_NS: Final = 2 * 10**9  # who pauses longer has made another gesture


@dataclass(slots=True)
class _Last:
    process: int
    step: int
    at_ns: int


class Gestures:
    """Tells the step that an edit belongs to. Not thread-safe: the view holds its lock."""

    def __init__(self, process_of: Callable[[int], int]) -> None:
        """`process_of`: the process that a thread belongs to, itself where that is not known."""
        self._process_of = process_of
        self._last: _Last | None = None

    def step(self, caller: Caller | None, now_ns: int) -> int:
        """The step that the caller's edit continues, 0 for none."""
        last = self._last
        if caller is None or last is None or not 0 <= now_ns - last.at_ns <= PAUSE_NS:
            return 0
        return last.step if self._process_of(caller.pid) == last.process else 0

    def made(self, caller: Caller | None, edit: Edit) -> None:
        """An edit was made; it has its step now."""
        self._last = None if caller is None else _Last(self._process_of(caller.pid), edit.step or edit.seq, edit.at_ns)

    def interrupted(self) -> None:
        """Somebody else has edited the plan: what comes now is another gesture."""
        self._last = None
