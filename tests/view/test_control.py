"""The control folder: generated, read-only, valid, and true after every edit."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace

from ifmosfs.core.names import to_text
from ifmosfs.core.plan import ActionKind, KeepReason, Unit, UnitKind
from ifmosfs.core.tree import PlanTree
from ifmosfs.view.control import Control
from ifmosfs.view.values import ROOT_INODE
from tests.adapters.memory_disk import MemoryDisk
from tests.core.plans import CREATED_NS, fingerprint
from tests.view.views import OWNER, Scene, listed, make_scene

NAMES = [b"README.txt", b"conflicts.jsonl", b"plan.jsonl", b"status.json"]
ROWS = (
    (b"a.pdf", b"Docs/a.pdf"),
    (b"odd\xff\nname", b"Docs/odd\xff\nname"),
    (b"who", KeepReason.UNSURE),
    (b"taken", KeepReason.CONFLICT),
)


def make() -> Scene:
    disk = MemoryDisk.from_tree({b"in": {name: b"x" for name, _ in ROWS}, b"out\xff": {}})
    return make_scene(disk, b"/in", b"/out\xff", ROWS, folders=[b"Docs"])


def status(scene: Scene) -> dict[str, object]:
    read: dict[str, object] = json.loads(scene.content(b".ifmosfs/status.json"))
    return read


def rows(scene: Scene, name: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in scene.content(b".ifmosfs/" + name).splitlines()]


def test_the_folder_holds_four_files_that_nobody_may_write() -> None:
    scene = make()
    entries = listed(scene.view, scene.inode(b".ifmosfs"))
    assert sorted(entry.name for entry in entries) == NAMES
    assert {entry.attr.mode for entry in entries} == {stat.S_IFREG | 0o444}
    folder = scene.view.getattr(scene.inode(b".ifmosfs"))
    assert (folder.mode, (folder.uid, folder.gid)) == (stat.S_IFDIR | 0o555, OWNER)
    assert b".ifmosfs" in [entry.name for entry in listed(scene.view, ROOT_INODE)]


def test_the_size_of_each_file_is_that_of_its_content() -> None:
    scene = make()
    for entry in listed(scene.view, scene.inode(b".ifmosfs")):
        assert entry.attr.size_bytes == len(scene.content(b".ifmosfs/" + entry.name))
        assert scene.view.lookup(scene.inode(b".ifmosfs"), entry.name) == entry


def test_the_journals_folder_in_the_target_is_not_shown_in_its_place() -> None:
    disk = MemoryDisk.from_tree({b"in": {b"a": b"x"}, b"out": {b".ifmosfs": {b"journal-1.jsonl": b""}}})
    scene = make_scene(disk, b"/in", b"/out", [(b"a", b"a")])
    assert [entry.name for entry in listed(scene.view, ROOT_INODE)].count(b".ifmosfs") == 1
    assert sorted(entry.name for entry in listed(scene.view, scene.inode(b".ifmosfs"))) == NAMES


def test_the_status_says_what_the_plan_is_and_its_counts_add_up() -> None:
    scene = make()
    assert status(scene) == {
        "plan": "p",
        "session": "s",
        "target": to_text(b"/out\xff"),
        "roots": ["/in"],
        "created_ns": CREATED_NS,
        "files": 4,
        "planned": 2,
        "vault": 0,
        "staying": {"unsure": 1, "conflicts": 1},
    }


def test_the_plan_has_a_line_for_each_file_that_moves() -> None:
    assert rows(make(), b"plan.jsonl") == [
        {
            "do": "move",
            "source": to_text(b"/in/" + name),
            "target": to_text(b"Docs/" + name),
            "category": "paper",
            "confidence": 0.9,
            "reason": "because",
            "note": None,
            "replaces": None,
            "unit": None,
        }
        for name in (b"a.pdf", b"odd\xff\nname")
    ]


def test_the_conflicts_have_a_line_for_each_file_in_conflict() -> None:
    assert rows(make(), b"conflicts.jsonl") == [
        {"source": "/in/taken", "wanted": None, "why": "conflicts", "reason": "because"}
    ]


def test_what_goes_to_the_vault_and_what_is_replaced_is_told() -> None:
    scene = make()
    replaced = replace(scene.plan.actions[0], replaces=fingerprint(7), unit=3)
    vaulted = replace(scene.plan.actions[1], kind=ActionKind.VAULT)
    units = (Unit(3, UnitKind.SIDECARS, b"/in"),)
    plan = replace(scene.plan, actions=(replaced, vaulted, *scene.plan.actions[2:]), units=units)
    files = Control(PlanTree(plan), lambda folder: frozenset())
    assert json.loads(files.content(b"status.json"))["vault"] == 1
    told = [json.loads(line) for line in files.content(b"plan.jsonl").splitlines()]
    assert [(row["do"], row["target"], row["replaces"]) for row in told] == [
        ("move", "Docs/a.pdf", {"size": 70, "mtime_ns": 507}),
        ("vault", None, None),
    ]


def test_every_edit_shows_at_once_and_the_counts_add_up() -> None:
    scene = make()
    scene.view.unlink(scene.inode(b"Docs"), b"a.pdf")
    scene.view.setxattr(scene.inode(b"To review/conflicts/taken"), b"user.ifmosfs.category", b"paper", 0)
    after = status(scene)
    assert (after["files"], after["planned"], after["staying"]) == (4, 2, {"excluded": 1, "unsure": 1})
    assert [row["source"] for row in rows(scene, b"plan.jsonl")] == [to_text(b"/in/odd\xff\nname"), "/in/taken"]
    assert rows(scene, b"conflicts.jsonl") == []


def test_what_was_opened_before_an_edit_stays_as_it_was() -> None:
    scene = make()
    opened = scene.view.open(scene.inode(b".ifmosfs/status.json"), os.O_RDONLY)
    before = scene.view.read(opened.handle, 1 << 20, 0)
    scene.view.unlink(scene.inode(b"Docs"), b"a.pdf")
    assert scene.view.read(opened.handle, 1 << 20, 0) == before
    scene.view.release(opened.handle)


def test_the_readme_names_the_plan_the_target_and_the_review_folder() -> None:
    text = make().content(b".ifmosfs/README.txt").decode()
    for word in ("ifmosfs commit p", "ifmosfs rollback p", '"To review"', "made for /out\\xff."):
        assert word in text
