"""The mount table is read as the kernel writes it."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from ifmosfs.core.errors import IfmosfsError
from ifmosfs.platform.mounts import Mount, attribute, is_stale, mount_of, mounts, parse_mount, views

HOME = Mount(2, 1, "8:2", b"/home", "ext4", b"/dev/sda2", ("rw",))
OVER_HOME = Mount(3, 2, "0:40", b"/home", "tmpfs", b"tmpfs", ("rw",))
TOP = Mount(1, 0, "8:1", b"/", "ext4", b"/dev/sda1", ("rw",))


def test_a_line_with_tags_and_escapes_is_parsed() -> None:
    line = (
        rb"36 35 98:0 /mnt1 /home/a\040b\012c\134d rw,noatime master:1 shared:2 - fuse.ifmosfs ifmosfs:1\0402 rw,errors"
    )
    assert parse_mount(line) == Mount(
        36, 35, "98:0", b"/home/a b\nc\\d", "fuse.ifmosfs", b"ifmosfs:1 2", ("rw", "noatime", "rw", "errors")
    )


def test_a_line_without_tags_and_with_other_bytes_is_parsed() -> None:
    line = b"36 35 0:5 / /caf\xe9 rw - tmpfs none rw"
    assert parse_mount(line) == Mount(36, 35, "0:5", b"/caf\xe9", "tmpfs", b"none", ("rw", "rw"))


@pytest.mark.parametrize(
    ("fstype", "source", "expected"),
    [("fuse.ifmosfs", b"x", True), ("fuse", b"ifmosfs:plan", True), ("ext4", b"/dev/ifmosfs:", False)],
    ids=["by type", "by source", "another"],
)
def test_a_view_is_known_by_type_or_source(fstype: str, source: bytes, expected: bool) -> None:
    assert Mount(1, 0, "0:1", b"/v", fstype, source, ()).is_view is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [(b"/home/a", OVER_HOME), (b"/home", OVER_HOME), (b"/homely", TOP), (b"/", TOP)],
    ids=["below", "the point", "a longer name", "the top"],
)
def test_a_path_belongs_to_the_deepest_and_last_mount_above_it(path: bytes, expected: Mount) -> None:
    assert mount_of(path, (TOP, HOME, OVER_HOME)) == expected


def test_without_a_table_there_is_no_mount() -> None:
    assert mount_of(b"/home", ()) is None


def test_a_table_that_cannot_be_read_is_an_error_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifmosfs.platform.mounts.TABLE", "/proc")
    with pytest.raises(IfmosfsError, match=r"what is mounted here cannot be seen \(Is a directory\)"):
        views()


def test_the_systems_table_knows_the_device_of_a_folder(tmp_path: Path) -> None:
    mount = mount_of(os.fsencode(tmp_path.resolve()), mounts())
    if all(each.point != b"/" for each in mounts()):
        pytest.skip("in a chroot the table does not show what the root lies on")
    assert mount is not None
    if mount.fstype == "btrfs":
        pytest.skip("btrfs shows other device numbers in stat than in the mount table")
    device = os.stat(tmp_path).st_dev
    assert mount.device == f"{os.major(device)}:{os.minor(device)}"


def test_a_living_mount_is_not_stale(tmp_path: Path) -> None:
    assert not is_stale(Mount(1, 0, "0:1", os.fsencode(tmp_path), "fuse.ifmosfs", b"ifmosfs:x", ()))


@pytest.mark.root
@pytest.mark.fuse
def test_a_view_whose_process_is_gone_is_stale(tmp_path: Path) -> None:
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        pytest.skip("needs root and /dev/fuse, to mount without a library")
    point, device = str(tmp_path / "view"), os.open("/dev/fuse", os.O_RDWR)
    os.mkdir(point)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    command = ["mount", "-i", "-t", "fuse", "-o", options, "ifmosfs:test", point]
    done = subprocess.run(command, pass_fds=[device], capture_output=True, text=True, check=False)
    os.close(device)  # with the last descriptor the kernel takes the filesystem for dead
    if done.returncode != 0:
        pytest.skip(f"mounting is not possible here: {done.stderr.strip()}")
    try:
        (view,) = [mount for mount in views() if mount.point == os.fsencode(point)]
        assert is_stale(view)
    finally:
        subprocess.run(["umount", point], check=True)


def mounted_at(folder: Path) -> Mount:
    return Mount(1, 0, "0:1", os.fsencode(folder), "fuse", b"ifmosfs:x", ())


def test_a_mount_that_does_not_answer_in_time_is_given_up_and_not_called_stale(tmp_path: Path) -> None:
    assert not is_stale(mounted_at(tmp_path), timeout_seconds=0.0)


def test_an_attribute_of_a_root_is_read_as_it_is(tmp_path: Path) -> None:
    value = b"with a \0, a \xff and an end of line\n"
    try:
        os.setxattr(tmp_path, b"user.of-a-root", value)
    except OSError:
        pytest.skip("no attributes on this filesystem")
    assert attribute(mounted_at(tmp_path), b"user.of-a-root") == value


@pytest.mark.parametrize(("seconds", "number"), [(30.0, errno.ENODATA), (0.0, errno.ETIMEDOUT)])
def test_an_attribute_that_is_not_there_or_does_not_come_in_time_is_an_error(
    tmp_path: Path, seconds: float, number: int
) -> None:
    with pytest.raises(OSError) as refused:  # noqa: PT011  # its number is what matters
        attribute(mounted_at(tmp_path), b"user.of-a-root", timeout_seconds=seconds)
    assert (refused.value.errno, refused.value.filename) == (number, os.fsencode(tmp_path))
