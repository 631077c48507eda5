"""What is looked at in the moment of the move: relative links, files being written, carried folders, and portions of copies."""

from __future__ import annotations

import pytest

from ifmosfs.core.effects import points_alike
from ifmosfs.core.execute import StopRequest, WorkOrder, execute
from ifmosfs.core.files import Place
from ifmosfs.core.journal import OpKind, OpState
from ifmosfs.core.recover import recover
from ifmosfs.core.reports import StopCause
from ifmosfs.core.steps import Step
from tests.adapters.faults import Recording
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.adapters.trees import Link
from tests.core.committing import BOOT, make_run, make_steps, roll_back, run_order
from tests.core.scenes import SCENES, files

LINK = Place(b"/in", b"d/link")


@pytest.mark.parametrize(
    ("text", "target", "alike"),
    [
        (b"/abs", Place(b"/out", b"x"), True),
        (b"near", Place(b"/in", b"d/renamed"), True),
        (b"near", Place(b"/out", b"link"), False),
        (b"../beside", Place(b"/in", b"e/link"), True),
        (b"./.././beside", Place(b"/in", b"e/link"), True),
        (b"../beside", Place(b"/in", b"link"), False),
        (b"../../../../etc", Place(b"/out", b"a/b/link"), True),
        (b"../../out/x", Place(b"/out", b"d/link"), True),
        (b"sub/../near", Place(b"/in", b"e/link"), False),
    ],
)
def test_a_link_means_the_same_where_its_leading_dots_end_in_the_same_folder(
    text: bytes, target: Place, alike: bool
) -> None:
    assert points_alike(text, LINK, target) is alike


def linked(target: bytes) -> tuple[MemoryDisk, WorkOrder]:
    disk = MemoryDisk.from_tree(
        {b"in": {b"link": Link(b"d")}, b"out": {b".ifmosfs": {b"vault": {b"p": {b"lost": {b"1": {}}}}}}}
    )
    return disk, WorkOrder(make_run(), (), make_steps(disk, [((b"/in", b"link"), (b"/out", target))]))


def test_a_relative_link_that_would_point_elsewhere_stays_and_says_what_to_do() -> None:
    disk, order = linked(b"link")
    report = run_order(order, disk, MemoryJournal())
    (found,) = report.problems
    assert (found.code, found.path, found.state) == ("relative-link", b"/in/link", OpState.CONFLICT)
    assert found.remedy is not None
    assert disk.tree(b"/in") == {b"link": Link(b"d")}


def test_a_relative_link_may_lie_in_the_vault_and_comes_back_from_there() -> None:
    disk, order = linked(b".ifmosfs/vault/p/lost/1/link")
    journal = MemoryJournal()
    assert run_order(order, disk, journal).n_vaulted == 1
    assert roll_back(disk, journal, "back").problems == ()
    assert disk.tree(b"/in") == {b"link": Link(b"d")}


def test_a_file_that_a_program_has_open_for_writing_stays() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"1", b"b": b"2"}, b"out": {}})
    order = WorkOrder(make_run(), (), make_steps(disk, [((b"/in", n), (b"/out", n)) for n in (b"a", b"b")]))
    attr = disk.lstat(Place(b"/in", b"a"))
    report = execute(
        order, disk, MemoryJournal(), now_ns=lambda: 1, busy=lambda: frozenset({(attr.device, attr.inode)})
    )
    assert [(each.code, each.path) for each in report.problems] == [("being-written", b"/in/a")]
    assert disk.tree(b"/in") == {b"a": b"1"}


def test_who_writes_is_asked_before_a_batch_and_at_most_every_two_seconds() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"%d" % n: b"x" for n in range(8)}, b"out": {}})
    order = WorkOrder(make_run(), (), make_steps(disk, [((b"/in", b"%d" % n), (b"/out", b"%d" % n)) for n in range(8)]))
    ticks = iter(range(0, 10**12, 700_000_000))
    asked: list[int] = []

    def busy() -> frozenset[tuple[int, int]]:
        asked.append(1)
        return frozenset()

    execute(order, disk, MemoryJournal(), now_ns=lambda: next(ticks), batch_size=1, busy=busy)
    assert 2 <= len(asked) < 8


def carrying(target_root: bytes = b"/out") -> tuple[MemoryDisk, WorkOrder]:
    disk = SCENES["carried"].disk()
    project = Place(b"/in", b"project")
    step = Step(0, project, Place(target_root, b"project"), disk.lstat(project).fingerprint, is_folder=True)
    return disk, WorkOrder(make_run(), (), (step,), carried={project: 2})


def test_a_carried_folder_counts_its_files_and_may_change_inside() -> None:
    disk, order = carrying()
    disk.write(Place(b"/in", b"project/new"), b"written since")
    journal = MemoryJournal()
    report = run_order(order, disk, journal)
    assert (report.n_done, report.problems) == (2, ())
    assert disk.tree(b"/out/project") == {b".git": {b"HEAD": b"ref"}, b"new": b"written since", b"src": b"code"}
    disk.write(Place(b"/out", b"project/src"), b"changed since")
    assert roll_back(disk, journal, "back").problems == ()
    assert disk.tree(b"/in/project")[b"src"] == b"changed since"


def test_a_folder_is_never_carried_to_another_filesystem() -> None:
    disk, order = carrying(b"/usb")
    before = files(disk)
    report = run_order(order, disk, MemoryJournal())
    assert (report.n_failed, [each.code for each in report.problems]) == (2, ["folder-elsewhere"])
    assert files(disk) == before


def test_another_folder_of_the_name_is_not_carried() -> None:
    disk, order = carrying()
    disk.rename_noreplace(Place(b"/in", b"project"), Place(b"/in", b"elsewhere"))
    disk.make_folder(Place(b"/in", b"project"), 0o755)
    report = run_order(order, disk, MemoryJournal())
    assert [each.code for each in report.problems] == ["changed"]


def test_copies_are_synced_in_portions_and_ctrl_c_is_heard_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifmosfs.core.execute.LARGEST_TRANSFER_BYTES", 6)
    disk = MemoryDisk.from_tree({b"out": {}})
    disk.add_filesystem(b"/usb", {b"%d" % n: b"abc" for n in range(6)})
    order = WorkOrder(
        make_run(), (), make_steps(disk, [((b"/usb", b"%d" % n), (b"/out", b"%d" % n)) for n in range(6)])
    )
    recording = Recording(disk)

    def stop() -> StopRequest | None:
        copied = [change for change in recording.changes if change[0] == "copy"]
        return StopRequest.FINISH_BATCH if copied else None

    report = execute(order, recording, MemoryJournal(), now_ns=lambda: 1, stop=stop)
    assert (report.n_done, report.n_skipped, report.stop_cause) == (2, 4, StopCause.INTERRUPTED)


def test_a_recovery_lists_a_folder_once_however_many_files_vanished_from_it() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"%d" % n: b"x" for n in range(20)}, b"out": {}})
    steps = make_steps(disk, [((b"/in", b"%d" % n), (b"/out", b"%d" % n)) for n in range(20)])
    journal = MemoryJournal()
    journal.begin(make_run())
    from ifmosfs.core.journal import Operation

    journal.intend(
        "r1",
        [Operation(n, OpKind.MOVE, step.source, step.target, step.expected, n) for n, step in enumerate(steps, 1)],
    )
    for step in steps:
        disk.remove(step.source)
    listed: list[Place] = []

    class Counting(Recording):
        def list_folder(self, place: Place):  # type: ignore[no-untyped-def]
            listed.append(place)
            return super().list_folder(place)

    report = recover(journal.runs()[0], Counting(disk), journal, now_ns=lambda: 1, boot_id=BOOT)
    assert (report.n_conflicts, len(listed)) == (20, 2)
