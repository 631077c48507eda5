"""From a plan with displaced files, losers, units and projects to the order, on a real disk: done, verified, taken back."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.settings import Settings
from ifmosfs.app.work_order import CommitOrder, commit_order
from ifmosfs.core.execute import execute
from ifmosfs.core.files import Place, Root
from ifmosfs.core.history import held, holds_anything
from ifmosfs.core.journal import RunKind
from ifmosfs.core.plan import ActionKind, Edit, EditKind, EditOrigin, Plan, Unit, UnitKind
from ifmosfs.core.rehearsal import NullJournal, RehearsalDisk
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.verify import verify
from tests.adapters.memory_journal import MemoryJournal
from tests.adapters.trees import Tree, read_tree, write_tree
from tests.core.committing import make_run, roll_back
from tests.core.plans import plan_of

INBOX: Tree = {
    b"letter": b"newer",
    b"lost": b"loser",
    b"pic.raw": b"raw",
    b"pic.xmp": b"xmp",
    b"code": {b".git": {b"HEAD": b"ref"}, b"main.c": b"int"},
}
TARGET: Tree = {b"Papers": {b"letter": b"older"}}
AFTER: Tree = {
    b"Papers": {b"letter": b"newer"},
    b"Pictures": {b"pic.raw": b"raw", b"pic.xmp": b"xmp"},
    b"Code": {b"code": {b".git": {b"HEAD": b"ref"}, b"main.c": b"int"}},
    b".ifmosfs": {
        b"vault": {b"p": {b"replaced": {b"Papers": {b"letter": b"older"}}, b"lost": {b"1": {b"lost": b"loser"}}}}
    },
}


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(Settings(tmp_path / "config", tmp_path / "state", tmp_path))


def make_plan(
    app: App, folder: Path, code: tuple[bytes, bytes] = (b"Code/code/.git/HEAD", b"Code/code/main.c")
) -> Plan:
    """The plan of this module's scene; `code` says where the two files of the project go."""
    inbox, target = os.fsencode(folder / "in"), os.fsencode(folder / "out")
    write_tree(inbox, INBOX)
    write_tree(target, TARGET)
    plan = plan_of(
        (b"letter", b"Papers/letter"),
        (b"lost", b"Papers/lost"),
        (b"pic.raw", b"Pictures/pic.raw"),
        (b"pic.xmp", b"Pictures/pic.xmp"),
        (b"code/.git/HEAD", code[0]),
        (b"code/main.c", code[1]),
        folders=(b"Pictures", b"Code"),
        roots=(inbox,),
        target=target,
    )
    actions = [
        replace(each, expected=app.disk.lstat(Place(inbox, each.source)).fingerprint, unit=unit)
        for each, unit in zip(plan.actions, (0, 0, 1, 1, 2, 2), strict=True)
    ]
    old = app.disk.lstat(Place(target, b"Papers/letter")).fingerprint
    actions[0] = replace(actions[0], replaces=old)
    actions[1] = replace(actions[1], kind=ActionKind.VAULT, target=b"Papers/letter")
    units = (Unit(1, UnitKind.SIDECARS, inbox), Unit(2, UnitKind.PROJECT, inbox, b"code"))
    return replace(plan, roots=(Root(inbox, "x"),), actions=tuple(actions), units=units)


def order_of(app: App, plan: Plan, journal: MemoryJournal, run_id: str) -> CommitOrder:
    run = replace(make_run(run_id), target=plan.target)
    return commit_order(app, PlanTree(plan), held(journal.history(), plan.actions), run)


def test_everything_finds_its_place_and_its_way_back(app: App, tmp_path: Path) -> None:
    plan, journal = make_plan(app, tmp_path), MemoryJournal()
    for run_id in ("r1", "r2"):
        order, scattered = order_of(app, plan, journal, run_id)
        report = execute(order, app.disk, journal, now_ns=count(1).__next__)
        assert (scattered, report.problems) == ((), ())
        assert (report.n_done, report.n_vaulted, report.n_skipped) == (5, 2, 0)
        assert (read_tree(tmp_path / "out"), read_tree(tmp_path / "in")) == (AFTER, {})
        checked = verify(journal.history(), app.disk, actions=plan.actions)
        assert (checked.problems, checked.n_held) == ((), 6)
        assert order_of(app, plan, journal, "x").order.steps == ()
        assert roll_back(app.disk, journal, f"back {run_id}").problems == ()
        assert (read_tree(tmp_path / "out"), read_tree(tmp_path / "in")) == (TARGET, INBOX)
        assert not holds_anything(journal.history())


@pytest.mark.parametrize("renamed", [True, False])
def test_a_name_that_somebody_has_freed_since_is_taken_and_nothing_displaced(
    app: App, tmp_path: Path, renamed: bool
) -> None:
    plan, journal = make_plan(app, tmp_path), MemoryJournal()
    letter = tmp_path / "out" / "Papers" / "letter"
    if renamed:
        letter.rename(letter.with_name("old letter"))
    else:
        letter.unlink()
    now = read_tree(tmp_path / "out")
    report = execute(order_of(app, plan, journal, "r1").order, app.disk, journal, now_ns=count(1).__next__)
    assert (report.problems, report.n_vaulted) == ((), 1)
    committed = read_tree(tmp_path / "out")
    assert committed[b"Papers"] == {b"letter": b"newer", **({b"old letter": b"older"} if renamed else {})}
    assert committed[b".ifmosfs"] == {b"vault": {b"p": {b"lost": {b"1": {b"lost": b"loser"}}}}}
    assert verify(journal.history(), app.disk, actions=plan.actions).problems == ()
    assert roll_back(app.disk, journal, "back").problems == ()
    assert (read_tree(tmp_path / "out"), read_tree(tmp_path / "in")) == (now, INBOX)


def test_a_rehearsal_tells_the_same_and_touches_nothing(app: App, tmp_path: Path) -> None:
    order = order_of(app, make_plan(app, tmp_path), MemoryJournal(), "r1").order
    rehearsed = execute(order, RehearsalDisk(app.disk), NullJournal(), now_ns=count(1).__next__)
    assert (read_tree(tmp_path / "out"), read_tree(tmp_path / "in")) == (TARGET, INBOX)
    assert rehearsed == execute(order, app.disk, MemoryJournal(), now_ns=count(1).__next__)


def test_leftovers_in_the_vault_are_never_in_the_way(app: App, tmp_path: Path) -> None:
    plan, journal = make_plan(app, tmp_path), MemoryJournal()
    write_tree(
        tmp_path / "out" / ".ifmosfs" / "vault" / "p" / "replaced", {b"Papers": b"a file where a folder should be"}
    )
    write_tree(tmp_path / "out" / ".ifmosfs" / "vault" / "p" / "lost" / "1", {b"lost": b"of an earlier time"})
    report = execute(order_of(app, plan, journal, "r1").order, app.disk, journal, now_ns=count(1).__next__)
    assert (report.problems, report.n_vaulted) == ((), 2)
    vault = read_tree(tmp_path / "out" / ".ifmosfs" / "vault" / "p")
    assert (vault[b"replaced-2"], vault[b"lost-2"]) == ({b"Papers": {b"letter": b"older"}}, {b"1": {b"lost": b"loser"}})
    assert vault[b"lost"] == {b"1": {b"lost": b"of an earlier time"}}


def test_the_vault_is_for_its_owner_only(app: App, tmp_path: Path) -> None:
    plan, journal = make_plan(app, tmp_path), MemoryJournal()
    execute(order_of(app, plan, journal, "r1").order, app.disk, journal, now_ns=count(1).__next__)
    for folder in (tmp_path / "out" / ".ifmosfs", tmp_path / "out" / ".ifmosfs" / "vault" / "p"):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("code", [(b"Code/code/.git/HEAD", b"Elsewhere/main.c"), (b"Code/x/HEAD", b"Code/x/main.c")])
def test_a_project_that_would_be_scattered_stays_and_is_listed(
    app: App, tmp_path: Path, code: tuple[bytes, bytes]
) -> None:
    plan, journal = make_plan(app, tmp_path, code), MemoryJournal()
    order, scattered = order_of(app, plan, journal, "r1")
    assert [(each.code, each.action_id) for each in scattered] == [("project-scattered", 5), ("project-scattered", 6)]
    execute(order, app.disk, journal, now_ns=count(1).__next__)
    assert read_tree(tmp_path / "in") == {b"code": INBOX[b"code"]}


def test_a_project_goes_as_one_folder_without_a_file_whose_name_something_else_has(app: App, tmp_path: Path) -> None:
    plan, journal = make_plan(app, tmp_path), MemoryJournal()
    main = tmp_path / "in" / "code" / "main.c"
    main.unlink()
    main.mkdir()
    aside = Edit(1, EditKind.EXCLUDE, b"Code/code/main.c", None, 0, action_id=6, origin=EditOrigin.WATCH)
    run = replace(make_run("r1"), target=plan.target)
    before = held(journal.history(), plan.actions)
    order, scattered = commit_order(app, PlanTree(plan, [aside]), before, run)
    assert scattered == ()
    assert execute(order, app.disk, journal, now_ns=count(1).__next__).problems == ()
    assert read_tree(tmp_path / "out" / "Code") == {b"code": {b".git": {b"HEAD": b"ref"}, b"main.c": {}}}
    assert read_tree(tmp_path / "in") == {}


def losing_plan(app: App, folder: Path, in_target: Tree) -> Plan:
    """Two files that lost, `Logs/x` to `c` and `Logs/y` to what the target has; `d` has lost with the first, to which it belongs."""
    inbox, target = os.fsencode(folder / "in"), os.fsencode(folder / "out")
    write_tree(inbox, {b"a": b"a", b"b": b"b", b"c": b"c", b"d": b"d"})
    write_tree(target, in_target)
    plan = plan_of(
        (b"a", b"Logs/x"), (b"b", b"Logs/y"), (b"c", b"Logs/x"), (b"d", b"Logs/z"), roots=(inbox,), target=target
    )
    actions = tuple(
        replace(
            each,
            expected=app.disk.lstat(Place(inbox, each.source)).fingerprint,
            kind=ActionKind.MOVE if each.source == b"c" else ActionKind.VAULT,
            unit=1 if each.source in {b"a", b"d"} else 0,
        )
        for each in plan.actions
    )
    return replace(plan, roots=(Root(inbox, "x"),), actions=actions, units=(Unit(1, UnitKind.SIDECARS, inbox),))


def comes_after(app: App, tree: PlanTree) -> dict[bytes, tuple[bytes, ...]]:
    run = replace(make_run("r1"), target=tree.plan.target)
    steps = commit_order(app, tree, held((), tree.plan.actions), run).order.steps
    return {step.source.path: tuple(place.path for place in step.after) for step in steps}


@pytest.mark.parametrize("in_target", [{}, {b"Logs": {b"y": b"theirs"}}, {b"Logs": {b"z": b"theirs"}}], ids=repr)
def test_what_lost_a_name_is_the_last_to_go_and_comes_after_what_has_it(
    app: App, tmp_path: Path, in_target: Tree
) -> None:
    found = comes_after(app, PlanTree(losing_plan(app, tmp_path, in_target)))
    assert list(found.items()) == [(b"c", ()), (b"a", (b"Logs/x",)), (b"b", (b"Logs/y",)), (b"d", (b"Logs/x",))]


def test_it_comes_after_its_winner_wherever_a_person_has_put_that(app: App, tmp_path: Path) -> None:
    edits = [
        Edit(1, EditKind.MOVE, b"Logs/x", b"Logs/elsewhere", 1),
        Edit(2, EditKind.VAULT, b"Logs/elsewhere", None, 2),
    ]
    plan = losing_plan(app, tmp_path, {})
    found = [comes_after(app, PlanTree(plan, edits[:n])) for n in (1, 2)]
    assert found == [
        {b"c": (), b"a": (b"Logs/elsewhere",), b"b": (b"Logs/y",), b"d": (b"Logs/elsewhere",)},
        {b"a": (b"Logs/x", b"Logs/z"), b"b": (b"Logs/y",), b"c": (), b"d": (b"Logs/x", b"Logs/z")},
    ]


def test_a_run_of_the_order_is_one_of_its_plan(app: App, tmp_path: Path) -> None:
    plan = make_plan(app, tmp_path)
    order = order_of(app, plan, MemoryJournal(), "r1").order
    assert (order.run.kind, order.run.plan_id) == (RunKind.COMMIT, "p")
    units = [step.unit for step in order.steps]
    assert units == sorted(units, key=units.index)  # each unit in one piece


def plan_with_empty_folders(app: App, folder: Path) -> Plan:
    """A file to `Logs`, and two folders beside with nothing in them, which the plan makes."""
    inbox, target = os.fsencode(folder / "in"), os.fsencode(folder / "out")
    write_tree(inbox, {b"a": b"a"})
    write_tree(target, {})
    plan = plan_of((b"a", b"Logs/a"), folders=(b"Logs", b"Mine", b"Theirs"), roots=(inbox,), target=target)
    expected = app.disk.lstat(Place(inbox, b"a")).fingerprint
    return replace(plan, actions=tuple(replace(each, expected=expected) for each in plan.actions))


def times(folder: Path, *names: str) -> list[int]:
    return [(folder / "out" / name).stat().st_mtime_ns for name in names]


def test_planned_folder_that_somebody_else_has_made_keeps_its_time_and_one_of_an_earlier_run_gets_the_plans(
    app: App, tmp_path: Path
) -> None:
    plan, journal = plan_with_empty_folders(app, tmp_path), MemoryJournal()
    (tmp_path / "out" / "Theirs").mkdir()
    os.utime(tmp_path / "out" / "Theirs", ns=(0, 7_000))
    order = order_of(app, plan, journal, "r1").order
    stopped = execute(replace(order, folder_times=()), app.disk, journal, now_ns=count(1).__next__)
    assert stopped.problems == ()
    again = order_of(app, plan, journal, "r2").order
    assert execute(again, app.disk, journal, now_ns=count(1).__next__).problems == ()
    assert times(tmp_path, "Logs", "Mine", "Theirs") == [plan.created_ns, plan.created_ns, 7_000]


def test_folder_that_gets_back_one_that_it_had_has_the_time_that_the_view_shows(app: App, tmp_path: Path) -> None:
    plan, journal = plan_with_empty_folders(app, tmp_path), MemoryJournal()
    (tmp_path / "out" / "Old").mkdir()
    edits = [
        Edit(1, EditKind.MOVE, b"Logs/a", b"Old/gone/a", 8_000),
        Edit(2, EditKind.MOVE, b"Old/gone/a", b"a", 9_000),
    ]
    run = replace(make_run("r1"), target=plan.target)
    order = commit_order(app, PlanTree(plan, edits), held((), plan.actions), run).order
    assert execute(order, app.disk, journal, now_ns=count(1).__next__).problems == ()
    assert times(tmp_path, "Old", "Old/gone") == [plan.created_ns, 9_000]
