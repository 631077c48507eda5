"""Use case: bring files back to the names of a version.

A restore is a commit of a plan of its own, which it makes: journaled, recovered and verified as any other, and undone by
`ifmosfs rollback`. Contents that are held are first copied beside their store, and from there moved like everything else, so
that the store keeps its own.
"""

from __future__ import annotations

import fnmatch
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ifmosfs.app.checks import permissions, refuse_read_only
from ifmosfs.app.collector import without_collector
from ifmosfs.app.committing import Stop, new_run, plan_head
from ifmosfs.app.held_contents import clear_copies, copy_of, offer_of
from ifmosfs.app.scanning import scan_rules
from ifmosfs.app.snapshotting import held_place, held_places
from ifmosfs.app.staging import nearest_folder
from ifmosfs.app.versioning import find_version, read_manifest
from ifmosfs.core.effects import disk_failed
from ifmosfs.core.errors import DiskFull, NotFound, PlanOutdated
from ifmosfs.core.execute import WorkOrder, execute
from ifmosfs.core.files import Kind, Place, Root, UnreadableEntry
from ifmosfs.core.held import Offer
from ifmosfs.core.inheriting import NewFolderModes
from ifmosfs.core.inventory import inventory
from ifmosfs.core.journal import Recorded, RunKind, RunState
from ifmosfs.core.manifest import Protection, SnapshotEntry, SnapshotHead, SnapshotInfo
from ifmosfs.core.names import components, join, to_text
from ifmosfs.core.ordering import in_order
from ifmosfs.core.plan import Action, ActionKind, KeepReason, Origin, Plan, PlanEvent, Policy
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from ifmosfs.core.reports import Problem, RunReport, problem
from ifmosfs.core.restoring import Restoration, Restorer, Seen, Wanted, Whereabouts, absent_roots
from ifmosfs.core.rollback import OTHER_DISK
from ifmosfs.core.steps import Step
from ifmosfs.core.vault import VAULT_PATH
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.store.journal import SqliteJournal

FULL = (28, 122)


@dataclass(frozen=True, slots=True)
class PreparedRestore:
    """A restore that could begin."""

    label: str
    info: SnapshotInfo
    target: bytes
    entries: tuple[SnapshotEntry, ...]
    found: Restoration
    away: tuple[Problem, ...] = ()  # one for each folder whose disk is not there

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not self.found.wanted and not self.found.folders


@without_collector()
def prepare_restore(app: App, journal: SqliteJournal, wanted: str, globs: Sequence[str] = ()) -> PreparedRestore:
    """What brings the files of a version back to their names, or those that one of the globs fits. Changes nothing.

    Raises: NotFound for a version that is not there, and for globs that fit nothing; Ambiguous; DatabaseDamaged; PlanOutdated
    where only other disks are mounted than those that the files were on; TargetProblem where one is read-only.
    """
    version, info = find_version(app, wanted)
    every = read_manifest(app, info)
    chosen = [entry for entry in every if not globs or _fits(entry, globs)]
    if globs and not chosen:
        raise NotFound("no file of this version fits", hint=f"see what it has: ifmosfs versions show {wanted}")
    away = absent_roots(chosen, app.catalogue.snapshot_filesystems(info.head.snapshot_id), app.disk)
    chosen = [entry for entry in chosen if entry.root not in away]
    if away and not any(entry.kind is not Kind.FOLDER for entry in chosen):
        what = "another disk is mounted here than the one that was recorded"
        raise PlanOutdated(what, path=min(away), hint="mount the right disk, then run the command again")
    label = f"snapshot {info.head.snapshot_id}" if version is None else f"version {version.version}"
    target = version.target if version is not None and version.target not in away else chosen[0].root
    restorer = Restorer(
        disk=app.disk,
        where=lambda: whereabouts(app, every, _later(journal, info.head.created_ns)),
        has_content=lambda digest: held_place(app, digest) is not None,
        label=label,
        folder_mode=host.folder_mode(),
    )
    with app.disk.looking():
        found = restorer.plan(chosen, every)
    refuse_read_only(app, _roots_of(found, target))
    problems = tuple(problem(OTHER_DISK, root) for root in sorted(away))
    return PreparedRestore(label, info, target, tuple(chosen), found, problems)


def _roots_of(found: Restoration, target: bytes) -> Iterator[bytes]:
    """All that a restore writes to: it brings files from there or to there, and keeps its journal in the target."""
    for each in found.wanted:
        yield each.target.root
        if each.source is not None:
            yield each.source.place.root
    yield from (place.root for place, _ in found.folders)
    if found.wanted or found.folders:
        yield target


def _fits(entry: SnapshotEntry, globs: Sequence[str]) -> bool:
    """By the path below its root, by the whole path, or, for a glob without a slash, by the name."""
    path, absolute = to_text(entry.path), to_text(entry.place.absolute)
    for glob in globs:
        names = [path, absolute] if "/" in glob else [path.rpartition("/")[2]]
        if any(fnmatch.fnmatchcase(name, glob) for name in names):
            return True
    return False


def _later(journal: SqliteJournal, since_ns: int) -> list[Recorded]:
    runs = [run for run in journal.runs() if (run.finished_ns or run.started_ns) > since_ns]
    return [row for run in runs for row in journal.recorded(run.run_id)]


def whereabouts(app: App, entries: Sequence[SnapshotEntry], later: Sequence[Recorded]) -> Whereabouts:
    """Where files are now, in all folders that the program knows of; `later`: what runs have done since the entries."""
    app.progress("Looking for files", 0, None)
    roots = {entry.root for entry in entries} | {info.target for info in app.catalogue.plans()}
    roots |= {root.path for session in app.catalogue.sessions() for root in session.roots}
    apart = dict.fromkeys(row.operation.target for row in later if row.operation.target is not None)
    return Whereabouts(_all_files(app, sorted(roots), apart), later)


def _all_files(app: App, roots: Sequence[bytes], apart: Iterable[Place]) -> Iterator[Seen]:
    """Every file below the roots and in their vaults, and those at other places, each once."""
    rules, unreadable, met = scan_rules(app, ()), list[UnreadableEntry](), set[bytes]()
    for root in roots:
        for folder in (Place(root, b""), Place(root, VAULT_PATH)):
            for entry in inventory(folder, app.disk, rules, unreadable):
                if entry.kind is not Kind.FOLDER and entry.place.absolute not in met:
                    met.add(entry.place.absolute)
                    yield Seen(entry.place, entry.fingerprint)
    for place in apart:
        if place.absolute in met:
            continue
        try:
            attr = app.disk.lstat(place)
        except OSError:
            continue
        if attr.kind is not Kind.FOLDER:
            met.add(place.absolute)
            yield Seen(place, attr.fingerprint)


def rehearse_restore(app: App, prepared: PreparedRestore) -> RunReport:
    """The report of the same restore on a disk that keeps everything in memory."""
    disk, plan_id = RehearsalDisk(app.disk, permissions(app)), secrets.token_hex(5)
    offers = _offers(app, prepared.found.wanted, plan_id)
    for offer in offers.values():
        disk.add_copy(offer.copy, offer.attr, offer.held)
    wanted = [
        each._replace(source=Seen(offers[number].copy, offers[number].attr.fingerprint)) if number in offers else each
        for number, each in enumerate(prepared.found.wanted)
    ]
    return execute(_order(app, prepared, wanted, plan_id), disk, NullJournal(), now_ns=host.now_ns)


@without_collector()
def run_restore(app: App, journal: SqliteJournal, prepared: PreparedRestore, stop: Stop) -> tuple[str, RunReport]:
    """Bring the files to their names: the id of the plan that this is, and what was done. Raises: DiskFull, DiskFailed."""
    plan_id = secrets.token_hex(5)
    offers = _offers(app, prepared.found.wanted, plan_id)
    wanted, lacking = _with_contents(app, prepared.found.wanted, offers)
    order = _order(app, prepared, wanted, plan_id)
    plan = _plan(app, prepared, order, plan_id)
    app.catalogue.save_plan(plan, PlanEvent.STAGE, PlanEvent.BEGIN)  # at once: nobody else is to commit it
    journal.accompany(plan_head(plan))
    app.catalogue.save_snapshot(_before(order, plan_id), _entries_before(wanted), filesystem=app.filesystem_of)
    report = execute(
        order,
        app.disk,
        journal,
        now_ns=host.now_ns,
        stop=stop,
        progress=lambda n_done, n_total: app.progress("Bringing back", n_done, n_total),
    )
    if report.n_moved == 0 and report.n_folders_made == 0:
        app.catalogue.advance(plan_id, PlanEvent.STOP_UNTOUCHED)
        app.catalogue.advance(plan_id, PlanEvent.DISCARD)
    elif report.state is RunState.COMPLETE:
        app.catalogue.advance(plan_id, PlanEvent.FINISH)
    clear_copies(offers.values())
    return plan_id, replace(report, problems=(*report.problems, *lacking))


def _offers(app: App, wanted: Sequence[Wanted], plan_id: str) -> dict[int, Offer]:
    """The held contents that files come from, by their numbers among the wanted. Raises: NotFound."""
    entries = {number: each.entry for number, each in enumerate(wanted) if each.source is None}
    held = held_places(app, {entry.digest for entry in entries.values() if entry.digest is not None})
    found = {}
    for number, entry in entries.items():
        place = None if entry.digest is None else held.get(entry.digest)
        if place is None:
            raise NotFound("the content is not held any more", path=entry.place.absolute)
        found[number] = offer_of(app, entry, place, plan_id, number)
    return found


def _with_contents(
    app: App, wanted: Sequence[Wanted], offers: Mapping[int, Offer]
) -> tuple[list[Wanted], list[Problem]]:
    """The same, with a copy of each held content as the source; and what these copies lack."""
    found, lacking = [], []
    for number, each in enumerate(wanted):
        offer = offers.get(number)
        if offer is None:
            found.append(each)
            continue
        try:
            trouble = copy_of(offer.entry, offer.held, offer.copy)
            found.append(each._replace(source=Seen(offer.copy, app.disk.lstat(offer.copy).fingerprint)))
        except OSError as error:
            if error.errno in FULL:
                raise DiskFull("no room for the contents", path=offer.copy.absolute, hint="free some space") from error
            raise disk_failed(error, offer.copy) from error
        if trouble is not None:
            lacking.append(replace(trouble, path=each.target.absolute))
    return found, lacking


def _order(app: App, prepared: PreparedRestore, wanted: Sequence[Wanted], plan_id: str) -> WorkOrder:
    run = new_run(RunKind.COMMIT, plan_id, prepared.target)
    steps = [
        Step(number, each.source.place, each.target, each.source.fingerprint)
        for number, each in enumerate(wanted, 1)
        if each.source is not None
    ]
    roots = {place.root for place, _ in prepared.found.folders} | {each.target.root for each in wanted}
    made = [each for root in sorted(roots) for each in _missing_root(app, root)]
    entered = {Place(each.target.root, each.target.path.rpartition(b"/")[0]) for each in wanted}
    entered |= {place for place, _ in prepared.found.folders}
    times = [
        (entry.place, entry.fingerprint.mtime_ns)
        for entry in prepared.entries
        if entry.kind is Kind.FOLDER and entry.place in entered
    ]
    return WorkOrder(
        run=run,
        folders=(*made, *prepared.found.folders),
        steps=tuple(in_order(steps, run.run_id)),
        folder_times=tuple(times),
        remove_emptied=True,
    )


def _missing_root(app: App, root: bytes) -> list[tuple[Place, int]]:
    existing = nearest_folder(root)
    missing = components(root[len(existing) :].strip(b"/"))
    modes = NewFolderModes(app.disk, host.folder_mode())
    places = [Place(existing, join(*missing[:depth])) for depth in range(1, len(missing) + 1)]
    return [(place, modes.of(place)) for place in places]


def _plan(app: App, prepared: PreparedRestore, order: WorkOrder, plan_id: str) -> Plan:
    """The plan that the restore is: what undo, proof and history go by."""
    target = prepared.target
    paths = {step.source.root for step in order.steps} | {step.target.root for step in order.steps}
    roots = tuple(Root(path, app.disk.filesystem(Place(path, b""))) for path in sorted(paths - {target}) or [target])
    modes = {each.place: each.mode for each in prepared.entries}
    actions = tuple(
        _action(prepared, step, target, modes.get(step.target) or 0o100644)
        for step in sorted(order.steps, key=lambda step: step.action_id)
        if step.action_id
    )
    return Plan(
        plan_id=plan_id,
        session_id=_session_of(app, prepared, roots),
        target=target,
        target_filesystem=app.disk.filesystem(Place(target, b"")),
        roots=roots,
        created_ns=host.now_ns(),
        policy=Policy(),
        folders=tuple(place.path for place, _ in prepared.found.folders if place.root == target),
        actions=actions,
    )


def _session_of(app: App, prepared: PreparedRestore, roots: Sequence[Root]) -> str:
    """The session of the plan that made the version, else one that is there: a new one would be the last, of which the next plan is
    made, and it holds no files."""
    for info in app.catalogue.plans():
        if info.plan_id == prepared.info.head.plan_id:
            return info.session_id
    sessions = app.catalogue.sessions()
    return sessions[0].session_id if sessions else app.catalogue.session_for(roots, None, host.now_ns())


def _action(prepared: PreparedRestore, step: Step, target: bytes, mode: int) -> Action:
    is_inside = step.target.root == target
    return Action(
        action_id=step.action_id,
        kind=ActionKind.MOVE if is_inside else ActionKind.KEEP,
        root=step.source.root,
        source=step.source.path,
        target=step.target.path if is_inside else None,
        expected=step.expected,
        mode=mode,
        entry_kind=Kind.SYMLINK if mode & 0o170000 == 0o120000 else Kind.FILE,
        category=None,
        score=0.0,
        reason=f"where {prepared.label} had it",
        origin=Origin.USER,
        keep_reason=None if is_inside else KeepReason.EXCLUDED,
    )


def _before(order: WorkOrder, plan_id: str) -> SnapshotHead:
    name = f"before commit of plan {plan_id}"
    return SnapshotHead(secrets.token_hex(5), plan_id, order.run.run_id, host.now_ns(), name, Protection.NAME.value)


def _entries_before(wanted: Sequence[Wanted]) -> Iterator[SnapshotEntry]:
    for each in wanted:
        if each.source is not None:
            place, print_ = each.source
            yield SnapshotEntry(place.root, place.path, print_, None, each.entry.mode)


def with_gone(report: RunReport, prepared: PreparedRestore) -> RunReport:
    """Files that are nowhere, and folders whose disk is not there, count as failures."""
    gone = (*prepared.away, *prepared.found.gone)
    return replace(report, n_failed=report.n_failed + len(gone), problems=(*gone, *report.problems))
