"""Numbers and texts that a database column cannot take as they are."""

from __future__ import annotations

import pytest

from ifmosfs.core.files import Fingerprint
from ifmosfs.core.wrapping import fingerprint_from, fingerprint_row
from ifmosfs.store.encoding import legible

EARLIEST_NS = -(2**31) * 10**9  # ext4 and xfs: 13 December 1901
LATEST_NS = EARLIEST_NS + 2**64 - 1  # beyond the last moment of xfs, 2 July 2486
XFS_LAST_NS = 16_299_260_424 * 10**9


@pytest.mark.parametrize("time_ns", [EARLIEST_NS, -1, 0, 2**63 - 1, 2**63, XFS_LAST_NS, LATEST_NS])
@pytest.mark.parametrize("inode", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_fingerprint_fits_64_signed_bits_and_comes_back(inode: int, time_ns: int) -> None:
    print_ = Fingerprint(inode, 2**63 - 1, time_ns, time_ns, time_ns)
    row = fingerprint_row(print_)
    assert all(number is not None and -(2**63) <= number < 2**63 for number in row)
    assert fingerprint_from(*row) == print_


def test_lone_surrogates_are_shown_and_other_text_is_kept() -> None:
    assert legible("caf\u00e9 \U0001f600 \udcff") == "caf\u00e9 \U0001f600 \\udcff"
