"""The scenes of the undo's proofs: what is set up, which command is then disturbed, and what everything must be like in the end.

The files are few, so that each command can be disturbed at every call, and still every kind is there that the undo tells apart:
what is held in the content store and what is not, what is elsewhere too and what is the last of its content, what was edited,
whose old place is taken, what was copied from another filesystem, and what has two names.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from ifmosfs.app.snapshotting import held_place
from ifmosfs.app.versioning import read_manifest
from ifmosfs.core.journal import RunKind
from ifmosfs.core.manifest import Protection
from ifmosfs.core.plan import PlanState
from tests.cli.command_line import INVOICE, SCRIPT, THEN_NS, Result
from tests.oracle import CONTROL, Entry, Item, damage, picture, stock, temporary_names
from tests.proof.bench import Bench, stamp, table
from tests.proof.conftest import remove
from tests.proof.tracing import Call, changes_in, listing

DATA, CODE, PAPERS = "Data/Datasets", "Development/Source code", "Financial/Documents/2021"
THEIR_SCRIPT, THEIR_TABLE = b"#!/bin/sh\necho theirs\n", b"a,b\nthe,target's\n"
OF_THE_CLOCK = re.compile(rb"\(rolled back [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{4}\)")
RANDOM_ID = re.compile(rb"(?<=/)[0-9a-f]{10}(?=/|$)")
DAY_NS = 86_400_000_000_000

Command = Sequence[str | Path]
Digests = frozenset[str]


@dataclass(frozen=True)
class UndoBench(Bench):
    """A bench with a few files only."""

    def fill(self) -> None:
        """Make the folders and all that is in them."""
        self.home.mkdir(parents=True)
        stamp(self.inbox / "plain.csv", table(1))
        stamp(self.inbox / "linked/one.csv", table(2))
        stamp(self.inbox / "run.sh", SCRIPT)
        stamp(self.inbox / "invoice-17.txt", INVOICE)
        stamp(self.inbox / "what.xyz", b"hm")
        os.link(self.inbox / "linked/one.csv", self.inbox / "linked/two.csv")
        stamp(self.distant / "far/far.csv", table(3))
        stamp(self.target / CODE / "run.sh", THEIR_SCRIPT)
        stamp(self.target / DATA / "plain.csv", THEIR_TABLE)
        for folder in (*self.roots, self.target):
            for here, _, names in os.walk(folder, topdown=False):
                for name in (*names, "."):
                    os.utime(os.path.join(here, name), ns=(THEN_NS, THEN_NS))

    @property
    def folders(self) -> tuple[Path, ...]:
        """All that is not the program's own."""
        return *self.roots, self.target

    def done(self, *command: str | Path, status: int = 0) -> Result:
        """A command of the set-up, which ends so."""
        result = self.here(*command)
        assert result.status == status, (command, result)
        return result

    def committed_both(self, *options: str) -> str:
        """Both roots are scanned, planned and committed; returns the plan's id."""
        session = self.done("scan", *self.roots, "--json").json["session"]
        words = ("stage", "create", "--session", session, "--output", self.target, "--json", *options)
        plan = str(self.done(*words).json["plan"])
        self.done("commit", plan, "--yes")
        return plan


# What is disturbed


class Scene(NamedTuple):
    """`prepare` sets up all that comes before the command, and gives the command. With `removes` it may remove names of contents
    that other places have too. `ends` are the exit statuses of the same command once it has nothing more to do."""

    prepare: Callable[[UndoBench], Command]
    ends: frozenset[int] = frozenset({0})
    removes: bool = False


def roll_some_back(bench: UndoBench) -> Command:
    """Some files of a plan are to go back: one was edited since, and the old place of another is taken."""
    plan = bench.committed_both()
    with open(bench.target / DATA / "far.csv", "ab") as file:
        file.write(b"edited,1\n")
    os.utime(bench.target / DATA / "far.csv", ns=(THEN_NS, THEN_NS + DAY_NS))
    stamp(bench.inbox / "plain.csv", b"newer,1\n")
    return "rollback", "execute", plan, "--paths", "*.csv", "--yes", "--json"


def roll_back_what_is_gone(bench: UndoBench) -> Command:
    """Of a plan two files are gone but held, and the old place of one of them is taken."""
    plan = bench.committed_both()
    bench.done("versions", "snapshot", "--name", "kept", "--content-max-size", "1k", bench.target)
    for path in (DATA + "/plain.csv", CODE + "/run.sh"):
        os.unlink(bench.target / path)
    stamp(bench.inbox / "run.sh", b"newer\n")
    return "rollback", plan, "--yes", "--json"


def roll_forth_again(bench: UndoBench) -> Command:
    """The rollback of a plan is to be undone, after one file came into the way."""
    plan = bench.committed_both()
    bench.done("rollback", plan, "--yes")
    stamp(bench.target / PAPERS / "invoice-17.txt", b"another\n")
    return "rollback", "execute", plan, "--redo", "--yes", "--json"


def snapshot_contents(bench: UndoBench, *more: str) -> Command:
    """The contents of two folders are to be kept."""
    bench.committed_both()
    return (
        "versions",
        "snapshot",
        "--name",
        "kept",
        "--content-max-size",
        "1k",
        bench.target,
        bench.inbox,
        *more,
        "--json",
    )


def restore_held(bench: UndoBench) -> Command:
    """Of a version two files are gone but held, one lies elsewhere, and one was edited."""
    bench.done(*snapshot_contents(bench))
    os.unlink(bench.target / DATA / "far.csv")
    os.unlink(bench.target / CODE / "run.sh")
    os.rename(bench.target / PAPERS / "invoice-17.txt", bench.inbox / "old.txt")
    with open(bench.inbox / "what.xyz", "ab") as file:
        file.write(b"edited")
    return "versions", "restore", "--version", "kept", "--yes", "--json"


def pick_some(bench: UndoBench) -> Command:
    """Of a version the tables are to come back: one is gone but held, one was moved away, and the name of one is taken."""
    bench.done(*snapshot_contents(bench))
    os.unlink(bench.target / DATA / "far.csv")
    os.rename(bench.target / DATA / "one.csv", bench.inbox / "moved.csv")
    os.rename(bench.target / DATA / "plain.csv", bench.inbox / "theirs.csv")
    stamp(bench.target / DATA / "plain.csv", b"newer,1\n")
    return "versions", "cherry-pick", "--version", "kept", "--paths", "*.csv", "--yes", "--json"


def prune_contents(bench: UndoBench) -> Command:
    """The manifest that needs the contents is to go; of one content the store is the last holder, and drafts were left over."""
    bench.done(*snapshot_contents(bench))
    os.unlink(bench.target / DATA / "far.csv")
    bench.done("versions", "snapshot", "--name", "names", bench.target)
    stamp(bench.state / "contents/.new-0123456789abcdef", b"a draft")
    return "versions", "prune", "--keep", "1", "--named", "--yes", "--json"


def empty_vault(bench: UndoBench) -> Command:
    """Two files were replaced; one of them is elsewhere too, the other is the last of its content."""
    bench.committed_both("--conflict", "replace")
    stamp(bench.target / "copy.sh", THEIR_SCRIPT)
    return "vault", "empty", "--yes", "--json"


def restore_vaulted(bench: UndoBench) -> Command:
    """Two files were replaced: the name of one is free again, that of the other is not."""
    bench.committed_both("--conflict", "replace")
    os.rename(bench.target / CODE / "run.sh", bench.inbox / "mine.sh")
    return "vault", "restore", bench.target / CODE / "run.sh", bench.target / DATA / "plain.csv", "--json"


SCENES = {
    "partial rollback": Scene(roll_some_back, frozenset({0, 2})),
    "redo": Scene(roll_forth_again, frozenset({0, 2})),
    "snapshot": Scene(snapshot_contents, frozenset({2})),
    "restore": Scene(restore_held),
    "cherry-pick": Scene(pick_some),
    "prune": Scene(prune_contents, removes=True),
    "vault empty": Scene(empty_vault, removes=True),
    "vault restore": Scene(restore_vaulted, frozenset({2, 3})),
    "rollback of what is gone": Scene(roll_back_what_is_gone, frozenset({0, 2})),
}


# What holds


class Ending(NamedTuple):
    """All that is left when a command has been done, with everything by random ids and by the clock made alike. `logged`: what the
    log says was taken back."""

    trees: dict[str, dict[bytes, Entry]]
    held: Digests
    logged: frozenset[str]


class Judge:
    """Made before the disturbed command; knows what must never be lost."""

    def __init__(self, bench: UndoBench, scene: Scene) -> None:
        self._bench = bench
        self.scene = scene
        self._began_ns = time.time_ns()
        self._before = stock(*bench.folders)
        self._vaulted = stock(bench.target / ".ifmosfs")
        self._held = held(bench)

    def assert_nothing_lost(self, when: object) -> None:
        """At any moment each name of each content is there; one may be removed only where that is asked for, and only in the vault
        or in the store, while another place has the content."""
        now, kept = stock(*self._bench.folders), held(self._bench)
        lost = self._before - now
        allowed = self._vaulted if self.scene.removes else Counter[Item]()
        assert not lost - allowed, (when, "lost", lost - allowed)
        assert self.scene.removes or self._held <= kept, (when, "not held any more", self._held - kept)
        somewhere = {item.digest for item in now} | kept
        nowhere = {item.digest for item in self._before} | self._held
        assert nowhere <= somewhere, (when, "the last holder is gone", nowhere - somewhere)

    def assert_sound(self, when: object) -> None:
        """After a recovery: no name that is reserved for work in hand, whole databases, no plan that nobody made, and each
        snapshot that is there is complete."""
        self.assert_nothing_lost(when)
        assert temporary_names(*self._bench.folders) == [], when
        assert damage(self._bench.state) == {}, when
        with App(load_settings(self._bench.environment)) as app:
            assert PlanState.STAGED not in {info.state for info in app.catalogue.plans()}, (
                when,
                "a plan that nobody made",
            )
            for info in app.catalogue.snapshots():
                for entry in read_manifest(app, info):
                    is_held = entry.level in {None, Protection.NAME} or (
                        entry.digest is not None and held_place(app, entry.digest)
                    )
                    assert is_held, (when, info.head.name, entry)
        assert self._bench.here("versions", "list").status == 0, when

    def ending(self) -> Ending:
        """How everything is. Times that the clock gave count as one."""
        trees = {folder.name.split()[0]: self._tree(folder) for folder in self._bench.folders}
        return Ending(trees, held(self._bench), logged(self._bench))

    def _tree(self, folder: Path) -> dict[bytes, Entry]:
        return {
            RANDOM_ID.sub(b"ID", OF_THE_CLOCK.sub(b"(rolled back)", path)): (
                entry if entry.mtime_ns < self._began_ns - DAY_NS else entry._replace(mtime_ns=0)
            )
            for path, entry in picture(folder).items()
            if path != CONTROL  # the journal's folder, which comes and goes; the vault in it is looked at
        }


def held(bench: Bench) -> Digests:
    """The contents in the store, by what they really are."""
    return frozenset(item.digest for item in stock(*(bench.state / "contents").glob("[0-9a-f][0-9a-f]")))


def logged(bench: Bench) -> frozenset[str]:
    """What was chosen for each run of the journal that took something back, by the log of rollbacks; each run has its line there."""
    with App(load_settings(bench.environment)) as app, app.writing() as journal:
        lines = {entry.run_id: entry.selection for entry in app.catalogue.rollbacks()}
        assert lines.keys() == {run.run_id for run in journal.runs() if run.kind is RunKind.ROLLBACK}
    return frozenset(lines.values())


def leftovers(bench: Bench) -> list[Path]:
    """What an interrupted command has left in the state folder for the next prune: drafts, notes, copies on their way."""
    return sorted([*(bench.state / "contents").glob(".*"), *(bench.state / "restored").rglob("*")])


def assert_recovers(bench: UndoBench, judge: Judge, when: object) -> None:
    """Recovery settles everything, and the second one finds nothing to do."""
    first = bench.here("recover", "--json")
    assert "Traceback" not in first.err, (when, first)
    assert first.status in {0, 3}, (when, first)
    judge.assert_sound(when)
    assert bench.here("recover", "--json").json["recovered"] == [], when


def assert_ends_alike(
    bench: UndoBench, judge: Judge, command: Command, wanted: Undisturbed, when: object, told: Collection[str] = ()
) -> None:
    """The same command once more does the rest, or says that there is none; all is as if nothing had happened to the first one."""
    again = bench.here(*command)
    assert "Traceback" not in again.err, (when, again)
    assert again.status in judge.scene.ends | {wanted.status}, (when, again)
    assert again.status == wanted.status or again.out or "error[" in again.err, (when, again)
    judge.assert_sound(when)
    assert_alike(judge.ending(), wanted.ending, when, told)
    pruned = bench.here("versions", "prune", "--json")
    assert pruned.status == 0, (when, pruned)
    assert leftovers(bench) == [], when
    judge.assert_sound(when)


def not_let_be_set(call: Call, error: str, bench: Bench) -> frozenset[str]:
    """The target, if at this call the system does not let its own time be set back, as it does in somebody else's folder."""
    is_it = (call.name, error) == ("utimensat", "EACCES") and f"/{bench.target.name}>, NULL" in call.text
    return frozenset({str(bench.target)} if is_it else ())


NOT_HELD = "not held: "
LOGGED = "logged: "


def assert_alike(found: Ending, wanted: Ending, when: object, told: Collection[str] = ()) -> None:
    """The differences between two endings: none, but for what was `told`: folders whose times could not be set, or that could not be
    removed, contents that are not held, and that what a run did was taken back."""
    for name, tree in wanted.trees.items():
        other = found.trees[name]
        differing = {
            path: (other.get(path), tree.get(path))
            for path in {*other, *tree}
            if other.get(path) != tree.get(path)
            and not _only_times_differ(other.get(path), tree.get(path), name, path, told)
            and not _is_left_as_told(other.get(path), tree.get(path), path, told)
        }
        assert not differing, (when, name, differing)
    lacking = wanted.held - found.held
    assert found.held <= wanted.held, (when, found.held - wanted.held)
    assert len(lacking) <= sum(each.startswith(NOT_HELD) for each in told), (when, lacking)
    taken_back = {each.removeprefix(LOGGED) for each in told if each.startswith(LOGGED)}
    assert wanted.logged <= found.logged <= wanted.logged | taken_back, (when, found.logged, wanted.logged)


def _is_left_as_told(one: Entry | None, other: Entry | None, path: bytes, told: Collection[str]) -> bool:
    """Whether it is a folder that was to go, and that, or one in it, could not be removed."""
    if one is None or other is not None or not stat.S_ISDIR(one.mode):
        return False
    name = "/" + os.path.basename(os.fsdecode(path)) + "/"
    return any(name in each + "/" for each in told)


def _only_times_differ(one: Entry | None, other: Entry | None, name: str, path: bytes, told: Collection[str]) -> bool:
    if one is None or other is None or one._replace(mtime_ns=0) != other._replace(mtime_ns=0):
        return False
    if path == b".":
        return any(os.path.basename(each).startswith(name) for each in told)
    return any(each.endswith("/" + os.fsdecode(path)) for each in told)


class Undisturbed(NamedTuple):
    """How the command ends when nothing happens to it: its status, all that it changes, and by which calls."""

    status: int
    ending: Ending
    calls: tuple[Call, ...]


MakeUndoBench = Callable[[], AbstractContextManager[UndoBench]]


def undisturbed(make: MakeUndoBench, scene: Scene, log: Path) -> Undisturbed:
    """The command as it is when nothing happens to it."""
    with make() as bench:
        command = scene.prepare(bench)
        judge = Judge(bench, scene)
        result = bench.typed(*command, attach=listing(log))
        assert result.status in {0, 3}, result
        judge.assert_sound("undisturbed")
        return Undisturbed(result.status, judge.ending(), tuple(changes_in(log)))


def makers(benches: Callable[[], AbstractContextManager[Bench]]) -> MakeUndoBench:
    """Makes benches with a few files only."""

    @contextmanager
    def make() -> Iterator[UndoBench]:
        with benches() as bench:
            remove(bench.folder, bench.distant)
            few = UndoBench(bench.folder, bench.warm, bench.distant)
            few.fill()
            yield few

    return make
