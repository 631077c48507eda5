"""The whole round, scan to rollback, on every filesystem at hand, with every kind of file; and what nobody may move.

Each place gives (the folder of the desk, the folder of the distant root). The names of the cases are those of `docs/durability.md`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.adapters.trees import write_tree
from tests.cli.command_line import TABLE, make_inbox, many_files
from tests.cli.test_cli_ordinary_user import UsersDesk, _python_for_everyone
from tests.fuse_support import REQUIRED, missing_fuse, served
from tests.oracle import Oracle
from tests.proof.bench import Bench, acl_for, assert_goes_back, assert_goes_on, holes, is_setuid
from tests.proof.conftest import BenchMaker, remove
from tests.proof.images import image, mounted, run_or_skip
from tests.proof.test_kills import N_MOVED
from tests.proof.warm import Warm

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

Places = AbstractContextManager[tuple[Path, Path]]
MEMORY = Path("/dev/shm")


@contextmanager
def ordinary(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The temporary folder, and memory."""
    far = MEMORY / f"ifmosfs-test-{os.getpid()}"
    yield tmp_path, far
    remove(far)


def on_image(fstype: str) -> Callable[[Path], Places]:
    """A loop image; the distant root is the temporary folder."""

    @contextmanager
    def made(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
        with image(tmp_path, fstype) as disk:
            yield disk.point, tmp_path

    return made


@contextmanager
def subvolumes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two subvolumes of one btrfs: renames between them are EXDEV, blocks can be shared."""
    with image(tmp_path, "btrfs") as disk:
        for name in ("one", "two"):
            run_or_skip("btrfs", "subvolume", "create", disk.point / name)
        yield disk.point / "one", disk.point / "two"


@contextmanager
def memory(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A tmpfs."""
    with mounted(tmp_path / "memory", "tmpfs", "size=64m") as point:
        yield point, tmp_path


@contextmanager
def overlay(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """An overlay; what the desk makes lies in its upper layer."""
    with mounted(tmp_path / "layers", "tmpfs", "size=64m") as layers:
        for name in ("lower", "upper", "work"):
            (layers / name).mkdir()
        options = f"lowerdir={layers}/lower,upperdir={layers}/upper,workdir={layers}/work"
        with mounted(tmp_path / "merged", "overlay", options) as merged:
            yield merged, tmp_path


@contextmanager
def bind(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The distant root is a bind mount of the same filesystem: the same st_dev, and yet EXDEV."""
    (tmp_path / "behind").mkdir()
    with mounted(tmp_path / "bound", "bind", "bind", source=tmp_path / "behind") as bound:
        assert os.stat(bound).st_dev == os.stat(tmp_path).st_dev
        yield tmp_path, bound


def bare(*options: str) -> Callable[[Path], Places]:
    """A FUSE filesystem without rename flags."""

    @contextmanager
    def made(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
        if missing_fuse() and not REQUIRED:
            pytest.skip(f"FUSE: {missing_fuse()}")
        (tmp_path / "behind").mkdir()
        (tmp_path / "bare").mkdir()
        command = [
            sys.executable,
            "-m",
            "tests.proof.bare_fuse",
            str(tmp_path / "behind"),
            str(tmp_path / "bare"),
            *options,
        ]
        with served(command, tmp_path / "bare", tmp_path / "log"):
            yield tmp_path / "bare", tmp_path

    return made


PLACES: dict[str, Callable[[Path], Places]] = {
    "temporary folder": ordinary,
    "ext4": on_image("ext4"),
    "xfs": on_image("xfs"),
    "btrfs": on_image("btrfs"),
    "btrfs subvolumes": subvolumes,
    "tmpfs": memory,
    "overlayfs": overlay,
    "bind mount": bind,
    "FUSE without NOREPLACE": bare(),
    "FUSE without NOREPLACE and links": bare("no-links"),
}
BARE = {"FUSE without NOREPLACE", "FUSE without NOREPLACE and links"}


@pytest.mark.parametrize("name", PLACES)
def test_the_whole_round_keeps_everything_on(warm: Warm, tmp_path: Path, name: str) -> None:
    with PLACES[name](tmp_path) as (near, far):
        elsewhere = tmp_path / "aside" if name in BARE else None  # a database needs locks that FUSE may not give
        bench = Bench(near / "desk", warm, far / "distant", elsewhere)
        bench.fill()
        plan = bench.plan()
        oracle = bench.oracle_of_content if name in BARE else bench.oracle
        told = [row["code"] for row in bench.here("stage", "validate", plan, "--json").json["problems"]]
        assert told.count("attributes-not-kept") == (1 if name in BARE else 0), told
        n_refused = 1 if name in BARE else 0  # a file with an attribute that cannot be kept is not copied there
        n_moved = N_MOVED - without_links(bench) - n_refused
        kept = {"sparse.csv": holes, "far sparse.csv": holes, "setuid.csv": is_setuid}
        had = {
            file
            for root in bench.roots
            for file, has in kept.items()
            for found in root.rglob(file)
            if has(bytes(found))
        }
        assert_goes_on(bench, oracle, plan, n_moved, name, n_stay=1 + n_refused)
        arrived = os.fsencode(bench.target / "Data/Datasets")
        assert {file for file, has in kept.items() if has(arrived + b"/" + file.encode())} == had
        assert "setuid.csv" in had
        assert_goes_back(bench, oracle, plan, name)


def without_links(bench: Bench) -> int:
    """How many files fewer can be moved where hard links could not even be made."""
    return 0 if (bench.inbox / "linked/two.csv").exists() else 1


def test_files_of_a_lower_layer_stay_at_the_first_commit_and_go_after_a_new_scan(warm: Warm, tmp_path: Path) -> None:
    lower = tmp_path / "lower"
    make_inbox(lower / "desk/inbox", many_files(20))
    (lower / "desk/home").mkdir()
    with mounted(tmp_path / "layers", "tmpfs", "size=64m") as layers:
        for name in ("upper", "work"):
            (layers / name).mkdir()
        options = f"lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work"
        with mounted(tmp_path / "merged", "overlay", options) as merged:
            bench = Bench(merged / "desk", warm, merged / "desk/distant", tmp_path)
            bench.distant.mkdir()
            plan = staged(bench)
            oracle = bench.oracle_of_content
            first = bench.here("commit", plan, "--yes", "--json")
            assert (first.status, {row["code"] for row in first.json["problems"]}) == (4, {"changed-while-moving"})
            oracle.assert_as_before()
            again = staged(bench)  # by now they are in the upper layer, under new inode numbers
            assert bench.here("commit", again, "--yes").status == 0
            assert (oracle.n_in_roots(), bench.here("verify", again).status) == (0, 0)
            oracle.assert_settled()
            assert bench.here("rollback", again, "--yes").status == 0
            oracle.assert_as_before()


def staged(bench: Bench) -> str:
    """Scan both roots and plan them."""
    session = bench.here("scan", *bench.roots, "--json").json["session"]
    created = bench.here("stage", "create", "--session", session, "--output", bench.target, "--json")
    return str(created.json["plan"])


@pytest.mark.parametrize("kind", ["access", "default"])
def test_access_control_lists_of_xfs_go_to_another_filesystem_and_back_without_its_own_copies_of_them(
    warm: Warm, tmp_path: Path, kind: str
) -> None:
    """xfs shows root each list twice. A list that a copy is made with, by its folder's default, is taken off it."""
    with image(tmp_path, "xfs") as disk:
        near = kind == "default"
        bench = Bench((disk.point if near else tmp_path) / "desk", warm, (tmp_path if near else disk.point) / "distant")
        bench.home.mkdir(parents=True)
        bench.inbox.mkdir()
        write_tree(bench.distant, {b"a.csv": TABLE, b"b.csv": TABLE + b"d,4\n"})
        os.setxattr(bench.distant / "b.csv", "system.posix_acl_access", acl_for(12345))
        if near:
            bench.target.mkdir()
            os.setxattr(bench.target, "system.posix_acl_default", acl_for(12345))
        oracle = bench.oracle_of_content
        lists = {name: os.listxattr(bench.distant / name) for name in ("a.csv", "b.csv")}
        plan = staged(bench)
        assert bench.here("commit", plan, "--yes").status == 0
        arrived = {path.name: os.listxattr(path) for path in bench.target.rglob("*.csv")}
        assert near or arrived == {"a.csv": [], "b.csv": ["system.posix_acl_access"]}
        assert bench.here("rollback", plan, "--yes").status == 0
        oracle.assert_as_before()
        assert {name: os.listxattr(bench.distant / name) for name in lists} == lists


# What is refused


@contextmanager
def flagged(path: Path, flag: str) -> Iterator[None]:
    """A file or folder that the kernel protects."""
    run_or_skip("chattr", f"+{flag}", path)
    try:
        yield
    finally:
        subprocess.run(["chattr", f"-{flag}", path], check=True)


@pytest.mark.parametrize("fstype", ["ext4", *(pytest.param(each, marks=pytest.mark.slow) for each in ("xfs", "btrfs"))])
@pytest.mark.parametrize("flag", ["i", "a"], ids=["immutable", "append-only"])
@pytest.mark.parametrize("what", ["near", "far"])
def test_a_protected_file_stays_and_the_others_go(
    warm: Warm, tmp_path: Path, fstype: str, flag: str, what: str
) -> None:
    with image(tmp_path, fstype) as disk, mounted(tmp_path / "m", "tmpfs", "size=9m") as m:
        near = what == "near"
        bench = Bench((disk.point if near else m) / "desk", warm, disk.point / "distant", tmp_path / "aside")
        bench.home.mkdir(parents=True)
        bench.inbox.mkdir()
        write_tree(bench.distant, {b"a.csv": TABLE, b"b.csv": TABLE + b"d,4\n", b"c.csv": TABLE + b"e,5\n"})
        oracle = bench.oracle_of_content
        plan = staged(bench)
        with flagged(bench.distant / "b.csv", flag):
            found = bench.here("stage", "validate", plan, "--json").json["problems"]
            assert [(each["code"], each["path"].rpartition("/")[2]) for each in found] == [("protected", "b.csv")]
            rehearsed = bench.here("commit", plan, "--dry-run", "--json").json
            assert (rehearsed["moved"], rehearsed["failed"]) == (2, 1), rehearsed
            result = bench.here("commit", plan, "--yes", "--json")
            assert (result.status, result.json["moved"], result.json["failed"]) == (3, 2, 1), result
            assert [row["path"].rpartition("/")[2] for row in result.json["problems"]] == ["b.csv"]
            oracle.assert_settled()
            assert bench.here("rollback", plan, "--yes").status == 0
        oracle.assert_as_before()


@pytest.mark.parametrize("place", [pytest.param(bare(), id="FUSE"), pytest.param(None, id="ramfs")])
def test_files_whose_attributes_the_target_cannot_keep_are_told_before_and_stay(
    warm: Warm, tmp_path: Path, place: Callable[[Path], Places] | None
) -> None:
    with place(tmp_path) if place else mounted(tmp_path / "ramfs", "ramfs", "mode=755") as made:
        there = made[0] if isinstance(made, tuple) else made
        bench = Bench(there / "desk", warm, tmp_path / "distant", tmp_path / "aside")
        bench.home.mkdir(parents=True)
        bench.inbox.mkdir()
        write_tree(bench.distant, {b"acl.csv": TABLE, b"note.csv": TABLE + b"d,4\n", b"plain.csv": TABLE + b"e,5\n"})
        os.setxattr(bench.distant / "acl.csv", "system.posix_acl_access", acl_for(12345))
        os.setxattr(bench.distant / "note.csv", "user.note", b"n")
        oracle = Oracle(bench.roots, bench.target, bench.state)
        plan = staged(bench)
        troubled = [("attributes-not-kept", "acl.csv"), ("attributes-not-kept", "note.csv")]
        for command in (["stage", "validate"], ["commit", "--dry-run"], ["commit", "--yes"]):
            told = bench.here(*command, plan, "--json").json
            assert [(row["code"], row["path"].rpartition("/")[2]) for row in told["problems"]] == troubled, command
        assert (told["moved"], told["failed"]) == (1, 2)
        oracle.assert_settled()
        assert (
            bench.here("rollback", plan, "--yes").status == 0
        )  # which removes all folders that it has held open there
        oracle.assert_as_before()


NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that others may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="ifmosfs-test-"))
    os.chmod(folder, 0o755)
    yield folder
    remove(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file to another user")
def test_a_sticky_folder_keeps_foreign_files_from_an_ordinary_user(open_folder: Path) -> None:
    """The user's own files go and come back; root's stay."""
    if _python_for_everyone() is None:
        pytest.skip("needs a Python, libraries and a checkout that the user nobody may read")
    os.chown(open_folder, NOBODY, NOBODY)
    desk = UsersDesk(open_folder)
    desk.set_up()
    desk.give()
    os.chmod(desk.inbox, 0o1777)
    os.chown(desk.inbox, 0, 0)
    os.chown(desk.inbox / "run.sh", 0, 0)
    oracle = Oracle((desk.inbox,), desk.target, desk.state)
    session = desk.typed("scan", desk.inbox, "--json").json["session"]
    plan = desk.typed("stage", "create", "--session", session, "--output", desk.target, "--json").json["plan"]
    result = desk.typed("commit", plan, "--yes", "--json")
    assert (result.status, result.json["moved"]) == (3, 2), result
    assert any(row["path"].endswith("/run.sh") for row in result.json["problems"])
    oracle.assert_settled()
    assert desk.typed("rollback", plan, "--yes").status == 0
    oracle.assert_settled()
    assert oracle.n_in_roots() == oracle.n_scanned


def test_files_that_an_ordinary_user_cannot_give_their_owner_are_told_and_stay_on_their_filesystem(
    open_folder: Path,
) -> None:
    """The user's own files are copied to the target's filesystem and come back."""
    if _python_for_everyone() is None:
        pytest.skip("needs a Python, libraries and a checkout that the user nobody may read")
    desk = UsersDesk(open_folder)
    with mounted(desk.inbox, "tmpfs", "size=9m"):
        desk.set_up()
        desk.give()
        os.chown(desk.inbox / "run.sh", 0, -1)
        oracle = Oracle((desk.inbox,), desk.target, desk.state)
        session = desk.typed("scan", desk.inbox, "--json").json["session"]
        plan = desk.typed("stage", "create", "--session", session, "--output", desk.target, "--json").json["plan"]
        found = desk.typed("stage", "validate", plan, "--json").json["problems"]
        assert [(each["code"], each["path"].rpartition("/")[2]) for each in found] == [("owner-not-kept", "run.sh")]
        rehearsed = desk.typed("commit", plan, "--dry-run", "--json")
        result = desk.typed("commit", plan, "--yes", "--json")
        counts = [(each.status, each.json["moved"], each.json["failed"]) for each in (rehearsed, result)]
        assert counts == [(3, 2, 1), (3, 2, 1)], result
        oracle.assert_settled()
        assert desk.typed("rollback", plan, "--yes").status == 0
        oracle.assert_settled()
        assert oracle.n_in_roots() == oracle.n_scanned


def test_a_read_only_mount_is_told_before_anything_begins(warm: Warm, tmp_path: Path) -> None:
    with mounted(tmp_path / "stick", "tmpfs", "size=16m") as stick:
        bench = Bench(tmp_path / "desk", warm, stick / "distant")
        bench.home.mkdir(parents=True)
        make_inbox(bench.inbox, {b"near.csv": TABLE})
        make_inbox(bench.distant, {b"far.csv": TABLE + b"f,6\n"})
        plan = staged(bench)
        oracle = bench.oracle
        subprocess.run(["mount", "-o", "remount,ro", stick], check=True)
        result = bench.here("commit", plan, "--yes", "--json")
        assert (result.status, "Traceback" in result.err) == (3, False), result
        assert (result.json["moved"], result.json["failed"]) == (1, 1), result
        oracle.assert_settled()
        assert bench.here("rollback", plan, "--yes").status == 0
        oracle.assert_as_before()


def test_symlinks_absolute_and_relative_stay_as_they_are(benches: BenchMaker) -> None:
    with benches() as bench:
        os.symlink(os.fsencode(bench.inbox / "plain.csv"), bench.inbox / "absolute")
        plan = bench.plan()
        oracle = bench.oracle
        texts = {name: os.readlink(bench.inbox / name) for name in ("link", "absolute")}
        assert bench.here("commit", plan, "--yes").status == 3
        assert {name: os.readlink(bench.inbox / name) for name in texts} == texts
        assert_goes_back(bench, oracle, plan, "symlinks")
