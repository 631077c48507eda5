"""Any sequence of changes against the naive model, refusals included: in this process, and through a real mount."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import ClassVar

import pytest
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.adapters.trees import Link, Tree
from tests.cli.command_line import SCRIPT, TABLE, Desk
from tests.conformance.naive import EXCLUDED, FIXED, TRASH, Kind, Naive, Node, Refused
from tests.conformance.os_protocol import OK, RENAME_EXCHANGE, RENAME_NOREPLACE, Os, content, join, told
from tests.conformance.playground import CONTROL, REVIEW, Nursery, Playground
from tests.fuse_support import needs_fuse
from tests.machines import run_machine

ODD = b"odd\xff\nname.csv"
INBOX: Tree = {
    b"a.csv": TABLE,
    b"deep": {b"b.csv": TABLE + b"b", b"er": {b"c.csv": TABLE + b"c"}},
    ODD: TABLE + b"odd",
    b"run.sh": SCRIPT,
    b"who.xyz": b"hm",
    b"link": Link(b"a.csv"),
}
TARGET: Tree = {b"Docs": {b"theirs.pdf": b"theirs", b"Sub": {b"x": b"x"}, b"Bare": {}}, b"top": b"top"}

PLANNED = {
    b"New/a.csv": (TABLE, b"a.csv"),
    b"New/b.csv": (TABLE + b"b", b"deep/b.csv"),
    b"New/c.csv": (TABLE + b"c", b"deep/er/c.csv"),
    b"New/" + ODD: (TABLE + b"odd", ODD),
    b"Docs/run.sh": (SCRIPT, b"run.sh"),
    REVIEW + b"/unsure/who.xyz": (b"hm", b"who.xyz"),
    REVIEW + b"/links/link": ((b"a.csv",), b"link"),
}

NAMES = st.sampled_from(
    [b"a.csv", b"A.csv", b"b.csv", b"deep", b"New", b"Docs", b"Sub", b"x", ODD, b"n" * 255, b"n" * 256, *TRASH[:1]]
)
TOPS = st.sampled_from([b"", b"", b"New", b"Docs", b"Docs/Sub", REVIEW, EXCLUDED, *sorted(FIXED)])
FLAGS = st.sampled_from([0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE])


def modelled() -> Naive:
    """The model of the plan."""
    nodes = {path: Node(Kind.FILE, *both) for path, both in PLANNED.items()}
    nodes[b"New"] = Node(Kind.FOLDER)
    nodes.update(dict.fromkeys((b"Docs", b"Docs/Sub", b"Docs/Bare"), Node(Kind.THEIR_FOLDER)))
    nodes.update({b"Docs/theirs.pdf": Node(Kind.THEIR_FILE, b"theirs"), b"Docs/Sub/x": Node(Kind.THEIR_FILE, b"x")})
    nodes[b"top"] = Node(Kind.THEIR_FILE, b"top")
    return Naive(nodes)


def shape(system: Os, path: bytes = b"") -> dict[bytes, object]:
    """Path to content; `None` for a folder; of a link, which is shown with an absolute text where it stays, the last name."""
    found: dict[bytes, object] = {path: None}
    for name in system.listdir(path):
        here = join(path, name)
        status = system.lstat(here)
        if here == CONTROL:
            continue
        if status.is_folder:
            found.update(shape(system, here))
        elif status.is_link:
            found[here] = (os.path.basename(system.readlink(here)),)
        else:
            found[here] = content(system, here)
    return found


class AgainstTheModel(RuleBasedStateMachine):
    """View and model agree after every call."""

    fresh: ClassVar[Callable[[], AbstractContextManager[Os]]]

    def __init__(self) -> None:
        super().__init__()
        self.model = modelled()
        self.opened = type(self).fresh()
        self.system = self.opened.__enter__()

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)

    def a_path(self, data: st.DataObject) -> bytes:
        known = st.sampled_from(sorted(self.model.nodes))
        below = st.builds(join, known, NAMES)
        anywhere = known | below | st.builds(join, TOPS, NAMES, NAMES)
        return data.draw(anywhere.filter(lambda path: not self.model.leads_through_a_link(path)))

    def both(self, name: str, *args: object) -> None:
        wanted = frozenset({OK})
        try:
            getattr(self.model, name)(*args)
        except Refused as refused:
            wanted = refused.errnos
        found = told(lambda: getattr(self.system, name)(*args))
        assert found in wanted, (name, args, found, wanted)

    @rule(data=st.data())
    def mkdir(self, data: st.DataObject) -> None:
        self.both("mkdir", self.a_path(data))

    @rule(data=st.data())
    def rmdir(self, data: st.DataObject) -> None:
        self.both("rmdir", self.a_path(data))

    @rule(data=st.data())
    def unlink(self, data: st.DataObject) -> None:
        self.both("unlink", self.a_path(data))

    @rule(data=st.data(), flags=FLAGS)
    def rename(self, data: st.DataObject, flags: int) -> None:
        self.both("rename", self.a_path(data), self.a_path(data), flags)

    @rule(data=st.data())
    def rename_a_file_over_a_file(self, data: st.DataObject) -> None:
        files = st.sampled_from(sorted(path for path, node in self.model.nodes.items() if not node.is_folder))
        self.both("rename", data.draw(files), data.draw(files))

    @rule(data=st.data())
    def move_into_a_folder(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(set(self.model.nodes) - {b""})))
        folders = sorted(each for each, node in self.model.nodes.items() if node.is_folder)
        self.both("rename", path, join(data.draw(st.sampled_from(folders)), path.rpartition(b"/")[2]))

    @invariant()
    def the_same_is_there(self) -> None:
        assert shape(self.system) == self.model.shape()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Playground]:
    """A plan with little in it."""
    made = Playground(Desk(tmp_path_factory.mktemp("small")), nursery)
    made.stage(INBOX, TARGET, lambda _: None)
    with made.kept():
        yield made


def run(fresh: Callable[[], AbstractContextManager[Os]], n_examples: int, n_steps: int, *, shrink: bool) -> None:
    machine = type("AgainstTheModel", (AgainstTheModel,), {"fresh": staticmethod(fresh)})
    run_machine(machine, n_examples, n_steps, shrink=shrink)


def test_the_view_agrees_with_the_naive_model(small: Playground) -> None:
    run(lambda: small.fresh("core"), 15, 25, shrink=False)


@needs_fuse
def test_a_mount_agrees_with_the_naive_model(small: Playground) -> None:
    seeded = seed(4)(lambda: run(lambda: small.fresh("mount"), 4, 25, shrink=False))
    seeded()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_view_agrees_with_the_naive_model_for_long(small: Playground) -> None:
    run(lambda: small.fresh("core"), 1000, 40, shrink=True)
