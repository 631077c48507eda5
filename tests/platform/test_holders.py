"""Who keeps a folder busy: by what a process has open, stands in, or has mapped."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ifmosfs.platform.holders import Holder, holders_of

if not os.path.isdir("/proc/self/fd"):
    pytest.skip("needs /proc", allow_module_level=True)


@contextmanager
def running(script: str, *arguments: str, cwd: Path | None = None) -> Iterator[int]:
    command = [sys.executable, "-c", f"import sys, os, mmap; {script}; print(flush=True); sys.stdin.read()", *arguments]
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.communicate()


HOLDS = {
    "an open file": "held = open(sys.argv[1], 'rb')",
    "a mapped file": "held = mmap.mmap(os.open(sys.argv[1], os.O_RDONLY), 0, prot=mmap.PROT_READ); os.closerange(3, 20)",
}


@pytest.mark.parametrize("script", HOLDS.values(), ids=HOLDS.keys())
def test_a_process_with_a_file_is_named_with_it(tmp_path: Path, script: str) -> None:
    file = tmp_path / "mount" / "a"
    file.parent.mkdir()
    file.write_bytes(b"x" * mmap.PAGESIZE)
    with running(script, str(file)) as pid:
        found = holders_of(os.fsencode(file.parent))
    assert [(one.pid, one.path) for one in found] == [(pid, os.fsencode(file))]
    assert found[0].program.startswith("python")


def test_a_process_that_stands_in_it_is_named(tmp_path: Path) -> None:
    with running("pass", cwd=tmp_path) as pid:
        assert [(one.pid, one.path) for one in holders_of(os.fsencode(tmp_path))] == [(pid, os.fsencode(tmp_path))]


def test_nobody_holds_a_neighbour_whose_name_begins_alike(tmp_path: Path) -> None:
    (tmp_path / "mount2").mkdir()
    with running("pass", cwd=tmp_path / "mount2"):
        assert holders_of(os.fsencode(tmp_path / "mount")) == []


def test_without_proc_nobody_is_known(tmp_path: Path) -> None:
    assert holders_of(b"/", tmp_path) == list[Holder]()
