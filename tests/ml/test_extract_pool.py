"""Workers that die, hang, devour or lie: their file is marked with the reason, they are replaced, and the others go on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import classifier_samples as made
import pytest

from ifmosfs.ml.extract.limits import DEFAULT_LIMITS, Limits
from ifmosfs.ml.extract.pool import Answer, Pool
from ifmosfs.ml.extract.values import Extract

MISBEHAVING = (str(Path(__file__).with_name("misbehaving_worker.py")),)
SHORT = Limits(wall_seconds=4.0, cpu_seconds=1, memory_bytes=1 << 30)
CONTENT = made.zipped(a="x")
GOOD = Answer(Extract("archive", numbers={"n_members": 1}, members=("a",)))


@pytest.fixture
def pool_of() -> Iterator[Callable[..., Pool]]:
    pools: list[Pool] = []

    def make(n_workers: int = 1, limits: Limits = SHORT, command: tuple[str, ...] = MISBEHAVING) -> Pool:
        pools.append(Pool(n_workers, limits, command))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "file").write_bytes(CONTENT)
    opened = os.open(tmp_path / "file", os.O_RDWR)
    yield opened
    os.close(opened)


def answers(pool: Pool, descriptor: int, *formats: str) -> list[Answer]:
    """What the pool says of one file, looked at in several ways, all asked for before the first answer is taken."""
    numbers = [pool.ask(descriptor, len(CONTENT), name) for name in formats]
    return [pool.wait(number) for number in numbers]


def trouble(text: str, *, lasting: bool = True, kind: str = "") -> Answer:
    return Answer(Extract(kind, trouble=text), lasting)


def test_worker_that_dies_costs_its_own_file_only(pool_of, descriptor):
    assert answers(pool_of(), descriptor, "zip", "die", "zip", "die", "zip", "zip") == [
        GOOD, trouble("the extractor died of it (SIGSEGV)"), GOOD, trouble("the extractor died of it (SIGSEGV)"), GOOD, GOOD
    ]  # fmt: skip


def test_worker_that_hangs_is_ended_when_the_time_is_over_and_others_go_on(pool_of, descriptor):
    started = time.monotonic()
    pool = pool_of(2, Limits(wall_seconds=1.0))
    late = trouble("it took longer than 1 s", lasting=False)
    assert answers(pool, descriptor, "hang", "zip", "zip", "zip") == [late, GOOD, GOOD, GOOD]
    assert time.monotonic() - started < 30


def test_worker_that_computes_without_end_is_ended_by_the_system(pool_of, descriptor):
    pool = pool_of(1, Limits(wall_seconds=100.0, cpu_seconds=1))
    assert answers(pool, descriptor, "spin", "zip") == [trouble("it took more than 1 s of computing"), GOOD]


def test_time_of_earlier_files_does_not_count(pool_of, descriptor):
    pool = pool_of(1, Limits(wall_seconds=30.0, cpu_seconds=1))
    done = Answer(Extract("test", fields={"title": "done"}))
    assert answers(pool, descriptor, *["toil"] * 8) == [done] * 8


def test_file_that_needs_too_much_memory_is_marked_and_the_worker_stays(pool_of, descriptor):
    pool = pool_of()
    (before,) = answers(pool, descriptor, "count")
    devoured, after = answers(pool, descriptor, "devour", "count")
    assert devoured == trouble("it needs more memory than allowed", kind="test")
    assert after == before


def test_file_that_is_nested_too_deep_is_marked(pool_of, descriptor):
    assert answers(pool_of(), descriptor, "nest", "zip") == [trouble("it is nested too deep", kind="test"), GOOD]


def test_worker_can_open_run_write_and_connect_to_nothing(pool_of, descriptor):
    (answer,) = answers(pool_of(), descriptor, "attempts")
    many, large = "Too many open files", "File too large"
    assert answer.extract.keys == (
        f"open: {many}", f"reopen: {many}", f"list: {many}", f"connect: {many}", f"run: {many}", f"write: {large}"
    )  # fmt: skip


def test_worker_stands_in_no_folder_of_the_users_and_has_no_secret_of_the_environment(pool_of, descriptor, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    (answer,) = answers(pool_of(), descriptor, "surroundings")
    assert answer.extract.fields == {"title": "/"}
    assert {"PYTHONPATH", "PATH"} <= set(answer.extract.keys)
    assert "SECRET_TOKEN" not in answer.extract.keys


def test_worker_that_ends_in_good_order_is_given_its_file_once_more_and_no_more(pool_of, descriptor):
    left = trouble("the extractor died of it (status 0)")
    assert answers(pool_of(), descriptor, "leave", "zip") == [left, GOOD]


@pytest.mark.parametrize("lie", ["babble", "flood"])
def test_worker_that_talks_nonsense_is_replaced(pool_of, descriptor, lie):
    nonsense = trouble("the extractor answered nonsense")
    assert answers(pool_of(), descriptor, lie, "zip") == [nonsense, GOOD]


def test_workers_are_started_when_needed_and_never_more_than_asked_for(pool_of, descriptor):
    pool = pool_of(2)
    assert pool.process_ids == []
    assert answers(pool, descriptor, "zip") == [GOOD]
    assert len(pool.process_ids) == 1
    assert answers(pool, descriptor, *["zip"] * 40) == [GOOD] * 40
    assert len(pool.process_ids) <= 2


def test_worker_that_cannot_be_started_marks_all_files_and_is_not_tried_for_ever(pool_of, descriptor):
    pool = pool_of(2, SHORT, ("-c", "import sys; sys.exit(3)"))
    failed = trouble("the extractor cannot be started", lasting=False, kind="archive")
    assert answers(pool, descriptor, *["zip"] * 20) == [failed] * 20


def test_interpreter_that_may_not_be_run_marks_all_files(pool_of, descriptor, monkeypatch, tmp_path):
    (tmp_path / "python").touch(0o644)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    failed = trouble("the extractor cannot be started", lasting=False, kind="archive")
    assert answers(pool_of(2, SHORT), descriptor, *["zip"] * 20) == [failed] * 20


def test_files_that_nobody_waits_for_any_more_are_given_up_and_the_rest_is_answered(pool_of, descriptor):
    pool = pool_of(1, Limits(wall_seconds=100.0))
    hanging, wanted = (pool.ask(descriptor, len(CONTENT), name) for name in ("hang", "zip"))
    pool.forget([hanging])
    assert pool.wait(wanted) == GOOD


def test_closed_pool_leaves_no_process(pool_of, descriptor):
    pool = pool_of(2)
    answers(pool, descriptor, *["count"] * 8)
    process_ids = pool.process_ids
    pool.close()
    assert [number for number in process_ids if os.path.exists(f"/proc/{number}")] == []


def test_workers_do_not_hear_the_terminals_interrupt(pool_of, descriptor):
    pool = pool_of()
    answers(pool, descriptor, "zip")
    assert os.getsid(pool.process_ids[0]) != os.getsid(0)


PARENT = """
import os, sys, time
from ifmosfs.ml.extract.pool import Pool
pool = Pool(1)
opened = os.open(sys.argv[1], os.O_RDONLY)
pool.wait(pool.ask(opened, 10, "zip"))
print(pool.process_ids[0], flush=True)
time.sleep(60)
"""


def test_worker_ends_with_its_parent_however_that_ends(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, tmp_path / "file"], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    number = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while is_running(number) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(number)


def is_running(number: int) -> bool:
    """Whether a process is there and no zombie that nobody has reaped yet."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def worker_with(setting: str) -> tuple[str, str]:
    """A worker with another value for one of its constants."""
    return "-c", f"import sys; from ifmosfs.ml.extract import worker; worker.{setting}; sys.exit(worker.main())"


def test_worker_is_replaced_after_so_many_files(pool_of, descriptor):
    pool = pool_of(1, SHORT, worker_with("FILES_PER_WORKER = 3"))
    seen = set()
    for _ in range(10):
        assert answers(pool, descriptor, "zip") == [GOOD]
        seen.update(pool.process_ids)
    assert len(seen) >= 3
    assert answers(pool, descriptor, *["zip"] * 20) == [GOOD] * 20


def test_idle_worker_ends_and_the_next_file_gets_another(pool_of, descriptor):
    pool = pool_of(1, SHORT, worker_with("IDLE_SECONDS = 0.2"))
    assert answers(pool, descriptor, "zip") == [GOOD]
    (first,) = pool.process_ids
    until = time.monotonic() + 20
    while is_running(first) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(first)
    assert answers(pool, descriptor, "zip") == [GOOD]


def test_limits_that_are_shipped_are_those_that_are_documented():
    assert Limits(wall_seconds=10.0, cpu_seconds=3, memory_bytes=1 << 30, read_bytes=32 << 20) == DEFAULT_LIMITS
