"""A taught classifier: what a person has said of a content, or of a file like it, against the program's own word."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from classifier_disk import OpenOnly

from ifmosfs.core.files import Fingerprint, Kind, Place, ScannedFile
from ifmosfs.core.lessons import FeatureRow, Lesson, LessonKind, LessonOrigin, said
from ifmosfs.core.proposal import Decider, Explanation, Opinion, Proposal
from ifmosfs.ml.classifier import Evidence
from ifmosfs.ml.extract.keys import content_key
from ifmosfs.ml.likeness import Likeness, cosine, nearest, together, worth
from ifmosfs.ml.sketch import N_BITS, distance, maker_in, name_key
from ifmosfs.ml.taught import Description, Lessons, TaughtClassifier

CATEGORIES = frozenset({"law", "money", "photo"})
DAY_NS = 1_709_200_000 * 10**9  # 2024-02-29
RULE = Opinion("money", 0.7)
BASE = Proposal("money", 0.7, "words such as total", "law", 0.1, rule=RULE, decided_by=Decider.RULE)
UNKNOWN = Proposal(None, 0.0, "nothing is known")
NO_SKETCH = bytes(20)


@dataclass
class Inner:
    """A classifier that says what it is told to."""

    words: Mapping[bytes, Proposal] = field(default_factory=dict)
    n_asked: int = 0
    closed: bool = False
    name: str = "inner-1"

    def propose(self, file: ScannedFile) -> Proposal:
        return self.words.get(file.path, BASE)

    def propose_all(self, files: Iterable[ScannedFile]) -> Generator[Proposal, None, None]:
        pending = list(files)  # all at once, as one that looks ahead
        for file in pending:
            self.n_asked += 1
            yield self.propose(file)

    def explain(self, file: ScannedFile) -> Explanation:
        return Explanation(self.propose(file), ("one", "two", "three"))

    def close(self) -> None:
        self.closed = True


@dataclass
class Describer:
    """Says of each file what it is told to, and counts how often."""

    rows: Mapping[bytes, FeatureRow] = field(default_factory=dict)
    n_described: int = 0

    def describe(self, files: Iterable[ScannedFile]) -> Generator[Description | None, None, None]:
        for file in files:
            self.n_described += 1
            row = self.rows.get(file.path)
            yield None if row is None else Description(row, NO_SKETCH)

    def seen(self, files: Iterable[ScannedFile]) -> Generator[Evidence, None, None]:
        for file in files:
            yield Evidence(file)


@dataclass
class Book:
    """Lessons in memory."""

    log: list[Lesson] = field(default_factory=list)

    def standing(self) -> Lessons:
        return Lessons(said(self.log), CATEGORIES)

    def features(self, lesson: Lesson) -> FeatureRow | None:
        return lesson.features


class Desk:
    """Files in a folder, and lessons about them."""

    def __init__(self, folder: Path) -> None:
        self.root = os.fsencode(folder)
        self.disk = OpenOnly()
        self.inner, self.describer, self.book = Inner(), Describer(), Book()
        self.classifier = TaughtClassifier(self.inner, self.disk, self.book, self.describer)  # type: ignore[arg-type]

    def file(self, path: bytes, content: bytes) -> ScannedFile:
        absolute = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(absolute), exist_ok=True)
        with open(absolute, "wb") as file:
            file.write(content)
        return ScannedFile(1, self.root, path, Kind.FILE, 0o100644, Fingerprint(1, len(content), 1, 1))

    def learn(
        self, file: ScannedFile, category: str | None, kind: LessonKind = LessonKind.IS, row: FeatureRow | None = None
    ) -> Lesson:
        descriptor = os.open(file.place.absolute, os.O_RDONLY)
        key = content_key(descriptor, file.fingerprint.size_bytes)
        os.close(descriptor)
        number, size = len(self.book.log) + 1, file.fingerprint.size_bytes
        lesson = Lesson(number, kind, key, size, category, file.place, DAY_NS, LessonOrigin.TEACH, features=row)
        self.book.log.append(lesson)
        return lesson


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def row(*values: float) -> FeatureRow:
    return FeatureRow(1, tuple(range(len(values))), values)


def alike(c: float) -> FeatureRow:
    """Of the cosine c to `row(1.0)`."""
    return row(c, (1 - c * c) ** 0.5)


# The very content


def test_without_lessons_nothing_is_opened_and_all_is_as_the_other_says(desk: Desk) -> None:
    files = [desk.file(b"a", b"one"), desk.file(b"b", b"two")]
    assert list(desk.classifier.propose_all(files)) == [BASE, BASE]
    assert (desk.disk.n_opened, desk.describer.n_described) == (0, 0)


def test_only_files_of_the_size_of_a_lesson_are_opened(desk: Desk) -> None:
    desk.learn(desk.file(b"far/x", b"one"), "law")
    files = [desk.file(b"a", b"two"), desk.file(b"b", b"three"), desk.file(b"c", b"four")]
    assert list(desk.classifier.propose_all(files)) == [BASE, BASE, BASE]
    assert (desk.disk.n_opened, desk.describer.n_described) == (1, 0)


def test_persons_word_holds_for_the_content_under_any_name_with_the_others_kept_beside_it(desk: Desk) -> None:
    desk.learn(desk.file(b"far/x", b"one"), "law")
    copy = desk.file(b"elsewhere/y", b"one")
    assert desk.classifier.propose(copy) == Proposal(
        "law", 1.0, "you said so on 2024-02-29", "money", 0.7, rule=RULE, decided_by=Decider.PERSON, lesson=1
    )


def test_persons_word_that_the_program_had_said_as_well_keeps_its_runner_up(desk: Desk) -> None:
    file = desk.file(b"x", b"one")
    desk.learn(file, "money")
    word = desk.classifier.propose(file)
    assert (word.label, word.score, word.runner_up, word.runner_up_score) == ("money", 1.0, "law", 0.1)


def test_content_of_no_category_has_none(desk: Desk) -> None:
    file = desk.file(b"x", b"one")
    desk.learn(file, None)
    word = desk.classifier.propose(file)
    assert (word.label, word.score, word.decided_by) == (None, 0.0, Decider.PERSON)
    assert word.reason == "you said on 2024-02-29 that it belongs to no category"


def test_denied_category_is_never_proposed_for_that_content_again(desk: Desk) -> None:
    file, other = desk.file(b"x", b"one"), desk.file(b"y", b"two")
    desk.learn(file, "money", LessonKind.NOT)
    desk.learn(file, "law", LessonKind.NOT)
    desk.learn(desk.file(b"z", b"three"), "money", row=row(1.0))
    desk.describer.rows = {b"x": row(1.0), b"y": row(1.0)}
    desk.inner.words = {b"x": BASE, b"y": UNKNOWN}
    word = desk.classifier.propose(file)
    assert (word.label, word.score, word.runner_up) == (None, 0.0, None)
    assert word.reason == "you said on 2024-02-29 that it is not money"
    assert desk.classifier.propose(other).label == "money"


def test_denial_of_what_the_program_does_not_say_changes_nothing(desk: Desk) -> None:
    file = desk.file(b"x", b"one")
    desk.learn(file, "photo", LessonKind.NOT)
    assert desk.classifier.propose(file) == BASE


def test_changed_content_of_the_same_size_is_not_the_one_that_was_taught(desk: Desk) -> None:
    file = desk.file(b"x", b"one")
    desk.learn(file, "law")
    assert desk.classifier.propose(desk.file(b"x", b"two")) == BASE


def test_category_that_there_is_no_more_is_as_never_taught(desk: Desk) -> None:
    file = desk.file(b"x", b"one")
    desk.learn(file, "abolished")
    assert desk.classifier.propose(file) == BASE
    assert desk.disk.n_opened == 0


@pytest.mark.parametrize(
    "word",
    [Proposal(None, 0.0, "cannot be read", unreadable="no"), replace(BASE, score=0.99)],
    ids=["unreadable", "sure"],
)
def test_likeness_says_nothing_about_what_cannot_be_read_or_is_certain(desk: Desk, word: Proposal) -> None:
    desk.learn(desk.file(b"z", b"three"), "law", row=row(1.0))
    desk.describer.rows = {b"x": row(1.0)}
    desk.inner.words = {b"x": word}
    assert desk.classifier.propose(desk.file(b"x", b"twelve")) == word


def test_files_that_are_gone_and_links_are_left_to_the_other(desk: Desk) -> None:
    file = desk.file(b"x", b"one")
    desk.learn(file, "law")
    os.unlink(file.place.absolute)
    assert desk.classifier.propose(file) == BASE
    assert desk.classifier.propose(replace(file, kind=Kind.SYMLINK)) == BASE


def test_many_files_come_in_their_order_though_the_other_looks_ahead(desk: Desk) -> None:
    files = [desk.file(b"%d" % number, b"%d" % number) for number in range(100)]
    desk.learn(files[37], "law")
    labels = [word.label for word in desk.classifier.propose_all(iter(files))]
    assert labels == ["law" if number == 37 else "money" for number in range(100)]


def test_name_is_the_others_whatever_was_learned_and_closing_closes_it(desk: Desk) -> None:
    desk.learn(desk.file(b"x", b"one"), "law")
    assert desk.classifier.name == "inner-1"
    desk.classifier.close()
    assert desk.inner.closed


def test_explanation_begins_with_what_a_person_has_said(desk: Desk) -> None:
    file = desk.file(b"x", b"one")
    assert desk.classifier.explain(file) == Explanation(BASE, ("one", "two", "three"))
    desk.learn(file, "law")
    found = desk.classifier.explain(file)
    assert found == Explanation(desk.classifier.propose(file), ("you said so on 2024-02-29", "one", "two"))


# Files like it


def test_file_like_one_in_the_same_folder_is_proposed_what_that_is(desk: Desk) -> None:
    desk.learn(desk.file(b"sub/letter.txt", b"one"), "law", row=row(1.0))
    desk.inner.words, desk.describer.rows = {b"sub/y": UNKNOWN}, {b"sub/y": alike(0.7)}
    word = desk.classifier.propose(desk.file(b"sub/y", b"twelve"))
    assert (word.label, word.score, word.decided_by, word.lesson) == ("law", 0.9, Decider.LIKENESS, 1)
    assert word.reason == "like letter.txt, which you put there on 2024-02-29; nothing is known"


@pytest.mark.parametrize(
    ("path", "cosine", "wanted"),
    [
        (b"sub/any.bin", 0.36, "law"),
        (b"sub/any.bin", 0.34, None),
        (b"other/Rechnung 77.txt", 0.61, "law"),
        (b"other/Rechnung 77.txt", 0.59, None),
        (b"other/any.bin", 0.9, None),
    ],
    ids=["same folder", "same folder, too unlike", "near name", "near name, too unlike", "nothing in common"],
)
def test_what_is_not_near_must_be_more_alike(desk: Desk, path: bytes, cosine: float, wanted: str | None) -> None:
    desk.learn(desk.file(b"sub/Rechnung 12.txt", b"one"), "law", row=row(1.0))
    desk.inner.words, desk.describer.rows = {path: UNKNOWN}, {path: alike(cosine)}
    assert desk.classifier.propose(desk.file(path, b"twelve")).label == wanted


def test_file_of_the_same_maker_is_near_wherever_it_lies(desk: Desk) -> None:
    made = bytes(16) + b"cam1"
    lesson = desk.learn(desk.file(b"sub/a", b"one"), "law", row=row(1.0))
    desk.book.log[0] = replace(lesson, sketch=made)
    desk.describer.rows = {b"far/y": alike(0.5)}
    desk.inner.words = {b"far/y": replace(UNKNOWN, sketch=b"\xff" * 16 + b"cam1")}
    file = desk.file(b"far/y", b"twelve")
    found = nearest(file.place.absolute, made, alike(0.5), desk.book.log, desk.book.features)
    assert found is not None
    assert found.lesson.number == 1
    desk.inner.words = {b"far/y": replace(UNKNOWN, sketch=b"\xff" * 16 + b"cam2")}
    assert desk.classifier.propose(file).label is None


def test_the_nearest_of_several_lessons_counts_and_equally_near_contradictions_change_nothing(desk: Desk) -> None:
    desk.learn(desk.file(b"a", b"one"), "law", row=row(1.0))
    desk.learn(desk.file(b"b", b"two"), "photo", row=alike(0.5))
    file = desk.file(b"y", b"twelve")
    desk.inner.words, desk.describer.rows = {b"y": UNKNOWN}, {b"y": row(1.0)}
    assert desk.classifier.propose(file).label == "law"
    desk.learn(desk.file(b"c", b"six"), "photo", row=row(1.0))
    assert desk.classifier.propose(file) == UNKNOWN


def test_lesson_that_a_content_is_of_no_category_says_nothing_about_others(desk: Desk) -> None:
    desk.learn(desk.file(b"a", b"one"), None, row=row(1.0))
    desk.describer.rows = {b"y": row(1.0)}
    assert desk.classifier.propose(desk.file(b"y", b"twelve")) == BASE


def test_features_of_another_version_do_not_compare() -> None:
    assert cosine(row(1.0), replace(row(1.0), version=2)) == 0.0
    assert cosine(row(), row(1.0)) == 0.0


LESSON = Lesson(1, LessonKind.IS, b"k", 1, "law", Place(b"/in", b"x"), 1, LessonOrigin.TEACH)


@pytest.mark.parametrize(
    ("cosine", "wanted"), [(0.35, 0.25), (0.525, 0.575), (0.7, 0.9), (0.775, 0.945), (0.85, 0.99), (1.0, 0.99)]
)
def test_worth_of_a_likeness_is_on_the_documented_lines(cosine: float, wanted: float) -> None:
    assert worth(Likeness(LESSON, cosine)) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("base", "cosine", "wanted"),
    [
        (UNKNOWN, 0.7, (0.9, 0.0)),
        (Proposal("law", 0.5, "r"), 0.7, (0.95, 0.0)),
        (Proposal("law", 0.9, "r"), 1.0, (0.99, 0.0)),
        (Proposal("money", 0.5, "r"), 0.7, (0.45 / 0.55, 0.05 / 0.55)),
        (Proposal("money", 0.79, "r"), 0.5, None),
        (Proposal("money", 0.8, "r"), 1.0, None),
    ],
    ids=["alone", "agreeing", "never certain", "against", "against one that says more", "against one that is sure"],
)
def test_likeness_and_the_program_are_put_together(
    base: Proposal, cosine: float, wanted: tuple[float, float] | None
) -> None:
    found = together(base, Likeness(LESSON, cosine))
    assert found == (None if wanted is None else pytest.approx(wanted))


# Sketches


def test_sketches_tell_maker_and_names_their_words() -> None:
    assert (maker_in(bytes(20)), maker_in(bytes(16) + b"abcd")) == (None, b"abcd")
    assert distance(bytes(20), b"\xff" * 16 + b"abcd") == N_BITS
    assert name_key(b"Rechnung_2021-03.pdf") == name_key(b"rechnung_7-12.PDF") == b"rechnung_0-0.pdf"
    assert name_key(b"IMG_2041.jpg") is None
    assert name_key(b"\xff\xfe12.txt") is None
