"""The steps of a run, and what is asked about all of them at once.

A commit of a million files would hold a million steps, two places each, from its preparation to its end. `PlannedSteps` holds
numbers instead and makes a step when its turn comes. Everything else that has steps (a rollback, the vault) holds a tuple.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, overload

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.names import SEPARATOR
from ifmosfs.core.plan import Action
from ifmosfs.core.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """One file to move, or with `is_folder` a whole folder. `inverse_of` is the (run id, seq) that a rollback undoes with it.

    `action_id` and `unit` are those of `Operation`. `after`: what must be at these places by then, brought there by the run or
    there before it; else the file stays. Steps that have any are the last of their run.
    """

    action_id: int
    source: Place
    target: Place
    expected: Fingerprint
    inverse_of: tuple[str, int] | None = None
    unit: int = 0
    is_folder: bool = False
    after: tuple[Place, ...] = ()


class Ends(NamedTuple):
    """The folders that steps take files from, and those that they bring files to, each once, in the order of the steps."""

    left: tuple[Place, ...]
    entered: tuple[Place, ...]


class PlannedSteps(Sequence[Step]):
    """Files that move alone, each to its own name in the target, as steps that are made anew whenever they are asked for;
    after them the `others`, which are kept. Equal to any sequence of the same steps."""

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def __init__(
        self,
        target: bytes,
        actions: Sequence[Action],
        placed: Iterable[tuple[Action, bytes]],
        others: Iterable[Step] = (),
    ) -> None:
        """`target` is the folder of the plan with these `actions`, whose ids count from 1; `placed` are (action, path below the
        target)."""
        self._target = target
        self._actions = actions
        self._positions = array("L")
        self._replaced: dict[int, bytes] = {}  # by position: the paths that are not as planned
        left: dict[tuple[bytes, bytes], None] = {}
        entered: dict[bytes, None] = {}
        position_of = _positions(actions)
        for action, path in placed:
            position = position_of(action.action_id)
            self._positions.append(position)
            if action.target != path:
                self._replaced[position] = path
            left[action.root, action.source.rpartition(SEPARATOR)[0]] = None
            entered[path.rpartition(SEPARATOR)[0]] = None
        self.others = tuple(others)
        ends = ends_of(self.others)
        self.ends = Ends(
            tuple(dict.fromkeys(chain((Place(*each) for each in left), ends.left))),
            tuple(dict.fromkeys(chain((Place(target, path) for path in entered), ends.entered))),
        )

    @property
    def alone(self) -> Iterator[Action]:
        """The actions of the files that move alone, in the order of their steps."""
        return (self._actions[position] for position in self._positions)

    def with_others(self, others: Sequence[Step]) -> PlannedSteps:
        """The same files, and other others after them."""
        return PlannedSteps(self._target, self._actions, map(self._placed, self._positions), others)

    def __len__(self) -> int:
        return len(self._positions) + len(self.others)

    def __iter__(self) -> Iterator[Step]:
        return chain(map(self._step, self._positions), self.others)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        n_alone = len(self._positions)
        if isinstance(index, slice):
            start, stop, stride = index.indices(len(self))
            if stride == 1 and stop <= n_alone:
                return [self._step(position) for position in self._positions[start:stop]]
            return [self[at] for at in range(start, stop, stride)]
        at = index if index >= 0 else index + len(self)
        if not 0 <= at < len(self):
            raise IndexError(index)
        return self._step(self._positions[at]) if at < n_alone else self.others[at - n_alone]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    def _placed(self, position: int) -> tuple[Action, bytes]:
        action = self._actions[position]
        path = self._replaced.get(position, action.target)
        assert path is not None
        return action, path

    def _step(self, position: int) -> Step:
        action = self._actions[position]
        path: Any = self._replaced.get(position, action.target) if self._replaced else action.target
        return Step(action.action_id, Place(action.root, action.source), Place(self._target, path), action.expected)


def _positions(actions: Sequence[Action]) -> Callable[[int], int]:
    """Where the action of a number is. A plan numbers its actions from 1 on; one made again from its runs has gaps."""
    if not actions or actions[-1].action_id == len(actions):
        return lambda action_id: action_id - 1
    return {action.action_id: position for position, action in enumerate(actions)}.__getitem__


def ends_of(steps: Sequence[Step]) -> Ends:
    """The folders that the steps change."""
    if isinstance(steps, PlannedSteps):
        return steps.ends
    left = dict.fromkeys((step.source.root, step.source.path.rpartition(SEPARATOR)[0]) for step in steps)
    entered = dict.fromkeys((step.target.root, step.target.path.rpartition(SEPARATOR)[0]) for step in steps)
    return Ends(tuple(Place(*each) for each in left), tuple(Place(*each) for each in entered))


def waiting_among(steps: Sequence[Step]) -> list[Step]:
    """The steps that come after something, which are the last ones."""
    others = steps.others if isinstance(steps, PlannedSteps) else steps
    return [step for step in others if step.after]


def stranded(
    steps: Sequence[Step], fails: Callable[[Step], bool], is_there: Callable[[Place], bool]
) -> Iterator[tuple[Step, Place]]:
    """The steps that would wait in vain, each with the place at which nothing will be: a step `fails` to bring it there, or
    none is to do so, and it `is_there` not."""
    waiting = waiting_among(steps)
    needed = {place for step in waiting for place in step.after}
    failing = {step.target: fails(step) for step in steps if step.target in needed} if needed else {}
    for step in waiting:
        for place in step.after:
            if failing[place] if place in failing else not is_there(place):
                yield step, place
                break


def action_ids(steps: Sequence[Step]) -> Iterator[int]:
    """The actions of the steps that have one, in their order."""
    others = steps
    if isinstance(steps, PlannedSteps):
        yield from (action.action_id for action in steps.alone)
        others = steps.others
    yield from (step.action_id for step in others if step.action_id)


def n_files_among(steps: Sequence[Step], carried: Mapping[Place, int]) -> int:
    """How many files of the plan they move, a folder counting for as many as `carried` says of its source; a step of no action
    is none."""
    n_alone, others = 0, steps
    if isinstance(steps, PlannedSteps):
        n_alone, others = len(steps) - len(steps.others), steps.others
    return n_alone + sum(carried.get(step.source, 1) if step.is_folder else step.action_id != 0 for step in others)
