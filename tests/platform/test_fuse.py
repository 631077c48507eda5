"""The FUSE driver on a real mount: what a program sees of a view, and what the mount leaves behind."""

from __future__ import annotations

import ctypes
import errno
import filecmp
import functools
import mmap
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from ifmosfs.core.errors import BackendMissing, MountProblem
from ifmosfs.core.ports import Space
from ifmosfs.platform.fuse import Driver, mount_problem, probe, unmount
from tests.fuse_support import FUSE_MARKS, PROJECT, REQUIRED, Daemon, fake_view_command, served
from tests.platform.fake_view import GENERATED, N_LOOKUPS, N_MANY, READING, SLOW_NAME, SLOW_NAME_S, SLOW_S, SPACE

pytestmark = FUSE_MARKS

RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4
AT_FDCWD = -100
MTIME_NS = 1_600_000_000_123_456_789
AWKWARD_NAMES = {b"not utf-8 \xff\xfe.txt", b"two\nlines.txt", b"\xc3\xa9" * 127 + b"x", b"a\\b,c'd\"e "}
LIBC = ctypes.CDLL(None, use_errno=True)

Start = Callable[..., Daemon]


@pytest.fixture(params=list(Driver), ids=lambda driver: driver.value)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Every test of this module that mounts runs with each driver."""
    chosen: Driver = request.param
    _skip_without(chosen)
    return chosen


def _skip_without(chosen: Driver) -> None:
    if chosen is Driver.KERNEL and not sys.platform.startswith("linux"):
        pytest.skip("only Linux speaks this protocol")
    if chosen is Driver.LIBFUSE and probe().libfuse_troubles and not REQUIRED:
        pytest.skip("there is no libfuse")


@pytest.fixture
def has_rename_flags(driver: Driver) -> None:
    """Skips where the kernel refuses all flags, because libfuse 2 does not know them."""
    if driver is Driver.LIBFUSE and (probe().version or "").startswith("2."):
        pytest.skip("libfuse 2 knows no rename flags")


needs_rename_flags = pytest.mark.usefixtures("has_rename_flags")


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    root = tmp_path / "originals"
    (root / "docs" / "deep").mkdir(parents=True)
    (root / "docs" / "one.txt").write_text("one\n")
    (root / "docs" / "two.txt").write_text("two\n")
    (root / "docs" / "empty").write_bytes(b"")
    (root / "docs" / "deep" / "big.bin").write_bytes(os.urandom(3_000_001))
    (root / "docs" / "link").symlink_to("/somewhere/else")
    os.utime(root / "docs" / "one.txt", ns=(MTIME_NS - 5, MTIME_NS))
    return root


@pytest.fixture
def start(originals: Path, tmp_path: Path, driver: Driver) -> Iterator[Start]:
    """Mounts a `FakeView` of the originals at `tmp_path/mount`; all mounts go at the end."""
    mount_point = tmp_path / "mount"
    mount_point.mkdir()
    with ExitStack() as stack:

        def mount(*options: str, env: dict[str, str] | None = None) -> Daemon:
            command = fake_view_command(originals, mount_point, f"--driver={driver.value}", *options)
            return stack.enter_context(served(command, mount_point, tmp_path / "daemon.log", env))

        yield mount


@pytest.fixture
def mount(start: Start) -> Path:
    return start().mount_point


@pytest.fixture(params=["kernel", "libfuse", pytest.param(READING, marks=pytest.mark.root)])
def read_mount(request: pytest.FixtureRequest, originals: Path, tmp_path: Path) -> Iterator[Path]:
    """The same, and for root once more with a kernel that has to ask for each read."""
    if request.param == READING and os.geteuid() != 0:
        pytest.skip("only root has passthrough that could be turned off")
    _skip_without(Driver.KERNEL if request.param == READING else Driver(request.param))
    mount_point = tmp_path / "mount"
    mount_point.mkdir()
    command = fake_view_command(originals, mount_point, f"--driver={request.param}")
    with served(command, mount_point, tmp_path / "daemon.log"):
        yield mount_point


def renameat2(source: Path, target: Path, flags: int) -> int:
    """0, or the errno."""
    ctypes.set_errno(0)
    LIBC.renameat2(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), ctypes.c_uint(flags))
    return ctypes.get_errno()


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder))


def refused(action: Callable[[], object]) -> int | None:
    """The errno that an action is refused with."""
    try:
        action()
    except OSError as error:
        return error.errno
    return pytest.fail("it was allowed")


def test_the_tree_is_shown_with_kinds_sizes_and_exact_times(mount: Path, originals: Path) -> None:
    assert names(mount) == {"docs", "generated.txt", "slow.bin", "hang.bin", "bug.txt"}
    assert names(mount / "docs") == {"one.txt", "two.txt", "empty", "deep", "link"}
    shown, original = os.stat(mount / "docs" / "one.txt"), os.stat(originals / "docs" / "one.txt")
    assert (shown.st_size, shown.st_mtime_ns, shown.st_atime_ns) == (4, MTIME_NS, MTIME_NS - 5)
    assert (shown.st_uid, shown.st_gid, shown.st_blocks) == (original.st_uid, original.st_gid, original.st_blocks)
    assert os.readlink(mount / "docs" / "link") == "/somewhere/else"
    assert os.stat(mount).st_ino == 1


def test_the_listing_gives_the_same_inodes_as_stat(mount: Path) -> None:
    listed = {entry.name: entry.inode() for entry in os.scandir(mount / "docs")}
    assert listed == {name: os.lstat(mount / "docs" / name).st_ino for name in names(mount / "docs")}


def test_a_missing_name_and_a_path_through_a_file_are_told_apart(mount: Path) -> None:
    assert refused(lambda: os.stat(mount / "docs" / "three.txt")) == errno.ENOENT
    assert refused(lambda: os.stat(mount / "docs" / "one.txt" / "desktop.ini")) == errno.ENOTDIR
    assert refused(lambda: os.stat(mount / ("x" * 256))) == errno.ENAMETOOLONG


def test_files_read_as_the_originals_do(read_mount: Path, originals: Path) -> None:
    for path in ("docs/one.txt", "docs/empty", "docs/deep/big.bin"):
        assert filecmp.cmp(read_mount / path, originals / path, shallow=False), path


def test_a_read_in_the_middle_and_one_over_the_end_give_what_is_there(read_mount: Path, originals: Path) -> None:
    content = (originals / "docs" / "deep" / "big.bin").read_bytes()
    with (read_mount / "docs" / "deep" / "big.bin").open("rb", buffering=0) as file:
        assert os.pread(file.fileno(), 70_000, 1_234_567) == content[1_234_567 : 1_234_567 + 70_000]
        assert os.pread(file.fileno(), 100, len(content) - 10) == content[-10:]
        assert os.pread(file.fileno(), 100, len(content) + 10) == b""


def test_a_memory_mapped_file_reads_as_the_original(read_mount: Path, originals: Path) -> None:
    path = read_mount / "docs" / "deep" / "big.bin"
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:] == (originals / "docs" / "deep" / "big.bin").read_bytes()


def test_generated_content_is_read_whole(read_mount: Path) -> None:
    assert (read_mount / "generated.txt").read_bytes() == GENERATED


def test_extended_attributes_are_listed_read_written_and_removed(mount: Path, originals: Path) -> None:
    path = mount / "docs" / "one.txt"
    assert os.listxattr(path) == ["user.ifmosfs.source"]
    assert os.getxattr(path, "user.ifmosfs.source") == os.fsencode(originals / "docs" / "one.txt")
    os.setxattr(path, "user.ifmosfs.category", b"nul \0 and \xff")
    assert os.getxattr(path, "user.ifmosfs.category") == b"nul \0 and \xff"
    assert refused(lambda: os.setxattr(path, "user.ifmosfs.category", b"", os.XATTR_CREATE)) == errno.EEXIST
    assert refused(lambda: os.setxattr(path, "user.ifmosfs.source", b"x")) == errno.EPERM
    os.removexattr(path, "user.ifmosfs.category")
    assert refused(lambda: os.getxattr(path, "user.ifmosfs.category")) == errno.ENODATA
    assert refused(lambda: os.getxattr(path, "security.selinux")) == errno.EOPNOTSUPP


def test_statfs_is_the_views(mount: Path) -> None:
    space = os.statvfs(mount)
    sizes = space.f_frsize, space.f_blocks, space.f_bfree, space.f_bavail
    assert Space(*sizes, space.f_files, space.f_ffree, space.f_namemax) == SPACE


def test_the_mount_table_names_the_plan_and_forbids_devices_and_setuid(mount: Path) -> None:
    line = next(line.split() for line in Path("/proc/mounts").read_text().splitlines() if line.split()[1] == str(mount))
    assert (line[0], line[2]) == ("ifmosfs:fake,plan", "fuse.ifmosfs")
    options = set(line[3].split(","))
    assert {"nosuid", "nodev", "default_permissions"} <= options
    assert "allow_other" not in options


def test_mv_moves_and_keeps_the_inode(mount: Path) -> None:
    inode = os.stat(mount / "docs" / "one.txt").st_ino
    subprocess.run(["mv", mount / "docs" / "one.txt", mount / "moved.txt"], check=True)
    assert "one.txt" not in names(mount / "docs")
    assert os.stat(mount / "moved.txt").st_ino == inode
    assert (mount / "moved.txt").read_text() == "one\n"


def test_a_folder_moves_with_what_is_in_it(mount: Path) -> None:
    os.rename(mount / "docs" / "deep", mount / "shallow")
    assert names(mount / "shallow") == {"big.bin"}
    assert names(mount / "docs") == {"one.txt", "two.txt", "empty", "link"}


@needs_rename_flags
def test_noreplace_moves_to_a_free_name_and_refuses_a_taken_one(mount: Path) -> None:
    docs = mount / "docs"
    assert renameat2(docs / "one.txt", docs / "two.txt", RENAME_NOREPLACE) == errno.EEXIST
    assert ((docs / "one.txt").read_text(), (docs / "two.txt").read_text()) == ("one\n", "two\n")
    assert renameat2(docs / "one.txt", docs / "three.txt", RENAME_NOREPLACE) == 0
    assert names(docs) == {"three.txt", "two.txt", "empty", "deep", "link"}


@needs_rename_flags
def test_exchange_swaps_two_files_and_loses_none(mount: Path) -> None:
    docs = mount / "docs"
    assert renameat2(docs / "one.txt", docs / "two.txt", RENAME_EXCHANGE) == 0
    assert ((docs / "one.txt").read_text(), (docs / "two.txt").read_text()) == ("two\n", "one\n")
    assert renameat2(docs / "one.txt", docs / "absent", RENAME_EXCHANGE) == errno.ENOENT


def test_an_unknown_rename_flag_is_refused_and_changes_nothing(mount: Path) -> None:
    docs = mount / "docs"
    refusals = {errno.EINVAL} if os.geteuid() == 0 else {errno.EINVAL, errno.EPERM}  # WHITEOUT needs CAP_MKNOD
    assert renameat2(docs / "one.txt", docs / "two.txt", RENAME_WHITEOUT) in refusals
    assert ((docs / "one.txt").read_text(), (docs / "two.txt").read_text()) == ("one\n", "two\n")


def test_folders_are_made_changed_and_removed(mount: Path) -> None:
    new = mount / "docs" / "new"
    subprocess.run(["mkdir", "-m", "750", new], check=True)
    os.utime(new, ns=(MTIME_NS, MTIME_NS + 1))
    status = os.stat(new)
    assert (status.st_mode & 0o7777, status.st_atime_ns, status.st_mtime_ns) == (0o750, MTIME_NS, MTIME_NS + 1)
    assert refused(lambda: os.mkdir(new)) == errno.EEXIST
    assert refused(lambda: os.rmdir(mount / "docs")) == errno.ENOTEMPTY
    os.rmdir(new)
    assert "new" not in names(mount / "docs")


def test_touch_sets_a_folders_times_to_now_or_only_the_asked_one(mount: Path) -> None:
    docs, earliest = mount / "docs", time.time_ns()
    subprocess.run(["touch", docs], check=True)
    assert earliest <= os.stat(docs).st_mtime_ns <= time.time_ns()
    subprocess.run(["touch", "-m", "-d", "@1600000000.5", docs], check=True)
    status = os.stat(docs)
    assert status.st_mtime_ns == 1_600_000_000_500_000_000
    assert status.st_atime_ns >= earliest


def test_owners_stay_and_may_be_set_to_what_they_are(mount: Path) -> None:
    for path in (mount / "docs", mount / "docs" / "one.txt"):
        owner = os.stat(path).st_uid, os.stat(path).st_gid
        os.chown(path, *owner)
        os.chown(path, -1, owner[1])
        assert refused(functools.partial(os.chown, path, 12345, owner[1])) == errno.EPERM
        assert (os.stat(path).st_uid, os.stat(path).st_gid) == owner


def test_the_view_is_told_who_asks(start: Start) -> None:
    daemon = start()
    made = subprocess.Popen(["mkdir", daemon.mount_point / "new"])
    assert made.wait() == 0
    assert f"b'new' is made by Caller(uid={os.getuid()}, gid={os.getgid()}, pid={made.pid})" in daemon.printed


def test_the_umask_of_who_asks_applies_to_a_new_folder(mount: Path) -> None:
    subprocess.run(["sh", "-c", 'umask 027; mkdir "$0"', mount / "new"], check=True)
    assert os.stat(mount / "new").st_mode & 0o7777 == 0o750


def test_fsync_of_a_folder_succeeds(mount: Path) -> None:
    descriptor = os.open(mount / "docs", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def test_rm_takes_the_file_out_of_the_layout_and_leaves_the_original(mount: Path, originals: Path) -> None:
    subprocess.run(["rm", "-rf", mount / "docs"], check=True)
    assert "docs" not in names(mount)
    assert (originals / "docs" / "one.txt").read_text() == "one\n"


def test_an_open_file_that_is_unlinked_stays_readable_and_no_hidden_name_appears(mount: Path, originals: Path) -> None:
    docs = mount / "docs"
    with (docs / "deep" / "big.bin").open("rb") as file:
        before = os.fstat(file.fileno())
        os.unlink(docs / "deep" / "big.bin")
        assert names(docs / "deep") == set()
        time.sleep(1.1)  # past the attribute timeout: the kernel must ask again
        after = os.fstat(file.fileno())
        assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
        assert file.read() == (originals / "docs" / "deep" / "big.bin").read_bytes()
    assert refused(lambda: os.stat(docs / "deep" / "big.bin")) == errno.ENOENT
    os.rmdir(docs / "deep")


def test_an_open_file_that_is_renamed_over_stays_readable(mount: Path) -> None:
    docs = mount / "docs"
    with (docs / "two.txt").open("rb", buffering=0) as file:
        os.rename(docs / "one.txt", docs / "two.txt")
        time.sleep(1.1)
        assert os.fstat(file.fileno()).st_size == 4
        assert file.read() == b"two\n"
        assert (docs / "two.txt").read_text() == "one\n"
    assert names(docs) == {"two.txt", "empty", "deep", "link"}


def test_an_open_file_that_is_unlinked_stays_readable_when_its_folder_is_renamed_or_removed(mount: Path) -> None:
    folder = mount / "docs" / "deep"
    with (folder / "big.bin").open("rb", buffering=0) as file:
        os.unlink(folder / "big.bin")
        os.rename(folder, mount / "renamed")
        assert os.fstat(file.fileno()).st_size == 3_000_001
        os.rmdir(mount / "renamed")
        assert len(os.pread(file.fileno(), 5_000, 1_000_000)) == 5_000


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND])
def test_opening_a_file_for_writing_is_refused(mount: Path, originals: Path, flags: int) -> None:
    refusals = {errno.EROFS} if os.geteuid() == 0 else {errno.EROFS, errno.EACCES}  # the mode forbids it before
    assert refused(lambda: os.open(mount / "docs" / "one.txt", flags)) in refusals
    assert (originals / "docs" / "one.txt").read_text() == "one\n"


def test_whatever_would_make_or_change_a_file_is_refused(mount: Path, originals: Path) -> None:
    docs = mount / "docs"
    assert refused((docs / "new.txt").touch) == errno.EROFS
    assert refused(lambda: os.mknod(docs / "new.txt")) == errno.EROFS
    assert refused(lambda: os.mkfifo(docs / "pipe")) == errno.EPERM
    assert refused(lambda: os.link(docs / "one.txt", docs / "three.txt")) == errno.EPERM
    assert refused(lambda: os.symlink("one.txt", docs / "new link")) == errno.EPERM
    assert refused(lambda: os.chmod(docs / "one.txt", 0o644)) == errno.EPERM
    assert refused(lambda: os.utime(docs / "one.txt", ns=(1, 1))) == errno.EPERM
    assert refused(lambda: os.chown(docs / "one.txt", 12345, os.getgid())) == errno.EPERM
    assert refused(lambda: os.truncate(docs / "one.txt", 0)) in {errno.EROFS, errno.EACCES}
    assert (originals / "docs" / "one.txt").read_text() == "one\n"
    assert names(docs) == {"one.txt", "two.txt", "empty", "deep", "link"}


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_awkward_names_pass_unchanged_in_any_locale(start: Start, originals: Path, locale: str) -> None:
    for name in AWKWARD_NAMES:
        Path(os.fsdecode(os.fsencode(originals) + b"/" + name)).write_bytes(name)
    no_utf8 = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    root = os.fsencode(start(env=no_utf8).mount_point)
    assert set(os.listdir(root)) - {b"docs", b"generated.txt", b"slow.bin", b"hang.bin", b"bug.txt"} == AWKWARD_NAMES
    for name in AWKWARD_NAMES:
        os.mkdir(root + b"/folder")
        os.rename(root + b"/" + name, root + b"/folder/" + name)
        os.rename(root + b"/folder", root + b"/" + name)
        with open(root + b"/" + name + b"/" + name, "rb") as file:
            assert file.read() == name


def test_a_folder_of_twenty_thousand_is_listed_whole_and_each_name_once(start: Start) -> None:
    listed = os.listdir(start("--many").mount_point / "many")
    assert sorted(listed) == [f"{number:06d}" for number in range(N_MANY)]


def test_who_has_looked_at_what_it_listed_need_not_ask_for_each_file_of_the_next_huge_folder(
    start: Start, driver: Driver
) -> None:
    """As `find` does, which lists ten thousand names before it looks at the first one."""
    if driver is Driver.LIBFUSE:
        pytest.skip("libfuse tells no listing who asks for it")
    mount = start("--many").mount_point
    for folder in (mount / "docs" / "deep", mount / "many"):
        for name in os.listdir(folder):
            os.lstat(folder / name)
    on_the_way = {"docs", "deep", "big.bin", "many"}  # `big.bin` is the file whose attributes were held back
    assert int(os.getxattr(mount, os.fsdecode(N_LOOKUPS))) == len(on_the_way)


def test_a_listing_begun_before_a_change_is_not_disturbed_by_it(start: Start) -> None:
    folder, gone = start("--many").mount_point / "many", {"000100", "010000", "010001", "019999"}
    with os.scandir(folder) as entries:
        seen = [next(entries).name]
        for name in gone:
            os.unlink(folder / name)
        seen += [entry.name for entry in entries]
    assert len(seen) == len(set(seen))
    assert set(seen) | gone == {f"{number:06d}" for number in range(N_MANY)}
    assert len(names(folder)) == N_MANY - len(gone)


def test_a_slow_read_does_not_stop_the_browsing(mount: Path) -> None:
    with ThreadPoolExecutor() as pool:
        slow = pool.submit((mount / "slow.bin").read_bytes)
        time.sleep(0.3)
        started = time.monotonic()
        assert names(mount / "docs") == {"one.txt", "two.txt", "empty", "deep", "link"}
        assert (mount / "docs" / "one.txt").read_text() == "one\n"
        assert not slow.done()
        assert time.monotonic() - started < SLOW_S / 2
        assert slow.result() == b"slow"


def test_a_bug_in_the_view_is_logged_with_its_traceback_and_read_as_eio(start: Start) -> None:
    daemon = start()
    assert refused((daemon.mount_point / "bug.txt").read_bytes) == errno.EIO
    assert "LookupError: this is the bug that the test asked for" in daemon.printed
    assert (daemon.mount_point / "docs" / "one.txt").read_text() == "one\n"


def behind(mount: Path, order: str) -> None:
    """Have the view change by itself, not through the mount."""
    os.setxattr(mount, "user.behind", os.fsencode(order))


def until(holds: Callable[[], bool], driver: Driver) -> bool:
    """Whether something comes to hold: at once where the driver passes changes on, else when answers are a second old."""
    deadline = time.monotonic() + (0.5 if driver is Driver.KERNEL else 2.5)
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("verb", ["move", "shuffle"])
def test_what_the_view_moves_by_itself_is_seen_at_its_new_place_and_no_more_at_the_old(
    mount: Path, driver: Driver, verb: str
) -> None:
    docs = mount / "docs"
    inode = os.stat(docs / "one.txt").st_ino
    assert not (docs / "deep" / "1.txt").exists()
    behind(mount, f"{verb} docs/one.txt docs/deep/1.txt")
    assert until(lambda: not (docs / "one.txt").exists(), driver)
    assert os.stat(docs / "deep" / "1.txt").st_ino == inode
    assert (names(docs), names(docs / "deep")) == ({"two.txt", "empty", "deep", "link"}, {"big.bin", "1.txt"})


def test_the_call_by_which_the_view_changes_is_answered_when_no_old_name_is_found_any_more(
    mount: Path, driver: Driver
) -> None:
    if driver is not Driver.KERNEL:
        pytest.skip("libfuse is told of no changes; it remembers for a second")
    docs = mount / "docs"
    assert (docs / "one.txt").exists()
    with ThreadPoolExecutor() as pool:
        pool.submit((docs / SLOW_NAME).exists)  # holds the folder, as the kernel must to forget a name in it
        time.sleep(SLOW_NAME_S / 5)
        behind(mount, "move docs/one.txt docs/deep/1.txt")
        assert not (docs / "one.txt").exists()
    assert (docs / "deep" / "1.txt").exists()


def test_what_the_view_adds_by_itself_is_seen(mount: Path, driver: Driver) -> None:
    assert not (mount / "added.txt").exists()
    behind(mount, "add added.txt")
    assert until((mount / "added.txt").exists, driver)
    assert (mount / "added.txt").read_text() == "new"


@pytest.mark.parametrize("verb", ["replace", "swap"])
def test_new_content_of_an_original_is_seen_with_its_size(mount: Path, driver: Driver, verb: str) -> None:
    one = mount / "docs" / "one.txt"
    assert one.read_text() == "one\n"
    behind(mount, f"{verb} docs/one.txt other content")
    assert until(lambda: os.stat(one).st_size == len("other content"), driver)
    assert one.read_text() == "other content"


@pytest.mark.parametrize("chosen", ["kernel", READING])
def test_who_has_a_file_open_reads_on_in_it_after_its_original_was_replaced_by_another(
    originals: Path, tmp_path: Path, chosen: str
) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    one, other = mount / "docs" / "one.txt", b"two\n" * 5_000
    with (
        served(fake_view_command(originals, mount, f"--driver={chosen}"), mount, tmp_path / "daemon.log"),
        one.open("rb", buffering=0) as before,
    ):
        behind(mount, f"swap docs/one.txt {other.decode()}")
        assert until(lambda: os.stat(one).st_size == len(other), Driver.KERNEL)
        with one.open("rb", buffering=0) as after:
            assert os.pread(after.fileno(), 100_000, 0) == other
            assert os.pread(before.fileno(), 4, 0) == b"one\n"
            assert os.pread(after.fileno(), 100_000, 0) == other
        before.close()
        assert one.read_bytes() == other


def test_a_read_that_hangs_is_ended_by_a_signal(start: Start, driver: Driver) -> None:
    if driver is Driver.LIBFUSE:
        pytest.skip("libfuse tells its callbacks of no signals")
    reading = subprocess.Popen(["cat", start().mount_point / "hang.bin"])
    time.sleep(0.5)
    reading.kill()
    assert reading.wait(timeout=5) == -signal.SIGKILL


def test_the_view_is_told_when_the_kernel_forgets_a_node(start: Start, driver: Driver) -> None:
    if driver is Driver.LIBFUSE:
        pytest.skip("libfuse keeps its own count")
    daemon = start()
    inode = os.stat(daemon.mount_point / "docs" / "one.txt").st_ino
    (daemon.mount_point / "docs" / "one.txt").read_text()
    os.unlink(daemon.mount_point / "docs" / "one.txt")
    assert until(lambda: f"forgotten: {inode}\n" in daemon.printed, driver)


def test_unmounting_ends_the_daemon_with_success(start: Start) -> None:
    daemon = start()
    unmount(os.fsencode(daemon.mount_point))
    assert daemon.process.communicate(timeout=10)[0] == b"unmounted\n"
    assert daemon.process.returncode == 0
    assert not os.path.ismount(daemon.mount_point)


def test_a_signal_that_another_thread_gets_ends_the_daemon_as_well(start: Start, driver: Driver) -> None:
    """It interrupts nothing that the main thread waits for, just as one that comes right before the waiting."""
    if driver is Driver.LIBFUSE:
        pytest.skip("libfuse waits for signals by itself")
    process = start().process
    other = max(int(each) for each in os.listdir(f"/proc/{process.pid}/task"))
    assert other != process.pid
    assert LIBC.tgkill(process.pid, other, int(signal.SIGTERM)) == 0
    assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_unmounts_and_ends_the_daemon_with_success(start: Start, number: signal.Signals) -> None:
    daemon = start()
    daemon.process.send_signal(number)
    assert daemon.process.communicate(timeout=10)[0] == b"unmounted\n"
    assert daemon.process.returncode == 0
    assert not os.path.ismount(daemon.mount_point)


def test_unmounting_a_mount_in_use_is_refused_with_the_reason_and_lazily_allowed(start: Start) -> None:
    daemon = start()
    with (daemon.mount_point / "docs" / "one.txt").open() as file:
        with pytest.raises(MountProblem) as caught:
            unmount(os.fsencode(daemon.mount_point))
        assert caught.value.what == "the mounted folder is in use"
        unmount(os.fsencode(daemon.mount_point), lazy=True)
        assert not os.path.ismount(daemon.mount_point)
        assert file.read() == "one\n"
    daemon.process.communicate(timeout=10)
    assert daemon.process.returncode == 0


def test_a_killed_daemon_leaves_a_dead_mount_that_lazy_unmounting_clears(start: Start) -> None:
    daemon = start()
    daemon.process.kill()
    daemon.process.wait()
    assert refused(lambda: os.stat(daemon.mount_point / "docs")) == errno.ENOTCONN
    unmount(os.fsencode(daemon.mount_point), lazy=True)
    assert os.listdir(daemon.mount_point) == []


def test_unmounting_where_nothing_is_mounted_says_so(tmp_path: Path) -> None:
    with pytest.raises(MountProblem) as caught:
        unmount(os.fsencode(tmp_path))
    assert caught.value.what == "nothing is mounted here"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a tmpfs")
def test_unmounting_another_filesystem_is_refused(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path], check=True)
    try:
        with pytest.raises(MountProblem) as caught:
            unmount(os.fsencode(tmp_path), lazy=True)
        assert caught.value.what == "what is mounted here is not a view of ifmosfs"
        assert os.path.ismount(tmp_path)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_mount_is_unmounted_through_a_symlink_to_its_parent(start: Start, tmp_path: Path) -> None:
    daemon = start()
    (tmp_path / "link").symlink_to(tmp_path)
    unmount(os.fsencode(tmp_path / "link" / "mount"))
    assert not os.path.ismount(daemon.mount_point)


@pytest.mark.parametrize(
    ("printed", "error", "what"),
    [
        (
            "fusermount3: mount failed: Operation not permitted\n",
            BackendMissing,
            "mounting is not permitted (fusermount3: mount failed: Operation not permitted)",
        ),
        (
            "fuse: warning\n\nfusermount3: mount failed: Permission denied\n",
            MountProblem,
            "mounting failed (fuse: warning; fusermount3: mount failed: Permission denied)",
        ),
        (
            "Ignoring invalid max threads value 4294967295 > max (100000).\n",
            MountProblem,
            "mounting failed (no reason given)",
        ),
    ],
    ids=["not permitted", "permission denied", "nothing said"],
)
def test_what_fuse_prints_when_mounting_fails_becomes_the_error(printed: str, error: type, what: str) -> None:
    problem = mount_problem(b"/somewhere", printed)
    assert (type(problem), problem.what) == (error, what)
    assert problem.hint is not None


def serve_and_report(folder: Path, mount_point: Path, driver: Driver, on_ready: str) -> str:
    """What `serve` raises in a process of its own."""
    code = (
        "import sys\n"
        "from tests.platform.fake_view import FakeView\n"
        "from ifmosfs.platform.fuse import Driver, serve\n"
        "try:\n"
        f"    view, driver = FakeView({os.fsencode(folder)!r}), Driver({driver.value!r})\n"
        f"    serve(view, {os.fsencode(mount_point)!r}, name='x', on_ready={on_ready}, driver=driver)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=30, check=True
    )
    return result.stdout


def test_a_mount_that_fails_raises_the_reason_that_fuse_gave(tmp_path: Path, driver: Driver) -> None:
    reported = serve_and_report(tmp_path, tmp_path / "missing", driver, "sys.exit")
    helper = shutil.which("fusermount3") or "fusermount3"
    names = ("fuse",) if os.geteuid() == 0 else ("fuse", helper)  # who is not root mounts by the helper
    assert reported.startswith(tuple(f"MountProblem mounting failed ({name}" for name in names))
    assert "No such file or directory" in reported


def test_what_on_ready_raises_ends_the_mount_and_is_raised_by_serve(tmp_path: Path, driver: Driver) -> None:
    mount_point = tmp_path / "mount"
    mount_point.mkdir()
    assert serve_and_report(tmp_path, mount_point, driver, "lambda: 1 / 0") == "ZeroDivisionError division by zero\n"
    assert not os.path.ismount(mount_point)
