"""Commit: what arrives, what stops a file, what stops a run, and the order of journal, effects and syncs."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.effects import POLICY, Response, response_to
from ifmosfs.core.errors import DiskFailed
from ifmosfs.core.execute import StopRequest, WorkOrder, execute
from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.journal import Operation, OpKind, OpState, Outcome, RunState
from ifmosfs.core.ports import Copied
from ifmosfs.core.reports import StopCause
from ifmosfs.core.steps import Step
from tests.adapters.faults import Delegating, FailAt
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal, TrippingJournal
from tests.core import committing
from tests.core.committing import (
    contents,
    make_disk,
    make_order,
    make_run,
    make_steps,
    reserved_names,
    run_order,
)

A, OLD = Place(b"/in", b"a"), Place(b"/out", b"old")
D, NEW_D = Place(b"/usb", b"pictures/d"), Place(b"/out", b"made/inner/d")


def codes(report: object) -> list[tuple[str, bytes]]:
    return [(each.code, each.path) for each in report.problems]  # type: ignore[attr-defined]


def states(journal: MemoryJournal, run_id: str = "r1") -> dict[int, OpState]:
    rows = journal.recorded(run_id)
    return {row.operation.action_id: row.outcome.state for row in rows if row.operation.kind is OpKind.MOVE}


class Meddling(Delegating):
    """Another program acts just before, or just after, the n-th call of a method."""

    def __init__(self, disk: MemoryDisk, call: str, n: int, act: object, *, after: bool = False) -> None:
        super().__init__(disk)
        self.memory, self.call, self.left, self.act, self.after = disk, call, n, act, after

    def _effect(self, call, places, go):  # type: ignore[no-untyped-def]
        self.left -= call == self.call
        now = call == self.call and self.left == 0
        if now and not self.after:
            self.act(self.memory)  # type: ignore[operator]
        answer = go()
        if now and self.after:
            self.act(self.memory)  # type: ignore[operator]
        return answer

    _look = _effect


def test_a_commit_makes_exactly_the_planned_tree() -> None:
    disk, journal = make_disk(), MemoryJournal()
    report = run_order(make_order(disk), disk, journal)
    assert disk.tree() == committing.AFTER
    assert (report.state, report.n_done, report.problems) == (RunState.COMPLETE, 7, ())
    assert (report.n_conflicts, report.n_failed, report.n_skipped) == (0, 0, 0)
    assert (report.n_folders_made, report.n_folders_removed) == (2, 3)
    assert [run.state for run in journal.runs()] == [RunState.COMPLETE]


def test_folders_get_the_wanted_modes_and_times() -> None:
    disk = make_disk()
    run_order(make_order(disk), disk, MemoryJournal())
    made, inner = disk.lstat(Place(b"/out", b"made")), disk.lstat(Place(b"/out", b"made/inner"))
    assert (made.mode & 0o7777, inner.mode & 0o7777, made.mtime_ns) == (0o755, 0o750, 111)
    assert disk.lstat(Place(b"/out", b"")).mtime_ns == 222


def test_files_keep_their_attributes_across_filesystems() -> None:
    disk = make_disk()
    before = disk.lstat(D)
    run_order(make_order(disk), disk, MemoryJournal())
    after = disk.lstat(NEW_D)
    assert (after.mode, after.uid, after.mtime_ns) == (before.mode, before.uid, before.mtime_ns)


def test_the_target_root_and_its_missing_parents_can_be_made() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1"}, b"home": {}})
    folders = ((Place(b"/home", b"new"), 0o700), (Place(b"/home", b"new/target"), 0o755))
    steps = make_steps(disk, [((b"/in", b"a"), (b"/home/new/target", b"a"))])
    report = run_order(WorkOrder(make_run(), folders, steps), disk, MemoryJournal())
    assert (report.n_done, disk.tree(b"/home")) == (1, {b"new": {b"target": {b"a": b"1"}}})


@pytest.mark.parametrize(
    ("meddle", "code"),
    [
        (lambda disk: disk.write(A, b"newer bytes"), "changed"),
        (lambda disk: disk.remove(A), "vanished"),
        (lambda disk: (disk.remove(A), disk.make_folder(A, 0o755)), "became-folder"),
        (lambda disk: (disk.remove(A), disk.write(A, b"first")), "changed"),
    ],
    ids=["written to", "removed", "a folder now", "saved anew with the same bytes"],
)
def test_a_source_that_is_not_the_planned_one_is_a_conflict(meddle: object, code: str) -> None:
    disk, journal = make_disk(), MemoryJournal()
    order = make_order(disk)
    meddle(disk)  # type: ignore[operator]
    stays = contents(disk)
    report = run_order(order, disk, journal)
    assert (codes(report), report.n_done, report.state) == ([(code, b"/in/a")], 6, RunState.COMPLETE)
    assert states(journal)[2] is OpState.CONFLICT
    assert contents(disk) == stays


@pytest.mark.parametrize(("action", "target"), [(2, OLD), (3, NEW_D)], ids=["rename", "copy"])
def test_a_name_that_is_taken_at_the_last_moment_is_a_conflict_and_nothing_is_replaced(
    action: int, target: Place
) -> None:
    disk = make_disk()
    order = make_order(disk)
    order = replace(order, steps=tuple(step for step in order.steps if step.action_id in {1, action}))
    call = "rename_noreplace" if action == 2 else "copy"
    meddling = Meddling(disk, call, 2 if action == 2 else 1, lambda memory: memory.write(target, b"a stranger's"))
    before = contents(disk)
    report = run_order(order, meddling, MemoryJournal())
    stranger = disk.digest(target)
    assert codes(report) == [("name-taken", target.absolute)]
    assert contents(disk) == before + type(before)([stranger])
    assert reserved_names(disk) == []


def save_anew(memory: MemoryDisk) -> None:
    memory.remove(A)
    memory.write(A, b"a newer version")


def test_a_newer_file_that_a_race_moved_is_put_back() -> None:
    disk = make_disk()
    order = replace(make_order(disk), steps=make_steps(disk, [((b"/in", b"a"), (b"/out", b"new"))]))
    report = run_order(order, Meddling(disk, "rename_noreplace", 1, save_anew), MemoryJournal())
    assert codes(report) == [("changed-while-moving", b"/in/a")]
    assert disk.tree(b"/in")[b"a"] == b"a newer version"
    assert b"new" not in disk.tree(b"/out")


def test_a_newer_file_that_cannot_be_put_back_is_reported_where_it_is() -> None:
    disk = make_disk()
    order = replace(make_order(disk), steps=make_steps(disk, [((b"/in", b"a"), (b"/out", b"new"))]))
    meddling = Meddling(disk, "rename_noreplace", 1, save_anew)
    again = Meddling(disk, "rename_noreplace", 1, lambda memory: memory.write(A, b"newest"), after=True)
    again.disk = meddling
    report = run_order(order, again, MemoryJournal())
    assert (codes(report), report.n_failed) == ([("misplaced", b"/out/new")], 1)
    assert (disk.tree(b"/in")[b"a"], disk.tree(b"/out")[b"new"]) == (b"newest", b"a newer version")


@pytest.mark.parametrize(
    ("call", "n", "after"),
    [("copy", 1, True), ("rename_noreplace", 4, False), ("rename_noreplace", 4, True), ("rename_noreplace", 5, False)],
)
def test_a_source_that_changes_while_it_is_copied_stays_and_the_copy_goes(call: str, n: int, after: bool) -> None:
    disk = make_disk()
    order = make_order(disk)

    def edit(memory: MemoryDisk) -> None:
        path = next(path for path in (D, quarantined_d()) if exists(memory, path))
        memory.write(path, b"edited")

    report = run_order(order, Meddling(disk, call, n, edit, after=after), MemoryJournal())
    assert codes(report) == [("changed-while-copying", D.absolute)]
    assert disk.tree(b"/usb") == {b"pictures": {b"d": b"edited"}}
    assert b"d" not in disk.tree(b"/out/made/inner")
    assert reserved_names(disk) == []


def far_only(order: WorkOrder) -> WorkOrder:
    return replace(order, steps=tuple(step for step in order.steps if step.source == D))


def test_a_newer_file_that_a_race_quarantined_gets_its_name_back_and_is_never_settled_as_the_source() -> None:
    disk, settled = make_disk(), list[OpState]()

    def note(call: str, is_after: bool, values: tuple[object, ...]) -> None:
        settled.extend(each.state for each in values if call == "settle" and isinstance(each, Outcome) and is_after)

    def save_anew(memory: MemoryDisk) -> None:
        memory.remove(D)
        memory.write(D, b"a newer version")

    meddling = Meddling(disk, "rename_noreplace", 3, save_anew)
    report = run_order(far_only(make_order(disk)), meddling, TrippingJournal(note))
    assert codes(report) == [("changed-while-copying", D.absolute)]
    assert (disk.tree(b"/usb/pictures")[b"d"], reserved_names(disk)) == (b"a newer version", [])
    assert OpState.QUARANTINED not in settled


@pytest.mark.parametrize("n", [2, 3], ids=["at once", "after the source was quarantined"])
def test_a_source_keeps_its_name_or_gets_it_back_when_its_published_copy_has_gone(n: int) -> None:
    disk = make_disk()
    before = contents(disk)
    meddling = Meddling(disk, "rename_noreplace", n, lambda memory: memory.remove(NEW_D), after=True)
    report = run_order(far_only(make_order(disk)), meddling, MemoryJournal())
    assert codes(report) == [("copy-gone", NEW_D.absolute)]
    assert (contents(disk), reserved_names(disk)) == (before, [])


def quarantined_d() -> Place:
    return Place(b"/usb", b"pictures/.ifmosfs-q-r1-%d" % 13)


def exists(disk: MemoryDisk, place: Place) -> bool:
    try:
        disk.lstat(place)
    except FileNotFoundError:
        return False
    return True


def test_a_hard_linked_file_is_not_copied() -> None:
    disk = make_disk()
    disk.link(D, Place(b"/usb", b"second name"))
    report = run_order(make_order(disk), disk, MemoryJournal())
    assert (codes(report), report.n_failed) == ([("hard-linked", D.absolute)], 1)
    assert disk.lstat(D).n_links == 2


def test_a_file_where_a_folder_is_wanted_stops_only_what_lies_below_it() -> None:
    disk = make_disk()
    order = make_order(disk)
    disk.write(Place(b"/out", b"made"), b"a file")
    report = run_order(order, disk, MemoryJournal())
    assert (report.n_done, report.n_conflicts, report.n_failed) == (4, 3, 0)
    assert disk.tree(b"/out")[b"made"] == b"a file"


def test_a_folder_that_is_there_already_is_used_and_not_counted_as_made() -> None:
    disk = make_disk()
    disk.make_folder(Place(b"/out", b"made"), 0o700)
    order = make_order(disk)
    report = run_order(order, disk, MemoryJournal())
    assert (report.n_done, report.n_folders_made, report.problems) == (7, 1, ())
    assert disk.lstat(Place(b"/out", b"made")).mode & 0o777 == 0o700


def test_a_source_folder_that_was_empty_before_and_a_root_are_never_removed() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"empty": {}, b"x": {b"b": b"2"}}, b"out": {}})
    steps = make_steps(disk, [((b"/in", b"a"), (b"/out", b"a")), ((b"/in", b"x/b"), (b"/out", b"b"))])
    run_order(WorkOrder(make_run(), steps=steps, remove_emptied=True), disk, MemoryJournal())
    assert disk.tree() == {b"in": {b"empty": {}}, b"out": {b"a": b"1", b"b": b"2"}}


# Errors of the operating system

REFUSALS = sorted(number for number, response in POLICY.items() if response is Response.REFUSED)
FATAL = (errno.EIO, errno.ESTALE, errno.ENOTCONN)


def test_only_one_error_means_another_filesystem_and_only_two_a_full_disk() -> None:
    assert {number for number, response in POLICY.items() if response is Response.COPY} == {errno.EXDEV}
    assert {number for number, response in POLICY.items() if response is Response.FULL} == {errno.ENOSPC, errno.EDQUOT}
    assert {number for number, response in POLICY.items() if response is Response.FATAL} == set(FATAL)
    assert {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ETXTBSY, errno.ENAMETOOLONG} <= set(REFUSALS)


def test_an_unknown_error_is_as_bad_as_the_worst() -> None:
    assert response_to(OSError(errno.ENOTRECOVERABLE, "strange")) is Response.FATAL
    assert response_to(OSError("no number")) is Response.FATAL


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_a_refused_rename_fails_that_file_only(number: int) -> None:
    disk = make_disk()
    before = contents(disk)
    report = run_order(make_order(disk), FailAt(disk, "rename_noreplace", 2, number), MemoryJournal())
    assert (codes(report), report.n_failed, report.n_done) == ([("refused", b"/in/a")], 1, 6)
    assert (disk.tree(b"/in")[b"a"], contents(disk)) == (b"first", before)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["rename_noreplace", "copy", "make_folder"])
def test_a_full_disk_stops_the_run_consistently_and_it_can_be_taken_up_again(call: str, number: int) -> None:
    n = 1
    while True:
        disk, journal = make_disk(), MemoryJournal()
        order, before = make_order(disk), contents(disk)
        failing = FailAt(disk, call, n, number)
        report = run_order(order, failing, journal)
        if failing.n_calls < n:
            break
        assert (report.state, report.stop_cause) == (RunState.STOPPED, StopCause.DISK_FULL)
        assert report.n_done + report.n_skipped == 7
        assert (contents(disk), reserved_names(disk), journal.unfinished()) == (before, [], [])
        run_order(committing.remaining(order, journal, "r2"), disk, journal)
        assert disk.tree() == committing.AFTER
        n += 1
    assert n > 2


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (call, number)
        for call in (
            "lstat",
            "arrival",
            "rename_noreplace",
            "sync",
            "copy",
            "unlink_checked",
            "digest",
            "remove_folder",
            "set_times",
        )
        for number in FATAL
        if (call, number)
        not in {("copy", errno.ESTALE), ("unlink_checked", errno.ESTALE)}  # there it is about the file
    ],
)
def test_a_failing_disk_ends_the_run_at_once_and_recovery_makes_it_whole(call: str, number: int) -> None:
    n = 1
    while True:
        disk, journal = make_disk(), MemoryJournal()
        order, before = make_order(disk), contents(disk)
        failing = FailAt(disk, call, n, number)
        with suppress(DiskFailed):
            run_order(order, failing, journal)
        failed = failing.n_calls >= n
        assert [run.state for run in journal.unfinished()] == [RunState.NEEDS_RECOVERY] * failed
        committing.recover_all(disk, journal)
        assert (contents(disk), reserved_names(disk), journal.unfinished()) == (before, [], [])
        if not failed:
            break
        run_order(committing.remaining(order, journal, "r2"), disk, journal)
        assert disk.tree() == committing.AFTER
        n += 1
    assert n > 1


def test_after_a_failed_sync_nothing_of_that_batch_is_settled() -> None:
    disk, journal = make_disk(), MemoryJournal()
    with pytest.raises(DiskFailed):
        run_order(make_order(disk), FailAt(disk, "sync", 2, errno.EIO), journal)
    assert set(states(journal).values()) == {OpState.INTENT}


# Order of journal, effects and syncs


class Diary(Delegating):
    """Writes down the effects on the disk, and through `trip` the journal's writes, in one list."""

    def __init__(self, disk: MemoryDisk) -> None:
        super().__init__(disk)
        self.entries: list[tuple[str, tuple[object, ...]]] = []

    def _effect(self, call, places, go):  # type: ignore[no-untyped-def]
        answer = go()
        self.entries.append((call, places))
        return answer

    def trip(self, call: str, is_after: bool, values: tuple[object, ...]) -> None:
        if call in {"settle", "finish"} and not is_after:  # the effects must be durable when the write begins
            self.entries.append((call, values))
        if call == "intend" and is_after:
            self.entries.append((call, values))


def folder(place: Place) -> bytes:
    return place.absolute.rpartition(b"/")[0]


def unsynced_at_each_settle(entries: Sequence[tuple[str, tuple[object, ...]]]) -> Iterator[tuple[str, set[bytes]]]:
    dirty: set[bytes] = set()
    for call, values in entries:
        if call == "sync":
            dirty -= {place.absolute for place in values if isinstance(place, Place)}
        elif call in {"settle", "finish"}:
            yield call, set(dirty)
        elif call == "set_times":
            dirty |= {place.absolute for place in values if isinstance(place, Place)}
        elif call == "remove_folder":
            dirty -= {place.absolute for place in values if isinstance(place, Place)}
            dirty |= {folder(place) for place in values if isinstance(place, Place)}
        elif call != "intend":
            dirty |= {folder(place) for place in values if isinstance(place, Place)}
            if call == "copy":
                dirty -= {folder(values[0])}  # type: ignore[arg-type]


def test_nothing_is_settled_before_every_changed_folder_is_synced() -> None:
    diary = Diary(make_disk())
    run_order(make_order(diary), diary, TrippingJournal(diary.trip))
    settles = list(unsynced_at_each_settle(diary.entries))
    assert len(settles) > 10
    assert {frozenset(dirty) for _, dirty in settles} == {frozenset()}


def test_no_effect_comes_before_its_intent() -> None:
    diary = Diary(make_disk())
    run_order(make_order(diary), diary, TrippingJournal(diary.trip))
    intended: set[bytes] = set()
    for call, values in diary.entries:
        if call == "intend":
            operations = [each for each in values if isinstance(each, Operation)]
            intended |= {place.absolute for each in operations for place in (each.source, each.target) if place}
        elif call in {"make_folder", "remove_folder", "rename_noreplace", "copy", "unlink_checked"}:
            known = [place.absolute in intended or b".ifmosfs-" in place.path for place in values]  # type: ignore[attr-defined]
            assert all(known), (call, values)


def test_all_folders_are_made_and_synced_before_the_first_move() -> None:
    diary = Diary(make_disk())
    run_order(make_order(diary), diary, TrippingJournal(diary.trip))
    calls = [call for call, _ in diary.entries]
    assert calls[: calls.index("rename_noreplace")] == [
        "intend",
        "make_folder",
        "make_folder",
        "sync",
        "settle",
        "intend",
    ]


def test_a_copied_source_goes_only_after_each_phase_was_settled() -> None:
    diary = Diary(make_disk())
    run_order(far_only(make_order(diary)), diary, TrippingJournal(diary.trip))
    calls = [call for call, _ in diary.entries]
    settled = [values[0].state for call, values in diary.entries if call == "settle" and isinstance(values[0], Outcome)]
    start = calls.index("copy")
    assert calls[start : start + 12] == [
        *("copy", "sync", "settle"),
        *("rename_noreplace", "sync", "settle"),
        *("rename_noreplace", "sync", "settle"),
        *("unlink_checked", "sync", "settle"),
    ]
    assert settled[-5:-1] == [OpState.COPIED, OpState.PUBLISHED, OpState.QUARANTINED, OpState.DONE]


class WrittenTo(Delegating):
    """A program has every source of a copy open for writing."""

    def copy(self, source: Place, temporary: Place, expected: Fingerprint) -> Copied:
        raise OSError(errno.ETXTBSY, os.strerror(errno.ETXTBSY))


def test_a_file_that_a_program_is_writing_to_is_a_conflict_and_not_copied() -> None:
    disk = make_disk()
    report = run_order(far_only(make_order(disk)), WrittenTo(disk), MemoryJournal())
    assert (codes(report), reserved_names(disk)) == ([("being-written", D.absolute)], [])


class LyingCopy(Delegating):
    """Another program writes the source while keeping its size and time, just after it was copied."""

    def copy(self, source: Place, temporary: Place, expected: Fingerprint) -> Copied:
        copied = super().copy(source, temporary, expected)
        self.disk._find(source).content = b"FOURTH" * 1000  # type: ignore[attr-defined]
        return copied


def test_a_source_with_other_content_but_the_same_size_and_time_is_not_removed() -> None:
    disk = make_disk()
    report = run_order(far_only(make_order(disk)), LyingCopy(disk), MemoryJournal())
    assert codes(report) == [("changed-while-copying", D.absolute)]
    assert disk.tree(b"/usb/pictures")[b"d"] == b"FOURTH" * 1000


# Stopping


def test_a_stop_now_ends_after_the_present_file() -> None:
    disk, journal = make_disk(), MemoryJournal()
    order, asked = make_order(disk), iter([None, None, None, None])
    report = execute(order, disk, journal, now_ns=lambda: 1, batch_size=7, stop=lambda: next(asked, StopRequest.NOW))
    assert (report.state, report.stop_cause) == (RunState.STOPPED, StopCause.INTERRUPTED)
    assert (report.n_done, report.n_skipped) == (3, 4)  # the one that was to be copied is not begun any more
    assert (journal.unfinished(), reserved_names(disk)) == ([], [])


def test_a_polite_stop_ends_after_the_present_batch() -> None:
    disk, journal = make_disk(), MemoryJournal()
    report = execute(
        make_order(disk), disk, journal, now_ns=lambda: 1, batch_size=3, stop=lambda: StopRequest.FINISH_BATCH
    )
    assert (report.state, report.n_done, report.n_skipped) == (RunState.STOPPED, 3, 4)


def test_a_stop_asked_for_in_the_last_batch_changes_nothing() -> None:
    disk = make_disk()
    report = execute(make_order(disk), disk, MemoryJournal(), now_ns=lambda: 1, stop=lambda: StopRequest.FINISH_BATCH)
    assert (report.state, report.n_done, disk.tree()) == (RunState.COMPLETE, 7, committing.AFTER)


def test_a_stopped_run_is_taken_up_again_and_ends_as_if_it_had_not_been() -> None:
    for n_asked in range(8):
        disk, journal = make_disk(), MemoryJournal()
        order, answers = make_order(disk), [None] * n_asked
        execute(
            order, disk, journal, now_ns=lambda: 1, batch_size=4, stop=partial(next, iter(answers), StopRequest.NOW)
        )
        run_order(committing.remaining(order, journal, "r2"), disk, journal)
        assert disk.tree() == committing.AFTER


def test_batches_grow_while_they_are_quick_and_shrink_when_they_are_slow() -> None:
    tree = {b"%d" % n: b"" for n in range(40)}
    disk = MemoryDisk.from_tree({b"in": tree, b"out": {}})
    steps = make_steps(disk, [((b"/in", name), (b"/out", name)) for name in tree])
    sizes: list[int] = []
    ticks = iter([0, 1, 0, 1, 0, 3_000_000_000, 0, 1, 0, 1, 0, 1, 0, 1])
    done_before = 0

    def note(n_done: int, n_total: int) -> None:
        nonlocal done_before
        sizes.append(n_done - done_before)
        done_before = n_done

    execute(
        WorkOrder(make_run(), steps=steps),
        disk,
        MemoryJournal(),
        now_ns=lambda: next(ticks),
        batch_size=4,
        progress=note,
    )
    assert sizes == [4, 8, 16, 8, 4]


def test_progress_never_goes_back_and_tells_of_each_copy() -> None:
    disk, told = make_disk(), list[tuple[int, int]]()
    execute(
        make_order(disk),
        disk,
        MemoryJournal(),
        now_ns=lambda: 1,
        batch_size=3,
        progress=lambda n_done, n_total: told.append((n_done, n_total)),
    )
    assert told == [(3, 7), (3, 7), (6, 7), (7, 7), (7, 7)]


@given(data=st.data())
def test_any_plan_loses_nothing_and_replaces_nothing(data: st.DataObject) -> None:
    names = st.sampled_from([b"a", b"b", b"c", b"d"])
    places = st.tuples(st.sampled_from([b"/in", b"/out", b"/usb"]), names)
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2"}, b"out": {b"c": b"3"}})
    disk.add_filesystem(b"/usb", {b"a": b"4", b"d": b"5"})
    before = contents(disk)
    moves = data.draw(st.lists(st.tuples(places, places), max_size=8))
    steps = tuple(
        Step(number, Place(*source), Place(*target), disk.lstat(Place(*source)).fingerprint)
        for number, (source, target) in enumerate(moves, 1)
        if exists(disk, Place(*source))
    )
    start, journal = committing.everything(disk), MemoryJournal()
    report = run_order(WorkOrder(make_run(), steps=steps), disk, journal)
    assert report.n_done + report.n_conflicts + report.n_failed == len(steps)
    assert (contents(disk), reserved_names(disk)) == (before, [])
    back = committing.roll_back(disk, journal, "r2")
    assert (back.problems, committing.everything(disk)) == ((), start)
