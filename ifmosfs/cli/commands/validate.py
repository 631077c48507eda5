"""`ifmosfs validate`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

VALIDATE = (
    Lazy("path", "validate_path:path", "Commands", "Is a folder good to scan, or to organise into?"),
    Lazy("plan", "stage_validate:validate", "Commands", "The same as ifmosfs stage validate."),
    Lazy("session", "validate_session:session", "Commands", "Are the scanned files still what was scanned?"),
)


@click.command(cls=LazyGroup, lazy=VALIDATE)
def validate() -> None:
    """Check a folder, a plan, a session; nothing is changed."""
