"""The corpus: its table, what is added, removed, corrected and taken back, and passages found by words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import gradio as gr

from qa import Filters, QAError, Source
from qa.page import views
from qa.page.library import Library
from qa.page.parts import (
    FILES,
    ON_LOAD,
    PROGRESS,
    QUICK,
    SLOW,
    Update,
    Visitor,
    html,
    named,
    pressed,
    steps,
    unforeseen,
    unread,
)
from qa.page.talk import Talk

FIELDS: Final = ("title", "publisher", "author", "published", "language", "perspective")
KINDS: Final = ("news", "analysis", "research", "other")


class Shelf:
    """The tab of the sources.

    Args:
        head: the page's head, which counts them.
        talk: what offers them to be asked.
    """

    def __init__(self, visitor: Visitor, head: gr.HTML, talk: Talk) -> None:
        self.visitor = visitor
        self.head = head
        self.talk = talk
        self.editable = visitor.settings.editing != "off"
        self.notice = html("", js_on_load=None)
        self.table = html("", js_on_load=ON_LOAD.format("window.qa.table(element)"))
        with gr.Column(visible=False, elem_id="correcting") as self.correcting:
            self.subject = gr.State("")
            self.about = html("", js_on_load=None)
            with gr.Row():
                self.fields: dict[str, Any] = {
                    name: gr.Textbox(label=name.capitalize(), max_lines=1, min_width=220) for name in FIELDS
                }
                self.fields["kind"] = gr.Dropdown(list(KINDS), label="Kind", min_width=220)
            with gr.Row():
                self.keep = gr.Button("Save", variant="primary", size="sm", elem_classes="fit", elem_id="keep")
                self.leave = gr.Button("Cancel", size="sm", elem_classes="fit", elem_id="leave")
        if self.editable:
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

    def wire(self) -> None:
        """What happens when something is pressed."""
        library = self.visitor.library
        choices = [field for field in self.talk.walls.inputs if isinstance(field, gr.Dropdown)]
        after = [library, self.head, self.table, self.talk.hello, *choices, self.notice]
        after += [self.correcting, self.subject, self.about, *self.fields.values()]
        done = "() => { window.qa.managed(); }"
        self.visitor.bridge.manage(self._manage, library, after, **SLOW).then(None, None, None, js=done)
        self.keep.click(self._correct, [library, self.subject, *self.fields.values()], after, **SLOW).then(
            None, None, None, js=done
        )
        self.leave.click(lambda: gr.Column(visible=False), None, self.correcting, **QUICK).then(
            None, None, None, js="() => { window.qa.left(); }"
        )
        if self.editable:
            shown = SLOW | {"show_progress": "full", "show_progress_on": [self.notice]}
            given = [self.files, self.address]
            self.add.click(self._add, [library, *given], [*after, *given], **shown)
            self.rebuild.click(self._rebuild, library, after, **shown)
        self.wanted.submit(self._find, [self.wanted, library], self.found, **SLOW)

    def shown(self, library: Library | None) -> Update:
        """The head and the table over a library."""
        over, sources = self.visitor.over(library), self.visitor.sources(library)
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
                editable=self.editable,
                inferred=any(source.inferred for source in sources),
            ),
        }

    def _changed(self, library: Library | None, lines: Sequence[str]) -> Update:
        return {
            **self.shown(library),
            **self.talk.welcome(library),
            **self.talk.walls.choices(library),
            self.notice: views.render("notice", kind="done", lines=lines, undo=self.visitor.over(library).can_undo),
            self.correcting: gr.Column(visible=False),
        }

    def _refused(self, error: Exception, files: Sequence[str] | None = None) -> Update:
        line = named(str(error), files) if isinstance(error, QAError) else unforeseen()
        return {self.notice: views.render("notice", kind="error", lines=[line], undo=False)}

    def _manage(self, library: Library | None, event: gr.EventData) -> Update:
        data = pressed(event)
        id_ = str(data.get("id", ""))
        over = self.visitor.over(library)
        if not self.editable:
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
        over = self.visitor.over(library)
        if not self.editable:
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
        over = self.visitor.over(library)
        before = {source.id for source in over.assistant.sources}
        try:
            made = over.change(add=[*(files or []), *([address] if address else [])], progress=steps(progress))
        except Exception as error:
            return self._refused(error, files)
        reading = made.reading
        read = [document.source for document in reading.documents] if reading else []
        lines = [
            f"{'Replaced' if s.id in before else 'Added'} “{views.label(s.title)}”, "
            f"{views.count(len(made.passages(s.id)), 'passage')}."
            for s in read
        ]
        lines += [named(line, files) for line in (*unread(made), *(reading.notes if reading else ()))]
        return {
            **self._changed(library, [*lines, self._reach()]),
            self.files: None,
            self.address: "",
        }

    def _rebuild(self, library: Library | None, progress: gr.Progress = PROGRESS) -> Update:
        try:
            self.visitor.over(library).change(progress=steps(progress))
        except Exception as error:
            return self._refused(error)
        return self._changed(library, ["The index was built again."])

    def _reach(self) -> str:
        return "Only you see this." if self.visitor.settings.editing == "private" else "Everybody sees this."

    def _find(self, wanted: str, library: Library | None) -> str:
        if not wanted.strip():
            return ""
        try:
            hits = self.visitor.over(library).assistant.search(wanted, top_k=10)
        except QAError as error:
            return views.render("notice", kind="error", lines=[str(error)], undo=False)
        return views.render("found", hits=hits)


def _described(old: Source, given: Mapping[str, str], inferred: tuple[str, ...]) -> Source:
    if not given["title"]:
        given = {**given, "title": old.title}
    try:
        Filters(since=given["published"])  # a date that could not be filtered by is none
    except QAError as error:
        raise QAError(str(error).replace("since", "published", 1)) from error
    return replace(old, **given, inferred=inferred)  # type: ignore[arg-type]  # kind is checked by Source
