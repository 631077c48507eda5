"""What a file is taken for, by where it lies in the organised tree. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ifmosfs.core.names import split
from ifmosfs.core.plan import Action, ActionKind

CategoriesAt = Callable[[bytes], frozenset[str]]
"""The categories that a folder of the layout stands for."""


def filed_as(action: Action, target: bytes, categories_at: CategoriesAt) -> str | None:
    """The category of a file that lies, or was moved, to `target`: that of the folder, where a person has put it into one that stands
    for one other category than the program had in mind; else the action's."""
    planned = action.target if action.kind is ActionKind.MOVE else None
    folder = split(target)[0]
    if planned is not None and split(planned)[0] == folder:
        return action.category
    stands_for = categories_at(folder)
    return next(iter(stands_for)) if len(stands_for) == 1 else action.category
