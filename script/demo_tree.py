"""What the demo knows about trees of files without asking the program: walking, hashing, comparing; and what is mounted."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass


def printable(line: str) -> str:
    """The line with its control characters escaped."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in line)


def show(path: bytes) -> str:
    """A path for human eyes, on one line."""
    return printable(path.decode("utf-8", "backslashreplace"))


# ---- the state of a tree


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry of a tree; `content` is the SHA-256 of a file, the text of a link, empty for folders."""

    kind: str
    content: str
    size_bytes: int
    mode: int
    mtime_ns: int


Tree = Mapping[bytes, Seen]


def read_tree(root: bytes, leave_out: Collection[bytes] = ()) -> dict[bytes, Seen]:
    """Every entry below a folder by its relative path, the folder itself as ``b""``; `leave_out` names top-level entries."""
    tree = {b"": look(root)}
    for path in _paths(root, b"", leave_out):
        tree[path] = look(os.path.join(root, path))
    return tree


def _paths(root: bytes, folder: bytes, leave_out: Collection[bytes]) -> Iterator[bytes]:
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except PermissionError:
        return  # closed to this user before and after: what is in it cannot be compared
    for name, is_folder in found:
        if name not in leave_out:
            path = os.path.join(folder, name)
            yield path
            if is_folder:
                yield from _paths(root, path, ())


def look(path: bytes) -> Seen:
    """One entry, itself and not what it links to."""
    found = os.lstat(path)
    mode, mtime_ns = stat.S_IMODE(found.st_mode), found.st_mtime_ns
    if stat.S_ISDIR(found.st_mode):
        return Seen("folder", "", 0, mode, mtime_ns)
    if stat.S_ISLNK(found.st_mode):
        return Seen("link", show(os.readlink(path)), found.st_size, mode, mtime_ns)
    if not stat.S_ISREG(found.st_mode):
        return Seen("other", "", 0, mode, mtime_ns)
    return Seen("file", _sha256(path), found.st_size, mode, mtime_ns)


def _sha256(path: bytes) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        return "unreadable"


def differences(expected: Tree, actual: Tree) -> list[str]:
    """What differs between two trees, a line each; none when they are equal."""
    lines = [f"missing: {show(path)}" for path in sorted(expected.keys() - actual.keys())]
    lines += [f"unexpected: {show(path)}" for path in sorted(actual.keys() - expected.keys())]
    for path in sorted(expected.keys() & actual.keys()):
        for name in ("kind", "content", "size_bytes", "mode", "mtime_ns"):
            before, after = getattr(expected[path], name), getattr(actual[path], name)
            if before != after:
                lines.append(f"{name} of {show(path) or 'the folder itself'}: {before} -> {after}")
    return lines


def contents(tree: Tree) -> Counter[tuple[str, str, int]]:
    """How often each content stands in a tree, whatever its name is there; pipes and devices are never organised."""
    return Counter(_identity(path, seen) for path, seen in tree.items() if seen.kind in {"file", "link"})


def _identity(path: bytes, seen: Seen) -> tuple[str, str, int]:
    """A link is known by its name: the review folder shows its text made absolute, because it lies elsewhere."""
    if seen.kind == "link":
        return seen.kind, show(os.path.basename(path)), 0
    return seen.kind, seen.content, seen.size_bytes


def not_accounted_for(expected: Tree, shown: Tree) -> list[str]:
    """The contents that one tree has more often than the other, a line each."""
    missing, extra = contents(expected) - contents(shown), contents(shown) - contents(expected)
    lines = [f"not shown: {n} of {what[0]} {what[1]} ({what[2]} bytes)" for what, n in missing.items()]
    return lines + [f"shown too often: {n} of {what[0]} {what[1]} ({what[2]} bytes)" for what, n in extra.items()]


# ---- mounts


def mounts_below(folder: bytes) -> list[bytes]:
    """What is mounted at or below a folder, innermost first. Asks the kernel: a dead mount cannot be asked itself."""
    with open("/proc/self/mountinfo", "rb") as file:
        places = [_unescaped(line.split(b" ")[4]) for line in file]
    inside = [place for place in places if place == folder or place.startswith(folder + b"/")]
    return sorted(inside, key=len, reverse=True)


def _unescaped(field_: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), field_)


def why_no_fuse() -> str | None:
    """What is missing for a mount, `None` when nothing is."""
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse here"
    if shutil.which("fusermount3") is None and shutil.which("fusermount") is None:
        return "fusermount3 is not installed"
    return None


def _unmount(place: bytes) -> None:
    for command in (["fusermount3", "-uz"], ["fusermount", "-uz"], ["umount", "-l"]):
        if shutil.which(command[0]) is not None:
            arguments = [os.fsencode(part) for part in command] + [place]
            if subprocess.run(arguments, capture_output=True, check=False).returncode == 0:
                return


def remove_folder(folder: bytes) -> None:
    """Remove the demo's folder, unless something is still mounted in it: through a mount, removing would reach further."""
    for place in mounts_below(folder):
        _unmount(place)
    if left := mounts_below(folder):
        print(f"left behind, because it is still mounted: {show(left[0])}", file=sys.stderr)
        return
    for inside, folders, _ in os.walk(folder):
        for name in folders:
            if not os.path.islink(os.path.join(inside, name)):
                os.chmod(os.path.join(inside, name), 0o700)  # before os.walk descends: it may be closed to its owner
    shutil.rmtree(folder)
