"""Use case: versions. Every run that moves something leaves one, and so does every snapshot that is asked for.

A version's manifest is everything that is in the target when the run has ended, and the places outside it, and in its vault, to
which the run itself has brought something. It is stored wholly or not at all; a version without one says so.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ifmosfs.app.collector import without_collector
from ifmosfs.app.scanning import scan_rules
from ifmosfs.core.errors import Ambiguous, DatabaseDamaged, DiskFull, NotFound
from ifmosfs.core.files import Kind, Place, UnreadableEntry
from ifmosfs.core.inventory import inventory
from ifmosfs.core.journal import Journal, Run, RunKind, RunState
from ifmosfs.core.manifest import Protection, SnapshotEntry, SnapshotHead, SnapshotInfo, VersionInfo, VersionKind
from ifmosfs.core.snapshot import merkle_root
from ifmosfs.core.versions import VersionDiff, diff
from ifmosfs.platform import host

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.store.journal import SqliteJournal

Finished = frozenset[tuple[str, int | None]]
SHORTEST_ID = 4  # characters of one that is all digits: what is shorter is the number of a version
ENDED = frozenset({RunState.COMPLETE, RunState.STOPPED})
KINDS = {RunKind.COMMIT: VersionKind.COMMIT, RunKind.ROLLBACK: VersionKind.ROLLBACK}


def finished_runs(journal: Journal) -> Finished:
    """The runs that have ended, each with when."""
    return frozenset((run.run_id, run.finished_ns) for run in journal.runs() if run.state in ENDED)


@without_collector()
def record_versions(app: App, journal: SqliteJournal, before: Finished) -> None:
    """A version for each run that has ended since `before` and has moved something; the last one gets its manifest,
    for how it was between two of them nobody knows.

    Where the state folder has no room for the manifest the version stays without: the run itself is done.
    """
    ended = [run for run in journal.runs() if run.state in ENDED and (run.run_id, run.finished_ns) not in before]
    moved = [run for run in ended if _add_version(app, journal, run)]
    if not moved or not _wants_manifest(app, moved[-1]):
        return
    run = moved[-1]
    head = SnapshotHead(
        secrets.token_hex(5), run.plan_id, run.run_id, host.now_ns(), f"after {run.kind.value}", Protection.NAME.value
    )
    app.progress("Recording the version", 0, None)
    try:
        with app.disk.looking():
            info = app.catalogue.save_snapshot(head, _manifest(app, journal, run), filesystem=app.filesystem_of)
        app.catalogue.give_manifest(run.run_id, info.head.snapshot_id)
    except DiskFull:
        return


def add_missing_versions(app: App, journal: SqliteJournal) -> None:
    """A version, without a manifest, for each run that was killed before it could leave one."""
    known = {version.run_id for version in app.catalogue.versions()}
    for run in journal.runs():
        if run.state in ENDED and run.run_id not in known:
            _add_version(app, journal, run)


def _add_version(app: App, journal: SqliteJournal, run: Run) -> bool:
    """Whether the run has a version now: it has moved something, and the catalogue knows its plan."""
    n_moved = journal.n_moved(run.run_id)
    if not n_moved or run.plan_id not in {info.plan_id for info in app.catalogue.plans()}:
        return False
    at_ns = run.finished_ns or run.started_ns
    app.catalogue.add_version(run.plan_id, run.run_id, None, run.target, at_ns, n_moved, KINDS[run.kind])
    return True


def _wants_manifest(app: App, run: Run) -> bool:
    """Not after a commit that was to take no snapshot."""
    if run.kind is not RunKind.COMMIT:
        return True
    return any(info.head.run_id == run.run_id for info in app.catalogue.snapshots())


def _manifest(app: App, journal: SqliteJournal, run: Run) -> Iterator[SnapshotEntry]:
    rules, unreadable = scan_rules(app, ()), list[UnreadableEntry]()
    yield from inventory(Place(run.target, b""), app.disk, rules, unreadable)
    for place in journal.arrived_outside(run.run_id):
        try:
            attr = app.disk.lstat(place)
        except OSError:
            continue  # it has gone on since, through a name where it only waited
        yield SnapshotEntry(place.root, place.path, attr.fingerprint, None, attr.mode)
        if attr.kind is Kind.FOLDER:
            yield from inventory(place, app.disk, rules, unreadable)


# Choosing and reading


def find_version(app: App, wanted: str) -> tuple[VersionInfo | None, SnapshotInfo]:
    """The version, or the snapshot, that is meant: by its number, by the name it was given, or by the beginning of its id.

    Raises: NotFound, with what can be done where its manifest is not there; Ambiguous.
    """
    snapshots = {info.head.snapshot_id: info for info in app.catalogue.snapshots()}
    versions = app.catalogue.versions()
    if wanted.isdecimal() and len(wanted) < 10:
        chosen = next((version for version in versions if version.version == int(wanted)), None)
        if chosen is not None:
            return chosen, _manifest_of(chosen, snapshots)
    fitting = [info for info in snapshots.values() if info.head.name == wanted]
    if not (wanted.isdecimal() and len(wanted) < SHORTEST_ID):  # that is a number and nothing else
        fitting = fitting or [info for id_, info in snapshots.items() if id_.startswith(wanted)]
    if not fitting:
        raise NotFound(f"there is no version {wanted!r}", hint="list them: ifmosfs versions list")
    if len(fitting) > 1:
        ids = ", ".join(info.head.snapshot_id for info in fitting)
        raise Ambiguous(f"several snapshots are meant by {wanted!r}", hint=f"name one of: {ids}")
    info = fitting[0]
    return next((one for one in versions if one.snapshot_id == info.head.snapshot_id), None), info


def _manifest_of(version: VersionInfo, snapshots: dict[str, SnapshotInfo]) -> SnapshotInfo:
    if version.snapshot_id is None:
        what = f"version {version.version} has no manifest: it was not taken, or it was pruned"
        hint = "what its run did can still be undone: ifmosfs rollback"
        raise NotFound(what, hint=hint if version.plan_id is None else f"{hint} {version.plan_id}")
    return snapshots[version.snapshot_id]


def read_manifest(app: App, info: SnapshotInfo) -> list[SnapshotEntry]:
    """All entries of a snapshot, proved by their hash.

    Raises: DatabaseDamaged where they are not what was stored, with what can still be done.
    """
    try:
        entries = list(app.catalogue.snapshot_entries(info.head.snapshot_id))
    except DatabaseDamaged as error:  # not even of the kind that was stored
        raise _damaged(app, info) from error
    if (len(entries), merkle_root(entries)) != (info.n_entries, info.merkle):
        raise _damaged(app, info)
    return entries


def _damaged(app: App, info: SnapshotInfo) -> DatabaseDamaged:
    hint = "other versions can be used (ifmosfs versions list); what runs did can still be undone, from the journal"
    if info.head.plan_id is not None:
        hint += f": ifmosfs rollback {info.head.plan_id}"
    return DatabaseDamaged(
        f"the manifest of snapshot {info.head.snapshot_id} is damaged: its hash is not the one it was stored with",
        path=os.fsencode(app.settings.state_folder / "catalogue.db"),
        hint=hint,
    )


@without_collector()
def diff_versions(app: App, before: str, after: str) -> VersionDiff:
    """What is different in the version `after`. Raises as `find_version` and `read_manifest`."""
    infos = [find_version(app, wanted)[1] for wanted in (before, after)]
    try:
        compared = app.catalogue.compare_snapshots(*(info.head.snapshot_id for info in infos))
        wholes = zip(infos, compared.merkles, compared.n_entries, strict=True)
    except (DatabaseDamaged, TypeError, ValueError):  # not even of the kind that was stored
        for info in infos:
            read_manifest(app, info)
        raise
    for info, merkle, n_entries in wholes:
        if (merkle, n_entries) != (info.merkle, info.n_entries):
            raise _damaged(app, info)
    disks = (app.catalogue.snapshot_filesystems(info.head.snapshot_id) for info in infos)
    found = diff(compared.before, compared.after, *disks)
    return replace(found, n_same=found.n_same + compared.n_same)
