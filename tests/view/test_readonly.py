"""The fixed tree of a version, or of what an undo would make: what it says of folders in folders, and of the names of one file."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from ifmosfs.core.ports import Space
from ifmosfs.view.readonly import ReadOnlyView, Shown
from tests.view.views import NOW_NS, OWNER

FILE = stat.S_IFREG | 0o640
FOLDER = stat.S_IFDIR | 0o700


class Asked:
    """A source that knows of nothing but of the number that it was asked for."""

    def open_read(self, number: int) -> int:
        del number
        return os.open(os.devnull, os.O_RDONLY)

    def read_link(self, number: int) -> bytes:
        return b"%d" % number

    def attributes(self, number: int) -> Mapping[bytes, bytes]:
        return {b"place": b"%d" % number}


def shown_as_tree(*entries: Shown) -> ReadOnlyView:
    return ReadOnlyView(entries, Asked(), owner=OWNER, now_ns=NOW_NS, space=lambda: Space(4096, 9, 9, 9, 9, 9, 255))


def n_links(view: ReadOnlyView, *paths: bytes) -> list[int]:
    return [view.getattr(view.resolve(path)).n_links for path in paths]


def test_a_folder_has_a_link_for_each_folder_in_it_as_on_a_disk() -> None:
    view = shown_as_tree(
        Shown(b"made/for what/is in it", FILE, 1, 1, 0),
        Shown(b"made", FOLDER, 0, 5, 1),
        Shown(b"made/also", FOLDER, 0, 5, 2),
        Shown(b"told", FOLDER, 0, 5, 3),
    )
    assert n_links(view, b"", b"made", b"made/for what", b"made/also", b"told") == [4, 4, 2, 2, 2]
    assert stat.S_IMODE(view.getattr(view.resolve(b"made")).mode) == 0o700


def test_the_names_of_one_file_have_one_number_and_are_counted() -> None:
    view = shown_as_tree(
        Shown(b"Logs/a", FILE, 3, 7, 0, "one"),
        Shown(b"Logs/b", FILE, 3, 7, 1, "one"),
        Shown(b"deep/a", FILE, 3, 7, 2, "one"),
        Shown(b"Logs/other", FILE, 3, 7, 3, "other"),
        Shown(b"Logs/none", FILE, 3, 7, 4),
        Shown(b"Logs/none either", FILE, 3, 7, 5),
    )
    names = (b"Logs/a", b"Logs/b", b"deep/a")
    assert n_links(view, *names, b"Logs/other", b"Logs/none", b"Logs/none either") == [3, 3, 3, 1, 1, 1]
    assert len({view.resolve(name) for name in names}) == 1
    logs = view.opendir(view.resolve(b"Logs"))
    listed = {
        entry.name: (entry.attr.inode == view.resolve(b"deep/a"), entry.attr.n_links)
        for entry in logs.entries(0, len(logs))
    }
    assert listed == {
        b"a": (True, 3),
        b"b": (True, 3),
        b"other": (False, 1),
        b"none": (False, 1),
        b"none either": (False, 1),
    }
