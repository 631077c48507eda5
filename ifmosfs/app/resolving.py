"""Use cases: answer the open conflicts of a plan, and take answers back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, TypeVar

from ifmosfs.app.context import App
from ifmosfs.app.staging import refuse_begun
from ifmosfs.core.conflicts import Conflict, Contender, holder_of, open_conflicts
from ifmosfs.core.errors import TargetProblem
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.names import display
from ifmosfs.core.plan import Action, ConflictStrategy
from ifmosfs.core.resolve import Answer, Resolution, Resolver, Unanswered, standing
from ifmosfs.platform import host

HASHED_BYTES = 256 << 20  # of larger files nobody waits for the hash
FIRST_BYTES = 2048
FIRST_LINES = 3
N_TRIES: Final = 3

Outcomes = Sequence[Answer | Unanswered]
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which conflicts are meant: those with a source or wanted target that fits `only`, of `category`; `None` is any."""

    only: bytes | None = None
    category: str | None = None

    def fits(self, actions: Iterable[Action], wanted: Iterable[bytes]) -> bool:
        """Whether one of the files is meant."""
        actions = list(actions)
        if self.category is not None and all(action.category != self.category for action in actions):
            return False
        if self.only is None:
            return True
        paths = [*wanted, *(path for each in actions for path in (each.source, each.source_place.absolute))]
        return any(fnmatchcase(path, self.only) for path in paths)


@dataclass(frozen=True, slots=True)
class Answered:
    """A conflict and what became of it: an answer, or why it is still open."""

    conflict: Conflict
    strategy: ConflictStrategy
    outcome: Answer | Unanswered


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Files whose answer was taken back, or why not; `action` is the first of them."""

    action: Action
    strategy: ConflictStrategy
    n_files: int
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of two files that want a name, as a person compares them. `digest` is `None` where it was not computed."""

    path: bytes
    fingerprint: Fingerprint
    kind: Kind
    digest: bytes | None
    lines: tuple[str, ...]
    dimensions: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The file that comes and what has the name; `None` for a folder that is only planned. `is_same`: equal content. `can_contest`:
    one of the two can be given the name, and the other put away."""

    comes: Side
    has: Side | None
    is_same: bool | None
    can_contest: bool


class Resolving:
    """Answers for one plan. Every method that answers has stored the answer when it returns."""

    def __init__(self, app: App, info: PlanInfo) -> None:
        """Raises `WrongState` for a plan that is over or whose commit has begun."""
        refuse_begun(info)
        self._app = app
        self._plan_id = info.plan_id
        self._plan = app.catalogue.load_plan(info.plan_id)
        self._resolver = self._fresh()

    def open(self, choice: Choice) -> list[Conflict]:
        """The open conflicts that are meant. Raises `TargetProblem` where the target cannot be looked at."""
        try:
            found = open_conflicts(self._resolver.tree, self._app.disk)
        except OSError as error:
            raise self._unreadable(error) from error
        return [
            each
            for each in found
            if choice.fits((one.action for one in each.contenders), (one.wanted for one in each.contenders))
        ]

    def answer(self, conflicts: Sequence[Conflict], strategy: ConflictStrategy) -> list[Answered]:
        """Answer conflicts with a strategy, all of them stored at once. If the plan was edited meanwhile, the answers are
        worked out again on what it is now."""
        return self._stored(lambda: self._all_answered(conflicts, strategy))

    def _all_answered(
        self, conflicts: Sequence[Conflict], strategy: ConflictStrategy
    ) -> tuple[list[Answered], Outcomes]:
        done = [Answered(each, strategy, self._answer(each, strategy)) for each in conflicts]
        return done, [each.outcome for each in done]

    def take_back(self, choice: Choice) -> list[TakenBack]:
        """Take the answers back that are meant, the newest first."""
        return self._stored(lambda: self._all_taken_back(choice))

    def _all_taken_back(self, choice: Choice) -> tuple[list[TakenBack], Outcomes]:
        done: list[tuple[TakenBack, Answer | Unanswered]] = []
        for group in standing(self._app.catalogue.resolutions(self._plan_id), self._resolver.edits):
            actions = [self._resolver.tree.file(each.action_id).action for each in group]
            if choice.fits(actions, [each.target for each in actions if each.target is not None]):
                done.append(self._take_back(group, actions))
        return [told for told, _ in done], [outcome for _, outcome in done]

    def _stored(self, work_out: Callable[[], tuple[list[Told], Outcomes]]) -> list[Told]:
        """What was worked out, and stored; worked out anew where the plan was edited meanwhile. Where programs edit it without a
        pause that would never end, so after some tries their edits wait."""
        for _ in range(N_TRIES):
            after = self._resolver.tree.last_edit
            told, outcomes = work_out()
            if self._store(outcomes, after):
                return told
            self._resolver = self._fresh()
        with self._app.catalogue.alone():
            self._resolver = self._fresh()
            after = self._resolver.tree.last_edit
            told, outcomes = work_out()
            is_stored = self._store(outcomes, after)
        assert is_stored, "the plan was edited by somebody else while nobody else could write"
        return told

    def compare(self, conflict: Conflict, contender: Contender) -> Comparison:
        """Both files of a conflict, with their hashes, first lines or dimensions."""
        members = frozenset(each.action.action_id for each in conflict.contenders)
        tree, disk = self._resolver.tree, self._app.disk
        try:
            holder = holder_of(tree, disk, contender.wanted, members)
            can_contest = self._resolver.can_contest(conflict)
        except OSError as error:
            raise self._unreadable(error) from error
        place, attr = Place(self._plan.target, contender.wanted), holder.attr if holder is not None else None
        if holder is not None and holder.node is not None:
            place = holder.node.action.source_place
            with suppress(OSError):
                attr = disk.lstat(place)
        comes = self._side(contender.action.source_place, _looked_at(self._app, contender.action))
        has = None if attr is None else self._side(place, (attr.fingerprint, attr.kind))
        return Comparison(comes, has, _is_same(comes, has), can_contest)

    def _fresh(self) -> Resolver:
        log = self._app.catalogue.edit_log(self._plan_id)
        return Resolver(self._plan, log, self._app.disk, host.now_ns())

    def _answer(self, conflict: Conflict, strategy: ConflictStrategy) -> Answer | Unanswered:
        try:
            return self._resolver.answer(conflict, strategy)
        except OSError as error:
            raise self._unreadable(error) from error

    def _take_back(
        self, group: Sequence[Resolution], actions: Sequence[Action]
    ) -> tuple[TakenBack, Answer | Unanswered]:
        outcome = self._resolver.undo(group)
        why_not = outcome.why if isinstance(outcome, Unanswered) else None
        return TakenBack(actions[0], group[0].strategy, len(group), why_not), outcome

    def _store(self, outcomes: Sequence[Answer | Unanswered], after: int) -> bool:
        answers = [each for each in outcomes if isinstance(each, Answer)]
        return not answers or self._app.catalogue.append_answers(self._plan_id, answers, after)

    def _side(self, place: Place, looked: tuple[Fingerprint, Kind]) -> Side:
        fingerprint, kind = looked
        digest: bytes | None = None
        lines: tuple[str, ...] = ()
        dimensions: tuple[int, int] | None = None
        if kind is Kind.FILE:
            with suppress(OSError):
                if fingerprint.size_bytes <= HASHED_BYTES:
                    digest = self._app.disk.digest(place)
                descriptor = self._app.disk.open_read(place)
                try:
                    lines, dimensions = _glimpse(descriptor, fingerprint.size_bytes)
                finally:
                    os.close(descriptor)
        return Side(place.absolute, fingerprint, kind, digest, lines, dimensions)

    def _unreadable(self, error: OSError) -> TargetProblem:
        what = f"the target cannot be looked at ({error.strerror})"
        return TargetProblem(what, path=self._plan.target, hint="mend that, then try again")


def _looked_at(app: App, action: Action) -> tuple[Fingerprint, Kind]:
    """The file as it is; as it was planned where it is gone."""
    try:
        attr: Attr = app.disk.lstat(action.source_place)
    except OSError:
        return action.expected, action.entry_kind
    return attr.fingerprint, attr.kind


def _is_same(comes: Side, has: Side | None) -> bool | None:
    if has is None or comes.kind is not has.kind or comes.fingerprint.size_bytes != has.fingerprint.size_bytes:
        return False
    if comes.digest is None or has.digest is None:
        return None
    return comes.digest == has.digest


def _glimpse(descriptor: int, size_bytes: int) -> tuple[tuple[str, ...], tuple[int, int] | None]:
    """The first lines of a text, or (width, height) in pixels of a picture."""
    from ifmosfs.ml.images import PILLOW_FORMATS, read_picture
    from ifmosfs.ml.sample import Sample

    assert stat.S_ISREG(os.fstat(descriptor).st_mode)
    head = os.pread(descriptor, FIRST_BYTES, 0)
    for format_name, starts in _PICTURES.items():
        if format_name in PILLOW_FORMATS and head.startswith(starts):
            picture = read_picture(Sample(descriptor, size_bytes), format_name, 9999)
            return (), None if picture is None else (picture.width, picture.height)
    if b"\0" in head:
        return (), None
    return tuple(display(line[:100]) for line in head.splitlines()[:FIRST_LINES]), None


_PICTURES = {
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG",),
    "gif": (b"GIF8",),
    "webp": (b"RIFF",),
    "tiff": (b"II*\0", b"MM\0*"),
    "bmp": (b"BM",),
}
