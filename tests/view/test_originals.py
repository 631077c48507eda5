"""The originals behind the view, when the disk is no longer what was planned: never another file's bytes, never a lost entry."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ifmosfs.core.files import Kind, Place
from ifmosfs.core.ports import Disk
from ifmosfs.core.refusals import FsError, FsErrorKind
from tests.adapters.faults import Answer, Delegating
from tests.view.views import OWNER, Scene, rename, view_of

E = FsErrorKind
SHOWN = b"New/b.pdf"  # its original is deep/b.pdf


def original(scene: Scene, name: bytes = b"deep/b.pdf") -> Path:
    return Path(os.fsdecode(scene.plan.roots[0].path + b"/" + name))


def status(scene: Scene, path: bytes = SHOWN) -> bytes:
    return scene.view.getxattr(scene.inode(path), b"user.ifmosfs.status")


def refusal_to_open(scene: Scene, path: bytes = SHOWN) -> FsErrorKind:
    with pytest.raises(FsError) as refused:
        scene.content(path)
    return refused.value.kind


def vanish(scene: Scene) -> None:
    original(scene).unlink()


def vanish_with_its_folder(scene: Scene) -> None:
    original(scene).unlink()
    original(scene, b"deep").rmdir()


def lose_its_folder_to_a_file(scene: Scene) -> None:
    vanish_with_its_folder(scene)
    original(scene, b"deep").write_bytes(b"SECRET")


def be_replaced(scene: Scene) -> None:
    other = original(scene, b"other")
    other.write_bytes(b"SECRET")
    other.rename(original(scene))


def become_a_link(scene: Scene) -> None:
    original(scene, b"secret").write_bytes(b"SECRET")
    original(scene).unlink()
    original(scene).symlink_to(original(scene, b"secret"))


def become_a_folder(scene: Scene) -> None:
    original(scene).unlink()
    original(scene).mkdir()


def lose_its_folder_to_a_link(scene: Scene) -> None:
    elsewhere = original(scene, b"elsewhere")
    elsewhere.mkdir()
    (elsewhere / "b.pdf").write_bytes(b"SECRET")
    vanish_with_its_folder(scene)
    original(scene, b"deep").symlink_to(elsewhere)


def become_a_pipe(scene: Scene) -> None:
    original(scene).unlink()
    os.mkfifo(original(scene))


@pytest.mark.parametrize(
    ("happen", "refusal", "shown_status"),
    [
        (vanish, E.NOT_FOUND, b"missing"),
        (vanish_with_its_folder, E.NOT_FOUND, b"missing"),
        (lose_its_folder_to_a_file, E.NOT_FOUND, b"missing"),
        (be_replaced, E.STALE, b"changed"),
        (become_a_link, E.STALE, b"changed"),
        (become_a_folder, E.STALE, b"changed"),
        (become_a_pipe, E.STALE, b"changed"),
        (lose_its_folder_to_a_link, E.LOOP, b"missing"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_an_original_that_is_gone_or_another_keeps_its_entry_and_shows_no_bytes(
    scene: Scene, happen: Callable[[Scene], None], refusal: FsErrorKind, shown_status: bytes
) -> None:
    before = scene.tree()
    expected = scene.plan.actions[1].expected
    inode = scene.inode(SHOWN)
    happen(scene)
    attr = scene.view.getattr(inode)
    assert (attr.inode, attr.kind, attr.size_bytes, attr.mtime_ns) == (
        inode,
        Kind.FILE,
        expected.size_bytes,
        expected.mtime_ns,
    )
    assert ((attr.uid, attr.gid), attr.n_links) == (OWNER, 1)
    assert (scene.tree(), refusal_to_open(scene), status(scene)) == (before, refusal, shown_status)


@pytest.mark.parametrize("what", ["root", "above"])
def test_a_root_that_has_become_a_link_shows_no_bytes_not_even_its_own_until_it_is_put_back(
    scene: Scene, what: str
) -> None:
    """Where the link leads now says nothing of where it leads at the next look; commit refuses, too."""
    root = original(scene).parent.parent
    swapped = root if what == "root" else root.parent
    away = swapped.with_name("away")
    scene.disk.keep_straight([os.fsencode(root)])
    before = scene.tree()
    swapped.rename(away)
    swapped.symlink_to(away)
    assert (scene.tree(), refusal_to_open(scene), status(scene)) == (before, E.LOOP, b"missing")
    swapped.unlink()
    away.rename(swapped)
    assert (scene.tree(), scene.content(SHOWN), status(scene)) == (before, b"second", b"planned")


def test_a_refused_original_leaves_no_descriptor(scene: Scene) -> None:
    n_before = len(os.listdir("/proc/self/fd"))
    be_replaced(scene)
    refusal_to_open(scene)
    assert len(os.listdir("/proc/self/fd")) == n_before


class Swapping(Delegating):
    """Another file takes the original's name between the look and the open."""

    def __init__(self, disk: Disk, at: str) -> None:
        super().__init__(disk)
        self._at = at

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        if call == self._at:
            other = os.fsdecode(places[0].absolute) + ".new"
            Path(other).write_bytes(b"SECRET")
            os.rename(other, places[0].absolute)
        elif call == "open_seen":  # so that it is the other way of opening that is tried
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        return go()


@pytest.mark.parametrize("call", ["open_seen", "open_read"])
def test_a_file_that_is_swapped_in_at_the_last_moment_is_stale_and_closed_again(scene: Scene, call: str) -> None:
    scene.view = view_of(scene.plan, Swapping(scene.disk, call), scene.log)
    scene.inode(SHOWN)
    n_before = len(os.listdir("/proc/self/fd"))
    assert refusal_to_open(scene) is E.STALE
    assert len(os.listdir("/proc/self/fd")) == n_before


def test_an_original_that_was_written_to_shows_what_it_is_now(scene: Scene) -> None:
    with original(scene).open("ab") as file:
        file.write(b" and more")
    attr = scene.view.getattr(scene.inode(SHOWN))
    assert (scene.content(SHOWN), attr.size_bytes, status(scene)) == (b"second and more", 15, b"changed")


def test_pages_are_kept_only_while_the_original_does_not_change(scene: Scene) -> None:
    def keeps() -> bool:
        opened = scene.view.open(scene.inode(SHOWN), 0)
        scene.view.release(opened.handle)
        return opened.keep_cache

    kept = [keeps(), keeps()]
    with original(scene).open("ab") as file:
        file.write(b" and more")
    assert [*kept, keeps(), keeps()] == [False, True, False, True]


def test_during_a_commit_the_file_is_found_where_it_was_moved_to(scene: Scene) -> None:
    move_to_target(scene)
    scene.log.has_begun = True
    assert (scene.content(SHOWN), status(scene)) == (b"second", b"planned")


def move_to_target(scene: Scene) -> None:
    """As a commit on one filesystem does."""
    target = os.fsdecode(scene.plan.target)
    os.mkdir(os.path.join(target, "New"))
    os.rename(original(scene), os.path.join(target, "New", "b.pdf"))


def test_what_the_commit_of_another_plan_has_moved_or_copied_is_missing_and_at_no_time_shown_as_planned(
    scene: Scene,
) -> None:
    attr = scene.view.getattr(scene.inode(SHOWN))
    for bring in (move_to_target, copy_to_target):
        bring(scene)
        assert (refusal_to_open(scene), status(scene)) == (E.NOT_FOUND, b"missing")
        assert scene.view.getattr(attr.inode).mtime_ns == attr.mtime_ns
        shutil.move(Path(os.fsdecode(scene.plan.target), "New", "b.pdf"), original(scene))
        Path(os.fsdecode(scene.plan.target), "New").rmdir()


def test_target_has_its_own_file_back_when_the_plan_shows_the_missing_one_under_another_name(scene: Scene) -> None:
    scene.inode(SHOWN)
    move_to_target(scene)
    rename(scene, SHOWN, b"New/other.pdf")
    assert (refusal_to_open(scene, b"New/other.pdf"), status(scene, b"New/other.pdf")) == (E.NOT_FOUND, b"missing")
    assert scene.content(SHOWN) == b"second"
    with pytest.raises(FsError) as refused:
        status(scene)
    assert refused.value.kind is E.NO_ATTRIBUTE  # it is the target's, of which the plan says nothing


def copy_to_target(scene: Scene, mtime_ns: int | None = None) -> None:
    """As a commit to another filesystem does: another inode with the same bytes and times, and the original goes."""
    target = Path(os.fsdecode(scene.plan.target), "New", "b.pdf")
    target.parent.mkdir()
    shutil.copy2(original(scene), target)
    if mtime_ns is not None:
        os.utime(target, ns=(mtime_ns, mtime_ns))
    vanish(scene)


MTIME_NS = 1_600_000_001_123_456_789


def scene_of_old(scene: Scene) -> None:
    """The original has a known time, and is planned with it."""
    os.utime(original(scene), ns=(MTIME_NS, MTIME_NS))
    one, two, *rest = scene.plan.actions
    two = replace(two, expected=scene.disk.lstat(two.source_place).fingerprint)
    scene.plan = replace(scene.plan, actions=(one, two, *rest))
    scene.view = view_of(scene.plan, scene.disk, scene.log)


@pytest.mark.parametrize(
    "kept_ns",
    [
        MTIME_NS,
        1_600_000_001_123_456_700,
        1_600_000_001_120_000_000,
        1_600_000_001_000_000_000,
        1_600_000_000_000_000_000,
    ],
    ids=["ext4", "ntfs", "exfat", "hfs", "fat"],
)
def test_during_a_commit_to_another_filesystem_the_file_is_found_as_a_copy(scene: Scene, kept_ns: int) -> None:
    scene.log.has_begun = True
    scene_of_old(scene)
    inode = scene.inode(SHOWN)
    copy_to_target(scene, kept_ns)
    attr = scene.view.getattr(inode)
    assert (scene.content(SHOWN), status(scene), attr.inode, attr.mtime_ns) == (b"second", b"planned", inode, kept_ns)


@pytest.mark.parametrize(
    ("content", "mtime_ns"),
    [(b"SECRET", MTIME_NS + 1), (b"SECRET", MTIME_NS - 3_000_000_000), (b"longer than it was", MTIME_NS)],
)
def test_file_of_another_time_or_size_at_the_target_is_not_taken_for_a_copy(
    scene: Scene, content: bytes, mtime_ns: int
) -> None:
    scene.log.has_begun = True
    scene_of_old(scene)
    copy_to_target(scene)
    target = Path(os.fsdecode(scene.plan.target), "New", "b.pdf")
    target.write_bytes(content)
    os.utime(target, ns=(mtime_ns, mtime_ns))
    assert (refusal_to_open(scene), status(scene)) == (E.NOT_FOUND, b"missing")


def test_file_that_the_target_had_before_the_plan_is_not_taken_for_a_copy(scene: Scene) -> None:
    scene.log.has_begun = True
    copy_to_target(scene)
    born_ns = scene.disk.lstat(Place(scene.plan.target, SHOWN)).birth_ns or 0
    scene.view = view_of(replace(scene.plan, created_ns=born_ns + 1), scene.disk, scene.log)
    assert (refusal_to_open(scene), status(scene)) == (E.NOT_FOUND, b"missing")


def test_another_file_at_the_target_is_not_taken_for_the_original(scene: Scene) -> None:
    scene.log.has_begun = True
    vanish(scene)
    target = os.fsdecode(scene.plan.target)
    os.mkdir(os.path.join(target, "New"))
    Path(target, "New", "b.pdf").write_bytes(b"SECRET")
    assert (refusal_to_open(scene), status(scene)) == (E.NOT_FOUND, b"missing")


def test_a_file_that_stays_is_not_looked_for_in_the_target(scene: Scene) -> None:
    scene.log.has_begun = True
    who, elsewhere = b"To review/unsure/who", os.path.join(os.fsdecode(scene.plan.target), "who")
    os.rename(original(scene, b"who"), elsewhere)
    assert (refusal_to_open(scene, who), status(scene, who)) == (E.NOT_FOUND, b"missing")


class Forbidding(Delegating):
    """One folder may not be entered."""

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        if any(place.path.startswith(b"deep/") for place in places):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), places[0].absolute)
        return go()


def test_one_original_that_cannot_be_looked_at_does_not_spoil_the_listing(scene: Scene) -> None:
    before = scene.tree()
    scene.view = view_of(scene.plan, Forbidding(scene.disk), scene.log)
    assert scene.tree() == before
    assert refusal_to_open(scene) is E.NO_ACCESS


class Exhausted(Delegating):
    """No more files can be opened."""

    def __init__(self, disk: Disk, code: int) -> None:
        super().__init__(disk)
        self._code = code

    def _look(self, call: str, places: tuple[Place, ...], go: Callable[[], Answer]) -> Answer:
        raise OSError(self._code, os.strerror(self._code), places[0].absolute)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_an_original_for_which_no_more_files_can_be_opened_is_refused_as_that_and_not_said_to_be_missing(
    scene: Scene, code: int
) -> None:
    inode = scene.inode(SHOWN)
    scene.view = view_of(scene.plan, Exhausted(scene.disk, code), scene.log)
    assert scene.inode(SHOWN) == inode
    assert (refusal_to_open(scene), status(scene)) == (E.NO_DESCRIPTOR, b"unreachable")


def test_a_link_that_became_a_file_has_no_text(scene: Scene) -> None:
    link = b"To review/links/link"
    original(scene, b"link").unlink()
    original(scene, b"link").write_bytes(b"SECRET")
    with pytest.raises(FsError) as refused:
        scene.view.readlink(scene.inode(link))
    assert refused.value.kind is E.STALE
