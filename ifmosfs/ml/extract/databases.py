"""SQLite by its schema, read from the pages of the file itself.

SQLite's own code never sees the file: it would want to open it, take locks beside it, and trust it. What stands here reads the first
tree of the file (https://www.sqlite.org/fileformat2.html), never more than `SQLITE_PAGES` pages of it, and nothing from a `-wal` file.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final

from ifmosfs.ml.extract.limits import MOST_NAMES, SQLITE_PAGES
from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.sample import Sample

_HEADER_BYTES: Final = 100
_INTERIOR, _LEAF = 0x05, 0x0D
_COLUMN: Final = re.compile(r"[(,]\s*[\"'`\[]?(\w{1,60})")
_NOT_COLUMNS: Final = frozenset({"constraint", "primary", "unique", "check", "foreign"})
_TEXT_KINDS: Final = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}


def read_sqlite(sample: Sample, notes: Notes) -> None:
    """Note the tables of a database, and the columns of the first of them."""
    head = sample.head
    if len(head) < _HEADER_BYTES:
        raise Unreadable("a database that is cut off")
    page_bytes: int = struct.unpack_from(">H", head, 16)[0]
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    if page_bytes < 512 or page_bytes & (page_bytes - 1):
        raise Unreadable("a database with an impossible page size")
    encoding = _TEXT_KINDS.get(struct.unpack_from(">I", head, 56)[0], "utf-8")
    n_tables = 0
    for record in _records(sample, page_bytes):
        kind, name, _, _, sql = (*_texts(record, encoding), "", "", "", "", "")[:5]
        if kind == "table" and not name.startswith("sqlite_"):
            n_tables += 1
            notes.member(name)
            for column in _COLUMN.findall(sql[:2000]):
                if column.lower() not in _NOT_COLUMNS:
                    notes.key(column)
    notes.number("n_tables", n_tables)


def _records(sample: Sample, page_bytes: int) -> Iterator[bytes]:
    """The records of the table of tables; each page is looked at once, however they refer to each other."""
    waiting, seen = [1], set[int]()
    while waiting and len(seen) < SQLITE_PAGES:
        number = waiting.pop(0)
        if number in seen:
            continue
        seen.add(number)
        page = sample.read_at((number - 1) * page_bytes, page_bytes)
        start = _HEADER_BYTES if number == 1 else 0
        if len(page) < start + 8:
            continue
        kind, n_cells = page[start], struct.unpack_from(">H", page, start + 3)[0]
        if kind == _INTERIOR:
            pointers = _pointers(page, start + 12, n_cells)
            waiting += [struct.unpack_from(">I", page, at)[0] for at in pointers if at + 4 <= len(page)]
            waiting += [struct.unpack_from(">I", page, start + 8)[0]] if start + 12 <= len(page) else []
        elif kind == _LEAF:
            yield from (_record(page, at) for at in _pointers(page, start + 8, n_cells))
        elif number == 1:
            raise Unreadable("a damaged database, or an encrypted one")


def _pointers(page: bytes, start: int, n: int) -> list[int]:
    n = min(n, (len(page) - start) // 2, 4 * MOST_NAMES)
    return list(struct.unpack_from(f">{n}H", page, start)) if n > 0 else []


def _record(page: bytes, at: int) -> bytes:
    length, at = _varint(page, at)
    _, at = _varint(page, at)  # the row's number
    return page[at : at + length]


def _texts(record: bytes, encoding: str) -> list[str]:
    """The first five values of a record, those that are no text as empty ones."""
    header_bytes, at = _varint(record, 0)
    values: list[str] = []
    body = header_bytes
    while at < min(header_bytes, len(record)) and len(values) < 5:
        kind, at = _varint(record, at)
        n_bytes = _n_bytes(kind)
        is_text = kind >= 13 and kind % 2 == 1
        values.append(record[body : body + n_bytes].decode(encoding, "replace") if is_text else "")
        body += n_bytes
    return values


def _n_bytes(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to nine bytes, and where the next one is."""
    value = 0
    for count in range(9):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        if count == 8:
            return (value << 8) | byte, at
        value = (value << 7) | (byte & 0x7F)
        if not byte & 0x80:
            break
    return value, at
