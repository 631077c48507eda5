"""Inode numbers and extended attributes of the view: what stays the same, and what the plan tells of a file."""

from __future__ import annotations

import pytest

from ifmosfs.core.files import Kind
from ifmosfs.core.names import NameRules, split
from ifmosfs.core.plan import EditKind, KeepReason
from ifmosfs.view.values import FsError, FsErrorKind
from tests.adapters.memory_disk import MemoryDisk
from tests.view.views import TREE, Scene, make_scene, numbers, rename

E = FsErrorKind
FILE, LINK = Kind.FILE, Kind.SYMLINK
WHO, REVIEW_LINK = b"To review/unsure/who", b"To review/links/link"


# Inode numbers


def test_every_node_has_a_number_of_its_own_and_lookup_gives_the_same(scene: Scene) -> None:
    found = numbers(scene.view)
    assert len(set(found.values())) == len(found)
    assert {path: scene.inode(path[1:]) for path in found} == found


def test_numbers_stay_over_renames_and_over_a_remount(scene: Scene) -> None:
    before = numbers(scene.view)
    rename(scene, b"New", b"Docs/Sub/Newer")
    rename(scene, b"Docs/a.pdf", b"Docs/Sub/Newer/Empty/a")
    scene.view.mkdir(scene.inode(b"Docs"), b"made", 0o755)
    after = numbers(scene.view)
    moved = {
        b"/New": b"/Docs/Sub/Newer",
        b"/New/b.pdf": b"/Docs/Sub/Newer/b.pdf",
        b"/Docs/a.pdf": b"/Docs/Sub/Newer/Empty/a",
        b"/Docs/Sub": b"/Docs/Sub",
        b"/Docs": b"/Docs",
        b"/top": b"/top",
    }
    assert {path: after[target] for path, target in moved.items()} == {path: before[path] for path in moved}
    assert numbers(scene.again()) == after


# Extended attributes


def test_a_planned_file_tells_what_the_plan_knows(scene: Scene) -> None:
    inode = scene.inode(b"New/b.pdf")
    assert {name: scene.view.getxattr(inode, name) for name in scene.view.listxattr(inode)} == {
        b"user.ifmosfs.source": scene.plan.roots[0].path + b"/deep/b.pdf",
        b"user.ifmosfs.category": b"paper",
        b"user.ifmosfs.confidence": b"0.900",
        b"user.ifmosfs.reason": b"because",
        b"user.ifmosfs.status": b"planned",
        b"user.xdg.tags": b"paper",
    }
    assert b"user.ifmosfs.category" not in scene.view.listxattr(scene.inode(WHO))
    assert scene.view.listxattr(scene.inode(b"top")) == []


def set_category(scene: Scene, path: bytes, category: bytes) -> None:
    scene.view.setxattr(scene.inode(path), b"user.ifmosfs.category", category, 0)


@pytest.mark.parametrize("path", [b"New/b.pdf", WHO], ids=["planned", "staying"])
def test_writing_a_category_files_the_file_under_it(scene: Scene, path: bytes) -> None:
    content = scene.content(path)
    set_category(scene, path, b"paper")
    assert scene.content(b"Docs/" + split(path)[1]) == content


def test_writing_the_category_that_a_file_is_filed_under_changes_nothing(scene: Scene) -> None:
    rename(scene, b"Docs/a.pdf", b"Docs/my name")
    set_category(scene, b"Docs/my name", b"paper")
    assert len(scene.log.edits) == 1


@pytest.mark.parametrize("category", [b"no such", b"", b"\xff"])
def test_a_category_without_a_folder_is_invalid(scene: Scene, category: bytes) -> None:
    with pytest.raises(FsError) as refused:
        set_category(scene, b"New/b.pdf", category)
    assert (refused.value.kind, scene.log.edits) == (E.INVALID, [])


def test_a_category_whose_folder_holds_the_name_already_is_refused(scene: Scene) -> None:
    rename(scene, b"Docs/a.pdf", b"Docs/b.pdf")
    with pytest.raises(FsError) as refused:
        set_category(scene, b"New/b.pdf", b"paper")
    assert (refused.value.kind, scene.tree(b"New")) == (E.EXISTS, TREE[b"New"])


def test_a_category_gives_names_that_the_target_takes() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"what?": b"x"}, b"out": {}})
    rows = [(b"what?", KeepReason.UNSURE)]
    scene = make_scene(disk, b"/in", b"/out", rows, names=NameRules(dos=True))
    set_category(scene, b"To review/unsure/what?", b"colon")
    assert [(edit.kind, edit.path, edit.target, edit.category) for edit in scene.log.edits] == [
        (EditKind.MKDIR, b"A_ B", None, None),
        (EditKind.MKDIR, b"A_ B/C", None, None),
        (EditKind.MOVE, b"To review/unsure/what?", b"A_ B/C/what_", "colon"),
    ]


def test_a_file_tells_the_category_that_a_person_has_given_it(scene: Scene) -> None:
    set_category(scene, WHO, b"paper")
    inode = scene.inode(b"Docs/who")
    names = [b"user.ifmosfs.category", b"user.xdg.tags", b"user.ifmosfs.confidence", b"user.ifmosfs.reason"]
    assert [scene.view.getxattr(inode, name) for name in names] == [b"paper", b"paper", b"1.000", b"a person said so"]
