"""What a question takes for granted."""

from __future__ import annotations

from qa.answer.premise import unmentioned
from qa.query import Named, Query


def test_a_name_that_stands_nowhere_is_said_to() -> None:
    """One who was asked to speak is no source here; of a question whose names all stand nothing is said."""
    asked = Query("What does Orlov say about ships?", "", of=(Named("Orlov"),), unknown=("Orlov",))
    assert unmentioned(asked) == "“Orlov” is not among these sources, and none of them mentions it."
    assert unmentioned(Query("Did Orlov sail?", "", unknown=("Orlov",))) == "These sources do not mention “Orlov”."
    assert unmentioned(Query("Did Berg sail?", "")) == ""
