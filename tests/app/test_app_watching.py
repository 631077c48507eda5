"""What followers of the originals of one plan store: several may follow it at the same time, one in each of its views."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from ifmosfs.app import refiling, watching
from ifmosfs.app.refiling import refile
from ifmosfs.core.files import Place
from ifmosfs.core.plan import EditKind, UnitKind
from ifmosfs.core.ports import Disk
from ifmosfs.core.proposal import Decider, Proposal
from ifmosfs.platform import host
from tests.adapters.faults import Answer, Delegating
from tests.app.followers import Beside, counts, edits, put, sources
from tests.cli.command_line import INVOICE, Desk

ANOTHER = b"Invoice No. 2024-18\nTotal amount due: 200 EUR\n"
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
    desk: Desk, views: tuple[Beside, Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_AGAIN_S", 0.0)
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
