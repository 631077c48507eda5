"""An inbox, a target and a plan that have one of everything, and as many fresh views of that plan as there are tests.

The plan is made by the command line, and brought into its shape by a person's edits through a mount. What a test does to its
view is kept in its own copy of the program's state, so that every test finds the same plan; inbox and target are shared, since no
view can change them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.adapters.trees import Link, Tree, write_tree
from tests.cli.command_line import SCRIPT, TABLE, Desk, attributes
from tests.conformance.core_os import CoreOs, opened_view
from tests.conformance.os_protocol import Os, SystemOs
from tests.fuse_support import PROJECT, START_TIMEOUT_S, force_unmount

LAYOUT = '[folders]\ntechnical_dataset = "New"\ntechnical_script = "Docs"\n'

LONG = b"n" * 251 + b".csv"
NOT_UTF_8 = b"caf\xe9.csv"
TWO_LINES = b"two\nlines.csv"
NFC, NFD = "caf\u00e9.csv".encode(), "cafe\u0301.csv".encode()

INBOX: Tree = {
    b"b.csv": TABLE,
    b"c.csv": TABLE + b"c",
    LONG: TABLE + b"1",
    NOT_UTF_8: TABLE + b"2",
    TWO_LINES: TABLE + b"3",
    b"Case.csv": TABLE + b"4",
    b"case.csv": TABLE + b"5",
    NFC: TABLE + b"6",
    NFD: TABLE + b"7",
    b"run.sh": SCRIPT,
    b"who.xyz": b"hm",
    b"deep": {b"what.xyz": b"hm, too"},
    b"link": Link(b"b.csv"),
    b"other": Link(b"/there-is-no-such-place/nowhere"),
    b"prog": {
        b".git": {b"HEAD": b"ref: refs/heads/main\n"},
        b"main.py": b"print(1)\n",
        b"src": {b"a.py": b"print(2)\n"},
    },
    b"far": {b".git": {b"HEAD": b"ref: refs/heads/main\n"}, b"main.py": b"print(3)\n"},
}
TARGET: Tree = {
    b"Docs": {b"theirs.pdf": b"theirs", b"Sub": {b"x": b"x"}, b"Bare": {}},
    b"top": b"top",
    b"soft": Link(b"top"),
    b"loop": Link(b"loop"),
    b"way": Link(b"Docs"),
}

REASONS = (
    *(b"being written", b"conflicts", b"duplicates", b"excluded", b"links", b"online only", b"projects"),
    *(b"unreadable", b"unsure", b"vault"),
)
REVIEW, CONTROL = b"To review", b".ifmosfs"

LAYOUT_SHOWN: dict[bytes, object] = {
    b"Docs": {b"Bare": {}, b"Sub": {b"x": b"x"}, b"run.sh": SCRIPT, b"theirs.pdf": b"theirs"},
    b"New": {
        b"b.csv": TABLE,
        b"c.csv": TABLE + b"c",
        LONG: TABLE + b"1",
        NOT_UTF_8: TABLE + b"2",
        TWO_LINES: TABLE + b"3",
        b"Case.csv": TABLE + b"4",
        b"case.csv": TABLE + b"5",
        NFC: TABLE + b"6",
        NFD: TABLE + b"7",
        b"Empty": {},
        b"Full": {b"Inner": {}},
        b"link": (b"b.csv",),
    },
    b"Work": {
        b"prog": {
            b".git": {b"HEAD": b"ref: refs/heads/main\n"},
            b"main.py": b"print(1)\n",
            b"src": {b"a.py": b"print(2)\n"},
        }
    },
    b"loop": (b"loop",),
    b"soft": (b"top",),
    b"top": b"top",
    b"way": (b"Docs",),
}
"""What commit would make of it, as `os_protocol.tree` tells it; the review folder and the control folder are beside it."""


def shape_by_hand(system: Os) -> None:
    """The edits that give the plan what planning alone does not make: empty folders, a planned link, a project in the layout."""
    for path in (b"New/Empty", b"New/Full", b"New/Full/Inner", b"Work"):
        system.mkdir(path)
    system.rename(b"To review/links/link", b"New/link")
    system.rename(b"To review/projects/prog", b"Work/prog")


class Nursery:
    """A process that runs commands in children of its own, quickly."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.nursery"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> int:
        """Run a command; returns its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"arguments": arguments, "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """No more commands."""
        self._process.communicate(timeout=10)


@dataclass(frozen=True)
class Mount:
    """A view that is mounted, and the process that serves it."""

    point: Path
    pid: int
    log: Path
    desk: Desk
    plan: str

    @property
    def system(self) -> SystemOs:
        """The real system calls on it."""
        return SystemOs(os.fsencode(self.point))

    @property
    def logged(self) -> str:
        """What the daemon has said so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class OwnState(Desk):
    """A desk whose state is in another place than usual."""

    @property
    def state(self) -> Path:
        """`IFMOSFS_HOME`."""
        return self.folder / self.name

    @property
    def mount_point(self) -> Path:
        """One for each state."""
        return self.folder / f"view-of-{self.name}"

    name: str = "state"


@dataclass
class Playground:
    """One staged plan, and as many views of it as are wanted."""

    desk: Desk
    nursery: Nursery
    plan: str = ""
    n_states: int = 0

    def stage(
        self,
        inbox: Tree = INBOX,
        target: Tree = TARGET,
        shape: Callable[[Os], None] = shape_by_hand,
        *,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        """Make inbox and target, with what no literal can say by `also`; then the plan, and the edits that shape it."""
        self.desk.set_up(inbox)
        write_tree(self.desk.target, target)
        also()
        self.desk.state.mkdir()
        (self.desk.state / "layout.toml").write_text(LAYOUT)
        self.plan = self.desk.staged()
        with self.core_on(self.desk.state) as system:
            shape(system)

    @contextmanager
    def kept(self) -> Iterator[Playground]:
        """When left, all originals are what they were."""
        before = attributes(self.desk.inbox), attributes(self.desk.target)
        yield self
        assert (attributes(self.desk.inbox), attributes(self.desk.target)) == before

    @contextmanager
    def own_desk(self) -> Iterator[OwnState]:
        """A desk with a fresh copy of the state."""
        self.n_states += 1
        desk = OwnState(self.desk.folder)
        object.__setattr__(desk, "name", f"state-{self.n_states}")
        shutil.copytree(self.desk.state, desk.state)
        try:
            yield desk
        finally:
            shutil.rmtree(desk.state)

    @contextmanager
    def core_on(self, state: Path) -> Iterator[CoreOs]:
        """The view of a state folder, in this process."""
        environment = {**self.desk.environment, "IFMOSFS_HOME": str(state)}
        with opened_view(environment, self.plan) as view:
            yield CoreOs(view)

    @contextmanager
    def mounted(self) -> Iterator[Mount]:
        """A fresh view, mounted; nothing of it is left, and its daemon has met no bug."""
        with self.own_desk() as desk, self.mounted_on(desk) as mount:
            yield mount

    @contextmanager
    def mounted_on(self, desk: OwnState) -> Iterator[Mount]:
        """The view of a desk's state, mounted."""
        point, log = desk.mount_point, self.desk.folder / f"log-of-{desk.name}"
        point.mkdir()
        arguments = ["serve", "--plan", self.plan, "--mount-point", str(point), "--ready-fd", "3"]
        pid = self.nursery.start(arguments, {**os.environ, **desk.environment}, log)
        mount = Mount(point, pid, log, desk, self.plan)
        try:
            _wait(lambda: os.path.ismount(point), f"the mount; its daemon said: {mount.logged}", pid)
            yield mount
        finally:
            force_unmount(point)
            _wait(lambda: not _is_alive(pid), "the end of the daemon", None)
            point.rmdir()
        said = mount.logged
        assert "bug" not in said, said
        assert "Traceback" not in said, said

    @contextmanager
    def fresh(self, kind: str) -> Iterator[Os]:
        """A fresh view, reached as the name says."""
        with self.own_desk() as desk, self.fresh_on(kind, desk) as system:
            yield system

    @contextmanager
    def fresh_on(self, kind: str, desk: OwnState) -> Iterator[Os]:
        """The view of a desk's state, reached as the name says."""
        if kind == "core":
            with self.core_on(desk.state) as core:
                yield core
        else:
            with self.mounted_on(desk) as mount:
                yield mount.system


def _is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return False


def _wait(condition: Callable[[], bool], what: str, pid: int | None) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if pid is not None and not _is_alive(pid):
            raise ChildProcessError(f"the process ended before {what}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.005)
