"""Follow-ups become questions that stand alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback

from qa.dialogue import resolve, resolve_with
from qa.schema import Answer, Citation, Sentence, Source, Turn

GAZETTE = Source("gazette", "Talks", publisher="The Gazette")
HERALD = Source("herald", "Ships", publisher="The Herald")


def turn(question: str, *told: tuple[Source, str], searched: str = "") -> Turn:
    sentences = tuple(Sentence(text, (Citation(s, "p", 0, len(text), text),)) for s, text in told)
    return Turn(question, Answer(question, sentences, searched=searched))


MET = [
    turn(
        "When did Tomas Berg meet Mara Lindqvist?",
        (GAZETTE, "They met on 5 May 2023 in Rome."),
        (HERALD, "The talks took a day."),
    )
]
LEFT = [turn("Why did Norway leave the League?", (GAZETTE, "Norway objected to the fees."))]


@pytest.mark.parametrize(
    ("follow_up", "whole"),
    [
        ("Where?", "Where did Tomas Berg meet Mara Lindqvist?"),
        ("And from where?", "From where did Tomas Berg meet Mara Lindqvist?"),
        ("Why?", "Why did Tomas Berg meet Mara Lindqvist?"),
        ("Where was that?", "Where did Tomas Berg meet Mara Lindqvist?"),
        ("What about Anna Roth?", "When did Anna Roth meet Mara Lindqvist?"),
        ("And with Anna Roth?", "When did Tomas Berg meet Anna Roth?"),
        ("What did they discuss?", "What did Tomas Berg and Mara Lindqvist discuss?"),
        ("no, in 2017", "When did Tomas Berg meet Mara Lindqvist in 2017?"),
        ("No, I meant Anna Roth", "When did Tomas Berg meet Anna Roth?"),
        ("not Tomas Berg, Anna Roth", "When did Anna Roth meet Mara Lindqvist?"),
        ("What does that article say about ships?", "What does The Gazette say about ships?"),
        ("What does the second source say?", "What does The Herald say?"),
    ],
)
def test_a_follow_up_is_completed(follow_up: str, whole: str) -> None:
    """Bare question words, "what about", pronouns, corrections and ordinals, from the first follow-up on."""
    assert resolve(follow_up, MET) == whole


@pytest.mark.parametrize(
    ("follow_up", "whole"),
    [
        ("When?", "When did Norway leave the League?"),
        ("And Denmark?", "Why did Denmark leave the League?"),
        ("When did it return?", "When did Norway return?"),
        ("What was its reaction?", "What was Norway’s reaction?"),
        ("no, the Union", "Why did Norway leave the Union?"),
    ],
)
def test_bodies_and_countries_are_followed_too(follow_up: str, whole: str) -> None:
    """ "It" stands for what was asked about."""
    assert resolve(follow_up, LEFT) == whole


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "How do vaccines work?",
        "Who is Anna Roth?",
        "Why does Norway fund its navy?",
        "How many people died in the earthquake?",
        "What about the earthquake?",
        "When did Tomas Berg meet Mara Lindqvist?",
    ],
)
def test_a_new_topic_is_not_dragged_back(question: str) -> None:
    """A question that names its own subject comes back unchanged."""
    assert resolve(question, MET) == question


ASKED_OF = {
    "tunnel": turn("What is the tunnel near Lundby?", (GAZETTE, "Norway closed the tunnel, near Port Lundby, in May.")),
    "study": turn("What does the Norwegian study predict?", (HERALD, "It predicts less ice.")),
    "unit": turn("Which unit did Norway build with Danish help?", (GAZETTE, "One result was a diving unit.")),
    "towns": turn("Which countries did Tomas Berg live in?", (GAZETTE, "Berg was often in Malta and Cyprus.")),
    "holds": turn("Is Norway holding Denmark back?", (GAZETTE, "Denmark is slowed, and Denmark knows it.")),
    "who": turn("Who met Mara Lindqvist in Rome?", (GAZETTE, "Mara Lindqvist received Tomas Berg and Anna Roth.")),
    "minister": turn("What did Norway's foreign minister do?", (GAZETTE, "He went to Malta.")),
    "book": turn("What book did Anna Roth write?", (GAZETTE, "Anna Roth wrote Ships.")),
}


@pytest.mark.parametrize(
    ("about", "follow_up", "whole"),
    [
        ("tunnel", "Who closed it?", "Who closed the tunnel near Lundby?"),
        ("tunnel", "Tell me more", "Tell me more, about the tunnel near Lundby?"),
        ("study", "What is its method?", "What is the Norwegian study’s method?"),
        ("study", "Why?", "Why does the Norwegian study predict that?"),
        ("unit", "And what was it for?", "What was the unit that Norway did build with Danish help for?"),
        ("towns", "Who lives in them?", "Who lives in the countries that Tomas Berg did live in?"),
        ("holds", "Why would it do that?", "Why is Norway holding Denmark back?"),
        ("who", "What did they agree on?", "What did those who met Mara Lindqvist in Rome agree on?"),
        ("who", "When?", "When was it that somebody met Mara Lindqvist in Rome?"),
        ("minister", "Who did he meet?", "Who did Norway's foreign minister meet?"),
        ("book", "When?", "When did Anna Roth write the book?"),
        ("book", "And the bridge?", "What about the bridge?"),
    ],
)
def test_what_was_described_can_be_meant_too(about: str, follow_up: str, whole: str) -> None:
    """Pronouns stand for what a question describes or asks for, not for names alone."""
    assert resolve(follow_up, [ASKED_OF[about]]) == whole


def test_bare_questions_in_a_row_do_not_pile_up() -> None:
    """Each goes back to what was asked, not to the question word before it."""
    history = [turn("Who is Anna Roth?", (GAZETTE, "Anna Roth is a pilot."))]
    for bare in ("When?", "Where?", "Why?"):
        resolved = resolve(bare, history)
        assert resolved == f"{bare[:-1]}: Who is Anna Roth?"
        history.append(turn(bare, (GAZETTE, "It is not known."), searched=resolved))


def test_two_of_whom_the_same_was_asked_are_they() -> None:
    """ "Do they agree?" after one question was asked of two."""
    history = [
        turn("What does Anna Roth say about Norway?", (GAZETTE, "Anna Roth likes Norway.")),
        turn("What about Tomas Berg?", (GAZETTE, "He does not."), searched="What does Tomas Berg say about Norway?"),
    ]
    assert resolve("Do they agree?", history) == "Do Anna Roth and Tomas Berg agree?"


def test_a_body_that_was_called_he_is_a_person_from_then_on() -> None:
    """Whoever a pronoun stood for once keeps it against names that an answer drops."""
    history = [
        turn("Who is Brandvik?", (GAZETTE, "Brandvik is a singer.")),
        turn("Who were his parents?", (GAZETTE, "Ola and Kari Solberg."), searched="Who were Brandvik’s parents?"),
    ]
    assert resolve("Did he have a sister?", history) == "Did Brandvik have a sister?"


def test_an_outlet_corrects_an_outlet_that_was_only_described() -> None:
    """ "no, the Herald" takes the place of "the second source"."""
    history = [turn("What does the second source say?", (GAZETTE, "Ships are late."))]
    assert resolve("no, the Herald", history) == "What does the Herald say?"


def test_the_chain_goes_on_from_what_was_searched() -> None:
    """A second follow-up builds on the first as it was resolved."""
    searched = "When did Tomas Berg meet Anna Roth?"
    history = [*MET, turn("And with Anna Roth?", (GAZETTE, "In June."), searched=searched)]
    assert resolve("Where?", history) == "Where did Tomas Berg meet Anna Roth?"


def test_an_outlet_is_asked_the_same() -> None:
    """ "And The Herald?" asks that source, and does not put it in a person's place."""
    resolved = resolve("And The Herald?", MET)
    assert resolved.startswith("What does The Herald say")
    assert "Tomas Berg" in resolved


def test_parts_of_a_list_can_be_named_by_place() -> None:
    """ "The second one" is the second name that the answer lists."""
    history = [turn("Where did ships go?", (GAZETTE, "Ships went to Malta, Cyprus and Crete."))]
    assert "Cyprus" in resolve("Why the second one?", history)


@pytest.mark.parametrize("question", ["", "   ", "?", "Why?"])
def test_without_a_history_nothing_changes(question: str) -> None:
    """The first question is searched as asked."""
    assert resolve(question, []) == question


class Scripted(CustomLLM):
    """A language model that always gives one reply, or fails."""

    reply: str = ""
    fails: bool = False

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        if self.fails:
            raise ConnectionError("gone")
        return CompletionResponse(text=self.reply)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        raise NotImplementedError


def test_a_language_model_rewrites() -> None:
    """A rewrite made of the conversation's own names is taken."""
    llm = Scripted(reply='"Why did Tomas Berg and Mara Lindqvist meet in Rome?"')
    assert resolve_with(llm, "Why?", MET) == "Why did Tomas Berg and Mara Lindqvist meet in Rome?"


@pytest.mark.parametrize(
    "llm",
    [
        Scripted(fails=True),
        Scripted(reply=""),
        Scripted(reply="Why did Tomas Berg meet Boris Novak?"),
        Scripted(reply="Why did Tomas Berg meet Mara Lindqvist in 1999?"),
        Scripted(reply="Sure!\nWhy did they meet?"),
        Scripted(reply="Why " + "did they meet " * 40),
    ],
    ids=["fails", "empty", "new name", "new date", "chatter", "runs on"],
)
def test_a_language_model_that_fails_or_strays_is_not_followed(llm: Scripted) -> None:
    """The rules answer instead."""
    assert resolve_with(llm, "Why?", MET) == resolve("Why?", MET)


def test_a_language_model_that_hangs_can_be_left() -> None:
    """Whoever stops waits for it no longer; the rules answer."""
    stop, go = threading.Event(), threading.Event()

    class Hanging(Scripted):
        """Says nothing until it is let go."""

        @llm_completion_callback()
        def complete(self, prompt: str, **_: Any) -> CompletionResponse:
            stop.set()
            go.wait()
            return CompletionResponse(text="Why did it rain?")

    assert resolve_with(Hanging(), "Why?", MET, stop.is_set) == resolve("Why?", MET)
    go.set()
