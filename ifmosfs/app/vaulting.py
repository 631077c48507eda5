"""Use cases: what lies in the vaults of the targets, and bringing it back.

A restore is a run like a rollback: each file's move is the inverse of the one that brought it into the vault, so a later rollback
of the plan knows that it has left, and the run can be recovered and undone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ifmosfs.app.checks import refuse_read_only
from ifmosfs.app.committing import new_run, plan_history
from ifmosfs.app.context import App
from ifmosfs.app.rollback_log import OF_VAULT, log_counts
from ifmosfs.app.staging import nearest_folder
from ifmosfs.app.undoing import followed_history
from ifmosfs.core.errors import Ambiguous, NotFound, TargetProblem, UsageProblem
from ifmosfs.core.execute import WorkOrder, execute
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.folders import DoomedFolder
from ifmosfs.core.history import Standing, standing
from ifmosfs.core.inheriting import NewFolderModes
from ifmosfs.core.journal import Journal, OpKind, RunKind
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.names import ancestors, join, split, with_suffix_before_extension
from ifmosfs.core.renumbered import retold
from ifmosfs.core.reports import RunReport
from ifmosfs.core.steps import Step
from ifmosfs.core.vault import VAULT_PATH, Section, in_vault, origin_of
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.store.journal import SqliteJournal

NAME_MAX_BYTES = 255


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """A file that a commit has put into the vault and that no run has taken out since.

    `entry_id` names it for `restore`. `was` is where it came from; `section` says whether it was replaced there or lost.
    `size_bytes` and `since_ns` are those of the move. `found`: `there`, `changed` since, or `missing` from its place.
    """

    entry_id: str
    plan_id: str
    section: Section | None
    place: Place
    was: Place
    size_bytes: int
    since_ns: int
    found: str
    moved: Standing


@dataclass(frozen=True, slots=True)
class VaultUse:
    """How much lies in the vault of a target, counted on the disk, whoever put it there."""

    target: bytes
    n_files: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore of one plan's entries did: where each was to go and whether it has left the vault, in their order."""

    plan_id: str
    entries: tuple[VaultEntry, ...]
    places: tuple[Place, ...]
    are_back: tuple[bool, ...]
    report: RunReport


def vault_entries(app: App, journal: Journal, plans: Iterable[PlanInfo]) -> list[VaultEntry]:
    """What commits of these plans have put away, oldest plan first. Raises `RecoveryNeeded` where a run did not finish."""
    return [entry for info in plans for entry in _entries_of(app, journal, info)]


def vault_use(app: App) -> list[VaultUse]:
    """The vaults of all targets, those with nothing in them left out. Looks at the disk only, so it needs no lock."""
    targets = dict.fromkeys(info.target for info in app.catalogue.plans())
    found = [_use_of(target) for target in targets]
    return [use for use in found if use.n_files]


@dataclass(frozen=True, slots=True)
class ChosenEntries:
    """The entries that are named, and the names of which there is none (any more)."""

    entries: tuple[VaultEntry, ...]
    absent: tuple[bytes, ...]


def choose_entries(entries: Sequence[VaultEntry], wanted: Sequence[bytes]) -> ChosenEntries:
    """The entries that are named, by id or by the absolute path that they had. Raises: NotFound where there is none, Ambiguous."""
    chosen: dict[str, VaultEntry] = {}
    absent: list[bytes] = []
    for name in wanted:
        fitting = [each for each in entries if name in (each.entry_id.encode(), each.was.absolute)]
        if not fitting:
            absent.append(name)
            continue
        if len(fitting) > 1:
            ids = ", ".join(each.entry_id for each in fitting)
            raise Ambiguous("several files in the vault came from here", path=name, hint=f"name one of: {ids}")
        chosen[fitting[0].entry_id] = fitting[0]
    if not chosen:
        raise NotFound("no such file in the vault", path=absent[0], hint="list them: ifmosfs vault list")
    return ChosenEntries(tuple(chosen.values()), tuple(absent))


def restore(app: App, journal: SqliteJournal, entries: Sequence[VaultEntry], to: bytes | None) -> list[Restored]:
    """Move files out of the vault: back to their old places, or to a path, or into a folder `to`. Where the name is taken, a
    free one beside it; nothing is overwritten. One run per plan.

    Raises: NotFound for an entry that is not there any more; TargetProblem for a place that cannot be, or is on a disk that is
    mounted read-only; DiskFailed.
    """
    taken: set[bytes] = set()
    places = [_free_place(app, _wanted_place(entry, to, n_entries=len(entries)), taken) for entry in entries]
    by_plan: dict[str, list[int]] = {}
    for at, entry in enumerate(entries):
        if _look(app, entry.place) is None:
            raise NotFound("it is not in the vault any more", path=entry.place.absolute, hint="ifmosfs vault list")
        by_plan.setdefault(entry.plan_id, []).append(at)
    refuse_read_only(app, (place.root for place in (*places, *(entry.place for entry in entries))))
    return [
        _restore_of(app, journal, [entries[at] for at in numbers], [places[at] for at in numbers])
        for numbers in by_plan.values()
    ]


def _entries_of(app: App, journal: Journal, info: PlanInfo) -> list[VaultEntry]:
    history = retold(plan_history(journal, info.plan_id), app.disk)
    followed = standing(followed_history(journal, history).history)
    still_there = {each.key for each in _moves_into(followed, info.target)}
    since = {each.run.run_id: each.run.finished_ns or each.run.started_ns for each in history}
    put_away = [each for each in _moves_into(standing(history), info.target) if each.key in still_there]
    # After a rollback was undone both the first move into the vault and the one that has repeated it hold; it is one file.
    first = {each.operation.target: each for each in put_away}
    latest = {each.operation.target: since[each.run_id] for each in reversed(put_away)}
    entries = [_entry(app, info, each, latest[place]) for place, each in first.items()]
    return list(reversed(entries))


def _moves_into(found: Sequence[Standing], target: bytes) -> list[Standing]:
    return [
        each
        for each in found
        if each.operation.kind is OpKind.MOVE
        and each.operation.target is not None
        and in_vault(each.operation.target, target)
    ]


def _entry(app: App, info: PlanInfo, moved: Standing, since_ns: int) -> VaultEntry:
    operation = moved.operation
    assert operation.source is not None
    assert operation.target is not None
    origin = origin_of(operation.target.path)
    size = moved.base or operation.expected
    return VaultEntry(
        entry_id=f"{moved.run_id}-{operation.seq}",
        plan_id=info.plan_id,
        section=None if origin is None else origin.section,
        place=operation.target,
        was=operation.source,
        size_bytes=0 if size is None else size.size_bytes,
        since_ns=since_ns,
        found=_found(_look(app, operation.target), moved.base),
        moved=moved,
    )


def _found(attr: Attr | None, base: Fingerprint | None) -> str:
    if attr is None:
        return "missing"
    return "there" if base is None or attr.fingerprint.same_file(base) else "changed"


def _look(app: App, place: Place) -> Attr | None:
    """What is at a place; `None` for nothing, and for what cannot be looked at."""
    try:
        return app.disk.lstat(place)
    except OSError:
        return None


def _use_of(target: bytes) -> VaultUse:
    n_files = n_bytes = 0
    for folder, _, names in os.walk(Place(target, VAULT_PATH).absolute):
        for name in names:
            try:
                n_bytes += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue  # it went meanwhile
            n_files += 1
    return VaultUse(target, n_files, n_bytes)


def _wanted_place(entry: VaultEntry, to: bytes | None, n_entries: int) -> Place:
    """Where an entry is to go, by a root that exists."""
    if to is None:
        if not os.path.isdir(entry.was.root):
            hint = "say where it is to go: --to FOLDER"
            raise TargetProblem("the folder it came from is not there any more", path=entry.was.root, hint=hint)
        return entry.was
    path = os.path.realpath(to)
    if os.path.isdir(path):
        return Place(path, split(entry.was.path)[1])
    if n_entries > 1:
        raise UsageProblem(f"{n_entries} files cannot all have one name", hint="let --to name a folder that exists")
    root = nearest_folder(path)
    if not os.path.isdir(root):
        raise TargetProblem("something that is no folder stands on the way", path=root, hint="choose another place")
    return Place(root, path[len(root) :].strip(b"/"))


def _free_place(app: App, wanted: Place, taken: set[bytes]) -> Place:
    """The wanted place, or a free one beside it: `name (from vault).ext`, `name (from vault 2).ext`."""
    folder, name = split(wanted.path)
    place, number = wanted, 1
    while place.absolute in taken or _look(app, place) is not None:
        suffix = b" (from vault)" if number == 1 else b" (from vault %d)" % number
        place = Place(wanted.root, join(folder, with_suffix_before_extension(name, suffix, NAME_MAX_BYTES)))
        number += 1
    taken.add(place.absolute)
    return place


def _restore_of(app: App, journal: SqliteJournal, entries: Sequence[VaultEntry], places: Sequence[Place]) -> Restored:
    plan_id, target = entries[0].plan_id, entries[0].place.root
    order = WorkOrder(
        run=new_run(RunKind.ROLLBACK, plan_id, target, OF_VAULT),
        folders=tuple(_missing_folders(app, places)),
        steps=tuple(_step(app, entry, place) for entry, place in zip(entries, places, strict=True)),
        remove_folders=tuple(emptied_folders(app, journal, plan_id, target)),
    )
    report = execute(order, app.disk, journal, now_ns=host.now_ns)
    are_back = tuple(_look(app, entry.place) is None for entry in entries)
    n_back, n_conflicts = sum(are_back), report.n_conflicts
    # The report counts no files that the target had: they are of no action.
    log_counts(app, plan_id, report.run_id, OF_VAULT, n_back, n_conflicts, len(entries) - n_back - n_conflicts)
    app.record_versions(journal)
    return Restored(plan_id, tuple(entries), tuple(places), are_back, report)


def _step(app: App, entry: VaultEntry, place: Place) -> Step:
    action_id, expected = entry.moved.operation.action_id, app.disk.lstat(entry.place).fingerprint
    return Step(action_id, entry.place, place, expected, inverse_of=entry.moved.key)


def _missing_folders(app: App, places: Sequence[Place]) -> list[tuple[Place, int]]:
    folders: dict[Place, int] = {}
    modes = NewFolderModes(app.disk, host.folder_mode())
    for place in places:
        for path in ancestors(place.path):
            folder = Place(place.root, path)
            attr = _look(app, folder)
            if attr is None:
                folders[folder] = modes.of(folder)
            elif attr.kind is not Kind.FOLDER:
                hint = "move it away, or say where the file is to go: --to FOLDER"
                raise TargetProblem("something that is no folder stands on the way", path=folder.absolute, hint=hint)
    return sorted(folders.items(), key=lambda item: item[0].absolute.count(b"/"))


def emptied_folders(app: App, journal: Journal, plan_id: str, target: bytes) -> list[DoomedFolder]:
    """The folders of the vault that the plan's runs have made, deepest first; those that are empty in the end go."""
    made = [
        DoomedFolder(each.operation.target, each.key)
        for each in standing(plan_history(journal, plan_id))
        if each.operation.kind is OpKind.MKDIR
        and each.operation.target is not None
        and in_vault(each.operation.target, target)
        and _look(app, each.operation.target) is not None
    ]
    return sorted(made, key=lambda each: -each.place.path.count(b"/"))
