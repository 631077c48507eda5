"""The work order of a commit: what a plan and a person's edits come to, step by step, after what has been done already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from ifmosfs.app.context import App
from ifmosfs.app.staging import is_folder, missing_folders, nearest_folder
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.history import Held
from ifmosfs.core.inheriting import NewFolderModes
from ifmosfs.core.journal import Run
from ifmosfs.core.names import ancestors, components, is_within, join, split
from ifmosfs.core.ordering import in_order
from ifmosfs.core.plan import Action, ActionKind, Plan, UnitKind
from ifmosfs.core.reports import Problem, problem
from ifmosfs.core.steps import PlannedSteps, Step
from ifmosfs.core.tree import CarriedFolder, PlannedFolder, PlannedMove
from ifmosfs.core.unedited import AnyTree
from ifmosfs.core.vault import VAULT_MODE, VAULT_PATH, lost_place, replaced_place, vault_folders

NOTHING = Fingerprint(0, 0, 0, 0)


class CommitOrder(NamedTuple):
    """What a commit is to do, and the files of projects that it leaves alone because they would be scattered."""

    order: WorkOrder
    scattered: tuple[Problem, ...]


def commit_order(app: App, tree: AnyTree, before: Held, run: Run) -> CommitOrder:
    """The order for what of the plan is not done yet, after what it has done `before`."""
    plan, done = tree.plan, before.actions
    projects = _Projects(tree, done)
    vault = _Vault(app, plan)
    moves = tree.moves() if plan.units else ()
    together = Counter(move.unit for move in moves if move.unit and move.action.action_id not in done)
    apart: list[PlannedMove] = []

    def alone() -> Iterator[tuple[Action, bytes]]:
        """What moves by itself; the rest is put apart."""
        for move in tree.moves():
            if move.action.action_id in done or move.action.action_id in projects.members:
                continue
            if move.replaces is None and together[move.unit] < 2:
                yield move.action, move.target
            else:
                apart.append(move)

    steps = PlannedSteps(plan.target, plan.actions, alone())
    others = [
        *_steps_apart(plan, apart, vault),
        *(_carrying(app, plan, folder) for folder in projects.whole),
    ]
    losing = list(_losing(tree, [action for action in tree.vaulted() if action.action_id not in done], vault))
    modes = NewFolderModes(app.disk, plan.policy.folder_mode)
    folders = list(tree.folders())
    missing = missing_folders(app, plan, folders)
    made = missing.union(each.path for each in folders if Place(plan.target, each.path) in before.made)
    order = WorkOrder(
        run=run,
        folders=(
            *_root_folders(plan.target, modes),
            *_planned_folders(plan, folders, missing, modes),
            *((place, VAULT_MODE) for place in vault_folders(vault.places)),
        ),
        steps=_all_in_order(plan, steps, others, losing, run.run_id, vault.key),
        folder_times=_folder_times(tree, folders, made),
        remove_emptied=True,
        emptied_before=before.left,
        carried={folder.source: projects.n_files[folder.unit.number] for folder in projects.whole},
    )
    return CommitOrder(order, tuple(projects.scattered))


class _Projects:
    """The projects among some moves: those that can be carried as one folder, and the files of those that cannot."""

    def __init__(self, tree: AnyTree, done: Collection[int]) -> None:
        numbers = {unit.number for unit in tree.plan.units if unit.kind is UnitKind.PROJECT}
        moves = tree.moves() if numbers else ()
        planned = [move for move in moves if move.action.unit in numbers and move.action.action_id not in done]
        self.n_files = Counter(move.action.unit for move in planned)
        self.members = {move.action.action_id for move in planned}
        inside = (action for action in tree.plan.actions if action.action_id not in tree.put_aside)
        in_plan = Counter(action.unit for action in inside) if planned else Counter[int]()
        folders = {folder.unit.number: folder for folder in tree.carried()} if planned else {}
        self.whole: list[CarriedFolder] = []
        self.scattered: list[Problem] = []
        apart = {move.action.unit for move in planned if not _lies_in(move, folders.get(move.action.unit))}
        for number, n_files in self.n_files.items():
            if number not in apart and n_files == in_plan[number]:
                self.whole.append(folders[number])
            else:
                apart.add(number)
        for move in planned:
            if move.action.unit in apart:
                self.scattered.append(
                    problem("project-scattered", move.source.absolute, action_id=move.action.action_id)
                )


def _lies_in(move: PlannedMove, folder: CarriedFolder | None) -> bool:
    """Whether a file of a project is planned to be in the new folder where it is in the old one, as that is on the disk now."""
    if folder is None or move.source.root != folder.source.root or not is_within(move.source.path, folder.source.path):
        return False
    inside = move.source.path[len(folder.source.path) :].strip(b"/")
    return move.target == join(folder.target, inside)


class _Vault:
    """Chooses places in the vault that are free on the disk and among each other."""

    def __init__(self, app: App, plan: Plan) -> None:
        self._app = app
        self._plan = plan
        self._rules = plan.policy.names
        self._chosen: set[bytes] = set()
        self._numbers = {root.path: number for number, root in enumerate(plan.roots, 1)}
        self._is_new = self._nothing_at(Place(plan.target, join(VAULT_PATH, plan.plan_id.encode())))
        self.places: list[Place] = []

    def key(self, place: Place) -> bytes:
        """Equal for places that are one name on the target's filesystem."""
        rules = self._rules
        return rules.key(place.absolute) if rules.ignores_case or rules.ignores_form else place.absolute

    def for_replaced(self, path: bytes) -> Place:
        """Where the target's file at a path goes."""
        return self._choose(replaced_place(self._plan.target, self._plan.plan_id, path, self._is_taken))

    def for_lost(self, action: Action) -> Place:
        """Where an incoming file goes."""
        number = self._numbers[action.root]
        return self._choose(lost_place(self._plan.target, self._plan.plan_id, number, action.source, self._is_taken))

    def _choose(self, place: Place) -> Place:
        self._chosen.add(self.key(place))
        self.places.append(place)
        return place

    def _is_taken(self, place: Place) -> bool:
        if self.key(place) in self._chosen:
            return True
        if self._is_new:
            return False
        above = [Place(place.root, path) for path in ancestors(place.path)]
        return not self._nothing_at(place) or any(not self._may_be_folder(folder) for folder in above)

    def is_held(self, place: Place) -> bool:
        """Whether something has a name in the target now."""
        return not self._nothing_at(place)

    def _nothing_at(self, place: Place) -> bool:
        try:
            self._app.disk.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    def _may_be_folder(self, place: Place) -> bool:
        return self._nothing_at(place) or is_folder(self._app, place)


def _all_in_order(
    plan: Plan,
    alone: PlannedSteps,
    others: Sequence[Step],
    losing: Sequence[Step],
    run_id: str,
    key: Callable[[Place], bytes],
) -> Sequence[Step]:
    """All steps as `in_order` gives them, and after them those of what loses its name to any. Those of files that move alone are
    only made if it may be one of them that has to wait: where no root lies in the target, nor the other way round, nothing enters
    a name that one of them leaves."""
    names = {key(step.source) for step in others if step.source.root == plan.target}
    roots_meet = any(is_within(plan.target, root.path) or is_within(root.path, plan.target) for root in plan.roots)
    if roots_meet or (names and any(key(step.target) in names for step in alone)):
        return (*in_order([*alone, *others], run_id, key), *losing)
    return alone.with_others((*in_order(others, run_id, key), *losing)) if others or losing else alone


def _steps_apart(plan: Plan, moves: Sequence[PlannedMove], vault: _Vault) -> Iterator[Step]:
    """The steps of files that do not move alone, those of a unit one after the other; a file of the target leaves before its name
    is taken, unless somebody has taken it away since, and the name is free."""
    sizes = Counter(move.unit for move in moves if move.unit)
    fresh = count(max((unit.number for unit in plan.units), default=0) + 1)
    units: dict[int, list[Step]] = {}
    for move in moves:
        unit = move.unit if sizes[move.unit] > 1 else 0
        number = unit or next(fresh)
        members = units.setdefault(number, [])
        displaced = Place(plan.target, move.target)
        if move.replaces is not None and vault.is_held(displaced):
            members.append(Step(0, displaced, vault.for_replaced(move.target), move.replaces, None, unit=number))
        members.append(_moving(plan, move, number))
    for members in units.values():
        yield from members


def _moving(plan: Plan, move: PlannedMove, unit: int) -> Step:
    return Step(
        move.action.action_id, move.source, Place(plan.target, move.target), move.action.expected, None, unit=unit
    )


def _carrying(app: App, plan: Plan, folder: CarriedFolder) -> Step:
    try:
        expected = app.disk.lstat(folder.source).fingerprint
    except OSError:  # its turn comes, and then it is told why it cannot be moved
        expected = NOTHING
    return Step(0, folder.source, Place(plan.target, folder.target), expected, is_folder=True)


def _losing(tree: AnyTree, lost: Sequence[Action], vault: _Vault) -> Iterator[Step]:
    """The steps of files that lost a name, each after whatever has it. Files that belong together have lost as one, so each of
    them comes after all that any of them lost to."""
    winners = _Winners(tree, lost, vault)
    for action in lost:
        place = vault.for_lost(action)
        yield Step(action.action_id, action.source_place, place, action.expected, after=tuple(winners.of(action)))


class _Winners:
    """Where the files are, or will be, to which some others have lost their names."""

    def __init__(self, tree: AnyTree, lost: Sequence[Action], vault: _Vault) -> None:
        self._target = tree.plan.target
        self._vault = vault
        self._units: dict[int, list[Action]] = {}
        for action in lost:
            if action.unit:
                self._units.setdefault(action.unit, []).append(action)
        names = {vault.key(self._name(action)) for action in lost if action.target is not None}
        self._coming: dict[bytes, Place] = {}  # by the name, what a move brings there
        self._elsewhere: dict[bytes, Place] = {}  # what won the name and was given another place since
        for move in tree.moves() if names else ():
            place = Place(self._target, move.target)
            if vault.key(place) in names:
                self._coming[vault.key(place)] = place
            elif move.action.kind is ActionKind.MOVE and (key := vault.key(self._name(move.action))) in names:
                self._elsewhere[key] = place

    def of(self, action: Action) -> Iterable[Place]:
        """What a file comes after; nothing where a person alone has put it away."""
        together = [each for each in self._units.get(action.unit, [action]) if each.target is not None]
        names = {self._vault.key(self._name(each)): self._name(each) for each in together}
        coming = [self._coming.get(key) or self._elsewhere.get(key) for key in names]
        found = dict.fromkeys(place for place in coming if place is not None)
        if found or action.kind is not ActionKind.VAULT:
            return found
        return [place for place in names.values() if self._vault.is_held(place)] or names.values()

    def _name(self, action: Action) -> Place:
        return Place(self._target, action.target or b"")


def _root_folders(target: bytes, modes: NewFolderModes) -> list[tuple[Place, int]]:
    """The target folder and its missing parents, below the nearest one that exists."""
    existing = nearest_folder(target)
    missing = components(target[len(existing) :].strip(b"/"))
    places = [Place(existing, join(*missing[:depth])) for depth in range(1, len(missing) + 1)]
    return [(place, modes.of(place)) for place in places]


def _planned_folders(
    plan: Plan, folders: Iterable[PlannedFolder], missing: Collection[bytes], modes: NewFolderModes
) -> list[tuple[Place, int]]:
    """The folders the plan makes, and those that were there when it was made and are not any more."""
    wanted = (folder for folder in folders if folder.planned or folder.path in missing)
    places = ((Place(plan.target, folder.path), folder.mode) for folder in wanted)
    return [(place, modes.of(place, mode)) for place, mode in places]


def _folder_times(
    tree: AnyTree, folders: Iterable[PlannedFolder], made: Collection[bytes]
) -> tuple[tuple[Place, int], ...]:
    """What the view shows as the time of every folder that the plan makes, or has `made` in an earlier run, or adds to. One that
    somebody else has made keeps its own."""
    target = tree.plan.target
    entered = {split(path)[0] for path in made}
    times = [
        (Place(target, folder.path), folder.mtime_ns)
        for folder in folders
        if folder.path in made or folder.path in entered or folder.gains_entries
    ]
    if any(node is not tree.review for node in tree.root.children.values()):
        times.append((Place(target, b""), tree.root.mtime_ns))
    return tuple(times)
