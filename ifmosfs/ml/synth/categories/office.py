"""business_spreadsheet and business_presentation: workbooks and slides, in the formats of several programs."""

from __future__ import annotations

from collections.abc import Callable

from ifmosfs.ml.synth.formats import odf, ole, ooxml
from ifmosfs.ml.synth.formats.ooxml import Sheet, Slide
from ifmosfs.ml.synth.formats.zipped import write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

ALL = ("en", "de", "fr", "es", "it", "nl", "pt", "zh", "ja", "ru")

# What workbooks are about: names of files; columns; a row, in which a number stands as #low-high/decimals.
BOOKS = {
    "budget": (
        "budget «year»|Budget «month»|household budget|Haushaltsplan «year»|presupuesto «year»",
        "Category;Jan;Feb;Mar;Total",
        "«department»;#100-9000/2;#100-9000/2;#100-9000/2;=SUM(B{r}:D{r})",
    ),
    "sales": (
        "sales «year»|sales report Q«n:1-4»|Umsatz «year»|ventas «month»|revenue by region",
        "Region;Product;Units;Price;Revenue",
        "«city»;«product»;#1-900/0;#2-400/2;=C{r}*D{r}",
    ),
    "employees": (
        "employees|staff list|Mitarbeiterliste|personnel|headcount «year»",
        "ID;Name;Department;Role;Start;Salary",
        "#100-9999/0;«person»;«department»;«job»;«date»;#18000-90000/0",
    ),
    "timesheet": (
        "timesheet «month»|hours «first» «month»|Stundenzettel «month» «year»|Arbeitszeiten|feuille de temps",
        "Date;Start;End;Break;Hours;Project",
        "«date»;«hour»;«hour»;#0-1/2;#4-10/2;«Noun»",
    ),
    "inventory": (
        "inventory|stock list «isodate»|Inventar|Lagerbestand|warehouse",
        "SKU;Item;Location;Quantity;Reorder level;Unit cost",
        "«product_code»;«product»;«letter»#1-40/0;#0-900/0;#5-50/0;#1-300/2",
    ),
    "project_plan": (
        "project plan «noun»|Projektplan|Gantt «project»|milestones|action items",
        "Task;Owner;Start;End;Status;% done",
        "«Verb» «noun»;«first»;«date»;«date»;«open|done|in progress|blocked»;#0-100/0",
    ),
    "price_list": (
        "price list «year»|Preisliste|tarifs «year»|quotation «company»|parts list",
        "Article;Description;Unit;Price;Discount %",
        "«product_code»;«product»;«pc|kg|m|h»;#1-900/2;#0-30/0",
    ),
    "cash_book": (
        "cash book «year»|Kassenbuch|expenses «month»|income and expenses|EÜR «year»|travel expenses «first»",
        "Date;Text;Income;Expense;Balance",
        "«date»;«shop»;#0-900/2;#0-900/2;=E{p}+C{r}-D{r}",
    ),
    "grades": (
        "grades «n:5-12»«letter»|class list|Notenliste|marks «year»|exam results",
        "Student;Test 1;Test 2;Oral;Average",
        "«person»;#1-6/1;#1-6/1;#1-6/1;=AVERAGE(B{r}:D{r})",
    ),
    "contacts_sheet": (
        "suppliers|customer list|Kundenliste|mailing list «year»|members «year»",
        "Company;Contact;Phone;City;Turnover",
        "«company»;«person»;«phone»;«city»;#100-90000/0",
    ),
    "survey": (
        "survey results|Umfrage|responses|evaluation «year»|questionnaire answers (Responses)",
        "Timestamp;Question 1;Question 2;Comment",
        "«ts:%Y-%m-%d %H:%M:%S»;#1-5/0;#1-5/0;«sentence»",
    ),
    "schedule": (
        "schedule «month»|shift plan|Dienstplan «month»|rota week «n:1-52»|tournament table|vacation calendar «year»",
        "Name;Mon;Tue;Wed;Thu;Fri",
        "«first»;«early|late|off|night»;«early|late|off»;«early|late|off»;«early|late|off|holiday»;«early|late|off»",
    ),
    "kpi": (
        "KPI dashboard|monthly report «month»|controlling «year»|forecast «year»|BWA «month»",
        "KPI;Target;Actual;Delta;Trend",
        "«Adj» «noun» rate;#10-100/1;#10-100/1;=C{r}-B{r};«up|down|flat»",
    ),
    "calculation": (
        "calculation «noun»|loan calculator|Kalkulation «company»|cost estimate|mortgage «n:10-30» years|ROI",
        "Position;Amount;Factor;Result",
        "«product»;#10-9000/2;#0-3/2;=B{r}*C{r}",
    ),
    "tracking": (
        "weight tracker|running log|fuel log «car_model»|Tankbuch|book collection|wine list|workout plan|habit tracker",
        "Date;Value;Note",
        "«date»;#1-200/1;«sentence»",
    ),
    "bom": (
        "BOM «product_code»|Stückliste «noun»|bill of materials|order list",
        "Pos;Part no.;Name;Qty;Supplier;Price",
        "#1-200/0;«product_code»;«Noun» «noun»;#1-40/0;«company»;#1-90/2",
    ),
}


def _book_maker(kind: str) -> Callable[[Pen], Draft]:
    names, head, row = BOOKS[kind]

    def make(pen: Pen) -> Draft:
        sheets = [_sheet(pen, head, row, number) for number in range(pen.pick((1, 1, 1, 2, 3)))]
        title, author = pen.one_of(names), pen.slot("person", "")
        raw, extension = _store(sheets, pen, title, author)
        return Draft(raw, extension, names, "Excel|Spreadsheets|Tabellen|finance/«year»|reports|Office")

    return make


def _sheet(pen: Pen, head: str, row: str, number: int) -> Sheet:
    columns = head.split(";")
    rows: list[tuple[str | float, ...]] = [tuple(columns)]
    if pen.chance(0.3):
        rows = [(pen.say("«company»"),), (), tuple(columns)]
    n = pen.size(3, 160)
    for _ in range(n):
        at = len(rows) + 1
        rows.append(
            tuple(_value(pen, cell.replace("{r}", str(at)).replace("{p}", str(at - 1))) for cell in row.split(";"))
        )
    if pen.chance(0.4):
        rows.append(
            (
                "Total",
                *(
                    f"=SUM({ooxml.cell_name(1, column)[0]}2:{ooxml.cell_name(1, column)[0]}{len(rows)})"
                    for column in range(1, 3)
                ),
            )
        )
    name = pen.pick(
        (
            f"Sheet{number + 1}",
            f"Tabelle{number + 1}",
            f"Feuil{number + 1}",
            f"Hoja{number + 1}",
            pen.say("«Month»"),
            pen.say("«Noun»"),
            pen.say("«year»"),
        )
    )
    return Sheet(name, tuple(rows))


def _value(pen: Pen, cell: str) -> str | float:
    if cell.startswith("#"):
        span, _, decimals = cell[1:].partition("/")
        low, _, high = span.partition("-")
        return round(pen.rng.uniform(float(low), float(high)), int(decimals))
    return pen.say(cell)


def _store(sheets: list[Sheet], pen: Pen, title: str, author: str) -> tuple[bytes | str, str]:
    kind = pen.weighted({"xlsx": 58, "xls": 15, "ods": 14, "xlsm": 4, "csv": 3, "numbers": 3, "gnumeric": 2, "xltx": 1})
    if kind == "ods":
        return odf.write_ods(sheets, pen, title, author), kind
    if kind == "xls":
        return ole.write_xls(sheets, pen, title, author), kind
    if kind == "csv":
        sign = pen.pick(",;")
        return "\n".join(sign.join(str(cell) for cell in row) for row in sheets[0].rows) + "\n", kind
    if kind == "numbers":
        return write_zip(
            {
                "Index/Document.iwa": pen.noise(900),
                "Index/CalculationEngine.iwa": pen.noise(300),
                "Index/Tables/DataList.iwa": title.encode(),
                "Metadata/Properties.plist": pen.noise(200),
                "preview.jpg": b"\xff\xd8\xff\xe0",
            }
        ), kind
    if kind == "gnumeric":
        cells = "".join(
            f'<gnm:Cell Row="{at}" Col="{column}" ValueType="60">{ooxml.xml(str(value))}</gnm:Cell>'
            for at, row in enumerate(sheets[0].rows)
            for column, value in enumerate(row)
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<gnm:Workbook xmlns:gnm="http://www.gnumeric.org/v10.dtd"><gnm:Sheets><gnm:Sheet><gnm:Name>{ooxml.xml(sheets[0].name)}</gnm:Name><gnm:Cells>{cells}</gnm:Cells></gnm:Sheet></gnm:Sheets></gnm:Workbook>\n',
            kind,
        )
    return ooxml.write_xlsx(sheets, pen, title, author), kind


register_types(DocumentType("business_spreadsheet", kind, _book_maker(kind), ALL) for kind in BOOKS)


# ---- slides

# What slides are about: names of files; titles; lines.
DECKS = {
    "company": (
        "company presentation|«company» overview|Unternehmenspräsentation|about us «year»|pitch deck|pitch «Noun»",
        "About us|Our mission|Market|Team|Product|Traction|Competition|Roadmap|The ask|Contact",
        "Founded in «year» in «city»|«n:5-900» employees in «n:2-20» countries|We «verb» «adj» «noun»s|Revenue «money:100000-9000000»|«person», «job»|Market size «n:1-90» bn",
    ),
    "quarterly": (
        "Q«n:1-4» results|quarterly review «year»|Quartalsbericht|board meeting «month»|sales update «month»|business review",
        "Agenda|Highlights|Financials|Sales by region|Outlook|Risks|Next steps|Appendix",
        "Revenue up «n:1-40»% year on year|EBIT margin «n:2-30»%|«city»: «n:10-900» new customers|Forecast «money:10000-900000»|Costs below plan",
    ),
    "lecture": (
        "lecture «n:01-14»|Vorlesung_«n:01-14»|«Noun» 101|slides week «n:1-14»|cours «n:1-12»|Kapitel«n:1-9»",
        "Introduction|Definition|Example|Theorem|Exercise|Recap|Literature|Overview|Questions?",
        "Let x be a «adj» «noun»|Example: «verb» the «noun»|A «noun» is «adj» if every «noun» is «adj»|Proof: by induction|Homework: exercise «n:1-40»|cf. «surname» («year»)",
    ),
    "training": (
        "training «framework»|onboarding|safety training|Schulung «Noun»|workshop «month»|how to «verb»",
        "Welcome|Goals of today|Rules|Exercise 1|Break|Summary|Feedback|Dos and don'ts",
        "Click «Verb» and choose «noun»|Wear protective «gloves|goggles»|In case of fire call «n:100-999»|Group work: «n:10-40» minutes|Ask if something is unclear",
    ),
    "school": (
        "Referat «city»|presentation biology|my presentation|volcanoes|Präsentation «Noun»|exposé|The «animal»|history project",
        "Structure|What is a «animal»?|History|Geography|Facts|Pros and cons|Sources|The end",
        "The «animal» lives in «country»|«n:1-90» million inhabitants|In «year» everything changed|It eats «food»|Source: Wikipedia|Thank you for listening!",
    ),
    "tech_talk": (
        "talk «project»|«framework» intro|conference slides|meetup «month»|architecture overview|FOSDEM «year»",
        "Who am I|The problem|Architecture|Demo|Benchmarks|Lessons learned|Questions|Why «framework»?",
        "«tech:1-1»|pip install «project»|@«user»|«n:2-90»x faster than before|No more «adj» «noun»s",
    ),
    "marketing": (
        "campaign «month»|marketing plan «year»|brand guidelines|social media strategy|Kampagne «Noun»|launch «Noun»",
        "Target group|Channels|Budget|Timeline|Message|KPIs|Competitors|Creative",
        'Reach: «n:10-900»k|Instagram, LinkedIn, newsletter|CTR «percent»|Budget «money:1000-90000»|Claim: "«Adj» by nature"',
    ),
    "project_status": (
        "status report «project»|Projektstatus «month»|kick-off «project»|steering committee|sprint review «n:1-60»|retro",
        "Status|Milestones|Risks|Decisions needed|Team|Budget|Kick-off|Open points",
        "«Verb» «noun»: done|«first» will «verb» the «noun» by «date»|Traffic light: «green|yellow|red»|Delay of «n:1-8» weeks|Risk: «adj» «noun»",
    ),
    "private_deck": (
        "photo album «city»|«first» 40th birthday|quiz night|holiday «year»|wedding show|Abschied «first»|family reunion",
        "Happy birthday «first»!|«city» «year»|Question «n:1-30»|Best of|Remember?|Thanks!",
        "Where was this photo taken?|«first» and «first» in «city»|A: «noun»  B: «noun»  C: «noun»|«year»: the first flat|Cheers!",
    ),
    "thesis": (
        "defence «surname»|thesis defense|Kolloquium|disputation|final presentation bachelor",
        "Motivation|Research question|Related work|Method|Results|Discussion|Conclusion|References",
        "RQ«n:1-4»: Can «adj» «noun»s «verb» «noun»s?|n = «n:10-900» participants|p < 0.0«n:1-5»|«surname» et al., «year»|Accuracy «n:50-99»%",
    ),
}


def _deck_maker(kind: str) -> Callable[[Pen], Draft]:
    names, titles, lines = DECKS[kind]

    def make(pen: Pen) -> Draft:
        first = Slide(
            pen.one_of(names).capitalize(),
            (pen.slot("person", ""), pen.say(pen.pick(("«company»", "«date»", "«city», «month» «year»")))),
        )
        slides = [first, *(_slide(pen, title, lines) for title in _titles(pen, titles))]
        raw, extension = _store_slides(slides, pen)
        return Draft(raw, extension, names, "Presentations|slides|Präsentationen|talks/«year»|Office")

    return make


def _titles(pen: Pen, titles: str) -> list[str]:
    from ifmosfs.ml.synth.grammar import alternatives

    return [pen.say(title) for title in pen.sample(alternatives(titles), pen.size(2, 10))]


def _slide(pen: Pen, title: str, lines: str) -> Slide:
    items = tuple(pen.one_of(lines) if pen.chance(0.75) else pen.slot("sentence", "") for _ in range(pen.whole(0, 6)))
    return Slide(title, items)


def _store_slides(slides: list[Slide], pen: Pen) -> tuple[bytes, str]:
    title, author = slides[0].title, pen.slot("person", "")
    kind = pen.weighted({"pptx": 60, "ppt": 12, "odp": 14, "ppsx": 4, "key": 5, "potx": 2, "pdf": 3})
    if kind == "odp":
        return odf.write_odp(slides, pen, title, author), kind
    if kind == "ppt":
        return ole.write_ppt(slides, pen, title, author), pen.pick(("ppt", "ppt", "pps"))
    if kind == "key":
        return write_zip(
            {
                "Index/Document.iwa": pen.noise(900),
                **{f"Index/Slide-{n}.iwa": slide.title.encode() + pen.noise(200) for n, slide in enumerate(slides)},
                "Metadata/Properties.plist": pen.noise(200),
                "preview.jpg": b"\xff\xd8\xff\xe0",
            }
        ), kind
    if kind == "pdf":
        return _beamer(slides, pen, title, author), kind
    return ooxml.write_pptx(slides, pen, title, author), kind


def _beamer(slides: list[Slide], pen: Pen, title: str, author: str) -> bytes:
    """Slides as a PDF, a page each, in landscape."""
    from ifmosfs.ml.synth.blocks import Document
    from ifmosfs.ml.synth.formats.pdf import write_pdf
    from ifmosfs.ml.synth.layout import Box, Item, Text, choose_style

    style = choose_style(pen)
    style.page = pen.pick(((362.8, 272.1), (453.5, 255.1), (960.0, 540.0), (720.0, 540.0)))
    width, height = style.page
    pages: list[list[Item]] = []
    for slide in slides:
        items: list[Item] = [
            Box(0, 0, width, height * 0.12, style.accent),
            Text(width * 0.05, height * 0.09, height * 0.07, slide.title, bold=True, colour=(255, 255, 255)),
        ]
        items += [
            Text(width * 0.08, height * (0.25 + 0.1 * at), height * 0.045, "• " + item[:90])
            for at, item in enumerate(slide.items)
        ]
        pages.append(items)
    return write_pdf(pages, style, Document((), pen.language, title, author, ""), pen)


register_types(DocumentType("business_presentation", kind, _deck_maker(kind), ALL) for kind in DECKS)


@document("business_presentation")
def markup_slides(pen: Pen) -> Draft:
    """Slides as text: LaTeX Beamer, Marp, reveal.js."""
    titles = [pen.say("«Adj» «noun»s") for _ in range(pen.size(2, 14))]
    kind = pen.pick(("tex", "md", "html"))
    if kind == "tex":
        frames = "\n".join(
            f"\\begin{{frame}}{{{title}}}\n  \\begin{{itemize}}\n    \\item {pen.slot('sentence', '')}\n  \\end{{itemize}}\n\\end{{frame}}"
            for title in titles
        )
        return Draft(
            f"\\documentclass{{beamer}}\n\\usetheme{{Madrid}}\n\\title{{{titles[0]}}}\n\\begin{{document}}\n{frames}\n\\end{{document}}\n",
            "tex",
            "slides|talk|beamer",
            "slides",
        )
    if kind == "md":
        return Draft(
            "---\nmarp: true\ntheme: default\n---\n\n"
            + "\n\n---\n\n".join(f"# {title}\n\n- {pen.slot('sentence', '')}" for title in titles)
            + "\n",
            "md",
            "slides|talk|deck",
            "slides",
        )
    sections = "\n".join(f"<section><h2>{title}</h2><p>{pen.slot('sentence', '')}</p></section>" for title in titles)
    return Draft(
        f'<!doctype html><html><head><link rel="stylesheet" href="dist/reveal.css"></head><body><div class="reveal"><div class="slides">\n{sections}\n</div></div><script>Reveal.initialize();</script></body></html>\n',
        "html",
        "slides|presentation",
        "slides",
    )
