"""Reading what is left when a database is lost: the sidecars as stories of their runs, the damaged file as far as it goes.

A damaged file is renamed and kept, never deleted, written to or "repaired".
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ifmosfs.core.files import Place, Root
from ifmosfs.core.journal import SETTLED, Operation, Outcome, Run, RunKind, RunState
from ifmosfs.core.names import CONTROL_NAME, is_within
from ifmosfs.store.records import Finished, PlanHead, Record
from ifmosfs.store.sidecar import Damage, is_sidecar_name, read_sidecar
from ifmosfs.store.state_folder import sync_folder
from ifmosfs.store.trouble import translated

COMPANIONS: Final = (
    "-wal",
    "-shm",
    "-journal",
)  # what SQLite keeps beside a database; useless, or harmful, beside another
HEADER: Final = b"SQLite format 3\0"
Moves = tuple[tuple[bytes, bytes], ...]
"""(old, new) absolute folders: what was below the old one is below the new one now."""


@dataclass(frozen=True, slots=True)
class Story:
    """What one sidecar tells of its run. `run` is as it is to be restored: in need of recovery where an outcome is missing.

    `n_open` operations have none; `head` is missing in sidecars of versions that wrote none, and in those of rollbacks.
    """

    path: bytes
    run: Run
    head: PlanHead | None
    n_operations: int
    n_open: int
    undoes: frozenset[str]  # the runs whose operations it takes back
    damages: tuple[Damage, ...]

    @property
    def home(self) -> bytes:
        """The target that the sidecar lies in, by its own place; empty for one that lies elsewhere."""
        folder, name = os.path.split(os.path.dirname(self.path))
        return folder if name == CONTROL_NAME else b""


def read_story(path: bytes, moves: Moves = ()) -> Story | tuple[Damage, ...]:
    """What the sidecar tells, or all that is wrong with it where it does not even name its run.

    Raises OSError if it cannot be read.
    """
    run: Run | None = None
    head: PlanHead | None = None
    finished: Finished | None = None
    damages: list[Damage] = []
    open_numbers: set[int] = set()
    seen: set[int] = set()
    undoes: set[str] = set()
    for record in moved_records(path, moves):
        match record:
            case Damage():
                damages.append(record)
            case Run():
                run, finished = run or record, None
            case PlanHead():
                head = record
            case Finished():
                finished = record
            case Operation():
                seen.add(record.seq)
                open_numbers.add(record.seq)
                undoes.update([record.inverse_of[0]] if record.inverse_of else [])
            case Outcome() if record.state in SETTLED and record.seq in seen:
                open_numbers.discard(record.seq)
            case _:
                pass
    run = run or _run_by_name(path, head, is_rollback=bool(undoes))
    if run is None:
        return (*damages, Damage(1, "it does not say of which run it is"))
    restored = _as_it_ended(run, finished, is_open=bool(open_numbers))
    return Story(path, restored, head, len(seen), len(open_numbers), frozenset(undoes), tuple(damages))


def _run_by_name(path: bytes, head: PlanHead | None, *, is_rollback: bool) -> Run | None:
    """The run of a sidecar whose first line is damaged, from its name and the line about its plan."""
    name = os.path.basename(path)
    if head is None or not is_sidecar_name(name):
        return None
    run_id = os.fsdecode(name.removeprefix(b"journal-").removesuffix(b".jsonl"))
    kind = RunKind.ROLLBACK if is_rollback else RunKind.COMMIT
    return Run(run_id, kind, head.plan_id, head.target, RunState.RUNNING, head.created_ns, "", 0)


def _as_it_ended(run: Run, finished: Finished | None, *, is_open: bool) -> Run:
    if finished is None:
        return replace(run, state=RunState.RUNNING, finished_ns=None)
    state = RunState.NEEDS_RECOVERY if is_open else finished.state
    return replace(run, state=state, finished_ns=finished.at_ns, message=finished.message)


def operations_and_outcomes(path: bytes, moves: Moves = ()) -> Iterator[Operation | Outcome]:
    """The records of a sidecar that a journal keeps of a run, in order."""
    return (record for record in moved_records(path, moves) if isinstance(record, Operation | Outcome))


def moved_records(path: bytes, moves: Moves) -> Iterator[Record | Damage]:
    """The sidecar's records, with every path where it is now."""
    if not moves:
        return read_sidecar(path)
    return (_moved(record, moves) for record in read_sidecar(path))


def _moved(record: Record | Damage, moves: Moves) -> Record | Damage:
    match record:
        case Run():
            return replace(record, target=moved_path(record.target, moves))
        case PlanHead():
            roots = tuple(Root(moved_path(root.path, moves), root.filesystem) for root in record.roots)
            return replace(record, target=moved_path(record.target, moves), roots=roots)
        case Operation():
            source, target = _moved_place(record.source, moves), _moved_place(record.target, moves)
            return replace(record, source=source, target=target)
        case _:
            return record


def moved_path(path: bytes, moves: Moves) -> bytes:
    """Where an absolute path is now."""
    for old, new in moves:
        if is_within(path, old):
            return new.rstrip(b"/") + path[len(old.rstrip(b"/")) :]
    return path


def _moved_place(place: Place | None, moves: Moves) -> Place | None:
    if place is None:
        return None
    root = moved_path(place.root, moves)
    if root != place.root or not place.path:
        return Place(root, place.path)
    for old, new in moves:  # the folder that moved lies below the root: the new place has the moved folder as its root
        if is_within(place.absolute, old):
            return Place(new, place.absolute[len(old) :].strip(b"/"))
    return place


# Databases


def damage_of(path: Path) -> str | None:
    """Why a database file cannot be used; `None` if it can, if it is empty, or if there is none.

    Raises: DiskFailed, Locked; IfmosfsError where the file cannot be opened.
    """
    with translated(path):
        if not path.exists() or path.stat().st_size == 0:
            return "its content is gone, but not its log" if _has_log(path) else None
        with open(path, "rb") as file:
            if file.read(len(HEADER)) != HEADER:
                return "it is no database any more"
        try:
            with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
                connection.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
                (word,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                return None if word == "ok" else str(word)
        except UnicodeDecodeError:  # of a message that quotes the schema
            return "its schema holds names that are no text"
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}:
                return str(error)
            raise


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def salvaged_runs(path: Path) -> list[tuple[str, bytes]]:
    """(run id, target) of as many runs as a journal, damaged perhaps, still tells of."""
    found: list[tuple[str, bytes]] = []
    with (
        suppress(sqlite3.Error, UnicodeDecodeError),
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection,
    ):
        for run_id, target in connection.execute("SELECT run_id, target FROM runs"):
            if isinstance(run_id, str) and isinstance(target, bytes):
                found.append((run_id, target))
    return found


def copy_files(path: Path, folder: Path) -> None:
    """Copy a database that nobody writes to, as it is, with its logs, to a folder. Raises: DiskFull, DiskFailed."""
    with translated(path):
        for ending in ("", "-wal", "-journal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{ending}", folder / f"{path.name}{ending}")


def copy_catalogue(path: Path, folder: Path) -> None:
    """Copy a database that others may be writing to: through SQLite, in one state; as it is where SQLite cannot read it."""
    if not path.exists():
        return
    try:
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1.0)) as source,
            closing(sqlite3.connect(folder / path.name)) as made,
        ):
            source.backup(made)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        (folder / path.name).unlink(missing_ok=True)
        copy_files(path, folder)


def set_aside(path: Path, now_ns: int) -> Path | None:
    """Give a database, and what SQLite keeps beside it, a dated name; where it is now, `None` if there was nothing.

    Durable when it returns; nothing is overwritten. Raises: DiskFull, DiskFailed.
    """
    day = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_ns / 1e9))
    aside = _free_name(path.with_name(f"{path.name}.damaged-{day}"))
    with translated(path):
        was_there = path.exists()
        for ending in ("", *COMPANIONS):
            with suppress(FileNotFoundError):
                os.rename(f"{path}{ending}", f"{aside}{ending}")
        sync_folder(path.parent)
    return aside if was_there else None


def _free_name(wanted: Path) -> Path:
    name, number = wanted, 1
    while any(Path(f"{name}{ending}").exists() for ending in ("", *COMPANIONS)):
        number += 1
        name = wanted.with_name(f"{wanted.name}-{number}")
    return name


def put_in_place(made: Path, path: Path) -> None:
    """Give a database that was made under another name, and closed, its own, durably. Raises: DiskFull, DiskFailed."""
    with translated(path):
        _sync(made)
        os.rename(made, path)
        sync_folder(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard_draft(path: Path) -> None:
    """Remove a draft of ours that an earlier attempt left."""
    with translated(path):
        for ending in ("", *COMPANIONS):
            with suppress(FileNotFoundError):
                os.unlink(f"{path}{ending}")


def in_order(stories: list[Story]) -> list[Story]:
    """The stories, the oldest first; clocks go wrong, so none comes before one whose operations it takes back."""
    by_id = {story.run.run_id: story for story in stories}
    ordered: dict[str, Story] = {}

    def add(story: Story) -> None:
        if story.run.run_id in ordered:
            return
        for run_id in sorted(story.undoes - {story.run.run_id}):
            if run_id in by_id and story.run.run_id not in by_id[run_id].undoes:
                add(by_id[run_id])
        ordered[story.run.run_id] = story

    for story in sorted(stories, key=lambda each: (each.run.started_ns, each.run.run_id)):
        add(story)
    return list(ordered.values())
