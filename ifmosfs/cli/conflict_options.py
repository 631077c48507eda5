"""The options that say what a new plan does with names that are taken; the commands that make plans share them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ifmosfs.core.errors import UsageProblem
from ifmosfs.core.plan import ConflictStrategy, DuplicateRule

if TYPE_CHECKING:
    from ifmosfs.app.staging import ConflictRules

F = TypeVar("F", bound=Callable[..., Any])

STRATEGIES = [strategy.value for strategy in ConflictStrategy]


def conflict_options(command: F) -> F:
    """`--conflict`, `--conflict-for` and `--duplicates`, none with a default of its own: that is in the settings."""
    command = click.option(
        "--duplicates",
        type=click.Choice([rule.value for rule in DuplicateRule]),
        help="A file of the same name and content is there already: the newcomer stays (the default), goes to the vault, or "
        "is a conflict as any other.",
    )(command)
    command = click.option(
        "--conflict-for", multiple=True, metavar="CATEGORY=STRATEGY", help="Another strategy for files of one category."
    )(command)
    return click.option(
        "--conflict",
        type=click.Choice(STRATEGIES),
        help="When a name is taken: number the newcomer (rename, the default), leave it where it is (skip; ask: as an open "
        "conflict, until `stage resolve`), or let the newcomer, the newest or the largest have the name; what loses it goes to "
        "the vault.",
    )(command)


def conflict_rules(conflict: str | None, conflict_for: tuple[str, ...], duplicates: str | None) -> ConflictRules:
    """What the options say. Raises `UsageProblem`."""
    from ifmosfs.app.staging import ConflictRules

    return ConflictRules(
        strategy=None if conflict is None else ConflictStrategy(conflict),
        by_category=tuple(_for_category(text) for text in conflict_for),
        duplicates=None if duplicates is None else DuplicateRule(duplicates),
    )


def _for_category(text: str) -> tuple[str, ConflictStrategy]:
    category, equals, strategy = text.partition("=")
    if not equals or strategy not in STRATEGIES:
        hint = f"write --conflict-for CATEGORY=STRATEGY, with one of {', '.join(STRATEGIES)}"
        raise UsageProblem(f"{text!r} does not say which strategy a category has", hint=hint)
    return category, ConflictStrategy(strategy)
