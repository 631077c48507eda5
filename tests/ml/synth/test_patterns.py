"""Patterns: what they mean, what is refused, and that every pattern of the data can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from ifmosfs.ml.synth.grammar import PatternProblem, compile_pattern, slots_of
from ifmosfs.ml.synth.pen import Pen, all_slots
from ifmosfs.ml.synth.registry import catalogue
from ifmosfs.ml.synth.words import LANGUAGES, data_files, read_data


def said(pattern: str, n: int = 60) -> set[str]:
    """What a pattern comes to with several seeds."""
    return {Pen(seed).say(pattern) for seed in range(n)}


@pytest.mark.parametrize(
    ("pattern", "meaning"),
    [
        ("plain {text} | with bars", {"plain {text} | with bars"}),
        ("«a|b»", {"a", "b"}),
        ("«?x»y", {"y", "xy"}),
        ("«x«1|2»|y»", {"x1", "x2", "y"}),
        ("«*2-3/-/a»", {"a-a", "a-a-a"}),
        ("«@k=«1|2»»=«@k»", {"1=1", "2=2"}),
        ("«n:7-8»", {"7", "8"}),
        ("«n:007-008»", {"007", "008"}),
        ("«bar»", {"|"}),
    ],
)
def test_a_pattern_means(pattern: str, meaning: set[str]) -> None:
    assert said(pattern) == meaning


def test_the_case_of_a_slots_name_is_the_case_of_its_word() -> None:
    assert all(re.fullmatch("[a-z]+ [A-Z][a-z]+ [A-Z]+", text) for text in said("«noun» «Noun» «NOUN»"))


@pytest.mark.parametrize("pattern", ["«open", "close»", "«two words»", "«a|b"])
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(PatternProblem):
        compile_pattern(pattern)


def test_a_slot_that_there_is_not_is_named() -> None:
    with pytest.raises(PatternProblem, match="nosuchslot"):
        Pen(1).say("«nosuchslot»")


def texts(value: Any) -> Iterator[str]:
    """All texts within parsed data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


@pytest.mark.parametrize(
    "file", [f"{folder}/{name}" for folder in ("words", "prose", "sketches") for name in data_files(folder)]
)
def test_every_pattern_of_the_data_can_be_read_and_names_only_slots_that_there_are(file: str) -> None:
    unknown = {slot for text in texts(read_data(f"{file}.toml")) for slot in slots_of(text)} - all_slots()
    for text in texts(read_data(f"{file}.toml")):
        compile_pattern(text)
    assert unknown == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_own_names_places_and_sentences(language: str) -> None:
    own = read_data(f"words/{language}.toml")
    assert {
        "first",
        "surname",
        "city",
        "street",
        "company",
        "job",
        "month",
        "sentence",
        "untold",
        "place_folder",
    } <= set(own)


@pytest.mark.parametrize("category", sorted(catalogue()))
def test_every_document_type_can_be_made_in_each_of_its_languages(category: str) -> None:
    for kind in catalogue()[category]:
        for language in kind.languages:
            pen = Pen(f"{kind.name}/{language}")
            pen.use(language)
            assert kind.make(pen).content or category == "__none__" or kind.name.startswith("info_and_keep"), kind.name
