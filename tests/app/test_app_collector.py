"""The garbage collector stands still inside the block and is as it was afterwards, whatever happens in it."""

from __future__ import annotations

import gc

import pytest

from ifmosfs.app.collector import without_collector


def test_the_collector_stands_still_in_the_block_and_in_blocks_within_it() -> None:
    with without_collector():
        with without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_error_brings_the_collector_back() -> None:
    with pytest.raises(ValueError, match="broken"), without_collector():
        raise ValueError("broken")
    assert gc.isenabled()
