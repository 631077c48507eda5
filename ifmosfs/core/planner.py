"""From scanned files and proposals to a plan: pure functions, no disk, no clock, no randomness.

First `place_files` says where each file wants to go, then the caller reads the listing of those target folders, then `make_plan`
settles the names on an overlay of that listing. Files are taken in the order given; the store gives them by root and path, so
the same input makes the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial

from ifmosfs.core.files import Kind, Root, ScannedFile
from ifmosfs.core.layout import Layout
from ifmosfs.core.names import (
    NameRules,
    ancestors,
    components,
    display,
    join,
    repair,
    split,
    split_extension,
    with_suffix_before_extension,
)
from ifmosfs.core.overlay import Overlay, OverlayFolder, TargetListing
from ifmosfs.core.plan import Action, ActionKind, ConflictStrategy, KeepReason, Origin, Plan, Policy
from ifmosfs.core.proposal import Proposal

# What makes a folder a checkout or a project, whose files belong together: the folder of a version control system, or a
# project's own file with something beside it that only a project has. A stray `package.json` among downloads is neither.
PROJECT_FOLDERS = frozenset({b".git", b".hg", b".svn", b".bzr"})
PROJECT_FILES = frozenset(
    {
        b"pyproject.toml",
        b"setup.py",
        b"package.json",
        b"Cargo.toml",
        b"go.mod",
        b"pom.xml",
        b"build.gradle",
        b"CMakeLists.txt",
    }
)
PROJECT_COMPANIONS = frozenset(
    {b"src", b"lib", b"tests", b"test", b"docs", b"node_modules", b"setup.cfg", b"tox.ini"}
    | {b"package-lock.json", b"yarn.lock", b"poetry.lock", b"uv.lock", b"Cargo.lock", b"go.sum"}
)

LocalDate = Callable[[int], date]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file and the folder it wants to go to; no folder where it stays, and then why."""

    file: ScannedFile
    proposal: Proposal
    folder: bytes | None  # in names that the target takes
    keep: KeepReason | None
    reason: str


@dataclass(frozen=True, slots=True)
class PlanHeader:
    """What a plan says about itself; see `core.plan.Plan` for the fields."""

    plan_id: str
    session_id: str
    target: bytes
    target_filesystem: str
    roots: tuple[Root, ...]
    created_ns: int
    policy: Policy


def place_files(
    files: Iterable[tuple[ScannedFile, Proposal]], layout: Layout, policy: Policy, local_date: LocalDate
) -> list[Candidate]:
    """Where each file wants to go. `local_date` turns a modification time (ns) into the user's calendar date."""
    pairs = list(files)
    projects = find_projects(file for file, _ in pairs)
    usable = cache(partial(_repaired_folder, rules=policy.names))  # there are few folders, and one is enough of each
    return [_place(file, proposal, layout, policy, projects, local_date, usable) for file, proposal in pairs]


def folders_wanted(candidates: Iterable[Candidate]) -> set[bytes]:
    """The target folders that the candidates want to go to."""
    return {candidate.folder for candidate in candidates if candidate.folder is not None}


def make_plan(candidates: Sequence[Candidate], listing: TargetListing, header: PlanHeader) -> Plan:
    """The plan for the candidates on a target with this listing; every candidate gets exactly one action."""
    overlay = Overlay(listing, header.policy.names)
    for folder in sorted(folders_wanted(candidates)):  # before any file can take a name that a folder needs
        overlay.folder(folder)
    settled = enumerate(candidates, 1)
    actions = tuple(_settle(number, candidate, overlay, header.policy) for number, candidate in settled)
    used = {split(action.target)[0] for action in actions if action.kind is ActionKind.MOVE and action.target}
    needed = used | {folder for path in used for folder in ancestors(path)}
    return Plan(
        plan_id=header.plan_id,
        session_id=header.session_id,
        target=header.target,
        target_filesystem=header.target_filesystem,
        roots=header.roots,
        created_ns=header.created_ns,
        policy=replace(header.policy, review_name=_free_top_name(overlay, header.policy.review_name)),
        folders=tuple(path for path in overlay.new_folders if path in needed),
        actions=actions,
    )


def find_projects(files: Iterable[ScannedFile]) -> frozenset[tuple[bytes, bytes]]:
    """The (root, folder) pairs that are checkouts or projects."""
    marked: set[tuple[bytes, bytes]] = set()
    accompanied: set[tuple[bytes, bytes]] = set()
    checkouts: set[tuple[bytes, bytes]] = set()
    seen: set[tuple[bytes, bytes]] = set()
    for file in files:
        parent, name = split(file.path)
        if name in PROJECT_FILES:
            marked.add((file.root, parent))
        steps = [(parent, name)]  # the marker itself may be a file: `.git` of a work tree or a submodule
        if (file.root, parent) not in seen:
            seen.add((file.root, parent))
            steps += [split(folder) for folder in (*ancestors(parent), parent)]
        for above, step in steps:
            if step in PROJECT_COMPANIONS:
                accompanied.add((file.root, above))
            if step in PROJECT_FOLDERS:
                checkouts.add((file.root, above))
    return frozenset(checkouts | (marked & accompanied))


def _place(
    file: ScannedFile,
    proposal: Proposal,
    layout: Layout,
    policy: Policy,
    projects: frozenset[tuple[bytes, bytes]],
    local_date: LocalDate,
    usable: Callable[[bytes], bytes],
) -> Candidate:
    keep = _reason_to_keep(file, proposal, policy, projects)
    if keep is not None:
        return Candidate(file, proposal, None, keep[0], keep[1])
    assert proposal.label is not None
    dated = proposal.document_date or local_date(file.fingerprint.mtime_ns)
    folder = layout.folder(proposal.label, dated, split_extension(split(file.path)[1])[1])
    if folder is None:
        return Candidate(file, proposal, None, KeepReason.EXCLUDED, f"the layout leaves {proposal.label} where it is")
    return Candidate(file, proposal, usable(folder), None, proposal.reason)


def _reason_to_keep(
    file: ScannedFile, proposal: Proposal, policy: Policy, projects: frozenset[tuple[bytes, bytes]]
) -> tuple[KeepReason, str] | None:
    if proposal.unreadable is not None or not file.readable:
        return KeepReason.UNREADABLE, proposal.unreadable or "no permission to read it"
    if file.kind is Kind.SYMLINK:
        return KeepReason.LINK, "a symbolic link means something only where it is"
    project = _project_of(file, projects)
    if project is not None:
        return KeepReason.PROJECT, f"part of the project {display(project) or '(the whole folder)'}"
    if proposal.label is None:
        return KeepReason.UNSURE, proposal.reason
    if proposal.score < policy.threshold:
        guess = f"{proposal.label} at {proposal.score:.2f} is below {policy.threshold:.2f}"
        return KeepReason.UNSURE, f"{proposal.reason}; {guess}"
    return None


def _project_of(file: ScannedFile, projects: frozenset[tuple[bytes, bytes]]) -> bytes | None:
    if not projects:
        return None
    folders = [b"", *ancestors(file.path)]
    return next((folder for folder in folders if (file.root, folder) in projects), None)


def _settle(number: int, candidate: Candidate, overlay: Overlay, policy: Policy) -> Action:
    if candidate.folder is None:
        return _keep(number, candidate, candidate.keep or KeepReason.UNSURE, candidate.reason, None)
    original = split(candidate.file.path)[1]
    repaired = repair(original, policy.names)
    folder = overlay.folder(candidate.folder)
    if folder is None:
        wanted = join(candidate.folder, repaired.name)
        return _keep(number, candidate, KeepReason.CONFLICT, "something that is no folder stands on the way", wanted)
    standing = overlay.taken_by(folder, repaired.name)
    name, note = repaired.name, repaired.reason
    if standing is not None:
        if policy.strategy is not ConflictStrategy.RENAME:
            why = f"the name is taken by {display(standing[0])}"
            return _keep(number, candidate, KeepReason.CONFLICT, why, join(folder.path, name))
        name = _numbered(overlay, folder, repaired.name, policy)
        note = _joined(note, f"{display(standing[0])} is there already")
    twin = overlay.twin_of(folder, name)
    if twin is not None:
        note = _joined(note, f"differs from {display(twin)} only in case or Unicode form")
    overlay.claim(folder, name)
    return _move(number, candidate, join(folder.path, name), note)


def _repaired_folder(path: bytes, rules: NameRules) -> bytes:
    return join(*(repair(name, rules).name for name in components(path)))


def _numbered(overlay: Overlay, folder: OverlayFolder, name: bytes, policy: Policy) -> bytes:
    key = policy.names.key(name)
    number = folder.next_number.get(key, 2)
    while True:
        candidate = with_suffix_before_extension(name, b" (%d)" % number, policy.names.name_max_bytes)
        number += 1
        if overlay.taken_by(folder, candidate) is None:
            folder.next_number[key] = number
            return candidate


def _joined(note: str | None, more: str) -> str:
    return more if note is None else f"{note}; {more}"


def _move(number: int, candidate: Candidate, target: bytes, note: str | None) -> Action:
    return _action(number, candidate, ActionKind.MOVE, candidate.reason, target, note, None)


def _keep(number: int, candidate: Candidate, keep: KeepReason, reason: str, wanted: bytes | None) -> Action:
    return _action(number, candidate, ActionKind.KEEP, reason, wanted, None, keep)


def _action(
    number: int,
    candidate: Candidate,
    kind: ActionKind,
    reason: str,
    target: bytes | None,
    note: str | None,
    keep: KeepReason | None,
) -> Action:
    file = candidate.file
    return Action(
        action_id=number,
        kind=kind,
        root=file.root,
        source=file.path,
        target=target,
        expected=file.fingerprint,
        mode=file.mode,
        entry_kind=file.kind,
        category=candidate.proposal.label,
        score=candidate.proposal.score,
        reason=reason,
        origin=Origin.RULE,
        keep_reason=keep,
        note=note,
    )


def _free_top_name(overlay: Overlay, wanted: bytes) -> bytes:
    """The review folder's name must not hide something that the target has, or will have."""
    top = overlay.folder(b"")
    assert top is not None
    name, number = wanted, 2
    while overlay.taken_by(top, name) is not None:
        name, number = wanted + b" (%d)" % number, number + 1
    return name
