"""System calls made to fail, or to be the last one, with strace; skipped by name where there is none (in CI that is a failure)."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.fuse_support import REQUIRED

CHANGES: Final = (
    "renameat2", "rename", "renameat", "link", "linkat", "symlinkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
    "openat", "openat2", "write", "pwrite64", "ftruncate", "fallocate", "copy_file_range", "ioctl", "fsync", "fdatasync", "syncfs",
    "utimensat", "fchmod", "fchmodat", "fchown", "fchownat", "fsetxattr", "fremovexattr",
)  # fmt: skip
"""All calls by which the program changes what is on a disk, or makes it durable."""

_LINE: Final = re.compile(r"^(?:\d+\s+)?(?P<name>\w+)\((?P<rest>.*)$")
_RANDOM: Final = re.compile(r"[0-9a-f]{16}$")
_HOME: Final = re.compile(r"AT_FDCWD<([^>]+)>")
_OPENED: Final = re.compile(r'^(?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, "(?P<name>[^"]*)"')


class Opened(NamedTuple):
    """A path that a call names, or the folder in which it does, below the bench's folder; and the how manieth call that is."""

    path: str
    n: int


class Call(NamedTuple):
    """The `n`-th call (from 1) of a name by one process, as strace prints it. How many files are opened before depends on what
    else the machine does just then, so of an `openat` it is told the how manieth one there it is, where strace can tell these."""

    name: str
    n: int
    text: str
    opened: Opened | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.n}: {self.text[:150]}"


@functools.cache
def missing_strace() -> str:
    """Why no system call can be traced here; empty if it can."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return "there is no strace (script/setup installs it)"
    tried = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()[:100]}" if tried.returncode else ""


needs_strace = pytest.mark.skipif(bool(missing_strace()) and not REQUIRED, reason=f"strace: {missing_strace()}")


def listing(log: Path) -> Callable[[int], subprocess.Popen[bytes]]:
    """Attach a tracer that writes down every change; see `changes_in`."""
    return lambda pid: _attached(pid, "-y", "-s", "200", "-o", str(log), "-e", "trace=" + ",".join(CHANGES))


def killing(call: Call) -> Callable[[int], subprocess.Popen[bytes]]:
    """Attach a tracer that kills the process instead of letting it make this call."""
    return injecting(call, "signal=SIGKILL")


def failing(call: Call, error: str, more: str = "") -> Callable[[int], subprocess.Popen[bytes]]:
    """Attach a tracer that answers this call, and `more` (such as `+` for all that follow), with an errno."""
    return injecting(call, f"error={error}", more)


def injecting(call: Call, what: str, more: str = "") -> Callable[[int], subprocess.Popen[bytes]]:
    """Attach a tracer with an injection as `strace -e inject` knows it."""

    def attach(pid: int) -> subprocess.Popen[bytes]:
        there, n = ["-P", _bench_of(pid) + call.opened.path] if call.opened else [], (call.opened or call).n
        wanted = f"inject={call.name}:{what}:when={n}{more}"
        # Never --seccomp-bpf: it silently disables the kill.
        return _attached(pid, "-o", os.devnull, *there, "-e", f"trace={call.name}", "-e", wanted)

    return attach


def _bench_of(pid: int) -> str:
    """The folder of the bench that a waiting command works on: it starts in the home there."""
    return os.path.dirname(os.readlink(f"/proc/{pid}/cwd"))


def _attached(pid: int, *options: str) -> subprocess.Popen[bytes]:
    command = ["strace", "-f", "-qq", *options, "-p", str(pid)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def changes_in(log: Path) -> list[Call]:
    """The traced calls that change something, in order, each with its number among the calls of its name."""
    counts: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    found = []
    lines = log.read_text(errors="replace").splitlines()
    bench = next((os.path.dirname(home) for line in lines for home in _HOME.findall(line)), None)
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        name, rest = match["name"], match["rest"]
        counts[name] += 1
        path = _opened_at(name, rest, bench)
        if path is not None:
            opened[path] += 1
        if _changes(name, rest):
            where = None if path is None else Opened(path, opened[path])
            found.append(Call(name, counts[name], rest, where))
    return found


def _opened_at(name: str, rest: str, bench: str | None) -> str | None:
    """What an `openat` is counted by: its path where that is absolute and the same each time, or the folder that it starts in."""
    match = _OPENED.match(rest) if name == "openat" and bench is not None else None
    if match is None or bench is None:
        return None
    path = match["name"] if match["name"].startswith("/") else match["folder"]
    is_told = path.startswith(bench + "/") and "\\" not in path and not _RANDOM.search(path)
    return path.removeprefix(bench) if is_told else None


def _changes(name: str, rest: str) -> bool:
    if name in {"openat", "openat2"}:
        return "O_CREAT" in rest
    if name == "ioctl":
        return "FICLONE" in rest
    if name == "write":
        return "/out>" not in rest and "/err>" not in rest
    return True


def every(calls: Sequence[Call], step: int, first: int = 0) -> list[Call]:
    """Each `step`-th call from `first`, and at least one."""
    return list(calls[first % max(1, min(step, len(calls))) :: step])


def was_killed(status: int, call: Call) -> bool:
    """Whether a command died at its call. An `openat` that is told only by its number among all (see `Call`) may be another one, or
    none."""
    return status == -signal.SIGKILL or (call.name == "openat" and call.opened is None)
