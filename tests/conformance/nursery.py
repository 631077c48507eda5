"""Mounts that are there in a tenth of a second: a process that has loaded the program once, and forks one child for each command.

Run as ``python -m tests.conformance.nursery``: a line of JSON with ``arguments``, ``environment``, ``log`` in, the child's pid out.
The child runs the command line as if it had been typed; nothing else of the program is relied on.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from typing import NoReturn

# What a mount needs, as far as it is there: only for speed.
PRELOADED = (
    "ifmosfs.app.mounting",
    "ifmosfs.app.recovering",
    "ifmosfs.app.scanning",
    "ifmosfs.app.staging",
    "ifmosfs.cli.commands.mount",
    "ifmosfs.platform.fuse",
    "ifmosfs.store.catalogue",
    "ifmosfs.store.journal",
    "ifmosfs.view.operations",
)


def main() -> None:
    """Serve requests until standard input ends."""
    from ifmosfs.cli.main import invoke

    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        importlib.import_module("ifmosfs.platform.fuse").load_binding()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(invoke, request)
        print(pid, flush=True)


def _run(invoke: object, request: dict[str, object]) -> NoReturn:
    status = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(str(request["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, descriptor in ((0, nothing), (1, log), (2, log), (3, log)):
            os.dup2(descriptor, number)
        os.environ.clear()
        os.environ.update(request["environment"])  # type: ignore[call-overload]
        status = invoke(request["arguments"])  # type: ignore[operator]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
