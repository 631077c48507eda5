from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import Desk
from tests.conformance.os_protocol import Os
from tests.conformance.playground import Nursery, Playground
from tests.fuse_support import FUSE_MARKS

KINDS = [pytest.param("core", id="core"), pytest.param("mount", id="mount", marks=FUSE_MARKS)]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """The process that makes mounts quickly."""
    made = Nursery()
    yield made
    made.end()


def staged(factory: pytest.TempPathFactory, nursery: Nursery) -> Playground:
    """A playground with the usual plan."""
    made = Playground(Desk(factory.mktemp("playground")), nursery)
    made.stage()
    return made


@pytest.fixture(scope="session")
def playground(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Playground]:
    """The plan that has one of everything. Nothing that any test did through a view has changed an original."""
    made = staged(tmp_path_factory, nursery)
    with made.kept():
        yield made


@pytest.fixture(params=KINDS)
def system(request: pytest.FixtureRequest, playground: Playground) -> Iterator[Os]:
    """A fresh view of the plan: once in this process, once through a real mount."""
    with playground.fresh(request.param) as made:
        yield made


@pytest.fixture
def bare_desk(tmp_path: Path) -> Desk:
    """A desk for a test that makes its own inbox."""
    return Desk(tmp_path)
