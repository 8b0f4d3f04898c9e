"""Answers by a language model, against a real server on this machine that is good, sloppy, hostile, slow or broken."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from conftest import make_hit
from hostile import CHEESE, HOSTILE, Hostile, resists
from model_server import (
    ModelServer,
    Reply,
    Script,
    broken,
    copying,
    cut,
    empty,
    endless,
    failing,
    garbage,
    good,
    limited,
    obedient,
    overloaded,
    passages_of,
    refused,
    slow,
)
from qa import Assistant, load_config
from qa.answer import llm as llm_module
from qa.answer.llm import reply
from qa.answer.untrusted import fence_mark, is_order, visible
from qa.answer.write import Outcome, load_llm, write
from qa.config import Config
from qa.schema import Dropped, Hit, LanguageModelError, Sentence, Verdict
from qa.support import Support
from qa.support.words import carried

KEY = "sk-very-secret-0123456789"

GAZETTE = make_hit(
    "The council approved the bridge on 3 March 2021 by 12 votes to 7. Ana Ruiz said the vote was “a gift”.",
    id="g",
    publisher="The Harbour Gazette",
    title="Bridge voted",
    published="2021-03-04",
)
LEDGER = make_hit(
    "The ferry company carried 900,000 passengers in 2021. Nobody counted the boats.",
    id="l",
    publisher="Island Ledger",
    title="The ferry",
    published="2022-11",
)
HITS = [GAZETTE, LEDGER]
VOTE = "The council approved the bridge on 3 March 2021 by 12 votes to 7"
FERRY = "The ferry company carried 900,000 passengers in 2021"


class Overlap:
    """Stands in for the support model, at its most gullible: whatever words stand there are supported."""

    digest = "overlap"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        shares = [carried(claim, evidence) for evidence, claim in pairs]
        return np.array([(share, 1 - share, 0.0) if share > 0.7 else (0.2, 0.8, 0.0) for share in shares])


GULLIBLE = Support(Overlap())  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm_module, "BACK_OFF", 0.01)


def config_for(server: ModelServer, *, llm_provider: str = "openai-like", **settings: Any) -> Config:
    needed = {"llm_api_key": KEY} if llm_provider == "anthropic" else {}
    bounds = {"llm_timeout": 30.0, "llm_retries": 2}
    return load_config(**(server.settings(llm_provider) | needed | bounds | settings))


needs_anthropic = pytest.mark.skipif(
    find_spec("llama_index.llms.anthropic") is None, reason="needs the extra: pip install 'qa[anthropic]'"
)
by_either = pytest.mark.parametrize(
    "provider", ["openai-like", pytest.param("anthropic", marks=needs_anthropic)], ids=["openai", "anthropic"]
)
"""The same behaviour, whichever protocol the model's server speaks."""


class Result:
    """What came out, sorted."""

    def __init__(
        self,
        *script: Script,
        hits: Sequence[Hit] = HITS,
        support: Support = GULLIBLE,
        question: str = "What happened?",
        document: Callable[[Hit], str] = lambda hit: hit.passage.text,
        **settings: Any,
    ) -> None:
        with ModelServer(*script) as server:
            config = config_for(server, **settings)
            llm = load_llm(config)
            assert llm is not None
            self.items = list(write(question, hits, llm, support, config, document=document))
            self.server = server
        self.sentences = [i for i in self.items if isinstance(i, Sentence)]
        self.dropped = [i for i in self.items if isinstance(i, Dropped)]
        assert isinstance(self.items[-1], Outcome)
        self.outcome = self.items[-1]
        self.texts = [s.text for s in self.sentences]


# good -------------------------------------------------------------------------------------------------------


@by_either
def test_sentences_come_without_markers_and_with_exact_citations(provider: str) -> None:
    """The quote is cut from the passage, whatever the model wrote."""
    result = Result(good(f"{VOTE} [1]. {FERRY}.[2]"), llm_provider=provider)
    assert result.texts == [f"{VOTE}.", f"{FERRY}."]
    assert [s.verdict for s in result.sentences] == [Verdict.SUPPORTED] * 2
    for sentence, hit in zip(result.sentences, HITS, strict=True):
        (citation,) = sentence.citations
        assert citation.source == hit.source
        assert hit.passage.slice(citation.start, citation.end) == citation.quote == sentence.text
    assert result.outcome == Outcome(usage=result.outcome.usage)


@pytest.mark.parametrize("marker", ["[1]", "[1,2]", "[1][2]", "【1】", "[^1]", "(1)", "[Source 1]", "[1](x)"])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_markers_of_all_shapes_are_read_however_the_stream_is_cut(marker: str, size: int) -> None:
    """And none is left in the text."""
    result = Result(Reply(f"{VOTE} {marker}. {FERRY} [2].", size=size))
    assert result.texts == [f"{VOTE}.", f"{FERRY}."]
    assert result.outcome.invented_markers == 0


def test_only_citations_that_bear_the_sentence_out_are_kept() -> None:
    """A decorative marker costs itself, not the sentence."""
    (sentence,) = Result(good(f"{VOTE} [1][2].")).sentences
    assert sentence.source_ids == ("g",)


def test_a_sentence_that_puts_several_together_cites_them_all() -> None:
    """What decides may be one of them; whoever opens the citation finds every word."""
    steps = make_hit("Open the link in the mail. Choose the nights. Confirm with the code.", id="s")
    (sentence,) = Result(
        good("Open the link, choose the nights and confirm with the code [1]."), hits=[steps]
    ).sentences
    assert sentence.citations[0].quote == steps.passage.text


@by_either
def test_a_sentence_is_released_before_the_next_one_is_written(provider: str) -> None:
    """The first arrives while the model is still at work."""
    with ModelServer(slow(f"{VOTE} [1]. {FERRY} [2]. {FERRY} again and again and again [2].", 0.05)) as server:
        config = config_for(server, llm_provider=provider)
        llm = load_llm(config)
        assert llm
        items = write("What?", HITS, llm, GULLIBLE, config)
        first = next(items)
        began = time.monotonic()
        rest = list(items)
        assert isinstance(first, Sentence)
        assert rest
        assert time.monotonic() - began > 0.2


@by_either
def test_usage_and_cost_are_counted_over_all_calls(provider: str) -> None:
    """As the server tells them; the price is a setting."""
    script = good(f"{VOTE} [1]. The moon is green cheese [1]."), good("NONE")
    usage = Result(*script, llm_price=(10.0, 20.0), llm_provider=provider).outcome.usage
    assert usage
    assert (usage.model, usage.calls, usage.prompt_tokens) == ("scripted", 2, 200)
    assert usage.completion_tokens > 10
    assert usage.cost == pytest.approx((200 * 10 + usage.completion_tokens * 20) / 1e6)


def test_usage_is_estimated_where_the_server_tells_none() -> None:
    """Never nothing."""
    usage = Result(good(f"{VOTE} [1].", usage=False)).outcome.usage
    assert usage
    assert usage.prompt_tokens > 100
    assert usage.completion_tokens > 5


def test_the_thoughts_of_a_reasoning_model_are_no_answer() -> None:
    """What stands between the tags is left out."""
    assert Result(good(f"<think>Hm. {FERRY} [2].</think>\n{VOTE} [1].")).texts == [f"{VOTE}."]


def test_a_written_sentence_says_whose_it_is() -> None:
    """In full the first time, then by name; where the model named the source, it is not said twice."""
    named = "According to The Harbour Gazette (4 March 2021), Ana Ruiz said the vote was “a gift”"
    result = Result(good(f"Ana Ruiz said the vote was “a gift” [1]. {VOTE} [1]. {named} [1]."))
    first, again, last = (sentence.attribution for sentence in result.sentences)
    assert "The Harbour Gazette (4 March 2021)" in first
    assert again == "The Harbour Gazette"
    assert last == ""


# sloppy -----------------------------------------------------------------------------------------------------


def test_one_bad_sentence_does_not_take_the_others_citations_with_it() -> None:
    """It is dropped with its reason, they stay."""
    result = Result(good(f"{VOTE} [1]. The moon is green cheese [1]. {FERRY} [2]."), good("NONE"))
    assert result.texts == [f"{VOTE}.", f"{FERRY}."]
    assert [d.text for d in result.dropped] == ["The moon is green cheese."]
    assert result.dropped[0].reason


@by_either
def test_a_failing_sentence_is_mended_once_with_the_evidence_in_hand(provider: str) -> None:
    """The model sees the draft, what is wrong with it and the passages, and its new sentence is checked again."""
    script = good("The council approved the bridge by 13 votes [1]."), good(f"{VOTE} [1].")
    result = Result(*script, llm_provider=provider)
    assert result.texts == [f"{VOTE}."]
    assert not result.dropped
    prompt = result.server.prompts[1]
    assert "approved the bridge by 13 votes" in prompt
    assert "“13”" in prompt
    assert VOTE in prompt


def test_a_sentence_mended_badly_is_dropped() -> None:
    """There is no second repair."""
    result = Result(good("The council approved the bridge by 13 votes [1]."), good("It was approved by 14 votes [1]."))
    assert not result.sentences
    assert [d.text for d in result.dropped] == ["The council approved the bridge by 13 votes."]
    assert len(result.server.requests) == 2


def test_invented_markers_are_counted_before_they_go() -> None:
    """The sentence keeps its real citation; without one it is found where it stands, or dropped."""
    result = Result(good(f"{VOTE} [1][9]. {FERRY} [7]. The moon is green cheese [8]."), good("NONE"))
    assert result.texts == [f"{VOTE}.", f"{FERRY}."]
    assert result.outcome.invented_markers == 3
    assert result.dropped[0].reason == "it cites passages that do not exist"


def test_a_sentence_without_a_marker_gets_its_citation_or_goes() -> None:
    """Nothing is shown without one."""
    result = Result(good(f"{VOTE}. The moon is green cheese."), good("NONE"))
    assert [s.source_ids for s in result.sentences] == [("g",)]
    assert result.dropped[0].reason == "it cites nothing"


def test_introductions_and_crumbs_are_no_sentences() -> None:
    """They cost no repair."""
    result = Result(good(f"Here is the answer:\n- {VOTE} [1]\n\nSure!"))
    assert result.texts == [VOTE]
    assert {d.reason for d in result.dropped} == {"not a sentence"}
    assert len(result.server.requests) == 1


def test_a_sentence_may_say_the_names_of_the_question_that_its_document_has() -> None:
    """The cited passage says "the council"; that it is that of Orvik stands elsewhere. A name that is nowhere fails."""
    said = good("The Orvik council approved the bridge on 3 March 2021 by 12 votes to 7 [1].")
    elsewhere = "Minutes of the council of Orvik. " + VOTE
    asked = "When did the Orvik council approve the bridge?"
    assert len(Result(said, good("NONE"), question=asked, document=lambda hit: elsewhere).sentences) == 1
    assert not Result(said, good("NONE"), question=asked).sentences
    assert not Result(said, good("NONE"), document=lambda hit: elsewhere).sentences  # not asked of Orvik


def test_a_line_over_a_passage_that_is_said_back_is_no_sentence() -> None:
    """It costs no repair."""
    result = Result(good(f"Source: The Harbour Gazette (4 March 2021)\n{VOTE} [1].\n"))
    assert result.texts == [f"{VOTE}."]
    assert [d.reason for d in result.dropped] == ["not a sentence"]
    assert len(result.server.requests) == 1


def test_after_a_sentence_that_could_not_be_mended_none_is() -> None:
    """A model that cannot mend one seldom mends the next."""
    result = Result(good("The moon is green cheese [1]. The sun is yellow butter [1]."), good("NONE"))
    assert len(result.dropped) == 2
    assert len(result.server.requests) == 2


def test_a_model_that_goes_round_in_circles_is_left() -> None:
    """What it said first stays."""
    result = Result(good(f"{VOTE} [1].\n" * 5))
    assert result.texts == [f"{VOTE}."]
    assert len(result.dropped) == 2
    assert "did not stop" in result.outcome.notes[0]


def test_a_sentence_is_said_once() -> None:
    """A model that repeats itself does not fill the answer."""
    assert Result(good(f"{VOTE} [1]. {VOTE} [1].")).texts == [f"{VOTE}."]


def test_a_quotation_given_to_the_wrong_person_is_not_shown() -> None:
    """Quotation marks are held against the passage."""
    result = Result(good("Olga Stern said the vote was “a gift” [1]. Ana Ruiz called it “a theft” [1]."), good("NONE"))
    assert not result.sentences
    assert "not in the passages read" in result.dropped[0].reason
    assert "fabricated" in result.dropped[1].reason


def test_the_model_may_say_that_the_passages_do_not_answer() -> None:
    """That is no failure."""
    result = Result(good("NONE"))
    assert result.items == [result.outcome]
    assert result.outcome.declined
    assert not result.outcome.failed


def test_without_the_support_model_sentences_are_unchecked_and_say_so() -> None:
    """Rules still drop what they can tell is wrong."""
    result = Result(
        good("In March 2021 the council approved the bridge [1]. 13 votes approved the bridge [1]."),
        good("NONE"),
        support=Support(),
    )
    assert [s.verdict for s in result.sentences] == [Verdict.UNCHECKED]
    assert len(result.dropped) == 1


def test_no_passages_no_call() -> None:
    """There is nothing to write from."""
    result = Result(good("x"), hits=[])
    assert result.outcome.declined
    assert not result.server.requests


# broken -----------------------------------------------------------------------------------------------------


@by_either
@pytest.mark.parametrize("trouble", [limited(), overloaded(), broken(), garbage(), empty(), cut(VOTE, 2)])
def test_a_call_that_failed_is_repeated(trouble: Reply, provider: str) -> None:
    """As long as nothing has been shown of it."""
    result = Result(trouble, trouble, good(f"{VOTE} [1]."), llm_provider=provider)
    assert result.texts == [f"{VOTE}."]
    assert len(result.server.requests) == 3
    assert not result.outcome.failed


@by_either
@pytest.mark.parametrize(
    ("trouble", "note"),
    [
        (limited(), "HTTP 429"),
        (overloaded(), "is overloaded; wait (HTTP 529)"),
        (failing(VOTE), "broke off"),
        (broken(), "HTTP 500"),
        (garbage(), "no JSON"),
        (empty(), "answered with nothing"),
        (cut(VOTE, 2), "broke off"),
        (cut(VOTE, 2, abrupt=False), "broke off"),
    ],
)
def test_a_server_that_stays_broken_is_a_failure_in_words(trouble: Reply, note: str, provider: str) -> None:
    """Never an exception, never an empty answer without a reason."""
    result = Result(trouble, llm_provider=provider)
    assert result.outcome.failed
    assert note in result.outcome.notes[0]
    assert len(result.server.requests) == 3


@by_either
@pytest.mark.parametrize(
    "end",
    [cut(f"{VOTE} [1]. {FERRY}", 17), cut(f"{VOTE} [1]. {FERRY}", 17, abrupt=False), failing(f"{VOTE} [1]. {FERRY}")],
    ids=["drops", "ends early", "fails"],
)
def test_what_was_checked_before_the_server_went_stays(end: Reply, provider: str) -> None:
    """Half a sentence does not, and the rest is said to be missing."""
    result = Result(end, llm_provider=provider)
    assert result.texts == [f"{VOTE}."]
    assert result.outcome.failed
    assert "broke off" in result.outcome.notes[0]
    assert "the 1 checked before that is kept" in result.outcome.notes[0]
    assert len(result.server.requests) == 1


@by_either
def test_a_wrong_key_is_not_tried_again_and_never_shown(provider: str) -> None:
    """Not even where a careless server repeats it."""
    result = Result(refused(KEY), llm_api_key=KEY, llm_provider=provider)
    assert len(result.server.requests) == 1
    assert "check QA_LLM_API_KEY" in result.outcome.notes[0]
    assert KEY not in repr(result.items)
    assert KEY in str(result.server.headers[0])


def test_no_key_sends_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of another service in the environment does not go to this address."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    result = Result(good(f"{VOTE} [1]."))
    assert KEY not in repr(result.server.headers)


@by_either
def test_no_server_is_a_failure_in_words(provider: str) -> None:
    """With what to do."""
    with ModelServer(good("x")) as server:
        config = config_for(server, llm_retries=1, llm_provider=provider)
    llm = load_llm(config)
    assert llm
    (outcome,) = write("What?", HITS, llm, GULLIBLE, config)
    assert isinstance(outcome, Outcome)
    assert outcome.failed
    assert "cannot be reached; check QA_LLM_URL" in outcome.notes[0]


def test_a_silent_server_is_left_after_the_timeout() -> None:
    """Nobody waits for ever."""
    result = Result(slow(VOTE, 30), llm_timeout=0.3, llm_retries=0)
    assert result.outcome.failed
    assert "0.3 seconds" in result.outcome.notes[0] or "in time" in result.outcome.notes[0]


@by_either
def test_a_silent_server_is_not_asked_again(provider: str) -> None:
    """Whoever waits, and those behind them, wait for one time-out, not for one after each repetition."""
    result = Result(slow(VOTE, 30), llm_timeout=0.3, llm_retries=3, llm_provider=provider)
    assert result.outcome.failed
    assert len(result.server.requests) == 1


def test_an_endless_answer_is_left() -> None:
    """By number of sentences, or by length where none ends."""
    facts = "".join(f"The bridge of the council was approved, part {n} [1]. " for n in range(40))
    result = Result(endless(facts), good("NONE"))
    assert len(result.sentences) + len(result.dropped) == 6
    assert "did not stop" in result.outcome.notes[0]
    babble = Result(endless("and the council and the bridge "), good("NONE"))
    assert not babble.sentences
    assert "length limit" in babble.outcome.notes[0]


@by_either
def test_an_answer_cut_at_its_length_loses_its_last_half_sentence(provider: str) -> None:
    """What is whole stays."""
    reply = good(f"{VOTE} [1]. The ferry company carried 900,000", finish="length")
    result = Result(reply, llm_provider=provider)
    assert result.texts == [f"{VOTE}."]
    assert "length limit" in result.outcome.notes[0]


def test_a_repair_that_fails_costs_only_its_sentence() -> None:
    """The rest of the answer goes on, and no further repair is tried."""
    result = Result(
        good(f"The moon is green cheese [1]. The sun is yellow butter [1]. {FERRY} [2]."),
        broken(),
        good("NONE"),
    )
    assert result.texts == [f"{FERRY}."]
    assert len(result.dropped) == 2
    assert len(result.server.requests) == 2
    assert "could not be mended" in result.outcome.notes[0]


def test_it_can_be_cancelled_while_the_model_is_silent() -> None:
    """What was checked is kept, and the outcome says so."""
    stop = threading.Event()
    with ModelServer(slow(f"{VOTE} [1]. {FERRY} [2].", 0.02), slow(VOTE, 30)) as server:
        config = config_for(server, llm_timeout=60.0)
        llm = load_llm(config)
        assert llm
        items = []
        for item in write("What?", HITS, llm, GULLIBLE, config, cancelled=stop.is_set):
            items.append(item)
            stop.set()
    assert isinstance(items[-1], Outcome)
    assert items[-1].notes[-1].startswith("cancelled")
    assert len(items) == 2


@by_either
def test_cancelling_ends_the_waiting_between_repetitions(provider: str) -> None:
    """A back-off is no reason to stay."""
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with ModelServer(slow(VOTE, 30)) as server:
        config = config_for(server, llm_timeout=60.0, llm_provider=provider)
        llm = load_llm(config)
        assert llm
        (outcome,) = write("What?", HITS, llm, GULLIBLE, config, cancelled=stop.is_set)
    assert isinstance(outcome, Outcome)
    assert outcome.notes == ("cancelled; nothing of its answer could be kept",)


@by_either
def test_a_question_is_answered_by_quotation_where_the_model_is_gone(
    provider: str, town: Assistant, town_corpus: Path
) -> None:
    """The note says why, and the key stands nowhere in the answer."""
    with ModelServer(overloaded(KEY)) as server:
        config = config_for(
            server, llm_provider=provider, llm_retries=0, index_dir=town.index.folder, corpus_dir=town_corpus
        )
        with Assistant.open(config=config) as assistant:
            answer = assistant.ask("What will the harbour bridge cost?")
    assert answer.provenance.answerer == "quote"
    assert "million" in answer.sentences[0].text
    assert "HTTP 529" in " ".join(answer.provenance.notes)
    assert KEY not in str(answer.to_dict())


def test_steps_are_quoted_as_they_stand(tmp_path: Path) -> None:
    """A model that leaves steps out is not asked for them."""
    (tmp_path / "handbook.md").write_text(
        "# Handbook\n\n## Cancelling a booking\n\nTo cancel a booking:\n\n1. Open the link in the mail.\n"
        "2. Choose the nights.\n3. Confirm with the code.\n",
        encoding="utf-8",
    )
    with ModelServer(good("Open the link in the mail [1].")) as server:
        config = config_for(server, index_dir=tmp_path / "index", corpus_dir=tmp_path / "handbook.md")
        with Assistant.build(config=config) as assistant:
            answer = assistant.ask("How do I cancel a booking?")
        assert not server.requests
    assert "Confirm with the code." in answer.sentences[0].text
    assert answer.provenance.answerer == "quote"


@by_either
def test_a_question_is_rewritten_by_the_model(provider: str) -> None:
    """In one call, whole; whoever gives up has nothing."""
    with ModelServer(good("Who built it?"), slow("Who?", 30)) as server:
        llm = load_llm(config_for(server, llm_provider=provider))
        assert llm
        assert reply(llm, "Who?", lambda: False) == "Who built it?"
        assert reply(llm, "Who?", lambda: len(server.requests) == 2) == ""


# which model ------------------------------------------------------------------------------------------------


def test_no_settings_no_model() -> None:
    """The quoting answerer takes over."""
    assert load_llm(load_config()) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"llm_url": "http://127.0.0.1:1/v1"}, "QA_LLM_MODEL"),
        ({"llm_model": "x"}, "QA_LLM_URL"),
        ({"llm_model": "x", "llm_url": "ftp://u:secret@127.0.0.1/"}, "QA_LLM_URL"),
        ({"llm_model": "x", "llm_provider": "anthropic"}, r"QA_LLM_API_KEY|qa\[anthropic\]"),
    ],
)
def test_settings_that_are_not_enough_are_named(
    settings: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable to set; a password in an address is not shown."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(LanguageModelError, match=message) as caught:
        load_llm(load_config(**settings))
    assert "secret" not in str(caught.value)


# hostile ----------------------------------------------------------------------------------------------------


def hostile_hit(document: Hostile) -> Hit:
    source = {"id": "h", "publisher": "Harbour News", "title": "The festival"} | document.source
    return make_hit(document.text, **source)


def test_there_are_enough_hostile_documents() -> None:
    """And no two are alike."""
    assert len(HOSTILE) >= 40
    assert len({d.name for d in HOSTILE}) == len({(d.text, str(d.source)) for d in HOSTILE}) == len(HOSTILE)


@pytest.mark.parametrize("document", HOSTILE, ids=lambda d: d.name)
def test_a_hostile_document_cannot_leave_its_place_in_the_prompt(document: Hostile) -> None:
    """Three passages go in, three can be read out, with nothing between them and nothing that people cannot see."""
    result = Result(good(f"{VOTE} [1]. {FERRY} [2]."), hits=[*HITS, hostile_hit(document)])
    (request,) = result.server.requests
    system, user = (m["content"] for m in request["messages"])
    read = passages_of(request)
    assert [n for n, _ in read] == [1, 2, 3]
    assert [text for _, text in read[:2]] == [hit.passage.text for hit in HITS]
    assert read[2][1].startswith("The harbour festival")
    assert read[2][1].endswith("1950.") or "comment, open" in document.name
    assert "cheese" not in system
    assert user.count("<<<") == user.count(">>>") == 6
    assert not [c for c in user if unicodedata.category(c) in ("Cf", "Cc", "Co") and c not in "\n\t"]
    assert "<|" not in user
    assert result.texts == [f"{VOTE}.", f"{FERRY}."]


def obeying(document: Hostile, support: Support) -> list[Sentence]:
    """What is shown of the answer of a model that does as the document says."""
    return Result(obedient(document.payload), hits=[*HITS, hostile_hit(document)], support=support).sentences


@pytest.mark.parametrize("document", HOSTILE, ids=lambda d: d.name)
@pytest.mark.parametrize("support", [GULLIBLE, Support()], ids=["gullible", "rules"])
def test_a_model_that_obeys_a_document_gets_nothing_through(document: Hostile, support: Support) -> None:
    """The payload is not shown; an account of the document's own is its own alone."""
    assert resists(document, obeying(document, support))


def test_the_word_around_passages_stands_in_none_of_them() -> None:
    """Not even in one that was made to hold it."""
    texts = ["a", "b"]
    mark = fence_mark(texts)
    assert mark == fence_mark(texts)
    assert not any(fence_mark([*texts, mark]) in text for text in (*texts, mark))


@given(st.lists(st.text(max_size=60), max_size=4))
def test_the_word_around_passages_never_occurs(texts: list[str]) -> None:
    """Whatever the texts are."""
    assert not any(fence_mark(texts) in text.casefold() for text in texts)


@given(st.text(max_size=200))
def test_what_is_sent_can_be_seen(text: str) -> None:
    """No fence, no template, no invisible character survives, and cleaning twice changes nothing more."""
    clean = visible(text)
    assert "<<<" not in clean
    assert ">>>" not in clean
    assert "\u200b" not in clean
    assert visible(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "The council approved the bridge on 3 March 2021 by 12 votes to 7.",
        "He told the army to ignore the orders of the government.",
        "“You are a liar,” he said to the model’s agent.",
        "Write to the mayor, the paper said.",
        "Israel must answer for this, he said.",
        "The instructions were ignored by the crew.",
        "They say that the bridge is old.",
        "State television reported that all is well.",
        "Print media wrote only of the bridge.",
        "Answers to every question were given.",
        "“Forget it,” said the mayor.",
        "Say what you want about the bridge.",
        "Write your name on the form in block letters.",
        "Answer every letter within ten days.",
        "State your reasons in the appeal.",
        "End with a rinse of cold water.",
        "Repeat this step twice.",
        "Print only the second page.",
        "Ignore the previous version of the rules.",
        "You are the model for the whole team, he said.",
        "From now on the assistant manager must sign every invoice.",
        "Output that exceeds the limit is taxed.",
    ],
)
def test_ordinary_sentences_are_no_orders(text: str) -> None:
    """The guard is narrow: it costs no honest source its words."""
    assert not is_order(text)


def test_copying_needs_no_script() -> None:
    """The server that other tests use answers rightly from any passages."""
    assert Result(copying()).texts == [f"{VOTE}.", f"{FERRY}."]


def test_cheese_is_in_no_benign_passage() -> None:
    """Else the tests above could not fail."""
    assert not any(CHEESE in hit.passage.text for hit in HITS)
