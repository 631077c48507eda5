"""Use case: a view takes in what others do to its plan: another mount of the same plan, or a command that could not tell it.

Whoever edits a plan writes to the catalogue, so its file is looked at now and then; only when that has changed is it read.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ifmosfs.app.mounting import OPEN_STATES
from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.refusals import FsError

if TYPE_CHECKING:
    from ifmosfs.store.catalogue import Catalogue

LOG: Final = logging.getLogger("ifmosfs")
LOOK_EVERY_S: Final = 0.3
TICK_NS: Final = 100_000_000  # two writes so near to each other may leave a file with the same time


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


class CommitBegun:
    """Whether the commit of a plan has begun. A view asks this for every file that is not at its source, so the catalogue is read only
    after its file has been written."""

    def __init__(self, catalogue: Catalogue, file: Path, plan_id: str) -> None:
        """`file` is the catalogue's."""
        self._catalogue = catalogue
        self._file = file
        self._plan_id = plan_id
        self._last: tuple[tuple[int, int, int] | None, bool] = None, False  # as the file was, and what it said

    def __call__(self) -> bool:
        """What the catalogue says, or what it has said last where it cannot be read."""
        before, has_begun = self._last
        now = file_state(self._file)
        if now == before:
            return has_begun
        try:
            has_begun = self._catalogue.find_plan(self._plan_id).state not in OPEN_STATES
        except IfmosfsError as error:
            LOG.warning("whether the commit has begun cannot be told: %s", error)
            return has_begun
        self._last = (now if time.time_ns() - now[2] > TICK_NS else None), has_begun
        return has_begun


def file_state(file: Path) -> tuple[int, int, int]:
    """What changes whenever a file is written: inode, size, modification time in ns; zeros where it is not there."""
    try:
        found = os.stat(file)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
