"""Starting the view's process and waiting until its mount answers.

The daemon is a process of its own, in its own session, because a process that holds files of a mount which it serves itself
cannot be killed. It tells its parent through a pipe: one line, `ready` or a JSON object that describes an error.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ifmosfs.core.errors import IfmosfsError, MountProblem
from ifmosfs.core.names import from_text, to_text
from ifmosfs.platform.mounts import let_go

READY = b"ready"
START_SECONDS = 60.0
LOOK_EVERY_S = 0.05
TERMINATION_S = 2.0
# One vector at a time gains nothing from threads; and where OpenBLAS cannot start them it sends its own process the signal of Ctrl-C,
# at which a view ends.
SINGLE_THREADED = {"OPENBLAS_NUM_THREADS": "1"}


def start(arguments: Sequence[str | bytes], log: Path) -> int:
    """Start the daemon; returns its process id when its mount answers. Raises what the daemon reported.

    `arguments` is the command line up to the option that takes the number of the pipe's descriptor.
    """
    reading, writing = os.pipe()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*arguments, str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            pass_fds=(writing,),
            env={**SINGLE_THREADED, **os.environ},
        )
    os.close(writing)
    try:
        message = _read_line(reading, START_SECONDS)
    except BaseException:  # Ctrl-C while it starts: nobody waits for it any more
        process.terminate()
        process.wait()
        raise
    finally:
        os.close(reading)
    if message == READY:
        return process.pid
    if message is None:
        process.terminate()
    raise _reported(message, log)


def run_beside(arguments: Sequence[str], ended: threading.Event) -> int | None:
    """Run a command beside this process, with its output, until it is done: its exit status; below zero is the signal that ended it.

    `None` when it was ended because `ended` was set; one that hangs on a drive that does not answer is not waited for then.
    Raises `OSError` where no process can be started.
    """
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)
    while (status := process.poll()) is None:
        if ended.wait(LOOK_EVERY_S):
            _end(process)
            return None
    return status


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(TERMINATION_S)
    except subprocess.TimeoutExpired:
        process.kill()
        let_go(process)  # where it hangs on a drive it ends when that answers


def tell_ready(descriptor: int) -> None:
    """Called in the daemon: the mount answers."""
    os.write(descriptor, READY + b"\n")
    os.close(descriptor)


def tell_error(descriptor: int, error: IfmosfsError) -> None:
    """Called in the daemon: it will not come up."""
    path = None if error.path is None else to_text(error.path)
    fields = {"code": error.code, "what": error.what, "path": path, "hint": error.hint}
    os.write(descriptor, json.dumps(fields).encode() + b"\n")
    os.close(descriptor)


def _read_line(descriptor: int, seconds: float) -> bytes | None:
    """The line, what came before the pipe was closed, or `None` when the time is up."""
    deadline = time.monotonic() + seconds
    received = b""
    while not received.endswith(b"\n"):
        readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            return None
        chunk = os.read(descriptor, 65536)
        if not chunk:
            break
        received += chunk
    return received.strip()


def _reported(message: bytes | None, log: Path) -> IfmosfsError:
    if message is None:
        return MountProblem("the mount did not answer in time", hint=f"look into {log}")
    try:
        fields = json.loads(message)
    except ValueError:
        return MountProblem("the view's process ended before its mount answered", hint=f"look into {log}")
    path = None if fields["path"] is None else from_text(fields["path"])
    for kind in _all_errors(IfmosfsError):
        if kind.code == fields["code"]:
            return kind(fields["what"], path=path, hint=fields["hint"])
    return IfmosfsError(fields["what"], path=path, hint=fields["hint"])


def _all_errors(kind: type[IfmosfsError]) -> list[type[IfmosfsError]]:
    found = [kind]
    for derived in kind.__subclasses__():
        found.extend(_all_errors(derived))
    return found
