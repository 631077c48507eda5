"""`ifmosfs versions list`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import counted, json_option, opened_app, print_json, recover_first, sized


@click.command("list")
@json_option
def list_versions(as_json: bool) -> None:
    """All versions, the first first: when, by which run, of which target, how many files, what is protected.

    Each commit and rollback leaves one, and each snapshot. One without a manifest can be neither shown nor restored; what its run
    did can still be undone.
    """
    from ifmosfs.app.snapshotting import space_use
    from ifmosfs.app.versioning import add_missing_versions
    from ifmosfs.cli.show_versions import version_fields, version_line

    with opened_app() as app:
        recover_first(app, reads_past=True)
        if (app.settings.state_folder / "journal.db").exists():
            with app.writing() as journal:
                add_missing_versions(app, journal)
        versions = app.catalogue.versions()
        snapshots = {info.head.snapshot_id: info for info in app.catalogue.snapshots()}
        use = space_use(app)
    before = {info.head.run_id: info for info in snapshots.values() if info.head.name.startswith("before commit")}
    if as_json:
        rows = [
            version_fields(each, snapshots.get(each.snapshot_id or ""), before.get(each.run_id)) for each in versions
        ]
        space = {"contents": use.n_contents, "content_bytes": use.content_bytes, "catalogue_bytes": use.catalogue_bytes}
        print_json({"versions": rows, "space": space})
        return
    for each in versions:
        click.echo(version_line(each, snapshots.get(each.snapshot_id or "")))
    if not versions:
        click.echo("There is no version yet: each commit leaves one, and so does `ifmosfs versions snapshot`.")
        return
    contents = f"{counted(use.n_contents, 'content')} kept, {sized(use.content_bytes)}"
    click.echo(f"Space: {contents}; the catalogue with all manifests, {sized(use.catalogue_bytes)}")
