"""Follow-ups become questions that stand alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback

from qa.answer.llm import reply
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


CONVERSATIONS = [
    ["How many ships called at Orvik in 2018?", "In all 1,204 ships called.", "And in 2022?",
     "How many ships called at Orvik in 2022?", "Which was the largest?",
     "Which was the largest, of ships called at Orvik in 2022?"],
    ["Who is the transport minister?", "The transport minister, Eva Lind, spoke of the tunnel.",
     "When did she say work would begin?", "When did Eva Lind say work would begin?"],
    ["Regarding Syria: What happened in 2011?", "Protests began.", "And in 2012?",
     "Regarding Syria: What happened in 2012?"],
    ["Who founded Apple?", "Steve Jobs and Steve Wozniak founded Apple in 1976.", "Why did he leave?",
     "Why did Steve Jobs leave?"],
    ["Who is Doug London?", "Doug London is a former officer.", "What book did he write?",
     "What book did Doug London write?"],
    ["When did Tomas Berg meet Mara Lindqvist?", "They met in Rome.", "Where?",
     "Where did Tomas Berg meet Mara Lindqvist?"],
    ["When did Tomas Berg and Mara Lindqvist meet?", "On 5 May.", "What did they discuss?",
     "What did Tomas Berg and Mara Lindqvist discuss?"],
    ["Why did Norway leave the League?", "It objected to the fees.", "And Denmark?",
     "Why did Denmark leave the League?"],
    ["Why did Norway leave the League?", "It objected to the fees.", "When did it return?", "When did Norway return?"],
    ["Why did Norway leave the League?", "It objected to the fees.", "What was its reaction?",
     "What was Norway’s reaction?"],
    ["When was the study received by the journal?", "In July.", "And when was it accepted?",
     "When was the study accepted?"],
    ["What does the Council of Auditors do?", "It decides.", "Can members be dismissed from it?",
     "Can members be dismissed from Council of Auditors?"],
    ["Who is Ada Holm?", "Ada Holm is a diver.", "When did Ada begin?", "When did Ada begin?", "Where did she dive?",
     "Where did Ada Holm dive?"],
    ["Who insures the boats?", "Rye Mutual insures them.", "And the cars?", "Who insures the cars?"],
    ["How many ships came in 2021?", "Nine ships came.", "Sorry, I meant 2022.", "How many ships came in 2022?"],
    ["Who runs the port of Rye?", "Ada Holm runs it.", "No, I mean Hove", "Who runs the port of Hove?",
     "No ships came?", "No ships came?"],
]  # fmt: skip


@pytest.mark.parametrize("said", CONVERSATIONS, ids=lambda said: said[2])
def test_a_follow_up_is_understood_from_what_was_said(said: list[str]) -> None:
    """A pronoun, a bare question word, another year or name, a superlative without a noun."""
    question, answer, *follow_ups = said
    turns = [turn(question, (GAZETTE, answer))]
    for follow_up, whole in zip(follow_ups[::2], follow_ups[1::2], strict=True):
        assert resolve(follow_up, turns) == whole
        turns.append(turn(follow_up, (GAZETTE, "It is so."), searched=whole))


@pytest.mark.parametrize(
    ("asked", "put", "searched"),
    [
        ("Is Norway holding the fleet back?", "Why would it do that?", "Why would Norway hold the fleet back?"),
        ("Is Iran holding Hezbollah back?", "Why would it do that?", "Why would Iran hold Hezbollah back?"),
        ("Did the council close the bridge?", "When did it do that?", "When did the council close the bridge?"),
        ("How many ships came in 2022?", "Which port was the busiest?", "Which port was the busiest in 2022?"),
        ("How many members had the club in 2021?", "Who led it then?", "Who led the club in 2021?"),
        ("How many ships came in 2022?", "Which port was the busiest in 2018?", "Which port was the busiest in 2018?"),
    ],
)
def test_deeds_and_times_of_the_last_question_stay(asked: str, put: str, searched: str) -> None:
    """What was done, for "do that"; when, for "then" and where a superlative has no time of its own."""
    assert resolve(put, [turn(asked, (GAZETTE, "It is so."))]) == searched


@pytest.mark.parametrize(
    "question",
    [
        "How deep will the channel be, and what will it cost?",
        "What is the capital of France?",
        "How do vaccines work?",
        "Who is Anna Roth?",
        "Why does Norway fund its navy?",
        "Is it true that smoking kills?",
        "Why is it proposed that bats infect people?",
        "What made it hard for Sky to launch a service?",
        "How many bones are in the hand?",
        "Which metals are magnetic?",
        "When the ships left Malta, did they return?",
        "What did Roth say about her plan?",
        "Are there territories that are not in the union?",
        "How do the subunits compare with that of the virus?",
        "What is superspreading?",
        "Was the plan refered to the court?",
        "Who admited the mistake in Lisbon?",
        "What did an official of the bank deny receiving?",
        "What is listeria?",
        "Can the bandwidth be limited?",
        "How do I join the co-operative?",
        "Compare Porto and Turku.",
        "How many animals were counted this spring?",
        "How many hours is it from Lauvik to Brenna?",
        "Can my daughter keep the card that I gave her?",
        "Which farms sold their milk in Lisle?",
        "What does Blaze cost, and how many desks does it allow?",
        "How many cheeses were recalled and what did it cost the dairy?",
        "What share of their pay do students hand over?",
        "Can somebody be thrown out against their will?",
    ],
)
def test_a_question_that_stands_alone_is_never_rewritten(question: str) -> None:
    """A name or subject of its own, pronouns that have their noun beside them, words spelled wrong."""
    assert resolve(question, MET) == question


def test_it_is_one_thing_and_they_may_be_two() -> None:
    """Two that were named together are not what "it" means."""
    turns = [turn("What runs between Rye and Hove?", (GAZETTE, "The ferry between Rye and Hove runs daily."))]
    assert "Rye and Hove" not in resolve("How long is it?", turns)
    assert resolve("Where are they?", turns) == "Where are Rye and Hove?"


def test_a_text_pointed_at_is_named() -> None:
    """The source cited first."""
    assert resolve("What does that article say about ships?", MET) == "What does The Gazette say about ships?"


@pytest.mark.parametrize("question", ["", "   ", "?", "Why?"])
def test_without_a_history_nothing_changes(question: str) -> None:
    """The first question is searched as asked."""
    assert resolve(question, []) == question


_WORDS = st.sampled_from(
    "Who What When Why Which did does is was said that it he they their there not the second one article Norway Berg "
    "and Roth met in 2017 about of “fees” , ? . agree others true happened after don't a meeting Berg’s ships \n".split(
        " "
    )
)
_TEXTS = st.lists(_WORDS, min_size=1, max_size=14).map(" ".join) | st.text(min_size=1, max_size=40)


@given(st.lists(st.tuples(_TEXTS, _TEXTS, st.booleans()), max_size=4), _TEXTS)
def test_no_conversation_breaks_it(said: list[tuple[str, str, bool]], question: str) -> None:
    """Whatever was said before, a follow-up becomes some question, and the same one each time."""
    history = [turn(q, *([(GAZETTE, a)] if told and a.strip() else [(HERALD, "Ships came.")])) for q, a, told in said]
    resolved = resolve(question, history)
    assert resolved == resolve(question, history)
    assert resolved.strip() or not question.strip()


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


def replying(llm: Scripted) -> Callable[[str], str]:
    return lambda prompt: reply(llm, prompt, lambda: False)


def test_a_language_model_rewrites() -> None:
    """A rewrite made of the conversation's own names is taken."""
    llm = Scripted(reply='"Why did Tomas Berg and Mara Lindqvist meet in Rome?"')
    assert resolve_with(replying(llm), "Why?", MET) == "Why did Tomas Berg and Mara Lindqvist meet in Rome?"


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
    assert resolve_with(replying(llm), "Why?", MET) == resolve("Why?", MET)


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

    assert resolve_with(lambda prompt: reply(Hanging(), prompt, stop.is_set), "Why?", MET) == resolve("Why?", MET)
    go.set()
