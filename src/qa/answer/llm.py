"""The language model: which one, and how it is called: bounded, repeated, cancellable, counted."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from qa import markers
from qa.config import Config
from qa.markers import Marked
from qa.schema import LanguageModelError, Usage

MAX_CHARACTERS = 12_000
"""Characters read from the model, for one that ends no sentence."""
MAX_TOKENS = 1500
"""Tokens it is asked to stay within."""
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
    key = config.llm_api_key.get_secret_value()
    if config.llm_provider == "anthropic":
        return _anthropic(config, key or os.environ.get("ANTHROPIC_API_KEY", ""))
    if urlsplit(config.llm_url).scheme not in ("http", "https"):
        raise LanguageModelError(
            f"llm_url is {shown(config.llm_url)!r}; set QA_LLM_URL to an OpenAI-compatible address, as http://127.0.0.1:11434/v1"
        )
    try:
        from llama_index.llms.openai_like import OpenAILike
    except ImportError as error:
        raise LanguageModelError("language models need an extra: pip install 'qa[llm]'") from error
    return OpenAILike(
        model=config.llm_model,
        api_base=config.llm_url,
        api_key=key or "none",  # without one the client would send OPENAI_API_KEY to whatever address this is
        is_chat_model=True,
        context_window=32_768,
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
    model: LLM = Anthropic(
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

    def units(self, messages: list[ChatMessage], *, once: bool = False) -> Iterator[Marked]:
        """The sentences of the model's answer as they are completed.

        A call is repeated as long as it has given no sentence; after that what was given must stand.

        Raises:
            Trouble: unreachable, refused, silent, broken off.
        """

        def begin() -> tuple[list[Marked], Iterator[Marked]]:
            rest = self._read(messages)
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

    def _read(self, messages: list[ChatMessage]) -> Iterator[Marked]:
        """The sentences of one call; the last half sentence of an answer that broke off is left out."""
        stream, seen, size = markers.Stream(), _Thoughts(), 0
        self.cut = False
        pump = _Pump(self.llm, messages, self.config.llm_timeout, self.cancelled)
        self._calls += 1
        try:
            for piece in pump.pieces():
                size += len(piece)
                yield from stream.feed(seen.feed(piece))
                if size > MAX_CHARACTERS:
                    self.cut = True
                    return
        finally:
            pump.stop()
            self._count(messages, size, pump.usage)
        if self.cancelled():
            return
        if pump.finish is _MISSING:
            raise Trouble("the language model broke off in the middle of its answer", again=True)
        if not size:
            raise Trouble("the language model answered with nothing", again=True)
        self.cut = pump.finish == "length"
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


def reply(llm: LLM, prompt: str, cancelled: Callable[[], bool]) -> str:
    """The model's answer to a prompt, read in a thread of its own, so that whoever waits can give up at any time.

    Raises:
        Trouble: they gave up.
        Exception: whatever the provider raises.
    """
    box: queue.Queue[str | Exception] = queue.Queue()

    def run() -> None:
        try:
            box.put(str(llm.complete(prompt)))
        except Exception as error:
            box.put(error)

    threading.Thread(target=run, daemon=True, name="language model").start()
    while not cancelled():
        with suppress(queue.Empty):
            got = box.get(timeout=0.05)
            if isinstance(got, Exception):
                raise got
            return got
    raise Trouble("the language model was left", again=False)


_MISSING: Final = "(no end)"
_DONE: Final = object()


class _Pump:
    """Reads the model in a thread of its own, so that whoever waits can give up at any time."""

    def __init__(self, llm: LLM, messages: list[ChatMessage], timeout: float, cancelled: Callable[[], bool]) -> None:
        self.usage: dict[str, int] = {}
        self.finish: str = ""
        self._timeout = timeout
        self._cancelled = cancelled
        self._queue: queue.Queue[Any] = queue.Queue(maxsize=256)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(llm, messages), daemon=True, name="language model")

    def pieces(self) -> Iterator[str]:
        """Pieces of text as they arrive; ends early when cancelled.

        Raises:
            Trouble: any failure of the model, in our words.
        """
        self._thread.start()
        begun = last = time.monotonic()
        while not self._cancelled():
            try:
                item = self._queue.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() - last > self._timeout:
                    # not again: everybody behind whoever waits here would wait as many times
                    raise Trouble(f"the language model was silent for {self._timeout:g} seconds", again=False) from None
                continue
            last = time.monotonic()
            if item is _DONE:
                return
            if isinstance(item, Exception):
                raise explained(item) from None  # the cause may carry the request, and with it the key
            if last - begun > PATIENCE * self._timeout:
                raise Trouble(f"the language model took more than {PATIENCE * self._timeout:g} seconds", again=False)
            yield item

    def stop(self) -> None:
        """Leaves the model; the thread ends with its next piece."""
        self._stop.set()

    def _run(self, llm: LLM, messages: list[ChatMessage]) -> None:
        try:
            replies = llm.stream_chat(messages)
            for reply in replies:
                self._note(reply.raw)
                if reply.delta:
                    self._put(reply.delta)
                if self._stop.is_set():
                    break
            close = getattr(replies, "close", None)
            if close:
                close()
            self._put(_DONE)
        except Exception as error:  # any failure of any provider is told by `pieces`
            self._put(error)

    def _put(self, item: Any) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def _note(self, raw: Any) -> None:
        """Usage and the reason of the end, where the provider tells them."""
        choices = _get(raw, "choices")
        if choices is not None and not self.finish:
            self.finish = _MISSING
        if choices and _get(choices[0], "finish_reason"):
            self.finish = str(_get(choices[0], "finish_reason"))
        usage = _get(raw, "usage")
        for ours, theirs in (
            ("prompt", ("prompt_tokens", "input_tokens")),
            ("completion", ("completion_tokens", "output_tokens")),
        ):
            for name in theirs:
                if isinstance(value := _get(usage, name), int):
                    self.usage[ours] = value


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
}


def explained(error: Exception) -> Trouble:
    """A provider's failure in our own words. Nothing of its text is repeated: it may hold the key."""
    kinds = {cls.__name__ for cls in type(error).__mro__}
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        what = _STATUS.get(status, "failed" if status >= 500 else "refused the request")
        return Trouble(
            f"the language model {what} (HTTP {status})",
            again=status in (408, 409, 425, 429) or status >= 500,
        )
    if any("Timeout" in kind for kind in kinds):
        return Trouble("the language model did not answer in time; raise llm_timeout", again=False)
    if kinds & {"RemoteProtocolError", "ReadError", "IncompleteRead"}:
        return Trouble("the language model broke off in the middle of its answer", again=True)
    if kinds & {"APIConnectionError", "ConnectError", "TransportError", "ConnectionError", "OSError"}:
        return Trouble("the language model cannot be reached; check QA_LLM_URL and that the server runs", again=True)
    if kinds & {"JSONDecodeError", "APIResponseValidationError", "ValidationError", "UnicodeDecodeError"}:
        return Trouble("the language model answered with what is no JSON", again=True)
    return Trouble(f"the language model failed ({type(error).__name__})", again=False)
