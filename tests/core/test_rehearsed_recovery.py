"""A rehearsed recovery tells what the real one is going to say, and touches neither the disk nor the journal."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ifmosfs.core.journal import OpKind, Recorded, Run, RunState
from ifmosfs.core.recover import recover
from ifmosfs.core.rehearsal import NoRefusals
from ifmosfs.core.rehearsed_recovery import OverlayJournal, rehearse_recovery
from ifmosfs.core.reports import RecoveryReport
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.core.committing import BOOT, everything, make_disk, make_order, roll_back, run_order
from tests.core.test_recover import N_EFFECTS, crash_in_commit


def rows(journal: MemoryJournal) -> list[tuple[Run, list[Recorded]]]:
    return [(run, list(journal.recorded(run.run_id))) for run in journal.runs()]


def rehearsed(disk: MemoryDisk, journal: MemoryJournal) -> list[RecoveryReport]:
    before = everything(disk), rows(journal)
    reports = rehearse_recovery(disk, NoRefusals(), journal, now_ns=lambda: 7, boot_id=BOOT)
    assert (everything(disk), rows(journal)) == before
    return reports


def recovered(disk: MemoryDisk, journal: MemoryJournal) -> list[RecoveryReport]:
    return [recover(run, disk, journal, now_ns=lambda: 7, boot_id=BOOT) for run in journal.unfinished()]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("n", range(N_EFFECTS), ids="effect_{}".format)
def test_it_says_what_recovery_then_does(n: int, after: bool) -> None:
    disk, journal, _ = crash_in_commit(n, after=after)
    foretold = rehearsed(disk, journal)
    assert foretold == recovered(disk, journal)
    assert rehearsed(disk, journal) == []


def test_files_of_a_rollback_are_back_where_they_were() -> None:
    said = set[str]()
    for n in range(N_EFFECTS):
        disk, journal = make_disk(), MemoryJournal()
        run_order(make_order(disk), disk, journal)
        with suppress(Crash):
            roll_back(CrashAfter(disk, n, after=True), journal, "back")  # type: ignore[arg-type]
        foretold = rehearsed(disk, journal)
        said |= {line.did for report in foretold for line in report.lines if line.kind is OpKind.MOVE}
        assert foretold == recovered(disk, journal)
    assert {"the file is back where it was", "moved back to where it was now"} <= said
    assert not {"the file is at its target", "moved to its target now"} & said


def test_the_overlay_reads_as_a_journal_that_was_written_to() -> None:
    _, journal, _ = crash_in_commit(4, after=True)
    overlay, (run,) = OverlayJournal(journal), journal.runs()
    outcomes = [row.outcome for row in overlay.recorded(run.run_id)]
    assert list(overlay.recorded(run.run_id)) == list(journal.recorded(run.run_id))
    overlay.settle(run.run_id, outcomes)
    overlay.finish(run.run_id, RunState.STOPPED, 9, None)
    assert ([each.state for each in overlay.runs()], overlay.unfinished()) == ([RunState.STOPPED], [])
    assert [each.state for each in journal.runs()] == [RunState.RUNNING]
