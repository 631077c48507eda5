"""Use cases: say whether a folder is good to be scanned or organised into, and whether a session still is what was scanned.

Nothing here changes anything, neither on the disk nor in the catalogue.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ifmosfs.app.checks import permissions
from ifmosfs.app.context import App
from ifmosfs.app.scanning import scan_rules, walk
from ifmosfs.app.staging import nearest_folder
from ifmosfs.core.effects import lstat_or_none
from ifmosfs.core.errors import RootProblem
from ifmosfs.core.files import Kind, Place, Root
from ifmosfs.core.manifest import SessionInfo
from ifmosfs.core.names import WINDOWS_FOLDER_UNITS, NameRules, is_within, utf16_units
from ifmosfs.core.ports import Space
from ifmosfs.core.reports import WORDS, Problem, problem
from ifmosfs.core.validation import NOTHING, Finding, Level
from ifmosfs.platform.mounts import mount_of, views
from ifmosfs.platform.places import Nature, is_system, nature_of

SHORTEST_LAYOUT = 12  # UTF-16 units: a folder and a name of the old kind must fit below a target


class Use(Enum):
    """What a folder can be wanted for."""

    SCAN = "scan"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """What a folder is, and what speaks against each use of it. `path` is resolved; of one that does not exist yet the
    filesystem is that of the nearest folder above it."""

    path: bytes
    exists: bool
    readable: bool
    writable: bool
    filesystem: str
    fstype: str
    nature: Nature
    space: Space
    names: NameRules
    findings: Mapping[Use, tuple[Finding, ...]]

    def is_good(self, use: Use) -> bool:
        """Whether nothing speaks against a use."""
        return not self.findings[use]


@dataclass(frozen=True, slots=True)
class SessionReport:
    """How a session compares with the disk now: every scanned file is unchanged, changed or vanished; `n_new` came later."""

    session_id: str
    n_unchanged: int
    n_changed: int
    n_vanished: int
    n_new: int
    n_unclassified: int
    findings: tuple[Finding, ...]


def inspect_place(app: App, folder: bytes, level: Level, *, windows: bool) -> PlaceReport:
    """Look at a folder, which need not exist."""
    path = os.path.realpath(folder)
    found = _Against(level)
    exists = os.path.lexists(path)
    near = nearest_folder(path)
    if not exists:
        found.add("not-there", path, Use.SCAN)
    if not os.path.isdir(near):
        found.add("not-a-folder", near)
        near = os.path.dirname(near)
    place = Place(near, b"")
    readable = os.path.isdir(path) and os.access(path, os.R_OK | os.X_OK)
    if os.path.isdir(path) and not readable:
        found.add("not-readable", path)
    shut = permissions(app).problem(place, app.disk.lstat(place))
    if shut is not None:
        found.problem(shut)
    space = app.disk.space(place)
    if space.lacks_blocks(1):
        found.add("no-space-at-all", near, Use.TARGET)
    _add_kind_of_place(app, path, found)
    nature = nature_of(near)
    if nature is not Nature.LOCAL:
        found.add("special-place", path, level=Level.STRICT, words=f"this is {nature.value}")
    if (windows or app.settings.windows_names) and utf16_units(path) > WINDOWS_FOLDER_UNITS - SHORTEST_LAYOUT:
        found.add("windows-path-too-long", path, Use.TARGET)
    mount = mount_of(near)
    return PlaceReport(
        path=path,
        exists=exists,
        readable=readable,
        writable=shut is None and (os.path.isdir(path) or not exists),
        filesystem=app.disk.filesystem(place),
        fstype="unknown" if mount is None else mount.fstype,
        nature=nature,
        space=space,
        names=app.disk.name_rules(place),
        findings={use: tuple(findings) for use, findings in found.by_use.items()},
    )


def inspect_session(app: App, info: SessionInfo, level: Level) -> SessionReport:
    """Walk the roots again and compare, with the exclusions of the configuration. The catalogue stays as it is."""
    found: list[Finding] = []
    counts: Counter[str] = Counter()
    for root in info.roots:
        trouble = _root_trouble(app, root)
        if trouble is not None:
            found.append(Finding(problem(trouble, root.path), Level.NORMAL, NOTHING))
        if trouble in ABSENT:
            counts["vanished"] += len(app.catalogue.known_files(info.session_id, root.path))
        else:
            counts += _compare(app, info, root, found)
    n_open = info.counts.n_files - info.counts.n_classified
    if n_open and info.roots:
        words = f"{WORDS['not-classified']} ({n_open:,} of {info.counts.n_files:,} are left)"
        unclassified = problem("not-classified", info.roots[0].path, words=words)
        found.append(Finding(unclassified, Level.STRICT, NOTHING))
    counted = tuple(each for each in found if level is Level.STRICT or each.level is Level.NORMAL)
    numbers = (counts["unchanged"], counts["changed"], counts["vanished"], counts["new"])
    return SessionReport(info.session_id, *numbers, n_open, counted)


ABSENT = frozenset({"root-missing", "root-empty"})


class _Against:
    """What speaks against each use, as far as it counts at a level."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self.by_use: dict[Use, list[Finding]] = {use: [] for use in Use}

    def add(self, code: str, path: bytes, *uses: Use, level: Level = Level.NORMAL, words: str | None = None) -> None:
        self.problem(problem(code, path, words=words), *uses, level=level)

    def problem(self, found: Problem, *uses: Use, level: Level = Level.NORMAL) -> None:
        if level is Level.STRICT and self._level is Level.NORMAL:
            return
        for use in uses or tuple(Use):
            self.by_use[use].append(Finding(found, level, NOTHING))


def _add_kind_of_place(app: App, path: bytes, found: _Against) -> None:
    own = (*app.own_state, *(view.point for view in views()))
    if any(is_within(path, folder) for folder in own):
        found.add("own-place", path)
    elif any(is_within(folder, path) for folder in app.own_state):
        found.add("own-place", path, Use.TARGET)
    if is_system(path):
        found.add("system-folder", path)
    if path == os.path.realpath(os.fsencode(app.settings.home)):
        found.add("home-root", path, level=Level.STRICT)


def _root_trouble(app: App, root: Root) -> str | None:
    place = Place(root.path, b"")
    attr = lstat_or_none(app.disk, place)
    if attr is None or attr.kind is not Kind.FOLDER:
        return "root-missing"
    if _is_empty(app, place):
        return "root-empty"
    return "filesystem-changed" if app.disk.filesystem(place) != root.filesystem else None


def _is_empty(app: App, place: Place) -> bool:
    try:
        return not app.disk.list_folder(place)
    except PermissionError:
        return False


def _compare(app: App, info: SessionInfo, root: Root, found: list[Finding]) -> Counter[str]:
    known = app.catalogue.known_files(info.session_id, root.path)
    excludes = app.catalogue.session_excludes(info.session_id)
    counts: Counter[str] = Counter()
    try:
        result = walk(app, root.path, scan_rules(app, (*app.settings.excludes, *excludes)))
    except RootProblem:
        found.append(Finding(problem("not-readable", root.path), Level.NORMAL, NOTHING))
        return counts
    for file in result.found:
        before = known.pop(file.path, None)
        state = "new" if before is None else "unchanged"
        if before is not None and not file.fingerprint.same_file(before[1]):
            state = "changed"
        counts[state] += 1
        if state != "unchanged":
            level = Level.STRICT if state == "new" else Level.NORMAL
            words = "the file changed since it was scanned" if state == "changed" else None
            found.append(Finding(problem(state, Place(root.path, file.path).absolute, words=words), level, NOTHING))
    gone = (problem("vanished", Place(root.path, path).absolute) for path in sorted(known))
    found += [Finding(each, Level.NORMAL, NOTHING) for each in gone]
    counts["vanished"] += len(known)
    return counts
