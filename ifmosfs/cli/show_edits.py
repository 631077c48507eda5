"""Steps of a plan's edits in words: what a person did, in a line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from ifmosfs.cli.common import counted
from ifmosfs.core.names import display, split
from ifmosfs.core.plan import EditKind, EditOrigin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ifmosfs.core.edit_log import UndoStep
    from ifmosfs.core.plan import Edit

ORIGIN_WORDS: Final = {
    EditOrigin.VIEW: "",
    EditOrigin.RESOLVE: "by stage resolve: ",
    EditOrigin.FIX: "by stage fix: ",
    EditOrigin.COMMAND: "",
}
ONE_WORDS: Final = {
    EditKind.SWAP: "{path} and {target} swapped",
    EditKind.EXCLUDE: "{path} left out",
    EditKind.MKDIR: "folder {path} made",
    EditKind.RMDIR: "folder {path} removed",
    EditKind.TOUCH: "mode or time of folder {path} set",
    EditKind.REPLACE: "{path} put in the place of {target}",
    EditKind.VAULT: "{path} put into the vault",
}
MANY_WORDS: Final = {
    EditKind.SWAP: "{n:,} pairs swapped",
    EditKind.EXCLUDE: "{n:,} files left out",
    EditKind.MKDIR: "{n:,} folders made",
    EditKind.RMDIR: "{n:,} folders removed",
    EditKind.TOUCH: "modes or times of folders set, {n:,} times",
    EditKind.REPLACE: "{n:,} files put in the place of others",
    EditKind.VAULT: "{n:,} files put into the vault",
}


def step_words(step: UndoStep) -> str:
    """`12 items dragged to Photos/2024`, `3 files left out, folder Old removed` …"""
    by_kind: dict[EditKind, list[Edit]] = {}
    for edit in step.edits:
        by_kind.setdefault(edit.kind, []).append(edit)
    by_hand = step.origin is EditOrigin.VIEW
    parts = [
        _move_words(edits, by_hand=by_hand) if kind is EditKind.MOVE else _kind_words(kind, edits)
        for kind, edits in by_kind.items()
    ]
    return ORIGIN_WORDS[step.origin] + ", ".join(parts)


def _kind_words(kind: EditKind, edits: Sequence[Edit]) -> str:
    if len(edits) > 1:
        return MANY_WORDS[kind].format(n=len(edits))
    return ONE_WORDS[kind].format(path=display(edits[0].path), target=display(edits[0].target or b""))


def _move_words(edits: Sequence[Edit], *, by_hand: bool) -> str:
    """What an edit moves may be a file or a folder; the log does not know."""
    sources = [split(edit.path) for edit in edits]
    targets = [split(edit.target or b"") for edit in edits]
    is_one, folders = len(edits) == 1, {folder for folder, _ in targets}
    what = display(edits[0].path) if is_one else counted(len(edits), "item")
    if [folder for folder, _ in sources] == [folder for folder, _ in targets]:
        return f"{what} renamed to {display(targets[0][1])}" if is_one else f"{what} renamed"
    if is_one and sources[0][1] != targets[0][1]:
        return f"{what} {'dragged to' if by_hand else 'placed at'} {display(edits[0].target or b'')}"
    where = counted(len(folders), "folder") if len(folders) > 1 else display(folders.pop()) or "the top folder"
    return f"{what} {'dragged to' if by_hand else 'placed in'} {where}"


def step_fields(step: UndoStep) -> dict[str, object]:
    """A step for programs."""
    return {
        "step": step.number,
        "at_ns": step.at_ns,
        "origin": step.origin.value,
        "in_force": step.in_force,
        "what": step_words(step),
        "edits": [
            {"seq": edit.seq, "kind": edit.kind.value, "from": edit.path, "to": edit.target} for edit in step.edits
        ],
    }


def show_step(step: UndoStep) -> None:
    """A step on a line of the log."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(step.at_ns / 1e9))
    mark = "" if step.in_force else "  (taken back)"
    click.echo(f"{step.number:>6}  {when}  {step_words(step)}{mark}")
