from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desktop.screen import Screen, screen


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Screen]:
    """A screen that nothing is on yet."""
    folder = tmp_path / "screen"
    folder.mkdir()
    with screen(folder) as made:
        yield made
