"""What tests of use cases begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ifmosfs.app import watching
from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from tests.app.followers import Beside, put
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


@pytest.fixture
def plan_id(desk: Desk) -> str:
    """The plan of that inbox."""
    return desk.staged()


@pytest.fixture
def views(desk: Desk, plan_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Beside, Beside]]:
    """Two processes, for which a file is whole when it is as it was a moment ago."""
    monkeypatch.setattr(watching, "QUIET_S", 0.0)
    with ExitStack() as stack:
        apps = [stack.enter_context(App(load_settings(desk.environment))) for _ in range(2)]
        yield Beside(apps[0], plan_id), Beside(apps[1], plan_id)


@pytest.fixture
def code(desk: Desk) -> Path:
    """A checkout in the inbox, which is there before the plan is made."""
    put(desk.inbox / "code" / ".git" / "HEAD", b"ref")
    put(desk.inbox / "code" / "main.c", b"int main;")
    return desk.inbox / "code"
