"""Use case: say why a file is taken for what it is, and what follows from it. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ifmosfs.app.context import App
from ifmosfs.app.mounting import OPEN_STATES
from ifmosfs.app.subjects import Subject, subject_of
from ifmosfs.app.trees import lazy_tree
from ifmosfs.core.files import Place
from ifmosfs.core.lessons import Lesson
from ifmosfs.core.names import is_within, join, split, split_extension
from ifmosfs.core.plan import PlanState
from ifmosfs.core.proposal import Explanation
from ifmosfs.platform import host


@dataclass(frozen=True, slots=True)
class Fate:
    """What an open plan does with a file: `goes_to` is absolute, and `None` where it stays; `shown_at` is its path in the view.
    `by_person`: who looked at the plan has moved it there."""

    plan_id: str
    state: PlanState
    shown_at: bytes
    goes_to: bytes | None
    by_person: bool


@dataclass(frozen=True, slots=True)
class Why:
    """All there is to say of a file. `would_go`: the folder that the layout has for its category, where it would move at all;
    `lesson`: what a person has said of it, or of one like it."""

    subject: Subject
    explanation: Explanation
    threshold: float
    would_go: bytes | None
    fates: tuple[Fate, ...]
    lesson: Lesson | None

    @property
    def is_sure(self) -> bool:
        """Whether it would be moved."""
        proposal = self.explanation.proposal
        return proposal.label is not None and proposal.score >= self.threshold


def explain(app: App, path: bytes) -> Why:
    """Why a file is what it is. Raises `NotFound`, `UsageProblem` for a folder."""
    subject = subject_of(app, path)
    explanation = app.classifier.explain(subject.file)
    proposal = explanation.proposal
    lesson = None if proposal.lesson is None else app.catalogue.lesson(proposal.lesson)
    threshold, fates = app.thresholds.of(proposal.label), tuple(_fates(app, subject))
    if fates:
        threshold = app.catalogue.load_plan_head(fates[-1].plan_id).policy.threshold_of(proposal.label)
    would_go = None
    if proposal.label is not None and proposal.score >= threshold:
        dated = proposal.document_date or host.local_date(subject.file.fingerprint.mtime_ns)
        would_go = app.layout.folder(proposal.label, dated, split_extension(split(subject.file.path)[1])[1])
    return Why(subject, explanation, threshold, would_go, fates, lesson)


def _fates(app: App, subject: Subject) -> Iterator[Fate]:
    absolute = subject.file.place.absolute
    for info in app.catalogue.plans():
        if info.state not in OPEN_STATES:
            continue
        roots = [root.path for root in app.catalogue.load_plan_head(info.plan_id).roots]
        places = [Place(root, os.path.relpath(absolute, root)) for root in roots if is_within(absolute, root)]
        actions = app.catalogue.actions_at(info.plan_id, places)
        if not actions:
            continue
        tree = lazy_tree(app, info.plan_id)
        action = actions[-1]
        if not tree.has_file(action.action_id):
            continue
        node = tree.file(action.action_id)
        shown_at = tree.path_of(node)
        goes_to = None if tree.in_review(node) else join(info.target, shown_at)
        by_person = node.category is not None or not tree.is_where_put(node)
        yield Fate(info.plan_id, info.state, shown_at, goes_to, by_person)
