"""`ifmosfs versions snapshot`."""

from __future__ import annotations

import re

import click

from ifmosfs.cli.common import as_bytes, counted, json_option, opened_app, print_json, recover_first, sized
from ifmosfs.core.errors import UsageProblem

SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kMGT]?)B?", re.IGNORECASE)
UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}


@click.command()
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@click.option("--name", required=True, help="What it is called.")
@click.option(
    "--content", "categories", multiple=True, metavar="CATEGORY", help="Keep copies of files of this category."
)
@click.option(
    "--content-max-size", "max_size", metavar="SIZE", help="Keep copies of files up to this size, such as 10M."
)
@click.option("--reflink", is_flag=True, help="Keep the contents of all files as shared blocks (xfs, btrfs).")
@json_option
def snapshot(
    folders: tuple[str, ...],
    name: str,
    categories: tuple[str, ...],
    max_size: str | None,
    reflink: bool,
    as_json: bool,
) -> int:
    """Record what is where now: in the folders, or in all targets that commits have filled.

    Of each file the names are protected (NAME): that restores all that commits and other moves do, and no content that is deleted or
    edited. Contents are kept only where that is asked for; --content and --content-max-size together mean both.

    Exit status: 0 as asked for; 3 recorded, but not every content that was to be kept is.
    """
    from ifmosfs.app.category_words import near_categories
    from ifmosfs.app.snapshotting import ContentPolicy, take_snapshot
    from ifmosfs.cli.show_runs import problem_fields, show_problems
    from ifmosfs.cli.show_versions import version_fields

    policy = ContentPolicy(frozenset(categories), None if max_size is None else size_of(max_size), reflink)
    with opened_app() as app:
        recover_first(app)
        for category in categories:
            if category not in app.taxonomy.names:
                hint = near_categories(app.taxonomy, category)
                raise UsageProblem(f"there is no category {category!r}", hint=hint)
        report = take_snapshot(app, name, [as_bytes(folder) for folder in folders], policy)
        app.idle()
    levels = {level.value: n_files for level, n_files in report.by_level.items()}
    if as_json:
        unreadable = [{"path": each.root + b"/" + each.path, "error": each.error} for each in report.unreadable]
        fields = {**version_fields(report.version, report.info), "files": report.n_files, "levels": levels}
        print_json({**fields, "not_held": problem_fields(report.not_held), "unreadable": unreadable})
        return 3 if report.not_held or report.unreadable else 0
    held = f", {sized(report.info.held_bytes)} of contents kept" if report.info.n_held else ""
    parts = ", ".join(f"{n_files:,} {level}" for level, n_files in sorted(levels.items())) or "nothing"
    click.echo(f"Version {report.version.version}, “{name}”: {counted(report.n_files, 'file')} ({parts}){held}.")
    click.echo(f"Root hash {report.info.merkle.hex()}")
    show_problems(report.not_held)
    for each in report.unreadable[:10]:
        click.echo(f"  not recorded: {(each.root + b'/' + each.path)!r}: {each.error}")
    return 3 if report.not_held or report.unreadable else 0


def size_of(text: str) -> int:
    """A size such as `10M` in bytes. Raises: UsageProblem."""
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageProblem(f"{text!r} is no size", hint="such as 500k, 10M or 2G")
    return int(float(found[1]) * UNITS[found[2].lower()])
