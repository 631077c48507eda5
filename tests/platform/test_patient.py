"""Looks at drives that do not answer come back in time, and no look is lost when they answer again."""

from __future__ import annotations

import threading
import time

import pytest

from ifmosfs.core.files import Attr, Place
from ifmosfs.platform.patient import PATIENCE_S, Patience, SlowRoots
from tests.adapters.memory_disk import MemoryDisk

SLOW, QUICK = Place(b"/slow", b"a"), Place(b"/quick", b"a")


class Hanging(MemoryDisk):
    """A disk of which one root does not answer until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.n_asked = 0

    def lstat(self, place: Place) -> Attr:
        if place.root == b"/slow":
            self.n_asked += 1
            self.let_go.wait(20)
        return super().lstat(place)


@pytest.fixture
def disk() -> Hanging:
    made = Hanging.from_tree({b"slow": {b"a": b"x"}, b"quick": {b"a": b"x"}})
    assert isinstance(made, Hanging)
    return made


def test_a_root_that_hangs_stops_nobody_for_longer_than_a_moment(disk: Hanging) -> None:
    patience = Patience(disk, lambda root: root == b"/slow")
    started = time.monotonic()
    for _ in range(20):
        with pytest.raises(TimeoutError):
            patience.lstat(SLOW)
    assert time.monotonic() - started < 4 * PATIENCE_S
    assert patience.lstat(QUICK) == disk.lstat(QUICK)
    assert disk.n_asked == 1
    disk.let_go.set()


def test_a_root_that_answers_again_is_asked_again(disk: Hanging) -> None:
    patience = Patience(disk, lambda root: root == b"/slow")
    with pytest.raises(TimeoutError):
        patience.lstat(SLOW)
    disk.let_go.set()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            assert patience.lstat(SLOW) == disk.lstat(SLOW)
            return
        except TimeoutError:
            time.sleep(0.01)
    pytest.fail("it is given up for ever")


def test_errors_of_the_disk_are_passed_on(disk: Hanging) -> None:
    disk.let_go.set()
    with pytest.raises(FileNotFoundError):
        Patience(disk, lambda root: True).lstat(Place(b"/slow", b"missing"))


def test_whether_a_root_is_slow_is_not_asked_for_every_file() -> None:
    asked: list[bytes] = []

    def ask(root: bytes) -> bool:
        asked.append(root)
        return root == b"/net"

    slow = SlowRoots(ask)
    assert [slow(b"/net"), slow(b"/net"), slow(b"/home"), slow(b"/home")] == [True, True, False, False]
    assert asked == [b"/net", b"/home"]
