"""Which nodes the kernel remembers, and how often it was given each: it gives back as many when it forgets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Self

from ifmosfs.view.values import ROOT_INODE


class Nodes:
    """The lookup counts. A node is reported to `forget` when its count is back at nothing.

    Several threads answer at once, so while one asks the view for a node, another may get the last of that node back. So whoever
    asks for nodes does it, and gives them, inside `with nodes:`. Reports wait until nobody asks, and are dropped if the node
    was given out anew. `forget` is called with the lock held, so it must not come back here.
    """

    def __init__(self, forget: Callable[[int], None]) -> None:
        self._forget = forget
        self._lock = threading.Lock()
        self._counts: dict[int, int] = {}
        self._n_asking = 0
        self._given_back: set[int] = set()

    def __len__(self) -> int:
        """How many nodes the kernel remembers."""
        return len(self._counts)

    def __enter__(self) -> Self:
        with self._lock:
            self._n_asking += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_asking -= 1
            if self._given_back:
                self._report()

    def give(self, inodes: Iterable[int]) -> None:
        """The kernel is told of these nodes, once for each time they occur."""
        counts = self._counts
        with self._lock:
            for inode in inodes:
                counts[inode] = counts.get(inode, 0) + 1

    def take_back(self, inode: int, n_times: int) -> None:
        """The kernel forgets so many of the times it was given a node."""
        if inode == ROOT_INODE:
            return
        with self._lock:
            left = self._counts.get(inode, 0) - n_times
            if left > 0:
                self._counts[inode] = left
                return
            self._counts.pop(inode, None)
            self._given_back.add(inode)
            self._report()

    def _report(self) -> None:
        if self._n_asking == 0:
            given_back, self._given_back = self._given_back, set()
            for inode in given_back:
                if inode not in self._counts:
                    self._forget(inode)
