"""A question under way can be stopped at any instant, and one alone has the last word on what is shown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing

import pytest

from qa import Answer, Citation, Progress, Sentence, Source, Verdict
from qa.page.draft import Draft, Event

SOURCE = Source(id="a", title="Title")


def sentence(n: int) -> Sentence:
    text = f"The tower is {n} metres high."
    return Sentence(text, (Citation(SOURCE, f"a:0-{len(text)}", 0, len(text), text),), Verdict.SUPPORTED)


EVENTS: tuple[Event, ...] = (
    Progress("searching", "searching"),
    sentence(1),
    sentence(2),
    Progress("checking", "comparing"),
    Answer("How high?", (sentence(1), sentence(2))),
)


class Work:
    """Yields the events up to `halt`, then is stuck until it is let go."""

    def __init__(self, halt: int) -> None:
        self.halt = halt
        self.go = threading.Event()
        self.left = threading.Event()
        self.told = False

    def __call__(self, stopped: Callable[[], bool]) -> Iterator[Event]:
        try:
            yield from EVENTS[: self.halt]
            if self.halt < len(EVENTS):
                self.go.wait()
            self.told = stopped()
            yield from EVENTS[self.halt :]
        except GeneratorExit:  # let go of between two events
            self.told = True
            raise
        finally:
            self.left.set()


@pytest.fixture
def workers() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as one:
        yield one


async def shown(draft: Draft, work: Work, *, stop_after: int, workers: Executor) -> list[Event]:
    """What a reader gets who stops after so many events."""
    got: list[Event] = []
    async with aclosing(draft.events(work, workers)) as events:
        if stop_after == 0:
            assert draft.stop("stopped") == "running"
        async for event in events:
            got.append(event)
            if len(got) == stop_after:
                draft.stop("stopped")
    return got


@pytest.mark.parametrize("n", range(len(EVENTS)))
def test_stopped_at_any_point_it_ends_at_once_and_keeps_what_came(n: int, workers: Executor) -> None:
    """Before the first sentence, between two, after the last: though the work itself is stuck in mid-step."""
    draft, work = Draft("How high?"), Work(halt=n)
    assert draft.begin()
    got = asyncio.run(shown(draft, work, stop_after=n, workers=workers))
    assert tuple(got) == EVENTS[:n]
    assert draft.ending == "stopped"
    assert draft.sentences == tuple(e for e in got if isinstance(e, Sentence))
    assert (draft.answer is None) == (not draft.sentences)
    assert not draft.running
    work.go.set()
    if n:
        assert work.left.wait(10)
        assert work.told


def test_with_the_answer_it_is_too_late_to_stop(workers: Executor) -> None:
    """Whoever presses stop then changes nothing: the whole answer stands."""
    draft = Draft("How high?")
    draft.begin()
    got = asyncio.run(shown(draft, Work(halt=len(EVENTS)), stop_after=len(EVENTS), workers=workers))
    assert tuple(got) == EVENTS
    assert draft.ending == ""
    assert draft.stop("cleared") == "over"


def test_what_nobody_took_up_is_stopped_by_whoever_says_so() -> None:
    """The page then shows the end itself, and the question is not taken up later."""
    draft = Draft("How high?")
    assert draft.stop("stopped") == "waiting"
    assert not draft.begin()


def test_a_question_is_taken_up_once() -> None:
    """Pressed twice, it is answered once."""
    draft = Draft("How high?")
    assert [draft.begin(), draft.begin()] == [True, False]


def test_a_question_that_waits_for_its_turn_can_be_stopped(workers: Executor) -> None:
    """While another keeps the only worker."""
    go = threading.Event()
    workers.submit(go.wait)
    draft, work = Draft("How high?"), Work(halt=0)
    draft.begin()

    async def waiting() -> list[Event]:
        asyncio.get_running_loop().call_soon(draft.stop, "cleared")
        return [event async for event in draft.events(work, workers)]

    assert asyncio.run(waiting()) == []
    assert draft.ending == "cleared"
    go.set()


def test_what_goes_wrong_in_the_work_reaches_the_reader(workers: Executor) -> None:
    """After what came before it; and the question is over."""

    def broken(stopped: Callable[[], bool]) -> Iterator[Event]:
        yield EVENTS[1]
        raise ValueError("no more ink")

    draft = Draft("How high?")
    draft.begin()

    async def read() -> None:
        async for _ in draft.events(broken, workers):
            pass

    with pytest.raises(ValueError, match="ink"):
        asyncio.run(read())
    assert draft.sentences == (sentence(1),)
    assert not draft.running


def test_whoever_leaves_stops_the_work(workers: Executor) -> None:
    """A closed window frees the worker."""
    draft, work = Draft("How high?"), Work(halt=2)
    draft.begin()

    async def leave() -> None:
        async with aclosing(draft.events(work, workers)) as events:
            async for _ in events:
                return

    asyncio.run(leave())
    work.go.set()
    assert work.left.wait(10)
    assert work.told
