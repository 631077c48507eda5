"""What is said of an error at which a run stops."""

from __future__ import annotations

import errno
import os

import pytest

from ifmosfs.core.effects import disk_failed
from ifmosfs.core.files import Place

CHECK = "check the disk, then run the command again: it recovers first"
LIMIT = "raise the limit (ulimit -n) or close other programs, then run the command again: it recovers first"


@pytest.mark.parametrize(
    ("number", "what", "hint"),
    [
        (errno.EIO, "the disk failed (Input/output error)", CHECK),
        (errno.EMFILE, "the system has no more of it (Too many open files)", LIMIT),
        (errno.ENFILE, "the system has no more of it (Too many open files in system)", LIMIT),
        (errno.ENOMEM, "the system has no more of it (Cannot allocate memory)", LIMIT),
    ],
)
def test_a_disk_is_blamed_only_for_what_it_does(number: int, what: str, hint: str) -> None:
    error = disk_failed(OSError(number, os.strerror(number)), Place(b"/in", b"a"))
    assert (error.code, error.exit_status, str(error), error.hint) == ("disk-failed", 8, f"{what}: /in/a", hint)
