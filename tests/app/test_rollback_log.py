"""The log of rollbacks has a line for each run that took something back, also where the run could not write it itself."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from ifmosfs.app.committing import prepare_commit, run_commit
from ifmosfs.app.context import App
from ifmosfs.app.recovering import recover_runs
from ifmosfs.app.rollback_log import NOT_RECORDED, NOTHING_COMMITTED, log_forgotten
from ifmosfs.app.undoing import Chosen, prepare_rollback, run_rollback
from ifmosfs.core.execute import StopRequest
from ifmosfs.core.journal import RunKind, RunState
from tests.cli.command_line import Desk

Line = tuple[str, int, int, int]
N_PLANNED = 3  # which are one batch: recovery brings it to its end


class Killed(BaseException):
    """Ends the process that the test plays."""


@pytest.fixture
def plan(desk: Desk) -> str:
    plan = desk.staged()
    desk.here("commit", plan, "--yes")
    return plan


def kill_a_rollback(app: App, plan: str, words: str, after: int) -> None:
    """A rollback that is killed when it has moved so many files."""
    n_left = after

    def stop() -> StopRequest | None:
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            raise Killed
        return None

    with app.writing() as journal:
        prepared = prepare_rollback(app, journal, Chosen(app.catalogue.find_plan(plan), words=words))
        with pytest.raises(Killed):
            run_rollback(app, journal, prepared, stop)


def lines(app: App) -> list[Line]:
    return [(one.selection, one.n_done, one.n_conflicts, one.n_failed) for one in app.catalogue.rollbacks()]


def test_recovery_writes_the_line_of_a_killed_rollback_once(app: App, plan: str) -> None:
    kill_a_rollback(app, plan, "paths *.csv", after=1)
    assert lines(app) == []
    with app.writing() as journal:
        recover_runs(app, journal)
        assert lines(app) == [("paths *.csv", N_PLANNED, 0, 0)]
        recover_runs(app, journal)
    assert lines(app) == [("paths *.csv", N_PLANNED, 0, 0)]


def test_a_run_that_ended_but_was_killed_before_its_line_gets_it_later(
    desk: Desk, app: App, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("ifmosfs.app.undoing.log_report", killed)
        with app.writing() as journal, pytest.raises(Killed):
            run_rollback(
                app, journal, prepare_rollback(app, journal, Chosen(app.catalogue.find_plan(plan))), lambda: None
            )
    assert (lines(app), app.catalogue.find_plan(plan).state.value) == ([], "rolled_back")
    assert desk.here("history").status == 0
    assert lines(app) == [("plan", N_PLANNED, 0, 0)]


@pytest.mark.parametrize("where", ["_place_sidecars", "log_report"])
def test_what_a_rollback_that_was_killed_at_its_end_has_left_to_be_done_is_done_by_the_next_command(
    desk: Desk, app: App, plan: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (desk.target / "mine").write_bytes(b"my own, so that the target stays")

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(f"ifmosfs.app.undoing.{where}", killed)
        with app.writing() as journal, pytest.raises(Killed):
            run_rollback(
                app, journal, prepare_rollback(app, journal, Chosen(app.catalogue.find_plan(plan))), lambda: None
            )
    if where == "_place_sidecars":
        (desk.target / ".ifmosfs").mkdir()  # as the vault, which was in it, leaves it
    assert desk.here("scan", desk.inbox).status == 0
    assert (os.listdir(desk.target), app.catalogue.find_plan(plan).state.value) == (["mine"], "rolled_back")
    assert lines(app) == [("plan", N_PLANNED, 0, 0)]


def test_a_run_of_an_earlier_version_which_kept_no_words_is_logged_too(app: App, plan: str) -> None:
    with app.writing() as journal:
        (commit,) = journal.runs()
        began = replace(commit, run_id="0123456789", kind=RunKind.ROLLBACK, state=RunState.RUNNING, message=None)
        journal.begin(began)
        log_forgotten(app, journal)
        assert lines(app) == []  # it has not ended
        recover_runs(app, journal)
        journal.begin(replace(began, run_id="1234567890"))
        journal.finish("1234567890", RunState.COMPLETE, 1, None)
        log_forgotten(app, journal)
    assert sorted(lines(app)) == [(NOT_RECORDED, 0, 0, 0), ("recovered", 0, 0, 0)]


def test_a_commit_that_moved_nothing_logs_that_its_folders_went(desk: Desk, app: App) -> None:
    plan = desk.staged()
    with app.writing() as journal:
        prepared = prepare_commit(app, journal, app.catalogue.find_plan(plan))
        run_commit(app, journal, prepared, snapshot=False, stop=lambda: StopRequest.NOW)
    assert lines(app) == [(NOTHING_COMMITTED, 0, 0, 0)]
