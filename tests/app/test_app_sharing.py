"""What a view knows of what others do to its plan."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.sharing import CommitBegun
from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.plan import PlanEvent
from ifmosfs.store.catalogue import CATALOGUE_NAME, Catalogue
from tests.cli.command_line import Desk

LONG_AGO_NS = 10**18


@dataclass
class Asked:
    """A catalogue that counts how often it is asked, or refuses to answer."""

    catalogue: Catalogue
    n: int = 0
    refusal: IfmosfsError | None = None

    def find_plan(self, plan_id: str) -> object:
        """See `Plans.find_plan`."""
        self.n += 1
        if self.refusal is not None:
            raise self.refusal
        return self.catalogue.find_plan(plan_id)


def begun(app: App, plan_id: str) -> tuple[CommitBegun, Asked]:
    asked = Asked(app.catalogue)
    return CommitBegun(asked, app.settings.state_folder / CATALOGUE_NAME, plan_id), asked  # type: ignore[arg-type]


def test_commit_has_begun_from_the_moment_on_that_the_catalogue_says_so(app: App, desk: Desk) -> None:
    plan_id = desk.staged()
    has_begun, _ = begun(app, plan_id)
    answers = [has_begun()]
    app.catalogue.begin_commit(plan_id, 0)
    answers += [has_begun(), has_begun()]
    app.catalogue.advance(plan_id, PlanEvent.STOP_UNTOUCHED)
    answers += [has_begun(), has_begun()]
    assert answers == [False, True, True, False, False]


def test_catalogue_that_nobody_writes_to_is_read_once(app: App, desk: Desk) -> None:
    has_begun, asked = begun(app, desk.staged())
    os.utime(app.settings.state_folder / CATALOGUE_NAME, ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert ([has_begun() for _ in range(5)], asked.n) == ([False] * 5, 1)
    os.utime(app.settings.state_folder / CATALOGUE_NAME)
    assert ([has_begun() for _ in range(2)], asked.n) == ([False] * 2, 3)  # as long as a second write might not show


def test_what_was_known_last_holds_while_the_catalogue_cannot_be_read(
    app: App, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    plan_id = desk.staged()
    has_begun, asked = begun(app, plan_id)
    app.catalogue.begin_commit(plan_id, 0)
    assert has_begun()
    asked.refusal = IfmosfsError("the catalogue is locked")
    os.utime(app.settings.state_folder / CATALOGUE_NAME)  # or, on a slow machine, nobody asks it again
    assert has_begun()
    assert "the catalogue is locked" in caplog.text
