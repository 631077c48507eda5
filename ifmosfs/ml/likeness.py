"""When a file is like one that a person has spoken about, and how much that is worth. Pure.

Files are compared by the cosine of their features. How like they must be depends on what they have in common besides: in the same
folder, or made by the same camera, scanner or program, 0.35 is enough; a name that differs only in its numbers asks for 0.6; files
that have nothing in common but their looks for 0.8. Whatever the program itself is sure of (a score of 0.8 and more) is not
contradicted: a neighbour that overrules everybody does more harm than good (`docs/learning.md`).

What a likeness of cosine c says by itself is the probability p that both files are of one category: on straight lines from 0.25 at
0.35 over 0.90 at 0.70 to 0.99 at 0.85, and never more. That lies between what was measured in folders of everything and in folders of
one kind. With the program's own score s for its own label it is put together as rules are (Dempster's rule: what neither claims is not
known). Where both say the same, 1 - (1 - s)(1 - p), at most 0.99; where they do not, the one that says more has its way, at what is
left of it: p (1 - s) / (1 - p s) for the likeness, s (1 - p) / (1 - p s) for the program. So a contradiction leaves a file unsure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Final

from ifmosfs.core.lessons import FeatureRow, Lesson
from ifmosfs.core.names import split
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.sketch import maker_in, name_key

SURE: Final = 0.8  # from this score on the program's own word is not contradicted
NEAR: Final = 0.35
NEAR_BY_NAME: Final = 0.6
NEAR_BY_LOOKS: Final = 0.8
WORTH: Final = ((NEAR, 0.25), (0.70, 0.90), (0.85, 0.99))  # at these cosines, and on straight lines between them
MOST: Final = 0.99
TIE: Final = 0.01  # two lessons that are as near as that contradict each other on equal terms


@dataclass(frozen=True, slots=True)
class Likeness:
    """A lesson on a file like the one in hand, and the cosine between the two."""

    lesson: Lesson
    cosine: float


def cosine(one: FeatureRow, other: FeatureRow) -> float:
    """Between two rows of features, 0 to 1; 0 for rows of different versions, which do not compare."""
    if one.version != other.version:
        return 0.0
    values = dict(zip(one.columns, one.values, strict=True))
    dot = sum(values.get(column, 0.0) * value for column, value in zip(other.columns, other.values, strict=True))
    norms = sqrt(sum(v * v for v in one.values)) * sqrt(sum(v * v for v in other.values))
    return min(1.0, dot / norms) if norms else 0.0


def least_cosine(lesson: Lesson, absolute: bytes, sketch: bytes | None) -> float:
    """How like a file at this absolute path must be to the one of the lesson."""
    folder, name = split(absolute)
    its_folder, its_name = split(lesson.place.absolute)
    if folder == its_folder:
        return NEAR
    maker = None if sketch is None else maker_in(sketch)
    if maker is not None and lesson.sketch is not None and maker == maker_in(lesson.sketch):
        return NEAR
    key = name_key(name)
    return NEAR_BY_NAME if key is not None and key == name_key(its_name) else NEAR_BY_LOOKS


def nearest(
    absolute: bytes,
    sketch: bytes | None,
    row: FeatureRow,
    lessons: Sequence[Lesson],
    features: Callable[[Lesson], FeatureRow | None],
) -> Likeness | None:
    """The nearest of the lessons that are near enough; `None` for none, and where two that say different things are as near."""
    found: list[Likeness] = []
    for lesson in lessons:
        its_row = features(lesson)
        if its_row is None:
            continue
        its_cosine = cosine(row, its_row)
        if its_cosine >= least_cosine(lesson, absolute, sketch):
            found.append(Likeness(lesson, its_cosine))
    if not found:
        return None
    best = max(found, key=lambda one: (one.cosine, one.lesson.number))
    rivals = {one.lesson.category for one in found if one.cosine > best.cosine - TIE}
    return best if len(rivals) == 1 else None


def worth(likeness: Likeness) -> float:
    """What a likeness says by itself: the probability that both files are of one category."""
    for (low, low_worth), (high, high_worth) in pairwise(WORTH):
        if likeness.cosine < high:
            return low_worth + (high_worth - low_worth) * (likeness.cosine - low) / (high - low)
    return MOST


def together(base: Proposal, likeness: Likeness) -> tuple[float, float] | None:
    """The scores of the lesson's category and of the program's own, put together; `None` where the program's has its way."""
    p, s = worth(likeness), base.score if base.label is not None else 0.0
    if base.label == likeness.lesson.category:
        return max(s, min(MOST, 1 - (1 - s) * (1 - p))), 0.0
    if p <= s or s >= SURE:
        return None
    return p * (1 - s) / (1 - p * s), s * (1 - p) / (1 - p * s)
