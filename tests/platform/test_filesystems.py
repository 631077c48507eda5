"""Filesystems are known for what they are; those that are not at hand are made in loop images, as root."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.names import NameRules
from ifmosfs.platform import filesystems
from ifmosfs.platform.disk import PosixDisk
from tests.adapters.disk_conformance import refused
from tests.adapters.trees import Link, read_tree, write_tree

SIZES_MIB = {"ext4": 32, "vfat": 32, "btrfs": 128, "xfs": 320}
OPTIONS = {"ext4": ["-q"], "vfat": [], "btrfs": ["-q"], "xfs": ["-q"]}


def run_or_skip(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[:1]
        pytest.skip(f"{' '.join(command[:3])} is not possible here: {reason}")


def mounted(fstype: str, tmp_path: Path, *options: str) -> Path:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a loop image")
    if not shutil.which(f"mkfs.{fstype}"):
        pytest.skip(f"needs mkfs.{fstype}")
    image, point = tmp_path / f"{fstype}.image", tmp_path / fstype
    with open(image, "wb") as file:
        file.truncate(SIZES_MIB[fstype] << 20)
    run_or_skip(f"mkfs.{fstype}", *OPTIONS[fstype], *options, str(image))
    point.mkdir()
    run_or_skip("mount", "-o", "loop", str(image), str(point))
    return point


@pytest.fixture(params=sorted(SIZES_MIB))
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    point = mounted(request.param, tmp_path)
    yield request.param, point
    subprocess.run(["umount", str(point)], check=True)


@pytest.fixture
def disk() -> Iterator[PosixDisk]:
    with PosixDisk() as opened:
        yield opened


RULES = {
    "ext4": NameRules(),
    "xfs": NameRules(),
    "btrfs": NameRules(),
    "vfat": NameRules(ignores_case=True, utf8_only=True, dos=True),
}


@pytest.mark.root
def test_each_filesystem_is_known_by_its_rules(image: tuple[str, Path]) -> None:
    fstype, point = image
    with PosixDisk() as disk:
        assert disk.name_rules(Place(os.fsencode(point), b"not yet/there")) == RULES[fstype]


@pytest.mark.root
@pytest.mark.parametrize("fstype", ["ext4", "btrfs", "xfs"])
def test_the_identity_is_the_uuid_and_survives_a_remount(tmp_path: Path, fstype: str) -> None:
    point = mounted(fstype, tmp_path)
    try:
        with PosixDisk() as disk:
            before = disk.filesystem(Place(os.fsencode(point), b""))
        assert before.startswith("uuid:")
        subprocess.run(["umount", str(point)], check=True)
        subprocess.run(["mount", "-o", "loop", str(tmp_path / f"{fstype}.image"), str(point)], check=True)
        with PosixDisk() as disk:
            assert disk.filesystem(Place(os.fsencode(point), b"")) == before
    finally:
        subprocess.run(["umount", str(point)], check=True)


@pytest.mark.root
def test_a_folder_that_folds_case_is_known_by_its_flag(tmp_path: Path) -> None:
    point = mounted("ext4", tmp_path, "-O", "casefold")
    try:
        (point / "folded").mkdir()
        run_or_skip("chattr", "+F", str(point / "folded"))
        with PosixDisk() as disk:
            rules = disk.name_rules(Place(os.fsencode(point), b"folded"))
        assert rules == NameRules(ignores_case=True, ignores_form=True)
    finally:
        subprocess.run(["umount", str(point)], check=True)


@pytest.mark.root
def test_a_move_within_is_durable_and_never_replaces(image: tuple[str, Path]) -> None:
    _, point = image
    root = os.fsencode(point)
    write_tree(root, {b"in": {b"a": b"alpha", b"b": b"beta"}})
    with PosixDisk() as disk:
        disk.make_folder(Place(root, b"out"), 0o755)
        disk.sync([Place(root, b""), Place(root, b"out")])
        disk.rename_noreplace(Place(root, b"in/a"), Place(root, b"out/a"))
        with refused(errno.EEXIST):
            disk.rename_noreplace(Place(root, b"in/b"), Place(root, b"out/a"))
        disk.sync([Place(root, b"in"), Place(root, b"out")])
    assert {name: tree for name, tree in read_tree(root).items() if name != b"lost+found"} == {
        b"in": {b"b": b"beta"},
        b"out": {b"a": b"alpha"},
    }


@pytest.mark.root
def test_a_move_to_another_filesystem_is_exdev_and_a_copy_gets_there(image: tuple[str, Path], tmp_path: Path) -> None:
    fstype, point = image
    root, other = os.fsencode(tmp_path), os.fsencode(point)
    (tmp_path / "a").write_bytes(b"alpha" * 100_000)
    with PosixDisk() as disk:
        with refused(errno.EXDEV):
            disk.rename_noreplace(Place(root, b"a"), Place(other, b"a"))
        before = disk.lstat(Place(root, b"a"))
        copied = disk.copy(Place(root, b"a"), Place(other, b"a"), before.fingerprint)
        assert copied.digest == disk.digest(Place(root, b"a"))
        if fstype != "vfat":  # it counts in steps of two seconds, and has no modes
            assert (copied.attr.mode, copied.attr.mtime_ns) == (before.mode, before.mtime_ns)
    assert (point / "a").read_bytes() == b"alpha" * 100_000


@pytest.mark.root
@pytest.mark.parametrize("fstype", ["btrfs", "xfs"])
def test_a_copy_within_a_filesystem_that_can_share_blocks_is_complete(tmp_path: Path, fstype: str) -> None:
    point = mounted(fstype, tmp_path)
    root = os.fsencode(point)
    write_tree(root, {b"a": b"alpha" * 300_000 + b"end"})
    try:
        with PosixDisk() as disk:
            disk.copy(Place(root, b"a"), Place(root, b"b"), disk.lstat(Place(root, b"a")).fingerprint)
        assert read_tree(root) == {b"a": b"alpha" * 300_000 + b"end", b"b": b"alpha" * 300_000 + b"end"}
    finally:
        subprocess.run(["umount", str(point)], check=True)


@pytest.mark.root
def test_what_fat_cannot_hold_is_refused_and_leaves_nothing(tmp_path: Path, disk: PosixDisk) -> None:
    point = mounted("vfat", tmp_path)
    root, other = os.fsencode(tmp_path / "source"), os.fsencode(point)
    write_tree(root, {b"link": Link(b"a"), b"noted": b"x"})
    os.setxattr(root + b"/noted", "user.note", b"n")
    try:
        for name, number in ((b"link", errno.EPERM), (b"noted", errno.EOPNOTSUPP)):
            place = Place(root, name)
            with refused(number):
                disk.copy(place, Place(other, name), disk.lstat(place).fingerprint)
        assert read_tree(other) == {}
    finally:
        disk.close()
        subprocess.run(["umount", str(point)], check=True)


@pytest.mark.root
def test_a_filesystem_without_extended_attributes_gets_no_copy_that_needs_them(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a ramfs")
    root, other = os.fsencode(tmp_path / "source"), os.fsencode(tmp_path / "ramfs")
    write_tree(root, {b"noted": b"x", b"plain": b"y"})
    os.setxattr(root + b"/noted", "user.note", b"n")
    os.mkdir(other)
    run_or_skip("mount", "-t", "ramfs", "ramfs", os.fsdecode(other))
    try:
        with PosixDisk() as disk:
            plain, noted = Place(root, b"plain"), Place(root, b"noted")
            disk.copy(plain, Place(other, b"plain"), disk.lstat(plain).fingerprint)
            with refused(errno.EOPNOTSUPP):
                disk.copy(noted, Place(other, b"noted"), disk.lstat(noted).fingerprint)
        assert read_tree(other) == {b"plain": b"y"}
    finally:
        subprocess.run(["umount", os.fsdecode(other)], check=True)


def test_a_symlink_is_on_the_filesystem_of_its_folder(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    os.symlink(b"/proc", tmp_path / "link")
    with PosixDisk() as disk:
        assert disk.filesystem(Place(root, b"link")) == disk.filesystem(Place(root, b""))
        with refused(errno.ELOOP):
            disk.filesystem(Place(root, b"link/sys"))


def test_the_identity_of_a_filesystem_without_uuid_names_its_type() -> None:
    with PosixDisk() as disk:
        found = disk.filesystem(Place(b"/proc", b""))
        assert found == disk.filesystem(Place(b"/proc", b"sys"))
    assert found.startswith("fsid:")
    assert found.endswith(":proc")


def test_two_filesystems_have_two_identities() -> None:
    with PosixDisk() as disk:
        assert disk.filesystem(Place(b"/proc", b"")) != disk.filesystem(Place(b"/", b""))


def test_hard_links_that_differ_in_case_are_not_taken_for_a_folding_folder(tmp_path: Path) -> None:
    write_tree(tmp_path, {b"Twin": b"x"})
    os.link(tmp_path / "Twin", tmp_path / "tWIN")
    with PosixDisk() as disk:
        assert not disk.name_rules(Place(os.fsencode(tmp_path), b"")).ignores_case


def test_an_ordinary_folder_holds_owners(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert filesystems.holds_owners(descriptor)
    finally:
        os.close(descriptor)
