"""Use cases: learn from a person what files are, and forget it again."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from ifmosfs.app.context import App
from ifmosfs.app.rescoring import Rescored, rescore
from ifmosfs.app.scanning import scan_rules, walk
from ifmosfs.app.subjects import Subject, subject_of
from ifmosfs.core.errors import DatabaseDamaged, DiskFailed, DiskFull, IfmosfsError, Locked, UsageProblem
from ifmosfs.core.files import Kind
from ifmosfs.core.lessons import Lesson, LessonKind, LessonOrigin
from ifmosfs.core.names import is_within
from ifmosfs.core.proposal import Opinion, Proposal
from ifmosfs.ml.taught import key_of
from ifmosfs.platform import host
from ifmosfs.platform.mounts import views

Refusal = tuple[bytes, IfmosfsError]
"""A path as it was given, and why nothing can be learned there."""

ENDING = (Locked, DiskFull, DiskFailed, DatabaseDamaged)  # of which the next file would say the same


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learned of one file. `before`: what a person had said of it, `None` for nothing; `program`: what the program says by
    itself. `is_new`: it was not known so already."""

    subject: Subject
    category: str | None
    program: Proposal | None
    before: Lesson | None
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class TeachReport:
    """What came of teaching: what was learned, or forgotten, of which files; those of which nothing could be; and what followed."""

    learnt: tuple[Learnt, ...]
    refused: tuple[Refusal, ...]
    rescored: Rescored


def teach(app: App, subjects: Sequence[Subject], category: str | None, origin: LessonOrigin) -> TeachReport:
    """Remember that files are of a category, or (`None`) of none, and judge anew what that bears on.

    All of it is durable on return. Raises `Locked`, `DiskFull` and their like; whatever is wrong with one file is in the report.
    """
    keyed, refused = _keyed(app, subjects)
    said = app.catalogue.said_about(key for _, key in keyed)
    learnt: list[Learnt] = []
    drafts: dict[bytes, Lesson] = {}
    files = [subject.file for subject, _ in keyed]
    with closing(app.classifier.inner.propose_all(files)) as proposals:
        rows = zip(keyed, proposals, app.classifier.describer.describe(files), strict=True)
        for n_done, ((subject, key), program, described) in enumerate(rows):
            app.progress("Learning", n_done, len(files))
            before = said[key].lesson if key in said else None
            is_new = before is None or before.category != category
            learnt.append(Learnt(subject, category, program, before, is_new))
            if is_new and key not in drafts:
                draft = _draft(subject, key, category, origin, Opinion(program.label, program.score))
                if described is not None:
                    draft = replace(draft, features=described.row, sketch=described.sketch)
                drafts[key] = draft
    if drafts:
        app.catalogue.add_lessons(list(drafts.values()))
    return TeachReport(tuple(learnt), tuple(refused), rescore(app))


def forget(app: App, subjects: Sequence[Subject], named: Container[bytes]) -> TeachReport:
    """Take back all that was said about the contents of files, and judge anew what that bears on. As `teach`; of files that were not
    `named` themselves but lie in a folder that was, it is no trouble that nothing was said."""
    keyed, refused = _keyed(app, subjects)
    said = app.catalogue.said_about(key for _, key in keyed)
    learnt: list[Learnt] = []
    drafts: dict[bytes, Lesson] = {}
    for subject, key in keyed:
        if key not in said:
            if subject.given not in named:
                continue
            refused.append((subject.given, UsageProblem("nothing was said about this content", path=subject.given)))
            continue
        learnt.append(Learnt(subject, None, None, said[key].lesson))
        drafts[key] = replace(_draft(subject, key, None, LessonOrigin.TEACH, None), kind=LessonKind.FORGOTTEN)
    if drafts:
        app.catalogue.add_lessons(list(drafts.values()))
    return TeachReport(tuple(learnt), tuple(refused), rescore(app))


def subjects_of(app: App, paths: Iterable[bytes], *, recursive: bool) -> tuple[list[Subject], list[Refusal]]:
    """The files that paths mean, with those below folders if that is wanted; and what is wrong with the others."""
    found: dict[bytes, Subject] = {}
    refused: list[Refusal] = []
    for given in paths:
        try:
            for path in _files_at(app, given, recursive=recursive):
                subject = subject_of(app, path)
                found.setdefault(subject.file.place.absolute, subject)
        except IfmosfsError as error:
            if isinstance(error, ENDING):
                raise
            refused.append((given, error))
    return list(found.values()), refused


def _files_at(app: App, given: bytes, *, recursive: bool) -> Iterator[bytes]:
    if os.path.islink(given) or not os.path.isdir(given):
        yield given
        return
    if not recursive:
        hint = "name files in it, or add --recursive for all of them"
        raise UsageProblem("a folder, where files are wanted", path=given, hint=hint)
    folder = os.path.realpath(given)
    if any(is_within(folder, view.point) for view in views()):
        for here, folders, names in os.walk(folder):
            folders[:] = sorted(folders)
            yield from (os.path.join(here, name) for name in sorted(names))
        return
    for file in walk(app, folder, scan_rules(app, app.settings.excludes)).found:
        if file.kind is Kind.FILE and file.fingerprint.size_bytes:
            yield os.path.join(folder, file.path)


def _keyed(app: App, subjects: Iterable[Subject]) -> tuple[list[tuple[Subject, bytes]], list[Refusal]]:
    """The files that have a content to be known by, each with its key."""
    keyed: list[tuple[Subject, bytes]] = []
    refused: list[Refusal] = []
    for subject in subjects:
        try:
            keyed.append((subject, _key(app, subject)))
        except IfmosfsError as error:
            refused.append((subject.given, error))
    return keyed, refused


def not_teachable(subject: Subject) -> UsageProblem | None:
    """Why nothing can ever be learned of what lies there: it has no content of its own."""
    if subject.file.kind is Kind.SYMLINK:
        hint = "teach the file that it leads to"
        return UsageProblem("a symbolic link has no content of its own", path=subject.given, hint=hint)
    if subject.file.kind is not Kind.FILE:
        return UsageProblem("this is no regular file", path=subject.given)
    if subject.file.fingerprint.size_bytes == 0:
        return UsageProblem("an empty file has no content to know it by", path=subject.given)
    return None


def _key(app: App, subject: Subject) -> bytes:
    problem = not_teachable(subject)
    if problem is not None:
        raise problem
    try:
        return key_of(app.disk, subject.file)
    except OSError as error:
        what = f"the file cannot be read ({error.strerror})"
        raise IfmosfsError(what, path=subject.given, hint="see who may read it, then run the command again") from error


def _draft(subject: Subject, key: bytes, category: str | None, origin: LessonOrigin, before: Opinion | None) -> Lesson:
    file = subject.file
    size_bytes = file.fingerprint.size_bytes
    return Lesson(0, LessonKind.IS, key, size_bytes, category, file.place, host.now_ns(), origin, before)
