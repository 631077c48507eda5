"""Kills in a commit, and its rollback, of what belongs together: companions, hard links, parts, a database with its log, a whole
project folder, and files that lose a conflict and go to the vault. After each recovery every unit is wholly here or wholly there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from ifmosfs.core.plan import Edit, EditKind
from tests.oracle import Oracle
from tests.proof.bench import Bench, Trials, assert_recovers, fill_distant, fill_target, stamp, table
from tests.proof.conftest import BenchMaker, remove
from tests.proof.tracing import Call, changes_in, every, failing, killing, listing, needs_strace, was_killed

pytestmark = [needs_strace, pytest.mark.timeout(1500)]

BELONGINGS = {
    b"plain.csv": b"a,b\nthe,newcomer\n",
    b"attributes.csv": table(30),
    b"wares/prog/.git/HEAD": b"ref: refs/heads/main\n",
    b"wares/prog/main.py": b"print(1)\n",
    b"wares/prog/data/table.csv": table(31),
    b"parts/all.zip.001": b"PK\x03\x04aaa",
    b"parts/all.zip.002": b"bbb",
    b"db/shop.sqlite": b"SQLite format 3\0" + bytes(100),
    b"db/shop.sqlite-wal": b"w" * 50,
    b"music/song.mp3": b"ID3\x03\0\0\0\0\0\0" + b"\xff\xfb\x90\0" * 100,
    b"music/song.lrc": b"[00:01.00]la\n",
    b"linked/one.csv": table(32),
}
UNITS = (
    (b"wares/prog/.git/HEAD", b"wares/prog/main.py", b"wares/prog/data/table.csv"),
    (b"parts/all.zip.001", b"parts/all.zip.002"),
    (b"db/shop.sqlite", b"db/shop.sqlite-wal"),
    (b"music/song.mp3", b"music/song.lrc"),
    (b"linked/one.csv", b"linked/two.csv"),
)
FAR_UNIT = (b"far/far.mp3", b"far/far.lrc")


@dataclass(frozen=True)
class Belongings(Bench):
    """A bench whose inbox holds units, and whose plan replaces what is in the way."""

    def fill(self) -> None:
        """Make the folders and all that is in them."""
        self.home.mkdir(parents=True)
        for path, content in BELONGINGS.items():
            stamp(os.fsencode(self.inbox) + b"/" + path, content)
        os.link(self.inbox / "linked/one.csv", self.inbox / "linked/two.csv")
        fill_distant(self.distant)
        for name, content in (
            (FAR_UNIT[0], b"ID3\x03\0\0\0\0\0\0" + b"\xff\xfb\x90\1" * 90),
            (FAR_UNIT[1], b"[00:02.00]lo\n"),
        ):
            stamp(os.fsencode(self.distant) + b"/" + name, content)
        fill_target(self.target)

    def plan(self, *options: str) -> str:
        """Scan, plan with `replace`, and move the project by an edit, as a person does in the mounted view."""
        session = self.here("scan", *self.roots, "--json").json["session"]
        created = self.here(
            "stage",
            "create",
            "--session",
            session,
            "--output",
            self.target,
            "--conflict",
            "replace",
            "--json",
            *options,
        )
        assert created.status == 0, created
        plan = str(created.json["plan"])
        with App(load_settings(self.environment), lambda *_: None) as app:
            app.catalogue.append_edit(
                plan, Edit(0, EditKind.MOVE, b"To review/projects/inbox/wares/prog", b"Projects/prog", 1)
            )
        return plan

    def assert_units_whole(self, when: object) -> None:
        """All of a unit is where it was, or none of it."""
        for root, units in ((self.inbox, UNITS), (self.distant, (FAR_UNIT,))):
            for unit in units:
                there = {os.path.lexists(os.fsencode(root) + b"/" + path) for path in unit}
                assert len(there) == 1, (when, unit)


Made = Callable[[], AbstractContextManager[Belongings]]


@pytest.fixture
def belongings(benches: BenchMaker) -> Made:
    """Makes benches with units."""

    @contextmanager
    def make():  # type: ignore[no-untyped-def]
        with benches() as bench:
            remove(bench.folder, bench.distant)
            made = Belongings(bench.folder, bench.warm, bench.distant)
            made.fill()
            yield made

    return make


def undisturbed(belongings: Made, log: Path, command: str) -> tuple[list[Call], int]:
    """The changing calls of a commit or rollback, and how many files of the roots it moves."""
    with belongings() as bench:
        plan = bench.plan()
        oracle = bench.oracle
        if command == "rollback":
            assert bench.here("commit", plan, "--yes").status == 0
        n_before = oracle.n_in_roots()
        result = bench.typed(command, plan, "--yes", "--json", attach=listing(log))
        assert (result.status, result.json["problems"]) == (0, []), result
        n_moved = abs(n_before - oracle.n_in_roots())
        bench.assert_units_whole(command)
        if command == "rollback":
            oracle.assert_as_before()
            return changes_in(log), n_moved
        oracle.assert_settled()
        assert (bench.target / "Projects/prog/.git/HEAD").exists()
        assert (bench.target / "Data/Datasets/plain.csv").read_bytes() == BELONGINGS[b"plain.csv"]
        assert (bench.here("verify", plan).status, result.json["vaulted"] > 0) == (0, True)
        assert bench.here("rollback", plan, "--yes").status == 0
        oracle.assert_as_before()
    return changes_in(log), n_moved


def assert_ends(bench: Belongings, oracle: Oracle, plan: str, n_moved: int, call: Call, *, goes_on: bool) -> None:
    """Recovery leaves units whole; the commit ends, or all goes back."""
    assert_recovers(bench, oracle, call)
    bench.assert_units_whole(call)
    if goes_on and bench.state_of(plan) != "committed":
        result = bench.here("commit", plan, "--yes", "--json")
        assert (result.status, result.json["problems"]) == (0, []), (str(call), result)
        assert oracle.n_scanned - oracle.n_in_roots() == n_moved, str(call)
        assert bench.here("verify", plan).status == 0, str(call)
    has_begun = bench.state_of(plan) in {"committed", "committing"}
    if has_begun:
        result = bench.here("rollback", plan, "--yes", "--json")
        assert (result.status, result.json["problems"]) == (0, []), (str(call), result)
    oracle.assert_as_before(str(call))


SELECTION = [pytest.param(61, 7, id="every 61st"), pytest.param(31, 7, id="every 31st", marks=pytest.mark.slow)]
ALL = [pytest.param(4, part, id=f"part {part}", marks=pytest.mark.slow) for part in range(4)]


@pytest.mark.parametrize(("step", "first"), SELECTION + ALL)
@pytest.mark.parametrize("command", ["commit", "rollback"])
def test_units_are_wholly_here_or_there_after_a_kill_at_any_call(
    belongings: Made, tmp_path: Path, command: str, step: int, first: int
) -> None:
    calls, n_moved = undisturbed(belongings, tmp_path / "log", command)
    with Trials() as trials:
        for number, call in enumerate(every(calls, step, first)):
            with trials.trial(call), belongings() as bench:
                plan = bench.plan()
                oracle = bench.oracle
                if command == "rollback":
                    bench.here("commit", plan, "--yes")
                result = bench.typed(command, plan, "--yes", "--json", attach=killing(call))
                assert was_killed(result.status, call), (str(call), result)
                oracle.assert_nothing_lost(call)
                goes_on = command == "commit" and number % 2 == 0
                assert_ends(bench, oracle, plan, n_moved, call, goes_on=goes_on)


def effects(calls: Sequence[Call]) -> list[Call]:
    """Those that touch the user's files."""
    return [
        call
        for call in calls
        if call.name in {"renameat2", "unlinkat", "copy_file_range", "mkdirat", "rmdir", "syncfs"}
    ]


@pytest.mark.parametrize(
    ("error", "step"),
    [
        pytest.param("EACCES", 9, id="EACCES, selection"),
        *(pytest.param(error, 1, marks=pytest.mark.slow) for error in ("EACCES", "ENOSPC", "EIO", "EXDEV")),
    ],
)
def test_units_are_wholly_here_or_there_after_an_error_at_any_call_of_a_commit(
    belongings: Made, tmp_path: Path, error: str, step: int
) -> None:
    calls, _ = undisturbed(belongings, tmp_path / "log", "commit")
    with Trials() as trials:
        for call in every(effects(calls), step, 2):
            with trials.trial((error, str(call))), belongings() as bench:
                plan = bench.plan()
                oracle = bench.oracle_of_content if error == "EXDEV" else bench.oracle
                result = bench.typed("commit", plan, "--yes", "--json", attach=failing(call, error))
                assert "Traceback" not in result.err, result
                oracle.assert_nothing_lost(call)
                behind = 0 if result.status else sum(result.json[key] for key in ("conflicts", "failed", "skipped"))
                assert behind == 0, result  # an emptied folder that could not be removed is only told
                assert_recovers(bench, oracle, call)
                bench.assert_units_whole(call)
                assert_goes_back_whole(bench, oracle, plan, call)


def assert_goes_back_whole(bench: Belongings, oracle: Oracle, plan: str, call: Call) -> None:
    """A rollback of what was done."""
    if bench.state_of(plan) in {"committed", "committing"}:
        assert bench.here("rollback", plan, "--yes").status == 0
    oracle.assert_as_before(str(call))
