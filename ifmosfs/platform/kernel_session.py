"""Serving a view by the kernel's own protocol, without libfuse: the driver on Linux. One process serves one mount.

`kernel_mount` gets the device, `kernel_init` agrees on what both can, `kernel_loop` reads requests, `kernel_operations` answers them
(`kernel_files`, `kernel_listings`, `kernel_nodes`: what is open and remembered), `kernel_notifier` tells the kernel of changes.
`kernel_wire` is <linux/fuse.h>.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import queue
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

from ifmosfs.core.errors import MountProblem
from ifmosfs.platform import kernel_wire as wire
from ifmosfs.platform.kernel_init import Agreed, UnknownProtocol, negotiate
from ifmosfs.platform.kernel_loop import Loop
from ifmosfs.platform.kernel_mount import detach, mount, own_mount, raise_read_ahead
from ifmosfs.platform.kernel_notifier import Notifier
from ifmosfs.platform.kernel_operations import Operations
from ifmosfs.platform.kernel_workers import Workers
from ifmosfs.platform.mounts import Mount
from ifmosfs.view.protocol import ViewOperations

__all__ = ["UnknownProtocol", "serve_kernel"]

LOG: Final = logging.getLogger("ifmosfs")

_ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_ENDING_SECONDS: Final = 1.0
_READ_AHEAD_KIB: Final = 1024
_LONGEST_WITHOUT_EPOCHS_S: Final = 1.0

Events = queue.SimpleQueue[int]
_LOOP_ENDED: Final = 0  # any other event is the number of a signal


def serve_kernel(
    view: ViewOperations, mount_point: bytes, *, name: str, on_ready: Callable[[], None], allow_other: bool
) -> None:
    """See `fuse.serve`. Raises `UnknownProtocol`, and leaves no mount, if this kernel has to be spoken to otherwise."""
    events: Events = queue.SimpleQueue()
    with _ending_signals(events):
        device = mount(mount_point, name, allow_other=allow_other)
        own = own_mount(mount_point)
        if own is None:
            os.close(device)
            raise MountProblem("the mount has gone as soon as it was made", path=mount_point)
        os.chdir("/")
        try:
            agreed = negotiate(device, wants_passthrough=os.geteuid() == 0)
        except UnknownProtocol:
            detach(own)
            os.close(device)
            raise
        _serve(view, device, own, agreed, on_ready, events)


def _serve(
    view: ViewOperations, device: int, own: Mount, agreed: Agreed, on_ready: Callable[[], None], events: Events
) -> None:
    workers = Workers()
    notifier = Notifier(device, agreed.minor, view, workers)
    longest_s = math.inf if notifier.is_exact else _LONGEST_WITHOUT_EPOCHS_S
    operations = Operations(view, device, longest_s=longest_s, may_pass_through=bool(agreed.flags & wire.PASSTHROUGH))
    loop = Loop(device, view, operations, workers, on_end=lambda: events.put(_LOOP_ENDED))
    loop.start()
    try:
        if notifier.start():
            view.tell(notifier)
        raise_read_ahead(own, _READ_AHEAD_KIB)
        LOG.info("serving by the kernel's protocol 7.%d, flags %#x", agreed.minor, agreed.flags)
        on_ready()
        event = events.get()
        if event != _LOOP_ENDED:
            LOG.info("ending at %s", signal.Signals(event).name)
    finally:
        detach(own)
        if loop.wait(_ENDING_SECONDS):
            os.close(device)
        else:  # programs still use the mount; their requests fail when this process ends
            LOG.info("the mount was in use")


@contextlib.contextmanager
def _ending_signals(events: Events) -> Iterator[None]:
    """While inside, signals that ask a process to end are put among the events."""

    def note(number: int, frame: FrameType | None) -> None:
        events.put(number)

    previous = {}
    with contextlib.suppress(ValueError):  # not the main thread: signals are someone else's business
        for number in _ENDING_SIGNALS:
            previous[number] = signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
