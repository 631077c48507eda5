"""The promises of `core.ports.Disk`, as one suite for every adapter.

A subclass provides `bench`: a disk whose root holds `BEFORE`, with the means to look at it and to play another program.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import pytest
from blake3 import blake3

from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.journal import FolderMeta
from ifmosfs.core.ports import Disk
from tests.adapters.trees import Link, Special, Tree

LONGEST = b"n" * 255
NOT_UTF8 = b"caf\xe9\nmenu.txt"

BEFORE: Tree = {
    b"inbox": {
        b"a.txt": b"alpha",
        b"empty": b"",
        b"link": Link(b"a.txt"),
        b"pipe": Special(),
        b"sub": {b"b.txt": b"beta"},
        NOT_UTF8: b"name",
        LONGEST: b"long",
    },
    b"out": {b"taken.txt": b"other", b"empty folder": {}},
    b"to inbox": Link(b"inbox"),
}


@contextmanager
def refused(number: int) -> Iterator[pytest.ExceptionInfo[OSError]]:
    """Expects an `OSError` with this errno."""
    with pytest.raises(OSError, match=rf"^\[Errno {number}\]") as caught:
        yield caught


class World(Protocol):
    """What another program could see and do."""

    def tree(self) -> dict[bytes, object]: ...
    def write(self, path: bytes, content: bytes) -> None: ...


@dataclass
class Bench:
    """A disk under test, the root its tree is in, and the world around it."""

    disk: Disk
    root: bytes
    world: World

    def place(self, path: bytes) -> Place:
        return Place(self.root, path)


def after(**changed: object) -> dict[bytes, object]:
    """`BEFORE` with other top-level folders."""
    return {**BEFORE, **{name.encode(): node for name, node in changed.items()}}


def inbox_without(*names: bytes) -> dict[bytes, object]:
    return {name: node for name, node in BEFORE[b"inbox"].items() if name not in names}


class DiskConformance:
    """Each test states one promise."""

    # Looking

    @pytest.mark.parametrize(
        ("path", "kind", "size_bytes"),
        [
            (b"inbox/a.txt", Kind.FILE, 5),
            (b"inbox/empty", Kind.FILE, 0),
            (b"inbox/link", Kind.SYMLINK, 5),
            (b"inbox/pipe", Kind.OTHER, 0),
            (b"inbox/" + NOT_UTF8, Kind.FILE, 4),
            (b"inbox/" + LONGEST, Kind.FILE, 4),
        ],
        ids=["file", "empty file", "symlink", "pipe", "not UTF-8", "255 bytes"],
    )
    def test_lstat_tells_the_entry_itself(self, bench: Bench, path: bytes, kind: Kind, size_bytes: int) -> None:
        attr = bench.disk.lstat(bench.place(path))
        assert (attr.kind, attr.size_bytes) == (kind, size_bytes)

    def test_lstat_of_the_root_is_that_of_the_folder(self, bench: Bench) -> None:
        assert bench.disk.lstat(bench.place(b"")).kind is Kind.FOLDER

    @pytest.mark.parametrize("path", [b"inbox/a.txt", b"inbox/link", b"inbox", b""])
    def test_arrival_is_the_fingerprint_of_lstat_whatever_was_expected(self, bench: Bench, path: bytes) -> None:
        place = bench.place(path)
        there = bench.disk.lstat(place).fingerprint
        expected = [
            there,
            replace(there, ctime_ns=1),
            replace(there, birth_ns=None),
            replace(there, inode=there.inode + 1),
            replace(there, size_bytes=there.size_bytes + 1),
            replace(there, mtime_ns=there.mtime_ns + 1),
        ]
        assert [bench.disk.arrival(place, each) for each in expected] == [there] * len(expected)

    @pytest.mark.parametrize(
        ("path", "number"),
        [
            (b"inbox/missing", errno.ENOENT),
            (b"missing/a.txt", errno.ENOENT),
            (b"inbox/a.txt/below", errno.ENOTDIR),
            (b"to inbox/a.txt", errno.ELOOP),
            (b"..", errno.EXDEV),
            (b"inbox/../../elsewhere/x", errno.EXDEV),
            (b"/etc/passwd", errno.EXDEV),
            (b"/etc", errno.EXDEV),
            (b"inbox/" + b"n" * 256, errno.ENAMETOOLONG),
            (b"inbox/a.txt\0b", errno.EINVAL),
        ],
        ids=["missing", "missing folder", "below a file", "symlink on the way", "..", ".. outside", "absolute",
             "absolute top", "256 bytes", "NUL"],
    )  # fmt: skip
    def test_lstat_and_arrival_refuse_with_the_path_and_the_errno(self, bench: Bench, path: bytes, number: int) -> None:
        expected = Fingerprint(1, 2, 3, 4, 5)
        for look in (bench.disk.lstat, lambda place: bench.disk.arrival(place, expected)):
            with refused(number) as caught:
                look(bench.place(path))
            assert caught.value.filename == bench.place(path).absolute

    def test_lstat_of_a_root_that_is_missing_is_enoent(self, bench: Bench) -> None:
        with pytest.raises(FileNotFoundError):
            bench.disk.lstat(Place(bench.root + b"/none", b"a"))

    def test_list_folder_gives_every_entry_with_the_attributes_of_lstat(self, bench: Bench) -> None:
        found = dict(bench.disk.list_folder(bench.place(b"inbox")))
        assert found == {name: bench.disk.lstat(bench.place(b"inbox/" + name)) for name in BEFORE[b"inbox"]}

    @pytest.mark.parametrize(
        ("path", "number"),
        [(b"inbox/a.txt", errno.ENOTDIR), (b"to inbox", errno.ELOOP), (b"none", errno.ENOENT)],
        ids=["file", "symlink", "missing"],
    )
    def test_list_folder_refuses_what_is_no_folder(self, bench: Bench, path: bytes, number: int) -> None:
        with refused(number):
            bench.disk.list_folder(bench.place(path))

    def test_open_read_gives_the_content_and_cannot_write(self, bench: Bench) -> None:
        descriptor = bench.disk.open_read(bench.place(b"inbox/a.txt"))
        try:
            assert os.read(descriptor, 100) == b"alpha"
            with refused(errno.EBADF):
                os.write(descriptor, b"x")
        finally:
            os.close(descriptor)

    @pytest.mark.parametrize(
        ("path", "number"),
        [(b"inbox/pipe", errno.EINVAL), (b"inbox/sub", errno.EINVAL), (b"inbox/link", errno.ELOOP)],
        ids=["pipe", "folder", "symlink"],
    )
    def test_open_read_refuses_what_is_no_regular_file(self, bench: Bench, path: bytes, number: int) -> None:
        with refused(number):
            bench.disk.open_read(bench.place(path))

    def test_read_link_gives_the_text(self, bench: Bench) -> None:
        assert bench.disk.read_link(bench.place(b"inbox/link")) == b"a.txt"

    def test_read_link_of_a_file_is_einval(self, bench: Bench) -> None:
        with refused(errno.EINVAL):
            bench.disk.read_link(bench.place(b"inbox/a.txt"))

    def test_digest_is_blake3_of_the_content(self, bench: Bench) -> None:
        assert bench.disk.digest(bench.place(b"inbox/a.txt")) == blake3(b"alpha").digest()

    def test_space_of_a_missing_place_is_that_of_its_nearest_parent(self, bench: Bench) -> None:
        here = bench.disk.space(bench.place(b""))
        missing = bench.disk.space(Place(bench.root + b"/not yet", b"deeper/still"))
        assert (missing.block_bytes, missing.n_blocks, missing.name_max_bytes) == (
            here.block_bytes,
            here.n_blocks,
            here.name_max_bytes,
        )

    def test_a_filesystem_that_takes_changes_is_not_read_only(self, bench: Bench) -> None:
        bench.disk.make_folder(bench.place(b"made"), 0o755)
        assert [bench.disk.space(bench.place(path)).read_only for path in (b"", b"made", b"made/not yet")] == [
            False
        ] * 3

    def test_filesystem_is_one_identity_for_a_whole_tree(self, bench: Bench) -> None:
        identities = {bench.disk.filesystem(bench.place(path)) for path in (b"", b"inbox", b"inbox/a.txt", b"no/such")}
        assert len(identities) == 1
        assert identities.pop().startswith(("uuid:", "fsid:"))

    def test_name_rules_are_found_without_changing_anything(self, bench: Bench) -> None:
        rules = bench.disk.name_rules(bench.place(b"inbox"))
        assert rules.name_max_bytes == 255
        assert bench.world.tree() == BEFORE

    # Folders

    @pytest.mark.parametrize("mode", [0o755, 0o700, 0o2775], ids=oct)
    def test_make_folder_makes_it_with_exactly_the_mode(self, bench: Bench, mode: int) -> None:
        bench.disk.make_folder(bench.place(b"out/new"), mode)
        assert bench.disk.lstat(bench.place(b"out/new")).mode == stat.S_IFDIR | mode
        assert bench.world.tree() == after(out={**BEFORE[b"out"], b"new": {}})

    def test_make_folder_refuses_a_taken_name(self, bench: Bench) -> None:
        with pytest.raises(FileExistsError):
            bench.disk.make_folder(bench.place(b"out/taken.txt"), 0o755)
        assert bench.world.tree() == BEFORE

    def test_a_root_itself_can_be_made_and_removed(self, bench: Bench) -> None:
        new = Place(bench.root + b"/new root", b"")
        bench.disk.make_folder(new, 0o755)
        bench.disk.make_folder(Place(new.root, b"below"), 0o755)
        bench.disk.remove_folder(Place(new.root, b"below"))
        bench.disk.remove_folder(new)
        assert bench.world.tree() == BEFORE

    def test_remove_folder_removes_an_empty_one(self, bench: Bench) -> None:
        bench.disk.remove_folder(bench.place(b"out/empty folder"))
        assert bench.world.tree() == after(out={b"taken.txt": b"other"})

    @pytest.mark.parametrize(
        ("path", "number"),
        [(b"inbox", errno.ENOTEMPTY), (b"inbox/a.txt", errno.ENOTDIR), (b"none", errno.ENOENT)],
        ids=["not empty", "file", "missing"],
    )
    def test_remove_folder_refuses_the_rest(self, bench: Bench, path: bytes, number: int) -> None:
        with refused(number):
            bench.disk.remove_folder(bench.place(path))
        assert bench.world.tree() == BEFORE

    def test_a_folder_made_again_from_its_meta_has_the_same_meta(self, bench: Bench) -> None:
        place = bench.place(b"out/empty folder")
        bench.disk.set_times(place, 1_500_000_000_000_000_001, 1_400_000_000_000_000_002)
        before = bench.disk.folder_meta(place)
        bench.disk.remove_folder(place)
        bench.disk.make_folder(place, 0o700)
        bench.disk.restore_folder(place, before)
        bench.disk.set_times(place, before.atime_ns, before.mtime_ns)
        assert bench.disk.folder_meta(place) == before
        assert (before.atime_ns, before.mtime_ns) == (1_500_000_000_000_000_001, 1_400_000_000_000_000_002)

    def test_restore_folder_gives_the_mode(self, bench: Bench) -> None:
        place = bench.place(b"out")
        now = bench.disk.folder_meta(place)
        bench.disk.restore_folder(place, replace(now, mode=0o1777))
        assert bench.disk.folder_meta(place).mode == 0o1777

    def test_set_times_without_an_access_time_leaves_it_alone(self, bench: Bench) -> None:
        before = bench.disk.folder_meta(bench.place(b"out"))
        bench.disk.set_times(bench.place(b"out"), None, 1_300_000_000_000_000_003)
        found: FolderMeta = bench.disk.folder_meta(bench.place(b"out"))
        assert found == replace(before, mtime_ns=1_300_000_000_000_000_003)

    # Moving

    @pytest.mark.parametrize("name", [b"a.txt", b"link", b"pipe", NOT_UTF8, LONGEST], ids=str)
    def test_rename_moves_the_entry_itself(self, bench: Bench, name: bytes) -> None:
        source, target = bench.place(b"inbox/" + name), bench.place(b"out/" + name)
        before = bench.disk.lstat(source)
        bench.disk.rename_noreplace(source, target)
        assert bench.disk.lstat(target).fingerprint.same_file(before.fingerprint)
        assert bench.world.tree() == after(
            inbox=inbox_without(name), out={**BEFORE[b"out"], name: BEFORE[b"inbox"][name]}
        )

    def test_rename_moves_a_folder_with_all_in_it(self, bench: Bench) -> None:
        assert bench.disk.lstat(bench.place(b"inbox/sub/b.txt")).size_bytes == 4
        bench.disk.rename_noreplace(bench.place(b"inbox/sub"), bench.place(b"out/sub"))
        with pytest.raises(FileNotFoundError):
            bench.disk.lstat(bench.place(b"inbox/sub/b.txt"))
        assert bench.disk.lstat(bench.place(b"out/sub/b.txt")).size_bytes == 4

    @pytest.mark.parametrize(
        ("source", "target", "number"),
        [
            (b"inbox/a.txt", b"out/taken.txt", errno.EEXIST),
            (b"inbox/sub", b"out/empty folder", errno.EEXIST),
            (b"inbox/a.txt", b"inbox/a.txt", errno.EEXIST),
            (b"inbox/none", b"out/none", errno.ENOENT),
            (b"inbox/a.txt", b"none/a.txt", errno.ENOENT),
            (b"inbox/a.txt", b"out/taken.txt/a", errno.ENOTDIR),
            (b"inbox/sub", b"inbox/sub/deeper", errno.EINVAL),
            (b"to inbox/a.txt", b"out/a.txt", errno.ELOOP),
            (b"inbox/a.txt", b"to inbox/b.txt", errno.ELOOP),
            (b"inbox/a.txt", b"../a.txt", errno.EXDEV),
            (b"inbox/a.txt", b"out/" + b"n" * 256, errno.ENAMETOOLONG),
        ],
        ids=["taken", "empty folder taken", "same name", "source missing", "folder missing", "below a file",
             "into itself", "source through symlink", "target through symlink", "outside", "name too long"],
    )  # fmt: skip
    def test_rename_refused_changes_nothing(self, bench: Bench, source: bytes, target: bytes, number: int) -> None:
        with refused(number):
            bench.disk.rename_noreplace(bench.place(source), bench.place(target))
        assert bench.world.tree() == BEFORE

    # Copying

    @pytest.mark.parametrize("name", [b"a.txt", b"empty", NOT_UTF8], ids=str)
    def test_copy_gives_content_mode_owner_and_times_under_a_new_name(self, bench: Bench, name: bytes) -> None:
        source, target = bench.place(b"inbox/" + name), bench.place(b"out/copy")
        before = bench.disk.lstat(source)
        copied = bench.disk.copy(source, target, before.fingerprint)
        content = BEFORE[b"inbox"][name]
        found = bench.disk.lstat(target)
        assert copied.digest == blake3(content).digest()
        assert copied.attr == found
        assert (found.mode, found.uid, found.gid, found.size_bytes, found.mtime_ns, found.atime_ns) == (
            before.mode, before.uid, before.gid, before.size_bytes, before.mtime_ns, before.atime_ns,
        )  # fmt: skip
        assert bench.world.tree() == after(out={**BEFORE[b"out"], b"copy": content})

    def test_copy_of_a_symlink_is_a_symlink(self, bench: Bench) -> None:
        source = bench.place(b"inbox/link")
        before = bench.disk.lstat(source)
        copied = bench.disk.copy(source, bench.place(b"out/copy"), before.fingerprint)
        assert (copied.digest, copied.attr.mtime_ns) == (blake3(b"a.txt").digest(), before.mtime_ns)
        assert bench.world.tree() == after(out={**BEFORE[b"out"], b"copy": Link(b"a.txt")})

    def test_copy_refuses_another_file_than_the_expected_one(self, bench: Bench) -> None:
        before = bench.disk.lstat(bench.place(b"inbox/a.txt"))
        bench.world.write(b"inbox/a.txt", b"alpha, longer")
        with refused(errno.ESTALE):
            bench.disk.copy(bench.place(b"inbox/a.txt"), bench.place(b"out/copy"), before.fingerprint)
        assert bench.world.tree() == after(inbox={**BEFORE[b"inbox"], b"a.txt": b"alpha, longer"})

    @pytest.mark.parametrize(
        ("source", "target", "number"),
        [
            (b"inbox/a.txt", b"out/taken.txt", errno.EEXIST),
            (b"inbox/link", b"out/taken.txt", errno.EEXIST),
            (b"inbox/sub", b"out/copy", errno.EINVAL),
            (b"inbox/pipe", b"out/copy", errno.EINVAL),
            (b"inbox/a.txt", b"none/copy", errno.ENOENT),
        ],
        ids=["taken", "taken for a symlink", "folder", "pipe", "folder missing"],
    )
    def test_copy_refused_changes_nothing(self, bench: Bench, source: bytes, target: bytes, number: int) -> None:
        expected = bench.disk.lstat(bench.place(source)).fingerprint
        with refused(number):
            bench.disk.copy(bench.place(source), bench.place(target), expected)
        assert bench.world.tree() == BEFORE

    # Removing

    @pytest.mark.parametrize("name", [b"a.txt", b"link"], ids=["file", "symlink"])
    def test_unlink_checked_removes_the_one_name(self, bench: Bench, name: bytes) -> None:
        place = bench.place(b"inbox/" + name)
        bench.disk.unlink_checked(place, bench.disk.lstat(place).fingerprint)
        assert bench.world.tree() == after(inbox=inbox_without(name))

    def test_unlink_checked_refuses_a_file_that_changed(self, bench: Bench) -> None:
        place = bench.place(b"inbox/a.txt")
        expected = bench.disk.lstat(place).fingerprint
        bench.world.write(b"inbox/a.txt", b"newer work")
        with refused(errno.ESTALE):
            bench.disk.unlink_checked(place, expected)
        assert bench.world.tree() == after(inbox={**BEFORE[b"inbox"], b"a.txt": b"newer work"})

    def test_unlink_checked_refuses_another_file_of_that_name(self, bench: Bench) -> None:
        expected = bench.disk.lstat(bench.place(b"inbox/a.txt")).fingerprint
        with refused(errno.ESTALE):
            bench.disk.unlink_checked(bench.place(b"out/taken.txt"), expected)
        assert bench.world.tree() == BEFORE

    @pytest.mark.parametrize(
        ("path", "number"),
        [(b"inbox/none", errno.ENOENT), (b"inbox/sub", errno.EISDIR)],
        ids=["missing", "folder"],
    )
    def test_unlink_checked_refuses_what_is_no_file(self, bench: Bench, path: bytes, number: int) -> None:
        expected = bench.disk.lstat(bench.place(b"inbox/a.txt")).fingerprint
        with refused(number):
            bench.disk.unlink_checked(bench.place(path), expected)
        assert bench.world.tree() == BEFORE

    # Syncing

    def test_sync_takes_any_folders_even_one_that_is_gone(self, bench: Bench) -> None:
        bench.disk.make_folder(bench.place(b"out/new"), 0o755)
        bench.disk.rename_noreplace(bench.place(b"inbox/a.txt"), bench.place(b"out/new/a.txt"))
        bench.disk.sync([bench.place(b"inbox"), bench.place(b"out/new"), bench.place(b"gone")])
        bench.disk.sync([])
        expected = {**BEFORE[b"out"], b"new": {b"a.txt": b"alpha"}}
        assert bench.world.tree() == after(inbox=inbox_without(b"a.txt"), out=expected)
