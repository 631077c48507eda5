"""A disk that is full to the last byte keeps no rollback and no recovery from coming to its end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.platform import reserve
from tests.adapters.trees import read_tree
from tests.cli.command_line import Desk, many_files
from tests.proof.images import run_or_skip

pytestmark = pytest.mark.root
N_FILES = 2000


@pytest.fixture
def small_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk all of which is on a disk of 64 MiB, which counts as plenty."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a tmpfs")
    point = tmp_path / "small"
    point.mkdir()
    run_or_skip("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", point)
    monkeypatch.setattr(reserve, "AMPLE_BYTES", 32 << 20)
    try:
        desk = Desk(point)
        desk.set_up(many_files(N_FILES))
        yield desk
    finally:
        subprocess.run(["umount", "-l", point], check=False)


def fill(folder: Path) -> None:
    """Leave not a byte."""
    with open(folder / "filler", "wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2


def test_a_rollback_on_a_full_disk_comes_to_its_end(small_desk: Desk) -> None:
    before = read_tree(small_desk.inbox)
    plan = small_desk.committed()
    kept = small_desk.state / reserve.RESERVE_NAME
    assert kept.stat().st_blocks * 512 >= reserve.RESERVE_BYTES
    fill(small_desk.folder)
    result = small_desk.here("rollback", plan, "--yes")
    assert result.status == 0, result
    assert read_tree(small_desk.inbox) == before
    assert not kept.exists()


def test_without_the_reserve_it_is_refused_and_nothing_is_lost(small_desk: Desk) -> None:
    before = read_tree(small_desk.inbox)
    plan = small_desk.committed()
    (small_desk.state / reserve.RESERVE_NAME).unlink()
    fill(small_desk.folder)
    result = small_desk.here("rollback", plan, "--yes")
    assert result.status == 1
    assert "error[disk-full]" in result.err
    (small_desk.folder / "filler").unlink()
    assert small_desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(small_desk.inbox) == before
