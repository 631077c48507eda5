"""A mounted plan follows its originals: what happens in the inbox is seen in a real mount, and committed as it is shown."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from ifmosfs.core.plan import UnitKind
from ifmosfs.store.catalogue import open_catalogue
from tests.adapters.trees import read_tree
from tests.cli.command_line import INVOICE, LEFT, ORGANISED, SCRIPT, TABLE, THEN_NS, Desk, make_inbox
from tests.cli.live import SECONDS, attribute, layout, mount, put, settled
from tests.fuse_support import FUSE_MARKS
from tests.proof.images import image, mounted, run_or_skip

pytestmark = FUSE_MARKS

ANOTHER = b"Invoice No. 2024-18\nTotal amount due: 200 EUR\n"


def with_invoice(name: bytes, content: bytes = ANOTHER) -> dict[bytes, object]:
    documents = {b"2021": {b"invoice-17.txt": INVOICE, name: content}}
    return {**ORGANISED, b"Financial": {b"Documents": documents}}


def test_file_that_appears_is_planned_shown_and_committed(desk: Desk, mount_point: Path) -> None:
    plan = mount(desk, mount_point)
    put(desk.inbox / "new folder" / "invoice-18.txt", ANOTHER)
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")
    new = mount_point / "Financial" / "Documents" / "2021" / "invoice-18.txt"
    assert attribute(new, "source") == str(desk.inbox / "new folder" / "invoice-18.txt")
    assert desk.here("stage", "show", plan, "--json").json["planned"] == 4
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert layout(desk.target) == with_invoice(b"invoice-18.txt")
    assert desk.here("verify", plan).status == 0
    assert desk.here("rollback", plan, "--yes").status == 0
    assert read_tree(desk.inbox) == {
        b"invoice-17.txt": INVOICE,
        b"run.sh": SCRIPT,
        b"tables": {b"sizes.csv": TABLE, b"what.xyz": b"hm"},
        b"new folder": {b"invoice-18.txt": ANOTHER},
    }


def photo(content: bytes = b"x" * 3000) -> bytes:
    """The beginning of a camera's picture."""
    return b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00" + content


def units(desk: Desk, plan_id: str) -> tuple[list[tuple[int, UnitKind]], dict[bytes, int]]:
    """The plan's units, and of which one each of its photos and sidecars is."""
    with open_catalogue(desk.state) as catalogue:
        plan = catalogue.load_plan(plan_id)
    members = {one.source: one.unit for one in plan.actions if one.source.endswith((b".jpg", b".xmp"))}
    return [(unit.number, unit.kind) for unit in plan.units], members


def test_files_that_appear_and_belong_together_are_one_unit_of_the_plan(desk: Desk, mount_point: Path) -> None:
    plan = mount(desk, mount_point)
    staged = desk.inbox / "staged"
    for number in (1, 2):
        put(staged / f"IMG_20240101_12000{number}.jpg", photo())
        put(staged / f"IMG_20240101_12000{number}.xmp", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    wanted = (
        [(1, UnitKind.SIDECARS), (2, UnitKind.SIDECARS)],
        {b"staged/IMG_20240101_12000%d.%b" % (n, kind): n for n in (1, 2) for kind in (b"jpg", b"xmp")},
    )
    assert settled(lambda: units(desk, plan), wanted) == wanted
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert desk.here("verify", plan).status == 0


def test_sidecar_that_appears_beside_a_photo_of_the_plan_becomes_one_unit_with_it(
    desk: Desk, mount_point: Path
) -> None:
    put(desk.inbox / "IMG_20240101_120001.jpg", photo())
    put(desk.inbox / "IMG_20240101_120002.jpg", photo(b"y" * 3000))
    put(desk.inbox / "IMG_20240101_120002.xmp", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    plan = mount(desk, mount_point)
    put(desk.inbox / "IMG_20240101_120001.xmp", b"<x:xmpmeta xmlns:x='adobe:ns:meta/' a='1'/>")
    put(desk.inbox / "IMG_20240101_120002.jpg.xmp", b"<x:xmpmeta xmlns:x='adobe:ns:meta/' a='2'/>")
    names = {1: (b"01.jpg", b"01.xmp"), 0: (b"02.jpg", b"02.xmp", b"02.jpg.xmp")}
    first, second = units(desk, plan)[0][0][0], units(desk, plan)[0][0][0] + 1
    wanted = (
        [(first, UnitKind.SIDECARS), (second, UnitKind.SIDECARS)],
        {b"IMG_20240101_1200" + name: (second, first)[n == 0] for n, some in names.items() for name in some},
    )
    assert settled(lambda: units(desk, plan), wanted) == wanted
    folders = {path.parent for path in mount_point.rglob("IMG_*")}
    assert len(folders) == 1


def test_file_that_appears_under_a_name_that_is_taken_gets_a_number_and_stays_where_it_is_the_same(
    desk: Desk, mount_point: Path
) -> None:
    mount(desk, mount_point)
    put(desk.inbox / "copy" / "run.sh", SCRIPT)
    put(desk.inbox / "tables" / "run.sh", b"#!/bin/sh\necho another\n")
    code = {b"run.sh": SCRIPT, b"run (2).sh": b"#!/bin/sh\necho another\n"}
    wanted = {**ORGANISED, b"Development": {b"Source code": code}}
    assert settled(lambda: layout(mount_point), wanted) == wanted
    assert settled((mount_point / "To review" / "duplicates" / "copy" / "run.sh").exists, True)


def test_file_that_nobody_is_sure_about_appears_among_what_stays(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    put(desk.inbox / "tables" / "who.xyz", b"hm?")
    wanted = {b"unsure": {b"tables": {b"what.xyz": b"hm", b"who.xyz": b"hm?"}}}

    def reviewed() -> object:
        return {name: below for name, below in read_tree(mount_point / "To review").items() if below}

    assert settled(reviewed, wanted) == wanted


def test_file_that_is_renamed_is_shown_under_its_new_name_and_moves(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    (desk.inbox / "invoice-17.txt").rename(desk.inbox / "invoice-71.txt")
    (desk.inbox / "tables").rename(desk.inbox / "lists")
    wanted = {**ORGANISED, b"Financial": {b"Documents": {b"2021": {b"invoice-71.txt": INVOICE}}}}
    assert settled(lambda: layout(mount_point), wanted) == wanted
    stays = mount_point / "To review" / "unsure" / "lists" / "what.xyz"
    assert settled(stays.exists, True)
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert layout(desk.target) == wanted
    assert read_tree(desk.inbox) == {b"lists": {b"what.xyz": b"hm"}}


def test_file_and_folder_that_were_moved_and_have_left_links_behind_are_followed(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    inbox = desk.inbox
    (inbox / "invoice-17.txt").rename(inbox / "invoice-71.txt")
    (inbox / "invoice-17.txt").symlink_to("invoice-71.txt")
    (inbox / "tables").rename(inbox / "lists")
    (inbox / "tables").symlink_to("lists")
    wanted = {**ORGANISED, b"Financial": {b"Documents": {b"2021": {b"invoice-71.txt": INVOICE}}}}
    assert settled(lambda: layout(mount_point), wanted) == wanted
    links, table = mount_point / "To review" / "links", mount_point / "Data" / "Datasets" / "sizes.csv"
    assert settled(lambda: sorted(os.listdir(links)), ["invoice-17.txt", "tables"]) == ["invoice-17.txt", "tables"]
    assert settled(lambda: attribute(table, "source"), str(inbox / "lists/sizes.csv")) == str(inbox / "lists/sizes.csv")
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert layout(desk.target) == wanted


def test_file_that_is_saved_anew_is_shown_and_moves_as_it_is_now(desk: Desk, mount_point: Path) -> None:
    plan = mount(desk, mount_point)
    new = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    number = new.stat().st_ino
    put(desk.inbox / "saving.tmp", ANOTHER * 100)
    (desk.inbox / "saving.tmp").replace(desk.inbox / "invoice-17.txt")
    put(desk.inbox / "run.sh", SCRIPT * 2)
    code = mount_point / "Development" / "Source code" / "run.sh"

    def now() -> object:
        return attribute(new, "status"), attribute(code, "status"), new.read_bytes(), code.read_bytes()

    wanted = ("planned", "planned", ANOTHER * 100, SCRIPT * 2)
    assert settled(now, wanted) == wanted
    assert new.stat().st_ino == number
    assert desk.here("stage", "show", plan, "--json").json["planned"] == 3
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert (desk.target / "Financial" / "Documents" / "2021" / "invoice-17.txt").read_bytes() == ANOTHER * 100


def test_file_that_vanishes_keeps_its_place_and_is_marked(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    (desk.inbox / "invoice-17.txt").unlink()
    gone = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    assert settled(lambda: attribute(gone, "status"), "missing") == "missing"
    with pytest.raises(FileNotFoundError):
        gone.read_bytes()


def by_a_link(original: Path) -> None:
    original.unlink()
    original.symlink_to(original.parent.parent / "secret")


def by_a_pipe(original: Path) -> None:
    original.unlink()
    os.mkfifo(original)


def by_a_socket(original: Path) -> None:
    original.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(original))


def by_a_folder(original: Path) -> None:
    original.unlink()
    put(original / "inside.txt", b"hm")


@pytest.mark.parametrize("replaced", [by_a_link, by_a_pipe, by_a_socket, by_a_folder], ids=lambda each: each.__name__)
def test_file_that_is_replaced_by_something_else_stays_a_file_is_marked_and_is_not_moved(
    desk: Desk, mount_point: Path, replaced: Callable[[Path], None]
) -> None:
    """A link in its place was shown as one that could not be read, and moved as if it were the file."""
    (desk.folder / "secret").write_bytes(b"very secret")
    mount(desk, mount_point)
    shown = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    before = shown.stat()
    replaced(desk.inbox / "invoice-17.txt")
    put(desk.inbox / "invoice-18.txt", ANOTHER)  # shown once all that happened before was looked at
    assert settled(shown.with_name("invoice-18.txt").exists, True)
    now = shown.lstat()
    assert (now.st_mode, now.st_ino, now.st_size) == (before.st_mode, before.st_ino, before.st_size)
    assert attribute(shown, "status") == "changed"
    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        shown.read_bytes()
    assert desk.here("commit", mount_point, "--yes").status == 3
    assert sorted(os.listdir(desk.target / "Financial" / "Documents" / "2021")) == ["invoice-18.txt"]


def test_link_in_place_of_a_file_is_not_taken_for_it_when_the_folder_is_scanned_and_classified_again(
    desk: Desk, mount_point: Path
) -> None:
    mount(desk, mount_point, "--no-watch")
    shown = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    by_a_link(desk.inbox / "invoice-17.txt")
    assert (desk.here("scan", desk.inbox).status, desk.here("classify").status) == (0, 0)
    assert (shown.is_symlink(), attribute(shown, "status")) == (False, "changed")


def test_link_that_is_replaced_by_a_file_shows_none_of_its_bytes(desk: Desk, mount_point: Path) -> None:
    desk.inbox.joinpath("way").symlink_to("run.sh")
    mount(desk, mount_point)
    shown = mount_point / "To review" / "links" / "way"
    assert os.readlink(shown) == str(desk.inbox / "run.sh")
    desk.inbox.joinpath("way").unlink()
    put(desk.inbox / "way", SCRIPT)
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    new = mount_point / "Financial" / "Documents" / "2021" / "invoice-18.txt"
    assert settled(new.exists, True)
    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        os.readlink(shown)
    assert shown.is_symlink()


def shown_names(folder: Path) -> list[str]:
    """Everything that a mount shows, but for what the program tells of it."""
    paths = (str(path.relative_to(folder)) for path in folder.rglob("*"))
    return sorted(path for path in paths if not path.startswith(".ifmosfs"))


@contextmanager
def at_another_place(inbox: Path, secret: Path) -> Iterator[None]:
    """A link to another folder takes the inbox's name."""
    inbox.rename(inbox.with_name("away"))
    inbox.symlink_to(secret)
    yield
    inbox.unlink()
    inbox.with_name("away").rename(inbox)


def at_its_own_new_place(inbox: Path, secret: Path) -> AbstractContextManager[None]:
    del secret
    return at_another_place(inbox, inbox.with_name("away"))


@contextmanager
def under_another_disk(inbox: Path, secret: Path) -> Iterator[None]:
    """Another disk is mounted on the inbox, with another folder's files."""
    with mounted(inbox, "tmpfs", "mode=755"):
        shutil.copytree(secret, inbox, dirs_exist_ok=True)
        yield


@pytest.mark.parametrize(
    ("swap", "number"),
    [
        (at_another_place, errno.ELOOP),
        pytest.param(at_its_own_new_place, errno.ELOOP, marks=pytest.mark.slow),
        pytest.param(under_another_disk, errno.ESTALE, marks=pytest.mark.slow),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_of_another_folder_in_place_of_the_inbox_nothing_is_shown_and_nothing_taken_in(
    desk: Desk, mount_point: Path, swap: Callable[[Path, Path], AbstractContextManager[None]], number: int
) -> None:
    """The plan was amended with the other folder's files seconds later, and showed their bytes under the names of the planned ones."""
    secret = desk.folder / "secret"
    for name in ("invoice-17.txt", "invoice-19.txt", "run.sh"):
        put(secret / name, b"Invoice, very secret\nTotal amount due: 999 EUR\n")
    plan = mount(desk, mount_point)
    shown = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
    before = shown_names(mount_point)
    with swap(desk.inbox, secret):
        end = time.monotonic() + 5  # for as long as it takes to find, to wait for and to plan a file, and longer
        while time.monotonic() < end:
            assert attribute(shown, "status") in {"missing", "changed"}
            with pytest.raises(OSError, match=os.strerror(number)):
                shown.read_bytes()
            assert shown_names(mount_point) == before
            time.sleep(0.2)
        assert desk.here("stage", "show", plan, "--json").json["planned"] == 3
    assert settled(lambda: (attribute(shown, "status"), shown.read_bytes()), ("planned", INVOICE)) == (
        "planned",
        INVOICE,
    )
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")


def test_inbox_that_is_removed_and_made_anew_is_followed_again(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    shutil.rmtree(desk.inbox)
    shown = mount_point / "Development" / "Source code" / "run.sh"
    assert settled(lambda: attribute(shown, "status"), "missing") == "missing"
    time.sleep(3)
    put(desk.inbox / "deep" / "invoice-18.txt", ANOTHER)
    new = mount_point / "Financial" / "Documents" / "2021" / "invoice-18.txt"
    assert settled(new.exists, True)
    assert (new.read_bytes(), attribute(shown, "status")) == (ANOTHER, "missing")
    put(desk.inbox / "deep" / "invoice-19.txt", ANOTHER * 2)
    assert settled(new.with_name("invoice-19.txt").exists, True)


def test_inbox_whose_disk_was_unmounted_and_mounted_again_is_followed_again(
    bare_desk: Desk, mount_point: Path, tmp_path: Path
) -> None:
    """While it is away its mount point, an empty folder of another disk, is not taken for it."""
    with image(tmp_path, "ext4") as disk:
        make_inbox(disk.point)
        made = bare_desk.run("mount", disk.point, mount_point, "--output", bare_desk.target, "--json")
        assert made.status == 0, made
        shown = mount_point / "Financial" / "Documents" / "2021" / "invoice-17.txt"
        before = layout(mount_point)
        run_or_skip("umount", "-l", disk.point)
        put(disk.point / "stranger.csv", TABLE)
        assert settled(lambda: attribute(shown, "status"), "missing") == "missing"
        time.sleep(4)
        assert not list(mount_point.rglob("stranger.csv"))
        (disk.point / "stranger.csv").unlink()
        disk.mount()
        assert settled(lambda: layout(mount_point), before) == before
        put(disk.point / "invoice-18.txt", ANOTHER)
        assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")


def test_inbox_that_was_named_by_a_link_is_followed_where_it_led(desk: Desk, mount_point: Path) -> None:
    link = desk.folder / "link"
    link.symlink_to(desk.inbox)
    assert desk.run("mount", link, mount_point, "--output", desk.target).status == 0
    assert layout(mount_point) == ORGANISED
    put(link / "invoice-18.txt", ANOTHER)
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")


WRITER = """
import sys, time
with open(sys.argv[1], "wb") as file:
    for line in range(15):
        file.write(b"Invoice No. 2024-18, part of it\\n")
        file.flush()
        time.sleep(0.2)
    print("pause", flush=True)
    time.sleep(3)
    file.write(b"Total amount due: 200 EUR\\n")
print("done", flush=True)
"""


def test_file_that_is_being_written_is_waited_for(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    path = desk.inbox / "invoice-18.txt"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"pause\n"
        time.sleep(2.5)  # quiet for longer than it takes, but still open
        assert layout(mount_point) == ORGANISED
        assert writer.stdout.readline() == b"done\n"
    os.utime(path, ns=(THEN_NS, THEN_NS))
    wanted = with_invoice(b"invoice-18.txt", path.read_bytes())
    assert settled(lambda: layout(mount_point), wanted) == wanted


def test_download_is_shown_as_such_and_gets_its_place_when_it_has_ended(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point)
    put(desk.inbox / "invoice-18.txt.crdownload", ANOTHER[:20])
    busy = mount_point / "To review" / "being written" / "invoice-18.txt.crdownload"
    assert settled(busy.exists, True)
    put(desk.inbox / "invoice-18.txt.crdownload", ANOTHER)
    (desk.inbox / "invoice-18.txt.crdownload").rename(desk.inbox / "invoice-18.txt")
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")
    assert not busy.exists()


def test_folders_that_tell_of_nothing_are_polled(desk: Desk, mount_point: Path) -> None:
    desk.state.mkdir()
    (desk.state / "config.toml").write_text("[watch]\npoll_seconds = 0.3\npoll_only = true\n")
    mount(desk, mount_point)
    time.sleep(1)
    put(desk.inbox / "more" / "invoice-18.txt", ANOTHER)
    (desk.inbox / "run.sh").rename(desk.inbox / "walk.sh")
    code = {b"Development": {b"Source code": {b"walk.sh": SCRIPT}}}
    wanted = {**with_invoice(b"invoice-18.txt"), **code}
    assert settled(lambda: layout(mount_point), wanted) == wanted


def test_nothing_is_followed_with_no_watch(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point, "--no-watch")
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    time.sleep(4)
    assert layout(mount_point) == ORGANISED


def test_what_is_excluded_does_not_appear(desk: Desk, mount_point: Path) -> None:
    mount(desk, mount_point, "--exclude", "*.part", "--exclude", "private")
    put(desk.inbox / "private" / "invoice-19.txt", ANOTHER)
    put(desk.inbox / "invoice-18.part", ANOTHER)
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")


def test_what_the_scan_left_out_does_not_appear_in_a_later_mount(desk: Desk, mount_point: Path) -> None:
    assert desk.here("scan", desk.inbox, "--exclude", "*.part", "--exclude", "private").status == 0
    plan = desk.here("stage", "create", "--output", desk.target, "--json").json["plan"]
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    put(desk.inbox / "private" / "invoice-19.txt", ANOTHER)
    put(desk.inbox / "invoice-18.part", ANOTHER)
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")


def test_what_appears_goes_together_with_edits_from_the_mount_and_the_command_line(
    desk: Desk, mount_point: Path
) -> None:
    """An undo of what a person did before takes nothing of what has appeared since."""
    plan = mount(desk, mount_point)
    (mount_point / "Financial").rename(mount_point / "Money")
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    appeared = {b"Documents": {b"2021": {b"invoice-18.txt": ANOTHER}}}
    moved = {b"Documents": {b"2021": {b"invoice-17.txt": INVOICE}}}
    rest = {name: below for name, below in ORGANISED.items() if name != b"Financial"}
    wanted = {**rest, b"Money": moved, b"Financial": appeared}
    assert settled(lambda: layout(mount_point), wanted) == wanted
    assert desk.here("stage", "undo", plan).status == 0
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")
    assert desk.here("stage", "redo", plan).status == 0
    assert settled(lambda: layout(mount_point), wanted) == wanted
    assert desk.here("unmount", mount_point, "--keep").status == 0
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    assert layout(mount_point) == wanted


def n_edits_by_step(desk: Desk, plan: str) -> list[int]:
    """How many edits each step has, the oldest first."""
    return [len(step["edits"]) for step in desk.here("stage", "log", plan, "--json").json["steps"]]


def test_file_that_appears_while_a_program_goes_on_does_not_end_its_step(desk: Desk, mount_point: Path) -> None:
    plan = mount(desk, mount_point)
    put(desk.inbox / "invoice-18.txt", ANOTHER)
    n_made, deadline = 0, time.monotonic() + SECONDS
    while "invoice-18.txt" not in os.listdir(mount_point / "Financial" / "Documents" / "2021") or not n_made:
        assert time.monotonic() < deadline
        (mount_point / f"folder {n_made}").mkdir()
        n_made += 1
        time.sleep(0.2)
    (mount_point / "last folder").mkdir()
    assert n_edits_by_step(desk, plan) == [n_made + 1]
    assert desk.here("stage", "undo", plan).status == 0
    assert settled(lambda: layout(mount_point), with_invoice(b"invoice-18.txt")) == with_invoice(b"invoice-18.txt")


def test_each_of_two_programs_at_once_makes_one_step(desk: Desk, mount_point: Path) -> None:
    plan = mount(desk, mount_point)
    for folder in ("A", "B", "Logs"):
        (mount_point / folder).mkdir()
    for number in range(40):
        (mount_point / "A" / f"{number}").mkdir()
        (mount_point / "B" / f"{number}").mkdir()
    subprocess.run(["sh", "-c", "rm -r A & mv B/* Logs/ & wait"], cwd=mount_point, check=True)
    assert n_edits_by_step(desk, plan)[0] == 83
    assert sorted(n_edits_by_step(desk, plan)[1:]) == [40, 41]
    assert desk.here("stage", "undo", plan, "--steps", "3").status == 0
    assert settled(lambda: layout(mount_point), ORGANISED) == ORGANISED


def test_what_appeared_while_nothing_was_mounted_is_shown_at_the_next_mount(desk: Desk, mount_point: Path) -> None:
    plan = mount(desk, mount_point)
    assert desk.here("unmount", mount_point, "--keep").status == 0
    put(desk.inbox / "later" / "invoice-18.txt", ANOTHER)
    shutil.move(desk.inbox / "run.sh", desk.inbox / "walk.sh")
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    code = {b"Development": {b"Source code": {b"walk.sh": SCRIPT}}}
    wanted = {**with_invoice(b"invoice-18.txt"), **code}
    assert settled(lambda: layout(mount_point), wanted) == wanted


def test_scratch_files_of_the_view_are_not_committed(desk: Desk, mount_point: Path) -> None:
    desk.state.mkdir()
    (desk.state / "config.toml").write_text('[view]\nscratch = "on"\n')
    mount(desk, mount_point)
    for folder in (mount_point, mount_point / "Development" / "Source code"):
        (folder / ".DS_Store").write_bytes(b"look")
        (folder / "._run.sh").write_bytes(b"more")
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert layout(desk.target) == ORGANISED


def test_commit_is_not_disturbed_by_the_watch(desk: Desk, mount_point: Path) -> None:
    plan = mount(desk, mount_point)
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert desk.state_of(plan) == "committed"
    assert read_tree(desk.inbox) == LEFT


@pytest.mark.parametrize("watch", [True, False], ids=["followed", "scanned and classified again"])
def test_file_that_has_become_something_else_is_filed_anew_unless_a_person_has_moved_it(
    desk: Desk, mount_point: Path, watch: bool
) -> None:
    put(desk.inbox / "sheet.txt", INVOICE)
    put(desk.inbox / "paper.txt", INVOICE)
    mount(desk, mount_point, *([] if watch else ["--no-watch"]))
    documents = mount_point / "Financial" / "Documents" / "2021"
    (documents / "sheet.txt").rename(documents / "mine.txt")
    for name in ("sheet.txt", "paper.txt"):
        put(desk.inbox / "saving", SCRIPT)
        (desk.inbox / "saving").replace(desk.inbox / name)
    put(desk.inbox / "tables" / "what.xyz", INVOICE)
    if not watch:
        assert desk.here("scan", desk.inbox).status == 0
        result = desk.here("classify")
        assert "2 files of the mounted plan re-filed; what you have moved yourself stays there\n" in result.out, result
    wanted = {
        **ORGANISED,
        b"Development": {b"Source code": {b"run.sh": SCRIPT, b"paper.txt": SCRIPT}},
        b"Financial": {
            b"Documents": {b"2021": {b"invoice-17.txt": INVOICE, b"mine.txt": SCRIPT, b"what.xyz": INVOICE}}
        },
    }
    assert settled(lambda: layout(mount_point), wanted) == wanted


def test_original_that_takes_the_place_of_a_hard_linked_name_is_not_shown_under_the_others(
    desk: Desk, mount_point: Path
) -> None:
    os.link(desk.inbox / "invoice-17.txt", desk.inbox / "copy-17.txt")
    mount(desk, mount_point)
    folder = mount_point / "Financial" / "Documents" / "2021"
    put(desk.folder / "new", ANOTHER)
    (desk.folder / "new").rename(desk.inbox / "copy-17.txt")
    wanted = {b"copy-17.txt": ANOTHER, b"invoice-17.txt": INVOICE}
    assert settled(lambda: read_tree(folder), wanted) == wanted
    assert desk.here("commit", mount_point, "--yes").status == 0
    assert read_tree(desk.target / "Financial" / "Documents" / "2021") == wanted


@pytest.mark.slow
def test_view_that_can_open_few_files_says_so_and_takes_in_what_appeared_as_soon_as_it_can(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.set_up({b"%02d.csv" % number: b"a,b\n%d,1\n2,3\n4,5\n" % number for number in range(70)})
    few = [desk.python, "-c", "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))"]
    few[2] = f"{few[2]}; os.execv(sys.executable, [sys.executable, '-m', 'ifmosfs', *sys.argv[1:]])"
    arguments = ["mount", "--plan", desk.staged(), desk.mount_point]
    done = subprocess.run([*few, *arguments], env=desk.environment, cwd=tmp_path, check=False)
    assert done.returncode == 0
    held: list[int] = []
    try:
        refusals = set()
        for path in sorted(desk.mount_point.glob("Data/Datasets/*.csv")):
            try:
                held.append(os.open(path, os.O_RDONLY))
            except OSError as error:
                refusals.add(error.errno)
        assert (len(held) > 30, refusals) == (True, {errno.ENFILE})
        assert [os.read(one, 4) for one in held] == [b"a,b\n"] * len(held)
        put(desk.inbox / "invoice-18.txt", ANOTHER)
        time.sleep(4)  # it is looked at when nothing can be opened
        assert attribute(desk.mount_point / "Data/Datasets/69.csv", "status") in {"planned", "unreachable"}
        while held:
            os.close(held.pop())
        new = desk.mount_point / "Financial" / "Documents" / "2021" / "invoice-18.txt"
        assert settled(new.is_file, True) is True
        assert new.read_bytes() == ANOTHER
    finally:
        for one in held:
            os.close(one)
        desk.here("unmount", "--lazy", desk.mount_point)


def names_of_files(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """The files in a folder: what is in them, how many names they have, and which of them they are one inode with, the first."""
    found = {path.name: path.stat() for path in sorted(folder.iterdir())}
    first: dict[int, int] = {}
    for position, each in enumerate(found.values()):
        first.setdefault(each.st_ino, position)
    return {name: ((folder / name).read_bytes(), each.st_nlink, first[each.st_ino]) for name, each in found.items()}


def test_names_that_appear_of_one_file_are_one_inode_change_together_and_are_committed_as_they_are_shown(
    desk: Desk, mount_point: Path
) -> None:
    plan = mount(desk, mount_point)
    shown, made = (root / "Financial" / "Documents" / "2021" for root in (mount_point, desk.target))
    before = (shown / "invoice-17.txt").stat().st_ino
    os.link(desk.inbox / "invoice-17.txt", desk.inbox / "tables" / "same-17.txt")
    put(desk.folder / "new", ANOTHER)
    for name in ("invoice-18.txt", "tables/same-18.txt"):
        os.link(desk.folder / "new", desk.inbox / name)
    (desk.folder / "new").unlink()
    wanted = {
        "invoice-17.txt": (INVOICE, 2, 0),
        "invoice-18.txt": (ANOTHER, 2, 1),
        "same-17.txt": (INVOICE, 2, 0),
        "same-18.txt": (ANOTHER, 2, 1),
    }
    assert settled(lambda: names_of_files(shown), wanted) == wanted
    assert (shown / "same-17.txt").stat().st_ino == before
    for number, content in ((17, INVOICE), (18, ANOTHER)):
        put(desk.inbox / "tables" / f"same-{number}.txt", content * 2)
    longer = {name: (content * 2, *links) for name, (content, *links) in wanted.items()}
    planned = dict.fromkeys(wanted, "planned")
    assert settled(lambda: {name: attribute(shown / name, "status") for name in wanted}, planned) == planned
    assert names_of_files(shown) == longer
    assert desk.run("unmount", mount_point, "--keep").status == 0
    assert desk.run("mount", "--plan", plan, mount_point).status == 0
    assert names_of_files(shown) == longer
    assert desk.run("commit", mount_point, "--yes").status == 0
    assert names_of_files(made) == longer
