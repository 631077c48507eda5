"""A commit whose files have gone between its preparation and their turn."""

from __future__ import annotations

from ifmosfs.app.committing import prepare_commit, run_commit
from ifmosfs.app.context import App
from tests.cli.command_line import Desk, attributes


def test_a_commit_that_moves_nothing_leaves_all_folders_and_counts_none(desk: Desk, app: App) -> None:
    plan = desk.staged()
    with app.writing() as journal:
        prepared = prepare_commit(app, journal, app.catalogue.find_plan(plan))
        for name in ("invoice-17.txt", "run.sh", "tables/sizes.csv"):
            (desk.inbox / name).unlink()
        left = attributes(desk.inbox)
        report = run_commit(app, journal, prepared, snapshot=False, stop=lambda: None)
    assert (report.n_done, report.n_folders_made, report.n_folders_removed) == (0, 0, 0)
    assert (attributes(desk.inbox), desk.target.exists(), desk.state_of(plan)) == (left, False, "staged")
