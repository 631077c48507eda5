"""Messages by the standard library's parser, and OLE2 files (.msg, .doc, .xls, .ppt) by the text that lies open in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from typing import Final

from ifmosfs.ml.documents import without_tags
from ifmosfs.ml.extract.limits import MAIL_BYTES, MAIL_DEPTH, MAIL_PARTS, OLE_BYTES
from ifmosfs.ml.extract.values import Notes
from ifmosfs.ml.sample import Sample

CHARSETS: Final = frozenset(
    {"utf-8", "us-ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1252", "windows-1251", "koi8-r", "gb2312", "gbk",
     "gb18030", "big5", "shift_jis", "iso-2022-jp", "euc-jp", "euc-kr", "utf-16"}
)  # fmt: skip
_HEADERS: Final = {
    "Subject": "subject",
    "From": "author",
    "Date": "created",
    "X-Mailer": "producer",
    "User-Agent": "producer",
}
_SHORTEST_RUN: Final = 6
_WIDE_RUN: Final = re.compile(rb"(?:[\x20-\x7e\xa0-\xff\t\r\n]\x00){6,}")
_NARROW_RUN: Final = re.compile(rb"[\x20-\x7e\xa0-\xff\t\r\n\x07]{40,}")
_ENTRY_BYTES: Final = 128


def read_mail(sample: Sample, notes: Notes) -> None:
    """Note what a message says."""
    message = BytesParser().parsebytes(sample.beginning(MAIL_BYTES))
    for header, name in _HEADERS.items():
        notes.field(name, _decoded(message.get(header, "")))
    notes.number("n_recipients", sum(str(message.get(name, "")).count("@") for name in ("To", "Cc")))
    n_attachments = 0
    for part in _parts(message):
        attached = part.get_filename()
        if attached or part.get_content_disposition() == "attachment":
            n_attachments += 1
            notes.member(_decoded(attached or part.get_content_type()))
        elif part.get_content_maintype() == "text" and notes.characters_left > 0:
            text = _body(part)
            notes.text(without_tags(text) if part.get_content_subtype() == "html" else text)
    notes.number("n_attachments", n_attachments)


def _parts(message: Message) -> Iterator[Message]:
    """The parts that hold something, the first ones, and not those nested too deep."""
    waiting: list[tuple[Message, int]] = [(message, 0)]
    for _ in range(MAIL_PARTS):
        if not waiting:
            return
        part, depth = waiting.pop(0)
        inner = part.get_payload()
        if not isinstance(inner, list):
            yield part
        elif depth < MAIL_DEPTH:
            waiting += [(each, depth + 1) for each in inner[:MAIL_PARTS] if isinstance(each, Message)]


def _body(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode(_charset(part.get_content_charset()), "replace") if isinstance(content, bytes) else ""


def _charset(name: str | None) -> str:
    return name if name and name.lower() in CHARSETS else "cp1252"


def _decoded(value: object) -> str:
    text = str(value)[:1000]
    pieces = decode_header(text) if "=?" in text else [(text, None)]
    return " ".join(
        piece.decode(_charset(charset), "replace") if isinstance(piece, bytes) else piece for piece, charset in pieces
    )


def read_ole(sample: Sample, notes: Notes) -> None:
    """Note the names of the streams, and the readable runs, of an OLE2 file."""
    data = sample.beginning(OLE_BYTES)
    for name in _streams(data):
        notes.member(name)
    body = data[512 : _directory(data)[0]] + data[_directory(data)[1] :]
    for match in _WIDE_RUN.finditer(body):
        if notes.characters_left <= 0:
            return
        notes.text(match[0].decode("utf-16-le", "replace"))
    for match in _NARROW_RUN.finditer(body):
        if notes.characters_left <= 0:
            return
        notes.text(match[0].decode("cp1252", "replace"))


def _streams(data: bytes) -> Iterator[str]:
    """The names in the first sector of the directory."""
    start, end = _directory(data)
    for at in range(start, min(end, len(data) - _ENTRY_BYTES + 1), _ENTRY_BYTES):
        n_bytes = int.from_bytes(data[at + 64 : at + 66], "little")
        if 2 < n_bytes <= 64:
            yield data[at : at + n_bytes - 2].decode("utf-16-le", "replace")


def _directory(data: bytes) -> tuple[int, int]:
    """Where the first sector of the directory begins and ends."""
    shift, first = int.from_bytes(data[30:32], "little"), int.from_bytes(data[48:52], "little")
    return ((first + 1) << shift, (first + 2) << shift) if shift in {9, 12} else (512, 512)
