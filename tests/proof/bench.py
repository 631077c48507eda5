"""The workbench of the proofs: a small inbox in which everything is that a move can meet, and what is done with it.

The near root lies on the target's filesystem, the distant one may lie on another. All files that shall move are tables, so
that the plan is the same in each trial.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any, Self

from tests.cli.command_line import TABLE, THEN_NS, Desk, Result
from tests.oracle import Oracle, assert_true
from tests.proof.warm import Warm

Attach = Callable[[int], "Popen[bytes]"]
DATASETS = b"Data/Datasets"
BIG = 3 << 20


def table(number: int) -> bytes:
    """A small table that no other number has."""
    return TABLE + b"x,%d\n" % number


@dataclass(frozen=True)
class Bench(Desk):
    """A desk with a second root, which may be on another filesystem, and a warm interpreter for its commands."""

    warm: Warm
    distant: Path
    elsewhere: Path | None = None  # the state folder's parent, if it is to be on a filesystem of its own

    @property
    def state(self) -> Path:
        """`IFMOSFS_HOME`."""
        return (self.elsewhere or self.folder) / "state"

    @property
    def roots(self) -> tuple[Path, Path]:
        """What is scanned."""
        return self.inbox, self.distant

    @property
    def oracle(self) -> Oracle:
        """An oracle that has seen everything as it is now, and wants the files of the near root renamed and not copied."""
        return Oracle(self.roots, self.target, self.state, near=(self.inbox,))

    @property
    def oracle_of_content(self) -> Oracle:
        """One that does not mind copies, where a rename is refused."""
        return Oracle(self.roots, self.target, self.state)

    def fill(self) -> None:
        """Make the folders and all that is in them."""
        self.home.mkdir(parents=True)
        fill_inbox(self.inbox)
        fill_distant(self.distant)
        fill_target(self.target)

    def typed(self, *arguments: str | bytes | os.PathLike[str], attach: Attach | None = None) -> Result:
        """A command in a process of its own."""
        return self.warm.run(arguments, self.environment, self.home, attach)

    def plan(self, *options: str) -> str:
        """Scan both roots and plan them; then a name is taken that the plan wanted. Returns the plan's id."""
        session = self.here("scan", *self.roots, "--json").json["session"]
        created = self.here("stage", "create", "--session", session, "--output", self.target, "--json", *options)
        assert created.status == 0, created
        stamp(self.target / "Development/Source code/taken.sh", b"#!/bin/sh\necho a stranger's\n")
        return str(created.json["plan"])


def fill_inbox(folder: Path) -> None:
    """The near root: every kind of file, name and attribute."""
    top = os.fsencode(folder)
    files = {
        b"plain.csv": table(1),
        b"tables/caf\xe9\n.csv": table(2),
        b"tables/" + b"n" * 251 + b".csv": table(3),
        "tables/Zürich.csv".encode(): table(4),
        "tables/Zu\u0308rich.csv".encode(): table(5),
        b"tables/deep/deeper/last.csv": table(6),
        b"linked/one.csv": table(7),
        b"attributes.csv": table(8),
        b"setuid.csv": table(9),
        b"what.xyz": b"hm",
        b"taken.sh": b"#!/bin/sh\necho mine\n",
    }
    for path, content in files.items():
        stamp(top + b"/" + path, content)
    _set_or_go_on(lambda: os.link(top + b"/linked/one.csv", top + b"/linked/two.csv"))
    os.symlink(b"plain.csv", top + b"/link")
    _make_sparse(top + b"/sparse.csv")
    _set_or_go_on(lambda: os.setxattr(top + b"/attributes.csv", "user.comment", b"mine"))
    _set_or_go_on(lambda: os.setxattr(top + b"/attributes.csv", "system.posix_acl_access", acl_for(12345)))
    os.chmod(top + b"/setuid.csv", 0o4755)
    _age(top)


def fill_distant(folder: Path) -> None:
    """The root that may be on another filesystem."""
    top = os.fsencode(folder)
    stamp(top + b"/far/far.csv", table(20))
    stamp(top + b"/far/deep/big.csv", TABLE + b"y,%d\n" * 4 % (1, 2, 3, 4) + b"z,5\n" * (BIG // 32))
    stamp(top + b"/far/attributes.csv", table(21))
    _set_or_go_on(lambda: os.setxattr(top + b"/far/attributes.csv", "user.comment", b"mine too"))
    os.chmod(top + b"/far/attributes.csv", 0o2710)
    _make_sparse(top + b"/far/far sparse.csv", b"9,9\n")
    _age(top)


def fill_target(folder: Path) -> None:
    """What is in the target already: a stranger, and a file with a name that one of the inbox will want."""
    stamp(os.fsencode(folder) + b"/Data/Datasets/plain.csv", b"a,b\nthe,target's\n")
    stamp(os.fsencode(folder) + b"/theirs.txt", b"theirs")
    _age(os.fsencode(folder))


def stamp(path: Path | bytes, content: bytes) -> None:
    """Make a file, and the folders it lies in."""
    name = os.fsencode(path)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "xb") as file:
        file.write(content)


def acl_for(uid: int) -> bytes:
    """An access ACL with one named user, as Linux stores it."""
    nobody = 0xFFFFFFFF
    rows = ((1, 6, nobody), (2, 4, uid), (4, 4, nobody), (16, 4, nobody), (32, 4, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)


def _make_sparse(path: bytes, last: bytes = b"8,8\n") -> None:
    with open(path, "xb") as file:
        file.write(TABLE)
        file.write(b"1,2\n" * 4096)
        file.truncate(1 << 20)
        file.seek(0, os.SEEK_END)
        file.write(last)


def _set_or_go_on(effect: Callable[[], None]) -> None:
    """Not every filesystem has extended attributes, ACLs and hard links."""
    try:
        effect()
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.EPERM}:
            raise


def _age(top: bytes) -> None:
    """All files and folders are from `THEN_NS`."""
    for here, _, names in os.walk(top, topdown=False):
        for name in names:
            os.utime(os.path.join(here, name), ns=(THEN_NS, THEN_NS), follow_symlinks=False)
        os.utime(here, ns=(THEN_NS, THEN_NS))


def holes(path: bytes) -> bool:
    """Whether a file takes less room than its size says."""
    row = os.lstat(path)
    return row.st_blocks * 512 < row.st_size


def is_setuid(path: bytes) -> bool:
    """Whether the setuid bit is there."""
    return bool(os.lstat(path).st_mode & stat.S_ISUID)


# What follows an interruption


def assert_recovers(bench: Bench, oracle: Oracle, when: object, attach: Attach | None = None) -> None:
    """Recovery (which may itself be interrupted once) settles everything; the second one finds nothing to do."""
    if attach is not None:
        bench.typed("recover", "--json", attach=attach)
        oracle.assert_nothing_lost(when)
    first = bench.here("recover", "--json")
    assert "Traceback" not in first.err, (when, first)
    assert first.status in {0, 3}, (when, first)
    runs = first.json["recovered"]
    assert (first.status == 3) == any(run["problems"] for run in runs), (when, first)
    oracle.assert_settled(when)
    found = {folder: sorted(os.walk(folder)) for folder in oracle.folders}
    assert bench.here("recover", "--json").json["recovered"] == [], when
    assert {folder: sorted(os.walk(folder)) for folder in oracle.folders} == found, when


def assert_goes_on(bench: Bench, oracle: Oracle, plan: str, n_to_move: int, when: object, *, n_stay: int = 1) -> None:
    """The commit is taken up again, moves all that is left, and is proved; `n_stay` of the planned files cannot go: the one
    whose name is taken, and what a filesystem refuses."""
    n_before, n_away = oracle.n_in_roots(), oracle.n_scanned - oracle.n_in_roots()
    result = bench.here("commit", plan, "--yes", "--json")
    if n_away == n_to_move:  # only the file whose name is taken is left
        assert (result.status, result.is_refused) == (4, True), (when, result)
    else:
        fields = fields_of(result)
        assert fields["moved_before"] == n_away, (when, fields, n_away)
        assert_true(fields, result.status, n_before - oracle.n_in_roots())
        assert result.status == 3, (when, result)  # the name that is taken
    assert oracle.n_scanned - oracle.n_in_roots() == n_to_move, (when, result)
    oracle.assert_settled(when)
    proof = bench.here("verify", plan, "--json")
    found = {key: proof.json[key] for key in ("holds", "missing", "changed", "moved_back", "not_moved")}
    assert found == {"holds": True, "missing": [], "changed": [], "moved_back": 0, "not_moved": n_stay}, (when, proof)
    assert proof.status == 3, (when, proof)  # that name again


def assert_goes_back(
    bench: Bench, oracle: Oracle, plan: str, when: object, *, exactly: bool = True, told: Collection[str] = ()
) -> None:
    """A rollback brings everything to where it was, unless nothing has happened at all; `exactly`: the target's time, too.

    `told`: folders of which it was said that their times could not be set.
    """
    has_begun = bench.state_of(plan) in {"committed", "committing"}
    if has_begun:
        n_before = oracle.n_in_roots()
        result = bench.here("rollback", plan, "--yes", "--json")
        assert result.status == 0, (when, result)
        assert_true(result.json, result.status, oracle.n_in_roots() - n_before)
    oracle.assert_as_before(when, target_time_may_differ=not exactly, told=told)


class Trials:
    """Many trials of one test: each that fails is named at the end, not only the first."""

    def __init__(self) -> None:
        self.n_trials = 0
        self._failed: list[str] = []

    @contextmanager
    def trial(self, when: object) -> Iterator[None]:
        """One trial."""
        self.n_trials += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001  reported by `__exit__`
            last = traceback.extract_tb(error.__traceback__)[-1]
            self._failed.append(f"{when}\n    {last.name}, line {last.lineno}: {str(error)[:600]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            assert self.n_trials
            assert not self._failed, f"{len(self._failed)} of {self.n_trials} trials\n" + "\n".join(self._failed[:12])


def fields_of(result: Result) -> dict[str, Any]:
    """The JSON of a result, with its error in view where there is none."""
    assert not result.is_refused, result
    return dict(result.json)


def ended_well(results: Sequence[Result]) -> bool:
    """Whether all of them did all."""
    return all(result.status == 0 for result in results)
