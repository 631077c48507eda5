"""`ifmosfs model update`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import (
    counted,
    json_option,
    opened_app,
    print_json,
    quoted,
    shown,
    tell_of_the_environment,
    yes_option,
)

if TYPE_CHECKING:
    from ifmosfs.app.updating import Change, UpdateReport


@click.command("update")
@click.option(
    "--show", "n_shown", type=click.IntRange(0), default=20, show_default=True, help="How many changes to show."
)
@click.option("--dry-run", "-n", is_flag=True, help="Show what would change; keep nothing.")
@yes_option
@json_option
def update(n_shown: int, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Refit the model by all that you have taught, and show what it would label otherwise before it is used.

    Only what people have said is learned from, never the program's own word. A model that judges worse what it knew before is
    refused. `ifmosfs model use shipped` goes back.
    """
    from ifmosfs.app.learning import learn_from_all
    from ifmosfs.app.updating import keep_and_use, refitted

    with opened_app() as app:
        learn_from_all(app)
        report = refitted(app)
        if not as_json:
            _show(report, n_shown)
        is_wanted = not dry_run and (yes or _asked(as_json=as_json))
        if is_wanted:
            keep_and_use(app, report)
            tell_of_the_environment(app)
    if as_json:
        print_json(_fields(report, is_used=is_wanted))
    elif is_wanted:
        click.echo(f"In use from now on: {report.model_id}. Next: ifmosfs classify")
    elif dry_run or not yes:
        click.echo("Nothing was changed. To use it: ifmosfs model update --yes")


def _asked(*, as_json: bool) -> bool:
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm("Use it?", default=False, err=True)


def _show(report: UpdateReport, n_shown: int) -> None:
    click.echo(f"Refitted {report.parent} by {counted(report.n_lessons, 'lesson')}: {report.model_id}")
    click.echo(f"Of what it knew before it judges {report.after:.1%} rightly, and {report.before:.1%} before")
    if report.n_foreign:
        click.echo(f"{counted(report.n_foreign, 'lesson')} of another version could not be learned from")
    click.echo(
        f"Of the {counted(report.n_compared, 'least sure file')} of the last session, {len(report.changes):,} change:"
    )
    for change in report.changes[:n_shown]:
        before, after = change.before, change.after
        click.echo(
            f"  {shown(change.place.absolute)}: {before.label or 'no category'} ({before.score:.2f}) -> "
            f"{after.label or 'no category'} ({after.score:.2f})"
        )
    if len(report.changes) > n_shown:
        click.echo(f"  and {counted(len(report.changes) - n_shown, 'more file')}: --show {len(report.changes)}")
    for change in report.changes[:1]:
        click.echo(f"Why one of them is what it is: ifmosfs why {quoted(change.place.absolute)}")


def _fields(report: UpdateReport, *, is_used: bool) -> dict[str, object]:
    return {
        "model": report.model_id,
        "parent": report.parent,
        "lessons": report.n_lessons,
        "foreign_lessons": report.n_foreign,
        "guard_before": report.before,
        "guard_after": report.after,
        "compared": report.n_compared,
        "changes": [_change(each) for each in report.changes],
        "in_use": is_used,
    }


def _change(each: Change) -> dict[str, object]:
    return {
        "path": each.place.absolute,
        "before": each.before.label,
        "before_confidence": each.before.score,
        "after": each.after.label,
        "after_confidence": each.after.score,
    }
