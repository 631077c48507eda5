"""What the catalogue of scanned files takes and tells: found files, the outcome of a scan, and one-line summaries.

Summaries (`…Info`) are what lists and choices are made of; the things themselves are loaded by their id.
All times are ns since the epoch, all sizes bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from ifmosfs.core.files import Fingerprint, Kind, Place, Root, kind_of
from ifmosfs.core.plan import PlanState


class FoundFile(NamedTuple):
    """A file or symlink that a walk has found below a root; `readable` is a guess from mode and owner."""

    path: bytes
    kind: Kind
    mode: int
    fingerprint: Fingerprint
    readable: bool = True


class ScanDelta(NamedTuple):
    """How many files of a root a scan found new, changed, unchanged, and gone.

    Files below a folder that could not be read are forgotten, but they are not gone: that folder is counted as unreadable.
    """

    new: int
    changed: int
    unchanged: int
    vanished: int


class SessionCounts(NamedTuple):
    """What a session holds. `n_classified` files were looked at by a classifier, `n_labelled` of them got a category.

    `n_skipped` and `n_unreadable` count entries that are no files of the session: special files, folders nobody may list.
    """

    n_files: int = 0
    size_bytes: int = 0
    n_classified: int = 0
    n_labelled: int = 0
    n_skipped: int = 0
    n_unreadable: int = 0


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A scan session: the set of roots it covers, in the order they were first given, and when it was last scanned."""

    session_id: str
    tag: str | None
    roots: tuple[Root, ...]
    scanned_ns: int
    counts: SessionCounts


@dataclass(frozen=True, slots=True)
class PlanInfo:
    """A stored plan without its actions. `digest` is the plan's own, without its edits; `n_edits` are in force. `n_vaulted` files go
    to the vault; `None` where nobody has counted them."""

    plan_id: str
    session_id: str
    state: PlanState
    target: bytes
    created_ns: int
    n_moves: int
    n_kept: int
    digest: str
    n_edits: int
    n_vaulted: int | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person changed about a file's planned place, kept to learn from; targets are relative to the plan's target.

    `to_target` is `None` when the person said that the file stays where it is.
    """

    place: Place
    from_category: str | None
    from_target: bytes | None
    to_target: bytes | None
    at_ns: int


KIND_BITS: Final = 0o170000
FOLDER_BITS: Final = 0o040000


class Protection(Enum):
    """What a snapshot protects of one file, honestly.

    NAME restores all that a commit did, because commit only renames; it keeps no content. CONTENT_REFLINK keeps the content as
    shared blocks on the file's own filesystem: against deletion and editing, not against the loss of that disk. CONTENT_COPY
    keeps it a second time.
    """

    NAME = "NAME"
    CONTENT_REFLINK = "CONTENT-REFLINK"
    CONTENT_COPY = "CONTENT-COPY"
    __hash__ = object.__hash__  # as good for members, of which there is one each, and ten times as fast


class Belongings(NamedTuple):
    """What a file has beside content, mode and times: its owner, and its extended attributes (ACLs are among them) by their names."""

    uid: int
    gid: int
    xattrs: tuple[tuple[str, bytes], ...] = ()


class SnapshotEntry(NamedTuple):
    """One file, symlink or folder of a snapshot; `digest` is BLAKE3 of its content where it was read.

    `mode` is its `st_mode`, `None` in snapshots of before versions were kept. `level`: none means NAME. `belongings`
    are recorded with a content that is kept.
    """

    root: bytes
    path: bytes
    fingerprint: Fingerprint
    digest: bytes | None
    mode: int | None = None
    level: Protection | None = None
    belongings: Belongings | None = None

    @property
    def place(self) -> Place:
        """Where it was."""
        return Place(self.root, self.path)

    @property
    def kind(self) -> Kind:
        """What it is; without a mode, a file."""
        return Kind.FILE if self.mode is None else kind_of(self.mode)

    @property
    def is_folder(self) -> bool:
        """The same question in a third of the time."""
        return self.mode is not None and self.mode & KIND_BITS == FOLDER_BITS


@dataclass(frozen=True, slots=True)
class SnapshotHead:
    """What is known of a snapshot before its entries are; `level` is the least that protects any of its files.

    One that was asked for belongs to no plan and no run.
    """

    snapshot_id: str
    plan_id: str | None
    run_id: str | None
    created_ns: int
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A complete snapshot without its entries; `merkle` is the hash over them (`core.snapshot`).

    The content of `n_held` of its files, `held_bytes` together, is kept in the content store.
    """

    head: SnapshotHead
    merkle: bytes
    n_entries: int
    n_held: int = 0
    held_bytes: int = 0


class VersionKind(Enum):
    """What has made a version."""

    COMMIT = "commit"
    ROLLBACK = "rollback"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """How one run left its target, or how folders were when a snapshot was asked for; `version` counts up from 1 over all targets.

    `snapshot_id` names its manifest; `None` where there is none, or none any more. `run_id` and `plan_id` are `None` for SNAPSHOT.
    """

    version: int
    plan_id: str | None
    run_id: str | None
    snapshot_id: str | None
    target: bytes
    created_ns: int
    n_moved: int
    kind: VersionKind = VersionKind.COMMIT


@dataclass(frozen=True, slots=True)
class HeldContent:
    """A content in the content store: the file `place` (absolute) holds what has this digest (BLAKE3), and what the file `source`
    had when it was taken."""

    digest: bytes
    place: bytes
    size_bytes: int
    level: Protection
    created_ns: int
    source: bytes


@dataclass(frozen=True, slots=True)
class RollbackEntry:
    """What one rollback run did: for which plan, what was selected, and how many operations ended how."""

    run_id: str
    plan_id: str
    at_ns: int
    selection: str
    n_done: int
    n_conflicts: int
    n_failed: int
