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
from qa.dialogue.clauses import asked, who_said
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


def test_what_the_conversation_only_called_by_its_country_is_no_topic_of_it() -> None:
    """ "The Swedish study" is another thing than "the Swedish fleet" that was spoken of."""
    fleet = [turn("What does The Herald say about Sweden?", (HERALD, "The Swedish fleet sailed."))]
    assert resolve("When was the Swedish study accepted?", fleet) == "When was the Swedish study accepted?"


def test_another_source_is_asked_the_same_though_nobody_spoke_of_it() -> None:
    """Its name alone tells that it is a source, and not what is to be spoken of."""
    asked_one = [turn("What does The Herald say about Sweden?", (HERALD, "The Swedish fleet sailed."))]
    whole = "What does The Gazette say about Sweden?"
    assert resolve("And The Gazette?", asked_one, (GAZETTE, HERALD)) == whole
    assert resolve("And Norway?", asked_one, (GAZETTE, HERALD)) == "What does The Herald say about Norway?"


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
        ("tunnel", "Tell me more", "Tell me more about the tunnel near Lundby"),
        ("study", "What is its method?", "What is the Norwegian study’s method?"),
        ("study", "Why?", "Why does the Norwegian study predict that?"),
        ("unit", "And what was it for?", "What was the diving unit that Norway built for?"),
        ("towns", "Who lives in them?", "Who lives in the countries that Tomas Berg lived in?"),
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


SAID = {
    "tag": turn("Does Norway want a treaty?", (GAZETTE, "Neither Norway nor Denmark wants a treaty, Berg said.")),
    "named": turn("Why the fees?", (GAZETTE, "Anna Roth, a pilot, warned that the fees would ruin Norway.")),
    "he": turn("Why the fees?", (GAZETTE, "He called the fees “a door left open.”")),
    "plain": turn("How many ships came?", (HERALD, "Forty ships came to Lundby.")),
    "both": turn(
        "Did it snow?", (HERALD, "Then Norway closed its ports. It snowed, according to Mara Lindqvist, in May.")
    ),
}


@pytest.mark.parametrize(
    ("said", "follow_up", "whole"),
    [
        ("tag", "Who said that?", "Who said that neither Norway nor Denmark wants a treaty?"),
        ("tag", "According to whom?", "Who said that neither Norway nor Denmark wants a treaty?"),
        ("tag", "Which source says so?", "Which source says that neither Norway nor Denmark wants a treaty?"),
        ("named", "And who says that?", "Who warned that the fees would ruin Norway?"),
        ("he", "Whose words are those?", "Who called the fees “a door left open”?"),
        ("plain", "Where can I read that?", "Which source says that forty ships came to Lundby?"),
        ("both", "Who said that?", "Who said that it snowed in May?"),
    ],
)
def test_who_said_that_asks_for_what_the_answer_says(said: str, follow_up: str, whole: str) -> None:
    """It repeats the best sentence of the last answer, without the words that tell who said it."""
    assert resolve(follow_up, [SAID[said]]) == whole


def test_what_is_repeated_of_a_long_sentence_is_short() -> None:
    """It ends with a clause, and leaves no quotation open."""
    long = "Norway closed its ports, Berg said, " + "and the ships waited “for wind and for news” near Lundby " * 9
    question = who_said(long)
    assert question.startswith("Who said that Norway closed its ports")
    assert len(question.split()) < 35
    assert question.count("“") == question.count("”")


@pytest.mark.parametrize(
    ("asked_of", "follow_up", "whole"),
    [
        ("Who warned of the fees?", "What else did she say?", "What else did Anna Roth say?"),
        ("What ruined Norway?", "What did she warn of?", "What did Anna Roth warn of?"),
    ],
)
def test_whoever_spoke_or_was_asked_for_can_be_meant(asked_of: str, follow_up: str, whole: str) -> None:
    """ "She" is the one whose words an answer gives, or whom it names where the question was who."""
    told = "In Malta the fees were high. Anna Roth, a pilot from Lundby, warned that the fees would ruin Norway."
    assert resolve(follow_up, [turn(asked_of, (GAZETTE, told))]) == whole


@pytest.mark.parametrize(
    ("follow_up", "whole"),
    [
        ("Is that true?", "What do the other sources say about why Norway left the League?"),
        ("Is that confirmed by others?", "What do the other sources say about why Norway left the League?"),
        ("Do other sources agree?", "What do the other sources say about why Norway left the League?"),
        ("Does Denmark agree?", "What does Denmark say about why Norway left the League?"),
        ("What happened before that?", "What happened before Norway left the League?"),
        ("And then?", "What happened after Norway left the League?"),
        ("Who else was there?", "Who else was there when Norway left the League?"),
        ("How did Denmark react?", "How did Denmark react when Norway left the League?"),
        ("Was it before the war?", "Was it before the war that Norway left the League?"),
    ],
)
def test_what_happened_is_said_where_a_question_leaves_it_out(follow_up: str, whole: str) -> None:
    """Others' views, before and after, who was there, how somebody reacted: each gets the event it speaks of."""
    assert resolve(follow_up, LEFT) == whole


@pytest.mark.parametrize(
    ("asked_before", "follow_up", "whole"),
    [
        ("Do Norway and Denmark want a treaty?", "Why don't they?", "Why don’t Norway and Denmark want a treaty?"),
        ("Did Norway and Denmark stay?", "Why not?", "Why didn’t Norway and Denmark stay?"),
        ("Is Norway holding Denmark back?", "How so?", "How is Norway holding Denmark back?"),
        ("What did Norway do?", "Why did it do that?", "Why did Norway do that?"),
        ("Which ships were seized?", "Where?", "Where were the ships seized?"),
        ("How many people were hurt in May?", "By whom?", "By whom were the people hurt in May?"),
        ("What is the paper's aim?", "And its method?", "What is the paper’s method?"),
        ("What is the paper's aim?", "And the method?", "What is the paper's method?"),
        ("What is “slow trade”?", "Who likes it?", "Who likes “slow trade”?"),
        ("Which journal printed Berg's letter?", "Who owns it?", "Who owns the journal that printed Berg's letter?"),
        ("Does Norway fund the League?", "When did it join it?", "When did Norway join it?"),
        (
            "What are the aims of Norway's fleet?",
            "What is the second one?",
            "What is the second aim of Norway's fleet?",
        ),
        (
            "What did Berg threaten in May?",
            "How did Norway respond?",
            "How did Norway respond to what Berg threatened?",
        ),
        ("When did the two groups part?", "Over what?", "Over what did the two groups part?"),
        ("When did the two groups part?", "When did they make up?", "When did the two groups make up?"),
        ("What ships does Norway have?", "How many?", "How many ships does Norway have?"),
        (
            "Who is the author of the Danish paper?",
            "Where does she live?",
            "Where does the author of the Danish paper live?",
        ),
        ("Where is the Feast of Ships held?", "Who speaks at it?", "Who speaks at the Feast of Ships?"),
        ("What did Norway name?", "What did Anna Roth say about it?", "What did Anna Roth say about Norway?"),
    ],
)
def test_what_is_left_out_is_taken_from_the_question_before(asked_before: str, follow_up: str, whole: str) -> None:
    """Ellipsis and denial read as somebody would ask them."""
    assert resolve(follow_up, [turn(asked_before, (GAZETTE, "It is not known."))]) == whole


@pytest.mark.parametrize(
    ("asked_before", "answer", "follow_up", "whole"),
    [
        (
            "What did Norway dig in May?",
            "Norway dug the tunnel, a long one, in May.",
            "Where was it?",
            "Where was the tunnel that Norway dug in May?",
        ),
        ("Who met Berg in Malta?", "Roth came to a meeting in Valletta.", "Why was it held?", None),
        (
            "Where did Berg and Roth meet in 2017?",
            "Berg and Roth met in Rome.",
            "What did they discuss?",
            "What did Berg and Roth discuss when they met in 2017?",
        ),
        ("Where did Berg move?", "He settled in Valletta.", "What did he do there?", "What did Berg do in Valletta?"),
        ("Is Norway at war?", "It is.", "Who attacked it?", "Who attacked Norway?"),
    ],
)
def test_an_answer_says_what_is_meant(asked_before: str, answer: str, follow_up: str, whole: str | None) -> None:
    """The thing, the event or the place that was answered is what "it" and "there" stand for."""
    resolved = resolve(follow_up, [turn(asked_before, (GAZETTE, answer))])
    assert resolved == (whole or "Why was the meeting in Valletta held?")


def test_thanks_are_no_part_of_a_question() -> None:
    """Courtesy before a follow-up does not hide it."""
    assert resolve("Thanks, and where?", MET) == "Where did Tomas Berg meet Mara Lindqvist?"


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("What did Berg warn of in May?", "what Berg warned of in May"),
        ("Is Norway holding Denmark back?", "whether Norway is holding Denmark back"),
        ("What does the axis of trade help?", "what the axis of trade helps"),
        ("What is the main finding of the paper?", "what the main finding of the paper is"),
        ("Who met Berg?", "who met Berg"),
        ("Which critics does the League leader answer?", "which critics the League leader answers"),
        ("Where was the talk of Berg and Roth in May held?", "where the talk of Berg and Roth in May was held"),
        ("Why didn't Berg go?", "why Berg did not go"),
        ("Ships?", ""),
    ],
)
def test_a_question_can_be_told(question: str, whole: str) -> None:
    """As what was asked, with the verb as a statement has it; nothing where that cannot be told."""
    assert asked(question) == whole


def test_a_long_question_is_not_dragged_back() -> None:
    """One that says enough by itself is left alone, even where a word of it came before."""
    question = "Which scholars say that militias team up for the same reasons states do?"
    assert resolve(question, LEFT) == question


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
