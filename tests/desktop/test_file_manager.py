"""Real file managers on a real mount, by keys and mouse: what a gesture means, and that no window complains.

What happened is asked of the program and of the disk, never of the picture.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.adapters.trees import Tree, read_tree
from tests.cli.command_line import Attributes, Desk, attributes
from tests.desktop.real_files import EVENING, MORNING, NOON, letter, photograph, screenshot
from tests.desktop.screen import HEIGHT, WIDTH, Box, FileManager, Screen, missing_desktop, pcmanfm, thunar, wait_for
from tests.fuse_support import FUSE_MARKS, REQUIRED, force_unmount

pytestmark = [
    *FUSE_MARKS,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_desktop()) and not REQUIRED, reason=f"desktop: {missing_desktop()}"),
    pytest.mark.timeout(400),
]

FJORD: Final = photograph(1, NOON, "2024:06:15 12:00:00", size=(640, 480))
HARBOUR: Final = photograph(2, EVENING, "2024:06:15 21:30:00", size=(640, 480))
MEADOW: Final = photograph(3, MORNING, "2024:06:16 06:10:00", size=(640, 480))
DESKTOP: Final = screenshot(4)
INVOICE: Final = letter(["Invoice No. 2024-17", "Total amount due: 100 EUR", "VAT 19 %"])
UNSURE: Final = b"hm"

INBOX: Final[Tree] = {
    b"camera": {b"fjord.jpg": FJORD, b"harbour.jpg": HARBOUR, b"meadow.jpg": MEADOW},
    b"Screenshot from 2024-03-01 10-11-12.png": DESKTOP,
    b"invoice-17.pdf": INVOICE,
    b"what.xyz": UNSURE,
}

INVOICES: Final[Tree] = {b"Documents": {b"2021": {b"invoice-17.pdf": INVOICE}}}
SCREENSHOTS: Final[Tree] = {b"2024": {b"Screenshot from 2024-03-01 10-11-12.png": DESKTOP}}

PLANNED: Final[Tree] = {
    b"Financial": INVOICES,
    b"Photos": {b"2024": {b"06": {b"fjord.jpg": FJORD, b"harbour.jpg": HARBOUR, b"meadow.jpg": MEADOW}}},
    b"Screenshots": SCREENSHOTS,
}

SPLIT: Final = {"misc-open-new-windows-in-split-view": ("bool", "true")}
LEFT: Final = Box(0, 0, WIDTH * 3 // 10, HEIGHT)
RIGHT: Final = Box(WIDTH * 4 // 10, 0, WIDTH, HEIGHT)


class Mounted(NamedTuple):
    """An inbox whose plan is mounted, and the inbox as it was before."""

    desk: Desk
    plan: str
    inbox: dict[bytes, Attributes]

    @property
    def point(self) -> Path:
        """Where the view is."""
        return self.desk.mount_point

    def layout(self) -> dict[bytes, object]:
        """What the view shows of what commit will make."""
        shown = read_tree(self.point)
        return {name: node for name, node in shown.items() if name not in {b"To review", b".ifmosfs"}}

    def staying(self) -> dict[str, object]:
        """What the view shows of what stays, by reason."""
        review = read_tree(self.point / "To review")
        return {name.decode(): node for name, node in review.items() if node}

    def says(self) -> dict[str, str]:
        """By name in the inbox: where the program says that a file goes, or why it stays."""
        shown = self.desk.here("stage", "show", self.plan, "--json").json
        goes = {os.path.basename(row["source"]): row["target"] for row in shown["moves"]}
        return goes | {os.path.basename(row["source"]): row["why"] for row in shown["kept"]}

    def nothing_was_touched(self) -> bool:
        """Whether the inbox is what it was, to the byte and the nanosecond, and no target was begun."""
        return attributes(self.desk.inbox) == self.inbox and not self.desk.target.exists()


@pytest.fixture
def mounted(bare_desk: Desk) -> Iterator[Mounted]:
    desk = bare_desk
    desk.set_up(INBOX)
    before = attributes(desk.inbox)
    result = desk.run("mount", desk.inbox, desk.mount_point, "--output", desk.target, "--json")
    assert result.status == 0, result
    yield Mounted(desk, str(result.json["plan"]), before)
    force_unmount(desk.mount_point)


@pytest.fixture
def bare_desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def go_to(manager: FileManager, pane: Box, *names: str) -> None:
    """In one of two panes, go from the folder that it shows into folders below."""
    manager.screen.click((pane.left + pane.right) // 2, HEIGHT - 60)  # there is nothing but the pane
    manager.enter(*names, region=pane)


def drag(manager: FileManager, name: str, folder: str) -> None:
    """Drag an entry of the right pane onto a folder of the left one, with the mouse."""
    go_to(manager, RIGHT)
    start = manager.select(name, RIGHT)
    go_to(manager, LEFT)
    end = manager.select(folder, LEFT)
    manager.screen.drag(start.name, end.name)


def test_a_file_dragged_onto_a_folder_goes_there_and_a_deleted_one_stays_where_it_is(
    mounted: Mounted, monitor: Screen
) -> None:
    with thunar(monitor, mounted.point, SPLIT) as manager:
        go_to(manager, RIGHT, "Photos", "2024", "06")
        drag(manager, "harbour.jpg", "Screenshots")
        wait_for("the dragged file", (mounted.point / "Screenshots/harbour.jpg").exists)
        go_to(manager, RIGHT)
        manager.delete("meadow.jpg", "Attention", region=RIGHT)
        wait_for("the deleted file", (mounted.point / "To review/excluded/camera/meadow.jpg").exists)
        monitor.wait_for_title(manager.title("06"))  # no window says that something went wrong

        go_to(manager, LEFT, "Screenshots")
        manager.select("harbour.jpg", LEFT)
        layout: Tree = {
            b"Financial": INVOICES,
            b"Photos": {b"2024": {b"06": {b"fjord.jpg": FJORD}}},
            b"Screenshots": {**SCREENSHOTS, b"harbour.jpg": HARBOUR},
        }
        assert mounted.layout() == layout
        assert mounted.staying() == {"excluded": {b"camera": {b"meadow.jpg": MEADOW}}, "unsure": {b"what.xyz": UNSURE}}
        assert mounted.says() == {
            "Screenshot from 2024-03-01 10-11-12.png": "Screenshots/2024/Screenshot from 2024-03-01 10-11-12.png",
            "fjord.jpg": "Photos/2024/06/fjord.jpg",
            "harbour.jpg": "Screenshots/harbour.jpg",
            "invoice-17.pdf": "Financial/Documents/2021/invoice-17.pdf",
            "meadow.jpg": "excluded",
            "what.xyz": "unsure",
        }
        assert mounted.nothing_was_touched()

        committed = mounted.desk.run("commit", mounted.point, "--yes")  # the file manager still looks at the view
        assert (committed.status, committed.err) == (0, "")
        made = read_tree(mounted.desk.target)
        del made[b".ifmosfs"]
        assert made == layout
        assert read_tree(mounted.desk.inbox) == {b"camera": {b"meadow.jpg": MEADOW}, b"what.xyz": UNSURE}


def test_a_file_dragged_out_of_the_review_folder_is_planned_and_a_folder_dragged_goes_as_a_whole(
    mounted: Mounted, monitor: Screen
) -> None:
    with thunar(monitor, mounted.point, SPLIT) as manager:
        go_to(manager, RIGHT, "To review", "unsure")
        drag(manager, "what.xyz", "Financial")
        wait_for("the dragged file", (mounted.point / "Financial/what.xyz").exists)
        go_to(manager, LEFT, "Photos")
        monitor.press("alt+Up")
        monitor.wait_for_title(manager.title(mounted.point.name))
        go_to(manager, RIGHT)
        monitor.press("alt+Up", "alt+Up")
        monitor.wait_for_title(manager.title(mounted.point.name))
        drag(manager, "Photos", "Screenshots")
        wait_for("the dragged folder", (mounted.point / "Screenshots/Photos/2024/06/fjord.jpg").exists)
        monitor.wait_for_title(manager.title(mounted.point.name))
    assert mounted.layout() == {
        b"Financial": {**INVOICES, b"what.xyz": UNSURE},
        b"Screenshots": {**SCREENSHOTS, b"Photos": PLANNED[b"Photos"]},
    }
    assert mounted.staying() == {}
    assert mounted.nothing_was_touched()


def test_thumbnails_of_pictures_and_documents_are_made_from_the_view(mounted: Mounted, monitor: Screen) -> None:
    paths = (
        "Photos/2024/06/fjord.jpg",
        "Screenshots/2024/Screenshot from 2024-03-01 10-11-12.png",
        "Financial/Documents/2021/invoice-17.pdf",
    )
    with thunar(monitor, mounted.point) as manager:
        for path in paths:
            *folders, _ = path.split("/")
            manager.enter(*folders)
            wait_for(f"a thumbnail of {path}", lambda path=path: thumbnail(monitor, mounted.point / path).exists())
            monitor.press(*["alt+Up"] * len(folders))
            monitor.wait_for_title(manager.title(mounted.point.name))
    assert mounted.nothing_was_touched()


@pytest.mark.parametrize("shown", [thunar, pcmanfm], ids=["thunar", "pcmanfm"])
def test_an_open_window_shows_by_itself_what_commands_change_in_the_plan(
    mounted: Mounted, monitor: Screen, shown: Callable[[Screen, Path], AbstractContextManager[FileManager]]
) -> None:
    invoice = mounted.point / "Financial/Documents/2021/invoice-17.pdf"
    with shown(monitor, mounted.point) as manager:
        manager.select("Screenshots")  # so all is listed, and watched
        os.setxattr(invoice, "user.ifmosfs.category", b"web_page")
        row = manager.select("Web")  # the last one, so that no other takes its place
        assert mounted.desk.run("stage", "undo", mounted.plan).status == 0
        wait_for("the folder to go", lambda: monitor.marked() != row)
        assert mounted.desk.run("stage", "redo", mounted.plan).status == 0
        manager.enter("Web")
    assert not invoice.exists()
    assert mounted.says()["invoice-17.pdf"].startswith("Web/")
    assert mounted.nothing_was_touched()


def thumbnail(on: Screen, path: Path) -> Path:
    """Where the freedesktop.org specification has the thumbnail of a file."""
    digest = hashlib.md5(path.as_uri().encode(), usedforsecurity=False).hexdigest()
    return on.home / ".cache/thumbnails/normal" / f"{digest}.png"


def test_there_is_no_trash_in_the_view_so_the_file_manager_asks_to_delete_instead(
    mounted: Mounted, monitor: Screen
) -> None:
    folder = mounted.point / "Photos/2024/06"
    with pcmanfm(monitor, folder) as manager:
        # "Do you want to move the file … to trash can?", then "Some files cannot be moved to trash can because the underlying
        # file systems don't support this operation. Do you want to delete them instead?"
        manager.delete("meadow.jpg", "Confirm", "Confirm")
        wait_for("the deleted file", lambda: not (folder / "meadow.jpg").exists())
        monitor.wait_for_title(manager.title("06"))
    assert mounted.staying() == {"excluded": {b"camera": {b"meadow.jpg": MEADOW}}, "unsure": {b"what.xyz": UNSURE}}
    assert mounted.says()["meadow.jpg"] == "excluded"
    assert mounted.nothing_was_touched()


@pytest.mark.skipif(shutil.which("gio") is None, reason="there is no gio (script/setup --desktop installs it)")
def test_what_the_desktops_own_library_says_of_the_trash(mounted: Mounted, monitor: Screen) -> None:
    file = mounted.point / "Photos/2024/06/meadow.jpg"
    trash = mounted.point / f".Trash-{os.getuid()}"
    done = subprocess.run(
        ["gio", "trash", file], env=monitor.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"gio: {file.as_uri()}: Unable to find or create trash directory {trash} to trash {file}\n",
    )
    assert mounted.layout() == PLANNED
