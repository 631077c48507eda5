"""Which kind of XML, HTML or JSON a text is, by its root element, its namespaces or its keys."""

from __future__ import annotations

import re
from typing import Final

_XML_SKIPPED = re.compile(r"<\?[^<>]*>|<![A-Za-z][^<>\[]*(?:\[[^\]]*\]\s*)?>|\s+")
_XML_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)([^<>]*)")
_HTML_START = re.compile(r"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_HTML_GENERATOR = re.compile(
    r"doxygen|docutils|sphinx|asciidoc|javadoc|gtk-doc|docbook|texinfo|makeinfo|pod2html|pdoc|mkdocs|man2html|yelp|rdoc",
    re.IGNORECASE,
)
_JSON_KEY = re.compile(r'"([^"\\]{1,40})"\s*:')

_XML_ROOTS: Final = {
    "svg": "xml:svg",
    "html": "html",
    "xbel": "xml:xbel",
    "opml": "xml:opml",
    "gpx": "xml:gpx",
    "kml": "xml:kml",
    "TrainingCenterDatabase": "xml:gpx",
    "rss": "xml:feed",
    "feed": "xml:feed",
    "AUTOSAR": "xml:autosar",
    "ODX": "xml:odx",
    "FIBEX": "xml:fibex",
    "MSRSW": "xml:msrsw",
    "book": "xml:docbook",
    "article": "xml:docbook",
    "refentry": "xml:docbook",
    "chapter": "xml:docbook",
    "sect1": "xml:docbook",
    "topic": "xml:dita",
    "concept": "xml:dita",
    "ClinicalDocument": "xml:health",
    "Invoice": "xml:invoice",
    "CrossIndustryInvoice": "xml:invoice",
    "OFX": "xml:invoice",
    "COLLADA": "xml:collada",
    "X3D": "xml:x3d",
    "map": "xml:game",
    "tileset": "xml:game",
    "plist": "plist",
    **dict.fromkeys(
        (
            "project", "Project", "configuration", "config", "settings", "fontconfig", "busconfig", "schemalist", "beans",
            "web-app", "manifest", "component", "policyconfig", "mime-info", "language-configuration", "interface", "node",
            "theme", "menu", "Menu", "service", "server", "catalog", "protocol", "application", "keyboard", "locale",
        ),
        "xml:config",
    ),
}  # fmt: skip

# (keys that must all be there, format)
_JSON_KEYS: Final = (
    ({"roots", "checksum"}, "json:bookmarks"),
    ({"guid", "typeCode"}, "json:bookmarks"),
    ({"nbformat", "cells"}, "json:notebook"),
    ({"cells", "cell_type"}, "json:notebook"),
    ({"features", "geometry"}, "json:geojson"),
    ({"coordinates", "type"}, "json:geojson"),
    ({"name", "version"}, "json:config"),
    ({"dependencies"}, "json:config"),
    ({"compilerOptions"}, "json:config"),
    ({"$schema"}, "json:config"),
    ({"settings"}, "json:config"),
    ({"config"}, "json:config"),
    ({"lockfileVersion"}, "json:config"),
)


def recognise_markup(text: str) -> str | None:
    """The kind of markup, `None` if the text does not begin like any."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return _xml_or_html(start)
    if start.startswith(("{", "[")):
        return _json(start)
    return None


def _xml_or_html(text: str) -> str | None:
    root = _root(text)
    if root is None or not (text.startswith("<?xml") or root[0] in _XML_ROOTS):
        return _html(text)
    name, attributes = root
    if name == "html":
        return _html(text)
    if name == "map" and "tile" not in attributes:
        return "xml"
    return _XML_ROOTS.get(name, "xml")


def _html(text: str) -> str | None:
    if not _HTML_START.search(text):
        return None
    return "html:generated" if _HTML_GENERATOR.search(text[:1500]) else "html"


def _root(text: str) -> tuple[str, str] | None:
    """(local name, attributes) of the first element, after declaration, comments and document type."""
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
    return (root[1], root[2]) if root else None


def _json(text: str) -> str | None:
    found = _JSON_KEY.findall(text)
    if not found:
        return "json" if re.match(r"\[\s*[\[\d\"{-]", text) else None
    keys = set(found[:80])
    for wanted, name in _JSON_KEYS:
        if wanted <= keys:
            return name
    lines = text.splitlines()
    if len(lines) > 2 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines[:3]):
        return "json:lines"
    if text.startswith("[") and len(found) > len(keys) + 3:  # a list of records repeats its keys
        return "json:data"
    return "json"
