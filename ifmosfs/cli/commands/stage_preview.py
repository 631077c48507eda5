"""`ifmosfs stage preview`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import (
    as_bytes,
    choose_plan,
    counted,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    quoted,
    recover_first,
    shown,
)

N_NAMED = 10
METHODS = ["mount", "symlink", "hardlink", "copy"]


@click.command()
@plan_argument
@click.option(
    "--method", type=click.Choice(METHODS), default="mount", show_default=True, help="A live mount, or a plain folder."
)
@click.option("--at", "mount_point", metavar="FOLDER", help="Where to mount. Default: ~/IFMOSFS.")
@click.option("--open", "open_it", is_flag=True, help="Open it in the file manager.")
@json_option
def preview(
    plan: str | None, plan_option: str | None, method: str, mount_point: str | None, open_it: bool, as_json: bool
) -> int:
    """Show a plan as a folder: mounted, or of links or copies.

    A mount is live: dragging files in it edits the plan. The plain folders are only for looking; they need no FUSE. They
    show the planned files, and not what the target already holds. In a folder of hard links, editing a file edits the
    original.

    Exit status: 0 all is shown; 3 some originals are gone, changed, or may not be read.
    """
    from ifmosfs.app.mounting import OPEN_STATES, view_of
    from ifmosfs.app.mounting import mount as mount_plan
    from ifmosfs.app.previewing import build_preview, open_in_file_manager
    from ifmosfs.platform.farm import FarmMethod, FarmReport

    with opened_app() as app:
        recover_first(app)
        info = choose_plan(app, plan, plan_option, OPEN_STATES)
        report = FarmReport(info.n_moves)
        if method == "mount":
            standing = view_of(info.plan_id)
            at = None if mount_point is None else as_bytes(mount_point)
            where = standing.point if standing is not None else mount_plan(app, info, at).mount_point
        else:
            where, report = build_preview(app, info.plan_id, FarmMethod(method))
    if method == FarmMethod.HARDLINK.value:
        click.echo("Careful: editing a file in this folder edits the original; both are the same file.", err=True)
    opened = open_in_file_manager(where) if open_it else None
    status = 3 if report.not_shown else 0
    if as_json:
        not_shown = [{"path": place.absolute, "why": why} for place, why in report.not_shown]
        fields = {"plan": info.plan_id, "folder": where, "method": method, "files": report.n_shown, "opened": opened}
        print_json({**fields, "not_shown": not_shown})
        return status
    click.echo(f"Preview of plan {info.plan_id}, {counted(report.n_shown, 'file')}: {quoted(where)}")
    for place, why in report.not_shown[:N_NAMED]:
        click.echo(f"  not shown: {shown(place.absolute)}: {why}")
    if len(report.not_shown) > N_NAMED:
        click.echo(f"  … and {len(report.not_shown) - N_NAMED:,} more")
    if opened is False:
        click.echo("No file manager could be started (xdg-open is missing, or there is no screen).", err=True)
    click.echo(f"Apply: ifmosfs commit {info.plan_id} · Forget: ifmosfs stage discard {info.plan_id}")
    return status
