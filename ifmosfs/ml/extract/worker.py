"""The process in which hostile bytes meet the libraries: it takes open files from its parent, one at a time, and answers.

Before the first of them it gives up what it could do harm with, and cannot take it back: it may have no further descriptor than that
of the file in hand, so that nothing is opened, no socket made and no program run; it can write nothing; memory and computing time are
bounded. It stands in no folder of the user's, and never learns the name of a file.
"""

from __future__ import annotations

import codecs
import os
import resource
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Final

import msgspec

from ifmosfs.ml.extract import wire
from ifmosfs.ml.extract.limits import Limits
from ifmosfs.ml.extract.mail import CHARSETS
from ifmosfs.ml.extract.table import extract_in_worker
from ifmosfs.ml.extract.values import Extract
from ifmosfs.ml.sample import Sample

CONNECTION: Final = 0  # stdin; 1 and 2 lead nowhere
FILES_PER_WORKER: Final = 5_000  # then a fresh one, so that what a library leaks does not pile up
IDLE_SECONDS: Final = 60.0
_CODECS: Final = (
    "cp1252",
    "cp437",
    "latin-1",
    "utf-16-le",
    "utf-16-be",
    "utf-8-sig",
    "mac_roman",
    "ascii",
    "raw_unicode_escape",
    "unicode_escape",
    *sorted(CHARSETS),
)

Extracting = Callable[[Sample, str], Extract]


def main(extracting: Extracting = extract_in_worker) -> int:
    """Serve the parent until it goes, has nothing to do for a minute, or thousands of files are done; 0 then."""
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    load_libraries()
    give_up_rights(limits)
    connection = socket.socket(fileno=CONNECTION)
    connection.settimeout(IDLE_SECONDS)
    connection.sendall(wire.ANSWER.pack(wire.READY, 0))
    try:
        for _ in range(FILES_PER_WORKER):
            request = wire.receive_request(connection)
            if request is None:
                break
            number, descriptor, size_bytes, format_name = request
            bound_computing(limits.cpu_seconds)
            answer = _answer(extracting, descriptor, size_bytes, format_name, limits.read_bytes)
            connection.sendall(wire.ANSWER.pack(number, len(answer)) + answer)
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        pass  # nobody is waiting
    return 0


def _answer(extracting: Extracting, descriptor: int, size_bytes: int, format_name: str, read_bytes: int) -> bytes:
    try:
        return wire.encode(extracting(Sample(descriptor, size_bytes, read_bytes), format_name))
    except OSError as error:  # the disk's own trouble, met by the first look at the file
        return wire.encode(Extract(trouble=error.strerror or str(error)))
    finally:
        os.close(descriptor)


def load_libraries() -> None:
    """Import all that will be needed: after `give_up_rights` nothing can be imported any more."""
    import logging

    import pypdfium2.raw
    import tinytag
    from PIL import Image, ImageChops

    del tinytag, ImageChops
    Image.init()  # Pillow would do it at the first picture that it does not know
    pypdfium2.raw.FPDF_GetLastError()  # loads the library
    for name in _CODECS:
        codecs.lookup(name)
    logging.disable()
    warnings.simplefilter("ignore")  # about damage in files, which is answered for


def give_up_rights(limits: Limits) -> None:
    """What cannot be undone: see the module."""
    os.chdir("/")
    highest = max(int(name) for name in os.listdir("/dev/fd"))  # the listing's own one, which is free again
    for kind, value in (
        (resource.RLIMIT_NOFILE, highest + 1),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory_bytes),
    ):
        allowed = resource.getrlimit(kind)[1]
        lowest = value if allowed == resource.RLIM_INFINITY else min(value, allowed)  # what is lower already stays so
        resource.setrlimit(kind, (lowest, lowest))


def bound_computing(seconds: int) -> None:
    """The system ends this process when it has computed for so many seconds from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (whole, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    sys.exit(main())
