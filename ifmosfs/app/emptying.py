"""Use case: empty the vaults of what is elsewhere, too.

A file goes only if its whole content has been read in another place; of several in the vault that are alike and nowhere else, the
newest stays. What stays is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ifmosfs.app.checks import refuse_read_only
from ifmosfs.app.committing import Stop, new_run
from ifmosfs.app.holders import Holder, Holders
from ifmosfs.app.rollback_log import OF_VAULT, VAULT_EMPTIED, log_counts, log_report
from ifmosfs.app.vaulting import VaultEntry, emptied_folders, vault_entries
from ifmosfs.core.emptying import Removal, RemovalReport, remove_held_elsewhere
from ifmosfs.core.execute import WorkOrder, execute
from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.folders import DoomedFolder
from ifmosfs.core.journal import RunKind
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.reports import Problem
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.store.journal import SqliteJournal


@dataclass(frozen=True, slots=True)
class Expendable:
    """A file of the vault whose content another place has."""

    entry: VaultEntry
    expected: Fingerprint
    holder: Holder


@dataclass(frozen=True, slots=True)
class PreparedEmpty:
    """What would go, and what would stay, each with why. `half_done` are plans, each with its target, in whose vault an interrupted
    emptying has left empty folders."""

    expendable: tuple[Expendable, ...]
    kept: tuple[tuple[VaultEntry, str], ...]
    holders: Holders
    half_done: tuple[tuple[str, bytes], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not self.expendable and not self.half_done

    @property
    def n_bytes(self) -> int:
        """What the files that would go hold."""
        return sum(each.expected.size_bytes for each in self.expendable)


def prepare_empty(
    app: App, journal: SqliteJournal, plans: Sequence[PlanInfo], older_than_ns: int | None
) -> PreparedEmpty:
    """Look for other holders of all that has been in the vaults of these plans for long enough. Changes nothing.

    Raises: TargetProblem for a vault on a disk that is mounted read-only.
    """
    limit = host.now_ns() - (older_than_ns or 0)
    entries = [each for each in vault_entries(app, journal, plans) if each.found != "missing"]
    old = [each for each in entries if older_than_ns is None or each.since_ns < limit]
    attrs = {each.entry_id: app.disk.lstat(each.place) for each in old}
    sizes = {attr.size_bytes for attr in attrs.values()}
    holders = Holders(app, sizes, [each.place.absolute for each in old])
    expendable: list[Expendable] = []
    kept: list[tuple[VaultEntry, str]] = []
    only: dict[bytes, Holder] = {}
    for number, each in enumerate(sorted(old, key=lambda one: -one.since_ns)):
        app.progress("Looking for other holders", number, len(old))
        attr = attrs[each.entry_id]
        if attr.kind is not Kind.FILE:
            kept.append((each, "a link, which nothing else can be proved to have"))
            continue
        try:
            digest = app.disk.digest(each.place)
        except OSError as error:
            kept.append((each, f"it cannot be read: {error.strerror}"))
            continue
        holder = holders.find(digest, attr.fingerprint) or _another(only.get(digest), each.place, attr.fingerprint)
        if holder is None:
            only[digest] = Holder(each.place, attr.fingerprint)
            kept.append((each, "no other place is known to have its content"))
        else:
            expendable.append(Expendable(each, attr.fingerprint, holder))
    going = {(each.entry.plan_id, each.entry.place.root) for each in expendable}
    vaults = [(info.plan_id, info.target) for info in plans if (info.plan_id, info.target) not in going]
    half_done = tuple(each for each in vaults if _doomed_folders(app, journal, *each))
    refuse_read_only(app, (target for _, target in (*going, *half_done)))
    return PreparedEmpty(tuple(expendable), tuple(kept), holders, half_done)


def _another(holder: Holder | None, place: Place, removed: Fingerprint) -> Holder | None:
    """The holder, if it is another file, and not the very one that is to be removed."""
    if holder is None or holder.place == place or holder.fingerprint.same_inode(removed):
        return None
    return holder


def run_empty(app: App, journal: SqliteJournal, prepared: PreparedEmpty, stop: Stop) -> list[RemovalReport]:
    """Remove what would go, one run for each plan, and the folders of the vault that this empties. Raises: DiskFailed, DiskFull."""
    by_plan: dict[tuple[str, bytes], list[Expendable]] = {}
    for each in prepared.expendable:
        by_plan.setdefault((each.entry.plan_id, each.entry.place.root), []).append(each)
    for plan_id, target in prepared.half_done:
        _tidy(app, journal, plan_id, target)
    return [
        _run_of(app, journal, plan_id, target, some, prepared.holders, stop)
        for (plan_id, target), some in by_plan.items()
    ]


def tidy_vaults(app: App, journal: SqliteJournal, plans: Sequence[PlanInfo]) -> None:
    """Remove the folders of these plans' vaults that a run which was killed has left empty, so far as they may be written to."""
    for info in plans:
        if _doomed_folders(app, journal, info.plan_id, info.target) and not _is_read_only(app, info.target):
            _tidy(app, journal, info.plan_id, info.target, OF_VAULT)


def _is_read_only(app: App, target: bytes) -> bool:
    return app.disk.space(Place(target, b"")).read_only


def _tidy(
    app: App, journal: SqliteJournal, plan_id: str, target: bytes, selection: str = VAULT_EMPTIED
) -> tuple[Problem, ...]:
    """Remove the folders of the vault that are empty now; what has kept some of them there."""
    doomed = _doomed_folders(app, journal, plan_id, target)
    if not doomed:
        return ()
    order = WorkOrder(new_run(RunKind.ROLLBACK, plan_id, target, selection), remove_folders=doomed)
    report = execute(order, app.disk, journal, now_ns=host.now_ns)
    log_report(app, plan_id, selection, report)
    return report.problems


def _doomed_folders(app: App, journal: SqliteJournal, plan_id: str, target: bytes) -> tuple[DoomedFolder, ...]:
    """The folders that a plan has made in the vault, if any of them is empty: it goes, and those above it that are empty then."""
    found = tuple(emptied_folders(app, journal, plan_id, target))
    return found if any(not app.disk.list_folder(each.place) for each in found) else ()


def _is_held(holders: Holders, holder: Holder, removal: Removal) -> bool:
    """Asked right before the removal, which nothing takes back: whether another file has the content still."""
    return _another(holder, removal.place, removal.expected) is not None and holders.still_holds(holder)


def _run_of(
    app: App,
    journal: SqliteJournal,
    plan_id: str,
    target: bytes,
    expendable: Sequence[Expendable],
    holders: Holders,
    stop: Stop,
) -> RemovalReport:
    holder_of: dict[Place, Holder] = {each.entry.place: each.holder for each in expendable}
    removals = [
        Removal(each.entry.place, each.expected, each.entry.moved.operation.action_id, each.entry.moved.key)
        for each in expendable
    ]
    report = remove_held_elsewhere(
        new_run(RunKind.ROLLBACK, plan_id, target, VAULT_EMPTIED),
        removals,
        app.disk,
        journal,
        still_held=lambda removal: _is_held(holders, holder_of[removal.place], removal),
        now_ns=host.now_ns,
        stop=stop,
    )
    log_counts(app, plan_id, report.run_id, VAULT_EMPTIED, len(report.removed), len(report.problems))
    return replace(report, problems=(*report.problems, *_tidy(app, journal, plan_id, target)))
