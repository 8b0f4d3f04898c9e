"""What a language model gets to read."""

from hypothesis import given
from hypothesis import strategies as st

from conftest import make_hit
from qa.answer.excerpt import GAP, excerpts
from qa.schema import Candidate

LONG = make_hit(
    "The board met in March. It was cold. Ada Holm was elected chair. She is a pilot. Lunch was late. Fish was served."
)
OTHER = make_hit("The ferry was late. Nobody knew why. The captain slept.", id="b")


def candidate(hit, n, score=0.5):
    return Candidate(hit, *hit.passage.sentences[n], score)


def test_the_sentence_that_may_answer_comes_with_its_neighbours_and_gaps_are_marked():
    """What is left out is seen to be left out."""
    (shown,) = excerpts([LONG, OTHER], [candidate(LONG, 2)])
    assert shown.text == "… It was cold. Ada Holm was elected chair. She is a pilot. …"
    (both,) = excerpts([LONG], [candidate(LONG, 0), candidate(LONG, 5)])
    assert both.text == f"The board met in March. It was cold.{GAP}Lunch was late. Fish was served."


def test_the_best_passage_comes_first_and_the_budget_ends_it():
    """The first candidate is always shown; further ones while there is room."""
    order = [candidate(OTHER, 0), candidate(LONG, 2)]
    assert [e.hit.source.id for e in excerpts([LONG, OTHER], order)] == ["b", "a"]
    assert [e.hit.source.id for e in excerpts([LONG, OTHER], order, words=3)] == ["b"]


def test_without_a_reading_whole_passages_are_shown():
    """Nothing is left out where nothing is known."""
    assert [e.text for e in excerpts([LONG, OTHER], [])] == [LONG.passage.text, OTHER.passage.text]


@given(st.lists(st.tuples(st.sampled_from([LONG, OTHER]), st.integers(0, 2)), min_size=1), st.integers(1, 60))
def test_every_word_shown_stands_in_its_passage(chosen, words):
    """An excerpt is cut, never written; each passage has one."""
    shown = excerpts([LONG, OTHER], [candidate(hit, n) for hit, n in chosen], words)
    assert len({e.hit.passage.id for e in shown}) == len(shown) >= 1
    for excerpt in shown:
        for part in excerpt.text.strip("… ").split(GAP):
            assert part in excerpt.hit.passage.text
