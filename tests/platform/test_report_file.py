"""A report is written whole, and over nothing but an earlier report."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ifmosfs.core.errors import IfmosfsError, UsageProblem
from ifmosfs.platform.report_file import write_report

MARK = b"report of ours"


def test_a_report_is_made_and_made_anew(tmp_path: Path) -> None:
    path = bytes(tmp_path / "report")
    for content in (MARK + b" 1", MARK + b" 2"):
        write_report(path, content, MARK)
        assert (tmp_path / "report").read_bytes() == content
    assert os.listdir(tmp_path) == ["report"]


@pytest.mark.parametrize("what", ["file", "folder", "symlink", "pipe"])
def test_what_is_no_report_is_left_as_it_is(tmp_path: Path, what: str) -> None:
    path = tmp_path / "report"
    (tmp_path / "other").write_bytes(MARK)
    make = {
        "file": lambda: path.write_bytes(b"mine"),
        "folder": path.mkdir,
        "symlink": lambda: path.symlink_to("other"),
        "pipe": lambda: os.mkfifo(path),
    }
    make[what]()
    before = os.lstat(path)
    with pytest.raises(UsageProblem, match="not overwritten"):
        write_report(bytes(path), MARK, MARK)
    assert (os.lstat(path).st_ino, sorted(os.listdir(tmp_path))) == (before.st_ino, ["other", "report"])


def test_a_folder_that_is_not_there_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(IfmosfsError, match="No such file or directory"):
        write_report(bytes(tmp_path / "nowhere" / "report"), MARK, MARK)
