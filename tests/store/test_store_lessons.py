"""The log of lessons in the catalogue: it only grows, comes back as it was said, and finds the files that it bears on."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from store_values import OTHER_ROOT, ROOT, fingerprint, found, paths, plan_of, words

from ifmosfs.core.errors import DatabaseDamaged, NotFound
from ifmosfs.core.files import Kind, Place
from ifmosfs.core.lessons import EditedFile, FeatureRow, Lesson, LessonKind, LessonOrigin, said, taking_back
from ifmosfs.core.plan import Edit, EditKind, PlanEvent
from ifmosfs.core.proposal import Decider, Opinion, Proposal
from ifmosfs.store.catalogue import Catalogue, open_catalogue
from ifmosfs.store.lessons import Alike, pack_features, unpack_features

ROW = FeatureRow(1, (3, 70_000), (0.5, -1.25))
PLACE = Place(ROOT.path, b"x\xff")
PLAN = "0123456789"

singles = st.floats(allow_nan=False, width=32)
rows = st.lists(st.tuples(st.integers(0, 2**32 - 1), singles), max_size=20).map(
    lambda pairs: FeatureRow(1, tuple(column for column, _ in pairs), tuple(value for _, value in pairs))
)
drafts = st.builds(
    Lesson,
    number=st.just(0),
    kind=st.sampled_from(LessonKind),
    content_key=st.sampled_from([b"a", b"b\0", b"\xff" * 32]),
    size_bytes=st.integers(0, 2**62),
    category=st.none() | words,
    place=st.builds(Place, st.sampled_from([ROOT.path, OTHER_ROOT.path]), paths),
    at_ns=st.integers(0, 2**62),
    origin=st.sampled_from(LessonOrigin),
    before=st.none() | st.builds(Opinion, st.none() | words, st.floats(0, 1)),
    features=st.none() | rows,
    sketch=st.none() | st.binary(min_size=20, max_size=20),
    edited=st.none() | st.builds(EditedFile, st.just(PLAN), st.integers(1, 99), st.integers(1, 99)),
    undoes=st.none() | st.integers(1, 9),
)


def lesson(key: bytes = b"k", category: str | None = "c", kind: LessonKind = LessonKind.IS, **more: object) -> Lesson:
    return replace(Lesson(0, kind, key, 100, category, PLACE, 7, LessonOrigin.TEACH), **more)  # type: ignore[arg-type]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(drafts, max_size=6))
def test_what_is_read_is_what_was_said_and_what_holds_of_it(shared_catalogue: Catalogue, told: list[Lesson]) -> None:
    last = shared_catalogue.last_lesson()
    added = shared_catalogue.add_lessons(told)
    assert [replace(one, number=0) for one in added] == told
    assert [one.number for one in added] == list(range(last + 1, last + 1 + len(told)))
    log = shared_catalogue.lessons(with_features=True)
    assert log[len(log) - len(added) :] == list(added)
    assert shared_catalogue.effective_lessons(with_features=True) == said(log)
    light = said(shared_catalogue.lessons())
    assert shared_catalogue.said_about([b"a", b"nobody's"]) == {key: one for key, one in light.items() if key == b"a"}
    assert [shared_catalogue.lesson(one.number) for one in added] == list(added)


def test_features_are_left_out_until_somebody_asks_for_them(catalogue: Catalogue) -> None:
    (added,) = catalogue.add_lessons([lesson(features=ROW)])
    assert catalogue.lessons() == [replace(added, features=None)]
    assert (catalogue.lesson(1), catalogue.lesson(2)) == (added, None)


def test_lessons_are_added_all_or_none(catalogue: Catalogue) -> None:
    with pytest.raises(struct.error):
        catalogue.add_lessons([lesson(), lesson(features=FeatureRow(1, (-1,), (1.0,)))])
    assert catalogue.lessons() == []


@pytest.mark.parametrize("statement", ["UPDATE lessons SET category = 'other'", "DELETE FROM lessons"])
def test_database_refuses_to_change_what_was_said(catalogue: Catalogue, statement: str) -> None:
    (added,) = catalogue.add_lessons([lesson()])
    with pytest.raises(IntegrityError, match="only grows"), catalogue._writing() as connection:
        connection.exec_driver_sql(statement)
    assert catalogue.lessons() == [added]


def test_damaged_features_are_damage_and_not_a_bug(tmp_path: Path) -> None:
    with open_catalogue(tmp_path) as catalogue:
        with catalogue._writing() as connection:
            columns = "number, kind, content_key, size_bytes, root, path, at_ns, origin, feature_version, features"
            row = "1, 'is', x'00', 1, x'2f', x'78', 1, 'teach', 1, x'00'"
            connection.exec_driver_sql(f"INSERT INTO lessons ({columns}) VALUES ({row})")
        with pytest.raises(DatabaseDamaged):
            catalogue.lesson(1)


def test_features_are_packed_to_single_precision() -> None:
    assert unpack_features(1, pack_features(ROW)) == ROW
    assert unpack_features(7, pack_features(FeatureRow(7, (), ()))) == FeatureRow(7, (), ())


def test_mark_of_what_was_followed_only_goes_forth(catalogue: Catalogue) -> None:
    assert catalogue.followed_lesson() == 0
    for number, wanted in ((3, 3), (2, 3), (7, 7)):
        catalogue.note_followed(number)
        assert catalogue.followed_lesson() == wanted


# Lessons of edits


def planned(catalogue: Catalogue) -> None:
    session = catalogue.session_for([ROOT], None, 1)
    catalogue.save_plan(plan_of(session, PLAN, (b"x\xff", b"a/x")), PlanEvent.STAGE)


def test_lessons_of_edits_are_made_once_whoever_comes_first(catalogue: Catalogue) -> None:
    planned(catalogue)
    assert catalogue.unlearnt_plans() == []
    catalogue.append_edit(PLAN, Edit(0, EditKind.MOVE, b"a/x", b"b/x", 8))
    assert (catalogue.unlearnt_plans(), catalogue.learnt_edit(PLAN)) == ([PLAN], 0)
    draft = lesson(edited=EditedFile(PLAN, 1, 1))
    added = catalogue.add_lessons_of_edits(PLAN, [draft], 1, 0)
    assert added is not None
    assert catalogue.add_lessons_of_edits(PLAN, [draft], 1, 0) is None
    assert (catalogue.lessons(PLAN), catalogue.lessons("other")) == ([*added], [])
    assert (catalogue.unlearnt_plans(), catalogue.learnt_edit(PLAN)) == ([], 1)
    catalogue.append_edit(PLAN, Edit(0, EditKind.UNDO, b"", None, 9, step=1))
    assert catalogue.unlearnt_plans() == [PLAN]
    back = catalogue.add_lessons_of_edits(PLAN, [taking_back(added[0], 9)], 2, 1)
    assert back is not None
    assert (back[0].undoes, catalogue.effective_lessons()) == (1, {})
    with pytest.raises(NotFound):
        catalogue.learnt_edit("nothing")


# Files that lessons bear on


def test_files_are_found_that_are_not_sure_or_only_like_another_one(catalogue: Catalogue) -> None:
    session = catalogue.session_for([ROOT], None, 1)
    names = [b"doubt", b"sure", b"like", b"told", b"unreadable", b"empty", b"link", b"unsaid"]
    files = [found(name, number) for number, name in enumerate(names, 1)]
    files[5] = files[5]._replace(fingerprint=replace(fingerprint(6), size_bytes=0))
    files[6] = files[6]._replace(kind=Kind.SYMLINK)
    catalogue.record_scan(session, ROOT.path, files, [], [], 2)
    ids = {file.path: file.file_id for file in catalogue.unclassified(session, "r")}
    told = {
        b"doubt": Proposal("a", 0.5, "r", sketch=b"s" * 20),
        b"sure": Proposal("a", 0.9, "r"),
        b"like": Proposal("a", 0.95, "r", decided_by=Decider.LIKENESS, lesson=7),
        b"told": Proposal(None, 0.0, "r", decided_by=Decider.PERSON, lesson=8),
        b"unreadable": Proposal(None, 0.0, "r", unreadable="no"),
        b"empty": Proposal(None, 0.0, "r"),
        b"link": Proposal(None, 0.0, "r"),
    }
    catalogue.save_proposals("r", [(ids[name], word) for name, word in told.items()])

    def alike(name: bytes) -> Alike:
        return Alike(session, Place(ROOT.path, name), told[name].sketch, told[name].lesson)

    assert list(catalogue.questionable(0.8)) == [alike(b"doubt"), alike(b"like")]
    assert list(catalogue.touched_by_lessons([], [7, 8])) == [alike(b"like"), alike(b"told")]
    assert list(catalogue.touched_by_lessons([0], [])) == [alike(b"empty")]
    assert list(catalogue.touched_by_lessons([], [])) == []
