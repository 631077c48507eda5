"""A folder as people have them: photos, screenshots, documents, music, archives, sources, in valid formats and usual sizes.

A few contents are made of each kind, and each file gets bytes of its own at its end, which no reader of the formats minds: so no two
files are equal to a memory of contents. Texts get theirs as a last line.
"""

from __future__ import annotations

import io
import random
import sqlite3
import struct
import tarfile
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image

SHARES: Final = {
    "notes.txt": 14, "main.py": 12, "config.ini": 4, "table.csv": 4, "page.html": 4, "data.json": 4, "IMG.jpg": 9, "WA.jpg": 5,
    "Screenshot.png": 4, "icon.png": 10, "paper.pdf": 10, "letter.docx": 6, "budget.xlsx": 3, "song.wav": 3, "files.zip": 3,
    "backup.tar.gz": 2, "places.sqlite": 2, "message.eml": 1,
}  # fmt: skip
N_KINDS: Final = 3
_WORDS: Final = (
    "invoice",
    "amount",
    "due",
    "contract",
    "tenant",
    "report",
    "summer",
    "house",
    "garden",
    "water",
    "driver",
    "server",
)


def make_mixed_home(folder: Path, n_files: int) -> int:
    """Make the folder; returns how many files there are, and always makes the same."""
    chance = random.Random(6)
    makers = _makers(folder, chance)
    contents = {name: [make() for _ in range(N_KINDS)] for name, make in makers.items()}
    n_made = 0
    for name, share in SHARES.items():
        for number in range(max(1, n_files * share // 100)):
            path = folder / f"{number % 20:02}" / f"{number:05}-{name}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(contents[name][number % N_KINDS] + b"\n%d" % n_made)
            n_made += 1
    return n_made


def _makers(folder: Path, chance: random.Random) -> dict[str, Callable[[], bytes]]:
    """A function per kind that makes another content each time."""

    def text(n: int) -> str:
        return " ".join(chance.choice(_WORDS) for _ in range(n))

    return {
        "notes.txt": lambda: "\n".join(text(12) for _ in range(60)).encode(),
        "main.py": lambda: ("import os\n\n\ndef main():\n    pass\n\n" + "# " + text(300)).encode(),  # noqa: PLW0108  other words each time
        "config.ini": lambda: ("[main]\n" + "\n".join(f"key{n} = {text(2)}" for n in range(40))).encode(),  # noqa: PLW0108  other words each time
        "table.csv": lambda: "\n".join(f"{n},{text(1)},{n * n}" for n in range(400)).encode(),
        "page.html": lambda: (  # noqa: PLW0108  other words each time
            f"<!DOCTYPE html><html><title>{text(4)}</title><body><p>{text(900)}</p></body></html>".encode()
        ),
        "data.json": lambda: ("{" + ",".join(f'"key{n}": "{text(3)}"' for n in range(200)) + "}").encode(),  # noqa: PLW0108  other words each time
        "IMG.jpg": lambda: _picture(
            chance, (4000, 3000), "JPEG", 60, camera_exif(_picture(chance, (160, 120), "JPEG", 20))
        ),
        "WA.jpg": lambda: _picture(chance, (1600, 1200), "JPEG", 60),
        "Screenshot.png": lambda: _screenshot(chance),
        "icon.png": lambda: _picture(chance, (64, 64), "PNG", 8),
        "paper.pdf": lambda: _pdf([text(500) for _ in range(12)]),
        "letter.docx": lambda: _zipped(
            {"word/document.xml": "".join(f"<w:p><w:t>{text(30)}</w:t></w:p>" for _ in range(80))}
        ),
        "budget.xlsx": lambda: _zipped(
            {
                "xl/workbook.xml": '<sheet name="Budget"/>',
                "xl/sharedStrings.xml": "".join(f"<si><t>{text(2)}</t></si>" for _ in range(900)),
            }
        ),
        "song.wav": lambda: _sound(chance),
        "files.zip": lambda: _zipped({f"folder/{n}.txt": text(200) for n in range(60)}),
        "backup.tar.gz": lambda: _tar({f"home/{n}.txt": text(200).encode() for n in range(60)}),
        "places.sqlite": lambda: _database(folder),
        "message.eml": lambda: (  # noqa: PLW0108  other words each time
            f"Received: from a\r\nSubject: {text(4)}\r\nMessage-ID: <a@b>\r\n\r\n{text(300)}".encode()
        ),
    }


def camera_exif(thumbnail: bytes) -> bytes:
    """EXIF as a camera writes it: maker, model and a thumbnail."""

    def entry(tag: int, kind: int, n: int, value: int) -> bytes:
        return struct.pack("<HHII", tag, kind, n, value)

    first, second = 8, 8 + 2 + 2 * 12 + 4
    texts = second + 2 + 2 * 12 + 4
    maker, model = b"Camera Co\0", b"Model One\0"
    start = texts + len(maker) + len(model)
    makers = entry(0x010F, 2, len(maker), texts) + entry(0x0110, 2, len(model), texts + len(maker))
    places = entry(0x0201, 4, 1, start) + entry(0x0202, 4, 1, len(thumbnail))
    folders = struct.pack("<H", 2) + makers + struct.pack("<IH", second, 2) + places + struct.pack("<I", 0)
    return b"Exif\0\0" + struct.pack("<2sHI", b"II", 42, first) + folders + maker + model + thumbnail


def _picture(chance: random.Random, size: tuple[int, int], format_name: str, grain: int, exif: bytes = b"") -> bytes:
    noise = Image.frombytes("RGB", (grain, grain), chance.randbytes(3 * grain * grain))
    file = io.BytesIO()
    noise.resize(size, Image.Resampling.BICUBIC).save(file, format_name, quality=92, exif=exif)
    return file.getvalue()


def _screenshot(chance: random.Random) -> bytes:
    picture = Image.new("RGB", (1920, 1080), "white")
    for _ in range(400):
        colour = tuple(chance.randrange(256) for _ in range(3))
        picture.paste(colour, (chance.randrange(1900), chance.randrange(1070), 1900, 1075))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _pdf(pages: list[str]) -> bytes:
    lines = [[page[at : at + 90] for at in range(0, len(page), 90)] for page in pages]
    streams = ["BT /F1 9 Tf 12 TL 40 800 Td " + " ".join(f"({line}) Tj T*" for line in page) + " ET" for page in lines]
    first = 4
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, stream in enumerate(streams):
        fonts = "/Resources << /Font << /F1 3 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {first + 2 * number + 1} 0 R {fonts} >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return data + f"{head}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n".encode()


def _zipped(members: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _sound(chance: random.Random) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((2, 2, 44100, 0, "NONE", "none"))
        writer.writeframes(chance.randbytes(4 * 44100 * 10))
    return file.getvalue()


def _database(folder: Path) -> bytes:
    path = folder / "made"
    connection = sqlite3.connect(path)
    for number in range(12):
        connection.execute(f"CREATE TABLE moz_table_{number} (id INTEGER, name TEXT, at INTEGER)")
    connection.executemany("INSERT INTO moz_table_0 VALUES (?, ?, ?)", ((n, "x" * 40, n) for n in range(5_000)))
    connection.commit()
    connection.close()
    content = path.read_bytes()
    path.unlink()
    return content
