"""The log of a plan's edits: which of them are in force, and which steps can be taken back or made again. Pure.

The log only grows. An UNDO takes one step back, a REDO makes one again, and both are rows like the edits themselves, so that
the number of the last row tells whether anything has happened since. As in an editor, undo takes the newest step in force,
redo the one that was taken back last, and a new edit ends all redoing. The newest step is the one that began last.

Two programs may be at it at once, so rows of other steps may stand between those of a step. They have nothing to do with each
other as far as it matters: a step goes on only with edits that have nothing to do (`core.touched`) with the rows of any step that
began after it, nor with what no person did since. So the log means the same as one in which every step's rows follow each other, in
the order in which the steps began; and the edits in force, in the order of their numbers, can be replayed whichever of the newest
steps are undone. Who appends an edit to a step with rows of others after it has seen to that (`view.gestures`); what is kept here is
that nothing was taken back or made again since the step began.

What no person did (origin WATCH: a file has appeared, changed or been renamed) belongs to no step, is always in force, and does not
end redoing: a step that is made again is replayed on exactly the edits that it was made on. Such an edit itself may come to be
replayed on others than it was made on; `core.tree.PlanTree.replay` makes the best of it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
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


def open_steps(log: Iterable[Edit]) -> set[int]:
    """The steps that could go on, by what is kept here: those that began after whatever was taken back or made again."""
    found: set[int] = set()
    for row in log:
        if row.kind in RETRACING:
            found.clear()
        elif row.step == row.seq:
            found.add(row.step)
    return found


def retracing(kind: EditKind, step: UndoStep, at_ns: int) -> Edit:
    """The draft of an UNDO or a REDO of a step."""
    return Edit(0, kind, b"", None, at_ns, step=step.number, origin=EditOrigin.COMMAND)


def numbered(drafts: Iterable[Edit], last: Edit | None, going_on: Container[int] = ()) -> Iterator[Edit]:
    """The drafts with the numbers and steps they have when they follow the row `last` of a log (`None`: it is empty).

    They are one step together. A draft that names a step joins that one instead while its edits are the last rows, or where it is
    one of the log's `open_steps` that the caller lets go on.
    """
    own = 0
    for draft in drafts:
        seq = 1 if last is None else last.seq + 1
        step = draft.step
        if draft.kind in RETRACING:
            own = 0
        elif draft.origin is EditOrigin.WATCH:
            own = step = 0
        elif step not in going_on and not _joins(step, last):
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
