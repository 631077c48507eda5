"""Names that two files want, as the view shows and takes them; projects, which are shown and moved whole; edits by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ifmosfs.core.files import Place
from ifmosfs.core.plan import Action, ActionKind, ConflictStrategy, Edit, EditKind, KeepReason, Plan, Unit, UnitKind
from ifmosfs.view.values import ROOT_INODE, FsError, FsErrorKind, RenameMode
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import Row, plan_of
from tests.view.views import FILE, NOW_NS, MemoryLog, Scene, at, listed, numbers, rename, view_of

# The memory disk's clock counts up: what stands later in the literal is newer.
TREE = {
    b"in": {b"early.txt": b"early and long", b"mine.txt": b"mine"},
    b"out": {b"Docs": {b"a.txt": b"theirs", b"sub": {}}},
    b"late": {b"late.txt": b"late"},
}
ROOTS = (b"/in", b"/late")
THEIRS = Place(b"/out", b"Docs/a.txt")
REPLACE = ConflictStrategy.REPLACE


def scene_of(disk: MemoryDisk, plan: Plan) -> Scene:
    attrs = [disk.lstat(action.source_place) for action in plan.actions]
    actions = tuple(
        replace(action, expected=attr.fingerprint, mode=attr.mode, entry_kind=attr.kind)
        for action, attr in zip(plan.actions, attrs, strict=True)
    )
    plan, log = replace(plan, actions=actions), MemoryLog()
    return Scene(plan, disk, log, view_of(plan, disk, log))


def contested(strategy: ConflictStrategy = ConflictStrategy.RENAME, rows: Sequence[Row] = ()) -> Scene:
    disk = MemoryDisk.from_tree(TREE)
    rows = rows or ((b"/in/early.txt", b"Docs/early.txt"), (b"/late/late.txt", b"Docs/late.txt"))
    plan = plan_of(*rows, roots=ROOTS)
    return scene_of(disk, replace(plan, policy=replace(plan.policy, strategy=strategy)))


def replacing() -> Scene:
    """`mine.txt` is planned over the target's `Docs/a.txt`, `early.txt` has lost."""
    disk = MemoryDisk.from_tree(TREE)
    plan = plan_of((b"mine.txt", b"Docs/a.txt"), (b"early.txt", b"Docs/a.txt"), roots=ROOTS)
    winner, loser = plan.actions
    winner = replace(winner, replaces=disk.lstat(THEIRS).fingerprint)
    return scene_of(disk, replace(plan, actions=(winner, replace(loser, kind=ActionKind.VAULT))))


def shows(scene: Scene, path: bytes) -> bytes | None:
    """The source of the planned file at a path; `None` for one that already is in the target."""
    inode = scene.inode(path)
    return scene.view.getxattr(inode, b"user.ifmosfs.source") if scene.view.listxattr(inode) else None


def refusal(scene: Scene, path: bytes, target: bytes, mode: RenameMode = RenameMode.REPLACE) -> FsErrorKind:
    with pytest.raises(FsError) as caught:
        rename(scene, path, target, mode)
    return caught.value.kind


def test_a_file_that_replaces_another_is_shown_in_its_place_once() -> None:
    scene = replacing()
    names = [entry.name for entry in listed(scene.view, scene.inode(b"Docs"))]
    assert sorted(names) == [b"a.txt", b"sub"]
    assert shows(scene, b"Docs/a.txt") == b"/in/mine.txt"
    assert scene.view.lookup(scene.inode(b"Docs"), b"a.txt").attr.size_bytes == 4
    assert scene.view.getxattr(scene.inode(b"Docs/a.txt"), b"user.ifmosfs.replaces") == b"6 bytes"


def test_the_file_that_was_to_be_replaced_is_shown_again_when_the_other_leaves() -> None:
    scene = replacing()
    rename(scene, b"Docs/a.txt", b"Docs/sub/a.txt")
    assert (shows(scene, b"Docs/a.txt"), shows(scene, b"Docs/sub/a.txt")) == (None, b"/in/mine.txt")
    assert b"user.ifmosfs.replaces" not in scene.view.listxattr(scene.inode(b"Docs/sub/a.txt"))


def test_what_lost_is_shown_in_the_vault_and_can_be_dragged_out() -> None:
    scene = replacing()
    lost = b"To review/vault/in/early.txt"
    assert shows(scene, lost) == b"/in/early.txt"
    assert scene.view.getxattr(scene.inode(lost), b"user.ifmosfs.status") == b"vault"
    rename(scene, lost, b"Docs/early.txt")
    assert scene.view.getxattr(scene.inode(b"Docs/early.txt"), b"user.ifmosfs.status") == b"planned"


def test_who_is_dragged_over_a_file_that_replaces_another_replaces_that_one() -> None:
    scene = replacing()
    rename(scene, b"To review/vault/in/early.txt", b"Docs/a.txt")
    theirs = scene.disk.lstat(THEIRS).fingerprint
    (edit,) = scene.log.edits
    assert (edit.kind, edit.replaces) == (EditKind.REPLACE, theirs)
    assert shows(scene, b"To review/excluded/in/mine.txt") == b"/in/mine.txt"
    assert shows(scene, b"Docs/a.txt") == b"/in/early.txt"


@pytest.mark.parametrize(
    ("strategy", "wins"),
    [
        (ConflictStrategy.REPLACE, {b"early", b"late"}),
        (ConflictStrategy.NEWEST, {b"late"}),
        (ConflictStrategy.LARGEST, {b"early"}),
        (ConflictStrategy.RENAME, set()),
        (ConflictStrategy.SKIP, set()),
        (ConflictStrategy.ASK, set()),
    ],
    ids=lambda value: value.name if isinstance(value, ConflictStrategy) else "",
)
@pytest.mark.parametrize("name", [b"early", b"late"])
def test_a_rename_over_a_file_of_the_target_asks_the_plans_strategy(
    strategy: ConflictStrategy, wins: set[bytes], name: bytes
) -> None:
    scene = contested(strategy)
    source = b"Docs/" + name + b".txt"
    if name not in wins:
        assert refusal(scene, source, b"Docs/a.txt") is FsErrorKind.EXISTS
        assert (scene.log.edits, shows(scene, b"Docs/a.txt")) == ([], None)
        return
    rename(scene, source, b"Docs/a.txt")
    theirs = scene.disk.lstat(THEIRS).fingerprint
    assert scene.log.edits == [Edit(1, EditKind.REPLACE, source, b"Docs/a.txt", NOW_NS, replaces=theirs, step=1)]
    assert shows(scene, b"Docs/a.txt") == scene.plan.actions[[b"early", b"late"].index(name)].source_place.absolute


@pytest.mark.parametrize(
    ("mode", "kind"),
    [(RenameMode.NO_REPLACE, FsErrorKind.EXISTS), (RenameMode.EXCHANGE, FsErrorKind.READ_ONLY)],
    ids=lambda each: each.name,
)
def test_only_a_plain_rename_replaces(mode: RenameMode, kind: FsErrorKind) -> None:
    assert refusal(contested(REPLACE), b"Docs/late.txt", b"Docs/a.txt", mode) is kind


def test_a_folder_is_never_replaced_and_replaces_nothing() -> None:
    scene = contested(REPLACE)
    scene.view.mkdir(ROOT_INODE, b"New", 0o755)
    assert refusal(scene, b"Docs/late.txt", b"Docs/sub") is FsErrorKind.EXISTS
    assert refusal(scene, b"New", b"Docs/a.txt") is FsErrorKind.EXISTS


def test_a_file_does_not_replace_another_name_of_itself() -> None:
    disk = MemoryDisk.from_tree(TREE)
    disk.link(Place(b"/in", b"mine.txt"), Place(b"/out", b"Docs/same.txt"))
    plan = plan_of((b"mine.txt", b"Docs/mine.txt"))
    scene = scene_of(disk, replace(plan, policy=replace(plan.policy, strategy=REPLACE)))
    assert refusal(scene, b"Docs/mine.txt", b"Docs/same.txt") is FsErrorKind.EXISTS


def test_the_categorys_own_strategy_goes_before_the_plans() -> None:
    scene = contested(REPLACE)
    policy = replace(scene.plan.policy, by_category=(("paper", ConflictStrategy.SKIP),))
    scene = scene_of(MemoryDisk.from_tree(TREE), replace(scene.plan, policy=policy))
    assert refusal(scene, b"Docs/late.txt", b"Docs/a.txt") is FsErrorKind.EXISTS


# Edits by others


def test_reload_takes_in_what_others_have_edited_and_keeps_the_numbers() -> None:
    scene = contested()
    before = numbers(scene.view)
    scene.log.edits.append(Edit(1, EditKind.MOVE, b"Docs/late.txt", b"Else/late.txt", 7))
    scene.log.edits.append(Edit(2, EditKind.MKDIR, b"New", None, 8))
    assert b"Else" not in scene.tree()
    assert scene.view.getxattr(ROOT_INODE, b"user.ifmosfs.reload") == b""
    assert scene.tree()[b"Else"] == {b"late.txt": FILE}
    after = numbers(scene.view)
    assert after == numbers(scene.again())
    assert after[b"/Else/late.txt"] == before[b"/Docs/late.txt"]


def test_reload_is_asked_for_at_the_root_only() -> None:
    scene = contested()
    for path in (b"Docs", b"Docs/late.txt"):
        with pytest.raises(FsError) as caught:
            scene.view.getxattr(scene.inode(path), b"user.ifmosfs.reload")
        assert caught.value.kind is FsErrorKind.NO_ATTRIBUTE
    assert scene.view.listxattr(ROOT_INODE) == []


def test_an_edit_is_made_on_what_others_have_edited() -> None:
    scene = contested()
    scene.log.edits.append(Edit(1, EditKind.MOVE, b"Docs/late.txt", b"Docs/sub/late.txt", 7))
    rename(scene, b"Docs/early.txt", b"Docs/sub/early.txt")
    assert [edit.seq for edit in scene.log.edits] == [1, 2]
    assert scene.tree(b"Docs/sub") == {b"late.txt": FILE, b"early.txt": FILE}
    assert scene.again().resolve(b"Docs/sub/early.txt") == scene.inode(b"Docs/sub/early.txt")


def test_an_edit_that_others_have_made_impossible_is_refused_and_not_recorded() -> None:
    scene = contested()
    scene.log.edits.append(Edit(1, EditKind.EXCLUDE, b"Docs/late.txt", None, 7))
    assert refusal(scene, b"Docs/late.txt", b"Else/late.txt") is FsErrorKind.NOT_FOUND
    assert len(scene.log.edits) == 1
    assert scene.again().resolve(b"To review/excluded/late/late.txt")


def test_a_name_that_others_have_taken_meanwhile_is_taken() -> None:
    scene = contested()
    scene.log.edits.append(Edit(1, EditKind.MOVE, b"Docs/early.txt", b"Docs/x", 7))
    assert refusal(scene, b"Docs/late.txt", b"Docs/x", RenameMode.NO_REPLACE) is FsErrorKind.EXISTS


# Projects


def project_scene() -> Scene:
    disk = MemoryDisk.from_tree(
        {b"in": {b"prog": {b".git": {b"HEAD": b"ref"}, b"src": {b"a.py": b"1"}, b"empty": {}}, b"b": b"2"}, b"out": {}}
    )
    plan = plan_of((b"prog/src/a.py", KeepReason.PROJECT), (b"b", b"Docs/b"))
    member: Action = replace(plan.actions[0], unit=1)
    units = (Unit(1, UnitKind.PROJECT, b"/in", b"prog"),)
    return scene_of(disk, replace(plan, actions=(member, plan.actions[1]), units=units))


WHOLE = {b".git": {b"HEAD": FILE}, b"src": {b"a.py": FILE}, b"empty": {}}
STAYS = b"To review/projects/prog"


@pytest.mark.parametrize("where", [STAYS, b"Code/prog"], ids=["staying", "planned"])
def test_a_project_is_shown_with_all_that_is_in_it_as_it_is(where: bytes) -> None:
    scene = project_scene()
    if where != STAYS:
        scene.view.mkdir(ROOT_INODE, b"Code", 0o755)
        rename(scene, STAYS, where)
    assert scene.tree(where) == WHOLE
    assert scene.content(where + b"/.git/HEAD") == b"ref"
    shown, real = scene.view.getattr(scene.inode(where + b"/src")), scene.disk.lstat(Place(b"/in", b"prog/src"))
    assert (shown.mode, shown.mtime_ns) == (real.mode, real.mtime_ns)


@pytest.mark.parametrize("where", [STAYS, b"prog"], ids=["staying", "planned"])
def test_nothing_in_a_project_is_changed_on_its_own(where: bytes) -> None:
    scene = project_scene()
    if where != STAYS:
        rename(scene, STAYS, where)
    edits = list(scene.log.edits)
    kinds = set()
    for change in (
        lambda: scene.view.unlink(*at(scene, where + b"/src/a.py")),
        lambda: scene.view.unlink(*at(scene, where + b"/.git/HEAD")),
        lambda: scene.view.rmdir(*at(scene, where + b"/empty")),
        lambda: scene.view.mkdir(scene.inode(where + b"/src"), b"new", 0o755),
        lambda: scene.view.mkdir(scene.inode(where + b"/.git"), b"new", 0o755),
        lambda: rename(scene, where + b"/src", b"src"),
        lambda: rename(scene, where + b"/.git", b"git"),
        lambda: rename(scene, b"Docs/b", where + b"/src/b"),
        lambda: rename(scene, b"Docs/b", where + b"/.git/HEAD"),
        lambda: scene.view.chmod(scene.inode(where + b"/src"), 0o700),
    ):
        with pytest.raises(FsError) as caught:
            change()
        kinds.add(caught.value.kind)
    assert kinds <= {FsErrorKind.NOT_PERMITTED, FsErrorKind.READ_ONLY, FsErrorKind.EXISTS}
    assert (scene.log.edits, scene.tree(where)) == (edits, WHOLE)
