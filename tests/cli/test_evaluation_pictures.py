"""The pictures of an evaluation say what its figures say, and the page needs nothing but itself."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from ifmosfs.app.evaluating import EvaluationReport, Part, SplitOrder, SplitReport
from ifmosfs.cli.markup import element, table
from ifmosfs.cli.show_evaluation_html import evaluation_page
from ifmosfs.cli.show_evaluation_pictures import calibration_picture, confusion_picture, risk_coverage_picture
from ifmosfs.ml.evaluating import NONE, Evaluation, Judgement, evaluate

A, B = "media_audio", "web_font"


def judged(
    category: str, label: str | None, confidence: float, path: bytes = b"/f", seconds: float = 0.001
) -> Judgement:
    return Judgement(path, category, frozenset(), label, confidence, {"names": seconds, "judging": 2 * seconds})


SOME = [
    judged(A, A, 0.95),
    judged(A, A, 0.85),
    judged(A, A, 0.85),
    judged(A, B, 0.75, b"/odd \xff<&>\x01.wav"),
    judged(B, B, 0.65),
    judged(B, None, 0.0),
    judged(NONE, None, 0.0),
]


@pytest.fixture
def some() -> Evaluation:
    return evaluate("some", SOME, 0.7, 0.5)


def parsed(picture: ET.Element) -> ET.Element:
    """What a reader of XML makes of it."""
    return ET.fromstring(ET.tostring(picture))


def titles(picture: ET.Element, kind: str) -> list[str]:
    return [str(each.findtext("title")) for each in parsed(picture).iter("g") if kind in each.get("class", "").split()]


def test_the_confusion_has_a_cell_for_each_pair_that_occurs_and_its_words(some: Evaluation) -> None:
    picture = confusion_picture(some)
    assert titles(picture, "right") == [
        "media_audio: 3 of 4 labelled media_audio (75%)",
        "web_font: 1 of 2 labelled web_font (50%)",
        "no category: 1 of 1 left alone (100%)",
    ]
    assert titles(picture, "wrong") == [
        "media_audio: 1 of 4 labelled web_font (25%)",
        "web_font: 1 of 2 left alone (50%)",
    ]
    names = [each.text for each in parsed(picture).iter("text") if each.get("class") == "name"]
    assert names == [A, B, "(left alone)", A, "4", B, "2", "(no category)", "1"]


def test_a_cell_is_darker_the_larger_its_share_and_lies_at_its_row_and_column(some: Evaluation) -> None:
    cells = [each for each in parsed(confusion_picture(some)).iter("g") if "cell" in each.get("class", "")]
    boxes = [each.find("rect") for each in cells]
    assert [(box.get("x"), box.get("y"), box.get("fill-opacity")) for box in boxes if box is not None] == [
        ("180", "180", "0.79"),
        ("198", "180", "0.36"),
        ("198", "198", "0.57"),
        ("216", "198", "0.57"),
        ("216", "216", "1"),
    ]


def test_the_calibration_has_a_bar_for_each_tenth_that_has_files(some: Evaluation) -> None:
    picture = calibration_picture(some)
    assert titles(picture, "bin") == [
        "1 file of confidence 0.650 on average: 100.0% right",
        "1 file of confidence 0.750 on average: 0.0% right",
        "2 files of confidence 0.850 on average: 100.0% right",
        "1 file of confidence 0.950 on average: 100.0% right",
    ]
    bars = [each.find("rect") for each in parsed(picture).iter("g") if each.get("class") == "bin"]
    assert [(bar.get("x"), bar.get("height")) for bar in bars if bar is not None] == [
        ("397.2", "300"),
        ("454.4", "0"),
        ("511.6", "300"),
        ("568.8", "300"),
    ]


def test_the_curves_of_all_methods_and_their_thresholds_are_in_one_picture(some: Evaluation) -> None:
    hopeless = evaluate("hopeless", [judged(A, B, 0.5)] * 9 + [judged(A, A, 0.4)], 0.7)
    silent = evaluate("silent", [judged(A, None, 0.0)], 0.7)
    picture = parsed(risk_coverage_picture([some, hopeless, silent]))
    curves = {each.get("class"): each.get("points") for each in picture.iter("polyline")}
    assert curves == {
        "goal": "52,46 624,46",  # 97 % between 0.7 and 1
        "curve m0": "133.71,16 297.14,16 378.86,266 460.57,216",
        "curve m1": "566.8,1016 624,916",  # below the frame, by which it is cut off
    }
    assert {each.get("clip-path") for each in picture.iter("polyline")} == {"url(#plane)"}
    assert [each.findtext("title") for each in picture.iter("circle")] == ["some from 0.7 on: 75.0% of 57.1%"]
    legend = [each.findtext("text") for each in picture.iter("g")]
    assert legend == ["some", "hopeless: below the picture, 10.0% at best", "silent: labels nothing"]


def test_nothing_is_no_error_for_any_picture() -> None:
    nothing = evaluate("nothing", [], 0.6)
    for picture in (confusion_picture(nothing), calibration_picture(nothing), risk_coverage_picture([nothing])):
        assert parsed(picture).tag == "svg"


def test_text_is_escaped_and_the_words_of_a_table_stand_left() -> None:
    made = table(["file", "n"], [["<b>&", "3"]])
    assert ET.tostring(made, encoding="unicode") == (
        '<div class="wide"><table><thead><tr><th>file</th><th class="number">n</th></tr></thead>'
        '<tbody><tr><td>&lt;b&gt;&amp;</td><td class="number">3</td></tr></tbody></table></div>'
    )


def test_an_element_has_its_attributes_and_children_in_order() -> None:
    made = element("p", "one ", element("b", "two"), " three", class_="x", stroke_width=1.005, viewBox="0")
    assert ET.tostring(made, encoding="unicode") == (
        '<p class="x" stroke-width="1" viewBox="0">one <b>two</b> three</p>'
    )


class Outline(HTMLParser):
    """Headings, table cells, warnings, and whatever would be loaded; every element has to be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.cells: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "img", "iframe", "object"}:
            self.loaded.append(tag)
        self.loaded += [f"{name}={value}" for name, value in attrs if name in {"src", "href", "xlink:href"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"h1", "h2", "h3"}:
            self.headings.append(data)
        elif self.open and self.open[-1] == "td":
            self.cells.append(data)


def test_the_page_has_everything_and_loads_nothing(some: Evaluation) -> None:
    split = SplitReport(
        SplitOrder(0.3, "file", 7), Part(20, 20, frozenset({A, B, "archive"})), Part(7, 7, frozenset({A, B}))
    )
    report = EvaluationReport((some,), split, {"some": 20}, (b"/gone",), {"nonsense": 2})
    text = evaluation_page(report, "/set.csv")
    outline = Outline(text)
    assert outline.loaded == []
    assert "http" not in text
    assert "@import" not in text
    assert "url(" not in text.replace("url(#plane)", "")
    assert outline.headings == [
        "How well files are labelled",
        "All methods on the same files",
        "Precision over coverage",
        "Reached with the best threshold there is",
        "F1 by category",
        "some",
        "What the threshold decides",
        "Confusion",
        "Calibration",
        "Categories",
        "What a file takes",
        "The surest mistakes",
    ]
    for words in (
        "Parted by file (seed 7): 20 files of 20 groups to learn from, 7 of 7 to test on.",
        "Files of one source may be in both parts",
        "Categories with nothing to test: archive.",
        "Learned from 20 files, the other part.",
        "From 0.7 on, 4 of 7 files are decided (57.1%), and 3 of those are right (75.0%), which does not reach 97%.",
        " Of no category, 100.0% are left alone.",
        "Categories that there are not, whose files count as wrong: nonsense (2)",
        "1 file of the set not there: /gone",
        "prefers-color-scheme: dark",
    ):
        assert words in text, words
    some_cells = "\n".join(outline.cells)
    for row in (
        [A, "4", "3", "3", "1.000", "0.750", "0.857"],
        ["whole", "/odd \\xff<&>\\x01.wav", "7", "3.000", "3.000", "3.000"],
        ["/odd \\xff<&>\\x01.wav", B, A, "0.750"],
    ):
        assert "\n".join(row) in some_cells, row


def test_a_page_without_mistakes_or_times_says_so() -> None:
    fine = evaluate("fine", [Judgement(b"/f", A, frozenset(), A, 0.9)], 0.7)
    text = evaluation_page(EvaluationReport((fine,), None, {}, (), {}), "set")
    assert "<p>No label is wrong.</p>" in text
    assert "<p>Not measured.</p>" in text
    assert "Parted by" not in text
    assert "1 of those are right (100.0%), which reaches 97%.</p>" in text
    silent = evaluate("silent", [Judgement(b"/f", A, frozenset(), None, 0.0)], 0.7)
    text = evaluation_page(EvaluationReport((silent,), None, {}, (), {}), "set")
    assert "<p>From 0.7 on, nothing is decided.</p>" in text
