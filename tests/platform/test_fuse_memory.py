"""What the driver passes to C by address, read back as C would."""

from __future__ import annotations

import ctypes
import errno

import pytest

from ifmosfs.platform.fuse_memory import content_vector, copy_out, descriptor_vector


class BufferVector(ctypes.Structure):
    """`struct fuse_bufvec` of <fuse_common.h>, its first buffer inline."""

    _fields_ = (
        ("count", ctypes.c_size_t),
        ("idx", ctypes.c_size_t),
        ("off", ctypes.c_size_t),
        ("size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("mem", ctypes.c_void_p),
        ("fd", ctypes.c_int),
        ("pos", ctypes.c_longlong),
    )


def read_back(pointer: bytes) -> BufferVector:
    return BufferVector.from_address(int.from_bytes(pointer, "little"))


def values(vector: BufferVector) -> tuple[int, ...]:
    return vector.count, vector.idx, vector.off, vector.size, vector.flags, vector.fd, vector.pos


def test_a_descriptor_is_passed_with_size_and_position() -> None:
    vector = read_back(descriptor_vector(7, 131072, 1 << 40))
    assert values(vector) == (1, 0, 0, 131072, 2 | 4, 7, 1 << 40)
    assert vector.mem is None


@pytest.mark.parametrize("content", [b"", b"made up \0\xff"])
def test_content_is_passed_as_a_copy(content: bytes) -> None:
    vector = read_back(content_vector(content))
    assert values(vector) == (1, 0, 0, len(content), 0, -1, 0)
    assert ctypes.string_at(vector.mem, vector.size) == content


@pytest.mark.parametrize(("room", "answer"), [(0, 3), (2, -errno.ERANGE), (3, 3), (9, 3)])
def test_copying_out_answers_the_length_or_that_there_is_no_room(room: int, answer: int) -> None:
    target = ctypes.create_string_buffer(9)
    assert copy_out(b"abc", target, room) == answer
    assert target.value == (b"abc" if room >= 3 else b"")
