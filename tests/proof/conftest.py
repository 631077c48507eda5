from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.proof.bench import Bench
from tests.proof.warm import Warm

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """One interpreter for all commands of this worker."""
    with Warm() as started:
        yield started


BenchMaker = Callable[[], AbstractContextManager[Bench]]


@pytest.fixture
def benches(warm: Warm, tmp_path: Path) -> Iterator[BenchMaker]:
    """Makes fresh benches, one for each trial, each gone after it; the distant root lies in memory where there is such a place."""
    memory = Path(tempfile.mkdtemp(prefix="ifmosfs-test-", dir=MEMORY if MEMORY.is_dir() else tmp_path))
    numbers = itertools.count()

    @contextlib.contextmanager
    def make() -> Iterator[Bench]:
        number = next(numbers)
        bench = Bench(tmp_path / f"bench {number}", warm, memory / f"distant {number}")
        try:
            bench.fill()
            yield bench
        finally:
            remove(bench.folder, bench.distant)

    yield make
    remove(memory)


def remove(*folders: Path) -> None:
    """Remove folders, with files that nobody may change."""
    for folder in folders:
        if os.geteuid() == 0 and shutil.which("chattr"):
            subprocess.run(["chattr", "-R", "-f", "-i", "-a", folder], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
