"""What comes to pass with originals, in any order, while two views of their plan follow them; and what holds when all is at rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ifmosfs.app import editing, learning, watching
from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from ifmosfs.app.watching import Follower, LiveView
from ifmosfs.core.errors import WrongState
from ifmosfs.platform.watching import Touched, Watcher
from ifmosfs.view.operations import View
from tests.adapters.trees import Tree
from tests.cli.command_line import Desk, make_inbox
from tests.conformance.core_os import CoreOs, opened_view
from tests.conformance.os_protocol import join
from tests.machines import run_machine

CONTROL = b".ifmosfs"
MARK = b".git"
ROOTS = ("inbox", "other")
WHICH = st.integers(0, 59)  # which one of those that are there then: how many that are is no matter for a story
N_ROUNDS = 6  # in which a view has taken in all that it was told of


def checkout(name: bytes) -> Tree:
    """A project."""
    return {MARK: {b"HEAD": b"ref " + name}, b"main.c": b"int " + name, b"src": {b"a.c": b"a " + name}}


class Shown(NamedTuple):
    """What a view has at a path. A folder has no number here: one that another project has taken in gets another with a remount."""

    number: int
    source: bytes
    status: bytes


class Sight:
    """One view of the plan, and what has come to pass that it was not told of yet."""

    def __init__(self, desk: Desk, plan_id: str, stack: ExitStack) -> None:
        shown = stack.enter_context(opened_view(desk.environment, plan_id))
        self.system = CoreOs(shown)
        self.view: LiveView = shown if isinstance(shown, View) else cast("Any", shown)._view
        self.app = stack.enter_context(App(load_settings(desk.environment)))
        plan = self.view.consult(lambda tree: tree.plan)
        self.follower = Follower(self.app, plan, self.view, cast("Watcher", None))
        self.news: list[Touched] = []

    def follow(self, n_news: int) -> None:
        """Take in the first of the news."""
        told, self.news = self.news[:n_news], self.news[n_news:]
        self.follower._touched |= set(told)
        self.follower._take_in()
        self.follower._touched |= {Touched(*place) for place in self.follower._waiting}

    def walk(self, folder: bytes = b"") -> Iterator[tuple[bytes, bool]]:
        """Every path, and whether it is a folder."""
        for name in sorted(self.system.listdir(folder)):
            path = join(folder, name)
            with suppress(FileNotFoundError):  # the original is gone, of which the view is not told yet
                is_folder = self.system.lstat(path).is_folder
                if path != CONTROL:
                    yield path, is_folder
                    yield from self.walk(path) if is_folder else ()

    def projects(self) -> list[bytes]:
        return [path.rpartition(b"/")[0] for path, _ in self.walk() if path.endswith(b"/" + MARK)]

    def shape(self) -> dict[bytes, Shown | None]:
        return {path: None if is_folder else self._file(path) for path, is_folder in self.walk()}

    def _file(self, path: bytes) -> Shown:
        source, status = (self.system.getxattr(path, b"user.ifmosfs." + name) for name in (b"source", b"status"))
        return Shown(self.system.lstat(path).inode, source, status)


class Story(RuleBasedStateMachine):
    """Two roots, and two views of their plan."""

    inbox: ClassVar[Tree]
    other: ClassVar[Tree]
    folder: ClassVar[Path]  # the same for all stories, that each comes to pass in the same way again

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder, self.desk = self.folder, Desk(self.folder)
        folder.mkdir()
        self.stack.callback(shutil.rmtree, folder)
        self.desk.set_up(self.inbox)
        make_inbox(folder / "other", self.other)
        session = self.desk.here("scan", *(folder / root for root in ROOTS), "--json").json["session"]
        created = self.desk.here("stage", "create", "--session", session, "--output", self.desk.target, "--json")
        self.plan_id = str(created.json["plan"])
        self.sights = [Sight(self.desk, self.plan_id, self.stack) for _ in range(2)]
        self.n_names = 0

    def fresh_name(self) -> str:
        """A name that nothing has had."""
        self.n_names += 1
        return f"n{self.n_names}"

    # The disk

    def tell(self, *paths: Path) -> None:
        """What a watcher says of it: a folder, with all that is in it, or a file."""
        for path in paths:
            root, inside = os.fsencode(path.relative_to(self.folder)).partition(b"/")[::2]
            is_file = path.is_file()
            told = Touched(os.fsencode(self.folder / os.fsdecode(root)), inside, deep=not is_file)
            for sight in self.sights:
                sight.news.append(told)

    def rename(self, path: Path, to: Path) -> None:
        """Rename something, or leave it where that cannot be, and tell of it."""
        with suppress(OSError):  # into itself, say
            path.rename(to)
            self.tell(path, to)

    def projects(self) -> list[Path]:
        """The folders of projects, also of those in others."""
        found = []
        for root in ROOTS:
            for here, folders, _ in os.walk(self.folder / root):
                if os.fsdecode(MARK) in folders:
                    folders.remove(os.fsdecode(MARK))
                    found.append(Path(here))
        return sorted(found)

    def project(self, which: int) -> Path:
        """One of them."""
        found = self.projects()
        return found[which % len(found)]

    # The views

    @contextmanager
    def changed(self) -> Iterator[None]:
        """What one view stores the other is told of; what cannot be done leaves all as it is."""
        with suppress(OSError, WrongState):
            yield
        for sight in self.sights:
            sight.view.reload()

    @rule()
    def step_is_taken_back(self) -> None:
        app = self.sights[0].app
        with self.changed():
            editing.undo(app, app.catalogue.find_plan(self.plan_id), 1)

    @rule()
    def step_is_made_again(self) -> None:
        app = self.sights[0].app
        with self.changed():
            editing.redo(app, app.catalogue.find_plan(self.plan_id), 1)

    @rule(number=st.integers(0, 1), n_news=st.sampled_from([1, 2, 100]))
    def view_takes_in_what_has_come_to_pass(self, number: int, n_news: int) -> None:
        with self.changed():
            self.sights[number].follow(n_news)

    # At rest

    def settle(self) -> None:
        for _ in range(N_ROUNDS):
            for sight in self.sights:
                sight.follow(len(sight.news))
        for sight in self.sights:
            sight.view.reload()

    def teardown(self) -> None:
        try:
            self.settle()
            self.check()
        finally:
            self.stack.close()

    def check(self) -> None:
        """Both views and the next one of the plan show the same, and each original once, as it is."""
        one, other = (sight.shape() for sight in self.sights)
        with ExitStack() as stack:
            remounted = Sight(self.desk, self.plan_id, stack).shape()
        assert other == one
        assert remounted == one
        there = [file for file in one.values() if file is not None and file.status != b"missing"]
        assert {file.status for file in there} <= {b"planned", b"staying"}
        assert sorted(file.source for file in there) == sorted(self.originals())
        self.check_projects(one)
        problems = self.desk.here("stage", "validate", self.plan_id, "--json").json["problems"]
        assert [each for each in problems if each["code"] == "project-scattered"] == []

    def originals(self) -> list[bytes]:
        """The files that are on the disk."""
        roots = [os.fsencode(self.folder / root) for root in ROOTS]
        return [os.path.join(here, name) for root in roots for here, _, names in os.walk(root) for name in names]

    def check_projects(self, shown: dict[bytes, Shown | None]) -> None:
        """What is in a project is in one folder of the view, as it is on the disk."""
        path_of = {file.source: path for path, file in shown.items() if file is not None and file.status != b"missing"}
        outermost = [each for each in self.projects() if not any(above in self.projects() for above in each.parents)]
        for project in map(os.fsencode, outermost):
            folder = path_of[project + b"/.git/HEAD"].removesuffix(b"/.git/HEAD")
            inside = [source for source in path_of if source.startswith(project + b"/")]
            assert {source: path_of[source] for source in inside} == {
                source: folder + source.removeprefix(project) for source in inside
            }


@pytest.fixture(autouse=True)
def nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is whole when it is as it was a moment ago; nobody learns of what is dragged."""
    monkeypatch.setattr(watching, "QUIET_S", 0.0)
    monkeypatch.setattr(learning, "learning", lambda app, plan_id: nullcontext())


def run(stories: type[Story], folder: Path, n_examples: int, n_steps: int, *, shrink: bool) -> None:
    """Let as many stories come to pass, in a folder that there is."""
    machine = type(stories.__name__, (stories,), {"folder": folder / "desk"})
    run_machine(machine, n_examples, n_steps, shrink=shrink)
