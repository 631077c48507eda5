"""`stage create` with names that are taken: strategies, duplicates, units, files being written; the options and the settings."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import TABLE, Desk

OTHER = TABLE + b"and,more\n"


def twice(desk: Desk, *, content: bytes = OTHER) -> None:
    """An inbox with two tables of one name; the second is the newer one."""
    desk.set_up({b"1": {b"t.csv": TABLE}, b"2": {b"t.csv": content}})
    os.utime(desk.inbox / "1" / "t.csv", (1_000_000_000, 1_000_000_000))
    os.utime(desk.inbox / "2" / "t.csv", (1_100_000_000, 1_100_000_000))
    desk.here("scan", desk.inbox)


@pytest.mark.parametrize(
    ("options", "conflicts", "planned"),
    [
        ([], {"numbered": 1}, 2),
        (["--conflict", "skip"], {"staying": 1}, 1),
        (["--conflict", "newest"], {"vaulted": 1}, 1),
        (["--conflict", "newest", "--conflict-for", "technical_dataset=skip"], {"staying": 1}, 1),
    ],
    ids=["rename", "skip", "newest", "of the category"],
)
def test_the_report_counts_what_became_of_a_taken_name(
    bare_desk: Desk, options: list[str], conflicts: dict[str, int], planned: int
) -> None:
    twice(bare_desk)
    fields = bare_desk.here("stage", "create", "--output", bare_desk.target, *options, "--json").json
    assert (fields["conflicts"], fields["planned"], fields["scanned"]) == (conflicts, planned, 2)


@pytest.mark.parametrize(
    ("options", "conflicts"),
    [
        ([], {"duplicate": 1}),
        (["--duplicates", "vault"], {"vaulted": 1}),
        (["--duplicates", "conflict"], {"numbered": 1}),
    ],
    ids=["stays", "vault", "conflict"],
)
def test_the_same_content_under_the_same_name_is_met_by_its_rule(
    bare_desk: Desk, options: list[str], conflicts: dict[str, int]
) -> None:
    twice(bare_desk, content=TABLE)
    fields = bare_desk.here("stage", "create", "--output", bare_desk.target, *options, "--json").json
    assert (fields["conflicts"], fields["scanned"]) == (conflicts, 2)


@pytest.mark.parametrize("command", ["stage list", "status"])
def test_a_list_of_plans_counts_what_goes_to_the_vault(bare_desk: Desk, command: str) -> None:
    twice(bare_desk)
    plan = bare_desk.here("stage", "create", "--output", bare_desk.target, "--conflict", "newest", "--json").json[
        "plan"
    ]
    assert f"  1 to move, 1 to the vault, 0 staying  -> {bare_desk.target}" in bare_desk.here(*command.split()).out
    assert [(row["moves"], row["vaulted"], row["staying"]) for row in plans(bare_desk, command)] == [(1, 1, 0)]
    bare_desk.here("stage", "discard", plan)
    other = bare_desk.here("stage", "create", "--output", bare_desk.target, "--conflict", "ask", "--json").json["plan"]
    assert bare_desk.here("stage", "resolve", other, "--strategy", "newest").status == 0
    line = bare_desk.here(*command.split()).out.splitlines()[-1]
    assert "1 to move, 1 to the vault, 0 staying, " in line, "answers are counted like what planning has found"


def plans(desk: Desk, command: str) -> list[dict[str, Any]]:
    return list(desk.here(*command.split(), "--json").json["plans"])


def test_the_settings_say_what_the_options_do_not(bare_desk: Desk) -> None:
    twice(bare_desk)
    state = bare_desk.state
    state.mkdir(parents=True, exist_ok=True)
    (state / "config.toml").write_text(
        'conflict = "skip"\nduplicates = "vault"\n[conflict_for]\nmedia_audio = "newest"\n'
    )
    made = bare_desk.here("stage", "create", "--output", bare_desk.target, "--json").json
    assert made["conflicts"] == {"staying": 1}
    made = bare_desk.here("stage", "create", "--output", bare_desk.target, "--conflict", "rename", "--json").json
    assert made["conflicts"] == {"numbered": 1}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nosuch=skip", "error[usage]: there is no category 'nosuch'\n"),
        (
            "technical_dataste=skip",
            "error[usage]: there is no category 'technical_dataste'\n  hint: did you mean technical_dataset",
        ),
        ("technical_dataset", "error[usage]: 'technical_dataset' does not say which strategy a category has\n"),
        (
            "technical_dataset=maybe",
            "error[usage]: 'technical_dataset=maybe' does not say which strategy a category has\n",
        ),
    ],
)
def test_a_strategy_for_a_category_is_checked(bare_desk: Desk, text: str, error: str) -> None:
    twice(bare_desk)
    result = bare_desk.here("stage", "create", "--conflict-for", text)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(error)


def test_a_file_that_was_changing_while_it_was_scanned_stays(bare_desk: Desk) -> None:
    bare_desk.set_up({b"quiet.csv": TABLE, b"busy.csv": TABLE})
    (bare_desk.inbox / "busy.csv").write_bytes(TABLE)
    bare_desk.here("scan", bare_desk.inbox)
    (bare_desk.inbox / "busy.csv").write_bytes(OTHER)
    report = bare_desk.here("stage", "create", "--output", bare_desk.target, "--json").json
    assert (report["staying"], report["planned"]) == ({"being written": 1}, 1)


def test_a_file_that_a_program_has_open_for_writing_stays(bare_desk: Desk) -> None:
    bare_desk.set_up({b"quiet.csv": TABLE, b"busy.csv": TABLE})
    bare_desk.here("scan", bare_desk.inbox)
    holder = "import sys; held = open(sys.argv[1], 'ab'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, bare_desk.inbox / "busy.csv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        report = bare_desk.here("stage", "create", "--output", bare_desk.target, "--json").json
        writer.stdin.close()
    assert (report["staying"], report["planned"]) == ({"being written": 1}, 1)


def test_planning_reports_its_conflicts_in_a_line(bare_desk: Desk) -> None:
    twice(bare_desk)
    result = bare_desk.here("stage", "create", "--output", bare_desk.target, "--conflict", "newest")
    assert "Conflicts: 1 to the vault\n2 scanned = 1 planned + 1 to the vault\n" in result.out


def test_commit_lists_the_conflicts_that_nobody_has_answered_and_is_done_in_part(bare_desk: Desk) -> None:
    twice(bare_desk)
    bare_desk.here("stage", "create", "--output", bare_desk.target, "--conflict", "ask")
    result = bare_desk.here("commit", "--yes", "--json")
    waiting = os.fsencode(bare_desk.inbox / "2" / "t.csv").decode()
    told = [(each["code"], each["path"]) for each in result.json["problems"]]
    assert (result.status, result.json["moved"], result.json["conflicts"], told) == (
        3,
        1,
        1,
        [("conflict-open", waiting)],
    )


def test_a_plan_of_nothing_but_open_conflicts_is_not_committed_and_can_still_be_answered(bare_desk: Desk) -> None:
    twice(bare_desk)
    bare_desk.here("stage", "create", "--output", bare_desk.target)
    bare_desk.here("commit", "--yes")
    for number in (b"1", b"2"):
        write_tree(bare_desk.inbox, {number: {b"t.csv": TABLE + number}})
    bare_desk.here("scan", bare_desk.inbox)
    bare_desk.here("stage", "create", "--output", bare_desk.target, "--conflict", "ask")
    refused = bare_desk.here("commit", "--yes")
    assert (refused.status, refused.out, refused.err.split(":")[0]) == (4, "", "error[conflicts-open]")
    answered = bare_desk.here("stage", "resolve", "--strategy", "rename", "--json").json
    assert (len(answered["answered"]), answered["open"]) == (2, [])


def test_validation_tells_of_the_conflicts_that_nobody_has_answered(bare_desk: Desk) -> None:
    twice(bare_desk)
    bare_desk.here("stage", "create", "--output", bare_desk.target, "--conflict", "ask")
    result = bare_desk.here("stage", "validate", "--json")
    told = [(each["code"], each["fixable"]) for each in result.json["problems"]]
    assert (result.status, told) == (4, [("conflict-open", False)])
    bare_desk.here("stage", "resolve", "--strategy", "skip")  # a person's own word
    assert (bare_desk.here("stage", "validate").status, bare_desk.here("commit", "--yes").status) == (0, 0)


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        (["--conflict", "skip"], (0, 0, 0)),
        (["--conflict", "ask", "--conflict-for", "technical_dataset=skip"], (0, 0, 0)),
        (["--conflict", "skip", "--conflict-for", "technical_dataset=ask"], (4, 3, 3)),
    ],
    ids=["of the plan", "of the category", "another for the category"],
)
def test_a_file_that_is_to_be_skipped_is_no_open_conflict(
    bare_desk: Desk, options: list[str], statuses: tuple[int, int, int]
) -> None:
    twice(bare_desk)
    bare_desk.here("stage", "create", "--output", bare_desk.target, *options)
    listed = bare_desk.here("stage", "resolve", "--json").json["open"]
    assert [each["files"][0]["source"] for each in listed] == [str(bare_desk.inbox / "2" / "t.csv")]
    commands = (("stage", "validate"), ("commit", "--dry-run"), ("commit", "--yes"))
    assert tuple(bare_desk.here(*each).status for each in commands) == statuses
    assert (bare_desk.inbox / "2" / "t.csv").read_bytes() == OTHER


def test_a_plan_of_nothing_but_skipped_files_can_be_committed(bare_desk: Desk) -> None:
    bare_desk.set_up({b"t.csv": TABLE})
    write_tree(bare_desk.target, {b"Data": {b"Datasets": {b"t.csv": OTHER}}})
    plan = bare_desk.staged("--conflict", "skip")
    assert (bare_desk.here("stage", "validate").status, bare_desk.here("commit", "--yes").status) == (0, 0)
    assert (bare_desk.state_of(plan), (bare_desk.inbox / "t.csv").read_bytes()) == ("committed", TABLE)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--conflict", "ask", "--conflict-for", "technical_dataset=skip"], (0, [])),
        (["--conflict", "skip", "--conflict-for", "technical_dataset=ask"], (4, ["conflict-open"] * 2)),
    ],
    ids=["skip", "ask"],
)
def test_for_files_that_belong_together_the_category_of_the_one_they_follow_counts(
    bare_desk: Desk, options: list[str], told: tuple[int, list[str]]
) -> None:
    sums = b"5d41402abc4b2a76b9719d911017c592  t.csv\n"  # alone, it would be of another category or none
    bare_desk.set_up({b"1": {b"t.csv": TABLE}, b"2": {b"t.csv": OTHER, b"t.csv.md5": sums}})
    bare_desk.here("scan", bare_desk.inbox)
    bare_desk.here("stage", "create", "--output", bare_desk.target, *options)
    result = bare_desk.here("stage", "validate", "--json")
    assert (result.status, [each["code"] for each in result.json["problems"]]) == told


def test_losers_stay_as_long_as_their_winner_does_and_go_with_it_later(bare_desk: Desk) -> None:
    desk = bare_desk
    twice(desk)
    write_tree(desk.inbox, {b"other.csv": TABLE + b"x,y\n"})
    desk.here("scan", desk.inbox)
    plan = desk.here("stage", "create", "--output", desk.target, "--conflict", "newest", "--json").json["plan"]
    winner = desk.inbox / "2" / "t.csv"
    aside = winner.rename(desk.folder / "aside")
    stays = [("vanished", "2/t.csv"), ("winner-stayed", "1/t.csv")]
    for command in (["stage", "validate"], ["commit", "--dry-run"], ["commit", "--yes"]):
        told = desk.here(*command, plan, "--json").json["problems"]
        found = [(row["code"], os.path.relpath(row["path"], desk.inbox)) for row in told]
        assert (command, found) == (command, stays)
    assert read_tree(desk.inbox) == {b"1": {b"t.csv": TABLE}, b"2": {}}
    aside.rename(winner)
    assert desk.here("commit", plan, "--yes").status == 0
    arrived = sorted(str(path.relative_to(desk.target)) for path in desk.target.rglob("*.csv"))
    assert arrived == [
        f".ifmosfs/vault/{plan}/lost/1/1/t.csv",
        "Data/Datasets/other.csv",
        "Data/Datasets/t.csv",
    ]


def test_a_duplicate_stays_where_the_file_whose_content_it_has_is_gone(bare_desk: Desk) -> None:
    desk = bare_desk
    desk.set_up({b"t.csv": TABLE, b"u.csv": OTHER})
    write_tree(desk.target, {b"Data": {b"Datasets": {b"t.csv": TABLE}}})
    desk.here("scan", desk.inbox)
    created = desk.here("stage", "create", "--output", desk.target, "--duplicates", "vault", "--json").json
    assert created["conflicts"] == {"vaulted": 1}
    (desk.target / "Data/Datasets/t.csv").unlink()
    done = desk.here("commit", str(created["plan"]), "--yes", "--json")
    assert (done.status, [row["code"] for row in done.json["problems"]]) == (3, ["winner-stayed"])
    assert read_tree(desk.inbox) == {b"t.csv": TABLE}
