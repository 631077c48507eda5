"""The picture in README.md: a real file manager on a real view, while a photograph is dragged to where it belongs."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
import wave
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from tests.adapters.trees import Tree, write_tree
from tests.desktop.real_files import (
    AUTUMN,
    DUSK,
    EVENING,
    MORNING,
    NIGHT,
    NOON,
    SPRING,
    WINTER,
    letter,
    photograph,
    screenshot,
)
from tests.desktop.screen import HEIGHT, STYLE_SHEET, WIDTH, Box, Screen, screen, thunar, wait_for

PROJECT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = PROJECT / "docs" / "file-manager.png"
IFMOSFS: Final = Path(sys.executable).with_name("ifmosfs")
SETTLE_S: Final = 2.0  # the screen must not change for so long

SETTINGS: Final = {
    "last-view": ("string", "ThunarIconView"),
    "last-icon-view-zoom-level": ("string", "THUNAR_ZOOM_LEVEL_200_PERCENT"),
    "last-side-pane": ("string", "ThunarTreePane"),
    "last-separator-position": ("int", "230"),
}

# Thunar warns whoever is root, which is nothing that a picture of this program should show.
STYLE: Final = """
* { font-family: Cantarell, sans-serif; }
infobar, infobar * { min-height: 0; padding: 0; margin: 0; border: none; font-size: 0; background: none; }
"""

TREE: Final = Box(0, 110, 225, HEIGHT)
FILES: Final = Box(235, 110, WIDTH, HEIGHT - 30)

RIGHT_OF_NAMES: Final = 150  # what is dragged hangs to the right of the pointer, and should hide no name

DRAGGED: Final = "IMG_2047.jpg"
TRIP: Final = "Norway"  # stands below the month in the tree
WRITTEN_NS: Final = 1_711_900_800_000_000_000  # 2024-03-31


def inbox() -> Tree:
    """What somebody's download folder holds after a summer."""
    june, may = "2024:06:{:02} 12:00:00", "2024:05:{:02} 09:30:00"
    lights = (
        NOON,
        EVENING,
        MORNING,
        AUTUMN,
        NIGHT,
        WINTER,
        DUSK,
        NOON,
        SPRING,
        EVENING,
        AUTUMN,
        MORNING,
        NIGHT,
        WINTER,
    )
    photographs = {
        f"IMG_{2041 + number}.jpg".encode(): photograph(
            number + 1, light, june.format(number + 3), lake=number % 3 == 1
        )
        for number, light in enumerate(lights)
    }
    return {
        b"DCIM": photographs | {b"IMG_1987.jpg": photograph(31, MORNING, may.format(4), lake=True)},
        b"Invoice 2024-0117.pdf": letter(
            ["Invoice No. 2024-0117", "Amount due: 249.00 EUR", "VAT 19 %", "Bank transfer"]
        ),
        b"Receipt bicycle repair.pdf": letter(["Receipt", "Brake pads 24.90 EUR", "Total 64.90 EUR, paid"]),
        b"Rental contract.pdf": letter(["Rental agreement", "This contract is made between landlord and tenant"]),
        b"Curriculum vitae Anna.pdf": letter(["Curriculum vitae", "Education", "Work experience", "Languages"]),
        b"washing machine user manual.pdf": letter(
            ["User manual", "Safety instructions", "Installation", "Programmes"]
        ),
        b"Screenshot from 2024-03-01 10-11-12.png": screenshot(4),
        b"Screenshot from 2024-04-17 18-20-41.png": screenshot(5),
        b"backup-2023.zip": _archive({"notes.txt": "call the plumber\n", "list.txt": "bread\nmilk\n"}),
        b"voice memo.wav": _silence(2),
        b"bookmarks.html": b"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n<DL><p></DL>\n",
        b"electricity readings.csv": b"month,kWh\n2024-01,211\n2024-02,187\n2024-03,164\n",
        b"untitled": b"hm\n",
    }


def _archive(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2023, 12, 30, 18, 0, 0)), text)
    return out.getvalue()


def _silence(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000 * seconds))
    return out.getvalue()


@contextlib.contextmanager
def mounted(home: Path, state: Path) -> Iterator[Path]:
    """The view of the inbox at its usual place in a home, with a folder that somebody has made in it."""
    environment = {**os.environ, "HOME": str(home), "IFMOSFS_HOME": str(state)}

    def ifmosfs(*arguments: str | Path) -> None:
        subprocess.run([IFMOSFS, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True, timeout=120)

    write_tree(home / "Downloads", inbox())
    for path in (home / "Downloads").rglob("*"):
        os.utime(path, ns=(WRITTEN_NS, WRITTEN_NS))
    point = home / "IFMOSFS"
    point.mkdir()
    ifmosfs("mount", home / "Downloads", point)
    try:
        (point / "Photos" / TRIP).mkdir()
        yield point
    finally:
        ifmosfs("unmount", "--lazy", point)


def find_places(on: Screen, folder: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the dragged file is in the window of a folder, and the folder of the tree that is below this one there.

    Thunar is shut again, and all its thumbnails are made: those that it has asked for twice may be shown the next time only.
    """
    with thunar(on, folder, SETTINGS, STYLE) as manager:
        settled(on)
    with thunar(on, folder, SETTINGS, STYLE + STYLE_SHEET) as manager:
        settled(on)
        below = wait_for("the folder in the tree", lambda: on.marked(TREE))
        manager.select(DRAGGED, FILES)
        settled(on)
        file = wait_for("the file", lambda: on.marked(FILES))
    height = below.bottom - below.top
    return ((file.left + file.right) // 2, (file.top + file.bottom) // 2), (RIGHT_OF_NAMES, below.bottom + height // 2)


def taken(on: Screen, folder: Path) -> Image.Image:
    """The screen while a file is dragged to a folder of the tree at the side. It then is dropped, and must be there."""
    start, end = find_places(on, folder)
    with thunar(on, folder, SETTINGS, STYLE):
        settled(on)
        on.take(start, end)
        picture = settled(on)
        on.let_go()
        wait_for("the dropped file", (folder.parent.parent / TRIP / DRAGGED).exists)
    return picture


def settled(on: Screen) -> Image.Image:
    """What the screen shows when nothing has changed for a while: all thumbnails are there."""
    pictures = [on.picture()]

    def look() -> bool:
        time.sleep(SETTLE_S)
        pictures.append(on.picture())
        return pictures[-1].tobytes() == pictures[-2].tobytes()

    wait_for("a screen that stays as it is", look, 60)
    return pictures[-1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the picture."""
    parser = argparse.ArgumentParser(prog="script/screenshot", description="Make the picture in README.md again.")
    parser.add_argument("file", nargs="?", type=Path, default=PICTURE)
    file: Path = parser.parse_args(arguments).file
    with tempfile.TemporaryDirectory(prefix="ifmosfs-screenshot-") as made:
        folder = Path(made)
        (folder / "anna").mkdir()
        with mounted(folder / "anna", folder / "state") as point, screen(folder) as on:
            picture = taken(on, point / "Photos" / "2024" / "06")
    picture.save(file, optimize=True)
    print(f"{file}: {file.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
