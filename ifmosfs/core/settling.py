"""Which name each file gets: the names are settled one after the other on the overlay, by the plan's strategies. Pure.

Those who want names together are a *party*: a single file, or all that move of a unit. A party gets all its names or none. It
meets whatever holds one of them: an entry of the target, or a party that came before, which may still lose (its actions
are then made anew; nothing is final before all are settled). So of many that want one name exactly one gets it, in whatever
order they come, and the others go to the vault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, assert_never

from ifmosfs.core import outcomes
from ifmosfs.core.contents import Contents, Digest, Name
from ifmosfs.core.contest import wins
from ifmosfs.core.copies import find_versions
from ifmosfs.core.files import Fingerprint, Kind, Place, ScannedFile
from ifmosfs.core.names import display, join, repair, shorten, split, split_extension, with_suffix_before_extension
from ifmosfs.core.overlay import Overlay, OverlayFolder, Standing
from ifmosfs.core.plan import Action, ActionKind, ConflictStrategy, DuplicateRule, KeepReason, Origin, Policy, UnitKind
from ifmosfs.core.units import Company, Group, stem_and_rest, within_page

if TYPE_CHECKING:
    from ifmosfs.core.planner import Candidate


class _Slot(NamedTuple):
    """A name in the party's folder: of a file, by its position, or of a saved page's folder (`None`)."""

    member: int | None
    name: bytes
    note: str | None


@dataclass(slots=True)
class _Party:
    """Who wants names together: `groups` are slots that keep a stem in common, `sources` where these come from."""

    lead: int
    folder: OverlayFolder
    groups: list[list[_Slot]]
    sources: list[Group]
    members: tuple[int, ...]

    def slots(self) -> list[_Slot]:
        return [slot for group in self.groups for slot in group]


class _Taken(NamedTuple):
    slot: _Slot
    standing: Standing


class Settling:
    """Settles the names of all candidates of one plan; see `settle`."""

    def __init__(
        self, candidates: Sequence[Candidate], overlay: Overlay, policy: Policy, target: Place, digest: Digest
    ) -> None:
        self._candidates = candidates
        self._overlay = overlay
        self._policy = policy
        self._target = target
        self._contents = Contents(digest)
        self._actions: list[Action | None] = [None] * len(candidates)

    def settle(self) -> list[Action]:
        """One action for each candidate, in their order."""
        for index, candidate in enumerate(self._candidates):
            if self._actions[index] is not None:
                continue
            if candidate.folder is None:
                self._keep(index, candidate.keep or KeepReason.UNSURE, candidate.reason, None)
                continue
            folder = self._overlay.folder(candidate.folder)
            if folder is None:
                self._blocked(index, candidate)
            elif candidate.company is None:
                self._single(index, candidate, folder)
            else:
                self._company(candidate.company, folder)
        actions = [action for action in self._actions if action is not None]
        assert len(actions) == len(self._candidates)
        return self._with_versions(actions)

    # Parties

    def _blocked(self, index: int, candidate: Candidate) -> None:
        """Nothing can go to the folder, because something else has its name or that of a folder above."""
        members = [index] if candidate.company is None else list(candidate.company.members)
        for member in members:
            name = repair(split(self._file(member).path)[1], self._policy.names).name
            wanted = join(candidate.folder or b"", name)
            self._keep(member, KeepReason.CONFLICT, "something that is no folder stands on the way", wanted)

    def _single(self, index: int, candidate: Candidate, folder: OverlayFolder) -> None:
        repaired = repair(split(candidate.file.path)[1], self._policy.names)
        slot = _Slot(index, repaired.name, repaired.reason)
        if self._overlay.taken_by(folder, repaired.name) is None:
            self._take(folder, slot)
            return
        self._contest(_Party(index, folder, [[slot]], [_alone(index)], (index,)))

    def _company(self, company: Company, folder: OverlayFolder) -> None:
        own: set[bytes] = set()
        groups: list[list[_Slot]] = []
        sources = [part for group in company.groups for part in self._separable(group)]
        for group in sources:
            slots = self._named(group, None)
            if any(self._key(slot.name) in own for slot in slots):  # names of one inode from several folders
                slots = self._free(group, folder, slots, own)
            own.update(self._key(slot.name) for slot in slots)
            groups.append(slots)
        lead = self._lead_of(company)
        self._contest(_Party(lead, folder, groups, sources, tuple(company.members)))

    def _separable(self, group: Group) -> list[Group]:
        """The group, or each of its files alone where repair leaves nothing by which their names could be told apart."""
        names = {self._key(slot.name) for slot in self._named(group, None)}
        if group.page is not None or len(names) == len(group.members):
            return [group]
        return [_alone(index) for index in group.members]

    def _lead_of(self, company: Company) -> int:
        """The file that is compared for all of its unit."""
        return company.groups[0].lead

    def _party_of(self, claimant: int) -> tuple[int, ...]:
        company = self._candidates[claimant].company
        return (claimant,) if company is None else tuple(company.members)

    # Conflicts

    def _contest(self, party: _Party) -> None:
        taken = self._taken(party)
        if not taken:
            self._take_all(party)
        elif not self._is_duplicate(party, taken):
            strategy = self._policy.strategy_for(self._candidates[party.lead].proposal.label)
            same = next((each for each in taken if self._same_inode(each)), None)
            match strategy:
                case ConflictStrategy.RENAME:
                    self._rename(party)
                case ConflictStrategy.SKIP | ConflictStrategy.ASK:
                    self._stay(party, taken[0])
                case ConflictStrategy.REPLACE | ConflictStrategy.NEWEST | ConflictStrategy.LARGEST:
                    if same is not None:  # nothing ever replaces itself
                        self._stay(party, same)
                    else:
                        self._compete(party, taken, strategy)
                case _:
                    assert_never(strategy)

    def _taken(self, party: _Party) -> list[_Taken]:
        standing = ((slot, self._overlay.taken_by(party.folder, slot.name)) for slot in party.slots())
        return [_Taken(slot, holder) for slot, holder in standing if holder is not None]

    def _compete(self, party: _Party, taken: Sequence[_Taken], strategy: ConflictStrategy) -> None:
        fixed = next((each for each in taken if not self._can_lose(each)), None)
        if fixed is not None:
            self._stay(party, fixed)
            return
        decisive = next(
            (each for each in taken if each.slot.member is not None and self._speaks(each.slot.member)), None
        )
        if strategy is not ConflictStrategy.REPLACE:
            rival = None if decisive is None else decisive.standing.claimant
            if decisive is None or (rival is not None and not self._speaks(rival)):
                self._stay(party, taken[0])  # the leads do not meet, so there is nothing to compare
                return
            if not wins(strategy, self._file(party.lead).fingerprint, self._fingerprint(decisive.standing)):
                self._put_away(party, _lost_words(self._place(decisive.standing, party.folder), strategy))
                return
        winner = self._file(party.lead)
        losers = dict.fromkeys(each.standing.claimant for each in taken if each.standing.claimant is not None)
        for claimant in losers:
            self._displace(claimant, winner, strategy)
        self._take_all(party)

    def _can_lose(self, taken: _Taken) -> bool:
        """Only files can, and only to files; a saved page cannot, because its folder would have to go with it."""
        holder = taken.standing
        if taken.slot.member is None or holder.kind is not Kind.FILE:
            return False
        if holder.claimant is None:
            return holder.fingerprint is not None
        company = self._candidates[holder.claimant].company
        return company is None or all(group.page is None for group in company.groups)

    def _speaks(self, index: int) -> bool:
        """Whether a file is the one that is compared for all that would win or lose with it: any name of one inode is."""
        company = self._candidates[index].company
        return company is None or company.unit.kind is UnitKind.LINKS or self._lead_of(company) == index

    def _displace(self, claimant: int, winner: ScannedFile, strategy: ConflictStrategy) -> None:
        """Make a party that has its names lose them: all of it goes to the vault."""
        for member in self._party_of(claimant):
            action = self._actions[member]
            if action is None or action.kind is not ActionKind.MOVE or action.target is None:
                continue  # lost already
            parent, name = split(action.target)
            folder = self._overlay.folder(parent)
            assert folder is not None
            self._overlay.release(folder, name)
            reason = _lost_words(winner.place, strategy)
            self._actions[member] = replace(action, kind=ActionKind.VAULT, reason=reason, note=None, replaces=None)

    def _put_away(self, party: _Party, reason: str) -> None:
        wanted = self._wanted(party)
        for member in party.members:
            self._act(member, ActionKind.VAULT, reason, wanted.get(member))

    def _stay(self, party: _Party, taken: _Taken) -> None:
        guilty = party.lead if taken.slot.member is None else taken.slot.member
        holder = taken.standing
        source = None if holder.claimant is None else self._file(holder.claimant).place
        theirs = None if holder.claimant is None and holder.fingerprint is None else self._fingerprint(holder)
        why = outcomes.taken_by(holder.name, holder.kind, theirs, self._file(guilty).fingerprint, source)
        self._keep_all(party, guilty, KeepReason.CONFLICT, why)

    def _keep_all(self, party: _Party, guilty: int, keep: KeepReason, why: str) -> None:
        wanted = self._wanted(party)
        others = outcomes.stays_with(split(self._file(guilty).path)[1])
        for member in party.members:
            self._keep(member, keep, why if member == guilty else others, wanted.get(member))

    # Duplicates

    def _is_duplicate(self, party: _Party, taken: Sequence[_Taken]) -> bool:
        """Settle the party as a duplicate, if it is one in all its files; else remember its contents for those to come."""
        reads = self._policy.duplicates is not DuplicateRule.CONFLICT
        everywhere = len(taken) == len(party.slots())
        places = [self._twin(each, party.folder, reads=reads) for each in taken] if everywhere else [None]
        if None in places:
            self._remember(taken, party.folder)
            return False
        wholly_there = all(self._same_inode(each) for each in taken)
        if self._policy.duplicates is DuplicateRule.VAULT and not wholly_there:
            assert places[0] is not None
            self._put_away(party, outcomes.same_content(places[0]))
            return True
        wanted = self._wanted(party)
        for each, place in zip(taken, places, strict=True):
            assert each.slot.member is not None
            assert place is not None
            index = each.slot.member
            why = outcomes.same_content(place)
            if self._same_inode(each):
                why = f"it is the same file as {display(place.absolute)}"
            self._keep(index, KeepReason.DUPLICATE, why, wanted.get(index))
        return True

    def _twin(self, taken: _Taken, folder: OverlayFolder, *, reads: bool) -> Place | None:
        """A file of this name with the same content, if there is one."""
        slot, holder = taken
        if slot.member is None:
            return None
        if self._same_inode(taken):
            return self._place(holder, folder)
        if not reads:
            return None
        name = self._name(folder, slot.name)
        self._remember_holder(name, holder, folder)
        file = self._file(slot.member)
        return self._contents.same_as(name, file.place, file.fingerprint.size_bytes)

    def _remember(self, taken: Iterable[_Taken], folder: OverlayFolder) -> None:
        if self._policy.duplicates is DuplicateRule.CONFLICT:
            return
        for slot, holder in taken:
            name = self._name(folder, slot.name)
            self._remember_holder(name, holder, folder)
            if slot.member is not None:
                file = self._file(slot.member)
                self._contents.add(name, file.place, file.fingerprint.size_bytes)

    def _remember_holder(self, name: Name, holder: Standing, folder: OverlayFolder) -> None:
        reads = self._policy.duplicates is not DuplicateRule.CONFLICT
        if reads and holder.kind is Kind.FILE and (holder.claimant is not None or holder.fingerprint is not None):
            self._contents.add(name, self._place(holder, folder), self._fingerprint(holder).size_bytes)

    def _same_inode(self, taken: _Taken) -> bool:
        """Whether the name is held by another name of the very same file: a hard link, or one folder seen through two roots."""
        holder = taken.standing
        if taken.slot.member is None or holder.kind is not Kind.FILE:
            return False
        if holder.claimant is None and holder.fingerprint is None:
            return False
        return self._file(taken.slot.member).fingerprint.same_file(self._fingerprint(holder))

    # Names

    def _take(self, folder: OverlayFolder, slot: _Slot) -> None:
        """Take a free name for a file."""
        assert slot.member is not None
        note = slot.note
        twin = self._overlay.twin_of(folder, slot.name)
        if twin is not None:
            note = _joined(note, f"differs from {display(twin)} only in case or Unicode form")
        self._overlay.claim(folder, slot.name, slot.member)
        self._act(slot.member, ActionKind.MOVE, None, join(folder.path, slot.name), note=note)

    def _take_all(self, party: _Party) -> None:
        """Take all names of a party; where a file of the target has one, it is displaced."""
        for slots, group in zip(party.groups, party.sources, strict=True):
            for slot in slots:
                holder = self._overlay.taken_by(party.folder, slot.name)
                if slot.member is None:
                    self._take_page(join(party.folder.path, slot.name), group)
                elif holder is None:
                    self._take(party.folder, slot)
                else:
                    self._take_over(party.folder, slot, holder)

    def _take_over(self, folder: OverlayFolder, slot: _Slot, holder: Standing) -> None:
        assert slot.member is not None
        assert holder.claimant is None
        self._overlay.claim(folder, holder.name, slot.member, holder.fingerprint)
        note = _joined(slot.note, f"{display(holder.name)} goes to the vault")
        target = join(folder.path, holder.name)
        self._act(slot.member, ActionKind.MOVE, None, target, note=note, replaces=holder.fingerprint)

    def _take_page(self, page: bytes, group: Group) -> None:
        """The files in a saved page's folder keep their places in it; its folders come before any file can take their names."""
        inner = [(index, within_page(self._file(index).path, group)) for index in group.members]
        places = [
            (index, join(page, *(repair(name, self._policy.names).name for name in path.split(b"/"))))
            for index, path in inner
            if path is not None
        ]
        for _, path in places:
            self._overlay.folder(split(path)[0])
        for index, path in places:
            parent, name = split(path)
            folder = self._overlay.folder(parent)
            assert folder is not None
            repaired = repair(split(self._file(index).path)[1], self._policy.names)
            standing = self._overlay.taken_by(folder, name)
            slot = _Slot(index, name, repaired.reason)
            if standing is not None:
                (slot,) = self._free(_alone(index), folder, [slot], set())
            self._take(folder, slot)

    def _rename(self, party: _Party) -> None:
        """Number those groups of a party that do not have their names; a file found to be there under a number stays."""
        for number, group in enumerate(party.sources):
            slots = party.groups[number]
            if any(self._overlay.taken_by(party.folder, slot.name) is not None for slot in slots):
                others = {self._key(slot.name) for slot in party.slots()}
                party.groups[number] = self._free(group, party.folder, slots, others)
        if len(party.members) == 1 and self._policy.duplicates is not DuplicateRule.CONFLICT:
            self._rename_single(party)
        else:
            self._take_all(party)

    def _rename_single(self, party: _Party) -> None:
        """The numbers that were passed over may be this very file, from an earlier time."""
        file = self._file(party.lead)
        original = self._name(party.folder, self._named_alone(party.lead, b"").name)
        place = self._contents.same_as(original, file.place, file.fingerprint.size_bytes)
        if place is None or place == file.place:
            self._take_all(party)
            return
        party.folder.next_number[original[1]] -= 1  # the number found is not needed
        if self._policy.duplicates is DuplicateRule.VAULT:
            self._put_away(party, outcomes.same_content(place))
        else:
            self._keep_all(party, party.lead, KeepReason.DUPLICATE, outcomes.same_content(place))

    def _free(self, group: Group, folder: OverlayFolder, slots: Sequence[_Slot], own: set[bytes]) -> list[_Slot]:
        """The same slots under the first common number that is free for all of them."""
        holder = next((each for slot in slots if (each := self._overlay.taken_by(folder, slot.name))), None)
        note = outcomes.there_already(slots[0].name if holder is None else holder.name)
        key = self._key(slots[0].name)
        number = folder.next_number.get(key, 2)
        while True:
            numbered = self._named(group, number)
            number += 1
            standing = [self._overlay.taken_by(folder, slot.name) for slot in numbered]
            if not any(standing) and not any(self._key(slot.name) in own for slot in numbered):
                break
            if standing[0] is not None:
                self._remember_holder(self._name(folder, slots[0].name), standing[0], folder)
        folder.next_number[key] = number
        return [slot._replace(note=_joined(old.note, note)) for old, slot in zip(slots, numbered, strict=True)]

    def _named(self, group: Group, number: int | None) -> list[_Slot]:
        """The names of a group that the target takes, with a common number or without, and their stems cut alike."""
        suffix = b"" if number is None else b" (%d)" % number
        if len(group.members) == 1:
            return [self._named_alone(group.lead, suffix)]
        beside = (index for index in group.members if within_page(self._file(index).path, group) is None)
        items: list[tuple[int | None, bytes]] = [(index, split(self._file(index).path)[1]) for index in beside]
        if group.page is not None:
            items.append((None, split(group.page)[1]))
        names = _fitting([stem_and_rest(name, group.stem_bytes) for _, name in items], suffix, self._policy)
        return [_Slot(index, name, reason) for (index, _), (name, reason) in zip(items, names, strict=True)]

    def _named_alone(self, index: int, suffix: bytes) -> _Slot:
        rules = self._policy.names
        repaired = repair(split(self._file(index).path)[1], rules)
        name = with_suffix_before_extension(repaired.name, suffix, rules.name_max_bytes) if suffix else repaired.name
        return _Slot(index, name, repaired.reason)

    def _wanted(self, party: _Party) -> dict[int, bytes]:
        """Where each file of a party would have gone."""
        wanted = {slot.member: join(party.folder.path, slot.name) for slot in party.slots() if slot.member is not None}
        for slots, group in zip(party.groups, party.sources, strict=True):
            page = next((join(party.folder.path, slot.name) for slot in slots if slot.member is None), None)
            for index in group.members if page is not None else ():
                inner = within_page(self._file(index).path, group)
                if inner is not None:
                    wanted[index] = join(page or b"", inner)
        return wanted

    # Looking

    def _file(self, index: int) -> ScannedFile:
        return self._candidates[index].file

    def _key(self, name: bytes) -> bytes:
        return self._policy.names.key(name)

    def _name(self, folder: OverlayFolder, name: bytes) -> Name:
        return folder.path, self._key(name)

    def _fingerprint(self, holder: Standing) -> Fingerprint:
        """Of the file that has a name, or is going to have it."""
        if holder.claimant is not None:
            return self._file(holder.claimant).fingerprint
        assert holder.fingerprint is not None
        return holder.fingerprint

    def _place(self, holder: Standing, folder: OverlayFolder) -> Place:
        if holder.claimant is not None:
            return self._file(holder.claimant).place
        return Place(self._target.root, join(folder.path, holder.name))

    # Actions

    def _keep(self, index: int, keep: KeepReason, reason: str, wanted: bytes | None) -> None:
        self._act(index, ActionKind.KEEP, reason, wanted, keep=keep)

    def _act(
        self,
        index: int,
        kind: ActionKind,
        reason: str | None,
        target: bytes | None,
        *,
        keep: KeepReason | None = None,
        note: str | None = None,
        replaces: Fingerprint | None = None,
    ) -> None:
        candidate = self._candidates[index]
        file = candidate.file
        self._actions[index] = Action(
            action_id=index + 1,
            kind=kind,
            root=file.root,
            source=file.path,
            target=target,
            expected=file.fingerprint,
            mode=file.mode,
            entry_kind=file.kind,
            category=candidate.proposal.label,
            score=candidate.proposal.score,
            reason=candidate.reason if reason is None else reason,
            origin=Origin.RULE,
            keep_reason=keep,
            note=note,
            replaces=replaces,
            unit=0 if candidate.company is None else candidate.company.unit.number,
        )

    def _with_versions(self, actions: list[Action]) -> list[Action]:
        """The actions, with a note on those that move beside another version of the same file."""
        moving = (
            (index, split(action.target or b"")[0], split(action.source)[1])
            for index, action in enumerate(actions)
            if action.kind is ActionKind.MOVE
        )
        for index, other in find_versions(moving).items():
            note = outcomes.another_version(split(actions[other].target or b"")[1])
            if actions[index].note is None:
                actions[index] = replace(actions[index], note=note)
        return actions


def _alone(index: int) -> Group:
    return Group(index, (index,), 0)


def _lost_words(winner: Place, strategy: ConflictStrategy) -> str:
    return f"{display(winner.absolute)} has the name by the rule {strategy.value!r}"


def _fitting(parts: Sequence[tuple[bytes, bytes]], suffix: bytes, policy: Policy) -> list[tuple[bytes, str | None]]:
    """Names of (stem, rest) pairs that the target takes; stems that are too long are cut by the same number of bytes."""
    rules = policy.names
    unbounded = replace(rules, name_max_bytes=1 << 20)
    cut, longest = 0, max(len(stem) for stem, _ in parts)
    while cut < longest:
        whole = [repair(_stem(stem, cut) + suffix + rest, unbounded) for stem, rest in parts]
        excess = max(len(each.name) for each in whole) - rules.name_max_bytes
        if excess <= 0:
            reason = f"longer than {rules.name_max_bytes} bytes" if cut else None
            if all(_stem(stem, cut) for stem, _ in parts):
                return [(each.name, _both(each.reason, reason)) for each in whole]
            break
        cut += excess
    found = []
    for stem, rest in parts:  # nothing of the stem would be left: each is cut by itself
        whole_name = repair(stem + rest, unbounded)
        front, extension = split_extension(whole_name.name)
        short = shorten(front, rules.name_max_bytes - len(suffix) - len(extension))
        if not short:
            short, extension = shorten(whole_name.name, rules.name_max_bytes - len(suffix)), b""
        fitted = repair(short + suffix + extension, rules)
        found.append((fitted.name, _both(whole_name.reason, f"longer than {rules.name_max_bytes} bytes")))
    return found


def _stem(stem: bytes, cut: int) -> bytes:
    return shorten(stem, len(stem) - cut) if cut else stem


def _both(first: str | None, second: str | None) -> str | None:
    return "; ".join(part for part in (first, second) if part) or None


def _joined(note: str | None, more: str) -> str:
    return more if note is None else f"{note}; {more}"
