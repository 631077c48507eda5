"""A database that is lost or damaged is made again from the journals beside the data, and everything can be undone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, ORGANISED, SCRIPT, TABLE, Desk, attributes

OUTCOMES = (b'{"r":"outcome"', b'{"r":"arrived"', b'{"r":"finish"')  # how the lines begin, after their checksum


def journal_of(desk: Desk) -> Path:
    (found,) = (desk.target / ".ifmosfs").glob("journal-*.jsonl")
    return found


def organised(desk: Desk) -> object:
    tree = dict(read_tree(desk.target))
    tree.pop(b".ifmosfs", None)
    return tree


def without_header(path: Path) -> None:
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def without_pages(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"garbage " * ((len(content) - 4096) // 8))


def with_a_schema_that_is_no_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE ", b"CREATE \xee\x99BLE "))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def without_outcomes(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if not line[9:].startswith(OUTCOMES)))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


HARM = (without_header, without_pages, with_a_schema_that_is_no_text, cut, emptied, gone)
BOTH = ("journal.db", "catalogue.db")


def test_undo_works_after_the_whole_state_folder_was_lost(desk: Desk) -> None:
    before = attributes(desk.inbox)
    plan = desk.committed()
    shutil.rmtree(desk.state)
    rebuilt = desk.here("recover", "--from-journal", desk.target)
    assert (rebuilt.status, rebuilt.err) == (0, "")
    assert f"Plan {plan} is known again." in rebuilt.out
    assert desk.state_of(plan) == "committed"
    assert desk.here("verify", plan).status == 0
    assert desk.here("status").status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert attributes(desk.inbox) == before
    assert not desk.target.exists()


def test_a_plan_that_was_rolled_back_is_known_again_as_such_and_can_be_taken_up(desk: Desk) -> None:
    plan = desk.committed()
    assert desk.here("rollback", plan, "--yes").status == 0
    (desk.state / "catalogue.db").unlink()
    rebuilt = desk.here("recover", "--from-journal")
    assert rebuilt.out.splitlines()[-1] == (
        f"Plan {plan} is known again, as rolled back. Take it up again: ifmosfs stage reopen {plan}"
    )
    assert desk.here("stage", "reopen", plan).status == 0
    assert desk.here("commit", plan, "--yes").status == 0


def test_a_plan_made_again_can_be_looked_at_and_taken_up_although_some_of_its_files_had_stayed(bare_desk: Desk) -> None:
    bare_desk.set_up({b"a.xyz": b"hm", b"b.csv": TABLE, b"c.xyz": b"hm", b"d.sh": SCRIPT})
    plan = bare_desk.committed()
    shutil.rmtree(bare_desk.state)
    bare_desk.here("recover", "--from-journal", bare_desk.target)
    assert bare_desk.here("verify", plan).status == 0
    assert bare_desk.here("stage", "show", plan).status == 0
    assert bare_desk.here("rollback", plan, "--yes").status == 0
    assert bare_desk.here("stage", "reopen", plan).status == 0
    assert bare_desk.here("stage", "validate", plan).status == 0
    assert bare_desk.here("stage", "resolve", plan, "--undo").status == 0
    assert bare_desk.here("commit", plan, "--yes").status == 0
    assert organised(bare_desk) == {
        b"Data": {b"Datasets": {b"b.csv": TABLE}},
        b"Development": {b"Source code": {b"d.sh": SCRIPT}},
    }


@pytest.mark.parametrize(
    ("names", "harm"), [*((BOTH, harm) for harm in HARM), *(((name,), without_pages) for name in BOTH)]
)
def test_a_harmed_database_is_kept_aside_and_made_again(
    desk: Desk, names: tuple[str, ...], harm: Callable[[Path], None]
) -> None:
    plan = desk.committed()
    for name in names:
        harm(desk.state / name)
    harmed = {name: (desk.state / name).read_bytes() for name in names if harm not in {gone, emptied}}
    assert desk.here("recover", "--from-journal", desk.target).status == 0
    kept = {path.name.split(".damaged-")[0]: path.read_bytes() for path in desk.state.glob("*.damaged-*")}
    assert kept == harmed
    assert organised(desk) == ORGANISED
    assert desk.here("verify", plan).status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX


@pytest.mark.parametrize("name", ["journal.db", "catalogue.db"])
def test_every_command_that_meets_a_damaged_database_names_the_remedy(desk: Desk, name: str) -> None:
    plan = desk.committed()
    without_header(desk.state / name)
    for command in (
        ("status",),
        ("verify", plan),
        ("rollback", plan, "--yes"),
        ("commit", plan, "--yes"),
        ("recover",),
    ):
        result = desk.here(*command)
        assert (result.status, "error[database-damaged]" in result.err) == (1, True), result
        assert "ifmosfs recover --from-journal" in result.err
    assert desk.here("recover", "--from-journal").status == 0, "the target is known from the other database"
    assert desk.here("verify", plan).status == 0


@pytest.mark.parametrize("command", [("history",), ("rollback", "list")], ids=" ".join)
def test_a_list_that_lacks_what_a_lost_journal_told_says_so(desk: Desk, command: tuple[str, ...]) -> None:
    plan = desk.committed()
    gone(desk.state / "journal.db")
    told = desk.here(*command)
    what = f"the journal knows nothing of plan {plan}, which was committed: {desk.state / 'journal.db'}"
    remedy = f"make it again from the journal beside the data: ifmosfs recover --from-journal {desk.target}"
    assert told == (8, "", f"warning: {what} ({remedy})\n")
    fields = desk.here(*command, "--json").json
    assert fields == {"lost_journals": [plan], ("runs" if command == ("history",) else "plans"): []}
    assert desk.here("recover", "--from-journal").status == 0
    assert (desk.here(*command).status, plan in desk.here(*command).out) == (0, True)


def test_status_tells_of_a_lost_journal(desk: Desk) -> None:
    plan = desk.committed()
    gone(desk.state / "journal.db")
    assert desk.here("status", "--json").json["lost_journals"] == [plan]
    told = desk.here("status")
    assert (told.status, "ifmosfs recover --from-journal" in told.out) == (8, True)
    assert desk.here("recover", "--from-journal").status == 0
    assert desk.here("status").status == 0


@pytest.mark.parametrize(
    ("names", "harm"), [*((BOTH, harm) for harm in HARM), *(((name,), without_pages) for name in BOTH)]
)
def test_a_dry_run_tells_what_would_be_made_again_and_changes_nothing(
    desk: Desk, names: tuple[str, ...], harm: Callable[[Path], None]
) -> None:
    plan = desk.committed()
    for name in names:
        harm(desk.state / name)
    before = attributes(desk.folder)
    foretold = desk.here("recover", "--from-journal", desk.target, "--dry-run", "--json")
    said = desk.here("recover", "--from-journal", desk.target, "--dry-run").out.splitlines()
    assert attributes(desk.folder) == before
    done = desk.here("recover", "--from-journal", desk.target, "--json")
    assert (foretold.status, without_moments(foretold.json)) == (
        done.status,
        {**without_moments(done.json), "dry_run": True},
    )
    assert all(line.startswith("Would be: ") for line in said), said
    again = f"Plan {plan} is known again. Undo: ifmosfs rollback {plan} · Prove: ifmosfs verify {plan}"
    assert (f"Would be: {again}" in said) == bool(done.json["plans"])


@pytest.mark.parametrize("harm", [emptied, gone])
def test_a_dry_run_makes_no_catalogue_though_views_are_mounted(
    desk: Desk, harm: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.committed()
    harm(desk.state / "catalogue.db")
    monkeypatch.setattr("ifmosfs.platform.mounts.views", lambda: ["a view of somebody else"])
    before = attributes(desk.state)
    assert desk.here("recover", "--from-journal", "--dry-run").status == 0
    assert attributes(desk.state) == before


def without_moments(fields: dict[str, Any]) -> dict[str, Any]:
    """With the names of damaged files that were kept, but not the second in which they got them."""
    return {**fields, "kept_aside": [path.split(".damaged-")[0] for path in fields["kept_aside"]]}


def test_a_dry_run_foretells_what_is_decided_from_the_disk_and_moves_nothing(desk: Desk) -> None:
    desk.committed()
    without_outcomes(journal_of(desk))
    shutil.rmtree(desk.state)
    (desk.target / "Development" / "Source code" / "run.sh").rename(desk.inbox / "run.sh")
    before = attributes(desk.folder)
    foretold = desk.here("recover", "--from-journal", desk.target, "--dry-run", "--json")
    assert attributes(desk.folder) == before
    done = desk.here("recover", "--from-journal", desk.target, "--json")
    (recovered,) = foretold.json["recovered"]
    assert [line["did"] for line in recovered["lines"] if line["did"].startswith("moved")] == [
        "moved to its target now"
    ]
    assert (len(foretold.json["plans"]), organised(desk)) == (1, ORGANISED)
    assert foretold.json == {**done.json, "dry_run": True}


PAST: tuple[tuple[str, ...], ...] = (
    ("rollback", "--yes"),
    ("rollback", "PLAN", "--yes"),
    ("rollback", "preview"),
    ("rollback", "restore", "run.sh", "--yes"),
    ("rollback", "list"),
    ("rollback", "files", "PLAN"),
    ("history",),
    ("history", "run.sh"),
    ("verify", "PLAN"),
    ("versions", "list"),
    ("versions", "show", "1"),
    ("versions", "diff", "--from", "1", "--to", "2"),
    ("versions", "restore", "--version", "1", "--yes"),
    ("versions", "prune", "--keep", "1"),
    ("vault", "list"),
    ("vault", "restore", "run.sh"),
    ("vault", "empty", "--yes"),
    ("mount", "--rollback", "PLAN"),
    ("recover",),
)


@pytest.mark.parametrize("command", PAST, ids=" ".join)
def test_a_lost_catalogue_is_told_by_all_that_is_about_the_past(desk: Desk, command: tuple[str, ...]) -> None:
    plan = desk.committed()
    gone(desk.state / "catalogue.db")
    result = desk.here(*(plan if word == "PLAN" else word for word in command))
    catalogue = desk.state / "catalogue.db"
    assert (result.status, result.out, result.err.splitlines()) == (
        8,
        "",
        [
            f"error[recovery-needed]: the catalogue knows nothing of plan {plan}, which the journal tells of: {catalogue}",
            f"  hint: make it again from the journal: ifmosfs recover --from-journal {desk.target}",
        ],
    )
    assert organised(desk) == ORGANISED


def test_status_and_doctor_tell_of_a_lost_catalogue_until_it_is_made_again(desk: Desk) -> None:
    plan = desk.committed()
    gone(desk.state / "catalogue.db")
    assert desk.here("status", "--json").json["unknown_plans"] == [plan]
    remedy = f"ifmosfs recover --from-journal {desk.target}"
    told = desk.here("status")
    assert (told.status, told.out.splitlines()[-1]) == (
        8,
        f"The catalogue knows nothing of plan {plan}, which was committed. Make it again: {remedy}",
    )
    (finding,) = (each for each in desk.here("doctor", "--json").json["findings"] if each["what"] == f"plan {plan}")
    assert (finding["level"], finding["remedy"]) == ("problem", remedy)
    assert desk.here("recover", "--from-journal", desk.target).status == 0
    again = desk.here("status", "--json")
    assert (again.status, again.json["unknown_plans"]) == (0, [])


def test_something_new_may_be_begun_beside_a_lost_catalogue_and_is_told_of_it(desk: Desk) -> None:
    first = desk.committed()
    gone(desk.state / "catalogue.db")
    (desk.inbox / "later.csv").write_bytes(b"a,b\n1,2\n3,4\n")
    notice = f"warning: the catalogue knows nothing of plan {first}, which the journal tells of"
    assert notice in desk.here("stage", "list").err
    scanned = desk.here("scan", desk.inbox)
    assert (scanned.status, notice in scanned.err) == (0, True)
    created = desk.here("stage", "create", "--output", desk.target, "--json")
    assert (created.status, notice in created.err) == (0, True)
    assert desk.here("status").status == 8, "plans that are there now do not hide the lost one"
    assert desk.here("commit", created.json["plan"], "--yes").status == 0
    assert desk.here("recover", "--from-journal").status == 0
    for plan in (created.json["plan"], first):
        assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == {**INBOX, b"later.csv": b"a,b\n1,2\n3,4\n"}


def test_a_lost_catalogue_is_made_again_from_the_journal_alone(desk: Desk) -> None:
    plan = desk.committed()
    gone(desk.state / "catalogue.db")
    gone(journal_of(desk))
    assert desk.here("recover", "--from-journal").status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX


def test_doing_it_twice_changes_nothing_more(desk: Desk) -> None:
    desk.committed()
    shutil.rmtree(desk.state)
    desk.here("recover", "--from-journal", desk.target)
    plans = desk.here("status", "--json").json["plans"]
    again = desk.here("recover", "--from-journal", desk.target, "--json")
    assert (again.status, [found["what"] for found in again.json["journals"]]) == (0, ["known"])
    assert desk.here("status", "--json").json["plans"] == plans


def test_a_journal_without_its_outcomes_is_decided_from_the_disk(desk: Desk) -> None:
    plan = desk.committed()
    without_outcomes(journal_of(desk))
    shutil.rmtree(desk.state)
    result = desk.here("recover", "--from-journal", desk.target)
    assert (result.status, "the file is at its target" in result.out) == (0, True)
    assert desk.here("verify", plan).status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX


def test_damaged_lines_are_named_and_the_others_are_used(desk: Desk) -> None:
    plan = desk.committed()
    path = journal_of(desk)
    lines = path.read_bytes().splitlines(keepends=True)
    numbers = [0, *(number for number, line in enumerate(lines) if line[9:].startswith(OUTCOMES[:2]))]
    for number in numbers:
        lines[number] = b"0" * 8 + lines[number][8:]
    path.write_bytes(b"".join(lines) + b"1234 torn")
    shutil.rmtree(desk.state)
    result = desk.here("recover", "--from-journal", desk.target, "--json")
    (found,) = result.json["journals"]
    assert (result.status, [each["line"] for each in found["damaged_lines"]]) == (3, [each + 1 for each in numbers])
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX


def test_a_file_that_is_no_journal_is_told_of_and_harms_nothing(desk: Desk) -> None:
    desk.committed()
    (desk.target / ".ifmosfs/journal-abc.jsonl").write_bytes(b"nonsense\n")
    result = desk.here("recover", "--from-journal", desk.target, "--json")
    assert (result.status, {found["what"] for found in result.json["journals"]}) == (3, {"known", "unreadable"})


def test_a_target_found_at_another_place_is_taken_over_only_when_that_is_said(desk: Desk) -> None:
    plan = desk.committed()
    elsewhere = desk.folder / "carried"
    desk.target.rename(elsewhere)
    shutil.rmtree(desk.state)
    refused = desk.here("recover", "--from-journal", elsewhere, "--json")
    assert (refused.status, [found["what"] for found in refused.json["journals"]]) == (3, ["moved"])
    assert refused.json["plans"] == []
    moved = desk.here("recover", "--from-journal", "--moved", desk.target, elsewhere, elsewhere)
    assert moved.status == 0, moved
    assert desk.here("verify", plan).status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX


def test_a_journal_given_as_a_file_is_copied_to_the_state_folder(desk: Desk) -> None:
    plan = desk.committed()
    backup = desk.folder / "backup.jsonl"
    journal_of(desk).rename(backup)
    content = backup.read_bytes()
    shutil.rmtree(desk.state)
    assert desk.here("recover", "--from-journal", backup).status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert (read_tree(desk.inbox), backup.read_bytes()) == (INBOX, content)


def test_a_file_that_was_rolled_back_stays_known_as_such(desk: Desk) -> None:
    plan = desk.committed()
    (desk.inbox / "invoice-17.txt").write_bytes(b"newer")
    assert desk.here("rollback", plan, "--occupied", "leave", "--yes").status == 3
    shutil.rmtree(desk.state)
    assert desk.here("recover", "--from-journal", desk.target).status == 0
    assert "has moved 2 files back; 1 file left where the plan put it" in desk.here("verify", plan).out
    (desk.inbox / "invoice-17.txt").unlink()
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == INBOX


def test_without_any_journal_it_says_what_to_give_and_changes_nothing(desk: Desk) -> None:
    desk.staged()
    without_header(desk.state / "catalogue.db")
    before = attributes(desk.state)
    result = desk.here("recover", "--from-journal")
    assert (result.status, "error[not-found]" in result.err) == (2, True)
    after = attributes(desk.state)
    assert (after.keys() - before.keys(), after[b"catalogue.db"]) == ({b"lock"}, before[b"catalogue.db"])


def test_older_runs_come_before_those_of_a_journal_begun_since(desk: Desk) -> None:
    first = desk.committed()
    for name in ("journal.db", "catalogue.db"):
        gone(desk.state / name)
    (desk.inbox / "later.csv").write_bytes(b"a,b\n1,2\n3,4\n")
    second = desk.committed()
    assert desk.here("recover", "--from-journal", desk.target).status == 0
    for plan in (second, first):
        assert desk.here("verify", plan).status == 0
        assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == {**INBOX, b"later.csv": b"a,b\n1,2\n3,4\n"}


@pytest.mark.parametrize("arguments", [("--moved", "/a", "/b"), ("somewhere",)])
def test_options_that_do_not_belong_together_are_refused(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk.here("recover", *arguments).status == 2
