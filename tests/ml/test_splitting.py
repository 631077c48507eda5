"""No group is ever in both parts of a set, and the categories are spread as evenly as the groups allow."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.ml.splitting import Split, split_by_group

ROWS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("stuvwxyz")), max_size=60)
SHARES = st.floats(0.05, 0.95)


@given(rows=ROWS, share=SHARES, seed=st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_no_group_is_in_both_parts_and_every_row_is_in_one(
    rows: list[tuple[str, str]], share: float, seed: int
) -> None:
    categories, groups = [category for category, _ in rows], [group for _, group in rows]
    split = split_by_group(categories, groups, share, seed)
    assert sorted(split.train + split.test) == list(range(len(rows)))
    assert not {groups[position] for position in split.train} & {groups[position] for position in split.test}
    if len(set(groups)) > 1:
        assert split.train
        assert split.test


@given(rows=ROWS, share=SHARES, seed=st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_the_same_seed_gives_the_same_parts_in_whatever_order_the_rows_stand(
    rows: list[tuple[str, str]], share: float, seed: int
) -> None:
    order = list(range(len(rows)))
    Random(seed).shuffle(order)
    one = split_by_group([category for category, _ in rows], [group for _, group in rows], share, seed)
    other = split_by_group([rows[at][0] for at in order], [rows[at][1] for at in order], share, seed)
    assert {order[position] for position in other.test} == set(one.test)


def test_each_category_has_the_wanted_share_where_the_groups_are_small() -> None:
    categories = ["a"] * 100 + ["b"] * 40 + ["c"] * 20
    groups = [f"{category}{number // 2}" for number, category in enumerate(categories)]
    split = split_by_group(categories, groups, 0.3, 1)
    assert Counter(categories[position] for position in split.test) == {"a": 30, "b": 12, "c": 6}


def test_a_category_of_two_groups_is_in_both_parts_however_small_the_share() -> None:
    categories = ["a"] * 90 + ["b"] * 6
    groups = [f"a{number // 3}" for number in range(90)] + ["b1"] * 3 + ["b2"] * 3
    split = split_by_group(categories, groups, 0.1, 0)
    assert [Counter(categories[position] for position in part)["b"] for part in (split.train, split.test)] == [3, 3]


def test_another_seed_gives_other_parts() -> None:
    groups = [str(number) for number in range(50)]
    parts = {split_by_group(["a"] * 50, groups, 0.5, seed).test for seed in range(4)}
    assert len(parts) == 4
    assert {len(part) for part in parts} == {25}


@pytest.mark.parametrize("rows", [[], ["one"] * 3], ids=["no row", "one group"])
def test_what_cannot_be_parted_is_left_whole(rows: list[str]) -> None:
    split = split_by_group(["a"] * len(rows), rows, 0.3, 0)
    assert Split((), ()) == split if not rows else sorted(split.train + split.test) == [0, 1, 2]
