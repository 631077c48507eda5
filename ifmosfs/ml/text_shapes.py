"""Which text format a file has, by its first lines. The answers are keys of the `format` table in `rules.toml`.

Ordered from signs that leave no doubt to shapes that only lean one way; the first that fits is taken.
Every pattern works line by line or without nesting, so that no text can make it slow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from ifmosfs.ml.markup import recognise_markup
from ifmosfs.ml.tables import columns_about, recognise_table
from ifmosfs.ml.text_signs import by_first_lines, by_lines, by_opening
from ifmosfs.ml.vocabularies import YAML_KEYS, by_keys

SHAPE_CHARACTERS: Final = 4096

# In lower case, with single spaces.
_LICENCES: Final = (
    "general public license version", "apache license version 2", "permission is hereby granted, free of charge",
    "redistribution and use in source and binary forms", "mozilla public license version", "mozilla public license, version",
    "end user license agreement", "end-user license agreement", "gnu free documentation license", "european union public licen",
    "eclipse public license", "common development and distribution license", "sil open font license", "the artistic license",
    'the "artistic license', "boost software license", "cc0 1.0 universal", "everyone is permitted to copy and distribute verbatim",
    "do what the fuck you want", "free and unencumbered software", "permission to use, copy, modify and",
    "permission to use, copy, modify, and", "the software is provided", "creative commons legal code", "was debianized by",
)  # fmt: skip
_LICENSED: Final = (
    "this program is free software", "this work is licensed under", "licensed under the apache", "licensed under the mit",
    "licensed under the bsd", "licensed under the eupl", "is distributed under the terms of", "subject to the terms of the mozilla",
    "under the terms of the gnu", "licensed under a creative commons",
    "licensed under the creative commons", "waived all copyright and related",
)  # fmt: skip
_LICENCE_FIELD = re.compile(r"^License: \S", re.MULTILINE)
_DESCRIPTION = re.compile(r"\s*Package: \S+\n")  # of a package, which names its licence among much else
_STATEMENT_CHARACTERS: Final = 1500  # a text that says under which licence something is, and nothing else, is short
# (format, sign at the beginning of a line, how many lines there must be); a line counts for the first that it is a sign of
_SOURCE_SIGNS: Final = (
    ("python", (
        r"import \w[\w.]*(?: as \w+)?$|from [\w.]+ import |def \w+\(|class \w[^\n;{]{0,200}:$|if __name__|"
        r"@[\w.]+(?:\(.*)?$|    def "
    ), 2),
    ("rust", r"use \w+(?:::|;)|fn \w+|pub (?:fn|struct|enum|mod) |impl\b.*\{|#!?\[\w+", 2),
    ("go", r"package \w+\s*$|import \(|import \"|func (?:\(.*\) )?\w+\(", 2),
    ("java", (
        r"package [\w.]+;|import (?:static )?[\w.*]+;|"
        r"[ \t]*(?:public|private|protected) [\w ]{0,30}(?:class|void|enum|interface)\b|using [\w.]+;\s*$|"
        r"namespace [\w.]+\s*$"
    ), 2),
    ("java", (
        r"(?:data|sealed|case) class \w|fun \w+\(|object \w+ \{|trait \w+ ?\{|"
        r"import (?:kotlin|scala|java|android|Foundation|UIKit|SwiftUI)\b|func \w+\(|extension \w+ ?[:{]"
    ), 2),
    ("javascript", (
        r"[ \t]*(?:(?:const|let|var) \w+ ?= |(?:async )?function \w*\(|export (?:default|const|class|function|type|"
        r"interface) |['\"]use strict['\"]|module\.exports|import .{1,100} from ['\"])"
    ), 2),
    ("php", r"<\?php", 1),
    ("perl", r"use (?:strict|warnings|vars)\b|package [\w:]+;|sub \w+ ?\{|my [$@%(]|=(?:pod|head1|cut)\b", 2),
    ("ruby", (
        r"require(?:_relative)? ['\"]|module [A-Z]\w*\s*$|[ \t]*def \w+|class [A-Z]\w*(?: < [\w:]+)?\s*$|"
        r"[ \t]*(?:attr_\w+|include|extend) [:A-Z]|.{0,120} do \|"
    ), 2),
    ("shell", r"if \[ |fi\s*$|esac\s*$|done\s*$|export \w+=|set -[eux]+\s*$|\w+\(\) ?\{", 2),
    ("batch", r"@?echo off|@?ECHO OFF|[ \t]*(?:REM|rem|goto|GOTO|setlocal|SETLOCAL|call|CALL) |:\w+\s*$|set \w+=", 3),
    ("batch", r"param ?\(|function [A-Z]\w+-\w+|[ \t]*\$\w+ = |[ \t]*(?:Get|Set|New|Write|Import)-[A-Z]\w+ ", 2),
    ("lisp", (
        r"\((?:defun|defvar|defmacro|define|require|setq|setf|let\*?|cond|defcustom|ns|defn|module|in-package) |"
        r";;; \S+\.el ---"
    ), 2),
    ("statistics", (
        r"(?:library|require|source)\([\w.\"']+\)|[\w.]+ <- |function \w* ?= ?\w+\(|function \[|using [A-Z]\w+|"
        r"[ \t]*proc \w+|DATA LIST|data \w+;|proc \w+ data="
    ), 2),
    ("lua", r"local (?:function |\w+ ?= )|function [\w.:]+\(|return \{$", 2),
    ("hardware", (
        r"(?:library|LIBRARY) (?:ieee|IEEE);|(?:entity|ENTITY|architecture|ARCHITECTURE) \w+ |module \w+ ?[(#;]|"
        r"endmodule|always ?@|\\?`timescale"
    ), 2),
    ("haskell", (
        r"module [A-Z][\w.]* |import (?:qualified )?[A-Z][\w.]*|\w+ ::|data [A-Z]\w* =|instance [A-Z]\w* \w|"
        r"let rec |let \w+ .{0,60}= ?$|open [A-Z]\w+$"
    ), 2),
    ("fortran", (
        r"[ \t]*(?:(?:program|PROGRAM) \w+\s*$|(?:(?:end |END )?(?:subroutine|SUBROUTINE)|implicit none|IMPLICIT NONE|"
        r"use iso_c_binding)\b)|[ \t]*(?:procedure|unit|uses|interface|implementation)\b.{0,80};"
    ), 2),
    ("assembler", (
        r"[ \t]+(?:\.globl|\.text|\.section|\.type|\.align|mov[lqbw]?|push[lq]?|pop[lq]?|ldr|str|jmp|call[q]?|"
        r"ret)\b|global _start|section \."
    ), 4),
    ("vim-script", (
        r"(?:if exists\(|let [gsb]:|endif\s*$|endfunction|command! |autocmd |au |syn (?:match|keyword|region) |"
        r"hi(?:ghlight)? |setlocal |nnoremap )"
    ), 2),
    ("graphviz", r"(?:strict )?(?:di)?graph \w* ?\{|[ \t]*\w+ -> \w+(?: ?\[|;)|@startuml|sequenceDiagram", 2),
    ("cmake", (
        r"(?:cmake_minimum_required|CMAKE_MINIMUM_REQUIRED|find_package|add_executable|add_library|"
        r"target_link_libraries|set) ?\("
    ), 2),
    ("makefile-source", r"[\w.%/$(){}-]{1,120} ?:(?!=)[^\n]{0,400}\n\t|\.PHONY ?:|include \$\(", 2),
)  # fmt: skip
_SOURCE = re.compile(
    "^(?:" + "|".join(f"(?P<s{number}>{pattern})" for number, (_, pattern, _n) in enumerate(_SOURCE_SIGNS)) + ")",
    re.MULTILINE,
)
_C_GUARD = re.compile(r"^[ \t]*#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+\1\b|^#pragma once", re.MULTILINE)
_C_LINE = re.compile(
    r"^[ \t]*#\s*(include\s*[<\"]|define \w|ifdef |endif|if defined)|^(static|extern|typedef|struct|namespace|template|int|void) ",
    re.MULTILINE,
)
_C_BODY = re.compile(r"^[\w*][\w\s*:<>,&~]{0,200}\([^;{}()]{0,400}\)\s*\{|^\{\s*$", re.MULTILINE)
_CSS_RULE = re.compile(
    r"^[ \t]*[.#@:&\w*\[][^{};\n]{0,200}\{\s*[-a-z]+\s*:[^;{}\n]+[;}]|^@(import|charset|font-face)\b",
    re.MULTILINE,
)
_SHEBANG = re.compile(r"\A#!\s*/\S+|\A#!/usr/bin/env ")
_SECTION = re.compile(r"^[ \t]*\[[^\]\n=]{1,80}\]\s*$", re.MULTILINE)
_SETTING = re.compile(r"^[ \t]*+[\w.\-/$][\w.\-/$ ]{0,59}\s*+[=:]\s*+\S*")
# A line is taken in one way only: with two, a file of two keys and thirty indented lines would take for ever.
_YAML = re.compile(r"\A([ \t]*(#.*)?\n)*---[ \t]*\n|\A([\w-]+:( .*)?\n([ \t].*\n|- .*\n)*){3}")
_BLOCK = re.compile(r"(?:[ \t]*[\w/.\"*-][^{};()]{0,100}\{|[ \t]*</?[A-Z]\w+[^<>]{0,100}>)\s*")
_IN_BLOCK = re.compile(r"[ \t]+[\w-]{1,40}(?: [\w\"'/.:*@$,%~^()|\\+&-]{1,80}){0,8};?\s*")
_STATEMENT = re.compile(r"[ \t]*[\w.-]{2,60}[ \t]+[^;{}()=]{1,200};\s*$")
_DOTTED = re.compile(r"(?=[\w?-]*[.*])[\w*?.-]{3,160}+[ \t]*+:[ \t]*+\S")  # of X resources
# the width of a line, and how each begins: with a kind of record, and a number (AEB 43, CFONB 120 and 160, CODA, NACHA)
_BANK_RECORDS: Final[Mapping[int, re.Pattern[str]]] = {
    80: re.compile(r"(?:11|22|23|24|33|88)\d\d"),
    120: re.compile(r"0[1457]\d{5}"),
    160: re.compile(r"0[268]\d{2}"),
    128: re.compile(r"[0-9][\d ]{4}"),
    94: re.compile(r"[156789]\d{2}"),
}
_FEWEST_RECORDS: Final = 3
_MAP_ROWS, _MAP_WIDTH, _MAP_SIGNS = 6, 8, 14
_PINNED = re.compile(r"^[A-Za-z0-9][\w.\[\]-]*\s*(==|>=|~=|<=)\s*[\d.*]+")
_LOG_LINE = re.compile(
    r"(?:time|ts|date|level)=\"?[\w:+.-]+\"? \w+=|\[\d\d:\d\d:\d\d\]|\d+:[A-Z] \d\d [A-Z][a-z]{2} \d{4} |\d{6} \d\d?:\d\d:\d\d |"
    r"\[?\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d|\[?\d\d?[./-]\d\d?[./-]\d{2,4},? \d\d?:\d\d|"
    r"\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d|(?:<\d+>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |"
    r"\[?\d\d:\d\d(?::\d\d)?[.,:\] ]|\[\s*\d+\.\d{3,6}\]|\d{10}\.\d{3,6} |"
    r"\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} |(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [A-Z\d]|"
    r"[IWEF]\d{4} \d\d:\d\d:\d\d|\d\d-\d\d \d\d:\d\d:\d\d\.\d|\S+ \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:|"
    r"(?:\S+ )?\[?(?:DEBUG|INFO|WARN(?:ING)?|ERROR|TRACE|FATAL|CRITICAL|NOTICE)\b|"
    r"(?:PASS|FAIL|XFAIL|UNSUPPORTED|SKIP): |(?:not )?ok \d+|make(?:\[\d+\])?: |"
    r"npm (?:verb|info|ERR!|http|timing) |time=\S+ level=|\(II\)|\d+ (?:verbose|silly|info|http) "
)
_STACK_LINE = re.compile(
    r"\s+at [\w.$<>/]+|\s*Caused by: |\s*\.\.\. \d+ more|Traceback \(most|  File \"|[\w.]+(?:Error|Exception)(?::|$)"
)
_LINK = re.compile(
    r"\s*+(?:[-*+•]\s|\d{1,4}[.)]\s)?+\s*+(?:\[\[?[^\]\n]{0,200}\]\(|\[\[|<)?https?://\S+|"
    r"(?!deb )[^=:{}\"]{1,100}[\t :|-]\s*+https?://\S+\s*$"
)
_MOSTLY: Final = 0.6
_FEWEST_LINKS: Final = 3
_PATTERN = re.compile(r"!?[\w.*?/\[\]\\@+$~{},#%-]{1,120}")
_YAML_KEY = re.compile(r"^([\w.-]{1,40}):(?:[ \t]|$)", re.MULTILINE)
_HEADING = re.compile(r"^\n#{1,4} \S.*\n\n|^(={3,}|-{3,}|~{3,})[ \t]*$|^```|^\.\. \w+::|^\* \S", re.MULTILINE)
_MARKDOWN = re.compile(r"\A\s*#{1,3} \S[^\n]*\n\n|^```", re.MULTILINE)
_COMMENT_STARTS: Final = ("#", '"""', "'''", "<?", "@", "=", "dnl", ";", "//", "/*", "!", "--", "<!--", "%", "*")
_OF_COMMENTS: Final = ("#", "%", ";", "//", "--", "dnl", "!", "*")
_FEWEST_COMMENTED: Final = 4
_RST = re.compile(
    r"^\.\. (note|code|toctree|contents|module|_[\w -]+:|function|class|image|code-block)|^:\w+: ", re.MULTILINE
)


def without_opening_comment(text: str) -> str:
    """A text of no telling shape without the comment that it begins with, if that has some lines: it is about who made what follows,
    and under which licence. The whole text where nothing else is in it."""
    lines = text.splitlines(keepends=True)
    n_lines, is_open = 0, False
    for n_lines, line in enumerate(lines):  # noqa: B007  the number is what is wanted
        begins = line.lstrip()
        is_open = (is_open or begins.startswith("/*")) and "*/" not in begins
        if not is_open and begins and not begins.startswith(_OF_COMMENTS) and "*/" not in begins:
            break
    else:
        return text
    return "".join(lines[n_lines:]) if n_lines >= _FEWEST_COMMENTED else text


def recognise_text(text: str) -> str:
    """The text format; `text` where no shape fits."""
    start = text[:SHAPE_CHARACTERS].lstrip("\ufeff")
    known = by_opening(start[:200].lstrip().upper())
    if known is not None:
        return known
    if _SHEBANG.match(start):
        return "script"
    return _by_signs(start) or _by_shape(start, start.splitlines()) or "text"


def _by_signs(text: str) -> str | None:
    marked = recognise_markup(text)
    if marked is not None and marked != "json":
        return marked
    return by_first_lines(text) or by_lines(text) or marked


def _by_shape(text: str, lines: Sequence[str]) -> str | None:
    filled = [line for line in lines if line.strip()]
    known = columns_about(filled) or _by_widths(filled) or _by_kind_of_lines(filled)
    if known is not None:
        return known
    is_markdown = _MARKDOWN.search(text) and not _is_mostly_settings(_without_comments(filled))
    source = _known_yaml(text, filled) or ("markdown" if is_markdown else _source(text))
    if source is not None:
        return source
    return "licence" if _is_licence(text, filled) else _table_or_settings(text, filled)


def _by_kind_of_lines(lines: Sequence[str]) -> str | None:
    """What most lines are one by one."""
    if _is_log(lines):
        return "log"
    if _is_list_of_links(lines):
        return "links"
    return "ignore-list" if _is_ignore_list(lines) else None


def _is_licence(text: str, lines: Sequence[str]) -> bool:
    if lines and lines[0].lstrip().startswith(_COMMENT_STARTS):
        return False  # in a comment it is the licence of what follows
    if _DESCRIPTION.match(text):
        return False
    flat = " ".join(text.lower().split())
    if len(text) < _STATEMENT_CHARACTERS and any(statement in flat for statement in _LICENSED):
        return True
    return any(sign in flat for sign in _LICENCES) or bool(_LICENCE_FIELD.search(text))


def _by_widths(lines: Sequence[str]) -> str | None:
    """What lines of one width make up."""
    if _are_bank_records(lines):
        return "bank-records"
    return "level-map" if _has_map(lines) else None


def _has_map(lines: Sequence[str]) -> bool:
    """Whether some lines that follow each other have one width and are drawn with a few characters, walls or empty ground among
    them, as levels of games are."""
    for at in range(0, min(len(lines), 4 * _MAP_ROWS) - _MAP_ROWS + 1, _MAP_ROWS // 2):
        rows = lines[at : at + _MAP_ROWS]
        width = len(rows[0])
        if width < _MAP_WIDTH or any(len(row) != width for row in rows):
            continue
        signs = "".join(rows)
        n_ground = signs.count("#") + signs.count(".")
        if n_ground * 5 >= len(signs) and 1 < len(set(signs)) <= _MAP_SIGNS:
            return len(set(rows)) > 1
    return False


def _are_bank_records(lines: Sequence[str]) -> bool:
    """Whether lines have the width that banks have agreed on (blanks at the end may be cut off), and begin with kinds of records."""
    whole = lines[:-1] if len(lines) > _FEWEST_RECORDS else lines  # the last one may be cut off
    longest = max(map(len, whole), default=0)
    begins = _BANK_RECORDS.get(longest)
    if begins is None or len(whole) < _FEWEST_RECORDS:
        return False
    return all(begins.match(line) for line in whole) and len({line[:2] for line in whole}) > 1


def _is_log(lines: Sequence[str]) -> bool:
    sample = lines[:40]
    if len(sample) < 2:
        return False
    n_lines = sum(bool(_LOG_LINE.match(line)) for line in sample)
    n_of_stacks = sum(bool(_STACK_LINE.match(line)) for line in sample)
    return (n_lines > 0 or n_of_stacks > 2) and (n_lines + n_of_stacks) * 2 > len(sample)


def _is_list_of_links(lines: Sequence[str]) -> bool:
    links = [line for line in lines[:60] if not line.startswith("#")]
    return len(links) >= _FEWEST_LINKS and sum(bool(_LINK.match(line[:400])) for line in links) * 10 >= len(links) * 6


def _is_ignore_list(lines: Sequence[str]) -> bool:
    """Whether lines are patterns of file names, as `.gitignore` has them: no spaces, and signs that only patterns have."""
    patterns = [line.strip() for line in lines[:60] if not line.startswith("#")]
    if not patterns or any(" " in pattern or not _PATTERN.fullmatch(pattern) for pattern in patterns):
        return False
    n_telling = sum(pattern.startswith(("*.", "!", "/", ".")) or pattern.endswith("/") for pattern in patterns)
    return n_telling * 2 >= len(patterns) and any(
        pattern.startswith("*.") or pattern.endswith("/") for pattern in patterns
    )


def _source(text: str) -> str | None:
    c_lines = len(_C_LINE.findall(text))
    if c_lines >= 2 or _C_GUARD.search(text):
        if _C_GUARD.search(text):
            return "c-header"
        return "c-source" if _C_BODY.search(text) else "c-unclear"
    n_lines = Counter(match.lastgroup for match in _SOURCE.finditer(text))
    for number, (name, _, n_wanted) in enumerate(_SOURCE_SIGNS):
        if n_lines[f"s{number}"] >= n_wanted:
            return name
    return "css" if len(_CSS_RULE.findall(text)) >= 2 else None


def _table_or_settings(text: str, lines: Sequence[str]) -> str | None:
    settings = _without_comments(lines)
    n_pinned = sum(bool(_PINNED.match(line)) for line in settings)
    if settings and n_pinned * 2 > len(settings):
        return "requirements"
    n_settings = _n_settings(settings)
    mostly_settings = n_settings > 0 and n_settings * 10 >= len(settings) * 6
    n_comments = sum(line.lstrip().startswith(("#", ";", "//")) for line in lines[:60])
    shapes = (
        ("ini", mostly_settings and _SECTION.search(text)),
        ("settings", _are_statements(text, settings)),
        (recognise_table(lines), True),
        ("rst-doc", _RST.search(text)),
        (_yaml(text), mostly_settings),
        ("settings", mostly_settings and n_settings >= 3 and "=" in text),
        ("settings", _has_blocks(settings)),
        ("commented", n_comments * 2 > min(len(lines), 60)),
        ("markdown", len(_HEADING.findall(text)) >= 2),
    )
    return next((name for name, fits in shapes if name and fits), None)


def _are_statements(text: str, settings: Sequence[str]) -> bool:
    """Whether most lines are a name and values with a semicolon, or a name of several parts and its value."""
    if len(settings) > 2 and text.count(";\n") * 2 >= len(settings) and _share_of(_STATEMENT, settings) >= _MOSTLY:
        return True
    return len(settings) > 2 and ":" in settings[0] and _share_of(_DOTTED, settings) >= _MOSTLY


def _share_of(pattern: re.Pattern[str], lines: Sequence[str]) -> float:
    """The share of lines that fit; 0 for fewer than three, which may be anything."""
    return sum(bool(pattern.match(line)) for line in lines) / len(lines) if len(lines) > 2 else 0.0


def _without_comments(lines: Sequence[str]) -> list[str]:
    return [line for line in lines[:60] if not line.lstrip().startswith(("#", ";", "//", "!", "["))]


def _n_settings(lines: Sequence[str]) -> int:
    return sum(bool(_SETTING.match(line)) for line in lines)


def _is_mostly_settings(lines: Sequence[str]) -> bool:
    n_settings = _n_settings(lines)
    return n_settings > 0 and n_settings * 10 >= len(lines) * 6


def _has_blocks(lines: Sequence[str]) -> bool:
    """Whether names with braces hold lines of a name and a few values, as many daemons have their settings."""
    within = [line for line in lines[:60] if line.strip() not in {"}", "};"} and not _BLOCK.fullmatch(line)]
    n_values = sum(bool(_IN_BLOCK.fullmatch(line)) for line in within)
    return n_values * 10 >= len(within) * 6 and any(_BLOCK.fullmatch(line) for line in lines[:60])


def _yaml(text: str) -> str | None:
    return "yaml-config" if _YAML.match(text) else None


def _known_yaml(text: str, lines: Sequence[str]) -> str | None:
    """A vocabulary of YAML, where the text begins with a key or a mark of YAML."""
    first = next((line for line in lines if not line.startswith(("#", "---", "%"))), "")
    if not _YAML_KEY.match(first):
        return None
    return by_keys(YAML_KEYS, frozenset(_YAML_KEY.findall(text)))
