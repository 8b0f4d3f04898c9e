"""What a source is called: on made documents of many kinds, and shape by shape."""

from __future__ import annotations

from collections import Counter

import pytest

from made_documents import FIELDS, documents, pdf
from qa.corpus import reading
from qa.schema import Source

MOST_WRONG = 0.02
"""Share of the values given that may be wrong."""


@pytest.fixture(scope="module")
def told() -> list[tuple[str, Source, dict[str, tuple[str, ...]]]]:
    """Each made document's name, its source, and what is right."""
    found = []
    for name, data, truth in documents():
        document, _ = reading.document(data, name.rpartition("/")[2])
        found.append((name, document.source, truth))
    return found


def judged(source: Source, field: str, truth: dict[str, tuple[str, ...]]) -> str:
    """Whether a field is right, wrong, or absent where something would be right."""
    value, wanted = getattr(source, field), truth[field]
    if value in wanted:
        return "right"
    by_file = field == "title" and field in source.inferred and value.casefold().replace(" ", "") in _stem(source)
    return "absent" if not value or by_file else "wrong"


def _stem(source: Source) -> str:
    return source.id.casefold().replace("-", "").replace("_", "").replace(" ", "")


def test_nearly_everything_said_of_a_source_is_right(told) -> None:
    """Of more than two hundred documents under 2 % of the values are wrong, of the declared and of the inferred."""
    assert len(told) > 200
    for inferred in (True, False):
        given = [
            (judged(source, field, truth), f"{name}: {field} {getattr(source, field)!r}, right {truth[field]!r}")
            for name, source, truth in told
            for field in FIELDS
            if getattr(source, field) and (field in source.inferred) is inferred
        ]
        wrong = [what for verdict, what in given if verdict == "wrong"]
        assert len(wrong) <= MOST_WRONG * len(given), "\n".join(wrong)


def test_what_is_declared_is_taken(told) -> None:
    """Absent is right where nothing can be known: of what could be said nine in ten is."""
    verdicts = Counter(judged(s, f, t) for _, s, t in told for f in FIELDS if any(t[f]))
    assert verdicts["absent"] <= 0.1 * sum(verdicts.values())


@pytest.mark.parametrize(
    ("name", "text", "title", "author", "published"),
    [
        (
            "book.txt",
            "The Free Library's file of The Mill, by A. Lind\n\nThis file is for the use of anyone anywhere.\n\n"
            "Title: The Mill\n\nAuthor: A. B. Lind\n\nRelease Date: October 2, 2004 [File #35]\n\nIt stood there.",
            "The Mill",
            "A. B. Lind",
            "",  # a catalogue's
        ),
        ("log-of-june.txt", "14:45:51 <bot> bot has joined #orvik\n14:46:03 <ada> Hello", "Log of june", "", ""),
        (
            "guide.md",
            "**How to keep bees**\n\n## Contents:\n\n- Hives\n\nThey hum all day in the roof.",
            "How to keep bees",
            "",
            "",
        ),
    ],
)
def test_what_looks_like_a_title_and_is_none(name: str, text: str, title: str, author: str, published: str) -> None:
    """A library's own line over a book's card, the first line of a log, a table of contents."""
    source = reading.document(text.encode(), name)[0].source
    assert (source.title, source.author, source.published) == (title, author, published)


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([("Counting Seabirds from the Air", 20), ("We count birds from the air in every season.", 11)], True),
        ([("Barnes & Thornburg LLP", 20), ("We write on behalf of our client in this case.", 11)], False),
        ([("Dinner on November 12th at seven", 20), ("Tickets are sold at the door of the hall.", 11)], False),
        (
            [("Counting the Birds", 20), ("Dear Mr Moe,", 11), ("We count birds from the air in every season.", 11)],
            False,
        ),
    ],
)
def test_a_pdf_is_called_by_its_first_line_only_where_that_is_nearly_certain(
    lines: list[tuple[str, int]], title: bool
) -> None:
    """A letterhead, an invitation and a letter's subject are none: the file's name is."""
    source = reading.document(pdf(lines), "plans.pdf")[0].source
    assert source.title == (lines[0][0] if title else "Plans")


def test_what_writers_of_markdown_leave_for_programs_is_not_shown() -> None:
    """A shortcode in an HTML table goes, and Pandoc's "#." counts."""
    table = (
        "<table>\n<tr><td>Orvik</td><td>{% channel 'o' %} Ask Maren.</td></tr>\n</table>\n\n#. Boil it.\n#. Drink it.\n"
    )
    text = reading.document(table.encode(), "a.md")[0].text
    assert "{%" not in text
    assert "1. Boil it.\n2. Drink it." in text
