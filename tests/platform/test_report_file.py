"""A report is written whole, and over nothing but an earlier report; some over nothing at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ifmosfs.core.errors import IfmosfsError, UsageProblem
from ifmosfs.platform.report_file import check_new, write_new, write_report

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


def test_a_new_file_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    path = bytes(tmp_path / "page")
    check_new(path)
    write_new(path, b"one")
    for refuses in (lambda: check_new(path), lambda: write_new(path, b"two")):
        with pytest.raises(UsageProblem, match="not overwritten"):
            refuses()
    assert ((tmp_path / "page").read_bytes(), os.listdir(tmp_path)) == (b"one", ["page"])


def test_a_link_that_leads_nowhere_is_something_too(tmp_path: Path) -> None:
    (tmp_path / "page").symlink_to("nowhere")
    for refuses in (check_new, lambda path: write_new(path, b"two")):
        with pytest.raises(UsageProblem, match="not overwritten"):
            refuses(bytes(tmp_path / "page"))
    assert os.listdir(tmp_path) == ["page"]


def test_a_new_file_in_a_folder_that_is_not_there_is_refused_before_and_after(tmp_path: Path) -> None:
    path = bytes(tmp_path / "nowhere" / "page")
    with pytest.raises(IfmosfsError, match="the folder of the report is not there"):
        check_new(path)
    with pytest.raises(IfmosfsError, match="No such file or directory"):
        write_new(path, b"")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_told_of_before(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(IfmosfsError, match="nothing may be written"):
        check_new(bytes(tmp_path / "page"))
