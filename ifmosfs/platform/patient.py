"""Looking at originals on drives that may not answer: nobody who only browses waits longer than a moment for one.

A look at a file on a network or FUSE filesystem is made by a thread that belongs to its root. Who asks waits `PATIENCE_S` and
gets ETIMEDOUT then; while a root has not answered, everybody else gets it at once. What is being opened to be read is waited for.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ifmosfs.core.files import Attr, Place
from ifmosfs.core.ports import DiskReader
from ifmosfs.platform.mounts import mount_of

PATIENCE_S: Final = 0.5
_REMEMBERED_S: Final = 10.0  # a root may be mounted anew meanwhile
_REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "virtiofs", "ncpfs", "davfs"}
)

Answer = TypeVar("Answer")


def may_hang(root: bytes) -> bool:
    """Whether a folder lies on a filesystem that another machine, or another program, answers for."""
    mount = mount_of(root)
    return mount is not None and (mount.fstype in _REMOTE or mount.fstype.split(".")[0] == "fuse")


class SlowRoots:
    """Which roots may hang; asked for every file, so what was found is remembered for a while."""

    def __init__(self, ask: Callable[[bytes], bool] = may_hang) -> None:
        self._ask = ask
        self._known: dict[bytes, tuple[float, bool]] = {}

    def __call__(self, root: bytes) -> bool:
        """Whether looking at something in a root may take long."""
        now = time.monotonic()
        at, found = self._known.get(root, (-_REMEMBERED_S, False))
        if now - at >= _REMEMBERED_S:
            found = self._ask(root)
            self._known[root] = now, found
        return found


class _Question(Generic[Answer]):
    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._done = threading.Event()
        self._answer: Answer | None = None
        self._error: BaseException | None = None

    def answer(self) -> None:
        try:
            self._answer = self._ask()
        except BaseException as error:  # noqa: BLE001  # raised again by who asked
            self._error = error
        self._done.set()

    def wait(self, seconds: float) -> Answer:
        if not self._done.wait(seconds):
            raise _timed_out()
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]  # it is set where there is no error


class _Asker:
    """One thread that looks at one root. A daemon: it must not keep the process alive when the drive never answers.

    `_lock` guards `_n_open`, the questions without an answer, and `_since`, from when on the oldest of them has been worked on.
    """

    def __init__(self) -> None:
        self._questions: queue.SimpleQueue[_Question[Attr]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._n_open = 0
        self._since = 0.0
        threading.Thread(target=self._run, name="look", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._questions.get().answer()
            with self._lock:
                self._n_open -= 1
                self._since = time.monotonic()

    def ask(self, question: Callable[[], Attr]) -> Attr:
        now = time.monotonic()
        with self._lock:
            if self._n_open and now - self._since > PATIENCE_S:
                raise _timed_out()
            self._since = self._since if self._n_open else now
            self._n_open += 1
        asked = _Question(question)
        self._questions.put(asked)
        return asked.wait(PATIENCE_S)


class Patience:
    """`DiskReader.lstat`, in time."""

    def __init__(self, disk: DiskReader, is_slow: Callable[[bytes], bool]) -> None:
        self._disk = disk
        self._is_slow = is_slow
        self._lock = threading.Lock()
        self._askers: dict[bytes, _Asker] = {}

    def lstat(self, place: Place) -> Attr:
        """See `DiskReader.lstat`; ETIMEDOUT for a root that does not answer."""
        if not self._is_slow(place.root):
            return self._disk.lstat(place)
        with self._lock:
            asker = self._askers.get(place.root)
            if asker is None:
                asker = self._askers[place.root] = _Asker()
        return asker.ask(lambda: self._disk.lstat(place))


def _timed_out() -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
