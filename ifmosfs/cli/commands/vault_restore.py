"""`ifmosfs vault restore`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, counted, json_option, opened_app, print_json, recover_first, shown
from ifmosfs.core.errors import NotFound

if TYPE_CHECKING:
    from ifmosfs.app.vaulting import ChosenEntries, Restored


@click.command()
@click.argument("entries", nargs=-1, required=True, metavar="ENTRY…")
@click.option("--to", metavar="PATH", help="Into this folder, or to this path; default: where it was.")
@json_option
def restore(entries: tuple[str, ...], to: str | None, as_json: bool) -> int:
    """Bring files back out of the vault. ENTRY is an id of `ifmosfs vault list`, or the path that the file had.

    Where the name is taken by now, it comes beside it as "name (from vault).ext"; nothing is overwritten. This is a journaled
    run: it can be interrupted, and a rollback of the plan knows of it.

    Exit status: 0 all are back; 3 or 4 some are not, or none is; 2 none of them is in the vault.
    """
    from ifmosfs.app.emptying import tidy_vaults
    from ifmosfs.app.vaulting import choose_entries, vault_entries
    from ifmosfs.app.vaulting import restore as restore_entries
    from ifmosfs.cli.show_runs import problem_fields, show_problems

    wanted = [os.path.abspath(os.fsencode(each)) if "/" in each else os.fsencode(each) for each in entries]
    where = None if to is None else as_bytes(to)
    with opened_app() as app:
        recover_first(app, reads_past=True)
        with app.writing() as journal:
            plans = app.catalogue.plans()
            try:
                chosen = choose_entries(vault_entries(app, journal, plans), wanted)
            except NotFound:  # perhaps because a restore that was killed has brought them back
                tidy_vaults(app, journal, plans)
                raise
            done = restore_entries(app, journal, chosen.entries, where)
    if as_json:
        runs = [
            {
                "plan": each.plan_id,
                "run": each.report.run_id,
                "files": [
                    {"entry": entry.entry_id, "to": place.absolute, "restored": is_back}
                    for entry, place, is_back in zip(each.entries, each.places, each.are_back, strict=True)
                ],
                "problems": problem_fields(each.report.problems),
            }
            for each in done
        ]
        print_json({"runs": runs, "absent": list(chosen.absent)})
        return _status(done, chosen)
    for each in done:
        for entry, place, is_back in zip(each.entries, each.places, each.are_back, strict=True):
            if is_back:
                click.echo(f"  {entry.entry_id}  back at {shown(place.absolute)}")
        show_problems(each.report.problems)
    n_back = sum(sum(each.are_back) for each in done)
    for name in chosen.absent:
        click.echo(f"  not in the vault (any more): {shown(name)}")
    n_meant = len(chosen.entries) + len(chosen.absent)
    click.echo(f"{counted(n_back, 'file')} of {n_meant:,} brought back out of the vault.")
    return _status(done, chosen)


def _status(done: Sequence[Restored], chosen: ChosenEntries) -> int:
    """By the files themselves: the counts of a report leave out those that the target had."""
    from ifmosfs.cli.show_runs import run_status

    are_back = [is_back for each in done for is_back in each.are_back]
    if any(each.report.stop_cause is not None for each in done):
        return max(run_status(each.report) for each in done)
    # As of other runs: a folder's time that was refused is told, and makes no difference.
    is_tidy = all(problem.code == "folder-times" for each in done for problem in each.report.problems)
    return 0 if all(are_back) and is_tidy and not chosen.absent else 3 if any(are_back) else 4
