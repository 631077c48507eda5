"""An operation between whose look and whose edit another one came: it is made where its folder is by then, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from ifmosfs.core.plan import EditKind
from ifmosfs.platform.disk import PosixDisk
from ifmosfs.view.overtaken import N_WITH_LOCK, N_WITHOUT_LOCK
from ifmosfs.view.values import Caller, FsError, FsErrorKind, RenameMode
from tests.adapters.trees import write_tree
from tests.view.conftest import INBOX, ROWS, TARGET
from tests.view.views import OWNER, Scene, make_scene, numbers, rename


class Overtaking(Caller):
    """Who asks for an operation: before each of its edits so many times something else happens."""

    acts: list[Callable[[], None]]

    def may_change(self, owner: tuple[int, int]) -> bool:
        """Asked when the operation has looked, and has not made its edit."""
        if self.acts:
            self.acts.pop()()
        return super().may_change(owner)


def overtaking(*acts: Callable[[], None]) -> Overtaking:
    caller = Overtaking(*OWNER, 1)
    caller.acts = list(acts)
    return caller


Operation = Callable[[Scene, dict[str, int], Caller], object]
# Inodes as they were at the start: those of `New`, `Docs` and of the files in them.
OPERATIONS: Final[dict[str, Operation]] = {
    "mkdir": lambda s, at, who: s.view.mkdir(at["New"], b"made", 0o755, who),
    "rmdir": lambda s, at, who: s.view.rmdir(at["New"], b"Empty", who),
    "unlink": lambda s, at, who: s.view.unlink(at["New"], b"b.pdf", who),
    "out of it": lambda s, at, who: s.view.rename(at["New"], b"b.pdf", at["Docs"], b"c.pdf", RenameMode.REPLACE, who),
    "into it": lambda s, at, who: s.view.rename(at["Docs"], b"a.pdf", at["New"], b"c.pdf", RenameMode.NO_REPLACE, who),
    "over a file in it": lambda s, at, who: s.view.rename(
        at["Docs"], b"a.pdf", at["New"], b"b.pdf", RenameMode.REPLACE, who
    ),
    "exchange": lambda s, at, who: s.view.rename(at["New"], b"b.pdf", at["Docs"], b"a.pdf", RenameMode.EXCHANGE, who),
    "chmod": lambda s, at, who: s.view.chmod(at["New"], 0o700, who),
    "set_times": lambda s, at, who: s.view.set_times(at["New"], None, 77, who),
    "refile": lambda s, at, who: s.view.setxattr(at["b.pdf"], b"user.ifmosfs.category", b"paper", 0, who),
    "leave out": lambda s, at, who: s.view.setxattr(at["b.pdf"], b"user.ifmosfs.category", b"none", 0, who),
}


def inodes(scene: Scene) -> dict[str, int]:
    return {"New": scene.inode(b"New"), "Docs": scene.inode(b"Docs"), "b.pdf": scene.inode(b"New/b.pdf")}


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_done_in_a_folder_is_done_in_it_whatever_it_is_called_by_then(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path / "in", INBOX)
    write_tree(tmp_path / "out", TARGET)
    with PosixDisk() as disk:
        overtaken, in_peace = (
            make_scene(disk, bytes(tmp_path / "in"), bytes(tmp_path / "out"), ROWS, folders=[b"New", b"New/Empty"])
            for _ in range(2)
        )
        OPERATIONS[name](overtaken, inodes(overtaken), overtaking(lambda: rename(overtaken, b"New", b"Renamed")))
        at = inodes(in_peace)
        rename(in_peace, b"New", b"Renamed")
        OPERATIONS[name](in_peace, at, overtaking())
        assert overtaken.log.edits == in_peace.log.edits
        assert overtaken.tree() == in_peace.tree()
        assert numbers(overtaken.again()) == numbers(overtaken.view) == numbers(in_peace.view)


def test_in_a_folder_that_was_removed_meanwhile_nothing_is_made(scene: Scene) -> None:
    new, empty = scene.inode(b"New"), scene.inode(b"New/Empty")
    with pytest.raises(FsError) as refused:
        scene.view.mkdir(empty, b"made", 0o755, overtaking(lambda: scene.view.rmdir(new, b"Empty")))
    assert refused.value.kind is FsErrorKind.NOT_FOUND
    assert [edit.kind for edit in scene.log.edits] == [EditKind.RMDIR]


def test_a_file_that_took_the_name_meanwhile_is_the_one_that_is_left_out(scene: Scene) -> None:
    def put_another_there() -> None:
        rename(scene, b"New/b.pdf", b"Docs/b.pdf")
        rename(scene, b"Docs/a.pdf", b"New/b.pdf")

    scene.view.unlink(scene.inode(b"New"), b"b.pdf", overtaking(put_another_there))
    assert scene.content(b"To review/excluded/a.pdf") == b"first"
    assert scene.content(b"Docs/b.pdf") == b"second"


def swapping_names(scene: Scene, n_times: int) -> Overtaking:
    """The folder is called otherwise before each of so many edits."""

    def swap() -> None:
        old = b"New" if scene.log.edits[-1:] == [] or scene.log.edits[-1].target == b"New" else b"Renamed"
        rename(scene, old, b"Renamed" if old == b"New" else b"New")

    return overtaking(*[swap] * n_times)


def test_who_is_overtaken_again_and_again_makes_its_edit_at_last(scene: Scene) -> None:
    new = scene.inode(b"New")
    scene.view.mkdir(new, b"made", 0o755, swapping_names(scene, N_WITHOUT_LOCK + 1))
    assert [edit.path for edit in scene.log.edits if edit.kind is EditKind.MKDIR] == [b"New/made"]
    assert scene.view.lookup(new, b"made").attr.inode == scene.inode(b"New/made")


def test_who_is_overtaken_for_ever_is_refused_and_has_made_nothing(scene: Scene) -> None:
    who = swapping_names(scene, N_WITHOUT_LOCK + N_WITH_LOCK)
    with pytest.raises(FsError) as refused:
        scene.view.mkdir(scene.inode(b"New"), b"made", 0o755, who)
    assert (refused.value.kind, who.acts) == (FsErrorKind.BUSY, [])
    assert EditKind.MKDIR not in {edit.kind for edit in scene.log.edits}
