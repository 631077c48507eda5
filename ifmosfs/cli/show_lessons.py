"""What was learned, and what followed from it, in words and for programs; shared by `teach`, `review`, `why` and `stage undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ifmosfs.app.context import App
    from ifmosfs.app.learning import LearntFromEdits
    from ifmosfs.app.rescoring import Change, Rescored
    from ifmosfs.app.teaching import Refusal
    from ifmosfs.core.proposal import Opinion, Proposal
    from ifmosfs.ml.taxonomy import Taxonomy

N_SHOWN = 8


def category_words(taxonomy: Taxonomy, name: str | None) -> str:
    """`Legal documents (legal_document)`; `no category`."""
    return "no category" if name is None else f"{taxonomy.label(name)} ({name})"


def show_rescored(taxonomy: Taxonomy, rescored: Rescored, without: frozenset[bytes] = frozenset()) -> None:
    """What teaching has changed about other files than those (absolute paths) that were taught."""
    changes = [one for one in rescored.changes if one.place.absolute not in without]
    n_others = rescored.n_judged - len(rescored.changes) + len(changes)
    if n_others > 0:
        click.echo(f"Similar files looked at again: {n_others:,}; something else is said of {len(changes):,}")
    for change in changes[:N_SHOWN]:
        click.echo(f"  {shown(change.place.absolute)}: {_change_words(taxonomy, change)}")
    if len(changes) > N_SHOWN:
        click.echo(f"  … {len(changes) - N_SHOWN:,} more")
    if rescored.n_refiled:
        click.echo(
            f"{counted(rescored.n_refiled, 'file')} of open plans re-filed; what you have moved yourself stays there"
        )


def _change_words(taxonomy: Taxonomy, change: Change) -> str:
    before, after = change.before, change.after
    was = "not classified" if before is None else _word(taxonomy, before)
    return f"{was} → {_word(taxonomy, after)}"


def _word(taxonomy: Taxonomy, proposal: Proposal) -> str:
    return "unsure" if proposal.label is None else f"{taxonomy.label(proposal.label)} {proposal.score:.2f}"


def show_refused(refused: Iterable[Refusal]) -> None:
    """The files of which nothing could be learned, on stderr."""
    for _, error in refused:
        click.echo(f"error[{error.code}]: {error}", err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)


def learn_if_possible(app: App, plan_id: str, *, follows: bool) -> LearntFromEdits:
    """Make lessons of a plan's edits. Where that cannot be it is said, and the command goes on with what it is there for."""
    from ifmosfs.app.learning import NOTHING_LEARNT, learn_from_edits
    from ifmosfs.core.errors import IfmosfsError

    try:
        return learn_from_edits(app, plan_id, follows=follows)
    except IfmosfsError as error:
        click.echo(f"What was said by moving files in the view is not learned now: {error}", err=True)
        return NOTHING_LEARNT


def show_learnt_from_edits(learnt: LearntFromEdits, taxonomy: Taxonomy) -> None:
    """What taking edits back, or making them again, has done to lessons; nothing where it has done nothing."""
    if learnt.added:
        click.echo(f"{counted(len(learnt.added), 'lesson')} learned from it")
    if learnt.taken_back:
        click.echo(f"{counted(len(learnt.taken_back), 'lesson')} taken back with it")
    show_rescored(taxonomy, learnt.rescored)


def rescored_fields(rescored: Rescored) -> dict[str, object]:
    """The same for programs."""
    return {
        "rescored": rescored.n_judged,
        "refiled": rescored.n_refiled,
        "changed": [
            {
                "path": one.place.absolute,
                "from": None if one.before is None else one.before.label,
                "from_confidence": 0.0 if one.before is None else one.before.score,
                "to": one.after.label,
                "confidence": one.after.score,
                "reason": one.after.reason,
            }
            for one in rescored.changes
        ],
    }


def learnt_fields(learnt: LearntFromEdits) -> dict[str, object]:
    """The same for programs."""
    return {
        "added": len(learnt.added),
        "taken_back": len(learnt.taken_back),
        **rescored_fields(learnt.rescored),
    }


def opinion_fields(opinion: Opinion | None) -> dict[str, object] | None:
    """What one side says, for programs."""
    return None if opinion is None else {"label": opinion.label, "confidence": opinion.score}
