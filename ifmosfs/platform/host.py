"""Facts about this machine and this process that the core must be told, because it does not look itself."""

from __future__ import annotations

import math
import os
import resource
import time
from datetime import date
from pathlib import Path

from ifmosfs.core.scan import Reader

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


OWN_DESCRIPTORS = Path("/proc/self/fd")


def descriptors_left() -> float:
    """How many more files this process may open; infinity where the system does not tell. Raises OSError where it is none at all."""
    try:
        n_open = len(os.listdir(OWN_DESCRIPTORS))
    except FileNotFoundError:
        return math.inf
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if most == resource.RLIM_INFINITY else most - n_open


def boot_id() -> str:
    """The identity of this boot; empty where the system does not tell."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def reader() -> Reader:
    """Who this process reads as."""
    return Reader(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))


def owner() -> tuple[int, int]:
    """User and group that new folders will belong to."""
    return os.geteuid(), os.getegid()


def folder_mode() -> int:
    """The mode that this process gives to new folders."""
    mask = os.umask(0o022)
    os.umask(mask)
    return 0o777 & ~mask


def local_date(time_ns: int) -> date:
    """The calendar date of a time in the user's time zone; the epoch's for times that no calendar has."""
    try:
        moment = time.localtime(time_ns / 1e9)
        return date(moment.tm_year, moment.tm_mon, moment.tm_mday)
    except (OverflowError, ValueError, OSError):
        return date(1970, 1, 1)


def now_ns() -> int:
    """The time, in ns since the epoch."""
    return time.time_ns()


def process_of(thread: int) -> int:
    """The process that a thread belongs to; the number itself where the system does not tell."""
    try:
        with open(f"/proc/{thread}/status", "rb") as status:
            lines = status.read().splitlines()
    except OSError:
        return thread
    found = next((line for line in lines if line.startswith(b"Tgid:")), b"")
    return int(found.split()[1]) if found else thread
