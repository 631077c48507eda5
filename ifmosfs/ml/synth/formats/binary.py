"""Binaries by their headers and tables: programs, disk images, game files. Valid as far as `file` and simple readers look."""

from __future__ import annotations

import struct
import zlib

from ifmosfs.ml.synth.pen import Pen

MACHINES = {"x86-64": 62, "i386": 3, "arm": 40, "aarch64": 183}


def code(pen: Pen, n: int) -> bytes:
    """What machine code looks like from afar: some bytes far more often than others, and strings between."""
    common = b"\x00\x00\x00\x48\x89\x8b\xe8\xff\x0f\x83\xc3\x24\x55\x5d\x90\x74\x75\x01\x08\x10"
    body = bytes(pen.rng.choices(common + bytes(range(256)), k=min(n, 1500)))
    return (body * (n // len(body) + 1))[:n]


def strings(pen: Pen, n: int = 30) -> bytes:
    """Names of functions, messages and files, as programs carry them."""
    patterns = (
        "«snake»",
        "_«camel»",
        "%s: «adj» «noun»\n",
        "«unixpath»",
        "lib«noun».so.«n:1-9»",
        "GCC: (Debian 1«n:0-3».2.0)",
        "_ZN«n:4-9»«Noun»«n:4-9»«camel»Ev",
        "usage: %s [«noun»]",
        "«Pascal»",
    )
    return b"\x00".join(pen.say(pen.pick(patterns)).encode() for _ in range(n)) + b"\x00"


def write_elf(pen: Pen, kind: int, size: int) -> bytes:
    """An ELF file of a kind: 1 object, 2 program, 3 shared library; with sections and a table of their names."""
    machine = MACHINES[pen.pick(("x86-64", "x86-64", "x86-64", "aarch64"))]
    names = [b"", b".text", b".rodata", b".data", b".comment", b".shstrtab"]
    table = b"".join(name + b"\x00" for name in names)
    bodies = [b"", code(pen, size), strings(pen, size // 200 + 8), bytes(32), b"GCC: (GNU) 12.2.0\x00", table]
    place, sections = 64 + (56 if kind > 1 else 0), []
    for number, body in enumerate(bodies):
        at = table.index(names[number] + b"\x00") if number else 0
        sections.append(
            struct.pack(
                "<IIQQQQIIQQ",
                at,
                (0, 1, 1, 1, 1, 3)[number],
                6 if number == 1 else 0,
                0,
                place if number else 0,
                len(body),
                0,
                0,
                1,
                0,
            )
        )
        place += len(body)
    entry = 0x401000 if kind > 1 else 0
    head = (
        b"\x7fELF\x02\x01\x01\x00"
        + bytes(8)
        + struct.pack(
            "<HHIQQQIHHHHHH",
            kind,
            machine,
            1,
            entry,
            64 if kind > 1 else 0,
            place,
            0,
            64,
            56 if kind > 1 else 0,
            int(kind > 1),
            64,
            len(names),
            5,
        )
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, place, place, 0x1000) if kind > 1 else b""
    return head + segment + b"".join(bodies) + b"".join(sections)


def write_pe(pen: Pen, *, library: bool, size: int, overlay: bytes = b"", gui: bool = True) -> bytes:
    """A Windows program or library, with what an installer appends behind it."""
    stub = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(44) + struct.pack("<I", 128)
    stub += (
        b"\x0e\x1f\xba\x0e\x00\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$".ljust(
            64, b"\x00"
        )
    )
    body = (code(pen, size) + strings(pen, 20)).ljust(512)
    body += bytes(-len(body) % 512)
    characteristics = 0x2102 if library else 0x0102
    moment = int(pen.slot("epoch", "")) & 0xFFFFFFFF
    coff = b"PE\x00\x00" + struct.pack("<HHIIIHH", 0x14C, 1, moment, 0, 0, 224, characteristics)
    optional = struct.pack("<HBBIIIIII", 0x10B, 14, 0, len(body), 0, 0, 0x1000, 0x1000, 0x2000)
    optional += struct.pack(
        "<IIIHHHHHHIIIIHHIIIIII",
        0x400000,
        0x1000,
        512,
        6,
        0,
        0,
        0,
        6,
        0,
        0,
        0x3000,
        512,
        0,
        2 if gui else 3,
        0,
        0x100000,
        0x1000,
        0x100000,
        0x1000,
        0,
        16,
    )
    optional += bytes(128)
    section = b".text\x00\x00\x00" + struct.pack(
        "<IIIIIIHHI", len(body), 0x1000, len(body), 512, 0, 0, 0, 0, 0x60000020
    )
    head = (stub + coff + optional + section).ljust(512, b"\x00")
    return head + body + overlay


def write_macho(pen: Pen, size: int) -> bytes:
    """A Mach-O file with one segment."""
    body = code(pen, size) + strings(pen)
    segment = struct.pack("<II16sQQQQiiII", 0x19, 72, b"__TEXT", 0, len(body), 0, len(body), 7, 5, 0, 0)
    return (
        struct.pack("<IIIIIIII", 0xFEEDFACF, pen.pick((0x01000007, 0x0100000C)), 3, pen.pick((1, 2, 6)), 1, 72, 0x85, 0)
        + segment
        + body
    )


def write_class(pen: Pen) -> bytes:
    """A Java class: constants, one method."""
    name = pen.say("com/«noun»/«Pascal»").encode()
    texts = [name, b"java/lang/Object", b"<init>", b"()V", b"Code", b"SourceFile", pen.say("«Pascal».java").encode()]
    texts += [pen.say("«camel»").encode() for _ in range(pen.size(4, 80))]
    pool = b"".join(b"\x01" + struct.pack(">H", len(text)) + text for text in texts)
    pool += b"\x07" + struct.pack(">H", 1) + b"\x07" + struct.pack(">H", 2) + b"\x0c" + struct.pack(">HH", 3, 4)
    n = len(texts)
    pool += b"\x0a" + struct.pack(">HH", n + 2, n + 3)
    body = struct.pack(">HHI", 1, 1, 5) + b"\x2a\xb7" + struct.pack(">H", n + 4) + b"\xb1" + struct.pack(">HH", 0, 0)
    method = struct.pack(">HHHH", 1, 3, 4, 1) + struct.pack(">HI", 5, len(body)) + body
    head = struct.pack(">IHHH", 0xCAFEBABE, 0, pen.whole(49, 65), n + 5)
    return (
        head
        + pool
        + struct.pack(">HHHHH", 0x21, n + 1, n + 2, 0, 0)
        + struct.pack(">H", 1)
        + method
        + struct.pack(">HHIH", 1, 6, 2, 7)
    )


def write_wasm(pen: Pen) -> bytes:
    """A WebAssembly module of custom sections and one type."""
    name = pen.slot("snake", "").encode()
    body = bytes([len(name)]) + name + strings(pen, 3)[: 120 - len(name)]
    return b"\x00asm\x01\x00\x00\x00" + b"\x01\x04\x01\x60\x00\x00" + b"\x00" + bytes([len(body)]) + body


def _both(value: int) -> bytes:
    """A number in both byte orders, as ISO 9660 has it."""
    return struct.pack("<I", value) + struct.pack(">I", value)


def write_iso(pen: Pen, label: str, size: int) -> bytes:
    """The volume descriptors of a CD image, after ISO 9660, and room for its files."""
    descriptor = (
        b"\x01CD001\x01\x00"
        + b" " * 32
        + label.upper().encode("ascii", "replace")[:32].ljust(32)
        + bytes(8)
        + _both(20 + size // 2048)
    )
    descriptor += (
        bytes(32)
        + struct.pack("<H", 1)
        + struct.pack(">H", 1)
        + struct.pack("<H", 1)
        + struct.pack(">H", 1)
        + struct.pack("<H", 2048)
        + struct.pack(">H", 2048)
    )
    root = b"\x22\x00" + _both(18) + _both(2048) + bytes(7) + b"\x02\x00\x00\x01\x00\x00\x01\x01\x00"
    full = (descriptor.ljust(156, b"\x00") + root).ljust(2048, b"\x00")
    return bytes(32768) + full + b"\xffCD001\x01".ljust(2048, b"\x00") + bytes(2048) + code(pen, size)


def write_rpm(pen: Pen, name: str, payload: bytes) -> bytes:
    """An RPM: lead, an empty signature, a header with the name, a payload."""
    lead = (
        b"\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01"
        + name.encode("ascii", "replace")[:65].ljust(66, b"\x00")
        + b"\x00\x01\x00\x05"
        + bytes(16)
    )
    signature = b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", 0, 0)
    store = name.encode() + b"\x00"
    header = (
        b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", 1, len(store)) + struct.pack(">IIII", 1000, 6, 0, 1) + store
    )
    return lead + signature + header + zlib.compress(payload)


def write_psd(pen: Pen, width: int, height: int, layers: list[str]) -> bytes:
    """A Photoshop file: the header, resources, the names of layers, a flat picture."""
    records = b""
    for name in layers:
        raw = name.encode("ascii", "replace")[:60]
        padded = bytes([len(raw)]) + raw
        padded += bytes(-len(padded) % 4)
        extra = struct.pack(">II", 0, 0) + padded
        records += struct.pack(">IIIIH", 0, 0, 0, 0, 3) + b"".join(
            struct.pack(">hI", channel, 2) for channel in (0, 1, 2)
        )
        records += b"8BIMnorm\xff\x00\x00\x00" + struct.pack(">I", len(extra)) + extra
    pixels = bytes(6 * len(layers))
    info = struct.pack(">h", len(layers)) + records + pixels
    info += bytes(len(info) % 2)
    layer_part = struct.pack(">I", len(info)) + info + struct.pack(">I", 0)
    resource = b"8BIM\x03\xed\x00\x00" + struct.pack(">I", 16) + struct.pack(">IHHIHH", 72 << 16, 1, 1, 72 << 16, 1, 1)
    head = b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3)
    row = bytes([129, pen.whole(0, 255)]) * (width // 128) + (
        bytes([257 - width % 128, 128]) if width % 128 > 1 else b"\x00\x80" if width % 128 else b""
    )
    counts = struct.pack(">H", len(row)) * (3 * height)
    return (
        head
        + struct.pack(">I", 0)
        + struct.pack(">I", len(resource))
        + resource
        + struct.pack(">I", len(layer_part))
        + layer_part
        + b"\x00\x01"
        + counts
        + row * (3 * height)
    )
