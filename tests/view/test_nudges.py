"""Which names those who watch are told of, and what the process that has them told is shown: it alone, and without an edit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ifmosfs.core.edit_log import retracing, undoable
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.view.attributes import CATEGORY
from ifmosfs.view.nudges import FOLDER_INODE, NOT_KEPT
from ifmosfs.view.protocol import ChangedNames
from ifmosfs.view.telling import MOST_NUDGED, TOLD
from ifmosfs.view.values import ROOT_INODE, Caller, FsError, FsErrorKind, RenameMode
from tests.view.views import OWNER, Scene, Told, at, rename

NUDGER, OTHER = Caller(*OWNER, 100), Caller(*OWNER, 200)
A, B = b"Docs/a.pdf", b"New/b.pdf"
OUT = b"To review/excluded"


@pytest.fixture
def told(scene: Scene) -> Told:
    told = Told()
    scene.view.tell(told)
    return told


def edit(kind: EditKind, path: bytes, target: bytes | None = None) -> Edit:
    return Edit(0, kind, path, target, 7)


def others_edit(scene: Scene, *drafts: Edit) -> None:
    """Others make edits, each a step of its own, and the view takes them in."""
    for draft in drafts:
        assert scene.log.append(draft, len(scene.log.edits)) is not None
    scene.view.reload()


def undo(scene: Scene) -> None:
    others_edit(scene, retracing(EditKind.UNDO, undoable(scene.log.edits)[0], 0))


def paths(told: Told) -> list[dict[bytes, bool]]:
    """The changed names that were told, and whether each is a folder."""
    return [names.paths for names in told.watchers]


@pytest.mark.parametrize(
    ("edits", "names"),
    [
        ([edit(EditKind.MOVE, A, b"New/z.pdf")], {A: False, b"New/z.pdf": False}),
        ([edit(EditKind.MOVE, b"New", b"Docs/New")], {b"New": True, b"Docs/New": True}),
        ([edit(EditKind.MOVE, A, b"Docs/Sub/a.pdf")], {A: False, b"Docs/Sub/a.pdf": False}),
        ([edit(EditKind.SWAP, A, B)], {A: False, B: False}),
        ([edit(EditKind.EXCLUDE, A)], {A: False, OUT + b"/a.pdf": False}),
        ([edit(EditKind.EXCLUDE, B)], {B: False, OUT + b"/deep": True, OUT + b"/deep/b.pdf": False}),
        ([edit(EditKind.MOVE, A, B)], {A: False, B: False, OUT + b"/deep": True, OUT + b"/deep/b.pdf": False}),
        ([edit(EditKind.MKDIR, b"Made")], {b"Made": True}),
        ([edit(EditKind.RMDIR, b"New/Empty")], {b"New/Empty": True}),
        ([edit(EditKind.MKDIR, b"Made"), edit(EditKind.RMDIR, b"Made")], {}),
        ([edit(EditKind.MOVE, A, b"z"), edit(EditKind.MOVE, b"z", A)], {}),
        ([edit(EditKind.TOUCH, b"New")], {}),
    ],
    ids=lambda value: (
        b" then ".join(each.kind.value.encode() for each in value).decode() if isinstance(value, list) else ""
    ),
)
def test_who_watches_is_told_of_all_names_that_edits_by_others_have_changed_and_of_no_other(
    scene: Scene, told: Told, edits: Sequence[Edit], names: dict[bytes, bool]
) -> None:
    others_edit(scene, *edits)
    assert paths(told) == ([names] if names else [])
    for _ in edits:
        undo(scene)
    if len(edits) == 1:
        assert paths(told) == ([names, names] if names else [])


def test_who_watches_is_told_of_a_folder_that_was_made_on_the_way_but_not_of_one_that_was_there(
    scene: Scene, told: Told
) -> None:
    others_edit(scene, edit(EditKind.EXCLUDE, B), edit(EditKind.MOVE, A, b"New/b.pdf"))
    others_edit(scene, edit(EditKind.MOVE, OUT + b"/deep/b.pdf", b"b"), edit(EditKind.EXCLUDE, b"b"))
    assert paths(told)[1:] == []  # it is where it was
    others_edit(scene, edit(EditKind.MOVE, OUT + b"/deep/b.pdf", b"b"))
    others_edit(scene, edit(EditKind.EXCLUDE, b"b"))
    assert paths(told)[1:] == [{b"b": False, OUT + b"/deep/b.pdf": False}] * 2


def test_who_watches_is_told_of_a_file_that_is_filed_by_its_attribute(scene: Scene, told: Told) -> None:
    scene.view.setxattr(scene.inode(A), CATEGORY, b"colon", 0, OTHER)
    (made,) = (name for name in paths(told)[0] if name.endswith(b"a.pdf") and name != A)
    top, below, _ = made.split(b"/")
    assert paths(told) == [{A: False, top: True, top + b"/" + below: True, made: False}]


def test_of_an_edit_through_the_kernel_only_what_it_displaces_is_told(scene: Scene, told: Told) -> None:
    rename(scene, A, b"New/a.pdf")
    scene.view.unlink(*at(scene, B))
    rename(scene, b"New/a.pdf", b"New/odd\xff\nname")
    rename(scene, b"New", b"To review/New")
    assert paths(told) == [
        {OUT + b"/deep": True, OUT + b"/deep/b.pdf": False},
        {OUT + b"/odd\xff\nname": False},
        {b"To review/New": True, OUT + b"/New": True},
    ]


def test_nothing_is_told_of_very_many_names(scene: Scene, told: Told) -> None:
    names = ChangedNames({b"%d" % number: False for number in range(MOST_NUDGED + 1)}, frozenset())
    with scene.view.nudging([names]) as nudge:
        assert nudge.renames == []


def test_a_new_name_is_not_kept_by_the_kernel_until_who_watches_was_told(scene: Scene, told: Told) -> None:
    inode = scene.inode(A)
    assert scene.view.validity(inode) == TOLD
    others_edit(scene, edit(EditKind.MOVE, A, b"New/z"))
    assert scene.view.validity(inode) == NOT_KEPT
    others_edit(scene, edit(EditKind.MOVE, b"New/z", A))
    first, second = told.watchers
    with scene.view.nudging([first]):
        pass
    assert scene.view.validity(inode) == NOT_KEPT  # it was announced anew
    with scene.view.nudging([second]):
        assert scene.view.validity(inode) == NOT_KEPT
    assert scene.view.validity(inode) == TOLD


def shown(scene: Scene, path: bytes, caller: Caller) -> int | FsErrorKind:
    """The inode that somebody is given for a path, name by name, or the refusal."""
    inode = ROOT_INODE
    try:
        for name in path.split(b"/"):
            inode = scene.view.lookup(inode, name, caller).attr.inode
    except FsError as error:
        return error.kind
    return inode


def renamed(scene: Scene, pair: tuple[bytes, bytes], caller: Caller) -> FsErrorKind | None:
    """Somebody makes a rename as the kernel passes it on: the refusal, if it is refused."""
    places = []
    for path in pair:
        above, _, name = path.rpartition(b"/")
        parent = shown(scene, above, NUDGER) if above else ROOT_INODE
        assert isinstance(parent, int), path
        places += [parent, name]
    try:
        scene.view.rename(*places, RenameMode.NO_REPLACE, caller)  # type: ignore[arg-type]
    except FsError as error:
        return error.kind
    return None


def test_the_nudger_alone_moves_what_is_gone_out_and_what_is_new_in_and_nothing_is_edited(
    scene: Scene, told: Told
) -> None:
    others_edit(scene, edit(EditKind.MOVE, A, b"New/z"))
    inode, tree, edits = scene.inode(b"New/z"), scene.tree(), list(scene.log.edits)
    with scene.view.nudging(told.watchers) as nudge:
        gone, new = nudge.renames
        assert (gone[0], new[1]) == (A, b"New/z")
        assert shown(scene, A, NUDGER) is FsErrorKind.NOT_FOUND  # not before it is known who that is
        nudge.pid = NUDGER.pid
        for who, places in ((NUDGER, ("ghost", "ghost", "none")), (OTHER, ("none", "none", "real"))):
            seen = [shown(scene, path, who) for path in (A, new[0], b"New/z")]
            kinds = ["none" if isinstance(n, FsErrorKind) else "real" if n == inode else "ghost" for n in seen]
            assert tuple(kinds) == places
        ghost = shown(scene, A, NUDGER)
        assert isinstance(ghost, int)
        assert (scene.view.getattr(ghost).inode, scene.view.validity(ghost)) == (ghost, NOT_KEPT)

        assert [renamed(scene, pair, OTHER) for pair in nudge.renames] == [
            FsErrorKind.NOT_FOUND,
            FsErrorKind.NOT_A_FOLDER,
        ]
        assert [renamed(scene, pair, NUDGER) for pair in nudge.renames] == [None, None]
        assert [shown(scene, path, NUDGER) for path in (A, b"New/z")] == [FsErrorKind.NOT_FOUND, inode]
        assert (scene.tree(), scene.log.edits) == (tree, edits)
    assert shown(scene, b".ifmosfs/nudge", NUDGER) is FsErrorKind.NOT_FOUND
    with pytest.raises(FsError):
        scene.view.getattr(ghost)


def test_nobody_can_edit_anything_by_the_renames_of_a_nudger_whose_time_is_over(scene: Scene, told: Told) -> None:
    others_edit(scene, edit(EditKind.MOVE, A, b"New/z"))
    others_edit(scene, edit(EditKind.MOVE, b"New/z", A))
    edits = list(scene.log.edits)
    for new_parent, name in ((FOLDER_INODE, b"1"), (scene.inode(b".ifmosfs"), b"nudge")):
        with pytest.raises(FsError):
            scene.view.rename(*at(scene, A), new_parent, name, RenameMode.NO_REPLACE, NUDGER)
    assert scene.log.edits == edits


def test_what_is_not_so_any_more_is_not_told(scene: Scene, told: Told) -> None:
    others_edit(scene, edit(EditKind.MOVE, A, b"New/z"))
    with scene.view.nudging(told.watchers) as nudge:
        nudge.pid = NUDGER.pid
        rename(scene, b"New/z", A)
        edits = list(scene.log.edits)
        assert shown(scene, A, NUDGER) == scene.inode(A)
        assert [renamed(scene, pair, NUDGER) for pair in nudge.renames] == [FsErrorKind.NOT_FOUND] * 2
        assert scene.log.edits == edits


def test_what_several_edits_have_changed_is_told_as_it_is_in_the_end(scene: Scene, told: Told) -> None:
    others_edit(scene, edit(EditKind.MKDIR, b"Made"), edit(EditKind.MKDIR, b"Made/in"))
    others_edit(scene, edit(EditKind.MOVE, A, b"Made/in/a"))
    undo(scene)
    with scene.view.nudging(told.watchers) as nudge:
        found = [pair[1] if pair[0].startswith(b".ifmosfs/") else pair[0] for pair in nudge.renames]
        comes = [pair[0].startswith(b".ifmosfs/") for pair in nudge.renames]
    assert list(zip(found, comes, strict=True)) == [
        (b"Made", True),
        (A, True),
        (b"Made/in", True),
        (b"Made/in/a", False),
    ]


def test_of_a_folder_that_is_gone_with_all_in_it_only_its_own_name_is_told(scene: Scene, told: Told) -> None:
    others_edit(scene, edit(EditKind.MKDIR, b"Made"), edit(EditKind.MKDIR, b"Made/in"))
    undo(scene)
    undo(scene)
    with scene.view.nudging(told.watchers) as nudge:
        assert [pair[0] for pair in nudge.renames] == [b"Made"]
