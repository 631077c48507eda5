"""The pool for work that may take long."""

from __future__ import annotations

import threading
import time

import pytest

from ifmosfs.platform.kernel_workers import Workers


def n_workers() -> int:
    return sum(thread.name == "view-worker" for thread in threading.enumerate())


def no_bug() -> None:
    raise AssertionError("there is none here")


def test_work_that_hangs_does_not_keep_other_work_waiting_up_to_the_most_threads() -> None:
    workers = Workers(no_bug, n_most=3, idle_seconds=0.1)
    release, done = threading.Event(), threading.Semaphore(0)
    for _ in range(2):
        workers.do(release.wait)
    workers.do(done.release)
    assert done.acquire(timeout=5)
    workers.do(release.wait)
    workers.do(done.release)
    assert not done.acquire(timeout=0.2)
    release.set()
    assert done.acquire(timeout=5)


def test_threads_without_work_end() -> None:
    before = n_workers()
    workers = Workers(no_bug, idle_seconds=0.05)
    both = threading.Barrier(3, timeout=5)
    for _ in range(2):
        workers.do(both.wait)
    both.wait()
    deadline = time.monotonic() + 5
    while n_workers() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert n_workers() == before


def test_a_bug_in_some_work_is_logged_and_told(caplog: pytest.LogCaptureFixture) -> None:
    told = threading.Event()
    Workers(told.set).do(lambda: 1 // 0)
    assert told.wait(5)
    assert "ZeroDivisionError" in caplog.text
