"""Gestures of several programs at once, held against a log in which each step's edits follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ifmosfs.core.edit_log import effective, last_number, numbered, open_steps, redoable, retracing, steps, undoable
from ifmosfs.core.names import NameRules, join
from ifmosfs.core.nodes import FileNode, FolderNode, Node
from ifmosfs.core.plan import Edit, EditKind, EditOrigin, KeepReason
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import PlanTree
from ifmosfs.core.tree_source import PlanSource
from ifmosfs.view.gestures import Gestures
from ifmosfs.view.values import Caller
from tests.core.plans import fingerprint, plan_of, shape

ROWS = (
    (b"a", b"A/a"),
    (b"b", b"A/b"),
    (b"c", b"B/c"),
    (b"d", b"B/sub/d"),
    (b"e", b"e"),
    (b"f", KeepReason.UNSURE),
    (b"d/g", KeepReason.EXCLUDED),
    *((b"many/%d" % number, b"C/%d" % number) for number in range(8, 24)),
    (b"new", b"A/new"),  # appears only when it is added
)
PLANS = {
    "names as they are": plan_of(*ROWS, folders=[b"A", b"B", b"B/sub", b"Empty"]),
    "case ignored": plan_of(
        *ROWS, folders=[b"A", b"B", b"B/sub", b"Empty"], names=NameRules(ignores_case=True, ignores_form=True)
    ),
}
NEW = len(ROWS)
NAMES = (b"a", b"b", b"x", b"X", b"sub", b"A", b"B", b"New", b"new", *(b"n%d" % number for number in range(10)))


class Deed(NamedTuple):
    """What a program (0: the follower of the originals) does with the entry `which` of the tree, `where` in it, under a name."""

    who: int
    kind: EditKind
    which: int
    where: int
    name: bytes


KINDS = [EditKind.MOVE] * 7 + [EditKind.EXCLUDE] * 6
KINDS += [EditKind.MKDIR, EditKind.RMDIR, EditKind.SWAP, EditKind.VAULT, EditKind.TOUCH, EditKind.REPLACE]


def deeds(chosen: Random) -> Iterator[Deed | EditKind]:
    """What programs do at once, now and then what the follower does, and what is taken back or made again."""
    who = chosen.choice([[1, 2], [1, 1, 2, 2, 3, 0]])
    for _ in range(chosen.randrange(5, 40)):
        if chosen.random() < 0.03:
            yield chosen.choice([EditKind.UNDO, EditKind.REDO])
        else:
            which, where = chosen.randrange(61), chosen.randrange(61)
            yield Deed(chosen.choice(who), chosen.choice(KINDS), which, where, chosen.choice(NAMES))


class Bench:
    """A log, and the gestures of those who write it."""

    def __init__(self, rules: str) -> None:
        self.plan = PLANS[rules]
        self.log: tuple[Edit, ...] = ()
        self.gestures = Gestures(lambda thread: thread, self.plan.policy.review_name)

    def tree(self, edits: tuple[Edit, ...]) -> PlanTree:
        tree = PlanTree(self.plan, edits, last_number(self.log), PlanSource(self.plan, frozenset({NEW})))
        if any(edit.kind is EditKind.ADD for edit in edits):  # every action of the plan has a file then
            tree.check_invariants()
        return tree

    def do(self, deed: Deed) -> None:
        tree = self.tree(effective(self.log))
        draft = self.draft(tree, deed)
        try:
            tree.check(draft)
        except FsError:
            return
        caller = Caller(0, 0, deed.who) if deed.who else None
        step = self.gestures.step(caller, [draft], 5) if caller else 0
        edit = self.append(
            Edit(
                0,
                draft.kind,
                draft.path,
                draft.target,
                5,
                replaces=draft.replaces,
                action_id=draft.action_id,
                step=step,
                origin=draft.origin,
            )
        )
        if caller:
            self.gestures.made(caller, edit)
        else:
            self.gestures.others_made([edit])

    def append(self, draft: Edit) -> Edit:
        last = self.log[-1] if self.log else None
        (edit,) = numbered([draft], last, open_steps(self.log))
        assert draft.step in {0, edit.step}  # whom the view lets go on, the log lets go on
        self.log = (*self.log, edit)
        return edit

    def retrace(self, kind: EditKind) -> None:
        found = (undoable if kind is EditKind.UNDO else redoable)(self.log)
        if found:
            self.gestures.others_made([self.append(retracing(kind, found[0], 5))])

    def draft(self, tree: PlanTree, deed: Deed) -> Edit:
        nodes = entries(tree.root)
        node = nodes[deed.which % len(nodes)]
        path = tree.path_of(node)
        folders = [tree.path_of(each) for each in nodes if isinstance(each, FolderNode)] + [b"", b"Implied"]
        spot = join(folders[deed.where % len(folders)], deed.name)
        if deed.who == 0:
            return self.followed(tree, node, deed)
        if deed.kind is EditKind.MKDIR:
            return Edit(0, deed.kind, spot, None, 5)
        if deed.kind is EditKind.SWAP:
            return Edit(0, deed.kind, path, tree.path_of(nodes[deed.where % len(nodes)]), 5)
        target = spot if deed.kind in {EditKind.MOVE, EditKind.REPLACE} else None
        return Edit(0, deed.kind, path, target, 5, replaces=fingerprint(99) if deed.kind is EditKind.REPLACE else None)

    def followed(self, tree: PlanTree, node: Node, deed: Deed) -> Edit:
        """A file that has appeared, or another name of one."""
        path = tree.path_of(node)
        if deed.kind is not EditKind.MOVE or not isinstance(node, FileNode):
            above = path if isinstance(node, FolderNode) else b"A"
            return Edit(0, EditKind.ADD, join(above, b"new"), None, 5, action_id=NEW, origin=EditOrigin.WATCH)
        target = join(path.rpartition(b"/")[0], deed.name)
        number = node.leaf.action_id
        return Edit(0, EditKind.MOVE, path, target, 5, action_id=number, origin=EditOrigin.WATCH)


def entries(folder: FolderNode) -> list[Node]:
    found: list[Node] = []
    for _, node in sorted(folder.children.items()):
        found.append(node)
        if isinstance(node, FolderNode):
            found += entries(node)
    return found


@pytest.mark.parametrize("rules", list(PLANS))
@settings(max_examples=80, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_steps_of_programs_at_once_can_be_taken_back_one_after_the_other(rules: str, seed: int) -> None:
    bench = Bench(rules)
    for deed in deeds(Random(seed)):
        if isinstance(deed, EditKind):
            bench.retrace(deed)
        else:
            bench.do(deed)
    for _ in range(len(undoable(bench.log)) + 1):
        in_force = effective(bench.log)
        found = shape(bench.tree(in_force).root)  # no edit of a person is refused
        if all(edit.step for edit in in_force):
            one_by_one = tuple(sorted(in_force, key=lambda edit: edit.step))
            assert shape(bench.tree(one_by_one).root) == found
        bench.retrace(EditKind.UNDO)
    assert not any(step.in_force for step in steps(bench.log))
