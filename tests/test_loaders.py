# ruff: noqa: E501 (a document in a line)
"""What the loader of each format reads: made documents, each with the lines that its text must hold, and must not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI

from qa.corpus import read, register
from qa.corpus.blocks import Unreadable
from qa.corpus.layout import Segment, blocks
from qa.corpus.loaders import _own
from qa.corpus.loaders.pdf import _from_the_right, _merged, _segments
from qa.corpus.reading import document
from qa.corpus.tables import blocks as rows_of
from qa.corpus.tables import plain, spread
from qa.passages import split
from qa.schema import Document, Section, Source

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PROSE = "The mill at Brekke grinds rye for nine farms and has done so since the flood."


def word(*body: str, parts: dict[str, str] | None = None) -> bytes:
    """A DOCX whose body holds this XML."""
    made = docx.Document()
    for xml in body:
        made.element.body.insert_element_before(parse_xml(xml.replace(">", f" {W}>", 1)), "w:sectPr")
    packed = io.BytesIO()
    made.save(packed)
    if not parts:
        return packed.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def p(text: str, style: str = "") -> str:
    about = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{about}<w:r><w:t>{text}</w:t></w:r></w:p>"


def tbl(*rows: tuple[str, ...], first: str = "") -> str:
    cells = "".join(
        f"<w:tr>{first if not i else ''}{''.join(f'<w:tc>{p(c)}</w:tc>' for c in row)}</w:tr>"
        for i, row in enumerate(rows)
    )
    return f"<w:tbl>{cells}</w:tbl>"


HEAD = "<w:trPr><w:tblHeader/></w:trPr>"


def pages(*sheets: Callable[[FPDF], None]) -> bytes:
    """A PDF of pages drawn by functions."""
    made = FPDF()
    made.set_font("helvetica", size=10)
    for sheet in sheets:
        made.add_page()
        sheet(made)
    return bytes(made.output())


def lines(*texts: str, x: float = 20, y: float = 30, size: float = 10, step: float = 5) -> Callable[[FPDF], None]:
    def draw(made: FPDF) -> None:
        made.set_font("helvetica", size=size)
        for i, text in enumerate(texts):
            made.text(x, y + i * step, text)

    return draw


def ligature() -> bytes:
    """A page on which one glyph stands for three letters, as typesetters have it."""
    show = b"BT /F1 12 Tf 20 700 Td (The eXciency of the mill was measured in the oXce.) Tj ET"
    parts = (
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier/FirstChar 88/LastChar 88/Widths[900]"
        b"/Encoding<</Type/Encoding/Differences[88/ffi]>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(show), show),
    )  # fmt: skip
    objects = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, part) for n, part in enumerate(parts, start=1))
    return b"%PDF-1.4\n" + objects + b"trailer\n<</Root 1 0 R/Size 6>>\n%%EOF"


def columns(*texts: tuple[str, ...], at: tuple[float, ...]) -> Callable[[FPDF], None]:
    return both(*(lines(*text, x=x, y=60) for text, x in zip(texts, at, strict=True)))


def both(*parts: Callable[[FPDF], None]) -> Callable[[FPDF], None]:
    return lambda made: [part(made) for part in parts] and None


def grid(*rows: tuple[str, ...], at: tuple[float, ...] = (20, 70, 120), y: float = 60) -> Callable[[FPDF], None]:
    def draw(made: FPDF) -> None:
        for i, row in enumerate(rows):
            for x, text in zip(at, row, strict=True):
                made.text(x, y + 6 * i, text)

    return draw


def sheet(
    *rows: tuple[object, ...], title: str = "Sheet", more: Callable[[openpyxl.Workbook], None] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    if more:
        more(book)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def percent(book: openpyxl.Workbook) -> None:
    book.active["B2"].number_format = "0.0%"


def second(book: openpyxl.Workbook) -> None:
    book.create_sheet("Autumn").append(("Ewes", 41))
    hidden = book.create_sheet("Secret")
    hidden.append(("Hidden word", 1))
    hidden.sheet_state = "hidden"


_R = "<m:r><m:t>{}</m:t></m:r>"
FORMULA = (
    '<w:p><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
    + _R.format("A=π")
    + f"<m:sSup><m:e>{_R.format('r')}</m:e><m:sup>{_R.format('2')}</m:sup></m:sSup>"
    + _R.format(", x=")
    + f"<m:f><m:num>{_R.format('1')}</m:num><m:den>{_R.format('2')}</m:den></m:f>"
    + _R.format(", ")
    + f"<m:sSup><m:e>{_R.format('10')}</m:e><m:sup>{_R.format('-6')}</m:sup></m:sSup>"
    + _R.format(", ")
    + f"<m:rad><m:deg/><m:e>{_R.format('a+b')}</m:e></m:rad></m:oMath></w:p>"
)

COMMENTS = (
    b'<p:cmLst xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main">'
    b'<p:cm authorId="0"><p:text>Was it not 321?</p:text></p:cm></p:cmLst>'
)


def slides() -> bytes:
    made = pptx.Presentation()
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "Sheep of the north farm"
    frame = first.placeholders[1].text_frame
    frame.text = "Ewes graze on the moor until October."
    inner = frame.add_paragraph()
    inner.text, inner.level = "Rams stay in the yard.", 1
    first.notes_slide.notes_text_frame.text = "Say that the vet comes on Monday."
    other = made.slides.add_slide(made.slide_layouts[5])
    other.shapes.title.text = "Fleeces"
    figures = CategoryChartData()
    figures.categories = ["North", "007"]
    figures.add_series("Rams", (1234567, 2.5))
    chart = other.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 2_000_000, 9, 9, figures).chart
    for bars in list(chart._chartSpace.iter("{*}barChart")):
        bars.tag = bars.tag.replace("barChart", "bar3DChart")  # a kind that the library does not know
    note = Part(PackURI("/ppt/comments/comment1.xml"), "application/vnd.x+xml", made.part.package, COMMENTS)
    other.part.relate_to(note, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments")
    table = other.shapes.add_table(2, 2, 0, 0, 5_000_000, 1_000_000).table
    for (y, x), text in {(0, 0): "Year", (0, 1): "Fleeces", (1, 0): "2021", (1, 1): "312"}.items():
        table.cell(y, x).text = text
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def noted(book: openpyxl.Workbook) -> None:
    book.active["B2"].comment = openpyxl.comments.Comment("Ida: Counted twice.", "Ida")


def book(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="b/c.opf"/></rootfiles></container>'
        )
        items = "".join(f'<item id="{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in files)
        spine = "".join(f'<itemref idref="{n}"/>' for n in sorted(files, reverse=True))
        made.writestr("b/c.opf", '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Rye and Water</dc:title><dc:creator>Ida Brekke</dc:creator></metadata>'
                                 f"<manifest>{items}</manifest><spine>{spine}</spine></package>")  # fmt: skip
        for name, content in files.items():
            made.writestr(f"b/{name}.xhtml", f"<html><body>{content}</body></html>")
    return packed.getvalue()


def forwarded() -> bytes:
    outer, inner = EmailMessage(), EmailMessage()
    outer["From"], outer["Subject"] = "Ida Brekke <ida@example.org>", "About the rye"
    inner["From"], inner["Subject"] = "Jon Rud <jon@example.org>", "The rye"
    outer.set_content("See below.")
    inner.set_content("It comes on Friday.")
    outer.add_attachment(inner)
    return outer.as_bytes()


def mail(**more: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ida Brekke <ida@example.org>", "mill@example.org", "Rye for Søren"
    made["Date"] = "Mon, 06 May 2019 10:00:00 +0200"
    made.set_content("The rye comes on Friday.\n\nIda\n\n> Jon wrote:\n> When does the rye come?\n")
    if "html" in more:
        made.clear_content()
        made.set_content(more["html"], subtype="html")
    if "attached" in more:
        made.add_attachment(b"x", maintype="application", subtype="pdf", filename=more["attached"])
    return bytes(made)


CASES: list[tuple[str, str | bytes | Callable[[], bytes], tuple[str, ...], tuple[str, ...]]] = [
    # tables: each row under its header, whatever the format
    ("a.md", "| Field | Rye | Oats |\n|---|---|---|\n| North | 12 | 12 |\n| South |  | 7 |\n", ("North: Rye = 12; Oats = 12", "South: Oats = 7", "Field | Rye | Oats"), ("South: Rye",)),
    ("a.md", "|  | 2019 | 2020 |\n|--|--|--|\n| Brekke | 3 | 4 |\n", ("Brekke: 2019 = 3; 2020 = 4",), ()),
    ("a.md", f"{PROSE}\n\n<table><tr><th>Farm</th><th>Cows</th></tr>\n\n<tr><td>Lia</td><td>14</td></tr></table>\n", ("Lia: Cows = 14",), ("<td>",)),
    ("a.html", "<table><tr><th rowspan=2>Farm</th><th colspan=2>Milk</th></tr><tr><th>2019</th><th>2020</th></tr><tr><td>Lia</td><td>8</td><td>9</td></tr></table>", ("Lia: Milk 2019 = 8; Milk 2020 = 9",), ()),
    ("a.html", "<table><tr><th>Farm</th><th>Mon</th><th>Tue</th></tr><tr><td>Lia</td><td colspan=2>closed</td></tr><tr><td rowspan=2>Moen</td><td>8</td><td>9</td></tr><tr><td>10</td><td>11</td></tr></table>", ("Lia: Mon, Tue = closed", "Moen: Mon = 8; Tue = 9", "Moen: Mon = 10; Tue = 11"), ()),
    ("a.html", "<table><tr><td>Issued by</td><td>Mill board</td></tr><tr><td>Valid from</td><td>1 May</td></tr><tr><td>Form</td><td>B</td></tr></table>", ("Issued by | Mill board", "Valid from | 1 May"), (" = ",)),
    ("a.csv", "farm;cows;note\nLia;14;\"big; old\"\nMoen;9;\n", ("Lia: cows = 14; note = big; old", "Moen: cows = 9"), ()),
    ("a.tsv", "farm\tcows\nLia\t14\n", ("Lia: cows = 14",), ()),
    ("a.txt", "farm,cows,sheep\nLia,14,3\nMoen,9,40\nRud,2,7\n", ("Moen: cows = 9; sheep = 40",), ()),
    ("a.docx", lambda: word(tbl(("Pool", "Mon", "Tue"), ("North", "7", "7"), ("South", "", "8"), first=HEAD)), ("North: Mon = 7; Tue = 7", "South: Tue = 8"), ()),
    ("a.docx", lambda: word(FORMULA), ("A=πr², x=1/2, 10⁻⁶, √(a+b)",), ("r2",)),
    ("a.csv", "Name:,Ida,Rent:,38\nFarm:,Lia,Paid:,40\nRoom:,9,Due:,41\n", ("Name: | Ida | Rent: | 38",), (" = ",)),
    ("a.docx", lambda: word(tbl(("One", "Two"), ("Three", "Four"))), ("One | Two", "Three | Four"), (" = ",)),
    ("a.docx", lambda: word(f"<w:tbl><w:tr><w:tc>{p('Outer')}{tbl(('Deep', 'cell'), ('and', 'more'))}{p('after')}</w:tc></w:tr></w:tbl>"), ("Outer", "Deep | cell", "after"), ()),
    ("a.xlsx", lambda: sheet(("Farm", "Share"), ("Lia", 0.125), ("Moen", 0.5), more=percent), ("Lia: Share = 12.5%", "Moen: Share = 0.5"), ()),
    ("a.xlsx", lambda: sheet(("Farm", "Cows"), ("Lia", 14.0), title="Spring", more=second), ("Spring", "Lia: Cows = 14", "Autumn", "Ewes | 41"), ("Hidden", "14.0")),
    ("a.xlsx", lambda: sheet(("Farm", "Cows"), ("Lia", 14), more=noted), ("Lia: Cows = 14", "Comment (Ida) on 14: Counted twice."), ()),
    ("a.pdf", lambda: pages(grid(("Farm", "Cows", "Sheep"), ("Lia", "14", "3"), ("Moen", "9", "40"), ("Rud", "2", "7"))), ("Moen: Cows = 9; Sheep = 40",), ()),
    ("a.pdf", lambda: pages(grid(("Farm", "Keeper", "Note"), ("Lia", "Ida Brekke", "Open in the summer only,"), ("", "", "by order of the board"), ("Moen", "Jon Rud", "Shut"))), ("Lia: Keeper = Ida Brekke; Note = Open in the summer only, by order of the board", "Moen: Keeper = Jon Rud; Note = Shut"), ()),
    ("a.pdf", lambda: pages(lines("Year Calves", "1931 12", "1932 15", "1933 17")), ("1932: Calves = 15",), ()),
    ("a.rst", "Farms\n=====\n\n===== ====\nFarm  Cows\n===== ====\nLia   14\n===== ====\n", ("Lia: Cows = 14",), ("====",)),
    ("a.pptx", slides, ("2021: Fleeces = 312", "North: Rams = 1234567", "007: Rams = 2.5", "Comment: Was it not 321?"), ()),
    # Markdown
    ("a.md", "+++\ntitle = 'Rye'\ndate = 2020-01-02\n+++\n" + PROSE, (PROSE,), ("+++", "title =")),
    ("a.md", f"---\ntitle: Rye\n...\n{PROSE}", (PROSE,), ("title:",)),
    ("a.md", "Rye is cut late.[^a]\n\n[^a]: In August, says the almanac.\n\nOats are cut early.", ("Rye is cut late.\n\nIn August, says the almanac.\n\nOats",), ("[^a]",)),
    ("a.md", "{{< hint >}}\nRye is cut late here.\n{{< /hint >}}\n\n::: warning Frost\nCover the beds.\n:::\n\n> [!NOTE]\n> The mill is shut.\n", ("Rye is cut late here.", "Frost", "Cover the beds.", "The mill is shut."), ("{{", ":::", "[!NOTE]")),
    ("a.md", "The fee is <%= fee %> 30 crowns.\n", ("The fee is 30 crowns.",), ("<%",)),
    ("a.md", "Write `<%= fee %>` or `{% raw %}`.\n", ("Write <%= fee %> or {% raw %}.",), ()),
    ("a.md", "```\n{{< keep >}}\n  two\n```\n", ("{{< keep >}}\n  two",), ()),
    ("a.md", "Term\n: What it means here.\n", ("Term\n  What it means here.",), ()),
    ("a.md", "1. Open it.\n2. Shut it:\n   - the left one\n   - the right one\n3. Go.\n", ("1. Open it.\n2. Shut it:\n  the left one\n  the right one\n3. Go.",), ()),
    ("a.md", "Approved\n\n25 minutes\n\nThe club paid (credit: 310 crowns) and Share\n\nPrint", ("Approved", "25 minutes", "(credit: 310 crowns)", "Print"), ()),
    ("a.md", "An area of 14 m<sup>2</sup> is let.\nIt is<br>dry.", ("14 m² is let.",), ()),
    ("a.md", f"# Rye {{#rye}}\n\n{PROSE}\n\n[[toc]]\n", ("Rye\n\n",), ("{#rye}", "toc")),
    ("a.md", "<!-- hidden words -->\n\n" + PROSE, (PROSE,), ("hidden",)),
    # HTML
    ("a.html", f"<main><p>{PROSE}</p><ul><li>Rye<ul><li>winter rye</li></ul></li><li>Oats</li></ul></main>", ("Rye\n  winter rye\nOats",), ()),
    ("a.html", f"<p>{PROSE}</p><pre>a: 1\n  b: 2\n</pre>", ("a: 1\n  b: 2",), ()),
    ("a.html", f"<nav class=menu>Home</nav><p>{PROSE} Press <kbd class=menu>Touch</kbd>, then <dfn class=share>Share</dfn>.</p>", ("Press Touch, then Share.",), ("Home",)),
    ("a.html", "<div>First part of it all.<br><br>Second part<br>of it all.</div>", ("First part of it all.\n\nSecond part",), ()),
    ("a.html", f"<p>{PROSE}</p><dl><dt>sieve</dt><dd>A frame with a net, for flour.</dd></dl>", ("sieve\n  A frame with a net, for flour.",), ()),
    ("a.html", f"<nav>Home Shop</nav><div class='cookie-banner'>We set cookies here.</div><article><p>{PROSE} {PROSE} {PROSE}</p></article><aside>Other farms</aside><footer>Imprint</footer>", (PROSE,), ("Shop", "cookies", "Other farms", "Imprint")),
    ("a.html", f"<p>{PROSE}<sup><a href='#n'>[3]</a></sup> It holds 10<sup>4</sup> sacks.</p><p hidden>secret</p>", ("10⁴ sacks",), ("[3]", "secret")),
    ("a.html", f"<ol start=3><li>Third step is this.</li><li>Fourth step is that.</li></ol><p>{PROSE}</p>", ("3. Third step is this.\n4. Fourth step is that.",), ()),
    ("a.html", "<html><head><meta charset=iso-8859-2></head><body><p>Młyn stoi w Łodzi nad rzeką od stu lat.</p></body></html>".encode("iso-8859-2"), ("Młyn stoi w Łodzi",), ()),
    # DOCX
    ("a.docx", lambda: word("<w:p><w:r><w:t xml:space='preserve'>It costs </w:t></w:r><w:del><w:r><w:delText>nine</w:delText></w:r></w:del><w:ins><w:r><w:t>twelve</w:t></w:r></w:ins><w:r><w:t xml:space='preserve'> crowns.</w:t></w:r></w:p>"), ("It costs twelve crowns.",), ("nine",)),
    ("a.docx", lambda: word(f"<w:sdt><w:sdtContent>{p('Inside a control.')}</w:sdtContent></w:sdt>"), ("Inside a control.",), ()),
    ("a.docx", lambda: word("<w:p><w:r><w:t>Shown.</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden.</w:t></w:r></w:p>"), ("Shown.",), ("Hidden",)),
    ("a.docx", lambda: word("<w:p><w:r><w:t>It was built in the long and dry summer of</w:t><w:br/><w:t>1911 by hand.</w:t></w:r></w:p>"), ("summer of 1911 by hand.",), ()),
    ("a.docx", lambda: word(f"<w:p><w:r><w:pict><w:txbxContent>{p('Words in a box.')}</w:txbxContent></w:pict></w:r></w:p>"), ("Words in a box.",), ()),
    ("a.docx", lambda: word(p("A heading", "Heading1"), p("This is prose that somebody has set as a heading by mistake.", "Heading2")), ("A heading",), ()),
    ("a.docx", lambda: word("<w:p><w:r><w:t>x</w:t></w:r><w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>2</w:t></w:r></w:p>"), ("x²",), ()),
    # PDF
    ("a.pdf", lambda: pages(both(lines("In frost the bolts of the auto-", "matic hatch must be opened by", "hand, for the motor is off then.", x=20), lines("The lamp beside the hatch goes", "green when all is shut, and red", "when anything at all is open.", x=110))), ("the automatic hatch must be opened by hand, for the motor is off then.", "The lamp beside the hatch goes green when all is shut"), ("hatch The lamp",)),
    ("a.pdf", lambda: pages(*(lines(f"Annals of the mill, vol. {n}", y=10) for n in (1, 1, 1))), (), ("nothing of this",)),
    ("a.pdf", lambda: pages(both(lines("Mill papers 4", y=10), lines("The stone came from a quarry in the north and was brought by the men of", "the parish, who were paid by"), lines("12", y=280)), both(lines("Mill papers 4", y=10), lines("Ida Brekke in the spring of that year, and by nobody else at all."), lines("13", y=280)), both(lines("Mill papers 4", y=10), lines("It lasted."), lines("14", y=280))), ("who were paid by Ida Brekke in the spring",), ("Mill papers",)),
    ("a.pdf", lambda: pages(lines("2.1 The stone is turned each spring by two men.", "2.2 The wheel is greased with fat each week.")), ("2.1 The stone is turned each spring by two men.\n2.2 The wheel",), ()),
    ("a.pdf", lambda: pages(both(lines("Contents", "The stone ........ 2", "The wheel ........ 3")), lines("The stone is of granite and was cut by hand in the north."), lines("The wheel is of oak.")), ("The stone is of granite",), ("....",)),
    ("a.pdf", ligature, ("The efficiency of the mill was measured in the office.",), ()),
    ("a.pdf", lambda: pages(both(lines("The hall burned down in June of that year."), lines("The hall burned down in June of that year.", x=20.2))), ("The hall burned down in June of that year.",), ("year. The", "TThe")),
    ("a.pdf", lambda: pages(both(lines(*map(str, range(1, 21)), x=15), lines(*(f"line {n} of what the witness told the court" for n in range(1, 21)), x=25))), ("line 7 of what the witness told the court line 8 of",), ("7 | ", "7 line 7")),
    ("a.pdf", lambda: pages(columns(("Nine of the twelve", "crowns went to the", "men of the quarry."), ("The stone was cut", "in the north of the", "parish by two men."), ("It was brought by", "sledge over the ice", "of the long lake."), at=(20, 75, 130))), ("Nine of the twelve crowns went to the men of the quarry.", "The stone was cut in the north of the parish by two men.", "It was brought by sledge over the ice"), ()),
    ("a.docx", lambda: word('<w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr><w:r><w:t>T</w:t></w:r></w:p>', p("he mill grinds rye.")), ("The mill grinds rye.",), ()),
    ("a.docx", lambda: word(p("ls -l", "SourceCode"), p("cd mill", "SourceCode"), p("Grinding 7", "TOC1"), p(PROSE), parts={"word/styles.xml": f'<w:styles {W}><w:style w:styleId="SourceCode"><w:name w:val="Source Code"/></w:style><w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style></w:styles>'}), (f"ls -l\ncd mill\n\n{PROSE}",), ("Grinding 7",)),
    ("a.eml", lambda: forwarded(), ("Subject: About the rye\n\nSee below.", "From: Jon Rud <jon@example.org>\nSubject: The rye\n\nIt comes on Friday."), ()),
    # text
    ("a.txt", "Minutes of the board\n\nItem 1: The lease of the barn is to be ended in autumn.\n\nAgreed\n\nItem 2: The old tractor is to be sold to the museum.\n\nRefused\n\nItem 3: A clerk is to be sought by an advertisement.\n\nAgreed\n", ("sold to the museum.\n\nRefused",), ()),
    ("a.txt", "The mill was built by Ida and\nher brothers from Lia in the\nsummer of 1911. It cost the\nparish 4,200 crowns.\n", ("Ida and her brothers from Lia in the summer of 1911. It cost the parish",), ()),
    ("a.txt", "Anna: When did it open?\nJon: In the spring of that year.\nAnna: Who paid for it?\n", ("Anna: When did it open?\n\nJon: In the spring",), ()),
    ("a.txt", "Tools:\n- a hammer of oak\n- a chisel that was ground\n  only yesterday\n", ("a chisel that was ground only yesterday",), ()),
    ("a.txt", ("Ça coûte cher à la mairie, dit le maire après l’été. " * 3).encode("cp1252"), ("Ça coûte cher à la mairie",), ()),
    ("a.txt", "Śnieg leży w górach, a młyn stoi.".encode() * 12 + b"\xff", ("Śnieg leży",), ()),
    ("a.txt", "The mill stands.\nIt is old.".encode("utf-16-be"), ("The mill stands.",), ()),
    ("a.txt", "Farms\n=====\n\nThe ``rye`` grows, see :ref:`the map <map>`.\n\n.. note:: Shut on *Monday*.\n", ("The rye grows, see the map.", "Shut on Monday."), ("``", ":ref:", "====")),
    ("a.txt", "Some text of the page that goes on and\n\nHolt                 Standards Track                 [Page 4]\n\f\nRFC 1                 Rye                 May 2020\n\n   ends here.\n", ("goes on and ends here.",), ("[Page 4]",)),
    # the rest
    ("a.rst", "Rye\n===\n\n:Sown: in May\n\n#. One thing is first.\n#. Another is second.\n\n.. code-block:: sh\n\n   mill --open\n\n.. versionadded:: 1.4\n", ("Sown: in May", "1. One thing is first.\n2. Another is second.", "mill --open", "Added in version 1.4"), ("code-block",)),
    ("a.rst", ".. include:: /etc/passwd\n\nRye\n===\n\nIt grows well here.\n", ("It grows well here.",), ("root:",)),
    ("a.eml", mail, ("From: Ida Brekke <ida@example.org>", "The rye comes on Friday.", "> When does the rye come?"), ()),
    ("a.eml", lambda: mail(html="<p>Rye <b>comes</b> on Friday.</p>"), ("Rye comes on Friday.",), ("<b>",)),
    ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n<i>The mill was</i>\n\n2\n00:00:02,000 --> 00:00:04,000\nbuilt in 1911.\n", ("The mill was built in 1911.",), ("-->", "<i>")),
    ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ida>We grind rye.\n\n00:03.000 --> 00:04.000\n<v Jon>And oats.\n", ("Ida: We grind rye.", "Jon: And oats."), ("WEBVTT",)),
    ("a.jsonl", '{"title": "Rye", "text": "It grows well."}\n{"title": "Oats", "text": "They do not."}\n', ("Rye\n\nIt grows well.\n\nOats\n\nThey do not.",), ("{",)),
    ("a.epub", lambda: book(a="<h1>Second</h1><p>The end of it.</p>", b=f"<h1>First</h1><p>{PROSE}</p>"), (f"First\n\n{PROSE}\n\nSecond\n\nThe end of it.",), ()),
    ("a.pptx", slides, ("Sheep of the north farm", "Ewes graze on the moor until October.\n  Rams stay in the yard.", "Notes: Say that the vet comes on Monday."), ()),
    # generators of others: word processors, static sites, mirrors of tables in text
    ("a.txt", "It was said that the old mill of the parish would be sold to a man from\nthe coast.\n\nHe came in the autumn of that year and looked at the wheel for a\nlong time.\n\nNobody in the parish knew his name, and so nobody asked him what he\nwanted.\n\nThe mill of the north farm\nIda Brekke\nOctober 2018\n", ("to a man from the coast.", "north farm\n\nIda Brekke\n\nOctober 2018"), ()),
    ("a.txt", "            Rye   Oats\n  ------- ----- ------\n  North      12      9\n  South      30     11\n", ("North: Rye = 12; Oats = 9",), ("---",)),
    ("a.txt", "Farm         Rye    Since\nNorth          9     1931\nSouth farm    31     1954\n", ("South farm: Rye = 31; Since = 1954",), ()),
    ("a.txt", "+-------+------+\n| Farm  | Rye  |\n+=======+======+\n| North | 12   |\n| farm  |      |\n+-------+------+\n| South | 9    |\n+-------+------+\n", ("North farm: Rye = 12",), ("+--",)),
    ("a.txt", "1.  Aldo Rud\n2.  Berta Rud\n", ("1. Aldo Rud\n2. Berta Rud",), ("|",)),
    ("a.md", "# Mill\n\n!!! note \"Coins\"\n    Only small ones.\n\n=== \"East\"\n\n    By the clock.\n\nPress ++ctrl+r++ and read [[Rye|the list]], ==now==. %%hidden%%\n", ("Coins\n  Only small ones.", "East\n  By the clock.", "Press ctrl+r and read the list, now."), ("===", "hidden", "++")),
    ("a.md", "# Mill\n\n> [!warning] Ice\n> The steps are wet.\n\nThe `a==b` and `[[x]]` stay.\n", ("Ice\n  The steps are wet.", "a==b and [[x]] stay"), ("[!",)),
    ("a.mdx", "import Tabs from '@theme/Tabs';\n\n{{< details \"How is it ground?\" >}}\nBy night.\n{{< /details >}}\n", ("How is it ground?", "By night."), ("import",)),
    ("a.md", "---\ntitle: Rye\nabstract: It was sown in May by four men.\n---\n\nThe rest is known.\n", ("It was sown in May by four men.",), ()),
    ("a.html", f'<p class="c1 title">The old mill</p><h1>Rye</h1><p>{PROSE}</p><ul class="lst-kix_a-0 start"><li>Team Red</li></ul><ul class="lst-kix_a-1 start"><li>Leader: Ida</li></ul><div role="tabpanel" hidden>By boat.</div><p class="MsoNormal">·&nbsp;&nbsp; Oats come later.</p>', ("Team Red\n  Leader: Ida", "By boat.", "Oats come later."), ("·",)),
    ("a.html", f"<p>{PROSE}</p><table><tr><td rowspan=2>Farm<td colspan=2>Rye<tr><td>May<td>June<tr><td>North<td>3<td>2<tr><td>South<td>5<td>4</table>", ("South: Rye May = 5; Rye June = 4",), ()),
    ("a.epub", lambda: book(b=f"<p>{PROSE}</p>", a='<aside epub:type="footnote"><p>The stone was stolen.</p></aside>'), ("The stone was stolen.",), ()),
    ("a.rst", "Rye\n===\n\n.. contents::\n\n.. topic:: Frost\n\n   It comes in May.\n\nOats\n----\n\nThey do not.\n", ("Frost", "It comes in May."), ("Contents",)),
    ("a.csv", "Report,Rye\nMade,2021\n\nMonth,Sacks,Carts\nMay,1,2\nJune,3,4\nJuly,5,6\n", ("Made | 2021", "June: Sacks = 3; Carts = 4"), ()),
    ("a.csv", "Farm,Cows\nLia,14\nRud,9\n\nShips in May\nShip,Tons\nAda,30\nIda,41\n\nUna,7\n", ("Rud: Cows = 9\n\nShips in May\n\nShip | Tons\nAda: Tons = 30\nIda: Tons = 41\nUna: Tons = 7",), ()),
    ("a.xlsx", lambda: sheet(("Farm", "Cows", None, "Ship", "Tons"), ("Lia", 14, None, "Ada", 30), ("Rud", 9, None, "Ida", 41)), ("Rud: Cows = 9", "Ida: Tons = 41"), ("Ship = ",)),
    ("a.xlsx", lambda: sheet(("Farm", "2018", None, "2019", "2020"), ("Lia", 14, None, 3, 5), ("Moen", 2, None, 3, 3), ("Rud", 9, None, 4, 6)), ("Rud: 2018 = 9; 2019 = 4; 2020 = 6",), ()),
    ("a.jsonl", '{"messages": [{"role": "user", "content": "Who grinds?"}, {"role": "assistant", "content": "Ida does."}]}\n{"question": "When?", "answer": "In May."}\n', ("User: Who grinds?\n\nAssistant: Ida does.\n\nWhen?\n\nIn May.",), ("role",)),
    ("a.xlsx", lambda: sheet(("Stock of rye",), ("Farm", "Sacks", "Age"), ("North", 14, 3), ("South", 9, 11)), ("North: Sacks = 14; Age = 3",), ()),
    ("a.pdf", lambda: pages(grid(("", "Rye", "Oats"), ("North", "18", "31"), ("South", "26", "44"), ("West", "10", "11"))), ("North: Rye = 18; Oats = 31",), ()),
    ("a.pdf", lambda: pages(grid(("Farm", "2018", "2019"), ("North", "18", "31"), ("South", "26", "44"), ("West", "10", "11"))), ("North: 2018 = 18; 2019 = 31",), ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "kept", "gone"), [pytest.param(*case, id=f"{i}-{case[0]}") for i, case in enumerate(CASES)]
)
def test_a_document_is_read_as_its_reader_sees_it(
    name: str, content: str | bytes | Callable[[], bytes], kept: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    """What a person sees stands in the text; what nobody sees does not; every span is exact and in order."""
    data = content() if callable(content) else content
    try:
        made, _ = document(data.encode() if isinstance(data, str) else data, name)
    except Unreadable:
        assert not kept
        return
    for words in kept:
        assert words in made.text
    for words in gone:
        assert words not in made.text
    at = 0
    for passage in split(made):
        assert made.text[passage.start : passage.end] == passage.text
        assert at <= passage.start
        at = passage.end
        last = passage.start
        for start, end in passage.sentences:
            assert last <= start < end <= passage.end
            last = end


def units(data: str | bytes, name: str = "a.md") -> list[tuple[str, str]]:
    """What can be quoted of a document, and what each belongs to."""
    made, _ = document(data.encode() if isinstance(data, str) else data, name)
    found = []
    for passage in split(made):
        leads = passage.leads or ("",) * len(passage.sentences)
        found += [(made.text[a:b], lead) for (a, b), lead in zip(passage.sentences, leads, strict=True)]
    return found


def test_a_heading_that_tells_something_can_be_quoted() -> None:
    """Four words or a figure; a mere label and a question cannot."""
    said = [
        text for text, _ in units("# Log\n\n## 1.2 (2020-05-01)\n\nIt is new now.\n\n## Costs\n\nIt is dear now.\n\n"
                                  "## Who may come?\n\nAll members may come.\n\n**The door code is 4471**\n\nShut it.")
    ]  # fmt: skip
    assert said == ["1.2 (2020-05-01)", "It is new now.", "It is dear now.", "All members may come.",
                    "The door code is 4471", "Shut it."]  # fmt: skip


def test_a_title_that_tells_something_can_be_quoted() -> None:
    """What a headline says stands nowhere else; one that only names the document does not answer."""
    assert (
        units("# The ferry stops until 14 June\n\nTake the bridge instead.\n")[0][0] == "The ferry stops until 14 June"
    )
    assert units("# On ferries\n\nTake the bridge instead.\n")[0][0] == "Take the bridge instead."


def test_the_head_of_a_letter_is_quoted_as_one() -> None:
    """Who wrote is told by one of its lines, on what by another."""
    text = "From: Ida <ida@example.org>\nTo: Jon <jon@example.org>\nDate: 1 May 2020\nSubject: Rye\n\nIt comes on Friday.\n"
    assert units(text, "a.txt")[0][0].count("\n") == 3


def test_the_head_of_a_memorandum_is_one_whatever_stands_between_its_lines() -> None:
    """And the line over a quoted mail is no answer: it says whose words those are."""
    memo = "MEMO\n\nTO: All drivers of buses\n\nFROM: Ida Lund, depot\n\nDATE: 3 April 2018\n\nSUBJECT: Tyres\n\nThey come off on Monday."
    assert ("TO: All drivers of buses\n\nFROM: Ida Lund, depot\n\nDATE: 3 April 2018\n\nSUBJECT: Tyres", "") in units(
        memo, "a.txt"
    )
    mail_ = (
        "They come on Monday, as was said.\n\nOn 5 May 2020, Jon Ek wrote:\n\n> The tyres will come off soon, I hope.\n"
    )
    assert units(mail_.replace("wrote:\n\n", "wrote:\n").replace("On 5", "> On 5"), "a.txt")[1:] == [
        ("> The tyres will come off soon, I hope.", "> On 5 May 2020, Jon Ek wrote:")
    ]
    assert units(mail_, "a.txt")[1:] == [("> The tyres will come off soon, I hope.", "On 5 May 2020, Jon Ek wrote:")]


def test_rows_that_begin_in_lower_case_are_rows() -> None:
    """Names of settings: no line goes on with the next."""
    table = "|Setting|Default|Meaning|\n|---|---|---|\n|retry_wait|250|milliseconds between two calls of it|\n|retries|5|how often|\n"
    assert [text for text, _ in units(table)] == [
        "retry_wait: Default = 250; Meaning = milliseconds between two calls of it", "retries: Default = 5; Meaning = how often"
    ]  # fmt: skip


def test_lists_of_one_kind_count_on_until_one_begins_anew() -> None:
    """As a word processor numbers them."""
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1."/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>'
        "</w:lvlOverride></w:num></w:numbering>"
    )

    def item(text: str, id_: int) -> str:
        number = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{id_}"/></w:numPr>'
        return f"<w:p><w:pPr>{number}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    made, _ = document(
        word(
            item("Rye", 1),
            item("Oats", 1),
            p(PROSE),
            item("Ewes", 2),
            item("Rams", 1),
            parts={"word/numbering.xml": numbering},
        ),
        "a.docx",
    )
    assert made.text == f"1. Rye\n2. Oats\n\n{PROSE}\n\n1. Ewes\n2. Rams"


def test_a_short_reply_is_quoted_with_its_question() -> None:
    """Under a heading that asks, or after a paragraph that does; a fragment goes with the sentence before it."""
    assert units("# Help\n\n## How long is it?\n\n25 minutes\n")[0][0] == "How long is it?\n\n25 minutes"
    assert ("When did it open?\n\nIn 1998.", "") in units(
        "Words come first here.\n\nWhen did it open?\n\nIn 1998.\n\nMore is said here."
    )
    assert units("Motion 1 is to mend the roof.\n\nApproved\n")[0][0] == "Motion 1 is to mend the roof.\n\nApproved"


def test_a_short_line_under_a_question_is_no_heading() -> None:
    """In plain text, where headings are told by what stands around them."""
    text = f"How many does the van carry?\n\nSeven\n\nMay dogs travel in it?\n\nOnly in a box\n\n{PROSE}\n"
    assert [said for said, _ in units(text, "a.txt")][:2] == [
        "How many does the van carry?\n\nSeven", "Only in a box"
    ]  # fmt: skip


def test_a_question_is_not_its_own_answer() -> None:
    """It leads to the reply, which is what can be quoted."""
    found = units(
        "Anna: When did the mill open?\nJon: It opened in the spring of 1998.\nAnna: Thank you for that.\n", "a.txt"
    )
    assert found[0] == ("Jon: It opened in the spring of 1998.", "Anna: When did the mill open?")
    assert "Anna: When did the mill open?" not in [text for text, _ in found]


def test_items_know_what_they_lie_under() -> None:
    """Few words are quoted with the line above them; a whole item knows it as its lead."""
    found = units(
        "You need these:\n\n- a hammer\n- nails\n\nIt is open to all of us.\n\n- Members\n  - Full members may use all rooms.\n  - Guests of theirs may not.\n"
    )
    assert found[0][0] == "You need these:\n\na hammer\nnails"
    assert found[2][0] == "Members\n  Full members may use all rooms."
    assert found[3] == ("Guests of theirs may not.", "Members")


def test_the_names_of_columns_are_found_under_captions_and_over_an_empty_row() -> None:
    """As in the sheets of yearly reports; an empty column between others is nobody's."""
    book = openpyxl.Workbook()
    for row in (["In millions", None, None, None, "June 2023"], [None, "Sales", "Profit", None, "Debt"], [],
                ["Zone North", 120, 30, None, -8], ["Zone South", 90, 12, None, -5], ["West", 7, 1, None, 0]):  # fmt: skip
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    made, _ = document(kept.getvalue(), "a.xlsx")
    assert made.text.splitlines()[-5:-1] == [
        "In millions | June 2023", "Sales | Profit | Debt",
        "Zone North: Sales = 120; Profit = 30; Debt = -8", "Zone South: Sales = 90; Profit = 12; Debt = -5",
    ]  # fmt: skip


def test_a_record_is_quoted_whole() -> None:
    """A line with all that lies right under it in few words; the last few words of a function go with it."""
    listed = units("# Rights\n\n- Guests\n  - Alone: garden\n  - With a member: all rooms\n- Staff\n  - All\n")
    assert [text for text, _ in listed][-2:] == ["Guests\n  Alone: garden\n  With a member: all rooms", "Staff\n  All"]
    made = units(
        "# Code\n\nUse it.\n\n```\na:\n  one:\n    port: 1\n    wait: 5\n  two:\n    port: 2\n    wait: 9\n```\n"
    )
    assert ("two:\n    port: 2\n    wait: 9", "a:") in made
    assert units("# Code\n\n```\ndef f(x):\n    if x:\n        return 1\n    return 2\n```\n")[0][0].endswith(
        "return 2"
    )


def test_a_list_at_the_top_is_no_front_matter() -> None:
    """It stays under the title, whatever heading comes next."""
    made, _ = document(b"# Rights\n\n- Guests\n  - Garden\n\n## To do before noon\n\n- Test the alarm\n", "a.md")
    assert [p.heading for p in split(made)] == ["", "To do before noon"]


def test_a_note_ends_with_its_box() -> None:
    """Its first line names it, as no heading does: what follows is not under it."""
    note = '<div class="admonition warning"><p class="admonition-title">Warning</p><p>Do not touch the wire with wet hands.</p></div>'
    found = units(
        f"<h1>Wires</h1><p>{PROSE}</p>{note}<p>It is repaired in the spring of each year.</p>".encode(), "a.html"
    )
    assert [text for text, _ in found][-2:] == [
        "Warning\n  Do not touch the wire with wet hands.", "It is repaired in the spring of each year."
    ]  # fmt: skip


def test_the_line_that_names_the_columns_is_no_answer() -> None:
    """Each row is quoted whole, and knows what its first cell is."""
    found = units("| Dish | Energy |\n|---|---|\n| Rye bread | 870 |\n| Oats. Raw. | 640 |\n")
    assert found == [("Rye bread: Energy = 870", "Dish"), ("Oats. Raw.: Energy = 640", "Dish")]


def test_a_long_row_names_itself_again() -> None:
    """A row of many words goes on in a second line under the same name."""
    head = ["Farm", *(f"Column {n}" for n in range(30))]
    row = ["Lia", *("some words in here" for _ in range(30))]
    lines_ = [b.text for b in rows_of(plain([head, row]), 1)][1:]
    assert len(lines_) > 1
    assert all(line.startswith("Lia: Column ") for line in lines_)


CELLS = st.lists(st.lists(st.tuples(st.text(max_size=8), st.integers(0, 4), st.integers(0, 4)), max_size=5), max_size=6)


@settings(max_examples=60)
@given(CELLS, st.one_of(st.none(), st.integers(0, 3)))
def test_no_cell_of_a_table_is_lost(cells: list[list[tuple[str, int, int]]], header: int | None) -> None:
    """Whatever is merged with what: every word of a cell stands in a line."""
    said = "\n".join(block.text for block in rows_of(spread(cells), header))
    for row in cells:
        for text, *_ in row:
            for w in text.split():
                assert w.isspace() or not w.isalnum() or w.casefold() in said.casefold()


def test_signs_of_mathematics_make_no_heading_of_their_line() -> None:
    """They stand in higher boxes than the letters beside them; a line of them alone names nothing either."""
    line = [Segment("there is a path from a to b where c", 10, 90, 50, 10), Segment("→", 91, 99, 50, 17)]
    assert [s.size for s in _merged(line)] == [10]
    page = [Segment("It is said in the usual type of this page.", 10, 200, y, 10) for y in range(90, 30, -10)]
    made = blocks([[*page, Segment("k=1 X", 10, 30, 20, 17), Segment("Roads", 10, 60, 120, 17)]])
    assert [b.text for b in made if b.kind == "heading"] == ["Roads"]


@pytest.mark.parametrize(
    ("ends", "kind"), [((240, 240, 238, 240), "text"), ((120, 240, 150, 180), "row")], ids=["prose", "cells"]
)
def test_prose_beside_a_figure_is_no_table(ends: tuple[int, ...], kind: str) -> None:
    """Its lines are full and go on in the next one; cells that begin in lower case are as long as they are."""
    said = "as the ferry leaves the", "harbour of the old town", "which is by the river", "and goes on to Tarn"
    page = [
        segment
        for n, (words, x1) in enumerate(zip(said, ends, strict=True))
        for segment in (Segment(f"Label{n}", 300, 330, 90 - 11 * n, 10), Segment(words, 10, x1, 90 - 11 * n, 10))
    ]
    assert {b.kind for b in blocks([page]) if "ferry" in b.text or "river" in b.text} == {kind}


def test_lines_between_rows_with_a_date_at_the_right_are_one_paragraph() -> None:
    """As in a curriculum vitae: the dates stand beside a gutter, the bullets under them run over it."""
    page, y = [], 700
    for n in range(5):
        page += [Segment(f"Firm number {n} of them", 10, 90, y, 10), Segment("Oslo", 280, 300, y, 10)]
        page += [Segment(f"Engineer of kind {n}", 10, 80, y - 14, 8), Segment(f"May 20{n}1", 260, 300, y - 14, 8)]
        page += [Segment(f"• It made {n} boats for the town and", 10, 300, y - 28, 10)]
        page += [Segment("mended the old ones, all by", 18, 300, y - 39, 10), Segment("hand.", 18, 40, y - 50, 10)]
        y -= 90
    made = [b.text for b in blocks([page]) if "boats" in b.text]
    assert made == [f"It made {n} boats for the town and mended the old ones, all by hand." for n in range(5)]


def test_an_accent_set_over_its_letter_is_a_part_of_it() -> None:
    """As LaTeX sets "Universität"; one that stands alone stays."""
    made = FPDF()
    made.add_page()
    made.set_font("Helvetica", size=12)
    made.text(20, 30, "The Universit")
    at = 20 + made.get_string_width("The Universit")
    made.text(at, 30, "¨")
    made.text(at, 30, "at of Tarn has a sign ´ of its own.")
    text = document(bytes(made.output()), "a.pdf")[0].text
    assert text == "The Universität of Tarn has a sign ´ of its own."


def test_a_page_that_reads_from_the_right_comes_out_as_it_is_spoken() -> None:
    """Signs, words and columns begin at the right; figures and foreign names in it do not, brackets open at the right.
    The letters of a ligature, which may come turned, stand as they are spelled."""
    said = "הנמל נבנה ב-1890 (ראו עמוד 12) מחברת Brown Boveri בציריך"
    shown = "ךיריצב Brown Boveri תרבחמ (12 דומע ואר) 1890-ב הנבנ למנה"  # from left to right
    places = {n: (0, char, 5.0 * n, 5.0 * n + 5, 90.0, 10.0, False) for n, char in enumerate(shown)}
    order = [*range(len(shown))[::-1]]
    for word in ("Brown", "Boveri", "12", "1890"):
        at = shown.index(word)
        low = len(shown) - at - len(word)
        order[low : low + len(word)] = range(at, at + len(word))
    assert _line([places[n] for n in order]) == said
    assert (
        _line([(0, c, 20.0 - 5 * n, 25.0 - 5 * n, 9.0, 10.0, False) for n, c in enumerate(("ة", "ال", "خ"))]) == "ةلاخ"
    )


def _line(chars: list[tuple[int, str, float, float, float, float, bool]]) -> str:
    return " ".join(s.text for s in _segments([char[1:] for char in _from_the_right(chars)]))


def test_a_page_of_a_pdf_or_a_slide_is_known() -> None:
    """Of every passage."""
    made, _ = document(slides(), "a.pptx")
    assert made.page(made.text.index("Ewes")) == 1
    assert made.page(made.text.index("312")) == 2


def test_what_is_attached_to_a_mail_is_said() -> None:
    """Its words are the mail's alone."""
    made, notes = document(mail(attached="plan.pdf"), "a.eml")
    assert "plan.pdf" in notes[0]
    assert (made.source.title, made.source.author, made.source.published) == (
        "Rye for Søren",
        "Ida Brekke",
        "2019-05-06",
    )


def test_one_bad_byte_costs_one_character_and_is_said() -> None:
    """The rest of a text in UTF-8 is read as what it is."""
    made, notes = document("Śnieg leży w górach. ".encode() * 9 + b"\xff", "a.txt")
    assert made.text.count("\ufffd") == 1
    assert "one byte" in notes[0]


def test_an_article_that_is_not_there_is_said() -> None:
    """A page that a program draws gives no caption in the article's place without a word."""
    page = "<html><body><figure><figcaption>The mill in the evening, seen from the bridge over the river.</figcaption></figure><script>draw()</script></body></html>"
    _, notes = document(page.encode(), "a.html")
    assert "no article was found" in notes[0]


def test_a_loader_of_ones_own(tmp_path: Path) -> None:
    """Registered by suffix; it gives text or blocks, and its failure costs its document."""
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "b.log").write_bytes(b"")
    try:
        register(".log", lambda data, name: f"{name} holds {1 // len(data)} words of it.")
        reading = read([tmp_path])
    finally:
        _own.clear()
    assert [d.text for d in reading.documents] == ["a.log holds 1 words of it."]
    assert "its loader failed: ZeroDivisionError" in reading.skipped[0].reason
    with pytest.raises(ValueError, match=r"'\.log'"):
        register("log", lambda data, name: "")


def test_documents_made_in_python_are_read_as_they_are() -> None:
    """Beside files, or alone."""
    made = Document(Source("a", "A title"), "It is said.", (Section("", 0, 11),))
    assert read([made]).documents == (made,)
    assert read(made).documents == (made,)


def test_what_is_no_document_is_one_line(tmp_path: Path) -> None:
    """Pictures, code and lock files beside documents are no mistake; one that is named is told of."""
    for name in ("a.png", "b.css", "c.lock", "d.css", "LICENSE"):
        (tmp_path / name).write_text("The licence is here.")
    (tmp_path / "program").write_bytes(b"\x7fELF\0\0")
    reading = read([tmp_path])
    assert [d.id for d in reading.documents] == ["LICENSE"]
    assert not reading.skipped
    assert len(reading.notes) == 1
    assert "2 .css" in reading.notes[0]
    assert "files ending in .css are not read" in read([tmp_path / "b.css"]).skipped[0].reason
