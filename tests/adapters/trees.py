"""Folder trees as literals: names are bytes, a folder is a dict, a file is its content, a symlink is a `Link`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True, slots=True)
class Link:
    """A symlink with this text."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Special:
    """Something that is neither file, folder nor symlink."""


Tree = Mapping[bytes, Union["Tree", bytes, Link, Special]]


def write_tree(folder: os.PathLike[str] | str | bytes, tree: Tree) -> None:
    """Make what the literal says in an existing, or a new, folder."""
    path = os.fsencode(folder)
    os.makedirs(path, exist_ok=True)
    for name, node in tree.items():
        here = path + b"/" + name
        if isinstance(node, bytes):
            with open(here, "xb") as file:
                file.write(node)
        elif isinstance(node, Link):
            os.symlink(node.text, here)
        elif isinstance(node, Special):
            os.mkfifo(here)
        else:
            write_tree(here, node)


def read_tree(folder: os.PathLike[str] | str | bytes) -> dict[bytes, object]:
    """The literal of a real folder; no symlink is followed."""
    path = os.fsencode(folder)
    return {entry.name: _read_node(entry) for entry in sorted(os.scandir(path), key=lambda entry: entry.name)}


def _read_node(entry: os.DirEntry[bytes]) -> object:
    if entry.is_symlink():
        return Link(os.readlink(entry.path))
    if entry.is_dir():
        return read_tree(entry.path)
    if not entry.is_file():
        return Special()
    with open(entry.path, "rb") as file:
        return file.read()
