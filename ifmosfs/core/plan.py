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
}


class ActionKind(Enum):
    """What the plan does with an entry."""

    MOVE = "move"
    KEEP = "keep"  # explicit: considered, and it stays where it is


class KeepReason(Enum):
    """Why a file stays; each is a folder in the view's `To review/`, by its value."""

    UNSURE = "unsure"
    CONFLICT = "conflicts"
    EXCLUDED = "excluded"
    UNREADABLE = "unreadable"
    LINK = "links"
    PROJECT = "projects"  # part of a checkout or project, which must not be scattered


class Origin(Enum):
    """Who decided; for display only, it never changes how an action is carried out."""

    RULE = "rule"
    MODEL = "model"
    USER = "user"


class ConflictStrategy(Enum):
    """What planning does when the wanted name is taken."""

    RENAME = "rename"  # a free name beside it: `report (2).pdf`
    SKIP = "skip"  # the file stays, listed under conflicts
    ASK = "ask"  # as SKIP in batch use: stays and is listed until someone answers


@dataclass(frozen=True, slots=True)
class Action:
    """What the plan does with one scanned file.

    `action_id` counts from 1 within the plan and never changes: the view's inode numbers are made of it. `source` lies under
    `root` (absolute). `target` is relative to the plan's target folder, and for a KEEP the place the file would have gone
    to, where there is one. `expected` is the fingerprint of the source when it was planned.
    `note` says what planning had to change about the name (a repair, a number) or what it noticed (a twin).
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

    @property
    def source_place(self) -> Place:
        """Where the file is now."""
        return Place(self.root, self.source)


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings a plan was made with; part of the plan, so that it can be read years later."""

    strategy: ConflictStrategy = ConflictStrategy.RENAME
    threshold: float = 0.6
    folder_mode: int = 0o755
    review_name: bytes = b"To review"
    names: NameRules = field(default_factory=NameRules)


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

    def moves(self) -> Iterator[Action]:
        """The actions that move something, in plan order."""
        return (action for action in self.actions if action.kind is ActionKind.MOVE)

    def kept(self) -> Iterator[Action]:
        """The actions that leave something where it is, in plan order."""
        return (action for action in self.actions if action.kind is ActionKind.KEEP)

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
        return hasher.hexdigest()


class EditKind(Enum):
    """What a person did to the layout."""

    MOVE = "move"
    SWAP = "swap"
    EXCLUDE = "exclude"  # `rm` in the view: the file stays where it is on the disk
    MKDIR = "mkdir"
    RMDIR = "rmdir"
    TOUCH = "touch"  # mode or times of a planned folder


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to the organised tree, in paths of the view at that moment (so edits are replayed in `seq` order).

    A MOVE of a folder means everything in it; only files are EXCLUDEd. `at_ns` is when it was made; folders show it as their time.
    `mode` and `mtime_ns` belong to MKDIR and TOUCH.
    """

    seq: int
    kind: EditKind
    path: bytes
    target: bytes | None
    at_ns: int
    mode: int | None = None
    mtime_ns: int | None = None
