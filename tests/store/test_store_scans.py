"""Sessions, scans and classifications."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_values import OTHER_ROOT, ROOT, fingerprint, found, manifests, proposals

from ifmosfs.core.errors import Ambiguous, NotFound
from ifmosfs.core.files import Fingerprint, Root, ScannedFile, SkippedEntry, SkipReason, UnreadableEntry
from ifmosfs.core.manifest import FoundFile, ScanDelta, SessionCounts, SessionInfo
from ifmosfs.core.proposal import Proposal
from ifmosfs.store.catalogue import Catalogue

PROPOSAL = Proposal("financial_document", 0.9, "extension .pdf")
counter = itertools.count()


def scanned(root: bytes, file: FoundFile, file_id: int) -> ScannedFile:
    return ScannedFile(file_id, root, file.path, file.kind, file.mode, file.fingerprint, file.readable)


def paths_and_words(catalogue: Catalogue, session_id: str) -> list[tuple[bytes, str | None]]:
    return [(file.path, word and word.label) for file, word in catalogue.classified(session_id)]


def test_same_set_of_roots_gives_the_same_session_with_its_tag_and_filesystem_updated(catalogue: Catalogue) -> None:
    first = catalogue.session_for([ROOT, OTHER_ROOT], "inbox", 1)
    again = catalogue.session_for([Root(OTHER_ROOT.path, "uuid:new"), ROOT, ROOT], None, 2)
    other = catalogue.session_for([ROOT], None, 3)
    assert again == first
    assert catalogue.sessions() == [
        SessionInfo(first, "inbox", (ROOT, Root(OTHER_ROOT.path, "uuid:new")), 1, SessionCounts()),
        SessionInfo(other, None, (ROOT,), 3, SessionCounts()),
    ]
    assert len(first) == 10


def test_session_without_a_prefix_is_the_one_scanned_last(catalogue: Catalogue) -> None:
    first, _ = catalogue.session_for([ROOT], None, 1), catalogue.session_for([OTHER_ROOT], None, 2)
    catalogue.record_scan(first, ROOT.path, [], [], [], 3)
    assert catalogue.find_session().session_id == first


def test_session_is_found_by_an_unambiguous_beginning_only(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound) as caught:
        catalogue.find_session()
    assert caught.value.hint == "scan a folder first: ifmosfs scan FOLDER"
    ids = [catalogue.session_for([Root(b"/%d" % at, "f")], None, at) for at in range(17)]  # two begin alike
    first = next(digit for digit in "0123456789abcdef" if sum(id_.startswith(digit) for id_ in ids) > 1)
    with pytest.raises(Ambiguous) as ambiguous:
        catalogue.find_session(first)
    assert all(id_ in (ambiguous.value.hint or "") for id_ in ids if id_.startswith(first))
    assert catalogue.find_session(ids[3].upper()).session_id == ids[3]
    for wrong in ("", "%", "zz", ids[0] + "0"):
        with pytest.raises(NotFound):
            catalogue.find_session(wrong)


@settings(max_examples=60, deadline=None)
@given(manifests)
def test_recorded_files_come_back_whole_in_the_order_of_their_paths(
    shared_catalogue: Catalogue, files: list[FoundFile]
) -> None:
    root = Root(b"/root%d" % next(counter), "f")
    session_id = shared_catalogue.session_for([root], None, 1)
    assert shared_catalogue.record_scan(session_id, root.path, files, [], [], 2) == ScanDelta(len(files), 0, 0, 0)
    known = shared_catalogue.known_files(session_id, root.path)
    assert {path: print_ for path, (_, print_) in known.items()} == {file.path: file.fingerprint for file in files}
    in_order = sorted(files, key=lambda file: file.path)
    expected = [(scanned(root.path, file, known[file.path][0]), None) for file in in_order]
    assert list(shared_catalogue.classified(session_id)) == expected
    assert shared_catalogue.record_scan(session_id, root.path, files, [], [], 3) == ScanDelta(0, 0, len(files), 0)


@settings(max_examples=30, deadline=None)
@given(st.lists(proposals, max_size=5))
def test_proposals_come_back_whole(shared_catalogue: Catalogue, words: list[Proposal]) -> None:
    root = Root(b"/root%d" % next(counter), "f")
    session_id = shared_catalogue.session_for([root], None, 1)
    shared_catalogue.record_scan(session_id, root.path, [found(b"%d" % at) for at in range(len(words))], [], [], 2)
    files = list(shared_catalogue.unclassified(session_id, "rules 1"))
    assert shared_catalogue.save_proposals("rules 1", zip([f.file_id for f in files], words, strict=True)) == len(words)
    assert list(shared_catalogue.classified(session_id)) == list(zip(files, words, strict=True))


def test_rescan_keeps_what_is_unchanged_reclassifies_what_changed_and_forgets_what_vanished(
    catalogue: Catalogue,
) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    first = [found(b"same", 1), found(b"grown", 2), found(b"gone", 3), found(b"chmod", 4), found(b"opened", 5)]
    first[4] = first[4]._replace(readable=False)
    catalogue.record_scan(session_id, ROOT.path, first, [], [], 2)
    before = catalogue.known_files(session_id, ROOT.path)
    catalogue.save_proposals("rules 1", [(file_id, PROPOSAL) for file_id, _ in before.values()])
    chmod = found(b"chmod", 4, mode=0o100600, fingerprint=fingerprint(4).__class__(4, 100, *_times(4), 99, None))
    second = [found(b"same", 1), found(b"grown", 2, fingerprint=fingerprint(2, 5)), chmod, found(b"opened", 5)]
    delta = catalogue.record_scan(session_id, ROOT.path, [*second, found(b"new", 6)], [], [], 3)
    assert delta == ScanDelta(new=1, changed=2, unchanged=2, vanished=1)
    label = PROPOSAL.label
    assert paths_and_words(catalogue, session_id) == [
        (b"chmod", label),
        (b"grown", None),
        (b"new", None),
        (b"opened", None),
        (b"same", label),
    ]
    after = catalogue.known_files(session_id, ROOT.path)
    assert {path: after[path][0] for path in before if path in after} == {
        path: file_id for path, (file_id, _) in before.items() if path != b"gone"
    }
    assert after[b"chmod"][1] == chmod.fingerprint
    assert after[b"new"][0] not in {file_id for file_id, _ in before.values()}


def test_rescan_of_a_disk_that_keeps_no_numbers_goes_by_size_and_time(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    catalogue.record_scan(session_id, ROOT.path, [found(b"same", 1), found(b"grown", 2)], [], [], 2)
    before = catalogue.known_files(session_id, ROOT.path)
    catalogue.save_proposals("rules 1", [(file_id, PROPOSAL) for file_id, _ in before.values()])
    renumbered = replace(fingerprint(1), inode=77), replace(fingerprint(2, 5), inode=78)
    again = [found(b"same", fingerprint=renumbered[0]), found(b"grown", fingerprint=renumbered[1])]
    same = Fingerprint.same_but_number
    assert catalogue.record_scan(session_id, ROOT.path, again, [], [], 3, same) == ScanDelta(0, 1, 1, 0)
    assert paths_and_words(catalogue, session_id) == [(b"grown", None), (b"same", PROPOSAL.label)]
    assert [catalogue.known_files(session_id, ROOT.path)[path][1] for path in (b"same", b"grown")] == list(renumbered)


def _times(number: int) -> tuple[int]:
    return (fingerprint(number).mtime_ns,)


def test_id_of_a_vanished_file_is_never_given_again(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    ids = []
    for name in (b"one", b"two", b"three"):
        catalogue.record_scan(session_id, ROOT.path, [found(name)], [], [], 2)
        ids.append(catalogue.known_files(session_id, ROOT.path)[name][0])
    assert len(set(ids)) == 3


def test_files_below_an_unreadable_folder_are_forgotten_but_not_counted_as_gone(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    catalogue.record_scan(session_id, ROOT.path, [found(b"a/b/c"), found(b"ab"), found(b"d")], [], [], 2)
    unreadable = [UnreadableEntry(ROOT.path, b"a", "Permission denied")]
    assert catalogue.record_scan(session_id, ROOT.path, [found(b"d")], [], unreadable, 3) == ScanDelta(0, 0, 1, 1)
    assert paths_and_words(catalogue, session_id) == [(b"d", None)]
    whole = [UnreadableEntry(ROOT.path, b"", "Input/output error")]
    assert catalogue.record_scan(session_id, ROOT.path, [], [], whole, 4) == ScanDelta(0, 0, 0, 0)


def test_skipped_and_unreadable_entries_are_those_of_the_last_scan(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT, OTHER_ROOT], None, 1)
    old = [SkippedEntry(ROOT.path, b"old", SkipReason.SPECIAL)]
    skipped = [SkippedEntry(ROOT.path, b"%d\xff" % at, reason) for at, reason in enumerate(SkipReason)]
    unreadable = [UnreadableEntry(ROOT.path, b"x", "Permission denied: \udcff")]
    catalogue.record_scan(session_id, ROOT.path, [], old, [], 2)
    catalogue.record_scan(session_id, ROOT.path, [found(b"f")], skipped, unreadable, 3)
    catalogue.record_scan(
        session_id, OTHER_ROOT.path, [], [SkippedEntry(OTHER_ROOT.path, b"s", SkipReason.EXCLUDED)], [], 4
    )
    assert list(catalogue.skipped(session_id)) == [*skipped, SkippedEntry(OTHER_ROOT.path, b"s", SkipReason.EXCLUDED)]
    assert list(catalogue.unreadable(session_id)) == [UnreadableEntry(ROOT.path, b"x", "Permission denied: \\udcff")]
    expected = SessionCounts(n_files=1, size_bytes=100, n_skipped=len(skipped) + 1, n_unreadable=1)
    assert catalogue.session_counts(session_id) == expected


def test_another_classifier_is_asked_again_and_its_word_replaces_the_old_one(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    catalogue.record_scan(session_id, ROOT.path, [found(b"a"), found(b"b")], [], [], 2)
    ids = [file.file_id for file in catalogue.unclassified(session_id, "rules 1")]
    catalogue.save_proposals("rules 1", [(file_id, PROPOSAL) for file_id in ids])
    assert list(catalogue.unclassified(session_id, "rules 1")) == []
    assert [file.path for file in catalogue.unclassified(session_id, "rules 2")] == [b"a", b"b"]
    nothing = Proposal(None, 0.0, "nothing known")
    assert catalogue.save_proposals("rules 2", [(ids[0], nothing)]) == 1
    assert [word for _, word in catalogue.classified(session_id)] == [nothing, PROPOSAL]
    assert catalogue.session_counts(session_id)[2:4] == (2, 1)


def test_proposals_for_files_forgotten_meanwhile_are_left_out(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    catalogue.record_scan(session_id, ROOT.path, [found(b"a")], [], [], 2)
    (file,) = catalogue.unclassified(session_id, "rules 1")
    catalogue.record_scan(session_id, ROOT.path, [], [], [], 3)
    assert catalogue.save_proposals("rules 1", [(file.file_id, PROPOSAL)]) == 0


def test_reading_in_pages_misses_and_repeats_nothing_while_words_are_saved(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("classifications", "database"):
        monkeypatch.setattr(f"ifmosfs.store.{module}.PAGE_ROWS", 7)
    session_id = catalogue.session_for([ROOT, OTHER_ROOT], None, 1)
    for root in (ROOT, OTHER_ROOT):
        files = [found(b"%03d" % at) for at in range(50)]
        catalogue.record_scan(session_id, root.path, files, [], [], 2)
    n_seen = 0
    for file in catalogue.unclassified(session_id, "rules 1"):
        n_seen += catalogue.save_proposals("rules 1", [(file.file_id, PROPOSAL)])
    assert n_seen == 100
    read = [(file.root, file.path) for file, word in catalogue.classified(session_id) if word == PROPOSAL]
    assert read == [(root.path, b"%03d" % at) for root in (ROOT, OTHER_ROOT) for at in range(50)]


def test_paused_reader_blocks_no_writer(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    catalogue.record_scan(session_id, ROOT.path, [found(b"a"), found(b"b")], [], [], 2)
    reader = catalogue.classified(session_id)
    next(reader)
    assert catalogue.record_scan(session_id, ROOT.path, [found(b"a")], [], [], 3).vanished == 1
    reader.close()


def test_slow_walk_holds_no_lock(catalogue: Catalogue, tmp_path: Path) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)

    def walk():
        catalogue.session_for([OTHER_ROOT], None, 2)  # another writer gets in between
        yield found(b"a")

    assert catalogue.record_scan(session_id, ROOT.path, walk(), [], [], 3).new == 1


def test_unknown_session_or_root_is_not_found(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    for call in (
        lambda: catalogue.known_files(session_id, b"/elsewhere"),
        lambda: catalogue.record_scan("nope", ROOT.path, [], [], [], 1),
        lambda: next(catalogue.classified("nope")),
        lambda: next(catalogue.unclassified("nope", "c")),
        lambda: next(catalogue.skipped("nope")),
        lambda: catalogue.session_counts("nope"),
    ):
        with pytest.raises(NotFound):
            call()


def test_hundred_thousand_files_are_recorded_and_read_back(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    files = [found(b"%d/%d" % (at // 100, at), at) for at in range(100_000)]
    assert catalogue.record_scan(session_id, ROOT.path, files, [], [], 2) == ScanDelta(100_000, 0, 0, 0)
    assert catalogue.record_scan(session_id, ROOT.path, files[::2], [], [], 3) == ScanDelta(0, 0, 50_000, 50_000)
    assert sum(1 for _ in catalogue.classified(session_id)) == 50_000
