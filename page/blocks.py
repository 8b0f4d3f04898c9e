"""The Gradio blocks: what a person sees and presses, and what happens then."""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr

from page import api, exports, feedback, quality, sessions, views
from page.draft import Draft, Event
from page.library import Library
from page.settings import Settings
from qa import Answer, Assistant, Filters, Progress, QAError, Source, Turn

log = logging.getLogger(__name__)
html = partial(gr.HTML, apply_default_css=False)

TURNS: Final = 40
"""Turns of a conversation that are kept; older ones go."""
AT_ONCE: Final = 4
"""Questions answered at the same time; others wait for their turn."""
WAITING: Final = 200
"""Requests that may wait; further ones are told to come again."""
FILES: Final = [".md", ".txt", ".html", ".htm", ".pdf", ".docx"]
FIELDS: Final = ("title", "publisher", "author", "published", "language", "kind", "perspective")
KINDS: Final = ("news", "analysis", "research", "other")

Update = dict[Any, Any]
Turns = tuple[Turn, ...]
Rated = tuple[tuple[Turn, str], ...]
"""What the visitor thought of their turns."""

NOTHING: Final[Update] = gr.skip()
WAITS: Final = "Waiting for a free place"
FORGOTTEN: Final = "The server no longer keeps this conversation; ask again to read its sources."
# the page's script may come after Gradio has mounted its blocks
ON_LOAD: Final = "const begin = () => {{ {} }}; window.qa ? begin() : addEventListener('qa', begin, {{ once: true }});"
CONNECT: Final = ON_LOAD.format("window.qa.connect((name, data) => trigger(name, data));") + (
    "/* 'ask' 'edit' 'read' 'shut' 'unfilter' 'feedback' 'export' 'manage' */"
)
TOGGLE: Final = '<button type="button" data-do="filters" aria-expanded="false" aria-controls="filters">Filters</button>'
PROGRESS: Final = gr.Progress()
"""Gradio puts the visitor's own in the place of this default."""


class Page:
    """Blocks and the functions behind them. Everything of one visitor stands in `gr.State`, nothing here.

    Args:
        shared: what everybody works on.
        suggestions: questions to begin with; may be filled later, it is read at each visit.
    """

    def __init__(self, shared: Library, settings: Settings, suggestions: Sequence[str]) -> None:
        self.shared = shared
        self.settings = settings
        self.suggestions = suggestions
        self._first = shared.assistant
        self.workers = ThreadPoolExecutor(AT_ONCE, "answer")
        with gr.Blocks(title="qa", fill_width=True, delete_cache=(3600, 3600)) as self.blocks:
            self._lay_out()
            self._wire()
            api.add(shared, concurrency=AT_ONCE)
        self.blocks.queue(max_size=WAITING, default_concurrency_limit=16)
        self.blocks.state_session_capacity = sessions.MANY

    # -- what there is ---------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.turns = gr.State(())
        self.draft = gr.State(None)
        self.rated = gr.State(())
        self.library = gr.State(None, delete_callback=_closed)
        self.bridge = html("", js_on_load=CONNECT, elem_id="bridge")
        self.head = html(views.render("head", sources=self.shared.assistant.sources, passages=0, private=False))
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="main"), gr.Tabs():
                with gr.Tab("Ask", id="ask"):
                    self._lay_out_ask()
                with gr.Tab("Sources", id="sources"):
                    self._lay_out_sources()
                with gr.Tab("Check a text", id="check"):
                    self._lay_out_check()
                with gr.Tab("Quality", id="quality"):
                    self._lay_out_quality()
            with gr.Column(elem_id="pane-column"):
                self.pane = html("", elem_id="pane", js_on_load=ON_LOAD.format("window.qa.pane(element)"))
        self.file = gr.JSON(visible=False)

    def _lay_out_ask(self) -> None:
        with gr.Column(elem_id="talk"):
            self.past = html("", elem_id="past", js_on_load=None)
            self.current = html("", elem_id="current", js_on_load=ON_LOAD.format("window.qa.turn(element)"))
            with gr.Column(elem_id="composer"):
                self.chips = html("", js_on_load=None)
                self.question = gr.Textbox(
                    placeholder="Ask a question",
                    label="Question",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=8,
                    max_length=api.LONGEST_QUESTION,
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
                    self.walls = self._lay_out_filters()

    def _lay_out_filters(self) -> dict[str, Any]:
        def choice(title: str) -> gr.Dropdown:
            return gr.Dropdown([], value=[], multiselect=True, label=title, min_width=280)

        with gr.Row():
            several: dict[str, Any] = {
                "sources": choice("Sources"),
                "publishers": choice("Publishers"),
                "kinds": choice("Kinds"),
                "languages": choice("Languages"),
            }
        with gr.Row():
            dates = {
                name: gr.Textbox("", label=title, placeholder="2023 or 2023-10", max_lines=1, min_width=160)
                for name, title in (("since", "Published from"), ("until", "Published until"))
            }
        return several | dates

    def _lay_out_sources(self) -> None:
        self.notice = html("", js_on_load=None)
        self.table = html("", js_on_load=ON_LOAD.format("window.qa.table(element)"))
        with gr.Column(visible=False, elem_id="correcting") as self.correcting:
            self.subject = gr.State("")
            self.about = html("", js_on_load=None)
            with gr.Row():
                self.fields: dict[str, Any] = {
                    name: gr.Textbox(label=name.capitalize(), max_lines=1, min_width=220)
                    for name in FIELDS
                    if name != "kind"
                }
                self.fields["kind"] = gr.Dropdown(list(KINDS), label="Kind", min_width=220)
            with gr.Row():
                self.keep = gr.Button("Save", variant="primary", size="sm", elem_classes="fit", elem_id="keep")
                self.leave = gr.Button("Cancel", size="sm", elem_classes="fit", elem_id="leave")
        if self.settings.editing != "off":
            with gr.Accordion("Add documents", open=False):
                with gr.Row():
                    self.files = gr.File(
                        label="Files", file_count="multiple", file_types=FILES, height=150, elem_id="files"
                    )
                    with gr.Column():
                        self.address = gr.Textbox(label="Web address", placeholder="https://…", max_lines=1)
                        self.add = gr.Button("Add", variant="primary", size="sm", elem_classes="fit", elem_id="add")
                self.rebuild = gr.Button("Build the index again", elem_classes="quiet", size="sm")
        self.wanted = gr.Textbox(label="Find passages", placeholder="Words or a question", max_lines=1, submit_btn=True)
        self.found = html("", js_on_load=None)

    def _lay_out_check(self) -> None:
        with gr.Column(elem_id="checking"):
            self.text = gr.Textbox(
                label="Text to check",
                info="Each sentence is held against the sources. What bears it out, or that nothing does, comes below.",
                placeholder="Paste an answer from elsewhere, with or without markers like [1].",
                lines=7,
                max_lines=20,
                max_length=api.LONGEST_TEXT,
                elem_id="text",
            )
            with gr.Accordion("Check it against other documents", open=False):
                self.against = gr.File(label="Its sources", file_count="multiple", file_types=FILES, height=130)
            self.check = gr.Button("Check", variant="primary", size="sm", elem_classes="fit", elem_id="check")
            self.report = html("", js_on_load=None)

    def _lay_out_quality(self) -> None:
        self.quality = html("", js_on_load=None)
        self.smoke = (
            gr.Button("Run the smoke eval", size="sm", elem_classes="fit") if quality.can_run(self.settings) else None
        )

    # -- what happens ----------------------------------------------------------------------------------

    def _wire(self) -> None:
        quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
        slow = quick | {"queue": True, "concurrency_limit": AT_ONCE, "concurrency_id": "work"}
        talk = [self.past, self.current, self.turns, self.draft, self.question]
        walls = list(self.walls.values())
        state = [self.turns, self.draft, self.library]

        begun = [
            self.question.submit(self._asked, [self.question, *state, self.rated], talk, **quick),
            self.bridge.ask(self._pressed, [*state, self.rated], talk, **quick),
            self.blocks.load(
                self._visited,
                None,
                [self.library, self.head, self.table, self.quality, self.chips, *walls, *talk],
                **quick,
            ),
        ]
        waiting = quick | {"queue": True, "concurrency_limit": WAITING}  # they wait for a worker of ours
        for event in begun:
            event.then(self._answer, [self.turns, self.draft, self.library, *walls], [*talk, self.pane], **waiting)
        back = "() => { document.querySelector('#question textarea').focus(); }"  # the button that was pressed is gone
        self.question.stop(self._stopped, [self.turns, self.draft, self.library], talk, **quick).then(
            None, None, None, js=back
        )
        self.bridge.edit(self._edit, [*state, self.rated], talk, **quick)
        self.clear.click(self._clear, [self.draft, self.library], [*talk, self.pane], **quick)

        self.bridge.read(self._read, state, self.pane, **quick)
        self.bridge.shut(lambda: "", None, self.pane, **quick)
        gr.on(
            [wall.change for wall in walls],
            self._chips,
            [self.library, *walls],
            self.chips,
            trigger_mode="always_last",
            **quick,
        )
        self.bridge.unfilter(self._unfilter, walls, walls, **quick)
        noted = "() => { window.qa.noted(); }"
        self.bridge.feedback(self._feedback, [self.turns, self.rated], self.rated, **quick).success(
            None, None, None, js=noted
        )
        save = "(file) => { window.qa.download(file); }"
        self.bridge.export(self._export, self.turns, self.file, **quick).then(None, self.file, None, js=save)
        self.save.click(self._export_all, self.turns, self.file, **quick).then(None, self.file, None, js=save)

        after = [self.library, self.head, self.table, self.notice, self.correcting, self.subject, self.about]
        after += [*walls[:4], *self.fields.values()]
        done = "() => { window.qa.managed(); }"
        self.bridge.manage(self._manage, self.library, after, **slow).then(None, None, None, js=done)
        self.keep.click(self._correct, [self.library, self.subject, *self.fields.values()], after, **slow).then(
            None, None, None, js=done
        )
        self.leave.click(lambda: gr.Column(visible=False), None, self.correcting, **quick).then(
            None, None, None, js="() => { window.qa.left(); }"
        )
        if self.settings.editing != "off":
            shown = slow | {"show_progress": "full", "show_progress_on": [self.notice]}
            self.add.click(
                self._add,
                [self.library, self.files, self.address],
                [*after, self.files, self.address],
                **shown,
            )
            self.rebuild.click(self._rebuild, self.library, after, **shown)
        self.wanted.submit(self._find, [self.wanted, self.library], self.found, **slow)
        self.check.click(
            self._check,
            [self.text, self.against, self.library],
            self.report,
            **slow | {"show_progress": "minimal"},
        )
        if self.smoke is not None:
            self.smoke.click(
                self._smoke,
                None,
                self.quality,
                **slow | {"concurrency_limit": 1, "concurrency_id": "eval", "show_progress": "full"},
            )

    # -- a visit -----------------------------------------------------------------------------------------

    def _visited(self, request: gr.Request) -> Update:
        library = Library(self.shared.assistant, private=True) if self.settings.editing == "private" else None
        asked = request.query_params
        assistant = self._over(library).assistant
        values: dict[str, Any] = {
            "sources": _known(asked.getlist("source"), (s.id for s in assistant.sources)),
            "publishers": _known(asked.getlist("publisher"), (s.publisher for s in assistant.sources)),
            "kinds": _known(asked.getlist("kind"), KINDS),
            "languages": _known(asked.getlist("language"), (s.language for s in assistant.sources)),
        }
        dates = {name: asked.get(name, "")[:10] for name in ("since", "until")}
        question = asked.get("q", "")[: api.LONGEST_QUESTION].strip()
        current = views.turn(0, question, busy=WAITS) if question else self._welcome(library)
        return {
            **self._corpus_shown(library),
            **self._choices(library, values),
            **{self.walls[name]: value for name, value in dates.items()},
            self.library: library,
            self.chips: self._chips(library, *values.values(), *dates.values()),
            self.quality: quality.shown(self.settings),
            self.past: "",
            self.current: current,
            self.turns: (),
            self.draft: Draft(question) if question else None,
            self.question: _busy() if question else gr.skip(),
        }

    def _over(self, library: Library | None) -> Library:
        return library or self.shared

    def _starters(self, library: Library | None) -> Sequence[str]:
        """Suggestions hold for the corpus that they were made from."""
        return tuple(self.suggestions) if self._over(library).assistant is self._first else ()

    def _welcome(self, library: Library | None) -> str:
        sources = self._over(library).assistant.sources
        return views.render("welcome", sources=sources, questions=self._starters(library))

    def _corpus_shown(self, library: Library | None) -> Update:
        over = self._over(library)
        sources = over.assistant.sources
        passages = {source.id: len(over.assistant.passages(source.id)) for source in sources}
        return {
            self.head: views.render(
                "head",
                sources=sources,
                passages=sum(passages.values()),
                private=over.private and over.can_undo,
            ),
            self.table: views.render(
                "sources",
                sources=sources,
                passages=passages,
                editable=self.settings.editing != "off",
                inferred=any(source.inferred for source in sources),
            ),
        }

    def _choices(self, library: Library | None, values: Mapping[str, Sequence[str]] | None = None) -> Update:
        sources = self._over(library).assistant.sources
        options: dict[str, list[Any]] = {
            "sources": [(f"{views.label(s.title)} ({views.byline(s)})", s.id) for s in sources],
            "publishers": sorted({s.publisher for s in sources if s.publisher}),
            "kinds": [kind for kind in KINDS if any(s.kind == kind for s in sources)],
            "languages": sorted({s.language for s in sources if s.language}),
        }
        values = values or {}
        return {
            self.walls[name]: gr.Dropdown(choices=choices, value=list(values.get(name, [])))
            for name, choices in options.items()
        }

    # -- asking ------------------------------------------------------------------------------------------

    def _past(self, turns: Turns, library: Library | None, rated: Rated) -> str:
        verdicts = [next((verdict for turn, verdict in rated if turn is one), "") for one in turns]
        return views.past(turns, verdicts, self._over(library).assistant.sources, self._starters(library))

    def _begin(self, question: str, turns: Turns, library: Library | None, rated: Rated) -> Update:
        return {
            self.past: self._past(turns, library, rated),
            self.current: views.turn(len(turns), question, busy=WAITS),
            self.turns: turns,
            self.draft: Draft(question),
            self.question: _busy(),
        }

    def _asked(self, question: str, turns: Turns, draft: Draft | None, library: Library | None, rated: Rated) -> Update:
        try:
            question = api.fitting("question", question, api.LONGEST_QUESTION)
        except QAError as error:
            return {
                self.past: self._past(turns, library, rated),
                self.current: views.turn(len(turns), f"{question.strip()[:80]}…", error=str(error)),
            }
        if not question or _runs(draft):
            return NOTHING
        return self._begin(question, turns[-TURNS:], library, rated)

    def _pressed(
        self, turns: Turns, draft: Draft | None, library: Library | None, rated: Rated, event: gr.EventData
    ) -> Update:
        """A suggested question, or one asked again; what came after that one is dropped."""
        if _runs(draft):
            return NOTHING
        data = _data(event)
        place = _place(data.get("turn"), len(turns))
        if place is not None:
            return self._begin(turns[place].question, turns[:place], library, rated)
        question = str(data.get("question", ""))[: api.LONGEST_QUESTION].strip()
        return self._begin(question, turns[-TURNS:], library, rated) if question else NOTHING

    def _edit(
        self, turns: Turns, draft: Draft | None, library: Library | None, rated: Rated, event: gr.EventData
    ) -> Update:
        place = _place(_data(event).get("turn"), len(turns))
        if place is None or _runs(draft):
            return NOTHING
        return {
            self.past: self._past(turns[:place], library, rated),
            self.current: "",
            self.turns: turns[:place],
            self.question: gr.Textbox(value=turns[place].question, autofocus=True),
        }

    async def _answer(
        self, turns: Turns, draft: Draft | None, library: Library | None, *walls: Any
    ) -> AsyncIterator[Update]:
        if draft is None or not draft.begin():
            yield NOTHING
            return
        assistant = self._over(library).assistant
        question, place, busy = draft.question, len(turns), WAITS

        def shown(answer: Answer | None, **more: Any) -> str:
            return views.turn(place, question, answer, assistant.sources, self._starters(library), **more)

        def work(stopped: Callable[[], bool]) -> Iterator[Event]:
            return assistant.stream(question, filters=_filters(walls), history=turns, cancelled=stopped)

        try:
            async with aclosing(draft.events(work, self.workers)) as events:
                async for event in events:
                    if isinstance(event, Answer):
                        yield {
                            self.current: shown(event),
                            self.turns: (*turns, Turn(question, event)),
                            self.draft: None,
                            self.question: _ready(),
                        }
                        return
                    if isinstance(event, Progress):
                        busy = f"{event.message[:1].upper()}{event.message[1:]}"
                    yield {self.current: shown(draft.answer, busy=busy)}
            yield self._begin_anew(library) if draft.ending == "cleared" else self._left(turns, draft, library)
        except QAError as error:
            yield self._failed(shown(draft.answer, error=str(error)), question)
        except Exception:
            yield self._failed(shown(draft.answer, error=_unforeseen()), question)

    def _failed(self, current: str, question: str) -> Update:
        return {
            self.current: current,
            self.draft: None,
            self.question: gr.Textbox(value=question, submit_btn=True, stop_btn=False),
        }

    def _left(self, turns: Turns, draft: Draft, library: Library | None) -> Update:
        """What stands when a question was stopped."""
        answer = draft.answer
        sources = self._over(library).assistant.sources
        return {
            self.current: views.turn(len(turns), draft.question, answer, sources, stopped=True),
            self.turns: (*turns, Turn(draft.question, answer)) if answer else turns,
            self.draft: None,
            self.question: gr.Textbox(value="" if answer else draft.question, submit_btn=True, stop_btn=False),
        }

    def _stopped(self, turns: Turns, draft: Draft | None, library: Library | None) -> Update:
        if draft is None:
            return {self.question: _ready()}
        return self._left(turns, draft, library) if draft.stop("stopped") == "waiting" else NOTHING

    def _clear(self, draft: Draft | None, library: Library | None) -> Update:
        if draft is not None and draft.stop("cleared") == "running":
            return {self.pane: ""}
        return self._begin_anew(library)

    def _begin_anew(self, library: Library | None) -> Update:
        return {
            self.past: "",
            self.current: self._welcome(library),
            self.turns: (),
            self.draft: None,
            self.question: _ready(),
            self.pane: "",
        }

    # -- reading -----------------------------------------------------------------------------------------

    def _read(self, turns: Turns, draft: Draft | None, library: Library | None, event: gr.EventData) -> str:
        try:
            reading = _reading(_data(event), turns, draft, self._over(library).assistant)
        except QAError as error:
            return views.pane(str(error))
        return views.pane(reading or FORGOTTEN)

    # -- filters -----------------------------------------------------------------------------------------

    def _chips(self, library: Library | None, *walls: Any) -> str:
        sources = self._over(library).assistant.sources
        try:
            filters = _filters(walls)
        except QAError as error:
            return views.render("notice", kind="error", lines=[str(error)], undo=False)
        return views.render(
            "chips",
            chips=views.chips(filters, sources),
            reach=sum(filters.passes(source) for source in sources),
            total=len(sources),
        )

    def _unfilter(
        self,
        sources: Any,
        publishers: Any,
        kinds: Any,
        languages: Any,
        since: str,
        until: str,
        event: gr.EventData,
    ) -> Update:
        data = _data(event)
        several = {"sources": sources, "publishers": publishers, "kinds": kinds, "languages": languages}
        name = str(data.get("name"))
        if name in several:
            return {self.walls[name]: [v for v in several[name] or [] if v != data.get("value")]}
        return {self.walls[name]: ""} if name in self.walls else {self.walls["since"]: since}

    # -- after an answer -----------------------------------------------------------------------------------

    def _feedback(self, turns: Turns, rated: Rated, event: gr.EventData) -> Rated:
        data = _data(event)
        place = _place(data.get("turn"), len(turns))
        if place is None:
            return rated
        verdict, reason, note = (str(data.get(name, "")) for name in ("verdict", "reason", "note"))
        try:
            feedback.write(self.settings.feedback, turns[place], verdict, reason, note)
        except (OSError, ValueError) as error:
            log.warning("feedback was not kept: %s", error)
            raise gr.Error("This could not be kept; the page's log says why.", print_exception=False) from error
        kept = (pair for pair in rated if pair[0] is not turns[place])
        return (*kept, (turns[place], verdict))[-TURNS:]

    def _export(self, turns: Turns, event: gr.EventData) -> dict[str, str] | None:
        data = _data(event)
        place = _place(data.get("turn"), len(turns))
        return None if place is None else _file(turns[place : place + 1], str(data.get("format")))

    def _export_all(self, turns: Turns) -> dict[str, str] | None:
        return _file(turns, "markdown") if turns else None

    # -- the corpus ----------------------------------------------------------------------------------------

    def _changed(self, library: Library | None, lines: Sequence[str], *, kind: str = "done") -> Update:
        over = self._over(library)
        return {
            **self._corpus_shown(library),
            **self._choices(library),
            self.notice: views.render("notice", kind=kind, lines=lines, undo=over.can_undo),
            self.correcting: gr.Column(visible=False),
        }

    def _refused(self, error: Exception, files: Sequence[str] | None = None) -> Update:
        line = _named(str(error), files) if isinstance(error, QAError) else _unforeseen()
        return {self.notice: views.render("notice", kind="error", lines=[line], undo=False)}

    def _manage(self, library: Library | None, event: gr.EventData) -> Update:
        data = _data(event)
        id_ = str(data.get("id", ""))
        over = self._over(library)
        if self.settings.editing == "off":
            return {self.notice: ""}
        try:
            if data.get("do") == "undo":
                over.undo()
                more = " The one before it can be, too." if over.can_undo else ""
                return self._changed(library, [f"The last change was taken back.{more}"])
            source = over.assistant.document(id_).source
            if data.get("do") == "remove":
                over.change(remove=[id_])
                return self._changed(library, [f"Removed “{views.label(source.title)}”. {self._reach()}"])
            return {
                self.correcting: gr.Column(visible=True),
                self.about: views.render("correcting", source=source),
                self.subject: id_,
                **{field: getattr(source, name) for name, field in self.fields.items()},
            }
        except Exception as error:
            return self._refused(error)

    def _correct(self, library: Library | None, id_: str, *values: Any) -> Update:
        over = self._over(library)
        if self.settings.editing == "off":
            return {self.notice: ""}
        try:
            old = over.assistant.document(id_).source
            given = {n: str(v or "").strip()[:500] for n, v in zip(self.fields, values, strict=True)}
            different = {name for name, value in given.items() if value != getattr(old, name)}
            if not different:
                return {self.correcting: gr.Column(visible=False)}
            inferred = tuple(name for name in old.inferred if name not in different)
            over.change(describe={id_: _described(old, given, inferred)})
            return self._changed(library, [f"Corrected {', '.join(sorted(different))}. {self._reach()}"])
        except Exception as error:
            return self._refused(error)

    def _add(
        self,
        library: Library | None,
        files: list[str] | None,
        address: str,
        progress: gr.Progress = PROGRESS,
    ) -> Update:
        address = (address or "").strip()
        if not files and not address:
            return self._refused(QAError("Choose files or give a web address."))
        if address and not address.lower().startswith(("http://", "https://")):
            # anything else would be read as a path on this machine
            return self._refused(QAError(f"{address[:80]!r} is no web address; write it as https://host/page"))
        over = self._over(library)
        before = {source.id for source in over.assistant.sources}
        try:
            made = over.change(add=[*(files or []), *([address] if address else [])], progress=_steps(progress))
        except Exception as error:
            return self._refused(error, files)
        reading = made.reading
        read = [document.source for document in reading.documents] if reading else []
        lines = [
            f"{'Replaced' if s.id in before else 'Added'} “{views.label(s.title)}”, "
            f"{views.count(len(made.passages(s.id)), 'passage')}."
            for s in read
        ]
        lines += [_named(line, files) for line in (*_unread(made), *(reading.notes if reading else ()))]
        return {
            **self._changed(library, [*lines, self._reach()]),
            self.files: None,
            self.address: "",
        }

    def _rebuild(self, library: Library | None, progress: gr.Progress = PROGRESS) -> Update:
        try:
            self._over(library).change(progress=_steps(progress))
        except Exception as error:
            return self._refused(error)
        return self._changed(library, ["The index was built again."])

    def _reach(self) -> str:
        return "Only you see this." if self.settings.editing == "private" else "Everybody sees this."

    def _find(self, wanted: str, library: Library | None) -> str:
        if not wanted.strip():
            return ""
        try:
            hits = self._over(library).assistant.search(wanted, top_k=10)
        except QAError as error:
            return views.render("notice", kind="error", lines=[str(error)], undo=False)
        return views.render("found", hits=hits)

    # -- checking, measuring ---------------------------------------------------------------------------------

    def _check(self, text: str, files: list[str] | None, library: Library | None) -> str:
        if not text or not text.strip():
            return views.render("notice", kind="error", lines=["Paste a text first."], undo=False)
        over = self._over(library).assistant
        try:
            text = api.fitting("text", text, api.LONGEST_TEXT)
            if not files:
                return views.render("report", report=over.check(text), unread=())
            with tempfile.TemporaryDirectory() as scratch, Assistant.build(files, scratch) as theirs:
                unread = [_named(line, files) for line in _unread(theirs)]
                return views.render("report", report=theirs.check(text), unread=unread)
        except QAError as error:
            return views.render("notice", kind="error", lines=[_named(str(error), files)], undo=False)

    def _smoke(self, progress: gr.Progress = PROGRESS) -> str:
        try:
            return quality.run(self.settings, self.shared.assistant.index.folder, _steps(progress))
        except QAError as error:
            return views.render("notice", kind="error", lines=[str(error)], undo=False)


def _reading(data: Mapping[str, Any], turns: Turns, draft: Draft | None, assistant: Assistant) -> views.Reading | None:
    """What a press asks to read: a citation, a hit, a side of a pair, or a document."""
    if "document" in data:
        document = assistant.document(str(data["document"]))
        start, end = (_place(data.get(name), len(document.text) + 1) for name in ("start", "end"))
        near = (start, end) if start is not None and end is not None and start < end else None
        return views.Reading(document, near, near)
    drafted = [Turn(draft.question, draft.answer)] if draft and draft.answer else []
    known = (*turns, *drafted)
    place = _place(data.get("turn"), len(known))
    if place is None:
        return None
    answer = known[place].answer
    nearest = answer.abstention.nearest if answer.abstention else ()
    if (i := _place(data.get("hit"), len(nearest))) is not None:
        hit = nearest[i]
        span = (hit.passage.start, hit.passage.end)
        return views.Reading(assistant.document(hit.source.id), span, span, hit=hit)
    if (i := _place(data.get("pair"), len(answer.pairs))) is not None:
        pair = answer.pairs[i]
        cited = pair.right if data.get("side") == 1 else pair.left
        n = None
    else:
        n = data.get("n") if isinstance(data.get("n"), int) else 0
        found = views.citation(answer, n or 0)
        if found is None:
            return None
        cited = found
    near = (cited.start - len(cited.before), cited.end + len(cited.after))
    return views.Reading(
        assistant.document(cited.source.id),
        (cited.start, cited.end),
        near,
        turn=place,
        n=n,
        total=len(answer.references),
        hit=views.hit_of(answer, cited),
    )


def _data(event: gr.EventData) -> Mapping[str, Any]:
    # what a browser sends may be anything
    data = getattr(event, "_data", None)
    return data if isinstance(data, Mapping) else {}


def _place(value: Any, length: int) -> int | None:
    return value if isinstance(value, int) and 0 <= value < length else None


def _known(values: Sequence[str], allowed: Any) -> list[str]:
    known = set(allowed)
    return [value for value in dict.fromkeys(values) if value in known]


def _filters(walls: Sequence[Any]) -> Filters:
    sources, publishers, kinds, languages = (tuple(value or ()) for value in walls[:4])
    since, until = (str(value or "").strip() for value in walls[4:])
    return Filters(sources, publishers, kinds, languages, since, until)


def _described(old: Source, given: Mapping[str, str], inferred: tuple[str, ...]) -> Source:
    if not given["title"]:
        given = {**given, "title": old.title}
    try:
        Filters(since=given["published"])  # a date that could not be filtered by is none
    except QAError as error:
        raise QAError(str(error).replace("since", "published", 1)) from error
    return replace(old, **given, inferred=inferred)  # type: ignore[arg-type]  # kind is checked by Source


def _file(turns: Turns, form: str) -> dict[str, str] | None:
    if form not in exports.FORMS:
        return None
    name, media, text = exports.export(turns, form)
    return {"name": name, "media": media, "text": text}


def _unread(assistant: Assistant) -> list[str]:
    return [f"Not read: {s.place}: {s.reason}; {s.remedy}." for s in assistant.skipped]


def _named(line: str, files: Sequence[str] | None) -> str:
    """Uploads by their names; where they lie on this machine is nobody's business."""
    for path in files or ():
        line = line.replace(path, Path(path).name)
    return line


def _steps(progress: gr.Progress) -> Any:
    return lambda step, done, total: progress((done, max(total, 1)), desc=step)


def _closed(library: Library | None) -> None:
    if library is not None:
        library.close()


def _runs(draft: Draft | None) -> bool:
    return draft is not None and draft.running


def _busy() -> gr.Textbox:
    return gr.Textbox(value="", submit_btn=False, stop_btn=True)


def _ready() -> gr.Textbox:
    return gr.Textbox(submit_btn=True, stop_btn=False)


def _unforeseen() -> str:
    reference = secrets.token_hex(3)
    log.exception("error %s", reference)
    return f"Something went wrong here. The page's log has it under {reference}; please try again."
