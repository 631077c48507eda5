"""Use case: follow the originals of a mounted plan, so that the view and the plan tell of files that appear, change or vanish.

Runs in a thread of the view's own process. What was touched is looked at; a file that is still being written is waited for; what
is different is recorded in the catalogue, classified, placed by the planner and stored as one amendment of the plan, which
the view then takes in like any edit that others have made. Nothing is done for a plan whose commit has begun.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol

from ifmosfs.app.amending import Amender, News, OpenTree, has_other_names
from ifmosfs.app.context import App
from ifmosfs.app.scanning import scan_rules
from ifmosfs.core.amending import Differences, differences, is_renamed
from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.files import Kind, Place, ScannedFile, SkippedEntry, UnreadableEntry
from ifmosfs.core.manifest import FoundFile
from ifmosfs.core.names import is_within, split
from ifmosfs.core.plan import Action, Plan, PlanState
from ifmosfs.core.ports import SHORT_OF_MEANS
from ifmosfs.core.project_changes import in_project, members_elsewhere, project_moved, without_crossings
from ifmosfs.core.projects import find_projects
from ifmosfs.core.refusals import FsError
from ifmosfs.core.renumbered import Numbers
from ifmosfs.core.scan import Look, ScanRules, look_at
from ifmosfs.core.unfinished import find_unfinished
from ifmosfs.platform import host
from ifmosfs.platform.watching import Touched, Watcher
from ifmosfs.platform.writers import has_writer, open_for_writing

LOG: Final = logging.getLogger("ifmosfs")
OPEN_STATES: Final = frozenset({PlanState.STAGED, PlanState.VALIDATED})
QUIET_S: Final = 2.0  # a file that has not changed for so long, and that nobody has open for writing, is whole
LOOK_AGAIN_S: Final = 0.5
TRY_AGAIN_S: Final = 5.0  # after what could not be taken in
N_DESCRIPTORS: Final = 16  # for the catalogue, the folders on the way to a file, and the workers that look inside one
IDLE_S: Final = 60.0
STOP_S: Final = 10.0
BEFORE_PLAN_NS: Final = 10 * 10**9  # folders that were changed so shortly before the plan was made are looked at again


class LiveView(OpenTree, Protocol):
    """The view that shows the plan."""

    def originals_changed(self, action_ids: Collection[int]) -> None:
        """What the kernel remembers of the files of these actions is out of date."""
        ...


@contextmanager
def following(app: App, plan: Plan, view: LiveView, excludes: Sequence[str]) -> Iterator[Callable[[], None]]:
    """While this lasts, the plan follows its originals: from the moment on that the function it gives is called."""
    rules = scan_rules(app, (*app.settings.excludes, *excludes))
    closed = rules.own_state | rules.views | rules.mount_points
    is_excluded = rules.excluder()

    def left_out(folder: bytes) -> bool:
        root = next((root.path for root in plan.roots if folder.startswith(root.path + b"/")), b"")
        return folder in closed or is_excluded(folder[len(root) + 1 :], split(folder)[1])

    settings, roots = app.settings, [root.path for root in plan.roots]
    watcher = Watcher(roots, left_out, settings.poll_seconds, polls_only=settings.poll_only)
    follower = Follower(app, plan, view, watcher, excludes)
    thread = threading.Thread(target=follower.run, name="watch", daemon=True)
    try:
        yield thread.start
    finally:
        watcher.stop()
        if thread.ident is not None:
            thread.join(STOP_S)
        if thread.is_alive():  # on a disk that does not answer; the process ends without it
            LOG.warning("the watch of the originals does not end: a disk does not answer")
        else:
            watcher.close()


@dataclass(slots=True)
class _Waiting:
    """A file that may still be written: what it was when it was last seen to change, and when that was."""

    seen: tuple[int, int, int]
    since_s: float


@dataclass(slots=True)
class _Looked:
    """What looks at touched places have found. `gone`: places where nothing is, or no file."""

    found: dict[Place, ScannedFile] = field(default_factory=dict)
    known: dict[int, Action] = field(default_factory=dict)
    gone: set[Place] = field(default_factory=set)
    issues: list[SkippedEntry | UnreadableEntry] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)


class Follower:
    """Follows the originals of one plan. Used by one thread."""

    def __init__(self, app: App, plan: Plan, view: LiveView, watcher: Watcher, excludes: Sequence[str] = ()) -> None:
        """`plan` need not have its actions."""
        self._app = app
        self._plan = plan
        self._view = view
        self._watcher = watcher
        self._amender = Amender(app, plan, view)
        self._numbers = Numbers(app.disk)
        self._excludes = (*app.settings.excludes, *excludes)
        self._touched: set[Touched] = set()
        self._waiting: dict[Place, _Waiting] = {}
        self._filesystems = {root.path: root.filesystem for root in plan.roots}
        self._strange: set[bytes] = set()  # roots that another filesystem is at
        self._trouble = ""  # that was told of last, and lasts

    def run(self) -> None:
        """Follow until the watcher is stopped."""
        self._touched |= self._watcher.begin(self._plan.created_ns - BEFORE_PLAN_NS)
        while not self._watcher.stopped:
            try:
                self._take_in()
                self._trouble = ""
            except (IfmosfsError, FsError, OSError) as error:
                self._tell(str(error))
            except Exception as error:  # noqa: BLE001  a fault of the program, which must not end the following of all that comes
                self._tell_of_fault(error)
            self._touched |= self._watcher.wait(self._pause_s())
            self._touched |= {Touched(*place) for place in self._waiting}

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            LOG.warning("what has changed in the originals is not taken in, it is tried again: %s", trouble)
        self._trouble = trouble

    def _tell_of_fault(self, error: Exception) -> None:
        """What was touched is tried once more, and left to the next mount if that ends the same way."""
        LOG.error("a fault of the program; what has changed in the originals was not taken in", exc_info=error)
        if self._trouble == repr(error):
            self._touched.clear()
        self._trouble = repr(error)

    def _pause_s(self) -> float:
        if self._waiting:
            return LOOK_AGAIN_S
        return TRY_AGAIN_S if self._touched else IDLE_S  # something is left to be looked at, whatever is told

    # Looking

    def _take_in(self) -> None:
        touched, self._touched = self._touched, set()
        if not touched:
            return
        try:
            _ask_for_descriptors()
            if self._app.catalogue.find_plan(self._plan.plan_id).state in OPEN_STATES:
                self._take_in_all(touched)
        except BaseException:
            self._touched |= touched  # to be tried again
            raise

    def _take_in_all(self, touched: Collection[Touched]) -> None:
        self._view.reload()  # what other views of the plan have followed, the catalogue knows already
        looked = self._look(touched)
        told = self._differences(looked)
        if self._follow_projects(told, looked):
            looked = self._look(touched)  # what else is different, is on the plan as it is now
            told = self._differences(looked)
        told = self._whole(self._view.consult(partial(without_crossings, told=told)))
        self._record(told, looked)
        if told.appeared or told.changed or told.renamed:
            self._amend(told)
        folders = self._view.consult(lambda tree: dict(tree.project_places))
        taken = [
            each.action_id for each in looked.known.values() if self._is_taken(each, folders.get(each.unit), looked)
        ]
        if taken and not self._amender.leave_aside(taken):
            self._touched.update(touched)
        changed = {action.action_id for action in told.vanished}
        changed.update(taken)
        changed.update(action.action_id for action, _ in (*told.changed, *told.renamed))
        self._view.originals_changed(changed)

    def _look(self, touched: Collection[Touched]) -> _Looked:
        looked, rules = _Looked(), scan_rules(self._app, self._excludes)
        as_scanned = {root for root in {one.root for one in touched} if self._is_as_scanned(root)}
        pending = [one for one in touched if one.root in as_scanned]
        while pending:
            one = pending.pop()
            look = self._look_at(one, rules)
            if look is None:
                continue
            looked.places.add(Place(one.root, one.path))
            looked.issues += [*look.result.skipped, *look.result.unreadable]
            for file in look.result.found:
                scanned = _scanned(one.root, file)
                looked.found[scanned.place] = scanned
            self._add_known_below(looked, one, look)
            pending += [Touched(one.root, path, deep=True) for path in self._unknown(one.root, look.subfolders)]
        self._add_known_at(looked)
        self._add_same_inodes(looked)
        self._add_other_names(looked, rules)
        looked.gone = {place for place in map(_source, looked.known.values()) if self._is_gone(place, looked)}
        return looked

    def _look_at(self, one: Touched, rules: ScanRules) -> Look | None:
        try:
            return look_at(Place(one.root, one.path), self._app.disk, rules, deep=one.deep)
        except OSError as error:
            _refuse_short(error)
            return None  # the root itself: it was taken away, or a link has its name; every file says so by itself

    def _is_as_scanned(self, root: bytes) -> bool:
        """Whether a root is on the filesystem that it was on, as commit demands: without its disk, or with another one in its place,
        there may be another folder at its path, which is not the one that was to be organised. Asked before anything in it is
        looked at; a root that a link leads to is refused by each look itself (`PosixDisk.keep_straight`)."""
        try:
            is_same = self._app.disk.filesystem(Place(root, b"")) == self._filesystems[root]
        except OSError as error:
            _refuse_short(error)
            return False
        if not is_same and root not in self._strange:
            LOG.warning("%s is not on the disk that it was scanned on: nothing there is taken in", os.fsdecode(root))
        (self._strange.discard if is_same else self._strange.add)(root)
        return is_same

    def _add_known_below(self, looked: _Looked, one: Touched, look: Look) -> None:
        """The actions of the files that are in a folder, or were."""
        if look.result.n_folders or (one.deep and not look.is_there):
            place, deep = Place(one.root, one.path), one.deep or not look.is_there
            known = self._app.catalogue.actions_below(self._plan.plan_id, place, deep=deep)
            looked.known.update((action.action_id, action) for action in known)

    def _add_known_at(self, looked: _Looked) -> None:
        """The actions of the files that were found, and of those that were not at the places that were looked at."""
        known = {action.source_place for action in looked.known.values()}
        places = {*looked.places, *looked.found} - known
        more = self._app.catalogue.actions_at(self._plan.plan_id, places)
        looked.known.update((action.action_id, action) for action in more)

    def _unknown(self, root: bytes, folders: Iterable[bytes]) -> list[bytes]:
        """The folders that the plan has no file of."""
        knows = self._app.catalogue.knows_below
        return [path for path in folders if not knows(self._plan.plan_id, Place(root, path))]

    def _add_same_inodes(self, looked: _Looked) -> None:
        """The actions of files that were renamed to where files have appeared."""
        places = {action.source_place for action in looked.known.values()}
        inodes = {file.fingerprint.inode for place, file in looked.found.items() if place not in places}
        if inodes:
            same = self._app.catalogue.actions_of_inodes(self._plan.plan_id, inodes)
            looked.known.update((action.action_id, action) for action in same)

    def _add_other_names(self, looked: _Looked, rules: ScanRules) -> None:
        """What is at the other places that the plan has the names of one inode at: a change that was noticed by one is one of all,
        and of the others nobody is told. A file has them rarely, so the disk is asked first."""
        at_place = {action.source_place: action for action in looked.known.values()}
        different = [
            file
            for place, file in looked.found.items()
            if (action := at_place.get(place)) is None or not action.expected.same_file(file.fingerprint)
        ]
        inodes = {file.fingerprint.inode for file in different if has_other_names(self._app.disk, file)}
        others = self._app.catalogue.actions_of_inodes(self._plan.plan_id, inodes) if inodes else ()
        for action in others:
            place = action.source_place
            if place in looked.found or place in looked.places or not self._is_as_scanned(place.root):
                continue
            look = self._look_at(Touched(*place), rules)
            for file in look.result.found if look is not None else ():
                scanned = _scanned(place.root, file)
                looked.found[scanned.place] = scanned
                looked.known[action.action_id] = action

    def _is_gone(self, place: Place, looked: _Looked) -> bool:
        if place in looked.found:
            return False
        try:
            return self._app.disk.lstat(place).kind is Kind.FOLDER
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError as error:
            _refuse_short(error)
            return error.errno == errno.ELOOP  # a link has the name of a folder on the way, and leads to another place

    def _differences(self, looked: _Looked) -> Differences:
        known = (self._numbers.of_found(action, looked.found.get(_source(action))) for action in looked.known.values())
        projects, aside = self._view.consult(lambda tree: (frozenset(tree.project_places), frozenset(tree.put_aside)))
        return differences(looked.found.values(), known, looked.gone, projects, aside)

    # Projects

    def _is_taken(self, action: Action, folder: Place | None, looked: _Looked) -> bool:
        """Whether something that no action stands for has the name of a file of the project in a folder, or of a folder on the way
        to it."""
        if folder is None or action.source_place in looked.found:
            return False
        try:
            if self._app.disk.lstat(folder).kind is not Kind.FOLDER:
                return False
            return self._app.disk.lstat(action.source_place).kind in {Kind.FOLDER, Kind.OTHER}
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            return True
        except OSError as error:
            _refuse_short(error)
            return error.errno == errno.ELOOP

    def _follow_projects(self, told: Differences, looked: _Looked) -> bool:
        """Take in that projects were renamed or moved as a whole; returns whether any was."""
        places = self._view.consult(lambda tree: dict(tree.project_places))
        moved = members_elsewhere(told, looked.found.values(), places)
        going = ((number, project_moved(places[number], pairs)) for number, pairs in moved.items())
        pending = [(number, place) for number, place in going if place is not None]
        pending.sort(key=lambda one: one[1].path.count(b"/"))  # what was moved into another one is part of that
        n_followed = 0
        while pending:  # what has the name of another one now comes after that
            ready = next((one for one in pending if self._is_moved_whole(one[0], moved[one[0]], one[1], looked)), None)
            if ready is None:
                break
            pending.remove(ready)
            number, place = ready
            self._record(Differences([], [], moved[number], []), looked)
            self._amender.classified(file for _, file in moved[number])
            n_followed += self._amender.follow_project(number, places[number], place)
        return n_followed > 0

    def _is_moved_whole(
        self, number: int, pairs: Sequence[tuple[Action, ScannedFile]], place: Place, looked: _Looked
    ) -> bool:
        """Whether nothing of a project is where it was, and the folder that its files are in now is the project and not another folder
        that took them in."""
        around = self._view.consult(partial(in_project, place=place))
        if around is not None and around.number != number:
            return False
        moved = {action.action_id for action, _ in pairs}
        left = (one for one in self._amender.members(number) if one.action_id not in moved)
        if not all(self._is_gone(_source(each), looked) or _is_another(each, looked) for each in left):
            return False
        if any(one.unit != number for one in self._app.catalogue.actions_below(self._plan.plan_id, place)):
            return False
        inside = [
            file for file in looked.found.values() if file.root == place.root and is_within(file.path, place.path)
        ]
        unseen = [Place(issue.root, issue.path) for issue in looked.issues]
        return len(inside) <= len(pairs) or (place.root, place.path) in find_projects(inside, unseen)

    # Waiting

    def _whole(self, told: Differences) -> Differences:
        """Without what is still being written, which is waited for: with all its names, that one inode is never told of by halves."""
        different = {file.place for file in (*told.appeared, *(one for _, one in (*told.changed, *told.renamed)))}
        self._waiting = {place: waiting for place, waiting in self._waiting.items() if place in different}
        asked = [file for file in told.appeared if not _stays_by_name(file)]
        asked += [file for _, file in told.changed]
        asked += [file for action, file in told.renamed if not action.expected.same_file(file.fingerprint)]
        unfinished = self._unfinished(asked)
        for file in asked:
            if self._inode(file) not in unfinished:
                self._waiting.pop(file.place, None)
        waited_for = {file.place for file in asked if self._inode(file) in unfinished}
        return replace(
            told,
            appeared=[file for file in told.appeared if file.place not in waited_for],
            changed=[(action, file) for action, file in told.changed if file.place not in waited_for],
            renamed=[(action, file) for action, file in told.renamed if file.place not in waited_for],
        )

    def _unfinished(self, files: Sequence[ScannedFile]) -> set[tuple[str, int]]:
        """The inodes of those of the files that are still being written, or may be."""
        now_s = time.monotonic()
        unfinished = {self._inode(file) for file in files if not self._is_quiet(file, now_s)}
        writing: frozenset[tuple[int, int]] | None = None
        for file in files:
            if self._inode(file) in unfinished:
                continue
            writing = open_for_writing() if writing is None else writing
            if self._is_written(file.place, writing):
                self._waiting[file.place].since_s = now_s - QUIET_S + 2 * LOOK_AGAIN_S
                unfinished.add(self._inode(file))
        return unfinished

    def _inode(self, file: ScannedFile) -> tuple[str, int]:
        return self._filesystems[file.root], file.fingerprint.inode

    def _is_quiet(self, file: ScannedFile, now_s: float) -> bool:
        if file.kind is not Kind.FILE:
            return True
        print_ = file.fingerprint
        seen = (print_.inode, print_.size_bytes, print_.mtime_ns)
        waiting = self._waiting.get(file.place)
        if waiting is None or waiting.seen != seen:
            self._waiting[file.place] = _Waiting(seen, now_s)
            return False
        return now_s - waiting.since_s >= QUIET_S

    def _is_written(self, place: Place, writing: Collection[tuple[int, int]]) -> bool:
        """Whether a program has the file open for writing."""
        if place not in self._waiting:
            return False
        try:
            descriptor = self._app.disk.open_read(place)
        except OSError as error:
            _refuse_short(error)
            return False  # unreadable, or gone: told by what comes next
        try:
            found = os.fstat(descriptor)
            return (found.st_dev, found.st_ino) in writing or has_writer(descriptor)
        finally:
            os.close(descriptor)

    # Recording

    def _record(self, told: Differences, looked: _Looked) -> None:
        """Bring the session's files up to date in what was looked at."""
        files = [*told.appeared, *(file for _, file in (*told.changed, *told.renamed))]
        for root in self._plan.roots:
            found = [_found(file) for file in files if file.root == root.path]
            gone = [place.path for place in looked.gone if place.root == root.path]
            places = [place.path for place in looked.places if place.root == root.path and place not in looked.found]
            issues = [issue for issue in looked.issues if issue.root == root.path]
            if found or gone or issues or places:
                session_id = self._plan.session_id
                self._app.catalogue.record_some(session_id, root.path, [*gone, *places], found, issues)

    def _amend(self, told: Differences) -> None:
        pairs = self._amender.classified([*told.appeared, *(file for _, file in (*told.changed, *told.renamed))])
        known = {file.place: action for action, file in (*told.changed, *told.renamed)}
        news = News(pairs, known, {action.action_id: action for action, _ in told.renamed})
        amended = self._amender.amend(news)
        if amended is None:
            LOG.warning("the plan is edited all the time: what has changed in the originals is taken in later")
        again = [file.place for file, _ in pairs] if amended is None else amended.overtaken
        self._touched |= {Touched(*place) for place in again}


def _ask_for_descriptors() -> None:
    """Raises OSError where what is there would be taken for unreadable, because too little can be opened just now."""
    if host.descriptors_left() < N_DESCRIPTORS:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _refuse_short(error: OSError) -> None:
    """Raises an error again that says nothing of what was looked at, for that to be looked at later."""
    if error.errno in SHORT_OF_MEANS:
        raise error


def _is_another(action: Action, looked: _Looked) -> bool:
    """Whether the name of a file has been found to be another file's."""
    file = looked.found.get(action.source_place)
    return file is not None and not is_renamed(action, file)


def _source(action: Action) -> Place:
    return action.source_place


def _scanned(root: bytes, file: FoundFile) -> ScannedFile:
    return ScannedFile(0, root, file.path, file.kind, file.mode, file.fingerprint, file.readable)


def _found(file: ScannedFile) -> FoundFile:
    return FoundFile(file.path, file.kind, file.mode, file.fingerprint, file.readable)


def _stays_by_name(file: ScannedFile) -> bool:
    """Whether a file is known by its name to be unfinished, and so is shown as such at once."""
    return bool(find_unfinished([file]))
