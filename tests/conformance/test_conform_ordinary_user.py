"""The answers that an ordinary user gets from a mount of one's own, and that nobody else gets any."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.adapters.trees import write_tree
from tests.cli.command_line import make_inbox
from tests.cli.test_cli_ordinary_user import BECOME, NOBODY, UsersDesk, users_desk  # noqa: F401  # a fixture
from tests.conformance.os_protocol import told
from tests.conformance.playground import INBOX, LAYOUT, TARGET
from tests.conformance.test_errno_table import STILL, expected
from tests.fuse_support import PROJECT, force_unmount, needs_fuse

USER = NOBODY if os.geteuid() == 0 else os.geteuid()


@pytest.mark.root
@needs_fuse
def test_a_user_gets_the_answers_of_the_table_and_root_gets_none(users_desk: UsersDesk) -> None:  # noqa: F811
    desk = users_desk
    shutil.rmtree(desk.inbox)
    make_inbox(desk.inbox, INBOX)
    write_tree(desk.target, TARGET)
    desk.state.mkdir()
    (desk.state / "layout.toml").write_text(LAYOUT)
    desk.give()
    try:
        mounted = desk.typed("mount", desk.inbox, desk.mount_point, "--output", desk.target, "--json")
        assert mounted.status == 0, mounted
        asked = [desk.python, "-m", "tests.conformance.as_user", desk.mount_point, *STILL]
        said = subprocess.run(asked, cwd=PROJECT, env=desk.environment, capture_output=True, check=False, **BECOME)
        assert said.returncode == 0, said
        answers = json.loads(said.stdout)
        wanted = {name: expected(name, USER) for name in STILL}
        other = {
            (name, kind): (answers[name][kind], answer)
            for name, column in wanted.items()
            for kind, answer in column.items()
            if answers[name][kind] != answer
        }
        assert other == {}
        if os.geteuid() == 0:
            assert told(lambda: os.stat(desk.mount_point)) == "EACCES"
            assert told(lambda: os.listdir(desk.mount_point)) == "EACCES"
    finally:
        force_unmount(desk.mount_point)
