"""Reading requests from the device and answering them.

A few threads read the same device; each read gives one request. A request is answered where it was read, except reads that have to
wait for a disk and all requests for files that may block for long: these go to the workers, so that the threads here are always free
for the rest. A call that changes what the kernel did not see changing is answered when the kernel has been told.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from ifmosfs.platform import kernel_wire as wire
from ifmosfs.platform.fuse_errors import ERRNO
from ifmosfs.platform.kernel_init import MAX_READ_BYTES, REQUEST_BYTES
from ifmosfs.platform.kernel_operations import REFUSALS, Handler, Operations, Payload, Result
from ifmosfs.platform.kernel_workers import Workers
from ifmosfs.view.protocol import ViewOperations
from ifmosfs.view.values import ROOT_INODE, FsError

LOG: Final = logging.getLogger("ifmosfs")

N_THREADS: Final = 2
INTERRUPT_SECONDS: Final = 1.0

_OVER: Final = frozenset({errno.ENODEV, errno.ECONNABORTED, errno.ENOTCONN})
_GO_ON: Final = frozenset({errno.ENOENT, errno.EINTR, errno.EAGAIN})  # the request was taken back before it was read
_GONE: Final = _OVER | _GO_ON
_MAY_BLOCK: Final = frozenset({wire.OPEN, wire.READLINK})
_TELLS: Final = frozenset({wire.SETXATTR, wire.GETXATTR})  # a written category; the reload, which is read from the root


class Loop:
    """Serves a device until it is gone; then, or when a thread has met a bug, calls `on_end`, once for each thread."""

    def __init__(
        self,
        device: int,
        view: ViewOperations,
        operations: Operations,
        workers: Workers,
        when_all_passed: Callable[[Callable[[], None]], None],
        on_end: Callable[[], None],
    ) -> None:
        """`when_all_passed` has something done when the kernel knows what it was to be told (`Notifier.when_all_passed`)."""
        self._device = device
        self._view = view
        self._operations = operations
        self._workers = workers
        self._when_all_passed = when_all_passed
        self._on_end = on_end
        self._late: dict[
            int, int
        ] = {}  # the requests that workers have, by their number; whoever takes one out answers it
        self._handlers: list[Handler | None] = [None] * wire.N_OPCODES
        self._refusals = [errno.ENOSYS] * wire.N_OPCODES
        for opcode, handler in operations.handlers().items():
            self._handlers[opcode] = handler
        for opcode, number in REFUSALS.items():
            self._refusals[opcode] = number
        self._handlers[wire.INTERRUPT] = self._interrupt
        self._threads = [
            threading.Thread(target=self._run, name=f"view-loop-{n}", daemon=True) for n in range(N_THREADS)
        ]

    def start(self) -> None:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the threads to end; whether they have."""
        for thread in self._threads:
            thread.join(seconds / len(self._threads))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException:
            LOG.exception("bug in the loop that serves the view")
        finally:
            self._on_end()

    def _serve(self) -> None:
        device, handlers, refusals, may_block, tells = self._device, self._handlers, self._refusals, _MAY_BLOCK, _TELLS
        unpack, readv = wire.IN_HEADER.unpack_from, os.readv
        buffer = bytearray(REQUEST_BYTES)
        buffers = (buffer,)
        scratch = memoryview(bytearray(MAX_READ_BYTES))

        def read_at_once(inode: int, request: bytearray, end: int) -> Payload | None:
            return self._operations.read_at_once(request, scratch)

        while True:
            try:
                end = readv(device, buffers)
            except OSError as error:
                if error.errno in _GO_ON:
                    continue
                if error.errno in _OVER:
                    return
                raise
            _, opcode, unique, inode = unpack(buffer)
            handler = handlers[opcode] if opcode < wire.N_OPCODES else None
            if handler is None:
                self._refuse(unique, refusals[opcode] if opcode < wire.N_OPCODES else errno.ENOSYS)
            elif opcode == wire.READ:
                result = self._result(read_at_once, inode, buffer, end)
                if result is None:
                    self._answer_later(handler, opcode, unique, inode, buffer[:end])
                else:
                    self._answer(opcode, unique, result)
            elif opcode in may_block and self._may_block(inode):
                self._answer_later(handler, opcode, unique, inode, buffer[:end])
            elif opcode in tells and (opcode == wire.SETXATTR or inode == ROOT_INODE):
                self._answer_when_told(opcode, unique, self._result(handler, inode, buffer, end))
            else:
                self._answer(opcode, unique, self._result(handler, inode, buffer, end))

    def _may_block(self, inode: int) -> bool:
        try:
            return self._view.may_block(inode)
        except FsError:
            return False  # it will be refused at once

    def _result(self, handler: Handler, inode: int, request: bytearray, end: int) -> Result:
        """What a handler answers, or the errno of what it raises: the one place where a bug becomes one."""
        try:
            return handler(inode, request, end)
        except FsError as error:
            return ERRNO[error.kind]
        except BaseException:
            LOG.exception("bug in the mounted view: %s of node %d", handler.__name__, inode)
            return errno.EIO

    def _answer(self, opcode: int, unique: int, result: Result) -> None:
        if result is None:  # the kernel does not wait for an answer
            return
        if isinstance(result, int):
            self._refuse(unique, result)
            return
        header = wire.OUT_HEADER.pack(wire.OUT_BYTES + len(result), 0, unique)
        try:
            os.writev(self._device, (header, result))
        except OSError as error:
            if error.errno not in _GONE:
                LOG.error("an answer to request %d was not taken: %s", opcode, error.strerror)  # noqa: TRY400
            if opcode in {wire.OPEN, wire.CREATE}:  # nobody will release it
                self._operations.undo_open(result)

    def _refuse(self, unique: int, number: int) -> None:
        with contextlib.suppress(OSError):  # nobody waits any more
            os.write(self._device, wire.OUT_HEADER.pack(wire.OUT_BYTES, -number, unique))

    def _answer_later(self, handler: Handler, opcode: int, unique: int, inode: int, request: bytearray) -> None:
        self._late[unique] = opcode
        self._workers.do(partial(self._answer_late, handler, opcode, unique, inode, request))

    def _answer_late(self, handler: Handler, opcode: int, unique: int, inode: int, request: bytearray) -> None:
        result = self._result(handler, inode, request, len(request))
        if self._late.pop(unique, None) is not None:
            self._answer(opcode, unique, result)
        elif opcode == wire.OPEN and isinstance(result, bytes):
            self._operations.undo_open(result)

    def _answer_when_told(self, opcode: int, unique: int, result: Result) -> None:
        """Nobody waits meanwhile: the kernel may take what it is told only after another request is answered."""
        if isinstance(result, int):
            self._answer(opcode, unique, result)
        else:
            self._when_all_passed(partial(self._answer, opcode, unique, result))

    def _interrupt(self, _: int, request: bytearray, end: int) -> None:
        """Whoever waits for a request got a signal. It ends what takes long, but not what is done within the next second: a signal
        need not be meant to, and programs do not expect that opening or reading a file is interrupted. Nothing is answered."""
        (unique,) = wire.INTERRUPT_IN.unpack_from(request, wire.IN_BYTES)
        if unique in self._late:
            timer = threading.Timer(INTERRUPT_SECONDS, self._give_up, (unique,))
            timer.daemon = True
            timer.start()

    def _give_up(self, unique: int) -> None:
        if self._late.pop(unique, None) is not None:
            self._refuse(unique, errno.EINTR)
