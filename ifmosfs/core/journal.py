"""The run journal's values: what was intended, what became of it. Durable before and after each effect.

A *run* is one commit, rollback or recovery of a plan. An *operation* is one effect on the disk. An operation is written with
state INTENT before its effect and settled after the effect has been synced; its rows are never deleted. An inverse operation is
a new operation in a new run, never an edit of an old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.values import quick


class RunKind(Enum):
    """What a run is for."""

    COMMIT = "commit"
    ROLLBACK = "rollback"


class RunState(Enum):
    """Where a run is; RUNNING without a living holder of the lock means that it was interrupted."""

    RUNNING = "running"
    STOPPED = "stopped"  # consistent, but not everything was done: Ctrl-C, full disk
    COMPLETE = "complete"
    NEEDS_RECOVERY = "needs_recovery"


class OpKind(Enum):
    """One kind of effect."""

    __hash__ = object.__hash__  # as good for members, of which there is one each, and ten times as fast

    MKDIR = "mkdir"  # target: the folder
    MOVE = "move"  # source to target, by rename, or by copy when the journal says COPIED
    CARRY = "carry"  # source to target: a folder with all that is in it, by one rename and never by copy
    RMDIR = "rmdir"  # source: the emptied folder; `folder` holds what is needed to make it again
    REMOVE = "remove"  # source: a file of the vault that was removed for good, its content being elsewhere
    TIMES = "times"  # target: a folder whose times were set; `expected` before, `arrived` after


class OpState(Enum):
    """How far an operation got. The four middle ones belong to a move to another filesystem."""

    __hash__ = object.__hash__  # as in OpKind

    INTENT = "intent"
    COPIED = "copied"  # the temporary copy is complete, synced and verified
    PUBLISHED = "published"  # the copy has its final name; the source is still there
    QUARANTINED = "quarantined"  # the source has its quarantine name
    DONE = "done"
    CONFLICT = "conflict"  # name taken, source changed or vanished: nothing was done
    FAILED = "failed"  # the operating system refused: nothing was done
    SKIPPED = "skipped"  # not reached: the run was stopped before


SETTLED = frozenset({OpState.DONE, OpState.CONFLICT, OpState.FAILED, OpState.SKIPPED})


@dataclass(frozen=True, slots=True)
class FolderMeta:
    """What is needed to make a removed folder again."""

    mode: int
    uid: int
    gid: int
    atime_ns: int
    mtime_ns: int
    xattrs: tuple[tuple[str, bytes], ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Operation:
    """One intended effect. `seq` counts from 1 within its run; `action_id` is the plan's action, 0 for what is no file of the
    plan: folders, a file of the target that goes to the vault, a step through a third name.

    Operations of one run with the same `unit` (0: none) follow one another, and are all done in the end, or none of them.
    """

    seq: int
    kind: OpKind
    source: Place | None
    target: Place | None
    expected: Fingerprint | None = None
    action_id: int = 0
    folder: FolderMeta | None = None
    inverse_of: tuple[str, int] | None = None  # (run id, seq) of what this one undoes
    unit: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an operation. `arrived` is the fingerprint at the target afterwards, the base of a later rollback."""

    seq: int
    state: OpState
    arrived: Fingerprint | None = None
    digest: bytes | None = None
    error: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Recorded:
    """An operation as the journal holds it now."""

    operation: Operation
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as the journal holds it. `message`: of a run that takes something back, what was chosen for it, from its beginning
    on; of any other, what ended it before its time."""

    run_id: str
    kind: RunKind
    plan_id: str
    target: bytes
    state: RunState
    started_ns: int
    boot_id: str
    pid: int
    finished_ns: int | None = None
    message: str | None = None


class Journal(Protocol):
    """The durable log of runs. When `intend`, `settle` or `finish` return, what they were given survives a power cut.

    A failed write raises `DiskFull` or `DiskFailed`; the caller stops the run.
    """

    def begin(self, run: Run) -> None:
        """Record that the run has started."""
        ...

    def intend(self, run_id: str, operations: Sequence[Operation]) -> None:
        """Record operations with state INTENT, before any of their effects."""
        ...

    def settle(self, run_id: str, outcomes: Sequence[Outcome]) -> None:
        """Record what became of operations, after their effects have been synced."""
        ...

    def finish(self, run_id: str, state: RunState, at_ns: int, message: str | None) -> None:
        """Record the end of the run."""
        ...

    def runs(self, plan_id: str | None = None) -> Sequence[Run]:
        """All runs, oldest first, of one plan or of all."""
        ...

    def unfinished(self) -> Sequence[Run]:
        """Runs in state RUNNING or NEEDS_RECOVERY, oldest first."""
        ...

    def recorded(self, run_id: str, states: Iterable[OpState] | None = None) -> Iterator[Recorded]:
        """The operations of a run in `seq` order, only those in the given states where given."""
        ...
