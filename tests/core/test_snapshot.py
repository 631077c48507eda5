"""The snapshot's hash: equal for equal manifests, changed by any change."""

from __future__ import annotations

import struct
from dataclasses import replace
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.files import Fingerprint
from ifmosfs.core.manifest import Belongings, Protection, SnapshotEntry
from ifmosfs.core.snapshot import PER_LEAF, Leaf, entries_of, leaves, merkle_root, rows_of
from tests.core.plans import fingerprint

ENTRY = SnapshotEntry(b"/in", b"a\xff\n", fingerprint(1), b"\1" * 32, 0o100644)
xattrs = st.lists(st.tuples(st.sampled_from(["user.a", "user.\udcff"]), st.binary(max_size=2)), max_size=2).map(tuple)
entries = st.lists(
    st.builds(
        SnapshotEntry,
        st.sampled_from([b"/in", b"/i"]),
        st.sampled_from([b"a", b"b", b"n/a"]),
        st.integers(0, 3).map(fingerprint),
        st.none() | st.sampled_from([b"\0" * 32, b"\1" * 32]),
        st.none() | st.sampled_from([0o100644, 0o100600]),
        st.none(),
        st.none() | st.builds(Belongings, st.sampled_from([0, 1000]), st.sampled_from([0, 100]), xattrs),
    ),
    max_size=9,
)


@given(entries, entries)
def test_two_manifests_have_the_same_root_exactly_when_they_are_equal(
    one: list[SnapshotEntry], other: list[SnapshotEntry]
) -> None:
    assert (merkle_root(one) == merkle_root(other)) == (one == other)


@pytest.mark.parametrize("n", range(1, 9))
def test_no_inner_node_passes_for_an_entry_and_no_order_for_another(n: int) -> None:
    several = [ENTRY._replace(path=b"%d" % number) for number in range(n)]
    roots = {merkle_root(several[:end]) for end in range(n + 1)}
    assert len(roots) == n + 1
    assert n == 1 or merkle_root(several[::-1]) != merkle_root(several)


@pytest.mark.parametrize(
    "other",
    [
        ENTRY._replace(root=b"/i", path=b"n" + ENTRY.path),
        ENTRY._replace(digest=None),
        ENTRY._replace(fingerprint=replace(ENTRY.fingerprint, inode=7)),
        ENTRY._replace(fingerprint=replace(ENTRY.fingerprint, size_bytes=7)),
        ENTRY._replace(fingerprint=replace(ENTRY.fingerprint, mtime_ns=7)),
        ENTRY._replace(fingerprint=replace(ENTRY.fingerprint, birth_ns=None)),
        ENTRY._replace(mode=0o100600),
        ENTRY._replace(level=Protection.CONTENT_COPY),
        ENTRY._replace(belongings=Belongings(0, 0)),
    ],
    ids=["place", "digest", "inode", "size", "mtime", "birth", "mode", "level", "belongings"],
)
def test_any_change_of_an_entry_changes_the_root(other: SnapshotEntry) -> None:
    assert merkle_root([other]) != merkle_root([ENTRY])


def test_the_time_of_the_last_rename_does_not_count() -> None:
    renamed = ENTRY._replace(fingerprint=replace(ENTRY.fingerprint, ctime_ns=7))
    assert merkle_root([renamed]) == merkle_root([ENTRY])


def test_nothing_has_a_root_of_zeros() -> None:
    assert merkle_root([]) == bytes(32)


@pytest.mark.parametrize(
    "n", [1, PER_LEAF - 1, PER_LEAF, PER_LEAF + 1, 2 * PER_LEAF + 1, 3 * PER_LEAF, 7 * PER_LEAF + 5]
)
def test_a_root_is_the_same_as_when_levels_were_hashed_one_after_the_other(n: int) -> None:
    listed = [ENTRY._replace(path=b"%d" % number) for number in range(n)]
    level = [merkle_root(listed[start : start + PER_LEAF]) for start in range(0, n, PER_LEAF)]
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [blake2b(b"\x01" + one + other, digest_size=32).digest() for one, other in pairs] + odd
    assert merkle_root(iter(listed)) == level[0]


@pytest.mark.parametrize("at", [0, PER_LEAF - 1, PER_LEAF, 2 * PER_LEAF])
def test_an_entry_in_any_leaf_counts(at: int) -> None:
    listed = [ENTRY._replace(path=b"%d" % number) for number in range(2 * PER_LEAF + 1)]
    changed = [*listed[:at], ENTRY, *listed[at + 1 :]]
    assert merkle_root(changed) != merkle_root(listed)


@given(entries)
def test_entries_come_back_whole_from_their_leaves(some: list[SnapshotEntry]) -> None:
    assert [entry for leaf in leaves(some) for entry in entries_of(leaf)] == some


def test_a_manifest_of_before_belongings_were_recorded_is_read_and_its_root_is_what_it_was() -> None:
    root, path = b"/in", b"a"
    head = struct.pack("<IIBBQQQQI", len(root), len(path), 32, 1 | 2 | 12, 5, 6, 7, 8, 0o100644)
    leaf = Leaf(head + root + path + b"\1" * 32, struct.pack("<Q", 9))
    entry = SnapshotEntry(
        root, path, Fingerprint(5, 6, 7, 9, 8), b"\1" * 32, 0o100644, Protection.CONTENT_COPY, belongings=None
    )
    assert list(entries_of(leaf)) == [entry]
    assert merkle_root([entry]) == blake2b(b"\x00" + leaf.entries, digest_size=32).digest()


def test_belongings_that_end_elsewhere_than_they_say_are_refused() -> None:
    (leaf,) = leaves([ENTRY._replace(belongings=Belongings(1, 2, (("user.a", b"value"),)))])
    for end in range(1, len(b"value") + 1):
        with pytest.raises(ValueError, match="manifest"):
            list(entries_of(leaf._replace(entries=leaf.entries[:-end])))


def test_every_leaf_but_the_last_is_full() -> None:
    listed = [ENTRY._replace(path=b"%d" % number) for number in range(2 * PER_LEAF + 1)]
    assert [len(list(rows_of(leaf))) for leaf in leaves(listed)] == [PER_LEAF, PER_LEAF, 1]


@given(st.binary(max_size=200), st.binary(max_size=24))
def test_what_is_no_leaf_is_refused_or_read_as_what_it_says(data: bytes, times: bytes) -> None:
    (whole,) = leaves([ENTRY])
    for leaf in (Leaf(data, times), Leaf(whole.entries + data, times), Leaf(whole.entries[: len(data)], times)):
        try:
            found = list(entries_of(leaf))
        except ValueError:
            continue
        assert len(found) * 8 == len(leaf.ctimes)
