"""What words speak for: phrases are found where a word begins them, headings count more, weak words less."""

from hypothesis import given
from hypothesis import strategies as st

from ifmosfs.ml.documents import maker_findings
from ifmosfs.ml.meaning import find_meaning
from ifmosfs.ml.phrases import WORD, Phrases, words_of
from ifmosfs.ml.rules import default_rules

RULES = default_rules()
PIECES = st.lists(st.text("ab\u00e9", min_size=0, max_size=5), max_size=6)


def category(text: str, title: str = "") -> str | None:
    """The category that a text speaks most for."""
    finding = find_meaning(RULES, text, title=title)
    return max(finding.weights, key=finding.weights.__getitem__) if finding else None


@given(text=st.text("ab'-\u00e9 1$.\n", max_size=40))
def test_words_are_those_that_the_pattern_finds(text):
    assert words_of(text) == frozenset(WORD.findall(text))


def is_found(phrase: str, text: str) -> bool:
    """What the class promises for phrases of letters, without an index."""
    may_go_on = " " in phrase or len(phrase) >= 4
    return f" {phrase}" in f" {text}" if may_go_on else phrase in text.split()


@given(text=PIECES, phrases=st.lists(PIECES.filter(any), max_size=30))
def test_phrases_are_found_where_a_word_begins_them(text, phrases):
    plain = " ".join(piece for piece in text if piece)
    wanted = sorted({" ".join(piece for piece in phrase if piece) for phrase in phrases})
    found = Phrases((phrase, "x") for phrase in wanted).find(plain, words_of(plain))
    assert sorted(phrase for phrase, _ in found) == [phrase for phrase in wanted if is_found(phrase, plain)]


def test_phrase_ends_anywhere_and_is_anywhere_where_words_have_no_spaces():
    phrases = Phrases([("le parti", "x"), ("handleiding", "y"), ("\u5408\u540c", "z"), ("1-0-1", "n")])
    text = "simple parties, le parties, handleidingen, \u7b7e\u8ba2\u5408\u540c\u4e66, 1-0-1"
    assert sorted(phrases.find(text, words_of(text))) == [
        ("1-0-1", "n"),
        ("handleiding", "y"),
        ("le parti", "x"),
        ("\u5408\u540c", "z"),
    ]


TEXTS = {
    "financial_document": (
        "Invoice no 17. Bill to: A. Subtotal 10, VAT 2, amount due 12 EUR.",
        "Gehaltsabrechnung Mai: Bruttobetrag, Lohnsteuer, Auszahlungsbetrag auf Ihr Konto, Sparkasse",
        "Relevé de compte: ancien solde, virement, nouveau solde 12 €",
        "Estado de cuenta. Saldo anterior, número de cuenta, IVA",
        "Fattura: imponibile, partita IVA, totale da pagare",
        "Factuurnummer 12, factuurdatum, te betalen, btw",
    ),
    "legal_document": (
        "This lease agreement is made by and between the landlord and the tenant. Governing law. In witness whereof",
        "Mietvertrag zwischen Vermieter und Mieter. Gerichtsstand, K\u00fcndigungsfrist, salvatorische Klausel",
        "Im Namen des Volkes. Urteil. Amtsgericht. Der Kl\u00e4ger gegen die Beklagte",
        "Entre les soussign\u00e9s, le bailleur et le locataire, il a \u00e9t\u00e9 convenu",
        "Privacy policy: which personal data the data controller keeps. Terms of service",
    ),
    "personal_career": (
        "Curriculum vitae. Work experience. Education and training. References available on request. Hobbies",
        "Lebenslauf. Berufserfahrung, Ausbildung, Abitur, Sprachkenntnisse, F\u00fchrerschein",
        "Exp\u00e9rience professionnelle, formations, comp\u00e9tences, centres d'int\u00e9r\u00eat",
        "Dear hiring manager, I am writing to apply for the position of cook. My resume is with this cover letter",
    ),
    "personal_health": (
        "Patient: A. Diagnosis: hypertension. Medication twice daily. Blood pressure 120/80. Discharge summary",
        "Arztbrief. Sehr geehrter Herr Kollege, wir berichten \u00fcber die Patientin. Diagnosen, Befund, Therapie und Verlauf",
        "Ordonnance du m\u00e9decin: un comprim\u00e9, posologie. H\u00f4pital",
        "Hemograma: hemoglobin, glucose, valores de referencia, paciente, an\u00e1lisis de sangre",
    ),
    "personal_document": (
        "Dear grandma, happy birthday! Lots of love and hugs, best wishes",
        "Liebe Oma, alles Gute zum Geburtstag! Viele Gr\u00fc\u00dfe aus dem Urlaub",
        "Ingredients: two tablespoons of sugar. Preheat the oven. Recipe serves 4",
        "Sehr geehrte Damen und Herren, ... Mit freundlichen Gr\u00fc\u00dfen",
    ),
    "technical_manual": (
        "User manual. Safety instructions: risk of fire and electric shock. Before first use unplug the appliance.",
        "Bedienungsanleitung. Sicherheitshinweise, Lieferumfang, Inbetriebnahme, Entsorgung, technische Daten",
        "Mode d'emploi. Consignes de s\u00e9curit\u00e9, nettoyage, d\u00e9pannage",
        "Manual de instrucciones del aparato: limpieza, enchufe, advertencia",
    ),
    "technical_documentation": (
        "Release notes. Bug fixes. This library has a new API; see also the changelog in the repository. Source code by pull request",
    ),
    "automotive_technical": (
        "Workshop manual: tightening torque of spark plugs, timing belt, brake fluid, cylinder head, ECU trouble codes",
        "Werkstatthandbuch: Zahnriemen, Z\u00fcndkerze, Bremsfl\u00fcssigkeit, Getriebe, Kupplung",
    ),
}


def test_texts_in_several_languages_are_about_what_they_are():
    told = {name: [category(text) for text in texts] for name, texts in TEXTS.items()}
    assert told == {name: [name] * len(texts) for name, texts in TEXTS.items()}


def test_few_words_that_many_texts_have_say_nothing():
    assert category("The total amount of the payment and the account of the bank") is None
    assert category("Press it, select a menu, click the mouse") is None


def test_word_in_the_title_counts_for_more():
    text = " ".join(["nothing to see here"] * 20) + " patient contract"
    assert category(text) is None
    assert category(text, title="Invoice") == "financial_document"


def test_maker_of_a_pdf_is_known_by_whole_words():
    told = {maker: [dict(found.weights) for found in maker_findings(maker)] for maker in MAKERS}
    assert told == MAKERS


MAKERS = {
    "pdfTeX-1.40.20": [{"technical_documentation": 0.35}],
    "LaTeX with hyperref": [{"technical_documentation": 0.35}],
    "macOS Version 12.4 Quartz PDFContext": [],
    "Microsoft PowerPoint 2016": [{"business_presentation": 0.7}],
    "SAP NetWeaver 720": [{"financial_document": 0.25}],
    "Sapphire": [],
}
