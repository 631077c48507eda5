"""`ifmosfs vault list`."""

from __future__ import annotations

import time

import click

from ifmosfs.cli.common import (
    choose_plan,
    counted,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    recover_first,
    shown,
    sized,
)


@click.command("list")
@plan_argument
@json_option
def list_vault(plan: str | None, plan_option: str | None, as_json: bool) -> None:
    """What commits have put into the vault: from where, by which plan, how large, since when, and if it is there.

    The vault is the folder .ifmosfs/vault of each target. The program never deletes the last copy of
    one of its files, and others only by `ifmosfs vault empty`.
    """
    from ifmosfs.app.vaulting import vault_entries, vault_use

    with opened_app() as app:
        recover_first(app, reads_past=True)
        named = plan is not None or plan_option is not None
        plans = [choose_plan(app, plan, plan_option, None)] if named else app.catalogue.plans()
        with app.writing() as journal:
            entries = vault_entries(app, journal, plans)
        targets = {info.target for info in plans}
        uses = [use for use in vault_use(app) if use.target in targets]
    if as_json:
        rows = [
            {
                "entry": each.entry_id,
                "plan": each.plan_id,
                "why": None if each.section is None else each.section.name.lower(),
                "was": each.was.absolute,
                "place": each.place.absolute,
                "size": each.size_bytes,
                "since_ns": each.since_ns,
                "found": each.found,
            }
            for each in entries
        ]
        used = [{"target": use.target, "files": use.n_files, "bytes": use.n_bytes} for use in uses]
        print_json({"entries": rows, "disk_use": used})
        return
    for each in entries:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.since_ns / 1e9))
        note = "" if each.found == "there" else f"  ({each.found})"
        why = "" if each.section is None else f"  {each.section.name.lower()}"
        size = sized(each.size_bytes)
        click.echo(f"{each.entry_id}  {when}  plan {each.plan_id}{why}  {size}  {shown(each.was.absolute)}{note}")
    for use in uses:
        click.echo(f"{shown(use.target)}: {counted(use.n_files, 'file')} in the vault, {sized(use.n_bytes)}")
    if not entries and not uses:
        click.echo("Nothing is in the vault.")
    elif any(each.found != "missing" for each in entries):
        click.echo("Bring one back: ifmosfs vault restore ENTRY")
