"""Compound files (OLE2): the container of the old Office formats, and what of them other readers need.

A `.doc` here has the streams and the text of one, in one piece, which readers of text find; a `.xls` is a whole BIFF8 workbook.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from ifmosfs.ml.synth.blocks import Document
from ifmosfs.ml.synth.formats import plain
from ifmosfs.ml.synth.formats.ooxml import Sheet, Slide
from ifmosfs.ml.synth.pen import Pen

SECTOR: Final = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SMALLEST: Final = 4096  # smaller streams would belong into a second table, so ours are filled up
CLASSES: Final = {
    "doc": "0609020000000000c000000000000046",
    "xls": "2008020000000000c000000000000046",
    "ppt": "108d81649b4fcf1186ea00aa00b929e8",
    "": "00000000000000000000000000000000",
}


def write_compound(streams: Mapping[str, bytes], kind: str = "") -> bytes:
    """A compound file of the streams, whose root says the kind."""
    bodies = [body + bytes(max(0, SMALLEST - len(body))) for body in streams.values()]
    chains: list[int] = []
    sectors: list[bytes] = []
    start: list[int] = []
    for body in bodies:
        n = -(-len(body) // SECTOR)
        start.append(len(sectors))
        chains.extend([*range(len(sectors) + 1, len(sectors) + n), END])
        sectors.extend(body[at : at + SECTOR].ljust(SECTOR, b"\x00") for at in range(0, len(body), SECTOR))
    directory = _directory(list(streams), [len(body) for body in bodies], start, kind)
    first_directory, n_directory = len(sectors), len(directory) // SECTOR
    chains.extend([*range(first_directory + 1, first_directory + n_directory), END])
    sectors.extend(directory[at : at + SECTOR] for at in range(0, len(directory), SECTOR))
    n_fat = 1
    while len(chains) + n_fat > n_fat * 128:
        n_fat += 1
    first_fat = len(sectors)
    chains.extend([FAT] * n_fat)
    chains.extend([FREE] * (n_fat * 128 - len(chains)))
    table = struct.pack(f"<{len(chains)}I", *chains)
    return _header(first_directory, first_fat, n_fat) + b"".join(sectors) + table


def _header(first_directory: int, first_fat: int, n_fat: int) -> bytes:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, n_fat, first_directory, 0, SMALLEST, END, 0, END, 0)
    places = [*range(first_fat, first_fat + n_fat)][:109]
    return head + struct.pack("<109I", *places, *[FREE] * (109 - len(places)))


def _directory(names: list[str], sizes: list[int], start: list[int], kind: str) -> bytes:
    order = sorted(range(len(names)), key=lambda at: (len(names[at]), names[at].upper()))
    right = dict(pairwise(order))
    rows = [_entry("Root Entry", 5, FREE, order[0] + 1 if order else FREE, END, 0, CLASSES[kind])]
    for at, name in enumerate(names):
        beside = right.get(at)
        rows.append(_entry(name, 2, FREE if beside is None else beside + 1, FREE, start[at], sizes[at], CLASSES[""]))
    while len(rows) % 4:
        rows.append(bytes(68) + struct.pack("<III", FREE, FREE, FREE) + bytes(48))
    return b"".join(rows)


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int, identity: str) -> bytes:
    raw = name.encode("utf-16-le") + b"\x00\x00"
    head = raw.ljust(64, b"\x00") + struct.pack("<HBBIII", len(raw), kind, 1, FREE, right, child)
    return head + bytes.fromhex(identity) + bytes(20) + struct.pack("<IQ", start, size)


def summary(pen: Pen, title: str, author: str, application: str) -> bytes:
    """The stream of properties that says who made it, by which program."""
    texts = {2: title, 4: author, 8: pen.slot("person", ""), 18: application}
    bodies, places, at = b"", [], 8 + 8 * (len(texts) + 1)
    for number, text in ((1, None), *texts.items()):
        body = struct.pack("<II", 2, 1252) if text is None else _property(text)
        places.append(struct.pack("<II", number, at))
        bodies += body
        at += len(body)
    section = struct.pack("<II", at, len(places)) + b"".join(places) + bodies
    identity = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")
    return struct.pack("<HHI16sI", 0xFFFE, 0, 0x00020105, bytes(16), 1) + identity + struct.pack("<I", 48) + section


def _property(text: str) -> bytes:
    raw = text.encode("cp1252", "replace") + b"\x00"
    raw += bytes(-len(raw) % 4)
    return struct.pack("<II", 30, len(raw)) + raw


def write_doc(document: Document, pen: Pen) -> bytes:
    """A text of Word 97 and later."""
    text = plain.write_text(document, pen).replace("\n", "\r")
    raw = text.encode("utf-16-le") if not text.isascii() and pen.chance(0.7) else text.encode("cp1252", "replace")
    wide = len(raw) > len(text)
    head = bytearray(0x600)
    struct.pack_into("<HHHH", head, 0, 0xA5EC, 0xC1, 0, 0x407)
    struct.pack_into("<H", head, 0x0A, 0x0200 if pen.chance(0.5) else 0)
    struct.pack_into("<II", head, 0x18, 0x600, 0x600 + len(raw))
    struct.pack_into("<I", head, 0x4C, len(text))
    place = 0x600 if wide else 0x40000000 | 0x600 * 2
    pieces = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, place, 0)
    struct.pack_into("<II", head, 0x1A2, 0, 5 + len(pieces))
    table = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    name = "1Table" if head[0x0B] & 2 else "0Table"
    application = pen.one_of("Microsoft Word 9.0|Microsoft Word 8.0|Microsoft Office Word|Microsoft Word 10.0")
    return write_compound(
        {
            "WordDocument": bytes(head) + raw,
            name: table,
            "\x05SummaryInformation": summary(pen, document.title, document.author, application),
        },
        "doc",
    )


def write_ppt(slides: Sequence[Slide], pen: Pen, title: str, author: str) -> bytes:
    """Slides of PowerPoint 97 and later: the records that hold the texts."""
    atoms = b"".join(_ppt_text(text) for slide in slides for text in (slide.title, *slide.items))
    user = struct.pack("<HHIIII", 0, 0x0FF6, 20, 20, 0xE391C05F, 0) + struct.pack("<HHBBH", 8, 0x03F4, 3, 0, 0)
    body = struct.pack("<HHI", 0x0F, 0x03E8, len(atoms)) + atoms
    return write_compound(
        {
            "Current User": user,
            "PowerPoint Document": body,
            "\x05SummaryInformation": summary(pen, title, author, "Microsoft PowerPoint"),
        },
        "ppt",
    )


def _ppt_text(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return struct.pack("<HHI", 0, 0x0FA0, len(raw)) + raw


# ---- BIFF8


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def write_xls(sheets: Sequence[Sheet], pen: Pen, title: str, author: str) -> bytes:
    """A workbook of Excel 97 and later."""
    start = (
        _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 0x07CC, 0, 6))
        + _record(0x42, struct.pack("<H", 1200))
        + _record(0x22, bytes(2))
    )
    fonts = _record(0x31, struct.pack("<HHHHHBBBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0, 5, 0) + b"Arial") * 4
    formats = _record(0xE0, struct.pack("<HHHBBBBIIH", 0, 0, 0xFFF5, 0x20, 0, 0, 0, 0, 0, 0x20C0)) * 15
    formats += _record(0xE0, struct.pack("<HHHBBBBIIH", 0, 0, 1, 0x20, 0, 0, 0, 0, 0, 0x20C0))
    bodies = [_xls_sheet(sheet) for sheet in sheets]
    names = [_xls_name(sheet.name) for sheet in sheets]
    at = len(start) + len(fonts) + len(formats) + sum(4 + 6 + len(name) for name in names) + 4
    bounds = b""
    for name, body in zip(names, bodies, strict=True):
        bounds += _record(0x85, struct.pack("<IH", at, 0) + name)
        at += len(body)
    workbook = start + fonts + formats + bounds + _record(0x0A) + b"".join(bodies)
    application = pen.one_of("Microsoft Excel|LibreOffice Calc|OpenOffice.org 3.1")
    return write_compound(
        {"Workbook": workbook, "\x05SummaryInformation": summary(pen, title, author, application)}, "xls"
    )


def _xls_name(name: str) -> bytes:
    raw = name[:31].encode("utf-16-le")
    return struct.pack("<BB", len(raw) // 2, 1) + raw


def _xls_sheet(sheet: Sheet) -> bytes:
    width = max((len(row) for row in sheet.rows), default=0)
    out = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x0DBB, 0x07CC, 0, 6))
    out += _record(0x200, struct.pack("<IIHHH", 0, len(sheet.rows), 0, width, 0))
    for at, row in enumerate(sheet.rows):
        for column, value in enumerate(row):
            if isinstance(value, str):
                raw = value[:2000].encode("utf-16-le")
                out += _record(0x204, struct.pack("<HHHHB", at, column, 15, len(raw) // 2, 1) + raw) if raw else b""
            else:
                out += _record(0x203, struct.pack("<HHHd", at, column, 15, value))
    return out + _record(0x0A)
