"""Versions: what a crash at any step of snapshot, restore and prune leaves, and that no content is ever lost by them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.recovering import recover_if_needed
from ifmosfs.app.restoring import prepare_restore, run_restore
from ifmosfs.app.settings import load_settings
from ifmosfs.app.snapshotting import ContentPolicy, prune, take_snapshot
from ifmosfs.app.versioning import find_version, read_manifest
from ifmosfs.core.execute import never_stop
from ifmosfs.core.manifest import Protection
from ifmosfs.platform import contents
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.faults import Crash, CrashAfter
from tests.adapters.trees import read_tree, write_tree

TREE = {b"a": b"first", b"deep": {b"b": b"second", b"c": b"third"}}
COPIES = ContentPolicy(max_bytes=1000)


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Callable[[int], App]]:
    """Opens the program with a state folder of that number."""
    opened: list[App] = []

    def make(number: int) -> App:
        app = App(load_settings({**os.environ, "IFMOSFS_HOME": str(tmp_path / f"home {number}")}))
        opened.append(app)
        return app

    yield make
    for app in opened:
        app.close()


def folder_of(tmp_path: Path, number: int) -> bytes:
    folder = tmp_path / f"files {number}"
    write_tree(folder, TREE)
    return os.fsencode(folder)


def stored(app: App) -> list[bytes]:
    """The contents that the store has, by their digests."""
    store = contents.ContentStore(os.fsencode(app.settings.state_folder / "contents"))
    return [digest for digest, _ in store.held()]


@pytest.mark.parametrize("call", ["rename", "fsync", "fchmod"])
def test_a_snapshot_that_a_crash_cuts_short_is_absent_and_its_leftovers_are_collected(
    tmp_path: Path, open_app: Callable[[int], App], monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = getattr(os, call)
    n = 0
    while True:
        app, folder = open_app(n), folder_of(tmp_path, n)
        n_calls = 0

        def dying(*arguments: object, dies_at: int = n) -> object:
            nonlocal n_calls
            n_calls += 1
            if n_calls > dies_at:
                raise Crash(call)
            return real(*arguments)

        app.catalogue.versions()  # made before the crash, for it is no part of it
        with monkeypatch.context() as patched:
            patched.setattr(contents.os, call, dying)
            try:
                take_snapshot(app, "cut short", [folder], COPIES)
            except Crash:
                pass
            else:
                break
        assert app.catalogue.snapshots() == []
        assert app.catalogue.versions() == []
        prune(app, None, None, dry_run=False)
        assert stored(app) == []
        assert read_tree(folder) == TREE
        n += 1
    assert n == n_calls >= 3
    _, info = find_version(app, "cut short")
    assert (info.n_held, info.head.level) == (3, "CONTENT-COPY")
    assert [entry.path for entry in read_manifest(app, info)] == [b"a", b"deep", b"deep/b", b"deep/c"]


def test_a_restore_that_a_crash_cuts_short_at_any_step_is_recovered_and_can_be_gone_on_with(
    tmp_path: Path, open_app: Callable[[int], App]
) -> None:
    n = 0
    while True:
        app, folder = open_app(n), folder_of(tmp_path, n)
        take_snapshot(app, "before", [folder], COPIES)
        os.rename(folder + b"/a", folder + b"/deep/b2")
        os.unlink(folder + b"/deep/c")
        os.rename(folder + b"/deep/b", folder + b"/a")
        crashing = CrashAfter(app.disk, n)
        app.disk = cast("PosixDisk", crashing)
        try:
            with app.writing() as journal:
                run_restore(app, journal, prepare_restore(app, journal, "before"), never_stop)
        except Crash:
            pass
        app.disk = cast("PosixDisk", crashing.disk)
        died = crashing.n_effects > n
        recover_if_needed(app)
        with app.writing() as journal:
            prepared = prepare_restore(app, journal, "before")
            if not prepared.is_empty:
                run_restore(app, journal, prepared, never_stop)
        tree = read_tree(folder)
        tree.pop(b".ifmosfs", None)
        assert tree == TREE, n
        if not died:
            break
        n += 1
    assert n >= 6


def test_prune_keeps_the_last_holder_of_a_content_and_a_crash_loses_none(
    tmp_path: Path, open_app: Callable[[int], App]
) -> None:
    n = 0
    while True:
        app, folder = open_app(n), folder_of(tmp_path, n)
        report = take_snapshot(app, "old", [folder], COPIES)
        entries = {entry.path: entry for entry in read_manifest(app, report.info)}
        os.unlink(folder + b"/a")
        crashing = CrashAfter(app.disk, n)
        app.disk = cast("PosixDisk", crashing)
        with suppress(Crash):
            prune(app, 0, None, named=True, dry_run=False)
        app.disk = cast("PosixDisk", crashing.disk)
        again = prune(app, 0, None, named=True, dry_run=False)
        only = entries[b"a"].digest
        assert stored(app) == [only]
        assert [place.path.rpartition(b"/")[2] for place in again.last_holders] == [
            only.hex().encode() if only else b""
        ]
        assert app.catalogue.snapshots() == []
        if crashing.n_effects <= n:
            break
        n += 1
    assert n == 3


def test_prune_by_number_keeps_the_newest_and_what_they_need(tmp_path: Path, open_app: Callable[[int], App]) -> None:
    app, folder = open_app(0), folder_of(tmp_path, 0)
    take_snapshot(app, "one", [folder], COPIES)
    take_snapshot(app, "two", [folder], COPIES)
    assert prune(app, 0, None, dry_run=False).snapshots == (), "they were asked for"
    rehearsed = prune(app, 1, None, named=True, dry_run=True)
    assert [info.head.name for info in app.catalogue.snapshots()] == ["one", "two"]
    done = prune(app, 1, None, named=True, dry_run=False)
    assert [info.head.name for info in done.snapshots] == [info.head.name for info in rehearsed.snapshots] == ["one"]
    assert len(stored(app)) == 3
    assert prune(app, 1, 10**18, named=True, dry_run=False).snapshots == ()


def test_equal_trees_have_equal_root_hashes_and_any_rename_another(
    tmp_path: Path, open_app: Callable[[int], App]
) -> None:
    app, folder = open_app(0), folder_of(tmp_path, 0)
    one = take_snapshot(app, "one", [folder]).info
    two = take_snapshot(app, "two", [folder]).info
    os.rename(folder + b"/a", folder + b"/z")
    three = take_snapshot(app, "three", [folder])
    assert one.merkle == two.merkle != three.info.merkle
    assert three.by_level == {Protection.NAME: 3}


def test_the_same_held_content_by_another_path_is_no_other_holder(
    tmp_path: Path, open_app: Callable[[int], App]
) -> None:
    app, folder = open_app(0), folder_of(tmp_path, 0)
    info = take_snapshot(app, "old", [folder], COPIES).info
    only = next(entry.digest for entry in read_manifest(app, info) if entry.path == b"a")
    os.unlink(folder + b"/a")
    home = app.settings.state_folder
    home.rename(tmp_path / "moved")
    home.symlink_to(tmp_path / "moved")
    take_snapshot(app, "all", [os.fsencode(tmp_path / "moved/contents")])
    prune(app, 0, None, named=True, dry_run=False)
    assert stored(app) == [only]
