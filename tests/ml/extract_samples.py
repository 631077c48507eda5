"""Small valid files of every format that has an extractor, each with its format as the worker is asked for it."""

import io
import random
import struct
import zlib
from pathlib import Path

import classifier_samples as made
from PIL import Image

from ifmosfs.ml.extract.values import Extract


def pdf(text: str = "Hello world", n_pages: int = 1, size: tuple[int, int] = (612, 792), info: str = "") -> bytes:
    """A PDF with the same line on each page, and a table of references that fits."""
    stream = f"BT /F1 12 Tf 50 50 Td ({text}) Tj ET"
    kids = " ".join(f"{5 + number} 0 R" for number in range(n_pages))
    fonts = "/Resources << /Font << /F1 3 0 R >> >>"
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents 4 0 R {fonts} >>"
    return pdf_of(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {n_pages} >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
            *[page] * n_pages,
            f"<< {info} >>",
        ]
    )


def pdf_of(objects: list[str]) -> bytes:
    """A PDF of numbered objects, the first the catalogue and the last the information."""
    data = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    )
    return data + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def xlsx() -> bytes:
    return made.zipped_of(
        {
            "xl/workbook.xml": '<sheets><sheet name="Budget &amp; co" sheetId="1"/><sheet name="2023" sheetId="2"/></sheets>',
            "xl/sharedStrings.xml": "<sst><si><t>Rent</t></si><si><t>Food</t></si></sst>",
            "docProps/app.xml": "<Properties><Application>Microsoft Excel</Application></Properties>",
        }
    )


def pptx() -> bytes:
    slide = "<p:sld><a:p><a:r><a:t>Slide {}</a:t></a:r></a:p></p:sld>"
    parts = {f"ppt/slides/slide{number}.xml": slide.format(number) for number in range(1, 8)}
    return made.zipped_of({"ppt/presentation.xml": "<p/>", **parts})


def ods() -> bytes:
    cells = '<table:table table:name="Sheet A"><table:table-cell><text:p>one</text:p></table:table-cell></table:table>'
    body = f"<office:body><office:spreadsheet>{cells}</office:spreadsheet></office:body>"
    return made.zipped_of({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": body})


def epub() -> bytes:
    return made.zipped_of(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="book.opf"/></container>',
            "book.opf": "<dc:title>A Tale</dc:title><dc:creator>A. Writer</dc:creator><dc:language>en</dc:language>",
            "one.xhtml": "<html><body><p>Once upon a time</p></body></html>",
        }
    )


def docx() -> bytes:
    heading = '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>First chap</w:t></w:r><w:r><w:t>ter</w:t></w:r></w:p>'
    body = f"<w:document><w:body>{heading}<w:p><w:r><w:t>Some &lt;words&gt;</w:t></w:r></w:p></w:body></w:document>"
    core = "<cp:coreProperties><dc:title>T</dc:title><dc:creator>Anna</dc:creator></cp:coreProperties>"
    app = "<Properties><Pages>3</Pages><Company>Acme</Company></Properties>"
    return made.zipped_of({"word/document.xml": body, "docProps/core.xml": core, "docProps/app.xml": app})


def font() -> bytes:
    strings = {1: "Test Sans", 2: "Bold", 8: "Foundry & Co"}
    texts = b"".join(text.encode("utf-16-be") for text in strings.values())
    records, at = b"", 0
    for kind, text in strings.items():
        length = 2 * len(text)
        records += struct.pack(">6H", 3, 1, 0x409, kind, length, at)
        at += length
    names = struct.pack(">HHH", 0, len(strings), 6 + 12 * len(strings)) + records + texts
    maximum = struct.pack(">IH", 0x10000, 42)
    start = 12 + 2 * 16
    directory = struct.pack(">4sIII", b"maxp", 0, start, len(maximum))
    directory += struct.pack(">4sIII", b"name", 0, start + len(maximum), len(names))
    return b"\0\1\0\0" + struct.pack(">4H", 2, 0, 0, 0) + directory + maximum + names


def rar5() -> bytes:
    def block(kind: int, body: bytes, data: bytes = b"") -> bytes:
        flags = bytes([2 if data else 0]) + (bytes([len(data)]) if data else b"")
        header = bytes([kind]) + flags + body
        return b"\0\0\0\0" + bytes([len(header)]) + header + data

    def file(name: bytes) -> bytes:
        return block(2, bytes([0, 3, 0x20, 0, 0, len(name)]) + name, b"abc")

    return b"Rar!\x1a\x07\x01\0" + block(1, b"\0") + file(b"one.txt") + file(b"two.txt") + block(5, b"\0")


def rar4() -> bytes:
    def file(name: bytes) -> bytes:
        head = struct.pack("<HBHHIIBIIBBHI", 0, 0x74, 0x8000, 32 + len(name), 3, 3, 0, 0, 0, 20, 0x30, len(name), 0)
        return head + name + b"abc"

    return b"Rar!\x1a\x07\0" + struct.pack("<HBHH", 0, 0x73, 0, 13) + b"\0" * 6 + file(b"one.txt") + file(b"two.txt")


def seven_zip() -> bytes:
    names = "one.txt\0two.txt\0".encode("utf-16-le")
    header = b"\x01\x05\x02\x11" + bytes([len(names) + 1]) + b"\0" + names + b"\0\0"
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<IQQI", 0, 0, len(header), zlib.crc32(header)) + header


def mail() -> bytes:
    return (
        b"MIME-Version: 1.0\r\nFrom: Anna <anna@example.org>\r\nTo: b@example.org, c@example.org\r\n"
        b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello=20there\r\n--x\r\n"
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=invoice.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n"
    )


def ole(stream: str = "WordDocument", text: str = "Some words of an old document, saved by an old program.") -> bytes:
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 22 + struct.pack("<H", 9) + b"\0" * 16 + struct.pack("<I", 0)
    name = (stream + "\0").encode("utf-16-le")
    entry = name.ljust(64, b"\0") + struct.pack("<H", len(name)) + b"\0" * 62
    return header.ljust(512, b"\0") + entry.ljust(512, b"\0") + text.encode("utf-16-le")


def elf() -> bytes:
    return b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HH", 3, 62) + b"\0" * 40 + struct.pack("<H", 28) + b"\0\0"


def pe() -> bytes:
    sections = b".text\0\0\0".ljust(40, b"\0") + b".rsrc\0\0\0".ljust(40, b"\0")
    optional = (b"\x0b\x02" + b"\0" * 66 + struct.pack("<H", 2)).ljust(240, b"\0")
    coff = struct.pack("<HHIIIHH", 0x8664, 2, 0, 0, 0, len(optional), 0x22)
    return b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0" + coff + optional + sections


def macho() -> bytes:
    return b"\xcf\xfa\xed\xfe" + struct.pack("<III", 0x0100000C, 0, 6) + b"\0" * 100


def mp3() -> bytes:
    """An ID3 tag and a few frames of 128 kbit/s at 44.1 kHz."""

    def frame(kind: bytes, text: str) -> bytes:
        body = b"\3" + text.encode()
        return kind + struct.pack(">I", len(body)) + b"\0\0" + body

    frames = frame(b"TIT2", "A Song") + frame(b"TPE1", "A Singer") + frame(b"TALB", "An Album")
    tag = b"ID3\3\0\0" + bytes([0, 0, len(frames) >> 7, len(frames) & 0x7F]) + frames
    return tag + (b"\xff\xfb\x90\x00" + b"\0" * 413) * 20


def noisy_picture(format_name: str, size: tuple[int, int] = (200, 100)) -> bytes:
    """A picture of many colours, coarse enough to be seen in a thumbnail, the same each time."""
    pixels = random.Random(1).randbytes(3 * 64 * 64)
    picture = Image.frombytes("RGB", (64, 64), pixels).resize(size, Image.Resampling.NEAREST)
    file = io.BytesIO()
    picture.save(file, format_name)
    return file.getvalue()


def samples(folder: Path) -> dict[str, tuple[str, bytes]]:
    """(format, content) by a readable name; the folder is for writers that need one."""
    return {
        "pdf": ("pdf", pdf()),
        "docx": ("docx", docx()),
        "odt": ("odt", made.odt("hello")),
        "xlsx": ("xlsx", xlsx()),
        "ods": ("ods", ods()),
        "pptx": ("pptx", pptx()),
        "epub": ("epub", epub()),
        "jpeg": ("jpeg", made.photo()),
        "png": ("png", noisy_picture("PNG")),
        "gif": ("gif", noisy_picture("GIF")),
        "webp": ("webp", noisy_picture("WEBP")),
        "tiff": ("tiff", noisy_picture("TIFF")),
        "bmp": ("bmp", noisy_picture("BMP", (40, 40))),
        "ico": ("ico", made.picture((32, 32), "ICO")),
        "wav": ("audio", made.sound()),
        "mp3": ("audio", mp3()),
        "zip": ("zip", made.zipped(a="x", b="y")),
        "tar": ("tar", made.tar()),
        "tar.gz": ("gzip", made.tar("gz")),
        "tar.bz2": ("bzip2", made.tar("bz2")),
        "tar.xz": ("xz", made.tar("xz")),
        "gz": ("gzip", made.gzipped("some text")),
        "rar5": ("rar", rar5()),
        "rar4": ("rar", rar4()),
        "7z": ("7z", seven_zip()),
        "sqlite": ("sqlite", made.sqlite(folder)),
        "font": ("font", font()),
        "mail": ("mail", mail()),
        "doc": ("doc", ole()),
    }


EXPECTED: dict[str, Extract] = {
    "pdf": Extract(
        "pdf",
        "Hello world",
        numbers={"n_pages": 1, "page_width_pt": 612, "page_height_pt": 792, "has_text": 1, "n_page_images": 0},
    ),
    "docx": Extract(
        "office",
        "First chapter\nSome <words>",
        {"title": "T", "author": "Anna", "company": "Acme"},
        {"n_pages": 3},
        keys=("First chapter",),
    ),
    "odt": Extract("office", "hello", {"created": "2019-07-08T00:00:00"}),
    "xlsx": Extract("office", "Rent\nFood", {"creator": "Microsoft Excel"}, {"n_sheets": 2}, ("Budget & co", "2023")),
    "ods": Extract("office", "one", {}, {"n_sheets": 1}, ("Sheet A",)),
    "pptx": Extract("office", "\n".join(f"Slide {number}" for number in range(1, 6)), {}, {"n_slides": 7}),
    "epub": Extract("office", "Once upon a time", {"title": "A Tale", "author": "A. Writer", "language": "en"}),
    "mp3": Extract(
        "audio",
        "",
        {"title": "A Song", "author": "A Singer", "album": "An Album"},
        {"bitrate_kbps": 128, "sample_rate_hz": 44100, "n_channels": 2, "duration_s": 0.5224},
    ),
    "wav": Extract(
        "audio", "", {}, {"duration_s": 0.0125, "bitrate_kbps": 128, "sample_rate_hz": 8000, "n_channels": 1}
    ),
    "zip": Extract("archive", "", {}, {"n_members": 2}, ("a", "b")),
    "tar": Extract("archive", "", {}, {"n_members": 1}, ("a",)),
    "tar.gz": Extract("archive", "", {}, {"n_members": 1}, ("a",)),
    "tar.bz2": Extract("archive", "", {}, {"n_members": 1}, ("a",)),
    "tar.xz": Extract("archive", "", {}, {"n_members": 1}, ("a",)),
    "gz": Extract("archive", "some text"),
    "rar5": Extract("archive", "", {}, {"n_members": 2}, ("one.txt", "two.txt")),
    "rar4": Extract("archive", "", {}, {"n_members": 2}, ("one.txt", "two.txt")),
    "7z": Extract("archive", "", {}, {"n_members": 2}, ("one.txt", "two.txt")),
    "sqlite": Extract("database", "", {}, {"n_tables": 1}, ("things",), ("id",)),
    "font": Extract("font", "", {"family": "Test Sans", "style": "Bold", "foundry": "Foundry & Co"}, {"n_glyphs": 42}),
    "mail": Extract(
        "mail",
        "Hello there",
        {"subject": "Grüße", "author": "Anna <anna@example.org>"},
        {"n_recipients": 2, "n_attachments": 1},
        ("invoice.pdf",),
    ),
    "doc": Extract("ole", "Some words of an old document, saved by an old program.", members=("WordDocument",)),
}
"""What is found in them; of pictures, see the tests."""
