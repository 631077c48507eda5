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


class Call(NamedTuple):
    """The `n`-th call (from 1) of a name by one process, as strace prints it."""

    name: str
    n: int
    text: str

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
    wanted = f"inject={call.name}:{what}:when={call.n}{more}"
    # Never --seccomp-bpf: it silently disables the kill.
    return lambda pid: _attached(pid, "-o", os.devnull, "-e", f"trace={call.name}", "-e", wanted)


def _attached(pid: int, *options: str) -> subprocess.Popen[bytes]:
    command = ["strace", "-f", "-qq", *options, "-p", str(pid)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def changes_in(log: Path) -> list[Call]:
    """The traced calls that change something, in order, each with its number among the calls of its name."""
    counts: Counter[str] = Counter()
    found = []
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        name, rest = match["name"], match["rest"]
        counts[name] += 1
        if _changes(name, rest):
            found.append(Call(name, counts[name], rest))
    return found


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
    """Whether a command died at its call. How many files it opens depends on the processes there are, because it looks which
    of them write to what is to be moved: the number of an `openat` may hit another one, or none."""
    return status == -signal.SIGKILL or call.name == "openat"
