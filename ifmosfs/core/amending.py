"""What becomes of files that appear, change or are renamed while a plan is open: amendments of that plan. Pure.

A file that appears is placed by the planner's own rules on what the target has *and* what the tree shows. An action that is there
already is never made another kind: where its file belongs elsewhere now, an edit moves it, as a person's would.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ifmosfs.core.files import Kind, Place, ScannedFile
from ifmosfs.core.names import NameRules, components, is_within, join, repair, split, with_suffix_before_extension
from ifmosfs.core.overlay import Existing
from ifmosfs.core.plan import (
    Action,
    ActionKind,
    Amendment,
    Edit,
    EditKind,
    EditOrigin,
    KeepReason,
    Unit,
)
from ifmosfs.core.planner import Candidate
from ifmosfs.core.proposal import Decider, Proposal
from ifmosfs.core.tree import FileNode, FolderNode, PlanTree
from ifmosfs.core.units import Company

NAME_MAX_BYTES = 255
PASSING = frozenset({KeepReason.BUSY, KeepReason.UNSURE, KeepReason.UNREADABLE})
"""Why a file stays that may have a place after it has changed."""
WITHDRAWN = frozenset({KeepReason.UNSURE, KeepReason.EXCLUDED})
"""Why a file that had a place has none any more."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What is not as the plan says. Of `changed` and `renamed`: the action, and its file as it is now. `vanished` are also those whose
    names something of another kind has, a link say: no action stands for that, unless the file itself was only renamed. In a project
    these are `changed`: what is in there goes with the rest, whatever it is."""

    appeared: list[ScannedFile]
    changed: list[tuple[Action, ScannedFile]]
    renamed: list[tuple[Action, ScannedFile]]
    vanished: list[Action]


def differences(
    found: Iterable[ScannedFile],
    known: Iterable[Action],
    gone: Container[Place],
    projects: Container[int] = frozenset(),
    aside: Container[int] = frozenset(),
) -> Differences:
    """Compare what was found with the actions of these places and of the same inodes; `gone` are places with nothing there now,
    `projects` the numbers of those that the plan has, `aside` the actions of their files that something else had the names of."""
    actions = {action.source_place: action for action in known}
    replaced: dict[Place, ScannedFile] = {}  # by something of another kind
    there: list[ScannedFile] = []
    for file in found:
        at_place = actions.get(file.place)
        if at_place is not None and at_place.entry_kind is not file.kind:
            replaced[file.place] = file
        else:
            there.append(file)
    lost: dict[int, list[Action]] = {}
    for action in actions.values():
        if action.source_place in gone or action.source_place in replaced:
            lost.setdefault(action.expected.inode, []).append(action)
    told = Differences([], [], [], [])
    for file in there:
        at_place = actions.get(file.place)
        if at_place is not None:
            if at_place.action_id in aside or not at_place.expected.same_file(file.fingerprint):
                told.changed.append((at_place, file))
            continue
        same = next((one for one in lost.get(file.fingerprint.inode, ()) if is_renamed(one, file)), None)
        if same is None:
            told.appeared.append(file)
        else:
            lost[file.fingerprint.inode].remove(same)
            told.renamed.append((same, file))
    left = [action for actions_left in lost.values() for action in actions_left]
    stands = {action.source_place for action in left if action.unit in projects and action.source_place in replaced}
    told.changed.extend((action, replaced[action.source_place]) for action in left if action.source_place in stands)
    told.vanished.extend(action for action in left if action.source_place not in stands)
    left_behind = (replaced.get(action.source_place) for action, _ in told.renamed)
    told.appeared.extend(file for file in left_behind if file is not None)
    return told


def is_renamed(action: Action, file: ScannedFile) -> bool:
    """Whether a file is the one of an action. A birth time tells one file from another by itself; without it, size and time must be
    the same, too."""
    before, now = action.expected, file.fingerprint
    if action.entry_kind is not file.kind:
        return False
    return before.same_inode(now) if None not in {before.birth_ns, now.birth_ns} else before.same_file(now)


# What the tree shows


class Shown(NamedTuple):
    """A name that the tree has in a folder: a folder, or the file of an action. `may_lose`: it may be compared with another
    file that wants its name, for it has the name that it was planned with and displaces nothing."""

    kind: Kind
    action_id: int = 0
    may_lose: bool = False


def names_shown(
    tree: PlanTree, folders: Iterable[bytes], without: Container[int] = frozenset()
) -> dict[bytes, dict[bytes, Shown]]:
    """What the tree has in each of the folders, those left out that it does not have, and the files `without`."""
    found = {}
    for path in folders:
        folder = tree.find(path)
        if isinstance(folder, FolderNode):
            found[path] = {
                node.name: _shown(tree, node) if isinstance(node, FileNode) else Shown(Kind.FOLDER)
                for node in folder.children.values()
                if not (isinstance(node, FileNode) and node.leaf.action_id in without)
            }
    return found


def _shown(tree: PlanTree, node: FileNode) -> Shown:
    leaf, rules = node.leaf, tree.plan.policy.names
    may_lose = not leaf.unit and node.displaces is None and repair(split(leaf.source)[1], rules).name == node.name
    return Shown(Kind.FILE, leaf.action_id, may_lose)


def rivals(
    candidates: Iterable[Candidate],
    shown: Mapping[bytes, Mapping[bytes, Shown]],
    on_disk: Mapping[bytes, Container[bytes]],
    rules: NameRules,
) -> dict[int, bytes]:
    """The ids of the tree's files whose names candidates want, with their folders: those that the planner may compare."""
    wanted: dict[bytes, set[bytes]] = {}
    for candidate in candidates:
        if candidate.folder is not None:
            name = repair(split(candidate.file.path)[1], rules).name
            wanted.setdefault(candidate.folder, set()).add(rules.key(name))
    return {
        one.action_id: folder
        for folder, keys in wanted.items()
        for name, one in shown.get(folder, {}).items()
        if one.may_lose and rules.key(name) in keys and name not in on_disk.get(folder, ())
    }


def as_candidate(action: Action, folder: bytes) -> Candidate:
    """A file that is planned into a folder, as the planner sees it."""
    file = ScannedFile(0, action.root, action.source, action.entry_kind, action.mode, action.expected)
    return Candidate(file, Proposal(action.category, action.score, action.reason), folder, None, action.reason)


def merged(
    on_disk: Mapping[bytes, Existing] | None, shown: Mapping[bytes, Shown] | None, without: Container[int]
) -> dict[bytes, Existing] | None:
    """The names of a folder as the planner is to see them; the tree's files, but for those `without`, are never displaced."""
    if on_disk is None and shown is None:
        return None
    names: dict[bytes, Existing] = dict(on_disk or {})
    names.update({name: one.kind for name, one in (shown or {}).items() if one.action_id not in without})
    return names


# What belongs together


def companies_of(candidates: Sequence[Candidate], n_new: int) -> tuple[list[Company], list[Company]]:
    """The companies of the first `n_new` candidates, projects left out: those that are all among them, and those that are not."""
    found = dict.fromkeys(
        each.company for each in candidates[:n_new] if each.company is not None and each.company.groups
    )
    whole = [company for company in found if all(member < n_new for member in company.members)]
    return whole, [company for company in found if company not in whole]


def renumbered(company: Company, number: int, offset: int) -> Company:
    """The same company under another number, of candidates that stand so much later."""
    groups = tuple(
        replace(each, lead=each.lead + offset, members=tuple(member + offset for member in each.members))
        for each in company.groups
    )
    return Company(replace(company.unit, number=number), groups)


def joining(known: Sequence[Action], number: int, projects: Container[int]) -> int | None:
    """The number of the unit of which files that appear become members beside `known` ones: theirs, or a new one where they have
    none; `None` where they are of several units or of one of the `projects`, which is for a person to say."""
    numbers = {action.unit for action in known}
    if len(numbers) != 1:
        return None
    (its,) = numbers
    return None if its in projects else its or number


# The amendment


@dataclass(frozen=True, slots=True)
class Gathered:
    """A folder that has become a project, and the actions of the files in it that the plan knows, as members of it."""

    unit: Unit
    joined: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Settled:
    """What the planner has made of new files, and of known ones that had no place before: each with its settled action, whose
    number counts for nothing. `lost` are actions whose names went to others, `units` what belongs together from now on, also those
    of the folders that have become projects, which are `gathered`."""

    added: Sequence[Action]
    placed: Sequence[tuple[Action, Action]]  # the action as it is now, and as it was settled
    lost: Sequence[Action]
    folders: Sequence[bytes]
    units: Sequence[Unit] = ()
    gathered: Sequence[Gathered] = ()


@dataclass(frozen=True, slots=True)
class Renewed:
    """Actions as they are now, and those among them that were renamed, as they were."""

    changed: Sequence[Action]
    before_rename: Mapping[int, Action]


def renewed(action: Action, file: ScannedFile, proposal: Proposal | None = None) -> Action:
    """The action with its file as it is now; kind and target stay, for its place before any edit is made of them. What the file is, a
    regular one or a link, changes only in a project."""
    moved = action.source_place != file.place
    now = replace(
        action,
        root=file.root,
        source=file.path,
        expected=file.fingerprint,
        mode=file.mode,
        entry_kind=file.kind,
        planned_at=action.first_place if moved else action.planned_at,
    )
    if proposal is None:
        return now
    return replace(now, category=proposal.label, score=proposal.score, reason=proposal.reason)


def is_placed_anew(tree: PlanTree, action: Action, proposal: Proposal) -> bool:
    """Whether a known file is placed as if it had just appeared: it is where the plan, or the program by itself, has put it, no person
    has said there what it is, and what is said of it now may give it another place, or takes the one that it had."""
    if action.unit or action.kind is ActionKind.VAULT:
        return False
    if action.kind is ActionKind.KEEP and action.keep_reason not in PASSING:
        return False
    node = tree.file(action.action_id)
    if node.category is not None or not tree.is_where_put(node):
        return False
    if action.kind is ActionKind.KEEP:
        return True
    if proposal.label is None or proposal.score < tree.plan.policy.threshold_of(proposal.label):
        return proposal.decided_by is Decider.PERSON and not tree.in_review(node)
    return proposal.label != action.category or tree.in_review(node)


def renamed_path(tree: PlanTree, before: Action, now: Action) -> bytes | None:
    """The path that a file of the layout would have after its original was renamed; `None` where it keeps the one it has: in the
    review, and where it is not shown under the name of its original."""
    rules, (folder, name) = tree.plan.policy.names, split(tree.path_of(tree.file(now.action_id)))
    old, new = (repair(split(one.source)[1], rules).name for one in (before, now))
    if name != old or old == new or is_within(folder, tree.review.name):
        return None
    return join(folder, new)


def amendment(
    tree: PlanTree,
    settled: Settled,
    renewals: Renewed,
    next_id: int,
    now_ns: int,
    on_disk: Container[bytes] = frozenset(),
) -> Amendment:
    """All of it as one amendment of the plan whose tree this is. `on_disk`: those of the paths that renamed files would have
    that something in the target has."""
    draft = Draft(tree, now_ns, on_disk)
    for each in settled.gathered:
        draft.gather(each)
    for action in settled.lost:
        draft.edit(EditKind.VAULT, draft.path(action), action_id=action.action_id)
    for folder in settled.folders:
        draft.folder(folder)
    goes = {now.action_id for now, planned in settled.placed if planned.kind is ActionKind.MOVE}
    for action in renewals.changed:
        draft.refresh(action, None if action.action_id in goes else renewals.before_rename.get(action.action_id))
    for now, planned in settled.placed:
        draft.place(now, planned)
    added = [replace(action, action_id=number) for number, action in enumerate(settled.added, next_id)]
    for action in added:
        draft.add(action)
    draft.remove_emptied()
    joined = {action.action_id: action for each in settled.gathered for action in each.joined}
    changed = joined | {action.action_id: action for action in renewals.changed}
    changed.update({now.action_id: now for now, _ in settled.placed})
    return Amendment(tuple(added), tuple(changed.values()), tuple(draft.edits), tuple(settled.units))


class Draft:
    """The edits of one amendment, each on the tree as the ones before have left it."""

    def __init__(self, tree: PlanTree, now_ns: int, on_disk: Container[bytes]) -> None:
        self._tree = tree
        self._now_ns = now_ns
        self._on_disk = on_disk
        self._taken: set[bytes] = set()
        self.edits: list[Edit] = []

    def edit(self, kind: EditKind, path: bytes, target: bytes | None = None, *, action_id: int | None = None) -> None:
        self.edits.append(Edit(0, kind, path, target, self._now_ns, action_id=action_id, origin=EditOrigin.WATCH))
        self._taken.add(path if target is None else target)

    def path(self, action: Action) -> bytes:
        return self._tree.path_of(self._tree.file(action.action_id))

    def gather(self, project: Gathered) -> None:
        """A folder that has become a project, with the files that were shown elsewhere."""
        place = Place(project.unit.root, project.unit.folder or b"")
        self.edit(EditKind.GATHER, self._tree.staying_path(place), place.absolute, action_id=project.unit.number)
        for action in project.joined:
            path = self.path(action)
            self.edit(EditKind.JOIN, path, action.source_place.absolute, action_id=action.action_id)

    def folder(self, path: bytes) -> None:
        if not self._is_taken(path):
            self.edit(EditKind.MKDIR, path)

    def add(self, action: Action) -> None:
        target = action.target if action.kind is ActionKind.MOVE else None
        staying = self._tree.path_of_added(action, self._tree.review_path(action))
        self.edit(EditKind.ADD, target or self._free(staying), action_id=action.action_id)

    def place(self, now: Action, planned: Action) -> None:
        """A file that stayed, or was elsewhere, and has this place now; or has none any more."""
        path = self.path(now)
        if planned.kind is ActionKind.MOVE and planned.target not in {None, path}:
            self.edit(EditKind.MOVE, path, planned.target, action_id=now.action_id)
        elif planned.keep_reason in WITHDRAWN and not is_within(path, self._tree.review.name):
            self._move_to_review(path, self._tree.review_path(now), now)

    def _move_to_review(self, path: bytes, wanted: bytes, now: Action) -> None:
        self.move_in_review(path, wanted, now.action_id)

    def move_in_review(self, path: bytes, wanted: bytes, action_id: int) -> None:
        target = self._free(wanted)
        above = components(split(target)[0])
        for depth in range(3, len(above) + 1):
            self.folder(join(*above[:depth]))
        self.edit(EditKind.MOVE, path, target, action_id=action_id)

    def remove_emptied(self) -> None:
        """Folders of the layout that the program itself has made go with the last file that it takes out of them again."""
        left = {edit.path for edit in self.edits if edit.kind in {EditKind.MOVE, EditKind.JOIN}}
        pending = sorted({split(path)[0] for path in left}, key=lambda path: -path.count(b"/"))
        for path in pending:
            folder = self._tree.find(path)
            if not isinstance(folder, FolderNode) or folder.number not in self._tree.own_folders or path in left:
                continue
            if self._tree.in_review(folder):
                continue  # commit does not make these
            if all(join(path, name) in left for name in folder.children) and not self._is_wanted(path):
                self.edit(EditKind.RMDIR, path)
                left.add(path)
                pending.append(split(path)[0])

    def _is_wanted(self, folder: bytes) -> bool:
        """Whether something comes into the folder by these edits."""
        comes = (edit.path if edit.kind in {EditKind.ADD, EditKind.MKDIR} else edit.target for edit in self.edits)
        return any(path is not None and is_within(path, folder) for path in comes)

    def refresh(self, action: Action, before: Action | None) -> None:
        path = self.path(action)
        self.edit(EditKind.REFRESH, path, action_id=action.action_id)
        if before is not None and not action.unit:
            self._rename(path, before, action)

    def _rename(self, path: bytes, before: Action, now: Action) -> None:
        """Follow a rename where the file was shown under the name that it had."""
        staying = self._tree.review_path(replace(before, planned_at=None))
        if path == staying:
            self._move_to_review(path, self._tree.review_path(replace(now, planned_at=None)), now)
            return
        wanted = renamed_path(self._tree, before, now)
        if wanted is not None and not self._is_taken(wanted) and wanted not in self._on_disk:
            self.edit(EditKind.MOVE, path, wanted, action_id=now.action_id)

    def _is_taken(self, path: bytes) -> bool:
        return path in self._taken or self._tree.find(path) is not None

    def _free(self, path: bytes) -> bytes:
        folder, name = split(path)
        free, n = path, 2
        while self._is_taken(free):
            free, n = join(folder, with_suffix_before_extension(name, b" (%d)" % n, NAME_MAX_BYTES)), n + 1
        return free
