"""What SQLite says, in this program's errors."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from ifmosfs.core.errors import IfmosfsError
from ifmosfs.store.trouble import translated

NO_ROOM = ("disk-full", "no space is left for the database", "make room, then run the same command again")
NO_RIGHT = (
    "failed",
    "the database cannot be opened or written (unable to open database file)",
    "set IFMOSFS_HOME to a folder that you can write to",
)


@pytest.mark.parametrize(
    ("n_blocks", "may_write", "wanted"),
    [(0, True, NO_ROOM), (255, True, NO_ROOM), (256, True, NO_RIGHT), (0, False, NO_RIGHT)],
)
def test_a_file_that_sqlite_cannot_make_on_a_full_disk_is_told_as_the_full_disk_that_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_blocks: int, may_write: bool, wanted: tuple[str, str, str]
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=n_blocks, f_frsize=4096))
    monkeypatch.setattr(os, "access", lambda *_: may_write)
    with pytest.raises(IfmosfsError) as told, translated(tmp_path / "catalogue.db"):
        sqlite3.connect(tmp_path / "none" / "catalogue.db")
    error = told.value
    assert (error.code, error.what, error.hint) == wanted
    assert error.path == os.fsencode(tmp_path / "catalogue.db")
