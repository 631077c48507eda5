"""Versions in words and for programs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ifmosfs.cli.common import counted, shown, sized
from ifmosfs.core.files import Kind
from ifmosfs.core.names import components, display

if TYPE_CHECKING:
    from ifmosfs.core.files import Place
    from ifmosfs.core.manifest import SnapshotEntry, SnapshotInfo, VersionInfo


def moment(time_ns: int) -> str:
    """A time as people in this time zone write it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_ns / 1e9))


def version_line(version: VersionInfo, info: SnapshotInfo | None) -> str:
    """One version in one line."""
    parts = [f"{version.version:>4}", moment(version.created_ns), f"{version.kind.value:<8}"]
    if version.run_id is not None:
        parts.append(f"plan {version.plan_id}, {counted(version.n_moved, 'file')} moved")
    parts.append(shown(version.target))
    if info is None:
        parts.append("no manifest")
        return "  ".join(parts)
    if version.run_id is None:
        parts.append(f"“{info.head.name}”")
    held = f", {counted(info.n_held, 'content')} kept ({sized(info.held_bytes)})" if info.n_held else ""
    parts.append(f"{counted(info.n_entries, 'entry')}, {info.head.level}{held}")
    parts.append(info.merkle.hex()[:12])
    return "  ".join(parts)


def version_fields(
    version: VersionInfo, info: SnapshotInfo | None, before: SnapshotInfo | None = None
) -> dict[str, object]:
    """One version for programs."""
    return {
        "version": version.version,
        "kind": version.kind.value,
        "at_ns": version.created_ns,
        "run": version.run_id,
        "plan": version.plan_id,
        "target": version.target,
        "moved": version.n_moved,
        "before": None if before is None else before.head.snapshot_id,
        **snapshot_fields(info),
    }


def snapshot_fields(info: SnapshotInfo | None) -> dict[str, object]:
    """The manifest of a version for programs; all `None` where there is none."""
    return {
        "snapshot": None if info is None else info.head.snapshot_id,
        "name": None if info is None else info.head.name,
        "root_hash": None if info is None else info.merkle.hex(),
        "entries": None if info is None else info.n_entries,
        "protection": None if info is None else info.head.level,
        "held": None if info is None else info.n_held,
        "held_bytes": None if info is None else info.held_bytes,
    }


def entry_fields(entry: SnapshotEntry) -> dict[str, object]:
    """One entry for programs."""
    return {
        "path": entry.place.absolute,
        "kind": entry.kind.value,
        "size": entry.fingerprint.size_bytes,
        "mtime_ns": entry.fingerprint.mtime_ns,
        "protection": None if entry.kind is Kind.FOLDER else (entry.level.value if entry.level else "NAME"),
    }


def tree_lines(marked: Iterable[tuple[Place, str, str]]) -> Iterator[str]:
    """(place, mark, note) of files as a tree: each folder once, indented; the places are given in their order."""
    last: list[bytes] = []
    root: bytes | None = None
    for place, mark, note in marked:
        if place.root != root:
            root, last = place.root, []
            yield shown(root)
        *folders, name = components(place.path)
        common = 0
        while common < min(len(folders), len(last)) and folders[common] == last[common]:
            common += 1
        for depth in range(common, len(folders)):
            yield f"  {'  ' * (depth + 1)}{display(folders[depth])}/"
        last = folders
        yield f"{mark} {'  ' * (len(folders) + 1)}{display(name)}{note}"
