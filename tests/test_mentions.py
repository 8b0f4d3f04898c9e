"""Who, where and when: names with their places, none made up."""

from __future__ import annotations

from conftest import make_hit
from qa.answer.mentions import mentions

TEXT = (
    "On 3 March 2021 the mayor of Lisbon, Helena Castro, met Peter Lund in Oslo. "
    "Castro said that Lisbon would pay; Oslo agreed. Lund, who had come from Oslo in 2019, left in April 2021."
)


def test_people_places_and_dates_are_found_where_they_stand() -> None:
    """Each mention is cut from the passage; surnames count for who bears them; dates stand by the calendar."""
    hit = make_hit(TEXT, start=40)
    found = mentions([hit])
    assert {m.text: m.times for m in found.people} == {"Helena Castro": 2, "Peter Lund": 2}
    assert {m.text: m.times for m in found.places} == {"Lisbon": 2, "Oslo": 3}
    assert [m.text for m in found.dates] == ["2019", "3 March 2021", "April 2021"]
    for mention in (*found.people, *found.places, *found.dates):
        assert mention.text in hit.passage.slice(mention.start, mention.end)


def test_a_text_without_names_names_nobody() -> None:
    """A word with a capital is no person."""
    found = mentions([make_hit("Designate an owner. Loyalty is rewarded after 30 days.")])
    assert (found.people, found.places, found.dates) == ((), (), ())
