"""What the commands share: options, the choice of session and plan, numbers and names for people, JSON, progress."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ifmosfs.core.errors import UsageProblem
from ifmosfs.core.names import display, shell_word, to_text

if TYPE_CHECKING:
    from ifmosfs.app.context import App
    from ifmosfs.core.manifest import PlanInfo
    from ifmosfs.core.plan import PlanState

F = TypeVar("F", bound=Callable[..., Any])

SCHEMA = 1

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of text.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
dry_run_option = click.option("--dry-run", "-n", is_flag=True, help="Show what would happen; change nothing.")


def plan_argument(command: F) -> F:
    """`[PLAN]` as an argument, or `--plan PLAN`; both may be shortened."""
    command = click.argument("plan", required=False, metavar="[PLAN]")(command)
    return click.option("--plan", "plan_option", metavar="PLAN", help="The plan; its id may be shortened.")(command)


def session_option(command: F) -> F:
    """`[SESSION]` as an argument, or `--session SESSION`; both may be shortened."""
    command = click.argument("session", required=False, metavar="[SESSION]")(command)
    return click.option(
        "--session", "session_option", metavar="SESSION", help="The scan session; default: the last one."
    )(command)


def either(argument: str | None, option: str | None, what: str) -> str | None:
    """The one of two spellings that was given. Raises `UsageProblem` when both were, and differ."""
    if argument is not None and option is not None and argument != option:
        raise UsageProblem(f"two {what}s were named: {argument} and {option}", hint=f"name one {what}")
    return argument if argument is not None else option


def choose_plan(app: App, plan: str | None, option: str | None, states: tuple[PlanState, ...] | None) -> PlanInfo:
    """The plan that was meant, by the beginning of its id; the only candidate where none was named."""
    return app.catalogue.find_plan(either(plan, option, "plan"), states)


@contextmanager
def opened_app() -> Iterator[App]:
    """The program, set up from the environment, with progress on the terminal. Whatever a command has done, at its end dead views are
    taken away."""
    from ifmosfs.app.context import App
    from ifmosfs.app.settings import load_settings

    progress = TerminalProgress()
    try:
        with App(load_settings(os.environ), progress) as app:
            yield app
            for notice in app.notices:
                click.echo(notice, err=True)
            clear_dead_views(app)
    finally:
        progress.close()


def legible(text: str) -> str:
    """Words of a file, or of a model from elsewhere, as they may be shown: they must not steer the terminal."""
    return display(text.encode("utf-8", "surrogateescape"))


def tell_of_the_environment(app: App) -> None:
    """Say that the model that was put into use is not the one that this environment has files labelled by."""
    if app.settings.model:
        app.notices.append(f"IFMOSFS_MODEL is set: as long as it is, files are labelled by {app.settings.model}.")


def recover_first(app: App, *, reads_past: bool = False) -> None:
    """Bring the disk of an interrupted run into order before anything else, and say what was done; and say where the catalogue has
    lost plans that the journal knows.

    Raises: RecoveryNeeded for that, where the command is about the past.
    """
    from ifmosfs.app.lost_journals import lost_catalogue
    from ifmosfs.app.recovering import recover_if_needed
    from ifmosfs.cli.show_runs import show_recovery

    settled = recover_if_needed(app)
    for report in settled.reports:
        show_recovery(report, err=True)
    if not settled.unknown:
        return
    error = lost_catalogue(app, settled.unknown)
    if reads_past:
        raise error
    click.echo(f"warning: {error} ({error.hint})", err=True)


def warn_of_lost_journals(app: App, lost: Sequence[PlanInfo]) -> None:
    """Say that a list lacks what the journals of some plans told, for they are lost."""
    from ifmosfs.app.lost_journals import lost_journal

    for info in lost:
        error = lost_journal(app, info)
        click.echo(f"warning: {error} ({error.hint})", err=True)


def clear_dead_views(app: App) -> None:
    """Take away the views whose processes have died, and say so: their plans have every edit that was answered."""
    from ifmosfs.app.mounting import clear_stale
    from ifmosfs.core.errors import IfmosfsError
    from ifmosfs.platform.mounts import views

    # Nearly always there are none, and then the catalogue need not be opened; nor made, by a command that is to change nothing.
    if not views() or not app.has_catalogue:
        return
    try:
        cleared = clear_stale(app)
    except (
        IfmosfsError
    ):  # the command has done what it was to do; a catalogue that cannot be read is told of by those who need it
        return
    for point in cleared:
        click.echo(f"A dead view was cleaned away from {quoted(point)}; its plan has all that was edited.", err=True)


def print_json(fields: Mapping[str, object]) -> None:
    """One JSON object; undecodable bytes of names appear as lone surrogates, which `os.fsencode` takes back."""
    click.echo(json_text(fields))


def json_text(fields: Mapping[str, object]) -> str:
    """What `print_json` prints."""
    return json.dumps({"schema": SCHEMA, **fields}, indent=2, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return to_text(value)
    return str(value)


def counted(n: int, noun: str) -> str:
    """`1 file`, `2 files`, `1,000 folders`."""
    if noun.endswith("y") and n != 1:
        return f"{n:,} {noun[:-1]}ies"
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def sized(n_bytes: int) -> str:
    """`12 B`, `3.4 MB`."""
    size = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def shown(path: bytes) -> str:
    """A path for people, with the home folder as `~`."""
    home = os.fsencode(os.path.expanduser("~"))
    if home != b"/" and path.startswith(home + b"/"):
        return "~" + display(path[len(home) :])
    return display(path)


def quoted(path: bytes) -> str:
    """A path as one would type it in a shell, with the home folder as `~` where that needs no quotes."""
    text = shown(path)
    return text if all(char.isalnum() or char in "~/._-+,:@" for char in text) else shell_word(path)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; without one, say which flag answers. No is the default."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageProblem("this has to be confirmed, and there is no terminal to ask on", hint="add --yes")
    if not click.confirm(question, default=False, err=True):
        raise click.Abort


def as_bytes(value: str) -> bytes:
    """A path from the command line as the bytes it was typed with.

    Raises: UsageProblem for an empty one (an unset variable of the shell would mean the current folder), and for a relative
    one where the current folder has gone, as it has in a shell that stood in a view.
    """
    if not value:
        what = "an empty name was given where a file or a folder is wanted"
        raise UsageProblem(what, hint="name it; '.' is this folder")
    if not os.path.isabs(value):
        try:
            os.getcwd()
        except FileNotFoundError as error:
            raise UsageProblem("the current folder does not exist any more", hint="cd ~, then try again") from error
    return os.fsencode(value)


class PlainProgress:
    """Lines on stderr, where it is no terminal, for work that takes long: one every ten seconds, with the time that is left."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._what = ""
        self._began = self._told = 0.0

    def __call__(self, what: str, n_done: int, n_total: int | None) -> None:
        """See `app.context.Progress`."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._told = what, now, now
        if not what or now - self._told < self._seconds:
            return
        self._told = now
        of_all = "" if n_total is None else f" of {n_total:,}"
        left = (now - self._began) * (n_total - n_done) / n_done if n_total and n_done else None
        click.echo(f"{what}: {n_done:,}{of_all}{'' if left is None else f', about {left:.0f} s left'}", err=True)


class TerminalProgress:
    """A bar on stderr for work that takes longer than a second; plain lines where that is no terminal.

    A timer opens it, because some work tells of itself only once; `_lock` guards everything below it.
    """

    def __init__(self, patience_seconds: float = 1.0) -> None:
        self._patience = patience_seconds
        self._on_terminal = sys.stderr.isatty()
        self._plain = PlainProgress()
        self._lock = threading.Lock()
        self._what = ""
        self._state: tuple[int, int | None] = (0, None)
        self._timer: threading.Timer | None = None
        self._bar: Any = None

    def __call__(self, what: str, n_done: int, n_total: int | None) -> None:
        """See `app.context.Progress`."""
        if not self._on_terminal:
            self._plain(what, n_done, n_total)
            return
        if what != self._what:
            self.close()
        if not what:
            return
        with self._lock:
            self._state = (n_done, n_total)
            if self._timer is None:
                self._what = what
                self._timer = threading.Timer(self._patience, self._open)
                self._timer.daemon = True
                self._timer.start()
            elif self._bar is not None:
                self._bar.update(0, completed=n_done, total=n_total)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        with self._lock:
            if self._timer is None:
                return  # it was done in the meantime
            n_done, n_total = self._state
            bar.add_task(self._what, total=n_total, completed=n_done)
            bar.start()
            self._bar = bar

    def close(self) -> None:
        """Take the bar away."""
        with self._lock:
            timer, bar = self._timer, self._bar
            self._timer = self._bar = None
            self._what = ""
        if timer is not None:
            timer.cancel()
        if bar is not None:
            bar.stop()
