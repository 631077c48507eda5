"""What a watcher of folders tells, whether the kernel tells it or it looks by itself."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ifmosfs.platform import linux, watching
from ifmosfs.platform.watching import Touched, Watcher

SECONDS = 10.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "above" / "root"
    (folder / "a" / "deep").mkdir(parents=True)
    (folder / "left out").mkdir()
    (folder / "a" / "old").write_bytes(b"old")
    return folder


@pytest.fixture(params=["told", "polled"])
def make(request: pytest.FixtureRequest, root: Path) -> Callable[[], Watcher]:
    if request.param == "told" and watching.watch_limit() is None:
        pytest.skip("the kernel tells of no changes")
    closed = os.fsencode(root / "left out")
    return lambda: Watcher([os.fsencode(root)], closed.__eq__, 0.1, polls_only=request.param == "polled")


@contextmanager
def watched(make: Callable[[], Watcher]) -> Iterator[Watcher]:
    watcher = make()
    try:
        assert watcher.begin(time.time_ns() + 10**12) == set()
        yield watcher
    finally:
        watcher.close()


def told(watcher: Watcher, root: Path, path: str) -> bool:
    """Whether something is told of a path: by itself, by its folder, or by one above it with all that is in it."""
    wanted, deadline = os.fsencode(path), time.monotonic() + SECONDS
    parent = wanted.rpartition(b"/")[0]
    while time.monotonic() < deadline:
        for one in watcher.wait(1.0):
            assert one.root == os.fsencode(root)
            above = one.path == b"" or wanted.startswith(one.path + b"/")
            if one.path in {wanted, parent} or (one.deep and above):
                return True
    return False


def test_changes_of_files_are_told(make: Callable[[], Watcher], root: Path) -> None:
    with watched(make) as watcher:
        (root / "a" / "new").write_bytes(b"new")
        assert told(watcher, root, "a/new")
        (root / "a" / "old").write_bytes(b"changed")
        assert told(watcher, root, "a/old")
        (root / "a" / "old").rename(root / "a" / "deep" / "moved")
        assert told(watcher, root, "a/deep/moved")
        (root / "a" / "deep" / "moved").unlink()
        assert told(watcher, root, "a/deep/moved")


def test_folder_that_appears_is_told_of_and_watched(make: Callable[[], Watcher], root: Path) -> None:
    with watched(make) as watcher:
        (root / "b" / "c").mkdir(parents=True)
        assert told(watcher, root, "b/c")
        (root / "b" / "c" / "file").write_bytes(b"x")
        assert told(watcher, root, "b/c/file")
        (root / "b").rename(root / "a" / "b")
        assert told(watcher, root, "a/b/c/file")
        (root / "a" / "b" / "c" / "other").write_bytes(b"x")
        assert told(watcher, root, "a/b/c/other")


def test_nothing_is_told_of_what_is_left_out_or_only_read(make: Callable[[], Watcher], root: Path) -> None:
    with watched(make) as watcher:
        (root / "left out" / "file").write_bytes(b"x")
        (root / "a" / "old").read_bytes()
        list((root / "a").iterdir())
        assert watcher.wait(0.6) == set()


def test_folders_that_have_changed_since_a_moment_are_told_at_the_beginning(
    make: Callable[[], Watcher], root: Path
) -> None:
    then_ns = 10**18
    for folder in (root, root / "a", root / "a" / "deep"):
        os.utime(folder, ns=(then_ns, then_ns))
    os.utime(root / "a", ns=(then_ns + 5, then_ns + 5))
    watcher = make()
    try:
        assert watcher.begin(then_ns + 1) == {Touched(os.fsencode(root), b"a")}
    finally:
        watcher.close()


def test_link_to_a_folder_is_not_followed(make: Callable[[], Watcher], root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")
    with watched(make) as watcher:
        (tmp_path / "elsewhere" / "file").write_bytes(b"x")
        assert watcher.wait(0.6) == set()


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def move_away(folder: Path) -> None:
    folder.rename(folder.with_name("away"))


def move_away_with_the_folder_above(folder: Path) -> None:
    folder.parent.rename(folder.parent.with_name("away with all"))


def look_meanwhile(watcher: Watcher) -> None:
    """Let the watcher see that the root is gone, or not."""
    end = time.monotonic() + 2.5 * watching.ROOTS_EVERY_S
    while time.monotonic() < end:
        watcher.wait(end - time.monotonic())


@pytest.mark.parametrize("seen", [True, False], ids=["seen to be gone", "at once"])
@pytest.mark.parametrize("lose", [remove, move_away, move_away_with_the_folder_above])
def test_root_that_is_made_anew_is_told_of_and_watched(
    make: Callable[[], Watcher], root: Path, lose: Callable[[Path], None], seen: bool
) -> None:
    with watched(make) as watcher:
        lose(root)
        if seen:
            look_meanwhile(watcher)
        root.mkdir(parents=True)
        (root / "first").write_bytes(b"x")
        assert told(watcher, root, "first")
        (root / "b").mkdir()
        assert told(watcher, root, "b")
        (root / "b" / "second").write_bytes(b"x")
        assert told(watcher, root, "b/second")


def test_root_that_is_not_there_at_the_beginning_is_waited_for(make: Callable[[], Watcher], root: Path) -> None:
    shutil.rmtree(root)
    with watched(make) as watcher:
        look_meanwhile(watcher)
        root.mkdir()
        assert told(watcher, root, "")
        (root / "file").write_bytes(b"x")
        assert told(watcher, root, "file")


@pytest.mark.parametrize("what", ["root", "above"])
def test_nothing_is_told_of_a_folder_that_a_link_in_place_of_the_root_leads_to(
    make: Callable[[], Watcher], root: Path, what: str
) -> None:
    swapped = root if what == "root" else root.parent
    with watched(make) as watcher:
        swapped.rename(swapped.with_name("away"))
        swapped.symlink_to("away")
        look_meanwhile(watcher)
        (root / "a" / "new").write_bytes(b"x")
        (root / "a" / "old").write_bytes(b"changed")
        assert watcher.wait(2.5 * watching.ROOTS_EVERY_S) == set()
        swapped.unlink()
        swapped.with_name("away").rename(swapped)
        assert told(watcher, root, "a/new")
        (root / "a" / "newer").write_bytes(b"x")
        assert told(watcher, root, "a/newer")


def test_stopped_watcher_returns_at_once(make: Callable[[], Watcher]) -> None:
    with watched(make) as watcher:
        threading.Timer(0.1, watcher.stop).start()
        begun = time.monotonic()
        assert watcher.wait(60.0) == set()
        assert watcher.stopped
        assert time.monotonic() - begun < 30


def test_folders_are_polled_where_too_many_are_to_be_watched(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "watch_limit", lambda: 6)  # three of them for this watcher
    caplog.set_level("INFO")
    with watched(lambda: Watcher([os.fsencode(root)], lambda _: False, 0.1)) as watcher:
        assert f"{root} is looked at every 0.1 s: there are too many folders to watch" in caplog.text
        (root / "left out" / "new").write_bytes(b"x")
        assert told(watcher, root, "left out/new")


@pytest.fixture
def exhausted(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Lets there be no descriptor left to look at folders with, or lets there be some again."""
    is_so = [False]
    scandir, open_straight = os.scandir, linux.open_straight

    def refuse() -> None:
        if is_so[0]:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "scandir", lambda path: (refuse(), scandir(path))[1])
    monkeypatch.setattr(linux, "open_straight", lambda path, flags: (refuse(), open_straight(path, flags))[1])
    return lambda now: is_so.__setitem__(0, now)


def test_root_that_cannot_be_looked_at_for_want_of_descriptors_is_not_gone(
    root: Path, exhausted: Callable[[bool], None]
) -> None:
    with watched(lambda: Watcher([os.fsencode(root)], lambda _: False, 60.0)) as watcher:
        exhausted(True)
        assert watcher.wait(2.5) == set()
        (root / "a" / "new").write_bytes(b"x")
        assert told(watcher, root, "a/new")
        exhausted(False)
        assert watcher.wait(1.5) == set()


def test_files_of_a_folder_that_appears_when_there_is_no_descriptor_left_are_told_of_later(
    root: Path, exhausted: Callable[[bool], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with watched(lambda: Watcher([os.fsencode(root)], lambda _: False, 0.1)) as watcher:
        exhausted(True)
        (root / "one more" / "below").mkdir(parents=True)
        assert told(watcher, root, "one more")
        assert f"{root} is looked at every 0.1 s: Too many open files" in caplog.text
        exhausted(False)
        assert told(watcher, root, "one more/below")
        (root / "one more" / "below" / "file").write_bytes(b"x")
        assert told(watcher, root, "one more/below/file")


def test_root_is_polled_from_the_moment_on_that_there_are_too_many_folders(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "watch_limit", lambda: 8)
    with watched(lambda: Watcher([os.fsencode(root)], lambda _: False, 0.1)) as watcher:
        (root / "one more").mkdir()
        assert told(watcher, root, "one more")
        (root / "one more" / "file").write_bytes(b"x")
        assert told(watcher, root, "one more/file")
