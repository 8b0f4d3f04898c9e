"""The language model: which one, and how it is called: bounded, repeated, cancellable, counted."""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from llama_index.core.base.llms.types import ChatMessage, LLMMetadata
from llama_index.core.llms import LLM
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from qa import markers
from qa.config import Config
from qa.markers import Marked
from qa.schema import LanguageModelError, Usage

MAX_CHARACTERS = 12_000
"""Characters read from the model, for one that ends no sentence."""
MAX_TOKENS = 400
"""Tokens it is asked to stay within: six long sentences."""
CONTEXT = 32_768
"""Tokens that a model is taken to read at once; llama-index asks, nothing here depends on it."""
PATIENCE = 5
"""Times `llm_timeout` after which an answer that still drips is left."""
BACK_OFF = 0.5
"""Seconds before the first repetition of a call; doubled each time, at most 8, with jitter."""


def load_llm(config: Config) -> LLM | None:
    """The language model that the settings name; None where they name none. Nothing is called yet.

    Raises:
        LanguageModelError: the settings are not enough, or the extra is not installed.
    """
    if not (config.llm_url or config.llm_model):
        return None
    if not config.llm_model:
        raise LanguageModelError(
            "no language model is named; set QA_LLM_MODEL to a name that the server at QA_LLM_URL knows"
        )
    anthropic = config.llm_provider == "anthropic"
    if not (anthropic and not config.llm_url) and urlsplit(config.llm_url).scheme not in ("http", "https"):
        raise LanguageModelError(
            f"llm_url is {shown(config.llm_url)!r}; set QA_LLM_URL to the address of its server, "
            "as http://127.0.0.1:11434/v1"
        )
    key = config.llm_api_key.get_secret_value()
    if anthropic:
        return _anthropic(config, key or os.environ.get("ANTHROPIC_API_KEY", ""))
    try:
        from llama_index.llms.openai_like import OpenAILike
    except ImportError as error:
        raise LanguageModelError("language models need an extra: pip install 'qa[llm]'") from error
    return OpenAILike(
        model=config.llm_model,
        api_base=config.llm_url,
        api_key=key or "none",  # without one the client would send OPENAI_API_KEY to whatever address this is
        is_chat_model=True,
        context_window=CONTEXT,
        temperature=0.0,
        max_tokens=MAX_TOKENS,
        timeout=config.llm_timeout,
        max_retries=0,  # we repeat ourselves, with a say for whoever waits
        additional_kwargs={"seed": 0, "stream_options": {"include_usage": True}},
    )


def _anthropic(config: Config, key: str) -> LLM:
    try:
        from llama_index.llms.anthropic import Anthropic  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise LanguageModelError("this language model needs an extra: pip install 'qa[anthropic]'") from error
    if not key:
        raise LanguageModelError("no key for the language model; set QA_LLM_API_KEY or ANTHROPIC_API_KEY")

    class NamedAnthropic(Anthropic):  # type: ignore[misc, unused-ignore]
        """A model by any name: llama-index refuses those that are newer than its list."""

        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(model_name=self.model, context_window=CONTEXT, is_chat_model=True)

    model: LLM = NamedAnthropic(  # type: ignore[call-arg, unused-ignore]
        model=config.llm_model,
        base_url=config.llm_url or None,
        api_key=key,
        temperature=0.0,
        max_tokens=MAX_TOKENS,
        timeout=config.llm_timeout,
        max_retries=0,
    )
    return model


def shown(url: str) -> str:
    """An address without the name and password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Trouble(LanguageModelError):
    """The model failed; `again`: it may be different the next time."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


@dataclass(slots=True)
class Talk:
    """Calls of the model in one answer: retried, bounded in time and length, cancellable, counted."""

    llm: LLM
    config: Config
    cancelled: Callable[[], bool]
    cut: bool = False
    """Whether the last answer ended at the length limit."""
    _calls: int = 0
    _prompt_tokens: int = 0
    _completion_tokens: int = 0

    @property
    def stopped(self) -> bool:
        """Whether whoever waits has given up."""
        return self.cancelled()

    @property
    def usage(self) -> Usage:
        """Of all calls together."""
        price = self.config.llm_price
        cost = None
        if price is not None:
            cost = (self._prompt_tokens * price[0] + self._completion_tokens * price[1]) / 1e6
        model = self.config.llm_model or self.llm.metadata.model_name
        return Usage(model, self._prompt_tokens, self._completion_tokens, self._calls, cost)

    def units(self, messages: list[ChatMessage], *, once: bool = False, grammar: str = "") -> Iterator[Marked]:
        """The sentences of the model's answer as they are completed; `grammar` (GBNF) is the form it must have.

        A call is repeated as long as it has given no sentence; after that what was given must stand.

        Raises:
            Trouble: unreachable, refused, silent, broken off.
        """

        def begin() -> tuple[list[Marked], Iterator[Marked]]:
            rest = self._read(messages, grammar)
            first = next(rest, None)
            return ([first] if first else []), rest

        retrying = Retrying(
            stop=stop_after_attempt(1 if once else self.config.llm_retries + 1),
            wait=wait_exponential(multiplier=BACK_OFF, max=8) + wait_random(0, BACK_OFF),
            retry=retry_if_exception(lambda e: isinstance(e, Trouble) and e.again and not self.cancelled()),
            sleep=self._sleep,
            reraise=True,
        )
        first, rest = retrying(begin)
        yield from first
        yield from rest

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.cancelled() and time.monotonic() < until:
            time.sleep(min(0.05, seconds))

    def _read(self, messages: list[ChatMessage], grammar: str) -> Iterator[Marked]:
        """The sentences of one call; the last half sentence of an answer that broke off is left out."""
        stream, thoughts, told, size = markers.Stream(), _Thoughts(), _Told(), 0
        form = {"extra_body": {"grammar": grammar}} if grammar else {}
        self.cut = False
        self._calls += 1
        try:
            with closing(
                _aside(lambda: self.llm.stream_chat(messages, **form), self.cancelled, self.config.llm_timeout)
            ) as chunks:
                for chunk in chunks:
                    told.note(chunk.raw)
                    piece = chunk.delta or ""
                    size += len(piece)
                    yield from stream.feed(thoughts.feed(piece))
                    if size > MAX_CHARACTERS:
                        self.cut = True
                        return
        finally:
            self._count(messages, size, told.usage)
        if self.cancelled():
            return
        if told.end is _MISSING:
            raise Trouble("the language model broke off in the middle of its answer", again=True)
        if not size:
            raise Trouble("the language model answered with nothing", again=True)
        self.cut = told.end in ("length", "max_tokens")
        left = stream.close()
        yield from left[:-1] if self.cut else left

    def _count(self, messages: list[ChatMessage], size: int, usage: dict[str, int]) -> None:
        # where the server tells nothing, four characters are taken for a token
        asked = sum(len(str(m.content)) for m in messages)
        self._prompt_tokens += usage.get("prompt", asked // 4)
        self._completion_tokens += usage.get("completion", size // 4)


class _Thoughts:
    """Leaves out what a reasoning model writes between <think> and </think> before its answer."""

    def __init__(self) -> None:
        self._held: str | None = ""

    def feed(self, piece: str) -> str:
        """The part of the answer in this piece."""
        if self._held is None:
            return piece
        self._held += piece
        text = self._held.lstrip()
        if "<think>".startswith(text[:7]) and len(text) < 7:
            return ""
        if not text.startswith("<think>"):
            self._held = None
            return text
        _, closed, answer = text.partition("</think>")
        if not closed:
            return ""
        self._held = None
        return answer.lstrip()


_MISSING: Final = "(no end)"
_DONE: Final = object()


class _Told:
    """What a provider tells beside the text, where it tells it: tokens used, and why the answer ended."""

    def __init__(self) -> None:
        self.usage: dict[str, int] = {}
        self.end = ""

    def note(self, raw: Any) -> None:
        """Reads a chunk in the shape of OpenAI, or an event in that of Anthropic."""
        choices, delta = _get(raw, "choices"), _get(raw, "delta")
        if not self.end and not (choices is None and delta is None):
            self.end = _MISSING
        reason = _get(choices[0], "finish_reason") if choices else _get(delta, "stop_reason")
        if reason:
            self.end = str(reason)
        usage = _get(raw, "usage")
        for ours, theirs in (
            ("prompt", ("prompt_tokens", "input_tokens")),
            ("completion", ("completion_tokens", "output_tokens")),
        ):
            for name in theirs:
                if isinstance(value := _get(usage, name), int):
                    self.usage[ours] = value


def reply(llm: LLM, prompt: str, cancelled: Callable[[], bool]) -> str:
    """The model's answer to a prompt; empty where whoever waited gave up.

    Raises:
        Trouble: any failure of the model, in our words.
    """
    return "".join(_aside(lambda: [str(llm.complete(prompt))], cancelled))


def _aside(
    make: Callable[[], Iterable[Any]], cancelled: Callable[[], bool], timeout: float = math.inf
) -> Generator[Any, None, None]:
    """What `make` gives, made in a thread of its own, so that whoever waits can give up at any time.

    Ends early when cancelled; when closed, the thread ends with its next piece.

    Args:
        timeout: seconds of silence after which the model is left.

    Raises:
        Trouble: any failure of the model, in our words.
    """
    arrived: queue.Queue[Any] = queue.Queue(maxsize=256)
    left = threading.Event()

    def put(item: Any) -> None:
        while not left.is_set():
            try:
                arrived.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def run() -> None:
        try:
            pieces = make()
            for piece in pieces:
                put(piece)
                if left.is_set():
                    break
            if close := getattr(pieces, "close", None):
                close()
            put(_DONE)
        except Exception as error:  # any failure of any provider is told by whoever reads
            put(error)

    threading.Thread(target=run, daemon=True, name="language model").start()
    begun = last = time.monotonic()
    try:
        while not cancelled():
            try:
                item = arrived.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() - last > timeout:
                    # not again: everybody behind whoever waits here would wait as many times
                    raise Trouble(f"the language model was silent for {timeout:g} seconds", again=False) from None
                continue
            last = time.monotonic()
            if item is _DONE:
                return
            if isinstance(item, Exception):
                raise explained(item) from None  # the cause may carry the request, and with it the key
            if last - begun > PATIENCE * timeout:
                raise Trouble(f"the language model took more than {PATIENCE * timeout:g} seconds", again=False)
            yield item
    finally:
        left.set()


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


_STATUS = {
    400: "did not understand the request; check QA_LLM_MODEL and its context length",
    401: "refused the key; check QA_LLM_API_KEY",
    403: "refused access; check QA_LLM_API_KEY",
    404: "knows no such model or address; check QA_LLM_URL and QA_LLM_MODEL",
    408: "took too long",
    413: "was sent too much; lower top_k",
    429: "is busy or its quota is spent; wait, or check the account",
    529: "is overloaded; wait",
}


def explained(error: Exception) -> Trouble:
    """A provider's failure in our own words. Nothing of its text is repeated: it may hold the key."""
    kinds = {cls.__name__ for cls in type(error).__mro__}
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 400:
        what = _STATUS.get(status, "failed" if status >= 500 else "refused the request")
        return Trouble(
            f"the language model {what} (HTTP {status})",
            again=status in (408, 409, 425, 429) or status >= 500,
        )
    if any("Timeout" in kind for kind in kinds):
        return Trouble("the language model did not answer in time; raise llm_timeout", again=False)
    told = isinstance(status, int) or type(error).__name__ == "APIError"  # in the stream of an answer that began well
    if told or kinds & {"RemoteProtocolError", "ReadError", "IncompleteRead"}:
        return Trouble("the language model broke off in the middle of its answer", again=True)
    if kinds & {"APIConnectionError", "ConnectError", "TransportError", "ConnectionError", "OSError"}:
        return Trouble("the language model cannot be reached; check QA_LLM_URL and that the server runs", again=True)
    if kinds & {"JSONDecodeError", "APIResponseValidationError", "ValidationError", "UnicodeDecodeError"}:
        return Trouble("the language model answered with what is no JSON", again=True)
    return Trouble(f"the language model failed ({type(error).__name__})", again=False)
