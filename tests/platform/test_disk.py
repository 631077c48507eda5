"""What only the real disk has: descriptors, races with other programs, permissions, durability."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.journal import FolderMeta
from ifmosfs.platform import copying, filesystems, linux, moving, resolving, syncing
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.disk_conformance import refused
from tests.adapters.trees import Link, read_tree, write_tree


@pytest.fixture
def disk() -> Iterator[PosixDisk]:
    with PosixDisk() as opened:
        yield opened


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    write_tree(tmp_path, {b"inbox": {b"a": b"alpha", b"b": b"beta", b"sub": {b"c": b"gamma"}}, b"out": {}})
    return os.fsencode(tmp_path)


def n_open() -> int:
    return len(os.listdir("/proc/self/fd"))


class TestResolving:
    @pytest.mark.parametrize("open_below", [linux.open_beneath, linux.walk_beneath], ids=["openat2", "walk"])
    @pytest.mark.parametrize(
        ("path", "number"),
        [
            (b"link/c", errno.ELOOP),
            (b"link", errno.ELOOP),
            (b"sub/../../x", errno.EXDEV),
            (b"..", errno.EXDEV),
            (b"/etc", errno.EXDEV),
            (b"none", errno.ENOENT),
            (b"a/x", errno.ENOTDIR),
            (b"a", errno.ENOTDIR),
        ],
        ids=["symlink on the way", "symlink", ".. outside", "..", "absolute", "missing", "below a file", "file"],
    )
    def test_both_ways_of_opening_refuse_alike(self, root: bytes, open_below, path: bytes, number: int) -> None:
        os.symlink(b"sub", root + b"/inbox/link")
        folder = os.open(root + b"/inbox", linux.O_PATH)
        try:
            with refused(number):
                open_below(folder, path, resolving.FOLDER_FLAGS)
        finally:
            os.close(folder)

    @pytest.mark.parametrize("open_all", [linux.open_straight, linux.walk_straight], ids=["openat2", "walk"])
    def test_both_ways_of_opening_straight_refuse_links_anywhere(self, root: bytes, open_all) -> None:
        os.symlink(b"inbox", root + b"/link")
        for path, number in ((b"link", errno.ELOOP), (b"link/sub", errno.ELOOP), (b"inbox/none", errno.ENOENT)):
            with refused(number):
                open_all(root + b"/" + path, resolving.FOLDER_FLAGS)
        for path in (root + b"/inbox/sub", b"/"):
            found = open_all(path, resolving.FOLDER_FLAGS)
            try:
                assert os.path.samestat(os.fstat(found), os.stat(path))
            finally:
                os.close(found)

    @pytest.mark.parametrize("above", [b"inbox", b""], ids=["the root", "a folder above it"])
    def test_straight_root_is_not_found_by_way_of_a_link_until_it_is_put_back(
        self, disk: PosixDisk, root: bytes, above: bytes
    ) -> None:
        """Only the roots that were named: a target may have been moved and left a link in its place."""
        top, place = root + b"/top", Place(root + b"/top/inbox", b"a")
        os.mkdir(top)
        os.rename(root + b"/inbox", place.root)
        swapped = (top + b"/" + above).rstrip(b"/")
        disk.keep_straight([place.root])
        os.rename(swapped, root + b"/away")
        os.symlink(root + b"/away", swapped)
        asked = (disk.lstat, disk.open_read, disk.open_seen, disk.digest, disk.read_link, disk.filesystem)
        for ask in asked:
            with refused(errno.ELOOP):
                ask(place)
        with refused(errno.ELOOP):
            disk.list_folder(Place(place.root, b""))
        with PosixDisk() as another:
            assert another.lstat(place).size_bytes == 5
        os.unlink(swapped)
        os.rename(root + b"/away", swapped)
        assert disk.lstat(place).size_bytes == 5

    @pytest.mark.parametrize("open_below", [linux.open_beneath, linux.walk_beneath], ids=["openat2", "walk"])
    def test_both_ways_open_the_same_folder(self, root: bytes, open_below) -> None:
        folder = os.open(root, linux.O_PATH)
        found = open_below(folder, b"inbox/sub", resolving.FOLDER_FLAGS)
        try:
            assert os.path.samestat(os.fstat(found), os.stat(root + b"/inbox/sub"))
        finally:
            os.close(found)
            os.close(folder)

    def test_outside_a_batch_a_replaced_folder_is_seen_at_once(self, disk: PosixDisk, root: bytes) -> None:
        assert disk.lstat(Place(root, b"inbox/a")).size_bytes == 5
        os.rename(root + b"/inbox", root + b"/elsewhere")
        with refused(errno.ENOENT):
            disk.lstat(Place(root, b"inbox/a"))

    def test_within_a_batch_a_replaced_folder_is_seen_after_the_age_limit(self, disk: PosixDisk, root: bytes) -> None:
        disk.rename_noreplace(Place(root, b"inbox/a"), Place(root, b"out/a"))
        os.rename(root + b"/inbox", root + b"/elsewhere")
        time.sleep(resolving.MAX_AGE_NS / 1e9 + 0.01)
        with refused(errno.ENOENT):
            disk.lstat(Place(root, b"inbox/b"))

    def test_within_a_batch_its_own_folder_moves_are_seen_at_once(self, disk: PosixDisk, root: bytes) -> None:
        disk.rename_noreplace(Place(root, b"inbox/sub/c"), Place(root, b"inbox/sub/d"))
        disk.rename_noreplace(Place(root, b"inbox"), Place(root, b"out/moved"))
        disk.make_folder(Place(root, b"inbox"), 0o755)
        disk.make_folder(Place(root, b"inbox/sub"), 0o755)
        with refused(errno.ENOENT):
            disk.lstat(Place(root, b"inbox/sub/d"))

    def test_a_root_that_was_just_looked_at_is_removed_from_the_folder_above_it(
        self, disk: PosixDisk, root: bytes
    ) -> None:
        os.mkdir(root + b"/empty")
        empty = Place(root + b"/empty", b"")
        with disk.looking():
            disk.lstat(empty)
            disk.remove_folder(empty)
        assert not os.path.lexists(root + b"/empty")

    def test_after_the_sync_a_replaced_folder_is_seen_at_once(self, disk: PosixDisk, root: bytes) -> None:
        disk.rename_noreplace(Place(root, b"inbox/a"), Place(root, b"out/a"))
        disk.sync([])
        os.rename(root + b"/inbox", root + b"/elsewhere")
        with refused(errno.ENOENT):
            disk.lstat(Place(root, b"inbox/b"))

    def test_while_looking_folders_stay_open_until_it_ends(self, disk: PosixDisk, root: bytes) -> None:
        before = n_open()
        with disk.looking():
            with disk.looking():
                disk.lstat(Place(root, b"inbox/sub/c"))
            disk.lstat(Place(root, b"inbox/a"))
            assert n_open() - before == 3  # the root, inbox and inbox/sub
        assert n_open() == before

    def test_while_looking_a_replaced_folder_is_seen_after_the_age_limit(self, disk: PosixDisk, root: bytes) -> None:
        with disk.looking():
            disk.lstat(Place(root, b"inbox/a"))
            os.rename(root + b"/inbox", root + b"/elsewhere")
            time.sleep(resolving.MAX_AGE_NS / 1e9 + 0.01)
            with refused(errno.ENOENT):
                disk.lstat(Place(root, b"inbox/b"))

    def test_while_looking_a_sync_ends_the_changes_but_not_the_looking(self, disk: PosixDisk, root: bytes) -> None:
        before = n_open()
        with disk.looking():
            disk.rename_noreplace(Place(root, b"inbox/a"), Place(root, b"out/a"))
            disk.sync([])
            disk.lstat(Place(root, b"out/a"))
            assert n_open() > before + 1  # more than the filesystem that is held
        assert n_open() == before + 1

    def test_a_commit_among_many_folders_keeps_few_descriptors(self, disk: PosixDisk, root: bytes) -> None:
        before = n_open()
        for number in range(3 * resolving.MAX_OPEN):
            disk.make_folder(Place(root, b"out/%d" % number), 0o755)
        assert n_open() - before <= resolving.MAX_OPEN + 8

    def test_closing_leaves_no_descriptor(self, root: bytes) -> None:
        before = n_open()
        with PosixDisk() as disk:
            disk.rename_noreplace(Place(root, b"inbox/a"), Place(root, b"out/a"))
            disk.list_folder(Place(root, b"inbox"))
            disk.digest(Place(root, b"out/a"))
        assert n_open() == before

    def test_several_threads_read_at_once(self, disk: PosixDisk, root: bytes) -> None:
        sizes: list[int] = []

        def read() -> None:
            sizes.extend(disk.lstat(Place(root, b"inbox/sub/c")).size_bytes for _ in range(200))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sizes == [5] * 800


class TestReading:
    def test_lstat_tells_the_device_and_inode_of_os_lstat_and_a_birth_time(self, disk: PosixDisk, root: bytes) -> None:
        found, plain = disk.lstat(Place(root, b"inbox/a")), os.lstat(root + b"/inbox/a")
        assert (found.device, found.inode, found.mtime_ns, found.ctime_ns, found.n_blocks) == (
            plain.st_dev,
            plain.st_ino,
            plain.st_mtime_ns,
            plain.st_ctime_ns,
            plain.st_blocks,
        )
        assert found.birth_ns is None or found.birth_ns <= found.ctime_ns

    def test_open_read_leaves_the_access_time_alone(self, disk: PosixDisk, root: bytes) -> None:
        os.utime(root + b"/inbox/a", ns=(1, 2))
        descriptor = disk.open_read(Place(root, b"inbox/a"))
        os.read(descriptor, 10)
        os.close(descriptor)
        assert os.stat(root + b"/inbox/a").st_atime_ns == 1

    @pytest.mark.root
    def test_open_read_of_a_foreign_file_does_without_noatime(self, root: bytes) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs root, to become another user")
        os.chmod(root + b"/inbox/a", 0o644)
        folder = os.open(root + b"/inbox", linux.O_PATH)
        libc = ctypes.CDLL(None)
        libc.setfsuid(65534)  # this thread alone, and only for the filesystem
        try:
            with refused(errno.EPERM):
                os.open(b"a", os.O_RDONLY | os.O_NOATIME, dir_fd=folder)
            descriptor = copying.open_regular((folder, b"a"))
        finally:
            libc.setfsuid(0)
            os.close(folder)
        assert os.read(descriptor, 100) == b"alpha"
        os.close(descriptor)

    def test_folder_meta_has_the_extended_attributes(self, disk: PosixDisk, root: bytes) -> None:
        set_xattr_or_skip(root + b"/out", b"user.note", b"n\0te")
        found = disk.folder_meta(Place(root, b"out"))
        plain = os.stat(root + b"/out")
        assert found == FolderMeta(
            stat.S_IMODE(plain.st_mode),
            plain.st_uid,
            plain.st_gid,
            plain.st_atime_ns,
            plain.st_mtime_ns,
            (("user.note", b"n\0te"),),
        )

    def test_restore_folder_takes_away_what_the_meta_does_not_have(self, disk: PosixDisk, root: bytes) -> None:
        before = disk.folder_meta(Place(root, b"out"))
        set_xattr_or_skip(root + b"/out", b"user.extra", b"x")
        disk.restore_folder(Place(root, b"out"), before)
        assert disk.folder_meta(Place(root, b"out")).xattrs == before.xattrs


def set_xattr_or_skip(path: bytes, name: bytes, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"the temporary folder's filesystem takes no extended attributes: {error.strerror}")


class TestChanging:
    @pytest.mark.root
    def test_a_new_folder_keeps_the_setgid_bit_of_a_group_that_this_user_is_not_in(self) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs root, to become another user")
        libc = ctypes.CDLL(None)
        with PosixDisk() as disk, tempfile.TemporaryDirectory() as shared:  # others may not enter those of pytest
            os.chown(shared, -1, 12345)
            os.chmod(shared, 0o2777)
            libc.setfsuid(65534)  # this thread alone, and only for the filesystem
            try:
                disk.make_folder(Place(os.fsencode(shared), b"new"), 0o2755)
            finally:
                libc.setfsuid(0)
            made = os.stat(shared + "/new")
        assert (made.st_mode, made.st_uid, made.st_gid) == (stat.S_IFDIR | 0o2755, 65534, 12345)

    def test_a_new_folder_has_no_setgid_bit_that_was_not_asked_for(self, disk: PosixDisk, root: bytes) -> None:
        os.chmod(root + b"/out", 0o2755)
        disk.make_folder(Place(root, b"out/new"), 0o700)
        assert os.stat(root + b"/out/new").st_mode == stat.S_IFDIR | 0o700

    @pytest.mark.parametrize(("holds", "made"), [(True, 0o3775), (False, 0o775)])
    def test_a_new_folder_has_the_bits_beyond_the_permissions_where_the_filesystem_keeps_a_mode(
        self, disk: PosixDisk, root: bytes, monkeypatch: pytest.MonkeyPatch, holds: bool, made: int
    ) -> None:
        monkeypatch.setattr(filesystems, "holds_owners", lambda _descriptor: holds)  # FAT answers EPERM to such a mode
        disk.make_folder(Place(root, b"out/new"), 0o3775)
        assert os.stat(root + b"/out/new").st_mode == stat.S_IFDIR | made

    def test_make_folder_is_not_subject_to_the_umask(self, disk: PosixDisk, root: bytes) -> None:
        before = os.umask(0o777)
        try:
            disk.make_folder(Place(root, b"out/new"), 0o777)
        finally:
            os.umask(before)
        assert stat.S_IMODE(os.stat(root + b"/out/new").st_mode) == 0o777

    def test_rename_names_both_paths_in_its_error(self, disk: PosixDisk, root: bytes) -> None:
        with refused(errno.EEXIST) as caught:
            disk.rename_noreplace(Place(root, b"inbox/a"), Place(root, b"inbox/b"))
        assert (caught.value.filename, caught.value.filename2) == (root + b"/inbox/a", root + b"/inbox/b")

    def test_rename_to_another_filesystem_is_exdev(self, disk: PosixDisk, root: bytes) -> None:
        other = other_filesystem_or_skip(root)
        with refused(errno.EXDEV):
            disk.rename_noreplace(Place(root, b"inbox/a"), Place(other, b"ifmosfs-test-none"))
        assert read_tree(root + b"/inbox") == {b"a": b"alpha", b"b": b"beta", b"sub": {b"c": b"gamma"}}

    def test_unlink_checked_leaves_the_other_names_of_the_file(self, disk: PosixDisk, root: bytes) -> None:
        os.link(root + b"/inbox/a", root + b"/out/a")
        disk.unlink_checked(Place(root, b"inbox/a"), disk.lstat(Place(root, b"inbox/a")).fingerprint)
        assert read_tree(root) == {b"inbox": {b"b": b"beta", b"sub": {b"c": b"gamma"}}, b"out": {b"a": b"alpha"}}


def other_filesystem_or_skip(path: bytes) -> bytes:
    if not os.access(b"/dev/shm", os.W_OK) or os.stat(b"/dev/shm").st_dev == os.stat(path).st_dev:
        pytest.skip("needs /dev/shm on another filesystem than the temporary folder")
    return b"/dev/shm"


class TestSyncing:
    def test_a_sync_of_more_folders_than_descriptors_allow_is_done_for_the_whole(
        self, disk: PosixDisk, root: bytes
    ) -> None:
        places = [Place(root, b"out/%d" % number) for number in range(syncing.FEW_FOLDERS + 1)]
        for place in places:
            disk.make_folder(place, 0o755)
        before = n_open()
        disk.sync(places)
        assert n_open() <= before

    def test_after_a_failed_sync_every_later_one_fails(self, root: bytes) -> None:
        filesystems = syncing.Filesystems()
        pipe = os.pipe()  # a pipe cannot be looked at as a folder, and so cannot be held
        try:
            with refused(errno.ENOTDIR):
                filesystems.sync([pipe[0]])
            with refused(errno.EIO):
                filesystems.sync([])
        finally:
            os.close(pipe[0])
            os.close(pipe[1])
            filesystems.close()

    def test_the_filesystem_is_held_before_the_first_change(self, root: bytes) -> None:
        held: list[list[bytes]] = []
        folders = resolving.Folders(lambda _: held.append(os.listdir(root + b"/out")))
        folders.begin()
        folder, name = folders.change(Place(root, b"out/new"))
        os.mkdir(name, dir_fd=folder)
        folders.change(Place(root, b"out/newer"))
        folders.end_batch()
        assert held == [[]]


TwoFolders = tuple[int, int]


@pytest.fixture
def two(root: bytes) -> Iterator[TwoFolders]:
    inbox, out = os.open(root + b"/inbox", linux.O_PATH), os.open(root + b"/out", linux.O_PATH)
    yield inbox, out
    os.close(inbox)
    os.close(out)


WAYS = pytest.mark.parametrize(
    "way",
    [moving.move_by_link, moving.move_by_placeholder, moving.move_without_flag],
    ids=["link", "placeholder", "any"],
)


class TestMovingWithoutTheFlag:
    @WAYS
    def test_a_file_moves_as_itself(self, root: bytes, two: TwoFolders, way) -> None:
        before = linux.attr_at(two[0], b"a")
        way((two[0], b"a"), (two[1], b"moved"))
        assert linux.attr_at(two[1], b"moved").fingerprint.same_file(before.fingerprint)
        assert read_tree(root) == {b"inbox": {b"b": b"beta", b"sub": {b"c": b"gamma"}}, b"out": {b"moved": b"alpha"}}

    @WAYS
    def test_a_symlink_moves_as_itself(self, root: bytes, two: TwoFolders, way) -> None:
        os.symlink(b"nowhere", root + b"/inbox/link")
        way((two[0], b"link"), (two[1], b"link"))
        assert read_tree(root + b"/out") == {b"link": Link(b"nowhere")}

    @pytest.mark.parametrize("way", [moving.move_by_placeholder, moving.move_without_flag], ids=["placeholder", "any"])
    def test_a_folder_moves_with_all_in_it(self, root: bytes, two: TwoFolders, way) -> None:
        way((two[0], b"sub"), (two[1], b"sub"))
        assert read_tree(root) == {b"inbox": {b"a": b"alpha", b"b": b"beta"}, b"out": {b"sub": {b"c": b"gamma"}}}

    @WAYS
    def test_a_taken_name_is_never_replaced(self, root: bytes, two: TwoFolders, way) -> None:
        before = read_tree(root)
        with refused(errno.EEXIST):
            way((two[0], b"a"), (two[0], b"b"))
        assert read_tree(root) == before

    @WAYS
    def test_a_missing_source_leaves_nothing_behind(self, root: bytes, two: TwoFolders, way) -> None:
        before = read_tree(root)
        with refused(errno.ENOENT):
            way((two[0], b"none"), (two[1], b"none"))
        assert read_tree(root) == before

    @pytest.mark.parametrize("name", [b"a", b"sub"])
    def test_a_placeholder_whose_number_the_system_has_lost_is_still_known(
        self, root: bytes, two: TwoFolders, name: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for reserve in ("_reserve_file", "_reserve_folder"):
            really = getattr(moving, reserve)
            forgetful = partial(lambda really, target: replace(really(target), inode=1), really)
            monkeypatch.setattr(moving, reserve, forgetful)
        moving.move_by_placeholder((two[0], name), (two[1], b"moved"))
        assert name not in read_tree(root)[b"inbox"]
        with monkeypatch.context() as refusing, refused(errno.EIO):
            refusing.setattr(os, "rename", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EIO, "refused")))
            moving.move_by_placeholder((two[0], b"b"), (two[1], b"b"))
        assert list(read_tree(root)[b"out"]) == [b"moved"]

    def test_a_folder_into_itself_is_refused_and_leaves_nothing_behind(self, root: bytes, two: TwoFolders) -> None:
        before = read_tree(root)
        below = os.open(root + b"/inbox/sub", linux.O_PATH)
        try:
            with refused(errno.EINVAL):
                moving.move_without_flag((two[0], b"sub"), (below, b"deeper"))
        finally:
            os.close(below)
        assert read_tree(root) == before

    def test_a_newer_file_saved_under_the_old_name_meanwhile_goes_back_there(
        self, root: bytes, two: TwoFolders
    ) -> None:
        os.link(root + b"/inbox/a", root + b"/out/a")  # as far as the move has come …
        linked = linux.attr_at(two[1], b"a")
        write_tree(root + b"/inbox", {b"saved": b"newer"})
        os.rename(root + b"/inbox/saved", root + b"/inbox/a")  # … when an editor saves, atomically
        os.rename(root + b"/inbox/a", root + b"/inbox/aside")
        moving.settle_aside((two[0], b"aside"), (two[0], b"a"), linked)
        assert read_tree(root) == {
            b"inbox": {b"a": b"newer", b"b": b"beta", b"sub": {b"c": b"gamma"}},
            b"out": {b"a": b"alpha"},
        }

    def test_a_file_left_aside_by_an_earlier_move_is_not_replaced(self, root: bytes, two: TwoFolders) -> None:
        aside = b".ifmosfs-q-%x" % linux.attr_at(two[0], b"a").inode
        write_tree(root + b"/inbox", {aside: b"left aside"})
        before = read_tree(root)
        with refused(errno.EBUSY):
            moving.move_by_link((two[0], b"a"), (two[1], b"a"))
        assert read_tree(root) == before
