"""While a view is mounted, lessons are made by a process beside it: what goes wrong there is told, tried again, and harms nobody."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable

import pytest

from ifmosfs.app import learning as learning_module
from ifmosfs.app.context import App
from ifmosfs.app.learning import learning
from ifmosfs.core.plan import Edit, EditKind, EditOrigin
from ifmosfs.platform import daemon, host
from tests.cli.command_line import Desk

SECONDS = 20.0


@pytest.fixture
def plan(desk: Desk) -> str:
    return desk.staged()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gestures are over, and troubles forgotten, at once."""
    monkeypatch.setattr(learning_module, "QUIET_NS", 0)
    monkeypatch.setattr(learning_module, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(learning_module, "AFTER_TROUBLE_S", 0.02)


class Beside:
    """Stands for the process: notes the commands, and ends with these statuses, one after the other."""

    def __init__(self, *statuses: int) -> None:
        self.commands: list[list[str]] = []
        self._statuses = iter(statuses)

    def __call__(self, arguments: list[str], ended: threading.Event) -> int | None:
        self.commands.append(arguments)
        return next(self._statuses, 0)


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + SECONDS
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


def made_by(app: App, plan: str, origin: EditOrigin) -> None:
    edit = Edit(0, EditKind.MKDIR, b"Made by " + origin.value.encode(), None, host.now_ns(), origin=origin)
    assert app.catalogue.append_edit_after(plan, edit, len(app.catalogue.edit_log(plan))) is not None


def test_a_process_that_fails_is_told_of_and_tried_again(
    app: App, plan: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    beside = Beside(1, -9)
    monkeypatch.setattr(daemon, "run_beside", beside)
    made_by(app, plan, EditOrigin.VIEW)
    with caplog.at_level(logging.WARNING, "ifmosfs"), learning(app, plan):
        assert soon(lambda: len(beside.commands) > 2)
    assert beside.commands[0] == [sys.executable, "-m", "ifmosfs", "learn", "--plan", plan]
    told = [record.getMessage() for record in caplog.records]
    assert told[:2] == [
        f"lessons cannot be made of what was edited: the process that makes them ended with status {status}"
        for status in (1, -9)
    ]


def test_edits_that_no_person_made_need_no_process(app: App, plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Beside()
    monkeypatch.setattr(daemon, "run_beside", beside)
    with learning(app, plan):
        made_by(app, plan, EditOrigin.WATCH)
        assert soon(lambda: plan not in app.catalogue.unlearnt_plans())
    assert beside.commands == []


def test_what_is_left_at_the_end_is_learned_then(app: App, plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning_module, "LOOK_EVERY_S", 60.0)
    with learning(app, plan):
        made_by(app, plan, EditOrigin.VIEW)
        assert app.catalogue.unlearnt_plans() == [plan]
    assert plan not in app.catalogue.unlearnt_plans()


def test_the_command_learns_what_was_edited(app: App, desk: Desk, plan: str) -> None:
    made_by(app, plan, EditOrigin.VIEW)
    assert desk.here("learn", "--plan", plan).status == 0
    assert plan not in app.catalogue.unlearnt_plans()


def test_what_hangs_at_the_end_is_not_waited_for(app: App, plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(learning_module, "LOOK_EVERY_S", 60.0)
    monkeypatch.setattr(learning_module, "END_S", 0.1)
    monkeypatch.setattr(learning_module, "learn_from_edits", lambda *_, **__: answers.wait(SECONDS))
    began = time.monotonic()
    with learning(app, plan):
        made_by(app, plan, EditOrigin.VIEW)
    assert time.monotonic() - began < SECONDS / 2
    answers.set()
