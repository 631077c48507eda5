"""A classifier that has been taught: another one's word, unless a person has spoken about this content, or about a file like it.

It asks for the lessons once for each series of files. Where there are none, nothing is done and nothing is read. Where there are, a
file's content is looked at only if a lesson is about a content of exactly that size, and its features are made only if the other
classifier is not sure of it and a lesson is in reach.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.lessons import NOTHING_SAID, FeatureRow, Lesson, Said
from ifmosfs.core.names import display, split
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.proposal import Classifier, Decider, Explanation, Proposal
from ifmosfs.ml.extract.keys import content_key
from ifmosfs.ml.likeness import Likeness, nearest, together
from ifmosfs.ml.sketch import CERTAIN, N_BITS, distance, maker_in, name_key

if TYPE_CHECKING:
    from ifmosfs.ml.classifier import Evidence

WINDOW: Final = 32  # files that are looked at together
MOST_COMPARED: Final = 50  # lessons that one file is compared with, the newest first
MOST_SKETCHES: Final = 500  # the newest lessons whose looks alone may bring a file in reach
FAR: Final = N_BITS * 7 // 24  # a sketch that differs in so many bits is not one of a file with a cosine of 0.8


@dataclass(frozen=True, slots=True)
class Description:
    """What a file is like: its features for a model, and its sketch."""

    row: FeatureRow
    sketch: bytes


class Describer(Protocol):
    """Says what files are like, before anybody judges them."""

    def describe(self, files: Iterable[ScannedFile]) -> Generator[Description | None, None, None]:
        """The descriptions, in the order of the files; `None` for one of which nothing can be seen. To be closed if not used up."""
        ...

    def seen(self, files: Iterable[ScannedFile]) -> Generator[Evidence, None, None]:
        """All that was seen of files, texts with their extracts. To be closed if not used up."""
        ...


class LessonBook(Protocol):
    """All lessons, as they are now."""

    def standing(self) -> Lessons:
        """What holds at this moment."""
        ...

    def features(self, lesson: Lesson) -> FeatureRow | None:
        """The features that a lesson was stored with, `None` for none."""
        ...


class Lessons:
    """What holds at one moment, to be found by content and by likeness. Lessons on categories that there are no more do not count."""

    def __init__(self, said: Mapping[bytes, Said], categories: Collection[str]) -> None:
        self._said = {key: one for key, one in ((key, _known(one, categories)) for key, one in said.items()) if one}
        self.sizes = frozenset(lesson.size_bytes for one in self._said.values() for lesson in _all(one))
        self._by_folder: dict[bytes, list[Lesson]] = defaultdict(list)
        self._by_maker: dict[bytes, list[Lesson]] = defaultdict(list)
        self._by_name: dict[bytes, list[Lesson]] = defaultdict(list)
        self._by_looks: list[tuple[bytes, Lesson]] = []
        told = [one.lesson for one in self._said.values() if one.lesson is not None]
        for lesson in sorted((each for each in told if each.category is not None), key=lambda one: -one.number):
            self._index(lesson)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._said)

    def on(self, key: bytes) -> Said:
        """What was said about a content."""
        return self._said.get(key, NOTHING_SAID)

    def in_reach(self, absolute: bytes, sketch: bytes | None) -> list[Lesson]:
        """Lessons on files that the one at this absolute path may be like, the newest first."""
        folder, name = split(absolute)
        found = {one.number: one for one in self._by_folder.get(folder, ())}
        maker, key = (None if sketch is None else maker_in(sketch)), name_key(name)
        if maker is not None:
            found |= {one.number: one for one in self._by_maker.get(maker, ())}
        if key is not None:
            found |= {one.number: one for one in self._by_name.get(key, ())}
        if sketch is not None:
            found |= {one.number: one for its, one in self._by_looks if distance(its, sketch) < FAR}
        return sorted(found.values(), key=lambda one: -one.number)[:MOST_COMPARED]

    def _index(self, lesson: Lesson) -> None:
        folder, name = split(lesson.place.absolute)
        self._by_folder[folder].append(lesson)
        maker, key = (None if lesson.sketch is None else maker_in(lesson.sketch)), name_key(name)
        if maker is not None:
            self._by_maker[maker].append(lesson)
        if key is not None:
            self._by_name[key].append(lesson)
        if lesson.sketch is not None and len(self._by_looks) < MOST_SKETCHES:
            self._by_looks.append((lesson.sketch, lesson))


class TaughtClassifier:
    """Another classifier, and lessons (`core.proposal.Classifier`). Its name is the other's: lessons ask nobody to classify again."""

    def __init__(self, inner: Classifier, disk: DiskReader, book: LessonBook, describer: Describer) -> None:
        self.inner = inner
        self._disk = disk
        self._book = book
        self.describer = describer

    @property
    def name(self) -> str:
        """The other one's."""
        return self.inner.name

    def propose(self, file: ScannedFile) -> Proposal:
        """See `core.proposal.Classifier`."""
        (proposal,) = self.propose_all([file])
        return proposal

    def propose_all(self, files: Iterable[ScannedFile]) -> Generator[Proposal, None, None]:
        """See `core.proposal.Classifier`."""
        lessons = self._book.standing()
        if not lessons:
            yield from self.inner.propose_all(files)
            return
        under_way: deque[ScannedFile] = deque()

        def noted() -> Iterator[ScannedFile]:
            for file in files:
                under_way.append(file)
                yield file

        with closing(self.inner.propose_all(noted())) as proposals:
            while window := list(islice(proposals, WINDOW)):
                yield from self._taught(lessons, [(under_way.popleft(), proposal) for proposal in window])

    def explain(self, file: ScannedFile) -> Explanation:
        """See `core.proposal.Classifier`; what a person has said is the first piece of evidence."""
        found, lessons = self.inner.explain(file), self._book.standing()
        (proposal,) = self._taught(lessons, [(file, found.proposal)]) if lessons else (found.proposal,)
        if proposal.lesson is None:
            return replace(found, proposal=proposal)
        said = proposal.reason.partition("; ")[0]
        return Explanation(proposal, (said, *found.evidence)[:3])

    def close(self) -> None:
        """See `core.proposal.Classifier`."""
        self.inner.close()

    def _taught(self, lessons: Lessons, pairs: Sequence[tuple[ScannedFile, Proposal]]) -> list[Proposal]:
        """What is said of files in the end, from what the other says of them."""
        words: list[Proposal] = []
        open_ones: list[tuple[int, ScannedFile, list[Lesson]]] = []
        for place, (file, base) in enumerate(pairs):
            said = self._said(lessons, file) if _has_content(file, base) else NOTHING_SAID
            words.append(_without_denied(base, said) if said.lesson is None else _as_said(base, said.lesson))
            if said.lesson is None and _has_content(file, base) and words[place].score < CERTAIN:
                reach = lessons.in_reach(file.place.absolute, base.sketch)
                reach = [one for one in reach if one.category not in said.denied]
                open_ones += [(place, file, reach)] if reach else []
        for place, like in self._likenesses(open_ones):
            words[place] = _as_the_like(words[place], like)
        return words

    def _likenesses(self, open_ones: Sequence[tuple[int, ScannedFile, list[Lesson]]]) -> Iterator[tuple[int, Likeness]]:
        """The places of the files that are like one of the lessons in their reach, each with the nearest."""
        if not open_ones:
            return
        with closing(self.describer.describe([file for _, file, _ in open_ones])) as described:
            for (place, file, reach), one in zip(open_ones, described, strict=True):
                if one is not None:
                    like = nearest(file.place.absolute, one.sketch, one.row, reach, self._book.features)
                    if like is not None:
                        yield place, like

    def _said(self, lessons: Lessons, file: ScannedFile) -> Said:
        if file.fingerprint.size_bytes not in lessons.sizes:
            return NOTHING_SAID
        try:
            return lessons.on(key_of(self._disk, file))
        except OSError:
            return NOTHING_SAID


def _has_content(file: ScannedFile, base: Proposal) -> bool:
    return file.kind is Kind.FILE and base.unreadable is None and file.fingerprint.size_bytes > 0


def key_of(disk: DiskReader, file: ScannedFile) -> bytes:
    """The key of a file's content. Raises OSError."""
    descriptor = disk.open_read(file.place)
    try:
        return content_key(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def said_on(lesson: Lesson) -> str:
    """The day of a lesson, by the person's own calendar."""
    return date.fromtimestamp(lesson.at_ns / 1e9).isoformat()  # noqa: DTZ012  local time is meant


def _as_said(base: Proposal, lesson: Lesson) -> Proposal:
    """A person's word outranks all others, which are kept beside it."""
    day = said_on(lesson)
    changed = replace(base, decided_by=Decider.PERSON, lesson=lesson.number, sketch=None)
    if base.label != lesson.category:
        changed = replace(
            changed, runner_up=base.label or base.runner_up, runner_up_score=base.score or base.runner_up_score
        )
    if lesson.category is None:
        return replace(changed, label=None, score=0.0, reason=f"you said on {day} that it belongs to no category")
    return replace(changed, label=lesson.category, score=1.0, reason=f"you said so on {day}")


def _without_denied(base: Proposal, said: Said) -> Proposal:
    if base.runner_up in said.denied:
        base = replace(base, runner_up=None, runner_up_score=0.0)
    if base.label is None or base.label not in said.denied:
        return base
    denial = next(one for one in said.denials if one.category == base.label)
    return replace(
        base,
        label=None,
        score=0.0,
        reason=f"you said on {said_on(denial)} that it is not {base.label}",
        decided_by=Decider.PERSON,
        lesson=denial.number,
    )


def _as_the_like(base: Proposal, like: Likeness) -> Proposal:
    """The lesson's category where it is more probable than what the program thinks by itself; else that stays."""
    scores, lesson = together(base, like), like.lesson
    if scores is None:
        return base
    changed = replace(
        base,
        label=lesson.category,
        score=round(scores[0], 3),
        reason=f"like {display(split(lesson.place.path)[1])}, which you put there on {said_on(lesson)}; {base.reason}",
        decided_by=Decider.LIKENESS,
        lesson=lesson.number,
    )
    if base.label in {None, lesson.category}:
        return changed
    return replace(changed, runner_up=base.label, runner_up_score=round(scores[1], 3))


def _known(said: Said, categories: Collection[str]) -> Said | None:
    """What still means something."""
    lesson = said.lesson
    if lesson is not None and lesson.category is not None and lesson.category not in categories:
        lesson = None
    denials = tuple(one for one in said.denials if one.category in categories)
    return Said(lesson, denials) if lesson is not None or denials else None


def _all(said: Said) -> Sequence[Lesson]:
    return said.denials if said.lesson is None else (said.lesson, *said.denials)
