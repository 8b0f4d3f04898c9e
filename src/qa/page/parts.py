"""What the parts of the page share: the visitor's state, how events run, and what a browser may send."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr

from qa import Assistant, Source, Turn
from qa.page.draft import Draft
from qa.page.library import Library
from qa.page.settings import Settings

log = logging.getLogger(__name__)
html = partial(gr.HTML, apply_default_css=False)

TURNS: Final = 40
"""Turns of a conversation that are kept; older ones go."""
AT_ONCE: Final = 4
"""Questions answered at the same time; others wait for their turn."""
WAITING: Final = 200
"""Requests that may wait; further ones are told to come again."""
FILES: Final = [".md", ".txt", ".html", ".htm", ".pdf", ".docx"]

Update = dict[Any, Any]
Turns = tuple[Turn, ...]
Rated = tuple[tuple[Turn, str], ...]
"""What the visitor thought of their turns."""

NOTHING: Final[Update] = gr.skip()
# the page's script may come after Gradio has mounted its blocks
ON_LOAD: Final = "const begin = () => {{ {} }}; window.qa ? begin() : addEventListener('qa', begin, {{ once: true }});"
CONNECT: Final = ON_LOAD.format("window.qa.connect((name, data) => trigger(name, data));") + (
    "/* 'ask' 'edit' 'read' 'shut' 'unfilter' 'feedback' 'export' 'manage' */"
)
PROGRESS: Final = gr.Progress()
"""Gradio puts the visitor's own in the place of this default."""

QUICK: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
"""How an event runs that answers at once."""
SLOW: Final = QUICK | {"queue": True, "concurrency_limit": AT_ONCE, "concurrency_id": "work"}
"""How an event runs that works."""


class Visitor:
    """What Gradio keeps for each visitor apart, and what they share with all.

    Args:
        shared: the library that everybody works on who has none of their own.
        suggestions: questions to begin with; may be filled later, it is read when it is shown.
    """

    def __init__(self, shared: Library, settings: Settings, suggestions: Sequence[str]) -> None:
        self.shared = shared
        self.settings = settings
        self._suggestions = suggestions
        self._suggested_for = shared.assistant
        self.turns = gr.State(())
        self.draft = gr.State(None)
        self.rated = gr.State(())
        self.library = gr.State(None, delete_callback=_closed)
        self.bridge = html("", js_on_load=CONNECT, elem_id="bridge")
        """Through it the page's script sends what was pressed."""

    def over(self, library: Library | None) -> Library:
        """What a visitor works on: their own library, or the one everybody shares."""
        return library or self.shared

    def sources(self, library: Library | None) -> Sequence[Source]:
        """The sources they ask."""
        return self.over(library).assistant.sources

    def starters(self, library: Library | None) -> Sequence[str]:
        """Questions to begin with; they hold for the corpus that they were made from."""
        return tuple(self._suggestions) if self.over(library).assistant is self._suggested_for else ()


def runs(draft: Draft | None) -> bool:
    """Whether a question is being answered."""
    return draft is not None and draft.running


def pressed(event: gr.EventData) -> Mapping[str, Any]:
    """What came with a press; a browser may send anything."""
    data = getattr(event, "_data", None)
    return data if isinstance(data, Mapping) else {}


def place(value: Any, length: int) -> int | None:
    """A place in something so long; None for whatever else a browser sent."""
    return value if isinstance(value, int) and 0 <= value < length else None


def unread(assistant: Assistant) -> list[str]:
    """A line for each document that could not be read."""
    return [f"Not read: {s.place}: {s.reason}; {s.remedy}." for s in assistant.skipped]


def named(line: str, files: Sequence[str] | None) -> str:
    """Uploads by their names; where they lie on this machine is nobody's business."""
    for path in files or ():
        line = line.replace(path, Path(path).name)
    return line


def steps(progress: gr.Progress) -> Any:
    """A progress bar as `qa` moves it."""
    return lambda step, done, total: progress((done, max(total, 1)), desc=step)


def unforeseen() -> str:
    """What a visitor is told of an error that nobody foresaw; the log has the rest under the same reference."""
    reference = secrets.token_hex(3)
    log.exception("error %s", reference)
    return f"Something went wrong here. The page's log has it under {reference}; please try again."


def _closed(library: Library | None) -> None:
    if library is not None:
        library.close()
