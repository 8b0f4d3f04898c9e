"""Each kind of question gets its kind of answer: short forms, yes and no, lists, steps, table rows, two at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import make_hit
from qa import Hit
from qa.answer.extremes import extreme
from qa.answer.lookup import looked_up, row, settles
from qa.answer.places import declared, labelled, numbered, of_publishing, told
from qa.answer.quote import quote, quoted
from qa.answer.yesno import says, statement
from qa.corpus.reading import document
from qa.decide import decide, leading
from qa.language.shortforms import spelled_out
from qa.passages import split
from qa.query import Query, understand
from qa.schema import Candidate, Passage


def read(text: str, *scores: float, heading: str = "") -> list[Candidate]:
    """The lines of a text as candidates of one passage, best first."""
    whole = make_hit(text)
    spans, at = [], 0
    for line in text.split("\n"):
        spans.append((at, at + len(line)))
        at += len(line) + 1
    old = whole.passage
    leads = tuple(heading if n else "" for n in range(len(spans)))
    passage = Passage(old.document_id, old.start, old.end, old.text, tuple(spans), old.heading, leads=leads)
    hit = Hit(passage, whole.source, 1.0)
    found = [Candidate(hit, *span, score) for span, score in zip(spans, scores or [0.9] * len(spans), strict=True)]
    return sorted(found, key=lambda c: -c.score)


def candidates_of(text: str, name: str) -> list[Candidate]:
    """Every sentence of a document, none of which the reader likes."""
    made, _ = document(text.encode(), name)
    return [Candidate(Hit(p, made.source, 0.1), a, b, 0.1) for p in split(made) for a, b in p.sentences]


@pytest.mark.parametrize(
    ("short", "text", "long"),
    [
        ("LRC", "the Local River Council (LRC) met", "Local River Council"),
        ("LRC", "an LRC plan (Local River Council) was made", "Local River Council"),
        ("CoE", "a Council of Elders (CoE) decides", "Council of Elders"),
        ("LRC", "nothing was said (LRC)", ""),
        ("LRC", "the Local Bus Company (LBC) met", ""),
    ],
)
def test_a_short_form_is_spelled_out_by_its_letters(short: str, text: str, long: str) -> None:
    """Beside brackets, either way round; never by words that do not fit."""
    span = spelled_out(short, text)
    assert (text[slice(*span)] if span else "") == long


def test_a_name_that_stands_nowhere_makes_an_answer_doubtful() -> None:
    """It refuses nothing that the reader takes for an answer, and makes none of what it does not."""
    query = Query("Did Orlov sign the lease?", "", unknown=("Orlov",))
    sure, weak = (
        decide(query, [], read("The lease was signed in May.", 0.9), 0.35),
        decide(query, [], read("No.", 0.1), 0.35),
    )
    assert sure.chosen
    assert sure.unsure
    assert not weak.chosen


def test_what_a_short_form_stands_for_comes_first() -> None:
    """With its long form marked, though the reader likes another sentence better."""
    said = read("The LRC met in May.\nThe Local River Council (LRC) sets the price.", 0.9, 0.3)
    query = understand("What does LRC stand for?")
    assert (query.kind, query.thing) == ("who-is", "LRC")
    (first,) = decide(query, [], said, 0.35).chosen
    assert first.hit.passage.slice(*first.span) == "Local River Council"


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("Are dogs allowed on the pier?", "Dogs are allowed on the pier."),
        ("Did the county pay for the bridge?", "The county did pay for the bridge."),
        ("Was the hut at Lee closed in 2021?", "The hut at Lee was closed in 2021."),
        ("Is there a sauna?", "There is a sauna."),
        ("Were any data lost?", "Some data were lost."),
        ("Can a ring be worn in the kitchen?", "A ring can be worn in the kitchen."),
        ("Didn't the county pay for the bridge?", "The county didn't pay for the bridge."),
        ("Who closed the hut?", ""),
    ],
)
def test_a_yes_no_question_becomes_a_statement(question: str, claim: str) -> None:
    """The auxiliary goes behind the whole subject."""
    assert statement(question) == claim


def judge(*probabilities: Sequence[float]) -> object:
    def asked(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array(probabilities[: len(pairs)] or np.zeros((0, 3)))

    return asked


@pytest.mark.parametrize(
    ("text", "probabilities", "said"),
    [
        ("Dogs are allowed on the pier.", (0.9, 0.05, 0.05), "yes"),
        ("Dogs are never allowed on the pier.", (0.9, 0.05, 0.05), "no"),
        ("Dogs may come on the pier.", (0.5, 0.3, 0.2), ""),
        ("The pier is long.", (0.9, 0.05, 0.05), ""),
    ],
)
def test_yes_and_no_are_said_only_where_a_sentence_bears_them_out(
    text: str, probabilities: Sequence[float], said: str
) -> None:
    """A denial of the very words is a no, whatever the model makes of it; what is on something else says neither."""
    [candidate] = read(text)
    sentence = quoted(candidate, candidate.start, candidate.end)
    found = says("Are dogs allowed on the pier?", [sentence], judge(probabilities))  # type: ignore[arg-type]
    assert found == (said, sentence if said else None)


def test_of_each_thing_compared_only_what_is_on_it_answers() -> None:
    """Not what is on the other one alone, though the reader likes it; what stands under its name is on it."""
    query = understand("Is the tunnel cheaper than the ferry?")
    said = read("The tunnel costs 15 million.\nThe ferry runs on Sundays.\nIt costs 3 million a year.", 0.9, 0.05, 0.5)
    tunnel, ferry = (decide(part, [], said, 0.35, several=True).chosen for part in query.parts)
    assert [c.text for c in tunnel] == ["The tunnel costs 15 million."]
    assert [c.text for c in ferry] == ["It costs 3 million a year.", "The ferry runs on Sundays."]
    assert not decide(query.parts[1], [], said[:1], 0.35, several=True).chosen


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What do members pay for a night?", "2025"),
        ("What did members pay for a night?", "2021"),
        ("What do members pay for a night in 2021?", "2021"),
        ("Do members sing at night?", "2021"),
    ],
)
def test_how_things_are_is_told_by_the_newest_source_first(question: str, first: str) -> None:
    """Of those that say the like; not where the past or a year is asked for, nor before what is on something else."""
    texts = {"2021": "For a night members paid 24 crowns.", "2025": "Members pay 31 crowns a night now."}
    if "sing" in question:
        texts["2025"] = "Nobody came by boat."
    said = []
    for year, text in texts.items():
        [c] = read(text)
        source = replace(c.hit.source, published=year)
        said.append(replace(c, hit=replace(c.hit, source=source), score=0.9 if year == "2021" else 0.6))
    query = Query(question, question, "number")
    assert decide(query, [], said, 0.35).chosen[0].hit.source.published == first


STEPS = "To prune a rose:\n1. Cut dead wood.\n2. Cut above a bud.\n3. Burn the cuttings."


def test_steps_come_whole_and_in_order_with_the_line_above() -> None:
    """Whichever of them the reader likes."""
    said = read(STEPS, 0.1, 0.2, 0.9, 0.3, heading="To prune a rose:")
    [sentence] = quote(said, 5, "how-to")
    assert sentence.text == STEPS
    assert sentence.citations[0].quote == STEPS


def test_a_step_alone_answers_a_question_of_fact() -> None:
    """A list is not spread out where none is asked for."""
    said = read(STEPS, 0.1, 0.2, 0.9, 0.3, heading="To prune a rose:")
    assert [s.text for s in quote(said, 5)] == ["2. Cut above a bud."]


def test_a_line_that_leads_up_to_a_list_never_stands_alone() -> None:
    """Whatever is asked."""
    [sentence] = quote(read(STEPS, 0.9, 0.1, 0.1, 0.1), 5)
    assert sentence.text == STEPS


def test_how_to_finds_the_list_that_is_on_the_question() -> None:
    """The steps say little of it themselves."""
    said = read(STEPS, 0.1, 0.2, 0.2, 0.2, heading="To prune a rose:")
    assert leading("How do I prune a rose?", said)
    assert not leading("How do I plant a tree?", said)


TABLE = "Rye: Height = 12; Open = all year\nHove: Height = 9; Open = in May\nLee: Height = 7; Open = all year"


def test_a_row_is_taken_apart() -> None:
    """Key, headers and cells, with where each cell stands."""
    found = row("Rye: Height = 12; Open = all year")
    assert found
    assert found.key == "Rye"
    assert [(h, c) for h, c, _ in found.cells] == [("Height", "12"), ("Open", "all year")]
    assert row("The bridge: a long story.") is None


def test_the_row_that_is_named_is_looked_up() -> None:
    """However much alike the others look to the reader; the cell that is asked for is marked."""
    rows, left = looked_up("When is Hove open?", read(TABLE, 0.9, 0.2, 0.5))
    assert [c.text for c in rows] == ["Hove: Height = 9; Open = in May"]
    assert rows[0].span
    assert rows[0].hit.passage.slice(*rows[0].span) == "in May"
    assert settles("When is Hove open?", rows[0])
    assert [c.text for c in left] == ["Hove: Height = 9; Open = in May"]


def test_all_rows_that_fit_are_listed() -> None:
    """By a cell that the question names."""
    query = Query("Which piers are open all year?", "Which piers are open all year?", "list")
    found = quote(decide(query, [], read(TABLE, 0.5, 0.9, 0.1), 0.35).chosen, 5, "list")
    assert [s.text.split(":")[0] for s in found] == ["Rye", "Lee"]


def test_a_row_is_asked_for_by_one_of_its_cells() -> None:
    """Its key is marked, where it is of the kind that is asked for."""
    said = read("Pier | Bait\nRye: Bait = worms\nHove: Bait = shrimps", heading="Pier")
    rows, _ = looked_up("Which pier sells shrimps?", said)
    assert rows[0].span
    assert rows[0].hit.passage.slice(*rows[0].span) == "Hove"


def test_a_record_is_looked_up_as_a_row_is() -> None:
    """By its name and a label in it; one word of the question may stand nowhere, where both are named in full."""
    units = [
        "Otters\n  Morning: trout\n  Evening: crabs",
        "Cranes\n  Morning: barley\n  Evening: none",
        "def f():\n    x()",
    ]
    assert [bool(row(unit)) for unit in units] == [True, True, False]
    said = [Candidate(make_hit(unit), 0, len(unit), 0.1) for unit in units]
    query = "What do otters get in the evening?"
    [found], _ = looked_up(query, said)
    assert found.span
    assert found.text[slice(*found.span)] == "crabs"
    assert settles(query, found)
    assert not settles("What do otters get from visitors in the evening?", found)
    assert decide(Query(query, query), [], said, 0.35).chosen == (found,)


def test_of_key_and_cell_the_one_is_asked_for_that_is_not_told() -> None:
    """ "The train to Pellin" is a row's key by its cell; when it leaves is another cell."""
    said = read(
        "Train | Leaves | Goes to\nR 14: Leaves = 08:15; Goes to = Pellin\nR 18: Leaves = 17:30; Goes to = Orle",
        heading="Train",
    )
    for question, told_ in (
        ("When does the train to Pellin leave?", "08:15"),
        ("Which train leaves at 17:30?", "R 18"),
    ):
        rows, _ = looked_up(question, said)
        assert rows[0].span
        assert rows[0].hit.passage.slice(*rows[0].span) == told_


BOATS = (
    "Anna: Crew = 12; Length in metres = 31; Home = Rye\nBerta: Crew = 9; Length in metres = 1,040; Home = Hove\n"
    "Clara: Crew = 9; Length in metres = 27.5; Home = Rye\nDora: Crew = 30; Length in metres = 44; Home = Rye"
)


@pytest.mark.parametrize(
    ("question", "found", "told"),
    [
        ("Which boat has the largest crew?", ["30"], "most under “Crew” of 4 rows"),
        ("Which boat has the fewest crew?", ["9", "9"], "least under “Crew” of 4 rows; 2 rows share it"),
        ("Which is the longest boat?", ["1,040"], "most under “Length in metres” of 4 rows"),
        ("What is the shortest length of a boat?", ["27.5"], "least under “Length in metres”"),
        ("Which boat has most of its crew in Rye?", [], ""),
        ("Which boat has a crew of at most ten?", [], ""),
        ("Which boat has the best cook?", [], ""),
        ("Which home has the most?", [], ""),
        ("How large is the crew of Anna?", [], ""),
        ("What is the largest crew of Anna?", [], ""),
    ],
)
def test_the_most_is_looked_for_in_all_rows(question: str, found: list[str], told: str) -> None:
    """However few were read; where the column is not plain, or is not of numbers, nothing is."""
    whole = read(BOATS)
    said, first = extreme(question, whole[:1], lambda id: [whole[0].hit.passage])
    assert [c.hit.passage.slice(*c.span) for c in first if c.span] == found
    assert told in said


LISTS = (
    "1. Fill the cup.\n2. Turn the wheel.\n10. Shut the tap.\n4.1 Dogs stay outside.\nMotion 4: to mend the roof.\n"
    "E18: Rope slack.\nE180: Hatch open.\n3.2.1 (2020-05-01)\nPEP 8 was written in 2001."
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What is the second step?", ["2. Turn the wheel."]),
        ("What is step 1?", ["1. Fill the cup."]),
        ("What is the last step?", ["10. Shut the tap."]),
        ("What does rule 4.1 say?", ["4.1 Dogs stay outside."]),
        ("Was motion 4 approved?", ["Motion 4: to mend the roof."]),
        ("What should I do when the panel shows E18?", ["E18: Rope slack."]),
        ("When was 3.2.1 released?", ["3.2.1 (2020-05-01)"]),
        ("When was version 3.2 released?", []),
        ("When was PEP 8 written?", []),
        ("What was done on 2020-05-01?", []),
        ("How many cups are there in 2020?", []),
        ("Who turned the second wheel?", []),
    ],
)
def test_what_stands_at_a_number_is_found_by_it(question: str, found: list[str]) -> None:
    """By what opens a line: a step, a rule, a code, a version; a number within a sentence is no such place."""
    assert [c.text for c in numbered(question, read(LISTS), timed="When" in question)] == found


def test_what_stands_before_a_heading_is_not_under_it() -> None:
    """Though they share a passage: the title of a page and its first section."""
    page = read("Log of the harbour\n4.2 (May 2025)\nThe lamp was mended.")
    headed = replace(page[0].hit.passage, heading="4.2 (May 2025)")
    page = [replace(c, hit=replace(c.hit, passage=headed)) for c in page]
    assert [c.text for c in numbered("What is new in version 4.2?", page)] == ["The lamp was mended."]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What does the tram cost?", ["What does the tram cost?\n\n4 francs"]),
        ("How long does the tram take?", []),
        ("Who pays for the tram?", ["Who pays for the tram?\n\nThe city"]),
        ("Has the tram been cleaned?", ["[ ] Clean the tram"]),
        ("Which rooms may guests of the tram use?", ["Guests\n  Rooms of use: one tram"]),
    ],
)
def test_a_reply_a_task_and_a_record_are_found_by_what_they_stand_under(question: str, found: list[str]) -> None:
    """Where all words of the question stand there, and a reply's question asks for the same."""
    units = ["What does the tram cost?\n\n4 francs", "Who pays for the tram?\n\nThe city", "[ ] Clean the tram",
             "Guests\n  Rooms of use: one tram", "The tram takes a long time."]  # fmt: skip
    said = [c for unit in units for c in [Candidate(make_hit(unit), 0, len(unit), 0.1)]]
    assert [c.text for c in told(question, said)] == found
    decided = decide(Query(question, question), [], said, 0.35)
    assert [c.text for c in decided.chosen] == found


OF_STRUCTURE = (
    "# Rules of the pier\n\n## Article 4 Penalties\n\nWhoever fishes at night pays 80 crowns.\n\n## Who may fish?\n\n"
    "Members with a stamp, in daylight.\n\n## 2.9.0 (2021-03-02)\n\n- Support for nets was removed.\n\n## Passes\n\n"
    "- A pass is refused to\n- children\n- drunkards\n\n**Motion 7**: that lamps be bought. Carried.\n\n"
    "Apologies: R. Moe\n\n8. **Repairs.** The tenant keeps the roof of the hut tight.\n"
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What does Article 4 say?", ["Whoever fishes at night pays 80 crowns."]),
        ("What became of motion 7?", ["Motion 7: that lamps be bought. Carried."]),
        ("What does clause 8 say?", ["8. Repairs. The tenant keeps the roof of the hut tight."]),
        ("Who may fish?", ["Members with a stamp, in daylight."]),
        ("Which version removed support for nets?", ["2.9.0 (2021-03-02)", "Support for nets was removed."]),
        ("To whom is a pass refused?", ["A pass is refused to"]),
        ("Who sent apologies?", ["Apologies: R. Moe"]),
        ("When may one fish?", []),
    ],
)
def test_what_a_document_says_by_its_structure_is_found(question: str, found: list[str]) -> None:
    """Under a numbered heading, one that asks, one that names a version; in lines that break off or have a label."""
    said = candidates_of(OF_STRUCTURE, "a.md")
    there = numbered(question, said) or told(question, said) or labelled(question, said)
    assert [c.text for c in there] == found


def test_who_and_when_is_asked_of_a_whole_document() -> None:
    """The line that declares it answers, where the question names nothing but the title; of others, none does."""
    text = "Title: Notes on moss\nAuthor: Bo Ek\nDate: 3 March 1999\n\nMoss was first described by Carl Moe in 1871.\n"
    said = candidates_of(text, "a.txt")
    for question, right in (("Who wrote the notes on moss?", "Bo Ek"), ("When was the text written?", "1999")):
        assert [right in c.text for c in declared(question, said)] == [True]
    for question in ("Who wrote the book on ferns?", "When was the mill published?", "Who grows moss?"):
        assert not declared(question, said)
    assert not of_publishing("Who published the notes on moss?", said)
    assert of_publishing("Who published a book on moss in 1871?", said) == said


def test_a_question_in_another_language_gets_the_sentence_that_shares_its_words() -> None:
    """Where one stands out; marked as doubtful, for no model read it."""
    query = Query("Quand fut fondée la société ?", "", foreign=True)
    clear, level = (
        read("La société fut fondée en 1887.\nElle vend du sel.", 0.6, 0.1),
        read("La société.\nElle.", 0.4, 0.35),
    )
    assert decide(query, [], clear, 0.35).unsure
    assert not decide(query, [], level, 0.35).chosen


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        (
            "Compare the number of ships in 2018 and in 2022.",
            ["the number of ships in 2018", "the number of ships in 2022"],
        ),
        ("Which is higher, Brenna or Hove?", ["How high is Brenna?", "How high is Hove?"]),
        ("Compare Rye and Hove.", ["Rye", "Hove"]),
        (
            "How much fish came in in 2018 compared with 2022?",
            ["How much fish came in in 2018?", "How much fish came in in 2022?"],
        ),
    ],
)
def test_the_sides_of_a_comparison_are_searched_one_by_one(question: str, sides: list[str]) -> None:
    """Each with all that belongs to it."""
    assert [part.text for part in understand(question).parts] == sides


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Are there rooms where people sleep?", "yes-no"),
        ("At which piers may dogs run?", "list"),
        ("What should I do when the bell rings?", "how-to"),
        ("How is glass made?", "how-to"),
        ("What's a day ticket?", "who-is"),
        ("LRC?", "who-is"),
    ],
)
def test_the_kind_of_a_question_is_read_off_its_grammar(question: str, kind: str) -> None:
    """What would be an answer to it."""
    assert understand(question).kind == kind


@pytest.mark.parametrize("year", [2020, 1999])
def test_what_stands_beside_other_years_alone_is_doubted(year: int) -> None:
    """Where the passage is of one year and the question of another; not where it has the year, or none, or spans it."""
    query = understand(f"What was the fee for a berth in {year}?")
    assert decide(query, [], read("The fee was 395 euros in 2022.", 0.9), 0.35).unsure
    for said in (f"The fee was 395 euros in {year}.", "The fee was 395 euros.", "From 1990 to 2022 it was 395 euros."):
        assert not decide(query, [], read(said, 0.9), 0.35).unsure


def test_of_two_years_the_one_asked_for_comes_first() -> None:
    """Though the reader likes the other better."""
    right, wrong = read("In 2018, 1,204 ships called.", 0.6), read("In 2022, 1,871 ships called.", 0.8)
    query = understand("How many ships called in 2018?")
    assert decide(query, [], [*wrong, *right], 0.35).chosen[0] == right[0]


def test_what_stands_under_the_month_asked_for_comes_first() -> None:
    """Minutes of a board are alike from month to month."""
    told = []
    for month, score in (("March", 0.5), ("May", 0.8), ("June", 0.7)):
        (said,) = read("The board sold a boat.", score)
        told.append(replace(said, hit=replace(said.hit, passage=replace(said.hit.passage, heading=f"{month} 2021"))))
    decision = decide(understand("What did the board sell in March 2021?"), [], told[::-1], 0.35)
    assert decision.chosen[0] == told[0]
    assert not decision.doubted
    assert decide(understand("What did the board sell in July 2021?"), [], told, 0.35).doubted
    assert not decide(understand("What did the board sell in 2021?"), [], told, 0.35).doubted


def test_each_of_several_things_needs_less_to_be_told() -> None:
    """A side of a comparison is told at a share of the threshold."""
    query, said = Query("ships in 2018", "ships in 2018"), read("In 2018, 1,204 ships called.", 0.25)
    assert decide(query, [], said, 0.35, several=True).chosen
    assert not decide(query, [], said, 0.35).chosen
