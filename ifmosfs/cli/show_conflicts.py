"""Conflicts in words: one line each for a list, both files side by side for a person who decides."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import counted, shown, sized
from ifmosfs.core.names import display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ifmosfs.app.resolving import Answered, Comparison, Side, TakenBack
    from ifmosfs.core.conflicts import Conflict
    from ifmosfs.core.resolve import Answer, Unanswered
    from ifmosfs.core.tree import PlanTree

N_SHOWN = 20
SHORT_HASH = 16
NOT_FILES = {"folder": "a folder", "symlink": "a link", "other": "no file"}


def conflict_fields(conflict: Conflict) -> dict[str, object]:
    """A conflict for programs."""
    return {
        "kind": conflict.kind.value,
        "files": [
            {
                "source": each.action.source_place.absolute,
                "wanted": each.wanted,
                "category": each.action.category,
                "reason": each.action.reason,
            }
            for each in conflict.contenders
        ],
    }


def answered_fields(answered: Answered) -> dict[str, object]:
    """What became of a conflict, for programs."""
    from ifmosfs.core.resolve import Unanswered

    fields = {**conflict_fields(answered.conflict), "strategy": answered.strategy.value}
    if isinstance(answered.outcome, Unanswered):
        return {**fields, "resolved": False, "why_not": answered.outcome.why}
    changes = [{"action": each.action_id, "to": each.after} for each in answered.outcome.resolutions]
    return {**fields, "resolved": True, "changes": changes}


def taken_back_fields(one: TakenBack) -> dict[str, object]:
    """An answer that was taken back, or not, for programs."""
    return {
        "source": one.action.source_place.absolute,
        "strategy": one.strategy.value,
        "files": one.n_files,
        "undone": one.why_not is None,
        "why_not": one.why_not,
    }


def show_conflict_lines(conflicts: Sequence[Conflict]) -> None:
    """The first conflicts, a line each."""
    for each in conflicts[:N_SHOWN]:
        more = f" and {counted(len(each.contenders) - 1, 'more file')}" if len(each.contenders) > 1 else ""
        click.echo(f"  {each.kind.value}: {shown(each.lead.action.source_place.absolute)}{more}")
        click.echo(f"    wants {display(each.lead.wanted)}  ({each.lead.action.reason})")
    if len(conflicts) > N_SHOWN:
        click.echo(f"  … {len(conflicts) - N_SHOWN:,} more")


def show_answered(answered: Answered) -> None:
    """What became of a conflict, on a line."""
    from ifmosfs.core.resolve import Unanswered

    source = shown(answered.conflict.lead.action.source_place.absolute)
    if isinstance(answered.outcome, Unanswered):
        click.echo(f"  {source}: still open, {answered.outcome.why}")
    else:
        click.echo(f"  {source}: {outcome_words(answered)}")


def outcome_words(answered: Answered) -> str:
    """`as Docs/a (2).txt`, `into the vault` …"""
    outcome: Answer | Unanswered = answered.outcome
    own = {each.action.action_id for each in answered.conflict.contenders}
    resolutions = getattr(outcome, "resolutions", ())
    mine = next(each for each in resolutions if each.action_id in own)
    if answered.strategy.value == "skip":
        return "stays where it is"
    if any(edit.kind.value == "vault" and edit.path == mine.before for edit in getattr(outcome, "edits", ())):
        return "goes to the vault, the other keeps the name"
    others = len(resolutions) - len(answered.conflict.contenders)
    replaced = answered.strategy.value in {"replace", "newest", "largest"}
    rest = ", the other goes to the vault" if replaced or others else ""
    return f"becomes {display(mine.after)}{rest}"


def show_losers(tree: PlanTree, n_named: int) -> None:
    """What commit puts into the vault: files of the target that are replaced, and incoming ones that lost."""
    replaced = [move.target for move in tree.moves() if move.replaces is not None]
    lost = [action.source_place.absolute for action in tree.vaulted()]
    for paths, words, show in ((replaced, "Replaced in the target", display), (lost, "Lost their name", shown)):
        if paths:
            click.echo(f"{words}, to the vault: {len(paths):,}")
        for path in paths[:n_named]:
            click.echo(f"  {show(path)}")
        if len(paths) > n_named:
            click.echo(f"  … {len(paths) - n_named:,} more")


def show_comparison(conflict: Conflict, compared: Comparison, number: int, n_conflicts: int) -> None:
    """Both files of a conflict."""
    click.echo(f"\n[{number}/{n_conflicts}] {conflict.kind.value}: {display(conflict.lead.wanted)}")
    if len(conflict.contenders) > 1:
        click.echo(f"  with {counted(len(conflict.contenders) - 1, 'file')} that belong with it")
    sides = [each for each in (compared.comes, compared.has) if each is not None]
    are_files = len(sides) == 2 and all(each.kind.value == "file" for each in sides)
    _show_side("comes", compared.comes, compared.has if are_files else None)
    if compared.has is None:
        click.echo("  has it: a folder")
        return
    _show_side("has it", compared.has, compared.comes if are_files else None)
    if not are_files:
        return
    same = {True: "the same", False: "different", None: "not compared, they are large"}[compared.is_same]
    click.echo(f"  content: {same}")


def _show_side(label: str, side: Side, other: Side | None) -> None:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(side.fingerprint.mtime_ns / 1e9))
    marks = []
    if other is not None and side.fingerprint.mtime_ns > other.fingerprint.mtime_ns:
        marks.append("newer")
    if other is not None and side.fingerprint.size_bytes > other.fingerprint.size_bytes:
        marks.append("larger")
    mark = f"  [{', '.join(marks)}]" if marks else ""
    if side.kind.value != "file":
        click.echo(f"  {label:6}: {shown(side.path)}, {NOT_FILES[side.kind.value]}")
        click.echo(f"          {when}")
        return
    click.echo(f"  {label:6}: {shown(side.path)}")
    n_bytes = side.fingerprint.size_bytes
    exact = f" ({n_bytes:,} bytes)" if n_bytes >= 1000 else ""
    digest = f"  {side.digest.hex()[:SHORT_HASH]}" if side.digest is not None else ""
    click.echo(f"          {sized(n_bytes)}{exact}  {when}{digest}{mark}")
    if side.dimensions is not None:
        click.echo(f"          {side.dimensions[0]} x {side.dimensions[1]} pixels")
    for line in side.lines:
        click.echo(f"          | {line}")
