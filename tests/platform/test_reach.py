"""Whether another user could open a file: compared with what the kernel lets that user do."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from ifmosfs.platform.reach import Person, may_read, person_of

NOBODY, STAFF = 65534, 50
PEOPLE = {
    "nobody": Person(NOBODY, frozenset({NOBODY})),
    "in the group": Person(NOBODY, frozenset({NOBODY, STAFF})),
    "the owner": Person(1234, frozenset({1234})),
}
MODES = [
    (folder, file) for folder in (0o755, 0o750, 0o700, 0o711, 0o705) for file in (0o644, 0o640, 0o600, 0o604, 0o040)
]
# Entries beside those of owner (rw), owning group and others (nothing): (tag, permissions, id), and the mask.
USER, GROUP, GROUP_OBJ, MASK, NO_ID = 2, 8, 4, 0x10, 0xFFFFFFFF
LISTS = {
    "a user may": [(USER, 4, NOBODY), (GROUP_OBJ, 0, NO_ID), (MASK, 4, NO_ID)],
    "a user may not, the group may": [(USER, 0, NOBODY), (GROUP_OBJ, 4, NO_ID), (MASK, 4, NO_ID)],
    "a named group may": [(GROUP_OBJ, 0, NO_ID), (GROUP, 4, STAFF), (MASK, 4, NO_ID)],
    "the mask takes a user's right": [(USER, 4, NOBODY), (GROUP_OBJ, 0, NO_ID), (MASK, 0, NO_ID)],
    "the mask takes the group's right": [(GROUP_OBJ, 4, NO_ID), (GROUP, 0, 7), (MASK, 0, NO_ID)],
}


def kernel_says(path: Path, person: Person) -> bool:
    """What happens when a process of that person opens the file."""
    child = os.fork()
    if child == 0:
        os.setgroups(sorted(person.gids))
        os.setresgid(*[min(person.gids)] * 3)
        os.setresuid(*[person.uid] * 3)
        try:
            os.close(os.open(path, os.O_RDONLY))
        except PermissionError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of user 1234 and group 50, two folders below one that everybody may enter."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to make files of other users")
    for folder in [tmp_path, *tmp_path.parents][:-1]:
        if not folder.stat().st_mode & 1:
            folder.chmod(folder.stat().st_mode | 0o011)
    inner = tmp_path / "folder"
    inner.mkdir()
    path = inner / "file"
    path.write_bytes(b"x")
    for each in (inner, path):
        os.chown(each, 1234, STAFF)
    return path


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize(("folder_mode", "file_mode"), MODES, ids=lambda mode: f"{mode:o}")
def test_modes_are_read_as_the_kernel_reads_them(file: Path, folder_mode: int, file_mode: int, name: str) -> None:
    file.chmod(file_mode)
    file.parent.chmod(folder_mode)
    assert may_read(os.fsencode(file), PEOPLE[name]) == kernel_says(file, PEOPLE[name])


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("entries", LISTS.values(), ids=LISTS.keys())
def test_access_lists_are_read_as_the_kernel_reads_them(
    file: Path, entries: list[tuple[int, int, int]], name: str
) -> None:
    whole = sorted([(1, 6, NO_ID), *entries, (0x20, 0, NO_ID)])
    stored = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in whole)
    try:
        os.setxattr(file, "system.posix_acl_access", stored)
    except OSError as error:
        pytest.skip(f"this filesystem has no access lists: {error.strerror}")
    assert may_read(os.fsencode(file), PEOPLE[name]) == kernel_says(file, PEOPLE[name])


def test_a_link_and_what_is_not_there_are_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    person = Person(os.geteuid(), frozenset({os.getegid()}))
    assert not may_read(os.fsencode(tmp_path / "link"), person)
    assert not may_read(os.fsencode(tmp_path / "missing"), person)


def test_the_groups_of_a_process_are_known() -> None:
    assert person_of(os.getpid(), 7, 8) == Person(7, frozenset({8, *os.getgroups()}))
    assert person_of(2**30, 7, 8) == Person(7, frozenset({8}))
