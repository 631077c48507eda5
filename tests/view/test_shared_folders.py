"""Folders that the plan and the target both have: shown as commit leaves them, whatever becomes of them on the disk meanwhile."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.core.files import Attr
from ifmosfs.view.values import ROOT_INODE
from tests.view.views import Scene, Told, listed


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


# What the plan makes is in the target by now


def made_by_another(folder: Path, mode: int) -> None:
    """A folder with an old time."""
    folder.mkdir()
    folder.chmod(mode)
    os.utime(folder, ns=(0, 7_000))


def test_planned_folder_that_the_target_has_got_is_shown_as_it_is_there_with_what_commit_adds(
    scene: Scene, target: Path
) -> None:
    before = seen(scene, b"New")
    made_by_another(target / "New", 0o711)
    made_by_another(target / "New" / "theirs", 0o755)
    disk, found = (target / "New").stat(), seen(scene, b"New")
    assert (found.mode, found.uid, found.gid) == (disk.st_mode, disk.st_uid, disk.st_gid)
    assert found.n_links == disk.st_nlink + 1  # `Empty`, which commit makes in it
    assert (found.inode, found.mtime_ns) == (before.inode, before.mtime_ns)


def test_planned_folder_that_the_target_has_got_and_that_gains_nothing_keeps_the_time_it_has_there(
    scene: Scene, target: Path
) -> None:
    before = seen(scene, b"New/Empty")
    made_by_another(target / "New", 0o755)
    made_by_another(target / "New" / "Empty", 0o700)
    found = seen(scene, b"New/Empty")
    assert (stat.S_IMODE(found.mode), found.mtime_ns, found.n_links) == (0o700, 7_000, 2)
    assert found.inode == before.inode
    assert seen(scene, b"New").n_links == (target / "New").stat().st_nlink  # which has `Empty` already


def test_planned_folder_that_the_target_had_for_a_while_is_the_plans_again(scene: Scene, target: Path) -> None:
    before = seen(scene, b"New/Empty")
    made_by_another(target / "New", 0o711)
    made_by_another(target / "New" / "Empty", 0o700)
    shutil.rmtree(target / "New")
    assert seen(scene, b"New/Empty") == before


def test_folder_of_the_target_that_is_called_like_that_of_the_review_is_not_taken_for_it(
    scene: Scene, target: Path
) -> None:
    before = seen(scene, b"To review"), seen(scene, b"To review/unsure")
    made_by_another(target / "To review", 0o700)
    made_by_another(target / "To review" / "unsure", 0o700)
    assert (seen(scene, b"To review"), seen(scene, b"To review/unsure")) == before


def test_root_has_as_many_links_as_folders_are_shown_in_it(scene: Scene, target: Path) -> None:
    for name in ("New", "To review", ".ifmosfs", "theirs"):
        root = scene.view.getattr(ROOT_INODE)
        shown = [entry for entry in listed(scene.view, ROOT_INODE) if stat.S_ISDIR(entry.attr.mode)]
        assert root.n_links == 2 + len(shown), name
        made_by_another(target / name, 0o755)


def test_attributes_of_a_planned_folder_are_not_remembered_for_longer_than_those_of_a_file(scene: Scene) -> None:
    scene.view.tell(Told())
    validities = [scene.view.validity(scene.inode(path)) for path in (b"New", b"New/b.pdf")]
    assert [(each.entry_s, each.attr_s) for each in validities] == [(60.0, 1.0)] * 2
