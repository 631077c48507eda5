"""Plans amended while they are open, the actions of files, and scans of some paths only."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_values import OTHER_ROOT, ROOT, actions, fingerprint, found, plan_of

from ifmosfs.core.errors import WrongState
from ifmosfs.core.files import Place, SkippedEntry, SkipReason, UnreadableEntry
from ifmosfs.core.plan import (
    Action,
    ActionKind,
    Amendment,
    Edit,
    EditKind,
    EditOrigin,
    KeepReason,
    PlanEvent,
    PlanState,
)
from ifmosfs.core.proposal import Proposal
from ifmosfs.store.catalogue import Catalogue

counter = itertools.count()
WORD = Proposal("paper", 0.9, "because")


@pytest.fixture
def session_id(catalogue: Catalogue) -> str:
    return catalogue.session_for([ROOT, OTHER_ROOT], None, 1)


def watched(kind: EditKind, path: bytes, action_id: int | None = None) -> Edit:
    return Edit(0, kind, path, None, 7, action_id=action_id, origin=EditOrigin.WATCH)


@settings(max_examples=60, deadline=None)
@given(st.lists(actions, min_size=1, max_size=3), st.lists(actions, max_size=3), st.data())
def test_amended_plan_loads_with_its_new_and_its_changed_actions(
    shared_catalogue: Catalogue, planned: list[Action], added: list[Action], data: st.DataObject
) -> None:
    session_id, plan_id = shared_catalogue.session_for([ROOT], None, 1), f"amended{next(counter)}"
    first = tuple(replace(action, action_id=at) for at, action in enumerate(planned, 1))
    plan = replace(plan_of(session_id, plan_id), actions=first)
    shared_catalogue.save_plan(plan)
    shared_catalogue.advance(plan_id, PlanEvent.STAGE)
    more = tuple(replace(action, action_id=at) for at, action in enumerate(added, len(first) + 1))
    changed = replace(data.draw(actions), action_id=1)
    edits = (watched(EditKind.REFRESH, b"x", 1), *(watched(EditKind.ADD, b"y\xff", one.action_id) for one in more))
    assert shared_catalogue.amend(plan_id, Amendment(more, (changed,), edits), 0)
    assert shared_catalogue.load_plan(plan_id) == replace(plan, actions=(changed, *first[1:], *more))
    assert shared_catalogue.edits(plan_id) == tuple(replace(each, seq=at) for at, each in enumerate(edits, 1))
    assert shared_catalogue.last_action(plan_id) == len(first) + len(more)


def test_amendment_of_a_plan_that_was_edited_meanwhile_stores_nothing(catalogue: Catalogue, session_id: str) -> None:
    plan = plan_of(session_id, "p1", (b"a", b"A/a"))
    catalogue.save_plan(plan)
    catalogue.advance("p1", PlanEvent.STAGE)
    catalogue.append_edit("p1", Edit(0, EditKind.EXCLUDE, b"A/a", None, 5))
    new = replace(plan.actions[0], action_id=2, source=b"b")
    assert not catalogue.amend("p1", Amendment((new,), (), (watched(EditKind.ADD, b"A/b", 2),)), 0)
    assert catalogue.load_plan("p1") == plan
    assert len(catalogue.edits("p1")) == 1


def test_plan_whose_commit_has_begun_is_not_amended(catalogue: Catalogue, session_id: str) -> None:
    plan = plan_of(session_id, "p1", (b"a", b"A/a"))
    catalogue.save_plan(plan)
    catalogue.advance("p1", PlanEvent.STAGE)
    catalogue.begin_commit("p1", 0)
    with pytest.raises(WrongState):
        catalogue.amend("p1", Amendment((replace(plan.actions[0], action_id=2),), (), ()), 0)
    assert catalogue.load_plan("p1") == plan


def test_amendment_counts_in_the_plan_and_makes_it_be_validated_anew(catalogue: Catalogue, session_id: str) -> None:
    plan = plan_of(session_id, "p1", (b"a", b"A/a"))
    catalogue.save_plan(plan)
    catalogue.advance("p1", PlanEvent.STAGE)
    catalogue.advance("p1", PlanEvent.VALIDATE)
    before = catalogue.find_plan("p1")
    kept = replace(plan.actions[0], action_id=3, kind=ActionKind.KEEP, keep_reason=KeepReason.UNSURE)
    catalogue.amend("p1", Amendment((replace(plan.actions[0], action_id=2), kept), (), ()), 0)
    now = catalogue.find_plan("p1")
    assert (now.state, now.n_moves - before.n_moves, now.n_kept - before.n_kept) == (PlanState.STAGED, 1, 1)


def test_actions_are_found_by_place_by_folder_and_by_inode(catalogue: Catalogue, session_id: str) -> None:
    sources = [b"a", b"d/b", b"d/e/c", b"d0", b"d-", b"d/\xff"]
    plan = plan_of(session_id, "p1", *((source, b"X/%d" % at) for at, source in enumerate(sources)))
    prints = [replace(fingerprint(at), inode=2**64 - 1 - at) for at in range(len(sources))]
    plan = replace(
        plan, actions=tuple(replace(one, expected=print_) for one, print_ in zip(plan.actions, prints, strict=True))
    )
    catalogue.save_plan(plan)

    def below(path: bytes, *, deep: bool) -> list[bytes]:
        return [one.source for one in catalogue.actions_below("p1", Place(ROOT.path, path), deep=deep)]

    at_places = catalogue.actions_at(
        "p1", [Place(ROOT.path, b"d/b"), Place(OTHER_ROOT.path, b"a"), Place(b"/no", b"a")]
    )
    assert at_places == [plan.actions[1]]
    assert below(b"d", deep=True) == [b"d/b", b"d/e/c", b"d/\xff"]
    assert below(b"d", deep=False) == [b"d/b", b"d/\xff"]
    assert below(b"", deep=True) == sources
    assert below(b"", deep=False) == [b"a", b"d0", b"d-"]
    assert catalogue.actions_of_inodes("p1", {2**64 - 1, 5}) == [plan.actions[0]]
    assert catalogue.knows_below("p1", Place(ROOT.path, b"d/e"))
    assert not catalogue.knows_below("p1", Place(ROOT.path, b"a"))
    assert not catalogue.knows_below("p1", Place(OTHER_ROOT.path, b""))


def test_look_at_some_paths_leaves_all_others_as_they_are(catalogue: Catalogue, session_id: str) -> None:
    skipped, unread = SkippedEntry(ROOT.path, b"pipe", SkipReason.SPECIAL), UnreadableEntry(ROOT.path, b"shut", "no")
    files = [found(b"a", 1), found(b"b", 2), found(b"c", 3)]
    catalogue.record_scan(session_id, ROOT.path, files, [skipped], [unread], 5)
    ids = {file.path: file.file_id for file, _ in catalogue.classified(session_id)}
    catalogue.save_proposals("rules", [(file_id, WORD) for file_id in ids.values()])
    issue = SkippedEntry(ROOT.path, b"socket", SkipReason.SPECIAL)
    catalogue.record_some(session_id, ROOT.path, [b"b", b"pipe"], [found(b"c", 30), found(b"d", 4)], [issue])
    known = {file.path: (file.fingerprint, word) for file, word in catalogue.classified(session_id)}
    assert known == {
        b"a": (found(b"a", 1).fingerprint, WORD),
        b"c": (found(b"c", 30).fingerprint, None),
        b"d": (found(b"d", 4).fingerprint, None),
    }
    assert list(catalogue.skipped(session_id)) == [issue]
    assert list(catalogue.unreadable(session_id)) == [unread]
    some = catalogue.classified_at(session_id, ROOT.path, [b"d", b"a", b"never"])
    assert [(file.path, word) for file, word in some] == [(b"a", WORD), (b"d", None)]
