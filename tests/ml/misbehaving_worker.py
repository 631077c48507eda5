"""A worker whose extractors do what a library that was taken over, or is broken, might do."""

import os
import signal
import socket
import subprocess
import sys
import time

from ifmosfs.ml.extract import table, worker
from ifmosfs.ml.extract.values import Extract, Notes
from ifmosfs.ml.sample import Sample


def hang(_sample: Sample, _notes: Notes) -> None:
    time.sleep(600)


def spin(_sample: Sample, _notes: Notes) -> None:
    while True:
        pass


def die(_sample: Sample, _notes: Notes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(_sample: Sample, _notes: Notes) -> None:
    os._exit(0)


def devour(_sample: Sample, _notes: Notes) -> None:
    bytearray(2 << 30)


def nest(sample: Sample, notes: Notes) -> None:
    nest(sample, notes)


def babble(_sample: Sample, _notes: Notes) -> None:
    os.write(worker.CONNECTION, b"\xff" * 64)
    time.sleep(600)


def toil(_sample: Sample, notes: Notes) -> None:
    until = time.process_time() + 0.4
    while time.process_time() < until:
        pass
    notes.field("title", "done")


def attempts(sample: Sample, notes: Notes) -> None:
    """What must all be refused; each refusal is noted with the system's word for it."""
    descriptor = sample._descriptor
    for name, attempt in (
        ("open", lambda: os.open("/etc/passwd", os.O_RDONLY)),
        ("reopen", lambda: os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)),
        ("list", lambda: os.listdir("/")),
        ("connect", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
        ("run", lambda: subprocess.run(["true"], check=False, stdout=subprocess.PIPE)),
        ("write", lambda: os.write(descriptor, b"x")),
    ):
        try:
            attempt()
        except OSError as error:
            notes.key(f"{name}: {error.strerror}")
        else:
            notes.key(f"{name}: allowed")


def surroundings(_sample: Sample, notes: Notes) -> None:
    notes.field("title", os.getcwd())
    for name in sorted(os.environ):
        notes.key(name)


def count(_sample: Sample, notes: Notes) -> None:
    notes.number("n_pages", os.getpid())


def extracting(sample: Sample, format_name: str) -> Extract:
    if format_name == "flood":
        return Extract(text="x" * 1_000_000)
    return table.extract_in_worker(sample, format_name)


if __name__ == "__main__":
    behaviours = (hang, spin, die, leave, devour, nest, babble, toil, attempts, surroundings, count)
    known = {function.__name__: ("test", function) for function in behaviours}
    table.IN_WORKER.update(known)  # type: ignore[attr-defined]
    sys.exit(worker.main(extracting))
