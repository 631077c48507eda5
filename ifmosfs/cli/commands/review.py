"""`ifmosfs review`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from ifmosfs.cli.common import (
    counted,
    json_option,
    legible,
    opened_app,
    print_json,
    quoted,
    recover_first,
    shown,
    sized,
)
from ifmosfs.core.errors import Ambiguous, IfmosfsError, NotFound
from ifmosfs.core.names import display, split

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.app.reviewing import Glimpse, Reviewing, Scope
    from ifmosfs.app.teaching import TeachReport
    from ifmosfs.core.asking import Question
    from ifmosfs.core.proposal import Proposal

QUESTION: Final = "a number, a category or its beginning, [n]one of them all, [s]kip, [q]uit, [?] all categories"
INTERRUPTED: Final = 130


@click.command()
@click.argument("plan_or_session", required=False, metavar="[PLAN|SESSION]")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="How many questions at most.")
@json_option
def review(plan_or_session: str | None, limit: int, as_json: bool) -> int:
    """Ask about the files that the program is not sure of, those first whose answers settle most.

    Of files that are alike only one is asked about. Each answer is kept before the next question, and the files like it are judged
    again at once, in open plans, too. What you have said something about is not asked again. Without a terminal, or with --json,
    the questions are listed and nothing is asked.

    Exit status: 0 done; 130 interrupted by Ctrl-C, which keeps what was answered.
    """
    from ifmosfs.app.classifying import classify
    from ifmosfs.app.learning import learn_from_all
    from ifmosfs.app.reviewing import Reviewing, scope_of

    with opened_app() as app:
        recover_first(app)
        scope = scope_of(app, plan_or_session)
        learn_from_all(app)
        classify(app, scope.session.session_id)
        reviewing = Reviewing(app, scope)
        if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            _list(app, reviewing, scope, limit, as_json=as_json)
            return 0
        app.idle()
        return _ask_all(app, reviewing, scope, limit)


def _list(app: App, reviewing: Reviewing, scope: Scope, limit: int, *, as_json: bool) -> None:
    found = reviewing.questions()
    app.idle()
    if as_json:
        print_json(
            {
                "session": scope.session.session_id,
                "plan": None if scope.plan is None else scope.plan.plan_id,
                "threshold": scope.threshold_of(None),
                "n_questions": len(found),
                "questions": [_fields(one) for one in found[:limit]],
            }
        )
        return
    for one in found[:limit]:
        alike = f" and {counted(len(one.others), 'file')} like it" if one.others else ""
        click.echo(f"{shown(one.doubt.place.absolute)}{alike}: {_guesses(app, one.doubt.proposal)}")
    more = f"; {len(found) - limit:,} more are not shown" if len(found) > limit else ""
    click.echo(f"{counted(len(found), 'question')}{more}")
    if found:
        click.echo(
            f"Answer: ifmosfs teach {quoted(found[0].doubt.place.absolute)} CATEGORY; on a terminal: ifmosfs review"
        )


def _guesses(app: App, word: Proposal) -> str:
    guesses = [f"{app.taxonomy.label(name)} {score:.2f}" for name, score in _options(word)]
    return " or ".join(guesses) if guesses else word.reason


def _options(word: Proposal) -> list[tuple[str, float]]:
    both = [(word.label, word.score), (word.runner_up, word.runner_up_score)]
    return [(name, score) for name, score in both if name is not None]


def _fields(one: Question) -> dict[str, object]:
    word = one.doubt.proposal
    return {
        "path": one.doubt.place.absolute,
        "margin": round(one.doubt.margin, 3),
        "alike": [place.absolute for place in one.others],
        "reason": word.reason,
        "guesses": [{"category": name, "confidence": score} for name, score in _options(word)],
    }


def _ask_all(app: App, reviewing: Reviewing, scope: Scope, limit: int) -> int:
    """Question by question; each answer is stored before the next, so that quitting keeps what was said."""
    n_answered = n_settled = 0
    status = 0
    try:
        for number, question in enumerate(reviewing.ask(limit), 1):
            _show(app, question, reviewing.glimpse(question), number)
            app.idle()
            answer = _answer(app, question)
            if answer == "q":
                break
            if answer == "s":
                continue
            report = _kept(reviewing, question, None if answer == "n" else answer.partition(":")[2])
            app.idle()
            if report is None:
                continue
            n_answered += 1
            n_settled += _tell(app, report, scope)
    except (KeyboardInterrupt, click.Abort):
        click.echo("")
        status = INTERRUPTED
    if not n_answered and not status:
        click.echo("Nothing was answered.")
    elif n_answered:
        click.echo(f"{counted(n_answered, 'answer')} kept, which settled {counted(n_settled, 'more file')}.")
    if scope.plan is not None:
        follows = "follows" if n_answered else "is as it was"
        click.echo(f"Plan {scope.plan.plan_id} {follows}. Look: ifmosfs stage show {scope.plan.plan_id}")
    else:
        click.echo(f"Next: ifmosfs stage create --session {scope.session.session_id}")
    return status


def _kept(reviewing: Reviewing, question: Question, category: str | None) -> TeachReport | None:
    """What came of an answer; `None`, and it is said, where nothing can be learned of that file any more."""
    from ifmosfs.app.teaching import ENDING
    from ifmosfs.cli.show_lessons import show_refused

    try:
        return reviewing.answer(question, category)
    except IfmosfsError as error:
        if isinstance(error, ENDING):
            raise
        show_refused([(question.doubt.place.absolute, error)])
        return None


def _show(app: App, question: Question, glimpse: Glimpse, number: int) -> None:
    import time

    word = question.doubt.proposal
    day = time.strftime("%Y-%m-%d", time.localtime(glimpse.mtime_ns / 1e9))
    facts = [sized(glimpse.size_bytes), day]
    if glimpse.dimensions is not None:
        facts.append(f"{glimpse.dimensions[0]} × {glimpse.dimensions[1]} pixels")
    if glimpse.n_pages is not None:
        facts.append(counted(glimpse.n_pages, "page"))
    click.echo(f"\n{number}. {shown(question.doubt.place.absolute)}   {', '.join(facts)}")
    if glimpse.title:
        click.echo(f"   “{legible(glimpse.title)}”")
    for line in glimpse.lines:
        click.echo(f"   | {legible(line)}")
    if question.others:
        names = ", ".join(display(split(place.path)[1]) for place in question.others[:3])
        click.echo(
            f"   like it: {counted(len(question.others), 'file')} ({names}{', …' if len(question.others) > 3 else ''})"
        )
    for at, (name, score) in enumerate(_options(word), 1):
        click.echo(f"   [{at}] {app.taxonomy.label(name)} ({name}) {score:.2f}")
    if not _options(word):
        click.echo(f"   no guess: {word.reason}")


def _answer(app: App, question: Question) -> str:
    """`n`, `s`, `q`, or a colon and a category; the end of the input quits, Ctrl-C is the caller's."""
    from ifmosfs.app.category_words import category_named

    options = [name for name, _ in _options(question.doubt.proposal)]
    while True:
        try:
            typed = input("   What is it? ").strip()
        except EOFError:
            click.echo("")
            return "q"
        if typed.lower() in {"n", "s", "q"}:
            return typed.lower()
        if typed.isdigit() and 0 < int(typed) <= len(options):
            return f":{options[int(typed) - 1]}"
        if typed == "?":
            for one in app.taxonomy.categories:
                click.echo(f"   {one.name:24} {one.about}")
            continue
        if not typed or typed.isdigit():
            click.echo(f"   {QUESTION}")
            continue
        try:
            named = category_named(app.taxonomy, typed)
        except (NotFound, Ambiguous) as error:
            click.echo(f"   {error}; {error.hint}")
            continue
        return "n" if named is None else f":{named}"


def _tell(app: App, report: TeachReport, scope: Scope) -> int:
    """What an answer has settled of other files; returns how many."""
    from ifmosfs.cli.show_lessons import category_words

    taught = {one.subject.file.place.absolute for one in report.learnt}
    category = report.learnt[0].category if report.learnt else None
    click.echo(f"   Learned: {category_words(app.taxonomy, category)}")
    settled = [one for one in report.rescored.changes if scope.is_sure(one.after) and one.place.absolute not in taught]
    if settled:
        names = ", ".join(display(split(one.place.path)[1]) for one in settled[:4])
        more = ", …" if len(settled) > 4 else ""
        click.echo(f"   Settled by it: {counted(len(settled), 'file')} ({names}{more})")
    return len(settled)
