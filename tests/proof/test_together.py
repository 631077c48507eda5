"""What goes on at the same time: two runs, a run and a mounted view. One writer at a time; the view stays readable."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import Desk, ended, many_files
from tests.fuse_support import force_unmount, needs_fuse
from tests.oracle import Oracle
from tests.proof.bench import Bench
from tests.proof.conftest import BenchMaker
from tests.proof.test_full_disks import happening, slowly, some_arrived
from tests.proof.tracing import needs_strace

pytestmark = pytest.mark.timeout(120)
N_FILES = 300


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with enough files to be met at work."""
    made = Desk(tmp_path)
    made.set_up(many_files(N_FILES))
    yield made
    force_unmount(made.mount_point)


def oracle_of(desk: Desk) -> Oracle:
    """What the desk holds now."""
    return Oracle((desk.inbox,), desk.target, desk.state, near=(desk.inbox,))


@needs_strace
@pytest.mark.parametrize("second", ["commit", "rollback"])
def test_while_a_commit_moves_files_another_run_is_refused(benches: BenchMaker, second: str) -> None:
    with benches() as bench:
        plan = bench.plan()
        oracle = bench.oracle
        answers = refused_meanwhile(bench, plan, second)
        assert {answer.status for answer in answers} == {7}, answers
        assert answers[0].err.startswith("error[locked]"), answers
        oracle.assert_settled()
        assert bench.here("rollback", plan, "--yes").status == 0
        oracle.assert_as_before()


def refused_meanwhile(bench: Bench, plan: str, second: str) -> list[object]:
    """The answers to a second command while a slow commit is under way."""
    arrived = bench.target / "Data/Datasets"
    with happening(lambda: some_arrived(arrived, 3), lambda: bench.run(second, plan, "--yes")) as answers:
        result = bench.typed("commit", plan, "--yes", "--json", attach=slowly("unlinkat", 700_000))
    assert (result.status, result.json["moved"]) == (3, 15), result
    return answers


@needs_fuse
def test_the_view_stays_readable_during_its_commit_and_takes_no_more_edits(desk: Desk) -> None:
    plan = desk.staged()
    oracle = oracle_of(desk)
    assert desk.run("mount", "--plan", plan, desk.mount_point).status == 0
    view = desk.mount_point / "Data/Datasets"
    wanted = {name: (view / name).read_bytes() for name in os.listdir(view)}
    assert len(wanted) == N_FILES
    wrong: list[object] = []
    refused: list[int | None] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for name in list(wanted)[::37]:
                try:
                    if (view / name).read_bytes() != wanted[name]:
                        wrong.append(name)
                    os.rename(view / name, view / f"{name}.moved")
                    os.rename(view / f"{name}.moved", view / name)
                except OSError as error:
                    refused.append(error.errno)

    looker = threading.Thread(target=look)
    looker.start()
    time.sleep(0.2)
    result = ended(desk.start("commit", plan, "--yes", "--json"))
    over.set()
    looker.join()
    assert wrong == []
    assert set(refused) <= {errno.EROFS, errno.ENOTCONN, errno.ENOENT, errno.ESTALE, errno.EBUSY}, set(refused)
    assert result.status in {0, 5}, result  # 5: an edit came between the look at the plan and the commit
    oracle.assert_settled()
    if result.status == 0:
        assert result.json["moved"] == N_FILES
        assert len(os.listdir(desk.target / "Data/Datasets")) == N_FILES
        assert desk.run("rollback", plan, "--yes").status == 0
    oracle.assert_as_before()
