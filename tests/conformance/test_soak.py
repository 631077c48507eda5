"""Many operations on one mount: the daemon's descriptors, threads and memory do not grow with them.

`IFMOSFS_SOAK` is the number of operations of the long one; a million where it is not set.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.command_line import TABLE, Desk
from tests.conformance.os_protocol import RENAME_EXCHANGE, SystemOs, join, told
from tests.conformance.playground import CONTROL, REVIEW, Mount, Nursery, Playground
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

N_FILES = 60
N_EDITS_OF = 200
"""One call in so many is an edit: each of them is durable before it is answered, and stays in the plan."""


OF_POOLS = 12
"""Descriptors that come with load, not with operations: four more connections to the catalogue, of which the pool keeps five."""


class Usage(NamedTuple):
    """What a process holds."""

    n_descriptors: int
    n_threads: int
    rss_kib: int


def usage(pid: int) -> Usage:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Usage(len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]), int(status["VmRSS"].split()[0]))


@pytest.fixture
def mount(tmp_path: Path, nursery: Nursery) -> Iterator[Mount]:
    made = Playground(Desk(tmp_path / "desk"), nursery)
    made.desk.folder.mkdir()
    inbox = {b"%d.csv" % number: TABLE + b"%d" % number for number in range(N_FILES)}
    made.stage(inbox, {b"Docs": {b"theirs": b"theirs"}}, lambda _: None)
    with made.kept(), made.mounted() as mount:
        yield mount


def work(system: SystemOs, chosen: random.Random, n_operations: int) -> None:
    """Looks, reads, refusals, and now and then an edit and its opposite."""
    paths = [join(b"New", name) for name in system.listdir(b"New")]
    for number in range(n_operations):
        path = chosen.choice(paths)
        call = number % 10
        if number % N_EDITS_OF == 0:
            edit(system, chosen, path)
        elif call < 3:
            system.lstat(path)
        elif call < 5:
            descriptor = system.open(path)
            assert system.pread(descriptor, 10, 0) == TABLE[:10]
            system.close(descriptor)
        elif call == 5:
            system.listdir(chosen.choice([b"", b"New", b"Docs", REVIEW, CONTROL]))
        elif call == 6:
            assert told(lambda: system.lstat(b"New/none %d" % number)) == "ENOENT"  # noqa: B023
        elif call == 7:
            assert told(lambda path=path: system.open(path, os.O_RDWR)) in {"EROFS", "EACCES"}  # type: ignore[misc]
        elif call == 8:
            system.getxattr(path, b"user.ifmosfs.status")
        else:
            system.statvfs(b"")


def edit(system: SystemOs, chosen: random.Random, path: bytes) -> None:
    """An edit, and what takes it back; a file that is open when its name goes."""
    which = chosen.randrange(4)
    if which == 0:
        system.mkdir(b"New/made")
        system.rmdir(b"New/made")
    elif which == 1:
        system.rename(path, b"Docs/moved")
        system.rename(b"Docs/moved", path)
    elif which == 2:
        system.rename(path, b"New/1.csv", RENAME_EXCHANGE)
        system.rename(path, b"New/1.csv", RENAME_EXCHANGE)
    else:
        descriptor = system.open(path)
        system.unlink(path)
        assert system.pread(descriptor, 4, 0) == TABLE[:4]
        system.close(descriptor)
        system.rename(REVIEW + b"/excluded/" + path.rpartition(b"/")[2], path)


def settled(pid: int, n_descriptors: int) -> Usage:
    """What a process holds, once it is down to so many descriptors, or after ten seconds: nobody waits for the kernel to tell that
    a file was closed, so the last ones may still be open."""
    until = time.monotonic() + 10
    found = usage(pid)
    while found.n_descriptors > n_descriptors and time.monotonic() < until:
        time.sleep(0.05)
        found = usage(pid)
    return found


def soak(mount: Mount, n_operations: int, *, kib_for_an_edit: float) -> None:
    chosen = random.Random(1)
    work(mount.system, chosen, max(n_operations // 10, 2000))  # until all that is kept once is kept
    before = usage(mount.pid)
    work(mount.system, chosen, n_operations)
    after = settled(mount.pid, before.n_descriptors)
    n_edits = 2 * n_operations / N_EDITS_OF
    assert after.n_descriptors <= before.n_descriptors + OF_POOLS, (before, after)
    assert after.n_threads <= max(before.n_threads, 12), (before, after)
    assert after.rss_kib - before.rss_kib < 4096 + n_edits * kib_for_an_edit, (before, after)


def test_eight_thousand_operations_leave_nothing_behind(mount: Mount) -> None:
    soak(mount, 6_000, kib_for_an_edit=2)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_million_operations_leave_nothing_behind(mount: Mount) -> None:
    soak(mount, int(os.environ.get("IFMOSFS_SOAK", "1000000")), kib_for_an_edit=0.5)
