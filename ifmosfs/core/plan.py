"""The plan: a frozen value that can be stored, shown, compared and refused.

A plan never changes. What a person does in the mounted view is a list of `Edit` values beside it; plan and edits together
give the organised tree (`core.tree`), which both the view and the commit read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from ifmosfs.core.files import Fingerprint, Kind, Place, Root
from ifmosfs.core.names import NameRules
from ifmosfs.core.values import quick


class PlanState(Enum):
    """Where a plan is in its life."""

    DRAFT = "draft"
    STAGED = "staged"
    VALIDATED = "validated"
    COMMITTING = "committing"
    COMMITTED = "committed"
    DISCARDED = "discarded"
    ROLLED_BACK = "rolled_back"


class PlanEvent(Enum):
    """What can happen to a plan."""

    STAGE = "stage"
    VALIDATE = "validate"
    EDIT = "edit"
    BEGIN = "begin"
    STOP_UNTOUCHED = "stop untouched"  # the run ended before anything moved
    FINISH = "finish"
    DISCARD = "discard"
    REOPEN = "reopen"
    ROLL_BACK = "roll back"
    ROLL_FORTH = "roll forth"  # its rollback is undone


NEXT_STATE: Final[dict[tuple[PlanState, PlanEvent], PlanState]] = {
    (PlanState.DRAFT, PlanEvent.STAGE): PlanState.STAGED,
    (PlanState.DRAFT, PlanEvent.DISCARD): PlanState.DISCARDED,
    (PlanState.STAGED, PlanEvent.VALIDATE): PlanState.VALIDATED,
    (PlanState.STAGED, PlanEvent.EDIT): PlanState.STAGED,
    (PlanState.STAGED, PlanEvent.BEGIN): PlanState.COMMITTING,
    (PlanState.STAGED, PlanEvent.DISCARD): PlanState.DISCARDED,
    (PlanState.VALIDATED, PlanEvent.VALIDATE): PlanState.VALIDATED,
    (PlanState.VALIDATED, PlanEvent.EDIT): PlanState.STAGED,
    (PlanState.VALIDATED, PlanEvent.BEGIN): PlanState.COMMITTING,
    (PlanState.VALIDATED, PlanEvent.DISCARD): PlanState.DISCARDED,
    (PlanState.COMMITTING, PlanEvent.BEGIN): PlanState.COMMITTING,  # taken up again after an interruption
    (PlanState.COMMITTING, PlanEvent.STOP_UNTOUCHED): PlanState.STAGED,
    (PlanState.COMMITTING, PlanEvent.FINISH): PlanState.COMMITTED,
    (PlanState.COMMITTING, PlanEvent.ROLL_BACK): PlanState.ROLLED_BACK,
    (PlanState.COMMITTED, PlanEvent.ROLL_BACK): PlanState.ROLLED_BACK,
    (PlanState.DISCARDED, PlanEvent.REOPEN): PlanState.STAGED,
    (PlanState.ROLLED_BACK, PlanEvent.REOPEN): PlanState.STAGED,
    (PlanState.ROLLED_BACK, PlanEvent.ROLL_FORTH): PlanState.COMMITTED,
}


class ActionKind(Enum):
    """What the plan does with an entry."""

    MOVE = "move"
    KEEP = "keep"  # explicit: considered, and it stays where it is
    VAULT = "vault"  # it lost a conflict: commit puts it away into the target's vault, from where it can be restored


class KeepReason(Enum):
    """Why a file stays; each is a folder in the view's `To review/`, by its value."""

    UNSURE = "unsure"
    CONFLICT = "conflicts"
    EXCLUDED = "excluded"
    UNREADABLE = "unreadable"
    LINK = "links"
    PROJECT = "projects"  # part of a checkout or project, which must not be scattered
    DUPLICATE = "duplicates"  # a file of this name and content is there already
    BUSY = "being written"  # a download under way, a file that a program is writing to
    CLOUD = "online only"  # a placeholder: its content is not on this disk


class Origin(Enum):
    """Who decided; for display only, it never changes how an action is carried out."""

    RULE = "rule"
    MODEL = "model"
    USER = "user"


class ConflictStrategy(Enum):
    """What is done when the wanted name is taken. Nothing is ever destroyed: a loser goes to the vault.

    Only a file can lose; where a folder holds the name, or the two cannot be compared, it is as with SKIP.
    """

    RENAME = "rename"  # a free name beside it: `report (2).pdf`
    SKIP = "skip"  # the file stays, listed under conflicts, and commit asks no more about it
    ASK = "ask"  # it stays, too, as an open conflict until someone answers
    REPLACE = "replace"  # the one that comes later takes the name
    NEWEST = "newest"  # the one modified last takes the name; at a tie, the one that has it
    LARGEST = "largest"  # the one with more bytes takes the name; at a tie, the one that has it


class DuplicateRule(Enum):
    """What planning does with a file when one of the same name and the same content is there already."""

    STAY = "stay"  # it stays where it is, listed under duplicates
    VAULT = "vault"  # commit puts it into the vault
    CONFLICT = "conflict"  # as with any other conflict: the strategy decides


class UnitKind(Enum):
    """Why files belong together."""

    LINKS = "hard links"  # names of one inode
    SIDECARS = "sidecars"  # a photo with its XMP, a film with its subtitles
    DATABASE = "database"  # with its -wal, -shm, -journal
    PARTS = "parts"  # the volumes of one archive
    PAGE = "web page"  # a saved page with its folder
    PROJECT = "project"  # a checkout, project or bundle: one folder, moved by one rename or not at all


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that move together or not at all. `number` counts from 1 within the plan; the members' actions name it.

    `folder`: of a PROJECT, the folder below `root` that is the unit; else `None`.
    """

    number: int
    kind: UnitKind
    root: bytes
    folder: bytes | None = None


@quick
@dataclass(frozen=True, slots=True)
class Action:
    """What the plan does with one scanned file.

    `action_id` counts from 1 within the plan and never changes: the view's inode numbers are made of it. `source` lies under
    `root` (absolute). `target` is relative to the plan's target folder, and for a KEEP the place the file would have gone
    to, where there is one; for a VAULT the place it lost. `expected` is the fingerprint of the source when it was planned.
    `replaces`: the file that is at `target` now and that commit first puts into the vault; `None` where the name is free.
    `unit`: the number of the `Unit` it belongs to, 0 for none.
    `note` says what planning had to change about the name (a repair, a number) or what it noticed (a twin).
    `planned_at`: where the file was when it was planned, if it has been renamed since; its place before any edit is made of that.
    """

    action_id: int
    kind: ActionKind
    root: bytes
    source: bytes
    target: bytes | None
    expected: Fingerprint
    mode: int
    entry_kind: Kind
    category: str | None
    score: float
    reason: str
    origin: Origin = Origin.RULE
    keep_reason: KeepReason | None = None
    note: str | None = None
    replaces: Fingerprint | None = None
    unit: int = 0
    planned_at: Place | None = None

    @property
    def source_place(self) -> Place:
        """Where the file is now."""
        return Place(self.root, self.source)

    @property
    def first_place(self) -> Place:
        """Where the file was when it was planned."""
        return self.planned_at or Place(self.root, self.source)


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings a plan was made with; part of the plan, so that it can be read years later."""

    strategy: ConflictStrategy = ConflictStrategy.RENAME
    by_category: tuple[tuple[str, ConflictStrategy], ...] = ()
    duplicates: DuplicateRule = DuplicateRule.STAY
    threshold: float = 0.6
    thresholds: tuple[tuple[str, float], ...] = ()
    folder_mode: int = 0o755
    review_name: bytes = b"To review"
    names: NameRules = field(default_factory=NameRules)

    def strategy_for(self, category: str | None) -> ConflictStrategy:
        """The strategy for files of a category; the plan's own where the category has none."""
        return dict(self.by_category).get(category or "", self.strategy)

    def threshold_of(self, category: str | None) -> float:
        """How sure a file of a category must be to move; the plan's own threshold where the category has none."""
        return dict(self.thresholds).get(category or "", self.threshold) if self.thresholds else self.threshold


@dataclass(frozen=True, slots=True)
class Plan:
    """An organised layout for a set of scanned files, made at `created_ns` (ns since the epoch).

    `target` is absolute and need not exist; `target_filesystem` is the identity of the filesystem it is, or would be, on.
    `folders` are the target-relative folders that the plan itself makes, parents first.
    """

    plan_id: str
    session_id: str
    target: bytes
    target_filesystem: str
    roots: tuple[Root, ...]
    created_ns: int
    policy: Policy
    folders: tuple[bytes, ...]
    actions: tuple[Action, ...]
    units: tuple[Unit, ...] = ()

    def moves(self) -> Iterator[Action]:
        """The actions that move something, in plan order."""
        return (action for action in self.actions if action.kind is ActionKind.MOVE)

    def kept(self) -> Iterator[Action]:
        """The actions that leave something where it is, in plan order."""
        return (action for action in self.actions if action.kind is ActionKind.KEEP)

    def vaulted(self) -> Iterator[Action]:
        """The actions that put something into the vault, in plan order."""
        return (action for action in self.actions if action.kind is ActionKind.VAULT)

    @property
    def digest(self) -> str:
        """A short hash over what the plan would do; two plans with the same digest do the same."""
        hasher = hashlib.blake2b(digest_size=8)
        hasher.update(self.target)
        for folder in self.folders:
            hasher.update(b"\0d" + folder)
        for action in self.moves():
            hasher.update(b"\0".join((b"\0m", action.root, action.source, action.target or b"")))
            hasher.update(repr(action.expected).encode())
            if action.replaces is not None:
                hasher.update(b"\0r" + repr(action.replaces).encode())
            if action.unit:
                hasher.update(b"\0u%d" % action.unit)
        for action in self.vaulted():
            hasher.update(b"\0".join((b"\0v", action.root, action.source)))
            hasher.update(repr(action.expected).encode())
        for unit in self.units:
            hasher.update(repr(unit).encode())
        return hasher.hexdigest()


NO_CATEGORY: Final = "none"  # what a person writes of a file for which there is none


class EditKind(Enum):
    """What a person did to the layout, or happened to the originals; the last two are about steps of the log and not the layout."""

    MOVE = "move"
    SWAP = "swap"
    EXCLUDE = "exclude"  # `rm` in the view: the file stays where it is on the disk
    MKDIR = "mkdir"
    RMDIR = "rmdir"
    TOUCH = "touch"  # mode or times of a planned folder
    REPLACE = "replace"  # as MOVE, onto a name that a file of the target has, which goes to the vault
    VAULT = "vault"  # the file goes to the vault
    ADD = (
        "add"  # not by a person: a file that appeared in a root since, now an action of the plan, is shown at the path
    )
    REFRESH = (
        "refresh"  # not by a person: the original of an action is another than was planned, and the action says so now
    )
    FOLLOW = "follow"  # not by a person: the folder of a project has been renamed or moved on the disk
    GATHER = "gather"  # not by a person: a folder on the disk has become a project
    JOIN = "join"  # not by a person: a file of the plan has become part of a project, for its folder is one now
    UNDO = "undo"  # a step is taken back
    REDO = "redo"  # a step that was taken back is made again


class EditOrigin(Enum):
    """Where an edit was made; for display only."""

    VIEW = "view"  # in the mount
    RESOLVE = "resolve"
    FIX = "fix"
    COMMAND = "command"  # another command, such as `stage undo`
    WATCH = "watch"  # not by a person: a file has appeared, changed or been renamed


@quick
@dataclass(frozen=True, slots=True)
class Edit:
    """One row of a plan's edit log, which only grows (`core.edit_log`): mostly one change to the organised tree, in paths of
    the view at that moment (so edits are replayed in `seq` order).

    A MOVE of a folder means everything in it; only files are EXCLUDEd. `at_ns` is when it was made; folders show it as their time.
    `mode` and `mtime_ns` belong to MKDIR and TOUCH, `replaces` (the fingerprint of what is at the target) to REPLACE, `action_id`
    to ADD and REFRESH, and to the MOVE or VAULT of a file that no person made; a FOLLOW, and the MOVE of a project that no person
    made, name by it a member of the project, and the `target` of a FOLLOW is the absolute path that the project's folder has now.
    A GATHER names by it the new unit, whose folder is its `target`, absolute; a JOIN the file, whose original is its `target`.
    `category` belongs to a MOVE by which a person has said
    what the file is, and (`NO_CATEGORY`) to an EXCLUDE by which one has said that it is nothing that there is a category for.
    `step` is the `seq` of the first edit of the same gesture, which is taken back as a whole; of an UNDO or REDO it is the step
    that this takes back or makes again, and there is no path; of what no person did (origin WATCH) it is 0. `seq` is 0 in a draft,
    and so is `step` in one that begins a step.
    """

    seq: int
    kind: EditKind
    path: bytes
    target: bytes | None
    at_ns: int
    mode: int | None = None
    mtime_ns: int | None = None
    replaces: Fingerprint | None = None
    action_id: int | None = None
    category: str | None = None
    step: int = 0
    origin: EditOrigin = EditOrigin.VIEW


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a plan is told of files that have appeared or changed since it was made: new actions, actions as they are now, the
    edits (drafts, in their order) by which its tree follows, and new units."""

    added: tuple[Action, ...] = ()
    changed: tuple[Action, ...] = ()
    edits: tuple[Edit, ...] = ()
    units: tuple[Unit, ...] = ()
