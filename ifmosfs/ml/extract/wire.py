"""What parent and worker say to each other: a request with an open descriptor, an answer with an extract."""

from __future__ import annotations

import socket
import struct
from typing import Final

import msgspec

from ifmosfs.ml.extract.values import Extract

REQUEST: Final = struct.Struct("<IQ16s")  # number of the job, size of the file, format
ANSWER: Final = struct.Struct("<II")  # number of the job, length of what follows
READY: Final = 0xFFFFFFFF  # the number of the answer that only says: I am here
MOST_BYTES: Final = 256 * 1024  # of an answer; what is longer comes from a worker that was taken over

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Extract)


def send_request(connection: socket.socket, number: int, descriptor: int, size_bytes: int, format_name: str) -> None:
    """Hand a job to a worker. It gets its own descriptor of the same open file. Raises OSError where the worker has gone."""
    request = REQUEST.pack(number, size_bytes, format_name.encode())
    socket.send_fds(connection, [request], [descriptor])


def receive_request(connection: socket.socket) -> tuple[int, int, int, str] | None:
    """(number, descriptor, size, format) of the next job, `None` when the parent has gone."""
    request, descriptors, _, _ = socket.recv_fds(connection, REQUEST.size, 1)
    if len(request) < REQUEST.size or len(descriptors) != 1:
        return None
    number, size_bytes, name = REQUEST.unpack(request)
    return number, descriptors[0], size_bytes, name.rstrip(b"\0").decode()


def encode(extract: Extract) -> bytes:
    """The extract as bytes, for a pipe or a database."""
    return _ENCODER.encode(extract)


def decode(data: bytes) -> Extract:
    """The inverse of `encode`. Raises `msgspec.MsgspecError` on anything else."""
    return _DECODER.decode(data)
