"""Filesystems made for a benchmark: an image in a file, mounted for as long as a block lasts. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# A small file, its names, and its rows in the databases for every round; images are sparse.
BYTES_PER_FILE: Final = 32 << 10
LEAST_BYTES: Final = 1 << 30

_MAKE: Final[Mapping[str, Sequence[str]]] = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-i", "4096"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}
KINDS: Final = tuple(_MAKE)


@contextmanager
def loop_filesystem(kind: str, n_files: int, parent: Path | None = None) -> Iterator[Path]:
    """The mount point of a new filesystem with room for so many small files; nothing of it is left afterwards.

    Raises PermissionError where the user is not root, CalledProcessError where it cannot be made.
    """
    if os.geteuid() != 0:
        raise PermissionError("only root may mount an image")
    folder = Path(tempfile.mkdtemp(prefix=f"ifmosfs-{kind}-", dir=parent))
    image, point = folder / "image", folder / "mounted"
    try:
        point.mkdir()
        with image.open("wb") as file:
            file.truncate(max(LEAST_BYTES, n_files * BYTES_PER_FILE))
        subprocess.run([*_MAKE[kind], str(image)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(point)], check=True, capture_output=True)
        try:
            yield point
        finally:
            subprocess.run(["umount", str(point)], check=True, capture_output=True)
    finally:
        if not point.is_mount():
            shutil.rmtree(folder)
