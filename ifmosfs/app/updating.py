"""Use case: refit the model in use by what people have taught, show what that would change, and only then put it into use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ifmosfs.app.context import App
from ifmosfs.app.models import SHIPPED
from ifmosfs.app.training import made_now
from ifmosfs.core.errors import IfmosfsError, NotFound, WrongState
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.evidence import OUTSIDE
from ifmosfs.ml.features import VERSION as FEATURES
from ifmosfs.ml.features import Features
from ifmosfs.ml.model import LINEAR

if TYPE_CHECKING:
    from ifmosfs.ml.model_files import StoredModel
    from ifmosfs.ml.refitting import Refit

MOST_COMPARED: Final = 2_000  # files whose labels are compared before and after


class ModelWorse(IfmosfsError):
    """A refitted model judges what it knew before worse than it may."""

    code = "model-worse"


@dataclass(frozen=True, slots=True)
class Change:
    """A file that the new model would label otherwise."""

    place: Place
    before: Proposal
    after: Proposal


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """A refitted model that is not in use yet: from how many lessons, how it does on the guard's rows before and after, and what it
    would change among the `n_compared` files that were looked at. `n_foreign`: lessons of another version's features, which cannot be
    learned from."""

    files: Mapping[str, bytes]
    model_id: str
    parent: str
    n_lessons: int
    n_foreign: int
    before: float
    after: float
    changes: tuple[Change, ...]
    n_compared: int


def refitted(app: App, most_compared: int = MOST_COMPARED) -> UpdateReport:
    """The model in use after all lessons; nothing is kept yet. It starts from the model that was trained, whatever was refitted since,
    so lessons taken back leave no trace.

    Raises: WrongState where no model is in use, or nothing was taught; ModelWorse where the guard refuses it.
    """
    from ifmosfs.ml.model_files import unpack_model
    from ifmosfs.ml.refitting import refit

    base = _base(app)
    rows, n_foreign = _lessons(app)
    if not rows:
        raise WrongState("there is nothing to learn from yet", hint="say what files are: ifmosfs teach FILE… CATEGORY")
    done = refit(base.model, base.guard, rows)
    if done.is_worse:
        raise ModelWorse(
            f"the refitted model is refused: of what it knew it judges {done.after:.1%} rightly, and {done.before:.1%} before",
            hint="look for lessons that contradict each other (ifmosfs why FILE), and take them back: ifmosfs teach --forget FILE",
        )
    files = _packed(base, done, len(rows))
    new = unpack_model(files, b"")
    changes, n_compared = _compared(app, new, most_compared)
    return UpdateReport(
        files, new.model_id, base.model_id, len(rows), n_foreign, done.before, done.after, changes, n_compared
    )


def keep_and_use(app: App, report: UpdateReport) -> None:
    """Keep the refitted model and put it into use. Raises: as `Models.save` does."""
    app.models.save(report.files)
    app.models.use(report.model_id)


def _base(app: App) -> StoredModel:
    """The model that was trained, from which the one in use comes."""
    current = app.model
    if current is None:
        raise WrongState("no model is in use that could be refitted", hint="first: ifmosfs model use shipped")
    if current.meta.kind != LINEAR:
        raise WrongState(
            f"the model in use is of kind {current.meta.kind}, and only linear ones are refitted; lessons hold all the same",
            hint="use a linear one: ifmosfs model use shipped",
        )
    if current.meta.parent is None:
        return current
    for name in (current.meta.parent, SHIPPED):
        try:
            base = app.models.load(name)
        except NotFound:
            continue
        if base is not None and base.meta.parent is None:
            return base
    return current


def _lessons(app: App) -> tuple[list[tuple[Features, str]], int]:
    """What was said of files, with their features; and how many lessons have features of another version."""
    rows, n_foreign = [], 0
    for said in app.catalogue.effective_lessons(with_features=True).values():
        lesson = said.lesson
        if lesson is None or lesson.features is None:
            continue
        if lesson.features.version != FEATURES:
            n_foreign += 1
            continue
        features = Features(lesson.features.columns, lesson.features.values)
        rows.append((features, OUTSIDE if lesson.category is None else lesson.category))
    return rows, n_foreign


def _packed(base: StoredModel, done: Refit, n_lessons: int) -> dict[str, bytes]:
    from ifmosfs.ml.model_files import pack_model

    facts = {
        "kind": base.meta.kind,
        **made_now(),
        "seed": base.meta.seed,
        "data": dict(base.meta.data),
        "figures": {"guard_before": round(done.before, 4), "guard_after": round(done.after, 4)},
        "parent": base.model_id,
        "n_lessons": n_lessons,
    }
    return pack_model(done.model, base.guard, facts)


def _compared(app: App, new: StoredModel, most: int) -> tuple[tuple[Change, ...], int]:
    """What the new model would label otherwise among the last session's files, the least sure ones first."""
    from ifmosfs.ml.learned import LearnedClassifier

    current = app.model
    files = list(_least_sure(app, most))
    if current is None or not files:
        return (), 0
    rules = app.new_rules()
    old, changed = (LearnedClassifier(rules, each.model, each.model_id) for each in (current, new))
    found = []
    with closing(rules), closing(rules.evidence_all(files, with_texts=True)) as seen:
        for n_done, evidence in enumerate(seen, 1):
            app.progress("Comparing", n_done, len(files))
            before, after = old.judge(evidence), changed.judge(evidence)
            if before.label != after.label:
                found.append(Change(evidence.file.place, before, after))
    app.idle()
    return tuple(found), len(files)


def _least_sure(app: App, most: int) -> Iterator[ScannedFile]:
    try:
        session = app.catalogue.find_session(None)
    except NotFound:
        return
    pairs = [
        (proposal.score if proposal else 0.0, file)
        for file, proposal in app.catalogue.classified(session.session_id)
        if file.kind is Kind.FILE
    ]
    pairs.sort(key=lambda pair: (pair[0], pair[1].path))
    yield from (file for _, file in pairs[:most])
