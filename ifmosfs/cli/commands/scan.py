"""`ifmosfs scan`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, counted, json_option, opened_app, print_json, recover_first, shown, sized

if TYPE_CHECKING:
    from ifmosfs.app.scanning import ScanReport

N_NAMED = 5


@click.command()
@click.argument("folders", nargs=-1, metavar="FOLDER...")
@click.option("--roots", multiple=True, metavar="FOLDER", help="A folder to scan; the same as the argument.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out what matches; may be repeated.")
@click.option("--tag", metavar="WORD", help="A word of your own to know the session by.")
@json_option
def scan(
    folders: tuple[str, ...], roots: tuple[str, ...], exclude: tuple[str, ...], tag: str | None, as_json: bool
) -> int:
    """Find out what is in some folders.

    Names and attributes are read, no content. Symlinks are never followed. Scanning the same folders again brings the same
    session up to date. What --exclude leaves out here stays out of mounts of its plans, too, until the next scan.

    Exit status: 0; 3 when something could not be read.
    """
    from ifmosfs.app.scanning import scan as scan_folders

    with opened_app() as app:
        recover_first(app)
        report = scan_folders(app, [as_bytes(folder) for folder in (*folders, *roots)], tag=tag, excludes=exclude)
    if as_json:
        print_json(_fields(report))
    else:
        _show(report)
    return 3 if report.unreadable else 0


def _show(report: ScanReport) -> None:
    counts, delta = report.counts, report.delta
    where = ", ".join(shown(root.path) for root in report.roots)
    click.echo(
        f"Scanned {where}: {counted(counts.n_files, 'file')} in {counted(report.n_folders, 'folder')}, {sized(counts.size_bytes)}"
    )
    changes = f"{delta.new:,} new, {delta.changed:,} changed, {delta.unchanged:,} as before, {delta.vanished:,} gone"
    click.echo(f"  {changes}")
    for reason, n_entries in Counter(entry.reason for entry in report.skipped).items():
        click.echo(f"  skipped {n_entries:,}: {reason.value}")
    if report.unreadable:
        click.echo(f"  unreadable {len(report.unreadable):,}:")
        for entry in report.unreadable[:N_NAMED]:
            click.echo(f"    {shown(entry.root + b'/' + entry.path)}: {entry.error}")
        if len(report.unreadable) > N_NAMED:
            click.echo(f"    … and {len(report.unreadable) - N_NAMED:,} more (--json lists all)")
    if report.skipped or report.unreadable:
        n_met = counts.n_files + len(report.skipped) + len(report.unreadable)
        rest = f"{len(report.skipped):,} skipped + {len(report.unreadable):,} unreadable"
        click.echo(f"  {n_met:,} met = {counted(counts.n_files, 'file')} + {rest}")
    click.echo(f"Session {report.session_id}. Next: ifmosfs stage create --session {report.session_id}")


def _fields(report: ScanReport) -> dict[str, object]:
    return {
        "session": report.session_id,
        "roots": [root.path.decode("utf-8", "surrogateescape") for root in report.roots],
        "files": report.counts.n_files,
        "size_bytes": report.counts.size_bytes,
        "folders": report.n_folders,
        **report.delta._asdict(),
        "skipped": [{"root": entry.root, "path": entry.path, "reason": entry.reason.value} for entry in report.skipped],
        "unreadable": [{"root": entry.root, "path": entry.path, "error": entry.error} for entry in report.unreadable],
    }
