"""What of one or several plans is to be moved back: what a person names, and what must go with it. Pure.

A *candidate* is one move that a rollback could undo, or that has been undone already. A `Selection` names some by category, id,
name or place; all that is given must fit. `close_over` adds what depends on them: the rest of a unit (companions, hard links, the
parts of a cycle), what has taken the old name of one, what was moved on from its place, and the file that one has displaced.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from ifmosfs.core.effects import ends
from ifmosfs.core.errors import Ambiguous, NotFound
from ifmosfs.core.files import Place
from ifmosfs.core.history import MOVING, Key, RunHistory, Standing
from ifmosfs.core.journal import OpKind, OpState, RunKind
from ifmosfs.core.names import SEPARATOR, is_within, shell_word
from ifmosfs.core.ordering import is_third_name
from ifmosfs.core.plan import Action
from ifmosfs.core.rollback import to_undo
from ifmosfs.core.vault import origin_of

WILD: Final = frozenset(b"*?[")
N_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """One move of a plan. `entry_id` names it; `old` is where it came from, `new` where its run brought it, `now` where it is to
    be now, because a later plan may have moved it on. `actions` are the plan's files that it moved, several where it is a folder.
    `stands`: it has not been undone."""

    plan_id: str
    key: Key
    old: Place
    new: Place
    now: Place
    is_folder: bool
    stands: bool
    actions: tuple[Action, ...]

    @property
    def entry_id(self) -> str:
        """The run's id and the operation's number: what a person names it by."""
        return f"{self.key[0]}-{self.key[1]}"

    def names(self) -> Iterator[bytes]:
        """All absolute paths that it has had, and those of the files in it."""
        tops = dict.fromkeys(place.absolute for place in (self.old, self.new, self.now))
        yield from tops
        if self.is_folder:
            for action in self.actions:
                below = Place(action.root, action.source).absolute[len(self.old.absolute) :]
                yield from (top + below for top in tops)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person names; what is not given fits everything.

    `ids` may be shortened at the run's end (`8b2-14`). `paths` are absolute names, old or new, of files or of folders with
    all that is in them, or patterns for them; without a slash, for the last name alone. `among`: the absolute old places that
    are meant, such as those of a snapshot; `None` for all.
    """

    categories: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    paths: tuple[bytes, ...] = ()
    among: frozenset[bytes] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing was named."""
        return not (self.categories or self.ids or self.paths) and self.among is None


@dataclass(frozen=True, slots=True)
class Added:
    """A move that must be undone together with one that was named, and why."""

    moved: Standing
    because: str
    of: Place

    @property
    def place(self) -> Place:
        """Where it is to be now."""
        return ends(self.moved.operation)[1]


WORDS: Final[Mapping[str, str]] = {
    "unit": "it moves together with",
    "name": "it has the name now that is to be given back to",
    "moved-on": "it is where this file has been brought on to",
    "displaced": "it was put into the vault for",
}


def candidates(
    plan_id: str,
    history: Sequence[RunHistory],
    as_done: Sequence[RunHistory],
    actions: Iterable[Action],
    undo: Collection[str] | None = None,
) -> list[Candidate]:
    """The moves of a plan's commits, or of the runs named in `undo`, oldest first.

    `history` are its runs as later plans have left them (`core.followed`), `as_done` the same runs as they were done.
    Raises: RecoveryNeeded.
    """
    standing = {each.key: each for each in to_undo(history, undo)}
    commits = {each.run.run_id for each in as_done if each.run.kind is RunKind.COMMIT}
    wanted = commits if undo is None else frozenset(undo)
    by_id = {action.action_id: action for action in actions}
    found = []
    for each in as_done:
        if each.run.run_id not in wanted:
            continue
        through: dict[bytes, Place] = {}  # what waits under a third name came from there
        for row in each.recorded:
            operation = row.operation
            if operation.kind not in MOVING or row.outcome.state is not OpState.DONE:
                continue
            if undo is None and operation.inverse_of is not None:
                continue
            source, target, _ = ends(operation)
            if is_third_name(target):
                through[target.absolute] = source
                continue
            key = each.run.run_id, operation.seq
            stands = standing.get(key)
            now = target if stands is None else ends(stands.operation)[1]
            old, is_folder = through.get(source.absolute, source), operation.kind is OpKind.CARRY
            moved = _below(old, target, by_id.values()) if is_folder else [by_id.get(operation.action_id)]
            of_plan = tuple(action for action in moved if action is not None)
            found.append(Candidate(plan_id, key, old, target, now, is_folder, stands is not None, of_plan))
    return found


def _below(old: Place, new: Place, actions: Iterable[Action]) -> list[Action | None]:
    """The files of a folder that was carried; a rollback carries it from `new`, and its files were planned in `old`."""
    folders = (old.absolute, new.absolute)
    return [one for one in actions if any(is_within(one.source_place.absolute, folder) for folder in folders)]


def choose(found: Sequence[Candidate], wanted: Selection) -> list[Candidate]:
    """The candidates that are meant, in their order, whether they stand or not.

    Raises: NotFound for a name, id or category that fits nothing; Ambiguous for a shortened id that fits several runs.
    """
    chosen = list(found)
    if wanted.categories:
        chosen = _of_categories(chosen, wanted.categories)
    if wanted.ids:
        keys = {_by_id(found, id_).key for id_ in wanted.ids}
        chosen = [each for each in chosen if each.key in keys]
    if wanted.paths:
        chosen = _at_paths(chosen, wanted.paths)
    if wanted.among is not None:
        chosen = [each for each in chosen if any(name in wanted.among for name in each.names())]
    return chosen


def _of_categories(found: Sequence[Candidate], categories: Sequence[str]) -> list[Candidate]:
    known = sorted({action.category for each in found for action in each.actions if action.category})
    meant = {_category_meant(wanted, known) for wanted in categories}
    return [each for each in found if any(action.category in meant for action in each.actions)]


def _category_meant(wanted: str, known: Sequence[str]) -> str:
    """The category of that name, or the only one whose name begins so."""
    plain = wanted.casefold().replace(" ", "_")
    fitting = [one for one in known if one.casefold() == plain] or [
        one for one in known if plain and one.startswith(plain)
    ]
    if len(fitting) > 1:
        raise Ambiguous(f"{wanted!r} begins several categories: {', '.join(fitting)}", hint="name more of it")
    if not fitting:
        hint = f"there are: {', '.join(known)}" if known else "none of these files has a category"
        raise NotFound(f"no file of category {wanted!r} was moved", hint=hint)
    return fitting[0]


def _by_id(found: Sequence[Candidate], wanted: str) -> Candidate:
    run, dash, number = wanted.strip().lower().rpartition("-")
    if not dash:
        run, number = "", run or number
    fitting = [each for each in found if str(each.key[1]) == number and each.key[0].startswith(run)]
    if not fitting:
        raise NotFound(f"no moved file has the id {wanted!r}", hint="list them: ifmosfs rollback files")
    if len(fitting) > 1:
        raise _ambiguous(f"several moved files have an id like {wanted!r}", fitting)
    return fitting[0]


def _ambiguous(what: str, fitting: Sequence[Candidate]) -> Ambiguous:
    more = f" and {len(fitting) - N_NAMED} more" if len(fitting) > N_NAMED else ""
    return Ambiguous(what, hint=f"name one of: {', '.join(each.entry_id for each in fitting[:N_NAMED])}{more}")


def _at_paths(found: Sequence[Candidate], paths: Sequence[bytes]) -> list[Candidate]:
    chosen: set[Key] = set()
    for wanted in paths:
        fits = _fitting(wanted)
        keys = {each.key for each in found if any(fits(name) for name in each.names())}
        if not keys:
            below = wanted.rstrip(b"/") + b"/"
            is_folder = any(b"/" + below.lstrip(b"/") in name for each in found for name in each.names())
            hint = (
                f"end a folder with a slash: {shell_word(below)}" if is_folder else "list them: ifmosfs rollback files"
            )
            raise NotFound("no moved file has, or had, this name", path=wanted, hint=hint)
        chosen |= keys
    return [each for each in found if each.key in chosen]


def _fitting(wanted: bytes) -> Callable[[bytes], bool]:
    """Whether a path is the wanted one or lies below it, or fits it as a pattern; a name that is there is never a pattern only."""
    is_wild = not WILD.isdisjoint(wanted)
    if SEPARATOR not in wanted:
        return lambda path: (name := path.rpartition(SEPARATOR)[2]) == wanted or (is_wild and fnmatchcase(name, wanted))
    exact = wanted.rstrip(SEPARATOR) or SEPARATOR
    below = exact.rstrip(SEPARATOR) + SEPARATOR
    return lambda path: path == exact or path.startswith(below) or (is_wild and fnmatchcase(path, exact))


def close_over(
    chosen: Collection[Key], undoable: Sequence[Standing], history: Sequence[RunHistory]
) -> tuple[frozenset[Key], tuple[Added, ...]]:
    """The keys of all that must be undone together, and what was added to the chosen ones, each with the first reason.

    `undoable`: all moves that would be undone, newest first (`core.rollback.to_undo`); `history` all runs of the plan.
    """
    needs = _Needs([each for each in undoable if each.operation.kind in MOVING], history)
    todo = [each for each in needs.moves if each.key in chosen]
    closed = {each.key for each in todo}
    added: list[Added] = []
    while todo:
        each = todo.pop()
        for other, because in needs.of(each):
            if other.key not in closed:
                closed.add(other.key)
                todo.append(other)
                added.append(Added(other, because, ends(each.operation)[0]))
    shown = [each for each in added if not is_third_name(each.place)]
    return frozenset(closed), tuple(shown)


class _Needs:
    """Which moves depend on which, found by their names."""

    def __init__(self, moves: Sequence[Standing], history: Sequence[RunHistory]) -> None:
        self.moves = moves
        self._age = {each.key: number for number, each in enumerate(moves)}  # the newest is 0
        self._inverted = {
            (each.run.run_id, row.operation.seq): row.operation for each in history for row in each.recorded
        }
        self._members: dict[Key, list[Standing]] = defaultdict(list)
        self._arriving: dict[bytes, list[Standing]] = defaultdict(list)
        self._leaving: dict[bytes, list[Standing]] = defaultdict(list)
        for each in moves:
            old, now, _ = ends(each.operation)
            self._arriving[now.absolute].append(each)
            self._leaving[old.absolute].append(each)
            unit = self._unit(each)
            if unit is not None:
                self._members[unit].append(each)

    def _unit(self, each: Standing) -> Key | None:
        """The unit of the move, or of the one that it undid in turn."""
        key, operation = each.key, each.operation
        while not operation.unit and operation.inverse_of in self._inverted:
            key = operation.inverse_of
            operation = self._inverted[key]
        return (key[0], operation.unit) if operation.unit else None

    def of(self, each: Standing) -> Iterator[tuple[Standing, str]]:
        """What must be undone as well, and why; the move itself may be among it."""
        old, now, _ = ends(each.operation)
        unit = self._unit(each)
        if unit is not None:
            yield from ((other, "unit") for other in self._members[unit])
        for path in (old.absolute, *_above(old.absolute)):
            yield from ((other, "name") for other in self._arriving.get(path, ()) if self._is_newer(other, each))
        for other in self._leaving.get(now.absolute, ()):
            if self._is_newer(other, each):
                yield other, "moved-on"
            elif other.run_id == each.run_id and origin_of(ends(other.operation)[1].path) is not None:
                yield other, "displaced"

    def _is_newer(self, one: Standing, other: Standing) -> bool:
        return self._age[one.key] < self._age[other.key]


def _above(path: bytes) -> Iterator[bytes]:
    while path := path.rpartition(SEPARATOR)[0]:
        yield path
