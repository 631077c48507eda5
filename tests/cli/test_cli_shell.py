"""Living in a shell: what is printed can be pasted, a shell may stand in a folder that goes, and output may go nowhere."""

from __future__ import annotations

import os
import subprocess

import pytest

from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.store.catalogue import open_catalogue
from tests.adapters.trees import read_tree, write_tree
from tests.cli.command_line import ORGANISED, Desk, refusal
from tests.fuse_support import force_unmount, needs_fuse


@pytest.mark.parametrize(
    "arguments",
    [["scan", ""], ["scan", "--roots", ""], ["mount", ""], ["unmount", ""]],
    ids=" ".join,
)
def test_an_empty_name_is_a_mistake_and_not_the_current_folder(desk: Desk, arguments: list[str]) -> None:
    result = desk.here(*arguments)
    lines = refusal(result)
    assert result.status == 2
    assert lines == [
        "error[usage]: an empty name was given where a file or a folder is wanted",
        "  hint: name it; '.' is this folder",
    ]


def test_an_empty_target_is_a_mistake(desk: Desk) -> None:
    desk.here("scan", desk.inbox)
    result = desk.here("stage", "create", "--output", "")
    assert (result.status, refusal(result)[0]) == (
        2,
        "error[usage]: an empty name was given where a file or a folder is wanted",
    )


def test_in_a_folder_that_has_gone_a_relative_name_is_refused(desk: Desk) -> None:
    gone = desk.folder / "gone"
    script = f"mkdir '{gone}'; cd '{gone}'; rmdir '{gone}'; exec '{desk.python}' -m ifmosfs scan ."
    done = subprocess.run(["/bin/sh", "-c", script], env=desk.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-2:]) == (
        2,
        "",
        ["error[usage]: the current folder does not exist any more", "  hint: cd ~, then try again"],
    )


def test_a_full_output_is_an_error_without_a_traceback(desk: Desk) -> None:
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [desk.python, "-m", "ifmosfs", "scan", desk.inbox],
            env=desk.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (process.returncode, process.stderr) == (
        1,
        "error[output]: what there was to say could not be written: No space left on device\n",
    )


def test_a_closed_output_is_no_error(desk: Desk) -> None:
    script = f"exec '{desk.python}' -m ifmosfs scan '{desk.inbox}' >&-"
    done = subprocess.run(["/bin/sh", "-c", script], env=desk.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_fuse
@pytest.mark.parametrize("name", ["My Preview", "it's here", "line\nbreak", "b\udce9ta"], ids=ascii)
def test_the_printed_commands_can_be_pasted(desk: Desk, name: str) -> None:
    point = desk.home / name
    point.mkdir()
    try:
        mounted = desk.run("mount", desk.inbox, point, "--output", desk.target)
        assert mounted.status == 0, mounted
        command = mounted.out.splitlines()[-1].partition(" · Forget: ifmosfs ")[2]
        script = f"'{desk.python}' -m ifmosfs {command}"
        done = subprocess.run(["bash", "-c", script], env=desk.environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    finally:
        force_unmount(point)


def test_the_lists_count_what_will_move_after_the_edits(desk: Desk) -> None:
    plan = desk.staged()
    before = desk.here("stage", "list", "--json").json["plans"]
    exclude(desk, plan, b"Development/Source code/run.sh")
    after = desk.here("stage", "list", "--json").json["plans"]
    status = desk.here("status", "--json").json["plans"]
    numbers = [(row["moves"], row["staying"], row["edits"]) for row in (*before, *after, *status)]
    assert numbers == [(3, 1, 0), (2, 2, 1), (2, 2, 1)]


def exclude(desk: Desk, plan: str, path: bytes) -> None:
    """What deleting a file in the view does."""
    with open_catalogue(desk.state) as catalogue:
        catalogue.append_edit(plan, Edit(0, EditKind.EXCLUDE, path, None, 1))


def test_a_preview_of_hard_links_warns_and_leaves_what_somebody_put_there(desk: Desk) -> None:
    plan = desk.staged()
    made = desk.here("stage", "preview", plan, "--method", "hardlink", "--json")
    folder = made.json["folder"]
    write_tree(folder, {b"own.txt": b"mine"})
    discarded = desk.here("stage", "discard", plan)
    assert made.err == "Careful: editing a file in this folder edits the original; both are the same file.\n"
    assert discarded.status == 0
    assert discarded.err == f"The preview's folder stays: it holds 1 thing of yours, such as\n  {folder}/own.txt\n"
    assert read_tree(folder) == {b"own.txt": b"mine"}


@pytest.mark.parametrize("method", ["symlink", "hardlink", "copy"])
def test_a_commit_takes_the_preview_folder_away(desk: Desk, method: str) -> None:
    plan = desk.staged()
    folder = desk.here("stage", "preview", plan, "--method", method, "--json").json["folder"]
    assert desk.here("commit", plan, "--yes").status == 0
    assert not os.path.lexists(folder)
    assert read_tree(desk.target / "Data") == ORGANISED[b"Data"]
