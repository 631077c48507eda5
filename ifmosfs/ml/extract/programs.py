"""Programs by their headers: ELF, PE, Mach-O."""

from __future__ import annotations

import struct
from typing import Final

from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.sample import Sample

_ELF_KINDS: Final = {1: "object", 2: "executable", 3: "library", 4: "core"}
_ELF_MACHINES: Final = {
    3: "x86",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    40: "arm",
    62: "x86-64",
    183: "aarch64",
    243: "riscv",
    247: "bpf",
    83: "avr",
}
_PE_MACHINES: Final = {0x14C: "x86", 0x8664: "x86-64", 0x1C0: "arm", 0x1C4: "arm", 0xAA64: "aarch64", 0x200: "ia64"}
_PE_SUBSYSTEMS: Final = {1: "native", 2: "gui", 3: "console", 10: "efi", 11: "efi", 12: "efi"}
_MACHO_MACHINES: Final = {7: "x86", 12: "arm", 18: "ppc"}
_MACHO_KINDS: Final = {1: "object", 2: "executable", 4: "core", 6: "library", 8: "library", 9: "library"}
_MOST_SECTIONS: Final = 40


def read_program(sample: Sample, notes: Notes) -> None:
    """Note what a program's header says."""
    try:
        if sample.head.startswith(b"\x7fELF"):
            _elf(sample.head, notes)
        elif sample.head.startswith(b"MZ"):
            _pe(sample, notes)
        else:
            _macho(sample.head, notes)
    except struct.error as error:
        raise Unreadable("a program whose header is cut off") from error


def _elf(head: bytes, notes: Notes) -> None:
    order = ">" if head[5:6] == b"\x02" else "<"
    kind, machine = struct.unpack_from(order + "HH", head, 16)
    notes.number("bits", 64 if head[4] == 2 else 32)
    notes.field("binary_type", _ELF_KINDS.get(kind))
    notes.field("machine", _ELF_MACHINES.get(machine, f"machine {machine}"))
    notes.number("n_sections", struct.unpack_from(order + "H", head, 60 if head[4] == 2 else 48)[0])


def _pe(sample: Sample, notes: Notes) -> None:
    start = struct.unpack_from("<I", sample.head, 60)[0]
    header = sample.read_at(start, 24 + 240 + 40 * _MOST_SECTIONS)
    if not header.startswith(b"PE\0\0"):
        notes.field("binary_type", "executable")
        notes.field("machine", "dos")
        return
    machine, n_sections, optional_bytes, flags = struct.unpack_from("<HH12xHH", header, 4)
    notes.field("machine", _PE_MACHINES.get(machine, f"machine {machine:#x}"))
    notes.field("binary_type", "library" if flags & 0x2000 else "executable")
    notes.number("n_sections", n_sections)
    is_wide = header[24:26] == b"\x0b\x02"
    notes.number("bits", 64 if is_wide else 32)
    notes.field("subsystem", _PE_SUBSYSTEMS.get(struct.unpack_from("<H", header, 24 + 68)[0]))
    managed = 24 + (112 if is_wide else 96) + 8 * 14  # the data directory of the .NET header
    notes.number("is_managed", any(header[managed : managed + 8]) and managed + 8 <= 24 + optional_bytes)
    for number in range(min(n_sections, _MOST_SECTIONS)):
        at = 24 + optional_bytes + 40 * number
        notes.key(header[at : at + 8].rstrip(b"\0").decode("ascii", "replace"))


def _macho(head: bytes, notes: Notes) -> None:
    if head.startswith(b"\xca\xfe\xba\xbe"):
        notes.field("machine", "universal")
        return
    order = "<" if head[:1] in b"\xce\xcf" else ">"
    machine, _, kind = struct.unpack_from(order + "III", head, 4)
    notes.number("bits", 64 if machine & 0x01000000 else 32)
    name = _MACHO_MACHINES.get(machine & 0xFFFFFF, f"machine {machine & 0xFFFFFF}")
    notes.field("machine", {"x86": "x86-64", "arm": "aarch64"}.get(name, name) if machine & 0x01000000 else name)
    notes.field("binary_type", _MACHO_KINDS.get(kind))
