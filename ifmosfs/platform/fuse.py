"""Mounting a view with FUSE: probe, serve, unmount.

There are two drivers. On Linux `kernel_session` speaks the kernel's protocol itself; elsewhere, on kernels whose protocol it does not
know, and where it is chosen, `fuse_library` serves through libfuse. Nothing of either is loaded before it is needed, so this module
can be imported anywhere. One process serves one mount, and never touches it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from enum import Enum
from typing import Final

from ifmosfs.core.errors import BackendMissing
from ifmosfs.platform.fuse_probe import FuseFacts, FuseTrouble, probe
from ifmosfs.platform.fuse_problems import mount_problem
from ifmosfs.platform.fuse_unmount import unmount
from ifmosfs.view.protocol import ViewOperations

__all__ = ["Driver", "FuseFacts", "FuseTrouble", "mount_problem", "probe", "serve", "unmount"]

LOG: Final = logging.getLogger("ifmosfs")


class Driver(Enum):
    """Who speaks with the kernel."""

    KERNEL = "kernel"
    LIBFUSE = "libfuse"


def serve(
    view: ViewOperations,
    mount_point: bytes,
    *,
    name: str,
    on_ready: Callable[[], None],
    driver: Driver | None = None,
    allow_other: bool = False,
) -> None:
    """Mount the view and serve it until it is unmounted or the process gets SIGTERM, SIGINT or SIGHUP.

    `name` appears in the mount table as ``ifmosfs:name``. `on_ready` is called once, from any thread, when the mount
    answers; it must not touch the mount, and what it raises ends the mount and is raised here. `driver`: none means the best
    that works here. Changes the working folder to ``/``. Raises `BackendMissing` if the system lacks something, `MountProblem`
    with FUSE's own reason.
    """
    if driver is not Driver.LIBFUSE and sys.platform.startswith("linux"):
        from ifmosfs.platform.kernel_session import UnknownProtocol, serve_kernel

        try:
            return serve_kernel(view, mount_point, name=name, on_ready=on_ready, allow_other=allow_other)
        except UnknownProtocol as error:
            if driver is Driver.KERNEL:
                raise BackendMissing(str(error), hint="leave out the choice of the driver") from error
            LOG.warning("%s; serving through libfuse", error)
    from ifmosfs.platform.fuse_library import serve_with_library

    return serve_with_library(view, mount_point, name=name, on_ready=on_ready, allow_other=allow_other)
