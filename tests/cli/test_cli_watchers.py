"""Who watches a folder of a mounted view is told by the kernel of what comes to pass without a call through the mount."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ifmosfs.platform.inotify import (
    IN_CREATE,
    IN_DELETE,
    IN_ISDIR,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    Inotify,
)
from tests.cli.command_line import Desk
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

SECONDS: Final = 20.0  # on a busy machine
QUIET_S: Final = 1.0
KINDS: Final = {IN_CREATE: "created", IN_MOVED_TO: "moved in", IN_MOVED_FROM: "moved out", IN_DELETE: "deleted"}

Told = set[tuple[str, str, bool]]
"""What happened, the path in the view, and whether it is a folder."""

INVOICE: Final = "Financial/Documents/2021/invoice-17.txt"


@contextmanager
def watched(point: Path, *folders: str) -> Iterator[Callable[[Told], Told]]:
    """While inside, some folders of a view are watched; gives what returns all that was told when so much has been, and a
    little later, or after a long time."""
    inotify = Inotify()
    names = {inotify.add(os.fsencode(point / folder)): folder for folder in folders}
    seen: Told = set()

    def take() -> None:
        for event in inotify.read():
            for bit, kind in KINDS.items():
                if event.mask & bit:
                    path = os.path.join(names[event.watch], os.fsdecode(event.name))
                    seen.add((kind, path, bool(event.mask & IN_ISDIR)))

    def told(wanted: Told) -> Told:
        deadline = time.monotonic() + SECONDS
        while not wanted <= seen and time.monotonic() < deadline:
            time.sleep(0.05)
            take()
        time.sleep(QUIET_S)
        take()
        found = set(seen)
        seen.clear()
        return found

    try:
        yield told
    finally:
        inotify.close()


def mounted(desk: Desk, point: Path) -> str:
    result = desk.run("mount", desk.inbox, point, "--output", desk.target, "--json")
    assert result.status == 0, result
    return str(result.json["plan"])


def test_of_a_file_that_is_filed_elsewhere_and_of_that_being_undone_and_made_again(
    desk: Desk, mount_point: Path
) -> None:
    plan = mounted(desk, mount_point)
    with watched(mount_point, "", "Financial/Documents/2021") as told:
        os.setxattr(mount_point / INVOICE, "user.ifmosfs.category", b"legal_document")
        done: Told = {("moved out", INVOICE, False), ("moved in", "Legal", True)}
        assert told(done) == done
        (new,) = (mount_point / "Legal").rglob("*.txt")
        assert desk.here("stage", "undo", plan).status == 0
        undone: Told = {("moved in", INVOICE, False), ("moved out", "Legal", True)}
        assert told(undone) == undone
        assert desk.here("stage", "redo", plan).status == 0
        assert told(done) == done
    assert new.read_bytes() == (desk.inbox / "invoice-17.txt").read_bytes()
    steps = desk.here("stage", "log", plan, "--json").json["steps"]
    assert len(steps) == 1  # nothing that was done to tell is an edit
    assert desk.here("unmount", mount_point).status == 0


def test_of_a_file_that_appears_in_the_inbox(desk: Desk, mount_point: Path) -> None:
    mounted(desk, mount_point)
    with watched(mount_point, "Financial/Documents/2021") as told:
        new = desk.inbox / "invoice-18.txt"
        new.write_bytes(b"Invoice No. 2024-18\nTotal amount due: 200 EUR\n")
        os.utime(new, ns=(os.stat(desk.inbox / "invoice-17.txt").st_mtime_ns,) * 2)
        shown: Told = {("moved in", "Financial/Documents/2021/invoice-18.txt", False)}
        assert told(shown) == shown


def test_of_a_file_that_is_deleted_in_the_view_and_so_appears_among_what_stays(desk: Desk, mount_point: Path) -> None:
    mounted(desk, mount_point)
    with watched(mount_point, "To review", "To review/excluded", "Financial/Documents/2021") as told:
        os.unlink(mount_point / INVOICE)
        shown: Told = {("deleted", INVOICE, False), ("moved in", "To review/excluded/invoice-17.txt", False)}
        assert told(shown) == shown
