#!/usr/bin/env python3
"""The demo: runs the real commands on an inbox of its own, shows what they print, and checks what they did.

The checks do not trust the program: trees are walked and hashed here, and compared by rsync where it is installed.
Everything happens in one temporary folder, the program's state included, which is removed at the end whatever happens.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

import demo_inbox
from demo_tree import (
    Seen,
    Tree,
    differences,
    look,
    mounts_below,
    not_accounted_for,
    printable,
    read_tree,
    remove_folder,
    show,
    why_no_fuse,
)

IFMOSFS: Final = os.path.join(os.path.dirname(sys.executable), "ifmosfs")
COMMAND_TIMEOUT_S: Final = 600
DEMO_CATEGORY: Final = "personal_document"
PREVIEW_ONLY: Final = frozenset({b"To review", b".ifmosfs"})  # what a preview shows and a commit does not make
MAX_CROSS_CHECK_BYTES: Final = (
    1_000_000_000  # rsync needs a copy of the preview; beyond this the own comparison must do
)

TRY_IT: Final = (
    ("ifmosfs mount ~/Downloads ~/IFMOSFS", "look; nothing has moved yet"),
    ("ifmosfs commit ~/IFMOSFS", "now the files really move"),
    ("ifmosfs rollback", "… and back"),
)


class DemoFailed(Exception):
    """A step did not work, so that the following ones make no sense."""


# ---- showing


@dataclass(slots=True)
class Screen:
    """Prints steps, commands and checks; counts the checks that failed."""

    coloured: bool
    n_checks: int = 0
    n_failed: int = 0

    def paint(self, code: str, text: str) -> str:
        """The text in a colour or weight (an SGR code), where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured else text

    def headline(self, text: str) -> None:
        """Start a step."""
        print(f"\n{self.paint('1;36', text)}", flush=True)

    def command(self, arguments: Sequence[str]) -> None:
        """Show a command as a person would type it."""
        print(self.paint("1", f"$ {shlex.join(arguments)}"), flush=True)

    def output(self, text: str, n_lines: int) -> None:
        """Show what a command printed, at most `n_lines` of it."""
        lines = text.splitlines()
        n_last = min(2, n_lines // 2) if len(lines) > n_lines else 0  # the last lines sum up: they stay
        for line in lines[: n_lines - n_last]:
            print(f"  {printable(line)}")
        if len(lines) > n_lines:
            print(self.paint("2", f"  … {len(lines) - n_lines} more lines"))
            for line in lines[-n_last:] if n_last else ():
                print(f"  {printable(line)}")
        sys.stdout.flush()

    def check(self, what: str, problems: Sequence[str]) -> None:
        """Tell that something holds, or which differences show that it does not."""
        self.n_checks += 1
        if not problems:
            print(f"{self.paint('32', '✓ OK')}  {what}", flush=True)
            return
        self.n_failed += 1
        print(f"{self.paint('1;31', '✗ FAILED')}  {what}")
        self.output("\n".join(problems), 12)


# ---- running commands


@dataclass(slots=True)
class Shell:
    """Runs commands in the demo's folder, as a person would, and shows them."""

    folder: bytes
    screen: Screen
    environment: Mapping[str, str]

    def run(self, *arguments: str, n_lines: int = 12, expect: Collection[int] = (0,)) -> tuple[int, str]:
        """Show a command and what it printed; (exit status, output). DemoFailed for a status that is not expected."""
        self.screen.command(arguments)
        status, output = self.quietly(*arguments)
        failed = status not in expect
        self.screen.output(output, 200 if failed else n_lines)
        if status:
            print(self.screen.paint("2", f"  [exit status {status}]"), flush=True)
        if failed:
            raise DemoFailed(f"{shlex.join(arguments)} ended with status {status}")
        return status, output

    def quietly(self, *arguments: str) -> tuple[int, str]:
        """(exit status, output with errors). Through a file: a daemon that kept a pipe open would never let it end."""
        program = [IFMOSFS, *arguments[1:]] if arguments[0] == "ifmosfs" else list(arguments)
        with tempfile.TemporaryFile() as printed:
            done = subprocess.run(
                program,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_TIMEOUT_S,
                check=False,
            )
            printed.seek(0)
            return done.returncode, printed.read().decode("utf-8", "backslashreplace")

    def ask(self, key: str, *arguments: str, expect: Collection[int] = (0,)) -> str:
        """One value of the object that a command prints with `--json`."""
        _, output = self.run(*arguments, "--json", expect=expect)
        start, end = output.find("{"), output.rfind("}")
        try:
            return str(json.loads(output[start : end + 1])[key])
        except (ValueError, KeyError) as error:
            raise DemoFailed(f'{shlex.join(arguments)} --json printed no object with "{key}"') from error


# ---- the demo


@dataclass(slots=True)
class Demo:
    """The steps, in the order in which they stand. `moved` is the user's `mv` in the preview: (from, to)."""

    folder: bytes
    screen: Screen
    shell: Shell
    plan: str = ""
    start: dict[bytes, Seen] = field(default_factory=dict)
    preview: dict[bytes, Seen] = field(default_factory=dict)

    def path(self, *names: bytes) -> bytes:
        """An absolute path in the demo's folder."""
        return os.path.join(self.folder, *names)

    def inbox(self) -> dict[bytes, Seen]:
        """The inbox as it is now; empty when it is gone."""
        return read_tree(self.path(b"Inbox")) if os.path.lexists(self.path(b"Inbox")) else {}

    def fill(self, original: bytes | None) -> None:
        """Make the inbox: gathered from the machine, or a copy of the given folder."""
        self.screen.headline("An inbox")
        if original is None:
            counts = demo_inbox.gather(self.path(b"Inbox"))
            kinds = ", ".join(f"{n_files} {kind}" for kind, n_files in counts.most_common(8))
            print(f"  {counts.total()} real files copied from this machine: {kinds}, …")
        else:
            self._copy(original)
        self.start = self.inbox()
        n_folders = sum(seen.kind == "folder" for seen in self.start.values())
        print(f"  {len(self.start) - n_folders} files in {n_folders} folders, {_megabytes(self.start)} MB")
        self.shell.run("ls", "-b", "Inbox", n_lines=10)

    def _copy(self, original: bytes) -> None:
        print(f"  a copy of {show(original)}; the folder itself is only read")
        os.mkdir(self.path(b"Inbox"))
        command = [b"cp", b"-a", b"--reflink=auto", b"--", os.path.join(original, b"."), self.path(b"Inbox")]
        copied = subprocess.run(command, stderr=subprocess.PIPE, check=False)
        if copied.returncode != 0:
            print("  not everything could be copied; the demo goes on with the rest:")
            self.screen.output(copied.stderr.decode("utf-8", "backslashreplace"), 5)

    def stage(self) -> None:
        """Scan, classify, plan."""
        self.screen.headline("Scan, classify, plan: nothing moves")
        self.shell.run("ifmosfs", "scan", "Inbox", expect=(0, 3))
        self.shell.run("ifmosfs", "classify", expect=(0, 3))
        self.plan = self.shell.ask("plan", "ifmosfs", "stage", "create", "--output", "Organized", expect=(0, 3, 4))
        self.shell.run("ifmosfs", "stage", "show", self.plan, n_lines=30)

    def mount(self) -> bool:
        """Mount the plan; False where no FUSE is to be had."""
        self.screen.headline("The organised layout, as a folder")
        missing = why_no_fuse()
        if missing is None:
            os.mkdir(self.path(b"Preview"))
            status, _ = self.shell.run("ifmosfs", "mount", "Preview", "--plan", self.plan, expect=(0, 6))
            if status == 0:
                return True
            missing = "FUSE does not work here"
        print(f"  {missing}: no mount, so the preview is made of symlinks (script/setup tells what to install)")
        return False

    def look_around(self) -> None:
        """List and read through the mount, and compare with the originals."""
        self.shell.run("ls", "-b", "Preview")
        self.shell.run("find", "Preview", "-mindepth", "2", "-type", "d", "-not", "-path", "*/To review/*", n_lines=10)
        planned = self._read_preview()
        some = _sample(planned, 3)
        self.shell.run("ls", "-lb", *(os.fsdecode(os.path.join(b"Preview", path)) for path in some))
        self.shell.run("sha256sum", *(os.fsdecode(os.path.join(b"Preview", path)) for path in some))
        shown = read_tree(self.path(b"Preview"), [b".ifmosfs"])
        self.screen.check(
            "the mount shows every file of the inbox, byte for byte", not_accounted_for(self.start, shown)
        )
        self.screen.check("looking has not changed the inbox", differences(self.start, self.inbox()))

    def _read_preview(self) -> dict[bytes, Seen]:
        return read_tree(self.path(b"Preview"), PREVIEW_ONLY)

    def move_one(self) -> None:
        """Move one file in the mount with plain mv: an edit of the plan."""
        self.screen.headline("Something is in the wrong place? Move it, in the mount")
        before = self._read_preview()
        source, target = _a_move(before)
        file, folder = (os.fsdecode(os.path.join(b"Preview", path)) for path in (source, os.path.dirname(target)))
        if os.path.dirname(target) not in before:
            self.shell.run("mkdir", folder)
        self.shell.run("mv", file, f"{folder}/")
        after = self._read_preview()
        problems = [] if after.get(target) == before[source] else [f"not at its new place: {show(target)}"]
        problems += [f"still at its old place: {show(source)}"] if source in after else []
        self.screen.check("the file is at its new place in the mount", problems)
        self.screen.check("the original has not moved", differences(self.start, self.inbox()))

    def correct_one(self) -> None:
        """Ask why a file is where it is, say what it is, and see the plan follow."""
        self.screen.headline("Why is it there? Ask, and teach it better")
        before = read_tree(self.path(b"Preview"), [b".ifmosfs"])
        source = _in_doubt(before)
        file = os.fsdecode(os.path.join(b"Preview", source))
        self.shell.run("ifmosfs", "why", file, n_lines=14)
        self.shell.run("ifmosfs", "teach", file, self._another_category(file))
        after = read_tree(self.path(b"Preview"), [b".ifmosfs"])
        content = before[source]
        elsewhere = [path for path in after.keys() - before.keys() if after[path] == content]
        problems = [f"still at its old place: {show(source)}"] if source in after else []
        self.screen.check("the plan follows: the file has another place in the mount", problems)
        for path in elsewhere[:1]:
            print(f"  {show(source)} is now {show(path)}")
        self.screen.check("the original has not moved", differences(self.start, self.inbox()))

    def _another_category(self, file: str) -> str:
        """The runner-up, or else one that most inboxes have a file of."""
        _, output = self.shell.quietly("ifmosfs", "why", file, "--json")
        told = json.loads(output[output.find("{") : output.rfind("}") + 1])
        return str(told["runner_up"] or ("technical_script" if told["category"] == DEMO_CATEGORY else DEMO_CATEGORY))

    def record(self) -> None:
        """Remember the mounted tree, and keep a copy of it for rsync to compare with."""
        self.preview = self._read_preview()
        if self._may_cross_check():
            self.shell.quietly("rsync", "-a", "--exclude=/.ifmosfs", "--exclude=/To review", "Preview/", "Previewed/")

    def _may_cross_check(self) -> bool:
        n_bytes = sum(seen.size_bytes for seen in self.preview.values())
        return shutil.which("rsync") is not None and n_bytes <= MAX_CROSS_CHECK_BYTES

    def preview_by_links(self) -> None:
        """The preview where nothing can be mounted: a folder of symlinks, which is compared by names and bytes."""
        place = self.shell.ask("folder", "ifmosfs", "stage", "preview", self.plan, "--method", "symlink")
        folder = self.path(os.fsencode(place))
        for path in read_tree(folder, PREVIEW_ONLY):
            self.preview[path] = look(os.path.realpath(os.path.join(folder, path)))
        self.screen.check("the preview shows files", [] if len(self.preview) > 1 else ["it is empty"])
        self.screen.check("linking has not changed the inbox", differences(self.start, self.inbox()))

    def commit(self, mounted: bool) -> None:
        """Commit, and compare the result with what was previewed."""
        self.screen.headline("Commit: now the files move")
        self.shell.run("ifmosfs", "commit", "--plan", self.plan, "--yes")
        result = read_tree(self.path(b"Organized"), [b".ifmosfs"])
        if not mounted:
            wanted, actual = _names_and_bytes(self.preview), _names_and_bytes(result)
            self.screen.check("the result is what was previewed: names and bytes", differences(wanted, actual))
        else:
            self.screen.check("the view went away by itself", self._mounts_left())
            what = "the result is what was previewed: names, bytes, modes, times"
            self.screen.check(what, differences(self.preview, result))
            self._cross_check()
        both = {**{b"o/" + path: seen for path, seen in result.items()}, **self.inbox()}
        self.screen.check(
            "no byte was lost: every file is in Organized or still in Inbox", not_accounted_for(self.start, both)
        )
        self.shell.run("ls", "-b", "Organized")

    def _mounts_left(self) -> list[str]:
        deadline = time.monotonic() + 10
        while mounts_below(self.folder) and time.monotonic() < deadline:
            time.sleep(0.1)
        return [f"still mounted: {show(place)}" for place in mounts_below(self.folder)]

    def _cross_check(self) -> None:
        if not os.path.isdir(self.path(b"Previewed")):
            print("  (rsync is not installed, or the folder is large: no second opinion)")
            return
        excluded = ("--exclude=/.ifmosfs", "--exclude=/To review")
        arguments = ("rsync", "-naci", "--delete", *excluded, "Previewed/", "Organized/")
        self.screen.command(arguments)
        status, output = self.shell.quietly(*arguments)
        problems = output.splitlines() + ([f"rsync ended with status {status}"] if status else [])
        self.screen.check("rsync finds no difference either", problems)

    def verify(self) -> None:
        """The program's own comparison."""
        self.screen.headline("Verify")
        self.shell.run("ifmosfs", "verify", "--plan", self.plan)

    def roll_back(self) -> None:
        """Undo it all, and compare with the start."""
        self.screen.headline("Roll back: everything returns")
        self.shell.run("ifmosfs", "rollback", "--plan", self.plan, "--yes")
        what = "the inbox is as at the start: names, bytes, modes, times, links, folders"
        self.screen.check(what, differences(self.start, self.inbox()))
        organized = self.path(b"Organized")
        left = [path for path in read_tree(organized) if path] if os.path.isdir(organized) else []
        self.screen.check("nothing is left in the target", [f"left: {show(path)}" for path in left])

    def run(self, original: bytes | None) -> None:
        """All steps."""
        self.fill(original)
        self.stage()
        mounted = self.mount()
        if mounted:
            self.look_around()
            self.move_one()
            self.correct_one()
            self.record()
        else:
            self.preview_by_links()
        self.commit(mounted)
        self.verify()
        self.roll_back()


def _in_doubt(tree: Tree) -> bytes:
    """A file that the program is unsure of, or else one that it would move."""
    unsure = [path for path in tree if path.startswith(b"To review/unsure/")]
    files = [path for path in unsure or sorted(tree) if tree[path].kind == "file" and tree[path].size_bytes]
    if not files:
        raise DemoFailed("the plan has no file: there is nothing to teach")
    telling = [path for path in sorted(files) if _is_plain(path) and b" " not in os.path.basename(path)]
    return next(iter(telling), files[0])


def _sample(tree: Tree, n_wanted: int) -> list[bytes]:
    """At most `n_wanted` files from different folders, with ordinary names where there are such."""
    files = [path for path, seen in tree.items() if seen.kind == "file" and seen.size_bytes]
    chosen = [path for path in files if _is_plain(path)] or files
    paths = sorted({os.path.dirname(path): path for path in reversed(chosen)}.values())
    if not paths:
        raise DemoFailed("the plan moves no file: there is nothing to show")
    n_chosen = min(n_wanted, len(paths))
    return [paths[position * len(paths) // n_chosen] for position in range(n_chosen)]


def _is_plain(path: bytes) -> bool:
    return re.fullmatch(rb"[\w./() +,-]{1,120}", path) is not None


def _a_move(tree: Tree) -> tuple[bytes, bytes]:
    """A file, and a free name for it in another folder: one that holds files already, else a new one."""
    sources = _sample(tree, len(tree))
    for source in sources:
        for other in reversed(sources):
            target = os.path.join(os.path.dirname(other), os.path.basename(source))
            if os.path.dirname(other) != os.path.dirname(source) and target not in tree:
                return source, target
    return sources[0], os.path.join(b"Sorted by hand", os.path.basename(sources[0]))


def _names_and_bytes(tree: Tree) -> dict[bytes, Seen]:
    return {path: Seen(seen.kind, seen.content, seen.size_bytes, 0, 0) for path, seen in tree.items()}


def _megabytes(tree: Tree) -> str:
    return f"{sum(seen.size_bytes for seen in tree.values()) / 1e6:.1f}"


# ---- the program


def _check_original(folder: str) -> bytes:
    """The absolute path of the folder to copy; SystemExit when it cannot be, or there is no room for the copy."""
    original = os.path.realpath(os.fsencode(folder))
    try:
        os.listdir(original)
    except OSError as error:
        sys.exit(f"demo: cannot copy {show(original)}: {error.strerror}")
    place = os.path.realpath(os.fsencode(tempfile.gettempdir()))
    if place == original or place.startswith(original.rstrip(b"/") + b"/"):
        sys.exit(
            f"demo: {show(original)} holds the temporary folder {show(place)}; choose a folder below it, or set TMPDIR"
        )
    n_bytes = _size_on_disk(original)
    space = os.statvfs(place)
    needed = n_bytes * 2 + 200_000_000  # the copy, the copy of the preview for rsync, and the program's state
    if needed > space.f_bavail * space.f_frsize:
        sys.exit(
            f"demo: a copy of {show(original)} needs {needed // 10**6} MB in {show(place)}, where "
            f"{space.f_bavail * space.f_frsize // 10**6} MB are free; choose a smaller folder, or set TMPDIR"
        )
    return original


def _size_on_disk(folder: bytes) -> int:
    n_bytes = 0
    for inside, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile: it will not be copied either
                n_bytes += os.lstat(os.path.join(inside, name)).st_blocks * 512
    return n_bytes


def _environment(folder: bytes) -> dict[str, str]:
    """The caller's environment with the program's state in the demo's folder."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("IFMOSFS_")}
    settings["IFMOSFS_HOME"] = os.fsdecode(os.path.join(folder, b"state"))
    return settings


def _wants_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt  # so that `finally` cleans up after a closed terminal or a `kill`, too


def _guarded(screen: Screen, steps: Callable[[], None]) -> int:
    """Run the steps; the exit status."""
    try:
        steps()
    except (DemoFailed, OSError) as error:  # OSError: a view that cannot be read is a finding, too
        screen.check(str(error), ["the demo ends here"])
    except subprocess.TimeoutExpired as error:
        screen.check(f"no end after {error.timeout:.0f} s: {error.cmd}", ["the demo ends here"])
    except KeyboardInterrupt:
        print("\ninterrupted; cleaning up", file=sys.stderr)
        return 130
    return 1 if screen.n_failed else 0


def _farewell(screen: Screen, status: int, seconds: float) -> None:
    n_good = screen.n_checks - screen.n_failed
    print(f"\n{n_good} of {screen.n_checks} checks OK, {seconds:.1f} s. The demo's folder is removed.")
    if status == 0:
        screen.headline("On your own folder")
        width = max(len(command) for command, _ in TRY_IT)
        for command, meaning in TRY_IT:
            print(f"  {command:{width}}   {screen.paint('2', '# ' + meaning)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit status: 0 when every check held."""
    parser = argparse.ArgumentParser(prog="script/demo", description="Show ifmosfs at work on a copy of real files.")
    parser.add_argument("folder", nargs="?", help="show it on a copy of this folder instead of a gathered inbox")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # real streams have it
    original = None if options.folder is None else _check_original(options.folder)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays in force
            signal.signal(number, _stop)
    started = time.monotonic()
    screen = Screen(_wants_colour())
    folder = os.path.realpath(os.fsencode(tempfile.mkdtemp(prefix="ifmosfs-demo-")))
    demo = Demo(folder, screen, Shell(folder, screen, _environment(folder)))
    try:
        status = _guarded(screen, lambda: demo.run(original))
    finally:
        remove_folder(folder)
    _farewell(screen, status, time.monotonic() - started)
    return status


if __name__ == "__main__":
    sys.exit(main())
