"""The part of a text that asks, apart from what is told beside it."""

from __future__ import annotations

import pytest

from qa.language.asking import asking
from qa.query import Catalogue, understand

TOLD = {
    "I've been here for 8 months and got fired, what severance do I get?": "What severance do I get?",
    "My brother Tom died in 2006. Is there a deadline for a claim?": "Is there a deadline for a claim?",
    "We have 300 cows: is their milk accepted?": "Is their milk accepted?",
    "How long do wheels keep? I bought two in Lyon.": "How long do wheels keep?",
    "We're five people with a dog - do we need to book?": "Do we need to book?",
}
WHOLE = (
    "If I get fired, what severance do I get?",
    "As a junior member, what do I pay?",
    "Is Kvitdal, which opens in June, staffed?",
    "You say that I pay 28 crowns, is that right?",
    "The council was founded in 1931. Who founded it?",
    "Is there a plan? Put the Daily Beast next to the Jerusalem Post.",
    "I lost my card. What do I have to do?",
)


@pytest.mark.parametrize(("text", "asked"), TOLD.items())
def test_what_people_tell_of_themselves_is_not_what_they_ask(text: str, asked: str) -> None:
    """The sentence or the clause with the question is taken, whatever stands before and after it."""
    assert asking(text)[0] == asked


@pytest.mark.parametrize("text", WHOLE)
def test_what_belongs_to_a_question_stays_with_it(text: str) -> None:
    """Conditions, what is pointed back to, orders, and what asks too little alone are kept."""
    assert asking(text) == (text, ())


def test_a_name_in_a_story_that_no_source_has_is_not_missed() -> None:
    """The query knows the names of the question alone; a pronoun gets its noun from the story."""
    here = Catalogue(stands=lambda word: word.casefold() != "lindqvist")
    query = understand("Mr Lindqvist broke my key in March. Who pays for it?", catalogue=here)
    assert (query.text, query.unknown) == ("Who pays for my key?", ())
    assert understand("Who is Lindqvist?", catalogue=here).unknown == ("Lindqvist",)
