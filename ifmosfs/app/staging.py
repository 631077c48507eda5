"""Use cases: make a plan, read it back as a tree, discard and reopen it."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never

from ifmosfs.app.category_words import near_categories
from ifmosfs.app.classifying import classify
from ifmosfs.app.collector import without_collector
from ifmosfs.app.context import App
from ifmosfs.app.trees import fitting, forget_tree, keep_tree
from ifmosfs.core.come_back import come_back
from ifmosfs.core.edit_log import effective, last_number
from ifmosfs.core.errors import DatabaseDamaged, NotFound, TargetProblem, UsageProblem, WrongState
from ifmosfs.core.filed import filed_as
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.history import RunHistory
from ifmosfs.core.manifest import PlanInfo, SessionInfo
from ifmosfs.core.names import display, is_within, split
from ifmosfs.core.outcomes import Outcome, count_outcomes
from ifmosfs.core.overlay import Existing, read_listing
from ifmosfs.core.plan import (
    Action,
    ActionKind,
    ConflictStrategy,
    DuplicateRule,
    KeepReason,
    Plan,
    PlanEvent,
    PlanState,
    Policy,
)
from ifmosfs.core.planner import PlanHeader, folders_wanted, make_plan, place_files
from ifmosfs.core.proposal import Proposal
from ifmosfs.core.renumbered import with_numbers_of_today
from ifmosfs.core.tree import PlannedFolder, PlannedMove, PlanTree
from ifmosfs.core.unedited import AnyTree, tree_to_commit
from ifmosfs.platform import host
from ifmosfs.platform.mounts import views
from ifmosfs.platform.writers import open_for_writing

RACY_NS: Final = 2 * 10**9  # a file that changed so shortly before the scan's end may have been changing still
FRESH_NS: Final = 5 * 10**9  # what was modified within this time is being written

_KEPT_OUTCOMES: Final = {KeepReason.CONFLICT: Outcome.STAYING, KeepReason.DUPLICATE: Outcome.DUPLICATE}


@dataclass(frozen=True, slots=True)
class StageReport:
    """A plan in numbers.

    `n_planned` + `n_vaulted` + `kept` + `n_skipped` + `n_unreadable` = everything the scan met (promise P4). `outcomes` says what
    became of the files whose name was taken, by kind.
    """

    plan_id: str
    session_id: str
    target: bytes
    n_planned: int
    n_new_folders: int
    kept: Mapping[KeepReason, int]
    n_skipped: int
    n_unreadable: int
    top_folders: Mapping[bytes, int]
    n_vaulted: int
    outcomes: Mapping[Outcome, int]

    @property
    def n_scanned(self) -> int:
        """Everything the scan met."""
        return self.n_planned + self.n_vaulted + sum(self.kept.values()) + self.n_skipped + self.n_unreadable


@dataclass(frozen=True, slots=True)
class ConflictRules:
    """What a new plan does with names that are taken; `None`, and categories not named: as the settings say."""

    strategy: ConflictStrategy | None = None
    by_category: tuple[tuple[str, ConflictStrategy], ...] = ()
    duplicates: DuplicateRule | None = None

    @property
    def are_defaults(self) -> bool:
        """Whether nothing else is said than what the settings say."""
        return self == ConflictRules()


DEFAULT_RULES: Final = ConflictRules()


@without_collector()
def create_plan(
    app: App, session: SessionInfo, target: bytes | None, rules: ConflictRules = DEFAULT_RULES
) -> StageReport:
    """Plan the session's files into a target folder and store the plan as staged. Files not yet classified are, first."""
    where = check_target(app, target, session)
    policy = _policy(app, where, rules)
    classify(app, session.session_id)
    files = [_with_proposal(file, proposal) for file, proposal in app.catalogue.classified(session.session_id)]
    if not files:
        raise NotFound("the session holds no files", hint="ifmosfs scan FOLDER, then try again")
    app.progress("Planning", 0, None)
    changing = frozenset(find_changing(app, session, (file for file, _ in files)))
    unseen = _unseen(app, session)
    candidates = place_files(files, app.layout, policy, host.local_date, session.roots, changing, unseen)
    listing = read_listing(folders_wanted(candidates), policy.names, lambda path: names_in(app, where, path))
    plan = make_plan(candidates, listing, _header(app, session, where, policy), lambda place: content_of(app, place))
    app.catalogue.save_plan(plan)
    app.catalogue.advance(plan.plan_id, PlanEvent.STAGE)
    keep_tree(app, plan)
    return report_on(app, PlanTree(plan))


def categories_of(app: App, tree: AnyTree) -> Callable[[PlannedMove], str | None]:
    """Tells what each file that is to move is taken for, by the program or by the folder that a person has put it into."""
    categories_at = app.categories_at(tree.plan.policy)
    return lambda move: filed_as(move.action, move.target, categories_at)


def report_on(app: App, tree: PlanTree) -> StageReport:
    """The numbers of a plan as it is now, edits included."""
    moves, kept, vaulted = list(tree.moves()), list(tree.kept()), list(tree.vaulted())
    counts = app.catalogue.session_counts(tree.plan.session_id)
    return StageReport(
        plan_id=tree.plan.plan_id,
        session_id=tree.plan.session_id,
        target=tree.plan.target,
        n_planned=len(moves),
        n_new_folders=len(folders_made(app, tree)),
        kept=Counter(reason for _, reason in kept),
        n_skipped=counts.n_skipped,
        n_unreadable=counts.n_unreadable,
        top_folders=Counter(move.target.partition(b"/")[0] if b"/" in move.target else b"" for move in moves),
        n_vaulted=len(vaulted),
        outcomes=_outcomes(moves, kept, len(vaulted)),
    )


def folders_made(app: App, tree: PlanTree) -> list[PlannedFolder]:
    """The folders that commit makes: the plan's, and those that the target had when it was made and has no more."""
    folders = list(tree.folders())
    missing = missing_folders(app, tree.plan, (folder for folder in folders if not folder.planned))
    return [folder for folder in folders if folder.planned or folder.path in missing]


def missing_folders(app: App, plan: Plan, folders: Iterable[PlannedFolder]) -> frozenset[bytes]:
    """The paths of those that the target does not have; they are given parents first."""
    missing: set[bytes] = set()
    for folder in folders:
        if split(folder.path)[0] in missing or not is_folder(app, Place(plan.target, folder.path)):
            missing.add(folder.path)
    return frozenset(missing)


def is_folder(app: App, place: Place) -> bool:
    """Whether there is a folder at a place, and not something else, or a link to one."""
    try:
        return app.disk.lstat(place).kind is Kind.FOLDER
    except OSError:
        return False


def _outcomes(
    moves: Iterable[PlannedMove], kept: Iterable[tuple[Action, KeepReason]], n_vaulted: int
) -> Mapping[Outcome, int]:
    """As it is after the edits: what a person has dragged elsewhere had no conflict any more."""
    outcomes = count_outcomes(
        replace(move.action, kind=ActionKind.MOVE, keep_reason=None, replaces=move.replaces)
        for move in moves
        if move.target == move.action.target
    )
    outcomes.update(_KEPT_OUTCOMES[reason] for _, reason in kept if reason in _KEPT_OUTCOMES)
    outcomes[Outcome.VAULTED] = n_vaulted
    return {outcome: outcomes[outcome] for outcome in Outcome if outcomes[outcome]}


@without_collector()
def load_tree(app: App, plan_id: str) -> PlanTree:
    """A plan with its edits in force applied."""
    log, plan = app.catalogue.edit_log(plan_id), app.catalogue.load_plan(plan_id)
    with fitting(plan_id):
        return PlanTree(plan, effective(log), last_number(log))


@without_collector()
def load_tree_to_check(app: App, plan_id: str) -> PlanTree:
    """The same to be compared with the disk: where that has numbered its files anew, with the numbers they have now."""
    log, plan = app.catalogue.edit_log(plan_id), _numbered_plan(app, plan_id)
    with fitting(plan_id):
        return PlanTree(plan, effective(log), last_number(log))


@without_collector()
def load_tree_to_commit(app: App, plan_id: str) -> AnyTree:
    """As `load_tree_to_check`, for a commit, which needs no nodes where nobody has edited the plan."""
    log, plan = app.catalogue.edit_log(plan_id), _numbered_plan(app, plan_id)
    with fitting(plan_id):
        return tree_to_commit(plan, effective(log), last_number(log))


def _numbered_plan(app: App, plan_id: str) -> Plan:
    with app.disk.looking():
        return with_numbers_of_today(app.catalogue.load_plan(plan_id), app.disk)


def as_edited(app: App, info: PlanInfo) -> PlanInfo:
    """The plan's line with its numbers, those of the vault among them, as they are after the edits; before them, with a notice, where
    an edit does not fit."""
    n_files = app.catalogue.n_actions(info.plan_id)
    planned = replace(info, n_vaulted=n_files - info.n_moves - info.n_kept)
    if not info.n_edits:
        return planned
    try:
        tree = load_tree(app, info.plan_id)
    except DatabaseDamaged as error:
        app.notices.append(f"{error.what}: {error.hint}")
        return planned
    n_moves, n_vaulted = sum(1 for _ in tree.moves()), sum(1 for _ in tree.vaulted())
    return replace(info, n_moves=n_moves, n_kept=n_files - n_moves - n_vaulted, n_vaulted=n_vaulted)


def check_target(app: App, target: bytes | None, session: SessionInfo) -> bytes:
    """The target folder, absolute and resolved as far as it exists. Raises `TargetProblem` for a target that is no folder,
    that lies inside a scanned folder or a view or the other way round, or that is the program's own."""
    wanted = target if target is not None else os.fsencode(app.settings.default_target)
    path = os.path.realpath(wanted)
    if os.path.lexists(path) and not os.path.isdir(path):
        raise TargetProblem("the target is not a folder", path=wanted, hint="name another one with --output")
    if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
        raise TargetProblem("no permission to look into the target", path=wanted, hint="name another one with --output")
    ancestor = nearest_folder(path)
    if not os.path.isdir(ancestor):
        raise TargetProblem(f"{display(ancestor)} is not a folder", path=wanted, hint="name another one with --output")
    for root in session.roots:
        if is_within(path, root.path) or is_within(root.path, path):
            raise TargetProblem(
                f"the target and the scanned folder {display(root.path)} lie inside each other",
                path=wanted,
                hint="choose a target outside, such as --output ~/Organized",
            )
    for folder in (*app.own_state, *(view.point for view in views())):
        if is_within(path, folder):
            raise TargetProblem("the target is a place of the program itself", path=wanted, hint="choose another one")
    return path


def nearest_folder(path: bytes) -> bytes:
    """The path itself or the nearest parent that exists."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def refuse_over(info: PlanInfo) -> None:
    """Raise `WrongState`, with the way on, for a plan that is over: committed, discarded or rolled back."""
    match info.state:
        case PlanState.COMMITTED:
            hint = f"move its files back: ifmosfs rollback {info.plan_id}; plan what is new: ifmosfs scan"
            raise WrongState(f"plan {info.plan_id} is committed already", hint=hint)
        case PlanState.DISCARDED | PlanState.ROLLED_BACK:
            what = f"plan {info.plan_id} is {info.state.value.replace('_', ' ')}"
            raise WrongState(what, hint=f"take it up again: ifmosfs stage reopen {info.plan_id}")
        case PlanState.DRAFT | PlanState.STAGED | PlanState.VALIDATED | PlanState.COMMITTING:
            return
        case _:
            assert_never(info.state)


def refuse_begun(info: PlanInfo) -> None:
    """As `refuse_over`, and for a plan whose commit has begun, which takes no edits either."""
    refuse_over(info)
    if info.state is PlanState.COMMITTING:
        hint = f"go on: ifmosfs commit {info.plan_id}; or move back: ifmosfs rollback {info.plan_id}"
        raise WrongState(f"the commit of plan {info.plan_id} has begun", hint=hint)


def discard(app: App, plan_id: str) -> list[bytes]:
    """Mark a plan as discarded; nothing on the disk was ever changed by it. Its preview folder goes, except for what
    somebody else has put there, which is returned."""
    app.catalogue.advance(plan_id, PlanEvent.DISCARD)
    return remove_preview(app, plan_id)


def remove_preview(app: App, plan_id: str) -> list[bytes]:
    """Remove what was kept to show a plan that is over: its tree, and its preview folder, if there is one. Returns what is in that
    folder that is not the program's, and stays."""
    from ifmosfs.platform.farm import remove_farm

    forget_tree(app, plan_id)
    return remove_farm(preview_folder(app, plan_id))


@without_collector()
def reopen(app: App, info: PlanInfo) -> None:
    """Take a plan up again, with its edits, that was discarded or rolled back.

    What the rollback had to copy back from another filesystem is the plan's file still, though another inode, unless somebody had
    changed it. Raises: NotFound, WrongState; Locked for a plan that was rolled back, while another process moves files.
    """
    plan_id = info.plan_id
    if info.state is not PlanState.ROLLED_BACK:
        app.catalogue.advance(plan_id, PlanEvent.REOPEN)
        return
    with app.writing() as journal:
        history = [RunHistory(run, tuple(journal.recorded(run.run_id))) for run in journal.runs(plan_id)]
        changed = tuple(come_back(history, app.catalogue.actions(plan_id)))
        app.catalogue.reopen(plan_id, changed)
    if changed:
        forget_tree(app, plan_id)  # it is made again from the actions as they are now


def preview_folder(app: App, plan_id: str) -> bytes:
    """Where a preview made of links or copies lies."""
    return os.fsencode(app.settings.state_folder / "previews" / plan_id)


def _with_proposal(file: ScannedFile, proposal: Proposal | None) -> tuple[ScannedFile, Proposal]:
    return file, proposal or Proposal(None, 0.0, "not classified")


def find_changing(app: App, session: SessionInfo, files: Iterable[ScannedFile]) -> Iterator[int]:
    """The ids of the files that are being written to: open for writing where that can be known; or racily clean when they were
    scanned, and different and fresh now.

    Only what had been changed shortly before the scan is looked at again; anything else that changes is found by the commit.
    """
    doubtful_ns, now_ns = session.scanned_ns - RACY_NS, host.now_ns()
    writers = open_for_writing()
    inodes = {inode for _, inode in writers}
    for file in files:
        seen = file.fingerprint
        is_doubtful = max(seen.mtime_ns, seen.ctime_ns) >= doubtful_ns or seen.inode in inodes
        if not is_doubtful or file.kind is not Kind.FILE:
            continue
        try:
            now = app.disk.lstat(file.place)
        except OSError:
            continue  # gone, or out of reach: the commit says so
        has_changed = not now.fingerprint.same_file(seen) and now.mtime_ns > now_ns - FRESH_NS
        if has_changed or (now.device, now.inode) in writers:
            yield file.file_id


def _unseen(app: App, session: SessionInfo) -> Iterator[Place]:
    """What the scan left out or could not read."""
    for left in (app.catalogue.skipped(session.session_id), app.catalogue.unreadable(session.session_id)):
        yield from (Place(entry.root, entry.path) for entry in left)


def content_of(app: App, place: Place) -> bytes | None:
    """The content of a file that may be a duplicate; `None` where it cannot be read, which makes it none."""
    try:
        return app.disk.digest(place)
    except OSError:
        return None


def _policy(app: App, target: bytes, rules: ConflictRules) -> Policy:
    by_category = {**dict(app.settings.conflict_for), **dict(rules.by_category)}
    unknown = sorted(set(by_category) - set(app.taxonomy.names))
    if unknown:
        raise UsageProblem(f"there is no category {unknown[0]!r}", hint=near_categories(app.taxonomy, unknown[0]))
    return Policy(
        strategy=rules.strategy or app.settings.conflict,
        by_category=tuple(sorted(by_category.items())),
        duplicates=rules.duplicates or app.settings.duplicates,
        threshold=app.thresholds.default,
        thresholds=app.thresholds.by_category,
        folder_mode=host.folder_mode(),
        names=app.disk.name_rules(Place(nearest_folder(target), b"")),
    )


def _header(app: App, session: SessionInfo, target: bytes, policy: Policy) -> PlanHeader:
    return PlanHeader(
        plan_id=secrets.token_hex(5),
        session_id=session.session_id,
        target=target,
        target_filesystem=app.disk.filesystem(Place(nearest_folder(target), b"")),
        roots=session.roots,
        created_ns=host.now_ns(),
        policy=policy,
    )


def names_in(app: App, target: bytes, path: bytes) -> Mapping[bytes, Existing] | None:
    """What a folder of the target holds, `None` where there is none. Raises `TargetProblem`."""
    try:
        entries = app.disk.list_folder(Place(target, path))
        return {name: attr.fingerprint if attr.kind is Kind.FILE else attr.kind for name, attr in entries}
    except FileNotFoundError:
        return None
    except OSError as error:
        where = Place(target, path).absolute
        raise TargetProblem(f"a folder of the target cannot be read ({error.strerror})", path=where) from error
