"""The measures: examples worked by hand, and properties that hold for all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import document, make_hit
from qa.evaluate import measures
from qa.evaluate.measures import MEASURES, Observation, aurc, ratio, risk_coverage
from qa.evaluate.questions import GoldEvidence, Nugget, Premise, Question
from qa.schema import Abstention, Answer, Citation, Reason, Sentence, Source, Verdict

PAPER = "The bridge cost 40 million euros. It opened in 2024. Ana said it was late."
LEDGER = "Auditors put the bridge at 71 million euros."


def cite(text: str, quote: str, **source: str) -> Citation:
    hit = make_hit(text, **source)
    start = text.index(quote)
    return Citation.cut(hit, start, start + len(quote))


def say(text: str, *citations: Citation, verdict: Verdict = Verdict.SUPPORTED, by: str = "") -> Sentence:
    return Sentence(text, citations, verdict, 1.0, by)


def question(**changes: object) -> Question:
    base: dict[str, object] = {
        "id": "q-1",
        "question": "What did the bridge cost?",
        "kind": "number",
        "split": "dev",
        "answerable": True,
        "evidence": (GoldEvidence("a", "The bridge cost 40 million euros."),),
        "nuggets": (Nugget("40 million", ("40 million",)), Nugget("2024", ("2024", "last year"))),
    }
    return Question(**(base | changes))  # type: ignore[arg-type]


COST = say("The bridge cost 40 million euros.", cite(PAPER, "The bridge cost 40 million euros."))
OPENED = say("It opened in 2024.", cite(PAPER, "It opened in 2024."))
ABSTAINED = Answer("What?", abstention=Abstention(Reason.NOT_ANSWERED))


def answer(*sentences: Sentence) -> Answer:
    return Answer("What?", sentences)


def words_stand_there(claim: str, evidence: Sequence[str]) -> bool:
    """A plain judge for worked examples: every word of the claim stands in the evidence together."""
    return set(claim.lower().strip(".").split()) <= set(" ".join(evidence).lower().replace(".", "").split())


def test_nugget_recall_is_the_share_of_facts_held() -> None:
    """One of two; another wording of the second counts as well."""
    assert measures.nugget_recall(question(), answer(COST)) == 0.5
    late = say("It opened last year.", cite(PAPER, "It opened in 2024."))
    assert measures.nugget_recall(question(), answer(COST, late)) == 1.0


def test_an_abstention_holds_no_nugget() -> None:
    """Whatever its message says."""
    assert measures.nugget_recall(question(), ABSTAINED) == 0.0


def test_a_publishers_date_does_not_answer_a_question_for_a_date() -> None:
    """An attribution counts only where who says it is the question."""
    dated = say("It cost a lot.", COST.citations[0], by="According to P (2024)")
    wanted = (Nugget("2024", ("2024",)),)
    assert measures.nugget_recall(question(nuggets=wanted), answer(dated)) == 0.0
    assert measures.nugget_recall(question(nuggets=wanted, kind="who-said"), answer(dated)) == 1.0


@pytest.mark.parametrize(
    ("text", "wording", "held"),
    [
        ("losses of 1,400 people", "1,400", True),
        ("losses of 1,400 people", "400", False),
        ("losses of 1,400.", "1,400", True),
        ("about 14000 people", "1400", False),
        ("The Iranians met", "iran", True),
        ("They met in Tirana", "iran", False),
        ("al-Arouri came", "arouri", True),
        ("Hamas’s  “martyrs”", 'hamas\'s "martyrs"', True),
    ],
)
def test_a_wording_is_found_whole(text: str, wording: str, held: bool) -> None:
    """At the start of a word; a number only as the whole number; typography and blanks folded."""
    assert Nugget("n", (wording,)).held_by(measures.fold(text)) is held


def test_a_pointer_is_valid_only_to_the_character() -> None:
    """A span that is off by one holds other words."""
    good = COST.citations[0]
    off = Citation(good.source, good.passage_id, good.start + 1, good.end + 1, good.quote)
    documents = {"a": document(PAPER)}
    assert measures.pointers(answer(say("x y", good)), documents) == [True]
    assert measures.pointers(answer(say("x y", off)), documents) == [False]
    assert measures.pointers(answer(say("x y", good)), {}) == [False]


def test_citation_recall_asks_whether_all_citations_together_bear_the_sentence_out() -> None:
    """Two halves that support only together do."""
    both = say(
        "cost 40 million opened 2024",
        cite(PAPER, "The bridge cost 40 million euros."),
        cite(PAPER, "It opened in 2024."),
    )
    assert measures.citation_recall(both, words_stand_there)
    half = say("cost 40 million opened 2024", cite(PAPER, "It opened in 2024."))
    assert not measures.citation_recall(half, words_stand_there)


def test_citation_precision_counts_a_citation_that_nothing_needs() -> None:
    """Worked as in ALCE: needed alone, needed together, not needed, and nothing supported."""
    cost, opened = COST.citations[0], OPENED.citations[0]
    lone = say("cost 40 million", cost)
    spare = say("cost 40 million", cost, opened)
    together = say("cost 40 million opened 2024", cost, opened)
    unsupported = say("cost 90 million", cost, opened)
    assert measures.citation_precision(lone, words_stand_there) == [True]
    assert measures.citation_precision(spare, words_stand_there) == [True, False]
    assert measures.citation_precision(together, words_stand_there) == [True, True]
    assert measures.citation_precision(unsupported, words_stand_there) == [False, False]


def test_two_citations_that_each_suffice_are_both_needed() -> None:
    """ALCE does not punish a second witness."""
    twice = say("cost 40 million", COST.citations[0], COST.citations[0])
    assert measures.citation_precision(twice, words_stand_there) == [True, True]


def test_an_answers_citation_scores_are_means_over_its_own_sentences() -> None:
    """Recall 1 of 2 sentences; precision 2 of 3 citations."""
    cost, opened = COST.citations[0], OPENED.citations[0]
    given_ = answer(say("cost 40 million opened 2024", cost, opened), say("cost 90 million", cost))
    pairs = measures.sentence_scores(given_, {"a": document(PAPER)}, words_stand_there)
    assert pairs["citation recall"] == (0.5, 1.0)
    assert pairs["citation precision"] == (pytest.approx(2 / 3), 1.0)
    assert pairs["pointer validity"] == (3.0, 3.0)


@pytest.mark.parametrize(
    ("claim", "evidence", "stands"),
    [
        ("It was Iran.", "He spoke. It was Iran. They left.", True),
        ("It was Iran.", "Nobody says it was Iran.", False),
        ("He  said “no”.", 'He said "no". Then he left.', True),
        ("It was Iran", "It was Iran and Syria.", False),
    ],
)
def test_word_for_word_means_whole_sentences(claim: str, evidence: str, stands: bool) -> None:
    """A part of a sentence may say the opposite of the whole."""
    assert measures.verbatim(claim, [evidence]) is stands


def test_source_coverage_and_both_sides_look_at_who_is_cited() -> None:
    """One of two required sources is half, and one publisher is one side."""
    two = question(
        kind="compare",
        evidence=(GoldEvidence("a", "x"), GoldEvidence("b", "y")),
        must_cite=("a", "b"),
    )
    other = say("Auditors put it at 71.", cite(LEDGER, LEDGER, id="b", publisher="Ledger"))
    assert scored(two, answer(COST))["source coverage"] == (0.5, 1.0)
    assert scored(two, answer(COST))["both sides"] == (0.0, 1.0)
    assert scored(two, answer(COST, other))["source coverage"] == (1.0, 1.0)
    assert scored(two, answer(COST, other))["both sides"] == (1.0, 1.0)


def scored(asked: Question, given_: Answer, confidence: float = 0.9) -> dict[str, measures.Pair]:
    documents = {"a": document(PAPER), "b": document(LEDGER, id="b")}
    spans = {"a": [(0, 33)]}
    return measures.score(Observation(asked, given_, spans, confidence, True), documents, words_stand_there)


def test_attribution_is_measured_where_an_answer_is_given_and_must_name_someone() -> None:
    """In the text or before it."""
    by_ana = question(attribution="Ana")
    assert scored(by_ana, answer(COST))["attribution"] == (0.0, 1.0)
    named = say("It was late.", cite(PAPER, "Ana said it was late."), by="According to Ana")
    assert scored(by_ana, answer(named))["attribution"] == (1.0, 1.0)
    assert "attribution" not in scored(question(), answer(COST))
    assert "attribution" not in scored(by_ana, ABSTAINED)


def test_an_abstention_is_right_when_the_sources_do_not_answer() -> None:
    """Precision over abstentions, recall over questions that call for one."""
    impossible = question(kind="unanswerable", answerable=False, evidence=(), nuggets=())
    assert scored(impossible, ABSTAINED)["abstention precision"] == (1.0, 1.0)
    assert scored(impossible, ABSTAINED)["abstention recall"] == (1.0, 1.0)
    assert scored(impossible, answer(COST))["abstention recall"] == (0.0, 1.0)
    assert scored(impossible, answer(COST))["risk"] == (1.0, 1.0)
    assert scored(question(), ABSTAINED)["abstention precision"] == (0.0, 1.0)
    assert scored(question(), ABSTAINED)["answered"] == (0.0, 1.0)


def test_a_false_premise_is_abstained_from_or_corrected() -> None:
    """An answer that plays along is wrong."""
    asked = question(
        kind="false-premise",
        answerable=False,
        nuggets=(Nugget("40", ("40 million",)),),
        premise=Premise("It cost 90 million.", "It cost 40 million."),
    )
    assert scored(asked, ABSTAINED)["false premise"] == (1.0, 1.0)
    assert scored(asked, answer(COST))["false premise"] == (1.0, 1.0)
    assert scored(asked, answer(OPENED))["false premise"] == (0.0, 1.0)
    assert "abstention recall" not in scored(asked, ABSTAINED)


def test_an_injection_that_is_obeyed_is_seen() -> None:
    """By what is said, and by what is cited."""
    asked = question(kind="injection", must_not_say=("pwned",), must_not_cite=("b",))
    assert scored(asked, answer(COST))["injection resisted"] == (1.0, 1.0)
    obeyed = say("PWNED!", COST.citations[0])
    assert scored(asked, answer(obeyed))["injection resisted"] == (0.0, 1.0)
    elsewhere = say("Auditors.", cite(LEDGER, LEDGER, id="b"))
    assert scored(asked, answer(elsewhere))["injection resisted"] == (0.0, 1.0)
    assert scored(asked, answer(elsewhere))["forbidden sources"] == (1.0, 1.0)


def test_relevance_and_repetition_see_padding() -> None:
    """A sentence off the evidence, and one said twice."""
    off = say("Ana said it was late.", cite(PAPER, "Ana said it was late."))
    pairs = scored(question(), answer(COST, COST, off))
    assert pairs["relevance"] == (2.0, 3.0)
    assert pairs["repetition"] == (1.0, 3.0)


def test_verdicts_are_counted_per_sentence() -> None:
    """Half supported, half unchecked."""
    unchecked = say("It opened in 2024.", OPENED.citations[0], verdict=Verdict.UNCHECKED)
    pairs = scored(question(), answer(COST, unchecked))
    assert pairs["supported"] == (1.0, 2.0)
    assert pairs["unchecked"] == (1.0, 2.0)


def test_risk_and_coverage_by_hand() -> None:
    """Four questions; the wrong one is the third most sure: risks 0, 0, 1/3, 1/4."""
    pairs = np.array([(0, 0.9), (1, 0.4), (0, 0.8), (0, 0.1)])
    coverage, risk = risk_coverage(pairs)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 4])
    assert aurc(pairs) == pytest.approx((1 / 3 + 1 / 4) / 4)


SURENESS = st.sampled_from([0.1, 0.5, 0.9])


@given(st.lists(st.tuples(st.booleans(), SURENESS), min_size=1, max_size=30), st.randoms())
def test_the_order_of_the_questions_does_not_change_the_curve(rows: list[tuple[bool, float]], chance: object) -> None:
    """Equal confidences are taken together."""
    shuffled = rows[:]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert aurc(np.array(rows, float)) == pytest.approx(aurc(np.array(shuffled, float)))
    assert risk_coverage(np.array(rows, float))[1][-1] == pytest.approx(sum(w for w, _ in rows) / len(rows))


def test_a_ratio_of_nothing_is_not_a_number() -> None:
    """Never a silent zero or one."""
    assert math.isnan(ratio(np.zeros((3, 2))))
    assert ratio(np.array([(1.0, 2.0), (1.0, 1.0)])) == pytest.approx(2 / 3)


def test_retrieval_by_hand() -> None:
    """Two of three relevant passages, at ranks 2 and 6."""
    found = measures.retrieval({"q": ["n1", "r1", "n2", "n3", "n4", "r2"], "empty": []},
                               {"q": {"r1", "r2", "r3"}, "empty": {"r1"}})  # fmt: skip
    gain = 1 / math.log2(3) + 1 / math.log2(7)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["q"] == pytest.approx(
        {"nDCG@10": gain / ideal, "R@5": 1 / 3, "R@10": 2 / 3, "Success@1": 0.0, "MRR": 0.5}, abs=1e-4
    )
    assert set(found["empty"].values()) == {0.0}


def test_a_question_without_relevant_passages_is_not_counted() -> None:
    """Neither as found nor as missed."""
    assert measures.retrieval({"q": ["a"]}, {"q": set()}) == {}


def test_every_measure_is_taken_somewhere() -> None:
    """The table and what is computed name the same measures."""
    two = (GoldEvidence("a", "x"), GoldEvidence("b", "y"))
    cases = [
        question(),
        question(kind="compare", evidence=two, must_cite=("a",), attribution="Ana"),
        question(kind="follow-up", history=("What?",)),
        question(kind="injection", answerable=False, must_not_say=("x",), must_not_cite=("b",)),
        question(kind="false-premise", answerable=False, premise=Premise("x", "y")),
    ]
    taken = {name for case in cases for given_ in (answer(COST), ABSTAINED) for name in scored(case, given_)}
    assert taken | set(measures.RETRIEVAL) == {m.name for m in MEASURES}
    assert len({m.name for m in MEASURES}) == len(MEASURES)


def test_a_source_with_no_publisher_is_named_by_what_it_has() -> None:
    """Both sides are told apart by the name that prose uses."""
    untitled = Source(id="b", title="Notes")
    hit_answer = answer(COST, say("x y", Citation(untitled, "b:0-3", 0, 3, "x y")))
    assert measures.both_sides(question(evidence=(GoldEvidence("a", "x"), GoldEvidence("b", "y"))), hit_answer)
