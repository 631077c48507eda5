"""Real FUSE mounts for tests: the mark that skips where there is no FUSE, and mounts that never outlive their test.

With REQUIRE_FUSE=1 or CI=true nothing is skipped: a missing FUSE is a failure. The daemon is always a child process, because a
process that holds files of a mount which it serves itself cannot be killed.
"""

from __future__ import annotations

import errno
import functools
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest

from ifmosfs.core.errors import IfmosfsError
from ifmosfs.platform.fuse import probe, unmount

PROJECT = Path(__file__).parent.parent
REQUIRED = os.environ.get("REQUIRE_FUSE") == "1" or os.environ.get("CI") == "true"
START_TIMEOUT_S = 20

Test = TypeVar("Test", bound=Callable[..., object])


@functools.cache
def missing_fuse() -> str:
    """Why nothing can be mounted here; empty if it can."""
    return "; ".join(f"{trouble.what} ({trouble.remedy})" for trouble in probe().troubles)


FUSE_MARKS = [
    pytest.mark.fuse,
    pytest.mark.skipif(bool(missing_fuse()) and not REQUIRED, reason=f"FUSE: {missing_fuse()}"),
]
"""For `pytestmark = FUSE_MARKS`: the tests of a module need a real mount."""


def needs_fuse(test: Test) -> Test:
    """Decorate one test that needs a real mount."""
    for mark in FUSE_MARKS:
        test = mark(test)
    return test


class Daemon:
    """A process that serves a mount, and what it has printed to stderr so far."""

    def __init__(self, process: subprocess.Popen[bytes], mount_point: Path, log: Path) -> None:
        self.process = process
        self.mount_point = mount_point
        self._log = log

    @property
    def printed(self) -> str:
        """Everything on stderr until now."""
        return self._log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Return when the daemon has printed its line `ready`."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT_S)
        line = self.process.stdout.readline() if readable else b""
        if line == b"ready\n":
            return
        if "BackendMissing" in self.printed and not REQUIRED:
            pytest.skip(f"FUSE: {self.printed.splitlines()[-1]}")
        pytest.fail(f"the daemon printed {line!r} instead of being ready; its errors:\n{self.printed}")

    def stop(self) -> None:
        """Take the mount away whatever state it is in, and end the process."""
        force_unmount(self.mount_point)
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def force_unmount(mount_point: Path) -> None:
    """Detach every mount at this place; nothing happens where there is none."""
    for _ in range(8):
        try:
            unmount(os.fsencode(mount_point), lazy=True)
        except IfmosfsError:
            return


def remove_when_quiet(folder: Path) -> None:
    """Remove a folder in which a driver, whose mount was taken away, may still be writing its last words."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            shutil.rmtree(folder)
            return
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.ENOENT} or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def served(
    command: Sequence[str], mount_point: Path, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[Daemon]:
    """Run a command that mounts, prints `ready` to stdout and goes on serving; when left, all of it is gone."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **(env or {})}
        )
    daemon = Daemon(process, mount_point, log)
    try:
        daemon.wait_until_ready()
        yield daemon
    finally:
        with suppress(ProcessLookupError):
            daemon.stop()


def fake_view_command(originals: Path, mount_point: Path, *options: str) -> list[str]:
    """The command that mounts a `FakeView` of a folder."""
    return [sys.executable, "-m", "tests.platform.fake_view", str(originals), str(mount_point), *options]
