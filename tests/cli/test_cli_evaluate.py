"""Evaluating ways of labelling on labelled files, and labelling files by a list of paths."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from ifmosfs.app import evaluating
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


def test_thresholds_of_single_categories_count_unless_one_is_given(desk: Desk, labelled: Path) -> None:
    """No invoice can be so sure; all else is decided from 0.2 on."""
    command = ("model", "evaluate", "--data", labelled, "--models", "rules")
    desk.state.mkdir(exist_ok=True)
    (desk.state / "config.toml").write_text("threshold = 0.2\n[threshold_for]\nfinancial_document = 1.0\n")
    (found,) = desk.here(*command, "--report", "json").json["models"]
    assert (found["decided"]["files"], found["decided"]["threshold_for"]) == (3, {"financial_document": 1.0})
    assert "  from 0.2 (financial_document 1) on: 60.0% decided" in desk.here(*command).out
    (given,) = desk.here(*command, "--threshold", "0.2", "--report", "json").json["models"]
    assert (given["decided"]["files"], given["decided"]["threshold_for"]) == (4, {})
    page = desk.here(*command, "--report", "html").out
    assert "From 0.2 (financial_document 1) on, 3 of 5 files are decided" in page
    (desk.state / "config.toml").write_text("[threshold_for]\nnonsense = 1.0\n")
    assert refusal(desk.here(*command))[0].startswith("error[bad-config]: threshold_for names no category: nonsense")


def test_a_file_that_is_named_twice_counts_once(desk: Desk, labelled: Path) -> None:
    command = ("model", "evaluate", "--data", labelled, "--models", "rules")
    before = desk.here(*command, "--report", "json").json
    with (labelled / "labels.csv").open("a", newline="") as out:
        csv.writer(out).writerows([("a/../a/run.sh", "technical_script", ""), ("gone.txt", "archive", "")])
    after = desk.here(*command, "--report", "json").json
    assert (before["repeated"], after["repeated"]) == (0, 1)
    assert after["missing"] == before["missing"]
    for name in ("files", "classes", "confusion", "decided"):
        assert after["models"][0][name] == before["models"][0][name], name
    assert "left out: 1 row that name a file once more" in desk.here(*command).out


def test_a_set_that_says_different_things_of_one_file_is_refused_with_both_rows(desk: Desk, labelled: Path) -> None:
    with (labelled / "labels.csv").open("a", newline="") as out:
        csv.writer(out).writerow((str(labelled / "a" / "run.sh"), "archive", ""))
    listed = labelled / "labels.csv"
    for command in (("evaluate", "--models", "rules"), ("train",)):
        assert refusal(desk.here("model", *command, "--data", listed)) == [
            f"error[bad-config]: two rows say different things of one file ({listed}:4 and {listed}:8): {labelled}/a/run.sh",
            "  hint: take one of them out",
        ]


def test_the_files_may_lie_elsewhere_than_their_list(desk: Desk, labelled: Path) -> None:
    moved = desk.folder / "lists" / "mine.csv"
    moved.parent.mkdir()
    (labelled / "labels.csv").rename(moved)
    result = desk.here(
        "model", "evaluate", "--data", moved, "--root", labelled, "--models", "rules", "--report", "json"
    )
    assert result.json["models"][0]["files"] == 5


def test_the_json_report_has_curves_latencies_and_mistakes(desk: Desk, labelled: Path) -> None:
    found = desk.here(
        "model", "evaluate", "--data", labelled, "--models", "rules,most-frequent", "--report", "json"
    ).json
    rules, most_frequent = found["models"]
    assert (found["split"], found["unknown_categories"]) == (None, {})
    assert (rules["learned_from"], most_frequent["learned_from"]) == (None, 5)
    assert list(rules["latency"]) == ["names", "content", "extract", "judging", "whole"]
    whole = rules["latency"]["whole"]
    assert whole["files"] == 5
    assert 0 < whole["median_ms"] <= whole["p95_ms"] <= whole["largest_ms"]
    assert whole["slowest"] in {str(labelled / path) for path in FILES}
    assert rules["median_ms"] == whole["median_ms"]
    assert [each["files"] for each in rules["calibration"]][:2] == [0, 0]
    assert [(each["from"], each["to"]) for each in rules["calibration"]][-1] == (0.9, 1.0)
    curve = rules["risk_coverage"]
    assert [each["threshold"] for each in curve] == sorted((each["threshold"] for each in curve), reverse=True)
    assert curve[-1]["coverage"] == sum(each["files"] for each in rules["calibration"]) / 5
    decided = rules["decided"]
    assert (decided["coverage"], decided["precision"]) == (
        decided["files"] / 5,
        decided["right"] / decided["files"],
    )
    assert rules["mistakes"] == []
    assert {each["path"] for each in most_frequent["mistakes"]} < {str(labelled / path) for path in FILES}
    assert {each["confidence"] for each in most_frequent["mistakes"]} == {0.25}


def test_the_html_report_is_written_to_a_new_file_only(desk: Desk, labelled: Path) -> None:
    page = desk.folder / "report.html"
    result = desk.here("model", "evaluate", "--data", labelled, "--report", "html", "--output", page)
    assert (result.status, result.out) == (0, f"written: {page}\n")
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>\n<html lang=")
    assert text.count("<svg ") == 1 + 2 * 3
    assert refusal(desk.here("model", "evaluate", "--data", labelled, "--output", page)) == [
        f"error[usage]: there is something already, which is not overwritten: {page}",
        "  hint: name a file that does not exist yet with --output",
    ]
    assert page.read_text() == text


@pytest.mark.parametrize("report", ["text", "json", "html"])
def test_each_report_is_the_same_in_a_file_as_on_the_terminal(desk: Desk, labelled: Path, report: str) -> None:
    arguments = ("model", "evaluate", "--data", labelled, "--models", "most-frequent", "--report", report)
    out = desk.here(*arguments).out
    desk.here(*arguments, "--output", desk.folder / "report")
    told = (desk.folder / "report").read_text()
    assert told.count("\n") == out.count("\n")
    assert _without_times(told) == _without_times(out)


def _without_times(text: str) -> str:
    """Nor the slowest file, which may be another one each time."""
    return re.sub(r"[\d.,]+(e-)?|/[^ <\"]*/labelled/[\w./]+", "", text)


SOURCES = [("one", 4), ("two", 4), ("three", 2), ("four", 2)]


@pytest.fixture
def sourced(desk: Desk) -> Path:
    """A set of twelve scripts and logs of four sources, each with one of two columns, in one folder."""
    folder = desk.folder / "sourced"
    folder.mkdir()
    rows = [("path", "category", "package", "gap")]
    for source, n_files in SOURCES:
        for number in range(n_files):
            name = f"{source}{number}.sh"
            (folder / name).write_bytes(b"#!/bin/sh\necho %d\n" % number)
            rows.append((name, "technical_script" if number % 2 else "technical_log", source, "" if number else "x"))
    with (folder / "labels.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    return folder


def test_no_group_of_a_split_is_learned_from_and_tested(desk: Desk, sourced: Path) -> None:
    arguments = ("--data", sourced, "--split", "0.3", "--by", "package", "--models", "most-frequent")
    found = desk.here("model", "evaluate", *arguments, "--report", "json").json
    split, (one,) = found["split"], found["models"]
    assert (split["by"], split["seed"], split["groups_may_be_in_both"]) == ("package", 0, False)
    assert split["train"]["groups"] + split["test"]["groups"] == 4
    assert (split["test"]["files"], split["train"]["files"]) == (one["files"], one["learned_from"]) == (4, 8)
    tested = {each["path"].rpartition("/")[2].rstrip("0123456789.sh") for each in one["mistakes"]}
    assert len(tested) == split["test"]["groups"]
    out = desk.here("model", "evaluate", *arguments).out
    assert "to learn from, 4 of " in out
    assert "  no group is in both parts\n" in out
    assert "  learned from 8 files, the other part\n" in out


def test_the_same_seed_gives_the_same_split_and_all_methods_are_tested_on_it(desk: Desk, sourced: Path) -> None:
    arguments = ("--data", sourced, "--split", "0.5", "--by", "file", "--report", "json")
    reports = [desk.here("model", "evaluate", *arguments, "--seed", seed).json for seed in ("1", "1", "2")]
    tested = [
        [{each["path"] for each in one["mistakes"] if each["label"]} for one in found["models"]] for found in reports
    ]
    assert tested[0] == tested[1]
    assert tested[0] != tested[2]
    assert {one["files"] for one in reports[0]["models"]} == {6}


def test_a_split_by_files_is_said_to_flatter(desk: Desk, sourced: Path) -> None:
    out = desk.here("model", "evaluate", "--data", sourced, "--split", "0.5", "--by", "file").out
    assert "parted by file (seed 0): 6 files of 6 groups to learn from, 6 of 6 to test on\n" in out
    assert "files of one source may be in both parts, which flatters whatever learns" in out


def test_what_learns_does_so_from_the_other_part_alone(desk: Desk) -> None:
    rows = [("path", "category")]
    for folder, category, n_files in (("one", "technical_script", 3), ("two", "technical_log", 2)):
        (desk.folder / folder).mkdir()
        for number in range(n_files):
            (desk.folder / folder / f"{number}").write_bytes(b"x")
            rows.append((f"{folder}/{number}", category))
    with (desk.folder / "labels.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    arguments = ("model", "evaluate", "--data", desk.folder, "--models", "most-frequent", "--report", "json")
    (seen,) = desk.here(*arguments).json["models"]
    (parted,) = desk.here(*arguments, "--split", "0.5").json["models"]
    assert (seen["strict_accuracy"], parted["strict_accuracy"]) == (0.6, 0.0)
    assert {each["label"] for each in parted["mistakes"]} | set(parted["classes"]) == {
        "technical_script",
        "technical_log",
    }


def test_a_file_that_is_listed_twice_is_in_one_part(desk: Desk, labelled: Path) -> None:
    (labelled / "twice.csv").write_text("path,category\n" + "a/run.sh,technical_script\nb/who.xyz,archive\n" * 3)
    arguments = ("--data", labelled / "twice.csv", "--split", "0.5", "--by", "file", "--report", "json")
    split = desk.here("model", "evaluate", *arguments).json["split"]
    assert [split[part] for part in ("train", "test")] == [{"files": 1, "groups": 1, "categories": 1}] * 2


def test_folders_are_the_groups_where_nothing_else_is_said(desk: Desk, labelled: Path) -> None:
    found = desk.here("model", "evaluate", "--data", labelled, "--split", "0.5", "--report", "json").json
    split = found["split"]
    assert (split["by"], split["train"]["groups"], split["test"]["groups"]) == ("folder", 1, 1)
    assert len(split["only_in_train"]) + len(split["only_in_test"]) == 4


def test_without_a_split_what_learns_is_said_to_have_seen_the_files(desk: Desk, labelled: Path) -> None:
    out = desk.here("model", "evaluate", "--data", labelled, "--models", "most-frequent").out
    assert "  learned from 5 files, the very files it is tested on\n" in out


def test_a_category_that_there_is_not_is_told_of_and_counts_as_wrong(desk: Desk) -> None:
    (desk.folder / "a.sh").write_bytes(b"#!/bin/sh\necho hello\n")
    (desk.folder / "labels.csv").write_bytes(b"path,category\na.sh,gardening \x1b[2Jcaf\xe9\n")
    arguments = ("model", "evaluate", "--data", desk.folder, "--models", "rules")
    found = desk.here(*arguments, "--report", "json").json
    assert found["unknown_categories"] == {"gardening \x1b[2Jcaf?": 1}
    assert found["models"][0]["strict_accuracy"] == 0.0
    for report in ("text", "html"):
        out = desk.here(*arguments, "--report", report).out
        assert "ategories that there are not, whose files count as wrong: gardening \\x1b[2Jcaf? (1)" in out
        assert "\x1b" not in out


def test_files_with_odd_names_are_found_and_those_with_impossible_ones_are_missing(desk: Desk) -> None:
    folder = os.fsencode(desk.folder)
    Path(os.fsdecode(folder + b"/\xff.sh")).write_bytes(b"#!/bin/sh\necho hello\n")
    row = b"\xff.sh,technical_script\na\0b,archive\n" + b"x" * 300 + b",archive\n\xfe,archive\n"
    (desk.folder / "labels.csv").write_bytes(b"path,category\n" + row)
    found = desk.here("model", "evaluate", "--data", desk.folder, "--models", "extensions", "--report", "json").json
    assert found["models"][0]["strict_accuracy"] == 1.0
    missing = [folder + b"/a\0b", folder + b"/" + b"x" * 300, folder + b"/\xfe"]
    assert [os.fsencode(path) for path in found["missing"]] == missing
    for report in ("text", "html"):
        out = desk.here("model", "evaluate", "--data", desk.folder, "--report", report).out
        assert "3 files of the set not there" in out
        assert "/\\xff.sh" in out or report == "text"


def test_folders_below_the_root_speak_for_a_file_as_in_a_scan(desk: Desk) -> None:
    deep = desk.folder / "Invoices" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "scan.txt").write_bytes(b"hm\n")
    (desk.folder / "labels.csv").write_text("path,category\nInvoices/a/b/c/scan.txt,financial_document\n")
    (desk.folder / "paths").write_text(f"{deep / 'scan.txt'}\n{desk.folder / 'labels.csv'}\n")
    model = desk.here("model", "evaluate", "--data", desk.folder, "--models", "rules", "--report", "json").json[
        "models"
    ]
    assert model[0]["strict_accuracy"] == 1.0
    files = desk.here("classify", "--paths-from", desk.folder / "paths", "--json").json["files"]
    assert files[0]["label"] == "financial_document"


def test_a_file_behind_a_link_is_still_labelled(desk: Desk, labelled: Path) -> None:
    (desk.folder / "link").symlink_to(labelled)
    (desk.folder / "labels.csv").write_text("path,category\nlink/a/run.sh,technical_script\n")
    model = desk.here("model", "evaluate", "--data", desk.folder, "--models", "rules", "--report", "json").json[
        "models"
    ]
    assert model[0]["strict_accuracy"] == 1.0


def test_methods_stand_side_by_side_for_people(desk: Desk, labelled: Path) -> None:
    out = desk.here("model", "evaluate", "--data", labelled, "--models", "rules,most-frequent").out
    at = out.splitlines().index("method         strict  lenient  macro F1  decided  right   of none left alone")
    assert out.splitlines()[at + 2] == ("most-frequent   0.250    0.250     0.083     0.0%    0.0%  100.0%")


def test_without_a_set_synthetic_files_are_made_told_of_and_removed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(evaluating, "N_SYNTHETIC", 1)
    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    result = desk.here("model", "evaluate", "--models", "extensions", "--report", "json")
    assert (result.json["synthetic"], result.json["models"][0]["files"]) == (True, 38)
    assert os.listdir(made) == []
    out = desk.here("model", "evaluate", "--models", "extensions").out
    assert "the files were made by the program itself, which flatters whatever learned from such" in out
    assert refusal(desk.here("model", "evaluate", "--root", made))[0].startswith("error[usage")


def test_a_method_that_is_named_twice_is_shown_once(desk: Desk, labelled: Path) -> None:
    arguments = ("--data", labelled, "--models", "extensions, extensions", "--report", "json")
    assert [each["model"] for each in desk.here("model", "evaluate", *arguments).json["models"]] == ["extensions"]


NO_REPORT_IN_PROC = (
    "the report cannot be written" if os.geteuid() == 0 else "nothing may be written into the folder of the report"
)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--models", "oracle"], "not-found", "no such way of labelling: oracle"),
        (["--models", " , "], "usage", "no way of labelling was named"),
        (["--data", "{labelled}/nothing.csv"], "bad-config", "cannot be read (No such file or directory)"),
        (["--data", "{labelled}/a"], "bad-config", "the folder has no labels.csv and no manifest.csv"),
        (["--data", "{labelled}/a/invoice.txt"], "bad-config", "no column path and no column category"),
        (["--data", "{labelled}/b/wrong.ttf"], "bad-config", "no column path and no column category"),
        (["--data", "{labelled}/empty.csv"], "bad-config", "the set names no file"),
        (["--data", "{labelled}/gone.csv"], "not-found", "none of the files of the set is there"),
        (["--root", "/nonexistent"], "not-found", "the folder of the files is not there"),
        (["--root", "{labelled}/labels.csv"], "not-found", "the folder of the files is not there"),
        (["--root", "{labelled}/a"], "not-found", "none of the files of the set is there"),
        (["--split", "0.5", "--by", "planet"], "bad-config", "the set has no column planet"),
        (["--data", "{sourced}", "--split", "0.5"], "bad-config", "all files are of one folder"),
        (
            ["--data", "{sourced}", "--split", "0.5", "--by", "gap"],
            "bad-config",
            "8 files have no gap, the first of them",
        ),
        (["--by", "folder"], "usage", "--by and --seed are about a split"),
        (["--seed", "3"], "usage", "--by and --seed are about a split"),
        (["--output", "{labelled}/nowhere/report"], "failed", "the folder of the report is not there"),
        (["--output", "{labelled}"], "usage", "there is something already, which is not overwritten"),
        (["--output", ""], "usage", "an empty name was given"),
        (["--output", "/proc/report.html"], "failed", NO_REPORT_IN_PROC),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_the_remedy(
    desk: Desk, labelled: Path, sourced: Path, arguments: list[str], code: str, words: str
) -> None:
    (labelled / "empty.csv").write_text("path,category\n")
    (labelled / "gone.csv").write_text("path,category\ngone,archive\n")
    given = [each.format(labelled=labelled, sourced=sourced) for each in arguments]
    lines = refusal(desk.here("model", "evaluate", *([] if "--data" in given else ["--data", labelled]), *given))
    assert lines[0].startswith(f"error[{code}"), lines
    assert words in lines[0]
    assert lines[1].startswith("  hint: ")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--threshold", value) for value in ("1.01", "-0.1", "nan", "much")),
        *(("--split", value) for value in ("0", "1", "nan")),
        ("--seed", "-1"),
        ("--report", "pdf"),
    ],
)
def test_a_number_out_of_its_range_is_refused(desk: Desk, labelled: Path, option: str, value: str) -> None:
    result = desk.here("model", "evaluate", "--data", labelled, option, value)
    assert (result.status, result.out) == (2, "")
    assert f"'{option}'" in result.err


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


def test_paths_come_back_as_they_were_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also below the home folder, and whatever bytes they have: a program is to open them."""
    monkeypatch.setenv("HOME", str(desk.folder))
    odd = os.path.join(os.fsencode(desk.inbox), b"a\xff,b.sh")
    Path(os.fsdecode(odd)).write_bytes(b"#!/bin/sh\necho hello\n")
    listed = desk.folder / "paths"
    listed.write_bytes(odd + b"\n")
    found = desk.run("classify", "--paths-from", listed)
    assert found.out.startswith("path,label,confidence\n" + f'"{os.fsdecode(odd)}",technical_script,')


def test_paths_that_lead_nowhere_are_told_of_beside_the_answer(desk: Desk) -> None:
    listed = desk.folder / "paths"
    listed.write_bytes(os.fsencode(desk.inbox / "run.sh") + b"\r\n" + os.fsencode(desk.inbox / "run.sh") + b"\n")
    done = desk.here("classify", "--paths-from", listed)
    assert (done.status, done.out.count(str(desk.inbox / "run.sh")), done.err) == (
        0,
        2,
        f"1 of 2 paths lead to nothing that is there, the first of them {desk.inbox}/run.sh\\x0d.\n",
    )
