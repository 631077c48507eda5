"""Use cases: say everything that stands against a plan, and mend what can be mended by editing the plan."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ifmosfs.app.committing import PreparedCommit, prepare_commit
from ifmosfs.app.context import App
from ifmosfs.app.guarding import guard
from ifmosfs.app.mounting import OPEN_STATES, tell_view
from ifmosfs.app.staging import load_tree_to_check
from ifmosfs.core.effects import lstat_or_none
from ifmosfs.core.errors import MountProblem, WrongState
from ifmosfs.core.files import Attr, Place
from ifmosfs.core.fixing import Change, FixPlan, NameChoice, edits_of, fix_findings
from ifmosfs.core.guard import MORE_THAN_USUAL
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.names import NameRules, shell_word, split
from ifmosfs.core.plan import PlanEvent
from ifmosfs.core.reports import Problem
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.validation import (
    NOTHING,
    Checked,
    Finding,
    Level,
    SourceWatch,
    Surroundings,
    ValidationReport,
    validate,
)
from ifmosfs.platform import host
from ifmosfs.platform.mounts import views
from ifmosfs.platform.writers import open_for_writing

if TYPE_CHECKING:
    from ifmosfs.store.journal import SqliteJournal

MOST_ROUNDS = 5  # a new folder name can bring new troubles with it, hardly ever twice


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found, with the commit it was found for, and what holds that commit up until it is allowed."""

    report: ValidationReport
    prepared: PreparedCommit
    held_up: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class FixReport:
    """What was changed about a plan, or would be, and how it stands then. `failed`: what could not be mended after all."""

    changes: tuple[Change, ...]
    failed: tuple[Finding, ...]
    after: Validation


def validate_plan(app: App, info: PlanInfo, level: Level, *, windows: bool) -> Validation:
    """Everything that stands against a plan at a level. A plan that nothing stands against is VALIDATED from now on.

    Raises as `prepare_commit` does, and `Locked` while another process is moving files.
    """
    with app.writing() as journal:
        found = _validate(app, journal, info, None, level, windows=windows)
        _mark(app, info, found)
    return found


def fix_plan(app: App, info: PlanInfo, level: Level, *, windows: bool, dry_run: bool = False) -> FixReport:
    """Mend by edits what can be mended, store them together, and validate again. With `dry_run` nothing is stored.

    Raises: WrongState for a plan that can no longer be edited, MountProblem while it is mounted by a view that cannot take
    edits from elsewhere, and as `validate_plan`.
    """
    _refuse_uneditable(info)
    with app.writing() as journal:
        tree = load_tree_to_check(app, info.plan_id)
        last_edit = tree.last_edit
        changes: list[Change] = []
        failed: tuple[Finding, ...] = ()
        found = _validate(app, journal, info, tree, level, windows=windows)
        for _ in range(MOST_ROUNDS):
            fixed = _fix(app, found, tree, windows=windows)
            failed = fixed.failed
            if not fixed.changes:
                break
            changes += fixed.changes
            found = _validate(app, journal, info, tree, level, windows=windows)
        if not dry_run:
            _store(app, info, changes, last_edit)
            _mark(app, info, found)
    return FixReport(tuple(changes), failed, found)


def _validate(
    app: App, journal: SqliteJournal, info: PlanInfo, tree: PlanTree | None, level: Level, *, windows: bool
) -> Validation:
    around = _surroundings(app)
    watch = SourceWatch(around)
    wanted = tree or load_tree_to_check(app, info.plan_id)
    prepared = prepare_commit(app, journal, info, wanted, watch)
    checked = Checked(wanted, prepared.order, prepared.checked, watch)
    app.progress("Validating", 0, None)
    report = validate(checked, app.disk, around, level, windows=windows or app.settings.windows_names)
    held_up = tuple(guard(app, prepared))
    unusual = tuple(Finding(each, Level.NORMAL, NOTHING) for each in held_up if each.code == MORE_THAN_USUAL)
    return Validation(replace(report, findings=report.findings + unusual), prepared, held_up)


def _surroundings(app: App) -> Surroundings:
    reader = host.reader()
    return Surroundings(
        now_ns=host.now_ns(),
        may_read=lambda place, attr: reader.may_read(attr) or _opens(app, place),
        own_places=(*app.own_state, *(view.point for view in views())),
        state=Place(os.fsencode(os.path.realpath(app.settings.state_folder)), b""),
        threshold_of=app.thresholds.of,
        open_for_writing=open_for_writing(),
    )


def _opens(app: App, place: Place) -> bool:
    """An access control list, or a capability, may allow what owner and mode do not."""
    try:
        os.close(app.disk.open_read(place))
    except OSError:
        return False
    return True


def _mark(app: App, info: PlanInfo, found: Validation) -> None:
    if found.report.ready and info.state in OPEN_STATES:
        app.catalogue.advance(info.plan_id, PlanEvent.VALIDATE)


def _fix(app: App, found: Validation, tree: PlanTree, *, windows: bool) -> FixPlan:
    target = Place(tree.plan.target, b"")
    names = _TargetNames(app, target)
    choice = NameChoice(names.rules, windows or app.settings.windows_names, names.is_taken)
    return fix_findings(tree, found.report.findings, choice, host.now_ns())


class _TargetNames:
    """What the target holds, by the idea of equal names of its filesystem."""

    def __init__(self, app: App, target: Place) -> None:
        self._disk = app.disk
        self._target = target
        self.rules: NameRules = app.disk.name_rules(target)
        self._folders: dict[bytes, frozenset[bytes]] = {}

    def is_taken(self, path: bytes) -> bool:
        """Whether the target has something of this name, or of an equal one."""
        folder, name = split(path)
        if not (self.rules.ignores_case or self.rules.ignores_form):
            return self._lstat(path) is not None
        if folder not in self._folders:
            self._folders[folder] = self._keys(folder)
        return self.rules.key(name) in self._folders[folder]

    def _lstat(self, path: bytes) -> Attr | None:
        return lstat_or_none(self._disk, self._target._replace(path=path))

    def _keys(self, folder: bytes) -> frozenset[bytes]:
        if self._lstat(folder) is None:
            return frozenset()
        entries = self._disk.list_folder(self._target._replace(path=folder))
        return frozenset(self.rules.key(name) for name, _ in entries)


def _refuse_uneditable(info: PlanInfo) -> None:
    if info.state not in OPEN_STATES:
        what = f"plan {info.plan_id} is {info.state.value.replace('_', ' ')} and takes no edits"
        raise WrongState(what, hint=f"see what is left of it: ifmosfs stage validate {info.plan_id}")
    view = tell_view(info.plan_id)
    if view is not None:
        hint = f"first: ifmosfs unmount --keep {shell_word(view.point)}"
        raise MountProblem("the plan is mounted, and its view takes edits only from inside", path=view.point, hint=hint)


def _store(app: App, info: PlanInfo, changes: list[Change], last_edit: int) -> None:
    if changes:
        app.catalogue.append_edits(info.plan_id, edits_of(changes), last_edit)
        tell_view(info.plan_id)
