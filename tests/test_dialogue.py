"""Follow-ups become questions that stand alone."""

from __future__ import annotations

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
        "When did Tomas Berg meet Mara Lindqvist?",
    ],
)
def test_a_new_topic_is_not_dragged_back(question: str) -> None:
    """A question that names its own subject comes back unchanged."""
    assert resolve(question, MET) == question


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
