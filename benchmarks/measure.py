"""Measuring: rounds with medians, child processes with their CPU time and peak memory, and cold caches where root allows."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIB: Final = 1 << 20
_DROP_CACHES: Final = Path("/proc/sys/vm/drop_caches")

Action = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Ran:
    """A child process that ended well. `cpu_seconds` is user and system time, `peak_bytes` the most memory it held."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: bytes


class CommandFailed(Exception):
    """A measured command ended with another status than 0: its time would mean nothing."""


def nothing() -> None:
    """The `before` of a measurement that needs no preparation."""


def seconds_of(action: Action) -> float:
    """How long the action takes by the clock on the wall."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def cpu_seconds_of(action: Action) -> float:
    """How much time of a processor this process used for the action, in itself and in the kernel; hardly changed by others' work."""
    began = time.process_time()
    action()
    return time.process_time() - began


def medians(n_rounds: int, actions: Mapping[str, Action], before: Action = nothing) -> dict[str, float]:
    """The median seconds of each action. Every round runs all of them in turn, so that a busy moment hits all alike;
    `before` is run before each, untimed."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(n_rounds):
        for name, action in actions.items():
            before()
            taken[name].append(seconds_of(action))
    return {name: statistics.median(times) for name, times in taken.items()}


def run(
    command: Sequence[str | bytes], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, keep: bool = False
) -> Ran:
    """Run a command to its end, as the only child. Its output goes nowhere unless it is to be kept. Raises `CommandFailed`."""
    cpu_before = _cpu_of_children()
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=None if env is None else {**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if keep else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = _PeakMemory(process.pid)
    output, errors = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        raise CommandFailed(f"{command!r} ended with status {process.returncode}: {errors.decode(errors='replace')}")
    return Ran(seconds, _cpu_of_children() - cpu_before, peak.stop(), output or b"")


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _PeakMemory:
    """Watches the peak memory of a process. `ru_maxrss` will not do: it counts what the parent had when it forked."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self._peak = max(self._peak, memory_bytes(self._pid, "VmHWM"))

    def stop(self) -> int:
        """The highest value seen."""
        self._ended.set()
        self._thread.join()
        return self._peak


def memory_bytes(pid: int, field: str) -> int:
    """A memory field of /proc/PID/status, such as VmRSS or VmHWM; 0 for a process that is no more."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), 0)


def may_drop_caches() -> bool:
    """Whether the caches can be made cold here."""
    return os.access(_DROP_CACHES, os.W_OK)


def drop_caches() -> None:
    """Make the disk's caches cold; does nothing where that is not allowed (`may_drop_caches`)."""
    if may_drop_caches():
        os.sync()
        _DROP_CACHES.write_text("3")
