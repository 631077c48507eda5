"""`ifmosfs versions`: a group of its own."""

from __future__ import annotations

import click

from ifmosfs.cli.groups import Lazy, LazyGroup

VERSIONS = (
    Lazy("list", "versions_list:list_versions", "Look", "All versions: when, by which run, what is protected."),
    Lazy("show", "versions_show:show", "Look", "What was where in one version."),
    Lazy("diff", "versions_diff:diff", "Look", "What is different between two versions."),
    Lazy("snapshot", "versions_snapshot:snapshot", "Keep", "Record what is where now, under a name."),
    Lazy("restore", "versions_restore:restore", "Bring back", "All files of a version to the names they had."),
    Lazy("cherry-pick", "versions_restore:cherry_pick", "Bring back", "Some files of a version."),
    Lazy("prune", "versions_prune:prune", "Keep", "Let old manifests go, and contents that are elsewhere, too."),
)


@click.command(cls=LazyGroup, lazy=VERSIONS)
def versions() -> None:
    """What was where after each commit and rollback, and in snapshots.

    A VERSION is a number of `ifmosfs versions list`, the name of a snapshot, or the beginning of its id.
    """
