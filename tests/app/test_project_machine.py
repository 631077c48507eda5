"""Projects that are renamed, moved into each other and changed on the disk while they are dragged in two views, undone and redone: at
rest, each is one folder that every view shows as the disk has it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from ifmosfs.app import editing, learning, watching
from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from ifmosfs.app.watching import Follower, LiveView
from ifmosfs.core.errors import WrongState
from ifmosfs.platform.watching import Touched, Watcher
from ifmosfs.view.operations import View
from tests.adapters.trees import Tree
from tests.cli.command_line import SCRIPT, Desk, make_inbox
from tests.conformance.core_os import CoreOs, opened_view
from tests.conformance.os_protocol import join

CONTROL = b".ifmosfs"
MARK = b".git"
WHICH = st.integers(0, 59)  # which one of those that are there then: how many that are is no matter for a story
N_ROUNDS = 6  # in which a view has taken in all that it was told of


def checkout(name: bytes) -> Tree:
    return {MARK: {b"HEAD": b"ref " + name}, b"main.c": b"int " + name, b"src": {b"a.c": b"a " + name}}


INBOX: Tree = {b"A": checkout(b"A"), b"B": checkout(b"B"), b"in": {b"C": checkout(b"C")}, b"run.sh": SCRIPT}
OTHER: Tree = {b"D": checkout(b"D"), b"E": checkout(b"E")}
ROOTS = ("inbox", "other")
FOLDERS = ("", "s1", "s1/s2")


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


class Projects(RuleBasedStateMachine):
    """Two roots with projects, two views of their plan."""

    folder: ClassVar[Path]  # the same for all stories, that each comes to pass in the same way again

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder, self.desk = self.folder, Desk(self.folder)
        folder.mkdir()
        self.stack.callback(shutil.rmtree, folder)
        self.desk.set_up(INBOX)
        make_inbox(folder / "other", OTHER)
        session = self.desk.here("scan", *(folder / root for root in ROOTS), "--json").json["session"]
        created = self.desk.here("stage", "create", "--session", session, "--output", self.desk.target, "--json")
        self.plan_id = str(created.json["plan"])
        self.sights = [Sight(self.desk, self.plan_id, self.stack) for _ in range(2)]
        self.n_names = 0

    def fresh_name(self) -> str:
        self.n_names += 1
        return f"n{self.n_names}"

    # The disk

    def projects(self) -> list[Path]:
        found = []
        for root in ROOTS:
            for here, folders, _ in os.walk(self.folder / root):
                if os.fsdecode(MARK) in folders:
                    folders.remove(os.fsdecode(MARK))
                    found.append(Path(here))
        return sorted(found)

    def project(self, which: int) -> Path:
        found = self.projects()
        return found[which % len(found)]

    def tell(self, *paths: Path) -> None:
        """What a watcher says of it: a folder, with all that is in it, or a file."""
        for path in paths:
            root, inside = os.fsencode(path.relative_to(self.folder)).partition(b"/")[::2]
            is_file = path.is_file()
            told = Touched(os.fsencode(self.folder / os.fsdecode(root)), inside, deep=not is_file)
            for sight in self.sights:
                sight.news.append(told)

    def rename(self, path: Path, to: Path) -> None:
        with suppress(OSError):  # into itself, say
            path.rename(to)
            self.tell(path, to)

    @rule(which=WHICH)
    def project_is_renamed(self, which: int) -> None:
        project = self.project(which)
        self.rename(project, project.with_name(project.name[:8] + self.fresh_name()))

    @rule(which=WHICH, root=st.sampled_from(ROOTS), folder=st.sampled_from(FOLDERS))
    def project_is_moved(self, which: int, root: str, folder: str) -> None:
        project, to = self.project(which), self.folder / root / folder
        to.mkdir(parents=True, exist_ok=True)
        self.tell(to)
        self.rename(project, to / project.name)

    @rule(which=WHICH, other=WHICH)
    def project_is_moved_into_another_one(self, which: int, other: int) -> None:
        project = self.project(which)
        self.rename(project, self.project(other) / project.name)

    @rule(which=WHICH, other=WHICH)
    def project_is_put_in_place_of_another_one(self, which: int, other: int) -> None:
        project, gives_way = self.project(which), self.project(other)
        if not (project.is_relative_to(gives_way) or gives_way.is_relative_to(project)):
            self.rename(gives_way, gives_way.with_name(self.fresh_name()))
            self.rename(project, gives_way)

    @rule(which=WHICH, seen_by=st.sampled_from([None, 0, 1]))
    def project_is_away_for_a_moment(self, which: int, seen_by: int | None) -> None:
        project, aside = self.project(which), self.folder / "inbox" / self.fresh_name()
        self.rename(project, aside)
        if seen_by is not None:
            with self.changed():
                self.sights[seen_by].follow(100)
        self.rename(aside, project)

    @rule(which=WHICH)
    def folder_in_a_project_is_renamed(self, which: int) -> None:
        project = self.project(which)
        self.rename(project / "src", project / self.fresh_name())

    @rule(which=WHICH, is_new=st.booleans())
    def file_in_a_project_is_written(self, which: int, is_new: bool) -> None:
        path = self.project(which) / (self.fresh_name() if is_new else "main.c")
        with path.open("a") as file:
            file.write(self.fresh_name())
        self.tell(path)

    @rule(which=WHICH)
    def file_in_a_project_is_renamed(self, which: int) -> None:
        project = self.project(which)
        self.rename(project / "main.c", project / f"main.{self.fresh_name()}")

    # The views

    @contextmanager
    def changed(self) -> Iterator[None]:
        """What one view stores the other is told of; what cannot be done leaves all as it is."""
        with suppress(OSError, WrongState):
            yield
        for sight in self.sights:
            sight.view.reload()

    @rule(which=WHICH, to=st.sampled_from([b"K", b"K/L", b"To review"]), number=st.integers(0, 1))
    def project_is_dragged(self, which: int, to: bytes, number: int) -> None:
        sight = self.sights[number]
        for folder in (b"K", b"K/L"):
            with self.changed():
                sight.system.mkdir(folder)
        shown = sight.projects()
        project = shown[which % len(shown)]
        with self.changed():
            sight.system.rename(project, join(to, project.rpartition(b"/")[2]))

    @rule(there=st.booleans())
    def folder_of_projects_is_renamed(self, there: bool) -> None:
        with self.changed():
            self.sights[0].system.rename(*((b"K", b"M") if there else (b"M", b"K")))

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
        one, other = (sight.shape() for sight in self.sights)
        with ExitStack() as stack:
            remounted = Sight(self.desk, self.plan_id, stack).shape()
        assert other == one
        assert remounted == one
        there = [file for file in one.values() if file is not None and file.status != b"missing"]
        assert {file.status for file in there} <= {b"planned", b"staying"}
        assert sorted(file.source for file in there) == sorted(self.originals())
        self.check_folders(one)
        problems = self.desk.here("stage", "validate", self.plan_id, "--json").json["problems"]
        assert [each for each in problems if each["code"] == "project-scattered"] == []

    def originals(self) -> list[bytes]:
        roots = [os.fsencode(self.folder / root) for root in ROOTS]
        return [os.path.join(here, name) for root in roots for here, _, names in os.walk(root) for name in names]

    def check_folders(self, shown: dict[bytes, Shown | None]) -> None:
        """What is in a project is in one folder of the view, as it is on the disk."""
        path_of = {file.source: path for path, file in shown.items() if file is not None and file.status != b"missing"}
        outermost = [each for each in self.projects() if not any(above in self.projects() for above in each.parents)]
        for project in map(os.fsencode, outermost):
            folder = path_of[project + b"/.git/HEAD"].removesuffix(b"/.git/HEAD")
            inside = [source for source in path_of if source.startswith(project + b"/")]
            assert {source: path_of[source] for source in inside} == {
                source: folder + source.removeprefix(project) for source in inside
            }


def run(folder: Path, n_examples: int, n_steps: int, *, shrink: bool) -> None:
    machine = type("Projects", (Projects,), {"folder": folder / "desk"})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=n_examples,
            stateful_step_count=n_steps,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is whole when it is as it was a moment ago; nobody learns of what is dragged."""
    monkeypatch.setattr(watching, "QUIET_S", 0.0)
    monkeypatch.setattr(learning, "learning", lambda app, plan_id: nullcontext())


def test_projects_are_one_folder_whatever_comes_to_pass(tmp_path: Path) -> None:
    seed(1)(lambda: run(tmp_path, 6, 25, shrink=False))()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_projects_are_one_folder_whatever_comes_to_pass_for_long(tmp_path: Path) -> None:
    run(tmp_path, 250, 40, shrink=True)
