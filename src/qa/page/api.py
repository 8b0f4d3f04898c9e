"""The same four things as endpoints of Gradio (and MCP tools), and OpenAI's chat completions on top."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain
from typing import Any, Literal, TypeVar

import gradio as gr
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from qa import Answer, Filters, Progress, QAError, Sentence
from qa.page.library import Library
from qa.page.telling import fitting

T = TypeVar("T")
MODEL = "qa"
LONGEST_TEXT = 50_000
"""Characters of a text to check."""
AT_ONCE = 4
"""Requests of programs that are answered at the same time."""
HISTORY = 4
"""Earlier questions of a chat that are asked again, so that a follow-up is understood."""


def add(library: Library, concurrency: int) -> None:
    """Named endpoints in the blocks that are being built; stateless, over the library everybody shares."""

    def ask(
        question: str,
        sources: list[str] | None = None,
        publishers: list[str] | None = None,
        kinds: list[str] | None = None,
        languages: list[str] | None = None,
        since: str = "",
        until: str = "",
    ) -> Iterator[dict[str, Any]]:
        """Answer a question from the corpus: every sentence cites the exact words that bear it out, with a
        verdict; where the corpus does not answer, `abstention` says why. Streams {"progress"}, {"sentence"}
        and last {"answer"}.

        Args:
            question: the question, in words.
            sources: ids of sources to search; all where empty.
            publishers: publishers to search; all where empty.
            kinds: news, analysis, research or other; all where empty.
            languages: languages to search; all where empty.
            since: published on or after, as 2017, 2017-11 or 2017-11-30.
            until: published on or before.
        """
        with _told():
            filters = _filters(sources, publishers, kinds, languages, since, until)
            for event in library.assistant.stream(question, filters=filters):
                if isinstance(event, Answer):
                    yield {"answer": event.to_dict()}
                elif isinstance(event, Progress):
                    yield {"progress": {"stage": event.stage, "message": event.message}}
                else:
                    cited = [citation.to_dict() for citation in event.citations]
                    yield {
                        "sentence": {
                            "text": event.text,
                            "attribution": event.attribution,
                            "verdict": event.verdict.value,
                            "citations": cited,
                        }
                    }

    def search(
        question: str,
        top_k: int = 5,
        sources: list[str] | None = None,
        publishers: list[str] | None = None,
        kinds: list[str] | None = None,
        languages: list[str] | None = None,
        since: str = "",
        until: str = "",
    ) -> list[dict[str, Any]]:
        """Find passages of the corpus, best first, each with its source, exact span and rank in each stage.

        Args:
            question: what to look for.
            top_k: how many passages, 1 to 50.
            sources: ids of sources to search; all where empty.
            publishers: publishers to search; all where empty.
            kinds: news, analysis, research or other; all where empty.
            languages: languages to search; all where empty.
            since: published on or after, as 2017, 2017-11 or 2017-11-30.
            until: published on or before.
        """
        with _told():
            filters = _filters(sources, publishers, kinds, languages, since, until)
            hits = library.assistant.search(question, top_k=max(1, min(top_k, 50)), filters=filters)
            return [hit.to_dict() for hit in hits]

    def sources() -> list[dict[str, Any]]:
        """List the sources of the corpus: id, title, publisher, author, date, kind, perspective."""
        return [source.to_dict() for source in library.assistant.sources]

    def check(text: str) -> dict[str, Any]:
        """Check a text from elsewhere, sentence by sentence, against the corpus: supported, likely,
        partly, unsupported, contradicted or unchecked, with the decisive words.

        Args:
            text: prose, with or without markers like [1].
        """
        with _told():
            return library.assistant.check(fitting("text", text, LONGEST_TEXT)).to_dict()

    for function in (ask, search, sources, check):
        gr.api(  # type: ignore[attr-defined]  # gradio has no __all__
            function, api_name=function.__name__, concurrency_limit=concurrency, concurrency_id="api"
        )


class _told:
    """An error of ours reaches the caller in its own words; Gradio hides any other."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, QAError):
            raise gr.Error(str(error), print_exception=False) from error


def _filters(
    sources: list[str] | None,
    publishers: list[str] | None,
    kinds: list[str] | None,
    languages: list[str] | None,
    since: str,
    until: str,
) -> Filters:
    return Filters(
        tuple(sources or ()),
        tuple(publishers or ()),
        tuple(kinds or ()),
        tuple(languages or ()),
        since,
        until,
    )


class _Part(BaseModel):
    type: str
    text: str = ""


class _Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type in ("text", "input_text"))
        return self.content or ""


class _Request(BaseModel):
    """What is read of an OpenAI request; sampling settings mean nothing here and are passed over."""

    model_config = ConfigDict(extra="ignore")
    messages: list[_Message] = Field(min_length=1, max_length=500)
    model: str = MODEL
    stream: bool = False


def router(library: Library) -> APIRouter:
    """`/health`, `/v1/models` and `/v1/chat/completions`."""
    routes = APIRouter()
    places = asyncio.Semaphore(AT_ONCE)

    async def in_turn(work: Callable[..., T], *given: Any, caller: Request | None = None) -> T:
        async with places:  # who waits takes no thread, of which there are few
            if caller and await caller.is_disconnected():
                raise HTTPException(499, "nobody waits for this answer any more")
            return await run_in_threadpool(work, *given)

    async def streamed(parts: Iterator[str]) -> AsyncIterator[str]:
        while part := await in_turn(next, parts, ""):
            yield part

    @routes.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "sources": len(library.assistant.sources)}

    @routes.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "qa"}]}

    @routes.post("/v1/chat/completions", response_model=None)
    async def complete(request: _Request, caller: Request) -> JSONResponse | StreamingResponse:
        asked = [message.text.strip() for message in request.messages if message.role == "user"]
        questions = [question for question in asked if question][-HISTORY - 1 :]
        if not questions:
            raise HTTPException(400, "there is no user message with text")

        def begun() -> Iterator[Progress | Sentence | Answer]:
            chat = library.assistant.chat()
            # answers are the same each time, so what was said before is found again by asking it again
            for question in questions[:-1]:
                chat.ask(question)
            events = library.assistant.stream(questions[-1], history=chat.turns)
            return chain([next(events)], events)  # a question that cannot be asked is an error, not half a stream

        events = await in_turn(begun, caller=caller)
        if request.stream:
            return StreamingResponse(streamed(_chunks(events)), media_type="text/event-stream")
        answer = (await in_turn(lambda: list(events)))[-1]
        assert isinstance(answer, Answer)  # `stream` ends with it
        return JSONResponse(_completion(answer))

    @routes.api_route("/v1/{rest:path}", methods=["GET", "POST"])
    def nothing(rest: str) -> None:  # or Gradio, mounted behind, would answer in a shape of its own
        raise HTTPException(404, f"there is no {rest[:80]!r} here; there are GET models and POST chat/completions")

    return routes


def _completion(answer: Answer) -> dict[str, Any]:
    words = len(str(answer).split())
    message: dict[str, Any] = {
        "role": "assistant",
        "content": str(answer),
        "refusal": None,
        "annotations": [],
    }
    return {
        **_head("chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 0, "completion_tokens": words, "total_tokens": words},
        "references": answer.to_dict()["references"],
        "qa": answer.to_dict(),
    }


def _chunks(events: Iterator[Progress | Sentence | Answer]) -> Iterator[str]:
    """The answer's text as it is made: each sentence once it is checked, at the end the references."""
    head = _head("chat.completion.chunk")

    def part(**delta: str) -> str:
        return _event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})

    yield part(role="assistant", content="")
    said = ""
    sentences: tuple[Sentence, ...] = ()
    for event in events:
        if isinstance(event, Sentence):
            # what stands before the sentences is known with the last event alone; it then comes after them
            sentences = (*sentences, event)
            *_, line = Answer("…", sentences).prose()
            said += f"{line}\n"
            yield part(content=f"{line}\n")
        elif isinstance(event, Answer):
            text = str(event)
            before, told, after = text.partition(said) if said else ("", "", text)
            yield part(content=after if told or not said else f"\n{text}")
            if told and before.strip():
                yield part(content=f"\n\n{before.strip()}")
            whole = event.to_dict()
            end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            yield _event(head | end | {"references": whole["references"], "qa": whole})
    yield "data: [DONE]\n\n"


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
