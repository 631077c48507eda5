"""Planning a rollback: what to do so that the old places hold again, decided from base, now and old.

*Base* is what the journal says arrived, *now* is what is at the target, *old* is what is at the original place. Newer bytes always
win: a file that was modified or saved anew is moved back as it is now, and said so. Where the old place is occupied, the file
comes back beside what is there, under a name that says so, or stays, as the caller wants; nothing is overwritten. Of a file that
somebody has moved elsewhere it is told where it was found, and it stays there. One that is gone comes back from the content that a
snapshot holds, if one does. Every file that is to be moved back is in the order or, once, among the problems.

The order that comes out is carried out by `core.execute`, so a rollback is journaled, recoverable, and can itself be rolled
back: give `undo` its run's id. Nothing is written here; the steps are tried on a rehearsal of the disk.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ifmosfs.core.effects import Response, disk_failed, ends, lstat_or_none, parent, response_to, sibling
from ifmosfs.core.elsewhere import find_elsewhere
from ifmosfs.core.errors import PlanOutdated
from ifmosfs.core.execute import FolderToRestore, WorkOrder
from ifmosfs.core.files import Attr, Kind, Place
from ifmosfs.core.folders import DoomedFolder
from ifmosfs.core.held import Lost, NoOffer, Offer, Offers, no_offers
from ifmosfs.core.history import (
    MOVING,
    FolderEvent,
    Key,
    RunHistory,
    Standing,
    emptied,
    folder_events,
    standing,
    time_before,
    time_of_removed,
    undone_by,
    way_of,
)
from ifmosfs.core.journal import OpKind, Run, RunKind, RunState
from ifmosfs.core.names import SEPARATOR, ancestors, components, display, split, with_suffix_before_extension
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.preflight import Setting
from ifmosfs.core.rehearsal import RehearsalDisk
from ifmosfs.core.reports import WORDS, Problem, problem
from ifmosfs.core.steps import Step
from ifmosfs.core.swapped_back import in_units, units_in_part, without_thirds

PLAIN_FOLDER_MODE = 0o755
OTHER_DISK = "filesystem-changed"
NAME_MAX_BYTES = 255
EMPTIED = "emptied"
NOWHERE = frozenset({"gone", EMPTIED})


@dataclass(frozen=True, slots=True)
class RollbackOrder:
    """What to execute, and what a person should know before: files that are moved back though they were changed since
    (`modified`), files that come back under another name because theirs is taken (`beside`), files that are gone and come back from
    held contents (`from_held`), which are first copied to where their steps take them from (`copies`), files that cannot be moved
    back, each once, with its reason (`problems`), and scanned folders that are not there any more and are made again, plainly
    (`remade_roots`). `n_kept` files, displaced ones too, cannot be moved back. `is_whole`: when each step is done nothing of the
    plan is left where its commits put it."""

    order: WorkOrder
    modified: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    remade_roots: tuple[bytes, ...] = ()
    n_kept: int = 0
    beside: tuple[Problem, ...] = ()
    is_whole: bool = False
    from_held: tuple[Problem, ...] = ()
    copies: tuple[Offer, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done, and nothing stands in the way of anything that can be."""
        order = self.order
        work = (order.steps, order.folders, order.restore_folders, order.remove_folders, order.folder_times)
        return not any(work) and all(each.code == EMPTIED for each in self.problems)


def to_undo(history: Sequence[RunHistory], undo: Collection[str] | None = None) -> list[Standing]:
    """What a rollback undoes, newest first: all that still holds of the commits, or of the runs named in `undo`.

    The runs are given oldest first. Raises: RecoveryNeeded if one of them did not finish.
    """
    return _of_runs(standing(history), history, undo)


def _of_runs(
    holding: Iterable[Standing], history: Sequence[RunHistory], undo: Collection[str] | None
) -> list[Standing]:
    """Those of what holds that the commits did, or the runs named in `undo`."""
    commits = {each.run.run_id for each in history if each.run.kind is RunKind.COMMIT}
    return [
        each
        for each in holding
        if (each.run_id in commits and each.operation.inverse_of is None if undo is None else each.run_id in undo)
    ]


def plan_rollback(
    run: Run,
    history: Sequence[RunHistory],
    disk: DiskReader,
    *,
    undo: Collection[str] | None = None,
    only: Collection[Key] | None = None,
    absent: Collection[bytes] = (),
    foreign: Collection[bytes | Key] = (),
    back: Collection[Key] = (),
    beside: bytes | None = None,
    search: Sequence[bytes] = (),
    offers: Offers = no_offers,
) -> RollbackOrder:
    """The order for `run` that undoes what holds of a plan's runs, given oldest first with all their operations.

    `undo` names the runs to undo; by default all that the commits did, and what was undone already is left out.
    `only`: the moves to undo, which are complete in themselves (`core.selection.close_over`); by default all.
    `absent`: roots whose filesystem is not the one they were on (`absent_disks`); nothing is moved to them.
    `foreign`: places that files of other plans have taken, and moves whose files have gone; `back`: moves whose files other plans have
    brought back to their places (`core.followed`).
    `beside`: what is put into the name of a file whose old place is occupied; without it such a file stays where it is.
    `search`: the folders in which files that are not at their place are looked for.
    `offers`: from which held contents those come back that are not found.
    Raises: RecoveryNeeded if one of the runs did not finish; DiskFailed.
    """
    holding = standing(history)
    wanted = _of_runs(holding, history, undo)
    moves = [each for each in wanted if each.operation.kind in MOVING]
    chosen = moves if only is None else [each for each in moves if each.key in only]
    removals = [each for each in wanted if each.operation.kind is OpKind.RMDIR]
    foreign = {*foreign, *(set(_overtaken(holding, undone_by(history), moves)) - set(back))}
    planner = _Planner(disk, removals, absent, foreign, beside)
    planner.move_back(chosen)
    broken = units_in_part(planner.steps, chosen)
    if broken:
        planner = _Planner(disk, removals, absent, foreign, beside)
        planner.move_back(without_thirds(chosen, broken))
    planner.tell_emptied(_emptied_among(history, undo, None if only is None else chosen))
    planner.look_elsewhere(search)
    planner.bring_what_is_held(offers)
    made = [each for each in wanted if each.operation.kind is OpKind.MKDIR]
    is_whole = len(chosen) == len(moves)
    if is_whole:
        planner.restore_the_rest()
    else:
        left = [ends(each.operation)[1] for each in chosen]
        made = _above([*left, *_left_before(holding)], made)
    planner.remove_folders(made)
    order = WorkOrder(
        run=run,
        folders=tuple(planner.folders),
        steps=in_units(planner.steps, wanted),
        folder_times=_old_times(history, undo, planner, is_whole=is_whole),
        restore_folders=tuple(planner.restored),
        remove_folders=tuple(planner.removed),
    )
    return RollbackOrder(
        order,
        tuple(planner.modified),
        tuple(planner.problems),
        tuple(planner.remade_roots),
        planner.n_kept,
        tuple(planner.beside),
        is_whole=undo is None and len(order.steps) == len(moves),
        from_held=tuple(planner.from_held),
        copies=tuple(planner.copies),
    )


def _emptied_among(
    history: Sequence[RunHistory], undo: Collection[str] | None, chosen: Sequence[Standing] | None
) -> list[Standing]:
    """The files that would come back, had they not been removed from the vault: of what is `chosen` those that were displaced by it,
    else all that the runs which are undone have put away."""
    gone = _of_runs((each.moved for each in emptied(history)), history, undo)
    if chosen is None:
        return gone
    places = {ends(each.operation)[1].absolute for each in chosen}
    return [each for each in gone if ends(each.operation)[0].absolute in places]


def _overtaken(
    holding: Iterable[Standing], undone: Mapping[Key, Key], moves: Iterable[Standing]
) -> Iterator[bytes | Key]:
    """Those of the moves to whose places the plan has brought another file later: what is there now is not theirs. What a rollback
    of a rollback has brought there once more is the same file."""
    newest: dict[bytes, Standing] = {}
    for each in holding:
        if each.operation.kind in MOVING:
            newest.setdefault(ends(each.operation)[1].absolute, each)
    for each in moves:
        last = newest.get(ends(each.operation)[1].absolute)
        if last is not each and (last is None or each.key not in way_of(last.key, undone)):
            yield each.key


def _left_before(holding: Iterable[Standing]) -> list[Place]:
    """The places that earlier rollbacks have moved files from; one that was interrupted has left the folders that it emptied."""
    return [
        ends(each.operation)[0]
        for each in holding
        if each.operation.kind in MOVING and each.operation.inverse_of is not None
    ]


def _above(left: Iterable[Place], made: Iterable[Standing]) -> list[Standing]:
    """The folders that were made above the places that files are moved back from."""
    emptied: set[bytes] = set()
    for place in left:
        path = place.absolute
        while path := path.rpartition(SEPARATOR)[0]:
            emptied.add(path)
    return [each for each in made if _place(each).absolute in emptied]


def absent_disks(found: Sequence[Standing], setting: Setting, disk: DiskReader) -> frozenset[bytes]:
    """The roots, and the target, whose place is on another filesystem now than when the plan was made.

    `found` is what stands. Some filesystems change their identity with each mount: where any file still is what was
    committed, the disk is the right one, whatever it is called now.
    """
    target = Place(setting.target, b"")
    now = {place.root: disk.filesystem(place) for place in (target, *(Place(root.path, b"") for root in setting.roots))}
    called = {setting.target_filesystem: setting.target_filesystem}
    if now[setting.target] != setting.target_filesystem and any(_is_there(each, target, disk) for each in found):
        called[setting.target_filesystem] = now[setting.target]
    places = [(setting.target, setting.target_filesystem), *((root.path, root.filesystem) for root in setting.roots)]
    return frozenset(root for root, filesystem in places if now[root] not in {filesystem, called.get(filesystem)})


def _is_there(each: Standing, target: Place, disk: DiskReader) -> bool:
    place = each.operation.target
    if each.operation.kind not in MOVING or place is None or place.root != target.root or each.base is None:
        return False
    try:
        attr = lstat_or_none(disk, place)
    except OSError:
        return False
    if attr is None:
        return False
    if each.operation.kind is OpKind.CARRY:
        return attr.fingerprint.same_inode(each.base)
    return attr.fingerprint.same_file(each.base)


def other_disk(root: bytes) -> PlanOutdated:
    """The error for a place that nothing can be done about until its own disk is there."""
    return PlanOutdated(WORDS[OTHER_DISK], path=root, hint="mount the right disk, then run the command again")


class _Planner:
    """Collects the order while trying each part of it on a rehearsal, where later steps see earlier ones."""

    def __init__(
        self,
        disk: DiskReader,
        removals: Iterable[Standing],
        absent: Collection[bytes],
        foreign: Collection[bytes | Key],
        suffix: bytes | None,
    ) -> None:
        self._disk = disk
        self._stage = RehearsalDisk(disk)
        self._suffix = suffix
        self._lost: dict[int, Lost] = {}  # by the position of its problem
        self._removals = {_place(each).absolute: each for each in reversed(list(removals))}  # the newest one counts
        self._absent = absent
        self._foreign = foreign
        self._brought: dict[bytes, Standing] = {}  # what this rollback has brought to a place, by its path
        self._ready: set[Place] = set()  # folders that were planned, or are there, as are all above them
        self._kept_empty: set[bytes] = set()  # folders above files that do not come back
        self.restored: list[FolderToRestore] = []
        self.remade_roots: list[bytes] = []
        self.folders: list[tuple[Place, int]] = []
        self.steps: list[Step] = []
        self.removed: list[DoomedFolder] = []
        self.modified: list[Problem] = []
        self.beside: list[Problem] = []
        self.problems: list[Problem] = []
        self.from_held: list[Problem] = []
        self.copies: list[Offer] = []
        self.n_kept = 0

    def look(self, place: Place) -> Attr | None:
        """What would be at the place by now; a place that cannot be looked at counts as empty, and refuses the move later."""
        try:
            return self._stage.lstat_or_none(place)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, place) from error
            return None

    def restore_the_rest(self) -> None:
        """Removed folders that no file comes back into were empty, and come back; but not those whose files must stay."""
        for each in sorted(self._removals.values(), key=lambda each: len(components(_place(each).path))):
            place = _place(each)
            if self.look(place) is not None or place.absolute in self._kept_empty or place.root in self._absent:
                continue
            trouble = self._make_folders(place, (*ancestors(place.path), place.path))
            if trouble is not None:
                self.problems.append(trouble.about(place))

    def _make_room(self, place: Place) -> _Trouble | None:
        """Plan the folders above a place, once for all that comes back into the last of them; the trouble, if they cannot be."""
        folder = parent(place)
        if folder in self._ready:
            return None
        trouble = self._make_folders(place, ancestors(place.path))
        if trouble is None:
            self._ready.add(folder)
        return trouble

    def _make_folders(self, place: Place, wanted: Sequence[bytes]) -> _Trouble | None:
        """Plan the missing ones of some folders of a place's root, parents first: as they were if a run removed them, else
        plainly. The trouble, if the root cannot be or a file is in the way; then none has been planned."""
        trouble = self._make_root(place.root)
        for path in () if trouble else wanted:
            folder = Place(place.root, path)
            found = self.look(folder)
            if found is None:
                self._make_folder(folder)
            elif found.kind is not Kind.FOLDER:
                return _Trouble("folder-name-taken", folder.absolute)
        return trouble

    def _make_folder(self, folder: Place) -> None:
        removal = self._removals.get(folder.absolute)
        meta = removal.operation.folder if removal is not None else None
        if removal is not None and meta is not None:
            self._stage.make_folder(folder, meta.mode)
            self.restored.append(FolderToRestore(folder, meta, removal.key))
        else:
            self._stage.make_folder(folder, PLAIN_FOLDER_MODE)
            self.folders.append((folder, PLAIN_FOLDER_MODE))

    def _make_root(self, root: bytes) -> _Trouble | None:
        """A root that was removed is made again in the folder that it was in, if that is there; plainly if it was not by a run."""
        found = self.look(Place(root, b""))
        if found is not None:
            return None if found.kind is Kind.FOLDER else _Trouble("folder-name-taken", root)
        above, name = split(root)
        folder = self.look(Place(above or b"/", b""))
        if folder is None or folder.kind is not Kind.FOLDER:
            return _Trouble("target-folder-missing", root)
        place = Place(above or b"/", name)
        self._make_folder(place)
        if root not in self._removals:
            self.remade_roots.append(root)
        return None

    def move_back(self, moves: Sequence[Standing]) -> None:
        """Steps back to the old places, newest first. A name that a later step sets free is tried again after that step:
        recovery may have done an operation after the ones that follow it in the journal. What then still finds its place
        occupied comes back beside it, or stays."""
        waiting = self._move_what_can([each for each in moves if not _is_home(each)])
        while waiting and self._suffix is not None:
            going = {ends(each.operation)[1].absolute for each in waiting}
            stuck = [each for each in waiting if ends(each.operation)[0].absolute not in going] or waiting[:1]
            decided = {each.key for each in stuck}
            for each in stuck:
                if not self._move_back(each):
                    self._move_beside(each)
            waiting = self._move_what_can([each for each in waiting if each.key not in decided])
        for each in waiting:
            old, _, _ = ends(each.operation)
            self._keep(each, problem("name-taken", old.absolute))

    def _move_what_can(self, moves: Sequence[Standing]) -> list[Standing]:
        """Plan all steps that are possible, whatever sets their names free; the others."""
        waiting, n_before = list(moves), -1
        while len(waiting) != n_before:
            n_before = len(waiting)
            waiting = [each for each in waiting if not self._move_back(each)]
        return waiting

    def _move_back(self, each: Standing, to: Place | None = None) -> bool:
        """Plan a step back (`to` another place than the old one), or note why there is none; False if the name is taken now."""
        old, now, _ = ends(each.operation)
        if old.root in self._absent:
            self._keep(each, _Trouble(OTHER_DISK, old.root).about(old))
            return True
        path, found = now.absolute, self.look(now)
        is_foreign = path in self._foreign or each.key in self._foreign or self._is_anothers(each, path)
        lost = _lost(each, found, is_foreign=is_foreign)
        if found is None or lost is not None:
            self._lost[len(self.problems)] = Lost(each, is_foreign)
            self._keep(each, problem(lost or "gone", path))
            return True
        place = to or old
        if self.look(place) is not None:
            return False
        trouble = self._make_room(place)
        if trouble is not None:
            self._keep(each, trouble.about(old))
        elif self._relocate(now, place, each):
            self._brought.pop(path, None)
            self._brought[place.absolute] = each
            self._plan_step(each, found, now, place)
        return True

    def _plan_step(self, each: Standing, found: Attr, now: Place, place: Place) -> None:
        is_folder, fingerprint = each.operation.kind is OpKind.CARRY, found.fingerprint
        if is_folder:  # what was in it is elsewhere now, and is its owner's
            self._ready.clear()
        elif each.base is None or not fingerprint.same_inode(each.base):
            self.modified.append(problem("replaced", now.absolute, action_id=each.operation.action_id))
        elif not fingerprint.same_file(each.base):
            self.modified.append(problem("modified", now.absolute, action_id=each.operation.action_id))
        self.steps.append(Step(each.operation.action_id, now, place, fingerprint, each.key, is_folder=is_folder))

    def _is_anothers(self, each: Standing, now: bytes) -> bool:
        """Whether this rollback itself has brought another file to the path where this one was: it is the same only if the move that
        was taken back took it from where this one had left it."""
        brought = self._brought.get(now)
        if brought is None or each.base is None:
            return False
        return not ends(brought.operation)[2].same_inode(each.base)

    def _move_beside(self, each: Standing) -> None:
        """Plan a step to a free name beside what occupies the old place."""
        old, _, _ = ends(each.operation)
        is_folder = each.operation.kind is OpKind.CARRY
        place = _beside(old, self._suffix or b"", lambda place: self.look(place) is not None, is_folder=is_folder)
        n_before = len(self.steps)
        if not self._move_back(each, place):
            self._keep(each, problem("name-taken", old.absolute))
        elif len(self.steps) > n_before:
            self.beside.append(_comes_beside(old, place, each.operation.action_id))

    def tell_emptied(self, gone: Iterable[Standing]) -> None:
        """Say of files that were removed from the vault that they do not come back."""
        for each in gone:
            old, _, _ = ends(each.operation)
            self._lost[len(self.problems)] = Lost(each, is_foreign=False)
            self._keep(each, problem(EMPTIED, old.absolute))

    def look_elsewhere(self, search: Sequence[bytes]) -> None:
        """Say of files that are not at their place where in these folders they are, if they are."""
        wanted = {
            number: each.moved
            for number, each in self._lost.items()
            if each.moved.base is not None and self.problems[number].code == "gone"
        }
        if not wanted or not search:
            return
        found = find_elsewhere(list(wanted.values()), search, self._disk)
        for number, each in wanted.items():
            place = found.get(each.key)
            if place is not None:
                _, now, _ = ends(each.operation)
                words = f"{WORDS['moved-elsewhere']} (it was {display(now.absolute)})"
                action_id = each.operation.action_id
                self.problems[number] = problem("moved-elsewhere", place.absolute, words=words, action_id=action_id)

    def bring_what_is_held(self, offers: Offers) -> None:
        """Plan copies of held contents for files that are nowhere; what is at an old place stays there, even if it is such a copy."""
        gone = {
            number: each
            for number, each in self._lost.items()
            if self.problems[number].code in NOWHERE and each.moved.operation.kind is OpKind.MOVE
        }
        found = offers(list(gone.values())) if gone else {}
        brought: set[int] = set()
        for number, (each, _) in gone.items():
            offer = found.get(each.key)
            if isinstance(offer, NoOffer):
                told = self.problems[number]
                self.problems[number] = replace(told, words=f"{told.words}; {offer.words}")
                continue
            trouble = None if offer is None else self._bring(each, offer)
            if trouble is not None:
                self.problems[number] = replace(trouble, action_id=each.operation.action_id)
            elif offer is not None:
                brought.add(number)
        self.problems = [each for number, each in enumerate(self.problems) if number not in brought]
        self.n_kept -= len(brought)

    def _bring(self, each: Standing, offer: Offer) -> Problem | None:
        """Plan the way of one copy to the old place of its file, or beside what is there; or why there is none."""
        old, _, _ = ends(each.operation)
        place, occupant = old, self.look(old)
        if occupant is not None and self._has_content(old, occupant, offer):
            return problem("gone", old.absolute, words=f"{WORDS['gone']}; what is at its old place has its content")
        if occupant is not None and self._suffix is None:
            return problem("name-taken", old.absolute)
        if occupant is not None:
            place = _beside(old, self._suffix or b"", lambda place: self.look(place) is not None, is_folder=False)
        trouble = self._make_room(place)
        if trouble is not None:
            return trouble.about(old)
        self._stage.add_copy(offer.copy, offer.attr, offer.held)
        try:
            self._stage.relocate(offer.copy, place)
        except OSError:
            return problem("refused", old.absolute)
        self._note_brought(each, offer, old, place)
        return None

    def _note_brought(self, each: Standing, offer: Offer, old: Place, place: Place) -> None:
        action_id = each.operation.action_id
        self.copies.append(offer)
        self.steps.append(Step(action_id, offer.copy, place, offer.attr.fingerprint, each.key))
        words = f"{WORDS['from-held']} (\N{LEFT DOUBLE QUOTATION MARK}{offer.snapshot}\N{RIGHT DOUBLE QUOTATION MARK})"
        self.from_held.append(problem("from-held", place.absolute, words=words, action_id=action_id))
        if place != old:
            self.beside.append(_comes_beside(old, place, action_id))

    def _has_content(self, old: Place, occupant: Attr, offer: Offer) -> bool:
        """Whether what is at an old place is a copy that somebody has made of the file that is gone."""
        if occupant.kind is not Kind.FILE or occupant.size_bytes != offer.attr.size_bytes:
            return False
        try:
            return self._disk.digest(self._stage.origin(old)) == offer.entry.digest
        except OSError:
            return False

    def _keep(self, each: Standing, reason: Problem) -> None:
        """The file stays where it is."""
        old, _, _ = ends(each.operation)
        self._kept_empty.update(Place(old.root, path).absolute for path in ancestors(old.path))
        self.problems.append(replace(reason, action_id=each.operation.action_id))
        self.n_kept += 1

    def _relocate(self, now: Place, old: Place, each: Standing) -> bool:
        try:
            self._stage.relocate(now, old)
        except OSError as error:
            self._keep(each, problem("name-taken" if error.errno == errno.EEXIST else "refused", old.absolute))
            return False
        return True

    def remove_folders(self, made: Iterable[Standing]) -> None:
        """The folders that the undone runs made go, deepest first, as far as they are the same and empty by then."""
        by_depth = sorted(made, key=lambda each: -len(components(_place(each).absolute)))
        for each in by_depth:
            found = self.look(_place(each))
            if found is not None and each.base is not None and found.fingerprint.same_inode(each.base):
                self.removed.append(DoomedFolder(_place(each), each.key))


def _is_home(each: Standing) -> bool:
    """Whether another plan has brought the file to where it is to go back to."""
    old, now, _ = ends(each.operation)
    return old == now


def _beside(old: Place, suffix: bytes, is_taken: Callable[[Place], bool], *, is_folder: bool) -> Place:
    """A free name beside the old one: `report (rolled back …).pdf`, then numbered ones."""
    name, number = split(old.path)[1], 1
    while True:
        words = b" (%s)" % suffix if number == 1 else b" (%s, %d)" % (suffix, number)
        short = name[: NAME_MAX_BYTES - len(words)] + words
        place = sibling(old, short if is_folder else with_suffix_before_extension(name, words, NAME_MAX_BYTES))
        if not is_taken(place):
            return place
        number += 1


def _comes_beside(old: Place, place: Place, action_id: int) -> Problem:
    words = f"{WORDS['comes-beside']} ({display(split(place.path)[1])})"
    return problem("comes-beside", old.absolute, words=words, action_id=action_id)


def _lost(each: Standing, found: Attr | None, *, is_foreign: bool) -> str | None:
    """The code of why what is at the target now is not to be moved back, `None` if it is."""
    if found is None or (is_foreign and not _is_ours(each, found)):
        return "gone"
    if each.operation.kind is not OpKind.CARRY:
        return "became-folder" if found.kind is Kind.FOLDER else None
    return None if found.kind is Kind.FOLDER and _is_ours(each, found) else "not-as-committed"


def _is_ours(each: Standing, found: Attr) -> bool:
    return each.base is not None and found.fingerprint.same_inode(each.base)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What keeps files from coming back to a folder, and at which path."""

    code: str
    path: bytes

    def about(self, place: Place) -> Problem:
        """The same as the problem of one file or folder."""
        return problem(self.code, place.absolute, words=f"{WORDS[self.code]} ({display(self.path)})")


def _place(each: Standing) -> Place:
    """The folder that a folder operation is about."""
    place = each.operation.source or each.operation.target
    if place is None:
        raise ValueError(f"an operation on nothing: {each.operation}")
    return place


def _old_times(
    history: Sequence[RunHistory], undo: Collection[str] | None, planner: _Planner, *, is_whole: bool
) -> tuple[tuple[Place, int], ...]:
    """The times that folders had before, for those that nobody has touched since the runs that are undone: where the time
    is another now, or will be when the order has been carried out. Not `is_whole`: only the latter, and what an interrupted
    rollback has left."""
    half_done = _interrupted(history)
    runs = None if undo is None else {*undo, *(each.run.run_id for each in half_done)}
    events: dict[bytes, list[FolderEvent]] = folder_events(history, runs)
    left = folder_events(half_done)
    restored = {each.place.absolute: each.inverse_of for each in planner.restored}
    changing = _changing(planner)
    times: list[tuple[Place, int]] = []
    for path, listed in events.items():
        place = listed[0].place
        if path in restored:
            removal = next(number for number, each in enumerate(listed) if each.key == restored[path])
            before = time_of_removed(listed[removal:])
            if before is not None:
                times.append((place, before))
            continue
        found = planner.look(place)
        if found is None or found.kind is not Kind.FOLDER:
            continue
        before = time_before(listed, found.inode, found.mtime_ns)
        is_left = (is_whole or path in left) and before != found.mtime_ns
        if before is not None and (path in changing or is_left):
            times.append((place, before))
    return tuple(times)


def _interrupted(history: Sequence[RunHistory]) -> list[RunHistory]:
    """The last rollbacks, if they did not come to their end."""
    last = takewhile(
        lambda each: each.run.kind is RunKind.ROLLBACK and each.run.state is RunState.STOPPED, reversed(history)
    )
    return list(reversed(list(last)))


def _changing(planner: _Planner) -> set[bytes]:
    """The folders that the order makes or removes entries in."""
    places = [place for step in planner.steps for place in (step.source, step.target)]
    places += [each.place for each in planner.restored]
    places += [each.place for each in planner.removed]
    places += [place for place, _ in planner.folders]
    folders = {(place.root, place.path.rpartition(SEPARATOR)[0]) for place in places}
    return {Place(*folder).absolute for folder in folders}
