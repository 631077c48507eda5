"""`ifmosfs versions show`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import counted, json_option, opened_app, print_json, recover_first, sized


@click.command()
@click.argument("version", metavar="VERSION")
@json_option
def show(version: str, as_json: bool) -> None:
    """What was where in a version, as a tree, with what is protected of each file.

    The manifest is proved by its hash first; a damaged one is refused.
    """
    from ifmosfs.app.versioning import find_version, read_manifest
    from ifmosfs.cli.show_versions import entry_fields, snapshot_fields, tree_lines, version_fields, version_line
    from ifmosfs.core.files import Kind

    with opened_app() as app:
        recover_first(app, reads_past=True)
        found, info = find_version(app, version)
        entries = read_manifest(app, info)
    if as_json:
        head = snapshot_fields(info) if found is None else version_fields(found, info)
        print_json({**head, "files": [entry_fields(entry) for entry in entries]})
        return
    click.echo(f"“{info.head.name}”" if found is None else version_line(found, info))
    files = sorted((entry for entry in entries if entry.kind is not Kind.FOLDER), key=lambda entry: entry.place)
    for line in tree_lines(
        (
            entry.place,
            " ",
            f"  {sized(entry.fingerprint.size_bytes)}" + (f"  {entry.level.value}" if entry.level else ""),
        )
        for entry in files
    ):
        click.echo(line)
    size = sum(entry.fingerprint.size_bytes for entry in files)
    click.echo(f"{counted(len(files), 'file')}, {sized(size)}; root hash {info.merkle.hex()}")
