"""Units, displaced files, carried folders and cycles: all or nothing, whatever fails and wherever the run is cut short."""

from __future__ import annotations

import errno

import pytest

from ifmosfs.core.errors import IfmosfsError
from ifmosfs.core.execute import StopRequest, WorkOrder, execute
from ifmosfs.core.files import Place
from ifmosfs.core.journal import OpState, RunState
from ifmosfs.core.reports import StopCause
from ifmosfs.core.steps import Step
from ifmosfs.core.verify import verify
from tests.adapters.faults import Crash, CrashAfter, Delegating, FailAt
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import CrashAtWrite, MemoryJournal, TrippingJournal
from tests.core.committing import contents, everything, make_run, reserved_names, roll_back, run_order
from tests.core.scenes import SCENES, Scene, assert_all_or_none, crashes, ends_of, files, recovered

BLOCKED: dict[str, bytes] = {  # a name of the last step of each scene that is taken when its turn comes
    "two near": b"made/xmp",
    "two far": b"made/xmp",
    "near and far": b"made/xmp",
    "far replaces, with another": b"xmp",
}


@pytest.mark.parametrize("name", SCENES)
def test_a_unit_is_done_verified_and_rolled_back(name: str) -> None:
    scene, journal = SCENES[name], MemoryJournal()
    disk = scene.disk()
    report = run_order(scene.order(disk), disk, journal)
    assert (report.problems, report.state, report.n_skipped) == ((), RunState.COMPLETE, 0)
    assert report.n_done == (1 if scene.is_folder else len(scene.moves))
    assert report.n_vaulted == len(scene.displaced)
    checked = verify(journal.history(), disk)
    assert (checked.problems, checked.holds) == ((), True)
    assert assert_all_or_none(scene, disk, journal) == ends_of(scene)[1]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SCENES)
def test_a_unit_cut_short_at_any_effect_is_recovered_wholly_or_not_at_all(name: str, after: bool) -> None:
    n = 0
    for disk, journal in crashes(SCENES[name], after=after):
        recovered(disk, journal)
        assert_all_or_none(SCENES[name], disk, journal)
        n += 1
    assert n > 4


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SCENES)
def test_a_unit_cut_short_at_any_journal_write_is_recovered(name: str, after: bool) -> None:
    scene, n = SCENES[name], 0
    while True:
        trip = CrashAtWrite(n, after=after)
        disk, journal = scene.disk(), TrippingJournal(trip)
        try:
            run_order(scene.order(disk), disk, journal)
            died = False
        except Crash:
            died = True
            recovered(disk, journal)
        trip.n = -1  # it must not strike in the rollback
        assert_all_or_none(scene, disk, journal)
        if not died:
            break
        n += 1
    assert n > 4


@pytest.mark.parametrize("name", SCENES)
def test_a_recovery_cut_short_anywhere_is_finished_by_the_next(name: str) -> None:
    for after in (False, True):
        n_crashes = sum(1 for _ in crashes(SCENES[name], after=after))
        for which in range(n_crashes):
            m = 0
            while True:
                disk, journal = _crashed(name, which, after=after)
                crashing = CrashAfter(disk, m, after=after)
                try:
                    recovered(crashing, journal)
                except Crash:
                    recovered(disk, journal)
                assert_all_or_none(SCENES[name], disk, journal)
                if crashing.n_effects <= m:
                    break
                m += 1


def _crashed(name: str, which: int, *, after: bool) -> tuple[MemoryDisk, MemoryJournal]:
    scene = SCENES[name]
    disk, journal = scene.disk(), MemoryJournal()
    with pytest.raises(Crash):
        run_order(scene.order(disk), CrashAfter(disk, which, after=after), journal)
    return disk, journal


def occupied(name: str) -> tuple[Scene, MemoryDisk, WorkOrder]:
    """A scene whose last name somebody takes after it was prepared."""
    scene = SCENES[name]
    disk = scene.disk()
    order = scene.order(disk)
    path = BLOCKED[name]
    if path.startswith(b"made/"):
        disk.make_folder(Place(b"/out", b"made"), 0o755)
    disk.write(Place(b"/out", path), b"theirs")
    return scene, disk, order


@pytest.mark.parametrize("name", BLOCKED)
def test_a_taken_name_keeps_the_whole_unit(name: str) -> None:
    scene, disk, order = occupied(name)
    before, journal = files(disk), MemoryJournal()
    report = run_order(order, disk, journal)
    assert files(disk) == before
    assert (report.n_done, report.n_conflicts, report.n_vaulted) == (0, len(scene.moves), 0)
    kept = [each for each in report.problems if each.code in {"unit-kept-together", "keeps-its-name"}]
    displaced = [each.path for each in kept if each.code == "keeps-its-name"]
    assert displaced == [b"/out/" + path for path in scene.displaced]
    guilty = [each for each in report.problems if each not in kept]
    assert [(each.code, each.path) for each in guilty] == [("name-taken", b"/out/" + BLOCKED[name])]
    assert len(kept) == len(order.steps) - 1
    assert all("/out/" + BLOCKED[name].decode() in each.words for each in kept)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", BLOCKED)
def test_a_unit_that_goes_back_and_is_cut_short_then_is_recovered_to_nothing(name: str, after: bool) -> None:
    n = 0
    while True:
        _, disk, order = occupied(name)
        before, whole = files(disk), contents(disk)
        crashing, journal = CrashAfter(disk, n, after=after), MemoryJournal()
        try:
            run_order(order, crashing, journal)
        except Crash:
            twice = CrashAfter(disk, n % 3, after=after)
            try:
                recovered(twice, journal)
            except Crash:
                recovered(disk, journal)
        assert (files(disk), contents(disk), reserved_names(disk)) == (before, whole, [])
        if crashing.n_effects <= n:
            break
        n += 1
    assert n > 4


CALLS = ("rename_noreplace", "copy", "unlink_checked", "lstat", "arrival", "sync")
ERRORS = (errno.EACCES, errno.ENOSPC, errno.EIO)


@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", SCENES)
def test_a_unit_with_any_error_at_any_call_ends_wholly_or_not_at_all(name: str, call: str, number: int) -> None:
    scene, n = SCENES[name], 1
    while True:
        disk, journal = scene.disk(), MemoryJournal()
        order = scene.order(disk)
        failing = FailAt(disk, call, n, number)
        try:
            run_order(order, failing, journal)
        except IfmosfsError:
            recovered(disk, journal)
        assert_all_or_none(
            scene, disk, journal, with_times=call != "lstat"
        )  # the time of what could not be looked at is lost
        if failing.n_calls < n:
            break
        n += 1


def test_a_full_disk_in_the_middle_of_a_unit_leaves_it_for_later() -> None:
    scene, journal = SCENES["two near"], MemoryJournal()
    disk = scene.disk()
    report = run_order(scene.order(disk), FailAt(disk, "rename_noreplace", 2, errno.ENOSPC), journal)
    assert (report.stop_cause, report.n_skipped, report.problems) == (StopCause.DISK_FULL, 2, ())
    assert files(disk) == ends_of(scene)[0]


def test_a_file_that_cannot_be_put_back_is_told_and_still_rolled_back() -> None:
    _, disk, order = occupied("two near")
    journal = MemoryJournal()
    report = run_order(order, FailAt(disk, "rename_noreplace", 3, errno.EACCES), journal)  # the first that goes back
    assert [each.code for each in report.problems] == ["unit-split", "name-taken"]
    assert (report.n_done, report.n_conflicts) == (1, 1)
    assert disk.tree(b"/out/made") == {b"raw": b"raw", b"xmp": b"theirs"}
    assert roll_back(disk, journal, "back").n_done == 1
    assert disk.tree(b"/in")[b"raw"] == b"raw"


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_a_unit_is_never_split_between_batches_and_settled_at_once(batch_size: int) -> None:
    writes: list[tuple[str, int]] = []

    def note(call: str, is_after: bool, values: tuple[object, ...]) -> None:
        if not is_after and call in {"intend", "settle"}:
            writes.append((call, len(values)))

    disk = MemoryDisk.from_tree({b"in": {b"%d" % n: b"x%d" % n for n in range(6)}, b"out": {}})
    units = (0, 1, 1, 1, 1, 2)
    steps = tuple(
        Step(n + 1, Place(b"/in", b"%d" % n), Place(b"/out", b"%d" % n), _print(disk, b"%d" % n), None, unit=unit)
        for n, unit in enumerate(units)
    )
    run_order(WorkOrder(make_run(), (), steps), disk, TrippingJournal(note), batch_size)
    sizes = {1: [1, 4, 1], 2: [5, 1], 3: [5, 1]}[batch_size]
    assert writes[1:-1] == [each for size in sizes for each in (("intend", size), ("settle", size))]


def _print(disk: MemoryDisk, name: bytes):  # type: ignore[no-untyped-def]
    return disk.lstat(Place(b"/in", name)).fingerprint


def test_a_unit_that_has_begun_is_finished_when_someone_interrupts_now() -> None:
    scene, journal = SCENES["two near"], MemoryJournal()
    disk, asked = scene.disk(), []

    def stop() -> StopRequest | None:
        asked.append(None)
        return StopRequest.NOW if len(asked) > 1 else None

    order = scene.order(disk)
    more = Step(3, Place(b"/in", b"more"), Place(b"/out", b"more"), _print(disk, b"more"))
    order = WorkOrder(order.run, order.folders, (*order.steps, more))
    report = execute(order, disk, journal, now_ns=lambda: 1, stop=stop)
    assert (report.n_done, report.n_skipped, report.stop_cause) == (2, 1, StopCause.INTERRUPTED)


def test_a_unit_that_has_not_begun_is_not() -> None:
    scene = SCENES["two far"]
    disk = scene.disk()
    report = execute(scene.order(disk), disk, MemoryJournal(), now_ns=lambda: 1, stop=lambda: StopRequest.NOW)
    assert (report.n_skipped, files(disk)) == (2, ends_of(scene)[0])


def test_hard_links_are_not_broken_across_filesystems_and_keep_their_unit() -> None:
    scene = SCENES["two far"]
    disk = scene.disk()
    order = scene.order(disk)
    disk.link(Place(b"/usb", b"xmp"), Place(b"/usb", b"other name"))
    before = files(disk)
    report = run_order(order, disk, MemoryJournal())
    assert sorted(each.code for each in report.problems) == ["hard-linked", "unit-kept-together"]
    assert (files(disk), reserved_names(disk)) == (before, [])


def test_names_exchanged_between_filesystems_are_refused_with_nothing_done() -> None:
    swap = Scene([((b"/out", b"a"), (b"/usb", b"raw")), ((b"/usb", b"raw"), (b"/out", b"a"))], is_cycle=True)
    disk = swap.disk()
    before = everything(disk)
    report = run_order(swap.order(disk), disk, MemoryJournal())
    assert "unit-elsewhere" in [each.code for each in report.problems]
    assert {path: entry[-1] for path, entry in everything(disk).items() if b"made" not in path} == {
        path: entry[-1] for path, entry in before.items()
    }


def test_a_drive_that_lied_about_one_file_of_a_unit_has_all_of_it_decided_anew() -> None:
    scene, journal = SCENES["two near"], TrippingJournal(CrashAtWrite(5, after=False))
    disk = scene.disk()
    with pytest.raises(Crash):
        run_order(scene.order(disk), disk, journal)
    rows = {row.operation.action_id: row.outcome.state for row in journal.recorded("r1") if row.operation.unit}
    assert rows == {1: OpState.DONE, 2: OpState.DONE}
    disk.rename_noreplace(Place(b"/out", b"made/xmp"), Place(b"/in", b"xmp"))
    recovered(FailAt(disk, "rename_noreplace", 1, errno.EACCES), journal, "boot-2")
    assert files(disk) == ends_of(scene)[0]
    assert [row.outcome.state for row in journal.recorded("r1") if row.operation.unit] == [
        OpState.CONFLICT,
        OpState.FAILED,
    ]


class ChangedOnceQuarantined(Delegating):
    """Another program writes to the second copy as soon as its source has its quarantine name."""

    def rename_noreplace(self, source: Place, target: Place) -> None:
        super().rename_noreplace(source, target)
        if b".ifmosfs-q-" in target.path and source.path == b"xmp":
            assert isinstance(self.disk, MemoryDisk)
            self.disk.write(Place(b"/out", b"made/xmp"), b"written to")


def test_all_of_a_unit_are_looked_at_once_more_before_the_first_source_is_removed() -> None:
    scene = SCENES["two far"]
    disk = scene.disk()
    before = files(disk)
    report = run_order(scene.order(disk), ChangedOnceQuarantined(disk), MemoryJournal())
    assert [each.code for each in report.problems] == ["unit-kept-together", "copy-gone"]
    assert disk.tree(b"/out/made") == {b"xmp": b"written to"}  # their bytes stay, ours are back
    disk.remove(Place(b"/out", b"made/xmp"))
    assert files(disk) == before
