"""Numbers, dates, names, negations and quotations: found, normalised, compared."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language import Fact, denied, facts, fold, meant, missing, name_key, same_name


def values(text: str, kind: str) -> list[str]:
    return [f.value for f in facts(text) if f.kind == kind]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("It has forty rooms.", "number", "40"),
        ("It has 40 rooms.", "number", "40"),
        ("There were twenty-five of them.", "number", "25"),
        ("There were 1,200 of them.", "number", "1200"),
        ("There were 1200 of them.", "number", "1200"),
        ("two hundred and fifty boats", "number", "250"),
        ("some 1.2 million people", "number", "1200000"),
        ("a dozen boats", "number", "12"),
        ("her third book", "number", "3rd"),
        ("one-fourth of the crew", "number", "1/4"),
        ("two thirds agreed", "number", "2/3"),
        ("the twenty-fifth day", "number", "25th"),
        ("the 3rd book", "number", "3rd"),
        ("rose by 12.5%", "percent", "12.5"),
        ("rose by 12.5 per cent", "percent", "12.5"),
        ("twelve percent of them", "percent", "12"),
        ("It cost $3.5 million.", "money", "USD 3500000"),
        ("It cost 3.5 million dollars.", "money", "USD 3500000"),
        ("It cost €48m.", "money", "EUR 48000000"),
        ("a 40-day truce", "quantity", "40 day"),
        ("forty days", "quantity", "40 day"),
        ("30km away", "quantity", "30 km"),
        ("30 kilometres away", "quantity", "30 km"),
        ("on Oct. 7", "date", "--10-07"),
        ("on October 7th", "date", "--10-07"),
        ("on 7 October", "date", "--10-07"),
        ("on 7 October 2023", "date", "2023-10-07"),
        ("on October 7, 2023", "date", "2023-10-07"),
        ("on 2023-10-07", "date", "2023-10-07"),
        ("in October 2023", "date", "2023-10"),
        ("in 2017", "date", "2017"),
        ("in the 1990s", "date", "1990s"),
        ("in the nineteenth century", "date", "c19"),
        ("in the twenty-first century", "date", "c21"),
        ("on Tuesday", "date", "tuesday"),
        ("at 9:30 p.m.", "date", "T21:30"),
        ("at 21:45", "date", "T21:45"),
        ("a man called Saleh al-Aruri left", "name", "saleh al-aruri"),
        ("the University of Chicago won", "name", "university of chicago"),
        ("it was J. K. Rowling", "name", "j. k. rowling"),
        ("the UN agreed", "name", "un"),
        ("He did not attend.", "negation", "not attend"),
        ("He didn’t attend.", "negation", "not attend"),
        ("He never attended.", "negation", "not attend"),
        ("They failed to agree.", "negation", "not agre"),
        ("He said “we will wait”.", "quote", "we will wait"),
        ('He said "We will wait."', "quote", "we will wait"),
        ("He said «We will wait».", "quote", "we will wait"),
        ("He said ‘we don’t wait’.", "quote", "we don't wait"),
    ],
)
def test_normal_form(text: str, kind: str, value: str) -> None:
    """A fact has one value, however it is written."""
    assert values(text, kind) == [value]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("One of them may go in May.", "number"),
        ("The weather was fine. Researchers agreed.", "name"),
        ("It was not only late but wrong.", "negation"),
        ("They may march, he said.", "date"),
        ("The ship's dogs' bowls", "quote"),
        ("According to him, However odd, This is so.", "name"),
    ],
)
def test_not_a_fact(text: str, kind: str) -> None:
    """What only looks like a fact is none."""
    assert values(text, kind) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("al-Aruri", "al-Arouri"),
        ("Hizbullah", "Hezbollah"),
        ("Abdullahian", "Abdollahian"),
        ("Haniyeh", "Haniya"),
        ("Muhammad", "Mohamed"),
        ("Hussein", "Hossein"),
        ("Qassem", "Kassim"),
        ("Müller", "Muller"),
        ("Aruri", "al-Arouri"),
        ("Waleed", "Walid"),
        ("Tariq", "Tarek"),
        ("Nasser", "Nasir"),
        ("Shaikh", "Sheikh"),
    ],
)
def test_one_name_spelled_two_ways(a: str, b: str) -> None:
    """Transliterations of a name are the same name, both ways round, under one key."""
    assert same_name(a, b)
    assert same_name(b, a)
    assert name_key(a) == name_key(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [("Khomeini", "Khamenei"), ("Iran", "Iraq"), ("Oman", "Amman"), ("Martin", "Morton"), ("Beirut", "Berat"),
     ("Israel", "Ismail"), ("Austria", "Australia"), ("Niger", "Nigeria"), ("Warner", "Werner"), ("Jansen", "Jensen"),
     ("Peterson", "Patterson"), ("Mailer", "Miller"), ("Kramer", "Kremer"), ("Maria", "Mario")],
)  # fmt: skip
def test_two_names(a: str, b: str) -> None:
    """Names that differ in more than transliteration stay apart."""
    assert not same_name(a, b)


NAMES = ("Aruri", "Arouri", "Australia", "Hezbollah", "Israel", "Israeli", "Kissufim", "Johnson", "Johnston", "Raisi")


@pytest.mark.parametrize(
    ("word", "name"),
    [("Hezbolah", "Hezbollah"), ("Hizbullah", "Hezbollah"), ("hezbolalh", "Hezbollah"), ("Kissufin", "Kissufim"),
     ("Isreali", "Israeli"), ("Arourri", "Arouri")],
)  # fmt: skip
def test_a_slip_of_the_pen_means_the_name_it_is_nearest_to(word: str, name: str) -> None:
    """A letter wrong, missing, doubled or changed with its neighbour, in any case; another way to spell it."""
    assert meant(word, NAMES) == name


@pytest.mark.parametrize("word", ["Johnstn", "Mossad", "Hamdan", "Sinai", "Bezbollah", "Hezbollah", "Aruri"])
def test_what_may_be_another_name_means_itself(word: str) -> None:
    """Two names near, a short word, another first letter, more than a slip; what is spelled right."""
    assert meant(word, ("Assad", "Hamas", *NAMES)) == ""


EVIDENCE = (
    "On Oct. 7, 2023 Hizbullah fired forty rockets, said U.S. President Joe Biden. Saleh al-Aruri did not "
    "attend the meeting in Lebanon of the United Nations. “We will never forget it,” he added. It cost $3.5 million."
)


@pytest.mark.parametrize(
    "claim",
    [
        "On 7 October 2023 Hezbollah fired 40 rockets.",
        "In October 2023 rockets were fired.",
        "In 2023 it was fired, Biden said.",
        "Al-Arouri did not attend the UN meeting.",
        "The Lebanese meeting took place in the US.",
        "He said: \"we will never forget it\".",
        "The cost was 3.5 million dollars.",
    ],
)  # fmt: skip
def test_nothing_missing(claim: str) -> None:
    """A claim may say a date less exactly; a name shorter, spelled otherwise or by initials."""
    assert missing(claim, EVIDENCE) == ()


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("On 8 October 2023 it was fired.", "8 October 2023"),
        ("On Oct. 7, 2022 it was fired.", "Oct. 7, 2022"),
        ("Hezbollah fired 41 rockets.", "41"),
        ("It was said in Tehran.", "Tehran"),
        ("President Barack Biden said it.", "President Barack Biden"),
        ("He said “we will always remember it”.", "“we will always remember it”"),
        ("Hezbollah did not fire rockets.", "not"),
        ("It cost €3.5 million.", "€3.5 million"),
        ("It rose by 40%.", "40%"),
    ],
)
def test_what_is_missing_is_named(claim: str, said: str) -> None:
    """The fact that the evidence does not hold is returned with the words that state it."""
    assert [claim[f.start : f.end] for f in missing(claim, EVIDENCE)] == [said]


def test_a_denial_left_out_is_seen() -> None:
    """A claim that says what the evidence denies is told from one that denies it too."""
    assert [f.value for f in denied("Al-Aruri attended the meeting.", EVIDENCE)] == ["not attend"]
    assert denied("Al-Aruri did not attend the meeting.", EVIDENCE) == ()
    assert denied("Joe Biden spoke.", EVIDENCE) == ()


@pytest.mark.parametrize(
    ("word", "typed"), [("Łukasz", "lukasz"), ("Ødegård", "odegard"), ("Straße", "strasse"), ("Þór", "thor")]
)
def test_a_name_is_found_without_the_letters_of_its_language(word: str, typed: str) -> None:
    """A keyboard may lack them, whether or not Unicode takes them apart."""
    assert fold(word) == typed


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (4, 2)])
def test_a_fact_has_characters(start: int, end: int) -> None:
    """A fact without characters cannot be made; the message holds the offsets."""
    with pytest.raises(ValueError, match=rf"{start}\.\.{end}"):
        Fact("number", "1", start, end)


_pieces = st.sampled_from(
    "On 7 October|2023|forty|1,200|$3.5 million|12%|Hizbullah|al-Arouri|“we wait”|not|n't|’|\"|3rd|\n|. |, |the|"
    "café|e\u0301|🚀|שלום|Oct.|-|9:30 p.m.|ǆ|İ".split("|")
)


@given(st.lists(_pieces, max_size=12).map(" ".join) | st.text(max_size=80))
def test_spans_are_exact_and_ordered(text: str) -> None:
    """Every fact lies in the text, in order; only quotations overlap; the text itself lacks none of its facts."""
    found = facts(text)
    assert all(0 <= f.start < f.end <= len(text) for f in found)
    assert list(found) == sorted(found, key=lambda f: f.start)
    plain = [f for f in found if f.kind != "quote"]
    assert all(a.end <= b.start for a, b in pairwise(plain))
    assert missing(text, text) == ()


@given(st.text(max_size=30), st.text(max_size=30))
def test_same_name_is_symmetric(a: str, b: str) -> None:
    """Whether two words spell one name does not depend on their order; each word spells itself."""
    assert same_name(a, b) == same_name(b, a)
    assert same_name(a, a)


def test_a_text_in_lower_case_holds_the_same_dates() -> None:
    """Months and weekdays need no capital, but for the two that are verbs as well: those need a year."""
    evidence = "he came on saturday, 7 june 2010, in july, in the 19th century and on 22 may 2006; they may 2 see."
    claim = "On 7 June 2010, a Saturday, in July, in the 19th Century and on 22 May 2006 he came."
    assert missing(claim, evidence) == ()
    assert [f.kind for f in facts("They may 2 see.")] == ["number"]


def test_a_unit_that_another_number_has_is_no_match() -> None:
    """Four decades are 40 years; three months are not two."""
    assert missing("trips over four decades", "he went for 40 years") == ()
    assert missing("within two months", "the two men met within three months of that")


@pytest.mark.parametrize(
    ("a", "b"), [("Hill", "Hall"), ("Karl", "Carol"), ("Mali", "Male"), ("Baker", "Becker"), ("Reed", "Rod")]
)
def test_short_names_that_only_sound_alike_are_two(a: str, b: str) -> None:
    """What spelling varies in a long transliterated name tells two short ones apart."""
    assert not same_name(a, b)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3k users", "3000"),
        ("1.2m users", "1200000"),
        ("2.5m people", "2500000"),
        ("-5 degrees", "-5 degree"),
        ("3,5 percent", "3.5"),
        ("1,200 people", "1200"),
        ("a 1.2m wall", "1.2"),
        ("sold 1.2M", "1200000"),
        ("1.234.567 people", "1234567"),
        ("minus 5 degrees", "-5 degree"),
        ("2½ hours", "2.5 hour"),
        ("£2.5k", "GBP 2500"),
        ("12.5 k users", "12500"),
        ("at 300 K", "300"),
        ("half a million people", "500000"),
        ("two and a half million", "2500000"),
        ("one and a half hours", "1.5 hour"),
        ("nineteen eighty-four", "1984"),
        ("1\u202f200 people", "1200"),
        ("3,50 €", "EUR 3.5"),
        ("EUR 2bn", "EUR 2000000000"),
    ],
)
def test_figures_are_read_as_people_write_them(text: str, value: str) -> None:
    """Thousands and millions glued to digits, a minus, a decimal comma, halves, years in words, a currency behind."""
    assert [f.value for f in facts(text)] == [value]


def test_digits_that_begin_a_name_are_no_figure() -> None:
    """A company may be called by a number; a unit glued to one is still a unit."""
    assert not [f for f in facts("23andMe bought 1Password and 37signals.") if f.kind == "number"]
    assert [f.value for f in facts("He ran 5kilometres.")] == ["5"]


@pytest.mark.parametrize("name", ["Brussels", "Athens", "Peters", "Paris", "Oslo", "Boston"])
def test_a_name_that_opens_a_claim_is_missed_where_it_does_not_stand(name: str) -> None:
    """Whatever its ending looks like."""
    assert [f.value for f in missing(f"{name} rejected the plan.", "Berlin rejected the plan.")] == [name.lower()]


@pytest.mark.parametrize("opener", ["Ministers", "Rain", "Police", "Older residents", "Measles"])
def test_a_common_word_that_opens_a_claim_is_no_name(opener: str) -> None:
    """Nor does it look like one by its ending."""
    assert not missing(f"{opener} stopped the plan.", "They stopped the plan.")
