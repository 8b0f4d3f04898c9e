"""What sources say point by point."""

from __future__ import annotations

from dataclasses import replace

from conftest import make_hit
from qa.answer.points import event, points
from qa.answer.quote import quoted
from qa.query import Query
from qa.schema import Candidate

ASKED = "How do the sources differ on the new harbour?"
EAST = make_hit(
    "The new harbour will drown the old salt marsh. Ferries to Brine Island will leave from its northern pier.",
    id="east",
    publisher="The East",
)
WEST = make_hit(
    "Engineers say the marsh has been dry since a dam was built. The new harbour needs a longer pier for ferries.",
    id="west",
    publisher="The West",
)


def test_each_cited_sentence_stands_in_a_row_and_rows_bring_sources_together() -> None:
    """A row is named by a word that several sources use; what was read beyond the answer fills its cells."""
    query = replace(Query(ASKED, ASKED, "compare"), about="the new harbour")
    sentences = [
        quoted(Candidate(hit, *span, 1.0), *span) for hit in (EAST, WEST) for span in hit.passage.sentences[:1]
    ]
    found = points(query, sentences, (), [EAST, WEST])
    cited = {c for sentence in sentences for c in sentence.citations}
    assert cited <= {c for point in found for c in point.said}
    marsh = next(point for point in found if point.label == "marsh")
    assert [c.source.id for c in marsh.said] == ["east", "west"]
    assert not any("harbour" in point.label for point in found)


def test_what_only_one_source_speaks_of_stands_under_the_question_itself() -> None:
    """No point is made up for it."""
    query = replace(Query(ASKED, ASKED, "compare"), about="the new harbour")
    span = EAST.passage.sentences[0]
    (point,) = points(query, [quoted(Candidate(EAST, *span, 1.0), *span)], (), [EAST])
    assert (point.label, len(point.said)) == ("the new harbour", 1)


def test_the_event_is_the_one_date_of_the_question() -> None:
    """Of two dates neither is it."""
    assert event(Query("What do they say of it after 3 March 2021?", "?")) == "2021-03-03"
    assert event(Query("How did views change from 2019 to 2021?", "?")) == ""
    assert event(Query("How do they differ on the harbour?", "?")) == ""
