"""Archives by their listing: ZIP, tar, what a single-file compressor holds, RAR and 7z as far as names lie open.

Nothing is ever unpacked but the beginning of a compressed stream, up to a bound, in order to see the names in it.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Final

from ifmosfs.ml.decoding import decode
from ifmosfs.ml.extract.limits import MOST_NAMES, PART_BYTES
from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.sample import Sample
from ifmosfs.ml.zip_members import count_members, list_members

BLOCK: Final = 512
_LZMA_BYTES: Final = 64 * 1024 * 1024  # of memory: a stream may ask for 4 GiB
_GZIP_NAME, _GZIP_MORE = 0x08, 0x04


def read_zip(sample: Sample, notes: Notes) -> None:
    """Note the members of a ZIP file."""
    members = list_members(sample)
    notes.number("n_members", count_members(sample) or len(members))
    for member in members:
        notes.member(member.name)
    if not members:
        raise Unreadable("the directory of the ZIP file cannot be read")


def read_tar(sample: Sample, notes: Notes) -> None:
    """Note the members of a tar file."""
    _walk_tar(sample.read_at, sample.size_bytes, notes)


def _walk_tar(read_at: Callable[[int, int], bytes], size_bytes: int, notes: Notes) -> None:
    position = n_seen = 0
    while position + BLOCK <= size_bytes and n_seen < 4 * MOST_NAMES:
        header = read_at(position, BLOCK)
        if len(header) < BLOCK or not header.strip(b"\0"):
            break
        length = _octal(header[124:136])
        if length is None or _octal(header[148:156]) is None:
            raise Unreadable("a damaged tar file")
        if header[156:157] not in b"xgLK":  # the headers that only tell of the next
            prefix = header[345:500] if header[257:263] == b"ustar\0" else b""
            name = b"/".join(part.split(b"\0")[0] for part in (prefix, header[:100]) if part.strip(b"\0"))
            notes.member(name.decode("utf-8", "replace"))
        n_seen += 1
        position += BLOCK + -(-length // BLOCK) * BLOCK
    notes.number("n_members", n_seen)


def _octal(digits: bytes) -> int | None:
    """A number of a tar header, `None` if it is none: octal, or binary where the first bit is set."""
    if digits[:1] >= b"\x80":
        return int.from_bytes(digits[1:], "big") & ((1 << 62) - 1)
    plain = digits.strip(b" \0")
    try:
        return int(plain or b"0", 8)
    except ValueError:
        return None


def read_packed(sample: Sample, notes: Notes) -> None:
    """Note what a gzip, bzip2 or xz file holds: the members of a tar file in it, else the beginning of its text."""
    unpack = _unpacker(sample, notes)
    try:
        content = unpack(sample.beginning(PART_BYTES), PART_BYTES)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
        raise Unreadable(f"damaged, or not what it begins like: {error}") from error
    if content[257:262] == b"ustar":
        _walk_tar(lambda offset, n: content[offset : offset + n], len(content), notes)
        return
    text = decode(content)
    if text:
        notes.text(text)


def _unpacker(sample: Sample, notes: Notes) -> Callable[[bytes, int], bytes]:
    head = sample.head
    if head.startswith(b"\x1f\x8b"):
        flags = head[3] if len(head) > 10 else 0
        if flags & _GZIP_NAME and not flags & _GZIP_MORE:
            notes.field("packed_name", head[10:266].split(b"\0")[0].decode("utf-8", "replace"))
        return zlib.decompressobj(zlib.MAX_WBITS + 16).decompress
    if head.startswith(b"BZh"):
        return bz2.BZ2Decompressor().decompress
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_BYTES).decompress


def read_rar(sample: Sample, notes: Notes) -> None:
    """Note the names in a RAR file, version 4 or 5, that are not encrypted."""
    names = _rar5(sample) if sample.head.startswith(b"Rar!\x1a\x07\x01\x00") else _rar4(sample)
    for name in names:
        notes.member(name.decode("utf-8", "replace"))
    notes.number("n_members", notes.n_members)


def _rar4(sample: Sample) -> list[bytes]:
    names: list[bytes] = []
    position = 7
    for _ in range(4 * MOST_NAMES):
        header = sample.read_at(position, 32 + 1024)
        if len(header) < 7:
            break
        kind, flags, length = header[2], *struct.unpack_from("<HH", header, 3)
        added = struct.unpack_from("<I", header, 7)[0] if (flags & 0x8000 or kind == 0x74) and len(header) >= 11 else 0
        if kind == 0x74 and len(header) >= 32:
            start = 32 + (8 if flags & 0x100 else 0)
            n_bytes = struct.unpack_from("<H", header, 26)[0]
            names.append(header[start : start + n_bytes].split(b"\0")[0])
        if length < 7:
            break
        position += length + added
    return names


def _rar5(sample: Sample) -> list[bytes]:
    names: list[bytes] = []
    position = 8
    for _ in range(4 * MOST_NAMES):
        header = sample.read_at(position, 2048)
        numbers, at = _vints(header, 4, 3)  # after the checksum: size of the header, kind, flags
        if len(numbers) < 3 or not numbers[0]:
            break
        size, kind, flags = numbers
        start = _vints(header, 4, 1)[1]
        sizes, at = _vints(header, at, flags & 1 if not flags & 2 else (flags & 1) + 1)
        if kind == 2:
            name = _rar5_name(header, at)
            names += [name] if name else []
        if kind == 5:
            break
        position += start + size + (sizes[-1] if flags & 2 and sizes else 0)
    return names


def _rar5_name(header: bytes, at: int) -> bytes:
    (flags, *_), at = _vints(header, at, 3) if len(header) > at else ([0], at)
    at += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)
    numbers, at = _vints(header, at, 3)  # compression, system, length of the name
    return header[at : at + numbers[2]] if len(numbers) == 3 else b""


def _vints(data: bytes, at: int, n: int) -> tuple[list[int], int]:
    """`n` numbers of 7 bits per byte, fewer where the data end, and where the next byte is."""
    numbers: list[int] = []
    for _ in range(n):
        value = shift = 0
        while at < len(data) and shift < 63:
            byte = data[at]
            value |= (byte & 0x7F) << shift
            shift += 7
            at += 1
            if not byte & 0x80:
                numbers.append(value)
                break
        else:
            break
    return numbers, at


def read_7z(sample: Sample, notes: Notes) -> None:
    """Note the names in a 7z file whose header is not packed itself, as it mostly is."""
    if len(sample.head) < 32:
        raise Unreadable("a 7z file that is cut off")
    offset, size = struct.unpack_from("<QQ", sample.head, 12)
    header = sample.read_at(32 + offset, min(size, PART_BYTES)) if offset < 1 << 62 else b""
    if header[:1] == b"\x01":
        for name in _7z_names(header):
            notes.member(name)
        notes.number("n_members", notes.n_members)
    elif header[:1] != b"\x17":
        raise Unreadable("a 7z file whose header cannot be found")


def _7z_names(header: bytes) -> list[str]:
    """The names where the property 0x11 holds them: its number, its size, a zero, and UTF-16 with a NUL after each name."""
    at = header.find(b"\x11")
    while at >= 0:
        size, start = _7z_number(header, at + 1)
        names = header[start + 1 : start + size]
        if size > 2 and header[start : start + 1] == b"\0" and len(names) == size - 1 and names.endswith(b"\0\0"):
            return names.decode("utf-16-le", "replace").split("\0")[:MOST_NAMES]
        at = header.find(b"\x11", at + 1)
    return []


def _7z_number(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to three bytes, and where the next one is; (0, at) where it would be longer."""
    first = data[at] if at < len(data) else 0xFF
    if first < 0x80:
        return first, at + 1
    if first < 0xC0:
        return (first & 0x3F) << 8 | data[at + 1] if at + 1 < len(data) else 0, at + 2
    if first < 0xE0:
        low = int.from_bytes(data[at + 1 : at + 3], "little")
        return (first & 0x1F) << 16 | low, at + 3
    return 0, at
