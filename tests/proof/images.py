"""Filesystems of one's own in loop images, whose power can be cut. Needs root; skipped by name where something is missing.

ext4 and xfs are cut by FS_IOC_SHUTDOWN without a log flush: what was not yet on the disk never comes there. btrfs knows no such
call, so its image is copied while it is mounted, which is what a power cut leaves of a disk that loses nothing it was given.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

FS_IOC_SHUTDOWN: Final = 0x8004587D
NO_LOG_FLUSH: Final = 2
SIZES_MIB: Final = {"ext4": 64, "xfs": 320, "btrfs": 160}
MKFS: Final = {"ext4": ["-q", "-F"], "xfs": ["-q", "-f"], "btrfs": ["-q", "-f"]}


def run_or_skip(*command: str | Path) -> None:
    """Run what this machine may not allow."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"{' '.join(map(str, command[:4]))} is not possible here: {done.stderr.strip().splitlines()[:1]}")


class Image:
    """A filesystem in a file, mounted at `point`."""

    def __init__(self, folder: Path, fstype: str, *options: str, size_mib: int | None = None) -> None:
        """Make and mount it; `options` are for mkfs."""
        if os.geteuid() != 0:
            pytest.skip("needs root, to mount a loop image")
        if not shutil.which(f"mkfs.{fstype}"):
            pytest.skip(f"needs mkfs.{fstype}")
        self.fstype = fstype
        self.file = folder / f"{fstype}.image"
        self.point = folder / f"{fstype} mounted"
        self.point.mkdir()
        with open(self.file, "wb") as file:
            file.truncate((size_mib or SIZES_MIB[fstype]) << 20)
        run_or_skip(f"mkfs.{fstype}", *MKFS[fstype], *options, self.file)
        run_or_skip("mount", "-o", "loop", self.file, self.point)

    def mount(self) -> None:
        """Mount it, which replays its log."""
        subprocess.run(["mount", "-o", "loop", self.file, self.point], check=True)

    def unmount(self) -> None:
        """Unmount it; nothing may be open in it, but a tracer's process may take a moment to go."""
        for _ in range(50):
            if subprocess.run(["umount", self.point], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.05)
        subprocess.run(["umount", self.point], check=True)

    def sync(self) -> None:
        """Make all that is there durable."""
        subprocess.run(["sync", "-f", self.point], check=True)

    def cut_power(self, let_go: Callable[[], object] = lambda: None) -> None:
        """The machine goes out at this moment, and comes back. `let_go` closes what this process has open there; that it does so is
        too late to change anything."""
        if self.fstype == "btrfs":
            copy = self.file.with_suffix(".cut")
            subprocess.run(["cp", "--sparse=always", self.file, copy], check=True)
            let_go()
            self.unmount()
            os.replace(copy, self.file)
        else:
            shut_down(self.point)
            let_go()
            self.unmount()
        self.mount()

    def assert_sound(self) -> None:
        """Its own check finds nothing; it stays unmounted for that moment."""
        self.unmount()
        checks = {
            "ext4": ["e2fsck", "-fn", self.file],
            "xfs": ["xfs_repair", "-n", self.file],
            "btrfs": ["btrfs", "check", "--readonly", self.file],
        }
        done = subprocess.run(checks[self.fstype], capture_output=True, text=True, check=False)
        self.mount()
        assert done.returncode == 0, done

    def refuse_writes(self) -> None:
        """ext4 meets an error and turns read-only by itself, whoever has a file open."""
        device = os.stat(self.point).st_dev
        name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")

    def close(self) -> None:
        """Unmount it for good."""
        subprocess.run(["umount", "--lazy", self.point], capture_output=True, check=False)
        self.file.unlink(missing_ok=True)


def shut_down(folder: Path) -> None:
    """Cut the power of the filesystem that holds a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(descriptor)


@contextmanager
def image(folder: Path, fstype: str, *options: str, size_mib: int | None = None) -> Iterator[Image]:
    """An image that is gone afterwards."""
    made = Image(folder, fstype, *options, size_mib=size_mib)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def mounted(point: Path, fstype: str, options: str, *, source: str | Path = "ifmosfs-test") -> Iterator[Path]:
    """Any other mount that is gone afterwards."""
    if os.geteuid() != 0:
        pytest.skip(f"needs root, to mount a {fstype}")
    point.mkdir(parents=True, exist_ok=True)
    kind = [] if fstype == "bind" else ["-t", fstype]
    run_or_skip("mount", *kind, "-o", options, source, point)
    try:
        yield point
    finally:
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def fill_up(folder: Path, n_bytes_left: int = 0) -> Path:
    """Take all the space of a filesystem but so much; returns the file that takes it."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 16, 1 << 12, 1):
            try:
                while file.write(b"\1" * size) == size:
                    pass
            except OSError:
                continue
        os.ftruncate(file.fileno(), max(file.tell() - n_bytes_left, 0))
        os.fsync(file.fileno())
    return filler
