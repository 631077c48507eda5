"""What one file may cost. Each test fails when its limit is taken out (the mutants named extract-… in `script/mutants.toml`)."""

import bz2
import functools
import gzip
import io
import lzma
import os
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator

import classifier_samples as made
import extract_samples as valid
import pytest

from ifmosfs.ml.extract import limits
from ifmosfs.ml.extract.limits import DEFAULT_LIMITS
from ifmosfs.ml.extract.table import extract_here, extract_in_worker
from ifmosfs.ml.extract.values import Extract
from ifmosfs.ml.sample import Sample
from tests.stopwatch import ends_within

Extracting = Callable[..., Extract]


@pytest.fixture
def extracted(tmp_path) -> Iterator[Extracting]:
    """Looks at a content as a worker does, in this process."""

    def look(format_name: str, content: bytes, read_bytes: int = DEFAULT_LIMITS.read_bytes) -> Extract:
        (tmp_path / "file").write_bytes(content)
        descriptor = os.open(tmp_path / "file", os.O_RDONLY)
        try:
            return extract_in_worker(Sample(descriptor, len(content), read_bytes), format_name)
        finally:
            os.close(descriptor)

    return look


@pytest.fixture
def texted(tmp_path) -> Extracting:
    """Looks at a text as the classifier does."""

    def look(format_name: str, text: str) -> Extract:
        content = text.encode()
        (tmp_path / "file").write_bytes(content)
        descriptor = os.open(tmp_path / "file", os.O_RDONLY)
        try:
            return extract_here(Sample(descriptor, len(content)), format_name, is_text=True)
        finally:
            os.close(descriptor)

    return look


def docx(body: str, **parts: str) -> bytes:
    return made.zipped_of({"word/document.xml": body, **parts})


def test_text_ends_at_12_000_characters(extracted):
    found = extracted("docx", docx("<w:p><w:t>word </w:t></w:p>" * 5_000))
    assert 11_900 < len(found.text) <= limits.TEXT_CHARACTERS == 12_000


def test_field_ends_at_200_characters(extracted):
    core = f"<dc:title>{'t' * 700}</dc:title>"
    assert (
        extracted("docx", made.zipped_of({"word/document.xml": "", "docProps/core.xml": core})).fields["title"]
        == "t" * 200
    )


def test_names_are_64_of_80_characters(extracted):
    found = extracted("zip", made.zipped_of({f"{number:03}{'n' * 200}": "" for number in range(100)}))
    assert (len(found.members), {len(name) for name in found.members}) == (64, {80})
    assert found.numbers["n_members"] == 100


def test_part_of_a_document_is_unpacked_to_256_kb(extracted):
    within, beyond = "<w:x/>" * 40_000, "<w:x/>" * 50_000
    assert extracted("docx", docx(within + "<w:t>late</w:t>")).text == "late"
    assert extracted("docx", docx(beyond + "<w:t>late</w:t>")).text == ""


def test_paragraphs_of_a_long_document_are_whole_wherever_it_is_cut_for_reading(extracted):
    paragraph = "<w:p><w:r><w:t>wo</w:t></w:r><w:pad/><w:r><w:t>rd</w:t></w:r></w:p>"
    assert extracted("docx", docx(paragraph * 2_200)).text == "\n".join(["word"] * 2_200)


def test_zip_bomb_of_a_gigabyte_takes_no_time(extracted):
    bomb = docx("<w:p>" + " " * 300_000_000)
    assert extracted("docx", bomb) == Extract("office")
    assert ends_within(2, lambda: extracted("docx", bomb))


@pytest.mark.parametrize(
    ("format_name", "pack"), [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)]
)
def test_compressed_file_is_unpacked_to_256_kb(extracted, format_name, pack):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, size in (("first", 10), ("second", 300_000), ("third", 10)):
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(b"\0" * size))
    assert extracted(format_name, pack(file.getvalue())).members == ("first", "second")


def test_xz_file_that_wants_a_window_of_gigabytes_is_refused(extracted):
    packed = bytearray(lzma.compress(b"x" * 1000, lzma.FORMAT_XZ))
    start, length = (
        12,
        (packed[12] + 1) * 4,
    )  # the header of the first block; the window's size is the last byte before padding
    at = packed.index(b"\x21\x01", start) + 2
    packed[at] = 39  # 3 GiB
    packed[start + length - 4 : start + length] = struct.pack("<I", zlib.crc32(packed[start : start + length - 4]))
    assert extracted("xz", bytes(packed)).trouble == "damaged, or not what it begins like: Memory usage limit exceeded"


def test_of_a_book_of_many_chapters_eight_parts_are_opened(extracted):
    pages = {f"{number:02}.xhtml": f"<p>page{number}</p>" for number in range(40)}
    container = {"META-INF/container.xml": '<rootfile full-path="b.opf"/>', "b.opf": "<dc:title>T</dc:title>"}
    found = extracted("epub", made.zipped_of({"mimetype": "application/epub+zip", **container, **pages}))
    assert len(found.text.split()) == limits.MOST_PARTS - 2


def test_document_of_a_thousand_entities_is_not_expanded(extracted):
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    external = '<!ENTITY out SYSTEM "file:///etc/passwd">'
    body = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}{external}]><w:document><w:t>&l9; &out;</w:t></w:document>'
    text = extracted("docx", docx(body)).text
    assert "&l9; &out;" in text
    assert "root:" not in text
    assert len(text) < 2_000


def test_entities_of_an_xml_file_are_not_expanded(texted):
    found = texted("xml", '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>')
    assert found.text.endswith("&e;")
    assert "root:" not in found.text


def test_of_a_pdf_three_pages_are_read(extracted):
    found = extracted("pdf", valid.pdf("word", n_pages=10))
    assert (found.text, found.numbers["n_pages"]) == ("word\nword\nword", 10)


def test_of_a_page_64_objects_are_looked_at(extracted):
    picture = "/I Do " * 200
    stream = f"<< /Length {len(picture)} >>\nstream\n{picture}\nendstream"
    kind = "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
    image = f"<< {kind} /Length 1 >>\nstream\n0\nendstream"
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>"
    )
    pdf = valid.pdf_of(
        ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, stream, image, "<< >>"]
    )
    assert extracted("pdf", pdf).numbers["n_page_images"] == limits.PDF_OBJECTS


PAGES_WITHOUT_END = {
    "a count of a billion": ["<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>"],
    "a tree that holds itself": ["<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 5 >>"],
}


@pytest.mark.parametrize("pages", PAGES_WITHOUT_END.values(), ids=PAGES_WITHOUT_END)
def test_pdf_without_end_comes_to_one(extracted, pages):
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    endless = valid.pdf_of(["<< /Type /Catalog /Pages 2 0 R >>", *pages, page, "<< >>"])
    found = extracted("pdf", endless)
    assert (found.kind, found.text) == ("pdf", "")
    assert ends_within(2, lambda: extracted("pdf", endless))


def test_pdf_with_a_password_says_so(extracted):
    encrypt = "<< /Filter /Standard /V 1 /R 2 /O <" + "00" * 32 + "> /U <" + "11" * 32 + "> /P -4 >>"
    plain = valid.pdf_of(
        ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>", encrypt, "<< >>"]
    )
    locked = plain.replace(b"/Info 4 0 R", b"/Info 4 0 R /Encrypt 3 0 R /ID [<00> <00>]")
    assert extracted("pdf", locked) == Extract("pdf", numbers={"is_encrypted": 1}, trouble="a password is wanted")


def test_large_file_that_must_be_read_to_its_end_is_cut_off(extracted):
    padded = valid.pdf("x" * 5_000_000)
    assert extracted("pdf", padded).trouble is None
    assert extracted("pdf", padded, 64 * 1024).trouble == "more of it would have to be read than allowed"


def test_message_is_read_to_128_kb(extracted):
    head = b"Subject: s\r\n\r\n"
    assert "late" in extracted("mail", head + b"x " * 1_000 + b"late").text
    found = extracted("mail", b"Subject: s\r\nX-Filler: " + b"y" * 140_000 + b"\r\n\r\nlate")
    assert found.text == ""


def parts_of(parts: list[str], boundary: str = "x") -> str:
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n{body}--{boundary}--\r\n"


def test_of_a_message_20_parts_are_looked_at(extracted):
    part = "Content-Type: application/zip\r\nContent-Disposition: attachment; filename=a{}.zip\r\n\r\nx"
    found = extracted("mail", parts_of([part.format(number) for number in range(100)]).encode())
    assert found.numbers["n_attachments"] == 19  # the whole is the first part


@pytest.mark.parametrize(("depth", "text"), [(5, "deep"), (12, "")], ids=["nested", "nested too deep"])
def test_messages_within_messages_are_followed_eight_deep(extracted, depth, text):
    message = "Content-Type: text/plain\r\n\r\ndeep"
    for number in range(depth):
        message = parts_of([message], f"b{number}")
    assert extracted("mail", message.encode()).text == text


def test_old_document_is_scanned_to_400_kb(extracted):
    assert extracted("doc", valid.ole(text="x" * 5 + "\u0101" * 150_000 + "early words")).text.endswith("early words")
    assert extracted("doc", valid.ole(text="x" * 5 + "\u0101" * 250_000 + "late words")).text == ""


def test_text_is_read_to_16_kb(texted):
    long = "<a>" * 4_000  # 12 kB without text
    assert texted("xml", long + "early").text == "early"
    assert "late" not in texted("xml", long + long + "late").text


def test_keys_of_json_are_those_of_the_three_outer_levels(texted):
    assert texted("json", '{"a": {"b": {"c": {"d": {"e": 1}}}}}').keys == ("a", "b", "c")


def test_database_whose_tables_fill_many_pages_is_read_in_part(extracted, tmp_path):
    import sqlite3

    connection = sqlite3.connect(tmp_path / "many.db")
    tables = "".join(
        f"CREATE TABLE a_long_name_for_a_table_{n} (a_long_name_for_a_column_{n} TEXT);" for n in range(2_000)
    )
    connection.executescript(f"PRAGMA page_size = 512; PRAGMA synchronous = OFF; BEGIN; {tables} COMMIT;")
    connection.close()
    found = extracted("sqlite", (tmp_path / "many.db").read_bytes())
    assert (found.trouble, 64 < found.numbers["n_tables"] < 1_000) == (None, True)


def test_database_whose_pages_refer_to_each_other_in_a_circle_comes_to_an_end(extracted):
    page = bytearray(512)
    page[:100] = b"SQLite format 3\0" + struct.pack(">H", 512) + b"\0" * 82
    page[100:112] = b"\x05" + struct.pack(">HHHBI", 0, 1, 200, 0, 1)
    page[112:114], page[200:204] = struct.pack(">H", 200), struct.pack(">I", 1)
    assert extracted("sqlite", bytes(page)) == Extract("database", numbers={"n_tables": 0})


def test_of_a_font_64_names_are_read(extracted):
    def font(n_before: int) -> bytes:
        record = struct.pack(">6H", 3, 1, 0x409, 20, 0, 0) * n_before + struct.pack(">6H", 3, 1, 0x409, 1, 8, 0)
        text = "Late".encode("utf-16-be")
        table = struct.pack(">HHH", 0, n_before + 1, 6 + len(record)) + record + text
        return b"\0\1\0\0" + struct.pack(">4H", 1, 0, 0, 0) + struct.pack(">4sIII", b"name", 0, 28, len(table)) + table

    assert extracted("font", font(60)).fields == {"family": "Late"}
    assert extracted("font", font(70)).fields == {}


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG that claims a size."""
    content = bytearray(made.picture((64, 64), "JPEG"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


@pytest.mark.parametrize(
    ("format_name", "content", "trouble"),
    [
        ("png", png_of(4_000, 4_000), "a picture too large to be decoded"),
        ("jpeg", jpeg_of(12_000, 9_000), "a picture too large to be decoded"),
        ("png", png_of(60_000, 60_000), "a picture of an absurd size"),
        ("jpeg", jpeg_of(60_000, 60_000), "a picture of an absurd size"),
    ],
    ids=["PNG of 16 megapixels", "JPEG of 108 megapixels", "PNG bomb", "JPEG bomb"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_picture_that_is_too_large_is_not_decoded(extracted, format_name, content, trouble):
    assert extracted(format_name, content).trouble == trouble
    assert ends_within(1, lambda: extracted(format_name, content))


def test_picture_that_is_too_large_still_has_its_size(extracted):
    found = extracted("png", png_of(4_000, 4_000))
    assert (found.numbers["width"], found.numbers["height"], "flat_share" in found.numbers) == (4_000, 4_000, False)


UNITS = [
    " ", "\n", "<", "<!--", "<a ", "<h1>", "<script>", "<title>", "<meta name=generator content=", "[", "{", '{"a":', '"', "a:\n",
    "- a: 1\n", "[a]\n", "a=1\n", "#", "# a\n", "import ", "import a\n", "CREATE TABLE ", "FN:", "BEGIN:VCARD\n", "a;", "a,", "INFO ",
    "\\'00", "{\\rtf", "&amp;", "&", "<x xmlns:a='b' ", "=\n", "---\n",
]  # fmt: skip
FORMATS = [
    "xml",
    "html",
    "json",
    "ini",
    "yaml-config",
    "csv",
    "vcard",
    "calendar",
    "log",
    "rtf",
    "markdown",
    "python",
    "bookmarks",
]


@pytest.mark.parametrize("format_name", FORMATS)
def test_repeated_text_is_extracted_in_bounded_time(texted, format_name):
    for unit in UNITS:
        text = (unit * 16_384)[:16_384]
        assert ends_within(0.5, functools.partial(texted, format_name, text)), unit


@pytest.mark.parametrize(
    "unit", ['<w:pStyle w:val="Heading1"/>', "<w:p>", "<a:p", "<text:h>", "<dc:title>", "<sheet name=", "<a ", "&"]
)
def test_repeated_markup_of_a_document_is_extracted_in_bounded_time(extracted, unit):
    letter = docx(unit * (256 * 1024 // len(unit)), **{"docProps/core.xml": unit * 20_000})
    sheet = made.zipped_of({"content.xml": unit * (256 * 1024 // len(unit))})
    assert ends_within(DEFAULT_LIMITS.cpu_seconds, lambda: (extracted("docx", letter), extracted("ods", sheet)))
