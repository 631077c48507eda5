"""The journal's plain copy beside the data: `TARGET/.ifmosfs/journal-RUN.jsonl`, append-only, a checksum on every line.

It lets a person, or a later version, undo a run when the database is lost or the disk has been carried to another machine.
Intents are synced before they are acted upon; outcomes may lag behind, for the disk itself decides what became of an intent.

The target is the user's folder, so nothing on the way is trusted: `.ifmosfs` and the file are opened without following links,
and only a regular file of this run's name is ever written. While the target does not exist yet (the run itself makes it), the
sidecar lies in the state folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ifmosfs.core.errors import DiskFailed, DiskFull, IfmosfsError
from ifmosfs.core.files import Fingerprint
from ifmosfs.core.journal import Operation, OpState, Outcome
from ifmosfs.store.records import Arrivals, Line, Record, from_line, to_line
from ifmosfs.store.trouble import FULL_ERRNOS

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OWN_FOLDER_FLAGS: Final = _FOLDER_FLAGS | os.O_NOFOLLOW
_FILE_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_TAIL_BYTES: Final = 1 << 16
_PIECE_BYTES: Final = 1 << 20
_DRAFT: Final = b".new"

Keeping = Callable[[bytes, int], AbstractContextManager[None]]
"""What is around each change in the folder above the sidecars' own, given its path and a descriptor: it makes the change durable, and
lets the folder's times stay as they are."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A line in the middle of a sidecar that is not what was written."""

    line_number: int  # from 1
    reason: str


def sidecar_name(run_id: str) -> bytes:
    """The file's name for a run. Raises ValueError for an id that is not letters and digits only."""
    if not (run_id.isascii() and run_id.isalnum()):
        raise ValueError(f"not a run id: {run_id!r}")
    return b"journal-%s.jsonl" % run_id.encode("ascii")


def is_sidecar_name(name: bytes) -> bool:
    """Whether a file in the sidecars' folder is the sidecar of some run."""
    return name.startswith(b"journal-") and name.endswith(b".jsonl")


def target_exists(target: bytes) -> bool:
    """Whether the target is a folder by now, so that the sidecar's place is inside it."""
    return os.path.isdir(target)


def read_sidecar(path: bytes | Path) -> Iterator[Record | Damage]:
    """The records of a sidecar in order, with a `Damage` in the place of every line that cannot be one.

    A last line without its newline was being written when the power went; it was never acted upon, and is left out.
    Raises OSError if the file cannot be read.
    """
    open_ones: dict[int, Fingerprint] = {}
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            found = _line_or_damage(number, line)
            if isinstance(found, Arrivals):
                yield from _outcomes(found, open_ones)
                continue
            if isinstance(found, Operation) and found.expected is not None:
                open_ones[found.seq] = found.expected
            yield found


def _outcomes(arrivals: Arrivals, open_ones: dict[int, Fingerprint]) -> Iterator[Outcome]:
    """One by one, what they expected being told by their intents; an operation whose intent is damaged is left out."""
    for seq, ctime_ns in enumerate(arrivals.ctimes_ns, arrivals.first):
        expected = open_ones.pop(seq, None)
        if expected is not None:
            yield Outcome(seq, OpState.DONE, arrived_as(expected, ctime_ns))


def arrived_as(expected: Fingerprint, ctime_ns: int) -> Fingerprint:
    """The fingerprint of what is still the expected file but for the time of its last change of name."""
    return Fingerprint(expected.inode, expected.size_bytes, expected.mtime_ns, ctime_ns, expected.birth_ns)


def _line_or_damage(number: int, line: bytes) -> Line | Damage:
    try:
        return from_line(line)
    except ValueError as error:
        return Damage(number, str(error))


class Sidecar:
    """An open sidecar; made if it is not there, else continued after its last whole line."""

    def __init__(self, folder: bytes, run_id: str, keeping: Keeping) -> None:
        """Open the sidecar of a run in `TARGET/.ifmosfs` or the state folder; the last component is made where missing.

        Raises: DiskFull, DiskFailed.
        """
        self.path = folder + b"/" + sidecar_name(run_id)
        with trouble(self.path):
            self._descriptor = _open_durable(folder, sidecar_name(run_id), keeping)
            try:
                self._size_bytes = _cut_torn_line(self._descriptor)
            except BaseException:
                os.close(self._descriptor)
                raise

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been written to it yet."""
        return self._size_bytes == 0

    def append(self, records: Iterable[Line], *, durable: bool) -> None:
        """Add records, all or none of them; synced when it returns if `durable`. Raises: DiskFull, DiskFailed."""
        lines = b"".join(map(to_line, records))
        with trouble(self.path):
            try:
                _write_all(self._descriptor, lines)
            except OSError:
                with contextlib.suppress(OSError):  # a torn tail is also cut when the file is opened again
                    os.ftruncate(self._descriptor, self._size_bytes)
                raise
            self._size_bytes += len(lines)
            if durable:
                os.fsync(self._descriptor)

    def content(self) -> Iterator[bytes]:
        """All its lines, in pieces of no meaning."""
        for start in range(0, self._size_bytes, _PIECE_BYTES):
            yield os.pread(self._descriptor, min(_PIECE_BYTES, self._size_bytes - start), start)

    def close(self) -> None:
        """Close the file; what is not synced is left to the system."""
        os.close(self._descriptor)


def move_sidecar(old: Sidecar, folder: bytes, run_id: str, keeping: Keeping) -> Sidecar:
    """A sidecar in another folder with everything the old one holds, durable there. The old one is left as it is.

    A half-made copy from an earlier attempt is replaced. Raises: DiskFull, DiskFailed.
    """
    name = sidecar_name(run_id)
    with trouble(folder + b"/" + name), _opened_folder(folder, keeping) as descriptor:
        _copy_into(descriptor, name, old.content())
    return Sidecar(folder, run_id, keeping)


def remove_draft(folder: bytes, run_id: str) -> None:
    """Remove what a kill or a full disk left of a sidecar that was being moved into a folder. Raises: DiskFailed."""
    draft = folder + b"/" + sidecar_name(run_id) + _DRAFT
    with trouble(draft), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(draft)


def _copy_into(folder: int, name: bytes, content: Iterable[bytes]) -> None:
    draft = name + _DRAFT
    with contextlib.suppress(FileNotFoundError):
        os.unlink(draft, dir_fd=folder)
    copy = os.open(draft, _FILE_FLAGS | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        for piece in content:
            _write_all(copy, piece)
        os.fsync(copy)
    except OSError:
        with contextlib.suppress(OSError):  # on a full disk others need the room
            os.unlink(draft, dir_fd=folder)
        raise
    finally:
        os.close(copy)
    os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def _open_durable(folder: bytes, name: bytes, keeping: Keeping) -> int:
    with _opened_folder(folder, keeping) as descriptor:
        try:
            opened = os.open(name, _FILE_FLAGS, dir_fd=descriptor)
        except FileNotFoundError:
            opened = os.open(name, _FILE_FLAGS | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=descriptor)
            os.fsync(descriptor)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(errno.EINVAL, "not a regular file")
    return opened


@contextlib.contextmanager
def _opened_folder(folder: bytes, keeping: Keeping) -> Iterator[int]:
    """A descriptor of the folder, made (0700) and made durable where missing; its own name may not be a link."""
    parent_path, name = os.path.split(folder)
    parent = os.open(parent_path, _FOLDER_FLAGS)
    try:
        try:
            descriptor = os.open(name, _OWN_FOLDER_FLAGS, dir_fd=parent)
        except FileNotFoundError:
            with keeping(parent_path, parent):
                os.mkdir(name, 0o700, dir_fd=parent)
            descriptor = os.open(name, _OWN_FOLDER_FLAGS, dir_fd=parent)
    finally:
        os.close(parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_folder(folder: bytes, keeping: Keeping) -> None:
    """Remove the sidecars' folder in a target if nothing is left in it. Raises: DiskFailed."""
    parent_path, name = os.path.split(folder)
    with trouble(folder), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if os.listdir(folder):
            return
        parent = os.open(parent_path, _FOLDER_FLAGS)
        try:
            with keeping(parent_path, parent):
                os.rmdir(name, dir_fd=parent)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        finally:
            os.close(parent)


def _cut_torn_line(descriptor: int) -> int:
    """Cut what follows the last newline, the remains of a write that was never acted upon; returns the size left."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _TAIL_BYTES)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        end = start if newline < 0 else start + newline + 1
        if newline >= 0:
            break
    if end != os.fstat(descriptor).st_size:
        os.ftruncate(descriptor, end)
    return end


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@contextlib.contextmanager
def trouble(path: bytes) -> Iterator[None]:
    """Turn what the system says about the sidecar into an error that stops the run."""
    try:
        yield
    except OSError as error:
        raise _meaning(error, path) from error


def _meaning(error: OSError, path: bytes) -> IfmosfsError:
    said = error.strerror or str(error)
    if error.errno in FULL_ERRNOS:
        return DiskFull("no space is left for the journal beside the data", path=path, hint="make room on that disk")
    hint = "the journal is written before anything moves: make its folder writable, a real folder and no link"
    return DiskFailed(f"the journal beside the data cannot be written ({said})", path=path, hint=hint)
