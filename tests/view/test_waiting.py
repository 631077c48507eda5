"""Who waits for a file to be opened is known of while it lasts, and no longer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.platform.disk import PosixDisk
from ifmosfs.view.protocol import ViewOperations
from ifmosfs.view.readonly import ReadOnlyView, Shown
from ifmosfs.view.values import ROOT_INODE, Caller, FsError
from tests.adapters.faults import Answer, Delegating
from tests.adapters.trees import write_tree
from tests.view.conftest import INBOX, ROWS, TARGET
from tests.view.test_readonly import FILE, Asked, shown_as_tree
from tests.view.views import OWNER, Scene, make_scene, view_of

Act = Callable[[], object]


class Slow(Delegating):
    """A disk that has something done before it opens a file."""

    meanwhile: Act = staticmethod(lambda: None)

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        if call in {"open_read", "open_seen"}:
            self.meanwhile()
        return go()


class SlowSource(Asked):
    """What is behind a fixed tree, and is slow, too."""

    meanwhile: Act = staticmethod(lambda: None)

    def open_read(self, number: int) -> int:
        self.meanwhile()
        return super().open_read(number)


def waiting(view: ViewOperations) -> bytes:
    return view.getxattr(ROOT_INODE, b"user.ifmosfs.waiting")


def opened_in_turn(view: ViewOperations, path: bytes, seen: list[bytes]) -> Act:
    """Notes who waits; at first it opens the file as somebody else, too."""

    def meanwhile() -> None:
        seen.append(waiting(view))
        if len(seen) == 1:
            view.release(view.open(view.resolve(path), 0, Caller(*OWNER, 9)).handle)

    return meanwhile


@pytest.mark.parametrize("path", [b"Docs/a.pdf", b"Docs/theirs.pdf"], ids=["planned", "of the target"])
def test_who_waits_for_an_original_is_told_by_thread_while_it_lasts(tmp_path: Path, path: bytes) -> None:
    write_tree(tmp_path / "in", INBOX)
    write_tree(tmp_path / "out", TARGET)
    root, target = (os.fsencode(tmp_path / name) for name in ("in", "out"))
    with PosixDisk() as disk:
        plain = make_scene(disk, root, target, ROWS)
        seen: list[bytes] = []
        slow = Slow(disk)
        view = view_of(plain.plan, slow, plain.log)
        slow.meanwhile = opened_in_turn(view, path, seen)
        view.release(view.open(view.resolve(path), 0, Caller(*OWNER, 7)).handle)
        assert (seen, waiting(view)) == ([b"7", b"7 9"], b"")


def test_who_waits_for_a_file_of_a_fixed_tree_is_told_too() -> None:
    source, seen = SlowSource(), list[bytes]()
    entries = [Shown(b"Logs/a", FILE, 3, 7, 0)]
    view = ReadOnlyView(entries, source, owner=OWNER, now_ns=1, space=shown_as_tree().statfs)
    source.meanwhile = opened_in_turn(view, b"Logs/a", seen)
    view.release(view.open(view.resolve(b"Logs/a"), 0, Caller(*OWNER, 7)).handle)
    assert (seen, waiting(view)) == ([b"7", b"7 9"], b"")


def test_who_is_refused_waits_no_longer(scene: Scene) -> None:
    inode = scene.inode(b"Docs/a.pdf")
    Path(os.fsdecode(scene.plan.roots[0].path), "a.pdf").unlink()
    with pytest.raises(FsError):
        scene.view.open(inode, 0, Caller(*OWNER, 7))
    assert waiting(scene.view) == b""


def test_the_root_does_not_list_what_is_asked_of_it(scene: Scene) -> None:
    assert list(scene.view.listxattr(ROOT_INODE)) == []
    with pytest.raises(FsError):
        scene.view.getxattr(scene.inode(b"Docs"), b"user.ifmosfs.waiting")
