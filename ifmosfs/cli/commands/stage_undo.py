"""`ifmosfs stage undo|redo|log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.commands.stage_show import states_to_show
from ifmosfs.cli.common import (
    F,
    choose_plan,
    counted,
    json_option,
    opened_app,
    plan_argument,
    print_json,
    quoted,
)
from ifmosfs.core.plan import PlanState

if TYPE_CHECKING:
    from ifmosfs.app.editing import Retraced
    from ifmosfs.app.learning import LearntFromEdits

OPEN = (PlanState.STAGED, PlanState.VALIDATED)


def steps_option(command: F) -> F:
    """`--steps N`."""
    return click.option(
        "--steps", "n_steps", type=click.IntRange(min=1), default=1, show_default=True, help="How many steps."
    )(command)


@click.command()
@plan_argument
@steps_option
@json_option
def undo(plan: str | None, plan_option: str | None, n_steps: int, as_json: bool) -> int:
    """Take the last edits of a plan back; no file is touched.

    A step is what one program did in the mount in one go (files dragged, a folder deleted), or all that one `stage resolve` or
    `stage fix` did. `stage redo` makes it again. A mounted view shows it at once.

    Exit status: 0 done; 3 fewer steps than wanted were there, and all of them are taken back.
    """
    from ifmosfs.app.editing import undo as undo_steps
    from ifmosfs.cli.show_lessons import learn_if_possible, show_learnt_from_edits

    with opened_app() as app:
        info = choose_plan(app, plan, plan_option, OPEN)
        done = undo_steps(app, info, n_steps)
        learnt = learn_if_possible(app, info.plan_id, follows=True)
        app.idle()
        if as_json:
            _print_json(info.plan_id, "undone", done, learnt)
        else:
            _show(info.plan_id, "Taken back", done, n_steps)
            show_learnt_from_edits(learnt, app.taxonomy)
    if not as_json:
        click.echo(f"Make it again: ifmosfs stage redo {info.plan_id}    Apply the rest: ifmosfs commit {info.plan_id}")
    return _status(done, n_steps)


@click.command()
@plan_argument
@steps_option
@json_option
def redo(plan: str | None, plan_option: str | None, n_steps: int, as_json: bool) -> int:
    """Make edits of a plan again that `stage undo` took back, as long as nothing else was edited since.

    Exit status: 0 done; 3 fewer steps than wanted were there, and all of them are made again.
    """
    from ifmosfs.app.editing import redo as redo_steps
    from ifmosfs.cli.show_lessons import learn_if_possible, show_learnt_from_edits

    with opened_app() as app:
        info = choose_plan(app, plan, plan_option, OPEN)
        done = redo_steps(app, info, n_steps)
        learnt = learn_if_possible(app, info.plan_id, follows=True)
        app.idle()
        if as_json:
            _print_json(info.plan_id, "redone", done, learnt)
        else:
            _show(info.plan_id, "Made again", done, n_steps)
            show_learnt_from_edits(learnt, app.taxonomy)
    if not as_json:
        click.echo(f"Take it back: ifmosfs stage undo {info.plan_id}    Apply: ifmosfs commit {info.plan_id}")
    return _status(done, n_steps)


@click.command()
@plan_argument
@json_option
def log(plan: str | None, plan_option: str | None, as_json: bool) -> None:
    """What has been edited about a plan, step by step, the oldest first, with what was taken back."""
    from ifmosfs.app.editing import edit_steps
    from ifmosfs.cli.show_edits import show_step, step_fields

    with opened_app() as app:
        info = choose_plan(app, plan, plan_option, states_to_show(app))
        steps = edit_steps(app, info)
    if as_json:
        print_json({"plan": info.plan_id, "steps": [step_fields(step) for step in steps]})
        return
    n_undone = sum(not step.in_force for step in steps)
    undone = f", {n_undone:,} of them taken back" if n_undone else ""
    click.echo(f"Plan {info.plan_id}: {counted(len(steps), 'step')} of edits{undone}")
    for step in steps:
        show_step(step)
    if n_undone < len(steps) and info.state in OPEN:
        click.echo(f"Take the last one back: ifmosfs stage undo {info.plan_id}")


def _print_json(plan_id: str, key: str, done: Retraced, learnt: LearntFromEdits) -> None:
    from ifmosfs.cli.show_edits import step_fields
    from ifmosfs.cli.show_lessons import learnt_fields

    view = done.outdated_view
    fields = {"plan": plan_id, key: [step_fields(step) for step in done.steps]}
    view_point = None if view is None else view.point
    print_json({**fields, "outdated_view": view_point, "lessons": learnt_fields(learnt)})


def _show(plan_id: str, verb: str, done: Retraced, n_wanted: int) -> None:
    from ifmosfs.cli.show_edits import step_words

    for step in done.steps:
        click.echo(f"{verb}: {step_words(step)}")
    if len(done.steps) < n_wanted:
        click.echo(f"No more than {counted(len(done.steps), 'step')} could be.")
    if done.outdated_view is not None:
        point = quoted(done.outdated_view.point)
        again = f"ifmosfs unmount --keep {point} && ifmosfs mount --plan {plan_id} {point}"
        click.echo(f"The view at {point} does not show it; mount it anew: {again}", err=True)


def _status(done: Retraced, n_wanted: int) -> int:
    return 0 if len(done.steps) == n_wanted else 3
