"""Eight programs browse, read and edit one mount while the command line edits the same plan. Nobody meets an error that a person
would not expect, nothing is lost, and at the end all who are asked tell the same."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.trees import Tree, write_tree
from tests.cli.command_line import TABLE, Desk, make_inbox
from tests.conformance.os_protocol import SystemOs, join, told, tree
from tests.conformance.playground import CONTROL, LAYOUT, REVIEW
from tests.conformance.quiet import wait_until_nothing_follows
from tests.fuse_support import FUSE_MARKS, PROJECT, force_unmount

pytestmark = FUSE_MARKS

N_FILES = 120
INBOX: Tree = {
    b"in": {b"%03d.csv" % number: TABLE + b"%d" % number for number in range(N_FILES)},
    b"twins": {b"%03d.csv" % number: TABLE + b"twin %d" % number for number in range(0, N_FILES, 3)},
    b"unsure": {b"%d.xyz" % number: b"hm %d" % number for number in range(10)},
}
CLASHES: Tree = {b"New": {b"%03d.csv" % number: b"theirs %d" % number for number in range(0, N_FILES, 10)}}

# What may come between a look and what is done next, when others are at it.
EXPECTED = {
    "browse": {"ok", "ENOENT", "ENOTDIR"},
    "read": {"ok", "ENOENT", "ENOTDIR"},
    "move": {"ok", "EBUSY", "ENOENT", "ENOTDIR", "EEXIST", "EROFS", "EINVAL", "EPERM", "EISDIR", "ENOTEMPTY"},
    "folders": {"ok", "ENOENT", "ENOTDIR", "EEXIST", "ENOTEMPTY", "EROFS"},
    "remove": {"ok", "ENOENT", "ENOTDIR", "EROFS", "EPERM", "EISDIR"},
    "swap": {"ok", "ENOENT", "ENOTDIR", "EROFS", "EEXIST", "EINVAL", "EISDIR"},
}
REMEMBERED_S = 1.2  # the kernel may remember names and attributes for a second
NEEDED = {b"New", b"Mine"}  # all programs need these folders in their place
PROGRAMS = ("browse", "browse", "read", "read", "move", "folders", "remove", "swap")


def main(what: str, root: bytes, seed: int, seconds: float) -> Counter[str]:
    """One of the programs: how its calls ended."""
    system, chosen, ended = SystemOs(root), random.Random(seed), Counter[str]()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended[told(lambda: STEPS[what](system, chosen))] += 1
    return ended


def some(system: SystemOs, chosen: random.Random, folder: bytes = b"") -> bytes:
    """A path that is there, or was a moment ago."""
    here = folder
    while names := [name for name in system.listdir(here) if join(here, name) != CONTROL]:
        here = join(here, chosen.choice(names))
        if not system.lstat(here).is_folder:
            break
    return here


def browse(system: SystemOs, chosen: random.Random) -> None:
    folder = chosen.choice([b"", b"New", b"Mine", REVIEW, REVIEW + b"/excluded", REVIEW + b"/conflicts", CONTROL])
    for path in [join(folder, name) for name in system.listdir(folder)]:
        told(lambda path=path: system.lstat(path))  # type: ignore[misc]
    if folder != CONTROL:
        told(lambda: os.getxattr(system.root + b"/" + some(system, chosen, folder), "user.ifmosfs.status"))


def read(system: SystemOs, chosen: random.Random) -> None:
    path = some(system, chosen)
    descriptor = system.open(path)
    try:
        if not system.fstat(descriptor).is_folder:
            found = system.pread(descriptor, 1 << 16, 0)
            assert found.startswith((TABLE, b"hm ", b"theirs ")), (path, found)
    finally:
        system.close(descriptor)
    with open(system.root + b"/.ifmosfs/status.json", "rb") as file:
        assert file.read().startswith(b"{")  # that it is whole is asked in test_posix_rules


def move(system: SystemOs, chosen: random.Random) -> None:
    source = some(system, chosen)
    if source in NEEDED:  # it happens to be empty
        return
    target = chosen.choice([b"Mine", b"New", b"Mine/%d" % chosen.randrange(5), REVIEW + b"/unsure"])
    system.rename(source, join(target, b"m%d" % chosen.randrange(10**6)), chosen.choice([0, 1]))


def folders(system: SystemOs, chosen: random.Random) -> None:
    path = b"Mine/%d" % chosen.randrange(5)
    chosen.choice([system.mkdir, system.mkdir, system.rmdir])(path)


def remove(system: SystemOs, chosen: random.Random) -> None:
    time.sleep(0.02)  # not so quick that nothing is left for the others
    system.unlink(some(system, chosen, chosen.choice([b"New", b"Mine"])))


def swap(system: SystemOs, chosen: random.Random) -> None:
    target = some(system, chosen, chosen.choice([b"New", b"Mine"]))
    source = some(system, chosen, b"New")
    if not {source, target} & NEEDED:
        system.rename(source, target, 2)


STEPS = {"browse": browse, "read": read, "move": move, "folders": folders, "remove": remove, "swap": swap}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    made.mount_point.mkdir()
    made.home.mkdir()
    make_inbox(made.inbox, INBOX)
    write_tree(made.target, CLASHES)
    made.state.mkdir()
    (made.state / "layout.toml").write_text(LAYOUT)
    yield made
    force_unmount(made.mount_point)


def start(what: str, root: Path, seed: int, seconds: float) -> subprocess.Popen[bytes]:
    arguments = ["-m", "tests.conformance.test_concurrency", what, str(root), str(seed), str(seconds)]
    return subprocess.Popen([sys.executable, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def edit_by_command(desk: Desk, plan: str, seconds: float) -> list[tuple[int, str]]:
    """Resolve, take back, fix and show, one after the other, as long as the others are at it."""
    commands = (
        ("stage", "resolve", plan, "-s", "rename", "--json"),
        ("stage", "resolve", plan, "--undo", "--json"),
        ("stage", "fix", plan, "--auto", "--json"),
        ("stage", "show", plan, "--json"),
        ("stage", "resolve", plan, "-s", "replace", "--only", "*5.csv", "--json"),
    )
    ended = []
    deadline = time.monotonic() + seconds
    for command in itertools.cycle(commands):
        result = desk.run(*command)
        ended.append((result.status, result.err))
        if time.monotonic() > deadline:
            break
    return ended


def together(desk: Desk, seconds: float, *, seed: int) -> None:
    plan = desk.staged("--conflict", "ask")
    before = contents(tree(SystemOs(os.fsencode(desk.inbox))))
    mounted = desk.run("mount", "--plan", plan, desk.mount_point, "--json")
    assert mounted.status == 0, mounted
    view = SystemOs(os.fsencode(desk.mount_point))
    view.mkdir(b"Mine")
    running = [start(what, desk.mount_point, seed + number, seconds) for number, what in enumerate(PROGRAMS)]
    commands = edit_by_command(desk, plan, seconds)
    for what, process in zip(PROGRAMS, running, strict=True):
        out, err = process.communicate(timeout=seconds + 60)
        assert process.returncode == 0, (what, err.decode())
        ended = json.loads(out)
        assert set(ended) <= EXPECTED[what], (what, ended)
        assert ended.get("ok", 0) > 0, (what, ended)
    assert [(status, err) for status, err in commands if status not in {0, 4} or "Traceback" in err] == []
    agree(desk, plan, view, before)
    log = (desk.state / "logs" / f"mount-{plan}.log").read_text()
    assert "bug" not in log, log
    assert "Traceback" not in log, log


def agree(desk: Desk, plan: str, view: SystemOs, before: Counter[object]) -> None:
    """Mount, control folder, command line and inbox tell the same of each file."""
    wait_until_nothing_follows(desk, plan)
    result = desk.run("stage", "show", plan, "--json")
    moves: list[dict[str, Any]] = result.json["moves"]
    targets = {os.fsencode(row["target"]) for row in moves}
    os.getxattr(view.root, b"user.ifmosfs.reload")  # so that the last command's edits are surely seen
    time.sleep(REMEMBERED_S)
    shown = {path for path in files(view) if not path.startswith((REVIEW, CONTROL))}
    theirs = {b"New/" + name for name in os.listdir(os.fsencode(desk.target) + b"/New")}
    assert shown - theirs == targets - theirs
    lines = (desk.mount_point / ".ifmosfs" / "plan.jsonl").read_bytes().splitlines()
    assert {os.fsencode(row["target"]) for row in map(json.loads, lines) if row["do"] == "move"} == targets
    staying = [path for path in files(view) if path.startswith(REVIEW)]
    assert len(staying) + len(targets) == sum(before.values())
    assert contents(tree(SystemOs(os.fsencode(desk.inbox)))) == before


def files(system: SystemOs, path: bytes = b"") -> list[bytes]:
    found = []
    for name in system.listdir(path):
        here = join(path, name)
        found.extend(files(system, here) if system.lstat(here).is_folder else [here])
    return found


def contents(node: object) -> Counter[object]:
    if isinstance(node, dict):
        return sum((contents(each) for each in node.values()), Counter[object]())
    return Counter([node])


def test_eight_programs_and_the_command_line_share_one_mount(desk: Desk) -> None:
    together(desk, 5.0, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [100, 200, 300])
def test_eight_programs_and_the_command_line_share_one_mount_for_long(desk: Desk, seed: int) -> None:
    together(desk, 90.0, seed=seed)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], os.fsencode(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
