"""The command line as a person meets it: a desk with an inbox, the commands run on it, and trees compared in full."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ifmosfs.cli.main import invoke
from tests.adapters.trees import Tree, write_tree
from tests.fuse_support import PROJECT

TIMEOUT_S = 60
THEN_NS = 1_614_600_000_123_456_789  # 2021-03-01, with a part that only a true copy of the time keeps

INVOICE = b"Invoice No. 2024-17\nTotal amount due: 100 EUR\n"
SCRIPT = b"#!/bin/sh\necho hello\n"
TABLE = b"name,size\na,1\nb,2\nc,3\n"

INBOX: Tree = {
    b"invoice-17.txt": INVOICE,
    b"run.sh": SCRIPT,
    b"tables": {b"sizes.csv": TABLE, b"what.xyz": b"hm"},
}
"""Three files that have a place, and one that nobody is sure about."""

ORGANISED: Tree = {
    b"Data": {b"Datasets": {b"sizes.csv": TABLE}},
    b"Development": {b"Source code": {b"run.sh": SCRIPT}},
    b"Financial": {b"Documents": {b"2021": {b"invoice-17.txt": INVOICE}}},
}
"""Where they belong."""

LEFT: Tree = {b"tables": {b"what.xyz": b"hm"}}
"""What is left of the inbox."""


class Result(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object that it must be, without the number of its schema."""
        fields = json.loads(self.out)
        assert fields.pop("schema") == 1
        return fields

    @property
    def is_refused(self) -> bool:
        """Whether the command has told of an error, and of nothing that it has done."""
        return not self.out or (self.out.startswith("{") and "error" in self.json)


class Attributes(NamedTuple):
    """What a move must not change. `content` is a symlink's text, and `None` for a folder."""

    mode: int
    mtime_ns: int
    content: bytes | None


def attributes(folder: os.PathLike[str] | bytes, without: tuple[bytes, ...] = ()) -> dict[bytes, Attributes]:
    """Everything below a folder, by relative path, the folder itself as ``b"."``; without some names at its top."""
    top = os.fsencode(folder)
    found = {b".": _attributes(top)}
    for here, folders, names in os.walk(top):
        if here == top:
            folders[:] = [name for name in folders if name not in without]
        for name in (*folders, *names):
            path = os.path.join(here, name)
            found[os.path.relpath(path, top)] = _attributes(path)
    return found


def _attributes(path: bytes) -> Attributes:
    found = os.lstat(path)
    content = None
    if stat.S_ISLNK(found.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(found.st_mode):
        with open(path, "rb") as file:
            content = file.read()
    return Attributes(found.st_mode, found.st_mtime_ns, content)


def make_inbox(folder: os.PathLike[str], tree: Tree = INBOX) -> None:
    """Write a tree whose files and folders all are from `THEN_NS`."""
    write_tree(folder, tree)
    for here, _, names in os.walk(os.fsencode(folder), topdown=False):
        for name in names:
            os.utime(os.path.join(here, name), ns=(THEN_NS, THEN_NS), follow_symlinks=False)
        os.utime(here, ns=(THEN_NS, THEN_NS))


def many_files(n_files: int) -> Tree:
    """A tree of small tables in ten folders; all of them belong into one folder."""
    tree: dict[bytes, dict[bytes, bytes]] = {b"part %d" % number: {} for number in range(10)}
    for number in range(n_files):
        tree[b"part %d" % (number % 10)][b"table %05d.csv" % number] = b"a,b\n%d,1\n2,3\n4,5\n" % number
    return tree


@dataclass(frozen=True)
class Desk:
    """A folder of one's own: an inbox, a mount point, a home, the program's state; the target is not there yet."""

    folder: Path

    @property
    def inbox(self) -> Path:
        """What is to be organised."""
        return self.folder / "inbox"

    @property
    def target(self) -> Path:
        """Where it goes."""
        return self.folder / "Organized"

    @property
    def mount_point(self) -> Path:
        """An empty folder to mount on."""
        return self.folder / "view"

    @property
    def home(self) -> Path:
        """`HOME`."""
        return self.folder / "home"

    @property
    def state(self) -> Path:
        """`IFMOSFS_HOME`."""
        return self.folder / "state"

    @property
    def python(self) -> Path:
        """The interpreter of child processes."""
        return Path(sys.executable)

    @property
    def environment(self) -> dict[str, str]:
        """What the commands see: nothing of the machine but the way to its programs."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        own = {
            "HOME": str(self.home),
            "IFMOSFS_HOME": str(self.state),
            "IFMOSFS_MODEL": "rules",  # these tests are about what happens to labels, not about which model gives which
            "TZ": "UTC",
            "PYTHONPATH": str(PROJECT),
        }
        return {**kept, **own}

    def set_up(self, inbox: Tree = INBOX) -> None:
        """Make the folders."""
        self.mount_point.mkdir()
        self.home.mkdir()
        make_inbox(self.inbox, inbox)

    def start(self, *arguments: str | bytes | os.PathLike[str], **options: Any) -> subprocess.Popen[bytes]:
        """The real command as a child process that runs already; `terminal` is a descriptor for all that it prints."""
        output = options.pop("terminal", subprocess.PIPE)
        environment = {**self.environment, **(options.pop("env", None) or {})}
        return subprocess.Popen(
            [self.python, "-m", "ifmosfs", *arguments],
            cwd=options.pop("cwd", None) or self.folder,
            env=environment,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=output,
            stderr=output,
            **options,
        )

    def run(
        self,
        *arguments: str | bytes | os.PathLike[str],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        typed: str | None = None,
        **options: Any,
    ) -> Result:
        """The real command in a child process, to its end."""
        if typed is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*arguments, cwd=cwd, env=env, **options)
        return ended(process, None if typed is None else typed.encode())

    def here(self, *arguments: str | os.PathLike[str], env: Mapping[str, str] | None = None) -> Result:
        """The same command in this process, for speed: everything but the interpreter's start is the same."""
        out, err = _captured(), _captured()
        with (
            contextlib.chdir(self.folder),
            _environment({**self.environment, **(env or {})}),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            status = invoke([os.fspath(argument) for argument in arguments])
        return Result(status, _read(out), _read(err))

    def staged(self, *options: str) -> str:
        """Scan the inbox and plan it into the target; returns the plan's id."""
        session = self.here("scan", self.inbox, "--json").json["session"]
        created = self.here("stage", "create", "--session", session, "--output", self.target, "--json", *options)
        assert created.status == 0, created
        return str(created.json["plan"])

    def committed(self) -> str:
        """Scan, plan and commit; returns the plan's id."""
        plan = self.staged()
        result = self.here("commit", plan, "--yes")
        assert result.status == 0, result
        return plan

    def state_of(self, plan: str) -> str:
        """The plan's state, as the program tells it."""
        plans = self.here("stage", "list", "--json").json["plans"]
        return next(str(row["state"]) for row in plans if row["plan"] == plan)


def ended(process: subprocess.Popen[bytes], typed: bytes | None = None) -> Result:
    """Wait for a command."""
    try:
        out, err = process.communicate(typed, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Result(process.returncode, _text(out), _text(err))


def interrupt_when(
    process: subprocess.Popen[bytes], reached: Callable[[], bool], number: int = signal.SIGINT, seconds: float = 30.0
) -> None:
    """Send a signal to a command as soon as something is so; it must still be running then, and so it runs behind us."""
    os.setpriority(os.PRIO_PROCESS, process.pid, 19)
    deadline = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, (process.returncode, process.communicate())
        assert time.monotonic() < deadline, "it never came to that point"
        time.sleep(0.001)
    process.send_signal(number)


def refusal(result: Result) -> list[str]:
    """The lines on stderr of a command that refused; the rules that hold for every refusal are checked.

    There is no traceback, and nothing on stdout that a program could take for an answer.
    """
    assert "Traceback" not in result.err, result.err
    assert result.out == ""
    return result.err.splitlines()


def _captured() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", write_through=True)


def _read(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return _text(buffer.getvalue())


def _text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        time.tzset()
