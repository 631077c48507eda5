"""The scene that the tests of the view share, on a real disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.core.plan import KeepReason
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.trees import Link, write_tree
from tests.view.views import Scene, make_scene

INBOX = {
    b"a.pdf": b"first",
    b"deep": {b"b.pdf": b"second"},
    b"odd\xff\nname": b"third",
    b"who": b"fourth",
    b"link": Link(b"a.pdf"),
}
TARGET = {b"Docs": {b"theirs.pdf": b"theirs", b"Sub": {b"x": b"x"}}, b"top": b"top", b"soft": Link(b"top")}
ROWS = (
    (b"a.pdf", b"Docs/a.pdf"),
    (b"deep/b.pdf", b"New/b.pdf"),
    (b"odd\xff\nname", b"New/odd\xff\nname"),
    (b"who", KeepReason.UNSURE),
    (b"link", KeepReason.LINK),
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """`in` and `out` in a temporary folder, and the view of a plan from one to the other."""
    write_tree(tmp_path / "in", INBOX)
    write_tree(tmp_path / "out", TARGET)
    root, target = (os.fsencode(tmp_path / name) for name in ("in", "out"))
    with PosixDisk() as disk:
        yield make_scene(disk, root, target, ROWS, folders=[b"New", b"New/Empty"])
