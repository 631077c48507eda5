"""`ifmosfs versions prune`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import (
    confirm,
    counted,
    dry_run_option,
    json_option,
    opened_app,
    print_json,
    recover_first,
    shown,
    sized,
    yes_option,
)
from ifmosfs.core.errors import UsageProblem

if TYPE_CHECKING:
    from ifmosfs.app.snapshotting import PruneReport

SPAN = re.compile(r"([0-9]+)\s*([dhwmy]?)")
SECONDS = {"h": 3600, "": 86400, "d": 86400, "w": 7 * 86400, "m": 30 * 86400, "y": 365 * 86400}


@click.command()
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N manifests, however old.")
@click.option("--older-than", "older_than", metavar="SPAN", help="Only what is older: 90d, 12w, 1y.")
@click.option("--named", is_flag=True, help="Snapshots that were asked for, too; without it they stay.")
@dry_run_option
@yes_option
@json_option
def prune(keep: int | None, older_than: str | None, named: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Let old manifests go, and the contents that nothing needs any more.

    With both --keep and --older-than a manifest goes only if both say so. A content that is in no other place stays, whatever is
    said: each is read where else it is before its last need goes. Without options only what an interrupted command has left over
    is collected, and nothing asked.
    """
    from ifmosfs.app.snapshotting import prune as prune_versions

    span = None if older_than is None else span_ns(older_than)
    with opened_app() as app:
        recover_first(app, reads_past=True)
        if not (dry_run or yes):
            first = prune_versions(app, keep, span, named=named, dry_run=True)
            app.idle()
            if first.snapshots:
                click.echo(f"To let go: {_going(first)}.", err=True)
                confirm("Let them go for good?", yes=False)
        report = prune_versions(app, keep, span, named=named, dry_run=dry_run)
        app.idle()
    if as_json:
        fields = {
            "dry_run": dry_run,
            "snapshots": [info.head.snapshot_id for info in report.snapshots],
            "contents": [place.absolute for place in report.contents],
            "freed_bytes": report.freed_bytes,
            "leftovers": [place.absolute for place in report.leftovers],
            "kept_last_holders": [place.absolute for place in report.last_holders],
            "unreadable_snapshots": list(report.unreadable),
        }
        print_json(fields)
        return
    would = "Would be let go: " if dry_run else "Let go: "
    click.echo(f"{would}{_going(report)}.")
    for snapshot in report.unreadable:
        click.echo(
            f"The manifest of snapshot {snapshot} is damaged. While it is kept, so are all contents: nobody knows which it needs."
        )
    if report.last_holders:
        n_last = len(report.last_holders)
        stay, them = ("stays", "it") if n_last == 1 else ("stay", "them")
        click.echo(f"{counted(n_last, 'content')} {stay}: nothing else is known to have {them}:")
        for place in report.last_holders[:10]:
            click.echo(f"  {shown(place.absolute)}")


def _going(report: PruneReport) -> str:
    freed = f"{counted(len(report.contents), 'content')} ({sized(report.freed_bytes)})"
    return f"{counted(len(report.snapshots), 'manifest')}, {freed}, {len(report.leftovers):,} left over"


def span_ns(text: str) -> int:
    """A span such as `90d` in ns; a number alone means days. Raises: UsageProblem."""
    found = SPAN.fullmatch(text.strip())
    if found is None:
        raise UsageProblem(f"{text!r} is no span of time", hint="such as 24h, 90d, 12w, 6m or 1y")
    return int(found[1]) * SECONDS[found[2]] * 1_000_000_000
