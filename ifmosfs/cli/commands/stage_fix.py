"""`ifmosfs stage fix`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import (
    choose_plan,
    counted,
    dry_run_option,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    recover_first,
    shown,
)
from ifmosfs.cli.show_validation import finding_fields, level_option, show_findings, windows_option
from ifmosfs.core.errors import UsageProblem
from ifmosfs.core.names import display

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.app.validating import FixReport
    from ifmosfs.core.fixing import Change
    from ifmosfs.core.manifest import PlanInfo
    from ifmosfs.core.validation import Level

N_NAMED = 100


@click.command()
@plan_argument
@click.option("--auto", is_flag=True, help="Do not ask.")
@dry_run_option
@level_option
@windows_option
@json_option
def fix(
    plan: str | None, plan_option: str | None, auto: bool, dry_run: bool, level: str, windows: bool, as_json: bool
) -> int:
    """Mend what `stage validate` finds, by editing the plan; no file is touched.

    What is gone, changed, being written or may not be read stays where it is, with all that belongs with it, and so does a
    relative link that would lead elsewhere. A name that is taken or not legal gives way to a free one. What needs a person is
    left alone, and said. The edits are like those made in the view.

    Exit status: 0 nothing stands against the plan any more; 4 something does.
    """
    from ifmosfs.app.mounting import OPEN_STATES
    from ifmosfs.core.validation import Level

    with opened_app() as app:
        recover_first(app)
        info = choose_plan(app, plan, plan_option, OPEN_STATES)
        report = _fixed(app, info, Level(level), windows=windows, auto=auto, dry_run=dry_run, quiet=as_json)
    if report is None:
        raise click.Abort
    ready = report.after.report.ready
    if as_json:
        fields = {"plan": info.plan_id, "dry_run": dry_run, "ready": ready}
        changes = [_change_fields(change) for change in report.changes]
        not_fixed = finding_fields(report.failed)
        print_json({**fields, "changes": changes, "failed": not_fixed, "problems": _after_fields(report)})
        return 0 if ready else 4
    if auto or dry_run:
        _show_changes(info.plan_id, report.changes, would=dry_run)
    _show_after(info.plan_id, report, would=dry_run)
    return 0 if ready else 4


def _fixed(
    app: App, info: PlanInfo, level: Level, *, windows: bool, auto: bool, dry_run: bool, quiet: bool
) -> FixReport | None:
    """The report of the fix; `None` where a person, asked about it, said no."""
    from ifmosfs.app.validating import fix_plan

    on_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if not (auto or dry_run or (on_terminal and not quiet)):
        raise UsageProblem("this edits the plan, and there is no terminal to ask on", hint="add --auto, or --dry-run")
    if not (auto or dry_run):
        proposed = fix_plan(app, info, level, windows=windows, dry_run=True)
        app.idle()
        _show_changes(info.plan_id, proposed.changes, would=True)
        if proposed.changes and not click.confirm("Edit the plan so?", default=False, err=True):
            return None
    return fix_plan(app, info, level, windows=windows, dry_run=dry_run)


def _show_changes(plan_id: str, changes: Sequence[Change], *, would: bool) -> None:
    verb = "would be made" if would else "made"
    click.echo(f"Plan {plan_id}: {counted(len(changes), 'edit')} {verb}")
    for change in changes[:N_NAMED]:
        click.echo(f"  {change.finding.code}: {shown(change.source)}: {_words(change)}")
    if len(changes) > N_NAMED:
        click.echo(f"  … {len(changes) - N_NAMED:,} more (--json lists all)")


def _words(change: Change) -> str:
    if change.edit.target is None:
        return change.finding.fix.words
    return f"{display(change.edit.path)} -> {display(change.edit.target)}"


def _show_after(plan_id: str, report: FixReport, *, would: bool) -> None:
    after = report.after.report
    show_findings(after.findings)
    if after.ready:
        click.echo(f"Nothing {'would stand' if would else 'stands'} against it. Apply: ifmosfs commit {plan_id}")
    else:
        verb = "would be" if would else "is" if len(after.findings) == 1 else "are"
        click.echo(f"{counted(len(after.findings), 'problem')} {verb} left.")


def _change_fields(change: Change) -> dict[str, object]:
    return {
        "code": change.finding.code,
        "path": change.source,
        "kind": change.edit.kind.value,
        "from": change.edit.path,
        "to": change.edit.target,
        "words": change.finding.fix.words,
    }


def _after_fields(report: FixReport) -> list[dict[str, object]]:
    return finding_fields(report.after.report.findings)
