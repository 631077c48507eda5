"""What an ordinary user may not read, write or mount: said with its remedy, and the rest goes on.

Root becomes the user `nobody` in the child process, because nothing is forbidden to root.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.trees import read_tree
from tests.cli.command_line import SCRIPT, TABLE, Desk, Result, attributes, refusal
from tests.fuse_support import PROJECT, force_unmount, needs_fuse, remove_when_quiet

NOBODY = 65534
BECOME: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


class UsersDesk(Desk):
    """A desk that belongs to an ordinary user, who types the commands."""

    @property
    def python(self) -> Path:
        """One that the user may run."""
        found = _python_for_everyone()
        assert found is not None
        return found

    @property
    def environment(self) -> dict[str, str]:
        """The interpreter may be another one than that of the tests, so it is told where the libraries are."""
        libraries = f"{PROJECT}:{sysconfig.get_path('purelib')}:{sysconfig.get_path('platlib')}"
        return {**super().environment, "PYTHONPATH": libraries}

    def typed(self, *arguments: str | os.PathLike[str], env: dict[str, str] | None = None) -> Result:
        """Run a command as that user."""
        return self.run(*arguments, env=env, **BECOME)

    def give(self) -> None:
        """Everything on the desk is the user's."""
        if os.geteuid() == 0:
            for here, folders, names in os.walk(self.folder):
                for name in (".", *folders, *names):
                    os.chown(os.path.join(here, name), NOBODY, NOBODY, follow_symlinks=False)


@pytest.fixture
def users_desk() -> Iterator[UsersDesk]:
    if _python_for_everyone() is None:
        pytest.skip("needs a checkout, libraries and a Python of this version that the user nobody may read")
    folder = Path(tempfile.mkdtemp(prefix="ifmosfs-test-"))
    desk = UsersDesk(folder)
    desk.set_up()
    desk.give()
    yield desk
    force_unmount(desk.mount_point)
    for here, folders, _ in os.walk(folder):
        for name in folders:
            os.chmod(os.path.join(here, name), 0o700)
    remove_when_quiet(folder)


@functools.cache
def _python_for_everyone() -> Path | None:
    """The tests' own interpreter, or the system's of the same version; root's own may lie in root's closed home."""
    if not BECOME:
        return Path(sys.executable)
    if not all(map(_is_open, (PROJECT / "ifmosfs", Path(sysconfig.get_path("purelib")) / "click"))):
        return None
    major, minor = sys.version_info[:2]
    for python in (Path(sys.executable), Path(f"/usr/bin/python{major}.{minor}")):
        if python.exists() and _is_open(python.resolve()) and _is_open(python):
            return python
    return None


def _is_open(place: Path) -> bool:
    """Whether everyone may go there."""
    return all(parent.stat().st_mode & 0o001 for parent in place.parents)


def test_a_folder_that_cannot_be_read_is_counted_and_named_and_the_rest_is_scanned(users_desk: UsersDesk) -> None:
    os.chmod(users_desk.inbox / "tables", 0)
    result = users_desk.typed("scan", users_desk.inbox, "--json")
    assert (result.status, result.json["files"], result.json["unreadable"]) == (
        3,
        2,
        [{"root": str(users_desk.inbox), "path": "tables", "error": "Permission denied"}],
    )
    shown = users_desk.typed("scan", users_desk.inbox).out
    assert f"  unreadable 1:\n    {users_desk.inbox}/tables: Permission denied\n" in shown


def test_an_inbox_that_cannot_be_read_is_refused(users_desk: UsersDesk) -> None:
    os.chmod(users_desk.inbox, 0)
    assert users_desk.typed("scan", users_desk.inbox) == (
        2,
        "",
        (
            f"error[bad-root]: no permission to read this folder: {users_desk.inbox}\n"
            "  hint: ask its owner, or run as that user\n"
        ),
    )


def test_a_file_that_cannot_be_read_stays_and_is_accounted_for(users_desk: UsersDesk) -> None:
    os.chmod(users_desk.inbox / "run.sh", 0)
    users_desk.typed("scan", users_desk.inbox)
    fields = users_desk.typed("stage", "create", "-o", users_desk.target, "--json").json
    assert (fields["planned"], fields["staying"], fields["scanned"]) == (2, {"unsure": 1, "unreadable": 1}, 4)
    assert users_desk.typed("commit", fields["plan"], "--yes").status == 0
    os.chmod(users_desk.inbox / "run.sh", 0o600)
    assert (users_desk.inbox / "run.sh").read_bytes() == SCRIPT


def test_a_folder_that_may_not_be_changed_keeps_its_files_and_the_others_go_on(users_desk: UsersDesk) -> None:
    os.chmod(users_desk.inbox / "tables", 0o555)
    users_desk.typed("scan", users_desk.inbox)
    plan = users_desk.typed("stage", "create", "-o", users_desk.target, "--json").json["plan"]
    checked = users_desk.typed("stage", "validate", plan, "--json")
    assert (checked.status, [(row["code"], row["path"]) for row in checked.json["problems"]]) == (
        4,
        [("not-writable", f"{users_desk.inbox}/tables")],
    )
    result = users_desk.typed("commit", plan, "--yes", "--json")
    assert (result.status, result.json["moved"], result.json["failed"]) == (3, 2, 1)
    assert read_tree(users_desk.inbox) == {b"tables": {b"sizes.csv": TABLE, b"what.xyz": b"hm"}}


def test_a_target_that_may_not_be_written_to_moves_nothing(users_desk: UsersDesk) -> None:
    users_desk.target.mkdir()
    users_desk.give()
    os.chmod(users_desk.target, 0o555)
    before = attributes(users_desk.inbox)
    users_desk.typed("scan", users_desk.inbox)
    plan = users_desk.typed("stage", "create", "-o", users_desk.target, "--json").json["plan"]
    assert users_desk.typed("commit", plan, "--yes") == (
        2,
        "",
        (
            f"error[bad-target]: this user may not change the folder: {users_desk.target}\n"
            "  hint: change its permissions, or run as its owner\n"
        ),
    )
    assert (attributes(users_desk.inbox), os.listdir(users_desk.target)) == (before, [])
    assert users_desk.typed("status", "--json").json["plans"][0]["state"] == "staged"


def test_a_state_folder_that_cannot_be_written_to_is_named(users_desk: UsersDesk) -> None:
    users_desk.state.mkdir()
    users_desk.give()
    os.chmod(users_desk.state, 0o500)
    for command in (["scan", users_desk.inbox], ["recover"], ["status"]):
        result = users_desk.typed(*command)
        lines = refusal(result)
        assert (result.status, lines[0].split(":")[0]) == (1, "error[failed]"), command
        assert str(users_desk.state) in lines[0]
        assert lines[1] == "  hint: set IFMOSFS_HOME to a folder that you can write to"


def test_a_mount_point_of_somebody_else_is_refused(users_desk: UsersDesk) -> None:
    os.chmod(users_desk.mount_point, 0o555)
    assert users_desk.typed("mount", users_desk.inbox, users_desk.mount_point, "-o", users_desk.target) == (
        2,
        "",
        (
            f"error[bad-mount-point]: no permission to mount here: {users_desk.mount_point}\n"
            "  hint: choose an empty folder of your own\n"
        ),
    )


def _without_helper(desk: UsersDesk, helper: str) -> dict[str, str]:
    """A search path without a FUSE helper, or with one that is not setuid."""
    folder = desk.folder / "bin"
    folder.mkdir()
    if helper == "not setuid":
        path = folder / "fusermount3"
        path.write_text("#!/bin/sh\nexit 1\n")
        os.chmod(path, 0o755)
    return {"PATH": str(folder)}


@pytest.mark.parametrize("helper", ["absent", "not setuid"])
def test_without_a_fuse_helper_mounting_says_what_is_missing_and_the_plan_is_kept(
    users_desk: UsersDesk, helper: str
) -> None:
    environment = _without_helper(users_desk, helper)
    result = users_desk.typed(
        "mount", users_desk.inbox, users_desk.mount_point, "-o", users_desk.target, env=environment
    )
    assert (result.status, result.err.split(":")[0]) == (6, "error[backend-missing]")
    assert "  hint: sudo " in result.err
    assert "Traceback" not in result.err
    doctor = users_desk.typed("doctor", "--json", env=environment)
    (finding,) = [row for row in doctor.json["findings"] if row["what"] == "FUSE helper"]
    assert (doctor.status, finding["level"]) == (6, "problem")


@pytest.mark.parametrize("helper", ["absent", "not setuid"])
def test_without_fuse_a_plan_is_previewed_with_links_committed_and_rolled_back(
    users_desk: UsersDesk, helper: str
) -> None:
    environment = _without_helper(users_desk, helper)
    before = attributes(users_desk.inbox)
    users_desk.typed("scan", users_desk.inbox, env=environment)
    plan = users_desk.typed("stage", "create", "-o", users_desk.target, "--json", env=environment).json["plan"]
    assert users_desk.typed("stage", "preview", plan, "--method", "symlink", env=environment).status == 0
    assert users_desk.typed("commit", plan, "--yes", env=environment).status == 0
    assert users_desk.typed("rollback", plan, "--yes", env=environment).status == 0
    assert attributes(users_desk.inbox) == before


@needs_fuse
def test_an_ordinary_user_goes_the_whole_way(users_desk: UsersDesk) -> None:
    before = attributes(users_desk.inbox)
    mounted = users_desk.typed("mount", users_desk.inbox, users_desk.mount_point, "-o", users_desk.target, "--json")
    assert mounted.status == 0, mounted
    assert users_desk.typed("commit", users_desk.mount_point, "--yes").status == 0
    assert users_desk.typed("verify").status == 0
    assert users_desk.typed("rollback", "--yes").status == 0
    assert (attributes(users_desk.inbox), users_desk.target.exists()) == (before, False)


def test_undo_works_after_the_whole_state_folder_was_lost(users_desk: UsersDesk) -> None:
    before = read_tree(users_desk.inbox)
    users_desk.typed("scan", users_desk.inbox)
    plan = users_desk.typed("stage", "create", "-o", users_desk.target, "--json").json["plan"]
    assert users_desk.typed("commit", plan, "--yes").status == 0
    shutil.rmtree(users_desk.state)
    rebuilt = users_desk.typed("recover", "--from-journal", users_desk.target, "--json")
    assert (rebuilt.status, rebuilt.json["plans"]) == (0, [plan])
    assert users_desk.typed("verify", plan).status == 0
    assert users_desk.typed("rollback", plan, "--yes").status == 0
    assert read_tree(users_desk.inbox) == before
