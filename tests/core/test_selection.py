"""What is chosen to be undone, by what a person names, and what must go with it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ifmosfs.core.errors import Ambiguous, NotFound
from ifmosfs.core.execute import WorkOrder
from ifmosfs.core.files import Place
from ifmosfs.core.ordering import in_order
from ifmosfs.core.plan import Action, ActionKind
from ifmosfs.core.rollback import to_undo
from ifmosfs.core.selection import Candidate, Selection, _category_meant, candidates, choose, close_over
from ifmosfs.core.steps import Step
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.memory_journal import MemoryJournal
from tests.adapters.trees import Tree
from tests.core.committing import make_run, make_steps, roll_back, run_order
from tests.core.plans import fingerprint

Move = tuple[tuple[bytes, bytes], tuple[bytes, bytes]]
VAULT = b".ifmosfs/vault/p/replaced"


def committed(tree: Tree, *moves: Move, units: Sequence[int] = ()) -> tuple[MemoryDisk, MemoryJournal]:
    """A disk after one commit of these moves, in their order, those with one unit together."""
    disk, journal = MemoryDisk.from_tree(tree), MemoryJournal()
    steps = make_steps(disk, moves)
    if units:
        steps = tuple(
            Step(each.action_id, each.source, each.target, each.expected, None, unit)
            for each, unit in zip(steps, units, strict=True)
        )
    run_order(WorkOrder(make_run(), (), in_order(steps, "r1")), disk, journal)
    return disk, journal


def action(number: int, source: bytes, category: str | None) -> Action:
    return Action(
        number,
        ActionKind.MOVE,
        b"/in",
        source,
        b"x",
        fingerprint(number),
        0o100644,
        None,
        category,
        1.0,
        "",  # type: ignore[arg-type]
    )


def three() -> list[Candidate]:
    """Three moved files, the second of which has been moved back."""
    disk, journal = committed(
        {b"in": {b"a.pdf": b"1", b"d": {b"b.txt": b"2", b"[c].pdf\xff": b"3"}}, b"out": {b"o": {}}},
        ((b"/in", b"a.pdf"), (b"/out", b"o/x.pdf")),
        ((b"/in", b"d/b.txt"), (b"/out", b"b.txt")),
        ((b"/in", b"d/[c].pdf\xff"), (b"/out", b"o/[c].pdf\xff")),
    )
    history = journal.history()
    (key,) = [each.key for each in to_undo(history) if each.operation.action_id == 2]
    roll_back(disk, journal, "r2", only={key})
    actions = (action(1, b"a.pdf", "document"), action(2, b"d/b.txt", "text"), action(3, b"d/[c].pdf\xff", None))
    return candidates("p", journal.history(), journal.history(), actions)


def chosen(wanted: Selection) -> list[int]:
    return [each.actions[0].action_id for each in choose(three(), wanted)]


def test_a_candidate_tells_its_names_its_files_and_whether_it_has_been_moved_back() -> None:
    told = [(each.entry_id, each.old.absolute, each.new.absolute, each.stands) for each in three()]
    assert told == [
        ("r1-5", b"/in/a.pdf", b"/out/o/x.pdf", True),
        ("r1-6", b"/in/d/b.txt", b"/out/b.txt", False),
        ("r1-7", b"/in/d/[c].pdf\xff", b"/out/o/[c].pdf\xff", True),
    ]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(categories=("document",)), [1]),
        (Selection(categories=("Document", "text")), [1, 2]),
        (Selection(ids=("r1-5",)), [1]),
        (Selection(ids=("r-5", "7")), [1, 3]),
        (Selection(paths=(b"/in/a.pdf",)), [1]),
        (Selection(paths=(b"/out/o/x.pdf",)), [1]),
        (Selection(paths=(b"/in/d",)), [2, 3]),
        (Selection(paths=(b"/out/o/",)), [1, 3]),
        (Selection(paths=(b"*.pdf",)), [1]),
        (Selection(paths=(b"x.pdf",)), [1]),
        (Selection(paths=(b"*.pdf*",)), [1, 3]),
        (Selection(paths=(b"/in/*",)), [1, 2, 3]),
        (Selection(paths=(b"/in/d/[c].pdf\xff",)), [3]),
        (Selection(paths=(b"[c].pdf\xff",)), [3]),
        (Selection(paths=(b"/in/d",), categories=("text",)), [2]),
        pytest.param(Selection(among=frozenset({b"/in/d/b.txt", b"/else"})), [2], id="among some places"),
    ],
    ids=str,
)
def test_what_is_named_is_chosen_and_all_that_is_given_must_fit(wanted: Selection, numbers: list[int]) -> None:
    assert chosen(wanted) == numbers


def test_a_folder_that_is_named_like_a_file_is_told_how_to_be_named() -> None:
    with pytest.raises(NotFound) as caught:
        chosen(Selection(paths=(b"o",)))
    assert caught.value.hint == "end a folder with a slash: o/"


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [("im", "image"), ("TEXT", "text"), ("text document", "text_document"), ("text_d", "text_document")],
)
def test_a_category_may_be_named_by_its_beginning(wanted: str, meant: str) -> None:
    assert _category_meant(wanted, ["image", "text", "text_document"]) == meant


def test_a_beginning_of_several_categories_is_told() -> None:
    with pytest.raises(Ambiguous) as caught:
        _category_meant("text_", ["image", "text_document", "text_page"])
    assert str(caught.value) == "'text_' begins several categories: text_document, text_page"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Selection(categories=("image",)), "no file of category 'image' was moved"),
        (Selection(ids=("r1-9",)), "no moved file has the id 'r1-9'"),
        (Selection(paths=(b"/in/e",)), "no moved file has, or had, this name: /in/e"),
        (Selection(paths=(b"*.png", b"*.pdf")), "no moved file has, or had, this name: *.png"),
    ],
    ids=str,
)
def test_what_fits_nothing_is_not_found(wanted: Selection, words: str) -> None:
    with pytest.raises(NotFound) as caught:
        chosen(wanted)
    assert str(caught.value) == words


def test_a_shortened_id_that_fits_files_of_two_runs_is_ambiguous() -> None:
    mine = three()
    others = [Candidate("q", ("r9", 5), mine[0].old, mine[0].new, mine[0].now, False, True, ())]
    with pytest.raises(Ambiguous) as caught:
        choose([*mine, *others], Selection(ids=("r-5",)))
    assert caught.value.hint == "name one of: r1-5, r9-5"


def closed(journal: MemoryJournal, *old: bytes) -> tuple[set[bytes], list[tuple[bytes, str, bytes]]]:
    """The old places of what is undone when these are wanted, and what was added, why and for which."""
    history = journal.history()
    undoable = to_undo(history)
    keys = {
        each.key for each in undoable if each.operation.source is not None and each.operation.source.absolute in old
    }
    only, added = close_over(keys, undoable, history)
    sources = {each.operation.source for each in undoable if each.key in only}
    reasons = [(each.place.absolute, each.because, each.of.absolute) for each in added]
    return {source.absolute for source in sources if source is not None}, reasons


ABC: Tree = {b"in": {b"a": b"1", b"b": b"2", b"c": b"3"}, b"out": {b"a": b"theirs"}}


def test_files_that_do_not_depend_on_each_other_add_nothing() -> None:
    _, journal = committed(ABC, ((b"/in", b"a"), (b"/out", b"x")), ((b"/in", b"b"), (b"/out", b"y")))
    assert closed(journal, b"/in/a") == ({b"/in/a"}, [])


def test_what_took_the_old_name_goes_first_and_the_other_way_round_nothing_is_added() -> None:
    _, journal = committed(ABC, ((b"/out", b"a"), (b"/out", b"older")), ((b"/in", b"a"), (b"/out", b"a")))
    assert closed(journal, b"/out/a") == ({b"/out/a", b"/in/a"}, [(b"/out/a", "name", b"/out/a")])
    assert closed(journal, b"/in/a") == ({b"/in/a"}, [])


def test_a_file_that_was_displaced_into_the_vault_comes_back_with_the_one_that_displaced_it() -> None:
    tree: Tree = {**ABC, b"out": {b"a": b"theirs", b".ifmosfs": {b"vault": {b"p": {b"replaced": {}}}}}}
    _, journal = committed(tree, ((b"/out", b"a"), (b"/out", VAULT + b"/a")), ((b"/in", b"a"), (b"/out", b"a")))
    both = {b"/out/a", b"/in/a"}
    assert closed(journal, b"/in/a") == (both, [(b"/out/" + VAULT + b"/a", "displaced", b"/in/a")])
    assert closed(journal, b"/out/a") == (both, [(b"/out/a", "name", b"/out/a")])


def test_a_unit_goes_back_as_one() -> None:
    moves = (((b"/in", b"a"), (b"/out", b"x")), ((b"/in", b"b"), (b"/out", b"y")), ((b"/in", b"c"), (b"/out", b"z")))
    _, journal = committed(ABC, *moves, units=(1, 1, 0))
    assert closed(journal, b"/in/b") == ({b"/in/a", b"/in/b"}, [(b"/out/x", "unit", b"/in/b")])


def test_files_that_swapped_names_go_back_together_and_their_third_name_is_not_shown() -> None:
    disk, journal = committed(ABC, ((b"/in", b"a"), (b"/in", b"b")), ((b"/in", b"b"), (b"/in", b"a")))
    _, added = closed(journal, b"/in/b")
    assert (len(added), disk.tree(b"/in")) == (1, {b"a": b"2", b"b": b"1", b"c": b"3"})
    history = journal.history()
    (key,) = [each.key for each in to_undo(history) if each.operation.source == Place(b"/in", b"b")]
    only, _ = close_over([key], to_undo(history), history)
    assert roll_back(disk, journal, "r2", only=only).problems == ()
    assert disk.tree(b"/in") == ABC[b"in"]
    names = [(each.old.absolute, each.new.absolute) for each in candidates("p", history, history, ())]
    assert sorted(names) == [(b"/in/a", b"/in/b"), (b"/in/b", b"/in/a")]


def test_a_file_that_the_plan_moved_on_later_is_brought_back_over_both_places() -> None:
    disk, journal = committed(ABC, ((b"/in", b"a"), (b"/out", b"x")))
    steps = make_steps(disk, (((b"/out", b"x"), (b"/out", b"y")),))
    run_order(WorkOrder(make_run("r2"), (), steps), disk, journal)
    assert closed(journal, b"/in/a") == ({b"/in/a", b"/out/x"}, [(b"/out/y", "moved-on", b"/in/a")])
    assert closed(journal, b"/out/x") == ({b"/out/x"}, [])


def test_members_are_known_as_a_unit_when_their_rollback_is_undone() -> None:
    moves = (((b"/in", b"a"), (b"/out", b"x")), ((b"/in", b"b"), (b"/out", b"y")))
    disk, journal = committed(ABC, *moves, units=(1, 1))
    roll_back(disk, journal, "r2")
    history = journal.history()
    undoable = to_undo(history, {"r2"})
    only, added = close_over([undoable[0].key], undoable, history)
    assert (len(only), [each.because for each in added]) == (2, ["unit"])
