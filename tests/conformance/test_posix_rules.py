"""What POSIX owes a program beyond errnos, after pjdfstest's cases: links of folders, times, numbers, open files, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.adapters.trees import Tree
from tests.cli.command_line import SCRIPT, TABLE, THEN_NS, Desk
from tests.conformance.conftest import KINDS
from tests.conformance.os_protocol import RENAME_EXCHANGE, RENAME_NOREPLACE, Os, Status, content, join, told, tree
from tests.conformance.playground import CONTROL, LAYOUT_SHOWN, REVIEW, Mount, Nursery, Playground
from tests.fuse_support import needs_fuse

FileTimes = tuple[int, int]


def everything(system: Os, path: bytes = b"") -> dict[bytes, Status]:
    """The status of all below a folder, and of the folder, by path."""
    found = {path: system.lstat(path)}
    for name in system.listdir(path):
        here = join(path, name)
        status = system.lstat(here)
        found.update(everything(system, here) if status.is_folder else {here: status})
    return found


def times(system: Os, path: bytes) -> FileTimes:
    status = system.lstat(path)
    return status.mtime_ns, status.ctime_ns


def n_links(system: Os, *paths: bytes) -> list[int]:
    return [system.lstat(path).n_links for path in paths]


def contents(system: Os) -> Counter[object]:
    """What all files and links of a view hold, wherever they are."""
    found: Counter[object] = Counter()
    pending: list[object] = [tree(system, without=(CONTROL,))]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(node.values())
        elif isinstance(node, tuple):
            found[node[0].rpartition(b"/")[2],] += 1  # in the review folder, where a link stays, its text is absolute
        else:
            found[node] += 1
    return found


# Links


def test_a_folder_has_two_links_and_one_for_each_folder_in_it(system: Os) -> None:
    found, counted = everything(system), links_counted(system)
    assert {path: found[path].n_links for path in counted if path} == {path: n for path, n in counted.items() if path}


def test_the_root_counts_the_control_folder_too(system: Os) -> None:
    assert system.lstat(b"").n_links == links_counted(system)[b""]


def links_counted(system: Os) -> dict[bytes, int]:
    """What the number of links of each folder must be."""
    counted = {path: 2 for path, status in everything(system).items() if status.is_folder}
    for path in counted:
        if path:
            counted[path.rpartition(b"/")[0]] += 1
    return counted


def test_making_and_removing_a_folder_is_counted_in_its_parent(system: Os) -> None:
    assert n_links(system, b"New", b"Docs") == [4, 4]
    system.mkdir(b"New/more")
    system.mkdir(b"Docs/more")
    assert n_links(system, b"New", b"Docs", b"New/more") == [5, 5, 2]
    system.rmdir(b"New/more")
    system.rmdir(b"Docs/more")
    assert n_links(system, b"New", b"Docs") == [4, 4]


def test_a_folder_that_moves_is_counted_where_it_is(system: Os) -> None:
    system.rename(b"New/Full", b"Work/Full")
    assert n_links(system, b"New", b"Work", b"Work/Full") == [3, 4, 3]
    system.rename(b"Work/Full", b"Docs/Full")
    assert n_links(system, b"Work", b"Docs") == [3, 5]


def test_a_folder_over_an_empty_one_leaves_one_less(system: Os) -> None:
    system.rename(b"New/Full", b"New/Empty")
    assert n_links(system, b"New", b"New/Empty") == [3, 3]


def test_an_exchange_of_file_and_folder_is_counted(system: Os) -> None:
    system.rename(b"New/Full", b"Docs/run.sh", RENAME_EXCHANGE)
    assert n_links(system, b"New", b"Docs", b"New/Full", b"Docs/run.sh") == [3, 5, 1, 3]


# Times


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda system: system.mkdir(b"New/fresh"), {b"New"}),
        (lambda system: system.rmdir(b"New/Empty"), {b"New"}),
        (lambda system: system.unlink(b"New/b.csv"), {b"New"}),
        (lambda system: system.rename(b"New/b.csv", b"New/d.csv"), {b"New"}),
        (lambda system: system.rename(b"New/b.csv", b"Work/b.csv"), {b"New", b"Work"}),
        (lambda system: system.rename(b"New/Full", b"Work/Full"), {b"New", b"Work"}),
        (lambda system: system.rename(b"New/b.csv", b"Docs/run.sh"), {b"New", b"Docs"}),
        (lambda system: system.rename(b"New/b.csv", b"Docs/run.sh", RENAME_EXCHANGE), {b"New", b"Docs"}),
        (lambda system: system.mkdir(b"Docs/fresh"), {b"Docs"}),
    ],
    ids=["mkdir", "rmdir", "unlink", "rename", "move", "move folder", "over", "exchange", "mkdir in existing"],
)
def test_a_change_sets_the_times_of_the_folders_it_is_in_and_of_no_others(
    system: Os, change: Callable[[Os], None], changed: set[bytes]
) -> None:
    folders = (b"", b"New", b"New/Full", b"New/Empty", b"Docs", b"Docs/Sub", b"Work")
    before = {path: times(system, path) for path in folders}
    change(system)
    after = {path: times(system, path) for path in folders if told(lambda path=path: system.lstat(path)) == "ok"}  # type: ignore[misc]
    assert {path for path, both in after.items() if both != before[path]} == changed
    assert all(after[path] > before[path] for path in changed)


def test_a_refusal_changes_no_time(system: Os) -> None:
    before = {path: times(system, path) for path in (b"", b"New", b"Docs", b"New/Full")}
    refusals = [
        told(lambda: system.rmdir(b"New/Full")),
        told(lambda: system.mkdir(b"New/Full")),
        told(lambda: system.unlink(b"Docs/theirs.pdf")),
        told(lambda: system.rename(b"New/b.csv", b"New/c.csv", RENAME_NOREPLACE)),
        told(lambda: system.rename(b"New/Full", b"New/Full/Inner/Full")),
    ]
    assert refusals == ["ENOTEMPTY", "EEXIST", "EROFS", "EEXIST", "EINVAL"]
    assert {path: times(system, path) for path in before} == before


def test_a_rename_onto_itself_does_nothing(system: Os) -> None:
    before = everything(system)
    system.rename(b"New/b.csv", b"New/b.csv")
    system.rename(b"New/Full", b"New/Full")
    system.rename(b"New/b.csv", b"New/b.csv", RENAME_EXCHANGE)
    assert everything(system) == before


def test_the_times_of_a_planned_folder_are_kept_to_the_nanosecond(system: Os) -> None:
    system.utime(b"New/Full", THEN_NS - 5, THEN_NS)
    assert system.lstat(b"New/Full").mtime_ns == THEN_NS
    system.rename(b"New/Full", b"Work/Full")
    assert system.lstat(b"Work/Full").mtime_ns == THEN_NS


def test_a_file_keeps_all_that_it_has_wherever_it_moves(system: Os) -> None:
    before = system.lstat(b"New/b.csv")
    system.rename(b"New/b.csv", b"Work/b.csv")
    system.rename(b"Work", b"Docs/Work")
    assert system.lstat(b"Docs/Work/b.csv") == before
    assert (before.mtime_ns, before.size_bytes, content(system, b"Docs/Work/b.csv")) == (THEN_NS, len(TABLE), TABLE)


# Modes


def test_a_folder_has_the_mode_it_was_made_with_and_the_one_it_was_given(system: Os) -> None:
    system.mkdir(b"New/private", 0o700)
    assert system.lstat(b"New/private").mode == 0o040700
    system.chmod(b"New/private", 0o751)
    assert system.lstat(b"New/private").mode == 0o040751


def test_files_show_the_modes_of_their_originals_and_generated_ones_are_for_reading(system: Os) -> None:
    assert [
        oct(system.lstat(path).mode) for path in (b"New/b.csv", b"New/link", CONTROL, CONTROL + b"/plan.jsonl")
    ] == [
        oct(os.stat(__file__).st_mode & ~0o777 | 0o644),
        oct(0o120777),
        oct(0o040555),
        oct(0o100444),
    ]


# Numbers


def test_no_two_nodes_have_one_number(system: Os) -> None:
    numbers = Counter(status.inode for status in everything(system).values())
    assert [number for number, n in numbers.items() if n > 1] == []


def test_a_node_keeps_its_number_through_every_change(system: Os) -> None:
    paths = (b"New/b.csv", b"New/Full", b"New/Full/Inner", b"Work/prog", b"New/link", b"Docs/run.sh")
    before = [system.lstat(path).inode for path in paths]
    system.rename(b"New", b"Old")
    system.rename(b"Work/prog", b"prog")
    system.rename(b"Old/b.csv", b"Docs/run.sh", RENAME_EXCHANGE)
    after = (b"Docs/run.sh", b"Old/Full", b"Old/Full/Inner", b"prog", b"Old/link", b"Old/b.csv")
    assert [system.lstat(path).inode for path in after] == before
    system.unlink(b"Docs/run.sh")
    assert system.lstat(REVIEW + b"/excluded/b.csv").inode == before[0]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_names_and_times_are_the_same_after_a_remount(playground: Playground, kind: str) -> None:
    with playground.own_desk() as desk:
        with playground.fresh_on(kind, desk) as system:
            system.mkdir(b"New/made", 0o711)
            system.rename(b"New/b.csv", b"New/made/b.csv")
            system.rename(b"New/Full", b"Docs/Full")
            system.unlink(b"New/c.csv")
            system.utime(b"New/made", THEN_NS, THEN_NS)
            before = everything(system)
        with playground.fresh_on(kind, desk) as system:
            assert without_control(everything(system)) == without_control(before)


def without_control(found: dict[bytes, Status]) -> dict[bytes, Status]:
    """The generated files are made anew."""
    return {path: status for path, status in found.items() if not path.startswith(CONTROL)}


# Open files


def survives(system: Os, change: Callable[[], None]) -> None:
    """A file that is open goes on, whatever happens to its name."""
    descriptor = system.open(b"New/b.csv")
    try:
        before = system.fstat(descriptor)
        assert system.pread(descriptor, 4, 0) == TABLE[:4]
        change()
        assert system.pread(descriptor, 1000, 4) == TABLE[4:]
        after = system.fstat(descriptor)
        assert (after.inode, after.size_bytes, after.mode) == (before.inode, before.size_bytes, before.mode)
    finally:
        system.close(descriptor)


def test_an_open_file_survives_its_unlinking(system: Os) -> None:
    survives(system, lambda: system.unlink(b"New/b.csv"))


def test_an_open_file_survives_its_rename(system: Os) -> None:
    survives(system, lambda: system.rename(b"New/b.csv", b"Work/other.csv"))


def test_an_open_file_survives_the_rename_of_its_folder(system: Os) -> None:
    survives(system, lambda: system.rename(b"New", b"Docs/New"))


def test_an_open_file_survives_another_over_it(system: Os) -> None:
    survives(system, lambda: system.rename(b"New/c.csv", b"New/b.csv"))
    assert content(system, b"New/b.csv") == TABLE + b"c"


def test_an_open_file_survives_an_exchange(system: Os) -> None:
    survives(system, lambda: system.rename(b"New/c.csv", b"New/b.csv", RENAME_EXCHANGE))


# Nothing lost


def test_a_file_renamed_over_goes_to_the_review_folder(system: Os) -> None:
    before = contents(system)
    system.rename(b"New/c.csv", b"New/b.csv")
    assert content(system, b"New/b.csv") == TABLE + b"c"
    assert tree(system, REVIEW + b"/excluded") == {b"b.csv": TABLE}
    assert contents(system) == before


def test_a_folder_moves_with_all_that_is_in_it(system: Os) -> None:
    system.rename(b"New", b"Docs/Old")
    docs = {**LAYOUT_SHOWN[b"Docs"], b"Old": LAYOUT_SHOWN[b"New"]}  # type: ignore[dict-item]
    expected = {**LAYOUT_SHOWN, b"Docs": docs}
    del expected[b"New"]
    assert tree(system, without=(REVIEW, CONTROL)) == expected


def test_removing_everything_a_person_can_remove_loses_nothing(system: Os) -> None:
    before = contents(system)
    for path, status in sorted(everything(system, b"New").items(), reverse=True):
        (system.rmdir if status.is_folder else system.unlink)(path)
    assert told(lambda: system.lstat(b"New")) == "ENOENT"
    assert contents(system) == before


def test_dragged_out_of_the_review_folder_is_planned_and_dragged_in_stays(system: Os) -> None:
    system.rename(REVIEW + b"/unsure/deep", b"New/deep")
    assert tree(system, b"New/deep") == {b"what.xyz": b"hm, too"}
    system.rename(b"Docs/run.sh", REVIEW + b"/unsure/run.sh")
    assert tree(system, REVIEW + b"/unsure") == {b"run.sh": SCRIPT, b"who.xyz": b"hm"}


def test_writing_the_category_files_the_file_where_it_belongs(system: Os) -> None:
    system.setxattr(b"New/b.csv", b"user.ifmosfs.category", b"technical_script")
    assert content(system, b"Docs/b.csv") == TABLE
    assert told(lambda: system.lstat(b"New/b.csv")) == "ENOENT"


def test_a_file_says_what_the_plan_says_of_it(system: Os, playground: Playground) -> None:
    path, source = b"New/b.csv", os.fsencode(playground.desk.inbox / "b.csv")
    names = [b"user.ifmosfs." + name for name in (b"category", b"confidence", b"reason", b"source", b"status")]
    assert system.listxattr(path) == [*names, b"user.xdg.tags"]
    found = {name: system.getxattr(path, name) for name in system.listxattr(path)}
    assert (found[b"user.ifmosfs.source"], found[b"user.ifmosfs.status"]) == (source, b"planned")
    assert (found[b"user.ifmosfs.category"], found[b"user.xdg.tags"]) == (b"technical_dataset", b"technical_dataset")


def test_space_is_that_of_the_target(system: Os, playground: Playground) -> None:
    space = os.statvfs(playground.desk.target)
    block, blocks, _, inodes, name = system.statvfs(b"New")
    assert (block, blocks, inodes, name) == (space.f_frsize, space.f_blocks, space.f_files, space.f_namemax)


def test_a_path_may_be_long_but_not_too_long(system: Os) -> None:
    deep = b""
    while len(deep) < 2500:
        deep = join(deep, b"d" * 200)
        system.mkdir(deep)
    system.rename(b"New/b.csv", join(deep, b"b.csv"))
    assert content(system, join(deep, b"b.csv")) == TABLE
    assert told(lambda: system.lstat(b"x/" * 2100 + b"x")) == "ENAMETOOLONG"


# Another scene: what originals can be


BLOCKS: Tree = {b"one.csv": TABLE, b"two.csv": TABLE + b"2"}


@pytest.fixture(scope="module")
def odd_playground(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Playground:
    """Two names of one inode, and a file that is mostly a hole."""
    made = Playground(Desk(tmp_path_factory.mktemp("odd")), nursery)

    def add_names() -> None:
        os.link(made.desk.inbox / "one.csv", made.desk.inbox / "other.csv")
        with (made.desk.inbox / "two.csv").open("ab") as file:
            file.truncate(1 << 20)

    made.stage(BLOCKS, {}, lambda _: None, also=add_names)
    return made


@pytest.fixture(params=KINDS)
def odd(request: pytest.FixtureRequest, odd_playground: Playground) -> Iterator[Os]:
    with odd_playground.fresh(request.param) as made:
        yield made


def test_names_of_one_inode_have_one_number_and_are_counted(odd: Os) -> None:
    one, other = odd.lstat(b"New/one.csv"), odd.lstat(b"New/other.csv")
    assert (one.n_links, other.n_links, one.inode) == (2, 2, other.inode)


def test_holes_take_no_blocks(odd: Os, odd_playground: Playground) -> None:
    original = os.stat(odd_playground.desk.inbox / "two.csv")
    shown = next(status for path, status in everything(odd).items() if path.endswith(b"/two.csv"))
    assert (shown.n_blocks, shown.size_bytes) == (original.st_blocks, 1 << 20)


# What only programs on a mount can ask


@pytest.fixture
def mount(playground: Playground) -> Iterator[Mount]:
    with playground.mounted() as made:
        yield made


@needs_fuse
def test_now_and_leave_it_are_understood_of_a_planned_folder(mount: Mount) -> None:
    folder = mount.point / "New/Full"
    os.utime(folder, ns=(THEN_NS, THEN_NS))
    subprocess.run(["touch", "-a", folder], check=True)
    assert os.stat(folder).st_mtime_ns == THEN_NS
    subprocess.run(["touch", folder], check=True)
    assert os.stat(folder).st_mtime_ns > THEN_NS + 10**17


@needs_fuse
def test_a_listing_tells_dots_numbers_and_kinds_as_stat_does(mount: Mount) -> None:
    for folder in ("", "New", "Docs", "To review", "To review/unsure", ".ifmosfs", "Work/prog"):
        here = mount.point / folder
        listed = {entry.name: (entry.inode(), entry.is_dir(follow_symlinks=False)) for entry in os.scandir(here)}
        assert listed == {name: (s.st_ino, (s.st_mode & 0o170000) == 0o040000) for name, s in stats(here).items()}
    shown = subprocess.run(["ls", "-1aid", "New/.", "New/.."], cwd=mount.point, capture_output=True, check=True).stdout
    assert shown.split() == [
        b"%d" % os.stat(mount.point / "New").st_ino,
        b"New/.",
        b"%d" % os.stat(mount.point).st_ino,
        b"New/..",
    ]


def stats(folder: os.PathLike[str]) -> dict[str, os.stat_result]:
    return {name: os.lstat(os.path.join(folder, name)) for name in os.listdir(folder)}


@needs_fuse
def test_trailing_slashes_and_dots_are_what_they_are_everywhere(mount: Mount) -> None:
    system = mount.system
    answers = {
        "file/": told(lambda: system.lstat(b"New/b.csv/")),
        "folder/": told(lambda: system.lstat(b"New/Full/")),
        "mkdir/": told(lambda: system.mkdir(b"New/slash/")),
        "mkdir .": told(lambda: system.mkdir(b"New/.")),
        "rmdir .": told(lambda: system.rmdir(b"New/Empty/.")),
        "rmdir ..": told(lambda: system.rmdir(b"New/Empty/..")),
        "unlink file/": told(lambda: system.unlink(b"New/b.csv/")),
        "rename .": told(lambda: system.rename(b"New/.", b"x")),
        "rename file/": told(lambda: system.rename(b"New/b.csv/", b"New/d.csv")),
        "rename folder/": told(lambda: system.rename(b"New/Empty/", b"New/Void/")),
    }
    assert answers == {
        "file/": "ENOTDIR",
        "folder/": "ok",
        "mkdir/": "ok",
        "mkdir .": "EEXIST",
        "rmdir .": "EINVAL",
        "rmdir ..": "ENOTEMPTY",
        "unlink file/": "ENOTDIR",
        "rename .": "EBUSY",
        "rename file/": "ENOTDIR",
        "rename folder/": "ok",
    }


@needs_fuse
def test_a_move_out_of_the_mount_or_into_it_is_another_filesystem(mount: Mount, playground: Playground) -> None:
    system, outside = mount.system, os.fsencode(playground.desk.inbox)
    assert told(lambda: os.rename(system.root + b"/New/b.csv", outside + b"/b2.csv")) == "EXDEV"
    assert told(lambda: os.rename(outside + b"/b.csv", system.root + b"/New/b2.csv")) == "EXDEV"
    assert told(lambda: os.link(outside + b"/b.csv", system.root + b"/New/b2.csv")) == "EXDEV"


@needs_fuse
def test_a_generated_file_that_is_open_is_whole_after_an_edit_that_makes_it_shorter(mount: Mount) -> None:
    os.unlink(mount.point / "New/b.csv")
    with (mount.point / ".ifmosfs/status.json").open("rb", buffering=0) as file:
        first = file.read(1)
        os.rename(mount.point / "To review/excluded/b.csv", mount.point / "New/b.csv")
        json.loads(first + file.read())
