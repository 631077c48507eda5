"""Hostile names, and links that are put in an original's place after the scan: nothing outside the roots is ever read, and no
file's name ever shows another file's bytes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.trees import Tree
from tests.cli.command_line import TABLE, Desk
from tests.conformance.conftest import KINDS
from tests.conformance.os_protocol import Os, content, told, tree
from tests.conformance.playground import CONTROL, REVIEW, Nursery, Playground

SECRET = b"name,key\nroot,very secret\nother,very secret\n"
STATUS = b"user.ifmosfs.status"
ESCAPE = b"\x1b]0;owned\x07.csv"
NAMES = {
    b"two\nlines.csv",
    ESCAPE,
    b"-rf.csv",
    b"...csv",
    b".. .csv",
    b"$(reboot).csv",
    b"%s%n.csv",
    b"\\..\\up.csv",
    b"\xff\xfe.csv",
}

INBOX: Tree = {
    b"plain.csv": TABLE,
    b"inside": {b"deep": {b"held.csv": TABLE + b"held"}},
    **{name: TABLE + name for name in sorted(NAMES)},
}
OPENED = b"New/plain.csv"
HELD = b"New/held.csv"


@pytest.fixture
def hostile(tmp_path: Path, nursery: Nursery) -> Playground:
    """A plan whose inbox may be tampered with, and a secret outside of it."""
    made = Playground(Desk(tmp_path / "desk"), nursery)
    made.desk.folder.mkdir()
    outside = tmp_path / "outside" / "deep"
    outside.mkdir(parents=True)
    (outside / "held.csv").write_bytes(SECRET)
    (outside / "passwd").write_bytes(SECRET)
    made.stage(INBOX, {}, lambda _: None)
    return made


@pytest.fixture(params=KINDS)
def system(request: pytest.FixtureRequest, hostile: Playground) -> Iterator[Os]:
    with hostile.fresh(request.param) as made:
        yield made


def secret(hostile: Playground) -> Path:
    return hostile.desk.folder.parent / "outside" / "deep" / "held.csv"


def by_a_link(original: Path, secret: Path) -> None:
    original.unlink()
    original.symlink_to(secret)


def by_a_relative_link(original: Path, secret: Path) -> None:
    original.unlink()
    original.symlink_to(os.path.relpath(secret, original.parent))


def by_a_name_of_the_secret(original: Path, secret: Path) -> None:
    original.unlink()
    os.link(secret, original)


def by_another_file(original: Path, secret: Path) -> None:
    shutil.copy2(secret, original.with_name("new"))
    original.with_name("new").replace(original)


def by_a_pipe(original: Path, secret: Path) -> None:
    original.unlink()
    os.mkfifo(original)


def by_a_folder(original: Path, secret: Path) -> None:
    original.unlink()
    original.mkdir()


def by_nothing(original: Path, secret: Path) -> None:
    original.unlink()


def by_its_folder_as_a_link(original: Path, secret: Path) -> None:
    original.parent.rename(original.parent.with_name("away"))
    original.parent.symlink_to(secret.parent)


def by_a_folder_above_as_a_link(original: Path, secret: Path) -> None:
    above = original.parent.parent
    above.rename(above.with_name("away"))
    above.symlink_to(secret.parent.parent)


def by_a_link_to_the_top(original: Path, secret: Path) -> None:
    shutil.rmtree(original.parent)
    original.parent.symlink_to("/")


SWAPS = [
    pytest.param(by_a_link, "changed", id="a link"),
    pytest.param(by_a_relative_link, "changed", id="a relative link"),
    pytest.param(by_a_name_of_the_secret, "changed", id="a hard link"),
    pytest.param(by_another_file, "changed", id="another file"),
    pytest.param(by_a_pipe, "changed", id="a pipe"),
    pytest.param(by_a_folder, "changed", id="a folder"),
    pytest.param(by_nothing, "missing", id="nothing"),
    pytest.param(by_its_folder_as_a_link, "missing", id="its folder by a link"),
    pytest.param(by_a_folder_above_as_a_link, "missing", id="a folder above by a link"),
    pytest.param(by_a_link_to_the_top, "missing", id="its folder by a link to the top"),
]


@pytest.mark.parametrize(("swap", "status"), SWAPS)
def test_an_original_that_was_replaced_is_marked_and_never_shows_other_bytes(
    system: Os, hostile: Playground, swap: Callable[[Path, Path], None], status: str
) -> None:
    before = system.lstat(HELD)
    swap(hostile.desk.inbox / "inside/deep/held.csv", secret(hostile))
    assert told(lambda: content(system, HELD)) in {"ENOENT", "ESTALE", "ELOOP"}
    assert system.getxattr(HELD, STATUS) == status.encode()
    after = system.lstat(HELD)
    assert (after.is_file, after.size_bytes, after.inode) == (True, before.size_bytes, before.inode)
    assert b"held.csv" in system.listdir(b"New")


@pytest.mark.parametrize(
    "swap", [by_a_link, by_another_file, by_nothing, by_its_folder_as_a_link], ids=lambda swap: swap.__name__
)
def test_a_file_that_is_open_goes_on_with_its_own_bytes(
    system: Os, hostile: Playground, swap: Callable[[Path, Path], None]
) -> None:
    descriptor = system.open(HELD)
    try:
        assert system.pread(descriptor, 4, 0) == TABLE[:4]
        swap(hostile.desk.inbox / "inside/deep/held.csv", secret(hostile))
        assert system.pread(descriptor, 1000, 4) == TABLE[4:] + b"held"
    finally:
        system.close(descriptor)


def test_an_original_that_was_written_to_is_marked_and_shows_its_own_bytes(system: Os, hostile: Playground) -> None:
    with (hostile.desk.inbox / "plain.csv").open("ab") as file:
        file.write(b"more\n")
    assert content(system, OPENED) == TABLE + b"more\n"
    assert system.getxattr(OPENED, STATUS) == b"changed"


def test_an_original_that_comes_back_is_itself_again(system: Os, hostile: Playground) -> None:
    original = hostile.desk.inbox / "plain.csv"
    original.rename(original.with_name("hidden"))
    assert told(lambda: content(system, OPENED)) == "ENOENT"
    original.with_name("hidden").rename(original)
    assert content(system, OPENED) == TABLE
    assert system.getxattr(OPENED, STATUS) == b"planned"


def test_a_link_in_the_target_is_shown_and_never_followed_by_the_daemon(system: Os, hostile: Playground) -> None:
    target = hostile.desk.target
    target.mkdir(exist_ok=True)
    (target / "New").symlink_to(secret(hostile).parent)
    shown = tree(system, b"New")
    assert set(shown) == {b"plain.csv", b"held.csv", *NAMES}
    assert SECRET not in shown.values()
    assert told(lambda: system.lstat(b"New/passwd")) in {"ENOENT", "ELOOP"}


def test_where_the_target_got_a_link_a_planned_folder_can_still_be_edited(system: Os, hostile: Playground) -> None:
    hostile.desk.target.mkdir(exist_ok=True)
    (hostile.desk.target / "New").symlink_to(secret(hostile).parent)
    answers = [
        told(lambda: system.lstat(b"New/nothing")),
        told(lambda: system.rename(OPENED, b"New/renamed.csv")),
        told(lambda: system.mkdir(b"New/made")),
    ]
    assert answers == ["ENOENT", "ok", "ok"]


def test_hostile_names_are_names(system: Os) -> None:
    shown = tree(system, without=(REVIEW, CONTROL))
    assert shown == {
        b"New": {b"plain.csv": TABLE, b"held.csv": TABLE + b"held", **{name: TABLE + name for name in NAMES}}
    }
    for name in NAMES:
        system.rename(b"New/" + name, b"New/x" + name)
        assert content(system, b"New/x" + name) == TABLE + name


def test_what_the_control_folder_tells_of_hostile_names_is_one_line_of_json_each(system: Os) -> None:
    lines = content(system, CONTROL + b"/plan.jsonl").splitlines()
    rows = [json.loads(line) for line in lines]
    assert {os.fsencode(row["target"]) for row in rows} == {
        b"New/" + name for name in (*NAMES, b"plain.csv", b"held.csv")
    }
    assert all(byte not in line for line in lines for byte in (0x1B, 0x07, 0x0A))


def test_names_that_lead_elsewhere_cannot_be_made(system: Os) -> None:
    assert told(lambda: system.rename(OPENED, b"New/" + b"x" * 256)) == "ENAMETOOLONG"
    assert told(lambda: system.mkdir(b".ifmosfs/x")) == "EACCES"
    assert told(lambda: system.rename(b"New", b".ifmosfs")) in {"EEXIST", "ENOTEMPTY", "EROFS", "EACCES"}


def test_an_inbox_deeper_than_any_path_is_shown_or_said_to_be_too_deep(tmp_path: Path, nursery: Nursery) -> None:
    made = Playground(Desk(tmp_path), nursery)

    def nest() -> None:
        here = os.open(made.desk.inbox, os.O_RDONLY)
        for _ in range(60):
            os.mkdir("d" * 100, dir_fd=here)
            below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("deep.csv", os.O_WRONLY | os.O_CREAT, dir_fd=here))
        os.close(here)

    made.stage({b"plain.csv": TABLE}, {}, lambda _: None, also=nest)
    with made.fresh("core") as system:
        assert content(system, OPENED) == TABLE
        assert tree(system, without=(CONTROL,))[b"New"] == {b"plain.csv": TABLE}
    shutil.rmtree(made.desk.inbox)
