"""The conversation: a question, its answer as it comes, and what is done with an answer that stands."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, Final

import gradio as gr

from qa import LONGEST_QUESTION, Answer, Progress, QAError, Turn
from qa.page import api, exports, feedback, views
from qa.page.draft import Draft, Event
from qa.page.library import Library
from qa.page.parts import (
    AT_ONCE,
    NOTHING,
    ON_LOAD,
    QUICK,
    TURNS,
    WAITING,
    Rated,
    Turns,
    Update,
    Visitor,
    html,
    place,
    pressed,
    runs,
    unforeseen,
)
from qa.page.reading import reading
from qa.page.walls import Walls, filters

log = logging.getLogger(__name__)

WAITS: Final = "Waiting for a free place"
FORGOTTEN: Final = "The server no longer keeps this conversation; ask again to read its sources."
TOGGLE: Final = '<button type="button" data-do="filters" aria-expanded="false" aria-controls="filters">Filters</button>'


class Talk:
    """The tab in which a visitor asks.

    Args:
        pane: where documents are read, beside it.
    """

    def __init__(self, visitor: Visitor, pane: gr.HTML) -> None:
        self.visitor = visitor
        self.pane = pane
        self.workers = ThreadPoolExecutor(AT_ONCE, "answer")
        with gr.Column(elem_id="talk"):
            self.hello = html("", elem_id="hello", js_on_load=None)
            self.past = html("", elem_id="past", js_on_load=None)
            self.current = html("", elem_id="current", js_on_load=ON_LOAD.format("window.qa.turn(element)"))
            with gr.Column(elem_id="composer"):
                chips = html("", js_on_load=None)
                self.question = gr.Textbox(
                    placeholder="Ask a question",
                    label="Question",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=8,
                    max_length=LONGEST_QUESTION,
                    submit_btn=True,
                    stop_btn=False,
                    elem_id="question",
                    autofocus=True,
                )
                with gr.Row(elem_id="under"):
                    html(TOGGLE, elem_classes="toggle", js_on_load=None)
                    self.clear = gr.Button("New", elem_id="new", elem_classes="quiet", size="sm")
                    self.save = gr.Button("Export all", elem_id="export-all", elem_classes="quiet", size="sm")
                with gr.Column(elem_id="filters"):
                    self.walls = Walls(visitor, chips)
        self.file = gr.JSON(visible=False)
        self.outputs = [self.past, self.current, visitor.turns, visitor.draft, self.question]
        """What a question changes."""

    def wire(self, visit: Any) -> None:
        """What happens when something is pressed.

        Args:
            visit: the event of a visit, which may bring a question with its link.
        """
        self.walls.wire()
        one = self.visitor
        state = [one.turns, one.draft, one.library]
        begun = [
            self.question.submit(self._asked, [self.question, *state, one.rated], self.outputs, **QUICK),
            one.bridge.ask(self._pressed, [*state, one.rated], self.outputs, **QUICK),
            visit,
        ]
        waiting = QUICK | {"queue": True, "concurrency_limit": WAITING}  # they wait for a worker of ours
        for event in begun:
            event.then(self._answer, [*state, *self.walls.inputs], [*self.outputs, self.pane], **waiting)
        back = "() => { document.querySelector('#question textarea').focus(); }"  # the button that was pressed is gone
        self.question.stop(self._stopped, state, self.outputs, **QUICK).then(None, None, None, js=back)
        one.bridge.edit(self._edit, [*state, one.rated], self.outputs, **QUICK)
        self.clear.click(self._clear, [one.draft], [*self.outputs, self.pane], **QUICK)

        one.bridge.read(self._read, state, self.pane, **QUICK)
        one.bridge.shut(lambda: "", None, self.pane, **QUICK)
        noted = "() => { window.qa.noted(); }"
        one.bridge.feedback(self._feedback, [one.turns, one.rated], one.rated, **QUICK).success(
            None, None, None, js=noted
        )
        save = "(file) => { window.qa.download(file); }"
        one.bridge.export(self._export, one.turns, self.file, **QUICK).then(None, self.file, None, js=save)
        self.save.click(self._export_all, one.turns, self.file, **QUICK).then(None, self.file, None, js=save)

    # -- before the first question -------------------------------------------------------------------------

    def welcome(self, library: Library | None) -> Update:
        """What stands there until something is asked, in a place of its own: drawing it undoes no question."""
        sources, starters = self.visitor.sources(library), self.visitor.starters(library)
        return {self.hello: views.render("welcome", sources=sources, questions=starters)}

    def linked(self, question: str, turns: Turns, draft: Draft | None, library: Library | None) -> Update:
        """Begins the question of a link, unless the visitor was quicker."""
        question = question[:LONGEST_QUESTION].strip()
        return self._begin(question, turns, library, ()) if question and not turns and draft is None else {}

    # -- asking ------------------------------------------------------------------------------------------

    def _past(self, turns: Turns, library: Library | None, rated: Rated) -> str:
        verdicts = [next((verdict for turn, verdict in rated if turn is one), "") for one in turns]
        return views.past(turns, verdicts, self.visitor.sources(library), self.visitor.starters(library))

    def _begin(self, question: str, turns: Turns, library: Library | None, rated: Rated) -> Update:
        return {
            self.past: self._past(turns, library, rated),
            self.current: views.turn(len(turns), question, busy=WAITS),
            self.visitor.turns: turns,
            self.visitor.draft: Draft(question),
            self.question: _busy(),
        }

    def _asked(self, question: str, turns: Turns, draft: Draft | None, library: Library | None, rated: Rated) -> Update:
        try:
            question = api.fitting("question", question, LONGEST_QUESTION)
        except QAError as error:
            return {
                self.past: self._past(turns, library, rated),
                self.current: views.turn(len(turns), f"{question.strip()[:80]}…", error=str(error)),
            }
        if not question or runs(draft):
            return NOTHING
        return self._begin(question, turns[-TURNS:], library, rated)

    def _pressed(
        self, turns: Turns, draft: Draft | None, library: Library | None, rated: Rated, event: gr.EventData
    ) -> Update:
        """A suggested question, or one asked again; what came after that one is dropped."""
        if runs(draft):
            return NOTHING
        data = pressed(event)
        n = place(data.get("turn"), len(turns))
        if n is not None:
            return self._begin(turns[n].question, turns[:n], library, rated)
        question = str(data.get("question", ""))[:LONGEST_QUESTION].strip()
        return self._begin(question, turns[-TURNS:], library, rated) if question else NOTHING

    def _edit(
        self, turns: Turns, draft: Draft | None, library: Library | None, rated: Rated, event: gr.EventData
    ) -> Update:
        n = place(pressed(event).get("turn"), len(turns))
        if n is None or runs(draft):
            return NOTHING
        return {
            self.past: self._past(turns[:n], library, rated),
            self.current: "",
            self.visitor.turns: turns[:n],
            self.question: gr.Textbox(value=turns[n].question, autofocus=True),
        }

    async def _answer(
        self, turns: Turns, draft: Draft | None, library: Library | None, *values: Any
    ) -> AsyncIterator[Update]:
        if draft is None or not draft.begin():
            yield NOTHING
            return
        assistant, starters = self.visitor.over(library).assistant, self.visitor.starters(library)
        question, busy = draft.question, WAITS

        def shown(answer: Answer | None, **more: Any) -> str:
            return views.turn(len(turns), question, answer, assistant.sources, starters, **more)

        def work(stopped: Callable[[], bool]) -> Iterator[Event]:
            return assistant.stream(question, filters=filters(values), history=turns, cancelled=stopped)

        try:
            async with aclosing(draft.events(work, self.workers)) as events:
                async for event in events:
                    if isinstance(event, Answer):
                        yield {
                            self.current: shown(event),
                            self.visitor.turns: (*turns, Turn(question, event)),
                            self.visitor.draft: None,
                            self.question: _ready(),
                        }
                        return
                    if isinstance(event, Progress):
                        busy = f"{event.message[:1].upper()}{event.message[1:]}"
                    yield {self.current: shown(draft.answer, busy=busy)}
            yield self._begin_anew() if draft.ending == "cleared" else self._left(turns, draft, library)
        except QAError as error:
            yield self._failed(shown(draft.answer, error=str(error)), question)
        except Exception:
            yield self._failed(shown(draft.answer, error=unforeseen()), question)

    def _failed(self, current: str, question: str) -> Update:
        return {
            self.current: current,
            self.visitor.draft: None,
            self.question: gr.Textbox(value=question, submit_btn=True, stop_btn=False),
        }

    def _left(self, turns: Turns, draft: Draft, library: Library | None) -> Update:
        """What stands when a question was stopped."""
        answer = draft.answer
        sources = self.visitor.sources(library)
        return {
            self.current: views.turn(len(turns), draft.question, answer, sources, stopped=True),
            self.visitor.turns: (*turns, Turn(draft.question, answer)) if answer else turns,
            self.visitor.draft: None,
            self.question: gr.Textbox(value="" if answer else draft.question, submit_btn=True, stop_btn=False),
        }

    def _stopped(self, turns: Turns, draft: Draft | None, library: Library | None) -> Update:
        if draft is None:
            return {self.question: _ready()}
        return self._left(turns, draft, library) if draft.stop("stopped") == "waiting" else NOTHING

    def _clear(self, draft: Draft | None) -> Update:
        if draft is not None and draft.stop("cleared") == "running":
            return {self.pane: ""}
        return self._begin_anew()

    def _begin_anew(self) -> Update:
        return {
            self.past: "",
            self.current: "",
            self.visitor.turns: (),
            self.visitor.draft: None,
            self.question: _ready(),
            self.pane: "",
        }

    # -- with an answer --------------------------------------------------------------------------------------

    def _read(self, turns: Turns, draft: Draft | None, library: Library | None, event: gr.EventData) -> str:
        drafted = [Turn(draft.question, draft.answer)] if draft and draft.answer else []
        try:
            opened = reading(pressed(event), (*turns, *drafted), self.visitor.over(library).assistant)
        except QAError as error:
            return views.pane(str(error))
        return views.pane(opened or FORGOTTEN)

    def _feedback(self, turns: Turns, rated: Rated, event: gr.EventData) -> Rated:
        data = pressed(event)
        n = place(data.get("turn"), len(turns))
        if n is None:
            return rated
        verdict, reason, note = (str(data.get(name, "")) for name in ("verdict", "reason", "note"))
        try:
            feedback.write(self.visitor.settings.feedback, turns[n], verdict, reason, note)
        except (OSError, ValueError) as error:
            log.warning("feedback was not kept: %s", error)
            raise gr.Error("This could not be kept; the page's log says why.", print_exception=False) from error
        kept = (pair for pair in rated if pair[0] is not turns[n])
        return (*kept, (turns[n], verdict))[-TURNS:]

    def _export(self, turns: Turns, event: gr.EventData) -> dict[str, str] | None:
        data = pressed(event)
        n = place(data.get("turn"), len(turns))
        return None if n is None else _file(turns[n : n + 1], str(data.get("format")))

    def _export_all(self, turns: Turns) -> dict[str, str] | None:
        return _file(turns, "markdown") if turns else None


def _file(turns: Turns, form: str) -> dict[str, str] | None:
    if form not in exports.FORMS:
        return None
    name, media, text = exports.export(turns, form)
    return {"name": name, "media": media, "text": text}


def _busy() -> gr.Textbox:
    return gr.Textbox(value="", submit_btn=False, stop_btn=True)


def _ready() -> gr.Textbox:
    return gr.Textbox(submit_btn=True, stop_btn=False)
