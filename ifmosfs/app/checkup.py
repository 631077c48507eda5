"""Use case: what this system has and lacks for the program, each finding with its exact remedy."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path

from ifmosfs import __version__
from ifmosfs.app.context import App
from ifmosfs.app.looking import mounted_views
from ifmosfs.app.lost_journals import remaking
from ifmosfs.app.recovering import unsettled
from ifmosfs.core.errors import IfmosfsError, Locked
from ifmosfs.core.files import Place
from ifmosfs.core.names import display, shell_word
from ifmosfs.platform.fuse_probe import probe
from ifmosfs.platform.mounts import mount_of
from ifmosfs.platform.watching import watch_limit

NETWORK_TYPES = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.rclone", "9p"})
FEW_WATCHES = 16_384
LEAST_FREE_BYTES = 64 * 1024 * 1024
APPARMOR_PROFILE = Path("/etc/apparmor.d/fusermount3")


class Level(Enum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, what was found, and the remedy where one is needed."""

    level: Level
    what: str
    found: str
    remedy: str | None = None


def check_up(app: App) -> list[Finding]:
    """Everything worth knowing about this system, the program's own state and the scanned folders."""
    places = (*_mount_place(app), *_state(app), *_roots(app))
    return [*_versions(), *_fuse(), *places, _watching(app), *_mounts(app), *_runs(app)]


def _versions() -> Iterator[Finding]:
    yield Finding(Level.OK, "Python", platform.python_version())
    yield Finding(Level.OK, "ifmosfs", __version__)
    for package in ("mfusepy", "SQLAlchemy", "Pillow", "filetype"):
        try:
            yield Finding(Level.OK, package, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding(Level.PROBLEM, package, "not installed", f"pip install {package}")


def _fuse() -> Iterator[Finding]:
    facts = probe()
    library = f"{facts.libfuse} {facts.version}" if facts.libfuse else "none"
    absent = Level.PROBLEM if set(facts.libfuse_troubles) & set(facts.troubles) else Level.WARNING  # Linux does without
    yield Finding(Level.OK if facts.libfuse else absent, "FUSE library", library)
    device = "usable" if facts.device_usable else "present, not usable" if facts.device_present else "absent"
    yield Finding(Level.OK if facts.device_usable else Level.PROBLEM, "/dev/fuse", device)
    helper = f"{facts.helper}{' (setuid)' if facts.helper_setuid else ''}" if facts.helper else "none"
    needed = os.geteuid() != 0
    fine = facts.helper is not None and (facts.helper_setuid or not needed)
    yield Finding(Level.OK if fine else Level.PROBLEM if needed else Level.WARNING, "FUSE helper", helper)
    for trouble in facts.troubles:
        without = "without it: ifmosfs stage preview --method symlink"
        yield Finding(Level.PROBLEM, "mounting", trouble.what, f"{trouble.remedy} ({without})")


def _mount_place(app: App) -> Iterator[Finding]:
    """Newer Ubuntu's AppArmor lets fusermount3 mount only in a few places."""
    where = app.settings.default_mount_point
    if not APPARMOR_PROFILE.exists():
        yield Finding(Level.OK, "default mount point", str(where))
        return
    allowed = (app.settings.home, Path("/mnt"), Path("/media"), Path("/tmp"), Path(f"/run/user/{os.getuid()}"))  # noqa: S108  a place, not a file
    if any(where.is_relative_to(folder) and where != folder for folder in allowed):
        yield Finding(Level.OK, "default mount point", f"{where} (AppArmor allows it)")
    else:
        remedy = "mount below your home folder, /mnt, /media or /tmp; AppArmor refuses other places"
        yield Finding(Level.WARNING, "default mount point", str(where), remedy)


def _state(app: App) -> Iterator[Finding]:
    folder = app.settings.state_folder
    try:
        n_plans = len(app.catalogue.plans())
    except IfmosfsError as error:
        yield Finding(Level.PROBLEM, "state folder", str(error), error.hint)
        return
    place = Place(os.fsencode(folder), b"")
    mount = mount_of(os.path.realpath(os.fsencode(folder)))
    fstype = mount.fstype if mount is not None else "unknown"
    if fstype in NETWORK_TYPES:
        remedy = "set IFMOSFS_HOME to a folder on a local disk: databases are not safe on network filesystems"
        yield Finding(Level.PROBLEM, "state folder", f"{folder} on {fstype}", remedy)
    else:
        yield Finding(Level.OK, "state folder", f"{folder} on {fstype}, {n_plans} plans")
    space = app.disk.space(place)
    free_bytes = space.n_blocks_available * space.block_bytes
    if space.lacks_bytes(LEAST_FREE_BYTES):
        yield Finding(Level.WARNING, "space for the journal", f"{free_bytes:,} bytes", f"free some space on {folder}")


def _roots(app: App) -> Iterator[Finding]:
    try:
        sessions = app.catalogue.sessions()
    except IfmosfsError:
        return  # said already, about the state folder
    for path, was in sorted({(root.path, root.filesystem) for session in sessions for root in session.roots}):
        yield _root(app, path, was)


def _watching(app: App) -> Finding:
    """How a mounted plan learns what happens in the scanned folders."""
    what, every, limit = (
        "changes in scanned folders",
        f"looked for every {app.settings.poll_seconds:g} s",
        watch_limit(),
    )
    if app.settings.poll_only or limit is None:
        return Finding(Level.OK, what, every)
    if limit < FEW_WATCHES:
        remedy = f"for more folders than {limit // 2:,}: sudo sysctl fs.inotify.max_user_watches=524288"
        return Finding(Level.WARNING, what, f"told by inotify, for {limit // 2:,} folders at most", remedy)
    return Finding(Level.OK, what, f"told by inotify, for {limit // 2:,} folders at most; on network drives {every}")


def _root(app: App, path: bytes, was: str) -> Finding:
    what = f"scanned folder {display(path)}"
    try:
        app.disk.lstat(Place(path, b""))
        now = app.disk.filesystem(Place(path, b""))
    except OSError as error:
        return Finding(Level.WARNING, what, f"not there ({error.strerror})", "mount its disk, or forget it")
    mount = mount_of(path)
    fstype = mount.fstype if mount is not None else "unknown"
    if now != was:
        remedy = (
            f"another disk is mounted there than when it was scanned: scan it again: ifmosfs scan {shell_word(path)}"
        )
        return Finding(Level.WARNING, what, fstype, remedy)
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding(Level.WARNING, what, f"{fstype}, not writable", "files cannot be moved out of it by this user")
    return Finding(Level.OK, what, fstype)


def _mounts(app: App) -> Iterator[Finding]:
    try:
        mounted = mounted_views(app)
    except IfmosfsError:
        return  # said already, about the state folder
    for view in mounted:
        where = display(view.mount_point)
        if view.alive:
            yield Finding(Level.OK, f"view at {where}", f"plan {view.plan_id}")
        else:
            remedy = f"ifmosfs unmount --keep {shell_word(view.mount_point)}"
            yield Finding(Level.PROBLEM, f"view at {where}", "its process has died", remedy)


def _runs(app: App) -> Iterator[Finding]:
    try:
        found = unsettled(app)
    except Locked as error:
        yield Finding(Level.OK, "journal", error.what)
        return
    except IfmosfsError as error:
        yield Finding(Level.PROBLEM, "journal", str(error), error.hint)
        return
    for run in found.runs:
        what = f"{run.kind.value} of plan {run.plan_id} did not finish"
        yield Finding(Level.PROBLEM, f"run {run.run_id}", what, "ifmosfs recover")
    for info in found.lost:
        what = "it was committed, and its journal is lost"
        yield Finding(Level.PROBLEM, f"plan {info.plan_id}", what, remaking([info.target]))
    for run in found.unknown:
        what = "it was committed, and the catalogue that knew it is lost"
        yield Finding(Level.PROBLEM, f"plan {run.plan_id}", what, remaking([run.target]))
