"""`ifmosfs rollback` of chosen files, of rollbacks, and of several plans; its lists, and the history of runs and files."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters.trees import Tree, read_tree, write_tree
from tests.cli.command_line import INBOX, TABLE, Desk, Result, attributes, refusal
from tests.cli.test_cli_rollback import another_disk, killed

INVOICE, SCRIPT, SIZES = (
    "Financial/Documents/2021/invoice-17.txt",
    "Development/Source code/run.sh",
    "Data/Datasets/sizes.csv",
)


def files(desk: Desk) -> list[str]:
    """All files of the inbox and of the target, by their paths below the desk."""
    found = [path for top in (desk.inbox, desk.target) for path in top.rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(desk.folder)) for path in found if ".ifmosfs" not in path.parts)


def ids(desk: Desk, plan: str) -> dict[str, str]:
    """The id of each moved file, by its old name."""
    rows = desk.here("rollback", "files", plan, "--json").json["files"]
    return {os.path.basename(row["old"]): row["id"] for row in rows}


def ran(desk: Desk, *arguments: str) -> tuple[int, int, list[str]]:
    """The status of an undo, how many files it moved, and the codes of its problems."""
    result = desk.here("rollback", *arguments, "--yes", "--json")
    fields = result.json
    return result.status, fields["moved"], [row["code"] for row in fields["problems"]]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that is mounted on itself, read-only."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a folder read-only")
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


# Choosing


@pytest.mark.parametrize(
    "chosen",
    [
        ["--paths", "*.csv"],
        ["--paths", "inbox/tables"],
        ["--paths", "Organized/Data"],
        ["--category", "technical_dataset"],
        ["--category", "technical_dataset", "--paths", "*.csv"],
    ],
    ids=" ".join,
)
def test_only_what_is_chosen_goes_back_and_later_the_rest(desk: Desk, chosen: list[str]) -> None:
    before = attributes(desk.inbox)
    plan = desk.committed()
    assert ran(desk, plan, *chosen) == (0, 1, [])
    assert files(desk) == sorted([f"Organized/{INVOICE}", f"Organized/{SCRIPT}", *names("tables/sizes.csv")])
    assert desk.state_of(plan) == "committed"
    assert ran(desk, plan) == (0, 2, [])
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "rolled_back")


def names(*moved_back: str) -> list[str]:
    return [f"inbox/{name}" for name in ("tables/what.xyz", *moved_back)]


def test_files_are_chosen_by_their_ids_whole_or_shortened(desk: Desk) -> None:
    plan = desk.committed()
    known = ids(desk, plan)
    run, _, number = known["run.sh"].rpartition("-")
    assert ran(desk, "execute", "--ids", f"{known['sizes.csv']},{run[:4]}-{number}")[:2] == (0, 2)
    assert files(desk) == sorted([f"Organized/{INVOICE}", *names("tables/sizes.csv", "run.sh")])


def test_names_that_are_no_text_are_chosen_by_their_bytes(bare_desk: Desk) -> None:
    bare_desk.set_up({b"a\xff.ini": b"[a]\nb=c\n", b"b.ini": b"[b]\nb=c\n"})
    bare_desk.committed()
    assert ran(bare_desk, "execute", "--paths", os.fsdecode(bytes(bare_desk.inbox) + b"/a\xff.ini"))[:2] == (0, 1)
    assert read_tree(bare_desk.inbox) == {b"a\xff.ini": b"[a]\nb=c\n"}


def test_single_files_are_restored_by_old_or_new_name_whatever_plan_moved_them(desk: Desk) -> None:
    desk.committed()
    preview = desk.here("rollback", "restore", "inbox/run.sh", f"Organized/{SIZES}", "--dry-run")
    done = desk.here("rollback", "restore", "inbox/run.sh", f"Organized/{SIZES}", "--yes")
    assert files(desk) == sorted([f"Organized/{INVOICE}", *names("tables/sizes.csv", "run.sh")])
    assert same_lines(preview, done)


def same_lines(preview: Result, done: Result) -> bool:
    """Whether a run printed what its preview did, but for the words that say which of the two it is."""
    said, done = timeless(preview).out.replace("Would be: ", "").splitlines(), timeless(done)
    return (preview.status, said) == (done.status, done.out.splitlines()[: len(said)]) and len(said) > 2


def timeless(result: Result) -> Result:
    """The same without the minute in the names of what comes beside, which may pass between two commands."""
    return result._replace(out=re.sub(r"\(rolled back [-0-9 ]+\)", "(rolled back at some minute)", result.out))


@pytest.mark.parametrize("chosen", [[], ["--paths", "*.csv"], ["--timestamp", "2020-01-01"]], ids=" ".join)
def test_a_preview_says_what_the_run_says_and_changes_nothing(desk: Desk, chosen: list[str]) -> None:
    desk.committed()
    (desk.inbox / "tables/sizes.csv").write_text("in the way")
    before = attributes(desk.folder, without=(b"state",))
    preview = desk.here("rollback", "preview", *chosen)
    assert timeless(desk.here("rollback", "execute", "--dry-run", *chosen)) == timeless(preview)
    assert attributes(desk.folder, without=(b"state",)) == before
    assert same_lines(preview, desk.here("rollback", "execute", *chosen, "--yes"))


def test_what_belongs_together_goes_back_together_and_is_named(bare_desk: Desk) -> None:
    bare_desk.set_up(
        {b"song.jpg": b"\xff\xd8\xff\xe0 photo", b"song.jpg.xmp": b"<x:xmpmeta/>", b"b.ini": b"[b]\nb=c\n"}
    )
    plan = bare_desk.committed()
    moved = ids(bare_desk, plan)
    if not {"song.jpg", "song.jpg.xmp"} <= set(moved):
        pytest.fail(f"the photo and its companion were not moved: {moved}")
    result = bare_desk.here("rollback", "execute", "--ids", moved["song.jpg"], "--yes")
    assert "  1 more file must go with what was named:\n" in result.out
    assert "song.jpg.xmp: it moves together with " in result.out
    assert sorted(read_tree(bare_desk.inbox)) == [b"song.jpg", b"song.jpg.xmp"]


# Over several plans


@pytest.fixture
def two_plans(desk: Desk) -> tuple[str, str]:
    """Two committed plans; the second has replaced a file of the first, and the moment between them is in `desk.folder/moment`."""
    plans = []
    tree: Tree = {
        b"in": {b"data.csv": b"a,b\n1,2\n"},
        b"later": {b"data.csv": b"a,b\n9,9\n8,8\n", b"x.ini": b"[x]\ny=1\n"},
    }
    write_tree(desk.folder, tree)
    for folder in ("in", "later"):
        desk.here("scan", str(desk.folder / folder))
        wanted = ("--output", str(desk.target), "--conflict", "replace", "--json")
        plans.append(str(desk.here("stage", "create", *wanted).json["plan"]))
        assert desk.here("commit", plans[-1], "--yes").status == 0
    return plans[0], plans[1]


def test_all_that_was_committed_after_a_moment_goes_back_the_newest_plan_first(
    desk: Desk, two_plans: tuple[str, str]
) -> None:
    preview = desk.here("rollback", "preview", "--timestamp", "2020-01-31T10:00", "--json").json
    done = desk.here("rollback", "execute", "--timestamp", "2020-01-31T10:00", "--yes", "--json").json
    for told in (preview, done):
        assert [(row["plan"], row["moved"], row["problems"]) for row in told["plans"]] == [
            (two_plans[1], 2, []),
            (two_plans[0], 1, []),
        ]
    assert {desk.state_of(plan) for plan in two_plans} == {"rolled_back"}
    assert read_tree(desk.folder / "in") == {b"data.csv": b"a,b\n1,2\n"}
    assert not desk.target.exists()


def test_only_what_came_after_the_moment_goes_back(desk: Desk, two_plans: tuple[str, str]) -> None:
    runs = desk.here("history", "--json").json["runs"]
    between = datetime.fromtimestamp((runs[0]["started_ns"] + runs[1]["started_ns"]) / 2 / 10**9, UTC)
    moment = between.astimezone().replace(tzinfo=None).isoformat()
    result = desk.here("rollback", "execute", "--timestamp", moment, "--yes", "--json")
    assert (result.status, result.json["plan"], result.json["moved"]) == (0, two_plans[1], 2)
    assert desk.state_of(two_plans[0]) == "committed"


def test_what_has_moved_the_files_of_a_snapshot_since_goes_back_and_no_other(desk: Desk) -> None:
    assert desk.here("versions", "snapshot", "--name", "mine", desk.inbox).status == 0
    write_tree(desk.inbox, {b"late.ini": b"[late]\na=b\n"})
    desk.here("scan", desk.inbox)
    plan = desk.committed()
    preview = desk.here("rollback", "preview", "--snapshot", "mine")
    done = desk.here("rollback", "execute", "--snapshot", "mine", "--yes")
    assert (done.status, same_lines(preview, done)) == (0, True)
    assert (read_tree(desk.inbox), desk.state_of(plan)) == (INBOX, "committed")
    late = desk.here("rollback", "files", plan, "--json").json["files"]
    assert [os.path.basename(row["old"]) for row in late if row["found"] == "there"] == ["late.ini"]


def test_a_version_of_a_commit_brings_back_what_later_ones_have_done_to_its_files(
    desk: Desk, two_plans: tuple[str, str]
) -> None:
    result = desk.here("rollback", "execute", "--snapshot", "1", "--yes", "--json")
    assert (result.status, result.json["plan"], result.json["moved"]) == (0, two_plans[1], 1)
    (data,) = desk.target.rglob("data.csv")
    assert data.read_bytes() == b"a,b\n1,2\n"
    assert read_tree(desk.folder / "later") == {b"data.csv": b"a,b\n9,9\n8,8\n"}


def test_the_manifest_of_before_a_commit_brings_back_what_that_commit_did(desk: Desk) -> None:
    plan = desk.committed()
    before = desk.here("versions", "list", "--json").json["versions"][0]["before"]
    assert desk.here("rollback", "execute", "--snapshot", before, "--yes").status == 0
    assert (read_tree(desk.inbox), desk.state_of(plan)) == (INBOX, "rolled_back")


# Keeping both, and files that are elsewhere


def test_where_the_old_place_is_taken_both_are_kept_unless_it_is_wanted_otherwise(desk: Desk) -> None:
    plan = desk.committed()
    (desk.inbox / "run.sh").write_text("mine\n")
    assert ran(desk, plan, "--paths", "run.sh", "--occupied", "leave") == (4, 0, ["name-taken"])
    assert ran(desk, plan) == (0, 3, [])
    found = [name.decode() for name in read_tree(desk.inbox)]
    (beside,) = [name for name in found if re.fullmatch(r"run \(rolled back \d{4}-\d\d-\d\d \d{4}\)\.sh", name)]
    assert (desk.inbox / "run.sh").read_text() == "mine\n"
    assert (desk.inbox / beside).read_bytes() == INBOX[b"run.sh"]
    assert desk.state_of(plan) == "rolled_back"


def test_a_file_that_was_moved_by_hand_stays_there_and_it_is_said_where(desk: Desk) -> None:
    plan = desk.committed()
    (desk.target / SIZES).rename(desk.inbox / "mine.csv")
    result = desk.here("rollback", plan, "--yes")
    assert result.status == 3
    assert f"  moved-elsewhere: {desk.inbox}/mine.csv: somebody has moved the file here since" in result.out
    assert (desk.inbox / "mine.csv").read_bytes() == TABLE


# Undoing an undo


def test_a_rollback_is_undone_and_undone_again_as_often_as_one_likes(desk: Desk) -> None:
    plan = desk.committed()
    before, after = attributes(desk.inbox), attributes(desk.target, without=(b".ifmosfs",))
    for _ in range(2):
        assert ran(desk, plan) == (0, 3, [])
        assert desk.state_of(plan) == "rolled_back"
        assert ran(desk, "execute", plan, "--redo") == (0, 3, [])
        assert desk.state_of(plan) == "committed"
        assert (attributes(desk.inbox), attributes(desk.target, without=(b".ifmosfs",))) == (before, after)
        assert desk.here("verify", plan).status == 0


def test_one_run_is_undone_by_its_id_be_it_a_rollback_or_a_commit(desk: Desk) -> None:
    plan = desk.committed()
    run = desk.here("rollback", "restore", "run.sh", "--yes", "--json").json["run"]
    told = desk.here("status").out
    assert "    rolled back in part: 1 file moved back, 2 left where it put them\n" in told
    assert ran(desk, "execute", "--run", run[:6])[:2] == (0, 1)
    assert "rolled back in part" not in desk.here("status").out
    commit = desk.here("history", "--json").json["runs"][0]["run"]
    assert ran(desk, "execute", "--run", commit)[:2] == (0, 3)
    assert desk.state_of(plan) == "rolled_back"


@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_killed_undo_of_a_rollback_is_recovered_and_the_plan_is_what_the_disk_says(desk: Desk, when: int) -> None:
    plan = desk.committed()
    assert ran(desk, plan)[0] == 0
    killed(desk, "renameat2", when, "rollback", "execute", plan, "--redo", "--yes")
    assert desk.here("recover").status == 0
    desk.here("rollback", "execute", plan, "--redo", "--yes")
    assert desk.state_of(plan) == "committed"
    assert files(desk) == sorted([*(f"Organized/{name}" for name in (INVOICE, SCRIPT, SIZES)), *names()])
    assert desk.here("verify", plan).status == 0


@pytest.mark.parametrize("when", [1, 2])
def test_a_commit_that_is_killed_before_it_has_done_anything_leaves_nothing_in_the_target(
    desk: Desk, when: int
) -> None:
    desk.target.mkdir()
    (desk.target / "mine.txt").write_bytes(b"my own")
    os.utime(desk.target, ns=(1_700_000_000_000_000_001, 1_700_000_000_000_000_001))
    before = attributes(desk.target)
    plan = desk.staged()
    killed(desk, "mkdirat", when, "commit", plan, "--yes")  # of the journal's folder, of the first one of the layout
    assert desk.here("recover").status == 0
    assert (attributes(desk.target), desk.state_of(plan)) == (before, "staged")
    assert desk.here("commit", plan, "--yes").status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert (attributes(desk.target), desk.state_of(plan)) == (before, "rolled_back")


def test_a_killed_rollback_of_some_files_is_ended_by_the_same_command(desk: Desk) -> None:
    plan = desk.committed()
    killed(desk, "renameat2", 1, "rollback", plan, "--paths", "*.csv", "--paths", "*.sh", "--yes")
    desk.here("rollback", plan, "--paths", "*.csv", "--paths", "*.sh", "--yes")
    assert files(desk) == sorted([f"Organized/{INVOICE}", *names("tables/sizes.csv", "run.sh")])
    assert desk.state_of(plan) == "committed"


# Lists and history


def test_the_list_tells_of_each_plan_its_runs_and_what_can_still_be_undone(desk: Desk) -> None:
    assert desk.here("rollback", "list").out == "Nothing has been moved, so nothing is to be undone.\n"
    plan = desk.committed()
    run = desk.here("rollback", "restore", "run.sh", "--yes", "--json").json["run"]
    (row,) = desk.here("rollback", "list", "--json").json["plans"]
    assert (row["plan"], row["state"], row["not_moved_back"], row["moved_back"]) == (plan, "committed", 2, 1)
    assert [(each["kind"], each["state"]) for each in row["runs"]] == [("commit", "complete"), ("rollback", "complete")]
    said = desk.here("rollback", "list").out
    assert f"Plan {plan}  committed  2 not moved back, 1 moved back  " in said
    assert f"rollback  {run}  complete\n" in said
    assert desk.here("rollback", plan, "--yes").status == 0
    assert f"Plan {plan}  rolled back  3 moved back  " in desk.here("rollback", "list").out
    refused = desk.here("verify")
    assert (refused.status, refused.err) == (
        2,
        (
            "error[not-found]: no plan that is committed or committing\n"
            "  hint: make one: ifmosfs stage create; or name one of those that there are: ifmosfs stage list\n"
        ),
    )


def test_each_moved_file_is_listed_with_what_is_there_now(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", "restore", "run.sh", "--yes")
    (desk.target / SIZES).unlink()
    (desk.target / SIZES).mkdir()
    (desk.target / INVOICE).write_text("edited")
    (desk.inbox / "invoice-17.txt").write_text("mine")
    rows = desk.here("rollback", "files", plan, "--json").json["files"]
    assert {os.path.basename(row["old"]): (row["found"], row["old_is_taken"]) for row in rows} == {
        "run.sh": ("back", False),
        "sizes.csv": ("a folder now", False),
        "invoice-17.txt": ("edited", True),
    }
    assert {(row["place"]) for row in rows} == {str(desk.target / name) for name in (INVOICE, SCRIPT, SIZES)}


def test_the_history_lists_all_runs_with_what_was_chosen(desk: Desk) -> None:
    assert desk.here("history").out == "Nothing has been moved yet.\n"
    plan = desk.committed()
    desk.here("rollback", "restore", "run.sh", "--yes")
    desk.here("rollback", "execute", plan, "--redo", "--yes")
    told = [
        (row["kind"], row["plan"], row["moved"], row["selection"], row["conflicts"])
        for row in desk.here("history", "--json").json["runs"]
    ]
    assert told == [
        ("commit", plan, 3, None, None),
        ("rollback", plan, 1, "--paths run.sh", 0),
        ("rollback", plan, 1, "--redo", 0),
    ]
    assert desk.here("history").out.count(f"plan {plan}") == 3


def test_a_file_has_one_way_by_whichever_of_its_names_one_asks(desk: Desk) -> None:
    plan = desk.committed()
    (desk.target / SIZES).write_bytes(TABLE + b"d,4\n")
    (desk.inbox / "tables/sizes.csv").write_text("in the way")
    desk.here("rollback", "restore", "*.csv", "--yes")
    (now,) = [path for path in (desk.inbox / "tables").iterdir() if "rolled back" in path.name]
    (told,) = desk.here("history", str(now), "--json").json["files"]
    assert [event["what"] for event in told["events"]] == [
        "scanned",
        "classified",
        "staged",
        "moved",
        "changed",
        "moved back",
    ]
    assert (told["present"], told["found"]) == (str(now), "there")
    assert told["names"] == [str(desk.inbox / "tables/sizes.csv"), str(desk.target / SIZES), str(now)]
    for name in (f"Organized/{SIZES}", "inbox/tables/sizes.csv"):
        assert desk.here("history", name, "--json").json["files"] == [told]
    assert "moved back   ~" in (said := desk.here("history", str(now)).out) or str(desk.inbox) in said
    assert f"plan {plan}]" in said


def test_a_file_that_was_planned_and_never_moved_has_a_history_and_an_unknown_one_has_none(desk: Desk) -> None:
    plan = desk.staged()
    (told,) = desk.here("history", "inbox/run.sh", "--json").json["files"]
    assert [(event["what"], event["plan"]) for event in told["events"]] == [
        ("scanned", plan),
        ("classified", plan),
        ("staged", plan),
    ]
    result = desk.here("history", "inbox/nothing")
    assert (result.status, refusal(result)[0]) == (
        2,
        f"error[not-found]: nothing is known of this file: {desk.inbox}/nothing",
    )


# What means nothing, and disks that are not as they should be


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (["execute", "--ids", "zz-1"], "not-found", 2),
        (["execute", "--category", "poetry"], "not-found", 2),
        (["restore", "nothing"], "not-found", 2),
        (["execute", "--run", "zz"], "not-found", 2),
        (["execute", "zz"], "not-found", 2),
        (["files", "zz"], "not-found", 2),
        (["execute", "--timestamp", "soon"], "usage", 2),
        (["execute", "--timestamp", "2026-02-31T10:00"], "usage", 2),
        (["execute", "--timestamp", "2999-01-01"], "not-found", 2),
        (["execute", "--snapshot", "no such"], "not-found", 2),
        (["execute", "--snapshot", "1"], "not-found", 2),  # nothing has been committed after it
        (["execute", "--snapshot", "1", "--timestamp", "2020-01-01"], "usage", 2),
        (["execute", "--redo"], "usage", 2),
        (["execute", "--redo", "--run", "zz"], "usage", 2),
        (["execute", "--paths", ""], "usage", 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_means_nothing_is_refused_with_a_code_and_nothing_is_moved(
    desk: Desk, arguments: list[str], code: str, status: int
) -> None:
    desk.committed()
    before = files(desk)
    result = desk.here("rollback", *arguments)
    lines = refusal(result)
    assert (result.status, lines[0].split(":")[0], lines[1].split(":")[0]) == (status, f"error[{code}]", "  hint")
    assert files(desk) == before


def test_an_id_that_fits_files_of_two_plans_is_ambiguous(desk: Desk) -> None:
    for name in ("one", "two"):
        write_tree(desk.folder / name, {b"a.ini": b"[a]\nb=c\n"})
        desk.here("scan", str(desk.folder / name))
        desk.here("stage", "create", "--output", str(desk.folder / f"{name}-organized"))
    plans = [row["plan"] for row in desk.here("stage", "list", "--json").json["plans"]]
    assert [desk.here("commit", plan, "--yes").status for plan in plans] == [0, 0]
    known = [ids(desk, plan)["a.ini"] for plan in plans]
    (number,) = {id_.rpartition("-")[2] for id_ in known}
    lines = refusal(desk.here("rollback", "execute", "--ids", number))
    assert lines[0] == f"error[ambiguous]: several moved files have an id like '{number}'"
    assert all(id_ in lines[1] for id_ in known)
    assert ran(desk, plans[0], "--ids", number)[:2] == (0, 1)


def test_what_is_back_already_is_said_to_be(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", "restore", "run.sh", "--yes")
    assert refusal(desk.here("rollback", "restore", "run.sh", "--yes"))[0] == (
        "error[wrong-state]: all that was named has been moved back already"
    )
    desk.here("rollback", plan, "--yes")
    assert refusal(desk.here("rollback", plan, "--yes")) == [
        f"error[wrong-state]: nothing of plan {plan} is to be moved back",
        f"  hint: undo its rollback: ifmosfs rollback execute {plan} --redo",
    ]


def test_a_plan_that_was_taken_up_again_is_not_moved_by_undoing_its_rollback(desk: Desk) -> None:
    plan = desk.committed()
    desk.here("rollback", plan, "--yes")
    desk.here("stage", "reopen", plan)
    assert refusal(desk.here("rollback", "execute", plan, "--redo", "--yes"))[0] == (
        f"error[wrong-state]: plan {plan} is staged: it was taken up again since its rollback"
    )


def test_a_folder_where_the_file_was_put_stays_and_so_is_the_plan(desk: Desk) -> None:
    plan = desk.committed()
    (desk.target / SIZES).unlink()
    (desk.target / SIZES).mkdir()
    assert ran(desk, plan, "--paths", "*.csv") == (4, 0, ["became-folder"])
    assert (desk.target / SIZES).is_dir()


@pytest.mark.parametrize("chosen", [["--paths", "*.csv"], ["--timestamp", "2020-01-01"]], ids=" ".join)
def test_where_another_disk_is_mounted_nothing_is_moved_to_it_or_from_it(desk: Desk, chosen: list[str]) -> None:
    desk.target.mkdir()
    with another_disk(desk.target):
        desk.committed()
        with another_disk(desk.target):
            result = desk.here("rollback", "execute", *chosen, "--yes")
            assert (result.status, refusal(result)[0].split(":")[0]) == (5, "error[plan-outdated]")
        assert ran(desk, "execute", *chosen)[0] == 0


def test_from_a_read_only_target_nothing_can_be_moved_and_that_is_said_before(desk: Desk) -> None:
    desk.target.mkdir()
    plan = desk.committed()
    before = files(desk)
    with read_only(desk.target):
        for command in (["preview", plan], ["execute", plan, "--yes"], ["restore", "run.sh", "--yes"]):
            result = desk.here("rollback", *command)
            assert (result.status, refusal(result)[0]) == (
                2,
                f"error[bad-target]: its filesystem is mounted read-only: {desk.target}",
            )
    assert (files(desk), desk.state_of(plan)) == (before, "committed")
    assert ran(desk, plan) == (0, 3, [])
