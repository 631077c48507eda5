"""Plans, their life and edits; snapshots, versions and the log of rollbacks."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from store_values import (
    OTHER_ROOT,
    ROOT,
    YEAR_2400_NS,
    actions,
    fingerprint,
    fingerprints,
    names,
    paths,
    plan_of,
    policies,
    units,
)

from ifmosfs.core.errors import Ambiguous, NotFound, PlanOutdated, WrongState
from ifmosfs.core.files import Place, Root
from ifmosfs.core.manifest import (
    Belongings,
    Correction,
    PlanInfo,
    Protection,
    RollbackEntry,
    SnapshotEntry,
    SnapshotHead,
    SnapshotInfo,
    VersionInfo,
)
from ifmosfs.core.plan import (
    NEXT_STATE,
    Action,
    Edit,
    EditKind,
    EditOrigin,
    Plan,
    PlanEvent,
    PlanState,
    Policy,
    Unit,
    UnitKind,
)
from ifmosfs.core.snapshot import merkle_root
from ifmosfs.core.versions import diff
from ifmosfs.store.catalogue import Catalogue, open_catalogue

counter = itertools.count()


@pytest.fixture
def session_id(catalogue: Catalogue) -> str:
    return catalogue.session_for([ROOT], None, 1)


def numbered(unnumbered: list[Action], step: int) -> tuple[Action, ...]:
    return tuple(replace(action, action_id=at * step + 1) for at, action in enumerate(unnumbered))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(actions, max_size=6),
    st.integers(1, 9),
    st.lists(paths, max_size=4),
    policies,
    st.sampled_from([(), (ROOT,), (ROOT, OTHER_ROOT)]),
    names,
    st.lists(units, max_size=3),
)
def test_loaded_plan_equals_the_saved_one(
    shared_catalogue: Catalogue,
    unnumbered: list[Action],
    step: int,
    folders: list[bytes],
    policy: Policy,
    roots: tuple[Root, ...],
    target: bytes,
    unnumbered_units: list[Unit],
) -> None:
    together = tuple(replace(unit, number=at * step + 1) for at, unit in enumerate(unnumbered_units))
    session_id, plan_id = shared_catalogue.session_for([ROOT], None, 1), f"plan{next(counter)}"
    files = numbered(unnumbered, step)
    plan = Plan(plan_id, session_id, b"/" + target, "f", roots, 5, policy, tuple(folders), files, together)
    shared_catalogue.save_plan(plan)
    assert shared_catalogue.load_plan(plan_id) == plan
    n_moves, n_kept = sum(1 for _ in plan.moves()), sum(1 for _ in plan.kept())
    expected = PlanInfo(plan_id, session_id, PlanState.DRAFT, plan.target, 5, n_moves, n_kept, plan.digest, 0)
    assert shared_catalogue.find_plan(plan_id) == expected


def test_plan_is_saved_wholly_or_not_at_all(catalogue: Catalogue, session_id: str) -> None:
    plan = plan_of(session_id, "p1", (b"x", b"a/x"), (b"y", b"a/y"))
    one, two = plan.actions
    with pytest.raises(ValueError, match="count up"):
        catalogue.save_plan(replace(plan, actions=(two, one)))
    unit = Unit(1, UnitKind.SIDECARS, ROOT.path)
    with pytest.raises(ValueError, match="count up"):
        catalogue.save_plan(replace(plan, units=(unit, unit)))
    with pytest.raises(NotFound):
        catalogue.save_plan(replace(plan, session_id="nope"))
    assert catalogue.plans() == []
    with pytest.raises(NotFound):
        catalogue.load_plan("p1")


def test_plan_of_a_hundred_thousand_actions_loads_equal(catalogue: Catalogue, session_id: str) -> None:
    plan = plan_of(session_id, "p1", *((b"%d" % at, b"a/%d/%d" % (at % 50, at)) for at in range(100_000)))
    catalogue.save_plan(plan)
    assert catalogue.load_plan("p1") == plan


POSSIBLE = {
    PlanState.DRAFT: "ifmosfs stage discard p1",
    PlanState.STAGED: "ifmosfs stage validate p1, ifmosfs commit p1, ifmosfs stage discard p1",
    PlanState.VALIDATED: "ifmosfs stage validate p1, ifmosfs commit p1, ifmosfs stage discard p1",
    PlanState.COMMITTING: "ifmosfs commit p1, ifmosfs rollback p1",
    PlanState.COMMITTED: "ifmosfs rollback p1",
    PlanState.DISCARDED: "ifmosfs stage reopen p1",
    PlanState.ROLLED_BACK: "ifmosfs stage reopen p1",
}


@pytest.mark.parametrize("event", PlanEvent, ids=lambda event: event.name)
@pytest.mark.parametrize("state", PlanState, ids=lambda state: state.name)
def test_event_follows_the_table_or_is_refused_and_changes_nothing(
    catalogue: Catalogue, session_id: str, state: PlanState, event: PlanEvent
) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    with catalogue._writing() as connection:
        connection.exec_driver_sql("UPDATE staging_plans SET state = ?", (state.value,))
    after = NEXT_STATE.get((state, event))
    if after is None:
        with pytest.raises(WrongState, match=state.value.replace("_", " ")) as caught:
            catalogue.advance("p1", event)
        assert caught.value.hint == f"possible now: {POSSIBLE[state]}"
    else:
        assert catalogue.advance("p1", event) is after
    assert catalogue.find_plan("p1").state is (after or state)


def test_plan_without_a_prefix_is_the_only_one_in_the_states(catalogue: Catalogue, session_id: str) -> None:
    for plan_id, created_ns in (("aa11", 1), ("aa22", 2), ("bb33", 3)):
        catalogue.save_plan(plan_of(session_id, plan_id, created_ns=created_ns))
    catalogue.advance("aa11", PlanEvent.STAGE)
    assert catalogue.find_plan(None, {PlanState.STAGED}).plan_id == "aa11"
    assert catalogue.find_plan("bb", {PlanState.STAGED}).plan_id == "bb33"
    assert [info.plan_id for info in catalogue.plans()] == ["aa11", "aa22", "bb33"]
    with pytest.raises(NotFound, match="no plan that is committed or rolled back"):
        catalogue.find_plan(None, {PlanState.COMMITTED, PlanState.ROLLED_BACK})
    with pytest.raises(Ambiguous) as several:
        catalogue.find_plan(None, {PlanState.DRAFT})
    assert several.value.hint == "name one of: bb33 (draft, 1970-01-01 00:00 UTC), aa22 (draft, 1970-01-01 00:00 UTC)"
    with pytest.raises(Ambiguous) as begin_alike:
        catalogue.find_plan("aa")
    assert begin_alike.value.hint == "name one of: aa11, aa22"


def test_edits_come_back_in_order_and_make_a_validated_plan_staged_again(catalogue: Catalogue, session_id: str) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    catalogue.advance("p1", PlanEvent.STAGE)
    catalogue.advance("p1", PlanEvent.VALIDATE)
    moved = catalogue.append_edit("p1", Edit(0, EditKind.MOVE, b"a/\xff", b"b/two\nlines", 7))
    made = catalogue.append_edit("p1", Edit(0, EditKind.MKDIR, b"x" * 255, None, 8, 0o750, YEAR_2400_NS))
    assert catalogue.edits("p1") == (
        Edit(1, EditKind.MOVE, b"a/\xff", b"b/two\nlines", 7, step=1),
        Edit(2, EditKind.MKDIR, b"x" * 255, None, 8, 0o750, YEAR_2400_NS, step=2),
    )
    assert (moved, made) == catalogue.edits("p1")
    displaced = fingerprint(2**64 - 1, YEAR_2400_NS)
    replacing = Edit(0, EditKind.REPLACE, b"a/y", b"b/y", 9, replaces=displaced, origin=EditOrigin.RESOLVE)
    over = catalogue.append_edit("p1", replacing)
    assert catalogue.edit_log("p1", after=2) == (over,) == (replace(replacing, seq=3, step=3),)
    info = catalogue.find_plan("p1")
    assert (info.state, info.n_edits) == (PlanState.STAGED, 3)


def test_plan_that_is_not_staged_takes_no_edit(catalogue: Catalogue, session_id: str) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    with pytest.raises(WrongState):
        catalogue.append_edit("p1", Edit(0, EditKind.EXCLUDE, b"a", None, 1))
    with pytest.raises(NotFound):
        catalogue.append_edit("p2", Edit(0, EditKind.EXCLUDE, b"a", None, 1))
    assert catalogue.edits("p1") == ()


def _append_fifty(folder: Path, name: bytes) -> None:
    with open_catalogue(folder) as catalogue:
        for at in range(50):
            catalogue.append_edit("p1", Edit(0, EditKind.EXCLUDE, b"%s%d" % (name, at), None, at))


def test_edits_of_two_processes_at_once_are_all_kept_under_different_numbers(tmp_path: Path) -> None:
    with open_catalogue(tmp_path) as catalogue:
        catalogue.save_plan(plan_of(catalogue.session_for([ROOT], None, 1), "p1"))
        catalogue.advance("p1", PlanEvent.STAGE)
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_append_fifty, args=(tmp_path, name)) for name in (b"one", b"two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with open_catalogue(tmp_path) as catalogue:
        edits = catalogue.edits("p1")
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert [edit.seq for edit in edits] == list(range(1, 101))
    for name in (b"one", b"two"):
        mine = [edit.path for edit in edits if edit.path.startswith(name)]
        assert mine == [b"%s%d" % (name, at) for at in range(50)]


def test_corrections_come_back_by_plan_and_all_together(catalogue: Catalogue, session_id: str) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    catalogue.save_plan(plan_of(session_id, "p2"))
    one = Correction(Place(ROOT.path, b"x\xff"), "legal_document", b"Legal/x", b"Work/x", 5)
    two = Correction(Place(ROOT.path, b"y"), None, None, None, 6)
    assert (catalogue.save_corrections("p1", [one]), catalogue.save_corrections("p2", [two])) == (1, 1)
    assert (catalogue.corrections("p1"), catalogue.corrections()) == ([one], [one, two])


def test_action_states_are_those_of_the_actions_that_a_run_reached(catalogue: Catalogue, session_id: str) -> None:
    catalogue.save_plan(plan_of(session_id, "p1", (b"x", b"a/x"), (b"y", b"a/y"), (b"z", b"a/z")))
    catalogue.save_plan(plan_of(session_id, "p2", (b"x", b"a/x")))
    catalogue.set_action_states("p1", [(1, "done"), (3, "conflict")])
    assert (catalogue.action_states("p1"), catalogue.action_states("p2")) == ({1: "done", 3: "conflict"}, {})


digests = st.binary(min_size=32, max_size=32)
modes = st.none() | st.sampled_from([0o100644, 0o120777, 0o40755])
places_of_entries = (st.sampled_from([ROOT.path, b"/t"]), paths, fingerprints)
ids_of_owners = st.integers(0, (1 << 32) - 1)
attributes = st.tuples(st.binary(min_size=1, max_size=9).map(os.fsdecode), st.binary(max_size=9))
belongings = st.builds(Belongings, ids_of_owners, ids_of_owners, st.lists(attributes, max_size=3).map(tuple))
entries = st.builds(SnapshotEntry, *places_of_entries, st.none() | digests, modes, st.none(), st.none()) | st.builds(
    SnapshotEntry,
    *places_of_entries,
    digests,
    st.just(0o100644),
    st.sampled_from([Protection.CONTENT_REFLINK, Protection.CONTENT_COPY]),
    st.none() | belongings,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(entries, max_size=6))
def test_snapshot_comes_back_whole_in_the_order_given(shared_catalogue: Catalogue, given_: list[SnapshotEntry]) -> None:
    plan_id = f"snapped{next(counter)}"
    shared_catalogue.save_plan(plan_of(shared_catalogue.session_for([ROOT], None, 1), plan_id))
    head = SnapshotHead(f"s-{plan_id}", plan_id, "run1", 9, "before", "NAME")
    info = shared_catalogue.save_snapshot(
        head, iter(given_), filesystem=lambda root: None if root == b"/t" else f"uuid:{len(root)}"
    )
    held = [each.fingerprint.size_bytes for each in given_ if each.level is not None]
    level = info.head.level
    assert info == SnapshotInfo(
        replace(head, level=level), merkle_root(given_), len(given_), len(held), min(sum(held), (1 << 63) - 1)
    )
    assert list(shared_catalogue.snapshot_entries(head.snapshot_id)) == given_
    roots = {each.root for each in given_}
    assert shared_catalogue.snapshot_filesystems(head.snapshot_id) == {
        root: f"uuid:{len(root)}" for root in roots if root != b"/t"
    }
    assert info in shared_catalogue.snapshots()


def without_rename(entry: SnapshotEntry) -> SnapshotEntry:
    """The entry without the time of its last rename, which makes no difference."""
    return entry._replace(fingerprint=replace(entry.fingerprint, ctime_ns=0))


def by_place(entry: SnapshotEntry) -> tuple[bytes, bytes]:
    return entry.root, entry.path


@settings(max_examples=60, deadline=None)
@given(
    st.lists(entries, max_size=6, unique_by=by_place),
    st.lists(entries, max_size=4, unique_by=by_place),
    st.integers(0, 6),
)
def test_two_snapshots_compared_in_the_store_differ_as_their_whole_manifests_do(
    shared_catalogue: Catalogue, before: list[SnapshotEntry], come: list[SnapshotEntry], n_kept: int
) -> None:
    kept = before[:n_kept]
    after = [*kept, *(each for each in come if by_place(each) not in {by_place(one) for one in kept})]
    number = next(counter)
    for name, given_ in (("before", before), ("after", after)):
        shared_catalogue.save_snapshot(
            SnapshotHead(f"{name}{number}", None, None, 9, f"{name}{number}", "NAME"), given_
        )
    found = shared_catalogue.compare_snapshots(f"before{number}", f"after{number}")
    assert found.merkles == (merkle_root(before), merkle_root(after))
    assert found.n_entries == (len(before), len(after))
    differs = diff(found.before, found.after)
    whole = diff([*map(without_rename, before)], [*map(without_rename, after)])
    assert replace(differs, n_same=differs.n_same + found.n_same) == whole


def test_snapshot_that_lacks_an_entry_is_absent(catalogue: Catalogue, session_id: str) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    head = SnapshotHead("s1", "p1", "run1", 9, "before", "NAME")
    entry = SnapshotEntry(ROOT.path, b"x", fingerprint(1), None)

    def breaking_off() -> Iterator[SnapshotEntry]:
        yield entry
        raise EOFError

    with pytest.raises(EOFError):
        catalogue.save_snapshot(head, breaking_off())
    assert catalogue.snapshots() == []
    with pytest.raises(NotFound):
        next(catalogue.snapshot_entries("s1"))
    catalogue.save_snapshot(head, [entry, entry])
    with catalogue._writing() as connection:
        connection.exec_driver_sql("UPDATE snapshots SET final = 0")
    assert catalogue.snapshots() == []


def test_versions_count_up_and_a_run_has_one(catalogue: Catalogue, session_id: str) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    one = catalogue.add_version("p1", "run1", None, b"/t\xff", 5, 10)
    two = catalogue.add_version("p1", "run2", None, b"/t\xff", 6, 3)
    assert one == VersionInfo(1, "p1", "run1", None, b"/t\xff", 5, 10)
    assert catalogue.add_version("p1", "run1", None, b"/t", 7, 99) == one
    assert catalogue.versions() == [one, two]


@pytest.mark.parametrize("statement", ["UPDATE rollback_log SET n_done = 9", "DELETE FROM rollback_log"])
def test_the_database_itself_refuses_to_change_the_log_of_rollbacks(
    catalogue: Catalogue, session_id: str, statement: str
) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    entry = RollbackEntry("run2", "p1", 5, "all", 3, 1, 0)
    catalogue.log_rollback(entry)
    with pytest.raises(DBAPIError, match="only grows"), catalogue._engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert catalogue.rollbacks() == [entry]


def test_what_is_logged_of_a_rollback_stays_as_it_is(catalogue: Catalogue, session_id: str) -> None:
    catalogue.save_plan(plan_of(session_id, "p1"))
    first = RollbackEntry("run2", "p1", 5, "all", 3, 1, 0)
    catalogue.log_rollback(first)
    catalogue.log_rollback(replace(first, n_done=4, n_conflicts=0))
    assert catalogue.rollbacks("p1") == catalogue.rollbacks() == [first]


def test_a_commit_begins_only_on_the_edits_it_was_prepared_with(catalogue: Catalogue) -> None:
    catalogue.save_plan(plan_of(catalogue.session_for([ROOT], None, 1), "p1"))
    catalogue.advance("p1", PlanEvent.STAGE)
    first = catalogue.append_edit("p1", Edit(0, EditKind.EXCLUDE, b"a", None, 1))
    second = catalogue.append_edit("p1", Edit(0, EditKind.EXCLUDE, b"b", None, 2))
    with pytest.raises(PlanOutdated):
        catalogue.begin_commit("p1", first.seq)
    assert catalogue.find_plan("p1").state is PlanState.STAGED
    assert catalogue.begin_commit("p1", second.seq) is PlanState.COMMITTING
    with pytest.raises(WrongState):
        catalogue.append_edit("p1", Edit(0, EditKind.EXCLUDE, b"c", None, 3))


def test_corrections_that_are_stored_again_take_the_place_of_the_earlier_ones(catalogue: Catalogue) -> None:
    catalogue.save_plan(plan_of(catalogue.session_for([ROOT], None, 1), "p1"))
    one = Correction(Place(b"/in", b"a"), "x", b"X/a", b"Y/a", 1)
    two = Correction(Place(b"/in", b"a"), "x", b"X/a", b"Z/a", 2)
    catalogue.save_corrections("p1", [one])
    catalogue.save_corrections("p1", [two])
    assert catalogue.corrections("p1") == [two]
