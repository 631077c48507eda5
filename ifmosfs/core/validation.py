"""Everything that could be said against a plan before its commit: the preflight's problems, those that only careful people
ask about, and for each what `stage fix` would do.

Only looks, like the preflight; nothing here decides whether a commit begins. Each check is linear in the number of files.

Two levels: NORMAL is what would stop a file or the whole commit (or, where Windows was asked about, make a file unreachable
there), STRICT is everything that somebody might want to know. A few things of the latter are told at the normal level, too, as
*warnings*: the plan can be committed, but something will mean another thing then. Warnings decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, NamedTuple

from ifmosfs.core.effects import RELATIVE_LINK, Response, disk_failed, lstat_or_none, response_to
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Attr, Kind, Place
from ifmosfs.core.links import CHANGES, LinkTrouble, find_link_troubles
from ifmosfs.core.names import (
    CONTROL_NAME,
    WINDOWS_FOLDER_UNITS,
    WINDOWS_PATH_UNITS,
    NameRules,
    components,
    display,
    from_text,
    is_within,
    repair,
    split,
    split_extension,
    to_text,
    utf16_units,
    windows_name,
    windows_trouble,
)
from ifmosfs.core.plan import Action, ActionKind, ConflictStrategy, DuplicateRule, Origin, Plan, Unit, UnitKind
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.preflight import FOLDER_ELSEWHERE, WINNER_STAYED
from ifmosfs.core.reports import WORDS, PreflightReport, Problem, problem
from ifmosfs.core.steps import Step, stranded
from ifmosfs.core.tree import FolderNode, PlanTree

JUST_NOW_NS: Final = 2_000_000_000
SIDECAR_BYTES_PER_FILE: Final = 1_000
JOURNAL_BYTES_PER_FILE: Final = 2_000  # the database with its log, the snapshot and the states of the actions
N_JOURNAL_INODES: Final = 4  # the control folder, the sidecar, the vault
WINDOWS_RULES: Final = NameRules(ignores_case=True)


WARNINGS: Final = frozenset({CHANGES})


class Level(Enum):
    """How much is asked; STRICT includes NORMAL."""

    NORMAL = "normal"
    STRICT = "strict"


class FixKind(Enum):
    """What `stage fix` does about a finding."""

    NOTHING = "nothing"
    EXCLUDE = "exclude"
    RENAME = "rename"
    VAULT = "vault"


@dataclass(frozen=True, slots=True)
class Fix:
    """What would be done. `name`: of a RENAME, the name to begin with; a number is added where it is taken.

    `path`: of a RENAME of a folder, and of a project that stays, its path in the layout; of a file the finding's action says which.
    """

    kind: FixKind
    words: str
    name: bytes = b""
    path: bytes | None = None


NOTHING: Final = Fix(FixKind.NOTHING, "nothing")
STAYS: Final = Fix(FixKind.EXCLUDE, "leave it where it is")
STAYS_TOGETHER: Final = Fix(FixKind.EXCLUDE, "leave it, and what belongs with it, where it is")
TO_VAULT: Final = Fix(FixKind.VAULT, "put it into the vault")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with the level from which on it counts, and what `stage fix` would do about it.

    `stays`: whether a commit would leave what has the problem where it is, and not only give somebody trouble later.
    """

    problem: Problem
    level: Level
    fix: Fix
    stays: bool = False

    @property
    def code(self) -> str:
        """The problem's stable code."""
        return self.problem.code

    @property
    def is_fixable(self) -> bool:
        """Whether `stage fix` would do something."""
        return self.fix.kind is not FixKind.NOTHING


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """All that counts at a level, in the order of the checks. The counts are the preflight's.

    `warnings`: what counts at the strict level only, and is told at this one all the same.
    """

    level: Level
    findings: tuple[Finding, ...]
    n_files: int
    n_copies: int
    n_bytes: int
    warnings: tuple[Finding, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing stands against the plan at this level."""
        return not self.findings

    @property
    def fixable(self) -> tuple[Finding, ...]:
        """What `stage fix` would do something about."""
        return tuple(finding for finding in self.findings if finding.is_fixable)

    @property
    def n_staying(self) -> int:
        """How many findings there are whose files a commit would leave where they are."""
        return sum(finding.stays for finding in self.findings)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The findings without their fixes."""
        return tuple(finding.problem for finding in self.findings)


class Surroundings(NamedTuple):
    """What the disk alone does not tell.

    `may_read`: whether this user can read a file (absolute place, attributes). `open_for_writing`: (device, inode)
    of the files that some program is writing to, as far as that can be known. `own_places`: absolute folders of the program,
    mounted views included. `state`: where the journal's database lies. `threshold_of`: the confidence that is asked for today, by
    category.
    """

    now_ns: int
    may_read: Callable[[Place, Attr], bool]
    own_places: Collection[bytes]
    state: Place
    threshold_of: Callable[[str | None], float]
    open_for_writing: frozenset[tuple[int, int]] = frozenset()


class SourceWatch:
    """Looks along with the preflight, so that no source is looked at twice."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.findings: list[Finding] = []

    def __call__(self, step: Step, found: Attr, is_copy: bool) -> None:
        """See `preflight.Watch`."""
        if found.kind is Kind.OTHER and is_copy:
            self._add("special-file", step)
        if (found.device, found.inode) in self._around.open_for_writing:
            self._add("being-written", step)
        elif 0 <= self._around.now_ns - found.mtime_ns < JUST_NOW_NS and found.kind is Kind.FILE:
            self._add("changed-just-now", step, Level.STRICT)
        if found.kind is Kind.FILE and not self._around.may_read(step.source, found):
            self._add("unreadable" if is_copy else "unreadable-here", step, None if is_copy else Level.STRICT)

    def _add(self, code: str, step: Step, level: Level | None = None) -> None:
        found = problem(code, step.source.absolute, action_id=step.action_id)
        self.findings.append(Finding(found, level or Level.NORMAL, STAYS, stays=level is None))


class Checked(NamedTuple):
    """What is validated: a plan with its edits, what is left to do of it, and what looking at it has given so far."""

    tree: PlanTree
    order: WorkOrder
    preflight: PreflightReport
    watch: SourceWatch


def validate(
    checked: Checked, disk: DiskReader, around: Surroundings, level: Level, *, windows: bool = False
) -> ValidationReport:
    """All findings at a level. Raises: DiskFailed on an I/O error."""
    validation = _Validation(checked, disk, around)
    validation.places()
    validation.preflight()
    validation.names()
    if windows:
        validation.windows()
    validation.room()
    if level is Level.STRICT:
        validation.confidence()
        validation.units()
    validation.links()
    return validation.report(level)


class _Validation:
    """One validation under way."""

    def __init__(self, checked: Checked, disk: DiskReader, around: Surroundings) -> None:
        self._tree, self._order, self._preflight, self._watch = checked
        self._plan: Plan = checked.tree.plan
        self._disk = disk
        self._around = around
        self._target = Place(self._plan.target, b"")
        self._gone_roots: set[bytes] = set()
        self._findings: list[Finding] = []

    def report(self, level: Level) -> ValidationReport:
        """What was found, as far as it counts at the level."""
        counted = tuple(each for each in self._findings if level is Level.STRICT or each.level is Level.NORMAL)
        done = self._preflight
        warnings = tuple(each for each in self._findings if level is Level.NORMAL and each.code in WARNINGS)
        return ValidationReport(level, counted, done.n_steps, done.n_copies, done.n_bytes, warnings)

    def _add(self, code: str, path: bytes, fix: Fix = NOTHING, *, level: Level = Level.NORMAL, **more: object) -> None:
        words, action_id = more.get("words"), more.get("action_id", 0)
        assert words is None or isinstance(words, str)
        assert isinstance(action_id, int)
        found = problem(code, path, words=words, action_id=action_id)
        self._findings.append(Finding(found, level, fix))

    def _action(self, action_id: int) -> Action:
        return self._tree.file(action_id).action

    def _together(self, action_id: int, fix: Fix) -> Fix:
        """The fix for a file of a unit: to give it another name alone would part it from the others."""
        if not action_id or not self._action(action_id).unit or fix.kind is FixKind.NOTHING:
            return fix
        return STAYS_TOGETHER

    # Places

    def places(self) -> None:
        """Roots that are there and have something in them, and that do not lie in one another or in the program's places."""
        roots = [root.path for root in self._plan.roots]
        waiting = Counter(step.source.root for step in self._order.steps)
        for root in roots:
            if any(root != other and is_within(root, other) for other in roots):
                self._add("roots-nested", root)
            if waiting[root]:
                self._presence(root, waiting[root])
        for place in (self._plan.target, *roots):
            if any(is_within(place, own) or (place != b"/" and is_within(own, place)) for own in self._own(place)):
                self._add("own-place", place)

    def _own(self, place: bytes) -> Iterable[bytes]:
        """A scan leaves the program's places below a root out, so only the target must not be above one."""
        if place == self._plan.target:
            return self._around.own_places
        return [own for own in self._around.own_places if is_within(place, own)]

    def _presence(self, root: bytes, n_files: int) -> None:
        place = Place(root, b"")
        try:
            found = lstat_or_none(self._disk, place)
            is_empty = found is not None and found.kind is Kind.FOLDER and not self._disk.list_folder(place)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, place) from error
            return  # it may not be listed; the files will tell
        if found is None or is_empty:
            code = "root-missing" if found is None else "root-empty"
            self._gone_roots.add(root)
            self._add(code, root, words=f"{WORDS[code]} ({n_files:,} files are to come from here)")

    # What the preflight found

    def preflight(self) -> None:
        """The preflight's problems with their fixes. Files of a root that is gone are not named one by one."""
        changed = {each.path for each in self._preflight.problems if each.code == "filesystem-changed"}
        for each in self._preflight.problems:
            root = self._action(each.action_id).root if each.action_id else None
            if root in self._gone_roots and each.code in GONE:
                continue
            if each.code == "filesystem-changed" and each.path in self._gone_roots:
                continue  # said already, and better
            other_disk = root in changed or self._plan.target in changed
            self._findings.append(self._of_preflight(each, fixable=not other_disk))
        for finding in self._watch.findings:
            fix = self._together(finding.problem.action_id, finding.fix)
            self._findings.append(replace(finding, fix=fix))
        self._losers()

    def _losers(self) -> None:
        """What stays because its winner does, for a reason that the preflight does not look for."""
        staying = {finding.problem.action_id for finding in self._watch.findings if finding.stays}
        told = {each.action_id for each in self._preflight.problems} | staying
        for step, place in stranded(self._order.steps, lambda step: step.action_id in staying, lambda _: True):
            if step.action_id not in told:
                words = f"{WORDS[WINNER_STAYED]} ({display(place.absolute)})"
                found = problem(WINNER_STAYED, step.source.absolute, words=words, action_id=step.action_id)
                self._findings.append(self._of_preflight(found, fixable=True))

    def _of_preflight(self, each: Problem, *, fixable: bool) -> Finding:
        fix = NOTHING
        if fixable and each.code in NAMES_TAKEN and each.action_id:
            each, fix = self._of_taken_name(each)
        elif fixable and each.code == "folder-name-taken":
            fix = self._number_folder(each.path)
        elif fixable and each.code == FOLDER_ELSEWHERE:
            fix = self._leave_project(each.path)
        elif fixable and each.action_id and each.code not in GONE_FOR_GOOD:
            fix = STAYS
        return Finding(each, Level.NORMAL, self._together(each.action_id, fix), stays=True)

    def _of_taken_name(self, each: Problem) -> tuple[Problem, Fix]:
        action = self._action(each.action_id)
        rule = self._plan.policy.duplicates
        if each.code == "name-taken" and self._is_duplicate(action, each.path) and rule is not DuplicateRule.CONFLICT:
            return replace(each, code="duplicate", words=WORDS["duplicate"], remedy=None), (
                STAYS if rule is DuplicateRule.STAY else TO_VAULT
            )
        if self._plan.policy.strategy_for(action.category) in LEAVES:
            return each, STAYS
        return each, Fix(FixKind.RENAME, "give it a number", split(each.path)[1])

    def _is_duplicate(self, action: Action, target: bytes) -> bool:
        there = Place(self._plan.target, target[len(self._plan.target.rstrip(b"/")) + 1 :])
        try:
            found = lstat_or_none(self._disk, there)
            if found is None or found.kind is not Kind.FILE or found.size_bytes != action.expected.size_bytes:
                return False
            return self._disk.digest(there) == self._disk.digest(action.source_place)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, there) from error
            return False  # what cannot be read is not known to be the same

    def _number_folder(self, absolute: bytes) -> Fix:
        path = self._layout_path(absolute)
        node = self._tree.find(path) if path else None
        if not isinstance(node, FolderNode):
            return NOTHING
        return Fix(FixKind.RENAME, "give the folder a number", split(path)[1], path)

    def _leave_project(self, absolute: bytes) -> Fix:
        places = (each.target for each in self._tree.carried() if each.source.absolute == absolute)
        return next((replace(STAYS, path=path) for path in places), NOTHING)

    def _layout_path(self, absolute: bytes) -> bytes:
        """The path below the target, ``b""`` for what is not below it."""
        top = self._plan.target.rstrip(b"/") + b"/"
        return absolute[len(top) :] if absolute.startswith(top) else b""

    # Names

    def names(self) -> None:
        """Whether the target's filesystem takes the names as it is now; the plan was made, and edited, with older rules."""
        rules = self._disk.name_rules(self._target)
        for place, step in self._named():
            name = split(place.path)[1]
            repaired = repair(name, rules)
            if repaired.reason is not None:
                words = f"{WORDS['illegal-name']}: {repaired.reason}"
                self._add_name("illegal-name", place, step, repaired.name, words)

    def _named(self) -> Iterator[tuple[Place, Step | None]]:
        """Every name that the commit gives: of folders below the target, then of files."""
        for place, _ in self._order.folders:
            if place.root == self._plan.target and place.path:
                yield place, None
        for step in self._order.steps:
            if step.action_id and not is_within(step.target.path, CONTROL_NAME):
                yield step.target, step

    def _add_name(
        self, code: str, place: Place, step: Step | None, name: bytes, words: str, would_do: str | None = None
    ) -> None:
        would_do = would_do or f"call it {_quoted(name)}"
        if step is not None:
            fix = self._together(step.action_id, Fix(FixKind.RENAME, would_do, name))
            self._add(code, place.absolute, fix, words=words, action_id=step.action_id)
            return
        node = self._tree.find(place.path)
        is_ours = isinstance(node, FolderNode) and node.planned
        fix = Fix(FixKind.RENAME, would_do, name, place.path) if is_ours else NOTHING
        self._add(code, place.absolute, fix, words=words)

    def windows(self) -> None:
        """Whether Windows could reach everything: names, lengths, and names that differ only in case."""
        twins = _Twins(self._disk)
        for place, step in self._named():
            folder, name = split(place.path)
            trouble = windows_trouble(name)
            if trouble is not None:
                words = f"{WORDS['windows-name']}: {trouble}"
                self._add_name("windows-name", place, step, windows_name(name), words)
            units = utf16_units(place.absolute)
            most = WINDOWS_PATH_UNITS if step is not None else WINDOWS_FOLDER_UNITS
            if units > most:
                self._too_long(place, step, name, units - most)
            if twins.is_second(Place(place.root, folder), name):
                self._add_name("windows-twin", place, step, name, WORDS["windows-twin"], "give it a number")

    def _too_long(self, place: Place, step: Step | None, name: bytes, n_over: int) -> None:
        """A file's own name is shortened where that is enough; else a person must choose which folder gives way."""
        shorter = _shortened(name, n_over) if step is not None else None
        if step is not None and shorter is not None:
            self._add_name("windows-path-too-long", place, step, shorter, WORDS["windows-path-too-long"])
        else:
            action_id = step.action_id if step is not None else 0
            self._add("windows-path-too-long", place.absolute, action_id=action_id)

    # Room

    def room(self) -> None:
        """Room for new folders, the journal beside the data, and the journal's database: an estimate, on the safe side."""
        steps = self._order.steps
        if not steps:
            return
        free = self._disk.space(self._target)
        n_bytes = len(steps) * SIDECAR_BYTES_PER_FILE + len(self._order.folders) * free.block_bytes
        state = self._disk.space(self._around.state)
        n_state_bytes = len(steps) * JOURNAL_BYTES_PER_FILE
        if self._shares_filesystem():
            n_bytes += n_state_bytes
        elif state.lacks_bytes(n_state_bytes):
            self._add("no-room-for-journal", self._around.state.absolute)
        if {"no-space", "no-inodes", "read-only"} & {each.code for each in self._preflight.problems}:
            return  # the greater trouble
        lacks_inodes = free.lacks_inodes(len(self._order.folders) + N_JOURNAL_INODES)
        n_bytes += self._preflight.n_bytes
        if lacks_inodes or free.lacks_bytes(n_bytes):
            self._add("no-room-for-folders", self._plan.target)

    def _shares_filesystem(self) -> bool:
        return self._disk.filesystem(self._around.state) == self._disk.filesystem(self._target)

    # What strict people ask

    def confidence(self) -> None:
        """Files whose category is less sure than is asked for today, unless a person, or a file they belong with, placed
        them."""
        surest: dict[int, float] = {}
        for action in self._plan.actions:
            if action.unit:
                surest[action.unit] = max(surest.get(action.unit, 0.0), action.score)
        for move in self._tree.moves():
            action = move.action
            by_hand = action.origin is Origin.USER or action.kind is not ActionKind.MOVE or move.target != action.target
            score = surest[action.unit] if action.unit else action.score
            asked = self._around.threshold_of(action.category)
            if not by_hand and score < asked:
                words = f"{WORDS['low-confidence']}: {action.category} at {score:.2f}, asked {asked:.2f}"
                fix = self._together(action.action_id, STAYS)
                self._add(
                    "low-confidence",
                    move.source.absolute,
                    fix,
                    level=Level.STRICT,
                    words=words,
                    action_id=action.action_id,
                )

    def units(self) -> None:
        """Files that belong together and are no longer planned into one place."""
        members: dict[int, list[Action]] = {}
        for action in self._plan.actions:
            if action.unit:
                members.setdefault(action.unit, []).append(action)
        for unit in self._plan.units:
            actions = members.get(unit.number, [])
            if unit.kind is UnitKind.PROJECT or len(self._places_of(unit, actions)) < 2:
                continue
            first = actions[0]
            words = f"{WORDS['unit-torn']} ({unit.kind.value}, {len(actions):,} files)"
            where = first.source_place.absolute
            self._add("unit-torn", where, level=Level.STRICT, words=words, action_id=first.action_id)

    def _places_of(self, unit: Unit, actions: Sequence[Action]) -> set[bytes | None]:
        """The folders that a unit's files go to, `None` for staying; a web page's own folder counts as the one it lies in."""
        shallowest = min((len(components(action.source)) for action in actions), default=0)
        places: set[bytes | None] = set()
        for action in actions:
            node = self._tree.file(action.action_id)
            if self._tree.in_review(node):
                places.add(None)
                continue
            folder = components(self._tree.path_of(node))[:-1]
            depth = len(components(action.source)) - shallowest if unit.kind is UnitKind.PAGE else 0
            places.add(b"/".join(folder[: len(folder) - depth]))
        return places

    def links(self) -> None:
        """Symlinks that would no longer lead where they lead now; those that commit does not move the preflight has told."""
        refused = {each.action_id for each in self._preflight.problems if each.code == RELATIVE_LINK}
        for trouble in find_link_troubles(self._tree, self._disk):
            is_moving = trouble.code == CHANGES
            if is_moving and trouble.action_id in refused:
                continue  # it stays, and is told already
            fix = self._together(trouble.action_id, STAYS) if is_moving else NOTHING
            self._add(
                trouble.code,
                trouble.place.absolute,
                fix,
                level=Level.STRICT,
                words=_link_words(trouble),
                action_id=trouble.action_id,
            )


NAMES_TAKEN: Final = frozenset({"name-taken", "same-target"})
GONE: Final = frozenset({"vanished", "changed", "became-folder"})
GONE_FOR_GOOD: Final = frozenset({"not-writable", "read-only"})  # to leave it where it is would be all that is possible
LEAVES: Final = frozenset({ConflictStrategy.SKIP, ConflictStrategy.ASK})


class _Twins:
    """Names that Windows holds for equal, in the folders of the target as they are and as the plan makes them."""

    def __init__(self, disk: DiskReader) -> None:
        self._disk = disk
        self._known: dict[Place, dict[bytes, bytes]] = {}

    def is_second(self, folder: Place, name: bytes) -> bool:
        """Whether the folder has, or was asked about, another name that is the same to Windows. Remembers the name."""
        names = self._known.get(folder)
        if names is None:
            names = self._known[folder] = dict(self._listed(folder))
        first = names.setdefault(_windows_key(name), name)
        return first != name

    def _listed(self, folder: Place) -> Iterator[tuple[bytes, bytes]]:
        try:
            entries: Sequence[tuple[bytes, Attr]] = self._disk.list_folder(folder)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, folder) from error
            return
        for name, _ in entries:
            yield _windows_key(name), name


def _windows_key(name: bytes) -> bytes:
    return WINDOWS_RULES.key(name)


def _shortened(name: bytes, n_over: int) -> bytes | None:
    """The name with so many UTF-16 units less, its extension kept; `None` where that would leave nothing of it."""
    stem, extension = split_extension(name)
    text = to_text(stem)
    while text and n_over > 0:
        n_over -= 2 if ord(text[-1]) > 0xFFFF else 1
        text = text[:-1]
    text = text.rstrip(" .")
    return from_text(text) + extension if text else None


def _quoted(name: bytes) -> str:
    return f"“{display(name)}”"


def _link_words(trouble: LinkTrouble) -> str:
    return f"{WORDS[trouble.code]}: {display(trouble.text)}"
