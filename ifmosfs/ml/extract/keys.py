"""The key by which an extract, or a person's word, is remembered: that of the content, wherever the file lies and whatever its name.

Up to `WHOLE_BYTES` it is the BLAKE3 hash of all bytes. Of what is larger, it is that of the size and of `N_PIECES` pieces at equal
distances, the first and the last bytes among them: two large files of the same size that differ only between these pieces are taken
for equal. What is remembered is only what helps to tell what a file is, never anything by which bytes are moved or removed.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from blake3 import blake3

from ifmosfs.ml.extract.values import VERSION

WHOLE_BYTES: Final = 256 * 1024
PIECE_BYTES: Final = 32 * 1024
N_PIECES: Final = 6
LIBRARIES: Final = ("pypdfium2", "pillow", "tinytag")


@cache
def extractor_name() -> str:
    """This version of the extractors, and of the libraries below them: with another one, what was remembered counts no more."""
    from importlib import metadata  # which costs more to load than all the rest here

    return "/".join((str(VERSION), *(metadata.version(name) for name in LIBRARIES)))


def content_key(descriptor: int, size_bytes: int, format_name: str = "") -> bytes:
    """The key of an open file's content, looked at as one format, or (without one) as it is. Raises OSError as `pread` does."""
    hasher = blake3(f"{format_name} {size_bytes} ".encode())
    if size_bytes <= WHOLE_BYTES:
        hasher.update(os.pread(descriptor, WHOLE_BYTES, 0))
    else:
        step = (size_bytes - PIECE_BYTES) // (N_PIECES - 1)
        for number in range(N_PIECES):
            start = number * step if number < N_PIECES - 1 else size_bytes - PIECE_BYTES
            hasher.update(os.pread(descriptor, PIECE_BYTES, start))
    return hasher.digest()
