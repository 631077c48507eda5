"""`ifmosfs vault empty`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import (
    choose_plan,
    confirm,
    counted,
    dry_run_option,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    recover_first,
    shown,
    sized,
    yes_option,
)

N_SHOWN = 10


@click.command()
@plan_argument
@click.option("--older-than", "older_than", metavar="SPAN", help="Only what has been there for longer: 90d, 12w, 1y.")
@dry_run_option
@yes_option
@json_option
def empty(
    plan: str | None, plan_option: str | None, older_than: str | None, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Remove from the vault what is elsewhere, too; for good.

    A file goes only if another place was read that has the same content, byte for byte; it is named. The last copy of a content stays,
    whatever is said. Where PLAN is named, only what its commits have put away.

    Exit status: 0 what could go is gone; 3 some of it is not.
    """
    from ifmosfs.app.emptying import prepare_empty, run_empty
    from ifmosfs.cli.commands.versions_prune import span_ns
    from ifmosfs.cli.show_runs import problem_fields, show_problems
    from ifmosfs.cli.stopping import stop_on_signals

    span = None if older_than is None else span_ns(older_than)
    with opened_app() as app:
        recover_first(app, reads_past=True)
        named = plan is not None or plan_option is not None
        plans = [choose_plan(app, plan, plan_option, None)] if named else app.catalogue.plans()
        with app.writing() as journal:
            prepared = prepare_empty(app, journal, plans, span)
            app.idle()
            if not as_json:
                for each in prepared.expendable[:N_SHOWN]:
                    size, where = sized(each.expected.size_bytes), shown(each.holder.place.absolute)
                    click.echo(f"  {each.entry.entry_id}  {size}  {shown(each.entry.was.absolute)}  (also at {where})")
                for entry, why in prepared.kept[:N_SHOWN]:
                    click.echo(f"  stays: {entry.entry_id}  {shown(entry.was.absolute)}: {why}")
                n_files = counted(len(prepared.expendable), "file")
                click.echo(f"{n_files} to remove for good, {sized(prepared.n_bytes)}; {len(prepared.kept):,} stay.")
            reports = []
            if prepared.expendable and not dry_run:
                confirm("Remove them for good?", yes=yes)
            if not prepared.is_empty and not dry_run:
                with stop_on_signals() as stop:
                    reports = run_empty(app, journal, prepared, stop)
    problems = [each for report in reports for each in report.problems]
    n_removed = sum(len(report.removed) for report in reports)
    if as_json:
        going = [
            {
                "entry": each.entry.entry_id,
                "was": each.entry.was.absolute,
                "size": each.expected.size_bytes,
                "also_at": each.holder.place.absolute,
            }
            for each in prepared.expendable
        ]
        kept = [{"entry": entry.entry_id, "was": entry.was.absolute, "why": why} for entry, why in prepared.kept]
        fields = {"dry_run": dry_run, "expendable": going, "kept": kept, "removed": n_removed}
        print_json({**fields, "problems": problem_fields(problems)})
    elif not dry_run and prepared.expendable:
        click.echo(f"{counted(n_removed, 'file')} removed.")
        show_problems(problems)
    return 0 if dry_run or n_removed == len(prepared.expendable) else 3
