"""`ifmosfs learn`: makes lessons of a mounted plan's edits, started by the view's process. Not for people."""

from __future__ import annotations

import os

import click


@click.command(hidden=True)
@click.option("--plan", "plan_id", required=True)
def learn(plan_id: str) -> None:
    """Make lessons of what was edited in a plan; similar files follow."""
    import logging

    from ifmosfs.app.context import App
    from ifmosfs.app.learning import learn_from_edits
    from ifmosfs.app.settings import load_settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with App(load_settings(os.environ)) as app:
        learn_from_edits(app, plan_id)
