"""The same random calls with the same seed on a mount and on a plain folder: the same answers, and the same tree after each.

The folder is on a tmpfs where there is one. The calls are all that change names; those that make or write files are left out, and
what a view does otherwise on purpose lies in its review folder, which no call here enters.
"""

from __future__ import annotations

import os
import random
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.trees import Tree
from tests.cli.command_line import TABLE, Desk
from tests.conformance.os_protocol import OK, RENAME_EXCHANGE, RENAME_NOREPLACE, Os, SystemOs, content, join, told
from tests.conformance.playground import CONTROL, REVIEW, Nursery, Playground
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

N_FILES = 12
INBOX: Tree = {b"%d.csv" % number: TABLE + b"%d" % number for number in range(N_FILES)}
NAMES = (b"a", b"b", b"c", b"\xff\n", b"0.csv", b"1.csv", b"n" * 255, b"n" * 256)
TMPFS = Path("/dev/shm")

Shape = dict[bytes, tuple[str, int, object]]
Step = Callable[[Os], str]


def shape(system: Os, path: bytes = b"") -> Shape:
    """Path to kind, permissions and links, and content."""
    found: Shape = {}
    for name in system.listdir(path):
        here = join(path, name)
        if here in {REVIEW, CONTROL}:
            continue
        status = system.lstat(here)
        inside = None if status.is_folder else content(system, here)
        found[here] = (stat.filemode(status.mode), status.n_links, inside)
        if status.is_folder:
            found.update(shape(system, here))
    return found


def copy_to(shown: Shape, root: Path) -> None:
    """The same tree as an ordinary one."""
    for path, (mode, _, inside) in sorted(shown.items()):
        here = os.fsencode(root) + b"/" + path
        if inside is None:
            os.mkdir(here)
            os.chmod(here, 0o755)
        else:
            assert isinstance(inside, bytes)
            with open(here, "xb") as file:
                file.write(inside)
            os.chmod(here, 0o644)
        assert stat.filemode(os.lstat(here).st_mode) == mode


def steps(seed: int, known: list[bytes]) -> Iterator[tuple[str, Step]]:
    """Calls on names that are, were, or never will be there, each with its own words."""
    chosen = random.Random(seed)

    def path() -> bytes:
        where = chosen.choice(known)
        return (
            where
            if chosen.random() < 0.6
            else join(chosen.choice([where, where.rpartition(b"/")[0]]), chosen.choice(NAMES))
        )

    while True:
        one, other, mode = path(), path(), chosen.choice([0o755, 0o700, 0o711])
        call = chosen.choice(["mkdir", "mkdir", "rmdir", "unlink", "chmod", *["rename"] * 10])
        if call == "mkdir":
            known.append(one)
            yield f"mkdir {one!r}", lambda system, p=one, m=mode: told(lambda: system.mkdir(p, m))  # type: ignore[misc]
        elif call == "chmod" and stat_of_a_folder(one):
            yield f"chmod {one!r}", lambda system, p=one, m=mode: folder_chmod(system, p, m)  # type: ignore[misc]
        elif call == "rename":
            flags = chosen.choice([0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE])
            known.append(other)
            words = f"rename {one!r} {other!r} {flags}"
            yield words, lambda system, p=one, t=other, f=flags: told(lambda: system.rename(p, t, f))  # type: ignore[misc]
        else:
            name = "rmdir" if call == "chmod" else call
            yield f"{name} {one!r}", lambda system, p=one, n=name: told(lambda: getattr(system, n)(p))  # type: ignore[misc]


def stat_of_a_folder(path: bytes) -> bool:
    """Whether a path is likely to be a folder: files refuse chmod in a view, which is one of the differences on purpose."""
    return not path.endswith(b".csv")


def folder_chmod(system: Os, path: bytes, mode: int) -> str:
    """chmod of a folder, and of nothing else."""

    def call() -> None:
        if system.lstat(path).is_folder:
            system.chmod(path, mode)

    return told(call)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Playground:
    """Twelve files that are planned into one folder."""
    made = Playground(Desk(tmp_path_factory.mktemp("flat")), nursery)
    made.stage(INBOX, {}, lambda system: system.mkdir(b"Empty"))
    return made


@pytest.fixture
def plain() -> Iterator[Path]:
    """An empty folder, on a tmpfs where there is one."""
    with tempfile.TemporaryDirectory(prefix="ifmosfs-test-", dir=TMPFS if TMPFS.is_dir() else None) as folder:
        yield Path(folder)


def compare(playground: Playground, plain: Path, seed: int, n_steps: int) -> None:
    with playground.mounted() as mount:
        view, folder = mount.system, SystemOs(os.fsencode(plain))
        copy_to(shape(view), plain)
        assert shape(folder) == shape(view)
        known = [b"", *shape(view)]
        answers, done = [], []
        for words, step in steps(seed, known):
            if "b''" in words:
                continue  # the root of a mount is not that of a folder
            done.append(words)
            answers.append((step(view), step(folder)))
            assert answers[-1][0] == answers[-1][1], (answers[-1], done)
            if answers[-1][0] == OK:
                shown = shape(view)
                assert shown == shape(folder), done
                known[:] = [b"", *shown, *known[-3:]]  # what is there, and a little that was
            if len(done) == n_steps:
                break
        assert sum(answer == OK for answer, _ in answers) > n_steps / 10, "too few of the calls did anything"


@pytest.mark.parametrize("seed", range(2))
def test_the_same_calls_give_the_same_tree(flat: Playground, plain: Path, seed: int) -> None:
    compare(flat, plain, seed, 300)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 130))
def test_many_of_the_same_calls_give_the_same_tree(flat: Playground, plain: Path, seed: int) -> None:
    compare(flat, plain, seed, 1000)
