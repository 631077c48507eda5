"""`ifmosfs validate path`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, json_option, opened_app, print_json, quoted, sized
from ifmosfs.cli.show_validation import (
    finding_fields,
    level_option,
    report_option,
    save_report,
    show_findings,
    windows_option,
)

if TYPE_CHECKING:
    from ifmosfs.app.inspecting import PlaceReport, Use
    from ifmosfs.core.validation import Finding

USES = ["scan", "target"]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--as", "wanted", type=click.Choice(USES), help="Only as a folder to scan, or only as a target.")
@level_option
@windows_option
@report_option
@json_option
def path(
    paths: tuple[str, ...], wanted: str | None, level: str, windows: bool, report_file: str | None, as_json: bool
) -> int:
    """Is a folder good to scan, or to organise into? Only looks; a target need not exist yet.

    Exit status: 0 each is good for what was asked (without --as: for at least one of the two); 4 not each.
    """
    from ifmosfs.app.inspecting import Use, inspect_place
    from ifmosfs.core.validation import Level

    uses = tuple(Use) if wanted is None else (Use(wanted),)
    with opened_app() as app:
        reports = [inspect_place(app, as_bytes(each), Level(level), windows=windows) for each in paths]
    good = all(any(report.is_good(use) for use in uses) for report in reports)
    head = {"paths": len(reports), "level": level, "ready": good}
    save_report(report_file, head, [found for report in reports for found in _findings(report, uses)])
    if as_json:
        print_json({"ready": good, "level": level, "paths": [_fields(report, uses) for report in reports]})
        return 0 if good else 4
    for report in reports:
        _show(report, uses)
    return 0 if good else 4


def _findings(report: PlaceReport, uses: tuple[Use, ...]) -> list[Finding]:
    """Each once, though it may speak against both uses."""
    return list(dict.fromkeys(finding for use in uses for finding in report.findings[use]))


def _show(report: PlaceReport, uses: tuple[Use, ...]) -> None:
    there = "" if report.exists else ", not there yet"
    free_bytes = report.space.n_blocks_available * report.space.block_bytes
    free = f"{sized(free_bytes)} free" if report.space.n_blocks else "free space not told"
    click.echo(f"{quoted(report.path)}: {report.fstype}, {report.nature.value}, {free}{there}")
    click.echo(f"  names: {_names(report)}")
    show_findings(_findings(report, uses))
    for use in uses:
        what = "to scan" if use.value == "scan" else "to organise into"
        click.echo(f"  {what}: {'good' if report.is_good(use) else 'no'}")


def _names(report: PlaceReport) -> str:
    rules = report.names
    words = [f"up to {rules.name_max_bytes} bytes"]
    words += ["upper and lower case are the same"] if rules.ignores_case else []
    words += ["only UTF-8"] if rules.utf8_only else []
    words += ["without the characters that Windows refuses"] if rules.dos else []
    return ", ".join(words)


def _fields(report: PlaceReport, uses: tuple[Use, ...]) -> dict[str, object]:
    rules, space = report.names, report.space
    return {
        "path": report.path,
        "exists": report.exists,
        "readable": report.readable,
        "writable": report.writable,
        "filesystem": report.filesystem,
        "type": report.fstype,
        "nature": report.nature.name.lower(),
        "free_bytes": space.n_blocks_available * space.block_bytes if space.n_blocks else None,
        "free_inodes": space.n_inodes_free if space.n_inodes else None,
        "name_max_bytes": rules.name_max_bytes,
        "ignores_case": rules.ignores_case,
        "ignores_form": rules.ignores_form,
        "utf8_only": rules.utf8_only,
        "dos_names": rules.dos,
        **{use.value: report.is_good(use) for use in uses},
        "problems": finding_fields(_findings(report, uses)),
    }
