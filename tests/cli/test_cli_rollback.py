"""`ifmosfs rollback` where something stands in its way: every file is accounted for, and the undo is never used up."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.adapters.trees import Tree, read_tree
from tests.cli.command_line import Desk, Result, attributes, refusal

FILES: Tree = {
    b"a.ini": b"[a]\nb=c\n",
    b"b.ini": b"[b]\nb=c\n",
    b"p": {b"q": {b"c.ini": b"[c]\nb=c\n"}, b"unsure.xyz": b"hm"},
    b"s": {b"d.ini": b"[d]\nb=c\n"},
}
N_FILES = 4
MOUNTED = "another filesystem is mounted here than when the plan was made"


@pytest.fixture
def files_desk(bare_desk: Desk) -> Desk:
    bare_desk.set_up(FILES)
    return bare_desk


def killed(desk: Desk, call: str, when: int, *arguments: str) -> Result:
    """A command that is killed at a certain call of the system, before that call is made."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace, to kill a process at a certain call")
    inject = ["-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}"]
    done = subprocess.run(
        [strace, *inject, desk.python, "-m", "ifmosfs", *arguments],
        cwd=desk.folder,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    return Result(done.returncode, done.stdout, done.stderr)


@contextmanager
def another_disk(folder: Path) -> Iterator[None]:
    """An empty filesystem mounted over a folder."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a filesystem")
    done = subprocess.run(["mount", "-t", "tmpfs", "ifmosfs-test", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs to mount a tmpfs: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def rolled_back(desk: Desk, plan: str) -> tuple[int, dict[str, int], list[tuple[str, str]]]:
    """The exit status of a rollback, its counts, and its problems by code and path below the desk."""
    result = desk.here("rollback", plan, "--yes", "--json")
    fields = result.json
    problems = [(row["code"], os.path.relpath(row["path"], desk.folder)) for row in fields["problems"]]
    return result.status, {name: fields[name] for name in ("moved", "conflicts", "failed", "skipped")}, problems


def counts(moved: int, conflicts: int) -> dict[str, int]:
    return {"moved": moved, "conflicts": conflicts, "failed": 0, "skipped": 0}


def test_a_dry_run_tells_programs_what_the_rollback_does_but_has_no_run(desk: Desk) -> None:
    plan = desk.committed()
    rehearsed = desk.here("rollback", plan, "--dry-run", "--json").json
    done = desk.here("rollback", plan, "--yes", "--json").json
    assert rehearsed == {**done, "dry_run": True, "run": None}


def test_an_inbox_that_was_removed_is_made_again_and_filled(bare_desk: Desk) -> None:
    bare_desk.set_up({b"a.ini": b"[a]\nb=c\n"})
    plan = bare_desk.committed()
    bare_desk.inbox.rmdir()
    rehearsed = bare_desk.here("rollback", plan, "--dry-run")
    assert (rehearsed.status, bare_desk.inbox.exists()) == (0, False)
    result = bare_desk.here("rollback", plan, "--yes")
    assert (result.status, read_tree(bare_desk.inbox)) == (0, {b"a.ini": b"[a]\nb=c\n"})
    assert f"  {bare_desk.inbox} is not there any more, and is made again\n" in result.out
    assert (bare_desk.target.exists(), bare_desk.state_of(plan)) == (False, "rolled_back")


def test_without_a_place_for_the_inbox_every_file_is_a_conflict_and_the_undo_remains(files_desk: Desk) -> None:
    inbox = files_desk.inbox
    desk = InnerDesk(files_desk.folder)
    desk.inbox.parent.mkdir()
    inbox.rename(desk.inbox)
    before = attributes(desk.inbox)
    plan = desk.committed()
    desk.inbox.parent.rename(desk.folder / "elsewhere")
    refused = [("target-folder-missing", f"outer/inbox/{name}") for name in ("a.ini", "b.ini", "p/q/c.ini", "s/d.ini")]
    assert desk.here("rollback", plan, "--dry-run").status == 4
    status, found, problems = rolled_back(desk, plan)
    assert (status, found, sorted(problems)) == (4, counts(0, N_FILES), refused)
    assert desk.state_of(plan) == "committed"

    (desk.folder / "elsewhere").rename(desk.inbox.parent)
    assert rolled_back(desk, plan) == (0, counts(N_FILES, 0), [])
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "rolled_back")


class InnerDesk(Desk):
    """A desk whose inbox lies one folder deeper."""

    @property
    def inbox(self) -> Path:
        """In a folder of its own."""
        return self.folder / "outer/inbox"


def test_a_file_where_a_folder_was_keeps_its_files_back_until_it_is_gone(files_desk: Desk) -> None:
    desk, before = files_desk, attributes(files_desk.inbox)
    plan = desk.committed()
    (desk.inbox / "s").write_text("x\n")
    status, found, problems = rolled_back(desk, plan)
    assert (status, found, problems) == (3, counts(N_FILES - 1, 1), [("folder-name-taken", "inbox/s/d.ini")])
    assert desk.state_of(plan) == "committed"
    assert desk.here("verify", plan).status == 3

    (desk.inbox / "s").unlink()
    assert rolled_back(desk, plan) == (0, counts(1, 0), [])
    assert (desk.target.exists(), desk.state_of(plan)) == (False, "rolled_back")
    after = attributes(desk.inbox)
    assert {path: row for path, row in after.items() if path != b"."} == {
        path: row for path, row in before.items() if path != b"."
    }


def rename_unseen(source: Path, target: Path) -> None:
    """Rename within a folder whose time stays as it is."""
    time_ns = os.stat(source.parent).st_mtime_ns
    source.rename(target)
    os.utime(source.parent, ns=(time_ns, time_ns))


@pytest.mark.parametrize("target_is_there", [False, True], ids=["target made", "target there before"])
def test_a_rollback_in_two_parts_gives_every_folder_its_first_time(bare_desk: Desk, target_is_there: bool) -> None:
    desk = bare_desk
    desk.set_up({**FILES, b"s": {b"d.ini": b"[d]\nb=c\n", b"e.ini": b"[e]\nb=c\n"}})
    if target_is_there:
        desk.target.mkdir()
        os.utime(desk.target, ns=(1, 1_600_000_000_000_000_001))
    before, target_before = attributes(desk.inbox), attributes(desk.target) if target_is_there else None
    plan = desk.committed()
    names = ("b.ini", "e.ini")
    arrived = [path for path in desk.target.rglob("*.ini") if path.name in names]
    for path in arrived:
        rename_unseen(path, path.with_suffix(".parked"))
    assert rolled_back(desk, plan)[:2] == (3, counts(3, 2))
    for path in arrived:
        rename_unseen(path.with_suffix(".parked"), path)
    assert rolled_back(desk, plan) == (0, counts(2, 0), [])
    assert (attributes(desk.inbox), attributes(desk.target) if target_is_there else None) == (before, target_before)


def test_folders_that_somebody_removed_are_made_before_those_in_them(files_desk: Desk) -> None:
    desk = files_desk
    plan = desk.committed()
    shutil.rmtree(desk.inbox / "p")
    assert rolled_back(desk, plan) == (0, counts(N_FILES, 0), [])
    assert read_tree(desk.inbox) == {**FILES, b"p": {b"q": {b"c.ini": b"[c]\nb=c\n"}}}


def test_a_recovered_rollback_is_finished_by_the_next_and_until_then_verify_says_so(files_desk: Desk) -> None:
    desk, before = files_desk, attributes(files_desk.inbox)
    plan = desk.committed()
    killed(desk, "renameat2", 2, "rollback", plan, "--yes")
    assert desk.here("recover").status == 0
    assert desk.state_of(plan) == "committed"
    verified = desk.here("verify", plan)
    assert (verified.status, verified.out.splitlines()[1:]) == (
        3,
        [
            "A rollback of this plan has moved 4 files back; none is left where the plan put it.",
            f"Finish it: ifmosfs rollback {plan}",
        ],
    )
    assert rolled_back(desk, plan) == (0, counts(0, 0), [])
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "rolled_back")
    verified = desk.here("verify", plan)
    assert (verified.status, verified.out.splitlines()[1:]) == (
        0,
        ["The plan has been rolled back: 4 files moved back, unchanged since."],
    )


def rewrite(database: Path, statement: str) -> None:
    """Bring one of the program's databases into a state that takes a kill between two writes."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)
    connection.close()


def catalogue(desk: Desk) -> Path:
    (path,) = (path for path in desk.state.glob("*.db") if path.name != "journal.db")
    return path


@pytest.mark.parametrize(
    ("run", "command"),
    [
        ("running", ["recover"]),
        ("running", ["rollback", "--yes"]),
        ("running", ["rollback", "--yes", "--json"]),
        ("complete", ["rollback", "--yes"]),
    ],
    ids=["recover", "rollback", "rollback --json", "its run is recorded as complete"],
)
def test_a_rollback_that_was_killed_when_all_was_done_needs_only_to_be_called_so(
    files_desk: Desk, run: str, command: list[str]
) -> None:
    desk, before = files_desk, attributes(files_desk.inbox)
    plan = desk.committed()
    assert rolled_back(desk, plan) == (0, counts(N_FILES, 0), [])
    rewrite(catalogue(desk), "UPDATE staging_plans SET state = 'committed'")
    rewrite(desk.state / "journal.db", f"UPDATE runs SET state = '{run}' WHERE kind = 'rollback'")
    assert desk.here(*command).status == 0
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (before, False, "rolled_back")


def test_a_rollback_of_a_plan_that_is_called_rolled_back_moves_what_is_left_of_it(files_desk: Desk) -> None:
    desk, before = files_desk, attributes(files_desk.inbox)
    plan = desk.committed()
    rewrite(catalogue(desk), "UPDATE staging_plans SET state = 'rolled_back'")
    assert rolled_back(desk, plan) == (0, counts(N_FILES, 0), [])
    assert (attributes(desk.inbox), desk.state_of(plan)) == (before, "rolled_back")


def test_a_commit_that_was_killed_before_its_run_was_recorded_has_never_begun(files_desk: Desk) -> None:
    plan = files_desk.staged()
    files_desk.here("commit", plan, "--dry-run")
    rewrite(catalogue(files_desk), "UPDATE staging_plans SET state = 'committing'")
    assert files_desk.here("recover").status == 0
    assert files_desk.state_of(plan) == "staged"


@pytest.mark.parametrize(
    "command",
    [["rollback", "--yes"], ["commit", "--yes"], ["commit", "--dry-run"], ["stage", "validate"]],
    ids=" ".join,
)
def test_an_interrupted_commit_whose_journal_is_lost_is_not_taken_for_one_that_never_began(
    files_desk: Desk, command: list[str]
) -> None:
    plan = files_desk.committed()
    rewrite(catalogue(files_desk), "UPDATE staging_plans SET state = 'committing'")
    (files_desk.state / "journal.db").unlink()
    lines = refusal(files_desk.here(*command, "--plan", plan))
    assert lines[0].split(":")[0] == "error[database-damaged]"
    assert files_desk.state_of(plan) == "committing"


@pytest.mark.parametrize("command", [["rollback", "--yes"], ["rollback", "--dry-run"], ["verify"]], ids=" ".join)
def test_where_another_disk_is_mounted_than_the_plan_was_committed_to_nothing_is_touched(
    files_desk: Desk, command: list[str]
) -> None:
    desk, before = files_desk, attributes(files_desk.inbox)
    desk.target.mkdir()
    with another_disk(desk.target):
        plan = desk.committed()
        emptied = attributes(desk.inbox)
        with another_disk(desk.target):
            lines = refusal(result := desk.here(*command))
            assert (result.status, lines) == (
                5,
                [
                    f"error[plan-outdated]: {MOUNTED}: {desk.target}",
                    "  hint: mount the right disk, then run the command again",
                ],
            )
            assert (attributes(desk.inbox), read_tree(desk.target)) == (emptied, {})
        assert rolled_back(desk, plan) == (0, counts(N_FILES, 0), [])
    assert attributes(desk.inbox) == before


def test_where_the_inbox_is_on_another_disk_now_nothing_is_moved_there(files_desk: Desk) -> None:
    desk = files_desk
    plan = desk.committed()
    with another_disk(desk.inbox):
        lines = refusal(result := desk.here("rollback", plan, "--yes"))
        assert (result.status, read_tree(desk.inbox)) == (5, {})
        assert lines[0] == (f"error[plan-outdated]: {MOUNTED}: {desk.inbox}")
    assert rolled_back(desk, plan) == (0, counts(N_FILES, 0), [])


@pytest.mark.parametrize("lost", ["removed", "emptied"])
@pytest.mark.parametrize("command", [["rollback", "--yes"], ["verify"], ["recover"]], ids=" ".join)
def test_a_lost_journal_is_not_taken_for_a_fresh_one(files_desk: Desk, command: list[str], lost: str) -> None:
    desk = files_desk
    plan = desk.committed()
    journal = desk.state / "journal.db"
    journal.unlink()
    if lost == "emptied":
        journal.touch()
    before = attributes(desk.target), attributes(desk.inbox)
    lines = refusal(result := desk.here(*command))
    assert (result.status, lines) == (
        1,
        [
            f"error[database-damaged]: the journal knows nothing of plan {plan}, which was committed: {journal}",
            f"  hint: make it again from the journal beside the data: ifmosfs recover --from-journal {desk.target}",
        ],
    )
    assert (attributes(desk.target), attributes(desk.inbox)) == before
