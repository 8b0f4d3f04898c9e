"""What the page's visitors are at: whose conversations, what is being answered or changed, and how it is shown."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from fastapi import HTTPException

from qa import Answer, Assistant, Filters, Progress, QAError, Sentence
from qa.page import views
from qa.page.jobs import Job
from qa.page.library import GLANCE, Libraries, Library
from qa.page.reading import place
from qa.page.settings import Editing, Settings
from qa.page.starters import follow_ups
from qa.page.store import AskedTurn, Conversation, Store
from qa.page.telling import told

log = logging.getLogger(__name__)

TURNS: Final = 40
"""Earlier turns from which a follow-up is understood."""
AT_ONCE: Final = 4
"""Questions answered at the same time; others wait for their turn."""
GLANCES: Final = 24
"""Sources of which is told at once what they are about."""
MANY: Final = 200
"""Jobs that may wait or run; who comes then is asked to come again."""
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
    suggesting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))

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
            try:
                await asyncio.to_thread(self.sweep, time.time())
            except (OSError, sqlite3.Error) as error:  # a full disk: the next look may find room
                log.warning("what nobody opens was not deleted: %s", error)
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

    def opened(self, id_: str, owner: str) -> Conversation | None:
        """The owner's conversation; None where none is named.

        Raises:
            HTTPException: 404, there is none of that name.
        """
        return self.conversation(id_, owner) if id_ else None

    def linked(self, link: str) -> AskedTurn:
        """The turn that a link opens, for everybody.

        Raises:
            HTTPException: 404, there is none.
        """
        if (asked := self.store.linked(link)) is None:
            raise HTTPException(404, NOT_HERE)
        return asked

    def checked(self, c: str, a: str, owner: str) -> Conversation:
        """A text that was checked: the owner's, or that behind a link.

        Raises:
            HTTPException: 404, there is none.
        """
        found = self.store.linked_report(a) if a else self.conversation(c, owner)
        if found is None or not found.report:
            raise HTTPException(404, "There is no report here.")
        return found

    def turn(self, c: str, turn: int, owner: str) -> AskedTurn:
        """An answered turn of the owner's conversation.

        Raises:
            HTTPException: 404, there is none.
        """
        turns = self.store.turns(self.conversation(c, owner).id)
        at = place(turn, len(turns))
        if at is None or turns[at].answer is None:
            raise HTTPException(404, "There is no such answer.")
        return turns[at]

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

    def shown_by(self, link: str) -> dict[str, Any]:
        """All parts of the page as a link shows them to everybody: an answer, or a text that was checked."""
        made = self.shown(None)
        if report := self.store.linked_report(link):
            slots, title = {"report": json.loads(report.report)["html"]}, report.title
        else:
            asked = self.linked(link)
            slots, title = {"turns": self.asked(0, asked, self.libraries.shared, own=False)}, asked.question
        return made | {"title": title, "tab": "check" * ("report" in slots), "slots": made["slots"] | slots}

    def shown(self, conversation: Conversation | None) -> dict[str, Any]:
        """All parts of the page as this conversation has them."""
        library = self.library(conversation)
        own = conversation and self.running.get(conversation.id)
        return {
            "conversation": conversation.id if conversation else "",
            "title": conversation.title if conversation else "",
            "running": bool(own),
            "changing": bool(conversation and conversation.id in self.changing),
            "tab": "check" if conversation and conversation.report else "",
            "slots": {
                **self.corpus(library, self.last_filters(conversation)),
                "turns": "".join(self.turns(conversation)) if conversation else "",
                "report": json.loads(conversation.report)["html"] if conversation and conversation.report else "",
            },
        }

    def last_filters(self, conversation: Conversation | None) -> dict[str, Any]:
        """The filters of the last question."""
        asked = self.store.turns(conversation.id)[-1:] if conversation else []
        return asdict(asked[0].filters) if asked else {}

    def corpus(self, library: Library, given: Mapping[str, Any] = MappingProxyType({})) -> dict[str, str]:
        """The parts of the page that show the corpus, with the filters that are set."""
        assistant, editing = library.assistant, self.settings.editing
        sources = assistant.sources
        passages = {source.id: len(assistant.passages(source.id)) for source in sources}
        all_ = {"sources": sources, "editable": editing is not Editing.OFF, "days": self.settings.keep_days}
        return {
            "corpus": views.render("corpus", passages=sum(passages.values()), private=library.changed, **all_),
            "hello": views.render("welcome", private=editing is Editing.PRIVATE, **all_),
            "filters": views.render("filters", choices=views.choices(sources), given=given),
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
        """What each source is about, one after the other, or what they say on a topic."""
        if not first:
            yield {"slots": {"glances": views.render("looking")}, "notice": ""}
        if topic:
            try:
                found = await asyncio.to_thread(library.assistant.overview, topic=topic, most=GLANCE)
            except QAError as error:
                yield {"slots": {"glances": ""}, "notice": views.render("notice", kind="error", lines=[told(error)])}
                return
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
            try:
                self.store.end(turn, job.view.so_far(question), error, ending == "stopped")
            finally:
                self.running.pop(conversation.id, None)

        under = Under(turn, question, filters, Job(Draft(), work, ended))
        self.running[conversation.id] = under
        under.job.start(self.places)
        return under

    async def following(self, conversation: Conversation, under: Under | None) -> AsyncIterator[dict[str, Any]]:
        """The turn as it grows; without one, the last as it is: it may have ended before somebody came to see it."""
        turns = self.store.turns(conversation.id)
        i = next((i for i, asked in enumerate(turns) if under and asked.id == under.turn), len(turns) - 1)
        head = {"conversation": conversation.id, "title": conversation.title, "turn": i}
        if not under:
            if turns:
                library = self.library(conversation)
                yield head | {"html": await asyncio.to_thread(self.asked, i, turns[i], library), "busy": ""}
            return
        async for _ in under.job.follow():
            html = await asyncio.to_thread(self.under, conversation, i, under)
            yield head | {"html": html, "busy": under.job.view.busy if under.job.running else ""}

    async def going_on(self, place: int, asked: AskedTurn, library: Library) -> AsyncIterator[dict[str, Any]]:
        """What can be asked next; looked for while somebody waits for it, and kept."""

        def work(job: Job[list[str]]) -> None:
            assert asked.answer is not None
            for found in follow_ups(library.assistant, asked.answer, library.glance):
                job.show(found)
            self.store.suggest(asked.id, job.view)

        known = self.store.suggested(asked.id)
        job = Job(known or [], work if known is None else lambda _: None)
        job.start(self.suggesting)
        try:
            async for questions in job.follow():
                if not job.running:
                    yield {"slots": {f"next-{place}": views.render("next", questions=questions)}}
        finally:
            job.stop()

    async def beginning(self, library: Library) -> Sequence[str]:
        """Questions to begin with; found once."""
        if not library.begun:
            job: Job[None] = Job(None, lambda _: library.suggest())
            job.start(self.suggesting)
            async for _ in job.follow():
                pass
        return library.starters

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
        # after an error the sources are as they were, and so is what was typed beside them
        yield head | {"notice": notice, "slots": {} if job.error else await asyncio.to_thread(self.corpus, library)}
