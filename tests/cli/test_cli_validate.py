"""`stage validate`, `stage fix` and `validate path|plan|session`: what they find, what they mend, what they leave alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import INBOX, INVOICE, SCRIPT, TABLE, Desk, attributes, make_inbox, refusal
from tests.cli.test_cli_other_filesystem import small_disk
from tests.fuse_support import needs_fuse


def found(desk: Desk, plan: str, *options: str) -> list[tuple[str, str, str]]:
    """(code, path below the desk, fix) of what a validation finds."""
    result = desk.here("stage", "validate", plan, "--json", *options)
    rows = result.json["problems"]
    assert (result.status, result.json["ready"]) == ((4, False) if rows else (0, True))
    return sorted((row["code"], os.path.relpath(row["path"], desk.folder), row["fix"]) for row in rows)


def spoil(desk: Desk) -> None:
    """Change one file, remove another, and take the name of the third."""
    (desk.inbox / "run.sh").write_bytes(b"#!/bin/sh\necho something else\n")
    (desk.inbox / "invoice-17.txt").unlink()
    write_tree(desk.target, {b"Data": {b"Datasets": {b"sizes.csv": b"in the way"}}})


SPOILT = [
    ("changed", "inbox/run.sh", "leave it where it is"),
    ("name-taken", "Organized/Data/Datasets/sizes.csv", "give it a number"),
    ("vanished", "inbox/invoice-17.txt", "leave it where it is"),
]


SCRIPT_PATH = "Development/Source code/run.sh"
SIZES = "Data/Datasets/sizes.csv"


def test_every_problem_stands_beside_what_fix_would_do(desk: Desk) -> None:
    plan = desk.staged()
    spoil(desk)
    assert found(desk, plan) == SPOILT
    assert desk.here("stage", "validate", plan).out.splitlines()[-2:] == [
        "3 problems; commit would not begin.",
        f"ifmosfs stage fix {plan} would mend 3 of them.",
    ]


def test_fix_mends_what_it_announced_and_the_plan_commits_as_it_then_is(desk: Desk) -> None:
    plan = desk.staged()
    spoil(desk)
    before = attributes(desk.folder, without=(b"state",))
    fixed = desk.here("stage", "fix", plan, "--auto")
    assert (fixed.status, fixed.err, sorted(fixed.out.splitlines())) == (
        0,
        "",
        sorted(
            [
                f"Plan {plan}: 3 edits made",
                f"  vanished: {desk.inbox}/invoice-17.txt: leave it where it is",
                f"  changed: {desk.inbox}/run.sh: leave it where it is",
                f"  name-taken: {desk.inbox}/tables/sizes.csv: {SIZES} -> {SIZES[:-4]} (2).csv",
                f"Nothing stands against it. Apply: ifmosfs commit {plan}",
            ]
        ),
    )
    assert attributes(desk.folder, without=(b"state",)) == before
    assert desk.state_of(plan) == "validated"
    assert desk.here("commit", plan, "--yes").status == 0
    assert read_tree(desk.target)[b"Data"] == {b"Datasets": {b"sizes.csv": b"in the way", b"sizes (2).csv": TABLE}}


def test_fixing_twice_changes_nothing_the_second_time(desk: Desk) -> None:
    plan = desk.staged()
    spoil(desk)
    assert len(desk.here("stage", "fix", plan, "--auto", "--json").json["changes"]) == 3
    again = desk.here("stage", "fix", plan, "--auto", "--json")
    assert (again.status, again.json["changes"], again.json["problems"]) == (0, [], [])


def test_a_rehearsed_fix_says_the_same_and_stores_nothing(desk: Desk) -> None:
    plan = desk.staged()
    spoil(desk)
    rehearsed = desk.here("stage", "fix", plan, "--dry-run", "--json")
    assert (rehearsed.status, found(desk, plan), desk.state_of(plan)) == (0, SPOILT, "staged")
    made = desk.here("stage", "fix", plan, "--auto", "--json")
    assert made.json["changes"] == rehearsed.json["changes"]


def test_fix_without_a_terminal_asks_for_a_word(desk: Desk) -> None:
    plan = desk.staged()
    spoil(desk)
    refused = desk.here("stage", "fix", plan)
    assert refused.status == 2
    assert refusal(refused) == [
        "error[usage]: this edits the plan, and there is no terminal to ask on",
        "  hint: add --auto, or --dry-run",
    ]
    assert found(desk, plan) == SPOILT


def test_a_committed_plan_takes_no_fix(desk: Desk) -> None:
    plan = desk.committed()
    assert refusal(desk.here("stage", "fix", plan, "--auto"))[0] == (
        f"error[wrong-state]: plan {plan} is committed and takes no edits"
    )


def test_a_file_with_the_same_content_in_the_way_is_a_duplicate_and_stays(desk: Desk) -> None:
    plan = desk.staged()
    write_tree(desk.target, {b"Data": {b"Datasets": {b"sizes.csv": TABLE}}})
    assert found(desk, plan) == [("duplicate", "Organized/Data/Datasets/sizes.csv", "leave it where it is")]
    assert desk.here("stage", "fix", plan, "--auto").status == 0
    assert desk.here("commit", plan, "--yes").status == 0
    assert (desk.inbox / "tables/sizes.csv").read_bytes() == TABLE


def test_a_file_where_a_folder_is_wanted_gives_the_folder_a_number(desk: Desk) -> None:
    plan = desk.staged()
    write_tree(desk.target, {b"Data": b"a file"})
    codes = {code for code, _, _ in found(desk, plan)}
    assert codes == {"folder-name-taken"}
    assert desk.here("stage", "fix", plan, "--auto").status == 0
    assert desk.here("commit", plan, "--yes").status == 0
    tree = read_tree(desk.target)
    assert (tree[b"Data"], tree[b"Data (2)"]) == (b"a file", {b"Datasets": {b"sizes.csv": TABLE}})


def test_the_files_of_a_root_that_is_gone_are_left_to_the_person(desk: Desk) -> None:
    plan = desk.staged()
    desk.inbox.rename(desk.folder / "unplugged")
    desk.inbox.mkdir()
    empty = [("root-empty", "inbox", "nothing: mount its disk, or scan again")]
    assert found(desk, plan) == empty
    fixed = desk.here("stage", "fix", plan, "--auto", "--json")
    assert (fixed.status, fixed.json["changes"]) == (4, [])
    desk.inbox.rmdir()
    assert [code for code, _, _ in found(desk, plan)] == ["root-missing"]
    (desk.folder / "unplugged").rename(desk.inbox)
    assert found(desk, plan) == []


def test_names_that_windows_refuses_are_found_when_asked_and_mended(bare_desk: Desk) -> None:
    names = {
        b"aux.csv": TABLE,
        b"a:b.csv": TABLE + b"1,2\n",
        b"Sizes.csv": TABLE + b"1\n",
        b"sizes.csv": TABLE + b"2\n",
    }
    bare_desk.set_up(names)
    plan = bare_desk.staged()
    assert found(bare_desk, plan) == []
    folder = "Organized/Data/Datasets"
    windows = [
        ("windows-name", f"{folder}/a:b.csv", "call it “a_b.csv”"),
        ("windows-name", f"{folder}/aux.csv", "call it “_aux.csv”"),
        ("windows-twin", f"{folder}/sizes.csv", "give it a number"),
    ]
    assert found(bare_desk, plan, "--windows") == windows
    (bare_desk.state / "config.toml").write_text("[validate]\nwindows = true\n")
    assert found(bare_desk, plan) == windows
    assert bare_desk.here("stage", "fix", plan, "--auto").status == 0
    assert bare_desk.here("commit", plan, "--yes").status == 0
    assert set(os.listdir(bare_desk.target / "Data/Datasets")) == {
        *("_aux.csv", "a_b.csv", "Sizes.csv", "sizes (2).csv"),
    }


def test_of_several_problems_those_are_counted_whose_files_a_commit_would_leave(bare_desk: Desk) -> None:
    bare_desk.set_up({b"aux.csv": TABLE, b"sizes.csv": TABLE + b"1\n"})
    plan = bare_desk.staged()
    said = [bare_desk.here("stage", "validate", plan, "--windows").out.splitlines()[-2]]
    (bare_desk.inbox / "sizes.csv").write_bytes(b"other")
    said.append(bare_desk.here("stage", "validate", plan, "--windows").out.splitlines()[-2])
    said.append(bare_desk.here("stage", "validate", plan).out.splitlines()[-2])
    assert said == [
        "1 problem; commit would begin all the same.",
        "2 problems; commit would leave the files of 1 of them where they are.",
        "1 problem; commit would leave those files where they are.",
    ]
    assert bare_desk.here("commit", plan, "--yes").status == 3
    assert os.listdir(bare_desk.target / "Data/Datasets") == ["aux.csv"]


def test_a_path_too_long_for_windows_is_shortened_in_the_files_own_name(bare_desk: Desk) -> None:
    bare_desk.set_up({b"x" * 240 + b".csv": TABLE})
    plan = bare_desk.staged()
    assert [code for code, _, _ in found(bare_desk, plan, "--windows")] == ["windows-path-too-long"]
    assert bare_desk.here("stage", "fix", plan, "--auto", "--windows").status == 0
    assert found(bare_desk, plan, "--windows") == []


def test_a_file_that_is_open_for_writing_stays_until_it_is_closed(desk: Desk) -> None:
    plan = desk.staged()
    holding = "import sys; file = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    writer = subprocess.Popen([sys.executable, "-c", holding, desk.inbox / "run.sh"], **pipes)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"open\n"
    try:
        assert found(desk, plan) == [("being-written", "inbox/run.sh", "leave it where it is")]
        said = desk.here("stage", "validate", plan).out.splitlines()[-2]
        assert said == "1 problem; commit would leave those files where they are."
    finally:
        writer.communicate()
    assert found(desk, plan) == []


def test_what_only_strict_people_ask_counts_at_that_level_only(desk: Desk) -> None:
    (desk.inbox / "to run").symlink_to("run.sh")
    plan = desk.staged()
    assert found(desk, plan) == []
    assert found(desk, plan, "--level", "strict") == [
        ("link-dangling", "inbox/to run", "nothing: make the link anew after the commit")
    ]


@needs_fuse
def test_a_dragged_link_that_commit_would_leave_is_a_problem_and_fix_leaves_it(desk: Desk, mount_point: Path) -> None:
    (desk.inbox / "tables" / "to it").symlink_to("../run.sh")
    plan = desk.staged()
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    os.rename(mount_point / "To review/links/tables/to it", mount_point / "to it")
    assert found(desk, plan) == [("relative-link", "inbox/tables/to it", "leave it where it is")]
    said = desk.here("stage", "validate", plan)
    words = "the link is relative and would point elsewhere from there: ../run.sh"
    assert (said.status, said.out.splitlines()) == (
        4,
        [
            f"Plan {plan}: 4 files checked",
            f"  relative-link: {desk.inbox}/tables/to it: {words} [fix: leave it where it is]",
            "  hint: make the link absolute, or leave it where it is",
            "1 problem; commit would leave those files where they are.",
            f"ifmosfs stage fix {plan} would mend 1 of them.",
        ],
    )
    before = desk.here("commit", plan, "--dry-run").out.splitlines()
    assert "  1 problem found before starting:" in before
    assert desk.run("unmount", "--keep", mount_point).status == 0
    assert desk.here("stage", "fix", plan, "--auto").status == 0
    assert found(desk, plan) == []
    assert desk.here("commit", plan, "--yes").status == 0
    assert os.readlink(desk.inbox / "tables" / "to it") == "../run.sh"


@needs_fuse
def test_a_link_in_a_folder_that_moves_as_a_whole_is_told_at_every_level_and_counts_at_the_strict_one(
    desk: Desk, mount_point: Path
) -> None:
    write_tree(desk.inbox, {b"project": {b".git": {b"HEAD": b"ref: refs/heads/main\n"}}})
    link = desk.inbox / "project" / "to it"
    link.symlink_to("../tables/what.xyz")
    plan = desk.staged()
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    os.rename(mount_point / "To review/projects/project", mount_point / "project")
    told = ("link-changes", str(link))
    normal = desk.here("stage", "validate", plan, "--json")
    strict = desk.here("stage", "validate", plan, "--json", "--level", "strict")
    rows = [
        [[(row["code"], row["path"]) for row in each.json[key]] for key in ("problems", "warnings")]
        for each in (normal, strict)
    ]
    assert (normal.status, strict.status, rows) == (0, 4, [[[], [told]], [[told], []]])
    report = desk.folder / "report.txt"
    said = desk.here("stage", "validate", plan, "--report", str(report))
    words = "a relative link means something else, or nothing, at its new place: ../tables/what.xyz"
    assert (said.status, said.out.splitlines()[1:]) == (
        0,
        [
            f"  warning: link-changes: {link}: {words}",
            "  hint: make the link absolute, or leave it where it is",
            f"Nothing stands against it. Apply: ifmosfs commit {plan}",
        ],
    )
    assert f"warning: link-changes: {link}: {words}" in report.read_text().splitlines()
    assert desk.here("commit", plan, "--yes").status == 0
    assert os.readlink(desk.target / "project" / "to it") == "../tables/what.xyz"


def test_a_threshold_raised_since_the_planning_sends_files_to_review_when_asked_strictly(desk: Desk) -> None:
    plan = desk.staged()
    (desk.state / "config.toml").write_text("threshold = 1.0\n")
    assert found(desk, plan) == []
    low = found(desk, plan, "--level", "strict")
    assert {(code, fix) for code, _, fix in low} == {("low-confidence", "leave it where it is")}
    assert desk.here("stage", "fix", plan, "--auto", "--level", "strict").status == 0
    assert found(desk, plan, "--level", "strict") == []


# Reports in files


@pytest.mark.parametrize("name", ["report.json", "report.jsonl", "report.txt"])
def test_the_report_is_written_whole_and_replaces_only_a_report(desk: Desk, name: str) -> None:
    plan = desk.staged()
    spoil(desk)
    report = desk.folder / name
    assert desk.here("stage", "validate", plan, "--report", report).status == 4
    first = report.read_text()
    assert all(path in first for _, path, _ in SPOILT)
    assert desk.here("stage", "fix", plan, "--auto").status == 0
    assert desk.here("stage", "validate", plan, "--report", report).status == 0
    assert "inbox/run.sh" not in report.read_text()
    report.write_bytes(b"a letter of mine")
    refused = desk.here("stage", "validate", plan, "--report", report)
    assert (refused.status, refusal(refused)[0]) == (
        2,
        f"error[usage]: something that is not an earlier report has this name, and is not overwritten: {report}",
    )
    assert report.read_bytes() == b"a letter of mine"
    assert [each for each in os.listdir(desk.folder) if each.startswith(".ifmosfs")] == []


def test_a_json_report_is_what_the_command_prints(desk: Desk) -> None:
    plan = desk.staged()
    spoil(desk)
    report = desk.folder / "report.json"
    printed = desk.here("stage", "validate", plan, "--report", report, "--json")
    written = json.loads(report.read_text())
    assert (written.pop("schema"), written.pop("report")) == (1, "ifmosfs validation")
    assert written == printed.json


# Places


def test_an_ordinary_folder_is_good_for_both_uses(desk: Desk) -> None:
    result = desk.here("validate", "path", desk.inbox, "--json")
    (row,) = result.json["paths"]
    assert (result.status, row["path"], row["scan"], row["target"], row["problems"]) == (
        0,
        str(desk.inbox),
        True,
        True,
        [],
    )


def test_a_target_that_is_not_there_yet_is_good_and_nothing_is_made(desk: Desk) -> None:
    before = attributes(desk.folder, without=(b"state",))
    result = desk.here("validate", "path", desk.folder / "new" / "deep")
    assert (result.status, result.out.splitlines()[-2:]) == (0, ["  to scan: no", "  to organise into: good"])
    assert desk.here("validate", "path", desk.folder / "new" / "deep", "--as", "scan").status == 4
    assert attributes(desk.folder, without=(b"state",)) == before


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("/etc", {"system-folder"}),
        ("inbox/run.sh", {"not-a-folder"}),
        ("state", {"own-place"}),
        ("/", {"system-folder"}),
    ],
)
def test_a_bad_place_is_told_with_its_reason(desk: Desk, path: str, codes: set[str]) -> None:
    desk.staged()
    result = desk.here("validate", "path", path, "--as", "scan", "--json")
    found_codes = {row["code"] for row in result.json["paths"][0]["problems"]}
    assert (result.status, codes <= found_codes) == (4, True)


# Sessions


def test_a_session_is_compared_with_the_disk_and_stays_as_it_is(desk: Desk) -> None:
    desk.staged()
    assert desk.here("validate", "session").status == 0
    (desk.inbox / "run.sh").write_bytes(SCRIPT + b"exit\n")
    (desk.inbox / "invoice-17.txt").unlink()
    (desk.inbox / "new").write_bytes(INVOICE)
    for _ in range(2):
        result = desk.here("validate", "session", "--level", "strict", "--json")
        fields = result.json
        assert (result.status, [(row["code"], os.path.basename(row["path"])) for row in fields.pop("problems")]) == (
            4,
            [("changed", "run.sh"), ("new", "new"), ("vanished", "invoice-17.txt")],
        )
        counts = {name: fields[name] for name in ("unchanged", "changed", "vanished", "new")}
        assert counts == {"unchanged": 2, "changed": 1, "vanished": 1, "new": 1}


def test_a_session_whose_root_is_gone_says_so(desk: Desk) -> None:
    desk.staged()
    desk.inbox.rename(desk.folder / "unplugged")
    result = desk.here("validate", "session", "--json")
    assert (result.status, [row["code"] for row in result.json["problems"]], result.json["vanished"]) == (
        4,
        ["root-missing"],
        4,
    )


# Space, for real


@pytest.mark.root
def test_inodes_for_new_folders_are_counted_on_the_filesystem_they_come_to(bare_desk: Desk) -> None:
    """Everything is on one small filesystem: no file needs room, but each new folder an inode."""
    with small_disk(bare_desk.folder / "stick", "1m,nr_inodes=40") as stick:
        small = Desk(Path(stick))
        make_inbox(small.inbox, INBOX)
        bare_desk.home.mkdir()
        bare_desk.here("scan", small.inbox)
        created = bare_desk.here("stage", "create", "-o", small.target, "--json")
        plan = created.json["plan"]
        n_filled = 0
        while os.statvfs(stick).f_ffree > 4:
            (stick / f"filler {n_filled}").touch()
            n_filled += 1
        codes = [code for code, _, _ in found(bare_desk, plan)]
        for number in range(n_filled):
            (stick / f"filler {number}").unlink()
        assert (codes, found(bare_desk, plan)) == (["no-inodes"], [])
