"""Projects that are renamed, moved into each other and changed on the disk while they are dragged in two views, undone and redone: at
rest, each is one folder that every view shows as the disk has it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.adapters.trees import Tree
from tests.app.stories import ROOTS, WHICH, Story, checkout, nothing_is_waited_for, run
from tests.cli.command_line import SCRIPT
from tests.conformance.os_protocol import join

__all__ = ["nothing_is_waited_for"]

FOLDERS = ("", "s1", "s1/s2")


class Projects(Story):
    """Two roots with projects."""

    inbox: ClassVar[Tree] = {
        b"A": checkout(b"A"),
        b"B": checkout(b"B"),
        b"in": {b"C": checkout(b"C")},
        b"run.sh": SCRIPT,
    }
    other: ClassVar[Tree] = {b"D": checkout(b"D"), b"E": checkout(b"E")}

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


def test_projects_are_one_folder_whatever_comes_to_pass(tmp_path: Path) -> None:
    seed(1)(lambda: run(Projects, tmp_path, 6, 25, shrink=False))()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_projects_are_one_folder_whatever_comes_to_pass_for_long(tmp_path: Path) -> None:
    run(Projects, tmp_path, 250, 40, shrink=True)
