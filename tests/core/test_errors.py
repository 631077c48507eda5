"""Errors: stable codes and statuses, the tree in the module's docstring, and how an error reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ifmosfs.core import errors
from ifmosfs.core.errors import IfmosfsError

STATUSES = {1, 2, 4, 5, 6, 7, 8, 130}


def kinds(above: type[IfmosfsError] = IfmosfsError) -> Iterator[type[IfmosfsError]]:
    for kind in above.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from kinds(kind)


ALL = sorted(kinds(), key=lambda kind: kind.__name__)


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in (IfmosfsError, *ALL)]
    assert sorted(set(codes)) == sorted(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_exit_status_is_one_of_the_contract(kind: type[IfmosfsError]) -> None:
    assert kind.exit_status in STATUSES


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        row = re.match(r"[├└]── ([A-Za-z, ]+?) +(\d[\d, ]*)", line)
        if row:
            drawn.update({name: int(row[2].split()[0].strip(",")) for name in row[1].split(", ")})
    assert drawn == {kind.__name__: kind.exit_status for kind in ALL}


def test_an_error_reads_as_what_happened_and_where() -> None:
    error = errors.RootProblem("cannot be read", path=b"/in/two\nlines\xff", hint="chmod it")
    assert (str(error), error.hint) == ("cannot be read: /in/two\\x0alines\\xff", "chmod it")
    assert str(errors.Locked("another run is writing")) == "another run is writing"
