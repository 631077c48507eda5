"""The overlay: the target as it is and as the plan makes it, by the target's idea of equal names."""

from __future__ import annotations

import pytest

from ifmosfs.core.files import Kind, Place
from ifmosfs.core.names import NameRules
from ifmosfs.core.overlay import Overlay, Standing, TargetListing, read_listing
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import fingerprint

EXACT = NameRules()
NEITHER = NameRules(ignores_case=True, ignores_form=True)
NFC, NFD = "Café".encode(), "Cafe\u0301".encode()
LISTING: TargetListing = {
    b"": {b"Docs": Kind.FOLDER, b"note": Kind.FILE, b"link": Kind.SYMLINK, NFD: Kind.FOLDER},
    b"Docs": {b"old.pdf": Kind.FILE},
    NFD: {},
}


def disk_listing(rules: NameRules, wanted: list[bytes]) -> tuple[TargetListing, list[bytes]]:
    disk = MemoryDisk.from_tree({b"out": {b"Docs": {b"old.pdf": b"", b"2024": {}}, b"note": b"", NFD: {b"x": b""}}})
    asked: list[bytes] = []

    def names_in(path: bytes) -> dict[bytes, Kind] | None:
        asked.append(path)
        return {name: attr.kind for name, attr in disk.list_folder(Place(b"/out", path))}

    return read_listing(wanted, rules, names_in), asked


def test_only_the_folders_on_the_way_to_what_is_wanted_are_listed() -> None:
    listing, asked = disk_listing(EXACT, [b"Docs/2024/x", b"note/x", b"New/x"])
    assert asked == [b"", b"Docs", b"Docs/2024"]
    assert listing == {
        b"": {b"Docs": Kind.FOLDER, b"note": Kind.FILE, NFD: Kind.FOLDER},
        b"Docs": {b"2024": Kind.FOLDER, b"old.pdf": Kind.FILE},
        b"Docs/2024": {},
    }


@pytest.mark.parametrize(("rules", "found"), [(EXACT, []), (NEITHER, [b"Docs", NFD])], ids=["exact", "neither"])
def test_a_folder_is_found_by_another_spelling_only_where_that_is_the_same(
    rules: NameRules, found: list[bytes]
) -> None:
    _, asked = disk_listing(rules, [b"dOCS", NFC])
    assert sorted(asked) == sorted([b"", *found])


def test_a_target_that_is_not_there_has_no_listing() -> None:
    assert read_listing([b"Docs"], EXACT, lambda _path: None) == {}


def test_an_existing_folder_is_found_and_a_missing_one_planned_parents_first() -> None:
    overlay = Overlay(LISTING, EXACT)
    docs, deep = overlay.folder(b"Docs"), overlay.folder(b"New/a/b")
    assert docs is not None
    assert deep is not None
    assert (docs.exists, deep.exists, deep.path) == (True, False, b"New/a/b")
    assert overlay.new_folders == [b"New", b"New/a", b"New/a/b"]
    assert overlay.folder(b"New/a/b") is deep


@pytest.mark.parametrize("path", [b"note", b"note/x", b"link", b"link/x/y", b"Docs/old.pdf/x"])
def test_what_is_no_folder_stands_in_the_way_and_no_folder_is_planned(path: bytes) -> None:
    overlay = Overlay(LISTING, EXACT)
    assert (overlay.folder(path), overlay.new_folders) == (None, [])


def test_a_planned_file_stands_in_the_way_of_a_folder() -> None:
    overlay = Overlay(LISTING, EXACT)
    docs = overlay.folder(b"Docs")
    assert docs is not None
    overlay.claim(docs, b"2024", 0)
    assert overlay.folder(b"Docs/2024/a") is None


def test_a_name_is_taken_by_what_exists_and_by_what_was_claimed() -> None:
    overlay = Overlay(LISTING, EXACT)
    docs = overlay.folder(b"Docs")
    assert docs is not None
    overlay.claim(docs, b"new.pdf", 7)
    names = [b"old.pdf", b"new.pdf", b"NEW.pdf", b"free.pdf"]
    assert [overlay.taken_by(docs, name) for name in names] == [
        Standing(b"old.pdf", Kind.FILE),
        Standing(b"new.pdf", Kind.FILE, claimant=7),
        None,
        None,
    ]


def test_where_case_and_form_do_not_count_the_first_spelling_holds_the_name() -> None:
    overlay = Overlay(LISTING, NEITHER)
    cafe, docs = overlay.folder(NFC), overlay.folder(b"DOCS")
    assert cafe is not None
    assert docs is not None
    assert (cafe.path, docs.path, overlay.new_folders) == (NFD, b"Docs", [])
    assert overlay.taken_by(docs, b"OLD.PDF") == Standing(b"old.pdf", Kind.FILE)


def test_a_twin_is_another_name_that_differs_in_case_or_form_at_most() -> None:
    overlay = Overlay(LISTING, EXACT)
    docs = overlay.folder(b"Docs")
    assert docs is not None
    overlay.claim(docs, NFD, 0)
    asked = [b"OLD.pdf", b"old.pdf", NFC, b"other"]
    assert [overlay.twin_of(docs, name) for name in asked] == [b"old.pdf", None, NFD, None]


def test_a_name_given_up_goes_back_to_the_file_of_the_target_that_had_it() -> None:
    overlay = Overlay({b"": {b"there": fingerprint(1)}}, EXACT)
    top = overlay.folder(b"")
    assert top is not None
    overlay.claim(top, b"there", 0, fingerprint(1))
    overlay.claim(top, b"free", 1)
    assert overlay.taken_by(top, b"there") == Standing(b"there", Kind.FILE, fingerprint(1), 0)
    overlay.release(top, b"there")
    overlay.release(top, b"free")
    assert overlay.taken_by(top, b"there") == Standing(b"there", Kind.FILE, fingerprint(1))
    assert overlay.taken_by(top, b"free") is None
