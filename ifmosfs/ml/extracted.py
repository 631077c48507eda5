"""What an extract speaks for: its facts as documents, pictures and findings of the rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from ifmosfs.ml.dates import date_in_metadata
from ifmosfs.ml.documents import Document, maker_findings
from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.extract.values import Extract
from ifmosfs.ml.images import Picture, is_signed, picture_findings
from ifmosfs.ml.looks import is_measured, look_findings

_SLIDE_RATIOS: Final = ((4, 3), (16, 9), (16, 10))  # those of paper are 1.29 and 1.41
_BOOKMARK_TABLES: Final = frozenset({"moz_bookmarks", "bookmarks"})


def extracted_format(format_name: str, extract: Extract) -> str:
    """The format, where the inside of a file tells it better than its beginning: an archive in a compressed file, whose tables."""
    if format_name in {"gzip", "bzip2", "xz"} and extract.members:
        return "tar"
    if format_name == "sqlite" and _BOOKMARK_TABLES.intersection(extract.members):
        return "sqlite:bookmarks"
    return format_name


def extracted_document(extract: Extract, latest_year: int) -> Document:
    """A document's text, title, date, and what its maker and the shape of its pages speak for."""
    fields = extract.fields
    made_with = f"{fields.get('creator', '')} {fields.get('producer', '')}".strip()
    words = " ".join((fields.get("title", ""), fields.get("subject", ""), fields.get("keywords", ""), extract.text))
    findings = (*(maker_findings(made_with) if extract.kind == "pdf" else ()), *_page_findings(extract))
    return Document(words, fields.get("title", ""), findings, _dated(extract, latest_year))


def _page_findings(extract: Extract) -> Iterator[Finding]:
    width, height = extract.numbers.get("page_width_pt", 0), extract.numbers.get("page_height_pt", 0)
    if height > 0 and any(abs(width / height - across / down) < 0.01 for across, down in _SLIDE_RATIOS):
        yield Finding("pages with the shape of slides", {"business_presentation": 0.4})


def _dated(extract: Extract, latest_year: int) -> date | None:
    return date_in_metadata(extract.fields.get("created", "").encode("ascii", "replace"), latest_year)


def extracted_picture(extract: Extract, latest_year: int) -> Picture | None:
    """What a picture's header says, `None` where it could not be read."""
    numbers, fields = extract.numbers, extract.fields
    if "width" not in numbers:
        return None
    return Picture(
        int(numbers["width"]),
        int(numbers["height"]),
        has_palette=bool(numbers.get("has_palette")),
        has_alpha=bool(numbers.get("has_alpha")),
        is_animated=bool(numbers.get("is_animated")),
        camera=f"{fields.get('maker', '')} {fields.get('model', '')}".strip()[:60],
        software=fields.get("software", "")[:60],
        has_exposure=bool(numbers.get("has_exposure")),
        taken=_dated(extract, latest_year),
    )


def look_at_picture(extract: Extract, picture: Picture, format_name: str) -> list[Finding]:
    """What a picture speaks for: its own mark if it has one, else its pixels, and where they were not seen as they are, its size."""
    if is_signed(picture):
        return picture_findings(picture, format_name)
    if is_measured(extract.numbers):
        return look_findings(extract.numbers, format_name)
    return [*picture_findings(picture, format_name), *_thumbnail_findings(extract, picture)]


def _thumbnail_findings(extract: Extract, picture: Picture) -> Iterator[Finding]:
    """What a camera's thumbnail speaks for, where the camera's name is lost."""
    numbers = extract.numbers
    if "flat_share" not in numbers:
        return
    flat, colours = numbers["flat_share"], numbers["distinct_colours"]
    if flat > 0.6 and colours < 0.15:
        weights = {"media_screenshot": 0.4} if numbers.get("is_screen_sized") else {"media_graphic": 0.3}
        yield Finding("large areas of one colour", weights)
    elif flat < 0.35 and colours > 0.3 and max(picture.width, picture.height) > 512:
        yield Finding("many colours, without areas of one", {"media_photo": 0.35})
