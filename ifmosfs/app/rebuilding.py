"""Use case: make the databases again from the journals beside the data, when they are lost or damaged.

Nothing is deleted: a damaged file keeps lying beside the new one under a dated name. A database that is whole is only added to,
so the command can be repeated, and used again when another disk with another target turns up.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ifmosfs.app.committing import plan_history
from ifmosfs.app.context import App
from ifmosfs.app.lost_journals import unknown_plans
from ifmosfs.app.recovering import recover_runs
from ifmosfs.core.errors import NotFound, TargetProblem
from ifmosfs.core.files import Place, Root
from ifmosfs.core.journal import OpState, Run, RunKind
from ifmosfs.core.names import CONTROL_NAME, display, join
from ifmosfs.core.plan import PlanEvent, PlanState, Policy
from ifmosfs.core.reports import RecoveryReport
from ifmosfs.core.restored import events_since_staged, restored_plan, source_roots, tells_of_a_plan
from ifmosfs.platform import host
from ifmosfs.store.journal import JOURNAL_NAME, SIDECAR_FOLDER, SqliteJournal
from ifmosfs.store.rebuild import (
    Moves,
    Story,
    damage_of,
    discard_draft,
    in_order,
    operations_and_outcomes,
    put_in_place,
    read_story,
    salvaged_runs,
    set_aside,
)
from ifmosfs.store.records import PlanHead
from ifmosfs.store.sidecar import Damage, is_sidecar_name

if TYPE_CHECKING:
    from ifmosfs.core.history import RunHistory

CATALOGUE_NAME = "catalogue.db"
RESTORED = "restored"
KNOWN = "known"  # the journal has it already
MOVED = "moved"  # it was written for a target at another place, and nobody said that this is the same one
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class JournalFound:
    """One plain journal that was found, and what became of it. `run` is missing where it could not be read."""

    path: bytes
    what: str  # RESTORED, KNOWN, MOVED, UNREADABLE
    run: Run | None
    n_operations: int
    n_open: int  # whose outcome it does not tell: decided from the disk
    damages: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What was found and made. `missing`: runs (id, target) that the damaged journal names and no plain journal tells of; `plans`:
    those that are known again, by their ids, and the states they were found to be in."""

    kept_aside: tuple[bytes, ...]
    journals: tuple[JournalFound, ...]
    missing: tuple[tuple[str, bytes], ...]
    plans: Mapping[str, PlanState]
    recovered: tuple[RecoveryReport, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left that a person must look at."""
        return not (
            self.missing
            or any(found.damages or found.what in {MOVED, UNREADABLE} for found in self.journals)
            or any(report.problems for report in self.recovered)
        )


@dataclass(frozen=True, slots=True)
class Gathered:
    """What there is to make databases from. `named`: the runs (id, target) of the journal's database, whole or damaged."""

    journal_damage: str | None
    catalogue_damage: str | None
    named: Sequence[tuple[str, bytes]]
    stories: Sequence[Story]
    found: Sequence[JournalFound]

    @property
    def known(self) -> set[str]:
        """The runs that the journal's database has and keeps."""
        return set() if self.journal_damage else {run_id for run_id, _ in self.named}

    def adopt_into(self, journal: SqliteJournal, moves: Moves) -> None:
        """Add the runs that it does not know to a journal."""
        adopt(journal, [story for story in self.stories if story.run.run_id not in self.known], moves)

    def report(
        self, aside: Iterable[Path | None], plans: Mapping[str, PlanState], recovered: Sequence[RecoveryReport]
    ) -> RebuildReport:
        """The report, when all is done."""
        journals = [
            replace(each, what=KNOWN) if each.run and each.what == RESTORED and each.run.run_id in self.known else each
            for each in self.found
        ]
        told = {each.run.run_id for each in journals if each.run and each.what in {RESTORED, KNOWN}}
        return RebuildReport(
            tuple(os.fsencode(path) for path in aside if path is not None),
            tuple(journals),
            tuple(each for each in self.named if self.journal_damage and each[0] not in told),
            plans,
            tuple(recovered),
        )


def rebuild(app: App, places: Sequence[bytes], moves: Moves = ()) -> RebuildReport:
    """Make lost or damaged databases again, and add what is missing in whole ones, from the journals in `places`: files,
    or targets; from those of all known targets where none is given. Then recovery decides what the journals do not tell.

    Raises: NotFound where there is no journal at all, TargetProblem where one may not look, having changed nothing; Locked;
    DiskFull, DiskFailed.
    """
    with app.locked():
        folder = app.settings.state_folder
        gathered = gather(app, folder, places, moves)
        aside = []
        if gathered.journal_damage is not None:
            aside.append(_make_anew(folder / JOURNAL_NAME, gathered.stories, moves))
        if gathered.catalogue_damage is not None:
            aside.append(set_aside(folder / CATALOGUE_NAME, host.now_ns()))
        with SqliteJournal(folder / JOURNAL_NAME, folder / SIDECAR_FOLDER) as journal:
            gathered.adopt_into(journal, moves)
            recovered = recover_runs(app, journal)
            heads = {story.head.plan_id: story.head for story in gathered.stories if story.head}
            plans = _restore_plans(app, journal, heads)
    return gathered.report(aside, plans, recovered)


def gather(app: App, state: Path, places: Sequence[bytes], moves: Moves) -> Gathered:
    """What there is to make the databases of an app from; its plain journals may be of another `state` folder than these.

    Raises: as `rebuild`.
    """
    folder = app.settings.state_folder
    journal_damage, catalogue_damage = damage_of(folder / JOURNAL_NAME), damage_of(folder / CATALOGUE_NAME)
    named = salvaged_runs(folder / JOURNAL_NAME) if journal_damage else _known_runs(folder)
    paths = _paths(app, state, places, [target for _, target in named], catalogue_is_whole=catalogue_damage is None)
    if not paths and not (journal_damage is None and _tells_of_unknown_plans(app, catalogue_damage)):
        raise _nothing_found(state, journal_damage or catalogue_damage)
    stories, found = _read(paths, moves)
    return Gathered(journal_damage, catalogue_damage, named, stories, found)


def _tells_of_unknown_plans(app: App, catalogue_damage: str | None) -> bool:
    """Whether plans can be told again from the journal itself, which is whole, although no plain copy of it is there."""
    folder = app.settings.state_folder
    if not app.has_journal:
        return False
    with SqliteJournal(folder / JOURNAL_NAME, folder / SIDECAR_FOLDER) as journal:
        if catalogue_damage is None:
            return bool(unknown_plans(app, journal))
        return any(tells_of_a_plan(run, journal.recorded(run.run_id)) for run in journal.runs())


def _nothing_found(folder: Path, damage: str | None) -> NotFound:
    hint = "name the target folder, or the journal: ifmosfs recover --from-journal TARGET"
    if damage is not None:
        state = display(os.fsencode(folder))
        hint += f". Where nothing was ever committed, move the damaged database in {state} away and scan again"
    return NotFound("no journal was found beside any known target", hint=hint)


# Finding and reading


def _known_runs(folder: Path) -> list[tuple[str, bytes]]:
    """(run id, target) of the runs of a journal that is whole."""
    if not (folder / JOURNAL_NAME).exists():
        return []
    with SqliteJournal(folder / JOURNAL_NAME, folder / SIDECAR_FOLDER) as journal:
        return [(run.run_id, run.target) for run in journal.runs()]


def _paths(
    app: App, state: Path, places: Sequence[bytes], salvaged: Sequence[bytes], *, catalogue_is_whole: bool
) -> list[bytes]:
    """The plain journals in the given places, or in all known ones, and always those in the state folder."""
    targets: list[bytes] = list(places)
    if not places:
        targets = [*salvaged, os.fsencode(app.settings.default_target)]
        if catalogue_is_whole and (app.settings.state_folder / CATALOGUE_NAME).exists():
            targets += [info.target for info in app.catalogue.plans()]
    found = [path for target in dict.fromkeys(targets) for path in _in_place(os.path.abspath(target))]
    found += _journals_in(os.fsencode(state / SIDECAR_FOLDER))
    return list(dict.fromkeys(found))


def _in_place(place: bytes) -> list[bytes]:
    """A journal itself, or those of a target, or of its folder of journals; none for what is not there."""
    if os.path.isdir(place):
        return _journals_in(join(place, CONTROL_NAME)) or _journals_in(place)
    return [place] if os.path.lexists(place) else []


def _journals_in(folder: bytes) -> list[bytes]:
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        what = f"the journals cannot be looked for ({error.strerror})"
        raise TargetProblem(what, path=folder, hint="run as the user who committed, or name another target") from error
    return [join(folder, name) for name in names if is_sidecar_name(name)]


def _read(paths: Sequence[bytes], moves: Moves) -> tuple[list[Story], list[JournalFound]]:
    """The stories to restore, the oldest first, each run once, and a line for every journal."""
    best: dict[str, Story] = {}
    found: list[JournalFound] = []
    for path in paths:
        story = _story_or_line(path, moves)
        if isinstance(story, JournalFound):
            found.append(story)
            continue
        line = JournalFound(path, RESTORED, story.run, story.n_operations, story.n_open, story.damages)
        if story.home and os.path.realpath(story.home) != os.path.realpath(story.run.target):
            found.append(replace(line, what=MOVED))
            continue
        other = best.get(story.run.run_id)
        if other is None or _worth(story) > _worth(other):
            best[story.run.run_id] = story
        found.append(line)
    return in_order(list(best.values())), found


def _worth(story: Story) -> tuple[int, int, int]:
    """Of two copies of one journal, a kill while it was moved having left both, the fuller one counts."""
    return story.n_operations, -story.n_open, -len(story.damages)


def _story_or_line(path: bytes, moves: Moves) -> Story | JournalFound:
    try:
        story = read_story(path, moves)
    except OSError as error:
        story = (Damage(0, error.strerror or str(error)),)
    return story if isinstance(story, Story) else JournalFound(path, UNREADABLE, None, 0, 0, story)


# The journal


def _make_anew(path: Path, stories: Sequence[Story], moves: Moves) -> Path | None:
    """A new journal in the place of a damaged one, which is kept; where that is now."""
    draft = path.with_name(path.name + ".new")
    discard_draft(draft)
    with SqliteJournal(draft, path.with_name(SIDECAR_FOLDER)) as journal:
        adopt(journal, stories, moves)
    aside = set_aside(path, host.now_ns())
    put_in_place(draft, path)
    return aside


def adopt(journal: SqliteJournal, stories: Sequence[Story], moves: Moves) -> None:
    """Add runs, the oldest first, to those the journal has: before them, as far as they are older."""
    there = {run.run_id for run in journal.runs()}
    first_ns = min((run.started_ns for run in journal.runs()), default=None)
    new = [story for story in stories if story.run.run_id not in there]
    n_older = 0
    while first_ns is not None and n_older < len(new) and new[n_older].run.started_ns < first_ns:
        n_older += 1
    for story in reversed(new[:n_older]):
        _adopt_one(journal, story, moves, before_others=True)
    for story in new[n_older:]:
        _adopt_one(journal, story, moves, before_others=False)


def _adopt_one(journal: SqliteJournal, story: Story, moves: Moves, *, before_others: bool) -> None:
    path = story.path if story.home else journal.keep_copy(story.run.run_id, story.path)
    records = operations_and_outcomes(story.path, moves)
    journal.adopt(story.run, records, path, before_others=before_others)


# The catalogue


def _restore_plans(app: App, journal: SqliteJournal, heads: dict[str, PlanHead]) -> dict[str, PlanState]:
    """Tell the catalogue of every plan that has runs and is not in it; their ids, and the states they are in."""
    known = {info.plan_id for info in app.catalogue.plans()}
    lost = dict.fromkeys(run.plan_id for run in journal.runs() if run.plan_id not in known)
    restored = {}
    for plan_id in lost:
        history = plan_history(journal, plan_id)
        if source_roots(history):
            restored[plan_id] = _restore_plan(app, plan_id, history, heads.get(plan_id))
    return restored


def _restore_plan(app: App, plan_id: str, history: list[RunHistory], head: PlanHead | None) -> PlanState:
    runs = [each.run for each in history]
    roots = tuple(_roots(app, history, head))
    filesystem = head.target_filesystem if head else app.disk.filesystem(Place(runs[0].target, b""))
    plan = restored_plan(
        plan_id,
        app.catalogue.session_for(roots, None, host.now_ns()),
        filesystem,
        roots,
        history,
        msgspec.json.decode(head.policy, type=Policy) if head else Policy(),
        head.created_ns if head else runs[0].started_ns,
    )
    app.catalogue.save_plan(plan)
    state = PlanState.DRAFT
    for event in (PlanEvent.STAGE, *events_since_staged(history)):
        state = app.catalogue.advance(plan_id, event)
    for each in history:
        if each.run.kind is RunKind.COMMIT:
            n_moved = sum(row.outcome.state is OpState.DONE and row.operation.action_id > 0 for row in each.recorded)
            app.catalogue.add_version(
                plan_id, each.run.run_id, None, plan.target, each.run.finished_ns or each.run.started_ns, n_moved
            )
    return state


def _roots(app: App, history: Sequence[RunHistory], head: PlanHead | None) -> Iterator[Root]:
    """The plan's roots; without a head those that its files came from, on the filesystems they are on now."""
    if head is not None:
        yield from head.roots
        return
    for path in source_roots(history):
        yield Root(path, app.disk.filesystem(Place(path, b"")))
