"""The readers' oracle: what independent programs say of the mount before the commit is what they say of the target after it.

rsync, diff, tar, find, du and git know nothing of this program. What they find in the mount is recorded in files first, because the
mount goes with the commit. The review folder and the control folder are left out: they are the only parts that commit does not make.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import SCRIPT, TABLE, THEN_NS, Desk
from tests.conformance.os_protocol import SystemOs, join, told
from tests.conformance.playground import CONTROL, LAYOUT, REVIEW
from tests.conformance.quiet import wait_until_nothing_follows
from tests.fuse_support import FUSE_MARKS, force_unmount

pytestmark = FUSE_MARKS

OWN = (os.fsdecode(CONTROL), os.fsdecode(REVIEW))
FOLDERS = ("", "a", "a/b", "täg", "sp ace", "a/b/" + "d" * 100)
STEMS = (
    "one",
    "two",
    "uml\u00e4ut",
    "u\u0308",
    "new\nline",
    "quo'te",
    "back\\slash",
    "-dash",
    "CASE",
    "case",
    "\udcff\udcfe",
)
GIT = ("-c", "safe.directory=*", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main")
QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C"}


def ran(*command: str | Path, cwd: Path | None = None, status: tuple[int, ...] = (0,)) -> str:
    """What a program prints, in whatever order it found things; it must end as it should."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, env={**os.environ, **QUIET}, check=False)
    said = os.fsdecode(result.stdout)
    assert result.returncode in status, (command, said, result.stderr)
    return said


def fill(desk: Desk, chosen: random.Random) -> None:
    """A random inbox, with a checkout in it, and a random target."""
    desk.set_up({})
    for number in range(25):
        folder = desk.inbox / chosen.choice(FOLDERS)
        folder.mkdir(parents=True, exist_ok=True)
        kind, text = chosen.choice(
            [("csv", TABLE + b"%d,1\n" % number), ("sh", SCRIPT + b"# %d\n" % number), ("xyz", b"%d" % number)]
        )
        path = folder / f"{chosen.choice(STEMS)}{number}.{kind}"
        path.write_bytes(text * chosen.choice([1, 1, 5000]))
        path.chmod(chosen.choice([0o644, 0o600, 0o755, 0o444]))
        os.utime(path, ns=(THEN_NS, THEN_NS + chosen.randrange(10**15)))
    make_checkout(desk.inbox / "prog")
    for number in range(4):
        folder = desk.target / chosen.choice(["New", "Docs", "Docs/Sub", "Mine"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"theirs {number}").write_bytes(b"%d" % number)
    desk.state.mkdir()
    (desk.state / "layout.toml").write_text(LAYOUT)


def make_checkout(folder: Path) -> None:
    """A repository with a commit, a changed file and a new one."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text("print(1)\n")
    (folder / "b.py").write_text("print(2)\n")
    ran("git", *GIT, "init", "-q", folder)
    ran("git", *GIT, "add", ".", cwd=folder)
    ran("git", *GIT, "commit", "-qm", "first", cwd=folder)
    (folder / "b.py").write_text("print(3)\n")
    (folder / "new.py").write_text("print(4)\n")


def edit(system: SystemOs, chosen: random.Random) -> int:
    """Random edits of a person, in layout and review folder; returns how many were made."""
    system.mkdir(b"Work")
    system.rename(b"To review/projects/prog", b"Work/moved")
    n_made = 0
    for _ in range(25):
        paths = [path for path in walk(system) if not path.startswith((CONTROL, b"Work"))]
        one, other = chosen.choice(paths), chosen.choice(paths)
        name = chosen.choice([b"x%d" % chosen.randrange(100), one.rpartition(b"/")[2]])
        folder = other if system.lstat(other).is_folder else other.rpartition(b"/")[0]
        call = chosen.choice(["mkdir", "move", "move", "move", "exchange", "unlink", "chmod", "over"])
        answer = {
            "mkdir": lambda o=other, n=name: told(lambda: system.mkdir(join(o, n), 0o750)),
            "move": lambda o=one, f=folder, n=name: told(lambda: system.rename(o, join(f, n), 1)),
            "exchange": lambda a=one, b=other: told(lambda: system.rename(a, b, 2)),
            "unlink": lambda o=one: told(lambda: system.unlink(o)),
            "chmod": lambda o=one: told(lambda: system.chmod(o, 0o711)),
            "over": lambda a=one, b=other: told(lambda: system.rename(a, b)),
        }[call]()
        n_made += answer == "ok"
    return n_made


def walk(system: SystemOs, path: bytes = b"") -> Iterator[bytes]:
    for name in system.listdir(path):
        here = join(path, name)
        yield here
        if system.lstat(here).is_folder:
            yield from walk(system, here)


def without(folder: Path) -> list[str]:
    """The names at the top that are compared."""
    return sorted(name for name in os.listdir(folder) if name not in OWN)


def told_of(folder: Path) -> dict[str, list[str]]:
    """What find, du and git say of a tree."""
    tops = [f"./{name}" for name in without(folder)]
    folders = ["-type", "d", "-printf", r"%p %y %T@ %m %n\0"]
    found = ran("find", *tops, *folders, "-o", "-printf", r"%p %s %b %y %T@ %m %n %l\0", cwd=folder)
    root = ran("find", ".", "-maxdepth", "0", "-printf", "%y %T@ %m", cwd=folder)
    used = ran("du", "--null", "--all", "--apparent-size", "--bytes", *tops, cwd=folder)
    checkout = folder / "Work" / "moved"
    return {
        "find": sorted(found.split("\0")),
        "root": [root],
        "du": sorted(
            line for line in used.split("\0") if os.path.isfile(os.path.join(folder, line.partition("\t")[2]))
        ),
        "git status": ran("git", *GIT, "status", "--porcelain", cwd=checkout).splitlines(),
        "git fsck": ran("git", *GIT, "fsck", "--strict", cwd=checkout).splitlines(),
        "git log": ran("git", *GIT, "log", "--format=%H %s", cwd=checkout).splitlines(),
    }


def check(desk: Desk, seed: int) -> None:
    chosen = random.Random(seed)
    fill(desk, chosen)
    plan = desk.staged()
    recorded, archive = desk.folder / "recorded", desk.folder / "recorded.tar"
    try:
        assert desk.run("mount", "--plan", plan, desk.mount_point).status == 0
        assert edit(SystemOs(os.fsencode(desk.mount_point)), chosen) > 2
        tops = [f"./{name}" for name in without(desk.mount_point)]
        wait_until_nothing_follows(desk, plan)
        before = told_of(desk.mount_point)
        ran("cp", "--archive", "--no-target-directory", desk.mount_point, recorded)
        for name in OWN:
            # Their folders are read-only, which stops whoever is not root.
            ran("chmod", "--recursive", "u+w", recorded / name)
            shutil.rmtree(recorded / name)
        ran("tar", "--create", "--format=posix", "--file", archive, *tops, cwd=desk.mount_point)
        committed = desk.run("commit", plan, "--yes")
        assert committed.status == 0, committed
    finally:
        force_unmount(desk.mount_point)
    assert before["git status"] == [" M b.py", "?? new.py"]
    assert told_of(desk.target) == before
    os.utime(
        recorded, ns=(os.stat(desk.target).st_mtime_ns,) * 2
    )  # taking the two folders out of it has changed its time
    assert ran("diff", "--recursive", "--no-dereference", f"--exclude={OWN[0]}", recorded, desk.target) == ""
    assert ran("tar", "--compare", "--file", archive, cwd=desk.target) == ""
    if shutil.which("rsync"):
        answer = ran(
            "rsync", "-nac", "--delete", "--itemize-changes", f"--exclude=/{OWN[0]}", f"{recorded}/", f"{desk.target}/"
        )
        assert answer == ""


@pytest.mark.parametrize("seed", range(1))
def test_what_other_programs_say_of_the_mount_they_say_of_the_committed_tree(bare_desk: Desk, seed: int) -> None:
    check(bare_desk, seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100, 140))
def test_what_other_programs_say_of_many_mounts(bare_desk: Desk, seed: int) -> None:
    check(bare_desk, seed)
