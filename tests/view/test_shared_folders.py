"""Folders that the plan and the target both have: shown as commit leaves them, whatever becomes of them on the disk meanwhile."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.core.files import Attr
from tests.view.views import Scene, listed


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The target of the scene, on the disk."""
    return tmp_path / "out"


def seen(scene: Scene, path: bytes) -> Attr:
    """The attributes of something, which names, listing, lookup and number tell alike."""
    above, _, name = path.rpartition(b"/")
    parent = scene.inode(above)
    found = scene.view.lookup(parent, name).attr
    listing = scene.view.opendir(parent)
    kinds = {each.name: (each.inode, each.kind_bits) for each in listing.names(0, len(listing))}
    entries = {each.name: each.attr for each in listed(scene.view, parent)}
    assert (kinds[name], entries[name]) == ((found.inode, stat.S_IFMT(found.mode)), found)
    assert (scene.inode(path), scene.view.getattr(found.inode)) == (found.inode, found)
    return found


# What was a folder of the target is none any more


def by_a_link(folder: Path) -> None:
    folder.symlink_to("/etc")


def by_a_file(folder: Path) -> None:
    folder.write_bytes(b"no folder")


def by_nothing(folder: Path) -> None:
    assert not folder.exists()


GONE = pytest.mark.parametrize("replaced", [by_a_link, by_a_file, by_nothing], ids=lambda each: each.__name__)


@GONE
def test_folder_of_the_target_that_is_something_else_by_now_is_the_same_folder_however_it_is_looked_at(
    scene: Scene, target: Path, replaced: Callable[[Path], None]
) -> None:
    (target / "Docs").rename(target / "Documents")
    replaced(target / "Docs")
    assert stat.S_ISDIR(seen(scene, b"Docs").mode)
    assert [entry.name for entry in listed(scene.view, scene.inode(b"Docs"))] == [b"a.pdf"]
