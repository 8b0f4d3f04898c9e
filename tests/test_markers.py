"""Markers in every shape, sentences with what they cite, and streams cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.markers import Stream, find, marked, sentences, strip


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
        ("It opened [ID:7].", (7,)),
        ("It opened [1](https://example.org/a).", (1,)),
        ("It opened.¹", (1,)),
        ("It opened.¹²", (12,)),
        ("It opened [1, 1].", (1,)),
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
        "See [the report](https://example.org).",
    ],
)
def test_what_only_looks_like_a_marker_is_left_alone(text: str) -> None:
    """Years, lists, editorial insertions, powers and links stay in the text."""
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

LABELS = {"harbour gazette 2021": "gazette", "gazette": "gazette", "island ledger 2020": "ledger"}


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
