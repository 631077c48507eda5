"""Mounting a view with FUSE: probe, serve, unmount.

The callbacks are in `fuse_binding`, which loads libfuse when it is imported; so it is imported inside `serve` only, and this
module can be imported where there is no libfuse at all. One process serves one mount, and never touches it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Final, Self

from ifmosfs.core.errors import BackendMissing, MountProblem
from ifmosfs.core.names import to_text
from ifmosfs.platform.fuse_paths import PathOperations
from ifmosfs.platform.fuse_probe import FuseFacts, FuseTrouble, probe
from ifmosfs.platform.fuse_unmount import unmount
from ifmosfs.view.protocol import ViewOperations

__all__ = ["FuseFacts", "FuseTrouble", "probe", "serve", "unmount"]

LOG: Final = logging.getLogger("ifmosfs")

_CONTAINER: Final = "in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN"
_APPARMOR: Final = "mount below your home folder; newer Ubuntu lets fusermount3 mount almost nowhere else"


def serve(view: ViewOperations, mount_point: bytes, *, name: str, on_ready: Callable[[], None]) -> None:
    """Mount the view and serve it until it is unmounted or the process gets SIGTERM, SIGINT or SIGHUP.

    `name` appears in the mount table as ``ifmosfs:name``. `on_ready` is called once, from another thread, when the mount
    answers; it must not touch the mount, and what it raises ends the mount and is raised here. Changes the working folder to
    ``/`` (libfuse does). Raises `BackendMissing` if the system lacks something, `MountProblem` with FUSE's own reason.
    """
    binding = load_binding()
    with _default_signals(), _CapturedStderr() as captured:

        def ready() -> None:
            captured.end()
            on_ready()

        _run(binding, PathOperations(view), mount_point, name, ready, captured)


def load_binding() -> ModuleType:
    """The module `fuse_binding` on the best libfuse there is. Raises `BackendMissing` if anything is missing."""
    facts = probe()
    if facts.troubles:
        trouble = facts.troubles[0]
        raise BackendMissing(trouble.what, hint=trouble.remedy)
    os.environ["FUSE_LIBRARY_PATH"] = str(facts.library)  # left alone, mfusepy takes libfuse 2 where both are
    try:
        from ifmosfs.platform import fuse_binding
    except (OSError, AttributeError) as error:
        raise BackendMissing(f"the FUSE library cannot be used ({error})", hint="sudo apt install fuse3") from error
    LOG.info("libfuse %s from %s", facts.version, facts.library)
    return fuse_binding


def _run(
    binding: ModuleType,
    paths: PathOperations,
    mount_point: bytes,
    name: str,
    ready: Callable[[], None],
    captured: _CapturedStderr,
) -> None:
    failures: list[BaseException] = []
    options = binding.mount_options(name)
    try:
        binding.Binding(paths, to_text(os.path.abspath(mount_point)), ready, failures, **options)
    except RuntimeError as error:  # fuse_main's status; after a signal it is not 0 either
        if not captured.ended:
            raise mount_problem(mount_point, captured.end()) from error
        LOG.info("the FUSE loop ended with status %s", error)
    if failures:
        raise failures[0]


def mount_problem(mount_point: bytes, printed: str) -> MountProblem | BackendMissing:
    """The error for what libfuse and its helper printed while mounting failed."""
    lines = [line.strip() for line in printed.splitlines() if line.strip() and "Ignoring invalid" not in line]
    reason = "; ".join(lines) or "no reason given"
    lower = reason.lower()
    if "not permitted" in lower:
        return BackendMissing(f"mounting is not permitted ({reason})", hint=_CONTAINER)
    if "permission denied" in lower:
        return MountProblem(f"mounting failed ({reason})", path=mount_point, hint=_APPARMOR)
    return MountProblem(f"mounting failed ({reason})", path=mount_point, hint="ifmosfs doctor shows what is missing")


@contextlib.contextmanager
def _default_signals() -> Iterator[None]:
    """libfuse sets its handlers, which unmount, only for signals that have none; so Python's are put aside."""
    previous = {}
    with contextlib.suppress(ValueError):  # not the main thread: the handlers are someone else's business
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            previous[number] = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _CapturedStderr:
    """Descriptor 2 goes to a file until `end`: libfuse and fusermount3 tell the reason of a failure only there."""

    def __init__(self) -> None:
        self.ended = False

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile()
        self._saved = os.dup(2)
        os.dup2(self._file.fileno(), 2)
        return self

    def end(self) -> str:
        """Give descriptor 2 back; returns what was printed meanwhile."""
        os.dup2(self._saved, 2)
        os.close(self._saved)
        self.ended = True
        with self._file:
            self._file.seek(0)
            return self._file.read().decode("utf-8", "replace")

    def __exit__(self, *_: object) -> None:
        if not self.ended:
            self.end()
