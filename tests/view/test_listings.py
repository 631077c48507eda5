"""A listing that is under way: what comes after its begin takes no entry from it that is still there."""

from __future__ import annotations

import pytest

from ifmosfs.core.edit_log import retracing, undoable
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.view import looking
from ifmosfs.view.protocol import Listing
from tests.view.views import Scene, listed, rename


def entries(listing: Listing) -> list[tuple[bytes, int]]:
    return [(name, attr.inode) for name, attr in listing.entries(0, len(listing))]


def undo(scene: Scene) -> None:
    """By another program."""
    assert scene.log.append(retracing(EditKind.UNDO, undoable(scene.log.edits)[0], 0), len(scene.log.edits))
    scene.view.reload()


def test_files_that_are_forgotten_meanwhile_are_listed_all_the_same(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = scene.view.opendir(scene.inode(b"New"))
    before = entries(listing)
    monkeypatch.setattr(looking, "MOST_LOADED", 0)
    listed(scene.view, scene.inode(b"Docs"))  # who opens a folder lets others' files be forgotten
    assert entries(listing) == before
    assert [name for name, _ in before] == [b"Empty", b"b.pdf", b"odd\xff\nname"]


def test_an_undo_elsewhere_takes_nothing_from_a_listing(scene: Scene) -> None:
    rename(scene, b"Docs/a.pdf", b"Docs/Sub/a.pdf")
    listing = scene.view.opendir(scene.inode(b"New"))
    before = entries(listing)
    undo(scene)
    assert entries(listing) == before
    assert len(before) == 3


def test_what_an_undo_takes_out_of_the_folder_is_not_listed_any_more(scene: Scene) -> None:
    rename(scene, b"Docs/a.pdf", b"New/a.pdf")
    listing = scene.view.opendir(scene.inode(b"New"))
    undo(scene)
    rename(scene, b"New/b.pdf", b"New/a.pdf")  # another file has the name now
    assert [name for name, _ in entries(listing)] == [b"Empty", b"odd\xff\nname"]


def test_of_a_folder_that_an_undo_has_taken_away_nothing_is_listed_any_more(scene: Scene) -> None:
    made = scene.view.mkdir(scene.inode(b"New"), b"made", 0o755).attr.inode
    rename(scene, b"New/b.pdf", b"New/made/b.pdf")
    listing = scene.view.opendir(made)
    while undoable(scene.log.edits):
        undo(scene)
    assert len(listing) == 1
    assert entries(listing) == []


def test_the_files_of_the_tree_before_an_undo_are_let_go(scene: Scene) -> None:
    before = scene.view._guarded.tree
    for folder in (b"New", b"Docs"):
        listed(scene.view, scene.inode(folder))
    n_loaded = len(before.made_files)
    assert isinstance(scene.log.append(Edit(0, EditKind.MKDIR, b"Other", None, 0), 0), Edit)
    scene.view.reload()
    undo(scene)
    assert (n_loaded, len(before.made_files)) == (3, 0)
