"""Question -> hits: both retrievers, fusion, balance, preferences, filters, reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import make_hit
from qa import LONGEST_QUESTION, Assistant, Filters, Hit
from qa.decide import Decision, abstention
from qa.models.reader import Reader, Reading, Window, between
from qa.query import Query, searchable
from qa.read import LAST, READ_AGAIN, UNSEEN, WordReader, absent, chance, is_label, look, stands, weighed, windows
from qa.retrieve import balance
from qa.schema import Candidate, QuestionError


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        ("?!… —", "no word"),
        ("\x00\x07", "empty"),
        ("why " * 25_000, f"at most {LONGEST_QUESTION:,}"),
    ],
)
def test_a_question_that_cannot_be_searched_says_why(question: str, message: str) -> None:
    """Empty, only punctuation, control characters, 100,000 characters."""
    with pytest.raises(QuestionError, match=message):
        searchable(question)


def test_control_characters_do_not_reach_the_retrievers() -> None:
    """They become blanks."""
    assert searchable("who\x00 met\r\nwhom?") == "who met whom?"


@pytest.mark.parametrize("stage", ["dense", "lexical", "fused", "reader"])
def test_each_stage_can_rank_alone_and_every_hit_shows_its_ranks(town: Assistant, stage: str) -> None:
    """The eval measures each stage; the page shows why a passage is here."""
    hits = town.search("What will the harbour bridge cost?", stage=stage)  # type: ignore[arg-type]
    assert hits
    ranks = [getattr(hit.ranks, stage) for hit in hits]
    assert ranks == sorted(ranks)
    assert all(hit.ranks.fused for hit in hits)


def test_a_hit_is_cut_from_its_document(town: Assistant) -> None:
    """Promise 1 after a round trip through the index."""
    for hit in town.search("bridge ferry mayor garden"):
        text = town.document(hit.source.id).text
        assert text[hit.passage.start : hit.passage.end] == hit.passage.text


def test_a_word_that_is_nowhere_gets_no_lexical_hit(town: Assistant) -> None:
    """A zero score is no hit: it would pollute the fusion."""
    assert town.search("zyzzogeton", stage="lexical") == []


@pytest.mark.parametrize(
    "question",
    [
        "What does the Island Ledger say of the cost?",
        "cost of the bridge according to the 2022 article",
    ],
)
def test_a_source_named_in_the_question_is_preferred(town: Assistant, question: str) -> None:
    """By publisher or by year with a word for a text; the others stay in."""
    hits = town.search(question, stage="fused")
    assert hits[0].source.id == "ledger"
    assert {hit.source.id for hit in hits} > {"ledger"}


@pytest.mark.parametrize(
    "filters",
    [
        Filters(sources=("ledger",)),
        Filters(publishers=("Island Ledger",)),
        Filters(publishers=("island ledger",)),
        Filters(kinds=("analysis",)),
        Filters(since="2022"),
    ],
)
def test_a_filter_is_a_wall(town: Assistant, filters: Filters) -> None:
    """Nothing from another source comes through, in any stage."""
    for stage in ("dense", "lexical", "fused", "reader"):
        hits = town.search("the bridge and the mayor", filters=filters, stage=stage)  # type: ignore[arg-type]
        assert {hit.source.id for hit in hits} == {"ledger"}


def test_a_filter_that_nothing_passes_names_what_there_is(town: Assistant) -> None:
    """The values that exist are in the message."""
    with pytest.raises(QuestionError, match=r"no publisher 'The Times' \(there are: Island Ledger, The Harbour"):
        town.search("bridge", filters=Filters(publishers=("The Times",)))
    with pytest.raises(QuestionError, match="dated 2021-03-04 to 2022-11"):
        town.search("bridge", filters=Filters(since="2030"))


def test_at_least_one_passage_must_be_wanted(town: Assistant) -> None:
    """None is an error, not the default."""
    with pytest.raises(QuestionError, match="top_k is 0"):
        town.search("bridge", top_k=0)


def test_the_same_question_finds_the_same_passages(town: Assistant) -> None:
    """Promise 8."""
    first, second = (town.search("who objected to the bridge?") for _ in range(2))
    assert first == second


@given(st.lists(st.sampled_from("abcde"), max_size=60), st.integers(1, 20), st.floats(0.05, 1))
def test_balance_keeps_order_and_fills_up(owners: list[str], top_k: int, share: float) -> None:
    """As many as asked for while there are any; nobody over the share while another is left out."""
    ids = [f"{owner}:{20 * i}-{20 * i + 9}" for i, owner in enumerate(owners)]
    chosen = balance(ids, top_k, share)
    assert len(chosen) == min(top_k, len(ids))
    assert chosen == [id_ for id_ in ids if id_ in chosen]
    limit = max(1, -(-top_k * share // 1))
    over = {o for o in owners if sum(id_[0] == o for id_ in chosen) > limit}
    left_out = {id_[0] for id_ in ids if id_ not in chosen}
    taken = {o: sum(id_[0] == o for id_ in chosen) for o in left_out}
    assert not over or all(count >= limit for count in taken.values())


@given(st.lists(st.sampled_from("abcde"), max_size=60), st.integers(1, 20))
def test_spread_hears_every_source_that_has_a_place(owners: list[str], top_k: int) -> None:
    """For questions that compare: nobody is heard twice while another was not heard once."""
    ids = [f"{owner}:{20 * i}-{20 * i + 9}" for i, owner in enumerate(owners)]
    chosen = balance(ids, top_k, 1.0, spread=True)
    assert len(chosen) == min(top_k, len(ids))
    assert len({id_[0] for id_ in chosen}) == min(top_k, len(set(owners)))


@given(st.text(min_size=1).filter(str.strip), st.integers(0, 500))
def test_windows_score_every_sentence_once(text: str, offset: int) -> None:
    """Spans of a window, moved by its offset, are the passage's sentences."""
    hit: Hit = make_hit(text, start=offset)
    spans = [(a + at, b + at) for window, at in windows(hit) for a, b in window.sentences]
    assert tuple(spans) == (hit.passage.sentences or ((hit.passage.start, hit.passage.end),))
    for window, at in windows(hit):
        assert hit.passage.slice(at, at + len(window.text)) == window.text


@pytest.mark.parametrize("words", [30, None])
def test_a_heading_is_read_apart_from_what_it_stands_over(words: int | None) -> None:
    """What it says is on all under it, and would be taken for the answer of each."""
    hit = make_hit("Tunnel to cost more. A study says three billion.", title="Tunnel to cost more.")
    assert [window.text for window, _ in windows(hit, words)] == ["Tunnel to cost more.", "A study says three billion."]


class Recording(WordReader):
    """Remembers what it was given to read."""

    def __init__(self) -> None:
        self.read_texts: list[str] = []

    def read(self, question: str, windows: Sequence[Window]) -> list[Reading]:
        self.read_texts += [window.text for window in windows]
        return super().read(question, windows)


def test_the_passages_that_look_best_are_read_again_as_a_whole() -> None:
    """And the score of their sentences lies between that of the two readings; nothing is lost or seen twice."""
    filler = " ".join(f"Nobody spoke of the weather for {n} long and quiet days." for n in range(9))
    hits = [
        make_hit(f"{filler} {sentence}", start=1000 * n)
        for n, sentence in enumerate(["The bridge was blue.", "It rained."] * READ_AGAIN)
    ]
    reader = Recording()
    seen = look(reader, "What colour was the bridge?", hits)
    assert [(s.start, s.end) for s in seen] == [span for hit in hits for span in hit.passage.sentences]
    wholes = [hit.passage.text for hit in hits if hit.passage.text in reader.read_texts]
    assert wholes == [hit.passage.text for hit in hits if "bridge" in hit.passage.text]


def test_what_stands_behind_a_sure_answer_is_not_read() -> None:
    """It has no chance but stays a candidate, for what stands in tables and under headings is looked up."""
    hits = [make_hit("The bridge was blue.", start=0), make_hit("It rained all night.", start=1000)]
    for question, read in (("Was the bridge blue?", 1), ("Who painted the boat house?", 2)):
        reader = Recording()
        seen = look(reader, question, hits, few=1)
        assert reader.read_texts == [hit.passage.text for hit in hits[:read]]
        assert [chance(reader, s) > 0 for s in seen] == [True, read == 2]


class Backed(Recording):
    """With a reader behind it, which likes what speaks of rain."""

    fusion = replace(WordReader.fusion, last=1.0)

    def __init__(self) -> None:
        super().__init__()
        self.last = Raining()


class Raining(Recording):
    """Sure of sentences about rain, and of nothing else."""

    def read(self, question: str, windows: Sequence[Window]) -> list[Reading]:
        super().read(question, windows)
        return [
            Reading(tuple(0.99 if "rained" in w.text[a:b] else 0.01 for a, b in w.sentences), 0.5, None)
            for w in windows
        ]


def test_what_looks_best_is_shown_to_the_last_reader() -> None:
    """A few windows, the likeliest first; what it did not see stays behind what it saw."""
    texts = [f"The bridge number {n} was painted in the year {1900 + n}." for n in range(2 * LAST)]
    hits = [make_hit(text, start=1000 * n) for n, text in enumerate(["The bridge was blue when it rained.", *texts])]
    reader = Backed()
    seen = look(reader, "What colour was the bridge when it was blue?", hits, few=len(hits))
    assert len(reader.last.read_texts) == LAST
    assert hits[0].passage.text in reader.last.read_texts
    assert [s.last for s in seen].count(UNSEEN) == len(hits) - LAST
    assert max(seen, key=lambda s: chance(reader, s)).hit == hits[0]
    assert max(chance(reader, s) for s in seen if s.last == UNSEEN) < min(
        chance(reader, s) for s in seen if s.last != UNSEEN
    )


def test_of_what_is_compared_the_last_reader_sees_the_best_of_every_source() -> None:
    """A source of which it saw nothing would be told silent unheard."""
    hits = [
        make_hit(f"The bridge of {name} was painted blue {n} times.", id=name, start=1000 * n)
        for name in ("arlen", "morley", "tarn")
        for n in range(LAST if name == "arlen" else 1)
    ]
    reader = Backed()
    look(reader, "How often was the bridge painted blue?", hits)
    assert all(any(name in text for text in reader.last.read_texts[:3]) for name in ("arlen", "morley", "tarn"))


def test_an_abstention_counts_the_passages_that_were_read() -> None:
    """Not those behind a sure answer; one that holds nothing of the question was read all the same."""
    hits = tuple(make_hit("The bridge was blue.", start=start) for start in (0, 1000, 2000))
    scores = ((0.2, True), (0.0, True), (0.0, False))
    found = [
        Candidate(hit, *hit.passage.sentences[0], p, read=read) for hit, (p, read) in zip(hits, scores, strict=True)
    ]
    said = abstention([Decision(Query("Why?", "Why?"), hits, tuple(found), ())], 1)
    assert (said.passages_read, said.nearest) == (2, hits)


def test_a_passage_that_was_read_whole_is_not_read_again() -> None:
    """A second reading of the same words would say the same."""
    hits = [make_hit("The bridge was blue.", start=0), make_hit("It rained all night.", start=1000)]
    reader = Recording()
    assert len(look(reader, "What colour was the bridge?", hits)) == 2
    assert sorted(reader.read_texts) == sorted(hit.passage.text for hit in hits)


@given(st.floats(0, 1), st.floats(0, 1))
def test_of_two_readings_neither_wins(p: float, q: float) -> None:
    """The mean of their log-odds, whichever came first."""
    assert between(p, q) == between(q, p)
    assert min(p, q) - 1e-5 <= between(p, q) <= max(p, q) + 1e-5


def test_the_fallback_ranks_by_rare_shared_words() -> None:
    """Without a reader the sentence with the question's words comes first."""
    found = [w for hit in (make_hit("The cat sat. The bridge costs 48 million euros."),) for w, _ in windows(hit)]
    [reading] = WordReader().read("What does the bridge cost in euros?", found)
    assert reading.answers[1] > reading.answers[0]
    assert all(0 <= p <= 1 for p in reading.answers)


@given(st.floats(0, 1), st.floats(0, 1), st.lists(st.floats(0, 1)), st.integers(1, 20), st.integers(0, 5))
def test_a_surer_sentence_makes_an_answer_likelier(
    one: float, other: float, beside: list[float], words: int, names: int
) -> None:
    """Whatever the question and the other sentences; so does one more of them."""
    low, high = (Reader.fusion.answerable([p, *beside], words, names) for p in sorted((one, other)))
    assert 0 <= low <= high <= Reader.fusion.answerable([one, other, *beside], words, names) <= 1


def test_a_name_that_is_not_where_the_answer_should_stand_makes_it_unlikelier() -> None:
    """The right sort of event, of somebody else; in another spelling, or elsewhere in its text, it is none."""
    question = "Who met Saleh al-Aruri in Port Ellis?"
    assert [absent(question, f"{who} was met in Port Ellis.") for who in ("Salah al-Arouri", "Tom Berg")] == [0, 1]
    assert absent(question, "Tom Berg was met there.", "In Port Ellis, Saleh al-Aruri and others met.") == 0
    assert Reader.fusion.answerable([0.5], 7, 1) < Reader.fusion.answerable([0.5], 7, 0)


def test_a_question_may_name_a_text_by_its_author_or_where_it_comes_from(town: Assistant) -> None:
    """Such a name need not stand in that text, but it does not stand for another."""
    question = "What does the Danish article by Pia Holm say the bridge will cost?"
    text = "The bridge will cost 48 million euros."
    asked_for = make_hit(text, author="Pia Holm", perspective="Danish newspaper")
    missed = []
    for hit in (asked_for, make_hit(text)):
        missed.append(absent(question, stands(hit, town.retriever.publishers)))
    assert missed == [0, 2]


def test_the_best_sentence_is_as_likely_as_that_the_sources_answer(town: Assistant) -> None:
    """Its score decides on abstention; the others keep their order and lie below."""
    question = "What will the harbour bridge cost?"
    best, *others = town.candidates(question)
    assert best.score > 0.5 > town.candidates("What is the name of the mayor's dog?")[0].score
    assert all(best.score >= other.score for other in others)


def test_a_name_that_the_conversation_added_is_not_missed(town: Assistant) -> None:
    """The guess of what a follow-up speaks of must not speak against its answer; a name that was asked for does."""
    asked, put = "What will the harbour bridge cost, about Gustav Mahler?", "And what will the harbour bridge cost?"
    hits = town.search(asked)
    missed, left = (town.retriever.read(Query(asked, said), hits)[0].score for said in (asked, put))
    assert missed < left


def test_who_misspells_a_name_gets_the_same_answer_and_sees_what_was_searched(town: Assistant) -> None:
    """The question is kept as it was asked."""
    asked, meant = (
        town.ask(f"What did the chairman {name} call the plan?") for name in ("Tomás Viddel", "Tomás Vidal")
    )
    assert asked.sentences == meant.sentences != ()
    assert (asked.question, asked.searched) == ("What did the chairman Tomás Viddel call the plan?", meant.question)


@pytest.mark.parametrize(
    ("heading", "label"),
    [
        ("The tunnel near the mill", True),
        ("How the wards voted", True),
        ("If you are the child of a veteran", True),
        ("Requests from law enforcement agencies", True),
        ("Mayor Lind resigns after the audit", False),
        ("Dogs must be kept on a lead", False),
        ("If you serve abroad, we may pay you back", False),
        ("Government to raise the fuel tax", False),
        ("Council votes to close the pool", False),
        ("Ways to pay for your stay", True),
        ("The flood of 1953", False),
        ("Speaker: Ada Kern", False),
        ("Nora Falk, the bookbinder", False),
    ],
)
def test_a_heading_answers_only_where_it_says_something(heading: str, label: bool) -> None:
    """One that names what stands under it is no answer, however many words of the question it shares."""
    hit = make_hit(f"{heading}\n\nIt is so.", title=heading)
    assert is_label(hit, (0, len(heading))) == label
    assert not is_label(hit, (len(heading) + 2, len(hit.passage.text)))


TWINS = (
    ("Sailing boats pay 310 crowns for a mooring. Motor boats pay 480 crowns for a mooring.",
     "What does a sailing boat pay for a mooring?", "What does a motor boat pay for a mooring?"),
    ("Loans for nets are repaid within eighteen months. Loans for engines are repaid within six years.",
     "How soon must a loan for nets be paid back?", "How soon must a loan for an engine be paid back?"),
    ("If you care for a child alone, you get sixteen weeks. If you share the care of a child, you get six weeks.",
     "How many weeks do I get if I care for a child alone?", "How many weeks do I get if I share the care of a child?"),
    ("The wait for the short course is seven days. The wait for the long course is ninety days.",
     "How long is the wait for the short course?", "How long is the wait for the long course?"),
    ("In 2021 the auction earned 2.1 million crowns. In 2022 the auction earned 1.7 million crowns.",
     "What did the auction earn in 2021?", "What did the auction earn in 2022?"),
    ("School classes are shown round by the master. Tourists are shown round by volunteers.",
     "Who shows school classes round?", "Who shows tourists round?"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "questions"), [(text, questions) for text, *questions in TWINS])
def test_of_two_sentences_that_are_alike_the_one_asked_for_answers(text: str, questions: Sequence[str]) -> None:
    """Their other words tell them apart, whichever comes first."""
    first, second = text.split(". ")
    reader = Reader.load()
    for said in (text, f"{second} {first}."):
        hit = replace(make_hit(said), share=1.0)
        for question, right in zip(questions, (first, second), strict=True):
            best = weighed(reader, question, look(reader, question, [hit]))[0]
            assert hit.passage.slice(best.start, best.end).startswith(right.rstrip("."))
