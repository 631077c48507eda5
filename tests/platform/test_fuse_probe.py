"""What `probe` says about a system, asked in child processes that have less than this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ifmosfs.platform.fuse import probe
from tests.fuse_support import PROJECT, needs_fuse

PROBE = """
import json, os, sys
from dataclasses import asdict
from ifmosfs.platform.fuse import probe
os.setuid(int(sys.argv[1]))
print(json.dumps(asdict(probe())))
"""
NOBODY = 65534


def child(code: str, *arguments: str, **env: str) -> str:
    """What the code prints, with some variables of the environment changed."""
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, **env}
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True, timeout=30
    ).stdout


def probed(user: int, **env: str) -> dict[str, object]:
    """The facts for a user."""
    facts: dict[str, object] = json.loads(child(PROBE, str(user), **env))
    return facts


@needs_fuse
def test_where_fuse_works_nothing_is_missing() -> None:
    facts = probe()
    assert (facts.usable, facts.troubles, facts.device_present, facts.device_usable) == (True, (), True, True)
    assert facts.libfuse is not None
    assert facts.version is not None
    assert facts.version.split(".")[0] in {"2", "3"}


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_without_the_helper_is_told_what_to_install() -> None:
    facts = probed(NOBODY, PATH="/nonexistent")
    assert (facts["helper"], facts["helper_setuid"]) == (None, False)
    assert {"what": "there is no fusermount3", "remedy": "sudo apt install fuse3"} in facts["troubles"]  # type: ignore[operator]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
def test_root_needs_no_helper() -> None:
    facts = probed(0, PATH="/nonexistent")
    assert facts["helper"] is None
    assert "there is no fusermount3" not in str(facts["troubles"])


def test_a_library_path_that_names_no_libfuse_is_passed_over() -> None:
    facts = probed(os.getuid(), FUSE_LIBRARY_PATH="/nonexistent/libfuse3.so.3")
    assert facts == probed(os.getuid(), FUSE_LIBRARY_PATH="")


def test_the_driver_can_be_imported_without_loading_libfuse() -> None:
    assert child("import sys; import ifmosfs.platform.fuse; print('mfusepy' in sys.modules)") == "False\n"
