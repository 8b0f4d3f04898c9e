"""What the page asks of the server: small routes that take and give JSON, and lines of JSON while something is made."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, File, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field

from qa import LONGEST_QUESTION, Assistant, Filters, QAError
from qa.page import changes, exports, feedback, original, quality, views
from qa.page.api import LONGEST_TEXT
from qa.page.desk import Desk
from qa.page.jobs import Job
from qa.page.library import Library
from qa.page.reading import reading
from qa.page.settings import Editing
from qa.page.telling import fitting, named, told, unread

LONGEST_TOPIC: Final = 200
"""Characters."""


class AskForm(BaseModel):
    """A question put on the page, and the filters that are set.

    `before` is a place whose turns from there on are left in the conversation as it is, while this question begins
    another.
    """

    question: str
    before: int | None = None
    sources: list[str] = []
    publishers: list[str] = []
    kinds: list[str] = []
    languages: list[str] = []
    since: str = ""
    until: str = ""

    def filters(self) -> Filters:
        """As `qa` takes them.

        Raises:
            QAError: a date is none.
        """
        sources, publishers, kinds, languages = map(tuple, (self.sources, self.publishers, self.kinds, self.languages))
        try:
            return Filters(sources, publishers, kinds, languages, self.since.strip(), self.until.strip())
        except QAError as error:  # in the words that stand beside the field
            told = re.sub(r"^(since|until) is", lambda m: f"Published {PUBLISHED[m[1]]} is", str(error))
            raise QAError(told) from error


class Opinion(BaseModel):
    """What somebody thought of an answer."""

    verdict: str
    reason: str = ""
    note: str = Field("", max_length=feedback.LONGEST_NOTE)


PUBLISHED: Final = {"since": "from", "until": "until"}


async def _owner(request: Request) -> str:  # not in a thread: all may be taken
    return str(request.scope.get("qa.owner", ""))


Owner = Annotated[str, Depends(_owner)]
Change = Literal["remove", "describe", "undo", "rebuild"]


def router(desk: Desk) -> APIRouter:
    """The routes below `/page`; in all of them `c` is the conversation that the window shows, empty for a new one."""
    routes = APIRouter(prefix="/page")
    for part in (_showing, _conversations, _asking, _reading, _documents, _checking, _quality):
        part(routes, desk)
    return routes


def _showing(routes: APIRouter, desk: Desk) -> None:
    """The page as it stands."""
    store = desk.store

    @routes.get("/state")
    def state(owner: Owner, c: str = "", a: str = "") -> dict[str, Any]:
        if a:
            return desk.shown_by(a)
        conversation = desk.opened(c, owner)
        if conversation:
            store.touch(conversation.id)
        return desk.shown(conversation)

    @routes.get("/starters")
    async def beginnings(owner: Owner, c: str = "") -> dict[str, str]:
        questions = await desk.beginning(desk.library(desk.opened(c, owner)))
        return {"starters": views.render("starters", questions=questions)}


def _conversations(routes: APIRouter, desk: Desk) -> None:
    """Listed, named, deleted, taken away, linked, judged."""
    store = desk.store

    @routes.get("/conversations")
    def listed(owner: Owner, find: str = "") -> dict[str, Any]:
        found = store.listed(owner, find[:200]) if owner else []
        html = views.render("conversations", found=found, find=find, days=desk.settings.keep_days)
        return {"slots": {"conversations": html}}

    @routes.post("/conversations/{id_}/title")
    def rename(id_: str, owner: Owner, title: Annotated[str, Form(min_length=1)]) -> dict[str, Any]:
        store.rename(desk.conversation(id_, owner).id, title)
        return listed(owner)

    @routes.post("/conversations/{id_}/delete")
    def delete(id_: str, owner: Owner) -> dict[str, Any]:
        gone = desk.conversation(id_, owner)
        if under := desk.running.get(gone.id):
            under.job.stop()
        store.delete(gone.id)
        desk.libraries.keep_only(store.libraries())
        return {"gone": gone.id, **listed(owner)}

    @routes.get("/conversations/{c}/export")
    def export(c: str, owner: Owner, form: str = "markdown", turn: int | None = None) -> Response:
        turns = store.turns(desk.conversation(c, owner).id)
        chosen = turns if turn is None else turns[turn : turn + 1]
        if form not in exports.FORMS or not store.history(chosen):
            raise HTTPException(404, "There is nothing to export.")
        name, media, text = exports.export(store.history(chosen), form)
        return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    @routes.post("/conversations/{c}/{turn}/link")
    def link(c: str, turn: int, owner: Owner) -> dict[str, str]:
        return {"link": f"?a={store.link(desk.turn(c, turn, owner).id)}"}

    @routes.get("/conversations/{c}/{turn}/next")
    async def going_on(c: str, turn: int, owner: Owner) -> StreamingResponse:
        asked = desk.turn(c, turn, owner)
        return _lines(desk.going_on(turn, asked, desk.library(desk.conversation(c, owner))))

    @routes.post("/conversations/{c}/{turn}/opinion")
    def opinion(c: str, turn: int, owner: Owner, given: Annotated[Opinion, Form()]) -> dict[str, str]:
        (asked,) = store.history([desk.turn(c, turn, owner)])
        try:
            feedback.write(desk.settings.feedback, asked, given.verdict, given.reason, given.note)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        except OSError as error:
            raise HTTPException(500, told(error)) from error
        store.rate(desk.turn(c, turn, owner).id, given.verdict)
        return {"rated": given.verdict, "notice": views.render("notice", kind="done", lines=["Noted, thank you."])}


def _asking(routes: APIRouter, desk: Desk) -> None:
    """Questions, while they are answered and while documents are changed."""
    store = desk.store

    @routes.post("/ask")
    async def ask(given: Annotated[AskForm, Form()], owner: Owner, c: str = "") -> StreamingResponse:
        question = fitting("question", given.question, LONGEST_QUESTION)
        if not question:
            raise HTTPException(422, "Write a question first.")
        filters = given.filters()
        conversation = desk.opened(c, owner) or desk.begun(owner, question)
        if given.before is not None:
            conversation = store.branch(conversation, owner, max(0, given.before))
        under = desk.ask(conversation, question, filters)
        return _lines(desk.following(desk.conversation(conversation.id, owner), under))

    @routes.get("/follow/{c}")
    async def follow(c: str, owner: Owner) -> StreamingResponse:
        conversation = desk.conversation(c, owner)
        return _lines(desk.following(conversation, desk.running.get(c)))

    @routes.get("/follow/{c}/documents")
    async def follow_change(c: str, owner: Owner) -> StreamingResponse:
        conversation = desk.conversation(c, owner)
        if (job := desk.changing.get(c)) is None:
            raise HTTPException(404, "No documents are being changed here.")
        return _lines(desk.changes(conversation, desk.library(conversation), job))

    @routes.post("/stop/{c}")
    async def stop(c: str, owner: Owner) -> dict[str, bool]:
        under = desk.running.get(desk.conversation(c, owner).id)
        return {"stopped": bool(under and under.job.stop())}

    @routes.post("/stop/{c}/documents")
    async def stop_change(c: str, owner: Owner) -> dict[str, bool]:
        job = desk.changing.get(desk.conversation(c, owner).id)
        return {"stopped": bool(job and job.stop())}


def _reading(routes: APIRouter, desk: Desk) -> None:
    """Documents and what is in them."""

    def wanted(c: str, a: str, owner: str, data: str) -> tuple[views.OpenDocument, Library]:
        try:
            asked = json.loads(data)
        except ValueError as error:
            raise HTTPException(422, "This is no place in a document.") from error
        conversation = None if a else desk.opened(c, owner)
        library = desk.library(conversation)
        answers = desk.answers(conversation) if conversation else []
        if a and not desk.store.linked_report(a):
            answers = [desk.linked(a).answer]
        found = reading(asked if isinstance(asked, Mapping) else {}, answers, library.assistant)
        if found is None:
            raise HTTPException(404, "The answer has no such place; ask again to read its sources.")
        file = None if found.gone else library.original(found.document.id)
        return replace(found, file=file.name if file else ""), library

    @routes.get("/read")
    def read(owner: Owner, at: str, c: str = "", a: str = "") -> dict[str, str]:
        return {"html": views.pane(wanted(c, a, owner, at)[0], urlencode({"c": c, "a": a, "at": at}))}

    @routes.get("/text")
    def text(owner: Owner, at: str, c: str = "", a: str = "", before: int = 0, after: int = 0) -> dict[str, str]:
        return {"html": views.more(wanted(c, a, owner, at)[0], before, after)}

    @routes.get("/picture")
    def picture(owner: Owner, at: str, c: str = "", a: str = "") -> Response:
        found, library = wanted(c, a, owner, at)
        path, page = library.original(found.document.id), found.page
        quote = found.document.text[slice(*(found.quote or (0, 0)))]
        image = original.picture(path, page, quote) if path and page and path.suffix.lower() == ".pdf" else None
        if image is None:
            raise HTTPException(404, "There is no picture of this page.")
        return Response(image, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})

    @routes.get("/file/{id_}")
    def file(id_: str, owner: Owner, c: str = "") -> FileResponse:
        library = desk.library(desk.opened(c, owner))
        path = library.original(library.assistant.document(id_).id)
        if path is None:
            raise HTTPException(404, "The file is no longer here.")
        # never shown in place: a document's markup would run as ours
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    @routes.get("/overview")
    async def overview(owner: Owner, c: str = "", topic: str = "", first: int = 0) -> StreamingResponse:
        topic = fitting("topic", topic, LONGEST_TOPIC)
        if topic and not any(character.isalnum() for character in topic):
            raise QAError(f"{topic!r} has no word to look for; write a name or a subject.")
        return _lines(desk.glances(desk.library(desk.opened(c, owner)), topic, max(0, first)))


def _documents(routes: APIRouter, desk: Desk) -> None:
    """Finding in them, adding, changing."""

    @routes.get("/find")
    def find(owner: Owner, words: str, c: str = "") -> dict[str, Any]:
        hits = desk.library(desk.opened(c, owner)).assistant.search(words, top_k=10) if words.strip() else None
        return {"slots": {"found": views.render("found", hits=hits)}}

    @routes.post("/documents")
    async def add(
        owner: Owner,
        c: str = "",
        address: Annotated[str, Form()] = "",
        files: Annotated[list[UploadFile], File()] = [],  # noqa: B006  # FastAPI's way to say it may be absent
    ) -> StreamingResponse:
        address, files = address.strip(), [one for one in files if one.filename]
        if not files and not address:
            raise QAError("Choose files or give a web address.")
        if address and not address.lower().startswith(("http://", "https://")):
            # anything else would be read as a path on this machine
            raise QAError(f"{address[:80]!r} is no web address; write it as https://host/page")
        conversation, library = desk.editable(desk.opened(c, owner), owner)
        new = library.files / f"new-{secrets.token_hex(8)}"
        paths = await changes.saved(files, new, desk.settings)

        def work(steps: Any) -> list[str]:
            try:
                return changes.added(library, paths, address, steps, private=library.private)
            except QAError as error:
                raise QAError(named(str(error), paths)) from error
            finally:
                shutil.rmtree(new, ignore_errors=True)

        return _lines(desk.changes(conversation, library, desk.change(conversation, library, work)))

    @routes.post("/documents/change")
    async def change(request: Request, owner: Owner, do: Change, id: str = "", c: str = "") -> StreamingResponse:
        conversation, library = desk.editable(desk.opened(c, owner), owner)
        fields = {name: str(value) for name, value in (await request.form()).items()}
        reach = "Only you see this." if library.private else "Everybody sees this."

        def work(steps: Any) -> list[str]:
            if do == "undo":
                library.undo()
                return ["The last change was taken back." + (" The one before it can be, too." * library.can_undo)]
            if do == "rebuild":
                library.change(progress=steps)
                return ["The index was built again."]
            source = library.assistant.document(id).source
            if do == "remove":
                library.change(remove=[id], progress=steps)
                return [f"Removed “{views.label(source.title)}”. {reach}"]
            described, different = changes.described(source, fields)
            if not different:
                return ["Nothing was changed."]
            library.change(describe={id: described}, progress=steps)
            return [f"Corrected {', '.join(sorted(different))}. {reach}"]

        return _lines(desk.changes(conversation, library, desk.change(conversation, library, work)))

    @routes.get("/documents/{id_}/correct")
    def correcting(id_: str, owner: Owner, c: str = "") -> dict[str, Any]:
        source = desk.library(desk.opened(c, owner)).assistant.document(id_).source
        return {"slots": {"correcting": views.render("correcting", source=source, fields=changes.FIELDS)}}


def _checking(routes: APIRouter, desk: Desk) -> None:
    """A text from elsewhere, held against the sources."""
    store = desk.store

    @routes.post("/check")
    async def check(
        owner: Owner,
        text: Annotated[str, Form()] = "",
        c: str = "",
        files: Annotated[list[UploadFile], File()] = [],  # noqa: B006
    ) -> StreamingResponse:
        text, files = fitting("text", text, LONGEST_TEXT), [one for one in files if one.filename]
        if not text:
            raise QAError("Paste a text first.")
        if files and desk.settings.editing is Editing.OFF:
            raise HTTPException(403, "Documents cannot be given on this page.")
        asked = desk.opened(c, owner)
        name = desk.libraries.name() if files else asked.library if asked else ""
        made = desk.begun(owner, text, library=name)
        folder = desk.libraries.folder / name
        paths = await changes.saved(files, folder / "files", desk.settings) if files else []

        def work(job: Job[str]) -> str:
            skipped: list[str] = []
            try:
                if files:
                    config = desk.shared.config
                    with Assistant.build(paths, folder / "index", config, lambda *step: job.show(str(step[0]))) as own:
                        skipped = [named(line, paths) for line in unread(own)]
                report = desk.libraries.of(name).assistant.check(text)
            except QAError as error:
                raise QAError(named(str(error), paths)) from error
            html = views.render("report", report=report, unread=skipped)
            store.report(made.id, json.dumps({"html": html, "report": report.to_dict(), "text": text}))
            return html

        job = Job("", work)
        job.start(desk.places)

        async def lines() -> AsyncIterator[dict[str, Any]]:
            async for view in job.follow():
                if job.running:
                    yield {"step": "Checking" if not files else view or "Reading"}
            if job.error or job.ending == "stopped":
                store.delete(made.id)
                lines = [told(job.error) if job.error else "Stopped."]
                yield {"notice": views.render("notice", kind="error", lines=lines)}
            else:
                yield {"conversation": made.id, "title": made.title, "slots": {"report": job.result}, "notice": ""}

        return _lines(lines())

    @routes.post("/check/link")
    def link(owner: Owner, c: str = "", a: str = "") -> dict[str, str]:
        return {"link": f"?a={store.link_report(desk.checked(c, a, owner).id)}"}

    @routes.get("/check/report")
    def report(owner: Owner, c: str = "", a: str = "") -> Response:
        kept = json.loads(desk.checked(c, a, owner).report)
        told = json.dumps({"text": kept["text"], **kept["report"]}, ensure_ascii=False, indent=2) + "\n"
        return Response(
            told, media_type="application/json", headers={"Content-Disposition": 'attachment; filename="check.json"'}
        )


def _quality(routes: APIRouter, desk: Desk) -> None:
    """The eval."""
    one = threading.Semaphore(1)

    @routes.get("/quality")
    def latest() -> dict[str, str]:
        return {"quality": quality.shown(desk.settings)}

    @routes.post("/quality")
    async def smoke() -> StreamingResponse:
        if not quality.can_run(desk.settings):
            raise HTTPException(404, "There are no questions to run.")

        def work(job: Job[list[Any]]) -> str:
            return quality.run(desk.settings, desk.shared.index.folder, lambda *step: job.show(list(step)))

        job: Job[list[Any]] = Job(["waiting", 0, 0], work)
        job.start(one)

        async def lines() -> AsyncIterator[dict[str, Any]]:
            async for view in job.follow():
                if job.running:
                    yield {"step": view[0], "done": view[1], "total": view[2]}
            if job.error:
                yield {"notice": views.render("notice", kind="error", lines=[told(job.error)])}
            else:
                yield {"slots": {"quality": job.result}, "notice": ""}

        return _lines(lines())


def _lines(values: AsyncIterator[dict[str, Any]]) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        async for value in values:
            yield json.dumps(value, ensure_ascii=False) + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})
