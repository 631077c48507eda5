#!/usr/bin/env python3
r"""Gathers a messy inbox of real files from this machine, for the demo and for trying things out.

Files are copied under their own names and with their times from the folders of the system and of the running Python, never from
a home folder, and only what every user may read and what carries no private key. Some more are copies of those under the
names and in the states that a real inbox has: duplicates, names that are not UTF-8 or 255 bytes long, links, an unreadable
file. The same machine gives the same inbox. Only the standard library is used, so that this runs before anything is installed.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import shutil
import stat
import sys
import sysconfig
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

MAX_FILE_BYTES: Final = 2_000_000
MAX_TOTAL_BYTES: Final = 60_000_000
MAX_KIND_BYTES: Final = 8_000_000  # so that packages and libraries leave room for the rest
MAX_LISTED: Final = 100_000  # entries looked at per source folder; a build server's /usr can hold millions

FOLDERS: Final = (
    b"",
    b"Downloads",
    b"Downloads/from browser",
    b"Desktop old",
    b"usb stick",
    b"usb stick/backup 2019",
    b"New folder (2)",
    b"New folder (2)/misc",
    b"Scans",
    b"to sort",
    b"to sort/work",
    b"to sort/work stuff",
)

SYSTEM_SOURCES: Final = (
    b"/usr/share",
    b"/usr/include",
    b"/usr/local",
    b"/usr/lib",
    b"/etc",
    b"/var/log",
    b"/var/cache/apt/archives",
)

SECRET_NAME: Final = re.compile(
    rb"shadow|passwd|secret|credential|private|netrc|token|auth\.conf|pip\.conf|id_(rsa|dsa|ecdsa|ed25519)|ssh_host|\.key$|\.kdbx$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file to gather: `share` is its part of a full inbox; `only_below` bounds where it is looked for."""

    name: str
    share: int
    names: re.Pattern[bytes]
    only_below: tuple[bytes, ...] = ()


def _kind(name: str, share: int, names: str, *only_below: bytes) -> Kind:
    return Kind(name, share, re.compile(names.encode(), re.IGNORECASE), only_below)


# The first kind that fits takes the file, so the narrower ones stand first.
KINDS: Final = (
    _kind("logs", 10, r"\.log(\.1)?$|^(history|term)\.log", b"/var/log"),
    _kind("package data", 25, r"^(METADATA|RECORD|WHEEL|PKG-INFO|entry_points\.txt|top_level\.txt)$"),
    _kind("scripts", 30, r"\.(sh|bash|ps1|bat|tcl|awk)$|^activate"),
    _kind("configuration", 50, r"\.(conf|cfg|ini|toml|ya?ml|desktop|service|rules|properties)$"),
    _kind("certificates", 8, r"\.(crt|pem|cer)$"),
    _kind("images", 60, r"\.(png|jpe?g|gif|svgz?|ico|xpm|webp|bmp|tiff?)$"),
    _kind("fonts", 15, r"\.(ttf|otf|woff2?|pfb|afm|pcf\.gz)$"),
    _kind("documents", 12, r"\.(pdf|ps|epub|docx?|odt|rtf|djvu|tex)$"),
    _kind("tables", 12, r"\.(csv|tsv|xlsx?|ods|vcf|ics)$"),
    _kind("media", 8, r"\.(wav|og[agv]|mp[34]|flac|webm|mid)$"),
    _kind("databases", 6, r"\.(sqlite3?|db|gdbm|mdb)$"),
    _kind("packed documents", 35, r"^(changelog|news|readme|copyright).*\.gz$|\.[1-8]\.gz$"),
    _kind("archives", 25, r"\.(zip|whl|deb|rpm|jar|tar|tgz|tar\.(gz|bz2|xz)|gz|xz|bz2)$"),
    _kind("translations", 15, r"\.(mo|po|pot)$"),
    _kind("headers", 40, r"\.(h|hh|hpp|hxx|pyi)$"),
    _kind("compiled code", 45, r"\.(so(\.[0-9.]+)?|pyc|o|a|class)$"),
    _kind("web pages", 35, r"\.(html?|css|js|mjs|xhtml)$"),
    _kind("data", 35, r"\.(json|xml|sql|dtd|xsd|rng)$"),
    _kind("sources", 70, r"\.(py|c|cc|cpp|pl|pm|rb|java|go|rs|lua|vim|el)$"),
    _kind(
        "documentation",
        80,
        r"\.(txt|md|rst)$|^(readme|changelog|copyright|news|authors|licen[cs]e|copying|todo|thanks|notice)",
    ),
)


@dataclass(slots=True)
class _Inbox:
    """The inbox while it is filled. `placed` holds its files in order of arrival; `counts` what they are."""

    target: bytes
    counts: Counter[str] = field(default_factory=Counter)
    n_bytes: int = 0
    placed: list[bytes] = field(default_factory=list)

    def add(self, kind: str, source: bytes, path: bytes) -> bool:
        """Copy a file to `path` below the inbox; False where it cannot be read, does not fit or cannot be named so."""
        place = os.path.join(self.target, path)
        try:
            size_bytes = os.stat(source).st_size
            if self.n_bytes + size_bytes > MAX_TOTAL_BYTES or os.path.lexists(place):
                return False
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy2(source, place)
        except OSError as error:
            # Vanished or locked meanwhile; or a filesystem that refuses such a name.
            if error.errno not in {
                errno.ENOENT,
                errno.EACCES,
                errno.EPERM,
                errno.EILSEQ,
                errno.EINVAL,
                errno.ENAMETOOLONG,
            }:
                raise
            return False
        self.n_bytes += size_bytes
        self.counts[kind] += 1
        self.placed.append(path)
        return True


def gather(target: bytes | str, limit: int = 650, sources: Sequence[bytes] | None = None) -> Counter[str]:
    """Fill a new or empty folder with about `limit` files, and return how many of each kind were put there.

    The counted kinds are those of `KINDS`, "duplicates", "same names", "strange names", "links" and "special".
    `sources` are the folders to take from; without it, those of the system and of the running Python.
    Raises FileExistsError when the folder holds something, ValueError when the sources hold no file to take.
    """
    folder = os.path.abspath(os.fsencode(target))
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder):
        raise FileExistsError(errno.EEXIST, "the inbox must be new or empty", folder)
    inbox = _Inbox(folder)
    _add_found(inbox, _find(default_sources() if sources is None else sources, folder), limit)
    if not inbox.placed:
        raise ValueError("nothing to gather: the source folders hold no readable file")
    _add_disorder(inbox)
    _settle_folder_times(folder)
    return inbox.counts


def default_sources() -> list[bytes]:
    """The folders of the system and of the running Python that exist, without those in a home folder.

    The Python environment is the exception: a checkout's `.venv` usually lies in a home folder, and holds only programs.
    """
    system = [path for path in SYSTEM_SOURCES if os.path.isdir(path) and not _is_in_a_home(path)]
    paths = sysconfig.get_paths()
    python = [os.fsencode(paths[name]) for name in ("purelib", "stdlib") if os.path.isdir(paths[name])]
    return python + system


def _is_in_a_home(path: bytes) -> bool:
    real = os.path.realpath(path)
    homes = (b"/home", b"/root", os.path.realpath(os.path.expanduser(b"~")))
    return any(real == home or real.startswith(home + b"/") for home in homes if home != b"/")


# ---- finding


def _find(sources: Sequence[bytes], target: bytes) -> dict[str, list[bytes]]:
    """The files of each kind, in the order of their paths."""
    found: dict[str, list[bytes]] = {kind.name: [] for kind in KINDS}
    seen: set[bytes] = set()
    for source in sources:
        for path in _walk(source, target):
            kind = _kind_of(path)
            if kind is not None and path not in seen:
                seen.add(path)
                found[kind].append(path)
    return {kind: sorted(paths) for kind, paths in found.items()}


def _walk(source: bytes, target: bytes) -> Iterator[bytes]:
    """The regular files below a folder that every user may read and that are of a fitting size."""
    n_listed = 0
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if _may_enter(os.path.join(folder, name), target))
        for name in sorted(names):
            path = os.path.join(folder, name)
            n_listed += 1
            if _kind_of(path) is not None and not SECRET_NAME.search(name) and _may_take(path):
                yield path
        if n_listed > MAX_LISTED:
            return


def _may_enter(folder: bytes, target: bytes) -> bool:
    if folder == target or SECRET_NAME.search(os.path.basename(folder)):
        return False
    try:
        mode = os.lstat(folder).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and mode & 0o005 == 0o005


def _may_take(path: bytes) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_mode & (stat.S_ISUID | stat.S_ISGID):
        return False
    return bool(found.st_mode & stat.S_IROTH) and 0 < found.st_size <= MAX_FILE_BYTES


def _kind_of(path: bytes) -> str | None:
    name = os.path.basename(path)
    for kind in KINDS:
        if kind.names.search(name) and (not kind.only_below or path.startswith(kind.only_below)):
            return kind.name
    return None


def _holds_private_key(path: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return b"PRIVATE KEY-----" in file.read(MAX_FILE_BYTES)
    except OSError:
        return True  # what cannot be looked at is not taken


# ---- choosing


def _add_found(inbox: _Inbox, found: dict[str, list[bytes]], limit: int) -> None:
    """Every kind gets its share; what some kinds lack on this machine, the others make up for in turn."""
    shares = sum(kind.share for kind in KINDS)
    rest: dict[str, list[bytes]] = {}
    for kind in KINDS:
        wanted = min(max(1, round(limit * kind.share / shares)), limit - len(inbox.placed))
        chosen = _spread(found[kind.name], wanted)
        chosen_set = set(chosen)
        rest[kind.name] = [path for path in found[kind.name] if path not in chosen_set]
        _add_some(inbox, kind.name, chosen, wanted)
    _fill_up(inbox, rest, limit)


def _spread(paths: Sequence[bytes], n_wanted: int) -> list[bytes]:
    """`n_wanted` paths (or all, when there are fewer) at even distances: neighbours are too much alike."""
    if len(paths) <= n_wanted:
        return list(paths)
    return [paths[position * len(paths) // n_wanted] for position in range(n_wanted)]


def _add_some(inbox: _Inbox, kind: str, paths: Sequence[bytes], n_wanted: int) -> None:
    n_bytes_before = inbox.n_bytes
    for path in paths:
        if n_wanted <= 0 or inbox.n_bytes - n_bytes_before > MAX_KIND_BYTES:
            return
        if not _holds_private_key(path):
            n_wanted -= inbox.add(kind, path, _place_for(inbox, path))


def _fill_up(inbox: _Inbox, rest: dict[str, list[bytes]], limit: int) -> None:
    n_missing = limit - len(inbox.placed)
    while n_missing > 0 and any(rest.values()):
        kinds = [kind for kind, paths in rest.items() if paths]
        for kind in kinds:
            wanted = max(1, n_missing // len(kinds))
            chosen = _spread(rest[kind], wanted)
            chosen_set = set(chosen)
            rest[kind] = [path for path in rest[kind] if path not in chosen_set]
            _add_some(inbox, kind, chosen, min(wanted, limit - len(inbox.placed)))
        n_missing = limit - len(inbox.placed)


def _place_for(inbox: _Inbox, source: bytes) -> bytes:
    """A folder of the inbox chosen by the source's path, so that kinds are mixed and runs agree; a free one if it can be."""
    name = os.path.basename(source)
    first = zlib.crc32(source)
    for turn in range(len(FOLDERS)):
        path = os.path.join(FOLDERS[(first + turn) % len(FOLDERS)], name)
        if not os.path.lexists(os.path.join(inbox.target, path)):
            return path
    return os.path.join(b"to sort", b"from " + os.path.basename(os.path.dirname(source)), b"%08x" % first, name)


# ---- what makes an inbox a mess

LONG_NAME: Final = b"the minutes of the meeting about the minutes of the meeting ".ljust(251, b"x") + b".txt"
LONG_UTF8_NAME: Final = ("日記" * 41 + "の写").encode() + b".md"  # 255 bytes, 87 characters
STRANGE_NAMES: Final = (
    b"caf\xe9 \xa9 notes.txt",
    b"line one\nline two.txt",
    b"-rf important.txt",
    b" leading and trailing space ",
    b"quotes ' and \" and $(dollar).txt",
    "naïve Übersicht 📎.txt".encode(),
    LONG_NAME,
    LONG_UTF8_NAME,
)


def _add_disorder(inbox: _Inbox) -> None:
    """Copies of gathered files under names and in states that an organiser must cope with."""
    texts = [
        path for path in inbox.placed if path.lower().endswith((b".txt", b".md", b".rst", b"readme"))
    ] or inbox.placed
    every = list(inbox.placed)
    _add_duplicates(inbox, every)
    for number, folder in enumerate((b"Downloads", b"to sort/work", b"usb stick")):
        for name in (b"report.txt", b"README"):
            _copy_within(inbox, "same names", texts[(number + len(name)) % len(texts)], os.path.join(folder, name))
    for number, name in enumerate(STRANGE_NAMES):
        folder = FOLDERS[number % len(FOLDERS)]
        _copy_within(inbox, "strange names", texts[number % len(texts)], os.path.join(folder, name))
    _add_links(inbox, every)
    _add_special(inbox, texts)


def _add_duplicates(inbox: _Inbox, paths: Sequence[bytes]) -> None:
    for number, path in enumerate(_spread(paths, 6)):
        stem, extension = os.path.splitext(os.path.basename(path))
        name = (b"Copy of " + stem, stem + b" (1)", stem)[number % 3] + extension
        folder = b"Desktop old/copies" if number % 2 else b"Downloads/again"
        _copy_within(inbox, "duplicates", path, os.path.join(folder, name))


def _copy_within(inbox: _Inbox, kind: str, path: bytes, copy: bytes) -> None:
    inbox.add(kind, os.path.join(inbox.target, path), copy)


def _add_links(inbox: _Inbox, paths: Sequence[bytes]) -> None:
    links = (
        (b"Desktop old/shortcut", os.path.join(b"..", paths[0])),
        (b"Desktop old/full path", os.path.join(inbox.target, paths[-1])),
        (b"Desktop old/gone", b"../a file that is no longer there.txt"),
        (b"usb stick/folder link", b"../Downloads"),
    )
    for link, text in links:
        os.makedirs(os.path.dirname(os.path.join(inbox.target, link)), exist_ok=True)
        os.symlink(text, os.path.join(inbox.target, link))
        inbox.counts["links"] += 1


def _add_special(inbox: _Inbox, texts: Sequence[bytes]) -> None:
    _copy_within(inbox, "special", texts[0], b"to sort/locked.txt")
    os.chmod(os.path.join(inbox.target, b"to sort/locked.txt"), 0)
    _copy_within(inbox, "special", texts[-1], b"Downloads/.hidden notes.txt")
    with open(os.path.join(inbox.target, b"New folder (2)/empty.txt"), "xb"):
        inbox.counts["special"] += 1
    os.makedirs(os.path.join(inbox.target, b"New folder (2)/nothing in here"), exist_ok=True)


def _settle_folder_times(target: bytes) -> None:
    """Give each folder the time of the newest thing in it: restoring a folder's own time is then something to see."""
    for folder, folders, names in os.walk(target, topdown=False):
        times_ns = [
            os.lstat(os.path.join(folder, name)).st_mtime_ns
            for name in (*folders, *names)
            if not _is_link(folder, name)
        ]
        newest_ns = max(times_ns, default=1_500_000_000_123_456_789)
        os.utime(folder, ns=(newest_ns, newest_ns))


def _is_link(folder: bytes, name: bytes) -> bool:
    return os.path.islink(os.path.join(folder, name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Gather into the folder that the command line names and print what was found; the exit status."""
    parser = argparse.ArgumentParser(description="Gather a messy inbox of real files from this machine.")
    parser.add_argument("folder", help="a new or empty folder")
    parser.add_argument("--limit", type=int, default=650, help="about how many files (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        counts = gather(options.folder, options.limit)
    except (OSError, ValueError) as error:
        print(f"demo_inbox: {error}", file=sys.stderr)
        return 1
    for kind, n_files in counts.most_common():
        print(f"{n_files:5}  {kind}")
    print(f"{counts.total():5}  in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
