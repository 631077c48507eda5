"""What tests of use cases begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from tests.cli.command_line import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with the usual inbox."""
    made = Desk(tmp_path)
    made.set_up()
    return made


@pytest.fixture
def app(desk: Desk) -> Iterator[App]:
    """The program at that desk."""
    with App(load_settings(desk.environment)) as made:
        yield made
