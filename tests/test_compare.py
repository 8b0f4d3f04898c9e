"""Where sources are held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from conftest import make_hit
from qa.answer.compare import Judge, pairs
from qa.decide import on_point
from qa.query import Query, understand
from qa.schema import Candidate, Citation, Hit, Sentence, Source

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


def read(*hits: Hit, scores: Sequence[float]) -> list[Candidate]:
    spans = [(hit, span) for hit in hits for span in hit.passage.sentences]
    return [Candidate(hit, *span, score) for (hit, span), score in zip(spans, scores, strict=True)]


@pytest.mark.parametrize(
    ("topic", "shown"),
    [
        ("Malta", ["Malta struck.", "Norway wrote to Malta."]),
        ("Norway and Malta", ["Norway wrote to Malta."]),
        ("the role of Norway", ["Norway wrote to Malta."]),
        ("Norway's wages", ["Norway wrote to Malta."]),
        ("herring", []),
        ("it", ["Malta struck.", "Rain fell.", "Norway wrote to Malta."]),
    ],
)
def test_what_is_on_the_point_names_all_of_the_topic(topic: str, shown: list[str]) -> None:
    """Every name; a word put otherwise is forgiven the sentence that answers best; a topic without words keeps all."""
    kept = on_point(topic, read(make_hit("Malta struck. Rain fell. Norway wrote to Malta."), scores=[0.1, 0.01, 0.9]))
    assert [c.text for c in kept] == shown


def test_a_sentence_on_a_part_of_the_topic_has_to_be_sure() -> None:
    """Of somebody asked for by name, who need not speak of it at all."""
    found = read(make_hit("Norway wrote to Malta."), scores=[0.2])
    assert on_point("Norway's wages", found, sure=0.1)
    assert not on_point("Norway's wages", found, sure=0.3)
    assert on_point("Norway", found, sure=0.3)


def test_two_figures_for_one_thing_are_a_disagreement() -> None:
    """Sources of one date, the same count asked for: shown side by side, with the point named."""
    (pair,) = pairs(
        asked("How many ships left the harbour?"),
        [
            cited(GAZETTE, "On Monday 40 ships left the harbour."),
            cited(HERALD, "On Monday 55 ships left the harbour."),
        ],
    )
    assert (pair.relation, pair.point) == ("disagreement", "number of ships")
    assert {pair.left.source.id, pair.right.source.id} == {"gazette", "herald"}


def test_a_later_count_is_an_update() -> None:
    """The earlier source stands left; time moved on, nobody contradicts."""
    (pair,) = pairs(
        asked("How many ships have left the harbour?"),
        [
            cited(LATER, "So far 55 ships left the harbour."),
            cited(GAZETTE, "So far 40 ships left the harbour."),
        ],
    )
    assert pair.relation == "update"
    assert (pair.left.source.id, pair.right.source.id) == ("gazette", "later")


def test_counts_of_the_same_day_do_not_update_each_other() -> None:
    """A later source that gives another figure for the same day disagrees."""
    (pair,) = pairs(
        asked("How many ships left the harbour?"),
        [
            cited(GAZETTE, "On 5 May 2023, 40 ships left the harbour."),
            cited(LATER, "On 5 May 2023, 55 ships left the harbour."),
        ],
    )
    assert pair.relation == "disagreement"


def test_two_dates_of_one_event_are_a_disagreement() -> None:
    """Asked when, the sources name days that cannot be one."""
    (pair,) = pairs(
        asked("When did the harbour close?"),
        [
            cited(GAZETTE, "The harbour closed on 5 May 2023."),
            cited(HERALD, "The harbour closed on 9 May 2023."),
        ],
    )
    assert pair.point == "the date"


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "When did the harbour close?",
            "The harbour closed in May 2023.",
            "The harbour closed on 9 May 2023.",
        ),
        ("How many ships left?", "In all 40 ships left the port.", "In all forty ships left the port."),
        ("How many people live there?", "In 2000, 40 people lived there.", "In 2010, 55 people lived there."),
        ("How many ships left?", "In all 40 ships left the port.", "In all 55 lorries left the port."),
        (
            "Who closed the harbour?",
            "The union of 40 men closed the harbour.",
            "The union of 55 men closed it.",
        ),
        (
            "When was Berg born?",
            "Tomas Berg was born on 5 May 1920 and died in 1990.",
            "Mara Berg was born on 9 June 1950 and died in 2010.",
        ),
    ],
)
def test_what_can_both_hold_is_no_disagreement(question: str, left: str, right: str) -> None:
    """Less exact, written otherwise, at another time, of another thing or person, or not what was asked."""
    assert not pairs(asked(question), [cited(GAZETTE, left), cited(HERALD, right)])


def test_one_source_does_not_disagree_with_itself() -> None:
    """Two sentences of one source are no pair."""
    sentences = [cited(GAZETTE, "Then 40 ships left."), cited(GAZETTE, "Then 55 ships left.")]
    assert not pairs(asked("How many ships left?"), sentences)


STRIKE = "The dockers of Lundby went on strike in spring."


def test_accounts_of_two_who_share_a_name_are_no_disagreement() -> None:
    """The same sentence, but all around it speaks of somebody else: two of one name, not two accounts."""
    question, told = "How old is Anna Roth?", "Anna Roth is {} years old."
    north = "She flies freight to Tromsø, learned it in the army and collects clocks."
    south = "The Maltese soprano sang Carmen twice, and teaches at the conservatory of Valletta."
    assert pairs(asked(question), [cited(GAZETTE, told.format(40), north), cited(HERALD, told.format(55), north)])
    assert not pairs(asked(question), [cited(GAZETTE, told.format(40), north), cited(HERALD, told.format(55), south)])


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
        ("What does each source say of Berg?", "Berg shut the gates.", "Berg shut no gates.", certain(0.6, 0.4)),
        ("What does each source say of Berg?", "Berg shut the gates.", "Berg shut the gates.", certain(0.4, 0.01)),
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
    assert len(pairs(asked(question, True), [*sentences[1:3]], SURE)) == 1


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
