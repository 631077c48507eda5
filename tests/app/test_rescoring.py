"""Open plans follow what was learned, but not what is being taken back at that very moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ifmosfs.app import rescoring
from ifmosfs.app.context import App
from ifmosfs.app.editing import undo
from ifmosfs.app.learning import LearntFromEdits, learn_from_edits
from ifmosfs.app.settings import load_settings
from ifmosfs.app.trees import lazy_tree
from ifmosfs.core.edit_log import last_number
from ifmosfs.core.files import Place
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.platform import host
from tests.adapters.trees import Tree
from tests.cli.command_line import Desk

LETTER = b"Dear Ms Miller,\nthank you for the lovely evening number %d at the lake. The boat was fine.\nYours, Tom\n"
INBOX: Tree = {b"letters": {b"note-%d.xyz" % number: LETTER % number for number in range(1, 4)}}
Layout = dict[bytes, bytes]
FILED: Layout = {
    b"letters/note-%d.xyz" % number: b"Personal/Documents/2021/note-%d.xyz" % number for number in range(1, 4)
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with letters that nobody can tell."""
    made = Desk(tmp_path)
    made.set_up(INBOX)
    return made


@pytest.fixture
def plan(desk: Desk) -> str:
    """A plan in which the first letter was dragged to its place, in the second of two steps."""
    plan_id = desk.staged()
    folders = [b"Mine", b"Personal", b"Personal/Documents", b"Personal/Documents/2021"]
    with App(load_settings(desk.environment)) as app:
        for path in folders:
            made_by_hand(app, plan_id, Edit(0, EditKind.MKDIR, path, None, host.now_ns(), mode=0o755))
        dragged = (b"To review/unsure/letters/note-1.xyz", b"Personal/Documents/2021/note-1.xyz")
        made_by_hand(app, plan_id, Edit(0, EditKind.MOVE, *dragged, host.now_ns()))
    return plan_id


def made_by_hand(app: App, plan_id: str, draft: Edit) -> None:
    app.catalogue.append_edits(plan_id, [draft], last_number(app.catalogue.edit_log(plan_id)))


def filed(app: App, plan_id: str) -> Layout:
    """Path in the inbox → in the target."""
    return {move.action.source: move.target for move in lazy_tree(app, plan_id).moves()}


def learning_while(
    app: App, plan_id: str, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]
) -> LearntFromEdits:
    """What is learned while something else happens, after the files were judged anew and before the plan follows."""
    judged_anew = rescoring._judged_anew

    def disturbed(app: App, session_id: str, places: Sequence[Place]) -> tuple[int, list[rescoring.Change]]:
        judged = judged_anew(app, session_id, places)
        meanwhile()
        return judged

    with monkeypatch.context() as patched:
        patched.setattr(rescoring, "_judged_anew", disturbed)
        return learn_from_edits(app, plan_id)


def test_what_is_taken_back_while_it_is_learned_moves_no_other_file(
    app: App, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = learning_while(app, plan, monkeypatch, lambda: undo(app, app.catalogue.find_plan(plan), 1))
    assert (len(learnt.added), learnt.rescored.n_refiled, filed(app, plan)) == (1, 0, {})
    after = learn_from_edits(app, plan)
    assert (len(after.taken_back), after.rescored.n_refiled, filed(app, plan)) == (1, 0, {})


def test_where_something_else_is_taken_back_meanwhile_the_files_follow_with_that(
    app: App, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by_hand(app, plan, Edit(0, EditKind.MKDIR, b"Empty", None, host.now_ns(), mode=0o755))
    learnt = learning_while(app, plan, monkeypatch, lambda: undo(app, app.catalogue.find_plan(plan), 1))
    assert (len(learnt.added), learnt.rescored.n_refiled, len(filed(app, plan))) == (1, 0, 1)
    after = learn_from_edits(app, plan)
    assert (after.taken_back, after.rescored.n_refiled, filed(app, plan)) == ((), 2, FILED)


def test_an_undo_that_nobody_can_learn_from_holds_nothing_up(app: App, plan: str) -> None:
    learn_from_edits(app, plan, follows=False)
    made_by_hand(app, plan, Edit(0, EditKind.MKDIR, b"Empty", None, host.now_ns(), mode=0o755))
    undo(app, app.catalogue.find_plan(plan), 1)
    assert rescoring.rescore(app).n_refiled == 0
    assert (rescoring.rescore(app, {plan}).n_refiled, filed(app, plan)) == (2, FILED)
