"""A quick frozen dataclass differs from a plain one in nothing but speed."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from ifmosfs.core.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Fruit:
    """Something to eat."""

    name: str
    weight: int
    colour: str | None = None


APPLE = Fruit("apple", 120, "red")


def test_a_quick_value_equals_one_with_the_same_fields_however_they_were_given() -> None:
    assert Fruit("apple", 120, "red") == Fruit(colour="red", weight=120, name="apple") == APPLE
    assert Fruit("pear", 100).colour is None
    assert Fruit("pear", 100) != Fruit("pear", 101)
    assert len({APPLE, Fruit("apple", 120, "red"), Fruit("pear", 100)}) == 2


def test_a_quick_value_is_of_its_own_class_and_says_so() -> None:
    assert type(APPLE) is Fruit
    assert repr(APPLE) == "Fruit(name='apple', weight=120, colour='red')"
    match APPLE:
        case Fruit("apple", weight, _):
            assert weight == 120
        case _:
            pytest.fail("the pattern does not match")


def test_a_quick_value_stays_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        APPLE.weight = 5  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del APPLE.weight
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        APPLE.price = 5  # type: ignore[attr-defined]


def test_a_quick_value_is_replaced_copied_and_pickled_like_any_other() -> None:
    assert dataclasses.replace(APPLE, weight=90) == Fruit("apple", 90, "red")
    assert copy.copy(APPLE) == copy.deepcopy(APPLE) == pickle.loads(pickle.dumps(APPLE)) == APPLE
    assert dataclasses.asdict(APPLE) == {"name": "apple", "weight": 120, "colour": "red"}


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="weight"):
        Fruit("apple")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="taste"):
        Fruit("apple", 1, taste="sweet")  # type: ignore[call-arg]


class _Open:
    pass


@dataclass(slots=True)
class _Thawed:
    x: int


@dataclass(frozen=True)
class _WithoutSlots:
    x: int


@dataclass(frozen=True, slots=True)
class _Checked:
    x: int

    def __post_init__(self) -> None:
        assert self.x


@dataclass(frozen=True, slots=True)
class _WithFactory:
    x: list[int] = field(default_factory=list)


@pytest.mark.parametrize("other", [_Open, _Thawed, _WithoutSlots, _Checked, _WithFactory])
def test_other_classes_are_refused(other: type[object]) -> None:
    with pytest.raises(TypeError, match="not a plain frozen dataclass"):
        quick(other)
