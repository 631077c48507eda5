"""The first exchange with the kernel, played by the test at the other end of a socket that keeps messages apart."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from ifmosfs.platform import kernel_wire as wire
from ifmosfs.platform.kernel_init import Agreed, UnknownProtocol, negotiate

LOW_FLAGS = wire.ASYNC_READ | wire.DO_READDIRPLUS | wire.READDIRPLUS_AUTO | wire.PARALLEL_DIROPS | wire.MAX_PAGES


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    kernel, driver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with kernel, driver:
        yield kernel, driver


def init(major: int, minor: int, flags: int, *more: int) -> bytes:
    """A request as the kernel makes it; before 7.36 it ended with the flags."""
    body = struct.pack(f"={4 + len(more)}I", major, minor, 131072, flags, *more)
    return struct.pack("=IIQQIIII", 40 + len(body), wire.INIT, 2, 0, 0, 0, 0, 0) + body


def answer_of(kernel: socket.socket) -> tuple[int, ...]:
    return wire.INIT_OUT.unpack(kernel.recv(4096)[wire.OUT_BYTES :])


def test_an_old_kernel_is_answered_with_its_own_version_and_what_it_offers(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    kernel, driver = ends
    kernel.send(init(7, 31, LOW_FLAGS))
    assert negotiate(driver.fileno(), wants_passthrough=True) == Agreed(31, LOW_FLAGS & ~wire.READDIRPLUS_AUTO)
    major, minor, readahead, flags, *_, max_pages, _, flags2, stack_depth = answer_of(kernel)
    assert (major, minor, readahead, max_pages, flags2, stack_depth) == (7, 31, 131072, 256, 0, 0)
    assert flags == LOW_FLAGS & ~wire.READDIRPLUS_AUTO


@pytest.mark.parametrize("wants_passthrough", [True, False])
def test_passthrough_is_agreed_on_where_it_is_offered_and_wanted(
    ends: tuple[socket.socket, socket.socket], wants_passthrough: bool
) -> None:
    kernel, driver = ends
    high = wire.PASSTHROUGH >> 32
    kernel.send(init(7, 45, LOW_FLAGS | wire.INIT_EXT, high, *[0] * 11))
    agreed = negotiate(driver.fileno(), wants_passthrough=wants_passthrough)
    assert bool(agreed.flags & wire.PASSTHROUGH) is wants_passthrough
    *_, flags2, stack_depth = answer_of(kernel)
    assert (flags2, stack_depth) == ((high, 2) if wants_passthrough else (0, 0))


def test_a_newer_kernel_is_answered_with_the_newest_version_known_here(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    kernel, driver = ends
    kernel.send(init(7, 99, LOW_FLAGS))
    assert negotiate(driver.fileno(), wants_passthrough=False).minor == 45


@pytest.mark.parametrize(("major", "minor"), [(8, 0), (7, 30), (6, 45)])
def test_another_protocol_is_not_spoken(ends: tuple[socket.socket, socket.socket], major: int, minor: int) -> None:
    kernel, driver = ends
    kernel.send(init(major, minor, LOW_FLAGS))
    with pytest.raises(UnknownProtocol, match=f"version {major}.{minor} of the FUSE protocol"):
        negotiate(driver.fileno(), wants_passthrough=False)
