"""`ifmosfs vault`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

VAULT = (
    Lazy("list", "vault_list:list_vault", "Commands", "What lost a conflict, from where, since when, how much."),
    Lazy("restore", "vault_restore:restore", "Commands", "Bring files back out of the vault."),
)


@click.command(cls=LazyGroup, lazy=VAULT)
def vault() -> None:
    """List and restore what lost a conflict."""
