"""`ifmosfs status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import counted, json_option, opened_app, print_json, quoted, shown, sized

if TYPE_CHECKING:
    from ifmosfs.app.looking import StatusReport


@click.command()
@click.option("--all", "every", is_flag=True, help="Discarded and rolled back plans as well.")
@json_option
def status(every: bool, as_json: bool) -> int:
    """What is mounted, planned, unfinished.

    Exit status: 0; 8 when a run was interrupted (the next command that needs it recovers by itself), or the journal of a
    committed plan is lost, or the catalogue that knew it.
    """
    from ifmosfs.app.looking import status as look
    from ifmosfs.cli.show_plan import plan_fields, show_plan_line

    with opened_app() as app:
        report = look(app, every=every)
    if as_json:
        print_json(
            {
                "mounts": [
                    {"mount_point": view.mount_point, "plan": view.plan_id, "alive": view.alive}
                    for view in report.views
                ],
                "sessions": [
                    {
                        "session": session.session_id,
                        "tag": session.tag,
                        "roots": [root.path.decode("utf-8", "surrogateescape") for root in session.roots],
                        "files": session.counts.n_files,
                    }
                    for session in report.sessions
                ],
                "plans": [
                    {**plan_fields(info), "moved_back": report.moved_back.get(info.plan_id, (0, 0))[1]}
                    for info in report.plans
                ],
                "unfinished": [
                    {"run": run.run_id, "plan": run.plan_id, "kind": run.kind.value, "state": run.state.value}
                    for run in report.unfinished
                ],
                "busy": report.busy,
                "lost_journals": [info.plan_id for info in report.lost],
                "unknown_plans": [run.plan_id for run in report.unknown],
                "vaults": [{"target": use.target, "files": use.n_files, "bytes": use.n_bytes} for use in report.vaults],
            }
        )
        return _exit_status(report)
    click.echo(counted(len(report.views), "mounted view"))
    for view in report.views:
        # A dead one is taken away, and told of, right after this.
        state = "" if view.alive else "  (its process has died)"
        click.echo(f"  {shown(view.mount_point)}  {_what(view.plan_id)}{state}")
    click.echo(counted(len(report.sessions), "session"))
    for session in report.sessions:
        where = ", ".join(shown(root.path) for root in session.roots)
        tag = f" [{session.tag}]" if session.tag else ""
        click.echo(f"  {session.session_id}{tag}  {counted(session.counts.n_files, 'file')} in {where}")
    click.echo(counted(len(report.plans), "plan"))
    for info in report.plans:
        click.echo("  ", nl=False)
        show_plan_line(info)
        if info.plan_id in report.moved_back:
            n_held, n_back = report.moved_back[info.plan_id]
            click.echo(
                f"    rolled back in part: {counted(n_back, 'file')} moved back, {n_held:,} left where it put them"
            )
    for use in report.vaults:
        click.echo(f"Vault of {shown(use.target)}: {counted(use.n_files, 'file')}, {sized(use.n_bytes)}")
    if report.busy:
        click.echo(f"Now: {report.busy}")
    for run in report.unfinished:
        click.echo(
            f"Unfinished: {run.kind.value} {run.run_id} of plan {run.plan_id}. Bring it into order: ifmosfs recover"
        )
    for info in report.lost:
        command = f"ifmosfs recover --from-journal {quoted(info.target)}"
        click.echo(f"The journal knows nothing of plan {info.plan_id}, which was committed. Make it again: {command}")
    for run in report.unknown:
        command = f"ifmosfs recover --from-journal {quoted(run.target)}"
        click.echo(f"The catalogue knows nothing of plan {run.plan_id}, which was committed. Make it again: {command}")
    return _exit_status(report)


def _exit_status(report: StatusReport) -> int:
    return 8 if report.unfinished or report.lost or report.unknown else 0


def _what(name: str) -> str:
    """What a mount shows: a plan, or something of the past, which is read-only."""
    from ifmosfs.app.looking import ROLLBACK_PREFIX, VERSION_PREFIX

    for prefix, words in ((VERSION_PREFIX, "version"), (ROLLBACK_PREFIX, "after the rollback of plan")):
        if name.startswith(prefix):
            return f"{words} {name.removeprefix(prefix)}"
    return f"plan {name}"
