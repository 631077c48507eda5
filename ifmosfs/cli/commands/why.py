"""`ifmosfs why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, json_option, opened_app, print_json, quoted, shown
from ifmosfs.core.names import display

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.app.explaining import Fate, Why
    from ifmosfs.core.proposal import Opinion, Proposal

LEAST_SHOWN = 0.01  # of the second-best category
LEAST_OFFERED = 0.05


@click.command()
@click.argument("file")
@json_option
def why(file: str, as_json: bool) -> None:
    """Say why a file is taken for what it is: on the disk, scanned or not, or in a mounted view.

    Its category and how certain that is, what follows from it, what speaks for it, who decided, what else it could be, and the
    command that corrects it. Nothing is changed.
    """
    from ifmosfs.app.explaining import explain

    with opened_app() as app:
        found = explain(app, as_bytes(file))
        app.idle()
        if as_json:
            print_json(_fields(found))
        else:
            _show(app, found)


def _show(app: App, found: Why) -> None:
    from ifmosfs.app.subjects import correcting
    from ifmosfs.app.teaching import not_teachable
    from ifmosfs.cli.show_lessons import category_words

    proposal, threshold = found.explanation.proposal, found.threshold
    click.echo(shown(found.subject.file.place.absolute))
    if proposal.label is None:
        _line("category", "none")
    else:
        _line("category", f"{category_words(app.taxonomy, proposal.label)}, confidence {proposal.score:.2f}")
    _line("so", _consequence(found, threshold))
    for number, what in enumerate(found.explanation.evidence, 1):
        _line("evidence" if number == 1 else "", f"{number}. {what}")
    if not found.explanation.evidence:
        _line("evidence", proposal.reason)
    _line("decided by", _decider(found))
    _line("rules", _opinion(app, proposal.rule))
    _line("model", _opinion(app, proposal.model))
    if proposal.runner_up is not None and proposal.runner_up_score >= LEAST_SHOWN:
        _line("runner-up", f"{category_words(app.taxonomy, proposal.runner_up)} {proposal.runner_up_score:.2f}")
    if found.lesson is not None:
        _line("lesson", _lesson_words(app, found))
    for fate in found.fates:
        _line(f"plan {fate.plan_id}", _fate_words(fate))
    given, problem = found.subject.given, not_teachable(found.subject)
    if problem is None:
        click.echo(f"Is it something else? {correcting(given, _offered(proposal))}")
    else:
        click.echo(f"It cannot be taught: {problem.what}{'' if problem.hint is None else f'; {problem.hint}'}")
    if found.lesson is not None and _is_own(found):
        click.echo(f"Take back what you said: ifmosfs teach --forget {quoted(given)}")


def _offered(proposal: Proposal) -> str | None:
    """What it may be instead; `None` where nothing else is thinkable."""
    return proposal.runner_up if proposal.runner_up_score >= LEAST_OFFERED else None


def _line(what: str, words: str) -> None:
    click.echo(f"  {what:16} {words}")


def _consequence(found: Why, threshold: float) -> str:
    proposal, fate = found.explanation.proposal, found.fates[-1] if found.fates else None
    if fate is not None and fate.by_person and fate.goes_to is not None:
        return f"it moves where you have put it in plan {fate.plan_id}"
    if proposal.unreadable is not None:
        return f"it stays where it is: it cannot be read ({proposal.unreadable})"
    if proposal.label is None:
        return "it stays where it is, for review"
    if proposal.score < threshold:
        return f"it stays where it is, for review: {proposal.score:.2f} is below the threshold of {threshold:.2f}"
    return _way(found, f"{proposal.score:.2f} is not below the threshold of {threshold:.2f}")


def _way(found: Why, reached: str) -> str:
    """What becomes of a file that is sure enough to move."""
    if found.would_go is None:
        return "it stays where it is: the layout leaves files of this category"
    if found.fates and found.fates[-1].goes_to is None:
        return f"it stays where it is in plan {found.fates[-1].plan_id}, though {reached}"
    return f"it moves to {display(found.would_go)}/ ({reached})"


def _moves(found: Why) -> bool:
    """Whether it moves: in the newest open plan that has it, or else in a plan that would be made now."""
    if found.fates:
        return found.fates[-1].goes_to is not None
    return found.is_sure and found.would_go is not None


def _fate_words(fate: Fate) -> str:
    by = ", where you have put it" if fate.by_person else ""
    if fate.goes_to is None:
        return f"stays; shown as {display(fate.shown_at)}{by}"
    return f"goes to {shown(fate.goes_to)}{by}"


def _decider(found: Why) -> str:
    from ifmosfs.core.proposal import Decider

    words = {
        Decider.RULE: "the rules",
        Decider.MODEL: "the model",
        Decider.TOGETHER: "rules and model together",
        Decider.PERSON: "you",
        Decider.LIKENESS: "its likeness to a file that you have spoken about",
    }
    decider = found.explanation.proposal.decided_by
    return "nobody: too little is known" if decider is None else words[decider]


def _opinion(app: App, opinion: Opinion | None) -> str:
    from ifmosfs.cli.show_lessons import category_words

    if opinion is None:
        return "not asked"
    if opinion.label is None:
        return "cannot tell, or no category"
    return f"{category_words(app.taxonomy, opinion.label)} {opinion.score:.2f}"


def _lesson_words(app: App, found: Why) -> str:
    import time

    from ifmosfs.cli.show_lessons import category_words
    from ifmosfs.core.lessons import LessonKind

    lesson = found.lesson
    assert lesson is not None
    day = time.strftime("%Y-%m-%d", time.localtime(lesson.at_ns / 1e9))
    verb = "is not" if lesson.kind is LessonKind.NOT else "is"
    gesture = "a deletion, or a drag out of the layout, in the view" if verb == "is not" else "a drag in the view"
    how = {"teach": "teach", "review": "review", "drag": gesture, "xattr": "a written attribute"}
    said = f"{verb} {category_words(app.taxonomy, lesson.category)}"
    return f"you said on {day} that {shown(lesson.place.absolute)} {said} (by {how.get(lesson.origin.value, 'undo')})"


def _is_own(found: Why) -> bool:
    """Whether the lesson is about this very content."""
    from ifmosfs.core.proposal import Decider

    return found.explanation.proposal.decided_by is Decider.PERSON


def _fields(found: Why) -> dict[str, object]:
    from ifmosfs.app.subjects import correcting
    from ifmosfs.app.teaching import not_teachable
    from ifmosfs.cli.show_lessons import opinion_fields

    proposal, lesson = found.explanation.proposal, found.lesson
    return {
        "path": found.subject.file.place.absolute,
        "session": found.subject.session_id,
        "category": proposal.label,
        "confidence": proposal.score,
        "threshold": found.threshold,
        "moves": _moves(found),
        "folder": found.would_go,
        "reason": proposal.reason,
        "evidence": list(found.explanation.evidence),
        "unreadable": proposal.unreadable,
        "decided_by": None if proposal.decided_by is None else proposal.decided_by.value,
        "rule": opinion_fields(proposal.rule),
        "model": opinion_fields(proposal.model),
        "runner_up": proposal.runner_up,
        "runner_up_confidence": proposal.runner_up_score,
        "lesson": None
        if lesson is None
        else {
            "number": lesson.number,
            "kind": lesson.kind.value,
            "category": lesson.category,
            "path": lesson.place.absolute,
            "at_ns": lesson.at_ns,
            "origin": lesson.origin.value,
        },
        "plans": [
            {"plan": fate.plan_id, "goes_to": fate.goes_to, "shown_at": fate.shown_at, "by_person": fate.by_person}
            for fate in found.fates
        ],
        "correct": None
        if not_teachable(found.subject) is not None
        else correcting(found.subject.given, _offered(proposal)),
    }
