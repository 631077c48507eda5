"""Bounded reading: samples, ZIP members, hostile archives and pictures, dates and text shapes."""

import io
import os
import struct
import zlib
from datetime import date

import classifier_samples as made
import pytest

from ifmosfs.ml.dates import date_in_metadata, date_in_name
from ifmosfs.ml.decoding import decode
from ifmosfs.ml.images import read_picture
from ifmosfs.ml.sample import HEAD_BYTES, MOST_BYTES, Sample, SampleFile
from ifmosfs.ml.signatures import recognise
from ifmosfs.ml.text_shapes import recognise_text, without_opening_comment
from ifmosfs.ml.zip_members import MOST_MEMBERS, list_members, read_member
from tests.stopwatch import ends_within


@pytest.fixture
def sample_of(tmp_path):
    """Makes a sample of given bytes; the descriptors are closed at the end."""
    descriptors = []

    def make(content: bytes) -> Sample:
        path = tmp_path / str(len(descriptors))
        path.write_bytes(content)
        descriptors.append(os.open(path, os.O_RDONLY))
        return Sample(descriptors[-1], len(content))

    yield make
    for descriptor in descriptors:
        os.close(descriptor)


def test_sample_holds_beginning_and_end_without_overlap(sample_of):
    content = bytes(range(256)) * 20  # 5120 bytes: exactly both
    sample = sample_of(content)
    assert sample.head + sample.tail == content
    assert sample.beginning(4100) == content[:4100]


def test_sample_never_reads_more_than_its_bound(sample_of):
    sample = sample_of(b"x" * (2 * MOST_BYTES))
    n_read = len(sample.head) + len(sample.tail) + len(SampleFile(sample).read())
    assert n_read == MOST_BYTES
    assert sample.read_at(0, 10) == b""


def test_sample_as_a_file_reads_and_seeks(sample_of):
    content = bytes(range(256)) * 40
    file = SampleFile(sample_of(content))
    assert file.read(3) == b"\0\1\2"
    assert file.seek(-4, io.SEEK_END) == len(content) - 4
    assert file.read() == content[-4:]
    assert (file.seek(HEAD_BYTES - 1), file.read(2), file.tell()) == (HEAD_BYTES - 1, b"\xff\0", HEAD_BYTES + 1)


def test_zip_members_are_listed_and_read_up_to_the_bound(sample_of):
    sample = sample_of(made.zipped_of({"a.txt": "x" * 100_000, "b": "hello"}))
    first, second = list_members(sample)
    assert (first.name, read_member(sample, first, 1000)) == ("a.txt", b"x" * 1000)
    assert (second.name, read_member(sample, second, 1000)) == ("b", b"hello")


def test_zip_with_many_members_is_listed_in_part(sample_of):
    assert len(list_members(sample_of(made.zipped_of({f"{n}": "" for n in range(1000)})))) == MOST_MEMBERS


def test_zip_bomb_is_inflated_only_as_far_as_asked(sample_of):
    sample = sample_of(made.zipped_of({"word/document.xml": b"\0" * 20_000_000}))
    (member,) = list_members(sample)
    assert len(read_member(sample, member, 48 * 1024)) <= 48 * 1024


def test_zip_cut_off_lists_nothing(sample_of):
    assert list_members(sample_of(made.zipped(a="x")[:-30])) == ()


def test_picture_of_an_absurd_size_is_refused_without_decoding(sample_of):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    png += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    assert read_picture(sample_of(png), "png", 2024) is None


@pytest.mark.parametrize(
    ("content", "format_name"),
    [
        (made.sound(), "audio"),
        (made.tar(), "tar"),
        (made.tar("bz2"), "bzip2"),
        (made.stl(), "stl-binary"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "class"),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", "macho"),
        (b"PACK of wolves", None),
        (b"PACK\x10\0\0\0", "game"),
        (b"MZ" + b"\0" * 100 + b"Nullsoft", "pe-installer"),
        (b"\0" * 32769 + b"CD001" + b"\0" * 10, "iso"),
        (b"", None),
    ],
    ids=[
        "wave",
        "tar",
        "tar.bz2",
        "STL",
        "Java class",
        "fat Mach-O",
        "a word",
        "Quake PAK",
        "installer",
        "ISO 9660",
        "empty",
    ],
)
def test_signature_is_recognised(sample_of, content, format_name):
    assert recognise(sample_of(content)) == format_name


@pytest.mark.parametrize(
    ("text", "format_name"),
    [
        ("plain words\n", "text"),
        ("<html><head><meta name='generator' content='Sphinx'>", "html:generated"),
        ('{"type": "FeatureCollection", "features": [{"geometry": {}}]}', "json:geojson"),
        ('{"a": 1}\n{"a": 2}\n{"a": 3}\n', "json:lines"),
        ('{"nbformat": 4, "cells": []}', "json:notebook"),
        ('<?xml version="1.0"?>\n<!-- <svg> -->\n<project/>', "xml:config"),
        ("a;b\n1;2\n3;4\n5;6\n", "csv"),
        ("Jan  5 10:00:00 host x: y\nJan  5 10:00:01 host x: z\n", "log"),
        ("diff --git a/x b/x\n", "patch"),
        ("[Desktop Entry]\nType=Link\nURL=x\n", "ini:link"),
        ("[Desktop Entry]\nType=Application\n", "ini:desktop"),
        ("# Title\n\nwords\n", "markdown"),
        ("# a comment\n# another\nvalue\n", "commented"),
        ("#include <a.h>\n#include <b.h>\nint main(void) {\n}\n", "c-source"),
        ("#pragma once\nint a;\n", "c-header"),
    ],
)
def test_text_shape_is_recognised(text, format_name):
    assert recognise_text(text) == format_name


HOSTILE = [
    " ",
    "\n",
    "<",
    "<!--",
    "<!a[",
    "[",
    "{",
    '"',
    "a:\n",
    "- \n",
    "a\n ",
    "#\n",
    "a(",
    "#ifndef a\n",
    ". { ",
    "a,",
    "0\n",
    "((",
    "a" * 41 + ":",
    "a:b ",
    "2024-01-01 ",
    "2024-01-01 *\n a:",
    "[a-",
    "x" * 199 + ",",
    "a{ ",
    "  a b;\n",
    "From: a\n ",
    "Point(",
    "translate(1) ",
    "\\documentclass[",
    "1 2\t",
    ">a\nACGT",
    "1\na\n",
    "\t\t CREATE ",
    "INSERT INTO a ",
    "A00a",
    "end\n\n",
    "import a from '",
    "# \n",
    "S1AAAAAAAA\n",
    "<a ",
    "<?x?>",
    '{"a":',
]


@pytest.mark.parametrize("unit", HOSTILE, ids=repr)
def test_repeated_text_is_recognised_in_bounded_time(unit):
    text = (unit * 4096)[:4096]
    assert recognise_text(text)
    assert ends_within(0.5, lambda: recognise_text(text))  # exponential patterns take minutes


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"abc", "abc"),
        ("ä€".encode()[:-1], "ä"),
        ("\ufeffhé".encode("utf-16"), "\ufeffhé"),
        (b"caf\xe9 noir", "café noir"),
        (b"a\0b", None),
        (b"\x01\x02\x03abc", None),
        (bytes(range(128, 256)), None),
    ],
    ids=["ASCII", "cut UTF-8", "UTF-16", "Latin", "NUL", "controls", "high bytes"],
)
def test_text_is_told_from_binary(data, text):
    assert decode(data) == text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"IMG_20230105_101112.jpg", date(2023, 1, 5)),
        (b"20230105101112.jpg", date(2023, 1, 5)),
        (b"x 2023-01-05 y", date(2023, 1, 5)),
        (b"Brief 05.01.2023.pdf", date(2023, 1, 5)),
        (b"2023-02-30 2023-03-01", date(2023, 3, 1)),
        (b"20251231", date(2025, 12, 31)),
        (b"20260101", None),
        (b"19791231", None),
        (b"120230105", None),
        (b"2023-0105", None),
        (b"\xff2023_01_05", date(2023, 1, 5)),
    ],
)
def test_date_in_a_name_up_to_the_end_of_next_year(name, expected):
    assert date_in_name(name, 2025) == expected


@pytest.mark.parametrize("value", [b"D:20230105101112+01'00'", b"2023-01-05T10:00:00Z", b"2023:01:05 10:00:00"])
def test_date_in_metadata(value):
    assert date_in_metadata(value, 2025) == date(2023, 1, 5)


@pytest.mark.parametrize(
    "text",
    ["a:\n" + "  b  c  d\n" * 60, "a: 1\nb:\n" + "    - x y z\n" * 60 + "!", "# \n" * 200 + "-", "- x\n" * 300 + "="],
    ids=["one key", "two keys", "comments", "items"],
)
def test_settings_that_are_nearly_yaml_are_told_at_once(text: str) -> None:
    assert recognise_text(text) in {"text", "yaml-config", "settings", "commented", "markdown"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# a\n# b\n# c\n# d\nrest\n", "rest\n"),
        ("/* a\nb\nc\nd */\nrest\n", "rest\n"),
        ("% a\n%\n\n% b\n%c\nrest\n% more\n", "rest\n% more\n"),
        ("# A heading\n\nrest\n", "# A heading\n\nrest\n"),
        ("# a\n# b\n# c\n# d\n", "# a\n# b\n# c\n# d\n"),
        ("rest\n# a\n", "rest\n# a\n"),
        ("", ""),
    ],
    ids=["lines", "a block", "with gaps", "a heading", "nothing else", "none at the beginning", "empty"],
)
def test_a_comment_of_some_lines_at_the_beginning_is_left_out(text, left):
    assert without_opening_comment(text) == left
