"""`ifmosfs mount`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, counted, json_option, opened_app, print_json, quoted, recover_first
from ifmosfs.cli.conflict_options import conflict_options, conflict_rules
from ifmosfs.core.errors import UsageProblem

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.app.mounting import Showing
    from ifmosfs.app.staging import ConflictRules
    from ifmosfs.core.manifest import PlanInfo


@click.command()
@click.argument("paths", nargs=-1, metavar="[FOLDER]... [MOUNTPOINT]")
@click.option("--plan", "plan_id", metavar="PLAN", help="Mount this plan; the id may be shortened.")
@click.option("--version", metavar="VERSION", help="Show how this version looked, read-only.")
@click.option("--rollback", metavar="PLAN", help="Show how it would be after this plan's rollback, read-only.")
@click.option(
    "--roots", multiple=True, metavar="FOLDER", help="A folder to scan; then the argument is the mount point."
)
@click.option("--output", "-o", "target", metavar="TARGET", help="Where the files will go. Default: ~/Organized.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out what matches when scanning.")
@conflict_options
@click.option("--no-watch", is_flag=True, help="Do not follow what happens in the scanned folders.")
@click.option(
    "--allow-other",
    is_flag=True,
    help="Let other users look into the view; they read only what they could read anyway.",
)
@click.option("--foreground", is_flag=True, help="Serve in this process; Ctrl-C unmounts.")
@json_option
def mount(
    paths: tuple[str, ...],
    plan_id: str | None,
    version: str | None,
    rollback: str | None,
    roots: tuple[str, ...],
    target: str | None,
    exclude: tuple[str, ...],
    conflict: str | None,
    conflict_for: tuple[str, ...],
    duplicates: str | None,
    no_watch: bool,
    allow_other: bool,
    foreground: bool,
    as_json: bool,
) -> None:
    """Show the organised layout as a live folder.

    With folders: scan, classify, plan and mount in one go. With two or more arguments, or with --plan, the last one is the
    mount point; otherwise it is ~/IFMOSFS.

    Nothing moves. Dragging files about in the mount edits the plan; deleting one means: leave it where it is.

    What happens in the scanned folders meanwhile is followed: a new file is planned and shown within seconds.

    With --version or --rollback the argument is the mount point, and what is shown cannot be changed. A file whose content is not
    held any more cannot be opened (ENOLINK), and its attribute user.ifmosfs.status says "gone".
    """
    from ifmosfs.app.mounting import Showing

    if version is not None or rollback is not None:
        if len(paths) > 1 or plan_id is not None or roots or (version is not None and rollback is not None):
            raise UsageProblem("more than one thing was named to be shown", hint="ifmosfs mount --version V MOUNTPOINT")
        _mount_past(version, rollback, paths[0] if paths else None, as_json=as_json)
        return
    folders, mount_point = _split(paths, plan_id, roots)
    rules = conflict_rules(conflict, conflict_for, duplicates)
    with opened_app() as app:
        recover_first(app)
        info = _plan(app, folders, plan_id, target, exclude, rules, as_json=as_json, mount_point=mount_point)
        showing = Showing(not no_watch, exclude, allow_other)
        if foreground:
            _serve_here(app, info, mount_point, showing)
        else:
            _mount(app, info, mount_point, showing, as_json=as_json)


def _split(paths: tuple[str, ...], plan_id: str | None, roots: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    if plan_id is not None or roots:
        if len(paths) > 1:
            raise UsageProblem("more than one mount point was named", hint="ifmosfs mount --plan PLAN MOUNTPOINT")
        if plan_id is not None and roots:
            raise UsageProblem("both a plan and folders were named", hint="name one of the two")
        return roots, paths[0] if paths else None
    if len(paths) > 1:
        return paths[:-1], paths[-1]
    return paths, None


def _plan(
    app: App,
    folders: tuple[str, ...],
    plan_id: str | None,
    target: str | None,
    exclude: tuple[str, ...],
    rules: ConflictRules,
    *,
    as_json: bool,
    mount_point: str | None,
) -> PlanInfo:
    from ifmosfs.app.checks import target_problem
    from ifmosfs.app.learning import learn_from_all
    from ifmosfs.app.mounting import OPEN_STATES, check_before_scan
    from ifmosfs.app.scanning import scan
    from ifmosfs.app.staging import create_plan
    from ifmosfs.cli.show_plan import show_report
    from ifmosfs.cli.show_runs import warn_of

    if not folders:
        if target is not None or exclude:
            raise UsageProblem(
                "--output and --exclude need a folder to scan", hint="ifmosfs mount FOLDER --output TARGET"
            )
        if not rules.are_defaults:
            raise UsageProblem(
                "a plan that is made already has its strategies",
                hint="resolve its conflicts: ifmosfs stage resolve PLAN",
            )
        return app.catalogue.find_plan(plan_id, None if plan_id else OPEN_STATES)
    roots = [as_bytes(folder) for folder in folders]
    wanted = None if target is None else as_bytes(target)
    check_before_scan(app, roots, wanted, None if mount_point is None else as_bytes(mount_point))
    scanned = scan(app, roots, excludes=exclude)
    session = app.catalogue.find_session(scanned.session_id)
    learn_from_all(app)
    report = create_plan(app, session, wanted, rules)
    app.idle()
    warn_of(target_problem(app, report.target))
    if not as_json:
        show_report(report)
    return app.catalogue.find_plan(report.plan_id, None)


def _mount(app: App, info: PlanInfo, mount_point: str | None, showing: Showing, *, as_json: bool) -> None:
    from ifmosfs.app.mounting import mount as mount_plan

    report = mount_plan(app, info, None if mount_point is None else as_bytes(mount_point), showing)
    if as_json:
        fields = {
            "plan": info.plan_id,
            "session": info.session_id,
            "mount_point": report.mount_point,
            "pid": report.pid,
        }
        print_json(fields)
        return
    if report.cleaned_stale:
        click.echo("A dead view was cleaned away from there first.", err=True)
    where = quoted(report.mount_point)
    click.echo(f"Mounted at {where}: browse it, open files, drag what is wrong. {counted(0, 'file')} moved so far.")
    click.echo(f"Apply: ifmosfs commit {where} · Forget: ifmosfs unmount {where}")


def _serve_here(app: App, info: PlanInfo, mount_point: str | None, showing: Showing) -> None:
    from ifmosfs.app.mounting import prepare_mount_point, serve

    where, _ = prepare_mount_point(app, info, None if mount_point is None else as_bytes(mount_point))
    said = f"Mounted at {quoted(where)}; Ctrl-C unmounts."
    serve(app, info.plan_id, where, lambda: click.echo(said, err=True), showing)


def _mount_past(version: str | None, rollback: str | None, mount_point: str | None, *, as_json: bool) -> None:
    from ifmosfs.app.past import mount_rollback, mount_version

    where = None if mount_point is None else as_bytes(mount_point)
    with opened_app() as app:
        recover_first(app, reads_past=True)
        if version is not None:
            report = mount_version(app, version, where)
            what = f"Version {version} as it looked"
        else:
            info = app.catalogue.find_plan(rollback, None)
            report = mount_rollback(app, info, where)
            what = f"What would be after the rollback of plan {info.plan_id}"
    if as_json:
        print_json({"shows": report.name, "mount_point": report.mount_point, "pid": report.pid})
        return
    click.echo(f"{what} is mounted at {quoted(report.mount_point)}, read-only.")
    click.echo(f"Take it away: ifmosfs unmount {quoted(report.mount_point)}")
