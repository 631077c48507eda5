"""Use case: a view takes in what others do to its plan: another mount of the same plan, or a command that could not tell it.

Whoever edits a plan writes to the catalogue, so its file is looked at now and then; only when that has changed is it read.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from ifmosfs.core.refusals import FsError

LOG: Final = logging.getLogger("ifmosfs")
LOOK_EVERY_S: Final = 0.3


class SharedView(Protocol):
    """A view of a plan that others may edit as well."""

    def reload(self) -> None:
        """Take in the edits that others have made. Raises `FsError` where they cannot be read."""
        ...


@contextmanager
def sharing(catalogue: Path, view: SharedView) -> Iterator[None]:
    """While this lasts, the view shows the edits of others soon after they were made."""
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(catalogue, view, ended), name="edits", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(catalogue: Path, view: SharedView, ended: threading.Event) -> None:
    seen = file_state(catalogue)
    while not ended.wait(LOOK_EVERY_S):
        now = file_state(catalogue)
        if now == seen:
            continue
        try:
            view.reload()
            seen = now
        except FsError as error:  # to be tried again
            LOG.warning("the edits of others cannot be taken in: %s", error)


def file_state(file: Path) -> tuple[int, int, int]:
    """What changes whenever a file is written: inode, size, modification time in ns; zeros where it is not there."""
    try:
        found = os.stat(file)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
