"""Serving a view by the kernel's own protocol, without libfuse: the driver on Linux. One process serves one mount.

`kernel_mount` gets the device, `kernel_init` agrees on what both can, `kernel_loop` reads requests, `kernel_operations` answers them
(`kernel_files`, `kernel_listings`, `kernel_nodes`: what is open and remembered), `kernel_notifier` tells the kernel of changes, and
`kernel_nudger` has it tell who watches. A bug in any of their threads (`kernel_threads`) ends the mount.
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
from ifmosfs.platform.kernel_nudger import Nudger
from ifmosfs.platform.kernel_operations import Operations
from ifmosfs.platform.kernel_workers import Workers
from ifmosfs.view.protocol import ViewOperations

__all__ = ["UnknownProtocol", "serve_kernel"]

LOG: Final = logging.getLogger("ifmosfs")

_ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_ENDING_SECONDS: Final = 1.0
_SIGNALS_EVERY_S: Final = 1.0
_READ_AHEAD_KIB: Final = 1024
_LONGEST_WITHOUT_EPOCHS_S: Final = 1.0

Events = queue.SimpleQueue[int]
_LOOP_ENDED: Final = 0  # any other event is the number of a signal


def serve_kernel(
    view: ViewOperations,
    mount_point: bytes,
    *,
    name: str,
    on_ready: Callable[[], None],
    allow_other: bool,
    wants_passthrough: bool = True,
) -> None:
    """See `fuse.serve`. Raises `UnknownProtocol`, and leaves no mount, if this kernel has to be spoken to otherwise.

    `wants_passthrough`: the kernel shall read originals itself if it lets this process have it so.
    """
    events: Events = queue.SimpleQueue()
    with _ending_signals(events):
        device = mount(mount_point, name, allow_other=allow_other)
        own = own_mount(mount_point)
        if own is None:
            os.close(device)
            raise MountProblem("the mount has gone as soon as it was made", path=mount_point)
        loop = None
        try:
            os.chdir("/")
            agreed = _negotiate(device, mount_point, wants_passthrough=wants_passthrough and os.geteuid() == 0)
            raise_read_ahead(own, _READ_AHEAD_KIB)
            loop = _start(view, mount_point, device, agreed, events)
            on_ready()
            event = _next(events)
            if event != _LOOP_ENDED:
                LOG.info("ending at %s", signal.Signals(event).name)
        finally:
            detach(own)
            # Once there are threads that know the device's number it stays open, lest a late answer goes to another file.
            if loop is None:
                os.close(device)
            elif not loop.wait(_ENDING_SECONDS):
                LOG.info("the mount is in use; its requests fail when this process ends")


def _negotiate(device: int, mount_point: bytes, *, wants_passthrough: bool) -> Agreed:
    try:
        return negotiate(device, wants_passthrough=wants_passthrough)
    except OSError as error:
        raise MountProblem(f"mounting failed (fuse: {error.strerror})", path=mount_point) from error


def _start(view: ViewOperations, mount_point: bytes, device: int, agreed: Agreed, events: Events) -> Loop:
    """Answer from now on, and let the view tell of changes if the kernel wants to hear of them."""

    def on_end() -> None:
        events.put(_LOOP_ENDED)

    workers = Workers(on_end)
    notifier = Notifier(device, agreed.minor, view, workers, Nudger(mount_point, view, on_end).nudge, on_end)
    longest_s = math.inf if agreed.minor >= wire.MINOR_INC_EPOCH else _LONGEST_WITHOUT_EPOCHS_S
    may_pass_through = bool(agreed.flags & wire.PASSTHROUGH)
    operations = Operations(view, device, notifier.let_pass, longest_s=longest_s, may_pass_through=may_pass_through)
    loop = Loop(device, view, operations, workers, notifier.when_all_passed, on_end)
    loop.start()
    can_notify = notifier.start()
    if can_notify:
        view.tell(notifier)
    LOG.info("the kernel's protocol 7.%d, flags %#x, notifications: %s", agreed.minor, agreed.flags, can_notify)
    return loop


def _next(events: Events) -> int:
    """Wait for an event. Not in one piece: a signal that comes just before the waiting, or to another thread, interrupts nothing, and
    Python sees to it only when this thread goes on."""
    while True:
        with contextlib.suppress(queue.Empty):
            return events.get(timeout=_SIGNALS_EVERY_S)


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
