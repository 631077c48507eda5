"""The corpus: the same again from the same seed, whatever the number of workers; nothing overwritten; every format readable."""

from __future__ import annotations

import csv
import hashlib
import multiprocessing.resource_tracker
import multiprocessing.spawn
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from ifmosfs.core.errors import TargetProblem
from ifmosfs.ml.synth.corpus import Entry, Made, Order, make_corpus, make_file
from ifmosfs.ml.synth.defensible import DEFENSIBLE
from ifmosfs.ml.synth.pen import all_slots
from ifmosfs.ml.synth.registry import NONE, catalogue
from ifmosfs.ml.taxonomy import default_taxonomy
from tests.adapters.trees import read_tree
from tests.ml.synth.readers import MAGIC, READERS, by_magic

N_PER_CATEGORY = 12


def quiet(n_done: int, n_total: int) -> None:
    """No progress."""


def files_of(folder: Path) -> dict[str, str]:
    """The hash of each file by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Entry]]:
    """A small corpus of all categories."""
    folder = tmp_path_factory.mktemp("synth") / "corpus"
    return folder, make_corpus(Order(N_PER_CATEGORY, N_PER_CATEGORY), str(folder), quiet, 1)


def test_every_category_of_the_taxonomy_and_the_pool_of_none_can_be_made() -> None:
    assert set(catalogue()) == default_taxonomy().names | {NONE}


def test_each_category_has_several_document_types_and_no_name_twice() -> None:
    names = {category: [kind.name for kind in kinds] for category, kinds in catalogue().items()}
    assert {category: max(Counter(found).values()) for category, found in names.items()} == dict.fromkeys(names, 1)
    assert [category for category, found in names.items() if len(found) < 5] == []
    assert sum(map(len, names.values())) > 600


def test_every_defensible_category_is_one_and_belongs_to_a_type_that_is_made() -> None:
    types = {
        f"{category}/{name}"
        for category, kinds in catalogue().items()
        for kind in kinds
        for name in (kind.name, kind.name.rpartition("-")[0])
    }
    assert set(DEFENSIBLE) - types == set()
    assert {name for others in DEFENSIBLE.values() for name in others} <= default_taxonomy().names
    assert [name for name, others in DEFENSIBLE.items() if name.partition("/")[0] in others] == []


def test_a_backup_can_be_defended_as_what_it_is_a_copy_of() -> None:
    kept = [make_file(Order(), "backup_versioned", at).entry for at in range(20)]
    copies = [entry.also_ok for entry in kept if entry.document_type.startswith("copy_with")]
    assert copies
    assert all(also_ok in default_taxonomy().names for also_ok in copies)


def test_there_are_more_than_a_hundred_template_variables() -> None:
    assert len(all_slots()) > 100


def test_the_manifest_tells_every_file_with_its_hash_and_size(corpus: tuple[Path, list[Entry]]) -> None:
    folder, rows = corpus
    with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
        told = {row["path"]: (row["sha256"], row["n_bytes"]) for row in csv.DictReader(file)}
    found = {path: digest for path, digest in files_of(folder).items() if path != "manifest.csv"}
    assert {path: digest for path, (digest, _) in told.items()} == found
    assert {path: int(size) for path, (_, size) in told.items()} == {
        path: (folder / path).stat().st_size for path in told
    }
    assert Counter(row.category for row in rows) == dict.fromkeys(catalogue(), N_PER_CATEGORY)


def test_no_path_gives_its_category_away(corpus: tuple[Path, list[Entry]]) -> None:
    _, rows = corpus
    assert [row.path for row in rows if row.category in row.path] == []


def test_two_workers_make_the_same_bytes_and_names_as_one(tmp_path: Path) -> None:
    order = Order(2, 2, seed=7)
    make_corpus(order, str(tmp_path / "one"), quiet, 1)
    make_corpus(order, str(tmp_path / "two"), quiet, 2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_where_no_process_can_be_started_it_is_made_in_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "python").touch(0o644)
    order = Order(2, 2, seed=7)
    make_corpus(order, str(tmp_path / "one"), quiet, 1)
    multiprocessing.resource_tracker.ensure_running()  # which is a process of its own
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", os.fsencode(tmp_path / "python"))
    make_corpus(order, str(tmp_path / "two"), quiet, 2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert "no processes to make the corpus in" in caplog.text


def test_where_a_pool_breaks_while_a_worker_is_started_it_is_made_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The pool closes a pipe whose number the next worker is to inherit."""

    def submit(*_arguments: object) -> None:
        raise ValueError("bad value(s) in fds_to_keep")

    order = Order(2, 2, seed=7)
    make_corpus(order, str(tmp_path / "one"), quiet, 1)
    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    make_corpus(order, str(tmp_path / "two"), quiet, 2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert "no processes to make the corpus in: bad value(s)" in caplog.text


def test_a_killed_run_leaves_neither_processes_nor_a_folder(tmp_path: Path) -> None:
    """The workers see that nobody waits for them, and take away what was made."""
    command = [
        sys.executable,
        "-m",
        "ifmosfs",
        "model",
        "synth",
        "--workers",
        "2",
        "--output",
        str(tmp_path / "corpus"),
    ]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert comes_true(lambda: any(tmp_path.rglob(".waiting/*")))
    process.kill()
    process.wait()
    assert comes_true(lambda: not in_session(process.pid))
    assert list(tmp_path.iterdir()) == []


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does within a minute."""
    until = time.monotonic() + 60
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def in_session(leader: int) -> list[int]:
    """The processes that began in the session of one that is gone."""
    found = []
    for name in os.listdir("/proc"):
        with suppress(OSError, ValueError):
            if os.getsid(int(name)) == leader:
                found.append(int(name))
    return found


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(tmp_path: Path, corpus: tuple[Path, list[Entry]]) -> None:
    _, rows = corpus
    few = make_corpus(Order(4, 4), str(tmp_path / "few"), quiet, 1)
    assert few == rows[: len(few)]


def test_another_seed_makes_other_files() -> None:
    first = make_file(Order(seed=1), "legal_document", 0)
    assert make_file(Order(seed=1), "legal_document", 0) == first
    assert make_file(Order(seed=2), "legal_document", 0).content != first.content


def test_a_folder_with_something_in_it_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"precious")
    with pytest.raises(TargetProblem) as refused:
        make_corpus(Order(1, 0), str(tmp_path), quiet, 1)
    assert (refused.value.what, refused.value.exit_status) == ("the folder is not empty", 2)
    assert read_tree(tmp_path) == {b"mine": b"precious"}


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(n_done: int, n_total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_corpus(Order(1, 1), str(tmp_path / "corpus"), interrupt, 1)
    assert read_tree(tmp_path) == {}


def test_augmented_files_tell_what_was_done_to_them(tmp_path: Path) -> None:
    rows = make_corpus(Order(6, 0, augmented=True), str(tmp_path / "corpus"), quiet, 1)
    steps = {step for row in rows for step in row.augmentation.split("+")}
    assert steps == {"", "names", "paraphrase", "truncation", "ocr-noise", "typos"}
    share = sum(1 for row in rows if row.augmentation) / len(rows)
    assert 0.5 < share < 0.8


FREE_OF_FORMAT = ("nothing_known", "lfs_pointer", "build_cache_binary")
"""Document types whose extension promises nothing: ends of downloads, pointers in place of contents, caches of build tools."""


@pytest.fixture(scope="module")
def samples() -> list[Made]:
    """Of every category and format that its first files have: one."""
    order = Order(30, 30)
    found: dict[tuple[str, str], Made] = {}
    for category in sorted(set(catalogue()) - {"backup_versioned"}):
        for index in range(30):
            made = make_file(order, category, index)
            if not made.entry.document_type.startswith(FREE_OF_FORMAT):
                found.setdefault((category, made.entry.format), made)
    return list(found.values())


def test_every_format_is_read_by_a_reader_that_did_not_write_it(tmp_path: Path, samples: list[Made]) -> None:
    unreadable: list[str] = []
    read: set[str] = set()
    for made in samples:
        kind = made.entry.format
        if kind not in READERS:
            continue
        path = tmp_path / f"file.{kind}"
        path.write_bytes(made.content)
        try:
            READERS[kind](path)
        except Exception as error:  # noqa: BLE001  whatever a reader raises is what is wanted
            unreadable.append(f"{made.entry.document_type} {made.entry.seed}: {error!r}")
        read.add(kind)
    assert unreadable == []
    assert len(read) > 35


@pytest.mark.skipif(shutil.which("file") is None, reason="there is no file(1) here")
def test_file_knows_the_formats_that_no_library_reads(tmp_path: Path, samples: list[Made]) -> None:
    unknown: list[str] = []
    seen: set[str] = set()
    for made in samples:
        kind = made.entry.format
        if kind not in MAGIC:
            continue
        path = tmp_path / f"file.{kind}"
        path.write_bytes(made.content)
        said = by_magic(path)
        if not re.search(MAGIC[kind], said):
            unknown.append(f"{made.entry.document_type} {made.entry.seed}: {said}")
        seen.add(kind)
    assert unknown == []
    assert len(seen) > 35


def test_the_same_document_never_bears_a_wall_clock_or_a_random_identity(samples: list[Made]) -> None:
    order = Order(30, 30)
    places = [(made, made.entry.seed.split("/")) for made in samples]
    again = [make_file(order, place[1], int(place[2])) for _, place in places]
    assert [made.entry for made, _ in places] == [made.entry for made in again]
