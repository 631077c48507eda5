"""Where losers go, and how a place in the vault tells where its file came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.files import Place
from ifmosfs.core.vault import Origin, Section, in_vault, lost_place, origin_of, replaced_place, vault_folders

names = st.binary(min_size=1, max_size=6).filter(lambda name: b"/" not in name and b"\0" not in name)
paths = st.lists(names, min_size=1, max_size=4).map(b"/".join)


def test_a_displaced_file_keeps_its_path_below_the_plan() -> None:
    place = replaced_place(b"/t", "p1", b"Documents/a.pdf")
    assert place == Place(b"/t", b".ifmosfs/vault/p1/replaced/Documents/a.pdf")


def test_an_incoming_loser_keeps_its_path_below_the_number_of_its_root() -> None:
    assert lost_place(b"/t", "p1", 2, b"x/\xff\n") == Place(b"/t", b".ifmosfs/vault/p1/lost/2/x/\xff\n")


def test_a_taken_place_moves_the_whole_path_to_a_numbered_section() -> None:
    taken = {b".ifmosfs/vault/p/replaced/a", b".ifmosfs/vault/p/replaced-2/a"}
    place = replaced_place(b"/t", "p", b"a", lambda each: each.path in taken)
    assert place.path == b".ifmosfs/vault/p/replaced-3/a"


@given(paths, st.integers(0, 3), st.none() | st.integers(1, 9))
def test_a_place_tells_where_its_file_came_from(path: bytes, n_taken: int, root_number: int | None) -> None:
    asked: list[Place] = []

    def taken(place: Place) -> bool:
        asked.append(place)
        return len(asked) <= n_taken

    if root_number is None:
        place = replaced_place(b"/t", "p", path, taken)
        assert origin_of(place.path) == Origin("p", Section.REPLACED, None, path)
    else:
        place = lost_place(b"/t", "p", root_number, path, taken)
        assert origin_of(place.path) == Origin("p", Section.LOST, root_number, path)
    assert len(set(asked)) == n_taken + 1


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b".ifmosfs",
        b".ifmosfs/vault",
        b".ifmosfs/vault/p",
        b".ifmosfs/vault/p/replaced",
        b".ifmosfs/vault/p/lost/1",
        b".ifmosfs/vault/p/lost/x/a",
        b".ifmosfs/vault/p/other/a",
        b".ifmosfs/vault/p/lost-x/1/a",
        b".ifmosfs/vault/\xff/replaced/a",
        b"vault/p/replaced/a",
    ],
)
def test_what_no_commit_has_put_there_tells_nothing(path: bytes) -> None:
    assert origin_of(path) is None


def test_the_folders_come_parents_first_and_once() -> None:
    places = [replaced_place(b"/t", "p", b"d/a"), lost_place(b"/t", "p", 1, b"b")]
    assert [folder.path for folder in vault_folders(places)] == [
        b".ifmosfs",
        b".ifmosfs/vault",
        b".ifmosfs/vault/p",
        b".ifmosfs/vault/p/lost",
        b".ifmosfs/vault/p/replaced",
        b".ifmosfs/vault/p/lost/1",
        b".ifmosfs/vault/p/replaced/d",
    ]


def test_only_the_vault_of_the_target_is_the_vault() -> None:
    assert in_vault(replaced_place(b"/t", "p", b"a"), b"/t")
    assert not in_vault(Place(b"/t", b".ifmosfs/vaulted"), b"/t")
    assert not in_vault(Place(b"/u", b".ifmosfs/vault/p/a"), b"/t")
