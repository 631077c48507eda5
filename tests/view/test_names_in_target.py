"""Files of the target with several names: any of them leads to the file as long as it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.names import THIRD_PREFIX, NameRules, unfinished_name
from ifmosfs.store.sessions import new_id
from ifmosfs.view.target import Target
from ifmosfs.view.values import FsError, FsErrorKind
from tests.adapters.memory_disk import MemoryDisk
from tests.view.views import Scene, at

E = FsErrorKind


class TestNamesOfOneFileOfTheTarget:
    """`Docs/theirs.pdf` with two more names; the kernel knows them all by one number, and may mean any."""

    @pytest.fixture
    def inode(self, scene: Scene) -> int:
        """The number that all of them were told under, `link 2` last."""
        for name in ("link 1", "link 2"):
            os.link(self.path(scene, "theirs.pdf"), self.path(scene, name))
        numbers = {scene.view.lookup(*at(scene, b"Docs/" + name)).attr.inode for name in (b"theirs.pdf", b"link 1")}
        numbers.add(scene.view.lookup(*at(scene, b"Docs/link 2")).attr.inode)
        (inode,) = numbers
        return inode

    def path(self, scene: Scene, name: str) -> str:
        return os.path.join(os.fsdecode(scene.plan.target), "Docs", name)

    def content(self, scene: Scene, inode: int) -> bytes:
        opened = scene.view.open(inode, 0)
        try:
            return scene.view.read(opened.handle, 99, 0)
        finally:
            scene.view.release(opened.handle)

    def test_one_that_is_removed_does_not_take_the_others_along(self, scene: Scene, inode: int) -> None:
        for name in ("link 2", "theirs.pdf"):
            os.unlink(self.path(scene, name))
            assert (self.content(scene, inode), scene.view.getattr(inode).inode) == (b"theirs", inode)
        os.unlink(self.path(scene, "link 1"))
        with pytest.raises(FsError, match="NOT_FOUND"):
            scene.view.open(inode, 0)

    def test_another_file_that_gets_one_of_the_names_is_not_taken_for_it(self, scene: Scene, inode: int) -> None:
        Path(self.path(scene, "new")).write_bytes(b"another")
        os.rename(self.path(scene, "new"), self.path(scene, "link 2"))
        assert (self.content(scene, inode), scene.view.getattr(inode).inode) == (b"theirs", inode)
        assert scene.content(b"Docs/link 2") == b"another"

    def test_renamed_folder_leads_to_them_again_as_soon_as_it_is_looked_into(self, scene: Scene, inode: int) -> None:
        target = os.fsdecode(scene.plan.target)
        os.rename(os.path.join(target, "Docs"), os.path.join(target, "Moved"))
        assert scene.view.lookup(scene.inode(b"Moved"), b"link 1").attr.inode == inode
        assert self.content(scene, inode) == b"theirs"

    def test_forgotten_number_is_known_no_more(self, scene: Scene, inode: int) -> None:
        scene.view.forget(inode)
        with pytest.raises(FsError, match="NOT_FOUND"):
            scene.view.open(inode, 0)


@pytest.mark.parametrize("what", ["a copy", "a source", "what waits"])
def test_what_a_run_has_not_finished_is_neither_listed_nor_found(scene: Scene, what: str) -> None:
    """During a commit to another filesystem its copies were listed, and gone when they were opened."""
    before, run = scene.tree(), new_id()
    name = {
        "a copy": unfinished_name("t", run, 7),
        "a source": unfinished_name("q", run, 7),
        "what waits": THIRD_PREFIX + f"{run}-7".encode(),
    }[what]
    docs = Path(os.fsdecode(scene.plan.target)) / "Docs"
    (docs / os.fsdecode(name)).write_bytes(b"half")
    assert scene.tree() == before
    with pytest.raises(FsError, match="NOT_FOUND"):
        scene.view.lookup(scene.inode(b"Docs"), name)
    (docs / ".ifmosfs-t-mine").write_bytes(b"mine")
    assert scene.content(b"Docs/.ifmosfs-t-mine") == b"mine"


def test_as_many_names_of_a_file_are_remembered_as_fit_and_none_of_a_folder_but_the_last() -> None:
    disk = MemoryDisk.from_tree({b"out": {b"0": b"x", b"folder": {b"inside": {}}}})
    target = Target(disk, b"/out", NameRules(), lambda path: Place(b"/out", path), lambda: 0)
    for number in range(1, 40):
        disk.link(Place(b"/out", b"0"), Place(b"/out", b"%d" % number))
        inode = target.attr(b"%d" % number).inode
    assert target.live_path(inode) == target.path(inode) == b"39"
    for number in range(39, 24, -1):
        disk.remove(Place(b"/out", b"%d" % number))
    assert target.live_path(inode) == b"24"
    disk.remove(Place(b"/out", b"24"))
    assert target.live_path(inode) == b"39", "what was told before is forgotten"
    folder = target.attr(b"folder").inode
    disk.rename_noreplace(Place(b"/out", b"folder"), Place(b"/out", b"new"))
    assert (target.attr(b"new").inode, target.live_path(folder)) == (folder, b"new")
