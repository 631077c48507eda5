"""The failing disks fail when they say, and the disk in memory knows several filesystems."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.ports import Disk
from tests.adapters.disk_conformance import refused
from tests.adapters.faults import Crash, CrashAfter, FailAt, Recording
from tests.adapters.memory_disk import MemoryDisk


def place(path: bytes) -> Place:
    return Place(b"/place", path)


@pytest.fixture
def memory() -> MemoryDisk:
    return MemoryDisk.from_tree({b"place": {b"a": b"1"}})


def three_steps(disk: Disk) -> None:
    disk.make_folder(place(b"out"), 0o755)
    disk.lstat(place(b"a"))
    disk.rename_noreplace(place(b"a"), place(b"out/a"))
    disk.sync([place(b"out")])


TREES = [
    {b"a": b"1"},
    {b"a": b"1", b"out": {}},
    {b"out": {b"a": b"1"}},
    {b"out": {b"a": b"1"}},
]


@pytest.mark.parametrize("n", range(3), ids="after {} effects".format)
@pytest.mark.parametrize(("after", "n_done"), [(False, 0), (True, 1)], ids=["before the next", "after the next"])
def test_a_crash_leaves_exactly_the_effects_before_it(memory: MemoryDisk, n: int, after: bool, n_done: int) -> None:
    with pytest.raises(Crash):
        three_steps(CrashAfter(memory, n, after=after))
    assert memory.tree(b"place") == TREES[n + n_done]


def test_a_crash_after_more_effects_than_there_are_never_comes(memory: MemoryDisk) -> None:
    disk = CrashAfter(memory, 3)
    three_steps(disk)
    assert (disk.n_effects, memory.tree(b"place")) == (3, TREES[3])


def test_a_dead_disk_stays_dead(memory: MemoryDisk) -> None:
    disk = CrashAfter(memory, 0, after=True)
    for step in (lambda: disk.make_folder(place(b"x"), 0o755), lambda: disk.make_folder(place(b"y"), 0o755)):
        with pytest.raises(Crash):
            step()
    assert memory.tree(b"place") == {b"a": b"1", b"x": {}}


@pytest.mark.parametrize(
    ("call", "run"),
    [("lstat", lambda disk: disk.lstat(place(b"a"))), ("sync", lambda disk: disk.sync([place(b"")]))],
    ids=["a look", "an effect"],
)
def test_only_the_nth_call_fails(memory: MemoryDisk, call: str, run: Callable[[Disk], object]) -> None:
    disk = FailAt(memory, call, 2, errno.EIO)
    run(disk)
    with refused(errno.EIO):
        run(disk)
    run(disk)
    assert disk.n_calls == 3


def test_only_changes_that_succeeded_are_recorded(memory: MemoryDisk) -> None:
    disk = Recording(memory)
    three_steps(disk)
    with refused(errno.EEXIST):
        disk.make_folder(place(b"out"), 0o755)
    assert disk.changes == [
        ("make_folder", b"/place/out"),
        ("rename_noreplace", b"/place/a", b"/place/out/a"),
        ("sync", b"/place/out"),
    ]


def test_a_rename_between_two_filesystems_in_memory_is_exdev(memory: MemoryDisk) -> None:
    memory.add_filesystem(b"/usb", {b"there": {}})
    with refused(errno.EXDEV):
        memory.rename_noreplace(place(b"a"), Place(b"/usb", b"there/a"))
    assert memory.filesystem(Place(b"/usb", b"not yet")) != memory.filesystem(place(b""))
    assert memory.tree() == {b"place": {b"a": b"1"}, b"usb": {b"there": {}}}


def test_a_hard_link_in_memory_is_the_same_file(memory: MemoryDisk) -> None:
    memory.link(place(b"a"), place(b"b"))
    memory.write(place(b"a"), b"changed")
    attr = memory.lstat(place(b"b"))
    assert (attr, attr.n_links, memory.tree(b"place")) == (
        memory.lstat(place(b"a")),
        2,
        {b"a": b"changed", b"b": b"changed"},
    )
