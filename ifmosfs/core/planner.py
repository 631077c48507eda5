"""From scanned files and proposals to a plan: pure functions, no disk, no clock, no randomness.

First `place_files` says where each file wants to go, then the caller reads the listing of those target folders, then `make_plan`
settles the names on an overlay of that listing. Files are taken in the order given; the store gives them by root and path, so
the same input makes the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from typing import NamedTuple

from ifmosfs.core.contents import Digest
from ifmosfs.core.files import Kind, Place, Root, ScannedFile
from ifmosfs.core.layout import Layout
from ifmosfs.core.names import NameRules, ancestors, components, display, join, repair, split, split_extension
from ifmosfs.core.outcomes import belongs_with, stays_with
from ifmosfs.core.overlay import Overlay, TargetListing
from ifmosfs.core.plan import ActionKind, KeepReason, Plan, Policy, UnitKind
from ifmosfs.core.projects import Projects, find_projects
from ifmosfs.core.proposal import Proposal
from ifmosfs.core.settling import Settling
from ifmosfs.core.unfinished import Stays, find_unfinished
from ifmosfs.core.units import Company, find_companies

LocalDate = Callable[[int], date]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file and the folder it wants to go to; no folder where it stays, and then why."""

    file: ScannedFile
    proposal: Proposal
    folder: bytes | None  # in names that the target takes
    keep: KeepReason | None
    reason: str
    company: Company | None = None  # positions in it are those of the candidates


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
    files: Iterable[tuple[ScannedFile, Proposal]],
    layout: Layout,
    policy: Policy,
    local_date: LocalDate,
    roots: Sequence[Root] = (),
    changing: Container[int] = frozenset(),
    unseen: Iterable[Place] = (),
) -> list[Candidate]:
    """Where each file wants to go. `local_date` turns a modification time (ns) into the user's calendar date.

    `roots` tells which roots are on one filesystem, so that names of one inode are found. `changing`: the ids of the files
    that are being written to. `unseen`: what the scan left out or could not read, see `find_projects`.
    """
    pairs = list(files)
    scanned = [file for file, _ in pairs]
    projects = Projects(find_projects(scanned, unseen))
    companies = find_companies(scanned, projects, {root.path: root.filesystem for root in roots})
    unfinished = find_unfinished(scanned)
    usable = cache(partial(_repaired_folder, rules=policy.names))  # there are few folders, and one is enough of each
    candidates = []
    for index, (file, proposal) in enumerate(pairs):
        company, stays = companies.get(index), unfinished.get(index)
        if stays is None and file.file_id in changing:
            stays = KeepReason.BUSY, "a program is writing to it"
        candidates.append(_place(file, proposal, company, stays, _Rules(layout, policy, local_date, usable)))
    for company in dict.fromkeys(companies.values()):
        if company.groups:
            _unite(candidates, company)
    return candidates


def folders_wanted(candidates: Iterable[Candidate]) -> set[bytes]:
    """The target folders that the candidates want to go to."""
    return {candidate.folder for candidate in candidates if candidate.folder is not None}


def make_plan(
    candidates: Sequence[Candidate], listing: TargetListing, header: PlanHeader, digest: Digest = lambda _place: None
) -> Plan:
    """The plan for the candidates on a target with this listing; every candidate gets exactly one action.

    `digest` is asked for the content of files of one name and size only, so that duplicates are found.
    """
    overlay = Overlay(listing, header.policy.names)
    for folder in sorted(folders_wanted(candidates)):  # before any file can take a name that a folder needs
        overlay.folder(folder)
    settling = Settling(candidates, overlay, header.policy, Place(header.target, b""), digest)
    actions = tuple(settling.settle())
    companies = dict.fromkeys(candidate.company for candidate in candidates if candidate.company is not None)
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
        units=tuple(sorted((company.unit for company in companies), key=lambda unit: unit.number)),
    )


class _Rules(NamedTuple):
    layout: Layout
    policy: Policy
    local_date: LocalDate
    usable: Callable[[bytes], bytes]


def _place(
    file: ScannedFile, proposal: Proposal, company: Company | None, stays: Stays | None, rules: _Rules
) -> Candidate:
    keep = _reason_to_keep(file, proposal, company, stays, rules.policy)
    if keep is not None:
        return Candidate(file, proposal, None, keep[0], keep[1], company)
    assert proposal.label is not None
    dated = proposal.document_date or rules.local_date(file.fingerprint.mtime_ns)
    folder = rules.layout.folder(proposal.label, dated, split_extension(split(file.path)[1])[1])
    if folder is None:
        why = f"the layout leaves {proposal.label} where it is"
        return Candidate(file, proposal, None, KeepReason.EXCLUDED, why, company)
    return Candidate(file, proposal, rules.usable(folder), None, proposal.reason, company)


# What keeps a file also keeps all that belong with it. Any other reason is only a question of where to, and the lead answers it.
HINDRANCES = frozenset({KeepReason.UNREADABLE, KeepReason.LINK, KeepReason.CLOUD, KeepReason.BUSY})


def _unite(candidates: list[Candidate], company: Company) -> None:
    """Make the files of a unit go where its lead goes, or stay where one of them has to stay."""
    members = list(company.members)
    leads = [group.lead for group in company.groups]
    guilty = next((index for index in members if candidates[index].keep in HINDRANCES), None)
    lead = next((index for index in leads if candidates[index].folder is not None), leads[0])
    decides = candidates[lead if guilty is None else guilty]
    name = split(decides.file.path)[1]
    reason = belongs_with(name) if decides.folder is not None else stays_with(name)
    for index in members:
        own = candidates[index]
        if own is decides:
            continue
        if own.keep in HINDRANCES:
            continue
        label, score = candidates[lead].proposal.label, candidates[lead].proposal.score
        proposal = replace(own.proposal, label=label, score=score)
        candidates[index] = replace(own, proposal=proposal, folder=decides.folder, keep=decides.keep, reason=reason)


def _reason_to_keep(
    file: ScannedFile, proposal: Proposal, company: Company | None, stays: Stays | None, policy: Policy
) -> Stays | None:
    hindrance = _hindrance(file, proposal, company, stays)
    if hindrance is not None:
        return hindrance
    if proposal.label is None:
        return KeepReason.UNSURE, proposal.reason
    asked = policy.threshold_of(proposal.label)
    if proposal.score < asked:
        guess = f"{proposal.label} at {proposal.score:.2f} is below {asked:.2f}"
        return KeepReason.UNSURE, f"{proposal.reason}; {guess}"
    return None


def _hindrance(file: ScannedFile, proposal: Proposal, company: Company | None, stays: Stays | None) -> Stays | None:
    """Why a file stays whatever it is."""
    if stays is not None and stays[0] is KeepReason.CLOUD:
        return stays
    if proposal.unreadable is not None or not file.readable:
        return KeepReason.UNREADABLE, proposal.unreadable or "no permission to read it"
    if file.kind is Kind.SYMLINK:
        return KeepReason.LINK, "a symbolic link means something only where it is"
    if company is not None and company.unit.kind is UnitKind.PROJECT:
        return KeepReason.PROJECT, f"part of the project {display(company.unit.folder or b'') or '(the whole folder)'}"
    return stays


def _repaired_folder(path: bytes, rules: NameRules) -> bytes:
    return join(*(repair(name, rules).name for name in components(path)))


def _free_top_name(overlay: Overlay, wanted: bytes) -> bytes:
    """The review folder's name must not hide something that the target has, or will have."""
    top = overlay.folder(b"")
    assert top is not None
    name, number = wanted, 2
    while overlay.taken_by(top, name) is not None:
        name, number = wanted + b" (%d)" % number, number + 1
    return name
