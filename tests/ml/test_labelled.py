"""Labelled sets: merged, each content once, conflicts told, provenance kept."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ifmosfs.core.errors import ConfigProblem, TargetProblem
from ifmosfs.ml.labelled import Balance, Conflict, balance, merge_sets, read_set, write_set

ONE = (
    "path,category,sha256,language\na.txt,technical_log,11,en\nb.txt,legal_document,22,de\nc.txt,legal_document,33,de\n"
)
TWO = "path,category,sha256\nx/a.txt,technical_log,11\nx/b.txt,financial_document,22\nx/d.txt,technical_log,44\n"


@pytest.fixture
def sets(tmp_path: Path) -> list[str]:
    """Two sets that share one content, and disagree on another."""
    for name, text in (("one.csv", ONE), ("two.csv", TWO)):
        (tmp_path / name).write_text(text)
    return [str(tmp_path / "one.csv"), str(tmp_path / "two.csv")]


def test_each_content_stays_once_and_what_is_contested_is_left_out(tmp_path: Path, sets: list[str]) -> None:
    merged = merge_sets(sets)
    one, two = sets
    assert [(row["path"], row["category"], row["source"], row["source_row"]) for row in merged.rows] == [
        (str(tmp_path / "a.txt"), "technical_log", one, "2"),
        (str(tmp_path / "c.txt"), "legal_document", one, "4"),
        (str(tmp_path / "x/d.txt"), "technical_log", two, "4"),
    ]
    assert merged.conflicts == (Conflict("22", (("legal_document", f"{one}:3"), ("financial_document", f"{two}:3"))),)
    assert (merged.n_read, merged.n_duplicates, merged.n_missing) == (6, 1, 0)


def test_the_balance_is_told_before_and_after(sets: list[str]) -> None:
    merged = merge_sets(sets)
    assert merged.before.by_category == {"financial_document": 1, "legal_document": 2, "technical_log": 3}
    assert (merged.before.imbalance, round(merged.before.variation, 4)) == (3.0, 0.4082)
    assert merged.after.by_category == {"legal_document": 1, "technical_log": 2}


def test_no_file_has_no_imbalance() -> None:
    assert balance([]) == Balance({}, 0.0, 0.0)


def test_the_merged_set_is_written_with_paths_relative_to_it_and_can_be_merged_again(
    tmp_path: Path, sets: list[str]
) -> None:
    out = tmp_path / "merged.csv"
    write_set(str(out), merge_sets(sets))
    assert out.read_text().splitlines()[:2] == [
        "path,category,sha256,source,source_row,language",
        f"a.txt,technical_log,11,{sets[0]},2,en",
    ]
    again = merge_sets([str(out)])
    assert [row["source"] for row in again.rows] == [sets[0], sets[0], sets[1]]


def test_without_a_hash_the_file_itself_is_read_and_a_missing_one_is_counted(tmp_path: Path) -> None:
    (tmp_path / "here.txt").write_bytes(b"here")
    (tmp_path / "set.csv").write_text("path,category\nhere.txt,technical_log\ngone.txt,technical_log\n")
    merged = merge_sets([str(tmp_path / "set.csv")])
    assert ([row["sha256"][:8] for row in merged.rows], merged.n_missing) == (["fcec9150"], 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("file,label\na,b\n", "no column path and no column category"),
        ("path,category\na.txt,\n", "row 2 lacks a path or a category"),
    ],
)
def test_what_is_no_labelled_set_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(ConfigProblem) as refused:
        merge_sets([str(tmp_path / "set.csv")])
    assert refused.value.what == why


def test_what_never_ends_or_cannot_be_named_counts_as_missing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "one.csv").write_text("path,category\n/dev/zero,a\npipe,a\nx\0y,a\n")
    merged = merge_sets([str(tmp_path / "one.csv")])
    assert (merged.n_read, merged.n_missing, merged.rows) == (3, 3, ())


def test_a_set_that_cannot_be_written_whole_leaves_nothing(tmp_path: Path, sets: list[str]) -> None:
    with pytest.raises(TargetProblem, match="the set cannot be written"), small_files():
        write_set(str(tmp_path / "out.csv"), merge_sets(sets))
    assert not (tmp_path / "out.csv").exists()


@contextmanager
def small_files() -> Iterator[None]:
    """No file can grow beyond a few bytes, as on a full disk; nor can what the tests print to, so only for a moment."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_set_that_is_there_is_not_overwritten(tmp_path: Path, sets: list[str]) -> None:
    with pytest.raises(TargetProblem, match="there is something already"):
        write_set(sets[0], merge_sets(sets))
    assert Path(sets[0]).read_text() == ONE


def test_names_that_are_no_utf_8_are_read_merged_and_written_as_the_bytes_that_they_are(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xe4.txt"
    Path(os.fsdecode(name)).write_bytes(b"here")
    (tmp_path / "set.csv").write_bytes(b"path,category\n\xff\xe4.txt,technical_log\n")
    assert [os.fsencode(row["path"]) for row in read_set(str(tmp_path / "set.csv"))] == [name]
    write_set(str(tmp_path / "new.csv"), merge_sets([str(tmp_path / "set.csv")]))
    assert b"\n\xff\xe4.txt,technical_log,fcec9150" in (tmp_path / "new.csv").read_bytes()


def test_a_category_that_is_no_utf_8_can_be_shown(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_bytes(b"path,category\na.txt,caf\xe9\n")
    assert [row["category"] for row in read_set(str(tmp_path / "set.csv"))] == ["caf?"]


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "path,category\na,b\n".encode("utf-16"), b""])
def test_what_is_no_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "set.csv").write_bytes(content)
    with pytest.raises(ConfigProblem, match="no column path and no column category"):
        read_set(str(tmp_path / "set.csv"))


def test_a_field_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text('path,category\n"' + "a" * 200_000)
    with pytest.raises(ConfigProblem, match="this is no CSV"):
        read_set(str(tmp_path / "set.csv"))
