"""A question that is being answered, and may be stopped at any instant."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from typing import Literal

from qa import Answer, Progress, Sentence

Event = Progress | Sentence | Answer
Ending = Literal["", "stopped", "cleared"]
State = Literal["waiting", "running", "over"]


class Draft:
    """One question on its way to an answer.

    Whoever reads `events` alone shows it; whoever presses stop only asks for its end. So whatever is pressed when,
    one of them has the last word, and nothing is drawn over it.
    """

    def __init__(self, question: str) -> None:
        self.question = question
        self.sentences: tuple[Sentence, ...] = ()
        self.ending: Ending = ""
        """How it was asked to end; empty while nobody did."""
        self._state: State = "waiting"
        self._lock = threading.Lock()
        self._wake: Callable[[], None] = lambda: None

    @property
    def answer(self) -> Answer | None:
        """What stands so far; None before the first sentence."""
        return Answer(self.question, self.sentences) if self.sentences else None

    @property
    def running(self) -> bool:
        """Whether somebody is answering it."""
        return self._state == "running"

    def begin(self) -> bool:
        """Takes it up. False where that was done before, or it has ended."""
        with self._lock:
            begun = self._state == "waiting"
            if begun:
                self._state = "running"
            return begun

    def stop(self, ending: Ending) -> State:
        """Asks for its end. Returns how it stood: where it was running, whoever reads `events` shows the end."""
        with self._lock:
            stood, self._state = self._state, "over"
            if stood == "running":
                self.ending = ending
                self._wake()
            return stood

    async def events(
        self, work: Callable[[Callable[[], bool]], Iterator[Event]], workers: Executor
    ) -> AsyncGenerator[Event, None]:
        """What `work` yields, until the answer or until it is stopped, which takes no longer than a turn of the loop.

        Args:
            work: makes the events; is given what tells whether it was stopped, and may take its time to notice.
            workers: the threads that work, as many as may at the same time.

        Raises:
            Exception: whatever `work` raised.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Event | Exception | None] = asyncio.Queue()

        def tell(event: Event | Exception | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server is stopping
                loop.call_soon_threadsafe(arrived.put_nowait, event)

        def run() -> None:
            try:
                for event in work(lambda: not self.running) if self.running else ():
                    tell(event)
                    if not self.running:
                        break
            except Exception as error:
                tell(error)
            else:
                tell(None)

        with self._lock:
            self._wake = lambda: tell(None)
            stopped = not self.running
        if stopped:
            return
        workers.submit(run)
        try:
            while (event := await arrived.get()) is not None and self._still(event):
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, Sentence):
                    self.sentences += (event,)
                yield event
        finally:
            self._state = "over"

    def _still(self, event: object) -> bool:
        """Whether an event still counts; with the answer, or an error, it is too late to stop."""
        with self._lock:
            counts = self.running
            if isinstance(event, Answer | Exception):
                self._state = "over"
            return counts
