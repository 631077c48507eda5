"""Use case: what a person means when something is to be undone, over one plan or over all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ifmosfs.app.committing import plan_history
from ifmosfs.app.context import App
from ifmosfs.app.lost_journals import is_lost
from ifmosfs.app.rollback_log import OF_VAULT, VAULT_EMPTIED, commands_of
from ifmosfs.app.undoing import UNDOABLE, Chosen, followed_history, known_history, prepare_rollback
from ifmosfs.app.versioning import find_version, read_manifest
from ifmosfs.core.errors import NotFound, UsageProblem, WrongState
from ifmosfs.core.filed import CategoriesAt, filed_as
from ifmosfs.core.history import MOVING, Key, RunHistory, emptied, standing, undone_last_by, went_forth
from ifmosfs.core.journal import Journal, Run, RunKind, RunState
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.plan import PlanState
from ifmosfs.core.rollback import to_undo
from ifmosfs.core.selection import Candidate, Selection, candidates, choose, close_over

MOVABLE = (*UNDOABLE, PlanState.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be undone: of a plan, or of all where none is named; one run, or with `redo` the rollbacks of the plan since its
    last commit; what was committed after a moment; what was since done to the files of a snapshot; and of all that what is selected.
    `words` are for the log."""

    plan: PlanInfo | None = None
    run: str | None = None
    redo: bool = False
    since_ns: int | None = None
    snapshot: str | None = None
    selection: Selection = field(default_factory=Selection)
    keep_both: bool = True
    words: str = "plan"


@dataclass(frozen=True, slots=True)
class _Scope:
    """A plan, and the runs of it that are to be undone (`None`: its commits)."""

    info: PlanInfo
    undo: frozenset[str] | None
    is_forth: bool = False  # the runs have moved files back


def choose_to_undo(app: App, journal: Journal, request: Request) -> list[Chosen]:
    """What of which plans is to be undone, the plan that was committed last first. Changes nothing.

    Raises: NotFound, Ambiguous for what names nothing, or several things; WrongState where all that is named is back already;
    UsageProblem for a request that contradicts itself; DatabaseDamaged where a journal is lost.
    """
    scopes = _scopes(app, journal, request)
    if request.snapshot is not None:
        request = replace(request, selection=_of_snapshot(app, request.snapshot, request.selection))
    if request.selection.is_everything:
        return [_whole(each, request) for each in scopes]
    found = [one for each in scopes for one in candidates_of(app, journal, each.info, each.undo)]
    named = choose(found, request.selection)
    wanted = [each for each in named if each.stands]
    if not named:
        raise NotFound("no moved file fits all that was named", hint="list them: ifmosfs rollback files")
    if not wanted:
        half_done = [each for each in scopes if _is_half_done(journal.runs(each.info.plan_id)[-1])]
        folders = [replace(_whole(each, request), only=frozenset()) for each in half_done]
        folders = [each for each in folders if not prepare_rollback(app, journal, each).planned.is_empty]
        if not folders:
            raise _nothing_stands(app, journal, scopes, named)
        return folders
    keys: dict[str, set[Key]] = defaultdict(set)
    for each in wanted:
        keys[each.plan_id].add(each.key)
    return [_closed(journal, each, keys[each.info.plan_id], request) for each in scopes if keys[each.info.plan_id]]


def _nothing_stands(app: App, journal: Journal, scopes: Iterable[_Scope], named: Sequence[Candidate]) -> WrongState:
    histories = (followed_history(journal, known_history(app, journal, each.info)).history for each in scopes)
    removed = {each.moved.key for history in histories for each in emptied(history)}
    n_removed = sum(each.key in removed for each in named)
    if not n_removed:
        return WrongState("all that was named has been moved back already", hint="ifmosfs history shows its way")
    what = "all that was named was removed from the vault for good"
    if n_removed < len(named):
        what = "all that was named has been moved back already, or was removed from the vault for good"
    return WrongState(what, hint="the content of each file was in another place: ifmosfs history FILE")


def _is_half_done(run: Run) -> bool:
    """Whether a plan's last run is a rollback that did not come to its end: folders may be left to see to, where no file is."""
    return run.kind is RunKind.ROLLBACK and run.state is RunState.STOPPED


def candidates_of(app: App, journal: Journal, info: PlanInfo, undo: frozenset[str] | None = None) -> list[Candidate]:
    """The moves of a plan, with the files that they moved."""
    as_done, plan = known_history(app, journal, info), app.catalogue.load_plan(info.plan_id)
    found = candidates(info.plan_id, followed_history(journal, as_done).history, as_done, plan.actions, undo)
    categories_at = app.categories_at(plan.policy)
    return [_as_filed(each, plan.target, categories_at) for each in found]


def _as_filed(one: Candidate, target: bytes, categories_at: CategoriesAt) -> Candidate:
    """With the category that a person has given the file, where it is another than the plan's."""
    places = [
        place.path for place in (one.new, one.old) if place.root == target
    ]  # one of them: no target is a scanned folder
    if one.is_folder or not places:
        return one
    actions = (replace(each, category=filed_as(each, places[0], categories_at)) for each in one.actions)
    return replace(one, actions=tuple(actions))


def find_run(journal: Journal, prefix: str) -> Run:
    """The run whose id begins so. Raises: NotFound, Ambiguous."""
    from ifmosfs.store.choose import by_prefix

    runs = {run.run_id: run for run in journal.runs()}
    return runs[by_prefix("run", prefix, runs, "list them: ifmosfs history")]


def _scopes(app: App, journal: Journal, request: Request) -> list[_Scope]:
    given = [name for name, is_given in _given(request) if is_given]
    if len(given) > 1:
        raise UsageProblem(f"{' and '.join(given)} cannot be combined", hint="name one of them")
    if request.run is not None:
        return [_of_run(app, journal, request.run, request.plan)]
    if request.redo:
        return [_of_rollbacks(app, journal, request.plan)]
    if request.since_ns is not None:
        return _since(app, journal, request.since_ns, request.plan)
    if request.snapshot is not None:
        return _since(app, journal, _moment_of(app, journal, request.snapshot), request.plan)
    if request.plan is not None:
        return [_Scope(request.plan, None)]
    plans = [info for info in app.catalogue.plans() if info.state in UNDOABLE and not is_lost(app, journal, info)]
    return _newest_first(journal, [_Scope(info, None) for info in plans])


def _given(request: Request) -> Iterable[tuple[str, bool]]:
    return (
        ("--run", request.run is not None),
        ("--redo", request.redo),
        ("--timestamp", request.since_ns is not None),
        ("--snapshot", request.snapshot is not None),
    )


def _of_run(app: App, journal: Journal, prefix: str, plan: PlanInfo | None) -> _Scope:
    run = find_run(journal, prefix)
    if plan is not None and plan.plan_id != run.plan_id:
        raise UsageProblem(
            f"run {run.run_id} is of plan {run.plan_id}, not of {plan.plan_id}", hint="name only the run"
        )
    info = app.catalogue.find_plan(run.plan_id)
    _require_movable(info)
    if commands_of(app, [run])[run.run_id] == VAULT_EMPTIED:
        what = f"run {run.run_id} has emptied the vault, and what it removed is removed for good"
        raise WrongState(what, hint="the content of each file was in another place: ifmosfs history FILE")
    _require_undoable(plan_history(journal, info.plan_id), run)
    return _Scope(
        info, frozenset({run.run_id}), is_forth=run.run_id not in went_forth(journal, journal.runs(info.plan_id))
    )


def _require_undoable(history: Sequence[RunHistory], run: Run) -> None:
    """Refuse a run of which nothing is left to be undone; folders may be, where its undoing was interrupted."""
    holding = [each for each in standing(history) if each.run_id == run.run_id]
    moves = [each for each in holding if each.operation.kind in MOVING]
    by = undone_last_by(history, run.run_id)
    if by and not moves and not (holding and _is_half_done(history[-1].run)):
        what = f"all that run {run.run_id} has moved was undone already, by run {' and '.join(by)}"
        raise WrongState(what, hint=f"undo that one: ifmosfs rollback execute --run {by[-1]}")
    if not holding:
        raise WrongState(f"nothing that run {run.run_id} did holds any more", hint="ifmosfs history shows all runs")


def _of_rollbacks(app: App, journal: Journal, plan: PlanInfo | None) -> _Scope:
    if plan is None:
        raise UsageProblem("--redo needs a plan", hint="ifmosfs rollback execute PLAN --redo; ifmosfs rollback list")
    _require_movable(plan)
    runs = journal.runs(plan.plan_id)
    last = max((number for number, run in enumerate(runs) if run.kind is RunKind.COMMIT), default=0)
    of_vault = {each.run_id for each in app.catalogue.rollbacks(plan.plan_id) if each.selection == OF_VAULT}
    since = {run.run_id for run in runs[last:]} - of_vault
    commits = {run.run_id for run in runs if run.kind is RunKind.COMMIT}
    holding = [
        each
        for each in standing(plan_history(journal, plan.plan_id))
        if each.run_id in since and (each.operation.inverse_of or ("",))[0] in commits
    ]
    back = {each.run_id for each in holding if each.operation.kind in MOVING}
    if not back and _is_half_done(runs[-1]):  # all files are there again, but not all folders are as they were
        back = {each.run_id for each in holding}
    if not back:
        raise WrongState(f"no rollback of plan {plan.plan_id} is to be undone", hint="ifmosfs rollback list")
    return _Scope(plan, frozenset(back), is_forth=True)


def _require_movable(info: PlanInfo) -> None:
    if info.state not in MOVABLE:
        what = f"plan {info.plan_id} is {info.state.value}: it was taken up again since its rollback"
        raise WrongState(what, hint=f"commit it again instead: ifmosfs commit {info.plan_id}")


def _since(app: App, journal: Journal, since_ns: int, plan: PlanInfo | None) -> list[_Scope]:
    runs: dict[str, set[str]] = defaultdict(set)
    for run in journal.runs():
        if run.kind is RunKind.COMMIT and run.started_ns > since_ns and (plan is None or run.plan_id == plan.plan_id):
            runs[run.plan_id].add(run.run_id)
    infos = {info.plan_id: info for info in app.catalogue.plans() if info.state in UNDOABLE}
    scopes = [_Scope(infos[plan_id], frozenset(undo)) for plan_id, undo in runs.items() if plan_id in infos]
    holding = [each for each in scopes if to_undo(plan_history(journal, each.info.plan_id), each.undo)]
    if not holding:
        raise NotFound("nothing that was committed after that moment is to be moved back", hint="ifmosfs rollback list")
    return _newest_first(journal, holding)


def _moment_of(app: App, journal: Journal, wanted: str) -> int:
    """When a snapshot was taken; for one of how things were before a commit, right before that commit began."""
    _, info = find_version(app, wanted)
    of_versions = {version.snapshot_id for version in app.catalogue.versions()}
    if info.head.run_id is not None and info.head.snapshot_id not in of_versions:
        began = [run.started_ns for run in journal.runs(info.head.plan_id) if run.run_id == info.head.run_id]
        return min(began, default=info.head.created_ns) - 1
    return info.head.created_ns


def _of_snapshot(app: App, wanted: str, selection: Selection) -> Selection:
    """The selection, of the files alone that the snapshot has."""
    _, info = find_version(app, wanted)
    return replace(selection, among=frozenset(entry.place.absolute for entry in read_manifest(app, info)))


def _newest_first(journal: Journal, scopes: Iterable[_Scope]) -> list[_Scope]:
    last = {run.plan_id: number for number, run in enumerate(journal.runs()) if run.kind is RunKind.COMMIT}
    return sorted(scopes, key=lambda each: -last.get(each.info.plan_id, -1))


def _whole(scope: _Scope, request: Request) -> Chosen:
    return Chosen(scope.info, scope.undo, words=request.words, keep_both=request.keep_both, is_forth=scope.is_forth)


def _closed(journal: Journal, scope: _Scope, keys: set[Key], request: Request) -> Chosen:
    history = followed_history(journal, plan_history(journal, scope.info.plan_id)).history
    only, added = close_over(keys, to_undo(history, scope.undo), history)
    return replace(_whole(scope, request), only=only, added=added)
