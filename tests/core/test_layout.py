"""Where categories go: the built-in templates, the user's own lines, and every problem at once."""

import tomllib
from datetime import date
from importlib import resources

import pytest

from ifmosfs.core.errors import ConfigProblem
from ifmosfs.core.layout import parse_layout
from ifmosfs.core.names import NameRules

BUILT_IN = tomllib.loads(resources.files("ifmosfs.core").joinpath("layout.toml").read_text("utf-8"))
CATEGORIES = tuple(BUILT_IN["folders"])
DAY = date(2023, 1, 5)


def layout_of(**folders: object):
    return parse_layout({"folders": {"any": "Any"}}, {"folders": folders}, known={"any", *folders})


def problems_of(template: object) -> str:
    with pytest.raises(ConfigProblem) as caught:
        layout_of(any=template)
    return caught.value.what


@pytest.mark.parametrize(
    ("category", "folder"),
    [
        ("financial_document", b"Financial/Documents/2023"),
        ("media_photo", b"Photos/2023/01"),
        ("web_font", b"Fonts"),
        ("cache_package_manager", b"System/Package caches"),
    ],
)
def test_built_in_folder_of_a_category(category, folder):
    assert parse_layout(BUILT_IN, None).folder(category, DAY, b".pdf") == folder


def test_all_37_built_in_templates_give_folders_that_are_pairwise_different():
    layout = parse_layout(BUILT_IN, None)
    folders = {layout.folder(category, DAY, b"x") for category in CATEGORIES}
    assert None not in folders
    assert len(folders) == len(CATEGORIES) == 37


def test_category_without_a_template_stays():
    assert parse_layout(BUILT_IN, None).folder("unheard_of", DAY, b"x") is None


def test_own_line_wins_and_leaves_the_others_alone():
    layout = parse_layout(BUILT_IN, {"folders": {"web_font": "My fonts"}})
    assert layout.folder("web_font", DAY, b"ttf") == b"My fonts"
    assert layout.folder("web_page", DAY, b"html") == b"Web/Pages"


def test_empty_own_line_leaves_the_category_where_it_is():
    assert parse_layout(BUILT_IN, {"folders": {"web_font": ""}}).folder("web_font", DAY, b"ttf") is None


@pytest.mark.parametrize(
    ("template", "extension", "folder"),
    [
        ("{year}-{month}", b"x", b"2023-01"),
        ("Alles/{category}/{extension}", b".PDF", b"Alles/any/pdf"),
        ("{extension}", b"tar.gz", b"tar.gz"),
        ("{extension}", b"", b"no extension"),
        ("{extension}", b"..", b"no extension"),
        ("{extension}", b".a\xff", b"a\xff"),
        ("Übersicht", b"x", "Übersicht".encode()),
    ],
)
def test_variables_are_filled_in(template, extension, folder):
    assert layout_of(any=template).folder("any", DAY, extension) == folder


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{jahr}", "any: unknown variable {jahr}"),
        ("a{year", "any: a brace without its partner in 'a{year'"),
        ("/a", "any: '/a' is absolute; folders are relative to the target"),
        ("a/../b", "any: 'a/../b' has a component '.' or '..'"),
        ("a//b", "any: 'a//b' has an empty component"),
        ("a/", "any: 'a/' has an empty component"),
        (7, "any: the folder must be a text, not int"),
        (".ifmosfs/x", "any: '.ifmosfs' is reserved"),
        ("to Review", "any: 'to Review' is reserved"),
        ("a\0b", r"any: 'a\x00b' has a character that cannot be shown"),
        ("a" * 256, "any: a component is longer than 255 bytes"),
    ],
)
def test_bad_template_is_refused_with_its_problem(template, problem):
    assert problems_of(template) == f"the layout cannot be used: {problem}"


def test_all_problems_of_both_documents_are_named_together():
    with pytest.raises(ConfigProblem) as caught:
        parse_layout({"folders": {"any": "{x}"}}, {"folders": {"other": "/", "any": "{y}"}, "colour": 1}, known={"any"})
    assert caught.value.what == (
        "the layout cannot be used: your layout: unknown entry 'colour'; other: no such category; "
        "any: unknown variable {y}; other: '/' is absolute; folders are relative to the target; "
        "other: '/' has an empty component"
    )


def test_folders_that_are_no_table_are_a_problem():
    with pytest.raises(ConfigProblem, match="your layout: 'folders' is not a table"):
        parse_layout(BUILT_IN, {"folders": "x"})


STANDING = {
    "folders": {
        "plain": "Financial/Documents/{year}",
        "photo": "Photos/{year}/{month}",
        "own": "Stuff/{category}",
        "dated": "{year}/Law",
        "numbered": "Old {year}/x",
        "outer": "Files",
        "inner": "Files/Inner",
        "one": "Web",
        "other": "Web/{extension}",
        "stays": "",
        "anywhere": "{year}",
    }
}


@pytest.mark.parametrize(
    ("folder", "categories"),
    [
        (b"Financial/Documents/2021", {"plain"}),
        (b"Financial/Documents", {"plain"}),
        (b"Financial/Documents/taxes/old", {"plain"}),
        (b"Financial", set()),
        (b"Photos", {"photo"}),
        (b"Stuff/own", {"own"}),
        (b"Stuff/other", set()),
        (b"2021/Law", {"dated"}),
        (b"someday/Law", set()),
        (b"Old 1999/x/y", {"numbered"}),
        (b"Files/else", {"outer"}),
        (b"Files/Inner/deep", {"inner"}),
        (b"Web/pdf", {"one", "other"}),
        (b"2021", set()),
        (b"", set()),
        (b"files", set()),
        (b"Fi\xffes", set()),
    ],
)
def test_folder_stands_for_the_categories_whose_files_go_there(folder: bytes, categories: set[str]) -> None:
    layout = parse_layout(STANDING, None)
    assert layout.categories_at(folder) == categories


def test_folder_stands_for_a_category_in_any_spelling_that_the_target_takes_for_the_same() -> None:
    key = NameRules(ignores_case=True).key
    assert parse_layout(STANDING, None).categories_at(b"FILES/inner", key) == {"inner"}
