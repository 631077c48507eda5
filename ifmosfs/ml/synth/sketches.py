"""Document types that are data: text files made of a head, units that repeat, and a tail (`data/sketches/CATEGORY.toml`).

[nginx_conf]
ext = "conf"                     # alternatives; may be empty
names = "nginx|«domain»"         # what a person or a program calls it
folder = "etc/nginx"             # optional
fixed = true                     # the name is demanded by a program
strict = true                    # the encoding is demanded, too
n = "3-40"                       # how many units, small numbers likelier
head = "..."                     # a text, or a list of which one is taken
unit = ["...", "..."]            # of which each file uses only some
tail = "..."
sep = "\n"
languages = "en de"
weight = 2

[[nginx_conf.variant]]           # optional: one is taken, and what it says counts instead
head = "..."
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import NONE, DocumentType, Draft
from ifmosfs.ml.synth.words import data_files, read_data


def sketch_types() -> Iterator[DocumentType]:
    """The document types of all sketches; each variant is one of its own, because its text has nothing of the others'."""
    for file in data_files("sketches"):
        category = NONE if file == "others" else file
        for name, table in read_data(f"sketches/{file}.toml").items():
            yield from _types(category, name, table)


def _types(category: str, name: str, table: Mapping[str, Any]) -> Iterator[DocumentType]:
    languages = tuple(table.get("languages", "en").split())
    variants = table.get("variant", [{}])
    weight = max(1, round(table.get("weight", 1) / len(variants)))
    for number, variant in enumerate(variants, 1):
        full = f"{name}-{number}" if len(variants) > 1 else name
        yield DocumentType(
            category, full, partial(draw, {**table, **variant}), languages, variant.get("weight", weight)
        )


def draw(table: Mapping[str, Any], pen: Pen) -> Draft:
    """One file of a sketch."""
    return Draft(
        _text(table, pen),
        pen.one_of(table.get("ext", "")),
        table.get("names", ""),
        table.get("folder", ""),
        table.get("fixed", False),
        table.get("strict", False),
    )


def _text(table: Mapping[str, Any], pen: Pen) -> str:
    parts = [pen.say(_choice(table["head"], pen))] if "head" in table else []
    units = table.get("unit", [])
    if units:
        chosen = pen.sample(units, pen.whole(max(1, len(units) // 3), len(units)))
        parts.extend(pen.say(pen.pick(chosen)) for _ in range(_count(table.get("n", "3-30"), pen)))
    if "tail" in table:
        parts.append(pen.say(_choice(table["tail"], pen)))
    return pen.say(table.get("sep", "\n")).join(parts) + "\n"


def _choice(texts: str | list[str], pen: Pen) -> str:
    return texts if isinstance(texts, str) else pen.pick(texts)


def _count(span: str, pen: Pen) -> int:
    low, _, high = span.partition("-")
    chance = pen.rng.random()
    if chance < 0.05 and high:
        return pen.size(int(high), 6 * int(high))
    return 1 if chance > 0.96 else pen.size(int(low), int(high or low))
