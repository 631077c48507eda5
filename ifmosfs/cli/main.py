"""The command `ifmosfs`: its table of commands, and the one place where errors become words and an exit status."""

from __future__ import annotations

import errno
import os
import sys
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

import click

from ifmosfs import __version__
from ifmosfs.cli.groups import Lazy, LazyGroup

if TYPE_CHECKING:
    from ifmosfs.core.errors import IfmosfsError

# What writing to a full disk, a dead terminal or a closed descriptor says; such an error names no file.
OUTPUT_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF})

# What a disk, a drive or the system says of a file at any moment, wherever in the program: none of these is a bug.
FAILING_ERRNOS = frozenset(
    {
        errno.EIO,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.ENODEV,
        errno.ENXIO,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
    }
)
FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
REFUSING_ERRNOS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM})

FOLDER_VARIABLES = ("IFMOSFS_HOME", "IFMOSFS_EMBEDDINGS")

COMMANDS = (
    Lazy("scan", "scan:scan", "Look", "Find out what is in some folders."),
    Lazy("classify", "classify:classify", "Look", "Say of each file what it is."),
    Lazy("stage", "stage:stage", "Look", "Make, show, resolve, preview, discard a plan."),
    Lazy("mount", "mount:mount", "Look", "Show the organised layout as a live folder."),
    Lazy("status", "status:status", "Look", "What is mounted, planned, unfinished."),
    Lazy("validate", "validate:validate", "Look", "Check a folder, a plan, a session."),
    Lazy("why", "why:why", "Look", "Why a file is taken for what it is."),
    Lazy("verify", "verify:verify", "Look", "Prove that the disk is what the plan says."),
    Lazy("commit", "commit:commit", "Change", "Really move the files, journaled."),
    Lazy("unmount", "unmount:unmount", "Change", "Take the view away: nothing ever happened."),
    Lazy("rollback", "rollback:rollback", "Undo", "Move the files back."),
    Lazy("history", "history:history", "Undo", "What was done, run by run; or a file's whole way."),
    Lazy("versions", "versions:versions", "Undo", "What was where after each commit, and getting it back."),
    Lazy("vault", "vault:vault", "Undo", "List, restore and empty what lost a conflict."),
    Lazy("recover", "recover:recover", "Undo", "Finish or undo what an interrupted run began."),
    Lazy("teach", "teach:teach", "Learn", "Say what files are; similar ones follow."),
    Lazy("review", "review:review", "Learn", "Be asked about unsure files, the most telling first."),
    Lazy("model", "model:model", "Learn", "Make and merge labelled files to learn from."),
    Lazy("doctor", "doctor:doctor", "Set up", "What is here, what is missing, and the remedy."),
    Lazy("serve", "serve:serve", "", "Serve a view (started by mount)."),
    Lazy("learn", "learn:learn", "", "Learn from edits (started by a view)."),
)

EPILOG = """\b
First steps:
  ifmosfs mount ~/Downloads      scan, classify, plan; browse the result in ~/IFMOSFS
  ifmosfs commit ~/IFMOSFS       now the files really move
  ifmosfs rollback               ... and back

\b
Exit status: 0 done, 1 failed, 2 usage, 3 done in part, 4 conflicts open, 5 plan outdated,
6 backend missing, 7 locked by another run, 8 recovery needed, 130 interrupted."""


@click.command(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="ifmosfs")
def main() -> None:
    """The file organiser you can try on your only copy.

    It shows the organised layout as a mounted folder before anything has moved. Drag what is wrong to where it belongs,
    then commit; or unmount, and nothing ever happened.
    """


def run() -> None:
    """Entry point: run the command line and exit with its status."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: list[str]) -> int:
    """Run a command line; returns the exit status. A bug shows its traceback, a user's mistake never does."""
    try:
        return _status(arguments)
    except BrokenPipeError:
        _silence_stdout()
        return 1
    except OSError as error:
        if error.filename is not None or error.errno not in OUTPUT_ERRNOS:
            raise
        _silence_stdout()
        click.echo(f"error[output]: what there was to say could not be written: {error.strerror}", err=True)
        return 1


def _status(arguments: list[str]) -> int:
    from ifmosfs.core.errors import IfmosfsError

    if sys.stdout is None:  # closed by the caller
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  for the life of the process
    try:
        _settle_folders()
        status = main.main(arguments, prog_name="ifmosfs", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        told = _show_usage(error)
    except IfmosfsError as error:
        told = show_error(error)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: nothing is half done", err=True)
        told = Told("interrupted", "nothing is half done", None, None, 130)
    except OSError as error:
        refused = _refused(error)
        if refused is None:
            raise
        told = show_error(refused)
    else:
        return status if isinstance(status, int) else 0
    if "--json" in takewhile(lambda word: word != "--", arguments):
        _print_told(told)
    return told.status


def _settle_folders() -> None:
    """The processes that are started from here on work in `/`: a folder of the environment must be the same to them."""
    for name in FOLDER_VARIABLES:
        value = os.environ.get(name)
        if value and not os.path.isabs(value):
            from ifmosfs.cli.common import as_bytes

            os.environ[name] = os.fsdecode(os.path.abspath(as_bytes(value)))


class Told(NamedTuple):
    """An error as programs are told of it."""

    code: str
    message: str
    path: bytes | None
    hint: str | None
    status: int


def _print_told(told: Told) -> None:
    """The one JSON object on stdout that a command with --json owes, also where it has ended with an error."""
    from ifmosfs.cli.common import print_json

    fields = told._asdict()
    status = fields.pop("status")
    print_json({"error": fields, "status": status})


def _show_usage(error: click.ClickException) -> Told:
    """What is wrong with the words of a command, as `show_error` tells everything else."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return Told("usage", error.format_message(), None, None, error.exit_code)
    what = " ".join(error.format_message().rstrip(".").split())
    what, hint = f"{what[:1].lower()}{what[1:]}", f"{context.command_path} --help"
    click.echo(f"error[usage]: {what}", err=True)
    click.echo(f"  hint: {hint}", err=True)
    return Told("usage", what, None, hint, error.exit_code)


def _refused(error: OSError) -> IfmosfsError | None:
    """What the system says of a file that nothing else has foreseen there, as the error that it is; `None` for what may be a bug."""
    from ifmosfs.core.effects import disk_failed
    from ifmosfs.core.errors import DiskFull, IfmosfsError
    from ifmosfs.core.files import Place

    if not isinstance(error.filename, str | bytes):
        return None
    path, said = os.fsencode(error.filename), error.strerror or str(error)
    if error.errno in FAILING_ERRNOS:
        return disk_failed(error, Place(path, b""))
    if error.errno in FULL_ERRNOS:
        return DiskFull("no space is left", path=path, hint="free some space, then run the command again")
    if error.errno in REFUSING_ERRNOS:
        return IfmosfsError(f"it was refused ({said})", path=path, hint="see to it, then run the command again")
    return None


def show_error(error: IfmosfsError) -> Told:
    """`error[code]: what: path`, and the remedy on a line of its own, on stderr."""
    click.echo(f"error[{error.code}]: {error}", err=True)
    if error.hint:
        click.echo(f"  hint: {error.hint}", err=True)
    return Told(error.code, error.what, error.path, error.hint, error.exit_status)


def _silence_stdout() -> None:
    """What still is buffered for a reader that has gone must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
