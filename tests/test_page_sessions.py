"""What the server keeps of its visitors, counted: no more with each question, and nothing once they left."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from conftest import running
from qa import Assistant, Turn
from qa.page import sessions
from qa.page.server import make
from qa.page.settings import Settings

QUESTIONS = ("What will the harbour bridge cost?", "Who approved it?", "Which orchestra recorded the symphony?")


@pytest.fixture
def served(town: Assistant, tmp_path: Path) -> Iterator[tuple[str, gr.Blocks]]:
    """The page's address, and its blocks in this very process."""
    application = make(town, Settings(feedback=tmp_path / "feedback.jsonl", results=tmp_path))
    (mounted,) = [
        route.app for route in application.app.routes if isinstance(getattr(route, "app", None), gr.routes.App)
    ]
    for address in running(application):
        yield f"{address}/gradio_api", mounted.get_blocks()


class Window:
    """Asks as the page's script does: it holds a line open, presses, and reads what is shown."""

    def __init__(self, address: str, blocks: gr.Blocks, name: str) -> None:
        self.address, self.blocks, self.name = address, blocks, name
        self.numbers = {fn.name: number for number, fn in reversed(blocks.fns.items())}
        self.http = httpx.Client(timeout=60)
        self.line = self.http.stream("GET", f"{address}/heartbeat/{name}")
        self.beats = self.line.__enter__().iter_lines()  # the line closes with it
        next(self.beats)
        self.press("_visited")

    def press(self, function: str, *data: Any, queued: bool = False) -> None:
        number = self.numbers[function]
        values = [*data, *[None] * (len(self.blocks.fns[number].inputs) - len(data))]
        sent = {"data": values, "fn_index": number, "session_hash": self.name}
        where = "queue/join" if queued else "run/predict"
        self.http.post(f"{self.address}/{where}", json=sent).raise_for_status()

    def ask(self, question: str) -> None:
        self.press("_asked", question)
        self.answer()

    def answer(self) -> None:
        self.press("_answer", queued=True)
        with self.http.stream("GET", f"{self.address}/queue/data", params={"session_hash": self.name}) as shown:
            events = [json.loads(line[5:]) for line in shown.iter_lines() if line.startswith("data:")]
        assert [event["success"] for event in events if event["msg"] == "process_completed"] == [True]

    def close(self) -> None:
        self.beats.close()
        self.line.__exit__(None, None, None)
        self.http.close()
        while not self.session.is_closed:
            time.sleep(0.01)

    @property
    def session(self) -> Any:
        return self.blocks.state_holder.session_data[self.name]


def alive(kind: type) -> int:
    gc.collect()
    return sum(isinstance(thing, kind) for thing in gc.get_objects())


def test_an_answered_question_leaves_its_turn_and_nothing_else(served: Any) -> None:
    """However many are asked, the session holds one configuration and one component for each part of the page."""
    address, blocks = served
    before = alive(Turn)
    window = Window(address, blocks, "ada")
    parts = []
    for question in QUESTIONS * 2:
        window.ask(question)
        sessions.sweep(blocks, datetime.now())
        assert set(window.session.config_values) <= set(blocks.blocks)
        assert set(window.session.blocks_config.blocks) <= set(blocks.blocks)
        parts.append((alive(gr.HTML), alive(gr.Textbox), alive(gr.Dropdown)))
    assert len(set(parts[1:])) == 1
    assert alive(Turn) == before + len(QUESTIONS) * 2
    assert not blocks._queue.event_ids_to_events
    assert not blocks.app.iterators
    window.ask(QUESTIONS[0])  # and the page goes on


def test_a_visit_that_is_drawn_late_takes_no_question_away(served: Any) -> None:
    """Who asks before the page is drawn to its end is answered, whether the visit comes in the middle or after."""
    address, blocks = served
    window = Window(address, blocks, "ada")
    window.press("_asked", QUESTIONS[0])
    window.press("_visited")
    window.answer()
    window.press("_visited")
    window.ask(QUESTIONS[1])
    (turns,) = [value for value in window.session.state_data.values() if isinstance(value, tuple) and value]
    assert [turn.question for turn in turns] == list(QUESTIONS[:2])


def test_of_a_visitor_who_left_nothing_is_kept(served: Any) -> None:
    """Their session stays for a while, should the connection come back; then conversation and private copy go."""
    address, blocks = served
    before = alive(Turn)
    window = Window(address, blocks, "ada")
    window.ask(QUESTIONS[0])
    (library,) = [value for value in window.session.state_data.values() if hasattr(value, "can_undo")]
    library.change(remove=["letters"])
    folder = library.assistant.index.folder
    window.close()
    sessions.sweep(blocks, datetime.now())
    assert alive(Turn) == before + 1
    assert folder.exists()
    del library
    sessions.sweep(blocks, datetime.now() + sessions.LEFT + timedelta(seconds=1))
    assert alive(Turn) == before
    assert not folder.exists()
    for kept in (blocks.state_holder.session_data, blocks.state_holder.time_last_used):
        assert "ada" not in kept
    for kept in (blocks._queue.pending_messages_per_session, blocks._queue.pending_event_ids_session):
        assert "ada" not in kept


def test_an_open_window_keeps_its_session_until_it_is_forgotten(served: Any) -> None:
    """Reading for an hour loses nothing; a window in which nothing was pressed for hours is given up."""
    address, blocks = served
    window = Window(address, blocks, "ada")
    window.ask(QUESTIONS[0])
    sessions.sweep(blocks, datetime.now() + sessions.IDLE - timedelta(minutes=1))
    window.ask(QUESTIONS[1])
    assert sum(isinstance(value, tuple) and len(value) == 2 for value in window.session.state_data.values()) == 1
    sessions.sweep(blocks, datetime.now() + sessions.IDLE + timedelta(minutes=1))
    assert "ada" not in blocks.state_holder
