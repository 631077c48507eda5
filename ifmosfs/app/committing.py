"""Use case: carry a plan out. Prepared first, so that a person can look before anything moves."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from ifmosfs.app.checks import credentials, permissions, refuse_moved_places
from ifmosfs.app.collector import without_collector
from ifmosfs.app.context import App
from ifmosfs.app.lost_journals import is_lost, lost_journal
from ifmosfs.app.rollback_log import NOTHING_COMMITTED, log_report
from ifmosfs.app.staging import load_tree_to_commit, nearest_folder, refuse_over
from ifmosfs.app.work_order import commit_order
from ifmosfs.core.errors import ConflictsOpen, DiskFull, IfmosfsError, PlanOutdated, TargetProblem
from ifmosfs.core.execute import StopRequest, WorkOrder, execute
from ifmosfs.core.files import Place
from ifmosfs.core.held import as_if_moved
from ifmosfs.core.history import RunHistory, actions_below, read_held
from ifmosfs.core.journal import Journal, Run, RunKind, RunState
from ifmosfs.core.manifest import Correction, PlanInfo, Protection, SnapshotEntry, SnapshotHead
from ifmosfs.core.names import CONTROL_NAME
from ifmosfs.core.ordering import is_third_name
from ifmosfs.core.plan import ActionKind, ConflictStrategy, KeepReason, Plan, PlanEvent, PlanState
from ifmosfs.core.preflight import Watch, preflight, refusals, setting_of, shuts_target, unwatched
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from ifmosfs.core.reports import WORDS, PreflightReport, Problem, RunReport, problem
from ifmosfs.core.rollback import plan_rollback
from ifmosfs.core.steps import PlannedSteps, Step, action_ids
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.unedited import AnyTree
from ifmosfs.platform import host
from ifmosfs.platform.reserve import make_reserve
from ifmosfs.platform.writers import open_for_writing

if TYPE_CHECKING:
    from ifmosfs.store.journal import SqliteJournal
    from ifmosfs.store.records import PlanHead

FULL = frozenset({"no-space", "no-inodes"})
NAMES_TAKEN = frozenset({"name-taken", "conflict-open", "winner-stayed"})
Stop = Callable[[], StopRequest | None]


@dataclass(frozen=True, slots=True)
class PreparedCommit:
    """A commit that could begin: what it would do, and what stands against it. `n_before` files an earlier, interrupted
    run of the plan has moved already, and put `n_vaulted_before` into the vault; the files of projects that would be scattered
    stay, each with its problem among `scattered`, and those whose conflict nobody has answered, among `open_conflicts`."""

    info: PlanInfo
    tree: AnyTree
    order: WorkOrder
    checked: PreflightReport
    n_before: int
    n_vaulted_before: int = 0
    scattered: tuple[Problem, ...] = ()
    open_conflicts: tuple[Problem, ...] = ()


@without_collector()
def prepare_commit(
    app: App, journal: Journal, info: PlanInfo, tree: PlanTree | None = None, watch: Watch = unwatched
) -> PreparedCommit:
    """The work order of what is left of a plan, and its preflight, at which `watch` looks along. Changes nothing.

    `tree`: what to take for the plan and its edits, instead of those that are stored.
    A committed plan is taken up again while some of its files stayed behind. Raises `WrongState` for one that is over,
    `PlanOutdated` where its target or a scanned folder has become a symlink, or lies behind one, or the target is a file;
    `DatabaseDamaged` where the journal is lost, so that nobody knows what has been moved.
    """
    if is_lost(app, journal, info):
        raise lost_journal(app, info)
    wanted = tree or load_tree_to_commit(app, info.plan_id)
    before = read_held(journal, info.plan_id, wanted.plan.actions)
    done = before.actions
    if info.state is not PlanState.COMMITTED or not _is_left(wanted, done):
        refuse_over(info)
    refuse_moved_places(wanted.plan)
    run = new_run(RunKind.COMMIT, info.plan_id, wanted.plan.target)
    order, scattered = commit_order(app, wanted, before, run)
    app.progress("Checking", 0, None)
    with app.disk.looking():
        checked = preflight(order, setting_of(wanted.plan), app.disk, credentials(), watch)
    still_open = tuple(_open_conflicts(wanted))
    checked = replace(checked, problems=(*scattered, *checked.problems, *still_open))
    n_vaulted = sum(action.action_id in done for action in wanted.vaulted())
    return PreparedCommit(info, wanted, order, checked, len(done) - n_vaulted, n_vaulted, scattered, still_open)


def _open_conflicts(tree: AnyTree) -> Iterator[Problem]:
    """A problem for each file that stays because two want its name and nobody has said which of them gets it.

    A strategy of the plan that lets such a file stay has said it.
    """
    policy = tree.plan.policy
    for action, reason in tree.kept():
        if reason is KeepReason.CONFLICT and policy.strategy_for(action.category) is not ConflictStrategy.SKIP:
            words = f"{WORDS['conflict-open']}: {action.reason}"
            yield problem("conflict-open", action.source_place.absolute, words=words)


def _is_left(tree: AnyTree, done: Collection[int]) -> bool:
    """Whether anything of the layout, or for the vault, is not done yet."""
    wanted = chain((move.action for move in tree.moves()), tree.vaulted())
    return any(action.action_id not in done for action in wanted)


def refuse_hopeless(prepared: PreparedCommit) -> None:
    """Raise `hopeless`, if that is what the commit is."""
    error = hopeless(prepared)
    if error is not None:
        raise error


def hopeless(prepared: PreparedCommit) -> IfmosfsError | None:
    """Why the commit will not even begin, because nothing of the plan could be done as it was shown: `PlanOutdated`,
    `ConflictsOpen` when it is only that every name is taken, `DiskFull` when the target has no room for what must be copied,
    `TargetProblem` when it cannot be written to."""
    whole = refusals(prepared.checked)
    if whole:
        first = whole[0]
        kind = DiskFull if first.code in FULL else PlanOutdated
        return kind(first.words, path=first.path, hint=first.remedy)
    shut = shuts_target(prepared.checked, nearest_folder(prepared.info.target))
    if shut is not None:
        return TargetProblem(shut.words, path=shut.path, hint=shut.remedy)
    troubled = {each.action_id for each in prepared.checked.problems}
    n_steps = 0
    for step in prepared.order.steps:
        if step.is_folder or (step.action_id and step.action_id not in troubled):
            return None
        n_steps += step.action_id != 0
    n_staying = n_steps + len(prepared.open_conflicts)
    if not n_staying or (not n_steps and prepared.n_before + prepared.n_vaulted_before):
        return None  # nothing was to be moved, or all of it has been, and the plan is to be finished
    first = prepared.checked.problems[0]
    what = f"none of the {n_staying:,} files can be moved as planned; the first: {first.words}"
    if all(each.code in NAMES_TAKEN for each in prepared.checked.problems):
        return ConflictsOpen(what, path=first.path, hint=first.remedy)
    return PlanOutdated(what, path=first.path, hint="scan again, then look at the new plan")


@without_collector()
def rehearse_commit(app: App, prepared: PreparedCommit) -> RunReport:
    """The report of the same commit on a disk that keeps everything in memory."""
    disk = RehearsalDisk(app.disk, permissions(app))
    with contextlib.suppress(OSError):  # there already; or no target yet, and then the run itself makes both
        disk.make_folder(Place(prepared.info.target, CONTROL_NAME), 0o700)  # the journal's own, before the run begins
    report = execute(
        prepared.order,
        disk,
        NullJournal(),
        now_ns=host.now_ns,
        progress=lambda n_done, n_total: app.progress("Rehearsing", n_done, n_total),
        busy=open_for_writing,
    )
    report = _with_staying(prepared, report)
    return replace(report, n_folders_made=0, n_folders_removed=0) if _is_untouched(prepared, report) else report


@without_collector()
def run_commit(app: App, journal: SqliteJournal, prepared: PreparedCommit, *, snapshot: bool, stop: Stop) -> RunReport:
    """Carry the order out. The plan is COMMITTED when the run reached its end, staged again, with nothing left behind, when
    nothing was moved, and COMMITTING, to be taken up again or rolled back, in between. Raises `DiskFull`, `DiskFailed`."""
    plan_id = prepared.info.plan_id
    if prepared.info.state is not PlanState.COMMITTED:
        app.catalogue.begin_commit(plan_id, prepared.tree.last_edit)
    journal.accompany(plan_head(prepared.tree.plan))
    make_reserve(app.settings.state_folder)
    order = prepared.order
    if snapshot:
        _take_snapshot(app, prepared)
    try:
        report = execute(
            order,
            app.disk,
            journal,
            now_ns=host.now_ns,
            stop=stop,
            progress=lambda n_done, n_total: app.progress("Moving", n_done, n_total),
            busy=open_for_writing,
        )
    except IfmosfsError:
        _release_unbegun(app, journal, prepared)
        raise
    report = _with_staying(prepared, report)
    if _is_untouched(prepared, report):
        app.catalogue.advance(plan_id, PlanEvent.STOP_UNTOUCHED)
        return _leave_nothing(app, journal, prepared, report)
    _settle(app, prepared, report)
    return report


def plan_head(plan: Plan) -> PlanHead:
    """What the journal beside the data says of a plan."""
    from ifmosfs.store.records import PlanHead

    policy = msgspec.json.encode(plan.policy)
    return PlanHead(plan.plan_id, plan.target, plan.target_filesystem, plan.roots, plan.created_ns, policy)


def _is_untouched(prepared: PreparedCommit, report: RunReport) -> bool:
    """Whether there were files to move and none has been, in this run or in an earlier one."""
    n_touched = prepared.n_before + prepared.n_vaulted_before + report.n_done + report.n_vaulted
    return bool(prepared.order.steps or prepared.scattered) and n_touched == 0


def _with_staying(prepared: PreparedCommit, report: RunReport) -> RunReport:
    """Files that were not even tried, of scattered projects and of open conflicts, count as conflicts."""
    n_staying = len(prepared.scattered) + len(prepared.open_conflicts)
    problems = (*prepared.scattered, *report.problems, *prepared.open_conflicts)
    return replace(report, n_conflicts=report.n_conflicts + n_staying, problems=problems)


def _leave_nothing(app: App, journal: SqliteJournal, prepared: PreparedCommit, report: RunReport) -> RunReport:
    """Undo what a run did that moved no file: its folders go, through the journal, and its own record leaves the target.

    The report counts the folders that had to stay, because somebody has put something into them meanwhile.
    """
    plan_id = prepared.info.plan_id
    journal.withdraw_sidecars(plan_id)
    report = take_folders_back(app, journal, prepared.info, report, NOTHING_COMMITTED)
    journal.withdraw_sidecars(plan_id)  # once more: the vault, which was in their folder, is gone now
    return report


def take_folders_back(app: App, journal: SqliteJournal, info: PlanInfo, report: RunReport, words: str) -> RunReport:
    """Undo, through the journal, what a run did that moved no file; its report, with the folders that had to stay. `words`: what is
    taken back, for the log."""
    undo = new_run(RunKind.ROLLBACK, info.plan_id, info.target, words)
    planned = plan_rollback(undo, plan_history(journal, info.plan_id), app.disk, undo={report.run_id})
    undone = execute(planned.order, app.disk, journal, now_ns=host.now_ns)
    log_report(app, info.plan_id, words, undone)
    n_made, n_removed = (
        report.n_folders_made - undone.n_folders_removed,
        report.n_folders_removed - undone.n_folders_made,
    )
    return replace(report, n_folders_made=n_made, n_folders_removed=n_removed)


def plan_history(journal: Journal, plan_id: str) -> list[RunHistory]:
    """All runs of a plan with their operations, oldest first."""
    return list(as_if_moved([RunHistory(run, tuple(journal.recorded(run.run_id))) for run in journal.runs(plan_id)]))


def new_run(kind: RunKind, plan_id: str, target: bytes, selection: str | None = None) -> Run:
    """A run of this process that begins now; `selection`: what it takes back, in words."""
    run = Run(secrets.token_hex(5), kind, plan_id, target, RunState.RUNNING, host.now_ns(), host.boot_id(), os.getpid())
    return replace(run, message=selection)


def _take_snapshot(app: App, prepared: PreparedCommit) -> None:
    """The manifest of what is about to move, complete or absent. Protects names, not content."""
    app.catalogue.save_snapshot(
        SnapshotHead(
            snapshot_id=secrets.token_hex(5),
            plan_id=prepared.info.plan_id,
            run_id=prepared.order.run.run_id,
            created_ns=host.now_ns(),
            name=f"before commit of plan {prepared.info.plan_id}",
            level=Protection.NAME.value,
        ),
        _entries_of(prepared),
        filesystem=app.filesystem_of,
    )


def _entries_of(prepared: PreparedCommit) -> Iterator[SnapshotEntry]:
    """Every file that is about to move, by its name of now; in a carried folder those that the plan knows."""
    steps: Sequence[Step] = prepared.order.steps
    if isinstance(steps, PlannedSteps):
        for action in steps.alone:
            yield SnapshotEntry(action.root, action.source, action.expected, None)
        steps = steps.others
    for step in steps:
        if not step.is_folder and not is_third_name(step.source):
            yield SnapshotEntry(step.source.root, step.source.path, step.expected, None)
    for action in actions_below(list(prepared.order.carried), prepared.tree.plan.actions):
        yield SnapshotEntry(action.root, action.source, action.expected, None)


def _release_unbegun(app: App, journal: Journal, prepared: PreparedCommit) -> None:
    """A run that could not even be recorded has moved nothing, and recovery will never meet it."""
    begun = {run.run_id for run in journal.runs(prepared.info.plan_id)}
    if prepared.order.run.run_id not in begun and prepared.info.state in {PlanState.STAGED, PlanState.VALIDATED}:
        app.catalogue.advance(prepared.info.plan_id, PlanEvent.STOP_UNTOUCHED)


def _settle(app: App, prepared: PreparedCommit, report: RunReport) -> None:
    """Bring the catalogue in line with what the run did."""
    plan_id = prepared.info.plan_id
    states = dict.fromkeys(action_ids(prepared.order.steps), "done")
    states |= _carried_states(prepared, report)
    states |= {each.action_id: each.code for each in report.problems if each.action_id}
    if report.state is RunState.COMPLETE:
        if prepared.info.state is not PlanState.COMMITTED:
            app.catalogue.advance(plan_id, PlanEvent.FINISH)
        app.catalogue.set_action_states(plan_id, states.items())
    app.catalogue.add_version(plan_id, report.run_id, None, prepared.tree.plan.target, host.now_ns(), report.n_done)
    app.catalogue.save_corrections(plan_id, _corrections(prepared.tree))


def _carried_states(prepared: PreparedCommit, report: RunReport) -> dict[int, str]:
    if not prepared.order.carried:
        return {}
    codes = {each.path: each.code for each in report.problems if not each.action_id}
    carried = {step.source: step.target for step in prepared.order.steps if step.is_folder}
    states = {}
    for source, target in carried.items():
        state = codes.get(source.absolute) or codes.get(target.absolute) or "done"
        for action in actions_below([source], prepared.tree.plan.actions):
            states[action.action_id] = state
    return states


def _corrections(tree: AnyTree) -> list[Correction]:
    """What the person changed about the plan, file by file: what the classifier may learn from."""
    if not tree.last_edit:
        return []
    final = {move.action.action_id: move.target for move in tree.moves()}
    at_ns = host.now_ns()
    found = []
    for action in tree.plan.actions:
        planned = action.target if action.kind is ActionKind.MOVE else None
        became = final.get(action.action_id)
        if became != planned:
            found.append(Correction(action.source_place, action.category, planned, became, at_ns))
    return found
