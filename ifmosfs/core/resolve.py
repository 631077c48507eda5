"""Answers to conflicts, as edits of the plan: what each strategy makes of a conflict, and how an answer is taken back.

A `Resolver` works on a tree of its own and applies what it answers, so each answer builds on the ones before. Whoever keeps the
answers stores edits and resolutions together, or throws the resolver away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ifmosfs.core.conflicts import Conflict, Contender, Holder, attr_at, holder_of
from ifmosfs.core.contest import CONTESTS, can_lose, wins
from ifmosfs.core.edit_log import effective, last_number
from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.names import ancestors, components, join, split, split_extension, with_suffix_before_extension
from ifmosfs.core.plan import ConflictStrategy, Edit, EditKind, EditOrigin, KeepReason, Plan
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.together import still_together
from ifmosfs.core.tree import FileNode, PlanTree

REFUSALS: Final = {
    FsErrorKind.NOT_A_FOLDER: "something that is no folder stands on the way",
    FsErrorKind.NAME_TOO_LONG: "the name would be too long",
    FsErrorKind.NOT_PERMITTED: "it belongs to a project, which stays whole",
}
NO_CONTEST: Final = "only a file can be replaced, and only by another file"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an answer did to one file (or one project, named by its first file): its path in the tree before and after.

    `replaced_before`: the file of the target it replaced before. `first_edit` to `last_edit` carry the whole answer out, so
    they tell which resolutions belong to one. `undoes`: the number of the resolution that this one takes back. `number` is 0
    until it is stored.
    """

    number: int
    action_id: int
    strategy: ConflictStrategy
    before: bytes
    after: bytes
    replaced_before: Fingerprint | None
    at_ns: int
    first_edit: int
    last_edit: int
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The edits and resolutions of one answered conflict, numbered as they are stored after the tree's last edit."""

    edits: tuple[Edit, ...]
    resolutions: tuple[Resolution, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why a strategy does not settle a conflict; it stays open."""

    why: str


class Resolver:
    """Answers conflicts of one plan. `tree` is the plan with its edits and with the answers so far."""

    def __init__(self, plan: Plan, log: Sequence[Edit], disk: DiskReader, now_ns: int) -> None:
        """`log`: all rows of the plan's edit log."""
        self._plan = plan
        self._disk = disk
        self._now_ns = now_ns
        self._accepted = list(effective(log))
        self._last_edit = last_number(log)
        self.tree = self._fresh_tree()
        self._mates: dict[int, list[int]] | None = None
        self._edits: list[Edit] = []
        self._done: list[Resolution] = []
        self._next_number: dict[bytes, int] = {}

    @property
    def edits(self) -> Sequence[Edit]:
        """The plan's edits in force, with those of the answers so far."""
        return self._accepted

    def answer(self, conflict: Conflict, strategy: ConflictStrategy) -> Answer | Unanswered:
        """What the strategy makes of the conflict, applied to the tree; or why it stays open, with the tree as it was.

        Raises OSError where the target cannot be looked at.
        """
        if strategy is ConflictStrategy.ASK:
            return Unanswered("nobody has been asked")
        if any(not self._lies_at(each.action.action_id, each.path) for each in conflict.contenders):
            return Unanswered("another answer has moved it")
        if strategy is ConflictStrategy.SKIP:
            return self._tried(strategy, lambda: self._leave(conflict))
        if strategy is ConflictStrategy.RENAME:
            return self._tried(strategy, lambda: self._number(conflict))
        return self._tried(strategy, lambda: self._contest(conflict, strategy))

    def can_contest(self, conflict: Conflict) -> bool:
        """Whether the strategies by which one of two files loses its name can settle the conflict: it is about files alone.

        Raises OSError where the target cannot be looked at.
        """
        found = zip(conflict.contenders, self._holders(conflict), strict=True)
        return all(holder is None or self._comparable(each, holder) is not None for each, holder in found)

    def undo(self, resolutions: Sequence[Resolution]) -> Answer | Unanswered:
        """Take one answer back: its resolutions, all of them, in the order they were stored. As `answer`."""
        left = {each.after for each in resolutions}
        for each in resolutions:
            if not self._lies_at(each.action_id, each.after):
                return Unanswered("it was moved since")
            if self.tree.find(each.before) is not None and each.before not in left:
                return Unanswered("something else has its earlier place in the plan")
        return self._tried(resolutions[0].strategy, lambda: self._take_back(resolutions))

    def _tried(self, strategy: ConflictStrategy, change: Callable[[], str | None]) -> Answer | Unanswered:
        """The answer that a change makes; where it cannot be made, or says why not, the tree is as it was."""
        self._edits, self._done = [], []
        try:
            why = change()
        except FsError as error:
            self.tree = self._fresh_tree()
            return Unanswered(REFUSALS.get(error.kind, f"the plan does not allow it ({error.kind.name.lower()})"))
        if why is not None or not self._edits:
            return Unanswered(why or "nothing stands against it any more")
        self._accepted += self._edits
        first, last = self._edits[0].seq, self._edits[-1].seq
        done = (replace(each, strategy=strategy, first_edit=first, last_edit=last) for each in self._done)
        return Answer(tuple(self._edits), tuple(done))

    def _fresh_tree(self) -> PlanTree:
        return PlanTree(self._plan, self._accepted, self._last_edit)

    def _take_back(self, resolutions: Sequence[Resolution]) -> None:
        for each in reversed(resolutions):
            self._make_folders(each.before)
            self._move(each.action_id, each.after, each.before, each.replaced_before, undoes=each.number)

    # Strategies

    def _leave(self, conflict: Conflict) -> None:
        for each in conflict.contenders:
            if each.is_project:
                name = self._free_name(join(self._plan.policy.review_name, KeepReason.EXCLUDED.value.encode()), each)
                self._move(each.action.action_id, each.path, name, None)
            else:
                self._apply(each.action.action_id, EditKind.EXCLUDE, each.path)

    def _number(self, conflict: Conflict) -> None:
        targets = self._numbered(conflict)
        for each, target in zip(conflict.contenders, targets, strict=True):
            self._make_folders(target)
            self._move(each.action.action_id, each.path, target, None)

    def _contest(self, conflict: Conflict, strategy: ConflictStrategy) -> str | None:
        """Settle who has the names. Returns why not, where they cannot be compared."""
        assert strategy in CONTESTS
        won = True
        holders = self._holders(conflict)
        for each, holder in zip(conflict.contenders, holders, strict=True):
            if holder is None:
                continue
            has = self._comparable(each, holder)
            if has is None:
                return NO_CONTEST
            won = won and wins(strategy, each.action.expected, has)
        if won:
            self._take(conflict.contenders, holders)
        else:
            for each in conflict.contenders:
                self._apply(each.action.action_id, EditKind.VAULT, each.path)
        return None

    def _holders(self, conflict: Conflict) -> list[Holder | None]:
        """Who has the name of each contender; `None` where it is free, or the plan says already who gets it."""
        members = frozenset(each.action.action_id for each in conflict.contenders)
        holders = [holder_of(self.tree, self._disk, each.wanted, members) for each in conflict.contenders]
        return [
            None if self._is_settled(each, holder) else holder
            for each, holder in zip(conflict.contenders, holders, strict=True)
        ]

    def _is_settled(self, each: Contender, holder: Holder | None) -> bool:
        """Whether the plan says already that the file replaces what is there."""
        replaces = self.tree.replaced_by(self.tree.file(each.action.action_id))
        has = None if holder is None else holder.attr
        return replaces is not None and has is not None and has.fingerprint.same_file(replaces)

    def _comparable(self, each: Contender, holder: Holder) -> Fingerprint | None:
        """The fingerprint of a file that may lose its name, else `None`."""
        if each.is_project:
            return None
        if holder.node is not None:
            action = holder.node.action
            project = self.tree.carried_source(holder.node.parent) is not None
            both_files = action.entry_kind is each.action.entry_kind is Kind.FILE and not project
            return action.expected if both_files and not action.expected.same_inode(each.action.expected) else None
        if holder.attr is None or not can_lose(holder.attr, each.action.expected, each.action.entry_kind):
            return None
        return holder.attr.fingerprint

    def _take(self, contenders: Sequence[Contender], holders: Sequence[Holder | None]) -> None:
        """Give files the names they want; the planned files that have them go to the vault with all that belongs with them."""
        # All losers go first, and each once: several of the names may be held by files that belong together.
        replaces = [None if holder is None else self._replaced_with(holder) for holder in holders]
        losers = {loser.action.action_id: loser for holder in holders for loser in self._losers(holder)}
        for loser in losers.values():
            self._apply(loser.action.action_id, EditKind.VAULT, self.tree.path_of(loser))
        for each, holder, replaced in zip(contenders, holders, replaces, strict=True):
            if holder is not None or each.path != each.wanted:
                self._make_folders(each.wanted)
                self._move(each.action.action_id, each.path, each.wanted, replaced)

    def _replaced_with(self, holder: Holder) -> Fingerprint | None:
        """The file of the target that loses its name to whoever takes it from the holder."""
        if holder.node is not None:
            return self.tree.replaced_by(holder.node)
        return None if holder.attr is None else holder.attr.fingerprint

    def _losers(self, holder: Holder | None) -> list[FileNode]:
        return [] if holder is None or holder.node is None else self._with_unit(holder.node)

    def _with_unit(self, node: FileNode) -> list[FileNode]:
        """A planned file and those of its unit that still are with it."""
        number = node.action.unit
        if not number:
            return [node]
        if self._mates is None:
            self._mates = defaultdict(list)
            for action in self._plan.actions:
                if action.unit:
                    self._mates[action.unit].append(action.action_id)
        mates = [self.tree.file(action_id) for action_id in self._mates[number]]
        planned = [mate for mate in mates if not self.tree.in_review(mate)]
        units = [unit for unit in self._plan.units if unit.number == number]
        together = still_together(units, ((mate.action, self.tree.path_of(mate)) for mate in planned))
        if node.action.action_id not in together:
            return [node]
        return [mate for mate in planned if mate.action.action_id in together]

    # Names

    def _numbered(self, conflict: Conflict) -> list[bytes]:
        """Free targets beside the wanted ones, with one number for all."""
        rules, lead = self._plan.policy.names, conflict.lead.wanted
        key = rules.key(lead)
        number = self._next_number.get(key, 2)
        while True:
            targets = [
                _beside(lead, each.wanted, b" (%d)" % number, rules.name_max_bytes) for each in conflict.contenders
            ]
            number += 1
            if len(set(targets)) == len(targets) and all(self._is_free(target) for target in targets):
                self._next_number[key] = number
                return targets

    def _is_free(self, target: bytes) -> bool:
        return holder_of(self.tree, self._disk, target) is None

    def _free_name(self, folder: bytes, each: Contender) -> bytes:
        name, number = split(each.wanted)[1], 2
        free = name
        while self.tree.find(join(folder, free)) is not None:
            free, number = with_suffix_before_extension(name, b" (%d)" % number, 255), number + 1
        return join(folder, free)

    # Edits

    def _apply(
        self,
        action_id: int,
        kind: EditKind,
        path: bytes,
        target: bytes | None = None,
        replaces: Fingerprint | None = None,
        undoes: int | None = None,
    ) -> None:
        """One edit of one file, and what it did."""
        node = self.tree.file(action_id)
        replaced_before = self.tree.replaced_by(node)
        self._edit(kind, path, target, replaces)
        after = target if kind in {EditKind.MOVE, EditKind.REPLACE} else self.tree.path_of(node)
        assert after is not None
        self._done.append(
            Resolution(0, action_id, ConflictStrategy.ASK, path, after, replaced_before, self._now_ns, 0, 0, undoes)
        )

    def _move(
        self, action_id: int, path: bytes, target: bytes, replaces: Fingerprint | None, undoes: int | None = None
    ) -> None:
        """A MOVE of a file or of a project; a REPLACE where it takes a name from a file of the target."""
        kind = EditKind.MOVE if replaces is None else EditKind.REPLACE
        self._apply(action_id, kind, path, target, replaces, undoes)

    def _make_folders(self, target: bytes) -> None:
        """Plan the folders on the way that neither the tree nor the target has."""
        for folder in ancestors(target):
            if folder and self.tree.find(folder) is None:
                in_review = components(folder)[0] == self.tree.review.name
                attr = None if in_review else attr_at(self._disk, Place(self._plan.target, folder))
                if attr is None:
                    self._edit(EditKind.MKDIR, folder)
                elif attr.kind is not Kind.FOLDER:
                    raise FsError(FsErrorKind.NOT_A_FOLDER, folder)

    def _edit(
        self, kind: EditKind, path: bytes, target: bytes | None = None, replaces: Fingerprint | None = None
    ) -> None:
        number = self.tree.last_edit + 1
        edit = Edit(number, kind, path, target, self._now_ns, replaces=replaces, origin=EditOrigin.RESOLVE)
        self.tree.apply(edit)
        self._edits.append(edit)

    def _lies_at(self, action_id: int, where: bytes) -> bool:
        """Whether a file lies at a path, or in the project that does."""
        path = self.tree.path_of(self.tree.file(action_id))
        return path == where or path.startswith(where + b"/")


def standing(resolutions: Iterable[Resolution], edits: Iterable[Edit]) -> list[list[Resolution]]:
    """The answers that nobody has taken back, the newest first, each with all that it did, in the order of doing.

    `edits`: those of the plan that are in force. An answer whose edits are not does not stand, and as little has been taken back
    by one whose edits are not. All edits of an answer are of one step.
    """
    in_force = {edit.seq for edit in edits}
    undone: set[int | None] = set()
    answers: dict[int, list[Resolution]] = defaultdict(list)
    for each in resolutions:
        if each.first_edit not in in_force:
            continue
        undone.add(each.undoes)
        if each.undoes is None:
            answers[each.first_edit].append(each)
    return [answers[first] for first in sorted(answers, reverse=True) if answers[first][0].number not in undone]


def _beside(lead: bytes, wanted: bytes, suffix: bytes, name_max_bytes: int) -> bytes:
    """A target with the suffix where the lead has it: `a (2).xmp` beside `a (2).raw`, `p (2)_files/x` beside `p (2).html`."""
    folder, lead_name = split(lead)
    if wanted.startswith(folder + b"/" if folder else b""):
        inside = components(wanted[len(folder) + 1 :] if folder else wanted)
    else:
        folder, inside = split(wanted)[0], components(split(wanted)[1])
    stem = split_extension(lead_name)[0]
    first = inside[0]
    if first.startswith(stem) and len(first) + len(suffix) <= name_max_bytes:
        named = stem + suffix + first[len(stem) :]
    else:
        named = with_suffix_before_extension(first, suffix, name_max_bytes)
    return join(folder, named, *inside[1:])
