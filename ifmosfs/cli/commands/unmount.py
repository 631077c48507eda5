"""`ifmosfs unmount`."""

from __future__ import annotations

from functools import partial

import click

from ifmosfs.cli.common import as_bytes, json_option, opened_app, print_json, recover_first, shown
from ifmosfs.core.plan import PlanState


@click.command()
@click.argument("mount_point", required=False, metavar="[MOUNTPOINT]")
@click.option("--keep", is_flag=True, help="Leave the plan staged, to mount or commit it later.")
@click.option("--lazy", is_flag=True, help="Take the view away although a program is still using it.")
@json_option
def unmount(mount_point: str | None, keep: bool, lazy: bool, as_json: bool) -> None:
    """Take the view away: nothing ever happened.

    The plan is discarded (`ifmosfs stage reopen PLAN` takes it up again), unless --keep, or another view of it is mounted.
    Unmounting in any other way, a killed process or a logout leave the plan staged.
    """
    from ifmosfs.app.mounting import live_views_of, only_mount_point
    from ifmosfs.app.mounting import unmount as unmount_view
    from ifmosfs.cli.show_lessons import learn_if_possible

    with opened_app() as app:
        recover_first(app)
        where = only_mount_point(app) if mount_point is None else as_bytes(mount_point)
        learn = partial(learn_if_possible, app, follows=False)  # what was dragged a moment ago was said, too
        result = unmount_view(app, where, keep=keep, lazy=lazy, before_discard=learn)
    if result is None:
        if as_json:
            print_json({"plan": None, "mount_point": where, "state": None})
        else:
            click.echo("Unmounted; it showed files where they were or would be, and changed none.")
        return
    if as_json:
        print_json({"plan": result.plan_id, "mount_point": where, "state": result.state.value})
        return
    click.echo(f"Unmounted; no file was moved by it. Plan {result.plan_id} is {result.state.value}.")
    others = [view.point for view in live_views_of(result.plan_id)]
    if others:
        click.echo(f"Still mounted: {', '.join(map(shown, others))}")
    elif result.state in {PlanState.STAGED, PlanState.VALIDATED}:
        click.echo(f"Mount it again: ifmosfs mount --plan {result.plan_id}")
    elif result.state in {PlanState.DISCARDED, PlanState.ROLLED_BACK}:
        click.echo(f"Take it up again: ifmosfs stage reopen {result.plan_id}")
    else:
        click.echo(f"Undo it: ifmosfs rollback {result.plan_id}")
