"""The program's own files are damaged, newer, in use, not writable, or say what makes no sense: nothing of the user's is touched."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.trees import read_tree
from tests.cli.command_line import INBOX, Desk, attributes, ended, refusal
from tests.fuse_support import needs_fuse

COMMANDS = {
    "scan": ["scan", "inbox"],
    "stage create": ["stage", "create", "-o", "Organized"],
    "mount": ["mount", "inbox", "view", "-o", "Organized"],
    "commit": ["commit", "--yes"],
    "rollback": ["rollback", "--yes"],
    "verify": ["verify"],
    "status": ["status"],
}


def catalogue(desk: Desk) -> Path:
    """The file that holds sessions and plans."""
    (path,) = (path for path in desk.state.glob("*.db") if path.name != "journal.db")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_catalogue_that_is_no_database_is_left_alone(desk: Desk, command: str) -> None:
    desk.staged()
    path = catalogue(desk)
    path.write_bytes(b"this is no database, " * 400)
    before = attributes(desk.inbox)
    lines = refusal(result := desk.here(*COMMANDS[command]))
    assert (result.status, lines[0].split(" (")[0]) == (1, "error[database-damaged]: the database cannot be read")
    assert lines[0].endswith(f": {path}")
    assert lines[1].startswith("  hint: nothing was changed; ifmosfs recover --from-journal keeps the file aside ")
    assert f"move {path} away and scan again" in lines[1]
    assert (attributes(desk.inbox), path.read_bytes()[:21]) == (before, b"this is no database, ")


@pytest.mark.parametrize("n_bytes", [50, 4096, 20_000])
def test_a_catalogue_that_was_cut_off_is_damaged_and_left_alone(desk: Desk, n_bytes: int) -> None:
    desk.staged()
    path = catalogue(desk)
    os.truncate(path, n_bytes)
    kept = path.read_bytes()
    lines = refusal(result := desk.here("commit", "--yes"))
    assert (result.status, lines[0].split(":")[0]) == (1, "error[database-damaged]")
    assert (path.read_bytes(), read_tree(desk.inbox)) == (kept, INBOX)


@pytest.mark.parametrize("command", ["commit", "rollback", "verify", "recover"])
def test_a_damaged_journal_stops_whatever_needs_it(desk: Desk, command: str) -> None:
    plan = desk.committed() if command != "commit" else desk.staged()
    if command == "commit":
        desk.here("commit", plan, "--dry-run")
    (desk.state / "journal.db").write_bytes(b"this is no database, " * 400)
    before = attributes(desk.inbox), attributes(desk.target) if desk.target.exists() else None
    lines = refusal(result := desk.here(*({"recover": ["recover"]}.get(command) or [command, plan])))
    assert (result.status, lines[0].split(":")[0]) == (1, "error[database-damaged]")
    assert str(desk.state / "journal.db") in lines[0]
    assert (attributes(desk.inbox), attributes(desk.target) if desk.target.exists() else None) == before


def test_a_catalogue_of_a_newer_version_says_update_and_is_left_alone(desk: Desk) -> None:
    desk.staged()
    path = catalogue(desk)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    kept = path.read_bytes()
    for command in COMMANDS.values():
        assert desk.here(*command) == (
            1,
            "",
            (
                f"error[database-newer]: the database was written by a newer version (schema 9999): {path}\n"
                "  hint: update ifmosfs; the database was not changed\n"
            ),
        )
    assert (path.read_bytes(), read_tree(desk.inbox)) == (kept, INBOX)


def test_a_journal_of_a_newer_version_says_update(desk: Desk) -> None:
    plan = desk.committed()
    path = desk.state / "journal.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    lines = refusal(result := desk.here("rollback", plan, "--yes"))
    assert (result.status, lines) == (
        1,
        [
            f"error[database-newer]: the database was written by a newer version (schema 9999): {path}",
            "  hint: update ifmosfs; the database was not changed",
        ],
    )


def test_the_doctor_names_a_damaged_catalogue_instead_of_failing_on_it(desk: Desk) -> None:
    desk.staged()
    catalogue(desk).write_bytes(b"this is no database, " * 400)
    result = desk.here("doctor", "--json")
    (finding,) = [row for row in result.json["findings"] if row["what"] == "state folder"]
    assert (result.status, finding["level"]) == (6, "problem")
    assert finding["found"].startswith("the database cannot be read (")
    assert finding["remedy"].startswith("nothing was changed; ifmosfs recover --from-journal ")


def test_a_state_folder_that_is_a_file_is_named(desk: Desk) -> None:
    desk.state.write_bytes(b"")
    assert desk.here("scan", desk.inbox) == (
        1,
        "",
        (
            f"error[failed]: the state folder cannot be made (File exists): {desk.state}\n"
            "  hint: set IFMOSFS_HOME to a folder you can write to\n"
        ),
    )


def test_a_commit_while_another_run_moves_files_is_locked_out(desk: Desk) -> None:
    plan = desk.staged()
    desk.here("stage", "validate", plan)
    with (desk.state / "lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.truncate(0)
        held.write("4711\n")
        held.flush()
        for command in (
            ["commit", plan, "--yes"],
            ["rollback", plan, "--yes"],
            ["recover"],
            ["stage", "validate", plan],
        ):
            assert desk.run(*command) == (
                7,
                "",
                (
                    "error[locked]: another run is moving files (process 4711)\n"
                    "  hint: wait until it has finished, then try again\n"
                ),
            )
        assert read_tree(desk.inbox) == INBOX
        assert desk.here("status", "--json").json["busy"] == "another run is moving files (process 4711)"
    assert desk.here("commit", plan, "--yes").status == 0


def test_scanning_goes_on_while_another_run_moves_files(desk: Desk) -> None:
    desk.staged()
    with (desk.state / "lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert desk.run("scan", desk.inbox).status == 0


def test_two_commits_at_the_same_time_move_every_file_once(desk: Desk) -> None:
    plan = desk.staged()
    before = attributes(desk.inbox)
    both = [desk.start("commit", plan, "--yes") for _ in range(2)]
    results = [ended(process) for process in both]
    assert 0 in {result.status for result in results}
    assert {result.status for result in results} <= {0, 2, 7}
    assert desk.here("verify", plan).status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert attributes(desk.inbox) == before


CONFIGS: dict[str, tuple[str | bytes, str]] = {
    "no TOML": ("threshold = ", "not a TOML file (Invalid value (at end of document))"),
    "not UTF-8": (b"\xff\xfe", "not a TOML file ("),
    "an unknown key": ("treshold = 0.5\n", "the configuration is not valid: Object contains unknown field `treshold`"),
    "a wrong type": (
        'threshold = "high"\n',
        "the configuration is not valid: Expected `float | null`, got `str` - at `$.threshold`",
    ),
    "out of range": (
        "threshold = 1.5\n",
        "the configuration is not valid: Expected `float` <= 1.0 - at `$.threshold`",
    ),
}


@pytest.mark.parametrize("mistake", CONFIGS)
def test_a_mistake_in_the_configuration_is_named_with_its_file(desk: Desk, mistake: str) -> None:
    text, words = CONFIGS[mistake]
    desk.state.mkdir()
    path = desk.state / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    lines = refusal(result := desk.here("scan", desk.inbox))
    assert result.status == 2
    assert lines[0].startswith(f"error[bad-config]: {words}")
    assert lines[0].endswith(f": {path}")
    assert lines[1].startswith("  hint: ")


LAYOUTS = {
    "no TOML": "[folders\n",
    "an unknown category": '[folders]\nfinancial_dokument = "Money"\n',
    "an unknown variable": '[folders]\nfinancial_document = "Money/{decade}"\n',
    "a way out of the target": '[folders]\nfinancial_document = "../Money"\n',
    "an absolute folder": '[folders]\nfinancial_document = "/Money"\n',
    "no text": "[folders]\nfinancial_document = 7\n",
    "an unknown section": '[ordner]\nfinancial_document = "Money"\n',
}


@pytest.mark.parametrize("mistake", LAYOUTS)
def test_a_mistake_in_the_layout_is_named_with_its_file(desk: Desk, mistake: str) -> None:
    desk.here("scan", desk.inbox)
    path = desk.state / "layout.toml"
    path.write_text(LAYOUTS[mistake])
    lines = refusal(result := desk.here("stage", "create", "--output", desk.target))
    assert (result.status, lines[0].split(":")[0]) == (2, "error[bad-config]")
    assert str(path) in lines[0]
    assert lines[1].startswith("  hint: ")
    assert desk.here("stage", "list", "--json").json["plans"] == []


def test_ones_own_layout_overrides_single_lines_and_leaves_files_where_they_are(desk: Desk) -> None:
    desk.state.mkdir()
    (desk.state / "layout.toml").write_text(
        '[folders]\nfinancial_document = "Money/{year}-{month}"\ntechnical_script = ""\n'
    )
    plan = desk.staged()
    moves = {row["target"] for row in desk.here("stage", "show", plan, "--json").json["moves"]}
    assert moves == {"Money/2021-03/invoice-17.txt", "Data/Datasets/sizes.csv"}


def test_ones_own_configuration_sets_the_defaults(desk: Desk) -> None:
    desk.state.mkdir()
    (desk.state / "config.toml").write_text('target = "~/Sorted"\nthreshold = 0.99\nexclude = ["*.xyz"]\n')
    desk.here("scan", desk.inbox)
    fields = desk.here("stage", "create", "--json").json
    assert (fields["target"], fields["planned"], fields["skipped"]) == (str(desk.home / "Sorted"), 0, 1)


@needs_fuse
def test_a_state_folder_that_starts_at_the_current_folder_is_the_same_to_the_process_of_a_view(desk: Desk) -> None:
    own = {"IFMOSFS_HOME": desk.state.name}
    assert desk.state.parent == desk.folder
    mounted = desk.run("mount", desk.inbox, desk.mount_point, "--output", desk.target, "--json", env=own)
    assert mounted.status == 0, mounted
    assert os.listdir(desk.mount_point)
    assert desk.run("unmount", desk.mount_point, env=own).status == 0


def test_a_state_folder_that_starts_at_a_folder_that_has_gone_is_a_mistake_in_words(desk: Desk, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'rmdir "$1"; exec "$2" -m ifmosfs status', "sh", str(gone), desk.python]
    environment = {**desk.environment, "IFMOSFS_HOME": "state"}
    found = subprocess.run(command, check=False, cwd=gone, env=environment, capture_output=True, text=True)
    assert (found.returncode, found.stderr.splitlines()) == (
        2,
        ["error[usage]: the current folder does not exist any more", "  hint: cd ~, then try again"],
    )
