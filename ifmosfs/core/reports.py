"""What commit, rollback, recovery, preflight and verification say about what they found and did. Values only.

A trouble with one file is a `Problem` with a stable code, words for a person and, where one is known, a remedy. The journal
keeps the same trouble as one line, ``code: words``, so that a report can be made again from the journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from ifmosfs.core.files import Place
from ifmosfs.core.journal import SETTLED, Operation, OpKind, OpState, Outcome, RunKind, RunState
from ifmosfs.core.names import SEPARATOR, THIRD_PREFIX, split
from ifmosfs.core.values import quick
from ifmosfs.core.vault import origin_of

WORDS: Final[Mapping[str, str]] = {
    "name-taken": "something with this name is already there",
    "conflict-open": "its conflict has not been answered",
    "vanished": "the file is no longer there",
    "changed": "the file changed since it was planned",
    "became-folder": "there is a folder now where the file was",
    "being-written": "a program has the file open and may be writing to it",
    "changed-while-moving": "the file was replaced at the moment of the move; the newer one was put back",
    "changed-while-copying": "the file changed while it was copied; it stays where it is, the copy was taken away",
    "misplaced": "a newer file was moved by a race and its old name is taken again: it is at the new place now",
    "rescued": "a file could not be given its name back and was kept under a reserved name",
    "both-kept": "the file changed after its copy had arrived: both versions are kept",
    "copy-gone": "the copy is no longer what arrived there; the original stays where it is",
    "unit-kept-together": "a file that belongs with it could not be moved",
    "keeps-its-name": "it keeps its name, because the file that was to replace it was not moved",
    "unit-split": "a file that belongs with it could not be moved, and this one could not be put back",
    "unit-elsewhere": "files take each other's names, which is only possible on one filesystem",
    "folder-elsewhere": "a project moves as one folder, which is only possible on one filesystem",
    "project-scattered": "only a part of a project was planned to be moved, or to several folders; none of it is moved",
    "winner-stayed": "what was to have its name instead of it is not there, so it stays, too",
    "relative-link": "the link is relative and would point elsewhere from there",
    "folder-name-taken": "a folder is wanted where a file is",
    "folder-refused": "its folder could not be made",
    "target-folder-missing": "the folder it should go to is not there",
    "hard-linked": "the file has several names (hard links), which cannot be kept on another filesystem",
    "owner-not-kept": "it is another user's or group's, which this user cannot give to a copy on another filesystem",
    "attributes-not-kept": "it has an access control list or other attributes that the target's filesystem cannot keep",
    "special-file": "sockets, pipes and devices are never copied",
    "temporary-name-taken": "the reserved temporary name is taken",
    "refused": "the operating system refused",
    "disk-full": "no space is left",
    "not-reached": "the run was stopped before its turn",
    "not-as-committed": "it is not what the journal says arrived there",
    "modified": "the file was modified since the commit; its present content is moved back",
    "replaced": "the file was saved anew since the commit; the new one is moved back",
    "gone": "the file is no longer where the commit put it",
    "emptied": "it was put into the vault and removed from there, because another place had its content",
    "moved-elsewhere": "somebody has moved the file here since, and here it stays",
    "from-held": "it is gone, and comes back from the content that a snapshot holds",
    "comes-beside": "its old place is taken, so it comes back beside it",
    "folder-not-empty": "the folder is not empty and stays",
    "folder-attributes": "the folder is there again, but not with all that it had",
    "file-attributes": "the file is there again, but not with all that it had",
    "folder-times": "the folder's time could not be set",
    "journal-stays": "there is no room for the plain copy of the journal here, so it stays where it was",
    "same-target": "two files are to get the same name",
    "not-writable": "this user may not change the folder",
    "protected": "it is marked as immutable or append-only, so the system will not let it be moved",
    "no-space": "not enough space for the files that come from another filesystem",
    "no-inodes": "not enough inodes for the files that come from another filesystem",
    "filesystem-changed": "another filesystem is mounted here than when the plan was made",
    "nested": "the target and a scanned folder lie inside one another",
    "roots-nested": "a scanned folder lies inside another one",
    "own-place": "this is a place of the program itself",
    "read-only": "its filesystem is mounted read-only",
    "root-missing": "the scanned folder is not there",
    "root-empty": "the scanned folder is empty, though files were found in it: its disk is probably not mounted",
    "unreadable": "this user may not read the file, and it must be copied to another filesystem",
    "unreadable-here": "this user may not read the file; it can still be moved",
    "changed-just-now": "the file was changed within the last seconds",
    "duplicate": "a file of this name and this content is there already",
    "illegal-name": "the target's filesystem does not take this name",
    "windows-name": "Windows does not take this name",
    "windows-path-too-long": "Windows takes no path this long (260 characters)",
    "windows-twin": "Windows holds this name for the same as another one in its folder",
    "no-room-for-folders": "not enough space or inodes for the new folders and the journal",
    "no-room-for-journal": "not enough space for the journal in the program's state folder",
    "low-confidence": "its category is less sure than the threshold asks for now",
    "unit-torn": "what belongs together is not all planned into one place",
    "link-changes": "a relative link means something else, or nothing, at its new place",
    "link-dangling": "what this link leads to moves away",
    "not-there": "there is no such folder",
    "not-a-folder": "this is not a folder",
    "not-readable": "this user may not look into the folder",
    "system-folder": "this is a folder of the system, not of somebody's files",
    "home-root": "this is a whole home folder, with the settings of its programs",
    "special-place": "this is not a disk of this machine",
    "no-space-at-all": "its filesystem is full",
    "new": "the file is new since the scan",
    "not-classified": "not every file has been classified",
    "missing": "it is not there",
    "extra": "it was not put there by this plan",
    "last-copy": "the other place has the content no longer, so this one stays",
    "content-not-held": "its content is not kept",
    "no-reflink": "its filesystem cannot share blocks; only names are protected here",
    "content-differs": "its content is not what was committed",
}

REMEDIES: Final[Mapping[str, str]] = {
    "name-taken": "rename or move what is there, then commit again",
    "conflict-open": "answer it before the commit: ifmosfs stage resolve",
    "vanished": "scan again",
    "changed": "scan again and look at the new plan",
    "became-folder": "scan again",
    "being-written": "close the program that writes to it, then commit again",
    "misplaced": "move it back by hand if it belongs there",
    "rescued": "give the file at this path its name back by hand",
    "hard-linked": "choose a target on the same filesystem",
    "owner-not-kept": "choose a target on the same filesystem, or run as root",
    "attributes-not-kept": "choose a target that keeps them, or take them away (setfacl -b, setfattr -x)",
    "unit-split": "move it to the others by hand, or them to it",
    "unit-elsewhere": "move them in two steps, through a free name",
    "folder-elsewhere": "choose a target on the same filesystem",
    "project-scattered": "put the whole project into one folder in the view, or leave it out; where it is in one, scan again",
    "winner-stayed": "see why the other file could not be moved, then commit again",
    "relative-link": "make the link absolute, or leave it where it is",
    "disk-full": "free some space, then run the same command again",
    "no-space": "free some space on the target, or choose another target",
    "no-inodes": "remove some files on the target, or choose another target",
    "journal-stays": "make room on that disk",
    "same-target": "rename one of the two in the view",
    "not-writable": "change its permissions, or run as its owner",
    "protected": "take the mark away (chattr -i -a), then commit again",
    "filesystem-changed": "mount the right disk, or plan again",
    "nested": "choose a target outside the scanned folders",
    "roots-nested": "scan only the outer folder, and plan again",
    "own-place": "choose another place, and plan again",
    "read-only": "mount it for writing, or choose another place",
    "root-missing": "mount its disk, or scan again",
    "root-empty": "mount its disk, or scan again",
    "unreadable": "change its permissions, or run as its owner",
    "unreadable-here": "change its permissions, or run as its owner",
    "changed-just-now": "wait until it is done",
    "illegal-name": "give it another name in the view",
    "windows-name": "give it another name in the view",
    "windows-path-too-long": "give it, or a folder above it, a shorter name in the view",
    "windows-twin": "rename one of the two in the view",
    "no-room-for-folders": "free some space on the target, or choose another target",
    "no-room-for-journal": "free some space there, or set IFMOSFS_HOME to another folder",
    "low-confidence": "look at it in the view",
    "unit-torn": "move them to the same folder in the view",
    "link-changes": "make the link absolute, or leave it where it is",
    "link-dangling": "make the link anew after the commit",
    "not-there": "check the spelling; names with spaces need quotes",
    "not-a-folder": "name the folder that holds it",
    "not-readable": "change its permissions, or run as its owner",
    "system-folder": "choose a folder of your own",
    "home-root": "choose a folder in it",
    "no-space-at-all": "free some space there, or choose another folder",
    "new": "scan again",
    "not-classified": "ifmosfs classify",
}


@quick
@dataclass(frozen=True, slots=True)
class Problem:
    """A trouble with one path (absolute bytes). `state` is what it meant for the operation, `None` for a mere finding."""

    code: str
    path: bytes
    words: str
    remedy: str | None = None
    action_id: int = 0
    state: OpState | None = None


def problem(code: str, path: bytes, *, words: str | None = None, action_id: int = 0) -> Problem:
    """A finding with the usual words and remedy of its code."""
    return Problem(code, path, words or WORDS[code], REMEDIES.get(code), action_id)


def error_line(code: str, detail: str | None = None) -> str:
    """How the journal keeps a trouble: ``code: words`` with the detail, such as a path or the system's word."""
    return f"{code}: {WORDS[code]}" + (f" ({detail})" if detail else "")


def problem_of(operation: Operation, outcome: Outcome) -> Problem:
    """The problem that a settled operation's error line tells of; its path is the one the user must look at."""
    code, _, words = (outcome.error or "").partition(": ")
    at_target = code in AT_TARGET and operation.target is not None
    place = operation.target if at_target or operation.source is None else operation.source
    path = place.absolute if place is not None else b""
    return Problem(code, path, words, REMEDIES.get(code), operation.action_id, outcome.state)


AT_TARGET: Final = frozenset(
    {
        "name-taken",
        "misplaced",
        "copy-gone",
        "folder-name-taken",
        "folder-refused",
        "target-folder-missing",
        "folder-times",
        "folder-attributes",
    }
)


HINDERED: Final = frozenset(
    {
        "name-taken",
        "being-written",
        "refused",
        "folder-name-taken",
        "folder-refused",
        "target-folder-missing",
        "temporary-name-taken",
    }
)
"""What keeps a file from being moved that is as it was planned: once that is gone, the same plan moves it."""


def _is_hindered(outcome: Outcome) -> bool:
    return (outcome.error or "").partition(": ")[0] in HINDERED


MOST_NAMED: Final = 10


class StopCause(Enum):
    """Why a run ended before everything was done."""

    INTERRUPTED = "interrupted"
    DISK_FULL = "disk full"


class Moved(NamedTuple):
    """One file that was moved."""

    source: Place
    target: Place


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a commit or rollback did. The counts are of files; folders are counted apart, and so are the `n_vaulted` files that
    were put into the vault: displaced ones of the target as well as the `n_lost` incoming ones that lost.

    `moved` names the first `MOST_NAMED` of the `n_moved` moves, for a person to see what kind of moves they were. `problems`
    holds every conflict and failure, and nothing about skipped files: those were merely not reached. `n_hindered` moves did not
    happen for something that can pass (`HINDERED`), so that another run of the plan makes them.
    """

    run_id: str
    kind: RunKind
    state: RunState
    n_done: int
    n_conflicts: int
    n_failed: int
    n_skipped: int
    n_folders_made: int
    n_folders_removed: int
    moved: tuple[Moved, ...]
    problems: tuple[Problem, ...]
    stop_cause: StopCause | None = None
    n_vaulted: int = 0
    n_lost: int = 0
    n_moved: int = 0
    n_hindered: int = 0


@dataclass(slots=True)
class Tally:
    """Counts outcomes while a run goes on. `carried` tells how many files a folder holds that is carried, by its source.

    A move of no action is not one of the plan's files: it puts a file of the target away, or is half of a respelling.
    """

    carried: Mapping[Place, int] = field(default_factory=dict)
    files: Counter[OpState] = field(default_factory=Counter)
    folders_made: int = 0
    folders_removed: int = 0
    n_settled: int = 0
    n_vaulted: int = 0
    n_lost: int = 0
    n_moved: int = 0
    n_hindered: int = 0
    moved: list[Moved] = field(default_factory=list)
    _left: dict[tuple[bytes, bytes], None] = field(default_factory=dict)
    # By the third name: where the file came from, and whether it counts.
    _waiting: dict[Place, tuple[Place, bool]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, operation: Operation, outcome: Outcome) -> None:
        """Count an outcome; one that is not settled yet counts for nothing."""
        if outcome.state not in SETTLED:
            return
        if outcome.error is not None and outcome.state is not OpState.SKIPPED:
            self.problems.append(problem_of(operation, outcome))
        if operation.kind is OpKind.MOVE or operation.kind is OpKind.CARRY:
            self._add_move(operation, outcome)
            self.n_hindered += outcome.state in {OpState.CONFLICT, OpState.FAILED} and _is_hindered(outcome)
        elif outcome.state is OpState.DONE:
            self.folders_made += operation.kind is OpKind.MKDIR
            self.folders_removed += operation.kind is OpKind.RMDIR

    def _add_move(self, operation: Operation, outcome: Outcome) -> None:
        self.n_settled += 1
        source, target = operation.source, operation.target
        if source is None or target is None:
            return
        if operation.kind is OpKind.CARRY:
            self.files[outcome.state] += self.carried.get(source, 1)
        elif outcome.state is OpState.DONE and operation.inverse_of is None and origin_of(target.path) is not None:
            self.n_vaulted += 1
            self.n_lost += operation.action_id != 0
        elif operation.action_id:
            self.files[outcome.state] += 1
        if outcome.state is OpState.DONE and (operation.action_id or operation.kind is OpKind.CARRY):
            self.n_moved += 1
            self._left[source.root, source.path.rpartition(SEPARATOR)[0]] = None
            if not operation.unit and len(self.moved) < MOST_NAMED:
                self.moved.append(Moved(source, target))
        if operation.unit and outcome.state is OpState.DONE:
            self._name_of_unit(operation, source, target)

    def _name_of_unit(self, operation: Operation, source: Place, target: Place) -> None:
        """Name a move, one through a third name as one, when the file has arrived: either half of it may be the one that counts."""
        first, counted = self._waiting.pop(source, (source, False))
        counts = counted or operation.action_id != 0 or operation.kind is OpKind.CARRY
        if split(target.absolute)[1].startswith(THIRD_PREFIX):
            self._waiting[target] = first, counts
        elif counts and len(self.moved) < MOST_NAMED:
            self.moved.append(Moved(first, target))

    @property
    def left(self) -> list[Place]:
        """The folders that files were taken from, each once."""
        return [Place(root, path) for root, path in self._left]

    def report(self, run_id: str, kind: RunKind, state: RunState, cause: StopCause | None, n_files: int) -> RunReport:
        """The report of a run of `n_files` files; those that were never begun count as skipped."""
        n_done, n_conflicts = self.files[OpState.DONE], self.files[OpState.CONFLICT]
        n_failed = self.files[OpState.FAILED]
        return RunReport(
            run_id=run_id,
            kind=kind,
            state=state,
            n_done=n_done,
            n_conflicts=n_conflicts,
            n_failed=n_failed,
            n_skipped=n_files - n_done - n_conflicts - n_failed - self.n_lost,
            n_folders_made=self.folders_made,
            n_folders_removed=self.folders_removed,
            moved=tuple(self.moved),
            problems=tuple(self.problems),
            stop_cause=cause,
            n_vaulted=self.n_vaulted,
            n_lost=self.n_lost,
            n_moved=self.n_moved,
            n_hindered=self.n_hindered,
        )


@quick
@dataclass(frozen=True, slots=True)
class RecoveredLine:
    """What recovery found for one operation, what it did, and how the operation is settled now."""

    kind: OpKind
    source: Place | None
    target: Place | None
    found: str
    did: str
    state: OpState


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What recovery did to an interrupted run; no lines: there was nothing to decide."""

    run_id: str
    lines: tuple[RecoveredLine, ...]
    problems: tuple[Problem, ...]
    kind: RunKind = RunKind.COMMIT
    is_forth: bool = True  # the run was to bring files to where a plan wants them, and not back

    def count(self, state: OpState) -> int:
        """How many files recovery settled with this state; a carried folder counts as one."""
        return sum(line.kind in {OpKind.MOVE, OpKind.CARRY} and line.state is state for line in self.lines)

    @property
    def n_done(self) -> int:
        """Files that are at their target now, or back where they were."""
        return self.count(OpState.DONE)

    @property
    def n_conflicts(self) -> int:
        """Files that stay where they are because something else changed."""
        return self.count(OpState.CONFLICT)

    @property
    def n_failed(self) -> int:
        """Files that could not be settled as wanted."""
        return self.count(OpState.FAILED)

    @property
    def n_skipped(self) -> int:
        """Files whose turn comes when the commit is taken up again."""
        return self.count(OpState.SKIPPED)


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """All that stands against a run, found before anything is touched.

    `n_copies` files of `n_bytes` together come from another filesystem; all others are only renamed.
    """

    problems: tuple[Problem, ...]
    n_steps: int
    n_copies: int
    n_bytes: int

    @property
    def ready(self) -> bool:
        """Whether nothing stands against it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """How the disk compares with what the journal says was done; `n_content` files were read and compared in full.

    `n_held` files are to be where the plan put them, and `n_taken_back` where a rollback has brought them since.
    """

    n_checked: int
    n_content: int
    missing: tuple[Problem, ...]
    changed: tuple[Problem, ...]
    extra: tuple[Problem, ...]
    n_held: int = 0
    n_taken_back: int = 0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All differences."""
        return self.missing + self.changed + self.extra

    @property
    def holds(self) -> bool:
        """Whether everything that was moved, or moved back, is there unchanged; extra files do not count against it."""
        return not (self.missing or self.changed)
