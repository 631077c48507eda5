"""Use cases that only look: what can be undone, file by file, and how much of each plan has been moved back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ifmosfs.app.choosing import candidates_of
from ifmosfs.app.collector import without_collector
from ifmosfs.app.committing import plan_history
from ifmosfs.app.context import App
from ifmosfs.app.held_contents import offers_of
from ifmosfs.app.lost_journals import is_lost
from ifmosfs.app.rollback_log import commands_of
from ifmosfs.app.undoing import UNDOABLE, absent_roots, history_of_today
from ifmosfs.core.elsewhere import find_elsewhere
from ifmosfs.core.files import Attr, Kind, Place
from ifmosfs.core.followed import Followed
from ifmosfs.core.held import Lost, Offer
from ifmosfs.core.history import Key, RunHistory, Standing, emptied, held_actions, standing, taken_back
from ifmosfs.core.journal import Journal, OpKind, Run, RunKind
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.plan import Action
from ifmosfs.core.selection import Candidate


@dataclass(frozen=True, slots=True)
class UndoneSoFar:
    """A plan with its runs, oldest first, and the command of each by its id; `n_held` of its files have not been moved back, `n_back`
    have been moved back since its last commit."""

    info: PlanInfo
    runs: tuple[Run, ...]
    commands: Mapping[str, str]
    n_held: int
    n_back: int


class FoundNow(Enum):
    """What is at the place of a moved file now."""

    THERE = "there"
    EDITED = "edited"  # the same file with other content
    SAVED_ANEW = "saved anew"  # another file under its name
    FOLDER = "a folder now"
    GONE = "gone"
    AWAY = "away"  # its disk is not there, so nobody knows
    RESTORABLE = "restorable"  # gone, but a snapshot holds its content
    EMPTIED = "emptied"  # it was removed from the vault for good
    BACK = "back"  # it has been moved back


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file, or a folder that moved as one, with what is at its place now; `old_is_taken`: something else has its old place."""

    moved: Candidate
    found: FoundNow
    old_is_taken: bool


@dataclass(frozen=True, slots=True)
class MovedFiles:
    """The files that a plan's commits have moved, and the folders whose own disk is not there and in which some of them are."""

    files: tuple[MovedFile, ...]
    away: tuple[bytes, ...]


@without_collector()
def undone_so_far(app: App, journal: Journal, plans: Iterable[PlanInfo]) -> list[UndoneSoFar]:
    """The plans that have had runs, those that were committed last first. Plans whose journal is lost are left out.

    Raises: RecoveryNeeded.
    """
    found = []
    for info in plans:
        runs = tuple(journal.runs(info.plan_id))
        if runs and not is_lost(app, journal, info):
            n_held, n_back = counts(app, info, plan_history(journal, info.plan_id))
            found.append(UndoneSoFar(info, runs, commands_of(app, runs), n_held, n_back))
    return sorted(found, key=lambda each: -max(_commits(each.runs), default=0))


def counts(app: App, info: PlanInfo, history: Sequence[RunHistory]) -> tuple[int, int]:
    """How many files of a plan have not been moved back, and how many have."""
    carries = any(row.operation.kind is OpKind.CARRY for each in history for row in each.recorded)
    actions: Sequence[Action] = app.catalogue.load_plan(info.plan_id).actions if carries else ()
    return len(held_actions(history, actions)), len(taken_back(history, actions))


def rolled_back_in_part(app: App, plans: Iterable[PlanInfo]) -> dict[str, tuple[int, int]]:
    """The `counts` of committed plans of which some files have been moved back. Raises: Locked, RecoveryNeeded."""
    if not app.has_journal:
        return {}
    found = {}
    with app.writing() as journal:
        for info in plans:
            if info.state in UNDOABLE and any(run.kind is RunKind.ROLLBACK for run in journal.runs(info.plan_id)):
                n_held, n_back = counts(app, info, plan_history(journal, info.plan_id))
                if n_back:
                    found[info.plan_id] = n_held, n_back
    return found


def _commits(runs: Sequence[Run]) -> list[int]:
    return [run.started_ns for run in runs if run.kind is RunKind.COMMIT]


@without_collector()
def moved_files(app: App, journal: Journal, info: PlanInfo) -> MovedFiles:
    """Every file that a plan's commits have moved, and what is there now. Raises: DatabaseDamaged, RecoveryNeeded."""
    followed = history_of_today(journal, plan_history(journal, info.plan_id), app.disk)
    found = {each.key: each for each in standing(followed.history)}
    listed = candidates_of(app, journal, info)
    absent = absent_roots(app, info, followed.history)
    app.progress("Looking", 0, len(listed))
    with app.disk.looking():
        removed = {each.moved.key: each.moved for each in emptied(followed.history)}
        files = [_moved_file(app, each, found.get(each.key), removed, absent) for each in listed]
        gone = [
            (removed if each.found is FoundNow.EMPTIED else found)[each.moved.key]
            for each in files
            if _is_nowhere(each)
        ]
        restorable = _restorable(app, info, followed, gone)
    told = tuple(replace(each, found=FoundNow.RESTORABLE) if each.moved.key in restorable else each for each in files)
    away = {each.moved.now.root for each in told if each.found is FoundNow.AWAY}
    return MovedFiles(told, tuple(sorted(away)))


def _restorable(app: App, info: PlanInfo, followed: Followed, gone: Sequence[Standing]) -> frozenset[Key]:
    """Which of the moves whose files are gone a rollback would undo from held contents."""
    lost = [Lost(each, each.key in followed.foreign) for each in gone]
    found = offers_of(app, followed.history, info.plan_id)(lost) if lost else {}
    offers = {key for key, offer in found.items() if isinstance(offer, Offer)}
    if not offers:
        return frozenset()
    folders = (info.target, *(root.path for root in app.catalogue.load_plan_head(info.plan_id).roots))
    elsewhere = find_elsewhere([each for each in gone if each.key in offers], folders, app.disk)
    return frozenset(offers) - frozenset(elsewhere)


def _is_nowhere(each: MovedFile) -> bool:
    return each.found in {FoundNow.GONE, FoundNow.EMPTIED} and not each.moved.is_folder


def _moved_file(
    app: App, each: Candidate, moved: Standing | None, removed: Collection[Key], absent: Collection[bytes]
) -> MovedFile:
    if moved is None:
        return MovedFile(each, FoundNow.EMPTIED if each.key in removed else FoundNow.BACK, old_is_taken=False)
    old_is_taken = each.old.root not in absent and _look(app, each.old) is not None
    found = FoundNow.AWAY if each.now.root in absent else _found(_look(app, each.now), moved)
    return MovedFile(each, found, old_is_taken)


def _found(attr: Attr | None, moved: Standing) -> FoundNow:
    if attr is None:
        return FoundNow.GONE
    is_same = moved.base is not None and attr.fingerprint.same_inode(moved.base)
    if moved.operation.kind is OpKind.CARRY:
        return FoundNow.THERE if is_same and attr.kind is Kind.FOLDER else FoundNow.SAVED_ANEW
    if attr.kind is Kind.FOLDER:
        return FoundNow.FOLDER
    if not is_same:
        return FoundNow.SAVED_ANEW
    return FoundNow.THERE if moved.base is not None and attr.fingerprint.same_file(moved.base) else FoundNow.EDITED


def _look(app: App, place: Place) -> Attr | None:
    """What is at a place; `None` for nothing, and for what cannot be looked at."""
    try:
        return app.disk.lstat(place)
    except OSError:
        return None
