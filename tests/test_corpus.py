"""Reading documents: every format, what is cleaned away and what is not, metadata, and input that is bad."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docx
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from qa.corpus import Intake, fetching, read
from qa.corpus.blocks import Block, Unreadable
from qa.corpus.cleaning import assemble, clean
from qa.corpus.loaders import load as parse
from qa.corpus.metadata import iso_date, slug
from qa.corpus.reading import document as made_of
from qa.passages import split
from qa.schema import CorpusError, Document

ORIGINALS = ROOT.parent / "shared" / "sources"

PROSE = "The harbour bridge will cost 71 million euros, the auditors said on Thursday."
MORE = "Two firms left the project in the summer because the price of steel had risen."


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def one(folder: Path, name: str, content: str | bytes) -> Document:
    """The only document in a file with this content."""
    reading = read([write(folder, name, content)])
    assert not reading.skipped
    (document,) = reading.documents
    return document


def skipped(folder: Path, name: str, content: str | bytes, **options: int) -> str:
    """Why a file is skipped, while the good one beside it is read."""
    good = write(folder, "good.txt", PROSE)
    reading = read([write(folder, name, content), good], **options)
    assert [d.id for d in reading.documents] == ["good"]
    (problem,) = reading.skipped
    assert problem.place.endswith(name)
    assert problem.remedy
    assert "\n" not in str(problem)
    return problem.reason


def headings(document: Document) -> list[str]:
    """Headings, each of which stands right before its section."""
    for section in document.sections:
        before = document.text[: section.start]
        assert before.endswith(section.heading)
    return [section.heading for section in document.sections]


# -- Markdown ------------------------------------------------------------------------------------------------


def test_front_matter_declares_the_source(tmp_path: Path) -> None:
    """All keys are taken, nothing is marked as inferred; what they say of the text stands under its title."""
    document = one(
        tmp_path,
        "x.md",
        "---\nid: bridge\ntitle: 'The bridge: a story'\npublisher: The Harbour Post\nauthor: [Ada Lind, Bo Ek]\n"
        "published: 2022-11-03\nlanguage: en\nkind: news\nperspective: local paper\noriginal: https://a.example/b\n"
        f"rights: CC BY\n---\n\n{PROSE}\n",
    )
    source = document.source
    assert (source.id, source.title, source.author) == ("bridge", "The bridge: a story", "Ada Lind, Bo Ek")
    assert (source.published, source.kind, source.rights) == ("2022-11-03", "news", "CC BY")
    assert source.inferred == ()
    declared = "Author: Ada Lind, Bo Ek\nPublisher: The Harbour Post\nPublished: 2022-11-03"
    assert document.text == f"The bridge: a story\n\n{declared}\n\n{PROSE}"


@pytest.mark.parametrize(
    ("matter", "note"),
    [
        ("kind: blog\ntitle: T", "kind is 'blog', which is no kind"),
        ("published: soon\ntitle: T", "published is 'soon', which is no date"),
        ("title: T: no\n  x: [", "front matter cannot be read"),
    ],
)
def test_odd_front_matter_is_said_and_costs_nothing_else(tmp_path: Path, matter: str, note: str) -> None:
    """The document is read all the same; the note names the file and the trouble."""
    reading = read([write(tmp_path, "x.md", f"---\n{matter}\n---\n\n{PROSE}")])
    assert [d.text for d in reading.documents] == [PROSE]
    assert note in reading.notes[0]
    assert "x.md" in reading.notes[0]


def test_front_matter_cannot_blow_up(tmp_path: Path) -> None:
    """Nested aliases, which would unfold to gigabytes, are no more than an odd value."""
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    assert one(tmp_path, "x.md", f"---\na0: &a0 lol\n{levels}\nauthor: *a11\n---\n{PROSE}").text == PROSE


def test_a_rule_is_not_front_matter(tmp_path: Path) -> None:
    """A text that begins with a line of dashes loses nothing."""
    assert PROSE in one(tmp_path, "x.txt", f"---\n{PROSE}\n---\n{MORE}").text


def test_markdown_reads_as_a_reader_sees_it(tmp_path: Path) -> None:
    """Marks, links, images and comments go; words stay; headings become sections."""
    document = one(
        tmp_path,
        "x.md",
        "# The *bridge*\n\nIt **costs** 71\\* million,\nsays [the office](https://a.example) and `x_y`.\n\n"
        "![A picture](p.png)\n\n<!-- hidden -->\n\n## Phases\n\n- The pier is first.\n- The deck is second.\n\n"
        "1. One thing.\n2. Another thing.\n\n| Year | Cost |\n| --- | --- |\n| 2022 | 71 |\n\n> He said so.\n\n"
        "```\ncode here\n```\n\n**A bold line**\n\nIt ends &amp; stops.\n",
    )
    assert document.text == (
        "The bridge\n\nIt costs 71* million, says the office and x_y.\n\nPhases\n\nThe pier is first.\n"
        "The deck is second.\n\n1. One thing.\n2. Another thing.\n\nYear | Cost\n2022: Cost = 71\n\nHe said so.\n\n"
        "code here\n\nA bold line\n\nIt ends & stops."
    )
    assert document.source.title == "The bridge"
    assert headings(document) == ["", "Phases", "A bold line"]


def test_paragraphs_broken_mid_sentence_are_joined(tmp_path: Path) -> None:
    """A converter's line break between two halves of a sentence leaves one paragraph; on a page, a notice too."""
    text = "The collected data also\n\nhas this feature.\n\nThe council votes in December again.\n"
    assert one(tmp_path, "x.md", text).text == (
        "The collected data also has this feature.\n\nThe council votes in December again."
    )
    broken = [Block("The council"), Block("ADVERTISEMENT"), Block("votes in December again.")]
    assert [b.text for b in clean(broken, page=True)] == ["The council votes in December again."]


# -- plain text ----------------------------------------------------------------------------------------------


def test_hard_wrapped_text_is_unwrapped(tmp_path: Path) -> None:
    """Lines of one paragraph are joined; a word broken by a hyphen is whole; a real hyphen stays."""
    text = (
        "The harbour bridge will cost much more than the council of the infor-\n"
        "mation office said, and the well-known firms have left the project in\n"
        "the summer. A well-\n"
        "known firm stayed.\n"
        "\n"
        "The second paragraph has lines that are about as long as those in the\n"
        "first one, and it ends here.\n"
    )
    text = text.replace("A well-\nknown firm stayed.", "The office of the mayor and another well-\nknown firm stayed.")
    assert one(tmp_path, "x.txt", text).text == (
        "The harbour bridge will cost much more than the council of the information office said, and the "
        "well-known firms have left the project in the summer. The office of the mayor and another well-known "
        "firm stayed.\n\nThe second paragraph has lines that are about as long as those in the first one, and it "
        "ends here."
    )


def test_a_paragraph_per_line_stays_a_paragraph(tmp_path: Path) -> None:
    """Text without blank lines keeps its paragraphs; a short line between them is a heading."""
    long = f"{PROSE} {MORE}"
    document = one(tmp_path, "x.txt", f"{long}\nThe price of steel\n{MORE} {long}\n{long} It ends.")
    assert document.text.split("\n\n") == [long, "The price of steel", f"{MORE} {long}", f"{long} It ends."]
    assert headings(document) == ["", "The price of steel"]


def test_lines_of_a_poem_are_kept(tmp_path: Path) -> None:
    """Short lines that no furniture surrounds are text, repeated or not."""
    text = "O ship\nO ship of ours\nO ship of ours\nthe sea is wide\nThe sea\nThe sea\nO ship of ours"
    assert " ".join(one(tmp_path, "x.txt", text).text.split()) == " ".join(text.split())


PAGE = f"""Skip to main content
The Harbour Post
News for the coast
The bridge doubles in cost
News
2022-11-03 | 08:15
Share
Facebook
Twitter
print
The bridge doubles in cost
4 min read

{PROSE} (photo credit: ADA LIND)

The old pier at dawn
The old pier at dawn, seen from the ferry

{MORE}

Advertisement

Stay updated with the latest news!
Subscribe to The Harbour Post Newsletter

What comes next

The council votes again in December, and the auditors expect a further rise by then.

The new pier in the evening light, which the mayor opened in a small ceremony last May. (credit: HARBOUR/BO EK)
The new pier in the evening light, which the mayor opened in a small ceremony last May.

She did not answer questions. Share prices fell; the office will print the report.

Bridges
Harbour
Read more
Ferry sinks off the coast
Download now the Harbour Post mobile app
Google Play
App Store
We use
cookies
We use cookies to make
your visit to this
website better.
Accept
Learn More
"""


def test_a_page_pasted_as_text_is_cleaned(tmp_path: Path) -> None:
    """Navigation, share bars, notices, repeated captions and related links go; every sentence stays."""
    document = one(tmp_path, "page.txt", PAGE)
    assert document.text.split("\n\n") == [
        "The bridge doubles in cost",
        PROSE,
        MORE,
        "What comes next",
        "The council votes again in December, and the auditors expect a further rise by then.",
        "The new pier in the evening light, which the mayor opened in a small ceremony last May.",
        "She did not answer questions. Share prices fell; the office will print the report.",
    ]
    assert headings(document) == ["", "What comes next"]
    assert document.source.title == "The bridge doubles in cost"
    assert (document.source.publisher, document.source.published) == ("The Harbour Post", "2022-11-03")
    assert {"title", "publisher", "published"} <= set(document.source.inferred)


@pytest.mark.parametrize(
    "line",
    [
        "Share prices fell on Thursday.",
        "We use cookies in our kitchen, she said, because the children like them with tea in the afternoon, and "
        "we bake them every Sunday with the old recipe that my grandmother wrote down in the war, on the back of a "
        "ration card that is now in the town museum beside the harbour, where everyone can see it.",
        "Print runs grew to 70,000 copies.",
        "He likes the app store and Google Play.",
        "Follow the money, the auditors were told by a former clerk of the council in the spring of that year.",
        "The photo credit was disputed in court.",
    ],
)
def test_sentences_that_sound_like_furniture_stay(tmp_path: Path, line: str) -> None:
    """A word of the trade inside a sentence does not cost the sentence."""
    assert line in one(tmp_path, "x.txt", f"{PROSE}\n\n{line}\n\n{MORE}").text


WORDS = st.lists(st.sampled_from("share print the cookies we use app next Facebook news of".split()), min_size=4)


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            WORDS.map(lambda w: "She said: " + " ".join(w) + "."),
            st.sampled_from(
                [
                    "Share",
                    "ADVERTISEMENT",
                    "Print",
                    "Facebook",
                    "Tension",
                    "Read more",
                    "A caption",
                    "A caption",
                ]
            ),
        ),
        max_size=20,
    )
)
def test_prose_is_never_dropped(lines: list[str]) -> None:
    """Whatever stands around it, a paragraph stays, once for each run of equal ones."""
    kept = "\n".join(b.text for b in clean([Block(line) for line in lines], title="A caption", infer_headings=True))
    for line in lines:
        if line.startswith("She said"):
            assert line in kept


BLOCKS = st.lists(
    st.builds(
        Block,
        st.text(max_size=20),
        st.sampled_from(["text", "heading", "item"]),
        st.integers(0, 3),
    )
)


@settings(max_examples=60)
@given(BLOCKS, st.text(max_size=5))
def test_any_blocks_make_a_sound_text(blocks: list[Block], title: str) -> None:
    """Sections lie in the text, in order, each right after its heading; passages cover all but headings."""
    cleaned = clean(blocks, title=title)
    text, sections, pages = assemble(cleaned, title)
    at = 0
    for section in sections:
        assert at <= section.start <= section.end <= len(text)
        assert text[: section.start].endswith(section.heading)
        at = section.end
    assert not pages
    assert all(block.text in text for block in cleaned)


# -- HTML, PDF, DOCX -----------------------------------------------------------------------------------------

HTML = f"""<!doctype html><html lang="en-GB"><head><title>Bridge cost doubles | The Harbour Post</title>
<meta property="og:site_name" content="The Harbour Post"><link rel="canonical" href="https://post.example/bridge">
<script type="application/ld+json">{{"@context":"https://schema.org","@type":"NewsArticle","headline":
"Bridge cost doubles","datePublished":"2022-11-03","author":{{"@type":"Person","name":"Ada Lind"}}}}</script></head>
<body><nav><a href="/">Home</a> <a href="/n">News</a></nav>
<div class="cookie-banner">We use cookies to make your visit better. <button>Accept</button></div>
<article><h1>Bridge cost doubles</h1><div class="share"><a>Share</a><a>Facebook</a></div><p>{PROSE}</p>
<h2>The mayor's answer</h2><p>Mayor Olga Stern said "the bridge will be built." {MORE} It was paid &amp; done.</p>
<ul><li>Phase one ends in 2024 with the pier.</li><li>Phase two ends in 2026.</li></ul>
<table><tr><th>Year</th><th>Cost</th></tr><tr><td>2022</td><td>71 million</td></tr></table>
<p>ADVERTISEMENT</p><p>The council votes again in December, and the auditors expect a further rise of costs.</p>
<p>Sign up for our daily newsletter</p></article><aside><h3>Related articles</h3><a>Ferry sinks</a></aside>
<script>alert('x')</script><footer>© 2022 The Harbour Post. All rights reserved.</footer></body></html>"""


def test_a_page_is_called_as_its_own_title_calls_it(tmp_path: Path) -> None:
    """An encyclopedia declares a description as its headline; the name is what stands in the page's title."""
    data = '{"@type": "Article", "name": "Orvik", "headline": "town on a northern fjord"}'
    head = f"<title>Orvik - The Encyclopedia</title><script type='application/ld+json'>{data}</script>"
    page = f"<html><head>{head}</head><body><h1>Orvik</h1><p>{PROSE}</p></body></html>"
    assert one(tmp_path, "page.html", page).source.title == "Orvik"


def test_html_gives_article_and_metadata(tmp_path: Path) -> None:
    """The article with its headings, lists and tables; meta elements and JSON-LD as declared metadata."""
    document = one(tmp_path, "page.html", HTML)
    source = document.source
    assert (source.title, source.publisher, source.author) == (
        "Bridge cost doubles",
        "The Harbour Post",
        "Ada Lind",
    )
    assert (source.published, source.language, source.kind) == ("2022-11-03", "en", "news")
    assert source.original == "https://post.example/bridge"
    assert source.inferred == ()
    assert headings(document) == ["", "The mayor's answer"]
    for kept in (PROSE, MORE, "paid & done.", "Phase two ends in 2026.", "2022: Cost = 71 million", "of costs."):
        assert kept in document.text
    for gone in ("Home", "cookies", "Facebook", "ADVERTISEMENT", "newsletter", "Ferry", "alert", "reserved"):
        assert gone not in document.text


def pdf(pages: list[list[str]], *, title: str = "", password: str = "") -> bytes:
    made = FPDF()
    made.set_font("helvetica", size=11)
    made.set_title(title)
    made.set_author("Ada Lind")
    if password:
        made.set_encryption(owner_password="owner", user_password=password)
    for lines in pages:
        made.add_page()
        for line in lines:
            made.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(made.output())


def test_pdf_gives_text_pages_and_info(tmp_path: Path) -> None:
    """Running heads and folios go, lines and broken words are joined across pages, pages are known."""
    body = [
        "The harbour bridge will cost much more than the council of the town had",
        "said, and the firms have left the project during the long summer; infor-",
        "mation was not given to those who had asked for it in a letter to the",
    ]
    end = ["mayor and her office. This sentence is the first one of the second page."]
    pages = [
        ["Harbour Reports 12", *body, "1"],
        ["Harbour Reports 12", *end, "2"],
        ["Harbour Reports 12", "The third page says one more thing about the bridge and the pier.", "3"],
    ]
    document = one(tmp_path, "report.pdf", pdf(pages, title="The bridge report"))
    assert (document.source.title, document.source.author) == ("The bridge report", "Ada Lind")
    assert "information was not given" in document.text
    assert "in a letter to the mayor and her office." in document.text
    assert "Harbour Reports" not in document.text
    assert len(document.pages) == 3
    assert document.page(document.text.index("firms")) == 1
    assert document.page(document.text.index("mayor and")) == 2
    assert document.page(document.text.index("third page")) == 3
    assert document.source.published == ""  # a file's date is not the publication's


def test_docx_gives_text_sections_and_properties(tmp_path: Path) -> None:
    """Styles become headings and items, tables rows, core properties metadata."""
    made = docx.Document()
    made.add_heading("The bridge", 0)
    made.add_paragraph(PROSE)
    made.add_heading("Phases", 1)
    made.add_paragraph("The pier is first.", style="List Bullet")
    table = made.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "2022", "71 million"
    made.add_paragraph(MORE)
    made.core_properties.title, made.core_properties.author = "The bridge", "Ada Lind"
    made.save(str(tmp_path / "b.docx"))
    document = one(tmp_path, "b2.docx", (tmp_path / "b.docx").read_bytes())
    assert document.text == f"The bridge\n\n{PROSE}\n\nPhases\n\nThe pier is first.\n\n2022 | 71 million\n\n{MORE}"
    assert headings(document) == ["", "Phases"]
    assert (document.source.title, document.source.author) == ("The bridge", "Ada Lind")


# -- metadata ------------------------------------------------------------------------------------------------


def test_all_who_signed_a_paper_are_named_and_a_talk_keeps_its_title() -> None:
    """Two authors in a row are no name and place; a title with a colon is no speaker's turn."""
    paper = f"# A study of wells\n\nAda Kern, Per Olsen\n\nReceived 3 May 2020\n\n## Abstract\n\n{PROSE}\n"
    assert made_of(paper.encode(), "a.md")[0].source.author == "Ada Kern, Per Olsen"
    talk = "Salt in wells: a talk\n\nAda: When did it begin?\n\nPer: In May, by chance.\n\nAda: And who paid for it?\n"
    assert made_of(talk.encode(), "a.txt")[0].source.title == "Salt in wells: a talk"


def test_a_paper_tells_about_itself(tmp_path: Path) -> None:
    """DOI, labels and the citation line of a bare text are read, and marked as inferred."""
    text = (
        "# On Bridges\n\nAda Lind\\*\n\n## Abstract\n\n" + PROSE + "\n\n**Received on** 6 July 2021 **Accepted on** "
        "24 September 2021\n\n**Cite this article:** Lind (2022) On Bridges, winter 2022, Vol.3.\n\n"
        "**DOI:** 10.1234/abc.2021.5\n\n**Publisher:** University of the Coast.\n\n"
        "**Corresponding Author:** Ada Lind (a.lind@coast.example)\n"
    )
    source = one(tmp_path, "lind.md", text).source
    assert (source.title, source.author, source.publisher) == (
        "On Bridges",
        "Ada Lind",
        "University of the Coast",
    )
    assert (source.published, source.original, source.kind) == ("2022", "DOI 10.1234/abc.2021.5", "other")
    assert source.language == "en"
    assert set(source.inferred) == {
        "title",
        "author",
        "publisher",
        "published",
        "original",
        "language",
    }


def test_what_is_not_said_is_not_invented(tmp_path: Path) -> None:
    """A date, name or place inside a sentence says nothing about the document."""
    text = f"{PROSE} It was published by Bo Ek on 3 May 2020.\n\nReceived warmly, she spoke in 1999."
    source = one(tmp_path, "my_bridge-note.txt", text).source
    assert (source.publisher, source.author, source.published) == ("", "", "")
    assert (source.id, source.title) == ("my_bridge-note", "My bridge note")


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("2023-12-05 | 01:46", "2023-12-05"), ("5 December 2023", "2023-12-05"), ("Dec. 5, 2023", "2023-12-05"),
        ("December 2023", "2023-12"), ("2023", "2023"), (2023, "2023"), ("winter 2025", "2025"),
        ("2023-11", "2023-11"), ("2023/1/5", "2023-01-05"), ("2023-12-05T08:00:00Z", "2023-12-05"),
        ("31st of October, 2017", "2017-10-31"), ("03/04/2017", "2017"), ("2023-13-40", "2023"),
        ("31 February 2020", "2020-02"), ("soon", ""), ("", ""), ("12345", ""),
    ],
)  # fmt: skip
def test_dates_become_iso(said: str | int, date: str) -> None:
    """As exact as they are said and no more; figures that could be day or month count as the year alone."""
    assert iso_date(said) == date


def test_ids_keep_a_files_stem() -> None:
    """A stem is its id; what would not survive a command line or a colon is replaced."""
    assert slug("daily-beast-2023") == "daily-beast-2023"
    assert slug("My Report (final): 2") == "My-Report-final-2"
    assert slug("تقرير") == "تقرير"
    assert slug("???") == "document"


# -- bad input -----------------------------------------------------------------------------------------------


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 30_000_000)
    return packed.getvalue()


def broken_docx() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<no")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t ", "empty"),
        ("a.md", "---\ntitle: T\n---\n", "no words"),
        ("a.txt", "Share\nFacebook\nADVERTISEMENT", "no words"),
        ("a.txt", "... --- !!!", "no words"),
        ("a.txt", b"text\x00\x01\x02more", "binary"),
        ("a.txt", b"\xff\xfe\x00\xd8\x00", "begins like utf-16"),
        ("a.png", b"\x89PNG\r\n", "ending in .png"),
        ("a.pdf", b"%PDF-1.7 broken", "pdf is malformed"),
        ("a.pdf", b"hello", "called pdf but is none"),
        ("a.pdf", pdf([["Secret words in here."]], password="pw"), "encrypted"),
        ("a.pdf", pdf([[]]), "may be pictures"),
        ("a.docx", b"PK\x03\x04 cut off", "called docx but is none"),
        ("a.docx", broken_docx(), "docx is malformed"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, "old Office file or is encrypted"),
        ("a.html", "<html><body><nav>Home</nav></body></html>", "no words"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_skipped_with_a_reason(
    tmp_path: Path, name: str, content: str | bytes, reason: str
) -> None:
    """One bad file never stops the rest; it says why and what to do."""
    assert reason in skipped(tmp_path, name, content)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A DOCX that unpacks to far more than the limit is refused before it is opened."""
    assert "unpacks to 30 MB" in skipped(tmp_path, "a.docx", bomb(), max_bytes=1_000_000)


def test_over_the_size_limit_is_skipped(tmp_path: Path) -> None:
    """The reason holds both sizes."""
    assert "0.2 MB, the limit is 0.1 MB" in skipped(tmp_path, "a.txt", "word " * 40_000, max_bytes=100_000)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "cp1251", "big5"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """UTF-8 and what a byte order mark tells are read at once; other encodings are guessed, which is said."""
    text = {
        "cp1251": "Мост через гавань будет стоить семьдесят один миллион, сказали проверяющие в четверг утром. " * 3,
        "big5": "海港大橋的造價將達到七千一百萬歐元，審計人員在星期四說。兩家公司在夏天離開了這個項目。" * 3,
    }.get(
        encoding,
        "Der Rückbau der Brücke kostet viel Geld, sagte die Prüferin – „endlich“ ist es öffentlich. " * 3,
    )
    reading = read([write(tmp_path, "x.txt", text.encode(encoding))])
    assert reading.documents[0].text == text.strip()
    assert bool(reading.notes) == (not encoding.startswith("utf"))


def test_marks_that_nobody_sees_are_gone(tmp_path: Path) -> None:
    """Controls and soft hyphens go, letters are composed, right-to-left text and emoji stay."""
    text = one(
        tmp_path,
        "x.txt",
        "Cafe\u0301 is o\u00adpen\u0007 today, \u05e9\u05dc\u05d5\u05dd \U0001f680.\r\nIt ends.",
    ).text
    assert text == "Café is open today, שלום 🚀.\n\nIt ends."


@settings(max_examples=60)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace"))),
    st.sampled_from(["a.txt", "a.md", "a.pdf", "a.docx", "a"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    """No input makes a reader fail in another way than by saying why."""
    try:
        parsed = parse(data, name, max_bytes=1_000_000)
    except Unreadable:
        return
    text, sections, pages = assemble(clean(parsed.blocks, infer_headings=parsed.plain), "")
    assert all(0 <= s.start <= s.end <= len(text) for s in sections)
    assert list(pages) == sorted(pages)


# -- places --------------------------------------------------------------------------------------------------


def names(reading: Intake) -> list[str]:
    return [document.id for document in reading.documents]


def test_a_folder_is_read_to_the_bottom_in_order(tmp_path: Path) -> None:
    """Sorted by path; hidden files and what is about the corpus are left out, but only at its root."""
    for n, name in enumerate(["b.txt", "a/z.md", "a/README.md", "SOURCES.md", "README.md", ".hidden.md", ".git/x.md"]):
        write(tmp_path, name, f"{PROSE} It is number {n}.")
    reading = read([tmp_path])
    assert names(reading) == ["README", "z", "b"]
    assert not reading.skipped
    assert names(read([tmp_path / "SOURCES.md"])) == ["SOURCES"]
    assert names(read([tmp_path / "*.txt", str(tmp_path / "**" / "z.*")])) == ["b", "z"]


def test_what_programs_keep_beside_documents_is_left_out(tmp_path: Path) -> None:
    """Lock files, what is installed, code: in one note. A document in a format that is not read is told by name."""
    for name in ("a.md", "~$a.docx", "Makefile", "node_modules/x/README.md", "b.odt"):
        write(tmp_path, name, PROSE)
    reading = read([tmp_path])
    assert names(reading) == ["a"]
    assert [Path(skipped.place).name for skipped in reading.skipped] == ["b.odt"]
    assert reading.notes == (
        "left out, for they are no documents: 1 no suffix, 1 .docx; name one to have it read, or register a loader",
    )


def test_the_same_place_twice_is_one(tmp_path: Path) -> None:
    """A file named by two places is read once, without a remark."""
    path = write(tmp_path, "a.txt", PROSE)
    reading = read([path, tmp_path, str(tmp_path / "*.txt")])
    assert names(reading) == ["a"]
    assert not reading.notes


@pytest.mark.parametrize("place", ["nothing-here", "nothing/*.md", "file:///etc/hosts", "ftp://a.example/b"])
def test_a_place_that_does_not_exist_is_an_error(place: str) -> None:
    """The message names the place."""
    with pytest.raises(CorpusError, match=place.replace("*", r"\*")):
        read([place])


def test_nothing_readable_is_an_empty_reading(tmp_path: Path) -> None:
    """An empty folder, or one of bad files, is for the caller to judge."""
    assert read([tmp_path]) == Intake(())


def test_the_same_text_twice_is_kept_once(tmp_path: Path) -> None:
    """By content, whatever the name; and it is said."""
    write(tmp_path, "a.txt", PROSE)
    write(tmp_path, "b.md", PROSE)
    reading = read([tmp_path])
    assert names(reading) == ["a"]
    assert "b.md: the same text as" in reading.notes[0]


def test_two_documents_of_one_name_both_stay(tmp_path: Path) -> None:
    """The second gets an id of its own, and it is said."""
    write(tmp_path, "x/a.txt", PROSE)
    write(tmp_path, "y/a.txt", MORE)
    write(tmp_path, "z/a.md", f"{PROSE} {MORE}")
    reading = read([tmp_path])
    assert names(reading) == ["a", "a-2", "a-3"]
    assert "this one is a-2" in reading.notes[0]


def test_links_that_lead_nowhere_or_in_circles(tmp_path: Path) -> None:
    """A folder linked into itself is read once; a file that cannot be opened is skipped."""
    write(tmp_path, "good.txt", PROSE)
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe.txt")
    reading = read([tmp_path])
    assert names(reading) == ["good"]
    assert sorted(Path(s.place).name for s in reading.skipped) == ["gone.txt", "loop.txt", "pipe.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_skipped(tmp_path: Path) -> None:
    """The remedy says how to get the right."""
    write(tmp_path, "a.txt", PROSE).chmod(0)
    (problem,) = read([tmp_path]).skipped
    assert "may not be read" in problem.reason
    assert "chmod" in problem.remedy


def test_progress_counts_every_document(tmp_path: Path) -> None:
    """Also those that are skipped."""
    write(tmp_path, "a.txt", PROSE)
    write(tmp_path, "b.txt", "")
    seen: list[tuple[int, int, str]] = []
    read([tmp_path], progress=lambda done, total, name: seen.append((done, total, Path(name).name)))
    assert seen == [(1, 2, "a.txt"), (2, 2, "b.txt")]


# -- the web -------------------------------------------------------------------------------------------------


class Site(BaseHTTPRequestHandler):
    """A page, a redirect to another address of this machine, a loop, an error, a flood, a picture."""

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        pages = {"/bridge.html": ("text/html; charset=utf-8", HTML.encode()), "/note": ("text/plain", PROSE.encode()),
                 "/flood": ("text/plain", b"word " * 100_000), "/picture": ("image/png", b"\x89PNG")}  # fmt: skip
        moves = {
            "/inside": f"http://127.0.0.2:{port}/note",
            "/loop": "/loop",
            "/moved": "/note",
            "/file": "file:///etc/hosts",
        }
        if self.path in moves:
            self.send_response(302)
            self.send_header("Location", moves[self.path])
            self.end_headers()
            return
        kind, body = pages.get(self.path, ("text/plain", b""))
        self.send_response(200 if self.path in pages else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_addresses_are_read(site: str) -> None:
    """A page by its content type, a redirect followed, the address as the source's original."""
    reading = read([f"{site}/bridge.html", f"{site}/moved"], allow_private=True)
    page, note = reading.documents
    assert (page.id, page.source.title) == ("bridge", "Bridge cost doubles")
    assert (note.id, note.text, note.source.original) == ("note", PROSE, f"{site}/note")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/nothing", "answered 404"),
        ("/loop", "redirects more than"),
        ("/file", "not http or https"),
        ("/flood", "over 0.1 MB"),
        ("/picture", "content type is image/png"),
    ],
)
def test_addresses_that_give_no_document_are_skipped(site: str, path: str, reason: str) -> None:
    """Each with its reason; the rest is read."""
    reading = read([site + path, f"{site}/note"], allow_private=True, max_bytes=100_000)
    assert names(reading) == ["note"]
    assert reason in reading.skipped[0].reason


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://localhost/", "http://10.1.2.3/", "http://192.168.0.1/", "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
        "http://0.0.0.0/", "http://2130706433/", "http://0x7f.1/", "http://[fe80::1]/", "http://100.64.0.1/",
        "http://224.0.0.1/", "http://[fd00::1]/", "http://[64:ff9b:1::7f00:1]/", "http://[::127.0.0.1]/",
        "http://[::ffff:0:127.0.0.1]/", "http://[2002:7f00:1::]/", "http://[2001:0:1::7f00:1]/",
        "http://[fec0::1]/", "http://192.0.0.216/",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused(address: str) -> None:
    """Loopback, private, link-local, shared and disguised addresses are not asked."""
    (problem,) = read([address]).skipped
    assert "inside this machine or network" in problem.reason


def test_a_redirect_to_the_inside_is_refused(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every hop is checked, not only the first: here 127.0.0.1 counts as public and 127.0.0.2 does not."""
    monkeypatch.setattr(fetching, "_is_public", lambda address: address == "127.0.0.1")
    reading = read([f"{site}/inside", f"{site}/moved"])
    assert names(reading) == ["note"]
    assert "127.0.0.2" in reading.skipped[0].reason


@pytest.mark.parametrize("address", ["http://user:pw@127.0.0.1/", "http://", "http://[broken/", "http://a b/"])
def test_addresses_that_are_none_are_refused(address: str) -> None:
    """What cannot be asked is skipped with a reason."""
    assert read([address], allow_private=True).skipped


# -- the originals -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def originals() -> dict[str, Document]:
    """The five articles the first corpus retells, as they were found."""
    if not ORIGINALS.is_dir():
        pytest.skip("the originals are not here (../shared/sources)")
    reading = read([ORIGINALS])
    assert not reading.skipped
    assert not reading.notes
    return {document.id: document for document in reading.documents}


def test_the_originals_keep_every_sentence(originals: dict[str, Document]) -> None:
    """Every long line of a file that ends as a sentence does stands in the text, word for word."""
    for name, document in originals.items():
        raw = next(ORIGINALS.glob(f"{name}.*")).read_text(encoding="utf-8")
        flat = " ".join(document.text.split())
        for line in raw.replace("**", "").replace("\\*", "*").splitlines():
            words = " ".join(line.strip(" #").split())
            if len(words.split()) >= 15 and "credit:" not in words:
                assert words in flat


def test_the_originals_lose_what_is_not_theirs(originals: dict[str, Document]) -> None:
    """Those copied off a page keep no share bar, notice, credit or repeated caption, and no title twice."""
    for document in originals.values():
        lines = document.text.splitlines()
        for word in (
            "Whatsapp",
            "Skip to",
            "cookies",
            "Newsletter",
            "credit:",
            "Filed under",
            "App Store",
        ):
            assert word not in document.text
        assert lines.count(document.source.title) <= 1
        assert len(lines) == len({line for line in lines if line}) + lines.count("")


def test_the_originals_tell_who_they_are(originals: dict[str, Document]) -> None:
    """What their text gives away, marked as inferred; nothing where it says nothing."""
    found = {name: (d.source.publisher, d.source.published) for name, d in originals.items()}
    assert found == {
        "daily-beast-2023": ("", ""),
        "jcpa-2017": ("Jerusalem Center for Public Affairs", ""),
        "jerusalem-post-2023": ("The Jerusalem Post", ""),
        "lbci-2023": ("LBCI", "2023-12-05"),
        "soltani-gishini-2025": ("Imam Khomeini International University", "2025"),
    }
    assert {d.source.language for d in originals.values()} == {"en"}
    assert all("publisher" in d.source.inferred for d in originals.values() if d.source.publisher)


def test_the_originals_split_well(originals: dict[str, Document]) -> None:
    """Passages of whole sentences; only a short section makes a short passage."""
    for document in originals.values():
        passages = split(document)
        assert max(len(p.text.split()) for p in passages) <= 180
        short = [p for p in passages if len(p.text.split()) < 90]
        assert all([q.heading for q in passages].count(p.heading) <= 2 for p in short)
