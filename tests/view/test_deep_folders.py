"""Paths that the system does not reach are refused when they are made: what is deeper could be neither listed nor committed."""

from __future__ import annotations

import os

import pytest

from ifmosfs.core.plan import EditKind
from ifmosfs.view.edit_rules import PATH_BYTES_MAX
from ifmosfs.view.values import FsError, FsErrorKind, RenameMode
from tests.view.views import Scene, rename


def refused(scene: Scene, path: bytes, target: bytes, mode: RenameMode = RenameMode.REPLACE) -> FsErrorKind:
    n_before = len(scene.log.edits)
    with pytest.raises(FsError) as caught:
        rename(scene, path, target, mode)
    assert len(scene.log.edits) == n_before
    return caught.value.kind


def deepen(scene: Scene, top: bytes, n_bytes: int) -> bytes:
    """Make a chain of folders below one so that the path of the last in the target has so many bytes."""
    path, missing = top, n_bytes - len(scene.plan.target + b"/" + top)
    while missing:
        length = min(missing, 201) - 1 if missing == 201 or missing > 202 else min(missing, 100) - 1
        scene.view.mkdir(scene.inode(path), b"x" * length, 0o755)
        path, missing = path + b"/" + b"x" * length, missing - length - 1
    return path


def test_a_path_may_be_as_long_as_the_system_reaches_and_no_longer(scene: Scene) -> None:
    path = deepen(scene, b"New", PATH_BYTES_MAX - 2)
    for name, is_allowed in ((b"xx", False), (b"x", True)):
        if is_allowed:
            scene.view.mkdir(scene.inode(path), name, 0o755)
        else:
            with pytest.raises(FsError) as caught:
                scene.view.mkdir(scene.inode(path), name, 0o755)
            assert caught.value.kind is FsErrorKind.NAME_TOO_LONG
    made = [scene.plan.target + b"/" + edit.path for edit in scene.log.edits if edit.kind is EditKind.MKDIR]
    assert max(map(len, made)) == PATH_BYTES_MAX
    with pytest.raises(FileNotFoundError):  # which the system can say of a path that it reaches
        os.lstat(made[-1])


def test_a_file_is_not_dragged_deeper_than_that(scene: Scene) -> None:
    path = deepen(scene, b"New", PATH_BYTES_MAX - len(b"/a.pd"))
    assert refused(scene, b"Docs/a.pdf", path + b"/a.pdf") is FsErrorKind.NAME_TOO_LONG
    rename(scene, b"Docs/a.pdf", path + b"/a.pd")


@pytest.mark.parametrize("inside", [b"who", b"a folder"], ids=["a file", "a folder"])
def test_nor_is_a_folder_with_what_is_in_it(scene: Scene, inside: bytes) -> None:
    scene.view.mkdir(scene.inode(b""), b"T", 0o755)
    scene.view.mkdir(scene.inode(b"T"), b"deep", 0o755)
    if inside == b"who":
        rename(scene, b"To review/unsure/who", b"T/deep/who")
    else:
        scene.view.mkdir(scene.inode(b"T/deep"), inside, 0o755)
    longest = len(b"/T/deep/" + inside)
    path = deepen(scene, b"New", PATH_BYTES_MAX - longest + 1)
    assert refused(scene, b"T", path + b"/T") is FsErrorKind.NAME_TOO_LONG
    scene.view.mkdir(scene.inode(path), b"y", 0o755)
    for one, other in ((b"T", path + b"/y"), (path + b"/y", b"T")):
        assert refused(scene, one, other, RenameMode.EXCHANGE) is FsErrorKind.NAME_TOO_LONG
    rename(scene, b"T/deep", path + b"/T")


def test_files_are_loaded_only_where_a_path_may_be_too_long(scene: Scene) -> None:
    tree = scene.view._guarded.tree
    rename(scene, b"New", b"Other")
    assert tree.made_files == {}
