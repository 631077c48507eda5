"""The tables of the set of real files are sound, and picking from packages does what they say. Nothing here uses the network."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.real_corpus import gathering
from benchmarks.real_corpus.extensions import label_by_extension
from benchmarks.real_corpus.fetching import Fetched, Package, PackageMissing, unpack_deb
from benchmarks.real_corpus.gathering import Gathered, gather, settle, write_half
from benchmarks.real_corpus.halving import halved
from benchmarks.real_corpus.picking import Pick, blind_name, candidates, evenly, places, without_copies
from benchmarks.real_corpus.scoring import Judged, Scores, report, scored
from benchmarks.real_corpus.tables import (
    FRESH,
    HALF_NAMES,
    NONE,
    PART_NAMES,
    BadTable,
    Part,
    Source,
    glob_pattern,
    read_halves,
    read_rejected,
    read_sources,
    read_upstreams,
)
from ifmosfs.ml.taxonomy import default_taxonomy

PACKAGE = Package("deb", "sampler")


def fetched(folder: Path, files: dict[str, str], package: Package = PACKAGE) -> Fetched:
    for path, text in files.items():
        place = folder / "content" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return Fetched(package, "1.0", folder)


def source(category: str, pattern: str, package: Package = PACKAGE, at_most: int = 8, keep: int = 0) -> Source:
    return Source(category, package, glob_pattern(pattern), (), at_most, keep)


def pick(package: str, original_path: str, digest: str, category: str = "web_font") -> Pick:
    name = original_path.rpartition("/")[2]
    return Pick(category, (), Package("deb", package), original_path, digest, name, Path("/nowhere"))


# ---------------------------------------------------------------------------------------------------------------- tables


def test_every_category_of_the_table_is_in_the_taxonomy() -> None:
    sources = read_sources()
    named = {each.category for each in sources} | {label for each in sources for label in each.also_ok}
    assert named - {NONE} <= set(default_taxonomy().names)


def test_the_table_names_nothing_twice_and_rejects_only_from_packages_it_has() -> None:
    sources = read_sources()
    lines = Counter((each.package, each.pattern.pattern) for each in sources)
    assert [line for line, n_times in lines.items() if n_times > 1] == []
    assert [each for each in sources if each.category in each.also_ok] == []
    assert set(read_rejected()) <= {each.package for each in sources}


def test_every_package_has_one_half_and_upstreams_are_never_parted() -> None:
    halves, upstreams = read_halves(), read_upstreams()
    parted: dict[str, set[str]] = {}
    for package, half in halves.items():
        parted.setdefault(upstreams.get(package, str(package)), set()).add(half)
    assert [home for home, of_home in parted.items() if len(of_home) != 1] == []
    assert set(halves) == {each.package for each in read_sources()}


def test_every_category_has_packages_in_both_halves() -> None:
    halves = read_halves()
    settled = [each for each in read_sources() if halves.get(each.package) in HALF_NAMES]
    found = {(each.category, halves[each.package]) for each in settled}
    categories = {each.category for each in settled}
    assert found == {(category, half) for category in categories for half in HALF_NAMES}


def test_a_line_with_a_field_too_few_is_named(tmp_path: Path) -> None:
    table = tmp_path / "sources.csv"
    table.write_text("category,kind,package,pattern,also_ok,at_most,keep\nweb_font,deb,x,*.ttf\n")
    with pytest.raises(BadTable, match=r"sources\.csv:2: 7 fields wanted"):
        read_sources(table)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("**/*.ttf", "usr/share/x.ttf", True),
        ("**/*.ttf", "x.TTF", True),
        ("usr/*.ttf", "usr/share/x.ttf", False),
        ("usr/**", "usr/share/x.ttf", True),
        ("*.{ttf,otf}", "x.otf", True),
        ("a+b?.c", "a+bb.c", True),
        ("a+b?.c", "aab.c", False),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, fits: bool) -> None:
    assert bool(glob_pattern(pattern).fullmatch(path)) is fits


# --------------------------------------------------------------------------------------------------------------- halving


def test_a_settled_package_keeps_its_half_and_each_category_comes_into_both() -> None:
    counts = {Package("deb", name): Counter({"web_font": 5, "archive": 1}) for name in "abcdef"}
    halves = halved(counts, {Package("deb", "c"): "test"}, {})
    assert halves[Package("deb", "c")] == "test"
    assert Counter(halves.values()) == {"dev": 3, "test": 3}
    assert halved(counts | {Package("deb", "g"): Counter({"web_font": 5})}, halves, {}).items() >= halves.items()


def test_packages_of_one_upstream_go_together() -> None:
    counts = {Package("deb", name): Counter({"web_font": 5}) for name in "abcdef"}
    halves = halved(counts, {}, {Package("deb", name): "one" for name in "abc"})
    assert len({halves[Package("deb", name)] for name in "abc"}) == 1
    assert Counter(halves.values()) == {"dev": 3, "test": 3}


def test_packages_that_are_new_can_all_be_fresh_and_change_no_half() -> None:
    counts = {Package("deb", name): Counter({"web_font": 5}) for name in "abc"}
    gathered = Gathered({}, {}, [pick(package.name, "x", package.name) for package in counts])
    settled: dict[Package, Part] = {Package("deb", "a"): "test"}
    parts = {package.name: part for package, part in settle(gathered, settled, FRESH).items()}
    assert parts == {"a": "test", "b": "fresh", "c": "fresh"}
    assert set(settle(gathered, settled).values()) == {"dev", "test"}


def test_a_fresh_file_that_a_half_has_too_stays_in_the_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        gathering, "fetch", lambda package, cache: fetched(cache / package.name, {"x.ttf": "same"}, package)
    )
    lines = [source("web_font", "*.ttf", Package("deb", name)) for name in "ab"]
    parts: dict[Package, Part] = {Package("deb", "a"): "fresh", Package("deb", "b"): "dev"}
    gathered = gather(lines, tmp_path, 1, lambda line: None, parts)
    assert [each.package.name for each in gathered.picks] == ["b"]


def test_a_category_has_fewer_files_in_the_fresh_part_than_in_a_half() -> None:
    picks = [pick("a", str(at), str(at)) for at in range(100)]
    assert [len(evenly(picks, part)) for part in PART_NAMES] == [45, 45, 30]


# --------------------------------------------------------------------------------------------------------------- picking


def test_the_first_line_that_fits_labels_a_file_and_bounds_the_number(tmp_path: Path) -> None:
    got = fetched(
        tmp_path, {f"doc/{name}.txt": name for name in "abcdef"} | {"doc/LICENSE.txt": "licence", "empty.txt": ""}
    )
    lines = [source("legal_document", "**/LICENSE*"), source("technical_documentation", "**/*.txt", at_most=3)]
    found = candidates(got, lines, [glob_pattern("doc/a.txt")])
    assert Counter(each.category for each in found) == {"legal_document": 1, "technical_documentation": 3}
    assert "doc/a.txt" not in {each.original_path for each in found}
    assert found == candidates(got, lines, [glob_pattern("doc/a.txt")])


def test_files_with_the_same_content_are_taken_once(tmp_path: Path) -> None:
    got = fetched(tmp_path, {"a.txt": "same", "b/c.txt": "same", "d.txt": "other"})
    assert len(candidates(got, [source("technical_documentation", "**/*.txt")], [])) == 2
    picks = [pick("b", "x", "1"), pick("a", "y", "1"), pick("a", "z", "2")]
    assert [(each.package.name, each.original_path) for each in without_copies(picks)] == [("a", "y"), ("a", "z")]


def test_names_stay_and_folders_tell_nothing() -> None:
    picks = [pick("a", f"usr/share/fonts/{name}/font.ttf", name) for name in "abc"]
    assert sorted(path for path, _ in places(picks)) == ["a1/font.ttf", "a2/font.ttf", "a3/font.ttf"]


@pytest.mark.parametrize(
    ("name", "blind"),
    [
        ("Invoice 2019.pdf", "0007.pdf"),
        ("README", "0007"),
        ("logs-1.2.3.tar.gz", "0007.tar.gz"),
        ("jquery.min.js", "0007.js"),
        ("notes.txt~", "0007.txt~"),
        ("Makefile~", "0007~"),
        ("settings.ini.bak", "0007.ini.bak"),
        (".gitignore", "0007"),
        ("x.dist-info/METADATA", "0007"),
    ],
)
def test_blind_names_keep_the_extension_alone(name: str, blind: str) -> None:
    assert blind_name(7, name) == blind


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb")
def test_a_debian_package_becomes_labelled_files(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        "Package: sampler\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a sample\n"
    )
    (tree / "DEBIAN/postinst").write_text("#!/bin/sh\nexit 1\n")
    (tree / "DEBIAN/postinst").chmod(0o755)
    (tree / "usr/share/doc/sampler").mkdir(parents=True)
    (tree / "usr/share/doc/sampler/copyright").write_text("Permission is granted\n")
    (tree / "etc").mkdir()
    (tree / "etc/sampler.conf").write_text("[main]\nanswer = 42\n")
    archive = tmp_path / "cache/archive"
    content = tmp_path / "cache/content"
    archive.mkdir(parents=True)
    content.mkdir()
    package = archive / "sampler_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, package], check=True, capture_output=True)
    unpack_deb(package, content)
    got = Fetched(PACKAGE, "1.0", tmp_path / "cache")
    lines = [
        source("legal_document", "**/copyright"),
        source("technical_config", "etc/**"),
        source("software_installer", "@archive/*.deb"),
    ]
    gathered = Gathered({PACKAGE: got}, {}, candidates(got, lines, []))
    halves: dict[Package, Part] = {PACKAGE: "dev"}
    write_half(gathered, "dev", halves, tmp_path / "set", blind=True)
    write_half(gathered, "test", halves, tmp_path / "set", blind=False)
    assert labels(tmp_path / "set/dev") == {
        "usr/share/doc/sampler/copyright": ("copyright", "legal_document"),
        "etc/sampler.conf": ("sampler.conf", "technical_config"),
        "@archive/sampler_1.0_all.deb": ("sampler_1.0_all.deb", "software_installer"),
    }
    assert sorted(Path(name).suffix for name, _ in labels(tmp_path / "set/dev-blind").values()) == ["", ".conf", ".deb"]
    assert labels(tmp_path / "set/test") == {}


def labels(folder: Path) -> dict[str, tuple[str, str]]:
    """(name, category) by original path; every file that is named must be there, and no other."""
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {row["path"] for row in rows} | {"labels.csv"}
    return {row["original_path"]: (row["path"].rpartition("/")[2], row["category"]) for row in rows}


def test_a_package_that_cannot_be_had_is_told_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(package: Package, cache: Path) -> Fetched:
        if package.name == "gone":
            raise PackageMissing("no such package")
        return fetched(cache / package.name, {"a.ttf": package.name}, package)

    monkeypatch.setattr(gathering, "fetch", fetch)
    told: list[str] = []
    lines = [source("web_font", "*.ttf", Package("deb", name)) for name in ("gone", "there")]
    gathered = gather(lines, tmp_path, 1, told.append)
    assert [each.package.name for each in gathered.picks] == ["there"]
    assert gathered.missing == {Package("deb", "gone"): "no such package"}
    assert told == ["1/2 deb:gone: cannot be had (no such package), left out", "2/2 deb:there 1.0"]


def test_what_an_npm_archive_links_to_is_not_unpacked(tmp_path: Path) -> None:
    from benchmarks.real_corpus.fetching import unpack_npm

    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        entry = tarfile.TarInfo("package/a.txt")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"a"))
        link = tarfile.TarInfo("package/b.txt")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        tar.addfile(link)
    unpack_npm(archive, tmp_path / "content")
    assert [path.name for path in (tmp_path / "content/package").iterdir()] == ["a.txt"]


# --------------------------------------------------------------------------------------------------------------- scoring


def judged(category: str, label: str | None, also_ok: tuple[str, ...] = ()) -> Judged:
    return Judged("a1/x", category, also_ok, "p", "deb", label)


def test_scores_count_abstentions_and_files_of_no_category() -> None:
    scores = Scores(
        "m",
        [
            judged("web_font", "web_font"),
            judged("web_font", None),
            judged("archive", "web_font", ("web_font",)),
            judged(NONE, None),
            judged(NONE, "web_font", ("web_font",)),
        ],
    )
    assert (scores.strict, scores.lenient, scores.coverage) == (1 / 3, 2 / 3, 2 / 3)
    assert (scores.precision, scores.left_alone) == (1 / 3, 1 / 2)
    assert scores.macro_f1 == pytest.approx((2 / 5 + 0) / 2)
    assert "| m | 0.333 | 0.667 | 0.200 | 0.667 | 0.333 | 0.500 |" in report([scores])


def test_rules_and_extensions_are_scored_on_a_labelled_folder(tmp_path: Path) -> None:
    (tmp_path / "a1").mkdir()
    (tmp_path / "a1/style.css").write_text("body { color: red; }\n" * 20)
    (tmp_path / "labels.csv").write_text(
        "path,category,also_ok,source_package,source_kind,original_path,sha256\na1/style.css,web_stylesheet,,p,npm,x/style.css,0\n"
    )
    assert [scored(method, tmp_path).strict for method in ("extension", "rules", "inside")] == [1.0, 1.0, 1.0]
    assert label_by_extension("Makefile") is None
