"""`ifmosfs scan` and `ifmosfs classify`: what they say, what they count, what they never do."""

from __future__ import annotations

import os

from tests.adapters.trees import Link, Special, write_tree
from tests.cli.command_line import TABLE, Desk, attributes


def test_a_scan_says_what_it_found_and_what_to_type_next(desk: Desk) -> None:
    result = desk.here("scan", desk.inbox)
    session = desk.here("scan", desk.inbox, "--json").json["session"]
    assert result == (
        0,
        (
            f"Scanned {desk.inbox}: 4 files in 2 folders, 91 B\n"
            "  4 new, 0 changed, 0 as before, 0 gone\n"
            f"Session {session}. Next: ifmosfs stage create --session {session}\n"
        ),
        "",
    )


def test_a_scan_as_json_counts_everything(desk: Desk) -> None:
    fields = desk.here("scan", desk.inbox, "--json").json
    fields.pop("session")
    assert fields == {
        "roots": [str(desk.inbox)],
        "files": 4,
        "size_bytes": 91,
        "folders": 2,
        "new": 4,
        "changed": 0,
        "unchanged": 0,
        "vanished": 0,
        "skipped": [],
        "unreadable": [],
    }


def test_a_second_scan_doubles_nothing_and_tells_what_changed(desk: Desk) -> None:
    first = desk.here("scan", desk.inbox, "--json").json
    (desk.inbox / "run.sh").write_bytes(b"#!/bin/sh\necho something else\n")
    (desk.inbox / "invoice-17.txt").unlink()
    (desk.inbox / "fresh.csv").write_bytes(b"a,b\n1,2\n")
    second = desk.here("scan", desk.inbox, "--json").json
    assert second["session"] == first["session"]
    assert {key: second[key] for key in ("files", "new", "changed", "unchanged", "vanished")} == {
        "files": 4,
        "new": 1,
        "changed": 1,
        "unchanged": 2,
        "vanished": 1,
    }


def test_several_folders_are_one_session_however_they_are_named(desk: Desk) -> None:
    other = desk.folder / "other"
    write_tree(other, {b"notes.md": b"# Notes\n"})
    by_argument = desk.here("scan", desk.inbox, other, "--json").json
    by_option = desk.here("scan", "--roots", other, "--roots", desk.inbox, "--json").json
    assert (by_argument["session"], sorted(by_argument["roots"])) == (by_option["session"], sorted(by_option["roots"]))


def test_symlinks_are_counted_and_never_followed_and_pipes_are_skipped(desk: Desk) -> None:
    write_tree(desk.folder / "outside", {b"secret.csv": b"a,b\n1,2\n"})
    write_tree(desk.inbox / "special", {b"link": Link(b"../../outside"), b"pipe": Special()})
    fields = desk.here("scan", desk.inbox, "--json").json
    assert (fields["files"], fields["skipped"]) == (
        5,
        [{"root": str(desk.inbox), "path": "special/pipe", "reason": "special file"}],
    )


def test_what_is_excluded_is_skipped_with_its_reason(desk: Desk) -> None:
    fields = desk.here("scan", desk.inbox, "--exclude", "*.sh", "--exclude", "tables", "--json").json
    assert (fields["files"], sorted((row["path"], row["reason"]) for row in fields["skipped"])) == (
        1,
        [("run.sh", "excluded by pattern"), ("tables", "excluded by pattern")],
    )


def test_the_programs_own_state_is_not_scanned(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    fields = desk.here("scan", desk.folder, "--json").json
    assert (fields["files"], [(row["path"], row["reason"]) for row in fields["skipped"]]) == (
        4,
        [("state", "the program's own state")],
    )


def test_a_scan_changes_nothing_not_even_a_time(desk: Desk) -> None:
    before = attributes(desk.inbox)
    assert desk.here("scan", desk.inbox).status == 0
    assert attributes(desk.inbox) == before


def test_scanning_an_empty_folder_is_no_error_but_there_is_nothing_to_plan(desk: Desk) -> None:
    empty = desk.folder / "empty"
    empty.mkdir()
    assert desk.here("scan", empty, "--json").json["files"] == 0
    assert desk.here("stage", "create", "--output", desk.target) == (
        2,
        "",
        "error[not-found]: the session holds no files\n  hint: ifmosfs scan FOLDER, then try again\n",
    )


def test_each_file_has_a_category_a_confidence_and_a_reason_or_none_for_a_reason(desk: Desk) -> None:
    session = desk.here("scan", desk.inbox, "--json").json["session"]
    fields = desk.here("classify", "--session", session, "--json").json
    labels = {row["path"]: row["label"] for row in fields["files"]}
    assert (fields["session"], fields["new"], labels) == (
        session,
        4,
        {
            "invoice-17.txt": "financial_document",
            "run.sh": "technical_script",
            "tables/sizes.csv": "technical_dataset",
            "tables/what.xyz": None,
        },
    )
    assert all(row["reason"] and 0 <= row["confidence"] <= 1 for row in fields["files"])


def test_classifying_again_looks_at_nothing_that_has_not_changed(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    desk.here("classify")
    (desk.inbox / "run.sh").write_bytes(b"#!/bin/sh\necho something else\n")
    desk.here("scan", desk.inbox)
    assert desk.here("classify", "--json").json["new"] == 1


def test_classify_prints_one_line_per_file_with_all(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    lines = desk.here("classify", "--all").out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "financial_document",
        "technical_script",
        "technical_dataset",
        "-",
        "Classified",
        "Session",
    ]


def test_classify_without_a_session_says_how_to_make_one(desk: Desk) -> None:
    assert desk.here("classify") == (
        2,
        "",
        "error[not-found]: nothing has been scanned yet\n  hint: scan a folder first: ifmosfs scan FOLDER\n",
    )


def test_classifying_reads_without_touching_the_access_time(desk: Desk) -> None:
    before = {name: os.stat(desk.inbox / name).st_atime_ns for name in ("invoice-17.txt", "run.sh")}
    desk.here("scan", desk.inbox)
    desk.here("classify")
    assert {name: os.stat(desk.inbox / name).st_atime_ns for name in before} == before


def test_a_checkout_whose_own_folder_is_excluded_is_not_scattered(bare_desk: Desk) -> None:
    bare_desk.set_up({b"repo": {b".git": {b"config": b"[core]"}, b"t.csv": TABLE}})
    bare_desk.here("scan", bare_desk.inbox, "--exclude", ".git")
    planned = bare_desk.here("stage", "create", "--output", bare_desk.target, "--json").json
    assert (planned["planned"], planned["staying"]) == (0, {"projects": 1})
