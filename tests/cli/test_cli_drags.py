"""What is dragged in a real mount is learned: similar files follow within seconds, and `stage undo` takes all of it back."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
from pathlib import Path

import pytest

from tests.adapters.trees import Tree, read_tree
from tests.cli.command_line import INVOICE, Desk
from tests.cli.live import layout, mount, settled
from tests.fuse_support import FUSE_MARKS

pytestmark = FUSE_MARKS

LETTER = b"Dear Ms Miller,\nthank you for the lovely evening number %d at the lake. The boat was fine.\nYours, Tom\n"
LETTERS: Tree = {b"note-%d.xyz" % number: LETTER % number for number in range(1, 4)}
INBOX: Tree = {b"letters": LETTERS, b"misc": {b"what.xyz": b"hm"}, b"invoice-17.txt": INVOICE}
ORGANISED = {b"Financial": {b"Documents": {b"2021": {b"invoice-17.txt": INVOICE}}}}


@pytest.fixture
def desk(bare_desk: Desk) -> Desk:
    """A desk with letters that nobody can tell, and one invoice."""
    bare_desk.set_up(INBOX)
    return bare_desk


@pytest.fixture
def plan(desk: Desk, mount_point: Path) -> str:
    """The plan of it, mounted."""
    return mount(desk, mount_point)


def unsure(folder: Path) -> object:
    return read_tree(folder / "To review" / "unsure")


def lessons(desk: Desk) -> list[tuple[str, str | None, str]]:
    """(kind, category, origin), in their order."""
    connection = sqlite3.connect(desk.state / "catalogue.db")
    rows = connection.execute("SELECT kind, category, origin FROM lessons ORDER BY number").fetchall()
    connection.close()
    return rows


def drag(desk: Desk, name: str, folder: str) -> None:
    target = desk.mount_point / folder
    target.mkdir(parents=True, exist_ok=True)
    (desk.mount_point / "To review" / "unsure" / name).rename(target / os.path.basename(name))


FILED = {**ORGANISED, b"Personal": {b"Documents": {b"2021": LETTERS}}}
WAITING = {b"letters": LETTERS, b"misc": {b"what.xyz": b"hm"}}
IS = ("is", "personal_document", "drag")


def test_files_like_a_dragged_one_follow_and_undo_takes_all_of_it_back(desk: Desk, plan: str) -> None:
    view = desk.mount_point
    assert (layout(view), unsure(view)) == (ORGANISED, WAITING)
    drag(desk, "letters/note-1.xyz", "Personal/Documents/2021")
    assert settled(lambda: layout(view), FILED) == FILED
    assert lessons(desk) == [IS]
    other = view / "Personal" / "Documents" / "2021" / "note-2.xyz"
    reason = os.getxattr(other, "user.ifmosfs.reason").decode()
    assert reason.startswith("like note-1.xyz, which you put there on ")
    found = desk.here("why", view / "Personal" / "Documents" / "2021" / "note-1.xyz", "--json").json
    assert (found["decided_by"], found["lesson"]["origin"]) == ("person", "drag")

    undone = desk.here("stage", "undo", plan, "--json")
    assert undone.status == 0
    assert settled(lambda: (layout(view), unsure(view)), (ORGANISED, WAITING)) == (ORGANISED, WAITING)
    assert lessons(desk) == [IS, ("undone", "personal_document", "undo")]
    after = desk.here("why", desk.inbox / "letters" / "note-1.xyz", "--json").json
    assert (after["decided_by"] == "person", after["lesson"]) == (False, None)

    assert desk.here("stage", "redo", plan).status == 0
    assert settled(lambda: layout(view), FILED) == FILED
    assert lessons(desk)[2:] == [IS]
    assert desk.here("commit", view, "--yes").status == 0
    assert layout(desk.target) == FILED
    assert desk.here("verify", plan).status == 0


def test_what_is_loaded_to_learn_goes_with_the_process_that_learns(desk: Desk, mount_point: Path) -> None:
    staged = desk.run("mount", desk.inbox, mount_point, "--output", desk.target, "--json").json
    drag(desk, "letters/note-1.xyz", "Personal/Documents/2021")
    assert settled(lambda: layout(mount_point), FILED) == FILED
    assert "numpy" not in Path(f"/proc/{staged['pid']}/maps").read_text()


def test_file_that_a_person_has_placed_stays_whatever_is_learned(desk: Desk, plan: str) -> None:
    view = desk.mount_point
    (view / "Mine").mkdir()
    drag(desk, "letters/note-3.xyz", "Mine")
    drag(desk, "letters/note-1.xyz", "Personal/Documents/2021")
    two = {name: content for name, content in LETTERS.items() if name != b"note-3.xyz"}
    wanted = {**ORGANISED, b"Mine": {b"note-3.xyz": LETTER % 3}, b"Personal": {b"Documents": {b"2021": two}}}
    assert settled(lambda: layout(view), wanted) == wanted
    assert lessons(desk) == [IS]
    assert desk.here("stage", "show", plan, "--json").json["planned"] == 4


def test_dragged_file_is_what_its_folder_says_in_the_view_the_plan_and_a_rollback(desk: Desk, plan: str) -> None:
    view = desk.mount_point
    (view / "Legal" / "2021").mkdir(parents=True)
    path = view / "Legal" / "2021" / "invoice-17.txt"
    (view / "Financial" / "Documents" / "2021" / "invoice-17.txt").rename(path)
    told = [os.getxattr(path, name) for name in ("user.ifmosfs.category", "user.xdg.tags", "user.ifmosfs.reason")]
    assert told == [b"legal_document", b"legal_document", b"a person said so"]
    (line,) = (view / ".ifmosfs" / "plan.jsonl").read_text().splitlines()[:1]
    assert (json.loads(line)["target"], json.loads(line)["category"]) == ("Legal/2021/invoice-17.txt", "legal_document")
    (row,) = desk.here("stage", "show", plan, "--json").json["moves"]
    assert (row["target"], row["category"]) == ("Legal/2021/invoice-17.txt", "legal_document")
    assert desk.here("commit", view, "--yes").status == 0
    refused = desk.here("rollback", "preview", "--category", "financial_document")
    assert (refused.status, "there are: legal_document" in refused.err) == (2, True)
    assert desk.here("rollback", "execute", "--category", "legal_document", "--yes").status == 0
    assert (desk.inbox / "invoice-17.txt").read_bytes() == INVOICE


@pytest.mark.parametrize("command", ["unmount", "discard"])
def test_what_was_dragged_a_moment_before_the_view_goes_away_was_said_all_the_same(
    desk: Desk, plan: str, command: str
) -> None:
    drag(desk, "misc/what.xyz", "Legal/2021")
    gone = desk.here("unmount", desk.mount_point) if command == "unmount" else desk.here("stage", "discard", plan)
    assert (gone.status, lessons(desk)) == (0, [("is", "legal_document", "drag")])
    assert desk.here("why", desk.inbox / "misc" / "what.xyz", "--json").json["category"] == "legal_document"


def test_written_category_is_learned(desk: Desk, plan: str) -> None:
    view = desk.mount_point
    path = view / "To review" / "unsure" / "letters" / "note-2.xyz"
    os.setxattr(path, "user.ifmosfs.category", b"personal_document")
    assert settled(lambda: layout(view), FILED) == FILED
    assert lessons(desk) == [("is", "personal_document", "xattr")]
    assert desk.here("stage", "show", plan, "--json").json["planned"] == 4


def test_written_none_leaves_a_file_where_it_is_and_is_learned(desk: Desk, plan: str) -> None:
    view = desk.mount_point
    path = view / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    assert path.read_bytes() == INVOICE
    os.setxattr(path, "user.ifmosfs.category", b"none")
    assert settled(path.exists, False) is False  # the kernel is told a moment later
    left_out = view / "To review" / "excluded" / "invoice-17.txt"
    assert left_out.read_bytes() == INVOICE
    wanted = [("is", None, "xattr")]
    assert settled(lambda: lessons(desk), wanted) == wanted
    found = desk.here("why", desk.inbox / "invoice-17.txt", "--json").json
    assert (found["category"], found["decided_by"]) == (None, "person")
    with pytest.raises(PermissionError):
        os.setxattr(left_out, "user.ifmosfs.category", b"none")  # it stays where it is already
    assert desk.here("stage", "undo", plan).status == 0
    assert settled(path.exists, True)
    assert lessons(desk) == [*wanted, ("undone", None, "undo")]


def test_deleted_file_is_never_filed_so_again_and_a_new_plan_knows(desk: Desk, plan: str) -> None:
    view = desk.mount_point
    (view / "Financial" / "Documents" / "2021" / "invoice-17.txt").unlink()
    wanted = [("not", "financial_document", "drag")]
    assert settled(lambda: lessons(desk), wanted) == wanted
    found = desk.here("why", desk.inbox / "invoice-17.txt", "--json").json
    assert (found["category"], found["rule"]["label"], found["decided_by"]) == (None, "financial_document", "person")
    assert desk.here("unmount", view).status == 0
    assert desk.here("stage", "list", "--json").json["plans"][0]["plan"] == plan
    later = desk.staged()
    assert desk.here("stage", "show", later, "--json").json["planned"] == 0


def test_teaching_by_the_path_in_the_view_moves_the_file_there(desk: Desk, plan: str) -> None:
    view = desk.mount_point
    taught = desk.here("teach", view / "To review" / "unsure" / "letters" / "note-1.xyz", "personal_doc", "--json")
    assert taught.json["learned"][0]["path"] == str(desk.inbox / "letters" / "note-1.xyz")
    assert settled(lambda: layout(view), FILED) == FILED
    assert desk.here("stage", "log", plan, "--json").json["steps"] == []  # nothing for `stage undo`: it was no edit


@pytest.mark.usefixtures("plan")
def test_the_commands_told_after_teaching_by_the_path_in_the_view_work_when_it_has_gone_from_there(desk: Desk) -> None:
    at = desk.mount_point / "To review" / "unsure" / "letters" / "note-1.xyz"
    told = desk.here("teach", at, "personal_doc").out.splitlines()[-1]
    why, _, forget = told.partition("See: ifmosfs ")[2].partition("    Take it back: ifmosfs ")
    assert settled(at.exists, False) is False
    seen = desk.here(*shlex.split(why), "--json")
    assert (seen.status, seen.json["path"]) == (0, str(desk.inbox / "letters" / "note-1.xyz"))
    assert desk.here(*shlex.split(forget)).status == 0
    assert [kind for kind, _, _ in lessons(desk)] == ["is", "forgotten"]
    again = desk.here("teach", desk.inbox / "letters" / "note-1.xyz", "personal_doc").out.splitlines()[-1]
    assert again == told  # of a file on the disk: as it was given


def test_drag_into_a_folder_of_no_category_says_nothing(desk: Desk, plan: str) -> None:
    drag(desk, "letters/note-1.xyz", "Stuff")
    assert settled(lambda: learnt(desk, plan), True) is True
    assert lessons(desk) == []


def test_drag_right_before_the_commit_is_learned_with_it(desk: Desk, plan: str) -> None:
    drag(desk, "misc/what.xyz", "Legal/2021")
    assert desk.here("commit", desk.mount_point, "--yes").status == 0
    assert lessons(desk) == [("is", "legal_document", "drag")]
    assert desk.here("why", desk.target / "Legal" / "2021" / "what.xyz", "--json").json["category"] == "legal_document"
    assert desk.here("verify", plan).status == 0


def test_commit_and_undo_do_what_they_are_there_for_where_nothing_can_be_learned(desk: Desk, plan: str) -> None:
    (desk.state / "layout.toml").write_text("[folders]\nnot_a_category = 'x'\n")
    drag(desk, "misc/what.xyz", "Legal/2021")
    undone = desk.here("stage", "undo", plan)
    assert (undone.status, "is not learned now: the layout cannot be used" in undone.err) == (0, True)
    assert desk.here("stage", "redo", plan).status == 0
    committed = desk.here("commit", desk.mount_point, "--yes")
    assert (committed.status, "is not learned now" in committed.err) == (0, True)
    assert (desk.target / "Legal" / "2021" / "what.xyz").exists()
    assert lessons(desk) == []


def learnt(desk: Desk, plan: str) -> bool:
    """Whether all edits were seen to."""
    connection = sqlite3.connect(desk.state / "catalogue.db")
    query = "SELECT learnt_edit = (SELECT max(seq) FROM plan_edits WHERE plan_id = p.plan_id) FROM staging_plans p"
    ((done,),) = connection.execute(f"{query} WHERE plan_id = ?", (plan,)).fetchall()
    connection.close()
    return bool(done)
