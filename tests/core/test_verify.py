"""Verification: what the disk holds against what the journal says."""

from __future__ import annotations

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.reports import VerifyReport
from ifmosfs.core.verify import verify
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import make_disk, make_order, roll_back, run_order

C = Place(b"/out", b"c")


@pytest.fixture
def committed() -> tuple[MemoryDisk, MemoryJournal]:
    disk, journal = make_disk(), MemoryJournal()
    run_order(make_order(disk), disk, journal)
    return disk, journal


def findings(report: VerifyReport) -> list[tuple[str, bytes]]:
    return [(each.code, each.path) for each in report.problems]


def test_a_tree_as_it_was_committed_holds(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    report = verify(journal.history(), disk, digests={})
    assert report == VerifyReport(n_checked=9, n_content=3, missing=(), changed=(), extra=(), n_held=7)
    assert report.holds


def test_missing_changed_and_extra_files_are_told_apart(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.remove(C)
    disk.write(Place(b"/out", b"e"), b"edited")
    disk.write(Place(b"/out", b"made/new"), b"")
    disk.write(Place(b"/out", b"not in a folder of ours"), b"")
    report = verify(journal.history(), disk)
    assert findings(report) == [("missing", b"/out/c"), ("not-as-committed", b"/out/e"), ("extra", b"/out/made/new")]
    assert not report.holds


def test_rotten_content_is_found_only_by_reading(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    digests = {6: disk.digest(C)}
    disk._find(C).content = b"THIRD"
    assert verify(journal.history(), disk).holds
    assert findings(verify(journal.history(), disk, digests=digests)) == [("content-differs", b"/out/c")]


def test_after_a_rollback_the_old_places_are_what_is_checked(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    roll_back(disk, journal, "back")
    assert verify(journal.history(), disk).problems == ()
    disk.remove(Place(b"/usb", b"e"))
    assert findings(verify(journal.history(), disk)) == [("missing", b"/usb/e")]


def test_after_a_rollback_of_the_rollback_the_target_is_checked_again(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    roll_back(disk, journal, "back")
    roll_back(disk, journal, "forth", undo=["back"])
    assert verify(journal.history(), disk).problems == ()
    disk.write(Place(b"/out", b"e"), b"edited")
    assert findings(verify(journal.history(), disk)) == [("not-as-committed", b"/out/e")]


def test_progress_tells_of_every_entry(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    seen: list[tuple[int, int]] = []
    verify(journal.history(), disk, progress=lambda n_done, n_total: seen.append((n_done, n_total)))
    assert seen == [(number, 9) for number in range(1, 10)]


def test_what_a_rollback_has_taken_back_is_counted_apart(committed: tuple[MemoryDisk, MemoryJournal]) -> None:
    disk, journal = committed
    disk.write(Place(b"/in", b"kept/c"), b"in the way")
    roll_back(disk, journal, "back")
    report = verify(journal.history(), disk)
    assert (report.n_held, report.n_taken_back, report.problems) == (1, 6, ())


def test_what_was_committed_again_after_a_rollback_is_not_called_taken_back(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    roll_back(disk, journal, "back")
    run_order(make_order(disk, "again"), disk, journal)
    report = verify(journal.history(), disk)
    assert (report.n_held, report.n_taken_back, report.problems) == (7, 0, ())


def test_a_rollback_that_was_itself_rolled_back_has_taken_nothing_back(
    committed: tuple[MemoryDisk, MemoryJournal],
) -> None:
    disk, journal = committed
    roll_back(disk, journal, "back")
    roll_back(disk, journal, "forth", undo=["back"])
    report = verify(journal.history(), disk)
    assert (report.n_held, report.n_taken_back, report.problems) == (7, 0, ())
