"""`ifmosfs why`: of any file, scanned or not, on the disk or in a mounted view; and the command that corrects it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from tests.cli.command_line import Desk, refusal
from tests.fuse_support import FUSE_MARKS


def told(desk: Desk, path: os.PathLike[str] | str) -> dict[str, object]:
    result = desk.here("why", path, "--json")
    assert result.status == 0, result
    return dict(result.json)


def test_scanned_file_is_explained_with_what_follows_from_it(desk: Desk) -> None:
    plan = desk.staged()
    path = desk.inbox / "invoice-17.txt"
    found = told(desk, path)
    assert found["correct"] == f"ifmosfs teach {path} CATEGORY"
    assert found == {
        **found,
        "path": str(path),
        "category": "financial_document",
        "threshold": 0.6,
        "moves": True,
        "folder": "Financial/Documents/2021",
        "decided_by": "rule",
        "rule": {"label": "financial_document", "confidence": found["confidence"]},
        "model": None,
        "lesson": None,
        "unreadable": None,
    }
    assert len(found["evidence"]) == 3  # type: ignore[arg-type]
    target = desk.target / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    shown_at = "Financial/Documents/2021/invoice-17.txt"
    assert found["plans"] == [{"plan": plan, "goes_to": str(target), "shown_at": shown_at, "by_person": False}]


def test_words_for_a_person_say_all_of_it(desk: Desk) -> None:
    plan = desk.staged()
    lines = desk.here("why", desk.inbox / "invoice-17.txt").out.splitlines()
    begins = [line[:18].strip() for line in lines[1:-1]]
    assert lines[0] == str(desk.inbox / "invoice-17.txt")
    assert begins == ["category", "so", "evidence", "", "", "decided by", "rules", "model", f"plan {plan}"]
    assert lines[-1] == f"Is it something else? ifmosfs teach {desk.inbox / 'invoice-17.txt'} CATEGORY"


def test_file_that_waits_for_review_says_so(desk: Desk) -> None:
    plan = desk.staged()
    found = told(desk, desk.inbox / "tables" / "what.xyz")
    assert (found["category"], found["moves"], found["folder"], found["decided_by"]) == (None, False, None, None)
    shown_at = "To review/unsure/tables/what.xyz"
    assert found["plans"] == [{"plan": plan, "goes_to": None, "shown_at": shown_at, "by_person": False}]
    assert "it stays where it is, for review" in desk.here("why", desk.inbox / "tables" / "what.xyz").out


def test_corrected_file_tells_the_lesson_and_how_to_take_it_back(desk: Desk) -> None:
    path = desk.inbox / "invoice-17.txt"
    desk.here("teach", path, "legal_document")
    found = told(desk, path)
    lesson = found["lesson"]
    assert isinstance(lesson, dict)
    assert (found["category"], found["confidence"], found["decided_by"]) == ("legal_document", 1.0, "person")
    assert (lesson["category"], lesson["origin"], lesson["path"]) == ("legal_document", "teach", str(path))
    assert found["runner_up"] == "financial_document"
    assert desk.here("why", path).out.splitlines()[-1] == f"Take back what you said: ifmosfs teach --forget {path}"


def test_command_that_corrects_it_does(desk: Desk) -> None:
    path = desk.inbox / "it's a $name.txt"
    path.write_bytes(b"Invoice No. 2024-18\nTotal amount due: 200 EUR\n")
    words = shlex.split(str(told(desk, path)["correct"]))
    assert words[:3] == ["ifmosfs", "teach", str(path)]
    assert desk.here(*words[1:-1], "legal_document").status == 0
    assert told(desk, path)["category"] == "legal_document"


def test_file_that_was_never_scanned_is_explained_as_well(desk: Desk) -> None:
    path = desk.folder / "lone.sh"
    path.write_bytes(b"#!/bin/sh\necho hello\n")
    found = told(desk, path)
    assert (found["category"], found["session"], found["plans"]) == ("technical_script", None, [])
    os.chdir(desk.folder)
    assert told(desk, "lone.sh")["path"] == str(path)


def test_odd_files_are_told_apart_in_words(desk: Desk) -> None:
    (desk.inbox / "link").symlink_to("invoice-17.txt")
    (desk.inbox / "empty").touch()
    assert [told(desk, desk.inbox / name)["reason"] for name in ("link", "empty")] == ["a link", "empty file"]


def test_file_that_may_not_be_read_says_why(desk: Desk) -> None:
    path = desk.inbox / "invoice-17.txt"
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    found = told(desk, path)
    assert (found["category"], found["unreadable"]) == (None, "Permission denied")


def test_folder_and_missing_file_are_refused_with_a_hint(desk: Desk) -> None:
    assert refusal(desk.here("why", desk.inbox)) == [
        f"error[usage]: a folder, where a file is wanted: {desk.inbox}",
        "  hint: name files in it",
    ]
    missing = desk.here("why", desk.inbox / "nix")
    assert (missing.status, refusal(missing)[0]) == (2, f"error[not-found]: no such file: {desk.inbox / 'nix'}")


def test_looking_changes_nothing(desk: Desk) -> None:
    desk.staged()
    path = desk.inbox / "tables" / "what.xyz"
    before = os.stat(path).st_atime_ns, desk.here("classify", "--json").json
    told(desk, path)
    assert (os.stat(path).st_atime_ns, desk.here("classify", "--json").json) == before


class TestInAView:
    """The same paths as a file manager shows them."""

    pytestmark = FUSE_MARKS

    def test_file_of_the_view_is_its_original(self, desk: Desk, mount_point: Path) -> None:
        assert desk.run("mount", desk.inbox, mount_point, "--output", desk.target).status == 0
        shown = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
        found = told(desk, shown)
        assert (found["path"], found["correct"]) == (
            str(desk.inbox / "invoice-17.txt"),
            f"ifmosfs teach {shown} CATEGORY",
        )
        unsure = mount_point / "To review" / "unsure" / "tables" / "what.xyz"
        assert told(desk, unsure)["path"] == str(desk.inbox / "tables" / "what.xyz")

    def test_of_a_file_that_a_person_has_put_elsewhere_no_other_folder_is_named(
        self, desk: Desk, mount_point: Path
    ) -> None:
        assert desk.run("mount", desk.inbox, mount_point, "--output", desk.target).status == 0
        (mount_point / "Mine").mkdir()
        (mount_point / "Development" / "Source code" / "run.sh").rename(mount_point / "Mine" / "run.sh")
        lines = desk.here("why", mount_point / "Mine" / "run.sh").out.splitlines()
        (so,) = [line.split(maxsplit=1)[1] for line in lines if line.startswith("  so ")]
        (plan,) = [line.split()[1] for line in lines if line.startswith("  plan ")]
        assert so == f"it moves where you have put it in plan {plan}"
        assert not [line for line in lines if "Source code/" in line]

    def test_what_is_no_file_of_the_plan_is_refused(self, desk: Desk, mount_point: Path) -> None:
        desk.target.mkdir()
        (desk.target / "there.txt").write_bytes(b"already")
        assert desk.run("mount", desk.inbox, mount_point, "--output", desk.target).status == 0
        for name in ("Financial", "To review", "nix", ".ifmosfs/status.json"):
            assert desk.here("why", mount_point / name).status == 2, name
        assert told(desk, mount_point / "there.txt")["path"] == str(desk.target / "there.txt")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("link", "a symbolic link has no content of its own; teach the file that it leads to"),
        ("empty", "an empty file has no content to know it by"),
        ("pipe", "this is no regular file"),
    ],
)
def test_what_cannot_be_taught_is_not_offered_to_be(desk: Desk, name: str, words: str) -> None:
    (desk.inbox / "link").symlink_to("run.sh")
    (desk.inbox / "empty").touch()
    os.mkfifo(desk.inbox / "pipe")
    assert desk.here("why", desk.inbox / name).out.splitlines()[-1] == f"It cannot be taught: {words}"
    assert told(desk, desk.inbox / name)["correct"] is None
    refused = desk.here("teach", desk.inbox / name, "none")
    assert (
        refused.status,
        "; ".join(refused.err.splitlines()).startswith(f"error[usage]: {words.split(';', maxsplit=1)[0]}"),
    ) == (
        2,
        True,
    )


def test_sure_file_that_the_plan_leaves_in_its_project_is_not_said_to_move(desk: Desk) -> None:
    (desk.inbox / "project" / ".git").mkdir(parents=True)
    (desk.inbox / "project" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    script = desk.inbox / "project" / "run.sh"
    script.write_bytes((desk.inbox / "run.sh").read_bytes() + b"echo more\n")
    plan = desk.staged()
    found = told(desk, script)
    assert (found["category"], found["moves"]) == ("technical_script", False)
    (so,) = [line for line in desk.here("why", script).out.splitlines() if line.startswith("  so ")]
    assert so.split(maxsplit=1)[1].startswith(f"it stays where it is in plan {plan}, though ")
    assert told(desk, desk.inbox / "run.sh")["moves"] is True
