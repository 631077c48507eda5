"""Commands in freshly forked processes of an interpreter that has everything imported: a thousand kills cost no thousand starts.

Run as a module it is that interpreter: it reads one JSON object per line (`arguments`, `environment`, `folder`, `out`, `err`,
`waits`), forks, answers with the child's pid, and, when it has ended, with its status. With `waits` the child stops itself before
it begins, so that a tracer can be attached to it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.cli.command_line import Result
from tests.fuse_support import PROJECT

TIMEOUT_S = 60.0


class Warm:
    """The parent's end."""

    def __init__(self, *patches: str) -> None:
        """`patches` are modules that change something at import, for proofs that need a disk which behaves badly."""
        self._outputs = Path(tempfile.mkdtemp(prefix="ifmosfs-test-"))  # never on a disk that is full, or cut off
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.warm", *patches],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        shutil.rmtree(self._outputs)

    def run(
        self,
        arguments: Sequence[str | bytes | os.PathLike[str]],
        environment: Mapping[str, str],
        folder: Path,
        attach: Callable[[int], subprocess.Popen[bytes]] | None = None,
    ) -> Result:
        """Run one command to its end. `attach` is given the pid of the waiting child and starts what traces it."""
        out, err = self._outputs / "out", self._outputs / "err"
        words = [base64.b64encode(os.fsencode(each)).decode() for each in arguments]
        request = {"arguments": words, "environment": dict(environment), "folder": str(folder), "out": str(out)}
        self._send({**request, "err": str(err), "waits": attach is not None})
        pid = self._receive("pid")
        tracer = None
        if attach is not None:
            _wait_until(lambda: _status_of(pid)["State"].startswith(("T", "t")))
            tracer = attach(pid)
            try:
                _wait_until(lambda: _status_of(pid)["TracerPid"] != "0" or tracer.poll() is not None)
            finally:
                os.kill(pid, signal.SIGCONT)
        status = self._receive("status")
        if tracer is not None:
            tracer.communicate(timeout=TIMEOUT_S)
        return Result(status, _text(out), _text(err))

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _receive(self, key: str) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the warm interpreter has ended: {self._process.poll()}"
        return int(json.loads(line)[key])


def _status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not reached():
        assert time.monotonic() < deadline, "it never came to that point"
        time.sleep(0.0005)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


# The interpreter's end


def serve() -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(request)
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


def _become(request: dict[str, Any]) -> None:
    """Be the command, and never return."""
    from ifmosfs.cli.main import invoke

    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    for number, name in ((1, "out"), (2, "err")):
        opened = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    if request["waits"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    status = 70
    try:
        status = invoke([os.fsdecode(base64.b64decode(each)) for each in request["arguments"]])
    except BaseException:  # noqa: BLE001
        traceback.print_exc()  # as the interpreter does for a bug
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _import_everything() -> None:
    import ifmosfs

    for module in pkgutil.walk_packages(ifmosfs.__path__, "ifmosfs."):
        if module.name not in {"ifmosfs.__main__", "ifmosfs.store.migrations.env"}:
            __import__(module.name)


def _look_at_no_other_process() -> None:
    """Calls are told by their number, and looking for who writes opens files for each process that the machine has just then."""
    from ifmosfs.platform.writers import open_for_writing

    open_for_writing.__defaults__ = (Path(os.devnull),)


if __name__ == "__main__":
    _import_everything()
    _look_at_no_other_process()
    for patch in sys.argv[1:]:
        __import__(patch)
    serve()
