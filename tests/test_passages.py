"""Sentences and passages: exact, ordered, complete; and where sentences end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.corpus import reading
from qa.passages import sentences, split
from qa.schema import Document, Section, Source

TEXTS = st.one_of(
    st.text(max_size=400),
    st.lists(
        st.sampled_from(
            "The mayor spoke.|“It is so,” she said.|Dr. No|U.S.|e\u0301|🚀|\r\n|\n\n|\n|  |1.|- |No. 4|etc.|…|؟|。|字|"
            "שלום|\u202e|\x00|\x0b|\x85|\u2028|(|)|\"|'|a|A|word|http://a.b/c.|\u00a0|\ud800".split("|")
        ),
        max_size=60,
    ).map(" ".join),
    st.lists(st.sampled_from(["a", "。", "“", ".", "\n", " ", "B."]), max_size=300).map("".join),
)


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def document(text: str, *sections: Section, pages: tuple[int, ...] = ()) -> Document:
    return Document(Source(id="a", title="The title"), text, sections, pages)


@pytest.mark.parametrize(
    "wanted",
    [
        ["It began after the Oct.7 attack.", "Since Oct. 7 it grew."],
        ["The U.S. military left the U.S. base.", "It was in the U.S.", "The reply came."],
        ["“There is no doubt,” he said.", "“We hope so, but they decide.”", "Then he left."],
        ['It ended "within wars."', 'He adds, "We wait."', "She left."],
        ["He is based in Turkey.\"", "Other leaders are in Qatar."],
        ["“We use a broad brush. And clearly, they’re not,” he said.", "She nodded."],
        ["He asked, “Why?” and left.", "She stayed."],
        ["M. J. Soltani and J. R. R. Tolkien wrote.", "I read."],
        ["Prof. A. B. Khan, Ph.D., of St. John's, e.g. in Jan. 2020, met Dr. Lee.", "They spoke."],
        ["It is No. 4 of Vol. 13, pp. 1-23, see Fig. 2 and Eq. 3.", "The end."],
        ["Gen. Ali and Lt. Col. Peter Ray met Sen. Grey.", "It rained."],
        ["Hamas, and Iran… it is a marriage.", "It holds."],
        ["They must do ... to win.", "They did."],
        ["It rose by 3.5 percent to 1,200.50 euros.", "Then it fell."],
        ["See https://example.com/a.b?c=d.e for it.", "Write to a.b@example.com.", "Thanks."],
        ["一句话。", "第二句话！", "第三句？"],
        ["هل هذا صحيح؟", "نعم هذا صحيح.", "شكرا."],
        ["האם זה נכון?", "כן."],
        ["Hello 😀!", "The rocket 🚀 rose.", "Cafe\u0301 is open."],
        ["Really?!", "No."],
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_says(wanted: list[str]) -> None:
    """Abbreviations, initials, quotations, figures, addresses and other scripts do not break sentences."""
    assert said(" ".join(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1. Introduction\nThe text begins.\n2. Method\nIt goes on.",
         ["1. Introduction", "The text begins.", "2. Method", "It goes on."]),
        ("- first item\n- second item\n- third one.", ["- first item", "- second item", "- third one."]),
        ("A heading without a stop\n\nThe text begins.", ["A heading without a stop", "The text begins."]),
        ("No stop at the end\r\n\r\nNext one", ["No stop at the end", "Next one"]),
        ("A line that is\nwrapped in the middle.", ["A line that is\nwrapped in the middle."]),
        ("  \n\t ", []),
    ],
)  # fmt: skip
def test_lines_end_sentences_too(text: str, wanted: list[str]) -> None:
    """Headings, items and paragraphs without a full stop are units; a line going on in lower case is not."""
    assert said(text) == wanted


@pytest.mark.parametrize("blank", sorted(c for c in map(chr, range(0x3001)) if c.isspace()), ids=ascii)
def test_a_blank_of_any_kind_may_stand_before_a_full_stop(blank: str) -> None:
    """As in French, after an initial, or in pasted text: no crash, and nothing is lost."""
    assert " ".join(said(f"Plan D{blank}. It rained.")).split() == ["Plan", "D", ".", "It", "rained."]


@settings(max_examples=60)
@given(TEXTS)
def test_sentences_cover_every_word_once_and_in_order(text: str) -> None:
    """Spans are ordered, apart, stripped, and nothing but blanks lies between them."""
    at = 0
    for start, end in sentences(text):
        assert at <= start < end
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


def _is_asked(between: str) -> bool:
    """Nothing, or what is not quoted as an answer: a question, the names of columns."""
    return not between.strip() or any(mark in between for mark in ("?", "？", "؟", " | "))


@settings(max_examples=60)
@given(TEXTS, st.integers(1, 40), st.integers(0, 20))
def test_passages_cover_every_word_once_and_keep_their_size(text: str, target: int, more: int) -> None:
    """Passages are exact, ordered, complete, never over the maximum; no sentence leaves out more than a question."""
    at = 0
    for passage in split(document(text), target=target, maximum=target + more):
        assert text[passage.start : passage.end] == passage.text == passage.text.strip()
        assert passage.text
        assert passage.start >= at
        assert not text[at : passage.start].strip()
        assert len(passage.text.split()) <= target + more
        within = passage.start
        for start, end in passage.sentences:
            assert within <= start < end <= passage.end
            assert _is_asked(text[within:start])
            within = end
        assert _is_asked(text[within : passage.end])
        at = passage.end
    assert not text[at:].strip()


def test_a_passage_never_crosses_a_heading_and_carries_it() -> None:
    """What stands under a heading is split alone; the heading is carried, not quoted."""
    text = "Before it all.\n\nCosts\n\nIt cost much. It cost more.\n\nEnd\n\nIt ended."
    costs, end = text.index("Costs") + 5, text.index("End") + 3
    sections = (Section("Costs", costs, end - 3), Section("End", end, len(text)))
    found = [(p.heading, p.text) for p in split(document(text, *sections))]
    assert found == [("", "Before it all."), ("Costs", "It cost much. It cost more."), ("End", "It ended.")]


def test_lists_under_the_first_headings_stay_under_them() -> None:
    """However few their words are: who was there does not stand under what was talked of."""
    made, _ = reading.document(b"# The board\n\n## Present\n\n- Ada Lind\n- Jon Ek\n\n## Roof\n\nIt leaks.", "a.md")
    assert [(p.heading, p.text[:8]) for p in split(made)] == [("Present", "Ada Lind"), ("Roof", "It leaks")]


def test_a_heading_is_carried_under_the_one_it_is_a_part_of() -> None:
    """Not under one that is the title in all but name; what a heading says by itself is the nearest one."""
    text = b"---\ntitle: Notes\n---\n# All notes\n\n## 2.3.1\n\n### Fixed\n\nIt closes now.\n\n## 2.3.0\n\nIt opens."
    found = split(reading.document(text, "a.md")[0])
    assert [p.heading for p in found][-2:] == ["2.3.1 › Fixed", "2.3.0"]
    assert found[-2].nearest == "Fixed"


def test_the_title_in_the_text_is_no_passage() -> None:
    """The document's own title is its source's and is not quoted as a sentence."""
    text = "The title\n\nIt began."
    assert [p.text for p in split(document(text, Section("", 9, len(text))))] == ["It began."]


def test_a_title_and_what_is_declared_under_it_are_no_passage_of_their_own() -> None:
    """They would be found before all that is said of their subject; they go with what follows, and can be quoted."""
    text = "The ferry stops until 14 June\n\nPublisher: Orvik\nPublished: 2020\n\nWhy\n\nIt is being mended."
    top, why = text.index("\n"), text.index("Why") + 3
    [passage] = split(document(text, Section("", top, why - 3), Section("Why", why, len(text))))
    assert passage.heading == "Why"
    said = [text[a:b] for a, b in passage.sentences]
    assert (said[0], said[-1]) == ("The ferry stops until 14 June", "It is being mended.")
    assert any("Published: 2020" in unit for unit in said)


@pytest.mark.parametrize("count", [1, 5, 14, 15, 31, 60, 200])
def test_sizes_are_even(count: int) -> None:
    """From 120 to 180 words where sentences of ten words allow it; no crumb is left over."""
    text = " ".join(f"Sentence {n} has exactly ten words in it, all counted." for n in range(count))
    sizes = [len(p.text.split()) for p in split(document(text))]
    total = sum(sizes)
    assert total == count * 10
    assert max(sizes) <= 180
    if total > 240:
        assert min(sizes) >= 115
    elif total <= 180:
        assert len(sizes) == 1


def test_a_break_prefers_the_end_of_a_paragraph() -> None:
    """Where sizes allow it, a passage ends with a paragraph."""
    paragraph = " ".join(["One sentence here that has nine words in all."] * 15)
    text = f"{paragraph}\n\n{paragraph}\n\n{paragraph}"
    assert [p.text for p in split(document(text))] == [paragraph] * 3


@pytest.mark.parametrize("text", ["word " * 1000, "x" * 50_000, "字" * 5000, "“(" * 4000])
def test_a_sentence_over_the_maximum_is_cut(text: str) -> None:
    """No passage is over the maximum, whatever a sentence is; blanks are preferred, characters serve."""
    passages = split(document(text))
    assert len(passages) > 1
    assert all(len(p.text.split()) <= 180 and len(p.text) < 180 * 33 for p in passages)
    assert "".join("".join(p.text for p in passages).split()) == "".join(text.split())


def test_a_passage_knows_its_page() -> None:
    """The page is the one on which the passage begins."""
    text = "It began. " * 40 + "\n\n" + "It ended. " * 200
    passages = split(document(text, pages=(0, 402)))
    assert [p.page for p in passages][:1] == [1]
    assert passages[-1].page == 2


def test_ids_stay_the_same() -> None:
    """The same text gives the same ids; document and span are in them."""
    text = "It began. It ended."
    first, second = split(document(text)), split(document(text))
    assert [p.id for p in first] == [p.id for p in second] == ["a:0-19"]


def test_sizes_that_make_no_sense_are_refused() -> None:
    """The message holds both numbers."""
    with pytest.raises(ValueError, match="200 words and may have 100"):
        split(document("It began."), target=200, maximum=100)
