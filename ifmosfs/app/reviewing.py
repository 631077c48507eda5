"""Use case: ask a person about the files that the program is not sure of, the most informative ones first."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from ifmosfs.app.context import App
from ifmosfs.app.mounting import OPEN_STATES
from ifmosfs.app.subjects import subject_of
from ifmosfs.app.teaching import TeachReport, teach
from ifmosfs.app.trees import lazy_tree
from ifmosfs.core.asking import Doubt, Question, is_doubtful, questions
from ifmosfs.core.errors import WrongState
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.lessons import LessonOrigin
from ifmosfs.core.manifest import PlanInfo, SessionInfo
from ifmosfs.core.names import split
from ifmosfs.core.plan import KeepReason
from ifmosfs.core.projects import Projects, find_projects
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.extract.values import Extract
from ifmosfs.ml.sketch import N_BITS, distance
from ifmosfs.ml.taught import key_of

NEAR: Final = N_BITS * 5 // 16  # differing in less bits, files probably are alike: a cosine of about 0.55
N_LINES: Final = 4
LINE_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """What is reviewed: a session, by the thresholds (of categories) of its plan; with a plan, only what is unsure in that."""

    session: SessionInfo
    threshold_of: Callable[[str | None], float]
    plan: PlanInfo | None = None

    def is_sure(self, word: Proposal) -> bool:
        """Whether such a file would be moved."""
        return word.label is not None and word.score >= self.threshold_of(word.label)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a person needs to see of a file to know it again."""

    size_bytes: int
    mtime_ns: int
    title: str | None = None
    lines: tuple[str, ...] = ()
    dimensions: tuple[int, int] | None = None
    n_pages: int | None = None


def scope_of(app: App, wanted: str | None) -> Scope:
    """The plan or the session whose id begins so; without one the session that was scanned last, with its newest open plan.

    Raises `NotFound`, `Ambiguous`.
    """
    plans = app.catalogue.plans()
    if wanted is not None and any(info.plan_id.startswith(wanted.lower()) for info in plans):
        return _of_plan(app, app.catalogue.find_plan(wanted))
    session = app.catalogue.find_session(wanted)
    own = [info for info in plans if info.session_id == session.session_id and info.state in OPEN_STATES]
    return _of_plan(app, own[-1]) if own else Scope(session, app.thresholds.of)


def _of_plan(app: App, info: PlanInfo) -> Scope:
    policy = app.catalogue.load_plan_head(info.plan_id).policy
    return Scope(app.catalogue.find_session(info.session_id), policy.threshold_of, info)


class Reviewing:
    """The questions of one review. Each answer is stored, and has had its consequences, before the next question."""

    def __init__(self, app: App, scope: Scope) -> None:
        self._app = app
        self._scope = scope
        self._asked: set[Place] = set()

    def questions(self) -> list[Question]:
        """All there are now, the most informative first, without those that were asked."""
        return [one for one in questions(self._doubts(), distance, NEAR) if one.doubt.place not in self._asked]

    def ask(self, most: int) -> Iterator[Question]:
        """One question after the other; what an answer settles is not asked any more."""
        n_asked = 0
        pending = self.questions()
        while pending and n_asked < most:
            question = pending.pop(0)
            if question.doubt.place in self._asked or not self._is_open(question.doubt):
                continue
            self._asked.add(question.doubt.place)
            n_asked += 1
            yield question
            if not pending:
                pending = self.questions()  # of groups that were only settled in part

    def answer(self, question: Question, category: str | None) -> TeachReport:
        """Learn what a person has said. Raises `IfmosfsError` where that cannot be stored, or the file cannot be read any more, or has
        become another since it was asked about."""
        given = question.doubt.place.absolute
        subject = subject_of(self._app, given)
        if not subject.file.fingerprint.same_file(question.doubt.file.fingerprint):
            hint = "look at it, then: ifmosfs teach FILE CATEGORY"
            raise WrongState("the file is not as it was asked about any more", path=given, hint=hint)
        report = teach(self._app, [subject], category, LessonOrigin.REVIEW)
        if report.refused:
            raise report.refused[0][1]
        return report

    def glimpse(self, question: Question) -> Glimpse:
        """What there is to see of a file."""
        file = question.doubt.file
        with closing(self._app.classifier.describer.seen([file])) as seen:
            extract = next(seen).extract
        print_ = file.fingerprint
        return _glimpse(print_.size_bytes, print_.mtime_ns, extract)

    def _is_doubtful(self, word: Proposal) -> bool:
        return is_doubtful(word, self._scope.threshold_of(word.label))

    def _is_open(self, doubt: Doubt) -> bool:
        """Whether the program is still unsure of it, and nobody has said anything about this content."""
        file = doubt.file
        pairs = self._app.catalogue.classified_at(self._scope.session.session_id, file.root, [file.path])
        if not any(word is not None and self._is_doubtful(word) for _, word in pairs):
            return False
        try:
            key = key_of(self._app.disk, file)
        except OSError:
            return False
        return not self._app.catalogue.said_about([key])

    def _doubts(self) -> Iterator[Doubt]:
        pairs = list(self._app.catalogue.classified(self._scope.session.session_id))
        files = [file for file, _ in pairs]
        asked_about = self._unsure_in_plan() if self._scope.plan is not None else None
        projects = Projects(find_projects(files))
        for file, word in pairs:
            if word is None or not self._is_doubtful(word) or not _is_askable(file):
                continue
            if asked_about is not None and not self._scope.is_sure(word) and file.place not in asked_about:
                continue
            if projects.around(file.root, split(file.path)[0]) is None:
                yield Doubt(file, word)

    def _unsure_in_plan(self) -> Collection[Place]:
        """The files that wait for a person in the plan; what was put elsewhere there by hand needs no question."""
        assert self._scope.plan is not None
        tree = lazy_tree(self._app, self._scope.plan.plan_id)
        return {action.source_place for action in tree.staying_for(KeepReason.UNSURE)}


def _is_askable(file: ScannedFile) -> bool:
    return file.kind is Kind.FILE and file.readable and file.fingerprint.size_bytes > 0


def _glimpse(size_bytes: int, mtime_ns: int, extract: Extract) -> Glimpse:
    lines = textwrap.wrap(extract.text[: N_LINES * LINE_LENGTH], LINE_LENGTH)
    width, height = extract.numbers.get("width"), extract.numbers.get("height")
    n_pages = extract.numbers.get("n_pages")
    return Glimpse(
        size_bytes,
        mtime_ns,
        extract.fields.get("title"),
        tuple(lines[:N_LINES]),
        None if width is None or height is None else (int(width), int(height)),
        None if n_pages is None else int(n_pages),
    )
