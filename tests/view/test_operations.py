"""The view's operations on every kind of node: what they answer, what they refuse, and what they leave alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from ifmosfs.core.errors import DatabaseDamaged, DiskFull, IfmosfsError, WrongState
from ifmosfs.core.files import Attr, Kind, Place
from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import Edit, EditKind
from ifmosfs.core.ports import Disk
from ifmosfs.view.operations import View
from ifmosfs.view.values import ROOT_INODE, Caller, FsError, FsErrorKind, RenameMode
from tests.adapters.faults import Delegating
from tests.adapters.memory_disk import MemoryDisk
from tests.adapters.trees import read_tree
from tests.view.views import NOW_NS, OWNER, TREE, Scene, Told, at, listed, make_scene, numbers, rename, view_of

E = FsErrorKind
FILE, LINK = Kind.FILE, Kind.SYMLINK
WHO, REVIEW_LINK = b"To review/unsure/who", b"To review/links/link"
# One node of every kind, and what each operation answers for it; `None`: it is allowed.
NODES: Final = {
    "root": b"",
    "existing folder with plans": b"Docs",
    "existing folder": b"Docs/Sub",
    "existing file": b"Docs/theirs.pdf",
    "planned file": b"Docs/a.pdf",
    "planned folder": b"New",
    "review": b"To review",
    "reason": b"To review/unsure",
    "review file": WHO,
    "control folder": b".ifmosfs",
    "control file": b".ifmosfs/README.txt",
}
FOLDERS: Final = {name for name in NODES if "file" not in name}


def onto(mode: RenameMode) -> Callable[[Scene, bytes], None]:
    return lambda scene, path: rename(scene, b"Docs/a.pdf", path, mode)


def for_all(refusal: FsErrorKind | None) -> dict[str, FsErrorKind | None]:
    return dict.fromkeys(NODES, refusal)


def for_kinds(folder: FsErrorKind | None, file: FsErrorKind | None) -> dict[str, FsErrorKind | None]:
    return {name: folder if name in FOLDERS else file for name in NODES}


OWN: Final = {name: E.READ_ONLY for name in NODES if name.startswith(("existing", "control"))}
ONLY_PLANNED_FOLDERS: Final = {
    **for_kinds(None, E.NOT_PERMITTED),
    "root": E.READ_ONLY,
    "existing folder with plans": E.READ_ONLY,
    "existing folder": E.READ_ONLY,
    "control folder": E.NOT_PERMITTED,
}
ONLY_PLANNED_FILES: Final = {**for_all(E.NOT_SUPPORTED), "planned file": None, "review file": None}
AS_PARENT: Final = {**for_kinds(None, E.NOT_A_FOLDER), "review": E.NOT_PERMITTED, "control folder": E.NO_ACCESS}

OPERATIONS: Final[dict[str, tuple[Callable[[Scene, bytes], object], dict[str, FsErrorKind | None]]]] = {
    "getattr": (lambda scene, path: scene.view.getattr(scene.inode(path)), for_all(None)),
    "fsync_folder": (lambda scene, path: scene.view.fsync_folder(scene.inode(path)), for_all(None)),
    "listxattr": (lambda scene, path: scene.view.listxattr(scene.inode(path)), for_all(None)),
    "getxattr": (lambda scene, path: scene.view.getxattr(scene.inode(path), b"user.x"), for_all(E.NO_ATTRIBUTE)),
    "setxattr": (
        lambda scene, path: scene.view.setxattr(scene.inode(path), b"user.x", b"", 0),
        for_all(E.NOT_SUPPORTED),
    ),
    "refile": (
        lambda scene, path: scene.view.setxattr(scene.inode(path), b"user.ifmosfs.category", b"paper", 0),
        ONLY_PLANNED_FILES,
    ),
    "removexattr": (lambda scene, path: scene.view.removexattr(scene.inode(path), b"user.x"), for_all(E.NO_ATTRIBUTE)),
    "readlink": (lambda scene, path: scene.view.readlink(scene.inode(path)), for_all(E.INVALID)),
    "readdir": (lambda scene, path: listed(scene.view, scene.inode(path)), for_kinds(None, E.NOT_A_FOLDER)),
    "lookup in": (
        lambda scene, path: scene.view.lookup(scene.inode(path), b"none"),
        for_kinds(E.NOT_FOUND, E.NOT_A_FOLDER),
    ),
    "lookup too long": (
        lambda scene, path: scene.view.lookup(scene.inode(path), b"x" * 256),
        for_all(E.NAME_TOO_LONG),
    ),
    "open": (
        lambda scene, path: scene.view.release(scene.view.open(scene.inode(path), os.O_RDONLY).handle),
        for_kinds(E.IS_A_FOLDER, None),
    ),
    "open to write": (lambda scene, path: scene.view.open(scene.inode(path), os.O_RDWR), for_all(E.READ_ONLY)),
    "mkdir in": (lambda scene, path: scene.view.mkdir(scene.inode(path), b"made", 0o755), AS_PARENT),
    "mkdir trash in": (
        lambda scene, path: scene.view.mkdir(scene.inode(path), b".Trash-1000", 0o755),
        for_all(E.NO_ACCESS),
    ),
    "rename into": (
        lambda scene, path: scene.view.rename(
            *at(scene, b"New/b.pdf"), scene.inode(path), b"made", RenameMode.NO_REPLACE
        ),
        {**AS_PARENT, "review": None},
    ),
    "chmod": (lambda scene, path: scene.view.chmod(scene.inode(path), 0o700), ONLY_PLANNED_FOLDERS),
    "set_times": (lambda scene, path: scene.view.set_times(scene.inode(path), 1, 2), ONLY_PLANNED_FOLDERS),
    "rmdir": (
        lambda scene, path: scene.view.rmdir(*at(scene, path)),
        {
            **OWN,
            "planned file": E.NOT_A_FOLDER,
            "review file": E.NOT_A_FOLDER,
            "planned folder": E.NOT_EMPTY,
            "review": E.BUSY,
            "reason": E.BUSY,
        },
    ),
    "unlink": (
        lambda scene, path: scene.view.unlink(*at(scene, path)),
        {
            **OWN,
            "planned file": None,
            "review file": None,
            "planned folder": E.IS_A_FOLDER,
            "review": E.IS_A_FOLDER,
            "reason": E.IS_A_FOLDER,
        },
    ),
    "rename": (
        lambda scene, path: rename(scene, path, b"New/made"),
        {
            **OWN,
            "planned file": None,
            "review file": None,
            "planned folder": E.INVALID,
            "review": E.BUSY,
            "reason": E.BUSY,
        },
    ),
    "rename over": (
        onto(RenameMode.REPLACE),
        {
            "existing folder with plans": E.READ_ONLY,
            "existing folder": E.EXISTS,
            "existing file": E.EXISTS,
            "planned file": None,
            "planned folder": E.IS_A_FOLDER,
            "review": E.IS_A_FOLDER,
            "reason": E.NOT_PERMITTED,
            "review file": E.EXISTS,
            "control folder": E.EXISTS,
            "control file": E.NO_ACCESS,
        },
    ),
    "rename over, not replacing": (
        onto(RenameMode.NO_REPLACE),
        {**{name: E.EXISTS for name in NODES if name != "root"}, "control file": E.NO_ACCESS},
    ),
    "exchange": (
        onto(RenameMode.EXCHANGE),
        {
            "existing folder with plans": E.READ_ONLY,
            "existing folder": E.READ_ONLY,
            "existing file": E.READ_ONLY,
            "planned file": None,
            "planned folder": None,
            "review": E.BUSY,
            "reason": E.BUSY,
            "review file": None,
            "control folder": E.READ_ONLY,
            "control file": E.READ_ONLY,
        },
    ),
}
CASES = [(operation, node) for operation, (_, answers) in OPERATIONS.items() for node in answers]


@pytest.mark.parametrize(("operation", "node"), CASES, ids=[f"{operation} {node}" for operation, node in CASES])
def test_every_operation_answers_for_every_kind_of_node(scene: Scene, operation: str, node: str) -> None:
    act, answers = OPERATIONS[operation]
    before, disk_before = numbers(scene.view), read_tree(os.path.dirname(scene.plan.target))
    refusal: FsErrorKind | None = None
    try:
        act(scene, NODES[node])
    except FsError as error:
        refusal = error.kind
    assert refusal is answers[node]
    if refusal is not None:
        assert (numbers(scene.view), scene.log.edits) == (before, [])
    assert numbers(scene.view) == numbers(scene.again())
    assert read_tree(os.path.dirname(scene.plan.target)) == disk_before


@pytest.mark.parametrize("inode", [2, (1 << 40) + 99, 1 << 41, (1 << 41) + 99, (1 << 42) + 99, (1 << 62) + 99], ids=hex)
@pytest.mark.parametrize("ask", [View.getattr, View.listxattr, View.fsync_folder], ids=lambda ask: ask.__name__)
def test_a_number_that_stands_for_nothing_is_not_found(
    scene: Scene, ask: Callable[[View, int], object], inode: int
) -> None:
    with pytest.raises(FsError) as refused:
        ask(scene.view, inode)
    assert refused.value.kind is E.NOT_FOUND


# Looking


def test_the_view_is_the_target_with_what_is_planned_and_what_stays(scene: Scene) -> None:
    assert scene.tree() == TREE


@pytest.mark.parametrize("path", [b"none", b"New/none", b"Docs/Sub/none", b"To review/top", b".ifmosfs/none"])
def test_what_is_not_there_is_not_found(scene: Scene, path: bytes) -> None:
    with pytest.raises(FsError) as refused:
        scene.inode(path)
    assert refused.value.kind is E.NOT_FOUND


@pytest.mark.parametrize("path", [b"top/x", b"Docs/a.pdf/x", WHO + b"/x", b".ifmosfs/README.txt/x"])
def test_nothing_is_found_below_a_file(scene: Scene, path: bytes) -> None:
    with pytest.raises(FsError) as refused:
        scene.inode(path)
    assert refused.value.kind is E.NOT_A_FOLDER


def test_files_show_the_bytes_and_attributes_of_their_originals(scene: Scene) -> None:
    paths = [b"Docs/a.pdf", b"New/b.pdf", b"New/odd\xff\nname", WHO, b"Docs/theirs.pdf", b"top"]
    assert [scene.content(path) for path in paths] == [b"first", b"second", b"third", b"fourth", b"theirs", b"top"]
    shown, original = (
        scene.view.getattr(scene.inode(b"Docs/a.pdf")),
        scene.disk.lstat(Place(scene.plan.roots[0].path, b"a.pdf")),
    )
    assert (shown.mode, shown.uid, shown.size_bytes, shown.mtime_ns, shown.n_links) == (
        original.mode,
        original.uid,
        original.size_bytes,
        original.mtime_ns,
        1,
    )


def test_a_read_ends_where_the_file_ends(scene: Scene) -> None:
    opened = scene.view.open(scene.inode(b"Docs/a.pdf"), 0)
    reads = [scene.view.read(opened.handle, *where) for where in ((3, 0), (9, 3), (9, 5), (9, 99))]
    scene.view.release(opened.handle)
    assert reads == [b"fir", b"st", b"", b""]


def test_a_planned_folder_has_the_plans_mode_owner_and_time(scene: Scene) -> None:
    attr = scene.view.getattr(scene.inode(b"New"))
    assert (attr.mode, (attr.uid, attr.gid), attr.mtime_ns, attr.n_links) == (stat.S_IFDIR | 0o755, OWNER, 1_000, 3)


def test_a_planned_folder_shows_the_setgid_bit_and_the_group_of_the_folder_above_it_as_it_is_now(scene: Scene) -> None:
    target = Place(scene.plan.target, b"")
    mode, group = scene.disk.lstat(target).mode & 0o777, scene.disk.lstat(target).gid
    looks = []
    for bit in (0o2000, 0):
        os.chmod(target.absolute, mode | bit)
        shown = [scene.view.getattr(scene.inode(path)) for path in (b"New", b"To review")]
        looks.append([(attr.mode, attr.gid) for attr in shown])
    plain = (stat.S_IFDIR | 0o755, OWNER[1])
    assert looks == [[(stat.S_IFDIR | 0o2755, group), plain], [plain, plain]]


def test_a_folder_of_the_target_that_gets_no_plans_shows_its_own_time(scene: Scene) -> None:
    own = scene.disk.lstat(Place(scene.plan.target, b"Docs/Sub"))
    shown = scene.view.getattr(scene.inode(b"Docs/Sub"))
    assert (shown.mode, shown.mtime_ns, shown.n_links) == (own.mode, own.mtime_ns, own.n_links)


def test_what_appears_in_the_target_appears_in_the_view(scene: Scene) -> None:
    target = os.fsdecode(scene.plan.target)
    Path(target, "Docs", "late").write_bytes(b"late")
    os.unlink(os.path.join(target, "top"))
    assert scene.tree() == {
        b"Docs": {**TREE[b"Docs"], b"late": FILE},  # type: ignore[dict-item]
        **{name: TREE[name] for name in (b"New", b"To review", b"soft")},
    }
    assert scene.content(b"Docs/late") == b"late"


@pytest.mark.parametrize(
    "put", [lambda path: Path(path).write_bytes(b""), lambda path: os.symlink("/", path)], ids=["file", "link"]
)
def test_what_is_put_where_a_folder_is_planned_hides_nothing_of_the_plan(
    scene: Scene, put: Callable[[str], object]
) -> None:
    put(os.path.join(os.fsdecode(scene.plan.target), "New"))
    assert scene.tree() == TREE


def test_a_target_that_does_not_exist_yet_is_an_empty_one() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"x"}})
    scene = make_scene(disk, b"/in", b"/out/not/yet", [(b"a", b"Docs/a")], folders=[b"Docs"])
    assert scene.tree() == {b"Docs": {b"a": FILE}, b"To review": {}}
    assert scene.view.statfs() == disk.space(Place(b"/", b""))


def test_names_that_the_target_holds_for_equal_are_listed_once_and_found_by_both() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"x"}, b"out": {b"A": b"theirs later", b"b": b""}})
    scene = make_scene(disk, b"/in", b"/out", [(b"a", b"a")], names=NameRules(ignores_case=True))
    assert scene.tree() == {b"a": FILE, b"b": FILE, b"To review": {}}
    assert scene.inode(b"A") == scene.inode(b"a")


def test_a_link_that_stays_points_to_where_it_pointed_from_its_own_folder(scene: Scene) -> None:
    assert scene.view.readlink(scene.inode(REVIEW_LINK)) == scene.plan.roots[0].path + b"/a.pdf"
    assert scene.view.readlink(scene.inode(b"soft")) == b"top"


def test_a_link_that_is_dragged_out_shows_the_text_that_commit_leaves(scene: Scene) -> None:
    rename(scene, REVIEW_LINK, b"New/link")
    assert scene.view.readlink(scene.inode(b"New/link")) == b"a.pdf"


def test_space_is_that_of_the_target(scene: Scene) -> None:
    assert scene.view.statfs().block_bytes == scene.disk.space(Place(scene.plan.target, b"")).block_bytes


# Handles


def n_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_every_open_ends_with_its_release(scene: Scene) -> None:
    paths = [b"Docs/a.pdf", b"Docs/theirs.pdf", b".ifmosfs/README.txt"]
    for path in paths:
        scene.content(path)
    before = n_descriptors()
    opened = [scene.view.open(scene.inode(path), 0) for path in paths * 5]
    during = n_descriptors()
    for each in opened:
        scene.view.release(each.handle)
        scene.view.release(each.handle)
    assert (during - before, n_descriptors() - before) == (10, 0)
    assert len({each.handle for each in opened}) == 15


def test_a_released_handle_reads_no_more(scene: Scene) -> None:
    opened = scene.view.open(scene.inode(b"top"), 0)
    scene.view.release(opened.handle)
    with pytest.raises(FsError) as refused:
        scene.view.read(opened.handle, 1, 0)
    assert refused.value.kind is E.INVALID


def test_refused_opens_leave_no_descriptor(scene: Scene) -> None:
    before = n_descriptors()
    for path, flags in [(b"soft", 0), (b"Docs", 0), (b"top", os.O_WRONLY), (b"Docs/a.pdf", os.O_TRUNC)]:
        with pytest.raises(FsError):
            scene.view.open(scene.inode(path), flags)
    assert n_descriptors() == before


def test_an_open_file_stays_readable_after_it_was_left_out(scene: Scene) -> None:
    opened = scene.view.open(scene.inode(b"Docs/a.pdf"), 0)
    scene.view.unlink(*at(scene, b"Docs/a.pdf"))
    assert scene.view.read(opened.handle, 99, 0) == b"first"
    scene.view.release(opened.handle)


def test_no_descriptor_is_open_for_writing(scene: Scene) -> None:
    opened = [scene.view.open(scene.inode(path), 0) for path in (b"Docs/a.pdf", b"top")]
    for each in opened:
        assert each.descriptor is not None
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(each.descriptor, b"x")
        scene.view.release(each.handle)


# Editing


def test_unlink_leaves_the_file_where_it_is_and_shows_it_for_review(scene: Scene) -> None:
    scene.view.unlink(*at(scene, b"Docs/a.pdf"))
    assert scene.tree(b"To review") == {**TREE[b"To review"], b"excluded": {b"a.pdf": FILE}}  # type: ignore[dict-item]
    assert scene.content(b"To review/excluded/a.pdf") == b"first"


def test_a_rename_over_a_planned_file_puts_that_one_under_review(scene: Scene) -> None:
    rename(scene, b"Docs/a.pdf", b"New/b.pdf")
    assert scene.content(b"New/b.pdf") == b"first"
    assert scene.content(b"To review/excluded/deep/b.pdf") == b"second"


def test_an_exchange_swaps_two_files(scene: Scene) -> None:
    rename(scene, b"Docs/a.pdf", b"New/b.pdf", RenameMode.EXCHANGE)
    assert (scene.content(b"Docs/a.pdf"), scene.content(b"New/b.pdf")) == (b"second", b"first")


def test_an_exchange_with_nothing_is_not_found(scene: Scene) -> None:
    with pytest.raises(FsError) as refused:
        rename(scene, b"Docs/a.pdf", b"Docs/none", RenameMode.EXCHANGE)
    assert refused.value.kind is E.NOT_FOUND


def test_a_file_that_is_dragged_out_of_review_is_planned(scene: Scene) -> None:
    rename(scene, WHO, b"Docs/Sub/who")
    assert scene.log.edits == [Edit(1, EditKind.MOVE, WHO, b"Docs/Sub/who", NOW_NS, step=1)]
    assert scene.view.getxattr(scene.inode(b"Docs/Sub/who"), b"user.ifmosfs.status") == b"planned"


def test_a_rename_over_itself_is_no_edit(scene: Scene) -> None:
    rename(scene, b"Docs/a.pdf", b"Docs/a.pdf")
    assert scene.log.edits == []


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        (b"x" * 256, E.NAME_TOO_LONG),
        (b".Trash", E.NO_ACCESS),
        (b".Trash-0", E.NO_ACCESS),
        (b".ifmosfs", E.EXISTS),
        (b"..", E.INVALID),
        (b".", E.INVALID),
        (b"To review", E.EXISTS),
        (b"New", E.EXISTS),
        (b"top", E.EXISTS),
    ],
)
def test_a_folder_gets_no_name_that_is_taken_or_refused(scene: Scene, name: bytes, refusal: FsErrorKind) -> None:
    with pytest.raises(FsError) as refused:
        scene.view.mkdir(ROOT_INODE, name, 0o755)
    assert (refused.value.kind, scene.log.edits) == (refusal, [])


def test_a_name_that_the_targets_filesystem_refuses_is_invalid() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"x"}, b"out": {}})
    scene = make_scene(disk, b"/in", b"/out", [(b"a", b"a")], names=NameRules(dos=True))
    for name in (b"what?", b"nul", b"end.", b"\xff"):
        with pytest.raises(FsError) as refused:
            scene.view.mkdir(ROOT_INODE, name, 0o755)
        assert refused.value.kind is E.INVALID


def test_mkdir_answers_with_the_folder_it_made(scene: Scene) -> None:
    entry = scene.view.mkdir(scene.inode(b"Docs/Sub"), b"made\xff", 0o4711)
    assert (entry.name, entry.attr.mode, entry.attr.mtime_ns) == (b"made\xff", stat.S_IFDIR | 0o711, NOW_NS)
    assert scene.view.getattr(entry.attr.inode) == entry.attr


def test_a_folder_that_was_taken_out_takes_nothing_in_any_more(scene: Scene) -> None:
    empty = scene.inode(b"New/Empty")
    scene.view.rmdir(*at(scene, b"New/Empty"))
    with pytest.raises(FsError) as refused:
        scene.view.mkdir(empty, b"made", 0o755)
    assert (refused.value.kind, len(scene.log.edits)) == (E.NOT_FOUND, 1)


# Durability


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (WrongState("the plan is being committed"), E.READ_ONLY),
        (DiskFull("no space"), E.NO_SPACE),
        (DatabaseDamaged("not a database"), E.IO),
    ],
    ids=["closed plan", "full disk", "broken database"],
)
@pytest.mark.parametrize("operation", ["mkdir in", "unlink", "rename", "exchange", "chmod", "set_times", "rmdir"])
def test_an_edit_that_cannot_be_kept_is_not_made(
    scene: Scene, operation: str, refusal: IfmosfsError, kind: FsErrorKind
) -> None:
    act, answers = OPERATIONS[operation]
    node = next((NODES[name] for name in ("review file", "planned folder") if answers[name] is None), b"New/Empty")
    before = (numbers(scene.view), scene.view.getattr(scene.inode(b"New")))
    scene.log.refusal = refusal
    with pytest.raises(FsError) as refused:
        act(scene, node)
    assert refused.value.kind is kind
    assert (numbers(scene.view), scene.view.getattr(scene.inode(b"New"))) == before


@pytest.mark.parametrize("operation", ["mkdir in", "unlink", "rename", "exchange", "rmdir"])
def test_an_edit_is_durable_before_anyone_sees_it(scene: Scene, operation: str) -> None:
    act, answers = OPERATIONS[operation]
    node = next((NODES[name] for name in ("review file", "planned folder") if answers[name] is None), b"New/Empty")
    before = numbers(scene.view)
    scene.log.look = lambda: numbers(scene.view)
    act(scene, node)
    assert scene.log.shown == [before]
    assert numbers(scene.view) != before


class Overtaken(Delegating):
    """Something happens just as a path is looked at for the first time."""

    def __init__(self, disk: Disk, path: bytes, act: Callable[[], None]) -> None:
        super().__init__(disk)
        self.path, self.pending = path, [act]

    def lstat(self, place: Place) -> Attr:
        if place.path == self.path and self.pending:
            self.pending.pop()()
        return self.disk.lstat(place)


def test_no_replace_holds_against_what_comes_in_between(scene: Scene) -> None:
    overtaken = Overtaken(scene.disk, b"New/made", lambda: rename(scene, b"New/b.pdf", b"New/made"))
    scene.view = view_of(scene.plan, overtaken, scene.log)
    with pytest.raises(FsError) as refused:
        rename(scene, b"Docs/a.pdf", b"New/made", RenameMode.NO_REPLACE)
    assert refused.value.kind is E.EXISTS
    assert (scene.content(b"New/made"), scene.content(b"Docs/a.pdf")) == (b"second", b"first")


def test_what_is_dropped_on_the_review_folder_itself_is_left_out(scene: Scene) -> None:
    told = Told()
    scene.view.tell(told)
    rename(scene, b"Docs/a.pdf", b"To review/a.pdf")
    rename(scene, b"New", b"To review/New")
    assert scene.tree(b"To review") == {
        b"excluded": {b"a.pdf": FILE, b"New": {b"Empty": {}, b"b.pdf": FILE, b"odd\xff\nname": FILE}},
        b"links": {b"link": LINK},
        b"unsure": {b"who": FILE},
    }
    review = scene.inode(b"To review")
    assert {(review, b"a.pdf"), (review, b"New")} <= set(told.names)


def test_what_is_in_the_review_cannot_be_dropped_on_its_top_again_under_another_name(scene: Scene) -> None:
    with pytest.raises(FsError) as caught:
        rename(scene, b"To review/unsure", b"To review/other")
    assert caught.value.kind is E.BUSY


def test_a_listing_gives_each_name_once_whatever_is_renamed_meanwhile(scene: Scene) -> None:
    listing = scene.view.opendir(scene.inode(b"New"))
    before = listing.names(0, len(listing))
    rename(scene, b"New/b.pdf", b"Docs/b.pdf")
    rename(scene, b"Docs/b.pdf", b"Docs/Empty")
    assert listing.names(0, len(listing)) == before
    assert sorted(entry.name for entry in listing.entries(0, len(listing))) == [b"Empty", b"odd\xff\nname"]
    rename(scene, b"New/odd\xff\nname", b"New/b.pdf")
    assert [entry.name for entry in listing.entries(0, len(listing))] == [b"Empty"]


def test_nobody_but_its_owner_and_root_changes_a_view_whatever_its_modes_allow(scene: Scene) -> None:
    other, new = Caller(4321, 4321, 1), scene.inode(b"New")
    scene.view.chmod(new, 0o777)
    log, tree = list(scene.log.edits), scene.tree()
    docs, file = at(scene, b"Docs/a.pdf")
    changes: list[Callable[[], object]] = [
        lambda: scene.view.mkdir(new, b"theirs", 0o755, other),
        lambda: scene.view.rmdir(*at(scene, b"New/Empty"), other),
        lambda: scene.view.unlink(docs, file, other),
        lambda: scene.view.rename(docs, file, new, b"theirs", RenameMode.REPLACE, other),
        lambda: scene.view.chmod(new, 0o700, other),
        lambda: scene.view.set_times(new, None, 1, other),
        lambda: scene.view.setxattr(scene.inode(b"Docs/a.pdf"), b"user.ifmosfs.category", b"none", 0, other),
    ]
    answers = []
    for change in changes:
        with pytest.raises(FsError) as error:
            change()
        answers.append(error.value.kind)
    assert answers == [E.NO_ACCESS] * len(changes)
    assert (scene.log.edits, scene.tree()) == (log, tree)
    scene.view.mkdir(new, b"mine", 0o755, Caller(*OWNER, 1))
    scene.view.mkdir(new, b"root's", 0o755, Caller(0, 0, 1))
    assert [edit.kind for edit in scene.log.edits[len(log) :]] == [EditKind.MKDIR] * 2
