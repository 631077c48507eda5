"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from benchmarks.measure import MIB, may_drop_caches
from ifmosfs.platform.fuse_probe import probe
from ifmosfs.platform.mounts import mount_of


def facts(folder: Path) -> str:
    """The machine, its programs, and the filesystem that holds the folder, one Markdown line each."""
    fuse = probe()
    on = mount_of(os.fsencode(folder.resolve()))
    filesystem = "unknown" if on is None else on.fstype
    lines = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // MIB:,} MiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libfuse": fuse.version or "missing",
        "bindfs": _version("bindfs", "--version"),
        "find": _version("find", "--version"),
        "filesystem": filesystem,
        "cold caches": "dropped before each cold run" if may_drop_caches() else "not allowed here: cold rows are warm",
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }
    return "".join(f"- {name}: {value}\n" for name, value in lines.items())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(*command: str) -> str:
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "missing"
    return (told.stdout or told.stderr).partition("\n")[0].strip()
