"""Key sentences that cover documents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import make_hit
from qa.answer.overview import ENOUGH, covering, overview
from qa.models.embedder import Embedder

TEXTS = {
    "ferry": "The ferry to Orvik runs three times a day except on Sundays. Tickets are sold on board. Ask the crew.",
    "ferry2": "On Sundays the ferry to Orvik does not run at all. A bus goes round the fjord instead, twice a day.",
    "fees": "A berth in the harbour of Orvik costs 395 crowns a year. Small boats pay half of that from 2022 on.",
    "whales": "Whales were seen from the pier in May. Nora Falk counted eleven of them in one morning of that month.",
}


@pytest.fixture(scope="module")
def embed():
    embedder = Embedder.load("all-MiniLM-L6-v2")
    return lambda texts: np.asarray(embedder.embed_passages(list(texts)), np.float32)


def test_each_subject_gets_one_sentence_before_any_gets_two(embed):
    """Of two passages on the ferry, one on fees and one on whales, three sentences tell of three things."""
    hits = [make_hit(text, id=name) for name, text in TEXTS.items()]
    found = overview(hits, embed([hit.passage.text for hit in hits]), embed, most=3)
    told = [c.text for c in found.sentences]
    assert len(told) == 3
    assert sum("ferry" in t.casefold() for t in told) == 1
    assert any("berth" in t or "boats" in t for t in told)
    assert any("hales" in t or "eleven" in t for t in told)
    assert ("Orvik", 3) in found.names
    assert found.passages == 4


def test_key_sentences_are_spans_of_their_documents_in_their_order(embed):
    """They are quoted, not written, and stand as the documents have them."""
    hits = [make_hit(text, id=name) for name, text in TEXTS.items()]
    found = overview(hits, embed([hit.passage.text for hit in hits]), embed)
    assert all(c.text in c.hit.passage.text for c in found.sentences)
    places = [list(TEXTS).index(c.hit.source.id) for c in found.sentences]
    assert places == sorted(places)


def test_headings_questions_and_rows_do_not_speak_for_a_passage(embed):
    """A passage without a whole sentence gives none."""
    hits = [make_hit("Opening hours"), make_hit("When does the ferry to the island of Orvik run?", id="b")]
    assert overview(hits, embed([hit.passage.text for hit in hits]), embed).sentences == ()


def test_vectors_must_match_the_passages(embed):
    """One for each, else an error with both numbers."""
    with pytest.raises(ValueError, match="1 passages and 2 vectors"):
        overview([make_hit("One.")], np.eye(2, dtype=np.float32), embed)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 2**16))
def test_what_is_chosen_is_chosen_once(n, k, seed):
    """Different places, as many as asked for or as there are."""
    rows = np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    chosen = covering(rows, k)
    assert len(set(chosen)) == len(chosen) == min(n, k)


def test_of_very_many_passages_some_are_looked_at(embed):
    """The work does not grow with the square of a large corpus."""
    hit = make_hit(TEXTS["fees"])
    vector = embed([hit.passage.text])
    found = overview([hit] * (3 * ENOUGH), np.repeat(vector, 3 * ENOUGH, axis=0), embed)
    assert found.passages == ENOUGH
    assert len(found.sentences) >= 1
