"""Followers of the originals of one plan, as processes that show it have them, one or several at the same time."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar, cast

from ifmosfs.app.amending import Amender
from ifmosfs.app.context import App
from ifmosfs.app.trees import lazy_tree
from ifmosfs.app.watching import Follower
from ifmosfs.core.plan import EditKind
from ifmosfs.core.tree import PlanTree
from ifmosfs.platform.watching import Touched, Watcher
from tests.cli.command_line import THEN_NS

T = TypeVar("T")


def nothing() -> None:
    """Nothing comes to pass meanwhile."""


class ShownTree:
    """The tree of a plan, as a view has it. `meanwhile` is what others do before this one begins to store anything."""

    def __init__(self, app: App, plan_id: str) -> None:
        self._app = app
        self._plan_id = plan_id
        self.tree = lazy_tree(app, plan_id)
        self.meanwhile: Callable[[], None] = nothing

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        return ask(self.tree)

    def reload(self) -> None:
        act, self.meanwhile = self.meanwhile, nothing
        act()
        self.take_in()

    def take_in(self) -> None:
        """Take in the edits of others before anything is looked at."""
        self.tree = lazy_tree(self._app, self._plan_id)

    def originals_changed(self, action_ids: Collection[int]) -> None:
        """Nobody has asked."""


class Looking:
    """The same tree for who looks at the originals and stores nothing yet."""

    def __init__(self, shown: ShownTree) -> None:
        self.consult = shown.consult
        self.reload = shown.take_in
        self.originals_changed = shown.originals_changed


class ToldBy:
    """A watcher that tells of some places at its beginning, and of nothing more for a number of rounds."""

    def __init__(self, touched: Collection[Touched], n_rounds: int) -> None:
        self._touched = set(touched)
        self._n_left = n_rounds
        self.pauses: list[float] = []

    @property
    def stopped(self) -> bool:
        return self._n_left <= 0

    def begin(self, since_ns: int) -> set[Touched]:
        return self._touched

    def wait(self, seconds: float) -> set[Touched]:
        self.pauses.append(seconds)
        self._n_left -= 1
        return set()


class Beside:
    """One of several processes that show the same plan."""

    def __init__(self, app: App, plan_id: str) -> None:
        self.app = app
        self.shown = ShownTree(app, plan_id)
        plan = self.shown.tree.plan
        self._root = plan.roots[0].path
        self._follower = Follower(app, plan, Looking(self.shown), cast("Watcher", ToldBy((), 0)))
        vars(self._follower)["_amender"] = Amender(app, plan, self.shown)

    def follow(self, *paths: bytes, n_rounds: int = 4, deep: bool = False) -> list[float]:
        """Look at what was touched, folders with all that is in them if `deep`; returns how long was waited after each look."""
        watcher = ToldBy([Touched(self._root, path, deep=deep) for path in paths], n_rounds)
        vars(self._follower)["_watcher"] = watcher
        self._follower.run()
        return watcher.pauses


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(THEN_NS, THEN_NS))


def sources(app: App, plan_id: str) -> list[bytes]:
    """Of which file each action of the plan is."""
    return sorted(action.source for action in app.catalogue.load_plan(plan_id).actions)


def edits(app: App, plan_id: str) -> list[EditKind]:
    return [edit.kind for edit in app.catalogue.edit_log(plan_id)]


def counts(app: App, plan_id: str) -> Sequence[int]:
    """How many files move, and how many stay."""
    info = app.catalogue.find_plan(plan_id)
    return info.n_moves, info.n_kept
