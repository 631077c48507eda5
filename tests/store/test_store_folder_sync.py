"""A database is not taken for durable before its own name is: SQLite passes over an error there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.core.errors import DiskFailed
from ifmosfs.store.catalogue import open_catalogue
from ifmosfs.store.journal import open_journal


@pytest.mark.parametrize("opened", [open_journal, open_catalogue])
def test_a_folder_that_cannot_be_synced_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[Path], object]
) -> None:
    real = os.fsync

    def failing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(DiskFailed):
        opened(tmp_path)
