"""Conflicts answered on the command line: listed where there is nobody to ask, asked for on a terminal."""

from __future__ import annotations

import os
import pty
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.resolving import N_TRIES, Choice, Resolving
from ifmosfs.app.settings import load_settings
from ifmosfs.core.plan import ConflictStrategy, Edit, EditKind
from ifmosfs.core.resolve import Answer
from tests.adapters.trees import write_tree
from tests.cli.command_line import INVOICE, THEN_NS, TIMEOUT_S, Desk, refusal

PLACE = "Financial/Documents/2021"
THEIRS = b"Invoice No. 2024-17\nPaid\n"
LONG = INVOICE + b"Thank you\n"


@pytest.fixture
def contested(desk: Desk) -> str:
    """A plan with two conflicts about one name that the target has already."""
    write_tree(desk.target / PLACE, {b"invoice-17.txt": THEIRS})
    write_tree(desk.inbox / "later", {b"invoice-17.txt": LONG})
    os.utime(desk.inbox / "later" / "invoice-17.txt", ns=(THEN_NS, THEN_NS + 10**9))
    return desk.staged("--conflict", "ask")


def planned(desk: Desk, plan: str) -> dict[str, str]:
    """Of the two invoices: folder of the inbox → where it goes."""
    moves = desk.here("stage", "show", plan, "--json").json["moves"]
    found = {os.path.relpath(row["source"], desk.inbox): row["target"] for row in moves}
    return {source: target for source, target in found.items() if source.endswith("invoice-17.txt")}


@pytest.mark.parametrize("options", [("--only", "*.pdf"), ("--category", "web_page")], ids=["only", "category"])
def test_where_no_conflict_fits_it_is_not_said_that_none_is_open(
    desk: Desk, contested: str, options: tuple[str, ...]
) -> None:
    result = desk.here("stage", "resolve", contested, *options)
    assert (result.status, result.out) == (0, f"Plan {contested}: no open conflict fits.\n")


def test_without_a_terminal_the_conflicts_are_listed_and_nothing_is_asked(desk: Desk, contested: str) -> None:
    result = desk.run("stage", "resolve", contested)
    assert result.status == 4
    assert f"Plan {contested}: 2 conflicts, 2 still open" in result.out
    assert f"wants {PLACE}/invoice-17.txt" in result.out
    assert planned(desk, contested) == {}
    assert refusal(desk.run("stage", "resolve", contested, "--interactive")) == [
        "error[usage]: there is no terminal to ask on",
        "  hint: answer with --strategy",
    ]


@pytest.mark.parametrize(
    ("options", "targets", "status"),
    [
        (("-s", "rename"), {"invoice-17.txt": "invoice-17 (2).txt", "later/invoice-17.txt": "invoice-17 (3).txt"}, 0),
        (("-s", "largest"), {"later/invoice-17.txt": "invoice-17.txt"}, 0),
        (("-s", "skip"), {}, 0),
        (("-s", "ask"), {}, 4),
        (("-s", "replace", "--only", "later/*"), {"later/invoice-17.txt": "invoice-17.txt"}, 0),
        (("-s", "replace", "--only", "*.pdf"), {}, 0),
        (("-s", "rename", "--category", "financial_document", "--only", "l*"), {"later/invoice-17.txt": "invoice-17 (2).txt"}, 0),
        (("-s", "rename", "--category", "web_page"), {}, 0),
    ],
    ids=["rename", "largest", "skip", "ask", "only some", "none fits", "category", "other category"],
)  # fmt: skip
def test_a_strategy_answers_those_that_are_meant(
    desk: Desk, contested: str, options: tuple[str, ...], targets: dict[str, str], status: int
) -> None:
    result = desk.here("stage", "resolve", contested, *options)
    assert (result.status, planned(desk, contested)) == (
        status,
        {source: f"{PLACE}/{name}" for source, name in targets.items()},
    )


def test_answers_are_told_to_programs_and_taken_back(desk: Desk, contested: str) -> None:
    told = desk.here("stage", "resolve", contested, "--strategy", "newest", "--json")
    assert (told.status, told.json["open"], [row["resolved"] for row in told.json["answered"]]) == (0, [], [True] * 2)
    assert {row["files"][0]["wanted"] for row in told.json["answered"]} == {f"{PLACE}/invoice-17.txt"}
    undone = desk.here("stage", "resolve", contested, "--undo", "--json").json["undone"]
    assert [row["undone"] for row in undone] == [True, True]
    listed = desk.here("stage", "resolve", contested, "--json")
    assert (listed.status, len(listed.json["open"]), listed.json["answered"]) == (4, 2, [])
    assert desk.here("stage", "resolve", contested, "--undo").out == f"0 answers of plan {contested} taken back.\n"


@pytest.mark.parametrize("options", [("--undo", "-s", "skip"), ("-i", "-s", "skip"), ("-i", "--undo")], ids=" ".join)
def test_what_excludes_each_other_is_refused(desk: Desk, contested: str, options: tuple[str, ...]) -> None:
    assert desk.here("stage", "resolve", contested, *options).status == 2


def test_a_plan_that_is_over_has_nothing_to_resolve(desk: Desk, contested: str) -> None:
    desk.here("stage", "discard", contested)
    assert refusal(desk.here("stage", "resolve", contested, "-s", "skip"))[0].startswith("error[wrong-state]")


def typed(desk: Desk, plan: str, answers: str, *options: str) -> tuple[int, str]:
    """The command on a terminal where a person types; (status, what the screen shows)."""
    leader, follower = pty.openpty()
    process = desk.start("stage", "resolve", plan, *options, stdin=follower, terminal=follower)
    os.close(follower)
    os.write(leader, answers.encode())
    shown = b""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            piece = os.read(leader, 4096)
        except OSError:  # the command has closed its end
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    return process.wait(TIMEOUT_S), shown.decode().replace("\r\n", "\n")


def test_on_a_terminal_both_files_are_shown_and_one_answer_holds_for_all_alike(desk: Desk, contested: str) -> None:
    status, shown = typed(desk, contested, "what\nl\ny\n")
    for words in (
        f"[1/2] name taken: {PLACE}/invoice-17.txt",
        "comes : ",
        "has it: ",
        "[newer",
        "larger]",
        "content: different",
        "| Invoice No. 2024-17",
        "| Paid",
        "The same for 1 more like this (name taken, .txt, financial_document)?",
        "0 still open",
    ):
        assert words in shown, shown
    assert "[2/2]" not in shown
    assert (status, list(planned(desk, contested))) == (0, ["later/invoice-17.txt"])


@pytest.mark.parametrize("holder", ["folder", "link"])
def test_what_is_no_file_is_called_what_it_is_and_no_contest_with_it_is_offered(desk: Desk, holder: str) -> None:
    place = desk.target / PLACE / "invoice-17.txt"
    place.parent.mkdir(parents=True)
    if holder == "folder":
        place.mkdir()
    else:
        place.symlink_to("elsewhere.txt")
    plan = desk.staged("--conflict", "ask")
    status, shown = typed(desk, plan, "p\nq\n")
    lines = shown.splitlines()
    assert f"  has it: {place}, a {holder}" in lines, shown
    question = "[r]ename  [s]kip  [q]uit  (only a file can be replaced, and only by another file)"
    assert shown.count(question) == 2, "it is asked again after an answer that is impossible"
    assert ("newer" in shown, "larger" in shown, "content:" in shown) == (False, False, False)
    assert (status, "1 still open" in shown, planned(desk, plan)) == (4, True, {})


@pytest.mark.parametrize(
    ("answer", "is_for_all"), [("yes", True), ("Y", True), ("", False), ("no", False), ("N", False)], ids=repr
)
def test_whether_an_answer_holds_for_all_alike_is_said_in_a_word_or_a_letter(
    desk: Desk, contested: str, answer: str, is_for_all: bool
) -> None:
    status, shown = typed(desk, contested, f"r\nwhat\n{answer}\nq\n")
    explained = "y or yes: the same answer for all of them; n, no or Enter: be asked about each."
    assert (explained in shown, shown.count("The same for 1 more")) == (True, 2), shown
    assert ("Error" in shown, "[2/2]" in shown, status) == (False, not is_for_all, 0 if is_for_all else 4)


@pytest.mark.parametrize(
    "command",
    [("stage", "resolve", "PLAN", "--category"), ("versions", "snapshot", "--name", "now", "--content")],
    ids=" ".join,
)
def test_a_category_that_there_is_not_is_refused_with_those_that_are_nearest(
    desk: Desk, contested: str, command: tuple[str, ...]
) -> None:
    words = (contested if word == "PLAN" else word for word in command)
    first, second = refusal(desk.here(*words, "finacial_document"))
    assert first.endswith("there is no category 'finacial_document'")
    assert second.startswith("  hint: did you mean financial_document")


def test_who_quits_keeps_what_was_answered(desk: Desk, contested: str) -> None:
    status, shown = typed(desk, contested, "r\nn\nq\n", "-i")
    assert (status, "1 still open" in shown, len(planned(desk, contested))) == (4, True, 1)


def test_show_tells_what_goes_to_the_vault(desk: Desk, contested: str) -> None:
    desk.here("stage", "resolve", contested, "--strategy", "largest")
    told = desk.here("stage", "show", contested, "--json").json
    assert told["vaulted"] == [str(desk.inbox / "invoice-17.txt")]
    assert [row["replaces"] for row in told["moves"] if row["replaces"]] == [{"size": len(THEIRS)}]
    text = desk.here("stage", "show", contested).out
    assert f"Replaced in the target, to the vault: 1\n  {PLACE}/invoice-17.txt\n" in text
    assert "Lost their name, to the vault: 1\n" in text
    assert "in conflict" not in text


def test_answers_get_through_while_another_program_edits_the_plan_without_a_pause(
    desk: Desk, contested: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try to store them comes after one more edit by somebody else, until others must wait."""
    n_edits = 0
    with App(load_settings(desk.environment)) as app, closing(sqlite3.connect(desk.state / "catalogue.db")) as other:
        other.execute("PRAGMA busy_timeout = 0")
        resolving = Resolving(app, app.catalogue.find_plan(contested))
        conflicts = resolving.open(Choice())
        store = app.catalogue.append_answers

        def store_too_late(plan_id: str, answers: Sequence[Answer], after: int) -> bool:
            nonlocal n_edits
            edit = Edit(0, EditKind.MKDIR, b"made by another %d" % n_edits, None, THEN_NS, mode=0o755, mtime_ns=THEN_NS)
            with suppress(sqlite3.OperationalError):
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
                app.catalogue.append_edit(plan_id, edit)
                n_edits += 1
            return store(plan_id, answers, after)

        monkeypatch.setattr(app.catalogue, "append_answers", store_too_late)
        answered = resolving.answer(conflicts, ConflictStrategy.RENAME)
    assert (n_edits, [isinstance(each.outcome, Answer) for each in answered]) == (N_TRIES, [True, True])
    assert sorted(planned(desk, contested).values()) == [f"{PLACE}/invoice-17 ({n}).txt" for n in (2, 3)]
