"""Packages by their names, through the ordinary clients of Debian, PyPI and npm: downloaded and unpacked, never installed, never run.

Every package has a folder of its own in the cache: what was downloaded (`archive/`), what is in it (`content/`), what the client
keeps for itself (`cache/`, npm only) and, written last, `version`. A package whose folder has a `version` is not fetched again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TIMEOUT_SECONDS: Final = 300
ARCHIVE: Final = "@archive"
CACHE: Final = "@cache"


class PackageMissing(Exception):
    """A package cannot be had, and why in one line."""


@dataclass(frozen=True, order=True, slots=True)
class Package:
    """A package as the tables name it: `kind` is one of `deb`, `sdist`, `wheel` and `npm`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def folder_name(self) -> str:
        """A name for the package's folder: npm's names have slashes in them."""
        return self.name.replace("/", "__")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A package in the cache."""

    package: Package
    version: str
    folder: Path

    def files(self) -> list[tuple[str, Path]]:
        """(original path, where it lies) of each regular file: of the content as the package has it, of the download itself
        below `@archive`, of the client's cache below `@cache`; sorted."""
        parts = {"": self.folder / "content", ARCHIVE: self.folder / "archive", CACHE: self.folder / "cache"}
        return sorted(
            (f"{prefix}/{path.relative_to(top).as_posix()}".removeprefix("/"), path)
            for prefix, top in parts.items()
            for path in _regular_files(top)
        )


def fetch(package: Package, cache: Path) -> Fetched:
    """The package, from the cache or from its registry. Raises `PackageMissing`."""
    folder = cache / package.kind / package.folder_name
    told = folder / "version"
    if not told.exists():
        shutil.rmtree(folder, ignore_errors=True)  # left by a run that was interrupted
        for part in ("archive", "content"):
            (folder / part).mkdir(parents=True)
        try:
            version = _FETCHERS[package.kind](package.name, folder)
        except subprocess.TimeoutExpired as error:
            raise PackageMissing(f"no answer within {TIMEOUT_SECONDS} s") from error
        told.write_text(version + "\n", encoding="utf-8")
    return Fetched(package, told.read_text(encoding="utf-8").strip(), folder)


def downloaded_bytes(fetched: Fetched) -> int:
    """The size of what was downloaded; 0 where the client leaves nothing but what it has unpacked."""
    return sum(path.stat().st_size for path in _regular_files(fetched.folder / "archive"))


def _regular_files(top: Path) -> list[Path]:
    return [path for path in top.rglob("*") if path.is_file() and not path.is_symlink()] if top.exists() else []


def _fetch_deb(name: str, folder: Path) -> str:
    archive = folder / "archive"
    _run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name], archive)
    package = _only_file(archive)
    unpack_deb(package, folder / "content")
    return package.stem.split("_")[1].replace("%3a", ":")


def unpack_deb(package: Path, content: Path) -> None:
    """Unpack the files of a Debian package; its maintainer scripts are not run."""
    _run(["dpkg-deb", "-x", str(package), str(content)], content)


def _fetch_npm(name: str, folder: Path) -> str:
    archive = folder / "archive"
    cache = folder / "cache"
    _run(
        ["npm", "pack", name, "--ignore-scripts", "--silent", f"--cache={cache}", f"--pack-destination={archive}"],
        archive,
    )
    package = _only_file(archive)
    shutil.rmtree(cache / "_logs", ignore_errors=True)  # tell of this machine
    unpack_npm(package, folder / "content")
    return _version_of(package.stem, name)


def unpack_npm(package: Path, content: Path) -> None:
    """Unpack the files of an npm archive; links are left out."""
    with tarfile.open(package) as tar:
        tar.extractall(content, filter=_readable)


def _fetch_wheel(name: str, folder: Path) -> str:
    archive = folder / "archive"
    _run([*_PIP, "download", "--only-binary", ":all:", "--no-deps", "-qq", "-d", str(archive), name], archive)
    package = _only_file(archive)
    with zipfile.ZipFile(package) as wheel:
        wheel.extractall(folder / "content")
    return package.name.split("-")[1]


def _fetch_sdist(name: str, folder: Path) -> str:
    """Let pip download and unpack, and stop it before it runs a line of the package.

    To tell a source archive's metadata pip would run its build system. Here it is not to be found: pip works for an interpreter in
    whose environment nothing is installed, and leaves behind what it has unpacked. (A package that has a build system of its own
    in it, `backend-path`, would be run all the same: such a one is not for our table.)
    """
    with tempfile.TemporaryDirectory(prefix="real-corpus-") as work:
        nothing_installed = Path(work) / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(nothing_installed)], check=True)
        pip = [*_PIP[:3], "--python", str(nothing_installed / "bin/python"), *_PIP[3:]]
        options = ["--no-binary", ":all:", "--no-deps", "--no-build-isolation", "--use-pep517", "--no-clean"]
        unpacked = Path(work) / "unpacked"
        unpacked.mkdir()
        command = [*pip, "download", *options, "-d", str(folder / "archive"), name]
        environment = {**os.environ, "TMPDIR": str(unpacked)}
        ended = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            env=environment,
        )
        found = sorted(unpacked.glob("pip-download-*/*/PKG-INFO"))
        if not found:
            raise PackageMissing(_last_line(ended.stderr))
        shutil.copytree(found[0].parent, folder / "content", symlinks=True, dirs_exist_ok=True)
    told = re.search(r"^Version: (.+)$", (folder / "content/PKG-INFO").read_text("utf-8", "replace"), re.MULTILINE)
    return told.group(1) if told else "unknown"


def _run(command: Sequence[str], folder: Path) -> None:
    ended = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS
    )
    if ended.returncode != 0:
        raise PackageMissing(_last_line(ended.stderr or ended.stdout))


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("[notice]")]
    return lines[-1].strip() if lines else "the client failed without a word"


def _only_file(folder: Path) -> Path:
    files = _regular_files(folder)
    if len(files) != 1:
        raise PackageMissing(f"{len(files)} files downloaded instead of one")
    return files[0]


def _version_of(stem: str, name: str) -> str:
    return stem.removeprefix(name.removeprefix("@").replace("/", "-") + "-")


def _readable(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """What is safe to unpack, as its owner can read and delete it; links are left out."""
    if not (member.isfile() or member.isdir()):
        return None
    safe = tarfile.data_filter(member, path)
    return safe.replace(mode=0o755 if member.isdir() else 0o644, deep=False)


_PIP: Final = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
_FETCHERS: Final[Mapping[str, Callable[[str, Path], str]]] = {
    "deb": _fetch_deb,
    "sdist": _fetch_sdist,
    "wheel": _fetch_wheel,
    "npm": _fetch_npm,
}
KINDS: Final = tuple(_FETCHERS)
