"""Document types that are data: what people write, by language, as blocks that become any format (`data/prose/CATEGORY.toml`).

[_formats]                       # of the whole category, with weights
pdf = 50
[lease.en]
names = "lease «surname»|Rental Agreement"
title = "Lease Agreement|Residential Tenancy"
fields = ["Landlord=«person»", "Rent=«money:300-2000»"]
heads = "Rent|Deposit|Repairs"
lines = ["The tenant pays «money» on the «n:1-10»th of each month."]
table = "Item;Amount"            # the heads of the columns, and in `rows` patterns of rows
rows = ["«product»;«num»"]
close = "Signed in «city» on «date»"
shape = "letter"                 # letter, form, list, article; without it any
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, Protocol

from ifmosfs.ml.synth.blocks import Block, Bullets, Document, Fields, Heading, Paragraph, Table
from ifmosfs.ml.synth.grammar import alternatives
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft
from ifmosfs.ml.synth.rendering import render
from ifmosfs.ml.synth.words import data_files, read_data

SHAPES: Final = ("letter", "form", "article", "list", "form")


class TextSource(Protocol):
    """Where the sentences of a document come from: the point where a language model can be plugged in.

    `sentences` gets what a document type says about itself (`topic`: its title, headings and sample sentences, filled in), the
    language's code, how many sentences are wanted, and the pen, whose chance is the only one it may use if the corpus is to be the same
    again. It returns at least one sentence. An implementation must be picklable, because workers make the files; it is given to
    `corpus.make_corpus`. Nothing in this package opens a network connection.
    """

    def sentences(self, topic: Mapping[str, Any], language: str, n: int, pen: Pen) -> list[str]:
        """About n sentences for a document of this topic."""
        ...


class GrammarSource:
    """The offline source: the patterns of the document type, filled in from word lists, with everyday sentences between."""

    def sentences(self, topic: Mapping[str, Any], language: str, n: int, pen: Pen) -> list[str]:
        """See `TextSource`."""
        lines = topic.get("lines") or pen.lists["sentence"]
        filler = pen.rng.uniform(0, 0.25)
        told: list[str] = []
        while len(told) < n:
            for line in pen.shuffled(lines):
                told.append(pen.say(line))
                if pen.chance(filler):
                    told.append(pen.slot("sentence", ""))
        return told[:n]


text_source: TextSource = GrammarSource()
"""What documents are made with; `use_text_source` changes it for this process."""


def use_text_source(source: TextSource) -> None:
    """Take the sentences from another source from now on, in this process."""
    global text_source  # noqa: PLW0603  one per worker process, set once at its start
    text_source = source


def prose_types() -> Iterator[DocumentType]:
    """The document types of all prose: one for each language of a table, because their sentences are not translations."""
    for category in data_files("prose"):
        tables = read_data(f"prose/{category}.toml")
        formats = tables.pop("_formats")
        common = tables.pop("_common", {})
        for name, by_language in tables.items():
            for language, table in by_language.items():
                make = partial(_write, table, common.get(language, {}), table.get("formats", formats))
                yield DocumentType(category, f"{name}-{language}", make, (language,), 2 if language == "en" else 1)


def _write(table: Mapping[str, Any], common: Mapping[str, Any], formats: dict[str, int], pen: Pen) -> Draft:
    topic = {**table, "lines": [*table.get("lines", []), *pen.sample(common.get("lines", []), 4)]}
    document = compose(topic, pen)
    content, extension = render(document, pen, pen.weighted(formats))
    return Draft(content, extension, table.get("names", ""), table.get("folder", common.get("folder", "")))


def compose(topic: Mapping[str, Any], pen: Pen) -> Document:
    """A document of this topic: its parts come and go, and change places."""
    title = pen.one_of(topic["title"])
    sentences = _sentences(topic, pen)
    parts: list[list[Block]] = [_fields(topic, pen), *_sections(topic, sentences, pen), _table(topic, pen)]
    parts = [part for part in parts if part and pen.chance(0.92)] or [[Paragraph(sentences[0])]]
    if pen.chance(0.25):
        parts = pen.shuffled(parts)
    shape = topic.get("shape") or pen.pick(SHAPES)
    blocks: list[Block] = [
        *_opening(title, shape, pen),
        *(block for part in parts for block in part),
        *_closing(topic, pen),
    ]
    company = pen.slot("company", "")
    footer = pen.pick(
        (
            "",
            "",
            f"{company} · {pen.slot('address', '')}",
            f"{pen.slot('email', '')}  {pen.slot('phone', '')}",
            pen.slot("url", ""),
        )
    )
    header = pen.pick(("", company, company, pen.slot("person", "")))
    return Document(tuple(blocks), pen.language, title, pen.slot("person", ""), company, "", header, footer)


def _sentences(topic: Mapping[str, Any], pen: Pen) -> list[str]:
    least, most = {"letter": (4, 16), "form": (3, 12), "list": (3, 24)}.get(topic.get("shape", ""), (6, 60))
    n = pen.size(least, most) if pen.chance(0.92) else pen.size(1, 5 * most)
    return text_source.sentences(topic, pen.language, n, pen)


def _opening(title: str, shape: str, pen: Pen) -> list[Block]:
    if shape != "letter" or pen.chance(0.3):
        return [Heading(title, 0)] if pen.chance(0.93) else []
    sender = Paragraph(f"{pen.slot('person', '')}, {pen.slot('address', '')}")
    to = Paragraph(
        f"{pen.slot('company', '') if pen.chance(0.5) else pen.slot('person', '')}, {pen.slot('address', '')}"
    )
    day = Paragraph(f"{pen.slot('city', '')}, {pen.slot('date', '')}")
    return [*pen.sample((sender, to, day), pen.whole(1, 3)), Heading(title, 2)]


def _fields(topic: Mapping[str, Any], pen: Pen) -> list[Block]:
    fields = topic.get("fields", [])
    if not fields:
        return []
    chosen = sorted(pen.sample(range(len(fields)), pen.whole(max(1, len(fields) // 2), len(fields))))
    rows = tuple(tuple(pen.say(fields[at]).partition("=")[::2]) for at in chosen)
    return [Fields(rows)]  # type: ignore[arg-type]  # partition gives two of three


def _table(topic: Mapping[str, Any], pen: Pen) -> list[Block]:
    if "table" not in topic:
        return []
    patterns = topic["rows"]
    rows = [tuple(topic["table"].split(";"))]
    rows.extend(tuple(pen.say(pen.pick(patterns)).split(";")) for _ in range(pen.size(2, 30)))
    rows.extend(tuple(pen.say(last).split(";")) for last in topic.get("sums", []))
    return [Table(tuple(rows))]


def _sections(topic: Mapping[str, Any], sentences: list[str], pen: Pen) -> Iterator[list[Block]]:
    heads = pen.shuffled([pen.say(head) for head in alternatives(topic["heads"])] if "heads" in topic else [])
    if not heads or len(sentences) < 4 or pen.chance(0.15):
        yield list(_body(sentences, pen))
        return
    numbered = pen.pick(("", "", "{}. ", "§ {} ", "{} "))
    n_sections = min(len(heads), max(1, len(sentences) // 2))
    share = -(-len(sentences) // n_sections)
    for at in range(n_sections):
        part = sentences[at * share : (at + 1) * share]
        if part:
            yield [Heading(numbered.format(at + 1) + heads[at]), *_body(part, pen)]


def _body(sentences: list[str], pen: Pen) -> Iterator[Block]:
    between = "" if pen.language in {"zh", "ja"} else " "
    if len(sentences) > 2 and pen.chance(0.15):
        yield Bullets(tuple(sentences), pen.chance(0.4))
        return
    at = 0
    while at < len(sentences):
        n = pen.whole(1, 5)
        yield Paragraph(between.join(sentences[at : at + n]))
        at += n


def _closing(topic: Mapping[str, Any], pen: Pen) -> list[Block]:
    if "close" not in topic or pen.chance(0.2):
        return []
    return [Paragraph(line) for line in pen.one_of(topic["close"]).split("\n")]
