from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import Desk
from tests.fuse_support import force_unmount


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with the usual inbox."""
    made = Desk(tmp_path)
    made.set_up()
    return made


@pytest.fixture
def bare_desk(tmp_path: Path) -> Desk:
    """A desk for a test that makes its own inbox."""
    return Desk(tmp_path)


@pytest.fixture
def mount_point(desk: Desk) -> Iterator[Path]:
    """The desk's mount point; what is mounted there is gone after the test."""
    yield desk.mount_point
    force_unmount(desk.mount_point)
