"""Use case: carry a plan out. Prepared first, so that a person can look before anything moves."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from ifmosfs.app.checks import credentials, permissions, refuse_moved_places
from ifmosfs.app.collector import without_collector
from ifmosfs.app.context import App
from ifmosfs.app.staging import load_tree, nearest_folder, refuse_over
from ifmosfs.core.errors import ConflictsOpen, DiskFull, IfmosfsError, PlanOutdated, TargetProblem
from ifmosfs.core.execute import Step, StopRequest, WorkOrder, execute
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.history import RunHistory, held_actions, standing
from ifmosfs.core.journal import Journal, OpKind, Run, RunKind, RunState
from ifmosfs.core.manifest import Correction, PlanInfo, SnapshotEntry, SnapshotInfo
from ifmosfs.core.names import components, join
from ifmosfs.core.plan import ActionKind, Plan, PlanEvent, PlanState
from ifmosfs.core.preflight import Watch, preflight, refusals, setting_of, shuts_target, unwatched
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from ifmosfs.core.reports import PreflightReport, RunReport
from ifmosfs.core.rollback import plan_rollback
from ifmosfs.core.snapshot import NAME_LEVEL, merkle_root
from ifmosfs.core.tree import PlannedMove, PlanTree
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.store.journal import SqliteJournal
    from ifmosfs.store.records import PlanHead

FULL = frozenset({"no-space", "no-inodes"})
Stop = Callable[[], StopRequest | None]


@dataclass(frozen=True, slots=True)
class PreparedCommit:
    """A commit that could begin: what it would do, and what stands against it. `n_before` files an earlier, interrupted
    run of the plan has moved already."""

    info: PlanInfo
    tree: PlanTree
    order: WorkOrder
    checked: PreflightReport
    n_before: int


@without_collector()
def prepare_commit(
    app: App, journal: Journal, info: PlanInfo, tree: PlanTree | None = None, watch: Watch = unwatched
) -> PreparedCommit:
    """The work order of what is left of a plan, and its preflight, at which `watch` looks along. Changes nothing.

    `tree`: what to take for the plan and its edits, instead of those that are stored.
    A committed plan is taken up again while some of its files stayed behind. Raises `WrongState` for one that is over,
    `PlanOutdated` where its target or a scanned folder has become a symlink, or lies behind one, or the target is a file.
    """
    tree = tree or load_tree(app, info.plan_id)
    history = plan_history(journal, info.plan_id)
    done = held_actions(history)
    moves = [move for move in tree.moves() if move.action.action_id not in done]
    if info.state is not PlanState.COMMITTED or not moves:
        refuse_over(info)
    refuse_moved_places(tree.plan)
    order = _work_order(app, tree, moves, history)
    app.progress("Checking", 0, None)
    checked = preflight(order, setting_of(tree.plan), app.disk, credentials(), watch)
    return PreparedCommit(info, tree, order, checked, len(done))


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
    troubled = {problem.action_id for problem in prepared.checked.problems}
    steps = prepared.order.steps
    if not steps or any(step.action_id not in troubled for step in steps):
        return None
    first = prepared.checked.problems[0]
    what = f"none of the {len(steps):,} files can be moved as planned; the first: {first.words}"
    if all(problem.code == "name-taken" for problem in prepared.checked.problems):
        return ConflictsOpen(what, path=first.path, hint=first.remedy)
    return PlanOutdated(what, path=first.path, hint="scan again, then look at the new plan")


@without_collector()
def rehearse_commit(app: App, prepared: PreparedCommit) -> RunReport:
    """The report of the same commit on a disk that keeps everything in memory."""
    report = execute(
        prepared.order,
        RehearsalDisk(app.disk, permissions(app)),
        NullJournal(),
        now_ns=host.now_ns,
        progress=lambda n_done, n_total: app.progress("Rehearsing", n_done, n_total),
    )
    return replace(report, n_folders_made=0) if _is_untouched(prepared, report) else report


@without_collector()
def run_commit(app: App, journal: SqliteJournal, prepared: PreparedCommit, *, snapshot: bool, stop: Stop) -> RunReport:
    """Carry the order out. The plan is COMMITTED when the run reached its end, staged again, with nothing left behind, when
    nothing was moved, and COMMITTING, to be taken up again or rolled back, in between. Raises `DiskFull`, `DiskFailed`."""
    plan_id = prepared.info.plan_id
    if prepared.info.state is not PlanState.COMMITTED:
        app.catalogue.begin_commit(plan_id, prepared.tree.last_edit)
    journal.accompany(_head(prepared.tree.plan))
    order = prepared.order
    snapshot_id = _take_snapshot(app, prepared) if snapshot else None
    try:
        report = execute(
            order,
            app.disk,
            journal,
            now_ns=host.now_ns,
            stop=stop,
            progress=lambda n_done, n_total: app.progress("Moving", n_done, n_total),
        )
    except IfmosfsError:
        _release_unbegun(app, journal, prepared)
        raise
    if _is_untouched(prepared, report):
        app.catalogue.advance(plan_id, PlanEvent.STOP_UNTOUCHED)
        return _leave_nothing(app, journal, prepared, report)
    _settle(app, prepared, report, snapshot_id)
    return report


def _head(plan: Plan) -> PlanHead:
    from ifmosfs.store.records import PlanHead

    policy = msgspec.json.encode(plan.policy)
    return PlanHead(plan.plan_id, plan.target, plan.target_filesystem, plan.roots, plan.created_ns, policy)


def _is_untouched(prepared: PreparedCommit, report: RunReport) -> bool:
    """Whether there were files to move and none has been, in this run or in an earlier one."""
    return bool(prepared.order.steps) and prepared.n_before + report.n_done == 0


def _leave_nothing(app: App, journal: SqliteJournal, prepared: PreparedCommit, report: RunReport) -> RunReport:
    """Undo what a run did that moved no file: its folders go, through the journal, and its own record leaves the target.

    The report counts the folders that had to stay, because somebody has put something into them meanwhile.
    """
    plan_id = prepared.info.plan_id
    journal.withdraw_sidecars(plan_id)
    undo = new_run(RunKind.ROLLBACK, plan_id, prepared.info.target)
    planned = plan_rollback(undo, plan_history(journal, plan_id), app.disk, undo={report.run_id})
    undone = execute(planned.order, app.disk, journal, now_ns=host.now_ns)
    return replace(report, n_folders_made=report.n_folders_made - undone.n_folders_removed)


def plan_history(journal: Journal, plan_id: str) -> list[RunHistory]:
    """All runs of a plan with their operations, oldest first."""
    return [RunHistory(run, tuple(journal.recorded(run.run_id))) for run in journal.runs(plan_id)]


def new_run(kind: RunKind, plan_id: str, target: bytes) -> Run:
    """A run of this process that begins now."""
    return Run(
        secrets.token_hex(5), kind, plan_id, target, RunState.RUNNING, host.now_ns(), host.boot_id(), os.getpid()
    )


def _work_order(app: App, tree: PlanTree, moves: list[PlannedMove], history: list[RunHistory]) -> WorkOrder:
    plan = tree.plan
    steps = tuple(
        Step(move.action.action_id, move.source, Place(plan.target, move.target), move.action.expected)
        for move in moves
    )
    emptied = {
        Place(each.operation.source.root, each.operation.source.path.rpartition(b"/")[0])
        for each in standing(history)
        if each.operation.kind is OpKind.MOVE and each.operation.source is not None
    }
    return WorkOrder(
        run=new_run(RunKind.COMMIT, plan.plan_id, plan.target),
        folders=(*_root_folders(plan.target, plan.policy.folder_mode), *_planned_folders(app, tree)),
        steps=steps,
        folder_times=_folder_times(tree),
        remove_emptied=True,
        emptied_before=tuple(sorted(emptied)),
    )


def _root_folders(target: bytes, mode: int) -> list[tuple[Place, int]]:
    """The target folder and its missing parents, below the nearest one that exists."""
    existing = nearest_folder(target)
    missing = components(target[len(existing) :].strip(b"/"))
    return [(Place(existing, join(*missing[:depth])), mode) for depth in range(1, len(missing) + 1)]


def _planned_folders(app: App, tree: PlanTree) -> list[tuple[Place, int]]:
    """The folders the plan makes, and those that were there when it was made and are not any more."""
    wanted = []
    for folder in tree.folders():
        place = Place(tree.plan.target, folder.path)
        if folder.planned or not _is_folder(app, place):
            wanted.append((place, folder.mode))
    return wanted


def _is_folder(app: App, place: Place) -> bool:
    try:
        return app.disk.lstat(place).kind is Kind.FOLDER
    except OSError:
        return False


def _folder_times(tree: PlanTree) -> tuple[tuple[Place, int], ...]:
    """What the view shows as the time of every folder that the commit makes or adds to."""
    target = tree.plan.target
    times = [
        (Place(target, folder.path), folder.mtime_ns)
        for folder in tree.folders()
        if folder.planned or folder.gains_entries
    ]
    if any(node is not tree.review for node in tree.root.children.values()):
        times.append((Place(target, b""), tree.root.mtime_ns))
    return tuple(times)


def _take_snapshot(app: App, prepared: PreparedCommit) -> str:
    """The manifest of what is about to move, complete or absent. Protects names, not content."""
    entries = [SnapshotEntry(step.source.root, step.source.path, step.expected, None) for step in prepared.order.steps]
    snapshot_id = secrets.token_hex(5)
    app.catalogue.save_snapshot(
        SnapshotInfo(
            snapshot_id=snapshot_id,
            plan_id=prepared.info.plan_id,
            run_id=prepared.order.run.run_id,
            created_ns=host.now_ns(),
            name=f"before commit of plan {prepared.info.plan_id}",
            level=NAME_LEVEL,
            merkle=merkle_root(entries),
            n_entries=len(entries),
        ),
        entries,
    )
    return snapshot_id


def _release_unbegun(app: App, journal: Journal, prepared: PreparedCommit) -> None:
    """A run that could not even be recorded has moved nothing, and recovery will never meet it."""
    begun = {run.run_id for run in journal.runs(prepared.info.plan_id)}
    if prepared.order.run.run_id not in begun and prepared.info.state in {PlanState.STAGED, PlanState.VALIDATED}:
        app.catalogue.advance(prepared.info.plan_id, PlanEvent.STOP_UNTOUCHED)


def _settle(app: App, prepared: PreparedCommit, report: RunReport, snapshot_id: str | None) -> None:
    """Bring the catalogue in line with what the run did."""
    plan_id = prepared.info.plan_id
    states = {step.action_id: "done" for step in prepared.order.steps}
    states |= {problem.action_id: problem.code for problem in report.problems if problem.action_id}
    if report.state is RunState.COMPLETE:
        if prepared.info.state is not PlanState.COMMITTED:
            app.catalogue.advance(plan_id, PlanEvent.FINISH)
        app.catalogue.set_action_states(plan_id, states.items())
    app.catalogue.add_version(
        plan_id, report.run_id, snapshot_id, prepared.tree.plan.target, host.now_ns(), report.n_done
    )
    app.catalogue.save_corrections(plan_id, _corrections(prepared.tree))


def _corrections(tree: PlanTree) -> list[Correction]:
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
