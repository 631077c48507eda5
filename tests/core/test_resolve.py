"""What each strategy makes of a conflict, unit by unit, and that an answer can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core import edit_log
from ifmosfs.core.conflicts import Conflict, ConflictKind, open_conflicts
from ifmosfs.core.files import Place
from ifmosfs.core.plan import ActionKind, ConflictStrategy, Edit, EditKind, KeepReason, Plan, Unit, UnitKind
from ifmosfs.core.resolve import Answer, Resolution, Resolver, Unanswered, standing
from ifmosfs.core.tree import PlanTree
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import edit, layout, plan_of, review

RENAME, SKIP, ASK = ConflictStrategy.RENAME, ConflictStrategy.SKIP, ConflictStrategy.ASK
REPLACE, NEWEST, LARGEST = ConflictStrategy.REPLACE, ConflictStrategy.NEWEST, ConflictStrategy.LARGEST
CONFLICT, DUPLICATE = KeepReason.CONFLICT, KeepReason.DUPLICATE
NOW_NS = 9_000

# The memory disk's clock counts up: what stands later in a literal is newer.
EARLY = {b"a.txt": b"early and long", b"b.txt": b"b", b"c": b"c"}
LATE = {b"a.txt": b"late", b"d": {b"a.txt": b"latest"}}
OUT = {b"Docs": {b"a.txt": b"theirs"}}


class Desk:
    """A disk, a plan with the fingerprints that it has, and a resolver. Rows: (source, wanted, why it stays or `None`, unit)."""

    def __init__(
        self,
        rows: Sequence[tuple[bytes, bytes, KeepReason | None, int]],
        units: Sequence[Unit] = (),
        tree: dict[bytes, object] | None = None,
        edits: Sequence[Edit] = (),
    ) -> None:
        self.disk = MemoryDisk.from_tree(tree or {b"in": EARLY, b"out": OUT, b"late": LATE})  # type: ignore[arg-type]
        plan = plan_of(*((source, wanted) for source, wanted, _, _ in rows), roots=[b"/in", b"/late"])
        actions = tuple(
            replace(
                action,
                kind=ActionKind.MOVE if why is None else ActionKind.KEEP,
                keep_reason=why,
                unit=unit,
                expected=self.disk.lstat(action.source_place).fingerprint,
            )
            for action, (_, _, why, unit) in zip(plan.actions, rows, strict=True)
        )
        self.plan: Plan = replace(plan, actions=actions, units=tuple(units))
        self.edits = list(edits)
        self.resolver = Resolver(self.plan, self.edits, self.disk, NOW_NS)

    def conflicts(self) -> list[Conflict]:
        return open_conflicts(self.resolver.tree, self.disk)

    def answer_all(self, strategy: ConflictStrategy) -> list[Answer | Unanswered]:
        return [self.resolver.answer(conflict, strategy) for conflict in self.conflicts()]

    def moves(self) -> dict[bytes, bytes]:
        """Source → target, of what replaces a file of the target with a `!`."""
        return {
            move.action.source_place.absolute: move.target + (b"!" if move.replaces is not None else b"")
            for move in self.resolver.tree.moves()
        }

    def vaulted(self) -> list[bytes]:
        return [action.source_place.absolute for action in self.resolver.tree.vaulted()]


def one(wanted: bytes = b"Docs/a.txt", source: bytes = b"/in/a.txt", why: KeepReason = CONFLICT) -> Desk:
    return Desk([(source, wanted, why, 0)])


# One file against one of the target


@pytest.mark.parametrize("why", [CONFLICT, DUPLICATE], ids=lambda why: why.name)
def test_what_stays_because_of_a_name_is_open(why: KeepReason) -> None:
    (conflict,) = one(why=why).conflicts()
    kind = ConflictKind.NAME_TAKEN if why is CONFLICT else ConflictKind.DUPLICATE
    assert (conflict.kind, conflict.lead.wanted, conflict.likeness) == (
        kind,
        b"Docs/a.txt",
        (kind.value, ".txt", "paper"),
    )


@pytest.mark.parametrize(
    ("strategy", "source", "moves", "vaulted"),
    [
        (RENAME, b"/in/a.txt", {b"/in/a.txt": b"Docs/a (2).txt"}, []),
        (SKIP, b"/in/a.txt", {}, []),
        (REPLACE, b"/in/a.txt", {b"/in/a.txt": b"Docs/a.txt!"}, []),
        (NEWEST, b"/in/a.txt", {}, [b"/in/a.txt"]),
        (NEWEST, b"/late/a.txt", {b"/late/a.txt": b"Docs/a.txt!"}, []),
        (LARGEST, b"/in/a.txt", {b"/in/a.txt": b"Docs/a.txt!"}, []),
        (LARGEST, b"/late/a.txt", {}, [b"/late/a.txt"]),
    ],
    ids=["rename", "skip", "replace", "newest: older", "newest: newer", "largest: larger", "largest: smaller"],
)
def test_each_strategy_settles_the_conflict(
    strategy: ConflictStrategy, source: bytes, moves: dict[bytes, bytes], vaulted: list[bytes]
) -> None:
    desk = one(source=source)
    (answer,) = desk.answer_all(strategy)
    assert isinstance(answer, Answer)
    assert (desk.moves(), desk.vaulted(), desk.conflicts()) == (moves, vaulted, [])
    assert PlanTree(desk.plan, answer.edits).last_edit == desk.resolver.tree.last_edit


def test_asking_leaves_it_open() -> None:
    desk = one()
    assert isinstance(desk.answer_all(ASK)[0], Unanswered)
    assert len(desk.conflicts()) == 1


@pytest.mark.parametrize("strategy", [REPLACE, NEWEST, LARGEST], ids=lambda each: each.name)
def test_a_folder_never_loses_its_name(strategy: ConflictStrategy) -> None:
    desk = one(wanted=b"Docs")
    assert desk.answer_all(strategy) == [Unanswered("only a file can be replaced, and only by another file")]
    assert (desk.moves(), len(desk.conflicts())) == ({}, 1)


def test_a_file_on_the_way_leaves_it_open_and_the_plan_as_it_was() -> None:
    desk = one(wanted=b"Docs/a.txt/deep/a.txt")
    before = review(desk.resolver.tree)
    assert desk.answer_all(RENAME) == [Unanswered("something that is no folder stands on the way")]
    assert (review(desk.resolver.tree), desk.resolver.tree.last_edit) == (before, 0)


def test_numbers_go_on_after_those_that_are_there_and_planned() -> None:
    desk = Desk([(b"/in/a.txt", b"Docs/a.txt", CONFLICT, 0), (b"/late/a.txt", b"Docs/a.txt", CONFLICT, 0)])
    desk.disk.write(Place(b"/out", b"Docs/a (2).txt"), b"there")
    desk.answer_all(RENAME)
    assert desk.moves() == {b"/in/a.txt": b"Docs/a (3).txt", b"/late/a.txt": b"Docs/a (4).txt"}


def test_folders_that_are_nowhere_are_planned() -> None:
    desk = one(wanted=b"New/deep/a.txt")
    desk.answer_all(RENAME)
    made = {folder.path: folder.planned for folder in desk.resolver.tree.folders()}
    assert made == {b"New": True, b"New/deep": True}


# Several that want one name


@pytest.mark.parametrize(
    ("strategy", "winner"),
    [(REPLACE, b"/late/d/a.txt"), (NEWEST, b"/late/d/a.txt"), (LARGEST, b"/in/a.txt")],
    ids=lambda value: value.name if isinstance(value, ConflictStrategy) else "",
)
def test_of_several_one_gets_the_name_and_all_others_go_to_the_vault(strategy: ConflictStrategy, winner: bytes) -> None:
    sources = [b"/in/a.txt", b"/late/a.txt", b"/late/d/a.txt"]
    desk = Desk([(source, b"Docs/a.txt", CONFLICT, 0) for source in sources])
    desk.answer_all(strategy)
    assert desk.moves() == {winner: b"Docs/a.txt!"}
    assert desk.vaulted() == [source for source in sources if source != winner]


def test_a_planned_file_loses_its_name_to_the_one_that_comes() -> None:
    desk = Desk([(b"/in/a.txt", b"x.txt", None, 0), (b"/late/a.txt", b"x.txt", CONFLICT, 0)])
    desk.answer_all(REPLACE)
    assert (desk.moves(), desk.vaulted()) == ({b"/late/a.txt": b"x.txt"}, [b"/in/a.txt"])


# Taken since


def test_a_name_that_was_taken_since_is_open_and_answered() -> None:
    for strategy, target in ((RENAME, b"Docs/b (2).txt"), (REPLACE, b"Docs/b.txt!")):
        desk = Desk([(b"/in/b.txt", b"Docs/b.txt", None, 0)])
        assert desk.conflicts() == []
        desk.disk.write(Place(b"/out", b"Docs/b.txt"), b"somebody's")
        assert [conflict.kind for conflict in desk.conflicts()] == [ConflictKind.TAKEN_SINCE]
        desk.answer_all(strategy)
        assert (desk.moves(), desk.conflicts()) == ({b"/in/b.txt": target}, [])


@pytest.mark.parametrize("n_files", [3, 40])
def test_of_few_and_of_many_files_those_whose_name_was_taken_are_open(n_files: int) -> None:
    names = [b"%d" % number for number in range(n_files)]
    tree = {b"in": dict.fromkeys(names, b"x"), b"out": {b"Docs": {}}, b"late": {}}
    desk = Desk([(b"/in/" + name, b"Docs/" + name, None, 0) for name in names], tree=tree)
    desk.disk.write(Place(b"/out", b"Docs/2"), b"somebody's")
    desk.disk.write(Place(b"/out", b"Docs/other"), b"nobody minds")
    assert [conflict.lead.wanted for conflict in desk.conflicts()] == [b"Docs/2"]


def test_a_file_to_be_replaced_that_is_another_now_is_open_again() -> None:
    desk = one()
    desk.answer_all(REPLACE)
    assert desk.conflicts() == []
    desk.disk.remove(Place(b"/out", b"Docs/a.txt"))
    desk.disk.write(Place(b"/out", b"Docs/a.txt"), b"another")
    assert [conflict.kind for conflict in desk.conflicts()] == [ConflictKind.TAKEN_SINCE]


# Units

PHOTO_TREE = {
    b"in": {b"1.raw": b"raw", b"1.raw.xmp": b"x", b"p.html": b"p", b"p_files": {b"i.png": b"i"}},
    b"out": {b"Docs": {b"1.raw": b"theirs", b"p.html": b"their page"}},
    b"late": {b"1.raw": b"late raw", b"1.raw.xmp": b"late x"},
}
PHOTO = Unit(1, UnitKind.SIDECARS, b"/in")


@pytest.mark.parametrize(
    ("strategy", "moves", "vaulted"),
    [
        (RENAME, {b"/in/1.raw": b"Docs/1 (2).raw", b"/in/1.raw.xmp": b"Docs/1 (2).raw.xmp"}, []),
        (REPLACE, {b"/in/1.raw": b"Docs/1.raw!", b"/in/1.raw.xmp": b"Docs/1.raw.xmp"}, []),
        (LARGEST, {}, [b"/in/1.raw.xmp", b"/in/1.raw"]),
        (SKIP, {}, []),
    ],
    ids=lambda value: value.name if isinstance(value, ConflictStrategy) else "",
)
def test_a_unit_is_settled_as_a_whole(
    strategy: ConflictStrategy, moves: dict[bytes, bytes], vaulted: list[bytes]
) -> None:
    rows = [(b"/in/1.raw.xmp", b"Docs/1.raw.xmp", CONFLICT, 1), (b"/in/1.raw", b"Docs/1.raw", CONFLICT, 1)]
    desk = Desk(rows, [PHOTO], PHOTO_TREE)
    (conflict,) = desk.conflicts()
    assert conflict.lead.action.source == b"1.raw"
    desk.answer_all(strategy)
    assert (desk.moves(), desk.vaulted(), desk.conflicts()) == (moves, vaulted, [])


def test_a_unit_of_which_one_file_cannot_go_leaves_no_trace_of_the_others() -> None:
    rows = [(b"/in/1.raw", b"New/1.raw", CONFLICT, 1), (b"/in/1.raw.xmp", b"Docs/1.raw/deep/1.xmp", CONFLICT, 1)]
    desk = Desk(rows, [PHOTO], PHOTO_TREE)
    before = review(desk.resolver.tree)
    assert desk.answer_all(RENAME) == [Unanswered("something that is no folder stands on the way")]
    assert (review(desk.resolver.tree), layout(desk.resolver.tree)) == (before, {})
    assert desk.resolver.tree.last_edit == 0


def test_a_saved_page_and_its_files_get_one_number() -> None:
    rows = [(b"/in/p_files/i.png", b"Docs/p_files/i.png", CONFLICT, 1), (b"/in/p.html", b"Docs/p.html", CONFLICT, 1)]
    desk = Desk(rows, [Unit(1, UnitKind.PAGE, b"/in")], PHOTO_TREE)
    desk.answer_all(RENAME)
    assert desk.moves() == {
        b"/in/p_files/i.png": b"Docs/p (2)_files/i.png",
        b"/in/p.html": b"Docs/p (2).html",
    }


def test_who_loses_a_name_to_another_goes_with_all_that_belongs_to_it() -> None:
    rows = [
        (b"/in/1.raw", b"New/1.raw", None, 1),
        (b"/in/1.raw.xmp", b"New/1.raw.xmp", None, 1),
        (b"/late/1.raw", b"New/1.raw", CONFLICT, 0),
    ]
    desk = Desk(rows, [PHOTO], PHOTO_TREE)
    desk.answer_all(NEWEST)
    assert (desk.moves(), desk.vaulted()) == ({b"/late/1.raw": b"New/1.raw"}, [b"/in/1.raw", b"/in/1.raw.xmp"])


@pytest.mark.parametrize("strategy", [REPLACE, LARGEST], ids=lambda strategy: strategy.name)
def test_a_unit_takes_several_names_from_another_unit_and_each_file_that_one_was_to_replace(
    strategy: ConflictStrategy,
) -> None:
    rows = [
        (b"/in/1.raw", b"Docs/1.raw", CONFLICT, 1),
        (b"/in/1.raw.xmp", b"Docs/1.raw.xmp", CONFLICT, 1),
        (b"/late/1.raw", b"Docs/1.raw", CONFLICT, 2),
        (b"/late/1.raw.xmp", b"Docs/1.raw.xmp", CONFLICT, 2),
    ]
    tree = {**PHOTO_TREE, b"out": {b"Docs": {b"1.raw": b"", b"1.raw.xmp": b""}}}
    desk = Desk(rows, [PHOTO, Unit(2, UnitKind.SIDECARS, b"/late")], tree)
    desk.answer_all(strategy)
    assert (desk.moves(), desk.vaulted(), desk.conflicts()) == (
        {b"/late/1.raw": b"Docs/1.raw!", b"/late/1.raw.xmp": b"Docs/1.raw.xmp!"},
        [b"/in/1.raw", b"/in/1.raw.xmp"],
        [],
    )


def test_a_project_whose_name_was_taken_since_is_renamed_or_left_whole() -> None:
    tree = {b"in": {b"prog": {b"a.py": b"1", b"b.py": b"2"}}, b"out": {b"prog": b"in the way"}, b"late": {}}
    for strategy, moves in (
        (RENAME, {b"/in/prog/a.py": b"prog (2)/a.py", b"/in/prog/b.py": b"prog (2)/b.py"}),
        (SKIP, {}),
        (REPLACE, {b"/in/prog/a.py": b"prog/a.py", b"/in/prog/b.py": b"prog/b.py"}),
    ):
        rows = [(b"/in/prog/a.py", b"x", KeepReason.PROJECT, 1), (b"/in/prog/b.py", b"y", KeepReason.PROJECT, 1)]
        dragged = edit(EditKind.MOVE, b"To review/projects/in/prog", b"prog")
        desk = Desk(rows, [Unit(1, UnitKind.PROJECT, b"/in", b"prog")], tree, [dragged])
        assert len(desk.conflicts()) == 1
        desk.answer_all(strategy)
        assert desk.moves() == moves
        assert len(desk.conflicts()) == (strategy is REPLACE)


# Taking back


def numbered(answers: Sequence[Answer | Unanswered]) -> list[Resolution]:
    rows = [row for answer in answers if isinstance(answer, Answer) for row in answer.resolutions]
    return [replace(row, number=number) for number, row in enumerate(rows, 1)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([RENAME, SKIP, REPLACE, NEWEST, LARGEST]), min_size=4, max_size=4))
def test_all_answers_taken_back_leave_the_plan_as_it_was(strategies: list[ConflictStrategy]) -> None:
    rows = [
        (b"/in/a.txt", b"Docs/a.txt", CONFLICT, 0),
        (b"/late/a.txt", b"Docs/a.txt", CONFLICT, 0),
        (b"/late/d/a.txt", b"c", DUPLICATE, 0),
        (b"/in/b.txt", b"New/b.txt", CONFLICT, 0),
        (b"/in/c", b"c", None, 0),
    ]
    desk = Desk(rows)
    before = review(desk.resolver.tree), layout(desk.resolver.tree), desk.moves()
    pairs = zip(desk.conflicts(), strategies, strict=True)
    given_ = numbered([desk.resolver.answer(conflict, strategy) for conflict, strategy in pairs])
    assert len(desk.conflicts()) == 0
    undone = [desk.resolver.undo(group) for group in standing(given_, desk.resolver.edits)]
    assert all(isinstance(each, Answer) for each in undone)
    now = review(desk.resolver.tree), layout(desk.resolver.tree), desk.moves()
    assert now[0] | {b"excluded": None, b"vault": None} == before[0] | {b"excluded": None, b"vault": None}
    assert now[2] == before[2]
    taken_back = [replace(row, number=100 + row.number) for row in numbered(undone)]
    assert standing([*given_, *taken_back], desk.resolver.edits) == []


def test_an_answer_about_what_was_moved_since_holds() -> None:
    desk = one()
    given_ = numbered(desk.answer_all(RENAME))
    desk.resolver.tree.apply(edit(EditKind.MOVE, b"Docs/a (2).txt", b"Docs/mine.txt"))
    assert desk.resolver.undo(standing(given_, desk.resolver.edits)[0]) == Unanswered("it was moved since")


# Answers whose step is taken back by `stage undo`


def stored(log: Sequence[Edit], *answers: Answer | Unanswered) -> list[Edit]:
    """The log with the edits of answers that were stored together."""
    drafts = [row for answer in answers if isinstance(answer, Answer) for row in answer.edits]
    return [*log, *edit_log.numbered(drafts, log[-1] if log else None)]


def retraced(kind: EditKind, log: Sequence[Edit]) -> list[Edit]:
    """The log after `stage undo` or `stage redo`."""
    step = (edit_log.undoable if kind is EditKind.UNDO else edit_log.redoable)(log)[0]
    return [*log, *edit_log.numbered([edit_log.retracing(kind, step, NOW_NS)], log[-1])]


def test_an_answer_stands_only_while_its_edits_are_in_force() -> None:
    desk = one()
    (given_,) = desk.answer_all(RENAME)
    log = stored((), given_)
    rows = numbered([given_])
    assert standing(rows, edit_log.effective(log)) == [rows]
    log = retraced(EditKind.UNDO, log)
    assert standing(rows, edit_log.effective(log)) == []
    assert standing(rows, edit_log.effective(retraced(EditKind.REDO, log))) == [rows]


def test_an_answer_stands_again_when_its_being_taken_back_is_taken_back() -> None:
    desk = one()
    (given_,) = desk.answer_all(RENAME)
    (rows,) = standing(numbered([given_]), desk.resolver.edits)
    back = desk.resolver.undo(rows)
    log = stored(stored((), given_), back)
    both = [*rows, *(replace(row, number=100 + row.number) for row in numbered([back]))]
    assert standing(both, edit_log.effective(log)) == []
    assert standing(both, edit_log.effective(retraced(EditKind.UNDO, log))) == [rows]


def test_a_resolver_goes_on_from_the_last_row_of_a_log_of_which_nothing_is_in_force() -> None:
    desk = one()
    log = retraced(EditKind.UNDO, stored((), *desk.answer_all(RENAME)))
    desk.resolver = Resolver(desk.plan, log, desk.disk, NOW_NS)
    last = log[-1].seq
    assert (desk.resolver.tree.last_edit, desk.resolver.edits, len(desk.conflicts())) == (last, [], 1)
    (again,) = desk.answer_all(RENAME)
    assert isinstance(again, Answer)
    assert (again.edits[0].seq, again.resolutions[0].first_edit) == (last + 1, last + 1)


def test_an_answer_that_cannot_be_made_leaves_the_resolver_at_the_last_row_of_the_log() -> None:
    rows = [(b"/in/1.raw", b"New/1.raw", CONFLICT, 1), (b"/in/1.raw.xmp", b"Docs/1.raw/deep/1.xmp", CONFLICT, 1)]
    desk = Desk(rows, [PHOTO], PHOTO_TREE)
    made = list(edit_log.numbered([edit(EditKind.MKDIR, b"New")], None))
    desk.resolver = Resolver(desk.plan, retraced(EditKind.UNDO, made), desk.disk, NOW_NS)
    assert [type(each) for each in desk.answer_all(RENAME)] == [Unanswered]
    assert desk.resolver.tree.last_edit == 2
