"""The reviewed data: every name in it exists, every recogniser's answer has a meaning, names are read as people write them."""

import re
from importlib import resources

import pytest

from ifmosfs.core.errors import ConfigProblem
from ifmosfs.ml import markup, signatures, text_shapes, zip_members
from ifmosfs.ml.by_name import as_words, name_evidence
from ifmosfs.ml.evidence import OUTSIDE
from ifmosfs.ml.rules import UNKNOWN_GROUP, default_rules
from ifmosfs.ml.taxonomy import Category, Taxonomy, default_taxonomy, parse_taxonomy

RULES = default_rules()
TAXONOMY = default_taxonomy()
ALL_RULES = (*RULES.places, *RULES.folders, *RULES.names, *RULES.words)
FINDINGS = [
    *(rule.finding for rule in ALL_RULES),
    *(extension.finding for extension in RULES.extensions.values()),
    *(known.finding for known in RULES.formats.values()),
]


def test_taxonomy_has_the_37_categories_each_with_label_and_line():
    assert len(TAXONOMY.names) == len({category.label for category in TAXONOMY.categories}) == 37
    assert TAXONOMY.label("media_photo") == "Photos"
    assert TAXONOMY.label("unheard_of") == "unheard_of"


def test_taxonomy_problems_are_named_together():
    with pytest.raises(ConfigProblem) as caught:
        parse_taxonomy({"a": {"label": "A", "about": ""}, "b": 1, "c": {"about": "x"}})
    assert caught.value.what == "the taxonomy cannot be used: a: no about; b: not a table; c: no label"


def test_taxonomy_is_sorted_by_name():
    tables = {"b": {"label": "B", "about": "y"}, "a": {"label": "A", "about": "x"}}
    assert parse_taxonomy(tables) == Taxonomy((Category("a", "A", "x"), Category("b", "B", "y")))


def test_findings_name_only_categories_and_families_that_exist():
    named = {name for finding in FINDINGS for name in finding.weights}
    assert named <= TAXONOMY.names | {OUTSIDE} | {f"@{family}" for family in RULES.families}
    assert set().union(*RULES.families.values()) <= TAXONOMY.names | {OUTSIDE}
    for vocabulary in (RULES.vocabulary, RULES.weak_vocabulary):
        assert {category for categories in vocabulary.values() for category in categories} <= TAXONOMY.names


def test_weights_of_a_finding_do_not_exceed_one():
    assert [finding.what for finding in FINDINGS if not 0 < sum(finding.weights.values()) <= 1] == []


def test_rules_are_limited_to_groups_that_extensions_have():
    groups = {extension.group for extension in RULES.extensions.values()} | {UNKNOWN_GROUP}
    assert set().union(*(rule.groups for rule in ALL_RULES)) <= groups


@pytest.mark.parametrize("module", [signatures, markup, text_shapes, zip_members], ids=lambda module: module.__name__)
def test_every_format_that_a_recogniser_can_answer_has_a_meaning(module):
    source = resources.files("ifmosfs.ml").joinpath(module.__name__.rpartition(".")[2] + ".py").read_text()
    answers = re.findall(r', "([a-z0-9:-]+)"(?:\)|, re\.)|return "([a-z0-9:-]+)"|: "([a-z0-9:-]+)"[,}]', source)
    formats = {next(filter(None, answer)) for answer in answers} - {"utf-8", "replace", "utf-16-le", "big", "little"}
    assert len(formats) > 5
    assert formats - RULES.formats.keys() == set()


def evidence_for(path: str) -> dict[str, float]:
    """The strongest weight per category that the path alone gives, families left out."""
    weights: dict[str, float] = {}
    for finding in name_evidence(RULES, b"/home/x", path.encode()).findings:
        for name, weight in finding.weights.items():
            if not name.startswith("@"):
                weights[name] = max(weight, weights.get(name, 0))
    return weights


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("Stromrechnung_2023.pdf", "financial_document"),
        ("kontoauszug-05.pdf", "financial_document"),
        ("factura 2023-11.pdf", "financial_document"),
        ("Mietvertrag Müller.docx", "legal_document"),
        ("contrat_de_travail.pdf", "legal_document"),
        ("JohnDoeResume.pdf", "personal_career"),
        ("Lebenslauf.odt", "personal_career"),
        ("arztbrief.pdf", "personal_health"),
        ("UserManual.pdf", "technical_manual"),
        ("Bildschirmfoto 2023-01-05 um 10.00.png", "media_screenshot"),
        ("Capture d’écran 2023.png", "media_screenshot"),
        ("スクリーンショット 2023.png", "media_screenshot"),
        ("IMG_20230105_101010.jpg", "media_photo"),
        ("DSC01234.JPG", "media_photo"),
        ("acme-logo.svg", "design_logo"),
        ("acmelogo2.png", "design_logo"),
        ("brand/x.png", "design_logo"),
        ("ubuntu-original.svg", "design_logo"),
        ("wordpress-fill.svg", "design_logo"),
        ("paypal.png", "design_logo"),
        ("firefox_24x24.png", "design_logo"),
        ("Visa.GIF", "design_logo"),
        ("hicolor/48x48/actions/x.png", "media_graphic"),
        ("mimetypes/x.png", "media_graphic"),
        ("report.docx.bak", "backup_versioned"),
        ("report.pdf~", "backup_versioned"),
        ("libz.so.1.2.13", "compiled_code"),
        ("changelog.Debian.gz", "technical_documentation"),
        ("syslog.2.gz", "technical_log"),
        ("site-packages/x/y.so", "dependency_python"),
        (".cache/pip/http/a", "cache_package_manager"),
        ("node_modules/left-pad/index.js", "cache_package_manager"),
        ("a/__pycache__/b.pyc", "compiled_code"),
        (".git/HEAD", "git_metadata"),
    ],
)
def test_path_speaks_most_for_its_category(path, category):
    weights = evidence_for(path)
    assert max(weights, key=weights.__getitem__) == category, weights


@pytest.mark.parametrize("path", ["x", "résumé.py", "invoice.c", "a/b/c", "..."])
def test_path_speaks_for_no_document_category_where_words_mean_nothing(path):
    assert not {name for name in evidence_for(path) if name.startswith(("personal_", "financial_", "legal_"))}


@pytest.mark.parametrize(
    "name", ["paypal invoice.png", "python in the grass.jpg", "github settings page.png", "twitter.txt"]
)
def test_a_picture_of_something_about_a_brand_is_not_its_mark(name):
    assert "design_logo" not in evidence_for(name)


@pytest.mark.parametrize("name", ["catalogo.png", "dialogo 2.png", "prologos.png", "analogo.svg"])
def test_a_word_that_only_ends_like_logo_is_none(name):
    assert "design_logo" not in evidence_for(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("JohnDoeResume", " john doe resume "),
        ("tax_return-2023.final", " tax return 2023 final "),
        ("Rechnung123", " rechnung 123 "),
        ("", "  "),
    ],
)
def test_name_is_opened_up_into_words(name, words):
    assert as_words(name) == words
