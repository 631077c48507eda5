"""The folder that holds the catalogue and the journal."""

from __future__ import annotations

import os
from pathlib import Path


def make_state_folder(folder: Path) -> None:
    """Make the folder (mode 0700) and what is missing above it, durably: SQLite syncs only the folder that its file is in.

    Raises OSError.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in reversed(missing):
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder are durable. Raises OSError.

    SQLite does so as well for a file it has made, but takes no notice of an error.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
