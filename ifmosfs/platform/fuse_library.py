"""Serving a view through libfuse: the driver wherever the kernel's own protocol is not spoken (see `kernel_session`).

The callbacks are in `fuse_binding`, which loads libfuse when it is imported; so it is imported inside `serve_with_library` only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Final, Self

from ifmosfs.core.errors import BackendMissing
from ifmosfs.core.names import to_text
from ifmosfs.platform.fuse_paths import PathOperations
from ifmosfs.platform.fuse_probe import probe
from ifmosfs.platform.fuse_problems import mount_problem
from ifmosfs.view.protocol import ViewOperations

LOG: Final = logging.getLogger("ifmosfs")


def serve_with_library(
    view: ViewOperations, mount_point: bytes, *, name: str, on_ready: Callable[[], None], allow_other: bool
) -> None:
    """See `fuse.serve`. The view is never told to tell of changes, for the high-level library cannot pass them on."""
    binding = load_binding()
    with _default_signals(), _CapturedStderr() as captured:

        def ready() -> None:
            captured.end()
            on_ready()

        options = binding.mount_options(name, allow_other=allow_other)
        _run(binding, PathOperations(view, binding.caller), mount_point, options, ready, captured)


def load_binding() -> ModuleType:
    """The module `fuse_binding` on the best libfuse there is. Raises `BackendMissing` if anything is missing."""
    facts = probe()
    troubles = (*facts.libfuse_troubles, *facts.troubles)
    if troubles:
        raise BackendMissing(troubles[0].what, hint=troubles[0].remedy)
    os.environ["FUSE_LIBRARY_PATH"] = str(facts.libfuse)  # left alone, mfusepy takes libfuse 2 where both are
    try:
        from ifmosfs.platform import fuse_binding
    except (OSError, AttributeError) as error:
        raise BackendMissing(f"the FUSE library cannot be used ({error})", hint="sudo apt install fuse3") from error
    LOG.info("libfuse %s from %s", facts.version, facts.libfuse)
    return fuse_binding


def _run(
    binding: ModuleType,
    paths: PathOperations,
    mount_point: bytes,
    options: Mapping[str, str | bool | float],
    ready: Callable[[], None],
    captured: _CapturedStderr,
) -> None:
    failures: list[BaseException] = []
    try:
        binding.Binding(paths, to_text(os.path.abspath(mount_point)), ready, failures, **options)
    except RuntimeError as error:  # fuse_main's status; after a signal it is not 0 either
        if not captured.ended:
            raise mount_problem(mount_point, captured.end()) from error
        LOG.info("the FUSE loop ended with status %s", error)
    if failures:
        raise failures[0]


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
