"""The process that makes the renames by which the kernel tells who watches."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from ifmosfs.platform.kernel_nudger import Nudger
from ifmosfs.view.nudges import Nudge
from ifmosfs.view.protocol import ChangedNames
from tests.adapters.trees import read_tree, write_tree

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux' own")

NAMES = ChangedNames({b"a": False}, frozenset())
SECONDS = 20.0


class Granting:
    """A view that grants always the same renames."""

    def __init__(self, *renames: tuple[bytes, bytes]) -> None:
        self.renames = renames
        self.pids: list[int | None] = []
        self.is_over = threading.Event()

    @contextmanager
    def nudging(self, names: Sequence[ChangedNames]) -> Iterator[Nudge]:
        assert list(names) == [NAMES]
        nudge = Nudge(list(self.renames))
        try:
            yield nudge
        finally:
            self.pids.append(nudge.pid)
            self.is_over.set()


def no_bug() -> None:
    raise AssertionError("there is none here")


def nudged(folder: Path, view: Granting, **options: float) -> None:
    """Have it done, and wait for its end."""
    Nudger(os.fsencode(folder), view, no_bug, **options).nudge(NAMES)
    assert view.is_over.wait(SECONDS)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_another_process_makes_the_renames_in_their_order_and_none_over_what_is_there(tmp_path: Path) -> None:
    write_tree(tmp_path, {b"a": b"1", b"odd\xff\nname": b"2", b"folder": {}, b"standing": b"3"})
    view = Granting((b"a", b"b"), (b"none", b"c"), (b"b", b"standing"), (b"odd\xff\nname", b"folder/x"))
    nudged(tmp_path, view)
    assert read_tree(tmp_path) == {b"b": b"1", b"standing": b"3", b"folder": {b"x": b"2"}}
    (pid,) = view.pids
    assert pid not in {None, os.getpid()}
    assert pid is not None
    assert not is_alive(pid)


def test_a_process_that_is_late_is_killed_before_the_view_forgets_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    view = Granting((b"a", b"b"))
    with caplog.at_level(logging.WARNING):
        nudged(tmp_path, view, limit_s=0.0)
    assert [record.message for record in caplog.records] == ["who watches is not told of all changes: it took too long"]
    (pid,) = view.pids
    assert pid is not None
    assert not is_alive(pid)


def test_no_process_is_started_where_nothing_is_to_be_told(tmp_path: Path) -> None:
    view = Granting()
    nudged(tmp_path, view)
    assert view.pids == [None]


def test_a_bug_is_logged_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def nudging(self, names: Sequence[ChangedNames]) -> AbstractContextManager[Nudge]:
            raise LookupError("this is the bug that the test asked for")

    told = threading.Event()
    Nudger(os.fsencode(tmp_path), Broken(), told.set).nudge(NAMES)
    assert told.wait(SECONDS)
    assert "LookupError: this is the bug that the test asked for" in caplog.text
