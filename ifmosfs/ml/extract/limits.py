"""How much one file may cost, whatever its content asks for. Each limit has a test that fails without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TEXT_CHARACTERS: Final = 12_000
TEXT_BYTES: Final = 16 * 1024  # of a text that are read
FIELD_CHARACTERS: Final = 200
NAME_CHARACTERS: Final = 80  # of one member or key
MOST_NAMES: Final = 64  # members, and keys, of one file

PART_BYTES: Final = 256 * 1024  # of one part of a document, or of what a compressor unpacks, packed and unpacked
MOST_PARTS: Final = 8  # of a document that are unpacked
PDF_PAGES: Final = 3
PDF_OBJECTS: Final = 64  # looked at on each of them
MAIL_BYTES: Final = 128 * 1024
MAIL_PARTS: Final = 20
MAIL_DEPTH: Final = 8
OLE_BYTES: Final = 400 * 1024
JSON_DEPTH: Final = 3
SQLITE_PAGES: Final = 64
FONT_NAMES: Final = 64
DRAFT_PIXELS: Final = 100_000_000  # of a JPEG, which is decoded at an eighth of its size
CROP_SIDE: Final = 512  # pixels across and down of a picture that are measured at full resolution
MOST_OF_A_SIDE: Final = 4_096  # pixels of one side of a picture whose colours are counted
WHOLE_PIXELS: Final = 1_000_000  # of a JPEG that is decoded at its full size, so that nothing is averaged
FULL_PIXELS: Final = 9_000_000  # of all others: a 4K screenshot, and a little more


@dataclass(frozen=True, slots=True)
class Limits:
    """What the system enforces on a worker, which no content can talk itself out of.

    Seconds and `read_bytes` are for one file, `memory_bytes` is for the address space of the process.
    """

    wall_seconds: float = 10.0
    cpu_seconds: int = 3
    memory_bytes: int = 1 << 30
    read_bytes: int = 32 * 1024 * 1024


DEFAULT_LIMITS: Final = Limits()
