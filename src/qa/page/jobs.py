"""Work under way in a thread of its own: anybody may follow it, and end it at any instant."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final, Generic, Literal, TypeVar

V = TypeVar("V")
Ending = Literal["", "done", "stopped", "failed"]


ALONE: Final = 120.0
"""Seconds that work goes on which nobody follows: a reload takes one, a closed window never comes back."""


class Stopped(Exception):  # no error: somebody pressed stop
    """Raised in the work itself as soon as it says something after it was stopped."""


class Job(Generic[V]):
    """One piece of work and what there is to show of it.

    The work tells what there is by `show`; whoever follows sees the newest. It ends once: by the work, or by `stop`,
    which takes effect at once, though the work be stuck; what that says afterwards counts no more.

    Args:
        view: what there is to show at first.
        work: told the job; its end is the job's, and what it returns its `result`.
        ended: called once with how it ends, when the last view stands and before anybody is told.
    """

    def __init__(
        self, view: V, work: Callable[[Job[V]], Any], ended: Callable[[Job[V], Ending], None] = lambda *_: None
    ) -> None:
        self.view = view
        self.ending: Ending = ""
        self.error: Exception | None = None
        self.result: Any = None
        self._work = work
        self._ended = ended
        self._lock = threading.Lock()
        self._wakers: set[Callable[[], None]] = set()
        self._left = time.monotonic()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return not self.ending

    def start(self, places: threading.Semaphore) -> None:
        """Begins, as soon as there is a place. The thread is a daemon: no work keeps the server from ending."""
        threading.Thread(target=self._run, args=(places,), daemon=True).start()

    def show(self, view: V) -> None:
        """What there is now.

        Raises:
            Stopped: the job has ended, or nobody has followed it for long.
        """
        if not self._wakers and time.monotonic() - self._left > ALONE:
            self.stop()
        with self._lock:
            if self.ending:
                raise Stopped
            self.view = view
        self._tell()

    def stop(self) -> bool:
        """Ends it. False where it had ended before."""
        return self._end("stopped")

    async def follow(self) -> AsyncIterator[V]:
        """What there is, and what there is then, up to the end; a follower who is slow misses what was overtaken."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop is closed: the server is stopping
                loop.call_soon_threadsafe(news.set)

        self._wakers.add(wake)
        try:
            while True:
                news.clear()
                over, view = bool(self.ending), self.view
                yield view
                if over:
                    return
                await news.wait()
        finally:
            self._wakers.discard(wake)
            self._left = time.monotonic()

    def _run(self, places: threading.Semaphore) -> None:
        with places:
            if not self.running:
                return
            try:
                self.result = self._work(self)
            except Stopped:
                pass
            except Exception as error:
                self.error = error
                self._end("failed")
            else:
                self._end("done")

    def _end(self, ending: Ending) -> bool:
        with self._lock:
            if self.ending:
                return False
            try:
                self._ended(self, ending)
            except Exception as error:  # it could not be kept: who follows is told, and waits no longer
                self.error, ending = error, "failed"
            self.ending = ending
        self._tell()
        return True

    def _tell(self) -> None:
        for wake in tuple(self._wakers):
            wake()
