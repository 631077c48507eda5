"""Archives and packed containers with fixed times: ZIP, TAR, 7z and single compressed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final, Literal

from ifmosfs.ml.synth.pen import Pen

EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def write_zip(
    members: Mapping[str, bytes | str],
    *,
    stored: frozenset[str] = frozenset(),
    when: tuple[int, ...] = EPOCH,
    unix: bool = False,
) -> bytes:
    """A ZIP of the members in their order; those in `stored` are not compressed (as ODF wants of `mimetype`)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, when)  # type: ignore[arg-type]  # six numbers
            entry.create_system = 3 if unix else 0
            entry.external_attr = (0o100644 << 16) if unix else 0
            entry.compress_type = zipfile.ZIP_STORED if name in stored or name.endswith("/") else zipfile.ZIP_DEFLATED
            packed.writestr(entry, data)
    return out.getvalue()


def zip_time(pen: Pen) -> tuple[int, ...]:
    """The pen's clock, as a ZIP keeps it."""
    now = pen.now
    return (now.year, now.month, now.day, now.hour, now.minute, now.second // 2 * 2)


Mode = Literal["", "gz", "bz2", "xz"]


def write_tar(members: Mapping[str, bytes | str], pen: Pen, mode: Mode = "") -> bytes:
    """A TAR of the members, compressed by the mode."""
    out = io.BytesIO()
    owner, moment = pen.pick(("root", "user", "", "builder")), int(pen.slot("epoch", ""))
    with tarfile.open(
        fileobj=out, mode="w", format=pen.pick((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    ) as packed:
        for name, data in members.items():
            raw = data.encode() if isinstance(data, str) else data
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.uname, entry.gname = len(raw), moment, owner, owner
            entry.mode = 0o644
            packed.addfile(entry, io.BytesIO(raw))
    return compress(out.getvalue(), mode)


def compress(data: bytes, mode: Mode, name: str = "") -> bytes:
    """The data, compressed."""
    if mode == "gz":
        return write_gzip(data, name)
    if mode == "bz2":
        return bz2.compress(data)
    if mode == "xz":
        return lzma.compress(data, preset=1)
    return data


def write_gzip(data: bytes, name: str = "") -> bytes:
    """A gzip file without a time."""
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", 6, out, mtime=0) as packed:
        packed.write(data)
    return out.getvalue()


def write_7z(members: Mapping[str, bytes | str], *, packed: bool = True) -> bytes:
    """A 7z archive of one solid LZMA block, or of a copied one, after `7zFormat.txt`."""
    bodies = [data.encode() if isinstance(data, str) else data for data in members.values()]
    plain = b"".join(bodies)
    coder, stream = _lzma_coder(plain) if packed else (b"\x01\x00", plain)
    header = _seven_header(list(members), bodies, coder, stream, plain)
    start = struct.pack("<QQI", len(stream), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + stream + header


def _lzma_coder(plain: bytes) -> tuple[bytes, bytes]:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]
    stream = lzma.compress(plain, format=lzma.FORMAT_RAW, filters=filters)
    return b"\x23\x03\x01\x01\x05\x5d" + struct.pack("<I", 1 << 16), stream


def _seven_number(value: int) -> bytes:
    """A number as 7z packs it: the first byte tells how many follow."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF << (8 - extra)) & 0xFF | value >> (8 * extra)
            return bytes([first]) + (value & ((1 << 8 * extra) - 1)).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


def _seven_header(names: list[str], bodies: list[bytes], coder: bytes, stream: bytes, plain: bytes) -> bytes:
    number = _seven_number
    pack = b"\x06" + number(0) + number(1) + b"\x09" + number(len(stream)) + b"\x00"
    folder = b"\x07\x0b\x01\x00" + b"\x01" + coder + b"\x0c" + number(len(plain)) + b"\x00"
    sizes = b"".join(number(len(body)) for body in bodies[:-1])
    sums = b"".join(struct.pack("<I", zlib.crc32(body)) for body in bodies)
    parts = b"\x08\x0d" + number(len(bodies)) + (b"\x09" + sizes if sizes else b"") + b"\x0a\x01" + sums + b"\x00"
    listed = b"\x00" + b"".join(name.encode("utf-16-le") + b"\x00\x00" for name in names)
    files = b"\x05" + number(len(names)) + b"\x11" + number(len(listed)) + listed + b"\x00"
    return b"\x01\x04" + pack + folder + parts + b"\x00" + files + b"\x00"


def write_ar(members: Mapping[str, bytes], moment: int = 0) -> bytes:
    """An `ar` archive, as static libraries and Debian packages are."""
    out = bytearray(b"!<arch>\n")
    for name, data in members.items():
        out += f"{name:<16}{moment:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data
        if len(data) % 2:
            out += b"\n"
    return bytes(out)


def write_cpio(members: Mapping[str, bytes]) -> bytes:
    """A cpio archive in the new portable format."""
    out = bytearray()
    for inode, (name, data) in enumerate([*members.items(), ("TRAILER!!!", b"")], 1):
        raw = name.encode() + b"\x00"
        fields = (inode, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
        out += b"070701" + b"".join(b"%08X" % value for value in fields) + raw
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)
