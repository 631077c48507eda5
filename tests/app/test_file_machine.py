"""Files that are saved, renamed, exchanged, copied and moved into projects on the disk while they are dragged, left out and filed
elsewhere in two views, undone and redone: at rest, every view shows each of them once, as the disk has it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.adapters.trees import Tree
from tests.app.stories import MARK, ROOTS, WHICH, Story, checkout, nothing_is_waited_for, run
from tests.cli.command_line import SCRIPT, TABLE
from tests.conformance.os_protocol import join

__all__ = ["nothing_is_waited_for"]

N_STAYING = 3  # so that there is always something left to tell of
ENDINGS = (".csv", ".sh", ".xyz", "")
FOLDERS = st.sampled_from([b"K", b"K/L", b"To review", b"Data/Datasets", b"Development/Source code"])
CATEGORIES = st.sampled_from([b"technical_dataset", b"technical_script", b"legal_document"])


class Files(Story):
    """Two roots with files of several kinds, and a project in each."""

    inbox: ClassVar[Tree] = {
        b"A": checkout(b"A"),
        b"deep": {b"er": {b"four.csv": TABLE + b"d,4\n", b"go.sh": SCRIPT + b"# go\n"}, b"what.xyz": b"hm"},
        b"one.csv": TABLE,
        b"photo.jpg": b"\xff\xd8\xff\xe0",
        b"photo.xmp": b"<x/>",
        b"run.sh": SCRIPT,
        b"two.csv": TABLE + b"d,5\n",
    }
    other: ClassVar[Tree] = {b"D": checkout(b"D"), b"last.sh": SCRIPT + b"# last\n", b"six.csv": TABLE + b"d,6\n"}

    def folders(self) -> list[Path]:
        """Roots and folders, without what is in projects."""
        found = []
        for root in ROOTS:
            for here, inside, _ in os.walk(self.folder / root):
                if os.fsdecode(MARK) in inside:
                    inside.clear()
                else:
                    found.append(Path(here))
        return sorted(found)

    def a_folder(self, which: int) -> Path:
        found = self.folders()
        return found[which % len(found)]

    def files(self) -> list[Path]:
        return [path for folder in self.folders() for path in sorted(folder.iterdir()) if path.is_file()]

    def file(self, which: int) -> Path:
        found = self.files()
        return found[which % len(found)]

    # The disk

    @rule(which=WHICH)
    def file_is_renamed(self, which: int) -> None:
        path = self.file(which)
        self.rename(path, path.with_name(self.fresh_name() + path.suffix))

    @rule(which=WHICH, where=WHICH)
    def file_is_moved(self, which: int, where: int) -> None:
        path = self.file(which)
        to = self.a_folder(where) / path.name
        if not to.exists():
            self.rename(path, to)

    @rule(which=WHICH, where=WHICH)
    def file_is_moved_into_a_project(self, which: int, where: int) -> None:
        path = self.file(which)
        if len(self.files()) > N_STAYING:
            self.rename(path, self.project(where) / path.name)

    @rule(which=WHICH, other=WHICH)
    def file_takes_the_place_of_another_one(self, which: int, other: int) -> None:
        if self.file(which) != self.file(other) and len(self.files()) > N_STAYING:
            self.rename(self.file(which), self.file(other))

    @rule(which=WHICH, other=WHICH)
    def files_exchange_their_names(self, which: int, other: int) -> None:
        one, two = self.file(which), self.file(other)
        if one != two:
            aside = one.with_name(self.fresh_name())
            self.rename(one, aside)
            self.rename(two, one)
            self.rename(aside, two)

    @rule(which=WHICH)
    def file_is_written(self, which: int) -> None:
        path = self.file(which)
        with path.open("a") as file:
            file.write(self.fresh_name())
        self.tell(path)

    @rule(which=WHICH)
    def file_is_saved_by_a_temporary_one(self, which: int) -> None:
        path = self.file(which)
        aside = path.with_name(f".{path.name}.swp")
        aside.write_bytes(path.read_bytes() + self.fresh_name().encode())
        self.tell(aside)
        self.rename(aside, path)

    @rule(which=WHICH, keeps=st.booleans())
    def file_is_saved_beside_a_copy_of_before(self, which: int, keeps: bool) -> None:
        path = self.file(which)
        content, copy = path.read_bytes(), path.with_name(path.name + "~")
        self.rename(path, copy)
        path.write_bytes(content + self.fresh_name().encode())
        self.tell(path)
        if not keeps:
            copy.unlink()
            self.tell(copy)

    @rule(where=WHICH, ending=st.sampled_from(ENDINGS))
    def file_is_made(self, where: int, ending: str) -> None:
        path = self.a_folder(where) / (self.fresh_name() + ending)
        path.write_bytes(TABLE + path.name.encode())
        self.tell(path)

    @rule(which=WHICH, where=WHICH)
    def file_is_copied(self, which: int, where: int) -> None:
        path = self.file(which)
        to = self.a_folder(where) / (self.fresh_name() + path.suffix)
        shutil.copy2(path, to)
        self.tell(to)

    @rule(which=WHICH)
    def file_is_removed(self, which: int) -> None:
        path = self.file(which)
        if len(self.files()) > N_STAYING:
            path.unlink()
            self.tell(path)

    @rule(which=WHICH, where=WHICH)
    def folder_is_moved(self, which: int, where: int) -> None:
        path, to = self.a_folder(which), self.a_folder(where)
        if path.parent != self.folder and not to.is_relative_to(path):
            self.rename(path, to / self.fresh_name())

    @rule(which=WHICH)
    def project_is_renamed(self, which: int) -> None:
        project = self.project(which)
        self.rename(project, project.with_name(self.fresh_name()))

    # The views

    def shown(self, number: int, *, folders: bool = False) -> list[bytes]:
        """What a view has outside of projects: files, or folders of the layout."""
        walked = [(path, is_folder) for path, is_folder in self.sights[number].walk() if is_folder is folders]
        return [path for path, _ in walked if MARK not in path and not (folders and path.startswith(b"To review"))]

    @rule(number=st.integers(0, 1), which=WHICH, to=FOLDERS)
    def file_is_dragged(self, number: int, which: int, to: bytes) -> None:
        for folder in (b"K", b"K/L"):
            with self.changed():
                self.sights[number].system.mkdir(folder)
        shown = self.shown(number)
        path = shown[which % len(shown)]
        with self.changed():
            self.sights[number].system.rename(path, join(to, path.rpartition(b"/")[2]))

    @rule(number=st.integers(0, 1), which=WHICH, other=WHICH)
    def file_is_dragged_onto_another_one(self, number: int, which: int, other: int) -> None:
        shown = self.shown(number)
        with self.changed():
            self.sights[number].system.rename(shown[which % len(shown)], shown[other % len(shown)])

    @rule(number=st.integers(0, 1), which=WHICH)
    def file_is_left_out(self, number: int, which: int) -> None:
        shown = self.shown(number)
        with self.changed():
            self.sights[number].system.unlink(shown[which % len(shown)])

    @rule(number=st.integers(0, 1), which=WHICH, category=CATEGORIES)
    def file_is_said_to_be_of_a_category(self, number: int, which: int, category: bytes) -> None:
        shown = self.shown(number)
        with self.changed():
            self.sights[number].system.setxattr(shown[which % len(shown)], b"user.ifmosfs.category", category)

    @rule(number=st.integers(0, 1), which=WHICH)
    def folder_of_the_layout_is_renamed(self, number: int, which: int) -> None:
        shown = self.shown(number, folders=True)
        path = shown[which % len(shown)]
        with self.changed():
            self.sights[number].system.rename(path, path + b" 2")


def test_files_are_shown_once_as_they_are_whatever_comes_to_pass(tmp_path: Path) -> None:
    seed(1)(lambda: run(Files, tmp_path, 6, 25, shrink=False))()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_files_are_shown_once_as_they_are_whatever_comes_to_pass_for_long(tmp_path: Path) -> None:
    run(Files, tmp_path, 250, 40, shrink=True)
