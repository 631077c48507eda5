"""What the kernel remembers: each node is reported as forgotten once, and never while it may be given out anew."""

from __future__ import annotations

from ifmosfs.platform.kernel_nodes import Nodes
from ifmosfs.view.values import ROOT_INODE


def test_a_node_is_forgotten_when_it_was_given_back_as_often_as_it_was_given() -> None:
    forgotten: list[int] = []
    nodes = Nodes(forgotten.append)
    nodes.give([7, 8, 7])
    nodes.take_back(7, 1)
    assert (forgotten, len(nodes)) == ([], 2)
    nodes.take_back(7, 1)
    nodes.take_back(8, 1)
    assert (forgotten, len(nodes)) == ([7, 8], 0)


def test_the_root_is_never_forgotten() -> None:
    forgotten: list[int] = []
    Nodes(forgotten.append).take_back(ROOT_INODE, 1)
    assert forgotten == []


def test_a_node_given_out_anew_while_its_last_is_given_back_is_not_forgotten() -> None:
    forgotten: list[int] = []
    nodes = Nodes(forgotten.append)
    nodes.give([7])
    with nodes:  # another thread has asked the view, which answered 7
        nodes.take_back(7, 1)
        assert forgotten == []
        nodes.give([7])
    assert (forgotten, len(nodes)) == ([], 1)


def test_a_node_given_back_while_somebody_asks_for_another_is_forgotten_afterwards() -> None:
    forgotten: list[int] = []
    nodes = Nodes(forgotten.append)
    nodes.give([7])
    with nodes:
        nodes.take_back(7, 1)
        nodes.give([8])
    assert (forgotten, len(nodes)) == ([7], 1)
