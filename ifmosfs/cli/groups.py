"""Command groups that import a command only when it is used, and show their commands in sections."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command is defined, the section of the help it stands in, and its line there."""

    name: str
    where: str
    section: str
    summary: str


class LazyGroup(click.Group):
    """A group whose commands are modules that are not imported for its help.

    With `default`, arguments that name no subcommand go to that one: `rollback PLAN` means `rollback execute PLAN`.
    """

    def __init__(self, *args: object, lazy: Sequence[Lazy] = (), default: str | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own keywords, passed through
        self._lazy = {entry.name: entry for entry in lazy}
        self._default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        del ctx
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; `None` for an unknown name."""
        del ctx
        entry = self._lazy.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.where.partition(":")
        command = getattr(import_module(f"ifmosfs.cli.commands.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default subcommand before arguments that name none."""
        if self._default is not None and (not args or (args[0] not in self._lazy and args[0] not in {"--help", "-h"})):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section."""
        del ctx
        sections: dict[str, list[tuple[str, str]]] = {}
        for entry in self._lazy.values():
            if entry.section:
                sections.setdefault(entry.section, []).append((entry.name, entry.summary))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)
