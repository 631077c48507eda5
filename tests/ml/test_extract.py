"""What extractors find in small valid files of every format, in real workers."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import classifier_samples as made
import extract_samples as valid
import pytest

from benchmarks.mixed_home import camera_exif
from ifmosfs.ml.extract.pool import Pool
from ifmosfs.ml.extract.table import IN_WORKER, extract_here, worker_format
from ifmosfs.ml.extract.values import FIELDS, NOTHING, NUMBERS, Extract, Notes
from ifmosfs.ml.sample import Sample


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(1)
    yield pool
    pool.close()


def extracted(pool: Pool, folder: Path, format_name: str, content: bytes) -> Extract:
    path = folder / "file"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return pool.wait(pool.ask(descriptor, len(content), format_name)).extract
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("name", valid.EXPECTED)
def test_valid_file_gives_what_it_holds(pool, tmp_path, name):
    assert extracted(pool, tmp_path, *valid.samples(tmp_path)[name]) == valid.EXPECTED[name]


@pytest.mark.parametrize("name", ["jpeg", "png", "gif", "webp", "tiff", "bmp", "ico"])
def test_every_picture_gives_size_and_thumbnail(pool, tmp_path, name):
    found = extracted(pool, tmp_path, *valid.samples(tmp_path)[name])
    assert (found.kind, found.trouble) == ("picture", None)
    wanted = {
        "width",
        "height",
        "distinct_colours",
        "flat_share",
        "edge_share",
        "white_share",
        "dark_share",
        "saturation",
    }
    assert wanted <= found.numbers.keys()


def test_camera_and_day_of_a_photo_are_found(pool, tmp_path):
    found = extracted(pool, tmp_path, "jpeg", made.photo())
    assert found.fields == {"maker": "Canon", "model": "EOS 80D", "created": "2018:08:09 10:11:12"}


def test_thumbnail_tells_a_plain_picture_from_one_of_many_colours(pool, tmp_path):
    plain = extracted(pool, tmp_path, "png", made.picture((1920, 1080), "PNG")).numbers
    coloured = extracted(pool, tmp_path, "png", valid.noisy_picture("PNG", (600, 600))).numbers
    assert (plain["flat_share"], plain["distinct_colours"], plain["is_screen_sized"]) == (1.0, 0.0002, 1.0)
    assert (coloured["distinct_colours"] > 0.2, coloured["flat_share"] < 0.5, coloured["is_screen_sized"]) == (
        True,
        True,
        0,
    )


def test_thumbnail_that_a_camera_has_made_is_taken_and_a_broken_one_is_not(pool, tmp_path):
    black, white = made.picture((800, 600), "JPEG"), made.picture((160, 120), "JPEG", color="white")

    def white_share(exif: bytes) -> float:
        content = black[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + black[2:]
        found = extracted(pool, tmp_path, "jpeg", content)
        assert found.fields == {"maker": "Camera Co", "model": "Model One"}
        return found.numbers["white_share"]

    assert white_share(camera_exif(white)) == 1
    for useless in (b"", b"no picture", white[:100], made.picture((16, 12), "JPEG", color="white")):
        assert white_share(camera_exif(useless)) == 0


def test_metadata_of_a_pdf_is_found(pool, tmp_path):
    info = "/Title (A Title) /Producer (A Producer) /Creator (A Program) /CreationDate (D:20200102030405Z)"
    found = extracted(pool, tmp_path, "pdf", valid.pdf(info=info))
    assert found.fields == {
        "title": "A Title", "producer": "A Producer", "creator": "A Program", "created": "D:20200102030405Z"
    }  # fmt: skip


def test_database_of_many_tables_and_pages_is_read_with_its_columns(pool, tmp_path):
    import sqlite3

    connection = sqlite3.connect(tmp_path / "a.db")
    for number in range(60):
        connection.execute(f"CREATE TABLE t{number:02} (id INTEGER PRIMARY KEY, n{number} TEXT, UNIQUE (id))")
    connection.execute("CREATE INDEX i ON t00 (n0)")
    connection.commit()
    connection.close()
    found = extracted(pool, tmp_path, "sqlite", (tmp_path / "a.db").read_bytes())
    assert found.members == tuple(f"t{number:02}" for number in range(60))
    assert (found.numbers, found.keys[:3], found.trouble) == ({"n_tables": 60}, ("id", "n0", "n1"), None)


def here(tmp_path: Path, content: bytes, format_name: str, *, is_text: bool) -> Extract:
    (tmp_path / "file").write_bytes(content)
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        return extract_here(Sample(descriptor, len(content)), format_name, is_text=is_text)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("content", "format_name", "expected"),
    [
        (
            valid.elf(),
            "elf",
            Extract("program", "", {"binary_type": "library", "machine": "x86-64"}, {"bits": 64, "n_sections": 28}),
        ),
        (
            valid.pe(),
            "pe",
            Extract(
                "program",
                "",
                {"machine": "x86-64", "binary_type": "executable", "subsystem": "gui"},
                {"n_sections": 2, "bits": 64, "is_managed": 0},
                keys=(".text", ".rsrc"),
            ),
        ),
        (
            valid.macho(),
            "macho",
            Extract("program", "", {"machine": "aarch64", "binary_type": "library"}, {"bits": 64}),
        ),
        (b"\x7fELF\2\1", "elf", Extract("program", trouble="a program whose header is cut off")),
        (b"anything", "video", NOTHING),
    ],
    ids=["ELF", "PE", "Mach-O", "cut off", "no extractor"],
)
def test_header_of_a_program_is_read_without_a_worker(tmp_path, content, format_name, expected):
    assert here(tmp_path, content, format_name, is_text=False) == expected


TEXTS = {
    "csv": ("csv", "name;size;kind\na;1;x\n", {"delimiter": "semicolon"}, {"n_columns": 3}, (), ("name", "size", "kind")),
    "json": ("json", '{"a": {"b": [1, {"c": "d"}]}, "e\\"f": 2}', {}, {}, (), ("a", "b", 'e\\"f')),
    "xml": (
        "xml",
        '<?xml version="1.0"?><!-- <no/> --><g:kml xmlns:g="http://k/2"><g:Place/></g:kml>',
        {"root": "kml", "namespace": "http://k/2"}, {}, (), ("g:kml", "g:Place"),
    ),
    "html": (
        "html",
        '<!DOCTYPE html><html lang="de"><title>Hallo</title><h1>Eins <b>zwei</b></h1><a href="x">y</a>',
        {"title": "Hallo", "language": "de", "doctype": "html"}, {"n_links": 1}, (), ("Eins zwei",),
    ),
    "toml": ("ini", "[tool]\nname = 1\n[[more]]\nsize = 2\n", {}, {"n_sections": 2}, (), ("tool", "more", "name", "size")),
    "yaml": ("yaml-config", "---\nname: x\nlist:\n  - a: 1\n", {}, {}, (), ("name", "list")),
    "vcard": (
        "vcard", "BEGIN:VCARD\nFN:Anna B\nTEL;TYPE=x:1\nEND:VCARD\n", {}, {"n_entries": 1}, ("Anna B",),
        ("BEGIN", "FN", "TEL", "END"),
    ),
    "calendar": (
        "calendar", "BEGIN:VCALENDAR\nPRODID:-//x\nBEGIN:VEVENT\nSUMMARY:Tea\nEND:VEVENT\n", {"producer": "-//x"},
        {"n_entries": 1}, ("Tea",), ("BEGIN", "PRODID", "SUMMARY", "END"),
    ),
    "log": ("log", "2023 INFO a\n2023 ERROR b\n2023 ERROR c", {}, {"n_entries": 3}, (), ("ERROR", "INFO")),
    "markdown": ("markdown", "# One\n\ntext\n\nTwo\n===\n", {}, {}, (), ("One", "Two")),
    "python": (
        "python", "#!/usr/bin/env python3\nimport os\nfrom a.b import c\n", {"language": "python", "shebang": "python3"},
        {}, (), ("os", "a.b"),
    ),
    "sql": ("sql-dump", "CREATE TABLE `people` (id INT);\n", {"language": "sql"}, {}, ("people",), ()),
}  # fmt: skip


@pytest.mark.parametrize(("format_name", "text", "fields", "numbers", "members", "keys"), TEXTS.values(), ids=TEXTS)
def test_text_gives_the_names_that_structure_it(tmp_path, format_name, text, fields, numbers, members, keys):
    found = here(tmp_path, text.encode(), format_name, is_text=True)
    n_lines = text.count("\n") + 1
    assert (found.fields, found.numbers, found.members, found.keys) == (
        fields, {"n_lines": n_lines, **numbers}, members, keys
    )  # fmt: skip


def test_fields_and_numbers_that_nobody_knows_cannot_be_noted():
    notes = Notes()
    with pytest.raises(KeyError):
        notes.field("colour", "red")
    with pytest.raises(KeyError):
        notes.number("n_colours", 1)


def test_every_name_is_described_and_used_by_some_extractor():
    source = "".join(
        path.read_text()
        for path in Path(Notes.__init__.__code__.co_filename).parent.glob("*.py")
        if path.stem != "values"
    )
    assert [name for name in (*FIELDS, *NUMBERS) if f'"{name}"' not in source] == []
    assert all({**FIELDS, **NUMBERS}.values())


def test_every_answer_for_a_worker_is_a_format_that_one_has():
    heads = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"x")
    named = ("email", "ebook", "zip:wheel", "sqlite:bookmarks", "pdf", "video", "csv")
    answers = {worker_format(name, head) for name in named for head in heads}
    assert answers - {None} == {"mail", "msg", "epub", "zip:wheel", "sqlite", "pdf"}
    assert answers - {None} <= IN_WORKER.keys()
