"""Telling the kernel of changes: what becomes of it when something goes wrong. That the kernel understands is in `test_fuse`."""

from __future__ import annotations

import errno
import threading

import pytest

from ifmosfs.platform.kernel_notifier import Notifier
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
