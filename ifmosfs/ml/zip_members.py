"""What is inside a ZIP file, by the names of its members; and single members, inflated within bounds.

Only the end of the file is read, never more members are listed than `MOST_MEMBERS`, and never more is inflated than asked for,
whatever the sizes in the headers claim.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ifmosfs.ml.sample import HEAD_BYTES, TAIL_BYTES, Sample

MOST_MEMBERS: Final = 300
DIRECTORY_BYTES: Final = 32 * 1024
_END: Final = struct.Struct("<4s4H2IH")
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8

_ODF: Final = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/vnd.oasis.opendocument.graphics": "zip:odg",
    b"application/epub+zip": "ebook",
    b"application/x-krita": "zip:krita",
    b"application/vnd.adobe.indesign-idml-package": "zip:idml",
}
# (what a member's name starts with, what it ends with, format), the most telling first
_TELLING: Final = (
    ("word/document", ".xml", "docx"),
    ("xl/workbook", "", "xlsx"),
    ("ppt/presentation", "", "pptx"),
    ("visio/", "", "zip:drawing"),
    ("AndroidManifest.xml", "", "zip:apk"),
    ("Payload/", "Info.plist", "zip:ipa"),
    ("AppxManifest.xml", "", "zip:appx"),
    ("3D/", ".model", "zip:3mf"),
    ("Document.xml", "", "zip:fcstd"),
    ("META-INF/mozilla.rsa", "", "zip:xpi"),
    ("install.rdf", "", "zip:xpi"),
    ("EGG-INFO/", "", "zip:egg"),
    ("pack.mcmeta", "", "zip:minecraft"),
    ("level.dat", "", "zip:minecraft"),
    ("maps/", ".bsp", "zip:quake"),
    ("doc.kml", "", "zip:kmz"),
    ("", ".mscx", "score"),
    ("", ".musicxml", "score"),
    ("Content/score.gpif", "", "score"),
    ("document.json", "", "zip:sketch"),
    ("Index/Presentation", "", "keynote"),
    ("", ".dist-info/WHEEL", "zip:wheel"),
    ("", ".npy", "zip:npz"),
    ("META-INF/MANIFEST.MF", "", "zip:jar"),
    ("", ".class", "zip:jar"),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its name, and where and how its bytes are stored."""

    name: str
    method: int
    compressed_bytes: int
    header_offset: int


def list_members(sample: Sample) -> tuple[Member, ...]:
    """The first members of the central directory; none if the file has no readable one."""
    end = _end(sample)
    return tuple(_entries(sample.read_at(end[6], min(end[5], DIRECTORY_BYTES)))) if end else ()


def count_members(sample: Sample) -> int:
    """How many members there are, as the file says."""
    end = _end(sample)
    return int(end[4]) if end else 0


def _end(sample: Sample) -> tuple[Any, ...] | None:
    """The fields of the record at the end of the file."""
    ending = sample.head + sample.tail if sample.size_bytes <= HEAD_BYTES + TAIL_BYTES else sample.tail
    position = ending.rfind(b"PK\x05\x06")
    return _END.unpack_from(ending, position) if 0 <= position <= len(ending) - _END.size else None


def _entries(directory: bytes) -> list[Member]:
    members: list[Member] = []
    position = 0
    while len(members) < MOST_MEMBERS and position + _ENTRY.size <= len(directory):
        field = _ENTRY.unpack_from(directory, position)
        if field[0] != b"PK\x01\x02":
            break
        start = position + _ENTRY.size
        name = directory[start : start + field[10]].decode("utf-8", "replace")
        members.append(Member(name, field[4], field[8], field[16]))
        position = start + field[10] + field[11] + field[12]
    return members


def read_member(sample: Sample, member: Member, n_bytes: int) -> bytes:
    """The first `n_bytes` of a member's content; as much as there is of it where it is damaged."""
    header = sample.read_at(member.header_offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        return b""
    field = _LOCAL.unpack(header)
    start = member.header_offset + _LOCAL.size + field[9] + field[10]
    packed = sample.read_at(start, min(member.compressed_bytes, n_bytes))
    if member.method == _STORED:
        return packed
    if member.method != _DEFLATED:
        return b""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, n_bytes)
    except zlib.error:
        return b""


def recognise_zip(sample: Sample, members: Sequence[Member]) -> str:
    """The format that the members make up; `zip` where they tell of none."""
    first = sample.head[30:110]
    if first.startswith(b"mimetype"):
        for mime, name in _ODF.items():
            if first[8:].startswith(mime):
                return name
    names = [member.name for member in members]
    for start, end, format_name in _TELLING:
        if any(name.startswith(start) and name.endswith(end) for name in names):
            return format_name
    return "score" if _is_musicxml(names) else "zip"


def _is_musicxml(names: Sequence[str]) -> bool:
    """Whether a container names one XML file and holds no book: packed MusicXML."""
    return "META-INF/container.xml" in names and not any(name.endswith(".opf") for name in names)
