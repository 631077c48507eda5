"""Ids may be shortened, and left out where only one thing can be meant; otherwise the choice is listed."""

from __future__ import annotations

from tests.adapters.trees import write_tree
from tests.cli.command_line import Desk


def test_the_beginning_of_an_id_is_enough(desk: Desk) -> None:
    session = desk.here("scan", desk.inbox, "--json").json["session"]
    plan = desk.here("stage", "create", session[:4], "-o", desk.target, "--json").json["plan"]
    assert desk.here("stage", "show", plan[:4], "--json").json["plan"] == plan
    assert desk.here("stage", "show", "--plan", plan[:4].upper(), "--json").json["plan"] == plan


def test_an_id_may_be_left_out_where_there_is_one_candidate(desk: Desk) -> None:
    plan = desk.staged()
    assert desk.here("stage", "show", "--json").json["plan"] == plan
    assert desk.here("stage", "validate", "--json").json["plan"] == plan
    assert desk.here("commit", "--yes", "--json").json["plan"] == plan
    assert desk.here("verify", "--json").json["plan"] == plan
    assert desk.here("rollback", "--yes", "--json").json["plan"] == plan
    assert desk.here("stage", "reopen", "--json").json["plan"] == plan
    assert desk.here("stage", "discard", "--json").json["plan"] == plan


def test_without_an_id_the_last_session_is_meant(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    write_tree(desk.folder / "other", {b"a.csv": b"a,b\n1,2\n"})
    last = desk.here("scan", desk.folder / "other", "--json").json["session"]
    assert desk.here("stage", "create", "-o", desk.target, "--json").json["session"] == last


def test_several_candidates_are_listed_and_nothing_is_done(desk: Desk) -> None:
    first, second = desk.staged(), desk.staged()
    refused = desk.here("commit", "--yes")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("error[ambiguous]: several plans ")
    assert first in refused.err
    assert second in refused.err


def test_a_beginning_that_fits_several_plans_is_ambiguous(desk: Desk) -> None:
    plans: dict[str, str] = {}
    while True:  # ids are hexadecimal: at most 17 plans until two begin alike
        plan = desk.staged()
        if plan[0] in plans:
            break
        plans[plan[0]] = plan
    refused = desk.here("stage", "show", plan[0])
    assert refused.status == 2
    assert refused.err.splitlines()[0] == f"error[ambiguous]: several plans begin with '{plan[0]}'"
    assert plan in refused.err
    assert plans[plan[0]] in refused.err


def test_an_unknown_plan_is_an_error_of_usage_with_a_remedy(desk: Desk) -> None:
    desk.staged()
    for command in (
        ["stage", "show"],
        ["stage", "validate"],
        ["stage", "discard"],
        ["commit"],
        ["verify"],
        ["rollback"],
    ):
        refused = desk.here(*command, "--plan", "nothing")
        assert (refused.status, refused.out) == (2, "")
        assert refused.err == "error[not-found]: no plan 'nothing'\n  hint: list them: ifmosfs stage list\n"


def test_an_unknown_session_is_an_error_of_usage_with_a_remedy(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    refused = desk.here("stage", "create", "--session", "nothing")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("error[not-found]: no session 'nothing'\n  hint: ")
