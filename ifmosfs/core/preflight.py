"""Before anything is touched: everything that stands against a work order, collected and shown together.

Only looks. What is found here can change until the executor comes to the file, so the executor checks everything again; this
is for the person who decides whether to start.
"""

from __future__ import annotations

import errno
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, NamedTuple

from ifmosfs.core.effects import RELATIVE_LINK, Response, disk_failed, estranged_text, parent, response_to
from ifmosfs.core.execute import WorkOrder, n_files_of
from ifmosfs.core.files import Attr, Kind, Place, Root
from ifmosfs.core.inheriting import GROUP_OF_FOLDER
from ifmosfs.core.names import SEPARATOR, NameRules, display, is_within, split
from ifmosfs.core.plan import Plan
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.renumbered import Numbers
from ifmosfs.core.reports import WORDS, PreflightReport, Problem, problem
from ifmosfs.core.room import Folders, Room
from ifmosfs.core.steps import Step, ends_of, stranded

SUPERUSER = 0
STICKY = 0o1000


READ_ONLY: Final = "read-only"
WINNER_STAYED: Final = "winner-stayed"
NOT_WRITABLE: Final = "not-writable"
FOLDER_ELSEWHERE: Final = "folder-elsewhere"

Watch = Callable[["Step", Attr, bool], None]


def nobody_grants(folder: bytes) -> bool:
    """The `granted` of a disk without access control lists."""
    del folder
    return False


class Credentials(NamedTuple):
    """Who is going to do it: effective user id, and all group ids.

    `granted` is asked about a folder (absolute path) that by its mode may not be changed: an access control list can allow it.
    """

    uid: int
    gids: frozenset[int]
    granted: Callable[[bytes], bool] = nobody_grants


class Permissions:
    """What the system lets one user change, by the mount, the mode and the owner. The answers are remembered.

    What only an attempt can tell, the executor finds out. These are the `Refusals` of a rehearsal.
    """

    def __init__(self, disk: DiskReader, who: Credentials) -> None:
        self._disk = disk
        self._who = who
        self._read_only: dict[bytes, bool] = {}
        self._granted: dict[bytes, bool] = {}
        self._ownerless: dict[int, bool] = {}  # by device

    def is_read_only(self, place: Place) -> bool:
        """Whether nobody can change anything there."""
        if place.absolute not in self._read_only:
            self._read_only[place.absolute] = self._disk.space(place).read_only
        return self._read_only[place.absolute]

    def refusal(self, folder: Place, attr: Attr, entry: Attr | None = None) -> int | None:
        """The errno of making an entry in an existing folder, or of taking `entry` away; `None` where that is allowed.

        In a sticky folder only the owner of the entry, or of the folder, may take it away; what is immutable or append-only,
        nobody.
        """
        if self.is_read_only(folder):
            return errno.EROFS
        if attr.is_immutable or (entry is not None and (attr.is_append_only or entry.is_protected)):
            return errno.EPERM
        if not self._may_change(folder, attr):
            return errno.EACCES
        if entry is None or not attr.mode & STICKY or self._who.uid in {SUPERUSER, attr.uid, entry.uid}:
            return None
        return errno.EPERM

    def copy_refusal(self, folder: Place, attr: Attr, entry: Attr) -> int | None:
        """The errno of giving a copy in an existing folder the owner and the group of `entry`; `None` where that is allowed.

        Only root gives files to others. On FAT and its kin, which take DOS names, files have no owner to be given.
        """
        groups = self._who.gids | ({attr.gid} if attr.mode & GROUP_OF_FOLDER else set())
        if self._who.uid == SUPERUSER or (entry.uid == self._who.uid and entry.gid in groups):
            return None
        if attr.device not in self._ownerless:
            self._ownerless[attr.device] = self._disk.name_rules(folder).dos
        return None if self._ownerless[attr.device] else errno.EPERM

    def attributes_refusal(self, source: Place, folder: Place) -> int | None:
        """The errno of giving a copy in a folder the extended attributes of a file; `None` where its filesystem can hold them."""
        return errno.EOPNOTSUPP if self._disk.unkept_attributes(source, folder) else None

    def times_refusal(self, folder: Place, attr: Attr) -> int | None:
        """The errno of setting a folder's times, which only its owner may."""
        if self.is_read_only(folder):
            return errno.EROFS
        return None if self._who.uid in {SUPERUSER, attr.uid} else errno.EPERM

    def problem(self, folder: Place, attr: Attr) -> Problem | None:
        """What stands against making an entry in an existing folder; a read-only mount is named by the place's root."""
        number = self.refusal(folder, attr)
        if number is None:
            return None
        if number != errno.EROFS:
            return problem(NOT_WRITABLE, folder.absolute)
        top = Place(folder.root, b"")
        return problem(READ_ONLY, (top if self.is_read_only(top) else folder).absolute)

    def _may_change(self, folder: Place, attr: Attr) -> bool:
        if self._who.uid == SUPERUSER or attr.kind is not Kind.FOLDER:
            return True  # a file in the way is another problem, told elsewhere
        wanted = 0o003
        if attr.uid == self._who.uid:
            wanted = 0o300
        elif attr.gid in self._who.gids:
            wanted = 0o030
        return attr.mode & wanted == wanted or self._is_granted(folder.absolute)

    def _is_granted(self, path: bytes) -> bool:
        if path not in self._granted:
            self._granted[path] = self._who.granted(path)
        return self._granted[path]


class Setting(NamedTuple):
    """The places an order was planned for, with the filesystems they were on."""

    target: bytes
    target_filesystem: str
    roots: tuple[Root, ...]


def setting_of(plan: Plan) -> Setting:
    """The setting of a plan's commit."""
    return Setting(plan.target, plan.target_filesystem, plan.roots)


def unwatched(step: Step, found: Attr, is_copy: bool) -> None:
    """The `watch` of a preflight that nobody else looks along with."""
    del step, found, is_copy


def preflight(
    order: WorkOrder, setting: Setting, disk: DiskReader, who: Credentials, watch: Watch = unwatched
) -> PreflightReport:
    """All problems of an order: places first, then file by file, then permissions and space.

    `watch` is told of every source that is as it was planned, with its attributes and whether it must be copied, so that
    whoever wants to know more need not look a second time. Raises: DiskFailed on an I/O error.
    """
    check = _Preflight(order, setting, disk, who, watch)
    check.places()
    check.sources()
    check.targets()
    check.permissions()
    check.losers()
    check.space()
    return check.report()


class _Preflight:
    """One preflight under way."""

    def __init__(
        self, order: WorkOrder, setting: Setting, disk: DiskReader, who: Credentials, watch: Watch = unwatched
    ) -> None:
        self._order = order
        self._setting = setting
        self._watch = watch
        self._disk = disk
        self._allowed = Permissions(disk, who)
        self._problems: list[Problem] = []
        self._numbers = Numbers(disk)
        self._folders = Folders(disk)
        self._keys: dict[bytes, dict[bytes, bytes]] = {}
        self._made = dict(order.folders)
        self._sources: dict[bytes, Attr] = {}  # as found, of sticky and append-only folders
        self._n_copies = self._n_bytes = 0
        self._freeing: dict[bytes, bool] = {}  # root -> whether names left in it may be taken by others
        self._shut: set[Place] = set()  # folders that this user may not change
        self._torn: set[int] = set()  # units of which something cannot be moved
        self._room = Room(disk, self._folders, setting.target)

    def report(self) -> PreflightReport:
        """What was found."""
        return PreflightReport(tuple(self._problems), n_files_of(self._order), self._n_copies, self._n_bytes)

    def _add(self, code: str, place: Place, step: Step | None = None, words: str | None = None) -> None:
        self._problems.append(problem(code, place.absolute, words=words, action_id=step.action_id if step else 0))
        if step is not None and step.unit:
            self._torn.add(step.unit)

    # Places

    def places(self) -> None:
        """Nesting, and whether the same disks are there."""
        target = Place(self._setting.target, b"")
        for root in self._setting.roots:
            if is_within(target.root, root.path) or is_within(root.path, target.root):
                self._add("nested", Place(root.path, b""))
            self._same_filesystem(Place(root.path, b""), root.filesystem)
        self._same_filesystem(target, self._setting.target_filesystem)

    def _same_filesystem(self, place: Place, expected: str) -> None:
        if self._disk.filesystem(place) != expected:
            self._add("filesystem-changed", place)

    # Files

    def sources(self) -> None:
        """Whether each source is what was planned, and whether it must be copied.

        A file is copied where the filesystem of its folder-to-be is another one: a folder of the target may be a mount of
        its own. Both are looked at now, so that their device numbers may be compared.
        """
        for step in self._order.steps:
            found = self._folders.look(step.source)
            if found is None:
                self._add("vanished", step.source, step)
            elif (found.kind is Kind.FOLDER) is not step.is_folder:
                self._add("changed" if step.is_folder else "became-folder", step.source, step)
            elif not (_is_as_planned(step, found) or self._numbers.is_step(step, found)):
                self._add("changed", step.source, step)
            else:
                self._source(step, found)

    def _source(self, step: Step, found: Attr) -> None:
        if found.is_protected:
            self._add("protected", step.source, step)
        self._remember_if_held(step, found)
        self._link(step, found)
        goes_to = self._folders.landing(parent(step.target))
        is_copy = goes_to is not None and goes_to.attr.device != found.device
        if step.is_folder and is_copy:
            self._add(FOLDER_ELSEWHERE, step.source, step)  # it would have to be copied, which a project never is
        elif goes_to is not None and is_copy:
            self._n_copies += 1
            self._n_bytes += step.expected.size_bytes
            self._room.add_copy(goes_to, found.size_bytes, found.n_blocks)
            if found.n_links > 1:
                self._add("hard-linked", step.source, step)
            elif self._is_owner_lost(step, found, *goes_to):
                self._add("owner-not-kept", step.source, step)
            elif self._are_attributes_lost(step, goes_to.place):
                self._add("attributes-not-kept", step.source, step)
        self._watch(step, found, is_copy)

    def _link(self, step: Step, found: Attr) -> None:
        """A relative link that would lead elsewhere from its new place; one in a folder that is carried goes with it, whatever."""
        if found.kind is not Kind.SYMLINK or not step.action_id:
            return
        try:
            text = estranged_text(step.source, step.target, self._disk)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, step.source) from error
            return  # it is gone, or something else by now
        if text is not None:
            self._add(RELATIVE_LINK, step.source, step, f"{WORDS[RELATIVE_LINK]}: {display(text)}")

    def _is_owner_lost(self, step: Step, found: Attr, folder: Place, attr: Attr) -> bool:
        """Whether this user cannot give the copy its owner and group, in a folder or in one that is made in it."""
        if folder != parent(step.target):  # one that is made passes the group of the folder above on if it is made so
            made = self._made.get(parent(step.target), 0)
            attr = replace(attr, mode=attr.mode & ~GROUP_OF_FOLDER | made & GROUP_OF_FOLDER)
        return self._allowed.copy_refusal(folder, attr, found) is not None

    def _are_attributes_lost(self, step: Step, folder: Place) -> bool:
        try:
            return self._allowed.attributes_refusal(step.source, folder) is not None
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, step.source) from error
            return False

    def _remember_if_held(self, step: Step, found: Attr) -> None:
        folder = self._folders.nearest(parent(step.source))
        may_hold = folder is not None and (folder[1].mode & STICKY or folder[1].is_append_only)
        if may_hold and not found.is_protected:  # which is said already
            self._sources[step.source.absolute] = found

    def targets(self) -> None:
        """Whether each name will be free when its turn comes: on the disk, and among the other steps."""
        rules = self._disk.name_rules(Place(self._setting.target, b""))
        # Few names are wanted twice or freed by a step; a million others are not kept only to see that.
        doubtful = _met_twice(_hash_of(step.target, rules) for step in self._order.steps)
        entered = {place.root for place in ends_of(self._order.steps).entered}
        freed: set[bytes] = set()
        wanted: set[bytes] = set()
        for step in self._order.steps:
            if doubtful and _hash_of(step.target, rules) in doubtful:
                key = _key_of(step.target, rules)
                if key in wanted:
                    self._add("same-target", step.target, step)
                wanted.add(key)
            taken = self._taken(step.target, rules)
            if taken is not None and taken not in freed:
                self._add("name-taken", step.target, step)
            if self._may_free(step.source, entered):
                freed.add(step.source.absolute)
        for place, _ in self._order.folders:
            found = self._folders.look(place)
            if found is not None and found.kind is not Kind.FOLDER:
                self._add("folder-name-taken", place)

    def _may_free(self, source: Place, entered: Collection[bytes]) -> bool:
        """Whether a step from there may leave a name that another one takes, in one of the roots that files are brought to."""
        if source.root not in self._freeing:
            self._freeing[source.root] = any(
                is_within(source.root, root) or is_within(root, source.root) for root in entered
            )
        return self._freeing[source.root]

    def _taken(self, target: Place, rules: NameRules) -> bytes | None:
        """The absolute path of what holds the name, or a twin of it, now."""
        if not (rules.ignores_case or rules.ignores_form):
            return target.absolute if self._folders.look(target) is not None else None
        folder, name = split(target.absolute)
        twin = self._names(parent(target), rules).get(rules.key(name))
        return None if twin is None else folder + b"/" + twin

    def _names(self, folder: Place, rules: NameRules) -> dict[bytes, bytes]:
        """The names in a folder by their key; none if it is not there."""
        if folder.absolute not in self._keys:
            found = self._folders.look(folder)
            there = found is not None and found.kind is Kind.FOLDER
            entries = self._disk.list_folder(folder) if there else ()
            self._keys[folder.absolute] = {rules.key(name): name for name, _ in entries}
        return self._keys[folder.absolute]

    # Permissions

    def permissions(self) -> None:
        """Whether this user may change each folder that files leave or enter, and the target, where the journal is kept."""
        ends = ends_of(self._order.steps)
        entered = {*ends.entered, *(parent(place) for place, _ in self._order.folders)}
        entered |= {parent(each.place) for each in self._order.restore_folders}
        if self._order.steps:
            entered.add(Place(self._setting.target, b""))
        left = set(ends.left)
        found: dict[bytes, Problem] = {}
        for folder in entered | left:
            existing = self._folders.nearest(folder)
            if existing is None or (existing[0] != folder and folder not in entered):
                continue
            refused = self._allowed.problem(*existing)
            if refused is not None:
                found[refused.path] = refused
                self._shut.add(folder)
        self._problems += [found[path] for path in sorted(found)]
        for step in self._order.steps if self._sources else ():
            if parent(step.source) not in self._shut and self._is_held_by_folder(step):
                self._add(NOT_WRITABLE, step.source, step)

    def _is_held_by_folder(self, step: Step) -> bool:
        """Whether the folder lets files be taken away, but not this one."""
        folder = parent(step.source)
        attr, found = self._folders.folder(folder), self._sources.get(step.source.absolute)
        return attr is not None and found is not None and self._allowed.refusal(folder, attr, found) is not None

    # Losers

    def losers(self) -> None:
        """What would be put away because another file has its name, and stays because that one is not there, or will not come."""
        troubled = {each.action_id for each in self._problems}

        def fails(step: Step) -> bool:
            is_shut = not self._shut.isdisjoint((parent(step.source), parent(step.target)))
            return step.action_id in troubled or step.unit in self._torn or is_shut

        for step, place in stranded(self._order.steps, fails, lambda place: self._folders.look(place) is not None):
            if step.action_id not in troubled:
                self._add(WINNER_STAYED, step.source, step, f"{WORDS[WINNER_STAYED]} ({display(place.absolute)})")

    # Space

    def space(self) -> None:
        """Room for the files that come from another filesystem, and inodes for them and for new folders."""
        self._room.add_folders(place for place, _ in self._order.folders)
        self._problems += self._room.problems()


def _key_of(target: Place, rules: NameRules) -> bytes:
    """Equal for places that are one name in one folder."""
    folder, name = split(target.absolute)
    return folder + SEPARATOR + rules.key(name)


def _hash_of(target: Place, rules: NameRules) -> int:
    """Equal for places with an equal key; seldom for others."""
    return hash(_key_of(target, rules))


def _met_twice(hashes: Iterable[int]) -> frozenset[int]:
    """Those that are there more than once."""
    found = array("q", hashes)
    return frozenset(one for one, other in pairwise(sorted(found)) if one == other)


def _is_as_planned(step: Step, found: Attr) -> bool:
    """A folder is the same as long as it is that folder: what is in it may have changed."""
    if step.is_folder:
        return found.fingerprint.same_inode(step.expected)
    return found.fingerprint.same_file(step.expected)


def refusals(report: PreflightReport) -> Sequence[Problem]:
    """The problems for which nothing at all should be started; the others concern single files."""
    return [each for each in report.problems if each.code in WHOLE]


WHOLE = frozenset({"nested", "filesystem-changed", "no-space", "no-inodes"})


def shuts_target(report: PreflightReport, where: bytes) -> Problem | None:
    """The problem for which nothing can be written to the target, or to the nearest folder `where` it is to be made."""
    return next(
        (each for each in report.problems if each.path == where and each.code in {READ_ONLY, NOT_WRITABLE}), None
    )
