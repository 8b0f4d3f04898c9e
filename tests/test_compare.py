"""Where sources are held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa.answer.compare import Judge, pairs
from qa.query import Query, understand
from qa.schema import Citation, Sentence, Source

GAZETTE = Source("gazette", "Ships", publisher="The Gazette", published="2023-10")
HERALD = Source("herald", "More ships", publisher="The Herald", published="2023-10")
LATER = Source("later", "Ships again", publisher="The Tribune", published="2024-01")


def cited(source: Source, text: str, around: str = "") -> Sentence:
    return Sentence(text, (Citation(source, f"{source.id}:0-{len(text)}", 0, len(text), text, around),))


def asked(question: str, comparing: bool = False) -> Query:
    query = understand(question)
    return replace(query, kind="compare") if comparing else query


def certain(contradicted: float, supported: float = 0.0) -> Judge:
    """A support model that is this sure whatever it reads."""

    def judge(read: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array([[supported, 1 - supported - contradicted, contradicted]] * len(read))

    return judge


OPPOSED = certain(0.95)
"""No two sentences can both hold."""


def test_sentences_that_cannot_both_hold_are_a_disagreement() -> None:
    """Side by side, with the point that was asked for."""
    (pair,) = pairs(
        asked("How many ships left the harbour?"),
        [
            cited(GAZETTE, "On Monday 40 ships left the harbour."),
            cited(HERALD, "On Monday 55 ships left the harbour."),
        ],
        OPPOSED,
    )
    assert (pair.relation, pair.point) == ("disagreement", "the figure")
    assert {pair.left.source.id, pair.right.source.id} == {"gazette", "herald"}


@pytest.mark.parametrize(("day", "relation"), [("So far", "update"), ("On 5 May 2023,", "disagreement")])
def test_a_later_count_is_an_update_but_of_one_day(day: str, relation: str) -> None:
    """The earlier source stands left; time moved on, nobody contradicts, unless both count the same day."""
    (pair,) = pairs(
        asked("How many ships have left the harbour?"),
        [cited(LATER, f"{day} 55 ships left the harbour."), cited(GAZETTE, f"{day} 40 ships left the harbour.")],
        OPPOSED,
    )
    assert pair.relation == relation
    assert (pair.left.source.id, pair.right.source.id) == ("gazette", "later")


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        ("How many people live there?", "In 2000, 40 people lived there.", "In 2010, 55 people lived there."),
        ("When was Berg born?", "Tomas Berg was born on 5 May 1920.", "Mara Berg was born on 9 June 1950."),
    ],
)
def test_what_is_of_another_year_or_person_is_no_disagreement(question: str, left: str, right: str) -> None:
    """Whatever the support model makes of it."""
    assert not pairs(asked(question), [cited(GAZETTE, left), cited(HERALD, right)], OPPOSED)


def test_one_source_does_not_disagree_with_itself() -> None:
    """Two sentences of one source are no pair."""
    sentences = [cited(GAZETTE, "Then 40 ships left."), cited(GAZETTE, "Then 55 ships left.")]
    assert not pairs(asked("How many ships left?"), sentences, OPPOSED)


STRIKE = "The dockers of Lundby went on strike in spring."


def test_accounts_of_two_who_share_a_name_are_no_disagreement() -> None:
    """The same sentence, but all around it speaks of somebody else: two of one name, not two accounts."""
    question, told = "How old is Anna Roth?", "Anna Roth is {} years old."
    north = "She flies freight to Tromsø, learned it in the army and collects clocks."
    south = "The Maltese soprano sang Carmen twice, and teaches at the conservatory of Valletta."
    here = cited(GAZETTE, told.format(40), north)
    assert pairs(asked(question), [here, cited(HERALD, told.format(55), north)], OPPOSED)
    assert not pairs(asked(question), [here, cited(HERALD, told.format(55), south)], OPPOSED)


def test_opposing_accounts_need_the_support_model_both_ways() -> None:
    """Without figures the pair is shown only when the model is sure, and only on the point asked."""
    sentences = [
        cited(GAZETTE, "The union closed the harbour.", STRIKE),
        cited(HERALD, "The union kept the harbour open.", STRIKE),
    ]
    question = "What did the union do with the harbour?"
    assert not pairs(asked(question), sentences)
    assert not pairs(asked(question), sentences, certain(0.3))
    assert len(pairs(asked(question), sentences, certain(0.95))) == 1


SURE = certain(0.1, 0.8)
"""Each sentence bears the other out."""


def doubtful(read: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """A support model that sees a contradiction one way round only."""
    return np.array([[0.4, 0.0, 0.6] if pair == read[0] else [0.8, 0.1, 0.1] for pair in read])


def test_agreements_are_shown_where_the_question_compares() -> None:
    """Two sources that tell the same, side by side, with whom they tell of; a plain answer needs no such pair."""
    question = "Do the sources agree on who closed the harbour?"
    sentences = [
        cited(GAZETTE, "Tomas Berg of the dockers shut its gates on Monday."),
        cited(HERALD, "On Monday the gates were shut by Tomas Berg, who leads the dockers."),
    ]
    (pair,) = pairs(asked(question, True), sentences, SURE)
    assert (pair.relation, pair.point) == ("agreement", "the account of Tomas Berg")
    assert not pairs(asked("Who closed the harbour?"), sentences, SURE)


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        ("Which sources say when the harbour closed?", "It closed on 5 May 2023.", "The gates closed in May 2023."),
        ("Do the sources agree on how many ships left?", "In all 40 ships left.", "Forty of the ships sailed."),
    ],
)
def test_asked_for_a_date_or_figure_sources_agree_by_giving_one(question: str, left: str, right: str) -> None:
    """A date told less exactly, a number in words: one answer all the same."""
    (pair,) = pairs(asked(question, True), [cited(GAZETTE, left), cited(HERALD, right)], SURE)
    assert pair.relation == "agreement"
    assert pair.point in ("the date", "the figure")


@pytest.mark.parametrize(
    ("question", "left", "right", "judge"),
    [
        ("Do the sources agree on when it closed?", "The harbour closed at dawn.", "The harbour closed at dawn.", SURE),
        ("Do the sources agree on how many left?", "Ships left the port.", "Ships left the port.", SURE),
        ("What does each source say of Berg?", "Berg keeps ships.", "Berg reads books.", SURE),
        ("What does each source say of Berg?", "Berg shut the gates.", "Berg shut no gates.", doubtful),
        ("What does each source say of Berg?", "Berg shut the gates.", "Berg shut the gates.", certain(0.3, 0.01)),
        ("What does each source say of Berg?", "Berg shut the gates.", "Berg shut the gates.", None),
    ],
)
def test_what_does_not_answer_alike_is_no_agreement(question: str, left: str, right: str, judge: Judge | None) -> None:
    """Not what was asked, nothing but the question's own words in common, doubted by the model, or no model."""
    assert not pairs(asked(question, True), [cited(GAZETTE, left), cited(HERALD, right)], judge)


def test_a_month_is_of_the_year_of_its_source() -> None:
    """ "In October", written in 2023, is not October 2017."""
    question = "Do the sources agree on when Berg met Roth?"
    old = Source("old", "Then", publisher="The Times", published="2017-11")
    then = cited(old, "Berg met Roth on 31 October 2017.")
    assert not pairs(asked(question, True), [then, cited(GAZETTE, "Berg met Roth in October.")], SURE)
    again = Source("again", "Then", publisher="The Post", published="2017-12")
    assert pairs(asked(question, True), [then, cited(again, "Berg met Roth in October.")], SURE)


def test_two_sources_are_shown_once_for_what_was_asked() -> None:
    """By the sentences that answer best, which stand first; another date further down is of something else."""
    question = "Do the sources agree on when the bridge will open?"
    sentences = [
        cited(GAZETTE, "The bridge will open in 2024.", STRIKE),
        cited(GAZETTE, "The bridge was built in 2019.", STRIKE),
        cited(HERALD, "The bridge will open in 2024, the mayor said.", STRIKE),
        cited(HERALD, "In 2024 the bridge will open.", STRIKE),
    ]
    (pair,) = pairs(asked(question, True), sentences, SURE)
    assert (pair.relation, pair.point) == ("agreement", "the date")


@given(st.lists(st.tuples(st.sampled_from([GAZETTE, HERALD, LATER]), st.text("ab 123.", min_size=1)), max_size=4))
def test_a_pair_is_of_two_sources_and_cited_words(said: list[tuple[Source, str]]) -> None:
    """Whatever is said: both sides are citations of the answer, of two sources; those that differ come first."""
    sentences = [cited(source, text) for source, text in said if text.strip()]
    citations = [c for s in sentences for c in s.citations]
    found = pairs(asked("Do the sources agree on how many there are?", True), sentences, SURE)
    for pair in found:
        assert pair.left in citations
        assert pair.right in citations
        assert pair.left.source != pair.right.source
    order = [pair.relation == "agreement" for pair in found]
    assert order == sorted(order)
