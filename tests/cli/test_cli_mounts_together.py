"""Several mounts of one plan, mounts whose process has died, and mounts that somebody else uses or may look into."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ifmosfs.platform.mounts import views
from tests.cli.command_line import THEN_NS, Desk
from tests.fuse_support import FUSE_MARKS, force_unmount

pytestmark = FUSE_MARKS

SCRIPT, TABLE = "Development/Source code/run.sh", "Data/Datasets/sizes.csv"


@pytest.fixture
def other_point(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    point = tmp_path_factory.mktemp("other")
    yield point
    force_unmount(point)


def soon(happens: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.05)
    return happens()


def files(point: Path) -> set[str]:
    return {str(path.relative_to(point)) for path in point.rglob("*") if path.is_file()}


def mounted(desk: Desk, plan: str, point: Path, *options: str) -> int:
    """The process of a view that is mounted."""
    done = desk.run("mount", "--plan", plan, point, "--json", *options)
    assert done.status == 0, done
    pid: int = done.json["pid"]
    return pid


def test_what_is_edited_in_one_mount_of_a_plan_is_soon_in_the_other(
    desk: Desk, mount_point: Path, other_point: Path
) -> None:
    plan = desk.staged()
    mounted(desk, plan, mount_point)
    mounted(desk, plan, other_point)
    assert files(mount_point) == files(other_point)
    os.rename(mount_point / TABLE, mount_point / "here.csv")
    assert soon(lambda: (other_point / "here.csv").is_file() and not (other_point / TABLE).exists())
    os.unlink(other_point / SCRIPT)
    os.mkdir(other_point / "Made")
    assert soon(lambda: (mount_point / "Made").is_dir() and not (mount_point / SCRIPT).exists())
    assert soon(lambda: files(mount_point) == files(other_point))
    assert {path: (mount_point / path).stat().st_ino for path in ("here.csv", "Made")} == {
        path: (other_point / path).stat().st_ino for path in ("here.csv", "Made")
    }


def test_edits_in_both_at_once_leave_both_the_same(desk: Desk, mount_point: Path, other_point: Path) -> None:
    plan = desk.staged()
    for point in (mount_point, other_point):
        mounted(desk, plan, point)
    script = "import os, sys\nfor n in range(60): os.mkdir(f'{sys.argv[1]}/{sys.argv[2]}{n}')"
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(point), name])
        for point, name in ((mount_point, "a"), (other_point, "b"))
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    wanted = {f"{name}{number}" for name in "ab" for number in range(60)}
    assert soon(lambda: all(wanted <= set(os.listdir(point)) for point in (mount_point, other_point)))


def test_files_that_appear_under_two_mounts_of_a_plan_are_each_one_file_of_both(
    desk: Desk, mount_point: Path, other_point: Path
) -> None:
    plan = desk.staged()
    for point in (mount_point, other_point):
        mounted(desk, plan, point)
    before = files(mount_point)
    names = {f"invoice-{number}.txt" for number in range(20, 26)}
    for name in sorted(names):
        (desk.inbox / name).write_text(f"Invoice No. 2024-{name}\nTotal amount due: 200 EUR\n")
        os.utime(desk.inbox / name, ns=(THEN_NS, THEN_NS))
    wanted = before | {f"Financial/Documents/2021/{name}" for name in names}
    assert soon(lambda: all(files(point) == wanted for point in (mount_point, other_point)), 20)
    time.sleep(1)  # as long as the slower of the two may take
    assert [files(point) == wanted for point in (mount_point, other_point)] == [True, True]
    assert desk.here("stage", "show", plan, "--json").json["planned"] == 3 + len(names)


def test_what_another_plan_has_committed_is_missing_in_a_view_and_the_target_shows_what_is_its_own(
    desk: Desk, mount_point: Path, other_point: Path
) -> None:
    committed, plan = desk.staged(), desk.here("stage", "create", "--output", str(desk.target), "--json").json["plan"]
    mounted(desk, plan, other_point)
    table = (other_point / TABLE).read_bytes()
    assert desk.here("commit", committed, "--yes").status == 0

    def status(path: str) -> str:
        return os.getxattr(other_point / path, "user.ifmosfs.status").decode()

    assert soon(lambda: status(TABLE) == status(SCRIPT) == "missing")
    with pytest.raises(FileNotFoundError):
        (other_point / TABLE).read_bytes()
    os.rename(other_point / TABLE, other_point / "here.csv")
    assert status("here.csv") == "missing"
    assert soon(lambda: (other_point / TABLE).is_file() and (other_point / TABLE).read_bytes() == table)
    with pytest.raises(OSError, match="No data available"):
        status(TABLE)


def test_a_view_whose_process_was_killed_is_gone_after_the_next_command_and_its_plan_is_whole(
    desk: Desk, mount_point: Path
) -> None:
    plan = desk.staged()
    pid = mounted(desk, plan, mount_point)
    os.rename(mount_point / TABLE, mount_point / "here.csv")
    os.kill(pid, signal.SIGKILL)
    assert soon(lambda: not os.path.exists(f"/proc/{pid}/fd"))
    done = desk.here("stage", "list")
    assert (done.status, "A dead view was cleaned away" in done.err) == (0, True)
    assert all(view.point != os.fsencode(mount_point) for view in views())
    mounted(desk, plan, mount_point)
    assert (mount_point / "here.csv").is_file()


def test_status_names_no_command_for_a_dead_view_that_it_takes_away_itself(desk: Desk, mount_point: Path) -> None:
    plan = desk.staged()
    pid = mounted(desk, plan, mount_point)
    os.kill(pid, signal.SIGKILL)
    assert soon(lambda: not os.path.exists(f"/proc/{pid}/fd"))
    done = desk.here("status")
    lines = done.out.splitlines()[:2]
    assert (done.status, lines) == (0, ["1 mounted view", f"  {mount_point}  plan {plan}  (its process has died)"])
    assert "A dead view was cleaned away" in done.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_view_that_is_asked_to_end_leaves_no_mount_and_every_edit(
    desk: Desk, mount_point: Path, number: signal.Signals
) -> None:
    plan = desk.staged()
    pid = mounted(desk, plan, mount_point)
    os.rename(mount_point / TABLE, mount_point / "here.csv")
    os.kill(pid, number)
    assert soon(lambda: all(view.point != os.fsencode(mount_point) for view in views()))
    mounted(desk, plan, mount_point)
    assert (mount_point / "here.csv").is_file()


def test_a_view_whose_process_is_halted_keeps_no_command_waiting_for_ever(desk: Desk, mount_point: Path) -> None:
    plan = desk.staged()
    pid = mounted(desk, plan, mount_point)
    os.rename(mount_point / TABLE, mount_point / "here.csv")
    os.kill(pid, signal.SIGSTOP)
    try:
        undone = desk.run("stage", "undo", plan)
        assert (undone.status, "does not show it" in undone.err) == (0, True), undone
    finally:
        os.kill(pid, signal.SIGCONT)
    assert soon(lambda: (mount_point / TABLE).is_file() and not (mount_point / "here.csv").exists())


def test_unmount_names_the_programs_that_use_the_view_and_goes_lazily_all_the_same(
    desk: Desk, mount_point: Path
) -> None:
    plan = desk.staged()
    mounted(desk, plan, mount_point)
    held = subprocess.Popen(["sleep", "60"], cwd=mount_point)
    try:
        refused = desk.here("unmount", mount_point)
        assert (refused.status, f"sleep (pid {held.pid})" in refused.err, "--lazy" in refused.err) == (2, True, True)
        from_inside = desk.run("unmount", mount_point, cwd=mount_point)
        assert f"in use by sleep (pid {held.pid}) with {mount_point}: {mount_point}" in from_inside.err, "not by itself"
        assert desk.here("unmount", "--lazy", mount_point).status == 0
        assert all(view.point != os.fsencode(mount_point) for view in views())
    finally:
        held.kill()
        held.wait()


@pytest.mark.root
def test_other_users_see_nothing_unless_allowed_and_then_read_only_what_they_could_anyway(
    desk: Desk, mount_point: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be another user")
    plan = desk.staged()
    (desk.inbox / "private.csv").write_text("a,b\n1,2\n")
    readable, private = SCRIPT, TABLE
    for folder in [mount_point, *mount_point.parents, desk.inbox, *desk.inbox.parents]:
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in desk.inbox.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.name != "sizes.csv" else 0o600)
    mounted(desk, plan, mount_point)
    assert as_nobody(mount_point / readable) == "PermissionError"
    assert desk.here("unmount", "--keep", mount_point).status == 0
    mounted(desk, plan, mount_point, "--allow-other")
    assert [as_nobody(mount_point / path) for path in (readable, private)] == ["read", "PermissionError"]
    assert (mount_point / private).read_bytes()
    (mount_point / "Shared").mkdir()
    (mount_point / "Shared").chmod(0o777)  # as a folder may be that the target has already
    before = desk.here("stage", "log", plan).out
    assert as_nobody(mount_point / "Shared" / "theirs", "os.mkdir(sys.argv[1])") == "PermissionError"
    assert desk.here("stage", "log", plan).out == before


def as_nobody(path: Path, act: str = "open(sys.argv[1], 'rb').read()") -> str:
    """How reading a file, or something else that is done to it, ends for another user."""
    script = f"import os, sys\ntry: {act}\nexcept OSError as e: print(type(e).__name__)\nelse: print('read')"
    command = ["/usr/bin/env", "python3", "-I", "-c", script, str(path)]
    done = subprocess.run(command, user=65534, group=65534, extra_groups=[], capture_output=True, check=True, text=True)
    return done.stdout.strip()
