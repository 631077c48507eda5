"""Text formats, from the text of the beginning: keys, columns, headings, what is counted. Regular expressions over a bounded text;
nothing is parsed as a whole, so nothing is nested too deep, and no entity is ever expanded."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from ifmosfs.ml.documents import without_rtf_controls, without_tags
from ifmosfs.ml.drawings import read_drawing
from ifmosfs.ml.extract.limits import JSON_DEPTH, MOST_NAMES
from ifmosfs.ml.extract.values import Notes

_ROOT: Final = re.compile(r"<(?![?!])(?:([\w.-]{1,40}):)?([\w.-]{1,80})([^<>]{0,2000})")
_NAMESPACE: Final = re.compile(r"\bxmlns(?::([\w.-]{1,40}))?\s*=\s*[\"']([^\"'<>]{1,200})[\"']")
_DOCTYPE: Final = re.compile(r"<!DOCTYPE\s+([^<>\[]{1,200})", re.IGNORECASE)
_ELEMENTS: Final = re.compile(r"<([\w:.-]{1,80})")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HTML_TITLE: Final = re.compile(r"<title[^<>]{0,100}>([^<>]{1,300})", re.IGNORECASE)
_HTML_LANGUAGE: Final = re.compile(r"<html[^<>]{0,300}\blang\s*=\s*[\"']?([\w-]{2,12})", re.IGNORECASE)
_HTML_GENERATOR: Final = re.compile(
    r"<meta\s[^<>]{0,60}?name\s*=\s*[\"']?generator[\"']?\s[^<>]{0,40}?content\s*=\s*[\"']([^\"'<>]{1,200})", re.IGNORECASE
)  # fmt: skip
_HTML_HEADING: Final = re.compile(r"<h[1-3][^<>]{0,200}>(.{1,400}?)</h[1-3]", re.IGNORECASE | re.DOTALL)
_SCRIPTS: Final = re.compile(r"<(script|style)\b[^<>]{0,400}>.*?(?:</\1|\Z)", re.IGNORECASE | re.DOTALL)
_LINK: Final = re.compile(r"<a\s[^<>]{0,400}?\bhref\s*=", re.IGNORECASE)
_JSON_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.){0,400})"(\s{0,40}:)?|[{}\[\]]')
_INI_SECTION: Final = re.compile(r"^[ \t]{0,20}\[{1,2}([^\]\n]{1,80})\]", re.MULTILINE)
_INI_KEY: Final = re.compile(r"^[ \t]{0,20}([\w.\-/$\"]{1,60})[ \t]{0,40}[=:]", re.MULTILINE)
_YAML_KEY: Final = re.compile(r"^(?: {0,2}|- )([\w.\-/\"']{1,60}):(?:[ \t]|$)", re.MULTILINE)
_MARKDOWN_HEADING: Final = re.compile(
    r"^#{1,4} {1,4}([^\n]{1,200})|^([^\n]{3,120})\n(?:={3,}|-{3,})[ \t]*$", re.MULTILINE
)
_PROPERTY: Final = re.compile(r"^([A-Z][A-Z0-9-]{0,30})[;:]", re.MULTILINE)
_CALENDAR_NAME: Final = re.compile(r"^(?:SUMMARY|FN|X-WR-CALNAME)[^:\n]{0,60}:([^\r\n]{1,200})", re.MULTILINE)
_PRODUCER: Final = re.compile(r"^PRODID[^:\n]{0,60}:([^\r\n]{1,200})", re.MULTILINE)
_LEVEL: Final = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE)
_SHEBANG: Final = re.compile(r"\A#![ \t]*(?:/usr/bin/env[ \t]+(?:-S[ \t]+)?)?([^\s]{1,80})")
_IMPORT: Final = re.compile(
    r"^[ \t]{0,20}(?:from|import|use|using|require|require_relative|package|#[ \t]*include)[ \t(]{1,8}[\"'<]?([\w./:-]{1,80})",
    re.MULTILINE,
)
_SQL_TABLE: Final = re.compile(
    r"\bCREATE\s{1,8}TABLE\s{1,8}(?:IF\s{1,8}NOT\s{1,8}EXISTS\s{1,8})?[\"'`\[]?([\w.]{1,80})", re.IGNORECASE
)
_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SETTINGS: Final = frozenset(
    {"ini", "ini:desktop", "ini:systemd", "ini:link", "ini:internetshortcut", "settings", "requirements", "commented"}
)
_LANGUAGES: Final = {
    "python": "python", "c-source": "c", "c-header": "c", "c-unclear": "c", "javascript": "javascript", "java": "java",
    "perl": "perl", "rust": "rust", "go": "go", "ruby": "ruby", "php": "php", "lisp": "lisp", "shell": "shell", "css": "css",
    "makefile-source": "make", "sql-script": "sql", "sql-dump": "sql", "batch": "batch", "lua": "lua", "cmake": "cmake",
    "vim-script": "vim", "haskell": "haskell", "fortran": "fortran", "assembler": "assembler", "hardware": "hdl",
}  # fmt: skip


def read_text(text: str, format_name: str, notes: Notes) -> None:
    """Note what a text in a format of `text_shapes` says; the format may be wrong, and then less is found."""
    notes.number("n_lines", text.count("\n") + 1)
    notes.field("language", _LANGUAGES.get(format_name))
    family = format_name.partition(":")[0]
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if family in {"html", "bookmarks"}:
        _html(text, notes)
    elif family == "xml" or (start == "<" and family not in _LANGUAGES):
        _xml(text, notes)
        if format_name == "xml:svg":
            _drawing(text, notes)
    elif family == "json" and start in {"{", "["}:
        _json(text, notes)
    else:
        _lines(text, format_name, notes)


def _lines(text: str, format_name: str, notes: Notes) -> None:
    if format_name in _SETTINGS:
        _settings(text, notes)
    elif format_name.startswith(("yaml", "json")):
        _names(_YAML_KEY, text, notes)
    elif format_name.startswith("csv"):
        _table(text, notes)
    elif format_name in {"vcard", "calendar"}:
        _cards(text, format_name, notes)
    elif format_name == "log":
        _log(text, notes)
    elif format_name == "rtf":
        text = without_rtf_controls(text)
    elif format_name == "markdown":
        for match in _MARKDOWN_HEADING.finditer(text):
            notes.key(match[1] or match[2])
    else:
        _source(text, notes)
    notes.text(text)


def _names(pattern: re.Pattern[str], text: str, notes: Notes) -> None:
    for name in pattern.findall(text):
        notes.key(name.strip("\"'"))


def _xml(text: str, notes: Notes) -> None:
    plain = _COMMENT.sub(" ", text)
    doctype = _DOCTYPE.search(plain)
    notes.field("doctype", doctype[1] if doctype else "")
    root = _ROOT.search(plain)
    if root:
        notes.field("root", root[2])
        spaces = {match[1]: match[2] for match in _NAMESPACE.finditer(root[3])}
        notes.field("namespace", spaces.get(root[1]) or next(iter(spaces.values()), ""))
    _names(_ELEMENTS, plain, notes)
    notes.text(without_tags(plain))


def _drawing(text: str, notes: Notes) -> None:
    drawing = read_drawing(text)
    notes.field("title", drawing.title)
    if drawing.width and drawing.height:
        notes.number("width", drawing.width)
        notes.number("height", drawing.height)
    notes.number("n_shapes", drawing.n_shapes)
    notes.number("n_paints", drawing.n_colours)
    notes.number("is_work_file", drawing.is_by_editor)


def _html(text: str, notes: Notes) -> None:
    for name, pattern in (
        ("title", _HTML_TITLE), ("language", _HTML_LANGUAGE), ("producer", _HTML_GENERATOR), ("doctype", _DOCTYPE)
    ):  # fmt: skip
        match = pattern.search(text)
        notes.field(name, match[1] if match else "")
    for match in _HTML_HEADING.finditer(text):
        notes.key(without_tags(match[1]))
    notes.number("n_links", len(_LINK.findall(text)))
    notes.text(without_tags(_SCRIPTS.sub(" ", _COMMENT.sub(" ", text))))


def _json(text: str, notes: Notes) -> None:
    """The keys of the outer objects, however deep the rest is nested."""
    depth = 0
    for match in _JSON_TOKEN.finditer(text):
        sign = match[0]
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
        elif match[2] and depth <= JSON_DEPTH:
            notes.key(match[1])
    notes.text(text)


def _settings(text: str, notes: Notes) -> None:
    sections = _INI_SECTION.findall(text)
    notes.number("n_sections", len(sections))
    for name in sections[: MOST_NAMES // 2]:
        notes.key(name)
    _names(_INI_KEY, text, notes)


def _table(text: str, notes: Notes) -> None:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    columns = first.split(delimiter)
    notes.field("delimiter", _DELIMITERS[delimiter])
    notes.number("n_columns", len(columns))
    for name in columns[:MOST_NAMES]:
        notes.key(name.strip(" \"'\ufeff"))


def _cards(text: str, format_name: str, notes: Notes) -> None:
    begins = ("BEGIN:VCARD",) if format_name == "vcard" else ("BEGIN:VEVENT", "BEGIN:VTODO", "BEGIN:VJOURNAL")
    notes.number("n_entries", sum(text.count(begin) for begin in begins))
    producer = _PRODUCER.search(text)
    notes.field("producer", producer[1] if producer else "")
    _names(_PROPERTY, text, notes)
    for name in _CALENDAR_NAME.findall(text):
        notes.member(name)


def _log(text: str, notes: Notes) -> None:
    notes.number("n_entries", text.count("\n") + 1)
    for level, _ in sorted(Counter(level.upper() for level in _LEVEL.findall(text)).items(), key=lambda pair: -pair[1]):
        notes.key(level)


def _source(text: str, notes: Notes) -> None:
    shebang = _SHEBANG.match(text)
    notes.field("shebang", shebang[1].rpartition("/")[2] if shebang else "")
    _names(_IMPORT, text, notes)
    for name in _SQL_TABLE.findall(text):
        notes.member(name)
