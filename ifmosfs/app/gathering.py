"""Use case: tell which folders news make projects, and which files of the plan are in them.

A folder is a project for the same signs as in a scan. They may come one after the other, and some of the files were planned by
themselves before: those become members, wherever in the tree they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from ifmosfs.app.context import App
from ifmosfs.core.amending import Gathered, renewed
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.names import ancestors, is_within, join, split
from ifmosfs.core.plan import Action, Plan, Unit, UnitKind
from ifmosfs.core.ports import SHORT_OF_MEANS
from ifmosfs.core.project_changes import joining_project
from ifmosfs.core.projects import (
    BLEND_EXTENSION,
    CHECKOUT_FOLDERS,
    PROJECT_COMPANIONS,
    PROJECT_FILES,
    SURE_NAMES,
    Projects,
    find_projects,
)
from ifmosfs.core.tree import PlanTree

SIGNS: Final = CHECKOUT_FOLDERS | PROJECT_COMPANIONS | SURE_NAMES  # a file or a folder, whatever is in it

T = TypeVar("T")


class Consulted(Protocol):
    """Who asks the tree of the plan."""

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        """What the tree answers."""
        ...


class Gathering:
    """Looks for new projects around files that have appeared, changed or been renamed."""

    def __init__(
        self, app: App, plan: Plan, tree: Consulted, files: Sequence[ScannedFile], known: Mapping[Place, Action]
    ) -> None:
        """`known`: the actions, as they were, of those of the files that the plan knows, by their places as they are."""
        self._app = app
        self._plan = plan
        self._files = files
        self._known = known
        self._moved = {action.action_id for action in known.values()}
        self._projects = tree.consult(lambda each: frozenset(each.projects))
        self._loose = tree.consult(lambda each: [one for one in files if each.project_around(one.place) is None])

    def found(self, numbers: Iterator[int]) -> list[Gathered]:
        """The outermost folders that are projects now, as units with `numbers`. A root itself is none: it could not be moved, and all
        that is planned from it would have to stay. Raises OSError where too little can be opened to look."""
        folders = {Place(file.root, above) for file in self._loose for above in ancestors(file.path)}
        if not folders:
            return []
        beside = [place for folder in folders for place in self._beside(folder)]
        marked = {Place(root, split(path)[0]) for root, path in beside if _is_mark(split(path)[1])}
        inside = [_scanned(action) for folder in marked & folders for action in self._near(folder)]
        signs = find_projects([*self._loose, *inside], beside)
        projects = Projects(frozenset((root, path) for root, path in signs if path))
        around = {(file.root, projects.around(file.root, split(file.path)[0])) for file in self._loose}
        places = sorted(Place(root, path) for root, path in around if path is not None)
        return [self._gathered(place, next(numbers)) for place in places]

    def _gathered(self, place: Place, number: int) -> Gathered:
        unit = Unit(number, UnitKind.PROJECT, place.root, place.path)
        now = [
            action
            for action in self._app.catalogue.actions_below(self._plan.plan_id, place)
            if action.action_id not in self._moved and (action.unit in self._projects or self._is_there(action))
        ]
        now += [
            renewed(self._known[file.place], file)
            for file in self._files
            if file.place in self._known and file.root == place.root and is_within(file.path, place.path)
        ]
        now.sort(key=lambda action: action.action_id)
        return Gathered(unit, [joining_project(action, unit) for action in now])

    def _beside(self, folder: Place) -> Iterable[Place]:
        """What is in a folder as the disk has it: its files, and the folders whose names alone say something."""
        try:
            entries = list(self._app.disk.list_folder(folder))
        except OSError as error:
            if error.errno in SHORT_OF_MEANS:
                raise
            return []
        return [
            Place(folder.root, join(folder.path, name))
            for name, attr in entries
            if attr.kind is not Kind.FOLDER or name in SIGNS
        ]

    def _near(self, folder: Place) -> Iterable[Action]:
        """The files in a folder and in those in it, as the plan knows them: what a sign that needs company may have for it."""
        deepest = folder.path.count(b"/") + 2
        below = self._app.catalogue.actions_below(self._plan.plan_id, folder)
        near = (action for action in below if action.source.count(b"/") <= deepest)
        return [action for action in near if action.action_id not in self._moved and self._is_there(action)]

    def _is_there(self, action: Action) -> bool:
        try:
            return self._app.disk.lstat(action.source_place).kind is action.entry_kind
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            if error.errno in SHORT_OF_MEANS:
                raise
            return True  # nobody knows; it is where it was


def _is_mark(name: bytes) -> bool:
    return name in PROJECT_FILES or name.rpartition(b".")[2] == BLEND_EXTENSION


def _scanned(action: Action) -> ScannedFile:
    return ScannedFile(0, action.root, action.source, action.entry_kind, action.mode, action.expected)
