"""`ifmosfs serve`: the view's own process, started by `mount`. Not for people."""

from __future__ import annotations

import click

from ifmosfs.cli.common import as_bytes, opened_app
from ifmosfs.core.errors import IfmosfsError


@click.command(hidden=True)
@click.option("--plan", "plan_id", default="")
@click.option("--version")
@click.option("--rollback")
@click.option("--mount-point", required=True)
@click.option("--ready-fd", type=int, required=True)
@click.option("--no-watch", is_flag=True)
@click.option("--exclude", multiple=True)
@click.option("--allow-other", is_flag=True)
def serve(
    plan_id: str,
    version: str | None,
    rollback: str | None,
    mount_point: str,
    ready_fd: int,
    no_watch: bool,
    exclude: tuple[str, ...],
    allow_other: bool,
) -> None:
    """Serve a view until it is unmounted; says through the descriptor when its mount answers."""
    import logging

    from ifmosfs.app.mounting import Showing
    from ifmosfs.app.mounting import serve as serve_plan
    from ifmosfs.app.past import serve_rollback, serve_version
    from ifmosfs.platform import daemon

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with opened_app() as app:
            where = as_bytes(mount_point)
            if version is not None:
                serve_version(app, version, where, lambda: daemon.tell_ready(ready_fd))
            elif rollback is not None:
                serve_rollback(app, rollback, where, lambda: daemon.tell_ready(ready_fd))
            else:
                showing = Showing(not no_watch, exclude, allow_other)
                serve_plan(app, plan_id, where, lambda: daemon.tell_ready(ready_fd), showing)
    except IfmosfsError as error:
        daemon.tell_error(ready_fd, error)
        raise
