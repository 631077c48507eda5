"""Small real files, each made by a writer of its format."""

import gzip
import io
import sqlite3
import struct
import tarfile
import wave
import zipfile
from pathlib import Path

from PIL import Image

INVOICE = "Invoice number 17, invoice date 3 May. Bill to: A. Person. Amount due: 120 EUR. VAT 19 %. Payment by IBAN."
CONTRACT = (
    "This agreement is made between the parties. Whereas the tenant and the landlord agree, governing law and liability"
)
CV = (
    "Curriculum vitae. Work experience: employer A. Education and training: university, bachelor. References available."
)
HEALTH = "Patient: B. Diagnosis and medication. Blood pressure 120/80. Hospital discharge summary, attending physician."
RECHNUNG = (
    "Rechnungsnummer 4711 Rechnungsdatum 3.5. Gesamtbetrag 99 € zu zahlen bis, Mehrwertsteuer, Bankverbindung, IBAN"
)
CORE = '<cp:coreProperties><dcterms:created xsi:type="dcterms:W3CDTF">2021-03-04T10:00:00Z</dcterms:created></cp:coreProperties>'


def zipped(**members: str | bytes) -> bytes:
    return zipped_of(members)


def zipped_of(members: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return file.getvalue()


def docx(text: str) -> bytes:
    body = f"<w:document><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    return zipped_of({"[Content_Types].xml": "<Types/>", "word/document.xml": body, "docProps/core.xml": CORE})


def odt(text: str) -> bytes:
    meta = "<office:meta><meta:creation-date>2019-07-08T00:00:00</meta:creation-date></office:meta>"
    mime = "application/vnd.oasis.opendocument.text"
    return zipped_of({"mimetype": mime, "content.xml": f"<text:p>{text}</text:p>", "meta.xml": meta})


def picture(size: tuple[int, int], format_name: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, options.pop("color", 0)).save(file, format_name, **options)
    return file.getvalue()


def photo() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Canon", "EOS 80D", "2018:08:09 10:11:12"
    return picture((640, 427), "JPEG", exif=exif)


def sqlite(folder: Path) -> bytes:
    path = folder / "made.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE things (id INTEGER)")
    connection.commit()
    connection.close()
    content = path.read_bytes()
    path.unlink()
    return content


def tar(compression: str = "") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{compression}") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", "none"))
        writer.writeframes(b"\0\0" * 100)
    return file.getvalue()


def pdf(title: str = "", date: str = "D:20200203040506Z") -> bytes:
    return f"%PDF-1.4\n1 0 obj\n<< /Title ({title}) /CreationDate ({date}) >>\nendobj\n%%EOF\n".encode()


def stl() -> bytes:
    return b"\0" * 80 + struct.pack("<I", 2) + b"\1" * 100


def gzipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)
