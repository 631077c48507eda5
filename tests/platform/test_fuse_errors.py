"""The table from refusals to numbers."""

from __future__ import annotations

import errno

from ifmosfs.platform.fuse_errors import ERRNO
from ifmosfs.view.values import FsErrorKind


def test_every_kind_of_refusal_has_a_number() -> None:
    assert set(ERRNO) == set(FsErrorKind)


def test_no_two_kinds_share_a_number_and_all_are_known_to_the_system() -> None:
    assert len(set(ERRNO.values())) == len(ERRNO)
    assert set(ERRNO.values()) <= set(errno.errorcode)
