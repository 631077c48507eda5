"""The corpus as a whole: which files there are, made by several processes, with a manifest beside them.

Each file hangs on nothing but (seed, category, index): the same seed gives the same bytes with any number of workers, and the
first 50 of 200 are those of 50. Paths are settled index by index over all categories, so that holds for names, too.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Final

from ifmosfs.core.errors import IfmosfsError, TargetProblem
from ifmosfs.ml.synth.augment import augment
from ifmosfs.ml.synth.defensible import defensible
from ifmosfs.ml.synth.encoding import encode_text
from ifmosfs.ml.synth.names import choose_path
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.prose import GrammarSource, TextSource, use_text_source
from ifmosfs.ml.synth.registry import NONE, DocumentType, catalogue
from ifmosfs.ml.synth.words import LANGUAGES

LOG: Final = logging.getLogger("ifmosfs")

MANIFEST: Final = "manifest.csv"
WAITING: Final = ".waiting"
TRIES: Final = 20
CHUNK: Final = 24
LARGEST: Final = 240_000
"""Files beyond this are made anew with other chances, a few times: they would fill the disk and teach nothing more."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: so many files of each category, and of those that belong to none."""

    per_category: int = 200
    n_others: int = 200
    seed: int = 0
    augmented: bool = False
    only: frozenset[str] = frozenset()

    def jobs(self) -> list[tuple[str, int]]:
        """Category and index of each file, index by index."""
        kinds = [kind for kind in catalogue() if not self.only or kind in self.only]
        most = max(self.per_category, self.n_others)
        return [
            (kind, at)
            for at in range(most)
            for kind in kinds
            if at < (self.n_others if kind == NONE else self.per_category)
        ]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the manifest. `augmentation` names what was done to the file, in order, or is empty; `also_ok` the other categories that
    can be defended, parted by spaces."""

    path: str
    category: str
    document_type: str
    language: str
    format: str
    seed: str
    sha256: str
    n_bytes: int
    augmentation: str
    also_ok: str


@dataclass(frozen=True, slots=True)
class Made:
    """One file with its row; `path` is still what was wished."""

    entry: Entry
    content: bytes


def make_file(order: Order, category: str, index: int) -> Made:
    """One file of the corpus."""
    kind = _type_of(order.seed, category, index)
    for attempt in range(6):
        made = _make(order, kind, index, attempt)
        if len(made.content) <= LARGEST:
            break
    return made


def _make(order: Order, kind: DocumentType, index: int, attempt: int) -> Made:
    seed = f"{order.seed}/{kind.category}/{index}" + (f"/{attempt}" if attempt else "")
    pen = Pen(seed)
    pen.use(pen.rng.choices(kind.languages, [LANGUAGES[language] for language in kind.languages])[0])
    draft = kind.make(pen)
    raw = (
        draft.content
        if isinstance(draft.content, bytes)
        else encode_text(pen, draft.content, draft.extension, strict=draft.strict)
    )
    steps: tuple[str, ...] = ()
    if order.augmented:
        draft, raw, steps = augment(pen, draft, raw)
    path = choose_path(pen, draft, wilder=bool(steps))
    digest = hashlib.sha256(raw).hexdigest()
    name = f"{kind.name}-{draft.extension or 'bare'}" if kind.by_format else kind.name
    also_ok = " ".join(sorted({*draft.also_ok, *defensible(kind.category, kind.name)} - {kind.category}))
    row = Entry(
        path, kind.category, name, pen.language, draft.extension, seed, digest, len(raw), "+".join(steps), also_ok
    )
    return Made(row, raw)


@lru_cache(maxsize=4096)
def _round(seed: int, category: str, number: int) -> tuple[DocumentType, ...]:
    """All document types of a category in an order by chance, each as often as it weighs."""
    kinds = [kind for kind in catalogue()[category] for _ in range(kind.weight)]
    return tuple(Pen(f"{seed}/{category}/round/{number}").shuffled(kinds))


def _type_of(seed: int, category: str, index: int) -> DocumentType:
    length = sum(kind.weight for kind in catalogue()[category])
    return _round(seed, category, index // length)[index % length]


# ---- workers


def _begin(source: TextSource) -> None:
    use_text_source(source)
    catalogue()


def _begin_worker(source: TextSource, work: str) -> None:
    """A worker leaves Ctrl-C to its parent, which takes the work away; if the parent is killed, the worker does that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(work,), daemon=True).start()
    _begin(source)


def _end_with_parent(work: str) -> None:
    parent = parent_process()
    if parent is None:
        return
    parent.join()
    for _ in range(TRIES):  # another worker may still be writing
        shutil.rmtree(work, ignore_errors=True)
        if not os.path.lexists(work):
            break
        time.sleep(0.1)
    os._exit(1)


def _make_chunk(order: Order, jobs: list[tuple[str, int]], folder: str) -> list[Entry]:
    rows = []
    for category, index in jobs:
        made = make_file(order, category, index)
        with open(_waiting(folder, category, index), "wb") as out:
            out.write(made.content)
        rows.append(made.entry)
    return rows


def _waiting(folder: str, category: str, index: int) -> str:
    return os.path.join(folder, f"{category}-{index}")


Progress = Callable[[int, int], None]


def make_corpus(
    order: Order, output: str, progress: Progress, n_workers: int | None = None, source: TextSource | None = None
) -> list[Entry]:
    """Make all files and the manifest in the folder `output`, which must be new or empty. Returns the manifest's rows.

    Everything is made in a folder beside it, which takes its name at the end: an interrupted run leaves nothing behind.

    Raises: TargetProblem for a folder that has something in it, or that cannot be made.
    """
    _check_output(output)
    parent = os.path.dirname(os.path.abspath(output))
    try:
        os.makedirs(parent, exist_ok=True)
        work = tempfile.mkdtemp(prefix=f".{os.path.basename(os.path.abspath(output))}-", dir=parent)
    except OSError as error:
        hint = "name a new folder where you can write"
        what = f"the corpus cannot be made here ({error.strerror})"
        raise TargetProblem(what, path=os.fsencode(output), hint=hint) from error
    try:
        rows = _fill(order, work, progress, n_workers, source or GrammarSource())
        os.chmod(work, 0o755)  # noqa: S103  what `mkdir` would have made; `mkdtemp` makes it private
        os.rename(work, output)  # takes the place of an empty folder, and of nothing else
    except OSError as error:
        hint = "make room, or name a folder on another disk"
        what = f"the corpus could not be written ({error.strerror})"
        raise IfmosfsError(what, path=os.fsencode(output), hint=hint) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return rows


def _check_output(output: str) -> None:
    if not os.path.lexists(output):
        return
    if os.path.islink(output) or not os.path.isdir(output):
        raise TargetProblem("this is no folder", path=os.fsencode(output), hint="name a folder that does not exist yet")
    if os.listdir(output):
        raise TargetProblem(
            "the folder is not empty", path=os.fsencode(output), hint="name a new one; nothing is overwritten"
        )


def _fill(order: Order, work: str, progress: Progress, n_workers: int | None, source: TextSource) -> list[Entry]:
    jobs = order.jobs()
    waiting, files = os.path.join(work, WAITING), os.path.join(work, "files")
    os.mkdir(waiting)
    os.mkdir(files)
    rows: dict[tuple[str, int], Entry] = {}
    for done, entries in _run(order, jobs, work, n_workers, source):
        rows.update(zip(done, entries, strict=True))
        progress(len(rows), len(jobs))
    settled = list(_settle(jobs, rows, waiting, files))
    os.rmdir(waiting)
    write_manifest(os.path.join(work, MANIFEST), settled)
    return settled


Chunk = list[tuple[str, int]]


def _run(
    order: Order, jobs: Chunk, work: str, n_workers: int | None, source: TextSource
) -> Iterator[tuple[Chunk, list[Entry]]]:
    left = {at: jobs[at : at + CHUNK] for at in range(0, len(jobs), CHUNK)}
    n_workers = n_workers or min(os.cpu_count() or 1, len(left))
    if n_workers > 1:
        try:
            for at, entries in _in_processes(order, dict(left), work, n_workers, source):
                yield left.pop(at), entries
        except (BrokenProcessPool, OSError) as error:  # none can be started, or one was killed: it is done here
            LOG.warning("no processes to make the corpus in: %s", error)
    if left:
        _begin(source)
    for chunk in left.values():
        yield chunk, _make_chunk(order, chunk, os.path.join(work, WAITING))


def _in_processes(
    order: Order, chunks: Mapping[int, Chunk], work: str, n_workers: int, source: TextSource
) -> Iterator[tuple[int, list[Entry]]]:
    fresh = get_context("spawn")  # the command line has a thread for its progress, which no fork should meet
    waiting = os.path.join(work, WAITING)
    with ProcessPoolExecutor(n_workers, fresh, initializer=_begin_worker, initargs=(source, work)) as pool:
        queue = iter(chunks.items())
        open_chunks: dict[Future[list[Entry]], int] = {}
        try:
            while True:
                for at, chunk in islice(queue, 2 * n_workers - len(open_chunks)):
                    open_chunks[_submitted(pool, order, chunk, waiting)] = at
                if not open_chunks:
                    return
                for future in wait(open_chunks, return_when=FIRST_COMPLETED).done:
                    yield open_chunks.pop(future), future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, order: Order, chunk: Chunk, waiting: str) -> Future[list[Entry]]:
    """Where a worker dies while the next one is started, the pool closes its pipes under that one, which is a `ValueError` then."""
    try:
        return pool.submit(_make_chunk, order, chunk, waiting)
    except ValueError as error:
        raise BrokenProcessPool(str(error)) from error


def _settle(jobs: Chunk, rows: Mapping[tuple[str, int], Entry], waiting: str, files: str) -> Iterator[Entry]:
    """Give each file the path that it wished, or the next free one."""
    taken: set[str] = set()
    folders: set[str] = set()
    for job in jobs:
        row = rows[job]
        path = _free_path(row.path, taken, folders)
        parent = os.path.dirname(path)
        for end in range(len(parent.split("/"))) if parent else ():
            folders.add("/".join(parent.split("/")[: end + 1]).casefold())
        taken.add(path.casefold())
        os.makedirs(os.path.join(files, parent), exist_ok=True)
        os.rename(_waiting(waiting, *job), os.path.join(files, path))
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        yield Entry(**{**values, "path": f"files/{path}"})


def _free_path(path: str, taken: set[str], folders: set[str]) -> str:
    """The path, or one beside it, that is neither a file nor a folder yet and lies in no file, whatever the case."""
    parts = path.split("/")
    for at in range(1, len(parts)):
        if "/".join(parts[:at]).casefold() in taken:
            parts[at - 1] += "_files"
    folder, name = "/".join(parts[:-1]), parts[-1]
    stem, dot, extension = name.rpartition(".") if "." in name.strip(".") else (name, "", "")
    number, wished = 1, name
    while (found := f"{folder}/{wished}" if folder else wished).casefold() in taken or found.casefold() in folders:
        number += 1
        wished = f"{stem} ({number}){dot}{extension}" if stem else f"{name}.{number}"
    return found


def write_manifest(path: str, rows: Iterable[Entry]) -> None:
    """The rows as CSV."""
    with open(path, "x", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([field.name for field in fields(Entry)])
        writer.writerows([getattr(row, field.name) for field in fields(Entry)] for row in rows)
