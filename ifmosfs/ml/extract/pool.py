"""A few worker processes, and the files in their hands. A worker that dies or hangs is replaced; only its file pays for it.

Not `joblib`, and no executor of the standard library: neither can hand an open descriptor to a process, end one that hangs on a single
file, or go on after one has died (loky gives up the whole batch). And nothing here is forked from a process with threads.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

import ifmosfs
from ifmosfs.ml.extract import wire
from ifmosfs.ml.extract.limits import DEFAULT_LIMITS, Limits
from ifmosfs.ml.extract.table import IN_WORKER
from ifmosfs.ml.extract.values import Extract

WORKER: Final = ("-m", "ifmosfs.ml.extract.worker")
START_SECONDS: Final = 30.0
MOST_FAILED_STARTS: Final = 3
KEPT_VARIABLES: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "PYTHONHOME")
IN_HAND: Final = 2  # per worker: the one it is at, and the next, so that it need not wait for us
_NOT_STARTED: Final = "the extractor cannot be started"
_NONSENSE: Final = "the extractor answered nonsense"


@dataclass(frozen=True, slots=True)
class Answer:
    """An extract; `lasting` when the same content would give the same again, whatever else the machine is doing."""

    extract: Extract
    lasting: bool = True


@dataclass(slots=True)
class _Job:
    number: int
    descriptor: int
    size_bytes: int
    format_name: str
    was_returned: bool = False  # by a worker that ended in good order

    def failed(self, trouble: str, *, lasting: bool) -> Answer:
        kind = IN_WORKER[self.format_name][0] if self.format_name in IN_WORKER else ""
        return Answer(Extract(kind, trouble=trouble), lasting)


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: socket.socket
    since: float  # when it began with the first job in hand, or was started
    jobs: deque[_Job] = field(default_factory=deque)
    received: bytearray = field(default_factory=bytearray)
    is_ready: bool = False


class Pool:
    """Hands out files to workers and gathers their answers. May be used from several threads.

    Workers are started when they are needed and end by themselves when they are not.
    """

    def __init__(
        self, n_workers: int | None = None, limits: Limits = DEFAULT_LIMITS, command: Sequence[str] = WORKER
    ) -> None:
        self._n_workers = n_workers or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else [0, 1])
        self._limits = limits
        self._command = command
        self._numbers = itertools.count()
        self._lock = threading.RLock()  # guards all below
        self._waiting: deque[_Job] = deque()
        self._workers: list[_Worker] = []
        self._answers: dict[int, Answer] = {}
        self._n_failed_starts = 0

    def ask(self, descriptor: int, size_bytes: int, format_name: str) -> int:
        """Have a file looked at; returns the number to wait for. The descriptor must stay open until `wait` or `forget`."""
        with self._lock:
            number = next(self._numbers) % wire.READY
            self._waiting.append(_Job(number, descriptor, size_bytes, format_name))
            self._hand_out()
            return number

    def wait(self, number: int) -> Answer:
        """The answer, once, as soon as it is there, at the latest when the file's time is over."""
        while True:
            with self._lock:
                self._turn(0)
                if number in self._answers:
                    return self._answers.pop(number)
                self._turn(0.5)

    def forget(self, numbers: Sequence[int]) -> None:
        """Nobody will wait for these: their descriptors may be closed after this. Workers that are at them are ended."""
        with self._lock:
            gone = set(numbers)
            self._waiting = deque(job for job in self._waiting if job.number not in gone)
            for worker in [each for each in self._workers if gone & {job.number for job in each.jobs}]:
                self._end(worker)
                self._waiting.extendleft(job for job in reversed(worker.jobs) if job.number not in gone)
            for number in gone:
                self._answers.pop(number, None)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._waiting.clear()
            for worker in list(self._workers):
                self._end(worker)

    @property
    def process_ids(self) -> list[int]:
        """The workers that there are now."""
        with self._lock:
            return [worker.process.pid for worker in self._workers]

    def _turn(self, patience: float) -> None:
        """Take in what workers have said, give each its next file, end those whose time is over."""
        if self._workers:
            poller = select.poll()
            by_descriptor = {worker.connection.fileno(): worker for worker in self._workers}
            for descriptor in by_descriptor:
                poller.register(descriptor, select.POLLIN)
            for descriptor, _ in poller.poll(1000 * max(0.0, min(patience, self._seconds_left()))):
                self._hear(by_descriptor[descriptor])
            for worker in [each for each in self._workers if self._is_late(each)]:
                self._end_late(worker)
        self._hand_out()

    def _seconds_left(self) -> float:
        now = time.monotonic()
        return min(self._allowed(worker) - (now - worker.since) for worker in self._workers)

    def _allowed(self, worker: _Worker) -> float:
        if not worker.is_ready:
            return START_SECONDS
        return self._limits.wall_seconds if worker.jobs else float("inf")

    def _is_late(self, worker: _Worker) -> bool:
        return time.monotonic() - worker.since > self._allowed(worker)

    def _hand_out(self) -> None:
        while self._waiting:
            worker = self._free_worker()
            if worker is None:
                if not self._workers:  # none can be started
                    self._give_up()
                return
            job = self._waiting.popleft()
            if not worker.jobs:
                worker.since = time.monotonic() if worker.is_ready else worker.since
            worker.jobs.append(job)
            try:
                wire.send_request(worker.connection, job.number, job.descriptor, job.size_bytes, job.format_name)
            except OSError:
                self._bury(worker)

    def _free_worker(self) -> _Worker | None:
        least = min(self._workers, key=lambda worker: len(worker.jobs), default=None)
        if least is not None and (not least.jobs or len(self._workers) >= self._n_workers):
            return least if len(least.jobs) < IN_HAND else None
        if self._n_failed_starts >= MOST_FAILED_STARTS:
            return None
        try:
            return self._start()
        except OSError:  # this user may not run this interpreter, or no more processes
            self._n_failed_starts += 1
            return None

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs, ExitStack() as closing:
            closing.enter_context(ours)
            arguments = [sys.executable, "-P", *self._command, msgspec.json.encode(self._limits).decode()]
            process = subprocess.Popen(
                arguments,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is ours to hear
            )
            closing.pop_all()
        ours.setblocking(False)
        worker = _Worker(process, ours, time.monotonic())
        self._workers.append(worker)
        return worker

    def _hear(self, worker: _Worker) -> None:
        try:
            piece = worker.connection.recv(wire.MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        worker.received += piece
        if not piece:
            self._bury(worker)
        elif not self._understand(worker):
            self._end(worker)
            self._failed(worker, _NONSENSE, lasting=True)

    def _understand(self, worker: _Worker) -> bool:
        """Take in whole answers; false when what was said is none."""
        received = worker.received
        while len(received) >= wire.ANSWER.size:
            number, length = wire.ANSWER.unpack_from(received)
            if length > wire.MOST_BYTES:
                return False
            end = wire.ANSWER.size + length
            if len(received) < end:
                return True
            if number == wire.READY and not worker.is_ready:
                worker.is_ready, self._n_failed_starts = True, 0
            elif not self._take(worker, number, bytes(received[wire.ANSWER.size : end])):
                return False
            worker.since = time.monotonic()
            del received[:end]
        return True

    def _take(self, worker: _Worker, number: int, answer: bytes) -> bool:
        if not worker.jobs or worker.jobs[0].number != number:
            return False
        try:
            extract = wire.decode(answer)
        except msgspec.MsgspecError:
            return False
        worker.jobs.popleft()
        self._answers[number] = Answer(extract)
        return True

    def _end_late(self, worker: _Worker) -> None:
        self._end(worker)
        self._failed(worker, f"it took longer than {self._limits.wall_seconds:g} s", lasting=False)

    def _bury(self, worker: _Worker) -> None:
        """A worker has ended by itself; its status says why."""
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(0.5)  # it has closed its end, and is about to be gone
        self._end(worker)
        job = worker.jobs[0] if worker.jobs else None
        if worker.is_ready and worker.process.returncode == 0 and job is not None and not job.was_returned:
            job.was_returned = True
            self._waiting.extendleft(reversed(worker.jobs))
        else:
            self._failed(worker, self._cause(worker.process.returncode), lasting=True)

    def _failed(self, worker: _Worker, trouble: str, *, lasting: bool) -> None:
        """The first file in the hands of a worker that has ended is to blame, if it had begun; the others are handed out again."""
        if not worker.is_ready:
            self._n_failed_starts += 1
        elif worker.jobs:
            job = worker.jobs.popleft()
            self._answers[job.number] = job.failed(trouble, lasting=lasting)
        self._waiting.extendleft(reversed(worker.jobs))

    def _cause(self, status: int) -> str:
        if status == -signal.SIGXCPU:
            return f"it took more than {self._limits.cpu_seconds} s of computing"
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"the extractor died of it ({name})"

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.connection.close()
        if worker.process.returncode is None:
            worker.process.kill()
            worker.process.wait()

    def _give_up(self) -> None:
        for job in self._waiting:
            self._answers[job.number] = job.failed(_NOT_STARTED, lasting=False)
        self._waiting.clear()


def _environment() -> dict[str, str]:
    """What the interpreter needs, and where this very package lies, for a checkout that is not installed; no secrets of the user's."""
    kept = {name: value for name in KEPT_VARIABLES if (value := os.environ.get(name)) is not None}
    return {**kept, "PYTHONPATH": os.path.dirname(os.path.dirname(os.path.abspath(ifmosfs.__file__)))}
