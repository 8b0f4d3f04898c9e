"""Quoted answers: verbatim, attributed, without repetition, with the sentence that the first word needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import make_hit
from hostile import HOSTILE, Hostile, resists
from qa import Hit, Verdict
from qa.answer.quote import PER_SOURCE, quote, same
from qa.schema import Candidate, Citation, Passage, Sentence, Source


def candidates(hit: Hit, scores: Sequence[float]) -> list[Candidate]:
    found = [Candidate(hit, *span, score) for span, score in zip(hit.passage.sentences, scores, strict=True)]
    return sorted(found, key=lambda c: -c.score)


SPEECH = make_hit("Mayor Duarte opened the fair. He added that the bridge is safe. Rain fell.")


def test_a_quoted_sentence_is_verbatim_and_supported() -> None:
    """Text, quote and document agree, and the outlet is named."""
    [sentence] = quote(candidates(SPEECH, [0.1, 0.1, 0.9]), 5)
    assert sentence.text == sentence.citations[0].quote == "Rain fell."
    assert sentence.verdict is Verdict.SUPPORTED
    assert "The Paper" in sentence.attribution


@pytest.mark.parametrize(
    ("lead", "listed", "shown"),
    [
        ("", "Smoking on the balcony\nLoud music after ten", "The Paper, under “Not allowed”"),
        ("Never:", "Smoking on the balcony\nLoud music after ten", "The Paper, under “Never”"),
        ("", "Smoking on the balcony", "The Paper"),
        ("", "Smoking: Fine = 40; Where = balcony\nMusic: Fine = 60; Where = hall", "The Paper"),
    ],
)
def test_an_item_is_quoted_with_what_it_stands_under(lead: str, listed: str, shown: str) -> None:
    """ "Smoking" says the opposite under "Allowed"; a sentence and a row of a table say enough by themselves."""
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", listed)]
    leads = tuple(lead for _ in lines) if lead else ()
    passage = Passage("a", 0, len(listed), listed, tuple(lines), "House rules › Not allowed", None, leads)
    hit = Hit(passage, Source("a", "Rules", publisher="The Paper"), 1.0)
    [sentence] = quote([Candidate(hit, *lines[0], 0.9)], 1)
    assert sentence.attribution.endswith(shown)
    assert sentence.text == listed.split("\n")[0]


def test_a_heading_is_quoted_with_what_stands_under_it() -> None:
    """Alone it announces and says nothing; the last line of a document has nothing under it."""
    text = "Admitting Lia Moen\nNine of twelve in favour, so passed.\nNext time: the roof."
    spans = ((0, 18), (19, 55), (56, 75))
    hit = Hit(Passage("a", 0, len(text), text, spans, "Minutes › Admitting Lia Moen"), Source("a", "Minutes"), 1.0)
    [sentence] = quote([Candidate(hit, 0, 18, 0.9)], 1)
    assert sentence.text == "Admitting Lia Moen\nNine of twelve in favour, so passed."
    alone = Hit(Passage("a", 0, 18, text[:18], spans[:1], "Admitting Lia Moen"), Source("a", "Minutes"), 1.0)
    assert [s.text for s in quote([Candidate(alone, 0, 18, 0.9)], 1)] == ["Admitting Lia Moen"]


def test_all_sentences_of_an_item_stand_under_its_heading() -> None:
    """Not the first one alone."""
    text = "A talk now and then. It may be paid.\nA side job."
    passage = Passage("a", 0, len(text), text, ((0, 20), (21, 36), (37, 48)), "OK")
    hit = Hit(passage, Source("a", "Rules"), 1.0)
    assert [next(quote([Candidate(hit, *span, 0.9)], 1)).attribution for span in passage.sentences] == [
        "According to “Rules”, under “OK”"
    ] * 3


def test_the_sentence_before_comes_along_where_the_first_word_needs_it() -> None:
    """ "He added" says nothing without its "he"."""
    [sentence] = quote(candidates(SPEECH, [0.1, 0.9, 0.1]), 5)
    assert sentence.text == "Mayor Duarte opened the fair. He added that the bridge is safe."


def test_a_sentence_that_came_along_is_not_quoted_again() -> None:
    """The antecedent is already shown."""
    found = list(quote(candidates(SPEECH, [0.8, 0.9, 0.1]), 5))
    assert len(found) == 1


def test_quotations_that_overlap_are_one() -> None:
    """What a sentence leans on is not shown twice, whichever of the two is the better."""
    [sentence] = quote(candidates(SPEECH, [0.9, 0.8, 0.1]), 5)
    assert sentence.text == "Mayor Duarte opened the fair. He added that the bridge is safe."


def test_what_lies_far_below_the_best_sentence_is_not_quoted_along() -> None:
    """However sure the best one is; where nothing was read, nothing is quoted."""
    assert [s.text for s in quote(candidates(SPEECH, [0.03, 0.01, 0.1]), 5)] == ["Rain fell."]
    assert list(quote([], 5)) == []


def test_a_source_is_named_in_full_once() -> None:
    """Its further sentences name it alone."""
    hit = make_hit("The bridge is safe. Rain fell on it. Ships wait below.")
    first, second, third = quote(candidates(hit, [0.9, 0.8, 0.7]), 5)
    assert first.attribution.startswith("According to The Paper")
    assert second.attribution == third.attribution == "The Paper"


def test_two_outlets_with_the_same_words_are_quoted_once() -> None:
    """Repetition is not corroboration; the better one stands."""
    left = make_hit("The council approved the harbour bridge on Tuesday.", id="a")
    right = make_hit("The council approved the harbour bridge Tuesday.", id="b")
    both = [*candidates(left, [0.9]), *candidates(right, [0.8])]
    assert [s.source_ids for s in quote(both, 5)] == [("a",)]


def test_a_comparison_gives_every_source_its_say() -> None:
    """A strong source does not crowd out a weaker one, and none gets more than its share."""
    strong = make_hit("One is red. Two is blue. Three is green. Four is black.", id="a")
    weak = make_hit("Five is white.", id="b")
    both = sorted(candidates(strong, [0.9, 0.89, 0.88, 0.87]) + candidates(weak, [0.55]), key=lambda c: -c.score)
    found = [s.source_ids[0] for s in quote(both, 5, kind="compare")]
    assert found == ["a"] * PER_SOURCE + ["b"]


def test_each_source_may_have_its_own_figure() -> None:
    """Where a figure is asked for, the first sentence of another source that gives one is quoted from further below."""
    left = make_hit("The bridge will cost 15 million.", id="a")
    right = make_hit("The engineers expect 30 million. Rain fell on it.", id="b")
    told, rain = candidates(right, [0.4, 0.39])
    both = [*candidates(left, [0.9]), replace(told, span=(told.end - 11, told.end - 1)), rain]
    assert [s.source_ids for s in quote(both, 5, kind="number")] == [("a",), ("b",)]
    assert [s.source_ids for s in quote(both, 5, kind="fact")] == [("a",)]


def test_a_list_takes_weaker_sentences_too() -> None:
    """Where several things are asked for, the best one does not silence the others."""
    hit = make_hit("One is red. Two is blue. Three is green.")
    assert len(list(quote(candidates(hit, [0.9, 0.42, 0.38]), 5))) == 1
    assert len(list(quote(candidates(hit, [0.9, 0.42, 0.38]), 5, kind="list"))) == 3


def test_yes_or_no_takes_two_sentences_at_most() -> None:
    """More of them only surround the one that decides."""
    hit = make_hit("One is red. Two is blue. Three is green.")
    assert len(list(quote(candidates(hit, [0.9, 0.8, 0.7]), 5, kind="yes-no"))) == 2


def test_how_to_is_answered_with_the_code_under_the_sentence() -> None:
    """Its lines are no sentences; other questions are answered by the sentence alone, and prose below is not taken."""
    text = "To open the gauge, run these commands.\n\n$ gauge open\n$ gauge read\n\nThen wait."
    hit = make_hit(text)
    [steps] = quote(candidates(hit, [0.9, *[0.0] * (len(hit.passage.sentences) - 1)]), 1, kind="how-to")
    assert [c.quote for c in steps.citations] == [text[: text.index("\n\nThen")]]
    [fact] = quote(candidates(hit, [0.9, *[0.0] * (len(hit.passage.sentences) - 1)]), 1)
    assert fact.text == "To open the gauge, run these commands."


@given(
    st.lists(st.sampled_from(["Alpha met Beta. ", "He left. ", "It rained in Rome. ", "1 000 came! "]), min_size=1),
    st.data(),
)
def test_every_quotation_stands_in_its_document(parts: list[str], data: st.DataObject) -> None:
    """Promise 1 and 2, whatever is chosen."""
    hit = make_hit("".join(parts).strip(), start=17)
    scores = data.draw(
        st.lists(st.floats(0, 1), min_size=len(hit.passage.sentences), max_size=len(hit.passage.sentences))
    )
    for kind in ("fact", "compare", "how-to"):
        for sentence in quote(candidates(hit, scores), 3, kind):
            for citation in sentence.citations:
                assert citation.quote == hit.passage.slice(citation.start, citation.end)
                assert sentence.text == " ".join(citation.quote.split())


def test_same_is_about_words_not_punctuation() -> None:
    """Two sentences that share three quarters of their words say the same."""
    assert same("The vote was 12 to 7.", "the vote was 12 to 7")
    assert not same("The vote was 12 to 7.", "The bridge will cost 48 million.")


def quoting_all(document: Hostile) -> list[Sentence]:
    """What is quoted of a document when the reader likes each of its sentences."""
    hit = make_hit(document.text, **({"id": "h", "publisher": "Harbour News"} | document.source))
    return list(quote(candidates(hit, [0.9] * len(hit.passage.sentences)), 20))


@pytest.mark.parametrize("document", HOSTILE, ids=lambda d: d.name)
def test_a_document_that_commands_is_not_quoted_for_it(document: Hostile) -> None:
    """Whatever the reader thinks of its sentences; an account of its own is quoted as its own alone."""
    sentences = quoting_all(document)
    assert resists(document, sentences)
    assert all(sentence.citations[0].quote in document.text for sentence in sentences)


def test_what_an_attacker_wants_said_in_anothers_name_does_not_pass() -> None:
    """Else the tests of hostile documents could not fail."""
    document = next(d for d in HOSTILE if d.own)
    other, own = (make_hit(document.text, id=id_) for id_ in ("g", "h"))
    for hit, passes in ((other, False), (own, True)):
        citation = Citation.cut(hit, 0, len(hit.passage.text))
        assert resists(document, [Sentence(document.text, (citation,))]) is passes
    assert not resists(next(d for d in HOSTILE if not d.own), [Sentence(HOSTILE[0].payload, (citation,))])


def test_the_answering_words_are_marked_in_the_sentence_as_it_is_shown():
    """The span of the document points at the same words once line breaks are folded."""
    text = "The fee was raised\n  in the   spring of\n1934 by the council."
    source = Source("fees", "Fees")
    passage = Passage("fees", 0, len(text), text, ((0, len(text)),))
    at = text.index("spring")
    candidate = Candidate(Hit(passage, source, 1.0), 0, len(text), 0.9, (at, at + len("spring of\n1934")))
    (sentence,) = quote([candidate], 5)
    assert sentence.brief == "spring of 1934"
    with pytest.raises(ValueError, match="outside"):
        Candidate(candidate.hit, 0, 10, 0.9, (at, at + 3))


def test_a_source_does_not_answer_twice_with_the_same_words():
    """A second sentence of a source whose marked words stand in the first goes; that of another source stays."""

    def answering(text: str, words: str, score: float, id: str) -> Candidate:
        start = int(1000 * score)
        hit = make_hit(text, id=id, start=start)
        at = start + text.index(words)
        return Candidate(hit, start, start + len(text), score, (at, at + len(words)))

    first = answering("The bridge was opened in May 1934 by the king.", "May 1934", 0.9, "a")
    again = answering("Trams have used it since it opened, in May 1934, without a break.", "May 1934", 0.8, "a")
    other = answering("Our bridge, says the almanac, is of May 1934 and no other date.", "May 1934", 0.7, "b")
    more = answering("The bridge was closed for repairs in the winter of 1951.", "winter of 1951", 0.6, "a")
    shown = [s.text for s in quote([first, again, other, more], 5)]
    assert shown == [first.text, other.text, more.text]


def test_a_sentence_that_only_begins_like_an_order_is_quoted() -> None:
    """A noun that opens a sentence commands nobody."""
    hit = make_hit("Disregard for the rules of war is common. Forty people died in Tyre.")
    candidates = [Candidate(hit, *span, 0.9) for span in hit.passage.sentences]
    assert [sentence.text for sentence in quote(candidates, 5)] == [c.text for c in candidates]
