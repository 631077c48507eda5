"""The rules classifier on real files, from name to proposal."""

import os
import sys
from datetime import date

import classifier_samples as made
import pytest
from classifier_disk import OpenOnly, scanned, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifmosfs.core.files import Kind, Place
from ifmosfs.core.proposal import Decider, Explanation, Opinion, Proposal
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.taxonomy import Taxonomy, default_taxonomy

THRESHOLD = 0.6
TODAY = date(2024, 6, 1)
CLASSIFIER = RulesClassifier(OpenOnly(), today=TODAY)
NAMES = default_taxonomy().names

DECIDED = {
    "zip": (b"a.zip", made.zipped(a="x"), "archive"),
    "tar": (b"a.tar", made.tar(), "archive"),
    "tar.gz": (b"a.tar.gz", made.tar("gz"), "archive"),
    "tar.xz": (b"a.tar.xz", made.tar("xz"), "archive"),
    "CAN database": (b"net.dbc", b'VERSION ""\nNS_ :\n  CM_\nBU_: A\nBO_ 100 Msg: 8 A\n', "automotive_technical"),
    "AUTOSAR": (b"x.xml", b'<?xml version="1.0"?><AUTOSAR xmlns="a"><P/></AUTOSAR>', "automotive_technical"),
    "old copy": (b"notes.txt~", b"hello there", "backup_versioned"),
    "slides": (b"a.pptx", made.zipped_of({"ppt/presentation.xml": "<p/>"}), "business_presentation"),
    "workbook": (b"a.xlsx", made.zipped_of({"xl/workbook.xml": "<w/>"}), "business_spreadsheet"),
    "npm cache": (b"x/_cacache/content/ab", b"anything", "cache_package_manager"),
    "byte code": (b"m.pyc", b"\xa7\r\r\n" + b"\0" * 12 + b"\xe3", "compiled_code"),
    "Java archive": (b"a.jar", made.zipped_of({"META-INF/MANIFEST.MF": "x", "A.class": "y"}), "compiled_code"),
    "vCard": (b"anna.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n", "contact_vcard"),
    "installed package": (b"lib/site-packages/six.py", b"import sys\n", "dependency_python"),
    "wheel": (b"six-1.whl", made.zipped_of({"six.py": "", "six-1.dist-info/WHEEL": "x"}), "dependency_python"),
    "requirements": (b"requirements.txt", b"click==8.1\nrich>=13\n", "dependency_python"),
    "STEP": (b"part.step", b"ISO-10303-21;\nHEADER;\n", "design_cad"),
    "binary STL": (b"part.stl", made.stl(), "design_cad"),
    "DXF": (b"part.dxf", b"  0\nSECTION\n  2\nHEADER\n", "design_cad"),
    "Photoshop": (b"a.psd", b"8BPS\0\1" + b"\0" * 40, "design_document"),
    "logo as picture": (b"acme_logo.png", made.picture((200, 80), "PNG", "RGBA"), "design_logo"),
    "SVG": (b"plan.svg", b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>', "design_vector"),
    "invoice as docx": (b"x.docx", made.docx(made.INVOICE), "financial_document"),
    "German invoice as odt": (b"x.odt", made.odt(made.RECHNUNG), "financial_document"),
    "invoice by name": (b"Rechnung_2023-03.pdf", made.pdf(), "financial_document"),
    "invoice by title": (b"0001.pdf", made.pdf("Invoice 4711"), "financial_document"),
    "Doom level": (b"doom1.wad", b"IWAD" + b"\1\0\0\0" * 10, "game_data"),
    "Git object": (b"repo/.git/objects/ab/cd", b"x\x9c\0", "git_metadata"),
    "Git ignore list": (b".gitignore", b"*.pyc\n", "git_metadata"),
    "contract": (b"x.txt", made.CONTRACT.encode(), "legal_document"),
    "licence": (b"LICENSE", b"Permission is hereby granted, free of charge, to any person", "legal_document"),
    "sound": (b"a.wav", made.sound(), "media_audio"),
    "icon": (b"go-next.png", made.picture((24, 24), "PNG", "RGBA"), "media_graphic"),
    "animation": (b"x.gif", made.picture((30, 30), "GIF", "P"), "media_graphic"),
    "photo": (b"x.jpg", made.photo(), "media_photo"),
    "screenshot": (b"Screenshot from 2023-01-05.png", made.picture((1920, 1080), "PNG"), "media_screenshot"),
    "screen-sized picture": (b"x.png", made.picture((1366, 768), "PNG"), "media_screenshot"),
    "CV": (b"Lebenslauf Anna.docx", made.docx(made.CV), "personal_career"),
    "health report": (b"report.docx", made.docx(made.HEALTH), "personal_health"),
    "Debian package": (b"a.deb", b"!<arch>\ndebian-binary   1", "software_installer"),
    "header": (b"a.h", b"#ifndef A_H\n#define A_H\nint a(void);\n#endif\n", "source_header"),
    "settings": (b"app.ini", b"[main]\ncolour = blue\nsize = 3\n", "technical_config"),
    "table": (b"m.csv", b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "technical_dataset"),
    "SQL dump": (b"dump.sql", b"-- MySQL dump 10.13\nCREATE TABLE a (b INT);\n", "technical_database"),
    "README": (b"README.md", b"# Tool\n\nHow to install\n\n## Usage\n\nrun it\n", "technical_documentation"),
    "packed manual page": (b"ls.1.gz", made.gzipped('.TH LS 1\n.SH NAME\nls\n'), "technical_documentation"),
    "log": (b"x.log", b"2023-01-01 10:00:00 INFO a\n2023-01-01 10:00:01 WARN b\n", "technical_log"),
    "manual": (b"Bedienungsanleitung Herd.pdf", made.pdf("Bedienungsanleitung"), "technical_manual"),
    "script": (b"run", b"#!/bin/sh\necho hi\n", "technical_script"),
    "Python": (b"a.py", b"import os\n\ndef f():\n    pass\n", "technical_script"),
    "bookmarks": (b"b.html", b"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>B</TITLE>", "web_bookmark"),
    "link": (b"x.url", b"[InternetShortcut]\r\nURL=http://a/\r\n", "web_bookmark"),
    "font": (b"a.woff2", b"wOF2\0\1\0\0" + b"\0" * 40, "web_font"),
    "web page": (b"a.html", b"<!doctype html><html><body><p>hi</p></body></html>", "web_page"),
    "style sheet": (b"a.css", b".a { color: red; }\n.b { margin: 0; }\n", "web_stylesheet"),
}  # fmt: skip


def proposal(tmp_path, name: bytes, content: bytes) -> Proposal:
    return CLASSIFIER.propose(written(os.fsencode(tmp_path), name, content))


@pytest.mark.parametrize(("name", "content", "label"), DECIDED.values(), ids=DECIDED.keys())
def test_telling_file_is_decided(tmp_path, name, content, label):
    result = proposal(tmp_path, name, content)
    assert (result.label, result.score >= THRESHOLD) == (label, True), result


def test_every_category_but_the_one_made_below_is_decided_by_a_sample_above():
    labels = {label for _, _, label in DECIDED.values()}
    assert NAMES - labels == {"personal_document"}


def test_letter_in_plain_words_is_a_personal_document(tmp_path):
    text = b"Dear grandma, thank you for your letter. Happy birthday! Best wishes, with love"
    result = proposal(tmp_path, b"letter to grandma.txt", text)
    assert (result.label, result.score >= THRESHOLD) == ("personal_document", True), result


def test_database_and_program_made_by_real_writers_are_decided(tmp_path):
    database = proposal(tmp_path, b"without extension", made.sqlite(tmp_path))
    assert (database.label, database.reason) == ("technical_database", "an SQLite database")
    program = os.path.realpath(sys.executable)
    result = CLASSIFIER.propose(scanned(os.fsencode(os.path.dirname(program)), os.fsencode(os.path.basename(program))))
    assert (result.label, result.score >= 0.9) == ("compiled_code", True), result


OUT_OF_TAXONOMY = {
    "video": (b"a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video"),
    "video without extension": (b"a", b"\x1aE\xdf\xa3" + b"\0" * 40, "video"),
    "e-mail": (b"a.eml", b"Received: from a\nMessage-ID: <b>\n\nhi", "e-mail"),
    "calendar": (b"a.ics", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "calendar"),
    "key": (b"id_rsa", b"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n", "key"),
    "e-book": (b"a.epub", made.zipped_of({"mimetype": "application/epub+zip", "a.html": "x"}), "e-book"),
}


@pytest.mark.parametrize(("name", "content", "word"), OUT_OF_TAXONOMY.values(), ids=OUT_OF_TAXONOMY.keys())
def test_format_without_a_category_gets_no_label(tmp_path, name, content, word):
    result = proposal(tmp_path, name, content)
    assert (result.label, result.score, word in result.reason) == (None, 0.0, True), result


UNTELLING = {
    "text": (b"x", b"some words"),
    "plain text file": (b"x.txt", b"some words"),
    "binary data": (b"x.bin", bytes(range(256)) * 4),
    "PDF about nothing": (b"0001.pdf", made.pdf()),
    "document about nothing": (b"x.docx", made.docx("hello")),
    "JPEG by name only": (b"x.jpg", b"these are words and no picture"),
    "program by name only": (b"x.so", b"these are words and no program"),
    "scene of Maya, or a table of an input method": (b"wbx.mb", b"\x01\x00wbx" + bytes(range(200))),
    "game of a console, or a dictionary": (b"EWDSFILE.GEN", b"\x02\x00abandon" + bytes(range(200))),
    "operational amplifiers, no grandfather": (
        b"models.txt",
        b"You may download the models OPA1611.LIB and opa1656.lib.\n",
    ),
    "state of a program": (b"gtype.state", b"(!version 1)\n(!srcdir x)\n(!languages 3 c d e)\n"),
    "program of a plotter, or settings of a build": (b"read.pro", b"; reads a field\nopenr, 1, name\nreadu, 1, x\n"),
    "macros of TeX": (b"keys.sty", b"\\ProvidesPackage{keys}[2010/07/05 v0.1]\n\\RequirePackage{ifthen}\n"),
    "declarations below the licence they are under": (
        b"modes.def",
        (
            b"/* Machine modes.\n   Copyright (C) 2003 A Foundation.\n\nThis file is free software; you can redistribute it\n"
            b"under the terms of a license of the public, WITHOUT ANY WARRANTY, without even the implied warranty of\n"
            b"MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  */\n\nMODE (RANDOM)\nMODE (BOOL)\nMODE (INT)\n"
        ),
    ),
}


@pytest.mark.parametrize(("name", "content"), UNTELLING.values(), ids=UNTELLING.keys())
def test_file_that_tells_too_little_stays_below_the_threshold(tmp_path, name, content):
    assert proposal(tmp_path, name, content).score < THRESHOLD


def test_extension_and_content_that_agree_score_higher_than_either_alone(tmp_path):
    both = proposal(tmp_path, b"a.zip", made.zipped(a="x"))
    content_only = proposal(tmp_path, b"a", made.zipped(a="x"))
    contradicted = proposal(tmp_path, b"a.mp3", made.zipped(a="x"))
    assert {both.label, content_only.label} == {"archive"}
    assert both.score > 0.9 > content_only.score > contradicted.score
    assert (contradicted.label, contradicted.runner_up) == ("archive", "media_audio")
    assert contradicted.score < THRESHOLD


def test_reason_names_the_decisive_evidence_on_one_line(tmp_path):
    assert proposal(tmp_path, b"x.jpg", made.photo()) == Proposal(
        label="media_photo",
        score=0.977,
        reason="taken with Canon EOS 80D; the extension .jpg (JPEG picture)",
        runner_up="design_logo",
        runner_up_score=0.007,
        document_date=date(2018, 8, 9),
        rule=Opinion("media_photo", 0.977),
        decided_by=Decider.RULE,
    )


def test_empty_file_gets_no_label(tmp_path):
    assert proposal(tmp_path, b"invoice.pdf", b"") == Proposal(None, 0.0, "empty file")


def test_link_gets_no_label_and_is_not_opened():
    disk = OpenOnly()
    assert RulesClassifier(disk).propose(scanned(b"/", b"x", Kind.SYMLINK)) == Proposal(None, 0.0, "a link")
    assert disk.n_opened == 0


def test_file_is_opened_once_and_its_descriptor_closed(tmp_path):
    disk = OpenOnly()
    file = written(os.fsencode(tmp_path), b"x.docx", made.docx(made.INVOICE))
    before = set(os.listdir("/proc/self/fd"))
    RulesClassifier(disk).propose(file)
    assert disk.n_opened == 1
    assert set(os.listdir("/proc/self/fd")) == before


def test_vanished_file_is_unreadable_with_the_systems_word(tmp_path):
    assert CLASSIFIER.propose(scanned(os.fsencode(tmp_path), b"gone.pdf")) == Proposal(
        None, 0.0, "cannot be read: No such file or directory", unreadable="No such file or directory"
    )


class Refusing:
    """A disk that does not let the file be opened."""

    def open_read(self, place: Place) -> int:
        raise PermissionError(13, "Permission denied", place.absolute)


def test_file_without_permission_is_unreadable():
    result = RulesClassifier(Refusing()).propose(scanned(b"/", b"x"))
    assert (result.label, result.score, result.unreadable) == (None, 0.0, "Permission denied")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (b"a.docx", made.docx("x"), date(2021, 3, 4)),
        (b"a.odt", made.odt("x"), date(2019, 7, 8)),
        (b"a.pdf", made.pdf(), date(2020, 2, 3)),
        (b"2019-01-02.pdf", made.pdf(), date(2020, 2, 3)),
        (b"2019-01-02.pdf", made.pdf(date="D:19700101"), date(2019, 1, 2)),
        (b"IMG_20230105_101500.jpg", made.picture((9, 9), "JPEG"), date(2023, 1, 5)),
        (b"a.txt", b"x", None),
    ],
    ids=["docx", "odt", "PDF", "metadata before name", "name where metadata is absurd", "camera name", "none"],
)
def test_document_date_comes_from_metadata_then_from_the_name(tmp_path, name, content, expected):
    assert proposal(tmp_path, name, content).document_date == expected


def test_category_removed_from_the_taxonomy_is_never_proposed(tmp_path):
    kept = Taxonomy(tuple(category for category in default_taxonomy().categories if category.name != "archive"))
    file = written(os.fsencode(tmp_path), b"a.zip", made.zipped(a="x"))
    assert RulesClassifier(OpenOnly(), taxonomy=kept).propose(file).label is None


def test_name_changes_with_the_rules():
    assert CLASSIFIER.name.startswith("rules-3-")


def check(result: Proposal) -> None:
    assert result.label is None or result.label in NAMES
    assert result.runner_up is None or result.runner_up in NAMES
    assert 0.0 <= result.runner_up_score <= 0.99
    assert 0.0 <= result.score <= 0.99
    assert (result.label is None) == (result.score == 0.0)
    assert result.reason
    assert result.reason.isprintable()


SUFFIXES = st.sampled_from(
    [b"", b".pdf", b".jpg", b".png", b".zip", b".docx", b".gz", b".txt", b".tar.gz", b".html", b".xml"]
)
STEMS = (
    st.binary(min_size=1, max_size=200)
    .map(lambda raw: raw.translate(None, b"/\0") or b"n")
    .filter(lambda n: n.strip(b"."))
)
GENUINE = st.sampled_from(
    [content for _, content, _ in DECIDED.values()] + [made.tar("gz"), made.pdf("x"), made.sound()]
)
UNTIMED = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@UNTIMED
@given(stem=STEMS, suffix=SUFFIXES, content=st.binary(max_size=6000))
def test_arbitrary_names_and_bytes_give_a_valid_proposal(tmp_path, stem, suffix, content):
    check(proposal(tmp_path, stem + suffix, content))


@UNTIMED
@given(genuine=GENUINE, suffix=SUFFIXES, data=st.data())
def test_damaged_files_of_real_formats_give_a_valid_proposal(tmp_path, genuine, suffix, data):
    damaged = bytearray(genuine)
    for position in data.draw(st.lists(st.integers(0, len(genuine) - 1), max_size=12)):
        damaged[position] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(1, len(genuine)))
    check(proposal(tmp_path, b"x" + suffix, bytes(damaged[:end])))


def test_explanation_has_the_proposal_and_what_speaks_most_for_it(tmp_path):
    file = written(os.fsencode(tmp_path), b"x.jpg", made.photo())
    assert CLASSIFIER.explain(file) == Explanation(
        CLASSIFIER.propose(file), ("taken with Canon EOS 80D", "the extension .jpg (JPEG picture)", "a picture")
    )
