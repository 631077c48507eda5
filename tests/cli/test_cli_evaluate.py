"""Evaluating ways of labelling on labelled files, and labelling files by a list of paths."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from tests.cli.command_line import Desk, refusal

INVOICE = b"Invoice No. 2024-17\nTotal amount due: 100 EUR\nIBAN DE02 1203 0000 0000 2020 51\n"
FILES = {
    "a/invoice.txt": (INVOICE, "financial_document", ""),
    "a/run.sh": (b"#!/bin/sh\necho hello\n", "technical_script", ""),
    "b/style.css": (b"body { color: red; }\np { margin: 0; }\n", "web_stylesheet", "web_page;technical_script"),
    "b/who.xyz": (b"hm", "__none__", ""),
    "b/wrong.ttf": (b"\0\1\0\0" + bytes(60), "media_audio", "web_font"),
}


@pytest.fixture
def labelled(desk: Desk) -> Path:
    """A folder with files and `labels.csv`, which also names one that is not there."""
    folder = desk.folder / "labelled"
    rows = [("path", "category", "also_ok"), ("gone.txt", "archive", "")]
    for path, (content, category, also_ok) in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        rows.append((path, category, also_ok))
    with (folder / "labels.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    return folder


def test_methods_are_compared_on_the_same_files(desk: Desk, labelled: Path) -> None:
    result = desk.here("model", "evaluate", "--data", labelled, "--report", "json")
    found = {each["model"]: each for each in result.json["models"]}
    assert list(found) == ["rules", "extensions", "most-frequent"]
    assert result.json["missing"] == [str(labelled / "gone.txt")]
    rules = found["rules"]
    assert (rules["files"], rules["of_no_category"]) == (5, 1)
    assert (rules["strict_accuracy"], rules["lenient_accuracy"]) == (0.75, 1.0)
    assert rules["classes"]["media_audio"]["right"] == 0
    assert rules["confusion"]["media_audio"] == {"web_font": 1}
    assert found["extensions"]["strict_accuracy"] < rules["strict_accuracy"]
    assert found["most-frequent"]["lenient_accuracy"] <= 0.5
    assert rules["decided"]["of_no_category_left_alone"] == 1.0


def test_the_report_for_people_has_the_same_figures(desk: Desk, labelled: Path) -> None:
    out = desk.here(
        "model", "evaluate", "--data", labelled / "labels.csv", "--models", "rules", "--threshold", "0.5"
    ).out
    assert "rules: 5 files, 1 of them of no category\n  accuracy 0.750 strict, 1.000 lenient" in out
    assert "from 0.5 on: " in out
    assert "technical_script           1.00  (1 file)" in out
    assert out.endswith(f"1 file of the set not there: {labelled / 'gone.txt'}\n")


def test_the_files_may_lie_elsewhere_than_their_list(desk: Desk, labelled: Path) -> None:
    moved = desk.folder / "lists" / "mine.csv"
    moved.parent.mkdir()
    (labelled / "labels.csv").rename(moved)
    result = desk.here(
        "model", "evaluate", "--data", moved, "--root", labelled, "--models", "rules", "--report", "json"
    )
    assert result.json["models"][0]["files"] == 5


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--data", "{labelled}", "--models", "oracle"], "not-found"),
        (["--data", "{labelled}/nothing.csv"], "bad-config"),
        (["--data", "{labelled}/a"], "bad-config"),
        (["--data", "{labelled}", "--root", "/nonexistent"], "not-found"),
    ],
    ids=["unknown method", "no list", "folder without a list", "no file there"],
)
def test_what_cannot_be_evaluated_is_refused_with_the_remedy(
    desk: Desk, labelled: Path, arguments: list[str], code: str
) -> None:
    given = [each.format(labelled=labelled) for each in arguments]
    lines = refusal(desk.here("model", "evaluate", *given))
    assert lines[0].startswith(f"error[{code}")
    assert lines[1].startswith("  hint: ")


def test_files_are_labelled_by_a_list_of_paths_in_its_order(desk: Desk, labelled: Path) -> None:
    listed = desk.folder / "paths"
    names = [labelled / "b/style.css", labelled / "gone.txt", labelled / "a/run.sh"]
    for separator in ("\n", "\0"):
        listed.write_text(separator.join(map(str, names)))
        files = desk.here("classify", "--paths-from", listed, "--json").json["files"]
        assert [each["path"] for each in files] == list(map(str, names))
        assert [each["label"] for each in files] == ["web_stylesheet", None, "technical_script"]
        assert [each["confidence"] > 0.6 for each in files] == [True, False, True]
    rows = list(csv.reader(desk.here("classify", "--paths-from", listed).out.splitlines()))
    assert rows[0] == ["path", "label", "confidence"]
    assert [row[1] for row in rows[1:]] == ["web_stylesheet", "", "technical_script"]


def test_a_name_that_is_not_utf_8_is_labelled_like_any_other(desk: Desk) -> None:
    path = os.fsencode(desk.folder) + b"/\xff.sh"
    Path(os.fsdecode(path)).write_bytes(b"#!/bin/sh\necho hello\n")
    listed = desk.folder / "paths"
    listed.write_bytes(path)
    (found,) = json.loads(desk.here("classify", "--paths-from", listed, "--json").out)["files"]
    assert found["label"] == "technical_script"


def test_a_list_of_paths_and_a_session_are_not_mixed(desk: Desk) -> None:
    listed = desk.folder / "paths"
    listed.write_text("x")
    assert refusal(desk.here("classify", "--paths-from", listed, "--all"))[0].startswith("error[usage")
