from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.store.catalogue import Catalogue, open_catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with open_catalogue(tmp_path / "state", busy_seconds=5) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """One catalogue for all examples of a property; each example uses ids of its own."""
    with open_catalogue(tmp_path_factory.mktemp("shared")) as opened:
        yield opened
