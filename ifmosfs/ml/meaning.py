"""What a text is about, by words and phrases that documents of a category use, in several languages."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from ifmosfs.ml.evidence import Finding
from ifmosfs.ml.rules import Rules

MEANING_CHARACTERS: Final = 12_000
MOST_WEIGHT: Final = 0.85
FEWEST_POINTS: Final = 2
_DOUBT_PER_POINT: Final = 0.75  # each point takes a quarter of the remaining doubt
_PHRASE_POINTS: Final = 2

_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*|[€$£]")
_SPACES = re.compile(r"\s+")


def find_meaning(rules: Rules, text: str, where: str = "") -> Finding | None:
    """What the words speak for, `None` when there are too few telling ones. A word counts once, however often it comes.

    `where` says in the reason where the words stand: ` on its first pages`.
    """
    plain = _SPACES.sub(" ", text[:MEANING_CHARACTERS]).lower().replace("’", "'")
    points: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    for word in sorted(set(_WORD.findall(plain)) & rules.vocabulary.keys()):
        for category in rules.vocabulary[word]:
            points[category] += 1
            examples.setdefault(category, []).append(word)
    for phrase, category in rules.phrases:
        if phrase in plain:
            points[category] += _PHRASE_POINTS
            examples.setdefault(category, []).insert(0, phrase)
    return _finding(points, examples, where)


def _finding(points: Counter[str], examples: dict[str, list[str]], where: str) -> Finding | None:
    if not points or max(points.values()) < FEWEST_POINTS:
        return None
    best, most = min(points.items(), key=lambda pair: (-pair[1], pair[0]))
    weight = MOST_WEIGHT * (1 - _DOUBT_PER_POINT**most)
    rivals = {category: count**2 for category, count in points.items() if count * 3 >= most}
    total = sum(rivals.values())
    shown = ", ".join(examples[best][:4])
    return Finding(f"words{where} such as {shown}", {category: weight * n / total for category, n in rivals.items()})
