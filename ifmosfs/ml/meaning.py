"""What a text is about, by words and phrases that documents of a category use, in several languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.phrases import words_of
from ifmosfs.ml.rules import Rules

MEANING_CHARACTERS: Final = 12_000
MOST_WEIGHT: Final = 0.85
FEWEST_POINTS: Final = 2
_DOUBT_PER_POINT: Final = 0.75  # each point takes a quarter of the remaining doubt
_OPENING_CHARACTERS: Final = 250  # where headings are, and what is there counts twice
_POINTS: Final = {"phrase": 2.0, "word": 1.0, "weak": 1 / 3}


def find_meaning(rules: Rules, text: str, where: str = "", title: str = "") -> Finding | None:
    """What the words speak for, `None` when there are too few telling ones. A word counts once, however often it comes.

    `where` says in the reason where the words stand: ` on its first pages`.
    """
    plain = _plain(f"{title} {text[:MEANING_CHARACTERS]}")
    opening = plain[: _OPENING_CHARACTERS + len(title)]
    early_words = words_of(opening)
    points: dict[str, float] = {}
    examples: dict[str, list[str]] = {}
    for kind, found, category in _telling(rules, plain):
        is_early = found in opening if kind == "phrase" else kind == "word" and found in early_words
        points[category] = points.get(category, 0.0) + _POINTS[kind] * (2 if is_early else 1)
        examples.setdefault(category, []).append(found)
    return _finding(points, examples, where)


def _plain(text: str) -> str:
    """The text in lower case, with one space wherever there was white space."""
    return " ".join(text.lower().replace("’", "'").split())


def _telling(rules: Rules, plain: str) -> Iterator[tuple[str, str, str]]:
    """(kind, what was found, category), the most telling kind first."""
    words = words_of(plain)
    for phrase, category in rules.phrases.find(plain, words):
        yield "phrase", phrase, category
    for kind, vocabulary in (("word", rules.vocabulary), ("weak", rules.weak_vocabulary)):
        for word in sorted(words & vocabulary.keys()):
            for category in vocabulary[word]:
                yield kind, word, category


def _finding(points: dict[str, float], examples: dict[str, list[str]], where: str) -> Finding | None:
    if not points or max(points.values()) < FEWEST_POINTS:
        return None
    best, most = min(points.items(), key=lambda pair: (-pair[1], pair[0]))
    weight = MOST_WEIGHT * (1 - _DOUBT_PER_POINT**most)
    rivals = {category: count**2 for category, count in points.items() if count * 3 >= most}
    total = sum(rivals.values())
    shown = ", ".join(examples[best][:4])
    return Finding(f"words{where} such as {shown}", {category: weight * n / total for category, n in rivals.items()})
