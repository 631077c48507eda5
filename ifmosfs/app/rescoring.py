"""Use case: judge the files anew that lessons bear on, and have the open plans follow. What is interrupted is done at the next time.

These are the files of the very contents, those whose last word came of such a lesson, and of those that the program is not sure of the
nearest ones: in the same folder, of the same maker, with nearly the same name or looks, found by what is stored of them. Nothing else
is read again.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from ifmosfs.app.context import App
from ifmosfs.app.mounting import OPEN_STATES
from ifmosfs.app.refiling import refile
from ifmosfs.core.edit_log import RETRACING
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.lessons import Lesson, LessonKind
from ifmosfs.core.names import split
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.sketch import CERTAIN, N_BITS, distance, maker_in, name_key
from ifmosfs.ml.taught import FAR, key_of

MOST: Final = 2_000  # files that are judged anew for their likeness, and as many for their size


@dataclass(frozen=True, slots=True)
class Change:
    """A file of which something else is said now."""

    place: Place
    before: Proposal | None
    after: Proposal


@dataclass(frozen=True, slots=True)
class Rescored:
    """What lessons have come to: how many files were judged anew, of which something else is said now, and how many were given another
    place in open plans."""

    n_judged: int = 0
    changes: tuple[Change, ...] = ()
    n_refiled: int = 0


NOTHING_RESCORED: Final = Rescored()


def rescore(app: App, unreadable: Collection[str] = ()) -> Rescored:
    """Judge anew what the lessons bear on that were added since this was last done to its end.

    Not while edits of an open plan are taken back, or made again, of which the lessons do not know yet: files would go where nobody
    wants them any more, and back. Whoever makes lessons of that calls this again. Of the plans in `unreadable` nobody can make any.
    """
    last, after = app.catalogue.last_lesson(), app.catalogue.followed_lesson()
    if last <= after or _is_retraced(app, unreadable):
        return NOTHING_RESCORED
    log = app.catalogue.lessons()
    n_judged, n_refiled = 0, 0
    changes: list[Change] = []
    for session_id, places in _concerned(app, log, [one for one in log if one.number > after]).items():
        judged, changed = _judged_anew(app, session_id, places)
        n_judged += judged
        changes += changed
        if _is_retraced(app, unreadable):  # meanwhile: judging takes its time
            return Rescored(n_judged, tuple(changes), n_refiled)
        n_refiled += refile(app, session_id, places, every=True)
    app.catalogue.note_followed(log[-1].number)
    return Rescored(n_judged, tuple(changes), n_refiled)


def _is_retraced(app: App, unreadable: Collection[str]) -> bool:
    """Whether steps of an open plan were taken back, or made again, since lessons were made of its edits."""
    open_plans = {info.plan_id for info in app.catalogue.plans() if info.state in OPEN_STATES}
    return any(
        edit.kind in RETRACING
        for plan_id in app.catalogue.unlearnt_plans()
        if plan_id in open_plans and plan_id not in unreadable
        for edit in app.catalogue.edit_log(plan_id, app.catalogue.learnt_edit(plan_id))
    )


def _concerned(app: App, log: Sequence[Lesson], lessons: Sequence[Lesson]) -> dict[str, list[Place]]:
    """The files that some lessons of the log bear on, by session."""
    places: dict[str, dict[Place, None]] = defaultdict(dict)
    keys = {one.content_key for one in lessons}
    numbers = {one.number for one in log if one.content_key in keys}  # others may hold now than those that were named
    n_looked = 0
    for one in app.catalogue.touched_by_lessons((lesson.size_bytes for lesson in lessons), numbers):
        if one.lesson not in numbers:
            n_looked += 1
            if n_looked > MOST or not _is_one_of(app, one.place, keys):
                continue
        places[one.session_id][one.place] = None
    reach = _Reach(lessons)
    ranked = ((reach.rank(one.place, one.sketch), one) for one in app.catalogue.questionable(CERTAIN))
    near = ((rank, one.place, one.session_id) for rank, one in ranked if rank is not None)
    for _, place, session_id in heapq.nsmallest(MOST, near):
        places[session_id][place] = None
    return {session_id: list(found) for session_id, found in places.items()}


def _is_one_of(app: App, place: Place, keys: Collection[bytes]) -> bool:
    try:
        attr = app.disk.lstat(place)
        file = ScannedFile(0, place.root, place.path, attr.kind, attr.mode, attr.fingerprint)
        return attr.kind is Kind.FILE and key_of(app.disk, file) in keys
    except OSError:
        return False


class _Reach:
    """How near files are to those of some lessons, by what is stored of them."""

    def __init__(self, lessons: Iterable[Lesson]) -> None:
        told = [one for one in lessons if one.kind is not LessonKind.NOT]
        self._folders = {split(one.place.absolute)[0] for one in told}
        self._sketches = [one.sketch for one in told if one.sketch is not None]
        self._makers = {maker for sketch in self._sketches if (maker := maker_in(sketch)) is not None}
        self._names = {key for one in told if (key := name_key(split(one.place.path)[1])) is not None}

    def rank(self, place: Place, sketch: bytes | None) -> tuple[int, int] | None:
        """Low for near ones; `None` out of reach."""
        apart = min((distance(one, sketch) for one in self._sketches), default=N_BITS) if sketch else N_BITS
        folder, name = split(place.absolute)
        if folder in self._folders:
            return 0, apart
        if sketch is not None and maker_in(sketch) in self._makers:
            return 1, apart
        if name_key(name) in self._names:
            return 2, apart
        return (3, apart) if apart < FAR else None


def _judged_anew(app: App, session_id: str, places: Sequence[Place]) -> tuple[int, list[Change]]:
    pairs = list(_pairs(app, session_id, places))
    changes: list[Change] = []
    fresh: dict[int, Proposal] = {}
    with closing(app.classifier.propose_all([file for file, _ in pairs])) as proposals:
        for n_done, ((file, before), after) in enumerate(zip(pairs, proposals, strict=True)):
            app.progress("Looking at files like these", n_done, len(pairs))
            fresh[file.file_id] = after
            if before is None or (before.label, before.score) != (after.label, after.score):
                changes.append(Change(file.place, before, after))
    app.catalogue.save_proposals(app.classifier.name, fresh.items())
    return len(pairs), changes


def _pairs(app: App, session_id: str, places: Sequence[Place]) -> Iterator[tuple[ScannedFile, Proposal | None]]:
    by_root: dict[bytes, list[bytes]] = defaultdict(list)
    for place in places:
        by_root[place.root].append(place.path)
    for root, paths in by_root.items():
        yield from app.catalogue.classified_at(session_id, root, paths)
