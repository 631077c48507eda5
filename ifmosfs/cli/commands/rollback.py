"""`ifmosfs rollback`: a group whose default is `execute`, so that `ifmosfs rollback PLAN` is enough."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

ROLLBACK = (
    Lazy("execute", "rollback_execute:execute", "Commands", "Move a plan's files back (the default)."),
    Lazy("preview", "rollback_execute:preview", "Commands", "What that would do, line by line."),
    Lazy("restore", "rollback_execute:restore", "Commands", "Move single files back, by their old or new names."),
    Lazy("list", "rollback_list:list_rollbacks", "Commands", "What can be undone: plans and their runs."),
    Lazy("files", "rollback_list:files", "Commands", "The files that a plan has moved, with their ids."),
)


@click.command(cls=LazyGroup, lazy=ROLLBACK, default="execute")
def rollback() -> None:
    """Move the files back.

    `ifmosfs rollback PLAN` is the same as `ifmosfs rollback execute PLAN`.
    """
