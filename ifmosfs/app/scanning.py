"""Use case: scan folders into a session."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ifmosfs.app.context import App
from ifmosfs.core.errors import RootProblem, UsageProblem
from ifmosfs.core.files import Fingerprint, Place, Root, SkippedEntry, UnreadableEntry
from ifmosfs.core.manifest import ScanDelta, SessionCounts
from ifmosfs.core.names import display, is_within
from ifmosfs.core.scan import ScanResult, ScanRules, scan_root
from ifmosfs.platform import host
from ifmosfs.platform.mounts import mounts, views


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan found. Every entry is in exactly one of found (new, changed, unchanged), skipped and unreadable."""

    session_id: str
    roots: tuple[Root, ...]
    delta: ScanDelta
    counts: SessionCounts
    skipped: tuple[SkippedEntry, ...]
    unreadable: tuple[UnreadableEntry, ...]
    n_folders: int


def scan(app: App, folders: Sequence[bytes], *, tag: str | None = None, excludes: Sequence[str] = ()) -> ScanReport:
    """Walk the folders and bring the session for this set of folders up to date, which keeps the patterns for whoever looks at
    its folders later. Raises `RootProblem`; an interruption leaves the session as it was."""
    paths = check_roots(folders)
    roots = tuple(Root(path, app.disk.filesystem(Place(path, b""))) for path in paths)
    rules = scan_rules(app, (*app.settings.excludes, *excludes))
    results = [walk(app, root.path, rules) for root in roots]
    now_ns = host.now_ns()
    session_id = app.catalogue.session_for(roots, tag, now_ns, excludes)
    deltas = [
        app.catalogue.record_scan(
            session_id, root.path, result.found, result.skipped, result.unreadable, now_ns, _sameness(app, root.path)
        )
        for root, result in zip(roots, results, strict=True)
    ]
    return ScanReport(
        session_id=session_id,
        roots=roots,
        delta=ScanDelta(*(sum(numbers) for numbers in zip(*deltas, strict=True))),
        counts=app.catalogue.session_counts(session_id),
        skipped=tuple(entry for result in results for entry in result.skipped),
        unreadable=tuple(entry for result in results for entry in result.unreadable),
        n_folders=sum(result.n_folders for result in results),
    )


def _sameness(app: App, root: bytes) -> Callable[[Fingerprint, Fingerprint], bool]:
    """What tells that a file is as it was when a root was scanned last."""
    return Fingerprint.same_file if app.disk.keeps_numbers(Place(root, b"")) else Fingerprint.same_but_number


def check_roots(folders: Sequence[bytes]) -> tuple[bytes, ...]:
    """The folders, resolved, without repetitions. Raises `RootProblem` for one that is missing, unreadable, no folder, the
    whole disk, a mounted view, or nested in another."""
    if not folders:
        raise UsageProblem("no folder to scan was named", hint="ifmosfs scan FOLDER")
    paths = tuple(dict.fromkeys(_checked_root(folder) for folder in folders))
    for path in paths:
        for other in paths:
            if path != other and is_within(path, other):
                raise RootProblem(
                    f"this folder lies inside {display(other)}, which is scanned as well",
                    path=path,
                    hint="name only the outer folder",
                )
    return paths


def _checked_root(folder: bytes) -> bytes:
    path = os.path.realpath(folder)
    if not os.path.lexists(path):
        raise RootProblem("no such folder", path=folder, hint="check the spelling; names with spaces need quotes")
    if not os.path.isdir(path):
        raise RootProblem("not a folder", path=folder, hint="name the folder that holds the file")
    if not os.access(path, os.R_OK | os.X_OK):
        raise RootProblem("no permission to read this folder", path=folder, hint="ask its owner, or run as that user")
    if path == b"/":
        raise RootProblem("the whole system cannot be organised", path=path, hint="name a folder of your own files")
    for view in views():
        if is_within(path, view.point):
            raise RootProblem("this is a mounted view, not a folder of files", path=path, hint="scan the original")
    return path


def scan_rules(app: App, excludes: Sequence[str]) -> ScanRules:
    """What a scan by this user leaves out now."""
    return ScanRules(
        reader=host.reader(),
        own_state=app.own_state,
        views=frozenset(view.point for view in views()),
        mount_points=frozenset(mount.point for mount in mounts()),
        excludes=tuple(excludes),
    )


def walk(app: App, root: bytes, rules: ScanRules) -> ScanResult:
    """What is below a root now. Raises `RootProblem`."""
    what = f"Scanning {display(root)}"
    try:
        return scan_root(root, app.disk, rules, lambda n_found: app.progress(what, n_found, None))
    except OSError as error:
        raise RootProblem(f"this folder cannot be scanned ({error.strerror})", path=root) from error
