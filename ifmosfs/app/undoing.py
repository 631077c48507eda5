"""Use cases: move files back, those of a plan or some that were chosen (`app.choosing`), and prove that the disk is what the plan
says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from ifmosfs.app.checks import permissions, refuse_read_only
from ifmosfs.app.collector import without_collector
from ifmosfs.app.committing import Stop, new_run, plan_history, take_folders_back
from ifmosfs.app.context import App
from ifmosfs.app.held_contents import Copied, clear_copies, make_copies, offers_of
from ifmosfs.app.lost_journals import is_lost, lost_journal
from ifmosfs.app.rollback_log import NOTHING_REDONE, log_report
from ifmosfs.app.staging import load_tree_to_check
from ifmosfs.core.errors import DiskFull, PlanOutdated, TargetProblem, WrongState
from ifmosfs.core.execute import execute, n_files_of
from ifmosfs.core.files import Place
from ifmosfs.core.followed import Followed, follow
from ifmosfs.core.held import as_if_moved
from ifmosfs.core.history import (
    MOVING,
    Key,
    RunHistory,
    actions_below,
    emptied,
    held_actions,
    holds_anything,
    standing,
    taken_back,
)
from ifmosfs.core.journal import Journal, OpState, Run, RunKind, RunState
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.names import CONTROL_NAME, join
from ifmosfs.core.plan import Action, PlanEvent, PlanState
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.preflight import setting_of
from ifmosfs.core.rehearsal import RehearsalDisk, RememberingJournal
from ifmosfs.core.renumbered import retold
from ifmosfs.core.reports import REMEDIES, Problem, RunReport, StopCause, VerifyReport, problem
from ifmosfs.core.rollback import EMPTIED, OTHER_DISK, RollbackOrder, absent_disks, other_disk, plan_rollback
from ifmosfs.core.room import Lacking, lacking_room
from ifmosfs.core.selection import Added
from ifmosfs.core.verify import verify
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.store.journal import SqliteJournal

UNDOABLE = (PlanState.COMMITTED, PlanState.COMMITTING)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of one plan is to be undone: what its commits did, or the runs `undo`; all of it, or the moves `only`, among which are
    those that were `added` because they depend on the others. `words` are for the log, `keep_both` is what is done where an old
    place is occupied. `is_forth`: an undo is undone, so files go to where the plan wants them."""

    info: PlanInfo
    undo: frozenset[str] | None = None
    only: frozenset[Key] | None = None
    added: tuple[Added, ...] = ()
    words: str = "plan"
    keep_both: bool = True
    is_forth: bool = False


@dataclass(frozen=True, slots=True)
class PreparedRollback:
    """A rollback that could begin. `known`: the plan's runs before it, of which none will change; `lacking`: for what of it
    there is no room, because it must be copied."""

    chosen: Chosen
    planned: RollbackOrder
    known: Sequence[RunHistory] = field(repr=False)
    lacking: Lacking

    @property
    def info(self) -> PlanInfo:
        """The plan that it is about."""
        return self.chosen.info


@without_collector()
def prepare_rollback(app: App, journal: Journal, chosen: Chosen, disk: DiskReader | None = None) -> PreparedRollback:
    """What a rollback would do, on another `disk` than the real one where given; where a rollback was interrupted, what is left
    of it. Changes nothing.

    Raises: WrongState where there is nothing to move back; PlanOutdated where another disk is mounted than the plan was
    committed to; TargetProblem where one is read-only; DatabaseDamaged where the journal is lost.
    """
    info, reader = chosen.info, disk or app.disk
    known = known_history(app, journal, info)
    followed = history_of_today(journal, known, reader)
    history = followed.history
    if chosen.undo is None and not holds_anything(history) and info.state not in UNDOABLE:
        raise _nothing_left(info, history)
    app.progress("Checking", 0, None)
    setting = setting_of(app.catalogue.load_plan_head(info.plan_id))
    absent = absent_disks(standing(history), setting, app.disk)
    if info.target in absent:
        raise other_disk(info.target)
    run = new_run(RunKind.ROLLBACK, info.plan_id, info.target, chosen.words)
    with reader.looking():
        planned = plan_rollback(
            run,
            history,
            reader,
            undo=chosen.undo,
            only=chosen.only,
            absent=absent,
            foreign=followed.foreign,
            back=followed.back,
            beside=_mark(run.started_ns) if chosen.keep_both else None,
            search=(info.target, *(root.path for root in setting.roots)),
            offers=offers_of(app, history, run.run_id),
        )
        lacking = lacking_room(planned.order, planned.copies, reader, info.target)
    if not planned.order.steps and planned.problems and {each.code for each in planned.problems} == {OTHER_DISK}:
        raise other_disk(min(absent))
    refuse_read_only(app, (place.root for step in planned.order.steps for place in (step.source, step.target)))
    return PreparedRollback(chosen, _with_counts(app, _with_dates(planned, history)), known, _to_go_on(lacking))


def _to_go_on(lacking: Lacking) -> Lacking:
    """The same with what can be done so that the rollback, which can have no other target, begins after all."""
    hint = REMEDIES["disk-full"]
    return lacking._replace(problems=tuple(replace(each, remedy=hint) for each in lacking.problems))


def refuse_without_room(prepared: PreparedRollback) -> None:
    """Raise `DiskFull` for a rollback that would stop before its end for want of room, as `refuse_hopeless` does for a commit."""
    for each in prepared.lacking.problems:
        raise DiskFull(each.words, path=each.path, hint=each.remedy)


def _nothing_left(info: PlanInfo, history: Sequence[RunHistory]) -> WrongState:
    what = f"nothing of plan {info.plan_id} is to be moved back"
    if info.state is PlanState.ROLLED_BACK and any(each.operation.inverse_of for each in standing(history)):
        return WrongState(what, hint=f"undo its rollback: ifmosfs rollback execute {info.plan_id} --redo")
    return WrongState(what, hint="ifmosfs rollback list shows what can be undone")


def _mark(at_ns: int) -> bytes:
    """What is put into the name of a file whose old place is occupied."""
    return time.strftime("rolled back %Y-%m-%d %H%M", time.localtime(at_ns // 1_000_000_000)).encode()


def _with_dates(planned: RollbackOrder, history: Sequence[RunHistory]) -> RollbackOrder:
    """When each file was removed from the vault that does not come back for it."""
    if all(each.code != EMPTIED for each in planned.problems):
        return planned
    dates = {each.moved.operation.source: _date(each.at_ns) for each in emptied(history)}
    by_path = {place.absolute: date for place, date in dates.items() if place is not None}
    problems = (
        replace(each, words=f"{each.words} ({by_path[each.path]})") if each.code == EMPTIED else each
        for each in planned.problems
    )
    return replace(planned, problems=tuple(problems))


def _date(at_ns: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_ns // 1_000_000_000))


def _with_counts(app: App, planned: RollbackOrder) -> RollbackOrder:
    """How many files of the plan each folder holds that is carried back, for the report."""
    folders = [step for step in planned.order.steps if step.is_folder]
    if not folders:
        return planned
    actions = app.catalogue.load_plan(planned.order.run.plan_id).actions
    carried = {step.source: sum(1 for _ in actions_below([step.target], actions)) for step in folders}
    return replace(planned, order=replace(planned.order, carried=carried))


def known_history(app: App, journal: Journal, info: PlanInfo) -> list[RunHistory]:
    """All runs of a plan with their operations, oldest first. Raises: DatabaseDamaged if there must be some and are not."""
    if is_lost(app, journal, info):
        raise lost_journal(app, info)
    return plan_history(journal, info.plan_id)


def followed_history(journal: Journal, history: Sequence[RunHistory]) -> Followed:
    """A plan's runs, read with what later runs of other plans did to its files."""
    since = min((each.run.started_ns for each in history), default=0)
    own = {each.run.run_id for each in history}
    later = [run for run in journal.runs() if run.run_id not in own and run.started_ns >= since]
    return follow(history, [RunHistory(run, tuple(journal.recorded(run.run_id, [OpState.DONE]))) for run in later])


def history_of_today(journal: Journal, history: Sequence[RunHistory], disk: DiskReader) -> Followed:
    """As `followed_history`, to be compared with the disk: with the numbers that files and folders have there now."""
    followed = followed_history(journal, history)
    with disk.looking():
        return replace(followed, history=tuple(retold(followed.history, disk)))


def absent_roots(app: App, info: PlanInfo, history: Sequence[RunHistory]) -> frozenset[bytes]:
    """The target and the scanned folders of a plan whose own disk is not there."""
    return absent_disks(standing(history), setting_of(app.catalogue.load_plan_head(info.plan_id)), app.disk)


class Rehearsal:
    """Rollbacks on a disk and a journal that keep everything in memory, each on what those before it would have left."""

    def __init__(self, app: App, journal: Journal) -> None:
        self._app = app
        self.disk = RehearsalDisk(app.disk, permissions(app))
        self.journal = RememberingJournal(journal)

    def run(self, prepared: PreparedRollback) -> RunReport:
        """The report of the rollback as `run_rollback` would give it; without room for it nothing is done."""
        if prepared.lacking.problems:
            return _with_refused(_not_begun(prepared), prepared)
        prepared = _with_room(prepared)
        if not prepared.chosen.is_forth:
            _withdraw_sidecars(self.disk, self.journal.runs(prepared.info.plan_id))
        add_copies(self.disk, prepared)
        report = execute(prepared.planned.order, self.disk, self.journal, now_ns=host.now_ns)
        return _with_refused(report, prepared)

    def prepare(self, chosen: Chosen) -> PreparedRollback:
        """A rollback that could begin when those that were rehearsed are done."""
        return prepare_rollback(self._app, self.journal, chosen, self.disk)


@without_collector()
def run_rollback(app: App, journal: SqliteJournal, prepared: PreparedRollback, stop: Stop) -> RunReport:
    """Move the files back. The plan is ROLLED_BACK when nothing of it is left at its target, and COMMITTED again where its
    rollback is undone and that has moved anything. Raises `DiskFailed`."""
    plan_id, state = prepared.info.plan_id, prepared.info.state
    if (
        not prepared.chosen.is_forth
    ):  # their folder may go with the target; but what goes forth again may go into it, to the vault
        journal.withdraw_sidecars(plan_id)
    if state is PlanState.ROLLED_BACK and prepared.chosen.is_forth:
        state = app.catalogue.advance(
            plan_id, PlanEvent.ROLL_FORTH
        )  # before the first move: recovery tells what is true
    prepared = _with_copies(app, prepared)
    report = execute(
        prepared.planned.order,
        app.disk,
        journal,
        now_ns=host.now_ns,
        stop=stop,
        progress=lambda n_done, n_total: app.progress("Moving back", n_done, n_total),
    )
    clear_copies(prepared.planned.copies)
    report = _with_refused(report, prepared)
    has_begun_forth = state is not prepared.info.state
    leaves_nothing = not _leaves_anything(journal, prepared, report)
    is_back = leaves_nothing and (report.state is RunState.COMPLETE or has_begun_forth)
    has_redone_nothing = is_back and has_begun_forth
    if has_redone_nothing:
        log_report(app, plan_id, prepared.chosen.words, report)
        report = take_folders_back(app, journal, prepared.info, report, NOTHING_REDONE)
    trouble = _place_sidecars(journal, plan_id, is_back=is_back)
    if is_back and state in UNDOABLE:
        app.catalogue.advance(plan_id, PlanEvent.ROLL_BACK)
    if not has_redone_nothing:  # last: recovery does what is left of a run without its line in the log
        log_report(app, plan_id, prepared.chosen.words, report)
    app.record_versions(journal)
    return report if trouble is None else replace(report, problems=(*report.problems, trouble))


def _place_sidecars(journal: SqliteJournal, plan_id: str, *, is_back: bool) -> Problem | None:
    """Have the journal's plain copies lie where they belong after a rollback. All is done and recorded by then, so that a full disk
    is told and undoes nothing: they are whole where they are."""
    try:
        if is_back:
            journal.withdraw_sidecars(plan_id)  # once more: the vault, which was in their folder, is gone now
        else:
            journal.return_sidecars(plan_id)
    except DiskFull as error:
        return problem("journal-stays", error.path or b"")
    return None


def _not_begun(prepared: PreparedRollback) -> RunReport:
    """The report of a run that `refuse_without_room` does not let begin."""
    order, full = prepared.planned.order, StopCause.DISK_FULL
    return RunReport(order.run.run_id, order.run.kind, RunState.STOPPED, 0, 0, 0, n_files_of(order), 0, 0, (), (), full)


def _with_room(prepared: PreparedRollback) -> PreparedRollback:
    """The same rollback without the copies of held contents for which there is no room."""
    if not prepared.lacking.copies:
        return prepared
    places = {step.source: step.target.absolute for step in prepared.planned.order.steps}
    return _as_copied(prepared, Copied(refused={each: _no_room_at(places[each]) for each in prepared.lacking.copies}))


def _no_room_at(path: bytes) -> Problem:
    """What is said of a file that would come back from a held content if there were room for the copy."""
    words = "not enough space for a copy of the content that is held"
    return replace(problem("no-space", path, words=words), remedy=REMEDIES["disk-full"])


def add_copies(disk: RehearsalDisk, prepared: PreparedRollback) -> None:
    """Put the copies of held contents that a rollback moves to their names on a rehearsed disk."""
    for offer in prepared.planned.copies:
        disk.add_copy(offer.copy, offer.attr, offer.held)


def _with_copies(app: App, prepared: PreparedRollback) -> PreparedRollback:
    """The same rollback, with those of its copies of held contents that can be made: the others are among its problems."""
    if not prepared.planned.copies:
        return prepared
    return _as_copied(prepared, make_copies(app, prepared.planned.copies))


def _as_copied(prepared: PreparedRollback, copied: Copied) -> PreparedRollback:
    """The same rollback without the steps whose copies were refused."""
    planned = prepared.planned
    steps = tuple(
        replace(step, expected=copied.made[step.source].fingerprint) if step.source in copied.made else step
        for step in planned.order.steps
        if step.source not in copied.refused
    )
    lacking = [
        replace(copied.lacking[step.source], path=step.target.absolute)
        for step in steps
        if step.source in copied.lacking
    ]
    planned = replace(
        planned,
        order=replace(planned.order, steps=steps),
        problems=(*planned.problems, *copied.refused.values(), *lacking),
        n_kept=planned.n_kept + len(copied.refused),
        is_whole=planned.is_whole and not copied.refused,
    )
    return replace(prepared, planned=planned)


def _leaves_anything(journal: Journal, prepared: PreparedRollback, report: RunReport) -> bool:
    """Whether anything of the plan is where a commit put it. The journal need not be asked where the run was to take all of it
    back, and has met nothing at all."""
    is_undisturbed = not (report.problems or report.n_conflicts or report.n_failed or report.n_skipped)
    if prepared.planned.is_whole and is_undisturbed:
        return False
    return _holds_anything(journal, prepared.info.plan_id, prepared.known)


def _holds_anything(journal: Journal, plan_id: str, known: Sequence[RunHistory] = ()) -> bool:
    """Whether anything of the plan is where a commit put it. Operations of runs that are `known` are not read again."""
    before = {each.run.run_id: each.recorded for each in known}
    history = [
        RunHistory(run, before.get(run.run_id) or tuple(journal.recorded(run.run_id))) for run in journal.runs(plan_id)
    ]
    return holds_anything(followed_history(journal, as_if_moved(history)).history)


def settle_rolled_back(app: App, journal: SqliteJournal, info: PlanInfo) -> bool:
    """Call a plan ROLLED_BACK if an interrupted rollback has left nothing to be done; whether it was so."""
    try:
        prepared = prepare_rollback(app, journal, Chosen(info))
    except (PlanOutdated, TargetProblem, WrongState):  # its disk is not there: whoever asks for the rollback is told
        return False
    return prepared.planned.is_empty and settle_ended(app, journal, info)


def settle_ended(app: App, journal: SqliteJournal, info: PlanInfo) -> bool:
    """Call a plan ROLLED_BACK if a rollback that came to its end has left nothing of it at its target; whether it was so."""
    if _holds_anything(journal, info.plan_id):
        return False
    with suppress(DiskFull):  # then they stay where they are, whole
        journal.withdraw_sidecars(info.plan_id)
    app.catalogue.advance(info.plan_id, PlanEvent.ROLL_BACK)
    return True


@without_collector()
def verify_plan(app: App, journal: Journal, info: PlanInfo) -> VerifyReport:
    """How the disk compares with what was done for a plan.

    Raises: WrongState for a plan that was never committed; PlanOutdated where another disk is mounted; DatabaseDamaged.
    """
    followed = history_of_today(journal, known_history(app, journal, info), app.disk)
    history = followed.history
    if not history:
        hint = f"ifmosfs stage validate {info.plan_id} checks a plan before its commit"
        raise WrongState(f"plan {info.plan_id} was never committed", hint=hint)
    absent = absent_roots(app, info, history)
    for each in standing(history):
        if each.operation.kind in MOVING and each.operation.target and each.operation.target.root in absent:
            raise other_disk(each.operation.target.root)
    with app.disk.looking():
        report = verify(
            history,
            app.disk,
            actions=app.catalogue.load_plan(info.plan_id).actions,
            digests={},  # none from elsewhere: copies are compared with what their run has hashed
            progress=lambda n_done, n_total: app.progress("Verifying", n_done, n_total),
        )
    return replace(report, extra=tuple(each for each in report.extra if each.path not in followed.foreign))


class NotMoved(NamedTuple):
    """The files of a plan's layout that no commit has brought to their place, because they were in conflict or refused; `n_outdated`
    of them are gone, or changed since the plan was made, so that no commit of it will."""

    n_files: int
    n_outdated: int


def not_moved(app: App, journal: Journal, info: PlanInfo) -> NotMoved:
    """What of the plan has never been moved; not what a rollback has moved back."""
    tree, history = load_tree_to_check(app, info.plan_id), known_history(app, journal, info)
    actions = tree.plan.actions
    over = held_actions(history, actions) | taken_back(history, actions)
    left = [move.action for move in tree.moves() if move.action.action_id not in over]
    with app.disk.looking():
        return NotMoved(len(left), sum(not _is_as_planned(app, each) for each in left))


def _is_as_planned(app: App, action: Action) -> bool:
    try:
        return app.disk.lstat(action.source_place).fingerprint.same_file(action.expected)
    except OSError:
        return False


def _withdraw_sidecars(disk: RehearsalDisk, runs: Sequence[Run]) -> None:
    """What `SqliteJournal.withdraw_sidecars` does to the real disk."""
    from ifmosfs.store.sidecar import sidecar_name

    for run in runs:
        folder = Place(run.target, CONTROL_NAME)
        sidecar = Place(run.target, join(CONTROL_NAME, sidecar_name(run.run_id)))
        with suppress(FileNotFoundError, NotADirectoryError):
            disk.unlink_checked(sidecar, disk.lstat(sidecar).fingerprint)
            if not disk.list_folder(folder):
                disk.remove_folder(folder)


def _with_refused(report: RunReport, prepared: PreparedRollback) -> RunReport:
    """Files that planning already found impossible to move back count as conflicts."""
    planned = prepared.planned
    n_conflicts = report.n_conflicts + planned.n_kept
    return replace(report, n_conflicts=n_conflicts, problems=(*planned.problems, *report.problems))
