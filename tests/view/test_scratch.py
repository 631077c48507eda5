"""Scratch files of a view: in memory, bounded, in no listing, and never in the way of what the plan has."""

from __future__ import annotations

import os

import pytest

from ifmosfs.core.plan import EditKind
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.view import scratch
from ifmosfs.view.scratch import ScratchView, is_scratch_name
from ifmosfs.view.values import ROOT_INODE, Caller, RenameMode
from tests.view.views import NOW_NS, OWNER, Scene

E = FsErrorKind
STORE = b".DS_Store"
OTHER = Caller(4321, 4321, 1)


@pytest.fixture
def view(scene: Scene) -> ScratchView:
    return ScratchView(scene.view, owner=OWNER, now_ns=lambda: NOW_NS)


def put(view: ScratchView, folder: bytes, name: bytes, content: bytes = b"look") -> int:
    """A scratch file with that content; its inode."""
    entry, opened = view.create(view.resolve(folder), name, os.O_WRONLY | os.O_TRUNC, 0o600)
    if content:
        view.write(opened.handle, content, 0)
    view.release(opened.handle)
    return entry.attr.inode


def content(view: ScratchView, path: bytes) -> bytes:
    opened = view.open(view.resolve(path), os.O_RDONLY)
    try:
        return view.read(opened.handle, 1 << 20, 0)
    finally:
        view.release(opened.handle)


def refused(operation: object, *arguments: object) -> FsErrorKind:
    assert callable(operation)
    with pytest.raises(FsError) as error:
        operation(*arguments)
    return error.value.kind


def test_just_the_names_that_macos_writes_beside_files_are_those_of_scratch_files() -> None:
    names = [STORE, b"._a", b"._", b".DS_Store2", b".ds_store", b".a", b"a._b", b""]
    assert [name for name in names if is_scratch_name(name)] == [STORE, b"._a", b"._"]


def test_scratch_file_is_found_by_its_name_is_in_no_listing_and_records_nothing(
    view: ScratchView, scene: Scene
) -> None:
    before = scene.tree()
    inode = put(view, b"New", STORE)
    attr = view.getattr(inode)
    assert view.lookup(view.resolve(b"New"), STORE).attr == attr
    assert (attr.size_bytes, attr.mode, attr.mtime_ns, (attr.uid, attr.gid)) == (4, 0o100600, NOW_NS, OWNER)
    assert (content(view, b"New/" + STORE), view.listxattr(inode)) == (b"look", ())
    assert (scene.tree(), scene.log.edits) == (before, [])


def test_what_the_view_has_of_such_a_name_comes_first_and_is_never_written(view: ScratchView, scene: Scene) -> None:
    put(view, b"Docs", b"._a")
    docs = view.resolve(b"Docs")
    view.rename(docs, b"a.pdf", docs, b"._a", RenameMode.REPLACE)
    assert [edit.kind for edit in scene.log.edits] == [EditKind.MOVE]
    assert content(view, b"Docs/._a") == b"first"
    assert refused(view.create, docs, b"._a", os.O_WRONLY, 0o600) is E.READ_ONLY
    assert refused(view.open, view.resolve(b"Docs/._a"), os.O_WRONLY) is E.READ_ONLY
    view.unlink(docs, b"._a")
    assert [edit.kind for edit in scene.log.edits] == [EditKind.MOVE, EditKind.EXCLUDE]
    assert refused(view.lookup, docs, b"._a") is E.NOT_FOUND


def test_scratch_file_goes_with_its_folder_and_with_its_last_handle(view: ScratchView) -> None:
    inode = put(view, b"New/Empty", STORE, b"x" * 1000)
    new = view.resolve(b"New")
    opened = view.open(inode, os.O_RDONLY)
    view.rename(new, b"Empty", ROOT_INODE, b"Bare", RenameMode.REPLACE)
    assert content(view, b"Bare/" + STORE) == b"x" * 1000
    view.rmdir(ROOT_INODE, b"Bare")
    assert (view.read(opened.handle, 3, 998), view.getattr(inode).n_links) == (b"xx", 0)
    view.release(opened.handle)
    assert refused(view.getattr, inode) is E.NOT_FOUND


def test_scratch_file_may_be_renamed_to_another_and_to_nothing_else(view: ScratchView) -> None:
    inode, docs = put(view, b"Docs", b"._a"), view.resolve(b"Docs")
    put(view, b"Docs", b"._b", b"other")
    assert refused(view.rename, docs, b"._a", docs, b"mine", RenameMode.REPLACE) is E.READ_ONLY
    assert refused(view.rename, docs, b"._a", docs, b"._b", RenameMode.EXCHANGE) is E.READ_ONLY
    assert refused(view.rename, docs, b"._a", docs, b"._b", RenameMode.NO_REPLACE) is E.EXISTS
    view.rename(docs, b"._a", docs, b"._a", RenameMode.REPLACE)
    view.rename(docs, b"._a", docs, b"._b", RenameMode.REPLACE)
    assert (view.resolve(b"Docs/._b"), refused(view.resolve, b"Docs/._a")) == (inode, E.NOT_FOUND)


@pytest.mark.parametrize(
    ("folder", "name", "caller", "refusal"),
    [
        (b"Docs", b"plain", None, E.READ_ONLY),
        (b".ifmosfs", STORE, None, E.READ_ONLY),
        (b"Docs/a.pdf", STORE, None, E.NOT_A_FOLDER),
        (b"Docs", STORE, OTHER, E.NO_ACCESS),
    ],
)
def test_scratch_file_is_not_made_elsewhere_nor_by_others(
    view: ScratchView, folder: bytes, name: bytes, caller: Caller | None, refusal: FsErrorKind
) -> None:
    assert refused(view.create, view.resolve(folder), name, os.O_WRONLY, 0o600, caller) is refusal


def test_scratch_file_is_changed_by_nobody_but_its_owner(view: ScratchView) -> None:
    inode, docs = put(view, b"Docs", b"._a"), view.resolve(b"Docs")
    view.chmod(inode, 0o666)
    answers = [
        refused(view.unlink, docs, b"._a", OTHER),
        refused(view.rename, docs, b"._a", docs, b"._b", RenameMode.REPLACE, OTHER),
    ]
    assert (answers, view.getattr(inode).mode) == ([E.NO_ACCESS] * 2, 0o100644)
    view.rename(docs, b"._a", docs, b"._b", RenameMode.REPLACE, Caller(*OWNER, 1))
    view.unlink(docs, b"._b", Caller(0, 0, 1))
    assert refused(view.getattr, inode) is E.NOT_FOUND


def test_scratch_files_are_bounded_and_what_goes_makes_room(view: ScratchView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "MOST_BYTES", 60)
    monkeypatch.setattr(scratch, "MOST_BYTES_IN_ALL", 100)
    monkeypatch.setattr(scratch, "MOST_FILES", 3)
    docs = view.resolve(b"Docs")
    first, second = put(view, b"Docs", b"._1", b"x" * 60), put(view, b"Docs", b"._2", b"y" * 40)
    answers = [refused(view.truncate, first, 61), refused(view.truncate, second, 41)]
    put(view, b"Docs", b"._3", b"")
    answers.append(refused(view.create, docs, b"._4", os.O_WRONLY, 0o600))
    assert answers == [E.NO_SPACE] * 3
    assert (content(view, b"Docs/._1"), content(view, b"Docs/._2")) == (b"x" * 60, b"y" * 40)
    view.unlink(docs, b"._1")
    view.truncate(second, 60)
    put(view, b"Docs", b"._5", b"z" * 40)
    assert content(view, b"Docs/._2") == b"y" * 40 + bytes(20)


def test_a_view_without_scratch_files_refuses_to_make_and_write_any(scene: Scene) -> None:
    docs, file = scene.inode(b"Docs"), scene.inode(b"Docs/a.pdf")
    view = scene.view
    answers = [
        refused(view.create, docs, STORE, 0, 0o600),
        refused(view.write, 1, b"", 0),
        refused(view.truncate, file, 0),
    ]
    assert answers == [E.READ_ONLY] * 3
