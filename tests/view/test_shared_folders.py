"""Folders that the plan and the target both have: shown as commit leaves them, whatever becomes of them on the disk meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.core.files import Attr, Place
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.core.ports import Disk
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.operations import View
from ifmosfs.view.target import GRAIN_NS
from ifmosfs.view.values import ROOT_INODE, FsError, FsErrorKind
from tests.adapters.faults import Delegating
from tests.view.views import NOW_NS, Scene, Told, at, listed, numbers, rename, view_of


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


# What was in the target when the plan was made is there no more


@pytest.fixture
def gone(scene: Scene, target: Path) -> bytes:
    """A folder that the target had when a file was dragged into it and out again, and has no more; what it is in gains nothing."""
    made_by_another(target / "Docs" / "Sub" / "X", 0o711)
    rename(scene, b"Docs/a.pdf", b"Docs/Sub/X/a.pdf")
    rename(scene, b"Docs/Sub/X/a.pdf", b"New/a.pdf")
    (target / "Docs" / "Sub" / "X").rmdir()
    return b"Docs/Sub/X"


def test_folder_that_the_target_has_no_more_is_shown_as_one_that_commit_makes(
    scene: Scene, target: Path, gone: bytes
) -> None:
    found, above = seen(scene, gone), seen(scene, b"Docs/Sub")
    assert (found.mode, found.n_links) == (stat.S_IFDIR | scene.plan.policy.folder_mode, 2)
    assert found.mtime_ns == NOW_NS
    assert above.n_links == (target / "Docs" / "Sub").stat().st_nlink + 1
    assert above.mtime_ns == scene.plan.created_ns  # as that of every folder to which commit adds something


Change = Callable[[Scene, bytes], None]


def removed(scene: Scene, path: bytes) -> None:
    scene.view.rmdir(*at(scene, path))
    with pytest.raises(FsError):
        scene.inode(path)


def renamed(scene: Scene, path: bytes) -> None:
    rename(scene, path, b"Docs/other")
    assert stat.S_ISDIR(seen(scene, b"Docs/other").mode)


def replaced(scene: Scene, path: bytes) -> None:
    scene.view.mkdir(*at(scene, b"made"), 0o700)
    rename(scene, b"made", path)
    assert stat.S_IMODE(seen(scene, path).mode) == 0o700


def given_a_mode(scene: Scene, path: bytes) -> None:
    scene.view.chmod(scene.inode(path), 0o750)
    assert stat.S_IMODE(seen(scene, path).mode) == 0o750


def given_a_time(scene: Scene, path: bytes) -> None:
    scene.view.set_times(scene.inode(path), None, 8_000)
    assert seen(scene, path).mtime_ns == 8_000


CHANGES = pytest.mark.parametrize(
    "change", [removed, renamed, replaced, given_a_mode, given_a_time], ids=lambda each: each.__name__
)


@CHANGES
def test_folder_that_the_target_has_no_more_can_be_changed_as_one_of_the_plan_and_a_replay_agrees(
    scene: Scene, gone: bytes, change: Change
) -> None:
    change(scene, gone)
    assert numbers(scene.again()) == numbers(scene.view)


@CHANGES
def test_folder_that_the_target_has_again_is_as_it_is_there_and_cannot_be_changed(
    scene: Scene, target: Path, gone: bytes, change: Change
) -> None:
    made_by_another(target / "Docs" / "Sub" / "X", 0o700)
    made_by_another(target / "Docs" / "Sub" / "X" / "theirs", 0o700)
    found = seen(scene, gone)
    assert (stat.S_IMODE(found.mode), found.n_links) == (0o700, 3)
    with pytest.raises(FsError) as refused:
        change(scene, gone)
    assert refused.value.kind is (FsErrorKind.NOT_EMPTY if change is replaced else FsErrorKind.READ_ONLY)
    assert seen(scene, gone) == found


def test_root_cannot_be_changed_even_where_the_target_is_gone(scene: Scene, target: Path) -> None:
    shutil.rmtree(target)
    with pytest.raises(FsError) as refused:
        scene.view.chmod(ROOT_INODE, 0o700)
    assert refused.value.kind is FsErrorKind.READ_ONLY


def test_what_others_change_in_a_folder_that_the_target_has_no_more_is_told(scene: Scene, gone: bytes) -> None:
    told = Told()
    scene.view.tell(told)
    scene.log.append(Edit(0, EditKind.MKDIR, gone + b"/made", None, 0), len(scene.log.edits))
    scene.view.reload()
    assert (scene.inode(gone), b"made") in told.names


@CHANGES
def test_folder_that_cannot_be_looked_at_is_not_taken_for_gone(
    scene: Scene, gone: bytes, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    lstat = scene.disk.lstat

    def refuse(place: Place) -> Attr:
        if place.path == gone:
            raise OSError(errno.EACCES, "Permission denied")
        return lstat(place)

    monkeypatch.setattr(scene.disk, "lstat", refuse)
    with pytest.raises(FsError) as refused:
        change(scene, gone)
    assert refused.value.kind is FsErrorKind.NO_ACCESS


class Counting(Delegating):
    """Counts the looks at each place."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.n_looks: Counter[bytes] = Counter()

    def lstat(self, place: Place) -> Attr:
        self.n_looks[place.path] += 1
        return self.disk.lstat(place)


def test_what_is_in_a_folder_of_the_target_is_looked_at_once_until_it_changes(scene: Scene, target: Path) -> None:
    disk = Counting(scene.disk)
    view = view_of(scene.plan, disk, scene.log)
    docs = view.resolve(b"Docs")
    names = [b"made %d" % number for number in range(5)]
    for name in names:
        view.mkdir(docs, name, 0o755)
        assert view.getattr(docs).n_links == 3 + int(name[-1:]) + 1
    disk.n_looks.clear()
    assert view.getattr(docs).n_links == 8
    assert [disk.n_looks[b"Docs/" + name] for name in names] == [0] * 5
    (target / "Docs" / "made 3").mkdir()
    assert view.getattr(docs).n_links == 8
    shutil.rmtree(target / "Docs" / "Sub")
    (target / "Docs" / "made 4").write_bytes(b"no folder")
    assert view.getattr(docs).n_links == 2 + 5


def test_a_look_into_a_folder_of_the_target_that_failed_is_made_again(
    scene: Scene, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = scene.inode(b"Docs")
    scene.view.mkdir(docs, b"made", 0o755)
    (target / "Docs" / "made").mkdir()
    lstat = scene.disk.lstat

    def fail(place: Place) -> Attr:
        if place.path == b"Docs/made":
            raise OSError(errno.EIO, "Input/output error")
        return lstat(place)

    monkeypatch.setattr(scene.disk, "lstat", fail)
    assert scene.view.getattr(docs).n_links == 5
    monkeypatch.setattr(scene.disk, "lstat", lstat)
    assert scene.view.getattr(docs).n_links == 4


def test_what_changes_twice_at_one_time_is_not_taken_for_unchanged(scene: Scene, target: Path) -> None:
    docs = scene.inode(b"Docs")
    scene.view.mkdir(docs, b"made", 0o755)
    changed_ns = (target / "Docs").stat().st_ctime_ns
    disk = Counting(scene.disk)
    view = View(
        PlanTree(scene.plan, scene.log.edits),
        disk,
        scene.log,
        now_ns=lambda: changed_ns + GRAIN_NS,
        refile=lambda action, category: None,
        owner=(0, 0),
    )
    for n_looks in (1, 2):
        view.lookup(ROOT_INODE, b"Docs")
        assert disk.n_looks[b"Docs/made"] == n_looks
