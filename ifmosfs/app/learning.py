"""Use case: make lessons of what people do in mounted views: drags, deletions and written categories that hold.

What the edits in force say (`core.sayings`) is compared with the lessons that were made of the plan's edits before. What is new is
added, what was undone is taken back; so it does not matter who does this, when, or how often. A plan remembers up to which of its
edits that was done.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ifmosfs.app.context import App
from ifmosfs.app.mounting import OPEN_STATES
from ifmosfs.app.rescoring import NOTHING_RESCORED, Rescored, rescore
from ifmosfs.app.sharing import file_state
from ifmosfs.app.trees import fitting, plan_source
from ifmosfs.core.edit_log import RETRACING, effective, last_number
from ifmosfs.core.errors import DatabaseDamaged, IfmosfsError
from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.lessons import EditedFile, Lesson, LessonKind, taking_back
from ifmosfs.core.plan import Edit, EditOrigin
from ifmosfs.core.proposal import Opinion
from ifmosfs.core.refusals import FsError
from ifmosfs.core.renumbered import Numbers
from ifmosfs.core.sayings import Saying, sayings
from ifmosfs.core.tree import PlanTree
from ifmosfs.ml.taught import Description, key_of
from ifmosfs.platform import daemon, host

if TYPE_CHECKING:
    from ifmosfs.store.catalogue import Catalogue

LOG: Final = logging.getLogger("ifmosfs")
TRIES: Final = 5
LOOK_EVERY_S: Final = 0.3
AFTER_TROUBLE_S: Final = 10.0
END_S: Final = 20.0  # a drive may hang; what is left then is learned by the next command
LEARN: Final = (sys.executable, "-m", "ifmosfs", "learn", "--plan")
QUIET_NS: Final = 1_000_000_000  # a gesture of several edits is over


@dataclass(frozen=True, slots=True)
class LearntFromEdits:
    """What a plan's edits have come to: lessons that were added, lessons that were taken back, and what followed."""

    added: tuple[Lesson, ...] = ()
    taken_back: tuple[Lesson, ...] = ()
    rescored: Rescored = NOTHING_RESCORED


NOTHING_LEARNT: Final = LearntFromEdits()


def learn_from_all(app: App) -> None:
    """Make lessons of all that has been edited in plans that are open, and draw the consequences that an interruption has left, so
    that what is done next knows of it."""
    unreadable: set[str] = set()
    open_plans = {info.plan_id for info in app.catalogue.plans() if info.state in OPEN_STATES}
    for plan_id in app.catalogue.unlearnt_plans():
        if plan_id in open_plans:
            try:
                learn_from_edits(app, plan_id, follows=False)
            except DatabaseDamaged as error:  # of this plan alone; the others, and whatever is asked for, go on
                app.notices.append(f"{error.what}: {error.hint}")
                unreadable.add(plan_id)
    rescore(app, unreadable)


def learn_from_edits(app: App, plan_id: str, *, follows: bool = True) -> LearntFromEdits:
    """Make lessons of what has been edited in a plan since this was done last. With `follows`, similar files are judged anew and open
    plans follow at once. Raises `IfmosfsError` where the catalogue cannot be read or written."""
    for _ in range(TRIES):
        after, log = app.catalogue.learnt_edit(plan_id), app.catalogue.edit_log(plan_id)
        last = last_number(log)
        if last <= after:
            return NOTHING_LEARNT
        drafts = _drafts(app, plan_id, log) if _says_something(log, after) else []
        rows = app.catalogue.add_lessons_of_edits(plan_id, drafts, last, after)
        if rows is None:
            continue  # another process did it meanwhile, and there may be more by now
        followed = rescore(app) if follows else NOTHING_RESCORED
        undone = {row.undoes for row in rows}
        known = [one for one in app.catalogue.lessons(plan_id) if one.number in undone] if rows else []
        return LearntFromEdits(tuple(row for row in rows if row.kind is not LessonKind.UNDONE), tuple(known), followed)
    return NOTHING_LEARNT


def _says_something(log: Sequence[Edit], after: int) -> bool:
    return any(edit.seq > after and (edit.kind in RETRACING or edit.origin is not EditOrigin.WATCH) for edit in log)


def _drafts(app: App, plan_id: str, log: Sequence[Edit]) -> list[Lesson]:
    """The lessons that are to be taken back, and those that are to be added."""
    recorded = app.catalogue.lessons(plan_id)
    undone = {one.undoes for one in recorded if one.kind is LessonKind.UNDONE}
    standing = {
        one.edited: one
        for one in recorded
        if one.edited is not None and one.kind is not LessonKind.UNDONE and one.number not in undone
    }
    source = plan_source(app, plan_id, log)
    tree = PlanTree(source.plan, source=source)
    with fitting(plan_id):
        said = sayings(tree, effective(log), app.categories_at(tree.plan.policy))
    wanted = {EditedFile(plan_id, one.edit, one.action.action_id): one for one in said}
    now_ns = host.now_ns()
    gone = [taking_back(one, now_ns) for edited, one in standing.items() if edited not in wanted]
    new = [(edited, saying) for edited, saying in wanted.items() if edited not in standing]
    return [*gone, *_lessons(app, new)]


def _lessons(app: App, new: Sequence[tuple[EditedFile, Saying]]) -> Iterator[Lesson]:
    """A lesson for each file that is what it was when it was planned; of another one nobody has said anything."""
    found = [(edited, saying, file) for edited, saying in new if (file := _file(app, saying)) is not None]
    described = app.classifier.describer.describe([file for _, _, file in found]) if found else iter(())
    for (edited, saying, file), description in zip(found, described, strict=True):
        lesson = _lesson(app, edited, saying, file, description)
        if lesson is not None:
            yield lesson


def _lesson(
    app: App, edited: EditedFile, saying: Saying, file: ScannedFile, description: Description | None
) -> Lesson | None:
    try:
        key = key_of(app.disk, file)
    except OSError:
        return None
    action = saying.action
    lesson = Lesson(
        0,
        saying.kind,
        key,
        file.fingerprint.size_bytes,
        saying.category,
        file.place,
        host.now_ns(),
        saying.origin,
        Opinion(action.category, action.score),
        edited=edited,
    )
    return lesson if description is None else replace(lesson, features=description.row, sketch=description.sketch)


def _file(app: App, saying: Saying) -> ScannedFile | None:
    action = saying.action
    if action.entry_kind is not Kind.FILE or action.expected.size_bytes == 0:
        return None
    try:
        attr = app.disk.lstat(action.source_place)
    except OSError:
        return None
    if not (attr.is_file(action.expected) or Numbers(app.disk).is_file(action.source_place, action.expected, attr)):
        return None
    return ScannedFile(0, action.root, action.source, attr.kind, attr.mode, attr.fingerprint)


@contextmanager
def learning(app: App, plan_id: str) -> Iterator[None]:
    """While this lasts, lessons are made of a mounted plan's edits soon after each gesture is over, and once more at the end.

    By a process of its own: what that loads (a model) and reads (all edits) is gone with it, and nobody who uses the view ever waits.
    At the end it is done here, which is quicker.
    """
    ended = threading.Event()
    learner = _Learner(app, plan_id)
    thread = threading.Thread(target=learner.run, args=(ended,), name="lessons", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(END_S)


class _Learner:
    """Looks at the catalogue's file, and into it when that has changed."""

    def __init__(self, app: App, plan_id: str) -> None:
        self._settings = app.settings
        self._catalogue = app.catalogue
        self._plan_id = plan_id

    def run(self, ended: threading.Event) -> None:
        """Until it has ended."""
        from ifmosfs.store.catalogue import CATALOGUE_NAME

        path = self._settings.state_folder / CATALOGUE_NAME
        seen: tuple[int, int, int] | None = None
        wait_s = LOOK_EVERY_S
        while not ended.wait(wait_s):
            now, wait_s = file_state(path), LOOK_EVERY_S
            if now == seen:
                continue
            try:
                if self._is_due(host.now_ns() - QUIET_NS):
                    self._learn_beside(ended)
                elif self._new_edits() is None:
                    seen = now
            except (IfmosfsError, FsError, OSError) as error:
                LOG.warning("lessons cannot be made of what was edited: %s", error)
                wait_s = AFTER_TROUBLE_S
        with suppress(IfmosfsError, FsError, OSError):  # the next command does it
            self._learn_at_the_end()

    def _new_edits(self) -> int | None:
        """When the last one was made of those that lessons are still to be made of; `None` where there is none."""
        if self._catalogue.find_plan(self._plan_id).state not in OPEN_STATES:
            return None
        return self._catalogue.edited_since(self._plan_id, self._catalogue.learnt_edit(self._plan_id))

    def _is_due(self, before_ns: int) -> bool:
        """Whether there is something to learn and the gesture is over; a command that takes edits back sees to it itself."""
        latest_ns = self._new_edits()
        return latest_ns is not None and latest_ns <= before_ns

    def _learn_beside(self, ended: threading.Event) -> None:
        """Raises `IfmosfsError` where that goes wrong; the log tells why."""
        if _pass_over(self._catalogue, self._plan_id):
            return
        status = daemon.run_beside([*LEARN, self._plan_id], ended)
        if status:
            raise IfmosfsError(f"the process that makes them ended with status {status}")

    def _learn_at_the_end(self) -> None:
        if self._new_edits() is not None:
            with App(self._settings) as app:
                learn_from_edits(app, self._plan_id, follows=False)


def _pass_over(catalogue: Catalogue, plan_id: str) -> bool:
    """Note edits that say nothing as learnt; whether they all did."""
    after = catalogue.learnt_edit(plan_id)
    log = catalogue.edit_log(plan_id, after)
    if _says_something(log, after):
        return False
    return catalogue.add_lessons_of_edits(plan_id, [], last_number(log), after) is not None
