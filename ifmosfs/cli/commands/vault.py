"""`ifmosfs vault`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

VAULT = (
    Lazy("list", "vault_list:list_vault", "Commands", "What lost a conflict, from where, since when, how much."),
    Lazy("restore", "vault_restore:restore", "Commands", "Bring files back out of the vault."),
    Lazy("empty", "vault_empty:empty", "Commands", "Remove for good what is elsewhere, too."),
)


@click.command(cls=LazyGroup, lazy=VAULT)
def vault() -> None:
    """List, restore and empty what lost a conflict."""
