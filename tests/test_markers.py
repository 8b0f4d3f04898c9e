"""Markers in every shape, sentences with what they cite, and streams cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import growth
from qa.markers import SHAPES, Stream, find, marked, sentences, strip


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It opened in 2021 [1].", (1,)),
        ("It opened [1,2].", (1, 2)),
        ("It opened [1, 2; 4].", (1, 2, 4)),
        ("It opened [1][2].", (1, 2)),
        ("It opened [1] [2].", (1, 2)),
        ("It opened [1-3].", (1, 2, 3)),
        ("It opened [1–3].", (1, 2, 3)),
        ("It opened 【1】.", (1,)),
        ("It opened 【4†source】.", (4,)),
        ("It opened 【4:2†a.md】.", ()),
        ("It opened [^1].", (1,)),
        ("It opened [^1][^12].", (1, 12)),
        ("It opened (1).", (1,)),
        ("It opened (1, 2).", (1, 2)),
        ("It opened. (1) The mayor spoke.", (1,)),
        ("It opened [Source 3].", (3,)),
        ("It opened [passage 3, 4].", (3, 4)),
        ("It opened [Passage 3, passage 4].", (3, 4)),
        ("It opened [chunk 3].", (3,)),
        ("It opened [ref. 3].", (3,)),
        ("It opened [3, p. 40].", (3,)),
        ("It opened [ID:7].", (7,)),
        ("It opened [1](https://example.org/a).", (1,)),
        ("It opened.¹", (1,)),
        ("It opened.¹²", (12,)),
        ("It opened [1, 1].", (1,)),
        ("It opened [[1]](#ref-1).", (1,)),
        ('It opened [1](https://example.org/a_(b)/2021 "Title").', (1,)),
        ("It opened<sup>1</sup>.", (1,)),
        ('It opened.<sup><a href="#fn2">[2]</a></sup>', (2,)),
    ],
)
def test_every_shape_of_marker_is_read(text: str, numbers: tuple[int, ...]) -> None:
    """The numbers of all shapes that models and people write."""
    assert tuple(dict.fromkeys(n for m in find(text) for n in m.numbers)) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "In [2017] it opened.",
        "The army (12) and the navy (3) met.",
        "There were (1) a bridge and (2) a road.",
        "“We lost [3] men,” he said.",
        "He said [sic] no.",
        "It covers 40 km² of land.",
        "It rose 10³ times.",
        "It opened in March (2017).",
    ],
)
def test_what_only_looks_like_a_marker_is_left_alone(text: str) -> None:
    """Years, lists, editorial insertions and powers stay in the text."""
    assert find(text) == ()
    assert strip(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("It opened [1].", "It opened."),
        ("It opened. [1]", "It opened."),
        ("It opened.[1][2]", "It opened."),
        ("Ann [1] met Bob [2].", "Ann met Bob."),
        ("Ann [1], Bob.", "Ann, Bob."),
        ("“It opened” [1].", "“It opened”."),
        ("[1] It opened.", "It opened."),
        ("See [the report](https://example.org).", "See the report."),
        ("It opened<sup>1</sup>.", "It opened."),
    ],
)
def test_text_without_markers_reads_as_if_there_had_been_none(text: str, clean: str) -> None:
    """No double space, no space before a full stop."""
    assert strip(text) == clean


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("A was. [1] B is [2].", [("A was.", (1,)), ("B is.", (2,))]),
        ("A was [1]. B is.", [("A was.", (1,)), ("B is.", ())]),
        ("A was.[1][2] B is.", [("A was.", (1, 2)), ("B is.", ())]),
        ("- A was [1]\n- B is [2]", [("A was", (1,)), ("B is", (2,))]),
        ("1. A was [1].\n2. B is [2].", [("A was.", (1,)), ("B is.", (2,))]),
        (
            "On Oct. 7 Mr. J. Smith met U.S. envoys. It rained.",
            [("On Oct. 7 Mr. J. Smith met U.S. envoys.", ()), ("It rained.", ())],
        ),
        ("It cost 3.5 million. He paid.", [("It cost 3.5 million.", ()), ("He paid.", ())]),
        (
            "He said: “We will. We must.” [1] She left.",
            [("He said: “We will. We must.”", (1,)), ("She left.", ())],
        ),
        ("“Will it?” he asked. [2]", [("“Will it?” he asked.", (2,))]),
        (
            "He said “yes. And then he left. Then he ate.",
            [("He said “yes.", ()), ("And then he left.", ()), ("Then he ate.", ())],
        ),
    ],
)
def test_a_sentence_has_the_markers_in_it_and_behind_its_full_stop(
    text: str, units: list[tuple[str, tuple[int, ...]]]
) -> None:
    """Markers belong to the sentence they stand in or directly follow."""
    assert [(u.text, u.numbers) for u in marked(text)] == units


def test_a_unit_knows_where_it_was_taken_from() -> None:
    """Offsets point into the text as it was written, markers included."""
    text = "  - A was [1].\nB is. [2]  "
    assert [text[u.start : u.end] for u in marked(text)] == ["A was [1].", "B is. [2]"]


PIECES = st.lists(
    st.sampled_from(
        [
            "The bridge opened",
            "He said",
            " in Oct.",
            " 7",
            ".",
            ". ",
            "!",
            "?",
            " [1]",
            "[2]",
            " [",
            "1",
            ",2]",
            "】",
            "【1】",
            " (1)",
            "(2",
            ")",
            "[^3]",
            "\n",
            "“",
            "”",
            '"',
            " Mr. J. Smith",
            " the",
            " It",
            " 3.5",
            "…",
            " ",
            "¹",
            " U.S.",
            "- ",
            "[1](x)",
            "[a](b.md)",
            "<sup>2</sup>",
            " https://a.org/b.c",
            "é",
        ]
    ),
    max_size=40,
)


@given(PIECES, st.data())
def test_a_stream_gives_what_the_whole_text_gives(pieces: list[str], data: st.DataObject) -> None:
    """However the text is cut, no marker is split and no sentence ends elsewhere."""
    text = "".join(pieces)
    stream, units, at = Stream(), [], 0
    while at < len(text):
        size = data.draw(st.integers(1, 9))
        units += stream.feed(text[at : at + size])
        at += size
    assert tuple(units + stream.close()) == marked(text)


def test_a_stream_gives_a_sentence_out_as_soon_as_the_next_one_begins() -> None:
    """Nobody waits for the end of the answer."""
    stream = Stream()
    assert stream.feed("The bridge opened. [1") == []
    assert stream.feed("] ") == []
    assert [u.numbers for u in stream.feed("Then it rained")] == [(1,)]


@given(st.text(max_size=200))
def test_sentences_cover_every_word_once(text: str) -> None:
    """Spans are in order, apart, and leave out nothing that is a word."""
    spans = sentences(text)
    assert all(a < b for a, b in spans)
    assert all(b <= c for (_, b), (c, _) in pairwise(spans))
    outside, at = "", 0
    for a, b in (*spans, (len(text), len(text))):
        outside, at = outside + text[at:a], b
    assert not any(c.isalnum() for c in outside)


# sources cited by name ------------------------------------------------------------------------------------

LABELS = {
    "harbour gazette 2021": "gazette",
    "gazette": "gazette",
    "island ledger 2020": "ledger",
    "lind ruiz 2021": "gazette",
    "lind 2021": "gazette",
    "annual report": "report",
    "example org report": "report",
    "report": "report",
    "^lind": "gazette",
}


@pytest.mark.parametrize(
    ("text", "clean", "sources"),
    [
        ("It opened [gazette].", "It opened.", ("gazette",)),
        ("It opened. [Gazette] It rained.", "It opened.", ("gazette",)),
        ("It opened (The Harbour Gazette, 2021).", "It opened.", ("gazette",)),
        ("It opened (Harbour Gazette 2021; Island Ledger, 2020).", "It opened.", ("gazette", "ledger")),
        ("It opened (Island Ledger, 2021).", "It opened (Island Ledger, 2021).", ()),
        ("It opened (Island Ledger, 2020; The Times).", "It opened (Island Ledger, 2020; The Times).", ()),
        ("The gazette (a newspaper) tells.", "The gazette (a newspaper) tells.", ()),
        ("It opened [see gazette].", "It opened.", ("gazette",)),
        ("It opened (cf. Lind & Ruiz, 2021a, p. 3).", "It opened.", ("gazette",)),
        ("It opened (Lind et al., 2021).", "It opened.", ("gazette",)),
        ("Lind and Ruiz (2021) say that it opened.", "Lind and Ruiz say that it opened.", ("gazette",)),
        ("The Harbour Gazette (2021, p. 3) says so.", "The Harbour Gazette says so.", ("gazette",)),
        ("In March (2021) it opened.", "In March (2021) it opened.", ()),
        ("It opened [Annual Report.pdf, p. 3].", "It opened.", ("report",)),
        ("It opened [docs/annual-report.pdf#page=3].", "It opened.", ("report",)),
        ("It opened [annual-report.pdf, gazette].", "It opened.", ("report", "gazette")),
        ("It opened [annual-report.md:12-15].", "It opened.", ("report",)),
        ("It opened [@gazette, p. 3].", "It opened.", ("gazette",)),
        ("It opened (source: annual-report.pdf).", "It opened.", ("report",)),
        ("It opened [[annual-report]].", "It opened.", ("report",)),
        ("It opened [gazette, § 4.2].", "It opened.", ("gazette",)),
        ("It opened 【4:2†annual-report.pdf】.", "It opened.", ("report",)),
        ("It opened [^lind].", "It opened.", ("gazette",)),
        ("It [opened](annual-report.pdf).", "It opened.", ("report",)),
        ("It opened ([source](annual-report.pdf)).", "It opened.", ("report",)),
        ("It opened <https://example.org/report>.", "It opened.", ("report",)),
        ("It opened https://example.org/report.", "It opened.", ("report",)),
        ("It opened https://example.org/other.", "It opened https://example.org/other.", ()),
    ],
)
def test_a_source_can_be_cited_by_its_exact_name(text: str, clean: str, sources: tuple[str, ...]) -> None:
    """All that stands in the bracket must name sources; what names none, or not exactly, is text."""
    unit = marked(text, LABELS)[0]
    assert (unit.text, unit.sources) == (clean, sources)


def test_names_and_numbers_may_stand_together() -> None:
    """A sentence may cite in both ways."""
    (unit,) = marked("It opened [2][gazette].", LABELS)
    assert (unit.numbers, unit.sources) == ((2,), ("gazette",))
    assert marked("It opened [gazette].")[0].sources == ()


@given(st.text(max_size=60))
def test_labels_change_nothing_where_nobody_is_named(text: str) -> None:
    """A text that calls no source by name reads as without labels."""
    assert marked(text, {"no such name anywhere": "x"}) == marked(text)


def test_pages_and_what_is_not_there_are_known() -> None:
    """A page is part of a citation; a file or a footnote that is no source is not taken for text."""
    (unit,) = marked("It opened [annual-report.pdf, pp. 3-5; gazette, page 9].", LABELS)
    assert (unit.sources, unit.pages) == (("report", "gazette"), (3, 4, 5, 9))
    (unit,) = marked("It opened [other report.pdf, p. 3][^ruiz].", LABELS)
    assert (unit.text, unit.sources, unit.unknown) == ("It opened.", (), ("other report.pdf", "^ruiz"))


@pytest.mark.parametrize("example", [example for shape in SHAPES.values() for example in shape.examples])
def test_every_shape_in_the_table_is_read_as_itself(example: str) -> None:
    """The example in the table is found whole, at the end of a sentence."""
    text = f"It opened{example}." if example[0] in "¹<" else f"It opened {example}."
    (marker,) = find(text, {**LABELS, "https example org report": "report", "^2a": "report", "lind2021": "gazette"})
    assert text[marker.start : marker.end] == example
    assert marker.numbers or marker.sources


# time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "piece",
    ["! ", "\n", "1 ", "[", "[1] ", "[1]", "a.[1]", "a. [1] ", "[1", "(1", "(", "((1))", "“", '"a. ', "a.b", "a . ",
     " ", "[a](", "[a](b.md) ", "<sup>", "<sup>1</sup>", "¹", "https://", "https://a.b/c ", "[^", "[^a]", "1.\n",
     "- ", "e.g. ", "【1†", "[doc.pdf, p. 3] ", "(2021) ", "[1, 2", "x" * 50, "…", ". . ", "Lind (2021) ", "\u2009"],
)  # fmt: skip
def test_time_grows_with_the_length(piece: str) -> None:
    """Of processor time, twice the text takes about twice as much: never four times."""
    for read in (lambda text: marked(text, LABELS), strip, sentences):
        assert growth(read, piece, 40_000) < 3, read
