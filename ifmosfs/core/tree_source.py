"""Where each file of a plan is in the tree before any edit: the folders, and who is in which.

Computed once, when a plan is stored or its tree is wanted in memory; `PlanSource` answers a tree from the plan itself.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain

from ifmosfs.core.names import NameRules, ancestors, components, join, split
from ifmosfs.core.nodes import BaseFolder, Leaf, leaf_of
from ifmosfs.core.plan import Action, ActionKind, KeepReason, Plan, Unit, UnitKind
from ifmosfs.core.refusals import FsError, FsErrorKind

ROOT, REVIEW = 0, 1
VAULT_NAME = b"vault"  # a folder of the review that no reason to stay has
NOWHERE = (1 << 32) - 1  # the folder of an action that the plan alone does not place


def root_labels(plan: Plan) -> dict[bytes, bytes]:
    """What tells the roots apart in the review folder: nothing for one root, else their last names, numbered where equal."""
    if len(plan.roots) == 1:
        return {plan.roots[0].path: b""}
    labels: dict[bytes, bytes] = {}
    for root in plan.roots:
        name = split(root.path)[1] or b"root"
        label, n = name, 2
        while label in labels.values():
            label, n = name + b" (%d)" % n, n + 1
        labels[root.path] = label
    return labels


def projects_of(plan: Plan) -> Mapping[int, Unit]:
    """The projects among the units of a plan, by number."""
    return {unit.number: unit for unit in plan.units if unit.kind is UnitKind.PROJECT}


def keep_reason(action: Action, projects: Mapping[int, Unit]) -> KeepReason:
    """Why a file stays; all of a project is in one place, whatever else could be said of a file in it."""
    if action.unit in projects:
        return KeepReason.PROJECT
    return action.keep_reason or KeepReason.EXCLUDED


class Placement:
    """The folders of a plan's tree before any edit, and the folder of each action, by the position of the action in the plan.

    Raises `FsError` NOT_A_FOLDER for a plan that puts something into a file.
    """

    def __init__(self, plan: Plan, added: Collection[int] = (), gathered: Container[int] = ()) -> None:
        """`added`: the ids of actions that edits place, not the plan; `gathered`: the numbers of units that edits make projects."""
        self._plan = plan
        self._rules: NameRules = plan.policy.names
        self._exact = not (self._rules.ignores_case or self._rules.ignores_form)
        self._labels = root_labels(plan)
        self._projects = {number: each for number, each in projects_of(plan).items() if number not in gathered}
        self._by_place = {(each.root, each.folder or b""): each for each in self._projects.values()}
        self._gathered = gathered
        self._parents: list[int] = []
        self._names: list[bytes] = []
        self._planned: list[bool] = []
        self._in_review: list[bool] = []
        self._numbers: dict[tuple[int, bytes], int] = {}
        self._by_path: dict[bytes, int] = {}
        self.folder_of = array("I")
        self._make_fixed()
        for path in plan.folders:
            self._folder(path, planned=True)
        self._place_all(added)
        self._units = self._project_folders() if self._projects else {}

    def folders(self) -> list[BaseFolder]:
        """See `TreeSource.folders`."""
        counts = [0] * len(self._names)
        for number in self.folder_of:
            if number != NOWHERE:
                counts[number] += 1
        units = [self._units.get(number, 0) for number in range(len(counts))]
        planned = [is_planned or unit > 0 for is_planned, unit in zip(self._planned, units, strict=True)]
        return list(map(BaseFolder, self._parents, self._names, planned, counts, units))

    def name_of(self, action: Action) -> bytes:
        """The name of a file of the plan in its folder."""
        return split(action.target if _is_placed(action) and action.target is not None else action.first_place.path)[1]

    def _make_fixed(self) -> None:
        self._add(ROOT, b"", planned=False, in_review=False)
        self._add(ROOT, self._plan.policy.review_name, planned=True, in_review=True)
        for name in (*(reason.value.encode() for reason in KeepReason), VAULT_NAME):
            self._add(REVIEW, name, planned=True, in_review=True)
        self._by_path[b""] = ROOT

    def _add(self, parent: int, name: bytes, *, planned: bool, in_review: bool) -> int:
        number = len(self._names)
        self._parents.append(parent)
        self._names.append(name)
        self._planned.append(planned)
        self._in_review.append(in_review)
        if number:
            self._numbers[parent, self._key(parent, name)] = number
        return number

    def _key(self, parent: int, name: bytes) -> bytes:
        return name if self._exact or (parent != ROOT and self._in_review[parent]) else self._rules.key(name)

    def _folder(self, path: bytes, *, planned: bool = False) -> int:
        found = self._by_path.get(path)
        if found is not None:
            return found
        above, name = split(path)
        parent = self._folder(above)
        number = self._numbers.get((parent, self._key(parent, name)))
        if number is None:
            inside = self._in_review[parent]
            number = self._add(parent, name, planned=planned or inside, in_review=inside)
        self._by_path[path] = number
        return number

    def _place_all(self, added: Collection[int]) -> None:
        taken: list[tuple[int, bytes]] = []
        for action in self._plan.actions:
            if action.action_id in added:
                self.folder_of.append(NOWHERE)
                continue
            folder, name = split(self._path_of(action))
            number = self._by_path.get(folder)
            number = self._folder(folder) if number is None else number
            self.folder_of.append(number)
            taken.append((number, name if self._exact else self._key(number, name)))
        for spot in taken:
            if spot in self._numbers:
                raise FsError(FsErrorKind.NOT_A_FOLDER, spot[1])

    def _path_of(self, action: Action) -> bytes:
        return (
            action.target
            if _is_placed(action) and action.target is not None
            else review_path(self._as_scanned(action), self._plan, self._labels, self._projects)
        )

    def _project_folders(self) -> dict[int, int]:
        """Folder number → the project that it is, found from the project's first file; none where that lies elsewhere."""
        found: dict[int, int] = {}
        seen: set[int] = set()
        for action, number in zip(self._plan.actions, self.folder_of, strict=True):
            unit = self._projects.get(self._as_scanned(action).unit)
            if unit is None or unit.number in seen or number == NOWHERE:
                continue
            folder = self._folder_that_holds(action, number, unit)
            if folder is not None:
                seen.add(unit.number)
                found[folder] = unit.number
        return found

    def _as_scanned(self, action: Action) -> Action:
        """The action as of the project that its file was of before edits made it one of another."""
        if action.unit not in self._gathered:
            return action
        root, path = action.first_place
        before = (self._by_place.get((root, above)) for above in ancestors(path))
        return next((replace(action, unit=each.number) for each in before if each is not None), action)

    def _folder_that_holds(self, action: Action, number: int, unit: Unit) -> int | None:
        inside = components(action.first_place.path)[len(components(unit.folder or b"")) :]
        if self.name_of(action) != inside[-1]:
            return None
        for name in reversed(inside[:-1]):
            if self._names[number] != name or number == ROOT:
                return None
            number = self._parents[number]
        return number if number != ROOT else None


def _is_placed(action: Action) -> bool:
    return action.kind is ActionKind.MOVE and action.target is not None


def review_path(action: Action, plan: Plan, labels: Mapping[bytes, bytes], projects: Mapping[int, Unit]) -> bytes:
    """Where in the review folder a file that does not move is shown: by reason, then as it lies in its inbox."""
    part = VAULT_NAME if action.kind is ActionKind.VAULT else keep_reason(action, projects).value.encode()
    root, path = action.first_place
    return join(plan.policy.review_name, part, labels[root], path)


class LinkNumbers:
    """The numbers that the names of one inode share: that of the first. Another file may have taken the place of one of them since
    the plan was made, which shares nothing with them then."""

    def __init__(self, plan: Plan) -> None:
        links = linked_units(plan)
        self._first: dict[tuple[int, int], int] = {}
        for action in plan.actions if links else ():
            if action.unit in links:
                self._first.setdefault((action.unit, action.expected.inode), action.action_id)

    def of(self, action: Action) -> int:
        """The number of an action's file."""
        number = action.action_id
        return self._first.get((action.unit, action.expected.inode), number) if action.unit else number


def linked_units(plan: Plan) -> frozenset[int]:
    """The numbers of the units that are names of one inode."""
    return frozenset(unit.number for unit in plan.units if unit.kind is UnitKind.LINKS)


class PlanSource:
    """A `TreeSource` that holds the whole plan."""

    def __init__(
        self,
        plan: Plan,
        added: Collection[int] = (),
        newer: Callable[[int], Action] | None = None,
        gathered: Container[int] = (),
    ) -> None:
        """`newer` tells of actions that are not as they are in the plan any more, or that came later. `added`, `gathered`: see
        `Placement`."""
        self.plan = plan
        self._placement = Placement(plan, added, gathered)
        self._links, self._linked_units = LinkNumbers(plan), linked_units(plan)
        self._newer = newer
        self._renewed: set[int] = set()

    def folders(self) -> Sequence[BaseFolder]:
        """See `TreeSource`."""
        return self._placement.folders()

    def files(self, folder: int) -> Iterable[Leaf]:
        """See `TreeSource`."""
        return [self.leaf(self.plan.actions[position]) for position in self._positions_in.get(folder, ())]

    def leaf(self, action: Action) -> Leaf:
        """The leaf of an action under the name that the plan gives it."""
        return leaf_of(action, self._links.of(action), self._placement.name_of(action))

    def folder_of(self, action_id: int) -> int:
        """See `TreeSource`."""
        number = self._placement.folder_of[self._position(action_id)]
        if number == NOWHERE:
            raise KeyError(action_id)
        return number

    def action(self, action_id: int) -> Action:
        """See `TreeSource`."""
        if action_id in self._renewed and self._newer is not None:
            return self._newer(action_id)
        return self.plan.actions[self._position(action_id)]

    def actions(self) -> Iterator[Action]:
        """See `TreeSource`."""
        if not self._renewed:
            return iter(self.plan.actions)
        later = sorted(self._renewed - {action.action_id for action in self.plan.actions})
        return chain((self.action(each.action_id) for each in self.plan.actions), map(self.action, later))

    def linked(self, unit: int) -> Sequence[int]:
        """See `TreeSource`."""
        if unit not in self._linked_units:
            return []
        return [action.action_id for action in self.actions() if action.unit == unit]

    def renew(self, action_ids: Collection[int]) -> None:
        """See `TreeSource`."""
        if self._newer is not None:
            self._renewed.update(action_ids)

    def _position(self, action_id: int) -> int:
        """A plan numbers its actions from 1 on; one made again from its runs has gaps."""
        position = action_id - 1
        actions = self.plan.actions
        if 0 <= position < len(actions) and actions[position].action_id == action_id:
            return position
        return self._positions[action_id]

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {action.action_id: position for position, action in enumerate(self.plan.actions)}

    @cached_property
    def _positions_in(self) -> dict[int, array[int]]:
        found: dict[int, array[int]] = defaultdict(lambda: array("I"))
        for position, number in enumerate(self._placement.folder_of):
            found[number].append(position)
        return found
