"""What tests of views that follow their originals share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.adapters.trees import read_tree
from tests.cli.command_line import THEN_NS, Desk

SECONDS = 20.0  # on a busy machine; two or three on an idle one
OWN = (b".ifmosfs", b"To review")


def mount(desk: Desk, point: Path, *options: str) -> str:
    """The plan of a new mount."""
    result = desk.run("mount", desk.inbox, point, "--output", desk.target, "--json", *options)
    assert result.status == 0, result
    return str(result.json["plan"])


def settled(look: Callable[[], object], wanted: object) -> object:
    """What is seen as soon as it is what is wanted, or after a while; an error where what is shown is gone or another file now."""
    deadline = time.monotonic() + SECONDS
    seen: object = None
    while seen != wanted and time.monotonic() < deadline:
        try:
            seen = look()
        except OSError as error:
            seen = error
        time.sleep(0.05)
    return seen


def layout(folder: Path) -> object:
    """What commit makes, or has made."""
    return {name: below for name, below in read_tree(folder).items() if name not in OWN}


def attribute(path: Path, name: str) -> str:
    return os.getxattr(path, f"user.ifmosfs.{name}").decode()


def put(path: Path, content: bytes) -> None:
    """A file of an old time, moved in whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(THEN_NS, THEN_NS))
