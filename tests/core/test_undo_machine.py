"""Commits of several plans, rollbacks of all kinds, what people do meanwhile, and crashes, in any order, against a naive model.

The model knows no journal. Every content is unique, and of each it knows one thing: the place where it belongs once everything has
been rolled back. A commit and a rollback never change that. Who edits or saves a file anew makes another content that belongs to
the same place, and who moves a file by hand decides where it belongs from then on.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.followed import Followed, follow
from ifmosfs.core.history import MOVING, Key, holds_anything
from ifmosfs.core.journal import Run, RunKind, RunState
from ifmosfs.core.names import join
from ifmosfs.core.ordering import in_order
from ifmosfs.core.ports import Disk
from ifmosfs.core.reports import RunReport
from ifmosfs.core.rollback import RollbackOrder, plan_rollback, to_undo
from ifmosfs.core.selection import close_over
from ifmosfs.core.steps import Step
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import BOOT, TOP, recover_all, reserved_names, run_order

FOLDERS = (b"/in", b"/in/deep", b"/out", b"/usb")
NAMES = (b"a", b"b.txt", b"c\xff")
PLACES = tuple(folder + b"/" + name for folder in FOLDERS for name in NAMES)
MARK = b"rolled back"
BESIDE = re.compile(rb" \(rolled back(, \d+)?\)")


def place_of(path: bytes) -> Place:
    """An absolute path by its root."""
    _, root, below = path.split(b"/", 2)
    return Place(b"/" + root, below)


def files_on(disk: MemoryDisk, folder: Place = TOP) -> dict[bytes, bytes]:
    """Every file's content by its absolute path."""
    found: dict[bytes, bytes] = {}
    for name, attr in disk.list_folder(folder):
        place = Place(folder.root, join(folder.path, name))
        if attr.kind is Kind.FOLDER:
            found.update(files_on(disk, place))
        else:
            node = disk._find(place)
            found[place.absolute] = node.content
    return found


def without_mark(path: bytes) -> bytes:
    """The place beside which a file came back."""
    return BESIDE.sub(b"", path)


class UndoMachine(RuleBasedStateMachine):
    """`belongs` is the model: where each content is when all has been rolled back. `claims`: the places that commits have filled
    and that are to be emptied by rollbacks, with where what is there goes; a file that a person puts there goes there, too."""

    def __init__(self) -> None:
        super().__init__()
        tree = {b"in": {b"a": b"1", b"b.txt": b"2", b"deep": {b"a": b"3", b"c\xff": b"4"}}, b"out": {b"a": b"5"}}
        self.disk, self.journal = MemoryDisk.from_tree(tree), MemoryJournal()
        self.disk.add_filesystem(b"/usb", {b"a": b"6"})
        self.belongs = {content: path for path, content in files_on(self.disk).items()}
        self.claims: dict[bytes, bytes] = {}
        self.taken: dict[bytes, set[bytes]] = {}  # the places that people have taken the file of each content away from
        self.n_made = 10
        self.plans: list[str] = []

    # What the program does

    def _run(self, kind: RunKind, plan: str) -> Run:
        self.n_made += 1
        return Run(f"r{self.n_made}", kind, plan, b"/out", RunState.RUNNING, self.n_made, BOOT, 1)

    def _carry_out(self, order: WorkOrder, crash: int | None) -> RunReport | None:
        """The report; of a run that crashed there is none."""
        before, report = files_on(self.disk), None
        disk: Disk = self.disk if crash is None else CrashAfter(self.disk, crash // 2, after=crash % 2 == 1)
        try:
            report = run_order(order, disk, self.journal)
        except Crash:
            recover_all(self.disk, self.journal)
        after = {content: path for path, content in files_on(self.disk).items()}
        for path, content in before.items():
            if after[content] != path:
                self.claims.pop(path, None)
        for path, content in before.items():
            if after[content] != path and without_mark(after[content]) != self.belongs[content]:
                self.claims[after[content]] = self.belongs[content]
            elif after[content] != path:
                self.claims.pop(after[content], None)
        return report

    def _followed(self, plan: str) -> Followed:
        history = self.journal.history()
        return follow([each for each in history if each.run.plan_id == plan], history)

    def _planned(self, plan: str, undo: Sequence[str] | None = None, picks: Iterable[int] = ()) -> RollbackOrder:
        followed = self._followed(plan)
        only: frozenset[Key] | None = None
        undoable = [each for each in to_undo(followed.history, undo) if each.operation.kind in MOVING]
        if picks and undoable:
            keys = {undoable[pick % len(undoable)].key for pick in picks}
            only, _ = close_over(keys, undoable, followed.history)
        return plan_rollback(
            self._run(RunKind.ROLLBACK, plan),
            followed.history,
            self.disk,
            undo=undo,
            only=only,
            foreign=followed.foreign,
            back=followed.back,
            beside=MARK,
        )

    crashes = st.one_of(st.none(), st.integers(0, 30))

    @rule(
        wanted=st.lists(st.tuples(st.integers(0, 50), st.sampled_from(PLACES)), min_size=1, max_size=4),
        together=st.booleans(),
        crash=crashes,
    )
    def commit(self, wanted: list[tuple[int, bytes]], together: bool, crash: int | None) -> None:
        """A plan is made of files that are there and names that are free, or that the plan itself sets free."""
        files = sorted(files_on(self.disk))
        if not files:
            return
        moves = dict(zip((files[number % len(files)] for number, _ in wanted), (to for _, to in wanted), strict=False))
        free = set(PLACES) - set(files) | set(moves)
        chosen: dict[bytes, bytes] = {}
        for source, target in moves.items():
            # What is brought back to the place that it was taken away from is, by its inode, what is still to be rolled back.
            was_taken_there = target in self.taken.get(files_on(self.disk)[source], ())
            if target in free and target != source and target not in chosen.values() and not was_taken_there:
                chosen[source] = target
        while taken := [source for source, to in chosen.items() if to in files and to not in chosen]:
            del chosen[taken[0]]
        plan = f"p{len(self.plans)}"
        run = self._run(RunKind.COMMIT, plan)
        unit = 1 if together and len(chosen) > 1 else 0
        steps = tuple(
            Step(number, place_of(source), place_of(to), self.disk.lstat(place_of(source)).fingerprint, None, unit)
            for number, (source, to) in enumerate(chosen.items(), 1)
        )
        if steps:
            self.plans.append(plan)
            self._carry_out(WorkOrder(run, (), in_order(steps, run.run_id)), crash)

    @rule(number=st.integers(0, 9), crash=crashes)
    def roll_back_a_plan(self, number: int, crash: int | None) -> None:
        if self.plans:
            plan = self.plans[number % len(self.plans)]
            planned = self._planned(plan)
            report = self._carry_out(planned.order, crash)
            if planned.is_whole and report is not None and not report.problems:
                assert not holds_anything(self._followed(plan).history)

    @rule(number=st.integers(0, 9), picks=st.lists(st.integers(0, 9), min_size=1, max_size=2), crash=crashes)
    def roll_back_some_files(self, number: int, picks: list[int], crash: int | None) -> None:
        if self.plans:
            self._carry_out(self._planned(self.plans[number % len(self.plans)], None, picks).order, crash)

    @rule(number=st.integers(0, 30), picks=st.lists(st.integers(0, 9), max_size=1), crash=crashes)
    def roll_back_a_run(self, number: int, picks: list[int], crash: int | None) -> None:
        """Commits, rollbacks, and rollbacks of rollbacks; but not one whose files another plan has moved on from there since: what
        went forth again then would come from a place that its own plan has never known."""
        runs = self.journal.runs()
        if runs:
            run = runs[-1 - number % len(runs)]
            if run.kind is RunKind.ROLLBACK and self._is_moved_on(run):
                return
            self._carry_out(self._planned(run.plan_id, [run.run_id], picks).order, crash)

    def _is_moved_on(self, run: Run) -> bool:
        history = self.journal.history()
        at = next(number for number, each in enumerate(history) if each.run.run_id == run.run_id)
        left = {row.operation.target for row in history[at].recorded if row.operation.kind in MOVING}
        others = [each for each in history[at + 1 :] if each.run.plan_id != run.plan_id]
        return any(row.operation.source in left for each in others for row in each.recorded)

    # What people do

    def _content(self) -> bytes:
        self.n_made += 1
        return b"%d" % self.n_made

    def _some_file(self, number: int) -> bytes | None:
        files = sorted(files_on(self.disk))
        return files[number % len(files)] if files else None

    @rule(number=st.integers(0, 50), in_place=st.booleans())
    def edit(self, number: int, in_place: bool) -> None:
        """In place, or by an atomic save, which makes another file of the same name."""
        path = self._some_file(number)
        if path is not None:
            old, new = files_on(self.disk)[path], self._content()
            if not in_place:
                self.disk.remove(place_of(path))
            self.disk.write(place_of(path), new)
            self.belongs[new] = self.belongs.pop(old)
            self.taken[new] = self.taken.pop(old, set())

    @rule(number=st.integers(0, 50))
    def delete(self, number: int) -> None:
        path = self._some_file(number)
        if path is not None:
            del self.belongs[files_on(self.disk)[path]]
            self.disk.remove(place_of(path))

    @rule(path=st.sampled_from(PLACES))
    def create(self, path: bytes) -> None:
        """Where a commit has put a file that is not there any more, it is taken for that file."""
        if path not in files_on(self.disk):
            new = self._content()
            self.disk.write(place_of(path), new)
            self.belongs[new] = self.claims.get(path, path)

    @rule(number=st.integers(0, 50), path=st.sampled_from(PLACES))
    def move_by_hand(self, number: int, path: bytes) -> None:
        """To a place that no commit has filled: there two would have a claim to the file, by its name and by its inode. Nor back to
        where a person has taken it away: if a commit had brought it there, it is as if nobody had touched it."""
        source, files = self._some_file(number), files_on(self.disk)
        if (
            source is not None
            and path not in files
            and path not in self.claims
            and path not in self.taken.get(files[source], ())
            and source.startswith(b"/usb") == path.startswith(b"/usb")
        ):
            self.disk.rename_noreplace(place_of(source), place_of(path))
            self.belongs[files[source]] = path
            self.taken.setdefault(files[source], set()).add(source)

    # What must be so

    @invariant()
    def nothing_is_lost_and_nothing_is_left_over(self) -> None:
        assert sorted(files_on(self.disk).values()) == sorted(self.belongs)
        assert (reserved_names(self.disk), self.journal.unfinished()) == ([], [])

    def teardown(self) -> None:
        """Everything rolled back, the last plan first, gives the model's tree."""
        self.disk = copy.deepcopy(self.disk)
        for plan in reversed(self.plans):
            self._carry_out(self._planned(plan).order, None)
        found = {content: without_mark(path) for path, content in files_on(self.disk).items()}
        assert found == self.belongs


def test_rolling_everything_back_gives_the_models_tree_whatever_happened_before() -> None:
    """The same sequences each time; the slow test draws new ones."""
    profile = settings(max_examples=150, stateful_step_count=10, deadline=None, derandomize=True, database=None)
    run_state_machine_as_test(UndoMachine, settings=profile)


A_SWAP_AND_A_MOVE = {"wanted": [(0, b"/in/b.txt"), (1, b"/in/a"), (44, b"/in/c\xff")], "together": False, "crash": None}
ONCE_FAILED: dict[str, list[tuple[str, dict[str, object]]]] = {
    "saved anew after it went forth again": [
        ("commit", {"wanted": [(0, b"/in/deep/b.txt")], "together": False, "crash": None}),
        ("roll_back_a_plan", {"number": 0, "crash": None}),
        ("roll_back_a_run", {"number": 0, "picks": [], "crash": None}),
        ("move_by_hand", {"number": 0, "path": b"/in/a"}),
        ("edit", {"number": 3, "in_place": False}),
    ],
    "an earlier plan takes back what has gone forth again": [
        ("commit", A_SWAP_AND_A_MOVE),
        ("commit", {"wanted": [(0, b"/in/deep/a")], "together": False, "crash": None}),
        ("roll_back_a_plan", {"number": 1, "crash": None}),
        ("roll_back_a_run", {"number": 0, "picks": [], "crash": None}),
        ("roll_back_a_plan", {"number": 0, "crash": None}),
    ],
    "moved on, taken back over that, gone forth again, and then back one step": [
        ("commit", {"wanted": [(0, b"/out/b.txt")], "together": False, "crash": None}),
        ("commit", {"wanted": [(4, b"/in/c\xff")], "together": False, "crash": None}),
        ("roll_back_a_plan", {"number": 0, "crash": None}),
        ("roll_back_a_run", {"number": 0, "picks": [], "crash": None}),
        ("roll_back_a_plan", {"number": 1, "crash": None}),
    ],
    "a rollback of what went forth again names the first commit, and after it that of the rollback does not hold": [
        ("commit", {"wanted": [(3, b"/out/b.txt")], "together": False, "crash": None}),
        ("roll_back_a_plan", {"number": 0, "crash": None}),
        ("roll_back_a_run", {"number": 0, "picks": [], "crash": None}),
        ("roll_back_a_plan", {"number": 0, "crash": None}),
        ("move_by_hand", {"number": 3, "path": b"/out/b.txt"}),
        ("roll_back_a_run", {"number": 1, "picks": [], "crash": None}),
    ],
    "back to the place that another file of the plan was moved on to, which is gone": [
        ("delete", {"number": 16}),
        (
            "commit",
            {
                "crash": None,
                "together": False,
                "wanted": [(23, b"/in/deep/b.txt"), (39, b"/in/a"), (31, b"/in/deep/c\xff"), (0, b"/usb/c\xff")],
            },
        ),
        ("create", {"path": b"/out/b.txt"}),
        ("create", {"path": b"/in/c\xff"}),
        ("delete", {"number": 0}),
        ("delete", {"number": 14}),
        ("delete", {"number": 0}),
        ("create", {"path": b"/in/a"}),
        ("delete", {"number": 7}),
        ("move_by_hand", {"number": 0, "path": b"/out/c\xff"}),
        ("create", {"path": b"/in/c\xff"}),
        (
            "commit",
            {
                "crash": None,
                "together": False,
                "wanted": [(0, b"/in/a"), (0, b"/in/a"), (42, b"/in/deep/b.txt"), (0, b"/in/a")],
            },
        ),
        ("delete", {"number": 33}),
        ("commit", {"crash": None, "together": False, "wanted": [(0, b"/in/a"), (0, b"/out/b.txt")]}),
        ("delete", {"number": 38}),
    ],
    "moved on, taken back over that, gone forth again, and taken back once more": [
        ("commit", {"wanted": [(5, b"/out/b.txt")], "together": False, "crash": None}),
        ("commit", {"wanted": [(5, b"/usb/b.txt")], "together": False, "crash": None}),
        ("roll_back_a_plan", {"number": 0, "crash": None}),
        ("roll_back_a_run", {"number": 0, "picks": [], "crash": None}),
        ("roll_back_a_run", {"number": 0, "picks": [], "crash": None}),
    ],
    "back over another filesystem through the third name of a swap, of which the other file is gone": [
        ("create", {"path": b"/out/b.txt"}),
        ("delete", {"number": 15}),
        (
            "commit",
            {"wanted": [(3, b"/in/c\xff"), (0, b"/in/deep/a"), (31, b"/in/a")], "together": False, "crash": None},
        ),
        ("create", {"path": b"/in/deep/b.txt"}),
        ("commit", {"wanted": [(22, b"/out/a")], "together": False, "crash": None}),
        ("move_by_hand", {"number": 21, "path": b"/in/c\xff"}),
        ("roll_back_a_run", {"number": 28, "picks": [], "crash": None}),
        ("commit", {"wanted": [(30, b"/usb/b.txt")], "together": False, "crash": None}),
        ("roll_back_some_files", {"number": 0, "picks": [6], "crash": None}),
    ],
    "killed when a file was copied back to the third name of a swap, of which the other file is gone": [
        ("delete", {"number": 47}),
        ("create", {"path": b"/in/c\xff"}),
        ("move_by_hand", {"number": 0, "path": b"/out/c\xff"}),
        ("delete", {"number": 18}),
        ("delete", {"number": 11}),
        ("delete", {"number": 29}),
        ("delete", {"number": 39}),
        ("create", {"path": b"/usb/b.txt"}),
        ("create", {"path": b"/in/deep/a"}),
        (
            "commit",
            {
                "wanted": [(12, b"/out/a"), (41, b"/in/deep/a"), (35, b"/in/deep/c\xff")],
                "together": False,
                "crash": None,
            },
        ),
        ("create", {"path": b"/in/c\xff"}),
        ("delete", {"number": 26}),
        ("commit", {"wanted": [(30, b"/usb/c\xff")], "together": False, "crash": None}),
        ("roll_back_a_run", {"number": 21, "picks": [], "crash": 16}),
    ],
    "brought back by another plan to where this one has moved a file back that is gone, and saved anew": [
        ("delete", {"number": 34}),
        ("commit", {"wanted": [(12, b"/out/a"), (41, b"/in/deep/a")], "together": False, "crash": None}),
        ("commit", {"wanted": [(1, b"/in/b.txt")], "together": False, "crash": None}),
        ("create", {"path": b"/in/deep/b.txt"}),
        ("commit", {"wanted": [(47, b"/usb/b.txt")], "together": False, "crash": None}),
        ("roll_back_a_plan", {"number": 3, "crash": None}),
        ("commit", {"wanted": [(21, b"/out/a")], "together": False, "crash": None}),
        ("delete", {"number": 32}),
        ("roll_back_a_plan", {"number": 5, "crash": None}),
        ("delete", {"number": 22}),
        ("edit", {"number": 29, "in_place": False}),
    ],
    "back to the place of another file of the plan, which is gone": [
        ("commit", {"wanted": [(0, b"/out/b.txt"), (1, b"/out/c\xff")], "together": False, "crash": None}),
        ("commit", {"wanted": [(3, b"/in/b.txt")], "together": False, "crash": None}),
        ("commit", {"wanted": [(4, b"/out/b.txt")], "together": False, "crash": None}),
        ("delete", {"number": 4}),
        ("roll_back_a_plan", {"number": 1, "crash": None}),
    ],
}


@pytest.mark.parametrize("steps", ONCE_FAILED.values(), ids=ONCE_FAILED.keys())
def test_what_once_failed_gives_the_models_tree(steps: list[tuple[str, dict[str, object]]]) -> None:
    machine = UndoMachine()
    for name, arguments in steps:
        getattr(machine, name)(**arguments)
        machine.nothing_is_lost_and_nothing_is_left_over()
    machine.teardown()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_rolling_everything_back_gives_the_models_tree_after_long_sequences() -> None:
    run_state_machine_as_test(UndoMachine, settings=settings(max_examples=2000, stateful_step_count=50, deadline=None))
