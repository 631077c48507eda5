"""Readers of files that have nothing to do with what wrote them: one per kind of format, each raising where a file is not readable."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import sqlite3
import subprocess
import tarfile
import tomllib
import wave
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import python_calamine
from fontTools.ttLib import TTFont
from PIL import Image
from tinytag import TinyTag


def by_magic(path: Path) -> str:
    """What file(1) says."""
    done = subprocess.run(["file", "--brief", path], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def read_pdf(path: Path) -> None:
    """Every page can be rendered; at least one bears ink."""
    pdf = pypdfium2.PdfDocument(path)
    try:
        assert len(pdf) > 0
        for page in pdf:
            page.get_textpage().get_text_bounded()
        low, high = pdf[0].render(scale=0.2).to_pil().convert("L").getextrema()
        assert low < high
    finally:
        pdf.close()


def read_zip(path: Path) -> None:
    """All members have the sums that the directory tells."""
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        assert packed.namelist()


def read_office(path: Path) -> None:
    """A sound ZIP whose XML is well-formed."""
    read_zip(path)
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(packed.read(name))


def read_book(path: Path) -> None:
    """A workbook with at least one filled sheet."""
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    assert any(book.get_sheet_by_name(name).to_python() for name in book.sheet_names)


def read_tar(path: Path) -> None:
    """All members can be read."""
    with tarfile.open(path) as packed:
        assert [packed.extractfile(member).read() for member in packed if member.isfile()]  # type: ignore[union-attr]


def read_image(path: Path) -> None:
    """All pixels can be decoded."""
    with Image.open(path) as image:
        image.load()


def read_sound(path: Path) -> None:
    """A reader of tags finds a stream of some length."""
    assert (TinyTag.get(path).duration or 0) > 0


def read_wave(path: Path) -> None:
    """The standard library agrees."""
    with wave.open(str(path)) as sound:
        assert sound.getnframes() > 0
    read_sound(path)


def read_font(path: Path) -> None:
    """All tables can be parsed, and letters have outlines."""
    with TTFont(path) as font:
        for tag in font.keys():  # noqa: SIM118  a font is no dict
            font[tag]
        assert font.getBestCmap()


def read_sqlite(path: Path) -> None:
    """The database finds itself whole."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    finally:
        connection.close()


def read_xml(path: Path) -> None:
    """Well-formed."""
    ET.parse(path)


def read_json(path: Path) -> None:
    """JSON."""
    json.loads(path.read_text("utf-8"))


def read_toml(path: Path) -> None:
    """TOML."""
    tomllib.loads(path.read_text("utf-8"))


def read_gzip(path: Path) -> None:
    """The sum at the end is right."""
    gzip.decompress(path.read_bytes())


def read_xz(path: Path) -> None:
    """The sum at the end is right."""
    lzma.decompress(path.read_bytes())


def read_rows(path: Path) -> None:
    """A table with rows."""
    assert list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8", "replace"))))


Reader = Callable[[Path], None]

READERS: dict[str, Reader] = {
    **dict.fromkeys(("docx", "docm", "dotx", "pptx", "ppsx", "potx", "odt", "odp", "odg"), read_office),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xls", "ods"), read_book),
    **dict.fromkeys(
        (
            "zip",
            "whl",
            "egg",
            "jar",
            "war",
            "aar",
            "apk",
            "xpi",
            "vsix",
            "epub",
            "ora",
            "kra",
            "sketch",
            "pdx",
            "pk3",
            "3mf",
            "FCStd",
            "npz",
            "ipa",
        ),
        read_zip,
    ),
    **dict.fromkeys(("tar", "tar.gz", "tgz", "tar.bz2", "tar.xz", "tbz2", "txz", "crate", "gem"), read_tar),
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "ppm", "tga", "psd"), read_image),
    **dict.fromkeys(("mp3", "flac", "ogg", "oga", "opus", "m4a", "m4b"), read_sound),
    **dict.fromkeys(("ttf", "otf", "woff"), read_font),
    **dict.fromkeys(("sqlite", "sqlite3", "db3"), read_sqlite),
    **dict.fromkeys(("gz", "csv.gz", "svgz"), read_gzip),
    "pdf": read_pdf,
    "wav": read_wave,
    "xz": read_xz,
    "svg": read_xml,
    "gpx": read_xml,
    "kml": read_xml,
    "csv": read_rows,
    "geojson": read_json,
}
"""The reader of each format, by extension."""

MAGIC = {
    "deb": "Debian binary package",
    "rpm": "RPM",
    "msi": "Composite Document|MSI Installer",
    "iso": "ISO 9660",
    "exe": "PE32",
    "dll": "PE32",
    "so": "ELF",
    "o": "ELF",
    "class": "Java class",
    "wasm": "WebAssembly",
    "pyc": "[Bb]yte-compiled",
    "7z": "7-zip",
    "rar": "RAR archive",
    "cab": "Cabinet",
    "cpio": "cpio",
    "mid": "MIDI",
    "aiff": "AIFF",
    "au": "audio",
    "mkv": "Matroska",
    "webm": "WebM",
    "mp4": "ISO Media",
    "mov": "ISO Media|QuickTime",
    "avi": "AVI",
    "flv": "Flash Video",
    "wmv": "ASF|Microsoft",
    "doc": "Composite Document|Rich Text|HTML",
    "ppt": "Composite Document",
    "pack": "Git pack",
    "bundle": "Git bundle",
    "idx": "Git pack index",
    "dcm": "DICOM",
    "h5": "Hierarchical Data",
    "nc": "NetCDF",
    "fits": "FITS",
    "npy": "NumPy|data",
    "parquet": "Parquet",
    "mdb": "Access|Composite|data|LMDB",
    "dbf": "FoxBase|dBase",
    "nes": "NES|iNES",
    "wad": "doom",
    "pak": "PACK|data|Quake",
    "dwg": "DWG|AutoCAD",
    "xcf": "GIMP",
    "blend": "Blender",
    "indd": "InDesign",
    "eps": "PostScript",
    "ps": "PostScript",
    "wmf": "Windows metafile",
    "emf": "Enhanced Metafile|EMF",
    "ico": "icon",
    "pfb": "PostScript Type 1",
    "eml": "mail|text",
    "pem": "PEM|private key|certificate|text",
    "ics": "iCalendar|vCalendar|text",
    "vcf": "vCard|Variant Call|text",
    "rtf": "Rich Text",
    "dmg": "zlib|Apple|data|VAX",
    "qcow2": "QEMU",
    "kdbx": "Keepass",
    "torrent": "BitTorrent",
    "lnk": "shortcut",
    "cr2": "Canon|TIFF",
    "nef": "TIFF|Nikon",
    "arw": "TIFF",
    "swf": "Flash",
    "luac": "Lua",
    "snap": "Squashfs",
    "pcap": "pcap",
    "shp": "Shapefile|ESRI",
    "mobi": "Mobipocket",
    "ole": "Composite",
}
"""What file(1) must say of formats that no library here reads."""
