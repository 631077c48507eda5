"""Use cases: what was done, run by run, and the whole way of one file. Nothing here can be changed: both are read from logs that
only grow, the journal, the log of rollbacks and the log of each plan's edits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from ifmosfs.app.collector import without_collector
from ifmosfs.app.context import App
from ifmosfs.app.rollback_log import commands_of
from ifmosfs.core.edit_log import effective
from ifmosfs.core.errors import NotFound
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.history import MOVING, RunHistory, went_forth
from ifmosfs.core.journal import Journal, OpKind, OpState, Run, RunKind
from ifmosfs.core.manifest import PlanInfo, RollbackEntry, SessionInfo
from ifmosfs.core.names import is_within, join
from ifmosfs.core.plan import Action, ActionKind, Edit, EditKind, EditOrigin
from ifmosfs.core.trail import Hop, Trail, trails
from ifmosfs.core.vault import VAULT_PATH


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A run with the command that it was of, how many files and folders it moved, whether to where the plan wants them or back, how
    many files and empty folders it removed, and for a rollback what was chosen (`None`: it ended before that was recorded)."""

    run: Run
    command: str
    n_moved: int
    is_forth: bool
    n_removed: int
    n_folders_removed: int
    rollback: RollbackEntry | None


class Event(NamedTuple):
    """Something that happened to a file. `what` is one of scanned, classified, staged, edited (its place in the plan), changed (its
    content), moved, put away, moved back, moved forth, restored (from a held content), removed; `old` and `new` are absolute paths,
    or in an edited plan relative ones."""

    at_ns: int
    what: str
    words: str
    plan_id: str | None = None
    run_id: str | None = None
    old: bytes | None = None
    new: bytes | None = None


@dataclass(frozen=True, slots=True)
class FileHistory:
    """One file's way: all names it has had, the present one, whether it is there, and the events, the oldest first."""

    names: tuple[bytes, ...]
    present: bytes
    found: str
    events: tuple[Event, ...]


def logged_runs(app: App, journal: Journal) -> list[LoggedRun]:
    """All runs, oldest first."""
    log = {entry.run_id: entry for entry in app.catalogue.rollbacks()}
    runs = journal.runs()
    forth, commands = went_forth(journal, runs), commands_of(app, runs)
    found = []
    for run in runs:
        done = Counter(row.operation.kind for row in journal.recorded(run.run_id, (OpState.DONE,)))
        n_moved = sum(done[kind] for kind in MOVING)
        is_forth, entry = run.run_id in forth, log.get(run.run_id)
        command, n_removed, n_folders = commands[run.run_id], done[OpKind.REMOVE], done[OpKind.RMDIR]
        found.append(LoggedRun(run, command, n_moved, is_forth, n_removed, n_folders, entry))
    return found


@without_collector()
def file_history(app: App, journal: Journal | None, path: bytes) -> list[FileHistory]:
    """The ways of all files that have, or had, this absolute path. Raises: NotFound where nothing is known of it."""
    runs = [] if journal is None else journal.runs()
    history = [] if journal is None else [_done(journal, run) for run in runs]
    forth = frozenset[str]() if journal is None else went_forth(journal, runs)
    found = trails(history, path) or [Trail(path, ())]
    told = [_told(app, trail, history, forth) for trail in found]
    if not any(each.events for each in told):
        hint = "a name that is not below a scanned folder is not known; ifmosfs history lists all runs"
        raise NotFound("nothing is known of this file", path=path, hint=hint)
    return told


def _done(journal: Journal, run: Run) -> RunHistory:
    return RunHistory(run, tuple(journal.recorded(run.run_id, (OpState.DONE,))))


def _told(app: App, trail: Trail, history: Sequence[RunHistory], forth: Collection[str]) -> FileHistory:
    attr = _look(app, trail.present)
    moved = [*_moved(trail.hops, forth), *_removed(trail.hops, history)]
    events = [*_planned(app, trail), *moved, *_changes(trail.hops, attr)]
    ordered = sorted(events, key=lambda event: event.at_ns)
    return FileHistory(trail.names, trail.present, _found(trail.hops, attr), tuple(ordered))


def _found(hops: Sequence[Hop], attr: Attr | None) -> str:
    if attr is None:
        return "gone"
    if attr.kind is Kind.FOLDER and not (hops and hops[-1].is_folder):
        return "a folder now"
    last = hops[-1].arrived if hops else None
    if last is None or attr.fingerprint.same_file(last) or (hops and hops[-1].is_folder):
        return "there"
    return "edited" if attr.fingerprint.same_inode(last) else "saved anew"


def _moved(hops: Sequence[Hop], forth: Collection[str]) -> Iterator[Event]:
    for hop in hops:
        at_ns, words = hop.run.started_ns, _verb(hop, forth)
        if hop.is_from_held:
            yield Event(
                at_ns, "restored", "from a held content", hop.run.plan_id, hop.run.run_id, hop.source, hop.target
            )
            continue
        yield Event(at_ns, words, words, hop.run.plan_id, hop.run.run_id, hop.source, hop.target)


def _removed(hops: Sequence[Hop], history: Sequence[RunHistory]) -> Iterator[Event]:
    """That the vault was emptied of a file, after the last of its moves had brought it there."""
    if not hops:
        return
    last = hops[-1]
    for each in history:
        for row in each.recorded:
            source = row.operation.source
            is_it = row.operation.kind is OpKind.REMOVE and source is not None and source.absolute == last.target
            if is_it and each.run.started_ns > last.run.started_ns:
                words = "removed from the vault for good; its content was in another place, too"
                yield Event(each.run.started_ns, "removed", words, each.run.plan_id, each.run.run_id, last.target)


def _verb(hop: Hop, forth: Collection[str]) -> str:
    if hop.run.kind is RunKind.COMMIT:
        return "put away" if b"/" + VAULT_PATH + b"/" in hop.target else "moved"
    return "moved forth" if hop.run.run_id in forth else "moved back"


def _changes(hops: Sequence[Hop], attr: Attr | None) -> Iterator[Event]:
    """What others did to the content between the moves, as far as size, time and inode tell."""
    known: Fingerprint | None = None
    for hop in hops:
        yield from _change(known, hop.expected, hop.source)
        known = hop.arrived
    if attr is not None and attr.kind is not Kind.FOLDER and hops:
        yield from _change(known, attr.fingerprint, hops[-1].target)


def _change(before: Fingerprint | None, after: Fingerprint | None, path: bytes) -> Iterator[Event]:
    if before is None or after is None or after.same_file(before):
        return
    words = "edited in place" if after.same_inode(before) else "saved anew"
    yield Event(after.mtime_ns, "changed", words, old=path)


def _planned(app: App, trail: Trail) -> Iterator[Event]:
    """What the catalogue knows: that the file was scanned, classified and planned, under each of its names."""
    sessions = {session.session_id: session for session in app.catalogue.sessions()}
    plans = app.catalogue.plans()
    found = [event for name in trail.names for info in plans for event in _in_plan(app, info, name, sessions)]
    yield from found or (event for name in trail.names for event in _scanned(app, name))


def _in_plan(app: App, info: PlanInfo, name: bytes, sessions: Mapping[str, SessionInfo]) -> Iterator[Event]:
    """What a plan knows of a file that had this name when the plan was made."""
    session = sessions.get(info.session_id)
    scanned_ns = info.created_ns if session is None else min(session.scanned_ns, info.created_ns)
    roots = app.catalogue.load_plan_head(info.plan_id).roots
    places = {Place(root.path, below) for root in roots if (below := _below(name, root.path))}
    for action in app.catalogue.actions_at(info.plan_id, places) if places else ():
        yield Event(scanned_ns, "scanned", f"in session {info.session_id}", info.plan_id, old=name)
        yield from _of_action(info, action, name)
        yield from _edits(app, info, action)


def _scanned(app: App, name: bytes) -> Iterator[Event]:
    """Of a file that was never moved: that it is in the catalogue, and what it is held for."""
    for session in app.catalogue.sessions():
        for root in session.roots:
            path = _below(name, root.path)
            for _, word in app.catalogue.classified_at(session.session_id, root.path, [path] if path else []):
                yield Event(session.scanned_ns, "scanned", f"in session {session.session_id}", old=name)
                if word is not None and word.label is not None:
                    words = f"{word.label} ({word.score:.2f}: {word.reason})"
                    yield Event(session.scanned_ns, "classified", words, old=name)


def _below(path: bytes, root: bytes) -> bytes:
    """An absolute path as one below the root; nothing where it does not lie there."""
    return path[len(root.rstrip(b"/")) + 1 :] if is_within(path, root) else b""


def _of_action(info: PlanInfo, action: Action, name: bytes) -> Iterator[Event]:
    at_ns, plan_id = info.created_ns, info.plan_id
    if action.category is not None:
        words = f"{action.category} ({action.score:.2f}: {action.reason})"
        yield Event(at_ns, "classified", words, plan_id, old=name)
    if action.kind is ActionKind.MOVE and action.target is not None:
        yield Event(at_ns, "staged", "to be moved", plan_id, None, name, join(info.target, action.target))
    elif action.kind is ActionKind.VAULT:
        yield Event(at_ns, "staged", "to be put into the vault", plan_id, old=name)
    else:
        why = "" if action.keep_reason is None else f": {action.keep_reason.value}"
        yield Event(at_ns, "staged", f"to stay{why}", plan_id, old=name)


def _edits(app: App, info: PlanInfo, action: Action) -> Iterator[Event]:
    """The edits in force of a plan that changed where one of its files goes; paths are those of the view."""
    path = action.target if action.kind is ActionKind.MOVE else None
    for edit in effective(app.catalogue.edit_log(info.plan_id)):
        is_own = edit.action_id is not None and edit.action_id == action.action_id
        after, words = _edited(edit, path, is_own=is_own)
        if words:
            yield Event(edit.at_ns, "edited", words, info.plan_id, None, path, after)
            path = after


def _edited(edit: Edit, path: bytes | None, *, is_own: bool) -> tuple[bytes | None, str]:
    """Where an edit brings a file that is at a path of the view, and what it is in words; none where it does not touch it."""
    if path is not None and edit.kind is EditKind.SWAP and edit.target is not None:
        for mine, other in ((edit.path, edit.target), (edit.target, edit.path)):
            if is_within(path, mine):
                return other + path[len(mine) :], "swapped in the plan"
    if not is_own and (path is None or not is_within(path, edit.path)):
        return path, ""
    if edit.kind in {EditKind.MOVE, EditKind.REPLACE} and edit.target is not None:
        below = b"" if path is None or is_own else path[len(edit.path) :]
        return edit.target + below, "moved in the plan"
    if edit.kind is EditKind.EXCLUDE and edit.origin is not EditOrigin.WATCH:
        return None, "left out of the plan"
    if edit.kind is EditKind.VAULT:
        return None, "sent to the vault in the plan"
    return path, ""


def _look(app: App, path: bytes) -> Attr | None:
    with suppress(OSError):
        return app.disk.lstat(Place(b"/", path.lstrip(b"/")))
    return None
