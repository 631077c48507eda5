"""The errors a person can meet, each with a stable code and an exit status.

IfmosfsError                     1  failed
├── UsageProblem                 2  the arguments cannot mean anything
├── ConflictsOpen                4  names are taken, nothing was moved for them
├── PlanOutdated                 5  the disk is no longer what was previewed
├── Guarded                      5  probably not meant: an empty folder, far more files than ever before
├── BackendMissing               6  no FUSE, no library, no helper
├── Locked                       7  another run is writing
├── RecoveryNeeded               8  an earlier run did not finish
├── DiskFull                     1  no space: stopped at a consistent point
├── DiskFailed                   8  the disk reported an error that must not be retried
├── DatabaseDamaged, DatabaseNewer  1  the database cannot be read, or not by this version
├── NotFound, Ambiguous          2  an id that names nothing, or several things
├── RootProblem, TargetProblem, MountProblem  2  a folder that cannot be scanned, planned into or mounted on
├── ConfigProblem                2  a configuration file that means nothing
├── WrongState                   2  a step that the plan's state does not allow
└── Interrupted                130  stopped by Ctrl-C; what was done until then is kept

The exit statuses are those of the command line's contract (design §10) and never change their meaning. Status 3, "done in
part", is not an error but the outcome of a run that finished, so it stands in a report and not here.
An expected trouble with one file is a value in a report; an exception ends the whole operation. A bug is no `IfmosfsError`.
"""

from __future__ import annotations

from typing import ClassVar

from ifmosfs.core.names import display


class IfmosfsError(Exception):
    """What happened, to which path, and what the user can do about it."""

    code: ClassVar[str] = "failed"
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, path: bytes | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.path = path
        self.hint = hint

    def __str__(self) -> str:
        """The message and the path on one line, without the code and the hint."""
        return self.what if self.path is None else f"{self.what}: {display(self.path)}"


class UsageProblem(IfmosfsError):
    """The arguments contradict each other or name nothing that can be done."""

    code, exit_status = "usage", 2


class NotFound(IfmosfsError):
    """An id or a name that names nothing."""

    code, exit_status = "not-found", 2


class Ambiguous(IfmosfsError):
    """A shortened id that fits several things, or a missing one where there are several candidates."""

    code, exit_status = "ambiguous", 2


class RootProblem(IfmosfsError):
    """A folder that cannot be scanned: missing, unreadable, nested in another, or no folder at all."""

    code, exit_status = "bad-root", 2


class TargetProblem(IfmosfsError):
    """A target folder that cannot be planned into."""

    code, exit_status = "bad-target", 2


class MountProblem(IfmosfsError):
    """A mount point that cannot be used, or a mount that did not come up."""

    code, exit_status = "bad-mount-point", 2


class ConfigProblem(IfmosfsError):
    """A configuration file that does not mean what its format allows."""

    code, exit_status = "bad-config", 2


class WrongState(IfmosfsError):
    """A step that the plan's state does not allow, such as committing a discarded plan."""

    code, exit_status = "wrong-state", 2


class Interrupted(IfmosfsError):
    """Somebody has stopped it; what was done is kept, and the same command goes on."""

    code, exit_status = "interrupted", 130


class ConflictsOpen(IfmosfsError):
    """Every file that was asked for is in conflict: nothing could be done."""

    code, exit_status = "conflicts-open", 4


class PlanOutdated(IfmosfsError):
    """The disk is no longer what the plan was made from, so that nothing of it can be done as it was shown."""

    code, exit_status = "plan-outdated", 5


class Guarded(IfmosfsError):
    """A commit that is probably not meant; its hint names the option that allows it once."""

    code, exit_status = "guard", 5


class BackendMissing(IfmosfsError):
    """Something the operating system must provide is absent: the FUSE device, its helper, its library."""

    code, exit_status = "backend-missing", 6


class Locked(IfmosfsError):
    """Another process is committing, rolling back or recovering."""

    code, exit_status = "locked", 7


class RecoveryNeeded(IfmosfsError):
    """An earlier run ended in a way that must be looked at on the disk before anything else moves."""

    code, exit_status = "recovery-needed", 8


class DiskFull(IfmosfsError):
    """No space, or no inode, is left; the run has stopped at a consistent point."""

    code = "disk-full"


class DiskFailed(IfmosfsError):
    """The disk reported an error that must not be retried (EIO, a failed sync)."""

    code, exit_status = "disk-failed", 8


class DatabaseDamaged(IfmosfsError):
    """The database cannot be read as one."""

    code = "database-damaged"


class DatabaseNewer(IfmosfsError):
    """The database was written by a newer version."""

    code = "database-newer"
