"""Waiting until nothing follows any more from what was edited in a view: files like those that were dragged go where they went, a
second after the last edit."""

from __future__ import annotations

import time

from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from tests.cli.command_line import Desk

WAIT_S = 60.0
PAUSE_S = 1.5  # longer than a gesture lasts and a lesson of it takes


def wait_until_nothing_follows(desk: Desk, plan: str) -> None:
    """Until lessons were made of all edits of the plan, and no edit has come of them."""
    until, last, now = time.monotonic() + WAIT_S, -1, _settled(desk, plan)
    while now is None or now != last:
        assert time.monotonic() < until, "lessons are still made"
        time.sleep(PAUSE_S)
        last, now = -1 if now is None else now, _settled(desk, plan)


def _settled(desk: Desk, plan: str) -> int | None:
    """The number of the plan's last edit, `None` where lessons are still to be made of some."""
    with App(load_settings(desk.environment)) as app:
        log = app.catalogue.edit_log(plan)
        return None if plan in app.catalogue.unlearnt_plans() else (log[-1].seq if log else 0)
