"""Fonts by their table of names: TrueType, OpenType, collections of them, WOFF."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from ifmosfs.ml.extract.limits import FONT_NAMES, PART_BYTES
from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.sample import Sample

_MOST_TABLES: Final = 64
_NAMES: Final = {1: "family", 2: "style", 4: "title", 8: "foundry", 9: "author"}
_WINDOWS: Final = 3

Tables = dict[bytes, tuple[int, int, int]]  # tag -> offset, length as stored, length unpacked


def read_font(sample: Sample, notes: Notes) -> None:
    """Note what a font is called. Of WOFF2, and of bitmap and PostScript fonts, nothing is."""
    head = sample.head
    if head.startswith(b"wOFF"):
        tables = _woff_tables(sample)
    elif head.startswith((b"\0\1\0\0", b"OTTO", b"true")):
        tables = _tables(sample, 0)
    elif head.startswith(b"ttcf") and len(head) >= 16:
        tables = _tables(sample, struct.unpack_from(">I", head, 12)[0])
    else:
        return
    maximum = _table(sample, tables, b"maxp")
    if len(maximum) >= 6:
        notes.number("n_glyphs", struct.unpack_from(">H", maximum, 4)[0])
    names = _table(sample, tables, b"name")
    if len(names) < 6:
        raise Unreadable("a font without a table of names")
    _note_names(names, notes)


def _tables(sample: Sample, start: int) -> Tables:
    head = sample.read_at(start, 12 + 16 * _MOST_TABLES)
    if len(head) < 12:
        return {}
    n = min(struct.unpack_from(">H", head, 4)[0], _MOST_TABLES, (len(head) - 12) // 16)
    entries = [struct.unpack_from(">4sIII", head, 12 + 16 * number) for number in range(n)]
    return {tag: (offset, length, length) for tag, _, offset, length in entries}


def _woff_tables(sample: Sample) -> Tables:
    head = sample.read_at(0, 44 + 20 * _MOST_TABLES)
    if len(head) < 44:
        return {}
    n = min(struct.unpack_from(">H", head, 12)[0], _MOST_TABLES, (len(head) - 44) // 20)
    entries = [struct.unpack_from(">4sIIII", head, 44 + 20 * number) for number in range(n)]
    return {tag: (offset, packed, length) for tag, offset, packed, length, _ in entries}


def _table(sample: Sample, tables: Tables, tag: bytes) -> bytes:
    offset, stored, length = tables.get(tag, (0, 0, 0))
    data = sample.read_at(offset, min(stored, PART_BYTES)) if stored else b""
    if stored >= length:
        return data
    try:
        return zlib.decompressobj().decompress(data, min(length, PART_BYTES))
    except zlib.error as error:
        raise Unreadable("a damaged font") from error


def _note_names(table: bytes, notes: Notes) -> None:
    n_names, strings = struct.unpack_from(">HH", table, 2)
    n = min(n_names, FONT_NAMES, (len(table) - 6) // 12)
    for number in range(n):
        platform, _, _, kind, length, offset = struct.unpack_from(">6H", table, 6 + 12 * number)
        raw = table[strings + offset : strings + offset + length]
        if kind in _NAMES:
            notes.field(_NAMES[kind], raw.decode("mac_roman" if platform == 1 else "utf-16-be", "replace"))
