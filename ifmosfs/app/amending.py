"""Use case: amend an open plan by files that have appeared, changed or been renamed since it was made.

What the catalogue already knows of the files is classified and placed by the planner, on what the target has and the tree shows,
and stored as one amendment of the plan, on the edits that the tree has seen; where somebody edits meanwhile, it is worked out again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Final, NamedTuple, Protocol, TypeVar

from ifmosfs.app.context import App
from ifmosfs.app.gathering import Gathering
from ifmosfs.app.staging import content_of, names_in
from ifmosfs.core.amending import (
    Gathered,
    Renewed,
    Settled,
    Shown,
    amendment,
    as_candidate,
    companies_of,
    is_placed_anew,
    joining,
    merged,
    names_shown,
    renamed_path,
    renewed,
    renumbered,
    rivals,
)
from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.names import ancestors, is_within, join
from ifmosfs.core.overlay import Existing, read_listing
from ifmosfs.core.plan import Action, EditKind, Plan, Unit, UnitKind
from ifmosfs.core.planner import Candidate, PlanHeader, folders_wanted, make_plan, place_files
from ifmosfs.core.ports import SHORT_OF_MEANS, DiskReader
from ifmosfs.core.project_changes import in_project, left_aside, project_followed, project_member
from ifmosfs.core.proposal import Proposal
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.units import Company
from ifmosfs.platform import host

LOG: Final = logging.getLogger("ifmosfs")
TRIES: Final = 20  # how often an amendment is worked out again because somebody edits the plan at the same time

T = TypeVar("T")
Pair = tuple[ScannedFile, Proposal]


class OpenTree(Protocol):
    """The tree of the plan, which others may edit at any time."""

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        """What the tree answers, while nobody changes it. Must not look at a disk."""
        ...

    def reload(self) -> None:
        """Take in the edits that others have made. Raises `FsError`."""
        ...


class News(NamedTuple):
    """The files that an amendment is about, each with the word on it; the actions of those that are known, by their places as they
    are now; and of those that were renamed the actions as they were, by id."""

    pairs: Sequence[Pair]
    known: dict[Place, Action]
    before_rename: dict[int, Action]


class Amended(NamedTuple):
    """What has come of news: how many known files were given another place, and the places of the files of which nothing was stored,
    because the plan knows more of them by now than the news did; they are to be looked at again."""

    n_placed: int
    overtaken: Sequence[Place] = ()


@dataclass(frozen=True, slots=True)
class _Made:
    """What the planner has made of files: an action for each, in their order; the actions that lost their names to them; new folders
    and units; known actions that become members of one."""

    actions: list[Action] = field(default_factory=list)
    lost: list[Action] = field(default_factory=list)
    folders: tuple[bytes, ...] = ()
    units: list[Unit] = field(default_factory=list)
    joined: list[Action] = field(default_factory=list)

    def united(self, action: Action) -> Action:
        """The action with the unit that it has become a member of."""
        number = next((each.unit for each in self.joined if each.action_id == action.action_id), action.unit)
        return replace(action, unit=number)


class Amender:
    """Amends one plan."""

    def __init__(self, app: App, plan: Plan, tree: OpenTree) -> None:
        """`plan` need not have its actions."""
        self._app = app
        self._plan = plan
        self._tree = tree

    def amend(self, news: News) -> Amended | None:
        """Store all that is still news, and have the tree take it in. `None`, with nothing stored, if somebody edits the plan all the
        time."""
        for _ in range(TRIES):
            self._tree.reload()  # the actions that were read may be newer
            amended = self._amended(news)
            if amended is not None:
                self._tree.reload()
                return amended
        return None

    def follow_project(self, number: int, before: Place, place: Place) -> bool:
        """Store, and have the tree take in, that a project was renamed or moved as a whole and its folder, which was at `before`,
        is at a place now. Nothing is stored where it is not at `before` any more, for another view has followed it, nor where another
        project is around the place, which it is a part of then. `False`, with nothing stored, if somebody edits the plan all the
        time."""
        for _ in range(TRIES):
            self._tree.reload()
            after, at, around = self._tree.consult(
                lambda tree: (tree.last_edit, tree.project_places.get(number), tree.project_around(place))
            )
            if at != before or around not in {None, number}:
                return True
            members = self.members(number)
            if not members:  # another view has followed it just now, which the tree does not know yet
                continue
            follow = partial(project_followed, number=number, place=place, members=members, now_ns=host.now_ns())
            if self._app.catalogue.amend(self._plan.plan_id, self._tree.consult(follow), after):
                self._tree.reload()
                return True
        return False

    def leave_aside(self, action_ids: Sequence[int]) -> bool:
        """Store, and have the tree take in, that something that is no file of the plan has the names of these files of projects.
        `False`, with nothing stored, if somebody edits the plan all the time."""
        for _ in range(TRIES):
            self._tree.reload()
            leave = partial(left_aside, action_ids=action_ids, now_ns=host.now_ns())
            after = self._tree.consult(lambda tree: tree.last_edit)
            change = self._tree.consult(leave)
            if not change.edits:
                return True
            if self._app.catalogue.amend(self._plan.plan_id, change, after):
                self._tree.reload()
                return True
        return False

    def members(self, number: int) -> list[Action]:
        """The actions of the files that are in the folder of a project, or were when they were last seen."""
        folder = self._tree.consult(lambda tree: tree.project_places.get(number))
        if folder is None:  # it is part of another one, as another view has just told
            return []
        below = self._app.catalogue.actions_below(self._plan.plan_id, folder)
        return [action for action in below if action.unit == number]

    def classified(self, files: Iterable[ScannedFile]) -> list[Pair]:
        """The files as the catalogue knows them, those that nothing was said of classified now."""
        app, by_root = self._app, _by_root(files)
        pairs = [
            pair
            for root, paths in by_root.items()
            for pair in app.catalogue.classified_at(self._plan.session_id, root, paths)
        ]
        unsaid = [file for file, proposal in pairs if proposal is None]
        fresh = dict(zip((file.file_id for file in unsaid), app.classifier.propose_all(unsaid), strict=True))
        app.catalogue.save_proposals(app.classifier.name, fresh.items())
        return [(file, proposal or fresh[file.file_id]) for file, proposal in pairs]

    def _amended(self, news: News) -> Amended | None:
        """`None` where the plan was edited meanwhile."""
        catalogue, plan_id = self._app.catalogue, self._plan.plan_id
        after = self._tree.consult(lambda tree: tree.last_edit)
        news, overtaken = self._still_news(news)
        if not news.pairs:
            return Amended(0, overtaken)
        known = news.known
        fresh = count(catalogue.last_unit(plan_id) + 1)
        gathered = self._gathered(news, fresh)
        joined = {action.action_id for each in gathered for action in each.joined}
        members, new, again = self._sorted(news, gathered, joined)
        made = self._made([*new, *((file, proposal) for file, proposal, _ in again)], len(new), again, fresh)
        now = {action.action_id: made.united(renewed(action, file, proposal)) for file, proposal, action in again}
        rest = [
            made.united(renewed(action, file))
            for file, _ in news.pairs
            if (action := known.get(file.place)) is not None and action.action_id not in {*now, *joined}
        ]
        told = {*now, *joined, *(action.action_id for action in rest)}
        rest += [action for action in made.joined if action.action_id not in told]
        concerned = told.union(action.action_id for action in made.joined)
        if not self._tree.consult(lambda tree: all(map(tree.has_file, concerned))):
            return None  # another view has added some of them just now
        placed = list(zip(now.values(), made.actions[len(new) :], strict=True))
        units = [*(each.unit for each in gathered), *made.units]
        added = [*members, *made.actions[: len(new)]]
        settled = Settled(added, placed, made.lost, made.folders, units, gathered)
        renewals = Renewed([*rest, *now.values()], news.before_rename)
        on_disk = self._occupied(renewals)
        next_id, now_ns = catalogue.last_action(plan_id) + 1, host.now_ns()
        change = self._tree.consult(lambda tree: amendment(tree, settled, renewals, next_id, now_ns, on_disk))
        n_placed = sum(each.kind is EditKind.MOVE and each.action_id in now for each in change.edits)
        return Amended(n_placed, overtaken) if catalogue.amend(plan_id, change, after) else None

    def _still_news(self, news: News) -> tuple[News, list[Place]]:
        """The news without the files of which the plan does not have just the action, or none, that the news says; and their places.

        Other views of the plan follow the same originals. What they have stored is asked for after the number of the last edit was
        read: a plan that they amend later than that refuses what is made of this.
        """
        catalogue, plan_id = self._app.catalogue, self._plan.plan_id
        places = [file.place for file, _ in news.pairs]
        there = {action.source_place: action for action in catalogue.actions_at(plan_id, places)}
        now = {
            action.action_id: action
            for action in catalogue.actions_numbered(plan_id, {action.action_id for action in news.known.values()})
        }
        known = {
            place: action
            for place, action in news.known.items()
            if now.get(action.action_id) == action and (place == action.source_place or place not in there)
        }
        left = {action.source_place for place, action in known.items() if action.source_place != place}
        overtaken = [
            place
            for place in places
            if (place not in known if place in news.known else place in there and place not in left)
        ]
        left_out = frozenset(overtaken)
        pairs = [pair for pair in news.pairs if pair[0].place not in left_out]
        return News(pairs, known, news.before_rename), overtaken

    def _gathered(self, news: News, numbers: Iterator[int]) -> list[Gathered]:
        """The folders that the news make projects."""
        files = [file for file, _ in news.pairs]
        return Gathering(self._app, self._plan, self._tree, files, news.known).found(numbers)

    def _sorted(
        self, news: News, gathered: Sequence[Gathered], joined: Container[int]
    ) -> tuple[list[Action], list[Pair], list[tuple[ScannedFile, Proposal, Action]]]:
        """Files of projects, with their actions; files to be placed; and known ones to be placed anew, but for those that have
        `joined` a project that is new."""
        members: list[Action] = []
        new: list[Pair] = []
        again: list[tuple[ScannedFile, Proposal, Action]] = []
        for file, proposal in news.pairs:
            action = news.known.get(file.place)
            unit = _new_project(gathered, file.place) or self._tree.consult(partial(in_project, place=file.place))
            if action is not None:
                if action.action_id not in joined and self._is_placed_anew(action, proposal):
                    again.append((file, proposal, action))
            elif unit is not None:
                members.append(self._tree.consult(partial(project_member, unit=unit, file=file)))
            else:
                new.append((file, proposal))
        return members, new, again

    def _is_placed_anew(self, action: Action, proposal: Proposal) -> bool:
        return self._tree.consult(lambda tree: is_placed_anew(tree, action, proposal))

    def _made(
        self,
        pairs: Sequence[Pair],
        n_new: int,
        again: Sequence[tuple[ScannedFile, Proposal, Action]],
        fresh: Iterator[int],
    ) -> _Made:
        """The planner's word on files, of which the first `n_new` are new and the others known ones that are placed `again`. `fresh`:
        numbers for new units."""
        if not pairs:
            return _Made()
        plan = self._plan
        around = self._judged(pairs)
        candidates = around[: len(pairs)]
        whole, mixed = companies_of(around, n_new)
        wanted = folders_wanted(candidates)
        folders = {b"", *wanted, *(folder for path in wanted for folder in ancestors(path))}
        without = frozenset(action.action_id for _, _, action in again)
        shown = self._tree.consult(lambda tree: names_shown(tree, folders, without))
        on_disk = {path: names_in(self._app, plan.target, path) for path in folders}
        names = {path: frozenset(found or ()) for path, found in on_disk.items()}
        rivalling = rivals(candidates, shown, names, plan.policy.names)
        for action_id in self._names_of_new(mixed, around, n_new):
            rivalling.pop(action_id, None)  # a file is no rival of itself, nor its own duplicate
        actions = self._app.catalogue.actions_numbered(plan.plan_id, rivalling)
        first = [as_candidate(action, rivalling[action.action_id]) for action in actions]
        companies = {each: renumbered(each, next(fresh), len(first)) for each in whole}

        def list_folder(path: bytes) -> dict[bytes, Existing] | None:
            disk = on_disk[path] if path in on_disk else names_in(self._app, plan.target, path)
            return merged(disk, self._shown_in(path, shown), rivalling)

        listing = read_listing(wanted, plan.policy.names, list_folder)
        united = [replace(each, company=companies.get(each.company) if each.company else None) for each in candidates]
        made = make_plan([*first, *united], listing, _header(plan), lambda place: content_of(self._app, place))
        fates = made.actions[: len(first)]
        lost = [action for action, fate in zip(actions, fates, strict=True) if fate.kind is not action.kind]
        found = _Made(list(made.actions[len(first) :]), lost, made.folders, list(made.units))
        for company in mixed:
            self._join(found, company, around, n_new, fresh)
        return found

    def _join(
        self, made: _Made, company: Company, around: Sequence[Candidate], n_new: int, fresh: Iterator[int]
    ) -> None:
        """Let new files be of one unit with those that the plan knows and that they belong to."""
        known = self._known_of(company, around, n_new)
        number = joining(known, next(fresh), self._tree.consult(lambda tree: tree.projects))
        if number is None:
            return
        for member in company.members:
            if member < n_new:
                made.actions[member] = replace(made.actions[member], unit=number)
        if not known[0].unit:
            made.units.append(replace(company.unit, number=number))
            made.joined.extend(replace(action, unit=number) for action in known)

    def _known_of(self, company: Company, around: Sequence[Candidate], n_new: int) -> list[Action]:
        places = [around[member].file.place for member in company.members if member >= n_new]
        return self._app.catalogue.actions_at(self._plan.plan_id, places)

    def _names_of_new(self, mixed: Iterable[Company], around: Sequence[Candidate], n_new: int) -> Iterator[int]:
        """The actions of those that the plan knows of whose inodes names have appeared."""
        for company in mixed:
            if company.unit.kind is UnitKind.LINKS:
                yield from (action.action_id for action in self._known_of(company, around, n_new))

    def _shown_in(self, path: bytes, shown: dict[bytes, dict[bytes, Shown]]) -> dict[bytes, Shown] | None:
        if path in shown:
            return shown[path]
        return self._tree.consult(lambda tree: names_shown(tree, [path]).get(path))  # another spelling of a folder

    def _judged(self, pairs: Sequence[Pair]) -> list[Candidate]:
        """Where the files want to go, judged in the company of those beside and above them and of their other names, which follow."""
        app, plan = self._app, self._plan
        own = {file.file_id for file, _ in pairs}
        company = [pair for pair in self._beside(pairs) if pair[0].file_id not in own]
        return place_files([*pairs, *company], app.layout, plan.policy, host.local_date, plan.roots)

    def _beside(self, pairs: Sequence[Pair]) -> Iterator[Pair]:
        places = [*(file.place for file, _ in pairs), *self._other_places(file for file, _ in pairs)]
        folders = {Place(root, above) for root, path in places for above in (b"", *ancestors(path))}
        for folder in folders:
            try:
                names = [name for name, attr in self._app.disk.list_folder(folder) if attr.kind is Kind.FILE]
            except OSError:
                continue
            paths = [join(folder.path, name) for name in names]
            for file, proposal in self._app.catalogue.classified_at(self._plan.session_id, folder.root, paths):
                yield file, proposal or Proposal(None, 0.0, "not classified")

    def _other_places(self, files: Iterable[ScannedFile]) -> list[Place]:
        """Where the plan has other names of the files, but in projects, which nothing outside belongs to."""
        inodes = {file.fingerprint.inode for file in files if has_other_names(self._app.disk, file)}
        known = self._app.catalogue.actions_of_inodes(self._plan.plan_id, inodes) if inodes else ()
        projects = self._tree.consult(lambda tree: frozenset(tree.projects))
        return [action.source_place for action in known if action.unit not in projects]

    def _occupied(self, renewals: Renewed) -> frozenset[bytes]:
        """The paths that renamed files would have in the layout and that something in the target has."""
        found = set()
        for now in renewals.changed:
            before = renewals.before_rename.get(now.action_id)
            if before is None:
                continue
            path = self._tree.consult(partial(renamed_path, before=before, now=now))
            if path is not None and self._is_taken(Place(self._plan.target, path)):
                found.add(path)
        return frozenset(found)

    def _is_taken(self, place: Place) -> bool:
        try:
            self._app.disk.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # whatever it is
        return True


def _new_project(gathered: Iterable[Gathered], place: Place) -> Unit | None:
    """That of some new projects which a place lies in."""
    for each in gathered:
        if each.unit.root == place.root and is_within(place.path, each.unit.folder or b""):
            return each.unit
    return None


def _header(plan: Plan) -> PlanHeader:
    return PlanHeader(
        plan.plan_id,
        plan.session_id,
        plan.target,
        plan.target_filesystem,
        plan.roots,
        plan.created_ns,
        plan.policy,
    )


def has_other_names(disk: DiskReader, file: ScannedFile) -> bool:
    """Whether a file that was found has more hard links than the name it was found by. Raises OSError where too little is left to
    look with."""
    try:
        return file.kind is Kind.FILE and disk.lstat(file.place).n_links > 1
    except OSError as error:
        if error.errno in SHORT_OF_MEANS:
            raise
        return False  # gone meanwhile, which is told by what comes next


def _by_root(files: Iterable[ScannedFile]) -> dict[bytes, list[bytes]]:
    by_root: dict[bytes, list[bytes]] = {}
    for file in files:
        by_root.setdefault(file.root, []).append(file.path)
    return by_root
