"""`ifmosfs versions diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import counted, json_option, opened_app, print_json, recover_first, shown

if TYPE_CHECKING:
    from ifmosfs.core.files import Place
    from ifmosfs.core.versions import VersionDiff


@click.command()
@click.option("--from", "before", required=True, metavar="VERSION", help="The earlier one.")
@click.option("--to", "after", required=True, metavar="VERSION", help="The later one.")
@click.option("--tree", "as_tree", is_flag=True, help="As one tree, each file with its mark.")
@json_option
def diff(before: str, after: str, as_tree: bool, as_json: bool) -> None:
    """What is different in one version from another: + added, - removed, > moved, ~ changed.

    A file is known again by its identity, wherever it has gone. Both manifests are proved by their hashes first.
    """
    from ifmosfs.app.versioning import diff_versions
    from ifmosfs.cli.show_versions import entry_fields, tree_lines
    from ifmosfs.core.versions import changed_too

    with opened_app() as app:
        recover_first(app, reads_past=True)
        found = diff_versions(app, before, after)
    if as_json:
        fields = {
            "from": before,
            "to": after,
            "same": found.n_same,
            "added": [entry_fields(each) for each in found.added],
            "removed": [entry_fields(each) for each in found.removed],
            "moved": [
                {"from": pair.before.place.absolute, **entry_fields(pair.after), "changed": changed_too(pair)}
                for pair in found.moved
            ],
            "changed": [entry_fields(pair.after) for pair in found.changed],
            "folders_added": [each.place.absolute for each in found.folders_added],
            "folders_removed": [each.place.absolute for each in found.folders_removed],
        }
        print_json(fields)
        return
    marked = _marked(found)
    if as_tree:
        for line in tree_lines(sorted(marked)):
            click.echo(line)
    else:
        for place, mark, note in marked:
            click.echo(f"{mark} {shown(place.absolute)}{note}")
    counts = (
        f"{len(found.added):,} added, {len(found.removed):,} removed, {len(found.moved):,} moved, "
        f"{len(found.changed):,} changed, {counted(found.n_same, 'file')} the same"
    )
    click.echo(counts)


def _marked(found: VersionDiff) -> list[tuple[Place, str, str]]:
    from ifmosfs.core.versions import changed_too

    marked = [(each.place, "+", "") for each in found.added]
    marked += [(each.place, "-", "") for each in found.removed]
    for pair in found.moved:
        more = ", and changed" if changed_too(pair) else ""
        marked.append((pair.after.place, ">", f"  (was {shown(pair.before.place.absolute)}{more})"))
    marked += [(pair.after.place, "~", "") for pair in found.changed]
    return marked
