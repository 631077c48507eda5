"""What belongs together, what is unfinished, and what is another version: told by names and inodes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ifmosfs.core.copies import find_versions, version_of
from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.names import split
from ifmosfs.core.plan import KeepReason, UnitKind
from ifmosfs.core.projects import Projects, find_projects
from ifmosfs.core.unfinished import find_unfinished
from ifmosfs.core.units import find_companies
from tests.core.plans import fingerprint, scanned

Found = list[tuple[UnitKind, bytes, list[bytes]]]


def companies(files: list[ScannedFile], filesystems: dict[bytes, str] | None = None) -> Found:
    """Each unit once: its kind, the path of its first group's lead (of a project its folder), its files."""
    found = find_companies(files, Projects(find_projects(files)), filesystems or {})
    rows: Found = []
    for company in sorted(set(found.values()), key=lambda company: company.unit.number):
        members = sorted(index for index, each in found.items() if each is company)
        lead = files[company.groups[0].lead].path if company.groups else company.unit.folder or b""
        rows.append((company.unit.kind, lead, [files[index].path for index in members]))
    assert [each.unit.number for each in sorted(set(found.values()), key=lambda each: each.unit.number)] == list(
        range(1, len(rows) + 1)
    )
    return rows


def named(*paths: bytes) -> list[ScannedFile]:
    return [scanned(path, number) for number, path in enumerate(paths, 1)]


SIDECARS, PARTS, DATABASE, PAGE = UnitKind.SIDECARS, UnitKind.PARTS, UnitKind.DATABASE, UnitKind.PAGE


@pytest.mark.parametrize(
    ("paths", "kind", "lead"),
    [
        ([b"d/IMG_1.CR2", b"d/IMG_1.xmp"], SIDECARS, b"d/IMG_1.CR2"),
        ([b"IMG_1.CR2", b"IMG_1.CR2.xmp", b"IMG_1.JPG", b"img_1.AAE"], SIDECARS, b"IMG_1.CR2"),
        ([b"IMG_1.HEIC", b"IMG_1.MOV"], SIDECARS, b"IMG_1.HEIC"),
        ([b"film.en.forced.srt", b"film.mkv", b"film.nfo", b"film.pt-br.srt"], SIDECARS, b"film.mkv"),
        ([b"film.idx", b"film.sub"], SIDECARS, b"film.idx"),
        ([b"disc (Track 1).bin", b"disc (Track 2).bin", b"disc.cue"], SIDECARS, b"disc.cue"),
        ([b"album.cue", b"album.flac"], SIDECARS, b"album.flac"),
        ([b"map.dbf", b"map.prj", b"map.shp", b"map.shx"], SIDECARS, b"map.shp"),
        ([b"x.iso", b"x.iso.sha256", b"x.iso.sha256.asc"], SIDECARS, b"x.iso"),
        ([b"x.7z", b"x.7z.par2", b"x.7z.vol000+01.par2"], SIDECARS, b"x.7z"),
        ([b"a.sqlite", b"a.sqlite-shm", b"a.sqlite-wal"], DATABASE, b"a.sqlite"),
        ([b"a.db", b"a.db-journal"], DATABASE, b"a.db"),
        ([b"x.part1.rar", b"x.part10.rar", b"x.part2.rar"], PARTS, b"x.part1.rar"),
        ([b"x.r00", b"x.r01", b"x.rar"], PARTS, b"x.rar"),
        ([b"x.z01", b"x.zip"], PARTS, b"x.zip"),
        ([b"x.7z.001", b"x.7z.002"], PARTS, b"x.7z.001"),
        ([b"x.tar.gz.aa", b"x.tar.gz.ab"], PARTS, b"x.tar.gz.aa"),
        ([b"p.html", b"p_files/a.css", b"p_files/deep/b.js"], PAGE, b"p.html"),
        ([b"p.htm", b"p-Dateien/q.html", b"p-Dateien/q_files/c"], PAGE, b"p.htm"),
    ],
    ids=lambda value: value.value if isinstance(value, UnitKind) else None,
)
def test_files_that_belong_together_are_one_unit(paths: list[bytes], kind: UnitKind, lead: bytes) -> None:
    stranger = b"other/IMG_9.txt"
    assert companies(named(*sorted([*paths, stranger]))) == [(kind, lead, sorted(paths))]


@pytest.mark.parametrize(
    "paths",
    [
        [b"a/IMG_1.CR2", b"b/IMG_1.xmp"],
        [b"IMG_1.xmp", b"IMG_2.CR2"],
        [b"travel", b"travel-journal"],
        [b"film.srt", b"text.mkv"],
        [b"film.director.srt", b"film.mkv"],
        [b"x.r00", b"y.rar"],
        [b"x.002", b"x.003"],
        [b"report.html", b"report_old/a"],
        [b"x.iso", b"x.iso.torrent"],
    ],
    ids=lambda paths: paths[0].decode(),
)
def test_what_only_looks_alike_is_no_unit(paths: list[bytes]) -> None:
    assert companies(named(*paths)) == []


def test_names_of_one_inode_are_one_unit_on_one_filesystem_only() -> None:
    files = [scanned(b"a", 1), scanned(b"b", 2), scanned(b"c", 1), scanned(b"d", 1, root=b"/in2")]
    other = {b"/in": "uuid:1", b"/in2": "uuid:2"}
    assert companies(files, other) == [(UnitKind.LINKS, b"a", [b"a", b"c"])]
    same = {b"/in": "uuid:1", b"/in2": "uuid:1"}
    assert companies(files, same) == [(UnitKind.LINKS, b"a", [b"a", b"c", b"d"])]


def test_a_re_used_inode_number_links_nothing() -> None:
    later = replace(scanned(b"b", 1), fingerprint=replace(fingerprint(1), birth_ns=9))
    assert companies([scanned(b"a", 1), later]) == []


def test_hard_links_join_the_units_they_are_in() -> None:
    files = [scanned(b"a/i.cr2", 1), scanned(b"a/i.xmp", 2), scanned(b"b/i.cr2", 1), scanned(b"b/i.xmp", 3)]
    assert companies(files) == [(SIDECARS, b"a/i.cr2", [b"a/i.cr2", b"a/i.xmp", b"b/i.cr2", b"b/i.xmp"])]


def test_a_symlink_is_a_sidecar_of_nothing() -> None:
    assert companies([scanned(b"i.cr2", 1), scanned(b"i.xmp", 2, kind=Kind.SYMLINK)]) == []


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        ([b"p/Foo.app/Contents/Info.plist", b"p/x"], b"p/Foo.app"),
        ([b"Pics.photoslibrary/a.jpg"], b"Pics.photoslibrary"),
        ([b"env/lib/python/x.py", b"env/pyvenv.cfg"], b"env"),
        ([b"scene/cat.blend", b"scene/textures/fur.png"], b"scene"),
        ([b"game/Game.uproject", b"game/x"], b"game"),
        ([b"app/App.xcodeproj/project.pbxproj", b"app/main.swift"], b"app"),
        ([b"c/.idea/workspace.xml", b"c/notes.txt"], b"c"),
        ([b"o/.git/config", b"o/sub/.git/config"], b"o"),
    ],
    ids=["app", "library", "venv", "blend", "unreal", "xcode", "editor", "nested"],
)
def test_a_project_is_a_unit_with_its_folder_the_outermost_where_nested(paths: list[bytes], folder: bytes) -> None:
    inside = [path for path in paths if path.startswith(folder + b"/")]
    assert companies(named(*paths)) == [(UnitKind.PROJECT, folder, inside)]


@pytest.mark.parametrize(
    "paths", [[b".vscode/settings.json", b"a.pdf"], [b"x.sln", b"a.pdf"], [b"cat.blend", b"textures/f.png"]]
)
def test_what_an_editor_leaves_in_an_inbox_makes_it_no_project(paths: list[bytes]) -> None:
    assert find_projects(named(*paths)) == frozenset()


# Unfinished files


def unfinished(*paths: bytes) -> dict[bytes, tuple[KeepReason, str]]:
    files = named(*paths)
    return {files[index].path: stays for index, stays in find_unfinished(files).items()}


@pytest.mark.parametrize(
    "name",
    [
        b"x.pdf.crdownload",
        b"x.pdf.part",
        b"x.partial",
        b"x.!ut",
        b"x.!qB",
        b"x.opdownload",
        b"x.zip.download/x.zip",
        b".~lock.x.odt#",
        b"~$x.docx",
        b".goutputstream-ABC123",
    ],
)
def test_unfinished_files_stay(name: bytes) -> None:
    assert {path: stays[0] for path, stays in unfinished(name, b"plain.pdf").items()} == {name: KeepReason.BUSY}


@pytest.mark.parametrize("name", [b".x.pdf.icloud", b"x.nextcloud", b"x.pdf.owncloud", b"x.cloud", b"x.cloudf"])
def test_placeholders_of_cloud_clients_stay(name: bytes) -> None:
    assert {path: stays[0] for path, stays in unfinished(name).items()} == {name: KeepReason.CLOUD}


@pytest.mark.parametrize("name", [b"x.part1.rar", b"x.part", b"particle.pdf", b"icloud", b".part", b"my.download.pdf"])
def test_names_that_only_look_unfinished_do_not(name: bytes) -> None:
    assert unfinished(name) == {}


@pytest.mark.parametrize(
    ("holder", "held", "words"),
    [
        (b"~$x.docx", b"x.docx", "open in an office program, by ~$x.docx beside it"),
        (b"~$port.docx", b"report.docx", "open in an office program, by ~$port.docx beside it"),
        (b".~lock.x.odt#", b"x.odt", "open in an office program, by .~lock.x.odt# beside it"),
        (b"x.iso.aria2", b"x.iso", "a download under way, by x.iso.aria2 beside it"),
        (b"x.pdf.part", b"x.pdf", "a download under way, by x.pdf.part beside it"),
    ],
)
def test_what_a_lock_or_an_unfinished_part_holds_stays_too(holder: bytes, held: bytes, words: str) -> None:
    found = unfinished(holder, held, b"other/" + held)
    assert found[held] == (KeepReason.BUSY, words)
    assert set(found) == {holder, held}


# Versions


@pytest.mark.parametrize(
    "name",
    [
        b"report (1).docx",
        b"report - Copy.docx",
        b"Copy of report.docx",
        b"report_v2.docx",
        b"report-final.docx",
        b"report (conflicted copy 2024-01-01).docx",
        b"report (Jane's conflicted copy 2024-01-01).docx",
        b"report.docx.bak",
        b"report.docx~",
        b"report - Kopie (2).docx",
        b"report.sync-conflict-20240101-101010-ABCDEF.docx",
        b"report_v2-final (3).docx",
    ],
)
def test_marks_of_a_copy_are_told_from_the_name(name: bytes) -> None:
    found = version_of(name)
    assert found is not None
    assert found.name == b"report.docx"


@pytest.mark.parametrize("name", [b"report.docx", b"copyright.txt", b"(1)", b"v2", b"final.pdf", b"observer.c", b"~"])
def test_names_without_a_mark_are_no_version(name: bytes) -> None:
    assert version_of(name) is None


def test_versions_point_at_the_plain_name_in_the_same_folder() -> None:
    paths = [b"a/r (1).txt", b"a/r.txt", b"a/r_v2.txt", b"b/r (1).txt", b"c/x_v1", b"c/x_v2", b"d/i (1)", b"d/i (2)"]
    rows = [(number, *split(path)) for number, path in enumerate(paths)]
    assert find_versions(rows) == {0: 1, 2: 1, 5: 4}
