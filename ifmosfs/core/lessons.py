"""Lessons: what people have said about contents, as a log that only grows, and what of it holds. Pure.

A lesson is about a content, not about a file: whatever it is called and wherever it lies, it is known again by its key
(`ml.extract.keys`). It holds no content and no text, only numbers that a model can learn from. Lessons are made of what a person
says and never of what the program has worked out by itself.

A later lesson on the same content supersedes the earlier ones; a row UNDONE takes one lesson back, so that what was said before it
holds again; a row FORGOTTEN takes back all that was said about a content until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from ifmosfs.core.files import Place
from ifmosfs.core.proposal import Opinion


class LessonKind(Enum):
    """What a row of the log says."""

    IS = "is"  # of this category; without one: of no category
    NOT = "not"  # not of this category, whatever else it may be
    FORGOTTEN = "forgotten"  # nothing that was said until now holds any more
    UNDONE = "undone"  # one lesson is taken back


class LessonOrigin(Enum):
    """How it was said; for display only."""

    TEACH = "teach"
    REVIEW = "review"
    DRAG = "drag"  # also by `rm`: a file was put elsewhere in a mounted view
    XATTR = "xattr"  # the category was written in a mounted view
    UNDO = "undo"  # an edit of a plan was taken back


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A file as a model sees it: `columns`, rising, with their `values` (single precision). Rows of one `version` compare."""

    version: int
    columns: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EditedFile:
    """The edit of a plan that a lesson was made of, and the action whose file it placed."""

    plan_id: str
    edit: int
    action_id: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """One row of the log. `number` is 0 in a draft.

    `place` is where the file was, `before` the program's own word on it at that time, `features` and `sketch` (`ml.sketch`) what it
    was like; `undoes` is the number of the lesson that an UNDONE takes back.
    """

    number: int
    kind: LessonKind
    content_key: bytes
    size_bytes: int
    category: str | None
    place: Place
    at_ns: int
    origin: LessonOrigin
    before: Opinion | None = None
    features: FeatureRow | None = None
    sketch: bytes | None = None
    edited: EditedFile | None = None
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What holds about one content: the lesson that says what it is, and those that say what it is not."""

    lesson: Lesson | None
    denials: tuple[Lesson, ...] = ()

    @property
    def denied(self) -> frozenset[str]:
        """The categories that it is not of."""
        return frozenset(one.category for one in self.denials if one.category is not None)


NOTHING_SAID = Said(None)


def said(log: Iterable[Lesson]) -> dict[bytes, Said]:
    """What holds about each content, from all rows about these contents in the order of their numbers."""
    rows = list(log)
    undone = {(row.content_key, row.undoes) for row in rows if row.kind is LessonKind.UNDONE}
    holding: dict[bytes, Said] = {}
    for row in rows:
        if (row.content_key, row.number) not in undone:
            _take_in(holding, row)
    return {key: one for key, one in holding.items() if one != NOTHING_SAID}


def _take_in(holding: dict[bytes, Said], row: Lesson) -> None:
    before = holding.get(row.content_key, NOTHING_SAID)
    match row.kind:
        case LessonKind.IS:
            holding[row.content_key] = Said(row)
        case LessonKind.NOT:
            others = tuple(one for one in before.denials if one.category != row.category)
            lesson = before.lesson
            if lesson is not None and lesson.category == row.category:
                lesson = None
            holding[row.content_key] = Said(lesson, (*others, row))
        case LessonKind.FORGOTTEN:
            holding[row.content_key] = NOTHING_SAID
        case LessonKind.UNDONE:
            pass  # what it takes back was left out


def taking_back(lesson: Lesson, at_ns: int) -> Lesson:
    """The draft of the row that takes a lesson back."""
    return replace(
        lesson,
        number=0,
        kind=LessonKind.UNDONE,
        at_ns=at_ns,
        origin=LessonOrigin.UNDO,
        before=None,
        features=None,
        sketch=None,
        undoes=lesson.number,
    )
