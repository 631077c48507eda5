"""Use cases: take a snapshot, and let old ones go.

A snapshot is final in one transaction, after every content that it counts on is durable in a content store: in the state folder, or,
where blocks can only be shared there, in `.ifmosfs/contents` of the folder itself. What a crash leaves over is collected by the
next prune, and never if it is the last that holds a content.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ifmosfs.app.collector import without_collector
from ifmosfs.app.holders import Holders
from ifmosfs.app.scanning import check_roots, scan_rules
from ifmosfs.app.staging import categories_of, load_tree
from ifmosfs.core.effects import disk_failed, parent, sync_folders
from ifmosfs.core.errors import DatabaseDamaged, DiskFull, NotFound, UsageProblem
from ifmosfs.core.files import Fingerprint, Kind, Place, UnreadableEntry
from ifmosfs.core.held import RESTORED
from ifmosfs.core.inventory import inventory
from ifmosfs.core.manifest import (
    HeldContent,
    PlanInfo,
    Protection,
    SessionInfo,
    SnapshotEntry,
    SnapshotHead,
    SnapshotInfo,
    VersionInfo,
    VersionKind,
)
from ifmosfs.core.names import CONTROL_NAME, join, shell_word
from ifmosfs.core.plan import Action, PlanState
from ifmosfs.core.reports import Problem
from ifmosfs.core.restoring import N_LOOKED_FOR, absent_roots
from ifmosfs.core.rollback import OTHER_DISK
from ifmosfs.platform import host
from ifmosfs.platform.contents import ContentStore, holds, is_draft
from ifmosfs.store.trouble import os_trouble, translated

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.store.snapshots import Needed

CONTENTS = "contents"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FATAL = frozenset({errno.EIO, errno.EROFS, errno.ENOTCONN})


@dataclass(frozen=True, slots=True)
class ContentPolicy:
    """Which contents a snapshot keeps besides the names: copies of files of some categories and of those up to a size, and with
    `reflink` all whose blocks can be shared."""

    categories: frozenset[str] = frozenset()
    max_bytes: int | None = None
    reflink: bool = False

    @property
    def copies(self) -> bool:
        """Whether it asks for copies."""
        return bool(self.categories) or self.max_bytes is not None

    def wants_copy(self, size_bytes: int, category: str | None) -> bool:
        """Whether a file is to be copied: it is of one of the categories, where some are named, and no larger than the size."""
        if not self.copies or (self.categories and category not in self.categories):
            return False
        return self.max_bytes is None or size_bytes <= self.max_bytes


NAMES_ONLY = ContentPolicy()
COMMITTED = (PlanState.COMMITTED, PlanState.COMMITTING)


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """A snapshot that was taken; `not_held` are files whose content was to be kept and is not, each with the reason."""

    version: VersionInfo
    info: SnapshotInfo
    n_files: int
    by_level: dict[Protection, int]
    not_held: tuple[Problem, ...]
    unreadable: tuple[UnreadableEntry, ...]


@without_collector()
def take_snapshot(app: App, name: str, folders: Sequence[bytes], policy: ContentPolicy = NAMES_ONLY) -> SnapshotReport:
    """Record everything in the folders, or in all targets that commits have filled.

    Raises: UsageProblem for a name that is taken, or where there is nothing to record; RootProblem; Locked; DiskFull and DiskFailed,
    having recorded nothing.
    """
    if any(info.head.name == name for info in app.catalogue.snapshots()) or name.isdecimal() or not name:
        raise UsageProblem(f"no snapshot can be called {name!r}", hint="choose a name of its own that is no number")
    away: list[Problem] = []
    roots = check_roots(folders) if folders else _targets(app, away)
    with app.locked(), app.disk.looking():
        taking = _Taking(app, roots, policy)
        taking.not_held += away
        head = SnapshotHead(secrets.token_hex(5), None, None, host.now_ns(), name, Protection.NAME.value)
        own = ContentStore(os.fsencode(app.settings.state_folder / CONTENTS))
        with _store_trouble(own):
            note = None if policy == NAMES_ONLY else own.note_roots(roots)
        info = app.catalogue.save_snapshot(head, taking.prepared(), lambda: taking.held, app.filesystem_of)
        if note is not None:
            with suppress(OSError):  # the snapshot is complete; the next prune forgets the note
                os.unlink(note)
        at = head.created_ns
        version = app.catalogue.add_version(None, None, head.snapshot_id, roots[0], at, 0, VersionKind.SNAPSHOT)
    return SnapshotReport(
        version, info, taking.n_files, dict(taking.by_level), tuple(taking.not_held), tuple(taking.unreadable)
    )


def _targets(app: App, away: list[Problem]) -> tuple[bytes, ...]:
    """The targets that commits have filled; those that are not there are told of in `away`."""
    kept = (PlanState.COMMITTED, PlanState.COMMITTING)
    plans = {info.target: info for info in app.catalogue.plans() if info.state in kept}
    found = []
    for target, info in plans.items():
        if not os.path.isdir(target):
            away.append(Problem("not-there", target, "the folder is not there; nothing of it is recorded"))
        elif _is_another_disk(app, info):
            words = "another disk is mounted there than it was filled on; nothing of it is recorded"
            away.append(Problem(OTHER_DISK, target, words, "mount the right disk, or name the folder"))
        else:
            found.append(target)
    if not found:
        what = "no target is there yet" if not away else "no target is there now"
        hint = "name the folders: ifmosfs versions snapshot --name NAME FOLDER"
        raise NotFound(what, path=away[0].path if away else None, hint=hint)
    return tuple(found)


def _is_another_disk(app: App, info: PlanInfo) -> bool:
    """Whether the last manifest of a plan's target is of another disk than is there now."""
    manifests = [
        each.snapshot_id for each in app.catalogue.versions() if each.target == info.target and each.snapshot_id
    ]
    with suppress(DatabaseDamaged):  # then nothing that it names can be looked for
        if manifests:
            return _is_of_another_disk(app, manifests[-1], info.target)
    recorded = app.catalogue.load_plan_head(info.plan_id).target_filesystem
    return recorded.startswith("uuid:") and app.filesystem_of(info.target) != recorded  # others change with a mount


def _is_of_another_disk(app: App, snapshot_id: str, target: bytes) -> bool:
    entries = (each for each in app.catalogue.snapshot_entries(snapshot_id) if each.root == target)
    filesystems = app.catalogue.snapshot_filesystems(snapshot_id)
    known = {root: filesystem for root, filesystem in filesystems.items() if root == target}
    return bool(absent_roots(islice(entries, N_LOOKED_FOR), known, app.disk))


class _Taking:
    """One snapshot being taken."""

    def __init__(self, app: App, roots: Sequence[bytes], policy: ContentPolicy) -> None:
        self._app = app
        self._roots = roots
        self._policy = policy
        self._keeps = policy != NAMES_ONLY
        self._rules = scan_rules(app, ())
        self._categories = _categories(app) if policy.categories else {}
        self._own = ContentStore(os.fsencode(app.settings.state_folder / CONTENTS))
        self._no_reflinks: set[bytes] = set()
        self.held: list[HeldContent] = []
        self.unreadable: list[UnreadableEntry] = []
        self.not_held: list[Problem] = []
        self._unknown: Counter[bytes] = Counter()  # by root: files whose category nobody has asked for
        self.by_level: dict[Protection, int] = defaultdict(int)
        self.n_files = 0

    def prepared(self) -> Iterator[SnapshotEntry] | list[SnapshotEntry]:
        """All entries; where contents are kept, all made before any of them is given out, for that may take long and what waits
        for it holds the catalogue."""
        return self._entries() if self._policy == NAMES_ONLY else list(self._entries())

    def _entries(self) -> Iterator[SnapshotEntry]:
        for root in self._roots:
            for entry in inventory(Place(root, b""), self._app.disk, self._rules, self.unreadable):
                if entry.is_folder:
                    yield entry
                    continue
                self.n_files += 1
                kept = self._kept(entry) if self._keeps and entry.kind is Kind.FILE else entry
                self.by_level[kept.level or Protection.NAME] += 1
                yield kept
        for root, n_files in self._unknown.items():
            words = f"{n_files:,} of the files here were never classified, so nothing of them is kept for its category"
            remedy = f"ifmosfs scan {shell_word(root)}, then ifmosfs classify, then another snapshot"
            self.not_held.append(Problem("never-classified", root, words, remedy))

    def _kept(self, entry: SnapshotEntry) -> SnapshotEntry:
        category = self._categories.get(entry.place.absolute)
        if self._policy.wants_copy(entry.fingerprint.size_bytes, category):
            return self._hold(entry, Protection.CONTENT_COPY, (self._own,))
        if self._policy.reflink and entry.root not in self._no_reflinks:
            beside = ContentStore(join(entry.root, CONTROL_NAME, CONTENTS.encode()))
            return self._hold(entry, Protection.CONTENT_REFLINK, (self._own, beside))
        is_small_enough = self._policy.max_bytes is None or entry.fingerprint.size_bytes <= self._policy.max_bytes
        if self._policy.categories and is_small_enough and entry.place.absolute not in self._categories:
            self._unknown[entry.root] += 1
        return entry

    def _hold(self, entry: SnapshotEntry, level: Protection, stores: Sequence[ContentStore]) -> SnapshotEntry:
        self._app.progress("Keeping contents", self.n_files, None)
        try:
            for store in stores:
                held = store.hold(self._app.disk, entry.place, entry.fingerprint, level)
                if held is not None:
                    size, at_ns = entry.fingerprint.size_bytes, host.now_ns()
                    source = entry.place.absolute
                    self.held.append(HeldContent(held.digest, held.place, size, level, at_ns, source))
                    return entry._replace(digest=held.digest, level=level, belongings=held.belongings)
        except OSError as error:
            if error.errno in FULL:
                hint = "free some space, or keep the names only; what was kept so far is collected by `versions prune`"
                raise DiskFull("no room for the contents", path=entry.place.absolute, hint=hint) from error
            if error.errno in FATAL:
                raise disk_failed(error, entry.place) from error
            words = os.strerror(error.errno or 0)
            self.not_held.append(Problem("content-not-held", entry.place.absolute, f"its content is not kept: {words}"))
            return entry
        self._no_reflinks.add(entry.root)
        words = "its filesystem cannot share blocks; only names are protected here"
        self.not_held.append(Problem("no-reflink", entry.root, words, "ask for copies: --content, --content-max-size"))
        return entry


Words = dict[bytes, tuple[Fingerprint, str | None]]
"""By absolute path: the file that was classified there, and the latest word on it."""


def _categories(app: App) -> dict[bytes, str | None]:
    """The category of every file that was classified (`None`: nobody was sure), by where it was, and of those of plans also by where
    their commits have put them, which is where a person has wanted them. What is newer counts."""
    words = {session.session_id: _words(app, session) for session in app.catalogue.sessions()}
    scanned = [(session.scanned_ns, session.session_id, None) for session in app.catalogue.sessions()]
    planned = [(info.created_ns, info.session_id, info) for info in app.catalogue.plans()]
    found: dict[bytes, str | None] = {}
    for _, session_id, info in sorted([*scanned, *planned], key=lambda one: one[0]):
        known = words.get(session_id, {})
        found.update(
            ((path, label) for path, (_, label) in known.items()) if info is None else _as_planned(app, info, known)
        )
    return found


def _words(app: App, session: SessionInfo) -> Words:
    classified = app.catalogue.classified(session.session_id)
    return {file.place.absolute: (file.fingerprint, word.label) for file, word in classified if word is not None}


def _as_planned(app: App, info: PlanInfo, words: Words) -> Iterator[tuple[bytes, str | None]]:
    """What the files of a plan are taken for, by their paths: by the folder that a person has put them into, else by the latest word
    of the plan's session, which may be newer than the plan, else by the plan."""
    tree = load_tree(app, info.plan_id)
    filed = categories_of(app, tree)
    is_moved = info.state in COMMITTED
    for action in tree.plan.actions:
        if action.category is not None:
            yield action.source_place.absolute, _latest(action, words)
    for move in tree.moves():
        category = filed(move)
        if category == move.action.category:
            category = _latest(move.action, words)
        if category is not None:
            yield move.action.source_place.absolute, category
            if is_moved:
                yield Place(info.target, move.target).absolute, category


def _latest(action: Action, words: Words) -> str | None:
    known = words.get(action.source_place.absolute)
    return known[1] if known is not None and known[0].same_file(action.expected) else action.category


# Letting go


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What a prune removed, or with `is_rehearsed` would remove; `last_holders` are contents that are in no other place and stay.
    While there are `unreadable` snapshots, given by their ids, all contents stay, for nobody knows which those need."""

    snapshots: tuple[SnapshotInfo, ...]
    contents: tuple[Place, ...]
    freed_bytes: int
    leftovers: tuple[Place, ...]
    last_holders: tuple[Place, ...]
    unreadable: tuple[str, ...]
    is_rehearsed: bool


def prune(app: App, keep: int | None, older_than_ns: int | None, *, named: bool = False, dry_run: bool) -> PruneReport:
    """Let go of manifests beyond the newest `keep` that are older than the time span, and of contents that none needs any more.

    Snapshots that were asked for count, and stay, unless they are `named` to go as well. The last holder of a content is never
    removed. Killed at any moment, the next prune goes on. Raises: Locked, DiskFull, DiskFailed.
    """
    with app.locked():
        doomed = _doomed(app, keep, older_than_ns, named=named)
        needed = app.catalogue.needed_contents({info.head.snapshot_id for info in doomed})
        return _collect(app, doomed, needed, dry_run=dry_run)


def _doomed(app: App, keep: int | None, older_than_ns: int | None, *, named: bool) -> list[SnapshotInfo]:
    if keep is None and older_than_ns is None:
        return []
    of_versions = {version.snapshot_id for version in app.catalogue.versions()}
    newest_first = list(reversed(app.catalogue.snapshots()))
    manifests = [info for info in newest_first if info.head.snapshot_id in of_versions]
    kept = {info.head.snapshot_id for info in manifests[: keep or 0]}
    runs = {info.head.run_id for info in manifests if info.head.snapshot_id in kept}
    limit = host.now_ns() - (older_than_ns or 0)
    return [
        info
        for info in newest_first
        if info.head.snapshot_id not in kept
        and (named or info.head.plan_id is not None)
        and (info.head.run_id is None or info.head.run_id not in runs)  # how it was before goes with how it was after
        and (older_than_ns is None or info.head.created_ns < limit)
    ]


def _collect(app: App, doomed: Sequence[SnapshotInfo], needed: Needed, *, dry_run: bool) -> PruneReport:
    stores = [ContentStore(folder) for folder in store_folders(app)]
    present: set[tuple[bytes, Place]] = set()
    for store in stores:
        with _store_trouble(store):
            present |= set(store.held())
    unneeded = sorted((digest, place) for digest, place in present if digest not in needed.digests)
    found = {place: _fingerprint(app, place) for _, place in unneeded}
    sizes = {print_.size_bytes for print_ in found.values()}
    copies = [place for store in stores for place in _copies(store)]
    spared = [place.absolute for place in (*found, *copies)]  # all that is to be removed here
    with _store_trouble(stores[0]):
        noted = stores[0].noted_roots()
    holders = Holders(app, sizes, spared, noted)
    if not dry_run and doomed:  # only now, for their entries tell where else the contents may be
        app.catalogue.forget_snapshots([info.head.snapshot_id for info in doomed])
    removed: list[Place] = []
    last: list[Place] = []
    freed = 0
    for digest, place in unneeded:
        app.progress("Looking for other holders", len(removed) + len(last), len(unneeded))
        holder = holders.find(digest, found[place])
        if holder is None or not holders.still_holds(holder):
            last.append(place)
            continue
        if dry_run or _remove(app, place):
            removed.append(place)
            freed += found[place].size_bytes
    gone_places = frozenset(removed)
    kept = {digest: place for digest, place in present if place not in gone_places}
    leftovers = [place for store in stores for place in store.leftovers()]
    leftovers += [place for place in copies if _is_unused(app, place, kept)]
    gone = leftovers if dry_run else [place for place in leftovers if _remove(app, place)]
    if not dry_run:
        sync_folders(app.disk, dict.fromkeys(parent(place) for place in (*removed, *gone)))
        for store in stores:
            remove_empty_folders(_restored(store))
        app.catalogue.forget_contents(
            each.digest for each in app.catalogue.contents() if each.digest not in kept and _is_missed(each)
        )
        if not last:
            with _store_trouble(stores[0]):
                stores[0].forget_notes()
    return PruneReport(tuple(doomed), tuple(removed), freed, tuple(gone), tuple(last), needed.unreadable, dry_run)


def _is_missed(each: HeldContent) -> bool:
    """Whether a content is not where it was, though its store is there: the disk of another store may only not be mounted."""
    return os.path.isdir(os.path.dirname(os.path.dirname(each.place))) and not os.path.lexists(each.place)


def _copies(store: ContentStore) -> list[Place]:
    """The copies of held contents that a restore has made, finished or not, and that are not at their names, or not any more."""
    return [Place(above, name) for above, _, names in os.walk(_restored(store)) for name in names]


def _is_unused(app: App, copy: Place, kept: Mapping[bytes, Place]) -> bool:
    """Whether a copy was never finished, or its content, which is read, is held. What was edited and brought back is neither."""
    if is_draft(copy.path):
        return True
    try:
        digest = app.disk.digest(copy)
    except OSError:
        return False
    return digest in kept and holds(kept[digest].absolute, digest)


def _restored(store: ContentStore) -> bytes:
    """Where copies of contents of a store wait to be moved to their names."""
    return join(os.path.dirname(store.folder), RESTORED)


def remove_empty_folders(top: bytes) -> None:
    """Remove a folder of the program's own, and those in it, as far as there is nothing in them."""
    for folder, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):  # something is in it, which the next prune looks at
            os.rmdir(folder)


def _remove(app: App, place: Place) -> bool:
    try:
        app.disk.unlink_checked(place, app.disk.lstat(place).fingerprint)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise os_trouble(error, place.absolute) from error
    return True


def _fingerprint(app: App, place: Place) -> Fingerprint:
    try:
        return app.disk.lstat(place).fingerprint
    except OSError as error:
        raise os_trouble(error, place.absolute) from error


def _store_trouble(store: ContentStore) -> AbstractContextManager[None]:
    """What goes wrong with a store as a whole, in this program's errors. Raises: DiskFull, DiskFailed, IfmosfsError."""
    return translated(Path(os.fsdecode(store.folder)))


def store_folders(app: App) -> list[bytes]:
    """The folders of all content stores: the program's own, and those beside the folders that were recorded."""
    own = os.fsencode(app.settings.state_folder / CONTENTS)
    beside = {each.place.rsplit(b"/", 2)[0] for each in app.catalogue.contents()}
    roots = {version.target for version in app.catalogue.versions()}
    beside |= {join(root, CONTROL_NAME, CONTENTS.encode()) for root in roots}
    return [own, *sorted(beside - {own})]


@dataclass(frozen=True, slots=True)
class SpaceUse:
    """What the versions take: contents in all stores, and the catalogue that holds the manifests."""

    n_contents: int
    content_bytes: int
    catalogue_bytes: int


def space_use(app: App) -> SpaceUse:
    """The space that is taken now."""
    contents = app.catalogue.contents()
    catalogue: Path = app.settings.state_folder / "catalogue.db"
    return SpaceUse(len(contents), sum(each.size_bytes for each in contents), catalogue.stat().st_size)


def held_place(app: App, digest: bytes) -> Place | None:
    """Where a content is held, proved by reading it; `None` if it is not, any more."""
    return held_places(app, {digest}).get(digest)


def held_places(app: App, digests: Collection[bytes]) -> dict[bytes, Place]:
    """Where contents are held, each proved by reading it; those that are not, any more, are left out."""
    own = ContentStore(os.fsencode(app.settings.state_folder / CONTENTS))
    # What is known may be on a disk that is not there, and was held here since.
    known = (
        [(each.digest, each.place) for each in app.catalogue.contents() if each.digest in digests] if digests else []
    )
    found: dict[bytes, Place] = {}
    for digest, path in (*known, *((digest, own.place(digest)) for digest in digests)):
        if digest not in found and holds(path, digest):
            folder, _, name = path.rpartition(b"/")
            found[digest] = Place(folder, name)
    return found
