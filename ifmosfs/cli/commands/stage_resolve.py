"""`ifmosfs stage resolve`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import choose_plan, counted, json_option, opened_app, plan_argument, print_json, recover_first
from ifmosfs.core.errors import UsageProblem
from ifmosfs.core.plan import ConflictStrategy, PlanState

if TYPE_CHECKING:
    from ifmosfs.app.resolving import Answered, Choice, Resolving
    from ifmosfs.core.conflicts import Conflict

OPEN = (PlanState.STAGED, PlanState.VALIDATED)
KEYS = {
    "r": ConflictStrategy.RENAME,
    "s": ConflictStrategy.SKIP,
    "p": ConflictStrategy.REPLACE,
    "n": ConflictStrategy.NEWEST,
    "l": ConflictStrategy.LARGEST,
}
QUESTION = "[r]ename  [s]kip  re[p]lace  keep the [n]ewest  keep the [l]argest  [q]uit"
WITHOUT_CONTEST = "[r]ename  [s]kip  [q]uit"
YES, NO = ("y", "yes"), ("", "n", "no")
STRATEGIES = [strategy.value for strategy in ConflictStrategy]


@click.command()
@plan_argument
@click.option("--interactive", "-i", is_flag=True, help="Ask for each conflict; the default on a terminal.")
@click.option("--strategy", "-s", type=click.Choice(STRATEGIES), help="Answer all of them so.")
@click.option("--only", metavar="GLOB", help="Only files whose source, or wanted place, fits.")
@click.option("--category", metavar="NAME", help="Only files of this category.")
@click.option("--undo", is_flag=True, help="Take answers back.")
@json_option
def resolve(
    plan: str | None,
    plan_option: str | None,
    interactive: bool,
    strategy: str | None,
    only: str | None,
    category: str | None,
    undo: bool,
    as_json: bool,
) -> int:
    """Answer the open conflicts of a plan: names that two files want, and files that are there already.

    Nothing moves; the answers become part of the plan, and of its mounted view at once. What loses goes to the vault when the
    plan is committed, from where `ifmosfs vault restore` brings it back.

    \b
    rename   it gets a free name beside the other
    skip     it stays where it is
    replace  it takes the name; newest, largest: if it is that, else the other keeps it
    ask      it stays, listed

    Without a terminal and without --strategy the conflicts are listed, and nothing is asked. Files that are there already, and
    those that the plan was told to skip, are among them, but commit does without an answer.

    Exit status: 0 no conflict is open any more (of those that were meant); 4 some are.
    """
    from ifmosfs.app.category_words import some_category_named
    from ifmosfs.app.mounting import tell_view
    from ifmosfs.app.resolving import Choice, Resolving

    if sum((interactive, strategy is not None, undo)) > 1:
        raise UsageProblem("--interactive, --strategy and --undo exclude each other", hint="choose one")
    if interactive and not _on_terminal():
        raise UsageProblem("there is no terminal to ask on", hint="answer with --strategy")
    with opened_app() as app:
        recover_first(app)
        meant = None if category is None else some_category_named(app.taxonomy, category)
        choice = Choice(None if only is None else os.fsencode(only), meant)
        info = choose_plan(app, plan, plan_option, OPEN)
        app.progress("Looking for conflicts", 0, None)
        resolving = Resolving(app, info)
        if undo:
            return _take_back(resolving, info.plan_id, choice, as_json=as_json)
        conflicts = resolving.open(choice)
        app.idle()
        if strategy is None and not as_json and (interactive or _on_terminal()):
            answered = _ask_all(resolving, info.plan_id, conflicts)
        else:
            answered = [] if strategy is None else resolving.answer(conflicts, ConflictStrategy(strategy))
        tell_view(info.plan_id)
        still_open = resolving.open(choice)
    if as_json:
        _print_json(info.plan_id, answered, still_open)
    else:
        _show(info.plan_id, conflicts, answered, still_open)
        if not conflicts:
            click.echo(f"Plan {info.plan_id}: {_none_open(only, category)}.")
    return 4 if still_open else 0


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask_all(resolving: Resolving, plan_id: str, conflicts: list[Conflict]) -> list[Answered]:
    """Conflict by conflict; each answer is stored before the next question, so that quitting keeps what was said."""
    from ifmosfs.app.mounting import tell_view

    answered: list[Answered] = []
    settled: set[int] = set()
    for number, conflict in enumerate(conflicts):
        if number in settled:
            continue
        strategy = _ask(resolving, conflict, number + 1, len(conflicts))
        if strategy is None:
            break
        alike = [at for at in _alike(conflicts, number) if at not in settled]
        if not _for_all(conflict, len(alike)):
            alike = []
        settled.update(alike)
        answered += resolving.answer([conflict, *(conflicts[at] for at in alike)], strategy)
        tell_view(plan_id)
    return answered


def _ask(resolving: Resolving, conflict: Conflict, number: int, n_conflicts: int) -> ConflictStrategy | None:
    """The answer, `None` to quit; Ctrl-C and the end of the input quit, too."""
    from ifmosfs.cli.show_conflicts import show_comparison
    from ifmosfs.core.contest import CONTESTS
    from ifmosfs.core.resolve import NO_CONTEST

    compared = resolving.compare(conflict, conflict.lead)
    show_comparison(conflict, compared, number, n_conflicts)
    question = QUESTION if compared.can_contest else f"{WITHOUT_CONTEST}  ({NO_CONTEST})"
    click.echo(question)
    while True:
        try:
            key = click.prompt("Which", prompt_suffix="? ").strip().lower()[:1]
        except (click.Abort, EOFError):
            click.echo("")
            return None
        if key == "q":
            return None
        if key in KEYS and (compared.can_contest or KEYS[key] not in CONTESTS):
            return KEYS[key]
        click.echo(question)


def _alike(conflicts: list[Conflict], number: int) -> list[int]:
    likeness = conflicts[number].likeness
    return [at for at in range(number + 1, len(conflicts)) if conflicts[at].likeness == likeness]


def _for_all(conflict: Conflict, n_alike: int) -> bool:
    """Whether the same answer holds for those that are like this one: of its kind, extension and category."""
    if not n_alike:
        return False
    kind, extension, category = conflict.likeness
    like = ", ".join((kind, extension or "no extension", category or "no category"))
    question = f"The same for {n_alike:,} more like this ({like})? [y/N]"
    while True:
        try:
            answer = click.prompt(question, prompt_suffix=": ", default="", show_default=False).strip().lower()
        except click.Abort:
            click.echo("")
            return False
        if answer in (*YES, *NO):
            return answer in YES
        click.echo("y or yes: the same answer for all of them; n, no or Enter: be asked about each.")


def _take_back(resolving: Resolving, plan_id: str, choice: Choice, *, as_json: bool) -> int:
    from ifmosfs.app.mounting import tell_view
    from ifmosfs.cli.common import shown
    from ifmosfs.cli.show_conflicts import taken_back_fields

    done = resolving.take_back(choice)
    tell_view(plan_id)
    failed = [each for each in done if each.why_not is not None]
    if as_json:
        print_json({"plan": plan_id, "undone": [taken_back_fields(each) for each in done]})
        return 4 if failed else 0
    for each in failed:
        click.echo(f"  {shown(each.action.source_place.absolute)}: the answer holds, {each.why_not}")
    click.echo(f"{counted(len(done) - len(failed), 'answer')} of plan {plan_id} taken back.")
    return 4 if failed else 0


def _print_json(plan_id: str, answered: list[Answered], still_open: list[Conflict]) -> None:
    from ifmosfs.cli.show_conflicts import answered_fields, conflict_fields

    done = [answered_fields(each) for each in answered]
    print_json({"plan": plan_id, "answered": done, "open": [conflict_fields(each) for each in still_open]})


def _none_open(only: str | None, category: str | None) -> str:
    """Where only some were meant, there may be others."""
    return "no open conflicts" if only is None and category is None else "no open conflict fits"


def _show(plan_id: str, conflicts: list[Conflict], answered: list[Answered], still_open: list[Conflict]) -> None:
    from ifmosfs.cli.show_conflicts import N_SHOWN, show_answered, show_conflict_lines

    for each in answered[:N_SHOWN]:
        show_answered(each)
    if len(answered) > N_SHOWN:
        click.echo(f"  … {len(answered) - N_SHOWN:,} more")
    if not conflicts:
        return
    click.echo(f"Plan {plan_id}: {counted(len(conflicts), 'conflict')}, {len(still_open):,} still open")
    if still_open:
        show_conflict_lines(still_open)
        click.echo(f"Answer them: ifmosfs stage resolve {plan_id} --strategy rename|skip|replace|newest|largest")
    if answered:
        click.echo(f"Take it back: ifmosfs stage resolve {plan_id} --undo    Apply: ifmosfs commit {plan_id}")
