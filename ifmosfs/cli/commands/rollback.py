"""`ifmosfs rollback`: a group whose default is `execute`, so that `ifmosfs rollback PLAN` is enough."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

ROLLBACK = (Lazy("execute", "rollback_execute:execute", "Commands", "Move a plan's files back (the default)."),)


@click.command(cls=LazyGroup, lazy=ROLLBACK, default="execute")
def rollback() -> None:
    """Move the files back.

    `ifmosfs rollback PLAN` is the same as `ifmosfs rollback execute PLAN`.
    """
