"""Who speaks, and what a sentence needs beside it to be understood."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from qa.answer.attribute import attribute, dated
from qa.language.dates import written
from qa.language.speakers import leans_back, speaker, speaks
from qa.schema import Passage, Source, Span

GAZETTE = Source("g", "Talks on the harbour", publisher="The Gazette", published="2023-12-05")


def passage(*sentences: str, apart: str = " ") -> Passage:
    spans: list[Span] = []
    start = 0
    for sentence in sentences:
        spans.append((start, start + len(sentence)))
        start += len(sentence) + len(apart)
    text = apart.join(sentences)
    return Passage("g", 0, len(text), text, tuple(spans))


def last_speaker(*sentences: str) -> str:
    told = passage(*sentences)
    return speaker(told, told.sentences[-1])


@pytest.mark.parametrize(
    ("sentence", "who"),
    [
        ("Mara Lindqvist said the harbour would close.", "Mara Lindqvist"),
        ("“The harbour will close,” said Mara Lindqvist.", "Mara Lindqvist"),
        (
            "“It will close,” Mara Lindqvist, a former pilot who served in Oslo, told The Gazette.",
            "Mara Lindqvist",
        ),
        (
            "Mara Lindqvist of the Port Institute, a senior fellow there, said talks would fail.",
            "Mara Lindqvist",
        ),
        ("The harbour will close, according to Mara Lindqvist.", "Mara Lindqvist"),
        ("The plan, in Mara Lindqvist's view, cannot work.", "Mara Lindqvist"),
        ("A union leader, Tomas Berg, warned of a strike.", "Tomas Berg"),
        ("A joint statement said that the parties agreed.", "a joint statement"),
        ("Senior port officials denied that ships had left.", "Senior port officials"),
        ("Talks were under way, two diplomats said.", "two diplomats"),
        ("The plan was described by Tomas Berg as unworkable.", "Tomas Berg"),
        ("Al-Madar, a Beirut newspaper, reported that ships had left.", "Al-Madar"),
        ("The harbour closed on Monday.", ""),
        ("Ships left what Norway calls the “Quiet Zone” on Monday.", ""),
        ("The widely reported closure took a day.", ""),
        ("“He said it would close” was painted on the wall.", ""),
        ("Mara Lindqvist: “The harbour will close.”", "Mara Lindqvist"),
        ("Residents of the quarter told the council that ships were loud.", "Residents"),
        ("The harbour, according to two engineers who saw it, will close.", "two engineers"),
        ("Mara Lindqvist added milk to her tea.", ""),
        ("If the minister says so, the harbour closes.", ""),
        ("Neither Berg nor Roth would say when it closes.", ""),
        ("The Prime Minister, Mara Lindqvist, told the crew that it would close.", "Mara Lindqvist"),
    ],
)
def test_the_speaker_is_found_in_the_sentence(sentence: str, who: str) -> None:
    """Subject before or after the verb, with an apposition between, after "according to"; else nobody."""
    assert last_speaker(sentence) == who


@pytest.mark.parametrize(
    ("sentences", "who"),
    [
        (("Mara Lindqvist called the plan weak.", "He added that it would fail."), "Mara Lindqvist"),
        (("Mara Lindqvist called the plan weak.", "Ships wait.", "It will fail, she said."), ""),
        (("Mara Lindqvist warned of delay.", "Lindqvist said ships would wait."), "Mara Lindqvist"),
        (("Al-Madar, a Beirut newspaper, covered it.", "Its report said that ships had left."), ""),
        (("Mara Lindqvist said so.", "Tomas Berg came.", "He said it went well."), ""),
        (("“We waited.", "Nobody came,” Mara Lindqvist said.", "The ships left."), ""),
        (("“We waited,” Mara Lindqvist said.", "“Nobody came at all.”"), "Mara Lindqvist"),
        (("Tomas Berg objected.", "The weather was fine.", "It rained later."), ""),
    ],
)
def test_a_pronoun_is_followed_back(sentences: tuple[str, ...], who: str) -> None:
    """ "He said" takes its speaker from the sentence before, and only from there."""
    assert last_speaker(*sentences).casefold() == who.casefold()


def test_a_speaker_is_known_by_a_shorter_name() -> None:
    """ "London" for Doug London, not for another body's words nor the outlet's own."""
    told = passage("Doug London said the pact is dead.", "He added that it rained.", "The sun came out.")
    assert speaks("London", told, told.sentences[1])
    assert not speaks("Maksad", told, told.sentences[0])
    assert not speaks("London", told, told.sentences[2])


def test_a_quotation_over_several_sentences_has_one_speaker() -> None:
    """The speaker named where the quotation ends also said its first sentence."""
    told = passage("“We waited for a day.", "Nobody came,” Mara Lindqvist said.")
    assert speaker(told, told.sentences[0]) == "Mara Lindqvist"


def test_without_a_name_before_it_a_pronoun_stays_open() -> None:
    """Nobody is made the speaker because a name stands near."""
    assert last_speaker("Tomas Berg met Mara Lindqvist on Monday.", "He said it went well.") == ""


@pytest.mark.parametrize(
    ("sentence", "phrase"),
    [
        ("The harbour closed.", "According to The Gazette (5 December 2023)"),
        ("The newspaper argues that it closed.", "The Gazette (5 December 2023)"),
        ("It closed, according to the newspaper.", "The Gazette (5 December 2023)"),
        ("The Gazette reports that it closed.", ""),
        ("It closed, according to The Gazette.", ""),
        ("“It closed,” he said.", "Tomas Berg, quoted by The Gazette (5 December 2023)"),
        ("He said it closed.", "Tomas Berg, as reported by The Gazette (5 December 2023)"),
        ("“It closed,” said Tomas Berg.", "According to The Gazette (5 December 2023)"),
        ("Tomas Berg said it closed.", "According to The Gazette (5 December 2023)"),
        ("Berg said it closed.", "Tomas Berg, as reported by The Gazette (5 December 2023)"),
        ("“Tomas Berg is ill,” he said.", "Tomas Berg, quoted by The Gazette (5 December 2023)"),
    ],
)
def test_the_outlet_is_always_named(sentence: str, phrase: str) -> None:
    """Once: by the words themselves, before "the newspaper argues", behind the person it quotes, or as who says so."""
    told = passage("Tomas Berg told of the harbour.", sentence)
    assert attribute(GAZETTE, sentence, told, told.sentences[1]) == phrase


def test_an_outlet_that_passes_another_on_names_both() -> None:
    """Where the words shown do not name the other one themselves."""
    told = passage("Al-Madar, a Beirut newspaper, reported talks.", "It said the harbour closed.")
    found = attribute(GAZETTE, told.slice(*told.sentences[1]), told, told.sentences[1])
    assert found == "Al-Madar, as reported by The Gazette (5 December 2023)"


@pytest.mark.parametrize(
    ("inferred", "written"),
    [
        ((), "The Gazette (May 2023)"),
        (("title", "language"), "The Gazette (May 2023)"),
        (("published",), "The Gazette (May 2023, inferred)"),
        (("publisher",), "The Gazette (publisher inferred; May 2023)"),
        (("publisher", "published"), "The Gazette (publisher inferred; May 2023, inferred)"),
    ],
)
def test_what_was_read_off_the_text_is_marked(inferred: tuple[str, ...], written: str) -> None:
    """An outlet or a date that no one declared is never passed off as declared."""
    source = Source("g", "Ships", publisher="The Gazette", published="2023-05", inferred=inferred)
    assert dated(source) == written


def test_an_author_read_off_the_text_is_not_named() -> None:
    """Nobody is given words by guess: the outlet stands alone, or the title."""
    paper = Source("p", "Ports", publisher="Harbour Studies", author="Ada Roth", inferred=("author",))
    told = passage("The author expects closures.")
    assert attribute(paper, told.text, told, told.sentences[0]) == "Harbour Studies"
    bare = Source("p", "Ports", author="Ada Roth", inferred=("author",))
    told = passage("Ports close.")
    assert attribute(bare, told.text, told, told.sentences[0]) == "According to “Ports”"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Terms of Service", "“Terms of Service”"),
        ("Counting Seabirds from the Air: A Method for Islands and Shallow Coasts", "“Counting Seabirds from the Air”"),
        ("The Program of Comprehensive Assistance to Family Caregivers of Post-9/11 Veterans",
         "“The Program of Comprehensive Assistance to Family Caregivers …”"),
        ("How to manage the account of someone who is ill (or has died)",
         "“How to manage the account of someone who …”"),
    ],
)  # fmt: skip
def test_a_title_that_stands_for_the_outlet_is_short(title: str, said: str) -> None:
    """In quotation marks, nine words at most, with the day of its last change where no other is known."""
    told = passage("Ports close.")
    found = attribute(Source("p", title, updated="2023-01-06"), told.text, told, told.sentences[0])
    assert found == f"According to {said} (updated 6 January 2023)"


def test_what_a_document_is_stands_under_its_title() -> None:
    """ "According to The Gazette: Publisher: The Gazette" says it twice."""
    told = passage("Publisher: The Gazette", "Published: 2023-12-05", apart="\n")
    for span in told.sentences:
        assert attribute(GAZETTE, told.slice(*span), told, span) == "“Talks on the harbour”"


def test_a_source_named_before_is_named_shortly() -> None:
    """Its name alone; one that is called as another of the answer is told apart."""
    told = passage("It closed.", "“It closed,” he said.")
    assert attribute(GAZETTE, "It closed.", told, told.sentences[0], again=True) == "The Gazette"
    named = attribute(GAZETTE, "It closed.", told, told.sentences[0], apart=True)
    assert named == "According to The Gazette, “Talks on the harbour” (5 December 2023)"
    policy = Source("hey-refund", "Refund policy", updated="2023")
    assert dated(policy, apart=True) == "“Refund policy” (hey-refund; updated 2023)"


def test_an_outlet_read_off_the_text_is_marked_though_the_words_name_it() -> None:
    """Nothing inferred is passed off as declared."""
    source = Source("g", "Ships", publisher="The Gazette", inferred=("publisher",))
    told = passage("The Gazette reports that it closed.")
    assert attribute(source, told.text, told, told.sentences[0]) == "According to The Gazette (publisher inferred)"


def test_an_author_speaks_in_a_journal() -> None:
    """ "The author" of a signed text is named; else the journal alone."""
    paper = Source("p", "Ports", publisher="Harbour Studies", author="Ada Roth", published="2025")
    told = passage("The author expects closures.")
    found = attribute(paper, told.text, told, told.sentences[0])
    assert found == "Ada Roth in Harbour Studies (2025)"
    told = passage("Ports close.")
    assert attribute(paper, told.text, told, told.sentences[0]) == "According to Harbour Studies (2025)"


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("2017", "2017"),
        ("2023-10", "October 2023"),
        ("2023-12-05", "5 December 2023"),
        ("", ""),
        ("soon", "soon"),
    ],
)
def test_dates_are_written_as_precisely_as_they_are_known(iso: str, words: str) -> None:
    """No day is invented for a month, no month for a year."""
    assert written(iso) == words


@pytest.mark.parametrize(
    "text",
    [
        "He added that ships left.",
        "However, they left.",
        "But ships left.",
        "This was denied.",
        "In his view ships left.",
        "After that meeting ships left.",
    ],
)
def test_words_that_need_the_sentence_before(text: str) -> None:
    """Pronouns, pointing words and joins at the start lean on what came before."""
    assert leans_back(text)


@pytest.mark.parametrize(
    "text",
    [
        "Tomas Berg said he left.",
        "It is clear that ships left.",
        "This week ships left.",
        "Both Norway and Denmark left.",
        "Although Norway said it would stay, ships left.",
        "Those who stayed were few.",
        "",
    ],
)
def test_words_that_stand_alone(text: str) -> None:
    """A name or an empty "it" at the start needs nothing before it."""
    assert not leans_back(text)


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5))
def test_any_text_gets_an_attribution_that_names_the_outlet(sentences: list[str]) -> None:
    """Whatever the words, the outlet stands in the attribution, or in them, and nothing fails."""
    told = passage(*sentences)
    for span in told.sentences:
        text = told.slice(*span)
        phrase = attribute(GAZETTE, text, told, span)
        assert "The Gazette (5 December 2023)" in phrase or (not phrase and "gazette" in text.casefold())
        leans_back(told.slice(*span))


LOADED = re.compile(
    r"\b(?:regime|terror|martyr|resist|massacr|aggress|occup|militan|extrem|liberat|enem|propagand|thug)",
    re.I,
)


def own_words(path: Path) -> list[str]:
    """String literals of a module that may be shown: no docstring, no word list, no pattern."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    data = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) or (isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] == "re")
        for inner in ast.walk(node)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | data
    ]


def test_no_template_takes_sides() -> None:
    """No sentence that the assistant itself forms holds a loaded word."""
    modules = [*sorted((ROOT / "src/qa/answer").glob("*.py")), ROOT / "src/qa/dialogue.py"]
    read = {f"{path.parent.name}/{path.name}": own_words(path) for path in modules}
    assert any("as reported by" in text for text in read["answer/attribute.py"])
    assert any("about" in text for text in read["qa/dialogue.py"])
    found = [(name, text) for name, texts in read.items() for text in texts if LOADED.search(text)]
    assert not found


def test_nobody_speaks_in_the_head_of_a_table() -> None:
    """A written sentence may cite words that are no sentence; whose they are is told all the same."""
    text = "| Cheese | Milk |\nPennock Blue: Milk = cow"
    told = Passage("g", 0, len(text), text, ((18, len(text)),))
    assert speaker(told, (0, 10)) == ""
    assert attribute(GAZETTE, "Cheese | Milk", told, (0, 10)) == "According to The Gazette (5 December 2023)"
