"""`ifmosfs teach`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ifmosfs.cli.common import as_bytes, counted, json_option, opened_app, print_json, quoted, shown
from ifmosfs.core.errors import NotFound, UsageProblem

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.app.subjects import Subject
    from ifmosfs.app.teaching import Learnt, Refusal, TeachReport


@click.command()
@click.argument("words", nargs=-1, metavar="FILE... CATEGORY")
@click.option("--recursive", "-r", is_flag=True, help="Of folders, all files in them.")
@click.option("--forget", is_flag=True, help="Take back what was said of FILE...; no CATEGORY.")
@json_option
def teach(words: tuple[str, ...], recursive: bool, forget: bool, as_json: bool) -> int:
    """Say what files are: on the disk, or in a mounted view.

    What was said of a content holds wherever the file lies and whatever it is called, above all that the program thinks, until
    something else is said. Files like it that the program is not sure of are judged again at once, in open plans, too. CATEGORY is
    a name, a label or the beginning of one; `none` is for files that belong to no category.

    Exit status: 0 all learned; 3 of some files nothing could be; 2 of none.
    """
    from ifmosfs.app.learning import learn_from_all
    from ifmosfs.app.teaching import forget as forget_files
    from ifmosfs.app.teaching import subjects_of
    from ifmosfs.app.teaching import teach as teach_files
    from ifmosfs.cli.show_lessons import show_refused
    from ifmosfs.core.lessons import LessonOrigin

    if not words or (len(words) < 2 and not forget):
        if forget:
            raise UsageProblem("files are wanted", hint="ifmosfs teach --forget FILE...")
        raise UsageProblem("files and a category are wanted", hint="ifmosfs teach FILE... CATEGORY")
    paths = [as_bytes(word) for word in (words if forget else words[:-1])]
    with opened_app() as app:
        category = None if forget else _category(app, words[-1])
        learn_from_all(app)
        subjects, refused = subjects_of(app, paths, recursive=recursive)
        if refused and not subjects and len(paths) == 1:
            raise refused[0][1]
        report = (
            forget_files(app, subjects, frozenset(paths))
            if forget
            else teach_files(app, subjects, category, LessonOrigin.TEACH)
        )
        refused += report.refused
        if forget and not report.learnt and not refused:
            raise UsageProblem("nothing was said about any of these files", path=paths[0])
        app.idle()
        if as_json:
            print_json(_fields(report, refused, forget=forget))
        else:
            _show(app, report, forget=forget)
            show_refused(refused)
    if not refused:
        return 0
    return 3 if report.learnt else 2


def _category(app: App, word: str) -> str | None:
    from ifmosfs.app.category_words import category_named

    try:
        return category_named(app.taxonomy, word)
    except NotFound as error:
        if os.path.lexists(word):
            hint = "the category comes last: ifmosfs teach FILE... CATEGORY"
            raise NotFound(f"no category was named after the files; {word!r} is a file", hint=hint) from error
        raise


def _show(app: App, report: TeachReport, *, forget: bool) -> None:
    from ifmosfs.cli.show_lessons import N_SHOWN, show_rescored

    for one in report.learnt[:N_SHOWN]:
        click.echo(f"{shown(one.subject.file.place.absolute)}: {_words(app, one, forget=forget)}")
    if len(report.learnt) > N_SHOWN:
        click.echo(f"  … {len(report.learnt) - N_SHOWN:,} more")
    if not report.learnt:
        return
    show_rescored(app.taxonomy, report.rescored, frozenset(one.subject.file.place.absolute for one in report.learnt))
    first = quoted(_lasting(report.learnt[0].subject))
    verb = "forgotten" if forget else "learned"
    back = "" if forget else f"    Take it back: ifmosfs teach --forget {first}"
    click.echo(f"{counted(len(report.learnt), 'file')} {verb}. See: ifmosfs why {first}{back}")


def _lasting(subject: Subject) -> bytes:
    """The path as it was given; of a file in a view that of the original, for what was said may have filed it elsewhere there."""
    parent, name = os.path.split(os.path.abspath(subject.given))
    original = subject.file.place.absolute
    return subject.given if os.path.join(os.path.realpath(parent), name) == original else original


def _words(app: App, one: Learnt, *, forget: bool) -> str:
    from ifmosfs.cli.show_lessons import category_words

    if forget:
        said = "" if one.before is None else f" that it is {category_words(app.taxonomy, one.before.category)}"
        return f"forgotten what you said{said}"
    now = category_words(app.taxonomy, one.category)
    if not one.is_new:
        return f"{now}, as you have said before"
    if one.before is not None:
        return f"{now}; before you said {category_words(app.taxonomy, one.before.category)}"
    program = one.program
    if program is None or program.label is None:
        return f"{now}; the program could not tell"
    return f"{now}; the program said {category_words(app.taxonomy, program.label)} {program.score:.2f}"


def _fields(report: TeachReport, refused: list[Refusal], *, forget: bool) -> dict[str, object]:
    from ifmosfs.cli.show_lessons import rescored_fields

    return {
        "forgotten" if forget else "learned": [
            {
                "path": one.subject.file.place.absolute,
                "category": one.category,
                "is_new": one.is_new,
                "said_before": None if one.before is None else one.before.category,
                "program": None if one.program is None else one.program.label,
                "program_confidence": 0.0 if one.program is None else one.program.score,
            }
            for one in report.learnt
        ],
        "refused": [{"path": path, "code": error.code, "why": error.what} for path, error in refused],
        **rescored_fields(report.rescored),
    }
