"""`ifmosfs model update`: the model learns from people, shows what it would change, and is refused where it forgets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import Desk, Result

LETTERS = [
    "Dear Anna, thank you for your letter number {}. With love, Ben",
    "Dear Ben, the weather in week {} was lovely. Yours, Anna",
]
POEMS = "zebra giraffe antelope okapi {} zebra giraffe savanna {} antelope\n" * 4


def ran(desk: Desk, *arguments: str | Path) -> Result:
    return desk.here(*arguments, env={"IFMOSFS_MODEL": ""})


@pytest.fixture
def zoo(bare_desk: Desk) -> Desk:
    """A desk with letters and poems in its inbox, scanned and classified by the shipped model."""
    bare_desk.home.mkdir(parents=True)
    bare_desk.inbox.mkdir(parents=True)
    for number in range(6):
        folder = bare_desk.inbox / f"f{number}"
        folder.mkdir()
        (folder / f"poem{number}.txt").write_text(POEMS.format(*[number] * 8))
        (folder / f"letter{number}.txt").write_text(LETTERS[number % 2].format(number))
    assert ran(bare_desk, "scan", bare_desk.inbox).status == 0
    assert ran(bare_desk, "classify").status == 0
    return bare_desk


def label_of(desk: Desk, name: str) -> tuple[str | None, str]:
    """What is said of a file, and by whom."""
    done = ran(desk, "why", next(desk.inbox.rglob(name)), "--json")
    fields = json.loads(done.out)
    return fields["category"], fields["decided_by"]


def in_use(desk: Desk) -> str:
    (name,) = [
        each["name"] for each in json.loads(ran(desk, "model", "list", "--json").out)["models"] if each["in_use"]
    ]
    return str(name)


def taught(desk: Desk) -> None:
    poems = [desk.inbox / f"f{number}" / f"poem{number}.txt" for number in range(4)]
    assert ran(desk, "teach", *poems, "technical_dataset").status == 0


def test_nothing_is_learned_from_nothing(zoo: Desk) -> None:
    done = ran(zoo, "model", "update", "--yes")
    assert (done.status, done.err) == (
        2,
        "error[wrong-state]: there is nothing to learn from yet\n  hint: say what files are: ifmosfs teach FILE… CATEGORY\n",
    )


def test_without_a_terminal_it_shows_what_would_change_and_keeps_nothing(zoo: Desk) -> None:
    taught(zoo)
    done = ran(zoo, "model", "update")
    assert done.status == 0
    assert "Nothing was changed. To use it: ifmosfs model update --yes" in done.out
    assert in_use(zoo) == "shipped"


def test_the_refitted_model_is_used_and_says_of_files_it_was_not_taught_what_it_has_learned(zoo: Desk) -> None:
    before = label_of(zoo, "letter5.txt")
    taught(zoo)
    fields = json.loads(ran(zoo, "model", "update", "--yes", "--json").out)
    assert (fields["lessons"], fields["foreign_lessons"], fields["in_use"]) == (4, 0, True)
    assert fields["guard_after"] >= fields["guard_before"] - 0.005
    assert in_use(zoo) == fields["model"]
    assert ran(zoo, "classify").status == 0
    words = json.loads(ran(zoo, "why", zoo.inbox / "f5" / "poem5.txt", "--json").out)
    assert words["model"]["label"] == "technical_dataset"
    assert label_of(zoo, "letter5.txt") == before
    listed = ran(zoo, "model", "list").out
    assert f"* {fields['model']}" in listed
    assert f"{fields['parent']} after 4 lessons of yours" in listed


def test_lessons_taken_back_leave_no_trace(zoo: Desk) -> None:
    taught(zoo)
    first = json.loads(ran(zoo, "model", "update", "--yes", "--json").out)["model"]
    extra = zoo.inbox / "f5" / "letter5.txt"
    assert ran(zoo, "teach", extra, "technical_log").status == 0
    second = json.loads(ran(zoo, "model", "update", "--yes", "--json").out)["model"]
    assert ran(zoo, "teach", "--forget", extra).status == 0
    third = json.loads(ran(zoo, "model", "update", "--yes", "--json").out)["model"]
    assert (first == third, first == second) == (True, False)


def test_a_model_that_forgets_what_it_knew_is_refused(bare_desk: Desk, tmp_path: Path) -> None:
    rows = ["path,category,group"]
    bare_desk.home.mkdir(parents=True)
    for number in range(12):
        for category, text in (("personal_document", LETTERS[number % 2]), ("technical_dataset", POEMS)):
            name = f"{category}{number}.txt"
            (tmp_path / name).write_text(text.format(*[number] * 8))
            rows.append(f"{name},{category},{number % 4}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    assert ran(bare_desk, "model", "train", "--data", tmp_path, "--use", "--jobs", "1").status == 0
    trained = in_use(bare_desk)
    for taught_as, really in (("technical_dataset", "personal_document"), ("personal_document", "technical_dataset")):
        files = [tmp_path / f"{really}{number}.txt" for number in range(12)]
        assert ran(bare_desk, "teach", *files, taught_as).status == 0
    done = ran(bare_desk, "model", "update", "--yes")
    assert (done.status, done.err.splitlines()[0].startswith("error[model-worse]: the refitted model is refused")) == (
        1,
        True,
    ), done.err
    assert in_use(bare_desk) == trained


def test_the_rules_alone_cannot_be_refitted(zoo: Desk) -> None:
    assert ran(zoo, "model", "use", "rules").status == 0
    done = ran(zoo, "model", "update", "--yes")
    assert (done.status, done.err.splitlines()[0]) == (
        2,
        "error[wrong-state]: no model is in use that could be refitted",
    )
