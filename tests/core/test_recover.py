"""Recovery: a crash at every effect and every journal write, twice over; and each row of the decision table by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.errors import RecoveryNeeded
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import Operation, OpKind, OpState, Outcome, RunKind, RunState
from ifmosfs.core.recover import recover
from ifmosfs.core.reports import RecoveryReport
from ifmosfs.core.rollback import plan_rollback
from ifmosfs.core.steps import Step
from tests.adapters.faults import Crash, CrashAfter, FailAt, Recording
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import CrashAtWrite, MemoryJournal, TrippingJournal
from tests.adapters.trees import Tree
from tests.core import committing
from tests.core.committing import (
    BOOT,
    contents,
    everything,
    make_disk,
    make_order,
    make_run,
    recover_all,
    reserved_names,
    roll_back,
    run_order,
)


def n_effects_of_the_scenario() -> int:
    counting = CrashAfter(make_disk(), 10_000)
    run_order(make_order(counting), counting, MemoryJournal())
    return counting.n_effects


def n_writes_of_the_scenario() -> int:
    trip = CrashAtWrite(10_000, after=False)
    disk = make_disk()
    run_order(make_order(disk), disk, TrippingJournal(trip))
    return trip.n_writes


N_EFFECTS = n_effects_of_the_scenario()
N_WRITES = n_writes_of_the_scenario()


def crash_in_commit(n: int, *, after: bool) -> tuple[MemoryDisk, MemoryJournal, WorkOrder]:
    disk, journal = make_disk(), MemoryJournal()
    order = make_order(disk)
    with pytest.raises(Crash):
        run_order(order, CrashAfter(disk, n, after=after), journal)
    return disk, journal, order


def assert_whole(disk: MemoryDisk, journal: MemoryJournal, order: WorkOrder, *, resume: bool) -> None:
    """The oracle: nothing lost, nothing replaced, nothing left over; goes on to the planned tree, and back to the start."""
    start = everything(make_disk())
    assert contents(disk) == contents(make_disk())
    assert disk.tree(b"/out")[b"theirs"] == b"theirs"
    assert reserved_names(disk) == []
    assert [run.state for run in journal.runs()] == [RunState.STOPPED] * len(journal.runs())
    settled = everything(disk)
    again = [recover(run, disk, journal, now_ns=lambda: 9, boot_id=BOOT) for run in journal.runs()]
    assert [report.lines for report in again] == [()] * len(again)
    assert everything(disk) == settled
    if resume:
        report = run_order(committing.remaining(order, journal, "again"), disk, journal)
        assert (report.problems, disk.tree()) == ((), committing.AFTER)
    back = roll_back(disk, journal, "back")
    assert (back.problems, everything(disk)) == ((), start)


@pytest.mark.parametrize("resume", [False, True], ids=["roll back", "resume, then roll back"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("n", range(N_EFFECTS), ids="effect_{}".format)
def test_a_crash_at_any_effect_is_recovered(n: int, after: bool, resume: bool) -> None:
    disk, journal, order = crash_in_commit(n, after=after)
    recover_all(disk, journal)
    assert_whole(disk, journal, order, resume=resume)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("n", range(N_WRITES), ids="write_{}".format)
def test_a_crash_at_any_journal_write_is_recovered(n: int, after: bool) -> None:
    disk, journal = make_disk(), TrippingJournal(CrashAtWrite(n, after=after))
    order = make_order(disk)
    with pytest.raises(Crash):
        run_order(order, disk, journal)
    recover_all(disk, journal)
    if n == N_WRITES - 1 and after:
        assert (disk.tree(), journal.runs()[0].state) == (committing.AFTER, RunState.COMPLETE)
        return
    assert_whole(disk, journal, order, resume=True)


@pytest.mark.parametrize("n", range(N_EFFECTS), ids="effect_{}".format)
def test_a_crash_anywhere_in_the_recovery_is_recovered_by_the_next(n: int) -> None:
    m = 0
    while True:
        disk, journal, order = crash_in_commit(n, after=m % 2 == 1)
        crashing = CrashAfter(disk, m // 2, after=m % 2 == 1)
        try:
            recover_all(crashing, journal)
        except Crash:
            recover_all(disk, journal)
        assert_whole(disk, journal, order, resume=False)
        if crashing.n_effects <= m // 2:
            break
        m += 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_effect_of_a_rollback_is_recovered_and_the_rollback_taken_up_again(after: bool) -> None:
    start, n = everything(make_disk()), 0
    while True:
        disk, journal = make_disk(), MemoryJournal()
        run_order(make_order(disk), disk, journal)
        crashing = CrashAfter(disk, n, after=after)
        plan = plan_rollback(make_run("back", RunKind.ROLLBACK), journal.history(), disk)
        try:
            run_order(plan.order, crashing, journal)
        except Crash:
            recover_all(disk, journal)
            report = roll_back(disk, journal, "back again")
            assert report.problems == ()
        assert (everything(disk), reserved_names(disk)) == (start, [])
        if crashing.n_effects <= n:
            break
        n += 1
    assert n > 30


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_rollback_crashed_anywhere_and_then_refused_a_file_still_ends_at_the_start(after: bool) -> None:
    start, n, folder, name = everything(make_disk()), 0, Place(b"/out", b""), Place(b"/out", b"c")
    parked = Place(b"/out", b"parked")
    while True:
        disk, journal = make_disk(), MemoryJournal()
        run_order(make_order(disk), disk, journal)
        rename_unseen(disk, folder, name, parked)
        crashing = CrashAfter(disk, n, after=after)
        plan = plan_rollback(make_run("back", RunKind.ROLLBACK), journal.history(), disk)
        try:
            run_order(plan.order, crashing, journal)
        except Crash:
            recover_all(disk, journal)
            assert roll_back(disk, journal, "back again").problems == ()
        rename_unseen(disk, folder, parked, name)
        assert roll_back(disk, journal, "at last").problems == ()
        assert everything(disk) == start
        if crashing.n_effects <= n:
            break
        n += 1


def rename_unseen(disk: MemoryDisk, folder: Place, source: Place, target: Place) -> None:
    """Rename in a folder whose time stays as it is."""
    time_ns = disk.lstat(folder).mtime_ns
    disk.rename_noreplace(source, target)
    disk.set_times(folder, None, time_ns)


class Diary(Recording):
    """Notes what a recovery syncs, and which operations it settles as done without having synced their folders."""

    def __init__(self, disk: MemoryDisk, journal: MemoryJournal) -> None:
        super().__init__(disk)
        self.operations = {row.operation.seq: row.operation for row in journal.recorded("r1")}
        self.unsynced: list[Operation] = []
        self.n_settled = 0

    def trip(self, call: str, is_after: bool, values: tuple[object, ...]) -> None:
        synced = {path for change in self.changes if change[0] == "sync" for path in change[1:]}
        for outcome in values:
            if call == "settle" and not is_after and isinstance(outcome, Outcome) and outcome.state is OpState.DONE:
                self.n_settled += 1
                operation = self.operations[outcome.seq]
                there = {b"/", *everything(self)}
                if not folders_to_sync(operation) & there <= synced:
                    self.unsynced.append(operation)


def folders_to_sync(operation: Operation) -> set[object]:
    if operation.kind is OpKind.TIMES and operation.target is not None:
        return {operation.target.absolute}
    places = [place for place in (operation.source, operation.target) if place is not None]
    return {place.absolute.rpartition(b"/")[0] for place in places}


@pytest.mark.parametrize("n", range(N_EFFECTS), ids="effect_{}".format)
def test_recovery_settles_nothing_as_done_before_its_folders_are_synced(n: int) -> None:
    diaries: list[Diary] = []

    def note(call: str, is_after: bool, values: tuple[object, ...]) -> None:
        for diary in diaries:
            diary.trip(call, is_after, values)

    disk, journal = make_disk(), TrippingJournal(note)
    order = make_order(disk)
    with pytest.raises(Crash):
        run_order(order, CrashAfter(disk, n, after=True), journal)
    diary = Diary(disk, journal)
    diaries.append(diary)
    recover_all(diary, journal)
    assert (diary.unsynced, diary.n_settled > 0) == ([], True)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_plan_crashed_anywhere_loses_nothing_and_can_be_rolled_back(data: st.DataObject) -> None:
    tree = {b"in": {b"a": b"1", b"b": b"2"}, b"out": {b"c": b"3"}}
    disk = MemoryDisk.from_tree(tree)
    disk.add_filesystem(b"/usb", {b"a": b"4", b"d": b"5"})
    place = st.builds(Place, st.sampled_from([b"/in", b"/out", b"/usb"]), st.sampled_from([b"a", b"b", b"c", b"d"]))
    there = [Place(b"/in", b"a"), Place(b"/in", b"b"), Place(b"/out", b"c"), Place(b"/usb", b"a"), Place(b"/usb", b"d")]
    sources = data.draw(st.permutations(there))
    steps = tuple(
        Step(number, source, data.draw(place), disk.lstat(source).fingerprint) for number, source in enumerate(sources)
    )
    start, before, journal = everything(disk), contents(disk), MemoryJournal()
    crashing = CrashAfter(disk, data.draw(st.integers(0, 40)), after=data.draw(st.booleans()))
    try:
        run_order(WorkOrder(make_run(), steps=steps), crashing, journal, data.draw(st.integers(1, 5)))
    except Crash:
        recover_all(disk, journal)
    assert (contents(disk), reserved_names(disk)) == (before, [])
    report = roll_back(disk, journal, "back")
    assert (report.problems, everything(disk)) == ((), start)


# The decision table, row by row: one operation /in/f -> /out/f with a given state, on a given disk

SOURCE, TARGET = Place(b"/in", b"f"), Place(b"/out", b"f")
TEMPORARY, QUARANTINE = Place(b"/out", b".ifmosfs-t-r1-1"), Place(b"/in", b".ifmosfs-q-r1-1")
BYTES = b"the file"


@dataclass
class Row:
    """The disk with the planned file as `/in/f`, and the journal with its row."""

    disk: MemoryDisk
    journal: MemoryJournal
    expected: Fingerprint

    def settle(self, state: OpState, copy: Place | None = None) -> None:
        """Bring the row to a state, with what arrived read from a copy."""
        arrived = None if copy is None else self.disk.lstat(copy).fingerprint
        digest = None if copy is None else self.disk.digest(copy)
        self.journal.settle("r1", [Outcome(1, state, arrived, digest)])

    def copy(self, place: Place) -> None:
        """What `Disk.copy` does."""
        self.disk.copy(SOURCE, place, self.expected)

    def recover(self, boot_id: str = BOOT) -> RecoveryReport:
        """Recover the run."""
        return recover(self.journal.runs()[0], self.disk, self.journal, now_ns=lambda: 1, boot_id=boot_id)

    @property
    def trees(self) -> tuple[object, object]:
        """What is in the two folders."""
        return self.disk.tree(b"/in"), self.disk.tree(b"/out")

    @property
    def state(self) -> OpState:
        """The row's state."""
        return next(self.journal.recorded("r1")).outcome.state


@pytest.fixture(params=["one filesystem", "two filesystems"])
def row(request: pytest.FixtureRequest) -> Row:
    if request.param == "one filesystem":
        disk = MemoryDisk.from_tree({b"in": {b"f": BYTES}, b"out": {}})
    else:
        disk = MemoryDisk.from_tree({b"in": {b"f": BYTES}})
        disk.add_filesystem(b"/out", {})
    return make_row(disk)


@pytest.fixture
def near() -> Row:
    return make_row(MemoryDisk.from_tree({b"in": {b"f": BYTES}, b"out": {}}))


@pytest.fixture
def far() -> Row:
    disk = MemoryDisk.from_tree({b"in": {b"f": BYTES}})
    disk.add_filesystem(b"/out", {})
    return make_row(disk)


def make_row(disk: MemoryDisk) -> Row:
    journal, expected = MemoryJournal(), disk.lstat(SOURCE).fingerprint
    journal.begin(make_run())
    journal.intend("r1", [Operation(1, OpKind.MOVE, SOURCE, TARGET, expected, 1)])
    return Row(disk, journal, expected)


def codes(report: RecoveryReport) -> list[str]:
    return [each.code for each in report.problems]


def test_source_there_and_target_free_is_moved_now(row: Row) -> None:
    report = row.recover()
    assert (row.trees, row.state, codes(report)) == (({}, {b"f": BYTES}), OpState.DONE, [])
    assert [(line.found, line.did) for line in report.lines] == [
        ("source there, nothing at the target", "moved to its target now")
    ]


def test_source_gone_and_file_at_the_target_is_done(near: Row) -> None:
    near.disk.rename_noreplace(SOURCE, TARGET)
    report = near.recover()
    assert (report.n_done, near.trees, near.state) == (1, ({}, {b"f": BYTES}), OpState.DONE)
    assert [(line.found, line.did) for line in report.lines] == [
        ("source gone, something at the target", "the file is at its target")
    ]


def reserve(disk: MemoryDisk, place: Place, mtime_ns: int) -> None:
    disk.write(place, b"")
    disk._find(place).mtime_ns = mtime_ns
    keep_no_numbers(disk)


def keep_no_numbers(disk: MemoryDisk) -> None:
    disk._numbered_anew.update(disk._filesystems)


def test_placeholder_that_a_kill_has_left_at_the_target_goes(near: Row) -> None:
    reserve(near.disk, TARGET, near.expected.mtime_ns)
    assert codes(near.recover()) == []
    assert (near.trees, near.state) == (({}, {b"f": BYTES}), OpState.DONE)


def test_empty_file_of_another_time_at_the_target_is_somebodys(near: Row) -> None:
    reserve(near.disk, TARGET, near.expected.mtime_ns + 1)
    assert codes(near.recover()) == ["name-taken"]
    assert (near.trees, near.state) == (({b"f": BYTES}, {b"f": b""}), OpState.CONFLICT)


def test_empty_file_of_any_time_is_somebodys_where_no_placeholder_is_needed(near: Row) -> None:
    reserve(near.disk, TARGET, near.expected.mtime_ns)
    near.disk._numbered_anew.clear()
    assert codes(near.recover()) == ["name-taken"]
    assert (near.trees, near.state) == (({b"f": BYTES}, {b"f": b""}), OpState.CONFLICT)


def test_placeholders_at_the_other_names_of_a_copy_go(far: Row) -> None:
    far.copy(TEMPORARY)
    far.settle(OpState.COPIED, TEMPORARY)
    reserve(far.disk, TARGET, far.expected.mtime_ns)
    reserve(far.disk, QUARANTINE, far.expected.mtime_ns)
    assert codes(far.recover()) == []
    assert (far.trees, far.state) == (({}, {b"f": BYTES}), OpState.DONE)


@pytest.mark.parametrize(("inside", "ends_at"), [({}, b"to"), ({b"g": b"somebody's"}, b"from")])
def test_folder_is_carried_over_its_placeholder_unless_there_is_something_in_it(inside: Tree, ends_at: bytes) -> None:
    disk, journal = MemoryDisk.from_tree({b"from": {b"it": {b"f": b"1"}}, b"to": {b"it": inside}}), MemoryJournal()
    source, target = Place(b"/from", b"it"), Place(b"/to", b"it")
    disk.set_times(target, None, disk.lstat(source).mtime_ns)
    keep_no_numbers(disk)
    journal.begin(make_run())
    journal.intend("r1", [Operation(1, OpKind.CARRY, source, target, disk.lstat(source).fingerprint)])
    recover_all(disk, journal)
    found = {name: disk.tree(b"/" + name) for name in (b"from", b"to")}
    carried = {b"from": {}, b"to": {b"it": {b"f": b"1"}}}
    assert found == (carried if ends_at == b"to" else {b"from": {b"it": {b"f": b"1"}}, b"to": {b"it": inside}})


def test_both_names_of_one_inode_become_the_new_name_only(near: Row) -> None:
    near.disk.link(SOURCE, TARGET)
    assert (codes(near.recover()), near.trees, near.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)
    assert near.disk.lstat(TARGET).n_links == 1


def test_of_two_names_the_old_one_goes_only_when_the_new_one_is_durable(near: Row) -> None:
    near.disk.link(SOURCE, TARGET)
    recording = Recording(near.disk)
    recover(near.journal.runs()[0], recording, near.journal, now_ns=lambda: 1, boot_id=BOOT)
    assert recording.changes[:3] == [
        ("rename_noreplace", b"/in/f", b"/in/.ifmosfs-q-r1-1"),
        ("sync", b"/out"),
        ("unlink_checked", b"/in/.ifmosfs-q-r1-1"),
    ]


def test_a_taken_target_is_a_conflict(row: Row) -> None:
    row.disk.write(TARGET, b"a stranger's")
    report = row.recover()
    assert (row.trees, row.state) == (({b"f": BYTES}, {b"f": b"a stranger's"}), OpState.CONFLICT)
    assert codes(report) == ["name-taken"]


def test_the_same_content_in_another_file_at_the_target_is_still_a_strangers(row: Row) -> None:
    row.copy(TARGET)
    assert (codes(row.recover()), row.trees) == (["name-taken"], ({b"f": BYTES}, {b"f": BYTES}))


def test_a_replaced_source_stays_and_the_planned_file_is_looked_for(row: Row) -> None:
    row.disk.rename_noreplace(SOURCE, Place(b"/in", b"f~"))
    row.disk.write(SOURCE, b"newer")
    report = row.recover()
    assert (row.trees, row.state) == (({b"f": b"newer", b"f~": BYTES}, {}), OpState.CONFLICT)
    assert [each.words for each in report.problems] == [
        "the file changed since it was planned (the planned file is now /in/f~)"
    ]


def test_a_new_file_under_the_old_name_of_a_moved_one_is_left_alone(near: Row) -> None:
    near.disk.rename_noreplace(SOURCE, TARGET)
    near.disk.write(SOURCE, b"new")
    assert (codes(near.recover()), near.trees, near.state) == ([], ({b"f": b"new"}, {b"f": BYTES}), OpState.DONE)


@pytest.mark.parametrize("target", [None, b"a stranger's"], ids=["target free", "target taken"])
def test_a_vanished_file_is_reported_and_nothing_is_invented(row: Row, target: bytes | None) -> None:
    row.disk.remove(SOURCE)
    if target is not None:
        row.disk.write(TARGET, target)
    report = row.recover()
    assert (row.state, codes(report)) == (OpState.CONFLICT, ["vanished"])
    assert report.problems[0].words.endswith("(the planned file is in neither folder)")
    assert row.trees == ({}, {} if target is None else {b"f": target})


def test_a_quarantined_source_with_its_other_name_at_the_target_is_removed(near: Row) -> None:
    near.disk.link(SOURCE, TARGET)
    near.disk.rename_noreplace(SOURCE, QUARANTINE)
    assert (codes(near.recover()), near.trees, near.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


def test_a_quarantined_source_without_anything_at_the_target_gets_its_name_back_and_is_moved(row: Row) -> None:
    row.disk.rename_noreplace(SOURCE, QUARANTINE)
    assert (codes(row.recover()), row.trees, row.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


def test_a_source_that_a_move_by_link_put_aside_is_found(near: Row) -> None:
    aside = Place(b"/in", b".ifmosfs-q-%x" % near.expected.inode)
    near.disk.link(SOURCE, TARGET)
    near.disk.rename_noreplace(SOURCE, aside)
    assert (codes(near.recover()), near.trees, near.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


def test_a_quarantined_source_whose_name_is_taken_is_kept_and_named(row: Row) -> None:
    row.disk.rename_noreplace(SOURCE, QUARANTINE)
    row.disk.write(SOURCE, b"new")
    row.disk.write(TARGET, b"a stranger's")
    report = row.recover()
    assert (row.state, codes(report)) == (OpState.FAILED, ["rescued"])
    assert row.trees == ({b".ifmosfs-q-r1-1": BYTES, b"f": b"new"}, {b"f": b"a stranger's"})
    assert "/in/.ifmosfs-q-r1-1" in report.problems[0].words


def test_an_unfinished_copy_is_removed_and_made_again(far: Row) -> None:
    far.disk.write(TEMPORARY, b"the f")
    assert (codes(far.recover()), far.trees, far.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


@pytest.mark.parametrize("meddle", ["remove", "replace"])
def test_an_unfinished_copy_is_kept_when_the_source_no_longer_holds(far: Row, meddle: str) -> None:
    far.disk.write(TEMPORARY, b"the f")
    far.disk.remove(SOURCE)
    if meddle == "replace":
        far.disk.write(SOURCE, b"new")
    report = far.recover()
    assert (far.state, codes(report)) == (OpState.FAILED, ["rescued"])
    assert far.disk.tree(b"/out") == {b".ifmosfs-t-r1-1": b"the f"}


def test_a_complete_copy_is_published(far: Row) -> None:
    far.copy(TEMPORARY)
    far.settle(OpState.COPIED, TEMPORARY)
    recording = Recording(far.disk)
    recover(far.journal.runs()[0], recording, far.journal, now_ns=lambda: 1, boot_id=BOOT)
    assert (far.trees, far.state) == (({}, {b"f": BYTES}), OpState.DONE)
    assert "copy" not in [change[0] for change in recording.changes]


def test_a_copy_that_no_longer_reads_back_is_made_again(far: Row) -> None:
    far.copy(TEMPORARY)
    far.settle(OpState.COPIED, TEMPORARY)
    far.disk._find(TEMPORARY).content = b"rotten!!"  # same size and time
    assert (codes(far.recover()), far.trees, far.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


def test_a_complete_copy_of_a_source_that_is_gone_is_the_file(far: Row) -> None:
    far.copy(TEMPORARY)
    far.settle(OpState.COPIED, TEMPORARY)
    far.disk.remove(SOURCE)
    assert (codes(far.recover()), far.trees, far.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


def test_a_complete_copy_of_a_source_that_changed_is_kept_beside_it(far: Row) -> None:
    far.copy(TEMPORARY)
    far.settle(OpState.COPIED, TEMPORARY)
    far.disk.write(SOURCE, b"newer")
    report = far.recover()
    assert (far.trees, far.state) == (({b"f": b"newer"}, {b"f": BYTES}), OpState.DONE)
    assert codes(report) == ["both-kept"]


@pytest.mark.parametrize("state", [OpState.COPIED, OpState.PUBLISHED])
def test_a_published_copy_is_gone_on_with(far: Row, state: OpState) -> None:
    far.copy(TEMPORARY)
    far.settle(state, TEMPORARY)
    far.disk.rename_noreplace(TEMPORARY, TARGET)
    assert (codes(far.recover()), far.trees, far.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


@pytest.mark.parametrize("meddle", ["remove", "edit", "rot"])
def test_a_source_stays_when_its_published_copy_is_not_proved(far: Row, meddle: str) -> None:
    far.copy(TARGET)
    far.settle(OpState.PUBLISHED, TARGET)
    if meddle == "remove":
        far.disk.remove(TARGET)
    elif meddle == "edit":
        far.disk.write(TARGET, b"edited")
    else:
        far.disk._find(TARGET).content = b"rotten!!"
    report = far.recover()
    assert (far.disk.tree(b"/in"), far.state, codes(report)) == ({b"f": BYTES}, OpState.CONFLICT, ["copy-gone"])


@pytest.mark.parametrize("meddle", ["remove", "edit", "rot"])
def test_a_quarantined_source_gets_its_name_back_when_its_copy_is_not_proved(far: Row, meddle: str) -> None:
    far.copy(TARGET)
    far.disk.rename_noreplace(SOURCE, QUARANTINE)
    far.settle(OpState.QUARANTINED, TARGET)
    if meddle == "remove":
        far.disk.remove(TARGET)
    elif meddle == "edit":
        far.disk.write(TARGET, b"edited")
    else:
        far.disk._find(TARGET).content = b"rotten!!"
    far.recover()
    assert (far.disk.tree(b"/in"), far.state) == ({b"f": BYTES}, OpState.CONFLICT)


@pytest.mark.parametrize("unlinked", [False, True], ids=["before the unlink", "after the unlink"])
def test_a_quarantined_source_is_removed_once_its_copy_is_proved(far: Row, unlinked: bool) -> None:
    far.copy(TARGET)
    far.disk.rename_noreplace(SOURCE, QUARANTINE)
    far.settle(OpState.QUARANTINED, TARGET)
    if unlinked:
        far.disk.remove(QUARANTINE)
    assert (codes(far.recover()), far.trees, far.state) == ([], ({}, {b"f": BYTES}), OpState.DONE)


def test_a_file_that_cannot_be_looked_at_leaves_the_run_as_it_is(row: Row) -> None:
    failing = replace(row, disk=FailAt(row.disk, "lstat", 1, 13))  # type: ignore[arg-type]
    with pytest.raises(RecoveryNeeded, match="cannot look at it"):
        failing.recover()
    assert [run.state for run in row.journal.unfinished()] == [RunState.RUNNING]


# After an unclean boot


def test_a_done_move_that_the_drive_forgot_is_done_again_after_another_boot(near: Row) -> None:
    near.journal.settle("r1", [Outcome(1, OpState.DONE, near.expected)])
    assert (codes(near.recover("boot-2")), near.trees) == ([], ({}, {b"f": BYTES}))


def test_within_one_boot_what_is_done_is_not_looked_at(near: Row) -> None:
    near.journal.settle("r1", [Outcome(1, OpState.DONE, near.expected)])
    assert (near.recover().lines, near.trees) == ((), ({b"f": BYTES}, {}))


def test_a_done_move_that_is_nowhere_is_reported_after_another_boot(near: Row) -> None:
    near.journal.settle("r1", [Outcome(1, OpState.DONE, near.expected)])
    near.disk.remove(SOURCE)
    assert codes(near.recover("boot-2")) == ["not-as-committed"]


def test_a_copied_source_whose_removal_was_forgotten_is_removed_again_after_another_boot(far: Row) -> None:
    far.copy(TARGET)
    far.settle(OpState.DONE, TARGET)
    assert (codes(far.recover("boot-2")), far.trees) == ([], ({}, {b"f": BYTES}))


# Folders


FOLDER = Place(b"/out", b"folder")
META_OF_NOTHING = MemoryDisk.from_tree({b"x": {}}).folder_meta(Place(b"/x", b""))


@pytest.mark.parametrize(
    ("operation", "tree", "state"),
    [
        (Operation(1, OpKind.MKDIR, None, FOLDER), {b"folder": {}}, OpState.DONE),
        (Operation(1, OpKind.MKDIR, None, FOLDER), {}, OpState.SKIPPED),
        (Operation(1, OpKind.RMDIR, FOLDER, None, folder=META_OF_NOTHING), {}, OpState.DONE),
        (Operation(1, OpKind.RMDIR, FOLDER, None, folder=META_OF_NOTHING), {b"folder": {}}, OpState.SKIPPED),
        (Operation(1, OpKind.TIMES, None, FOLDER), {b"folder": {}}, OpState.DONE),
        (Operation(1, OpKind.TIMES, None, FOLDER), {}, OpState.SKIPPED),
    ],
    ids=["made", "not made", "removed", "not removed", "times", "times of a removed one"],
)
def test_a_folder_operation_is_settled_by_whether_the_folder_is_there(
    operation: Operation, tree: Tree, state: OpState
) -> None:
    disk, journal = MemoryDisk.from_tree({b"out": tree}), MemoryJournal()
    journal.begin(make_run())
    journal.intend("r1", [operation])
    recover_all(disk, journal)
    assert ([each.outcome.state for each in journal.recorded("r1")], disk.tree(b"/out")) == ([state], tree)


def test_a_restored_folder_gets_its_attributes_even_if_the_crash_came_between() -> None:
    disk, journal = MemoryDisk.from_tree({b"out": {b"folder": {}}}), MemoryJournal()
    meta = replace(disk.folder_meta(FOLDER), mode=0o711, uid=7, xattrs=(("user.x", b"1"),))
    journal.begin(make_run())
    journal.intend("r1", [Operation(1, OpKind.MKDIR, None, FOLDER, folder=meta)])
    recover_all(disk, journal)
    assert replace(disk.folder_meta(FOLDER), mtime_ns=meta.mtime_ns) == meta


def test_a_run_that_is_finished_is_left_alone() -> None:
    for state in (RunState.COMPLETE, RunState.STOPPED):
        disk, journal = make_disk(), MemoryJournal()
        journal.begin(make_run())
        journal.finish("r1", state, 1, None)
        report = recover(make_run(), disk, journal, now_ns=lambda: 2, boot_id="boot-2")
        assert (report.lines, journal.runs()[0].state) == ((), state)
