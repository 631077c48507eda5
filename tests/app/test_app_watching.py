"""What followers of the originals of one plan store: several may follow it at the same time, one in each of its views."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from ifmosfs.app import refiling, watching
from ifmosfs.app.context import App
from ifmosfs.app.refiling import refile
from ifmosfs.app.settings import load_settings
from ifmosfs.app.trees import lazy_tree
from ifmosfs.app.watching import Follower
from ifmosfs.core.files import Place
from ifmosfs.core.plan import EditKind, UnitKind
from ifmosfs.core.ports import Disk
from ifmosfs.core.proposal import Decider, Proposal
from ifmosfs.core.tree import PlanTree
from ifmosfs.platform import host
from ifmosfs.platform.watching import Touched, Watcher
from tests.adapters.faults import Answer, Delegating
from tests.cli.command_line import INVOICE, THEN_NS, Desk

T = TypeVar("T")
ANOTHER = b"Invoice No. 2024-18\nTotal amount due: 200 EUR\n"


def nothing() -> None:
    """Nothing comes to pass meanwhile."""


class ShownTree:
    """The tree of a plan, as a view has it. `meanwhile` is what others do before this one begins to store anything."""

    def __init__(self, app: App, plan_id: str) -> None:
        self._app = app
        self._plan_id = plan_id
        self.tree = lazy_tree(app, plan_id)
        self.meanwhile: Callable[[], None] = nothing

    def consult(self, ask: Callable[[PlanTree], T]) -> T:
        return ask(self.tree)

    def reload(self) -> None:
        act, self.meanwhile = self.meanwhile, nothing
        act()
        self.tree = lazy_tree(self._app, self._plan_id)

    def originals_changed(self, action_ids: Collection[int]) -> None:
        """Nobody has asked."""


class ToldBy:
    """A watcher that tells of some places at its beginning, and of nothing more for a number of rounds."""

    def __init__(self, touched: Collection[Touched], n_rounds: int) -> None:
        self._touched = set(touched)
        self._n_left = n_rounds
        self.pauses: list[float] = []

    @property
    def stopped(self) -> bool:
        return self._n_left <= 0

    def begin(self, since_ns: int) -> set[Touched]:
        return self._touched

    def wait(self, seconds: float) -> set[Touched]:
        self.pauses.append(seconds)
        self._n_left -= 1
        return set()


class Beside:
    """One of several processes that show the same plan."""

    def __init__(self, app: App, plan_id: str) -> None:
        self.app = app
        self.shown = ShownTree(app, plan_id)

    def follow(self, *paths: bytes, n_rounds: int = 4) -> list[float]:
        """Look at what was touched; returns how long was waited after each look."""
        plan = self.shown.tree.plan
        (root,) = plan.roots
        watcher = ToldBy([Touched(root.path, path) for path in paths], n_rounds)
        Follower(self.app, plan, self.shown, cast("Watcher", watcher)).run()
        return watcher.pauses


@pytest.fixture
def plan_id(desk: Desk) -> str:
    return desk.staged()


@pytest.fixture
def views(desk: Desk, plan_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Beside, Beside]]:
    """Two processes, for which a file is whole when it is as it was a moment ago."""
    monkeypatch.setattr(watching, "QUIET_S", 0.0)
    with ExitStack() as stack:
        apps = [stack.enter_context(App(load_settings(desk.environment))) for _ in range(2)]
        yield Beside(apps[0], plan_id), Beside(apps[1], plan_id)


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(THEN_NS, THEN_NS))


def sources(app: App, plan_id: str) -> list[bytes]:
    """Of which file each action of the plan is."""
    return sorted(action.source for action in app.catalogue.load_plan(plan_id).actions)


def edits(app: App, plan_id: str) -> list[EditKind]:
    return [edit.kind for edit in app.catalogue.edit_log(plan_id)]


def counts(app: App, plan_id: str) -> Sequence[int]:
    info = app.catalogue.find_plan(plan_id)
    return info.n_moves, info.n_kept


KNOWN = [b"invoice-17.txt", b"run.sh", b"tables/sizes.csv", b"tables/what.xyz"]


def test_file_that_two_views_see_appear_at_once_is_one_file_of_the_plan(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, other = views
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    one.shown.meanwhile = lambda: other.follow(b"invoice-18.txt") and None
    one.follow(b"invoice-18.txt")
    assert sources(one.app, plan_id) == [b"invoice-17.txt", b"invoice-18.txt", *KNOWN[1:]]
    assert (edits(one.app, plan_id), counts(one.app, plan_id)) == ([EditKind.ADD], (4, 1))


def test_file_that_appears_beside_one_that_another_view_has_added_is_added_at_once(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, other = views
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    put(desk.inbox / "invoice-19.txt", ANOTHER + b"19")
    one.shown.meanwhile = lambda: other.follow(b"invoice-18.txt") and None
    one.follow(b"invoice-18.txt", b"invoice-19.txt", n_rounds=2)
    assert sources(one.app, plan_id) == [b"invoice-17.txt", b"invoice-18.txt", b"invoice-19.txt", *KNOWN[1:]]


def test_change_rename_and_loss_that_two_views_see_at_once_are_each_stored_once(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, other = views
    (desk.inbox / "run.sh").write_bytes(b"#!/bin/sh\necho hello, all\n")
    (desk.inbox / "invoice-17.txt").rename(desk.inbox / "invoice-of-march.txt")
    (desk.inbox / "tables" / "what.xyz").unlink()
    touched = (b"run.sh", b"invoice-17.txt", b"invoice-of-march.txt", b"tables/what.xyz")
    stored: list[object] = []

    def meanwhile() -> None:
        other.follow(*touched)
        stored.extend((edits(one.app, plan_id), one.app.catalogue.load_plan(plan_id).actions))

    one.shown.meanwhile = meanwhile
    one.follow(*touched)
    assert [edits(one.app, plan_id), one.app.catalogue.load_plan(plan_id).actions] == stored
    assert sources(one.app, plan_id) == [b"invoice-of-march.txt", *KNOWN[1:]]


@pytest.fixture
def code(desk: Desk) -> Path:
    """A checkout in the inbox, which is there before the plan is made."""
    put(desk.inbox / "code" / ".git" / "HEAD", b"ref")
    put(desk.inbox / "code" / "main.c", b"int main;")
    return desk.inbox / "code"


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


def test_what_changed_again_while_another_view_stored_the_first_change_is_looked_at_again(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, other = views
    script = desk.inbox / "run.sh"
    script.write_bytes(b"#!/bin/sh\necho 2\n")

    def meanwhile() -> None:
        other.follow(b"run.sh")
        script.write_bytes(b"#!/bin/sh\necho three\n")

    one.shown.meanwhile = meanwhile
    one.follow(b"run.sh", n_rounds=6)
    (action,) = one.app.catalogue.actions_at(plan_id, [Place(os.fsencode(desk.inbox), b"run.sh")])
    assert action.expected.size_bytes == len(b"#!/bin/sh\necho three\n")
    assert edits(one.app, plan_id) == [EditKind.REFRESH, EditKind.REFRESH]


def test_link_that_has_the_old_name_of_a_renamed_file_is_taken_in_with_it(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    (desk.inbox / "run.sh").rename(desk.inbox / "go.sh")
    (desk.inbox / "run.sh").symlink_to("go.sh")
    one.follow(b"run.sh", b"go.sh", n_rounds=2)
    assert sources(one.app, plan_id) == sorted([b"go.sh", *KNOWN])


class Exhausted(Delegating):
    """For some calls of one kind no descriptor is left."""

    def __init__(self, disk: Disk, call: str, code: int) -> None:
        super().__init__(disk)
        self._call = call
        self._code = code
        self.n_refused = 0

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        if call == self._call and self.n_refused < 2:
            self.n_refused += 1
            raise OSError(self._code, os.strerror(self._code), places[0].absolute)
        return go()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
@pytest.mark.parametrize("call", ["filesystem", "lstat", "open_read"])
def test_file_that_cannot_be_looked_at_for_want_of_descriptors_is_taken_in_later(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside], call: str, code: int
) -> None:
    one, _ = views
    exhausted = Exhausted(one.app.disk, call, code)
    vars(one.app)["disk"] = exhausted
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    (desk.inbox / "tables" / "what.xyz").unlink()
    pauses = one.follow(b"invoice-18.txt", b"tables/what.xyz", n_rounds=6)
    vars(one.app)["disk"] = exhausted.disk
    assert (exhausted.n_refused, sources(one.app, plan_id)) == (2, sorted([*KNOWN, b"invoice-18.txt"]))
    assert max(pauses[:2]) <= watching.TRY_AGAIN_S
    assert edits(one.app, plan_id) == [EditKind.ADD]


def test_nothing_is_taken_in_before_there_are_descriptors_for_all_of_it(
    desk: Desk,
    plan_id: str,
    views: tuple[Beside, Beside],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, _ = views
    left = iter([3.0, 15.0])
    monkeypatch.setattr(host, "descriptors_left", lambda: next(left, 100.0))
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    pauses = one.follow(b"invoice-18.txt", n_rounds=4)
    assert pauses[:2] == [watching.TRY_AGAIN_S] * 2
    assert sources(one.app, plan_id) == sorted([*KNOWN, b"invoice-18.txt"])
    assert [record.message.count("Too many open files") for record in caplog.records] == [1]  # told once


def test_file_that_two_commands_judge_anew_at_once_is_filed_elsewhere_once(
    plan_id: str, views: tuple[Beside, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = views
    plan = one.app.catalogue.load_plan(plan_id)
    place = Place(plan.roots[0].path, b"run.sh")
    ((file, _),) = one.app.catalogue.classified_at(plan.session_id, place.root, [place.path])
    said = Proposal("dataset", 0.99, "a person says so", decided_by=Decider.PERSON)
    one.app.catalogue.save_proposals("rules", [(file.file_id, said)])
    n_refiled: list[int] = []
    is_placed_anew = refiling.is_placed_anew

    def meanwhile(*told: Any) -> bool:
        monkeypatch.setattr(refiling, "is_placed_anew", is_placed_anew)
        n_refiled.append(refile(other.app, plan.session_id, [place], every=True))
        return is_placed_anew(*told)

    monkeypatch.setattr(refiling, "is_placed_anew", meanwhile)
    n_refiled.append(refile(one.app, plan.session_id, [place], every=True))
    assert n_refiled == [1, 0]
    assert edits(one.app, plan_id) == [EditKind.REFRESH, EditKind.MOVE]


def linked(desk: Desk, view: Beside) -> Beside:
    """The same view of another plan, which has another name of the invoice, in a folder of its own, for one unit with it."""
    (desk.inbox / "mine").mkdir()
    os.link(desk.inbox / "invoice-17.txt", desk.inbox / "mine" / "copy-17.txt")
    return Beside(view.app, desk.staged())


def expected(view: Beside, *paths: bytes) -> list[bool]:
    """Whether the plan knows the files as they are."""
    plan = view.app.catalogue.load_plan(view.shown.tree.plan.plan_id)
    known = {action.source: action for action in plan.actions}
    found = [view.app.disk.lstat(known[path].source_place).fingerprint for path in paths]
    return [known[path].expected.same_file(now) for path, now in zip(paths, found, strict=True)]


BOTH = (b"invoice-17.txt", b"mine/copy-17.txt")


@pytest.mark.parametrize("told", BOTH)
def test_change_that_is_told_of_one_name_of_an_original_is_taken_in_for_all_its_names(
    desk: Desk, views: tuple[Beside, Beside], told: bytes
) -> None:
    view = linked(desk, views[0])
    put(desk.inbox / os.fsdecode(told), ANOTHER * 2)
    assert expected(view, *BOTH) == [False, False]
    view.follow(told)
    assert expected(view, *BOTH) == [True, True]
    assert edits(view.app, view.shown.tree.plan.plan_id) == [EditKind.REFRESH] * 2


def test_name_that_is_another_files_by_now_does_not_take_in_a_change_of_the_one_that_it_was_of(
    desk: Desk, views: tuple[Beside, Beside]
) -> None:
    view = linked(desk, views[0])
    put(desk.inbox / "new", INVOICE)
    (desk.inbox / "new").rename(desk.inbox / "mine" / "copy-17.txt")
    put(desk.inbox / "invoice-17.txt", ANOTHER * 2)
    view.follow(b"invoice-17.txt")
    assert expected(view, *BOTH) == [True, False]  # the other one says so itself
    view.follow(b"mine/copy-17.txt")
    assert expected(view, *BOTH) == [True, True]


def test_names_of_a_file_that_is_being_written_are_taken_in_together_when_it_is_whole(
    desk: Desk, views: tuple[Beside, Beside]
) -> None:
    view = linked(desk, views[0])
    with (desk.inbox / "invoice-17.txt").open("ab") as writing:
        writing.write(b"Thank you\n")
        writing.flush()
        view.follow(b"mine/copy-17.txt")
        assert expected(view, *BOTH) == [False, False]
    view.follow(b"mine/copy-17.txt")
    assert expected(view, *BOTH) == [True, True]


def inodes(view: Beside) -> dict[bytes, int]:
    """The numbers that the view has for the files of the plan, by their sources."""
    tree = view.shown.tree
    return {action.source: tree.file(action.action_id).number for action in tree.source.actions()}


def test_name_that_appears_of_a_file_of_the_plan_is_one_unit_and_one_inode_with_it(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    view = views[0]
    known = inodes(view)
    (desk.inbox / "mine").mkdir()
    os.link(desk.inbox / "tables" / "sizes.csv", desk.inbox / "mine" / "copy.csv")
    view.follow(b"mine")
    assert inodes(view) == {**known, b"mine/copy.csv": known[b"tables/sizes.csv"]}
    plan = view.app.catalogue.load_plan(plan_id)
    assert [(unit.number, unit.kind) for unit in plan.units] == [(1, UnitKind.LINKS)]
    assert {action.source for action in plan.actions if action.unit == 1} == {b"mine/copy.csv", b"tables/sizes.csv"}
    (desk.inbox / "again").mkdir()
    os.link(desk.inbox / "tables" / "sizes.csv", desk.inbox / "again" / "sizes.csv")
    view.follow(b"again")
    several = (b"mine/copy.csv", b"tables/sizes.csv", b"again/sizes.csv")
    assert len({inodes(view)[name] for name in several}) == 1
    assert len(view.app.catalogue.load_plan(plan_id).units) == 1
    put(desk.inbox / "mine" / "copy.csv", b"size,price\n9,9\n")
    view.follow(b"mine/copy.csv")
    assert expected(view, *several) == [True, True, True]


def test_name_that_appears_together_with_a_change_of_its_file_is_one_unit_with_it(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    view = views[0]
    (desk.inbox / "mine").mkdir()
    os.link(desk.inbox / "tables" / "sizes.csv", desk.inbox / "mine" / "copy.csv")
    put(desk.inbox / "mine" / "copy.csv", b"size,price\n9,9\n")
    view.follow(b"mine")
    assert expected(view, b"mine/copy.csv", b"tables/sizes.csv") == [True, True]
    assert inodes(view)[b"mine/copy.csv"] == inodes(view)[b"tables/sizes.csv"]


def test_name_that_appears_and_is_called_as_its_file_is_shown_beside_it_and_is_no_duplicate(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    view = views[0]
    (desk.inbox / "mine").mkdir()
    os.link(desk.inbox / "tables" / "sizes.csv", desk.inbox / "mine" / "sizes.csv")
    view.follow(b"mine")
    tree = view.shown.tree
    shown = {action.source: tree.path_of(tree.file(action.action_id)) for action in tree.source.actions()}
    assert shown[b"tables/sizes.csv"] == b"Data/Datasets/sizes.csv"
    assert shown[b"mine/sizes.csv"] == b"Data/Datasets/sizes (2).csv"


def test_names_of_one_new_file_are_one_inode_until_another_file_takes_one_of_them(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    view = views[0]
    put(desk.inbox / "mine" / "a.csv", b"size,price\n9,9\n")
    (desk.inbox / "yours").mkdir()
    os.link(desk.inbox / "mine" / "a.csv", desk.inbox / "yours" / "b.csv")
    view.follow(b"mine", b"yours")
    known = inodes(view)
    assert known[b"mine/a.csv"] == known[b"yours/b.csv"]
    put(desk.inbox / "new", b"size,price\n8,8\n8,8\n")
    (desk.inbox / "new").rename(desk.inbox / "mine" / "a.csv")
    view.follow(b"mine/a.csv")
    assert expected(view, b"mine/a.csv", b"yours/b.csv") == [True, True]
    assert len({*inodes(view).values()}) == len(known)


# Folders that become projects


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


def test_fault_of_the_program_is_told_in_the_log_and_does_not_end_the_following(
    desk: Desk,
    plan_id: str,
    views: tuple[Beside, Beside],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, _ = views
    put(desk.inbox / "new.csv", b"a,b\n1,2\n3,4\n")
    with monkeypatch.context() as patched:
        patched.setattr(one.app.catalogue, "find_plan", lambda plan_id: {}[plan_id])
        one.follow(b"")
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    one.follow(b"")
    assert b"new.csv" in sources(one.app, plan_id)


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


def test_root_that_becomes_a_checkout_leaves_the_plan_as_it_is(
    desk: Desk, plan_id: str, views: tuple[Beside, Beside]
) -> None:
    one, _ = views
    put(desk.inbox / ".git" / "HEAD", b"ref")
    one.follow(b"", b".git")
    assert projects(one.app, plan_id) == {}
    assert counts(one.app, plan_id)[0] > 0
