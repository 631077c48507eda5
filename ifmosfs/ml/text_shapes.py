"""Which text format a file has, by its first lines. The answers are keys of the `format` table in `rules.toml`.

Ordered from signs that leave no doubt to shapes that only lean one way; the first that fits is taken.
Every pattern works line by line or without nesting, so that no text can make it slow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ifmosfs.ml.markup import recognise_markup

SHAPE_CHARACTERS: Final = 4096

_STARTS: Final = (
    ("BEGIN:VCARD", "vcard"),
    ("BEGIN:VCALENDAR", "calendar"),
    ("<!DOCTYPE NETSCAPE-BOOKMARK-FILE-1", "bookmarks"),
    ("ISO-10303-21", "step"),
    ("OFXHEADER:", "ofx"),
    ("!TYPE:BANK", "ofx"),
    ("#EXTM3U", "playlist"),
    ("[PLAYLIST]", "playlist"),
    ("STARTFONT 2", "font"),
    ("%!PS-ADOBEFONT", "font"),
    ("%!FONTTYPE", "font"),
    ("STARTFONTMETRICS", "font"),
    ("/* XPM */", "xpm"),
    ("{\\RTF", "rtf"),
    ("# V2 GIT BUNDLE", "git-bundle"),
    ("\\INPUT TEXINFO", "texinfo"),
    ("DIFF --GIT ", "patch"),
    ("ASAP2_VERSION", "a2l"),
    ("METADATA-VERSION: ", "python-metadata"),
    ("-----BEGIN PGP", "key"),
    ("PUTTY-USER-KEY-FILE", "key"),
    ("SSH-RSA AAAA", "key"),
    ("SSH-ED25519 AAAA", "key"),
)
_LICENCES = re.compile(
    r"GNU (LESSER |AFFERO |LIBRARY )?GENERAL PUBLIC LICENSE\s+Version|Apache License\s+Version 2|"
    r"Permission is hereby granted, free of charge|Redistribution and use in source and binary forms|"
    r"Mozilla Public License,? Version|^Format: https?://\S*copyright-format|END[- ]USER LICENSE AGREEMENT|"
    r"^Creative Commons Legal Code|was debianized by|^License: \S+",
    re.MULTILINE | re.IGNORECASE,
)
_SIGNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.MULTILINE), name)
    for pattern, name in (
        (r"^-----BEGIN [A-Z0-9 ]*(PRIVATE KEY|CERTIFICATE|PUBLIC KEY|X509 CRL|REQUEST|PARAMETERS)", "key"),
        (r"^NS_ ?:|^BO_ \d+ \w+: \d+ \w+", "dbc"),
        (r"^/begin (PROJECT|MODULE)\b", "a2l"),
        (r"\Adate .*\nbase (hex|dec)\s+timestamps", "asc-trace"),
        (r"\A(S0[0-9A-F]{6,}\r?\n)?(S[1-3][0-9A-F]{8,}\r?\n){3}", "srec"),
        (r"\A\s*0\r?\nSECTION\r?\n", "dxf"),
        (r"\A\s*999\r?\n.*\r?\n\s*0\r?\nSECTION", "dxf"),
        (r"\Asolid[^\n]*\n\s*facet normal", "stl-text"),
        (r"\A.{72}S\s+1\r?\n", "iges"),
        (
            r"\A(From \S+ +(Mon|Tue|Wed|Thu|Fri|Sat|Sun) .*\n|Return-Path:|Received:|Delivered-To:|MIME-Version:|Message-ID:)",
            "email",
        ),
        (r"\A\d+\r?\n\d\d:\d\d:\d\d[,.]\d{3} --> |\AWEBVTT", "subtitles"),
        (r"\A%!PS.*EPSF", "eps"),
        (r"\A%!PS", "ps"),
        (r"\A\[InternetShortcut\]", "ini:internetshortcut"),
        (r"^\[Desktop Entry\][^\[]*^Type\s*=\s*Link", "ini:link"),
        (r"^\[Desktop Entry\]", "ini:desktop"),
        (r"^\[(Unit|Service|Socket|Timer|Match|Install)\]\s*$", "ini:systemd"),
        (r"\A(-- (MySQL|MariaDB|PostgreSQL|SQLite) |PRAGMA foreign_keys|BEGIN TRANSACTION;)", "sql-dump"),
        (r"^(INSERT INTO|COPY) \S.*\n.*^INSERT INTO |^INSERT INTO \S.*VALUES", "sql-dump"),
        (r"^[ \t]*CREATE (TABLE|DATABASE) ", "sql-dump"),
        (r"\A\s*(\.\\\"|'\\\"|\.TH |\.Dd |\.so man|'\.\\\")|^\.TH ", "man"),
        (r"^(--- \S.*\n\+\+\+ \S|@@ -\d+,?\d* \+\d+,?\d* @@|Index: \S+\n=====)", "patch"),
        (r"\A\S+ \([^()\n]+\) [^;\n]+; urgency=", "changelog"),
        (
            r"\A\d{4}-\d\d-\d\d  .*<.*>\s*\n|\A(\*+|=+)?\s*(Changes?|What's new|Release [Nn]otes|Changelog|News)\b",
            "changelog",
        ),
    )
)
_SOURCE_SIGNS: Final[tuple[tuple[str, re.Pattern[str], int], ...]] = tuple(
    (name, re.compile(pattern, re.MULTILINE), n_wanted)
    for name, pattern, n_wanted in (
        ("python", r"^(import \w[\w.]*( as \w+)?$|from [\w.]+ import |def \w+\(|class \w.*:|if __name__|@[\w.]+(\(.*)?$|    def )", 2),
        ("rust", r"^(use \w+(::|;)|fn \w+|pub (fn|struct|enum|mod) |impl\b.*\{|#!?\[\w+)", 2),
        ("go", r"^(package \w+\s*$|import \(|import \"|func (\(.*\) )?\w+\()", 2),
        ("java", r"^(package [\w.]+;|import (static )?[\w.*]+;|[ \t]*(public|private|protected) [\w ]{0,30}(class|void|enum)\b)", 2),
        ("javascript", r"^[ \t]*((const|let|var) \w+ = |function \w*\(|export (default|const|class) |['\"]use strict['\"])", 2),
        ("php", r"^<\?php", 1),
        ("perl", r"^(use (strict|warnings|vars)\b|package [\w:]+;|sub \w+ ?\{|my [$@%]\w+)", 2),
        ("ruby", r"^(require(_relative)? ['\"]|module [A-Z]\w*\s*$|  def \w+|end\s*$)", 3),
        ("shell", r"^(if \[ |fi\s*$|esac\s*$|done\s*$|export \w+=|set -[eux]+\s*$|\w+\(\) ?\{)", 2),
        ("lisp", r"^(\((defun|defvar|defmacro|define|require|setq|defcustom) )", 2),
        ("makefile-source", r"^([\w.%/$(){}-]+ ?:(?!=)[^\n]*\n\t|\.PHONY ?:|include \$\()", 2),
    )
)  # fmt: skip
_C_GUARD = re.compile(r"^[ \t]*#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+\1\b|^#pragma once", re.MULTILINE)
_C_LINE = re.compile(
    r"^[ \t]*#\s*(include\s*[<\"]|define \w|ifdef |endif|if defined)|^(static|extern|typedef|struct|namespace|template|int|void) ",
    re.MULTILINE,
)
_C_BODY = re.compile(r"^[\w*][\w\s*:<>,&~]{0,200}\([^;{}()]{0,400}\)\s*\{|^\{\s*$", re.MULTILINE)
_CSS_RULE = re.compile(
    r"^[ \t]*[.#@:\w*\[][^{};\n]{0,200}\{\s*[-a-z]+\s*:[^;{}\n]+[;}]|^@(import|charset|font-face)\b",
    re.MULTILINE,
)
_SHEBANG = re.compile(r"\A#!\s*/\S+|\A#!/usr/bin/env ")
_SECTION = re.compile(r"^[ \t]*\[[^\]\n=]{1,80}\]\s*$", re.MULTILINE)
_SETTING = re.compile(r"^[ \t]*[\w.\-/$ ]{1,60}\s*[=:]\s*\S*")
# A line is taken in one way only: with two, a file of two keys and thirty indented lines would take for ever.
_YAML = re.compile(r"\A([ \t]*(#.*)?\n)*---[ \t]*\n|\A([\w-]+:( .*)?\n([ \t].*\n|- .*\n)*){3}")
_PINNED = re.compile(r"^[A-Za-z0-9][\w.\[\]-]*\s*(==|>=|~=|<=)\s*[\d.*]+")
_LOG_LINE = re.compile(
    r"^\[?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d\d:\d\d:\d\d[.,:\] ]|\[\s*\d+\.\d{6}\])|"
    r"^\S+ \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:|^(\S+ )?(DEBUG|INFO|WARN(ING)?|ERROR|TRACE)\b"
)
_HEADING = re.compile(r"^\n#{1,4} \S.*\n\n|^(={3,}|-{3,}|~{3,})[ \t]*$|^```|^\.\. \w+::|^\* \S", re.MULTILINE)
_MARKDOWN = re.compile(r"\A\s*#{1,3} \S[^\n]*\n\n|^```", re.MULTILINE)
_COMMENT_STARTS: Final = ("#", ";", "//", "/*", "!", "--", "<!--", "%", "*")
_RST = re.compile(
    r"^\.\. (note|code|toctree|contents|module|_[\w -]+:|function|class|image|code-block)|^:\w+: ", re.MULTILINE
)
_DELIMITERS: Final = (",", ";", "\t", "|")


def recognise_text(text: str) -> str:
    """The text format; `text` where no shape fits."""
    start = text[:SHAPE_CHARACTERS].lstrip("\ufeff")
    opening = start[:200].lstrip().upper()
    for begin, name in _STARTS:
        if opening.startswith(begin):
            return name
    if _SHEBANG.match(start):
        return "script"
    return _by_signs(start) or _by_shape(start, start.splitlines()) or "text"


def _by_signs(text: str) -> str | None:
    marked = recognise_markup(text)
    if marked is not None and marked != "json":
        return marked
    for pattern, name in _SIGNS:
        if pattern.search(text):
            return name
    return marked


def _by_shape(text: str, lines: Sequence[str]) -> str | None:
    filled = [line for line in lines if line.strip()]
    if _is_log(filled):
        return "log"
    source = "markdown" if _MARKDOWN.search(text) else _source(text)
    if source is not None:
        return source
    is_commented = bool(filled) and filled[0].lstrip().startswith(_COMMENT_STARTS)
    if _LICENCES.search(text) and not is_commented:  # in a comment it is the licence of what follows
        return "licence"
    return _table_or_settings(text, filled)


def _is_log(lines: Sequence[str]) -> bool:
    sample = lines[:40]
    if len(sample) < 2:
        return False
    return sum(bool(_LOG_LINE.match(line)) for line in sample) * 2 > len(sample)


def _source(text: str) -> str | None:
    c_lines = len(_C_LINE.findall(text))
    if c_lines >= 2 or _C_GUARD.search(text):
        if _C_GUARD.search(text):
            return "c-header"
        return "c-source" if _C_BODY.search(text) else "c-unclear"
    for name, pattern, n_wanted in _SOURCE_SIGNS:
        if len(pattern.findall(text)) >= n_wanted:
            return name
    return "css" if len(_CSS_RULE.findall(text)) >= 2 else None


def _table_or_settings(text: str, lines: Sequence[str]) -> str | None:
    settings = [line for line in lines[:60] if not line.lstrip().startswith(("#", ";", "//", "!", "["))]
    n_pinned = sum(bool(_PINNED.match(line)) for line in settings)
    if settings and n_pinned * 2 > len(settings):
        return "requirements"
    n_settings = sum(bool(_SETTING.match(line)) for line in settings)
    mostly_settings = n_settings > 0 and n_settings * 10 >= len(settings) * 6
    n_comments = sum(line.lstrip().startswith(("#", ";", "//")) for line in lines[:60])
    shapes = (
        ("ini", mostly_settings and _SECTION.search(text)),
        ("csv", _is_table(lines)),
        ("rst-doc", _RST.search(text)),
        ("yaml-config", mostly_settings and _YAML.match(text)),
        ("settings", mostly_settings and n_settings >= 3 and "=" in text),
        ("commented", n_comments * 2 > min(len(lines), 60)),
        ("markdown", len(_HEADING.findall(text)) >= 2),
    )
    return next((name for name, fits in shapes if fits), None)


def _is_table(lines: Sequence[str]) -> bool:
    """Whether the first lines (the last may be cut) all have the same number, at least one, of the same delimiter."""
    rows = lines[:12] if len(lines) > 12 else lines[:-1] or lines
    if len(rows) < 3:
        return False
    for delimiter in _DELIMITERS:
        counts = {row.count(delimiter) for row in rows}
        if len(counts) == 1 and counts != {0} and (counts != {1} or not any(". " in row for row in rows)):
            return True
    return False
