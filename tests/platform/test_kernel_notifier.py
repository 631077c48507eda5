"""Telling the kernel of changes: what becomes of it when something goes wrong. That the kernel understands is in `test_fuse`."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable

import pytest

from ifmosfs.platform.kernel_notifier import ALL_PASS_S, LET_PASS_S, Notifier
from ifmosfs.platform.kernel_wire import NOTIFY_INVAL_ENTRY, NOTIFY_INVAL_INODE
from ifmosfs.platform.kernel_workers import Workers
from ifmosfs.view.protocol import ChangedNames
from ifmosfs.view.values import FsError, FsErrorKind
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import plan_of
from tests.view.views import MemoryLog, view_of

WAIT_S = 5.0


class Kernel(Notifier):
    """Keeps what is written instead of writing it, and remembers nothing, as a kernel that knows no node yet."""

    def __init__(self, nudge: object = None, minor: int = 40, view: object = None) -> None:
        self.ended = threading.Event()
        self.nudged = threading.Event()
        self.codes: list[int] = []
        on_names = nudge or (lambda _names: self.nudged.set())
        shown = view or view_of(plan_of(), MemoryDisk.from_tree({b"out": {}}), MemoryLog())
        super().__init__(-1, minor, shown, Workers(self.ended.set), on_names, self.ended.set)  # type: ignore[arg-type]
        assert self.start()
        self.codes.clear()

    def _write(self, code: int, payload: bytes) -> int:
        self.codes.append(code)
        return errno.ENOENT


class Unreachable:
    """A view whose root cannot be listed now."""

    def opendir(self, inode: int) -> None:
        raise FsError(FsErrorKind.IO)


NOTHING = ChangedNames({}, frozenset())


def test_a_bug_is_logged_and_ends_the_serving(caplog: pytest.LogCaptureFixture) -> None:
    def nudge(_names: ChangedNames) -> None:
        raise LookupError("this is the bug that the test asked for")

    kernel = Kernel(nudge)
    kernel.names_changed(NOTHING)
    assert kernel.ended.wait(WAIT_S)
    assert "LookupError: this is the bug that the test asked for" in caplog.text


def test_a_target_that_cannot_be_listed_is_no_bug(caplog: pytest.LogCaptureFixture) -> None:
    kernel = Kernel(minor=31, view=Unreachable())  # no epochs: the names of the root are told one by one
    kernel.all_changed()
    kernel.names_changed(NOTHING)
    assert kernel.nudged.wait(WAIT_S)
    assert (kernel.ended.is_set(), kernel.codes) == (False, [])
    assert "not told that all has changed: IO" in caplog.text


def test_an_entry_that_the_kernel_does_not_know_still_puts_its_folder_out_of_date() -> None:
    kernel = Kernel()
    kernel.entry_changed(1, b"name")
    kernel.names_changed(NOTHING)
    assert kernel.nudged.wait(WAIT_S)
    assert kernel.codes == [NOTIFY_INVAL_ENTRY, NOTIFY_INVAL_INODE]


# A folder that has moved: what a lookup waits for that finds it at its new place.

OLD_PARENT, NEW_PARENT, FOLDER, OTHER = 2, 3, 4, 5


class SlowKernel(Kernel):
    """Takes each name only when it is let, as if somebody held the folder of it."""

    def __init__(self) -> None:
        self.at_name = threading.Semaphore(0)
        self.may_take = threading.Semaphore(1)  # for the one that is written to find out
        super().__init__()
        self.at_name.acquire()

    def _write(self, code: int, payload: bytes) -> int:
        if code == NOTIFY_INVAL_ENTRY:
            self.at_name.release()
            assert self.may_take.acquire(timeout=WAIT_S)
        return super()._write(code, payload)

    def has_moved(self, *parents: int) -> None:
        for parent in parents:
            self.entry_changed(parent, b"name")
        self.names_changed(ChangedNames({b"new/name": True}, frozenset({FOLDER})))
        assert self.at_name.acquire(timeout=WAIT_S)


def waited_s(call: Callable[[], None]) -> float:
    start = time.monotonic()
    call()
    return time.monotonic() - start


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowKernel:
    monkeypatch.setattr("ifmosfs.platform.kernel_notifier.LET_PASS_S", WAIT_S)
    return SlowKernel()


def test_a_folder_at_its_new_place_is_given_only_when_its_old_name_is_told(slow: SlowKernel) -> None:
    slow.has_moved(OLD_PARENT)
    given = threading.Event()
    looking = threading.Thread(target=lambda: (slow.let_pass(NEW_PARENT, FOLDER), given.set()), daemon=True)
    looking.start()
    assert not given.wait(0.2)
    slow.may_take.release()
    assert given.wait(WAIT_S / 2)
    assert waited_s(lambda: slow.let_pass(NEW_PARENT, FOLDER)) < WAIT_S / 2


def test_other_folders_are_given_at_once(slow: SlowKernel) -> None:
    slow.has_moved(OLD_PARENT)
    assert waited_s(lambda: slow.let_pass(NEW_PARENT, OTHER)) < WAIT_S / 2


def test_a_lookup_does_not_wait_for_what_waits_for_it(slow: SlowKernel) -> None:
    slow.has_moved(NEW_PARENT, OLD_PARENT)
    assert waited_s(lambda: slow.let_pass(NEW_PARENT, FOLDER)) < WAIT_S / 2


def test_a_lookup_that_waits_goes_on_when_its_own_folder_is_told_of(slow: SlowKernel) -> None:
    slow.has_moved(OLD_PARENT, NEW_PARENT)
    given = threading.Event()
    looking = threading.Thread(target=lambda: (slow.let_pass(NEW_PARENT, FOLDER), given.set()), daemon=True)
    looking.start()
    slow.may_take.release()
    assert slow.at_name.acquire(timeout=WAIT_S)
    assert given.wait(WAIT_S / 2)


def test_two_lookups_that_wait_for_each_other_end() -> None:
    slow = SlowKernel()
    slow.has_moved(OLD_PARENT)
    assert LET_PASS_S <= waited_s(lambda: slow.let_pass(NEW_PARENT, FOLDER)) < WAIT_S


# A call that is answered when what it told is passed on.


class Calls:
    """How often something was done, and whether it was."""

    def __init__(self) -> None:
        self.n_done = 0
        self.is_done = threading.Event()

    def __call__(self) -> None:
        self.n_done += 1
        self.is_done.set()


def test_what_waits_for_all_that_was_told_is_done_once_and_only_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifmosfs.platform.kernel_notifier.ALL_PASS_S", WAIT_S / 4)
    slow, calls = SlowKernel(), Calls()
    slow.has_moved(OLD_PARENT)
    slow.when_all_passed(calls)
    assert not calls.is_done.wait(WAIT_S / 20)
    slow.may_take.release()
    assert calls.is_done.wait(WAIT_S / 8)
    time.sleep(WAIT_S / 4)
    assert calls.n_done == 1


def test_what_waits_for_a_folder_that_somebody_holds_is_done_once_in_the_end() -> None:
    slow, calls = SlowKernel(), Calls()
    slow.has_moved(OLD_PARENT)
    assert waited_s(lambda: (slow.when_all_passed(calls), calls.is_done.wait(WAIT_S))) >= ALL_PASS_S
    slow.may_take.release()
    assert slow.nudged.wait(WAIT_S)
    slow.names_changed(NOTHING)
    assert calls.n_done == 1


def test_where_the_kernel_takes_no_notifications_nothing_is_waited_for() -> None:
    calls = Calls()
    deaf = Notifier(-1, 40, Unreachable(), Workers(calls), lambda _names: None, calls)  # type: ignore[arg-type]
    assert not deaf.start()  # no such device
    deaf.when_all_passed(calls)
    assert calls.n_done == 1
