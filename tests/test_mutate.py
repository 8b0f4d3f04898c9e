"""False claims made from true sentences: false in one named way, the same for the same seed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language import facts, missing
from qa.mutate import MUTATION_KINDS, Mutation, mutations

DOCUMENT = (
    "The council of Port Ellis approved the new bridge on 3 March 2021 by 12 votes to 7. "
    "Mayor Inés Duarte said “the bridge will open in 2024 and nobody will lose a house”. "
    "The Fishing Guild opposed the plan, which will cost 48 million euros. "
    "Its chairman, Tomás Vidal, called it “a gift to the ferry company and its owners”. "
    "All members of the guild voted before the council met in Calder Hall. "
    "Steel prices rose by 40 percent after the vote, according to Olga Stern. "
    "He said the guild had not been heard. "
    "Olga Stern sued Port Ellis in November 2022."
)
SENTENCES = [s if s.endswith(".") else s + "." for s in DOCUMENT.split(". ")]


def of(kind: str, sentence: str, seed: int = 0) -> Mutation | None:
    return next((m for m in mutations(sentence, DOCUMENT, seed) if m.kind == kind), None)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("number", SENTENCES[2]),
        ("date", SENTENCES[0]),
        ("name", SENTENCES[4]),
        ("role", SENTENCES[7]),
        ("negation", SENTENCES[2]),
        ("negation", SENTENCES[6]),
        ("quantifier", SENTENCES[4]),
        ("direction", SENTENCES[5]),
        ("speaker", SENTENCES[5]),
        ("speaker", SENTENCES[1]),
        ("stitched", SENTENCES[1]),
        ("stitched", SENTENCES[2]),
        ("fabricated", SENTENCES[3]),
        ("fabricated", SENTENCES[2]),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_one_thing_is_changed(kind: str, sentence: str, seed: int) -> None:
    """The span says what was changed; what stands before and behind it is the original's."""
    m = of(kind, sentence, seed)
    assert m is not None
    assert m.text != sentence
    assert m.original == sentence
    assert m.evidence is None
    assert sentence.startswith(m.text[: m.start])
    assert sentence.rstrip().endswith(m.text[m.end :].rstrip())


@pytest.mark.parametrize("kind", ["number", "date", "fabricated", "stitched"])
@pytest.mark.parametrize("seed", range(5))
def test_the_false_fact_is_not_in_the_evidence(kind: str, seed: int) -> None:
    """A changed figure, date or quotation does not stand in the sentence it was made from."""
    made = [m for s in SENTENCES for m in mutations(s, DOCUMENT, seed) if m.kind == kind]
    assert made
    for m in made:
        assert {f.kind for f in missing(m.text, m.original)} & {"number", "money", "percent", "date", "quote"}


@pytest.mark.parametrize("seed", range(5))
def test_a_name_is_swapped_with_one_of_the_document(seed: int) -> None:
    """The wrong name is known to the document, so that no foreign word gives it away."""
    names = {f.value for f in facts(DOCUMENT) if f.kind == "name"}
    for kind in ("name", "speaker"):
        for m in (of(kind, s, seed) for s in SENTENCES):
            if m:
                assert {f.value for f in facts(m.text[m.start : m.end])} <= names


def test_roles_are_turned_round() -> None:
    """Who did it and to whom it was done change places, whole."""
    m = of("role", SENTENCES[7])
    assert m is not None
    assert m.text == "Port Ellis sued Olga Stern in November 2022."


def test_a_negation_is_taken_away_or_put_in() -> None:
    """A denied sentence is affirmed, an affirmed one denied."""
    taken, put = of("negation", SENTENCES[6]), of("negation", SENTENCES[2])
    assert taken is not None
    assert put is not None
    assert taken.text == "He said the guild had been heard."
    assert "not" in put.text or "never" in put.text


@pytest.mark.parametrize("kind", ["swapped", "dropped"])
def test_evidence_is_taken_away(kind: str) -> None:
    """The claim is kept word for word; the evidence it is held against does not contain it."""
    m = of(kind, SENTENCES[2])
    assert m is not None
    assert m.text == SENTENCES[2]
    assert m.evidence
    assert SENTENCES[2] not in m.evidence


def test_every_kind_can_be_made() -> None:
    """This document allows a mutation of every kind, at most one of each for a sentence."""
    made = [mutations(s, SENTENCES, 3) for s in SENTENCES]
    assert {m.kind for ms in made for m in ms} == set(MUTATION_KINDS)
    assert all(len({m.kind for m in ms}) == len(ms) for ms in made)


def test_same_seed_same_mutations() -> None:
    """The seed decides; another seed makes other claims."""
    assert mutations(SENTENCES[0], DOCUMENT, 1) == mutations(SENTENCES[0], DOCUMENT, 1)
    assert len({m.text for seed in range(8) for m in mutations(SENTENCES[0], DOCUMENT, seed)}) > 8


def test_a_mutation_cannot_be_true() -> None:
    """A claim that is unchanged and keeps its evidence is refused, and so is a span outside of it."""
    with pytest.raises(ValueError, match="must change the claim"):
        Mutation("number", "It rose.", "It rose.", 0, 2)
    with pytest.raises(ValueError, match=r"0\.\.99"):
        Mutation("number", "It fell.", "It rose.", 0, 99)
    with pytest.raises(FrozenInstanceError):
        mutations(SENTENCES[0], DOCUMENT)[0].text = ""  # type: ignore[misc]


_odd = ["“”", "Not.", "1", "The Beirut. A 7", "é “x y z w” 3rd", ""]


@given(st.lists(st.sampled_from([*SENTENCES, *_odd]), max_size=6), st.integers(0, 3))
def test_any_text_is_survived(document: list[str], seed: int) -> None:
    """Whatever the sentence and the document, what comes out is well formed."""
    for sentence in document:
        for m in mutations(sentence, document, seed):
            assert m.text[m.start : m.end]
            assert m.text != m.original or m.evidence
