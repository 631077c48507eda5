"""What a view and a commit that are under way know of an undo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.editing import redo, undo
from ifmosfs.app.mounting import PlanEditLog
from ifmosfs.app.scanning import scan
from ifmosfs.app.settings import load_settings
from ifmosfs.app.staging import create_plan, load_tree, load_tree_to_commit
from ifmosfs.core.edit_log import effective
from ifmosfs.core.errors import WrongState
from ifmosfs.core.plan import Edit, EditKind


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with App(load_settings({**os.environ, "IFMOSFS_HOME": str(tmp_path / "home")})) as opened:
        yield opened


@pytest.fixture
def plan_id(app: App, tmp_path: Path) -> str:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.csv").write_bytes(b"a,b\n1,2\n3,4\n")
    session = app.catalogue.find_session(scan(app, [os.fsencode(inbox)]).session_id)
    return create_plan(app, session, os.fsencode(tmp_path / "out")).plan_id


def made(path: bytes, step: int = 0) -> Edit:
    return Edit(0, EditKind.MKDIR, path, None, 5, step=step)


def test_a_view_gets_all_rows_since_its_last_one_and_edits_only_after_the_last(app: App, plan_id: str) -> None:
    log = PlanEditLog(app, plan_id)
    first = log.append(made(b"one"), 0)
    assert first is not None
    assert log.append(made(b"two", first.step), 1) is not None
    info = app.catalogue.find_plan(plan_id)
    (step,) = undo(app, info, 1).steps
    assert [edit.path for edit in step.edits] == [b"one", b"two"]
    assert log.append(made(b"three", first.step), 2) is None
    redo(app, info, 1)
    assert [(row.seq, row.kind, row.step) for row in log.since(2)] == [(3, EditKind.UNDO, 1), (4, EditKind.REDO, 1)]
    third = log.append(made(b"three", first.step), 4)
    assert third is not None
    assert (third.seq, third.step) == (5, 5)


def test_a_step_that_another_edit_rests_on_is_not_taken_back(app: App, plan_id: str) -> None:
    log = PlanEditLog(app, plan_id)
    log.append(made(b"one"), 0)
    log.append(made(b"one/two"), 1)
    log.append(
        Edit(0, EditKind.RMDIR, b"one/two", None, 5, step=1), 2
    )  # as no view does: that has to do with the later step
    before = log.since(0)
    with pytest.raises(WrongState, match="another edit rests on this one"):
        undo(app, app.catalogue.find_plan(plan_id), 1)
    assert log.since(0) == before
    undo(app, app.catalogue.find_plan(plan_id), 2)
    assert effective(log.since(0)) == ()


@pytest.mark.parametrize("load", [load_tree, load_tree_to_commit], ids=lambda load: load.__name__)
def test_trees_are_loaded_with_what_is_in_force_and_stand_at_the_last_row(app: App, plan_id: str, load: object) -> None:
    assert callable(load)
    log = PlanEditLog(app, plan_id)
    log.append(made(b"one"), 0)
    info = app.catalogue.find_plan(plan_id)
    for take, last, is_there in ((undo, 2, False), (redo, 3, True), (undo, 4, False)):
        take(app, info, 1)
        tree = load(app, plan_id)
        assert (tree.last_edit, b"one" in tree.root.children) == (last, is_there)
    assert effective(log.since(0)) == app.catalogue.edits(plan_id) == ()
