"""The organised tree with conflicts answered and with units: what goes to the vault, what takes a name, what stays whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.plan import Action, ActionKind, Edit, EditKind, KeepReason, Plan, Unit, UnitKind
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.together import still_together
from ifmosfs.core.tree import CarriedFolder, FolderNode, PlannedMove, PlanTree
from tests.core.plans import Row, edit, fingerprint, layout, plan_of, review

MOVE, SWAP, EXCLUDE, REPLACE, VAULT = (
    EditKind.MOVE,
    EditKind.SWAP,
    EditKind.EXCLUDE,
    EditKind.REPLACE,
    EditKind.VAULT,
)
MKDIR, RMDIR, TOUCH = EditKind.MKDIR, EditKind.RMDIR, EditKind.TOUCH
THEIRS = fingerprint(77)


def made(plan: Plan, *edits: Edit) -> PlanTree:
    tree = PlanTree(plan, edits)
    tree.check_invariants()
    return tree


def with_units(units: Sequence[Unit], numbers: Sequence[int], *rows: Row) -> Plan:
    plan = plan_of(*rows)
    actions = tuple(replace(action, unit=unit) for action, unit in zip(plan.actions, numbers, strict=True))
    return replace(plan, units=tuple(units), actions=actions)


# The vault and replacements

CONTESTED = plan_of((b"new.txt", b"Docs/a.txt"), (b"deep/old.txt", b"Docs/a.txt"), (b"b.txt", b"Docs/b.txt"))
CONTESTED = replace(
    CONTESTED,
    actions=(
        replace(CONTESTED.actions[0], replaces=THEIRS),
        replace(CONTESTED.actions[1], kind=ActionKind.VAULT),
        CONTESTED.actions[2],
    ),
)
WINS, LOSES, PLAIN = CONTESTED.actions


def test_a_loser_is_shown_in_the_vault_and_the_winner_says_what_it_replaces() -> None:
    tree = made(CONTESTED)
    assert layout(tree) == {b"Docs": {b"a.txt": b"new.txt", b"b.txt": b"b.txt"}}
    assert review(tree) == {b"vault": {b"deep": {b"old.txt": b"deep/old.txt"}}}
    assert list(tree.moves()) == [PlannedMove(WINS, b"Docs/a.txt", THEIRS), PlannedMove(PLAIN, b"Docs/b.txt")]
    assert (list(tree.vaulted()), list(tree.kept())) == ([LOSES], [])


@pytest.mark.parametrize(
    ("edits", "replaced"),
    [
        ([edit(MOVE, b"Docs/a.txt", b"Docs/c.txt")], {}),
        ([edit(MOVE, b"Docs/a.txt", b"Docs/c.txt"), edit(MOVE, b"Docs/c.txt", b"Docs/a.txt")], {}),
        ([edit(MOVE, b"Docs", b"Papers")], {}),
        ([edit(MOVE, b"Docs", b"Papers"), edit(MOVE, b"Papers", b"Docs")], {b"Docs/a.txt": 1}),
        ([edit(SWAP, b"Docs/a.txt", b"Docs/b.txt")], {b"Docs/a.txt": 3}),
        ([edit(VAULT, b"Docs/a.txt")], {}),
        ([edit(EXCLUDE, b"Docs/a.txt")], {}),
        ([edit(REPLACE, b"Docs/b.txt", b"Docs/a.txt", replaces=THEIRS)], {b"Docs/a.txt": 3}),
        ([edit(REPLACE, b"Docs/b.txt", b"Docs/b.txt", replaces=THEIRS)], {b"Docs/a.txt": 1, b"Docs/b.txt": 3}),
    ],
    ids=[
        "moved away",
        "moved back",
        "in a folder",
        "in a folder and back",
        "swapped",
        "vaulted",
        "out",
        "over",
        "in place",
    ],
)
def test_a_file_replaces_another_only_at_the_name_it_was_given_for(
    edits: list[Edit], replaced: dict[bytes, int]
) -> None:
    found = {move.target: move.action.action_id for move in made(CONTESTED, *edits).moves() if move.replaces == THEIRS}
    assert found == replaced


def test_a_file_is_put_into_the_vault_and_dragged_out_again() -> None:
    tree = made(CONTESTED, edit(VAULT, b"Docs/b.txt"))
    assert [action.action_id for action in tree.vaulted()] == [2, 3]
    tree.apply(edit(MOVE, b"To review/vault/b.txt", b"b.txt"))
    tree.apply(edit(EXCLUDE, b"To review/vault/deep/old.txt"))
    assert list(tree.vaulted()) == []
    assert list(tree.kept()) == [(LOSES, KeepReason.EXCLUDED)]
    assert [move.target for move in tree.moves()] == [b"Docs/a.txt", b"b.txt"]


@pytest.mark.parametrize(
    ("refused", "kind"),
    [
        (edit(VAULT, b"Docs"), FsErrorKind.IS_A_FOLDER),
        (edit(VAULT, b"To review/vault/deep/old.txt"), FsErrorKind.NOT_PERMITTED),
        (edit(MOVE, b"Docs", b"To review/vault/Docs"), FsErrorKind.NOT_PERMITTED),
        (edit(MOVE, b"To review/vault", b"Docs/vault"), FsErrorKind.BUSY),
        (edit(RMDIR, b"To review/vault"), FsErrorKind.BUSY),
        (edit(MKDIR, b"To review/vault"), FsErrorKind.EXISTS),
        (edit(REPLACE, b"Docs", b"Papers", replaces=THEIRS), FsErrorKind.IS_A_FOLDER),
        (edit(REPLACE, b"Docs/b.txt", b"Docs/c.txt"), FsErrorKind.INVALID),
        (edit(REPLACE, b"Docs/b.txt", b"To review/excluded/b", replaces=THEIRS), FsErrorKind.INVALID),
    ],
    ids=lambda value: None if isinstance(value, Edit) else value.name,
)
def test_what_the_vault_and_a_replacement_cannot_be(refused: Edit, kind: FsErrorKind) -> None:
    tree = made(CONTESTED)
    with pytest.raises(FsError) as caught:
        tree.apply(refused)
    assert (caught.value.kind, list(tree.moves())) == (kind, list(made(CONTESTED).moves()))


# Projects

PROJECT = Unit(1, UnitKind.PROJECT, b"/in", b"wares/prog")
WITH_PROJECT = with_units(
    [PROJECT],
    [1, 1, 1, 0, 0],
    (b"wares/prog/main.py", KeepReason.PROJECT),
    (b"wares/prog/src/a.py", KeepReason.PROJECT),
    (b"wares/prog/link", KeepReason.LINK),
    (b"wares/notes.txt", KeepReason.PROJECT),
    (b"paper", b"Docs/paper"),
)
INSIDE = {b"main.py": b"wares/prog/main.py", b"src": {b"a.py": b"wares/prog/src/a.py"}, b"link": b"wares/prog/link"}
STAYS = b"To review/projects/wares/prog"


def test_all_of_a_project_is_shown_in_one_place() -> None:
    tree = made(WITH_PROJECT)
    assert review(tree) == {b"projects": {b"wares": {b"prog": INSIDE, b"notes.txt": b"wares/notes.txt"}}}
    assert [reason for _, reason in tree.kept()] == [KeepReason.PROJECT] * 4
    assert list(tree.carried()) == []


@pytest.mark.parametrize(
    ("dragged", "target", "lies"),
    [(STAYS, b"Code/prog", b"Code/prog"), (b"To review/projects/wares", b"Work", b"Work/prog"), (STAYS, b"p", b"p")],
    ids=["into a folder", "with the folder above", "to the top, renamed"],
)
def test_a_project_is_dragged_out_as_one_folder(dragged: bytes, target: bytes, lies: bytes) -> None:
    tree = made(WITH_PROJECT, edit(MOVE, dragged, target))
    assert list(tree.carried()) == [CarriedFolder(PROJECT, lies)]
    units = {move.target: move.unit for move in tree.moves()}
    assert [units[lies + b"/" + name] for name in (b"main.py", b"src/a.py", b"link")] == [1, 1, 1]
    assert not any(folder.path == lies or folder.path.startswith(lies + b"/") for folder in tree.folders())
    inner = tree.find(lies + b"/src")
    assert isinstance(inner, FolderNode)
    assert tree.carried_source(inner) == Place(b"/in", b"wares/prog/src")
    tree.apply(edit(MOVE, lies, b"Elsewhere/prog"))
    assert list(tree.carried()) == [CarriedFolder(PROJECT, b"Elsewhere/prog")]
    tree.apply(edit(MOVE, b"Elsewhere/prog", b"To review/projects/back"))
    assert (list(tree.carried()), len(list(tree.moves()))) == ([], 1 + (dragged != STAYS))


@pytest.mark.parametrize("at", [STAYS, b"Code/prog"], ids=["where it stays", "in the layout"])
def test_a_project_is_not_pulled_apart_and_takes_nothing_in(at: bytes) -> None:
    tree = made(WITH_PROJECT, *([] if at == STAYS else [edit(MOVE, STAYS, at)]))
    before = layout(tree), review(tree)
    for refused in (
        edit(MOVE, at + b"/main.py", b"main.py"),
        edit(MOVE, at + b"/main.py", at + b"/other.py"),
        edit(MOVE, at + b"/src", b"src"),
        edit(MOVE, b"Docs/paper", at + b"/paper"),
        edit(MOVE, b"Docs/paper", at + b"/src/a.py"),
        edit(MOVE, b"Docs/paper", at + b"/new/paper"),
        edit(SWAP, b"Docs/paper", at + b"/main.py"),
        edit(REPLACE, b"Docs/paper", at + b"/main.py", replaces=THEIRS),
        edit(EXCLUDE, at + b"/main.py"),
        edit(VAULT, at + b"/main.py"),
        edit(MKDIR, at + b"/src/new"),
        edit(TOUCH, at + b"/src", mode=0o700),
        edit(TOUCH, at, mode=0o700),
        edit(MOVE, at, b"To review/vault/prog"),
    ):
        with pytest.raises(FsError):
            tree.apply(refused)
        assert (layout(tree), review(tree)) == before, refused


def test_a_scanned_folder_that_is_a_project_itself_stays_where_it_is() -> None:
    roots = [b"/in", b"/prog"]
    plan = plan_of((b"/prog/main.py", KeepReason.PROJECT), (b"/in/a", b"a"), roots=roots)
    plan = replace(plan, actions=(replace(plan.actions[0], unit=1), plan.actions[1]))
    tree = made(replace(plan, units=(Unit(1, UnitKind.PROJECT, b"/prog", b""),)))
    for path in (b"To review/projects/prog", b"To review/projects/prog/main.py"):
        with pytest.raises(FsError) as caught:
            tree.apply(edit(MOVE, path, b"there"))
        assert caught.value.kind is FsErrorKind.NOT_PERMITTED


# Other units

PHOTO = with_units(
    [Unit(1, UnitKind.SIDECARS, b"/in")],
    [1, 1, 1, 0],
    (b"p/1.raw", b"Photos/1.raw"),
    (b"p/1.xmp", b"Photos/1.xmp"),
    (b"p/1.jpg", b"Photos/1.jpg"),
    (b"q", b"q"),
)


@pytest.mark.parametrize(
    ("edits", "units"),
    [
        ([], [1, 1, 1, 0]),
        ([edit(MOVE, b"Photos", b"Pictures")], [1, 1, 1, 0]),
        ([edit(MOVE, b"Photos/1.jpg", b"Photos/cover.jpg")], [1, 1, 1, 0]),
        ([edit(MOVE, b"Photos/1.raw", b"1.raw")], [0, 1, 1, 0]),
        ([edit(EXCLUDE, b"Photos/1.raw")], [1, 1, 0]),
        ([edit(MOVE, b"Photos/1.raw", b"a"), edit(MOVE, b"Photos/1.xmp", b"B/b")], [0, 0, 0, 0]),
        ([edit(MOVE, b"Photos/1.raw", b"1.raw"), edit(MOVE, b"1.raw", b"Photos/1.raw")], [1, 1, 1, 0]),
    ],
    ids=["as planned", "folder renamed", "renamed", "moved away", "left out", "scattered", "brought back"],
)
def test_a_member_that_is_moved_away_leaves_its_unit(edits: list[Edit], units: list[int]) -> None:
    assert [move.unit for move in made(PHOTO, *edits).moves()] == units


def _member(number: int, source: bytes) -> Action:
    return replace(plan_of((source, b"x")).actions[0], action_id=number, unit=1)


@pytest.mark.parametrize(
    ("kind", "placed", "together"),
    [
        (UnitKind.PAGE, [(b"s/p.html", b"Web/p.html"), (b"s/p_files/a", b"Web/p_files/a")], [1, 2]),
        (UnitKind.PAGE, [(b"Web/p.html", b"Web/p.html"), (b"Web/p_files/a", b"Web/p_files/a")], [1, 2]),
        (UnitKind.PAGE, [(b"s/p.html", b"Web/p.html"), (b"s/p_files/a", b"Else/p_files/a")], []),
        (UnitKind.LINKS, [(b"X/a", b"X/a"), (b"y/b", b"X/b")], [1, 2]),
        (UnitKind.LINKS, [(b"X/a", b"X/a"), (b"y/b", b"Y/b")], []),
    ],
    ids=["page", "page in a folder of that name", "parted page", "links", "parted links"],
)
def test_what_lies_as_at_its_source_is_together(
    kind: UnitKind, placed: list[tuple[bytes, bytes]], together: list[int]
) -> None:
    members = [(_member(number, source), target) for number, (source, target) in enumerate(placed, 1)]
    assert still_together([Unit(1, kind, b"/in")], members) == dict.fromkeys(together, 1)
