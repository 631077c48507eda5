"""What becomes of the projects of a plan that change on the disk while it is open: amendments of that plan, as in `amending`. Pure.

A project is what its folder is: whatever is in there goes with it, and what leaves it is another file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import Final

from ifmosfs.core.amending import Differences, Draft, is_renamed
from ifmosfs.core.files import Place, ScannedFile
from ifmosfs.core.names import components, is_within, join
from ifmosfs.core.node_tree import lies_in
from ifmosfs.core.plan import (
    Action,
    ActionKind,
    Amendment,
    EditKind,
    KeepReason,
    Unit,
)
from ifmosfs.core.tree import PlanTree

PART_OF_PROJECT: Final = "part of a project"


def in_project(tree: PlanTree, place: Place) -> Unit | None:
    """The project of the plan that a place lies in, with the folder that it has now."""
    number = tree.project_around(place)
    return None if number is None else tree.project(number)


def joining_project(action: Action, unit: Unit) -> Action:
    """The action of a file that is part of a project from now on; where the plan has put it stays said."""
    return replace(action, unit=unit.number, reason=PART_OF_PROJECT)


def without_crossings(tree: PlanTree, told: Differences) -> Differences:
    """The same, but what was moved into a project, or out of one, is a file that is gone and another one that has appeared: what is in
    a project goes with it and nowhere else."""
    stays: list[tuple[Action, ScannedFile]] = []
    crosses: list[tuple[Action, ScannedFile]] = []
    for action, file in told.renamed:
        around = in_project(tree, file.place)
        was_in = action.unit if action.unit in tree.projects else None
        (stays if was_in == (around and around.number) else crosses).append((action, file))
    left_behind = {file.place: file for file in told.appeared}
    stands = [(one, left_behind.pop(one.source_place)) for one, _ in crosses if _has_heir(tree, one, left_behind)]
    replaced = {action.action_id for action, _ in stands}
    return Differences(
        [*left_behind.values(), *(file for _, file in crosses)],
        [*told.changed, *stands],
        stays,
        [*told.vanished, *(action for action, _ in crosses if action.action_id not in replaced)],
    )


def _has_heir(tree: PlanTree, action: Action, appeared: Container[Place]) -> bool:
    """Whether something else has the name in its project that a file had before it was moved out of there."""
    return action.unit in tree.projects and action.source_place in appeared


def members_elsewhere(
    told: Differences, found: Iterable[ScannedFile], projects: Container[int]
) -> dict[int, list[tuple[Action, ScannedFile]]]:
    """By project, its files that have another place now, also where another project has come to the place that it had: there each
    name says of itself that its file has changed."""
    places = {file.place for _, file in told.renamed}
    elsewhere: dict[int, list[ScannedFile]] = {}
    for each in found:
        if each.place not in places:
            elsewhere.setdefault(each.fingerprint.inode, []).append(each)
    pairs = list(told.renamed)
    for action in (*(action for action, _ in told.changed), *told.vanished):
        names = elsewhere.get(action.expected.inode, []) if action.unit in projects else []
        file = next((one for one in names if one.place != action.source_place and is_renamed(action, one)), None)
        if file is not None:
            names.remove(file)
            pairs.append((action, file))
    by_project: dict[int, list[tuple[Action, ScannedFile]]] = {}
    for action, file in pairs:
        if action.unit in projects:
            by_project.setdefault(action.unit, []).append((action, file))
    return by_project


def project_moved(before: Place, renamed: Iterable[tuple[Action, ScannedFile]]) -> Place | None:
    """Where most of the renamed files of a project say that its folder is now: they lie in there as they did in the one before. `None`
    where they say nothing, or that it is a root itself, which is never a project that is moved."""
    said: Counter[Place | None] = Counter()
    for action, file in renamed:
        inside = b"/" + action.source[len(before.path) :].lstrip(b"/")
        said[Place(file.root, file.path.removesuffix(inside)) if file.path.endswith(inside) else None] += 1
    place, n_files = said.most_common(1)[0] if said else (None, 0)
    return place if place != before and 2 * n_files > said.total() else None


def project_followed(tree: PlanTree, number: int, place: Place, members: Sequence[Action], now_ns: int) -> Amendment:
    """A project that was renamed or moved as a whole: its members, and the folder that commit moves, are where they are now. It stays
    where the plan, or a person, has put it; where that is the name that its folder had among what stays, it takes the new one."""
    before, draft = tree.project_places[number], Draft(tree, now_ns, frozenset())
    now = [_moved_along(action, before, place) for action in members]
    first = min(action.action_id for action in members)
    shown = tree.project_path(number)
    draft.edit(EditKind.FOLLOW, shown or b"", place.absolute, action_id=first)
    for action in now:
        draft.refresh(action, None)
    if shown is not None and shown == tree.staying_path(before):
        draft.move_in_review(shown, tree.staying_path(place), first)
    return Amendment((), tuple(now), tuple(draft.edits))


def _moved_along(action: Action, before: Place, place: Place) -> Action:
    source = join(place.path, action.source[len(before.path) :].lstrip(b"/"))
    return replace(action, root=place.root, source=source, planned_at=action.first_place)


def left_aside(tree: PlanTree, action_ids: Iterable[int], now_ns: int) -> Amendment:
    """Files of projects whose names something has that is no file of the plan, an empty folder say: they are not shown there any
    more, those left out that are not."""
    draft = Draft(tree, now_ns, frozenset())
    for node in [tree.file(action_id) for action_id in action_ids if tree.has_file(action_id)]:
        project = tree.project_folders.get(node.leaf.unit)
        if project is not None and lies_in(node, project):
            draft.edit(EditKind.EXCLUDE, tree.path_of(node), action_id=node.leaf.action_id)
    return Amendment((), (), tuple(draft.edits))


def project_member(tree: PlanTree, unit: Unit, file: ScannedFile) -> Action:
    """The action of a new file in a project: it goes with all the rest."""
    folder = tree.project_path(unit.number)
    inside = components(file.path)[len(components(unit.folder or b"")) :]
    goes = folder is not None and not is_within(folder, tree.review.name)
    return Action(
        0,
        ActionKind.MOVE if goes else ActionKind.KEEP,
        file.root,
        file.path,
        join(folder or b"", *inside) if goes else None,
        file.fingerprint,
        file.mode,
        file.kind,
        None,
        0.0,
        PART_OF_PROJECT,
        keep_reason=None if goes else KeepReason.PROJECT,
        unit=unit.number,
    )
