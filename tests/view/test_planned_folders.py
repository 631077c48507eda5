"""Folders that commit makes: the mode, the times and the links that they are shown with."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

import pytest

from ifmosfs.view.values import ROOT_INODE, FsError, FsErrorKind
from tests.view.views import NOW_NS, OWNER, Scene, at, listed, rename, view_of

E = FsErrorKind


def test_chmod_and_set_times_are_kept_for_a_planned_folder(scene: Scene) -> None:
    inode = scene.inode(b"New")
    scene.view.chmod(inode, 0o2750)
    scene.view.set_times(inode, None, 77)
    scene.view.set_times(inode, 5, None)
    attr = scene.view.getattr(inode)
    assert (attr.mode, attr.mtime_ns, len(scene.log.edits)) == (stat.S_IFDIR | 0o2750, 77, 2)


@pytest.mark.parametrize("mode", [0o555, 0o500, 0o600, 0o077, 0])
def test_mode_with_which_commit_could_put_nothing_into_a_planned_folder_is_refused_to_all_but_root(
    scene: Scene, mode: int
) -> None:
    inode = scene.inode(b"New")
    as_before = scene.view.getattr(inode)
    for attempt in (lambda: scene.view.chmod(inode, mode), lambda: scene.view.mkdir(inode, b"closed", mode)):
        with pytest.raises(FsError) as refused:
            attempt()
        assert refused.value.kind is E.NOT_PERMITTED
    assert (scene.view.getattr(inode), scene.log.edits) == (as_before, [])
    scene.view.chmod(inode, 0o300)
    root = view_of(scene.plan, scene.disk, scene.log, owner=(0, 0))
    root.chmod(root.resolve(b"New"), mode)
    assert root.getattr(root.resolve(b"New")).mode == stat.S_IFDIR | mode


@pytest.mark.parametrize(
    ("wanted_s", "kept_s"),
    [
        (-(2**31), -(2**31)),
        (-(2**31) - 1, -(2**31)),
        (-5_000_000_000, -(2**31)),
        (2**34 - 2**31 - 1, 2**34 - 2**31 - 1),
        (10**11, 2**34 - 2**31 - 1),
        (2**62 // 10**9, 2**62 // 10**9),
    ],
)
def test_time_that_no_disk_keeps_becomes_the_nearest_one_at_once(scene: Scene, wanted_s: int, kept_s: int) -> None:
    inode = scene.inode(b"New")
    scene.view.set_times(inode, None, wanted_s * 10**9)
    assert scene.view.getattr(inode).mtime_ns == scene.log.edits[-1].mtime_ns == kept_s * 10**9


def test_change_time_of_a_planned_folder_is_that_of_the_last_edit_of_it(scene: Scene) -> None:
    inode = scene.inode(b"New")
    looks = [scene.view.getattr(inode)]
    changes: tuple[Callable[[], object], ...] = (
        lambda: scene.view.set_times(inode, None, 77),
        lambda: scene.view.chmod(inode, 0o700),
        lambda: scene.view.set_times(inode, None, 9_000),
    )
    for change in changes:
        change()
        looks.append(scene.view.getattr(inode))
    times = [(attr.mtime_ns, attr.ctime_ns) for attr in looks]
    assert times == [(1_000, 1_000), (77, NOW_NS), (77, NOW_NS), (9_000, NOW_NS)]
    rename(scene, b"New/Empty", b"Empty")
    assert [(attr.mtime_ns, attr.ctime_ns) for attr in map(scene.view.getattr, (inode, scene.inode(b"Empty")))] == [
        (NOW_NS, NOW_NS),
        (1_000, NOW_NS),
    ]


@pytest.mark.parametrize("mode", [0o1777, 0o2775, 0o4755, 0o7300, 0o755])
def test_all_bits_of_a_mode_are_kept_for_a_planned_folder_and_its_group_is_its_makers(scene: Scene, mode: int) -> None:
    os.chown(scene.plan.target, -1, 12345 if os.getuid() == 0 else os.getgid())
    scene.view.chmod(scene.inode(b"New"), mode)
    for view in (scene.view, scene.again()):
        attr = view.getattr(view.resolve(b"New"))
        assert (attr.mode, attr.uid, attr.gid) == (stat.S_IFDIR | mode, *OWNER)


def test_new_folder_has_the_sticky_bit_it_is_made_with_and_the_setgid_bit_of_the_planned_one_above(
    scene: Scene,
) -> None:
    made = scene.view.mkdir(ROOT_INODE, b"made", 0o7755).attr
    scene.view.chmod(made.inode, 0o2700)
    below = scene.view.mkdir(made.inode, b"below", 0o755).attr
    deeper = scene.view.mkdir(below.inode, b"deeper", 0o1711).attr
    assert [oct(attr.mode) for attr in (made, below, deeper)] == [
        oct(stat.S_IFDIR | mode) for mode in (0o1755, 0o2755, 0o3711)
    ]


def test_a_folder_that_was_taken_out_is_empty_and_has_no_link_for_who_has_it_open(scene: Scene) -> None:
    empty = scene.inode(b"New/Empty")
    scene.view.rmdir(*at(scene, b"New/Empty"))
    assert ([*listed(scene.view, empty)], scene.view.getattr(empty).n_links) == ([], 0)
    with pytest.raises(FsError, match="NOT_FOUND"):
        scene.view.lookup(empty, b"made")
