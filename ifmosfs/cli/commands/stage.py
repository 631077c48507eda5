"""`ifmosfs stage`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

STAGE = (
    Lazy("create", "stage_create:create", "Commands", "Plan a session's files into a target folder."),
    Lazy("list", "stage_show:list_plans", "Commands", "All plans."),
    Lazy("show", "stage_show:show", "Commands", "A plan as a tree with counts, and what stays and why."),
    Lazy("preview", "stage_preview:preview", "Commands", "Show a plan as a folder: mounted, or of links or copies."),
    Lazy("validate", "stage_validate:validate", "Commands", "Check a plan against the disk as it is now."),
    Lazy("resolve", "stage_resolve:resolve", "Commands", "Answer a plan's open conflicts, or take answers back."),
    Lazy("fix", "stage_fix:fix", "Commands", "Mend what validate finds, by editing the plan."),
    Lazy("undo", "stage_undo:undo", "Commands", "Take the last edits of a plan back."),
    Lazy("redo", "stage_undo:redo", "Commands", "Make edits again that were taken back."),
    Lazy("log", "stage_undo:log", "Commands", "What has been edited about a plan, step by step."),
    Lazy("commit", "commit:commit", "Commands", "The same as ifmosfs commit."),
    Lazy("discard", "stage_show:discard", "Commands", "Forget a plan; nothing on the disk was changed by it."),
    Lazy("reopen", "stage_show:reopen", "Commands", "Take a discarded plan up again, or one rolled back."),
)


@click.command(cls=LazyGroup, lazy=STAGE)
def stage() -> None:
    """Make, show, resolve, preview, discard a plan."""
