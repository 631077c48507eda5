"""The preview folder: what it shows, and that removing it never takes what is not its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import Action, ActionKind
from ifmosfs.core.tree import PlannedMove
from ifmosfs.platform.disk import PosixDisk
from ifmosfs.platform.farm import FarmMethod, FarmReport, build_farm, remove_farm
from tests.adapters.trees import Link, read_tree, write_tree

ALL = list(FarmMethod)


@pytest.fixture
def disk() -> Iterator[PosixDisk]:
    with PosixDisk() as opened:
        yield opened


class Bench:
    """An inbox with two files, planned into `docs/`, and the farm's folder."""

    def __init__(self, folder: Path, disk: PosixDisk) -> None:
        self.inbox = folder / "inbox"
        self.farm = os.fsencode(folder / "previews" / "plan")
        self.disk = disk
        write_tree(self.inbox, {b"a.txt": b"one", b"caf\xe9": b"two"})

    def build(self, method: FarmMethod, moves: list[PlannedMove] | None = None) -> FarmReport:
        return build_farm(
            self.farm, self.moves() if moves is None else moves, [b"empty"], method, self.disk, lambda _n_done: None
        )

    def moves(self) -> list[PlannedMove]:
        return [self._move(number, name) for number, name in enumerate((b"a.txt", b"caf\xe9"), 1)]

    def _move(self, number: int, name: bytes) -> PlannedMove:
        root = os.fsencode(self.inbox)
        attr = self.disk.lstat(Place(root, name))
        action = Action(
            number,
            ActionKind.MOVE,
            root,
            name,
            b"docs/" + name,
            attr.fingerprint,
            attr.mode,
            Kind.FILE,
            "x",
            1.0,
            "why",
        )
        return PlannedMove(action, b"docs/" + name)

    def left(self) -> dict[bytes, object]:
        return read_tree(os.path.dirname(self.farm))


@pytest.fixture
def bench(tmp_path: Path, disk: PosixDisk) -> Bench:
    assert NameRules() == disk.name_rules(Place(os.fsencode(tmp_path), b""))
    return Bench(tmp_path, disk)


def shown(method: FarmMethod, bench: Bench, name: bytes, content: bytes) -> object:
    return Link(os.fsencode(bench.inbox) + b"/" + name) if method is FarmMethod.SYMLINK else content


@pytest.mark.parametrize("method", ALL)
def test_a_farm_shows_the_planned_layout(bench: Bench, method: FarmMethod) -> None:
    assert bench.build(method) == FarmReport(2)
    docs = {name: shown(method, bench, name, content) for name, content in ((b"a.txt", b"one"), (b"caf\xe9", b"two"))}
    assert read_tree(bench.farm) == {b"docs": docs, b"empty": {}}


@pytest.mark.parametrize("method", ALL)
def test_an_original_that_is_gone_is_told_of_and_the_others_are_shown(bench: Bench, method: FarmMethod) -> None:
    moves = bench.moves()
    (bench.inbox / "a.txt").unlink()
    gone = Place(os.fsencode(bench.inbox), b"a.txt")
    assert bench.build(method, moves) == FarmReport(1, ((gone, "it is gone"),))
    assert read_tree(bench.farm) == {b"docs": {b"caf\xe9": shown(method, bench, b"caf\xe9", b"two")}, b"empty": {}}
    assert remove_farm(bench.farm) == []
    assert bench.left() == {}


def test_an_original_that_was_changed_is_not_copied_as_what_was_planned(bench: Bench) -> None:
    moves = bench.moves()
    (bench.inbox / "a.txt").write_bytes(b"one and more")
    changed = Place(os.fsencode(bench.inbox), b"a.txt")
    assert bench.build(FarmMethod.COPY, moves) == FarmReport(1, ((changed, "it is not what was planned any more"),))
    assert read_tree(bench.farm) == {b"docs": {b"caf\xe9": b"two"}, b"empty": {}}


@pytest.mark.parametrize("method", ALL)
def test_removing_a_farm_leaves_nothing_of_it_and_all_of_the_inbox(bench: Bench, method: FarmMethod) -> None:
    bench.build(method)
    assert remove_farm(bench.farm) == []
    assert bench.left() == {}
    assert read_tree(bench.inbox) == {b"a.txt": b"one", b"caf\xe9": b"two"}


@pytest.mark.parametrize("method", ALL)
def test_what_somebody_put_there_stays_and_is_named(bench: Bench, method: FarmMethod) -> None:
    bench.build(method)
    write_tree(os.path.join(bench.farm, b"docs"), {b"own.txt": b"mine"})
    os.symlink(b"/nowhere", os.path.join(bench.farm, b"empty", b"link"))
    assert sorted(remove_farm(bench.farm)) == [bench.farm + b"/docs/own.txt", bench.farm + b"/empty/link"]
    assert read_tree(bench.farm) == {b"docs": {b"own.txt": b"mine"}, b"empty": {b"link": Link(b"/nowhere")}}


@pytest.mark.parametrize("method", ALL)
def test_a_file_saved_anew_in_the_farm_stays(bench: Bench, method: FarmMethod) -> None:
    bench.build(method)
    path = os.path.join(bench.farm, b"docs", b"a.txt")
    os.unlink(path)
    with open(path, "xb") as file:
        file.write(b"newer")
    assert remove_farm(bench.farm) == [path]
    assert read_tree(bench.farm) == {b"docs": {b"a.txt": b"newer"}}


def test_a_copy_that_was_edited_stays(bench: Bench) -> None:
    bench.build(FarmMethod.COPY)
    path = os.path.join(bench.farm, b"docs", b"a.txt")
    with open(path, "ab") as file:
        file.write(b" and more")
    assert remove_farm(bench.farm) == [path]


def test_a_hard_link_that_became_the_last_name_of_its_file_stays(bench: Bench) -> None:
    bench.build(FarmMethod.HARDLINK)
    os.unlink(bench.inbox / "a.txt")
    assert remove_farm(bench.farm) == [bench.farm + b"/docs/a.txt"]
    assert read_tree(bench.farm) == {b"docs": {b"a.txt": b"one"}}


def test_a_farm_with_foreign_things_is_not_built_over(bench: Bench) -> None:
    bench.build(FarmMethod.COPY)
    write_tree(bench.farm, {b"own.txt": b"mine"})
    with pytest.raises(IfmosfsError) as caught:
        bench.build(FarmMethod.SYMLINK)
    assert caught.value.path == bench.farm + b"/own.txt"
    assert read_tree(bench.farm) == {b"own.txt": b"mine"}


def test_without_its_list_nothing_of_a_farm_is_removed(bench: Bench) -> None:
    """A build that was killed before it could say what it made."""
    bench.build(FarmMethod.COPY)
    os.unlink(bench.farm + b".entries")
    assert sorted(remove_farm(bench.farm)) == [bench.farm + b"/docs/a.txt", bench.farm + b"/docs/caf\xe9"]


def test_no_farm_is_removed_without_a_word(bench: Bench) -> None:
    assert remove_farm(bench.farm) == []
