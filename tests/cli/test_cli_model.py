"""`model synth` and `model merge` as a person meets them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from tests.adapters.trees import read_tree
from tests.cli.command_line import Desk


def labels(path: Path) -> list[tuple[str, str]]:
    """Path and category of each row."""
    with open(path, newline="", encoding="utf-8") as file:
        return [(row["path"], row["category"]) for row in csv.DictReader(file)]


def test_a_corpus_of_some_categories_is_made_and_told(bare_desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    done = bare_desk.run(
        *f"model synth --per-category 3 --others 2 --category technical_log --category __none__ --workers 1 --output {out}".split()
    )
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("5 files of 2 categories and 5 document types, ")
    assert sorted(category for _, category in labels(out / "manifest.csv")) == ["__none__"] * 2 + ["technical_log"] * 3
    assert all((out / path).is_file() for path, _ in labels(out / "manifest.csv"))


def test_json_tells_the_counts(bare_desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    told = bare_desk.run(
        *f"model synth --per-category 2 --category web_font --workers 1 --json --output {out}".split()
    ).json
    assert (told["files"], told["categories"], told["output"]) == (2, {"web_font": 2}, str(out))
    assert told["bytes"] == sum(path.stat().st_size for path in (out / "files").rglob("*") if path.is_file())


def test_a_folder_that_is_not_empty_is_refused_with_status_2(bare_desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_bytes(b"mine")
    done = bare_desk.run(*f"model synth --per-category 1 --output {tmp_path / 'full'}".split())
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        f"error[bad-target]: the folder is not empty: {tmp_path / 'full'}\n  hint: name a new one; nothing is overwritten\n"
    )
    assert read_tree(tmp_path / "full") == {b"mine.txt": b"mine"}


def test_a_category_that_there_is_not_is_refused(bare_desk: Desk, tmp_path: Path) -> None:
    done = bare_desk.run(*f"model synth --category songs --output {tmp_path / 'corpus'}".split())
    assert (done.status, done.err.splitlines()[0]) == (2, "error[not-found]: no such category: songs")
    assert not (tmp_path / "corpus").exists()


def test_without_the_libraries_of_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['fontTools'] = None\n"
        "from ifmosfs.cli.main import invoke\n"
        f"sys.exit(invoke(['model', 'synth', '--output', {str(tmp_path / 'corpus')!r}]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "IFMOSFS_HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (
        6,
        "error[backend-missing]: the corpus needs libraries that are not installed\n  hint: pip install 'ifmosfs[synth]'\n",
    )


def test_sets_are_merged_and_the_conflict_is_told(bare_desk: Desk, tmp_path: Path) -> None:
    one, two, out = tmp_path / "one.csv", tmp_path / "two.csv", tmp_path / "out.csv"
    one.write_text("path,category,sha256\na,technical_log,11\nb,legal_document,22222222222222\n")
    two.write_text("path,category,sha256\nc,technical_log,11\nd,web_page,22222222222222\n")
    done = bare_desk.run(*f"model merge {one} {two} --output {out}".split())
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "4 rows read, 1 kept, 1 duplicate\n"
        f"conflict 222222222222: legal_document ({one}:3), web_page ({two}:3)\n"
        "before: 3 categories, imbalance 2.00, variation 0.35\n"
        "after: 1 category, imbalance 1.00, variation 0.00\n"
        "  legal_document                 1       0\n"
        "  technical_log                  2       1\n"
        "  web_page                       1       0\n"
    )
    assert labels(out) == [("a", "technical_log")]


def test_merging_tells_json_on_demand(bare_desk: Desk, tmp_path: Path) -> None:
    one, out = tmp_path / "one.csv", tmp_path / "out.csv"
    one.write_text("path,category,sha256\na,technical_log,11\nb,legal_document,22\n")
    told = bare_desk.run(*f"model merge {one} --output {out} --json".split()).json
    whole = {
        "categories": {"legal_document": 1, "technical_log": 1},
        "imbalance_ratio": 1.0,
        "coefficient_of_variation": 0.0,
    }
    assert told == {
        "output": str(out),
        "read": 2,
        "kept": 2,
        "duplicates": 0,
        "missing": 0,
        "conflicts": [],
        "before": whole,
        "after": whole,
    }


def test_a_missing_set_is_refused(bare_desk: Desk, tmp_path: Path) -> None:
    done = bare_desk.run(*f"model merge {tmp_path / 'none.csv'} --output {tmp_path / 'out.csv'}".split())
    assert (done.status, done.err) == (
        2,
        (
            f"error[bad-config]: the labelled set cannot be read (No such file or directory): {tmp_path / 'none.csv'}\n"
            "  hint: name a CSV with the columns path and category\n"
        ),
    )
    assert not (tmp_path / "out.csv").exists()
