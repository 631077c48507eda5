"""Which edits are one gesture, and so one step to undo: those of one program that follow one another quickly.

A file manager that deletes a folder, or drops twenty files, makes one call after the other. What comes between does not end a
gesture, neither a file that appears nor what another program does in a gesture of its own, as long as the gesture can still be
taken back as a whole after those that began later (`core.edit_log`): an edit that may have to do with one of a step that began
later begins another step, which is undone before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ifmosfs.core.plan import Edit, EditOrigin
from ifmosfs.core.touched import Touched
from ifmosfs.view.values import Caller

PAUSE_NS: Final = 2 * 10**9  # who pauses longer has made another gesture
MOST_AT_ONCE: Final = 8  # programs whose gestures are kept apart
MOST_BETWEEN: Final = 50_000  # edits of others during a gesture, which then ends; more are not remembered


@dataclass(slots=True)
class _Gesture:
    """`later`: what was touched since another step began."""

    step: int
    at_ns: int
    later: Touched


class Gestures:
    """Tells the step that an edit belongs to. Not thread-safe: the view holds its lock."""

    def __init__(self, process_of: Callable[[int], int], review_name: bytes) -> None:
        """`process_of`: the process that a thread belongs to, itself where that is not known."""
        self._process_of = process_of
        self._review_name = review_name
        self._going_on: dict[int, _Gesture] = {}  # by process, the one that was quiet longest first

    def step(self, caller: Caller | None, drafts: Sequence[Edit], now_ns: int) -> int:
        """The step that the caller's edits continue together, 0 for none: one that may not go on with it keeps all from it."""
        gesture = None if caller is None else self._going_on.get(self._process_of(caller.pid))
        if gesture is None or not _goes_on(gesture, now_ns) or any(map(gesture.later.concerns, drafts)):
            return 0
        return gesture.step

    def made(self, caller: Caller | None, edit: Edit) -> None:
        """An edit was made; it has its step now."""
        self._going_on = {
            process: gesture for process, gesture in self._going_on.items() if _goes_on(gesture, edit.at_ns)
        }
        for gesture in self._going_on.values():
            if gesture.step < edit.step:
                gesture.later.add(edit)
        if caller is not None:
            self._went_on(self._process_of(caller.pid), edit)

    def others_made(self, edits: Sequence[Edit]) -> None:
        """Edits have come in that were not made in this view. A person's, or a command's, end all gestures; what no person did
        (origin WATCH) belongs to no step, and ends none."""
        if any(edit.origin is not EditOrigin.WATCH for edit in edits):
            self._going_on.clear()
        for gesture in self._going_on.values():
            for edit in edits if gesture.later else ():  # it may follow from what a later step did
                gesture.later.add(edit)

    def _went_on(self, process: int, edit: Edit) -> None:
        gesture = self._going_on.pop(process, None)
        if gesture is None or gesture.step != edit.step:
            gesture = _Gesture(edit.step, edit.at_ns, Touched(self._review_name))
        gesture.at_ns = edit.at_ns
        self._going_on[process] = gesture
        if len(self._going_on) > MOST_AT_ONCE:
            del self._going_on[next(iter(self._going_on))]


def _goes_on(gesture: _Gesture, now_ns: int) -> bool:
    return 0 <= now_ns - gesture.at_ns <= PAUSE_NS and len(gesture.later) < MOST_BETWEEN
