"""The page as a whole: where its parts stand, and what a visit draws."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import gradio as gr

from qa import Assistant, QAError
from qa.page import api, quality, sessions, views
from qa.page.draft import Draft
from qa.page.library import Library
from qa.page.parts import (
    AT_ONCE,
    FILES,
    ON_LOAD,
    PROGRESS,
    QUICK,
    SLOW,
    WAITING,
    Turns,
    Update,
    Visitor,
    html,
    named,
    steps,
    unread,
)
from qa.page.settings import Settings
from qa.page.shelf import Shelf
from qa.page.talk import Talk


class Page:
    """Blocks and the functions behind them. Everything of one visitor stands in `gr.State`, nothing here.

    Args:
        shared: what everybody works on.
        suggestions: questions to begin with; may be filled later, it is read at each visit.
    """

    def __init__(self, shared: Library, settings: Settings, suggestions: Sequence[str]) -> None:
        with gr.Blocks(title="qa", fill_width=True, delete_cache=(3600, 3600)) as self.blocks:
            self.visitor = Visitor(shared, settings, suggestions)
            self.head = html(views.render("head", sources=shared.assistant.sources, passages=0, private=False))
            pane = html("", elem_id="pane", js_on_load=ON_LOAD.format("window.qa.pane(element)"), render=False)
            with gr.Row(elem_id="desk"):
                with gr.Column(elem_id="main"), gr.Tabs():
                    with gr.Tab("Ask", id="ask"):
                        self.talk = Talk(self.visitor, pane)
                    with gr.Tab("Sources", id="sources"):
                        self.shelf = Shelf(self.visitor, self.head, self.talk)
                    with gr.Tab("Check a text", id="check"):
                        self._lay_out_check()
                    with gr.Tab("Quality", id="quality"):
                        self._lay_out_quality()
                with gr.Column(elem_id="pane-column"):
                    pane.render()  # type: ignore[no-untyped-call]
            self._wire()
            api.add(shared, concurrency=AT_ONCE)
        self.blocks.queue(max_size=WAITING, default_concurrency_limit=16)
        self.blocks.state_session_capacity = sessions.MANY

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
            gr.Button("Run the smoke eval", size="sm", elem_classes="fit")
            if quality.can_run(self.visitor.settings)
            else None
        )

    def _wire(self) -> None:
        one, talk = self.visitor, self.talk
        drawn = [one.library, self.head, self.shelf.table, self.quality, talk.hello, talk.walls.chips]
        visit = self.blocks.load(
            self._visited,
            [one.turns, one.draft],
            [*drawn, *talk.walls.inputs, *talk.outputs],
            **QUICK,
        )
        talk.wire(visit)
        self.shelf.wire()
        self.check.click(
            self._check,
            [self.text, self.against, one.library],
            self.report,
            **SLOW | {"show_progress": "minimal"},
        )
        if self.smoke is not None:
            self.smoke.click(
                self._smoke,
                None,
                self.quality,
                **SLOW | {"concurrency_limit": 1, "concurrency_id": "eval", "show_progress": "full"},
            )

    def _visited(self, turns: Turns, draft: Draft | None, request: gr.Request) -> Update:
        """May come after the visitor's first question: then it leaves the conversation alone."""
        one, asked = self.visitor, request.query_params
        library = Library(one.shared.assistant, private=True) if one.settings.editing == "private" else None
        return {
            one.library: library,
            self.quality: quality.shown(one.settings),
            **self.shelf.shown(library),
            **self.talk.welcome(library),
            **self.talk.walls.linked(asked, library),
            **self.talk.linked(asked.get("q", ""), turns, draft, library),
        }

    def _check(self, text: str, files: list[str] | None, library: Library | None) -> str:
        if not text or not text.strip():
            return views.render("notice", kind="error", lines=["Paste a text first."], undo=False)
        over = self.visitor.over(library).assistant
        try:
            text = api.fitting("text", text, api.LONGEST_TEXT)
            if not files:
                return views.render("report", report=over.check(text), unread=())
            with tempfile.TemporaryDirectory() as scratch, Assistant.build(files, scratch) as theirs:
                skipped = [named(line, files) for line in unread(theirs)]
                return views.render("report", report=theirs.check(text), unread=skipped)
        except QAError as error:
            return views.render("notice", kind="error", lines=[named(str(error), files)], undo=False)

    def _smoke(self, progress: gr.Progress = PROGRESS) -> str:
        try:
            return quality.run(self.visitor.settings, self.visitor.shared.assistant.index.folder, steps(progress))
        except QAError as error:
            return views.render("notice", kind="error", lines=[str(error)], undo=False)
