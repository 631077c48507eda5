"""Contents as shared blocks, where the filesystem can; where it cannot, only names are protected, and that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.trees import write_tree
from tests.cli.command_line import Desk
from tests.proof.images import image

pytestmark = pytest.mark.root
BIG = b"a line of a large file\n" * 100_000


@pytest.mark.parametrize("fstype", ["xfs", "btrfs"])
def test_a_reflink_snapshot_holds_what_is_edited_and_deleted_later(tmp_path: Path, fstype: str) -> None:
    desk = Desk(tmp_path)
    desk.set_up()
    with image(tmp_path, fstype) as disk:
        folder = disk.point / "files"
        write_tree(folder, {b"big.txt": BIG, b"other.txt": b"small"})
        taken = desk.here("versions", "snapshot", "--name", "held", "--reflink", folder, "--json")
        assert taken.status == 0, taken
        assert taken.json["levels"] == {"CONTENT-REFLINK": 2}
        (folder / "big.txt").unlink()
        restored = desk.here("versions", "restore", "--version", "held", "--yes", "--json")
        assert restored.status == 0, restored
        assert (folder / "big.txt").read_bytes() == BIG
        (folder / "big.txt").unlink()
        pruned = desk.here("versions", "prune", "--keep", "0", "--named", "--yes", "--json").json
        assert [len(pruned[what]) for what in ("snapshots", "contents", "kept_last_holders")] == [
            3,
            1,
            1,
        ]  # of the snapshot, and of how it was before and after the restore


def test_contents_on_a_disk_that_is_not_mounted_are_still_known_after_a_prune(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.set_up()
    with image(tmp_path, "xfs") as disk:
        folder = disk.point / "files"
        write_tree(folder, {b"big.txt": BIG})
        assert desk.here("versions", "snapshot", "--name", "held", "--reflink", folder).status == 0
        (folder / "big.txt").unlink()
        disk.unmount()
        assert desk.here("versions", "prune").status == 0
        disk.mount()
        assert desk.here("versions", "restore", "--version", "held", "--yes").status == 0
        assert (folder / "big.txt").read_bytes() == BIG


def test_a_content_that_is_held_on_two_disks_is_found_on_the_one_that_is_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.set_up()
    with image(tmp_path, "xfs") as disk:
        write_tree(disk.point / "files", {b"big.txt": BIG})
        assert (
            desk.here("versions", "snapshot", "--name", "on the stick", "--reflink", disk.point / "files").status == 0
        )
    write_tree(desk.target, {b"big.txt": BIG})
    assert desk.here("versions", "snapshot", "--name", "here", "--content-max-size", "1G", desk.target).status == 0
    (desk.target / "big.txt").unlink()
    assert desk.here("versions", "restore", "--version", "here", "--yes").status == 0
    assert (desk.target / "big.txt").read_bytes() == BIG


def test_without_shared_blocks_the_level_is_names_and_it_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.set_up()
    with image(tmp_path, "ext4") as disk:
        folder = disk.point / "files"
        write_tree(folder, {b"a.txt": b"small"})
        taken = desk.here("versions", "snapshot", "--name", "names", "--reflink", folder, "--json")
        assert taken.status == 3
        assert taken.json["levels"] == {"NAME": 1}
        assert [each["code"] for each in taken.json["not_held"]] == ["no-reflink"]
