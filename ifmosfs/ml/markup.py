"""Which kind of XML, HTML or JSON a text is, by its root element, its namespaces or its keys."""

from __future__ import annotations

import re

from ifmosfs.ml.vocabularies import JSON_KEYS, XML_ATTRIBUTES, XML_NAMESPACES, XML_ROOTS, by_keys

_XML_SKIPPED = re.compile(r"<\?[^<>]*>|<![A-Za-z][^<>\[]*(?:\[[^\]]*\]\s*)?>|\s+")
_XML_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)([^<>]*)")
_HTML_START = re.compile(r"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_HTML_GENERATOR = re.compile(
    r"doxygen|docutils|sphinx|asciidoc|javadoc|gtk-doc|docbook|texinfo|makeinfo|pod2html|pdoc|mkdocs|man2html|yelp|rdoc",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"</?(?:a|article|aside|body|br|button|center|div|em|fieldset|font|footer|form|h[1-6]|head|header|html|iframe|img|input|label|li|"
    r"link|main|meta|nav|noscript|ol|option|p|script|section|select|small|span|strong|style|table|tbody|td|th|title|tr|ul)[\s/>]",
    re.IGNORECASE,
)
_FEWEST_TAGS = 2
_TEMPLATE = re.compile(r"\{[%{#]")
_MARKED_DOWN = re.compile(r"^(?:#{1,6} |```|[-*+] |\[[^\]\n]{1,80}\]|=={2,}$|--{2,}$|!\[)", re.MULTILINE)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:(?!---).{0,400}\n){1,40}---[ \t]*\r?\n?")
_GUI = re.compile(r"<(?:gui\w+|menuchoice|keycombo|keycap|screenshot|application|shortcut)[\s>]|//KDE//DTD DocBook")
_FEWEST_OF_GUI = 2
_SLIDES = re.compile(
    r"reveal(?:\.min)?\.js|class=\"slides\"|impress(?:\.min)?\.js|remark-latest|deck\.core", re.IGNORECASE
)
_BOOKMARKED = re.compile(r"<DT><A |<A HREF=\"[^\"\n]{1,400}\" (?:ADD_DATE|LAST_VISIT|time_added)=", re.IGNORECASE)
_FEWEST_BOOKMARKS = 2
_KEY = re.compile(r"[\w.-]{1,60}:(?:\s|$)")
_JSON_KEY = re.compile(r'"([^"\\]{1,40})"\s*:')
_JSON_KEYS_READ = 80
_NAMESPACE_CHARACTERS = 1200  # after the root's name: its attributes, or the first children
_CARGO_FILES = re.compile(r'\{\s*"files"\s*:\s*\{')
# Elements of HTML, too, or of nothing in particular: roots after an XML declaration only.
_AMBIGUOUS = frozenset(
    {
        "page",
        "section",
        "article",
        "note",
        "canvas",
        "menu",
        "part",
        "topic",
        "task",
        "level",
        "scene",
        "cv",
        "reference",
        "resume",
        "root",
    }
)


def recognise_markup(text: str) -> str | None:
    """The kind of markup, `None` if the text does not begin like any."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return _xml_or_html(start) or _fragment(start)
    if _TEMPLATE.match(start):
        return _fragment(start)
    if head := _FRONT_MATTER.match(start):
        return _with_front_matter(start[head.end() :].lstrip())
    if start.startswith(("{", "[")):
        return _json(start)
    return None


def _xml_or_html(text: str) -> str | None:
    root = _root(text)
    if root is None:
        return _html(text)
    name, attributes, position = root
    if name.lower() == "html":
        return _html(text)
    following = text[: position + _NAMESPACE_CHARACTERS]
    beginning = text[:position] + attributes if attributes else following
    for part, format_name in XML_NAMESPACES:
        if part in beginning:
            return _docbook(text) if format_name == "xml:docbook" else format_name
    for wanted, part, format_name in XML_ATTRIBUTES:
        if name == wanted and part in following:
            return format_name
    if name in XML_ROOTS and (name not in _AMBIGUOUS or text.startswith("<?xml")):
        return _docbook(text) if XML_ROOTS[name] == "xml:docbook" else XML_ROOTS[name]
    return "xml" if text.startswith("<?xml") else _html(text)


def _with_front_matter(text: str) -> str | None:
    """What follows the settings of a single page: another page's worth of settings is none."""
    if text.startswith("<"):
        return _html(text) or _fragment(text)
    is_settings = _KEY.match(text) or text.startswith("---")
    return None if is_settings else "front-matter"


def _fragment(text: str) -> str | None:
    """A piece of HTML, as templates and saved snippets are; Markdown with some HTML in it is none."""
    return "html:fragment" if len(_TAG.findall(text)) >= _FEWEST_TAGS and not _MARKED_DOWN.search(text) else None


def _docbook(text: str) -> str:
    """Whether what is told in DocBook is how to use a program (`xml:help`), by the names of menus, buttons and keys in it."""
    return "xml:help" if len(_GUI.findall(text)) >= _FEWEST_OF_GUI else "xml:docbook"


def _html(text: str) -> str | None:
    if len(_BOOKMARKED.findall(text)) >= _FEWEST_BOOKMARKS:
        return "bookmarks"
    if not _HTML_START.search(text):
        return None
    if _SLIDES.search(text):
        return "html:slides"
    return "html:generated" if _HTML_GENERATOR.search(text[:1500]) else "html"


def _root(text: str) -> tuple[str, str, int] | None:
    """(local name, attributes, where it begins) of the first element, after declaration, comments and document type."""
    position = 0
    while position < len(text):
        if text.startswith("<!--", position):
            end = text.find("-->", position)
            if end < 0:
                return None
            position = end + 3
        elif skipped := _XML_SKIPPED.match(text, position):
            position = skipped.end()
        else:
            break
    root = _XML_ROOT.match(text, position)
    return (root[1], root[2], position) if root else None


def _json(text: str) -> str | None:
    found = _JSON_KEY.findall(text)
    if not found:
        return "json" if re.match(r"\[\s*[\[\d\"{-]", text) else None
    if _CARGO_FILES.match(text):
        return "json:registry"
    lines = text.splitlines()
    is_lines = len(lines) > 2 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines[:3])
    keys = frozenset(found[:_JSON_KEYS_READ])
    known = by_keys(JSON_KEYS, keys)
    if known is not None and not (is_lines and known in {"json:config", "json:settings"}):
        return known
    if is_lines:
        return "json:lines"
    if text.startswith("[") and len(found) > len(keys) + 3:  # a list of records repeats its keys
        return "json:data"
    return "json"
