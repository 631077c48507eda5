"""Both disks keep the promises of the port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.ports import Disk
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.disk_conformance import BEFORE, Bench, DiskConformance
from tests.adapters.faults import Delegating
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.trees import read_tree, write_tree


class RealWorld:
    def __init__(self, root: bytes) -> None:
        self.root = root

    def tree(self) -> dict[bytes, object]:
        return read_tree(self.root)

    def write(self, path: bytes, content: bytes) -> None:
        with open(self.root + b"/" + path, "wb") as file:
            file.write(content)


class MemoryWorld:
    def __init__(self, disk: MemoryDisk) -> None:
        self.disk = disk

    def tree(self) -> dict[bytes, object]:
        return self.disk.tree(b"root")

    def write(self, path: bytes, content: bytes) -> None:
        self.disk.write(Place(b"/root", path), content)


class TestPosixDisk(DiskConformance):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        root = os.fsencode(tmp_path / "root")
        write_tree(root, BEFORE)
        with PosixDisk() as disk:
            yield Bench(disk, root, RealWorld(root))


class TestMemoryDisk(DiskConformance):
    @pytest.fixture
    def bench(self) -> Bench:
        disk = MemoryDisk.from_tree({b"root": BEFORE})
        return Bench(disk, b"/root", MemoryWorld(disk))


class TestDelegatingDisk(DiskConformance):
    """The wrappers change nothing by themselves."""

    @pytest.fixture
    def bench(self) -> Bench:
        disk = MemoryDisk.from_tree({b"root": BEFORE})
        wrapped: Disk = Delegating(disk)
        return Bench(wrapped, b"/root", MemoryWorld(disk))
