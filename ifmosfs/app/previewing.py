"""Use cases: a plan as a plain folder, and opening a folder in the file manager."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from ifmosfs.app.context import App
from ifmosfs.app.staging import folders_made, load_tree, preview_folder
from ifmosfs.platform.farm import FarmMethod, FarmReport, build_farm


def build_preview(app: App, plan_id: str, method: FarmMethod) -> tuple[bytes, FarmReport]:
    """The preview folder, made anew, and what it shows."""
    tree = load_tree(app, plan_id)
    folder = preview_folder(app, plan_id)
    moves = list(tree.moves())
    report = build_farm(
        folder,
        moves,
        (made.path for made in folders_made(app, tree)),
        method,
        app.disk,
        lambda n_done: app.progress("Building the preview", n_done, len(moves)),
    )
    return folder, report


def open_in_file_manager(folder: bytes) -> bool:
    """Start the desktop's file manager on a folder; false where there is none."""
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    has_screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if opener is None or not has_screen:
        return False
    subprocess.Popen(
        [opener, folder],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True
