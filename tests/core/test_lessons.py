"""What holds of all that was ever said: the later word, what is undone, what is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.files import Place
from ifmosfs.core.lessons import Lesson, LessonKind, LessonOrigin, said, taking_back

IS, NOT, FORGOTTEN, UNDONE = LessonKind.IS, LessonKind.NOT, LessonKind.FORGOTTEN, LessonKind.UNDONE
Row = tuple[LessonKind, str | None] | int
"""What is said of the one content, or the number of the lesson that is taken back."""


def log(*rows: Row, key: bytes = b"k") -> list[Lesson]:
    made: list[Lesson] = []
    for number, row in enumerate(rows, 1):
        kind, category = (UNDONE, None) if isinstance(row, int) else row
        undoes = row if isinstance(row, int) else None
        made.append(lesson(number, kind, category, undoes, key))
    return made


def lesson(number: int, kind: LessonKind, category: str | None, undoes: int | None = None, key: bytes = b"k") -> Lesson:
    return Lesson(number, kind, key, 3, category, Place(b"/in", b"x"), number, LessonOrigin.TEACH, undoes=undoes)


def holding(rows: Sequence[Lesson], key: bytes = b"k") -> tuple[str | None, frozenset[str]]:
    """What the content is, `-` for what nobody has said, and what it is not."""
    found = said(rows).get(key)
    if found is None:
        return "-", frozenset()
    return ("-" if found.lesson is None else found.lesson.category), found.denied


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([(IS, "a")], ("a", set())),
        ([(IS, "a"), (IS, "b")], ("b", set())),
        ([(IS, "a"), (IS, None)], (None, set())),
        ([(NOT, "a"), (NOT, "b")], ("-", {"a", "b"})),
        ([(NOT, "a"), (IS, "a")], ("a", set())),
        ([(IS, "a"), (NOT, "a")], ("-", {"a"})),
        ([(IS, "a"), (NOT, "b")], ("a", {"b"})),
        ([(IS, "a"), (FORGOTTEN, None)], ("-", set())),
        ([(IS, "a"), (FORGOTTEN, None), (IS, "b")], ("b", set())),
        ([(IS, "a"), (IS, "b"), 2], ("a", set())),
        ([(IS, "a"), (IS, "b"), 1], ("b", set())),
        ([(IS, "a"), 1], ("-", set())),
        ([(IS, "a"), (NOT, "a"), 2], ("a", set())),
        ([(IS, "a"), (FORGOTTEN, None), 2], ("a", set())),
    ],
)
def test_last_word_holds_and_undoing_brings_back_the_one_before(
    rows: list[Row], wanted: tuple[str | None, set[str]]
) -> None:
    assert holding(log(*rows)) == (wanted[0], frozenset(wanted[1]))


def test_contents_do_not_bear_on_each_other() -> None:
    rows = [*log((IS, "a")), lesson(2, IS, "b", key=b"other"), lesson(3, FORGOTTEN, None, key=b"other")]
    assert said(rows) == said(log((IS, "a")))


def test_row_that_takes_back_names_the_lesson_and_holds_nothing_to_learn_from() -> None:
    back = taking_back(lesson(7, IS, "a"), 9)
    assert (back.number, back.kind, back.undoes, back.at_ns, back.content_key) == (0, UNDONE, 7, 9, b"k")
    assert (back.features, back.sketch, back.origin) == (None, None, LessonOrigin.UNDO)


@dataclass
class Notebook:
    """The same told naively: all that was said, from which lines are struck out, read from the top whenever somebody asks."""

    lines: dict[int, tuple[LessonKind, str | None]] = field(default_factory=dict)

    def holding(self) -> tuple[str | None, frozenset[str]]:
        word: str | None = "-"
        denied: set[str] = set()
        for kind, category in self.lines.values():
            if kind is FORGOTTEN:
                word, denied = "-", set()
            elif kind is IS:
                word, denied = category, set()
            else:
                word = "-" if word == category else word
                denied.add(str(category))
        return word, frozenset(denied)


says = st.tuples(st.just(IS), st.sampled_from(["a", "b", None])) | st.tuples(st.just(NOT), st.sampled_from("ab"))


@given(st.lists(says | st.just((FORGOTTEN, None)) | st.integers(1, 12), max_size=12))
def test_log_says_what_a_notebook_with_struck_out_lines_says(rows: list[Row]) -> None:
    notebook, made = Notebook(), []
    for row in rows:
        if isinstance(row, int) and row not in notebook.lines:
            continue  # there is no such lesson, or it was taken back already
        number = len(made) + 1
        if isinstance(row, int):
            del notebook.lines[row]
            made.append(lesson(number, UNDONE, None, row))
        else:
            notebook.lines[number] = row
            made.append(lesson(number, *row))
        assert holding(made) == notebook.holding()
