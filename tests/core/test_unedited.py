"""The tree of a plan that nobody has edited: to a commit it is the same as the tree that the view shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import ActionKind, Edit, EditKind, Plan, Unit, UnitKind
from ifmosfs.core.refusals import FsError
from ifmosfs.core.tree import FolderNode, PlanTree
from ifmosfs.core.unedited import AnyTree, UneditedTree, tree_to_commit
from tests.core.plans import Row, fingerprint, plan_of

FOLDERS = (b"", b"Papers", b"Papers/2020", b"Papers/2020/may", b"Pictures", b"Old/er")
rows = st.lists(
    st.tuples(st.sampled_from(FOLDERS), st.sampled_from([ActionKind.MOVE, ActionKind.KEEP, ActionKind.VAULT])),
    max_size=12,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans with files that move, stay, lose and replace, in folders that are new or were there."""
    drawn = draw(rows)
    given_rows: list[Row] = [
        (b"in/f%d" % number, (folder + b"/" if folder else b"") + b"f%d" % number)
        for number, (folder, _) in enumerate(drawn)
    ]
    planned = draw(st.lists(st.sampled_from([*FOLDERS[1:], b"Empty"]), unique=True))
    plan = plan_of(*given_rows, folders=tuple(sorted(planned)))
    replaces = draw(st.lists(st.booleans(), min_size=len(drawn), max_size=len(drawn)))
    actions = [
        replace(action, kind=kind, replaces=fingerprint(9) if taken and kind is ActionKind.MOVE else None)
        for action, (_, kind), taken in zip(plan.actions, drawn, replaces, strict=True)
    ]
    return replace(plan, actions=tuple(actions))


def as_committed(tree: AnyTree) -> tuple[object, ...]:
    """All that a commit asks of a tree."""
    own = [type(node) for node in tree.root.children.values() if node is not tree.review]
    return (
        tree.plan,
        tree.last_edit,
        list(tree.moves()),
        list(tree.vaulted()),
        list(tree.kept()),
        list(tree.carried()),
        list(tree.folders()),
        (tree.root.mtime_ns, bool(own), FolderNode in own),
    )


@given(plans())
def test_a_commit_reads_the_same_of_it_as_of_the_view(plan: Plan) -> None:
    tree = tree_to_commit(plan, ())
    assert isinstance(tree, UneditedTree)
    assert as_committed(tree) == as_committed(PlanTree(plan))


PLAN = plan_of((b"a", b"Papers/a"), (b"b", b"Pictures/b"), folders=(b"Papers", b"Pictures"))
FOLDING = replace(PLAN, policy=replace(PLAN.policy, names=NameRules(ignores_case=True)))
UNIT = replace(PLAN, units=(Unit(1, UnitKind.SIDECARS, PLAN.roots[0].path),))


def with_target(target: bytes) -> Plan:
    """The plan with another place for its first file."""
    return replace(PLAN, actions=(replace(PLAN.actions[0], target=target), *PLAN.actions[1:]))


def test_a_plan_whose_edits_are_all_taken_back_counts_as_unedited_at_the_last_row_of_its_log() -> None:
    tree = tree_to_commit(PLAN, (), 2)
    assert isinstance(tree, UneditedTree)
    assert as_committed(tree) == as_committed(PlanTree(PLAN, (), 2))


@pytest.mark.parametrize(
    ("plan", "edits"),
    [
        (PLAN, (Edit(1, EditKind.MOVE, b"Papers/a", b"Pictures/a", 5),)),
        (FOLDING, ()),
        (UNIT, ()),
        (with_target(b"To review/a"), ()),
        (with_target(b"Papers//a"), ()),
    ],
    ids=["edited", "case", "units", "review", "spelling"],
)
def test_every_other_plan_has_its_whole_tree(plan: Plan, edits: tuple[Edit, ...]) -> None:
    tree = tree_to_commit(plan, edits)
    assert isinstance(tree, PlanTree)
    assert as_committed(tree) == as_committed(PlanTree(plan, edits))


@pytest.mark.parametrize("target", [b"Pictures", b"To review"])
def test_a_file_in_the_place_of_a_folder_is_told_as_the_view_tells_it(target: bytes) -> None:
    plan = replace(with_target(target), folders=())
    assert told_of(lambda: tree_to_commit(plan, ())) == told_of(lambda: PlanTree(plan))


def told_of(make: Callable[[], AnyTree]) -> object:
    """What a commit reads of the tree, or why there is none."""
    try:
        return as_committed(make())
    except FsError as error:
        return error.kind, error.path
