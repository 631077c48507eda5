"""Elements of pages and pictures, from Python values; whatever text is given is escaped."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree as ET

Element = ET.Element
Child = Element | str
Value = str | float

_DIGITS: Final = 2


def element(tag: str, *children: Child, **attributes: Value) -> Element:
    """An element. Names of attributes have hyphens for underscores, without one at the end (`class_`, `stroke_width`)."""
    made = ET.Element(tag, {name.rstrip("_").replace("_", "-"): _plain(value) for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return made


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else f"{round(value, _DIGITS):g}"


def table(head: list[str], rows: list[list[str]], *, of_words: int = 1) -> Element:
    """A table; the first `of_words` columns hold words, the others numbers, which stand to the right."""

    def cells(tag: str, values: list[str]) -> list[Element]:
        return [
            element(tag, value, **({} if at < of_words else {"class": "number"})) for at, value in enumerate(values)
        ]

    header = element("thead", element("tr", *cells("th", head)))
    body = element("tbody", *(element("tr", *cells("td", row)) for row in rows))
    return element("div", element("table", header, body), class_="wide")


def page(title: str, style: str, *content: Child) -> str:
    """A whole HTML page that needs nothing but itself."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", style),
    )
    whole = element("html", head, element("body", *content), lang="en")
    return "<!DOCTYPE html>\n" + ET.tostring(whole, encoding="unicode", method="html") + "\n"
