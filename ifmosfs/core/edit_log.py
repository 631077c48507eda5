"""The log of a plan's edits: which of them are in force, and which steps can be taken back or made again. Pure.

The log only grows. An UNDO takes one step back, a REDO makes one again, and both are rows like the edits themselves, so that
the number of the last row tells whether anything has happened since. As in an editor, undo takes the newest step in force,
redo the one that was taken back last, and a new edit ends all redoing. So the edits in force, in the order of their numbers,
are always those that were in force before the first step that is undone: they can be replayed.

What no person did (origin WATCH: a file has appeared, changed or been renamed) belongs to no step, is always in force, and does not
end redoing: a step that is made again is replayed on exactly the edits that it was made on. Such an edit itself may come to be
replayed on others than it was made on; `core.tree.PlanTree.replay` makes the best of it.

The rows of a step follow each other without another between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ifmosfs.core.plan import Edit, EditKind, EditOrigin

RETRACING: Final = frozenset({EditKind.UNDO, EditKind.REDO})


@dataclass(frozen=True, slots=True)
class UndoStep:
    """The edits of one gesture, such as a drag of several files: what one undo takes back. There is at least one."""

    number: int
    edits: tuple[Edit, ...]
    in_force: bool

    @property
    def at_ns(self) -> int:
        """When it began."""
        return self.edits[0].at_ns

    @property
    def origin(self) -> EditOrigin:
        """Where it was made."""
        return self.edits[0].origin


def effective(log: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits in force, in their order: what a tree replays."""
    rows = tuple(log)
    undone = _undone(rows)
    return tuple(row for row in rows if row.kind not in RETRACING and row.step not in undone)


def last_number(log: Sequence[Edit]) -> int:
    """The number of the last row, of whatever kind; 0 for an empty log."""
    return log[-1].seq if log else 0


def steps(log: Iterable[Edit]) -> list[UndoStep]:
    """All steps, the oldest first."""
    rows = tuple(log)
    undone = _undone(rows)
    edits: dict[int, list[Edit]] = {}
    for row in rows:
        if row.kind not in RETRACING and row.origin is not EditOrigin.WATCH:
            edits.setdefault(row.step, []).append(row)
    return [UndoStep(number, tuple(own), number not in undone) for number, own in edits.items()]


def undoable(log: Iterable[Edit]) -> list[UndoStep]:
    """The steps in force, the newest, which undo takes first, at the head."""
    return [step for step in reversed(steps(log)) if step.in_force]


def redoable(log: Iterable[Edit]) -> list[UndoStep]:
    """The steps that were taken back since the last new edit, the one that redo takes first at the head."""
    rows = tuple(log)
    waiting: list[int] = []
    for row in rows:
        if row.kind is EditKind.UNDO:
            waiting.append(row.step)
        elif row.kind is EditKind.REDO:
            waiting = [number for number in waiting if number != row.step]
        elif row.origin is not EditOrigin.WATCH:
            waiting = []
    known = {step.number: step for step in steps(rows)} if waiting else {}
    return [known[number] for number in reversed(waiting)]


def retracing(kind: EditKind, step: UndoStep, at_ns: int) -> Edit:
    """The draft of an UNDO or a REDO of a step."""
    return Edit(0, kind, b"", None, at_ns, step=step.number, origin=EditOrigin.COMMAND)


def numbered(drafts: Iterable[Edit], last: Edit | None) -> Iterator[Edit]:
    """The drafts with the numbers and steps they have when they follow the row `last` of a log (`None`: it is empty).

    They are one step together. A draft that names a step joins that one instead while it is the newest in force and nothing
    was taken back or made again since, which is the case as long as its edits are the last rows.
    """
    own = 0
    for draft in drafts:
        seq = 1 if last is None else last.seq + 1
        step = draft.step
        if draft.kind in RETRACING:
            own = 0
        elif draft.origin is EditOrigin.WATCH:
            own = step = 0
        elif not _joins(step, last):
            own = step = own or seq
        last = replace(draft, seq=seq, step=step)
        yield last


def _joins(step: int, last: Edit | None) -> bool:
    return last is not None and step != 0 and last.kind not in RETRACING and last.step == step


def _undone(rows: Iterable[Edit]) -> set[int]:
    """The numbers of the steps that are not in force."""
    undone: set[int] = set()
    for row in rows:
        if row.kind is EditKind.UNDO:
            undone.add(row.step)
        elif row.kind is EditKind.REDO:
            undone.discard(row.step)
    return undone
