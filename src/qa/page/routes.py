"""What the page asks of the server: small routes that take and give JSON, and lines of JSON while something is made."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, File, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field

from qa import LONGEST_QUESTION, Answer, Assistant, Filters, Progress, QAError, Sentence, Source
from qa.page import exports, feedback, original, quality, views
from qa.page.api import LONGEST_TEXT
from qa.page.jobs import Job
from qa.page.library import GLANCE, Libraries, Library
from qa.page.reading import place, reading
from qa.page.settings import Editing, Settings
from qa.page.starters import follow_ups, starters
from qa.page.store import AskedTurn, Conversation, Store
from qa.page.telling import fitting, named, told, unread

TURNS: Final = 40
"""Earlier turns from which a follow-up is understood."""
AT_ONCE: Final = 4
"""Questions answered at the same time; others wait for their turn."""
GLANCES: Final = 24
"""Sources of which is told at once what they are about."""
MANY: Final = 200
"""Jobs that may wait or run; who comes then is asked to come again."""
MOST_FILES: Final = 50
"""Files in one go."""
LONGEST_TOPIC: Final = 200
"""Characters."""
SWEEP: Final = 3600.0
"""Seconds from one look for conversations that nobody opens to the next."""
WAITS: Final = "Waiting for a free place"
NOT_HERE: Final = "This is not here: it was deleted, or it is somebody else's."


@dataclass(frozen=True, slots=True)
class Draft:
    """What there is of an answer."""

    busy: str = WAITS
    kind: str = ""
    sentences: tuple[Sentence, ...] = ()
    answer: Answer | None = None

    def so_far(self, question: str) -> Answer | None:
        """As an answer; None before the first sentence."""
        return self.answer or (Answer(question, self.sentences, kind=self.kind) if self.sentences else None)


@dataclass(slots=True)
class Under:
    """A question that is being answered."""

    turn: int
    question: str
    filters: Filters
    job: Job[Draft]


class Walls(BaseModel):
    """Filters as a browser sends them."""

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


class AskBody(BaseModel):
    """A question put on the page.

    `conversation` is empty for a new one; `before` is a place whose turns from there on are left in the conversation
    as it is, while this question begins another.
    """

    question: str
    conversation: str = ""
    before: int | None = None
    walls: Walls = Walls()


class ChangeBody(BaseModel):
    """A change to the documents: `do` is remove, describe, undo or rebuild."""

    do: str
    conversation: str = ""
    id: str = ""
    fields: dict[str, str] = {}


class Opinion(BaseModel):
    """What somebody thought of an answer."""

    verdict: str
    reason: str = ""
    note: str = Field("", max_length=feedback.LONGEST_NOTE)


PUBLISHED: Final = {"since": "from", "until": "until"}
FIELDS: Final = (
    "title", "publisher", "author", "published", "updated", "version", "language", "perspective", "kind",
)  # fmt: skip


@dataclass
class Desk:
    """All that the routes work on. `running` holds, by conversation, the question that is being answered there."""

    shared: Assistant
    settings: Settings
    store: Store
    libraries: Libraries
    running: dict[str, Under] = field(default_factory=dict)
    changing: dict[str, Job[Any]] = field(default_factory=dict)
    places: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))
    building: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))

    @classmethod
    def over(cls, shared: Assistant, settings: Settings) -> Desk:
        """The desk whose conversations lie where the settings say."""
        return cls(
            shared,
            settings,
            Store(settings.data / "conversations.sqlite"),
            Libraries(shared, settings.data / "documents"),
        )

    def close(self) -> None:
        """Ends what is under way and gives all files back."""
        for under in tuple(self.running.values()):
            under.job.stop()
        for job in tuple(self.changing.values()):
            job.stop()
        self.libraries.close()
        self.store.close()

    async def sweeping(self) -> None:
        """Deletes, again and again, what nobody opened for as long as the settings say, with its documents."""
        while True:
            await asyncio.to_thread(self.sweep, time.time())
            await asyncio.sleep(SWEEP)

    def sweep(self, now: float) -> None:
        """Deletes what nobody opened for as long as the settings say, with its documents."""
        self.store.delete_unused(now - self.settings.keep_days * 86_400)
        self.libraries.keep_only(self.store.libraries())

    # -- whose ---------------------------------------------------------------------------------------

    def conversation(self, id_: str, owner: str) -> Conversation:
        """The owner's conversation.

        Raises:
            HTTPException: 404, there is none.
        """
        found = self.store.get(id_, owner) if owner else None
        if found is None:
            raise HTTPException(404, NOT_HERE)
        return found

    def library(self, conversation: Conversation | None) -> Library:
        """What a conversation asks."""
        return self.libraries.of(conversation.library if conversation else "")

    def editable(self, conversation: Conversation | None, owner: str) -> tuple[Conversation, Library]:
        """The conversation, made where there is none yet, and the library that a change goes to.

        Raises:
            HTTPException: 403, nobody may change it, or nobody is there whose it would be.
        """
        if self.settings.editing is Editing.OFF:
            raise HTTPException(403, "Documents cannot be changed on this page.")
        conversation = conversation or self.begun(owner, "Documents")
        if self.settings.editing is Editing.ALL:
            return conversation, self.libraries.shared
        if not conversation.library:
            conversation = replace(conversation, library=self.libraries.name())
            self.store.keep_in(conversation.id, conversation.library)
        return conversation, self.library(conversation)

    def begun(self, owner: str, title: str, **more: Any) -> Conversation:
        """A new conversation.

        Raises:
            HTTPException: 403, nobody is there whose it would be.
        """
        if not owner:
            raise HTTPException(403, "Open the page first: its cookie says whose a conversation is.")
        return self.store.new(owner, title, **more)

    # -- what is shown -------------------------------------------------------------------------------

    def shown(self, conversation: Conversation | None) -> dict[str, Any]:
        """All parts of the page as this conversation has them."""
        library = self.library(conversation)
        own = conversation and self.running.get(conversation.id)
        return {
            "conversation": conversation.id if conversation else "",
            "title": conversation.title if conversation else "",
            "running": bool(own),
            "changing": bool(conversation and conversation.id in self.changing),
            "walls": self.walls(conversation),
            "tab": "check" if conversation and conversation.report else "",
            "slots": {
                **self.corpus(library),
                "turns": "".join(self.turns(conversation)) if conversation else "",
                "report": json.loads(conversation.report)["html"] if conversation and conversation.report else "",
            },
        }

    def walls(self, conversation: Conversation | None) -> dict[str, Any]:
        """The filters of the last question."""
        asked = self.store.turns(conversation.id)[-1:] if conversation else []
        return asdict(asked[0].filters) if asked else {}

    def corpus(self, library: Library) -> dict[str, str]:
        """The parts of the page that show the corpus."""
        assistant, editing = library.assistant, self.settings.editing
        sources = assistant.sources
        passages = {source.id: len(assistant.passages(source.id)) for source in sources}
        all_ = {"sources": sources, "editable": editing is not Editing.OFF, "days": self.settings.keep_days}
        return {
            "corpus": views.render("corpus", passages=sum(passages.values()), private=library.changed, **all_),
            "hello": views.render("welcome", private=editing is Editing.PRIVATE, **all_),
            "filters": views.render("filters", choices=views.choices(sources)),
            "table": views.render(
                "sources", passages=passages, inferred=any(source.inferred for source in sources), **all_
            ),
        }

    def turns(self, conversation: Conversation) -> list[str]:
        """The turns of a conversation."""
        under = self.running.get(conversation.id)
        found = []
        for i, asked in enumerate(self.store.turns(conversation.id)):
            if under and asked.id == under.turn:
                found.append(self.under(conversation, i, under))
            else:
                found.append(self.asked(i, asked, self.library(conversation)))
        return found

    def asked(self, i: int, asked: AskedTurn, library: Library, *, own: bool = True) -> str:
        """A turn that is over."""
        nothing = asked.answer is None and not asked.error and not asked.stopped
        return views.turn(
            i,
            asked.question,
            asked.answer,
            library.assistant.sources,
            library.starters,
            filters=asked.filters,
            rated=asked.rated,
            error="The server ended before this was answered; ask it again." if nothing else asked.error,
            stopped=asked.stopped,
            own=own,
        )

    def under(self, conversation: Conversation, i: int, under: Under) -> str:
        """A turn that is being answered, or just was."""
        library, view, ending = self.library(conversation), under.job.view, under.job.ending
        return views.turn(
            i,
            under.question,
            view.so_far(under.question),
            library.assistant.sources,
            library.starters,
            filters=under.filters,
            busy="" if ending else view.busy,
            error=told(under.job.error) if under.job.error else "",
            stopped=ending == "stopped",
        )

    def answers(self, conversation: Conversation) -> list[Answer | None]:
        """The answers by the places of their questions, with what there is of one under way."""
        under = self.running.get(conversation.id)
        return [
            under.job.view.so_far(asked.question) if under and asked.id == under.turn else asked.answer
            for asked in self.store.turns(conversation.id)
        ]

    async def glances(self, library: Library, topic: str, first: int) -> AsyncIterator[dict[str, Any]]:
        """What each source is about, one after the other, or what they say on a topic.

        Raises:
            QAError: the topic has no word.
        """
        if topic:
            found = await asyncio.to_thread(library.assistant.overview, topic=topic, most=GLANCE)
            hits = {c.hit.source.id: c.hit.source for c in found.sentences}
            yield {"slots": {"glances": views.render("topic", topic=topic, found=found, sources=hits.values())}}
            return
        sources = views.by_date(library.assistant.sources)
        shown = sources[first : first + GLANCES]
        yield {} if first else {"slots": {"glances": views.render("glances", sources=sources)}}
        for source in shown:
            found = await asyncio.to_thread(library.glance, source.id)
            yield {"append": {"glances": views.render("glance", source=source, found=found)}}
        if left := len(sources) - first - len(shown):
            yield {"append": {"glances": views.render("glance_more", left=left, first=first + len(shown))}}

    # -- asking --------------------------------------------------------------------------------------

    def ask(self, conversation: Conversation, question: str, filters: Filters) -> Under:
        """Begins to answer, in a thread.

        Raises:
            HTTPException: 409, a question is being answered here; 503, too many wait.
        """
        if conversation.id in self.running:
            raise HTTPException(409, "A question is being answered here; stop it, or wait for it.")
        if len(self.running) >= MANY:
            raise HTTPException(503, "Too many people ask just now; try again in a minute.")
        assistant = self.library(conversation).assistant
        history = self.store.history(self.store.turns(conversation.id))[-TURNS:]
        turn = self.store.begin(conversation.id, question, filters)

        def work(job: Job[Draft]) -> None:
            draft = job.view
            for event in assistant.stream(
                question, filters=filters, history=history, cancelled=lambda: not job.running
            ):
                if isinstance(event, Progress):
                    busy = f"{event.message[:1].upper()}{event.message[1:]}"
                    draft = replace(draft, busy=busy, kind=event.kind or draft.kind)
                elif isinstance(event, Sentence):
                    draft = replace(draft, sentences=(*draft.sentences, event))
                else:
                    draft = replace(draft, answer=event)
                job.show(draft)

        def ended(job: Job[Draft], ending: str) -> None:
            error = told(job.error) if job.error else ""
            self.store.end(turn, job.view.so_far(question), error, ending == "stopped")
            self.running.pop(conversation.id, None)

        under = Under(turn, question, filters, Job(Draft(), work, ended))
        self.running[conversation.id] = under
        under.job.start(self.places)
        return under

    async def following(self, conversation: Conversation, under: Under) -> AsyncIterator[dict[str, Any]]:
        """The turn as it grows."""
        i = next(i for i, asked in enumerate(self.store.turns(conversation.id)) if asked.id == under.turn)
        head = {"conversation": conversation.id, "title": conversation.title, "turn": i}
        async for _ in under.job.follow():
            html = await asyncio.to_thread(self.under, conversation, i, under)
            yield head | {"html": html, "busy": under.job.view.busy if under.job.running else ""}

    # -- documents -----------------------------------------------------------------------------------

    def change(self, conversation: Conversation, library: Library, work: Callable[[Any], list[str]]) -> Job[Any]:
        """Changes documents in a thread; the views are [what is done, how much, of how much], the result lines.

        Raises:
            HTTPException: 409, they are being changed.
        """
        key = conversation.id
        if key in self.changing:
            raise HTTPException(409, "The documents are being changed; wait for that to end, or cancel it.")

        def run(job: Job[Any]) -> list[str]:
            return work(lambda step, done, total: job.show([step, done, total]))

        def ended(*_: object) -> None:
            self.changing.pop(key, None)

        job: Job[Any] = Job(["reading", 0, 0], run, ended)
        self.changing[key] = job
        job.start(self.building)
        return job

    async def changes(
        self, conversation: Conversation, library: Library, job: Job[Any]
    ) -> AsyncIterator[dict[str, Any]]:
        """How far a change is; last, what came of it and the parts of the page that show it."""
        head = {"conversation": conversation.id, "title": conversation.title}
        async for view in job.follow():
            if job.running:
                step, done, total = view
                yield head | {"step": step, "done": done, "total": total}
        if job.ending == "stopped":
            lines, kind = ["Cancelled; the documents are as they were."], "done"
        elif job.error:
            lines, kind = [told(job.error)], "error"
        else:
            lines, kind = job.result, "done"
        notice = views.render("notice", kind=kind, lines=lines, undo=kind == "done" and library.can_undo)
        yield head | {"notice": notice, "slots": await asyncio.to_thread(self.corpus, library)}


def suggest(library: Library) -> None:
    """Finds questions to begin with, once."""
    with library.beginning:
        assistant = library.assistant
        if library.begun is assistant:
            return
        try:
            found = starters(assistant)
        except Exception:  # closed meanwhile, or nothing to ask: a page without suggestions is a page
            return
        if library.assistant is assistant:
            library.starters, library.begun = found, assistant


def _owner(request: Request) -> str:
    return str(request.scope.get("qa.owner", ""))


Owner = Annotated[str, Depends(_owner)]


def router(desk: Desk) -> APIRouter:
    """The routes below `/page`."""
    routes = APIRouter(prefix="/page")
    store = desk.store

    def opened(id_: str, owner: str) -> Conversation | None:
        return desk.conversation(id_, owner) if id_ else None

    def linked(link: str) -> AskedTurn:
        if (asked := store.linked(link)) is None:
            raise HTTPException(404, NOT_HERE)
        return asked

    @routes.get("/state")
    def state(owner: Owner, c: str = "", a: str = "") -> dict[str, Any]:
        if a:
            answer = desk.asked(0, linked(a), desk.libraries.shared, own=False)
            made = desk.shown(None)
            return made | {"title": linked(a).question, "slots": made["slots"] | {"turns": answer}}
        conversation = opened(c, owner)
        if conversation:
            store.touch(conversation.id)
        return desk.shown(conversation)

    @routes.get("/starters")
    def beginnings(owner: Owner, c: str = "") -> dict[str, str]:
        library = desk.library(opened(c, owner))
        suggest(library)
        return {"starters": views.render("starters", questions=library.starters)}

    # -- conversations

    @routes.get("/conversations")
    def listed(owner: Owner, find: str = "") -> dict[str, str]:
        found = store.listed(owner, find[:200]) if owner else []
        return {"html": views.render("conversations", found=found, find=find, days=desk.settings.keep_days)}

    @routes.patch("/conversations/{c}")
    def rename(c: str, owner: Owner, title: Annotated[str, Body(embed=True, min_length=1)]) -> dict[str, str]:
        store.rename(desk.conversation(c, owner).id, title)
        return {"title": desk.conversation(c, owner).title}

    @routes.delete("/conversations/{c}")
    def delete(c: str, owner: Owner) -> dict[str, bool]:
        gone = desk.conversation(c, owner)
        if under := desk.running.get(gone.id):
            under.job.stop()
        store.delete(gone.id)
        desk.libraries.keep_only(store.libraries())
        return {"deleted": True}

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
        return {"link": f"?a={store.link(_turn(desk, c, turn, owner).id)}"}

    @routes.get("/conversations/{c}/{turn}/next")
    def going_on(c: str, turn: int, owner: Owner) -> dict[str, str]:
        asked = _turn(desk, c, turn, owner)
        if (questions := store.suggested(asked.id)) is None:
            library = desk.library(desk.conversation(c, owner))
            with desk.building:
                assert asked.answer is not None
                questions = follow_ups(library.assistant, asked.answer, library.glance)
            store.suggest(asked.id, questions)
        return {"html": views.render("next", questions=questions)}

    @routes.post("/conversations/{c}/{turn}/opinion")
    def opinion(c: str, turn: int, owner: Owner, given: Opinion) -> dict[str, bool]:
        (asked,) = store.history([_turn(desk, c, turn, owner)])
        try:
            feedback.write(desk.settings.feedback, asked, given.verdict, given.reason, given.note)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        except OSError as error:
            raise HTTPException(500, told(error)) from error
        store.rate(_turn(desk, c, turn, owner).id, given.verdict)
        return {"noted": True}

    # -- asking

    @routes.post("/ask")
    async def ask(given: AskBody, owner: Owner) -> StreamingResponse:
        question = fitting("question", given.question, LONGEST_QUESTION)
        if not question:
            raise HTTPException(422, "Write a question first.")
        filters = given.walls.filters()
        conversation = opened(given.conversation, owner) or desk.begun(owner, question)
        if given.before is not None:
            conversation = store.branch(conversation, owner, max(0, given.before))
        under = desk.ask(conversation, question, filters)
        return _lines(desk.following(desk.conversation(conversation.id, owner), under))

    @routes.get("/follow/{c}")
    async def follow(c: str, owner: Owner) -> StreamingResponse:
        conversation = desk.conversation(c, owner)
        if (under := desk.running.get(c)) is None:
            raise HTTPException(404, "Nothing is being answered here.")
        return _lines(desk.following(conversation, under))

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

    # -- reading

    def wanted(c: str, a: str, owner: str, data: str) -> tuple[views.OpenDocument, Library]:
        try:
            asked = json.loads(data)
        except ValueError as error:
            raise HTTPException(422, "This is no place in a document.") from error
        conversation = None if a else opened(c, owner)
        library = desk.library(conversation)
        answers = [linked(a).answer] if a else desk.answers(conversation) if conversation else []
        found = reading(asked if isinstance(asked, Mapping) else {}, answers, library.assistant)
        if found is None:
            raise HTTPException(404, "The answer has no such place; ask again to read its sources.")
        file = None if found.gone else library.original(found.document.id)
        return replace(found, file=file.name if file else ""), library

    @routes.get("/read")
    def read(owner: Owner, at: str, c: str = "", a: str = "") -> dict[str, str]:
        return {"html": views.pane(wanted(c, a, owner, at)[0])}

    @routes.get("/text")
    def text(owner: Owner, at: str, first: int, last: int, c: str = "", a: str = "") -> dict[str, Any]:
        found, _ = wanted(c, a, owner, at)
        first, last = max(0, first), min(last, len(found.document.text), first + views.WINDOW)
        return {"html": views.render("text", body=views.blocks(found, first, last)), "first": first, "last": last}

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
        library = desk.library(opened(c, owner))
        path = library.original(library.assistant.document(id_).id)
        if path is None:
            raise HTTPException(404, "The file is no longer here.")
        # never shown in place: a document's markup would run as ours
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    @routes.get("/overview")
    async def overview(owner: Owner, c: str = "", topic: str = "", first: int = 0) -> StreamingResponse:
        topic = fitting("topic", topic, LONGEST_TOPIC)
        return _lines(desk.glances(desk.library(opened(c, owner)), topic, max(0, first)))

    # -- documents

    @routes.get("/find")
    def find(owner: Owner, words: str, c: str = "") -> dict[str, str]:
        hits = desk.library(opened(c, owner)).assistant.search(words, top_k=10) if words.strip() else None
        return {"html": views.render("found", hits=hits)}

    @routes.post("/documents")
    async def add(
        owner: Owner,
        c: Annotated[str, Form()] = "",
        address: Annotated[str, Form()] = "",
        files: Annotated[list[UploadFile], File()] = [],  # noqa: B006  # FastAPI's way to say it may be absent
    ) -> StreamingResponse:
        address, files = address.strip(), [one for one in files if one.filename]
        if not files and not address:
            raise QAError("Choose files or give a web address.")
        if address and not address.lower().startswith(("http://", "https://")):
            # anything else would be read as a path on this machine
            raise QAError(f"{address[:80]!r} is no web address; write it as https://host/page")
        conversation, library = desk.editable(opened(c, owner), owner)
        new = library.files / f"new-{secrets.token_hex(8)}"
        paths = await _saved(files, new, desk.settings)

        def work(steps: Any) -> list[str]:
            try:
                return _added(library, paths, address, steps, private=library.private)
            except QAError as error:
                raise QAError(named(str(error), paths)) from error
            finally:
                shutil.rmtree(new, ignore_errors=True)

        return _lines(desk.changes(conversation, library, desk.change(conversation, library, work)))

    @routes.post("/documents/change")
    async def change(owner: Owner, given: ChangeBody) -> StreamingResponse:
        conversation, library = desk.editable(opened(given.conversation, owner), owner)
        reach = "Only you see this." if library.private else "Everybody sees this."

        def work(steps: Any) -> list[str]:
            if given.do == "undo":
                library.undo()
                return ["The last change was taken back." + (" The one before it can be, too." * library.can_undo)]
            if given.do == "rebuild":
                library.change(progress=steps)
                return ["The index was built again."]
            source = library.assistant.document(given.id).source
            if given.do == "remove":
                library.change(remove=[given.id], progress=steps)
                return [f"Removed “{views.label(source.title)}”. {reach}"]
            described, different = _described(source, given.fields)
            if not different:
                return ["Nothing was changed."]
            library.change(describe={given.id: described}, progress=steps)
            return [f"Corrected {', '.join(sorted(different))}. {reach}"]

        return _lines(desk.changes(conversation, library, desk.change(conversation, library, work)))

    @routes.get("/documents/{id_}/correct")
    def correcting(id_: str, owner: Owner, c: str = "") -> dict[str, str]:
        source = desk.library(opened(c, owner)).assistant.document(id_).source
        return {"html": views.render("correcting", source=source, fields=FIELDS)}

    # -- checking a text

    @routes.post("/check")
    async def check(
        owner: Owner,
        text: Annotated[str, Form()] = "",
        c: Annotated[str, Form()] = "",
        files: Annotated[list[UploadFile], File()] = [],  # noqa: B006
    ) -> StreamingResponse:
        text, files = fitting("text", text, LONGEST_TEXT), [one for one in files if one.filename]
        if not text:
            raise QAError("Paste a text first.")
        if files and desk.settings.editing is Editing.OFF:
            raise HTTPException(403, "Documents cannot be given on this page.")
        asked = opened(c, owner)
        name = desk.libraries.name() if files else asked.library if asked else ""
        made = desk.begun(owner, text, library=name)
        folder = desk.libraries.folder / name
        paths = await _saved(files, folder / "files", desk.settings) if files else []

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
                yield {"slots": {"report": views.render("notice", kind="error", lines=lines, undo=False)}}
            else:
                yield {"conversation": made.id, "title": made.title, "slots": {"report": job.result}}

        return _lines(lines())

    @routes.get("/check/{c}/report")
    def report(c: str, owner: Owner) -> Response:
        found = desk.conversation(c, owner)
        if not found.report:
            raise HTTPException(404, "There is no report here.")
        kept = json.loads(found.report)
        told = json.dumps({"text": kept["text"], **kept["report"]}, ensure_ascii=False, indent=2) + "\n"
        return Response(
            told, media_type="application/json", headers={"Content-Disposition": 'attachment; filename="check.json"'}
        )

    # -- quality

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
            failed = views.render("notice", kind="error", lines=[told(job.error)], undo=False) if job.error else ""
            yield {"slots": {"quality": failed or job.result}}

        return _lines(lines())

    return routes


def _turn(desk: Desk, c: str, turn: int, owner: str) -> AskedTurn:
    turns = desk.store.turns(desk.conversation(c, owner).id)
    at = place(turn, len(turns))
    if at is None or turns[at].answer is None:
        raise HTTPException(404, "There is no such answer.")
    return turns[at]


def _lines(values: AsyncIterator[dict[str, Any]]) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        async for value in values:
            yield json.dumps(value, ensure_ascii=False) + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})


async def _saved(files: Sequence[UploadFile], folder: Path, settings: Settings) -> list[Path]:
    """The files of an upload in a folder of ours, under names of their own.

    Raises:
        QAError: too many, too large, or two of one name.
    """
    if len(files) > MOST_FILES:
        raise QAError(f"{len(files)} files are too many at once; add at most {MOST_FILES}.")
    saved: list[Path] = []
    most = settings.largest_file_mb * 1_000_000
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        name = re.sub(r"[\x00-\x1f\x7f/\\]+", "_", file.filename or "")[-120:].lstrip(". ") or "file"
        if (path := folder / name) in saved:
            raise QAError(f"Two files are called {name}; rename one.")
        with path.open("wb") as out:
            while piece := await file.read(1 << 20):
                if out.tell() + len(piece) > most:
                    raise QAError(f"{name} is larger than {settings.largest_file_mb} MB; split it.")
                out.write(piece)
        saved.append(path)
    return saved


def _added(library: Library, paths: Sequence[Path], address: str, steps: Any, *, private: bool) -> list[str]:
    """Adds and says so; the files stay, so that they can be looked at in the original."""
    before = {source.id for source in library.assistant.sources}
    made = library.change(add=[*paths, *([address] if address else [])], progress=steps)
    for path in paths:
        path.replace(library.files / path.name)
    read = made.reading
    lines = [
        f"{'Replaced' if s.id in before else 'Added'} “{views.label(s.title)}”, "
        f"{views.count(len(made.passages(s.id)), 'passage')}."
        for s in (document.source for document in (read.documents if read else ()))
    ]
    lines += [named(line, paths) for line in (*unread(made), *(read.notes if read else ()))]
    return [*lines, "Only you see this." if private else "Everybody sees this."]


def _described(old: Source, fields: Mapping[str, str]) -> tuple[Source, set[str]]:
    """The source with these fields, and which of them are other than before."""
    given = {name: str(fields.get(name, getattr(old, name))).strip()[:500] for name in FIELDS}
    given["title"] = given["title"] or old.title
    different = {name for name, value in given.items() if value != getattr(old, name)}
    for name in ("published", "updated"):
        try:
            Filters(since=given[name])  # a date that could not be filtered by is none
        except QAError as error:
            raise QAError(str(error).replace("since", name, 1)) from error
    try:
        inferred = tuple(name for name in old.inferred if name not in different)
        return replace(old, **given, inferred=inferred), different  # type: ignore[arg-type]  # kind is checked by Source
    except ValueError as error:
        raise QAError(str(error)) from error
