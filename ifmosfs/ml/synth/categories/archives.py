"""archive, backup_versioned, dependency_python: what is packed, and copies of other files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

from ifmosfs.ml.synth.categories.nested import borrow, some_files
from ifmosfs.ml.synth.formats.binary import write_elf
from ifmosfs.ml.synth.formats.zipped import (
    Mode,
    compress,
    write_7z,
    write_ar,
    write_cpio,
    write_gzip,
    write_tar,
    write_zip,
    zip_time,
)
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

CONTENTS = {
    "photos": "media_graphic",
    "holiday pictures": "media_graphic",
    "documents": "personal_document",
    "project": "technical_script",
    "website": "web_page",
    "invoices": "financial_document",
    "logs": "technical_log",
    "fonts": "web_font",
    "data": "technical_dataset",
    "config": "technical_config",
    "songs": "media_audio",
    "templates": "business_spreadsheet",
}
MODES: tuple[Mode, ...] = ("gz", "bz2", "xz")
FOLDERS = "Archives|zips|backup|attachments|downloads/«noun»|send"


def _content(pen: Pen) -> tuple[str, dict[str, bytes]]:
    name = pen.pick(list(CONTENTS))
    files = some_files(pen, CONTENTS[name], limit=20_000)
    inside = pen.pick(("", name + "/", pen.slot("project", "") + "/", pen.slot("project", "") + "-main/"))
    return name, {inside + path: raw for path, raw in files.items()}


def _draft(pen: Pen, name: str, raw: bytes, extension: str) -> Draft:
    stem = f"{name}|«project»-«version»|«project»-master|«noun»|{name} «year»|«Noun»_«isodate»|takeout-«ts:%Y%m%d»T«n:100000-235959»Z-00«n:1-9»|«surname»_{name}"
    return Draft(raw, extension, stem, FOLDERS)


@document("archive", languages=("en", "de", "fr", "es"), weight=3)
def zip_archive(pen: Pen) -> Draft:
    """Files in a ZIP, from Windows or Unix."""
    name, files = _content(pen)
    if pen.chance(0.15):
        files = {
            **files,
            **{
                f"__MACOSX/._{path.rpartition('/')[2]}": b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"
                for path in list(files)[:3]
            },
        }
    unix = pen.chance(0.5)
    return _draft(pen, name, write_zip(files, when=zip_time(pen), unix=unix), "zip")


@document("archive", languages=("en", "de"), weight=3, by_format=True)
def tar_archive(pen: Pen) -> Draft:
    """Files in a TAR, compressed or not."""
    name, files = _content(pen)
    mode, extension = pen.pick(
        (
            ("", "tar"),
            ("gz", "tar.gz"),
            ("gz", "tgz"),
            ("bz2", "tar.bz2"),
            ("xz", "tar.xz"),
            ("bz2", "tbz2"),
            ("xz", "txz"),
        )
    )
    return _draft(pen, name, write_tar(files, pen, mode), extension)  # type: ignore[arg-type]  # the modes are those of zipped


@document("archive", languages=("en", "de"), weight=2)
def seven_zip_archive(pen: Pen) -> Draft:
    """A solid 7z."""
    name, files = _content(pen)
    return _draft(pen, name, write_7z(files, packed=pen.chance(0.8)), "7z")


@document("archive", weight=2)
def single_compressed(pen: Pen) -> Draft:
    """One file, compressed."""
    return _compressed(pen, pen.pick(("personal_document", "technical_script")), FOLDERS)


@document("technical_dataset", weight=2)
def packed_dataset(pen: Pen) -> Draft:
    """A table or measurements, compressed: it is still what it is, to whoever needs it."""
    return _compressed(pen, "technical_dataset", "data|datasets|raw|data/raw")


@document("technical_log", weight=2)
def packed_log(pen: Pen) -> Draft:
    """A log that was put away, compressed."""
    return _compressed(pen, "technical_log", "logs|log|var/log|archive/logs")


def _compressed(pen: Pen, category: str, folder: str) -> Draft:
    draft, raw, inner = borrow(pen, category)
    while draft.extension in MODES:
        draft, raw, inner = borrow(pen, category)
    mode = pen.pick(MODES)
    name = inner.replace("«", "").replace("»", "")
    return Draft(compress(raw, mode, inner if mode == "gz" else ""), mode, name, folder)


@document("archive")
def rar_archive(pen: Pen) -> Draft:
    """A RAR of stored files, of version 4 or 5."""
    name, files = _content(pen)
    return _draft(
        pen, name, _rar4(files, pen) if pen.chance(0.6) else _rar5(files), pen.pick(("rar", "rar", "part1.rar", "cbr"))
    )


def _rar4(files: dict[str, bytes], pen: Pen) -> bytes:
    out = b"Rar!\x1a\x07\x00" + _rar4_block(0x73, 0, bytes(6))
    for path, raw in files.items():
        inner = path.encode()
        moment = pen.whole(0x28210000, 0x5A000000)
        head = (
            struct.pack("<IIBIIBBHI", len(raw), len(raw), 3, zlib.crc32(raw), moment, 20, 0x30, len(inner), 0x81A4)
            + inner
        )
        out += _rar4_block(0x74, 0x8000, head) + raw
    return out + _rar4_block(0x7B, 0x4000, b"")


def _rar4_block(kind: int, flags: int, body: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _rar5(files: dict[str, bytes]) -> bytes:
    out = b"Rar!\x1a\x07\x01\x00" + _rar5_block(b"\x01\x00\x00")
    for path, raw in files.items():
        inner = path.encode()
        body = (
            b"\x02\x02"
            + _number(len(raw))
            + b"\x04"
            + _number(len(raw))
            + _number(0o644)
            + struct.pack("<I", zlib.crc32(raw))
            + b"\x00\x01"
            + _number(len(inner))
            + inner
        )
        out += _rar5_block(body) + raw
    return out + _rar5_block(b"\x05\x00\x00")


def _rar5_block(body: bytes) -> bytes:
    sized = _number(len(body)) + body
    return struct.pack("<I", zlib.crc32(sized)) + sized


@document("archive", by_format=True)
def unix_archive(pen: Pen) -> Draft:
    """cpio, ar, and the old shell archives."""
    name, files = _content(pen)
    kind = pen.pick(("cpio", "cpio.gz", "ar", "shar"))
    if kind == "shar":
        text = "#!/bin/sh\n# This is a shell archive.\n" + "".join(
            f"echo x - {path}\nsed 's/^X//' >{path} << 'END-of-{path}'\nX{pen.slot('sentence', '')}\nEND-of-{path}\n"
            for path in files
        )
        return Draft(text + "exit\n", "shar", name)
    if kind == "ar":
        return _draft(pen, name, write_ar({path.rpartition("/")[2][:15]: raw for path, raw in files.items()}), "ar")
    raw = write_cpio(files)
    return _draft(pen, name, write_gzip(raw) if kind == "cpio.gz" else raw, kind)


@document("archive")
def cabinet(pen: Pen) -> Draft:
    """A Microsoft cabinet with one stored folder."""
    name, files = _content(pen)
    body = b"".join(files.values())[:32_000]
    entries, at = b"", 0
    for path, raw in files.items():
        if at + len(raw) <= len(body):
            entries += (
                struct.pack("<IIHHHH", len(raw), at, 0, 0x5000, 0x6000, 0x20)
                + path.encode("ascii", "replace").replace(b"/", b"\\")
                + b"\x00"
            )
            at += len(raw)
    n = entries.count(b"\x20\x00") or 1
    start = 36 + 8 + len(entries)
    block = struct.pack("<IHH", 0, len(body), len(body)) + body
    head = struct.pack(
        "<4sIIIIIBBHHHHH", b"MSCF", 0, start + len(block), 0, 44, 0, 3, 1, 1, n, 0, pen.whole(1, 9999), 0
    )
    return _draft(pen, name, head + struct.pack("<IHH", start, 1, 0) + entries + block, "cab")


# ---- backups

BACKED_UP = (
    "technical_config",
    "technical_script",
    "personal_document",
    "legal_document",
    "business_spreadsheet",
    "financial_document",
    "technical_database",
    "web_page",
    "technical_dataset",
    "personal_career",
    "game_data",
    "web_stylesheet",
)
ENDINGS = "{}.bak|{}.bak|{}~|{}~|{}.orig|{}.old|{}.save|{}.backup|{}.BAK|{}.1.bak|{}.bak«n:1-9»|{}.old«n:1-3»|{}.~«n:1-9»~|{}.sik|{}.dpkg-old|{}.rpmsave|{}.ucf-old|{}.«ts:%Y%m%d»|{}.«ts:%Y-%m-%d».bak|{}-«ts:%Y%m%d%H%M%S»|{}_bak|#{}#|{}.prev|{}.copy|{}.ORIG|{}.asv|{}.wbk"
BEFORE = "{} (old)|{}_old|{} backup «isodate»|{}_backup|backup_{}|Backup of {}|old_{}|{}_«ts:%Y%m%d»_backup|{}.previous|{} - Sicherung|{}_alt|Sicherungskopie von {}|{} version «n:1-9»|{}_v«n:1-9»_old|{}-conflict-«ts:%Y%m%d»|{} (conflicted copy «isodate»)|~{}|{}_save«n:1-9»|{}.sync-conflict-«ts:%Y%m%d-%H%M%S»-«A:7»"


def _copy(pen: Pen) -> tuple[Draft, bytes, str, str]:
    of = pen.pick(BACKED_UP)
    draft, raw, _ = borrow(pen, of)
    draft = replace(draft, also_ok=(of,))  # a person may well keep an old letter with the letters
    told = (
        pen.one_of(draft.stem)
        if draft.stem and pen.chance(0.7)
        else pen.one_of("«noun»|«untold»|«snake»|«word»«n:1-30»")
    )
    return draft, raw, told, draft.extension


@document("backup_versioned", languages=("en", "de", "fr", "es"), weight=4)
def copy_with_ending(pen: Pen) -> Draft:
    """A copy that a program or a hand left with another ending."""
    draft, raw, told, extension = _copy(pen)
    whole = f"{told}.{extension}" if extension else told
    return replace(
        draft,
        content=raw,
        stem=pen.pick(ENDINGS.split("|")).format(whole).replace("|", ""),
        extension="",
        folder="backup|old",
        fixed=pen.chance(0.9),
    )


@document("backup_versioned", languages=("en", "de", "fr", "es"), weight=3)
def copy_with_word(pen: Pen) -> Draft:
    """A copy with a word or a date in its name."""
    draft, raw, told, extension = _copy(pen)
    return replace(
        draft,
        content=raw,
        stem=pen.pick(BEFORE.split("|")).format(told).replace("|", ""),
        extension=extension,
        folder="backup|old/«year»|Backups",
        fixed=pen.chance(0.9),
    )


@document("backup_versioned", languages=("en", "de"), weight=2)
def dated_pack(pen: Pen) -> Draft:
    """A packed backup of a folder or a database, with its day."""
    stem = pen.pick(
        (
            "backup_«ts:%Y%m%d»",
            "«host»-backup-«isodate»",
            "backup-«isodate»-home",
            "db_backup_«ts:%Y%m%d_%H%M»",
            "www-«ts:%Y%m%d».bak",
            "full_backup_«n:1-52»",
            "«noun»_«isodate»_bak",
            "Sicherung_«isodate»",
            "daily.«n:0-6»",
            "wp-backup-«isodate»",
        )
    )
    files = {
        f"home/{pen.slot('noun', '')}/{name}": raw
        for name, raw in some_files(pen, pen.pick(BACKED_UP), 5, 20_000).items()
    }
    kind = pen.pick(("zip", "tar.gz", "tar", "sql.gz", "7z", "tar.xz"))
    if kind == "sql.gz":
        _, dump, _ = borrow(pen, "technical_database")
        return Draft(write_gzip(dump), kind, stem, "backups|backup/daily", fixed=True)
    packers: dict[str, Callable[[], bytes]] = {
        "zip": lambda: write_zip(files),
        "7z": lambda: write_7z(files),
        "tar": lambda: write_tar(files, pen),
        "tar.gz": lambda: write_tar(files, pen, "gz"),
        "tar.xz": lambda: write_tar(files, pen, "xz"),
    }
    return Draft(packers[kind](), kind, stem, "backups|backup/daily", fixed=True)


@document("backup_versioned", languages=("en",))
def editor_swap(pen: Pen) -> Draft:
    """What vi keeps while a file is open."""
    _, raw, _, extension = _copy(pen)
    block = (b"b0VIM 8." + str(pen.whole(0, 2)).encode() + b"\x00\x00\x00\x00\x10\x00\x00").ljust(28, b"\x00")
    block += (
        pen.slot("user", "").encode()[:40].ljust(40, b"\x00")
        + pen.slot("host", "").encode()[:40].ljust(40, b"\x00")
        + pen.slot("unixpath", "").encode()
    )
    lines = raw[:6000].replace(b"\n", b"\x00")
    return Draft(
        block.ljust(4096, b"\x00") + b"ad\x00\x00" + bytes(1000) + lines,
        pen.pick(("swp", "swp", "swo")),
        f".«snake».{extension or 'txt'}",
        fixed=True,
    )


@document("backup_versioned", languages=("en",), by_format=True)
def program_backups(pen: Pen) -> Draft:
    """Formats that only hold backups."""
    kind = pen.pick(("ab", "abk", "gho", "bkf", "nbu", "tib", "dump", "ibk"))
    body = pen.noise(pen.size(400, 9000))
    heads = {
        "ab": b"ANDROID BACKUP\n5\n1\nnone\n" + zlib.compress(body),
        "bkf": b"TAPE" + bytes(48) + "Media created ".encode("utf-16-le") + body,
        "gho": b"\xfe\xef\x01" + bytes(509) + body,
        "tib": b"\xb4\x6e\x68\x44" + body,
        "dump": struct.pack("<I", 60012) + bytes(20) + body,
    }
    return Draft(
        heads.get(kind, write_zip({"backup.xml": pen.slot("sentence", ""), "data.bin": body})),
        kind,
        "backup_«isodate»|phone «isodate»|«host»|full|MyPhone",
        "backup|Phone",
    )


# ---- Python packages


def _module(pen: Pen) -> bytes:
    draft = borrow(pen, "technical_script")[1]
    return draft[:6000]


@document("dependency_python", weight=3)
def wheel(pen: Pen) -> Draft:
    """A built distribution."""
    name = pen.slot("python_package", "").replace("-", "_")
    version = pen.say("«n:0-30».«n:0-30».«n:0-9»")
    info = f"{name}-{version}.dist-info"
    files: dict[str, bytes] = {f"{name}/__init__.py": f'__version__ = "{version}"\n'.encode()}
    files.update({f"{name}/{pen.slot('snake', '')}.py": _module(pen) for _ in range(pen.size(1, 8))})
    native = pen.chance(0.3)
    if native:
        files[f"{name}/_{pen.slot('noun', '')}.cpython-311-x86_64-linux-gnu.so"] = write_elf(pen, 3, 3000)
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {pen.slot('tech', '1-1')}\n".encode()
    )
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: bdist_wheel (0.41.2)\n"
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in files).encode()
    tag = (
        pen.pick(("cp311-cp311-manylinux_2_17_x86_64", "cp39-cp39-win_amd64", "cp310-cp310-macosx_11_0_arm64"))
        if native
        else pen.pick(("py3-none-any", "py2.py3-none-any"))
    )
    return Draft(
        write_zip(files, when=zip_time(pen), unix=True),
        "whl",
        f"{name}-{version}-{tag}",
        "wheels|dist|.cache/pip/wheels",
        fixed=True,
    )


@document("dependency_python", weight=2)
def source_distribution(pen: Pen) -> Draft:
    """A source distribution, or an egg."""
    name, version = pen.slot("python_package", ""), pen.say("«n:0-30».«n:0-30».«n:0-9»")
    root = f"{name}-{version}"
    files = {
        f"{root}/PKG-INFO": f"Metadata-Version: 1.2\nName: {name}\nVersion: {version}\n".encode(),
        f"{root}/setup.py": b"from setuptools import setup\nsetup()\n",
    }
    files.update({f"{root}/{name}/{pen.slot('snake', '')}.py": _module(pen) for _ in range(pen.size(1, 6))})
    if pen.chance(0.25):
        egg = {
            path.replace(root + "/PKG-INFO", "EGG-INFO/PKG-INFO").replace(root + "/", ""): raw
            for path, raw in files.items()
        }
        return Draft(write_zip(egg), "egg", f"{root}-py3.{pen.whole(5, 11)}", "dist|site-packages", fixed=True)
    return Draft(write_tar(files, pen, "gz"), "tar.gz", root, "dist|sdist|packages", fixed=True)


@document("dependency_python", weight=2)
def site_module(pen: Pen) -> Draft:
    """A module, compiled or as an extension, where a package manager put it."""
    package = pen.slot("python_package", "")
    place = f"venv/lib/python3.{pen.whole(6, 13)}/site-packages/{package}"
    if pen.chance(0.4):
        return Draft(
            write_elf(pen, 3, pen.size(2000, 20_000)),
            "so",
            f"_«noun».cpython-3{pen.whole(6, 13)}-x86_64-linux-gnu",
            place,
            fixed=True,
        )
    from ifmosfs.ml.synth.categories.programs import bytecode

    return Draft(bytecode(pen), "pyc", f"«snake».cpython-3{pen.whole(6, 13)}", place + "/__pycache__", fixed=True)
