"""Plans in words: the numbers, the tree of folders with counts, and what stays, by reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import counted, shown
from ifmosfs.core.names import ancestors, display, split
from ifmosfs.core.outcomes import Outcome
from ifmosfs.core.plan import KeepReason

if TYPE_CHECKING:
    from ifmosfs.app.staging import StageReport
    from ifmosfs.core.manifest import PlanInfo
    from ifmosfs.core.tree import PlannedFolder, PlanTree

KEEP_WORDS = {
    KeepReason.UNSURE: "unsure what they are",
    KeepReason.CONFLICT: "in conflict",
    KeepReason.EXCLUDED: "left out",
    KeepReason.UNREADABLE: "unreadable",
    KeepReason.LINK: "symbolic links",
    KeepReason.PROJECT: "part of a checkout or project",
    KeepReason.DUPLICATE: "there already",
    KeepReason.BUSY: "being written",
    KeepReason.CLOUD: "online only",
}


def show_report(report: StageReport) -> None:
    """The numbers of a plan; they add up to what was scanned."""
    click.echo(f"Plan {report.plan_id}: {counted(report.n_planned, 'file')} to {shown(report.target)}")
    for folder, n_files in sorted(report.top_folders.items()):
        click.echo(f"  {n_files:>7,}  {f'{display(folder)}/' if folder else '(in it, and in no folder)'}")
    for line in _outcome_lines(report):
        click.echo(line)
    click.echo(f"{report.n_scanned:,} scanned = {report.n_planned:,} planned{_rest(report)}")


OUTCOME_WORDS = {
    Outcome.NUMBERED: "numbered",
    Outcome.REPLACING: "replacing what has their name",
    Outcome.VAULTED: "to the vault",
    Outcome.STAYING: "staying in conflict",
    Outcome.DUPLICATE: "there already",
    Outcome.VERSION: "beside another version",
}


def _outcome_lines(report: StageReport) -> list[str]:
    """What became of the files whose name was taken; nothing where there were none."""
    parts = [f"{n_files:,} {OUTCOME_WORDS[outcome]}" for outcome, n_files in report.outcomes.items()]
    return [f"Conflicts: {', '.join(parts)}"] if parts else []


def _keep_words(reason: KeepReason, n_files: int) -> str:
    words = KEEP_WORDS[reason]
    if n_files != 1:
        return words
    return {KeepReason.LINK: "symbolic link"}.get(reason, words)


def _rest(report: StageReport) -> str:
    parts = [
        f" + {n_files:,} {_keep_words(reason, n_files)}"
        for reason, n_files in sorted(report.kept.items(), key=lambda row: -row[1])
    ]
    if report.n_vaulted:
        parts.insert(0, f" + {report.n_vaulted:,} to the vault")
    if report.n_skipped:
        parts.append(f" + {report.n_skipped:,} skipped")
    if report.n_unreadable:
        parts.append(f" + {report.n_unreadable:,} unreadable folders")
    return "".join(parts)


def report_fields(report: StageReport) -> dict[str, object]:
    """The same for programs."""
    return {
        "plan": report.plan_id,
        "session": report.session_id,
        "target": report.target,
        "planned": report.n_planned,
        "new_folders": report.n_new_folders,
        "vault": report.n_vaulted,
        "conflicts": {outcome.value: n_files for outcome, n_files in report.outcomes.items()},
        "staying": {reason.value: n_files for reason, n_files in report.kept.items()},
        "skipped": report.n_skipped,
        "unreadable": report.n_unreadable,
        "scanned": report.n_scanned,
    }


def show_tree(tree: PlanTree, made: Iterable[PlannedFolder], depth: int, n_named: int) -> None:
    """The organised layout to a depth, each folder with the number of files below it, then the first few files of each. `made`: the
    folders that commit makes."""
    new = {folder.path for folder in made}
    names: dict[bytes, list[bytes]] = defaultdict(list)
    below: Counter[bytes] = Counter()
    for move in tree.moves():
        parent, name = split(move.target)
        names[parent].append(name)
        below.update(ancestors(move.target))
    click.echo(f"{shown(tree.plan.target)}/")
    for folder in sorted(tree.folders(), key=lambda folder: folder.path):
        level = folder.path.count(b"/")
        if level >= depth:
            continue
        indent = "  " * (level + 1)
        is_new = "" if folder.path in new else "  (is there already)"
        click.echo(f"{indent}{display(split(folder.path)[1])}/  {below[folder.path]:,}{is_new}")
        _show_names(names[folder.path], n_named, indent + "  ")
    _show_names(names[b""], n_named, "  ")


def _show_names(names: list[bytes], n_named: int, indent: str) -> None:
    for name in sorted(names)[:n_named]:
        click.echo(f"{indent}{display(name)}")
    if n_named and len(names) > n_named:
        click.echo(f"{indent}… {len(names) - n_named:,} more")


def show_kept(tree: PlanTree, n_named: int) -> None:
    """What stays, by reason, the first few files of each with the plan's word on them."""
    by_reason: dict[KeepReason, list[tuple[bytes, str]]] = defaultdict(list)
    for action, reason in tree.kept():
        by_reason[reason].append((action.source_place.absolute, action.reason))
    for reason, rows in by_reason.items():
        click.echo(f"Staying, {KEEP_WORDS[reason]}: {len(rows):,}")
        for path, why in rows[:n_named]:
            click.echo(f"  {shown(path)}  ({why})")
        if len(rows) > n_named:
            click.echo(f"  … {len(rows) - n_named:,} more")


def show_kept_in_preview(kept: list[bytes]) -> None:
    """Say what stays of a preview folder because it is not the program's."""
    if kept:
        click.echo(f"The preview's folder stays: it holds {counted(len(kept), 'thing')} of yours, such as", err=True)
        click.echo(f"  {shown(kept[0])}", err=True)


def show_plan_line(info: PlanInfo) -> None:
    """One line of a list of plans."""
    import time

    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.created_ns / 1e9))
    edits = f", {counted(info.n_edits, 'edit')}" if info.n_edits else ""
    vaulted = f", {info.n_vaulted:,} to the vault" if info.n_vaulted else ""
    click.echo(
        f"{info.plan_id}  {info.state.value:11}  {made}  {info.n_moves:,} to move{vaulted}, {info.n_kept:,} staying{edits}"
        f"  -> {shown(info.target)}"
    )


def plan_fields(info: PlanInfo) -> dict[str, object]:
    """A plan's line for programs."""
    return {
        "plan": info.plan_id,
        "session": info.session_id,
        "state": info.state.value,
        "target": info.target,
        "created_ns": info.created_ns,
        "moves": info.n_moves,
        "vaulted": info.n_vaulted,
        "staying": info.n_kept,
        "edits": info.n_edits,
        "digest": info.digest,
    }
