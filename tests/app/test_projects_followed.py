"""Projects as followers of the originals see them: renamed, moved into each other, made and changed, in one view or several."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.trees import lazy_tree
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.plan import Edit, EditKind
from tests.app.followers import Beside, counts, edits, put
from tests.cli.command_line import Desk


def drag(view: Beside, plan_id: str, path: bytes, to: bytes) -> None:
    """A person drags something in the view."""
    edit = Edit(0, EditKind.MOVE, path, to, 1)
    view.shown.take_in()
    assert view.app.catalogue.append_edits(plan_id, [edit], view.shown.tree.last_edit)


@pytest.fixture
def new_code(desk: Desk) -> Path:
    """Another checkout, with the same names and one more."""
    for name in (".git/HEAD", "main.c", "more.c"):
        put(desk.inbox / "new" / name, b"new " + name.encode())
    return desk.inbox / "new"


def test_project_that_takes_the_name_of_one_that_was_renamed_leaves_that_where_it_was_put(
    code: Path, new_code: Path, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    """As a new version of a site is put in place: `mv code old; mv new code`."""
    one, _ = views
    drag(one, plan_id, b"To review/projects/code", b"Kept/mine")
    code.rename(code.with_name("old"))
    new_code.rename(code)
    one.follow(b"code", b"old", b"new", deep=True)
    assert projects(one.app, plan_id) == {
        b"Kept/mine": [b"old/.git/HEAD", b"old/main.c"],
        b"To review/projects/code": [b"code/.git/HEAD", b"code/main.c", b"code/more.c"],
    }


def test_project_that_was_renamed_with_another_one_in_it_is_the_same_with_that_in_it(
    code: Path, new_code: Path, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    drag(one, plan_id, b"To review/projects/code", b"Kept/mine")
    code.rename(code.with_name("all"))
    new_code.rename(code.with_name("all") / "new")
    one.follow(b"code", b"all", b"new", b"all/new", deep=True)
    inside = [b"all/.git/HEAD", b"all/main.c", b"all/new/.git/HEAD", b"all/new/main.c", b"all/new/more.c"]
    assert projects(one.app, plan_id)[b"Kept/mine"] == inside


def test_project_that_was_moved_into_one_that_another_view_has_just_followed_is_part_of_that(
    code: Path, new_code: Path, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    """Both were projects in each other's folder, and the plan was not to be carried out any more."""
    one, other = views
    code.rename(code.with_name("all"))
    new_code.rename(code.with_name("all") / "new")
    one.shown.meanwhile = lambda: other.follow(b"code", b"all", deep=True) and None
    one.follow(b"new", b"all/new", deep=True)
    one.follow(b"code", b"all", deep=True)
    inside = [b"all/.git/HEAD", b"all/main.c", b"all/new/.git/HEAD", b"all/new/main.c", b"all/new/more.c"]
    assert projects(one.app, plan_id) == {
        b"To review/projects/all": inside,
        b"To review/projects/new": [b"new/.git/HEAD", b"new/main.c", b"new/more.c"],  # which are missing there
    }


@pytest.mark.parametrize("now", ["ren", "again"])
def test_project_that_two_views_see_renamed_at_once_is_followed_once(
    code: Path, plan_id: str, views: tuple[Beside, Beside], now: str
) -> None:
    one, other = views
    code.rename(code.with_name("ren"))
    stored: list[EditKind] = []

    def meanwhile() -> None:
        code.with_name("ren").rename(code.with_name(now))
        other.follow(b"code", now.encode())
        stored.extend(edits(one.app, plan_id))

    one.shown.meanwhile = meanwhile
    one.follow(b"code", b"ren")
    assert edits(one.app, plan_id) == stored
    assert stored == [EditKind.FOLLOW, EditKind.REFRESH, EditKind.REFRESH, EditKind.MOVE]
    shown = lazy_tree(one.app, plan_id).folder_at(b"To review/projects")
    assert [node.name for node in shown.children.values()] == [now.encode()]


def projects(app: App, plan_id: str) -> dict[bytes, list[bytes]]:
    """The folders of the tree that are projects, each with the originals of its files; no file of one is anywhere else."""
    tree = lazy_tree(app, plan_id)
    tree.check_invariants()
    found: dict[bytes, list[bytes]] = {}
    for number, folder in tree.project_folders.items():
        path = tree.path_of(folder)
        members = [action for action in tree.source.actions() if action.unit == number]
        at = tree.project_places[number].path
        shown = [tree.path_of(tree.file(action.action_id)) for action in members]
        assert shown == [path + action.source.removeprefix(at) for action in members]
        found[path] = sorted(action.source for action in members)
    return found


TABLES = [b"tables/.git/HEAD", b"tables/sizes.csv", b"tables/what.xyz"]


def test_folder_that_two_views_see_become_a_project_is_one_unit_of_the_plan(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, other = views
    put(desk.inbox / "tables" / ".git" / "HEAD", b"ref")
    put(desk.inbox / "tables" / "late", b"x")
    one.shown.meanwhile = lambda: other.follow(b"tables/.git") and None
    one.follow(b"tables", b"tables/.git")
    assert projects(one.app, plan_id) == {b"To review/projects/tables": [TABLES[0], b"tables/late", *TABLES[1:]]}
    assert edits(one.app, plan_id).count(EditKind.GATHER) == 1
    assert len(one.app.catalogue.load_plan(plan_id).units) == 1


def at_the_next_question(
    monkeypatch: pytest.MonkeyPatch, view: Beside, question: str, happens: Callable[[], object]
) -> None:
    """Something happens right before the view's next question of that name to the catalogue."""
    ask, left = getattr(view.app.catalogue, question), [happens]

    def asked(*args: object) -> object:
        while left:
            left.pop()()
        return ask(*args)

    monkeypatch.setattr(view.app.catalogue, question, asked)


def test_file_that_another_view_adds_to_a_folder_while_this_one_makes_it_a_project_is_part_of_it(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was of the plan already and not of the tree, and the view followed nothing from then on."""
    one, other = views

    def added() -> None:
        put(desk.inbox / "tables" / "late", b"x")
        (desk.inbox / "tables" / ".git").rename(desk.folder / "aside")
        other.follow(b"tables")
        (desk.folder / "aside").rename(desk.inbox / "tables" / ".git")

    put(desk.inbox / "tables" / ".git" / "HEAD", b"ref")
    one.shown.meanwhile = lambda: at_the_next_question(monkeypatch, one, "last_unit", added)
    one.follow(b"tables", b"tables/.git")
    one.follow(b"tables")
    assert projects(one.app, plan_id) == {b"To review/projects/tables": [TABLES[0], b"tables/late", *TABLES[1:]]}


def test_project_that_another_view_follows_right_before_its_members_are_asked_for_is_followed_once(
    code: Path, plan_id: str, views: tuple[Beside, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = views
    code.rename(code.with_name("ren"))
    at_once = lambda: other.follow(b"code", b"ren")  # noqa: E731
    one.shown.meanwhile = lambda: at_the_next_question(monkeypatch, one, "actions_below", at_once)
    one.follow(b"code", b"ren")
    assert edits(one.app, plan_id) == [EditKind.FOLLOW, EditKind.REFRESH, EditKind.REFRESH, EditKind.MOVE]


def test_folder_that_is_renamed_to_a_bundle_is_a_project_with_the_files_that_it_had(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    os.rename(desk.inbox / "tables", desk.inbox / "T.app")
    one.follow(b"", b"tables", b"T.app")
    assert projects(one.app, plan_id) == {b"To review/projects/T.app": [b"T.app/sizes.csv", b"T.app/what.xyz"]}


def test_sign_of_a_project_that_needs_company_finds_it_in_files_that_the_plan_has_had(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    put(desk.inbox / "tables" / "code" / "main.c", b"int main;")
    one.follow(b"tables", b"tables/code")
    assert projects(one.app, plan_id) == {}
    put(desk.inbox / "tables" / "Makefile", b"all:")
    one.follow(b"tables")
    inside = [b"tables/Makefile", b"tables/code/main.c", *TABLES[1:]]
    assert projects(one.app, plan_id) == {b"To review/projects/tables": inside}


def test_file_that_is_gone_when_its_folder_becomes_a_project_is_no_member_and_hinders_nothing(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    os.remove(desk.inbox / "tables" / "sizes.csv")
    put(desk.inbox / "tables" / ".git" / "HEAD", b"ref")
    one.follow(b"tables/.git")
    assert projects(one.app, plan_id) == {b"To review/projects/tables": [TABLES[0], TABLES[2]]}


def test_project_that_another_one_around_it_takes_in_is_part_of_that(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, other = views
    put(desk.inbox / "tables" / "lib" / "package.json", b"{}")
    one.follow(b"tables", b"tables/lib")
    assert list(projects(one.app, plan_id)) == [b"To review/projects/tables/lib"]
    put(desk.inbox / "tables" / ".git" / "HEAD", b"ref")
    other.shown.reload()
    other.follow(b"tables", b"tables/.git")
    inside = [TABLES[0], b"tables/lib/package.json", *TABLES[1:]]
    assert projects(one.app, plan_id) == {b"To review/projects/tables": inside}


def test_project_that_takes_in_another_one_loses_what_is_gone_from_that(
    code: Path, desk: Desk, plan_id: str, views: tuple[Beside, Beside], caplog: pytest.LogCaptureFixture
) -> None:
    """What was a member was asked for the folder of a project that was none any more."""
    one, _ = views
    code.rename(desk.inbox / "tables" / "code")
    one.follow(b"code", b"tables/code")
    put(desk.inbox / "tables" / ".git" / "HEAD", b"ref")
    one.follow(b"tables/.git", n_rounds=1)  # a file that is new is waited for
    os.remove(desk.inbox / "tables" / "code" / "main.c")
    one.follow(b"tables/.git", b"tables/code/main.c")
    assert caplog.messages == []
    assert projects(one.app, plan_id) == {
        b"To review/projects/tables": [TABLES[0], b"tables/code/.git/HEAD", b"tables/code/main.c", *TABLES[1:]]
    }


def test_file_of_a_project_of_later_that_becomes_a_link_is_that_link_in_there(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    put(desk.inbox / "tables" / ".git" / "HEAD", b"ref")
    one.follow(b"tables", b"tables/.git")
    os.remove(desk.inbox / "tables" / "sizes.csv")
    (desk.inbox / "tables" / "sizes.csv").symlink_to("what.xyz")
    one.follow(b"tables/sizes.csv")
    assert projects(one.app, plan_id) == {b"To review/projects/tables": TABLES}
    (action,) = one.app.catalogue.actions_at(plan_id, [Place(os.fsencode(desk.inbox), b"tables/sizes.csv")])
    assert action.entry_kind is Kind.SYMLINK


def test_root_that_becomes_a_checkout_leaves_the_plan_as_it_is(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    put(desk.inbox / ".git" / "HEAD", b"ref")
    one.follow(b"", b".git")
    assert projects(one.app, plan_id) == {}
    assert counts(one.app, plan_id)[0] > 0
